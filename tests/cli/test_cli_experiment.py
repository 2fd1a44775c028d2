"""`judgekit experiment run`: the whole of an experiment, once; killed, interrupted, refused, and run again for free."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.adapters.store.judge import JudgeFolder
from judgekit.adapters.store.run import RunFolder
from judgekit.cli.main import main
from judgekit.records.any_report import Reports
from judgekit.records.calibration import Calibration, CalibrationInput
from judgekit.records.certificate import PassRule
from judgekit.records.comparison_report import ComparisonReport
from judgekit.records.dataset import DatasetCard, SplitManifest
from judgekit.records.experiment_report import ExperimentReport
from judgekit.records.gate import GateReport
from judgekit.records.judge import Judge
from judgekit.records.label import Label
from judgekit.records.rubric import Criterion, Rubric, Scale
from judgekit.records.session import Session
from judgekit.stats.estimate import Estimate
from judgekit.testing import FaultyServer

N = 24
NOW = datetime(2026, 11, 1, tzinfo=UTC)
POLICY = Criterion(id="policy", question="Kept?", scale=Scale(type="binary", levels=("fail", "pass"), positive="pass"))
SCRIPT = """
import json, os, pathlib, signal, sys, time
inputs, sessions, version = sys.argv[1:4]
how = sys.argv[4] if len(sys.argv) > 4 else ""
with open("starts.txt", "a") as file:
    file.write(f"{version} {os.getpid()}\\n")
print("reading", inputs)
if how == "slow":
    with open(sessions, "w") as out:
        out.write('{"id": "half", "tur')
        out.flush()
        time.sleep(60)
if how == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)
rows = [json.loads(line) for line in open(inputs)]
if how == "few":
    rows = rows[:-4]
if how == "fails":
    open(sessions, "w").write("{}")
    print("quota is used up", file=sys.stderr)
    sys.exit(3)
with open(sessions, "w") as out:
    for row in rows:
        row_id = "same" if how == "twice" else f"{version}-{row['id']}"
        text = f"ITEM {version} {row['id']} " + ("GOOD" if row["n"] % 6 else "BAD")
        turns = [{"id": "1", "role": "assistant", "text": text}]
        session = {"id": row_id, "input": row["id"], "turns": turns, "cost_usd": 0.25}
        if how == "other":
            session["version"] = "v9"
        if how != "no input":
            out.write(json.dumps(session) + "\\n")
