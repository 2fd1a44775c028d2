"""What commands that run judges share: the engine, store and folder put together, and the summary in words."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from judgekit.errors import BudgetReached, EngineUnavailable, FileProblem, InputError

if TYPE_CHECKING:
    from judgekit.adapters.store.run import RunFolder
    from judgekit.adapters.store.stream import SessionFile
    from judgekit.cli.console import Console
    from judgekit.judging.ports import Engine, Store
    from judgekit.judging.runner.interview import Targets
    from judgekit.records.dataset import Dataset
    from judgekit.records.judge import Judge
    from judgekit.records.run import MemberRun, RunManifest
    from judgekit.records.session import Pair, Session
    from judgekit.workflows.dry_run import RunPlan
    from judgekit.workflows.run import Batches, BesideRun, RunOptions, RunSummary

    Source: TypeAlias = Dataset | SessionFile

R = TypeVar("R", "Session", "Pair")

REPLIES_FILE = "replies.jsonl"
"""Recorded replies that come with a judge's folder."""
STORE_FILE = "replies.sqlite"
"""Replies already paid for, in the project's cache."""
N_REMEMBERED = 1000
"""Calls of a run's folder that are put into the store at a time."""
WIDTH = 80

SplitChoice = Literal["train", "dev", "test", "all"]


@dataclass(frozen=True, slots=True)
class RunHow:
    """What the command line says of how to run.

    Attributes:
        engine: A name of the table of engines, or `package.module:function`; None: the judge's own.
        replay: Recorded replies to answer from.
        max_in_flight: Most requests at once.
        rpm: Most requests a minute.
        tpm: Most tokens a minute.
        timeout_s: Longest wait for one reply, in seconds.
        max_cost_usd: Dollars this command may spend.
        fresh: Whether stored replies do not count.
        is_retrying_failures: Whether what stored replies leave unread is asked anew.
        beside: Runs of other judges on the same sessions, for a calibration that reads them.
        batch: Whether requests go in the provider's batches, at half the price.
        poll_s: How often it is then asked how far it is, in seconds.
        shard: `i/n`: only this part of the targets.
        cache: Folder of the replies already paid for; None: the project's.
    """

    engine: str | None = None
    replay: Path | None = None
    max_in_flight: int = 16
    rpm: float | None = None
    tpm: float | None = None
    timeout_s: float = 60.0
    max_cost_usd: float | None = None
    fresh: bool = False
    is_retrying_failures: bool = False
    beside: tuple[str, ...] = ()
    batch: bool = False
    poll_s: float = 30.0
    shard: str | None = None
    cache: Path | None = None


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
    folder = out or cache / "runs" / default_name(judge, how)
    targets = targets_in(judge, source, shard=how.shard)
    if judge.kind == "student":
        manifest = _run_student(judge, judge_folder, targets, folder, how=how)
    elif judge.kind in ("check", "stored"):
        manifest = _run_given(judge, judge_folder, targets, folder, how=how)
    else:
        manifest = _run_engine(judge, judge_folder, targets, (folder, how.cache or cache), how=how, console=console)
    set_aside = () if isinstance(source, Dataset) else source.notes
    return RunSummary(manifest=manifest, folder=str(folder), notes=(*run_notes(manifest), *set_aside))


def default_name(judge: Judge, how: RunHow) -> str:
    """Return what a run's folder is called where no name is given; a part has its own."""
    from judgekit.workflows.shard import Shard

    part = "" if how.shard is None else "-" + str(Shard.read(how.shard)).replace("/", "-of-")
    return f"{judge.name}-{judge.judge_fingerprint.removeprefix('sha256:')[:12]}{part}"


def load_source(name: str, judge: Judge, *, split: SplitChoice = "all", limit: int | None = None) -> Source:
    """Return what is to be judged of a dataset (by folder or name) or of a file of sessions.

    Sessions for judges that take them one by one are left in their file; a judge of pairs, a panel or a student is
    given all at once.

    Raises:
        FileProblem: It cannot be read.
        InvalidRecord: A line does not fit; the message names file and line.
        InputError: There is nothing to judge, or no such split.
    """
    if judge.target == "pair" or judge.kind in ("panel", "student"):
        return narrowed(_whole(name, judge), judge, split=split, limit=limit)
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.project import find_dataset
    from judgekit.adapters.store.stream import SessionFile, dataset_sessions

    if not Path(name).is_file():
        folder = DatasetFolder(find_dataset(name))
        return dataset_sessions(folder, split=None if split == "all" else split, limit=limit)
    if split != "all":
        raise InputError(f"a file has no {split} split", where=name, hint="Give a dataset, or leave --split out")
    sessions = SessionFile(Path(name), limit=limit)
    if sessions.notes:
        raise FileProblem(sessions.notes[0], hint="Complete or delete that line")
    return sessions


