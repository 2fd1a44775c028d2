"""Bounds of agreement for decisions where rows come in units: `unseen_unit` for kappa, J, bias and the ceiling gap."""

from __future__ import annotations

import math

import numpy as np

from judgekit.stats.interval import Interval, no_interval
from judgekit.stats.near_agreement import FAR
from judgekit.stats.patterns import Patterns, distinct_rows, ratio
from judgekit.stats.sample import BoolArray, FloatArray, IntArray, Sample
from judgekit.stats.table import METRICS
from judgekit.stats.unit_sums import TOO_FEW_UNITS
from judgekit.stats.unseen_unit import Unseen, unseen_unit_ends


def unseen_ends(metric: str, sample: Sample, level: float) -> Interval:
    """Return the interval of a judge's agreement with a reference as if one more unit had been drawn that is far off.

    Args:
        metric: `bias`, `youden_j`, or a kappa.
        sample: Two columns without missing ratings, with declared levels; numbers between levels for `bias` alone.
        level: Coverage; each end errs with half of the rest.
    """
    if sample.levels is None:
        return no_interval("no levels are declared")
    if metric == "bias":
        reach = float(sample.levels[_far(len(sample.levels))] - sample.levels[0])
        apart = sample.ratings[:, 0] - sample.ratings[:, 1]
        rows = np.column_stack([apart, np.ones(len(apart))])
        far = Unseen(np.array([[-reach, 1.0], [reach, 1.0]]))
        return unseen_unit_ends(_mean, rows, sample.units, far, level=level)
    if metric == "youden_j":
        return _youden_ends(sample, level)
    cells, far = _cells(sample), Unseen(_far_cells(metric, len(sample.levels)))
    rows = _in_cells(sample.ratings, sample.levels)
    return unseen_unit_ends(lambda sums: METRICS[metric].function(cells, sums), rows, sample.units, far, level=level)


def unseen_gap_ends(metric: str, sample: Sample, n_sessions: int, level: float) -> Interval:
    """Return the interval of how far a judge's agreement with the others lies below an expert's, so bounded.

    The session that was not drawn is one on which the judge alone is far off.

    Args:
        metric: A kappa.
        sample: Judge, left-out expert and the others' reference, on declared levels, none missing.
        n_sessions: Sessions or pairs that the rows are of.
        level: Coverage; each end errs with half of the rest.
    """
    if sample.levels is None:
        return no_interval("no levels are declared")
    cells, n_levels = _cells(sample), len(sample.levels)
    judge, expert = (_in_cells(sample.ratings[:, [column, 2]], sample.levels) for column in (0, 1))
    agreed = np.eye(n_levels**2).reshape(n_levels, n_levels, -1)
    missed = [
        np.concatenate([cell, agreed[place, place]])
        for cell in _far_cells(metric, n_levels)
        for place in [int(cell.argmax()) % n_levels]
    ]

    def gap(sums: FloatArray) -> FloatArray:
        below, above = (METRICS[metric].function(cells, part) for part in np.split(sums, 2, axis=1))
        difference: FloatArray = above - below
        return difference

    rows = np.concatenate([judge, expert], axis=1)
    unseen = Unseen(np.array(missed), n_together=len(rows) / max(1, n_sessions))
    return unseen_unit_ends(gap, rows, sample.units, unseen, level=level)


def _mean(sums: FloatArray) -> FloatArray:
    return ratio(sums[:, 0], sums[:, 1])


def _far(n_levels: int) -> int:
    """Return how many levels apart a far miss lies."""
    return math.ceil(FAR * (n_levels - 1))


def _cells(sample: Sample) -> Patterns:
    """Return every pair of levels as patterns, so that sums over rows are weights over them."""
    levels = np.zeros(0) if sample.levels is None else sample.levels
    pairs = np.array([(first, second) for first in levels for second in levels])
    return distinct_rows(Sample(pairs, levels=levels, positive=sample.positive))


def _in_cells(ratings: FloatArray, levels: FloatArray) -> FloatArray:
    """Return which pair of levels each row is, shape (n_rows, n_levels ** 2)."""
    places = np.searchsorted(levels, ratings)
    rows: FloatArray = np.eye(len(levels) ** 2)[places[:, 0] * len(levels) + places[:, 1]]
    return rows


def _far_cells(metric: str, n_levels: int) -> FloatArray:
    """Return the far misses, a row each: pairs of levels far apart, or where levels have no order any that differ."""
    first, second = np.indices((n_levels, n_levels))
    apart = np.abs(first - second)
    is_far = apart == _far(n_levels) if METRICS[metric].is_graded else apart > 0
    cells: FloatArray = np.eye(n_levels**2)[is_far.ravel()]
    return cells


def _youden_ends(sample: Sample, level: float) -> Interval:
    """Return J's interval by what moves it most: a class of few units, which its own rate shows, or units as a whole.

    Each class's rate is bounded over the units that hold it, and the two are put together as if apart; units in which
    both go wrong at once show in J itself. The further of the two ends counts.

    Source: Zou & Donner 2008 (MOVER).
    """
    is_right = sample.ratings[:, 0] == sample.ratings[:, 1]
    is_positive = sample.ratings[:, 1] == sample.positive
    classes = (is_positive, ~is_positive)
    rows = np.column_stack([is_right & is_positive, is_positive, is_right & ~is_positive, ~is_positive])
    missed = Unseen(np.array([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]))
    found = [_rate_ends(is_right[own], None if sample.units is None else sample.units[own], level) for own in classes]
    found.append(unseen_unit_ends(_youden, rows.astype(np.float64), sample.units, missed, level=level))
    ends = [(each.low, each.high) for each in found if each.low is not None and each.high is not None]
    if len(ends) < len(found):
        return no_interval(f"{TOO_FEW_UNITS} hold one of the classes")
    rates, (low, high) = [float(is_right[own].mean()) for own in classes], ends[-1]
    below = math.hypot(*(rate - lower for rate, (lower, _) in zip(rates, ends, strict=False)))
    above = math.hypot(*(upper - rate for rate, (_, upper) in zip(rates, ends, strict=False)))
    return Interval(min(sum(rates) - 1 - below, low), max(sum(rates) - 1 + above, high), found[-1].method)


def _rate_ends(is_hit: BoolArray, units: IntArray | None, level: float) -> Interval:
    rows = np.column_stack([is_hit, np.ones(len(is_hit))]).astype(np.float64)
    return unseen_unit_ends(_mean, rows, units, Unseen(np.array([[0.0, 1.0], [1.0, 1.0]])), level=level)


def _youden(sums: FloatArray) -> FloatArray:
    return ratio(sums[:, 0], sums[:, 1]) + ratio(sums[:, 2], sums[:, 3]) - 1
