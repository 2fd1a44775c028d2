"""Columns -> fields: by name, by dotted path into nested JSON, or by a pattern that composes several columns.

Also here: how a cell becomes an id, a text or a time. Not here: what a value means on a scale (`answer`).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from judgekit.adapters.importers.plan import ImportPlan
from judgekit.adapters.importers.table import DEEPEST, Row, Table, is_nested_deeper
from judgekit.errors import InputError, InvalidRecord, UnknownName
from judgekit.records.ingest import Batch, Item

ID_FIELDS = frozenset({"id", "input", "group", "session", "pair", "turn", "rater", "criterion", "judge", "version"})
"""Fields that are strings whatever the file's type says."""
_BRACES = re.compile(r"\{([^{}]*)\}")
_DELIMITERS = {";": "';'", "\t": "$'\\t'", "|": "'|'", ",": "','"}
"""What else may part cells -> how it is written on a command line."""
_ROW_NUMBER, _FILE_STEM = "#", "#file"


@dataclass(frozen=True, slots=True)
class Source:
    """Where one field comes from.

    Attributes:
        text: As the person wrote it.
        path: Column, then keys or indices inside it; empty for a pattern or constant.
        parts: Literal texts, and paths as tuples, in turn.
        consumes: Columns that enter the field whole, so that they need not be kept elsewhere.
    """

    text: str
    path: tuple[str, ...] = ()
    parts: tuple[str | tuple[str, ...], ...] = ()
    consumes: tuple[str, ...] = ()

    @property
    def touches(self) -> set[str]:
        """Columns that are read at all, whole or in part."""
        return {path[0] for path in (self.path, *self.parts) if path and not isinstance(path, str)}

    def cell(self, row: Row) -> Any:
        """Return what the row holds: a JSON value for a path, a text for a pattern; None when there is nothing."""
        if self.path:
            return _descend(row.cells, self.path)
        return "".join(part if isinstance(part, str) else _composed(row, part) for part in self.parts)


Sources = dict[str, Source]
ItemMaker = Callable[[Row, Sources, Sequence[str], ImportPlan, Counter[str]], Item]
"""From a row, its sources, the columns to keep and the plan to the item; the tally counts what was changed."""


def sources(table: Table, plan: ImportPlan, fields: Collection[str]) -> Sources:
    """Return where each field of one file comes from; a column with a field's own name needs no mapping.

    Raises:
        UnknownName: A field or column that there is not; the nearest is named.
    """
    for field in [*plan.columns, *plan.constants]:
        if field not in fields:
            raise UnknownName("field", field, fields, where="--map or --set")
    found = {field: _for(field, source(text, table)) for field, text in plan.columns.items() if text}
    found |= {field: Source(repr(value), parts=(value,)) for field, value in plan.constants.items()}
    named = {*plan.criteria.values(), *plan.raters.values(), *plan.rationales.values(), *plan.evidences.values()}
    taken = named.union(*(one.consumes for one in found.values()))
    for column in table.columns:
        is_free = column not in taken and column not in plan.columns and column not in plan.constants
        if column in fields and is_free:
            found[column] = Source(column, (column,), consumes=(column,))
    return found


def source(text: str, table: Table) -> Source:
    """Return where a COLUMN as written on the command line leads in a file.

    Raises:
        UnknownName: There is no such column, or nothing at the end of the path in any row.
    """
    if text in table.columns:
        return Source(text, (text,), consumes=(text,))
    if _BRACES.search(text):
        return _pattern(text, table)
    return Source(text, _path(text, table))


def row_batch(
    form: str, tables: Sequence[Table], found: Sequence[Sources], plan: ImportPlan, item_of: ItemMaker
) -> Batch:
    """Return what files hold in which each row is one item; columns without a field are kept in its metadata.

    Args:
        form: What the items are.
        tables: The files.
        found: Where each file's fields come from.
        plan: Whether the other columns are dropped instead.
        item_of: Makes the item; it is given the columns to keep, and counts what it had to change.
    """
    tally: Counter[str] = Counter()
    items: list[Item] = []
    columns: dict[str, str] = {}
    dropped: dict[str, None] = {}
    for table, fields in zip(tables, found, strict=True):
        rest = unused(table, fields.values())
        kept = [] if plan.drops_rest else rest
        columns |= {field: one.text for field, one in fields.items()}
        columns |= {"metadata": ", ".join(kept)} if kept else {}
        dropped |= dict.fromkeys(rest if plan.drops_rest else ())
        items += [item_of(row, fields, kept, plan, tally) for row in table.rows]
    notes = [*(note for table in tables for note in table.notes), *tally_notes(tally)]
    files = tuple(table.file for table in tables)
    n_rows = sum(len(table.rows) for table in tables)
    return Batch(form, tuple(items), files, n_rows, columns, tuple(dropped), tuple(notes))


def require_readable(table: Table) -> None:
    """Refuse a file of which no row can be read: what is wrong is the first row, not a column.

    Raises:
        InvalidRecord: So it is.
    """
    if table.rows and not table.columns:
        first = table.rows[0]
        raise InvalidRecord(first.problem or "an empty row", where=first.where, hint="No row of the file can be read")


