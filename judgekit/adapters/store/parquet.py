"""Parquet in and out, for sessions: nested columns are read as they are or from JSON text, and written as JSON text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from judgekit.adapters.store.files import JsonLines, file_problem, parse_json, write_atomically
from judgekit.errors import FileProblem, InputError
from judgekit.records.record import Record

if TYPE_CHECKING:
    from types import ModuleType

_NESTED = ("turns", "metadata", "tags")
"""Columns that may hold JSON text."""
_ROWS_AT_ONCE = 1000


def read_parquet(path: Path) -> JsonLines:
    """Return a Parquet file's rows; the errors are those of `each_parquet_row`."""
    return JsonLines(list(each_parquet_row(path)))


def each_parquet_row(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield a Parquet file's rows, numbered from 1, without their nulls, a few held at a time.

    Raises:
        FileProblem: It is missing or is not Parquet.
        InputError: pyarrow is not installed.
    """
    pa = _pyarrow()
    import pyarrow.parquet as reader

    try:
        with Path(path).open("rb") as file:
            batches = reader.ParquetFile(file).iter_batches(_ROWS_AT_ONCE)
            for number, row in enumerate((row for batch in batches for row in batch.to_pylist()), start=1):
                yield number, _row(row, f"{path}: row {number}")
    except OSError as error:
        raise file_problem(error, path) from error
    except pa.ArrowException as error:
        cause = str(error).splitlines()[0]
        raise FileProblem(f"not readable as Parquet ({cause})", where=str(path), hint="Write it again") from error


def write_parquet(path: Path, records: Iterable[Record]) -> None:
    """Write records as a Parquet table, atomically; nested fields become JSON text.

    Raises:
        FileProblem: It could not be written.
        InputError: pyarrow is not installed.
    """
    pa = _pyarrow()
    import pyarrow.parquet as writer

    rows = [_flat(record.model_dump(mode="json", exclude_none=True)) for record in records]
    columns = dict.fromkeys(key for row in rows for key in row)
    buffer = BytesIO()
    writer.write_table(pa.table({key: [row.get(key) for row in rows] for key in columns}), buffer)
    write_atomically(path, buffer.getvalue())


def _pyarrow() -> ModuleType:
    try:
        import pyarrow as pa
    except ImportError as error:
        hint = "Install it with: pip install 'judgekit-eval[parquet]'"
        raise InputError("Parquet files need pyarrow, which is not installed", hint=hint) from error
    module: ModuleType = pa
    return module


def _row(row: dict[str, Any], where: str) -> dict[str, Any]:
    whole = {key: _without_nulls(value) for key, value in row.items() if value is not None}
    texts = {key: value for key, value in whole.items() if key in _NESTED and isinstance(value, str)}
    return whole | {key: parse_json(text, f"{where}: {key}") for key, text in texts.items()}


def _without_nulls(value: Any) -> Any:
    """Drop the nulls that a table fills in where a struct lacks a key."""
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    nested = {key: json.dumps(row[key], ensure_ascii=False, allow_nan=False) for key in _NESTED if key in row}
    return row | nested
