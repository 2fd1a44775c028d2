"""From a judge and a target to the exact request: what the templates may use, filled in, fenced, fingerprinted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from judgekit.errors import InvalidRecord, UnknownName
from judgekit.judging.answer_form import anchor_lines, answer_format, as_listed, reply_schema, scale_words
from judgekit.judging.odds import N_ALTERNATIVES, check_odds
from judgekit.judging.ports import Message, Request
from judgekit.judging.reading import check_reading
from judgekit.judging.redaction import Redacted, Redactor
from judgekit.judging.template import compile_template
from judgekit.judging.transcript import (
    MAX_TRANSCRIPT_CHARS,
    Shown,
    TranscriptOverflow,
    fence_token,
    fenced,
    render_transcript,
    turn_text,
)
from judgekit.records.judge import Demonstration, Judge, TargetKind, Transcript
from judgekit.records.record import canonical_json, text_fingerprint
from judgekit.records.rubric import Criterion, level_text
from judgekit.records.session import Pair, Session, Turn
from judgekit.records.verdict import Order

COMMON_VARIABLES = (
    "criterion", "question", "scale", "levels", "anchors", "criteria", "rules", "demonstrations", "answer_format",
)  # fmt: skip
"""Of the judge alone: the same for every target."""

TARGET_VARIABLES: dict[TargetKind, tuple[str, ...]] = {
    "session": ("session", "input_text", "output_text", "reference"),
    "turn": ("session", "turn", "input_text", "output_text", "reference"),
    "pair": ("first", "second", "input", "first_text", "second_text", "input_text", "reference"),
}
"""Of what is judged; names that end in `_text` are not fenced."""

SET_BY_JUDGEKIT = frozenset({"model", "messages", "n", "stream", "temperature", "top_p", "max_tokens", "seed", "stop"})
"""Names that `parameters.extra` may not repeat."""


@dataclass(frozen=True, slots=True)
class PairTarget:
    """A pair with its two sessions, in the pair's own order."""

    pair: Pair
    first: Session
    second: Session


@dataclass(frozen=True, slots=True)
class Rendered:
    """A request, and how much of the target it leaves out.

    Attributes:
        request: Exactly what is sent.
        n_elided: Turns left out, wholly or in part, by the judge's own rule.
        n_redacted: Places replaced by the rules of judge and project.
    """

    request: Request
    n_elided: int
    n_redacted: int = 0


