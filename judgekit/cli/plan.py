"""`judgekit plan`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from judgekit.cli.options import DEFAULT_SEED, Criteria, Level, Out, Seed
from judgekit.errors import InputError

if TYPE_CHECKING:
    from judgekit.records.experiment import Experiment
    from judgekit.workflows.plan_question import Source


def plan(
    context: typer.Context,
    source: Annotated[
        str | None, typer.Argument(help="Dataset whose labels say what to expect, or an experiment with a gate.")
    ] = None,
    drop: Annotated[float | None, typer.Option("--drop", help="Loss of quality that must be seen.")] = None,
    half_width: Annotated[
        float | None, typer.Option("--half-width", help="Quality to plus or minus this; or --kappa, --correlation.")
    ] = None,
    labels: Annotated[int | None, typer.Option("--labels", help="Sessions to label: what can they show?")] = None,
    gain: Annotated[
        float | None, typer.Option("--gain", help="Of a gate: how much better where it must be better.")
    ] = None,
    power: Annotated[float, typer.Option("--power", help="Chance of seeing what is there.")] = 0.8,
    rate: Annotated[float | None, typer.Option("--rate", help="Share of passes expected.")] = None,
    discordant: Annotated[
        float | None, typer.Option("--discordant", help="Share of inputs whose labels the versions change.")
    ] = None,
    spread: Annotated[
        float | None, typer.Option("--spread", help="Graded: standard deviation of an input's difference.")
    ] = None,
    judge_correlation: Annotated[
        float | None, typer.Option("--judge-correlation", help="Of judge and experts over sessions.")
    ] = None,
    judge_tpr: Annotated[float | None, typer.Option("--judge-tpr", help="With --judge-tnr: the judge's rates.")] = None,
    judge_tnr: Annotated[float | None, typer.Option("--judge-tnr", help="With --judge-tpr.")] = None,
    verdicts: Annotated[
        str | None, typer.Option("--verdicts", help="Run or verdicts file: how good the judge is, by the labels.")
    ] = None,
    judge: Annotated[str | None, typer.Option("--judge", help="Which judge, where a file holds several.")] = None,
    inputs: Annotated[int | None, typer.Option("--inputs", min=1, help="Inputs that can be judged.")] = None,
    group_size: Annotated[int | None, typer.Option("--group-size", min=1, help="Inputs of one user or task.")] = None,
    icc: Annotated[float | None, typer.Option("--icc", help="How alike these are, 0 to 1.")] = None,
    tpr_half_width: Annotated[
        float | None, typer.Option("--tpr-half-width", help="TPR and TNR to plus or minus this.")
    ] = None,
    fail_share: Annotated[float | None, typer.Option("--fail-share", help="With it: share that fails.")] = None,
    tpr: Annotated[float | None, typer.Option("--tpr", help="With it: the TPR and TNR expected.")] = None,
    kappa: Annotated[float | None, typer.Option("--kappa", help="Agreement expected.")] = None,
    kappa_floor: Annotated[
        float | None, typer.Option("--kappa-floor", help="What that is to be shown to lie above.")
    ] = None,
    correlation: Annotated[
        float | None, typer.Option("--correlation", help="With --half-width: correlation expected.")
    ] = None,
    at_most: Annotated[
        float | None, typer.Option("--at-most", help="Failure rate that trials without any are to show.")
    ] = None,
    raters: Annotated[int, typer.Option("--raters", min=1, max=2, help="2: is a second rater worth it?")] = 1,
    overlap: Annotated[
        float | None, typer.Option("--overlap", help="With --raters 2: share of sessions both see.")
    ] = None,
    reliability: Annotated[float | None, typer.Option("--alpha", help="Agreement of two raters.")] = None,
    seconds: Annotated[
        float | None, typer.Option("--seconds-per-label", help="What a label takes; else as labels say, or 90.")
    ] = None,
    usd_per_hour: Annotated[float | None, typer.Option("--usd-per-hour", help="An expert's hour.")] = None,
    usd_per_call: Annotated[float | None, typer.Option("--usd-per-call", help="A verdict of the judge.")] = None,
    criterion: Criteria = None,
    seed: Seed = DEFAULT_SEED,
    level: Level = 0.95,
    out: Out = None,
) -> None:
    """Plan before paying: labels, inputs, hours and dollars that a question takes; or what a gate will say.

    Examples: judgekit plan helpdesk --drop 0.05 --verdicts runs/resolution  |  judgekit plan --half-width 0.05
    """
    import numpy as np

    from judgekit.analysis.supposition import Guess
    from judgekit.cli.options import deliver, provenance
    from judgekit.workflows.plan import plan as run
    from judgekit.workflows.plan_gate import plan_gate
    from judgekit.workflows.plan_question import Prices, Question

    if (judge_tpr is None) != (judge_tnr is None):
        raise InputError("--judge-tpr and --judge-tnr go together", hint="Give both, or --judge-correlation")
    if (verdicts or judge or criterion) and source is None:
        raise InputError("--verdicts, --judge and -c need a dataset", hint="judgekit plan DATASET --verdicts RUN")
    if overlap is not None and raters == 1:
        raise InputError("--overlap needs a second rater", hint="Add --raters 2")
    question = Question(
        half_width=half_width,
        drop=drop,
        n_labels=labels,
        gain=gain,
        fail_share=fail_share,
        class_half_width=tpr_half_width,
        class_rate=tpr,
        kappa=kappa,
        kappa_floor=kappa_floor,
        correlation=correlation,
        at_most=at_most,
        overlap=(overlap or 0.3) if raters > 1 else None,
        power=power,
        level=level,
    )
    guess = Guess(
        rate=rate,
        discordant=discordant,
        spread=spread,
        judge_correlation=judge_correlation,
        judge_rates=None if judge_tpr is None or judge_tnr is None else (judge_tpr, judge_tnr),
        n_inputs=inputs,
        group_size=group_size,
        icc=icc,
        reliability=reliability,
        seconds=seconds,
    )
    prices = Prices(usd_per_hour, usd_per_call)
    rng, settings = np.random.default_rng(seed), provenance(seed)
    experiment, pilot = (None, None) if source is None else _read(source, verdicts, judge, tuple(criterion or ()))
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
    from judgekit.cli.score import load_outcomes
    from judgekit.workflows.plan_question import Source
    from judgekit.workflows.score import Scoring

    is_dataset, is_experiment = _has(name, "datasets", "dataset.toml"), _has(name, "experiments", "experiment.toml")
    if is_dataset and is_experiment:
        raise InputError(f"a dataset and an experiment are called {name!r}", hint=f"Give experiments/{name}, say")
    if not is_experiment:
        data = DatasetFolder(find_dataset(name)).load()
        outcomes, scoring = load_outcomes(verdicts, judge, data.rubric) if verdicts else ([], Scoring(judge=""))
        return None, Source(data, outcomes, scoring, criteria)
    folder = ExperimentFolder(find_experiment(name))
    experiment = folder.load()
    if criteria and experiment.gate is not None:
        raise InputError("-c does not choose among the rules of a gate", where=name, hint="Plan on its dataset instead")
    data = DatasetFolder(folder.dataset(experiment)).load()
    made = [str(run) for each in folder.judges(experiment) if (run := folder.run(each.name)).is_dir()]
    found = verdicts or next(iter(made), None)
    outcomes, scoring = load_outcomes(found, judge, data.rubric) if found else ([], Scoring(judge=""))
    versions = (experiment.baseline, experiment.candidate)
    return experiment, Source(data, outcomes, scoring, criteria or experiment.criteria, versions)


def _has(name: str, shelf: str, marker: str) -> bool:
    from pathlib import Path

    from judgekit.adapters.store.project import project_root

    return any((folder / marker).is_file() for folder in (Path(name), project_root() / shelf / name))
