"""References: how several raters become one, and who has none."""

from __future__ import annotations

import numpy as np
import pytest

from judgekit.analysis.agreement import measured
from judgekit.analysis.rating import rating_table, unit_codes
from judgekit.analysis.reference import (
    aggregate,
    aggregation_of,
    default_rule,
    leave_one_out,
    reference,
)
from judgekit.errors import InputError, UnknownName
from judgekit.records.dataset import RaterGroup
from tests.analysis.composed_data import (
    BETTER,
    LENGTH,
    PASSED,
    QUALITY,
    TOPIC,
    WORDS,
    dataset,
    label,
    labels,
    measuring,
    settled,
)

VOTES = {
    "s1": {"ana": "pass", "ben": "pass", "chloe": "fail"},
    "s2": {"ana": "pass", "ben": "fail"},
    "s3": {"ana": "fail"},
    "s4": {"ana": "not_applicable", "ben": "not_applicable"},
}
GRADES = {"s1": {"ana": 1, "ben": 2, "chloe": 5}, "s2": {"ana": 3, "ben": 4}, "s3": {"ben": 5}}


def test_a_majority_tie_has_no_reference_and_is_counted() -> None:
    """2 of 3 pass is pass (1); 1 against 1 is nobody's word; nobody's number is told by what was said instead."""
    found = reference(dataset(labels(PASSED, VOTES)), PASSED, "majority")
    assert found.values == {("s1", None): 1.0, ("s3", None): 0.0}
    assert found.missing == {("s2", None): "raters_tie", ("s4", None): "not_applicable"}
    assert found.dropped == {"raters_tie": 1, "not_applicable": 1}


def test_three_ways_apart_is_a_tie_even_where_an_order_would_break_it() -> None:
    """a, b, c once each: no level is the most frequent."""
    data = dataset(labels(TOPIC, {"s1": {"ana": "a", "ben": "b", "chloe": "c"}}))
    assert reference(data, TOPIC, "majority").dropped == {"raters_tie": 1}


def test_median_and_mean_are_what_they_are_called() -> None:
    """Median of 1 2 5 is 2 and of 3 4 is 7/2; means are 8/3, 7/2, 5."""
    data = dataset(labels(QUALITY, GRADES))
    assert list(reference(data, QUALITY, "median").values.values()) == [2.0, 3.5, 5.0]
    assert list(reference(data, QUALITY, "mean").values.values()) == pytest.approx([8 / 3, 7 / 2, 5])


def test_a_median_between_levels_enters_distances_and_leaves_level_metrics_counted() -> None:
    """Judge 2 3 5 against medians 2, 7/2, 5: mae (0 + 1/2 + 0)/3; accuracy 2/2 with one row between levels."""
    data = dataset(labels(QUALITY, GRADES))
    truth = reference(data, QUALITY, "median")
    columns = np.column_stack([[2.0, 3.0, 5.0], list(truth.values.values())])
    metrics = ("mae", "rmse", "bias", "spearman", "pearson", "accuracy", "cohen_kappa_quadratic")
    units = unit_codes(list(truth.values), data.unit)
    found = measured(QUALITY, columns, units, (("judge", "reference"), metrics), measuring())
    assert found["mae"].value == pytest.approx(1 / 6)
    assert found["rmse"].value == pytest.approx((1 / 12) ** 0.5)  # sqrt((1/4) / 3)
    assert found["bias"].value == pytest.approx(-1 / 6)
    assert found["spearman"].value == 1.0
    assert [found[m].n for m in ("mae", "rmse", "bias", "spearman", "pearson")] == [3] * 5
    for metric in ("accuracy", "cohen_kappa_quadratic"):
        assert found[metric].value == 1.0
        assert (found[metric].n, found[metric].dropped) == (2, {"between_levels": 1})


def test_adjudicated_takes_what_the_experts_settled_on() -> None:
    """Labels do not matter; an adjudication without a value is counted by its status."""
    given = [settled("s1", PASSED, "fail"), settled("s2", PASSED, None, "cannot_judge"), settled("s3", QUALITY, 3)]
    data = dataset(labels(PASSED, VOTES), adjudications=given)
    found = reference(data, PASSED, "adjudicated")
    assert (found.values, found.dropped) == ({("s1", None): 0.0}, {"cannot_judge": 1})
    assert reference(data, PASSED, "adjudicated", targets={"s2"}).values == {}


def test_gold_looks_at_gold_labels_alone_and_nothing_else_does() -> None:
    """A gold label is no human's, and no human's label is gold."""
    gold = labels(PASSED, {"s1": {None: "fail"}}, kind="gold")
    model = labels(PASSED, {"s3": {"gpt": "pass"}}, kind="model")
    data = dataset([*labels(PASSED, VOTES), *gold, *model])
    assert reference(data, PASSED, "gold").values == {("s1", None): 0.0}
    assert reference(data, PASSED, "majority").values == {("s1", None): 1.0, ("s3", None): 0.0}


