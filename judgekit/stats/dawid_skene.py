"""Dawid and Skene's model: what several fallible raters say of each item, weighted by how each of them errs.

Do not count the judge among the raters when its agreement with the result is to be measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from judgekit.errors import InputError
from judgekit.stats.sample import FloatArray, IntArray, listed

_MIN_LABELS = 5
"""Labels of one rater on one class below which that row of the rater's confusion is mostly chance."""
_LEAST = 1e-300
"""Stands for zero in logarithms."""
_TIE = 1e-9


@dataclass(frozen=True, slots=True)
class DawidSkeneRule:
    """How the model is fitted.

    Attributes:
        smoothing: Labels added to every cell of every rater's confusion; 0 is maximum likelihood, 0.01 keeps a rater
            with few labels from being certain.
        tolerance: Stop when no probability of a class moves by more.
        max_iterations: Stop here in any case, and say so.
    """

    smoothing: float = 0.0
    tolerance: float = 1e-5
    max_iterations: int = 500

    def __post_init__(self) -> None:
        if not (self.smoothing >= 0 and self.tolerance > 0 and self.max_iterations >= 1):
            raise InputError(
                f"Dawid-Skene with smoothing {self.smoothing:g}, tolerance {self.tolerance:g}, "
                f"{self.max_iterations} iterations",
                hint="Smoothing from 0, a positive tolerance, and at least one iteration",
            )


@dataclass(frozen=True, eq=False)
class DawidSkene:
    """A fitted model; everything is empty when `undefined` says why there is none.

    Attributes:
        levels: The declared levels, shape (n_levels,).
        probabilities: Of each level for each item, shape (n_items, n_levels); NaN for items without a label.
        shares: Share of each level among the items, shape (n_levels,).
        confusions: How often each rater gives each level (last axis) to items of each level, shape
            (n_raters, n_levels, n_levels); even where a rater saw no item of a level.
        supports: Labels behind each row of `confusions`, shape (n_raters, n_levels).
        log_likelihood: Of the labels.
        n_iterations: Steps until nothing moved.
        n_unlabelled: Items without a label.
        warnings: What the labels cannot carry, in sentences.
        undefined: `code: words`, or None.
    """

    levels: FloatArray
    probabilities: FloatArray
    shares: FloatArray
    confusions: FloatArray
    supports: FloatArray
    log_likelihood: float | None
    n_iterations: int
    n_unlabelled: int
    warnings: tuple[str, ...] = ()
    undefined: str | None = None

    @property
    def labels(self) -> FloatArray:
        """Each item's most probable level, shape (n_items,); NaN where two tie or nobody labelled it."""
        if self.undefined is not None:
            return np.empty(0)
        ordered = np.sort(self.probabilities, axis=1)
        is_settled = ordered[:, -1] - ordered[:, -2] > _TIE  # NaN is not
        best = self.levels[np.argmax(np.where(np.isnan(self.probabilities), -1, self.probabilities), axis=1)]
        return np.where(is_settled, best, np.nan)


def dawid_skene(
    ratings: npt.ArrayLike,
    levels: npt.ArrayLike,
    *,
    raters: Sequence[int] | None = None,
    rule: DawidSkeneRule = DawidSkeneRule(),
    names: tuple[str, ...] = (),
) -> DawidSkene:
    """Fit item classes and rater confusions together by expectation and maximisation, over distinct rows.

    The probability that an item is of level j is proportional to share_j x prod over its labels of
    confusion[rater, j, label]; shares and confusions are the frequencies those probabilities give. Starts from each
    item's vote shares.

    Args:
        ratings: Shape (n_items, n_columns); NaN is missing.
        levels: The declared levels, ascending, shape (n_levels,).
        raters: The rater of each column, numbered from 0, where one rater fills several columns (occasions); None:
            each column is a rater's.
        rule: Smoothing and when to stop.
        names: What the raters are called in warnings.

    Undefined when: there is no label, or fewer than two raters gave any.

    Raises:
        InputError: Shapes that do not fit, or a rating that is not a level.

    Source: Dawid & Skene 1979, "Maximum likelihood estimation of observer error-rates using the EM algorithm".
    """
    scale, table = np.asarray(levels, dtype=np.float64), np.asarray(ratings, dtype=np.float64)
    rater_of_column = _rater_of_column(table, raters)
    codes = _codes(table, scale)
    reason = _reason(codes, rater_of_column)
    if reason:
        empty = np.empty(0)
        n_unlabelled = int((codes < 0).all(axis=1).sum())
        return DawidSkene(scale, empty, empty, empty, empty, None, 0, n_unlabelled, undefined=reason)
    rows, row_of_item = _distinct(codes, len(scale))
    counts = np.bincount(row_of_item).astype(np.float64)
    is_labelled = (rows >= 0).any(axis=1)
    votes = _votes(rows[is_labelled], rater_of_column, len(scale))
    fit = _fitted(votes, counts[is_labelled], rule)
    probabilities = np.full((len(rows), len(scale)), np.nan)
    probabilities[is_labelled] = fit.probabilities
    names = names or tuple(f"rater {place + 1}" for place in range(votes.shape[1]))
    return DawidSkene(
        levels=scale,
        probabilities=probabilities[row_of_item],
        shares=fit.shares,
        confusions=fit.confusions,
        supports=fit.supports,
        log_likelihood=fit.log_likelihood,
        n_iterations=fit.n_iterations,
        n_unlabelled=int(counts[~is_labelled].sum()),
        warnings=_warnings(fit, scale, names, rule),
    )


