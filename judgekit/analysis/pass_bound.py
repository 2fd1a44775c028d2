"""Bounds that a judge is certified by: none lets more than its share of the judges through who lie just at the line.

The intervals of reports do so on average. These take what the sample may lack at its worst, and are only ever wider.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.ceiling import trios_of
from judgekit.analysis.judged import Judged
from judgekit.analysis.rating import on_levels, sample_of
from judgekit.stats.estimate import Estimate
from judgekit.stats.interval import Interval
from judgekit.stats.near_agreement import careful_bias, graded_kappa, near_bias, near_kappa
from judgekit.stats.sample import Sample
from judgekit.stats.unit_sums import Resampling
from judgekit.stats.unseen_agreement import unseen_ends, unseen_gap_ends

MIN_LEVELS, MIN_RARE = 2, 5
"""On two levels, rows of the experts' rarer one below which kappa gets no bound."""


def careful(metric: str, found: Estimate, judged: Judged, measuring: Measuring) -> Estimate:
    """Return how judge and reference agree with the bounds to decide by.

    Args:
        metric: `bias`, `youden_j`, or a kappa.
        found: Its estimate as reports have it.
        judged: Judge and reference.
        measuring: Level, and resamples.
    """
    sample = _sample(judged) if metric == "bias" else _on_levels(judged)
    if found.value is None or not len(sample.ratings):
        return found
    bounded = _with_a_far_row(metric, found, sample, measuring)
    return bounded if sample.units is None else _widened(bounded, unseen_ends(metric, sample, measuring.level))


def careful_gap(metric: str, gap: Estimate, judged: Judged, measuring: Measuring) -> Estimate:
    """Return the experts' kappa with each other less the judge's with them, with the bounds to decide by.

    Args:
        metric: Which kappa.
        gap: Its estimate as reports have it.
        judged: Judge and experts.
        measuring: Level, and resamples.
    """
    if gap.value is None or judged.panel is None:
        return gap
    trios = trios_of(judged, judged.panel)
    legal = on_levels(judged.criterion, trios.judge, trios.own, trios.others)
    three = np.column_stack([trios.judge, trios.own, trios.others])[legal]
    sample = sample_of(judged.criterion, three, trios.units[legal], names=("judge", "rater", "others"))
    if gap.high is None:
        judge = replace(sample, ratings=three[:, [0, 2]], names=("judge", "others"))
        return _from_the_top(metric, gap, judge, measuring)
    n_sessions = len({target for target, is_legal in zip(trios.targets, legal, strict=True) if is_legal})
    return _widened(gap, unseen_gap_ends(metric, sample, n_sessions, measuring.level))


def _with_a_far_row(metric: str, found: Estimate, sample: Sample, measuring: Measuring) -> Estimate:
    """Return an estimate whose bounds take it that far misses are rare in the sample, or absent."""
    if metric == "cohen_kappa_quadratic":
        return _with_ends(found, graded_kappa(sample, resampling=_resampling(measuring)))
    if metric == "bias":
        drawn = careful_bias(sample, resampling=_resampling(measuring))
        return _with_ends(found, drawn if found.low is not None else near_bias(sample, measuring.level))
    if metric == "youden_j" or found.low is not None:
        return found
    levels = sample.levels if sample.levels is not None else np.zeros(0)
    rarest = min((int((sample.ratings[:, 1] == level).sum()) for level in levels), default=0)
    if len(levels) == MIN_LEVELS and rarest < MIN_RARE:
        return found
    return _with_ends(found, near_kappa(sample, is_quadratic=False, resampling=_resampling(measuring)))


def _from_the_top(metric: str, gap: Estimate, sample: Sample, measuring: Measuring) -> Estimate:
    """Return the gap where judge or experts differ too seldom for an interval: no kappa of an expert is above 1."""
    if not len(sample.ratings):
        return gap
    if metric == "cohen_kappa_quadratic":
        judge = graded_kappa(sample, resampling=_resampling(measuring))
    else:
        judge = near_kappa(sample, is_quadratic=False, resampling=_resampling(measuring))
    if judge.low is None:
        return gap
    bounded = replace(gap, low=-1.0, high=1 - judge.low, method=judge.method)
    far = unseen_ends(metric, sample, measuring.level)
    return bounded if far.low is None or far.low >= judge.low else replace(bounded, high=1 - far.low, method=far.method)


def _widened(found: Estimate, further: Interval) -> Estimate:
    """Return an estimate with the further of two ends on either side; without one of them, without any."""
    if found.low is None or found.high is None:
        return found
    if further.low is None or further.high is None:
        return replace(found, low=None, high=None, method=further.method)
    low, high = min(found.low, further.low), max(found.high, further.high)
    method = found.method if (low, high) == (found.low, found.high) else f"{found.method}; {further.method}"
    return replace(found, low=low, high=high, method=method)


def _on_levels(judged: Judged) -> Sample:
    legal = on_levels(judged.criterion, judged.judge, judged.human)
    return _sample(judged.only(legal))


def _sample(judged: Judged) -> Sample:
    return sample_of(judged.criterion, judged.columns, judged.units)


def _with_ends(found: Estimate, ends: Interval) -> Estimate:
    return replace(found, low=ends.low, high=ends.high, method=ends.method)


def _resampling(measuring: Measuring) -> Resampling:
    return Resampling(measuring.fresh_rng(), measuring.level, measuring.n_resamples)
