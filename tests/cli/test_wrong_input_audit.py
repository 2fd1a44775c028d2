"""`judgekit audit` on a ledger that a crash cut off, and asked about people and sessions that are not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.cli.main import main


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the one ledger file of a dataset `./d` with two labels."""
    monkeypatch.chdir(tmp_path)
    Path("l.csv").write_text("s,r,v\nc1,ana,3\nc2,ana,4\n", encoding="utf-8")
    words = ["--map", "session=s", "--map", "rater=r", "--criterion", "q=v", "--scale", "q=ordinal:1..5", "--bare"]
    assert main(["import", "labels", "l.csv", "--dataset", "./d", *words]) == 0
    return next(Path("d/ledger").glob("*.jsonl"))


def test_a_line_that_a_crash_cut_off_is_told(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The chain is whole, and the label that is missing from it is not passed over in silence."""
    os.truncate(ledger, ledger.stat().st_size - 30)
    capsys.readouterr()
    assert main(["audit", "verify", "./d"]) == 0
    out = capsys.readouterr().out
    assert f"{ledger.name}:2: the last line is cut off" in out
    assert "1 ledger file is whole" in out


def test_findings_are_counted_in_good_english(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One finding in one file, with exit code 8."""
    ledger.write_text(ledger.read_text(encoding="utf-8").replace('"value":3', '"value":5'), encoding="utf-8")
    assert main(["audit", "verify", "./d"]) == 8
    assert "1 finding in 1 ledger file" in capsys.readouterr().out


@pytest.mark.parametrize(("option", "kind"), [("--rater", "rater 'anna'"), ("--session", "session or pair 'anna'")])
def test_a_name_that_is_not_there_is_not_an_empty_history(
    ledger: Path, option: str, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A misspelt name is refused with the known ones."""
    assert ledger.exists()
    assert main(["audit", "show", "./d", option, "anna"]) == 2
    assert f"unknown {kind}" in capsys.readouterr().err


def test_labels_on_sessions_that_changed_after_them_are_counted(
    ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever edits sessions.jsonl by hand learns how many labels no longer stand on what their raters saw."""
    Path("t.csv").write_text("id,user\nc7,help\n", encoding="utf-8")
    Path("k.csv").write_text("s,r,v\nc7,ana,3\nc7,ben,4\n", encoding="utf-8")
    words = ["--map", "session=s", "--map", "rater=r", "--criterion", "q=v"]
    assert main(["import", "sessions", "t.csv", "--dataset", "./d"]) == 0
    assert main(["import", "labels", "k.csv", "--dataset", "./d", *words]) == 0
    assert ledger.exists()
    assert DatasetFolder("d").load().notes == ()
    sessions = Path("d/sessions.jsonl")
    sessions.write_text(sessions.read_text(encoding="utf-8").replace("help", "never mind"), encoding="utf-8")
    told = "2 labels are on sessions that changed after them (1; the first: c7)"
    assert DatasetFolder("d").load().notes == (told,)
    capsys.readouterr()
    assert main(["agree", "./d"]) == 0
    assert told in " ".join(capsys.readouterr().out.split())


def test_a_level_that_the_rubric_lost_is_explained(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The refusal says that the rubric changed after the label, not only that the label is off the scale."""
    rubric = Path("d/rubric.toml")
    rubric.write_text(rubric.read_text(encoding="utf-8").replace("[1, 2, 3, 4, 5]", "[1, 2, 3]"), encoding="utf-8")
    capsys.readouterr()
    assert main(["agree", "./d"]) == 2
    err = capsys.readouterr().err
    assert f"{ledger.name}:2: criterion 'q': 4 is not on the ordinal scale" in err
    assert "put the level back" in err
