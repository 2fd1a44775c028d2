"""Which metrics are shown when nobody asks for others, read off the metric table: by role and kind of scale.

The first of each set is the headline. Spearman on two levels is Pearson again, so binary shows neither.
"""

from __future__ import annotations

from collections.abc import Sequence

from judgekit.errors import UnknownName
from judgekit.records.rubric import Criterion
from judgekit.stats.metric import METRICS
from judgekit.stats.metric_row import Role

AMONG_RATERS: Role = "raters"
AMONG_NAMELESS: Role = "nameless"
BETWEEN_TWO: Role = "pair"
JUDGE_AND_REFERENCE: Role = "judge"
BESIDE_CEILING: Role = "ceiling"
BASELINE: Role = "baseline"

OF_PAIRS = (
    "pairwise_accuracy", "pairwise_accuracy_strict", "position_consistency", "first_slot_rate", "pair_tie_rate",
)  # fmt: skip
"""Shares over both orders of every pair, or over pairs of rated sessions; beside the sets, for preferences alone."""
OF_REPEATS = ("best_of_accuracy", "sample_consistency", "sample_sd")
"""Over inputs with several candidates, and over verdicts of several samples; beside the sets, where any are."""
_BESIDE = (*OF_PAIRS, *OF_REPEATS)


def metric_set(role: Role, criterion: Criterion, asked: Sequence[str]) -> tuple[str, ...]:
    """Return the metrics asked for, or the usual ones of a role on the criterion's scale, headline first.

    Among many raters only those that take many; two sides take any. What is counted over pairs, inputs
    or samples is measured elsewhere.

    Raises:
        UnknownName: A metric asked for is not in the metric table.
    """
    known = {*METRICS, *_BESIDE}
    for name in asked:
        if name not in known:
            raise UnknownName("metric", name, known)
    if not asked:
        return default_set(role, criterion.scale.type)
    fit = [name for name in dict.fromkeys(asked) if name not in _BESIDE]
    takes_two = role not in {AMONG_RATERS, AMONG_NAMELESS}
    return tuple(name for name in fit if takes_two or METRICS[name].raters == "many")


def default_set(role: Role, scale: str) -> tuple[str, ...]:
    """Return the metrics that the table shows for a role on a type of scale, in their order.

    Example:
        >>> default_set("ceiling", "ordinal")
        ('cohen_kappa_quadratic', 'spearman', 'accuracy', 'mae')
    """
    places = {
        name: metric.shown[role][scale] for name, metric in METRICS.items() if scale in metric.shown.get(role, ())
    }
    return tuple(sorted(places, key=places.__getitem__))


def counts_levels(metric: str) -> bool:
    """Return whether a metric matches levels exactly, so that a number between two levels cannot enter it."""
    row = METRICS[metric]
    if row.judge != "rating":
        return False  # the judge's side is a score or a probability there
    return "nominal" in row.suits or row.needs != "values"


def is_for(metric: str, criterion: Criterion) -> bool:
    """Return whether a metric makes sense on a criterion: no order is made up for unordered levels."""
    unordered = criterion.scale.type in ("categorical", "preference")
    return not unordered or "nominal" in METRICS[metric].suits
