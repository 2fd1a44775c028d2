"""How an answer is asked for: the scale in words, the anchors, the reply's form in words and as a JSON schema.

All of it is generated from the criterion and the reading rules, so that what is asked and what is read cannot part.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

from judgekit.records.judge import Judge, Reading
from judgekit.records.rubric import Criterion, Level, Scale, level_text

NOT_APPLICABLE = "not_applicable"
CANNOT_JUDGE = "cannot_judge"


def as_listed(judge: Judge) -> Judge:
    """Return the judge with the levels of its scales in the order in which prompts list them: for prompts alone."""
    if judge.levels_from == "lowest":
        return judge
    criteria = [_turned(criterion) for criterion in judge.criteria]
    return judge.model_copy(update={"criterion": criteria[0], "further_criteria": tuple(criteria[1:])})


def scale_words(criterion: Criterion, *, levels_from: Literal["lowest", "highest"] = "lowest") -> str:
    """Return the legal values in words, to stand behind "Answer with".

    Args:
        criterion: With its levels as they are listed.
        levels_from: Which end of an ordered scale is listed first.

    Example:
        >>> scale = Scale(type="ordinal", levels=(1, 2, 3))
        >>> scale_words(Criterion(id="c", question="?", scale=scale, direction="higher"))
        'one of 1, 2, 3, from lowest to highest; higher is better'
    """
    words = _legal(criterion.scale)
    if criterion.scale.type == "ordinal":
        words += f", from {levels_from} to {'highest' if levels_from == 'lowest' else 'lowest'}"
    if criterion.direction and criterion.scale.type in ("ordinal", "numeric"):
        words += f"; {criterion.direction} is better"
    return words


def anchor_lines(criterion: Criterion) -> str:
    """Return one line per level that is described, lowest first; empty when none is."""
    keys = [level_text(level) for level in criterion.scale.levels] or list(criterion.anchors)
    return "\n".join(f"{key}: {criterion.anchors[key]}" for key in keys if key in criterion.anchors)


def answer_format(judge: Judge) -> str:
    """Return the exact form of the reply, in words; empty for regex readings, whose templates say it themselves."""
    if judge.reading.method == "regex":
        return ""
    if judge.further_criteria:
        return _format_of_several(judge)
    form = _object_form(judge.criterion, judge.reading)
    lines = [f"Reply with one JSON object and nothing else, your reasons first:\n{form}"]
    if judge.criterion.not_applicable:
        lines.append(f'Where the question does not apply here, the value is "{NOT_APPLICABLE}".')
    lines.append(f'Where what is shown does not allow an answer, the value is "{CANNOT_JUDGE}".')
    return "\n".join(lines)


def reply_schema(judge: Judge) -> dict[str, Any] | None:
    """Return the JSON schema of the reply, for engines that hold models to one; None for other readings.

    It keeps to what the strict modes of providers share: an object at the root, every key required, none added,
    `anyOf` only below the root, and one type to each `enum`.
    """
    reading = judge.reading
    if reading.method != "json_schema":
        return None
    if judge.further_criteria:
        return _object({criterion.id: _answer_schema(criterion, reading) for criterion in judge.criteria})
    return _answer_schema(judge.criterion, reading)


def _turned(criterion: Criterion) -> Criterion:
    scale = criterion.scale.model_copy(update={"levels": criterion.scale.levels[::-1]})
    return criterion.model_copy(update={"scale": scale})


def _format_of_several(judge: Judge) -> str:
    """Return the form of a reply with one object per criterion, and which of them may be left open."""
    members = [
        f"  {json.dumps(criterion.id, ensure_ascii=False)}: {_object_form(criterion, judge.reading)}"
        for criterion in judge.criteria
    ]
    form = "{\n" + ",\n".join(members) + "\n}"
    lines = [f"Reply with one JSON object and nothing else, for each question your reasons first:\n{form}"]
    optional = [criterion.id for criterion in judge.criteria if criterion.not_applicable]
    if optional:
        named = "" if len(optional) == len(judge.criteria) else f" ({', '.join(optional)})"
        lines.append(f'Where a question does not apply here{named}, its value is "{NOT_APPLICABLE}".')
    lines.append(f'Where what is shown does not allow an answer to a question, its value is "{CANNOT_JUDGE}".')
    return "\n".join(lines)


def _object_form(criterion: Criterion, reading: Reading) -> str:
    value = f"<{_legal(criterion.scale, in_json=True)}>"
    return f'{{{json.dumps(reading.rationale_key)}: "<your reasons>", {json.dumps(reading.value_key)}: {value}}}'


def _answer_schema(criterion: Criterion, reading: Reading) -> dict[str, Any]:
    return _object({reading.rationale_key: {"type": "string"}, reading.value_key: _value_schema(criterion)})


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _legal(scale: Scale, *, in_json: bool = False) -> str:
    if scale.type == "text":
        return "text in quotes" if in_json else "a short text"
    if scale.type == "numeric":
        return _interval(scale)
    listed = ", ".join(json.dumps(level, ensure_ascii=False) for level in scale.levels)
    if scale.type == "multi_select":
        return f"a list of any of {listed}; empty when none fits"
    return f"one of {listed}"


def _interval(scale: Scale) -> str:
    low, high = (None if bound is None else f"{bound:g}" for bound in (scale.min, scale.max))
    if low is not None and high is not None:
        return f"a number from {low} to {high}"
    if low is not None:
        return f"a number of at least {low}"
    return f"a number of at most {high}" if high is not None else "a number"


def _value_schema(criterion: Criterion) -> dict[str, Any]:
    scale = criterion.scale
    others: list[Level] = [NOT_APPLICABLE, CANNOT_JUDGE] if criterion.not_applicable else [CANNOT_JUDGE]
    if scale.type == "text":
        return {"type": "string"}
    if scale.type == "numeric":
        bounds = {"minimum": scale.min, "maximum": scale.max}
        number = {"type": "number"} | {key: bound for key, bound in bounds.items() if bound is not None}
        return {"anyOf": [number, *_enums(others)]}
    if scale.type == "multi_select":
        return {"anyOf": [{"type": "array", "items": _one_of(_enums(scale.levels))}, *_enums(others)]}
    return _one_of(_enums([*scale.levels, *others]))


def _one_of(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _enums(levels: Sequence[Level]) -> list[dict[str, Any]]:
    """Return one enum per type, in the order in which the types occur: strict modes want one type each."""
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string"}
    by_kind: dict[str, list[Level]] = {}
    for level in levels:
        by_kind.setdefault(kinds[type(level)], []).append(level)
    return [{"type": kind, "enum": members} for kind, members in by_kind.items()]
