"""Each rater by themself: how severe, whether that moves, how they use the scale, how constant, where alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.disagreement import standing_alone
from judgekit.analysis.rating import RatingTable, Target, sample_of, unit_codes
from judgekit.analysis.reference import is_unordered
from judgekit.records.agreement_report import RaterProfile
from judgekit.records.dataset import Dataset
from judgekit.records.label import Label
from judgekit.records.rubric import Criterion, level_text
from judgekit.stats.estimate import Estimate, UndefinedCode, undefined
from judgekit.stats.rater_effect import rater_drift, rater_effects, self_agreement
from judgekit.stats.scale_use import scale_use

MAX_RATERS = 25
"""Severity is a system of as many unknowns in every resample; above this many raters it is not measured."""
MOST_ALONE = 3
"""Targets listed for each rater on which they stand alone."""
MOST_ALONE_TOGETHER = 24
"""Targets so listed for all raters of one criterion."""
MIN_SPAN_DAYS = 7.0
"""Labels of less than a week say nothing of a month."""
_SECONDS_A_DAY = 86_400.0


def rater_profiles(dataset: Dataset, table: RatingTable, measuring: Measuring) -> tuple[RaterProfile, ...]:
    """Return one profile a rater, by name; none where labels are anonymous.

    Args:
        dataset: Where labels, their times and repeats are.
        table: Each rater's first number on each target.
        measuring: Level and resamples.
    """
    if not table.is_named:
        return ()
    table = _in_canonical_order(table)
    labels = _labels_by_rater(dataset, table.criterion)
    severity, drift = _severities(table, measuring), _drifts(table, labels, measuring)
    alone = standing_alone(dataset, table, min(MOST_ALONE, MOST_ALONE_TOGETHER // len(table.raters)))
    return tuple(
        RaterProfile(
            criterion=table.criterion.id,
            rater=rater,
            n=int((~np.isnan(table.column(rater))).sum()),
            severity=severity[rater],
            drift=drift.get(rater),
            extreme_share=_extreme_share(table, rater, measuring),
            unused_levels=_unused(table, rater),
            self_agreement=_self_agreement(dataset, table.criterion, labels[rater], measuring),
            alone=alone[rater],
        )
        for rater in table.raters
    )


def _in_canonical_order(table: RatingTable) -> RatingTable:
    """Return the table with its targets by name, so that sums do not depend on the dataset's order."""
    order = sorted(range(len(table.targets)), key=lambda row: _place(table.targets[row]))
    return replace(
        table,
        targets=tuple(table.targets[row] for row in order),
        values=table.values[order],
        units=table.units[order],
    )


@dataclass(frozen=True)
class _Given:
    """One rater's labels with a value: target -> occasion -> label."""

    by_target: Mapping[Target, Mapping[int, Label]]

    def first(self, target: Target) -> Label | None:
        occasions = self.by_target.get(target)
        return occasions[min(occasions)] if occasions else None


def _labels_by_rater(dataset: Dataset, criterion: Criterion) -> dict[str, _Given]:
    found: dict[str, dict[Target, dict[int, Label]]] = defaultdict(lambda: defaultdict(dict))
    for label in dataset.labels_by_criterion[criterion.id]:
        if label.kind == "human" and label.rater and label.status == "ok":
            found[label.rater][label.target, label.turn][label.occasion] = label
    return {rater: _Given(by_target) for rater, by_target in found.items()}


def _severities(table: RatingTable, measuring: Measuring) -> dict[str, Estimate]:
    reason = _why_no_severity(table)
    if reason is not None:
        code, words = reason
        return dict.fromkeys(table.raters, undefined(code, words, level=measuring.level))
    effects = rater_effects(
        table.values,
        units=table.units,
        rng=measuring.fresh_rng(),
        level=measuring.level,
        n_resamples=measuring.n_resamples,
    )
    return dict(zip(table.raters, effects, strict=True))


def _why_no_severity(table: RatingTable) -> tuple[UndefinedCode, str] | None:
    if is_unordered(table.criterion):
        return "not_for_this_scale", f"the levels of a {table.criterion.scale.type} scale have no order"
    if len(table.raters) < 2:
        return "too_few", "one rater cannot be compared with others"
    if len(table.raters) > MAX_RATERS:
        words = f"severity is not measured for more than {MAX_RATERS} raters, and there are {len(table.raters)}"
        return "unknown_raters", words
    return None


def _drifts(table: RatingTable, labels: Mapping[str, _Given], measuring: Measuring) -> dict[str, Estimate]:
    if _why_no_severity(table) is not None:
        return {}
    days = np.full(table.values.shape, np.nan)
    for column, rater in enumerate(table.raters):
        for row, target in enumerate(table.targets):
            label = labels[rater].first(target)
            if label is not None and label.at is not None:
                days[row, column] = label.at.timestamp() / _SECONDS_A_DAY
    is_known = ~np.isnan(days)
    if not is_known.any() or np.ptp(days[is_known]) < MIN_SPAN_DAYS:
        return {}
    drifts = rater_drift(
        table.values,
        days - np.nanmin(days),
        units=table.units,
        rng=measuring.fresh_rng(),
        level=measuring.level,
        n_resamples=measuring.n_resamples,
    )
    return dict(zip(table.raters, drifts, strict=True))


def _extreme_share(table: RatingTable, rater: str, measuring: Measuring) -> Estimate | None:
    if table.criterion.scale.measurement != "ordinal" or len(table.criterion.scale.levels) < 3:
        return None
    return scale_use(
        table.column(rater),
        table.criterion.scale.numbers(),
        units=table.units,
        rng=measuring.fresh_rng(),
        level=measuring.level,
        n_resamples=measuring.n_resamples,
    ).extreme_share


def _unused(table: RatingTable, rater: str) -> tuple[str, ...]:
    given = set(table.column(rater).tolist())
    scale = table.criterion.scale
    if not scale.levels:
        return ()
    return tuple(
        level_text(level) for level, number in zip(scale.levels, scale.numbers(), strict=True) if number not in given
    )


def _self_agreement(dataset: Dataset, criterion: Criterion, given: _Given, measuring: Measuring) -> Estimate | None:
    """Return how often a rater repeats their own answer, over the targets that they answered again."""
    again = sorted((t for t, occasions in given.by_target.items() if len(occasions) > 1), key=_place)
    if not again:
        return None
    ratings = np.full((len(again), max(len(given.by_target[target]) for target in again)), np.nan)
    for row, target in enumerate(again):
        for column, (_, label) in enumerate(sorted(given.by_target[target].items())):
            if label.value is not None:
                ratings[row, column] = criterion.scale.code(label.value)
    sample = sample_of(criterion, ratings, unit_codes(again, dataset.unit))
    return self_agreement(
        ["percent_agreement"],
        sample,
        rng=measuring.fresh_rng(),
        level=measuring.level,
        n_resamples=measuring.n_resamples,
    )["percent_agreement"]


def _place(target: Target) -> tuple[str, str]:
    return target[0], target[1] or ""
