"""Corrected figures of one version: which stands first, what each needs, and what is said of it."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from judgekit.analysis.correction import CORRECTIONS, correction_rows, headline
from judgekit.analysis.correction_wording import correction_summary, correction_warnings, design_words
from judgekit.analysis.evidence import Evidence
from judgekit.analysis.judged_version import JudgedVersion
from judgekit.analysis.reference import reference
from judgekit.analysis.sampling import Sampling, method_of, sampling_of
from judgekit.analysis.verdict_table import verdict_table
from judgekit.records.rubric import Criterion, Scale
from tests.analysis.composed_data import (
    LENGTH,
    PASSED,
    QUALITY,
    dataset,
    failure,
    label,
    measuring,
    session,
    verdict,
)

N, N_LABELS = 100, 60
SAYS = {True: "pass", False: "fail"}
REVERSED = Criterion(id="passed", question="?", scale=Scale(type="binary", levels=("pass", "fail"), positive="pass"))
ALL_WAYS = {
    "alike": {"method": "random"}, "census": {"method": "census"}, "equal": {"probability": 0.3},
    "uncertain": {"method": "uncertainty"}, "by class": {"method": "by_class"},
}  # fmt: skip


def is_good(i):
    return i % 10 < 7


def is_judged_good(i):
    """Every fourth of the bad ones passes."""
    return is_good(i) or i % 4 == 0


def judged(
    designs: Any = None, *, criterion=PASSED, use="value", fails=(), asked=N, allowed=None, rated=None, **fields: Any
) -> JudgedVersion:
    """Return 100 sessions, all judged unless told otherwise, of which the first 60 are labelled."""
    made = [session(f"s{i:02d}", version="v1", **{k: each(i) for k, each in fields.items()}) for i in range(N)]
    say = rated or (lambda i: SAYS[is_good(i)])
    given = [
        label(f"s{i:02d}", criterion, "ana", say(i), design=designs(i) if callable(designs) else designs)
        for i in range(N_LABELS)
    ]
    said = [
        failure(f"s{i:02d}", criterion) if i in fails else verdict(f"s{i:02d}", criterion, _verdict(criterion, i))
        for i in range(asked)
    ]
    data = dataset(given, sessions=made)
    evidence = Evidence(data, criterion, "v1", reference(data, criterion, "majority"))
    table = verdict_table(criterion, said, use=use)
    return JudgedVersion(evidence, table, "judy", "replay", use, allowed or frozenset(data.session_by_id))


def _verdict(criterion, i):
    return SAYS[is_judged_good(i)] if criterion.scale.type == "binary" else 1 + i % 5


def rows(given: JudgedVersion) -> dict[tuple[str | None, str], Any]:
    return {(row.estimator, row.metric): row.estimate for row in correction_rows(given, measuring())}


def words(given: JudgedVersion) -> str:
    found = correction_rows(given, measuring())
    alone = given.evidence.row("share", found[0].estimate, "labels_only")
    return " ".join(correction_summary(given, [*found, alone], headline(given, found)))


@pytest.mark.parametrize(
    ("way", "scale", "has_levels", "told"),
    [
        ("alike", PASSED, True, "post_stratification"),
        ("census", QUALITY, True, "post_stratification"),
        ("equal", PASSED, True, "post_stratification"),
        ("alike", PASSED, False, "ppi"),
        ("alike", LENGTH, True, "ppi"),
        ("uncertain", PASSED, True, "labels_only"),
        ("by class", PASSED, True, "rogan_gladen"),
        ("by class", PASSED, False, "labels_only"),
        ("by class", QUALITY, True, "labels_only"),
    ],
)
def test_the_design_fixes_the_method(way, scale, has_levels, told) -> None:
    """A random sample of levels is post-stratified; numbers go to PPI++; labels by class to Rogan-Gladen."""
    given = [label(f"s{i}", PASSED, "ana", "pass", design=ALL_WAYS[way]) for i in range(4)]
    sampling = sampling_of(given, [f"s{i}" for i in range(4)])
    assert method_of(sampling, scale.scale, has_levels=has_levels) == told


def test_the_method_cannot_see_a_label() -> None:
    """It takes how sessions were picked and the scale, neither of which holds a value; values change nothing."""
    assert list(inspect.signature(method_of).parameters) == ["sampling", "scale", "has_levels"]
    assert {"values", "labels"}.isdisjoint(Sampling.__dataclass_fields__)
    for design in (*ALL_WAYS.values(), None, lambda i: {"probability": 0.5 if i % 2 else 0.1}):
        told = {judged(design, rated=say).method for say in (lambda i: "pass", lambda i: "fail", lambda i: SAYS[i < 9])}
        assert len(told) == 1


def test_different_chances_are_weighted_by_ppi() -> None:
    """The others decline, with the reason; one chance for all is no weight."""
    given = judged(lambda i: {"probability": 0.6 if is_judged_good(i) else 0.9})
    found = rows(given)
    assert given.method == "ppi"
    assert found["ppi", "share"].value == pytest.approx(0.7, abs=0.05)
    assert found["post_stratification", "share"].undefined == (
        "not_for_this_design: sessions were picked with different probabilities: only ppi weights them"
    )
    assert (found["rogan_gladen", "share"].undefined or "").startswith("not_for_this_design")
    assert judged({"probability": 0.6}).method == "post_stratification"


def test_strata_drawn_apart_are_known() -> None:
    """By name, where every label has one and none stands alone."""
    apart = judged(lambda i: {"method": "stratified", "stratum": "ab"[i % 2], "probability": 0.5 + 0.1 * (i % 2)})
    assert apart.sample.strata is not None
    assert set(apart.sample.strata[:N_LABELS]) == {0, 1}
    assert set(apart.sample.strata[N_LABELS:]) == {-1}
    lone = judged(lambda i: {"method": "stratified", "stratum": "b" if i else "a", "probability": 0.5 + 0.1 * (i % 2)})
    assert lone.sample.strata is None
    unnamed = judged(lambda i: {"method": "stratified", "probability": 0.5 + 0.1 * (i % 2)})
    assert unnamed.sample.strata is None


def test_a_random_sample_gives_every_figure() -> None:
    """Of 60 labels 42 are good; the judge passes all of them and every fourth other one."""
    found = rows(judged({"method": "random"}))
    assert found["post_stratification", "share"].value == pytest.approx(0.7, abs=0.01)
    assert found["ppi", "share"].value == pytest.approx(0.7, abs=0.01)
    assert found["rogan_gladen", "share"].value == pytest.approx(0.7, abs=0.02)
    assert found["judge_raw", "share"].value == sum(map(is_judged_good, range(N))) / N
    assert found["judge_raw", "bias"].value == pytest.approx(
        sum(is_judged_good(i) - is_good(i) for i in range(N_LABELS)) / N_LABELS
    )
    assert found["post_stratification", "label_multiplier"].value > 1.1
    assert next(iter(found)) == ("post_stratification", "share")


def test_words_of_a_corrected_figure() -> None:
    """First the figure and what it rests on; labels alone; the raw judge with its bias; what it saved."""
    said = words(judged({"method": "random"}))
    assert said.startswith("passed, v1: share of pass 0.70 [")
    assert "from 60 labels and the verdicts of judy on 100 sessions (smoothed post-stratification)." in said
    assert "passed, v1: labels only 0.70 [" in said
    assert "judy alone says 0.75 [" in said
    assert "corrected by nothing; where experts answered too it is off by +0.05 [" in said
    assert "times the labels: these 60 do the work of about" in said


def test_the_positive_level_counts_wherever_it_stands() -> None:
    """`pass` first and positive: the same figures."""
    one, other = rows(judged({"method": "random"})), rows(judged({"method": "random"}, criterion=REVERSED))
    for place, found in one.items():
        assert other[place].value == pytest.approx(found.value)
        assert other[place].low == pytest.approx(found.low)


def test_sessions_picked_for_what_they_are_correct_nothing() -> None:
    """Uncertainty without probabilities: every correction declines; so do torn chances, in their own words."""
    given = judged({"method": "uncertainty"})
    found = rows(given)
    assert given.method == "labels_only"
    for name in CORRECTIONS:
        assert found[name, "share"].undefined == (
            "unknown_probability: labelled sessions were picked for what they are (uncertainty 60), "
            "with unknown chances"
        )
    torn = rows(judged(lambda i: {"probability": 0.1 * (1 + i % 2)} if i else None))
    assert (torn["ppi", "share"].undefined or "").startswith("unknown_probability: 1 of 60 labelled sessions have no")


def test_labels_drawn_by_class_go_to_rogan_and_gladen() -> None:
    """Said first; the other corrections decline."""
    given = judged({"method": "by_class"})
    found = rows(given)
    assert found["rogan_gladen", "share"].value == pytest.approx(0.7, abs=0.02)
    assert found["ppi", "share"].undefined == (
        "not_for_this_design: the labels were drawn within each class (by_class): only rogan_gladen holds then"
    )
    assert design_words([given])[0].startswith(
        "passed, v1: sessions were labelled by class (by_class 60): labels alone"
    )
    said = words(given)
    assert "(Rogan-Gladen)." in said
    assert "labels only" not in said
    assert "times the labels" not in said


def test_few_labels_leave_labels_alone_first() -> None:
    """Three failures: the design's method keeps its row with the reason, and the words say so first."""
    given = judged({"method": "random"}, rated=lambda i: SAYS[i > 2])
    found = correction_rows(given, measuring())
    assert given.method == "post_stratification"
    assert headline(given, found) == "labels_only"
    assert words(given).startswith(
        "passed, v1: smoothed post-stratification is the method of this design, and is not given (correcting a judge "
        "takes 5 labels of the rarer class, and there are 3). passed, v1:"
    )
    assert not any(row.metric == "label_multiplier" for row in found)


