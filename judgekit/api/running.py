"""Running a judge in memory, whatever is given of it: a folder, a record, or what was just distilled."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from judgekit.api.given import SEED
from judgekit.errors import InputError

if TYPE_CHECKING:
    from judgekit.adapters.engines.replay import Recorded
    from judgekit.judging.ports import Engine, Store
    from judgekit.judging.runner.interview import Target
    from judgekit.judging.student import Student
    from judgekit.records.dataset import Dataset
    from judgekit.records.judge import Judge
    from judgekit.records.run import Run
    from judgekit.workflows.distil import Distilled
    from judgekit.workflows.run import RunOptions

T = TypeVar("T")


@dataclass(frozen=True)
class AskedJudge:
    """A judge with what lies beside it."""

    judge: Judge
    folder: Path | None = None
    student: Student | None = None
    replies: Sequence[Recorded] | None = None


def run(
    judge: Judge | Distilled | str | Path,
    dataset: Dataset,
    *,
    engine: Engine | None = None,
    max_in_flight: int = 16,
) -> Run:
    """Return one judge's verdicts on every session (or pair) of a dataset; nothing is written to disk.

    Args:
        judge: A judge's folder or name, a prompt judge, or what `distil_student` returned.
        dataset: Sessions and pairs to judge.
        engine: What completes requests; None: the judge's own, with keys from the environment.
        max_in_flight: Most requests at once.

    Raises:
        InputError: A student judge is given without its weights.
    """
    from judgekit.workflows.run import targets_of

    asked = asked_judge(judge)
    if asked.student is not None:
        return _student_run(asked.judge, asked.student, dataset)
    if asked.judge.kind == "student":
        raise InputError(
            "a student judge needs its weights",
            where=asked.judge.name,
            hint='Give its folder: run("judges/NAME", data)',
        )
    if asked.judge.kind == "panel":
        return _panel_run(asked, dataset, engine=engine, max_in_flight=max_in_flight)
    targets = targets_of(asked.judge, dataset.sessions, dataset.pairs)
    if asked.judge.kind in ("check", "stored"):
        return _given_run(asked, targets)
    return _ask(asked, targets, engine, max_in_flight)


def asked_judge(judge: Judge | Distilled | str | Path) -> AskedJudge:
    """Return a judge, however it is given, with what lies beside it."""
    from judgekit.adapters.engines.replay import read_replies
    from judgekit.adapters.store.judge import JudgeFolder, load_judge, with_project_rules
    from judgekit.adapters.store.project import find_judge
    from judgekit.adapters.store.student import load_student
    from judgekit.workflows.distil import Distilled

    if isinstance(judge, Distilled):
        return AskedJudge(judge.judge, student=judge.student)
    if not isinstance(judge, str | Path):
        return AskedJudge(with_project_rules(judge))
    folder = JudgeFolder(find_judge(str(judge)))
    loaded = load_judge(folder.path)
    if loaded.kind == "student":
        return AskedJudge(loaded, student=load_student(folder.weights_path))
    replies = read_replies(folder.path / "replies.jsonl") if loaded.engine == "replay" else None
    return AskedJudge(loaded, folder.path, replies=replies)


def with_engine(
    asked: AskedJudge, engine: Engine | None, max_in_flight: int, work: Callable[[Engine], Coroutine[Any, Any, T]]
) -> T:
    """Return what some work with a judge's engine comes to; an engine made here is closed here.

    Raises:
        EngineUnavailable: Key, model, quota or connection.
    """
    from judgekit.adapters.clock import SystemClock
    from judgekit.adapters.engines.choice import EngineWorld, choose_engine

    async def working() -> T:
        world = EngineWorld(os.environ, SystemClock(), max_in_flight=max_in_flight, replies=asked.replies)
        answering = engine or choose_engine(asked.judge, world)
        try:
            return await work(answering)
        finally:
            if engine is None:
                await answering.close()

    return _in_a_loop(working())


async def run_with(
    judge: Judge, targets: Sequence[Target], *, engine: Engine, store: Store, options: RunOptions
) -> Run:
    """Return a judge's run over targets, kept in memory."""
    import numpy as np

    from judgekit.adapters.clock import SystemClock
    from judgekit.judging.runner.sink import MemorySink
    from judgekit.workflows.run import Surroundings, run_judge

    sink = MemorySink()
    rng = np.random.default_rng()  # jitter only: no result depends on it
    around = Surroundings(engine, store, sink, SystemClock(), rng)
    manifest = await run_judge(judge, list(targets), around=around, options=options)
    return sink.run(manifest, judge.verdict_lineage)


