"""Ratings of single sessions against preferences between two: the higher wins, equal ones are half right."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from judgekit.analysis.rated_pair import preferences, with_ties
from judgekit.errors import InputError, UnknownName
from judgekit.records.rubric import Rubric, Scale
from judgekit.workflows.score import Scoring, score
from tests.analysis.composed_data import (
    BETTER,
    PASSED,
    QUALITY,
    TOPIC,
    dataset,
    failure,
    labels,
    measuring,
    pair,
    rows_of,
    session,
    verdict,
)

HOW = Scoring(judge="judy", splits=("all",), preference="better")
PREFERRED = {
    "p1": {"ana": "first"}, "p2": {"ana": "second"}, "p3": {"ana": "tie"}, "p4": {"ana": "first"},
    "p5": {"ana": "first"}, "p6": {"ana": "second"},
}  # fmt: skip
RATINGS = {"p1": (5, 2), "p2": (3, 3), "p3": (4, 4), "p4": (1, 2), "p5": (4, None), "p6": ("not_applicable", 2)}
"""Right; equal, so half right; right; wrong; the second could not be read; the first has no rating."""


def rated(ratings: Any = RATINGS, criterion: Any = QUALITY) -> list[Any]:
    """Return a verdict on each session of each pair; None is a failure."""
    sides = [
        (f"{name}-{side}", value) for name, both in ratings.items() for side, value in zip("xy", both, strict=True)
    ]
    return [failure(s, criterion) if value is None else verdict(s, criterion, value) for s, value in sides]


def paired(**fields: Any) -> Any:
    return dataset(labels(BETTER, PREFERRED), pairs=[pair(f"p{i}") for i in range(1, 7)], **fields)


def values(data: Any, preference: Any, said: Any) -> list[Any]:
    """Return what the preferences say."""
    return [getattr(outcome, "value", None) for outcome in preferences(data, preference, said)]


def test_equal_ratings_earn_half_a_point_and_what_has_no_rating_none() -> None:
    """1 + 1/2 + 1 + 0 + 0 + 0 of six; strictly two of six; two of the four rated pairs are equal."""
    report = score(paired(), rated(), HOW, measuring())
    found = rows_of(report.rows, "judge~reference")
    assert (found["pairwise_accuracy"].value, found["pairwise_accuracy"].n) == (pytest.approx(2.5 / 6), 12)
    assert found["pairwise_accuracy"].n_clusters == 6
    assert (found["pairwise_accuracy_strict"].value, found["pairwise_accuracy_strict"].n) == (pytest.approx(2 / 6), 6)
    own = rows_of(report.rows, "judge")
    assert (own["pair_tie_rate"].value, own["pair_tie_rate"].n) == (0.5, 4)
    assert not {"position_consistency", "first_slot_rate"} & own.keys(), "nothing was shown in an order"
    assert report.counts[0].failures == {"unparsed": 1}
    assert report.counts[0].dropped == {"not_applicable": 1, "unparsed": 1}
    assert report.settings["pairs"] == "better"


def test_a_preference_says_what_it_rests_on() -> None:
    """Both ratings stand in the rationale; a failure names its session."""
    made: dict[str, Any] = {outcome.target: outcome for outcome in preferences(paired(), BETTER, rated())}
    assert [getattr(made[f"p{i}"], "value", None) for i in range(1, 7)] == [
        "first", "tie", "tie", "second", None, None,
    ]  # fmt: skip
    assert (made["p1"].rationale, made["p1"].judge) == ("rated 5 and 2", "judy")
    assert made["p5"].status == "unparsed"
    assert made["p5"].detail.startswith("session p5-y")
    assert made["p6"].status == "not_applicable"


def test_where_lower_is_better_the_lower_rating_wins() -> None:
    """The criterion's declared direction decides; for two levels, which one is positive."""
    lower = QUALITY.model_copy(update={"direction": "lower"})
    data = paired().model_copy(update={"rubric": Rubric(name="r", criteria=(lower, BETTER))})
    assert values(data, BETTER, rated({"p1": (5, 2), "p4": (1, 2)})) == ["second", "first"]
    failed_is_good = PASSED.model_copy(update={"scale": Scale(type="binary", levels=("fail", "pass"), positive="fail")})
    data = data.model_copy(update={"rubric": Rubric(name="r", criteria=(failed_is_good, BETTER))})
    assert values(data, BETTER, rated({"p1": ("fail", "pass")}, PASSED)) == ["first"]


