"""How far from a calibrated score the expert's may lie: conformal distances, and how often they hold."""

from __future__ import annotations

import numpy as np

from judgekit.distill.evidence import Evidence, mean_estimate
from judgekit.judging.calibration import Expected, ends_of, values_of
from judgekit.records.calibration import Conformal
from judgekit.records.rubric import level_text
from judgekit.stats.conformal import conformal_reach, left_out_reaches, reach_outward, units_needed
from judgekit.stats.sample import IntArray
from judgekit.stats.unit_sums import Resampling


def conformal_of(found: Expected, evidence: Evidence, resampling: Resampling, *, coverage: float) -> Conformal | None:
    """Return the conformal distances of the cross-fitted scores; None where levels have no order.

    One residual a unit, drawn at random, since targets of one unit are not exchangeable with those of another.
    """
    scale = evidence.criterion.scale
    if scale.type not in ("ordinal", "numeric"):
        return None
    rows = _one_a_unit(evidence, resampling.rng)
    residuals = np.abs(found.scores - evidence.human)[rows]
    reach = conformal_reach(residuals, coverage)
    by_level: dict[str, float] = {}
    if scale.levels:
        said = [level_text(value) for value in values_of(found, scale)]
        own = {level: residuals[[said[row] == level for row in rows]] for level in map(level_text, scale.levels)}
        if all(len(some) >= units_needed(coverage) for some in own.values()):
            by_level = {level: conformal_reach(some, coverage) or 0.0 for level, some in own.items()}
    far = left_out_reaches(residuals, coverage)
    (low, high), levels = ends_of(scale), scale.numbers() if scale.levels else ()
    ends = reach_outward(found.scores[rows], far, low=low, high=high, levels=levels)
    human = evidence.human[rows]
    hits = ((human >= ends[:, 0]) & (human <= ends[:, 1])).astype(np.float64)
    held = mean_estimate(hits, np.arange(len(hits)), resampling)
    return Conformal(coverage=coverage, reach=reach, by_level=by_level, n=len(rows), held=held)


def _one_a_unit(evidence: Evidence, rng: np.random.Generator) -> IntArray:
    """Return one row of each unit, whatever was said of it."""
    order = rng.permutation(len(evidence.units))
    _, first = np.unique(evidence.units[order], return_index=True)
    return np.asarray(np.sort(order[first]), dtype=np.int64)
