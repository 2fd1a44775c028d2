"""`gate` once over everything: each word with its reasons, Holm, and what never turns into a pass."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from judgekit.analysis.agreement import Measuring
from judgekit.errors import InputError, LeakError
from judgekit.records.certificate import Standing
from judgekit.records.experiment import Experiment
from judgekit.records.judge import Lineage
from judgekit.records.label import Design
from judgekit.records.rubric import Criterion, Rubric, Scale
from judgekit.workflows.gate import gate
from judgekit.workflows.gate_ground import untouched_splits
from judgekit.workflows.gate_queue import gate_queue
from tests.analysis.composed_data import LENGTH, PASSED, QUALITY, dataset, failure, label, session, settled, verdict
from tests.workflows.gate_data import (
    JUDY,
    VALID,
    N,
    better,
    ceiling,
    decided,
    floor,
    labels,
    not_worse,
    only,
    place,
    sessions,
    truth,
    verdicts,
)

SAME, WORSE, UP = truth(0.8, 0.8), truth(0.8, 0.6), truth(0.6, 0.8)


def made(passing, n=None, **fields):
    return dataset(labels(passing, n), sessions=sessions(**fields))


def test_identical_versions_pass_where_all_is_labelled() -> None:
    """No input differs: bounds of whole counts still decide, and no judge has a part."""
    report = decided(made(SAME), [], not_worse())
    rule = only(report)
    assert (report.word, report.exit_code, rule.estimator, rule.judge) == ("pass", 0, "labels_only", None)
    assert rule.estimate.value == 0.0
    assert rule.estimate.low == pytest.approx(-rule.estimate.high)
    assert rule.estimate.level == pytest.approx(0.9)
    assert report.summary[0] == "The gate passes: its rule holds."
    assert report.certificates == {}


def test_a_clear_regression_fails_with_exit_code_1() -> None:
    """v2 passes 20 points less; the first line says so in the experts' units."""
    report = decided(made(WORSE), [], not_worse())
    assert (report.word, report.exit_code) == ("fail", 1)
    assert report.summary[0].startswith("The gate fails: v2 is worse than v1 on passed by 0.2 ([-0.2")
    assert report.summary[0].endswith("margin 0.05).")
    assert only(report).fails_at == pytest.approx(0.95)


def test_an_interval_across_the_line_is_not_decided() -> None:
    """30 of the inputs are too few."""
    report = decided(dataset(labels(SAME, 30), sessions=sessions(30)), [], not_worse())
    assert (report.word, report.exit_code) == ("inconclusive", 4)
    assert "lies across -0.05 (n=30)" in report.summary[0]


def test_labels_correct_a_judge_on_what_has_none() -> None:
    """80 of 200 inputs are labelled; the judge needs a certificate, and its own view stands beside."""
    report = decided(made(SAME, 80), verdicts(SAME), not_worse(0.15))
    rule = only(report)
    assert (report.word, rule.estimator, rule.judge, rule.engine) == ("pass", "ppi", "judy", "replay")
    assert report.certificates == {"judy, passed": "valid: until 2027"}
    assert [(row.estimator, row.judge) for row in report.rows] == [
        ("ppi", "judy"), ("judge_raw", "judy"), ("labels_only", None),
    ]  # fmt: skip
    assert any("how 80 of 80 labelled inputs were picked is not recorded" in line for line in report.warnings)


def test_a_judge_more_lenient_on_the_candidate_does_not_carry_it() -> None:
    """The judge sees no difference; the labels do."""
    lenient = [verdict(each, PASSED, "pass") for each in WORSE]
    report = decided(made(WORSE, 80), lenient, not_worse(0.05), not_worse(0.05, of="judge"))
    assert [each.word for each in report.rules] == ["fail", "pass"]
    assert [each.estimator for each in report.rules] == ["ppi", "judge_raw"]
    assert "2 not_worse passed: speaks of the judge's own view, not of the experts'" in report.warnings


@pytest.mark.parametrize(("word", "told"), [("expired", "not trusted (expired): it ran out"), (None, "no certificate")])
def test_a_judge_without_a_valid_certificate_is_not_trusted(word, told) -> None:
    """Whatever its numbers say; labels alone need no certificate."""
    standings = [Standing(judge="judy", criterion="passed", word=word, why="it ran out")] if word else []
    report = decided(made(SAME, 80), verdicts(SAME), not_worse(0.15), standings=standings)
    assert (report.word, report.exit_code) == ("untrusted", 5)
    assert told in only(report).why
    assert only(report).estimate is not None
    alone = decided(made(SAME), verdicts(SAME), not_worse(), standings=standings)
    assert (alone.word, only(alone).estimator) == ("pass", "labels_only")


def test_a_policy_may_do_without_certificates() -> None:
    """Then what is known of them is told all the same; a provisional one is said to be so."""
    loose = decided(made(SAME, 80), verdicts(SAME), not_worse(0.15), standings=[], certificate="not_needed")
    assert loose.word == "pass"
    assert loose.certificates == {"judy, passed": "not needed by the policy; absent: no certificate is known"}
    young = [VALID[0].model_copy(update={"is_provisional": True})]
    report = decided(made(SAME, 80), verdicts(SAME), not_worse(0.15), standings=young)
    assert report.certificates["judy, passed"].endswith("(provisional: under 100 test labels)")


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (not_worse(criterion="grace"), "the rubric has no criterion 'grace' (known: better, length, passed, quality"),
        (floor(0.5, "topic"), "'topic' has no mean to hold against a line: it is categorical"),
        (not_worse(criterion="quality"), "no input has verdicts on 'quality' for both v1 and v2"),
        (floor(3, "quality"), "no verdict is on 'quality' of v2, and no label"),
        (floor(0.5, of="judge"), "no verdict is on 'passed' of v2"),
        (ceiling(1.0), "no session of v2 records cost_usd"),
    ],
)
def test_what_is_not_there_is_missing(rule, told) -> None:
    """It fails closed, with exit code 2, in words of its own."""
    report = decided(made(SAME), [], rule)
    assert (report.word, report.exit_code) == ("missing", 2)
    assert told in only(report).why
    assert report.summary[0].startswith("The gate cannot be decided, something is missing: ")


