"""`calibrate`: what a judge's verdicts mean in the experts' terms, learnt from labels, and kept only where it gains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.caution import NEAR_ZERO
from judgekit.analysis.judged import Judged
from judgekit.analysis.rating import rating_table
from judgekit.analysis.reference import default_rule, reference
from judgekit.analysis.verdict_table import verdict_table
from judgekit.analysis.wording import figure
from judgekit.distill.calibration import (
    WORDS,
    Evidence,
    Learnt,
    conformal_of,
    learn_calibration,
    loss_of,
    require_learnable,
)
from judgekit.distill.calibration_rows import before_and_after, trials_of
from judgekit.distill.calibration_wording import agreement_words, decision_words, ranking_words
from judgekit.errors import InputError, UnknownName
from judgekit.judging.calibration import (
    Place,
    Said,
    length_of,
    readings_of,
    said_by_place,
)
from judgekit.judging.prompt import PairTarget
from judgekit.records.calibration import Calibration, CalibrationInput, CalibrationMethod, Conformal
from judgekit.records.dataset import Dataset
from judgekit.records.judge import Judge, Lineage
from judgekit.records.label import SplitName
from judgekit.records.report import CalibrationOutcome, CalibrationReport, CalibrationTrial, Counts, Row
from judgekit.records.rubric import Criterion
from judgekit.records.verdict import Failure, Verdict
from judgekit.stats.estimate import Estimate, undefined
from judgekit.stats.unit_sums import Resampling

ALPHA = {"nominal": "krippendorff_alpha_nominal", "ordinal": "krippendorff_alpha_ordinal"}
"""How far experts agree, by level of measurement; else the interval's."""
N_NAMED = 5
"""Sessions named in a warning."""


@dataclass(frozen=True)
class Heard:
    """One judge's verdicts that a calibration may read.

    Attributes:
        name: The judge's.
        outcomes: Its verdicts and failures.
        judge_fingerprint: What exactly judged; None where the verdicts did not say.
        lineage: Labels that helped to make it.
        engine: What made them.
    """

    name: str
    outcomes: Sequence[Verdict | Failure]
    judge_fingerprint: str | None = None
    lineage: Lineage = field(default_factory=Lineage)
    engine: str | None = None


@dataclass(frozen=True)
class Calibrating:
    """How to calibrate.

    Attributes:
        criteria: Only these; empty for all that the judge answers.
        splits: Splits whose labels are learnt from; never test.
        reference: How several raters become one; None for the usual rule of each scale.
        has_length: Whether the session's length is read too.
        has_criteria: Whether the judges' verdicts on other criteria are read too.
        method: Only this one; None for the best.
        coverage: Of the conformal intervals.
        seed: Of the folds.
        settings: What the door knows of this invocation.
    """

    criteria: Sequence[str] = ()
    splits: Sequence[SplitName] = ("train", "dev")
    reference: str | None = None
    has_length: bool = False
    has_criteria: bool = False
    method: CalibrationMethod | None = None
    coverage: float = 0.9
    seed: int = 7
    settings: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class CalibratedJudge:
    """The judge with what was learnt, and the report on it."""

    judge: Judge
    report: CalibrationReport


def calibrate(
    dataset: Dataset, judge: Judge, heard: Sequence[Heard], calibrating: Calibrating, measuring: Measuring
) -> CalibratedJudge:
    """Return the judge with a calibration wherever that gains more than noise, and what was tried.

    Args:
        dataset: Sessions, rubric, labels, splits.
        judge: To be calibrated; any calibration that it has is set aside.
        heard: Its own verdicts first, then those of other judges.
        calibrating: Which labels, which inputs, which method.
        measuring: Level, resamples and randomness.

    Raises:
        InputError: The labels cannot support it, or helped to make the judge; says what is missing.
        UnknownName: A criterion that the judge does not answer.
    """
    _require_own(judge, heard[0])
    _require_apart(heard)
    _require_splits(calibrating)
    found: list[_Part] = []
    refusals: list[InputError] = []
    for criterion in _wanted(judge, dataset, calibrating):
        try:
            found.append(_part(dataset, judge, criterion, (heard, calibrating, measuring)))
        except InputError as error:
            if calibrating.criteria or len(judge.criteria) == 1:
                raise
            refusals.append(error)
    if not found:
        raise refusals[0]
    tried = {part.outcome.criterion for part in found}
    kept = tuple(each for each in judge.calibrations if each.criterion not in tried)
    learnt = tuple(part.calibration for part in found if part.calibration is not None)
    order = [criterion.id for criterion in judge.criteria]
    merged = tuple(sorted((*kept, *learnt), key=lambda each: order.index(each.criterion)))
    whole = judge.model_copy(update={"calibrations": merged})
    return CalibratedJudge(whole, _report(dataset, whole, found, refusals, (heard, calibrating, measuring)))


