"""`calibrate`: what a judge's verdicts mean in the experts' terms, learnt from labels, and kept only where it gains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.judged import Judged
from judgekit.analysis.reference import default_rule, reference
from judgekit.analysis.verdict_table import verdict_table
from judgekit.distill.calibration import WORDS, Learnt, learn_calibration, require_learnable
from judgekit.distill.calibration_rows import before_and_after, trials_of
from judgekit.distill.calibration_wording import agreement_words, decision_words, ranking_words
from judgekit.distill.conformal import conformal_of
from judgekit.distill.evidence import Evidence, loss_of
from judgekit.errors import InputError, UnknownName
from judgekit.judging.calibration import readings_of
from judgekit.records.calibration import Calibration, CalibrationInput, Conformal
from judgekit.records.calibration_report import CalibrationOutcome, CalibrationReport, CalibrationTrial
from judgekit.records.dataset import Dataset
from judgekit.records.judge import Judge
from judgekit.records.report import Counts, Row
from judgekit.records.rubric import Criterion
from judgekit.records.verdict import Failure
from judgekit.stats.estimate import Estimate
from judgekit.stats.unit_sums import Resampling
from judgekit.workflows.calibration_input import (
    Calibrating,
    Heard,
    allowed_targets,
    inputs_of,
    require_apart,
    require_own,
    require_splits,
    said_on,
)
from judgekit.workflows.expert_agreement import expert_agreement, require_agreement

COVERAGES = (0.5, 0.99)
"""Lowest and highest of conformal intervals, as the command line has them."""
N_NAMED = 5
"""Sessions named in a warning."""


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
    require_own(judge, heard[0])
    require_apart(heard)
    require_splits(calibrating)
    _require_coverage(calibrating)
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
    allowed, barred = allowed_targets(dataset, criterion, heard, calibrating)
    agreement = expert_agreement(dataset, criterion, allowed, measuring)
    inputs = inputs_of(dataset, judge, criterion, heard, calibrating)
    said = [said_on(dataset, each, heard) for each in inputs]
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


def _other_settings(judge: Judge, own: Heard) -> tuple[str, ...]:
    if own.judge_fingerprint in (None, judge.raw_fingerprint):
        return ()
    return (
        f"the verdicts were not made by {judge.name} as its folder is now (another model or endpoint on the command "
        "line, or an edit since): the calibration holds for runs that are made as these were, and others are refused",
    )


def _require_coverage(calibrating: Calibrating) -> None:
    low, high = COVERAGES
    if not low <= calibrating.coverage <= high:
        hint = f"Give a share from {low} to {high}, such as 0.9"
        raise InputError(f"coverage {calibrating.coverage:g} is none that intervals can have", hint=hint)


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


def _require_support(
    dataset: Dataset, evidence: Evidence, dropped: Counter[str], barred: Sequence[str], agreement: Estimate
) -> None:
    if barred and evidence.n_units < 1:
        named = ", ".join(barred[:N_NAMED]) + (", ..." if len(barred) > N_NAMED else "")
        what = f"all {len(barred)} labelled sessions helped to make the judge ({named})"
        hint = "Label sessions of other groups, or calibrate on a split that it was not made from: --split dev"
        raise InputError(what, where=f"{dataset.name}, criterion {evidence.criterion.id}", hint=hint)
    require_learnable(evidence, +dropped)
    require_agreement(evidence.criterion, agreement, "calibrated to")


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