def test_a_version_that_is_not_there_is_missing() -> None:
    """Baseline or candidate; a floor needs the candidate alone."""
    before = [each for each in sessions() if each.version == "v1"]
    after = [each for each in sessions() if each.version == "v2"]
    own = labels({each.id: SAME[each.id] for each in after})
    lacks_baseline = decided(dataset(own, sessions=after), [], not_worse(), floor(0.7))
    assert [each.word for each in lacks_baseline.rules] == ["missing", "pass"]
    assert lacks_baseline.rules[0].why == "no session of v1 is here"
    lacks_candidate = decided(dataset((), sessions=before), [], not_worse(), floor(0.7), ceiling(1))
    assert {each.why for each in lacks_candidate.rules} == {"no session of v2 is here"}
    assert lacks_candidate.warnings == ()


def test_versions_without_a_shared_input_are_not_compared() -> None:
    """Two samples are no pair; nor are labels of different inputs."""
    told = [session(place(v, i), input=f"{v}{i}", version=v) for i in range(40) for v in ("v1", "v2")]
    report = decided(dataset(labels(SAME, 40), sessions=told), [], not_worse())
    assert only(report).why == "no input has sessions of both v1 and v2: nothing can be paired"
    crossed = [each for each in labels(SAME) if (each.session[:2] == "v1") == (int(each.session[3:]) < 100)]
    report = decided(dataset(crossed, sessions=sessions()), [], not_worse())
    assert (report.word, only(report).why) == (
        "missing", "no input has labels or verdicts on 'passed' for both v1 and v2",
    )  # fmt: skip


def test_labels_that_do_not_pair_never_let_the_judge_speak_for_the_experts() -> None:
    """The candidate is labelled, on other inputs than the baseline."""
    crossed = [each for each in labels(SAME) if (each.session[:2] == "v1") == (int(each.session[3:]) < 100)]
    report = decided(dataset(crossed, sessions=sessions()), verdicts(SAME), not_worse(0.3))
    assert (report.word, only(report).estimator) == ("inconclusive", None)
    assert only(report).why.startswith("no input carries labels of both v1 and v2")


def test_inputs_that_one_version_never_met_are_told() -> None:
    """Nothing is said of them."""
    fewer = [each for each in sessions() if each.version == "v1" or int(each.id[3:]) < 150]
    kept = {each.id: SAME[each.id] for each in fewer}
    report = decided(dataset(labels(kept), sessions=fewer), [], not_worse(0.1))
    assert report.warnings == ("v2 has no session on 50 of v1's 200 inputs: nothing is said of these",)
    assert (report.n_inputs, report.counts[0].dropped) == (150, {"only_v1": 50})


def failing(passing, n_failed, version="v2"):
    """Return verdicts of which the first of one version are failures."""
    bad = {place(version, i) for i in range(n_failed)}
    return [failure(each.session, PASSED) if each.session in bad else each for each in verdicts(passing)]


def test_too_many_failures_decide_nothing() -> None:
    """11 of 200 are over 5%; what all of them could do is told."""
    report = decided(made(SAME, 80), failing(SAME, 11), not_worse(0.15))
    assert (report.word, report.exit_code) == ("incomplete", 3)
    assert only(report).why.startswith("11 of 200 outcomes on v2 are failures (11 unparsed; 6%): at most 5% may be")
    assert "were all 11 failures against the candidate it would be" in only(report).why
    assert decided(made(SAME, 80), failing(SAME, 11), not_worse(0.15), max_failure_rate=0.06).word == "pass"
    before = decided(made(SAME, 80), failing(SAME, 11, "v1"), not_worse(0.15), floor(0.6))
    assert [each.word for each in before.rules] == ["incomplete", "pass"]
    assert "outcomes on v1" in before.rules[0].why


def test_failures_that_could_turn_the_answer_are_told() -> None:
    """At the margin three failures matter; with room they do not."""
    near = decided(made(SAME), failing(SAME, 8), not_worse(0.06, of="judge"))
    wide = decided(made(SAME), failing(SAME, 8), not_worse(0.3, of="judge"))
    assert near.word != "incomplete"
    assert any("failures could turn its answer" in line for line in near.warnings)
    assert "were all 8 failures against the candidate" in only(near).why
    assert wide.word == "pass"
    assert "failures" not in only(wide).why
    assert near.counts[0].failures == {"unparsed": 8}


def test_failures_on_what_got_worse_hide_nothing_where_labels_stand_beside_them() -> None:
    """The judge fails on just the 5% that v2 lost, as many as the policy allows; 10 of the 20 are labelled."""
    told = sessions(400)
    passing = {each.id: not (each.version == "v2" and int(each.id[3:]) % 20 == 0) for each in told}
    own = labels(passing, 200)
    said = [verdict(each, PASSED, "pass") if is_good else failure(each, PASSED) for each, is_good in passing.items()]
    report = decided(dataset(own, sessions=told), said, not_worse(0.05))
    assert only(report).estimator == "ppi"
    assert only(report).word == "inconclusive"
    assert only(report).estimate.value == pytest.approx(-0.05)


