"""Text that others wrote, made harmless for one line of a terminal or page, measured and wrapped.

Nothing is cut: what is too long is wrapped, and what would act (control characters, direction overrides)
is shown as its code.
"""

from __future__ import annotations

import re
import unicodedata

JOINERS = "\u200c\u200d"
"""Zero-width (non-)joiners: letters of Persian or Hindi and joined emoji need them, pages may keep them."""
_ATOM = re.compile(r"[^\s\[]*\[[-+>.,%\d eE]{1,40}\]\S*|\S+")
"""A word, or an interval, which stays in one piece."""


def visible(text: str, *, keep: str = "") -> str:
    r"""Return the text with control and direction-changing characters shown as codes, odd spaces as a space.

    Args:
        text: Anything, several lines included.
        keep: Characters to leave alone.

    Example:
        >>> visible("red \x1b[31m\r\nnext")
        'red \\x1b[31m\nnext'
    """
    if text.isprintable():
        return text
    return "".join(_harmless(character, keep) for character in text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """Return the text with every run of white space as one space."""
    return " ".join(text.split())


def width(text: str) -> int:
    """Return how many columns a terminal gives a text, approximately: wide East-Asian characters take two.

    Example:
        >>> width("abc"), width("評価")
        (3, 4)
    """
    return len(text) if text.isascii() else sum(map(_columns, text))


def wrap(text: str, columns: int, *, indent: str = "", hanging: str | None = None) -> list[str]:
    """Return the text's lines, none wider than `columns`; a word too long for a line goes on in the next.

    Args:
        text: Lines of words; its own line ends are kept.
        columns: Widest line, indent included.
        indent: What the first line begins with.
        hanging: What the other lines begin with; the indent when not given.
    """
    rest = indent if hanging is None else hanging
    lines: list[str] = []
    for paragraph in visible(text).split("\n"):
        lead = rest if lines else indent
        lines += _filled(_ATOM.findall(paragraph), columns, lead, rest) or [lead.rstrip()]
    return lines


def atoms(text: str) -> list[str]:
    """Return the pieces between which a line may break."""
    return _ATOM.findall(visible(text))


def padded(text: str, columns: int, *, to_the_right: bool = False) -> str:
    """Return the text filled with spaces to a width in columns."""
    gap = " " * max(0, columns - width(text))
    return gap + text if to_the_right else text + gap


def _filled(words: list[str], columns: int, lead: str, rest: str) -> list[str]:
    lines: list[str] = []
    line, has_word = lead, False
    for word in words:
        room = columns - width(line) - has_word
        if has_word and width(word) > room:
            lines.append(line)
            line, has_word, room = rest, False, columns - width(rest)
        while width(word) > room:
            head = _head(word, room)
            lines.append(line + head)
            word, line, room = word[len(head) :], rest, columns - width(rest)  # noqa: PLW2901  # the word's remainder
        line, has_word = line + (" " if has_word else "") + word, True
    return [*lines, line] if has_word else lines


def _head(word: str, columns: int) -> str:
    """Return as much of a word as fits, at least one character."""
    taken = 0
    for place, character in enumerate(word):
        taken += _columns(character)
        if taken > columns and place:
            return word[:place]
    return word


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _harmless(character: str, keep: str) -> str:
    if character.isprintable() or character == "\n" or character in keep:
        return character
    if character == "\t" or unicodedata.category(character) == "Zs":
        return " "
    if character == "\r" or unicodedata.category(character) in ("Zl", "Zp"):
        return "\n"
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
