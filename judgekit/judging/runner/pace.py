"""How fast to ask: as fast as allowed, less and later while a server says "slow down", never above declared rates."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from judgekit.judging.ports import Limits

N_RECENT = 16
"""Answers looked back on. A stray 429 delays its own request only; when most answers are 429 the pace is wrong."""
LONGEST_SAID_S = 300.0
"""Waits that a header announces beyond this are not believed: the server will say so again."""


@dataclass(slots=True)
class Rate:
    """So many requests, or tokens, a minute: one may begin while the debt of those before is paid off.

    Attributes:
        per_minute: How many; None: any number.
        open_at: Moment when all that was sent is paid off, in monotonic seconds.

    Example:
        >>> rate = Rate(60)
        >>> rate.note(1, now=0.0)
        >>> rate.open_at
        1.0
    """

    per_minute: float | None = None
    open_at: float = field(default=0.0, init=False)

    def note(self, n: float, *, now: float) -> None:
        """Count so many as sent, or, where negative, as not needed after all."""
        if self.per_minute is not None:
            self.open_at = max(self.open_at, now if n > 0 else 0.0) + n * 60.0 / self.per_minute


class Pace:
    """A limit that halves when most recent answers were rate limits, and grows back by one a round.

    Until it has grown back, each further rate limit makes everybody wait, not its own request alone. Requests and
    tokens a minute are kept below what was declared, evenly: no burst at the start of each minute.

    Example:
        >>> pace = Pace(8)
        >>> for _ in range(16):
        ...     pace.note_rate_limit(now=0.0, pause_s=2.0)
        >>> pace.n_allowed, pace.opens_at
        (4, 2.0)
    """

    def __init__(self, n_max: int, *, rpm: float | None = None, tpm: float | None = None) -> None:
        """Start at the most that is allowed.

        Args:
            n_max: Most requests in flight.
            rpm: Most requests a minute.
            tpm: Most tokens a minute, of prompts and replies together.
        """
        self._n_max = n_max
        self._limit = float(n_max)
        self._recent: deque[bool] = deque(maxlen=N_RECENT)
        self._requests = Rate(rpm)
        self._tokens = Rate(tpm)
        self._held_until = 0.0

    @property
    def n_allowed(self) -> int:
        """Requests that may be in flight now."""
        return max(1, int(self._limit))

    @property
    def opens_at(self) -> float:
        """Moment before which nothing is sent, in monotonic seconds."""
        return max(self._held_until, self._requests.open_at, self._tokens.open_at)

    def note_sent(self, n_tokens: int, *, now: float) -> None:
        """A request of about so many tokens, reply included, goes out."""
        self._requests.note(1, now=now)
        self._tokens.note(n_tokens, now=now)

    def note_answer(self, n_tokens_off: int = 0, *, now: float = 0.0) -> None:
        """A request was answered, with so many tokens more (or, negative, fewer) than it was sent for."""
        self._recent.append(False)
        self._limit = min(self._n_max, self._limit + 1.0 / self._limit)
        if n_tokens_off:
            self._tokens.note(n_tokens_off, now=now)

    def note_limits(self, limits: Limits, n_tokens: int, *, now: float) -> None:
        """A server says what is left: where that is less than one request of so many tokens, everybody waits."""
        waits = (
            limits.requests_reset_s if limits.requests_left is not None and limits.requests_left < 1 else None,
            limits.tokens_reset_s if limits.tokens_left is not None and limits.tokens_left < n_tokens else None,
        )
        for wait_s in waits:
            if wait_s is not None and 0 < wait_s <= LONGEST_SAID_S:
                self._held_until = max(self._held_until, now + wait_s)

    def note_rate_limit(self, *, now: float, pause_s: float) -> None:
        """A request was turned away for coming too soon; it waits `pause_s` seconds."""
        self._recent.append(True)
        is_too_fast = len(self._recent) == N_RECENT and sum(self._recent) > N_RECENT / 2
        if not (is_too_fast or self._limit < self._n_max):
            return
        if now >= self._held_until:  # what was sent before the pause says nothing new
            self._limit = max(1.0, self._limit / 2)
        self._held_until = max(self._held_until, now + pause_s)
