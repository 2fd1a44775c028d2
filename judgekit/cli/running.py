"""What commands that run judges share: engine, store, folder and limits put together."""

from __future__ import annotations

import asyncio
import contextlib
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from judgekit.cli.options import Limits
from judgekit.cli.run_place import STORE_FILE, begin_fresh, default_name, opened_store, remember, writing
from judgekit.cli.run_source import targets_in
from judgekit.errors import BudgetReached, EngineUnavailable, InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from judgekit.adapters.store.run import RunFolder
    from judgekit.cli.console import Console
    from judgekit.cli.run_source import Source
    from judgekit.judging.ports import Engine, Store
    from judgekit.judging.runner.interview import Targets
    from judgekit.records.judge import Judge
    from judgekit.records.run import RunManifest
    from judgekit.workflows.dry_run import RunPlan, Way
    from judgekit.workflows.run import Batches, BesideRun, RunOptions, RunSummary

UNBOUNDED = (
    "the cap goes by the longest reply so far: replies in flight that are longer may pass it. "
    "With max_tokens under [parameters] in judge.toml nothing can."
)
REPLIES_FILE = "replies.jsonl"
"""Recorded replies that come with a judge's folder."""


@dataclass(frozen=True, slots=True)
class RunHow:
    """What the command line says of how to run.

    Attributes:
        engine: A name of the table of engines, or `package.module:function`; None: the judge's own.
        replay: Recorded replies to answer from.
        limits: How fast it may ask, and what that may cost.
        fresh: Whether stored replies do not count.
        is_retrying_failures: Whether what stored replies leave unread is asked anew.
        beside: Runs of other judges on the same sessions, for a calibration that reads them.
        batch: Whether requests go in the provider's batches, at half the price.
        poll_s: How often it is then asked how far it is, in seconds.
        shard: `i/n`: only this part of the targets.
        cache: Folder of the replies already paid for; None: the project's.
        fresh_since: When a fresh run began, which may have been interrupted since; found, not given.
    """

    engine: str | None = None
    replay: Path | None = None
    limits: Limits = field(default_factory=Limits)
    fresh: bool = False
    is_retrying_failures: bool = False
    beside: tuple[str, ...] = ()
    batch: bool = False
    poll_s: float = 30.0
    shard: str | None = None
    cache: Path | None = None
    fresh_since: datetime | None = None


def run_into(
    out: Path | None, judge: Judge, judge_folder: Path, source: Source, *, how: RunHow, console: Console
) -> RunSummary:
    """Run a judge over all targets of a dataset, into a folder that is resumed where it holds the same judge's run.

    Args:
        out: The run's folder; None: under the project's cache.
        judge: As the command line changed it.
        judge_folder: Where recorded replies and weights lie.
        source: Sessions and pairs to judge; for a panel or a student they are all in memory.
        how: Engine and limits.
        console: For progress.

    Raises:
        InputError: Nothing to judge, or a folder that holds something else; no request was sent.
        BudgetReached: The cap is met; what was done is kept.
        EngineUnavailable: Key, model, quota or connection; what was done is kept.
    """
    from judgekit.adapters.store.project import cache_folder, project_root
    from judgekit.records.dataset import Dataset
    from judgekit.workflows.run import RunSummary, run_notes

    if judge.kind == "panel" and isinstance(source, Dataset):
        from judgekit.cli.running_panel import run_panel

        return run_panel(out, judge, judge_folder, source, how=how, console=console)
    cache = cache_folder(project_root())
    folder = out or cache / "runs" / default_name(judge, how.shard)
    targets = targets_in(judge, source, shard=how.shard)
    if judge.kind == "student":
        manifest = _run_student(judge, judge_folder, targets, folder, how=how)
    elif judge.kind in ("check", "stored"):
        manifest = _run_given(judge, judge_folder, targets, folder, how=how)
    else:
        manifest = _run_engine(judge, judge_folder, targets, (folder, how.cache or cache), how=how, console=console)
    set_aside = () if isinstance(source, Dataset) else source.notes
    return RunSummary(manifest=manifest, folder=str(folder), notes=(*run_notes(manifest), *set_aside))


