"""Two versions paired by input, and the inputs that moved."""

from __future__ import annotations

from typing import Any

import pytest

from judgekit.analysis.comparison import (
    comparison_counts,
    comparison_rows,
    moved,
    oriented,
    paired_inputs,
    version_side,
)
from judgekit.analysis.verdict_table import verdict_table
from judgekit.records.rubric import Criterion, Scale
from tests.analysis.composed_data import PASSED, QUALITY, dataset, failure, measuring, rows_of, session, verdict

REVERSED = Criterion(id="passed", question="?", scale=Scale(type="binary", levels=("pass", "fail"), positive="pass"))
SESSIONS = [
    session("a1", input="i1", version="v1"),
    session("a2", input="i1", version="v2"),
    session("b1", input="i2", version="v1", trial=1),
    session("b1x", input="i2", version="v1", trial=2),
    session("b2", input="i2", version="v2"),
    session("c1", input="i3", version="v1"),
    session("d2", input="i4", version="v2"),
    session("d2x", input="i4", version="v2"),
    session("e1", version="v1"),
    session("f1", input="i5", version="v1"),
    session("f2", input="i5", version="v2"),
    session("z", input="i1", version="v3"),
]
GRADES = {"a1": 2, "a2": 4, "b1": 1, "b1x": 4, "b2": 3, "c1": 5, "d2": 5, "d2x": 5, "e1": 5, "f1": 1, "z": 5}


def sides():
    data = dataset(sessions=SESSIONS)
    return data, (version_side(data, "v1"), version_side(data, "v2"))


def test_inputs_are_paired_and_trials_averaged() -> None:
    """i1: 2 and 4. i2: (1 + 4)/2 and 3. i3 lacks v2, i4 v1; e1 has no input; f2 no number, so f1 stands alone."""
    data, both = sides()
    paired = paired_inputs(data, {(name, None): float(n) for name, n in GRADES.items()}, both)
    assert paired.inputs == ("i1", "i2")
    assert (paired.baseline.tolist(), paired.candidate.tolist()) == ([2.0, 2.5], [4.0, 3.0])
    assert paired.dropped == {"only_v1": 2, "only_v2": 2, "no_input": 1, "no_number": 1}
    counts = comparison_counts(QUALITY, paired)
    assert (counts.n_targets, counts.n_used) == (11, 5)
    assert counts.n_targets == counts.n_used + sum(counts.dropped.values())


def test_the_difference_is_candidate_minus_baseline() -> None:
    """Means 9/4 and 7/2; the difference 5/4 comes first."""
    data, both = sides()
    paired = paired_inputs(data, {(name, None): float(n) for name, n in GRADES.items()}, both)
    rows = comparison_rows(QUALITY, paired, ("v1", "v2"), measuring())
    assert [(row.metric, row.between) for row in rows] == [("mean_difference", "v2~v1"), ("mean", "v1"), ("mean", "v2")]
    assert [row.estimate.value for row in rows] == [5 / 4, 9 / 4, 7 / 2]
    assert rows[0].estimate.n == 2


@pytest.mark.parametrize("criterion", [PASSED, REVERSED], ids=["positive last", "positive first"])
def test_a_binary_mean_is_the_share_of_positives(criterion) -> None:
    """v1: pass fail; v2: pass pass, wherever pass stands among the levels: 1/2 against 1."""
    data, both = sides()
    said = {"a1": "pass", "a2": "pass", "b1": "fail", "b1x": "fail", "b2": "pass"}
    numbers: Any = {(name, None): criterion.scale.code(value) for name, value in said.items()}
    paired = oriented(criterion, paired_inputs(data, numbers, both))
    rows = comparison_rows(criterion, paired, ("v1", "v2"), measuring())
    assert rows_of(rows, "v1")["mean"].value == 1 / 2
    assert rows_of(rows, "v2")["mean"].value == 1
    assert rows_of(rows, "v2~v1")["mean_difference"].value == 1 / 2


def test_users_are_the_units_and_nothing_paired_is_undefined() -> None:
    """Two inputs of one user are one unit; without an input there is no number, and why."""
    told = [session(f"{i}{v}", input=f"i{i}", version=v, group="u") for i in (1, 2) for v in ("v1", "v2")]
    data = dataset(sessions=told)
    both = (version_side(data, "v1"), version_side(data, "v2"))
    paired = paired_inputs(data, {(each.id, None): 3.0 for each in told}, both)
    assert comparison_rows(QUALITY, paired, ("v1", "v2"), measuring())[0].estimate.n_clusters == 1
    nothing: Any = comparison_rows(QUALITY, paired_inputs(data, {}, both), ("v1", "v2"), measuring())
    assert nothing[0].estimate.undefined.startswith("no_data: no row has ratings of both v2 and v1")


def test_what_moved_most_stands_first_with_both_reasons() -> None:
    """i1 moved by 2, i2 by 1/2; i2 shows both trials; what did not move is not listed."""
    data, both = sides()
    outcomes = [verdict(name, QUALITY, value, rationale=f"why {name}") for name, value in GRADES.items()]
    outcomes[-2:-1] = [verdict("f1", QUALITY, 1), verdict("f2", QUALITY, 1)]
    table = verdict_table(QUALITY, [*outcomes, failure("f2", QUALITY, sample=1)])
    paired = paired_inputs(data, table.numbers, both)
    found = moved(data, QUALITY, paired, verdicts=table, sides=both, n_most=5)
    assert [(each.target, each.distance) for each in found] == [("i1", 2.0), ("i2", 0.5)]
    assert [(r.rater, r.value, r.rationale) for r in found[1].ratings] == [
        ("v1", 1, "why b1"), ("v1", 4, "why b1x"), ("v2", 3, "why b2"),
    ]  # fmt: skip
    assert found[0].excerpt == "I am a1"
    assert len(moved(data, QUALITY, paired, verdicts=table, sides=both, n_most=1)) == 1
