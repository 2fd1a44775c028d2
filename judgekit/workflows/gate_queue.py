"""Which sessions to label so that a gate is decided, of rules whose candidate nobody has labelled.

A gate of one look asks where its judge sees a change; one that looks as it goes takes every input alike, since it may
not have judged any. Where labels stand already, a second draw would have to know the chances of the first: nothing is
asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.label_queue import deciding_queue, even_queue
from judgekit.records.comparison_report import LabelFree
from judgekit.records.dataset import Dataset
from judgekit.records.experiment import Experiment
from judgekit.records.gate import GateReport, RuleOutcome
from judgekit.records.queue import QueuedSession
from judgekit.workflows.gate_ground import Ground, JudgedOutcomes
from judgekit.workflows.gate_whole import Whole, whole_of


def gate_queue(
    dataset: Dataset,
    judged: Sequence[JudgedOutcomes],
    experiment: Experiment,
    report: GateReport,
    *,
    measuring: Measuring,
) -> tuple[QueuedSession, ...]:
    """Return the sessions whose labels would decide rules that were not, each with its chance of being picked.

    Args:
        dataset: As for `gate`.
        judged: Likewise.
        experiment: Likewise.
        report: What `gate` said, or the gate that looks as it goes.
        measuring: Randomness of the draw.

    Raises:
        InputError: As in `gate`.
    """
    whole = whole_of(dataset, judged, experiment, measuring, ())
    undecided = [each for each in report.rules if each.word == "inconclusive" and each.of == "experts"]
    found: dict[str, tuple[QueuedSession, ...]] = {}
    for outcome in sorted(undecided, key=lambda each: (each.slice is not None, each.kind == "floor")):
        ground = whole.ground(outcome.criterion or "")
        if isinstance(ground, Ground) and not found.get(ground.criterion.id):
            found[ground.criterion.id] = _of_rule(whole, ground, outcome, report)
    return tuple(each for own in found.values() for each in own)


def _of_rule(whole: Whole, ground: Ground, outcome: RuleOutcome, report: GateReport) -> tuple[QueuedSession, ...]:
    """Return what would decide one rule; nothing where the candidate has labels that count, or nothing was judged."""
    contrast, rng, is_floor = ground.contrast, whole.measuring.fresh_rng(), outcome.kind == "floor"
    level, seed = whole.policy.level, whole.experiment.plan.seed
    if contrast.labelled.inputs or (is_floor and ground.evidence.labelled):
        return ()
    is_lower = contrast.criterion.direction == "lower"
    margin = 0.0 if is_floor else outcome.line if is_lower else -outcome.line
    free = _range_of(report, outcome)
    if whole.policy.sequential is not None:
        away = None if is_floor else margin
        return even_queue(contrast, level, rng, away=away, is_candidate_alone=is_floor, is_looking=True, seed=seed)
    if not contrast.judged.inputs and not is_floor:
        return ()
    if is_floor:
        value = free.range.value if free is not None else None
        away = None if value is None else value - outcome.line
        return even_queue(contrast, level, rng, away=away, is_candidate_alone=True, seed=seed)
    slope = free.slope.value if free and free.slope.value and free.range.low is not None else 1.0
    return deciding_queue(contrast, level, rng, margin=margin, slope=slope, seed=seed)


def _range_of(report: GateReport, outcome: RuleOutcome) -> LabelFree | None:
    metric = "mean" if outcome.kind == "floor" else "mean_difference"
    own = (each for each in report.label_free if (each.criterion, each.metric) == (outcome.criterion, metric))
    return next(own, None)
