"""`judge new`, `show`, `lint` and `render` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.adapters.store.judge import JudgeFolder
from judgekit.cli import app as table
from judgekit.cli import main as entry
from judgekit.records.dataset import DatasetCard
from judgekit.records.rubric import Criterion, Rubric, Scale
from judgekit.records.session import Pair, Session, Turn

EXAMPLE = Path(__file__).resolve().parents[2]
COMMANDS = tuple((f"judgekit.cli.judge:judge_{name}", f"judge {name}") for name in ("new", "show", "lint", "render"))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project with one dataset of two sessions and one pair, as the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(table, "COMMANDS", COMMANDS)
    (tmp_path / "judgekit.toml").write_text("", encoding="utf-8")
    solved = Criterion(
        id="solved",
        question="Was it solved?",
        scale=Scale(type="binary", levels=("no", "yes")),
        anchors={"yes": "Done"},
    )
    better = Criterion(id="better", question="Which is better?", scale=Scale(type="preference"))
    folder = DatasetFolder(tmp_path / "datasets" / "desk")
    folder.create(DatasetCard(name="desk"), Rubric(name="desk", criteria=(solved, better)))
    folder.write_sessions([session("s-1", "It is done."), session("s-2", "I cannot. {{ 7*7 }}")])
    folder.write_pairs([Pair(id="p-1", first="s-1", second="s-2")])
    return tmp_path


def session(name: str, answer: str) -> Session:
    question = Turn(id="t1", role="user", text="Where is my parcel?")
    return Session(id=name, input="q", turns=(question, Turn(id="t2", role="assistant", text=answer)))


def ran(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = entry.main(words)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_new_writes_a_judge_that_loads_lints_and_renders(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What `judge new` writes needs no edit before it can be used."""
    assert ran(capsys, "judge", "new", "j", "--dataset", "desk", "--criterion", "solved")[0] == 0
    judge = JudgeFolder(project / "judges" / "j").load()
    assert (judge.name, judge.target, judge.criterion.id) == ("j", "session", "solved")
    code, out, _ = ran(capsys, "judge", "lint", "j", "--dataset", "desk")
    assert code == 0
    assert "floating-model" in out
    code, out, _ = ran(capsys, "judge", "render", "j", "desk", "--session", "s-2")
    assert code == 0
    assert "I cannot. {{ 7*7 }}" in out
    assert "Was it solved?" in out
    assert "size" in out


