"""What a run has done so far, in numbers: counted as it happens, nothing dropped uncounted."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from judgekit.judging.odds import ODDS
from judgekit.records.run import Latency
from judgekit.records.verdict import Failure, Verdict

if TYPE_CHECKING:
    from judgekit.judging.ports import Reply
    from judgekit.judging.runner.repeats import Repeats
    from judgekit.records.verdict import FailureStatus


WIDTH = 1.02
"""Each bucket of latencies is 2% wider than the one before."""


class Latencies:
    """Quantiles of any number of latencies, in a few hundred numbers.

    Example:
        >>> latencies = Latencies()
        >>> for ms in range(1, 101):
        ...     latencies.add(ms / 1000)
        >>> round(latencies.quantile_s(0.5), 2), latencies.longest_s
        (0.05, 0.1)
    """

    def __init__(self) -> None:
        """Begin empty."""
        self._buckets: Counter[int] = Counter()
        self.longest_s = 0.0

    def __len__(self) -> int:
        return self._buckets.total()

    def add(self, seconds: float) -> None:
        """Count one latency; nothing is shorter than a microsecond."""
        self._buckets[round(math.log(max(seconds, 1e-6)) / math.log(WIDTH))] += 1
        self.longest_s = max(self.longest_s, seconds)

    def quantile_s(self, share: float) -> float:
        """Return the latency that this share does not exceed, within 1%."""
        wanted = share * len(self)
        below = 0
        for bucket in sorted(self._buckets):
            below += self._buckets[bucket]
            if below >= wanted:
                return min(float(WIDTH**bucket), self.longest_s)
        return self.longest_s

    def summary(self) -> Latency | None:
        """Return the quantiles that a run records; None where nothing was timed."""
        if not self._buckets:
            return None
        p50, p95, p99 = (self.quantile_s(share) for share in (0.5, 0.95, 0.99))
        return Latency(p50_s=p50, p95_s=p95, p99_s=p99, longest_s=self.longest_s)


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
        models: The models that the replies name.
        first_failure: The first failure, in words.
        latencies: Seconds each reply took.
        n_from_samples: Verdicts whose probabilities are shares of further samples.
        repeats: How far samples differ, where there are several.
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
    models: set[str] = field(default_factory=set)
    first_failure: str | None = None
    latencies: Latencies = field(default_factory=Latencies)
    n_from_samples: int = 0
    repeats: Repeats | None = None

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
            self.latencies.add(reply.latency_s)

    def add_outcome(self, outcome: Verdict | Failure) -> None:
        """Count a verdict, or a failure by its cause."""
        if self.repeats is not None:
            self.repeats.add(outcome)
        if isinstance(outcome, Verdict):
            self.n_verdicts += 1
            self.n_from_samples += ODDS in outcome.metadata and outcome.metadata[ODDS]["from"] == "samples"
            return
        self.failures[outcome.status] += 1
        if self.first_failure is None:
            self.first_failure = f"{outcome.target}: {outcome.detail}"
