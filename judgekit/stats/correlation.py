"""Correlation of two columns, on weighted patterns: Pearson, Spearman, Kendall's tau-b and tau-c, Somers' D."""

from __future__ import annotations

import numpy as np

from judgekit.stats.estimate import UndefinedCode
from judgekit.stats.patterns import Patterns, ratio, row_sums
from judgekit.stats.sample import FloatArray

_MAX_PAIRWISE = 2_000
"""Up to this many patterns all pairs are compared at once (a table of 32 MB); above, resample by resample."""


def pearson(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Pearson's product-moment correlation.

    Args:
        patterns: Distinct rows of two columns.
        weights: Shape (n_resamples, n_patterns).

    Returns:
        Shape (n_resamples,).

    Undefined when: a column is constant.
    """
    # Around the median, so that a far value does not cost the resamples without it their precision.
    x, y = (patterns.values - np.median(patterns.values, axis=0)).T
    n, sum_x, sum_y, sum_xx, sum_yy, sum_xy = (weights @ np.stack([x**0, x, y, x * x, y * y, x * y], axis=1)).T
    product = (n * sum_xx - sum_x**2) * (n * sum_yy - sum_y**2)
    is_varied = (_pairs_apart(patterns, weights, 0) > 0) & (_pairs_apart(patterns, weights, 1) > 0)
    scale = np.sqrt(np.where(is_varied, np.maximum(product, 0), 0))
    return np.clip(ratio(n * sum_xy - sum_x * sum_y, scale), -1, 1)


def spearman(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Spearman's rank correlation: Pearson's of mid-ranks, ranked in each resample anew.

    Undefined when: a column is constant.
    """
    half = row_sums(weights)[:, None] / 2
    ranks, spreads = [], []
    for column in (0, 1):
        margin = patterns.value_weights(weights, column)
        middle = np.cumsum(margin, axis=1) - margin / 2 - half
        spreads.append(row_sums(margin * middle**2))
        ranks.append(middle[:, patterns.value_places(column)])
    together = row_sums(weights * ranks[0] * ranks[1])
    return np.clip(ratio(together, np.sqrt(spreads[0] * spreads[1])), -1, 1)


def kendall_tau_b(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Kendall's tau-b: concordant less discordant pairs over the geometric mean of the pairs untied on each side.

    Undefined when: a column is constant.

    Source: Kendall 1945.
    """
    if len(patterns.values) > _MAX_PAIRWISE:
        return _tau_b_one_by_one(patterns, weights)
    return ratio(_concordance(patterns, weights), _geometric_mean_apart(patterns, weights))


def kendall_tau_c(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Kendall's tau-c: as tau-b, over as many pairs as could be concordant on a table of this shape.

    It can reach 1 where one column has more levels than the other; the smaller number of levels that occur counts.

    Undefined when: a column is constant.

    Source: Stuart 1953.
    """
    n_levels = np.minimum(*((patterns.value_weights(weights, column) > 0).sum(axis=1) for column in (0, 1)))
    most = row_sums(weights) ** 2 * (n_levels - 1) / np.maximum(n_levels, 1)
    return ratio(_concordance(patterns, weights), most)


def somers_d(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Somers' D of column 0 given column 1: concordant less discordant pairs over the pairs untied on column 1.

    Of two sessions that the reference tells apart, how much more often the judge puts them in its order than in the
    other; the judge's ties count as neither. On a binary reference it is 2 AUROC - 1.

    Undefined when: a column is constant.

    Source: Somers 1962.
    """
    is_varied = _pairs_apart(patterns, weights, 0) > 0
    return ratio(_concordance(patterns, weights), np.where(is_varied, _pairs_apart(patterns, weights, 1), 0))


def constant_column(patterns: Patterns) -> tuple[UndefinedCode, str]:
    """Say which column is constant, and at what."""
    constants = [
        f"every {name} rating is {column[0]:g}"
        for name, column in zip(patterns.names, patterns.values.T, strict=True)
        if (column == column[0]).all()
    ]
    return "constant", f"{', '.join(constants)} (n={patterns.n})"


def _pairs_apart(patterns: Patterns, weights: FloatArray, column: int) -> FloatArray:
    """Twice the number of pairs of rows that differ in a column; exactly 0 where it is constant."""
    margin = patterns.value_weights(weights, column)
    return row_sums(margin) ** 2 - row_sums(margin**2)


def _geometric_mean_apart(patterns: Patterns, weights: FloatArray) -> FloatArray:
    return np.sqrt(_pairs_apart(patterns, weights, 0) * _pairs_apart(patterns, weights, 1))


def _concordance(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Twice the number of concordant less discordant pairs."""
    if len(patterns.values) > _MAX_PAIRWISE:
        tau = _tau_b_one_by_one(patterns, weights)
        return np.where(np.isnan(tau), 0, tau) * _geometric_mean_apart(patterns, weights)
    x, y = patterns.values.T
    direction = np.sign(x[:, None] - x) * np.sign(y[:, None] - y)
    return row_sums((weights @ direction) * weights)


def _tau_b_one_by_one(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Write each resample out as rows and let scipy sort them: n log n time and n memory, one resample at a time."""
    from scipy.stats import kendalltau

    times = weights.astype(np.int64)
    rows = (np.repeat(patterns.values, each, axis=0) for each in times)
    return np.array([kendalltau(drawn[:, 0], drawn[:, 1]).statistic for drawn in rows])
