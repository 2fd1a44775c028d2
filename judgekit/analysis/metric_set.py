"""Which metrics are shown when nobody asks for others, by kind of scale. Source: the field's usual sets.

The first of each list is the headline. Spearman on two levels is Pearson again, so binary shows neither.
"""

from __future__ import annotations

from collections.abc import Sequence

from judgekit.errors import UnknownName
from judgekit.records.rubric import Criterion, ScaleType
from judgekit.stats.metric import METRICS

AMONG_RATERS: dict[ScaleType, tuple[str, ...]] = {
    "binary": ("krippendorff_alpha_nominal", "percent_agreement"),
    "categorical": ("krippendorff_alpha_nominal", "percent_agreement"),
    "preference": ("krippendorff_alpha_nominal", "percent_agreement"),
    "ordinal": ("krippendorff_alpha_ordinal", "krippendorff_alpha_interval", "percent_agreement"),
    "numeric": ("krippendorff_alpha_interval",),
}
BETWEEN_TWO: dict[ScaleType, tuple[str, ...]] = {
    "binary": ("cohen_kappa", "percent_agreement"),
    "categorical": ("cohen_kappa", "percent_agreement"),
    "preference": ("cohen_kappa", "percent_agreement"),
    "ordinal": ("cohen_kappa_quadratic", "cohen_kappa", "within_one_agreement", "percent_agreement", "spearman"),
    "numeric": ("pearson", "spearman", "mae"),
}
JUDGE_AND_REFERENCE: dict[ScaleType, tuple[str, ...]] = {
    "binary": ("cohen_kappa", "tpr", "tnr", "accuracy", "f1", "mcc", "bias"),
    "categorical": ("cohen_kappa", "accuracy", "macro_f1", "mcc"),
    "preference": ("cohen_kappa", "accuracy", "macro_f1"),
    "ordinal": (
        "cohen_kappa_quadratic", "cohen_kappa_linear", "cohen_kappa", "spearman", "kendall_tau_b", "pearson",
        "accuracy", "within_one_agreement", "mae", "rmse", "bias",
    ),
    "numeric": ("mae", "pearson", "spearman", "kendall_tau_b", "rmse", "bias"),
}  # fmt: skip
BESIDE_CEILING: dict[ScaleType, tuple[str, ...]] = {
    "binary": ("cohen_kappa", "accuracy"),
    "categorical": ("cohen_kappa", "accuracy"),
    "preference": ("cohen_kappa", "accuracy"),
    "ordinal": ("cohen_kappa_quadratic", "spearman", "accuracy", "mae"),
    "numeric": ("mae", "pearson", "spearman"),
}
BASELINE: dict[ScaleType, tuple[str, ...]] = {
    "binary": ("accuracy",),
    "categorical": ("accuracy",),
    "preference": ("accuracy",),
    "ordinal": ("accuracy", "mae"),
    "numeric": ("mae",),
}


OF_PAIRS = ("pairwise_accuracy", "position_consistency", "first_slot_rate")
"""Shares over both orders of every pair; measured beside the sets above, on preference scales alone."""


def metric_set(table: dict[ScaleType, tuple[str, ...]], criterion: Criterion, asked: Sequence[str]) -> tuple[str, ...]:
    """Return the metrics asked for, or the table's own for the scale.

    Among many raters only those that take many; two sides take any. Shares over pairs are measured elsewhere.

    Raises:
        UnknownName: A metric asked for is not in the metric table.
    """
    known = {*METRICS, *OF_PAIRS}
    for name in asked:
        if name not in known:
            raise UnknownName("metric", name, known)
    if not asked:
        return table.get(criterion.scale.type, ())
    fit = [name for name in dict.fromkeys(asked) if name not in OF_PAIRS]
    return tuple(name for name in fit if table is not AMONG_RATERS or METRICS[name].raters == "many")


def counts_levels(metric: str) -> bool:
    """Return whether a metric matches levels exactly, so that a number between two levels cannot enter it."""
    row = METRICS[metric]
    return "nominal" in row.suits or row.needs != "values"


def is_for(metric: str, criterion: Criterion) -> bool:
    """Return whether a metric makes sense on a criterion: no order is made up for unordered levels."""
    unordered = criterion.scale.type in ("categorical", "preference")
    return not unordered or "nominal" in METRICS[metric].suits
