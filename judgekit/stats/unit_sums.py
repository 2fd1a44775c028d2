"""Statistics that are functions of sums over rows: their estimates from sums over independent units.

A mean, a slope, a correlation of two columns or an additive fit needs only sums over the rows. So each unit is
reduced to its own sums once, and a resample adds up sums: what it costs does not depend on the number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from judgekit.errors import InputError
from judgekit.stats.estimate import Estimate, UndefinedCode, undefined
from judgekit.stats.interval import Interval, bootstrap_interval, influence, no_interval
from judgekit.stats.resample import Units
from judgekit.stats.sample import FloatArray, IntArray

Function = Callable[[FloatArray], FloatArray]
"""Sums or weights, shape (n_resamples, n_sums), to values, shape (n_resamples, n_statistics); NaN is undefined."""

MIN_UNITS = 10
"""Independent units below which no interval is worth printing."""
TOO_FEW_UNITS = f"fewer than {MIN_UNITS} independent units"
MIN_CLUSTERS_OF_RATE = 30
"""Clusters below which a rate gets no interval: a design effect from few of them is too often too small."""
_DIGITS = 10
"""Sums that agree to this many decimals of the column's largest are the same: units alike are drawn by kind."""


@dataclass(frozen=True, slots=True)
class Resampling:
    """How intervals are drawn.

    Attributes:
        rng: Source of the resamples; the same seed gives the same interval, in whatever order the rows stand.
        level: Coverage of the interval.
        n_resamples: Bootstrap resamples.
    """

    rng: np.random.Generator
    level: float = 0.95
    n_resamples: int = 2000

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise InputError(f"level {self.level:g} is not between 0 and 1", hint="Give 0.95 for 95%")


@dataclass(frozen=True, slots=True)
class Otherwise:
    """What an estimate says when its value is undefined, and what it counts in any case.

    Attributes:
        code: Why there is no value.
        words: The same in words.
        dropped: Rows that could not enter, by cause.
    """

    code: UndefinedCode
    words: str
    dropped: Mapping[str, int] = field(default_factory=dict)


def estimates_of_sums(
    function: Function,
    rows: FloatArray,
    units: IntArray | None,
    *,
    resampling: Resampling,
    otherwise: Otherwise,
) -> list[Estimate]:
    """Return the estimates of several statistics of the same sums, from one set of resamples of units.

    Args:
        function: From sums to statistics.
        rows: What each row adds to the sums, shape (n_rows, n_sums).
        units: The independent unit of each row, shape (n_rows,); None: each row is its own.
        resampling: How intervals are drawn.
        otherwise: What is said of a statistic that is undefined.

    Returns:
        One estimate a statistic, with BCa intervals; none below 10 units.
    """
    found = units_by_sums(rows, units)
    values = function(found.totals[None, :])[0]
    intervals = unit_intervals(function, found, values, resampling)
    return [
        estimate_of(float(value), interval, otherwise, n=len(rows), n_clusters=found.n, level=resampling.level)
        for value, interval in zip(values, intervals, strict=True)
    ]


def unit_intervals(function: Function, units: Units, values: FloatArray, resampling: Resampling) -> list[Interval]:
    """Return the intervals of several statistics from one set of resamples; none below 10 units.

    Args:
        function: From what `units` yields, sums or weights, to statistics.
        units: What is drawn.
        values: The point estimates, shape (n_statistics,).
        resampling: How intervals are drawn.
    """
    if units.n < MIN_UNITS:
        return [no_interval(TOO_FEW_UNITS)] * len(values)
    drawn = np.concatenate([function(sums) for sums in units.resamples(resampling.rng, resampling.n_resamples)])
    left_out = [(function(sums), times) for sums, times in units.leave_outs(resampling.rng)]
    without, times = (np.concatenate(part) for part in zip(*left_out, strict=True))
    return [
        bootstrap_interval(float(value), drawn[:, place], influence(without[:, place], times), resampling.level)
        for place, value in enumerate(values)
    ]


def estimate_of(
    value: float, interval: Interval, otherwise: Otherwise, *, n: int, n_clusters: int, level: float
) -> Estimate:
    """Return the estimate of a value with its interval; undefined where the value is NaN."""
    dropped = dict(otherwise.dropped)
    if np.isnan(value):
        return undefined(otherwise.code, otherwise.words, n=n, n_clusters=n_clusters, level=level, dropped=dropped)
    return Estimate(value, interval.low, interval.high, level, n, n_clusters, interval.method, dropped=dropped)


def units_by_sums(rows: FloatArray, units: IntArray | None) -> Units:
    """Return the independent units by their sums; units whose sums are alike are one kind."""
    sums = rows if units is None else sums_by_unit(rows, units)
    if not len(sums):
        return Units(np.zeros(0, dtype=np.int64), sums, np.zeros(rows.shape[1]))
    largest = np.abs(sums).max(axis=0)
    # Rounded for comparison only: sums of the same rows in another order differ in their last digits.
    keys = np.round(sums / np.where(largest > 0, largest, 1), _DIGITS) + 0.0
    _, first, multiplicity = np.unique(keys, axis=0, return_index=True, return_counts=True)
    return Units(multiplicity, sums[first], multiplicity @ sums[first])


def sums_by_unit(rows: FloatArray, units: IntArray) -> FloatArray:
    """Return each unit's sums, in ascending order of the units, shape (n_units, n_sums)."""
    found, unit_of_row = np.unique(units, return_inverse=True)
    sums = np.zeros((len(found), rows.shape[1]))
    np.add.at(sums, unit_of_row, rows)
    return sums


def n_units(units: IntArray | None, n_rows: int) -> int:
    """Return the number of independent units."""
    return n_rows if units is None else len(np.unique(units))
