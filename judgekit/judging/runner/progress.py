"""How far a run is, told at a fixed rate however fast it goes; how it is shown is the door's business."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Attributes:
        done: Outcomes so far, failures included.
        failed: Failures among them.
        total: Outcomes wanted.
        rate: Outcomes a second since the start.
        eta_s: Seconds to go at that rate; None before the first outcome.
        cost_usd: Dollars spent so far; None when a price is unknown.
        reused: Replies taken from the store.
    """

    done: int
    failed: int
    total: int
    rate: float
    eta_s: float | None
    cost_usd: float | None
    reused: int


Listener = Callable[[Progress], None]


class Ticker:
    """Lets a moment through at most every `interval_s` seconds."""

    def __init__(self, started_at: float, interval_s: float = 0.2) -> None:
        """Start at a monotonic moment."""
        self._started_at = started_at
        self._last = started_at
        self._interval_s = interval_s

    def is_due(self, now: float) -> bool:
        """Whether it is time to tell; if so, the next time is an interval away."""
        if now - self._last < self._interval_s:
            return False
        self._last = now
        return True

    def elapsed_s(self, now: float) -> float:
        """Return seconds since the start."""
        return max(now - self._started_at, 1e-9)
