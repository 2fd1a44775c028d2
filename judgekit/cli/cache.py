"""`judgekit cache export`: a run as recorded replies, which reproduce it without a network."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from judgekit.errors import InputError


def cache_export(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(help="A complete run's folder.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file of recorded replies to write.")],
) -> None:
    """Write a run's replies to a file that replays it: the same verdicts to the byte, with no key and no network.

    Example: judgekit cache export runs/resolution -o judges/resolution/replies.jsonl
    """
    from judgekit.adapters.engines.replay import recording
    from judgekit.adapters.store.files import write_jsonl
    from judgekit.adapters.store.run import RunFolder

    made = RunFolder(run).load()
    if made.manifest.state != "complete":
        hint = "Run the same `judgekit run` command again until it is complete"
        raise InputError(f"the run is {made.manifest.state}", where=str(run), hint=hint)
    lines = recording(made.calls, made.outcomes)
    if not lines:
        hint = "Students, checks and stored judges give verdicts without any"
        raise InputError("the run made no calls", where=str(run), hint=hint)
    write_jsonl(out, lines)
    context.obj.emit({"replies": len(lines), "file": str(out)})
    context.obj.show(f"{len(lines)} replies of {made.manifest.judge} in {out}")
    context.obj.suggest(f"judgekit run {shlex.quote(made.manifest.judge)} SESSIONS --replay {shlex.quote(str(out))}")
