"""Gates on a candidate without labels: floors as ranges, what to label next, and what a comparison decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.comparison import version_side
from judgekit.analysis.decision_bounds import Deciding
from judgekit.analysis.label_free import Assumption
from judgekit.errors import InputError
from judgekit.records.experiment import Experiment
from judgekit.records.rubric import Criterion, Rubric, Scale
from judgekit.workflows.compare import Comparing, compare
from judgekit.workflows.gate import gate
from judgekit.workflows.gate_queue import gate_queue
from judgekit.workflows.looking import gate_by_looks
from tests.analysis.composed_data import PASSED, QUALITY, dataset, label, verdict
from tests.workflows.composed_looks import JUDY
from tests.workflows.gate_data import (
    VALID,
    N,
    better,
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

SAME, UP = truth(0.8, 0.8), truth(0.8, 0.9)


def past(passing: Any, **fields: Any) -> Any:
    """Return a dataset in which v1 alone is labelled."""
    own = [each for each in labels(passing) if each.session.startswith("v1")]
    return dataset(own, sessions=sessions(**fields))


# Floors


def test_a_floor_without_labels_is_a_range() -> None:
    """(rate - FPR -/+ delta) / J: nine in ten pass truly; a small delta lets it pass at .75, a large one does not."""
    told = verdicts(UP, wrong=0.05)
    report = decided(past(UP), told, floor(0.75), plan={"delta": 0.02})
    rule = only(report)
    assert (rule.word, rule.estimator, rule.metric, rule.judge) == ("pass", "label_free", "share", "judy")
    assert rule.estimate.value == pytest.approx(0.9, abs=0.04)
    assert "no expert has labelled the candidate: delta 0.02 (declared). Label-free results claim no type-I" in rule.why
    assert "Label-free results claim no type-I error" in report.summary[0]
    (free,) = report.label_free
    assert (free.metric, free.between, free.word, free.range.low) == ("mean", "v2", "pass", rule.estimate.low)
    assert free.slope.value == pytest.approx(0.9, abs=0.08)
    assert free.tipping_point > 0.02
    wide = decided(past(UP), told, floor(0.75), plan={"delta": 0.2})
    assert (wide.word, wide.label_free[0].word) == ("inconclusive", "inconclusive")
    failed = decided(past(UP), told, floor(0.99), plan={"delta": 0.0})
    assert (failed.word, failed.label_free[0].word) == ("fail", "fail")


@pytest.mark.slow
def test_the_answer_flips_at_the_tipping_point() -> None:
    """Of the level that the range has."""
    told = verdicts(UP, wrong=0.05)
    at = decided(past(UP), told, floor(0.75), plan={"delta": 0.02}).label_free[0].tipping_point
    assert decided(past(UP), told, floor(0.75), plan={"delta": at - 1e-6}).word == "pass"
    assert decided(past(UP), told, floor(0.75), plan={"delta": at + 1e-6}).word == "inconclusive"


def test_a_floor_without_delta_is_not_decided() -> None:
    """However good the judge finds the candidate; nor where its certificate is missing."""
    report = decided(past(UP), verdicts(UP), floor(0.1))
    assert (report.word, only(report).estimate) == ("inconclusive", None)
    assert only(report).why.startswith("no expert has labelled v2: no delta is declared")
    assert decided(past(UP), verdicts(UP), floor(0.1), plan={"delta": 0.0}, standings=[]).word == "untrusted"


def test_a_weak_judge_gives_a_floor_no_range() -> None:
    """Its slope may be near 0."""
    report = decided(past(UP), verdicts(UP, wrong=0.5), floor(0.1), plan={"delta": 0.0})
    assert (report.word, only(report).estimate, report.label_free[0].tipping_point) == ("inconclusive", None, None)
    assert "slope" in only(report).why


def test_what_no_share_could_make_the_judge_say_is_not_decided() -> None:
    """Nine of ten good ones passed on the baseline, and all of the candidate: its errors have changed."""
    rng = np.random.default_rng(2)
    told = [
        verdict(each, PASSED, "pass" if each.startswith("v2") or (good and rng.random() < 0.6) else "fail")
        for each, good in SAME.items()
    ]
    report = decided(past(SAME), told, floor(0.9), plan={"delta": 0.0})
    assert report.word == "inconclusive"
    assert "delta is too small, or it has changed" in only(report).why
    none = [verdict(each.session, PASSED, "fail") if each.session.startswith("v2") else each for each in told]
    lenient = [
        verdict(each.session, PASSED, "pass") if each.session.startswith("v1") and rng.random() < 0.5 else each
        for each in none
    ]
    assert "delta is too small" in only(decided(past(SAME), lenient, floor(0.1), plan={"delta": 0.0})).why


@pytest.mark.parametrize(("direction", "word"), [("higher", "pass"), ("lower", "fail")])
def test_a_floor_on_grades_without_labels_is_turned_by_direction(direction, word) -> None:
    """A mean of 3.7 and more is above 3; where less is better it is at most 3 that is asked for. Trials count once."""
    criterion = QUALITY.model_copy(update={"direction": direction})
    rng = np.random.default_rng(4)
    told, given, made = [], [], sessions()
    for each in made:
        grade = int(rng.integers(3, 6))
        told.append(verdict(each.id, criterion, int(np.clip(grade + rng.integers(-1, 2), 1, 5))))
        given += [label(each.id, criterion, "ana", grade)] if each.version == "v1" else []
    again = made[1].model_copy(update={"id": "v2-000b"})
    data = dataset(given, sessions=[*made, again]).model_copy(
        update={"rubric": Rubric(name="r", criteria=(criterion, PASSED))}
    )
    told.append(verdict("v2-000b", criterion, 4))
    report = decided(data, told, floor(3.0, "quality"), plan={"delta": 0.1})
    assert (report.word, report.label_free[0].word) == (word, word)


def test_a_range_that_ends_on_the_line_is_at_least_there() -> None:
    """A floor of 0 is met by whatever is on the scale; where less is better 1 is."""
    bad = {each: each.startswith("v1") and good for each, good in SAME.items()}
    told = verdicts(bad, wrong=0.02)
    assert decided(past(bad), told, floor(0.0), plan={"delta": 0.2}).label_free[0].word == "pass"
    harm = Criterion(id="passed", question="?", scale=PASSED.scale, direction="lower")
    good = {each: each.startswith("v2") or is_good for each, is_good in SAME.items()}
    data = past(good).model_copy(update={"rubric": Rubric(name="r", criteria=(harm,))})
    assert decided(data, verdicts(good, wrong=0.02), floor(1.0), plan={"delta": 0.2}).label_free[0].word == "pass"


# What to label


def asked(*rules: Any, plan: Any = None, **policy: Any) -> Experiment:
    return Experiment.model_validate(
        {
            "name": "e",
            "dataset": "d",
            "baseline": "v1",
            "candidate": "v2",
            "gate": {"rules": rules, **policy},
            "plan": plan or {},
        }
    )


def queued(data: Any, outcomes: Any, experiment: Experiment) -> Any:
    how = Measuring(np.random.default_rng(1), n_resamples=200)
    judged = [(outcomes, JUDY)] if outcomes else []
    assert experiment.gate is not None
    run = gate if experiment.gate.sequential is None else gate_by_looks
    report = run(data, judged, experiment, measuring=how, standings=VALID)
    return report, gate_queue(data, judged, experiment, report, measuring=how)


def test_a_floor_asks_for_labels_of_the_candidate_alone() -> None:
    """Each input with the same chance; the closer to the line, the more."""
    _, near = queued(past(SAME), verdicts(SAME), asked(floor(0.75), plan={"delta": 0.05}))
    _, far = queued(past(SAME), verdicts(SAME), asked(floor(0.65), plan={"delta": 0.2}))
    assert {each.version for each in near} == {"v2"}
    assert len({each.design.probability for each in near}) == 1
    assert N >= len(near) > len(far) >= 30
    assert {each.design.frame_n for each in near} == {N}
    _, blind = queued(dataset((), sessions=sessions()), verdicts(SAME), asked(floor(0.75)))
    assert {each.version for each in blind} == {"v2"}


@pytest.mark.slow
def test_labels_that_a_floor_asked_for_decide_it() -> None:
    """They come back with their chances, and count as a random draw."""
    data = past(UP)
    _, found = queued(data, verdicts(UP), asked(floor(0.8), plan={"delta": 0.2}))
    told = [
        label(each.session, PASSED, "ana", "pass" if UP[each.session] else "fail", design=each.design) for each in found
    ]
    report = decided(dataset([*data.labels, *told], sessions=data.sessions), verdicts(UP), floor(0.8))
    assert (report.word, only(report).estimator) == ("pass", "post_stratification")


@pytest.mark.parametrize(
    ("rule", "versions"), [(not_worse(0.15), {"v1", "v2"}), (better(0.1), {"v1", "v2"}), (floor(0.7), {"v2"})]
)
def test_a_gate_that_looks_asks_for_a_draw_of_all_its_inputs(rule, versions) -> None:
    """Nothing was judged, since no look could decide: so each input has the same chance, and both its versions come."""
    experiment = asked(rule, sequential={"inputs_per_look": 20})
    report, found = queued(dataset((), sessions=sessions()), verdicts(UP), experiment)
    assert (report.word, report.looks, report.moved) == ("inconclusive", (), ())
    assert {each.version for each in found} == versions
    assert {each.design.frame_n for each in found} == {N}
    n_drawn = len({each.input for each in found})
    assert found[0].design.probability == pytest.approx(n_drawn / N)
    assert len({each.design.probability for each in found}) == 1


@pytest.mark.slow
def test_labels_that_a_gate_asked_for_decide_its_looks() -> None:
    """The looks take the draw for what it is, and end with a word."""
    experiment = asked(not_worse(0.15), sequential={"inputs_per_look": 20})
    _, found = queued(dataset((), sessions=sessions()), verdicts(SAME), experiment)
    told = [
        label(each.session, PASSED, "ana", "pass" if SAME[each.session] else "fail", design=each.design)
        for each in found
    ]
    report, more = queued(dataset(told, sessions=sessions()), verdicts(SAME, wrong=0.05), experiment)
    assert report.word == "pass"
    assert report.rules[0].estimator == "ppi"
    assert more == ()


def test_where_nothing_can_be_labelled_nothing_is_asked_for() -> None:
    """No session of the candidate on an input that the baseline met, no label missing, or a preference."""
    own = [each for each in sessions() if each.version == "v1"]
    data = dataset((), sessions=own)
    _, found = queued(data, [], asked(floor(0.5), sequential={}))
    assert found == ()
    experiment = asked(floor(0.5), not_worse(0.01))
    report, _ = queued(past(SAME), verdicts(SAME), experiment)
    nothing = gate_queue(data, [], experiment, report, measuring=Measuring(np.random.default_rng(1)))
    assert nothing == ()


def test_a_scale_without_ends_is_as_wide_as_the_judges_numbers() -> None:
    """For how many labels it takes, where nobody has given one."""
    criterion = Criterion(id="length", question="?", scale=Scale(type="numeric"))
    data = dataset((), sessions=sessions()).model_copy(update={"rubric": Rubric(name="r", criteria=(criterion,))})
    told = [verdict(each.id, criterion, float(place)) for place, each in enumerate(sessions())]
    _, found = queued(data, told, asked(floor(10.0, "length")))
    assert {each.version for each in found} == {"v2"}
    assert len(found) < N


# Looks


def test_looks_tell_what_got_worse_with_both_reasons() -> None:
    """Of the inputs that were looked at, as a gate of one look does."""
    down = truth(0.9, 0.3)
    told = [each.model_copy(update={"rationale": f"since {each.session}"}) for each in verdicts(down, wrong=0.0)]
    rule = not_worse(0.05, of="judge")
    report, _ = queued(dataset((), sessions=sessions()), told, asked(rule, sequential={"inputs_per_look": 10}))
    assert (report.word, len(report.moved)) == ("fail", 5)
    assert report.n_inputs < N
    for each in report.moved:
        assert [one.rater for one in each.ratings] == ["v1", "v2"]
        assert [one.value for one in each.ratings] == ["pass", "fail"]
        assert each.ratings[1].rationale == f"since v2-{each.target[1:]}"
    whole = decided(dataset((), sessions=sessions()), told, rule)
    assert {each.target for each in whole.moved} <= {f"i{i:03d}" for i in range(N) if down[place("v1", i)]}


# Scales without ends


def of_length(scale: Scale, *, n_lost: int = 0, drop: float = 0.0) -> Any:
    criterion = Criterion(id="length", question="?", scale=scale)
    rng = np.random.default_rng(3)
    base = rng.normal(50, 1, N)
    change = rng.normal(-drop, 1, N)
    given = [
        label(place(version, i), criterion, "ana", float(value))
        for i in range(N)
        for version, value in (("v1", base[i]), ("v2", base[i] + change[i] - (40.0 if i < n_lost else 0.0)))
    ]
    return dataset(given, sessions=sessions()).model_copy(update={"rubric": Rubric(name="r", criteria=(criterion,))})


def test_nothing_passes_on_a_scale_without_ends() -> None:
    """Rare large losses beyond those seen are not excluded; what was seen to be worse fails all the same."""
    endless = Scale(type="numeric")
    report = decided(of_length(endless), [], not_worse(2.0, "length"), floor(10.0, "length"))
    assert [each.word for each in report.rules] == ["inconclusive", "inconclusive"]
    assert all("the scale of length has no declared ends" in each.why for each in report.rules)
    assert decided(of_length(endless, drop=5.0), [], not_worse(1.0, "length")).word == "fail"
    half = Scale(type="numeric", min=0)
    assert decided(of_length(half), [], not_worse(2.0, "length")).word == "inconclusive"


@pytest.mark.slow
def test_declared_ends_say_how_far_off_an_input_may_be() -> None:
    """Of 0 to 100 one input more may be off by 75; of 45 to 55 by less, so that less decides."""
    wide = only(decided(of_length(Scale(type="numeric", min=0, max=100)), [], not_worse(2.0, "length")))
    narrow = only(decided(of_length(Scale(type="numeric", min=45, max=55)), [], not_worse(2.0, "length")))
    assert (wide.word, narrow.word) == ("pass", "pass")
    assert wide.estimate.low < narrow.estimate.low < -0.1
    assert only(decided(of_length(Scale(type="numeric", min=0, max=100)), [], floor(48.0, "length"))).word == "pass"


# A comparison decides as a gate does


def compared(data: Any, outcomes: Any, **comparing: Any) -> Any:
    sides = (version_side(data, "v1"), version_side(data, "v2"))
    how = Measuring(np.random.default_rng(1), n_resamples=200)
    by = replace(JUDY, splits=("all",))
    return compare(data, outcomes, sides, scoring=by, measuring=how, comparing=Comparing(**comparing))


@pytest.mark.parametrize(
    ("n_labels", "margin"),
    [(80, 0.1), *(pytest.param(n, margin, marks=pytest.mark.slow) for n in (80, 200) for margin in (0.03, 0.06))],
)
def test_a_comparison_says_what_the_gate_says(n_labels, margin) -> None:
    """The same bounds at the same level, whoever speaks."""
    data, told = dataset(labels(SAME, n_labels), sessions=sessions()), verdicts(SAME)
    report = compared(data, told)
    for of in ("experts", "judge"):
        decision, rule = report.not_worse(margin, of=of), only(decided(data, told, not_worse(margin, of=of)))
        assert (decision.word, decision.parts[0].estimate) == (rule.word, rule.estimate)
        assert decision.level == pytest.approx(0.95)
    strict = compared(data, told, deciding=Deciding(level=0.99))
    assert strict.not_worse(margin).level == pytest.approx(0.99)


def test_a_comparison_refuses_what_the_gate_refuses() -> None:
    """A margin of 5 on shares, which was meant as 5%: the same words."""
    data = dataset(labels(SAME), sessions=sessions())
    with pytest.raises(InputError, match=r"margin 5 is off the scale of passed, 0 to 1"):
        compared(data, []).not_worse(5)
    with pytest.raises(InputError, match=r"rule 1: margin 5 is off the scale of passed, 0 to 1"):
        decided(data, [], not_worse(5))


def test_a_comparison_without_labels_goes_by_the_range() -> None:
    """With its delta; nothing is decided without one, nor where too many verdicts are failures, or nothing passes."""
    data, told = past(UP), verdicts(UP, wrong=0.05)
    near = compared(data, told, assumption=Assumption(0.02)).not_worse(0.1)
    assert near
    assert "delta 0.02 (declared), no error rate is claimed" in repr(near)
    assert compared(data, told).not_worse(0.1).word == "inconclusive"
    some = [each for each in told if each.session != "v2-001"]
    assert compared(data, some, deciding=Deciding(max_failure_rate=0.0)).not_worse(0.2, of="judge").word == "pass"
    endless = compared(of_length(Scale(type="numeric")), []).not_worse(2.0)
    assert endless.word == "inconclusive"
    assert "has no declared ends" in repr(endless)