def _for(field: str, one: Source) -> Source:
    """An id composed of columns leaves them free: what they say is still to be kept, or to fill their own field."""
    return replace(one, consumes=()) if field in ID_FIELDS and not one.path else one


def unused(table: Table, taken: Iterable[Source]) -> list[str]:
    """Return the columns that enter no field whole."""
    consumed = {column for one in taken for column in one.consumes}
    return [column for column in table.columns if column not in consumed]


def id_text(cell: object, field: str) -> str | None:
    """Return a cell as an id: text as it stands, whole numbers as their digits; None when empty.

    Raises:
        InvalidRecord: It is a float, which may have lost digits already, or no id at all.

    Example:
        >>> id_text(20241031124050492385, "id")
        '20241031124050492385'
    """
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return None
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int) and not isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, float):
        raise InvalidRecord(
            f"{field} {cell!r} is a floating-point number, which keeps only 16 digits of an id",
            hint="Export the ids as text",
        )
    raise InvalidRecord(f"{field} {json.dumps(cell)[:40]} is not an id", hint="An id is a text or a whole number")


def cell_text(cell: object, column: str, tally: Counter[str]) -> str:
    """Return a cell as text; JSON that is no text is kept as its JSON text, and counted per column."""
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    tally[column] += 1
    return json.dumps(cell, ensure_ascii=False)


def tally_notes(tally: Counter[str]) -> tuple[str, ...]:
    """Say how many cells were no text."""
    return tuple(f"{n} cells of column {column} were not text: kept as text" for column, n in sorted(tally.items()))


def moment(cell: object, *, is_utc: bool) -> object:
    """Return a time with its offset where the plan gives one; anything else is left to the record to judge."""
    if not isinstance(cell, str):
        return cell
    try:
        found = datetime.fromisoformat(cell.strip())
    except ValueError:
        return cell
    if found.tzinfo is None and not is_utc:
        raise InvalidRecord(f"time {cell!r} has no offset", hint="Say --utc if such times are UTC")
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def json_cell(cell: object) -> object:
    """Return the JSON value that a text cell holds; the text itself when it is not JSON."""
    if not isinstance(cell, str):
        return cell
    try:
        found = json.loads(cell, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return cell
    return cell if is_nested_deeper(found, DEEPEST) else found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _pattern(text: str, table: Table) -> Source:
    parts: list[str | tuple[str, ...]] = []
    consumes = []
    end = 0
    for found in _BRACES.finditer(text):
        parts.append(_unescaped(text[end : found.start()]))
        end = found.end()
        name = found.group(1)
        if name == _FILE_STEM:
            parts.append(table.name.split(".")[0])
            continue
        parts.append((name,) if name in table.columns or name == _ROW_NUMBER else _path(name, table))
        if name in table.columns:
            consumes.append(name)
    parts.append(_unescaped(text[end:]))
    return Source(text, parts=tuple(parts), consumes=tuple(consumes))


def _unescaped(text: str) -> str:
    return text.replace("\\n", "\n").replace("\\t", "\t")


def _path(text: str, table: Table) -> tuple[str, ...]:
    """Split a dotted path after the longest column name that it begins with."""
    words = text.split(".")
    for n_words in range(len(words) - 1, 0, -1):
        column = ".".join(words[:n_words])
        if column in table.columns:
            path = (column, *words[n_words:])
            if table.rows and all(_descend(row.cells, path) is None for row in table.rows):
                raise UnknownName("key", text, _keys_under(table, path), where=table.file)
            return path
    raise _no_column(text, table)


def _no_column(text: str, table: Table) -> InputError:
    """Say which column is missing; or why, where no row could be read or another character parts the cells."""
    require_readable(table)
    sole = table.columns[0] if len(table.columns) == 1 else ""
    for delimiter, words in _DELIMITERS.items():
        if text in sole.split(delimiter):
            what = f"{text!r} is no column: the header is one cell, {sole!r}"
            return InputError(what, where=table.file, hint=f"Say --delimiter {words}")
    return UnknownName("column", text, table.columns, where=table.file)


def _keys_under(table: Table, path: tuple[str, ...]) -> set[str]:
    """Return the paths that do exist at the depth where this one ends."""
    inner = [_descend(row.cells, path[:-1]) for row in table.rows]
    return {".".join((*path[:-1], key)) for value in inner if isinstance(value, dict) for key in value}


def _descend(cells: object, path: tuple[str, ...]) -> Any:
    value: object = cells
    for place, key in enumerate(path):
        if place:
            value = json_cell(value)
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def _composed(row: Row, path: tuple[str, ...]) -> str:
    if path == (_ROW_NUMBER,) and _ROW_NUMBER not in row.cells:
        return str(row.number)
    cell = _descend(row.cells, path)
    if isinstance(cell, str):
        return cell
    if isinstance(cell, float):
        raise InvalidRecord(f"{path[-1]} {cell!r} is a floating-point number, which a pattern would write inexactly")
    return "" if cell is None else json.dumps(cell, ensure_ascii=False)
