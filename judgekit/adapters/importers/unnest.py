"""A row whose cell holds a list -> one row per element: candidates of one prompt, samples of one judge.

Only rows are multiplied here. A list that is one answer's several anonymous labels or samples stays whole (`--each`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from judgekit.adapters.importers.mapping import json_cell
from judgekit.adapters.importers.table import Row, Table
from judgekit.errors import InputError, UnknownName

PLACE = "#"
"""Added to a column's name: the element's place in its list, from 0."""


def unnested(table: Table, columns: Sequence[str]) -> Table:
    """Return one row per element of the lists in some columns, which are read side by side.

    Each new row holds the element where the list was, and its place in a column `NAME#`. Rows are numbered anew, so
    that no two of them are the same; `where` still leads to the line.

    Args:
        table: The file.
        columns: Whose cells are lists; empty: the table as it is.

    Raises:
        UnknownName: There is no such column.
        InputError: A column of that name with `#` is there already.
    """
    if not columns:
        return table
    for column in columns:
        if table.rows and column not in table.columns:
            raise UnknownName("column", column, table.columns, where=table.file)
        if column + PLACE in table.columns:
            raise InputError(f"column {column + PLACE!r} is there already", where=table.file, hint="Rename it")
    rows = [new for row in table.rows for new in _elements(row, columns)]
    numbered = tuple(replace(row, number=number) for number, row in enumerate(rows, start=1))
    return replace(table, columns=(*table.columns, *(column + PLACE for column in columns)), rows=numbered)


def _elements(row: Row, columns: Sequence[str]) -> Iterator[Row]:
    """Yield a row per element; one that says what is wrong where there are none, or not as many in each column."""
    if row.problem is not None:
        yield row
        return
    lists = {column: json_cell(row.cells.get(column)) for column in columns}
    lengths = {column: len(held) for column, held in lists.items() if isinstance(held, list)}
    for column in columns:
        if not lengths.get(column):
            words = "an empty list" if column in lengths else "no list"
            yield replace(row, problem=f"column {column!r} holds {words}, and --unnest takes its elements")
            return
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{column!r} {n}" for column, n in lengths.items())
        yield replace(row, problem=f"lists of unequal length are not read side by side ({told})")
        return
    for place in range(lengths[columns[0]]):
        own = {column: held[place] for column, held in lists.items() if isinstance(held, list)}
        places = {column + PLACE: place for column in columns}
        yield replace(row, where=f"{row.where} (element {place})", cells=row.cells | own | places)
