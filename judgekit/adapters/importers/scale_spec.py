"""Scales in a few words (`ordinal:1..5`, `binary:fail,pass`, `categorical:a,b+na`), and a guess to show a person.

The guess is only ever printed as a suggestion: no scale is made up from the values that happen to occur.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from judgekit.adapters.store.files import validated
from judgekit.errors import InputError, UnknownName
from judgekit.records.rubric import PREFERENCE_LEVELS, Criterion, Rubric, level_text

TYPES = ("ordinal", "binary", "categorical", "multi_select", "numeric", "preference", "text")
_NA = "+na"
_FORMS = (
    "ordinal:1..5, ordinal:bad<fair<good, binary:fail,pass, categorical:a,b,c, numeric:0..100, preference, text; "
    "+na at the end allows not applicable"
)
_MOST_LEVELS = 1000
_MOST_GUESSED = 12


def criterion_from_spec(criterion: str, spec: str, question: str | None = None) -> Criterion:
    """Return a criterion with the scale that a few words describe.

    Args:
        criterion: Its id.
        spec: Type, then the levels after a colon; `+na` at the end allows "not applicable".
        question: What raters were asked; None: the id.

    Raises:
        InputError: The words are no scale.

    Example:
        >>> criterion_from_spec("tone", "ordinal:1..4+na").scale.levels
        (1, 2, 3, 4)
    """
    bare = spec.removesuffix(_NA)
    kind, _, levels = bare.partition(":")
    where = f"--scale {criterion}={spec}"
    if kind not in TYPES:
        raise UnknownName("scale type", kind, TYPES, where=where)
    scale = {"type": kind, **_levels(kind, levels, where)}
    row: dict[str, Any] = {"id": criterion, "question": question or criterion, "scale": scale}
    row["not_applicable"] = spec.endswith(_NA)
    if kind in ("ordinal", "numeric", "binary"):
        row["direction"] = "higher"
    return validated(Criterion, row, where)


def rubric_with(rubric: Rubric, specs: Iterable[str], questions: Mapping[str, str], named: Iterable[str]) -> Rubric:
    """Return the rubric with the criteria that `--scale` adds.

    Args:
        rubric: What the dataset has.
        specs: `CRITERION=SPEC`, or `SPEC` for every criterion of the import that has none yet.
        questions: Criterion -> its question.
        named: Criteria that the import brings answers for.

    Raises:
        InputError: A criterion is there already with another scale.
    """
    own, common = _split(specs)
    known = {criterion.id: criterion for criterion in rubric.criteria}
    if common is not None:
        own |= {name: common for name in named if name not in own and name not in known}
    for name in questions.keys() - known.keys() - own.keys():
        raise UnknownName("criterion of --question", name, [*known, *own])
    added = []
    for name, spec in own.items():
        criterion = criterion_from_spec(name, spec, questions.get(name))
        if name not in known:
            added.append(criterion)
        elif (known[name].scale, known[name].not_applicable) != (criterion.scale, criterion.not_applicable):
            raise InputError(
                f"criterion {name!r} has another scale in the rubric than --scale {spec}",
                where="rubric.toml",
                hint="Leave --scale out, or change the rubric and raise its version",
            )
    return rubric.model_copy(update={"criteria": (*rubric.criteria, *added)}) if added else rubric


def suggested_spec(seen: Iterable[object]) -> str:
    """Return the spec that the values seen look like, for a person to confirm or correct.

    Example:
        >>> suggested_spec(["3", "1", "4"])
        'ordinal:1..4'
    """
    texts = sorted({level_text(value).strip() for value in seen if _is_plain(value)} - {""})
    if not texts:
        return "text"
    numbers = [_number(text) for text in texts]
    if all(number is not None for number in numbers):
        return _spec_of_numbers(sorted(number for number in numbers if number is not None))
    if {text.lower() for text in texts} <= set(PREFERENCE_LEVELS):
        return "preference"
    if len(texts) > _MOST_GUESSED or any(len(text) > 40 or "," in text for text in texts):
        return "text"
    return ("binary:" if len(texts) == 2 else "categorical:") + ",".join(texts)


def _spec_of_numbers(found: list[float]) -> str:
    low, high = found[0], found[-1]
    if found == [0, 1]:
        return "binary:0,1"
    if low < high and all(number.is_integer() for number in found) and high - low < _MOST_GUESSED:
        return f"ordinal:{low:g}..{high:g}"
    return f"numeric:{low:g}..{high:g}" if low < high else f"numeric:0..{max(high, 1):g}"


def _split(specs: Iterable[str]) -> tuple[dict[str, str], str | None]:
    own: dict[str, str] = {}
    common = None
    for spec in specs:
        name, mark, rest = spec.partition("=")
        if not mark:
            if common is not None:
                raise InputError(f"--scale is given for all criteria twice: {common} and {spec}", hint="Keep one")
            common = spec
        elif name in own:
            raise InputError(f"--scale gives {name!r} twice", hint="Keep one")
        else:
            own[name] = rest
    return own, common


def _levels(kind: str, text: str, where: str) -> dict[str, Any]:
    if kind in ("preference", "text"):
        if text and kind == "text":
            raise InputError(f"a {kind} scale has no levels, got {text!r}", where=where, hint=f"Forms: {_FORMS}")
        return {"levels": [_level(part) for part in text.split(",")]} if text else {}
    if kind == "numeric":
        low, mark, high = text.partition("..")
        if not text:
            return {}
        if not mark:
            raise InputError(f"{text!r} is no range", where=where, hint="Write numeric:0..100")
        return {"min": _bound(low, where), "max": _bound(high, where)}
    return {"levels": _level_list(text, where)}


def _level_list(text: str, where: str) -> list[object]:
    low, mark, high = text.partition("..")
    if mark:
        first, last = _bound(low, where), _bound(high, where)
        if first is None or last is None or not (first.is_integer() and last.is_integer() and first < last):
            raise InputError(f"{text!r} is no range of whole numbers", where=where, hint="Write ordinal:1..5")
        if last - first > _MOST_LEVELS:
            raise InputError(f"{text!r} has too many levels", where=where, hint="Write numeric:low..high")
        return list(range(int(first), int(last) + 1))
    parts = [part.strip() for part in text.split("<" if "<" in text else ",")]
    if not all(parts):
        raise InputError(f"levels {text!r} are not a list", where=where, hint=f"Forms: {_FORMS}")
    levels = [_level(part) for part in parts]
    is_mixed = any(isinstance(level, str) for level in levels)
    return list(parts) if is_mixed else levels


def _level(text: str) -> object:
    """Read `3` and `0.5` as numbers and `true` as a boolean; `007` and words stay text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, bool | int | float) else text


def _bound(text: str, where: str) -> float | None:
    if not text.strip():
        return None
    number = _number(text)
    if number is None:
        raise InputError(f"{text!r} is no number", where=where, hint=f"Forms: {_FORMS}")
    return number


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float | bool)
