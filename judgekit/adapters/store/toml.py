"""Hand-written files: TOML read with the line of what is wrong, written with people's comments kept."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from judgekit.adapters.store.files import read_text, write_atomically
from judgekit.adapters.store.validation import FieldPath, validated
from judgekit.errors import InvalidRecord
from judgekit.records.record import Record

M = TypeVar("M", bound=BaseModel)

_POSITION = re.compile(r"\(at line (\d+), column (\d+)\)")
_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_TRIPLE = re.compile(r'"""|' + "'''")


@dataclass(frozen=True, slots=True)
class TomlFile:
    """A parsed file that remembers where its keys stand.

    Attributes:
        path: The file.
        data: Its content.
        text: Its text.
    """

    path: Path
    data: dict[str, Any]
    text: str

    def place(self, path: FieldPath) -> str:
        """Return `file:line` of a field, of the nearest enclosing key, or the file alone."""
        lines = dict(_key_lines(self.text))
        for end in range(len(path), 0, -1):
            if path[:end] in lines:
                return f"{self.path}:{lines[path[:end]]}"
        return str(self.path)


def read_toml(path: Path, model: type[M]) -> M:
    """Return the record that a TOML file holds.

    Raises:
        FileProblem: It is missing or cannot be read.
        InvalidRecord: Its syntax is wrong (`file:line`), or a key or value does not fit the record.
    """
    file = parse_toml(path)
    return validated(model, file.data, file.place)


