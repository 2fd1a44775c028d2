"""Sessions of one file, one by one: checked whole before anything is paid for, then read anew each time they are taken.

Nothing here grows with the file but eight bytes a session. Not here: whole datasets with their labels (`dataset`).
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import itertools
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.adapters.store.files import damaged_gzip, file_problem, parse_row, read_json, rows_in, validated
from judgekit.errors import FileProblem, InputError, InvalidRecord
from judgekit.records.dataset import SplitManifest
from judgekit.records.label import SplitName
from judgekit.records.session import Session

Wanted = Callable[[Session], bool]


class SessionFile:
    """Sessions of a `.jsonl`, `.jsonl.gz` or `.parquet` file, iterable more than once (the runner's `Targets`)."""

    def __init__(self, path: Path, *, wanted: Wanted | None = None, limit: int | None = None) -> None:
        """Read the whole file once, and check every line and that ids are unique.

        Args:
            path: The file.
            wanted: Which sessions count; None: all.
            limit: Only the first so many of these.

        Raises:
            FileProblem: It is missing or cannot be read.
            InvalidRecord: A line is no session, or an id stands there twice; the message names file and line.
        """
        self.path = path
        self.notes: tuple[str, ...] = ()
        """What was set aside: a last line that is cut off mid-way."""
        self._wanted = wanted
        self._state = _state(path)
        self._n_rows = self._n_wanted = 0
        self._check()
        self._n_wanted = self._n_wanted if limit is None else min(limit, self._n_wanted)

    def __len__(self) -> int:
        return self._n_wanted

    def __iter__(self) -> Iterator[Session]:
        if _state(self.path) != self._state:
            hint = "Run the same command again"
            raise FileProblem("it was changed after it was checked", where=str(self.path), hint=hint)
        sessions = itertools.islice(self._sessions(), self._n_rows)
        return itertools.islice(filter(self._wanted, sessions) if self._wanted else sessions, self._n_wanted)

    def _check(self) -> None:
        torn: list[str] = []
        digests = array("Q")
        for number, row in _rows(self.path, torn):
            session = validated(Session, row, f"{self.path}:{number}")
            digests.append(_digest(session.id))
            self._n_rows += 1
            self._n_wanted += self._wanted is None or self._wanted(session)
        self.notes = tuple(torn)
        repeated = _repeated(digests)
        if repeated:
            self._refuse_twins(repeated)

    def _refuse_twins(self, repeated: frozenset[int]) -> None:
        """Look again at the ids that share a digest: they are mostly one."""
        places: dict[str, int] = {}
        for number, row in _rows(self.path, []):
            name = str(row.get("id"))
            if _digest(name) in repeated and places.setdefault(name, number) != number:
                what = f"id {name!r} occurs twice, first in line {places[name]}"
                raise InvalidRecord(what, where=f"{self.path}:{number}", hint="Give each its own id")

    def _sessions(self) -> Iterator[Session]:
        """Yield the sessions without the checks that the first reading has made."""
        if self.path.suffix == ".parquet":
            for _, row in _rows(self.path, []):
                yield Session.model_validate(row)
            return
        for number, line in enumerate(_lines(self.path), start=1):
            if not line or line.isspace():
                continue
            try:
                yield Session.model_validate_json(line)
            except ValidationError:  # half a surrogate pair, which only the slower reading knows
                where = f"{self.path}:{number}"
                yield validated(Session, parse_row(line, where), where)


def dataset_sessions(folder: DatasetFolder, *, split: SplitName | None = None, limit: int | None = None) -> SessionFile:
    """Return the sessions of a dataset, or of one of its splits, without its labels.

    Raises:
        FileProblem: There is no dataset, or it has no sessions.
        InputError: A split is wanted and there are none, or nothing is in it.
        InvalidRecord: A line is no session.
    """
    folder.card()
    path = folder.sessions_path()
    if path is None:
        raise FileProblem("no sessions", where=str(folder.path), hint="`judgekit import` brings them in")
    if split is None:
        return SessionFile(path, limit=limit)
    splits = folder.path / "splits.json"
    if not splits.exists():
        what = f"there are no splits, so no {split} split"
        raise InputError(what, where=folder.path.name, hint="`judgekit split` draws them")
    units = validated(SplitManifest, read_json(splits), str(splits)).units
    return SessionFile(path, wanted=lambda session: units.get(session.unit()) == split, limit=limit)


def _rows(path: Path, torn: list[str]) -> Iterable[tuple[int, dict[str, Any]]]:
    if path.suffix != ".parquet":
        return rows_in(_lines(path), str(path), torn)
    from judgekit.adapters.store.parquet import each_parquet_row

    return each_parquet_row(path)


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            yield file.readline().removeprefix(codecs.BOM_UTF8)
            yield from file
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise damaged_gzip(error, path) from error
    except OSError as error:
        raise file_problem(error, path) from error


def _state(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise file_problem(error, path) from error
    return found.st_size, found.st_mtime_ns


def _digest(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest())


def _repeated(digests: array[int]) -> frozenset[int]:
    import numpy as np

    ordered = np.sort(np.frombuffer(digests, dtype=np.uint64)) if digests else np.empty(0, dtype=np.uint64)
    return frozenset(ordered[1:][ordered[1:] == ordered[:-1]].tolist())
