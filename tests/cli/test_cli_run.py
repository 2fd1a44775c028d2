"""`judgekit run` over real HTTP: nothing lost, nothing paid twice, whatever happens on the way."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from judgekit.adapters.store.judge import JudgeFolder
from judgekit.adapters.store.run import RunFolder
from judgekit.cli.console import Console
from judgekit.cli.main import main
from judgekit.cli.progress import ProgressLine
from judgekit.judging.runner.progress import Progress
from judgekit.records.judge import Judge
from judgekit.records.rubric import Criterion, Scale
from judgekit.records.run import Run
from judgekit.testing import Fault, FaultyServer, drawn_faults

GOOD = json.dumps({"reasoning": "solved", "value": 3})
ALL_FAULTS = [Fault.rate_limit("1"), Fault("status", 500), Fault("reset"), Fault("malformed"), Fault("truncated")]


def make_project(root: Path, n: int, **changes: Any) -> Path:
    """Write a project with one judge and n sessions, each marked by its number."""
    criterion = Criterion(id="resolution", question="Solved?", scale=Scale(type="ordinal", levels=(1, 2, 3)))
    fields = {"criterion": criterion, "model": "openai/gpt-4o-mini", "user": "{{ session }}\n{{ answer_format }}"}
    judge = Judge.model_validate({"name": "j", **fields, "reading": {"retries": 3}, **changes})
    JudgeFolder(root / "judges/j").write(judge)
    (root / "judgekit.toml").write_text("")
    rows = [{"id": f"s{i:03}", "turns": [{"id": "1", "role": "user", "text": f"ITEM-{i:03} help"}]} for i in range(n)]
    (root / "sessions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return root


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project with sixty sessions, as the working folder."""
    monkeypatch.chdir(make_project(tmp_path, 60))
    return tmp_path


def run(*more: str) -> int:
    """Run the judge over the sessions into `out`."""
    return main(["run", "j", "sessions.jsonl", "-o", "out", *more])


def start(project: Path, *more: str) -> subprocess.Popen[str]:
    """Start the same command as a process of its own."""
    command = [sys.executable, "-m", "judgekit", "run", "j", "sessions.jsonl", "-o", "out", *more]
    return subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def made(project: Path) -> Run:
    """Return the run in `out`."""
    return RunFolder(project / "out").load()


def items(server: FaultyServer) -> Counter[str]:
    """Return how often each session was answered whole, first questions only."""
    found: Counter[str] = Counter()
    for text, times in server.answered.items():
        marks = re.findall(r"ITEM-\d+", text)
        if marks:
            found[marks[0]] += times
    return found


def wait_until(condition: Any, seconds: float = 30.0) -> None:
    """Wait for something to come true, and fail when it does not."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


def test_a_run_leaves_its_folder_and_says_what_it_came_to(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Manifest, verdicts sorted by session, calls; a summary within 80 columns; the next command."""
    with FaultyServer(GOOD) as server:
        assert run("--base-url", server.base_url) == 0
    held = made(project)
    assert [o.session for o in held.outcomes] == [f"s{i:03}" for i in range(60)]
    assert (held.manifest.state, held.manifest.n_requests, held.manifest.engine) == (
        "complete",
        60,
        "openai-compatible",
    )
    assert held.manifest.cost_usd == pytest.approx(sum(call.cost_usd or 0 for call in held.calls))
    captured = capsys.readouterr()
    assert "j: 60 verdicts of 60" in captured.out
    assert "openai-compatible, model gpt-4o-mini" in captured.out
    assert max(map(len, captured.out.splitlines())) <= 80
    assert "next: judgekit score out" in captured.err
    assert not (project / "out/.lock").exists()


