"""What an import did, in words for a terminal: items in = items out + skipped, causes first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from textwrap import fill
from typing import Any

from judgekit.records.ingest import IngestReport

_LONGEST = 1200
_MOST_RATERS = 12


def render_ingest(report: IngestReport) -> str:
    """Return the report as lines of text."""
    return "\n".join(_lines(report))


def _lines(report: IngestReport) -> Iterator[str]:
    would = "would become" if report.is_dry_run else "became"
    files = ", ".join(report.files[:5]) + (f" and {len(report.files) - 5} more" if len(report.files) > 5 else "")
    n_skipped = sum(report.skipped.values())
    yield f"{_number(report.n_rows, 'row')} of {files} {would} {report.form} of {report.dataset}"
    yield (
        f"{report.n_items} {report.form} in = {report.n_new} new + {report.n_already_there} already there"
        f" + {report.n_replaced} replaced + {n_skipped} skipped"
    )
    if report.written:
        yield "records: " + ", ".join(_number(n, kind.removesuffix("s")) for kind, n in report.written.items())
    for cause, n in report.skipped.items():
        yield f"skipped {n}: {cause}"
        yield from (f"    {example}" for example in report.examples.get(cause, ()))
    yield from (f"note: {note}" for note in report.notes)
    if report.columns and report.is_dry_run:
        yield "fields:"
        yield from (f"    {field} <- {column}" for field, column in report.columns.items())
    if report.unused:
        yield f"columns not imported: {', '.join(report.unused)}"
    if report.first is not None and report.is_dry_run:
        shown = json.dumps(_told(report.first), ensure_ascii=False)
        text = "first: " + (shown if len(shown) <= _LONGEST else shown[:_LONGEST] + " ...")
        yield fill(text, 80, subsequent_indent="    ", break_on_hyphens=False)
    yield from _counts(report)
    if report.is_dry_run:
        yield "nothing was written (--dry-run)"


def _counts(report: IngestReport) -> Iterator[str]:
    for criterion, raters in report.counts.items():
        yield f"{criterion}:"
        for rater, words in list(raters.items())[:_MOST_RATERS]:
            listed = list(words.items())
            shown = ", ".join(f"{_short(word)}: {n}" for word, n in listed[:10])
            more = f", and {len(listed) - 10} other values" if len(listed) > 10 else ""
            yield f"    {rater}  {shown}{more}"
        if len(raters) > _MOST_RATERS:
            yield f"    and {len(raters) - _MOST_RATERS} more"


def _told(value: Any) -> Any:
    """Leave out what is empty, and fingerprints: neither shows whether the columns were understood."""
    if isinstance(value, dict):
        told = {key: _told(inner) for key, inner in value.items()}
        return {key: inner for key, inner in told.items() if inner not in ("", [], {}) and not _is_fingerprint(inner)}
    return [_told(inner) for inner in value] if isinstance(value, list | tuple) else value


def _is_fingerprint(value: object) -> bool:
    return isinstance(value, str) and value.startswith("sha256:")


def _number(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _short(word: str) -> str:
    line = " ".join(word.split())
    return line if len(line) <= 40 else line[:37] + "..."
