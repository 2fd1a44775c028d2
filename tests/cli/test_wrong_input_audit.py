"""`judgekit audit` on a ledger that a crash cut off, and asked about people and sessions that are not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

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