def test_failures_that_could_take_the_interval_away_are_told() -> None:
    """Were they answers the judge would follow nobody, or every grade would be alike."""
    wide = decided(past(UP), failing(UP, 190, "v1"), not_worse(0.5), plan={"delta": 0.0}, max_failure_rate=1)
    assert "it would be not given" in only(wide).why
    alike = [verdict(each.id, QUALITY, 1) for each in sessions()]
    alike[1] = failure(place("v2", 0), QUALITY)
    data = dataset((), sessions=sessions())
    report = decided(data, alike, not_worse(1.0, "quality", of="judge"), max_failure_rate=0)
    assert report.word == "incomplete"
    assert "against the candidate it would be 0, without an interval" in only(report).why


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (not_worse(5), "rule 1: margin 5 is off the scale of passed, 0 to 1"),
        (not_worse(4, "quality"), "rule 1: margin 4 is off the scale of quality, 1 to 5"),
        (better(1), "rule 1: by 1 is off the scale of passed, 0 to 1"),
        (floor(80), "rule 1: at_least 80 is off the scale of passed, 0 to 1"),
        (floor(0, "quality"), "rule 1: at_least 0 is off the scale of quality, 1 to 5"),
    ],
)
def test_a_rule_that_nothing_could_fail_or_pass_is_refused(rule, told) -> None:
    """A margin of 5 where 5% was meant would let everything through."""
    with pytest.raises(InputError, match=told):
        decided(made(WORSE), [], rule)


def test_rare_losses_of_grades_do_not_slip_through() -> None:
    """Six of 30 rose from 4 to 5 and none fell: of what falls seldom and far 30 say little."""
    told = sessions(30)
    own = [label(each.id, QUALITY, "ana", 4 if each.id < "v1-006" else 5) for each in told]
    data = dataset(own, sessions=told)
    found = [only(decided(data, [], not_worse(margin, "quality"))) for margin in (0.05, 0.5)]
    assert [each.word for each in found] == ["inconclusive", "pass"]
    assert {each.estimate.method for each in found} == {"skewed t"}


def test_labels_alone_do_not_mind_a_judges_failures() -> None:
    """No judge has a part."""
    assert decided(made(SAME), failing(SAME, 100), not_worse()).word == "pass"


def test_a_judge_that_answered_nothing_is_missing() -> None:
    """There is no number on either side."""
    report = decided(made(SAME, 0), failing(SAME, 200), not_worse())
    assert (report.word, only(report).why) == (
        "missing", "no input has verdicts on 'passed' for both v1 and v2 (200 no number, 200 only v1)",
    )  # fmt: skip


def test_sessions_that_were_not_judged_are_counted() -> None:
    """Half of the candidate's."""
    half = [each for each in verdicts(SAME) if each.session < "v2-100"]
    report = decided(made(SAME, 50), half, not_worse(0.3), floor(0.5))
    assert "passed: judy was not asked about 100 of 200 sessions of v2" in report.warnings


# Without labels on the candidate


def past(passing, **fields):
    """Return a dataset in which v1 alone is labelled."""
    own = [each for each in labels(passing) if each.session.startswith("v1")]
    return dataset(own, sessions=sessions(**fields))


def test_without_labels_only_a_widened_range_passes() -> None:
    """A declared delta; no error rate is claimed, and the judge needs its certificate."""
    report = decided(past(UP), verdicts(UP, wrong=0.05), not_worse(0.1), plan={"delta": 0.02})
    rule = only(report)
    assert (report.word, rule.estimator, rule.judge) == ("pass", "label_free", "judy")
    assert "delta 0.02 (declared). Label-free results claim no type-I error" in rule.why
    assert "Label-free results claim no type-I error" in report.summary[0]
    assert any(line.startswith("passed: Label-free results claim no type-I error") for line in report.warnings)
    (free,) = report.label_free
    assert (free.word, free.delta) == ("pass", 0.02)
    assert rule.estimate.low == free.range.low
    wider = decided(past(UP), verdicts(UP, wrong=0.05), not_worse(0.1), plan={"delta": 0.4})
    assert wider.word == "inconclusive"
    assert decided(past(UP), verdicts(UP), not_worse(0.1), plan={"delta": 0.02}, standings=[]).word == "untrusted"


def test_without_labels_and_delta_nothing_is_decided() -> None:
    """However good the judge finds the candidate."""
    report = decided(past(UP), verdicts(UP), not_worse(0.1))
    assert (report.word, only(report).estimate) == ("inconclusive", None)
    assert only(report).why == (
        "no expert has labelled v2: no delta is declared, and there are too few past labelled versions to bound it"
    )


def test_without_any_label_nothing_is_decided() -> None:
    """No version tells how the judge errs, of a difference or of a floor."""
    report = decided(dataset((), sessions=sessions()), verdicts(UP), not_worse(0.1), floor(0.5), plan={"delta": 0.0})
    assert [each.word for each in report.rules] == ["inconclusive", "inconclusive"]
    for each in report.rules:
        assert each.why.endswith("no other version has labels to learn the judge's errors from")


