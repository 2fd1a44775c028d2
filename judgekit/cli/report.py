"""`judgekit report`: saved reports as a page, LaTeX, Markdown, text, CSV tables or one JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from judgekit.errors import FileProblem, InputError, InvalidRecord, UnknownName

if TYPE_CHECKING:
    from judgekit.records.any_report import AnyReport
    from judgekit.records.record import Record

HINT = "Reports are saved by judgekit agree, score, judge probe, estimate and compare with -o x.json"


def report(
    context: typer.Context,
    sources: Annotated[list[str], typer.Argument(help="Saved reports (JSON), or folders of them.")],
    out: Annotated[
        str | None,
        typer.Option(
            "--out", "-o", help="Where to: .html, .tex, .md, .txt, .csv or .json, or folder/ of CSV; else the terminal."
        ),
    ] = None,
    tables: Annotated[
        Path | None,
        typer.Option("--tables", help="Also write long CSV tables into this folder."),
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="Title of the whole.")] = None,
) -> None:
    """Render saved reports for people: one self-contained page, LaTeX, Markdown, text, or tidy CSV.

    Examples: judgekit report agree.json score.json -o report.html  |  judgekit report reports/ -o x.tex --tables csv
    """
    console = context.obj
    path = None if out is None else Path(out)
    is_folder = path is not None and (path.is_dir() or str(out).endswith(("/", "\\")))
    write = None if path is None or is_folder else _writer(path)
    reports, n_skipped = load_reports([Path(source) for source in sources])
    if n_skipped:
        console.say(f"{n_skipped} other JSON files in the folders are no reports")
    if path is not None and write is not None:
        from judgekit.adapters.store.files import write_atomically

        write_atomically(path, write(reports, title))
        console.say(f"saved {path}")
    for folder in dict.fromkeys([*([path] if path and is_folder else []), *([tables] if tables else [])]):
        console.say(f"saved {_write_tables(folder, reports)} tables in {folder}")
    if path is None and tables is None:
        console.show(as_text(reports, title).rstrip("\n"))
    console.emit(_one_record(reports))


def _write_tables(folder: Path, reports: Sequence[AnyReport]) -> int:
    """Write every long table into a folder, and return how many they are."""
    from judgekit.adapters.store.files import write_atomically
    from judgekit.render.tidy import csv_tables

    written = csv_tables(reports)
    for name, text in written.items():
        write_atomically(folder / name, text)
    return len(written)


def load_reports(paths: Sequence[Path]) -> tuple[list[AnyReport], int]:
    """Return the reports of files and folders in order of reading, and how many files of folders were none.

    Raises:
        FileProblem: A file is missing or unreadable.
        InvalidRecord: A file named is not a report.
        InputError: A folder holds no report.
    """
    from judgekit.records.any_report import KINDS

    reports: list[AnyReport] = []
    n_skipped = 0
    for path in paths:
        if not path.is_dir():
            reports += _load(path)
            continue
        found, n_others = _load_folder(path)
        reports += found
        n_skipped += n_others
    return sorted(reports, key=lambda each: KINDS.index(each.kind)), n_skipped


def _load_folder(folder: Path) -> tuple[list[AnyReport], int]:
    found: list[AnyReport] = []
    n_others = 0
    for path in sorted(folder.glob("*.json")):
        try:
            found += _load(path)
        except InvalidRecord:
            n_others += 1
    if not found:
        raise InputError("the folder holds no report", where=str(folder), hint=HINT)
    return found, n_others


def _load(path: Path) -> list[AnyReport]:
    """Return the report that a file is, or the several that it holds."""
    import json

    from pydantic import ValidationError

    from judgekit.records.any_report import Reports, report_from

    try:
        data = json.loads(path.read_bytes().decode("utf-8-sig"), parse_constant=_refuse_constant)
    except FileNotFoundError:
        raise FileProblem("no such file", where=str(path), hint=HINT) from None
    except (ValueError, RecursionError) as error:
        why = str(error).splitlines()[0] if isinstance(error, ValueError) else "nested too deeply"
        raise InvalidRecord(f"not JSON ({why})", where=str(path), hint=HINT) from error
    try:
        if isinstance(data, dict) and data.keys() == {"reports"}:
            return list(Reports.model_validate_json(json.dumps(data)).reports)
        return [report_from(data)]
    except ValidationError as error:
        raise InvalidRecord(f"not a report: {_first_problem(error)}", where=str(path), hint=HINT) from error


def _first_problem(error: Exception) -> str:
    from pydantic import ValidationError

    problem = error.errors(include_url=False)[0] if isinstance(error, ValidationError) else None
    if problem is None:
        return str(error)
    place = ".".join(map(str, problem["loc"]))
    return " ".join(f"{place}: {problem['msg']}".removeprefix(": ").split())


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number of JSON")


def _writer(out: Path) -> Callable[[Sequence[AnyReport], str | None], str]:
    suffix = out.suffix.lower()
    if suffix not in WRITERS:
        raise UnknownName("kind of report file", suffix or out.name, WRITERS, where=f"-o {out}")
    return WRITERS[suffix]


def _one_record(reports: Sequence[AnyReport]) -> Record:
    from judgekit.records.any_report import Reports

    return reports[0] if len(reports) == 1 else Reports(reports=tuple(reports))


def as_html(reports: Sequence[AnyReport], title: str | None) -> str:
    """Return one page."""
    from judgekit.render.html import render_html

    return render_html(reports, title=title)


def as_markdown(reports: Sequence[AnyReport], title: str | None) -> str:
    """Return one Markdown document."""
    from judgekit.render.markdown import escaped, render_markdown

    head = [f"# {escaped(title)}\n"] if title else []
    return "\n".join([*head, *map(render_markdown, reports)])


def as_latex(reports: Sequence[AnyReport], title: str | None) -> str:
    """Return one LaTeX document."""
    from judgekit.render.latex import render_latex

    return render_latex(reports, title=title)


def as_text(reports: Sequence[AnyReport], title: str | None) -> str:
    """Return plain text of 80 columns."""
    from judgekit.render.plain import wrap
    from judgekit.render.text import COLUMNS, render_text

    head = ["\n".join(wrap(title, COLUMNS))] if title else []
    return "\n\n\n".join([*head, *map(render_text, reports)]) + "\n"


def as_csv(reports: Sequence[AnyReport], title: str | None) -> str:  # noqa: ARG001  # one signature for all writers
    """Return tidy rows, one an estimate; a table has no title."""
    from judgekit.render.tidy import csv_text

    return csv_text(reports)


def as_json(reports: Sequence[AnyReport], title: str | None) -> str:
    """Return one JSON document that this command reads again."""
    named = [each.model_copy(update={"title": title}) for each in reports] if title and len(reports) == 1 else reports
    return _one_record(named).model_dump_json(indent=2) + "\n"


WRITERS: dict[str, Callable[[Sequence[AnyReport], str | None], str]] = {
    ".html": as_html,
    ".htm": as_html,
    ".tex": as_latex,
    ".md": as_markdown,
    ".txt": as_text,
    ".csv": as_csv,
    ".json": as_json,
}
