"""What the assistant said in a session or turn, and how long and how marked up it is."""

from __future__ import annotations

import re

from judgekit.records.session import Session

_MARKED = re.compile(r"\s*([-*+•]\s|\d+[.)]\s|#{1,6}\s|\||>\s|```)|.*\*\*\S")
"""A line of a list, heading, table, quotation or code, or with bold words, in Markdown."""


def assistant_text(session: Session | None, turn: str | None = None) -> str:
    """Return the assistant's words, of one turn where it is named, whoever speaks in it."""
    if session is None:
        return ""
    if turn is not None:
        return next((each.text for each in session.turns if each.id == turn), "")
    return "\n".join(each.text for each in session.turns if each.role == "assistant" and each.text)


def n_words(text: str) -> int:
    """Return the number of words.

    Example:
        >>> n_words("It left  on Monday.")
        4
    """
    return len(text.split())


def marked_share(text: str) -> float | None:
    r"""Return the share of lines with Markdown in them; None of a text without lines.

    Example:
        >>> marked_share("Two steps:\n- restart\n- wait\n\nThen **call** us.")
        0.75
    """
    lines = [line for line in text.splitlines() if line.strip()]
    return sum(bool(_MARKED.match(line)) for line in lines) / len(lines) if lines else None
