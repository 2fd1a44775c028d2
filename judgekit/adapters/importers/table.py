"""Foreign files -> rows, each with its place: .csv .tsv .jsonl .ndjson .json .parquet, and each packed as .gz.

Nothing is guessed: CSV cells stay text, JSON numbers stay numbers, a row that does not fit is a row with a
`problem`, never a row left out. Not here: what the columns mean (`mapping`).
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from judgekit.adapters.importers.plan import FileForm
from judgekit.adapters.store.files import read_bytes, unique_keys
from judgekit.errors import FileProblem, InputError, InvalidRecord, UnknownName

KINDS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")
DEEPEST = 100
"""Levels of objects and lists in one row: what is nested deeper cannot be written again everywhere."""
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_HALF_PAIR = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        where: `file:line`, or `file (record 3)` where a file has no lines.
        number: 1, 2, 3 ... in its file.
        cells: Column -> cell.
        problem: What is wrong with the row, when it cannot be read.
    """

    where: str
    number: int
    cells: dict[str, Any] = field(default_factory=dict)
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One file's rows.

    Attributes:
        file: Its path as given.
        columns: Every column that occurs, in order of appearance.
        rows: In order.
        notes: What was changed in reading, in words.
    """

    file: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's name without its folders."""
        return Path(self.file).name


def read_table(path: Path, form: FileForm) -> Table:
    """Return the rows of one file.

    Raises:
        FileProblem: It is missing, cut off, in another encoding, or of an unknown kind.
        InvalidRecord: Its header or its JSON cannot be read.
    """
    kind = _kind(path)
    data = read_bytes(path)
    if kind == ".parquet":
        return _table(path, _parquet_rows(data, path))
    text = _decoded(data, path, form.encoding)
    if kind in (".csv", ".tsv"):
        return _csv_table(path, text, form.delimiter or ("\t" if kind == ".tsv" else ","))
    reading = _JsonReading()
    if kind == ".json":
        rows = list(_json_rows(text, path, form.records, reading))
    else:
        rows = list(_jsonl_rows(text, path, reading))
    return _table(path, rows, notes=reading.notes(path))


def _kind(path: Path) -> str:
    name = path.name.lower().removesuffix(".gz")
    for kind in KINDS:
        if name.endswith(kind):
            return kind
    raise FileProblem(
        "a file of unknown kind", where=str(path), hint=f"Known: {', '.join(KINDS)}, each also .gz; rename it"
    )


def _table(path: Path, rows: Sequence[Row], *, notes: Sequence[str] = ()) -> Table:
    columns = dict.fromkeys(column for row in rows for column in row.cells)
    return Table(str(path), tuple(columns), tuple(rows), tuple(notes))


