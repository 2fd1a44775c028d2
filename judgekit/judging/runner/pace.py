"""How many requests may be in flight, and from when on: less, and later, while a server says "slow down"."""

from __future__ import annotations

from collections import deque

N_RECENT = 16
"""Answers looked back on. A stray 429 delays its own request only; when most answers are 429 the pace is wrong."""


class Pace:
    """A limit that halves when most recent answers were rate limits, and grows back by one a round.

    Until it has grown back, each further rate limit makes everybody wait, not its own request alone.

    Example:
        >>> pace = Pace(8)
        >>> for _ in range(16):
        ...     pace.note_rate_limit(now=0.0, pause_s=2.0)
        >>> pace.n_allowed, pace.opens_at
        (4, 2.0)
    """

    def __init__(self, n_max: int) -> None:
        """Start at the most that is allowed."""
        self._n_max = n_max
        self._limit = float(n_max)
        self._recent: deque[bool] = deque(maxlen=N_RECENT)
        self.opens_at = 0.0
        """Moment before which nothing is sent, in monotonic seconds."""

    @property
    def n_allowed(self) -> int:
        """Requests that may be in flight now."""
        return max(1, int(self._limit))

    def note_answer(self) -> None:
        """A request was answered."""
        self._recent.append(False)
        self._limit = min(self._n_max, self._limit + 1.0 / self._limit)

    def note_rate_limit(self, *, now: float, pause_s: float) -> None:
        """A request was turned away for coming too soon; it waits `pause_s` seconds."""
        self._recent.append(True)
        is_too_fast = len(self._recent) == N_RECENT and sum(self._recent) > N_RECENT / 2
        if not (is_too_fast or self._limit < self._n_max):
            return
        if now >= self.opens_at:  # what was sent before the pause says nothing new
            self._limit = max(1.0, self._limit / 2)
        self.opens_at = max(self.opens_at, now + pause_s)
