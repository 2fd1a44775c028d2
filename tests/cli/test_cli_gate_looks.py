"""`judgekit gate` where it judges as it goes: what it asks, what it pays, what it leaves behind."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.adapters.store.judge import JudgeFolder
from judgekit.adapters.store.run import RunFolder
from judgekit.cli.main import main
from judgekit.records.dataset import DatasetCard
from judgekit.records.gate import GateReport
from judgekit.records.judge import Judge
from judgekit.records.rubric import Criterion, Rubric, Scale
from judgekit.records.session import Session
from judgekit.testing import FaultyServer

N = 120
POLICY = Criterion(id="policy", question="Kept?", scale=Scale(type="binary", levels=("fail", "pass"), positive="pass"))
EXPERIMENT = """
name = "e"
dataset = "../../datasets/d"
judges = ["../../judges/j"]
baseline = "v1"
candidate = "{candidate}"
[gate]
certificate = "{certificate}"
[gate.sequential]
inputs_per_look = 10
[[gate.rules]]
kind = "not_worse"
criterion = "policy"
margin = 0.1
of = "{of}"
"""


def is_good(version: str, place: int) -> bool:
    """v1 keeps to the policy nine times of ten, `worse` three times, `like` as v1 does."""
    return place % 10 in (2, 5, 8) if version == "worse" else place % 10 != 0


def answer(body: dict[str, Any]) -> str:
    """Return what the judge says: that good is good."""
    return json.dumps({"reasoning": "so", "value": "pass" if "GOOD" in body["messages"][-1]["content"] else "fail"})


def write_experiment(candidate: str, *, of: str = "judge", certificate: str = "not_needed") -> None:
    """Write `experiments/e` anew."""
    path = Path("experiments/e/experiment.toml")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(EXPERIMENT.format(candidate=candidate, of=of, certificate=certificate))


@pytest.fixture
def server() -> Any:
    """Give the judge's endpoint."""
    with FaultyServer(answer) as running:
        yield running


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: FaultyServer) -> Path:
    """Give a project with three versions on 120 inputs, and a judge at the server, as the working folder."""
    monkeypatch.chdir(tmp_path)
    Path("judgekit.toml").write_text("")
    fields = {"criterion": POLICY, "model": "openai/gpt-4o-mini", "user": "{{ session }}\n{{ answer_format }}"}
    judge = Judge.model_validate({"name": "j", **fields, "base_url": server.base_url})
    JudgeFolder(tmp_path / "judges/j").write(judge)
    folder = DatasetFolder(tmp_path / "datasets/d")
    folder.create(DatasetCard(name="d"), Rubric(name="r", version="1", criteria=(POLICY,)))
    rows = []
    for version in ("v1", "worse", "like"):
        for place in range(N):
            text = f"ITEM {version}-{place:03d} " + ("GOOD" if is_good(version, place) else "BAD")
            turns = [{"id": "1", "role": "assistant", "text": text}]
            rows.append({"id": f"{version}-{place:03d}", "input": f"q{place:03d}", "version": version, "turns": turns})
    folder.write_sessions([Session.model_validate(row) for row in rows])
    return tmp_path


def gate(*more: str) -> tuple[int, GateReport | None]:
    """Run the gate and return its code and report."""
    code = main(["gate", "e", "-o", "gate.json", *more])
    file = Path("gate.json")
    report = GateReport.model_validate_json(file.read_text()) if file.exists() else None
    file.unlink(missing_ok=True)
    return code, report


def asked(server: FaultyServer) -> Counter[str]:
    """Return how often each session was answered."""
    found: Counter[str] = Counter()
    for text, times in server.answered.items():
        found[re.findall(r"ITEM (\S+)", text)[0]] += times
    return found


