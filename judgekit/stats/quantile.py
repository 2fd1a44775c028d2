"""A quantile of independent or clustered numbers, with bounds that are numbers of the sample (order statistics).

How many numbers lie below the true quantile is binomial, whatever their distribution; where they come in clusters, it
is as though there were fewer of them (Woodruff 1952). Costs and latencies have tails that no bootstrap is safe with.
"""

from __future__ import annotations

import math

import numpy as np

from judgekit.stats.estimate import Estimate, undefined
from judgekit.stats.interval import no_interval
from judgekit.stats.sample import FloatArray, IntArray
from judgekit.stats.unit_sums import MIN_UNITS, TOO_FEW_UNITS, sums_by_unit


def quantile(values: FloatArray, units: IntArray, share: float, level: float = 0.95) -> Estimate:
    """Return the quantile of numbers below which a share of them lies.

    Undefined without a number. Each end is missing from the interval, and with it the interval, where the sample is too
    small to bound the quantile on that side: p95 takes 59 independent numbers at 90%.

    Args:
        values: Shape (n_rows,).
        units: The independent unit of each row, shape (n_rows,).
        share: Between 0 and 1: 0.5 for the median.
        level: Coverage of the interval.

    Source: Clopper & Pearson 1934 by order statistics (David & Nagaraja 2003, 7.1); clusters: Woodruff 1952.

    Example:
        The median of 1 to 100 lies between the 40th and the 61st (binomial tables: P(X <= 39) = .018).

        >>> found = quantile(np.arange(1.0, 101.0), np.arange(100), 0.5)
        >>> found.value, found.low, found.high
        (50.5, 40.0, 61.0)
    """
    n, n_units = len(values), len(np.unique(units))
    if not n:
        return undefined("no_data", "no number", level=level)
    ordered = np.sort(values)
    value = float(np.quantile(ordered, share))
    if n_units < MIN_UNITS:
        return Estimate(value, None, None, level, n, n_units, no_interval(TOO_FEW_UNITS).method)
    n_effective = _n_effective(values <= value, units)
    low, high = _ranks(share, n_effective, level)
    places = math.floor(low * n / n_effective), math.ceil(high * n / n_effective)
    if places[0] < 1 or places[1] > n:
        why = f"too few for a bound of the {share:.0%} quantile"
        return Estimate(value, None, None, level, n, n_units, no_interval(why).method)
    ends = float(ordered[places[0] - 1]), float(ordered[places[1] - 1])
    return Estimate(value, *ends, level, n, n_units, "order statistics")


def _ranks(share: float, n: int, level: float) -> tuple[int, int]:
    """Return the ranks, from 1, between which the quantile lies; 0 and n + 1 stand for no bound.

    How many of n numbers lie below the quantile is binomial; both tails leave out (1 - level) / 2 at most.
    """
    from scipy.special import bdtr

    tail = (1 - level) / 2
    at_most = bdtr(np.arange(n), n, share)
    beyond = np.flatnonzero(1 - at_most <= tail)
    return int((at_most <= tail).sum()), int(beyond[0]) + 1 if len(beyond) else n + 1


def _n_effective(is_below: np.ndarray, units: IntArray) -> int:
    """Return as how many independent numbers these count: fewer where those of a unit lie on one side together."""
    n = len(is_below)
    rate = float(is_below.mean())
    sums = sums_by_unit((is_below - rate)[:, None].astype(np.float64), units)[:, 0]
    n_units = len(sums)
    variance = float(sums @ sums) / n**2 * n_units / (n_units - 1)
    plain = rate * (1 - rate) / n
    if n_units == n:
        return n
    if not (plain > 0 and variance > 0):
        return n_units
    return max(1, min(n, int(n * plain / variance)))