def test_labels_of_other_versions_do_not_stand_in() -> None:
    """No label beside the judge: its raw figure stands there uncorrected, with its bias unknown."""
    given = judged({"method": "random"}, allowed=frozenset({"none"}))
    found = rows(given)
    assert (found["ppi", "share"].undefined or "").startswith(
        "no_data: no judged session of v1 carries a label that may"
    )
    said = words(given)
    assert "not corrected (no judged session of v1" in said
    assert "its bias is not known" in said


def test_an_unknown_design_is_said_before_any_figure() -> None:
    """Corrected figures then suppose a random sample."""
    assert design_words([judged(None)]) == [
        "passed, v1: how 60 of 60 labelled sessions were picked is not recorded; corrected figures suppose a random "
        "sample of the judged ones."
    ]
    assert design_words([judged({"method": "random"}), judged({"method": "uncertainty"})]) == []


def test_failures_are_counted_and_spoken_for() -> None:
    """Ten sessions without a verdict stay in; Rogan-Gladen leaves them out, and counts."""
    given = judged({"method": "random"}, fails=range(5, 95, 9))
    found = rows(given)
    assert given.failures == {"unparsed": 10}
    assert found["post_stratification", "share"].n == 60
    assert found["rogan_gladen", "share"].dropped == {"no_verdict": 10}
    assert found["judge_raw", "bias"].dropped == {"no_verdict": 7}
    assert found["judge_raw", "share"].dropped == {"unparsed": 10}
    assert "judy has no verdict on 10 of 100 sessions (10 unparsed)" in correction_warnings(given)[0]
    silent = rows(judged({"method": "random"}, fails=range(N)))
    assert silent["judge_raw", "share"].undefined == "no_data: no verdict of judy on v1"
    assert silent["judge_raw", "bias"].undefined == "no_data: no labelled session"


