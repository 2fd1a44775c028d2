"""Rows of one version on one criterion: trials averaged, weights, pass^k, and what is left out."""

from __future__ import annotations

from typing import Any

import pytest

from judgekit.analysis.evidence import Evidence
from judgekit.analysis.quality import ESTIMATORS, quality_counts, quality_rows
from judgekit.analysis.reference import reference
from judgekit.records.rubric import Criterion, Scale
from tests.analysis.composed_data import PASSED, QUALITY, dataset, label, labels, measuring, rows_of, session

REVERSED = Criterion(id="passed", question="?", scale=Scale(type="binary", levels=("pass", "fail"), positive="pass"))


def evidence(sessions, given, criterion=PASSED, *, version=None, rule="majority"):
    data = dataset(given, sessions=sessions)
    return Evidence(data, criterion, version, reference(data, criterion, rule))


def trials(**inputs) -> tuple[Any, Any]:
    """Return sessions and labels of inputs, whose trials are letters: p passes, f fails, - is not labelled."""
    sessions = [session(f"{name}-{t}", input=name, trial=t) for name, own in inputs.items() for t in range(len(own))]
    said = {"p": "pass", "f": "fail"}
    rated = {f"{name}-{t}": {"ana": said[x]} for name, own in inputs.items() for t, x in enumerate(own) if x in said}
    return sessions, labels(PASSED, rated)


def rows(found: Evidence) -> dict[str, Any]:
    return rows_of(quality_rows(found, measuring()), found.name)


def test_trials_of_an_input_are_averaged_first() -> None:
    """i1 passes one of three, i2 its only one: (1/3 + 1) / 2, not 2/4; a session without an input stands alone."""
    sessions, given = trials(i1="pff", i2="p")
    assert rows(evidence(sessions, given))["share"].value == pytest.approx(2 / 3)
    lone = [*sessions, session("z")]
    found = rows(evidence(lone, [*given, label("z", PASSED, "ana", "fail")]))["share"]
    assert found.value == pytest.approx((1 / 3 + 1 + 0) / 3)
    assert (found.n, found.n_clusters) == (5, 3)


def test_the_positive_level_counts_wherever_it_stands() -> None:
    """`pass` first and positive: a share of pass all the same; pass^k too."""
    sessions, given = trials(i1="pp", i2="pf")
    found = rows(evidence(sessions, given, REVERSED))
    assert [found[name].value for name in ("share", "pass_hat_1", "pass_hat_2")] == [0.75, 0.75, 0.5]


def test_pass_hat_goes_as_far_as_every_input_does() -> None:
    """i1 has three trials, i2 two labelled ones: pass^1 (2/3 + 1/2)/2 and pass^2 (1/3 + 0)/2, by hand."""
    sessions, given = trials(i1="ppf", i2="pf-")
    found = rows(evidence(sessions, given))
    assert list(found) == ["share", "pass_hat_1", "pass_hat_2"]
    assert found["pass_hat_1"].value == pytest.approx(7 / 12)
    assert found["pass_hat_2"].value == pytest.approx(1 / 6)
    assert (found["pass_hat_2"].n, found["pass_hat_2"].dropped) == (5, {"unlabelled": 1})


def test_pass_hat_says_which_input_was_tried_once() -> None:
    """One of two inputs has a single labelled trial; where none has two there is no row at all."""
    sessions, given = trials(i1="pp", i2="p-")
    found = rows(evidence(sessions, given))
    assert found["pass_hat_2"].undefined == (
        "too_few: pass^2 needs two labelled trials of every input, and 1 of 2 have one, such as 'i2'"
    )
    assert list(rows(evidence(*trials(i1="p", i2="f")))) == ["share"]


def test_pass_hat_leaves_out_what_is_no_trial() -> None:
    """Sessions without an input, and means of raters between fail and pass, are counted."""
    sessions, given = trials(i1="pp", i2="ff")
    more = [*sessions, session("z"), session("i1-9", input="i1")]
    torn = labels(PASSED, {"i1-9": {"ana": "pass", "ben": "fail"}, "z": {"ana": "pass"}})
    found = rows(evidence(more, [*given, *torn], rule="majority"))
    assert found["pass_hat_2"].value == 0.5
    assert found["pass_hat_2"].dropped == {"raters_tie": 1, "no_input": 1}


