"""A judge's classes (column 0) against the reference's (column 1): rates, F1, MCC, and the table behind them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from judgekit.errors import InputError
from judgekit.stats.correlation import constant_column
from judgekit.stats.estimate import UndefinedCode
from judgekit.stats.interval import Interval, wilson_ends
from judgekit.stats.patterns import Patterns, distinct_rows, ratio, row_sums
from judgekit.stats.sample import BoolArray, FloatArray, IntArray, Sample


def confusion(sample: Sample) -> IntArray:
    """Count rows by both sides' level.

    Args:
        sample: Two columns on declared levels.

    Returns:
        Shape (n_levels, n_levels): [i, j] rows on which column 0 has level i and column 1 level j.

    Raises:
        InputError: There are not two columns, no declared levels, or a rating off the levels.
    """
    if sample.ratings.shape[1] != 2 or sample.levels is None:
        raise InputError(
            f"a confusion table needs two columns on declared levels, got {sample.ratings.shape[1]} columns",
            where=" and ".join(sample.names),
        )
    patterns = distinct_rows(sample)
    table = np.zeros((len(sample.levels), len(sample.levels)), dtype=np.int64)
    table[patterns.codes[:, 0], patterns.codes[:, 1]] = patterns.counts
    return table


def accuracy(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Share of rows on which both columns are the same."""
    return ratio(weights @ (patterns.values[:, 0] == patterns.values[:, 1]), rows(patterns, weights))