"""
GATE = """
[gate]
certificate = "not_needed"
[[gate.rules]]
kind = "better"
criterion = "policy"
of = "judge"
"""


def verdict(body: dict[str, Any]) -> str:
    """Return what the judge says: that good is good."""
    text = body["messages"][-1]["content"]
    return json.dumps({"reasoning": "as it says", "value": "pass" if "GOOD" in text else "fail"})


def split_of(n: int) -> str:
    return ("train", "dev", "test")[n % 3]


def make_dataset(root: Path, *, certify: bool = False, n_inputs: int = N) -> None:
    """Write a dataset of v1 on every input, good every other time, labelled by two experts of one mind."""
    folder = DatasetFolder(root / "datasets/d")
    rules = {"policy": PassRule(min_youden_j=0.1, max_failure_rate=0.6)} if certify else {}
    folder.create(DatasetCard(name="d", certify=rules), Rubric(name="r", version="1", criteria=(POLICY,)))
    sessions, labels = [], []
    for n in range(n_inputs):
        text = f"ITEM v1 q{n:02} " + ("GOOD" if n % 2 else "BAD")
        turns = [{"id": "1", "role": "assistant", "text": text}]
        row = {"id": f"v1-q{n:02}", "input": f"q{n:02}", "version": "v1", "turns": turns, "cost_usd": 0.2}
        sessions.append(Session.model_validate(row))
        for rater in ("ana", "ben"):
            value = "pass" if n % 2 and (n, rater) != (5, "ben") else "fail"
            labels.append(
                Label(id=f"l-{n}-{rater}", session=row["id"], criterion="policy", rater=rater, value=value, at=NOW)
            )
    folder.write_sessions(sessions)
    folder.append(labels, NOW, writer="import")
    units = {f"input:q{n:02}": split_of(n // 2) for n in range(n_inputs)}
    folder.write_splits(SplitManifest(seed=1, fractions={"train": 0.4, "dev": 0.3, "test": 0.3}, units=units))


def make_project(
    root: Path, base_url: str, how: str = "", *, more: str = "", certify: bool = False, n_inputs: int = N
) -> Path:
    """Write a project: v1 in the dataset, v2 made by a command, one judge behind the address given."""
    make_dataset(root, certify=certify, n_inputs=n_inputs)
    fields = {"criterion": POLICY, "model": "openai/gpt-4o-mini", "user": "{{ session }}\n{{ answer_format }}"}
    judge = Judge.model_validate({"name": "j", **fields, "base_url": base_url})
    JudgeFolder(root / "judges/j").write(judge)
    (root / "judgekit.toml").write_text("")
    folder = root / "experiments/e"
    folder.mkdir(parents=True)
    (folder / "make.py").write_text(SCRIPT)
    rows = [{"id": f"q{n:02}", "n": n} for n in range(n_inputs)]
    (folder / "inputs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    write_experiment(folder, how, more=more)
    return folder


def write_experiment(folder: Path, how: str = "", *, more: str = "", timeout_s: float = 30, head: str = "") -> None:
    words = [sys.executable, "make.py", "{inputs}", "{sessions}", "{version}", *([how] if how else [])]
    (folder / "experiment.toml").write_text(
        'name = "e"\nquestion = "Is v2 better?"\ndataset = "../../datasets/d"\njudges = ["../../judges/j"]\n'
        f'baseline = "v1"\ncandidate = "v2"\ninputs = "inputs.jsonl"\n{head}'
        f"[versions.v2]\ncommand = {json.dumps(words)}\ntimeout_s = {timeout_s}\n{more}"
    )


def write_third_version(folder: Path) -> None:
    """Write a file of v3, bad on every input."""
    said = [[{"id": "1", "role": "assistant", "text": f"ITEM v3 {n} BAD"}] for n in range(N)]
    rows = [{"id": f"v3-q{n:02}", "input": f"q{n:02}", "turns": turns} for n, turns in enumerate(said)]
    (folder / "v3.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyServer]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-composed")
    with FaultyServer(verdict) as started:
        yield started


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*more: str) -> int:
    return main(["experiment", "run", "e", *more])


def start(root: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "judgekit", "experiment", "run", "e", *more]
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def reports_of(folder: Path) -> Reports:
    return Reports.model_validate_json((folder / "report.json").read_text())


def head_of(folder: Path) -> ExperimentReport:
    head = reports_of(folder).reports[0]
    assert isinstance(head, ExperimentReport)
    return head


def starts(folder: Path) -> list[str]:
    path = folder / "starts.txt"
    return path.read_text().splitlines() if path.exists() else []


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z" if Path("/proc").exists() else True


def wait_until(condition: Any, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


def left_in(folder: Path) -> set[str]:
    """Return what lies where sessions go, the log apart."""
    place = folder / "sessions"
    return {path.name for path in place.iterdir()} - {"v2.log"} if place.is_dir() else set()


def test_a_whole_experiment_runs_and_again_for_free(
    root: Path, server: FaultyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sessions are made, judged, compared and decided; a second run asks nothing, starts nothing, says the same."""
    folder = make_project(root, server.base_url, more=GATE)
    assert run() == 0
    first = capsys.readouterr().out
    assert "The gate passes" in first
    assert server.n_requests == 2 * N
    record, page = (folder / "report.json").read_bytes(), (folder / "report.html").read_bytes()
    assert run() == 0
    assert capsys.readouterr().out == first
    assert server.n_requests == 2 * N
    assert len(starts(folder)) == 1
    assert (folder / "report.json").read_bytes() == record
    assert (folder / "report.html").read_bytes() == page
    head = head_of(folder)
    assert [(each.version, each.source, each.n_sessions) for each in head.versions] == [
        ("v2", "command", N), ("v1", "dataset", N),
    ]  # fmt: skip
    assert head.versions[0].cost_usd == pytest.approx(0.25 * N)
    assert (head.word, head.judges[0].n_verdicts, head.judges[0].n_sent) == ("pass", 2 * N, 2 * N)
    assert head.cost_usd is not None
    assert head.cost_usd > 0
    assert [each.hash for each in head.plans] == [head.plan_hash]
    assert {each.kind for each in reports_of(folder).reports} == {
        "experiment", "gate", "agreement", "score", "quality", "comparison",
    }  # fmt: skip
    assert left_in(folder) == {"v2.jsonl", "v2.json"}
    assert max(map(len, first.splitlines()[:-1])) <= 80


