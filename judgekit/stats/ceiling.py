"""The human ceiling: how well a judge agrees with experts beside how well an expert does, on the same rows.

A judge that agrees with the mean of several experts better than one expert does need not be the better expert: it may
only be less noisy. So the difference is taken on identical rows, and what noise alone allows is given beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from judgekit.errors import InputError
from judgekit.stats.estimate import Estimate
from judgekit.stats.metric import METRICS, measure_all
from judgekit.stats.pair_correlation import correlations_of_moments, mean_correlation, pair_moments
from judgekit.stats.patterns import Patterns, distinct_rows, ratio
from judgekit.stats.resample import units_of
from judgekit.stats.sample import BoolArray, FloatArray, IntArray, Sample
from judgekit.stats.unit_sums import Otherwise, Resampling, estimates_of_sums, unit_intervals


@dataclass(frozen=True, slots=True)
class CeilingDifference:
    """A metric of the judge and of a human against the same references.

    Attributes:
        judge: judge~others.
        human: rater~others, each rater held against the others.
        difference: judge less human; whether more is better is the metric's own direction.
    """

    judge: Estimate
    human: Estimate
    difference: Estimate


@dataclass(frozen=True, slots=True)
class CorrelationCeiling:
    """What correlation with the experts' mean their own noise allows.

    Attributes:
        between_raters: Mean correlation of two raters: the reliability of one.
        reliability: Reliability of the raters' mean, by Spearman and Brown.
        ceiling: Its square root: what a judge without any error of its own would reach.
    """

    between_raters: Estimate
    reliability: Estimate
    ceiling: Estimate


def ceiling_difference(
    metrics: Sequence[str], sample: Sample, *, rng: np.random.Generator, level: float = 0.95, n_resamples: int = 2000
) -> dict[str, CeilingDifference]:
    """Compare judge~others with rater~others, with a paired interval of the difference.

    Args:
        metrics: Names of `METRICS`.
        sample: Leave-one-out rows of three columns: the judge, the left-out rater, the others' reference; `units` must
            join the rows of one session, which stands here once for each of its raters.
        rng: Source of the resamples.
        level: Coverage of the intervals.
        n_resamples: Bootstrap resamples; judge and human are computed on the same ones.

    Returns:
        By metric. All three stand on the rows that have all three values; the rest is counted as `missing`.
        The difference has no interval where judge or human has none.

    Undefined when: the metric is undefined for the judge or for the human.

    Raises:
        UnknownName: There is no such metric.
        InputError: There are not three columns.
    """
    complete = _complete(sample)
    sides = [_side(complete, column) for column in (0, 1)]
    judge, human = (measure_all(metrics, side, rng=rng, level=level, n_resamples=n_resamples) for side in sides)
    bare = {name: _bare_difference(judge[name], human[name], complete.names) for name in metrics}
    open_metrics = [name for name, difference in bare.items() if not difference.method.startswith("none")]
    drawn = _paired_intervals(open_metrics, complete, sides, Resampling(rng, level, n_resamples), bare)
    return {name: CeilingDifference(judge[name], human[name], drawn.get(name, bare[name])) for name in metrics}


def correlation_ceiling(
    ratings: npt.ArrayLike,
    *,
    units: IntArray | None = None,
    rng: np.random.Generator,
    level: float = 0.95,
    n_resamples: int = 2000,
) -> CorrelationCeiling:
    """Highest correlation with the raters' mean that their noise allows: sqrt(reliability of the mean), 0 to 1.

    Args:
        ratings: Shape (n_rows, n_raters); NaN is missing. Where rows have different numbers of ratings, the mean's
            reliability is that of their harmonic mean.
        units: The independent unit of each row, shape (n_rows,); None: each row is its own.
        rng: Source of the resamples.
        level: Coverage of the intervals.
        n_resamples: Bootstrap resamples.

    Undefined when: no two raters share three rows on which both vary; the ceiling also when they do not correlate
    positively, so that there is nothing for a judge to agree with.

    Source: Spearman 1904 (attenuation); Spearman 1910 and Brown 1910.
    """
    table, moments = _rated(ratings)

    def statistics(sums: FloatArray) -> FloatArray:
        between = mean_correlation(sums[:, 2:])
        reliability = spearman_brown(between, ratio(sums[:, 0], sums[:, 1]))
        return np.stack([between, reliability, _root(reliability)], axis=1)

    between, reliability, ceiling = estimates_of_sums(
        statistics,
        moments,
        _kept_units(units, table.is_used),
        resampling=Resampling(rng, level, n_resamples),
        otherwise=Otherwise("constant", _words(table.values), table.dropped),
    )
    return CorrelationCeiling(between, reliability, ceiling)


def disattenuated_correlation(
    judge: npt.ArrayLike,
    ratings: npt.ArrayLike,
    *,
    units: IntArray | None = None,
    rng: np.random.Generator,
    level: float = 0.95,
    n_resamples: int = 2000,
) -> Estimate:
    """Pearson correlation of the judge with what the raters' mean would be without their noise; may exceed 1.

    The correlation with the raters' mean over its ceiling. It takes the raters' errors to be independent of each other
    and of the judge's: raters who share a prejudice make the judge look worse, a judge that shares it better.

    Args:
        judge: Shape (n_rows,); NaN is missing.
        ratings: Shape (n_rows, n_raters); NaN is missing.
        units: The independent unit of each row, shape (n_rows,); None: each row is its own.
        rng: Source of the resamples.
        level: Coverage of the interval.
        n_resamples: Bootstrap resamples.

    Undefined when: the ceiling is, or the judge is constant.

    Source: Spearman 1904, "The proof and measurement of association between two things".
    """
    verdicts = np.asarray(judge, dtype=np.float64)
    table, moments = _rated(np.where(np.isnan(verdicts)[:, None], np.nan, np.asarray(ratings, dtype=np.float64)))
    means = np.nanmean(table.values, axis=1)
    with_mean = pair_moments(np.column_stack([verdicts[table.is_used], means]))
    rows = np.concatenate([moments, with_mean], axis=1)
    n_own = moments.shape[1]

    def statistics(sums: FloatArray) -> FloatArray:
        reliability = spearman_brown(mean_correlation(sums[:, 2:n_own]), ratio(sums[:, 0], sums[:, 1]))
        return correlations_of_moments(sums[:, n_own:]) / _root(reliability)[:, None]

    found = estimates_of_sums(
        statistics,
        rows,
        _kept_units(units, table.is_used),
        resampling=Resampling(rng, level, n_resamples),
        otherwise=Otherwise("constant", f"{_words(table.values)}, or the judge is constant", table.dropped),
    )
    return found[0]


def spearman_brown(reliability: npt.ArrayLike, n_raters: npt.ArrayLike) -> FloatArray:
    """Reliability of the mean of several raters from that of one: k r / (1 + (k - 1) r).

    Args:
        reliability: Of one rater: the correlation of two.
        n_raters: k; may be a fraction.

    Returns:
        Broadcast of both; NaN where 1 + (k - 1) r is not positive.

    Source: Spearman 1910; Brown 1910.

    Example:
        Three raters who correlate at .5:

        >>> float(spearman_brown(0.5, 3))
        0.75
    """
    r, k = np.asarray(reliability, dtype=np.float64), np.asarray(n_raters, dtype=np.float64)
    inflation = 1 + (k - 1) * r
    return k * r / np.where(inflation > 0, inflation, np.nan)


@dataclass(frozen=True, eq=False)
class _Rated:
    """The rows that have a rating."""

    values: FloatArray
    is_used: BoolArray
    dropped: dict[str, int]


def _rated(ratings: npt.ArrayLike) -> tuple[_Rated, FloatArray]:
    """Return the rated rows, and what each adds to: the rows, their 1 / ratings, the raters' moments."""
    table = np.asarray(ratings, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] < 2:
        raise InputError(
            f"ratings have shape {table.shape}", hint="Give a row per target, a column per rater, two or more"
        )
    n_ratings = (~np.isnan(table)).sum(axis=1)
    is_used = n_ratings > 0
    n_short = int((~is_used).sum())
    rated = _Rated(table[is_used], is_used, {"missing": n_short} if n_short else {})
    shares = 1 / n_ratings[is_used]
    return rated, np.concatenate([np.stack([np.ones(len(shares)), shares], axis=1), pair_moments(rated.values)], axis=1)


