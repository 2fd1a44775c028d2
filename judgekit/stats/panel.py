"""How many independent members a panel of raters or judges is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from judgekit.errors import InputError
from judgekit.stats.estimate import Estimate
from judgekit.stats.pair_correlation import correlations_of_moments, mean_correlation, pair_moments
from judgekit.stats.sample import FloatArray, IntArray
from judgekit.stats.unit_sums import Otherwise, Resampling, estimates_of_sums


@dataclass(frozen=True, slots=True)
class PanelSize:
    """A panel's nominal and effective size.

    Attributes:
        n_members: Members, as counted.
        correlation: Mean correlation of two members' errors.
        effective: Independent members that would err as little on average.
    """

    n_members: int
    correlation: Estimate
    effective: Estimate


def effective_panel_size(
    errors: npt.ArrayLike,
    *,
    units: IntArray | None = None,
    rng: np.random.Generator,
    level: float = 0.95,
    n_resamples: int = 2000,
) -> PanelSize:
    """Kish's effective size of a panel: n_members / (1 + (n_members - 1) x mean correlation), from 1 upward.

    Members that make the same errors are one member. Negative correlations make a panel worth more than its members.

    Args:
        errors: Each member's value less the reference, shape (n_rows, n_members); NaN is missing.
        units: The independent unit of each row, shape (n_rows,); None: each row is its own.
        rng: Source of the resamples.
        level: Coverage of the intervals.
        n_resamples: Bootstrap resamples.

    Returns:
        The size with its interval; pairs of members without a correlation are left out and counted.

    Undefined when: no two members share three rows on which both vary, or the mean correlation is -1 / (n - 1) or less.

    Raises:
        InputError: There are fewer than two members.

    Source: Kish 1965, design effect; Kohli 2026 (arXiv 2605.29800) for panels of judges.
    """
    table = np.asarray(errors, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] < 2:
        raise InputError(f"errors have shape {table.shape}", hint="Give a row per target, a column per member")
    n_members = table.shape[1]
    moments = pair_moments(table)
    n_apart = int(np.isnan(correlations_of_moments(moments.sum(axis=0)[None, :])).sum())

    def statistics(sums: FloatArray) -> FloatArray:
        correlation = mean_correlation(sums)
        return np.stack([correlation, kish_size(n_members, correlation)], axis=1)

    words = f"no mean correlation of {n_members} members' errors above {-1 / (n_members - 1):.3g} (n={len(table)})"
    correlation, effective = estimates_of_sums(
        statistics,
        moments,
        units,
        resampling=Resampling(rng, level, n_resamples),
        otherwise=Otherwise("constant", words, {"pairs_without_correlation": n_apart} if n_apart else {}),
    )
    return PanelSize(n_members, correlation, effective)


def kish_size(n_members: int, correlation: FloatArray) -> FloatArray:
    """Return n / (1 + (n - 1) x correlation); NaN where that is not positive.

    Example:
        Kohli 2026 finds about two votes in nine judges:

        >>> round(float(kish_size(9, np.array(0.4))), 2)
        2.14
    """
    inflation = 1 + (n_members - 1) * np.asarray(correlation, dtype=np.float64)
    # A mean correlation of exactly -1 / (n - 1) leaves a residue of rounding.
    return n_members / np.where(inflation > 1e-12, inflation, np.nan)
