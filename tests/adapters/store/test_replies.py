"""Replies already paid for are found again, by any process, after any kill."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import textwrap

import pytest

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
        assert list(again.calls()) == [call("a", reply="no"), call("a", 1, "half \ud83d of é")]


def test_several_replies_are_found_at_once(tmp_path):
    """Those that are there, by request and sample; of nothing, nothing; of more than a page, each in its order."""
    with ReplyStore(tmp_path / "replies.sqlite") as store:
        assert store.find_all([]) == {}
        store.commit(*[call(f"{number:04}", number % 2) for number in range(2500)])
        asked = [request(f"{number:04}") for number in range(2490, 2510)]
        found = store.find_all(asked)
        assert list(found) == [(f"{number:04}", 0) for number in range(2490, 2500, 2)]
        assert found["2490", 0] == call("2490")
        assert [each.request for each in store.calls()] == [f"{number:04}" for number in range(2500)]


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