def _run_engine(
    judge: Judge, judge_folder: Path, targets: Targets, places: tuple[Path, Path], *, how: RunHow, console: Console
) -> RunManifest:
    from judgekit.adapters.clock import SystemClock
    from judgekit.cli.memory import seldom_swept
    from judgekit.judging.prompt import Prompter

    folder, cache = places
    engine = chosen_engine(judge, judge_folder, how=how)
    Prompter(judge)  # a template that cannot be used is told before a folder is made
    with writing(folder, judge, targets) as run_folder, opened_store(cache, engine, fresh=how.fresh) as store:
        since = begin_fresh(run_folder, store, SystemClock().now()) if how.fresh else None
        if since is None:
            remember(run_folder, store)
        if how.limits.max_cost_usd is not None and not _bounds_replies(judge):
            console.say(UNBOUNDED)
        with seldom_swept():
            asking = _ask(
                judge, targets, (engine, store, run_folder), how=replace(how, fresh_since=since), console=console
            )
            return asyncio.run(asking)


def _bounds_replies(judge: Judge) -> bool:
    said = judge.parameters
    return said.max_tokens is not None or isinstance(said.extra.get("max_completion_tokens"), int)


def chosen_engine(judge: Judge, judge_folder: Path, *, how: RunHow) -> Engine:
    """Return what answers a judge's requests.

    Raises:
        UnknownName: There is no engine of that name.
        EngineUnavailable: The key is missing.
    """
    from judgekit.adapters.clock import SystemClock
    from judgekit.adapters.engines.choice import EngineWorld, choose_engine
    from judgekit.adapters.engines.replay import read_replies

    name = "replay" if how.replay is not None else how.engine
    replies = None
    if (name or judge.engine) == "replay":
        replies = read_replies(how.replay or judge_folder / REPLIES_FILE)
    surroundings = EngineWorld(os.environ, SystemClock(), how.limits.timeout_s, how.limits.max_in_flight, replies)
    return choose_engine(judge, surroundings, name=name)


async def _ask(
    judge: Judge, targets: Targets, parts: tuple[Engine, Store, RunFolder], *, how: RunHow, console: Console
) -> RunManifest:
    import numpy as np

    from judgekit.adapters.clock import SystemClock
    from judgekit.cli.progress import ProgressLine
    from judgekit.workflows.run import Surroundings, run_judge

    engine, store, sink = parts
    line = ProgressLine(console)
    options = replace(run_options(how), listener=line)
    rng = np.random.default_rng()  # jitter and names only: no result depends on it
    around: Surroundings | None = None
    try:
        around = Surroundings(engine, store, sink, SystemClock(), rng)
        if how.batch:
            around = replace(around, batches=_batches(judge, engine, sink.path, how=how))
        return await run_judge(judge, targets, around=around, options=options)
    except (BudgetReached, EngineUnavailable, asyncio.CancelledError):
        line.clear()
        if line.last is not None:
            console.say(f"stopped: {line.last.done} of {line.last.total} done, kept in {sink.path}")
        raise
    finally:
        line.clear()
        await engine.close()
        if around is not None and around.batches is not None:
            await around.batches.engine.close()


def _batches(judge: Judge, engine: Engine, folder: Path, *, how: RunHow) -> Batches:
    """Return the way through the provider's batches.

    Raises:
        InputError: The judge's engine has none.
    """
    from judgekit.adapters.clock import SystemClock
    from judgekit.adapters.engines.choice import EngineWorld, endpoint_of
    from judgekit.adapters.engines.openai_batch import OpenAIBatch
    from judgekit.adapters.store.batches import BatchFile
    from judgekit.workflows.run import Batches

    if engine.name != OpenAIBatch.name:
        hint = "It works where the endpoint speaks OpenAI's files and batches; run without --batch"
        raise InputError(f"engine {engine.name} has no batches", where=judge.name, hint=hint)
    if how.is_retrying_failures:
        raise InputError("--retry-failures is not for batches", where=judge.name, hint="Run it without --batch")
    clock = SystemClock()
    endpoint = endpoint_of(judge, EngineWorld(os.environ, clock, how.limits.timeout_s, how.limits.max_in_flight, None))
    return Batches(OpenAIBatch(endpoint, clock), BatchFile(folder), how.poll_s)