@dataclass(frozen=True, eq=False)
class _Fit:
    """The model at the last step, over distinct rows."""

    probabilities: FloatArray
    shares: FloatArray
    confusions: FloatArray
    supports: FloatArray
    log_likelihood: float
    n_iterations: int
    has_settled: bool


def _fitted(votes: FloatArray, counts: FloatArray, rule: DawidSkeneRule) -> _Fit:
    """Alternate the two steps.

    Args:
        votes: How often each rater gave each level, shape (n_rows, n_raters, n_levels).
        counts: Items of each row, shape (n_rows,).
        rule: When to stop.
    """
    n_rows, n_raters, n_levels = votes.shape
    flat = votes.reshape(n_rows, -1)
    probabilities = votes.sum(axis=1) / flat.sum(axis=1, keepdims=True)
    n_iterations, moved = 0, np.inf
    while moved > rule.tolerance and n_iterations < rule.max_iterations:
        n_iterations += 1
        weighted = counts[:, None] * probabilities
        shares = weighted.sum(axis=0) / counts.sum()
        given = (weighted.T @ flat).reshape(n_levels, n_raters, n_levels).swapaxes(0, 1)
        confusions = _rows_to_one(given + rule.smoothing)
        by_label = np.log(np.maximum(confusions, _LEAST)).swapaxes(1, 2).reshape(-1, n_levels)
        joint = flat @ by_label + np.log(np.maximum(shares, _LEAST))
        highest = joint.max(axis=1, keepdims=True)
        likely = np.exp(joint - highest)
        totals = likely.sum(axis=1, keepdims=True)
        moved = float(np.abs(likely / totals - probabilities).max())
        probabilities = likely / totals
    log_likelihood = float(counts @ (highest + np.log(totals))[:, 0])
    has_settled = moved <= rule.tolerance
    return _Fit(probabilities, shares, confusions, given.sum(axis=2), log_likelihood, n_iterations, has_settled)


def _rows_to_one(cells: FloatArray) -> FloatArray:
    """Divide each row by its sum; an empty row says nothing, so it becomes even."""
    totals = cells.sum(axis=2, keepdims=True)
    even = np.full(cells.shape, 1 / cells.shape[2])
    rows: FloatArray = np.divide(cells, totals, out=even, where=totals > 0)
    return rows


def _rater_of_column(table: FloatArray, raters: Sequence[int] | None) -> IntArray:
    if table.ndim != 2:
        raise InputError(f"ratings have shape {table.shape}", hint="Give a row per item, a column per rater")
    places = np.arange(table.shape[1]) if raters is None else np.asarray(raters, dtype=np.int64)
    if places.shape != table.shape[1:] or sorted(set(places.tolist())) != list(range(len(set(places.tolist())))):
        raise InputError(
            f"raters {places.tolist()} for {table.shape[1]} columns",
            hint="Number each column's rater from 0, leaving none out",
        )
    return places


def _codes(table: FloatArray, levels: FloatArray) -> IntArray:
    """Return each rating's place among the levels; -1 is missing."""
    codes = np.full(table.shape, -1, dtype=np.int64)
    for place, level in enumerate(levels):
        codes[table == level] = place
    for row, column in np.argwhere((codes < 0) & ~np.isnan(table))[:1]:
        raise InputError(
            f"a rater gave {table[row, column]:g}, the levels are {listed(levels)}",
            where=f"item {row + 1}",
            hint="Round it to a level, or declare the scale it is on",
        )
    return codes


def _reason(codes: IntArray, rater_of_column: IntArray) -> str | None:
    active = {int(rater) for rater, column in zip(rater_of_column, codes.T, strict=True) if (column >= 0).any()}
    if not active:
        return f"no_data: none of {len(codes)} items has a label"
    if len(active) == 1:
        return "too_few: one rater gave all the labels, and nobody stands against whom to weigh them"
    return None


def _distinct(codes: IntArray, n_levels: int) -> tuple[IntArray, IntArray]:
    """Return the distinct rows, and which of them each item is."""
    key = np.zeros(len(codes), dtype=np.int64)
    size = 1
    for column in codes.T:
        if size > np.iinfo(np.int64).max // (n_levels + 1):
            found, key = np.unique(key, return_inverse=True)
            size = len(found)
        key, size = key * (n_levels + 1) + column + 1, size * (n_levels + 1)
    _, first, place = np.unique(key, return_index=True, return_inverse=True)
    return codes[first], place


def _votes(rows: IntArray, rater_of_column: IntArray, n_levels: int) -> FloatArray:
    votes = np.zeros((len(rows), int(rater_of_column.max()) + 1, n_levels))
    for column, rater in enumerate(rater_of_column):
        given = np.flatnonzero(rows[:, column] >= 0)
        votes[given, rater, rows[given, column]] += 1
    return votes


def _warnings(fit: _Fit, levels: FloatArray, names: tuple[str, ...], rule: DawidSkeneRule) -> tuple[str, ...]:
    said = [
        f"{name} has {fit.supports[rater, place]:.1f} labels on items of level {levels[place]:g}: "
        f"fewer than {_MIN_LABELS}, so that row of the confusion is mostly chance"
        for rater, name in enumerate(names)
        for place in np.flatnonzero(fit.supports[rater] < _MIN_LABELS)
    ]
    if not fit.has_settled:
        said.append(f"stopped after {rule.max_iterations} iterations before the probabilities settled")
    return tuple(said)
