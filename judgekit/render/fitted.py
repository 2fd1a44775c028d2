"""Markdown within a limit of bytes: what does not fit is cut from the end of each list, and said to be cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from judgekit.render.block import Block, Case, Cases, References, Section, Words
from judgekit.render.markdown import block_parts, escaped
from judgekit.render.number import count_text
from judgekit.render.table import Cell, Table

CUT = "… (cut)"
"""Ends a text that was shortened."""
_RESERVE = 1_000
"""Bytes kept for saying what was cut."""
_SHARES = 12
"""One of so many parts of the whole is kept for each section that follows."""


def fitted(head: Sequence[str], sections: Sequence[Section], limit: int) -> str:
    """Return paragraphs and then sections as Markdown, ending with a line end.

    A section that is too long leaves room for the beginnings of those after it.

    Args:
        head: Paragraphs of our own that always stand.
        sections: In the order in which they matter.
        limit: Most bytes.
    """
    parts = list(head)
    lost: list[str] = []
    room = limit - _RESERVE - sum(map(_size, parts))
    least = [min(sum(map(_size, _taken(section, limit)[0])), limit // _SHARES) for section in sections]
    for place, section in enumerate(sections):
        taken, missing = _taken(section, max(room - sum(least[place + 1 :]), min(room, least[place])))
        room -= sum(map(_size, taken))
        parts += taken
        lost += [f"{cut(section.title, 60)}: {missing}"] if missing else []
    if lost:
        words = cut("; ".join(lost), _RESERVE // 3)
        parts.append(f"_Cut to fit the platform's limit: {escaped(words)}. The saved report has all of it._")
    return "\n\n".join(parts) + "\n"


def shortened(section: Section, longest: int, *, n_cases: int | None = None) -> Section:
    """Return a section in which no text is longer than so many characters, and no list of cases than so many."""
    return replace(section, title=cut(section.title, longest), blocks=tuple(_short(section.blocks, longest, n_cases)))


def cut(text: str, longest: int) -> str:
    """Return a text of at most so many characters; one that was cut says so.

    Example:
        >>> cut("abcdefghijklmnop", 10)
        'abc… (cut)'
    """
    return text if len(text) <= longest else text[: longest - len(CUT)] + CUT


def _taken(section: Section, room: int) -> tuple[list[str], str]:
    """Return as much of a section as fits, and in words what does not."""
    title = [] if section.tone == "verdict" else [f"### {escaped(section.title)}"]
    room -= sum(map(_size, title))
    taken: list[str] = []
    missing = 0
    for block in section.blocks:
        n_all = _length(block)
        n = _most(block, n_all, room)
        shown = block_parts(_first(block, n)) if n or not n_all else []
        room -= sum(map(_size, shown))
        taken += shown
        missing += n_all - n
    words = f"{count_text(missing)} of {count_text(sum(map(_length, section.blocks)))} lines" if missing else ""
    return (title + taken if taken else []), words


def _most(block: Block, n_all: int, room: int) -> int:
    """Return how many of a block's first lines fit."""
    low, high = 0, n_all
    while low < high:
        middle = (low + high + 1) // 2
        if sum(map(_size, block_parts(_first(block, middle)))) <= room:
            low = middle
        else:
            high = middle - 1
    return low


def _length(block: Block) -> int:
    if isinstance(block, Table):
        return len(block.rows)
    if isinstance(block, Cases):
        return len(block.cases)
    if isinstance(block, Words):
        return len(block.sentences)
    return len(block.references) if isinstance(block, References) else 0


def _first(block: Block, n: int) -> Block:
    if isinstance(block, Table):
        return replace(block, rows=block.rows[:n])
    if isinstance(block, Cases):
        return Cases(block.cases[:n])
    if isinstance(block, Words):
        return Words(block.sentences[:n], block.is_caution)
    return References(block.references[:n]) if isinstance(block, References) else block


def _short(blocks: Sequence[Block], longest: int, n_cases: int | None) -> Iterator[Block]:
    for block in blocks:
        if isinstance(block, Table):
            yield _short_table(block, longest)
        elif isinstance(block, Words):
            yield Words(tuple(cut(each, longest) for each in block.sentences), block.is_caution)
        elif isinstance(block, Cases):
            kept = block.cases[:n_cases]
            yield Cases(tuple(_short_case(each, longest) for each in kept))
            n_more = len(block.cases) - len(kept)
            if n_more:
                yield Words((f"{count_text(n_more)} more in the saved report.",))
        elif isinstance(block, References):
            yield block


def _short_table(table: Table, longest: int) -> Table:
    rows = tuple(tuple(Cell(cut(each.text, longest), cut(each.detail, longest)) for each in row) for row in table.rows)
    return Table(
        head=tuple(cut(each, longest) for each in table.head),
        rows=rows,
        n_words=table.n_words,
        caption=cut(table.caption, longest),
        notes=tuple(cut(each, longest) for each in table.notes),
    )


def _short_case(case: Case, longest: int) -> Case:
    voices = tuple(
        replace(
            each,
            name=cut(each.name, longest),
            answer=cut(each.answer, longest),
            rationale=cut(each.rationale, longest),
        )
        for each in case.voices
    )
    return replace(
        case,
        target=cut(case.target, longest),
        criterion=cut(case.criterion, longest),
        facts=cut(case.facts, longest),
        excerpt=cut(case.excerpt, longest),
        voices=voices,
    )


def _size(part: str) -> int:
    return len(part.encode("utf-8", "surrogatepass")) + 2
