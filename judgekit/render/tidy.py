"""Rows of reports as CSV, one line an estimate, for spreadsheets and data frames.

A cell of text that a spreadsheet would take for a formula begins with an apostrophe.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence

from judgekit.records.report import Report, Row
from judgekit.render.plain import JOINERS, visible

COLUMNS = (
    "report", "dataset", "criterion", "metric", "between", "slice", "judge", "engine",
    "value", "low", "high", "level", "n", "n_clusters", "method", "undefined", "dropped",
)  # fmt: skip
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What makes Excel, LibreOffice or Google Sheets calculate. Source: OWASP, CSV Injection."""

Scalar = str | int | float | None


def csv_text(reports: Sequence[Report]) -> str:
    """Return all rows of the reports, under one head."""
    lines = _Lines()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(map(_guarded, values) for report in reports for values in _records(report))
    return "".join(lines.written)


def _records(report: Report) -> Iterable[Iterable[Scalar]]:
    return ([report.kind, report.dataset, *_values(row)] for row in report.rows)


def _values(row: Row) -> list[Scalar]:
    e = row.estimate
    dropped = json.dumps(dict(e.dropped), sort_keys=True, ensure_ascii=False) if e.dropped else None
    named: list[Scalar] = [row.criterion, row.metric, row.between, row.slice, row.judge, row.engine]
    return [*named, e.value, e.low, e.high, e.level, e.n, e.n_clusters, e.method, e.undefined, dropped]


def _guarded(value: Scalar) -> Scalar:
    if not isinstance(value, str):
        return value
    shown = visible(value, keep=JOINERS)
    starts = value.startswith(FORMULA_STARTS) or shown.lstrip().startswith(FORMULA_STARTS)
    return f"'{shown}" if starts else shown


class _Lines:
    """What `csv.writer` writes to."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def write(self, text: str) -> None:
        """Keep one line."""
        self.written.append(text)
