"""Replies already paid for are found again, by any process, after any kill."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import textwrap

import pytest

from judgekit.adapters.store import replies
from judgekit.adapters.store.files import record_line
from judgekit.adapters.store.replies import ReplyStore
from judgekit.errors import FileProblem
from judgekit.judging.ports import Request
from judgekit.records.verdict import Call


def call(key, sample=0, reply="yes"):
    return Call(id=f"c-{key}", request=key, engine="scripted", model="m", reply=reply, sample=sample, cost_usd=0.01)


def request(key, sample=0):
    return Request(key=key, model="m", messages=(), sample=sample)


def test_a_reply_is_found_by_request_and_sample(tmp_path):
    """The exact request and sample find their reply; the latest one stands; others find nothing."""
    with ReplyStore(tmp_path / "cache" / "replies.sqlite") as store:
        assert store.find(request("a")) is None
        store.commit(call("a"))
        store.commit(call("a", 1, "half \ud83d of é"))
        store.commit(call("a", reply="no"))
        assert store.find(request("a")) == call("a", reply="no")
        assert store.find(request("a", 1)) == call("a", 1, "half \ud83d of é")
        assert store.find(request("a", 2)) is None
        assert len(store) == 2
    with ReplyStore(tmp_path / "cache" / "replies.sqlite") as again:
        assert again.find_all([request("a"), request("a", 1)]) == {
            ("a", 0): call("a", reply="no"),
            ("a", 1): call("a", 1, "half \ud83d of é"),
        }


def test_several_replies_are_found_at_once(tmp_path):
    """Those that are there, by request and sample; of nothing, nothing; of more than a page, each in its order."""
    with ReplyStore(tmp_path / "replies.sqlite") as store:
        assert store.find_all([]) == {}
        store.commit(*[call(f"{number:04}", number % 2) for number in range(2500)])
        asked = [request(f"{number:04}") for number in range(2490, 2510)]
        found = store.find_all(asked)
        assert list(found) == [(f"{number:04}", 0) for number in range(2490, 2500, 2)]
        assert found["2490", 0] == call("2490")


def test_thousands_of_replies_settle_and_the_latest_stands(tmp_path, monkeypatch):
    """Whether old and new meet in the small index, the large one or both: one row each is left, the last one."""
    monkeypatch.setattr(replies, "_N_YOUNG", 100)
    said: dict[tuple[str, int], Call] = {}
    path = tmp_path / "replies.sqlite"
    for word in ("first", "second", "third"):
        with ReplyStore(path) as store:
            for number in range(0, 170, 10):
                calls = [call(f"{each}", each % 2, word) for each in range(number, number + 15)]
                store.commit(*calls)
                said.update(((each.request, each.sample), each) for each in calls)
            asked = [request(key, sample) for key, sample in said]
            assert store.find_all(asked) == said
            assert len(store) == len(said) == 175
    database = sqlite3.connect(path)
    (n_rows,) = database.execute("SELECT count(*) FROM replies").fetchone()
    (n_settled,) = database.execute("SELECT count(*) FROM settled").fetchone()
    (n_young,) = database.execute("SELECT count(*) FROM young").fetchone()
    assert n_rows == n_settled + n_young
    assert n_young < 100
    assert n_rows < 2 * 175


def test_requests_of_one_hash_are_told_apart(tmp_path, monkeypatch):
    """The short number only finds; what was asked decides, in either index and when settling."""
    monkeypatch.setattr(replies, "_hash", lambda key: 7)
    monkeypatch.setattr(replies, "_N_YOUNG", 3)
    with ReplyStore(tmp_path / "replies.sqlite") as store:
        for key in "abcd":
            store.commit(call(key, reply=key))
        assert [store.find(request(key)) for key in "abcd"] == [call(key, reply=key) for key in "abcd"]
        assert store.find(request("e")) is None


def test_a_store_of_the_first_layout_moves_over(tmp_path):
    """Every reply of an older store is found in its new place, and the old table is gone."""
    path = tmp_path / "replies.sqlite"
    database = sqlite3.connect(path)
    database.execute(
        "CREATE TABLE replies (request TEXT NOT NULL, sample INTEGER NOT NULL, call TEXT NOT NULL, "
        "PRIMARY KEY (request, sample))"
    )
    database.execute("PRAGMA user_version = 1")
    kept = [call(f"{number}", number % 3) for number in range(300)]
    database.executemany(
        "INSERT INTO replies VALUES (?, ?, ?)",
        [(each.request, each.sample, record_line(each).decode().rstrip()) for each in kept],
    )
    database.commit()
    with ReplyStore(path) as store:
        assert [store.find(request(each.request, each.sample)) for each in kept] == kept
        store.commit(call("0", reply="new"))
        assert store.find(request("0")) == call("0", reply="new")
        assert len(store) == 300
    assert {name for (name,) in database.execute("SELECT name FROM sqlite_master")} == {"replies", "young", "settled"}
    database.close()


def test_processes_share_a_store_and_a_kill_loses_nothing(tmp_path):
    """Four real processes open, commit and die at once; every reply is there."""
    program = textwrap.dedent("""
        import os, signal, sys
        from judgekit.adapters.store.replies import ReplyStore
        from judgekit.records.verdict import Call
        store = ReplyStore(sys.argv[1])
        for n in range(50):
            key = f"{sys.argv[2]}-{n}"
            store.commit(Call(id=key, request=key, engine="e", model="m", reply="r"))
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    path = tmp_path / "replies.sqlite"
    started = [subprocess.Popen([sys.executable, "-c", program, str(path), name]) for name in "wxyz"]
    assert [process.wait(timeout=60) for process in started] == [-9] * 4
    with ReplyStore(path) as store:
        assert len(store) == 200


def test_a_damaged_store_says_what_to_do(tmp_path):
    """Rubbish, a damaged row, a newer layout and a folder in its place are one line each."""
    path = tmp_path / "replies.sqlite"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(FileProblem, match=r"replies\.sqlite: the reply store is damaged: .*Move it away"):
        ReplyStore(path)
    path.unlink()
    with ReplyStore(path) as store:
        store.commit(call("a"))
    database = sqlite3.connect(path)
    database.execute("UPDATE replies SET call = '{\"id\":'")
    database.commit()
    with ReplyStore(path) as store, pytest.raises(FileProblem, match="damaged"):
        store.find(request("a"))
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(FileProblem, match="layout 99"):
        ReplyStore(path)
    with pytest.raises(FileProblem, match="refused: unable to open"):
        ReplyStore(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_store_says_what_to_do(tmp_path):
    """A store that cannot be written is named, with what to do."""
    path = tmp_path / "replies.sqlite"
    ReplyStore(path).close()
    path.chmod(0o444)
    with ReplyStore(path) as store, pytest.raises(FileProblem, match="writable"):
        store.commit(call("a"))
