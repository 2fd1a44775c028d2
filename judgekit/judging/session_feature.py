"""What a student looks at in a session: the words of each speaker, and the plain numbers of `FEATURES`.

Learning and applying both read sessions here and nowhere else, so that they cannot differ. Not here:
weights (`student`), or which words are worth keeping (`distill.vocabulary`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from judgekit.records.session import Passage, Session, ToolCall

FIELDS = {"user": "user", "assistant": "assistant", "tools": "tools"}
"""Text fields, each with a vocabulary of its own -> the word for it in a rationale."""
WORD = re.compile(r"\b\w{2,30}\b")
"""A word of the text fields; longer runs of letters are data, not words."""
_DIGITS = r"\d{1,20}(?:[.,]\d{3}(?!\d)){0,4}(?:(?:,\d{2}|\.\d{1,2})(?!\d))?"
_MONEY = r"(?:[€$£¥%]|\b(?:EUR|USD|GBP|CHF)\b)"
NUMBER = re.compile(_DIGITS)
AMOUNT = re.compile(rf"{_MONEY}\s?({_DIGITS})|({_DIGITS})\s?{_MONEY}")
"""A number with a currency or per cent beside it. All repeats are bounded: a megabyte of digits takes no longer."""
SHORTEST_CONTENT_WORD = 4


@dataclass(frozen=True, slots=True)
class SessionFeatures:
    """One session as a student sees it.

    Attributes:
        terms: Field -> words and pairs of neighbouring words, in order, repeats kept.
        plain: The numbers of `FEATURES`, in its order.
    """

    terms: Mapping[str, tuple[str, ...]]
    plain: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the plain features are counted from, gathered in one pass over the session.

    Attributes:
        roles: Who speaks, turn by turn.
        texts: Role -> the texts of its turns, empty ones left out.
        words: Role -> the words of each of those texts.
        calls: Tool calls in order.
        passages: Passages in order.
        evidence: Words of tool results and passages.
        known_numbers: Numbers that the assistant could have from tools, passages or other speakers.
    """

    roles: Sequence[str]
    texts: Mapping[str, Sequence[str]]
    words: Mapping[str, Sequence[Sequence[str]]]
    calls: Sequence[ToolCall]
    passages: Sequence[Passage]
    evidence: frozenset[str]
    known_numbers: frozenset[str]

    def said(self, role: str) -> str:
        """Return everything a role said."""
        return "\n".join(self.texts[role])

    def n_words(self, role: str) -> int:
        """Return how many words a role said."""
        return sum(map(len, self.words[role]))


@dataclass(frozen=True, slots=True)
class Feature:
    """One plain number.

    Attributes:
        name: What weights files call it.
        words: What a rationale calls it.
        of: The number.
        is_count: Whether it has no upper end, so that the student sees log(1 + number).
    """

    name: str
    words: str
    of: Callable[[Facts], float]
    is_count: bool = True


FEATURES: tuple[Feature, ...] = (
    Feature("turns", "turns", lambda f: len(f.roles)),
    Feature("user_turns", "user turns", lambda f: len(f.texts["user"])),
    Feature("assistant_turns", "assistant turns", lambda f: len(f.texts["assistant"])),
    Feature("user_words", "user words", lambda f: f.n_words("user")),
    Feature("assistant_words", "assistant words", lambda f: f.n_words("assistant")),
    Feature("longest_reply_words", "words in the longest reply", lambda f: _longest(f.words["assistant"])),
    Feature("last_user_words", "words in the user's last turn", lambda f: _last(f.words["user"])),
    Feature("ends_with_user", "the user speaks last", lambda f: f.roles[-1:] == ["user"], is_count=False),
    Feature("user_questions", "questions by the user", lambda f: f.said("user").count("?")),
    Feature("assistant_questions", "questions by the assistant", lambda f: f.said("assistant").count("?")),
    Feature("user_exclaims", "exclamation marks by the user", lambda f: f.said("user").count("!")),
    Feature("user_repeats", "the user repeating themselves", lambda f: _repetition(f.words["user"]), is_count=False),
    Feature(
        "assistant_repeats",
        "the assistant repeating itself",
        lambda f: _repetition(f.words["assistant"]),
        is_count=False,
    ),
    Feature("tool_calls", "tool calls", lambda f: len(f.calls)),
    Feature("distinct_tools", "different tools", lambda f: len({call.name for call in f.calls})),
    Feature("tool_errors", "tool errors", lambda f: sum(call.error is not None for call in f.calls)),
    Feature("empty_results", "tool calls without a result", lambda f: sum(_is_empty(call) for call in f.calls)),
    Feature("repeated_calls", "repeated tool calls", lambda f: len(f.calls) - len(set(map(_call_key, f.calls)))),
    Feature("ends_on_tool_error", "the last tool call failed", lambda f: _last_failed(f.calls), is_count=False),
    Feature("passages", "passages", lambda f: len(f.passages)),
    Feature(
        "grounded_share",
        "share of words found in passages or results",
        lambda f: _share(f.words["assistant"], f.evidence),
        is_count=False,
    ),
    Feature("unfounded_numbers", "numbers found in no result or passage", lambda f: _unfounded(f, NUMBER)),
    Feature("unfounded_amounts", "amounts found in no result or passage", lambda f: _unfounded(f, AMOUNT)),
)
"""Every plain feature there is, in the order of a weights file's columns."""


