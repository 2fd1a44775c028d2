"""What kappa of two raters on two levels is read beside: how common the positive level is, and who gives it more."""

from __future__ import annotations

from judgekit.stats.sample import IntArray


def prevalence_index(table: IntArray) -> float | None:
    """How far one level prevails where both raters agree, -1 to 1: 0 where both are as common, 1 all positive.

    Kappa falls as it leaves 0, at the same share of agreement.

    Args:
        table: Rows by both raters' level, shape (2, 2): the negative first, the left rater down.

    Returns:
        None where there is no row.

    Source: Byrt, Bishop & Carlin 1993.

    Example:
        Feinstein & Cicchetti 1990, the table with 80 and 5 agreements:

        >>> import numpy as np
        >>> prevalence_index(np.array([[5, 5], [10, 80]]))
        0.75
    """
    n = int(table.sum())
    return float(table[1, 1] - table[0, 0]) / n if n else None


def bias_index(table: IntArray) -> float | None:
    """How much more often the left rater gives the positive level than the right one, -1 to 1.

    Kappa rises as it leaves 0, at the same share of agreement.

    Args:
        table: Rows by both raters' level, shape (2, 2): the negative first, the left rater down.

    Returns:
        None where there is no row.

    Source: Byrt, Bishop & Carlin 1993.

    Example:
        >>> import numpy as np
        >>> bias_index(np.array([[5, 5], [10, 80]]))
        0.05
    """
    n = int(table.sum())
    return float(table[1, 0] - table[0, 1]) / n if n else None
