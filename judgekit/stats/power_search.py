"""The size, or the effect, that reaches a power, from as few simulated studies as will tell.

It is found on the scale where power is a straight line: the normal quantile of power rises with the root of the size,
and with the effect.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np

from judgekit.stats.power import FINE, Power

_NORMAL = NormalDist()
_NEAR, _CLOSE = 0.5, 0.1
"""Quantiles of power within which studies of other sizes tell of this one, and within which it is found."""
_MAX_STEPS = 10


@dataclass(frozen=True, slots=True)
class Found:
    """What reaches a power: a size or an effect, and its power by all studies of about that much."""

    at: float
    power: Power


def size_for(
    power_at: Callable[[int, int], Power],
    wanted: float,
    *,
    start: float,
    limits: tuple[int, int],
    level: float = 0.95,
    n_fine: int = FINE,
) -> Found | None:
    """Return the smallest size of a study that reaches a power; None where the largest does not.

    Args:
        power_at: A size and a number of studies to their power.
        wanted: Power.
        start: Where to begin: a closed form's answer.
        limits: Smallest and largest size.
        level: Of the interval that decides.
        n_fine: Studies at the end.
    """

    def at(root: float, n: int) -> Power:
        return power_at(_size(root, limits), n)

    roots = (math.sqrt(limits[0]), math.sqrt(limits[1]))
    line = _line(at, wanted, start=math.sqrt(start), limits=roots, level=level, n_fine=n_fine)
    if line is None:
        return None
    size = _size(min(max(line.crossing(), roots[0]), roots[1]), limits)
    return Found(size, line.power_at(math.sqrt(size)))


def effect_for(
    power_at: Callable[[float, int], Power],
    wanted: float,
    *,
    start: float,
    most: float,
    level: float = 0.95,
    n_fine: int = FINE,
) -> Found | None:
    """Return the smallest effect that a design shows with a power; None where it shows none up to `most`."""
    limits = (most * 1e-3, most)
    line = _line(power_at, wanted, start=start, limits=limits, level=level, n_fine=n_fine)
    if line is None:
        return None
    effect = min(max(line.crossing(), limits[0]), limits[1])
    return Found(effect, line.power_at(effect))


@dataclass(slots=True)
class _Line:
    """Power's quantile as a line in what is varied: z below 0 at 0, its slope from the studies near what is wanted."""

    wanted: float
    reach: float
    seen: list[tuple[float, Power]] = field(default_factory=list)

    @property
    def aim(self) -> float:
        return _NORMAL.inv_cdf(self.wanted)

    def crossing(self) -> float:
        """Return where the line reaches the power wanted; half-way between what is clearly too little and too much."""
        too_little = [at for at, power in self.seen if power.quantile < self.aim - _NEAR]
        too_much = [at for at, power in self.seen if power.quantile > self.aim + _NEAR]
        low, high = max(too_little, default=0.0), min(too_much, default=math.inf)
        found = self._crossing()
        return found if low < found < high or not low < high < math.inf else (low + high) / 2

    def power_at(self, at: float) -> Power:
        """Return the power that the studies near what is wanted give, all together."""
        n = sum(power.n for _, power in self._near)
        return Power(round(n * _NORMAL.cdf(self._slope * at - self.reach)), n)

    def _crossing(self) -> float:
        return (self.aim + self.reach) / self._slope

    @property
    def _near(self) -> list[tuple[float, Power]]:
        return [each for each in self.seen if abs(each[1].quantile - self.aim) < _NEAR] or self.seen[-1:]

    @property
    def _slope(self) -> float:
        near = self._near
        slopes = np.array([(max(power.quantile, 0.1 - self.reach) + self.reach) / at for at, power in near])
        weights = np.array([power.n * at**2 for at, power in near])
        return float(slopes @ weights / weights.sum())


def _line(
    power_at: Callable[[float, int], Power],
    wanted: float,
    *,
    start: float,
    limits: tuple[float, float],
    level: float,
    n_fine: int,
) -> _Line | None:
    """Return the line of power about what is wanted, from a few studies and then twice from many; None out of reach."""
    line = _Line(wanted, _NORMAL.inv_cdf((1 + level) / 2))
    at = min(max(start, limits[0]), limits[1])
    for _ in range(_MAX_STEPS):
        line.seen.append((at, power_at(at, max(200, n_fine // 10))))
        off = line.seen[-1][1].quantile - line.aim
        if abs(off) < _CLOSE or (at == limits[0] and off > 0):
            break
        if at == limits[1] and off < -_CLOSE:
            return None
        at = min(max(line.crossing(), at / 3, limits[0]), at * 3, limits[1])
    for _ in range(2):
        at = min(max(line.crossing(), limits[0]), limits[1])
        line.seen.append((at, power_at(at, n_fine)))
    return line


def _size(root: float, limits: tuple[int, int]) -> int:
    return min(max(math.ceil(root**2 - 1e-9), limits[0]), limits[1])