class Prompter:
    """Makes requests for one judge: templates are compiled once, and what no target changes is filled in once."""

    def __init__(self, judge: Judge) -> None:
        """Compile the judge's templates and check its reading rules.

        Raises:
            InvalidRecord: A template, pattern or parameter is wrong; the error names file and line.
        """
        check_reading(judge)
        check_odds(judge)
        if not judge.user.strip():
            raise InvalidRecord("the template is empty", where="user.j2", hint="Write what the judge is shown")
        known = (*COMMON_VARIABLES, *TARGET_VARIABLES[judge.target])
        self._judge = judge
        self._user = compile_template(judge.user, name="user.j2", known=known)
        self._system = compile_template(judge.system, name="system.j2", known=known)
        self._redactor = Redactor(judge.redact)
        self._shown: tuple[Session | PairTarget, Redacted] | None = None
        self._common = _common_values(self._redactor.judge(as_listed(judge)))
        self._parameters = _parameters(judge)
        self._schema = reply_schema(as_listed(judge))
        is_fixed = self._system.variables.isdisjoint(TARGET_VARIABLES[judge.target])
        self._fixed_system = self._system_message({}) if is_fixed else None
        self._form = self._user.filled(self._common, TARGET_VARIABLES[judge.target])
        self._key_head, self._key_tail = self._around_messages()
        self._used = self._system.variables | self._user.variables
        self.wants_reference = "reference" in self._used

    def request(
        self, target: Session | PairTarget, *, turn: str | None = None, order: Order | None = None, sample: int = 0
    ) -> Rendered:
        """Return the request that asks the judge about one target.

        Args:
            target: A session, or a pair with its sessions.
            turn: Id of the turn judged, for judges of turns.
            order: How to show a pair; None: forward.
            sample: 0, 1, 2 ... where the judge is asked several times.

        Raises:
            TranscriptOverflow: The target is longer than the judge's rule allows.
            PromptTooLong: A message outgrows what any prompt may have.
            InvalidRecord: The target is not of the judge's kind, has no reference where a template shows one, or a
                template fails on it.
            UnknownName: The session has no such turn.
        """
        self._require_own_kind(target, turn)
        shown = self._redacted(target)
        seen = PairTarget(target.pair, *shown.sessions) if isinstance(target, PairTarget) else shown.sessions[0]
        values, n_elided = self._target_values(seen, shown.turn(turn), order)
        if self.wants_reference:
            values["reference"] = _fenced_reference(seen)
        system = self._fixed_system or self._system_message(values)
        user = self._user_message(values)
        messages = (system, user) if system.content.strip() else (user,)
        return Rendered(self._request(messages, sample), n_elided, shown.n)

    def _system_message(self, values: Mapping[str, str]) -> Message:
        return _message("system", self._system.render({**self._common, **values}))

    def _user_message(self, values: Mapping[str, str]) -> Message:
        if self._form is None:
            return _message("user", self._user.render({**self._common, **values}))
        text = self._form.render(values)
        if _sendable(text) != text:
            return _message("user", text)
        return Message("user", text, self._form.render_json(values))

    def _request(self, messages: tuple[Message, ...], sample: int) -> Request:
        said = ",".join(f'["{message.role}",{message.as_json}]' for message in messages)
        key = text_fingerprint(f"{self._key_head}[{said}]{self._key_tail}")
        judge = self._judge
        return Request(
            key, judge.model or "", messages, self._parameters, self._schema, sample, n_samples=judge.samples
        )

    def _around_messages(self) -> tuple[str, str]:
        """Return what keys are taken over, before and behind the messages: canonical JSON, its keys sorted."""
        others = {"model": self._judge.model or "", "parameters": self._parameters, "schema": self._schema}
        head = canonical_json({"base_url": self._judge.base_url})[:-1] + ',"messages":'
        return head, "," + canonical_json(others)[1:]

    def _require_own_kind(self, target: Session | PairTarget, turn: str | None) -> None:
        judge = self._judge
        if isinstance(target, PairTarget) != (judge.target == "pair") or (turn is not None) != (judge.target == "turn"):
            given = "a pair" if isinstance(target, PairTarget) else "a session" if turn is None else "a turn"
            raise InvalidRecord(
                f"judge {judge.name!r} judges a {judge.target}, and was given {given}",
                where=target.pair.id if isinstance(target, PairTarget) else target.id,
                hint="Use a judge of the right target",
            )

    def _redacted(self, target: Session | PairTarget) -> Redacted:
        """Return what may be shown of a target; turns, orders and samples of one follow each other, and share it."""
        if self._shown is None or self._shown[0] is not target:
            sessions = (target.first, target.second) if isinstance(target, PairTarget) else (target,)
            self._shown = target, self._redactor.sessions(*sessions)
        return self._shown[1]

    def _target_values(
        self, target: Session | PairTarget, turn: str | None, order: Order | None
    ) -> tuple[dict[str, str], int]:
        rule = self._judge.transcript
        if isinstance(target, PairTarget):
            return _pair_values(target, rule, is_swapped=order == "swapped")
        return _session_values(target, rule, turn, self._used)


def _common_values(judge: Judge) -> dict[str, object]:
    return {
        **_criterion_values(judge.criterion, judge),
        "criteria": [_criterion_values(criterion, judge) for criterion in judge.criteria],
        "rules": [rule.text for rule in judge.rules],
        "demonstrations": [_demonstration_values(demonstration) for demonstration in judge.demonstrations],
        "answer_format": answer_format(judge),
    }


def _criterion_values(criterion: Criterion, judge: Judge) -> dict[str, object]:
    return {
        "criterion": criterion.id,
        "question": criterion.question,
        "scale": scale_words(criterion, levels_from=judge.levels_from),
        "levels": [level_text(level) for level in criterion.scale.levels],
        "anchors": anchor_lines(criterion),
    }


def _demonstration_values(demonstration: Demonstration) -> dict[str, str]:
    value = demonstration.value
    return {
        "text": fenced(demonstration.text, what="example", token=fence_token([demonstration.text])),
        "value": ", ".join(value) if isinstance(value, tuple) else level_text(value),
        "rationale": demonstration.rationale,
    }


