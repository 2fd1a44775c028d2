"""A judge's probability of the positive class (column 0) against what the reference says (column 1): Brier, ECE."""

from __future__ import annotations

import numpy as np

from judgekit.stats.estimate import UndefinedCode
from judgekit.stats.patterns import Patterns, ratio, row_sums
from judgekit.stats.sample import FloatArray

ECE_BINS = 10
"""Equal-width bins of `ece`; printed beside it, since it depends on them."""


def brier(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Brier score: mean squared distance of the probability from the outcome, 0 to 1.

    Args:
        patterns: Distinct rows: probabilities, and a reference with a declared positive.
        weights: Shape (n_resamples, n_patterns).

    Returns:
        Shape (n_resamples,).

    Undefined when: a score is no probability.

    Source: Brier 1950.
    """
    return _if_probabilities(patterns, ratio(weights @ _excess(patterns) ** 2, row_sums(weights)))


def ece(patterns: Patterns, weights: FloatArray, *, n_bins: int = ECE_BINS) -> FloatArray:
    """Expected calibration error: distance of mean probability and positive share, bin by bin, weighted by rows.

    Rises with chance alone, by more the fewer the rows and the more the bins.

    Source: Naeini, Cooper & Hauskrecht 2015; bins [k/K, (k+1)/K), the last one closed.
    """
    # Rounding first: .29 * 100 is 28.999999999999996, and belongs to bin 29.
    places = np.clip(np.floor(np.round(patterns.values[:, 0] * n_bins, 9)), 0, n_bins - 1)
    in_bin = places[:, None] == np.arange(n_bins)
    excess = weights @ (in_bin * _excess(patterns)[:, None])
    return _if_probabilities(patterns, ratio(row_sums(np.abs(excess)), row_sums(weights)))


def not_probabilities(patterns: Patterns) -> tuple[UndefinedCode, str]:
    """Name a score that is no probability."""
    scores = patterns.values[:, 0]
    wrong = scores[(scores < 0) | (scores > 1)][0]
    return "not_for_this_scale", f"{patterns.names[0]} gave {wrong:g}, which is no probability (n={patterns.n})"


def _excess(patterns: Patterns) -> FloatArray:
    excess: FloatArray = patterns.values[:, 0] - (patterns.values[:, 1] == patterns.sample.positive)
    return excess


def _if_probabilities(patterns: Patterns, values: FloatArray) -> FloatArray:
    scores = patterns.values[:, 0]
    return values if scores.min() >= 0 and scores.max() <= 1 else np.full(len(values), np.nan)
