"""Rows as CSV."""

from __future__ import annotations

import csv

import pytest

from judgekit.records.agreement_report import AgreementReport
from judgekit.records.report import Row
from judgekit.records.score_report import ScoreReport
from judgekit.render.citation import estimates_of
from judgekit.render.tidy import COLUMNS, csv_tables, csv_text
from judgekit.stats.estimate import Estimate, undefined
from tests.render.composed_reports import each_hostile, each_kind, load


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines(), strict=True))


def report(*rows: Row) -> AgreementReport:
    return AgreementReport(title="t", rows=rows)


@each_kind
def test_one_line_stands_for_one_estimate(composed) -> None:
    """Every row is there once, with every field of its estimate as written; other parts follow it."""
    found = lines(csv_text([composed]))
    assert [line["part"] for line in found[: len(composed.rows)]] == ["row"] * len(composed.rows)
    assert not [line for line in found[len(composed.rows) :] if line["part"] == "row"]
    for line, row in zip(found, composed.rows, strict=False):
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
    assert len(found) == 1 + len(estimates_of(hostile))
    assert all(character.isprintable() or character in "\n\u200c\u200d" for character in text)


def test_what_was_tested_stands_with_its_p_values() -> None:
    """A slice's difference carries both p-values, its estimate none; a check carries what it could have seen."""
    found = lines(csv_text([load("score")]))
    zh = {line["metric"]: line for line in found if line["slice"] == "language=zh" and line["part"] == "slice"}
    difference = zh["cohen_kappa_quadratic_difference"]
    assert (difference["value"], difference["p_value"], difference["p_adjusted"]) == ("-0.22", "0.0071", "0.0213")
    assert zh["cohen_kappa_quadratic"]["p_value"] == ""
    length = next(line for line in found if line["part"] == "bias_length")
    assert length["detectable"] == "0.085"


TABLES = {
    "rows.csv", "contested.csv", "disagreements.csv", "failures.csv", "moved.csv", "counts.csv", "confusion.csv",
    "levels.csv", "alone.csv", "profiles.csv", "alt_test.csv", "bland_altman.csv",
}  # fmt: skip


@each_kind
def test_the_same_tables_are_always_written(composed) -> None:
    """One file a table, with its head even when it is empty, the same bytes each time."""
    found = csv_tables([composed])
    assert set(found) == TABLES
    assert all(text.startswith("report,dataset,criterion,") for text in found.values())
    assert found == csv_tables([composed])


def test_every_answer_is_a_line() -> None:
    """Disagreements and contested sessions: judge and raters, each with value and rationale."""
    report = load("score")
    assert isinstance(report, ScoreReport)
    found = lines(csv_tables([report])["disagreements.csv"])
    assert len(found) == sum(len(case.ratings) + 1 for case in report.disagreements)
    assert [line["is_judge"] for line in found[:3]] == ["true", "false", "false"]
    assert found[1]["rationale"].startswith("The refund was promised twice")
    contested = lines(csv_tables([load("agreement")])["contested.csv"])
    assert [line["status"] for line in contested] == ["ok", "ok", "cannot_judge"]


def test_counts_add_up() -> None:
    """Confusion and levels hold every label once; what was looked at is what was used, dropped or failed."""
    tables = csv_tables([load("agreement"), load("score")])
    assert sum(int(line["n"]) for line in lines(tables["confusion.csv"])) == 211
    ana = [line for line in lines(tables["levels.csv"]) if (line["criterion"], line["rater"]) == ("tone", "ana")]
    assert sum(int(line["n"]) for line in ana) == 198
    scored = {line["cause"]: int(line["n"]) for line in lines(tables["counts.csv"]) if line["report"] == "score"}
    assert scored.pop("looked_at") == sum(scored.values())


def test_raters_stand_with_their_numbers() -> None:
    """One line a rater, or an answer where a rater stands alone; what is unknown is empty."""
    tables = csv_tables([load("agreement"), load("score")])
    ben = next(line for line in lines(tables["profiles.csv"]) if (line["criterion"], line["rater"]) == ("tone", "ben"))
    assert (ben["severity"], ben["unused_levels"], ben["drift"]) == ("0.09", '["fail"]', "")
    alone = [(line["alone"], line["target"], line["rater"], line["value"]) for line in lines(tables["alone.csv"])]
    assert alone == [("ben", "s-0031", who, value) for who, value in (("ben", "2"), ("ana", "5"), ("chioma", "4"))]
    beaten = {line["rater"]: line["is_beaten"] for line in lines(tables["alt_test.csv"])}
    assert beaten == {"ana": "true", "ben": "true", "chioma": "false"}


@each_hostile
def test_no_cell_of_any_table_calculates(hostile) -> None:
    """Whatever others wrote, no text begins as a formula, and each line has its head's number of cells."""
    for text in csv_tables([hostile]).values():
        head, *found = csv.reader(text.splitlines(keepends=True), strict=True)
        for line in found:
            assert len(line) == len(head)
            assert not [cell for cell in line if cell.startswith(("=", "@", "\t", "\r"))]