def test_a_weak_judge_gives_no_range() -> None:
    """Its slope may be near 0."""
    report = decided(past(UP), verdicts(UP, wrong=0.5), not_worse(0.1), plan={"delta": 0.0})
    assert (report.word, only(report).estimate) == ("inconclusive", None)
    assert "slope" in only(report).why


def test_past_versions_bound_delta() -> None:
    """Six labelled versions make five pairs; the bound is at the policy's level."""
    names = [f"v0{letter}" for letter in "abcdef"]
    rng = np.random.default_rng(5)
    old = {place(v, i): bool(rng.random() < 0.7) for v in names for i in range(100)}
    told = [session(each, input=f"o{each[4:]}", version=each[:3]) for each in old]
    data = dataset(labels(old), sessions=[*sessions(), *told])
    passing = {**UP, **old}
    report = decided(data, verdicts(passing, wrong=0.05), not_worse(0.3))
    (free,) = report.label_free
    assert free.delta_from == "5 past pairs of versions"
    assert (free.delta > 0, only(report).estimator) == (True, "label_free")


# Which end is good


def harmful(direction="lower", type_="ordinal"):
    scale = Scale(type="ordinal", levels=(1, 2, 3, 4, 5)) if type_ == "ordinal" else Scale(type="numeric")
    return Criterion(id="harm", question="How harmful?", scale=scale, direction=direction)


def harm_data(shift, direction="lower", type_="ordinal", n=100, is_labelled=True):
    """Return a dataset in which v2's harm is higher by a shift on every other input."""
    rng = np.random.default_rng(2)
    own, verdicts_ = [], []
    for i in range(n):
        base = int(rng.integers(2, 4))
        for v, value in (("v1", base), ("v2", base + (shift if i % 2 else 0))):
            own.append(label(place(v, i), harmful(direction, type_), "ana", value))
            verdicts_.append(verdict(place(v, i), harmful(direction, type_), value))
    data = dataset(own if is_labelled else (), sessions=sessions(n))
    return data.model_copy(update={"rubric": Rubric(name="r", criteria=(harmful(direction, type_), PASSED))}), verdicts_


@pytest.mark.parametrize(
    ("shift", "direction", "words"),
    [
        (1, "lower", ["fail", "fail", "fail"]),
        (-1, "lower", ["pass", "pass", "pass"]),
        (1, "higher", ["pass", "pass", "pass"]),
        (-1, "higher", ["fail", "fail", "fail"]),
        (1, None, ["pass", "pass", "pass"]),
    ],
)
def test_the_direction_of_a_criterion_turns_its_rules(shift, direction, words) -> None:
    """More harm is worse: not worse, better, and a floor that is the most it may be."""
    data, _ = harm_data(shift, direction)
    line = 2.5 if shift > 0 else 2.45
    at = {("lower", 1): 2.5, ("lower", -1): 2.5, ("higher", 1): 2.5, ("higher", -1): 2.5}.get((direction, shift), line)
    report = decided(data, [], not_worse(0.2, "harm"), better(0.2, "harm"), floor(at, "harm"))
    assert [each.word for each in report.rules] == words
    side = "most" if direction == "lower" else "least"
    assert report.rules[2].asks == f"v2's harm is at {side} 2.5"
    unsaid = any("does not say which end is better" in line for line in report.warnings)
    assert unsaid == (direction is None)


def test_worst_regressions_are_told_by_direction() -> None:
    """Inputs that got more harmful, with both rationales; none that got better."""
    data, told = harm_data(1)
    report = decided(data, told, not_worse(3, "harm", of="judge"))
    assert len(report.moved) == 5
    assert all(each.ratings[1].value > each.ratings[0].value for each in report.moved)
    data, told = harm_data(-1)
    assert decided(data, told, not_worse(3, "harm", of="judge")).moved == ()


@pytest.mark.parametrize(("direction", "word"), [("lower", "fail"), ("higher", "pass")])
def test_a_range_without_labels_is_turned_too(direction, word) -> None:
    """The judge finds more of it everywhere."""
    rng = np.random.default_rng(2)
    own, told = [], []
    criterion = harmful(direction)
    for i in range(200):
        base = int(rng.integers(1, 4))
        own.append(label(place("v1", i), criterion, "ana", base))
        told += [verdict(place("v1", i), criterion, min(5, base + int(rng.integers(0, 2)))),
                 verdict(place("v2", i), criterion, min(5, base + 1 + int(rng.integers(0, 2))))]  # fmt: skip
    data = dataset(own, sessions=sessions()).model_copy(
        update={"rubric": Rubric(name="r", criteria=(criterion, PASSED))}
    )
    report = decided(data, told, better(0.1, "harm"), plan={"delta": 0.05})
    assert report.label_free[0].word == word
    assert only(report).word == word
    assert ("below" if word == "pass" and direction == "lower" else "above") in report.label_free[0].why


def test_a_positive_level_that_stands_first_is_good() -> None:
    """Failures at worst are the other level."""
    criterion = Criterion(
        id="passed", question="?", scale=Scale(type="binary", levels=("pass", "fail"), positive="pass")
    )
    data = made(SAME).model_copy(update={"rubric": Rubric(name="r", criteria=(criterion,))})
    report = decided(data, failing(SAME, 11), not_worse(0.06, of="judge"))
    told = only(report).why
    worst = float(told.partition("it would be ")[2].split(" ")[0])
    best = float(told.partition("for it ")[2].split(" ")[0])
    assert worst < best


