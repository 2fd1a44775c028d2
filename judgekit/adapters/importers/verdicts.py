"""Rows -> verdicts and failures of a judge that answered elsewhere, with its probabilities where a file has them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from judgekit.adapters.importers.answer import (
    Asked,
    Cell,
    answer_sources,
    answers_seen,
    cells,
    invalid_item,
    is_empty,
    raw_fields,
    raw_word,
    read_answer,
    readable,
    require_criteria,
)
from judgekit.adapters.importers.labels import answer_batch, kept_cells
from judgekit.adapters.importers.mapping import ID_FIELDS, Source, Sources, id_text, json_cell, moment, source
from judgekit.adapters.importers.plan import FileForm, ImportPlan
from judgekit.adapters.importers.table import Table, read_table
from judgekit.adapters.store.files import validated
from judgekit.errors import InvalidRecord, UnknownName
from judgekit.records.ingest import Batch, Item
from judgekit.records.label import content_id
from judgekit.records.rubric import Criterion, Rubric, Scale, Value
from judgekit.records.verdict import Failure, FailureStatus, Verdict

FIELDS = tuple(dict.fromkeys((*Verdict.model_fields, *Failure.model_fields)))
FAILURES: tuple[str, ...] = get_args(FailureStatus)
_NULL = "null"
"""How `--failure` names JSON's null; an empty text is no answer and no failure."""
_TOLERANCE = 0.01
_JSON_FIELDS = {"distribution", "members", "metadata"}


def verdicts(tables: Sequence[Table], plan: ImportPlan, rubric: Rubric) -> Batch:
    """Return the verdicts and failures that the files hold.

    Raises:
        InputError: A criterion has no scale.
        UnknownName: A field or column that there is not.
    """
    found = [answer_sources(table, plan, FIELDS) for table in tables]
    require_criteria(rubric, answers_seen(tables, found, plan), plan)
    asked = Asked(rubric, plan)
    items = []
    for table, fields in zip(tables, found, strict=True):
        levels = {level: source(text, table) for level, text in plan.distribution.items()}
        items += [_item(cell, fields, levels, asked) for cell in cells(table, fields, plan)]
    return answer_batch("verdicts", tables, found, plan, items)


def verdicts_of_table(path: Path, rubric: Rubric) -> list[Verdict | Failure]:
    """Return the verdicts of one table whose columns carry our own field names (`session`, `criterion`, `value` ...).

    Raises:
        InvalidRecord: A row holds none; the message names its line, and how many more there are.
    """
    batch = verdicts([read_table(path, FileForm())], ImportPlan(), rubric)
    wrong = [item for item in batch.items if item.is_invalid]
    if wrong:
        more = f" ({len(wrong) - 1} more rows like it)" if len(wrong) > 1 else ""
        hint = "`judgekit import verdicts` maps other columns and values"
        raise InvalidRecord(f"{wrong[0].detail}{more}", where=wrong[0].where, hint=hint)
    found = [record for item in batch.items for record in item.records]
    return [record for record in found if isinstance(record, Verdict | Failure)]


def distribution_over(scale: Scale, given: Mapping[str, object]) -> dict[str, float] | None:
    """Return JSON text of each level -> probability, in the scale's order; None when every cell is empty.

    Raises:
        InvalidRecord: A level is not on the scale, a cell is no probability, or they do not add up to 1.
    """
    if all(is_empty(cell) for cell in given.values()):
        return None
    found: dict[str, float] = {}
    for level, cell in given.items():
        found[json.dumps(scale.read(level), ensure_ascii=False)] = _probability(level, cell)
    total = sum(found.values())
    if abs(total - 1) > _TOLERANCE:
        raise InvalidRecord(f"probabilities add up to {total:.4f}, not to 1", hint="Map every level: --distribution")
    order = [json.dumps(level, ensure_ascii=False) for level in scale.levels]
    return {key: found[key] for key in sorted(found, key=lambda key: order.index(key) if key in order else 0)}


def _item(cell: Cell, found: Sources, levels: Mapping[str, Source], asked: Asked) -> Item:
    where = cell.row.where
    try:
        readable(cell.row)
        raw = raw_fields(cell, found)
        fields = _fields(raw, asked.plan)
        if cell.element is not None:
            fields.setdefault("sample", cell.element)
        criterion = asked.criterion(fields.get("criterion"))
        given = {level: one.cell(cell.row) for level, one in levels.items()}
        said = _said(raw, given, criterion, asked.plan)
        if said is None:
            return Item(where, cause="empty")
        fields |= said | {"metadata": kept_cells(cell, asked.plan, raw)}
        fields.setdefault("rubric", asked.fingerprint(criterion))
        fields.setdefault("id", _verdict_id(fields, cell))
        return Item(where, (_outcome(fields, where),))
    except (InvalidRecord, UnknownName) as error:
        return invalid_item(where, error)


