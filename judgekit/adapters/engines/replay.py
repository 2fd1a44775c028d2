"""The engine that answers with recorded replies, for work without keys or network. It invents nothing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import Field

from judgekit.adapters.store.files import read_jsonl, validated
from judgekit.errors import FileProblem, InvalidRecord
from judgekit.judging.ports import EngineFault, Reply, Request
from judgekit.records.record import OpenRecord

_FORM = 'A line of it is {"request": "sha256:...", "sample": 0, "reply": "..."}'


class Recorded(OpenRecord):
    """One line of `replies.jsonl`; unknown keys go to `metadata`."""

    request: str
    """Fingerprint of the exact request."""
    reply: str
    """Raw text."""
    sample: int = 0
    """Which repetition of the same request."""
    model: str | None = None
    """The model that gave the reply."""
    finish_reason: str | None = None
    refusal: str | None = None
    prompt_tokens: int | None = Field(default=None, ge=0)
    completion_tokens: int | None = Field(default=None, ge=0)
    composed: bool = False
    """Whether a person wrote the reply, rather than a model."""


class ReplayEngine:
    """Looks replies up by exact request and sample."""

    name = "replay"

    def __init__(self, replies: Iterable[Recorded]) -> None:
        """Keep the replies; of two for one request and sample, the later counts."""
        self._replies = {(reply.request, reply.sample): reply for reply in replies}

    async def complete(self, request: Request) -> Reply:
        """Return the recorded reply; a replay charges nothing.

        Raises:
            EngineFault: None is recorded for exactly this request.
        """
        found = self._replies.get((request.key, request.sample))
        if found is None:
            raise EngineFault("bad_request", self._absence(request))
        return Reply(
            text=found.reply,
            model=found.model or request.model,
            finish_reason=found.finish_reason,
            refusal=found.refusal,
            prompt_tokens=found.prompt_tokens,
            completion_tokens=found.completion_tokens,
            cost_usd=0.0,
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
