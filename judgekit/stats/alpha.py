"""Krippendorff's alpha for any number of raters with missing ratings: 1 - observed / expected disagreement.

Each metric is written through moments, so that nothing grows with the square of the number of levels. Source of all
three: Krippendorff 2011, "Computing Krippendorff's alpha-reliability".
"""

from __future__ import annotations

import numpy as np

from judgekit.stats.patterns import Patterns, ratio, row_sums
from judgekit.stats.sample import FloatArray

_RESIDUE = 1e-12
"""Relative size below which a difference of moments is rounding of zero."""


def krippendorff_alpha_nominal(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Krippendorff's alpha with every two different levels equally far apart.

    Args:
        patterns: Distinct rows, each with at least two ratings on the declared levels.
        weights: Shape (n_resamples, n_patterns).

    Returns:
        Shape (n_resamples,).

    Undefined when: all ratings are one level.
    """
    tallies, ratings = patterns.tallies, patterns.n_ratings
    observed = weights @ ((ratings**2 - row_sums(tallies**2)) / (ratings - 1))
    margin = weights @ tallies
    n = row_sums(margin)
    return 1 - ratio((n - 1) * observed, n**2 - row_sums(margin**2))


def krippendorff_alpha_ordinal(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Krippendorff's alpha with levels as far apart as ratings lie between them, in each resample anew.

    The distance of two levels, ratings from one through the other less half of both, is the difference of their
    mid-ranks; so this is alpha interval on mid-ranks.
    """
    tallies, ratings = patterns.tallies, patterns.n_ratings
    margin = weights @ tallies
    n = row_sums(margin)
    ranks = np.cumsum(margin, axis=1) - margin / 2 - n[:, None] / 2
    squares = (weights * (ratings / (ratings - 1))) @ tallies
    sums = row_sums((weights / (ratings - 1)) * (ranks @ tallies.T) ** 2)
    observed = 2 * (row_sums(squares * ranks**2) - sums)
    expected = 2 * n * row_sums(margin * ranks**2)
    return 1 - ratio((n - 1) * observed, expected)


def krippendorff_alpha_interval(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Krippendorff's alpha with squared differences of the values; works without declared levels."""
    ratings = patterns.n_ratings
    values = patterns.values - np.nanmedian(patterns.values)
    means = np.nansum(values, axis=1) / ratings
    within = np.nansum((values - means[:, None]) ** 2, axis=1)
    observed = weights @ (2 * ratings * within / (ratings - 1))
    n = weights @ ratings
    squares = n * (weights @ np.nansum(values**2, axis=1))
    spread = squares - (weights @ np.nansum(values, axis=1)) ** 2
    return 1 - ratio((n - 1) * observed, 2 * np.where(spread > _RESIDUE * squares, spread, 0))
