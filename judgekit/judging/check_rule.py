"""The checks that come with judgekit: each looks at one session, or at one turn of it, and passes, fails or cannot say.

Patterns are searched as `pattern` says: no pattern and no text can hang a run for ever.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from pydantic import Field, model_validator

from judgekit.judging.pattern import Bounded, bounded_pattern
from judgekit.records.record import Record, canonical_json
from judgekit.records.session import Role, Session, ToolCall, Turn

EVIDENCE_CHARS = 80
"""Characters of evidence that a rationale quotes."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check says.

    Attributes:
        value: True for a pass; None where the session does not hold what is needed.
        rationale: Why, with turn and evidence.
    """

    value: bool | None
    rationale: str


def passed(rationale: str) -> Finding:
    """Return a pass."""
    return Finding(value=True, rationale=rationale)


def failed(rationale: str) -> Finding:
    """Return a fail."""
    return Finding(value=False, rationale=rationale)


def unknown(rationale: str) -> Finding:
    """Return that the session does not hold what is needed."""
    return Finding(value=None, rationale=rationale)


class ToolList(Record):
    """Options of `tool_allow_list` and `tool_deny_list`."""

    tools: tuple[str, ...] = Field(min_length=1)
    """Names of tools; `*` stands for any letters."""


class RepeatedCalls(Record):
    """Options of `repeated_calls`."""

    times: int = Field(default=3, ge=2)
    """How often in a row the same call, or the same cycle of calls, may not occur."""
    longest_cycle: int = Field(default=4, ge=1, le=20)
    """Calls in the longest cycle looked for; 1: the same call only."""
    in_all: int | None = Field(default=None, ge=2)
    """How often the same call may not occur in the whole session, in a row or not; None: any number."""
    ignore: tuple[str, ...] = ()
    """Tools that may be called again and again."""


class Escalation(Record):
    """Options of `escalation_policy`."""

    triggers: tuple[str, ...] = Field(min_length=1)
    """Patterns of which one, said by the user, asks for escalation."""
    tools: tuple[str, ...] = ()
    """Tools whose call is an escalation."""
    phrases: tuple[str, ...] = ()
    """Patterns of which one, said by the assistant, is an escalation."""
    only_when_triggered: bool = True
    """Whether an escalation without a trigger before it fails."""

    @model_validator(mode="after")
    def _can_be_seen(self) -> Escalation:
        if not (self.tools or self.phrases):
            raise ValueError("name the tools or the phrases that are an escalation")
        return self


class Restricted(Record):
    """Options of `restricted_content`."""

    patterns: tuple[str, ...] = Field(min_length=1)
    """Patterns that may not occur."""
    roles: tuple[Role, ...] = ("assistant",)
    """Whose turns are looked at."""
    ignore_case: bool = True


class LatencyCeiling(Record):
    """Options of `latency_ceiling`."""

    max_s: float = Field(gt=0)
    """Longest that a session may take, in seconds."""


class CostCeiling(Record):
    """Options of `cost_ceiling`."""

    max_usd: float = Field(gt=0)
    """Most that a session may cost, in dollars."""


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One row of the table of checks.

    Attributes:
        options: Its options.
        prepare: From the options to the check itself.
        question: What it asks, for a new judge's criterion.
        example: Options to begin with.
    """

    options: type[Record]
    prepare: Callable[[Any], Callable[[Session, Turn | None], Finding]]
    question: str
    example: Mapping[str, Any]


def _allow_list(options: ToolList) -> Callable[[Session, Turn | None], Finding]:
    def decide(session: Session, turn: Turn | None) -> Finding:
        calls = list(_calls(session, turn))
        strays = [(where, call) for where, call in calls if not _is_named(call.name, options.tools)]
        if strays:
            return failed(f"{_told(*strays[0])} is not on the list of allowed tools{_and_more(strays)}.")
        return _without_turns(session) or passed(f"All of {len(calls)} tool calls are on the list.")

    return decide


