"""From a row to its record: the one place that turns pydantic's findings into a line a person can act on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from judgekit.errors import InvalidRecord, nearest

M = TypeVar("M", bound=BaseModel)
FieldPath = tuple[str | int, ...]
"""Keys and indices that lead to a value: `("criteria", 2, "scale")`."""
Place = str | Callable[[FieldPath], str]
"""Where a row stands: `file:line`, or what gives it for one of its fields."""


_PLAIN_WORDS = {
    "a valid tuple": "a list",
    "a valid list": "a list",
    "a valid dictionary": "a table",
    "a valid string": "text",
}
"""pydantic's words -> those of the files' formats."""


def validated(model: type[M], row: object, where: Place) -> M:
    """Return the record that a row holds.

    Args:
        model: The record's class.
        row: What was read, as plain Python values.
        where: `file:line` of the row, or a function from a field's path to its `file:line`.

    Raises:
        InvalidRecord: It does not fit: `file:line: field: what, got value. What to do`.

    Example:
        >>> from judgekit.records.judge import Rule
        >>> validated(Rule, {"txt": "Be kind"}, "rules.jsonl:3")
        Traceback (most recent call last):
        judgekit.errors.InvalidRecord: rules.jsonl:3: txt: unknown key 'txt'. Did you mean 'text'?
    """
    try:
        return model.model_validate(row)
    except ValidationError as error:
        raise invalid_record(error, row, where, model=model) from error


def invalid_record(error: ValidationError, row: object, where: Place, *, model: Any = None) -> InvalidRecord:
    """Return pydantic's first finding as an `InvalidRecord`; an unknown key goes before what lacks because of it."""
    findings = sorted(error.errors(include_url=False), key=lambda finding: finding["type"] != "extra_forbidden")
    finding = findings[0]
    path = _path(finding, row)
    place = where if isinstance(where, str) else where(path)
    branches = [other["msg"] for other in findings if _path(other, row) == path]
    what, hint = _words({**finding, "msg": _alternatives(branches)}, path, model)
    return InvalidRecord(what, where=f"{place}: {path_text(path)}" if path else place, hint=hint)


def path_text(path: FieldPath) -> str:
    """Return a path as people write it.

    Example:
        >>> path_text(("criteria", 2, "scale", "levls"))
        'criteria[2].scale.levls'
    """
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def _words(finding: ErrorDetails, path: FieldPath, model: Any) -> tuple[str, str | None]:
    kind, message = finding["type"], finding["msg"]
    if kind == "extra_forbidden":
        key = str(path[-1])
        known = _keys_at(model, path[:-1])
        close = nearest(key, known)
        hint = f"Did you mean {close!r}?" if close else f"Known: {', '.join(sorted(known))}" if known else "Remove it"
        return f"unknown key {key!r}", hint
    if kind == "missing":
        return f"{path[-1]!r} is missing", "Add it"
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _kind_words(finding)
    if kind == "value_error":
        return message.removeprefix("Value error, "), None
    for term, word in _PLAIN_WORDS.items():
        message = message.replace(term, word)
    what = f"{message[:1].lower()}{message[1:]}, got {_shown(finding['input'])}"
    close = _nearest_literal(finding)
    return what, f"Did you mean {close!r}?" if close else None


def _kind_words(finding: ErrorDetails) -> tuple[str, str]:
    """Return what is wrong with the key that says which kind of record a table holds."""
    context = finding.get("ctx", {})
    key, tag = str(context.get("discriminator", "")).strip("'"), context.get("tag")
    known = [each.strip("' ") for each in str(context.get("expected_tags", "")).split(",") if each.strip()]
    if tag is None:
        return f"{key!r} is missing", "Add it"
    close = nearest(str(tag), known)
    told = f"Did you mean {close!r}? " if close else ""
    return f"unknown {key} {tag!r}", f"{told}Known: {', '.join(known)}"


def _alternatives(messages: list[str]) -> str:
    """Join what the branches of a union wanted: "Input should be a valid integer or a valid string"."""
    prefix = "Input should be "
    if not all(message.startswith(prefix) for message in messages):
        return messages[0]
    return prefix + " or ".join(dict.fromkeys(message.removeprefix(prefix) for message in messages))


def _nearest_literal(finding: ErrorDetails) -> str | None:
    expected = str(finding.get("ctx", {}).get("expected", ""))
    words = [part.strip("' ") for part in expected.replace(" or ", ", ").split(", ") if part]
    return nearest(str(finding["input"]), words) if finding["type"] == "literal_error" else None


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


def _path(finding: ErrorDetails, row: object) -> FieldPath:
    """Keep the parts of pydantic's location that lead into the row; the others name branches of unions."""
    path: list[str | int] = []
    node: Any = row
    for part in finding["loc"]:
        is_key = isinstance(node, Mapping) and part in node
        is_index = isinstance(node, list | tuple) and isinstance(part, int) and part < len(node)
        if is_key or is_index:
            path.append(part)
            node = node[part]
    if finding["type"] == "missing":
        path.append(finding["loc"][-1])
    return tuple(path)


def _keys_at(model: Any, path: FieldPath) -> set[str]:
    """Return the keys that the records at a path know."""
    kinds = [model]
    for part in path:
        kinds = [inner for kind in kinds for inner in _step(kind, part)]
    return {name for kind in kinds for record in _records(kind) for name in record.model_fields}


def _step(kind: Any, part: str | int) -> Iterator[Any]:
    """Yield the types found one key or index further on."""
    fields = [record.model_fields[part].annotation for record in _records(kind) if part in record.model_fields]
    yield from fields
    if not fields:
        yield from get_args(kind)


def _records(kind: Any) -> Iterator[type[BaseModel]]:
    """Yield the record classes that a type is made of: itself, or the members of a union, list or dict."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
        return
    for inner in get_args(kind):
        yield from _records(inner)
