"""Files are read whole or refused with file and line, and written whole or not at all."""

from __future__ import annotations

import errno
import gzip
import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from judgekit.adapters.store.files import read_json, read_jsonl, read_text, write_atomically, write_json, write_jsonl
from judgekit.adapters.store.validation import validated
from judgekit.errors import FileProblem, InvalidRecord
from judgekit.records.judge import Judge
from judgekit.records.label import Label
from judgekit.records.rubric import Rubric
from judgekit.records.session import Session


def test_a_missing_file_is_named_with_its_cause(tmp_path):
    """A missing file is one line with its path and cause."""
    with pytest.raises(FileProblem, match=r"none\.txt: no such file"):
        read_text(tmp_path / "none.txt")
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileProblem, match="not a folder"):
        read_text(tmp_path / "file" / "x.txt")
    with pytest.raises(FileProblem, match="it is a folder"):
        read_text(tmp_path)
    with pytest.raises(FileProblem, match="not a path"):
        read_text(Path("a\0b"))


def test_text_that_is_not_utf8_names_its_line(tmp_path):
    """Text that is not UTF-8 is refused with the line, a byte order mark is not text."""
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfone\ntwo \xff\n")
    with pytest.raises(InvalidRecord, match=r"a\.txt:2: not UTF-8 \(byte 0xff\)"):
        read_text(tmp_path / "a.txt")
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfone")
    assert read_text(tmp_path / "a.txt") == "one"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_failed_write_leaves_the_old_file_and_no_temporary(tmp_path, monkeypatch, code):
    """When the disk refuses, the old content stands and nothing lies beside it."""
    path = tmp_path / "a.txt"
    path.write_text("old")

    def refuse(_descriptor):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(FileProblem, match=r"a\.txt: .*\. \w+"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_what_is_no_file_is_not_replaced(tmp_path):
    """A pipe or a device stays what it is; a folder is said to be one."""
    os.mkfifo(tmp_path / "pipe")
    for place, words in ((tmp_path / "pipe", "no ordinary file"), (tmp_path, "this is a folder")):
        with pytest.raises(FileProblem, match=words):
            write_atomically(place, "text")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_an_atomic_write_keeps_the_mode_and_follows_a_link(tmp_path):
    """The mode of the old file is kept, and a link still is one afterwards."""
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "real.txt").chmod(0o640)
    (tmp_path / "link.txt").symlink_to("real.txt")
    write_atomically(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"
    assert (tmp_path / "real.txt").stat().st_mode & 0o777 == 0o640


def test_a_kill_in_the_middle_of_writing_leaves_all_of_old_or_new(tmp_path):
    """A process killed while it rewrites a file leaves one whole version of it."""
    path = tmp_path / "big.txt"
    program = textwrap.dedent(f"""
        from pathlib import Path
        from judgekit.adapters.store.files import write_atomically
        n = 0
        while True:
            write_atomically(Path({str(path)!r}), chr(97 + n % 26) * 3_000_000)
            n += 1
    """)
    for wait_s in (0.0, 0.013, 0.031):
        process = subprocess.Popen([sys.executable, "-c", program])
        path.unlink(missing_ok=True)
        while not path.exists():
            time.sleep(0.005)
        time.sleep(wait_s)
        process.send_signal(signal.SIGKILL)
        process.wait()
        text = path.read_text()
        assert len(text) == 3_000_000
        assert len(set(text)) == 1


def test_json_lines_come_with_their_line_numbers(tmp_path):
    """Blank lines, a byte order mark and odd line separators inside strings are no trouble."""
    path = tmp_path / "a.jsonl"
    path.write_bytes('\ufeff{"a":1}\r\n\n{"a":"x\u2028y"}'.encode())
    lines = read_jsonl(path)
    assert lines.rows == [(1, {"a": 1}), (3, {"a": "x\u2028y"})]
    assert lines.torn is None


@pytest.mark.parametrize("tail", ['{"a":', '{"a":"é'.encode()[:-1].decode("latin1"), "\0\0\0", '{"a":1}{'])
def test_a_torn_last_line_is_reported_and_never_guessed(tmp_path, tail):
    """What a crash cut off is set aside in words; the lines before it are read."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a":1}\n' + tail.encode("latin1"))
    lines = read_jsonl(path)
    assert lines.rows == [(1, {"a": 1})]
    assert lines.torn is not None
    assert ":2: the last line is cut off" in lines.torn


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a":1}\n{"a":\n{"a":2}\n', ":2: not JSON"),
        ('{"a":1}\n{"a":\n', ":2: not JSON"),
        ('{"a":1,"a":2}\n', ":1: key 'a' stands twice"),
        ('{"a":NaN}\n', ":1: NaN is not JSON"),
        ('{"a":-Infinity}', ":1: -Infinity is not JSON"),
        ("[1]\n", ":1: not a JSON object"),
        ("[" * 100_000 + "\n", ":1: JSON nested too deeply"),
        ('{"a":' + "9" * 5000 + "}\n", ":1: "),
    ],
)
def test_a_broken_line_is_refused_with_its_place(tmp_path, text, words):
    """A broken line that is not the torn last one stops the reading, with file and line."""
    (tmp_path / "a.jsonl").write_text(text)
    with pytest.raises(InvalidRecord, match="a.jsonl" + words.replace("(", r"\(")) as caught:
        read_jsonl(tmp_path / "a.jsonl")
    assert "\n" not in str(caught.value)


def test_packed_lines_are_read_and_written_the_same_each_time(tmp_path):
    """A .gz file reads like the plain one, its bytes depend on content only, and a cut one is refused."""
    rows = [{"id": "a", "text": "é \ud83d cut emoji"}, {"id": "b"}]
    write_jsonl(tmp_path / "a.jsonl.gz", rows)
    first = (tmp_path / "a.jsonl.gz").read_bytes()
    assert [row for _, row in read_jsonl(tmp_path / "a.jsonl.gz").rows] == rows
    write_jsonl(tmp_path / "a.jsonl.gz", rows)
    assert (tmp_path / "a.jsonl.gz").read_bytes() == first
    (tmp_path / "a.jsonl.gz").write_bytes(first[:-9])
    with pytest.raises(FileProblem, match="cut off"):
        read_jsonl(tmp_path / "a.jsonl.gz")
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'{"a":1}') + b"junk")
    with pytest.raises(FileProblem, match="damaged"):
        read_jsonl(tmp_path / "a.jsonl.gz")


def test_nan_is_never_written(tmp_path):
    """A row with NaN is refused and no file appears."""
    with pytest.raises(InvalidRecord, match="NaN"):
        write_jsonl(tmp_path / "a.jsonl", [{"a": float("nan")}])
    assert not list(tmp_path.iterdir())


def test_an_unknown_key_names_its_path_and_the_nearest():
    """The path leads to the key, and the nearest known one is named."""
    scales = [{"type": "binary", "levels": [1, 2]}] * 2 + [{"type": "binary", "levls": [1, 2]}]
    criteria = [{"id": f"c{n}", "question": "?", "scale": scale} for n, scale in enumerate(scales)]
    with pytest.raises(InvalidRecord) as caught:
        validated(Rubric, {"name": "x", "criteria": criteria}, "datasets/x/rubric.toml")
    words = "datasets/x/rubric.toml: criteria[2].scale.levls: unknown key 'levls'. Did you mean 'levels'?"
    assert str(caught.value) == words


@pytest.mark.parametrize(
    ("model", "row", "words"),
    [
        (Label, {"id": "l", "session": "s", "value": 1}, "f:1: criterion: 'criterion' is missing"),
        (Label, {"id": 1.5, "session": "s"}, "f:1: id: input should be text, got 1.5"),
        (Label, {"id": "l", "session": "s", "criterion": "c"}, "f:1: a value is needed"),
        (Label, {"id": "l", "session": "s", "criterion": "c", "status": "n/a"}, "f:1: status: input should be"),
        (Session, {"id": "s", "turns": [{"id": "t", "role": "usr"}]}, "Did you mean 'user'"),
        (Session, {"id": "s", "started_at": "2026-01-01T00:00:00"}, "needs its offset"),
        (Judge, {"name": "j", "reading": {"patterns": [{"mtch": "x"}]}}, "reading.patterns[0].mtch: unknown key"),
        (Rubric, {"name": "r", "criteria": [{"id": "", "question": "?"}]}, "an id must not be empty"),
        (Session, [], "f:1: input should be a table"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(model, row, words):
    """Place, field, what is wanted and what was given stand in one line."""
    with pytest.raises(InvalidRecord) as caught:
        validated(model, row, "f:1")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_ids_of_twenty_digits_stay_exact(tmp_path):
    """A whole number of 20 digits keeps every digit as an id."""
    (tmp_path / "s.jsonl").write_text('{"id":12345678901234567891}\n')
    ((_, row),) = read_jsonl(tmp_path / "s.jsonl").rows
    assert validated(Session, row, "s.jsonl:1").id == "12345678901234567891"


def test_half_a_surrogate_pair_is_written_as_an_escape(tmp_path):
    """A model's name or an error may hold what no encoding carries; the document is written all the same."""
    write_json(tmp_path / "a.json", {"model": "m\ud83d", "ü": "ü"})
    assert read_json(tmp_path / "a.json") == {"model": "m\ud83d", "ü": "ü"}
