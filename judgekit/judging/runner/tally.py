"""What a run has done so far, in numbers: counted as it happens, nothing dropped uncounted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from judgekit.judging.ports import Reply
    from judgekit.records.verdict import FailureStatus


@dataclass(slots=True)
class Tally:
    """Counts of one run of the loop; what earlier runs paid for is in `n_reused` only.

    Attributes:
        n_verdicts: Outcomes that are answers.
        failures: Cause -> outcomes that are not.
        n_requests: Requests sent, retries included.
        n_reused: Replies taken from the store.
        n_asked_again: Requests sent because a reply could not be read.
        faults: Fault kind -> times met, forgiven ones included.
        prompt_tokens: Tokens read by the replies paid for here.
        completion_tokens: Tokens they wrote.
        cost_usd: Dollars they cost; None as soon as one price is unknown.
        latencies_s: Seconds each took.
    """

    n_verdicts: int = 0
    failures: Counter[FailureStatus] = field(default_factory=Counter)
    n_requests: int = 0
    n_reused: int = 0
    n_asked_again: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = 0.0
    latencies_s: list[float] = field(default_factory=list)

    @property
    def n_failures(self) -> int:
        """Outcomes without an answer."""
        return sum(self.failures.values())

    @property
    def n_done(self) -> int:
        """Outcomes so far."""
        return self.n_verdicts + self.n_failures

    def add_reply(self, reply: Reply, cost_usd: float | None) -> None:
        """Count a reply that was paid for."""
        self.prompt_tokens += reply.prompt_tokens or 0
        self.completion_tokens += reply.completion_tokens or 0
        self.cost_usd = None if cost_usd is None or self.cost_usd is None else self.cost_usd + cost_usd
        if reply.latency_s is not None:
            self.latencies_s.append(reply.latency_s)
