"""What was decided of a calibration, and why, in plain words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from judgekit.analysis.wording import figure
from judgekit.distill.calibration import KEEPS_ORDER, WORDS, Learnt
from judgekit.distill.evidence import Evidence, loss_of, losses
from judgekit.judging.calibration import is_ordered
from judgekit.records.report import Row
from judgekit.records.rubric import Criterion
from judgekit.stats.estimate import Estimate


def decision_words(criterion: Criterion, learnt: Learnt, evidence: Evidence) -> list[str]:
    """Say what was decided, and by what."""
    name = f"{learnt.chosen.method} ({WORDS[learnt.chosen.method]})"
    unit = "mean absolute error" if loss_of(criterion) == "absolute_error" else "Brier loss"
    after = float(losses(learnt.crossfitted, evidence).mean())
    if learnt.raw_losses is None:
        return [f"{criterion.id}: calibrated by {name}: the raw scores have no place on the scale."]
    moved = f"{unit} {float(learnt.raw_losses.mean()):.2f} raw, {after:.2f} calibrated on sessions left out"
    gained = f"gain {figure(learnt.gain)} over {evidence.n_units} units"
    if learnt.is_gain:
        return [f"{criterion.id}: calibrated by {name}: {moved}; {gained}."]
    return [f"{criterion.id}: the raw judge is kept: {moved}; {gained} is not more than noise."]


def ranking_words(criterion: Criterion, learnt: Learnt, rows: Sequence[Row]) -> list[str]:
    """Say what calibration does to the order of sessions, and whether there was one to begin with."""
    if not learnt.is_gain or not is_ordered(criterion.scale):
        return []
    metric = "auroc" if criterion.scale.type == "binary" else "spearman"
    own = {row.between: row.estimate for row in rows if row.metric == metric}
    raw, after = own.get("judge~reference"), own.get("calibrated~reference")
    said = []
    chance = 0.5 if metric == "auroc" else 0.0
    name = "AUROC" if metric == "auroc" else "Spearman"
    if learnt.chosen.method in KEEPS_ORDER:
        parameters = learnt.fitted.parameters
        slope = float(
            np.max(
                np.abs(np.array(parameters.get("slopes", parameters.get("slope", (1.0,))), dtype=np.float64)),
                initial=0.0,
            )
        )
        said.append(
            "The ranking of sessions is not changed by calibration: no two change places."
            if slope > 0
            else "Every session gets the experts' mean: the verdicts say nothing of their labels."
        )
    elif raw is not None and after is not None and raw.value is not None and after.value is not None:
        said.append(f"{name} {raw.value:.2f} raw, {after.value:.2f} calibrated on sessions left out.")
    if raw is not None and raw.low is not None and raw.low <= chance:
        said.append(
            f"The verdicts hardly rank sessions as the experts do ({name} {figure(raw)}): "
            "no calibration mends that, and no gain in ranking is claimed."
        )
    return said


def agreement_words(agreement: Estimate) -> list[str]:
    """Say how far the experts agree among themselves, or that nobody can know."""
    if agreement.value is None:
        return ["No session has two ratings, so how far any judge could agree is not known."]
    return [f"The experts agree with each other to Krippendorff alpha {figure(agreement)}."]
