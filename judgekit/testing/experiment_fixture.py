"""What pytest's fixtures give: an experiment's comparison and gate, from the runs that it has. Nothing is judged here.

A run that is missing, unfinished or of a judge that has since been changed raises, so that no test passes on it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from judgekit.errors import IncompleteError, InputError, UntrustedJudge

if TYPE_CHECKING:
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.experiment import ExperimentFolder
    from judgekit.analysis.agreement import Measuring
    from judgekit.analysis.decision_bounds import Deciding
    from judgekit.records.certificate import Standing
    from judgekit.records.comparison_report import ComparisonReport
    from judgekit.records.dataset import Dataset
    from judgekit.records.experiment import Experiment
    from judgekit.records.gate import GateReport
    from judgekit.records.judge import Judge
    from judgekit.records.verdict import Failure, Verdict
    from judgekit.workflows.score import Scoring


@dataclass(frozen=True)
class Seat:
    """One judge of an experiment, with the run that it has.

    Attributes:
        path: Its folder.
        judge: As it is now, and was when it ran.
        outcomes: On the experiment's criteria.
        scoring: How it is named and read.
    """

    path: Path
    judge: Judge
    outcomes: list[Verdict | Failure]
    scoring: Scoring


@dataclass(frozen=True)
class Opened:
    """An experiment with all that it speaks of.

    Attributes:
        folder: Where it lies.
        experiment: What is declared.
        data_folder: Of its dataset.
        dataset: With the sessions of all versions.
        seats: Its judges, in its order.
    """

    folder: ExperimentFolder
    experiment: Experiment
    data_folder: DatasetFolder
    dataset: Dataset
    seats: tuple[Seat, ...]


def comparison_of(name: str, *, start: Path | None = None) -> ComparisonReport:
    """Return the comparison of an experiment's candidate with its baseline, as its plan says.

    Args:
        name: The experiment's folder, or its name under `experiments/` of the project.
        start: Where to look for the project, upward; None: the working folder.

    Raises:
        UnknownName: There is no such experiment.
        InputError: A judge has no run, or nothing can be compared.
        IncompleteError: A judge's run is not complete.
        UntrustedJudge: A judge was changed since its run.
    """
    from judgekit.analysis.label_free import Assumption
    from judgekit.workflows.compare import Comparing, comparable
    from judgekit.workflows.compare_several import compare_versions
    from judgekit.workflows.gate_ground import untouched_splits

    held = opened(name, start)
    plan, experiment, dataset = held.experiment.plan, held.experiment, held.dataset
    judged = []
    for seat in held.seats:
        if comparable(dataset, seat.outcomes):
            splits: Any = untouched_splits(dataset, seat.scoring)
            judged.append((seat.outcomes, replace(seat.scoring, splits=splits)))
    return compare_versions(
        dataset,
        judged,
        (experiment.baseline, experiment.candidate),
        measuring=_measuring(experiment),
        comparing=Comparing(
            slices=plan.slices,
            assumption=Assumption(plan.delta),
            deciding=_deciding(experiment),
        ),
    )


def _deciding(experiment: Experiment) -> Deciding:
    """Return how the comparison decides: as the experiment's gate does, where it has one."""
    from judgekit.analysis.decision_bounds import Deciding

    policy = experiment.gate
    return Deciding() if policy is None else Deciding(policy.level, policy.max_failure_rate)


def gate_of(name: str, *, start: Path | None = None) -> GateReport:
    """Return what an experiment's gate says of the runs that it has.

    Args:
        name: The experiment's folder, or its name under `experiments/` of the project.
        start: Where to look for the project, upward; None: the working folder.

    Raises:
        UnknownName: There is no such experiment.
        InputError: A judge has no run, or the experiment has no gate, or one that judges as it goes.
        IncompleteError: A judge's run is not complete.
        UntrustedJudge: A judge was changed since its run.
        TamperedLedger: The ledger that certificates rest on does not verify.
    """
    from judgekit.workflows.gate import gate

    held = opened(name, start)
    policy = held.experiment.gate
    if policy is not None and policy.sequential is not None:
        hint = f"Run judgekit gate {held.folder.path}: it may cost something"
        raise InputError("the gate judges as it goes, and a test does not", where=name, hint=hint)
    judged = [(seat.outcomes, seat.scoring) for seat in held.seats]
    how = _measuring(held.experiment)
    return gate(held.dataset, judged, held.experiment, measuring=how, standings=_standings(held))


