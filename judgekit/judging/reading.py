"""A reply's text in; an answer, or why it cannot be read, out. Never a guess, never a default.

JSON readings take the last whole object that has the value's key. Regex readings take the match that ends last,
whichever row it belongs to, since judges reason first and conclude last.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from judgekit.errors import InvalidRecord
from judgekit.judging.answer_form import CANNOT_JUDGE, NOT_APPLICABLE
from judgekit.judging.json_reply import Contradiction, json_objects
from judgekit.records.judge import Judge, Pattern, Reading
from judgekit.records.label import AnswerStatus
from judgekit.records.rubric import Criterion, Value
from judgekit.records.verdict import Order

MAX_REPLY_CHARS = 200_000
"""Longest reply that is read, in characters; it bounds the time that a bad pattern can take."""

CUT_OFF = frozenset({"length", "max_tokens"})
FILTERED = frozenset({"content_filter", "refusal", "safety"})
_NOT_APPLICABLE_WORDS = frozenset({NOT_APPLICABLE, "not applicable", "n/a", "na"})
_CANNOT_JUDGE_WORDS = frozenset({CANNOT_JUDGE, "cannot judge", "can't judge"})
_SWAPPED: dict[Value | None, Value] = {"first": "second", "second": "first"}


@dataclass(frozen=True, slots=True)
class Answered:
    """What a reply says.

    Attributes:
        value: The legal value, for a pair in the pair's own order; None exactly when `status` is not `ok`.
        status: `ok`, `not_applicable` or `cannot_judge`.
        rationale: The judge's reason; None when the reply gives none.
        distribution: JSON text of each value -> probability; None: the reply names one value only.
    """

    value: Value | None
    status: AnswerStatus = "ok"
    rationale: str | None = None
    distribution: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a reply is not an answer.

    Attributes:
        status: `unparsed`, `refused` or `truncated`, as a failure's.
        detail: One line on what was found instead.
    """

    status: Literal["unparsed", "refused", "truncated"]
    detail: str


def read_reply(
    judge: Judge,
    text: str,
    *,
    finish_reason: str | None = None,
    refusal: str | None = None,
    order: Order | None = None,
) -> Answered | Unreadable:
    """Return what a reply says, or why it cannot be read.

    Args:
        judge: Whose reading rules and scale apply; its patterns have passed `check_reading`.
        text: The reply.
        finish_reason: Why the model stopped, as the engine says.
        refusal: The model's refusal, where the engine reports one apart from the text.
        order: How a pair was shown; `swapped` maps first and second back to the pair's own order.
    """
    if refusal:
        return Unreadable("refused", f"the model refused: {_excerpt(refusal)}")
    stop = (finish_reason or "").casefold()
    if stop in FILTERED:
        return Unreadable("refused", f"the reply was stopped: finish_reason {finish_reason}")
    found = _read(judge, text)
    if isinstance(found, Answered):
        return _in_own_order(judge, found) if order == "swapped" else found
    if found.status == "unparsed" and stop in CUT_OFF:
        return Unreadable("truncated", f"the reply was cut off before its answer: {_excerpt(text)}")
    return found


def check_reading(judge: Judge) -> None:
    """Check the regex table against Python's syntax and the judge's scale.

    Raises:
        InvalidRecord: A pattern does not compile, captures nothing where it must, or means a value that is not legal.
    """
    for row, pattern in enumerate(judge.reading.patterns, 1):
        _check_pattern(pattern, judge.criterion, where=f"reading.patterns row {row} ({pattern.match!r})")


def _read(judge: Judge, text: str) -> Answered | Unreadable:
    if len(text) > MAX_REPLY_CHARS:
        return Unreadable(
            "unparsed", f"the reply has {len(text)} characters, more than the {MAX_REPLY_CHARS} that are read"
        )
    spoken = _without_thinking(text)
    if not spoken.strip():
        return Unreadable("unparsed", "the reply is empty")
    return _read_patterns(judge, spoken) if judge.reading.method == "regex" else _read_json(judge, spoken)


def _without_thinking(text: str) -> str:
    """Drop a leading `<think>` block: drafts are not answers, and a block that never closes holds nothing else."""
    if not text.lstrip().startswith("<think>"):
        return text
    return text.partition("</think>")[2]


def _in_own_order(judge: Judge, found: Answered) -> Answered:
    """Map what was shown first and second back to the pair's own order."""
    return replace(found, value=_SWAPPED.get(found.value, found.value)) if judge.target == "pair" else found


