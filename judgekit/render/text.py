"""A report for the terminal: 80 columns, the verdict in words first, warnings last."""

from __future__ import annotations

from judgekit.records.report import Report
from judgekit.render.block import Block, Case, Cases, Content, References, Section, Words
from judgekit.render.content import content_of
from judgekit.render.plain import one_line, wrap
from judgekit.render.table import Table, aligned

COLUMNS = 80
SHOWN_CASES = 5
"""Cases a terminal shows of each list; how many more there are is said."""


def render_text(report: Report, *, columns: int = COLUMNS, n_cases: int = SHOWN_CASES) -> str:
    """Return a report as text, ending without a line end.

    Args:
        report: What to show.
        columns: Widest line.
        n_cases: Sessions shown of each list of cases.
    """
    content = content_of(report)
    lines = _opening(content, columns)
    for section in content.sections:
        if section.is_pictures_only or any(isinstance(block, References) for block in section.blocks):
            continue  # named in the methods paragraph; in full where they can be copied from
        lines += ["", *_section(section, columns, n_cases)]
    return "\n".join(lines)


def _opening(content: Content, columns: int) -> list[str]:
    lines = wrap(one_line(content.title), columns)
    for name, value in content.facts:
        lines += wrap(f"{name}: {one_line(value)}", columns, indent="  ", hanging="    ")
    return lines


def _section(section: Section, columns: int, n_cases: int) -> list[str]:
    lines = [] if section.tone == "verdict" else [*_underlined(section.title, columns), ""]
    for place, block in enumerate(section.blocks):
        body = _block(block, section, columns, n_cases)
        lines += [""] * bool(place and body and lines[-1]) + body
    return lines


def _underlined(title: str, columns: int) -> list[str]:
    return wrap(
        one_line(title).upper() if title == "Warnings" else one_line(title), columns, indent="== ", hanging="   "
    )


def _block(block: Block, section: Section, columns: int, n_cases: int) -> list[str]:
    if isinstance(block, Words):
        bullet = "! " if section.tone == "warning" else ""
        return [
            line
            for said in block.sentences
            for line in wrap(one_line(said), columns, indent=bullet, hanging=" " * len(bullet))
        ]
    if isinstance(block, Table):
        return _table(block, columns)
    if isinstance(block, Cases):
        return _cases(block, columns, n_cases)
    table = None if isinstance(block, References) else block.table
    return _table(table, columns) if table else []


def _table(table: Table, columns: int) -> list[str]:
    lines = wrap(one_line(table.caption), columns) if table.caption else []
    if table.rows:
        lines += [*([""] if lines else []), *aligned(table, columns)]
    for note in table.notes:
        lines += wrap(one_line(note), columns, indent="  ", hanging="    ")
    return lines


def _cases(block: Cases, columns: int, n_cases: int) -> list[str]:
    lines: list[str] = []
    for case in block.cases[:n_cases]:
        lines += [*([""] if lines else []), *_case(case, columns)]
    n_more = len(block.cases) - n_cases
    if n_more > 0:
        lines += ["", *wrap(f"{n_more} more in the saved report (judgekit report -o report.html).", columns)]
    return lines


def _case(case: Case, columns: int) -> list[str]:
    facts = f" ({one_line(case.facts)})" if case.facts else ""
    lines = wrap(f"{one_line(case.target)}, {one_line(case.criterion)}{facts}", columns)
    if case.excerpt:
        lines += wrap(f'"{one_line(case.excerpt)}"', columns, indent="  ", hanging="   ")
    for voice in case.voices:
        spoken = f"{one_line(voice.name)}: {one_line(voice.answer)}"
        spoken += f" - {one_line(voice.rationale)}" if voice.rationale.strip() else ""
        lines += wrap(spoken, columns, indent="  ", hanging="    ")
    return lines
