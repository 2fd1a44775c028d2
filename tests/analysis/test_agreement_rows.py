"""Experts among themselves, worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from judgekit.analysis.agreement import agreement_rows
from judgekit.analysis.metric_set import AMONG_RATERS, BETWEEN_TWO, metric_set
from judgekit.analysis.reference import reference
from judgekit.errors import UnknownName
from judgekit.records.dataset import RaterGroup
from tests.analysis.composed_data import (
    BETTER,
    LENGTH,
    PASSED,
    QUALITY,
    TOPIC,
    WORDS,
    betweens,
    dataset,
    label,
    labels,
    measuring,
    rows_of,
    session,
)

TWO = {
    "s1": {"ana": "pass", "ben": "pass"},
    "s2": {"ana": "pass", "ben": "fail"},
    "s3": {"ana": "fail", "ben": "fail"},
    "s4": {"ana": "fail", "ben": "fail"},
    "s5": {"ana": "fail"},
}


def test_two_raters_by_hand() -> None:
    """ana pass pass fail fail, ben pass fail fail fail: 3/4 agree; chance 1/8 + 3/8; kappa (3/4 - 1/2) / (1/2) = 1/2.

    Alpha: 8 values, 3 pass 5 fail; Do = 2/8, De = 2 * 3 * 5 / (8 * 7) = 30/56; 1 - (1/4) / (30/56) = 8/15.
    """
    rows = agreement_rows(dataset(labels(PASSED, TWO)), PASSED, measuring())
    together, two = rows_of(rows, "raters"), rows_of(rows, "ana~ben")
    assert together["krippendorff_alpha_nominal"].value == pytest.approx(8 / 15)
    assert together["percent_agreement"].value == 3 / 4
    assert together["percent_agreement"].dropped == {"missing": 1}
    assert two["cohen_kappa"].value == pytest.approx(1 / 2)
    assert two["percent_agreement"].value == 3 / 4
    assert rows_of(rows, "rater~others")["accuracy"].value == 6 / 8
    assert rows[0].metric == "krippendorff_alpha_nominal"


def test_each_scale_has_rows_of_its_own() -> None:
    """The headline is Krippendorff's alpha for the scale; a text has one row that says why not."""
    heads = {}
    given = ((PASSED, "pass"), (QUALITY, 3), (LENGTH, 30), (TOPIC, "a"), (WORDS, "too long"))
    for criterion, value in given:
        rows = agreement_rows(dataset(labels(criterion, {"s1": {"ana": value, "ben": value}})), criterion, measuring())
        heads[criterion.id] = rows[0].metric
    assert heads == {
        "passed": "krippendorff_alpha_nominal",
        "quality": "krippendorff_alpha_ordinal",
        "length": "krippendorff_alpha_interval",
        "topic": "krippendorff_alpha_nominal",
        "words": "percent_agreement",
    }
    assert str(rows[0].estimate.undefined).startswith("not_for_this_scale: a text scale")


def test_one_rater_cannot_agree() -> None:
    """Every figure is undefined, with the number of raters in the reason."""
    rows = agreement_rows(dataset(labels(PASSED, {"s1": {"ana": "pass"}})), PASSED, measuring())
    assert betweens(rows) == ["raters"]
    assert all("1 gave labels" in str(row.estimate.undefined) for row in rows)


def test_nameless_raters_agree_together_but_not_one_by_one() -> None:
    """Alpha is there; rater against others is refused with the reason; no pairs."""
    given = [label("s1", PASSED, None, v, id=str(i)) for i, v in enumerate(("pass", "fail"))]
    rows = agreement_rows(dataset(given), PASSED, measuring())
    assert betweens(rows) == ["raters", "rater~others"]
    assert rows_of(rows, "raters")["percent_agreement"].n == 1
    assert rows_of(rows, "rater~others")["accuracy"].undefined.startswith("unknown_raters")


