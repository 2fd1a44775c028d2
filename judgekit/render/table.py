"""A table as data, and as aligned columns of plain text; numbers are never cut, wide tables go on below."""

from __future__ import annotations

from dataclasses import dataclass, field

from judgekit.render.plain import atoms, padded, width, wrap

GAP = "  "
NARROWEST_WORDS = 10
"""A column of words shrinks no further than this; longer words go on in the next line."""

LEAST_HEAD = 12
"""A column's head is given this much before words elsewhere may keep their width."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in one place of a table.

    Attributes:
        text: The word or number.
        detail: What belongs below it, such as its interval.
    """

    text: str
    detail: str = ""

    @property
    def joined(self) -> str:
        """Both in one line."""
        return f"{self.text} {self.detail}" if self.detail else self.text


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a head.

    Attributes:
        head: Names of the columns; the first names the rows.
        rows: Cells, as many a row as the head has.
        n_words: How many leading columns hold words; the rest are numbers, aligned to the right.
        caption: One line on what it shows.
        notes: What must be said below it.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    n_words: int = 1
    caption: str = ""
    notes: tuple[str, ...] = field(default=())


def aligned(table: Table, columns: int) -> list[str]:
    """Return a table's lines, none wider than `columns`.

    Args:
        table: What to show; caption and notes are the caller's.
        columns: Widest line.
    """
    widths = _widths(table, columns)
    if widths is None:
        return _continued(table, columns)
    lines = _line_block(tuple(Cell(name) for name in table.head), widths, table.n_words, is_head=True)
    lines.append(GAP.join("-" * each for each in widths))
    for row in table.rows:
        lines += _line_block(row, widths, table.n_words)
    return lines


def _widths(table: Table, columns: int) -> list[int] | None:
    """Return each column's width, or None when the numbers do not fit beside each other.

    Details stand beside their values where there is room, else all of them below, else words wrap.
    """
    room = columns - len(GAP) * (len(table.head) - 1)
    natural = [_widest(column, table.head[place]) for place, column in enumerate(_columns_of(table, is_joined=True))]
    if sum(natural) <= room:
        return natural
    split = _columns_of(table, is_joined=False)
    widths = [_widest(column, "" if place else table.head[0]) for place, column in enumerate(split)]
    heads = [max(_longest_atom([name]), min(LEAST_HEAD, width(name))) for name in table.head]
    widths = list(map(max, widths, heads))
    least = [
        min(each, NARROWEST_WORDS) if place < table.n_words else _longest_atom([*split[place], table.head[place]])
        for place, each in enumerate(widths)
    ]
    while sum(widths) > room:
        loose = [place for place in range(len(widths)) if widths[place] > least[place]]
        if not loose:
            return None
        widths[max(loose, key=lambda place: (place < table.n_words, widths[place], place))] -= 1
    return widths


def _columns_of(table: Table, *, is_joined: bool) -> list[list[str]]:
    columns = [[row[place] for row in table.rows] for place in range(len(table.head))]
    if is_joined:
        return [[cell.joined for cell in column] for column in columns]
    return [[text for cell in column for text in (cell.text, cell.detail)] for column in columns]


def _widest(texts: list[str], head: str) -> int:
    return max([1, *(width(" ".join(atoms(text))) for text in [*texts, head])])


def _longest_atom(texts: list[str]) -> int:
    return max((width(atom) for text in texts for atom in atoms(text)), default=1)


def _line_block(row: tuple[Cell, ...], widths: list[int], n_words: int, *, is_head: bool = False) -> list[str]:
    pieces = [_pieces(cell, each) for cell, each in zip(row, widths, strict=True)]
    height = max(map(len, pieces))
    if is_head:
        pieces = [[""] * (height - len(lines)) + lines for lines in pieces]
    block = []
    for level in range(height):
        line = [
            padded(lines[level] if level < len(lines) else "", widths[place], to_the_right=place >= n_words)
            for place, lines in enumerate(pieces)
        ]
        block.append(GAP.join(line).rstrip())
    return block


def _pieces(cell: Cell, columns: int) -> list[str]:
    joined = " ".join(atoms(cell.joined))
    if width(joined) <= columns or not cell.detail:
        return wrap(joined, columns)
    return wrap(" ".join(atoms(cell.text)), columns) + wrap(" ".join(atoms(cell.detail)), columns)


def _continued(table: Table, columns: int) -> list[str]:
    """Return a table too wide to stand as several below each other, with as many columns each as fit."""
    last = len(table.head)
    ends = (end for end in range(last - 1, table.n_words, -1) if _widths(_part(table, table.n_words, end), columns))
    end = next(ends, None)
    if end is None:
        return _stacked(table, columns)
    first = aligned(_part(table, table.n_words, end), columns)
    return [*first, "", *aligned(_part(table, end, last), columns)]


def _part(table: Table, start: int, end: int) -> Table:
    """Return the columns of words, and those of numbers from start to end."""
    n = table.n_words
    rows = tuple((*row[:n], *row[start:end]) for row in table.rows)
    return Table((*table.head[:n], *table.head[start:end]), rows, n)


def _stacked(table: Table, columns: int) -> list[str]:
    """Return one short list per row, where not even one number fits beside the words."""
    lines: list[str] = []
    for row in table.rows:
        lines += wrap(" ".join(atoms(row[0].joined)), columns)
        for name, cell in zip(table.head[1:], row[1:], strict=True):
            entry = f"{' '.join(atoms(name))}: {' '.join(atoms(cell.joined))}"
            lines += wrap(entry, columns, indent="  ", hanging="    ")
    return lines