def test_new_refuses_to_overwrite(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An existing folder is left alone, with exit code 2."""
    (project / "judges" / "j").mkdir(parents=True)
    code, _, err = ran(capsys, "judge", "new", "j", "--dataset", "desk", "--criterion", "solved")
    assert code == 2
    assert "already" in err
    assert list((project / "judges" / "j").iterdir()) == []


def test_new_names_the_nearest_criterion(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt criterion is refused, and the one that was meant is named."""
    code, _, err = ran(capsys, "judge", "new", "j", "--dataset", "desk", "--criterion", "solvd")
    assert code == 2
    assert "Did you mean 'solved'" in err
    assert not (project / "judges").exists()


def test_pairs_need_a_preference_criterion(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--pairs` with a criterion of single sessions is refused."""
    code, _, err = ran(capsys, "judge", "new", "j", "--dataset", "desk", "--criterion", "solved", "--pairs")
    assert code == 2
    assert "preference" in err


def test_a_judge_that_sends_nothing_has_nothing_to_render(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The example's student is shown and linted, and has no prompt to render."""
    student = str(EXAMPLE / "judges" / "policy-student")
    assert ran(capsys, "judge", "show", student)[0] == ran(capsys, "judge", "lint", student)[0] == 0
    code, _, err = ran(capsys, "judge", "render", student, "desk")
    assert code == 2
    assert "sends no prompt" in err


def test_show_tells_of_a_student_only_what_it_has(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No model, samples, reading or rules stand in the card of a judge that asks nothing."""
    student = JudgeFolder(EXAMPLE / "judges" / "policy-student").load()
    _, out, _ = ran(capsys, "judge", "show", str(EXAMPLE / "judges" / "policy-student"))
    named = [line.split()[0] for line in out.splitlines() if line.startswith("  ") and line[2] != " "]
    assert named == ["question", "criterion", "scale", "judges", "weights", "lineage", "judge"]
    assert str(student.weights)[:19] in out
    card = json.loads(ran(capsys, "judge", "show", str(EXAMPLE / "judges" / "policy-student"), "--json")[1])
    assert card["prompt"] is None


def test_render_shows_a_pair_in_the_order_asked_for(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Swapped, the pair's second session is the one shown first."""
    assert ran(capsys, "judge", "new", "p", "--dataset", "desk", "--criterion", "better", "--pairs")[0] == 0
    code, out, _ = ran(capsys, "judge", "render", "p", "desk", "--order", "swapped", "--json")
    assert code == 0
    shown = json.loads(out)
    user = shown["messages"][-1]["content"]
    assert user.index("I cannot.") < user.index("It is done.")
    assert shown["target"] == "p-1"
    assert shown["json_schema"]["properties"]["value"]["enum"] == ["first", "second", "tie", "cannot_judge"]
    assert shown["n_chars"] == sum(len(message["content"]) for message in shown["messages"])


def test_lint_ends_with_8_when_something_is_wrong(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt variable is told with its file, line and nearest name."""
    ran(capsys, "judge", "new", "j", "--dataset", "desk", "--criterion", "solved")
    (project / "judges" / "j" / "user.j2").write_text("Look:\n{{ sesion }}\n", encoding="utf-8")
    code, out, _ = ran(capsys, "judge", "lint", "j")
    assert code == 8
    assert "user.j2:2: unknown variable 'sesion'. Did you mean 'session'?" in " ".join(out.split())
    code, out, _ = ran(capsys, "judge", "lint", "j", "--json")
    assert code == 8
    assert {finding["code"] for finding in json.loads(out)["findings"]} >= {"unknown-variable", "target-not-shown"}


def test_show_tells_the_fingerprints(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The card names criterion, scale, model and both fingerprints, in words and as JSON."""
    ran(capsys, "judge", "new", "j", "--dataset", "desk", "--criterion", "solved")
    judge = JudgeFolder(project / "judges" / "j").load()
    code, out, _ = ran(capsys, "judge", "show", "j")
    assert code == 0
    for expected in (
        "Was it solved?",
        "openai/gpt-4o-mini",
        judge.request_fingerprint[:19],
        judge.judge_fingerprint[:19],
    ):
        assert expected in out
    assert json.loads(ran(capsys, "judge", "show", "j", "--json")[1])["judge_fingerprint"] == judge.judge_fingerprint


def test_render_says_which_sessions_are_known(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown session is refused with the nearest id."""
    ran(capsys, "judge", "new", "j", "--dataset", "desk", "--criterion", "solved")
    code, _, err = ran(capsys, "judge", "render", "j", "desk", "--session", "s-3")
    assert code == 2
    assert "s-1" in err


def test_render_of_a_session_beyond_the_limit_says_what_to_set(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A judge that refuses long sessions is told apart from one that shortens them."""
    ran(capsys, "judge", "new", "j", "--dataset", "desk", "--criterion", "solved")
    folder = JudgeFolder(project / "judges" / "j")
    judge = folder.load()
    folder.write(judge.model_copy(update={"transcript": judge.transcript.model_copy(update={"max_chars": 10})}))
    code, _, err = ran(capsys, "judge", "render", "j", "desk")
    assert code == 2
    assert "transcript.max_chars" in err


def test_turn_judges_are_shown_the_last_answer_unless_told(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--turns` makes a judge of turns; `--turn` chooses one."""
    assert ran(capsys, "judge", "new", "t", "--dataset", "desk", "--criterion", "solved", "--turns")[0] == 0
    assert json.loads(ran(capsys, "judge", "render", "t", "desk", "--json")[1])["turn"] == "t2"
    assert json.loads(ran(capsys, "judge", "render", "t", "desk", "--turn", "t1", "--json")[1])["turn"] == "t1"