def _kept_units(units: IntArray | None, is_used: BoolArray) -> IntArray | None:
    return None if units is None else np.asarray(units)[is_used]


def _words(values: FloatArray) -> str:
    return f"the {values.shape[1]} raters' mean correlation is undefined or not positive (n={len(values)})"


def _root(reliability: FloatArray) -> FloatArray:
    return np.sqrt(np.where(reliability > 0, reliability, np.nan))


def _complete(sample: Sample) -> Sample:
    if sample.ratings.shape[1] != 3:
        raise InputError(
            f"a ceiling takes three columns, got {sample.ratings.shape[1]}", hint="Give judge, left-out rater, others"
        )
    has_all = np.isfinite(sample.ratings).min(axis=1, initial=True)
    n_short = int((~has_all).sum())
    dropped = dict(sample.dropped)
    if n_short:
        dropped["missing"] = dropped.get("missing", 0) + n_short
    return replace(sample, ratings=sample.ratings[has_all], units=_kept_units(sample.units, has_all), dropped=dropped)


def _side(sample: Sample, column: int) -> Sample:
    return replace(sample, ratings=sample.ratings[:, [column, 2]], names=(sample.names[column], sample.names[2]))


def _bare_difference(judge: Estimate, human: Estimate, names: tuple[str, ...]) -> Estimate:
    """Return the difference without an interval; its method starts with `none` where there can be none."""
    for side in (judge, human):
        if side.undefined is not None:
            return side
    value = (judge.value or 0.0) - (human.value or 0.0)
    bare = replace(judge, value=value, low=None, high=None, method="")
    for name, side in zip(names, (judge, human), strict=False):
        if side.low is None:
            why = side.method.removeprefix("none: ")
            return replace(bare, method=f"none: {name}~{names[2]} has none: {why}")
    return bare