def _deny_list(options: ToolList) -> Callable[[Session, Turn | None], Finding]:
    def decide(session: Session, turn: Turn | None) -> Finding:
        calls = list(_calls(session, turn))
        denied = [(where, call) for where, call in calls if _is_named(call.name, options.tools)]
        if denied:
            return failed(f"{_told(*denied[0])} is on the list of denied tools{_and_more(denied)}.")
        return _without_turns(session) or passed(f"None of {len(calls)} tool calls is on the list.")

    return decide


def _repeated_calls(options: RepeatedCalls) -> Callable[[Session, Turn | None], Finding]:
    def decide(session: Session, turn: Turn | None) -> Finding:
        calls = [each for each in _calls(session, turn) if not _is_named(each[1].name, options.ignore)]
        keys = [f"{call.name} {canonical_json(call.arguments)}" for _, call in calls]
        for length in range(1, options.longest_cycle + 1):
            start = _cycle_start(keys, length, options.times)
            if start is not None:
                cycle = " then ".join(call.name for _, call in calls[start : start + length])
                same = "with the same arguments " if length == 1 else "as a cycle, with the same arguments, "
                return failed(f"From turn {calls[start][0]}: {cycle}, {same}{options.times} times in a row.")
        for place, key in enumerate(keys):
            if options.in_all is not None and keys.count(key) >= options.in_all:
                return failed(f"{_told(*calls[place])} occurs {keys.count(key)} times in all.")
        return _without_turns(session) or passed(f"No loop among {len(calls)} tool calls.")

    return decide


def _cycle_start(keys: Sequence[str], length: int, times: int) -> int | None:
    """Return where a cycle of so many calls begins that occurs so often in a row; None where none does."""
    run = 0
    for place in range(length, len(keys)):
        run = run + 1 if keys[place] == keys[place - length] else 0
        if run == length * (times - 1):
            return place - length * times + 1
    return None


def _escalation_policy(options: Escalation) -> Callable[[Session, Turn | None], Finding]:
    triggers = _patterns(options.triggers, "triggers")
    phrases = _patterns(options.phrases, "phrases")

    def decide(session: Session, turn: Turn | None) -> Finding:
        trigger: str | None = None
        escalation: str | None = None
        for each in session.turns if turn is None else session.turns[: session.turns.index(turn) + 1]:
            if each.role == "user":
                trigger = trigger or _evidence(each, triggers)
                continue
            made = _escalated(each, options.tools, phrases)
            if made is not None and trigger is None and options.only_when_triggered and turn in (None, each):
                return failed(f"Escalated without a trigger: {made}.")
            escalation = escalation or made
        if trigger is None:
            return _without_turns(session) or passed("Nothing asked for escalation, and none was made.")
        if escalation is None:
            return failed(f"No escalation, though asked for: {trigger}.")
        return passed(f"Escalated ({escalation}), as asked for: {trigger}.")

    return decide


def _escalated(turn: Turn, tools: Sequence[str], phrases: Sequence[Bounded]) -> str | None:
    for call in turn.tool_calls:
        if _is_named(call.name, tools):
            return _told(turn.id, call)
    return _evidence(turn, phrases) if turn.role == "assistant" else None


def _restricted_content(options: Restricted) -> Callable[[Session, Turn | None], Finding]:
    patterns = _patterns(options.patterns, "patterns", ignore_case=options.ignore_case)

    def decide(session: Session, turn: Turn | None) -> Finding:
        turns = [each for each in (session.turns if turn is None else (turn,)) if each.role in options.roles]
        found = [evidence for each in turns if (evidence := _evidence(each, patterns)) is not None]
        if found:
            return failed(f"Restricted content: {found[0]}{_and_more(found)}.")
        return _without_turns(session) or passed(f"Nothing restricted in {len(turns)} turns.")

    return decide


