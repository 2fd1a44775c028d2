"""What a judge's difference can say of experts who have not looked yet: a range, and where its answer would flip.

The judge's number follows the experts' with a slope (Youden's J, where both are pass and fail) known from labels on
another version. On the new version the judge may err otherwise: by at most delta at every level, it is declared. No
type-I error is claimed: whether delta holds cannot be seen without labels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from judgekit.errors import InputError
from judgekit.stats.interval import Interval, no_interval, student_t
from judgekit.stats.sample import FloatArray, IntArray
from judgekit.stats.unit_sums import sums_by_unit

MIN_SLOPE = 0.1
"""A slope whose interval reaches this low says too little of the experts to divide by it."""
MIN_PAST_PAIRS = 5
"""Past labelled pairs of versions from which a limit of delta is drawn."""


@dataclass(frozen=True, slots=True)
class Slope:
    """How much the judge's number rises with the experts'.

    Attributes:
        value: Youden's J for pass and fail; the slope of the regression of judge on experts for others.
        moves: What each labelled unit moves it by: unit -> its influence.
        n: Labelled sessions.
    """

    value: float
    moves: dict[int, float]
    n: int

    @property
    def variance(self) -> float:
        """Of the slope, over units."""
        return math.fsum(each**2 for each in self.moves.values())

    def interval(self, level: float) -> Interval:
        """Student's t interval."""
        if len(self.moves) < 2 or not self.variance > 0:
            return no_interval("the judge's errors do not differ")
        half = student_t(level, len(self.moves) - 1) * math.sqrt(self.variance)
        return Interval(self.value - half, self.value + half, "cluster t")


@dataclass(frozen=True, slots=True)
class JudgeDifference:
    """The judge's mean difference of two versions.

    Attributes:
        value: Candidate minus baseline.
        moves: Unit -> its influence on it.
    """

    value: float
    moves: dict[int, float]

    @property
    def variance(self) -> float:
        """Of the difference, over units."""
        return math.fsum(each**2 for each in self.moves.values())


def slope_of(judge: FloatArray, human: FloatArray, units: IntArray) -> Slope | None:
    """Return the slope of the judge's number over the experts'; None where all labels are alike.

    Args:
        judge: The judge's numbers, shape (n_sessions,).
        human: The experts', shape (n_sessions,).
        units: The independent unit of each session.

    Example:
        Passed 8 of 10 that the experts pass and 3 of 10 that they fail: J = .8 - .3.

        >>> found = slope_of(np.repeat([1.0, 0, 1, 0], [8, 2, 3, 7]), np.repeat([1.0, 0], 10), np.arange(20))
        >>> round(found.value, 6)
        0.5
    """
    away = human - human.mean() if len(human) else human
    spread = float(away @ away)
    if not spread > 0:
        return None
    value = float(away @ judge) / spread
    residual = judge - judge.mean() - value * away
    lever = 1 / len(human) + away**2 / spread
    moves = away * residual / spread / np.sqrt(np.clip(1 - lever, 1e-9, None))
    return Slope(value, _by_unit(moves, units), len(human))


def difference_of(differences: FloatArray, units: IntArray) -> JudgeDifference:
    """Return the mean of the judge's paired differences.

    Args:
        differences: Candidate minus baseline, shape (n_inputs,).
        units: The independent unit of each input.
    """
    n, n_units = len(differences), len(np.unique(units))
    factor = math.sqrt(n_units / (n_units - 1)) if n_units > 1 else 1.0
    return JudgeDifference(float(differences.mean()), _by_unit((differences - differences.mean()) / n * factor, units))


def mean_above(
    rates: FloatArray, rate_units: IntArray, judge: FloatArray, human: FloatArray, units: IntArray
) -> JudgeDifference:
    """Return the judge's mean on new sessions above what it says where experts say 0: over the slope, the experts' own.

    Args:
        rates: The judge's numbers on sessions without labels, shape (n_inputs,).
        rate_units: The independent unit of each, in the same numbering as `units`.
        judge: The judge's numbers on labelled sessions of other versions, shape (n_sessions,).
        human: The experts', which are not all alike.
        units: The independent unit of each of these.

    Source: Rogan & Gladen 1978: (rate - FPR) / J.

    Example:
        It passes 60% of new sessions, 8 of 10 that the experts pass and 3 of 10 that they fail: (.6 - .3) / .5.

        >>> judge, human = np.repeat([1.0, 0, 1, 0], [8, 2, 3, 7]), np.repeat([1.0, 0], 10)
        >>> found = mean_above(np.repeat([1.0, 0], [6, 4]), np.arange(10), judge, human, np.arange(10, 30))
        >>> round(found.value / 0.5, 6)
        0.6
    """
    own, away = difference_of(rates, rate_units), human - human.mean()
    spread, n = float(away @ away), len(human)
    slope = float(away @ judge) / spread
    residual = judge - judge.mean() - slope * away
    lever = np.sqrt(np.clip(1 - 1 / n - away**2 / spread, 1e-9, None))
    base = _by_unit((1 / n - float(human.mean()) * away / spread) * residual / lever, units)
    moves = {each: own.moves.get(each, 0.0) - base.get(each, 0.0) for each in own.moves | base}
    return JudgeDifference(own.value - float(judge.mean()) + slope * float(human.mean()), moves)


