"""The plainest calibrator: what experts said where the judge said each level, smoothed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from judgekit.stats.sample import FloatArray

PRIOR = 0.5
"""Pseudo-count of each cell: Jeffreys' Dirichlet."""


@dataclass(frozen=True, slots=True)
class LevelTable:
    """P(expert's level | judge's level), one row per level of the judge.

    Attributes:
        rows: Each sums to 1.
    """

    rows: tuple[tuple[float, ...], ...]

    def predict(self, shares: FloatArray) -> FloatArray:
        """Return the distribution of the expert's level, shape (n, n_levels), of the judge's shares of its levels."""
        return np.asarray(shares @ np.array(self.rows), dtype=np.float64)


def fit_level_table(shares: FloatArray, human: FloatArray) -> LevelTable:
    """Return the smoothed table.

    Args:
        shares: How the judge spreads each verdict over its levels, shape (n, n_judge_levels); a plain verdict has a 1.
        human: The same of the expert, shape (n, n_levels).

    Source: Jeffreys 1946 (Dirichlet(1/2)).

    Example:
        >>> said = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        >>> fit_level_table(said, said).rows
        ((0.8333333333333334, 0.16666666666666666), (0.25, 0.75))
    """
    counts = shares.T @ human + PRIOR
    table = counts / counts.sum(axis=1, keepdims=True)
    return LevelTable(tuple(tuple(map(float, row)) for row in table))
