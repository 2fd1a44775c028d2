"""Lists taken apart into rows: every element once with its place, and whatever is no list is a counted fault."""

from __future__ import annotations

import pytest

from judgekit.adapters.importers.table import Row, Table
from judgekit.adapters.importers.unnest import unnested
from judgekit.errors import InputError, UnknownName


def table(*cells: dict[str, object]) -> Table:
    rows = tuple(Row(f"f.jsonl:{n}", n, dict(each)) for n, each in enumerate(cells, start=1))
    return Table("f.jsonl", tuple(dict.fromkeys(name for each in cells for name in each)), rows)


def test_each_element_becomes_a_row_with_its_place() -> None:
    """Other cells are repeated; rows are numbered anew; where they come from stays known."""
    found = unnested(table({"id": "a", "said": [7, None]}, {"id": "b", "said": ["x"]}), ["said"])
    assert found.columns == ("id", "said", "said#")
    assert [row.cells for row in found.rows] == [
        {"id": "a", "said": 7, "said#": 0},
        {"id": "a", "said": None, "said#": 1},
        {"id": "b", "said": "x", "said#": 0},
    ]
    assert [row.number for row in found.rows] == [1, 2, 3]
    assert found.rows[1].where == "f.jsonl:1 (element 1)"


def test_lists_are_read_side_by_side() -> None:
    """Scores and their reasons belong together; a list inside a list stays whole; a text may hold the list."""
    found = unnested(table({"score": [[1, 2], [3]], "why": '["p", "q"]'}), ["score", "why"])
    assert [(row.cells["score"], row.cells["why"]) for row in found.rows] == [([1, 2], "p"), ([3], "q")]


def test_without_columns_the_table_is_as_it_was() -> None:
    """Nothing is copied."""
    given = table({"a": [1]})
    assert unnested(given, ()) is given


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"said": 3, "why": ["p"]}, "column 'said' holds no list"),
        ({"said": [], "why": ["p"]}, "column 'said' holds an empty list"),
        ({"said": None, "why": ["p"]}, "column 'said' holds no list"),
        ({"said": [1, 2], "why": ["p"]}, "lists of unequal length are not read side by side ('said' 2, 'why' 1)"),
    ],
)
def test_what_is_no_list_stays_a_row_that_says_so(cells: dict[str, object], words: str) -> None:
    """Nothing is dropped: the row is there with its fault, and the others are taken apart."""
    found = unnested(table(cells, {"said": [1], "why": ["q"]}), ["said", "why"])
    assert len(found.rows) == 2
    assert words in str(found.rows[0].problem)
    assert found.rows[1].problem is None


def test_an_unreadable_row_passes_through() -> None:
    """It keeps its own fault."""
    held = Table("f", ("said",), (Row("f:1", 1, problem="not JSON"), Row("f:2", 2, {"said": [1]})))
    assert [row.problem for row in unnested(held, ["said"]).rows] == ["not JSON", None]


def test_unknown_columns_and_taken_names_are_refused() -> None:
    """The nearest column is named."""
    with pytest.raises(UnknownName, match="Did you mean 'said'"):
        unnested(table({"said": [1]}), ["sid"])
    with pytest.raises(InputError, match="column 'said#' is there already"):
        unnested(table({"said": [1], "said#": 1}), ["said"])
