"""A run's folder keeps what comes as it comes, through kills."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from datetime import UTC, datetime

import pytest

from judgekit.adapters.store.run import RunFolder, load_outcomes
from judgekit.errors import FileProblem, InvalidRecord
from judgekit.records.judge import Lineage
from judgekit.records.run import RunManifest
from judgekit.records.verdict import Call, Failure, Verdict

MANIFEST = RunManifest(
    judge="j", criterion="c", judge_fingerprint="f", request_fingerprint="f", engine="scripted", sessions="f",
    n_targets=2, n_expected=2, state="running", started_at=datetime(2026, 1, 1, tzinfo=UTC),
)  # fmt: skip


def verdict(session, **fields):
    return Verdict(**{"session": session, "criterion": "c", "value": 1, **fields})


def call(name):
    return Call(id=name, request="r", engine="scripted", model="m", reply="half \ud83d")


def test_a_run_comes_back_as_it_was(tmp_path):
    """Manifest, outcomes, calls and lineage survive the folder."""
    with RunFolder(tmp_path / "run") as folder:
        folder.write_manifest(MANIFEST)
        folder.write_lineage(Lineage(dataset="d", units=("u",)))
        folder.add_call(call("c-1"))
        folder.add_outcome(verdict("s1", call="c-1"))
        folder.add_outcome(Failure(session="s2", criterion="c", status="refused", reply="no"))
        folder.flush()
        run = RunFolder(tmp_path / "run").load()
    assert run.manifest == MANIFEST
    assert run.calls == (call("c-1"),)
    assert [type(outcome) for outcome in run.outcomes] == [Verdict, Failure]
    assert run.lineage == folder.lineage() == Lineage(dataset="d", units=("u",))
    assert RunFolder(tmp_path / "other").lineage() == Lineage()


def test_a_finished_run_is_sorted(tmp_path):
    """Outcomes stand by target, turn, order and sample, whatever order they came in."""
    folder = RunFolder(tmp_path)
    rows = [
        verdict("b"),
        verdict("a", turn="2"),
        verdict("a", turn="1", sample=1),
        verdict("a", turn="1"),
        verdict("a"),
    ]
    for row in rows:
        folder.add_outcome(row)
    for name in ("c-2", "c-1", "c-2"):
        folder.add_call(call(name))
    folder.finish()
    shown = [(one.target, one.turn, one.sample) for one in load_outcomes(tmp_path)]
    assert shown == [("a", None, 0), ("a", "1", 0), ("a", "1", 1), ("a", "2", 0), ("b", None, 0)]
    first = (tmp_path / "verdicts.jsonl").read_bytes()
    assert [each.id for each in folder.each_call()] == ["c-1", "c-2"]
    folder.begin()
    for row in reversed(rows):
        folder.add_outcome(row)
    folder.finish()
    assert (tmp_path / "verdicts.jsonl").read_bytes() == first


def test_lines_are_sorted_alike_whatever_is_escaped_in_them(tmp_path):
    """Ids with quotes, other scripts and half an emoji stand where their outcomes' own order puts them."""
    names = ["a", 'a"b', "a\\b", "ü", "\ud83d", "Z", "b", "\U0001f600", "a,b"]
    rows = [
        Verdict(
            id=f"v-{name}", session=name, turn=turn, criterion="c", judge="j", judge_fingerprint="f", sample=n, value=1
        )
        for name in names
        for n in (10, 2)
        for turn in (None, "1")
    ]
    rows += [row.model_copy(update={"order": order}) for row in rows[:2] for order in ("swapped", "forward")]
    folder = RunFolder(tmp_path)
    for row in rows:
        folder.add_outcome(row)
    folder.finish()
    assert load_outcomes(tmp_path) == sorted(rows, key=lambda row: row.order_key)


def test_files_larger_than_a_part_are_sorted_too(tmp_path, monkeypatch):
    """Sorting in parts and merging gives what sorting at once gives; of two calls with one id the later stays."""
    monkeypatch.setattr("judgekit.adapters.store.sorting.N_AT_ONCE", 7)
    folder = RunFolder(tmp_path)
    for n in range(50):
        folder.add_call(Call(id=f"c-{n * 37 % 40:02}", request=str(n), engine="scripted", model="m", reply=""))
    folder.finish()
    calls = list(folder.each_call())
    assert [each.id for each in calls] == [f"c-{n:02}" for n in range(40)]
    assert {each.id: each.request for each in calls} == {f"c-{n * 37 % 40:02}": str(n) for n in range(50)}


def test_calls_of_an_interrupted_command_stay_until_the_run_is_complete(tmp_path):
    """Beginning again sets them aside; nothing that was paid for is gone at any moment."""
    folder = RunFolder(tmp_path)
    folder.add_call(call("c-1"))
    folder.begin()
    folder.add_call(call("c-2"))
    folder.begin()
    assert [each.id for each in folder.each_call()] == ["c-1", "c-2"]
    assert load_outcomes(tmp_path) == []
    folder.add_call(call("c-2"))
    folder.finish()
    assert [each.id for each in folder.each_call()] == ["c-2"]