def test_sessions_not_judged_are_outside() -> None:
    """Eighty were; ten labels stand in a split that is locked."""
    allowed = frozenset(f"s{i:02d}" for i in range(10, N))
    given = judged({"method": "random"}, asked=55, allowed=allowed)
    assert given.dropped == {"label_in_other_split": 10, "label_not_judged": 5, "not_judged": 45}
    assert len(given.beside) == 45
    said = correction_warnings(given)
    assert said[0] == "passed, v1: 45 sessions were not judged: corrected figures are of the 55 that were"
    assert said[1].startswith("passed, v1: 10 labels of splits that are locked")


def test_trials_count_as_one_input() -> None:
    """Fifty inputs of two trials: units are inputs, and each session counts half."""
    given = judged({"method": "random"}, input=lambda i: f"i{i // 2:02d}")
    assert set(given.sample.counts) == {0.5}
    assert given.sample.n_units == 30
    assert rows(given)["post_stratification", "share"].n_clusters == 30


def test_grades_and_numbers() -> None:
    """Grades are post-stratified, and their scores go to PPI++; numbers without levels too; no Rogan-Gladen there."""
    graded = judged({"method": "random"}, criterion=QUALITY, rated=lambda i: 1 + i % 5)
    found = rows(graded)
    assert found["post_stratification", "mean"].value == pytest.approx(3, abs=0.1)
    assert not any(name == "rogan_gladen" for name, _ in found)
    scored = judged({"method": "random"}, criterion=QUALITY, use="score", rated=lambda i: 1 + i % 5)
    assert scored.method == "ppi"
    assert rows(scored)["post_stratification", "mean"].undefined == (
        "not_for_this_scale: post_stratification needs verdicts that are levels, and these are numbers"
    )
    numbers = judged({"method": "random"}, criterion=LENGTH, rated=lambda i: 10 * (i % 5))
    assert numbers.method == "ppi"
    assert rows(numbers)["ppi", "mean"].value == pytest.approx(20, abs=3)
    endless = Criterion(id="length", question="?", scale=Scale(type="numeric"))
    free = judged({"method": "random"}, criterion=endless, rated=lambda i: 10 * (i % 5))
    assert rows(free)["ppi", "mean"].method.startswith("ppi++ t")


def test_a_judge_of_no_worth_saves_no_label() -> None:
    """It says so."""
    given = judged({"method": "random"}, rated=lambda i: SAYS[i % 7 < 4])
    assert "judy saves hardly any label: it is worth 1.0" in words(given)
