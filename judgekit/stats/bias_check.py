"""Checks of a judge's own biases: towards length, towards a position, towards a format.

Each is an estimate beside the smallest effect that it would have shown four times in five: "no bias seen" means little
without it. Clumping on few levels is in `scale_use`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from judgekit.errors import InputError
from judgekit.stats.estimate import Estimate, UndefinedCode, undefined
from judgekit.stats.interval import clopper_pearson, rate_interval
from judgekit.stats.sample import BoolArray, FloatArray, IntArray
from judgekit.stats.sign_flip import sign_flip_p_value
from judgekit.stats.unit_sums import MIN_CLUSTERS_OF_RATE, MIN_UNITS, TOO_FEW_UNITS, n_units, sums_by_unit

_POWER = 0.8
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class BiasCheck:
    """One check.

    Attributes:
        estimate: How large the bias is.
        null: Its value without bias.
        detectable: Smallest distance from `null` that the check shows with 80% power, in the estimate's unit; None
            where nothing can be said, as without spread or with too few units.
        p_value: Two-sided, of no bias; None when the estimate is undefined or has no test.
    """

    estimate: Estimate
    null: float
    detectable: float | None
    p_value: float | None


@dataclass(frozen=True, slots=True)
class FormatBias:
    """What another format of the same content does to a judge's scores.

    Attributes:
        change: Mean score of the other format less that of the plain one, with the exact sign test's p-value.
        flipped: Share of contents whose score changed at all.
    """

    change: BiasCheck
    flipped: Estimate


def length_bias(
    judge: npt.ArrayLike,
    human: npt.ArrayLike,
    lengths: npt.ArrayLike,
    *,
    units: IntArray | None = None,
    level: float = 0.95,
) -> BiasCheck:
    """Slope of judge minus human on log2 length: points of the scale that the judge adds for each doubling.

    People may rightly prefer longer answers; only what the judge adds beyond them is bias. (Standardising the log
    lengths, as is usual for the fit, does not change the slope per doubling.)

    Args:
        judge: Shape (n_rows,); NaN is missing.
        human: Shape (n_rows,); NaN is missing.
        lengths: Positive, in any unit, shape (n_rows,).
        units: The independent unit of each row, shape (n_rows,); None: each row is its own.
        level: Coverage of the interval, by the cluster-robust standard error and t with n_units - 1 df.

    Undefined when: fewer than three rows have both scores, or all lengths are the same.

    Raises:
        InputError: Shapes that do not fit, or a length that is not positive.

    Source: Liang & Zeger 1986 (sandwich), with the small-sample factor C / (C - 1) x (n - 1) / (n - 2) of Stata and
        statsmodels; the design in Dubois et al. 2024 (arXiv 2404.04475).
    """
    residual, is_used = _difference(judge, human)
    sizes = np.asarray(lengths, dtype=np.float64)
    if sizes.shape != is_used.shape:
        raise InputError(f"lengths of shape {sizes.shape} for {len(is_used)} rows", hint="Give each row one length")
    for place in np.flatnonzero(~(sizes > 0) & is_used)[:1]:
        raise InputError(f"length {sizes[place]:g} is not positive", where=f"row {place + 1}", hint="Leave the row out")
    x, y = np.log2(sizes[is_used]), residual[is_used]
    kept = _kept(units, is_used)
    dropped = _missing(is_used)
    n, spread = len(x), float(((x - x.mean()) ** 2).sum()) if len(x) else 0.0
    if n < 3 or spread <= 1e-12 * n:
        code: UndefinedCode = "too_few" if n < 3 else "constant"
        words = f"a slope needs three rows (n={n})" if n < 3 else f"every length is {sizes[is_used][0]:g} (n={n})"
        return _no_check(undefined(code, words, n=n, n_clusters=n_units(kept, n), level=level, dropped=dropped), 0.0)
    x = x - x.mean()
    slope = float(x @ y) / spread
    pulls = x * (y - y.mean() - slope * x)
    of_units = sums_by_unit(pulls[:, None], np.arange(n) if kept is None else kept)[:, 0]
    n_clusters = len(of_units)
    factor = n_clusters / max(n_clusters - 1, 1) * (n - 1) / (n - 2)
    error = math.sqrt(factor * float(of_units @ of_units)) / spread
    bare = Estimate(slope, None, None, level, n, n_clusters, "", dropped=dropped)
    return _by_t(bare, error)


def position_bias(
    forward: npt.ArrayLike, swapped: npt.ArrayLike, *, units: IntArray | None = None, level: float = 0.95
) -> BiasCheck:
    """Share of the pairs with inconsistent verdicts in which the judge leaned to the first slot; .5 without bias.

    Args:
        forward: The slot chosen in the pair's own order: 1 first, -1 second, 0 tie, NaN no verdict; shape (n_pairs,).
        swapped: The same with the two exchanged. Opposite slots are one winner: consistent.
        units: The independent unit of each pair, shape (n_pairs,); None: each pair is its own.
        level: Coverage of the interval: Clopper-Pearson; over units where pairs share one, cluster t.

    Returns:
        With the exact binomial p-value, over units the exact sign-flip's.

    Undefined when: every pair is consistent.

    Raises:
        InputError: A slot that is none of those, or shapes that do not fit.

    Source: Shi et al. 2024 (arXiv 2406.07791); Clopper & Pearson 1934.
    """
    first, second = np.asarray(forward, dtype=np.float64), np.asarray(swapped, dtype=np.float64)
    _, is_used = _difference(first, second)
    for slot in np.concatenate([first[is_used], second[is_used]]):
        if slot not in (-1, 0, 1):
            raise InputError(f"slot {slot:g}", hint="Give 1 for the first slot, -1 for the second, 0 for a tie")
    lean = np.sign(first + second)
    is_inconsistent = is_used & (np.where(is_used, lean, 0) != 0)
    n_consistent = int(is_used.sum() - is_inconsistent.sum())
    dropped = _missing(is_used) | ({"consistent": n_consistent} if n_consistent else {})
    lean, kept = lean[is_inconsistent], _kept(units, is_inconsistent)
    n, n_clusters = len(lean), n_units(kept, len(lean))
    if not n:
        words = f"none of {n_consistent} pairs has inconsistent verdicts"
        return _no_check(undefined("empty_denominator", words, level=level, dropped=dropped), 0.5)
    bare = Estimate(float((lean > 0).mean()), None, None, level, n, n_clusters, "", dropped=dropped)
    return _exact_share(bare) if n_clusters == n else _clustered_share(bare, lean, np.asarray(kept))


def format_bias(
    plain: npt.ArrayLike, other: npt.ArrayLike, *, units: IntArray | None = None, level: float = 0.95
) -> FormatBias:
    """What another format, language or name on the same content does to a judge's scores.

    Args:
        plain: The judge's score of each content as it was, shape (n_contents,); NaN is missing.
        other: Its score of the same content in the other format.
        units: The independent unit of each content, shape (n_contents,); None: each content is its own.
        level: Coverage: of the mean change by t over units, of the share flipped as of a rate, over units by t.

    Undefined when: no content has both scores.

    Raises:
        InputError: Shapes that do not fit.

    Source: exact sign test by Dixon & Mood 1946, over units on the sign of each unit's summed change.
    """
    change, is_used = _difference(other, plain)
    change, kept = change[is_used], _kept(units, is_used)
    dropped, n = _missing(is_used), int(is_used.sum())
    if not n:
        refused = undefined("no_data", "no content has both scores", level=level, dropped=dropped)
        return FormatBias(_no_check(refused, 0.0), refused)
    unit_of_row = np.arange(n) if kept is None else kept
    n_clusters = n_units(kept, n)
    bare = Estimate(float(change.mean()), None, None, level, n, n_clusters, "", dropped=dropped)
    found = _by_t(bare, _error_of_mean(change, unit_of_row))
    signs = np.sign(np.round(sums_by_unit(change[:, None], unit_of_row)[:, 0], 9))
    found = replace(found, p_value=_exact_p_value(int((signs > 0).sum()), int((signs != 0).sum())))
    return FormatBias(found, _flipped(change != 0, unit_of_row, bare))


def _flipped(is_flipped: BoolArray, unit_of_row: IntArray, bare: Estimate) -> Estimate:
    share = replace(bare, value=float(is_flipped.mean()))
    if share.n_clusters == share.n:
        rate = rate_interval(float(is_flipped.mean()), share.n, share.level)
        return replace(share, low=rate.low, high=rate.high, method=rate.method)
    return _rate_by_t(share, _error_of_mean(is_flipped.astype(np.float64), unit_of_row), null=0.0).estimate


def _exact_share(bare: Estimate) -> BiasCheck:
    """Add Clopper-Pearson's interval, the exact binomial p-value, and what it could have shown."""
    n, n_first = bare.n, round((bare.value or 0.0) * bare.n)
    found = clopper_pearson(n_first, n, bare.level)
    estimate = replace(bare, low=found.low, high=found.high, method=found.method)
    return BiasCheck(estimate, 0.5, _detectable_share(n, bare.level), _exact_p_value(n_first, n))