@pytest.mark.parametrize("scale", [Scale(type="numeric"), Scale(type="numeric", min=0, max=100)])
def test_failures_on_a_scale_without_ends_are_the_most_that_was_seen(scale) -> None:
    """0 to 100 where it has ends."""
    criterion = Criterion(id="length", question="?", scale=scale)
    rng = np.random.default_rng(3)
    told = [verdict(each.id, criterion, float(rng.integers(40, 60))) for each in sessions(60)]
    told[1] = failure(told[1].session, criterion)
    data = dataset((), sessions=sessions(60)).model_copy(
        update={"rubric": Rubric(name="r", criteria=(criterion, PASSED))}
    )
    report = decided(data, told, not_worse(1.0, "length", of="judge"))
    worst = (
        float(only(report).why.partition("it would be ")[2].split(" ")[0].rstrip(","))
        if "would" in only(report).why
        else 0
    )
    assert worst == 0 or abs(worst) < 100 / 60 + 5


# Floors and ceilings


def test_a_floor_is_measured_as_estimate_does() -> None:
    """Post-stratified where some are labelled, by exact bounds; labels alone elsewhere."""
    partly = decided(made(SAME, 80), verdicts(SAME), floor(0.6), floor(0.95))
    assert [each.word for each in partly.rules] == ["pass", "fail"]
    assert {each.estimator for each in partly.rules} == {"post_stratification"}
    assert partly.rules[0].estimate.method.startswith("clopper-pearson of post-stratified wilson")
    alone = decided(made(SAME), [], floor(0.7))
    assert (only(alone).word, only(alone).estimator) == ("pass", "labels_only")
    assert alone.rows[0].metric == "share"
    few = decided(dataset(labels(SAME, 20), sessions=sessions()), verdicts(SAME), floor(0.3))
    assert only(few).estimator == "labels_only"
    own = decided(made(SAME), verdicts(SAME), floor(0.5, of="judge"))
    assert (only(own).estimator, only(own).word) == ("judge_raw", "pass")


def test_a_floor_on_grades_is_a_mean() -> None:
    """In units of the scale."""
    rng = np.random.default_rng(4)
    own = [label(each.id, QUALITY, "ana", int(rng.integers(3, 6))) for each in sessions(60)]
    report = decided(dataset(own, sessions=sessions(60)), [], floor(3.2, "quality"), floor(4.8, "quality"))
    assert [each.word for each in report.rules] == ["pass", "fail"]
    assert report.rows[0].metric == "mean"


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        (ceiling(0.06), "pass"),
        (ceiling(0.04), "fail"),
        (ceiling(0.05), "inconclusive"),
        (ceiling(0.06, statistic="p50"), "pass"),
        (ceiling(0.2, statistic="p95"), "pass"),
        (ceiling(0.05, statistic="p95"), "fail"),
    ],
)
def test_a_ceiling_holds_what_sessions_record(rule, word) -> None:
    """Mean and quantiles with bounds."""
    rng = np.random.default_rng(1)
    costs = [each.model_copy(update={"cost_usd": float(rng.random() / 10)}) for each in sessions()]
    report = decided(dataset((), sessions=costs), [], rule)
    assert report.word == word
    assert (only(report).estimator, only(report).of, only(report).judge) == ("recorded", None, None)


def test_costs_that_are_all_alike_are_what_they_are() -> None:
    """No spread, no doubt; under ten sessions are too few all the same."""
    assert decided(dataset((), sessions=sessions(cost_usd=0.01)), [], ceiling(0.02)).word == "pass"
    assert decided(dataset((), sessions=sessions(cost_usd=0.03)), [], ceiling(0.02)).word == "fail"
    few = decided(dataset((), sessions=sessions(8, latency_s=1.0)), [], ceiling(2, "latency_s"))
    assert few.word == "inconclusive"
    assert "fewer than 10 independent units" in only(few).why


def test_costs_that_are_seldom_recorded_decide_nothing() -> None:
    """At most as many may be missing as of a judge's answers; the rest are counted."""
    told = [
        each.model_copy(update={"cost_usd": None if int(each.id[3:]) < 4 else 0.01 + int(each.id[3:]) / 1e5})
        for each in sessions()
    ]
    report = decided(dataset((), sessions=told), [], ceiling(0.02))
    assert (report.word, only(report).estimate.dropped) == ("pass", {"not_recorded": 4})
    strict = decided(dataset((), sessions=told), [], ceiling(0.02), max_failure_rate=0.01)
    assert (strict.word, strict.exit_code) == ("incomplete", 3)
    assert only(strict).why == "4 of 200 sessions of v2 record no cost_usd (at most 1% may)"


# Slices


def test_a_slice_is_a_rule_of_its_own() -> None:
    """Chat got worse, mail better: over all inputs nothing shows."""
    passing = {
        place(v, i): (i * 37) % N < N * (0.7 if v == "v1" else (0.55 if i % 2 else 0.85))
        for v in ("v1", "v2")
        for i in range(N)
    }
    report = decided(
        made(passing), [], not_worse(0.05, slices=["metadata.by"]), floor(0.7, slices=["metadata.by=mail"])
    )
    words = {(each.rule, each.slice): each.word for each in report.rules}
    assert words["1 not_worse passed", "metadata.by=chat"] == "fail"
    assert words["1 not_worse passed", "metadata.by=mail"] == "pass"
    assert words["2 floor passed", "metadata.by=mail"] == "pass"
    assert report.word == "fail"
    assert "where metadata.by=chat" in report.summary[0]
    assert {row.slice for row in report.rows} == {None, "metadata.by=chat", "metadata.by=mail"}