def _session_values(
    session: Session, rule: Transcript, turn: str | None, used: Collection[str]
) -> tuple[dict[str, str], int]:
    shown = render_transcript(session, rule, keep=turn)
    judged = _numbered_turn(session, turn) if turn is not None else ""
    token = fence_token([shown.text, judged])
    values = {"session": fenced(shown.text, what="session", token=token)}
    if "input_text" in used:
        values["input_text"] = _joined_text(session.turns[: _n_before_assistant(session)])
    if "output_text" in used:
        values["output_text"] = _last_answer(session)
    if turn is not None:
        values["turn"] = fenced(judged, what="turn", token=token)
    return values, shown.n_elided


def _pair_values(target: PairTarget, rule: Transcript, *, is_swapped: bool) -> tuple[dict[str, str], int]:
    first, second = (target.second, target.first) if is_swapped else (target.first, target.second)
    shown: list[Shown] = [render_transcript(first, rule), render_transcript(second, rule)]
    n_chars = sum(len(one.text) for one in shown)
    if n_chars > MAX_TRANSCRIPT_CHARS:
        raise TranscriptOverflow(target.pair.id, n_chars, MAX_TRANSCRIPT_CHARS)
    opening = _shared_opening(first, second)
    opening_text = "\n".join(turn_text(number, turn) for number, turn in enumerate(opening, 1))
    token = fence_token([shown[0].text, shown[1].text, opening_text])
    values = {
        "first": fenced(shown[0].text, what="first session", token=token),
        "second": fenced(shown[1].text, what="second session", token=token),
        "input": fenced(opening_text, what="input", token=token),
        "input_text": _joined_text(opening),
        "first_text": _last_answer(first),
        "second_text": _last_answer(second),
    }
    return values, shown[0].n_elided + shown[1].n_elided


def reference_of(target: Session | PairTarget) -> str | None:
    """Return the answer declared right; for a pair that of either session, since both answer one input."""
    if isinstance(target, PairTarget):
        return target.first.reference or target.second.reference
    return target.reference


def _fenced_reference(target: Session | PairTarget) -> str:
    reference = reference_of(target)
    if not reference:
        where = f"pair {target.pair.id}" if isinstance(target, PairTarget) else f"session {target.id}"
        hint = "Give the session its `reference`, or take {{ reference }} out of the template"
        raise InvalidRecord("the template shows a reference answer, and none is declared", where=where, hint=hint)
    return fenced(reference, what="reference answer", token=fence_token([reference]), use="to judge by")


def _numbered_turn(session: Session, turn_id: str) -> str:
    for number, turn in enumerate(session.turns, 1):
        if turn.id == turn_id:
            return turn_text(number, turn)
    raise UnknownName("turn", turn_id, [turn.id for turn in session.turns], where=f"session {session.id}")


def _n_before_assistant(session: Session) -> int:
    return next((place for place, turn in enumerate(session.turns) if turn.role == "assistant"), len(session.turns))


def _shared_opening(first: Session, second: Session) -> tuple[Turn, ...]:
    """Return what both sessions begin with, up to the first answer that differs, whatever the turns' ids."""
    n_shared = 0
    for one, other in zip(first.turns, second.turns, strict=False):
        if one.model_copy(update={"id": other.id, "metadata": other.metadata}) != other:
            break
        n_shared += 1
    if n_shared == len(first.turns) == len(second.turns):
        n_shared = _n_before_assistant(first)
    return first.turns[:n_shared]


def _joined_text(turns: tuple[Turn, ...]) -> str:
    return "\n\n".join(turn.text for turn in turns if turn.role in ("system", "user") and turn.text)


def _last_answer(session: Session) -> str:
    answers = [turn.text for turn in session.turns if turn.role == "assistant" and turn.text]
    return answers[-1] if answers else ""


def _parameters(judge: Judge) -> Mapping[str, Any]:
    given = judge.parameters.model_dump(mode="json", exclude={"extra"}, exclude_none=True)
    for name in judge.parameters.extra:
        if name in SET_BY_JUDGEKIT:
            raise InvalidRecord(
                f"extra may not hold {name!r}", where="judge.toml: parameters.extra", hint="Set it in its own key"
            )
    odds = {"logprobs": True, "top_logprobs": N_ALTERNATIVES} if judge.reading.probabilities else {}
    return {**given, **odds, **judge.parameters.extra}


def _message(role: Literal["system", "user"], text: str) -> Message:
    content = _sendable(text)
    return Message(role, content, canonical_json(content))


def _sendable(text: str) -> str:
    """Replace lone surrogates, which no encoding can carry."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
