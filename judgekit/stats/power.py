"""Power and width by simulation of the very estimators used: how often a design shows what is there.

Each simulated study draws inputs from a population, labels some, and hands them to the functions that `compare`, `gate`
and `estimate` call. What is searched (a size, an effect) is found on the scale where power is a straight line: the
normal quantile of power rises with the root of the size, and with the effect.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Literal

import numpy as np

from judgekit.errors import InputError
from judgekit.stats.estimate import Estimate
from judgekit.stats.interval import Interval
from judgekit.stats.many_studies import Studies, powered_bounds
from judgekit.stats.metric import measure_all
from judgekit.stats.paired_population import PairedPopulation
from judgekit.stats.paired_share import FourCells, tango
from judgekit.stats.paired_test import mcnemar
from judgekit.stats.partly_labelled import MIN_LABELS, PartlyLabelled
from judgekit.stats.population_mean import Drawn, population_mean, population_share
from judgekit.stats.post_stratification import post_stratified_mean
from judgekit.stats.prediction_powered import prediction_powered_mean
from judgekit.stats.sample import BoolArray, FloatArray, IntArray, Sample
from judgekit.stats.unit_sums import Resampling
from judgekit.stats.version_difference import powered_difference

_NORMAL = NormalDist()
FINE, CHEAP = 1500, 20_000
"""Simulated studies that a power rests on, and where a study is but a few counts."""
N_RESAMPLES = 500
"""Of each simulated study's bootstrap interval."""
_NEAR, _CLOSE = 0.5, 0.1
"""Quantiles of power within which studies of other sizes tell of this one, and within which it is found."""
_MAX_STEPS = 10
_MAX_KINDS, _CHUNK = 400, 4_000_000
"""Kinds of inputs up to which they are counted by kind, and numbers held at once."""

Tester = Literal["labels_only", "mcnemar", "ppi", "judge_raw"]
"""What decides: `compare`'s figures by their names in reports, and the exact test beside them."""
Bounds = tuple[float, float]
"""Ends of an interval; those of the whole line where there is none."""
NOTHING: Bounds = (-math.inf, math.inf)


@dataclass(frozen=True, slots=True)
class Design:
    """What a study looks at.

    Attributes:
        n_labelled: Inputs whose sessions of both versions are labelled.
        n_inputs: Inputs in all, judged in both versions where a judge helps.

    Raises:
        InputError: More are labelled than there are.
    """

    n_labelled: int
    n_inputs: int

    def __post_init__(self) -> None:
        if not 0 <= self.n_labelled <= self.n_inputs:
            raise InputError(f"{self.n_labelled} of {self.n_inputs} inputs cannot be labelled")


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


@dataclass(frozen=True, slots=True)
class Found:
    """What reaches a power: a size or an effect, and its power by all studies of about that much."""

    at: float
    power: Power


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


@dataclass(frozen=True, eq=False)
class Study:
    """One simulated study.

    Attributes:
        population: Where it was drawn from.
        places: What happened on each input, as places in the population, shape (n_inputs,).
        is_labelled: Which inputs are labelled, shape (n_inputs,).
        units: The group of each, shape (n_inputs,).
    """

    population: PairedPopulation
    places: IntArray
    is_labelled: BoolArray
    units: IntArray

    def partly_labelled(self, human: FloatArray, judge: FloatArray) -> PartlyLabelled:
        """Return the study as what estimators take: numbers of each cell, seen where labelled."""
        seen = np.where(self.is_labelled, human[self.places], np.nan)
        return PartlyLabelled(judge[self.places], seen, self.units, np.ones(len(self.places)))


def study(population: PairedPopulation, design: Design, rng: np.random.Generator) -> Study:
    """Return a study drawn: inputs group by group, the labelled ones at random among them."""
    n = design.n_inputs
    is_labelled = np.arange(n) < design.n_labelled
    if population.is_grouped:
        is_labelled = rng.permutation(is_labelled)
    return Study(population, population.draw(n, rng), is_labelled, population.units(n))


def n_studies(population: PairedPopulation, tester: Tester) -> int:
    """Return how many studies a power that is printed rests on: more where they cost little."""
    is_quick = is_counted(population, tester) or (tester == "ppi" and not population.is_grouped)
    return CHEAP if is_quick else FINE


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


