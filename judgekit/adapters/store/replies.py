"""Replies already paid for: one SQLite file, by request and sample, shared by any number of processes.

Why `synchronous = NORMAL`: in write-ahead mode a killed process loses nothing with it; only a power loss can take
the last replies, and it saves a disk sync per reply. The run's own `calls.jsonl` is synced besides.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from judgekit.adapters.store.files import file_problem, parse_json, record_line, validated
from judgekit.errors import FileProblem, InvalidRecord
from judgekit.judging.ports import Request
from judgekit.records.verdict import Call

_LAYOUT = 1
_WAIT_S = 60.0
"""How long a write waits for another process's, in seconds."""
_TABLE = """
CREATE TABLE IF NOT EXISTS replies (
    request TEXT NOT NULL,
    sample INTEGER NOT NULL,
    call TEXT NOT NULL,
    PRIMARY KEY (request, sample)
)
"""
"""With rowids, so that replies are appended side by side and only their short keys land all over the file."""
_ROWS_AT_ONCE = 1000
_PAGES_A_CHECKPOINT = 8_000
"""Pages that the write-ahead file gathers before it is worked in: 32 MB, in which most pages come several times."""


class ReplyStore:
    """Calls by (request key, sample); the latest reply to the same request stands."""

    def __init__(self, path: Path | str) -> None:
        """Open the file, making it where it is missing.

        Raises:
            FileProblem: It cannot be opened, is no reply store, or is of a newer version.
        """
        self.path = Path(path)
        self._lock = threading.Lock()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise file_problem(error, self.path.parent) from error
        with self._explained():
            self._database = sqlite3.connect(self.path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
        try:
            with self._explained():
                self._prepare()
        except FileProblem:
            self._database.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        with self._explained():
            count: int = self._database.execute("SELECT count(*) FROM replies").fetchone()[0]
        return count

    def find(self, request: Request) -> Call | None:
        """Return the stored call for exactly this request and sample, or None.

        Raises:
            FileProblem: The store is damaged.
        """
        query = "SELECT call FROM replies WHERE request = ? AND sample = ?"
        try:
            with self._lock:
                row = self._database.execute(query, (request.key, request.sample)).fetchone()
        except sqlite3.DatabaseError as error:
            raise self._problem(error) from error
        return self._call(row[0]) if row else None

    def find_all(self, requests: Sequence[Request]) -> dict[tuple[str, int], Call]:
        """Return the stored calls for several requests, by key and sample, asked for in one go.

        Raises:
            FileProblem: The store is damaged.
        """
        wanted = {(request.key, request.sample) for request in requests}
        marks = ", ".join("?" * len(requests))
        query = f"SELECT request, sample, call FROM replies WHERE request IN ({marks})"  # noqa: S608  # marks only
        with self._explained():
            rows = self._database.execute(query, [request.key for request in requests]).fetchall()
        return {(key, sample): self._call(text) for key, sample, text in rows if (key, sample) in wanted}

    def commit(self, *calls: Call) -> None:
        """Keep calls, all or none: from here on they survive this process.

        Raises:
            FileProblem: No space, read-only, or damaged.
        """
        rows = [(call.request, call.sample, record_line(call).decode().rstrip("\n")) for call in calls]
        try:
            with self._lock, self._database:
                self._database.execute("BEGIN IMMEDIATE")
                self._database.executemany("INSERT OR REPLACE INTO replies VALUES (?, ?, ?)", rows)
        except sqlite3.DatabaseError as error:
            raise self._problem(error) from error

    def calls(self) -> Iterator[Call]:
        """Yield every stored call, by request and sample."""
        with self._explained():
            cursor = self._database.execute("SELECT call FROM replies ORDER BY request, sample")
        while rows := self._next_rows(cursor):
            for (text,) in rows:
                yield self._call(text)

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def _next_rows(self, cursor: sqlite3.Cursor) -> list[tuple[str]]:
        with self._explained():
            return cursor.fetchmany(_ROWS_AT_ONCE)

    def _prepare(self) -> None:
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_A_CHECKPOINT}")
        layout: int = self._database.execute("PRAGMA user_version").fetchone()[0]
        if layout > _LAYOUT:
            what = f"the reply store is of layout {layout}, this version knows {_LAYOUT}"
            raise FileProblem(what, where=str(self.path), hint="Use the newer judgekit, or another cache folder")
        self._database.execute(_TABLE)
        if layout < _LAYOUT:
            self._database.execute(f"PRAGMA user_version = {_LAYOUT}")

    def _call(self, text: str) -> Call:
        try:
            return validated(Call, parse_json(text, str(self.path)), str(self.path))
        except InvalidRecord as error:
            raise self._damaged(str(error.what)) from error

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Take turns between threads, and say in one line what the database refused."""
        with self._lock:
            try:
                yield
            except sqlite3.DatabaseError as error:
                raise self._problem(error) from error

    def _problem(self, error: sqlite3.DatabaseError) -> FileProblem:
        words = str(error)
        if not isinstance(error, sqlite3.OperationalError):
            return self._damaged(words)
        hint = "Check that its folder exists, can be written and has free space"
        if "locked" in words:
            hint = "Another process holds it: wait for that to end, then run the same command"
        elif "readonly" in words:
            hint = "Make it and its folder writable, or use another project folder"
        elif "full" in words:
            hint = "Free some space and run the same command again"
        return FileProblem(f"the reply store refused: {words}", where=str(self.path), hint=hint)

    def _damaged(self, words: str) -> FileProblem:
        hint = "Move it away and run the same command; `calls.jsonl` of each run keeps its replies too"
        return FileProblem(f"the reply store is damaged: {words}", where=str(self.path), hint=hint)
