"""What each rater adds to a rating: how high or low they rate the same items, and how that moves over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from judgekit.errors import InputError
from judgekit.stats.estimate import Estimate
from judgekit.stats.metric import measure_all
from judgekit.stats.patterns import ratio
from judgekit.stats.sample import FloatArray, IntArray, Sample
from judgekit.stats.unit_sums import Otherwise, Resampling, estimates_of_sums

_DAYS = 30.0
_RESIDUE = 1e-9
"""Relative size below which an eigenvalue, or a spread of times, is rounding of zero."""


def rater_effects(
    ratings: npt.ArrayLike,
    *,
    units: IntArray | None = None,
    rng: np.random.Generator,
    level: float = 0.95,
    n_resamples: int = 2000,
) -> tuple[Estimate, ...]:
    """Each rater's mean residual once the items are accounted for, in points of the scale; negative is severe.

    Least squares of rating = item + rater effect, the effects summing to zero: with complete ratings a rater's mean
    less everybody's, with missing ones a comparison on the items that raters share, directly or through others.

    Args:
        ratings: Shape (n_items, n_raters); NaN is missing. Items with one rating say nothing and are counted.
        units: The independent unit of each item, shape (n_items,); None: each item is its own.
        rng: Source of the resamples.
        level: Coverage of the intervals.
        n_resamples: Bootstrap resamples.

    Returns:
        One estimate a rater; `n` is the items they share with another.

    Undefined when: shared items do not connect all raters, so that some cannot be compared.

    Raises:
        InputError: There are fewer than two raters.

    Source: the additive two-way model, as the simple form of many-facet Rasch severity (Linacre 1989).
    """
    table = _table(ratings)
    n_raters = table.shape[1]
    is_shared = (~np.isnan(table)).sum(axis=1) >= 2
    n_alone = int((~is_shared).sum())
    words = f"the {n_raters} raters share too few items to be compared (n={int(is_shared.sum())})"
    found = estimates_of_sums(
        lambda sums: _effects(sums, n_raters),
        _normal_equations(table[is_shared]),
        None if units is None else np.asarray(units)[is_shared],
        resampling=Resampling(rng, level, n_resamples),
        otherwise=Otherwise("no_data", words, {"fewer_than_two_ratings": n_alone} if n_alone else {}),
    )
    n_given = (~np.isnan(table[is_shared])).sum(axis=0)
    return tuple(replace(estimate, n=int(n)) for estimate, n in zip(found, n_given, strict=True))


def rater_drift(
    ratings: npt.ArrayLike,
    days: npt.ArrayLike,
    *,
    units: IntArray | None = None,
    rng: np.random.Generator,
    level: float = 0.95,
    n_resamples: int = 2000,
) -> tuple[Estimate, ...]:
    """How each rater's effect moves, in points of the scale per 30 days; negative is growing severity.

    The slope over time of the rater's ratings less the others' of the same items, the others' effects taken out. It is
    relative: raters who all drift alike show none. The others' effects are held fixed in the interval.

    Args:
        ratings: Shape (n_items, n_raters); NaN is missing.
        days: When each rating was given, in days from any start, shape (n_items, n_raters); NaN is unknown.
        units: The independent unit of each item, shape (n_items,); None: each item is its own.
        rng: Source of the resamples.
        level: Coverage of the intervals.
        n_resamples: Bootstrap resamples.

    Returns:
        One estimate a rater; `n` is the ratings of known time on items that others rated too.

    Undefined when: the rater gave fewer than three such ratings, or all at one time, or cannot be compared.

    Raises:
        InputError: Shapes that do not fit.
    """
    table, times = _table(ratings), np.asarray(days, dtype=np.float64)
    if times.shape != table.shape:
        raise InputError(f"days of shape {times.shape} beside ratings of shape {table.shape}")
    is_shared = (~np.isnan(table)).sum(axis=1) >= 2
    effects = _effects(_normal_equations(table[is_shared]).sum(axis=0)[None, :], table.shape[1])[0]
    resampling = Resampling(rng, level, n_resamples)
    return tuple(
        _drift(table[:, place], times[:, place], np.delete(table - effects, place, axis=1), units, resampling)
        for place in range(table.shape[1])
    )


def self_agreement(
    metrics: Sequence[str],
    occasions: Sample,
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    n_resamples: int = 2000,
) -> dict[str, Estimate]:
    """How one rater agrees with their own earlier ratings of the same items, by metric.

    Args:
        metrics: Names of `METRICS`.
        occasions: A column per occasion instead of per rater; NaN where an item was not rated again.
        rng: Source of the resamples.
        level: Coverage of the intervals.
        n_resamples: Bootstrap resamples.

    Undefined when: the metric is; with nothing repeated, `no_data`.
    """
    named = replace(occasions, names=tuple(f"occasion {place + 1}" for place in range(occasions.ratings.shape[1])))
    return measure_all(metrics, named, rng=rng, level=level, n_resamples=n_resamples)


def _table(ratings: npt.ArrayLike) -> FloatArray:
    table = np.asarray(ratings, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] < 2:
        raise InputError(
            f"ratings have shape {table.shape}", hint="Give a row per item, a column per rater, two or more"
        )
    return table


def _normal_equations(table: FloatArray) -> FloatArray:
    """Return what each item adds to the equations of the effects, items eliminated.

    Returns:
        Shape (n_items, n_raters^2 + n_raters): with m the raters of an item, diag(m) - m m' / |m| flattened, then
        the ratings less the item's mean.
    """
    is_there = (~np.isnan(table)).astype(np.float64)
    n_ratings = is_there.sum(axis=1, keepdims=True)
    means = np.nansum(table, axis=1, keepdims=True) / n_ratings
    matrices = (
        is_there[:, :, None] * np.eye(table.shape[1])
        - is_there[:, :, None] * is_there[:, None, :] / (n_ratings[:, :, None])
    )
    return np.concatenate(
        [matrices.reshape(len(table), table.shape[1] ** 2), np.where(is_there > 0, table - means, 0)], axis=1
    )


def _effects(sums: FloatArray, n_raters: int) -> FloatArray:
    """Solve for the effects, shape (n_resamples, n_raters); NaN where the items do not connect all raters."""
    matrices = sums[:, : n_raters**2].reshape(-1, n_raters, n_raters)
    sides = sums[:, n_raters**2 :]
    # A Laplacian: its one zero eigenvalue is the common constant, a second one means raters who never meet.
    values, vectors = np.linalg.eigh(matrices)
    is_connected = values[:, 1] > _RESIDUE * np.maximum(values[:, -1], _RESIDUE)
    inverse = np.where(np.arange(n_raters) > 0, 1 / np.where(values > 0, values, 1), 0)
    along = np.einsum("bij,bi->bj", vectors, sides) * inverse
    effects = np.einsum("bij,bj->bi", vectors, along)
    return np.where(is_connected[:, None], effects, np.nan)


def _drift(
    own: FloatArray, times: FloatArray, others: FloatArray, units: IntArray | None, resampling: Resampling
) -> Estimate:
    """Return the slope of one rater's ratings, less the others' without their effects."""
    n_others = (~np.isnan(others)).sum(axis=1)
    has_rating = ~np.isnan(own) & (n_others > 0)
    is_used = has_rating & ~np.isnan(times)
    y = own[is_used] - np.nansum(others[is_used], axis=1) / n_others[is_used]
    x = times[is_used] / _DAYS
    x = x - (x.mean() if len(x) else 0.0)
    n_untimed = int((has_rating & ~is_used).sum())
    [found] = estimates_of_sums(
        _slope,
        np.stack([x**0, x, y, x * x, x * y], axis=1),
        None if units is None else np.asarray(units)[is_used],
        resampling=resampling,
        otherwise=Otherwise(
            "too_few",
            f"fewer than three ratings at different times on items that others rated too (n={len(x)})",
            {"no_time": n_untimed} if n_untimed else {},
        ),
    )
    return found


def _slope(sums: FloatArray) -> FloatArray:
    n, x, y, xx, xy = sums.T
    spread = n * xx - x * x
    is_varied = (spread > _RESIDUE * n * xx) & (n >= 3)
    return ratio(n * xy - x * y, np.where(is_varied, spread, 0))[:, None]