def session_features(session: Session) -> SessionFeatures:
    """Return what a student sees of a session.

    Example:
        >>> from judgekit.records.session import Session, Turn
        >>> seen = session_features(Session(id="s", turns=(Turn(id="1", role="user", text="Where is it?"),)))
        >>> seen.terms["user"]
        ('where', 'is', 'it', 'where is', 'is it')
    """
    facts = session_facts(session)
    words = {
        "user": [word for turn in facts.words["user"] for word in turn],
        "assistant": [word for turn in facts.words["assistant"] for word in turn],
        "tools": [word for call in facts.calls for word in words_of(_tool_text(call))],
    }
    terms = {field: (*words[field], *(" ".join(two) for two in pairwise(words[field]))) for field in FIELDS}
    return SessionFeatures(terms, tuple(float(feature.of(facts)) for feature in FEATURES))


def session_facts(session: Session) -> Facts:
    """Return what the plain features are counted from."""
    texts = {role: [t.text for t in session.turns if t.role == role and t.text.strip()] for role in _ROLES}
    calls = [call for turn in session.turns for call in turn.tool_calls]
    passages = [passage for turn in session.turns for passage in turn.passages]
    shown = "\n".join([*(p.text for p in passages), *map(_result_text, calls), *texts["tool"]])
    known = "\n".join([shown, *texts["user"], *texts["system"], *(p.source or "" for p in passages)])
    return Facts(
        roles=[turn.role for turn in session.turns],
        texts=texts,
        words={role: [words_of(text) for text in texts[role]] for role in _ROLES},
        calls=calls,
        passages=passages,
        evidence=frozenset(words_of(shown)),
        known_numbers=frozenset(_numbers(known, NUMBER)),
    )


def words_of(text: str) -> list[str]:
    """Return the words of a text, in small letters."""
    return WORD.findall(text.lower())


_ROLES = ("system", "user", "assistant", "tool")


def _longest(turns: Sequence[Sequence[str]]) -> int:
    return max(map(len, turns), default=0)


def _last(turns: Sequence[Sequence[str]]) -> int:
    return len(turns[-1]) if turns else 0


def _repetition(turns: Sequence[Sequence[str]]) -> float:
    """Return the largest share of words that one turn has in common with the one before (Jaccard)."""
    bags = [set(turn) for turn in turns if turn]
    return max((len(one & other) / len(one | other) for one, other in pairwise(bags)), default=0.0)


def _is_empty(call: ToolCall) -> bool:
    return call.error is None and call.result in (None, "", [], {})


def _last_failed(calls: Sequence[ToolCall]) -> bool:
    return bool(calls) and calls[-1].error is not None


def _call_key(call: ToolCall) -> tuple[str, str]:
    return call.name, json.dumps(call.arguments, sort_keys=True)


def _tool_text(call: ToolCall) -> str:
    return call.name if call.error is None else f"{call.name} error {call.error}"


def _result_text(call: ToolCall) -> str:
    return call.result if isinstance(call.result, str) else json.dumps(call.result, ensure_ascii=False)


def _share(turns: Sequence[Sequence[str]], evidence: frozenset[str]) -> float:
    said = [word for turn in turns for word in turn if len(word) >= SHORTEST_CONTENT_WORD]
    return sum(word in evidence for word in said) / len(said) if said else 0.0


def _unfounded(facts: Facts, pattern: re.Pattern[str]) -> int:
    return len(set(_numbers(facts.said("assistant"), pattern)) - facts.known_numbers)


def _numbers(text: str, pattern: re.Pattern[str]) -> Iterator[str]:
    """Yield numbers in one spelling, so that `1,200.00`, `1.200` and `1200` are one."""
    for found in pattern.finditer(text):
        raw = next((group for group in found.groups() if group), found.group())
        plain = re.sub(r"[.,](?=\d{3}(?!\d))", "", raw).replace(",", ".")
        yield plain.rstrip("0").rstrip(".") if "." in plain else plain
