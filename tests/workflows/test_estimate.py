"""`estimate` as a whole: which versions and criteria, what stands first, what is refused."""

from __future__ import annotations

import random

import pytest

from judgekit.errors import InputError, UnknownName
from judgekit.records.label import Design
from judgekit.workflows.estimate import estimate
from tests.analysis.composed_data import (
    PASSED,
    QUALITY,
    TOPIC,
    WORDS,
    dataset,
    label,
    labels,
    measuring,
    session,
    text_of,
)

TOLD = [session(f"{v}-{i:02d}", input=f"i{i:02d}", version=v) for i in range(20) for v in ("v1", "v2")]


def passed(**fields):
    """Label every session; v1 fails on every other input, v2 on every fourth."""
    return [
        label(each.id, PASSED, "ana", "fail" if int(each.id[-2:]) % (2 if each.version == "v1" else 4) == 0 else "pass",
              **fields)
        for each in TOLD
    ]  # fmt: skip


def test_each_version_has_its_row_and_sentence() -> None:
    """v1 passes half, v2 three quarters; the usual rule of the scale is the reference."""
    report = estimate(dataset(passed(), sessions=TOLD), measuring())
    assert [(row.between, row.metric, row.estimate.value) for row in report.rows] == [
        ("v1", "share", 0.5), ("v2", "share", 0.75),
    ]  # fmt: skip
    assert report.summary[0].startswith("passed, v1: share of pass 0.50 [")
    assert (report.versions, report.reference) == (("v1", "v2"), "majority")
    assert report.title == "Quality of each version: composed"
    assert report.warnings == tuple(
        f"passed, {v}: only 20 independent units; intervals are rough" for v in ("v1", "v2")
    )
    assert (report.counts[0].n_targets, report.counts[0].n_used) == (40, 40)


def test_versions_and_criteria_can_be_named() -> None:
    """One version and one criterion; unknown ones are refused with what is known."""
    given = dataset([*passed(), *labels(QUALITY, {"v1-00": {"ana": 3}})], sessions=TOLD)
    report = estimate(given, measuring(), criteria=["quality"], versions=["v1"])
    assert [(row.criterion, row.between) for row in report.rows] == [("quality", "v1")]
    assert report.reference == "median"
    assert estimate(given, measuring()).reference == "majority of passed; median of quality"
    with pytest.raises(UnknownName, match=r"unknown version 'v3'.*Known: v1, v2"):
        estimate(given, measuring(), versions=["v3"])
    with pytest.raises(UnknownName, match="unknown reference 'mode'"):
        estimate(given, measuring(), rule="mode")


def test_sessions_that_name_no_version_have_a_name() -> None:
    """Beside versions they are `no version`; alone, all sessions."""
    beside = [*TOLD, session("z")]
    given = [*passed(), label("z", PASSED, "ana", "pass")]
    assert estimate(dataset(given, sessions=beside), measuring()).versions == ("v1", "v2", "no version")
    alone = estimate(dataset([label("z", PASSED, "ana", "pass")]), measuring())
    assert alone.versions == ("all sessions",)


def test_labels_that_are_no_random_sample_are_said_first() -> None:
    """In the title and the first sentence, before any figure and whatever the other criteria."""
    uncertain = passed(design={"method": "uncertainty"})[:30]
    others = labels(QUALITY, {each.id: {"ana": 3} for each in TOLD})
    report = estimate(dataset([*others, *uncertain], sessions=TOLD), measuring())
    assert report.title == "Not a random sample: quality of each version: composed"
    assert report.summary[0].startswith(
        "passed: the labels are not a random sample: 30 of 30 labelled sessions were picked for what they are "
        "(uncertainty 30)"
    )
    assert "describe these sessions only" in report.summary[0]
    assert report.not_random == report.summary[:1]


def test_recorded_chances_are_used_and_said() -> None:
    """v1's sessions are weighted: 10 failures at .5, 10 passes at .25: 40 of 60; v2's chances are alike."""
    given = [
        each.model_copy(update={"design": Design(method="uncertainty", probability=chance_of(each.target))})
        for each in passed()
    ]
    report = estimate(dataset(given, sessions=TOLD), measuring())
    assert [row.estimate.value for row in report.rows] == [pytest.approx(40 / 60), 0.75]
    assert report.weighted == ("passed, v1",)
    assert report.not_random == ()
    assert "v1: each session counts by one over its recorded probability (0.25 to 0.5)." in report.notes["passed"]


