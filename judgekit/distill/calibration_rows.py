"""What a calibration changed, in numbers: before and after on the same targets, and every way that was tried."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from judgekit.analysis.agreement import Measuring, measured
from judgekit.analysis.ceiling import beside_raters
from judgekit.analysis.judged import Judged, columns, rows_between
from judgekit.analysis.rating import on_levels, sample_of
from judgekit.distill.calibration import KEEPS_ORDER, WORDS, Learnt
from judgekit.distill.evidence import Evidence, mean_estimate
from judgekit.judging.calibration import Expected, is_ordered, values_of
from judgekit.records.calibration_report import CalibrationTrial
from judgekit.records.report import Row
from judgekit.records.rubric import Criterion
from judgekit.stats.estimate import undefined
from judgekit.stats.unit_sums import Resampling


def before_and_after(judged: Judged, evidence: Evidence, learnt: Learnt, measuring: Measuring) -> tuple[Row, ...]:
    """Return before and after on the same targets, their difference, and the ceiling beside."""
    criterion, scale = evidence.criterion, evidence.criterion.scale
    raw = evidence.raw()
    sides = {"judge": raw, "calibrated": learnt.crossfitted}
    rows: list[Row] = []
    for name, found in sides.items():
        if found is None:
            continue
        said = np.array([scale.code(value) for value in values_of(found, scale)], dtype=np.float64)
        keeps_order = name == "calibrated" and learnt.chosen.method in KEEPS_ORDER
        for metrics, numbers in _measures(criterion, found.scores, said, has_ranks=not keeps_order):
            both = columns(numbers, evidence.human)
            if "brier" in metrics:  # of probabilities, which lie between the levels
                legal = on_levels(criterion, evidence.human)
                sample = sample_of(criterion, both[legal], evidence.units[legal])
                estimates = measuring.estimates(metrics, sample)
            else:
                what = ((name, "reference"), metrics)
                estimates = measured(criterion, both, evidence.units, what, measuring)
            rows += rows_between(criterion, f"{name}~reference", estimates)
    rows += _differences(criterion, evidence, sides, measuring)
    metrics = ("mae", "cohen_kappa_quadratic") if scale.type == "ordinal" else ("accuracy", "cohen_kappa")
    narrow = Measuring(measuring.rng, measuring.level, measuring.n_resamples, metrics)
    beside = [row for row in beside_raters(judged, narrow) if row.between in ("rater~others", "judge~others")]
    return (*rows, *beside)


def _measures(
    criterion: Criterion, scores: np.ndarray, said: np.ndarray, *, has_ranks: bool
) -> list[tuple[tuple[str, ...], np.ndarray]]:
    """Return what is measured on scores, and what on levels.

    Ranks are not measured where calibration keeps them: scores of different folds differ by their folds' shifts too.
    """
    if criterion.scale.type == "binary":
        of_scores = ("brier", "auroc") if has_ranks else ("brier",)
        return [(of_scores, scores), (("accuracy", "cohen_kappa"), said)]
    if not is_ordered(criterion.scale):
        return [(("accuracy", "cohen_kappa"), said)]
    on_levels = [(("cohen_kappa_quadratic",), said)] if criterion.scale.levels else []
    return [(("bias", "mae", "spearman") if has_ranks else ("bias", "mae"), scores), *on_levels]


def _differences(
    criterion: Criterion, evidence: Evidence, sides: Mapping[str, Expected | None], measuring: Measuring
) -> list[Row]:
    """Return calibrated minus raw: of the accuracy where levels are what counts, else nothing (the gain says it)."""
    scale = criterion.scale
    raw, calibrated = sides["judge"], sides["calibrated"]
    if scale.type in ("ordinal", "numeric") or raw is None or calibrated is None:
        return []
    hits = [
        np.array([scale.code(value) for value in values_of(found, scale)]) == evidence.human
        for found in (calibrated, raw)
    ]
    gain = hits[0].astype(np.float64) - hits[1].astype(np.float64)
    resampling = Resampling(measuring.fresh_rng(), measuring.level, measuring.n_resamples)
    found = mean_estimate(gain, evidence.units, resampling)
    return rows_between(criterion, "calibrated~judge", {"accuracy_difference": found})


def trials_of(
    criterion: Criterion, learnt: Learnt, evidence: Evidence, resampling: Resampling
) -> tuple[CalibrationTrial, ...]:
    """Return the raw judge, then every candidate, with loss and gain under one and the same cross-fitting."""
    found = []
    raw = learnt.raw_losses
    lacking = undefined("not_for_this_scale", "the raw scores have no place on the scale", n=len(evidence.human))
    if raw is not None:
        found.append(("raw", "raw", raw, False))
    for trial in learnt.trials:
        each = trial.candidate
        name = f"stacked, penalty {each.penalty:g}" if each.penalty else each.method
        found.append((each.method, name, trial.losses, each == learnt.chosen))
    return tuple(
        CalibrationTrial(
            criterion=criterion.id,
            method=name,
            words=WORDS[method],
            loss=mean_estimate(lost, evidence.units, resampling),
            gain=lacking if raw is None else mean_estimate(raw - lost, evidence.units, resampling),
            is_chosen=is_chosen and learnt.is_gain,
        )
        for method, name, lost, is_chosen in found
    )
