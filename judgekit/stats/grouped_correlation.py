"""Correlation of judge and humans over several systems and items: pooled, within groups, and between systems.

They answer different questions and can have opposite signs, so each carries its name. Pooled: does the judge track
what is hard and what is easy; by item: can it tell systems apart on the same item; by system: does it follow one
system's ups and downs; system level: does it rank the systems.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from judgekit.errors import InputError, UnknownName
from judgekit.stats.estimate import Estimate
from judgekit.stats.metric import METRICS
from judgekit.stats.patterns import Patterns, distinct_rows, ratio
from judgekit.stats.resample import Units
from judgekit.stats.sample import FloatArray, IntArray, Sample
from judgekit.stats.unit_sums import Otherwise, Resampling, estimate_of, unit_intervals

CORRELATIONS = ("pearson", "spearman", "kendall_tau_b")
_DECIMALS = 12
"""System means that agree to this many decimals are the same mean."""
_WHERE = ("grouping", "item", "system", "set of system means")

Weighted = Callable[[FloatArray], FloatArray]
"""How often each item is drawn, shape (n_resamples, n_items), to values, shape (n_resamples,)."""


@dataclass(frozen=True, slots=True)
class GroupedCorrelations:
    """One correlation over four groupings; `dropped` counts cells without both scores, and groups skipped.

    Attributes:
        pooled: Over all cells at once.
        by_item: Across systems within each item, averaged over items.
        by_system: Across items within each system, averaged over systems.
        system_level: Of the systems' means.
    """

    pooled: Estimate
    by_item: Estimate
    by_system: Estimate
    system_level: Estimate


def grouped_correlations(
    correlation: str,
    judge: npt.ArrayLike,
    human: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    n_resamples: int = 2000,
) -> GroupedCorrelations:
    """Correlate judge and human scores of systems x items in each of the four ways.

    A group with fewer than two complete cells, or in which a side is constant, is skipped and counted, never scored 0.
    (A group of two is +1 or -1: it says which of the two is better.)

    Args:
        correlation: A name of `CORRELATIONS`.
        judge: Shape (n_systems, n_items); NaN is missing.
        human: Shape (n_systems, n_items); NaN is missing.
        rng: Source of the resamples.
        level: Coverage of the intervals: BCa over items, the systems held fixed.
        n_resamples: Bootstrap resamples.

    Undefined when: no cell has both scores, or every group is skipped.

    Raises:
        UnknownName: There is no such correlation.
        InputError: Shapes that do not fit.

    Source: Deutsch, Foster & Freitag 2023, section 2; mt-metrics-eval's tests for the numbers.
    """
    if correlation not in CORRELATIONS:
        raise UnknownName("correlation", correlation, CORRELATIONS)
    cells = _complete_cells(np.asarray(judge, np.float64), np.asarray(human, np.float64))
    n_systems, n_items = cells.judge.shape
    of_items = np.array([_plain(correlation, *pair) for pair in zip(cells.judge.T, cells.human.T, strict=True)])
    of_systems = [_of_system(correlation, *pair) for pair in zip(cells.judge, cells.human, strict=True)]
    pooled = _of_cells(correlation, cells)

    def all_four(weights: FloatArray) -> FloatArray:
        within = np.stack([function(weights) for function in of_systems])
        between = _of_means(correlation, cells, weights)
        return np.stack([pooled(weights), _mean(weights, of_items), _mean_of_defined(within), between], axis=1)

    one_each = np.ones((1, n_items))
    values = all_four(one_each)[0]
    units = Units(np.ones(n_items, dtype=np.int64), None, np.ones(n_items))
    intervals = unit_intervals(all_four, units, values, Resampling(rng, level, n_resamples))
    skipped = {
        "items_skipped": int(np.isnan(of_items).sum()),
        "systems_skipped": sum(bool(np.isnan(function(one_each)[0])) for function in of_systems),
    }
    n_by_grouping = [cells.n, n_items - skipped["items_skipped"], n_systems - skipped["systems_skipped"], n_systems]
    estimates = [
        estimate_of(float(value), interval, _otherwise(cells, skipped, where), n=n, n_clusters=n_items, level=level)
        for value, interval, n, where in zip(values, intervals, n_by_grouping, _WHERE, strict=True)
    ]
    return GroupedCorrelations(*estimates)


@dataclass(frozen=True, eq=False)
class _Cells:
    """Scores where both are there, NaN elsewhere, items in a canonical order."""

    judge: FloatArray
    human: FloatArray
    n: int
    dropped: dict[str, int]


def _complete_cells(judge: FloatArray, human: FloatArray) -> _Cells:
    if judge.ndim != 2 or judge.shape != human.shape:
        raise InputError(
            f"judge of shape {judge.shape} beside human of shape {human.shape}",
            hint="Give a row per system, a column per item, of both",
        )
    has_both = ~np.isnan(judge) & ~np.isnan(human)
    n_short = int((~has_both).sum())
    dropped = {"missing": n_short} if n_short else {}
    judge, human = np.where(has_both, judge, np.nan), np.where(has_both, human, np.nan)
    is_used = has_both.any(axis=0)
    judge, human = judge[:, is_used], human[:, is_used]
    order = np.lexsort(np.concatenate([judge, human]))
    return _Cells(judge[:, order], human[:, order], int(has_both.sum()), dropped)


def _otherwise(cells: _Cells, skipped: dict[str, int], where: str) -> Otherwise:
    """Return what a grouping says and counts: of skipped groups only its own."""
    own = {cause: n for cause, n in skipped.items() if n and cause == f"{where}s_skipped"}
    words = f"every {where} has fewer than two complete cells or a constant side"
    return Otherwise("constant", words, {**cells.dropped, **own})


def _plain(correlation: str, judge: FloatArray, human: FloatArray) -> float:
    """Return the correlation of two columns; NaN where it is undefined."""
    patterns = distinct_rows(Sample(np.column_stack([judge, human])))
    if patterns.n < 2:
        return float("nan")
    return float(METRICS[correlation].function(patterns, patterns.counts[None, :])[0])


def _of_system(correlation: str, judge: FloatArray, human: FloatArray) -> Weighted:
    """Return the correlation across the items of one system, as a function of the items' weights."""
    return _on_patterns(correlation, judge, human, np.arange(len(judge)))


