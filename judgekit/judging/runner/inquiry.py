"""What the loop works on: an inquiry knows what to ask next, and what the replies mean. It sends nothing."""

from __future__ import annotations

from datetime import datetime
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
    """What is wanted of a judge on one target: one outcome, or one for each of its criteria."""

    @property
    def request(self) -> Request:
        """What to ask now."""

    @property
    def is_mending(self) -> bool:
        """Whether that asks again because a reply could not be read."""

    def hear(self, call: Call) -> tuple[Verdict | Failure, ...] | None:
        """Return the outcomes that a reply means; None when `request` now asks again, or asks more."""

    def fail(self, status: FailureStatus, detail: str, at: datetime | None) -> tuple[Verdict | Failure, ...]:
        """Return the outcomes to record when no reply can be had; `at` is None where nothing was sent."""

    def restart(self) -> None:
        """Forget what was heard: `request` is the first one again."""


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
