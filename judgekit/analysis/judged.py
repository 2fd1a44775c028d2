"""The rows on which a judge and the reference both have a number: what every figure beside the headline is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from judgekit.analysis.metric_set import counts_levels, is_for
from judgekit.analysis.rating import RatingTable, Target, on_levels, rating_table, sample_of, unit_codes
from judgekit.analysis.reference import Reference
from judgekit.analysis.verdict_table import VerdictTable
from judgekit.records.dataset import Dataset
from judgekit.records.report import Row
from judgekit.records.rubric import Criterion
from judgekit.stats.estimate import Estimate
from judgekit.stats.sample import BoolArray, FloatArray, IntArray, Sample


@dataclass(frozen=True, eq=False)
class Judged:
    """One judge beside the reference on one criterion.

    Attributes:
        dataset: Where sessions and labels are.
        criterion: The question.
        verdicts: The judge's numbers.
        truth: The reference.
        ratings: Everybody's labels on the targets that may be used.
        panel: The ratings behind the reference: a group's own where a group is the reference; None where it is gold.
        targets: Targets with both, in a canonical order.
        judge: The judge's numbers, shape (n_targets,).
        human: The reference's, shape (n_targets,).
        units: The independent unit of each target, shape (n_targets,).
    """

    dataset: Dataset
    criterion: Criterion
    verdicts: VerdictTable
    truth: Reference
    ratings: RatingTable
    panel: RatingTable | None
    targets: tuple[Target, ...]
    judge: FloatArray
    human: FloatArray
    units: IntArray

    @classmethod
    def of(
        cls, dataset: Dataset, criterion: Criterion, verdicts: VerdictTable, truth: Reference, allowed: set[str]
    ) -> Judged:
        """Return the targets that both have a number for; labels on `allowed` sessions and pairs stand beside them."""
        shared = tuple(target for target in truth.values if target in verdicts.numbers)
        judge = np.array([verdicts.numbers[target] for target in shared], dtype=np.float64)
        human = np.array([truth.values[target] for target in shared], dtype=np.float64)
        ratings = rating_table(dataset, criterion, targets=allowed)
        panel = _panel(dataset, ratings, truth.rule)
        units = unit_codes(shared, dataset.unit)
        return cls(dataset, criterion, verdicts, truth, ratings, panel, shared, judge, human, units)

    def only(self, kept: BoolArray) -> Judged:
        """Return some of the targets."""
        targets = tuple(target for target, is_kept in zip(self.targets, kept, strict=True) if is_kept)
        return replace(self, targets=targets, judge=self.judge[kept], human=self.human[kept], units=self.units[kept])

    @property
    def columns(self) -> FloatArray:
        """Judge and reference, shape (n_targets, 2)."""
        return columns(self.judge, self.human)

    def fitting(self, metric: str) -> tuple[Sample, BoolArray] | None:
        """Return what a metric is measured on, and which targets those are; None when it is not for this scale.

        Where a number lies between levels, metrics that count levels leave the row out, and others take any number.
        """
        if not is_for(metric, self.criterion):
            return None
        legal = on_levels(self.criterion, self.judge, self.human)
        if legal.all() or counts_levels(metric):
            kept = self.only(legal)
            dropped = {} if legal.all() else {"between_levels": int((~legal).sum())}
            return sample_of(self.criterion, kept.columns, kept.units, dropped=dropped), legal
        sample = sample_of(self.criterion, self.columns, self.units)
        return replace(sample, levels=None, positive=None), np.ones(len(legal), dtype=bool)

    def direction(self) -> float:
        """Return 1 where a greater number is more of what the scale counts; -1 where the positive is the lower."""
        return _towards_positive(self.criterion)


def upward(criterion: Criterion) -> float:
    """Return 1 where the greater of two numbers is the better one, else -1: as declared, else by the levels."""
    return {"higher": 1.0, "lower": -1.0}.get(criterion.direction or "", _towards_positive(criterion))


def _towards_positive(criterion: Criterion) -> float:
    positive = criterion.scale.positive_level
    return -1.0 if positive is not None and criterion.scale.code(positive) == 0 else 1.0


def columns(left: FloatArray, right: FloatArray) -> FloatArray:
    """Return two columns as one table, shape (n, 2), of no rows where there are none."""
    return np.column_stack([left, right]) if len(left) else np.zeros((0, 2))


def rows_between(
    criterion: Criterion, between: str, estimates: Mapping[str, Estimate], *, part: str | None = None
) -> list[Row]:
    """Return estimates as rows of a report."""
    return [
        Row(criterion=criterion.id, metric=metric, between=between, slice=part, estimate=estimate)
        for metric, estimate in estimates.items()
    ]


def _panel(dataset: Dataset, ratings: RatingTable, rule: str) -> RatingTable | None:
    if rule == "gold":
        return None
    if not rule.startswith("group:"):
        return ratings
    group = dataset.card.raters[rule.removeprefix("group:")]
    return ratings.only(ratings.members(group.raters))
