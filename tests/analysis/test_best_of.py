"""The best of several answers: hits, ties, what is left out, and whose interval it is; all worked out by hand."""

from __future__ import annotations

import pytest

from judgekit.analysis.reference import default_rule
from judgekit.analysis.scoring import score_rows
from judgekit.analysis.verdict_table import verdict_table
from tests.analysis.composed_data import (
    BETTER,
    PASSED,
    QUALITY,
    TOPIC,
    dataset,
    failure,
    label,
    labels,
    measuring,
    pair,
    rows_of,
    session,
    shown,
    verdict,
)


def twice(by_input):
    """Return the same once more on other inputs, since a share needs two."""
    return by_input | {name * 2: values for name, values in by_input.items()}


def best_of(criterion, truth, said, *, group=None, metrics=("best_of_accuracy",), use="value"):
    """Return the row's estimate for inputs given as lists: reference values, and the judge's scores beside them."""
    names = [f"{name}-{place}" for name, values in truth.items() for place in range(len(values))]
    inputs = [name.rpartition("-")[0] for name in names]
    told = [session(n, input=i, group=group and group(i)) for n, i in zip(names, inputs, strict=True)]
    given = [
        label(f"{name}-{place}", criterion, "ana", value)
        for name, values in truth.items()
        for place, value in enumerate(values)
        if value is not None
    ]
    outcomes = [
        verdict(f"{name}-{place}", criterion, None, score=number)
        for name, numbers in said.items()
        for place, number in enumerate(numbers)
        if number is not None
    ]
    data = dataset(given, sessions=told)
    table = verdict_table(criterion, outcomes, use=use)
    rows = score_rows(
        data,
        criterion,
        table,
        measuring(metrics=metrics),
        rule=default_rule(criterion),
        targets=set(data.session_by_id),
    ).rows
    return rows_of(rows, "judge~reference").get("best_of_accuracy")


ONE_RIGHT = ["pass", "fail", "fail"]


def test_the_right_answer_must_score_strictly_highest() -> None:
    """Highest: hit. Tied with a wrong one, or below: miss. 1 of 3."""
    found = best_of(PASSED, dict.fromkeys("abc", ONE_RIGHT), {"a": [7, 6, 5], "b": [7, 7, 5], "c": [3, 6, 9]})
    assert (found.value, found.n, found.n_clusters) == (pytest.approx(1 / 3), 3, 3)
    assert found.dropped == {}


def test_equally_right_answers_may_tie_with_each_other() -> None:
    """Two pass at 7, the wrong one at 6: hit. One pass at 9 beside a pass at 1: hit, since a right one is chosen."""
    truth = {name: ["pass", "pass", "fail"] for name in "ab"}
    assert best_of(PASSED, truth, {"a": [7, 7, 6], "b": [1, 9, 5]}).value == 1


def test_an_input_that_cannot_say_anything_is_left_out_and_counted() -> None:
    """No score for one answer, no reference for one, all alike; an input with one answer is no choice at all."""
    truth = {
        "a": ONE_RIGHT, "b": ONE_RIGHT, "c": ["pass", "pass"], "d": ["pass", "cannot_judge"], "e": ["pass"],
    }  # fmt: skip
    said = {"a": [7, 6, 5], "b": [7, None, 5], "c": [3, 4], "d": [1, 2], "e": [9]}
    found = best_of(PASSED, twice(truth), twice(said))
    assert (found.value, found.n) == (1, 2)
    assert found.dropped == {
        "candidate_without_reference": 2,
        "candidate_without_verdict": 2,
        "candidates_equally_good": 2,
    }


def test_the_best_is_the_better_end_of_the_scale() -> None:
    """A direction that says lower is better turns the choice round; so does a positive that is the lower level."""
    truth, said = twice({"a": [1, 4, 5]}), twice({"a": [1.2, 3.0, 4.9]})
    assert best_of(QUALITY, truth, said, use="score").value == 1
    worse = QUALITY.model_copy(update={"direction": "lower"})
    assert best_of(worse, truth, twice({"a": [1.2, 1.1, 4.9]}), use="score").value == 0
    assert best_of(worse, truth, said, use="score").value == 1
    found = twice({"a": ["fail", "pass"]}), twice({"a": [2, 8]})
    assert best_of(PASSED, *found).value == 1
    reverse = PASSED.model_copy(update={"scale": PASSED.scale.model_copy(update={"positive": "fail"})})
    assert best_of(reverse, *found).value == 1  # 2 is the least "pass", which is best where "fail" is wanted
    upward = reverse.model_copy(update={"direction": "higher"})
    assert best_of(upward, *found).value == 1


