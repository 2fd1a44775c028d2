"""Files become rows with their places; what cannot be read is said, never left out."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from judgekit.adapters.importers.plan import FileForm
from judgekit.adapters.importers.table import Table, read_table
from judgekit.errors import FileProblem, InputError, InvalidRecord, UnknownName

quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40)


def table(path: Path, content: str | bytes, **form: Any) -> Table:
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return read_table(path, FileForm(**form))


def test_csv_cells_stay_text(tmp_path: Path) -> None:
    """Long ids, leading zeros, formulas and numbers are the characters of the file."""
    found = table(tmp_path / "t.csv", 'id,a,b\n20241031124050492385,007,"=HYPERLINK(""x"")"\n')
    assert found.rows[0].cells == {"id": "20241031124050492385", "a": "007", "b": '=HYPERLINK("x")'}


def test_csv_cells_over_several_lines_keep_their_place(tmp_path: Path) -> None:
    """A row is named by the line it starts on, whatever its cells hold."""
    found = table(tmp_path / "t.csv", '\ufeffid,text\r\n1,"a\r\nb"\r\n\r\n2,c\r\n')
    assert [(row.where.rpartition(":")[2], row.number) for row in found.rows] == [("2", 1), ("5", 2)]
    assert found.columns == ("id", "text")
    assert found.rows[0].cells["text"] == "a\r\nb"


def test_a_nameless_index_column_gets_a_name(tmp_path: Path) -> None:
    """The column that pandas leaves without a name is kept under its place."""
    assert table(tmp_path / "t.csv", ",id\n0,x\n").rows[0].cells == {"column_1": "0", "id": "x"}


def test_a_cell_longer_than_the_csv_limit_is_read(tmp_path: Path) -> None:
    """Transcripts are longer than the 128 KB where the csv module stops; its limit is left as it was."""
    before = csv.field_size_limit()
    assert len(table(tmp_path / "t.csv", "id\n" + "x" * 300_000 + "\n").rows[0].cells["id"]) == 300_000
    assert csv.field_size_limit() == before


def test_a_row_with_other_cells_than_the_header_is_a_problem(tmp_path: Path) -> None:
    """A ragged row is there, with what is wrong with it."""
    rows = table(tmp_path / "t.csv", "a,b\n1,2\n1\n1,2,3\n").rows
    assert [row.problem for row in rows] == [None, "1 cells where the header has 2", "3 cells where the header has 2"]


def test_an_open_quote_cannot_swallow_rows(tmp_path: Path) -> None:
    """A quote that never closes is an error at its line, not one long cell."""
    with pytest.raises(InvalidRecord, match=r"t\.csv:3: not a table") as caught:
        table(tmp_path / "t.csv", 'id,text\n1,a\n2,"b\n3,c\n')
    assert "Quotes inside a cell" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.csv", "a,a\n1,2\n", "column 'a' occurs 2 times"),
        ("t.csv", "", "an empty file"),
        ("t.json", "{]", "not JSON"),
        ("t.json", '{"a": 1}\n{"a": 2}\n', "One object per line is called .jsonl"),
        ("t.json", '[{"a": 1, "a": 2}]', "key 'a' stands twice"),
        ("t.json", '[{"a": 1e999}]', "too large"),
        ("t.json", "[" * 100_000, "not JSON"),
        ("t.parquet", "no parquet", "not a Parquet file"),
        ("t.csv.gz", "no gzip", "damaged or cut off"),
        ("t.xlsx", "", "unknown kind"),
        ("t.csv", b"a\n\xff\xfe", "not utf-8 text"),
        ("t.csv", b"\xff\xfea\x00", "--encoding utf-16"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_a_way_out(
    tmp_path: Path, name: str, content: str | bytes, words: str
) -> None:
    """One line says what is wrong with the file, where, and what to do."""
    with pytest.raises(InputError) as caught:
        table(tmp_path / name, content)
    assert words in str(caught.value)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A path that leads nowhere is an error of the user's, not ours."""
    with pytest.raises(FileProblem, match="no such file"):
        read_table(tmp_path / "none.csv", FileForm())


def test_encoding_and_delimiter_can_be_said(tmp_path: Path) -> None:
    """A table of another tool is read as it was written."""
    found = table(tmp_path / "t.csv", "id;größe\n1;2,5\n".encode("cp1252"), encoding="cp1252", delimiter=";")
    assert found.rows[0].cells == {"id": "1", "größe": "2,5"}
    with pytest.raises(InputError, match="unknown encoding"):
        table(tmp_path / "t.csv", "id\n1\n", encoding="klingon")
    with pytest.raises(InputError, match="not one character"):
        table(tmp_path / "t.csv", "id\n1\n", delimiter="::")