def test_sessions_picked_nobody_knows_how_are_warned_about() -> None:
    """Only where others carry no label: a dataset labelled whole is what it is."""
    report = estimate(dataset(passed()[:30], sessions=TOLD), measuring())
    assert report.warnings[0] == (
        "passed, v1: how 15 of 15 labelled sessions were picked is not recorded, and 5 carry no label: the figures "
        "hold for those labelled, not for the others"
    )
    assert not any("picked" in line for line in estimate(dataset(passed(), sessions=TOLD), measuring()).warnings)


def test_turns_are_not_sessions() -> None:
    """Labels of turns are counted and said, not averaged into a session's."""
    given = [*passed()[:39], label(TOLD[39].id, PASSED, "ana", "pass", turn="1")]
    report = estimate(dataset(given, sessions=TOLD), measuring())
    assert "passed, v2: 1 sessions are labelled turn by turn, not whole" in report.warnings
    assert report.counts[0].dropped == {"labelled_by_turn": 1}


def test_trials_are_told_in_words() -> None:
    """Three trials of each of 12 inputs: two always pass, the rest once; pass^3 is 2/12."""
    sessions = [session(f"{i:02d}-{t}", input=f"i{i:02d}", trial=t) for i in range(12) for t in range(3)]
    given = labels(PASSED, {s.id: {"ana": "pass" if s.id < "02" or s.id[-1] == "0" else "fail"} for s in sessions})
    report = estimate(dataset(given, sessions=sessions), measuring())
    assert [row.metric for row in report.rows] == ["share", "pass_hat_1", "pass_hat_2", "pass_hat_3"]
    assert report.rows[3].estimate.value == pytest.approx(2 / 12)
    assert report.summary[1].startswith("passed, all sessions: 3 trials of one input all succeed in 0.17 [")
    assert any(note.startswith("pass^k: ") for note in report.notes["passed"])
    assert "Trials of one input are averaged first." in report.notes["passed"]


def test_scales_without_a_mean_are_passed_over_aloud() -> None:
    """A warning beside others; an error alone."""
    topics = labels(TOPIC, {each.id: {"ana": "a"} for each in TOLD})
    report = estimate(dataset([*passed(), *topics], sessions=TOLD), measuring())
    assert "topic: a categorical scale has no mean, so it is not estimated" in report.warnings
    with pytest.raises(InputError, match=r"no criterion here has a mean \(topic is categorical, words is text\)"):
        estimate(dataset([*topics, *labels(WORDS, {"v1-00": {"ana": "well"}})], sessions=TOLD), measuring())


def test_without_labels_there_is_nothing_to_estimate() -> None:
    """None at all; gold ones only, which count when asked for."""
    with pytest.raises(InputError, match="dataset 'composed' has no label"):
        estimate(dataset(sessions=TOLD), measuring())
    gold = dataset(passed(kind="gold"), sessions=TOLD)
    with pytest.raises(InputError, match=r"no session has a label of the experts .* --reference gold"):
        estimate(gold, measuring())
    assert estimate(gold, measuring(), rule="gold").rows[0].estimate.value == 0.5
    with pytest.raises(InputError, match="Ask for another reference"):
        estimate(dataset(passed(), sessions=TOLD), measuring(), rule="adjudicated")


def test_the_order_of_lines_does_not_matter() -> None:
    """Shuffled sessions and labels give the same report to the letter."""
    given = [*passed(), *labels(QUALITY, {each.id: {"ana": 1 + hash_of(each.id) % 5} for each in TOLD})]
    draw = random.Random(1)
    one = estimate(dataset(given, sessions=TOLD), measuring())
    mixed = dataset(draw.sample(given, len(given)), sessions=draw.sample(TOLD, len(TOLD)))
    assert text_of(one) == text_of(estimate(mixed, measuring()))


def chance_of(name: str) -> float:
    return 0.1 if name.startswith("v2") else 0.5 if int(name[-2:]) % 2 == 0 else 0.25


def hash_of(name: str) -> int:
    return sum(map(ord, name))
