"""Intraclass correlations: six forms, from the mean squares of a complete rows x raters table, and their F intervals.

The letter after `icc_` says what a rater's offset does: 1, raters are not told apart; a, it counts against agreement;
c, it is taken away. The last sign says of what: 1, one rater; k, the mean of all k raters. An offset that c forgives
is a judge's bias, so a1 is the one for a judge against a human. Negative values are legal and are not cut off.

Source: Shrout & Fleiss 1979; McGraw & Wong 1996.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from judgekit.stats.agreement import no_variation
from judgekit.stats.estimate import UndefinedCode
from judgekit.stats.interval import Interval, no_interval
from judgekit.stats.patterns import Patterns, ratio, row_sums
from judgekit.stats.sample import FloatArray

Form = Literal["1", "a1", "c1", "1k", "ak", "ck"]
_RESIDUE = 1e-12
"""Share of the whole sum of squares below which a part of it is rounding of zero."""


def icc_1(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """ICC(1): of one rating, where each row may have other raters.

    Args:
        patterns: Distinct complete rows by rater.
        weights: Shape (n_resamples, n_patterns).

    Returns:
        Shape (n_resamples,).

    Undefined when: the rows' means do not differ, in those forms that divide by it; or all ratings are the same.
    """
    mean = mean_squares(patterns, weights)
    return ratio(mean.rows - mean.within, mean.rows + (mean.n_raters - 1) * mean.within)


def icc_a1(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """ICC(A,1): absolute agreement of one rater with the others."""
    mean = mean_squares(patterns, weights)
    offset = mean.n_raters * (mean.raters - mean.residual) / mean.n
    return ratio(mean.rows - mean.residual, mean.rows + (mean.n_raters - 1) * mean.residual + offset)


def icc_c1(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """ICC(C,1): consistency of one rater with the others, offsets forgiven."""
    mean = mean_squares(patterns, weights)
    return ratio(mean.rows - mean.residual, mean.rows + (mean.n_raters - 1) * mean.residual)


def icc_1k(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """ICC(1,k): of the mean of k ratings, where each row may have other raters."""
    mean = mean_squares(patterns, weights)
    return ratio(mean.rows - mean.within, mean.rows)


def icc_ak(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """ICC(A,k): absolute agreement of the mean of the k raters."""
    mean = mean_squares(patterns, weights)
    return ratio(mean.rows - mean.residual, mean.rows + (mean.raters - mean.residual) / mean.n)


def icc_ck(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """ICC(C,k): consistency of the mean of the k raters; Cronbach's alpha."""
    mean = mean_squares(patterns, weights)
    return ratio(mean.rows - mean.residual, mean.rows)


def rows_alike(patterns: Patterns) -> tuple[UndefinedCode, str]:
    """Say that nothing differs, or that the rows' means do not."""
    if np.ptp(patterns.values) == 0:
        return no_variation(patterns)
    return "empty_denominator", f"the rows' means do not differ (n={patterns.n})"


@dataclass(frozen=True, slots=True)
class MeanSquares:
    """Mean squares of a two-way table, each of shape (n_resamples,)."""

    rows: FloatArray
    within: FloatArray
    raters: FloatArray
    residual: FloatArray
    n: FloatArray
    n_raters: int


def mean_squares(patterns: Patterns, weights: FloatArray) -> MeanSquares:
    """Return the mean squares between rows, within rows, between raters, and of what is left.

    Args:
        patterns: Distinct complete rows by rater.
        weights: Shape (n_resamples, n_patterns).
    """
    n_raters = patterns.values.shape[1]
    values = patterns.values - np.mean(patterns.values)
    n, means = row_sums(weights), values.mean(axis=1)
    centre = ratio(weights @ means, n)
    all_squares = weights @ row_sums(values**2) - n_raters * n * centre**2
    between_rows = n_raters * (weights @ means**2 - n * centre**2)
    columns = (weights @ values) / n[:, None]
    between_raters = n * row_sums((columns - centre[:, None]) ** 2)

    def mean(squares: FloatArray, n_free: FloatArray) -> FloatArray:
        return ratio(np.where(squares > _RESIDUE * all_squares, squares, 0.0), n_free)

    within = all_squares - between_rows
    return MeanSquares(
        rows=mean(between_rows, n - 1),
        within=mean(within, n * (n_raters - 1)),
        raters=mean(between_raters, np.full(len(n), n_raters - 1.0)),
        residual=mean(within - between_raters, (n - 1) * (n_raters - 1)),
        n=n,
        n_raters=n_raters,
    )


