"""What a label is worth: less beside others of its group, more with a judge's help, and what a second rater adds.

How many labels a question takes is `planning`'s.
"""

from __future__ import annotations

import math

UNKNOWN_ICC = 0.2
"""How alike inputs of one group are taken to be where nothing is known."""


def design_effect(group_size: float, icc: float) -> float:
    """Return how many labels of a group are worth one of its own.

    Args:
        group_size: Labels of a group, on average.
        icc: How alike they are, from 0 to 1.

    Source: Kish 1965, section 5.4.

    Example:
        >>> round(design_effect(5, 0.2), 3)
        1.8
    """
    return 1 + max(0.0, group_size - 1) * max(0.0, icc)


def multiplier(correlation: float, n_labels: float, n_judged: float) -> float:
    """Return how many times the labels would be needed without the judge; at least 1.

    Args:
        correlation: Of the judge's numbers with the experts'.
        n_labels: Labelled sessions, judged too.
        n_judged: All judged sessions, labelled ones included.

    Source: Angelopoulos, Duchi & Zrnic 2023, arXiv 2311.01453, at the best power.

    Example:
        statistics.md 10.2: .8 saves 2.8 labels in one at most.

        >>> round(multiplier(0.8, 100, 1e9), 2), round(multiplier(0.7, 100, 1e9), 2)
        (2.78, 1.96)
    """
    return 1 / (1 - correlation**2 * max(0.0, 1 - n_labels / n_judged))


def labels_with_judge(n_alone: float, correlation: float, n_judged: float) -> int:
    """Return the labels that, with a judge's help, are worth so many without; no more than are judged.

    Source: `multiplier`, solved for the labels.

    Example:
        >>> labels_with_judge(246, 0.8, 1e9)
        89
    """
    # n such that n x multiplier(n) = n_alone: n = n_alone (1 - r^2) / (1 - n_alone r^2 / N), and all of N beyond.
    share = n_alone * correlation**2 / n_judged
    if share >= 1:
        return math.ceil(min(n_alone, n_judged))
    return math.ceil(min(n_alone, n_alone * (1 - correlation**2) / (1 - share), n_judged))


def difference_correlation(correlation: float, kept: float) -> float:
    """Return a judge's correlation on differences, from that on sessions, where it errs on each session afresh.

    Args:
        correlation: Of judge and experts over sessions.
        kept: Correlation of the experts' numbers of two versions on one input.

    Source: attenuation, as in Lord & Novick 1968: what both versions share, and differences lose, is signal.

    Example:
        >>> round(difference_correlation(0.8, 0.5), 3)
        0.686
    """
    if correlation == 0:
        return 0.0
    signal = 1 - kept
    return math.copysign(math.sqrt(signal / (signal + 1 / correlation**2 - 1)), correlation)


def mean_error(deviation: float, reliability: float, n_sessions: float, overlap: float) -> float:
    """Return the standard error of a mean of which a share of the sessions is rated twice.

    Args:
        deviation: Standard deviation of one rater's numbers.
        reliability: Share of their variance that two raters have in common (an agreement such as alpha).
        n_sessions: Rated sessions.
        overlap: Share of them that a second rater rates too.

    Source: variance components: what raters share stays, what they do not share halves with two.

    Example:
        >>> round(mean_error(0.4, 0.5, 100, 0.0), 4), round(mean_error(0.4, 0.5, 100, 1.0), 4)
        (0.04, 0.0346)
    """
    alone = (1 - reliability) * (1 - overlap / 2)
    return deviation * math.sqrt((reliability + alone) / n_sessions)


def reliability_error(reliability: float, n: float) -> float:
    """Return the standard error of an agreement of two raters over n sessions, from the agreement expected.

    Source: the large-sample variance of an intraclass correlation of two, Fisher 1925: (1 - r^2)^2 / n.

    Example:
        >>> round(reliability_error(0.7, 100), 3)
        0.051
    """
    return (1 - reliability**2) / math.sqrt(n)
