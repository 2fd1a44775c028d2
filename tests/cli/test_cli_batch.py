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

HALF_PRICE_USD = (100 * 0.15 + 10 * 0.60) / 1e6 / 2
"""Of one answer: gpt-4o-mini's dollars a million tokens, for 100 read and 10 written."""


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
    assert done.manifest.cost_usd == pytest.approx(30 * HALF_PRICE_USD)
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


@pytest.mark.slow
def test_the_cap_counts_a_whole_batch_before_it_is_handed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more goes into a batch than fits under the cap; the same command with a new cap continues."""
    monkeypatch.chdir(make_project(tmp_path, 60))
    with BatchServer(GOOD) as server:
        assert in_batches(server, "--max-cost", "0.0004") == 6
        first = server.answered.total()
        assert 0 < first * HALF_PRICE_USD <= 0.0004
        assert in_batches(server, "--max-cost", "1") == 0
        assert server.answered.total() == 60
    assert len(made().verdicts) == 60


@pytest.mark.usefixtures("project")
def test_a_cap_that_the_whole_run_fits_under_stops_nothing() -> None:
    """A batch is counted at what it may cost at most; once it has landed cheaper, the rest goes into the next."""
    with BatchServer(GOOD) as server:
        assert in_batches(server, "--max-cost", "0.004") == 0
        assert server.n_batches == 2
    assert len(made().verdicts) == 30


@pytest.mark.usefixtures("project")
def test_failures_are_not_asked_anew_in_batches(capsys: pytest.CaptureFixture[str]) -> None:
    """What would be without effect is refused before anything is handed in."""
    with BatchServer(GOOD) as server:
        assert in_batches(server, "--retry-failures") == 2
        assert server.n_batches == 0
    assert "--retry-failures" in capsys.readouterr().err


@pytest.mark.usefixtures("project")
def test_a_lost_answer_to_a_submission_is_no_second_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody knows whether the batch was taken, the next command looks for it; nothing counts as free."""
    create, losing = BatchServer._create, [True]

    async def taken_and_lost(self: BatchServer, request: Any) -> Any:
        answer = await create(self, request)
        if losing:
            request.transport.abort()
        return answer

    monkeypatch.setattr(BatchServer, "_create", taken_and_lost)
    with BatchServer(GOOD) as server:
        assert in_batches(server) == 7
        spending = RunFolder("out").manifest().spending
        assert spending is not None
        assert spending.n_possible == 30
        losing.clear()
        assert in_batches(server) == 0
        assert server.n_batches == 1
        assert set(server.answered.values()) == {1}
    done = made()
    assert len(done.verdicts) == 30
    assert all(call.cost_usd for call in done.calls), "replies found again have their price"
    spending = done.manifest.spending
    assert spending is not None
    assert (spending.n_answered, spending.n_possible, spending.possible_usd) == (30, 0, 0.0)
    assert spending.cost_usd == pytest.approx(30 * HALF_PRICE_USD)


@pytest.mark.slow
@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("name", ["_list", "_content"])
def test_a_provider_that_stumbles_is_asked_again_for_what_it_holds(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A passing fault does not stop the fetching of an earlier command's batch; a lasting one is one clear line."""
    held, faults = getattr(BatchServer, name), [True] * 5

    async def stumbling(self: BatchServer, request: Any) -> Any:
        if faults:
            faults.pop()
            raise RuntimeError("made to fail")
        return await held(self, request)

    monkeypatch.setattr(BatchServer, name, stumbling)
    with BatchServer(GOOD) as server:
        assert in_batches(server) == (0 if name == "_list" else 7)
        lines = Path("out/batches.jsonl").read_text().splitlines(keepends=True)
        Path("out/batches.jsonl").write_text(lines[0])  # as if killed before the provider's id was written down
        faults[:] = [True] * 5
        assert in_batches(server) == 7
        faults[:] = [True] * 4
        assert in_batches(server) == 0
        assert server.n_batches == 1


@pytest.mark.usefixtures("project")
def test_an_answer_that_never_came_of_a_batch_may_have_been_charged() -> None:
    """A batch that ended without an answer to a request says nothing of its price."""
    with BatchServer(lambda body: None if "ITEM-005" in body["messages"][0]["content"] else GOOD) as server:
        assert in_batches(server) == 0
    spending = made().manifest.spending
    assert spending is not None
    assert (spending.n_answered, spending.n_possible) == (29, 3)
    assert spending.possible_usd


@pytest.mark.usefixtures("project")
def test_waves_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than the provider takes in one batch goes into several, a few of them at a time."""
    monkeypatch.setattr("judgekit.judging.runner.wave.MAX_REQUESTS", 4)
    counter = itertools.count()
    with BatchServer(lambda _: GOOD if next(counter) >= 0 else None) as server:
        assert in_batches(server) == 0
        assert server.n_batches == 8
    assert len(made().verdicts) == 30
