"""What goes into one batch: requests, each once, with all who wait for its answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from judgekit.judging.ports import Request
from judgekit.judging.runner.inquiry import Inquiry

if TYPE_CHECKING:
    from judgekit.judging.runner.budget import Guess

MAX_REQUESTS = 50_000
MAX_BYTES = 100_000_000
"""Of one batch: what the strictest of the common providers takes, and half of that."""


@dataclass(slots=True)
class Asked:
    """One request of a wave.

    Attributes:
        request: What is asked.
        guess: What it is expected to be, at the batch's price.
        waiting: Who waits for it.
        n_tries: Times it was submitted.
    """

    request: Request
    guess: Guess
    waiting: list[Inquiry]
    n_tries: int = 0


@dataclass(slots=True)
class Wave:
    """What goes into one batch."""

    asked: dict[str, Asked] = field(default_factory=dict)
    lines: list[bytes] = field(default_factory=list)
    n_bytes: int = 0

    @property
    def is_full(self) -> bool:
        """Whether the provider would take no more."""
        return len(self.asked) >= MAX_REQUESTS or self.n_bytes >= MAX_BYTES
