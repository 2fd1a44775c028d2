"""What every command promises: exit codes, errors in one line, cheap help, an example in it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import judgekit
from judgekit.cli import app as table
from judgekit.cli import main as entry
from judgekit.errors import JudgekitError

HEAVY = {"pydantic", "numpy", "pandas", "scipy", "sklearn", "litellm", "jinja2", "aiohttp", "httpx", "rich", "openai"}
NAMES = [name for _target, name in table.COMMANDS]


def loaded_by(*arguments: str) -> set[str]:
    """Return the top-level modules that a command line loads, in a process of its own."""
    code = (
        "import sys; from judgekit.cli.main import main; code = main(sys.argv[1:]); "
        "print('\\nMODULES', *sorted({m.split('.')[0] for m in sys.modules})); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("MODULES")[2].split())


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], []], ids=["help", "version", "bare"])
def test_help_and_version_load_nothing_heavy(arguments: list[str]) -> None:
    """The front page costs no import that it does not need."""
    assert not loaded_by(*arguments) & HEAVY


def test_importing_the_package_loads_nothing_heavy() -> None:
    """`import judgekit` alone loads no library of size."""
    code = "import sys, judgekit; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & HEAVY


@pytest.mark.parametrize("group", table.GROUPS)
def test_a_group_without_a_command_is_one_line(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Not its whole help pressed into an error."""
    assert entry.main([group]) == 2
    assert capsys.readouterr().err == f"judgekit: missing command. See judgekit {group} --help\n"


@pytest.mark.parametrize(("target", "name"), table.COMMANDS, ids=NAMES)
@pytest.mark.parametrize("as_json", [False, True], ids=["words", "json"])
def test_a_defect_inside_a_command_ends_with_70(
    target: str, name: str, as_json: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever escapes a command is told as our defect in one line, never as a failed gate (1)."""

    def broken() -> None:
        raise ZeroDivisionError("composed defect")

    monkeypatch.setattr(table, "_function", lambda _target: broken)
    code = entry.main([*name.split(), "--json"] if as_json else name.split())
    assert code == 70
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "ZeroDivisionError" in captured.err
    assert target


@pytest.mark.parametrize("name", NAMES)
def test_every_command_explains_itself_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` of each command shows what it does and how it is called, within 80 columns."""
    assert entry.main([*name.split(), "--help"]) == 0
    text = capsys.readouterr().out
    assert "Example" in text
    assert f"judgekit {name}" in " ".join(text.split())


def test_an_unknown_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt command ends with 2, in one line that names it."""
    assert entry.main(["scoer"]) == 2
    captured = capsys.readouterr()
    assert "scoer" in captured.err
    assert "Traceback" not in captured.err


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_option_is_wrong_usage(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt option of any command ends with 2."""
    assert entry.main([*name.split(), "--no-such-option"]) == 2
    assert "no-such-option" in capsys.readouterr().err


def test_every_error_class_has_a_code_of_the_design() -> None:
    """Each class of the error tree ends with one of the documented codes, and 1 is not among them."""

    def below(parent: type[JudgekitError]) -> list[type[JudgekitError]]:
        return [child for each in parent.__subclasses__() for child in (each, *below(each))]

    found = below(JudgekitError)
    assert {child.exit_code for child in found} == {2, 3, 4, 5, 6, 7}
    drawn = sys.modules[JudgekitError.__module__].__doc__ or ""
    for child in found:
        if child.__module__ == JudgekitError.__module__:
            assert re.search(rf"{child.__name__} +{child.exit_code} ", drawn), child.__name__


def test_readme_names_every_command_and_exit_code() -> None:
    """What the command line offers is documented."""
    readme = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")
    for name in NAMES:
        assert f"judgekit {name}" in readme, name
    for code in (0, 1, 2, 3, 4, 5, 6, 7, 8, 70, 130):
        assert f"| {code} |" in readme, code


def test_every_public_name_resolves() -> None:
    """`judgekit.__all__` is what can be imported, and each name is documented in README."""
    readme = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")
    for name in judgekit.__all__:
        assert getattr(judgekit, name) is not None
        if not name.startswith("__"):
            assert name in readme, name


def test_no_public_name_is_also_a_room() -> None:
    """A module that is imported replaces an attribute of the same name, so none may share one."""
    rooms = {path.stem for path in Path(judgekit.__file__).parent.iterdir()}
    assert not rooms & set(judgekit.__all__)


def test_json_is_the_only_thing_on_standard_output(tmp_path: Path) -> None:
    """With --json standard output parses as one document; talk goes elsewhere."""
    table_file = tmp_path / "results.csv"
    table_file.write_text("verdict,label\n" + "pass,pass\nfail,pass\nfail,fail\npass,pass\n" * 10, encoding="utf-8")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "judgekit",
            "score",
            str(table_file),
            "--judge",
            "verdict",
            "--human",
            "label",
            "--json",
        ],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "NO_COLOR": "1"},
    )
    rows = json.loads(done.stdout)["rows"]
    accuracy = next(r for r in rows if r["metric"] == "accuracy" and r["between"] == "judge~reference")
    assert accuracy["estimate"]["value"] == 0.75