def targets_in(judge: Judge, source: Source, *, shard: str | None = None) -> Targets:
    """Return what is asked about: all, or one part, which may be empty.

    Raises:
        InputError: There is nothing of the judge's kind, or no such part.
    """
    from judgekit.records.dataset import Dataset
    from judgekit.workflows.run import targets_of
    from judgekit.workflows.shard import Part, Shard

    whole: Targets
    if isinstance(source, Dataset):
        whole = targets_of(judge, source.sessions, source.pairs)
    else:
        whole = source if len(source) else targets_of(judge, ())
    return whole if shard is None else Part(whole, Shard.read(shard))


def _whole(name: str, judge: Judge) -> Dataset:
    """Return a dataset, or the sessions of a file (and `pairs.jsonl` beside it, for pairs), in memory."""
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.project import find_dataset

    if not Path(name).is_file():
        return DatasetFolder(find_dataset(name)).load()
    from judgekit.records.dataset import Dataset, DatasetCard
    from judgekit.records.rubric import Rubric
    from judgekit.records.session import Pair, Session

    beside = Path(name).parent / "pairs.jsonl"
    has_pairs = judge.target == "pair" and beside.is_file()
    return Dataset(
        card=DatasetCard(name=Path(name).name),
        rubric=Rubric(name="none"),
        sessions=tuple(_records(Path(name), Session)),
        pairs=tuple(_records(beside, Pair)) if has_pairs else (),
    )


def narrowed(source: Dataset, judge: Judge, *, split: str, limit: int | None) -> Dataset:
    """Return the dataset with the wanted targets only; sessions of wanted pairs stay.

    Raises:
        InputError: A split is wanted and the dataset has none, or the split is empty.
    """
    if split == "all" and limit is None:
        return source
    if split != "all" and source.splits is None:
        raise InputError(
            f"there are no splits, so no {split} split", where=source.name, hint="`judgekit split` draws them"
        )
    ids = source.pair_by_id if judge.target == "pair" else source.session_by_id
    wanted = [target for target in ids if split == "all" or source.split_of(target) == split][:limit]
    if not wanted:
        raise InputError(f"the {split} split is empty", where=source.name, hint="Choose another --split")
    kept = frozenset(wanted)
    pairs = tuple(pair for pair in source.pairs if judge.target == "pair" and pair.id in kept)
    needed = {session for pair in pairs for session in (pair.first, pair.second)} or kept
    sessions = tuple(session for session in source.sessions if session.id in needed)
    return type(source)(card=source.card, rubric=source.rubric, sessions=sessions, pairs=pairs)


def summary_text(summary: RunSummary) -> str:
    """Return a run's summary in at most 80 columns; failures stand first where there are any."""
    from judgekit.cli.progress import duration

    manifest = summary.manifest
    n_outcomes = manifest.n_verdicts + manifest.n_failures
    failed = f"{_number(manifest.n_failures, 'failure')}, " if manifest.n_failures else ""
    lines = [f"{manifest.judge}: {failed}{_number(manifest.n_verdicts, 'verdict')} of {n_outcomes}"]
    rows: dict[str, str | None] = {
        "failures": ", ".join(f"{cause} {n}" for cause, n in manifest.failures.items()) or None,
        "first": manifest.first_failure,
        "engine": f"{manifest.engine}, model {', '.join(manifest.models) or manifest.model or 'none'}",
        "requests": f"{manifest.n_requests} sent, {manifest.n_asked_again} asked again, {manifest.n_reused} reused",
        "tokens": f"{manifest.prompt_tokens:,} read, {manifest.completion_tokens:,} written",
        "cost": _cost(manifest),
        "latency": _latency(manifest),
        "time": duration(manifest.wall_s) if manifest.wall_s is not None else None,
        "run": summary.folder,
    }
    for label, text in rows.items():
        if text is not None:
            lines.append(_cut(f"  {label:<10}{text}") if label != "run" else f"  {label:<10}{text}")
    lines += [_cut(f"  {'member':<10}{_member_words(member)}") for member in manifest.members]
    for note in summary.notes:
        lines += textwrap.wrap(note, WIDTH, initial_indent="  ", subsequent_indent="  ")
    return "\n".join(lines)


def _member_words(member: MemberRun) -> str:
    failed = ", ".join(f"{cause} {n}" for cause, n in member.failures.items())
    told = f"{_number(member.n_failures, 'failure')} ({failed}), " if member.n_failures else ""
    return f"{member.judge} ({member.engine}): {told}{_number(member.n_verdicts, 'verdict')}"