def opened(name: str, start: Path | None = None) -> Opened:
    """Return an experiment with its dataset, the sessions of all versions, and its judges' runs."""
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.experiment import ExperimentFolder
    from judgekit.adapters.store.judge import load_judge
    from judgekit.adapters.store.project import find_experiment

    folder = ExperimentFolder(find_experiment(name, start))
    experiment = folder.load()
    data_folder = DatasetFolder(folder.dataset(experiment))
    dataset = _with_all_sessions(data_folder.load(), folder, experiment)
    judges = [(path, load_judge(path)) for path in folder.judges(experiment)]
    asked = set(experiment.criteria) or {criterion.id for criterion in dataset.rubric.criteria}
    seats = [
        _seat(folder, experiment, dataset, path, judge)
        for path, judge in judges
        if asked & {criterion.id for criterion in judge.criteria}
    ]
    return Opened(folder, experiment, data_folder, dataset, tuple(seats))


def _with_all_sessions(dataset: Dataset, folder: ExperimentFolder, experiment: Experiment) -> Dataset:
    from judgekit.workflows.experiment import with_sessions

    for version in experiment.sources:
        found = folder.sessions_so_far(experiment, version)
        if found is None:
            what = f"version {version!r} has no sessions yet"
            raise InputError(what, where=str(folder.path), hint=_run_it(folder))
        dataset = with_sessions(dataset, found)
    return dataset


def _seat(folder: ExperimentFolder, experiment: Experiment, dataset: Dataset, path: Path, judge: Judge) -> Seat:
    """Return a judge with its run, which must be whole and its own."""
    from judgekit.adapters.store.run import RunFolder
    from judgekit.workflows.score import Scoring

    place = folder.run(path.name)
    if not (place / "run.json").is_file():
        raise InputError(f"judge {path.name!r} has no run", where=str(place), hint=_run_it(folder))
    run_folder = RunFolder(place)
    run = run_folder.load()
    held = run.manifest
    if held.state != "complete":
        raise IncompleteError(f"the run is {held.state}, not complete", where=str(place), hint=_run_it(folder))
    if held.judge_fingerprint != judge.judge_fingerprint:
        raise UntrustedJudge(f"judge {held.judge!r} was changed since", where=str(place), hint=_run_it(folder))
    lacking = _lacking(dataset, experiment, {each.target for each in run.outcomes}, judge)
    if lacking:
        what = f"{len(lacking)} sessions of the versions compared are not in it, such as {lacking[0]!r}"
        raise IncompleteError(what, where=str(place), hint=_run_it(folder))
    scoring = Scoring(
        judge=held.judge,
        engine=held.engine,
        model=held.model,
        judge_fingerprint=held.judge_fingerprint,
        lineage=run_folder.lineage(),
        combine=held.combine,
        splits=("all",),
        reference=experiment.plan.reference,
        settings={"seed": experiment.plan.seed},
    )
    kept = [each for each in run.outcomes if not experiment.criteria or each.criterion in experiment.criteria]
    return Seat(path, judge, kept, scoring)


def _lacking(dataset: Dataset, experiment: Experiment, judged: set[str], judge: Judge) -> list[str]:
    compared = (experiment.baseline, experiment.candidate)
    wanted = [] if judge.target == "pair" else [each.id for each in dataset.sessions if each.version in compared]
    return [each for each in wanted if each not in judged]


def _standings(held: Opened) -> tuple[Standing, ...]:
    """Return what the judges' certificates are worth now, a criterion each."""
    from judgekit.adapters.clock import SystemClock
    from judgekit.adapters.store.certificate import CertificateFolder
    from judgekit.workflows.standing import standing

    entries, now = held.data_folder.ledger.entries().entries, SystemClock().now()
    dataset = held.data_folder.load()
    return tuple(
        standing(
            CertificateFolder(seat.path).find(dataset.name, criterion.id),
            dataset,
            entries,
            judge=seat.judge.name,
            judge_fingerprint=seat.judge.judge_fingerprint,
            criterion=criterion.id,
            now=now,
        )
        for seat in held.seats
        for criterion in seat.judge.criteria
    )


def _measuring(experiment: Experiment) -> Measuring:
    import numpy as np

    from judgekit.analysis.agreement import Measuring

    plan = experiment.plan
    return Measuring(np.random.default_rng(plan.seed), level=plan.level, n_resamples=plan.resamples)


def _run_it(folder: ExperimentFolder) -> str:
    return f"Run judgekit experiment run {folder.path}"
