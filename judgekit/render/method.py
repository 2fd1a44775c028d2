"""How a report was made, as a paragraph a paper can take over, and as the list of its settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from judgekit.records.report import Report
from judgekit.render.number import count_text, level_text
from judgekit.render.table import Cell, Table
from judgekit.render.words import judge_words, method_words, metric_words

if TYPE_CHECKING:
    from judgekit.records.report import Row


def method_block(report: Report) -> Table:
    """Return the settings as a table under the methods paragraph (its caption)."""
    rows = [(Cell(name.replace("_", " ")), Cell(text)) for name, text in _flat(report.settings)]
    if report.dataset_fingerprint:
        rows.append((Cell("dataset fingerprint"), Cell(report.dataset_fingerprint)))
    judge_fingerprint = getattr(report, "judge_fingerprint", None)
    if judge_fingerprint:
        rows.append((Cell("judge fingerprint"), Cell(judge_fingerprint)))
    return Table(("setting", "value"), tuple(rows), n_words=2, caption=method_paragraph(report))


def method_paragraph(report: Report) -> str:
    """Return in sentences: which coefficients, which intervals over which units, which reference, which judge."""
    settings = report.settings
    metrics = "; ".join(name for name in dict.fromkeys(metric_words(row.metric) for row in report.rows))
    said = [
        f"Measured: {metrics}." if metrics else "Nothing was measured.",
        *_interval_sentences(report.rows, settings),
    ]
    reference = getattr(report, "reference", None) or settings.get("reference")
    if reference:
        said.append(
            f"The reference is {reference}" + (f", on the {report.split} split." if hasattr(report, "split") else ".")
        )
    judge = getattr(report, "judge", None)
    if judge:
        model = getattr(report, "model", None)
        said.append(
            f"Verdicts are by {judge_words(judge, getattr(report, 'engine', None))}"
            + (f" ({model})." if model else ".")
        )
    return " ".join(said)


def _interval_sentences(rows: tuple[Row, ...], settings: Mapping[str, Any]) -> list[str]:
    made = dict.fromkeys((row.estimate.level, row.estimate.method) for row in rows if row.estimate.low is not None)
    if not made:
        return ["No interval could be given."] if rows else []
    named = "; ".join(f"{level_text(level)} {method_words(method)}" for level, method in made)
    sentence = f"Intervals: {named}"
    if isinstance(settings.get("n_resamples"), int):
        sentence += f", {count_text(settings['n_resamples'])} resamples"
    if settings.get("unit"):
        sentence += f", resampled by {settings['unit']}"
    return [sentence + (f", seed {settings['seed']}." if settings.get("seed") is not None else ".")]


def _flat(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return every setting as name and text; a setting inside another is named by both."""
    found: list[tuple[str, str]] = []
    for name, value in settings.items():
        if isinstance(value, Mapping) and value and len(prefix.split()) < 3:
            found += _flat(value, f"{prefix}{name} ")
        else:
            found.append((prefix + str(name), _setting_text(value)))
    return found


def _setting_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple) and all(isinstance(each, str | int) for each in value):
        return ", ".join(map(str, value)) or "none"
    return json.dumps(value, ensure_ascii=False, default=str)
