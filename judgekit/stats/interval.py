"""Intervals: from a bootstrap distribution (BCa, else percentile), for a rate (exact, Wilson), and by Student's t.

BCa's tails are normal tails, which are too thin for few units, or for many of which only a few matter: rows that
disagree, say. They are read off at Student's t instead, with degrees of freedom from the kurtosis of the units'
influence. On 30 rows of five levels that took quadratic kappa's coverage from 92% to 95%; on 10 clusters a rate's
from 91% to 96%. With many units all of this is plain BCa.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from judgekit.stats.sample import FloatArray

_NORMAL = NormalDist()
_MAX_UNDEFINED = 0.05
_MIN_FISHER = 10
_MIN_WILSON = 25
"""Successes, and failures, from which Wilson's interval is used: with fewer it covers less than 93.5% at some rates."""
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


def rate_interval(rate: float, n_trials: float, level: float) -> Interval:
    """Interval of a rate: exact where successes or failures are few, Wilson's elsewhere.

    A 95% interval so chosen holds the rate in at least 93.5% of samples, whatever the rate and the number of trials;
    Wilson's alone falls to 84%.

    Args:
        rate: Successes over trials.
        n_trials: Independent trials, positive.
        level: Coverage, such as 0.95.

    Source: Newcombe 1998; Brown, Cai & DasGupta 2001 (where Wilson's falls short).

    Example:
        >>> rate_interval(1 / 29, 29, 0.95).method, rate_interval(81 / 263, 263, 0.95).method
        ('clopper-pearson', 'wilson')
    """
    n_successes = round(rate * n_trials)
    if min(n_successes, n_trials - n_successes) < _MIN_WILSON:
        return clopper_pearson(n_successes, round(n_trials), level)
    return wilson(rate, n_trials, level)


def wilson(rate: float, n_trials: float, level: float) -> Interval:
    """Wilson's score interval of a rate.

    Covers as often as it says on average over rates, and at some rates near 0 and 1 less: a 95% interval of 50 trials
    holds .99 in 91% of samples. `clopper_pearson` never falls short, and `rate_interval` hardly.

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
    return Interval(*wilson_ends(rate, n_trials, level), "wilson")


def wilson_ends(rate: float, n_trials: float, level: float) -> tuple[float, float]:
    """Return the two ends of Wilson's interval."""
    return wilson_ends_at(rate, n_trials, _NORMAL.inv_cdf((1 + level) / 2))


def wilson_ends_at(rate: float, n_trials: float, z: float) -> tuple[float, float]:
    """Return the two ends of Wilson's interval that reaches z standard errors, where t's quantile may stand for z."""
    centre = rate + z * z / (2 * n_trials)
    half = z * math.sqrt(max(0.0, rate * (1 - rate)) / n_trials + z * z / (4 * n_trials**2))
    shrink = 1 + z * z / n_trials
    return max(0.0, (centre - half) / shrink), min(1.0, (centre + half) / shrink)


def clopper_pearson(n_successes: int, n_trials: int, level: float) -> Interval:
    """Exact interval of a rate, which covers at least as often as it says.

    Source: Clopper & Pearson 1934; example from Newcombe 1998.

    Example:
        >>> found = clopper_pearson(81, 263, 0.95)
        >>> round(found.low, 4), round(found.high, 4)
        (0.2527, 0.3676)
    """
    from scipy.special import betaincinv

    tail, n_failures = (1 - level) / 2, n_trials - n_successes
    low = float(betaincinv(n_successes, n_failures + 1, tail)) if n_successes else 0.0
    high = float(betaincinv(n_successes + 1, n_failures, 1 - tail)) if n_failures else 1.0
    return Interval(low, high, "clopper-pearson")


