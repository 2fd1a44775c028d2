"""Hostile text made harmless, wrapping, and tables that never cut a number."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judgekit.render.plain import visible, width, wrap
from judgekit.render.table import Cell, Table, aligned

ANYTHING = st.text(st.characters(), max_size=200)


@given(ANYTHING)
def test_nothing_that_acts_is_left(text: str) -> None:
    """After `visible`, only printable characters and line ends remain, and it changes nothing twice."""
    shown = visible(text)
    assert all(character.isprintable() or character == "\n" for character in shown)
    assert visible(shown) == shown
    shown.encode("utf-8")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "\\x1b[31m"),
        ("\u202eabc", "\\u202eabc"),
        ("a\tb\u00a0c", "a b c"),
        ("\ud800", "\\ud800"),
        ("\U000e0001", "\\U000e0001"),
        ("a\rb\u2028c", "a\nb\nc"),
    ],
)
def test_codes_are_shown_in_place_of_what_acts(text, shown) -> None:
    """Escapes, overrides and half characters are named by their code."""
    assert visible(text) == shown


def test_wide_characters_take_two_columns_and_marks_none() -> None:
    """Width is a terminal's, approximately."""
    assert width("評価") == 4
    assert width("e\u0301") == 1
    assert width("👍") == 2


@given(ANYTHING, st.integers(10, 90))
def test_no_wrapped_line_is_too_wide_and_nothing_is_lost(text: str, columns: int) -> None:
    """Wrapping keeps every character that is not white space."""
    lines = wrap(text, columns, indent="  ", hanging="    ")
    assert all(width(line) <= columns for line in lines)
    assert "".join("".join(lines).split()) == "".join(visible(text).split())


def test_an_interval_stays_in_one_line() -> None:
    """A line never breaks inside brackets with numbers."""
    lines = wrap("agreement is 0.71 [0.62, 0.78], and more words follow", 26)
    assert any("[0.62, 0.78]," in line for line in lines)


def table_of(n_columns: int) -> Table:
    cells = tuple(Cell(f"0.{place}1", f"[0.{place}0, 0.{place}2]") for place in range(n_columns))
    return Table(("metric", *(f"column {place}" for place in range(n_columns))), ((Cell("Cohen kappa"), *cells),))


def test_details_stand_beside_their_value_where_there_is_room() -> None:
    """A narrow table is one line a row."""
    assert aligned(table_of(2), 80) == [
        "metric                column 0           column 1",
        "-----------  -----------------  -----------------",
        "Cohen kappa  0.01 [0.00, 0.02]  0.11 [0.10, 0.12]",
    ]


def test_details_stand_below_where_there_is_not() -> None:
    """A wider table takes two lines a row, numbers under each other."""
    assert aligned(table_of(4), 70)[2:] == [
        "Cohen kappa          0.01          0.11          0.21          0.31",
        "             [0.00, 0.02]  [0.10, 0.12]  [0.20, 0.22]  [0.30, 0.32]",
    ]


def test_a_table_too_wide_to_stand_goes_on_below() -> None:
    """Many columns become several tables, each with the rows' names, and every number is whole."""
    lines = aligned(table_of(9), 80)
    heads = [re.findall(r"column \d", line) for line in lines if line.startswith("metric")]
    assert [len(head) for head in heads] == [5, 4]
    assert [name for head in heads for name in head] == [f"column {place}" for place in range(9)]
    assert lines.count("") == 1


def test_a_number_that_does_not_fit_beside_its_name_stands_below_it() -> None:
    """In very little room a row becomes a list."""
    assert aligned(table_of(1), 20) == ["Cohen kappa", "  column 0: 0.01", "    [0.00, 0.02]"]


@given(st.lists(st.tuples(ANYTHING, ANYTHING), min_size=1, max_size=4), st.integers(1, 12))
def test_no_table_is_wider_than_its_room(rows: list[tuple[str, str]], n_numbers: int) -> None:
    """Whatever the words, no line is too wide and every number is there in one piece."""
    numbers = [Cell(f"{place}.25", f"[{place}.12, {place}.38]") for place in range(n_numbers)]
    body = tuple((Cell(name), Cell(words), *numbers) for name, words in rows)
    lines = aligned(Table(("a", "b", *(f"c{n}" for n in range(n_numbers))), body, n_words=2), 80)
    assert all(width(line) <= 80 for line in lines)
    for number in numbers:
        assert any(number.detail in line for line in lines)


def test_wide_characters_line_up() -> None:
    """A cell of wide characters is padded by columns, not characters."""
    lines = aligned(Table(("who", "n"), ((Cell("評価"), Cell("1")), (Cell("ana"), Cell("2")))), 80)
    ends = {sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line) for line in lines[2:]}
    assert len(ends) == 1