def _run_engine(
    judge: Judge, judge_folder: Path, targets: Targets, places: tuple[Path, Path], *, how: RunHow, console: Console
) -> RunManifest:
    from judgekit.cli.memory import seldom_swept
    from judgekit.judging.prompt import Prompter

    folder, cache = places
    engine = chosen_engine(judge, judge_folder, how=how)
    Prompter(judge)  # a template that cannot be used is told before a folder is made
    with writing(folder, judge, targets) as run_folder, opened_store(cache, engine, fresh=how.fresh) as store:
        if not how.fresh:
            _remember(run_folder, store)
        with seldom_swept():
            return asyncio.run(_ask(judge, targets, (engine, store, run_folder), how=how, console=console))


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
    surroundings = EngineWorld(os.environ, SystemClock(), how.timeout_s, how.max_in_flight, replies)
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
    clock = SystemClock()
    endpoint = endpoint_of(judge, EngineWorld(os.environ, clock, how.timeout_s, how.max_in_flight, None))
    return Batches(OpenAIBatch(endpoint, clock), BatchFile(folder), how.poll_s)


def planned(judge: Judge, source: Source, *, how: RunHow) -> RunPlan:
    """Return what a run would come to; no key is needed and nothing is sent.

    Raises:
        InputError: The judge asks no model, so that it costs nothing.
    """
    from judgekit.adapters.store.project import cache_folder, project_root
    from judgekit.adapters.store.replies import ReplyStore
    from judgekit.judging.runner.store import MemoryStore
    from judgekit.workflows.dry_run import plan_run

    if judge.kind != "prompt":
        hint = "Plan its members one by one" if judge.kind == "panel" else "It runs for nothing"
        raise InputError(f"a {judge.kind} judge asks no model itself", where=judge.name, hint=hint)
    targets = targets_in(judge, source, shard=how.shard)
    path = cache_folder(project_root()) / STORE_FILE
    with contextlib.ExitStack() as stack:
        is_cached = path.is_file() and not how.fresh
        store = stack.enter_context(ReplyStore(path)) if is_cached else MemoryStore()
        return plan_run(judge, targets, store=store, options=run_options(how))


def plan_text(plan: RunPlan) -> str:
    """Return a plan in at most 80 columns."""
    from judgekit.cli.progress import duration

    rows = {
        "calls": f"{plan.n_calls:,} to make, {plan.n_stored:,} in the cache",
        "fail": f"{plan.n_overflow:,} prompts are too long and would fail" if plan.n_overflow else None,
        "tokens": f"about {plan.prompt_tokens:,} read, {plan.completion_tokens:,} written",
        "cost": "unknown" if plan.cost_usd is None else f"about ${plan.cost_usd:,.4f}",
        "time": f"about {duration(plan.minutes * 60)}",
    }
    lines = [f"{plan.judge}: {plan.n_outcomes:,} verdicts wanted of {plan.n_targets:,} targets; nothing was sent"]
    lines += [f"  {label:<8}{text}" for label, text in rows.items() if text is not None]
    lines += [line for note in plan.notes for line in textwrap.wrap(note, WIDTH - 2)]
    return "\n".join(lines)


