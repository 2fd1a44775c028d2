"""A reply's text in; an answer, or why it cannot be read, out. Never a guess, never a default.

JSON readings take the last whole object that has the value's key. Regex readings take the match that ends last,
whichever row it belongs to, since judges reason first and conclude last.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

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
NOT_APPLICABLE_WORDS = frozenset({NOT_APPLICABLE, "not applicable", "n/a", "na"})
CANNOT_JUDGE_WORDS = frozenset({CANNOT_JUDGE, "cannot judge", "can't judge"})
SWAPPED: dict[Value | None, Value] = {"first": "second", "second": "first"}


@dataclass(frozen=True, slots=True)
class Answered:
    """What a reply says.

    Attributes:
        value: The legal value, for a pair in the pair's own order; None exactly when `status` is not `ok`.
        status: `ok`, `not_applicable` or `cannot_judge`.
        rationale: The judge's reason; None when the reply gives none.
    """

    value: Value | None
    status: AnswerStatus = "ok"
    rationale: str | None = None


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
    stopped = _stopped(finish_reason, refusal)
    if stopped is not None:
        return stopped
    found = _truncated(_read(judge, text), text, finish_reason)
    return _in_own_order(judge, found) if order == "swapped" else found


def read_answers(
    judge: Judge,
    text: str,
    *,
    finish_reason: str | None = None,
    refusal: str | None = None,
    order: Order | None = None,
) -> dict[str, Answered | Unreadable]:
    """Return what a reply says on each of the judge's criteria, by id; the arguments are those of `read_reply`.

    A part that cannot be read leaves the others standing.
    """
    if not judge.further_criteria:
        found = read_reply(judge, text, finish_reason=finish_reason, refusal=refusal, order=order)
        return {judge.criterion.id: found}
    stopped = _stopped(finish_reason, refusal)
    objects = _objects_of(text) if stopped is None else stopped
    answers: dict[str, Answered | Unreadable] = {}
    for criterion in judge.criteria:
        part = objects if isinstance(objects, Unreadable) else _read_part(criterion, judge.reading, objects)
        part = _truncated(part, text, finish_reason)
        answers[criterion.id] = _in_own_order(judge, part) if order == "swapped" else part
    return answers


def value_span(reading: Reading, text: str) -> tuple[int, int] | None:
    """Return where the value stands in a reply that is read by patterns: its group, or the whole of its match."""
    spoken = _without_thinking(text)
    found = _winner(reading, spoken)
    if found is None:
        return None
    match, pattern = found
    start, end = match.span(1 if pattern.value is None and pattern.status == "ok" else 0)
    n_before = len(text) - len(spoken)
    return n_before + start, n_before + end


def check_reading(judge: Judge) -> None:
    """Check the regex table against Python's syntax and the judge's scale.

    Raises:
        InvalidRecord: A pattern does not compile, captures nothing where it must, or means a value that is not legal.
    """
    for row, pattern in enumerate(judge.reading.patterns, 1):
        _check_pattern(pattern, judge.criterion, where=f"reading.patterns row {row} ({pattern.match!r})")


def _stopped(finish_reason: str | None, refusal: str | None) -> Unreadable | None:
    """Return the refusal that makes all else in a reply void."""
    if refusal:
        return Unreadable("refused", f"the model refused: {_excerpt(refusal)}")
    if (finish_reason or "").casefold() in FILTERED:
        return Unreadable("refused", f"the reply was stopped: finish_reason {finish_reason}")
    return None


def _truncated(found: Answered | Unreadable, text: str, finish_reason: str | None) -> Answered | Unreadable:
    """Tell a reply that was cut off from one that never had an answer."""
    if isinstance(found, Answered) or found.status != "unparsed" or (finish_reason or "").casefold() not in CUT_OFF:
        return found
    return Unreadable("truncated", f"the reply was cut off before its answer: {_excerpt(text)}")


def _read(judge: Judge, text: str) -> Answered | Unreadable:
    spoken = _spoken(text)
    if isinstance(spoken, Unreadable):
        return spoken
    return _read_patterns(judge, spoken) if judge.reading.method == "regex" else _read_json(judge, spoken)


def _objects_of(text: str) -> list[dict[str, Any]] | Unreadable:
    spoken = _spoken(text)
    return spoken if isinstance(spoken, Unreadable) else json_objects(spoken)


def _read_part(criterion: Criterion, reading: Reading, objects: Sequence[dict[str, Any]]) -> Answered | Unreadable:
    """Read one criterion's object in the last whole object that has its id."""
    holding = [found[criterion.id] for found in objects if criterion.id in found]
    if not holding:
        return Unreadable("unparsed", f"no whole JSON object with the key {criterion.id!r}")
    part = holding[-1]
    if not isinstance(part, dict) or reading.value_key not in part:
        return Unreadable("unparsed", f"{criterion.id!r} is no object with the key {reading.value_key!r}")
    rationale = part.get(reading.rationale_key)
    return read_value(criterion, part[reading.value_key], rationale if isinstance(rationale, str) else None)


def _spoken(text: str) -> str | Unreadable:
    """Return what was said aloud, or why nothing is read."""
    if len(text) > MAX_REPLY_CHARS:
        return Unreadable(
            "unparsed", f"the reply has {len(text)} characters, more than the {MAX_REPLY_CHARS} that are read"
        )
    spoken = _without_thinking(text)
    return spoken if spoken.strip() else Unreadable("unparsed", "the reply is empty")


def _without_thinking(text: str) -> str:
    """Drop a leading `<think>` block: drafts are not answers, and a block that never closes holds nothing else."""
    if not text.lstrip().startswith("<think>"):
        return text
    return text.partition("</think>")[2]


def _in_own_order(judge: Judge, found: Answered | Unreadable) -> Answered | Unreadable:
    """Map what was shown first and second back to the pair's own order."""
    if isinstance(found, Unreadable) or judge.target != "pair":
        return found
    return replace(found, value=SWAPPED.get(found.value, found.value))


def _read_json(judge: Judge, text: str) -> Answered | Unreadable:
    key = judge.reading.value_key
    candidates = [found for found in json_objects(text) if key in found]
    if not candidates:
        return Unreadable("unparsed", f"no whole JSON object with the key {key!r} in {_excerpt(text)}")
    rationale = candidates[-1].get(judge.reading.rationale_key)
    return read_value(judge.criterion, candidates[-1][key], rationale if isinstance(rationale, str) else None)


def read_value(criterion: Criterion, raw: object, rationale: str | None) -> Answered | Unreadable:
    """Read what stands for the value: a legal value, or the word for another answer."""
    reason = (rationale or "").strip() or None
    word = raw.strip().casefold() if isinstance(raw, str) else None
    value = _legal_value(criterion, raw)
    is_level = value is not None and criterion.scale.type != "text"
    if not is_level and word in CANNOT_JUDGE_WORDS:
        return Answered(None, "cannot_judge", reason)
    if not is_level and word in NOT_APPLICABLE_WORDS and criterion.not_applicable:
        return Answered(None, "not_applicable", reason)
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
    return read_value(judge.criterion, raw, reason)


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
