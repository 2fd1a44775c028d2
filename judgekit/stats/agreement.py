"""Agreement of raters: percent agreement and Cohen's kappa. Krippendorff's alpha is next door."""

from __future__ import annotations

import numpy as np

from judgekit.stats.estimate import UndefinedCode
from judgekit.stats.patterns import Patterns, ratio, row_sums
from judgekit.stats.sample import FloatArray


def percent_agreement(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Share of pairs of raters who agree exactly, averaged over rows; missing ratings allowed.

    Args:
        patterns: Distinct rows, any number of raters.
        weights: Shape (n_resamples, n_patterns).

    Returns:
        Shape (n_resamples,).
    """
    values = patterns.values
    pairs_alike = sum(row_sums(values[:, [place]] == values[:, place + 1 :]) for place in range(values.shape[1]))
    pairs = patterns.n_ratings * (patterns.n_ratings - 1) / 2
    return ratio(weights @ (pairs_alike / pairs), row_sums(weights))


def within_one_agreement(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Share of rows on which two raters chose the same or neighbouring levels of the declared scale."""
    is_close = np.abs(patterns.codes[:, 0] - patterns.codes[:, 1]) <= 1
    return ratio(weights @ is_close, row_sums(weights))


def cohen_kappa(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Cohen's kappa: agreement on the same level beyond what the two raters' margins give by chance.

    Undefined when: both raters give one and the same level throughout.

    Source: Cohen 1960.
    """
    return _kappa(patterns, weights, 0, patterns.levels[None, :])


def cohen_kappa_linear(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Cohen's kappa with disagreement growing as the distance of the declared levels' values.

    Source: Cohen 1968.
    """
    return _kappa(patterns, weights, 1, patterns.levels[None, :])


def cohen_kappa_quadratic(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Cohen's kappa with disagreement growing as the squared distance of the declared levels' values.

    Source: Cohen 1968; Fleiss & Cohen 1973.
    """
    return _kappa(patterns, weights, 2, patterns.levels[None, :])


def cohen_kappa_linear_observed(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Linear kappa as other packages give it by default: levels that occur, numbered 0, 1, 2, ..."""
    return _kappa(patterns, weights, 1, _observed_places(patterns, weights))


def cohen_kappa_quadratic_observed(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Quadratic kappa as other packages give it by default: levels that occur, numbered 0, 1, 2, ..."""
    return _kappa(patterns, weights, 2, _observed_places(patterns, weights))


def no_variation(patterns: Patterns) -> tuple[UndefinedCode, str]:
    """Say that everybody gave one and the same answer."""
    answer = np.nanmin(patterns.values)
    return "one_category", f"every rating of {' and '.join(patterns.names)} is {answer:g} (n={patterns.n})"


def _kappa(patterns: Patterns, weights: FloatArray, power: int, places: FloatArray) -> FloatArray:
    """1 - n x observed disagreement / disagreement of the margins, with |place - place| ** power as disagreement.

    Args:
        patterns: Distinct rows of two raters.
        weights: Shape (n_resamples, n_patterns).
        power: 0, 1 or 2: nominal, linear, quadratic.
        places: Where each level stands, shape (n_resamples or 1, n_levels).
    """
    first, second = (patterns.level_weights(weights, column) for column in (0, 1))
    n = row_sums(weights)
    by_pattern = np.abs(places[:, patterns.codes[:, 0]] - places[:, patterns.codes[:, 1]])
    distance = (by_pattern > 0).astype(np.float64) if power == 0 else by_pattern**power
    observed = row_sums(weights * distance)
    by_chance = (_nominal_by_chance, _linear_by_chance, _quadratic_by_chance)[power](first, second, places)
    is_varied = _nominal_by_chance(first, second, places) > 0  # exact in counts, where the moments may leave a residue
    return 1 - ratio(n * observed, np.where(is_varied, by_chance, 0))


def _nominal_by_chance(first: FloatArray, second: FloatArray, _places: FloatArray) -> FloatArray:
    """Number of all pairs that lie on different levels."""
    return row_sums(first) * row_sums(second) - row_sums(first * second)


def _linear_by_chance(first: FloatArray, second: FloatArray, places: FloatArray) -> FloatArray:
    """Sum of |place - place| over all pairs: each gap between levels counts the pairs that lie across it."""
    below_first, below_second = (np.cumsum(margin, axis=1)[:, :-1] for margin in (first, second))
    n = row_sums(first)[:, None]
    across = below_first * (n - below_second) + below_second * (n - below_first)
    return row_sums(across * np.diff(places, axis=1))


def _quadratic_by_chance(first: FloatArray, second: FloatArray, places: FloatArray) -> FloatArray:
    """Sum of (place - place) ** 2 over all pairs, by moments."""
    squares = row_sums((first + second) * places**2)
    product = row_sums(first * places) * row_sums(second * places)
    return row_sums(first) * squares - 2 * product


def _observed_places(patterns: Patterns, weights: FloatArray) -> FloatArray:
    occurs = patterns.level_weights(weights, 0) + patterns.level_weights(weights, 1) > 0
    return np.cumsum(occurs, axis=1).astype(np.float64) - 1