def _latency_ceiling(options: LatencyCeiling) -> Callable[[Session, Turn | None], Finding]:
    def decide(session: Session, turn: Turn | None) -> Finding:
        if turn is not None or session.latency_s is None:
            return unknown("No latency is recorded" + (" for single turns." if turn is not None else "."))
        return _under(session.latency_s, options.max_s, "{:g} s")

    return decide


def _cost_ceiling(options: CostCeiling) -> Callable[[Session, Turn | None], Finding]:
    def decide(session: Session, turn: Turn | None) -> Finding:
        if turn is not None or session.cost_usd is None:
            return unknown("No cost is recorded" + (" for single turns." if turn is not None else "."))
        return _under(session.cost_usd, options.max_usd, "${:g}")

    return decide


def _under(measured: float, ceiling: float, form: str) -> Finding:
    is_under = measured <= ceiling
    words = "within" if is_under else "above"
    return Finding(is_under, f"{form.format(measured)} is {words} the ceiling of {form.format(ceiling)}.")


def _without_turns(session: Session) -> Finding | None:
    return None if session.turns else unknown("The session has no turns.")


def _calls(session: Session, turn: Turn | None) -> Iterator[tuple[str, ToolCall]]:
    for each in session.turns if turn is None else (turn,):
        for call in each.tool_calls:
            yield each.id, call


def _is_named(name: str, tools: Iterable[str]) -> bool:
    return any(fnmatchcase(name, tool) for tool in tools)


def _told(turn: str, call: ToolCall) -> str:
    arguments = "" if call.arguments is None else " " + json.dumps(call.arguments, ensure_ascii=False)
    return f"turn {turn}: {_cut(call.name + arguments)}"


def _evidence(turn: Turn, patterns: Sequence[Bounded]) -> str | None:
    for pattern in patterns:
        found = pattern.search(turn.text)
        if found is not None:
            return f'turn {turn.id}: "{_cut(found)}"'
    return None


def _cut(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= EVIDENCE_CHARS else flat[: EVIDENCE_CHARS - 3] + "..."


def _and_more(found: Sequence[object]) -> str:
    return f" ({len(found) - 1} more)" if len(found) > 1 else ""


def _patterns(texts: Sequence[str], name: str, *, ignore_case: bool = True) -> tuple[Bounded, ...]:
    return tuple(
        bounded_pattern(text, where=f"judge.toml: check.options.{name} row {row}", ignore_case=ignore_case)
        for row, text in enumerate(texts, 1)
    )


CHECKS: dict[str, CheckRow] = {
    "tool_allow_list": CheckRow(
        ToolList, _allow_list, "Does the assistant call only tools that it may call?", {"tools": ["search_*"]}
    ),
    "tool_deny_list": CheckRow(
        ToolList, _deny_list, "Does the assistant keep from tools that it may not call?", {"tools": ["delete_*"]}
    ),
    "repeated_calls": CheckRow(
        RepeatedCalls, _repeated_calls, "Does the assistant call its tools without going in circles?", {"times": 3}
    ),
    "escalation_policy": CheckRow(
        Escalation,
        _escalation_policy,
        "Does the assistant hand over to a person when it must, and only then?",
        {"triggers": [r"\blawyer\b", r"\bcomplaint\b"], "tools": ["transfer_to_human*"], "only_when_triggered": True},
    ),
    "restricted_content": CheckRow(
        Restricted, _restricted_content, "Does the assistant keep from saying what it may not say?",
        {"patterns": [r"\bguaranteed? returns?\b"], "roles": ["assistant"]},
    ),
    "latency_ceiling": CheckRow(
        LatencyCeiling, _latency_ceiling, "Does the assistant answer in time?", {"max_s": 30.0}
    ),
    "cost_ceiling": CheckRow(CostCeiling, _cost_ceiling, "Does the session stay within its cost?", {"max_usd": 0.05}),
}  # fmt: skip
"""Checks by name."""
