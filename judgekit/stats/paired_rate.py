"""What one change does beside what chance alone does: the same rows, asked several times as they are and once changed.

The asking again is the yardstick. If the change does nothing, the changed answer is one more of the same kind, and
which of the answers is the changed one is a matter of chance: that alone gives an exact test, whatever the noise.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from judgekit.errors import InputError
from judgekit.stats.interval import Interval, no_interval
from judgekit.stats.sample import FloatArray, IntArray
from judgekit.stats.unit_sums import sums_by_unit

_NORMAL = NormalDist()
_POWER = 0.8
_N_STEPS = 1000
"""Steps of the grid that values which are no multiples of a half are rounded to: the test of the rounded is exact."""


def slot_p_value(slots: FloatArray, units: IntArray | None = None) -> float:
    """One-sided p-value of the last column's sum being this high by chance, exact.

    Under the null the columns of a unit are exchangeable, all its rows together, and each column is as likely to be
    the last. The distribution of the sum is built up one unit at a time. For sums lower than expected, pass the values
    negated; two-sided, take twice the smaller.

    Args:
        slots: What each asking gave, the changed one last, shape (n_rows, n_slots).
        units: The independent unit of each row, shape (n_rows,); None: each row is its own.

    Returns:
        From n_slots^-n_units to 1; 1 without rows.

    Raises:
        InputError: Fewer than two columns, so that there is nothing to hold the last against.

    Source: a randomisation test as Fisher 1935, "The design of experiments", section 21, of more than two treatments.

    Example:
        Five rows of which the changed answer alone differs, two askings beside it:

        >>> math.isclose(slot_p_value(np.array([[0.0, 0.0, 1.0]] * 5)), 3**-5)
        True
    """
    if slots.ndim != 2 or slots.shape[1] < 2:
        raise InputError(f"slots have shape {slots.shape}", hint="Give at least one asking beside the changed one")
    sums = slots if units is None else sums_by_unit(slots, units)
    steps = _on_grid(sums)
    steps -= steps.min(axis=1, keepdims=True)
    shares = np.ones(1)
    for row in steps:
        grown = np.zeros(len(shares) + int(row.max()))
        for step in row:
            grown[step : step + len(shares)] += shares
        shares = grown / slots.shape[1]
    return float(min(1.0, shares[int(steps[:, -1].sum()) :].sum()))


def paired_rate_difference(first: FloatArray, second: FloatArray, ends: tuple[Interval, Interval]) -> Interval:
    """Interval of the difference of two rates on the same units, from the rates' own intervals and their correlation.

    It has a width where neither rate has an event, which no bootstrap and no t has.

    Args:
        first: One rate's share in each unit, shape (n_units,).
        second: The other's.
        ends: The rates' own intervals.

    Source: Newcombe 1998 (method 10, without its correction of the correlation); Zou & Donner 2008.

    Example:
        36, 12, 2 and 0 rows with both, the first alone, the second alone, neither (Newcombe 1998: .0569 to .3404):

        >>> from judgekit.stats.interval import wilson
        >>> one = np.repeat([1.0, 1.0, 0.0], [36, 12, 2])
        >>> other = np.repeat([1.0, 0.0, 1.0], [36, 12, 2])
        >>> found = paired_rate_difference(one, other, (wilson(0.96, 50, 0.95), wilson(0.76, 50, 0.95)))
        >>> round(found.low, 4), round(found.high, 4)
        (0.0569, 0.3404)
    """
    (low, high), (other_low, other_high) = ((end.low, end.high) for end in ends)
    if low is None or high is None or other_low is None or other_high is None:
        return no_interval(next(end.method for end in ends if end.low is None).removeprefix("none: "))
    rate, other = float(first.mean()), float(second.mean())
    together = _correlation(first, second)

    def reach(one: float, another: float) -> float:
        return math.sqrt(max(0.0, one**2 + another**2 - 2 * together * one * another))

    difference = rate - other
    return Interval(
        max(-1.0, difference - reach(rate - low, other_high - other)),
        min(1.0, difference + reach(high - rate, other - other_low)),
        "newcombe",
    )


def detectable_share(n_units: int, n_askings: int, floor: float, error_rate: float) -> float | None:
    """Return how many more rows must change, as a share, for `slot_p_value` to show it four times in five.

    Args:
        n_units: Independent units.
        n_askings: Askings beside the changed one and the one that all are held against.
        floor: Share that changes by chance alone.
        error_rate: The p-value that is low enough.

    Returns:
        The larger of the exact answer without chance changes and the normal approximation with them; None where not
        even a change of every row would do.
    """
    from scipy.special import betaincinv

    needed = math.ceil(math.log(error_rate) / -math.log(n_askings + 1) - 1e-9)
    if needed > n_units:
        return None
    without_chance = float(betaincinv(needed, n_units - needed + 1, _POWER))
    low, high = 0.0, 1.0 - floor
    if _shortfall(high, n_units, n_askings, floor, error_rate) > 0:
        return None
    for _ in range(40):
        middle = (low + high) / 2
        is_short = _shortfall(middle, n_units, n_askings, floor, error_rate) > 0
        low, high = (middle, high) if is_short else (low, middle)
    return max(without_chance, high)


def _on_grid(sums: FloatArray) -> IntArray:
    """Return the values as whole steps: of a half where that is exact, else of a thousandth of the largest."""
    doubled = sums * 2
    if np.allclose(doubled, np.round(doubled), rtol=0, atol=1e-9):
        return np.round(doubled).astype(np.int64)
    largest = float(np.abs(sums).max())
    return np.round(sums / largest * _N_STEPS).astype(np.int64)


def _correlation(first: FloatArray, second: FloatArray) -> float:
    if len(first) < 2 or not (np.ptp(first) > 0 and np.ptp(second) > 0):
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def _shortfall(more: float, n: int, k: int, floor: float, error_rate: float) -> float:
    """Return by how much the expected excess of changes misses what the test and its power ask for."""
    rate = floor + more
    expected, spread = k * floor + rate, k * floor * (1 - floor) + rate * (1 - rate)
    by_chance = expected / (k + 1) - (spread + expected**2) / (k + 1) ** 2
    in_truth = (k / (k + 1)) ** 2 * rate * (1 - rate) + k * floor * (1 - floor) / (k + 1) ** 2
    wanted = -_NORMAL.inv_cdf(error_rate) * math.sqrt(n * max(by_chance, 0.0))
    wanted += _NORMAL.inv_cdf(_POWER) * math.sqrt(n * in_truth)
    return wanted - n * more * k / (k + 1)
