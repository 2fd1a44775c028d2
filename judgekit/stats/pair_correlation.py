"""The mean correlation of several columns, two at a time: what reliability and the size of a panel rest on."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from judgekit.stats.patterns import ratio
from judgekit.stats.sample import FloatArray

_N_MOMENTS = 6
_RESIDUE = 1e-12
"""Relative size below which a difference of moments is rounding of zero."""


def pair_moments(columns: FloatArray) -> FloatArray:
    """Return what each row adds to the sums that the correlations of all pairs of columns need.

    Args:
        columns: Shape (n_rows, n_columns); NaN is missing, and a row enters a pair where it has both.

    Returns:
        Shape (n_rows, 6 x n_pairs): 1, x, y, x^2, y^2, xy of each pair, around the columns' medians.
    """
    middle = [np.median(column[~np.isnan(column)]) if not np.isnan(column).all() else 0.0 for column in columns.T]
    around = columns - np.array(middle)
    moments = []
    for first, second in combinations(range(columns.shape[1]), 2):
        x, y = around[:, first], around[:, second]
        has_both = ~np.isnan(x) & ~np.isnan(y)
        x, y = np.where(has_both, x, 0), np.where(has_both, y, 0)
        moments.append(np.stack([has_both.astype(np.float64), x, y, x * x, y * y, x * y], axis=1))
    return np.concatenate(moments, axis=1)


def correlations_of_moments(sums: FloatArray) -> FloatArray:
    """Return Pearson's correlation of each pair, shape (n_resamples, n_pairs); NaN where a column is constant."""
    n, x, y, xx, yy, xy = np.moveaxis(sums.reshape(len(sums), -1, _N_MOMENTS), 2, 0)
    spread_x, spread_y = n * xx - x * x, n * yy - y * y
    is_varied = (spread_x > _RESIDUE * n * xx) & (spread_y > _RESIDUE * n * yy) & (n > 2)
    scale = np.sqrt(np.where(is_varied, spread_x * spread_y, 0))
    return np.clip(ratio(n * xy - x * y, scale), -1, 1)


def mean_correlation(sums: FloatArray) -> FloatArray:
    """Return the mean over the pairs that have a correlation, shape (n_resamples,); NaN where none has."""
    correlations = correlations_of_moments(sums)
    is_defined = ~np.isnan(correlations)
    totals = np.where(is_defined, correlations, 0).sum(axis=1)
    return ratio(totals, is_defined.sum(axis=1).astype(np.float64))
