"""Whether the experts agree with each other enough for their labels to teach anything, or to certify it."""

from __future__ import annotations

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.caution import NEAR_ZERO
from judgekit.analysis.rating import rating_table
from judgekit.analysis.wording import figure
from judgekit.errors import InputError
from judgekit.records.dataset import Dataset
from judgekit.records.rubric import Criterion
from judgekit.stats.estimate import Estimate, undefined

ALPHA = {"nominal": "krippendorff_alpha_nominal", "ordinal": "krippendorff_alpha_ordinal"}
"""How far experts agree, by level of measurement; else the interval's."""


def refuse_disagreeing(dataset: Dataset, criterion: Criterion, targets: set[str], measuring: Measuring) -> None:
    """Refuse to certify by labels of experts who barely agree; where nobody rated twice, nothing can be said.

    Raises:
        InputError: They do.
    """
    require_agreement(criterion, expert_agreement(dataset, criterion, targets, measuring), "certified by")


def require_agreement(criterion: Criterion, agreement: Estimate, purpose: str) -> None:
    """Check that experts agree; `purpose` is what no judge can be by their labels.

    Raises:
        InputError: They barely do.
    """
    if agreement.value is not None and agreement.value < NEAR_ZERO:
        what = f"the experts barely agree with each other (Krippendorff alpha {figure(agreement)})"
        hint = f"No judge can be {purpose} labels that do not hold: mend the rubric, or adjudicate"
        raise InputError(what, where=f"criterion {criterion.id}", hint=hint)


def expert_agreement(dataset: Dataset, criterion: Criterion, allowed: set[str], measuring: Measuring) -> Estimate:
    """Return how far the experts agree beyond chance, on what may be learnt from."""
    table = rating_table(dataset, criterion, targets=allowed)
    metric = ALPHA.get(criterion.scale.measurement, "krippendorff_alpha_interval")
    n_twice = int(((~np.isnan(table.values)).sum(axis=1) > 1).sum())
    if not n_twice:
        return undefined("too_few", "no session has two ratings", n=len(table.targets), level=measuring.level)
    return measuring.estimates([metric], table.sample(list(table.values.T), table.raters, {}))[metric]
