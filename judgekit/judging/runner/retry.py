"""How often a request is tried, and how long to wait between tries. Waiting itself is the loop's."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from judgekit.judging.ports import EngineFault, FaultKind

if TYPE_CHECKING:
    import numpy as np

    from judgekit.judging.runner.inquiry import Inquiry

LONGEST_PAUSE_S = 300.0
"""A server that asks for a longer wait ends the run instead: sleeping an hour unseen helps nobody."""


@dataclass(slots=True)
class Attempt:
    """One inquiry on its way to an outcome.

    Attributes:
        inquiry: What is wanted.
        n_sent: Times the present request was sent.
        faults: Fault kind -> times it befell the present request.
        is_anew: Whether stored replies do not count for it.
        is_looked_up: Whether the loop has just asked the store about it.
        n_heard_before: Answers that the whole run had heard when this one first found no connection; None before.
    """

    inquiry: Inquiry
    n_sent: int = 0
    faults: defaultdict[FaultKind, int] = field(default_factory=lambda: defaultdict(int))
    is_anew: bool = False
    is_looked_up: bool = False
    n_heard_before: int | None = None

    def start_over(self) -> None:
        """Forget the tries: the inquiry asks something new now."""
        self.n_sent, self.n_heard_before = 0, None
        self.faults.clear()


@dataclass(frozen=True, slots=True)
class Retries:
    """How often each kind of fault is forgiven, and the waits between.

    Attributes:
        n_tries: Tries of one request that meets server or connection faults.
        n_tries_rate_limited: Tries where the server says "slow down", which is no fault of the request.
        n_tries_timeout: Tries that may each last a whole timeout.
        n_tries_unheard: Tries of a connection while nothing has answered in the whole run.
        first_pause_s: Wait before the second try, in seconds; it doubles from then on.
        longest_backoff_s: Longest wait of our own choosing.
    """

    n_tries: int = 6
    n_tries_rate_limited: int = 30
    n_tries_timeout: int = 3
    n_tries_unheard: int = 3
    first_pause_s: float = 0.5
    longest_backoff_s: float = 20.0

    def is_spent(self, attempt: Attempt, kind: FaultKind) -> bool:
        """Whether a request that met this fault once more is given up."""
        allowed = {"rate_limit": self.n_tries_rate_limited, "timeout": self.n_tries_timeout}.get(kind, self.n_tries)
        return attempt.faults[kind] >= allowed

    def pause_s(self, attempt: Attempt, fault: EngineFault, rng: np.random.Generator) -> float:
        """Return the wait before the next try: what the server asks and a little more, else doubling with jitter."""
        jitter = float(rng.random())
        if fault.retry_after_s is not None:
            return fault.retry_after_s + 0.1 * jitter
        doubled = self.first_pause_s * 2.0 ** (attempt.faults[fault.kind] - 1)
        return float(min(doubled, self.longest_backoff_s)) * (0.5 + 0.5 * jitter)
