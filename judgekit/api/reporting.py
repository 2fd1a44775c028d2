"""Reports as text, as pages, and as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from judgekit.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from judgekit.records.report import Report


def render_report(
    report: Report | Sequence[Report],
    form: Literal["text", "markdown", "html", "latex", "csv"] = "text",
    *,
    title: str | None = None,
) -> str:
    """Return one or more reports as text, Markdown, one self-contained HTML page, a LaTeX document, or CSV.

    Args:
        report: One report or several; a page and a document put them in order of reading.
        form: How it is written; CSV holds one estimate a row.
        title: Title of the whole; a CSV has none.

    Example:
        >>> import judgekit
        >>> told = [{"session": "s", "criterion": "ok", "rater": r, "value": "pass"} for r in ("ana", "ben")]
        >>> data = judgekit.make_dataset(told, scales={"ok": "binary:fail,pass"})
        >>> judgekit.render_report(judgekit.agree(data), "csv").splitlines()[1].split(",")[:4]
        ['agreement', 'data', 'ok', 'krippendorff_alpha_nominal']
    """
    from judgekit.render.html import render_html
    from judgekit.render.latex import render_latex
    from judgekit.render.markdown import escaped, render_markdown
    from judgekit.render.text import render_text
    from judgekit.render.tidy import csv_text

    reports: list[Any] = list(report) if isinstance(report, Sequence) else [report]
    if form == "html":
        return render_html(reports, title=title)
    if form == "latex":
        return render_latex(reports, title=title)
    if form == "csv":
        return csv_text(reports)
    if form == "markdown":
        return "\n\n".join([*([f"# {escaped(title)}"] if title else []), *map(render_markdown, reports)])
    if form == "text":
        return "\n\n".join([*([title] if title else []), *map(render_text, reports)])
    raise InputError(f"form {form!r} is not text, markdown, html, latex or csv")


def to_frame(report: Report) -> pd.DataFrame:
    """Return a report's rows as a DataFrame: one estimate a row, its fields as columns."""
    import pandas as pd

    rows = [row.model_dump(mode="json") for row in report.rows]
    flat = [{**{k: v for k, v in row.items() if k != "estimate"}, **row["estimate"]} for row in rows]
    return pd.DataFrame(flat)
