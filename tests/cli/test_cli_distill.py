"""`distill` from the command line: a student is written, says what it learnt, and can be loaded."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.adapters.store.judge import JudgeFolder
from judgekit.adapters.store.run import RunFolder
from judgekit.adapters.store.student import load_student, load_student_judge
from judgekit.cli import app as table
from judgekit.cli import main as entry
from judgekit.records.dataset import DatasetCard, SplitManifest
from judgekit.records.judge import Judge
from judgekit.records.label import Label
from judgekit.records.rubric import Criterion, Rubric, Scale
from judgekit.records.session import Session, Turn

COMMANDS = (
    ("judgekit.cli.distill:distill", "distill"),
    ("judgekit.cli.run:run", "run"),
    ("judgekit.cli.score:score", "score"),
)
N_SESSIONS = 50


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project whose dataset has labels that the word "sorted" tells, as the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(table, "COMMANDS", COMMANDS)
    (tmp_path / "judgekit.toml").write_text("", encoding="utf-8")
    criteria = (
        Criterion(id="solved", question="Solved?", scale=Scale(type="binary", levels=("no", "yes"))),
        Criterion(id="feedback", question="What?", scale=Scale(type="text")),
    )
    folder = DatasetFolder(tmp_path / "datasets" / "desk")
    folder.create(DatasetCard(name="desk"), Rubric(name="desk", criteria=criteria))
    folder.write_sessions([session(n) for n in range(N_SESSIONS)])
    folder.ledger.append(labels(), writer="ana", now=datetime(2026, 10, 2, tzinfo=UTC))
    units = {f"session:s-{n:02d}": ("train" if n < 40 else "test") for n in range(N_SESSIONS)}
    folder.write_splits(SplitManifest(seed=1, fractions={"train": 0.8, "test": 0.2}, units=units))
    return tmp_path


def session(number: int) -> Session:
    said = "All sorted for you now" if number % 2 else "I am afraid that is beyond me"
    asked = random.Random(number).sample(["where", "is", "my", "lamp", "order"], 3)
    question = Turn(id="1", role="user", text=" ".join(asked))
    return Session(id=f"s-{number:02d}", turns=(question, Turn(id="2", role="assistant", text=said)))


def labels() -> list[Label]:
    made = [
        Label(id=f"l-{n}", session=f"s-{n:02d}", criterion="solved", rater="ana", value="yes" if n % 2 else "no")
        for n in range(N_SESSIONS)
    ]
    return [*made, Label(id="l-na", session="s-00", criterion="solved", rater="ben", status="cannot_judge")]


def ran(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = entry.main(words)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def distil(capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str, str]:
    return ran(capsys, "distill", "desk", "-c", "solved", "-o", "judges/student", *more)


def test_a_student_is_written_and_loads(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The folder holds a judge with lineage and the fingerprint of its weights, learnt from train only."""
    code, _out, err = distil(capsys, "--student")
    assert code == 0, err
    judge, student = load_student_judge(JudgeFolder(project / "judges" / "student"))
    assert (judge.name, judge.kind, judge.model) == ("student", "student", None)
    assert judge.weights == student.fingerprint()
    assert judge.lineage.dataset == "desk"
    assert set(judge.lineage.units) == {f"session:s-{n:02d}" for n in range(40)} == set(judge.lineage.folds)
    assert "next: judgekit run judges/student desk" in err


def test_what_was_learnt_is_said_in_80_columns(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Labels per level, what was dropped and why, the choice made, and the cross-fitted agreement."""
    _code, out, _err = distil(capsys, "--student")
    words = " ".join(out.split())
    assert "no: 20, yes: 20" in words
    assert "can't judge 1" in words
    assert "split test 10" in words
    assert "C = " in words
    assert "kappa" in words
    assert "5 models" in words
    assert max(map(len, out.splitlines())) <= 80


def test_json_is_one_document_with_rows(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json the summary stands alone on standard output."""
    code, out, _err = distil(capsys, "--student", "--json")
    assert code == 0
    found = json.loads(out)
    assert found["label_counts"] == {"no": 20, "yes": 20}
    assert found["dropped"] == {"cannot_judge": 1, "split_test": 10}
    kappa = next(row for row in found["rows"] if row["metric"] == "cohen_kappa" and row["between"] == "judge~reference")
    assert kappa["estimate"]["value"] == 1.0
    assert kappa["engine"] == "student"


@pytest.mark.slow
def test_the_same_command_writes_the_same_weights(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No hidden randomness; another seed deals other folds."""
    for name, seed in (("a", "7"), ("b", "7"), ("c", "8")):
        assert (
            ran(capsys, "distill", "desk", "-c", "solved", "-o", f"judges/{name}", "--student", "--seed", seed)[0] == 0
        )
    texts = [(project / "judges" / name / "student.json").read_text() for name in "abc"]
    assert texts[0] == texts[1] != texts[2]
    assert load_student(project / "judges" / "a" / "student.json").seed == 7


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ([], "only --student can be distilled in this version"),
        (["--student", "--split", "train,test"], "the test split testifies"),
        (["--student", "--split", "trian"], "unknown split 'trian'"),
        (["--student", "-c", "feedback"], "the scale is text"),
        (["--student", "-c", "solvd"], "Did you mean 'solved'"),
        (["--student", "--folds", "500"], "500 folds for 40 units"),
        (["--student", "-o", "datasets/desk"], "there is something already"),
    ],
)
def test_wrong_usage_is_one_line_and_writes_nothing(
    more: list[str], words: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, what is wrong and what to do, and no half-made folder."""
    code, out, err = distil(capsys, *more)
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1
    assert not (project / "judges" / "student").exists()


def test_a_student_runs_without_a_key_and_its_run_can_be_scored(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`run` takes a student like any judge: its engine is `student`, and no call is made."""
    assert distil(capsys, "--student")[0] == 0
    code, _out, err = ran(capsys, "run", "judges/student", "desk", "-o", "runs/r")
    assert code == 0, err
    run = RunFolder(project / "runs" / "r").load()
    assert (run.manifest.engine, run.manifest.state, run.manifest.n_requests) == ("student", "complete", 0)
    assert (len(run.verdicts), run.failures, run.calls) == (N_SESSIONS, (), ())
    assert {verdict.value for verdict in run.verdicts if int(verdict.target[2:]) % 2} == {"yes"}
    assert RunFolder(project / "runs" / "r").lineage().folds
    code, out, err = ran(capsys, "score", "runs/r", "desk", "--split", "train", "--resamples", "200")
    assert code == 0, err
    assert "40" in out


def test_a_prompt_judge_has_no_weights_to_load(project: Path) -> None:
    """Asking for the weights of a prompt judge says so."""
    from judgekit.errors import InputError

    criterion = Criterion(id="c", question="?", scale=Scale(type="binary", levels=("no", "yes")))
    folder = JudgeFolder(project / "judges" / "p")
    folder.write(Judge(name="p", model="openai/x", criterion=criterion))
    with pytest.raises(InputError, match="a prompt judge has no weights"):
        load_student_judge(folder)