def test_groups_are_resampled_whole_and_inputs_alone_have_wilson() -> None:
    """Two hundred inputs in a hundred groups have a hundred clusters; without groups each input is its own."""
    truth = {f"i{n}": ["pass", "fail"] for n in range(200)}
    said = {name: [n % 4, 2.5] for n, name in enumerate(truth)}
    alone = best_of(PASSED, truth, said)
    assert (alone.value, alone.method, alone.n_clusters) == (0.25, "wilson", 200)
    grouped = best_of(PASSED, truth, said, group=lambda name: f"g{int(name[1:]) // 2}")
    assert (grouped.value, grouped.n, grouped.n_clusters) == (0.25, 200, 100)


def measured(criterion, truth, outcomes, *, told):
    """Return the one row of a table of labels: session -> value."""
    data = dataset(labels(criterion, {name: {"ana": value} for name, value in truth.items()}), sessions=told)
    how = measuring(metrics=["best_of_accuracy"])
    table, targets = verdict_table(criterion, outcomes), set(data.session_by_id)
    (row,) = score_rows(data, criterion, table, how, rule=default_rule(criterion), targets=targets).rows
    return row.estimate


def test_an_input_asked_by_several_groups_is_a_unit_of_its_own() -> None:
    """Two inputs lie in the same two groups, and are two units; were they in one group, they would be one."""
    truth = {"a-0": "pass", "a-1": "fail", "b-0": "pass", "b-1": "fail"}
    outcomes = [verdict(name, PASSED, value) for name, value in truth.items()]
    for groups, n_units in (("gh", 2), ("gg", 1)):
        told = [session(name, input=name[0], group=groups[int(name[-1])]) for name in truth]
        found = measured(PASSED, truth, outcomes, told=told)
        assert (found.value, found.n, found.n_clusters) == (1, 2, n_units)


def test_samples_rank_by_their_mean_whatever_is_measured_else() -> None:
    """Medians 4 and 4 would tie; means 4 1/3 and 4 do not."""
    truth = {"a-0": 5, "a-1": 3, "b-0": 5, "b-1": 3}
    outcomes = [verdict(f"{i}-0", QUALITY, value, sample=n) for i in "ab" for n, value in enumerate((4, 4, 5))]
    outcomes += [verdict(f"{i}-1", QUALITY, 4, sample=n) for i in "ab" for n in range(2)]
    outcomes += [failure(f"{i}-1", QUALITY, sample=2) for i in "ab"]
    told = [session(name, input=name[0]) for name in truth]
    assert measured(QUALITY, truth, outcomes, told=told).value == 1


def test_one_input_is_too_few_and_says_so_by_name() -> None:
    """The reason names this metric."""
    assert best_of(PASSED, {"a": ONE_RIGHT}, {"a": [3, 2, 1]}).undefined == (
        "too_few: best_of_accuracy needs at least 2 rows (n=1)"
    )


def test_it_is_shown_unasked_only_where_sessions_share_an_input_and_levels_have_an_order() -> None:
    """Not for names, not for pairs, not for sessions without an input; and not when other metrics are asked for."""
    assert best_of(PASSED, twice({"a": ONE_RIGHT}), twice({"a": [3, 2, 1]}), metrics=()).value == 1
    assert best_of(PASSED, {"a": ONE_RIGHT}, {"a": [3, 2, 1]}, metrics=("auroc",)) is None
    assert best_of(PASSED, {"a": ["pass"], "b": ["fail"]}, {"a": [3], "b": [1]}, metrics=()) is None
    told = [session("a-0", input="a"), session("a-1", input="a")]
    topics = dataset(labels(TOPIC, {"a-0": {"ana": "a"}, "a-1": {"ana": "b"}}), sessions=told)
    pairs = dataset(labels(BETTER, {"p": {"ana": "first"}}), pairs=[pair("p", input="a")])
    for data, criterion, outcomes in (
        (topics, TOPIC, [verdict("a-0", TOPIC, "a"), verdict("a-1", TOPIC, "a")]),
        (pairs, BETTER, [shown("p", "forward", "first")]),
    ):
        targets = {*data.session_by_id, *data.pair_by_id}
        table = verdict_table(criterion, outcomes)
        rows = score_rows(data, criterion, table, measuring(), rule="majority", targets=targets).rows
        assert "best_of_accuracy" not in {row.metric for row in rows}
