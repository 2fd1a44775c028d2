"""Split-conformal intervals: how far from a verdict the expert's label lies, in all but a stated share of cases."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from judgekit.stats.sample import FloatArray


def conformal_reach(residuals: FloatArray, coverage: float) -> float | None:
    """Return the distance that holds a new residual with at least the stated chance; None: no distance does.

    Args:
        residuals: |human - judge|, one per independent unit, shape (n,); exchangeable with the new one.
        coverage: Such as 0.9.

    Source: Vovk, Gammerman & Shafer 2005; Lei et al. 2018, section 2.2. Fixture: reference/statistics.md 6.5.

    Example:
        >>> conformal_reach(np.array([0.0, 1, 1, 1, 1, 1, 1, 0, 0, 1]), 0.9)
        1.0
    """
    place = math.ceil((len(residuals) + 1) * coverage - 1e-9)
    return float(np.sort(residuals)[place - 1]) if place <= len(residuals) else None


def units_needed(coverage: float) -> int:
    """Return the fewest units that give a finite distance: 9 for 90%, 19 for 95%."""
    return math.ceil(1 / (1 - coverage) - 1e-9) - 1


def reach_outward(
    centre: FloatArray, reach: FloatArray, *, low: float, high: float, levels: Sequence[float] = ()
) -> FloatArray:
    """Return intervals, shape (n, 2): cut to the scale, and ends moved outward to levels where there are any.

    Args:
        centre: Shape (n,).
        reach: Distance to either side, shape (n,); infinite for the whole scale.
        low: Lowest legal number.
        high: Highest legal number.
        levels: Declared levels, ascending; none on a continuous scale.
    """
    ends = np.column_stack([np.maximum(centre - reach, low), np.minimum(centre + reach, high)])
    if not len(levels):
        return ends
    places = np.asarray(levels, dtype=np.float64)
    below = np.searchsorted(places, ends[:, 0] + 1e-9, side="right") - 1
    above = np.searchsorted(places, ends[:, 1] - 1e-9, side="left")
    return np.column_stack([places[np.maximum(below, 0)], places[np.minimum(above, len(places) - 1)]])


def left_out_reaches(residuals: FloatArray, coverage: float) -> FloatArray:
    """Return for each unit the distance made from all the others, infinite where there is none, shape (n,)."""
    found = [conformal_reach(np.delete(residuals, place), coverage) for place in range(len(residuals))]
    return np.array([math.inf if reach is None else reach for reach in found], dtype=np.float64)