def test_three_versions_are_gated_as_two_and_ranked_in_pairs(
    root: Path, server: FaultyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The gate's comparison stays of two; all pairs with Holm and a ranking stand in record, page and terminal."""
    folder = make_project(root, server.base_url, more=f'[versions.v3]\nsessions = "v3.jsonl"\n{GATE}')
    write_third_version(folder)
    assert run() == 0
    shown, record = capsys.readouterr().out, (folder / "report.json").read_bytes()
    two, several = (each for each in reports_of(folder).reports if isinstance(each, ComparisonReport))
    assert (two.baseline, two.candidate, two.versions) == ("v1", "v2", ())
    assert several.versions == ("v1", "v2", "v3")
    assert {each.between: each.p_adjusted < 0.05 for each in several.pairs} == {
        "v2~v1": True, "v3~v1": True, "v3~v2": True,
    }  # fmt: skip
    assert [(each.version, each.not_separated_from) for each in several.ranking] == [
        ("v2", ()), ("v1", ()), ("v3", ()),
    ]  # fmt: skip
    for text in (shown, (folder / "report.html").read_text()):
        assert "Which of v1, v2, v3 is ahead?" in text
    assert max(map(len, shown.splitlines()[:-1])) <= 80
    assert server.n_requests == 3 * N
    assert run("-q") == 0
    assert capsys.readouterr().out == shown
    assert (folder / "report.json").read_bytes() == record
    assert server.n_requests == 3 * N


@pytest.mark.slow
def test_gates_and_plans_know_the_runs_of_all_versions(
    root: Path, server: FaultyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run over three versions serves both; once a version has left the experiment, its run is said to be outdated."""
    folder = make_project(root, server.base_url, more=f'[versions.v3]\nsessions = "v3.jsonl"\n{GATE}')
    write_third_version(folder)
    assert run("-q") == 0
    assert main(["gate", "e", "-q"]) == 0
    assert main(["gate", "e", "-q", "--candidate", "v3"]) == 1
    assert main(["plan", "e", "-q", "--judge-correlation", "0.5"]) == 0
    capsys.readouterr()
    write_experiment(folder, more=GATE)
    for command in ("gate", "plan"):
        assert main([command, "e"]) == 2
        told = f"{N} sessions in it are of no version of the experiment as it is now, such as 'v3-q00'. judgekit "
        assert f"{told}experiment run {folder} makes it anew" in capsys.readouterr().err


@pytest.mark.slow
def test_a_third_version_may_stand_in_the_dataset_and_must_be_somewhere(
    root: Path, server: FaultyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty table names a version of the dataset; where it has no session, that is told before anything is made."""
    folder = make_project(root, server.base_url, more="[versions.v0]\n")
    assert run("-q") == 2
    assert capsys.readouterr().err == (
        "judgekit: sessions of d, and [versions] of the experiment: unknown version 'v0'. Did you mean 'v2'? "
        "Known: v1, v2\n"
    )
    assert starts(folder) == []
    data = DatasetFolder(root / "datasets/d")
    held = data.load().sessions
    told = [each.model_copy(update={"id": f"v0-{each.input}", "version": "v0"}) for each in held]
    data.write_sessions([*held, *told])
    assert run("-q") == 0
    assert [(each.version, each.source) for each in head_of(folder).versions] == [
        ("v2", "command"), ("v1", "dataset"), ("v0", "dataset"),
    ]  # fmt: skip
    several = reports_of(folder).reports[-1]
    assert isinstance(several, ComparisonReport)
    assert {each.version: each.not_separated_from for each in several.ranking} == {
        "v2": (), "v1": ("v0",), "v0": ("v1",),
    }  # fmt: skip


def test_the_exit_code_is_the_gates(root: Path, server: FaultyServer, capsys: pytest.CaptureFixture[str]) -> None:
    """A rule that fails ends with 1, one that nothing can decide with 4; --json prints the record and nothing else."""
    folder = make_project(root, server.base_url, more=GATE.replace('"better"', '"better"\nby = 0.9'))
    assert run("--json") == 1
    reports = Reports.model_validate_json(capsys.readouterr().out)
    assert reports == reports_of(folder)
    assert isinstance(reports.reports[1], GateReport)
    write_experiment(folder, more=GATE.replace('of = "judge"', 'of = "experts"'))
    assert run() == 4


@pytest.mark.slow
def test_a_changed_plan_is_told_and_the_old_one_kept(root: Path, server: FaultyServer) -> None:
    """A plan that changes after a report is appended to plan.json, and the next report says so with both hashes."""
    folder = make_project(root, server.base_url)
    assert run() == 0
    old = head_of(folder).plan_hash
    write_experiment(folder, more="[plan]\nlevel = 0.9\n")
    assert run() == 0
    head = head_of(folder)
    assert [each.hash for each in head.plans] == [old, head.plan_hash]
    assert old != head.plan_hash
    assert len(json.loads((folder / "plan.json").read_text())["entries"]) == 2
    (told,) = [line for line in head.warnings if "the plan changed" in line]
    assert old[:19] in told
    assert head.plan_hash[:19] in told
    assert "after its report was written" in told
    assert server.n_requests == 2 * N, "a new plan of analysis costs no request"
    assert len(starts(folder)) == 1


@pytest.mark.slow
def test_changed_inputs_are_made_and_told(root: Path, server: FaultyServer) -> None:
    """Another inputs file makes the command run again, and stands in the report."""
    folder = make_project(root, server.base_url)
    assert run() == 0
    rows = (folder / "inputs.jsonl").read_text().splitlines()
    (folder / "inputs.jsonl").write_text("\n".join(reversed(rows)) + "\n")
    assert run() == 0
    assert len(starts(folder)) == 2
    assert any("the inputs changed" in line for line in head_of(folder).warnings)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("fails", "ended with 3: quota is used up"),
        ("twice", "session id 'same' occurs twice"),
        ("other", "is of version 'v9', not 'v2'"),
        ("no input", "holds no session of version 'v2'"),
    ],
)
def test_what_a_command_gets_wrong_is_one_line_and_leaves_no_sessions(
    how: str, said: str, root: Path, server: FaultyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """A command that fails, or writes what does not fit, ends with 2 before any judge is asked; mended, it goes on."""
    folder = make_project(root, server.base_url, how)
    assert run("-q") == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert "v2" in error
    assert left_in(folder) <= {"v2.refused.jsonl"}
    assert server.n_requests == 0
    write_experiment(folder)
    assert run("-q") == 0
    assert left_in(folder) == {"v2.jsonl", "v2.json"}


def test_a_command_that_cannot_be_started_is_told(
    root: Path, server: FaultyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """A program that is not there, and words that say nothing of sessions, are each one line and code 2."""
    folder = make_project(root, server.base_url)
    whole = (folder / "experiment.toml").read_text()
    (folder / "experiment.toml").write_text(whole.replace(json.dumps(sys.executable), '"no-such-program"'))
    assert run("-q") == 2
    assert "cannot be started: 'no-such-program': No such file" in capsys.readouterr().err
    (folder / "experiment.toml").write_text(whole.replace('"{sessions}"', '"out.jsonl"'))
    assert run("-q") == 2
    assert "does not say where its sessions go" in capsys.readouterr().err
    (folder / "experiment.toml").write_text(whole.replace('inputs = "inputs.jsonl"\n', ""))
    assert run("-q") == 2
    assert "reads {inputs}" in capsys.readouterr().err
    assert starts(folder) == []


@pytest.mark.slow
def test_a_command_out_of_time_is_ended(root: Path, server: FaultyServer, capsys: pytest.CaptureFixture[str]) -> None:
    """Past timeout_s the command is ended, and what it wrote by then is gone."""
    folder = make_project(root, server.base_url)
    write_experiment(folder, "slow", timeout_s=0.7)
    assert run("-q") == 2
    assert "was ended after 0.7 s" in capsys.readouterr().err
    assert left_in(folder) == set()
    assert not is_alive(int(starts(folder)[0].split()[1]))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_commands_whole_group(number: int, root: Path, server: FaultyServer) -> None:
    """Ctrl-C ends judgekit with 130 and what its command started with it; the same command continues."""
    folder = make_project(root, server.base_url)
    nested = [sys.executable, "-c", "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)"]
    whole = (folder / "experiment.toml").read_text()
    words = json.dumps([*nested, sys.executable, "make.py", "{inputs}", "{sessions}", "{version}", "slow"])
    (folder / "experiment.toml").write_text(
        "".join(f"command = {words}\n" if line.startswith("command") else line for line in whole.splitlines(True))
    )
    process = start(root)
    wait_until(lambda: starts(folder))
    process.send_signal(number)
    _, error = process.communicate(timeout=30)
    assert process.returncode == 130, error
    assert "the same command continues" in error
    pid = int(starts(folder)[0].split()[1])
    wait_until(lambda: not is_alive(pid))
    assert left_in(folder) == set()
    (folder / "experiment.toml").write_text(whole)
    assert run("-q") == 0


@pytest.mark.slow
@pytest.mark.parametrize("how", ["slow", "stubborn"])
def test_a_killed_judgekits_command_is_ended_by_the_next(how: str, root: Path, server: FaultyServer) -> None:
    """kill -9 while a command works: it lives on, and the same command ends it before it starts another."""
    folder = make_project(root, server.base_url, how)
    process = start(root)
    wait_until(lambda: starts(folder))
    wait_until((folder / "sessions" / ".v2.running").read_text)
    process.kill()
    process.communicate(timeout=30)
    pid = int(starts(folder)[0].split()[1])
    assert is_alive(pid)
    write_experiment(folder)
    assert run("-q") == 0
    assert not is_alive(pid)
    assert left_in(folder) == {"v2.jsonl", "v2.json"}


@pytest.mark.slow
def test_a_run_killed_at_any_stage_continues_and_pays_nothing_twice(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """kill -9 again and again: in the end there is one report, and no session was asked about twice."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-composed")
    with FaultyServer(verdict, latency_s=0.12) as server:
        folder = make_project(root, server.base_url, more=GATE)
        n_kills = 0
        for wait_s in (0.9, 1.2, 1.5, 1.8, 2.1, 2.4, 2.7, 3.0, 3.3, 3.6):
            process = start(root, "--max-in-flight", "2")
            try:
                process.communicate(timeout=wait_s)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate(timeout=30)
                n_kills += 1
        assert n_kills >= 2
        assert run("-q") == 0
        record = (folder / "report.json").read_bytes()
        assert run("-q") == 0
        assert (folder / "report.json").read_bytes() == record
        asked = Counter(server.answered)
        assert len(asked) == 2 * N
        assert asked.total() <= 2 * N + 2 * n_kills, "only what was in flight at a kill may be asked again"
        assert len(starts(folder)) <= 1 + n_kills
        assert head_of(folder).judges[0].n_verdicts == 2 * N


@pytest.mark.slow
def test_missing_inputs_are_counted_and_a_gate_does_not_pass_over_them(
    root: Path, server: FaultyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Inputs without a session are named; where they are too many, the gate says so (3) instead of passing."""
    folder = make_project(root, server.base_url, "few", more=GATE)
    assert run("-q") == 3
    head = head_of(folder)
    assert head.versions[0].missing == ("q20", "q21", "q22", "q23")
    assert head.word == "incomplete"
    assert "v2 has no session on 4 of 24 inputs" in capsys.readouterr().out
    write_experiment(folder, "few", more=GATE.replace("[gate]", "[gate]\nmax_failure_rate = 0.2"))
    assert run("-q") == 0
    assert len(starts(folder)) == 1


def test_sessions_on_none_of_the_inputs_are_refused(
    root: Path, server: FaultyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """A version whose sessions name other inputs would pair with nothing: that is said before anything is paid."""
    folder = make_project(root, server.base_url)
    (folder / "v2.jsonl").write_text(json.dumps({"id": "a", "input": "elsewhere", "turns": []}) + "\n")
    write_experiment(folder)
    whole = (folder / "experiment.toml").read_text()
    (folder / "experiment.toml").write_text(
        whole.partition("[versions.v2]")[0] + '[versions.v2]\nsessions = "v2.jsonl"\n'
    )
    assert run("-q") == 2
    assert "no session of version 'v2' is on an input of the inputs file: its first `input` is 'elsewhere'" in (
        capsys.readouterr().err
    )
    assert server.n_requests == 0


@pytest.mark.slow
def test_a_version_may_be_a_file_and_an_id_stands_for_one_session(
    root: Path, server: FaultyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sessions are read from a file; one of the dataset's ids with other content is refused by name."""
    folder = make_project(root, server.base_url)
    turns = [{"id": "1", "role": "assistant", "text": "GOOD"}]
    rows = [{"id": f"new-{n:02}", "input": f"q{n:02}", "turns": turns} for n in range(N)]
    (folder / "v2.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    whole = (folder / "experiment.toml").read_text().partition("[versions.v2]")[0]
    (folder / "experiment.toml").write_text(whole + '[versions.v2]\nsessions = "v2.jsonl"\n')
    assert run("-q") == 0
    assert head_of(folder).versions[0].source == "file"
    capsys.readouterr()
    (folder / "v2.jsonl").write_text("".join(json.dumps({**row, "id": f"v1-{row['input']}"}) + "\n" for row in rows))
    assert run("-q") == 2
    assert "session 'v1-q00' of version 'v2' is another one of the same id already" in capsys.readouterr().err


@pytest.mark.slow
def test_sessions_changed_by_hand_are_refused(
    root: Path, server: FaultyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a command made is not judged after somebody edited it, and not silently made again either."""
    folder = make_project(root, server.base_url)
    assert run("-q") == 0
    path = folder / "sessions" / "v2.jsonl"
    path.write_text(path.read_text().replace("BAD", "GOOD"))
    capsys.readouterr()
    assert run("-q") == 2
    assert "not what the command of version 'v2' made" in capsys.readouterr().err
    assert len(starts(folder)) == 1


@pytest.mark.slow
def test_the_cap_is_one_over_all_judges_and_the_rest_continues(root: Path, server: FaultyServer) -> None:
    """At the cap the command stops with 6, in the second judge; with another it goes on, and nothing is paid twice."""
    folder = make_project(root, server.base_url, more=GATE)
    judge = JudgeFolder(root / "judges/j").load()
    JudgeFolder(root / "judges/k").write(judge.model_copy(update={"name": "k", "system": "Be strict."}))
    (root / "judgekit.toml").write_text('[prices."openai/gpt-4o-mini"]\nprompt = 10000\ncompletion = 1\n')
    whole = (folder / "experiment.toml").read_text()
    (folder / "experiment.toml").write_text(whole.replace('["../../judges/j"]', '["../../judges/j", "../../judges/k"]'))
    assert run("-q", "--max-in-flight", "1") == 0
    spent = [each.cost_usd or 0.0 for each in head_of(folder).judges]
    shutil.rmtree(folder / "runs")
    (folder / "report.json").unlink()
    shutil.rmtree(root / ".judgekit")
    server.requests.clear()
    cap = str(spent[0] + spent[1] / 2)
    assert run("-q", "--max-cost", cap, "--max-in-flight", "1") == 6
    assert 2 * N < server.n_requests < 4 * N
    assert not (folder / "report.json").exists()
    assert run("-q", "--max-cost", "50") == 0
    assert server.n_requests == 4 * N
    assert [each.n_sent for each in head_of(folder).judges] == [2 * N, 2 * N]


def test_a_dry_run_prices_all_judges_without_a_key(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No key, no request, no command: sessions still to be made are priced like those that are there."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    folder = make_project(root, "http://127.0.0.1:9/v1")
    assert run("--dry-run", "--json") == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["to_make"] == {"v2": N}
    assert plan["n_calls"] == 2 * N
    assert plan["cost_usd"] > 0
    assert starts(folder) == []
    assert not (folder / "plan.json").exists()
    assert run("--dry-run") == 0
    shown = capsys.readouterr().out
    assert "its command is still to make its sessions" in shown
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({}, "stops at a decision: this is the most that it may take"),
        ({"calibrate": True}, "spares no calls here: calibrate needs verdicts first"),
        ({"calibrate": True, "certify": True}, "calibrate and certify need verdicts first, so every session is judged"),
    ],
)
def test_what_looking_spares_is_told_before_paying(plan: dict[str, bool], said: str) -> None:
    """Where verdicts are needed first, nothing; the dry run and the run say the same."""
    from judgekit.cli.experiment_plan import ExperimentPlan, looks_notes, plan_text
    from judgekit.records.experiment import Experiment

    given = {"name": "e", "dataset": "d", "baseline": "v1", "candidate": "v2", "plan": plan}
    rule = {"kind": "not_worse", "criterion": "policy", "margin": 0.1}
    asked = Experiment.model_validate({**given, "gate": {"rules": [rule], "sequential": {}}})
    shown = plan_text(ExperimentPlan(experiment="e", notes=looks_notes(asked)))
    assert said in " ".join(shown.split())
    assert max(map(len, shown.splitlines())) <= 80
    assert looks_notes(Experiment.model_validate({**given, "gate": {"rules": [rule]}})) == ()


def test_what_is_not_there_is_told_before_anything_is_made(
    root: Path, server: FaultyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """A version, a criterion or a field that does not exist costs nothing."""
    folder = make_project(root, server.base_url)
    whole = (folder / "experiment.toml").read_text()
    for text, said in (
        (whole.replace('"v1"', '"v0"'), "unknown version 'v0'"),
        (whole.replace("[versions.v2]", 'criteria = ["polcy"]\n[versions.v2]'), "Did you mean 'policy'"),
        (whole + '[plan]\nslices = ["nonsense"]\n', "nonsense"),
        (whole + '[plan]\nreference = "rater:zoe"\n', "zoe"),
    ):
        (folder / "experiment.toml").write_text(text)
        assert run("-q") == 2
        assert said in capsys.readouterr().err
    assert server.n_requests == 0


@pytest.mark.slow
def test_a_changed_judge_keeps_its_old_run_and_is_told(root: Path, server: FaultyServer) -> None:
    """A judge edited between two runs judges anew; what it said before is kept beside, and the report names it."""
    folder = make_project(root, server.base_url)
    assert run("-q") == 0
    judge = JudgeFolder(root / "judges/j").load()
    JudgeFolder(root / "judges/j").write(judge.model_copy(update={"system": "Be strict."}))
    assert run("-q") == 0
    assert server.n_requests == 4 * N
    assert len(list((folder / "runs").glob("j@*"))) == 1
    assert any("judges changed (j)" in line for line in head_of(folder).warnings)


@pytest.mark.slow
def test_a_judge_calibrated_anew_is_told_like_any_other_change(root: Path, server: FaultyServer) -> None:
    """Its replies are asked for once; that it speaks otherwise after the report was seen stands in the record."""
    folder = make_project(root, server.base_url)
    assert run("-q") == 0
    home = JudgeFolder(root / "judges/j")
    judge = home.load()
    own = CalibrationInput(words="j", judge="j", criterion=judge.criterion.id, scale=judge.criterion.scale)
    calibration = Calibration(
        criterion=judge.criterion.id, method="table", words="a table", inputs=(own,),
        parameters={"rows": ((0.9, 0.1), (0.6, 0.4))}, gain=Estimate(0.1, 0.05, 0.15, 0.95, 30, 30, "bca"),
        loss="brier", reference="majority", dataset="elsewhere", n=30, units=("group:x",), seed=7,
    )  # fmt: skip
    home.write_calibrations(judge.model_copy(update={"calibrations": (calibration,)}))
    assert run("-q") == 0
    assert server.n_requests == 2 * N
    assert any("judges changed (j)" in line and "after its report" in line for line in head_of(folder).warnings)


@pytest.mark.slow
def test_the_test_split_is_opened_once(root: Path, server: FaultyServer) -> None:
    """The plan's certification opens the test split once; the same experiment never does again."""
    folder = make_project(root, server.base_url, more="[plan]\ncertify = true\n", certify=True)
    assert run("-q") == 0
    head = head_of(folder)
    assert head.openings == {"test": 1}
    (certificate,) = head.certificates
    assert (certificate.criterion, certificate.opening) == ("policy", 1)
    record = (folder / "report.json").read_bytes()
    assert run("-q") == 0
    assert (folder / "report.json").read_bytes() == record
    assert len(DatasetFolder(root / "datasets/d").load().openings) == 1


@pytest.mark.slow
def test_an_opening_that_a_kill_left_unused_is_used_not_repeated(root: Path, server: FaultyServer) -> None:
    """Killed between opening and certificate: the look that stands in the ledger is finished, at its own level."""
    folder = make_project(root, server.base_url, more="[plan]\ncertify = true\n", certify=True)
    assert run("-q") == 0
    (certificate,) = head_of(folder).certificates
    place = root / "judges/j/certificates"
    (path,) = place.glob("*.json")
    path.unlink()
    (folder / ".opening.json").write_text(json.dumps({"opening": certificate.opening_id}))
    assert run("-q") == 0
    (again,) = head_of(folder).certificates
    assert (again.opening, again.opening_id, again.level_spent) == (1, certificate.opening_id, certificate.level_spent)
    assert not (folder / ".opening.json").exists()
    path.unlink()
    assert run("-q") == 0
    assert head_of(folder).certificates[0].opening == 2, "a certificate that was taken away is another look"


@pytest.mark.slow
def test_a_failed_calibration_keeps_the_raw_judge_and_says_why(root: Path, server: FaultyServer) -> None:
    """With too few labels to learn from, the judge is used as it is, its replies asked for once."""
    folder = make_project(root, server.base_url, more="[plan]\ncalibrate = true\n")
    assert run("-q") == 0
    assert server.n_requests == 2 * N
    assert any(line.startswith("j was not calibrated") for line in head_of(folder).skipped)
    record = (folder / "report.json").read_bytes()
    assert run("-q") == 0
    assert (folder / "report.json").read_bytes() == record
    assert RunFolder(folder / "runs/j").manifest().n_verdicts == 2 * N


@pytest.mark.slow
def test_a_judge_is_calibrated_and_certified_and_then_decides(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calibrated on dev, certified on test, trusted by the gate; new labels later void neither, and nothing is paid."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-composed")
    plan = "[plan]\ncalibrate = true\ncertify = true\ndelta = 0.02\n"
    policy = '[gate]\n[[gate.rules]]\nkind = "not_worse"\ncriterion = "policy"\nmargin = 0.1\n'

    def contrary(body: dict[str, Any]) -> str:
        text = body["messages"][-1]["content"]
        is_wrong = zlib.crc32(text.encode()) % 9 == 0
        said = "fail" if ("GOOD" in text) != is_wrong else "pass"
        return json.dumps({"reasoning": "the other way round", "value": said})

    with FaultyServer(contrary) as server:
        folder = make_project(root, server.base_url, more=plan + policy, certify=True, n_inputs=150)
        assert run("-q") == 0
        assert server.n_requests == 300, "the run before calibration pays, the one after it does not"
        head = head_of(folder)
        assert head.judges[0].is_calibrated
        assert [each.holds for each in head.certificates] == [True]
        record = (folder / "report.json").read_bytes()
        assert run("-q") == 0
        assert (folder / "report.json").read_bytes() == record
        dataset = DatasetFolder(root / "datasets/d")
        late = Label(id="late", session="v1-q02", criterion="policy", rater="cleo", value="fail", at=NOW)
        dataset.append([late], NOW, writer="late")
        assert run("-q") == 0
        assert head_of(folder).certificates == head.certificates
        assert server.n_requests == 300
        assert len(dataset.load().openings) == 1


@pytest.mark.slow
def test_failures_are_asked_about_again_only_when_wanted(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a judge could not be read on stays so, for free, until --retry-failures asks again; --fresh asks all."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-composed")
    is_mumbling = [True]

    def mumbled(body: dict[str, Any]) -> str:
        return "hm" if is_mumbling[0] and "q07" in json.dumps(body["messages"]) else verdict(body)

    with FaultyServer(mumbled) as server:
        folder = make_project(root, server.base_url)
        assert run() == 0
        assert "2 sessions have no verdict" in capsys.readouterr().err
        n_asked = server.n_requests
        assert head_of(folder).judges[0].n_failures == 2
        is_mumbling[0] = False
        assert run("-q") == 0
        assert server.n_requests == n_asked
        assert run("-q", "--retry-failures") == 0
        assert server.n_requests == n_asked + 2
        assert head_of(folder).judges[0].n_failures == 0
        assert run("-q", "--fresh") == 0
        assert server.n_requests == n_asked + 2 + 2 * N
        assert len(starts(folder)) == 2


def test_two_at_once_are_refused(root: Path, server: FaultyServer, capsys: pytest.CaptureFixture[str]) -> None:
    """An experiment belongs to one process at a time."""
    from judgekit.adapters.store.experiment import ExperimentFolder

    folder = make_project(root, server.base_url)
    with ExperimentFolder(folder).alone():
        assert run("-q") == 2
    assert "another process is writing it" in capsys.readouterr().err


@pytest.mark.slow
def test_a_gate_that_looks_as_it_goes_stops_early_and_again_for_free(root: Path, server: FaultyServer) -> None:
    """With [gate.sequential] only what the looks need is judged; run again, nothing is asked and the same is said."""
    looking = GATE.replace("[[gate.rules]]", "[gate.sequential]\ninputs_per_look = 4\n[[gate.rules]]")
    folder = make_project(root, server.base_url, more=looking)
    code = run("-q")
    assert code in (0, 4)
    n_asked = server.n_requests
    gate = reports_of(folder).reports[1]
    assert isinstance(gate, GateReport)
    assert n_asked == 2 * max(look.n_inputs for look in gate.looks)
    record = (folder / "report.json").read_bytes()
    assert run("-q") == code
    assert server.n_requests == n_asked
    assert (folder / "report.json").read_bytes() == record
