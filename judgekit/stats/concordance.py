"""Concordance: Kendall's W of several raters' rankings, and Lin's coefficient of two columns of numbers."""

from __future__ import annotations

import numpy as np

from judgekit.stats.agreement import no_variation
from judgekit.stats.estimate import UndefinedCode
from judgekit.stats.patterns import Patterns, ratio, row_sums
from judgekit.stats.sample import FloatArray


def kendall_w(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Kendall's W: how alike the raters rank the rows, 0 to 1, corrected for ties; levels themselves do not count.

    Args:
        patterns: Distinct complete rows by rater.
        weights: Shape (n_resamples, n_patterns).

    Returns:
        Shape (n_resamples,).

    Undefined when: every rater is constant.

    Source: Kendall & Babington Smith 1939; m (n - 1) W is Friedman's chi-square.
    """
    n_raters, n = patterns.values.shape[1], row_sums(weights)
    ranks, ties = np.zeros(weights.shape), np.zeros(len(weights))
    for column in range(n_raters):
        margin = patterns.value_weights(weights, column)
        middle = np.cumsum(margin, axis=1) - margin / 2 - n[:, None] / 2
        ranks += middle[:, patterns.value_places(column)]
        ties += row_sums(margin**3 - margin)
    most = n_raters * (n**3 - n) - ties
    return ratio(12 * row_sums(weights * ranks**2), n_raters * most)


def unranked(patterns: Patterns) -> tuple[UndefinedCode, str]:
    """Say that no rater tells any two rows apart."""
    if np.ptp(patterns.values) == 0:
        return no_variation(patterns)
    return "constant", f"every rater gives one rating throughout (n={patterns.n})"


def lin_ccc(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Lin's concordance: correlation about the line of equality, so that an offset and a stretch both count.

    Undefined when: both columns are one and the same constant.

    Source: Lin 1989, with moments over n.
    """
    values = patterns.values - np.median(patterns.values)
    x, y = values.T
    n, sum_x, sum_y, squares, sum_xy = (weights @ np.stack([x**0, x, y, x * x + y * y, x * y], axis=1)).T
    covariance = n * sum_xy - sum_x * sum_y
    # n times the sum of both variances and of the squared offset; the squares of the sums cancel out of it.
    apart = n * squares - 2 * sum_x * sum_y
    is_apart = apart > _RESIDUE * n * squares
    return np.clip(ratio(2 * covariance, np.where(is_apart, apart, 0)), -1, 1)


_RESIDUE = 1e-12
"""Relative size below which a difference of moments is rounding of zero."""
