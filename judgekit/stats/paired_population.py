"""Populations that plans are made for: what experts and a judge say of two versions on one input, and how often.

A population is a list of what can happen on an input, with chances; inputs of a group may be alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from judgekit.errors import InputError
from judgekit.stats.sample import FloatArray, IntArray

N_POINTS = 4096
"""Inputs that stand for a normal population."""
_MAX_TILT = 60.0
_N_STEPS = 8
"""Distinct differences of a normal population in one standard deviation."""


@dataclass(frozen=True, eq=False)
class PairedPopulation:
    """What experts and a judge say of two versions on one input.

    Attributes:
        numbers: What can happen, shape (n_cells, 4): experts on baseline and candidate, judge on baseline and
            candidate.
        chances: How often, shape (n_cells,); they sum to 1.
        step: The scale's smallest difference; 0 where it has none.
        group_size: Inputs of one group.
        icc: How alike they are: the share of a group's inputs, squared, that its first input repeats.
    """

    numbers: FloatArray
    chances: FloatArray
    step: float = 0.0
    group_size: int = 1
    icc: float = 0.0

    @cached_property
    def human(self) -> FloatArray:
        """The experts' candidate minus baseline, shape (n_cells,)."""
        found: FloatArray = self.numbers[:, 1] - self.numbers[:, 0]
        return found

    @cached_property
    def judge(self) -> FloatArray:
        """The judge's, shape (n_cells,)."""
        found: FloatArray = self.numbers[:, 3] - self.numbers[:, 2]
        return found

    @cached_property
    def is_binary(self) -> bool:
        """Whether experts give 0 and 1 alone."""
        return bool(np.isin(self.numbers[:, :2], (0.0, 1.0)).all())

    @cached_property
    def kinds(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """What differences there are: the experts' and the judge's, and how often, each shape (n_kinds,)."""
        both = np.round(np.column_stack([self.human, self.judge]), 9) + 0.0
        found, place = np.unique(both, axis=0, return_inverse=True)
        chances = np.bincount(place.ravel(), weights=self.chances, minlength=len(found))
        return found[:, 0], found[:, 1], chances / chances.sum()

    @property
    def won_and_lost(self) -> tuple[float, float, float]:
        """Share of the inputs on which the candidate is higher, lower, and the same, by the experts."""
        won, lost = (float(self.chances @ each) for each in (self.human > 0, self.human < 0))
        return won, lost, max(0.0, 1 - won - lost)

    @property
    def is_grouped(self) -> bool:
        """Whether inputs come in groups that are alike."""
        return self.group_size > 1

    @property
    def difference(self) -> float:
        """The experts' mean difference."""
        return float(self.chances @ self.human)

    @property
    def deviation(self) -> float:
        """Standard deviation of the experts' differences of single inputs."""
        return math.sqrt(max(0.0, float(self.chances @ self.human**2) - self.difference**2))

    @property
    def discordant(self) -> float:
        """Share of the inputs on which the experts' numbers of the versions differ."""
        return float(self.chances @ (self.human != 0))

    @property
    def correlation(self) -> float:
        """Of the judge's differences with the experts'; 0 where either says one thing."""
        return _correlation(self.human, self.judge, self.chances)

    @property
    def session_correlation(self) -> float:
        """Of the judge's numbers of the baseline with the experts'."""
        return _correlation(self.numbers[:, 0], self.numbers[:, 2], self.chances)

    def grouped(self, group_size: int, icc: float) -> PairedPopulation:
        """Return the same inputs in groups."""
        return replace(self, group_size=max(1, group_size), icc=min(1.0, max(0.0, icc)))

    def draw(self, n: int, rng: np.random.Generator) -> IntArray:
        """Return what happens on n inputs, group by group, as places in `numbers`, shape (n,).

        Each input of a group repeats the group's own with a chance of the root of the ICC, else is drawn afresh, so
        that any two of them are as alike as the ICC says, whatever is asked of them.
        """
        drawn = np.minimum(np.searchsorted(self._sums, rng.random(n), side="right"), len(self.chances) - 1)
        if self.is_grouped and self.icc > 0:
            of_group = np.searchsorted(self._sums, rng.random(-(-n // self.group_size)), side="right")
            repeats = rng.random(n) < math.sqrt(self.icc)
            own = np.minimum(of_group, len(self.chances) - 1)[self.units(n)]
            drawn = np.where(repeats, own, drawn)
        return drawn.astype(np.int64)

    def units(self, n: int) -> IntArray:
        """Return the group of each of n inputs, shape (n,)."""
        return np.arange(n, dtype=np.int64) // self.group_size

    @cached_property
    def _sums(self) -> FloatArray:
        found: FloatArray = np.cumsum(self.chances) / self.chances.sum()
        return found


def level_population(pairs: FloatArray, levels: FloatArray, judge: FloatArray | None = None) -> PairedPopulation:
    """Return the population of a scale with levels, the judge erring on each version by itself.

    Args:
        pairs: Share of each pair of levels, baseline's down and candidate's across, shape (n_levels, n_levels).
        levels: Their places in arithmetic, shape (n_levels,).
        judge: How often the judge gives each level where the experts give one, shape (n_levels, n_levels); rows sum
            to 1. None: a judge that guesses.
    """
    k = len(levels)
    heard = np.full((k, k), 1 / k) if judge is None else judge
    before, after, of_before, of_after = np.indices((k, k, k, k)).reshape(4, -1)
    chances = pairs[before, after] * heard[before, of_before] * heard[after, of_after]
    numbers = np.column_stack([levels[each] for each in (before, after, of_before, of_after)])
    kept = chances > 0
    return PairedPopulation(numbers[kept], chances[kept], float(np.diff(levels).min()))


def level_pairs(shares: FloatArray, levels: FloatArray, *, discordant: float, difference: float) -> FloatArray:
    """Return shares of pairs of levels: which differ on so many inputs, and by so much on average.

    What differs is drawn towards the difference by exponential tilting, which leaves how many differ as it is. Where
    the baseline has too few at a level to lose so many, it is given more.

    Args:
        shares: Share of each level by the baseline, shape (n_levels,).
        levels: Their places in arithmetic, shape (n_levels,).
        discordant: Share of the inputs that get another level from the candidate.
        difference: Candidate's mean minus the baseline's.

    Raises:
        InputError: Differences of so many inputs cannot come to that much.

    Example:
        Four in five pass; one in ten inputs is lost, one in twenty gained: statistics.md 13, psi .15 and d .05.

        >>> level_pairs(np.array([0.2, 0.8]), np.array([0.0, 1.0]), discordant=0.15, difference=-0.05).round(3)
        array([[0.15, 0.05],
               [0.1 , 0.7 ]])
    """
    k = len(levels)
    apart = np.outer(shares, shares) * (1 - np.eye(k))
    if not apart.sum() > 0:
        raise InputError("every session is at one level, so that no difference can be planned for")
    apart *= discordant / apart.sum()
    tilted = tilt(apart.ravel(), (levels[None, :] - levels[:, None]).ravel(), difference).reshape(k, k)
    same = np.maximum(shares - tilted.sum(axis=1), 0)
    same = same if same.sum() > 0 else shares
    whole = tilted + np.diag(same * max(0.0, 1 - tilted.sum()) / same.sum())
    found: FloatArray = whole / whole.sum()
    return found


def tilt(weights: FloatArray, differences: FloatArray, total: float) -> FloatArray:
    """Return weights times exp(t differences), of the same sum, t being such that their products come to a total.

    Raises:
        InputError: No tilt gives that total.

    Example:
        >>> tilt(np.array([0.1, 0.1]), np.array([-1.0, 1.0]), 0.1).round(3).tolist()
        [0.05, 0.15]
    """
    held, mass = weights > 0, float(weights.sum())
    span = differences[held] if held.any() else np.zeros(1)
    if not mass * span.min() <= total <= mass * span.max() or (mass == 0 and total != 0):
        raise InputError(
            f"a difference of {total:.3g} cannot come from the {mass:.3g} of the inputs that differ",
            hint="Give a smaller difference, or a larger share that differs (--discordant)",
        )
    scale = float(np.abs(span).max()) or 1.0

    def at(t: float) -> FloatArray:
        found: FloatArray = weights * np.exp(t * (differences / scale - (1 if t > 0 else -1)))
        return found * (mass / found.sum()) if found.sum() > 0 else found

    low, high = -_MAX_TILT, _MAX_TILT
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if float(at(middle) @ differences) < total else (low, middle)
    return at((low + high) / 2)


def judge_by_rates(tpr: float, tnr: float) -> FloatArray:
    """Return how often a judge of two levels gives each where the experts give one, shape (2, 2)."""
    return np.array([[tnr, 1 - tnr], [1 - tpr, tpr]])


def judge_by_correlation(correlation: float, shares: FloatArray) -> FloatArray:
    """Return the same of a judge that gives each level as often as the experts and is so correlated with them.

    It repeats the experts' level that often, and else draws one.

    Example:
        >>> judge_by_correlation(0.7, np.array([0.2, 0.8])).round(2).tolist()  # TNR .76, TPR .94
        [[0.76, 0.24], [0.06, 0.94]]
    """
    found: FloatArray = correlation * np.eye(len(shares)) + (1 - correlation) * shares
    return found


def normal_population(
    deviation: float, difference: float, *, correlation: float = 0.0, step: float = 0.0
) -> PairedPopulation:
    """Return a population of normal numbers, on which two versions are correlated by .5 over inputs.

    Args:
        deviation: Standard deviation of the experts' differences; that of one version's numbers is then the same.
        difference: Their mean.
        correlation: Of the judge's numbers of a session with the experts'.
        step: The scale's smallest difference.
    """
    from scipy.special import ndtri
    from scipy.stats import qmc

    shared, *own = ndtri(qmc.Sobol(5, scramble=True, seed=7).random(N_POINTS)).T
    numbers = np.column_stack([shared, shared, shared, shared]) * math.sqrt(0.5) * deviation
    numbers[:, :2] += math.sqrt(0.5) * deviation * np.column_stack(own[:2])
    numbers[:, 2:] = numbers[:, :2]
    if correlation:
        noise = math.sqrt(1 / correlation**2 - 1) * deviation
        numbers[:, 2:] = math.copysign(1, correlation) * numbers[:, 2:] + noise * np.column_stack(own[2:])
    else:
        numbers[:, 2:] = 0
    apart = numbers[:, 1] - numbers[:, 0]
    apart = np.round((apart - apart.mean()) * (_N_STEPS / apart.std()))  # few distinct ones resample faster
    numbers[:, 1] = numbers[:, 0] + difference + (apart - apart.mean()) * (deviation / apart.std())
    if correlation:
        numbers[:, 3] += math.copysign(difference, correlation * difference)
    return PairedPopulation(numbers, np.full(N_POINTS, 1 / N_POINTS), step)


def _correlation(first: FloatArray, second: FloatArray, chances: FloatArray) -> float:
    one, other = first - chances @ first, second - chances @ second
    spread = math.sqrt(max(0.0, float(chances @ one**2) * float(chances @ other**2)))
    return float(chances @ (one * other)) / spread if spread > 1e-12 else 0.0
