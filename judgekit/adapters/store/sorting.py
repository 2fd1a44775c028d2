"""Sorting files of lines that may be larger than memory: sorted in parts, merged, replaced in one step."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from judgekit.adapters.store.files import file_problem, sync_folder

N_AT_ONCE = 50_000
"""Lines held in memory at a time."""

Key = tuple[Any, ...]
Row = tuple[Key, bytes]
LineKey = Callable[[bytes], Key]


def sort_lines(path: Path, key: LineKey, *, unique: bool = False) -> None:
    """Sort a file of JSON lines in one step: a reader, or a crash, sees all of the old or all of the new.

    Args:
        path: The file; a missing one becomes an empty one.
        key: What lines are sorted by; lines of one key keep their order.
        unique: Whether of several lines with one key only the last is kept.

    Raises:
        FileProblem: No space, or it cannot be written; the old file is untouched.
    """
    target = Path(os.path.realpath(path))
    with contextlib.ExitStack() as stack:
        try:
            rows = _sorted(target, key, stack) if target.exists() else iter(())
        except OSError as error:
            raise file_problem(error, path) from error
        replace_lines(path, (line for _, line in (_last_of_each(rows) if unique else rows)))


def replace_lines(path: Path, lines: Iterable[bytes]) -> None:
    """Write lines, one at a time, in the place of a file's, in one step likewise.

    Raises:
        FileProblem: No space, or it cannot be written; the old file is untouched.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.sorting")
    try:
        with temporary.open("wb") as out:
            out.writelines(lines)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise file_problem(error, path) from error


def _sorted(path: Path, key: LineKey, stack: contextlib.ExitStack) -> Iterator[Row]:
    lines = stack.enter_context(path.open("rb"))
    rows = ((key(line), line) for line in lines if not line.isspace())
    parts: list[BinaryIO] = []
    while part := sorted(itertools.islice(rows, N_AT_ONCE), key=_key):
        if not parts and len(part) < N_AT_ONCE:
            return iter(part)
        parts.append(stack.enter_context(tempfile.TemporaryFile(dir=path.parent)))  # noqa: SIM115  # the stack closes it
        parts[-1].writelines(line for _, line in part)
        parts[-1].seek(0)
    return heapq.merge(*(_rows(file, key) for file in parts), key=_key)


def _rows(file: BinaryIO, key: LineKey) -> Iterator[Row]:
    return ((key(line), line) for line in file)


def _key(row: Row) -> Key:
    return row[0]


def _last_of_each(rows: Iterable[Row]) -> Iterator[Row]:
    for _, same in itertools.groupby(rows, key=_key):
        *_, last = same
        yield last
