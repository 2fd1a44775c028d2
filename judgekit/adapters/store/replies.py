"""Replies already paid for: one SQLite file, by request and sample, shared by any number of processes.

Why two indexes: keys are hashes, so that each new one lands on another page of an index, and with a million replies
nearly every one costs a page of its own to write. New keys go to a small index first, and from there, thousands at a
time and in order, to the large one: the millionth reply costs what the first did.

Why `synchronous = NORMAL`: in write-ahead mode a killed process loses nothing with it; only a power loss can take
the last replies, and it saves a disk sync per reply. The run's own `calls.jsonl` is synced besides.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from judgekit.adapters.store.appending import locked_folder
from judgekit.adapters.store.files import file_problem, parse_json, record_line, validated
from judgekit.errors import FileProblem, InvalidRecord
from judgekit.judging.ports import Request
from judgekit.records.verdict import Call

_LAYOUT = 2
_WAIT_S = 60.0
"""How long a write waits for another process's, in seconds."""
_TABLES = (
    "CREATE TABLE replies (id INTEGER PRIMARY KEY, request TEXT NOT NULL, sample INTEGER NOT NULL, call TEXT NOT NULL)",
    "CREATE TABLE young (hash INTEGER, id INTEGER, PRIMARY KEY (hash, id)) WITHOUT ROWID",
    "CREATE TABLE settled (hash INTEGER, id INTEGER, PRIMARY KEY (hash, id)) WITHOUT ROWID",
)
_MOVING_IN = (
    "INSERT INTO replies (request, sample, call) SELECT request, sample, call FROM earlier ORDER BY rowid",
    "INSERT INTO settled SELECT hash(request), id FROM replies ORDER BY 1, 2",
    "DROP TABLE earlier",
)
"""How the replies of layout 1 come over."""
_FIND = """
SELECT request, sample, call FROM replies WHERE id IN (
    SELECT id FROM young WHERE hash IN ({marks}) UNION ALL SELECT id FROM settled WHERE hash IN ({marks})
) ORDER BY id
"""
_SUPERSEDED = """
SELECT older.id, other.hash FROM young CROSS JOIN {index} AS other ON other.hash = young.hash AND other.id < young.id
CROSS JOIN replies AS older ON older.id = other.id CROSS JOIN replies AS newer ON newer.id = young.id
WHERE older.request = newer.request AND older.sample = newer.sample
"""
"""In just this order (what CROSS JOIN says here): the large index is looked into, not gone through."""
_N_YOUNG = 20_000
"""Replies in the small index, above which they move to the large one in one sweep."""
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
        self._n_young = 0
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise file_problem(error, self.path.parent) from error
        with self._explained():
            self._database = sqlite3.connect(self.path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
        try:
            with locked_folder(self.path.parent), self._explained():  # the journal's mode does not wait its turn
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
            query = "SELECT count(*) FROM (SELECT DISTINCT request, sample FROM replies)"
            count: int = self._database.execute(query).fetchone()[0]
        return count

    def find(self, request: Request) -> Call | None:
        """Return the stored call for exactly this request and sample, or None.

        Raises:
            FileProblem: The store is damaged.
        """
        return self.find_all([request]).get((request.key, request.sample))

    def find_all(self, requests: Sequence[Request]) -> dict[tuple[str, int], Call]:
        """Return the stored calls for several requests, by key and sample, asked for in one go.

        Raises:
            FileProblem: The store is damaged.
        """
        wanted = {(request.key, request.sample) for request in requests}
        hashes = [_hash(request.key) for request in requests]
        query = _FIND.format(marks=", ".join("?" * len(hashes)))
        with self._explained():
            rows = self._database.execute(query, [*hashes, *hashes]).fetchall()
        latest = {(key, sample): text for key, sample, text in rows if (key, sample) in wanted}
        return {key: self._call(text) for key, text in latest.items()}

    def commit(self, *calls: Call) -> None:
        """Keep calls, all or none: from here on they survive this process.

        Raises:
            FileProblem: No space, read-only, or damaged.
        """
        rows = [(call.request, call.sample, record_line(call).decode().rstrip("\n")) for call in calls]
        with self._explained(), self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._append(rows)
            n_young = self._n_young + len(rows)
            if n_young >= _N_YOUNG:
                self._settle()
                n_young = 0
        self._n_young = n_young

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def _append(self, rows: Sequence[tuple[str, int, str]]) -> None:
        first: int = self._database.execute("SELECT coalesce(max(id), 0) + 1 FROM replies").fetchone()[0]
        numbered = list(enumerate(rows, first))
        self._database.executemany("INSERT INTO replies VALUES (?, ?, ?, ?)", [(id_, *row) for id_, row in numbered])
        self._database.executemany("INSERT INTO young VALUES (?, ?)", [(_hash(row[0]), id_) for id_, row in numbered])

    def _settle(self) -> None:
        """Move the small index into the large one, and drop replies that later ones have taken the place of."""
        database = self._database
        for index in ("young", "settled"):
            superseded = database.execute(_SUPERSEDED.format(index=index)).fetchall()
            database.executemany("DELETE FROM replies WHERE id = ?", [(id_,) for id_, _ in superseded])
            database.executemany(f"DELETE FROM {index} WHERE id = ? AND hash = ?", superseded)  # noqa: S608  # ours
        database.execute("INSERT INTO settled SELECT hash, id FROM young ORDER BY hash, id")
        database.execute("DELETE FROM young")

    def _prepare(self) -> None:
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_A_CHECKPOINT}")
        if self._layout() < _LAYOUT:
            with self._database:
                self._database.execute("BEGIN IMMEDIATE")
                self._lay_out()
        self._n_young = self._database.execute("SELECT count(*) FROM young").fetchone()[0]

    def _layout(self) -> int:
        layout: int = self._database.execute("PRAGMA user_version").fetchone()[0]
        if layout > _LAYOUT:
            what = f"the reply store is of layout {layout}, this version knows {_LAYOUT}"
            raise FileProblem(what, where=str(self.path), hint="Use the newer judgekit, or another cache folder")
        return layout

    def _lay_out(self) -> None:
        """Make the tables; replies of the layout before, one table with its key, move in."""
        layout = self._layout()
        if layout == _LAYOUT:
            return  # another process was quicker
        if layout:
            self._database.execute("ALTER TABLE replies RENAME TO earlier")
        for table in _TABLES:
            self._database.execute(table)
        if layout:
            self._database.create_function("hash", 1, _hash, deterministic=True)
            for step in _MOVING_IN:
                self._database.execute(step)
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


def _hash(key: str) -> int:
    """Return the short number that a request is looked up by; what it finds is compared with the whole key."""
    return zlib.crc32(key.encode())
