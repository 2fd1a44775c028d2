"""`judgekit estimate`."""

from __future__ import annotations

from typing import Annotated

import typer

from judgekit.cli.options import Criteria, Out, Resampling
from judgekit.errors import InputError


def estimate(
    context: typer.Context,
    dataset: Annotated[str, typer.Argument(help="Dataset folder, or its name under datasets/.")],
    *,
    verdicts: Annotated[
        str | None, typer.Option("--verdicts", help="Run or verdicts file of a judge that helps the labels.")
    ] = None,
    judge: Annotated[
        str | None, typer.Option("--judge", help="With --verdicts: which judge, where a file holds several.")
    ] = None,
    split: Annotated[
        str,
        typer.Option("--split", help="With --verdicts: splits whose labels may correct the judge: dev, train, new."),
    ] = "all",
    use: Annotated[
        str, typer.Option("--use", help="With --verdicts: a verdict's value, or its finer score.")
    ] = "value",
    criterion: Criteria = None,
    version: Annotated[list[str] | None, typer.Option("--version", help="Only this version (repeatable).")] = None,
    reference: Annotated[
        str | None, typer.Option("--reference", help="How several raters become one; gold for gold labels.")
    ] = None,
    resampling: Resampling,
    out: Out = None,
) -> None:
    """Estimate how good each version is: from the experts' labels alone, or corrected verdicts of a judge.

    Example: judgekit estimate helpdesk -c resolution --verdicts runs/resolution -o estimate.json
    """
    from datetime import UTC, datetime

    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.project import find_dataset
    from judgekit.cli.options import deliver
    from judgekit.cli.score import load_outcomes, scoring_with
    from judgekit.cli.standing import standing_warnings
    from judgekit.workflows.estimate import estimate as run
    from judgekit.workflows.estimate import estimate_judged

    for option, is_given in (("--judge", judge is not None), ("--split", split != "all"), ("--use", use != "value")):
        if is_given and verdicts is None:
            raise InputError(f"{option} needs --verdicts", hint="It says how a judge's verdicts are read")
    folder = DatasetFolder(find_dataset(dataset))
    data = folder.load()
    how, settings = resampling.measuring(), resampling.provenance()
    chosen, named = tuple(criterion or ()), tuple(version or ())
    if verdicts is None:
        report = run(data, how, criteria=chosen, versions=named, rule=reference, settings=settings)
    else:
        outcomes, scoring = load_outcomes(verdicts, judge, data.rubric)
        told = scoring_with(scoring, reference=reference, splits=split, use=use, settings=settings)
        report = estimate_judged(data, outcomes, told, how, criteria=chosen, versions=named)
        standing = standing_warnings(report, (folder, data), [told], now=datetime.now(UTC))
        report = report.model_copy(update={"warnings": (*report.warnings, *standing)})
    deliver(report, context.obj, out)
    if len(report.versions) > 1:
        first, second, *_ = report.versions
        context.obj.suggest(f"judgekit compare {first} {second} --labels {dataset} --verdicts RUN")
