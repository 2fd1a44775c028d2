"""Agreement of any number of raters beyond chance: Fleiss, Conger, Brennan-Prediger, Gwet's AC1 and AC2.

All are (pa - pe) / (1 - pe) with one and the same pa, the agreement of two ratings of a row; they differ in pe, what
chance alone is held to give. Rows with a single rating pair with nothing, but count towards how often each level is
used. Krippendorff's alpha is next door in `alpha`, the analytic standard errors in `standard_error`.

Source of all, with weights and missing ratings: Gwet 2014, "Handbook of Inter-Rater Reliability", 4th ed.
"""

from __future__ import annotations

from itertools import combinations
from typing import Literal

import numpy as np

from judgekit.stats.agreement import cohen_kappa
from judgekit.stats.patterns import Patterns, distinct_rows, ratio, row_sums
from judgekit.stats.sample import FloatArray, Sample

Weighting = Literal["identity", "linear", "quadratic", "ordinal"]
"""How much two different levels agree: not at all; by their values' distance or its square; by Gwet's ranks."""


def fleiss_kappa(patterns: Patterns, weights: FloatArray, *, weighting: Weighting = "identity") -> FloatArray:
    """Fleiss' kappa: chance is two ratings drawn from the pool of all raters.

    Args:
        patterns: Distinct rows on declared levels, each with at least one rating.
        weights: Shape (n_resamples, n_patterns).
        weighting: How much two different levels agree.

    Returns:
        Shape (n_resamples,).

    Undefined when: all ratings are one level.

    Source: Fleiss 1971; Scott's pi for two raters.
    """
    close = closeness(patterns.levels, weighting)
    shares = level_shares(patterns, weights)
    return _beyond(observed_agreement(patterns, weights, close), row_sums((shares @ close) * shares))


def conger_kappa(patterns: Patterns, weights: FloatArray, *, weighting: Weighting = "identity") -> FloatArray:
    """Conger's kappa: chance is ratings of two different raters, each drawn from that rater's own; Cohen's for two.

    Args:
        patterns: Distinct rows by rater, each with at least one rating.
        weights: Shape (n_resamples, n_patterns).
        weighting: How much two different levels agree.

    Undefined when: all ratings are one level, or fewer than two raters gave any.

    Source: Conger 1980.
    """
    close = closeness(patterns.levels, weighting)
    n_raters, own, pooled = np.zeros(len(weights)), np.zeros(len(weights)), np.zeros((len(weights), len(close)))
    for column in range(patterns.values.shape[1]):
        margin = _level_weights(patterns, weights, column)
        n = row_sums(margin)
        shares = np.nan_to_num(ratio(margin, np.broadcast_to(n[:, None], margin.shape)))
        n_raters, own, pooled = n_raters + (n > 0), own + row_sums((shares @ close) * shares), pooled + shares
    by_chance = ratio(row_sums((pooled @ close) * pooled) - own, n_raters * (n_raters - 1))
    return _beyond(observed_agreement(patterns, weights, close), by_chance)


def brennan_prediger(patterns: Patterns, weights: FloatArray, *, weighting: Weighting = "identity") -> FloatArray:
    """Brennan and Prediger's kappa: chance uses each declared level alike; PABAK on two levels.

    Source: Brennan & Prediger 1981; Randolph 2005.
    """
    close = closeness(patterns.levels, weighting)
    return _beyond(observed_agreement(patterns, weights, close), np.full(len(weights), close.mean()))


def gwet_ac1(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Gwet's AC1: chance agreement is what guessed ratings give, the more the evener the levels are used.

    High on skewed ratings by construction, so a companion of kappa and never a gate.

    Source: Gwet 2008.
    """
    return gwet_ac2(patterns, weights, weighting="identity")


def gwet_ac2(patterns: Patterns, weights: FloatArray, *, weighting: Weighting = "quadratic") -> FloatArray:
    """Gwet's AC2: AC1 with partial agreement between levels, quadratic in their declared values unless told.

    Source: Gwet 2008; Gwet 2014.
    """
    close = closeness(patterns.levels, weighting)
    shares, n_levels = level_shares(patterns, weights), len(close)
    by_chance = close.sum() / (n_levels * (n_levels - 1)) * row_sums(shares * (1 - shares))
    return _beyond(observed_agreement(patterns, weights, close), by_chance)


def light_kappa(sample: Sample) -> tuple[float, int]:
    """Return the plain mean of Cohen's kappa over all pairs of raters, and how many pairs have none.

    Source: Light 1971.
    """
    pairs = combinations(range(sample.ratings.shape[1]), 2)
    tables = [distinct_rows(Sample(sample.ratings[:, pair], levels=sample.levels)) for pair in pairs]
    kappas = np.array([cohen_kappa(patterns, patterns.counts[None, :])[0] for patterns in tables])
    is_defined = ~np.isnan(kappas)
    return (float(kappas[is_defined].mean()) if is_defined.any() else float("nan")), int((~is_defined).sum())


def closeness(levels: FloatArray, weighting: Weighting) -> FloatArray:
    """Return how much each two declared levels agree, 1 on the diagonal, shape (n_levels, n_levels)."""
    n_levels = len(levels)
    if weighting == "identity":
        return np.eye(n_levels)
    if weighting == "ordinal":
        steps = np.abs(np.arange(n_levels)[:, None] - np.arange(n_levels))
        return np.asarray(1 - steps * (steps + 1) / (n_levels * (n_levels - 1)), dtype=np.float64)
    distance: FloatArray = np.abs(levels[:, None] - levels) / (levels[-1] - levels[0])
    return 1 - (distance if weighting == "linear" else distance**2)


def observed_agreement(patterns: Patterns, weights: FloatArray, close: FloatArray) -> FloatArray:
    """Return the agreement of two ratings of a row, averaged over the rows that have two, shape (n_resamples,)."""
    by_row = row_agreement(patterns, close)
    has_pair = patterns.n_ratings >= 2
    return ratio(weights @ by_row, weights @ has_pair)


def row_agreement(patterns: Patterns, close: FloatArray) -> FloatArray:
    """Return the agreement of two ratings within each pattern, 0 where there are none, shape (n_patterns,)."""
    tallies, ratings = patterns.tallies, patterns.n_ratings
    alike = row_sums(tallies * (tallies @ close - 1))
    agreement: FloatArray = np.nan_to_num(ratio(alike, ratings * (ratings - 1)))
    return agreement


def level_shares(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Return how often each level is used, every rated row counting once, shape (n_resamples, n_levels)."""
    shares: FloatArray = weights @ (patterns.tallies / patterns.n_ratings[:, None])
    return shares / row_sums(weights)[:, None]


def _level_weights(patterns: Patterns, weights: FloatArray, column: int) -> FloatArray:
    """Return one rater's use of the levels, missing ratings apart, shape (n_resamples, n_levels)."""
    one_hot = patterns.codes[:, [column]] == np.arange(len(patterns.levels))
    margin: FloatArray = weights @ one_hot
    return margin


def _beyond(observed: FloatArray, by_chance: FloatArray) -> FloatArray:
    return 1 - ratio(1 - observed, 1 - by_chance)