def _fields(raw: Mapping[str, Any], plan: ImportPlan) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for field, cell in raw.items():
        if is_empty(cell) or field in ("value", "score", "status", "distribution", "metadata"):
            continue
        if field in ID_FIELDS:
            fields[field] = id_text(cell, field)
        elif field == "at":
            fields[field] = moment(cell, is_utc=plan.is_utc)
        elif field in ("rationale", "reply", "detail") and not isinstance(cell, str):
            fields[field] = json.dumps(cell, ensure_ascii=False)
        else:
            fields[field] = json_cell(cell) if field in _JSON_FIELDS else cell
    return fields


def _said(
    raw: Mapping[str, Any], given: Mapping[str, object], criterion: Criterion, plan: ImportPlan
) -> dict[str, Any] | None:
    """Return what the judge said: value, score and distribution, or a status; None when it said nothing."""
    status, value = raw.get("status"), raw.get("value")
    if status in FAILURES:
        return {"status": status}
    if value is None and _NULL in plan.failures and "value" in raw:
        return {"status": plan.failures[_NULL]}
    if not is_empty(value) and raw_word(value) in plan.failures:
        return {"status": plan.failures[raw_word(value)], "reply": raw_word(value)}
    if status in ("not_applicable", "cannot_judge") and is_empty(value):
        return {"status": status}
    said: dict[str, Any] = {}
    if plan.has_scores and not is_empty(value):
        said["score"] = _score(value, criterion.scale)
    elif not is_empty(value):
        answer = read_answer(value, criterion, plan)
        if answer is None:
            return None
        said |= {"value": answer.value, "status": answer.status}
    if not is_empty(raw.get("score")):
        said["score"] = _score(raw["score"], criterion.scale)
    own = json_cell(raw.get("distribution"))
    probabilities = _own_distribution(own, criterion) or (distribution_over(criterion.scale, given) if given else None)
    if probabilities and said.get("status", "ok") == "ok":
        said = _with_distribution(said, probabilities, criterion.scale)
    return said or None


def _with_distribution(said: dict[str, Any], probabilities: dict[str, float], scale: Scale) -> dict[str, Any]:
    """Add the distribution, and where the file lacks them what follows from it: likeliest value, expected score."""
    said = said | {"distribution": probabilities}
    levels: dict[str, Value] = {key: scale.read(json.loads(key)) for key in probabilities}
    if "value" not in said:
        said["value"] = levels[max(probabilities, key=lambda key: probabilities[key])]
    is_numeric = all(isinstance(level, int | float) and not isinstance(level, bool) for level in levels.values())
    if "score" not in said and scale.type in ("ordinal", "numeric") and is_numeric:
        total = sum(probabilities.values())
        said["score"] = sum(scale.code(levels[key]) * share for key, share in probabilities.items()) / total
    return said


def _own_distribution(own: object, criterion: Criterion) -> dict[str, float] | None:
    """Read a column that holds a whole distribution, keyed by the values' JSON text or by bare words."""
    if not isinstance(own, dict) or not own:
        return None
    return distribution_over(criterion.scale, {_word(key): cell for key, cell in own.items()})


def _word(key: str) -> str:
    word = json_cell(key)
    return word if isinstance(word, str) else key


def _probability(level: str, cell: object) -> float:
    try:
        number = float(cell) if isinstance(cell, str | int | float) else -1.0
    except ValueError:
        number = -1.0
    if is_empty(cell):
        number = 0.0
    if not 0 <= number <= 1 + _TOLERANCE:
        raise InvalidRecord(f"the probability of {level!r} is {json.dumps(cell)[:40]}, not a number from 0 to 1")
    return number


def _score(cell: object, scale: Scale) -> float:
    """Read a score: any number between the ends of the scale; on two levels, any that rises with the upper one."""
    if scale.type not in ("binary", "ordinal", "numeric"):
        raise InvalidRecord(
            f"a score needs a binary, ordinal or numeric scale, not {scale.type}", hint="Import it as the value"
        )
    numbers = scale.numbers() if scale.type == "ordinal" else []
    low, high = (min(numbers), max(numbers)) if numbers else (scale.min, scale.max)
    return float(str(Scale(type="numeric", min=low, max=high).read(cell)))


def _verdict_id(fields: Mapping[str, Any], cell: Cell) -> str:
    target = fields.get("session") or fields.get("pair")
    place = [fields.get("sample", 0), fields.get("order"), cell.element]
    return content_id("v", fields.get("judge"), target, fields.get("turn"), fields["criterion"], place)


def _outcome(fields: dict[str, Any], where: str) -> Verdict | Failure:
    if fields.get("status") not in FAILURES:
        kept = {key: cell for key, cell in fields.items() if key in Verdict.model_fields}
        return validated(Verdict, kept, where)
    kept = {key: cell for key, cell in fields.items() if key in Failure.model_fields}
    if "rationale" in fields:
        kept["detail"] = kept.get("detail") or fields["rationale"]
    return validated(Failure, kept, where)
