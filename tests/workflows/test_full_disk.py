"""Where nothing more can be written: one line, nothing sent that is not recorded, nothing asked again afterwards."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import numpy as np
import pytest

from judgekit.adapters.store.replies import ReplyStore
from judgekit.adapters.store.run import CALLS, SENDS, RunFolder
from judgekit.errors import FileProblem
from judgekit.judging.scaffold import new_judge
from judgekit.records.rubric import Criterion, Scale
from judgekit.records.session import Session, Turn
from judgekit.testing import ScriptedEngine, StillClock
from judgekit.workflows.run import RunOptions, Surroundings, run_judge

QUALITY = Criterion(id="quality", question="How good?", scale=Scale(type="ordinal", levels=(1, 2, 3)))
JUDGE = new_judge(QUALITY, name="j", model="openai/m")
N = 30
SESSIONS = [Session(id=f"s{n}", turns=(Turn(id="1", role="user", text=f"number {n}"),)) for n in range(N)]

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")


class FullFolder(RunFolder):
    """A run's folder in which one file lies on a full disk."""

    def __init__(self, path: Path, full: str) -> None:
        super().__init__(path)
        self._full = full

    def begin(self) -> None:
        """Begin as ever, then run out of space."""
        super().begin()
        (self.path / self._full).unlink(missing_ok=True)
        (self.path / self._full).symlink_to("/dev/full")


def run(sink: RunFolder, store: ReplyStore) -> tuple[int, str]:
    """Run the judge; give the requests that it sent, and the problem that stopped it."""
    engine = ScriptedEngine(lambda _: '{"reasoning": "So.", "value": 2}')
    around = Surroundings(engine, store, sink, StillClock(), np.random.default_rng(0))
    try:
        with sink:
            asyncio.run(run_judge(JUDGE, SESSIONS, around=around, options=RunOptions(4)))
    except FileProblem as problem:
        return len(engine.requests), str(problem)
    return len(engine.requests), ""


def test_nothing_is_sent_that_cannot_be_recorded(tmp_path: Path) -> None:
    """The record of sends comes before the request, so a full disk costs nothing."""
    with ReplyStore(tmp_path / "replies.sqlite") as store:
        n_sent, problem = run(FullFolder(tmp_path / "run", SENDS), store)
    assert "sends.jsonl: no space left on the device. Free some space" in problem
    assert n_sent == 0


def test_replies_that_cannot_be_written_down_are_kept_and_not_asked_again(tmp_path: Path) -> None:
    """What was committed before the disk was full is taken from the store by the same command, to the last one."""
    with ReplyStore(tmp_path / "replies.sqlite") as store:
        n_sent, problem = run(FullFolder(tmp_path / "run", CALLS), store)
        assert "calls.jsonl: no space left" in problem
        assert 0 < n_sent == len(store) < N
        (tmp_path / "run" / CALLS).unlink()
        assert run(RunFolder(tmp_path / "run"), store) == (N - n_sent, "")
    assert len(RunFolder(tmp_path / "run").load().verdicts) == N


def test_a_store_that_is_full_stops_the_run_and_loses_nothing_it_kept(tmp_path: Path) -> None:
    """Replies in flight when the store runs full may be lost, and are counted as possibly charged; no others are."""
    with ReplyStore(tmp_path / "replies.sqlite") as store:
        store._database.execute("PRAGMA max_page_count = 5")
        folder = RunFolder(tmp_path / "run")
        n_sent, problem = run(folder, store)
        spent, n_kept = folder.spending(), len(store)
    assert "the reply store refused: database or disk is full. Free some space" in problem
    assert n_kept < n_sent <= n_kept + 4 < N
    assert (spent.n_answered, spent.n_possible) == (n_kept, n_sent - n_kept)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_one_line(tmp_path: Path) -> None:
    """A run that cannot be begun sends nothing."""
    (tmp_path / "run").mkdir(mode=0o500)
    with ReplyStore(tmp_path / "replies.sqlite") as store:
        n_sent, problem = run(RunFolder(tmp_path / "run"), store)
    assert "permission denied" in problem
    assert n_sent == 0
