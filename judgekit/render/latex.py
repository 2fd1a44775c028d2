"""A report as a LaTeX document: booktabs tables, the methods paragraph, cases and a bibliography, in one file.

It compiles with pdfLaTeX, LuaLaTeX and XeLaTeX. Text that others wrote stays text: every character that TeX acts on is
written by name, and one that the font has no letter for as its code.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from judgekit.records.any_report import KINDS
from judgekit.records.report import Report
from judgekit.render.bibliography import Reference
from judgekit.render.block import Block, Case, Cases, Content, References, Section, Words
from judgekit.render.citation import cited
from judgekit.render.content import METHOD_TITLE, content_of
from judgekit.render.plain import one_line, visible
from judgekit.render.table import Cell, Table

PREAMBLE = r"""\documentclass[11pt]{article}
\usepackage{iftex}
\ifPDFTeX
  \usepackage[T1]{fontenc}
  \usepackage[utf8]{inputenc}
  \newcommand{\judgekitcode}[1]{{\footnotesize[U+#1]}\allowbreak{}}
\else
  \usepackage{fontspec}
  \newcommand{\judgekitcode}[1]{%
    \iffontchar\font"#1\relax\char"#1\relax\else{\footnotesize[U+#1]}\fi\allowbreak{}}
\fi
\usepackage{textcomp}
\usepackage[margin=2.2cm]{geometry}
\usepackage{booktabs}
\usepackage{float}
\usepackage{graphicx}
\newsavebox{\judgekitbox}
\newcommand{\judgekitfit}[1]{\sbox{\judgekitbox}{#1}%
  \ifdim\wd\judgekitbox>\linewidth\resizebox{\linewidth}{!}{\usebox{\judgekitbox}}\else\usebox{\judgekitbox}\fi}
\makeatletter
\long\def\@makecaption#1#2{{\raggedright\textbf{#1.} #2\par}\vskip\belowcaptionskip}
\makeatother
\setlength{\belowcaptionskip}{.4em}
\setlength{\parindent}{0pt}
\setlength{\parskip}{.5em}
\setlength{\emergencystretch}{3em}
"""
ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "'": r"\textquotesingle{}", "`": r"\textasciigrave{}",
    "\u2013": r"\textendash{}", "\u2014": r"\textemdash{}", "\u2018": r"\textquoteleft{}",
    "\u2019": r"\textquoteright{}", "\u201c": r"\textquotedblleft{}", "\u201d": r"\textquotedblright{}",
    "\u2026": r"\textellipsis{}", "\u2022": r"\textbullet{}", "\u20ac": r"\texteuro{}", "\u2212": r"\ensuremath{-}",
    "\u2192": r"\ensuremath{\rightarrow}", "\u2190": r"\ensuremath{\leftarrow}", "\u2264": r"\ensuremath{\leq}",
    "\u2265": r"\ensuremath{\geq}", "\u00d7": r"\ensuremath{\times}", "\u00b1": r"\ensuremath{\pm}",
}  # fmt: skip
"""What TeX would act on or join into another sign, and common signs outside the letters below."""
LETTERS = frozenset(
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïñòóôõöøùúûüýþÿ"
    "ĂăĄąĆćČčĎďĐđĘęĚěĞğİıĹĺĽľŁłŃńŇňŐőŒœŔŕŘřŚśŞşŠšŢţŤťŮůŰűŸŹźŻżŽž"
    "¡¿«»£§©®°µ¶"
)
"""Letters beyond ASCII that pdfLaTeX's T1 fonts have."""
_MINUS = re.compile(r"(?<![\w}])-(?=\d)")
LONGEST_WORD = 24
LONGEST_CELL = 34
"""Characters of a cell that stand in one line."""
MOST_ROWS = 36
"""Rows of a table that fit a page; more go on in the next table."""


def render_latex(reports: Sequence[Report], *, title: str | None = None) -> str:
    """Return one document for a list of reports: agreement first, then scores, qualities and comparisons.

    Args:
        reports: At least one.
        title: The document's title; the only report's own, or `Report`, when not given.
    """
    ordered = sorted(reports, key=lambda report: KINDS.index(report.kind))
    contents = [content_of(report) for report in ordered]
    name = title or (contents[0].title if len(contents) == 1 else "Report")
    parts = [PREAMBLE, r"\begin{document}", f"{{\\LARGE\\bfseries {escaped(name)}\\par}}"]
    for content in contents:
        parts += _report(content, is_alone=len(contents) == 1 and title is None)
    works = {work.text: work for report in ordered for work in cited(report)}
    parts += [*_bibliography(sorted(works.values(), key=lambda work: (work.authors, work.year))), r"\end{document}"]
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    r"""Return others' text as one line that TeX shows as it is.

    Example:
        >>> print(escaped(r"\input{/etc/passwd} 100% of $x_1$ #2"))
        \textbackslash{}input\{/etc/passwd\} 100\% of \$x\_1\$ \#2
    """
    shown = unicodedata.normalize("NFC", visible(one_line(text))).replace("\n", " ")
    return " ".join(map(_word, shown.split(" ")))


def _word(word: str) -> str:
    """Return a word; a long one, such as a fingerprint, may be broken."""
    size = LONGEST_WORD if len(word) > LONGEST_WORD else len(word) + 1
    pieces = [word[start : start + size] for start in range(0, len(word), size)]
    return r"\allowbreak{}".join(_apart("".join(map(_character, piece))) for piece in pieces)


def _apart(text: str) -> str:
    """Return text in which no two signs join into a third: `--` would be a dash, `,,` a quotation mark."""
    for sign in "-,":
        text = text.replace(sign * 2, f"{sign}{{}}{sign}").replace(sign * 2, f"{sign}{{}}{sign}")
    return text


def _character(character: str) -> str:
    if character in ESCAPES:
        return ESCAPES[character]
    if character.isascii() or character in LETTERS:
        return character
    return f"\\judgekitcode{{{ord(character):04X}}}"


def _report(content: Content, *, is_alone: bool) -> Iterator[str]:
    if not is_alone:
        yield f"\\section*{{{escaped(content.title)}}}"
    facts = [f"{escaped(name)}: \\textbf{{{escaped(value)}}}" for name, value in content.facts]
    if facts:
        yield r"\\".join(facts)
    for section in content.sections:
        yield from _section(section)


def _section(section: Section) -> Iterator[str]:
    if section.is_pictures_only or any(isinstance(block, References) for block in section.blocks):
        return
    if section.tone != "verdict":
        yield f"\\subsection*{{{escaped(section.title)}}}"
    for block in section.blocks:
        if section.title == METHOD_TITLE and isinstance(block, Table):
            yield escaped(block.caption)
            yield _settings(block)
        else:
            yield from _block(block, section)


def _block(block: Block, section: Section) -> Iterator[str]:
    if isinstance(block, Words):
        if section.tone == "warning":
            yield _items(block.sentences)
        else:
            yield from map(escaped, block.sentences)
    elif isinstance(block, Table):
        yield from _tables(block, f"{section.title}. {block.caption}" if block.caption else section.title)
    elif isinstance(block, Cases):
        yield from map(_case, block.cases)
    elif not isinstance(block, References) and block.table:
        yield from _tables(block.table, f"{section.title}. {block.caption}")


def _tables(table: Table, caption: str) -> Iterator[str]:
    """Give a table, in parts where it is longer than a page."""
    if not table.rows:
        yield _items(table.notes) if table.notes else escaped(table.caption)
    for start in range(0, len(table.rows), MOST_ROWS):
        rows = table.rows[start : start + MOST_ROWS]
        notes = table.notes if start + MOST_ROWS >= len(table.rows) else ()
        yield _table(Table(table.head, rows, table.n_words, notes=notes), caption + (" (continued)" if start else ""))


def _table(table: Table, caption: str) -> str:
    columns = "".join("l" if place < table.n_words else "r" for place in range(len(table.head)))
    rows = [
        _line([Cell(name) for name in table.head], len(table.head)),
        r"\midrule",
        *(_line(row, table.n_words) for row in table.rows),
    ]
    body = "\n".join(
        [f"\\begin{{tabular}}{{@{{}}{columns}@{{}}}}", r"\toprule", *rows, r"\bottomrule", r"\end{tabular}"]
    )
    notes = [f"\\par\\smallskip\n{{\\footnotesize\\raggedright {_notes(table.notes)}\\par}}"] if table.notes else []
    parts = [r"\begin{table}[H]", r"\centering\small", f"\\caption{{{escaped(caption)}}}", f"\\judgekitfit{{{body}}}"]
    return "\n".join([*parts, *notes, r"\end{table}"])


def _line(cells: Sequence[Cell], n_words: int) -> str:
    return " & ".join(_cell(cell, is_number=place >= n_words) for place, cell in enumerate(cells)) + r" \\"


def _cell(cell: Cell, *, is_number: bool) -> str:
    text = escaped(cell.joined)
    text = _MINUS.sub("$-$", text) if is_number else text
    text = "{}" + text if text.startswith(("[", "*")) else text
    if len(cell.joined) <= LONGEST_CELL:
        return text
    width = "16em" if len(cell.joined) < 4 * LONGEST_CELL else "24em"
    return f"\\parbox[t]{{{width}}}{{\\raggedright {text}\\strut}}"


def _notes(notes: Sequence[str]) -> str:
    return " ".join(map(escaped, notes))


def _items(sentences: Sequence[str]) -> str:
    items = [f"\\item{{}} {escaped(each)}" for each in sentences]
    return "\n".join([r"\begin{itemize}", *items, r"\end{itemize}"])


def _settings(table: Table) -> str:
    listed = "; ".join(f"{escaped(row[0].text)}: {escaped(row[1].text)}" for row in table.rows)
    return f"{{\\footnotesize {listed}.\\par}}" if listed else ""


def _case(case: Case) -> str:
    facts = f" ({escaped(case.facts)})" if case.facts else ""
    lines = [f"\\textbf{{{escaped(case.target)}}}, {escaped(case.criterion)}{facts}."]
    if case.excerpt.strip():
        lines.append(f"\\textit{{{escaped(case.excerpt)}}}")
    for voice in case.voices:
        spoken = f" {escaped(voice.rationale)}" if voice.rationale.strip() else ""
        lines.append(f"\\hspace*{{1em}}\\textbf{{{escaped(voice.name)}}}: {escaped(voice.answer)}.{spoken}")
    return "\\par\n".join(lines)


def _bibliography(works: Sequence[Reference]) -> Iterator[str]:
    if not works:
        return
    items = []
    for work in works:
        key = work.short.lower().replace(" & ", "-").replace(" et al.", "").replace(" ", "-")
        identifier = f" {escaped(work.identifier)}." if work.identifier else ""
        items.append(f"\\bibitem[{{{escaped(work.short)}}}]{{{key}}} {escaped(work.text)}{identifier}")
    yield "\n".join([r"\begin{thebibliography}{99}", r"\footnotesize", *items, r"\end{thebibliography}"])