def _decoded(data: bytes, path: Path, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except LookupError as error:
        raise InputError(f"unknown encoding {encoding!r}", hint="Known: utf-8-sig, utf-16, cp1252, latin-1") from error
    except UnicodeError as error:
        start = error.start if isinstance(error, UnicodeDecodeError) else 0
        line = data.count(b"\n", 0, start) + 1
        likely = "utf-16" if data.startswith(_UTF16_MARKS) else "cp1252"
        raise FileProblem(
            f"not {encoding.removesuffix('-sig')} text (byte 0x{data[start]:02x})",
            where=f"{path}:{line}",
            hint=f"Save it as UTF-8, or say --encoding {likely}",
        ) from error


def _csv_table(path: Path, text: str, delimiter: str) -> Table:
    if len(delimiter) != 1:
        raise InputError(f"--delimiter {delimiter!r} is not one character", hint="Write --delimiter ';'")
    lines = _csv_lines(path, text, delimiter)
    _, header = next(lines, (1, []))
    if not header:
        raise InvalidRecord("an empty file", where=str(path), hint="The first line names the columns")
    columns = _column_names(header, path)
    rows = []
    for number, (line, cells) in enumerate(lines, start=1):
        where = f"{path}:{line}"
        if len(cells) == len(columns):
            rows.append(Row(where, number, dict(zip(columns, cells, strict=True))))
        else:
            rows.append(Row(where, number, problem=f"{len(cells)} cells where the header has {len(columns)}"))
    return Table(str(path), tuple(columns), tuple(rows))


def _csv_lines(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the line it starts on; strict, so that an open quote cannot swallow rows."""
    limit = csv.field_size_limit(sys.maxsize)  # transcripts are longer than csv's 128 KB
    start = 1
    records = []
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        for cells in reader:
            if cells:
                records.append((start, cells))
            start = reader.line_num + 1
    except csv.Error as error:
        hint = f"Quotes inside a cell are doubled, and the cell quoted; cells are separated by {delimiter!r}"
        raise InvalidRecord(f"not a table ({error})", where=f"{path}:{start}", hint=hint) from error
    finally:
        csv.field_size_limit(limit)
    yield from records


def _column_names(header: Sequence[str], path: Path) -> list[str]:
    names = [name if name.strip() else f"column_{place}" for place, name in enumerate(header, start=1)]
    for name, n_times in Counter(names).items():
        if n_times > 1:
            raise InvalidRecord(f"column {name!r} occurs {n_times} times", where=f"{path}:1", hint="Rename one")
    return names


class _JsonReading:
    """Reads JSON as other tools write it, and counts what it had to change."""

    def __init__(self) -> None:
        self.n_not_numbers = 0
        self.n_half_pairs = 0

    def value(self, text: str) -> Any:
        """Return the JSON value: NaN becomes null, half a surrogate pair the replacement character; both counted."""
        found = json.loads(text, parse_constant=self._nothing, parse_float=_finite, object_pairs_hook=unique_keys)
        if is_nested_deeper(found, DEEPEST):
            raise ValueError(f"nested deeper than {DEEPEST} levels")
        return self._whole(found) if "\\ud" in text.lower() else found

    def notes(self, path: Path) -> tuple[str, ...]:
        """Say what was changed."""
        notes = []
        if self.n_not_numbers:
            notes.append(f"{path.name}: {self.n_not_numbers} NaN or infinite numbers read as empty")
        if self.n_half_pairs:
            notes.append(
                f"{path.name}: {self.n_half_pairs} halves of surrogate pairs read as \N{REPLACEMENT CHARACTER}"
            )
        return tuple(notes)

    def _nothing(self, _name: str) -> None:
        self.n_not_numbers += 1

    def _whole(self, value: Any) -> Any:
        if isinstance(value, str):
            text, n_halves = _HALF_PAIR.subn("\N{REPLACEMENT CHARACTER}", value)
            self.n_half_pairs += n_halves
            return text
        if isinstance(value, list):
            return [self._whole(item) for item in value]
        if isinstance(value, dict):
            return {self._whole(key): self._whole(item) for key, item in value.items()}
        return value


def is_nested_deeper(value: object, levels: int) -> bool:
    """Whether objects and lists stand in one another more than so many times.

    Example:
        >>> is_nested_deeper({"a": [1]}, 2), is_nested_deeper({"a": [[1]]}, 2)
        (False, True)
    """
    layer = [value] if isinstance(value, dict | list) else []
    for _ in range(levels):
        layer = [inner for each in layer for inner in _inside(each)]
        if not layer:
            return False
    return True


def _inside(value: Any) -> Iterator[Any]:
    """Yield the objects and lists that stand directly in one."""
    return (each for each in (value.values() if isinstance(value, dict) else value) if isinstance(each, dict | list))


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"number {digits[:40]} is too large")
    return number


def _jsonl_rows(text: str, path: Path, reading: _JsonReading) -> Iterator[Row]:
    number = 0
    for line_number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        number += 1
        where = f"{path}:{line_number}"
        try:
            cells = reading.value(line)
        except (ValueError, RecursionError) as error:
            yield Row(where, number, problem=f"not JSON ({error})")
            continue
        if isinstance(cells, dict):
            yield Row(where, number, cells)
        else:
            yield Row(where, number, problem=f"not a JSON object: {line.strip()[:40]!r}")


def _json_rows(text: str, path: Path, records: str | None, reading: _JsonReading) -> Iterator[Row]:
    try:
        whole = reading.value(text)
    except json.JSONDecodeError as error:
        hint = "One object per line is called .jsonl" if error.msg == "Extra data" else "Export it again"
        raise InvalidRecord(f"not JSON ({error.msg})", where=f"{path}:{error.lineno}", hint=hint) from error
    except (ValueError, RecursionError) as error:
        raise InvalidRecord(f"not JSON ({error})", where=str(path), hint="Export it again") from error
    if records is not None:
        whole = _at(whole, records, path)
    for number, cells in enumerate(whole if isinstance(whole, list) else [whole], start=1):
        where = f"{path} (record {number})"
        is_object = isinstance(cells, dict)
        problem = None if is_object else f"not a JSON object: {json.dumps(cells)[:40]}"
        yield Row(where, number, cells if is_object else {}, problem)


def _at(whole: Any, records: str, path: Path) -> list[Any]:
    found = whole
    for key in records.split("."):
        if not isinstance(found, dict) or key not in found:
            known = found if isinstance(found, dict) else ()
            raise UnknownName(f"key of --records {records}", key, known, where=str(path))
        found = found[key]
    if not isinstance(found, list):
        raise InputError(f"--records {records} is not a list", where=str(path), hint="Name the list of records")
    return found


def _parquet_rows(data: bytes, path: Path) -> list[Row]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        hint = "pip install 'judgekit-eval[parquet]', or save it as .jsonl"
        raise FileProblem("reading Parquet needs pyarrow", where=str(path), hint=hint) from error
    try:
        found = parquet.read_table(io.BytesIO(data)).to_pylist()
    except pa.ArrowException as error:
        reason = str(error).splitlines()[0]
        raise FileProblem(
            f"not a Parquet file, or cut off ({reason})", where=str(path), hint="Copy it again"
        ) from error
    return [
        Row(f"{path} (record {number})", number, {name: _plain(cell) for name, cell in cells.items()})
        for number, cells in enumerate(found, start=1)
    ]


def _plain(cell: Any) -> Any:
    """Return a Parquet cell as JSON would hold it."""
    if isinstance(cell, float) and not math.isfinite(cell):
        return None
    if isinstance(cell, list):
        return [_plain(item) for item in cell]
    if isinstance(cell, dict):
        return {str(key): _plain(item) for key, item in cell.items()}
    return _plain_scalar(cell)


def _plain_scalar(cell: Any) -> Any:
    if isinstance(cell, Decimal):
        return int(cell) if cell == cell.to_integral_value() else float(cell)
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    return cell.isoformat() if isinstance(cell, datetime | date) else cell
