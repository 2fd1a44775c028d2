"""Analytic standard errors: of kappa (Fleiss, Cohen, Everitt), of many raters' agreement (Gwet), of a clustered mean.

They are oracles and for comparison with other software's output. Intervals are not made of them: kappa's covered 86%
where they say 95% (30 rows, one class in seven). The error that kappa would have if it were zero is here for the test
of that alone; an interval made of it is too wide or too narrow by any factor.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from judgekit.stats.chance import Weighting, closeness, level_shares, row_agreement
from judgekit.stats.classification import confusion
from judgekit.stats.interval import Interval, no_interval, student_t
from judgekit.stats.patterns import Patterns, distinct_rows, row_sums
from judgekit.stats.sample import FloatArray, IntArray, Sample

Coefficient = Literal["gwet", "brennan_prediger", "fleiss", "conger", "alpha"]


def kappa_error(sample: Sample, *, weighting: Weighting = "identity", is_null: bool = False) -> float:
    """Return the large-sample standard error of Cohen's kappa of two columns; NaN where kappa is undefined.

    Args:
        sample: Two columns on declared levels.
        weighting: How much two different levels agree.
        is_null: The error that kappa would have if it were zero: for that test, not for an interval.

    Source: Fleiss, Cohen & Everitt 1969, eq. 10 and 13.
    """
    counts = confusion(sample)
    n = int(counts.sum())
    if sample.levels is None or n == 0:
        return math.nan
    table, close = counts / n, closeness(sample.levels, weighting)
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    margins = (close @ columns)[:, None] + rows @ close
    by_chance = float(rows @ close @ columns)
    if by_chance == 1:
        return math.nan
    if is_null:
        variance = float((np.outer(rows, columns) * (close - margins) ** 2).sum()) - by_chance**2
    else:
        kappa = (float((close * table).sum()) - by_chance) / (1 - by_chance)
        variance = float((table * (close - margins * (1 - kappa)) ** 2).sum())
        variance -= (kappa - by_chance * (1 - kappa)) ** 2
    return math.sqrt(max(variance, 0.0) / n) / (1 - by_chance)


def agreement_error(sample: Sample, coefficient: Coefficient, *, weighting: Weighting = "identity") -> float:
    """Return Gwet's standard error of an agreement coefficient, rows drawn and raters fixed; NaN where undefined.

    Each row's share in the coefficient, pa and pe alike, is written out; the error is that of their mean.

    Args:
        sample: Ratings on declared levels; missing ones allowed.
        coefficient: `gwet` is AC1, or AC2 with weights.
        weighting: How much two different levels agree.

    Source: Gwet 2014, chapters 5 and 6; alpha: Gwet 2011.
    """
    patterns = distinct_rows(sample, n_ratings_min=2 if coefficient == "alpha" else 1, by_rater=True)
    if patterns.n < 2 or patterns.n_paired == 0 or sample.levels is None:
        return math.nan
    close = closeness(sample.levels, weighting)
    if coefficient == "alpha":
        return _spread(patterns, *_alpha_parts(patterns, close))
    agreement, has_pair = row_agreement(patterns, close), patterns.n_ratings >= 2
    n_paired = float(patterns.n_paired)
    observed = float(patterns.counts @ agreement) / n_paired
    by_chance, of_rows = _chance(patterns, close, coefficient)
    if by_chance == 1:
        return math.nan
    value = (observed - by_chance) / (1 - by_chance)
    shares = patterns.n / n_paired * (agreement - by_chance * has_pair) / (1 - by_chance)
    return _spread(patterns, shares - 2 * (1 - value) * (of_rows - by_chance) / (1 - by_chance), value)


def cluster_error(values: FloatArray, units: IntArray, *, is_corrected: bool = True) -> float:
    """Return the cluster-robust standard error of a mean.

    Args:
        values: Shape (n_rows,).
        units: The cluster of each row, shape (n_rows,).
        is_corrected: Whether to multiply the variance by C / (C - 1); NaN for a single cluster.

    Source: Liang & Zeger 1986; Miller 2024, arXiv 2411.00640, eq. 4.
    """
    _, cluster_of_row = np.unique(units, return_inverse=True)
    sums = np.bincount(cluster_of_row, weights=values - values.mean())
    n_clusters = len(sums)
    if is_corrected and n_clusters < 2:
        return math.nan
    factor = n_clusters / (n_clusters - 1) if is_corrected else 1.0
    return math.sqrt(factor * float(sums @ sums)) / len(values)


def cluster_t(values: FloatArray, units: IntArray, level: float) -> Interval:
    """Interval of a mean over clusters: cluster-robust error, Student's t with C - 1 degrees of freedom."""
    error, n_clusters = cluster_error(values, units), len(np.unique(units))
    if not error > 0:
        return no_interval("one cluster, or clusters that do not differ")
    half, mean = student_t(level, n_clusters - 1) * error, float(values.mean())
    return Interval(mean - half, mean + half, "cluster t")