def _ask(asked: AskedJudge, targets: Sequence[Target], engine: Engine | None, max_in_flight: int) -> Run:
    from judgekit.adapters.prices import LitellmPrices
    from judgekit.judging.runner.store import MemoryStore
    from judgekit.workflows.run import RunOptions

    options = RunOptions(max_in_flight, prices=LitellmPrices())
    return with_engine(
        asked,
        engine,
        max_in_flight,
        lambda answering: run_with(asked.judge, targets, engine=answering, store=MemoryStore(), options=options),
    )


def _student_run(judge: Judge, student: Student, dataset: Dataset) -> Run:
    from judgekit.adapters.clock import SystemClock
    from judgekit.judging.runner.sink import MemorySink
    from judgekit.workflows.distil import judge_with_student
    from judgekit.workflows.run import keep_outcomes, targets_of

    clock, sink = SystemClock(), MemorySink()
    targets = targets_of(judge, dataset.sessions, dataset.pairs)
    outcomes = judge_with_student(judge, student, dataset, now=clock.now())
    manifest = keep_outcomes(judge, targets, outcomes, sink=sink, clock=clock)
    return sink.run(manifest, judge.verdict_lineage)


def _given_run(asked: AskedJudge, targets: list[Target]) -> Run:
    from judgekit.adapters.clock import SystemClock
    from judgekit.adapters.given import given_outcomes
    from judgekit.judging.runner.sink import MemorySink
    from judgekit.workflows.run import keep_outcomes

    clock, sink = SystemClock(), MemorySink()
    outcomes = given_outcomes(asked.judge, asked.folder, targets, now=clock.now())
    manifest = keep_outcomes(asked.judge, targets, outcomes, sink=sink, clock=clock)
    return sink.run(manifest, asked.judge.verdict_lineage)


def _panel_run(asked: AskedJudge, dataset: Dataset, *, engine: Engine | None, max_in_flight: int) -> Run:
    import numpy as np

    from judgekit.adapters.clock import SystemClock
    from judgekit.adapters.store.judge import JudgeFolder
    from judgekit.judging.runner.sink import MemorySink
    from judgekit.workflows.panel import PanelWorthOf, combine_runs
    from judgekit.workflows.run import targets_of

    if asked.folder is None:
        what = "a panel needs its members' folders"
        raise InputError(what, where=asked.judge.name, hint='Give its folder: run("judges/NAME", data)')
    folders = JudgeFolder(asked.folder).member_folders(asked.judge)
    runs = [run(folder, dataset, engine=engine, max_in_flight=max_in_flight) for folder in folders]
    sink = MemorySink()
    manifest = combine_runs(
        asked.judge,
        targets_of(asked.judge, dataset.sessions, dataset.pairs),
        {each.manifest.judge: (each.manifest, each.outcomes) for each in runs},
        sink=sink,
        clock=SystemClock(),
        worth=PanelWorthOf(dataset.unit, np.random.default_rng(SEED)),
    )
    return sink.run(manifest, asked.judge.verdict_lineage)


def _in_a_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, also where a loop is running already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    found: list[T] = []
    failed: list[BaseException] = []

    def alone() -> None:
        try:
            found.append(asyncio.run(work))
        except BaseException as error:  # noqa: BLE001  # carried over to the caller's thread
            failed.append(error)

    thread = threading.Thread(target=alone)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return found[0]