def fisher_z(correlation: float, n: int, level: float) -> Interval:
    """Interval of Pearson's correlation of independent, roughly normal rows, by Fisher's transformation.

    Source: Fisher 1921; example from Efron & Tibshirani 1993, law schools.

    Example:
        >>> found = fisher_z(0.77637, 15, 0.95)
        >>> round(found.low, 4), round(found.high, 4)
        (0.4385, 0.922)
    """
    if n < _MIN_FISHER:
        return no_interval(f"fewer than {_MIN_FISHER} rows")
    if abs(correlation) >= 1:
        return no_interval("the rows lie on a line")
    half = _NORMAL.inv_cdf((1 + level) / 2) / math.sqrt(n - 3)
    centre = math.atanh(correlation)
    return Interval(math.tanh(centre - half), math.tanh(centre + half), "fisher-z")


@dataclass(frozen=True, slots=True)
class Influence:
    """What leaving out one unit at a time says of a statistic.

    Attributes:
        acceleration: A sixth of the skewness of the units' influence; NaN when a value is undefined or all are alike.
        n: Units.
        n_free: Degrees of freedom of the doubt: at most n - 1, fewer where few units carry it.
        error: The jackknife's standard error; NaN as `acceleration`.
    """

    acceleration: float
    n: float = math.inf
    n_free: float = math.inf
    error: float = math.nan


def influence(left_out: FloatArray, multiplicity: FloatArray) -> Influence:
    """Return the jackknife's view of a statistic.

    The variance of a variance goes with the kurtosis: freedom is 2 n / (kurtosis - 1), which is n where the influence
    is normal (Satterthwaite's matching of moments).

    Args:
        left_out: The statistic without one unit of each kind, shape (n_kinds,).
        multiplicity: Units of each kind, shape (n_kinds,).

    Source: Efron & Tibshirani 1993, eq. 14.15 (acceleration) and 11.5 (error).
    """
    n = float(multiplicity.sum())
    away = np.average(left_out, weights=multiplicity) - left_out
    squares = float(multiplicity @ away**2)
    if not squares > 0:
        return Influence(math.nan, n, n - 1)
    excess = n * float(multiplicity @ away**4) / squares**2 - 1
    return Influence(
        acceleration=float(multiplicity @ away**3) / (6 * squares**1.5),
        n=n,
        n_free=min(n - 1, 2 * n / excess) if excess > 0 else n - 1,
        error=math.sqrt((n - 1) / n * squares),
    )


def acceleration(left_out: FloatArray, multiplicity: FloatArray) -> float:
    """Return `influence`'s acceleration alone, for the textbook's BCa."""
    return influence(left_out, multiplicity).acceleration


def jackknife_t(value: float, found: Influence, level: float) -> Interval:
    """Interval from the jackknife's error and Student's t with n - 1 degrees of freedom.

    Source: Tukey 1958; Efron & Tibshirani 1993, eq. 11.5.
    """
    if math.isnan(found.error):
        return no_interval("leaving out a unit changes nothing, or leaves nothing")
    half = student_t(level, found.n - 1) * found.error
    return Interval(value - half, value + half, "jackknife t")


def log_jackknife_t(value: float, found: Influence, level: float) -> Interval:
    """Interval of a positive quantity, as many times smaller as larger: the jackknife's of its logarithm.

    It reaches as far as `bootstrap_interval` before BCa shifts it.

    Source: Tukey 1958; Efron & Tibshirani 1993, eq. 11.5.

    Example:
        >>> found = log_jackknife_t(2.0, Influence(0.0, error=0.2), 0.95)
        >>> round(found.low, 4), round(found.high, 4), found.method
        (1.644, 2.433, 'jackknife t of the logarithm')
    """
    if not value > 0 or math.isnan(found.error):
        return no_interval("leaving out a unit changes nothing")
    times = math.exp(_reach(found, level) * found.error / value)
    return Interval(value / times, value * times, "jackknife t of the logarithm")


def percentile_interval(resampled: FloatArray, level: float) -> Interval:
    """Plain quantiles of a bootstrap distribution without undefined values.

    Source: Efron 1979.
    """
    low, high = np.quantile(resampled, ((1 - level) / 2, (1 + level) / 2))
    return Interval(float(low), float(high), "percentile")


