"""The cap on money: what was spent, what may be in flight, and whether one more request fits.

A prompt has at most as many tokens as bytes, and a reply at most `max_tokens`: where that is set, no request can cost
more than it is counted at. Where it is not, replies go by the longest so far.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from judgekit.errors import BudgetReached, InputError

if TYPE_CHECKING:
    from judgekit.judging.ports import Prices, Reply, Request

FIRST_REPLY_TOKENS = 1024
"""Tokens that a reply may have before any was seen and where `max_tokens` does not say."""
FIRST_TOKENS_PER_BYTE = 0.5
"""Prompt tokens a byte before any reply was seen: twice what English needs."""
TOKENS_A_MESSAGE = 8
"""At most, beside its text: its role and where it ends."""
MARGIN = 1.25
"""How much larger than the largest seen the next may be."""
SURE = 0.8
"""Share of the fewest tokens a byte seen that a prompt surely has."""
N_SURE = 8
"""Replies after which that is known well enough to refuse a prompt by it."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What one request is expected to be.

    Attributes:
        n_bytes: Length of its messages.
        n_tokens: Tokens that its prompt and reply are likely to have.
        usd: The most that it can cost, where `max_tokens` bounds the reply; else the most that is likely. None where
            the price is unknown.
    """

    n_bytes: int
    n_tokens: int
    usd: float | None


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
    _most_tokens_per_byte: float = FIRST_TOKENS_PER_BYTE
    _fewest_tokens_per_byte: float = float("inf")
    _longest_reply_tokens: int = 0
    _n_reply_tokens: int = 0
    _largest_cost_usd: float = 0.0
    _n_seen: int = 0
    _n_measured: int = 0
    _schema: tuple[Mapping[str, Any] | None, int] = field(default=(None, 0), init=False)

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
                hint=f'Give it in judgekit.toml, [prices."{model}"] prompt and completion in dollars per million '
                "tokens; or run without --max-cost, with --limit instead",
            )

    def guess(self, request: Request) -> Guess:
        """Return what a request is expected to be, from its length, its `max_tokens` and the replies so far."""
        n_bytes = sum(len(message.content.encode("utf-8", "replace")) for message in request.messages) or 1
        prompt_tokens = int(n_bytes * self._most_tokens_per_byte) + 8
        said = request.parameters.get("max_tokens") or request.parameters.get("max_completion_tokens")
        mean = self._n_reply_tokens // self._n_seen if self._n_seen else FIRST_REPLY_TOKENS
        n_tokens = prompt_tokens + (min(said, mean) if isinstance(said, int) else mean) * request.n_at_once
        most_prompt_tokens = n_bytes + TOKENS_A_MESSAGE * len(request.messages) + self._schema_tokens(request.schema)
        return Guess(n_bytes, n_tokens, self._most_usd(request, most_prompt_tokens, said))

    def _schema_tokens(self, schema: Mapping[str, Any] | None) -> int:
        """Return the most tokens that a schema adds; all requests of a run have the very same one."""
        if schema is None:
            return 0
        if schema is not self._schema[0]:
            self._schema = schema, len(json.dumps(schema).encode()) + TOKENS_A_MESSAGE
        return self._schema[1]

    def surely_overflows(self, request: Request, n_bytes: int) -> str | None:
        """Return why a prompt cannot fit its model's context, by what replies so far have shown; None where it may."""
        if self.prices is None or self._n_measured < N_SURE:
            return None
        room = self.prices.context_tokens(request.model)
        n_tokens = int(n_bytes * self._fewest_tokens_per_byte * SURE)
        if room is None or n_tokens <= room:
            return None
        return f"the prompt has {n_tokens:,} tokens or more, and {request.model} takes {room:,}; it was not sent"

    def cost_usd(self, request: Request, reply: Reply) -> float | None:
        """Return the price of a reply's tokens; None when it is unknown."""
        if self.prices is None or reply.prompt_tokens is None or reply.completion_tokens is None:
            return None
        return self.prices.cost_usd(request.model, reply.prompt_tokens, reply.completion_tokens)

    def has_room(self, guess: Guess) -> bool:
        """Whether a request fits beside what is spent and in flight."""
        return self.cap_usd is None or self.spent_usd + self._reserved_usd + (guess.usd or 0.0) <= self.cap_usd

    def reserve(self, guess: Guess) -> None:
        """Count a request as in flight."""
        self._reserved_usd += guess.usd or 0.0

    def release(self, guess: Guess) -> None:
        """Count it as back, before what it cost is settled."""
        self._reserved_usd = max(0.0, self._reserved_usd - (guess.usd or 0.0))

    def settle(self, guess: Guess, reply: Reply, cost_usd: float | None) -> None:
        """Count what a reply cost, its estimate where that is unknown, and learn how large the next may be."""
        charged_usd = (guess.usd or 0.0) if cost_usd is None else cost_usd
        self._n_seen += 1
        self.spent_usd += charged_usd
        self._largest_cost_usd = max(self._largest_cost_usd, charged_usd)
        n_tokens = -(-(reply.completion_tokens or 0) // (1 + len(reply.further)))
        self._longest_reply_tokens = max(self._longest_reply_tokens, n_tokens)
        self._n_reply_tokens += n_tokens
        if reply.prompt_tokens:
            self._n_measured += 1
            per_byte = reply.prompt_tokens / guess.n_bytes
            self._fewest_tokens_per_byte = min(self._fewest_tokens_per_byte, per_byte)
            seen = MARGIN * per_byte
            self._most_tokens_per_byte = seen if self._n_seen == 1 else max(self._most_tokens_per_byte, seen)

    def presume_charged(self, guess: Guess) -> None:
        """Count a request whose answer never came: the provider may charge for it all the same."""
        self.spent_usd += guess.usd or 0.0

    def reached(self, guess: Guess) -> BudgetReached:
        """Return the error that says the cap is met."""
        return BudgetReached(
            f"the cap of ${self.cap_usd:g} is met: ${self.spent_usd:.4f} is spent, and the next request may cost "
            f"${guess.usd or 0.0:.4f}",
            hint="What was done is kept; the same command continues, with a new --max-cost",
        )

    def _most_usd(self, request: Request, prompt_tokens: int, max_tokens: object) -> float | None:
        if self.prices is None:
            return None
        n = request.n_at_once
        if isinstance(max_tokens, int):
            return self.prices.cost_usd(request.model, prompt_tokens, max_tokens * n)
        longest = int(self._longest_reply_tokens * MARGIN) if self._n_seen else FIRST_REPLY_TOKENS
        cost_usd = self.prices.cost_usd(request.model, prompt_tokens, longest * n)
        return None if cost_usd is None else max(cost_usd, self._largest_cost_usd)