def test_the_baselines_session_tells_the_slice_of_an_input() -> None:
    """What a new version's sessions lack, or say otherwise, changes nothing; without a baseline their own counts."""
    bare = [each if each.version == "v1" else each.model_copy(update={"metadata": {}}) for each in sessions()]
    report = decided(dataset(labels(SAME), sessions=bare), [], floor(0.5, slices=["metadata.by=chat"]))
    assert report.rules[1].estimate.n == 100
    alone = [each for each in sessions() if each.version == "v2"]
    own = labels({each.id: SAME[each.id] for each in alone})
    report = decided(dataset(own, sessions=alone), [], floor(0.5, slices=["metadata.by=chat"]))
    assert report.rules[1].word == "pass"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("metadata.by=fax", "no input has metadata.by=fax (known of metadata.by: chat, mail)"),
        ("metadata.mood", "no session has a field 'metadata.mood'; Did you mean 'metadata.by'"),
        ("tags", "no input has a value of tags"),
    ],
)
def test_a_slice_that_is_not_there_is_missing(asked, told) -> None:
    """It must hold, so that its absence is no pass."""
    report = decided(made(SAME), [], not_worse(slices=[asked]), ceiling(1, slices=[asked]))
    assert report.word == "missing"
    assert report.rules[1].why.startswith(told)


def test_a_slice_that_the_candidate_never_met_is_missing() -> None:
    """Leaving the hard inputs out is no way to pass."""
    fewer = [each for each in sessions(cost_usd=0.1) if each.version == "v1" or int(each.id[3:]) % 2 == 0]
    kept = labels({each.id: SAME[each.id] for each in fewer})
    slices: dict[str, Any] = {"slices": ["metadata.by"]}
    report = decided(
        dataset(kept, sessions=fewer), [], not_worse(0.2, **slices), floor(0.1, **slices), ceiling(1, **slices)
    )
    assert [each.word for each in report.rules if each.slice == "metadata.by=chat"] == ["missing"] * 3


# Labels that may not testify


def test_labels_that_helped_to_make_the_judge_are_refused_by_name() -> None:
    """As in compare and estimate; what speaks of the judge alone uses no label."""
    made_of = replace(JUDY, lineage=Lineage(dataset="composed", units=tuple(f"input:i{i:03d}" for i in range(80))))
    for rule in (not_worse(0.15), floor(0.5)):
        with pytest.raises(
            LeakError, match=r"labelled sessions helped to make judy, and may not correct it: 'v[12]-000'"
        ):
            decided(made(SAME, 80), verdicts(SAME), rule, scoring=made_of)
    report = decided(made(SAME, 80), verdicts(SAME), not_worse(0.15, of="judge"), scoring=made_of)
    assert only(report).estimator == "judge_raw"
    with pytest.raises(LeakError):
        decided(past(SAME), verdicts(SAME), not_worse(0.15), scoring=made_of, plan={"delta": 0.0})
    folds = made_of.lineage.model_copy(update={"folds": {f"input:i{i:03d}": i % 5 for i in range(80)}})
    fair = decided(made(SAME, 80), verdicts(SAME), not_worse(0.15), scoring=replace(JUDY, lineage=folds))
    assert only(fair).estimator == "ppi"


def test_splits_that_made_the_judge_do_not_correct_it() -> None:
    """Train made it, so dev and new sessions testify; test stays locked."""
    from judgekit.review.splits import draw_splits

    data = made(SAME)
    parts = draw_splits(data, seed=1, fractions={"train": 0.4, "dev": 0.4, "test": 0.2})
    data = data.model_copy(update={"splits": parts})
    train = tuple(unit for unit, name in parts.units.items() if name == "train")
    scoring = replace(JUDY, lineage=Lineage(dataset="composed", units=train))
    assert untouched_splits(data, scoring) == ("dev", "new")
    assert untouched_splits(data, JUDY) == ("train", "dev", "new")
    assert untouched_splits(made(SAME), scoring) == ("all",)
    everything = replace(JUDY, lineage=Lineage(dataset="composed", units=tuple(parts.units)))
    assert untouched_splits(data, everything) == ("train", "dev", "new")
    unlabelled = data.model_copy(update={"labels": tuple(labels(SAME, 150))})
    report = decided(unlabelled, verdicts(SAME), not_worse(0.3), scoring=scoring)
    assert only(report).estimator == "ppi"


def chosen(n, method="uncertainty"):
    return labels(SAME, n, design=Design(method=method))


@pytest.mark.parametrize("rule", [not_worse(0.3), floor(0.3)])
def test_labels_picked_for_what_they_are_speak_for_nobody_else(rule) -> None:
    """Whatever their numbers say; where every input is labelled nothing is left to speak for."""
    report = decided(dataset(chosen(80), sessions=sessions()), verdicts(SAME), rule)
    assert (report.word, only(report).estimator) == ("inconclusive", "labels_only")
    assert "are no random sample (uncertainty 80): they do not speak for the other 120" in only(report).why
    assert decided(dataset(chosen(200), sessions=sessions()), [], rule).word == "pass"


def test_labels_with_chances_for_some_are_refused() -> None:
    """Those without a recorded chance cannot be weighed."""
    some = [
        each.model_copy(update={"design": Design(method="mixture", probability=0.2 + 0.1 * (i % 3))}) if i > 5 else each
        for each in labels(SAME, 80)
        for i in [int(each.session[3:])]
    ]
    report = decided(dataset(some, sessions=sessions()), verdicts(SAME), not_worse(0.3))
    assert report.word == "inconclusive"
    assert "no recorded probability" in only(report).why


