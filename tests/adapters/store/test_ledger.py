"""The ledger loses nothing, says when it was touched, and merges as a union."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from datetime import UTC, datetime

import pytest

from judgekit.adapters.store.ledger import Ledger, safe_name
from judgekit.errors import FileProblem, InputError, InvalidRecord, TamperedLedger
from judgekit.records.label import Label
from judgekit.review.fold import fold

NOW = datetime(2026, 10, 2, 9, 0, tzinfo=UTC)


def label(number, **fields):
    return Label(
        **{"id": f"l-{number}", "session": f"s-{number}", "criterion": "c", "rater": "ana", "value": 1, **fields}
    )


def test_events_come_back_as_they_were(tmp_path):
    """What is appended is read back, dated where it had no date, in one chain."""
    ledger = Ledger(tmp_path / "ledger")
    given = label(1, session=12345678901234567891, metadata={"x": None, "half": "\ud83d"}, correction={"a": [None]})
    ledger.append([given, label(2, at="2026-01-01T00:00:00+02:00")], writer="ana", now=NOW)
    ledger.append([label(3)], writer="ana", now=NOW)
    entries = ledger.entries().entries
    assert [entry.sequence for entry in entries] == [1, 2, 3]
    assert [entry.previous for entry in entries] == [None, entries[0].hash, entries[1].hash]
    assert entries[0].entry == given.model_copy(update={"at": NOW})
    assert given.session == "12345678901234567891"
    assert ledger.verify() == ()


def test_a_fresh_writer_is_never_the_same_file(tmp_path):
    """Without a writer every append has a file of its own, named by its moment."""
    ledger = Ledger(tmp_path)
    for number in range(3):
        ledger.append([label(number)], now=NOW)
    names = [path.name for path in ledger.files()]
    assert len(names) == 3
    assert all(name.startswith("import-20261002T090000-") for name in names)
    assert ledger.append([], now=NOW) == []
    assert len(ledger.files()) == 3


@pytest.mark.parametrize(
    "writer",
    ["../../etc/passwd", "..", ".hidden", "a/b", "a\\b", "a\0b", "\x1b[31m\n", "-rf", "Zoë", "x" * 5000, "%2E", "CON "],
)
def test_a_hostile_writer_stays_in_the_folder(tmp_path, writer):
    """Whatever a writer is called, it has one plain file in the folder, and the chain verifies."""
    ledger = Ledger(tmp_path / "ledger")
    ledger.append([label(1)], writer=writer, now=NOW)
    ledger.append([label(2)], writer=writer, now=NOW)
    (path,) = ledger.files()
    assert path.parent == tmp_path / "ledger"
    assert path.name.isascii()
    assert path.name.isprintable()
    assert len(list(tmp_path.rglob("*"))) == 2
    assert ledger.verify() == ()
    assert len(ledger.entries().entries) == 2


def test_different_writers_keep_different_names():
    """Making names safe does not make two of them one."""
    writers = ["a/b", "a%2Fb", "a b", "a_b", "x" * 200, "x" * 201, "..", "%2E."]
    assert len({safe_name(writer) for writer in writers}) == len(writers)
    with pytest.raises(InputError, match="needs a name"):
        safe_name(" ")


def test_a_torn_tail_is_moved_aside_and_the_chain_goes_on(tmp_path):
    """After a power loss reading notes the torn line, and the next append sets it aside."""
    ledger = Ledger(tmp_path)
    ledger.append([label(1), label(2)], writer="ana", now=NOW)
    path = tmp_path / "ana.jsonl"
    for number in (1, 2):
        whole = path.read_bytes()
        path.write_bytes(whole + b'{"writer":"ana","sequ')
        held = ledger.entries()
        assert "cut off" in " ".join(held.notes)
        assert len(held.entries) == 1 + number
        ledger.append([label(2 + number)], writer="ana", now=NOW)
        assert (tmp_path / f"ana.jsonl.torn-{number}").read_bytes() == b'{"writer":"ana","sequ'
    held = ledger.entries()
    assert [entry.entry.id for entry in held.entries] == ["l-1", "l-2", "l-3", "l-4"]
    assert ledger.verify() == ()
    assert any("torn-1" in note for note in held.notes)


def test_a_last_line_without_its_newline_is_whole(tmp_path):
    """When only the newline is missing the entry counts, and the next one starts a line."""
    ledger = Ledger(tmp_path)
    ledger.append([label(1)], writer="ana", now=NOW)
    path = tmp_path / "ana.jsonl"
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert len(ledger.entries().entries) == 1
    ledger.append([label(2)], writer="ana", now=NOW)
    assert len(ledger.entries().entries) == 2


def test_every_flipped_byte_is_found(tmp_path):
    """A change of any one byte is found, and the line is named."""
    ledger = Ledger(tmp_path)
    ledger.append([label(n, rationale="because") for n in range(3)], writer="ana", now=NOW)
    path = tmp_path / "ana.jsonl"
    whole = path.read_bytes()
    line = whole.split(b"\n")[0]
    for place in range(0, len(line), 7):
        changed = bytearray(whole)
        changed[place] ^= 1
        path.write_bytes(bytes(changed))
        assert any(problem.startswith(f"{path}:") for problem in ledger.verify()), place
        with pytest.raises(TamperedLedger, match=r"ana\.jsonl:1: "):
            ledger.entries()


def test_each_kind_of_tampering_is_one_finding(tmp_path):
    """Removed, moved, copied and foreign lines are found, each with its line; an edited one only once."""
    ledger = Ledger(tmp_path)
    ledger.append([label(n) for n in range(4)], writer="ana", now=NOW)
    path = tmp_path / "ana.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    edited = json.loads(lines[1])
    edited["entry"]["value"] = 5
    for changed, n_found in [
        ([lines[0], json.dumps(edited) + "\n", *lines[2:]], 1),
        ([lines[0], *lines[2:]], 1),
        ([lines[1], lines[0], *lines[2:]], 3),
        ([lines[0], lines[0], *lines[1:]], 1),
        ([lines[0], "rubbish\n", *lines[1:]], 2),
    ]:
        path.write_text("".join(changed))
        found = ledger.verify()
        assert len(found) == n_found, found
        assert all("\n" not in problem for problem in found)
        with pytest.raises(TamperedLedger, match="audit verify"):
            ledger.entries()
    path.write_text("".join(lines))
    path.rename(tmp_path / "ben.jsonl")
    assert len(ledger.verify()) == 4


def test_nothing_is_chained_to_a_changed_entry(tmp_path):
    """Appending to a file whose last entry was changed is refused and changes nothing."""
    ledger = Ledger(tmp_path)
    ledger.append([label(1)], writer="ana", now=NOW)
    path = tmp_path / "ana.jsonl"
    path.write_text(path.read_text().replace('"value":1', '"value":2'))
    before = path.read_bytes()
    with pytest.raises(TamperedLedger):
        ledger.append([label(2)], writer="ana", now=NOW)
    assert path.read_bytes() == before


def test_a_full_disk_leaves_no_part_of_an_append(tmp_path, monkeypatch):
    """When the disk fills up half-way, the file is as it was."""
    ledger = Ledger(tmp_path)
    ledger.append([label(1)], writer="ana", now=NOW)
    before = (tmp_path / "ana.jsonl").read_bytes()
    real = os.write
    calls = []

    def half(descriptor, data):
        calls.append(1)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        return real(descriptor, bytes(data)[:20])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(FileProblem, match="no space"):
        ledger.append([label(2)], writer="ana", now=NOW)
    monkeypatch.undo()
    assert (tmp_path / "ana.jsonl").read_bytes() == before
    with pytest.raises(InvalidRecord, match="l-3"):
        ledger.append([label(3, metadata={"x": object()})], writer="ana", now=NOW)
    assert (tmp_path / "ana.jsonl").read_bytes() == before


def test_without_locks_every_append_has_its_own_file(tmp_path, monkeypatch):
    """Where two processes cannot take turns, a writer's appends do not share a file."""
    monkeypatch.setattr("judgekit.adapters.store.ledger.HAS_LOCKS", False)
    ledger = Ledger(tmp_path)
    for number in range(2):
        ledger.append([label(number)], writer="ana", now=NOW)
    assert len(ledger.files()) == 2
    assert ledger.verify() == ()


