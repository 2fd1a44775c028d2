"""A clock that moves only when somebody waits: hours of retries pass in a moment."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta


class StillClock:
    """Time that stands still between waits.

    Attributes:
        waits_s: Every wait asked for, in seconds, in order.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        """Begin at a moment."""
        self._start = start
        self._elapsed_s = 0.0
        self.waits_s: list[float] = []

    def now(self) -> datetime:
        """Return the present moment."""
        return self._start + timedelta(seconds=self._elapsed_s)

    def monotonic(self) -> float:
        """Return seconds waited so far."""
        return self._elapsed_s

    async def sleep(self, seconds: float) -> None:
        """Move on by so many seconds, once everybody else had a turn; of several sleepers the last moves least."""
        self.waits_s.append(seconds)
        wake_at = self._elapsed_s + max(0.0, seconds)
        await asyncio.sleep(0)
        self._elapsed_s = max(self._elapsed_s, wake_at)
