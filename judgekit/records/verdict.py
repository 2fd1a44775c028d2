"""Verdict: a judge's answer. Failure: why there is none. Call: what a request cost and brought back."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import model_validator

from judgekit.records.label import AnswerStatus
from judgekit.records.record import Id, OpenRecord, Record, Time
from judgekit.records.rubric import Value

FailureStatus = Literal["unparsed", "refused", "truncated", "overflow", "timeout", "engine_error"]
Order = Literal["forward", "swapped"]


class _Judged(OpenRecord):
    """What verdicts and failures share: which judge on which target."""

    id: Id | None = None
    """Unique in its run."""
    session: Id | None = None
    """The session judged; exactly one of `session` and `pair`."""
    pair: Id | None = None
    """The pair judged."""
    turn: Id | None = None
    """The turn judged, when not the whole session."""
    criterion: Id
    """Which question."""
    judge: str | None = None
    """The judge's name."""
    judge_fingerprint: str | None = None
    """What exactly judged: prompt, model, parameters, reading, calibration."""
    sample: int = 0
    """0, 1, 2 ... where a judge is asked several times."""
    order: Order | None = None
    """How a pair was shown; None for sessions."""
    call: Id | None = None
    """Id of the call in `calls.jsonl`, where a request was made."""
    seen: str | None = None
    """Fingerprint of the session's content."""
    elided: int = 0
    """Turns left out of what the judge saw, by the judge's own rule."""
    redacted: int = 0
    """Places replaced before the judge saw them, by the judge's or the project's rules."""
    rubric: str | None = None
    """Fingerprint of the criterion judged by."""
    at: Time | None = None

    @model_validator(mode="after")
    def _has_one_target(self) -> _Judged:
        if (self.session is None) == (self.pair is None):
            raise ValueError("exactly one of session and pair is needed")
        return self

    @property
    def target(self) -> str:
        """Id of the session or pair."""
        return self.session or self.pair or ""

    @property
    def order_key(self) -> tuple[str, str, str, int, str]:
        """What a complete run is sorted by: target, turn, order, sample, criterion."""
        return self.target, self.turn or "", self.order or "", self.sample, self.criterion


class Verdict(_Judged):
    """A judge's answer: a value, or "not applicable", or "can't judge"."""

    value: Value | None = None
    """The legal value; for a pair `first`, `second` or `tie` in the pair's own order."""
    score: float | None = None
    """A finer number on the same scale: an expected value, a mean of samples."""
    distribution: dict[str, float] | None = None
    """JSON text of each value -> probability."""
    rationale: str | None = None
    """The judge's reason."""
    status: AnswerStatus = "ok"
    members: tuple[dict[str, Any], ...] = ()
    """The panel members' answers, for a panel."""

    @model_validator(mode="after")
    def _says_something(self) -> Verdict:
        if self.status == "ok" and self.value is None and self.score is None:
            raise ValueError("a verdict needs a value, a score, or another status")
        return self


class Failure(_Judged):
    """No answer, and why; never a default score."""

    status: FailureStatus
    """The cause."""
    detail: str = ""
    """One line on what happened."""
    reply: str | None = None
    """The raw reply, where one came."""
    request: str | None = None
    """Fingerprint of the request that no reply came for."""


_FAILURES = frozenset(FailureStatus.__args__)  # type: ignore[attr-defined]  # typing's Literal has __args__


def outcome_from(row: dict[str, Any]) -> Verdict | Failure:
    """Return the verdict or failure that a line of `verdicts.jsonl` holds.

    Raises:
        pydantic.ValidationError: It is neither.
    """
    if row.get("status") in _FAILURES:
        return Failure.model_validate(row)
    verdict: Verdict = Verdict.__pydantic_validator__.validate_python(row)  # `model_validate`, without its options
    return verdict


class Token(Record):
    """One token of a reply, with what the model might have said instead."""

    text: str
    logprob: float
    """Natural logarithm of the token's probability."""
    top: dict[str, float] = {}
    """The likeliest tokens at this place -> their log-probability; the chosen one is mostly among them."""


class Call(Record):
    """One request that was answered: raw reply, tokens, cost, latency; once each, in `calls.jsonl`."""

    id: Id
    """Unique in its run; verdicts point here."""
    request: str
    """Fingerprint of the exact request."""
    engine: str
    """What answered: `openai-compatible`, `litellm`, `replay`, `scripted`."""
    model: str
    """The model that the reply names, else the one asked for."""
    reply: str
    """Raw text."""
    finish_reason: str | None = None
    """Why the model stopped: `stop`, `length`, `content_filter` ..."""
    sample: int = 0
    """Which repetition of the same request."""
    attempts: int = 1
    """Requests sent until this reply, this one included."""
    tokens: tuple[Token, ...] | None = None
    """The reply's last tokens with their odds, where the judge asked for them and the engine gave them."""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None
    """None when the price is unknown, never 0."""
    latency_s: float | None = None
    at: Time | None = None
