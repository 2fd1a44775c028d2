"""Smoothed post-stratification: what the experts say of each verdict, weighted by how often the verdict was given.

For labels that are a random sample of the judged sessions. The mean is the plain one; its variance is smoothed, as
though each stratum had one label more, spread evenly over the scale, so that a stratum whose few labels agree is not
taken for one without doubt. Verdicts that failed are a stratum of their own: nothing is left out.
"""

from __future__ import annotations

import numpy as np

from judgekit.stats.estimate import Estimate
from judgekit.stats.interval import no_interval
from judgekit.stats.partly_labelled import (
    Doubt,
    PartlyLabelled,
    corrected,
    declined,
    mean_interval,
    too_few_labels,
    units_moves,
)
from judgekit.stats.population_mean import uneven
from judgekit.stats.sample import FloatArray, IntArray

MIN_OF_STRATUM = {True: 1, False: 5}
"""Whether the scale is binary -> labels below which a stratum is merged with its neighbour."""


def post_stratified_mean(sample: PartlyLabelled, levels: FloatArray, level: float = 0.95) -> Estimate:
    """Return the experts' mean over all judged sessions.

    Undefined below 30 labels and, on two levels, below 5 labels of the rarer one. No interval where a few units carry
    most of the labels.

    Args:
        sample: Judged sessions; the labelled ones picked at random.
        levels: The declared scale's places, ascending, shape (n_levels,).
        level: Coverage of the interval.

    Source: Holt & Smith 1979; equal to optimally tuned PPI++ on two levels (Chen et al. 2026, arXiv 2601.05420).

    Example:
        Of 60 sessions judged to pass, 40 labelled, 36 do; of 40 judged to fail, 20 labelled, 5 do:
        .6 x .9 + .4 x .25.

        >>> labels = np.repeat([1.0, 0.0, 1.0, 0.0], [36, 4, 5, 15])
        >>> judged = np.repeat([1.0, 0.0], [40, 20])
        >>> sample = PartlyLabelled.of(labels, judged, others=np.repeat([1.0, 0.0], 20))
        >>> found = post_stratified_mean(sample, np.array([0.0, 1.0]))
        >>> round(found.value, 4), found.method
        (0.64, 'post-stratified wilson')
    """
    is_binary = len(levels) == 2
    few = too_few_labels(sample, is_binary=is_binary)
    if few:
        return declined(sample, few, level)
    value, doubt = mean_of_strata(sample, levels)
    ends = (float(levels[0]), float(levels[-1]))
    interval = mean_interval(value, doubt, level, ends=ends, method="post-stratified")
    why = uneven(sample.weights, sample.units[sample.is_labelled])
    interval = no_interval(why) if why else interval
    return corrected(sample, value, interval, level, ends=ends)


def mean_of_strata(sample: PartlyLabelled, levels: FloatArray) -> tuple[float, Doubt]:
    """Return the post-stratified mean and its doubt, over units, from however few labels.

    Each labelled session moves the mean within its stratum, and every session by which stratum it is in. Without
    clusters and on two levels the variance is sum W^2 a (1 - a) / (n + 1) + var(a) / N, a being the smoothed mean;
    that it took a mean for each stratum is allowed for as in a regression.
    """
    strata, labelled = verdict_strata(sample, levels), sample.is_labelled
    n_strata = int(strata.max()) + 1
    own, weights, labels = strata[labelled], sample.weights, sample.labels
    sizes = np.bincount(strata, weights=sample.shares, minlength=n_strata)
    n_labels = np.bincount(own, minlength=n_strata)
    held = np.bincount(own, weights=weights, minlength=n_strata)
    means = np.bincount(own, weights=weights * labels, minlength=n_strata) / held
    smoothed = (n_labels * means + levels.mean()) / (n_labels + 1)
    value, centre = float(sizes @ means), float(sizes @ smoothed)
    moves = sample.shares * (smoothed[strata] - centre)
    shrunk = (sizes / held * n_labels / (n_labels + 1))[own]
    moves[labelled] += shrunk * weights * (labels - smoothed[own])
    spread = ((levels - smoothed[:, None]) ** 2).mean(axis=1)
    by_unit = units_moves(moves, sample.units)
    variance = float((by_unit**2).sum() + ((sizes / (n_labels + 1)) ** 2 @ spread))
    n_free = max(1, sample.n_units - n_strata)
    more = sample.n_units / n_free
    return value, Doubt(variance * more, n_free, float((by_unit**3).sum()) * more**1.5)


def verdict_strata(sample: PartlyLabelled, levels: FloatArray) -> IntArray:
    """Return the stratum of each judged session: its verdict's level, failures apart; those with few labels merged.

    A number between levels goes to the nearest one, which is as good a stratum as any: strata need not be right, only
    made without looking at the labels.
    """
    known = ~np.isnan(sample.judge)
    nearest = np.abs(np.where(known, sample.judge, 0)[:, None] - levels).argmin(axis=1)
    least = MIN_OF_STRATUM[len(levels) == 2]
    codes = np.where(known, nearest, len(levels))
    if known.any() and (sample.is_labelled & ~known).sum() < least:
        codes = np.where(known, nearest, np.bincount(nearest[known]).argmax())
    return _merged(codes, sample, least)


def _merged(codes: IntArray, sample: PartlyLabelled, least: int) -> IntArray:
    """Return strata numbered 0, 1 ..., each with `least` labels: the poorest joins its poorer neighbour."""
    _, strata = np.unique(codes, return_inverse=True)
    while strata.max() > 0:
        n_labels = np.bincount(strata[sample.is_labelled], minlength=int(strata.max()) + 1)
        poorest = int(n_labels.argmin())
        if n_labels[poorest] >= least:
            break
        beside = [place for place in (poorest - 1, poorest + 1) if 0 <= place < len(n_labels)]
        partner = min(beside, key=lambda place: int(n_labels[place]))
        _, strata = np.unique(np.where(strata == poorest, partner, strata), return_inverse=True)
    return strata.astype(np.int64)