def parse_toml(path: Path) -> TomlFile:
    """Return a TOML file's content, not yet held against any record.

    Raises:
        FileProblem: It is missing or cannot be read.
        InvalidRecord: Its syntax is wrong; the message names the line.
    """
    text = read_text(path)
    try:
        return TomlFile(path, tomllib.loads(text), text)
    except tomllib.TOMLDecodeError as error:
        found = _POSITION.search(str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        what = _POSITION.sub("", str(error)).replace("(at end of document)", "").strip()
        raise InvalidRecord(f"not TOML: {what}", where=f"{path}:{line}", hint="Correct that line") from error


def write_toml(
    path: Path,
    record: Record | Mapping[str, Any],
    comments: Mapping[str, str] | None = None,
    *,
    telling: Mapping[str, Any] | None = None,
) -> None:
    """Write a record as TOML, atomically; in a file that exists, people's comments and order are kept.

    Args:
        path: The file.
        record: What it shall hold; fields that are None and empty tables or lists are left out.
        comments: Top-level key -> comment above it, and `""` -> comment at the top, for a new file.
        telling: The part of it that a new file holds, where the rest only repeats defaults; None: all of it.

    Raises:
        FileProblem: It could not be written.
    """
    full = _pruned(record.model_dump(mode="json") if isinstance(record, Record) else record)
    new = full if telling is None else _pruned(telling)
    added = _pruned(record.model_dump(mode="json", exclude_defaults=True)) if isinstance(record, Record) else new
    text = _edited(path, full, added) if path.exists() else None
    write_atomically(path, text if text is not None else _composed(new, comments or {}))


def _edited(path: Path, full: dict[str, Any], telling: dict[str, Any]) -> str | None:
    """Return the existing text with the values that changed, or None where that would not say the same."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        old = read_text(path)
        data = _wanted(full, telling, tomllib.loads(old))
        document = tomlkit.parse(old)
        _update(document, data)
        text = tomlkit.dumps(document)
        return text if tomllib.loads(text) == data else None
    except (TOMLKitError, tomllib.TOMLDecodeError):
        return None


def _wanted(full: Any, telling: Any, old: Any) -> Any:
    """Leave out what only repeats a default and did not stand in the file before."""
    if isinstance(full, Mapping) and isinstance(old, Mapping):
        kept = [key for key in full if key in old or key in telling]
        return {key: _wanted(full[key], telling.get(key, {}), old.get(key)) for key in kept}
    if old and telling and _are_tables(full) and _are_tables(old) and len(full) == len(old) == len(telling):
        return [_wanted(*items) for items in zip(full, telling, old, strict=True)]
    return full


def _pruned(value: Any) -> Any:
    """Leave out None, empty tables and empty lists: TOML has no null, and an absent key says the same."""
    if isinstance(value, Mapping):
        pruned = {key: _pruned(inner) for key, inner in value.items()}
        return {key: inner for key, inner in pruned.items() if inner is not None and inner not in ({}, [])}
    return [_pruned(inner) for inner in value] if isinstance(value, list | tuple) else value


def _update(table: MutableMapping[str, Any], data: Mapping[str, Any]) -> None:
    for key in [key for key in table if key not in data]:
        del table[key]
    for key, value in data.items():
        old: Any = table.get(key)
        if isinstance(old, MutableMapping) and isinstance(value, Mapping):
            _update(old, value)
        elif _are_tables(old) and _are_tables(value) and len(old) == len(value):
            for old_item, item in zip(old, value, strict=True):
                _update(old_item, item)
        elif old != value or type(_plain(old)) is not type(value):
            table[key] = _item(value, is_top=True)


def _plain(value: Any) -> Any:
    return value.unwrap() if hasattr(value, "unwrap") else value


def _are_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)


def _composed(data: Mapping[str, Any], comments: Mapping[str, str]) -> str:
    """Return a new file's text: plain keys first, then tables with a blank line between."""
    import tomlkit

    tables = {key for key, value in data.items() if isinstance(value, Mapping) or _are_tables(value)}
    text = _comment(comments.get("", ""))
    for key in sorted(data, key=lambda key: key in tables):
        document = tomlkit.document()
        document.add(key, _item(data[key], is_top=True))
        text += ("\n" if key in tables else "") + _comment(comments.get(key, ""))
        text += tomlkit.dumps(document).strip("\n") + "\n"
    return text


def _comment(words: str) -> str:
    return "".join(f"# {line}".rstrip() + "\n" for line in words.splitlines())


def _item(value: Any, *, is_top: bool) -> Any:
    """Return a value as tomlkit holds it: tables at the top, inline tables below."""
    import tomlkit

    if isinstance(value, Mapping):
        table: Any = tomlkit.table() if is_top else tomlkit.inline_table()
        for key, inner in value.items():
            table.add(key, _item(inner, is_top=is_top and _are_tables(inner)))
        return table
    if _are_tables(value) and is_top:
        tables = tomlkit.aot()
        for item in value:
            tables.append(_item(item, is_top=True))
        return tables
    if isinstance(value, list):
        array = tomlkit.array()
        for item in value:
            array.append(_item(item, is_top=False))
        return array
    return tomlkit.item(value)


def _key_lines(text: str) -> Iterator[tuple[FieldPath, int]]:
    """Yield (path, line number) of the headers and keys of a TOML text that parses."""
    table: FieldPath = ()
    counts: dict[FieldPath, int] = {}
    is_inside = False
    for number, line in enumerate(text.split("\n"), start=1):
        was_inside, is_inside = is_inside, is_inside ^ (len(_TRIPLE.findall(line)) % 2 == 1)
        if was_inside:
            continue
        if header := _HEADER.match(line):
            table = _table_path(_parts(header[2]), counts, is_list=header[1] == "[[")
            yield table, number
        elif key := _KEY.match(line):
            yield (*table, *_parts(key[1])), number


def _table_path(parts: list[str], counts: dict[FieldPath, int], *, is_list: bool) -> FieldPath:
    """Return a header's path with the index of each list of tables on the way."""
    path: FieldPath = ()
    for place, part in enumerate(parts):
        path = (*path, part)
        if is_list and place == len(parts) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _parts(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in re.findall(r""""[^"]*"|'[^']*'|[^.]+""", dotted)]
