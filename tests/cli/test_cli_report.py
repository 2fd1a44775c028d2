"""`judgekit report`, on composed reports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from judgekit.cli.console import Console
from judgekit.cli.report import load_reports, report
from judgekit.errors import JudgekitError

COMPOSED = Path(__file__).parents[1] / "render" / "composed"
FIRST = load_reports([COMPOSED])[0][0]
"""What is read first of them."""


def run(*words: str, json_wanted: bool = False) -> int:
    """Run the command as the entry point does, errors included; return the exit code."""
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(report)
    console = Console(json=json_wanted)
    try:
        result = typer.main.get_command(app).main(args=list(words), standalone_mode=False, obj=console)
    except JudgekitError as error:
        console.fail(str(error))
        return error.exit_code
    return result if isinstance(result, int) else 0


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("r.html", "<!doctype html>"),
        ("r.md", "# "),
        ("r.tex", "\\documentclass"),
        ("r.txt", f"{FIRST.title}\n"),
        ("r.csv", "report,dataset,criterion,metric"),
        ("r.json", '{\n  "reports"'),
    ],
)
def test_the_file_is_written_by_its_ending(tmp_path: Path, capsys, name, start) -> None:
    """A folder of reports becomes one file of the kind asked for, in the order of reading, with nothing left beside."""
    out = tmp_path / name
    assert run(str(COMPOSED), "-o", str(out)) == 0
    text = out.read_text(encoding="utf-8")
    assert text.startswith(start)
    if name.endswith((".md", ".txt")):
        assert text.index("Agreement among the experts") < text.index("Worst disagreements")
    assert text.index("esolution") < text.rindex("prompt-v8")
    assert text.rindex("chioma") < text.rindex("prompt-v8")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert f"saved {out}" in capsys.readouterr().err


def test_written_json_is_read_again(tmp_path: Path) -> None:
    """The JSON of several reports gives the same page as the reports."""
    for name, sources in (("all.json", [str(COMPOSED)]), ("a.html", [str(COMPOSED)])):
        run(*sources, "-o", str(tmp_path / name))
    run(str(tmp_path / "all.json"), "-o", str(tmp_path / "b.html"))
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_without_a_file_the_report_is_shown(capsys) -> None:
    """Standard output has the text; with --json it has the record and nothing else."""
    assert run(str(COMPOSED / "score.json")) == 0
    assert "Worst disagreements" in capsys.readouterr().out
    assert run(str(COMPOSED / "score.json"), json_wanted=True) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "score"


def test_a_title_heads_the_page(tmp_path: Path) -> None:
    """--title stands on top, escaped."""
    out = tmp_path / "r.html"
    run(str(COMPOSED / "score.json"), "-o", str(out), "--title", "May <b>")
    assert "<h1>May &lt;b&gt;</h1>" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{}", "not a report"),
        (b"[1, 2]", "not a report"),
        (b'{"kind": "score", "title": "t"}', "not a report"),
        (b'{"kind": "poem"}', "not a report"),
        (b'{"reports": 3}', "not a report"),
        (b"not json", "not JSON"),
        (b"", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b'{"kind": NaN}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_a_file_that_is_no_report_is_one_clear_line(tmp_path: Path, capsys, content, words) -> None:
    """The file, what is wrong and what to do, in one line, exit 2; nothing is written."""
    path = tmp_path / "x.json"
    path.write_bytes(content)
    assert run(str(path), "-o", str(tmp_path / "out.html")) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert f"{path}: {words}" in error
    assert "saved by judgekit agree" in error
    assert not (tmp_path / "out.html").exists()


def test_a_number_that_is_none_is_refused(tmp_path: Path, capsys) -> None:
    """A value of 1e999 would be infinite: the report is refused, not shown."""
    path = tmp_path / "x.json"
    path.write_text(
        (COMPOSED / "score.json").read_text(encoding="utf-8").replace("0.708", "1e999", 1), encoding="utf-8"
    )
    assert run(str(path)) == 2
    assert "not a report" in capsys.readouterr().err


def test_missing_files_and_empty_folders_are_named(tmp_path: Path, capsys) -> None:
    """Both are exit 2 with the path."""
    assert run(str(tmp_path / "no.json")) == 2
    assert "no such file" in capsys.readouterr().err
    assert run(str(tmp_path)) == 2
    assert "the folder holds no report" in capsys.readouterr().err


def test_other_files_of_a_folder_are_counted(tmp_path: Path, capsys) -> None:
    """JSON that is no report is left out of a folder, and said so."""
    (tmp_path / "a.json").write_text((COMPOSED / "score.json").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "b.json").write_text("{}", encoding="utf-8")
    assert run(str(tmp_path)) == 0
    assert "1 other JSON file" in capsys.readouterr().err


def test_an_unknown_ending_lists_the_known_ones(tmp_path: Path, capsys) -> None:
    """A typing error in the ending is told before anything is read."""
    assert run(str(tmp_path / "no.json"), "-o", "r.htmx") == 2
    error = capsys.readouterr().err
    assert "'.htmx'" in error
    assert "Known: .csv, .htm, .html, .json, .md, .tex, .txt" in error


@pytest.mark.parametrize("words", [["-o", "tables/"], ["--tables", "tables"], ["-o", "tables/", "--tables", "tables"]])
def test_a_folder_gets_every_long_table(tmp_path: Path, monkeypatch, capsys, words) -> None:
    """-o folder/ and --tables write the same files; nothing but talk is printed."""
    monkeypatch.chdir(tmp_path)
    assert run(str(COMPOSED), *words) == 0
    names = {path.name for path in (tmp_path / "tables").iterdir()}
    assert {"rows.csv", "contested.csv", "disagreements.csv", "confusion.csv", "profiles.csv"} <= names
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == f"saved {len(names)} tables in tables\n"


def test_a_report_and_its_tables_are_written_at_once(tmp_path: Path) -> None:
    """-o x.tex --tables folder writes both; an existing folder needs no slash."""
    (tmp_path / "old").mkdir()
    assert run(str(COMPOSED / "score.json"), "-o", str(tmp_path / "x.tex"), "--tables", str(tmp_path / "csv")) == 0
    assert (tmp_path / "x.tex").is_file()
    assert run(str(COMPOSED / "score.json"), "-o", str(tmp_path / "old")) == 0
    for path in (tmp_path / "csv").iterdir():
        assert path.read_bytes() == (tmp_path / "old" / path.name).read_bytes()


@pytest.mark.parametrize("name", ["r.html", "r.tex", "r.md", "r.txt", "r.csv", "r.json"])
def test_the_same_reports_give_the_same_bytes(tmp_path: Path, name) -> None:
    """Every form, written twice, in whatever order the reports were named."""
    sources = [str(COMPOSED / f"{kind}.json") for kind in ("score", "agreement", "comparison")]
    run(*sources, "-o", str(tmp_path / name))
    first = (tmp_path / name).read_bytes()
    run(*sources[::-1], "-o", str(tmp_path / name))
    assert (tmp_path / name).read_bytes() == first