def label_free_range(difference: JudgeDifference, slope: Slope, delta: float, level: float = 0.95) -> Interval:
    """Return the range of the experts' difference, (judge's difference -/+ delta) / slope, all sampling errors in it.

    Each end is Fieller's, which takes the doubts of difference and slope together. No interval where the slope's own
    reaches down to .1.

    Args:
        difference: The judge's.
        slope: From labels on another version, or on the baseline.
        delta: How much the judge's expected number may differ between the versions at any level of the experts'.
        level: Coverage of the sampling errors, were delta true.

    Raises:
        InputError: Delta is negative.

    Source: Fieller 1954; Rogan & Gladen 1978 (division by J).
    """
    if delta < 0:
        raise InputError(f"delta {delta:g} is negative", hint="Give how far the judge may differ, such as 0.05")
    own = slope.interval(level)
    if own.low is None or own.low <= MIN_SLOPE:
        return no_interval(f"the slope of judge over experts may be as low as {own.low or 0:.2f}")
    low, high = (_fieller(difference, slope, shift, level) for shift in (-delta, delta))
    return Interval(low[0], high[1], f"fieller, delta {delta:g}")


def tipping_point(difference: JudgeDifference, slope: Slope, margin: float = 0.0, level: float = 0.95) -> float:
    """Return the delta at which the range's answer flips to inconclusive; 0 where it is inconclusive at once.

    Args:
        difference: The judge's.
        slope: As in `label_free_range`.
        margin: Not worse by more than this passes.
        level: Coverage of the sampling errors.

    Example:
        A difference of .3 with a standard error of .05, no margin: .3 - t x .05, about .2.

        >>> moves = {unit: 0.05 / 100**0.5 for unit in range(100)}
        >>> round(tipping_point(JudgeDifference(0.3, moves), Slope(0.8, moves, 100)), 3)
        0.201
    """
    centre = difference.value + margin * slope.value
    return max(0.0, abs(centre) - _reach(difference, slope, level) * math.sqrt(_variance(difference, slope, -margin)))


def delta_limit(shifts: FloatArray, level: float = 0.95) -> float:
    """Return an upper limit of how far the judge differs between two versions, from past labelled pairs of them.

    Differences of either sign are taken as draws around 0, so that t times their root mean square bounds the next; what
    labels' sampling added to them is left in. Of several columns (TPR and FPR) the largest limit counts.

    Args:
        shifts: What the judge's rates differed by, shape (n_pairs, n_rates), at least five pairs.
        level: Chance that the next pair stays within.

    Raises:
        InputError: Fewer than five pairs.

    Example:
        >>> round(delta_limit(np.array([[0.02], [-0.02], [0.02], [-0.02], [0.02]])), 4)  # .02 x t(5 df)
        0.0514
    """
    if len(shifts) < MIN_PAST_PAIRS:
        raise InputError(
            f"{len(shifts)} past pairs of versions are too few to bound delta",
            hint=f"Label both of {MIN_PAST_PAIRS} pairs, or declare delta",
        )
    return student_t(level, len(shifts)) * float(np.sqrt((shifts**2).mean(axis=0)).max())


def _fieller(difference: JudgeDifference, slope: Slope, shift: float, level: float) -> tuple[float, float]:
    """Return the ends of (difference + shift) / slope; the slope is above 0, so that they are finite."""
    reach = _reach(difference, slope, level) ** 2
    value, together = difference.value + shift, _covariance(difference, slope)
    a = slope.value**2 - reach * slope.variance
    b = value * slope.value - reach * together
    c = value**2 - reach * difference.variance
    root = math.sqrt(max(0.0, b * b - a * c))
    return (b - root) / a, (b + root) / a


def _reach(difference: JudgeDifference, slope: Slope, level: float) -> float:
    """Return Student's t at as many degrees of freedom as the poorer of the two has units."""
    return student_t(level, max(2, min(len(difference.moves), len(slope.moves)) - 1))


def _variance(difference: JudgeDifference, slope: Slope, place: float) -> float:
    """Return the variance of the difference less `place` times the slope."""
    together = _covariance(difference, slope)
    return max(0.0, difference.variance - 2 * place * together + place**2 * slope.variance)


def _covariance(difference: JudgeDifference, slope: Slope) -> float:
    return math.fsum(move * slope.moves.get(unit, 0.0) for unit, move in difference.moves.items())


def _by_unit(moves: FloatArray, units: IntArray) -> dict[int, float]:
    sums = sums_by_unit(moves[:, None], units)[:, 0]
    return dict(zip(np.unique(units).tolist(), sums.tolist(), strict=True))
