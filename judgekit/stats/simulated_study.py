"""One simulated study: inputs drawn from a population, some labelled, looked at by the very estimators used.

How often many of them show what is there is `power`'s.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from judgekit.errors import InputError
from judgekit.stats.estimate import Estimate
from judgekit.stats.interval import Interval
from judgekit.stats.metric import measure_all
from judgekit.stats.paired_population import PairedPopulation
from judgekit.stats.paired_share import FourCells, tango
from judgekit.stats.partly_labelled import PartlyLabelled
from judgekit.stats.population_mean import Drawn, population_mean, population_share
from judgekit.stats.post_stratification import post_stratified_mean
from judgekit.stats.prediction_powered import prediction_powered_mean
from judgekit.stats.sample import BoolArray, FloatArray, IntArray, Sample
from judgekit.stats.unit_sums import Resampling
from judgekit.stats.version_difference import powered_difference

N_RESAMPLES = 500
"""Of each simulated study's bootstrap interval."""
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
        return tango_bounds(up, down, len(differences), level) if len(differences) else NOTHING
    units = drawn.units[kept] if drawn.population.is_grouped else None
    ratings = np.column_stack([differences, np.zeros(len(differences))])
    sample = Sample(ratings=ratings, units=units, levels=None, positive=None)
    found = measure_all(["bias"], sample, rng=rng, level=level, n_resamples=N_RESAMPLES)
    return bounds_of(found["bias"])


def tango_bounds(up: int, down: int, n: int, level: float) -> Bounds:
    """Return the ends of Tango's interval, from inputs won and lost among all that are labelled."""
    return bounds_of(tango(FourCells(n - up - down, up, down, 0), level))


def bounds_of(found: Estimate | Interval) -> Bounds:
    """Return the ends of an interval; of none, the whole line."""
    return NOTHING if found.low is None or found.high is None else (found.low, found.high)
