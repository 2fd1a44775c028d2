"""Where a run is written, and the replies already paid for that it begins with."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from judgekit.errors import FileProblem

if TYPE_CHECKING:
    from datetime import datetime

    from judgekit.adapters.store.run import RunFolder
    from judgekit.judging.ports import Engine, Store
    from judgekit.judging.runner.interview import Targets
    from judgekit.records.judge import Judge

STORE_FILE = "replies.sqlite"
"""Replies already paid for, in the project's cache."""
N_REMEMBERED = 1000
"""Calls of a run's folder that are put into the store at a time."""


def default_name(judge: Judge, shard: str | None) -> str:
    """Return what a run's folder is called where no name is given; a part has its own."""
    from judgekit.workflows.shard import Shard

    part = "" if shard is None else "-" + str(Shard.read(shard)).replace("/", "-of-")
    return f"{judge.name}-{judge.judge_fingerprint.removeprefix('sha256:')[:12]}{part}"


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


def begin_fresh(folder: RunFolder, store: Store, now: datetime) -> datetime:
    """Return since when replies count: from now on, or, for a fresh run that was interrupted, since it began."""
    from judgekit.judging.runner.store import FreshStore

    held = folder.manifest() if (folder.path / "run.json").is_file() else None
    if held is None or held.fresh_since is None or held.state == "complete" or not isinstance(store, FreshStore):
        return now
    since = held.fresh_since
    store.count(call for call in folder.each_call() if call.at is not None and call.at >= since)
    return since


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


def remember(folder: RunFolder, store: Store) -> None:
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
