"""Files as text, JSON and JSON lines: read whole or refused with file and line, written whole or not at all.

Not here: TOML (`toml`), Parquet (`parquet`), files that grow line by line (`appending`), and what a row must
look like (`validation`).
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import gzip
import json
import os
import secrets
import stat
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from pydantic_core import PydanticSerializationError

from judgekit.adapters.store.validation import validated
from judgekit.errors import FileProblem, InvalidRecord
from judgekit.records.record import Record

__all__ = [
    "BrokenLine", "JsonLines", "damaged_gzip", "each_row", "file_problem", "json_line", "parse_json", "parse_jsonl",
    "parse_row", "read_bytes", "read_json", "read_jsonl", "read_text", "record_line", "rows_in", "sync_folder",
    "unique_keys", "validated", "write_atomically", "write_json", "write_jsonl",
]  # fmt: skip

_CAUSES = {
    errno.ENOENT: ("no such file", "Check the path"),
    errno.ENOTDIR: ("a part of the path is not a folder", "Check the path"),
    errno.EISDIR: ("it is a folder, not a file", "Check the path"),
    errno.EACCES: ("permission denied", "Check its permissions"),
    errno.EPERM: ("permission denied", "Check its permissions"),
    errno.ENOSPC: ("no space left on the device", "Free some space and run the same command again"),
    errno.EDQUOT: ("the disk quota is used up", "Free some space and run the same command again"),
    errno.EROFS: ("the file system is read-only", "Work in a folder that can be written"),
    errno.ENAMETOOLONG: ("the name is too long", "Choose a shorter one"),
}


@dataclass(frozen=True, slots=True)
class JsonLines:
    """The rows of a file, each with its line number.

    Attributes:
        rows: (line number from 1, object), in order; blank lines are not rows.
        torn: What was set aside, in words, when the last line is cut off mid-way; else None.
    """

    rows: list[tuple[int, dict[str, Any]]]
    torn: str | None = None


class BrokenLine(InvalidRecord):
    """Text that stops being JSON: torn where it is a file's last line, an error anywhere else."""


def read_text(path: Path) -> str:
    """Return a UTF-8 file's text as it stands, without a byte order mark.

    Raises:
        FileProblem: It is missing or cannot be read.
        InvalidRecord: It is not UTF-8; the message names the line.
    """
    data = read_bytes(path).removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _not_utf8(f"{path}:{line}", data[error.start]) from error


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes, unpacked when its name ends in `.gz`.

    Raises:
        FileProblem: It is missing, cannot be read, or its compressed form is cut off.
    """
    try:
        data = Path(path).read_bytes()
        return gzip.decompress(data) if Path(path).suffix == ".gz" else data
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise damaged_gzip(error, path) from error
    except OSError as error:
        raise file_problem(error, path) from error
    except ValueError as error:
        raise FileProblem(f"not a path: {str(path)!r} ({error})", hint="Check the path") from error


def write_atomically(path: Path, text: str | bytes) -> None:
    """Replace a file's content in one step: a reader, or a crash, sees all of the old or all of the new.

    Folders on the way are made. A link is followed, and the mode of an existing file is kept.

    Raises:
        FileProblem: It could not be written; the old file is untouched.
    """
    data = text if isinstance(text, bytes) else text.encode("utf-8")
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        what = "a folder" if target.is_dir() else "no ordinary file, and would be replaced"
        raise FileProblem(f"this is {what}", where=str(path), hint="Name a file")
    temporary = target.with_name(f".{target.name[:80]}.{secrets.token_hex(4)}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            _write_synced(temporary, data)
            if target.exists():
                temporary.chmod(stat.S_IMODE(target.stat().st_mode))
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(target.parent)
    except OSError as error:
        raise file_problem(error, path) from error


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power loss, where the system can."""
    with contextlib.suppress(PermissionError):  # Windows opens no folders
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_jsonl(path: Path) -> JsonLines:
    """Return the objects of a `.jsonl` or `.jsonl.gz` file.

    Raises:
        FileProblem: It is missing or cannot be read.
        InvalidRecord: A line, the torn last one excepted, is not one JSON object.
    """
    return parse_jsonl(read_bytes(path), str(path))


def parse_jsonl(data: bytes, name: str) -> JsonLines:
    """Return the objects of JSON lines; `name` is what errors call the file."""
    torn: list[str] = []
    return JsonLines(list(each_row(data, name, torn)), *torn)


def each_row(data: bytes, name: str, torn: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number from 1, object) of JSON lines; the arguments and errors are those of `rows_in`."""
    return rows_in(BytesIO(data.removeprefix(codecs.BOM_UTF8)), name, torn)


def rows_in(lines: Iterable[bytes], name: str, torn: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number from 1, object) of JSON lines, one at a time, so that rows need not all be held at once.

    Args:
        lines: The file's lines, each with its newline.
        name: What errors call the file.
        torn: Takes the words on a last line that is cut off mid-way, which is set aside.

    Raises:
        InvalidRecord: A line, the torn last one excepted, is not one JSON object.
    """
    for number, line in enumerate(lines, start=1):
        if not line or line.isspace():
            continue
        try:
            text = line.decode("utf-8")
            row, end = _STRICT.raw_decode(text)
        except (ValueError, RecursionError):
            row, end = None, 0
        if not isinstance(row, dict) or text[end:].strip():
            try:
                row = parse_row(line.rstrip(b"\n"), f"{name}:{number}")  # refuses it in words
            except BrokenLine:
                if line.endswith(b"\n"):
                    raise
                torn.append(f"{name}:{number}: the last line is cut off mid-way ({len(line)} bytes); set aside")
                return
        yield number, row