def planned(judge: Judge, judge_folder: Path, source: Source, *, how: RunHow) -> RunPlan:
    """Return what a run would come to, a panel's with all its members; no key is needed and nothing is sent.

    Raises:
        InputError: The judge asks no model, so that it costs nothing.
    """
    from judgekit.cli.running_panel import panel_members
    from judgekit.workflows.dry_run import plan_run, plan_together

    if judge.kind == "panel":
        members = panel_members(judge, judge_folder, how=how)
        asked = [(place, member) for place, member in members if member.kind in ("prompt", "panel")]
        return plan_together(judge.name, [planned(member, place, source, how=how) for place, member in asked])
    if judge.kind != "prompt":
        raise InputError(f"a {judge.kind} judge asks no model", where=judge.name, hint="It runs for nothing")
    targets = targets_in(judge, source, shard=how.shard)
    with replies_so_far(how) as store:
        return plan_run(judge, targets, store=store, options=run_options(how), way=way_of(judge, how))


@contextlib.contextmanager
def replies_so_far(how: RunHow) -> Iterator[Store]:
    """Give the replies already paid for, without making a store where there is none."""
    from judgekit.adapters.store.project import cache_folder, project_root
    from judgekit.adapters.store.replies import ReplyStore
    from judgekit.judging.runner.store import MemoryStore

    path = cache_folder(project_root()) / STORE_FILE
    with contextlib.ExitStack() as stack:
        is_cached = path.is_file() and not how.fresh
        yield stack.enter_context(ReplyStore(path)) if is_cached else MemoryStore()


def way_of(judge: Judge, how: RunHow) -> Way:
    """Return how an engine that was not asked yet would send: our own client takes samples together, batches do not."""
    from judgekit.adapters.engines.choice import resolve_auto
    from judgekit.judging.runner.batch import PRICE
    from judgekit.workflows.dry_run import Way

    wanted = "replay" if how.replay is not None else how.engine or judge.engine
    name = resolve_auto(judge) if wanted == "auto" else wanted
    return Way(gives_several=name == "openai-compatible" and not how.batch, price=PRICE if how.batch else 1.0)


def run_options(how: RunHow) -> RunOptions:
    """Return limits and prices for the runner."""
    from judgekit.adapters.prices import LitellmPrices
    from judgekit.adapters.store.project import load_project, project_root
    from judgekit.workflows.run import RunOptions

    return RunOptions(
        how.limits.max_in_flight,
        rpm=how.limits.rpm,
        tpm=how.limits.tpm,
        max_cost_usd=how.limits.max_cost_usd,
        prices=LitellmPrices(load_project(project_root()).prices),
        is_retrying_failures=how.is_retrying_failures,
        fresh_since=how.fresh_since,
        beside=beside_runs(how),
    )


def beside_runs(how: RunHow) -> dict[str, BesideRun]:
    """Return other judges' runs, by the judge's name.

    Raises:
        FileProblem: There is no such run, or it cannot be read.
    """
    from judgekit.cli.score import load_outcomes
    from judgekit.workflows.run import BesideRun

    loaded = [load_outcomes(source, None) for source in how.beside]
    return {found.judge: BesideRun(outcomes, found.judge_fingerprint) for outcomes, found in loaded}


def _run_student(judge: Judge, judge_folder: Path, targets: Targets, folder: Path, *, how: RunHow) -> RunManifest:
    """Judge with the weights in the judge's folder: no request, no key, no network."""
    from judgekit.adapters.clock import SystemClock
    from judgekit.adapters.store.judge import JudgeFolder
    from judgekit.adapters.store.student import load_student
    from judgekit.workflows.distil import judge_with_student
    from judgekit.workflows.run import keep_outcomes

    student = load_student(JudgeFolder(judge_folder).weights_path)
    clock = SystemClock()
    outcomes = judge_with_student(judge, student, list(targets), now=clock.now())
    with writing(folder, judge, targets) as run_folder:
        return keep_outcomes(judge, targets, outcomes, sink=run_folder, clock=clock, beside=beside_runs(how))


def _run_given(judge: Judge, judge_folder: Path, targets: Targets, folder: Path, *, how: RunHow) -> RunManifest:
    """Keep what a check or stored verdicts say: no request, no key, no network."""
    from judgekit.adapters.clock import SystemClock
    from judgekit.adapters.given import given_outcomes
    from judgekit.workflows.run import keep_outcomes

    clock = SystemClock()
    outcomes = given_outcomes(judge, judge_folder, targets, now=clock.now())
    with writing(folder, judge, targets) as run_folder:
        return keep_outcomes(judge, targets, outcomes, sink=run_folder, clock=clock, beside=beside_runs(how))
