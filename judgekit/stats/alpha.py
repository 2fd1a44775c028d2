"""Krippendorff's alpha for any number of raters with missing ratings: 1 - observed / expected disagreement.

All but the ratio metric are written through moments, so that nothing grows with the square of the number of levels.
Source of all four: Krippendorff 2011, "Computing Krippendorff's alpha-reliability".
"""

from __future__ import annotations

import numpy as np

from judgekit.stats.agreement import no_variation
from judgekit.stats.chance import Weighting, closeness
from judgekit.stats.estimate import UndefinedCode
from judgekit.stats.patterns import Patterns, ratio, row_sums
from judgekit.stats.sample import FloatArray

_BLOCK = 2_000
"""Distinct values compared with all others at a time (a table of 32 MB)."""
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


def krippendorff_alpha_ratio(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Krippendorff's alpha with distances ((a - b) / (a + b)) ** 2, for ratings with a true zero.

    Undefined when: all ratings are one value, or one is negative.
    """
    if np.nanmin(patterns.values) < 0:
        return np.full(len(weights), np.nan)
    columns = patterns.values.T
    within = sum(np.nan_to_num(_ratio_distance(one, other)) for one in columns for other in columns)
    observed = weights @ (within / (patterns.n_ratings - 1))
    values, margin = _margin(patterns, weights)
    expected = np.zeros(len(weights))
    for start in range(0, len(values), _BLOCK):
        block = slice(start, start + _BLOCK)
        expected += row_sums((margin[:, block] @ _ratio_distance(values[block, None], values)) * margin)
    return 1 - ratio((row_sums(margin) - 1) * observed, expected)


def weighted_alpha(patterns: Patterns, weights: FloatArray, *, weighting: Weighting) -> FloatArray:
    """Krippendorff's alpha with agreement weights between the declared levels instead of his own distances.

    Gwet's `ordinal` weights give another number than Krippendorff's ordinal metric.

    Source: Gwet 2014, chapter 3.
    """
    tallies, ratings = patterns.tallies, patterns.n_ratings
    distance = 1 - closeness(patterns.levels, weighting)
    observed = weights @ (row_sums((tallies @ distance) * tallies) / (ratings - 1))
    margin = weights @ tallies
    return 1 - ratio((row_sums(margin) - 1) * observed, row_sums((margin @ distance) * margin))


def no_ratio(patterns: Patterns) -> tuple[UndefinedCode, str]:
    """Say that a rating is negative, or that all are one."""
    least = np.nanmin(patterns.values)
    if least < 0:
        return "not_for_this_scale", f"ratios need a true zero, and a rating is {least:g} (n={patterns.n})"
    return no_variation(patterns)


def _margin(patterns: Patterns, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the distinct values and how often each occurs, shapes (n_values,) and (n_resamples, n_values)."""
    is_rating = ~np.isnan(patterns.values)
    values, places = np.unique(patterns.values[is_rating], return_inverse=True)
    pattern_of_rating = np.nonzero(is_rating)[0]
    order = np.argsort(places, kind="stable")
    starts = np.flatnonzero(np.diff(places[order], prepend=-1))
    return values, np.add.reduceat(weights[:, pattern_of_rating[order]], starts, axis=1)


def _ratio_distance(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return the squared ratio of difference and sum; 0 where both are 0, NaN where one is missing."""
    together = one + other
    ratios = np.divide(one - other, together, out=np.where(np.isnan(together), np.nan, 0.0), where=together > 0)
    return ratios**2
