"""`judgekit gate`: may the candidate ship? The answer is the exit code."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from judgekit.cli.options import EngineName, Fresh, Limits, Out, Replay
from judgekit.errors import FileProblem, InputError

if TYPE_CHECKING:
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.experiment import ExperimentFolder
    from judgekit.cli.console import Console
    from judgekit.cli.running import RunHow
    from judgekit.records.certificate import Standing
    from judgekit.records.dataset import Dataset
    from judgekit.records.experiment import Experiment
    from judgekit.records.gate import GateReport
    from judgekit.records.verdict import Failure, Verdict
    from judgekit.workflows.gate_ground import JudgedOutcomes
    from judgekit.workflows.score import Scoring


@dataclass(frozen=True)
class Outputs:
    """What else a gate writes, for platforms that check a change."""

    junit: Annotated[Path | None, typer.Option("--junit", help="Write a JUnit file here.")] = None
    summary: Annotated[Path | None, typer.Option("--summary", help="Write a job summary (Markdown) here.")] = None
    comment: Annotated[
        Path | None, typer.Option("--comment", help="Write a pull request's comment (Markdown) here.")
    ] = None
    annotations: Annotated[
        bool | None,
        typer.Option("--annotations/--no-annotations", help="Print workflow annotations; on in GitHub Actions."),
    ] = None


def gate(
    context: typer.Context,
    experiment: Annotated[str, typer.Argument(help="Experiment folder, or its name under experiments/.")],
    *,
    verdicts: Annotated[
        list[str] | None,
        typer.Option("--verdicts", help="Run or verdicts file, in place of the experiment's own runs (repeatable)."),
    ] = None,
    baseline: Annotated[str | None, typer.Option("--baseline", help="Another version to compare against.")] = None,
    candidate: Annotated[str | None, typer.Option("--candidate", help="Another version under test.")] = None,
    outputs: Outputs,
    queue: Annotated[
        Path | None, typer.Option("--queue", help="Write the sessions here whose labels would decide it.")
    ] = None,
    engine: EngineName = None,
    replay: Replay = None,
    limits: Limits,
    fresh: Fresh = False,
    out: Out = None,
) -> None:
    """Decide by an experiment's policy whether the candidate may ship.

    Exit codes: 0 passed, 1 failed, 2 something is missing, 3 too many failures, 4 not decided yet, 5 judge not trusted,
    6 budget reached. It reads runs that are there and calls no engine, except where [gate.sequential] has it judge as
    it goes: then --engine, --max-cost and the like count.

    Examples: judgekit gate helpdesk  |  judgekit gate helpdesk --junit gate.xml --queue to-label.jsonl
    """
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.experiment import ExperimentFolder
    from judgekit.adapters.store.project import find_experiment
    from judgekit.cli.running import RunHow

    folder = ExperimentFolder(find_experiment(experiment))
    declared = _with_versions(folder.load(), baseline, candidate)
    if declared.gate is None:
        hint = "Declare its rules there, such as [[gate.rules]]"
        raise InputError("the experiment has no [gate]", where=str(folder.path / "experiment.toml"), hint=hint)
    data_folder = DatasetFolder(folder.dataset(declared))
    console: Console = context.obj
    if declared.gate.sequential is None:
        report = _fixed(folder, declared, data_folder, verdicts or (), queue)
    elif verdicts:
        raise InputError(
            "--verdicts is for a gate that looks once", hint="This one judges as it goes: [gate.sequential]"
        )
    else:
        how = RunHow(engine, replay, limits, fresh=fresh)
        report = _looking(folder, declared, data_folder, (how, queue), console)
    _deliver(report, console, out)
    _write_outputs(report, console, outputs)
    _annotate(report, console, folder, outputs.annotations)
    if queue is not None and report.word == "inconclusive" and report.queue is None:
        console.say(
            f"no {queue}: a queue is for candidates without labels; where some stand, label more of the same draw"
        )
    if report.word == "inconclusive" and queue is None and _is_unlabelled(report):
        console.suggest("the same with --queue to-label.jsonl, which lists the sessions whose labels would decide")
    if report.exit_code:
        raise typer.Exit(report.exit_code)


def _is_unlabelled(report: GateReport) -> bool:
    """Whether a rule waits for labels of a candidate that has none that count."""
    waiting = [each for each in report.rules if each.word == "inconclusive" and each.of == "experts"]
    return any(each.estimator in (None, "label_free") for each in waiting)


def decide(
    folder: ExperimentFolder,
    experiment: Experiment,
    data_folder: DatasetFolder,
    judged: Sequence[JudgedOutcomes],
    dataset: Dataset,
) -> GateReport:
    """Return what the policy says of verdicts that are there, with what certificates are worth now.

    Args:
        folder: The experiment's.
        experiment: With a policy.
        data_folder: Of its dataset.
        judged: Each judge's outcomes.
        dataset: With the sessions of all versions.
    """
    from judgekit.cli.options import measuring, provenance
    from judgekit.workflows.experiment_report import held_to_inputs
    from judgekit.workflows.gate import gate as run

    plan = experiment.plan
    told = [(outcomes, replace(scoring, settings=provenance(plan.seed))) for outcomes, scoring in judged]
    standings = _standings(folder, experiment, data_folder, told)
    report = run(
        dataset, told, experiment, measuring=measuring(plan.seed, plan.level, plan.resamples), standings=standings
    )
    report = held_to_inputs(report, experiment, dataset, folder.input_names(experiment))
    return report.model_copy(update={"settings": {**report.settings, **provenance(plan.seed)}})


def _with_versions(experiment: Experiment, baseline: str | None, candidate: str | None) -> Experiment:
    named = {"baseline": baseline, "candidate": candidate}
    return experiment.model_copy(update={key: name for key, name in named.items() if name is not None})


def _fixed(
    folder: ExperimentFolder,
    experiment: Experiment,
    data_folder: DatasetFolder,
    verdicts: Sequence[str],
    queue: Path | None,
) -> GateReport:
    """Decide by what is there; the queue is written where it is wanted."""
    dataset = _all_sessions(folder, experiment, data_folder.load())
    judged = _given(verdicts, dataset) if verdicts else _own_runs(folder, experiment, dataset)
    report = decide(folder, experiment, data_folder, judged, dataset)
    return report if queue is None else _queued(report, experiment, judged, dataset, queue)


def _looking(
    folder: ExperimentFolder,
    experiment: Experiment,
    data_folder: DatasetFolder,
    asked: tuple[RunHow, Path | None],
    console: Console,
) -> GateReport:
    """Judge look by look, until it is decided; the queue is written where it is wanted."""
    from judgekit.adapters.clock import SystemClock
    from judgekit.cli.gate_looks import gate_looking
    from judgekit.cli.standing import standings_of
    from judgekit.workflows.experiment_report import held_to_inputs

    held = data_folder.load()
    dataset = _all_sessions(folder, experiment, held)
    judges = folder.judges(experiment)
    standings = standings_of(data_folder, held, judges, now=SystemClock().now())
    how, queue = asked
    report = gate_looking(folder, experiment, dataset, how=how, console=console, standings=standings)
    report = held_to_inputs(report, experiment, dataset, folder.input_names(experiment))
    if queue is None:
        return report
    runs = [str(folder.run(path.name)) for path in judges if (folder.run(path.name) / "run.json").is_file()]
    return _queued(report, experiment, _given(runs, dataset), dataset, queue)


def _all_sessions(folder: ExperimentFolder, experiment: Experiment, dataset: Dataset) -> Dataset:
    """Return the dataset with the sessions of the versions that come from elsewhere; no command is run.

    Raises:
        FileProblem: A command has not made the sessions of a version that is to be compared.
    """
    from judgekit.cli.experiment_sessions import gathered_so_far

    whole, lacking = gathered_so_far(folder, experiment, dataset)
    for version in (experiment.baseline, experiment.candidate):
        if version in lacking:
            what, hint = (
                f"there are no sessions of {version!r} yet",
                f"judgekit experiment run {_called(folder)} makes them",
            )
            raise FileProblem(what, where=str(folder.sessions(version)), hint=hint)
    return whole


def _called(folder: ExperimentFolder) -> str:
    """Return the experiment's folder as one would type it here."""
    here, path = Path.cwd().resolve(), folder.path.resolve()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _given(sources: Sequence[str], dataset: Dataset) -> list[JudgedOutcomes]:
    from judgekit.cli.score import load_outcomes

    return [load_outcomes(source, None, dataset.rubric) for source in sources]