def parse_row(line: bytes, where: str) -> dict[str, Any]:
    """Return the object that one line holds.

    Raises:
        BrokenLine: It is not JSON; a file's last line may be cut off.
        InvalidRecord: It is JSON, and not one object or not strict.
    """
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _not_utf8(where, line[error.start]) from error
    row = parse_json(text, where)
    if not isinstance(row, dict):
        shown = text.strip()[:40]
        raise InvalidRecord(f"not a JSON object: {shown!r}", where=where, hint="Each line holds one {...}")
    return row


def write_jsonl(path: Path, rows: Iterable[Record | Mapping[str, Any]]) -> None:
    """Write one JSON object per line, atomically; packed when the name ends in `.gz`.

    Raises:
        FileProblem: It could not be written.
        InvalidRecord: A row holds NaN or infinity.
    """
    data = "".join(json_line(row) for row in rows).encode("utf-8")
    write_atomically(path, gzip.compress(data, mtime=0) if Path(path).suffix == ".gz" else data)


def json_line(row: Record | Mapping[str, Any]) -> str:
    """Return a record or mapping as one line of JSON with its newline; fields that are None are left out.

    Raises:
        InvalidRecord: It holds NaN or infinity.
    """
    value = row.model_dump(mode="json", exclude_none=True) if isinstance(row, Record) else row
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        text.encode("utf-8")
    except UnicodeEncodeError:  # half a surrogate pair, from a tool that cut an emoji: keep it, as an escape
        text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    except ValueError as error:
        raise InvalidRecord(f"a number that JSON does not have (NaN or infinity): {str(value)[:60]}") from error
    return text + "\n"


def record_line(record: Record) -> bytes:
    """Return what `json_line` does, encoded, in a fifth of the time: for lines that are written by the thousand."""
    try:
        return record.__pydantic_serializer__.to_json(record, exclude_none=True) + b"\n"
    except PydanticSerializationError:  # half a surrogate pair
        return json_line(record).encode("utf-8")


def read_json(path: Path) -> Any:
    """Return the JSON value that a file holds.

    Raises:
        FileProblem: It is missing or cannot be read.
        InvalidRecord: It is not JSON.
    """
    return parse_json(read_text(path), str(path))


def write_json(path: Path, value: Any) -> None:
    """Write a record, or a JSON value, as one document, indented so that it can be read and diffed, atomically."""
    plain = value.model_dump(mode="json", exclude_none=True) if isinstance(value, Record) else value
    text = json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:  # half a surrogate pair, as in `json_line`
        data = (json.dumps(plain, indent=2, allow_nan=False) + "\n").encode("ascii")
    write_atomically(path, data)


def parse_json(text: str, where: str) -> Any:
    """Return the JSON value of a text, strictly: no NaN, no key twice.

    Raises:
        InvalidRecord: It is not such JSON.
    """
    try:
        return _STRICT.decode(text)
    except json.JSONDecodeError as error:
        place = f"{where}:{error.lineno}" if "\n" in text else where
        shown = text[max(0, error.pos - 15) : error.pos + 25].replace("\n", " ")
        what = f"not JSON ({error.msg} at column {error.colno}, near {shown!r})"
        raise BrokenLine(what, where=place, hint="Write it again or correct it") from error
    except RecursionError as error:
        raise InvalidRecord("JSON nested too deeply to be read", where=where, hint="Flatten it") from error
    except ValueError as error:
        raise InvalidRecord(str(error), where=where, hint="Correct the line") from error


def damaged_gzip(error: Exception, path: Path | str) -> FileProblem:
    """Return the one-line form of what is wrong with a packed file."""
    hint = "Copy or write it again; nothing of it was used"
    return FileProblem(f"the gzip file is damaged or cut off ({error})", where=str(path), hint=hint)


def file_problem(error: OSError, path: Path | str) -> FileProblem:
    """Return the one-line form of what the operating system refused."""
    what, hint = _CAUSES.get(error.errno or 0, (error.strerror or str(error), "Check the disk and the path"))
    return FileProblem(what, where=str(path), hint=hint)


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object of a JSON text's pairs, for `object_pairs_hook`.

    Raises:
        ValueError: A key stands in it twice.
    """
    row = dict(pairs)
    if len(row) != len(pairs):
        keys = [key for key, _ in pairs]
        repeated = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"key {repeated!r} stands twice in one object")
    return row


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON; write null or leave the key out")


_STRICT = json.JSONDecoder(object_pairs_hook=unique_keys, parse_constant=_no_constant)
"""Made once: `json.loads` makes a decoder for every text where it is not given plain defaults."""


def _not_utf8(where: str, byte: int) -> BrokenLine:
    return BrokenLine(f"not UTF-8 (byte 0x{byte:02x})", where=where, hint="Save the file as UTF-8")


def _write_synced(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
