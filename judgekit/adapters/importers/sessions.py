"""Rows -> sessions: chat messages, a transcript with speakers, one exchange, judgekit's own turns, or no text."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from judgekit.adapters.importers.answer import invalid_item, is_empty, readable
from judgekit.adapters.importers.mapping import (
    Sources,
    cell_text,
    id_text,
    json_cell,
    moment,
    require_readable,
    row_batch,
    sources,
)
from judgekit.adapters.importers.messages import turns_from_exchange, turns_from_messages, turns_from_text
from judgekit.adapters.importers.plan import ImportPlan
from judgekit.adapters.importers.table import Row, Table
from judgekit.adapters.store.files import validated
from judgekit.errors import InputError, InvalidRecord
from judgekit.records.ingest import Batch, Item
from judgekit.records.rubric import Rubric
from judgekit.records.session import Session

CONTENTS = ("turns", "messages", "text", "user", "assistant")
FIELDS = (
    "id", "input", "version", "trial", "group", "reference", "tags", "started_at", "cost_usd", "latency_s", "metadata",
    *CONTENTS,
)  # fmt: skip


def sessions(tables: Sequence[Table], plan: ImportPlan, rubric: Rubric) -> Batch:  # noqa: ARG001  # one shape for all importers
    """Return the sessions that the files hold, one per row.

    Raises:
        InputError: No column holds what was said, or several do.
        UnknownName: A field or column that there is not.
    """
    found = [_with_one_content(sources(table, plan, FIELDS), table, plan) for table in tables]
    return row_batch("sessions", tables, found, plan, _item)


def session_row(row: Row, found: Sources, plan: ImportPlan) -> dict[str, Any]:
    """Return the fields of a session that are not its turns.

    Raises:
        InvalidRecord: An id or a time is not one, or there is no id.
    """
    fields: dict[str, Any] = {}
    for field in found.keys() - {*CONTENTS, "metadata"}:
        cell = found[field].cell(row)
        if is_empty(cell):
            continue
        if field in ("id", "input", "group", "version"):
            fields[field] = id_text(cell, field)
        elif field == "tags":
            fields[field] = _tags(cell)
        elif field == "reference":
            fields[field] = cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)
        else:
            fields[field] = moment(cell, is_utc=plan.is_utc) if field == "started_at" else cell
    if "id" not in fields:
        raise InvalidRecord("the row has no id", hint="Say --map id=COLUMN, or number the rows: --map 'id=s-{#}'")
    return fields


def _item(row: Row, found: Sources, rest: Sequence[str], plan: ImportPlan, tally: Counter[str]) -> Item:
    try:
        fields = session_row(readable(row), found, plan)
        fields["turns"] = _turns(row, found, plan, tally)
        own = json_cell(found["metadata"].cell(row)) if "metadata" in found else None
        kept = own if isinstance(own, dict) else {} if is_empty(own) else {"metadata": own}
        fields["metadata"] = kept | {name: row.cells[name] for name in rest if row.cells.get(name) is not None}
        return Item(row.where, (validated(Session, fields, row.where),))
    except InvalidRecord as error:
        return invalid_item(row.where, error)


def _turns(row: Row, found: Sources, plan: ImportPlan, tally: Counter[str]) -> object:
    if "turns" in found:
        turns = json_cell(found["turns"].cell(row))
        return [] if turns is None and plan.is_bare else turns
    if "messages" in found:
        return turns_from_messages(found["messages"].cell(row), plan.roles, tally)
    if "text" in found:
        text = cell_text(found["text"].cell(row), found["text"].text, tally)
        turns = turns_from_text(text, plan.speakers)
        if plan.speakers and not any(turn["name"] for turn in turns):
            tally["texts without a known speaker: kept as one turn"] += 1
        return turns
    said = {
        name: cell_text(found[name].cell(row), found[name].text, tally)
        for name in ("user", "assistant")
        if name in found
    }
    return turns_from_exchange(said.get("user"), said.get("assistant"))


def _with_one_content(found: Sources, table: Table, plan: ImportPlan) -> Sources:
    """Keep one kind of content: what was mapped, else the first kind that has a column of its name."""
    kinds = {"turns": {"turns"}, "messages": {"messages"}, "text": {"text"}, "exchange": {"user", "assistant"}}
    asked = [kind for kind, fields in kinds.items() if fields & (plan.columns.keys() | plan.constants.keys())]
    if len(asked) > 1:
        raise InputError(f"content is mapped twice: {' and '.join(asked)}", hint="Map one of them")
    present = asked or [kind for kind, fields in kinds.items() if fields & found.keys()]
    if plan.is_bare and not asked:
        present = []
    elif not present:
        require_readable(table)
        listed = ", ".join(table.columns[:20])
        raise InputError(
            f"no column says what was said (columns: {listed})",
            where=table.file,
            hint="Say --map messages=COLUMN, --map text=COLUMN, or --map user=COLUMN --map assistant=COLUMN; "
            "--bare for sessions without text",
        )
    keep = kinds[present[0]] if present else set()
    return {field: one for field, one in found.items() if field not in CONTENTS or field in keep}


def _tags(cell: object) -> list[str]:
    found = json_cell(cell)
    listed = found if isinstance(found, list) else str(cell).split(";")
    return [str(tag).strip() for tag in listed if str(tag).strip()]
