"""When labels cannot carry a conclusion about a judge, whatever the numbers say: in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import get_args

import numpy as np

from judgekit.analysis.agreement_wording import not_random
from judgekit.analysis.judged import Judged
from judgekit.analysis.wording import figure
from judgekit.records.dataset import Dataset
from judgekit.records.report import Counts, Row
from judgekit.records.rubric import Criterion
from judgekit.records.verdict import FailureStatus
from judgekit.stats.metric import METRICS
from judgekit.stats.metric_words import metric_words

NEAR_ZERO = 0.2
"""Chance-corrected agreement of the experts below which their labels hardly tell right from wrong."""
MANY_FAILURES = 0.05
"""Share of targets without a verdict from which the words say what they could have changed."""


def cautions(
    dataset: Dataset, criteria: Iterable[Criterion], rows: Sequence[Row], targets: set[str]
) -> tuple[str, ...]:
    """Return what the labels cannot carry: a ceiling near zero, sessions not picked at random, a test split reopened.

    Args:
        dataset: Labels, with how their sessions were picked, and openings of splits.
        criteria: Those scored.
        rows: Of the report.
        targets: Sessions or pairs that were scored.
    """
    found: list[str] = []
    is_design_known = False
    for criterion in criteria:
        own = [row for row in rows if row.criterion == criterion.id and row.slice is None]
        found += _ceiling_near_zero(own)
        used = [
            label
            for label in dataset.labels_by_criterion[criterion.id]
            if label.kind == "human" and label.target in targets
        ]
        is_design_known |= any(label.design is not None for label in used)
        found += not_random(criterion, used)
    if not is_design_known:
        found.append("how the labelled sessions were picked is not recorded: the figures hold for them, not for others")
    return (*found, *_openings(dataset))


def bounds_of_failures(judged: Judged, counts: Counts) -> tuple[str, ...]:
    """Say what many failures could have changed: accuracy if all of them were right, and if all were wrong."""
    n_failed = sum(n for cause, n in counts.dropped.items() if cause in get_args(FailureStatus))
    n_all = n_failed + counts.n_used
    if not n_failed or n_failed < MANY_FAILURES * n_all:
        return ()
    words = (
        f"{counts.criterion}: {n_failed} of {n_all} targets with a reference have no verdict ({n_failed / n_all:.0%})"
    )
    if judged.criterion.scale.type == "numeric" or judged.verdicts.is_ranking:
        return (f"{words}, and nothing here speaks for them",)
    n_right = int(np.sum(judged.judge == judged.human))
    least, most = n_right / n_all, (n_right + n_failed) / n_all
    return (f"{words}: accuracy would be {least:.2f} were all of them wrong, {most:.2f} were all right",)


def _ceiling_near_zero(rows: Sequence[Row]) -> list[str]:
    head = next((row.metric for row in rows if row.between == "judge~reference"), None)
    metric = METRICS.get(head or "")
    ceiling = next((row for row in rows if row.between == "rater~others" and row.metric == head), None)
    if metric is None or metric.direction != "higher" or metric.low >= 0 or ceiling is None:
        return []
    estimate = ceiling.estimate
    if estimate.value is None or (estimate.value >= NEAR_ZERO and (estimate.low is None or estimate.low > 0)):
        return []
    name = metric_words(metric.name)
    return [
        f"{ceiling.criterion}: the experts hardly agree with each other ({name} {figure(estimate)}): "
        "these labels cannot show that a judge is right; look at the rubric first"
    ]


def _openings(dataset: Dataset) -> tuple[str, ...]:
    n_times = sum(opening.split == "test" for opening in dataset.openings)
    if not n_times:
        return ()
    times = "once" if n_times == 1 else f"{n_times} times"
    return (f"the test split was opened {times}: whatever was chosen after a look at it flatters the choice",)
