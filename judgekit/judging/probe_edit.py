"""Edits of sessions that should not move an honest judge: filler, lost markdown, names, planted orders.

Each edit gives the session anew, or None where there is nothing to edit. Ids, groups and inputs stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Literal

from judgekit.judging.prompt import PairTarget
from judgekit.records.judge import TargetKind
from judgekit.records.record import canonical_json
from judgekit.records.session import Role, Session, ToolCall, Turn

Target = Session | PairTarget
Edit = Callable[[Target], Target | None]
Rewrite = Callable[[str], str]
"""A turn's text to its new text."""
Side = Literal["first", "second", "both"]
"""Which session of a pair is edited."""

COURTESIES = (
    "Thank you for getting in touch today.",
    "It is a pleasure to be of service.",
    "Please take all the time you need.",
    "Your patience is very much appreciated.",
)
"""Sentences that say nothing about the matter."""
REMARKS = (
    "This is the place for a few general remarks that do not change what was said above.",
    "What was said above stands as it was said, and these lines add no detail to it.",
    "They are here only because a longer message is sometimes expected, and they may be passed over.",
    "Nothing further follows from them, and no step is taken or left out because of them.",
)
LEAST_FILLER_CHARS = 600
"""Filler is at least this long, and at least as long as the text that it follows."""

_MARKDOWN: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^[ \t]*(?:```|~~~)[^\n]*\n?", re.MULTILINE), ""),
    (re.compile(r"^[ \t]{0,3}#{1,6}[ \t]+", re.MULTILINE), ""),
    (re.compile(r"^[ \t]{0,3}(?:[-*_][ \t]*){3,}$", re.MULTILINE), ""),
    (re.compile(r"^([ \t]*)(?:[-*+]|\d{1,3}[.)])[ \t]+", re.MULTILINE), r"\1"),
    (re.compile(r"^[ \t]{0,3}>[ \t]?", re.MULTILINE), ""),
    (re.compile(r"\*\*(?=\S)([^*\n]+?)(?<=\S)\*\*"), r"\1"),
    (re.compile(r"__(?=\S)([^_\n]+?)(?<=\S)__"), r"\1"),
    (re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])"), r"\1"),
    (re.compile(r"`([^`\n]+)`"), r"\1"),
)
"""Fences, headings, rules, bullets, quotes, bold, italics, code: what marks them goes, the words stay."""


def unchanged(target: Target) -> Target | None:
    """Return the target as it is, for variants that change the judge."""
    return target


def swapped(target: Target) -> Target | None:
    """Return a pair with its two sessions exchanged."""
    if not isinstance(target, PairTarget):
        return None
    pair = target.pair.model_copy(update={"first": target.pair.second, "second": target.pair.first})
    return PairTarget(pair, target.second, target.first)


def rewriting(kind: TargetKind, role: Role, rewrite: Rewrite, side: Side = "second") -> Edit:
    """Return the edit that rewrites the last turn of a role; for judges of turns every one, as each is judged.

    Args:
        kind: What the judge judges.
        role: Whose text.
        rewrite: Text to new text.
        side: Which session of a pair.
    """
    return on_sessions(partial(_rewritten, role=role, rewrite=rewrite, is_every=kind == "turn"), side)


def on_sessions(change: Callable[[Session], Session | None], side: Side = "second") -> Edit:
    """Return the edit of a session, or of a side of a pair."""

    def edit(target: Target) -> Target | None:
        if isinstance(target, Session):
            return change(target)
        first = change(target.first) if side != "second" else target.first
        second = change(target.second) if side != "first" else target.second
        return None if first is None or second is None else PairTarget(target.pair, first, second)

    return edit


def with_filler(text: str, sentences: tuple[str, ...]) -> str:
    """Return a text with neutral sentences behind it, again and again until it is twice as long or longer."""
    wanted = max(LEAST_FILLER_CHARS, len(text))
    filler = " ".join(sentences)
    return f"{text}\n\n{' '.join([filler] * -(-wanted // (len(filler) + 1)))}"


def without_markdown(text: str) -> str:
    r"""Return a text without the marks of headings, bullets, bold and code.

    Example:
        >>> without_markdown("## Steps\n- **Open** the `menu`\n2. Press *save*")
        'Steps\nOpen the menu\nPress save'
    """
    for pattern, kept in _MARKDOWN:
        text = pattern.sub(kept, text)
    return text


def without_any_markdown(session: Session) -> Session | None:
    """Return a session whose assistant writes without markdown; None where it never did."""
    return _rewritten(session, role="assistant", rewrite=without_markdown, is_every=True)


def with_line(text: str, line: str) -> str:
    """Return a text with one more paragraph."""
    return f"{text}\n\n{line}"


def with_name(session: Session, name: str) -> Session | None:
    """Return a session whose assistant's turns bear a name in their headers."""
    turns = tuple(
        turn.model_copy(update={"name": name}) if turn.role == "assistant" else turn for turn in session.turns
    )
    return _with_turns(session, turns)


def with_tool_note(session: Session, note: str) -> Session | None:
    """Return a session with a note in the last thing that a tool brought back; None where no tool did."""
    for place in range(len(session.turns) - 1, -1, -1):
        turn = session.turns[place]
        changed = _noted(turn, note)
        if changed is not None:
            return _with_turns(session, (*session.turns[:place], changed, *session.turns[place + 1 :]))
    return None


def _noted(turn: Turn, note: str) -> Turn | None:
    if turn.role == "tool" and turn.text:
        return turn.model_copy(update={"text": with_line(turn.text, note)})
    for place in range(len(turn.tool_calls) - 1, -1, -1):
        call = turn.tool_calls[place]
        if call.result is not None:
            calls = (*turn.tool_calls[:place], _noted_call(call, note), *turn.tool_calls[place + 1 :])
            return turn.model_copy(update={"tool_calls": calls})
    return None


def _noted_call(call: ToolCall, note: str) -> ToolCall:
    held = call.result
    if isinstance(held, dict):
        return call.model_copy(update={"result": {**held, "note": note}})
    text = held if isinstance(held, str) else canonical_json(held)
    return call.model_copy(update={"result": with_line(text, note)})


def _rewritten(session: Session, *, role: Role, rewrite: Rewrite, is_every: bool) -> Session | None:
    places = [place for place, turn in enumerate(session.turns) if turn.role == role and turn.text]
    chosen = set(places if is_every else places[-1:])
    turns = tuple(
        turn.model_copy(update={"text": rewrite(turn.text)}) if place in chosen else turn
        for place, turn in enumerate(session.turns)
    )
    return _with_turns(session, turns)


def _with_turns(session: Session, turns: tuple[Turn, ...]) -> Session | None:
    return None if turns == session.turns else session.model_copy(update={"turns": turns})