def tpr(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """True positive rate (recall, sensitivity): of the reference's positives, the share the judge found."""
    return ratio(_true_positives(patterns, weights), positives(patterns, weights))


def tnr(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """True negative rate (specificity): of the reference's negatives, the share the judge cleared."""
    return ratio(_true_negatives(patterns, weights), negatives(patterns, weights))


def precision(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Of the judge's positives, the share that the reference confirms."""
    return ratio(_true_positives(patterns, weights), called_positive(patterns, weights))


def npv(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Negative predictive value: of the judge's negatives, the share that the reference confirms."""
    return ratio(_true_negatives(patterns, weights), called_negative(patterns, weights))


def f1(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Harmonic mean of precision and tpr."""
    both = called_positive(patterns, weights) + positives(patterns, weights)
    return ratio(2 * _true_positives(patterns, weights), both)


def youden_j(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Youden's J: tpr + tnr - 1.

    Source: Youden 1950.
    """
    return tpr(patterns, weights) + tnr(patterns, weights) - 1


def balanced_accuracy(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Mean recall over the classes that the reference holds.

    Undefined when: the reference holds one class only.
    """
    by_class = _by_class(patterns, weights)
    recalls = ratio(by_class.both, by_class.reference)
    n_classes = row_sums(by_class.reference > 0)
    return ratio(np.nansum(recalls, axis=1), np.where(n_classes > 1, n_classes, 0))


def recalls_interval(patterns: Patterns, value: float, level: float) -> Interval:
    """Interval of balanced accuracy over independent rows, from Wilson's of each class' recall.

    A bootstrap never leaves a recall of 1 behind, which a rare class shows easily: it covered 90% on 30 rows.

    Source: Newcombe 1998, "Interval estimation for the difference", method 10; Zou & Donner 2008 (MOVER).
    """
    by_class = _by_class(patterns, patterns.counts[None, :])
    pairs = zip(by_class.both[0].tolist(), by_class.reference[0].tolist(), strict=True)
    recalls = [(found / there, there) for found, there in pairs if there]
    below, above = _of_sum(recalls, level)
    return Interval(value - below / len(recalls), value + above / len(recalls), "mover")


def youden_interval(patterns: Patterns, value: float, level: float) -> Interval:
    """Interval of Youden's J over independent rows, from Wilson's of the true positive and the true negative rate."""
    one = patterns.counts[None, :]
    rates = [
        (float(rate(patterns, one)[0]), float(trials(patterns, one)[0]))
        for rate, trials in ((tpr, positives), (tnr, negatives))
    ]
    below, above = _of_sum(rates, level)
    return Interval(value - below, value + above, "mover")


def macro_f1(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Mean F1 over the classes that either side holds."""
    by_class = _by_class(patterns, weights)
    either = by_class.judge + by_class.reference
    return ratio(np.nansum(ratio(2 * by_class.both, either), axis=1), row_sums(either > 0))


def mcc(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Matthews' correlation of two classifications, for any number of classes.

    Undefined when: a side holds one class only.

    Source: Gorodkin 2004.
    """
    by_class = _by_class(patterns, weights)
    n = row_sums(weights)
    judge_apart, reference_apart = (n**2 - row_sums(side**2) for side in (by_class.judge, by_class.reference))
    covariance = n * row_sums(by_class.both) - row_sums(by_class.judge * by_class.reference)
    return ratio(covariance, np.sqrt(judge_apart * reference_apart))


def rows(_patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Trials of a rate over all rows."""
    trials: FloatArray = weights @ np.ones(weights.shape[1])  # sparse tables of clusters too
    return trials


def positives(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Rows that the reference calls positive."""
    return weights @ _is_positive(patterns, 1)


def negatives(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Rows that the reference calls negative."""
    return weights @ ~_is_positive(patterns, 1)


def called_positive(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Rows that the judge calls positive."""
    return weights @ _is_positive(patterns, 0)


def called_negative(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Rows that the judge calls negative."""
    return weights @ ~_is_positive(patterns, 0)


def reference_lacks_positive(patterns: Patterns) -> tuple[UndefinedCode, str]:
    """Say that the reference has no positive."""
    return "one_class", f"no {patterns.names[1]} rating is {_positive(patterns):g} (n={patterns.n})"


def reference_lacks_negative(patterns: Patterns) -> tuple[UndefinedCode, str]:
    """Say that the reference has positives only."""
    return "one_class", f"every {patterns.names[1]} rating is {_positive(patterns):g} (n={patterns.n})"


def reference_has_one_class(patterns: Patterns) -> tuple[UndefinedCode, str]:
    """Say which class is the reference's only one."""
    return "one_class", f"every {patterns.names[1]} rating is {patterns.values[0, 1]:g} (n={patterns.n})"


def reference_lacks_a_side(patterns: Patterns) -> tuple[UndefinedCode, str]:
    """Say whether the reference has no positives or no negatives."""
    has_positives = _is_positive(patterns, 1).any()
    return reference_lacks_negative(patterns) if has_positives else reference_lacks_positive(patterns)


def judge_lacks_positive(patterns: Patterns) -> tuple[UndefinedCode, str]:
    """Say that the judge has no positive."""
    return "empty_denominator", f"no {patterns.names[0]} rating is {_positive(patterns):g} (n={patterns.n})"


def judge_lacks_negative(patterns: Patterns) -> tuple[UndefinedCode, str]:
    """Say that the judge has positives only."""
    return "empty_denominator", f"every {patterns.names[0]} rating is {_positive(patterns):g} (n={patterns.n})"


def nobody_says_positive(patterns: Patterns) -> tuple[UndefinedCode, str]:
    """Say that neither side has a positive."""
    sides = " or ".join(patterns.names)
    return "empty_denominator", f"no rating of {sides} is {_positive(patterns):g} (n={patterns.n})"


def a_side_has_one_class(patterns: Patterns) -> tuple[UndefinedCode, str]:
    """Say which side is constant."""
    return "empty_denominator", constant_column(patterns)[1]


@dataclass(frozen=True, slots=True)
class _ByClass:
    """Weight of each class, shape (n_resamples, n_levels): said by the judge, by the reference, by both at once."""

    judge: FloatArray
    reference: FloatArray
    both: FloatArray


def _by_class(patterns: Patterns, weights: FloatArray) -> _ByClass:
    is_same = patterns.codes[:, 0] == patterns.codes[:, 1]
    judge, reference = (patterns.level_weights(weights, column) for column in (0, 1))
    return _ByClass(judge, reference, patterns.level_weights(weights * is_same, 0))


def _of_sum(rates: list[tuple[float, float]], level: float) -> tuple[float, float]:
    """Return how far the sum of independent rates, each with its trials, reaches below and above."""
    ends = [(rate, *wilson_ends(rate, trials, level)) for rate, trials in rates]
    below = math.hypot(*(rate - low for rate, low, _ in ends))
    return below, math.hypot(*(high - rate for rate, _, high in ends))


def _true_positives(patterns: Patterns, weights: FloatArray) -> FloatArray:
    return weights @ (_is_positive(patterns, 0) & _is_positive(patterns, 1))


def _true_negatives(patterns: Patterns, weights: FloatArray) -> FloatArray:
    return weights @ ~(_is_positive(patterns, 0) | _is_positive(patterns, 1))


def _is_positive(patterns: Patterns, column: int) -> BoolArray:
    is_positive: BoolArray = patterns.values[:, column] == _positive(patterns)
    return is_positive


def _positive(patterns: Patterns) -> float:
    positive = patterns.sample.positive
    return float("nan") if positive is None else positive