def quality_estimate(
    drawn: Study,
    levels: FloatArray | None,
    level: float,
    *,
    rng: np.random.Generator,
    side: int = 0,
    has_judge: bool,
) -> Estimate:
    """Return one version's quality, as `estimate` makes it.

    Args:
        drawn: A study.
        levels: The scale's, ascending; None where it has none.
        level: Of the interval.
        rng: Of resamples.
        side: 0 for the baseline, 1 for the candidate.
        has_judge: Whether a judge helps; it needs sessions without labels.
    """
    numbers = drawn.population.numbers
    sample = drawn.partly_labelled(numbers[:, side], numbers[:, 2 + side])
    if has_judge and not drawn.is_labelled.all():
        return prediction_powered_mean(sample, level) if levels is None else post_stratified_mean(sample, levels, level)
    own = Drawn(sample.labels, np.ones(sample.n_labels, np.int64), sample.units[sample.is_labelled], sample.weights)
    if levels is not None and len(levels) == 2:
        return population_share(own, level)
    return population_mean(own, Resampling(rng, level, N_RESAMPLES))


def _labels_only(drawn: Study, level: float, rng: np.random.Generator) -> Bounds:
    population = drawn.population
    return _difference(population.human[drawn.places[drawn.is_labelled]], drawn, drawn.is_labelled, level, rng)


def _judge_raw(drawn: Study, level: float, rng: np.random.Generator) -> Bounds:
    everywhere = np.ones(len(drawn.places), dtype=bool)
    return _difference(drawn.population.judge[drawn.places], drawn, everywhere, level, rng)


def _ppi(drawn: Study, level: float, rng: np.random.Generator) -> Bounds:
    population = drawn.population
    if drawn.is_labelled.all():
        return _labels_only(drawn, level, rng)
    sample = drawn.partly_labelled(population.human, population.judge)
    return bounds_of(powered_difference(sample, step=population.step, level=level))


LOOKS: Mapping[Tester, Callable[[Study, float, np.random.Generator], Bounds]] = {
    "labels_only": _labels_only,
    "ppi": _ppi,
    "judge_raw": _judge_raw,
}
"""Name in reports -> the ends of its interval on one study."""


def _difference(
    differences: FloatArray, drawn: Study, kept: BoolArray, level: float, rng: np.random.Generator
) -> Bounds:
    """Return the ends that `compare` gives: Tango's for passes of inputs that stand alone, BCa elsewhere."""
    if drawn.population.is_binary and not drawn.population.is_grouped:
        up, down = int((differences > 0).sum()), int((differences < 0).sum())
        return _tango(up, down, len(differences), level) if len(differences) else NOTHING
    units = drawn.units[kept] if drawn.population.is_grouped else None
    ratings = np.column_stack([differences, np.zeros(len(differences))])
    sample = Sample(ratings=ratings, units=units, levels=None, positive=None)
    found = measure_all(["bias"], sample, rng=rng, level=level, n_resamples=N_RESAMPLES)
    return bounds_of(found["bias"])


def is_counted(population: PairedPopulation, tester: Tester) -> bool:
    """Whether a study is no more than counts of inputs won and lost: two levels, inputs that stand alone."""
    return population.is_binary and (tester == "mcnemar" or (tester == "labels_only" and not population.is_grouped))


def _n_shown_by_counts(drawn: IntArray, n_labelled: int, tester: Tester, goal: Goal) -> int:
    """Return how many studies show it, from inputs won and lost in each, shape (n_studies, 2): each pair once."""
    pairs, times = np.unique(drawn, axis=0, return_counts=True)
    if tester == "mcnemar":
        shown = [goal.is_shown(_mcnemar(int(up), int(down), goal)) for up, down in pairs]
    else:
        shown = [goal.is_shown(_tango(int(up), int(down), n_labelled, goal.level)) for up, down in pairs]
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


def _tango(up: int, down: int, n: int, level: float) -> Bounds:
    return bounds_of(tango(FourCells(n - up - down, up, down, 0), level))


def _mcnemar(up: int, down: int, goal: Goal) -> Bounds:
    """Return the side of 0 that the test finds, as ends: no more is known."""
    if goal.line != 0:
        raise InputError("McNemar's test knows of no line but 0", hint="Take labels_only for a margin")
    if mcnemar(up, down).p_value > 1 - goal.level:
        return NOTHING
    return (math.ulp(0.0), math.inf) if up > down else (-math.inf, -math.ulp(0.0))


def bounds_of(found: Estimate | Interval) -> Bounds:
    """Return the ends of an interval; of none, the whole line."""
    return NOTHING if found.low is None or found.high is None else (found.low, found.high)


def _size(root: float, limits: tuple[int, int]) -> int:
    return min(max(math.ceil(root**2 - 1e-9), limits[0]), limits[1])


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


LEAST_LABELLED: Mapping[Tester, int] = {"labels_only": 10, "mcnemar": 6, "ppi": MIN_LABELS, "judge_raw": 10}
"""Inputs with labels below which a tester shows nothing at all."""