@pytest.mark.parametrize("is_shared", [True, False])
def test_processes_that_append_at_once_lose_nothing(tmp_path, is_shared):
    """Three real processes, on one writer or on their own, leave every label and whole chains."""
    program = textwrap.dedent("""
        import sys
        from datetime import UTC, datetime
        from pathlib import Path
        from judgekit.adapters.store.ledger import Ledger
        from judgekit.records.label import Label
        folder, name, writer = sys.argv[1:]
        for n in range(40):
            label = Label(id=f"{name}-{n}", session="s", criterion="c", rater=name, occasion=n, value="x" * 300)
            Ledger(Path(folder)).append([label], writer=writer, now=datetime.now(UTC))
    """)
    names = ["p", "q", "r"]
    started = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path), name, "one" if is_shared else name])
        for name in names
    ]
    assert [process.wait(timeout=60) for process in started] == [0, 0, 0]
    ledger = Ledger(tmp_path)
    assert ledger.verify() == ()
    assert {entry.entry.id for entry in ledger.entries().entries} == {
        f"{name}-{n}" for name in names for n in range(40)
    }
    assert len(ledger.files()) == (1 if is_shared else 3)


def test_two_git_branches_that_import_labels_merge_without_conflict(tmp_path):
    """Labels imported on two branches are all there after the merge, and every chain verifies."""

    def git(*words):
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True)

    ledger = Ledger(tmp_path / "ledger")
    git("init", "-q", "-b", "main")
    ledger.append([label(0)], now=NOW)
    git("add", ".")
    git("commit", "-qm", "base")
    for branch, number in (("left", 1), ("right", 2)):
        git("checkout", "-q", "-b", branch, "main")
        ledger.append([label(number), label(9)], now=NOW)
        git("add", ".")
        git("commit", "-qm", branch)
    git("checkout", "-q", "main")
    git("merge", "-q", "--no-edit", "left")
    git("merge", "-q", "--no-edit", "right")
    assert ledger.verify() == ()
    folded = fold(ledger.entries().entries)
    assert sorted(one.id for one in folded.labels) == ["l-0", "l-1", "l-2", "l-9"]
    assert folded.notes == ()


@pytest.mark.slow
def test_a_large_ledger_is_read_in_seconds(tmp_path):
    """Twenty thousand entries are read and verified in well under the time a person notices."""
    ledger = Ledger(tmp_path)
    ledger.append([label(n, rationale="words " * 20) for n in range(20_000)], writer="ana", now=NOW)
    begun = time.process_time()
    assert len(ledger.entries().entries) == 20_000
    assert time.process_time() - begun < 6
