"""A judge against the experts: rows with the human ceiling and a constant baseline beside them.

`judge~others` and `rater~others` stand on the very same rows (leave-one-out references, targets, rule for
ties): the only two that may be subtracted for a difference to the ceiling.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from judgekit.analysis.agreement import Measuring, measured
from judgekit.analysis.metric_set import BASELINE, BESIDE_CEILING, JUDGE_AND_REFERENCE, counts_levels, metric_set
from judgekit.analysis.rating import RatingTable, Target, on_levels, rating_table, sample_of, unit_codes
from judgekit.analysis.reference import Reference, aggregation_of, group_aggregation, leave_one_out, reference
from judgekit.analysis.verdict_table import VerdictTable
from judgekit.records.dataset import Dataset
from judgekit.records.report import Confusion, Counts, Row
from judgekit.records.rubric import Criterion, Scale, level_text
from judgekit.stats.classification import confusion
from judgekit.stats.estimate import Estimate, undefined


@dataclass(frozen=True)
class Scored:
    """All that is measured of one judge on one criterion."""

    rows: tuple[Row, ...]
    counts: Counts
    reference: Reference
    confusion: Confusion | None


def score_rows(
    dataset: Dataset,
    criterion: Criterion,
    verdicts: VerdictTable,
    measuring: Measuring,
    *,
    rule: str,
    targets: set[str],
) -> Scored:
    """Return the rows of one judge on one criterion.

    Args:
        dataset: Sessions and current labels.
        criterion: The question.
        verdicts: The judge's numbers.
        measuring: Level, resamples, metrics.
        rule: How several raters become one reference.
        targets: Sessions or pairs that may be used (the split, less the judge's own lineage).
    """
    truth = reference(dataset, criterion, rule, targets=targets)
    shared = tuple(t for t in truth.values if t in verdicts.numbers)
    looked_at = {*verdicts.targets, *truth.values, *truth.missing}
    dropped = _dropped(looked_at, verdicts, truth)
    judge = np.array([verdicts.numbers[t] for t in shared])
    human = np.array([truth.values[t] for t in shared])
    units = unit_codes(shared, dataset.unit)
    metrics = metric_set(JUDGE_AND_REFERENCE, criterion, measuring.metrics)
    what = (("judge", "reference"), metrics)
    estimates = measured(criterion, _columns(judge, human), units, what, measuring, dropped=dropped)
    rows = _rows(criterion, "judge~reference", estimates)
    rows += _pair_rows(dataset, criterion, verdicts, truth, measuring)
    rows += _beside_raters(dataset, criterion, verdicts, measuring, rule=rule, targets=targets)
    rows += _baseline(criterion, human, units, measuring)
    counts = Counts(
        criterion=criterion.id,
        n_targets=len(looked_at),
        n_used=len(shared),
        dropped=dropped,
        failures=verdicts.failures_by_status,
    )
    return Scored(tuple(rows), counts, truth, _confusion(criterion, judge, human, units))


def _dropped(looked_at: set[Target], verdicts: VerdictTable, truth: Reference) -> dict[str, int]:
    """Return why targets did not enter, each by one cause: what lacks a reference first, then what lacks a verdict."""
    dropped: Counter[str] = Counter()
    for target in looked_at:
        if target not in truth.values:
            dropped[truth.missing.get(target, "no_reference")] += 1
        elif target not in verdicts.numbers:
            dropped[verdicts.missing.get(target, "not_judged")] += 1
    return dict(sorted(dropped.items()))


def _beside_raters(
    dataset: Dataset,
    criterion: Criterion,
    verdicts: VerdictTable,
    measuring: Measuring,
    *,
    rule: str,
    targets: set[str],
) -> list[Row]:
    table = rating_table(dataset, criterion, targets=targets)
    if rule == "gold" or not table.targets:
        return []
    metrics = metric_set(BESIDE_CEILING, criterion, measuring.metrics)
    if not table.is_named:
        words = "labels are anonymous, so there is no ceiling by rater"
        estimates = {m: undefined("unknown_raters", words, level=measuring.level) for m in metrics}
        return _rows(criterion, "rater~others", estimates)
    judge = np.array([verdicts.numbers.get(t, np.nan) for t in table.targets])
    rows: list[Row] = []
    for rater in table.raters:
        columns = _columns(judge, table.column(rater))
        if np.any(~np.isnan(columns).any(axis=1)):
            what = (("judge", rater), metrics)
            rows += _rows(criterion, f"judge~{rater}", measured(criterion, columns, table.units, what, measuring))
    return rows + _ceiling(dataset, table, verdicts, measuring, rule=rule)


def _ceiling(
    dataset: Dataset, table: RatingTable, verdicts: VerdictTable, measuring: Measuring, *, rule: str
) -> list[Row]:
    criterion, how = table.criterion, aggregation_of(rule, table.criterion)
    if rule.startswith("group:"):  # the ceiling of a group's reference is that group's own
        group = dataset.card.raters[rule.removeprefix("group:")]
        table, how = table.only([r for r in table.raters if r in group.raters]), group_aggregation(group, criterion)
    if len(table.raters) < 2:
        return []
    left_out = leave_one_out(table, how)
    judged = np.array([t in verdicts.numbers for t in left_out.targets], dtype=bool)
    kept = tuple(t for t, is_judged in zip(left_out.targets, judged, strict=True) if is_judged)
    dropped = {**left_out.dropped, "not_judged": int((~judged).sum())}
    dropped = {cause: n for cause, n in dropped.items() if n}
    judge = np.array([verdicts.numbers[t] for t in kept])
    own, others = left_out.own[judged], left_out.others[judged]
    units = unit_codes(kept, dataset.unit)
    metrics = metric_set(BESIDE_CEILING, criterion, measuring.metrics)
    legal = on_levels(criterion, judge, own, others)  # of all three, so that both rows stand on the same targets
    between = dropped if legal.all() else {**dropped, "between_levels": int((~legal).sum())}
    rows: list[Row] = []
    for name, side in (("judge", judge), ("rater", own)):
        columns = _columns(side, others)
        counting, free = ((name, "others"), tuple(filter(counts_levels, metrics))), ((name, "others"), metrics)
        found = measured(criterion, columns, units, free, measuring, dropped=dropped)
        if not legal.all():
            found |= measured(criterion, columns[legal], units[legal], counting, measuring, dropped=between)
        rows += _rows(criterion, f"{name}~others", found)
    return rows


def _baseline(criterion: Criterion, human: np.ndarray, units: np.ndarray, measuring: Measuring) -> list[Row]:
    asked = measuring.metrics
    metrics = [metric for metric in metric_set(BASELINE, criterion, ()) if not asked or metric in asked]
    if not len(human):
        return []
    constant = np.full(len(human), _constant(criterion, human))
    what = (("majority", "reference"), metrics)
    return _rows(
        criterion, "majority~reference", measured(criterion, _columns(constant, human), units, what, measuring)
    )


def _constant(criterion: Criterion, human: np.ndarray) -> float:
    if criterion.scale.measurement == "interval":
        return float(np.median(human))
    legal = human[np.isin(human, criterion.scale.numbers())]
    levels, counts = np.unique(legal if len(legal) else human, return_counts=True)
    return float(levels[counts.argmax()])


def _pair_rows(
    dataset: Dataset, criterion: Criterion, verdicts: VerdictTable, truth: Reference, measuring: Measuring
) -> list[Row]:
    """Both orders of every pair: hits (failures are misses), consistency of position, first slot."""
    if criterion.scale.type != "preference":
        return []
    asked = [t for t in verdicts.orders if t in truth.values]
    hits, hit_units = _hits(verdicts, truth.values, asked)
    both = [t for t in verdicts.orders if len(verdicts.orders[t]) == 2]
    same = np.array([_is_consistent(verdicts.orders[t]) for t in both], dtype=float)
    slots, slot_targets = _first_slots(criterion, verdicts)
    named = {
        "pairwise_accuracy": (hits, hit_units),
        "position_consistency": (same, both),
        "first_slot_rate": (slots, slot_targets),
    }
    rows: list[Row] = []
    for metric, (share, targets) in named.items():
        if measuring.metrics and metric not in measuring.metrics:
            continue
        between = "judge~reference" if metric == "pairwise_accuracy" else "judge"
        rows += _rows(criterion, between, {metric: _share(criterion, share, targets, dataset, measuring)})
    return rows


def _hits(
    verdicts: VerdictTable, truth: Mapping[Target, float], asked: Sequence[Target]
) -> tuple[np.ndarray, list[Target]]:
    rows = [(target, number) for target in asked for number in verdicts.orders[target].values()]
    return np.array([number == truth[target] for target, number in rows], dtype=float), [t for t, _ in rows]


def _is_consistent(by_order: Mapping[str, float | None]) -> bool:
    forward, swapped = by_order.get("forward"), by_order.get("swapped")
    return forward is not None and forward == swapped


def _first_slots(criterion: Criterion, verdicts: VerdictTable) -> tuple[np.ndarray, list[Target]]:
    first, second = criterion.scale.code("first"), criterion.scale.code("second")
    shown = {"forward": first, "swapped": second}
    rows = [
        (target, number == shown[order])
        for target, by_order in verdicts.orders.items()
        for order, number in by_order.items()
        if number in (first, second)
    ]
    return np.array([hit for _, hit in rows], dtype=float), [target for target, _ in rows]


def _share(
    criterion: Criterion, hits: np.ndarray, targets: Sequence[Target], dataset: Dataset, measuring: Measuring
) -> Estimate:
    """A share with its interval: agreement of the hits with a column of ones, on the two levels 0 and 1."""
    yes_no = criterion.model_copy(update={"scale": Scale(type="binary", levels=("miss", "hit"))})
    sample = sample_of(yes_no, _columns(hits, np.ones(len(hits))), unit_codes(targets, dataset.unit))
    return measuring.estimates(["accuracy"], sample)["accuracy"]


def _confusion(criterion: Criterion, judge: np.ndarray, human: np.ndarray, units: np.ndarray) -> Confusion | None:
    if not criterion.scale.levels or not len(judge):
        return None
    legal = np.isin(judge, criterion.scale.numbers()) & np.isin(human, criterion.scale.numbers())
    table = confusion(sample_of(criterion, _columns(judge[legal], human[legal]), units[legal]))
    return Confusion(
        criterion=criterion.id,
        between="judge~reference",
        levels=tuple(map(level_text, criterion.scale.levels)),
        counts=tuple(tuple(int(n) for n in row) for row in table),
    )


def _columns(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.column_stack([left, right]) if len(left) else np.zeros((0, 2))


def _rows(criterion: Criterion, between: str, estimates: Mapping[str, Estimate]) -> list[Row]:
    return [Row(criterion=criterion.id, metric=m, between=between, estimate=e) for m, e in estimates.items()]
