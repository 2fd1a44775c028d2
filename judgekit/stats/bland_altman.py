"""Limits of agreement: between which two numbers judge minus human lies, 95 times in 100."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from judgekit.errors import InputError
from judgekit.stats.estimate import Estimate, undefined
from judgekit.stats.interval import student_t
from judgekit.stats.sample import FloatArray, IntArray
from judgekit.stats.unit_sums import MIN_UNITS, TOO_FEW_UNITS, Otherwise, Resampling, estimates_of_sums, n_units

_REACH = NormalDist().inv_cdf(0.975)
_N_MIN = 3


@dataclass(frozen=True, slots=True)
class LimitsOfAgreement:
    """Mean difference, and the limits that hold 95% of normal differences.

    Attributes:
        bias: Mean of left less right.
        low_limit: Bias less 1.96 standard deviations.
        high_limit: Bias plus 1.96 standard deviations.
    """

    bias: Estimate
    low_limit: Estimate
    high_limit: Estimate


def limits_of_agreement(
    left: npt.ArrayLike,
    right: npt.ArrayLike,
    *,
    units: IntArray | None = None,
    rng: np.random.Generator,
    level: float = 0.95,
    n_resamples: int = 2000,
) -> LimitsOfAgreement:
    """Say how far single differences reach, in units of the scale.

    Args:
        left: The judge, shape (n_rows,); NaN is missing.
        right: The reference, shape (n_rows,); NaN is missing.
        units: The independent unit of each row, shape (n_rows,); None: each row is its own.
        rng: Source of the resamples.
        level: Coverage of the intervals: Student's t where each row is its own unit, else BCa over units.
        n_resamples: Bootstrap resamples.

    Undefined when: fewer than three rows have both.

    Raises:
        InputError: Shapes that do not fit.

    Source: Bland & Altman 1986; standard error of a limit: their appendix, about sqrt(3 s^2 / n).

    Example:
        Their 17 peak flow readings by two meters: mean -2.1, limits of 1.96 standard deviations -78 and 74:

        >>> large = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
        >>> mini = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]
        >>> found = limits_of_agreement(large, mini, rng=np.random.default_rng(1))
        >>> [round(each.value, 1) for each in (found.bias, found.low_limit, found.high_limit)]
        [-2.1, -78.1, 73.9]
    """
    first, second = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if first.ndim != 1 or first.shape != second.shape:
        raise InputError(f"shapes {first.shape} and {second.shape}", hint="Give each row one number of both")
    difference = first - second
    is_used = ~np.isnan(difference)
    n_short = int((~is_used).sum())
    dropped = {"missing": n_short} if n_short else {}
    given = difference[is_used]
    kept = None if units is None else np.asarray(units)[is_used]
    if len(given) < _N_MIN:
        words = f"limits of agreement need {_N_MIN} rows (n={len(given)})"
        refused = undefined("too_few", words, n=len(given), n_clusters=n_units(kept, len(given)), level=level,
                            dropped=dropped)  # fmt: skip
        return LimitsOfAgreement(refused, refused, refused)
    if n_units(kept, len(given)) == len(given):
        return _by_t(given, level, dropped)
    sums = np.stack([np.ones(len(given)), given, given**2], axis=1)
    otherwise = Otherwise("too_few", f"limits of agreement need {_N_MIN} rows", dropped)
    found = estimates_of_sums(_limits, sums, kept, resampling=Resampling(rng, level, n_resamples), otherwise=otherwise)
    return LimitsOfAgreement(*found)


def _by_t(given: FloatArray, level: float, dropped: dict[str, int]) -> LimitsOfAgreement:
    n, bias, spread = len(given), float(given.mean()), float(given.std(ddof=1))
    errors = (spread / math.sqrt(n), *(spread * math.sqrt(3 / n),) * 2)
    values = (bias, bias - _REACH * spread, bias + _REACH * spread)
    estimates = []
    for value, error in zip(values, errors, strict=True):
        half = student_t(level, n - 1) * error
        why = TOO_FEW_UNITS if n < MIN_UNITS else "no difference differs from another" if error == 0 else None
        low, high = (None, None) if why else (value - half, value + half)
        estimates.append(Estimate(value, low, high, level, n, n, f"none: {why}" if why else "t", dropped=dropped))
    return LimitsOfAgreement(*estimates)


def _limits(sums: FloatArray) -> FloatArray:
    """Return bias and both limits of every resample, from its rows, its sum and its sum of squares."""
    n = sums[:, 0]
    has_spread = n >= 2
    size = np.where(has_spread, n, np.nan)
    bias = sums[:, 1] / size
    spread = np.sqrt(np.maximum(sums[:, 2] - size * bias**2, 0) / (size - 1))
    return np.stack([bias, bias - _REACH * spread, bias + _REACH * spread], axis=1)