def test_nameless_raters_have_fleiss_where_named_ones_have_conger() -> None:
    """Who gave which label decides; asked for by name, Conger says why it is not there."""
    ratings = {f"s{i}": {"ana": "pass", "ben": ("pass", "fail")[i % 2]} for i in range(6)}
    named = labels(PASSED, ratings)
    nameless = [one.model_copy(update={"rater": None}) for one in named]
    first = rows_of(agreement_rows(dataset(named), PASSED, measuring()), "raters")
    second = rows_of(agreement_rows(dataset(nameless), PASSED, measuring()), "raters")
    assert (set(first) - set(second), set(second) - set(first)) == ({"conger_kappa"}, {"fleiss_kappa"})
    asked = rows_of(agreement_rows(dataset(nameless), PASSED, measuring(metrics=("conger_kappa",))), "raters")
    assert asked["conger_kappa"].undefined.startswith("unknown_raters: conger_kappa asks who gave which label")


def test_nameless_raters_cannot_be_generalised_from() -> None:
    """The value stays, the interval goes, and the reason is in its place."""
    given = [
        label(f"s{i:02d}", PASSED, None, "pass" if (i + place) % 3 else "fail", id=f"{i}-{place}")
        for i in range(40)
        for place in (0, 3 * (i % 2) + 1)
    ]
    how = replace(measuring(), generalise="raters")
    found = rows_of(agreement_rows(dataset(given), PASSED, how), "raters")["krippendorff_alpha_nominal"]
    assert found.value is not None
    assert (found.low, found.method) == (None, "none: anonymous raters cannot be generalised from")


def test_groups_stand_against_each_other_each_by_its_own_rule() -> None:
    """Experts' median of 1 and 3 is 2, the crowd's mean of 2 and 2 is 2: they agree; on s2 5 against 4."""
    ratings = {"s1": {"ana": 1, "ben": 3, "c": 2, "d": 2}, "s2": {"ana": 5, "ben": 5, "c": 4, "d": 4}, "s3": {"ana": 1}}
    groups = {
        "experts": RaterGroup(raters=("ana", "ben"), aggregate="median"),
        "crowd": RaterGroup(raters=("c", "d"), aggregate="mean"),
        "absent": RaterGroup(raters=("zoe",)),
    }
    rows = agreement_rows(dataset(labels(QUALITY, ratings), groups=groups), QUALITY, measuring())
    found = rows_of(rows, "experts~crowd")
    assert (found["percent_agreement"].value, found["percent_agreement"].n) == (1 / 2, 2)
    assert not [between for between in betweens(rows) if "absent" in between]


def test_nameless_labels_can_be_a_group_together() -> None:
    """Experts say 5 and 1; the nameless majority says 5 and, on s2, is tied: one row of agreement, one left out."""
    nameless = [label(s, QUALITY, None, v, id=f"{s}{n}") for s, n, v in (
        ("s1", 0, 5), ("s1", 1, 5), ("s1", 2, 3), ("s2", 0, 1), ("s2", 1, 2), ("s3", 0, 4))]  # fmt: skip
    named = labels(QUALITY, {"s1": {"ana": 5}, "s2": {"ana": 1}, "s3": {"ana": 2}})
    groups = {"experts": RaterGroup(raters=("ana",)), "crowd": RaterGroup(raters=("anonymous",))}
    data = dataset([*named, *nameless], groups=groups)
    found = rows_of(agreement_rows(data, QUALITY, measuring()), "experts~crowd")
    assert (found["percent_agreement"].value, found["percent_agreement"].n) == (1 / 2, 2)
    assert found["percent_agreement"].dropped == {"missing": 1}
    assert reference(data, QUALITY, "group:crowd").values == {("s1", None): 5, ("s3", None): 4}


