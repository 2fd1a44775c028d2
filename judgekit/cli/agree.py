"""`judgekit agree`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

from judgekit.cli.options import Criteria, Metrics, Out, Resampling

if TYPE_CHECKING:
    from judgekit.stats.metric import Population


def agree(
    context: typer.Context,
    dataset: Annotated[str, typer.Argument(help="Dataset folder, or its name under datasets/.")],
    *,
    criterion: Criteria = None,
    metric: Metrics = None,
    generalise: Annotated[
        str, typer.Option("--generalise", help="rows: to sessions like these; raters: to raters like these too.")
    ] = "rows",
    resampling: Resampling,
    out: Out = None,
) -> None:
    """Measure how far the experts agree with each other, and how each of them uses the scales.

    Example: judgekit agree helpdesk -o agree.json
    """
    from dataclasses import replace

    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.project import find_dataset
    from judgekit.cli.memory import unswept
    from judgekit.cli.options import deliver
    from judgekit.workflows.agree import agree as run

    folder = find_dataset(dataset)
    how = replace(resampling.measuring(metric), generalise=cast("Population", generalise))
    with unswept():
        report = run(DatasetFolder(folder).load(), how, criteria=criterion or (), settings=resampling.provenance())
    deliver(report, context.obj, out)
    context.obj.suggest(f"judgekit judge new NAME --dataset {dataset} --criterion {_first(report.rows)}")


def _first(rows: tuple[object, ...]) -> str:
    return getattr(rows[0], "criterion", "CRITERION") if rows else "CRITERION"
