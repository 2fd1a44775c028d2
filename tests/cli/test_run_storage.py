"""`judgekit run` when what it writes to is shared, full or damaged: one clear line, and nothing kept is lost."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from judgekit.adapters.store.run import RunFolder
from judgekit.testing import FaultyServer
from tests.cli.test_cli_run import GOOD, items, make_project, wait_until

IN_FLIGHT = 8
DISK_KB = 400
SLOW = pytest.mark.slow


def command(*more: str) -> list[str]:
    """Return the run of the project's judge over its sessions."""
    return [sys.executable, "-m", "judgekit", "run", "j", "sessions.jsonl", "--max-in-flight", str(IN_FLIGHT), *more]


def run(project: Path, *more: str, file_limit: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run it to its end, with a limit on the size of each file where one is given, in bytes."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit or 0, resource.RLIM_INFINITY))

    return subprocess.run(
        command(*more),
        cwd=project,
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=limited if file_limit is not None else None,
    )


def the_one_line(done: subprocess.CompletedProcess[str], code: int) -> str:
    """Check that a command ended with a code and a single line of what is wrong; return that."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("judgekit:")]
    return line


def check_whole(project: Path, out: str, n: int) -> None:
    """Check that a run has each session once."""
    held = RunFolder(project / out).load()
    assert held.manifest.state == "complete"
    assert [verdict.session for verdict in held.verdicts] == [f"s{i:03}" for i in range(n)]
    assert len({call.id for call in held.calls}) == len(held.calls) == n


@pytest.mark.slow
def test_two_runs_at_once_share_the_store(tmp_path: Path) -> None:
    """Both come to their end, neither loses a reply, and a third pays for nothing."""
    project = make_project(tmp_path, 200)
    with FaultyServer(GOOD, latency_s=0.01) as server:
        where = ("--base-url", server.base_url)
        both = [subprocess.Popen(command("-o", out, *where), cwd=project, stderr=subprocess.PIPE, text=True)
                for out in ("one", "two")]  # fmt: skip
        for process in both:
            _, err = process.communicate(timeout=60)
            assert process.returncode == 0, err
        assert max(items(server).values()) <= 2
        n_asked = server.n_requests
        assert run(project, "-o", "three", *where).returncode == 0
        assert server.n_requests == n_asked
    for out in ("one", "two", "three"):
        check_whole(project, out, 200)


@pytest.mark.slow
def test_a_run_killed_while_another_goes_on_leaves_the_store_whole(tmp_path: Path) -> None:
    """A kill in the middle of one's writing does not hold the other up, nor harm what it keeps."""
    project = make_project(tmp_path, 200)
    with FaultyServer(GOOD, latency_s=0.01) as server:
        where = ("--base-url", server.base_url)
        one, two = (
            subprocess.Popen(command("-o", out, *where), cwd=project, stderr=subprocess.PIPE, text=True)
            for out in ("one", "two")
        )
        wait_until(lambda: server.answered.total() >= 60)
        one.kill()
        one.communicate()
        _, err = two.communicate(timeout=60)
        assert two.returncode == 0, err
        n_asked = server.n_requests
        assert run(project, "-o", "one", *where).returncode == 0
        assert server.n_requests == n_asked, "all that it wants is in the store"
    check_whole(project, "one", 200)
    check_whole(project, "two", 200)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a file system of its own with little room; skip, and say so, where none can be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_KB}k", "tmpfs", str(place)], capture_output=True, text=True
    ) if os.geteuid() == 0 else None  # fmt: skip
    if mounted is None or mounted.returncode != 0:
        pytest.skip("a small file system can only be mounted by root")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.slow
def test_a_full_disk_stops_the_run_and_loses_nothing_that_was_kept(small_disk: Path) -> None:
    """Code 2 and one line that says so; with room again the same command asks only for what was not kept."""
    n = 300
    project = make_project(small_disk, n)
    with FaultyServer(GOOD, latency_s=0.002) as server:
        where = ("-o", "out", "--base-url", server.base_url)
        line = the_one_line(run(project, *where), 2)
        assert "space" in line or "full" in line, line
        n_answered = server.answered.total()
        assert IN_FLIGHT < n_answered < n, "the disk was to be full in the middle"
        subprocess.run(["mount", "-o", "remount,size=32m", str(small_disk)], check=True)
        assert run(project, *where).returncode == 0
        assert server.answered.total() - n <= IN_FLIGHT, "what was kept was asked again"
    check_whole(project, "out", n)


@pytest.mark.slow
@pytest.mark.parametrize("limit_kb", [16, pytest.param(48, marks=SLOW), pytest.param(96, marks=SLOW)])
def test_a_file_that_may_not_grow_stops_the_run_and_loses_nothing_that_was_kept(tmp_path: Path, limit_kb: int) -> None:
    """Likewise where a limit on the size of files is met, whichever of the run's files meets it first."""
    n = 300
    project = make_project(tmp_path, n)
    with FaultyServer(GOOD, latency_s=0.002) as server:
        where = ("-o", "out", "--base-url", server.base_url)
        the_one_line(run(project, *where, file_limit=limit_kb * 1024), 2)
        assert server.answered.total() < n
        assert run(project, *where).returncode == 0
        assert server.answered.total() - n <= IN_FLIGHT, "what was kept was asked again"
    check_whole(project, "out", n)


@pytest.mark.slow
@pytest.mark.parametrize(
    "damage", ["no database", pytest.param("torn page", marks=SLOW), pytest.param("empty", marks=SLOW)]
)
def test_a_damaged_store_is_named_and_the_runs_own_calls_stand_in(tmp_path: Path, damage: str) -> None:
    """Code 2 and the file to move away, before anything is sent; then the run's folder gives the replies back."""
    project = make_project(tmp_path, 60)
    with FaultyServer(GOOD) as server:
        where = ("-o", "out", "--base-url", server.base_url)
        assert run(project, *where, "--limit", "40").returncode == 0
        store = project / ".judgekit/replies.sqlite"
        for beside in store.parent.glob("replies.sqlite-*"):
            beside.unlink()
        whole = store.read_bytes()
        torn = whole[:4096] + b"\xff" * 4096 + whole[8192:]
        store.write_bytes({"no database": b"not a database at all\n" * 400, "torn page": torn, "empty": b""}[damage])
        if damage != "empty":  # an empty file is a new store to sqlite, and the folder's calls fill it
            line = the_one_line(run(project, *where), 2)
            assert "replies.sqlite" in line
            assert "ove it away" in line
            assert server.n_requests == 40
            store.rename(store.with_suffix(".broken"))
        assert run(project, *where).returncode == 0
        assert server.n_requests == 60, "what the run's folder keeps was asked again"
    check_whole(project, "out", 60)