def _own_runs(folder: ExperimentFolder, experiment: Experiment, dataset: Dataset) -> list[JudgedOutcomes]:
    """Return the experiment's runs of those judges that answer a criterion of a rule.

    Raises:
        FileProblem: There is none, or it is not complete, or sessions were added since.
    """
    from judgekit.adapters.store.judge import load_judge
    from judgekit.adapters.store.run import RunFolder
    from judgekit.cli.experiment_sessions import refuse_outdated
    from judgekit.cli.score import load_outcomes

    rules = experiment.gate.rules if experiment.gate else ()
    asked = {rule.criterion for rule in rules if rule.kind != "ceiling"}
    hint = f"judgekit experiment run {_called(folder)} makes it"
    found: list[JudgedOutcomes] = []
    for path in folder.judges(experiment):
        if not asked & {criterion.id for criterion in load_judge(path).criteria}:
            continue
        place = folder.run(path.name)
        if not (place / "run.json").is_file():
            raise FileProblem(f"there is no run of judge {path.name!r}", where=str(place), hint=hint)
        manifest = RunFolder(place).manifest()
        if manifest.state != "complete":
            raise FileProblem(f"the run of judge {path.name!r} is {manifest.state}", where=str(place), hint=hint)
        outcomes, scoring = load_outcomes(str(place), None)
        refuse_outdated(outcomes, dataset, place)
        _require_all(outcomes, experiment, dataset, place, is_of_pairs=load_judge(path).target == "pair")
        found.append((outcomes, scoring))
    return found


