"""Intervals of the difference of two pass rates: on the same inputs (Tango, Newcombe 10), and on inputs of their own.

Each has a width where nothing differs, which no t and no bootstrap has.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

from judgekit.errors import InputError
from judgekit.stats.interval import Interval, wilson_ends

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class FourCells:
    """Inputs by what two versions did on them.

    Attributes:
        both: Pass with either.
        first: Pass with the first alone.
        second: Pass with the second alone.
        neither: Fail with either.

    Raises:
        InputError: A count is negative, or there is no input.
    """

    both: int
    first: int
    second: int
    neither: int

    def __post_init__(self) -> None:
        cells = (self.both, self.first, self.second, self.neither)
        if min(cells) < 0 or sum(cells) == 0:
            raise InputError(f"counts {cells} are not those of some inputs", hint="Count inputs by what both did")

    @property
    def n(self) -> int:
        """Inputs."""
        return self.both + self.first + self.second + self.neither

    @property
    def difference(self) -> float:
        """The first's rate minus the second's."""
        return (self.first - self.second) / self.n


def tango(cells: FourCells, level: float = 0.95) -> Interval:
    """Score interval of the first's pass rate minus the second's, on the same inputs.

    Args:
        cells: Inputs by what both versions did.
        level: Coverage.

    Source: Tango 1998, by bisection of his score.

    Example:
        statistics.md 12.1: 36, 12, 2 and 0 give .0611 to .3447.

        >>> found = tango(FourCells(36, 12, 2, 0))
        >>> round(found.low, 4), round(found.high, 4)
        (0.0611, 0.3447)
    """
    z = _NORMAL.inv_cdf((1 + level) / 2)
    return Interval(
        bisected(lambda d: _score(cells, d) - z, -1.0, cells.difference),
        bisected(lambda d: _score(cells, d) + z, cells.difference, 1.0),
        "tango",
    )


def newcombe_paired(cells: FourCells, level: float = 0.95) -> Interval:
    """Newcombe's hybrid score interval of the same difference, with the correlation corrected for continuity.

    Source: Newcombe 1998 (paired data), method 10.

    Example:
        statistics.md 12.1: 30, 20, 10 and 40 give -.0074 to .2034.

        >>> found = newcombe_paired(FourCells(30, 20, 10, 40))
        >>> round(found.low, 4), round(found.high, 4)
        (-0.0074, 0.2034)
    """
    n = cells.n
    ones = (cells.both + cells.first) / n, (cells.both + cells.second) / n
    (low, high), (other_low, other_high) = (wilson_ends(each, n, level) for each in ones)
    together = _correlation(cells)

    def reach(one: float, another: float) -> float:
        return math.sqrt(max(0.0, one**2 + another**2 - 2 * together * one * another))

    return Interval(
        max(-1.0, cells.difference - reach(ones[0] - low, other_high - ones[1])),
        min(1.0, cells.difference + reach(high - ones[0], ones[1] - other_low)),
        "newcombe paired",
    )


def newcombe_unpaired(successes: tuple[int, int], trials: tuple[int, int], level: float = 0.95) -> Interval:
    """Newcombe's hybrid score interval of the first's pass rate minus the second's, on inputs of their own.

    Source: Newcombe 1998 (unpaired data), method 10; 56 of 70 against 48 of 80 is his first example.

    Example:
        >>> found = newcombe_unpaired((56, 48), (70, 80))
        >>> round(found.low, 4), round(found.high, 4)
        (0.0524, 0.3339)
    """
    rates = [x / n for x, n in zip(successes, trials, strict=True)]
    (low, high), (other_low, other_high) = (wilson_ends(rate, n, level) for rate, n in zip(rates, trials, strict=True))
    difference = rates[0] - rates[1]
    return Interval(
        difference - math.hypot(rates[0] - low, other_high - rates[1]),
        difference + math.hypot(high - rates[0], rates[1] - other_low),
        "newcombe",
    )


def _correlation(cells: FourCells) -> float:
    """Return the correlation of the two, drawn towards 0 by half an input where it is positive."""
    margins = (
        (cells.both + cells.first)
        * (cells.second + cells.neither)
        * (cells.both + cells.second)
        * (cells.first + cells.neither)
    )
    if margins == 0:
        return 0.0
    apart = cells.both * cells.neither - cells.first * cells.second
    return (max(apart - cells.n / 2, 0.0) if apart > 0 else apart) / math.sqrt(margins)


def constrained_share(cells: FourCells, difference: float) -> float:
    """Return the share of the second alone that is likeliest were the first's rate higher by a difference.

    Source: Tango 1998, equation 3.
    """
    n, first, second = cells.n, cells.first, cells.second
    b = -first - second + (2 * n - first + second) * difference
    c = -second * difference * (1 - difference)
    return (math.sqrt(max(0.0, b * b - 8 * n * c)) - b) / (4 * n)


def _score(cells: FourCells, difference: float) -> float:
    """Return how many standard errors the counts lie above what a difference lets expect."""
    n, share = cells.n, constrained_share(cells, difference)
    variance = n * (2 * share + difference * (1 - difference))
    away = cells.first - cells.second - n * difference
    if variance <= 0:
        return math.copysign(math.inf, away) if away else 0.0
    return away / math.sqrt(variance)


def bisected(above: Callable[[float], float], low: float, high: float) -> float:
    """Return where a function that falls crosses 0; the end on whose side it does not."""
    if above(low) <= 0:
        return low
    if above(high) >= 0:
        return high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if above(middle) > 0 else (low, middle)
    return (low + high) / 2
