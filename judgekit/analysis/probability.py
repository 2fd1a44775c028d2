"""A binary judge's probabilities against the experts: how well they rank, and how true they are."""

from __future__ import annotations

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.judged import Judged, columns, rows_between
from judgekit.analysis.rating import on_levels, sample_of
from judgekit.records.report import Row

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
