"""What a reply becomes once it is there: the call that asked for it, and a call for each sample that came along."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from judgekit.judging.ports import Reply, Request
from judgekit.judging.runner.budget import Guess
from judgekit.judging.runner.inquiry import call_id, text_and_reason
from judgekit.judging.runner.retry import Attempt
from judgekit.records.verdict import Call


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a call beside request and reply.

    Attributes:
        engine: Who answered.
        n_tries: Sends until it did.
        cost_usd: What it cost; None where the price is unknown.
        at: When it was kept.
    """

    engine: str
    n_tries: int
    cost_usd: float | None
    at: datetime


def call_of(request: Request, reply: Reply, kept: Kept) -> Call:
    """Return the call that a request and its reply make."""
    text, finish_reason = text_and_reason(reply)
    return Call(
        id=call_id(request),
        request=request.key,
        engine=kept.engine,
        model=reply.model,
        reply=text,
        finish_reason=finish_reason,
        sample=request.sample,
        attempts=kept.n_tries,
        tokens=reply.tokens,
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
        cost_usd=kept.cost_usd,
        latency_s=reply.latency_s,
        at=kept.at,
    )


@dataclass(frozen=True, slots=True)
class CameAlong:
    """A further sample of one reply.

    Attributes:
        request: What would have asked for it alone.
        call: What is kept of it.
    """

    request: Request
    call: Call


@dataclass(frozen=True, slots=True)
class Landed:
    """A reply that is paid for and not kept yet.

    Attributes:
        attempt: What asked for it.
        request: What was sent.
        guess: What it was expected to be.
        reply: What came back.
    """

    attempt: Attempt
    request: Request
    guess: Guess
    reply: Reply

    def call(self, engine: str, cost_usd: float | None, at: datetime) -> Call:
        """Return the call of the first sample, which carries what the whole reply cost."""
        kept = Kept(engine, self.attempt.n_sent, cost_usd, at)
        return self.reply.recorded or call_of(self.request, self.reply, kept)

    def further(self, first: Call) -> Iterator[CameAlong]:
        """Yield the samples that came with the first one, at no further cost."""
        for sample, said in enumerate(self.reply.further, self.request.sample + 1):
            request = replace(self.request, sample=sample)
            text, finish_reason = text_and_reason(said)
            told = {"id": call_id(request), "sample": sample, "reply": text, "finish_reason": finish_reason}
            free = {"prompt_tokens": 0, "completion_tokens": 0, "latency_s": None, "tokens": said.tokens}
            cost_usd = None if first.cost_usd is None else 0.0
            yield CameAlong(request, first.model_copy(update={**told, **free, "cost_usd": cost_usd}))
