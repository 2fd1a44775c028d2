"""`judgekit import` given what it cannot take: one line that says what, where and what to do, and nothing written."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from judgekit.adapters.store.appending import locked_folder
from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.cli.main import main
from judgekit.errors import FileProblem

SESSIONS = ("sessions", "chats.jsonl", "--map", "id=id", "--map", "messages=messages")
LABELS = ("--map", "session=s", "--map", "rater=r", "--criterion", "q=v", "--scale", "q=ordinal:1..5+na")

Refusal = Callable[..., str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty working folder with two sessions to import."""
    monkeypatch.chdir(tmp_path)
    rows = [{"id": f"c{n}", "messages": [{"role": "user", "content": "help"}]} for n in (1, 2)]
    Path("chats.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return tmp_path


@pytest.fixture
def refusal(capsys: pytest.CaptureFixture[str], folder: Path) -> Refusal:
    """Run an import that must be refused in one line and leave every file as it was; give that line."""

    def refused(*words: str) -> str:
        before = {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}
        capsys.readouterr()
        assert main(["import", *words]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.count("\n") == 1
        assert {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")} == before
        return captured.err

    return refused


@pytest.mark.parametrize("name", ["", " ", "-x", "a\nb", "\x1b[31m"])
def test_a_dataset_needs_a_name_that_can_be_typed(name: str, refusal: Refusal) -> None:
    """An empty name would make the working folder a dataset; a leading dash could not be named again."""
    assert "is no name for a dataset" in refusal(*SESSIONS, f"--dataset={name}")


def test_a_folder_with_other_things_in_it_does_not_become_a_dataset(folder: Path, refusal: Refusal) -> None:
    """`--dataset /etc` or `--dataset .` scatters no files among what is there."""
    assert "chats.jsonl" in refusal(*SESSIONS, "--dataset", ".")
    assert "is no dataset" in refusal(*SESSIONS, "--dataset", str(folder))


def test_a_file_where_the_dataset_is_to_be_is_named_as_such(refusal: Refusal) -> None:
    """The hint is about the name, not about the disk."""
    Path("afile").write_text("mine", encoding="utf-8")
    assert "a file stands where a folder is to be" in refusal(*SESSIONS, "--dataset", "./afile")


def test_an_import_that_was_killed_before_its_card_was_written_continues() -> None:
    """A folder with nothing but a rubric is what a kill leaves behind; the same command goes on."""
    Path("d").mkdir()
    Path("d/rubric.toml").write_text('name = "d"\n', encoding="utf-8")
    assert main(["import", *SESSIONS, "--dataset", "./d"]) == 0
    assert len(DatasetFolder("d").load().sessions) == 2


@pytest.mark.parametrize("depth", [101, 900])
def test_rows_nested_too_deeply_are_refused_with_their_line(depth: int, refusal: Refusal) -> None:
    """Metadata that could not be written again is a fault of the row, not of ours."""
    row = '{"id":"c3","messages":[{"role":"user","content":"x"}],"deep":' + "[" * depth + "]" * depth + "}\n"
    Path("deep.jsonl").write_text(row, encoding="utf-8")
    assert "deep.jsonl:1: " in (line := refusal("sessions", "deep.jsonl", "--dataset", "d"))
    assert "nested deeper than 100 levels" in line


def test_json_text_nested_too_deeply_in_a_cell_stays_text() -> None:
    """A cell of a CSV that holds such JSON is kept as the text that it is."""
    deep = "[" * 900 + "]" * 900
    Path("t.csv").write_text(f'id,user,metadata\nc1,help,"{deep}"\n', encoding="utf-8")
    assert main(["import", "sessions", "t.csv", "--dataset", "./d"]) == 0
    assert DatasetFolder("d").load().sessions[0].metadata["metadata"] == deep


@pytest.mark.parametrize(
    ("line", "shown"),
    [('{"s":"c1","r":"b","v":3,"v":4}', "stands twice"), ("{oops", "not JSON"), ("[1]", "not a JSON object")],
)
def test_a_file_without_one_readable_row_is_told_by_its_first_row(line: str, shown: str, refusal: Refusal) -> None:
    """What is wrong with the row is said, not that a column is missing from a file that has none."""
    Path("l.jsonl").write_text(line + "\n", encoding="utf-8")
    told = refusal("labels", "l.jsonl", "--dataset", "d", *LABELS)
    assert shown in told
    assert "l.jsonl:1" in told


@pytest.mark.parametrize(("delimiter", "words"), [(";", "';'"), ("\t", "$'\\t'"), ("|", "'|'")])
def test_another_delimiter_is_recognised_and_named(delimiter: str, words: str, refusal: Refusal) -> None:
    """A header that is one cell is told together with the option that splits it."""
    Path("l.csv").write_text(delimiter.join("srv") + "\n" + delimiter.join(("c1", "ana", "3")) + "\n", encoding="utf-8")
    assert f"Say --delimiter {words}" in refusal("labels", "l.csv", "--dataset", "d", *LABELS)


def test_a_table_with_only_a_header_is_refused(refusal: Refusal) -> None:
    """Nothing to import is more often a broken export than what was meant."""
    Path("l.csv").write_text("s,r,v\n", encoding="utf-8")
    assert "l.csv: the table has no rows" in refusal("labels", "l.csv", "--dataset", "d", *LABELS)


@pytest.mark.parametrize("word", ["n/a", "N/A", "-", "?"])
def test_a_word_that_is_no_level_names_the_options_that_give_it_a_meaning(word: str, refusal: Refusal) -> None:
    """Whoever has N/A codes learns of --not-applicable and --empty from the refusal."""
    assert main(["import", *SESSIONS, "--dataset", "./d"]) == 0
    Path("l.csv").write_text(f"s,r,v\nc1,ana,{word}\n", encoding="utf-8")
    told = refusal("labels", "l.csv", "--dataset", "./d", *LABELS)
    assert f"--not-applicable {word!r}" in told
    assert "l.csv:2" in told


@pytest.mark.slow
def test_two_imports_at_once_take_turns() -> None:
    """Started together, the second finds the first's labels there; none is written twice, no session is lost."""
    assert main(["import", *SESSIONS, "--dataset", "./d"]) == 0
    Path("l.csv").write_text("s,r,v\nc1,ana,3\nc2,ana,4\nc1,ben,5\n", encoding="utf-8")
    command = [sys.executable, "-m", "judgekit", "import", "labels", "l.csv", "--dataset", "./d", *LABELS]
    with locked_folder(Path("d")):
        both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
        with pytest.raises(subprocess.TimeoutExpired):
            both[0].wait(1.0)
    said = sorted(process.communicate(timeout=60)[0].decode() for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert "= 0 new + 3 already there" in said[0]
    assert "= 3 new + 0 already there" in said[1]
    assert len(DatasetFolder("d").ledger.entries().entries) == 3


def test_a_locked_folder_that_stays_empty_is_taken_away_again() -> None:
    """A refused import leaves no empty folders, not even those on the way."""
    with locked_folder(Path("a/b")):
        assert Path("a/b").is_dir()
    assert not Path("a").exists()
    Path("f").touch()
    with pytest.raises(FileProblem, match="a file stands"), locked_folder(Path("f")):
        pass


def test_the_next_command_can_be_pasted(capsys: pytest.CaptureFixture[str]) -> None:
    """A path with a space is quoted in what is suggested."""
    assert main(["import", *SESSIONS, "--dataset", "my data/d"]) == 0
    assert "--dataset 'my data/d'" in capsys.readouterr().err


def test_the_first_record_of_a_dry_run_fits_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Empty fields and fingerprints are left out, and lines are at most 80 columns."""
    assert main(["import", *SESSIONS, "--dataset", "./d", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert '"content"' not in out
    assert "[]" not in out
    assert max(map(len, out.splitlines())) <= 80
