"""The ledger: what people did, one hash-chained file per writer, so that merging two branches is a union of files.

A changed, moved or removed line breaks its file's chain. Whole lines removed from the end of a file do not: what
guards those is version control, and the ledger prefix that a certificate names. Which labels count is a fold of
the entries (`review.fold`).
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from judgekit.adapters.store.appending import HAS_LOCKS, line_file
from judgekit.adapters.store.files import BrokenLine, json_line, parse_json, parse_row, read_bytes, validated
from judgekit.errors import InputError, InvalidRecord, TamperedLedger
from judgekit.records.label import Entry, Event
from judgekit.records.record import fingerprint

_UNSAFE = re.compile(r"[^A-Za-z0-9_.@-]|^[.-]")
_MAX_NAME = 100
_HINT = "Restore the file from version control; `judgekit audit verify` lists every finding"


@dataclass(frozen=True, slots=True)
class LedgerEntries:
    """What a ledger holds.

    Attributes:
        entries: Every entry, file by file in the order of their names.
        notes: What was set aside, in words: lines that a power loss cut off.
    """

    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()


class _Line(NamedTuple):
    """One line of a ledger file: its entry, where it reads as one, and what is wrong with it."""

    number: int
    entry: Entry | None
    problem: str | None


class Ledger:
    """The `ledger/` folder of a dataset."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; it is made when the first event is written."""
        self.folder = Path(folder)

    def append(
        self, events: Iterable[Event], *, writer: str | None = None, now: datetime, prefix: str = "import"
    ) -> list[Entry]:
        """Write events at the end of one writer's file, all of them or none, and sync it.

        Args:
            events: What happened; a missing `at` becomes `now`.
            writer: Whose file; None: a fresh one, so that two git branches never write one file.
            now: The present moment.
            prefix: How the name of a fresh file begins.

        Returns:
            The entries, as they stand in the file.

        Raises:
            FileProblem: The file could not be written.
            TamperedLedger: The entry to chain to does not verify.
        """
        moment = _utc(now)
        dated = [event if event.at else event.model_copy(update={"at": moment}) for event in events]
        if not dated:
            return []
        name = safe_name(writer) if writer is not None else _fresh(safe_name(prefix), moment)
        if writer is not None and not HAS_LOCKS:  # nothing makes two processes take turns: each gets its own file
            name = _fresh(name, moment)
        path = self.folder / f"{name}.jsonl"
        with line_file(path) as file:
            last = _last_entry(file.last_line, path)
            entries = _chain(dated, name, last)
            file.write("".join(map(_entry_line, entries)).encode("utf-8"))
        return entries

    def entries(self) -> LedgerEntries:
        """Return every entry.

        Raises:
            TamperedLedger: A chain does not verify; the first finding is named with file and line.
        """
        entries: list[Entry] = []
        notes: list[str] = []
        for path in self.files():
            for line in _checked_lines(path, notes):
                if line.problem is not None or line.entry is None:
                    raise TamperedLedger(line.problem or "not an entry", where=f"{path}:{line.number}", hint=_HINT)
                entries.append(line.entry)
        notes += [f"{path}: holds a line that a crash cut off" for path in sorted(self.folder.glob("*.torn-*"))]
        return LedgerEntries(tuple(entries), tuple(notes))

    def verify(self) -> tuple[str, ...]:
        """Return every problem of every chain, one line each with file and line number; empty when whole."""
        found = ((path, line) for path in self.files() for line in _checked_lines(path, []))
        return tuple(f"{path}:{line.number}: {line.problem}" for path, line in found if line.problem)

    def files(self) -> list[Path]:
        """Return the writers' files, sorted by name."""
        return sorted(self.folder.glob("*.jsonl"))


