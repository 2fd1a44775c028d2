"""The human ceiling: the judge against each rater, and judge and rater against the very same others.

`judge~others` and `rater~others` stand on identical rows (leave-one-out references, targets, rule for ties): the only
two that may be subtracted, and their difference is drawn on the same resamples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from judgekit.analysis.agreement import Measuring, measured
from judgekit.analysis.judged import Judged, columns, rows_between
from judgekit.analysis.metric_set import BESIDE_CEILING, counts_levels, is_for, metric_set
from judgekit.analysis.rating import RatingTable, Target, on_levels, sample_of, unit_codes
from judgekit.analysis.reference import aggregation_of, group_aggregation, leave_one_out
from judgekit.records.report import Row
from judgekit.records.rubric import Criterion
from judgekit.stats.ceiling import ceiling_difference
from judgekit.stats.estimate import undefined
from judgekit.stats.sample import FloatArray, IntArray, Sample

DIFFERENCE = "judge~others minus rater~others"
"""What stands between in the rows of the difference to the ceiling."""


def beside_raters(judged: Judged, measuring: Measuring) -> list[Row]:
    """Return the judge against each rater, and the ceiling; nothing where the reference is not people.

    Args:
        judged: The judge's numbers and the dataset.
        measuring: Level, resamples, metrics.
    """
    criterion, table, panel = judged.criterion, judged.ratings, judged.panel
    if panel is None or not table.targets:
        return []
    metrics = metric_set(BESIDE_CEILING, criterion, measuring.metrics)
    if not table.is_named:
        words = "labels are anonymous, so there is no ceiling by rater"
        refused = {m: undefined("unknown_raters", words, level=measuring.level) for m in metrics}
        return rows_between(criterion, "rater~others", refused)
    judge = np.array([judged.verdicts.numbers.get(t, np.nan) for t in table.targets])
    rows: list[Row] = []
    for rater in table.raters:
        both = columns(judge, table.column(rater))
        if np.any(~np.isnan(both).any(axis=1)):
            found = measured(criterion, both, table.units, (("judge", rater), metrics), measuring)
            rows += rows_between(criterion, f"judge~{rater}", found)
    return rows + _ceiling(judged, panel, metrics, measuring)


def _ceiling(judged: Judged, table: RatingTable, metrics: Sequence[str], measuring: Measuring) -> list[Row]:
    if len(table.raters) < 2:
        return []
    trios = trios_of(judged, table)
    by_side: dict[str, list[Row]] = {"judge~others": [], "rater~others": [], DIFFERENCE: []}
    for some, sample in _samples(trios, metrics):
        found = ceiling_difference(
            some, sample, rng=measuring.rng, level=measuring.level, n_resamples=measuring.n_resamples
        )
        by_side["judge~others"] += rows_between(trios.criterion, "judge~others", {m: found[m].judge for m in some})
        by_side["rater~others"] += rows_between(trios.criterion, "rater~others", {m: found[m].human for m in some})
        differences = {f"{m}_difference": found[m].difference for m in some}
        by_side[DIFFERENCE] += rows_between(trios.criterion, DIFFERENCE, differences)
    apart = [metric for metric in metrics if not _can_be_subtracted(metric, trios.criterion)]
    if apart:
        for name, side in (("judge", trios.judge), ("rater", trios.own)):
            what = ((name, "others"), apart)
            found_apart = measured(trios.criterion, columns(side, trios.others), trios.units, what, measuring,
                                   dropped=trios.dropped)  # fmt: skip
            by_side[f"{name}~others"] += rows_between(trios.criterion, f"{name}~others", found_apart)
    order = list(metrics)
    return [
        row
        for rows in by_side.values()
        for row in sorted(rows, key=lambda row: order.index(row.metric.removesuffix("_difference")))
    ]


@dataclass(frozen=True, eq=False)
class Trios:
    """The judge, a left-out rater and the others' reference, one row a rating."""

    criterion: Criterion
    judge: FloatArray
    own: FloatArray
    others: FloatArray
    units: IntArray
    dropped: dict[str, int]
    targets: tuple[Target, ...]


def trios_of(judged: Judged, table: RatingTable) -> Trios:
    """Return the rows that judge and rater are both held against: one a rating that others can be held against."""
    criterion, dataset, rule = judged.criterion, judged.dataset, judged.truth.rule
    how = aggregation_of(rule, criterion)
    if rule.startswith("group:"):  # the ceiling of a group's reference is made that group's own way
        how = group_aggregation(dataset.card.raters[rule.removeprefix("group:")], criterion)
    left_out = leave_one_out(table, how)
    numbers = judged.verdicts.numbers
    has_verdict = np.array([t in numbers for t in left_out.targets], dtype=bool)
    kept = tuple(t for t, is_judged in zip(left_out.targets, has_verdict, strict=True) if is_judged)
    dropped = {**left_out.dropped, "not_judged": int((~has_verdict).sum())}
    return Trios(
        criterion=criterion,
        judge=np.array([numbers[t] for t in kept], dtype=np.float64),
        own=left_out.own[has_verdict],
        others=left_out.others[has_verdict],
        units=unit_codes(kept, dataset.unit),
        dropped={cause: n for cause, n in dropped.items() if n},
        targets=kept,
    )


def _samples(trios: Trios, metrics: Sequence[str]) -> list[tuple[list[str], Sample]]:
    """Return which metrics are measured on which rows: those that count levels need all three on levels."""
    legal = on_levels(trios.criterion, trios.judge, trios.own, trios.others)
    fit = [metric for metric in metrics if _can_be_subtracted(metric, trios.criterion)]
    three = np.column_stack([trios.judge, trios.own, trios.others]) if len(trios.judge) else np.zeros((0, 3))
    names = ("judge", "rater", "others")
    whole = sample_of(trios.criterion, three, trios.units, names=names, dropped=trios.dropped)
    if legal.all():
        return [(fit, whole)] if fit else []
    between = {**trios.dropped, "between_levels": int((~legal).sum())}
    counted = sample_of(trios.criterion, three[legal], trios.units[legal], names=names, dropped=between)
    parts = [
        ([metric for metric in fit if counts_levels(metric)], counted),
        ([metric for metric in fit if not counts_levels(metric)], replace(whole, levels=None, positive=None)),
    ]
    return [(some, sample) for some, sample in parts if some]


def _can_be_subtracted(metric: str, criterion: Criterion) -> bool:
    """Return whether judge and rater have it on one scale; the levels that occur may differ between them."""
    return is_for(metric, criterion) and not metric.endswith("_observed")