def test_a_clear_regression_costs_a_fraction_of_the_calls(
    project: Path, server: FaultyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Six in ten fewer passes: it fails within a third of the inputs, each asked about once; one line a look."""
    write_experiment("worse")
    code, report = gate()
    assert code == 1
    assert report is not None
    assert report.word == "fail"
    assert report.n_inputs <= N / 3
    assert server.n_requests == 2 * report.n_inputs < 2 * N / 2.5
    assert set(asked(server).values()) == {1}
    run = RunFolder("experiments/e/runs/j").load()
    assert run.manifest.state == "complete"
    assert run.manifest.n_verdicts == len(run.outcomes) == 2 * report.n_inputs
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("look ")]
    assert len(lines) == len(report.looks)
    assert lines[0].startswith("look 1: 10 of 120 inputs: 1 not_worse policy [")
    assert lines[-1].endswith("fail")
    assert report.cost_usd is not None
    assert report.cost_usd > 0


@pytest.mark.slow
def test_running_it_again_is_free_and_says_the_same(project: Path, server: FaultyServer) -> None:
    """Nothing is asked again, also where only the run's folder or only the store is left; looks are the same."""
    write_experiment("worse")
    _, first = gate()
    n = server.n_requests
    _, again = gate()
    (project / ".judgekit/replies.sqlite").unlink()
    _, from_folder = gate()
    assert server.n_requests == n
    assert first is not None
    assert again is not None
    assert from_folder is not None
    assert first.looks == again.looks == from_folder.looks
    assert first.rules == again.rules
    assert again.cost_usd == 0


@pytest.mark.slow
def test_a_candidate_that_is_alike_passes(project: Path, server: FaultyServer) -> None:
    """It takes more inputs, and not all of them."""
    write_experiment("like")
    code, report = gate()
    assert code == 0
    assert report is not None
    assert report.n_inputs < N
    assert server.n_requests == 2 * report.n_inputs


@pytest.mark.slow
def test_a_whole_run_needs_no_engine(project: Path, server: FaultyServer) -> None:
    """Looks go over a run that is there already, and leave it whole."""
    write_experiment("worse")
    assert main(["run", "j", "d", "-o", "experiments/e/runs/j"]) == 0
    n = server.n_requests
    code, report = gate()
    assert (code, server.n_requests) == (1, n)
    assert report is not None
    assert report.n_inputs < N
    assert RunFolder("experiments/e/runs/j").manifest().n_verdicts == 3 * N


@pytest.mark.slow
def test_what_cannot_be_decided_is_not_paid_for(project: Path, server: FaultyServer) -> None:
    """No certificate, or no label to speak for the experts: said at once, with a code of its own."""
    write_experiment("worse", certificate="required")
    assert gate()[0] == 5
    write_experiment("worse", of="experts")
    code, report = gate()
    assert code == 4
    assert report is not None
    assert "no expert has labelled worse" in report.rules[0].why
    assert server.n_requests == 0


@pytest.mark.slow
def test_the_cap_is_over_all_looks(project: Path, server: FaultyServer) -> None:
    """It ends with code 6, keeps what was paid for, and goes on where it was."""
    write_experiment("like")
    Path("judgekit.toml").write_text('[prices."openai/gpt-4o-mini"]\nprompt = 1000.0\ncompletion = 1000.0\n')
    code, report = gate("--max-cost", "3")
    assert code == 6
    assert report is not None
    assert report.word == "budget"
    n = server.n_requests
    assert 0 < n < 2 * N
    assert report.cost_usd is not None
    assert report.cost_usd <= 3
    Path("judgekit.toml").write_text("")
    code, _ = gate()
    assert code == 0
    assert set(asked(server).values()) == {1}


@pytest.mark.slow
def test_fresh_asks_everything_anew_once(project: Path, server: FaultyServer) -> None:
    """Each session once more, whatever the number of looks."""
    write_experiment("worse")
    _, first = gate()
    _, again = gate("--fresh")
    assert first is not None
    assert again is not None
    assert first.looks == again.looks
    assert set(asked(server).values()) == {2}


@pytest.mark.slow
def test_an_engine_that_is_not_there_is_said(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code 7, as anywhere."""
    write_experiment("worse")
    judge = JudgeFolder("judges/j").load()
    JudgeFolder("judges/j").write(judge.model_copy(update={"base_url": "http://127.0.0.1:9/v1", "timeout_s": 1}))
    assert main(["gate", "e", "--timeout", "1"]) == 7


@pytest.mark.slow
def test_a_panel_judges_look_by_look(project: Path, server: FaultyServer) -> None:
    """Each member asks about what a look wants, once; a second gate takes it from the panel's run."""
    judge = JudgeFolder("judges/j").load()
    other = judge.model_copy(update={"name": "k", "user": "{{ session }} once more\n{{ answer_format }}"})
    JudgeFolder("judges/k").write(other)
    assert main(["judge", "new", "jury", "--member", "j", "--member", "k"]) == 0
    write_experiment("worse")
    path = Path("experiments/e/experiment.toml")
    path.write_text(path.read_text().replace("judges/j", "judges/jury"))
    code, report = gate()
    assert code == 1
    assert report is not None
    assert report.rules[0].judge == "jury"
    assert server.n_requests == 4 * report.n_inputs
    _, again = gate()
    assert server.n_requests == 4 * report.n_inputs
    assert again is not None
    assert again.looks == report.looks


@pytest.mark.slow
def test_a_judge_that_the_environment_changes_is_not_the_certified_one(
    project: Path, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The certificate is of the folder's judge; another endpoint makes another judge: code 5, and nothing is asked."""
    from judgekit.adapters.store.experiment import ExperimentFolder
    from judgekit.cli.console import Console
    from judgekit.cli.gate_looks import gate_looking
    from judgekit.cli.running import RunHow
    from judgekit.records.certificate import Standing

    held = JudgeFolder("judges/j").load()
    JudgeFolder("judges/j").write(held.model_copy(update={"base_url": None}))
    write_experiment("worse", certificate="required")
    folder = ExperimentFolder("experiments/e")
    standing = Standing(judge="j", criterion="policy", word="valid", why="it holds")
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    data = DatasetFolder("datasets/d").load()
    report = gate_looking(folder, folder.load(), data, how=RunHow(), console=Console(), standings=[standing])
    assert (report.word, report.n_inputs, server.n_requests) == ("untrusted", 0, 0)
    assert "the environment makes another judge" in report.rules[0].why
    JudgeFolder("judges/j").write(held)
    report = gate_looking(folder, folder.load(), data, how=RunHow(), console=Console(), standings=[standing])
    assert report.word == "fail"