def run_options(how: RunHow) -> RunOptions:
    """Return limits and prices for the runner."""
    from judgekit.adapters.prices import LitellmPrices
    from judgekit.adapters.store.project import load_project, project_root
    from judgekit.workflows.run import RunOptions

    return RunOptions(
        how.max_in_flight,
        rpm=how.rpm,
        tpm=how.tpm,
        max_cost_usd=how.max_cost_usd,
        prices=LitellmPrices(load_project(project_root()).prices),
        is_retrying_failures=how.is_retrying_failures,
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


@contextlib.contextmanager
def writing(path: Path, judge: Judge, targets: Targets = ()) -> Iterator[RunFolder]:
    """Open a run's folder for this process alone.

    Args:
        path: The folder.
        judge: What it is a run of.
        targets: What it is about; only whether they are a part matters here.

    Raises:
        FileProblem: It cannot be written, another process is at it, or it holds something else.
    """
    from judgekit.adapters.store.appending import LineFile
    from judgekit.adapters.store.run import RunFolder
    from judgekit.workflows.shard import Part

    _require_own(path, judge, str(targets.shard) if isinstance(targets, Part) else None)
    lock = LineFile(path / ".lock", wait=False)
    try:
        with RunFolder(path) as folder:
            folder.write_lineage(judge.verdict_lineage)
            yield folder
    finally:
        lock.path.unlink(missing_ok=True)
        lock.close()


def _require_own(path: Path, judge: Judge, shard: str | None) -> None:
    from judgekit.adapters.store.files import read_json, validated
    from judgekit.records.run import RunManifest

    if path.exists() and not path.is_dir():
        raise FileProblem("it is a file, and a run is a folder", where=str(path), hint="Choose another -o folder")
    manifest_path = path / "run.json"
    if not manifest_path.is_file():
        names = [each.name for each in path.iterdir()] if path.is_dir() else []
        strangers = [name for name in names if name != "lineage.json" and not name.startswith(".")]
        if strangers:
            raise FileProblem(f"holds {min(strangers)} and is no run", where=str(path), hint="Choose another -o folder")
        return
    held = validated(RunManifest, read_json(manifest_path), str(manifest_path))
    has_answers = any(_has_content(path / name) for name in ("verdicts.jsonl", "calls.jsonl"))
    if held.judge_fingerprint != judge.judge_fingerprint and has_answers:
        what = f"holds the run of another judge ({held.judge}, {held.judge_fingerprint[:19]})"
        hint = f"Choose another -o folder for {judge.name} ({judge.judge_fingerprint[:19]}), or remove this one"
        raise FileProblem(what, where=str(path), hint=hint)
    if held.shard != shard and (has_answers or held.state == "complete"):
        what = f"holds {_part_words(held.shard)}, and this is {_part_words(shard)}"
        raise FileProblem(what, where=str(path), hint="Choose another -o folder: each part has its own")


def _part_words(shard: str | None) -> str:
    return "a whole run" if shard is None else f"part {shard} of a run"


def _has_content(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


@contextlib.contextmanager
def opened_store(cache: Path, engine: Engine, *, fresh: bool) -> Iterator[Store]:
    """Open the replies already paid for; a replay pays nothing and keeps none."""
    from judgekit.adapters.store.replies import ReplyStore
    from judgekit.judging.runner.store import FreshStore, MemoryStore

    if engine.name == "replay":
        yield MemoryStore()
        return
    with ReplyStore(cache / STORE_FILE) as store:
        yield FreshStore(store) if fresh else store


def _remember(folder: RunFolder, store: Store) -> None:
    """Put the folder's own calls into the store: a run folder moved to another machine continues there."""
    from judgekit.judging.ports import Request

    if not (folder.path / "run.json").is_file():
        return
    calls = folder.each_call()
    while some := list(itertools.islice(calls, N_REMEMBERED)):
        asked = [Request(key=call.request, model=call.model, messages=(), sample=call.sample) for call in some]
        known = store.find_all(asked)
        new = [call for call in some if (call.request, call.sample) not in known]
        if new:
            store.commit(*new)


def _records(path: Path, kind: type[R]) -> list[R]:
    """Return the sessions or pairs of a file, each id once."""
    from judgekit.adapters.store.files import read_jsonl, validated
    from judgekit.adapters.store.parquet import read_parquet
    from judgekit.errors import InvalidRecord

    lines = read_parquet(path) if path.suffix == ".parquet" else read_jsonl(path)
    if lines.torn:
        raise FileProblem(lines.torn, hint="Complete or delete that line")
    found: dict[str, R] = {}
    for number, row in lines.rows:
        record = validated(kind, row, f"{path}:{number}")
        if record.id in found:
            raise InvalidRecord(f"id {record.id!r} occurs twice", where=f"{path}:{number}", hint="Give each its own id")
        found[record.id] = record
    return list(found.values())


def _number(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _cost(manifest: RunManifest) -> str:
    """Return what this command spent, and what the whole run may have cost beyond what is recorded."""
    spent = "unknown" if manifest.cost_usd is None else f"${manifest.cost_usd:.4f}"
    whole = manifest.spending
    if whole is None:
        return spent
    if whole.cost_usd != manifest.cost_usd and whole.cost_usd is not None:
        spent += f", ${whole.cost_usd:.4f} with earlier commands"
    if whole.n_possible:
        most = "" if whole.possible_usd is None else f", at most ${whole.possible_usd:.4f}"
        spent += f"; possibly charged without an answer: {_number(whole.n_possible, 'request')}{most}"
    return spent


def _latency(manifest: RunManifest) -> str | None:
    took = manifest.latency
    return None if took is None else f"p50 {took.p50_s:.2f} s, p95 {took.p95_s:.2f} s, p99 {took.p99_s:.2f} s"


def _cut(line: str) -> str:
    flat = " ".join(line.split("\n"))
    return flat if len(flat) <= WIDTH else flat[: WIDTH - 3] + "..."
