"""`judgekit gate` as CI calls it: each exit code, what it writes, and what it refuses before any number."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.adapters.store.judge import JudgeFolder
from judgekit.cli.main import main
from judgekit.records.dataset import DatasetCard
from judgekit.records.gate import GateReport
from judgekit.records.judge import Judge
from judgekit.records.label import Label
from judgekit.records.rubric import Criterion, Rubric, Scale
from judgekit.records.session import Pair, Session

NOW = datetime(2026, 11, 1, tzinfo=UTC)
POLICY = Criterion(
    id="policy",
    question="Kept?",
    scale=Scale(type="binary", levels=("fail", "pass"), positive="pass"),
    direction="higher",
)
N = 120
RULE = '[[gate.rules]]\nkind = "not_worse"\ncriterion = "policy"\nmargin = 0.1\n'
CEILING = '[[gate.rules]]\nkind = "ceiling"\nquantity = "cost_usd"\nat_most = {}\n'
LOOSE = '[gate]\ncertificate = "not_needed"\n'


def passes(version: str, n: int, worse: int = 0) -> bool:
    return n % 5 != 0 and not (version == "v2" and n < worse)


def make_project(root: Path, *, n_labelled: int = N, worse: int = 0, gate: str = LOOSE + RULE, head: str = "") -> Path:
    """Write a project: both versions on 120 inputs, a judge whose verdicts are kept beside it, an experiment."""
    (root / "judgekit.toml").write_text("")
    folder = DatasetFolder(root / "datasets/d")
    folder.create(DatasetCard(name="d"), Rubric(name="r", version="1", criteria=(POLICY,)))
    sessions, labels, told = [], [], []
    for n in range(N):
        for version in ("v1", "v2"):
            turns = [{"id": "1", "role": "assistant", "text": f"{version} answers {n}"}]
            row = {"id": f"{version}-{n:03}", "input": f"q{n:03}", "version": version, "turns": turns, "cost_usd": 0.01}
            sessions.append(Session.model_validate(row))
            value = "pass" if passes(version, n, worse) else "fail"
            told.append({"session": row["id"], "criterion": "policy", "value": value, "rationale": f"{value} it is"})
            if n < n_labelled:
                labels.append(
                    Label(id=f"l-{row['id']}", session=row["id"], criterion="policy", rater="ana", value=value, at=NOW)
                )
    folder.write_sessions(sessions)
    if labels:
        folder.append(labels, NOW, writer="import")
    judge = JudgeFolder(root / "judges/j")
    judge.write(Judge.model_validate({"name": "j", "criterion": POLICY, "kind": "stored"}))
    (root / "judges/j/verdicts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in told))
    place = root / "experiments/e"
    place.mkdir(parents=True)
    write_experiment(place, gate=gate, head=head)
    return place


def write_experiment(place: Path, *, gate: str = LOOSE + RULE, head: str = "") -> None:
    (place / "experiment.toml").write_text(
        'name = "e"\nquestion = "May v2 ship?"\ndataset = "../../datasets/d"\njudges = ["../../judges/j"]\n'
        f'baseline = "v1"\ncandidate = "v2"\n{head}\n{gate}'
    )


def judge_all(place: Path) -> None:
    assert main(["-q", "run", "judges/j", "datasets/d", "-o", str(place / "runs/j")]) == 0


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def read(capsys: pytest.CaptureFixture[str]) -> Any:
    return GateReport.model_validate_json(capsys.readouterr().out)


@pytest.mark.slow
def test_each_word_has_its_exit_code(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0 passed, 1 failed, 2 missing, 3 too many failures, 4 not decided, 5 judge not trusted; the same with --json."""
    place = make_project(root, worse=40)
    judge_all(place)
    own = RULE + 'of = "judge"\n'
    told = {
        0: LOOSE + CEILING.format(0.02),
        1: LOOSE + RULE,
        2: LOOSE + RULE.replace("policy", "grace"),
        4: LOOSE + RULE.replace("0.1", "0.33"),
        5: "[gate]\n" + own,
    }
    for code, gate in told.items():
        write_experiment(place, gate=gate)
        assert main(["gate", "e"]) == code
        capsys.readouterr()
        assert main(["gate", "e", "--json"]) == code
        assert read(capsys).exit_code == code
    rows = [json.loads(line) for line in (place / "runs/j/verdicts.jsonl").read_text().splitlines()]
    failed = [{**{k: row[k] for k in ("session", "criterion", "judge")}, "status": "timeout"} for row in rows[:20]]
    (root / "some.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [*failed, *rows[20:]]))
    write_experiment(place, gate=LOOSE + own)
    capsys.readouterr()
    assert main(["gate", "e", "--verdicts", "some.jsonl"]) == 3
    assert "20 of 120 outcomes on v1 are failures (20 timeout; 17%)" in " ".join(capsys.readouterr().out.split())


def test_everything_is_written_in_one_run(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Report, JUnit, job summary, comment, annotations, and a queue where labels would decide."""
    place = make_project(root, n_labelled=0)
    judge_all(place)
    files = ["-o", "r.json", "--junit", "j.xml", "--summary", "s.md", "--comment", "c.md", "--queue", "q.jsonl"]
    assert main(["gate", "e", *files, "--annotations"]) == 4
    shown = capsys.readouterr()
    report = GateReport.model_validate_json((root / "r.json").read_text())
    queued = (root / "q.jsonl").read_text().splitlines()
    assert (report.word, report.queue, report.n_queued) == ("inconclusive", "q.jsonl", len(queued))
    assert len(queued) >= 30
    assert (root / "j.xml").read_text().startswith("<?xml")
    assert "not decided yet" in (root / "s.md").read_text()
    assert (root / "c.md").read_text().startswith("<!-- judgekit-gate")
    assert "\n::warning file=experiments/e/experiment.toml" in shown.out
    assert report.settings["versions"].keys() == {"python", "numpy", "scipy"}
    assert main(["report", "r.json"]) == 0


def test_a_gate_that_looks_writes_a_queue_too(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody has labelled anything: it judges nothing, says so, and lists a draw of all its inputs."""
    make_project(root, n_labelled=0, gate=LOOSE + "[gate.sequential]\ninputs_per_look = 20\n" + RULE)
    assert main(["gate", "e"]) == 4
    assert "--queue to-label.jsonl" in capsys.readouterr().err
    assert main(["gate", "e", "--queue", "q.jsonl", "-o", "r.json"]) == 4
    report = GateReport.model_validate_json((root / "r.json").read_text())
    rows = [json.loads(line) for line in (root / "q.jsonl").read_text().splitlines()]
    assert (report.queue, report.n_queued, report.looks) == ("q.jsonl", len(rows), ())
    assert {row["version"] for row in rows} == {"v1", "v2"}


def test_where_no_queue_is_written_it_is_said(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Labels stand already, and do not decide."""
    place = make_project(root, n_labelled=40)
    judge_all(place)
    write_experiment(place, gate=LOOSE + RULE.replace("0.1", "0.001"))
    capsys.readouterr()
    assert main(["gate", "e", "--queue", "q.jsonl"]) == 4
    assert "no q.jsonl: a queue is for candidates without labels" in capsys.readouterr().err
    assert not (root / "q.jsonl").exists()


@pytest.mark.slow
def test_a_gate_reads_preferences_of_pairs(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run of pairs stands for the versions; one that lacks some is refused."""
    better = Criterion(id="better", question="Which is better?", scale=Scale(type="preference"))
    place = make_project(root, gate=LOOSE + RULE.replace("policy", "better") + 'of = "judge"\n')
    folder = DatasetFolder(root / "datasets/d")
    folder.write_rubric(Rubric(name="r", version="1", criteria=(POLICY, better)))
    pairs = [{"id": f"p{n:03}", "first": f"v2-{n:03}", "second": f"v1-{n:03}", "input": f"q{n:03}"} for n in range(N)]
    folder.write_pairs([Pair.model_validate(row) for row in pairs])
    judge = Judge.model_validate({"name": "j", "criterion": better, "kind": "stored", "target": "pair"})
    JudgeFolder(root / "judges/j").write(judge)
    told = [{"pair": f"p{n:03}", "criterion": "better", "value": "first" if n % 3 else "second"} for n in range(N)]
    (root / "judges/j/verdicts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in told))
    judge_all(place)
    capsys.readouterr()
    assert main(["gate", "e", "--json"]) == 0
    report = read(capsys)
    assert (report.rules[0].metric, report.rules[0].estimate.value) == ("win_rate", pytest.approx(2 / 3, abs=0.01))
    late = Pair(id="p999", first="v2-000", second="v1-000", input="q000")
    folder.write_pairs([*(Pair.model_validate(row) for row in pairs), late])
    assert main(["gate", "e"]) == 2
    assert "1 pairs of the versions compared are not in it, such as 'p999'" in capsys.readouterr().err


@pytest.mark.slow
def test_on_a_runner_summary_and_annotations_need_no_asking(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The step's summary is added to; with --json the annotations go beside the record; they can be turned off."""
    place = make_project(root, worse=40)
    judge_all(place)
    capsys.readouterr()
    step = root / "step.md"
    step.write_text("before\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(step))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(root))
    assert main(["gate", "e"]) == 1
    assert "::error file=experiments/e/experiment.toml" in capsys.readouterr().out
    assert step.read_text().startswith("before\n## ")
    assert main(["gate", "e", "--json"]) == 1
    shown = capsys.readouterr()
    assert GateReport.model_validate_json(shown.out).word == "fail"
    assert "::error" in shown.err
    assert main(["gate", "e", "--no-annotations"]) == 1
    assert "::error" not in capsys.readouterr().out
    step.unlink()
    step.mkdir()
    assert main(["gate", "e"]) == 2


def test_runs_that_are_not_there_are_told_with_what_makes_them(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """None, half of one, one that lacks sessions; nothing is asked of an engine."""
    place = make_project(root)
    assert main(["gate", "e"]) == 2
    assert "there is no run of judge 'j'. judgekit experiment run experiments/e makes it" in capsys.readouterr().err
    judge_all(place)
    manifest = json.loads((place / "runs/j/run.json").read_text())
    (place / "runs/j/run.json").write_text(json.dumps({**manifest, "state": "stopped"}))
    assert main(["gate", "e"]) == 2
    assert "the run of judge 'j' is stopped" in capsys.readouterr().err
    (place / "runs/j/run.json").write_text(json.dumps(manifest))
    lines = (place / "runs/j/verdicts.jsonl").read_text().splitlines(keepends=True)
    (place / "runs/j/verdicts.jsonl").write_text("".join(lines[:-2]))
    assert main(["gate", "e"]) == 2
    assert "2 sessions of the versions compared are not in it, such as 'v2-118'" in capsys.readouterr().err
    write_experiment(place, gate=LOOSE + CEILING.format(0.02))
    (place / "runs/j/run.json").unlink()
    assert main(["gate", "e"]) == 0


@pytest.mark.slow
def test_sessions_of_a_version_may_come_from_a_file(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They join the dataset in memory; those of a command must have been made."""
    gate = LOOSE + RULE.replace("0.1", "0.15") + "of = 'judge'\n"
    place = make_project(root)
    data = DatasetFolder(root / "datasets/d")
    every = data.load().sessions
    moved = [
        each.model_copy(update={"id": f"new-{each.id}", "version": "v3"}) for each in every if each.version == "v2"
    ]
    (place / "v3.jsonl").write_text("".join(each.model_dump_json(exclude_none=True) + "\n" for each in moved))
    rows = (root / "judges/j/verdicts.jsonl").read_text().splitlines()
    added = [json.loads(row) for row in rows]
    added += [{**row, "session": f"new-{row['session']}"} for row in added if row["session"].startswith("v2")]
    (root / "some.jsonl").write_text("".join(json.dumps(row) + "\n" for row in added))
    write_experiment(place, gate='[versions.v3]\nsessions = "v3.jsonl"\n' + gate)
    assert main(["gate", "e", "--candidate", "v3", "--verdicts", "some.jsonl", "--json"]) == 0
    report = read(capsys)
    assert (report.candidate, report.n_inputs) == ("v3", N)
    write_experiment(place, gate='[versions.v3]\ncommand = ["make", "{sessions}"]\n' + gate)
    assert main(["gate", "e", "--candidate", "v3", "--verdicts", "some.jsonl"]) == 2
    assert (
        "there are no sessions of 'v3' yet. judgekit experiment run experiments/e makes them" in capsys.readouterr().err
    )


@pytest.mark.slow
def test_inputs_that_a_version_left_out_keep_it_from_passing(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The experiment declares 140 for a version that it names, and sessions are there on 120."""
    head = 'inputs = "inputs.jsonl"\n[versions.v2]\nsessions = "v2.jsonl"\n'
    place = make_project(root, head=head)
    judge_all(place)
    own = [each for each in DatasetFolder(root / "datasets/d").load().sessions if each.version == "v2"]
    (place / "v2.jsonl").write_text("".join(each.model_dump_json(exclude_none=True) + "\n" for each in own))
    (place / "inputs.jsonl").write_text("".join(json.dumps({"id": f"q{n:03}"}) + "\n" for n in range(140)))
    capsys.readouterr()
    assert main(["gate", "e"]) == 3
    assert "v2 has no session on 20 of 140 inputs" in " ".join(capsys.readouterr().out.split())
    (place / "inputs.jsonl").write_text("".join(json.dumps({"id": f"q{n:03}"}) + "\n" for n in range(N)))
    assert main(["gate", "e"]) == 0


def test_a_judge_that_was_changed_since_its_run_is_not_trusted(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The certificate of what it is now says nothing of what it was; a stranger's verdicts have none."""
    from judgekit.cli.gate import _changed
    from judgekit.records.certificate import Standing
    from judgekit.workflows.score import Scoring

    place = make_project(root, n_labelled=60, gate="[gate]\n" + RULE)
    judge_all(place)
    assert main(["gate", "e", "--json"]) == 5
    capsys.readouterr()
    rows = [json.loads(line) for line in (place / "runs/j/verdicts.jsonl").read_text().splitlines()]
    (root / "some.jsonl").write_text("".join(json.dumps({**row, "judge": "stranger"}) + "\n" for row in rows))
    assert main(["gate", "e", "--verdicts", "some.jsonl", "--json"]) == 5
    assert "stranger" in read(capsys).rules[0].why
    valid = Standing(judge="j", criterion="policy", word="valid", why="until 2027")
    assert _changed(valid, Scoring(judge="j")).word == "changed"
    absent = valid.model_copy(update={"word": "absent"})
    assert _changed(absent, Scoring(judge="j")) == absent


def test_what_cannot_be_a_gate_is_refused(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No policy; verdicts for a gate that judges as it goes; no experiment."""
    place = make_project(root, gate="")
    assert main(["gate", "e"]) == 2
    assert "the experiment has no [gate]" in capsys.readouterr().err
    write_experiment(place, gate=LOOSE + "[gate.sequential]\ninputs_per_look = 20\n" + RULE)
    assert main(["gate", "e", "--verdicts", "some.jsonl"]) == 2
    assert "--verdicts is for a gate that looks once" in capsys.readouterr().err
    assert main(["gate", "nowhere"]) == 2


def test_a_gate_may_judge_as_it_goes(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It stops at a decision, before all inputs are judged, and says what it looked at."""
    place = make_project(root, worse=N)
    own = RULE + 'of = "judge"\n'
    write_experiment(place, gate=LOOSE + "[gate.sequential]\ninputs_per_look = 20\n" + own)
    assert main(["gate", "e", "--json"]) == 1
    report = read(capsys)
    assert report.looks
    assert report.n_inputs < report.n_inputs_all == N
