"""`judgekit run --batch`: half the price, nothing lost, nothing handed in twice."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from judgekit.adapters.store.batches import BatchFile
from judgekit.adapters.store.run import RunFolder
from judgekit.cli.main import main
from judgekit.records.run import Run
from judgekit.testing import BatchServer, FaultyServer
from tests.cli.test_cli_run import GOOD, make_project, wait_until


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project with thirty sessions, as the working folder."""
    monkeypatch.chdir(make_project(tmp_path, 30))
    return tmp_path


def run(server: Any, *more: str) -> int:
    return main(["run", "j", "sessions.jsonl", "-o", "out", "--base-url", server.base_url, *more])


def in_batches(server: Any, *more: str) -> int:
    return run(server, "--batch", "--poll", "0.05", *more)


def made() -> Run:
    return RunFolder("out").load()


@pytest.mark.usefixtures("project")
def test_a_batch_costs_half_and_means_the_same() -> None:
    """The verdicts are those of single calls, for half the dollars."""
    with BatchServer(GOOD) as server:
        assert in_batches(server) == 0
        assert (server.n_batches, server.answered.total()) == (1, 30)
    done = made()
    assert {verdict.value for verdict in done.verdicts} == {3}
    assert len(done.verdicts) == 30
    # gpt-4o-mini: $0.15 and $0.60 a million tokens; 100 read and 10 written each
    assert done.manifest.cost_usd == pytest.approx(30 * (100 * 0.15 + 10 * 0.60) / 1e6 / 2)
    assert done.manifest.spending is not None
    assert done.manifest.spending.n_possible == 0


@pytest.mark.usefixtures("project")
def test_replies_of_batches_stand_for_single_calls() -> None:
    """What a batch paid for is not asked again by a run without batches."""
    with BatchServer(GOOD) as server:
        assert in_batches(server) == 0
        assert run(server) == 0
    assert (made().manifest.n_requests, made().manifest.n_reused) == (0, 30)


@pytest.mark.usefixtures("project")
def test_what_cannot_be_read_or_is_lost_goes_into_the_next_batch() -> None:
    """An unreadable reply is asked again with its fault told; a missing answer and a 500 are handed in once more."""
    seen: set[str] = set()

    def answer(body: dict[str, Any]) -> str | int | None:
        text = body["messages"][0]["content"]
        is_first = text not in seen
        seen.add(text)
        if is_first and "ITEM-001" in text:
            return None
        if is_first and "ITEM-002" in text:
            return 500
        return "gibberish" if is_first and "ITEM-003" in text else GOOD

    with BatchServer(answer) as server:
        assert in_batches(server) == 0
        assert server.n_batches == 2
    done = made()
    assert len(done.verdicts) == 30
    assert done.manifest.n_requests == 33
    assert done.manifest.n_asked_again == 1


@pytest.mark.usefixtures("project")
def test_an_expired_batch_keeps_what_came_in_time() -> None:
    """Answers of an expired batch count; the rest is handed in again, and given up in the end."""
    with BatchServer(
        lambda body: None if "ITEM-005" in body["messages"][0]["content"] else GOOD, ends="expired"
    ) as server:
        assert in_batches(server) == 0
        assert server.n_batches == 3
    done = made()
    assert len(done.verdicts) == 29
    assert [(failure.session, failure.status) for failure in done.failures] == [("s005", "engine_error")]


def killed_at(project: Path, server: BatchServer, condition: Any) -> None:
    command = [sys.executable, "-m", "judgekit", "run", "j", "sessions.jsonl", "-o", "out"]
    more = ["--base-url", server.base_url, "--batch", "--poll", "0.3"]
    with subprocess.Popen([*command, *more], cwd=project, stderr=subprocess.DEVNULL) as process:
        wait_until(condition)
        process.send_signal(signal.SIGKILL)


@pytest.mark.slow
def test_a_killed_run_finds_its_batch_again(project: Path) -> None:
    """After kill -9 nothing is handed in twice, also when the kill came before the provider's id was written down."""
    with BatchServer(GOOD, n_looks=5) as server:
        killed_at(project, server, lambda: server.n_batches == 1)
        lines = BatchFile(project / "out").lines()
        if lines[-1].state == "submitted":  # as if the kill had come a moment sooner
            path = project / "out/batches.jsonl"
            path.write_text(path.read_text().splitlines(keepends=True)[0])
        assert in_batches(server) == 0
        assert server.n_batches == 1
        assert set(server.answered.values()) == {1}
    assert len(made().verdicts) == 30


@pytest.mark.usefixtures("project")
def test_a_refused_batch_is_one_clear_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The provider's words, and the way out; nothing counts as charged."""
    with BatchServer(GOOD) as server:
        server.refusal = "this model has no batches"
        assert in_batches(server) == 2
        assert "this model has no batches. Run without --batch" in capsys.readouterr().err
        server.refusal = None
        assert in_batches(server) == 0


@pytest.mark.usefixtures("project")
def test_a_server_without_batches_is_one_clear_line(capsys: pytest.CaptureFixture[str]) -> None:
    """An endpoint that knows nothing of files is unavailable for this."""
    with FaultyServer(GOOD) as server:
        assert in_batches(server) == 7
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


@pytest.mark.usefixtures("project")
def test_the_cap_counts_a_whole_batch_before_it_is_handed_in() -> None:
    """No more goes into a batch than fits under the cap; the same command with a new cap continues."""
    with BatchServer(GOOD) as server:
        assert in_batches(server, "--max-cost", "0.004") == 6
        first = server.answered.total()
        assert 0 < first < 30
        assert in_batches(server, "--max-cost", "1") == 0
        assert server.answered.total() == 30
    assert len(made().verdicts) == 30


@pytest.mark.usefixtures("project")
def test_waves_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than the provider takes in one batch goes into several, a few of them at a time."""
    monkeypatch.setattr("judgekit.judging.runner.batch.MAX_REQUESTS", 4)
    counter = itertools.count()
    with BatchServer(lambda _: GOOD if next(counter) >= 0 else None) as server:
        assert in_batches(server) == 0
        assert server.n_batches == 8
    assert len(made().verdicts) == 30
