"""`judgekit experiment run`: the whole of an experiment, resumable, and free when it is run again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from judgekit.cli.options import DryRun, EngineName, Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from judgekit.adapters.store.experiment import ExperimentFolder
    from judgekit.analysis.agreement import Measuring
    from judgekit.cli.console import Console
    from judgekit.cli.experiment_judging import Bench, Seat
    from judgekit.cli.running import RunHow
    from judgekit.records.any_report import AnyReport
    from judgekit.records.experiment import Experiment
    from judgekit.records.experiment_report import PlanEntry, VersionOrigin
    from judgekit.records.gate import GateReport
    from judgekit.workflows.experiment import JudgedOutcomes


def experiment_run(
    context: typer.Context,
    experiment: Annotated[str, typer.Argument(help="Experiment folder, or its name under experiments/.")],
    *,
    engine: EngineName = None,
    limits: Limits,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Make sessions and ask judges anew, whatever is stored.")
    ] = False,
    retry_failures: Annotated[
        bool, typer.Option("--retry-failures", help="Ask again where a judge has failures.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Do the whole of an experiment: make sessions, judge, measure, compare, gate, report.

    Interrupt or kill it: the same command continues. Run again, it costs nothing and says the same. The exit code is
    the gate's; without a gate it is 0.

    Example: judgekit experiment run helpdesk --max-cost 5
    """
    from judgekit.adapters.store.experiment import ExperimentFolder
    from judgekit.adapters.store.project import find_experiment
    from judgekit.cli.running import RunHow
    from judgekit.records.any_report import Reports

    console: Console = context.obj
    how = RunHow(engine, limits=limits, fresh=fresh, is_retrying_failures=retry_failures)
    folder = ExperimentFolder(find_experiment(experiment))
    if dry_run:
        from judgekit.cli.experiment_plan import plan_text, planned

        plan = planned(folder, how=how)
        console.emit(plan)
        console.show(plan_text(plan))
        return
    done = run_experiment(folder, how=how, console=console)
    console.emit(Reports(reports=done.reports))
    console.show(done.text())
    if done.n_failures and not retry_failures:
        console.say(f"{done.n_failures} sessions have no verdict; --retry-failures asks about them again")
    console.suggest(f"open {folder.page}")
    if done.exit_code:
        raise typer.Exit(done.exit_code)


@dataclass(frozen=True)
class Experimented:
    """What an experiment came to.

    Attributes:
        folder: Where it lies.
        experiment: What was declared.
        reports: The head first, then the gate's, then the others.
        exit_code: The gate's; 0 where none is declared.
        n_failures: Outcomes of judges without an answer.
    """

    folder: ExperimentFolder
    experiment: Experiment
    reports: tuple[AnyReport, ...]
    exit_code: int = 0
    n_failures: int = 0

    def text(self, notes: Sequence[str] = ()) -> str:
        """Return it in one screen: the answers, the gate's word, what else must be said, where the rest stands."""
        from judgekit.cli.experiment_text import experiment_text

        return experiment_text(self.reports, page=str(self.folder.page), notes=notes)


def run_experiment(folder: ExperimentFolder, *, how: RunHow, console: Console) -> Experimented:
    """Do the whole of an experiment, from where it stands; everything is kept in its folder.

    Raises:
        InputError: Something declared is not there, or a version's command failed.
        BudgetReached: The cap over all judges is met; what was done is kept.
        EngineUnavailable: Key, model, quota or connection; what was done is kept.
    """
    from judgekit.adapters.clock import SystemClock
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.cli.experiment_judging import Bench, seats_of
    from judgekit.cli.experiment_sessions import gathered
    from judgekit.workflows.experiment import require_plan, require_versions

    now = SystemClock().now().replace(microsecond=0)
    with folder.alone():
        experiment = folder.load()
        dataset = DatasetFolder(folder.dataset(experiment)).load()
        require_versions(dataset, experiment)
        seats = seats_of(folder, experiment, dataset, how=how)
        plans = folder.hold_plan(_entry(folder, experiment, seats, now=now))
        found = gathered(folder, experiment, dataset, fresh=how.fresh, console=console)
        require_plan(found.dataset, experiment)
        bench = Bench(folder, experiment, found.dataset, how, console)
        return _measured(bench, seats, plans=plans, versions=found.versions, now=now)


def _entry(folder: ExperimentFolder, experiment: Experiment, seats: Sequence[Seat], *, now: datetime) -> PlanEntry:
    """Return the plan as it stands; judges as they are calibrated, unless calibrating them is part of the plan.

    A panel is left out where calibrating its members would change it.
    """
    from judgekit.records.experiment_report import PlanEntry

    judges = {
        seat.name: seat.judge.raw_fingerprint if experiment.plan.calibrate else seat.judge.judge_fingerprint
        for seat in seats
        if not (seat.judge.kind == "panel" and experiment.plan.calibrate)
    }
    return PlanEntry(hash=experiment.plan_hash, inputs=folder.inputs_fingerprint(experiment), judges=judges, at=now)