def test_labels_with_chances_are_weighted() -> None:
    """With a judge's help, and alone."""
    drawn = [
        each.model_copy(
            update={"design": Design(method="paired_mixture", probability=0.3 + 0.2 * (int(each.session[3:]) % 3))}
        )
        for each in labels(SAME, 80)
    ]
    helped = decided(dataset(drawn, sessions=sessions()), verdicts(SAME), not_worse(0.3))
    assert (helped.word, only(helped).estimator) == ("pass", "ppi")
    alone = decided(dataset(drawn, sessions=sessions()), [], not_worse(0.3))
    assert only(alone).estimator == "labels_only"
    assert only(alone).estimate.method.startswith("weighted")


def test_labels_on_content_that_has_changed_since_count_for_nothing() -> None:
    """A version was made anew under the same ids; verdicts on it are refused."""
    old = [each.model_copy(update={"seen": "sha256:" + "0" * 64}) for each in labels(SAME)]
    given = dataset(
        old, sessions=sessions(), adjudications=[settled(place("v1", 0), PASSED, "pass"), settled("x", PASSED, "pass")]
    )
    report = decided(given, verdicts(SAME), not_worse())
    assert report.word == "inconclusive"
    assert (
        report.warnings[0] == "400 labels and 1 adjudications count for nothing here: their sessions have changed since"
    )
    now = {each.id: each.seen_fingerprint for each in sessions()}
    fresh = [each.model_copy(update={"seen": now[each.session]}) for each in labels(SAME)]
    assert decided(dataset(fresh, sessions=sessions()), [], not_worse()).word == "pass"
    stale = [each.model_copy(update={"seen": "sha256:" + "0" * 64}) for each in verdicts(SAME)]
    with pytest.raises(InputError, match="400 sessions have other content than judy saw, such as 'v1-000'"):
        decided(made(SAME), stale, not_worse())
    right = [each.model_copy(update={"seen": now[each.session]}) for each in verdicts(SAME)]
    assert decided(made(SAME), right, not_worse()).word == "pass"


# Few, constant and torn data


def test_under_ten_independent_inputs_nothing_is_decided() -> None:
    """Nine identical inputs, or nine groups."""
    report = decided(dataset(labels(SAME, 9), sessions=sessions(9)), [], not_worse(0.9))
    assert only(report).why.startswith("9 independent units are too few to decide; it takes 10 (0 [")
    grouped = [each.model_copy(update={"group": f"g{int(each.id[3:]) % 9}"}) for each in sessions()]
    report = decided(dataset(labels(WORSE), sessions=grouped), [], not_worse())
    assert only(report).why == "fewer than 10 independent units (n=200)"


def test_grades_that_never_differ_are_not_decided() -> None:
    """A mean has no interval then, and no rate stands behind it."""
    own = [label(each.id, QUALITY, "ana", 4) for each in sessions()]
    report = decided(dataset(own, sessions=sessions()), [], not_worse(0.5, "quality"), floor(3, "quality"))
    assert {each.word for each in report.rules} == {"inconclusive"}
    assert all(each.why.endswith("(n=200)") for each in report.rules)


# The policy


def test_inconclusive_may_be_declared_to_pass_or_fail() -> None:
    """It is said in words that nothing was decided."""
    few = dataset(labels(SAME, 30), sessions=sessions(30))
    passed, failed = (decided(few, [], not_worse(), inconclusive=each) for each in ("pass", "fail"))
    assert (passed.word, passed.exit_code, failed.word, failed.exit_code) == ("pass", 0, "fail", 1)
    assert passed.summary[0].startswith("The gate passes though not decided, as its policy has it")
    assert failed.summary[0].startswith("The gate fails though not decided")
    assert only(passed).word == "inconclusive"


def test_what_lies_below_its_line_never_passes_for_undecided() -> None:
    """Holm keeps it from failing among many rules; `inconclusive = "pass"` does not make it a pass."""
    passing = truth(0.8, 0.71)
    rules = [not_worse(0.05), *(floor(0.1 + i / 100) for i in range(12))]
    alone = decided(made(passing), [], not_worse(0.05))
    among = decided(made(passing), [], *rules, inconclusive="pass")
    assert alone.word == "fail"
    assert (among.word, among.rules[0].word) == ("inconclusive", "inconclusive")
    assert among.rules[0].why.endswith("it does so at its own level, but not after Holm over 13 rules")


def test_what_is_missing_decides_before_all_else() -> None:
    """Then trust, then failures, then a failed rule."""
    rules = {
        "missing": not_worse(criterion="grace"),
        "untrusted": not_worse(0.15, of="judge"),
        "fail": ceiling(0.001),
        "inconclusive": ceiling(0.05),
        "pass": ceiling(1.0),
    }
    rng = np.random.default_rng(1)
    costs = [each.model_copy(update={"cost_usd": float(rng.random() / 10)}) for each in sessions()]
    data = dataset(labels(SAME), sessions=costs)
    for n, worst in enumerate(reversed(rules), 1):
        report = decided(data, verdicts(SAME), *[*rules.values()][-n:], standings=[])
        assert report.word == worst
    assert decided(data, failing(SAME, 50), not_worse(0.15, of="judge"), ceiling(0.001)).word == "incomplete"


