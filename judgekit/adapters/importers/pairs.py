"""Rows -> pairs: two answers to one prompt become two sessions and a pair, or a pair of sessions that are there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from judgekit.adapters.importers.answer import invalid_item, readable
from judgekit.adapters.importers.mapping import Sources, cell_text, id_text, json_cell, row_batch, sources
from judgekit.adapters.importers.messages import turns_from_exchange
from judgekit.adapters.importers.plan import ImportPlan
from judgekit.adapters.importers.table import Row, Table
from judgekit.adapters.store.files import validated
from judgekit.errors import InputError, InvalidRecord
from judgekit.records.ingest import Batch, Item
from judgekit.records.rubric import Rubric
from judgekit.records.session import Pair, Session

SIDES = ("first", "second")
FIELDS = (
    "id", "input", "group", "prompt", "first", "second", "first_session", "second_session", "first_version",
    "second_version", "metadata",
)  # fmt: skip


def pairs(tables: Sequence[Table], plan: ImportPlan, rubric: Rubric) -> Batch:  # noqa: ARG001  # one shape for all importers
    """Return the pairs that the files hold, one per row, with the sessions they stand on.

    Raises:
        InputError: A side of the pair has no column.
        UnknownName: A field or column that there is not.
    """
    found = [sources(table, plan, FIELDS) for table in tables]
    for table, fields in zip(tables, found, strict=True):
        _require_sides(fields, table)
    return row_batch("pairs", tables, found, plan, _item)


def _require_sides(found: Sources, table: Table) -> None:
    for side in SIDES:
        if side not in found and f"{side}_session" not in found:
            listed = ", ".join(table.columns[:20])
            raise InputError(
                f"no column holds the {side} answer (columns: {listed})",
                where=table.file,
                hint=f"Say --map {side}=COLUMN, or --map {side}_session=COLUMN for sessions that are there already",
            )


def _item(row: Row, found: Sources, rest: Sequence[str], _plan: ImportPlan, tally: Counter[str]) -> Item:
    try:
        pair = _pair_row(readable(row), found)
        made = []
        for side in SIDES:
            if f"{side}_session" in found:
                pair[side] = id_text(found[f"{side}_session"].cell(row), f"{side}_session")
                continue
            pair[side] = f"{pair['id']}/{side}"
            made.append(validated(Session, _side_row(row, found, pair, side, tally), row.where))
        own = json_cell(found["metadata"].cell(row)) if "metadata" in found else None
        kept = own if isinstance(own, dict) else {}
        pair["metadata"] = kept | {name: row.cells[name] for name in rest if row.cells.get(name) is not None}
        return Item(row.where, (*made, validated(Pair, pair, row.where)))
    except InvalidRecord as error:
        return invalid_item(row.where, error)


def _pair_row(row: Row, found: Sources) -> dict[str, Any]:
    given: dict[str, Any] = {
        name: id_text(found[name].cell(row), name) for name in ("id", "input", "group") if name in found
    }
    if given.get("id") is None:
        raise InvalidRecord("the row has no id", hint="Say --map id=COLUMN, or number the rows: --map 'id=p-{#}'")
    return {**given, "input": given.get("input") or given["id"]}


def _side_row(row: Row, found: Sources, pair: dict[str, Any], side: str, tally: Counter[str]) -> dict[str, Any]:
    prompt = cell_text(found["prompt"].cell(row), found["prompt"].text, tally) if "prompt" in found else None
    answer = cell_text(found[side].cell(row), found[side].text, tally)
    version = found.get(f"{side}_version")
    return {
        "id": pair[side],
        "input": pair["input"],
        "group": pair.get("group"),
        "version": id_text(version.cell(row), "version") if version else None,
        "turns": turns_from_exchange(prompt, answer),
    }