def _chance(patterns: Patterns, close: FloatArray, coefficient: Coefficient) -> tuple[float, FloatArray]:
    """Return chance agreement, and each row's share in it, shape (n_patterns,)."""
    n_levels = len(close)
    if coefficient == "brennan_prediger":
        by_chance = float(close.mean())
        return by_chance, np.full(len(patterns.counts), by_chance)
    if coefficient == "conger":
        return _chance_of_pairs(patterns, close)
    used = level_shares(patterns, patterns.counts[None, :])[0]
    of_rows = patterns.tallies / patterns.n_ratings[:, None]
    if coefficient == "gwet":
        scale = float(close.sum()) / (n_levels * (n_levels - 1))
        return scale * float(used @ (1 - used)), scale * (of_rows @ (1 - used))
    return float(used @ close @ used), of_rows @ (close @ used)


def _chance_of_pairs(patterns: Patterns, close: FloatArray) -> tuple[float, FloatArray]:
    """Conger's chance agreement, between each two raters' own margins; missing ratings change a margin's base too."""
    one_hot = (patterns.codes[:, :, None] == np.arange(len(close))).astype(np.float64)
    margins = np.tensordot(patterns.counts, one_hot, axes=1)
    is_active = margins.sum(axis=1) > 0
    one_hot, margins = one_hot[:, is_active], margins[is_active]
    shares_rated = margins.sum(axis=1, keepdims=True) / patterns.n
    margins = margins / margins.sum(axis=1, keepdims=True)
    of_rows = (one_hot - (one_hot.sum(axis=2, keepdims=True) - shares_rated) * margins) / shares_rated
    others = (margins.sum(axis=0) - margins) @ close / (len(margins) * (len(margins) - 1))
    return float((margins * others).sum()), np.tensordot(of_rows, others, axes=2)


def _alpha_parts(patterns: Patterns, close: FloatArray) -> tuple[FloatArray, float]:
    """Return each row's share in alpha before its small-sample correction, and that alpha."""
    ratings, tallies, n = patterns.n_ratings, patterns.tallies, patterns.n
    mean_ratings = float(patterns.counts @ ratings) / n
    excess = (ratings - mean_ratings) / mean_ratings
    agreement = row_sums(tallies * (tallies @ close - 1)) / (mean_ratings * (ratings - 1))
    observed = float(patterns.counts @ agreement) / n
    used = patterns.counts @ tallies / (n * mean_ratings)
    by_chance = float(used @ close @ used)
    if by_chance == 1:
        return np.full(len(ratings), math.nan), math.nan
    value = (observed - by_chance) / (1 - by_chance)
    corrected = observed + (1 - observed) / (n * mean_ratings)
    shares = (agreement - corrected * excess - by_chance) / (1 - by_chance)
    of_rows = tallies @ (close @ used) / mean_ratings - by_chance * excess
    return shares - 2 * (1 - value) * (of_rows - by_chance) / (1 - by_chance), value


def _spread(patterns: Patterns, shares: FloatArray, value: float) -> float:
    n = patterns.n
    return math.sqrt(float(patterns.counts @ (shares - value) ** 2) / (n * (n - 1)))
