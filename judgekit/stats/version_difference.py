"""Differences of two versions' means: corrected by labels on paired inputs, and of versions that share no input.

On paired inputs everything is done on the differences themselves: a judge that errs alike on both versions of an input
errs less on their difference, and correcting each version by itself gives that away (intervals a third wider).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from judgekit.stats.estimate import Estimate, undefined
from judgekit.stats.interval import no_interval
from judgekit.stats.partly_labelled import (
    MIN_LABELS,
    Doubt,
    PartlyLabelled,
    corrected,
    declined,
    mean_interval,
    noted,
    units_moves,
)
from judgekit.stats.population_mean import uneven
from judgekit.stats.prediction_powered import powered
from judgekit.stats.sample import FloatArray, IntArray
from judgekit.stats.unit_sums import MIN_UNITS, TOO_FEW_UNITS

_NORMAL = NormalDist()
ENOUGH_MOVED, MOST_MADE_UP = 5, 3.0
"""Labelled units a step off from which one more is made up, and how many besides where none is: the interval of a
hundred that are all alike then reaches as far as Tango's."""
POWER = 0.8
"""Chance of seeing an effect of the size that is called detectable."""


def powered_difference(
    sample: PartlyLabelled, *, step: float = 0.0, level: float = 0.95, is_weighted_only: bool = False
) -> Estimate:
    """Return the experts' mean difference over all inputs that were judged on both sides, by tuned PPI++.

    Undefined below 30 labelled inputs. The variance is smoothed as though one labelled input more differed by a step,
    and up to four where fewer than five do: by chance the labelled ones may hardly differ, and t's interval of them
    covered 40% where it said 95%.

    Args:
        sample: A row an input: the judge's difference, and the experts' where both sides carry labels.
        step: The scale's smallest difference; 0 where it has none.
        level: Coverage of the interval.
        is_weighted_only: Let the judge count for nothing: labels alone, weighted by their chances.

    Source: Angelopoulos, Duchi & Zrnic 2023, arXiv 2311.01453; smoothed as Agresti & Min 2005 do paired rates.

    Example:
        40 of 120 inputs labelled, judge and experts of one mind.

        >>> judged = np.tile([1.0, 0.0, 0.0, -1.0, 0.0, 1.0], 20)
        >>> human = np.where(np.arange(120) < 40, judged, np.nan)
        >>> found = powered_difference(PartlyLabelled(judged, human, np.arange(120), np.ones(120)), step=1.0)
        >>> round(found.value, 3), found.method
        (0.167, 'ppi++ t, power 0.69')
    """
    if sample.n_labels < MIN_LABELS:
        words = f"correcting a judge takes {MIN_LABELS} inputs with labels on both sides, and there are"
        return declined(sample, f"{words} {sample.n_labels}", level)
    found = powered(sample, 0.0 if is_weighted_only else None)
    n_made_up, move = made_up(sample, step)
    smoothed = Doubt(found.doubt.variance + n_made_up * move**2, found.doubt.n_free)
    interval = mean_interval(
        found.value, smoothed, level, ends=None, method="weighted" if is_weighted_only else "ppi++"
    )
    interval = interval if is_weighted_only else noted(interval, f"power {found.power:.2f}")
    why = uneven(sample.weights, sample.units[sample.is_labelled])
    return corrected(sample, found.value, no_interval(why) if why else interval, level)


@dataclass(frozen=True, eq=False)
class OneVersion:
    """Numbers of one version's sessions.

    Attributes:
        values: Shape (n_sessions,).
        units: The independent unit of each, shape (n_sessions,).
    """

    values: FloatArray
    units: IntArray


def unpaired_difference(first: OneVersion, second: OneVersion, level: float = 0.95) -> Estimate:
    """Return the first's mean minus the second's, where the versions met inputs of their own.

    Undefined where a version has fewer than two independent units.

    Source: Welch 1947; clusters by each unit's sum (Liang & Zeger 1986).
    """
    n, n_units = len(first.values) + len(second.values), _n_units(first) + _n_units(second)
    if min(_n_units(first), _n_units(second)) < 2:
        return undefined("too_few", "a version has fewer than two independent units", n=n, n_clusters=n_units)
    found = [_doubt(each) for each in (first, second)]
    value = float(first.values.mean() - second.values.mean())
    interval = mean_interval(value, _summed(found), level, ends=None, method="welch")
    ends = interval if n_units >= MIN_UNITS else no_interval(TOO_FEW_UNITS)
    return Estimate(value, ends.low, ends.high, level, n, n_units, ends.method)