def f_interval(patterns: Patterns, value: float, level: float, *, form: Form) -> Interval:
    """F interval of one of the six forms, where each row is its own unit; of the a forms with Satterthwaite's freedom.

    Args:
        patterns: Distinct complete rows by rater.
        value: The point estimate; 1 leaves nothing to judge its doubt by.
        level: Coverage.
        form: What comes after `icc_`.
    """
    mean = _one(mean_squares(patterns, patterns.counts[None, :]))
    noise = mean.within if form in ("1", "1k") else mean.residual
    if noise == 0 or value == 1:
        return no_interval("the ratings leave no residual to judge the doubt by")
    if form in ("a1", "ak"):
        single = _absolute(mean, level)
    else:
        n_free = mean.n * (mean.n_raters - 1) if form in ("1", "1k") else (mean.n - 1) * (mean.n_raters - 1)
        single = _by_ratio(mean.rows / noise, mean.n - 1, n_free, n_raters=mean.n_raters, level=level)
    if not form.endswith("k"):
        return Interval(*single, "f")
    if 1 + (mean.n_raters - 1) * single[0] <= 0:
        return no_interval("raters who contradict each other leave the reliability of their mean no lower end")
    # Spearman-Brown: from one rater's to that of the mean of all.
    low, high = (mean.n_raters * end / (1 + (mean.n_raters - 1) * end) for end in single)
    return Interval(low, high, "f")


@dataclass(frozen=True, slots=True)
class _Table:
    """The mean squares of the sample itself."""

    rows: float
    within: float
    raters: float
    residual: float
    n: float
    n_raters: int


def _one(mean: MeanSquares) -> _Table:
    return _Table(
        rows=float(mean.rows[0]),
        within=float(mean.within[0]),
        raters=float(mean.raters[0]),
        residual=float(mean.residual[0]),
        n=float(mean.n[0]),
        n_raters=mean.n_raters,
    )


def _by_ratio(
    ratio_of_squares: float, n_free: float, n_free_noise: float, *, n_raters: int, level: float
) -> tuple[float, float]:
    low = ratio_of_squares / _f_quantile(level, n_free, n_free_noise)
    high = ratio_of_squares * _f_quantile(level, n_free_noise, n_free)
    return (low - 1) / (low + n_raters - 1), (high - 1) / (high + n_raters - 1)


def _absolute(mean: _Table, level: float) -> tuple[float, float]:
    """McGraw & Wong 1996, table 7, case 2A: the freedom is that of a sum of two mean squares."""
    n, k = mean.n, mean.n_raters
    offset = k * (mean.raters - mean.residual) / n
    icc = (mean.rows - mean.residual) / (mean.rows + (k - 1) * mean.residual + offset)
    of_raters = k * icc / (n * (1 - icc)) * mean.raters
    of_residual = (1 + k * icc * (n - 1) / (n * (1 - icc))) * mean.residual
    n_free = (of_raters + of_residual) ** 2 / (of_raters**2 / (k - 1) + of_residual**2 / ((n - 1) * (k - 1)))
    noise = k * mean.raters + (k * n - k - n) * mean.residual
    upper, lower = _f_quantile(level, n - 1, n_free), _f_quantile(level, n_free, n - 1)
    low = n * (mean.rows - upper * mean.residual) / (upper * noise + n * mean.rows)
    high = n * (lower * mean.rows - mean.residual) / (noise + n * lower * mean.rows)
    return low, high


def _f_quantile(level: float, n_free: float, n_free_noise: float) -> float:
    from scipy.special import fdtri

    return float(fdtri(n_free, n_free_noise, (1 + level) / 2))
