"""Both orders of every pair: hits (failures are misses), whether position decided, and the first slot's share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.judged import Judged, rows_between
from judgekit.analysis.rating import Target, unit_codes
from judgekit.analysis.verdict_table import VerdictTable
from judgekit.records.report import Row
from judgekit.records.rubric import Criterion

Share = tuple[np.ndarray, list[Target]]
"""Hits (1) and misses (0), shape (n,), and the target of each."""


def pair_rows(judged: Judged, measuring: Measuring) -> list[Row]:
    """Return pairwise accuracy and its strict form, consistency of position and first-slot rate; nothing elsewhere.

    Strictly right is a pair whose two orders are both right. Preferences made of ratings of single sessions have no
    order: each pair counts as if shown both ways round, so that equal ratings are right once; strictly they are wrong,
    and their share stands in place of the rows on position.
    """
    criterion, verdicts, truth = judged.criterion, judged.verdicts, judged.truth.values
    if criterion.scale.type != "preference":
        return []
    asked = [t for t in verdicts.orders if t in truth]
    named = {"pairwise_accuracy": _hits(criterion, verdicts, truth, asked)} | _strict_hits(verdicts, truth, asked)
    if verdicts.is_of_ratings:
        named["pair_tie_rate"] = _ties(criterion, verdicts)
    else:
        both = [t for t in verdicts.orders if len(verdicts.orders[t]) == 2]
        same = np.array([_is_consistent(verdicts.orders[t]) for t in both], dtype=float)
        named |= {"position_consistency": (same, both), "first_slot_rate": _first_slots(criterion, verdicts)}
    rows: list[Row] = []
    for metric, (share, targets) in named.items():
        if measuring.metrics and metric not in measuring.metrics:
            continue
        between = "judge~reference" if metric.startswith("pairwise_accuracy") else "judge"
        estimate = measuring.share(share, unit_codes(targets, judged.dataset.unit))
        rows += rows_between(criterion, between, {metric: estimate})
    return rows


def _hits(
    criterion: Criterion, verdicts: VerdictTable, truth: Mapping[Target, float], asked: Sequence[Target]
) -> Share:
    rows = [(target, number) for target in asked for number in verdicts.orders[target].values()]
    if verdicts.is_of_ratings:
        tie, first, second = (criterion.scale.code(level) for level in ("tie", "first", "second"))
        halves = {target: (first, second) for target, number in rows if number == tie != truth[target]}
        rows = [(target, shown) for target, number in rows for shown in halves.get(target, (number, number))]
    return np.array([number == truth[target] for target, number in rows], dtype=float), [t for t, _ in rows]


def _strict_hits(verdicts: VerdictTable, truth: Mapping[Target, float], asked: Sequence[Target]) -> dict[str, Share]:
    """Return the hits of pairs shown in both orders, or rated; nothing where there are none."""
    whole = [t for t in asked if verdicts.is_of_ratings or len(verdicts.orders[t]) == 2]
    hits = [all(number == truth[t] for number in verdicts.orders[t].values()) for t in whole]
    return {"pairwise_accuracy_strict": (np.array(hits, dtype=float), whole)} if whole else {}


def _ties(criterion: Criterion, verdicts: VerdictTable) -> Share:
    tie = criterion.scale.code("tie")
    said = [target for target in verdicts.orders if target in verdicts.numbers]
    return np.array([verdicts.numbers[target] == tie for target in said], dtype=float), said


def _is_consistent(by_order: Mapping[str, float | None]) -> bool:
    forward, swapped = by_order.get("forward"), by_order.get("swapped")
    return forward is not None and forward == swapped


def _first_slots(criterion: Criterion, verdicts: VerdictTable) -> Share:
    first, second = criterion.scale.code("first"), criterion.scale.code("second")
    shown = {"forward": first, "swapped": second}
    rows = [
        (target, number == shown[order])
        for target, by_order in verdicts.orders.items()
        for order, number in by_order.items()
        if number in (first, second)
    ]
    return np.array([hit for _, hit in rows], dtype=float), [target for target, _ in rows]
