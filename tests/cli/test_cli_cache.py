"""`judgekit cache export`: a run becomes a file that replays it to the byte, with no network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from judgekit.adapters.store.judge import JudgeFolder
from judgekit.cli.main import main
from judgekit.testing import Fault, FaultyServer
from tests.cli.test_cli_run import GOOD, make_project

TWENTY = 20


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project with twenty sessions, as the working folder."""
    monkeypatch.chdir(make_project(tmp_path, TWENTY))
    return tmp_path


def answer(body: dict[str, Any]) -> str:
    """Answer well, but for one session never, and for another only when asked again."""
    first, last = body["messages"][0]["content"], body["messages"][-1]["content"]
    if "ITEM-003" in first or ("ITEM-004" in first and first == last):
        return "gibberish"
    return GOOD


def bad_request(_: int, body: dict[str, Any]) -> Fault | None:
    refused = {"message": "no such thing", "type": "invalid_request_error"}
    return Fault("status", 400, refused) if "ITEM-007" in body["messages"][0]["content"] else None


def test_a_replay_is_the_run_to_the_byte(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Verdicts, failures, latencies, costs and times are the original's; the manifest says that it is a replay."""
    with FaultyServer(answer, faults=bad_request) as server:
        url = ("--base-url", server.base_url)
        assert main(["run", "j", "sessions.jsonl", "-o", "out", *url]) == 0
        assert main(["cache", "export", "out", "-o", "replies.jsonl"]) == 0
        (project / ".judgekit/replies.sqlite").unlink()
    assert main(["run", "j", "sessions.jsonl", "-o", "again", *url, "--replay", "replies.jsonl"]) == 0
    for name in ("verdicts.jsonl", "calls.jsonl"):
        assert (project / "again" / name).read_bytes() == (project / "out" / name).read_bytes()
    first, second = (json.loads((project / run / "run.json").read_text()) for run in ("out", "again"))
    assert (first["engine"], second["engine"]) == ("openai-compatible", "replay")
    assert second["failures"] == first["failures"] == {"engine_error": 1, "unparsed": 1}
    assert second["sessions"] == first["sessions"]
    capsys.readouterr()


def test_the_file_is_sorted_by_session(project: Path) -> None:
    """Replies stand as the run's outcomes do, whatever order they came in."""
    with FaultyServer(GOOD, latency_s=0.01) as server:
        assert main(["run", "j", "sessions.jsonl", "-o", "out", "--base-url", server.base_url]) == 0
    assert main(["cache", "export", "out", "-o", "replies.jsonl"]) == 0
    requests = [json.loads(line)["request"] for line in (project / "replies.jsonl").read_text().splitlines()]
    calls = {
        row["id"]: row["request"] for row in map(json.loads, (project / "out/calls.jsonl").read_text().splitlines())
    }
    verdicts = [json.loads(line) for line in (project / "out/verdicts.jsonl").read_text().splitlines()]
    assert [row["session"] for row in verdicts] == sorted(row["session"] for row in verdicts)
    assert requests == [calls[row["call"]] for row in verdicts]


def test_only_a_complete_run_with_calls_is_exported(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A stopped run, a folder that is none: one line each."""
    with FaultyServer(GOOD, faults={0: Fault("status", 401, {"message": "bad key"})}) as server:
        assert main(["run", "j", "sessions.jsonl", "-o", "out", "--base-url", server.base_url]) == 7
    capsys.readouterr()
    assert main(["cache", "export", "out", "-o", "replies.jsonl"]) == 2
    assert "the run is stopped" in capsys.readouterr().err
    assert main(["cache", "export", "nowhere", "-o", "replies.jsonl"]) == 2
    assert not (project / "replies.jsonl").exists()
    JudgeFolder(project / "judges/j").load()