def _detectable_share(n: int, level: float) -> float | None:
    """Return how far from one half a share must be for the exact test to show it; None if no outcome would."""
    from scipy.special import betaincinv

    critical = next((k for k in range(n // 2 + 1, n + 1) if _exact_p_value(k, n) <= 1 - level), None)
    # P(X >= k; p) is the regularised incomplete beta function I_p(k, n - k + 1): its inverse gives the p of that power.
    return None if critical is None else float(betaincinv(critical, n - critical + 1, _POWER)) - 0.5


def _clustered_share(bare: Estimate, lean: FloatArray, units: IntArray) -> BiasCheck:
    found = _rate_by_t(bare, _error_of_mean((lean > 0).astype(np.float64), units), null=0.5)
    sums = sums_by_unit(lean[:, None], units)[:, 0]
    p_value = min(1.0, 2 * min(sign_flip_p_value(sums), sign_flip_p_value(-sums)))
    return replace(found, p_value=p_value)


def _exact_p_value(n_up: int, n: int) -> float:
    """Two-sided binomial p-value of one half."""
    from scipy.special import bdtr

    return min(1.0, 2 * float(bdtr(min(n_up, n - n_up), n, 0.5))) if n else 1.0


def _by_t(bare: Estimate, error: float, null: float = 0.0) -> BiasCheck:
    """Add the interval by t with n_clusters - 1 df, its test, and what it could have shown."""
    from scipy.special import stdtr, stdtrit

    if bare.n_clusters < MIN_UNITS:
        return BiasCheck(replace(bare, method=f"none: {TOO_FEW_UNITS}"), null, None, None)
    if error <= 1e-12:
        return BiasCheck(replace(bare, method="none: no spread between units"), null, None, None)
    value, df = bare.value or 0.0, bare.n_clusters - 1
    reach = float(stdtrit(df, (1 + bare.level) / 2))
    method = "t" if bare.n_clusters == bare.n else "cluster t"
    estimate = replace(bare, low=value - reach * error, high=value + reach * error, method=method)
    detectable = (reach + _NORMAL.inv_cdf(_POWER)) * error
    return BiasCheck(estimate, null, detectable, float(2 * stdtr(df, -abs(value - null) / error)))


def _error_of_mean(values: FloatArray, units: IntArray) -> float:
    """Return the cluster-robust standard error of a mean.

    Source: Miller 2024 (arXiv 2411.00640), eq. 4, times sqrt(C / (C - 1)).
    """
    sums = sums_by_unit((values - values.mean())[:, None], units)[:, 0]
    return math.sqrt(float(sums @ sums) * len(sums) / max(len(sums) - 1, 1)) / len(values)


def _rate_by_t(bare: Estimate, error: float, null: float) -> BiasCheck:
    """Do as `_by_t` for a clustered rate: at least 30 clusters, and ends between 0 and 1."""
    if bare.n_clusters < MIN_CLUSTERS_OF_RATE:
        why = f"none: fewer than {MIN_CLUSTERS_OF_RATE} clusters for a rate"
        return BiasCheck(replace(bare, method=why), null, None, None)
    found = _by_t(bare, error, null)
    low, high = found.estimate.low, found.estimate.high
    if low is None or high is None:
        return found
    return replace(found, estimate=replace(found.estimate, low=max(0.0, low), high=min(1.0, high)))


def _difference(left: npt.ArrayLike, right: npt.ArrayLike) -> tuple[FloatArray, BoolArray]:
    """Return left minus right, and where both are there."""
    first, second = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if first.ndim != 1 or first.shape != second.shape:
        raise InputError(
            f"scores of shape {first.shape} beside scores of shape {second.shape}", hint="Give each row one of both"
        )
    difference = first - second
    return difference, ~np.isnan(difference)


def _missing(is_used: BoolArray) -> dict[str, int]:
    n_short = int((~is_used).sum())
    return {"missing": n_short} if n_short else {}


def _kept(units: IntArray | None, is_used: BoolArray) -> IntArray | None:
    return None if units is None else np.asarray(units)[is_used]


def _no_check(refused: Estimate, null: float) -> BiasCheck:
    return BiasCheck(refused, null, None, None)
