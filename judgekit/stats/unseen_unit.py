"""Bounds for decisions where rows come in units: as if one more unit had been drawn, on which much is wrong.

A few units of several rows hide what they lack: where mistakes come together, most samples of twenty users hold none
of the users with whom nearly everything goes wrong, and every interval made of such a sample alone is too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from judgekit.stats.interval import Interval, clopper_pearson, no_interval, student_t
from judgekit.stats.sample import BoolArray, FloatArray, IntArray
from judgekit.stats.unit_sums import MIN_UNITS, TOO_FEW_UNITS, sums_by_unit

OneStatistic = Callable[[FloatArray], FloatArray]
"""Sums over rows, shape (some, n_sums), to the statistic, shape (some,); NaN is undefined."""
METHOD = "jackknife t, with one far unit added"
_LEAST_FREE = 2.0
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Unseen:
    """A row that was not drawn.

    Attributes:
        rows: What it may add to the sums, shape (n_kinds, n_sums): each end takes the kind that moves it most.
        n_together: Rows that always come together, such as those of one session: at least so many are added.
    """

    rows: FloatArray
    n_together: float = 1.0


def unseen_unit_ends(
    function: OneStatistic, rows: FloatArray, units: IntArray | None, unseen: Unseen, *, level: float
) -> Interval:
    """Return an interval each end of which takes it that one more unit was drawn, far off on its side.

    That unit is as large as a unit of like rows counts for, which is the design effect: the sample's, and at least the
    square root of the units' size, since few units show too little of it as often as too much. The doubt is the
    jackknife's over units, the added one among them. Student's t has as many degrees of freedom as there are units of
    equal size to the same effect, less one.

    Args:
        function: From sums to the statistic.
        rows: What each row adds to the sums, shape (n_rows, n_sums).
        units: The independent unit of each row, shape (n_rows,); None: each row is its own.
        unseen: The row that is added.
        level: Coverage; each end errs with half of the rest.

    Returns:
        No interval below 10 units, or where the statistic is undefined without one of them.

    Source: Efron & Tibshirani 1993, eq. 11.5 (jackknife); Kish 1965 (design effect, effective number of units);
    Agresti & Min 2005 (units made up).

    Example:
        Forty users of four sessions each; with two of them all is wrong, else nothing.

        >>> users = np.repeat(np.arange(40), 4)
        >>> rows = np.column_stack([users < 2, np.ones(160)]).astype(np.float64)
        >>> far = Unseen(np.array([[1.0, 1.0], [0.0, 1.0]]))
        >>> found = unseen_unit_ends(lambda sums: sums[:, 0] / sums[:, 1], rows, users, far, level=0.9)
        >>> round(found.low, 3), round(found.high, 3)
        (-0.009, 0.143)
    """
    own = np.arange(len(rows)) if units is None else np.unique(units, return_inverse=True)[1]
    sizes = np.bincount(own).astype(np.float64)
    if len(sizes) < MIN_UNITS:
        return no_interval(TOO_FEW_UNITS)
    sums = sums_by_unit(rows, own)
    n_effective = effective_units(sizes)
    together = max(unseen.n_together, math.sqrt(unseen.n_together * len(rows) / n_effective))
    n_rows = max(together, _design_effect(function, rows, sums))
    quantile = student_t(level, max(_LEAST_FREE, n_effective - 1))
    low, high = math.inf, -math.inf
    for row in unseen.rows:
        longer = np.vstack([sums, n_rows * row])
        value, error = float(function(longer.sum(axis=0)[None, :])[0]), math.sqrt(_variance(function, longer))
        low, high = min(low, value - quantile * error), max(high, value + quantile * error)
        if math.isnan(value + error):
            return no_interval("undefined without one of the units")
    return Interval(low, high, METHOD)


def share_over_units(is_hit: BoolArray, units: IntArray | None, level: float) -> Interval:
    """Return the exact interval of a share of rows that come in units: as many trials as there are units in effect.

    Where nothing is hit every unit is a trial, whatever their sizes. Simulated with units that are hit whole or not at
    all, of sizes alike, geometric, log-normal or half of all rows in one, either end errs in at most 2% where 2.5% is
    said; with a trial for each unit it did so in up to 49%.

    Args:
        is_hit: Shape (n_rows,), at least one.
        units: The independent unit of each row, shape (n_rows,); None: each row is its own.
        level: Coverage.

    Source: Clopper & Pearson 1934; Hoeffding 1956 (shares within units spread less than trials do); Kish 1965.

    Example:
        No failure in 150 sessions alone; in 30 users of five sessions each there were 30 trials.

        >>> none = np.zeros(150, dtype=bool)
        >>> round(share_over_units(none, None, 0.95).high, 4)
        0.0243
        >>> round(share_over_units(none, np.arange(150) // 5, 0.95).high, 4)
        0.1157
    """
    sizes = np.ones(len(is_hit)) if units is None else np.unique(units, return_counts=True)[1].astype(np.float64)
    share = float(is_hit.mean())
    n_trials = len(sizes) if share in (0, 1) else math.floor(effective_units(sizes) + _ROUNDING)
    high = clopper_pearson(math.ceil(share * n_trials - _ROUNDING), n_trials, level).high
    low = clopper_pearson(math.floor(share * n_trials + _ROUNDING), n_trials, level).low
    return Interval(low, high, "clopper-pearson")


def effective_units(sizes: FloatArray) -> float:
    """Return how many units of equal size leave a mean as much in doubt as units of these sizes.

    Source: Kish 1965.

    Example:
        >>> effective_units(np.array([4.0, 4.0])), effective_units(np.array([7.0, 1.0]))
        (2.0, 1.28)
    """
    return float(sizes.sum() ** 2 / (sizes**2).sum())


def _variance(function: OneStatistic, sums: FloatArray, times: FloatArray | None = None) -> float:
    """Return the jackknife's variance of a statistic; NaN where it is undefined without one of the units.

    Args:
        function: From sums to the statistic.
        sums: Of each unit, or of each kind of unit, shape (n_kinds, n_sums).
        times: Units of each kind; None: one.
    """
    counts = np.ones(len(sums)) if times is None else times
    without, n = function(counts @ sums - sums), counts.sum()
    return float((n - 1) / n * (counts @ (without - counts @ without / n) ** 2))


def _design_effect(function: OneStatistic, rows: FloatArray, sums: FloatArray) -> float:
    """Return how many times the variance is what it were if each row stood alone; 1 where that is not known."""
    if len(sums) == len(rows):
        return 1.0
    kinds, times = np.unique(rows, axis=0, return_counts=True)
    together, alone = _variance(function, sums), _variance(function, kinds, times.astype(np.float64))
    return together / alone if alone > 0 and math.isfinite(together) else 1.0
