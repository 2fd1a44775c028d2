"""Intraclass correlations: six forms, from the mean squares of a complete rows x raters table, and their F intervals.

The letter after `icc_` says what a rater's offset does: 1, raters are not told apart; a, it counts against agreement;
c, it is taken away. The last sign says of what: 1, one rater; k, the mean of all k raters. An offset that c forgives
is a judge's bias, so a1 is the one for a judge against a human. Negative values are legal and are not cut off.

Source: Shrout & Fleiss 1979; McGraw & Wong 1996.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from judgekit.stats.agreement import no_variation
from judgekit.stats.estimate import UndefinedCode
from judgekit.stats.interval import Interval, no_interval
from judgekit.stats.patterns import Patterns, ratio, row_sums
from judgekit.stats.sample import FloatArray

_RESIDUE = 1e-12
"""Share of the whole sum of squares below which a part of it is rounding of zero."""


def icc_1(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """ICC(1): of one rating, where each row may have other raters.

    Args:
        patterns: Distinct complete rows by rater.
        weights: Shape (n_resamples, n_patterns).

    Returns:
        Shape (n_resamples,).

    Undefined when: a rating is missing, or all are the same.
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


def incomplete_or_alike(patterns: Patterns) -> tuple[UndefinedCode, str]:
    """Say that ratings are missing, or that nothing, or only the raters' offsets, differs."""
    n_short = int(patterns.counts[patterns.n_ratings < patterns.values.shape[1]].sum())
    if n_short:
        return "missing_ratings", f"{n_short} rows lack a rating, and the table must be complete (n={patterns.n})"
    if np.ptp(patterns.values) == 0:
        return no_variation(patterns)
    return "empty_denominator", f"the rows' means do not differ (n={patterns.n})"


@dataclass(frozen=True, slots=True)
class MeanSquares:
    """Mean squares of a two-way table, each of shape (n_resamples,); NaN where a rating is missing."""

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


def icc_1_interval(patterns: Patterns, _value: float, level: float) -> Interval:
    """F interval of ICC(1)."""
    return _one_way(patterns, level, is_mean=False)


def icc_a1_interval(patterns: Patterns, value: float, level: float) -> Interval:
    """F interval of ICC(A,1), with Satterthwaite's degrees of freedom."""
    del value
    return _absolute(patterns, level, is_mean=False)


def icc_c1_interval(patterns: Patterns, _value: float, level: float) -> Interval:
    """F interval of ICC(C,1)."""
    return _consistent(patterns, level, is_mean=False)


def icc_1k_interval(patterns: Patterns, _value: float, level: float) -> Interval:
    """F interval of ICC(1,k)."""
    return _one_way(patterns, level, is_mean=True)


def icc_ak_interval(patterns: Patterns, _value: float, level: float) -> Interval:
    """F interval of ICC(A,k), with Satterthwaite's degrees of freedom."""
    return _absolute(patterns, level, is_mean=True)


def icc_ck_interval(patterns: Patterns, _value: float, level: float) -> Interval:
    """F interval of ICC(C,k)."""
    return _consistent(patterns, level, is_mean=True)
