"""`judgekit estimate`."""

from __future__ import annotations

from typing import Annotated

import typer

from judgekit.cli.options import DEFAULT_RESAMPLES, DEFAULT_SEED, Criteria, Level, Out, Resamples, Seed


def estimate(
    context: typer.Context,
    dataset: Annotated[str, typer.Argument(help="Dataset folder, or its name under datasets/.")],
    criterion: Criteria = None,
    version: Annotated[list[str] | None, typer.Option("--version", help="Only this version (repeatable).")] = None,
    reference: Annotated[
        str | None, typer.Option("--reference", help="How several raters become one; gold for gold labels.")
    ] = None,
    seed: Seed = DEFAULT_SEED,
    level: Level = 0.95,
    resamples: Resamples = DEFAULT_RESAMPLES,
    out: Out = None,
) -> None:
    """Estimate how good each version is from the experts' labels, as their sessions were sampled.

    Example: judgekit estimate helpdesk -c resolution -o estimate.json
    """
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.project import find_dataset
    from judgekit.cli.options import deliver, measuring, provenance
    from judgekit.workflows.estimate import estimate as run

    data = DatasetFolder(find_dataset(dataset)).load()
    report = run(
        data,
        measuring(seed, level, resamples),
        criteria=criterion or (),
        versions=version or (),
        rule=reference,
        settings=provenance(seed),
    )
    deliver(report, context.obj, out)
    if len(report.versions) > 1:
        first, second, *_ = report.versions
        context.obj.suggest(f"judgekit compare {first} {second} --labels {dataset} --verdicts RUN")
