"""What a judge must beat: one answer for all, and a local student that learnt from the same labels."""

from __future__ import annotations

import numpy as np

from judgekit.analysis.agreement import Measuring, measured
from judgekit.analysis.judged import Judged, columns, rows_between
from judgekit.analysis.metric_set import BASELINE, BESIDE_CEILING, metric_set
from judgekit.analysis.verdict_table import VerdictTable
from judgekit.records.report import Row


def constant_rows(judged: Judged, measuring: Measuring) -> list[Row]:
    """Return how the most frequent answer (of numbers, their median) does where the judge was measured."""
    criterion, asked = judged.criterion, measuring.metrics
    metrics = [metric for metric in metric_set(BASELINE, criterion, ()) if not asked or metric in asked]
    if not len(judged.targets):
        return []
    constant = np.full(len(judged.human), _constant(judged))
    what = (("majority", "reference"), metrics)
    found = measured(criterion, columns(constant, judged.human), judged.units, what, measuring)
    return rows_between(criterion, "majority~reference", found)


def _constant(judged: Judged) -> float:
    scale, human = judged.criterion.scale, judged.human
    if scale.measurement == "interval":
        return float(np.median(human))
    legal = human[np.isin(human, scale.numbers())]
    levels, counts = np.unique(legal if len(legal) else human, return_counts=True)
    return float(levels[counts.argmax()])


def rival_rows(
    judged: Judged, name: str, verdicts: VerdictTable, measuring: Measuring, *, barred: set[str]
) -> list[Row]:
    """Return how another judge does on the targets that this one was measured on.

    Args:
        judged: Where the judge was measured.
        name: The rival, such as a student.
        verdicts: The rival's numbers.
        measuring: Level, resamples, metrics.
        barred: Units whose labels made the rival: it is not measured on them.
    """
    if not len(judged.targets):
        return []
    is_own = np.array([judged.dataset.unit(target) in barred for target, _ in judged.targets], dtype=bool)
    given = np.array([verdicts.numbers.get(target, np.nan) for target in judged.targets])
    kept = ~is_own & ~np.isnan(given)
    dropped = {"in_lineage": int(is_own.sum()), "not_judged": int((~is_own & np.isnan(given)).sum())}
    metrics = metric_set(BESIDE_CEILING, judged.criterion, measuring.metrics)
    found = measured(
        judged.criterion,
        columns(given[kept], judged.human[kept]),
        judged.units[kept],
        ((name, "reference"), metrics),
        measuring,
        dropped={cause: n for cause, n in dropped.items() if n},
    )
    return rows_between(judged.criterion, f"{name}~reference", found)
