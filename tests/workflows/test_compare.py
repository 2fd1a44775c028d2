"""`compare` as a whole: which sides, which judges, what is told apart."""

from __future__ import annotations

import random

import pytest

from judgekit.analysis.comparison import Side, version_side
from judgekit.errors import InputError, UnknownName
from judgekit.workflows.compare import compare, compare_versions, joined
from judgekit.workflows.score import Scoring
from tests.analysis.composed_data import (
    PASSED,
    QUALITY,
    TOPIC,
    WORDS,
    dataset,
    failure,
    labels,
    measuring,
    session,
    text_of,
    verdict,
)

JUDY, RUTH = Scoring(judge="judy", engine="replay"), Scoring(judge="ruth", engine="student")
TOLD = [session(f"{v}-{i:02d}", input=f"i{i:02d}", version=v) for i in range(30) for v in ("v1", "v2")]


def data(**fields):
    return dataset(sessions=TOLD, **fields)


def grades(lift=1, *, seed=2):
    """Return verdicts in which v2 stands higher by `lift`, give or take one."""
    draw = random.Random(seed)
    found = []
    for i in range(30):
        base = draw.randint(2, 3)
        found += [
            verdict(f"v1-{i:02d}", QUALITY, base),
            verdict(f"v2-{i:02d}", QUALITY, base + lift * draw.choice((0, 1, 2))),
        ]
    return found


def versions(given):
    return (version_side(given, "v1"), version_side(given, "v2"))


def test_the_judges_difference_stands_beside_the_experts_own() -> None:
    """Two inputs labelled on both sides: experts' difference (1 + 2) / 2; they have no judge and no engine."""
    people = labels(
        QUALITY,
        {"v1-00": {"ana": 1}, "v2-00": {"ana": 2}, "v1-01": {"ana": 3}, "v2-01": {"ana": 5}, "v1-02": {"ana": 1}},
    )
    given = data(given=people)
    report = compare(given, grades(), versions(given), scoring=JUDY, measuring=measuring())
    own = [row for row in report.rows if row.judge is None]
    assert [(row.metric, row.between, row.estimate.value) for row in own] == [
        ("mean_difference", "v2~v1", 1.5), ("mean", "v1", 2.0), ("mean", "v2", 3.5),
    ]  # fmt: skip
    assert own[0].estimate.dropped == {"no_number": 55, "only_v1": 1}
    assert {row.engine for row in report.rows if row.judge} == {"replay"}
    assert "v2 scores higher than v1" in report.summary[0]
    assert report.settings["use"] == "value"
    assert (report.counts[0].n_targets, report.counts[0].n_used) == (60, 60)


def test_equal_versions_are_not_told_apart() -> None:
    """The interval holds 0."""
    given = data()
    outcomes = [verdict(s.id, PASSED, random.Random(s.id).choice(("pass", "fail"))) for s in TOLD]
    report = compare(given, outcomes, versions(given), scoring=JUDY, measuring=measuring())
    assert report.summary[0].startswith("passed, by judy (replay): v2 and v1 are not told apart")


def test_failures_and_unmatched_sessions_are_counted_by_side() -> None:
    """v2-00 failed, so v1-00 is alone; v1-01 was not judged, so v2-01 is."""
    given = data()
    kept = [o for o in grades() if o.session not in ("v2-00", "v1-01")]
    report = compare(given, [*kept, failure("v2-00", QUALITY)], versions(given), scoring=JUDY, measuring=measuring())
    (counts,) = report.counts
    assert counts.dropped == {"no_number": 2, "only_v1": 1, "only_v2": 1}
    assert counts.failures == {"unparsed": 1}
    assert counts.n_targets == counts.n_used + sum(counts.dropped.values()) == 60


def test_sides_must_be_two() -> None:
    """An unknown version, the same sessions twice, nothing judged of one side, sessions of elsewhere."""
    given = data()
    with pytest.raises(UnknownName, match=r"unknown version 'v3'.*Known: v1, v2"):
        compare_versions(given, [(grades(), JUDY)], ("v1", "v3"), measuring=measuring())
    with pytest.raises(InputError, match="30 sessions, such as 'v1-00', stand on both sides"):
        compare_versions(given, [(grades(), JUDY)], ("v1", "v1"), measuring=measuring())
    one_side = [o for o in grades() if o.session.startswith("v1")]
    with pytest.raises(InputError, match=r"no input has verdicts on 'quality' .* \(30 no_number, 30 only_v1\)"):
        compare_versions(given, [(one_side, JUDY)], ("v1", "v2"), measuring=measuring())
    with pytest.raises(InputError, match=r"\(no session at all\)"):
        compare(
            given,
            grades(),
            (Side("a", frozenset({"x"})), Side("b", frozenset({"y"}))),
            scoring=JUDY,
            measuring=measuring(),
        )
    with pytest.raises(InputError, match="1 verdict targets are not in dataset 'composed', such as 'zz'"):
        compare_versions(given, [([*grades(), verdict("zz", QUALITY, 1)], JUDY)], ("v1", "v2"), measuring=measuring())


def test_judges_without_an_order_are_passed_over() -> None:
    """Topics and texts have no difference; with nothing else there is nothing to compare."""
    given = data()
    topics = [verdict(s.id, TOPIC, "a") for s in TOLD]
    texts = [verdict(s.id, WORDS, "well") for s in TOLD]
    report = compare_versions(given, [(topics, RUTH), ([*grades(), *texts], JUDY)], ("v1", "v2"), measuring=measuring())
    assert {row.criterion for row in report.rows} == {"quality"}
    for call in (
        lambda: compare_versions(given, [(topics, RUTH)], ("v1", "v2"), measuring=measuring()),
        lambda: compare(given, texts, versions(given), scoring=JUDY, measuring=measuring()),
    ):
        with pytest.raises(InputError, match="no criterion of these verdicts has an order"):
            call()


def test_several_judges_stand_in_one_report_and_the_experts_once() -> None:
    """Two judges and, of the same name, another engine: nobody's rows replace another's."""
    given = data(
        given=labels(QUALITY, {"v1-00": {"ana": 1}, "v2-00": {"ana": 2}, "v1-01": {"ana": 3}, "v2-01": {"ana": 5}})
    )
    other = Scoring(judge="judy", engine="litellm")
    judged = [(grades(), JUDY), (grades(seed=5), RUTH), (grades(seed=6), other)]
    report = compare_versions(given, judged, ("v1", "v2"), measuring=measuring())
    named = [(row.judge, row.engine) for row in report.rows if row.metric == "mean_difference"]
    assert named == [("judy", "replay"), (None, None), ("ruth", "student"), ("judy", "litellm")]
    assert (report.judge, report.engine) == (None, None)
    assert (len(report.counts), len(report.summary)) == (3, 4)
    assert sum("judge only, not corrected" in line for line in report.warnings) == 1
    assert joined([report]) is report


def test_the_order_of_lines_does_not_matter() -> None:
    """Shuffled sessions and verdicts of two criteria give the same report to the letter."""
    given = data()
    outcomes = [*grades(), *(verdict(s.id, PASSED, "pass" if s.version == "v2" else "fail") for s in TOLD)]
    draw = random.Random(1)
    mixed = given.model_copy(update={"sessions": tuple(draw.sample(TOLD, len(TOLD)))})
    first = compare(given, outcomes, versions(given), scoring=JUDY, measuring=measuring())
    second = compare(mixed, draw.sample(outcomes, len(outcomes)), versions(mixed), scoring=JUDY, measuring=measuring())
    assert text_of(first) == text_of(second)
