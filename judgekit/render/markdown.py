"""A report as GitHub-flavoured Markdown, for a pull request or an issue.

Text that others wrote stays text: no markup, HTML, link, mention or reference comes of it.
"""

from __future__ import annotations

import re

from judgekit.records.report import Report
from judgekit.render.bibliography import Reference
from judgekit.render.block import Block, Case, Cases, Content, References, Section, Words
from judgekit.render.content import content_of
from judgekit.render.plain import JOINERS, one_line, visible
from judgekit.render.table import Table

_MARKUP = re.compile(r"([\\`*_{}\[\]<>|~$!])")
_REFERENCE = re.compile(r"(@|#(?=\d)|GH-(?=\d)|:(?=//)|www(?=\.)|mailto(?=:)|xmpp(?=:))", re.IGNORECASE)
"""Where GitHub would begin a mention, a reference or a link by itself."""
_BREAK = "<!-- -->"
"""An empty comment: shown as nothing, and it ends what would have been a link."""


def render_markdown(report: Report) -> str:
    """Return a report as Markdown, ending with a line end."""
    content = content_of(report)
    parts = [f"# {escaped(content.title)}", _facts(content)]
    for section in content.sections:
        parts += [] if section.is_pictures_only else _section(section)
    return "\n\n".join(part for part in parts if part) + "\n"


def escaped(text: str) -> str:
    r"""Return others' text as one line that Markdown shows as it is.

    Example:
        >>> escaped("<b>*see* @ana | www.example.com")
        '\\<b\\>\\*see\\* @<!-- -->ana \\| www<!-- -->.example.com'
    """
    shown = visible(one_line(text), keep=JOINERS).replace("&", "&amp;")
    return _REFERENCE.sub(rf"\1{_BREAK}", _MARKUP.sub(r"\\\1", shown)).replace("\n", " ")


def _facts(content: Content) -> str:
    return " · ".join(f"{name}: **{escaped(value)}**" for name, value in content.facts if value.strip())


def _section(section: Section) -> list[str]:
    if section.tone == "warning":
        said = [escaped(each) for block in section.blocks if isinstance(block, Words) for each in block.sentences]
        return ["> [!WARNING]\n" + "\n".join(f"> - {each}" for each in said)]
    parts = [] if section.tone == "verdict" else [f"## {escaped(section.title)}"]
    return parts + [text for block in section.blocks for text in block_parts(block)]


def block_parts(block: Block) -> list[str]:
    """Return one block as paragraphs of Markdown."""
    return [text for text in _paragraphs(block) if text]


def _paragraphs(block: Block) -> list[str]:
    if isinstance(block, Words):
        return [_guarded(escaped(each)) for each in block.sentences]
    if isinstance(block, Table):
        notes = "\n".join(f"- {escaped(note)}" for note in block.notes)
        return [_guarded(escaped(block.caption)), _table(block), notes]
    if isinstance(block, Cases):
        return [_case(each) for each in block.cases]
    if isinstance(block, References):
        return ["\n".join(map(_reference, block.references))]
    return [_table(block.table)] if block.table else []


def _table(table: Table) -> str:
    if not table.rows:
        return ""
    rule = ["---" if place < table.n_words else "---:" for place in range(len(table.head))]
    lines = [[escaped(name) or " " for name in table.head], rule]
    lines += [[escaped(cell.joined) or " " for cell in row] for row in table.rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _case(case: Case) -> str:
    facts = f" ({escaped(case.facts)})" if case.facts else ""
    lines = [f"**{escaped(case.target)}**, {escaped(case.criterion)}{facts}", ""]
    if case.excerpt.strip():
        lines += [f"> {_guarded(escaped(case.excerpt))}", ""]
    for voice in case.voices:
        spoken = f" {escaped(voice.rationale)}" if voice.rationale.strip() else ""
        lines.append(f"- **{escaped(voice.name)}**: {escaped(voice.answer)}.{spoken}")
    return "\n".join(lines)


def _reference(work: Reference) -> str:
    """Return one work; its address comes from the table of works, not from others' text."""
    linked = f" [{escaped(work.identifier)}]({work.address})" if work.address else ""
    return f"- {escaped(work.text)}{linked}"


def _guarded(line: str) -> str:
    """Return a paragraph that Markdown does not take for a heading, a list or a rule."""
    return re.sub(r"^(\d{0,9})([#+=.)-])", r"\1\\\2", line)
