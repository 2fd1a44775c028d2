"""Drawing with known chances: some at random, some for what they promise, and everybody's chance on record."""

from __future__ import annotations

import numpy as np

from judgekit.errors import InputError
from judgekit.stats.sample import FloatArray, IntArray

UNIFORM_SHARE = 0.5
"""Part of a draw that is plainly random: it bounds how uneven the weights can be."""


def mixture_chances(promise: FloatArray, n: int, uniform_share: float = UNIFORM_SHARE) -> FloatArray:
    """Return each item's chance of being among `n`: partly the same for all, partly in proportion to what it promises.

    Args:
        promise: How much is expected of each item, at least 0, shape (n_items,).
        n: Items to draw.
        uniform_share: Part of the draw that is the same for all; 1 where nothing is promised.

    Returns:
        Chances that sum to `n`, none above 1, shape (n_items,); all 1 where `n` is as many as there are.

    Raises:
        InputError: A promise is negative or missing, or nothing is to be drawn.

    Source: Zrnic & Candes 2024, arXiv 2403.03208 (mixing in a uniform part).

    Example:
        >>> mixture_chances(np.array([0.0, 0.0, 1.0, 1.0]), 2).tolist()
        [0.25, 0.25, 0.75, 0.75]
    """
    if n < 1 or not (promise >= 0).all():
        raise InputError(f"{n} items cannot be drawn by what they promise", hint="Draw at least one")
    if n >= len(promise):
        return np.ones(len(promise))
    total = float(promise.sum())
    alike = np.full(len(promise), 1 / len(promise))
    parts = alike if total == 0 else uniform_share * alike + (1 - uniform_share) * promise / total
    is_sure = np.zeros(len(promise), dtype=bool)
    while True:
        chances: FloatArray = np.where(is_sure, 1.0, parts * (n - is_sure.sum()) / parts[~is_sure].sum())
        over = (chances > 1) & ~is_sure
        if not over.any():
            return chances
        is_sure |= over


def systematic_draw(chances: FloatArray, rng: np.random.Generator) -> IntArray:
    """Return which items are drawn, each with exactly its chance, and as many as the chances sum to; ascending.

    Args:
        chances: From 0 to 1, shape (n_items,).
        rng: Of the order and the start.

    Source: Madow 1949, in random order.
    """
    order = rng.permutation(len(chances))
    ends = np.cumsum(chances[order])
    start = rng.random()
    # The last end is a whole number but for rounding, which must neither add an item nor lose one.
    steps = np.floor(np.concatenate([[0.0], ends]) - start + 1e-9)
    return np.sort(order[np.diff(steps) >= 1]).astype(np.int64)
