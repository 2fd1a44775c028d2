"""Power and width by simulation of the very estimators used: how often a design shows what is there.

Each simulated study hands its inputs to the functions that `compare`, `gate` and `estimate` call (`simulated_study`);
which size or effect has the power wanted is searched for in `power_search`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from judgekit.errors import InputError
from judgekit.stats.many_studies import Studies, powered_bounds
from judgekit.stats.paired_population import PairedPopulation
from judgekit.stats.paired_test import mcnemar
from judgekit.stats.partly_labelled import MIN_LABELS
from judgekit.stats.sample import FloatArray, IntArray
from judgekit.stats.simulated_study import (
    LOOKS,
    NOTHING,
    Bounds,
    Design,
    Tester,
    bounds_of,
    quality_estimate,
    study,
    tango_bounds,
)

_NORMAL = NormalDist()
FINE, CHEAP = 1500, 20_000
"""Simulated studies that a power rests on, and where a study is but a few counts."""
LEAST_LABELLED: Mapping[Tester, int] = {"labels_only": 10, "mcnemar": 6, "ppi": MIN_LABELS, "judge_raw": 10}
"""Inputs with labels below which a tester shows nothing at all."""
_MAX_KINDS, _CHUNK = 400, 4_000_000
"""Kinds of inputs up to which they are counted by kind, and numbers held at once."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What an interval must show.

    Attributes:
        line: What it must lie beyond.
        is_above: Whether above it; else below.
        level: Of the two-sided interval.
    """

    line: float = 0.0
    is_above: bool = False
    level: float = 0.95

    def is_shown(self, bounds: Bounds) -> bool:
        """Whether an interval lies beyond the line."""
        return bounds[0] > self.line if self.is_above else bounds[1] < self.line


@dataclass(frozen=True, slots=True)
class Power:
    """How many of some simulated studies showed it.

    Attributes:
        n_shown: Those that did.
        n: All.
    """

    n_shown: int
    n: int

    @property
    def value(self) -> float:
        """The share."""
        return self.n_shown / self.n

    @property
    def error(self) -> float:
        """Half of the share's 95% interval (Agresti & Coull 1998)."""
        share = (self.n_shown + 2) / (self.n + 4)
        return _NORMAL.inv_cdf(0.975) * math.sqrt(share * (1 - share) / (self.n + 4))

    @property
    def quantile(self) -> float:
        """The normal quantile of the share, half a study away from none and from all."""
        return _NORMAL.inv_cdf(min(max(self.n_shown, 0.5), self.n - 0.5) / self.n)


def simulated_power(
    population: PairedPopulation, design: Design, tester: Tester, goal: Goal, *, rng: np.random.Generator, n: int = FINE
) -> Power:
    """Return how often simulated studies show what they should.

    Args:
        population: What happens on an input, and how often.
        design: Inputs, and how many are labelled.
        tester: What decides.
        goal: What must be shown.
        rng: Source of everything drawn.
        n: Studies.

    Example:
        Connor's 469 for .80 (a share of .15 differs, by .05 on average), under exact McNemar:

        >>> from judgekit.stats.paired_population import level_pairs, level_population
        >>> levels = np.array([0.0, 1.0])
        >>> pairs = level_pairs(np.array([0.2, 0.8]), levels, discordant=0.15, difference=-0.05)
        >>> population, rng = level_population(pairs, levels), np.random.default_rng(1)
        >>> round(simulated_power(population, Design(469, 469), "mcnemar", Goal(), rng=rng, n=20_000).value, 2)
        0.77
    """
    if is_counted(population, tester):
        drawn = rng.multinomial(design.n_labelled, population.won_and_lost, size=n)[:, :2]
        return Power(_n_shown_by_counts(drawn, design.n_labelled, tester, goal), n)
    if tester == "ppi" and not population.is_grouped and design.n_labelled < design.n_inputs:
        return Power(_n_shown_at_once(population, design, goal, rng, n), n)
    look, n_shown = LOOKS[tester], 0
    for _ in range(n):
        n_shown += goal.is_shown(look(study(population, design, rng), goal.level, rng))
    return Power(n_shown, n)


