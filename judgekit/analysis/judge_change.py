"""Whether a judge errs alike on two versions: Youden's J and bias on each, and their changes, on labelled sessions."""

from __future__ import annotations

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.contrast import Contrast
from judgekit.analysis.rating import unit_codes
from judgekit.records.report import Row
from judgekit.stats.estimate import Estimate
from judgekit.stats.sample import FloatArray
from judgekit.stats.unit_sums import Function, Otherwise, Resampling, estimates_of_sums


def judge_change_rows(contrast: Contrast, measuring: Measuring) -> list[Row]:
    """Return J (two levels only) and bias (judge minus experts) of each version, and candidate minus baseline.

    Labelled sessions count whether or not the other version's session is labelled. Nothing where a version has none.
    """
    baseline, candidate = (contrast.labelled_of(side.sessions) for side in contrast.sides)
    if not baseline or not candidate:
        return []
    sessions = [*baseline, *candidate]
    judge, human = contrast.numbers_of(sessions)
    is_new = np.arange(len(sessions)) >= len(baseline)
    units = unit_codes([(each, None) for each in sessions], contrast.dataset.unit)
    is_binary = contrast.criterion.scale.type == "binary"
    kept = np.isin(human, (0.0, 1.0)) if is_binary else np.ones(len(human), dtype=bool)
    resampling = Resampling(measuring.fresh_rng(), measuring.level, measuring.n_resamples)
    names = [side.name for side in contrast.sides]
    rows = []
    if is_binary:
        sums = np.column_stack([human, human * judge, 1 - human, (1 - human) * judge])[kept]
        otherwise = Otherwise("one_class", "the experts' labels of a version are all of one class")
        found = estimates_of_sums(
            _both(_youden), _apart(sums, is_new[kept]), units[kept], resampling=resampling, otherwise=otherwise
        )
        rows += _rows(contrast, "youden_j", names, found)
    sums = np.column_stack([judge - human, np.ones(len(human))])
    resampling = Resampling(measuring.fresh_rng(), measuring.level, measuring.n_resamples)
    otherwise = Otherwise("no_data", "no labelled session")
    found = estimates_of_sums(_both(_ratio), _apart(sums, is_new), units, resampling=resampling, otherwise=otherwise)
    return rows + _rows(contrast, "bias", names, found)


def _rows(contrast: Contrast, metric: str, names: list[str], found: list[Estimate]) -> list[Row]:
    before, after, change = found
    return [
        Row(criterion=contrast.criterion.id, metric=named, between=between, estimate=estimate, estimator="judge_raw")
        for named, between, estimate in (
            (metric, names[0], before),
            (metric, names[1], after),
            (f"{metric}_difference", contrast.between, change),
        )
    ]


def _apart(sums: FloatArray, is_new: np.ndarray) -> FloatArray:
    """Return the baseline's sums beside the candidate's, each 0 on the other's sessions."""
    found: FloatArray = np.column_stack([sums * ~is_new[:, None], sums * is_new[:, None]])
    return found


def _youden(sums: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore", divide="ignore"):
        found: FloatArray = sums[:, 1] / sums[:, 0] - sums[:, 3] / sums[:, 2]
    return found


def _ratio(sums: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore", divide="ignore"):
        found: FloatArray = sums[:, 0] / sums[:, 1]
    return found


def _both(one: Function) -> Function:
    """Return a statistic of the baseline's sums, of the candidate's, and their difference."""

    def found(sums: FloatArray) -> FloatArray:
        half = sums.shape[1] // 2
        before, after = one(sums[:, :half]), one(sums[:, half:])
        return np.column_stack([before, after, after - before])

    return found