def test_one_rater_or_group_can_be_the_reference() -> None:
    """rater:ben is ben's own numbers; a group aggregates in its own way, so a mean of 1 and 5 is 3."""
    groups = {"experts": RaterGroup(raters=("ana", "chloe", "nobody"), aggregate="mean"), "crowd": RaterGroup()}
    data = dataset(labels(QUALITY, GRADES), groups=groups)
    assert list(reference(data, QUALITY, "rater:ben").values.values()) == [2.0, 4.0, 5.0]
    assert reference(data, QUALITY, "group:experts").values == {("s1", None): 3.0, ("s2", None): 3.0}
    assert reference(data, QUALITY, "group:experts").dropped == {"no_label": 1}
    with pytest.raises(InputError, match="no label of reference 'group:crowd' on criterion 'quality'"):
        reference(data, QUALITY, "group:crowd")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("majorty", "unknown reference 'majorty'. Did you mean 'majority'"),
        ("rater:bne", "unknown rater 'bne'. Did you mean 'ben'"),
        ("rater:", "unknown reference 'rater:'"),
        ("group:expert", "unknown rater group 'expert'. Did you mean 'experts'"),
        ("gold:ana", "unknown reference"),
    ],
)
def test_an_unknown_rule_names_the_nearest(rule: str, words: str) -> None:
    """Rules, raters and groups are checked by name."""
    data = dataset(labels(QUALITY, GRADES), groups={"experts": RaterGroup(raters=("ana",))})
    with pytest.raises(UnknownName, match=words):
        reference(data, QUALITY, rule)


@pytest.mark.parametrize("rule", ["mean", "median"])
@pytest.mark.parametrize("criterion", [TOPIC, BETTER], ids=["categorical", "preference"])
def test_levels_without_an_order_have_no_mean(rule: str, criterion) -> None:
    """The mean of a (0) and c (2) would be b (1), which nobody said: refused."""
    with pytest.raises(InputError, match=r"needs an order.*--reference majority"):
        reference(dataset(), criterion, rule)


def test_a_group_of_medians_falls_back_to_the_majority_on_names() -> None:
    """a and c twice: a tie, and not b."""
    groups = {"experts": RaterGroup(raters=("ana", "ben"), aggregate="median")}
    data = dataset(labels(TOPIC, {"s1": {"ana": "a", "ben": "c"}}), groups=groups)
    assert reference(data, TOPIC, "group:experts").dropped == {"raters_tie": 1}


def test_each_scale_has_its_usual_rule() -> None:
    """Majority where nothing has an order, median on levels, mean on numbers; other rules borrow it."""
    assert [default_rule(c) for c in (PASSED, TOPIC, BETTER, QUALITY, LENGTH, WORDS)] == [
        "majority", "majority", "majority", "median", "mean", "majority",
    ]  # fmt: skip
    assert aggregation_of("mean", QUALITY) == "mean"
    assert aggregation_of("rater:ana", QUALITY) == "median"
    table = rating_table(dataset(labels(QUALITY, GRADES)), QUALITY)
    assert aggregate(table, "mean").rule == "mean"


def test_leave_one_out_counts_the_lonely_and_the_tied() -> None:
    """By hand: of s1 (pass pass fail) ana's others tie, ben's tie, chloe's say pass; of s2 each has the other."""
    found = leave_one_out(rating_table(dataset(labels(PASSED, VOTES)), PASSED), "majority")
    rows = sorted(zip(found.targets, found.raters, found.own, found.others, strict=True))
    assert rows == [
        (("s1", None), "chloe", 0.0, 1.0),
        (("s2", None), "ana", 1.0, 0.0),
        (("s2", None), "ben", 0.0, 1.0),
    ]
    assert found.dropped == {"others_tie": 2, "no_other_rater": 1}


def test_every_rating_is_left_out_once_or_counted() -> None:
    """6 ratings = 3 rows + 2 tied + 1 alone."""
    table = rating_table(dataset(labels(PASSED, VOTES)), PASSED)
    found = leave_one_out(table, "majority")
    assert len(found.own) + sum(found.dropped.values()) == int((~np.isnan(table.values)).sum())


def test_turns_are_targets_of_their_own() -> None:
    """A label of turn 2 is no label of the session."""
    given = [label("s1", PASSED, "ana", "pass", turn="1"), label("s1", PASSED, "ana", "fail")]
    found = reference(dataset(given), PASSED, "majority")
    assert found.values == {("s1", None): 0.0, ("s1", "1"): 1.0}
