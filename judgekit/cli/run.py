"""`judgekit run`: ask a judge about sessions or pairs, and keep every answer."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from judgekit.cli.options import (
    BaseUrl,
    DryRun,
    EngineName,
    Fresh,
    Limits,
    Model,
    Replay,
    Sessions,
    Split,
)
from judgekit.errors import InputError

if TYPE_CHECKING:
    from judgekit.cli.console import Console
    from judgekit.cli.running import RunHow
    from judgekit.records.dataset import Dataset
    from judgekit.records.judge import Judge


@dataclass(frozen=True)
class RunAsked:
    """Which sessions are judged, and how, beyond engine and limits: options of `judgekit run`."""

    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Only the first so many sessions or pairs.")] = (
        None
    )
    split: Split = "all"
    fresh: Fresh = False
    retry_failures: Annotated[
        bool, typer.Option("--retry-failures", help="Ask anew where stored replies could not be read.")
    ] = False
    batch: Annotated[
        bool, typer.Option("--batch", help="Hand requests in as the provider's batches: half the price, hours.")
    ] = False
    poll: Annotated[float, typer.Option("--poll", min=0.05, help="Seconds between questions how far a batch is.")] = (
        30.0
    )
    shard: Annotated[
        str | None, typer.Option("--shard", help="Only part i of n, as i/n; `runs merge` makes one run of all parts.")
    ] = None
    ray: Annotated[
        int | None, typer.Option("--ray", min=1, max=4096, help="Run in parts on so many Ray workers, then merge.")
    ] = None
    beside: Annotated[
        list[str] | None,
        typer.Option("--beside", help="Run of another judge that the judge's calibration reads (repeatable)."),
    ] = None
    dry_run: DryRun = False

    def how(self, engine: str | None, replay: Path | None, limits: Limits) -> RunHow:
        """Return how to run."""
        from judgekit.cli.running import RunHow

        return RunHow(
            engine,
            replay,
            limits,
            fresh=self.fresh,
            is_retrying_failures=self.retry_failures,
            batch=self.batch,
            poll_s=self.poll,
            shard=self.shard,
            beside=tuple(self.beside or ()),
        )


def run(
    context: typer.Context,
    judge: Annotated[str, typer.Argument(help="Judge folder, or its name under judges/.")],
    sessions: Sessions,
    *,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Run folder; by default under .judgekit/runs/.")
    ] = None,
    model: Model = None,
    base_url: BaseUrl = None,
    engine: EngineName = None,
    replay: Replay = None,
    limits: Limits,
    asked: RunAsked,
) -> None:
    """Run a judge over sessions. Interrupt or kill it: the same command continues.

    Replies are kept as they come and never asked for twice. Labels are not looked at.

    Examples: judgekit run resolution helpdesk -o runs/resolution  |  judgekit run resolution helpdesk --dry-run
    """
    from judgekit.adapters.store.project import find_judge
    from judgekit.cli.run_source import load_source
    from judgekit.cli.run_text import plan_text, summary_text
    from judgekit.cli.running import planned, run_into
    from judgekit.cli.spread import Spread, run_spread
    from judgekit.workflows.run import require_verdicts

    how = asked.how(engine, replay, limits)
    folder = find_judge(judge)
    subject = changed(_load(folder), model=model, base_url=base_url, how=how)
    source = load_source(sessions, subject, split=asked.split, limit=asked.limit)
    if asked.dry_run:
        plan = planned(subject, folder, source, how=how)
        context.obj.emit(plan)
        context.obj.show(plan_text(plan))
        return
    if asked.ray is not None:
        spread = Spread(asked.ray, sessions, asked.split, asked.limit)
        summary = run_spread(out, subject, folder, source, spread=spread, how=how, console=context.obj)
    else:
        summary = run_into(out, subject, folder, source, how=how, console=context.obj)
    context.obj.emit(summary)
    context.obj.show(summary_text(summary))
    if how.shard is not None:
        context.obj.suggest("judgekit runs merge PART PART ... -o RUN")
        return
    require_verdicts(summary.manifest)
    labelled = "DATASET" if Path(sessions).is_file() else sessions
    context.obj.suggest(f"judgekit score {summary.folder} {labelled}")


def run_here(
    judge_folder: Path, dataset: Dataset, folder: Path, *, console: Console, how: RunHow | None = None
) -> None:
    """Run a judge's folder over a whole dataset into a run folder, for commands that do more than that."""
    from judgekit.cli.running import RunHow, run_into

    how = how or RunHow()
    judge = changed(_load(judge_folder), model=None, base_url=None, how=how)
    run_into(folder, judge, judge_folder, dataset, how=how, console=console)


def changed(judge: Judge, *, model: str | None, base_url: str | None, how: RunHow) -> Judge:
    """Return the judge as command line and environment change it; what it asks then has a fingerprint of its own.

    Raises:
        InputError: The judge asks no model, so there is nothing to change.
    """
    changes: dict[str, str] = {}
    if model is not None:
        changes["model"] = model
    if base_url is not None:
        changes["base_url"] = base_url.rstrip("/")
    if changes and judge.kind != "prompt":
        raise InputError(
            f"a {judge.kind} judge asks no model", where=judge.name, hint="Leave --model and --base-url out"
        )
    if changes and judge.engine == "replay" and how.engine is None and how.replay is None:
        changes["engine"] = "auto"
    return _at_its_endpoint(judge.model_copy(update=changes), how)


def _at_its_endpoint(judge: Judge, how: RunHow) -> Judge:
    """Write the environment's endpoint into the judge: what one address says is never taken for what another said."""
    from judgekit.adapters.engines.choice import resolve_auto

    wanted = how.engine or judge.engine
    wanted = resolve_auto(judge) if wanted == "auto" else wanted
    elsewhere = os.environ.get("OPENAI_BASE_URL")
    if judge.kind != "prompt" or judge.base_url or not elsewhere or wanted != "openai-compatible":
        return judge
    return judge.model_copy(update={"base_url": elsewhere.rstrip("/")})


def _load(folder: Path) -> Judge:
    from judgekit.adapters.store.judge import load_judge

    return load_judge(folder)
