"""Rows -> labels: one per row, per criterion's column, per rater's column, or per element of a list."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from judgekit.adapters.importers.answer import (
    Asked,
    Cell,
    answer_sources,
    answers_seen,
    cells,
    invalid_item,
    is_empty,
    layout,
    quotes,
    raw_fields,
    read_answer,
    readable,
    require_criteria,
)
from judgekit.adapters.importers.mapping import ID_FIELDS, Sources, id_text, json_cell, moment
from judgekit.adapters.importers.plan import ImportPlan
from judgekit.adapters.importers.table import Table
from judgekit.adapters.store.files import validated
from judgekit.errors import InvalidRecord, UnknownName
from judgekit.records.ingest import Batch, Item
from judgekit.records.label import Label, content_id
from judgekit.records.rubric import Rubric

FIELDS = tuple(Label.model_fields)


def labels(tables: Sequence[Table], plan: ImportPlan, rubric: Rubric) -> Batch:
    """Return the labels that the files hold.

    Raises:
        InputError: A criterion has no scale.
        UnknownName: A field or column that there is not.
    """
    found = [answer_sources(table, plan, FIELDS) for table in tables]
    require_criteria(rubric, answers_seen(tables, found, plan), plan)
    asked = Asked(rubric, plan)
    items = [
        _item(cell, fields, name, asked)
        for table, name, fields in zip(tables, [table.name for table in tables], found, strict=True)
        for cell in cells(table, fields, plan)
    ]
    return answer_batch("labels", tables, found, plan, items)


def answer_batch(
    form: str, tables: Sequence[Table], found: Sequence[Sources], plan: ImportPlan, items: Sequence[Item]
) -> Batch:
    """Return items with what a person should know about the files they came from."""
    columns: dict[str, str] = {}
    rest: dict[str, None] = {}
    for table, fields in zip(tables, found, strict=True):
        columns |= {field: one.text for field, one in fields.items()}
        read = [*fields.values(), *layout(table, plan).sources]
        touched = {*plan.keeps, *plan.distribution.values()}.union(*(one.touches for one in read))
        rest |= dict.fromkeys(column for column in table.columns if column not in touched)
    columns |= {f"value of criterion {name}": text for name, text in plan.criteria.items()}
    columns |= {f"value of rater {name}": text for name, text in plan.raters.items()}
    columns |= {f"probability of {name}": text for name, text in plan.distribution.items()}
    files = tuple(table.file for table in tables)
    n_rows = sum(len(table.rows) for table in tables)
    notes = tuple(note for table in tables for note in table.notes)
    return Batch(form, tuple(items), files, n_rows, columns, tuple(rest), notes)


def kept_cells(cell: Cell, plan: ImportPlan, raw: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata of an answer: its own, and the columns that the person asked to keep."""
    own = json_cell(raw.get("metadata"))
    kept = {name: cell.row.cells[name] for name in plan.keeps if cell.row.cells.get(name) is not None}
    return (own if isinstance(own, dict) else {}) | kept


def _item(cell: Cell, found: Sources, file: str, asked: Asked) -> Item:
    where = cell.row.where
    try:
        readable(cell.row)
        raw = raw_fields(cell, found)
        label = _label_row(raw, asked)
        if label is None:
            return Item(where, cause="empty")
        label["source"] = label.get("source") or file
        label["metadata"] = kept_cells(cell, asked.plan, raw)
        if "id" not in label:
            label["id"] = _label_id(label, cell)
        return Item(where, (validated(Label, label, where),))
    except (InvalidRecord, UnknownName) as error:
        return invalid_item(where, error)


def _label_row(raw: dict[str, Any], asked: Asked) -> dict[str, Any] | None:
    """Return the label's fields; None when the cell is empty."""
    label: dict[str, Any] = {"kind": asked.plan.kind}
    for field, cell in raw.items():
        if is_empty(cell) or field in ("value", "status", "metadata", "evidence"):
            continue
        if field in ID_FIELDS:
            label[field] = id_text(cell, field)
        elif field == "at":
            label[field] = moment(cell, is_utc=asked.plan.is_utc)
        elif field == "rationale":
            label[field] = cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)
        else:
            label[field] = json_cell(cell) if field == "design" else cell
    criterion = asked.criterion(label.get("criterion"))
    status = raw.get("status")
    if status in ("not_applicable", "cannot_judge") and is_empty(raw.get("value")):
        label["status"] = status
    else:
        answer = read_answer(raw.get("value"), criterion, asked.plan)
        if answer is None:
            return None
        label |= {"value": answer.value, "status": answer.status}
    label.setdefault("rubric", asked.fingerprint(criterion))
    evidence = quotes(raw.get("evidence"))
    return label | ({"evidence": evidence} if evidence else {})


def _label_id(label: dict[str, Any], cell: Cell) -> str:
    """Return an id made of the answer itself, so that the same file imported twice adds nothing.

    Raters are told apart by name; anonymous answers only by where they stand in the file.
    """
    target = label.get("session") or label.get("pair")
    answer = [json.dumps(label.get("value")), label.get("status"), label.get("rationale"), label.get("evidence")]
    moment_given = [str(label.get("at")), label.get("occasion")]
    place = None if label.get("rater") else [cell.row.number, cell.element]
    return content_id(
        "l", label["source"], target, label.get("turn"), label["criterion"], label.get("rater"), answer,
        moment_given, label["kind"], place,
    )  # fmt: skip