def test_several_samples_are_compared_by_their_mean_and_a_score_before_a_value() -> None:
    """Medians tie at 3 where means do not; 3.4 beats 3.2 though both say 3."""
    said = [verdict("p1-x", QUALITY, v, sample=i) for i, v in enumerate((3, 3, 5))]
    said += [verdict("p1-y", QUALITY, v, sample=i) for i, v in enumerate((1, 3, 3))]
    said += [verdict("p2-x", QUALITY, 3, score=3.2), verdict("p2-y", QUALITY, 3, score=3.4)]
    assert values(paired(), BETTER, said) == ["first", "second"]
    report = score(paired(), said, HOW, measuring())
    assert any(note.startswith("quality: each verdict is the median of 3 samples") for note in report.warnings)


def test_a_preference_without_ties_gets_them_for_ratings_alone() -> None:
    """Labels that never say tie keep their places; equal ratings are then half right all the same."""
    strict = BETTER.model_copy(update={"scale": Scale(type="preference", levels=("second", "first"))})
    assert with_ties(strict).scale.levels == ("second", "first", "tie")
    given = labels(strict, {"p1": {"ana": "first"}, "p2": {"ana": "second"}})
    data = dataset(given, pairs=[pair("p1"), pair("p2")])
    data = data.model_copy(update={"rubric": Rubric(name="r", criteria=(QUALITY, strict))})
    report = score(data, rated({"p1": (3, 3), "p2": (1, 2)}), HOW, measuring())
    assert rows_of(report.rows, "judge~reference")["pairwise_accuracy"].value == 0.75


def test_sessions_without_a_partner_are_counted_aloud() -> None:
    """A session in no pair, and one whose partner was not asked about."""
    lonely = [*map(session, ("p1-x", "p1-y", "p2-x", "p2-y", "alone"))]
    data = dataset(labels(BETTER, {"p1": {"ana": "first"}}), pairs=[pair("p1"), pair("p2")], sessions=lonely)
    said = [*rated({"p1": (5, 2)}), verdict("p2-x", QUALITY, 1), verdict("alone", QUALITY, 1)]
    report = score(data, said, HOW, measuring())
    assert "2 rated sessions stand in no pair with another rated one" in report.warnings
    with pytest.raises(InputError, match="no pair has two rated sessions"):
        score(data, said[2:], HOW, measuring())


@pytest.mark.parametrize(
    ("said", "preference", "words"),
    [
        ([verdict("p1", BETTER, "first")], "better", "the verdict is on a pair"),
        ([verdict("p1-x", QUALITY, 1, turn="1")], "better", "the verdict is on turn '1'"),
        ([verdict("p1-x", QUALITY, 1), verdict("p1-y", PASSED, "pass")], "better", "2 criteria: passed, quality"),
        ([verdict("p1-x", TOPIC, "a")], "better", "no order"),
        ([verdict("p1-x", QUALITY, 1)], "quality", "pairs are labelled on preference"),
    ],
)
def test_what_is_no_rating_is_refused_in_words(said: Any, preference: str, words: str) -> None:
    """Each with what to do instead."""
    with pytest.raises(InputError, match=words):
        score(paired(), said, replace(HOW, preference=preference), measuring())


def test_an_unknown_preference_lists_those_there_are() -> None:
    """The nearest is named."""
    with pytest.raises(UnknownName, match=r"unknown criterion 'beter'\. Did you mean 'better'"):
        score(paired(), rated(), replace(HOW, preference="beter"), measuring())