How = tuple[Sequence[Heard], Calibrating, Measuring]


@dataclass(frozen=True)
class _Part:
    """One criterion."""

    outcome: CalibrationOutcome
    calibration: Calibration | None
    trials: tuple[CalibrationTrial, ...]
    rows: tuple[Row, ...]
    counts: Counts
    inputs: tuple[CalibrationInput, ...]
    rule: str
    warnings: tuple[str, ...]


def _part(dataset: Dataset, judge: Judge, criterion: Criterion, how: How) -> _Part:
    heard, calibrating, measuring = how
    rule = calibrating.reference or default_rule(criterion)
    allowed, barred = _allowed(dataset, criterion, heard, calibrating)
    agreement = _agreement(dataset, criterion, allowed, measuring)
    inputs = _inputs(dataset, judge, criterion, heard, calibrating)
    said = [_said(dataset, each, heard) for each in inputs]
    truth = reference(dataset, criterion, rule, targets=allowed)
    places = [place for place in truth.values if place in said[0]]
    dropped = Counter({"in_lineage": len(barred)})
    dropped.update(truth.missing.values())
    dropped["no_verdict"] += len(truth.values) - len(places)
    evidence = Evidence(
        criterion,
        readings_of(inputs, said, places),
        np.array([truth.values[place] for place in places], dtype=np.float64),
        tuple(dataset.unit(target) for target, _ in places),
        len(inputs),
    )
    _require_support(dataset, evidence, dropped, barred, agreement)
    resampling = Resampling(measuring.fresh_rng(), measuring.level, measuring.n_resamples)
    learnt = learn_calibration(evidence, resampling, seed=calibrating.seed, method=calibrating.method)
    resampling = Resampling(measuring.fresh_rng(), measuring.level, measuring.n_resamples)
    conformal = conformal_of(learnt.crossfitted, evidence, resampling, coverage=calibrating.coverage)
    outcomes = [outcome for outcome in heard[0].outcomes if outcome.criterion == criterion.id]
    judged = Judged.of(dataset, criterion, verdict_table(criterion, outcomes, use="score"), truth, allowed)
    rows = before_and_after(judged, evidence, learnt, measuring)
    read = tuple(inputs if learnt.chosen.method == "stacked" else inputs[:1])
    counts = Counts(
        criterion=criterion.id,
        n_targets=len(truth.values) + len(truth.missing) + len(barred),
        n_used=len(places),
        dropped={cause: n for cause, n in sorted(dropped.items()) if n},
        failures=dict(Counter(str(each.status) for each in outcomes if isinstance(each, Failure))),
    )
    words = (
        *decision_words(criterion, learnt, evidence),
        *ranking_words(criterion, learnt, rows),
        *agreement_words(agreement),
    )
    return _Part(
        outcome=CalibrationOutcome(
            criterion=criterion.id,
            method=learnt.chosen.method if learnt.is_gain else None,
            loss=loss_of(criterion),
            gain=learnt.gain,
            words=words,
            conformal=conformal if learnt.is_gain else None,
        ),
        calibration=_record(dataset, criterion, learnt, (evidence, read, conformal, rule, calibrating)),
        trials=trials_of(criterion, learnt, evidence, resampling),
        rows=rows,
        counts=counts,
        inputs=tuple(inputs),
        rule=rule,
        warnings=_barred_words(criterion, barred),
    )


def _require_own(judge: Judge, own: Heard) -> None:
    if own.name != judge.name:
        hint = "Give the judge's own run first, then other judges'"
        raise InputError(f"the first verdicts are by {own.name!r}", where=judge.name, hint=hint)
    if own.lineage.calibrated or (judge.calibrations and own.judge_fingerprint == judge.judge_fingerprint):
        hint = "Give the run that was made before calibration"
        raise InputError("these verdicts are calibrated already", where=judge.name, hint=hint)


def _require_apart(heard: Sequence[Heard]) -> None:
    names = [each.name for each in heard]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        hint = "Give each judge's run once"
        raise InputError(f"verdicts of {repeated!r} are given twice", where="--verdicts", hint=hint)


