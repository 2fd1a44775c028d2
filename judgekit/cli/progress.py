"""How far a run is, on standard error: one line redrawn on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from judgekit.cli.console import Console
    from judgekit.judging.runner.progress import Progress

PLAIN_EVERY_S = 5.0
PLAIN_SHARE = 0.1
PLAIN_LONGEST_S = 60.0
"""Elsewhere: at most a line in 5 s, and then only when a tenth more is done or a minute has passed."""


@dataclass(slots=True)
class ProgressLine:
    """Shows each `Progress` it is called with; `last` is the latest."""

    console: Console
    last: Progress | None = None
    _said_at: float = field(default_factory=time.monotonic)
    _said_done: int = 0

    def __call__(self, progress: Progress) -> None:
        """Show it, if it is time."""
        self.last = progress
        if self.console.is_live:
            self.console.redraw(progress_text(progress))
        elif self._is_time(progress):
            self._said_at, self._said_done = time.monotonic(), progress.done
            self.console.say(progress_text(progress))

    def clear(self) -> None:
        """Take the line off the terminal."""
        self.console.redraw("")

    def _is_time(self, progress: Progress) -> bool:
        waited_s = time.monotonic() - self._said_at
        is_further = progress.done - self._said_done >= PLAIN_SHARE * progress.total
        return waited_s >= PLAIN_EVERY_S and (is_further or waited_s >= PLAIN_LONGEST_S)


def progress_text(progress: Progress) -> str:
    """Return one line below 80 columns; failures come first where there are any.

    Example:
        >>> from judgekit.judging.runner.progress import Progress
        >>> progress_text(Progress(done=50, failed=2, total=200, rate=25.0, eta_s=6.0, cost_usd=None, reused=0))
        '2 failed, 50 of 200 (25%), 25.0/s, 0:06 left, cost unknown'
    """
    parts = [f"{progress.failed} failed"] if progress.failed else []
    share = progress.done / progress.total if progress.total else 1.0
    parts.append(f"{progress.done} of {progress.total} ({share:.0%})")
    parts.append(f"{progress.rate:.1f}/s")
    if progress.eta_s is not None:
        parts.append(f"{duration(progress.eta_s)} left")
    if progress.reused:
        parts.append(f"{progress.reused} reused")
    parts.append("cost unknown" if progress.cost_usd is None else f"${progress.cost_usd:.4f}")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """Return minutes and seconds, with hours where there are any.

    Example:
        >>> duration(3725)
        '1:02:05'
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