def test_json_numbers_keep_every_digit_and_nan_is_empty(tmp_path: Path) -> None:
    """Whole numbers are exact at any length; NaN of other tools is read as empty, and said."""
    found = table(tmp_path / "t.jsonl", '{"id": 20241031124050492385, "x": NaN}\n')
    assert found.rows[0].cells == {"id": 20241031124050492385, "x": None}
    assert found.notes == ("t.jsonl: 1 NaN or infinite numbers read as empty",)


def test_half_a_surrogate_pair_is_replaced_and_counted(tmp_path: Path) -> None:
    """Text that UTF-8 cannot hold does not reach the dataset."""
    found = table(tmp_path / "t.jsonl", '{"id": "a\\ud83d", "ok": "\\ud83d\\ude00"}\n')
    assert found.rows[0].cells == {"id": "a\N{REPLACEMENT CHARACTER}", "ok": "\N{GRINNING FACE}"}
    assert "1 halves" in found.notes[0]


def test_a_broken_line_of_jsonl_is_a_problem_of_that_row(tmp_path: Path) -> None:
    """The other lines are read; a line separator of Unicode ends none."""
    rows = table(tmp_path / "t.ndjson", '{"a": "x\u2028y"}\n\n{"a": \n[1]\n').rows
    assert [row.problem is None for row in rows] == [True, False, False]
    assert [row.where.rpartition(":")[2] for row in rows] == ["1", "3", "4"]


def test_a_json_object_is_one_row_and_records_names_the_list(tmp_path: Path) -> None:
    """A list deep inside an object is found by its path; a wrong path lists what there is."""
    content = json.dumps({"meta": 1, "data": {"rows": [{"id": 1}, {"id": 2}, 3]}})
    assert len(table(tmp_path / "t.json", content).rows) == 1
    rows = table(tmp_path / "t.json", content, records="data.rows").rows
    assert [row.problem is None for row in rows] == [True, True, False]
    assert rows[1].where.endswith("t.json (record 2)")
    with pytest.raises(UnknownName, match="Did you mean 'rows'"):
        table(tmp_path / "t.json", content, records="data.row")
    with pytest.raises(InputError, match="is not a list"):
        table(tmp_path / "t.json", content, records="meta")


def test_parquet_rows_are_as_json_would_hold_them(tmp_path: Path) -> None:
    """Times, decimals, NaN and nested lists come out plain; packed files too."""
    pa = pytest.importorskip("pyarrow")
    from decimal import Decimal

    from pyarrow import parquet

    rows = pa.table(
        {
            "id": pa.array([20241031124050492385], pa.decimal128(38, 0)),
            "price": pa.array([Decimal("1.5")]),
            "x": pa.array([float("nan")]),
            "blob": pa.array([b"hi"]),
            "turns": pa.array([[{"role": "user", "content": "hé"}]]),
        }
    )
    buffer = io.BytesIO()
    parquet.write_table(rows, buffer)
    expected = {
        "id": 20241031124050492385, "price": 1.5, "x": None, "blob": "hi", "turns": [{"role": "user", "content": "hé"}],
    }  # fmt: skip
    assert table(tmp_path / "t.parquet", buffer.getvalue()).rows[0].cells == expected
    assert table(tmp_path / "t.parquet.gz", gzip.compress(buffer.getvalue())).rows[0].cells == expected


@quick
@given(rows=st.lists(st.tuples(texts, texts), max_size=8), is_packed=st.booleans(), tab=st.booleans())
def test_any_text_survives_csv(tmp_path: Path, rows: list[Any], is_packed: bool, tab: bool) -> None:
    """Whatever a spreadsheet wrote, quoted or not, every cell and every row is there."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter="\t" if tab else ",", quoting=csv.QUOTE_ALL)
    writer.writerow(["id", "text"])
    writer.writerows(rows)
    data = buffer.getvalue().encode("utf-8")
    name = ("t.tsv" if tab else "t.csv") + (".gz" if is_packed else "")
    found = table(tmp_path / name, gzip.compress(data) if is_packed else data)
    assert [(row.cells["id"], row.cells["text"]) for row in found.rows] == rows


@quick
@given(rows=st.lists(st.dictionaries(texts, st.one_of(texts, st.integers(), st.booleans(), st.none())), max_size=8))
def test_any_object_survives_jsonl_and_json(tmp_path: Path, rows: list[Any]) -> None:
    """Keys, numbers of any length and nulls come back equal."""
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    assert [row.cells for row in table(tmp_path / "t.jsonl", lines).rows] == rows
    assert [row.cells for row in table(tmp_path / "t.json", json.dumps(rows)).rows] == rows