def safe_name(writer: str) -> str:
    """Return a writer's name as a file name: other bytes than letters, digits and `_.@-` as `%XX`, long ones cut.

    Different writers keep different names.

    Raises:
        InputError: It is empty.

    Example:
        >>> safe_name("../ana b")
        '%2E.%2Fana%20b'
    """
    if not writer.strip():
        raise InputError("a ledger writer needs a name", hint="Pass one, or None for a fresh file")
    name = _UNSAFE.sub(lambda found: "".join(f"%{b:02X}" for b in found[0].encode("utf-8", "surrogatepass")), writer)
    if len(name) <= _MAX_NAME:
        return name
    digest = hashlib.sha256(writer.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{name[: _MAX_NAME - 20]}-{digest[:16]}"


def _fresh(prefix: str, moment: datetime) -> str:
    return f"{prefix}-{moment:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"


def _utc(now: datetime) -> datetime:
    if now.tzinfo is None:
        raise InputError(f"a time needs its offset, got {now.isoformat()!r}", hint="Pass datetime.now(UTC)")
    return now.astimezone(UTC)


def _chain(events: list[Event], writer: str, last: Entry | None) -> list[Entry]:
    entries: list[Entry] = []
    for event in events:
        sequence, previous = (last.sequence + 1, last.hash) if last else (1, None)
        try:
            last = Entry.chained(event, writer=writer, sequence=sequence, previous=previous)
        except ValueError as error:  # something in the metadata has no JSON form
            raise InvalidRecord(f"event {event.id!r} cannot be written as JSON ({error})") from error
        entries.append(last)
    return entries


def _entry_line(entry: Entry) -> str:
    """Return the line whose JSON, `hash` apart, is what the hash was taken over."""
    event = entry.entry.model_dump(mode="json", exclude_none=True)
    body = {"writer": entry.writer, "sequence": entry.sequence, "previous": entry.previous, "entry": event}
    return json_line({**body, "hash": entry.hash})


def _last_entry(line: bytes, path: Path) -> Entry | None:
    if not line:
        return None
    where = f"{path} (last line)"
    row = parse_json(line.decode("utf-8", "replace"), where)
    if not isinstance(row, dict) or not _hash_holds(row):
        raise TamperedLedger("the content does not match its hash", where=where, hint=_HINT)
    return validated(Entry, row, where)


def _hash_holds(row: dict[str, Any]) -> bool:
    return fingerprint({key: value for key, value in row.items() if key != "hash"}) == row.get("hash")


def _checked_lines(path: Path, notes: list[str]) -> Iterator[_Line]:
    """Yield each line of a file with the first thing wrong with it; add a note for a torn last line."""
    name, writer = str(path), path.stem
    sequence, previous, is_known = 0, None, True
    for number, row in _rows(path, notes):
        sequence += 1
        if isinstance(row, str):
            yield _Line(number, None, row)
            is_known = False
            continue
        problem = _hash_problem(row) or _chain_problem(row, writer, sequence, previous if is_known else ...)
        entry = None
        if problem is None:
            try:
                entry = validated(Entry, row, f"{name}:{number}")
            except InvalidRecord as error:
                problem = f"not an entry: {error.what}"
        yield _Line(number, entry, problem)
        sequence = row["sequence"] if isinstance(row.get("sequence"), int) else sequence
        previous, is_known = row.get("hash"), True


def _rows(path: Path, notes: list[str]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Yield (line number, row), or in the row's place the words on why the line is none."""
    name = str(path)
    for number, line in enumerate(BytesIO(read_bytes(path)), start=1):
        if line.isspace():
            continue
        try:
            yield number, parse_row(line.rstrip(b"\n"), f"{name}:{number}")
        except BrokenLine as error:
            if line.endswith(b"\n"):
                yield number, f"unreadable line: {error.what}"
            else:
                notes.append(f"{name}:{number}: the last line is cut off mid-way ({len(line)} bytes); set aside")
        except InvalidRecord as error:
            yield number, f"unreadable line: {error.what}"


def _hash_problem(row: dict[str, Any]) -> str | None:
    return None if _hash_holds(row) else "the content does not match its hash: the line was changed"


def _chain_problem(row: dict[str, Any], writer: str, sequence: int, previous: object) -> str | None:
    if row.get("writer") != writer:
        return f"writer {json.dumps(row.get('writer'))} stands in the file of {writer!r}"
    if row.get("sequence") != sequence:
        return f"sequence {row.get('sequence')} where {sequence} was due: a line was removed, added or moved"
    if previous is not ... and row.get("previous") != previous:
        return "the chain is broken: `previous` is not the hash of the line before"
    return None
