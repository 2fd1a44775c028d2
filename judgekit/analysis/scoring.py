"""A judge against the experts on one criterion: the headline rows, and what stands beside them.

The human ceiling is next door in `ceiling`, as are slices, strata, biases, limits of agreement and the alternative
annotator test, each in its own file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from judgekit.analysis.agreement import Measuring, measured
from judgekit.analysis.baseline import constant_rows
from judgekit.analysis.best_of import best_of_rows
from judgekit.analysis.ceiling import beside_raters
from judgekit.analysis.judged import Judged, rows_between
from judgekit.analysis.metric_set import JUDGE_AND_REFERENCE, metric_set
from judgekit.analysis.pair_order import pair_rows
from judgekit.analysis.probability import OF_PROBABILITIES, probability_rows
from judgekit.analysis.rating import Target, sample_of
from judgekit.analysis.reference import Reference, reference
from judgekit.analysis.strata import stratum_rows
from judgekit.analysis.verdict_table import VerdictTable
from judgekit.records.dataset import Dataset
from judgekit.records.report import Counts, Row
from judgekit.records.rubric import Criterion, level_text
from judgekit.records.score_report import Confusion
from judgekit.stats.classification import confusion


@dataclass(frozen=True)
class Scored:
    """All that is measured of one judge on one criterion.

    Attributes:
        rows: Headline first.
        counts: Where the targets went.
        reference: What the judge was held against.
        confusion: Judge by reference, where the scale has levels.
        judged: The rows that all of it stands on.
    """

    rows: tuple[Row, ...]
    counts: Counts
    reference: Reference
    confusion: Confusion | None
    judged: Judged


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
    judged = Judged.of(dataset, criterion, verdicts, truth, targets)
    looked_at = {*verdicts.targets, *truth.values, *truth.missing}
    dropped = _dropped(looked_at, verdicts, truth)
    rows = _headline(judged, measuring, dropped)
    rows += probability_rows(judged, measuring)
    rows += pair_rows(judged, measuring)
    rows += best_of_rows(judged, measuring)
    rows += beside_raters(judged, measuring)
    rows += constant_rows(judged, measuring)
    rows += stratum_rows(judged, measuring)
    counts = Counts(
        criterion=criterion.id,
        n_targets=len(looked_at),
        n_used=len(looked_at) - sum(dropped.values()),
        dropped=dropped,
        failures=verdicts.failures_by_status,
    )
    return Scored(tuple(rows), counts, truth, _confusion(judged), judged)


def _headline(judged: Judged, measuring: Measuring, dropped: Mapping[str, int]) -> list[Row]:
    metrics = metric_set(JUDGE_AND_REFERENCE, judged.criterion, measuring.metrics)
    if judged.verdicts.is_ranking and not measuring.metrics:
        return []  # there is no agreement with levels to speak of
    if judged.verdicts.probabilities or judged.verdicts.is_ranking:  # measured on those instead
        metrics = tuple(metric for metric in metrics if metric not in OF_PROBABILITIES)
    what = (("judge", "reference"), metrics)
    found = measured(judged.criterion, judged.columns, judged.units, what, measuring, dropped=dict(dropped))
    return rows_between(judged.criterion, "judge~reference", found)


def _dropped(looked_at: set[Target], verdicts: VerdictTable, truth: Reference) -> dict[str, int]:
    """Return why targets did not enter, each by one cause: what lacks a reference first, then what lacks a verdict."""
    dropped: Counter[str] = Counter()
    entered = verdicts.ranks if verdicts.is_ranking else verdicts.numbers
    for target in looked_at:
        if target not in truth.values:
            dropped[truth.missing.get(target, "no_reference")] += 1
        elif target not in entered:
            dropped[verdicts.missing.get(target, "not_judged")] += 1
    return dict(sorted(dropped.items()))


def _confusion(judged: Judged) -> Confusion | None:
    scale = judged.criterion.scale
    if not scale.levels or not len(judged.targets):
        return None
    kept = judged.only(np.isin(judged.judge, scale.numbers()) & np.isin(judged.human, scale.numbers()))
    table = confusion(sample_of(judged.criterion, kept.columns, kept.units))
    return Confusion(
        criterion=judged.criterion.id,
        between="judge~reference",
        levels=tuple(map(level_text, scale.levels)),
        counts=tuple(tuple(int(n) for n in row) for row in table),
    )