def _paired_intervals(
    metrics: Sequence[str], sample: Sample, sides: Sequence[Sample], resampling: Resampling, bare: dict[str, Estimate]
) -> dict[str, Estimate]:
    """Return the differences with their intervals, from the same resamples for both sides."""
    if not metrics:
        return {}
    # All three columns keep who gave which rating, so that a resample is the same rows for both sides.
    joint = distinct_rows(sample, by_rater=True)
    judge, human = (_Fold.of(joint, distinct_rows(side)) for side in sides)

    def differences(weights: FloatArray) -> FloatArray:
        return np.stack([judge.measured(name, weights) - human.measured(name, weights) for name in metrics], axis=1)

    values = np.array([bare[name].value for name in metrics], dtype=np.float64)
    found = unit_intervals(differences, units_of(joint), values, resampling)
    return {
        name: replace(bare[name], low=interval.low, high=interval.high, method=interval.method)
        for name, interval in zip(metrics, found, strict=True)
    }


@dataclass(frozen=True, eq=False)
class _Fold:
    """How weights over the joint rows become weights over one side's patterns.

    Attributes:
        patterns: The side's patterns.
        order: Joint rows in the order of the side's patterns.
        starts: Where each of the side's patterns begins in that order.
    """

    patterns: Patterns
    order: IntArray
    starts: IntArray

    @classmethod
    def of(cls, joint: Patterns, side: Patterns) -> _Fold:
        place = np.zeros(len(joint.values), dtype=np.int64)
        place[joint.pattern_of_row] = side.pattern_of_row
        order = np.argsort(place, kind="stable")
        return cls(side, order, np.flatnonzero(np.diff(place[order], prepend=-1)))

    def measured(self, metric: str, weights: FloatArray) -> FloatArray:
        """Return the metric of this side in each resample."""
        return METRICS[metric].function(self.patterns, np.add.reduceat(weights[:, self.order], self.starts, axis=1))