def test_json_is_the_summary_and_nothing_else(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output is one JSON record, progress or not."""
    with FaultyServer(GOOD) as server:
        assert run("--base-url", server.base_url, "--json") == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["manifest"]["n_verdicts"] == 60
    assert summary["manifest"]["failures"] == {}


def test_under_every_fault_nothing_is_lost_and_nothing_is_sent_again_after_success(project: Path) -> None:
    """A fifth of all requests fails, in five ways; every session ends with one verdict, asked successfully once."""
    with FaultyServer(GOOD, latency_s=0.01, faults=drawn_faults(0.2, ALL_FAULTS, seed=3)) as server:
        assert run("--base-url", server.base_url) == 0
        assert max(items(server).values()) == 1
        assert server.n_connections <= 16 + server.n_requests - server.answered.total()
        assert server.max_in_flight <= 16
    held = made(project)
    assert len(held.verdicts) == 60
    assert held.manifest.n_requests == server.n_requests > 60


def test_a_slow_answer_times_out_and_is_asked_again(project: Path) -> None:
    """The timeout is the command's; the second try succeeds."""
    with FaultyServer(GOOD, latency_s=0.05, faults={5: Fault("slow")}) as server:
        assert run("--base-url", server.base_url, "--timeout", "0.4") == 0
    assert len(made(project).verdicts) == 60


def test_the_same_command_again_sends_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Replies are kept, and the second run says so; --fresh asks anew."""
    with FaultyServer(GOOD) as server:
        run("--base-url", server.base_url)
        first = made(project)
        assert run("--base-url", server.base_url) == 0
        assert server.n_requests == 60
        assert "0 sent, 0 asked again, 60 reused" in capsys.readouterr().out
        assert made(project).outcomes == first.outcomes
        assert run("--base-url", server.base_url, "--fresh") == 0
        assert server.n_requests == 120


def test_a_run_folder_alone_is_enough_to_continue(project: Path) -> None:
    """Without the cache, as on another machine, the folder's own calls are reused."""
    with FaultyServer(GOOD) as server:
        run("--base-url", server.base_url, "--limit", "40")
        for file in (project / ".judgekit").glob("replies*"):
            file.unlink()
        assert run("--base-url", server.base_url) == 0
        assert server.n_requests == 60


def test_killed_in_the_middle_it_goes_on_and_repeats_at_most_what_was_in_flight(project: Path) -> None:
    """kill -9: finished calls are not repeated, none is lost."""
    with FaultyServer(GOOD, latency_s=0.05) as server:
        process = start(project, "--base-url", server.base_url, "--max-in-flight", "4")
        wait_until(lambda: server.answered.total() >= 25)
        process.kill()
        process.communicate()
        n_before = server.n_requests
        assert n_before < 60
        assert run("--base-url", server.base_url, "--max-in-flight", "4") == 0
        repeated = [name for name, times in items(server).items() if times > 1]
        assert len(repeated) <= 4
        assert server.n_requests - 60 <= 4
    held = made(project)
    assert len(held.verdicts) == 60
    assert len({call.id for call in held.calls}) == len(held.calls) == 60


@pytest.mark.slow
def test_an_interrupt_ends_with_130_keeps_all_and_the_same_command_continues(project: Path) -> None:
    """Ctrl-C: what is in flight lands and is kept, so that nothing at all is repeated."""
    with FaultyServer(GOOD, latency_s=0.05) as server:
        process = start(project, "--base-url", server.base_url, "--max-in-flight", "4")
        wait_until(lambda: server.answered.total() >= 20)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        assert process.returncode == 130
        assert "the same command continues" in err
        assert "Traceback" not in err
        stopped = made(project)
        assert stopped.manifest.state == "stopped"
        assert 20 <= len(stopped.verdicts) < 60
        assert run("--base-url", server.base_url) == 0
        assert server.n_requests == 60
    assert len(made(project).verdicts) == 60


def test_a_refused_connection_ends_with_7_in_one_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing listens: the address is named, and it does not take minutes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = time.monotonic()
    assert run("--base-url", f"http://127.0.0.1:{port}/v1") == 7
    assert time.monotonic() - started < 15
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("judgekit:")]
    assert len(errors) == 1
    assert str(port) in errors[0]