def bootstrap_interval(value: float, resampled: FloatArray, found: Influence | float, level: float) -> Interval:
    """Bias-corrected and accelerated interval; percentile where its corrections are not finite.

    Args:
        value: The point estimate.
        resampled: The statistic of each resample, shape (n_resamples,); NaN is undefined.
        found: From `influence`; a bare acceleration gives the textbook's interval, without t's tails.
        level: Coverage.

    Returns:
        No interval when more than 5% of the resamples are undefined or when all give one value. Undefined
        resamples below that are left out and counted in the method.

    Source: Efron 1987; Efron & Tibshirani 1993, eq. 14.10 (ties count half in the bias correction); Hesterberg 2015,
    section 5.3 (tails widened from normal to t).
    """
    defined = resampled[~np.isnan(resampled)]
    n_undefined = len(resampled) - len(defined)
    if n_undefined > _MAX_UNDEFINED * len(resampled):
        return no_interval(f"{n_undefined / len(resampled):.0%} of resamples undefined")
    if np.ptp(defined) <= _SAME * max(1.0, abs(value)):
        return no_interval("every resample gives the same value")
    found = found if isinstance(found, Influence) else Influence(found)
    reach = _reach(found, level)
    tails = _bca_tails(value, defined, found.acceleration, reach)
    method = "percentile" if tails is None else "bca"
    low, high = np.quantile(defined, tails or (_NORMAL.cdf(-reach), _NORMAL.cdf(reach)))
    note = f", {n_undefined} of {len(resampled)} resamples undefined" if n_undefined else ""
    return Interval(float(low), float(high), method + note)


def student_t(level: float, n_free: float) -> float:
    """Return the t that encloses a share of Student's distribution, to a tenth of a percent and above 3 to 5 digits.

    Args:
        level: The share.
        n_free: Degrees of freedom, 1 or at least 2, whole or not.

    Loading scipy for this one number would take longer than most estimates.

    Source: Hill 1970, Algorithm 396.
    """
    if n_free == 1:
        return math.tan(math.pi * level / 2)
    tails = 1 - level
    a = 1 / (n_free - 0.5)
    b = 48 / a**2
    c = ((20700 * a / b - 98) * a - 16) * a + 96.36
    d = ((94.5 / (b + c) - 3) / b + 1) * math.sqrt(a * math.pi / 2) * n_free
    start = y = (d * tails) ** (2 / n_free)
    if y > 0.05 + a:
        x = _NORMAL.inv_cdf(tails / 2)
        y = x**2
        if n_free < 5:
            c += 0.3 * (n_free - 4.5) * (x + 0.6)
        c += (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b
        y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * x
        y = math.expm1(a * y**2)
    else:
        y = (1 / (((n_free + 6) / (n_free * y) - 0.089 * d - 0.822) * (n_free + 2) * 3) + 0.5 / (n_free + 4)) * y - 1
        y = y * (n_free + 1) / (n_free + 2) + 1 / start
    return math.sqrt(n_free * y)


def _reach(found: Influence, level: float) -> float:
    """Return how many standard errors the interval reaches on either side, before BCa shifts it."""
    if math.isinf(found.n):
        return _NORMAL.inv_cdf((1 + level) / 2)
    return math.sqrt(found.n / (found.n - 1)) * student_t(level, found.n_free)


def _bca_tails(value: float, defined: FloatArray, acceleration: float, reach: float) -> tuple[float, float] | None:
    """Return the two shares at which to read the distribution; None when a correction is not finite."""
    ties = np.abs(defined - value) <= _SAME * max(1.0, abs(value))
    share_below = float(np.mean((defined < value) & ~ties) + np.mean(ties) / 2)
    if not (0 < share_below < 1 and math.isfinite(acceleration)):
        return None
    bias = _NORMAL.inv_cdf(share_below)
    shifted = [bias - reach, bias + reach]
    if any(acceleration * shift >= 1 for shift in shifted):
        return None
    low, high = (_NORMAL.cdf(bias + shift / (1 - acceleration * shift)) for shift in shifted)
    return low, high
