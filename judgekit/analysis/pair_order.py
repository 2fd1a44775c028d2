"""Both orders of every pair: hits (failures are misses), whether position decided, and the first slot's share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.judged import Judged, columns, rows_between
from judgekit.analysis.rating import Target, sample_of, unit_codes
from judgekit.analysis.verdict_table import VerdictTable
from judgekit.records.dataset import Dataset
from judgekit.records.report import Row
from judgekit.records.rubric import Criterion, Scale
from judgekit.stats.estimate import Estimate


def pair_rows(judged: Judged, measuring: Measuring) -> list[Row]:
    """Return pairwise accuracy, consistency of position and first-slot rate; nothing on other scales."""
    dataset, criterion, verdicts, truth = judged.dataset, judged.criterion, judged.verdicts, judged.truth.values
    if criterion.scale.type != "preference":
        return []
    asked = [t for t in verdicts.orders if t in truth]
    hits, hit_units = _hits(verdicts, truth, asked)
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
        rows += rows_between(criterion, between, {metric: _share(criterion, share, targets, dataset, measuring)})
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
    sample = sample_of(yes_no, columns(hits, np.ones(len(hits))), unit_codes(targets, dataset.unit))
    return measuring.estimates(["accuracy"], sample)["accuracy"]
