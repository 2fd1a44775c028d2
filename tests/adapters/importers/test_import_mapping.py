"""Columns are found by name, path or pattern; ids are never rounded."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from judgekit.adapters.importers.mapping import cell_text, id_text, json_cell, moment, source, sources, unused
from judgekit.adapters.importers.plan import ImportPlan, assignments, role_table
from judgekit.adapters.importers.table import Row, Table
from judgekit.errors import InputError, InvalidRecord, UnknownName


def of(*rows: dict[str, Any]) -> Table:
    columns = dict.fromkeys(name for row in rows for name in row)
    return Table("dir/t.v1.json", tuple(columns), tuple(Row(f"t:{n}", n, row) for n, row in enumerate(rows, 1)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", 1),
        ("n.m.0.k", "deep"),
        ("text.in.it", 5),
        ("dotted.name", "own"),
        ("{a}-{b}", "1-x"),
        ("{b}\\n{gone}", "x\n"),
        ("s-{#}", "s-1"),
        ("{#file}", "t"),
        ("{n.m.0.k}!", "deep!"),
        ("{odd}", "braces"),
    ],
)
def test_a_column_is_a_name_a_path_or_a_pattern(text: str, expected: object) -> None:
    """What the person wrote leads to the cell; a column's own name goes before any other reading."""
    nested = {"n": {"m": [{"k": "deep"}]}, "text": '{"in": {"it": 5}}'}
    table = of({"a": 1, "b": "x", "dotted.name": "own", "{odd}": "braces", "gone": None, **nested})
    assert source(text, table).cell(table.rows[0]) == expected


def test_an_unknown_column_names_the_nearest() -> None:
    """A misspelt column, also inside a pattern or at a path's end, is refused with those there are."""
    table = of({"conversation_id": 1, "n": {"safety": 2}})
    with pytest.raises(UnknownName, match="Did you mean 'conversation_id'"):
        source("conversation", table)
    with pytest.raises(UnknownName, match="unknown column 'nope'"):
        source("{nope}-{conversation_id}", table)
    with pytest.raises(UnknownName, match=r"Did you mean 'n\.safety'"):
        source("n.safty", table)


def test_a_missing_key_in_some_rows_is_empty_there() -> None:
    """Nested keys that only some rows have are no error."""
    table = of({"n": {"x": 1}}, {"n": {}}, {"n": None})
    assert [source("n.x", table).cell(row) for row in table.rows] == [1, None, None]


def test_a_column_with_a_fields_name_needs_no_mapping() -> None:
    """Unless it is mapped away, set, or consumed by another field's text."""
    table = of({"id": 1, "input": "question", "group": "g", "trial": 2})
    fields = {"id", "input", "group", "trial", "prompt"}
    plan = ImportPlan(columns={"prompt": "{input}!", "group": "", "id": "{id}-{trial}"})
    found = sources(table, plan, fields)
    assert set(found) == {"id", "prompt", "trial"}
    assert unused(table, found.values()) == ["id", "group"]
    assert sources(table, ImportPlan(constants={"id": "x"}), fields)["id"].cell(table.rows[0]) == "x"
    with pytest.raises(UnknownName, match="unknown field 'ratr'"):
        sources(table, ImportPlan(columns={"ratr": "id"}), {"rater"})


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("007", "007"), (20241031124050492385, "20241031124050492385"), ("", None), (None, None), (" ", None), (0, "0")],
)
def test_ids_are_texts(cell: object, expected: object) -> None:
    """Whole numbers become their digits, nothing is nothing."""
    assert id_text(cell, "id") == expected


@pytest.mark.parametrize("cell", [2.0241031124050491e19, 1.0, True, ["x"], {}])
def test_an_id_that_is_a_float_is_refused_with_words_on_why(cell: object) -> None:
    """A float may have lost digits already; objects are no ids."""
    with pytest.raises(InvalidRecord, match="keeps only 16 digits" if isinstance(cell, float) else "is not an id"):
        id_text(cell, "id")


def test_a_pattern_refuses_a_float() -> None:
    """Composing an id of a float would write digits that the source never had."""
    table = of({"a": 1.5})
    with pytest.raises(InvalidRecord, match="floating-point"):
        source("{a}-x", table).cell(table.rows[0])


def test_cells_that_are_no_text_are_kept_as_json_and_counted() -> None:
    """PandaLM's `true` is a word that its model wrote."""
    tally: Counter[str] = Counter()
    assert [cell_text(cell, "c", tally) for cell in (True, 1.5, ["é"], None, "x")] == ["true", "1.5", '["é"]', "", "x"]
    assert tally == {"c": 3}


def test_times_need_an_offset_or_a_promise() -> None:
    """A naive time is refused unless --utc says what it is; other cells are the record's to judge."""
    with pytest.raises(InvalidRecord, match="Say --utc"):
        moment("2024-12-22 00:43:34.99", is_utc=False)
    assert str(moment("2024-12-22 00:43:34", is_utc=True)) == "2024-12-22 00:43:34+00:00"
    assert str(moment("2024-12-22T00:43:34+02:00", is_utc=True)) == "2024-12-22 00:43:34+02:00"
    assert moment("yesterday", is_utc=False) == "yesterday"
    assert moment(5, is_utc=False) == 5


def test_json_inside_a_cell_is_read_and_other_text_left() -> None:
    """A cell that is not JSON, or holds NaN, stays the text it is."""
    assert [json_cell(cell) for cell in ('{"a": 1}', "{a", "NaN", 3)] == [{"a": 1}, "{a", "NaN", 3]


def test_words_of_the_command_line() -> None:
    """NAME=WHAT splits at the first `=`, raw cells at the last; mistakes are told with the option's name."""
    assert assignments("--map", ["a=b=c"]) == {"a": "b=c"}
    assert assignments("--value", ["a=b=c"], last=True) == {"a=b": "c"}
    assert role_table("--speaker", ["Seeker=user"]) == {"Seeker": "user"}
    for words, message in ((["x"], "is not NAME=WHAT"), (["=x"], "is not NAME=WHAT"), (["a=1", "a=2"], "twice")):
        with pytest.raises(InputError, match=message):
            assignments("--map", words)
    with pytest.raises(UnknownName, match="unknown role 'boss'"):
        role_table("--role", ["x=boss"])


def test_a_plan_refuses_contradictions() -> None:
    """Two layouts at once, a field given twice, reasons for a criterion that is not imported."""
    for given in ({"criteria": {"a": "x"}, "raters": {"b": "y"}}, {"columns": {"id": "x"}, "constants": {"id": "y"}},
                  {"criteria": {"tone": "x"}, "rationales": {"tune": "y"}}):  # fmt: skip
        with pytest.raises(InputError):
            ImportPlan(**given)  # type: ignore[arg-type]  # contradictions on purpose
