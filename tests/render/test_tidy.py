"""Rows as CSV."""

from __future__ import annotations

import csv

import pytest

from judgekit.records.report import AgreementReport, Row
from judgekit.render.tidy import COLUMNS, csv_text
from judgekit.stats.estimate import Estimate, undefined
from tests.render.composed_reports import each_hostile, each_kind


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines(), strict=True))


def report(*rows: Row) -> AgreementReport:
    return AgreementReport(title="t", rows=rows)


@each_kind
def test_one_line_stands_for_one_estimate(composed) -> None:
    """Every row is there once, with every field of its estimate as written."""
    found = lines(csv_text([composed]))
    assert len(found) == len(composed.rows)
    for line, row in zip(found, composed.rows, strict=True):
        assert tuple(line) == COLUMNS
        assert line["value"] == ("" if row.estimate.value is None else repr(row.estimate.value))
        assert line["n"] == str(row.estimate.n)
        assert line["method"] == row.estimate.method


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1", "\n=1"])
def test_a_text_that_would_calculate_is_quoted(text) -> None:
    """A spreadsheet shows it; an apostrophe stands before it."""
    row = Row(criterion=text, metric="bias", between="raters", estimate=Estimate(-0.5, -0.6, -0.4, 0.95, 9, 9, "bca"))
    line = lines(csv_text([report(row)]))[0]
    assert line["criterion"].startswith("'")
    assert line["value"] == "-0.5"


def test_an_undefined_estimate_has_empty_numbers_and_its_reason() -> None:
    """No number stands in for it, and what was dropped is there as JSON."""
    estimate = undefined("constant", "all are 4", n=4, dropped={"unparsed": 2})
    line = lines(csv_text([report(Row(criterion="c", metric="f1", between="raters", estimate=estimate))]))[0]
    assert (line["value"], line["low"], line["high"]) == ("", "", "")
    assert line["undefined"] == "constant: all are 4"
    assert line["dropped"] == '{"unparsed": 2}'


@each_hostile
def test_hostile_rows_stay_in_their_cells(hostile) -> None:
    """Quotes, commas and line ends break no line, and no control character is left."""
    text = csv_text([hostile])
    found = list(csv.reader(text.splitlines(keepends=True), strict=True))
    assert {len(line) for line in found} == {len(COLUMNS)}
    assert len(found) == 1 + len(hostile.rows)
    assert all(character.isprintable() or character in "\n\u200c\u200d" for character in text)
