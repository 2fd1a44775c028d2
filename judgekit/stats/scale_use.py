"""How a rater or a judge uses the declared scale: its ends, its spread, the levels it never gives."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from judgekit.errors import InputError
from judgekit.stats.estimate import Estimate
from judgekit.stats.interval import rate_interval
from judgekit.stats.patterns import ratio
from judgekit.stats.sample import FloatArray, IntArray, listed
from judgekit.stats.unit_sums import MIN_CLUSTERS_OF_RATE, MIN_UNITS, Otherwise, Resampling, estimates_of_sums


@dataclass(frozen=True, slots=True)
class ScaleUse:
    """Use of a scale by one rater or judge.

    Attributes:
        extreme_share: Share of ratings on the lowest or the highest level.
        modal_share: Share of ratings on the level given most: clumping.
        entropy_bits: Shannon entropy of the levels given, from 0 to log2 of their number; low where ratings clump.
        levels: The declared levels.
        shares: Share of ratings on each.
        unused: Levels never given.
    """

    extreme_share: Estimate
    modal_share: Estimate
    entropy_bits: Estimate
    levels: tuple[float, ...]
    shares: tuple[float, ...]
    unused: tuple[float, ...]


def scale_use(
    ratings: npt.ArrayLike,
    levels: npt.ArrayLike,
    *,
    units: IntArray | None = None,
    rng: np.random.Generator,
    level: float = 0.95,
    n_resamples: int = 2000,
) -> ScaleUse:
    """Say how one rater or judge uses the declared scale.

    Args:
        ratings: Shape (n_rows,); NaN is missing.
        levels: The declared levels, ascending, shape (n_levels,).
        units: The independent unit of each row, shape (n_rows,); None: each row is its own.
        rng: Source of the resamples.
        level: Coverage of the intervals: of a rate for the ends' share of independent rows, else BCa.
        n_resamples: Bootstrap resamples.

    Undefined when: there is no rating.

    Raises:
        InputError: A rating is not a level.

    Source: Shannon 1948 for the entropy; its estimate lies low by about (levels in use - 1) / (2 n ln 2) bits.
    """
    given, scale = np.asarray(ratings, dtype=np.float64), np.asarray(levels, dtype=np.float64)
    is_there = ~np.isnan(given)
    on_level = (given[is_there, None] == scale).astype(np.float64)
    for place in np.flatnonzero(on_level.sum(axis=1) != 1)[:1]:
        raise InputError(
            f"a rating is {given[is_there][place]:g}, the levels are {listed(scale)}",
            hint="Round it to a level, or declare the scale it is on",
        )
    n_missing = int((~is_there).sum())
    kept = None if units is None else np.asarray(units)[is_there]
    extreme, modal, entropy = estimates_of_sums(
        _shares_and_entropy,
        on_level,
        kept,
        resampling=Resampling(rng, level, n_resamples),
        otherwise=Otherwise("no_data", "there is no rating", {"missing": n_missing} if n_missing else {}),
    )
    counts = on_level.sum(axis=0)
    shares = tuple(float(n) / max(len(on_level), 1) for n in counts)
    unused = tuple(float(scale[place]) for place in np.flatnonzero(counts == 0))
    return ScaleUse(_as_rate(extreme), modal, entropy, tuple(scale.tolist()), shares, unused)


def _shares_and_entropy(sums: FloatArray) -> FloatArray:
    n = sums.sum(axis=1)
    extreme, modal = ratio(sums[:, 0] + sums[:, -1], n), ratio(sums.max(axis=1), n)
    shares = sums / np.where(n > 0, n, np.nan)[:, None]
    surprise = -np.log2(np.where(shares > 0, shares, 1))
    return np.stack([extreme, modal, (shares * surprise).sum(axis=1)], axis=1)


def _as_rate(share: Estimate) -> Estimate:
    """Give a share of independent rows the interval of a rate."""
    if share.value is None or share.n_clusters < MIN_UNITS:
        return share
    if share.n_clusters < share.n:
        if share.n_clusters >= MIN_CLUSTERS_OF_RATE:
            return share
        why = f"none: fewer than {MIN_CLUSTERS_OF_RATE} clusters for a rate"
        return replace(share, low=None, high=None, method=why)
    found = rate_interval(share.value, share.n, share.level)
    return replace(share, low=found.low, high=found.high, method=found.method)
