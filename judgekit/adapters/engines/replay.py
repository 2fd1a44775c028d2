"""The engine that answers with recorded replies, for work without keys or network. It invents nothing.

A recording is either a reply alone, as a person may write one down, or a whole call or failure, as `judgekit cache
export` writes a run: that comes back as it was, with its time, latency and cost.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import Field, model_validator

from judgekit.adapters.store.files import read_jsonl, validated
from judgekit.errors import FileProblem, InvalidRecord
from judgekit.judging.ports import EngineFault, Reply, Request
from judgekit.judging.runner.inquiry import REFUSAL, call_id
from judgekit.records.record import OpenRecord, Time
from judgekit.records.verdict import Call, Failure, FailureStatus, Token, Verdict

_FORM = 'A line of it is {"request": "sha256:...", "sample": 0, "reply": "..."}'


class Recorded(OpenRecord):
    """One line of `replies.jsonl`; unknown keys go to `metadata`."""

    request: str
    """Fingerprint of the exact request."""
    reply: str | None = None
    """Raw text; None where none came, and `status` says why."""
    status: FailureStatus | None = None
    """The failure that the request was given up with."""
    detail: str = ""
    """One line on that failure."""
    sample: int = 0
    """Which repetition of the same request."""
    model: str | None = None
    """The model that gave the reply."""
    finish_reason: str | None = None
    refusal: str | None = None
    prompt_tokens: int | None = Field(default=None, ge=0)
    completion_tokens: int | None = Field(default=None, ge=0)
    tokens: tuple[Token, ...] | None = None
    """The reply's last tokens with their odds."""
    engine: str | None = None
    """What answered when it was recorded; with it the line is a whole call."""
    attempts: int = 1
    cost_usd: float | None = None
    """Dollars it cost then."""
    latency_s: float | None = None
    at: Time | None = None
    composed: bool = False
    """Whether a person wrote the reply, rather than a model."""

    @model_validator(mode="after")
    def _says_something(self) -> Recorded:
        if (self.reply is None) == (self.status is None):
            raise ValueError("exactly one of reply and status is needed")
        return self

    def call(self, request: Request) -> Call | None:
        """Return the call that this records; None where it records a reply alone."""
        if self.engine is None or self.reply is None:
            return None
        return Call(
            id=call_id(request),
            request=self.request,
            engine=self.engine,
            model=self.model or request.model,
            reply=self.reply,
            finish_reason=self.finish_reason,
            sample=self.sample,
            attempts=self.attempts,
            tokens=self.tokens,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            cost_usd=self.cost_usd,
            latency_s=self.latency_s,
            at=self.at,
        )


class ReplayEngine:
    """Looks replies up by exact request and sample."""

    name = "replay"

    def __init__(self, replies: Iterable[Recorded]) -> None:
        """Keep the replies; of two for one request and sample, the later counts."""
        self._replies = {(reply.request, reply.sample): reply for reply in replies}

    async def complete(self, request: Request) -> Reply:
        """Return the recorded reply; a replay charges nothing.

        Raises:
            EngineFault: None is recorded for exactly this request, or a failure is.
        """
        found = self._replies.get((request.key, request.sample))
        if found is None:
            raise EngineFault("bad_request", self._absence(request))
        if found.reply is None:
            raise EngineFault("bad_request", found.detail, recorded=_failure(found))
        recorded = found.call(request)
        return Reply(
            text=found.reply,
            model=found.model or request.model,
            finish_reason=found.finish_reason if found.finish_reason != REFUSAL else None,
            refusal=found.refusal or (found.reply if found.finish_reason == REFUSAL else None),
            prompt_tokens=found.prompt_tokens,
            completion_tokens=found.completion_tokens,
            tokens=found.tokens,
            cost_usd=0.0,
            recorded=recorded,
        )

    async def close(self) -> None:
        """Nothing to let go of."""

    def _absence(self, request: Request) -> str:
        if (request.key, 0) in self._replies:
            return f"no recorded reply for sample {request.sample} of this request"
        return "no recorded reply for this request; the prompt, model or parameters changed since it was recorded"


def read_replies(path: Path) -> list[Recorded]:
    """Read recorded replies.

    Raises:
        FileProblem: The file is missing or empty.
        InvalidRecord: A line is no recorded reply.
    """
    if not path.is_file():
        raise FileProblem("no recorded replies here", where=str(path), hint=_FORM)
    lines = read_jsonl(path)
    if lines.torn:
        raise InvalidRecord(lines.torn, hint="Complete or delete that line")
    if not lines.rows:
        raise FileProblem("the file holds no replies", where=str(path), hint=_FORM)
    return [validated(Recorded, row, f"{path}:{number}") for number, row in lines.rows]


def recording(calls: Iterable[Call], outcomes: Iterable[Verdict | Failure]) -> list[Recorded]:
    """Return what replays a run: its calls in the order of its outcomes, and the requests that were given up.

    Args:
        calls: Every call of the run; those that no outcome names (replies that were asked again) come last.
        outcomes: As the run has them, sorted by target.
    """
    by_id = {call.id: call for call in calls}
    found: dict[tuple[str, int], Recorded] = {}
    for outcome in outcomes:
        call = by_id.pop(outcome.call, None) if outcome.call else None
        if call is not None:
            found[call.request, call.sample] = _recorded(call)
        elif isinstance(outcome, Failure) and outcome.request is not None:
            given_up = Recorded(
                request=outcome.request,
                sample=outcome.sample,
                status=outcome.status,
                detail=outcome.detail,
                at=outcome.at,
            )
            found[given_up.request, given_up.sample] = given_up
    for call in by_id.values():
        found.setdefault((call.request, call.sample), _recorded(call))
    return list(found.values())


def _recorded(call: Call) -> Recorded:
    return Recorded.model_validate(call.model_dump(exclude={"id"}))


def _failure(found: Recorded) -> Failure:
    """Return what the runner takes status, words and time from; whom it concerns, the runner knows."""
    status = found.status or "engine_error"
    return Failure(session="-", criterion="-", status=status, detail=found.detail, at=found.at)
