"""How far two columns of numbers lie apart, in the scale's own units."""

from __future__ import annotations

import numpy as np

from judgekit.stats.patterns import Patterns, ratio, row_sums
from judgekit.stats.sample import FloatArray


def mae(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Mean absolute difference.

    Args:
        patterns: Distinct rows of two columns.
        weights: Shape (n_resamples, n_patterns).

    Returns:
        Shape (n_resamples,), in units of the scale.
    """
    return ratio(weights @ np.abs(_difference(patterns)), row_sums(weights))


def rmse(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Root of the mean squared difference, in units of the scale."""
    return np.sqrt(ratio(weights @ _difference(patterns) ** 2, row_sums(weights)))


def bias(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Mean of column 0 less column 1: judge minus reference, or candidate minus baseline.

    Source: Bland & Altman 1986.
    """
    return ratio(weights @ _difference(patterns), row_sums(weights))


def _difference(patterns: Patterns) -> FloatArray:
    return patterns.values[:, 0] - patterns.values[:, 1]
