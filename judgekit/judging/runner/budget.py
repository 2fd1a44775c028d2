"""The cap on money: what was spent, what may be in flight, and whether one more request fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from judgekit.errors import BudgetReached, InputError

if TYPE_CHECKING:
    from judgekit.judging.ports import Prices, Reply, Request

FIRST_REPLY_TOKENS = 1024
"""Tokens that a reply may have before any was seen and where `max_tokens` does not say."""
FIRST_TOKENS_PER_BYTE = 0.5
"""Prompt tokens a byte before any reply was seen: twice what English needs."""
MARGIN = 1.25
"""How much larger than the largest seen the next may be."""


@dataclass(slots=True)
class Budget:
    """Keeps the sum of what was charged and what is in flight, at its largest estimate, under the cap.

    Attributes:
        cap_usd: The cap, in dollars; None: no cap.
        prices: What tokens cost.
        spent_usd: Charged so far; a request whose answer was lost counts at its estimate.
    """

    cap_usd: float | None
    prices: Prices | None
    spent_usd: float = 0.0
    _reserved_usd: float = 0.0
    _tokens_per_byte: float = FIRST_TOKENS_PER_BYTE
    _longest_reply_tokens: int = 0
    _largest_cost_usd: float = 0.0
    _n_seen: int = 0

    def check(self, model: str) -> None:
        """Refuse a cap that cannot be kept.

        Raises:
            InputError: The cap is no amount, or the model's price is unknown.
        """
        if self.cap_usd is None:
            return
        if not self.cap_usd > 0:
            raise InputError(
                f"a cap of {self.cap_usd:g} dollars leaves nothing to spend", hint="Give a positive amount"
            )
        if self.prices is None or self.prices.cost_usd(model, 1, 1) is None:
            raise InputError(
                f"the price of model {model!r} is unknown, so a cap on its cost cannot be kept",
                hint="Run without --max-cost, with --limit instead, or give its price",
            )

    def cost_usd(self, request: Request, reply: Reply) -> float | None:
        """Return the price of a reply's tokens; None when it is unknown."""
        if self.prices is None or reply.prompt_tokens is None or reply.completion_tokens is None:
            return None
        return self.prices.cost_usd(request.model, reply.prompt_tokens, reply.completion_tokens)

    def estimate_usd(self, request: Request) -> float | None:
        """Return the most that a request is likely to cost; None where the price is unknown."""
        if self.prices is None:
            return None
        prompt_tokens = int(_n_bytes(request) * self._tokens_per_byte) + 8
        longest = int(self._longest_reply_tokens * MARGIN) if self._n_seen else FIRST_REPLY_TOKENS
        said = request.parameters.get("max_tokens") or request.parameters.get("max_completion_tokens")
        completion_tokens = said if isinstance(said, int) else longest
        cost_usd = self.prices.cost_usd(request.model, prompt_tokens, completion_tokens)
        if cost_usd is None:
            return None
        return max(cost_usd, self._largest_cost_usd if not isinstance(said, int) else 0.0)

    def has_room(self, estimate_usd: float | None) -> bool:
        """Whether a request fits beside what is spent and in flight."""
        return self.cap_usd is None or self.spent_usd + self._reserved_usd + (estimate_usd or 0.0) <= self.cap_usd

    def reserve(self, estimate_usd: float | None) -> None:
        """Count a request as in flight."""
        self._reserved_usd += estimate_usd or 0.0

    def release(self, estimate_usd: float | None) -> None:
        """Count it as back, before what it cost is settled."""
        self._reserved_usd = max(0.0, self._reserved_usd - (estimate_usd or 0.0))

    def settle(self, request: Request, reply: Reply, *, cost_usd: float | None, estimate_usd: float | None) -> None:
        """Count what a reply cost, its estimate where that is unknown, and learn how large the next may be."""
        charged_usd = (estimate_usd or 0.0) if cost_usd is None else cost_usd
        self._n_seen += 1
        self.spent_usd += charged_usd
        self._largest_cost_usd = max(self._largest_cost_usd, charged_usd)
        self._longest_reply_tokens = max(self._longest_reply_tokens, reply.completion_tokens or 0)
        if reply.prompt_tokens:
            seen = MARGIN * reply.prompt_tokens / _n_bytes(request)
            self._tokens_per_byte = seen if self._n_seen == 1 else max(self._tokens_per_byte, seen)

    def presume_charged(self, estimate_usd: float | None) -> None:
        """Count a request whose answer never came: the provider may charge for it all the same."""
        self.spent_usd += estimate_usd or 0.0

    def reached(self, estimate_usd: float | None) -> BudgetReached:
        """Return the error that says the cap is met."""
        return BudgetReached(
            f"the cap of ${self.cap_usd:g} is met: ${self.spent_usd:.4f} is spent, and the next request may cost "
            f"${estimate_usd or 0.0:.4f}",
            hint="What was done is kept; the same command continues, with a new --max-cost",
        )


def _n_bytes(request: Request) -> int:
    return sum(len(message.content.encode("utf-8", "replace")) for message in request.messages) or 1
