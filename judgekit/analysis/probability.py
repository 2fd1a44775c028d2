"""A binary judge's probabilities, or scores, against the experts: how well they rank, and how true they are."""

from __future__ import annotations

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.judged import Judged, columns, rows_between
from judgekit.analysis.rating import on_levels, sample_of, unit_codes
from judgekit.records.report import Row

OF_PROBABILITIES = ("auroc", "brier", "ece")
"""Measured on the probability of the positive level where verdicts carry one; else, when asked for, on the level."""


def probability_rows(judged: Judged, measuring: Measuring) -> list[Row]:
    """Return AUROC, Brier and ECE of the judge's probabilities; of other scores the AUROC; nothing for levels alone."""
    asked = measuring.metrics
    metrics = [metric for metric in OF_PROBABILITIES if not asked or metric in asked]
    given = judged.verdicts.probabilities
    if judged.verdicts.is_ranking and "auroc" in metrics:
        return _ranking_rows(judged, measuring)
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


def _ranking_rows(judged: Judged, measuring: Measuring) -> list[Row]:
    """Return the AUROC of scores that are no probabilities, such as 1 to 10; only their order counts."""
    ranks, truth = judged.verdicts.ranks, judged.truth.values
    targets = [target for target in truth if target in ranks]
    human = np.array([truth[target] for target in targets], dtype=np.float64)
    order = np.unique([judged.direction() * ranks[target] for target in targets], return_inverse=True)[1]
    score = order / max(1, order.max(initial=0))  # between the levels, where ratings must be
    legal = on_levels(judged.criterion, human)
    units = unit_codes(targets, judged.dataset.unit)[legal]
    dropped = {} if legal.all() else {"between_levels": int((~legal).sum())}
    sample = sample_of(judged.criterion, columns(score, human)[legal], units, dropped=dropped)
    return rows_between(judged.criterion, "judge~reference", measuring.estimates(["auroc"], sample))
