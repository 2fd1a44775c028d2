"""`judgekit runs merge`: the parts of a run made on several machines become one, if none is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from judgekit.errors import FileProblem


def runs_merge(
    context: typer.Context,
    parts: Annotated[list[Path], typer.Argument(help="Folders of all parts, made by `run --shard i/n`.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The whole run's folder, which must be new.")],
) -> None:
    """Make one run of its parts, after checking that each is complete and none is missing or there twice.

    Example: judgekit runs merge part1 part2 part3 part4 -o runs/resolution
    """
    from judgekit.adapters.store.run import RunFolder
    from judgekit.adapters.store.run_merge import merge_folders
    from judgekit.cli.run_text import summary_text
    from judgekit.workflows.run import RunSummary, require_verdicts, run_notes
    from judgekit.workflows.shard import merged

    if out.exists() and any(out.iterdir()):
        raise FileProblem("there is something already", where=str(out), hint="Choose another -o folder")
    manifest = merged([(str(part), RunFolder(part).manifest()) for part in parts])
    manifest = merge_folders(parts, out, manifest)
    summary = RunSummary(manifest=manifest, folder=str(out), notes=run_notes(manifest))
    context.obj.emit(summary)
    context.obj.show(summary_text(summary))
    require_verdicts(manifest)
    context.obj.suggest(f"judgekit score {out} DATASET")