def _measured(
    bench: Bench, seats: Sequence[Seat], *, plans: Sequence[PlanEntry], versions: Sequence[VersionOrigin], now: datetime
) -> Experimented:
    """Judge, certify, analyse, decide, and write the report."""
    from judgekit.cli.experiment_certifying import certify_all
    from judgekit.cli.experiment_judging import judge_all, judged_so_far
    from judgekit.workflows.experiment import analyse, before_looks, is_looking
    from judgekit.workflows.experiment_report import Course, experiment_report

    experiment, folder, how = bench.experiment, bench.folder, _how(bench.experiment)
    plan, decided = experiment.plan, None
    told = before_looks(experiment)
    if told is not None:
        bench.console.say(told)
    if told is not None or not is_looking(experiment):
        judged = judge_all(bench, seats)
        certificates = certify_all(bench, seats, judged, how(), now=now) if plan.certify else ()
    else:
        decided, certificates = _looked(bench, seats, now=now), ()
        judged = judged_so_far(bench, seats)
    bench.console.say("measure ...")
    settings = _settings(experiment)
    found = analyse(bench.dataset, experiment, judged, measuring=how, settings=settings)
    decided = decided or _decided(bench, seats, judged, now=now)
    course = Course(plans, versions, bench.used, certificates, (*bench.skipped, *found.skipped))
    head = experiment_report(experiment, bench.dataset, course, gate=decided, settings=settings)
    if decided is not None and is_looking(experiment):
        decided = decided.model_copy(update={"cost_usd": head.cost_usd})  # over all commands, so that it stays
    reports = (head, *((decided,) if decided is not None else ()), *found.reports, *bench.calibrations)
    _write(folder, reports, title=f"{experiment.name}: {experiment.question}".rstrip(": "))
    n_failures = sum(each.n_failures for each in bench.used)
    return Experimented(folder, experiment, reports, decided.exit_code if decided is not None else 0, n_failures)


def _decided(
    bench: Bench, seats: Sequence[Seat], judged: Sequence[JudgedOutcomes], *, now: datetime
) -> GateReport | None:
    """Return what the gate says; None where none is declared."""
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.cli.gate import decide
    from judgekit.workflows.experiment import is_looking

    experiment, folder = bench.experiment, bench.folder
    if experiment.gate is None:
        return None
    if is_looking(experiment):
        return _looked(bench, seats, now=now)
    return decide(folder, experiment, DatasetFolder(folder.dataset(experiment)), judged, bench.dataset)


def _looked(bench: Bench, seats: Sequence[Seat], *, now: datetime) -> GateReport:
    """Return what the gate says that judges as it goes; it is the one that has judges asked."""
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.cli.experiment_judging import make_way
    from judgekit.cli.gate_looks import gate_looking
    from judgekit.cli.standing import standings_of
    from judgekit.workflows.experiment_report import held_to_inputs

    experiment, folder = bench.experiment, bench.folder
    data_folder = DatasetFolder(folder.dataset(experiment))
    worth = standings_of(data_folder, data_folder.load(), [seat.path for seat in seats], now=now)
    for seat in seats:
        make_way(bench, seat)
    report = gate_looking(folder, experiment, bench.dataset, how=bench.how, console=bench.console, standings=worth)
    return held_to_inputs(report, experiment, bench.dataset, folder.input_names(experiment))


def _how(experiment: Experiment) -> Callable[[], Measuring]:
    from functools import partial

    from judgekit.cli.options import measuring

    plan = experiment.plan
    return partial(measuring, plan.seed, plan.level, plan.resamples)


def _settings(experiment: Experiment) -> dict[str, object]:
    from judgekit.cli.options import provenance

    plan = experiment.plan
    return {
        **provenance(plan.seed),
        "level": plan.level,
        "n_resamples": plan.resamples,
        "plan_hash": experiment.plan_hash,
    }


def _write(folder: ExperimentFolder, reports: Sequence[AnyReport], *, title: str) -> None:
    """Write the record and its page; the record comes last, since it says that all is done."""
    from judgekit.adapters.store.files import write_atomically
    from judgekit.cli.console import json_text
    from judgekit.records.any_report import Reports
    from judgekit.render.html import render_html

    write_atomically(folder.page, render_html(reports, title=title))
    write_atomically(folder.report, json_text(Reports(reports=tuple(reports))))
