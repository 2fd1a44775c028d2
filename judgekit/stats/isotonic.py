"""Isotonic calibration: the best map that never falls, by pooling adjacent violators."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from judgekit.stats.sample import FloatArray


@dataclass(frozen=True, slots=True)
class Isotonic:
    """A map through knots, straight between them and level beyond the ends.

    Attributes:
        at: The judge's numbers, ascending.
        values: The expert's expected number there, never falling.
    """

    at: tuple[float, ...]
    values: tuple[float, ...]

    def predict(self, judge: FloatArray) -> FloatArray:
        """Return the expert's expected number, shape (n,), of the judge's, shape (n,)."""
        return np.interp(judge, self.at, self.values)


def fit_isotonic(judge: FloatArray, human: FloatArray) -> Isotonic:
    """Return the least-squares map that never falls.

    Args:
        judge: Shape (n,), at least one.
        human: Shape (n,).

    Source: Ayer et al. 1955; Barlow et al. 1972.

    Example:
        Values of scikit-learn 1.9's IsotonicRegression:

        >>> judge = np.array([1.0, 1, 2, 2, 3, 3, 4, 4, 5, 5])
        >>> fit_isotonic(judge, np.array([1.0, 2, 1, 3, 2, 4, 3, 4, 5, 4])).values
        (1.5, 2.0, 3.0, 3.5, 4.5)
    """
    at, place, counts = np.unique(judge, return_inverse=True, return_counts=True)
    sums = np.bincount(place, weights=human)
    blocks: list[tuple[float, float, int]] = []
    for total, count in zip(sums, counts, strict=True):
        block = (float(total), float(count), 1)
        while blocks and blocks[-1][0] * block[1] >= block[0] * blocks[-1][1]:
            before = blocks.pop()
            block = (before[0] + block[0], before[1] + block[1], before[2] + block[2])
        blocks.append(block)
    values = [total / count for total, count, n_knots in blocks for _ in range(n_knots)]
    return Isotonic(tuple(map(float, at)), tuple(values))