@pytest.mark.parametrize("name", ["calls.jsonl", "calls.earlier.jsonl"])
def test_a_line_that_a_kill_cut_off_takes_no_later_call_with_it(tmp_path, name):
    """What was cut off is as if it had not been written, however many commands come after."""
    path = tmp_path / name
    path.write_bytes(b'{"id":"c-0","request":"r","engine":"scripted","model":"m","reply":"a"}\n{"id":"c-half","requ')
    for number in (1, 2):
        with RunFolder(tmp_path) as folder:
            folder.begin()
            folder.add_call(call(f"c-{number}"))
    with RunFolder(tmp_path) as folder:
        assert [each.id for each in folder.each_call()] == ["c-0", "c-1", "c-2"]
        folder.begin()
        assert [each.id for each in folder.each_call()] == ["c-0", "c-1", "c-2"]


def test_sends_add_up_over_commands(tmp_path):
    """What was sent and neither answered nor turned away may have been charged, also after a kill."""
    folder = RunFolder(tmp_path)
    folder.begin()
    folder.add_send("c-1", "sent", 0.25)
    folder.add_send("c-2", "sent", 0.25)
    folder.add_send("c-3", "sent", 0.25)
    folder.add_send("c-1", "answered", 0.25, 0.125)
    folder.add_send("c-2", "rejected", 0.25)
    folder.close()
    again = RunFolder(tmp_path)
    again.begin()
    spent = again.spending()
    assert (spent.n_sent, spent.n_possible, spent.cost_usd, spent.possible_usd) == (3, 1, 0.125, 0.25)
    again.add_send("c-3", "sent", None)
    assert again.spending().possible_usd is None


def test_a_killed_process_loses_nothing_it_added(tmp_path):
    """Outcomes flushed before a kill are there, and a resumed run goes on after a torn line."""
    program = textwrap.dedent(f"""
        import os, signal
        from judgekit.adapters.store.run import RunFolder
        from judgekit.records.verdict import Verdict
        folder = RunFolder({str(tmp_path)!r})
        for n in range(50):
            folder.add_outcome(Verdict(session=f"s{{n:02}}", criterion="c", value=1))
        folder.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    assert subprocess.run([sys.executable, "-c", program]).returncode == -9
    assert len(load_outcomes(tmp_path)) == 50
    path = tmp_path / "verdicts.jsonl"
    path.write_bytes(path.read_bytes() + b'{"session":"s5')
    with pytest.raises(FileProblem, match=r"verdicts\.jsonl:51: .*same `judgekit run`"):
        load_outcomes(tmp_path)
    folder = RunFolder(tmp_path)
    folder.write_manifest(MANIFEST)
    assert len(folder.load().outcomes) == 50
    folder.add_outcome(verdict("s50"))
    folder.close()
    assert len(load_outcomes(path)) == 51


def test_two_processes_do_not_write_one_run(tmp_path):
    """The second writer of a run is refused at once."""
    with RunFolder(tmp_path) as one:
        one.add_outcome(verdict("a"))
        one.flush()
        other = RunFolder(tmp_path)
        other.add_outcome(verdict("b"))
        with pytest.raises(FileProblem, match="another process is writing it"):
            other.flush()
    with RunFolder(tmp_path) as other:
        other.add_outcome(verdict("b"))
    assert len(load_outcomes(tmp_path)) == 2


def test_syncing_is_paced(tmp_path, monkeypatch):
    """The disk is asked to sync at most every half second, and at the end."""
    moments = iter([0.0, 0.1, 0.2, 0.6, 0.6, 0.7, 0.8])
    folder = RunFolder(tmp_path, monotonic=lambda: next(moments))
    synced = []
    monkeypatch.setattr("judgekit.adapters.store.appending.LineFile.sync", lambda file: synced.append(file.path.name))
    for name in "abcd":
        folder.add_outcome(verdict(name))
        folder.flush()
    folder.close()
    assert synced == ["verdicts.jsonl"] * 2


def test_what_is_no_outcome_names_its_line(tmp_path):
    """A row that is neither verdict nor failure is refused with file and line; so is a folder that is no run."""
    path = tmp_path / "mine.jsonl"
    path.write_text('{"session":"s","criterion":"c","value":1,"extra":1}\n{"session":"s","criterion":"c"}\n')
    with pytest.raises(InvalidRecord, match=r"mine\.jsonl:2: a verdict needs a value"):
        load_outcomes(path)
    with pytest.raises(FileProblem, match="not a run"):
        RunFolder(tmp_path).load()
    with pytest.raises(FileProblem, match=r"verdicts\.jsonl: no such file"):
        load_outcomes(tmp_path)
