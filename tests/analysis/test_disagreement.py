"""Lists that are read: contested targets, worst verdicts, targets without one."""

from __future__ import annotations

from typing import Any

from judgekit.analysis.disagreement import (
    contested,
    standing_alone,
    value_at,
    without_verdict,
    worst_verdicts,
)
from judgekit.analysis.rating import rating_table
from judgekit.analysis.reference import reference
from judgekit.analysis.verdict_table import verdict_table
from tests.analysis.composed_data import (
    BETTER,
    LENGTH,
    PASSED,
    QUALITY,
    TOPIC,
    dataset,
    failure,
    label,
    labels,
    pair,
    verdict,
)


def test_the_widest_gap_comes_first() -> None:
    """s2: 1 to 5 is 4; s1 and s3: 1, by name; s4 agrees; s5 was rated once."""
    ratings = {
        "s3": {"ana": 1, "ben": 2},
        "s1": {"ana": 4, "ben": 5},
        "s2": {"ana": 1, "ben": 5, "chloe": 3},
        "s4": {"ana": 2, "ben": 2},
        "s5": {"ana": 2},
    }
    data = dataset([*labels(QUALITY, ratings), *labels(QUALITY, {"s2": {"gpt": 5}}, kind="model")])
    found = contested(data, rating_table(data, QUALITY), 5)
    assert [(each.target, each.distance) for each in found] == [("s2", 4.0), ("s1", 1.0), ("s3", 1.0)]
    assert [(r.rater, r.value) for r in found[0].ratings] == [("ana", 1), ("ben", 5), ("chloe", 3)]
    assert len(contested(data, rating_table(data, QUALITY), 2)) == 2


def test_on_names_the_gap_is_the_share_of_pairs_that_differ() -> None:
    """a a b: 2 of 3 pairs differ; a b c: all; so the second comes first."""
    ratings = {"s1": {"ana": "a", "ben": "a", "chloe": "b"}, "s2": {"ana": "a", "ben": "b", "chloe": "c"}}
    data = dataset(labels(TOPIC, ratings))
    assert [round(each.distance, 6) for each in contested(data, rating_table(data, TOPIC), 5)] == [1.0, 0.666667]


def test_worst_verdicts_show_everybodys_words() -> None:
    """Judge 5 against the median 3/2 is 7/2 off; 2 against 1 is 1 off; 3 against 3 is right."""
    ratings = {"s1": {"ana": 1, "ben": 2}, "s2": {"ana": 1}, "s3": {"ana": 3}}
    data = dataset(labels(QUALITY, ratings))
    outcomes = [verdict("s1", QUALITY, None, score=5.0), verdict("s2", QUALITY, 2), verdict("s3", QUALITY, 3)]
    table = verdict_table(QUALITY, outcomes, use="score")
    truth = reference(data, QUALITY, "median").values
    found: Any = worst_verdicts(data, QUALITY, table, truth, n_most=5)
    assert [(each.target, each.distance, each.reference) for each in found] == [("s1", 3.5, 1.5), ("s2", 1.0, 1)]
    assert found[0].judge.value == 5.0
    assert [rating.value for rating in found[0].ratings] == [1, 2]


def test_a_wrong_name_is_one_apart() -> None:
    """a against c is as wrong as a against b; more voices first, then the name."""
    ratings = {"s1": {"ana": "c"}, "s2": {"ana": "b", "ben": "b"}}
    data = dataset(labels(TOPIC, ratings))
    table = verdict_table(TOPIC, [verdict("s1", TOPIC, "a"), verdict("s2", TOPIC, "a")])
    found = worst_verdicts(data, TOPIC, table, reference(data, TOPIC, "majority").values, n_most=5)
    assert [(each.target, each.distance) for each in found] == [("s2", 1.0), ("s1", 1.0)]


