"""A run stopped dead a hundred times: each verdict once, nothing finished paid again, the bill within what is said.

Slow, and counted in kills: 88 in forked processes, whose life is the run itself, and 12 in newly started ones, whose
first seconds are start-up. A run's folder is killed and continued until it comes to its end, then the next begins.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pytest

from judgekit.adapters.prices import LitellmPrices
from judgekit.adapters.store.run import RunFolder
from judgekit.testing import FaultyServer
from tests.cli.launching import Nursery
from tests.cli.test_cli_run import GOOD, items, make_project

N_SESSIONS, IN_FLIGHT, LATENCY_S = 60, 4, 0.015
N_FORKED, N_STARTED = 88, 12
TAIL_S = 0.06
"""After the last answer: verdicts are written, sorted and replaced, and the manifest is written."""
MODEL = "gpt-4o-mini"


class Started(Protocol):
    """A command under way."""

    pid: int

    def wait(self) -> int:
        """Return its exit code."""


@dataclass(frozen=True)
class Sends:
    """What a run's record of sends comes to, as it lies on disk."""

    n_sent: int
    n_answered: int
    n_open: int
    cost_usd: float
    possible_usd: float

    @classmethod
    def of(cls, folder: Path) -> Sends:
        """Add up the whole lines; a kill may have cut the last one."""
        path = folder / "sends.jsonl"
        lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        rows = [json.loads(line) for line in lines if line.endswith(b"\n")]
        n = Counter(row["state"] for row in rows)
        possible = sum(row["estimate_usd"] * (1 if row["state"] == "sent" else -1) for row in rows)
        cost = sum(row.get("cost_usd", 0.0) for row in rows)
        return cls(n["sent"], n["answered"], n["sent"] - n["answered"] - n["rejected"], cost, possible)


@dataclass
class Tried:
    """One run's folder with its own server, through all its kills."""

    project: Path
    server: FaultyServer
    n_kills: int = 0
    stages: Counter[str] = field(default_factory=Counter)
    _n_open: int = 0

    @property
    def words(self) -> tuple[str, ...]:
        """The command, always the same."""
        where = ("--base-url", self.server.base_url, "--max-in-flight", str(IN_FLIGHT))
        return ("run", "j", "sessions.jsonl", "-o", "out", *where)

    @property
    def folder(self) -> Path:
        """The run's."""
        return self.project / "out"

    def check_stop(self) -> None:
        """Hold what is on disk against what the server counts, once all that was under way there is answered."""
        self._let_server_settle()
        sends = Sends.of(self.folder)
        n_answered = self.server.answered.total()
        assert sends.n_answered <= n_answered <= sends.n_answered + sends.n_open
        assert sends.n_open - self._n_open <= IN_FLIGHT, "more than was in flight is in doubt"
        charged_usd = n_answered * self._price_usd()
        assert sends.cost_usd <= charged_usd + 1e-12
        assert charged_usd <= sends.cost_usd + sends.possible_usd + 1e-12
        self._n_open = sends.n_open

    def check_end(self) -> None:
        """Every session has one verdict, each of a call that is kept; what was asked twice was in doubt at a kill."""
        self.check_stop()
        run = RunFolder(self.folder).load()
        assert run.manifest.state == "complete"
        assert [outcome.target for outcome in run.verdicts] == [f"s{i:03}" for i in range(N_SESSIONS)]
        assert not run.failures
        assert len({call.id for call in run.calls}) == len(run.calls) == N_SESSIONS
        assert {verdict.call for verdict in run.verdicts} == {call.id for call in run.calls}
        spending = run.manifest.spending
        assert spending is not None
        sends = Sends.of(self.folder)
        assert (spending.n_sent, spending.n_answered) == (sends.n_sent, sends.n_answered)
        assert spending.cost_usd == pytest.approx(sends.cost_usd)
        assert spending.possible_usd == pytest.approx(sends.possible_usd, abs=1e-9)
        asked = items(self.server)
        assert len(asked) == N_SESSIONS
        assert asked.total() - N_SESSIONS <= sends.n_open, "a finished call was repeated"
        assert max(asked.values()) <= 1 + self.n_kills

    def _let_server_settle(self) -> None:
        end = time.monotonic() + 10
        before = -1
        while before != self.server.n_requests or self.server.n_requests != self.server.answered.total():
            assert time.monotonic() < end
            before = self.server.n_requests
            time.sleep(2 * LATENCY_S)

    def _price_usd(self) -> float:
        """What the server charges for one answer: it counts words, the same number in each."""
        if not self.server.requests:
            return 0.0
        (n_read,) = {sum(len(m["content"].split()) for m in body["messages"]) for body in self.server.requests}
        found = LitellmPrices({}).cost_usd(f"openai/{MODEL}", n_read, len(GOOD.split()))
        assert found is not None
        return found


