"""`judgekit demo`: works on a copy, twice, says which engine spoke, fits 80 columns, and leaves a page."""

from __future__ import annotations

import hashlib
import json
import socket
from pathlib import Path

import pytest

from judgekit.cli.main import main
from judgekit.records.any_report import Reports

ROOT = Path(__file__).resolve().parents[1]


def fingerprints(folder: Path) -> dict[str, str]:
    """Return the hash of every file below a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any look-up of a host fails the test."""

    def refuse(*arguments: object, **_named: object) -> None:
        raise AssertionError(f"the network was asked for {arguments[:2]}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.slow
@pytest.mark.usefixtures("offline")
def test_the_demo_runs_twice_offline_on_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both runs end well and say the same; the shipped files are untouched; a path may have a space."""
    monkeypatch.chdir(tmp_path)
    shipped = {name: fingerprints(ROOT / name) for name in ("datasets", "judges", "experiments")}
    folder = tmp_path / "my demo"
    texts = []
    for _ in range(2):
        assert main(["demo", str(folder)]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]
    assert {name: fingerprints(ROOT / name) for name in shipped} == shipped
    shown = texts[0].replace(str(folder), "FOLDER")
    assert max(map(len, shown.splitlines())) <= 80
    for word in (
        "via replay",
        "via student",
        "composed",
        "not corrected",
        "The gate passes",
        "test split stays locked",
    ):
        assert word in shown
    page = (folder / "experiments/helpdesk/report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert (tmp_path / ".judgekit" / "replies.sqlite").exists() is False


@pytest.mark.slow
def test_the_demo_gives_its_reports_as_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--json prints the reports and nothing else; every row of a judge names the engine."""
    monkeypatch.chdir(tmp_path)
    assert main(["demo", "copy", "--json"]) == 0
    reports = Reports.model_validate(json.loads(capsys.readouterr().out)).reports
    kinds = [report.kind for report in reports]
    assert kinds[:2] == ["experiment", "gate"]
    assert set(kinds[2:]) == {"agreement", "score", "quality", "comparison"}
    rows = [row for report in reports for row in report.rows if row.judge]
    assert {row.engine for row in rows} == {"replay", "student"}


def test_the_demo_leaves_a_folder_of_others_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that the demo did not make is refused, and nothing in it changes."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious", encoding="utf-8")
    assert main(["demo", "mine"]) == 2
    assert "not empty" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]
