"""How much the law of a sum jumps, where what it sums lies on a lattice: half the step, as far as it shows.

A mean of passes and fails moves by whole counts, so that a bound from a smooth law errs more often than it says at some
rates and less often at others. What continuity corrections take off is half a step. A sum of two means of which one
moves by tenths and the other by hundredths jumps hardly at all: how much is left of a step is read off the
characteristic function, which has the size 1 at 2 pi over the step of a lattice, and falls off where steps are mixed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from judgekit.stats.sample import FloatArray

_FREQUENCIES = np.arange(4.0, 160.0, 0.2)
"""Over the sum's standard deviation: from steps of one and a half of it down to a twenty-fifth; a peak is as wide as
1."""
_MAX_KINDS = 40
"""Kinds of moves in a group from which steps are too small for their jumps to matter."""
_DIGITS = 9


def half_step(groups: Sequence[FloatArray]) -> float:
    """Return half the step of a sum of independent moves, times how much of it shows; 0 where nothing does.

    It is the largest |phi(t)| pi / t over frequencies t, phi being the characteristic function of the sum by the
    moves that occur: h / 2 for a lattice of step h, and nothing to speak of for numbers of all sizes.

    Args:
        groups: What the units of each group move the sum by, each shape (n_units,); alike within a group.

    Source: Kolassa & McCullagh 1990 (half a step makes up for a lattice); Decrouez & Hall 2013, arXiv 1309.7752 (when
    sums of two lattices call for it).

    Example:
        Twenty of a hundred inputs are lost, and half a count is half of a hundredth; not so where as many more gain or
        lose by other amounts.

        >>> lost = np.repeat([-0.01, 0.0], [20, 80])
        >>> round(half_step([lost]), 5)
        0.00498
        >>> round(half_step([lost, np.repeat([0.0037, 0.0], [300, 200])]), 4)
        0.0
    """
    moves = [each for each in groups if len(each) and np.ptp(each) > 0]
    deviation = math.sqrt(sum(len(each) * float(np.var(each)) for each in moves))
    if not deviation > 0:
        return 0.0
    kinds = [np.unique(np.round(each / deviation, _DIGITS), return_counts=True) for each in moves]
    if max(len(values) for values, _ in kinds) > _MAX_KINDS:
        return 0.0
    sizes = np.ones(len(_FREQUENCIES))
    for values, times in kinds:
        turns = np.outer(_FREQUENCIES, values)
        n, along, across = times.sum(), np.cos(turns) @ times, np.sin(turns) @ times
        sizes *= (np.hypot(along, across) / n) ** n
    return float((sizes / _FREQUENCIES).max()) * math.pi * deviation
