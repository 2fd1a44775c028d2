"""Judge against reference where the experts were of one mind, and where they were not.

A judge that agrees with a split panel's majority may only share its noise: machine labels look better where people
disagree (Elangovan et al. 2025), so both strata stand beside the whole.
"""

from __future__ import annotations

import numpy as np

from judgekit.analysis.agreement import Measuring, measured
from judgekit.analysis.judged import Judged, rows_between
from judgekit.analysis.metric_set import BESIDE_CEILING, metric_set
from judgekit.records.report import Row

UNANIMOUS, SPLIT = "raters=unanimous", "raters=split"


def stratum_rows(judged: Judged, measuring: Measuring) -> list[Row]:
    """Return judge~reference on targets rated twice or more: where all raters agree, and where they differ."""
    criterion, table = judged.criterion, judged.panel
    if table is None:
        return []
    n_ratings = (~np.isnan(table.values)).sum(axis=1)
    given = np.where(np.isnan(table.values), np.inf, table.values)
    least = given.min(axis=1, initial=np.inf)
    most = np.where(np.isinf(given), -np.inf, given).max(axis=1, initial=-np.inf)
    kind_of = {
        target: UNANIMOUS if low == high else SPLIT
        for target, n, low, high in zip(table.targets, n_ratings, least, most, strict=True)
        if n >= 2
    }
    metrics = metric_set(BESIDE_CEILING, criterion, measuring.metrics)
    rows: list[Row] = []
    for name in (UNANIMOUS, SPLIT):
        part = judged.only(np.array([kind_of.get(target) == name for target in judged.targets], dtype=bool))
        if len(part.targets):
            found = measured(criterion, part.columns, part.units, (("judge", "reference"), metrics), measuring)
            rows += rows_between(criterion, "judge~reference", found, part=name)
    return rows
