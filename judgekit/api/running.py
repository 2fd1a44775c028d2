"""Running a judge in memory, whatever is given of it: a folder, a record, or what was just distilled."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from judgekit.errors import InputError

if TYPE_CHECKING:
    from judgekit.adapters.engines.replay import Recorded
    from judgekit.judging.ports import Engine
    from judgekit.judging.runner.interview import Target
    from judgekit.judging.student import Student
    from judgekit.records.dataset import Dataset
    from judgekit.records.judge import Judge
    from judgekit.records.run import Run
    from judgekit.workflows.distil import Distilled

T = TypeVar("T")


@dataclass(frozen=True)
class _Asked:
    """A judge with what lies beside it."""

    judge: Judge
    folder: Path | None = None
    student: Student | None = None
    replies: Sequence[Recorded] | None = None


def run_in_memory(
    judge: Judge | Distilled | str | Path, dataset: Dataset, *, engine: Engine | None, max_in_flight: int
) -> Run:
    """Return one judge's verdicts on every session (or pair) of a dataset.

    Raises:
        InputError: A student judge is given without its weights.
    """
    from judgekit.workflows.run import targets_of

    asked = _asked(judge)
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
    return _in_a_loop(_ask(asked, targets, engine, max_in_flight))


def _asked(judge: Judge | Distilled | str | Path) -> _Asked:
    from judgekit.adapters.engines.replay import read_replies
    from judgekit.adapters.store.judge import JudgeFolder, load_judge, with_project_rules
    from judgekit.adapters.store.project import find_judge
    from judgekit.adapters.store.student import load_student
    from judgekit.workflows.distil import Distilled

    if isinstance(judge, Distilled):
        return _Asked(judge.judge, student=judge.student)
    if not isinstance(judge, str | Path):
        return _Asked(with_project_rules(judge))
    folder = JudgeFolder(find_judge(str(judge)))
    loaded = load_judge(folder.path)
    if loaded.kind == "student":
        return _Asked(loaded, student=load_student(folder.weights_path))
    replies = read_replies(folder.path / "replies.jsonl") if loaded.engine == "replay" else None
    return _Asked(loaded, folder.path, replies=replies)


async def _ask(asked: _Asked, targets: list[Target], engine: Engine | None, max_in_flight: int) -> Run:
    import numpy as np

    from judgekit.adapters.clock import SystemClock
    from judgekit.adapters.engines.choice import EngineWorld, choose_engine
    from judgekit.adapters.prices import LitellmPrices
    from judgekit.judging.runner.sink import MemorySink
    from judgekit.judging.runner.store import MemoryStore
    from judgekit.workflows.run import RunOptions, Surroundings, run_judge

    clock = SystemClock()
    world = EngineWorld(os.environ, clock, max_in_flight=max_in_flight, replies=asked.replies)
    answering = engine or choose_engine(asked.judge, world)
    sink = MemorySink()
    around = Surroundings(answering, MemoryStore(), sink, clock, np.random.default_rng())
    try:
        options = RunOptions(max_in_flight, prices=LitellmPrices())
        manifest = await run_judge(asked.judge, targets, around=around, options=options)
    finally:
        if engine is None:
            await answering.close()
    return sink.run(manifest, asked.judge.verdict_lineage)


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


def _given_run(asked: _Asked, targets: list[Target]) -> Run:
    from judgekit.adapters.clock import SystemClock
    from judgekit.adapters.given import given_outcomes
    from judgekit.judging.runner.sink import MemorySink
    from judgekit.workflows.run import keep_outcomes

    clock, sink = SystemClock(), MemorySink()
    outcomes = given_outcomes(asked.judge, asked.folder, targets, now=clock.now())
    manifest = keep_outcomes(asked.judge, targets, outcomes, sink=sink, clock=clock)
    return sink.run(manifest, asked.judge.verdict_lineage)


def _panel_run(asked: _Asked, dataset: Dataset, *, engine: Engine | None, max_in_flight: int) -> Run:
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
    runs = [run_in_memory(folder, dataset, engine=engine, max_in_flight=max_in_flight) for folder in folders]
    sink = MemorySink()
    manifest = combine_runs(
        asked.judge,
        targets_of(asked.judge, dataset.sessions, dataset.pairs),
        {run.manifest.judge: (run.manifest, run.outcomes) for run in runs},
        sink=sink,
        clock=SystemClock(),
        worth=PanelWorthOf(dataset.unit, np.random.default_rng(7)),
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