def test_chances_weigh_sessions_and_inputs() -> None:
    """i1 with .5 (2 passes), i2 with .1 (1 of 2): share (2*2 + 10*1)/(2*2 + 10*2); pass^2 (2*1 + 10*0)/12."""
    sessions, _ = trials(i1="pp", i2="pf")
    said = (("i1-0", "pass", 0.5), ("i1-1", "pass", 0.5), ("i2-0", "pass", 0.1), ("i2-1", "fail", 0.1))
    given = [label(name, PASSED, "ana", value, design={"probability": p}) for name, value, p in said]
    found = rows(evidence(sessions, given))
    assert found["share"].value == pytest.approx(14 / 24)
    assert found["pass_hat_2"].value == pytest.approx(2 / 12)
    torn = [*given[:3], label("i2-1", PASSED, "ana", "fail", design={"probability": 0.2})]
    found = rows(evidence(sessions, torn))
    assert found["share"].value == pytest.approx((2 + 2 + 10) / (2 + 2 + 10 + 5))
    assert found["pass_hat_2"].undefined.startswith("unknown_probability: pass^k needs inputs that were drawn with all")
    assert "such as those of 'i2'" in found["pass_hat_2"].undefined


def test_a_sample_that_cannot_be_weighted_gives_no_figure() -> None:
    """Undefined with the reason; its sessions are counted as left out."""
    sessions, _ = trials(i1="p", i2="f", i3="p")
    designs = ({"probability": 0.5}, {"probability": 0.1}, None)
    given = [label(f"i{i + 1}-0", PASSED, "ana", "pass", design=each) for i, each in enumerate(designs)]
    found = evidence(sessions, given)
    assert list(rows(found)) == ["share"]
    assert rows(found)["share"].undefined.startswith("unknown_probability: 1 of 3 labelled sessions have no recorded")
    counts = quality_counts([found])
    assert (counts.n_targets, counts.n_used, counts.dropped) == (3, 0, {"no_probability": 3})


def test_units_that_share_an_input_are_one() -> None:
    """Groups a and b both tried i1, b and c both i2: one unit; d stands alone."""
    told = [("a", "i1"), ("b", "i1"), ("b", "i2"), ("c", "i2"), ("d", "i3")]
    sessions = [session(f"s{n}", group=group, input=name) for n, (group, name) in enumerate(told)]
    found = evidence(sessions, labels(PASSED, {each.id: {"ana": "pass"} for each in sessions}))
    assert len(set(found.units.values())) == 2
    assert rows(found)["share"].n_clusters == 2


def test_sessions_without_a_number_are_counted_by_cause() -> None:
    """Not labelled, not applicable, a tie, labelled by the turn; another version's sessions are not looked at."""
    sessions = [session(name, version="v1") for name in "abcde"] + [session("x", version="v2")]
    given = labels(QUALITY, {"a": {"ana": 4, "ben": 5}, "b": {"ana": "not_applicable"}, "x": {"ana": 1}})
    given += (label("c", QUALITY, "ana", 3, turn="1"),)
    found = evidence(sessions, given, QUALITY, version="v1", rule="mean")
    assert found.dropped == {"labelled_by_turn": 1, "not_applicable": 1, "unlabelled": 2}
    mean = rows(found)["mean"]
    assert (mean.value, mean.n, mean.method) == (4.5, 1, "none: fewer than 10 independent units")
    assert rows(evidence(sessions, given, QUALITY, version="v2"))["mean"].value == 1.0


def test_a_version_without_labels_is_undefined() -> None:
    """It keeps its row."""
    found = evidence([session("a", version="v1")], [], version="v1")
    assert rows(found)["share"].undefined == "no_data: no labelled session of v1"


def test_rows_name_their_estimator() -> None:
    """Of the one table."""
    sessions, given = trials(i1="pp")
    named = {row.estimator for row in quality_rows(evidence(sessions, given), measuring())}
    assert named == set(ESTIMATORS) == {"labels_only"}