def test_raters_without_a_shared_target_have_no_row() -> None:
    """ana and ben never met; neither did more raters than are listed in pairs."""
    rows = agreement_rows(dataset(labels(PASSED, {"s1": {"ana": "pass"}, "s2": {"ben": "pass"}})), PASSED, measuring())
    assert "ana~ben" not in betweens(rows)
    many = {"s1": {f"r{i}": "pass" for i in range(9)}}
    rows = agreement_rows(dataset(labels(PASSED, many)), PASSED, measuring())
    assert betweens(rows) == ["raters", "rater~others"]


def test_metrics_asked_for_stand_alone() -> None:
    """Two-rater metrics among pairs and leave-one-out, many-rater ones everywhere; an order is not made up."""
    data = dataset(labels(PASSED, TWO))
    rows = agreement_rows(data, PASSED, measuring(metrics=("mcc",)))
    assert [(row.between, row.metric) for row in rows] == [("ana~ben", "mcc"), ("rater~others", "mcc")]
    rows = agreement_rows(data, PASSED, measuring(metrics=("percent_agreement",)))
    assert betweens(rows) == ["raters", "ana~ben", "rater~others"]
    topics = dataset(labels(TOPIC, {"s1": {"ana": "a", "ben": "b"}, "s2": {"ana": "c", "ben": "c"}}))
    rows = agreement_rows(topics, TOPIC, measuring(metrics=("krippendorff_alpha_interval", "percent_agreement")))
    assert rows_of(rows, "raters")["krippendorff_alpha_interval"].undefined.startswith("not_for_this_scale")
    assert rows_of(rows, "raters")["percent_agreement"].value == 1 / 2


def test_an_unknown_metric_names_the_nearest() -> None:
    """Before anything is measured."""
    with pytest.raises(UnknownName, match="Did you mean 'cohen_kappa'"):
        metric_set(BETWEEN_TWO, PASSED, ("cohen_kapa",))
    assert metric_set(AMONG_RATERS, BETTER, ())[:2] == ("krippendorff_alpha_nominal", "percent_agreement")
    assert metric_set(AMONG_RATERS, PASSED, ("cohen_kappa",)) == ()


def test_observed_levels_are_those_that_occur() -> None:
    """Where two levels occur, every weighting is the same.

    By hand: ana 1 1 5, ben 1 5 5. Disagreement 1/3; by chance 2/3 * 2/3 + 1/3 * 1/3 = 5/9; 1 - 3/5.
    """
    data = dataset(
        labels(QUALITY, {"s1": {"ana": 1, "ben": 1}, "s2": {"ana": 1, "ben": 5}, "s3": {"ana": 5, "ben": 5}})
    )
    rows = agreement_rows(data, QUALITY, measuring(metrics=("cohen_kappa_quadratic_observed", "cohen_kappa_quadratic")))
    found = rows_of(rows, "ana~ben")
    assert found["cohen_kappa_quadratic_observed"].value == pytest.approx(2 / 5)
    assert found["cohen_kappa_quadratic"].value == pytest.approx(2 / 5)
    alike = dataset(labels(QUALITY, {"s1": {"ana": 1, "ben": 1}, "s2": {"ana": 1, "ben": 1}}))
    rows = agreement_rows(alike, QUALITY, measuring(metrics=("cohen_kappa_quadratic_observed",)))
    assert rows_of(rows, "ana~ben")["cohen_kappa_quadratic_observed"].undefined.startswith("one_category")


def test_clusters_are_groups() -> None:
    """Twelve sessions of three users: three units, and no interval."""
    told = [session(f"s{i}", group=f"u{i % 3}") for i in range(12)]
    ratings = {f"s{i}": {"ana": "pass", "ben": "pass" if i % 2 else "fail"} for i in range(12)}
    rows = agreement_rows(dataset(labels(PASSED, ratings), sessions=told), PASSED, measuring())
    assert {row.estimate.n_clusters for row in rows} == {3}
    assert all(row.estimate.low is None for row in rows)