def _read_json(judge: Judge, text: str) -> Answered | Unreadable:
    key = judge.reading.value_key
    candidates = [found for found in json_objects(text) if key in found]
    if not candidates:
        return Unreadable("unparsed", f"no whole JSON object with the key {key!r} in {_excerpt(text)}")
    rationale = candidates[-1].get(judge.reading.rationale_key)
    return _read_value(judge.criterion, candidates[-1][key], rationale if isinstance(rationale, str) else None)


def _read_value(criterion: Criterion, raw: object, rationale: str | None) -> Answered | Unreadable:
    """Read what stands for the value: a legal value, or the word for another answer."""
    reason = (rationale or "").strip() or None
    word = raw.strip().casefold() if isinstance(raw, str) else None
    is_level = _legal_value(criterion, raw) is not None and criterion.scale.type != "text"
    if not is_level and word in _CANNOT_JUDGE_WORDS:
        return Answered(None, "cannot_judge", reason)
    if not is_level and word in _NOT_APPLICABLE_WORDS and criterion.not_applicable:
        return Answered(None, "not_applicable", reason)
    value = _legal_value(criterion, raw)
    if value is None:
        return Unreadable("unparsed", f"the value {_excerpt(_shown(raw))} is not on the {criterion.scale.type} scale")
    return Answered(value, rationale=reason)


def _legal_value(criterion: Criterion, raw: object) -> Value | None:
    scale = criterion.scale
    is_list_where_legal = scale.type == "multi_select" and isinstance(raw, list)
    is_bare = isinstance(raw, str | int | float) and not (scale.type == "text" and not isinstance(raw, str))
    if not (is_list_where_legal or is_bare) or (isinstance(raw, str) and not raw.strip()):
        return None
    try:
        return scale.read(raw)
    except InvalidRecord:
        return None


def _read_patterns(judge: Judge, text: str) -> Answered | Unreadable:
    found = _winner(judge.reading, text)
    if found is None:
        return Unreadable("unparsed", f"no pattern matches {_excerpt(text)}")
    match, pattern = found
    if pattern.status == "refused":
        return Unreadable("refused", f"a pattern reads this as a refusal: {_excerpt(match.group())}")
    reason = text[: match.start()].strip() or text[match.end() :].strip() or None
    if pattern.status != "ok":
        return Answered(None, pattern.status, reason)
    raw = match.group(1) if pattern.value is None else _as_json(pattern.value)
    return _read_value(judge.criterion, raw, reason)


def _winner(reading: Reading, text: str) -> tuple[re.Match[str], Pattern] | None:
    """Return the match that counts, by the table's own rule, with its pattern."""
    matches = [(match, pattern) for pattern in reading.patterns if (match := _last_match(pattern, text)) is not None]
    if not matches or reading.wins == "first_pattern":
        return matches[0] if matches else None
    latest = max(_place(match) for match, _ in matches)
    return next(each for each in matches if _place(each[0]) == latest)


def _last_match(pattern: Pattern, text: str) -> re.Match[str] | None:
    """Return the match that ends last; one of no characters says nothing and is not counted."""
    last = None
    for match in re.finditer(pattern.match, text):
        last = match if match.group() else last
    return last


def _place(match: re.Match[str]) -> tuple[int, int]:
    """Order matches by where they end, then by length."""
    return match.end(), match.end() - match.start()


def _check_pattern(pattern: Pattern, criterion: Criterion, *, where: str) -> None:
    try:
        n_groups = re.compile(pattern.match).groups
    except (re.error, RecursionError, OverflowError) as error:
        raise InvalidRecord(f"not a regular expression: {error}", where=where, hint="Mend the pattern") from error
    if pattern.status == "ok" and pattern.value is None and n_groups == 0:
        raise InvalidRecord(
            "neither a value nor a group", where=where, hint="Put (...) around the part that is the value, or give one"
        )
    if pattern.status == "not_applicable" and not criterion.not_applicable:
        raise InvalidRecord(
            f"not_applicable is no answer to {criterion.id!r}",
            where=where,
            hint="Allow it in the rubric, or drop the row",
        )
    if pattern.value is not None and _legal_value(criterion, _as_json(pattern.value)) is None:
        raise InvalidRecord(
            f"the value {pattern.value!r} is not on the {criterion.scale.type} scale", where=where, hint="Give a level"
        )


def _as_json(value: Value) -> object:
    return list(value) if isinstance(value, tuple) else value


def _shown(raw: object) -> str:
    if isinstance(raw, Contradiction):
        return "given twice, differently,"
    return raw if isinstance(raw, str) else json.dumps(raw, ensure_ascii=False, default=lambda _: "...")


def _excerpt(text: str, n_chars: int = 120) -> str:
    """Return the end of a text, where answers stand, on one line."""
    line = " ".join(text.split())
    return json.dumps(line if len(line) <= n_chars else "..." + line[-n_chars:], ensure_ascii=False)