def _other_settings(judge: Judge, own: Heard) -> tuple[str, ...]:
    if own.judge_fingerprint in (None, judge.raw_fingerprint):
        return ()
    return (
        f"the verdicts were not made by {judge.name} as its folder is now (another model or endpoint on the command "
        "line, or an edit since): the calibration holds for runs that are made as these were, and others are refused",
    )


def _require_splits(calibrating: Calibrating) -> None:
    if "test" in calibrating.splits:
        hint = "Use --split train,dev"
        raise InputError("the test split testifies about judges and never calibrates them", where="--split", hint=hint)


def _wanted(judge: Judge, dataset: Dataset, calibrating: Calibrating) -> list[Criterion]:
    known = [criterion.id for criterion in judge.criteria]
    for name in calibrating.criteria:
        if name not in known:
            raise UnknownName("criterion", name, known, where=judge.name)
    names = list(calibrating.criteria) or known
    found = [dataset.rubric.criterion(name) for name in names]
    spoken = [criterion for criterion in found if criterion.scale.measurement != "none"]
    if not spoken:
        what = f"a {found[0].scale.type} scale has no numbers to calibrate"
        raise InputError(what, where=f"criterion {found[0].id}", hint="Calibrate a criterion with levels")
    return spoken


def _allowed(
    dataset: Dataset, criterion: Criterion, heard: Sequence[Heard], calibrating: Calibrating
) -> tuple[set[str], list[str]]:
    """Return the labelled targets that may be learnt from, and those that helped to make a judge."""
    made_with = set().union(*(each.lineage.barred(dataset.name) for each in heard))
    known = {*dataset.session_by_id, *dataset.pair_by_id}
    labelled = {label.target for label in dataset.labels if label.criterion == criterion.id}
    labelled |= {each.target for each in dataset.adjudications if each.criterion == criterion.id}
    in_split = {
        target
        for target in labelled & known
        if dataset.splits is None or dataset.split_of(target) in calibrating.splits
    }
    barred = sorted(target for target in in_split if dataset.unit(target) in made_with)
    return in_split - set(barred), barred


def _inputs(
    dataset: Dataset, judge: Judge, criterion: Criterion, heard: Sequence[Heard], calibrating: Calibrating
) -> list[CalibrationInput]:
    """Return what may be read: the judge's own verdict first, then other judges', other criteria, the length."""
    found: list[CalibrationInput] = []
    for place, each in enumerate(heard):
        name = judge.name if place == 0 else each.name
        spoken = {outcome.criterion for outcome in each.outcomes if isinstance(outcome, Verdict)}
        others = sorted(spoken - {criterion.id}) if calibrating.has_criteria else []
        for asked in ([criterion.id] if criterion.id in spoken or place == 0 else []) + others:
            scale = dataset.rubric.criterion(asked).scale
            if scale.measurement != "none":
                words = f"{name} on {asked}"
                found.append(
                    CalibrationInput(
                        words=words,
                        judge=name,
                        judge_fingerprint=each.judge_fingerprint,
                        criterion=asked,
                        scale=scale,
                    )
                )
    if calibrating.has_length:
        found.append(CalibrationInput(kind="length", words="length of the session"))
    return found


def _said(dataset: Dataset, each: CalibrationInput, heard: Sequence[Heard]) -> dict[Place, Said]:
    if each.kind == "length":
        sessions = dataset.session_by_id
        lengths: dict[Place, Said] = {(name, None): length_of(session) for name, session in sessions.items()}
        for pair in dataset.pairs:
            if pair.first in sessions and pair.second in sessions:
                lengths[pair.id, None] = length_of(PairTarget(pair, sessions[pair.first], sessions[pair.second]))
        return lengths
    own = heard[0] if each.judge not in {some.name for some in heard[1:]} else None
    source = own or next(some for some in heard[1:] if some.name == each.judge)
    return said_by_place(each, source.outcomes)


def _agreement(dataset: Dataset, criterion: Criterion, allowed: set[str], measuring: Measuring) -> Estimate:
    """Return how far the experts agree beyond chance, on what may be learnt from."""
    table = rating_table(dataset, criterion, targets=allowed)
    metric = ALPHA.get(criterion.scale.measurement, "krippendorff_alpha_interval")
    n_twice = int(((~np.isnan(table.values)).sum(axis=1) > 1).sum())
    if not n_twice:
        return undefined("too_few", "no session has two ratings", n=len(table.targets), level=measuring.level)
    return measuring.estimates([metric], table.sample(list(table.values.T), table.raters, {}))[metric]