def test_a_missing_key_ends_with_7_before_anything_is_written(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The variable is named."""
    assert run() == 7
    assert "OPENAI_API_KEY" in capsys.readouterr().err
    assert not (project / "out").exists()


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_stops_at_once_and_is_never_shown(
    project: Path, status: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One refusal is enough; the key stands in no output and no file."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    wrong = Fault("status", status, {"message": "Incorrect API key provided: sk-very-secret"})
    with FaultyServer(GOOD, faults=lambda number, _: wrong if number >= 10 else None) as server:
        assert run("--base-url", server.base_url, "--max-in-flight", "2") == 7
        assert server.n_requests <= 13
    captured = capsys.readouterr()
    assert "OPENAI_API_KEY" in captured.err
    assert len(made(project).verdicts) == 10
    files = [path.read_bytes() for path in project.rglob("*") if path.is_file()]
    assert not any(b"sk-very-secret" in text for text in [*files, captured.err.encode(), captured.out.encode()])


def test_no_quota_is_told_apart_from_too_fast(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A 429 that means "no money" is not tried thirty times."""
    broke = Fault("status", 429, {"message": "You exceeded your current quota", "code": "insufficient_quota"})
    with FaultyServer(GOOD, faults=lambda *_: broke) as server:
        assert run("--base-url", server.base_url) == 7
        assert server.n_requests <= 16
    assert "quota" in capsys.readouterr().err


def test_the_cap_ends_with_6_and_is_not_passed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was done is kept, and with more money the same command continues."""
    cap = 0.002
    wordy = json.dumps({"reasoning": "word " * 200, "value": 3})
    with FaultyServer(wordy) as server:
        assert run("--base-url", server.base_url, "--max-cost", str(cap)) == 6
        held = made(project)
        assert 0 < sum(call.cost_usd or 0 for call in held.calls) <= cap
        assert 0 < len(held.verdicts) < 60
        assert "kept" in capsys.readouterr().err
        assert run("--base-url", server.base_url, "--max-cost", "1") == 0
        assert server.n_requests == 60


def test_a_fresh_run_that_was_stopped_goes_on_with_what_it_has(project: Path) -> None:
    """The same command continues a fresh run too; once that is complete, --fresh asks everything anew again."""
    wordy = json.dumps({"reasoning": "word " * 200, "value": 3})
    with FaultyServer(wordy) as server:
        assert run("--base-url", server.base_url) == 0
        assert run("--base-url", server.base_url, "--fresh", "--max-cost", "0.002") == 6
        n_first = server.n_requests - 60
        assert 0 < n_first < 60
        assert run("--base-url", server.base_url, "--fresh") == 0
        assert server.n_requests == 120
        assert made(project).manifest.n_reused == n_first
        assert run("--base-url", server.base_url, "--fresh") == 0
        assert server.n_requests == 180
        assert run("--base-url", server.base_url) == 0
        assert made(project).manifest.fresh_since is None
        assert server.n_requests == 180


def test_a_cap_says_what_it_rests_on_where_replies_have_no_bound(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without `max_tokens` the next replies may be longer than any before; with it there is nothing to say."""
    with FaultyServer(GOOD) as server:
        assert run("--base-url", server.base_url, "--max-cost", "1") == 0
        assert "max_tokens" in capsys.readouterr().err
        with (project / "judges/j/judge.toml").open("a") as file:
            file.write("\n[parameters]\nmax_tokens = 50\n")
        assert run("--base-url", server.base_url, "--max-cost", "1", "-o", "bounded") == 0
        assert "max_tokens" not in capsys.readouterr().err


def test_a_cap_on_an_unknown_price_is_refused_before_any_call(project: Path) -> None:
    """A cap that cannot be kept is wrong usage."""
    with FaultyServer(GOOD) as server:
        assert run("--base-url", server.base_url, "--model", "openai/nobody-knows", "--max-cost", "1") == 2
        assert server.n_requests == 0


def test_when_nothing_got_a_verdict_the_run_is_incomplete(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Failures are counted by cause, keep the raw reply, and end with 3 when there is nothing else."""
    with FaultyServer("I would rather not say.") as server:
        assert run("--base-url", server.base_url, "--limit", "5") == 3
    captured = capsys.readouterr()
    assert captured.out.startswith("j: 5 failures, 0 verdicts of 5")
    assert "unparsed 5" in captured.out
    assert {f.reply for f in made(project).failures} == {"I would rather not say."}


@pytest.mark.parametrize("place", ["judgekit.toml/out", "/proc/judgekit-out"])
def test_a_folder_that_cannot_be_written_is_refused_before_any_call(project: Path, place: str) -> None:
    """Wrong output folder: 2, and nothing paid."""
    with FaultyServer(GOOD) as server:
        assert main(["run", "j", "sessions.jsonl", "-o", place, "--base-url", server.base_url]) == 2
        assert server.n_requests == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_refused_before_any_call(project: Path) -> None:
    """Likewise, by permissions."""
    (project / "out").mkdir(mode=0o500)
    with FaultyServer(GOOD) as server:
        assert run("--base-url", server.base_url) == 2
        assert server.n_requests == 0


def test_a_folder_of_another_judge_is_left_alone(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same judge at another model is another judge; its run is not overwritten."""
    with FaultyServer(GOOD) as server:
        run("--base-url", server.base_url)
        before = (project / "out/verdicts.jsonl").read_bytes()
        assert run("--base-url", server.base_url, "--model", "openai/other") == 2
    assert "another judge" in capsys.readouterr().err
    assert (project / "out/verdicts.jsonl").read_bytes() == before


def test_a_folder_that_holds_something_else_is_left_alone(project: Path) -> None:
    """A verdicts file that no run made is not replaced."""
    (project / "out").mkdir()
    (project / "out/verdicts.jsonl").write_text("{}\n")
    with FaultyServer(GOOD) as server:
        assert run("--base-url", server.base_url) == 2
    assert (project / "out/verdicts.jsonl").read_text() == "{}\n"


@pytest.mark.slow
def test_two_processes_do_not_write_one_run(project: Path) -> None:
    """The second is refused while the first is at it."""
    with FaultyServer(GOOD, latency_s=0.3) as server:
        process = start(project, "--base-url", server.base_url, "--max-in-flight", "1")
        wait_until(lambda: server.n_requests >= 1)
        assert run("--base-url", server.base_url) == 2
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)


def test_replies_of_an_endpoint_from_the_environment_stay_apart(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one address said is never passed off as what another said."""
    for _ in range(2):
        with FaultyServer(GOOD) as server:
            monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
            assert main(["run", "j", "sessions.jsonl"]) == 0
            assert server.n_requests == 60


def test_a_replay_answers_without_network_and_tells_what_is_not_recorded(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Recorded replies are found by their exact request; a missing one is a failure in words."""
    with FaultyServer(GOOD) as server:
        assert run("--base-url", server.base_url) == 0
    base_url = server.base_url
    calls = [json.loads(line) for line in (project / "out/calls.jsonl").read_text().splitlines()]
    (project / "replies.jsonl").write_text("".join(json.dumps(call) + "\n" for call in calls[1:]))
    capsys.readouterr()
    command = ["run", "j", "sessions.jsonl", "-o", "again", "--base-url", base_url, "--replay", "replies.jsonl"]
    assert main(command) == 0
    text = capsys.readouterr().out
    assert "1 failure, 59 verdicts" in text
    assert "replay, model gpt-4o-mini" in text
    held = RunFolder(project / "again").load()
    assert held.manifest.engine == "replay"
    assert {call.engine for call in held.calls} == {"openai-compatible"}, "a recorded call says who once answered"
    assert held.manifest.cost_usd == 0.0
    assert "changed since" in held.failures[0].detail


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["run", "nobody", "sessions.jsonl"], 2),
        (["run", "j", "nothing.jsonl"], 2),
        (["run", "j", "sessions.jsonl", "--split", "dev"], 2),
        (["run", "j", "sessions.jsonl", "--engine", "litelm"], 2),
        (["run", "j", "sessions.jsonl", "--replay", "none.jsonl"], 2),
        (["run", "j", "sessions.jsonl", "--max-in-flight", "0"], 2),
        (["run", "j", "sessions.jsonl", "--base-url", "localhost:1"], 2),
    ],
)
def test_wrong_usage_ends_with_2_in_one_line(
    project: Path, words: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong, where, and what to do."""
    assert main(words) == code
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert "Traceback" not in err


def test_elsewhere_than_on_a_terminal_progress_is_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most a line in five seconds, and only when a tenth more is done or a minute has passed."""
    moment = 0.0
    monkeypatch.setattr("judgekit.cli.progress.time.monotonic", lambda: moment)
    line = ProgressLine(Console(), _said_at=0.0)
    for moment in range(1, 201):
        line(Progress(done=moment, failed=0, total=1000, rate=1.0, eta_s=0.0, cost_usd=0.0, reused=0))
    said = capsys.readouterr().err.splitlines()
    assert [text.split()[0] for text in said] == ["60", "120", "180"]
    for moment in range(201, 212):
        line(Progress(done=moment * 4, failed=0, total=1000, rate=1.0, eta_s=0.0, cost_usd=0.0, reused=0))
    assert [text.split()[0] for text in capsys.readouterr().err.splitlines()] == ["804"]