def test_failures_name_turn_cause_and_what_the_experts_said() -> None:
    """A turn stands behind its session; a pair is told by its first session."""
    data = dataset([label("s1", PASSED, "ana", "fail", turn="1", rationale="rude")])
    found: Any
    (found,) = without_verdict(data, PASSED, [failure("s1", PASSED, "refused", turn="1", detail="no comment")])
    assert (found.target, found.judge.status, found.judge.rationale) == ("s1#1", "refused", "no comment")
    assert found.ratings[0].rationale == "rude"
    pairs = dataset(pairs=[pair("p1")])
    (found,) = without_verdict(pairs, BETTER, [failure("p1", BETTER)])
    assert (found.excerpt, found.judge.rationale, found.ratings) == ("I am p1-x", None, ())


def test_a_number_is_shown_as_its_level_or_as_it_is() -> None:
    """1 of a binary scale is its second level; 3.5 stays between levels; whole numbers lose their point."""
    assert value_at(PASSED, 1.0) == "pass"
    assert value_at(QUALITY, 3.5) == 3.5
    assert repr(value_at(LENGTH, 30.0)) == "30"


def test_a_rater_stands_alone_furthest_from_the_others_median() -> None:
    """ana: 3.5 from 4.5, the median of 4 and 5; then 3 and 2 from 5, which both others say; s4 has one other."""
    ratings = {
        "s1": {"ana": 3, "ben": 5, "chloe": 5},
        "s2": {"ana": 1, "ben": 4, "chloe": 5},
        "s3": {"ana": 2, "ben": 5, "chloe": 5},
        "s4": {"ana": 1, "ben": 5},
        "s5": {"ana": 3, "ben": 3, "chloe": 3},
    }
    data = dataset(labels(QUALITY, ratings))
    found = standing_alone(data, rating_table(data, QUALITY), 5)
    assert [(each.target, each.distance, each.reference) for each in found["ana"]] == [
        ("s2", 3.5, 4.5),
        ("s3", 3.0, 5),
        ("s1", 2.0, 5),
    ]
    assert [rating.rater for rating in found["chloe"][0].ratings] == ["chloe", "ana", "ben"]
    # chloe is 2.5 from the median of 1 and 4; 1.5 from 2 and 5, and 1 from 3 and 5
    assert [(each.target, each.distance) for each in found["chloe"]] == [("s2", 2.5), ("s3", 1.5), ("s1", 1.0)]
    assert [each.target for each in standing_alone(data, rating_table(data, QUALITY), 1)["ana"]] == ["s2"]


def test_of_equal_distances_the_one_comes_first_on_which_the_others_agree() -> None:
    """ana is 2 from 4 and 4, and 2 from 3 and 5."""
    ratings = {"s1": {"ana": 2, "ben": 3, "chloe": 5}, "s2": {"ana": 2, "ben": 4, "chloe": 4}}
    data = dataset(labels(QUALITY, ratings))
    assert [each.target for each in standing_alone(data, rating_table(data, QUALITY), 5)["ana"]] == ["s2", "s1"]


def test_on_names_one_stands_alone_against_most_others() -> None:
    """s1: both others say b; s2: a and b, so that nothing leads and half agree with ana; s3: all the same."""
    ratings = {
        "s1": {"ana": "a", "ben": "b", "chloe": "b"},
        "s2": {"ana": "a", "ben": "a", "chloe": "b"},
        "s3": {"ana": "c", "ben": "c", "chloe": "c"},
    }
    data = dataset(labels(TOPIC, ratings))
    found = standing_alone(data, rating_table(data, TOPIC), 5)
    assert [(each.target, each.distance, each.reference) for each in found["ana"]] == [
        ("s1", 1.0, "b"),
        ("s2", 0.5, None),
    ]
    assert [(each.target, each.reference) for each in found["chloe"]] == [("s2", "a"), ("s1", None)]


def test_between_two_raters_nobody_stands_alone() -> None:
    """Either would."""
    data = dataset(labels(QUALITY, {"s1": {"ana": 1, "ben": 5}}))
    assert standing_alone(data, rating_table(data, QUALITY), 5) == {"ana": (), "ben": ()}
