"""Verdict tables: samples, orders, failures, scores, and why a target has no number."""

from __future__ import annotations

import itertools

import pytest

from judgekit.analysis.verdict_table import verdict_table
from judgekit.errors import InvalidRecord
from tests.analysis.composed_data import BETTER, LENGTH, PASSED, QUALITY, TOPIC, failure, shown, verdict


def test_samples_become_their_median_or_majority() -> None:
    """1 2 2 5 has the median 2; 1 2 has 3/2, between levels; a a b is a; a b is nobody's."""
    graded = [verdict("s1", QUALITY, v, sample=i) for i, v in enumerate((1, 2, 2, 5))]
    graded += [verdict("s2", QUALITY, v, sample=i) for i, v in enumerate((1, 2))]
    assert verdict_table(QUALITY, graded).numbers == {("s1", None): 2.0, ("s2", None): 1.5}
    named = [verdict("s1", TOPIC, v, sample=i) for i, v in enumerate("aab")]
    named += [verdict("s2", TOPIC, v, sample=i) for i, v in enumerate("ab")]
    table = verdict_table(TOPIC, named)
    assert (table.numbers, table.missing) == ({("s1", None): 0.0}, {("s2", None): "samples_tie"})


def test_the_score_is_used_when_asked_for() -> None:
    """Scores 3.2 and 4.2 have the mean 3.7; a verdict without a score lends its value."""
    given = [verdict("s1", QUALITY, 3, score=3.2), verdict("s1", QUALITY, 4, score=4.2, sample=1)]
    given += [verdict("s2", QUALITY, 5), verdict("s3", QUALITY, None, score=2.5)]
    by_score = verdict_table(QUALITY, given, use="score")
    assert by_score.numbers == {("s1", None): pytest.approx(3.7), ("s2", None): 5.0, ("s3", None): 2.5}
    by_value = verdict_table(QUALITY, given)
    assert by_value.numbers == {("s1", None): 3.5, ("s2", None): 5.0}
    assert by_value.missing == {("s3", None): "no_value"}


def test_two_orders_must_not_contradict_each_other() -> None:
    """Agreeing orders are one number; contradicting ones none; beside a failure the other order stands."""
    given = [shown("p1", "forward", "first"), shown("p1", "swapped", "first")]
    given += [shown("p2", "forward", "first"), shown("p2", "swapped", "second")]
    given += [shown("p3", "forward", "tie"), shown("p3", "swapped", None), shown("p4", "forward", None)]
    table = verdict_table(BETTER, given)
    assert table.numbers == {("p1", None): 0.0, ("p3", None): 2.0}
    assert table.missing == {("p2", None): "orders_disagree", ("p4", None): "unparsed"}
    assert table.failures_by_status == {"unparsed": 2}
    assert table.orders["p3", None] == {"forward": 2.0, "swapped": None}
    assert len(table.targets) == 4


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ([verdict("s", PASSED, "cannot_judge"), verdict("s", PASSED, "cannot_judge", sample=1)], "cannot_judge"),
        ([failure("s", PASSED, "timeout"), verdict("s", PASSED, "not_applicable", sample=1)], "not_applicable"),
        ([failure("s", PASSED, "timeout"), failure("s", PASSED, "refused", sample=1)], "refused"),
    ],
)
def test_a_target_without_a_number_has_one_cause(given, cause) -> None:
    """An answer says more than a failure; of several the first by name."""
    table = verdict_table(PASSED, given)
    assert (table.numbers, table.missing) == ({}, {("s", None): cause})


def test_a_failed_sample_does_not_silence_the_others() -> None:
    """The failure is counted, and the number stands on the sample that answered."""
    table = verdict_table(PASSED, [failure("s", PASSED), verdict("s", PASSED, "pass", sample=1)])
    assert (table.numbers, table.missing) == ({("s", None): 1.0}, {})
    assert table.failures_by_status == {"unparsed": 1}


@pytest.mark.parametrize(("criterion", "value"), [(QUALITY, 7), (PASSED, "maybe"), (LENGTH, 101), (LENGTH, "long")])
def test_a_value_off_the_scale_names_its_target(criterion, value) -> None:
    """Nothing is rounded to the nearest legal value."""
    with pytest.raises(InvalidRecord, match=r"verdict on s-17: .* is not on the"):
        verdict_table(criterion, [verdict("s-17", criterion, value)])


def test_numbers_written_as_text_are_read() -> None:
    """A stored verdict may say "4" where the scale says 4."""
    assert verdict_table(QUALITY, [verdict("s", QUALITY, "4")]).numbers == {("s", None): 4.0}
    assert verdict_table(LENGTH, [verdict("s", LENGTH, "4.5")]).numbers == {("s", None): 4.5}


def test_the_order_of_the_lines_does_not_matter() -> None:
    """The verdict shown is the first sample's, whichever line it stands on."""
    given = [
        verdict("s1", QUALITY, 5, sample=0, rationale="first"),
        verdict("s1", QUALITY, 1, sample=1, rationale="second"),
        failure("s2", QUALITY),
        verdict("s1", PASSED, "pass"),
    ]
    tables = [verdict_table(QUALITY, some) for some in itertools.permutations(given)]
    assert all(table == tables[0] for table in tables)
    assert tables[0].spoken["s1", None].rationale == "first"


def test_scores_beside_two_levels_rank_and_are_no_levels():
    """From 1 to 10 a score of 1 is no "pass": nothing is measured by level, and the means put targets in order."""
    given = [verdict("s1", PASSED, None, score=s, sample=n) for n, s in enumerate((1, 2))]
    given += [verdict("s2", PASSED, None, score=1), failure("s3", PASSED)]
    for use, cause in (("score", "score_off_scale"), ("value", "no_value")):
        table = verdict_table(PASSED, given, use=use)  # type: ignore[arg-type]  # a tuple of literals is read as str
        assert (table.numbers, table.probabilities, table.is_ranking) == ({}, {}, True)
        assert table.ranks == {("s1", None): 1.5, ("s2", None): 1}
        assert table.missing == {("s1", None): cause, ("s2", None): cause, ("s3", None): "unparsed"}


def test_levels_beside_raw_scores_are_measured_as_levels() -> None:
    """A verdict that says "pass" at 7 of 10 is a pass, and is put in order by the 7."""
    table = verdict_table(PASSED, [verdict("s1", PASSED, "pass", score=7), verdict("s2", PASSED, "fail", score=1)])
    assert (table.numbers, table.is_ranking) == ({("s1", None): 1, ("s2", None): 0}, False)
    assert (table.ranks, table.probabilities) == ({("s1", None): 7, ("s2", None): 1}, {})


def test_probabilities_are_places_between_two_levels() -> None:
    """Scores from 0 to 1 are both a number and a probability, as before."""
    table = verdict_table(PASSED, [verdict("s1", PASSED, None, score=0.7)], use="score")
    assert table.numbers == table.probabilities == table.ranks == {("s1", None): 0.7}
    assert not table.is_ranking
