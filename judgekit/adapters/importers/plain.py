"""One table with a judge's column and the humans' columns: scored as it lies, with no set-up at all.

Each row becomes a session without content. Where no scale is declared, one is proposed from the values and the
proposal is said aloud in the report: statistics take their levels from a scale, so it should be declared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from judgekit.adapters.importers.mapping import id_text
from judgekit.adapters.importers.plan import FileForm
from judgekit.adapters.importers.scale_spec import criterion_from_spec, suggested_spec
from judgekit.adapters.importers.table import Row, Table, read_table
from judgekit.errors import InputError, InvalidRecord, UnknownName
from judgekit.records.dataset import Dataset, DatasetCard
from judgekit.records.label import Label
from judgekit.records.rubric import Criterion, Rubric
from judgekit.records.session import Session
from judgekit.records.verdict import Failure, Verdict

NOTHING = ("", "none", "null", "nan", "n/a", "na")
"""Cells that hold no label or verdict, in any case."""


@dataclass(frozen=True)
class PlainTable:
    """A table as a dataset and one judge's outcomes."""

    dataset: Dataset
    outcomes: tuple[Verdict | Failure, ...]


def plain_table(
    path: Path, *, judge: str, humans: Sequence[str], scale: str | None = None, group: str | None = None
) -> PlainTable:
    """Return what one table says.

    Args:
        path: CSV, TSV, JSON, JSONL or Parquet.
        judge: The judge's column; a cell that is no legal value is a failure, never dropped.
        humans: One column a rater; an empty cell is no label.
        scale: Such as `ordinal:1..5`; None: proposed from the values.
        group: Column of the user or task that rows belong to.

    Raises:
        UnknownName: There is no such column.
        InvalidRecord: A human label is off the scale; the message names file and line.
    """
    table = read_table(path, FileForm())
    for column in (judge, *humans, *([group] if group else [])):
        if column not in table.columns:
            raise UnknownName("column", column, table.columns, where=str(path))
    for row in table.rows:
        if row.problem:
            raise InvalidRecord(row.problem, where=row.where, hint="Mend the row")
    if not table.rows:
        raise InputError("the table has no rows", where=str(path))
    criterion = _criterion(table, judge, humans, scale)
    sessions = tuple(_session(row, group) for row in table.rows)
    labels = [label for row in table.rows for label in _labels(row, criterion, humans)]
    outcomes = tuple(_outcome(row, criterion, judge) for row in table.rows)
    notes = () if scale else (_proposal(criterion),)
    dataset = Dataset(
        card=DatasetCard(name=path.name),
        rubric=Rubric(name=path.name, criteria=(criterion,)),
        sessions=sessions,
        labels=tuple(labels),
        notes=(*table.notes, *notes),
    )
    return PlainTable(dataset, outcomes)


def _criterion(table: Table, judge: str, humans: Sequence[str], scale: str | None) -> Criterion:
    name = humans[0] if len(humans) == 1 else "label"
    if scale:
        return criterion_from_spec(name, scale)
    said = [row.cells.get(column) for column in humans for row in table.rows]
    known = [cell for cell in said if not _is_nothing(cell)]
    if not known:
        raise InputError(f"no row has a label in {', '.join(humans)}", where=table.file)
    # a judge may use a level that no human happened to use; its words, though, may be garbage
    numbers = [cell for row in table.rows if _is_number(cell := row.cells.get(judge))]
    return criterion_from_spec(name, suggested_spec([*known, *numbers] if all(map(_is_number, known)) else known))


def _session(row: Row, group: str | None) -> Session:
    belongs = id_text(row.cells.get(group), group) if group else None
    return Session(id=_id(row), group=belongs)


def _labels(row: Row, criterion: Criterion, humans: Sequence[str]) -> list[Label]:
    labels = []
    for column in humans:
        cell = row.cells.get(column)
        if _is_nothing(cell):
            continue
        try:
            value = criterion.scale.read(cell)
        except InvalidRecord as error:
            raise InvalidRecord(f"column {column!r}: {error.what}", where=row.where, hint=error.hint) from error
        name = f"l-{_id(row)}-{column}"
        labels.append(Label(id=name, session=_id(row), criterion=criterion.id, rater=column, value=value))
    return labels


def _outcome(row: Row, criterion: Criterion, judge: str) -> Verdict | Failure:
    cell = row.cells.get(judge)
    try:
        if not _is_nothing(cell):
            value = criterion.scale.read(cell)
            return Verdict(session=_id(row), criterion=criterion.id, judge=judge, value=value)
        detail = f"column {judge!r} is empty"
    except InvalidRecord as error:
        detail = error.what
    reply = None if cell is None else str(cell)
    return Failure(
        session=_id(row),
        criterion=criterion.id,
        judge=judge,
        status="unparsed",
        detail=f"{row.where}: {detail}",
        reply=reply,
    )


def _proposal(criterion: Criterion) -> str:
    scale = criterion.scale
    legal = ", ".join(map(str, scale.levels)) if scale.levels else "any number"
    positive = f", positive {scale.positive_level}" if scale.positive_level is not None else ""
    return f"no --scale was declared: the values suggest {scale.type} ({legal}{positive}); declare it to be sure"


def _id(row: Row) -> str:
    return f"row-{row.number}"


def _is_nothing(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and cell.strip().lower() in NOTHING)


def _is_number(cell: object) -> bool:
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        return False
    try:
        float(cell)
    except ValueError:
        return False
    return True
