"""`judgekit plan`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from judgekit.cli.options import DEFAULT_LEVEL, DEFAULT_SEED, Criteria, Level, Out, Seed
from judgekit.cli.plan_options import PlanAsked
from judgekit.errors import InputError, UnknownName

if TYPE_CHECKING:
    from judgekit.records.experiment import Experiment
    from judgekit.workflows.plan_question import Source


def plan(
    context: typer.Context,
    source: Annotated[
        str | None, typer.Argument(help="Dataset whose labels say what to expect, or an experiment with a gate.")
    ] = None,
    *,
    asked: PlanAsked,
    criterion: Criteria = None,
    seed: Seed = DEFAULT_SEED,
    level: Level = DEFAULT_LEVEL,
    out: Out = None,
) -> None:
    """Plan before paying: labels, inputs, hours and dollars that a question takes; or what a gate will say.

    Examples: judgekit plan helpdesk --drop 0.05 --verdicts runs/resolution  |  judgekit plan --half-width 0.05
    """
    import numpy as np

    from judgekit.cli.options import deliver, provenance
    from judgekit.workflows.plan import plan as run
    from judgekit.workflows.plan_gate import plan_gate

    guess, question, prices = asked.guess(), asked.question(level), asked.prices()
    if (asked.verdicts or asked.judge or criterion) and source is None:
        raise InputError("--verdicts, --judge and -c need a dataset", hint="judgekit plan DATASET --verdicts RUN")
    rng, settings = np.random.default_rng(seed), provenance(seed)
    found = (None, None) if source is None else _read(source, asked.verdicts, asked.judge, tuple(criterion or ()))
    experiment, pilot = found
    if experiment is not None and pilot is not None and (experiment.gate is not None or question.is_empty):
        report = plan_gate(experiment, question, guess, prices, rng, source=pilot, settings=settings)
    else:
        report = run(question, guess, prices, rng, source=pilot, settings=settings)
    deliver(report, context.obj, out)
    if source is None:
        context.obj.suggest("judgekit plan DATASET with the same question: its labels say what is assumed here")


def _read(
    name: str, verdicts: str | None, judge: str | None, criteria: tuple[str, ...]
) -> tuple[Experiment | None, Source]:
    """Return what a plan is made from: a dataset, or an experiment with its own.

    Raises:
        InputError: A dataset and an experiment have this name, or criteria are chosen of a gate.
        UnknownName: There is neither.
    """
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.experiment import ExperimentFolder
    from judgekit.adapters.store.project import find_dataset, find_experiment
    from judgekit.cli.experiment_sessions import gathered_so_far, refuse_outdated
    from judgekit.cli.score import load_outcomes
    from judgekit.workflows.plan_question import Source
    from judgekit.workflows.score import Scoring

    is_dataset, is_experiment = _has(name, "datasets", "dataset.toml"), _has(name, "experiments", "experiment.toml")
    if is_dataset and is_experiment:
        raise InputError(f"a dataset and an experiment are called {name!r}", hint=f"Give experiments/{name}, say")
    if not is_experiment:
        _refuse_unknown(name)
        data = DatasetFolder(find_dataset(name)).load()
        outcomes, scoring = load_outcomes(verdicts, judge, data.rubric) if verdicts else ([], Scoring(judge=""))
        return None, Source(data, outcomes, scoring, criteria)
    folder = ExperimentFolder(find_experiment(name))
    experiment = folder.load()
    if criteria and experiment.gate is not None:
        raise InputError("-c does not choose among the rules of a gate", where=name, hint="Plan on its dataset instead")
    data, _ = gathered_so_far(folder, experiment, DatasetFolder(folder.dataset(experiment)).load())
    made = [str(run) for each in folder.judges(experiment) if (run := folder.run(each.name)).is_dir()]
    found = verdicts or next(iter(made), None)
    outcomes, scoring = load_outcomes(found, judge, data.rubric) if found else ([], Scoring(judge=""))
    if found and not verdicts:
        refuse_outdated(outcomes, data, Path(found))
    versions = (experiment.baseline, experiment.candidate)
    return experiment, Source(data, outcomes, scoring, criteria or experiment.criteria, versions)


def _refuse_unknown(name: str) -> None:
    """Refuse a plain name that is neither a dataset's nor an experiment's.

    Raises:
        UnknownName: It is neither; those of both kinds are listed.
    """
    from judgekit.adapters.store.project import find_dataset, find_experiment, project_root

    known: list[str] = []
    for find in (find_dataset, find_experiment):
        try:
            find(name)
        except UnknownName as error:
            known += error.known
        else:
            return
    raise UnknownName("dataset or experiment", name, known, where=str(project_root()))


def _has(name: str, shelf: str, marker: str) -> bool:
    from judgekit.adapters.store.project import project_root

    return any((folder / marker).is_file() for folder in (Path(name), project_root() / shelf / name))