@pytest.mark.slow
def test_rules_say_the_same_in_any_order() -> None:
    """Only their numbers change."""
    rules = [not_worse(0.05), floor(0.75), floor(0.95), better(), ceiling(0.02)]
    data = made(truth(0.8, 0.78), 120, cost_usd=0.01)
    told = set()
    for order in itertools.islice(itertools.permutations(rules), 0, 120, 17):
        report = decided(data, verdicts(SAME), *order)
        told.add((report.word, *sorted((each.asks, each.word, each.why) for each in report.rules)))
    assert len(told) == 1


@pytest.mark.slow
def test_one_rule_more_never_helps() -> None:
    """Whatever is not a pass stays none, even where the policy passes what is not decided."""
    rules = [not_worse(0.05), floor(0.75), floor(0.9), better(), ceiling(0.02), not_worse(criterion="grace")]
    data = made(truth(0.8, 0.74), 120, cost_usd=0.01)
    words = {
        some: decided(data, verdicts(SAME), *(rules[i] for i in some), inconclusive="pass").word
        for n in (1, 2, 3)
        for some in itertools.combinations(range(len(rules)), n)
        if n < 3 or some[0] == 0
    }
    for some, word in words.items():
        for more, other in words.items():
            if set(some) < set(more) and word != "pass":
                assert other != "pass"


def test_of_several_judges_the_first_speaks() -> None:
    """Of those that were asked about the criterion."""
    data, policy = made(SAME, 80), {"rules": [not_worse(0.15)]}
    ruth = replace(JUDY, judge="ruth")
    idle = [verdict(each.id, LENGTH, 5) for each in sessions()]
    asked = Experiment.model_validate(
        {
            "name": "e",
            "dataset": "d",
            "baseline": "v1",
            "candidate": "v2",
            "gate": {**policy, "certificate": "not_needed"},
        }
    )
    how = Measuring(np.random.default_rng(1), n_resamples=200)
    judged = [(idle, replace(JUDY, judge="ida")), (verdicts(SAME), ruth), (verdicts(SAME, wrong=0.4), JUDY)]
    report = gate(data, judged, asked, measuring=how, standings=[])
    assert only(report).judge == "ruth"


@pytest.mark.parametrize(
    ("change", "told"),
    [({"gate": None}, r"trial: the experiment has no \[gate\]"), ({"candidate": "v1"}, "are both 'v1'")],
)
def test_what_no_gate_can_be_held_on_is_refused(change, told) -> None:
    """No policy, or one version twice."""
    asked = Experiment.model_validate(
        {
            "name": "trial",
            "dataset": "d",
            "baseline": "v1",
            "candidate": "v2",
            "gate": {"rules": [not_worse()]},
            **change,
        }
    )
    how = Measuring(np.random.default_rng(1))
    with pytest.raises(InputError, match=told):
        gate(made(SAME), [], asked, measuring=how, standings=[])


def test_the_report_says_how_it_was_made() -> None:
    """Hashes of policy and plan, seed and level."""
    report = decided(made(SAME), verdicts(SAME), not_worse(), plan={"seed": 11, "delta": 0.1, "reference": "majority"})
    assert report.policy_hash.startswith("sha256:")
    assert report.plan_hash.startswith("sha256:")
    kept = {"level": 0.95, "interval_level": 0.9, "seed": 11, "delta": 0.1, "reference": "majority"}
    assert {key: report.settings[key] for key in kept} == kept
    assert (report.experiment, report.baseline, report.candidate, report.n_inputs) == ("trial", "v1", "v2", 200)


# What to label


def queue(data, outcomes, *rules, **plan):
    asked = Experiment.model_validate(
        {"name": "e", "dataset": "d", "baseline": "v1", "candidate": "v2", "gate": {"rules": rules}, "plan": plan}
    )
    how = Measuring(np.random.default_rng(1), n_resamples=200)
    judged = [(outcomes, JUDY)]
    report = gate(data, judged, asked, measuring=how, standings=VALID)
    return gate_queue(data, judged, asked, report, measuring=how)


def test_the_queue_lists_what_would_decide() -> None:
    """Both sides of inputs, once a criterion, each with its chance."""
    found = queue(
        past(SAME), verdicts(SAME), floor(0.5), not_worse(0.05), not_worse(0.06, slices=["metadata.by"]), delta=0.1
    )
    assert {each.criterion for each in found} == {"passed"}
    assert len({each.session for each in found}) == len(found) >= 30
    assert all(each.design.probability for each in found)
    bare = queue(dataset((), sessions=sessions()), verdicts(SAME), not_worse(0.05))
    assert {each.version for each in bare} == {"v1", "v2"}


def test_nothing_is_queued_where_labels_stand_already() -> None:
    """Their chances would have to be known together; nor where all is decided."""
    assert queue(made(SAME, 40), verdicts(SAME), not_worse(0.01)) == ()
    assert queue(made(SAME), verdicts(SAME), not_worse(0.1)) == ()


def test_a_corrected_difference_of_few_groups_is_not_decided() -> None:
    """Forty of eighty inputs are labelled, but they come in eight groups, two of them labelled in part."""
    own = [
        session(place(v, i), input=f"i{i:03d}", version=v, group=f"g{i // 10}") for i in range(80) for v in ("v1", "v2")
    ]
    passing = truth(0.8, 0.6, 80)
    report = decided(dataset(labels(passing, 40), sessions=own), verdicts(passing), not_worse())
    found = only(report)
    assert (found.word, found.estimator) == ("inconclusive", "ppi")
    assert found.estimate.low is None