def refuse_disagreeing(dataset: Dataset, criterion: Criterion, targets: set[str], measuring: Measuring) -> None:
    """Refuse to certify by labels of experts who barely agree; where nobody rated twice, nothing can be said.

    Raises:
        InputError: They do.
    """
    _require_agreement(criterion, _agreement(dataset, criterion, targets, measuring), "certified by")


def _require_agreement(criterion: Criterion, agreement: Estimate, purpose: str) -> None:
    if agreement.value is not None and agreement.value < NEAR_ZERO:
        what = f"the experts barely agree with each other (Krippendorff alpha {figure(agreement)})"
        hint = f"No judge can be {purpose} labels that do not hold: mend the rubric, or adjudicate"
        raise InputError(what, where=f"criterion {criterion.id}", hint=hint)


def _require_support(
    dataset: Dataset, evidence: Evidence, dropped: Counter[str], barred: Sequence[str], agreement: Estimate
) -> None:
    if barred and evidence.n_units < 1:
        named = ", ".join(barred[:N_NAMED]) + (", ..." if len(barred) > N_NAMED else "")
        what = f"all {len(barred)} labelled sessions helped to make the judge ({named})"
        hint = "Label sessions of other groups, or calibrate on a split that it was not made from: --split dev"
        raise InputError(what, where=f"{dataset.name}, criterion {evidence.criterion.id}", hint=hint)
    require_learnable(evidence, +dropped)
    _require_agreement(evidence.criterion, agreement, "calibrated to")


def _record(
    dataset: Dataset,
    criterion: Criterion,
    learnt: Learnt,
    how: tuple[Evidence, tuple[CalibrationInput, ...], Conformal | None, str, Calibrating],
) -> Calibration | None:
    evidence, inputs, conformal, rule, calibrating = how
    if not learnt.is_gain:
        return None
    return Calibration(
        criterion=criterion.id,
        method=learnt.chosen.method,
        words=WORDS[learnt.chosen.method],
        inputs=inputs,
        levels=tuple(map(str, criterion.scale.levels)),
        parameters=learnt.fitted.parameters,
        conformal=conformal,
        gain=learnt.gain,
        loss=loss_of(criterion),
        reference=rule,
        dataset=dataset.name,
        n=len(evidence.human),
        units=tuple(sorted(set(evidence.names))),
        seed=calibrating.seed,
    )


def _barred_words(criterion: Criterion, barred: Sequence[str]) -> tuple[str, ...]:
    if not barred:
        return ()
    named = ", ".join(barred[:N_NAMED]) + (", ..." if len(barred) > N_NAMED else "")
    return (f"{criterion.id}: {len(barred)} labelled sessions helped to make a judge and were left out ({named})",)


def _report(
    dataset: Dataset, judge: Judge, found: Sequence[_Part], refusals: Sequence[InputError], how: How
) -> CalibrationReport:
    heard, calibrating, measuring = how
    made_by = {"judge": judge.name, "engine": heard[0].engine}
    return CalibrationReport(
        title=f"{judge.name} calibrated to the experts: {dataset.name}",
        dataset=dataset.name,
        dataset_fingerprint=dataset.fingerprint(),
        settings={
            **measuring.settings(dataset),
            "coverage": calibrating.coverage,
            "method": calibrating.method or "chosen by cross-fitting",
            **calibrating.settings,
        },
        summary=tuple(words for part in found for words in part.outcome.words[:1])
        + tuple(f"{error}" for error in refusals),
        rows=tuple(row.model_copy(update=made_by) for part in found for row in part.rows),
        warnings=(
            *dataset.notes,
            *_other_settings(judge, heard[0]),
            *(words for part in found for words in part.warnings),
        ),
        judge=judge.name,
        engine=heard[0].engine,
        judge_fingerprint=judge.judge_fingerprint,
        reference=", ".join(dict.fromkeys(part.rule for part in found)),
        split="+".join(calibrating.splits) if dataset.splits else "none declared",
        inputs=tuple(dict.fromkeys(each.words for part in found for each in part.inputs)),
        counts=tuple(part.counts for part in found),
        trials=tuple(trial for part in found for trial in part.trials),
        outcomes=tuple(part.outcome for part in found),
    )
