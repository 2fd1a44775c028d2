"""A binary judge's probabilities against the experts: how well they rank, and how far they can be taken at their word."""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.judged import Judged, columns, rows_between
from judgekit.analysis.rating import Target, on_levels, sample_of
from judgekit.records.report import Row
from judgekit.records.rubric import Criterion
from judgekit.records.verdict import Verdict

OF_PROBABILITIES = ("auroc", "brier", "ece")
"""Measured on the probability of the positive level where verdicts carry one; else, when asked for, on the level."""


def probability_rows(judged: Judged, measuring: Measuring) -> list[Row]:
    """Return AUROC, Brier and ECE of the judge's probabilities; nothing where no verdict carries one."""
    asked = measuring.metrics
    metrics = [metric for metric in OF_PROBABILITIES if not asked or metric in asked]
    given = judged.verdicts.probabilities
    if not metrics or not given:
        return []
    has_one = np.array([target in given for target in judged.targets], dtype=bool)
    kept = judged.only(has_one & on_levels(judged.criterion, judged.human))
    left_out = {"no_probability": int((~has_one).sum()), "between_levels": int(has_one.sum()) - len(kept.targets)}
    probabilities = np.array([given[target] for target in kept.targets], dtype=np.float64)
    sample = sample_of(
        judged.criterion,
        columns(probabilities, kept.human),
        kept.units,
        dropped={cause: n for cause, n in left_out.items() if n},
    )
    return rows_between(judged.criterion, "judge~reference", measuring.estimates(metrics, sample))


def probability_of_positive(criterion: Criterion, verdicts: Iterable[Verdict]) -> float | None:
    """Return the mean probability that verdicts on one target give the positive level; None where none gives any.

    A binary score is an expected place on the scale, which is the upper level's probability.
    """
    positive = criterion.scale.positive_level
    if positive is None:
        return None
    given = [_probability(criterion, verdict) for verdict in verdicts if verdict.status == "ok"]
    known = sorted(number for number in given if number is not None)
    return float(np.mean(known)) if known else None


def _probability(criterion: Criterion, verdict: Verdict) -> float | None:
    scale = criterion.scale
    if verdict.distribution:
        key = json.dumps(scale.positive_level, ensure_ascii=False)
        total = sum(verdict.distribution.values())
        return min(1.0, verdict.distribution.get(key, 0.0) / total) if total > 0 else None
    if verdict.score is None or not 0 <= verdict.score <= 1:
        return None
    return verdict.score if scale.code(scale.positive_level or scale.levels[-1]) == 1 else 1 - verdict.score


Probabilities = dict[Target, float]
"""Target -> probability of the positive level."""
