"""One table with a judge's column and the humans' columns: scored as it lies, with no set-up at all.

Each row becomes a session without content. Where no scale is declared, one is proposed from the values and the
proposal is said aloud in the report: statistics take their levels from a scale, so it should be declared.
"""

from __future__ import annotations

import math
from collections import Counter
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
from judgekit.records.rubric import Criterion, Rubric, level_text
from judgekit.records.session import Session
from judgekit.records.verdict import Failure, Verdict

NOTHING = ("none", "null", "nan", "n/a", "na")
"""Words that hold no label or verdict, in any case, unless the declared scale has such a level."""
_NOT_APPLICABLE = ("n/a", "na")


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
        InputError: The table is empty, or a column is named twice.
        InvalidRecord: A human label is off the scale; the message names file and line.
    """
    table = read_table(path, FileForm())
    columns = (judge, *humans, *([group] if group else []))
    for column in columns:
        if columns.count(column) > 1:
            raise InputError(f"column {column!r} is named twice", where=str(path), hint="A judge, each rater, a group")
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
    notes = _blanks(table, criterion, humans) if scale else (_proposal(criterion), *_blanks(table, criterion, humans))
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
    known = [cell for cell in said if not (_is_empty(cell) or _word(cell) in NOTHING)]
    if not known:
        raise InputError(f"no row has a label in {', '.join(humans)}", where=table.file)
    # a judge may use a level that no human happened to use; its words, though, may be garbage
    numbers = [cell for row in table.rows if _is_number(cell := row.cells.get(judge))]
    return criterion_from_spec(name, suggested_spec([*known, *numbers] if all(map(_is_number, known)) else known))


def _session(row: Row, group: str | None) -> Session:
    try:
        belongs = id_text(row.cells.get(group), group) if group else None
    except InvalidRecord as error:
        raise InvalidRecord(error.what, where=row.where, hint=error.hint) from error
    return Session(id=_id(row), group=belongs)


def _labels(row: Row, criterion: Criterion, humans: Sequence[str]) -> list[Label]:
    labels = []
    for column in humans:
        cell = row.cells.get(column)
        name = f"l-{_id(row)}-{column}"
        about = {"id": name, "session": _id(row), "criterion": criterion.id, "rater": column}
        if _is_not_applicable(cell, criterion):
            labels.append(Label.model_validate({**about, "status": "not_applicable"}))
        if _is_nothing(cell, criterion):
            continue
        try:
            labels.append(Label.model_validate({**about, "value": criterion.scale.read(cell)}))
        except InvalidRecord as error:
            raise InvalidRecord(f"column {column!r}: {error.what}", where=row.where, hint=error.hint) from error
    return labels


def _outcome(row: Row, criterion: Criterion, judge: str) -> Verdict | Failure:
    cell = row.cells.get(judge)
    try:
        if _is_not_applicable(cell, criterion):
            return Verdict(session=_id(row), criterion=criterion.id, judge=judge, status="not_applicable")
        if not _is_nothing(cell, criterion):
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


def _blanks(table: Table, criterion: Criterion, humans: Sequence[str]) -> tuple[str, ...]:
    """Say which words, such as `none`, were read as no label: on some scales that is a level."""
    cells = [row.cells.get(column) for column in humans for row in table.rows]
    words = Counter(str(cell).strip() for cell in cells if _is_blank_word(cell, criterion))
    return tuple(
        f"{n} cells say {word!r} and were read as no label; if that is a level, declare it in --scale"
        for word, n in sorted(words.items())
    )


def _id(row: Row) -> str:
    return f"row-{row.number}"


def _is_empty(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _word(cell: object) -> str:
    return cell.strip().lower() if isinstance(cell, str) else ""


def _is_nothing(cell: object, criterion: Criterion) -> bool:
    legal = {level_text(level).lower() for level in criterion.scale.levels}
    return _is_empty(cell) or (_word(cell) in NOTHING and _word(cell) not in legal)


def _is_not_applicable(cell: object, criterion: Criterion) -> bool:
    return criterion.not_applicable and _word(cell) in _NOT_APPLICABLE and _is_nothing(cell, criterion)


def _is_blank_word(cell: object, criterion: Criterion) -> bool:
    is_answer = _is_empty(cell) or _is_not_applicable(cell, criterion)
    return _is_nothing(cell, criterion) and not is_answer


def _is_number(cell: object) -> bool:
    if isinstance(cell, bool) or not isinstance(cell, str | int | float) or "_" in str(cell):
        return False
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False