def _of_cells(correlation: str, cells: _Cells) -> Weighted:
    n_systems, n_items = cells.judge.shape
    return _on_patterns(correlation, cells.judge.ravel(), cells.human.ravel(), np.tile(np.arange(n_items), n_systems))


def _on_patterns(correlation: str, judge: FloatArray, human: FloatArray, item: IntArray) -> Weighted:
    patterns = distinct_rows(Sample(np.column_stack([judge, human])))
    if patterns.n < 2:
        return lambda weights: np.full(len(weights), np.nan)
    table = _items_to_patterns(patterns, item)
    return lambda weights: METRICS[correlation].function(patterns, weights @ table)


def _items_to_patterns(patterns: Patterns, item: IntArray) -> Any:
    """Return how often each pattern stands in each item, sparse, shape (n_items, n_patterns)."""
    from scipy.sparse import csr_array

    places = (item[patterns.is_used], patterns.pattern_of_row)
    shape = (int(item.max()) + 1, len(patterns.counts))
    return csr_array((np.ones(patterns.n), places), shape=shape)


def _mean(weights: FloatArray, values: FloatArray) -> FloatArray:
    is_defined = ~np.isnan(values)
    return ratio(weights @ np.where(is_defined, values, 0), weights @ is_defined.astype(np.float64))


def _mean_of_defined(values: FloatArray) -> FloatArray:
    """Return the mean over systems of those that are defined, shape (n_resamples,)."""
    is_defined = ~np.isnan(values)
    return ratio(np.where(is_defined, values, 0).sum(axis=0), is_defined.sum(axis=0).astype(np.float64))


def _of_means(correlation: str, cells: _Cells, weights: FloatArray) -> FloatArray:
    judge, human = (_system_means(side, weights) for side in (cells.judge, cells.human))
    return np.array([_plain(correlation, *pair) for pair in zip(judge, human, strict=True)])


def _system_means(scores: FloatArray, weights: FloatArray) -> FloatArray:
    """Return each system's mean under each resample, shape (n_resamples, n_systems); NaN without a cell."""
    is_there = ~np.isnan(scores)
    means = ratio(weights @ np.where(is_there, scores, 0).T, weights @ is_there.astype(np.float64).T)
    return np.round(means, _DECIMALS)