def n_studies(population: PairedPopulation, tester: Tester) -> int:
    """Return how many studies a power that is printed rests on: more where they cost little."""
    is_quick = is_counted(population, tester) or (tester == "ppi" and not population.is_grouped)
    return CHEAP if is_quick else FINE


def half_width(
    population: PairedPopulation,
    design: Design,
    levels: FloatArray | None,
    *,
    level: float,
    rng: np.random.Generator,
    n: int = 200,
) -> float | None:
    """Return half of the expected interval of the baseline's quality, as `estimate` makes it with a judge's help.

    Args:
        population: What happens on an input; its baseline counts.
        design: Sessions judged, and how many are labelled.
        levels: The scale's, ascending; None where it has none.
        level: Of the interval.
        rng: Source of everything drawn.
        n: Studies.

    Returns:
        The mean over the studies that gave an interval; None where fewer than half did.
    """
    widths = []
    for _ in range(n):
        drawn = study(population, design, rng)
        low, high = bounds_of(
            quality_estimate(drawn, levels, level, rng=rng, has_judge=design.n_inputs > design.n_labelled)
        )
        if math.isfinite(high - low):
            widths.append((high - low) / 2)
    return float(np.mean(widths)) if len(widths) * 2 > n else None


def is_counted(population: PairedPopulation, tester: Tester) -> bool:
    """Whether a study is no more than counts of inputs won and lost: two levels, inputs that stand alone."""
    return population.is_binary and (tester == "mcnemar" or (tester == "labels_only" and not population.is_grouped))


def _n_shown_by_counts(drawn: IntArray, n_labelled: int, tester: Tester, goal: Goal) -> int:
    """Return how many studies show it, from inputs won and lost in each, shape (n_studies, 2): each pair once."""
    pairs, times = np.unique(drawn, axis=0, return_counts=True)
    if tester == "mcnemar":
        shown = [goal.is_shown(_mcnemar(int(up), int(down), goal)) for up, down in pairs]
    else:
        shown = [goal.is_shown(tango_bounds(int(up), int(down), n_labelled, goal.level)) for up, down in pairs]
    return int(times @ np.array(shown, dtype=np.int64))


def _n_shown_at_once(population: PairedPopulation, design: Design, goal: Goal, rng: np.random.Generator, n: int) -> int:
    """Return how many studies by tuned PPI++ show it: inputs are counted by kind, or one by one where all differ."""
    human, judge, chances = population.kinds
    n_others, n_shown = design.n_inputs - design.n_labelled, 0
    per_chunk = max(1, _CHUNK // (len(chances) + (design.n_inputs if len(chances) > _MAX_KINDS else 0)))
    for start in range(0, n, per_chunk):
        size = min(per_chunk, n - start)
        if len(chances) <= _MAX_KINDS:
            labelled, other = (rng.multinomial(m, chances, size=size) for m in (design.n_labelled, n_others))
            studies = Studies(human, judge, labelled, judge, other)
        else:
            drawn = rng.choice(len(chances), size=(size, design.n_inputs), p=chances)
            own, rest = drawn[:, : design.n_labelled], drawn[:, design.n_labelled :]
            studies = Studies(human[own], judge[own], np.ones_like(own), judge[rest], np.ones_like(rest))
        low, high = powered_bounds(studies, step=population.step, level=goal.level)
        n_shown += int(((low > goal.line) if goal.is_above else (high < goal.line)).sum())
    return n_shown


def _mcnemar(up: int, down: int, goal: Goal) -> Bounds:
    """Return the side of 0 that the test finds, as ends: no more is known."""
    if goal.line != 0:
        raise InputError("McNemar's test knows of no line but 0", hint="Take labels_only for a margin")
    if mcnemar(up, down).p_value > 1 - goal.level:
        return NOTHING
    return (math.ulp(0.0), math.inf) if up > down else (-math.inf, -math.ulp(0.0))
