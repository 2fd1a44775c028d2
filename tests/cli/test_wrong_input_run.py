"""`judgekit run` and `audit` given what they cannot take: told before anything is made or overwritten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from judgekit.adapters.store.run import RunFolder
from judgekit.cli.main import main
from judgekit.testing import Fault, FaultyServer
from tests.cli.test_cli_run import GOOD, make_project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project with three sessions, as the working folder."""
    monkeypatch.chdir(make_project(tmp_path, 3))
    return tmp_path


def run(out: str, url: str) -> int:
    """Run the judge into a folder."""
    return main(["run", "j", "sessions.jsonl", "-o", out, "--base-url", url])


@pytest.mark.parametrize("out", ["judges/j", "judges"])
def test_a_folder_that_holds_something_else_is_never_a_run(
    project: Path, out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A judge's own lineage is not overwritten by a run that was pointed at its folder."""
    before = {
        path: path.read_bytes() for path in project.rglob("*") if path.is_file() and ".judgekit" not in path.parts
    }
    with FaultyServer(GOOD) as server:
        assert run(out, server.base_url) == 2
        assert server.n_requests == 0
    assert "and is no run. Choose another -o folder" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in before} == before


def test_a_file_where_the_run_is_to_be_is_named_as_such(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The hint is about -o, not about a lock file or the disk."""
    assert run("sessions.jsonl", "http://127.0.0.1:9/v1") == 2
    assert "sessions.jsonl: it is a file, and a run is a folder" in capsys.readouterr().err


def test_a_template_that_cannot_be_used_makes_no_run_folder(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown variable is told with file and line, and nothing half-made stays."""
    (project / "judges/j/user.j2").write_text("{{ sesion }}", encoding="utf-8")
    assert run("out", "http://127.0.0.1:9/v1") == 2
    assert "user.j2:1: unknown variable 'sesion'" in capsys.readouterr().err
    assert not (project / "out").exists()


def test_a_run_that_heard_no_answer_makes_way_for_the_mended_judge(project: Path) -> None:
    """Whoever corrects the model's name after a 404 runs the same command, not another folder."""
    fault = Fault("status", 404, {"message": "no such model", "code": "model_not_found"})
    with FaultyServer(GOOD, faults=lambda _number, _body: fault) as server:
        assert run("out", server.base_url) == 7
    toml = project / "judges/j/judge.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace("gpt-4o-mini", "gpt-4o"), encoding="utf-8")
    with FaultyServer(GOOD) as server:
        assert run("out", server.base_url) == 0
    assert len(RunFolder(project / "out").load().outcomes) == 3


@pytest.mark.parametrize(("file", "key"), [("judges/j/judge.toml", "format"), ("out/run.json", "format")])
def test_a_file_of_a_later_format_is_refused(
    project: Path, file: str, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What this version cannot know how to read is not read as far as it goes."""
    with FaultyServer(GOOD) as server:
        assert run("out", server.base_url) == 0
        path = project / file
        text = path.read_text(encoding="utf-8")
        later = json.dumps({**json.loads(text), key: 99}) if path.suffix == ".json" else _later(text, key)
        path.write_text(later, encoding="utf-8")
        assert run("out", server.base_url) == 2
    assert "format 99 is not known; this version reads up to 1" in capsys.readouterr().err


def _later(text: str, key: str) -> str:
    lines = [line for line in text.splitlines() if not line.startswith(f"{key} =")]
    return "\n".join([f"{key} = 99", *lines, ""])