def _require_all(
    outcomes: Sequence[Verdict | Failure], experiment: Experiment, dataset: Dataset, place: Path, *, is_of_pairs: bool
) -> None:
    """Refuse a run that lacks sessions, or pairs, of the versions compared: they were made since.

    Raises:
        FileProblem: It does.
    """
    judged = {outcome.target for outcome in outcomes}
    compared, known = {experiment.baseline, experiment.candidate}, dataset.session_by_id
    wanted = [each.id for each in dataset.sessions if each.version in compared]
    if is_of_pairs:
        ends = [(each.id, {known[end].version for end in (each.first, each.second)}) for each in dataset.pairs]
        wanted = [name for name, versions in ends if versions == compared]
    lacking = [each for each in wanted if each not in judged]
    if lacking:
        what = "pairs" if is_of_pairs else "sessions"
        told = f"{len(lacking)} {what} of the versions compared are not in it, such as {lacking[0]!r}"
        hint = "Complete it with judgekit experiment run, or name runs with --verdicts"
        raise FileProblem(told, where=str(place), hint=hint)


def _standings(
    folder: ExperimentFolder, experiment: Experiment, data_folder: DatasetFolder, judged: Sequence[JudgedOutcomes]
) -> tuple[Standing, ...]:
    """Return what the certificates of the judges that spoke are worth: of those, not of what they became."""
    from judgekit.adapters.clock import SystemClock
    from judgekit.adapters.store.judge import load_judge
    from judgekit.cli.standing import standings_of, standings_of_verdicts

    now, dataset = SystemClock().now(), data_folder.load()
    folders = {judge.name: (path, judge) for path in folder.judges(experiment) if (judge := load_judge(path))}
    found: list[Standing] = []
    for outcomes, scoring in judged:
        spoke = _known_by(outcomes, scoring)
        if spoke.judge not in folders:
            criteria = dict.fromkeys(outcome.criterion for outcome in outcomes)
            found += standings_of_verdicts(data_folder, dataset, spoke, criteria, now=now)
            continue
        path, judge = folders[spoke.judge]
        held = standings_of(data_folder, dataset, [path], now=now)
        is_same = spoke.judge_fingerprint == judge.judge_fingerprint
        found += held if is_same else [_changed(each, spoke) for each in held]
    return tuple(found)