def unpaired_powered_difference(first: PartlyLabelled, second: PartlyLabelled, level: float = 0.95) -> Estimate:
    """Return the first's corrected mean minus the second's, each version corrected by its own labels alone.

    Undefined where either has fewer than 30 labels.

    Source: Angelopoulos, Duchi & Zrnic 2023, arXiv 2311.01453; degrees of freedom: Welch 1947.
    """
    fewest = min((first, second), key=lambda each: each.n_labels)
    if fewest.n_labels < MIN_LABELS:
        words = f"correcting a judge takes {MIN_LABELS} labelled sessions of either version, and there are"
        return declined(fewest, f"{words} {fewest.n_labels}", level)
    found = [powered(each) for each in (first, second)]
    value = found[0].value - found[1].value
    doubt = _summed([each.doubt for each in found])
    powers = " and ".join(f"{each.power:.2f}" for each in found)
    ends = noted(mean_interval(value, doubt, level, ends=None, method="ppi++"), f"power {powers}")
    n, n_units = first.n_labels + second.n_labels, first.n_units + second.n_units
    return Estimate(value, ends.low, ends.high, level, n, n_units, ends.method)


def detectable_effect(estimate: Estimate, power: float = POWER) -> float | None:
    """Return the smallest true effect that this much data shows with the stated power; None without an interval.

    It is (z_a + z_b) standard errors, the standard error being read off the interval.

    Source: Cohen 1988, "Statistical power analysis", chapter 2.

    Example:
        An interval of plus and minus .1 at 95% and power .8: .1 x (1.96 + .84) / 1.96.

        >>> round(detectable_effect(Estimate(0.02, -0.08, 0.12, 0.95, 200, 200, "t")), 3)
        0.143
    """
    if estimate.low is None or estimate.high is None:
        return None
    z = _NORMAL.inv_cdf((1 + estimate.level) / 2)
    return (estimate.high - estimate.low) / 2 * (z + _NORMAL.inv_cdf(power)) / z


def two_sided_p_value(estimate: Estimate) -> float | None:
    """Return the p-value of no difference that an interval stands for; None without one.

    The interval is taken to reach a normal's quantiles on the side of 0, so that it is at most 1 - level exactly where
    0 lies outside.

    Example:
        >>> round(two_sided_p_value(Estimate(0.1, 0.0, 0.2, 0.95, 200, 200, "t")), 3)
        0.05
    """
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return None
    reach = estimate.value - estimate.low if estimate.value > 0 else estimate.high - estimate.value
    if reach <= 0:
        return 0.0 if estimate.value else 1.0
    z = abs(estimate.value) / reach * _NORMAL.inv_cdf((1 + estimate.level) / 2)
    return 2 * _NORMAL.cdf(-z)


def made_up(sample: PartlyLabelled, step: float) -> tuple[float, float]:
    """Return how many labelled units are made up, and by how much each moves the mean.

    One, and more where the true ones hardly differ from most: a unit counts by its variance, as part of that of one a
    step off, and at most as one. Numbers that differ all a little say nothing of how often one is far off.

    Example:
        Of 40 inputs 36 are off by a tenth of the step and none by more: as though less than half an input had moved.

        >>> differences = np.repeat([0.1, -0.1, 0.0], [18, 18, 4])
        >>> round(made_up(PartlyLabelled.of(differences, np.full(40, np.nan), np.zeros(0)), 1.0)[0], 3)
        3.784
    """
    off = np.abs(sample.labels - np.median(sample.labels))
    part = np.minimum(1.0, off / step) ** 2 if step > 0 else (off > 0).astype(np.float64)
    units, place = np.unique(sample.units[sample.is_labelled], return_inverse=True)
    moved = np.zeros(len(units))
    np.maximum.at(moved, place, part)
    return 1 + MOST_MADE_UP * max(0.0, 1 - float(moved.sum()) / ENOUGH_MOVED), step / (sample.n_units + 2)


def _n_units(version: OneVersion) -> int:
    return len(np.unique(version.units))


def _doubt(version: OneVersion) -> Doubt:
    """Return the doubt of a mean: its clusters' sums, with C / (C - 1)."""
    n_units = _n_units(version)
    moves = units_moves((version.values - version.values.mean()) / len(version.values), version.units)
    return Doubt(float(moves @ moves) * n_units / (n_units - 1), n_units - 1)


def _summed(doubts: list[Doubt]) -> Doubt:
    total = math.fsum(each.variance for each in doubts)
    if total <= 0:
        return Doubt(0.0, min(each.n_free for each in doubts))
    return Doubt(total, total**2 / math.fsum(each.variance**2 / each.n_free for each in doubts))
