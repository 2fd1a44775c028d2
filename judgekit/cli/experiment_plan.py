"""`experiment run --dry-run`: what the judges would cost, without a key, a request, or a version's command."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import Field

from judgekit.records.record import Record
from judgekit.workflows.dry_run import RunPlan

if TYPE_CHECKING:
    from judgekit.adapters.store.experiment import ExperimentFolder
    from judgekit.cli.experiment_judging import Seat
    from judgekit.cli.running import RunHow
    from judgekit.records.dataset import Dataset
    from judgekit.records.experiment import Experiment

WIDTH = 80
ASKING = ("prompt", "panel")
"""Kinds of judge that ask a model."""


class ExperimentPlan(Record):
    """What an experiment would come to."""

    experiment: str
    judges: tuple[RunPlan, ...] = ()
    """Those that ask a model, over the sessions that are there and, by their average, those still to be made."""
    to_make: dict[str, int | None] = Field(default_factory=dict)
    """Version -> sessions that its command is still to make, one an input; None where no inputs are declared."""
    n_calls: int = 0
    cost_usd: float | None = None
    """None where a price, or how many sessions there will be, is not known."""
    minutes: float = 0.0
    notes: tuple[str, ...] = ()
    """What else is to be known before paying."""


def planned(folder: ExperimentFolder, *, how: RunHow) -> ExperimentPlan:
    """Return what the experiment would come to from where it stands; nothing is written and no command is started.

    Raises:
        InputError: Something declared is not there.
    """
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.cli.experiment_judging import seats_of
    from judgekit.cli.experiment_sessions import gathered_so_far
    from judgekit.workflows.experiment import require_versions

    experiment = folder.load()
    dataset = DatasetFolder(folder.dataset(experiment)).load()
    require_versions(dataset, experiment)
    whole, lacking = gathered_so_far(folder, experiment, dataset, fresh=how.fresh)
    to_make = dict.fromkeys(lacking, len(folder.input_names(experiment)) or None)
    n_new = sum(n for n in to_make.values() if n is not None)
    seats = seats_of(folder, experiment, dataset, how=how)
    wanted = [seat for seat in seats if seat.judge.kind in ASKING and _is_asked(seat, experiment)]
    plans = tuple(_with_new(seat, whole, n_new, how=how) for seat in wanted)
    costs = [plan.cost_usd for plan in plans]
    is_known = None not in costs and None not in to_make.values()
    return ExperimentPlan(
        experiment=experiment.name,
        judges=plans,
        to_make=to_make,
        n_calls=sum(plan.n_calls for plan in plans),
        cost_usd=sum(cost for cost in costs if cost is not None) if is_known else None,
        minutes=sum(plan.minutes for plan in plans),
        notes=looks_notes(experiment),
    )


def plan_text(plan: ExperimentPlan) -> str:
    """Return the plan in at most 80 columns."""
    from judgekit.cli import run_text
    from judgekit.cli.progress import duration

    lines = []
    for version, n in plan.to_make.items():
        many = "not known how many, since no inputs are declared" if n is None else f"{n} sessions, one an input"
        told = f"{version}: its command is still to make its sessions ({many}); what that costs is not in here."
        lines += textwrap.wrap(told, WIDTH)
    lines += [line for each in plan.judges for line in run_text.plan_text(each).splitlines()]
    cost = "not known" if plan.cost_usd is None else f"about ${plan.cost_usd:,.4f}"
    told = f"{plan.experiment}: {plan.n_calls:,} calls in all, {cost}, about {duration(plan.minutes * 60)}."
    notes = [line for note in plan.notes for line in textwrap.wrap(f"{note}.", WIDTH)]
    return "\n".join([*lines, *textwrap.wrap(told, WIDTH), *notes])


def looks_notes(experiment: Experiment) -> tuple[str, ...]:
    """Say what a gate that judges as it goes makes of these figures."""
    from judgekit.workflows.experiment import before_looks, is_looking

    if not is_looking(experiment):
        return ()
    most = "[gate.sequential] stops at a decision: this is the most that it may take"
    return (before_looks(experiment) or most,)


def _is_asked(seat: Seat, experiment: Experiment) -> bool:
    return not experiment.criteria or bool({each.id for each in seat.judge.criteria} & set(experiment.criteria))


def _with_new(seat: Seat, dataset: Dataset, n_new: int, *, how: RunHow) -> RunPlan:
    """Return a judge's plan; sessions still to be made are taken to be like those that are there."""
    from judgekit.cli import running

    plan = running.planned(seat.judge, seat.path, dataset, how=how)
    if not n_new or seat.judge.target == "pair" or not plan.n_targets:
        return plan
    anew = running.planned(seat.judge, seat.path, dataset, how=replace(how, fresh=True))
    share = n_new / plan.n_targets
    counted = {
        name: getattr(plan, name) + round(getattr(anew, name) * share)
        for name in ("n_targets", "n_outcomes", "n_calls", "n_replies", "prompt_tokens", "completion_tokens")
    }
    costs = (plan.cost_usd, anew.cost_usd)
    cost_usd = None if costs[0] is None or costs[1] is None else costs[0] + costs[1] * share
    notes = (*plan.notes, f"{n_new} sessions still to be made are taken to be as long as those that are there.")
    minutes = plan.minutes + anew.minutes * share
    return plan.model_copy(update={**counted, "cost_usd": cost_usd, "minutes": minutes, "notes": notes})