@pytest.mark.slow
def test_killed_at_a_hundred_random_moments_a_run_loses_nothing_and_repeats_what_was_in_flight(
    tmp_path: Path,
) -> None:
    """SIGKILL, seeded: by time from the start, by answers received, and in the very last moments, 4 to 4 to 2."""
    dice = random.Random(20261123)
    warm = make_project(tmp_path / "warm", N_SESSIONS)
    with FaultyServer(GOOD, latency_s=LATENCY_S) as server:
        nursery = Nursery(warm, *Tried(warm, server).words)
    stages: Counter[str] = Counter()
    with nursery:
        whole_s = undisturbed_s(tmp_path / "whole", nursery)
        n_runs = kill_again_and_again(tmp_path / "forked", N_FORKED, whole_s, dice, stages, nursery)
    n_runs += kill_again_and_again(tmp_path / "started", N_STARTED, 2 * whole_s + 1.0, dice, stages, None)
    print(f"{N_FORKED + N_STARTED} kills in {n_runs} runs of {whole_s:.2f} s; at the kill: {dict(stages)}")
    assert stages.total() == N_FORKED + N_STARTED
    assert min(stages[stage] for stage in ("nothing sent", "asking", "all answered")) > 0, stages


def undisturbed_s(project: Path, nursery: Nursery) -> float:
    """Return how long a run takes that nobody kills."""
    make_project(project, N_SESSIONS)
    with FaultyServer(GOOD, latency_s=LATENCY_S) as server:
        tried = Tried(project, server)
        started = time.monotonic()
        assert nursery.start(project, *tried.words).wait() == 0
        taken_s = time.monotonic() - started
        tried.check_end()
    return taken_s


def kill_again_and_again(
    root: Path, n_kills: int, length_s: float, dice: random.Random, stages: Counter[str], nursery: Nursery | None
) -> int:
    """Kill that many times, over as many runs as it takes; return how many runs those were."""
    n_runs = 0
    while n_kills > 0:
        project = make_project(root / str(n_runs), N_SESSIONS)
        n_runs += 1
        with FaultyServer(GOOD, latency_s=LATENCY_S) as server:
            tried = Tried(project, server)
            while n_kills > 0 and killed_once(tried, length_s, dice, nursery):
                n_kills -= 1
            if n_kills == 0:
                assert launched(tried, nursery).wait() == 0
            tried.check_end()
            stages.update(tried.stages)
    return n_runs


def killed_once(tried: Tried, length_s: float, dice: random.Random, nursery: Nursery | None) -> bool:
    """Start the command and kill it at a moment of its life; return whether it was still alive by then."""
    aim, share, later = dice.choices(("time", "answers", "end"), (4, 4, 2))[0], dice.random(), dice.random()
    n_asked = len(items(tried.server))
    process = launched(tried, nursery)
    if aim == "time" or n_asked == N_SESSIONS:
        time.sleep(share * length_s)
    elif aim == "answers":
        wait_for_answers(tried, n_asked + int(share * (N_SESSIONS - n_asked)))
        time.sleep(later * LATENCY_S)
    else:
        wait_for_answers(tried, N_SESSIONS)
        time.sleep(share * TAIL_S)
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)
    code = process.wait()
    if code == 0:
        return False
    assert code == -signal.SIGKILL
    tried.n_kills += 1
    tried.stages[stage(tried)] += 1
    tried.check_stop()
    return True


def launched(tried: Tried, nursery: Nursery | None) -> Started:
    """Start the command, forked or with an interpreter of its own."""
    if nursery is not None:
        return nursery.start(tried.project, *tried.words)
    command = [sys.executable, "-m", "judgekit", *tried.words]
    return subprocess.Popen(command, cwd=tried.project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_for_answers(tried: Tried, n: int) -> None:
    """Wait until so many sessions have an answer."""
    end = time.monotonic() + 30
    while len(items(tried.server)) < n:
        assert time.monotonic() < end
        time.sleep(0.002)


def has_all(tried: Tried) -> bool:
    """Whether the server has answered for every session."""
    return len(items(tried.server)) >= N_SESSIONS


def stage(tried: Tried) -> str:
    """Say how far the run was when it was killed."""
    if not tried.server.n_requests:
        return "nothing sent"
    return "all answered" if has_all(tried) else "asking"
