"""Bounds of agreement for decisions, where the bootstrap's would let too much through.

Where two columns hardly ever differ, resampling has nothing to go by: rows that differ are then counted as trials, each
unit once, and how far apart they are is taken at its worst. Those bounds are exact, and wide.
Rows in units need more care than is taken here: `unseen_agreement`.

The far misses that matter may not be in the sample. At 97.5%, BCa's lower bound of quadratic kappa lay above the truth
in 4.9% of samples of 60 rows with ordinary noise, and its bound of a bias short of the truth in 5.3% of samples of 60
rows with one far miss in ten (3.4% of 150 on two levels). So both are drawn as if one more row had been seen, three
quarters of the scale apart: in no kind of sample tried was either wrong in more than 1.9%.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from judgekit.stats.interval import (
    Interval,
    acceleration,
    bootstrap_interval,
    no_interval,
)
from judgekit.stats.metric import METRICS
from judgekit.stats.patterns import distinct_rows
from judgekit.stats.resample import units_of
from judgekit.stats.sample import BoolArray, FloatArray, IntArray, Sample
from judgekit.stats.unit_sums import MIN_UNITS, TOO_FEW_UNITS, Otherwise, Resampling, estimates_of_sums, n_units
from judgekit.stats.unseen_unit import share_over_units

METHOD = "exact, from few differences"
FAR = 0.75
"""How far apart the added row is, as a share of the scale."""


def near_kappa(sample: Sample, *, is_quadratic: bool, resampling: Resampling) -> Interval:
    """Interval of kappa on declared levels from the exact upper bound of the share of rows that differ.

    Kappa is 1 - observed / expected disagreement. The observed is at most the share of rows that differ, q; the
    expected is at least that of the second column with itself, less q. Each of the two is bounded at half the error.

    Args:
        sample: Two columns without missing ratings, on declared levels.
        is_quadratic: Disagreement is the squared distance over the largest; else any difference counts 1.
        resampling: Level of the interval, and resamples for the expected disagreement.

    Source: Clopper & Pearson 1934; the inequality is elementary.

    Example:
        150 rows of two classes, half and half, that never differ: q is at most .0288 at 98.75%.

        >>> rows = np.repeat([[0.0, 0.0], [1.0, 1.0]], 75, axis=0)
        >>> found = near_kappa(
        ...     Sample(rows, levels=np.array([0.0, 1.0])),
        ...     is_quadratic=False,
        ...     resampling=Resampling(np.random.default_rng(1), 0.95, 4000),
        ... )
        >>> 0.93 < found.low < 1 - 0.0288 / 0.5, found.high
        (True, 1.0)
    """
    levels = sample.levels
    if levels is None:
        return no_interval("no levels are declared")
    if n_units(sample.units, len(sample.ratings)) < MIN_UNITS:
        return no_interval(TOO_FEW_UNITS)
    halved = 1 - (1 - resampling.level) / 2
    most = _most(sample.ratings[:, 0] != sample.ratings[:, 1], sample.units, halved)
    apart = np.abs(levels[:, None] - levels[None, :]) / (levels[-1] - levels[0])
    weights = apart**2 if is_quadratic else (apart > 0).astype(np.float64)

    def expected(sums: FloatArray) -> FloatArray:
        shares = sums / sums.sum(axis=1, keepdims=True)
        disagreement: FloatArray = np.einsum("ri,ij,rj->r", shares, weights, shares)[:, None]
        return disagreement

    classes = (sample.ratings[:, [1]] == levels).astype(np.float64)
    (found,) = estimates_of_sums(
        expected,
        classes,
        sample.units,
        resampling=Resampling(resampling.rng, halved, 2 * resampling.n_resamples),
        otherwise=Otherwise("one_category", "one level only"),
    )
    if found.low is None or found.low <= most:
        return no_interval("the second column hardly varies")
    return Interval(1 - most / (found.low - most), 1.0, METHOD)


def graded_kappa(sample: Sample, *, resampling: Resampling) -> Interval:
    """Interval of quadratic kappa, as if one more row had been seen on which the columns lie far apart.

    Args:
        sample: Two columns without missing ratings, on declared levels.
        resampling: Level of the interval, and resamples.

    Source: Efron 1987 (BCa); the added row as Clopper & Pearson 1934 count one more success for an upper bound.
    """
    if sample.levels is None:
        return no_interval("no levels are declared")
    n_rows = len(sample.ratings)
    if n_units(sample.units, n_rows) < MIN_UNITS:
        return no_interval(TOO_FEW_UNITS)
    low, far = _far_apart(sample.levels)
    return _with_far_row(sample, "cohen_kappa_quadratic", (low, far), resampling)


def careful_bias(sample: Sample, *, resampling: Resampling) -> Interval:
    """Interval of the mean difference, each end as if one more row had been seen that lies far on its side.

    Args:
        sample: Two columns without missing ratings, on declared levels.
        resampling: Level of the interval, and resamples.

    Source: As `graded_kappa`.
    """
    if sample.levels is None:
        return no_interval("no levels are declared")
    if n_units(sample.units, len(sample.ratings)) < MIN_UNITS:
        return no_interval(TOO_FEW_UNITS)
    low, far = _far_apart(sample.levels)
    below = _with_far_row(sample, "bias", (low, far), resampling)
    above = _with_far_row(sample, "bias", (far, low), resampling)
    return Interval(below.low, above.high, below.method)


def _far_apart(levels: FloatArray) -> tuple[float, float]:
    """Return the lowest level, and the one that lies far from it."""
    return float(levels[0]), float(levels[math.ceil(FAR * (len(levels) - 1))])


def _with_far_row(sample: Sample, metric: str, row: tuple[float, float], resampling: Resampling) -> Interval:
    """BCa interval of a metric on a sample that one row is added to, as a unit of its own."""
    units = np.arange(len(sample.ratings)) if sample.units is None else sample.units
    longer = replace(sample, ratings=np.vstack([sample.ratings, [row]]), units=np.append(units, units.max() + 1))
    patterns = distinct_rows(longer)
    drawn_from = units_of(patterns)
    of = METRICS[metric].function
    resamples = drawn_from.resamples(resampling.rng, resampling.n_resamples)
    drawn = np.concatenate([of(patterns, weights) for weights in resamples])
    left_out = [(of(patterns, weights), times) for weights, times in drawn_from.leave_outs(resampling.rng)]
    without, times = (np.concatenate(part) for part in zip(*left_out, strict=True))
    value = float(of(patterns, patterns.counts[None, :])[0])
    found = bootstrap_interval(value, drawn, acceleration(without, times), resampling.level)
    return found if found.low is None else replace(found, method=f"{found.method}, with one far miss added")


def near_bias(sample: Sample, level: float) -> Interval:
    """Interval of the mean difference of two columns on declared levels, from the shares of rows above and below.

    Args:
        sample: Two columns without missing ratings, on declared levels.
        level: Coverage; each end errs with half of the rest.

    Source: Clopper & Pearson 1934.

    Example:
        >>> rows = np.repeat([[0.0, 0.0], [1.0, 1.0]], 75, axis=0)
        >>> found = near_bias(Sample(rows, levels=np.array([0.0, 1.0])), 0.95)
        >>> round(found.low, 4), round(found.high, 4)
        (-0.0243, 0.0243)
    """
    levels = sample.levels
    if levels is None:
        return no_interval("no levels are declared")
    if n_units(sample.units, len(sample.ratings)) < MIN_UNITS:
        return no_interval(TOO_FEW_UNITS)
    judge, human = sample.ratings[:, 0], sample.ratings[:, 1]
    longest = float(levels[-1] - levels[0])
    below, above = (_most(differs, sample.units, level) for differs in (judge < human, judge > human))
    return Interval(-longest * below, longest * above, METHOD)


def _most(differs: BoolArray, units: IntArray | None, level: float) -> float:
    """Return the exact upper bound of a share of rows that come in units."""
    found = share_over_units(differs, units, level)
    return 1.0 if found.high is None else found.high
