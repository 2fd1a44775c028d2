"""What the loop works on: an inquiry knows what to ask next, and what the replies mean. It sends nothing."""

from __future__ import annotations

from typing import Protocol

from judgekit.judging.ports import FaultKind, Reply, Request
from judgekit.records.verdict import Call, Failure, FailureStatus, Verdict

REFUSAL = "refusal"
"""The finish reason of a call whose text is the model's refusal."""

STATUS_OF_FAULT: dict[FaultKind, FailureStatus] = {
    "overflow": "overflow",
    "refused": "refused",
    "timeout": "timeout",
    "rate_limit": "engine_error",
    "server": "engine_error",
    "connection": "engine_error",
    "bad_request": "engine_error",
}
"""What a request that is given up leaves; `fatal` leaves nothing, since it stops the run."""


class Inquiry(Protocol):
    """One outcome wanted of a judge."""

    @property
    def request(self) -> Request:
        """What to ask now."""

    def hear(self, call: Call) -> Verdict | Failure | None:
        """Return the outcome that a reply means; None when `request` now asks again."""

    def fail(self, status: FailureStatus, detail: str) -> Failure:
        """Return the failure to record when no reply can be had."""


class Sink(Protocol):
    """Where a run is written as it goes, so that a kill loses nothing."""

    def add_call(self, call: Call) -> None:
        """Append one answered request."""

    def add_outcome(self, outcome: Verdict | Failure) -> None:
        """Append one verdict or failure."""


def call_id(request: Request) -> str:
    """Return the id of a request's call: the same in every run, so that resumed runs agree.

    Example:
        >>> call_id(Request(key="sha256:0123456789abcdef0123", model="m", messages=()))
        'c-0123456789abcdef-0'
    """
    return f"c-{request.key.removeprefix('sha256:')[:16]}-{request.sample}"


def text_and_reason(reply: Reply) -> tuple[str, str | None]:
    """Return what a call keeps of a reply's words: a refusal told apart from the text becomes the text."""
    if reply.refusal and not reply.text.strip():
        return reply.refusal, REFUSAL
    return reply.text, reply.finish_reason
