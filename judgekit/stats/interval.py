"""Intervals: from a bootstrap distribution (BCa, else percentile), and for a plain rate (Wilson)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from judgekit.stats.sample import FloatArray

_NORMAL = NormalDist()
_MAX_UNDEFINED = 0.05
_SAME = 1e-12
"""Relative difference below which two values of a statistic are rounding of one and the same."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval and how it was made, or why there is none."""

    low: float | None
    high: float | None
    method: str


def no_interval(why: str) -> Interval:
    """Return the absence of an interval, with its reason."""
    return Interval(None, None, f"none: {why}")


def wilson(rate: float, n_trials: float, level: float) -> Interval:
    """Wilson's score interval of a rate.

    Args:
        rate: Successes over trials.
        n_trials: Independent trials, positive.
        level: Coverage, such as 0.95.

    Source: Wilson 1927; example from Newcombe 1998 (81 of 263).

    Example:
        >>> found = wilson(81 / 263, 263, 0.95)
        >>> round(found.low, 4), round(found.high, 4)
        (0.2553, 0.3662)
    """
    z = _NORMAL.inv_cdf((1 + level) / 2)
    centre = rate + z * z / (2 * n_trials)
    half = z * math.sqrt(max(0.0, rate * (1 - rate)) / n_trials + z * z / (4 * n_trials**2))
    shrink = 1 + z * z / n_trials
    return Interval(max(0.0, (centre - half) / shrink), min(1.0, (centre + half) / shrink), "wilson")


def bootstrap_interval(value: float, resampled: FloatArray, acceleration: float, level: float) -> Interval:
    """Bias-corrected and accelerated interval; percentile where its corrections are not finite.

    Args:
        value: The point estimate.
        resampled: The statistic of each resample, shape (n_resamples,); NaN is undefined.
        acceleration: From `acceleration`; NaN when unknown.
        level: Coverage.

    Returns:
        No interval when more than 5% of the resamples are undefined or when all give one value. Undefined
        resamples below that are left out and counted in the method.

    Source: Efron 1987; Efron & Tibshirani 1993, eq. 14.10 (ties count half in the bias correction).
    """
    defined = resampled[~np.isnan(resampled)]
    n_undefined = len(resampled) - len(defined)
    if n_undefined > _MAX_UNDEFINED * len(resampled):
        return no_interval(f"{n_undefined / len(resampled):.0%} of resamples undefined")
    if np.ptp(defined) <= _SAME * max(1.0, abs(value)):
        return no_interval("every resample gives the same value")
    tails = _bca_tails(value, defined, acceleration, level)
    method = "percentile" if tails is None else "bca"
    low, high = np.quantile(defined, tails or ((1 - level) / 2, (1 + level) / 2))
    note = f", {n_undefined} of {len(resampled)} resamples undefined" if n_undefined else ""
    return Interval(float(low), float(high), method + note)


def acceleration(left_out: FloatArray, multiplicity: FloatArray) -> float:
    """Jackknife estimate of BCa's acceleration: a sixth of the skewness of the leave-one-out values.

    Args:
        left_out: The statistic without one unit of each kind, shape (n_kinds,).
        multiplicity: Units of each kind, shape (n_kinds,).

    Returns:
        NaN when a leave-one-out value is undefined or when they are all the same.

    Source: Efron & Tibshirani 1993, eq. 14.15.
    """
    away = np.average(left_out, weights=multiplicity) - left_out
    squares = float(multiplicity @ away**2)
    return float(multiplicity @ away**3) / (6 * squares**1.5) if squares > 0 else math.nan


def _bca_tails(value: float, defined: FloatArray, acceleration: float, level: float) -> tuple[float, float] | None:
    """Return the two shares at which to read the distribution; None when a correction is not finite."""
    ties = np.abs(defined - value) <= _SAME * max(1.0, abs(value))
    share_below = float(np.mean((defined < value) & ~ties) + np.mean(ties) / 2)
    if not (0 < share_below < 1 and math.isfinite(acceleration)):
        return None
    bias = _NORMAL.inv_cdf(share_below)
    shifted = [bias + _NORMAL.inv_cdf(tail) for tail in ((1 - level) / 2, (1 + level) / 2)]
    if any(acceleration * shift >= 1 for shift in shifted):
        return None
    low, high = (_NORMAL.cdf(bias + shift / (1 - acceleration * shift)) for shift in shifted)
    return low, high
