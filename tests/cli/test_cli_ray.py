"""`judgekit run --ray`: real Ray on this machine, two workers; what dies loses nothing and pays nothing twice.

Each test is a command in a process of its own, which begins and ends its own Ray.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from judgekit.adapters.store.run import RunFolder
from judgekit.testing import Fault, FaultyServer
from tests.cli.test_cli_run import GOOD, items, make_project, wait_until

pytestmark = pytest.mark.ray
N = 120
IN_FLIGHT = 4


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project with 120 sessions, as the working folder."""
    monkeypatch.chdir(make_project(tmp_path, N))
    return tmp_path


def start(server: FaultyServer, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "judgekit", "run", "j", "sessions.jsonl", "-o", "out", "--ray", "2"]
    limits = ["--base-url", server.base_url, "--max-in-flight", str(IN_FLIGHT), *more]
    return subprocess.Popen([*command, *limits], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Return exit code, output and talk."""
    out, said = process.communicate(timeout=240)
    return process.returncode, out, said


def wait_for_answers(server: FaultyServer, n: int, process: subprocess.Popen[str]) -> None:
    """Wait until the server has given so many; fail with what the command says where it ends before."""
    wait_until(lambda: server.answered.total() >= n or process.poll() is not None, 120)
    if process.poll() is not None:
        pytest.fail(f"ended too soon: {ended(process)}")


def workers_of(pid: int) -> list[int]:
    """Return the processes below this one that run a part now."""
    parents: dict[int, int] = {}
    busy = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "stat").read_text().rpartition(")")[2].split()
            title = (folder / "cmdline").read_bytes()
        except OSError:
            continue  # it ended meanwhile
        parents[int(folder.name)] = int(words[1])
        if title.startswith(b"ray::") and b"run_part" in title:
            busy.add(int(folder.name))
    return [each for each in busy if pid in _above(each, parents)]


def _above(pid: int, parents: dict[int, int]) -> list[int]:
    found = []
    while pid in parents:
        pid = parents[pid]
        found.append(pid)
    return found


def check_whole(project: Path, server: FaultyServer) -> None:
    """Every session has its verdict, and the folder is what a plain run leaves."""
    run = RunFolder(project / "out").load()
    assert (run.manifest.state, run.manifest.shard, run.manifest.n_expected) == ("complete", None, N)
    assert [verdict.session for verdict in run.verdicts] == [f"s{i:03}" for i in range(N)]
    assert len(items(server)) == N
    n_before = server.n_requests
    plain = [
        sys.executable,
        "-m",
        "judgekit",
        "run",
        "j",
        "sessions.jsonl",
        "-o",
        "plain",
        "--base-url",
        server.base_url,
    ]
    assert subprocess.run(plain, capture_output=True).returncode == 0
    assert server.n_requests == n_before, "a plain run finds every reply in the store"
    for name in ("verdicts.jsonl", "calls.jsonl"):
        assert (project / "plain" / name).read_bytes() == (project / "out" / name).read_bytes()
    assert RunFolder("plain").manifest().sessions == run.manifest.sessions


def test_a_run_on_two_workers_is_the_plain_run(project: Path) -> None:
    """To the byte, with the limits kept over all workers; the same command again asks nothing."""
    with FaultyServer(GOOD, latency_s=0.02) as server:
        code, out, said = ended(start(server))
        assert (code, "j: 120 verdicts of 120" in out) == (0, True), said
        assert "8 of 8 parts done" in said
        assert max(map(len, said.splitlines())) <= 80, "Ray keeps quiet"
        assert server.max_in_flight <= IN_FLIGHT
        assert server.n_requests == N
        check_whole(project, server)


def test_a_killed_worker_loses_nothing(project: Path) -> None:
    """SIGKILL in the middle, twice: Ray begins the part again; only what was in flight is asked again."""
    with FaultyServer(GOOD, latency_s=0.1) as server:
        process = start(server)
        n_killed = 0
        for n_answered in (20, 60):
            wait_for_answers(server, n_answered, process)
            victim = workers_of(process.pid)[0]
            os.kill(victim, signal.SIGKILL)
            n_killed += 1
        code, _, said = ended(process)
        assert code == 0, said
        again = items(server).total() - N
        assert 0 <= again <= n_killed * IN_FLIGHT // 2, "a finished call was repeated"
        spending = RunFolder("out").manifest().spending
        assert spending is not None
        assert spending.n_answered <= items(server).total() <= spending.n_answered + spending.n_possible
        check_whole(project, server)


def test_a_killed_command_is_continued_by_the_same_one(project: Path) -> None:
    """Its workers end with it; the next command takes up the same parts, whatever the number of workers."""
    with FaultyServer(GOOD, latency_s=0.1) as server:
        process = start(server)
        wait_for_answers(server, 40, process)
        process.kill()
        ended(process)
        wait_until(lambda: _is_still(server), 60)
        again = start(server, "--max-in-flight", "3")
        code, _, said = ended(again)
        assert code == 0, said
        assert items(server).total() - N <= IN_FLIGHT
        assert len(list((project / "out/parts").iterdir())) == 8
        check_whole(project, server)


def _is_still(server: FaultyServer) -> bool:
    before = server.n_requests
    time.sleep(2)
    return server.n_requests == before


def test_a_refused_key_ends_the_command_at_once(project: Path) -> None:
    """One clear line, exit code 7, and what was done is kept."""
    refused = Fault("status", 401, {"message": "no such key", "type": "invalid_request_error"})
    with FaultyServer(GOOD, faults=lambda number, _: refused if number >= 10 else None) as server:
        code, _, said = ended(start(server))
    assert code == 7, said
    assert "no such key" in said
    assert [line for line in said.splitlines() if "parts done" not in line][1:] == []
    assert project