def _known_by(outcomes: Sequence[Verdict | Failure], scoring: Scoring) -> Scoring:
    """Return the judge with its fingerprint, which a file's verdicts may carry one by one; none where they differ."""
    told = {outcome.judge_fingerprint for outcome in outcomes}
    if scoring.judge_fingerprint is None:
        return replace(scoring, judge_fingerprint=told.pop() if len(told) == 1 else None)
    return scoring


def _changed(standing: Standing, scoring: Scoring) -> Standing:
    if standing.word == "absent":
        return standing
    was = (scoring.judge_fingerprint or "unknown")[:19]
    why = f"the verdicts were made by another judge ({was}) than its folder holds now; run it again"
    return standing.model_copy(update={"word": "changed", "why": why})


def _queued(
    report: GateReport, experiment: Experiment, judged: Sequence[JudgedOutcomes], dataset: Dataset, path: Path
) -> GateReport:
    from judgekit.adapters.store.files import write_jsonl
    from judgekit.cli.options import measuring
    from judgekit.workflows.gate_queue import gate_queue

    plan = experiment.plan
    how = measuring(plan.seed, plan.level, plan.resamples)
    found = gate_queue(dataset, judged, experiment, report, measuring=how)
    if not found:
        return report
    write_jsonl(path, found)
    return report.model_copy(update={"queue": str(path), "n_queued": len(found)})


def _deliver(report: GateReport, console: Console, out: Path | None) -> None:
    """Save and print the report; on a runner no text of it is taken for a command."""
    from judgekit.adapters.store.files import write_atomically
    from judgekit.cli.console import json_text
    from judgekit.render.text import render_text

    if out is not None:
        write_atomically(out, json_text(report))
        console.say(f"saved {out}")
    console.emit(report)
    text = render_text(report)
    if _is_on_runner():
        from judgekit.render.pull_request import without_commands

        text = without_commands(text)
    console.show(text)
    if report.queue is not None:
        console.say(f"saved {report.queue}: {report.n_queued} sessions to label")


def _write_outputs(report: GateReport, console: Console, outputs: Outputs) -> None:
    """Write what other tools read; in GitHub Actions the job summary without being asked."""
    from judgekit.adapters.store.files import write_atomically
    from judgekit.render.junit import junit_xml
    from judgekit.render.pull_request import comment, job_summary

    for path, text_of in ((outputs.junit, junit_xml), (outputs.comment, comment), (outputs.summary, job_summary)):
        if path is not None:
            write_atomically(path, text_of(report))
            console.say(f"saved {path}")
    step = os.environ.get("GITHUB_STEP_SUMMARY") if _is_on_runner() else None
    if step and outputs.summary is None:
        _append(Path(step), job_summary(report))


def _append(path: Path, text: str) -> None:
    """Add to the step's summary, which other steps of the job may have begun."""
    from judgekit.adapters.store.files import file_problem

    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text + "\n")
    except OSError as error:
        raise file_problem(error, path) from error


def _annotate(report: GateReport, console: Console, folder: ExperimentFolder, is_wanted: bool | None) -> None:
    """Print the annotations: with the results, or beside them where these are JSON."""
    if not (_is_on_runner() if is_wanted is None else is_wanted):
        return
    from judgekit.render.pull_request import annotations

    root = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd()).resolve()
    file = (folder.path / "experiment.toml").resolve()
    named = file.relative_to(root).as_posix() if file.is_relative_to(root) else None
    for line in annotations(report, file=named):
        (console.say if console.json else console.show)(line)


def _is_on_runner() -> bool:
    return os.environ.get("GITHUB_ACTIONS") == "true"
