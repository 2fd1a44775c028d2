"""Experts among themselves: all together, in pairs, group against group, and one against the others."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np

from judgekit.analysis.metric_set import (
    AMONG_NAMELESS,
    AMONG_RATERS,
    BESIDE_CEILING,
    BETWEEN_TWO,
    counts_levels,
    is_for,
    metric_set,
)
from judgekit.analysis.rating import RatingTable, on_levels, rating_table, sample_of, unit_codes
from judgekit.analysis.reference import aggregation_of, default_rule, leave_one_out, reference
from judgekit.records.dataset import Dataset
from judgekit.records.report import Row
from judgekit.records.rubric import Criterion
from judgekit.stats.estimate import Estimate, undefined
from judgekit.stats.metric import METRICS, Population, measure_all
from judgekit.stats.sample import FloatArray, IntArray, Sample

MAX_RATERS = 8
"""Pairs are listed one by one up to this many raters; their number grows with the square."""


@dataclass(frozen=True)
class Measuring:
    """How numbers are measured, the same for all rows of a report.

    Attributes:
        rng: Source of the resamples.
        level: Coverage of the intervals.
        n_resamples: Bootstrap resamples.
        metrics: Metrics asked for; empty for the usual ones of each scale.
        generalise: Whether the intervals over all raters hold for other raters like them too.
    """

    rng: np.random.Generator
    level: float = 0.95
    n_resamples: int = 2000
    metrics: tuple[str, ...] = ()
    generalise: Population = "rows"

    def settings(self, dataset: Dataset) -> dict[str, object]:
        """Return what a report must say of how its numbers were measured."""
        said: dict[str, object] = {"level": self.level, "n_resamples": self.n_resamples, "unit": dataset.unit_kind}
        return said | ({"generalise": "raters"} if self.generalise == "raters" else {})

    def estimates(
        self, metrics: Sequence[str], sample: Sample, *, generalise: Population = "rows"
    ) -> dict[str, Estimate]:
        """Return each metric's estimate on one sample; an interval does not depend on what was measured before."""
        return measure_all(
            metrics,
            sample,
            rng=self.fresh_rng(),
            level=self.level,
            n_resamples=self.n_resamples,
            generalise=generalise,
        )

    def share(
        self,
        hits: FloatArray,
        units: IntArray,
        *,
        dropped: Mapping[str, int] | None = None,
        metric: Literal["accuracy", "best_of_accuracy"] = "accuracy",
    ) -> Estimate:
        """Return the share of hits (1) among hits and misses (0), shape (n,), as agreement with a column of hits."""
        ratings = np.column_stack([hits, np.ones(len(hits))]) if len(hits) else np.zeros((0, 2))
        is_alone = len(np.unique(units)) == len(units)
        sample = Sample(ratings, None if is_alone else units, np.array([0.0, 1.0]), dropped=dict(dropped or {}))
        return self.estimates([metric], sample)[metric]

    def fresh_rng(self) -> np.random.Generator:
        """Return the source of the resamples, always from its start."""
        return copy.deepcopy(self.rng)


def agreement_rows(dataset: Dataset, criterion: Criterion, measuring: Measuring) -> list[Row]:
    """Return all rows of one criterion; the alpha over all raters comes first.

    Args:
        dataset: Sessions and current labels.
        criterion: The question.
        measuring: Level, resamples, metrics.
    """
    if criterion.scale.measurement == "none":
        return [_no_arithmetic(criterion)]
    table = rating_table(dataset, criterion)
    rows = list(_together(table, measuring))
    if table.is_named and len(table.raters) <= MAX_RATERS:
        for first, second in combinations(table.raters, 2):
            rows += two_sided(table, (first, second), (table.column(first), table.column(second)), measuring)
    rows += _groups(dataset, table, measuring)
    return rows + list(_one_against_others(table, dataset, measuring))


def two_sided(
    table: RatingTable, names: tuple[str, str], columns: tuple[np.ndarray, np.ndarray], measuring: Measuring
) -> list[Row]:
    """Return the rows of one rater (or group) against another, all on the targets that both rated."""
    metrics = metric_set(BETWEEN_TWO, table.criterion, measuring.metrics)
    ratings = np.column_stack(columns)
    has_both = ~np.isnan(ratings).any(axis=1)
    if not has_both.any():
        return []
    n_missing = int((~has_both).sum())
    estimates = measured(
        table.criterion,
        ratings[has_both],
        table.units[has_both],
        (names, metrics),
        measuring,
        dropped={"missing": n_missing} if n_missing else {},
    )
    between = "~".join(names)
    return [Row(criterion=table.criterion.id, metric=m, between=between, estimate=e) for m, e in estimates.items()]


def measured(
    criterion: Criterion,
    ratings: np.ndarray,
    units: np.ndarray,
    what: tuple[tuple[str, ...], Sequence[str]],
    measuring: Measuring,
    *,
    dropped: dict[str, int] | None = None,
) -> dict[str, Estimate]:
    """Return estimates of two columns; metrics that count levels leave out numbers between two levels.

    Args:
        criterion: Whose scale.
        ratings: Shape (n, 2), NaN for missing.
        units: Shape (n,).
        what: The columns' names, and the metrics.
        measuring: Level and resamples.
        dropped: Rows already left out, by cause; `between_levels` is added for metrics that count levels.
    """
    names, metrics = what
    legal = on_levels(criterion, *ratings.T)
    known = dict(dropped or {})
    kinds = {metric: _kind(metric, criterion, has_all_legal=bool(legal.all())) for metric in metrics}
    whole = sample_of(criterion, ratings, units, names=names, dropped=known)
    between = {**known, "between_levels": int((~legal).sum())}
    samples: dict[str, Callable[[], Sample]] = {
        "declared": lambda: whole,
        "free": lambda: replace(whole, levels=None, positive=None),
        "observed": lambda: replace(whole, levels=_observed(ratings, whole), positive=None),
        "counting": lambda: sample_of(criterion, ratings[legal], units[legal], names=names, dropped=between),
    }
    found = {metric: _unordered(metric, criterion, measuring) for metric in metrics if kinds[metric] == "unfit"}
    for kind, sample in samples.items():
        some = [metric for metric in metrics if kinds[metric] == kind]
        if some:
            found |= measuring.estimates(some, sample())
    return {metric: found[metric] for metric in metrics}


