"""How well a score ranks: AUROC against two classes, with DeLong's error, and pairwise accuracy with ties."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from judgekit.errors import InputError
from judgekit.stats.interval import Interval, no_interval
from judgekit.stats.patterns import Patterns, ratio, row_sums
from judgekit.stats.sample import BoolArray, FloatArray

_NORMAL = NormalDist()
_DIGITS = 9
"""Decimals to which differences are compared, so that .1 + .2 ties with .3."""
_MIN_CLASS = 5
"""Rows of either class below which DeLong's error means little."""
_BLOCK = 2_000
"""Patterns compared with all others at a time (a table of 32 MB)."""


def auroc(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Area under the ROC curve: chance that a positive row outscores a negative one, ties counting half.

    Args:
        patterns: Distinct rows of a score (column 0) and the reference (column 1), with a declared positive.
        weights: Shape (n_resamples, n_patterns).

    Returns:
        Shape (n_resamples,).

    Undefined when: the reference has positives only, or none.

    Source: Hanley & McNeil 1982.
    """
    won, tied, pairs = _score_pairs(patterns, weights)
    return ratio(won + tied / 2, pairs)


def tied_share(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Share of positive-negative pairs that the score ties: what auroc counts half."""
    _, tied, pairs = _score_pairs(patterns, weights)
    return ratio(tied, pairs)


def delong_interval(patterns: Patterns, value: float, level: float) -> Interval:
    """Interval of an AUROC from DeLong's error on the logit, so that it stays between 0 and 1.

    Source: DeLong, DeLong & Clarke-Pearson 1988; on the logit: Qin & Hotilovac 2008.
    """
    is_positive = (patterns.values[:, 1] == patterns.sample.positive)[patterns.pattern_of_row]
    rarer = min(int(is_positive.sum()), int((~is_positive).sum()))
    if rarer < _MIN_CLASS:
        return no_interval(f"rarer class of {patterns.names[1]} has {rarer} (needs {_MIN_CLASS})")
    found = delong(is_positive, patterns.values[patterns.pattern_of_row, :1])
    error = math.sqrt(found.covariance[0, 0])
    if error == 0:
        return no_interval("the score separates the classes fully" if value in (0, 1) else "the score is constant")
    half = _NORMAL.inv_cdf((1 + level) / 2) * error / (value * (1 - value))
    low, high = (1 / (1 + math.exp(-math.log(value / (1 - value)) - shift)) for shift in (-half, half))
    return Interval(low, high, "delong")


@dataclass(frozen=True, slots=True, eq=False)
class DeLong:
    """AUROCs of several scores on the same rows.

    Attributes:
        areas: Shape (n_scores,).
        covariance: Of the areas, shape (n_scores, n_scores).
    """

    areas: FloatArray
    covariance: FloatArray

    def p_of_difference(self) -> float:
        """Return the two-sided p that the first two scores have one area; NaN where their difference has no error."""
        error = math.sqrt(float(self.covariance[0, 0] + self.covariance[1, 1] - 2 * self.covariance[0, 1]))
        if error == 0:
            return math.nan
        return 2 * _NORMAL.cdf(-abs(float(self.areas[0] - self.areas[1])) / error)


def delong(is_positive: BoolArray, scores: FloatArray) -> DeLong:
    """Return the areas of scores on the same rows, with their covariance.

    Args:
        is_positive: Shape (n_rows,), two or more of each.
        scores: Shape (n_rows, n_scores).

    Raises:
        InputError: There are fewer than two positives, or than two negatives.

    Source: DeLong, DeLong & Clarke-Pearson 1988, by placements.
    """
    above, below = scores[is_positive], scores[~is_positive]
    if min(len(above), len(below)) < 2:
        raise InputError(
            f"{len(above)} positives and {len(below)} negatives",
            hint="Give at least two of each for an error of the area under the curve",
        )
    of_positives = np.stack([_placements(one, other) for one, other in zip(above.T, below.T, strict=True)])
    of_negatives = np.stack([1 - _placements(other, one) for one, other in zip(above.T, below.T, strict=True)])
    covariance = np.atleast_2d(np.cov(of_positives)) / len(above) + np.atleast_2d(np.cov(of_negatives)) / len(below)
    return DeLong(of_positives.mean(axis=1), covariance)


def pairwise_accuracy_ties(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Share of pairs of rows that both columns order alike, a tie being an order of its own (acc_eq).

    A resample's copies of a row are not pairs: a row's weight is compared with the other rows' only.

    Undefined when: fewer than two rows.

    Source: Deutsch, Foster & Freitag 2023.
    """
    alike = np.zeros(len(weights))
    for start in range(0, weights.shape[1], _BLOCK):
        block = slice(start, start + _BLOCK)
        orders = [_order(column[block, None] - column) for column in patterns.values.T]
        alike += row_sums((weights[:, block] @ (orders[0] == orders[1]).astype(np.float64)) * weights)
    with_itself = weights**2 @ (1 / patterns.counts)
    return ratio(alike - with_itself, row_sums(weights) ** 2 - with_itself)


def _score_pairs(patterns: Patterns, weights: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the positive-negative pairs in which the positive scores higher, those tied, and all."""
    is_positive = patterns.values[:, 1] == patterns.sample.positive
    positives = patterns.value_weights(weights * is_positive, 0)
    negatives = patterns.value_weights(weights * ~is_positive, 0)
    won = row_sums(positives * (np.cumsum(negatives, axis=1) - negatives))
    return won, row_sums(positives * negatives), row_sums(positives) * row_sums(negatives)


def _placements(scores: FloatArray, others: FloatArray) -> FloatArray:
    """Return the share of the others that each score exceeds, ties counting half."""
    ordered = np.sort(others)
    below, up_to = np.searchsorted(ordered, scores, side="left"), np.searchsorted(ordered, scores, side="right")
    placements: FloatArray = (below + up_to) / (2 * len(others))
    return placements


def _order(differences: FloatArray) -> FloatArray:
    signs: FloatArray = np.sign(np.round(differences, _DIGITS))
    return signs