def _kind(metric: str, criterion: Criterion, *, has_all_legal: bool) -> str:
    """Say which sample a metric is measured on.

    Numbers between levels (a median of two raters, an expected score) are welcome where only distances count,
    leave the row out where levels must match, and are levels of their own under `_observed`.
    """
    if not is_for(metric, criterion):
        return "unfit"
    if metric.endswith("_observed"):
        return "observed"
    if has_all_legal:
        return "declared"
    return "counting" if counts_levels(metric) else "free"


def _observed(ratings: np.ndarray, whole: Sample) -> np.ndarray | None:
    levels = np.unique(ratings[~np.isnan(ratings).any(axis=1)])
    return levels if len(levels) > 1 else whole.levels


def _together(table: RatingTable, measuring: Measuring) -> Iterator[Row]:
    role = AMONG_RATERS if table.is_named else AMONG_NAMELESS
    metrics = metric_set(role, table.criterion, measuring.metrics)
    if len(table.raters) < 2:
        words = f"agreement needs two raters, and {len(table.raters)} gave labels"
        for metric in metrics:
            estimate = undefined("too_few", words, n=len(table.targets), level=measuring.level, dropped=table.dropped)
            yield Row(criterion=table.criterion.id, metric=metric, between="raters", estimate=estimate)
        return
    found = dict(_refused(metrics, table, measuring))
    fit = [metric for metric in metrics if metric not in found]
    sample = table.sample(list(table.values.T), table.raters, table.dropped)
    if table.is_named:
        found |= measuring.estimates(fit, sample, generalise=measuring.generalise)
    else:
        found |= {metric: _of_nameless(e, measuring) for metric, e in measuring.estimates(fit, sample).items()}
    for metric in metrics:
        yield Row(criterion=table.criterion.id, metric=metric, between="raters", estimate=found[metric])


def _refused(metrics: Sequence[str], table: RatingTable, measuring: Measuring) -> Iterator[tuple[str, Estimate]]:
    """Give the metrics that are not measured over all raters, each with the reason."""
    for metric in metrics:
        if not is_for(metric, table.criterion):
            yield metric, _unordered(metric, table.criterion, measuring)
        elif METRICS[metric].by_rater and not table.is_named:
            words = f"{metric} asks who gave which label, and labels are anonymous"
            yield metric, undefined("unknown_raters", words, level=measuring.level)


def _of_nameless(estimate: Estimate, measuring: Measuring) -> Estimate:
    """Return an estimate without its interval where that should hold for raters whom nobody can tell apart."""
    if measuring.generalise == "rows" or estimate.value is None:
        return estimate
    return replace(estimate, low=None, high=None, method="none: anonymous raters cannot be generalised from")


def _groups(dataset: Dataset, table: RatingTable, measuring: Measuring) -> list[Row]:
    rows: list[Row] = []
    known = {name: group for name, group in dataset.card.raters.items() if table.members(group.raters)}
    for first, second in combinations(known, 2):
        sides = [reference(dataset, table.criterion, f"group:{name}").values for name in (first, second)]
        columns = tuple(np.array([side.get(t, np.nan) for t in table.targets]) for side in sides)
        rows += two_sided(table, (first, second), (columns[0], columns[1]), measuring)
    return rows


def _one_against_others(table: RatingTable, dataset: Dataset, measuring: Measuring) -> Iterator[Row]:
    metrics = metric_set(BESIDE_CEILING, table.criterion, measuring.metrics)
    if len(table.raters) < 2:
        return
    if not table.is_named:
        words = "labels are anonymous, so no rater can be held against the others"
        for metric in metrics:
            estimate = undefined("unknown_raters", words, level=measuring.level)
            yield Row(criterion=table.criterion.id, metric=metric, between="rater~others", estimate=estimate)
        return
    rows = leave_one_out(table, aggregation_of(default_rule(table.criterion), table.criterion))
    units = unit_codes(rows.targets, dataset.unit)
    ratings = np.column_stack([rows.own, rows.others])
    what = (("rater", "others"), metrics)
    for metric, estimate in measured(
        table.criterion, ratings, units, what, measuring, dropped=dict(rows.dropped)
    ).items():
        yield Row(criterion=table.criterion.id, metric=metric, between="rater~others", estimate=estimate)


def _unordered(metric: str, criterion: Criterion, measuring: Measuring) -> Estimate:
    words = f"{metric} needs an order, and the levels of a {criterion.scale.type} scale have none"
    return undefined("not_for_this_scale", words, level=measuring.level)


def _no_arithmetic(criterion: Criterion) -> Row:
    words = f"a {criterion.scale.type} scale has no agreement coefficient; its answers are shown side by side"
    estimate = undefined("not_for_this_scale", words)
    return Row(criterion=criterion.id, metric="percent_agreement", between="raters", estimate=estimate)
