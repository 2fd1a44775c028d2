"""What judging needs of the world: four small protocols, implemented in `adapters`, joined at the doors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from judgekit.records.verdict import Call, Failure, Token


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message.

    Attributes:
        role: Who says it.
        content: What is said.
        as_json: The content as JSON text, with characters beyond ASCII as they are; None: nobody has made it yet.
    """

    role: Literal["system", "user", "assistant"]
    content: str
    as_json: str | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a model: all that decides the reply, and nothing else.

    Attributes:
        key: Fingerprint of model, endpoint, messages, parameters and schema; `sample` is not part of it, so that
            the same question asked several times has one key, and a store keeps replies by key and sample.
        model: `provider/model`.
        messages: The conversation to complete.
        parameters: Temperature and so on; None values are left out.
        schema: JSON schema the reply must follow; None when none is asked for.
        sample: 0, 1, 2 ... where the same question is asked several times.
        n_samples: How many samples are wanted in all; an engine that can brings those from `sample` on in one answer.
    """

    key: str
    model: str
    messages: Sequence[Message]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    schema: Mapping[str, Any] | None = None
    sample: int = 0
    n_samples: int = 1

    @property
    def n_at_once(self) -> int:
        """Samples that one answer may bring: this one, and those after it."""
        return max(1, self.n_samples - self.sample)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server says is left before it turns requests away.

    Attributes:
        requests_left: Requests that may still be sent in the present window; None when not said.
        tokens_left: Tokens, likewise.
        requests_reset_s: Seconds until the requests are full again.
        tokens_reset_s: Seconds until the tokens are.
    """

    requests_left: int | None = None
    tokens_left: int | None = None
    requests_reset_s: float | None = None
    tokens_reset_s: float | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What an engine brought back.

    Attributes:
        text: The model's words.
        model: The model that answered, as it names itself.
        finish_reason: `stop`, `length`, `content_filter` ...; None when not said.
        refusal: The model's refusal, where the engine reports one apart from the text.
        prompt_tokens: Tokens read; None when not said.
        completion_tokens: Tokens written.
        cost_usd: Dollars charged; None when unknown, never 0 for unknown.
        latency_s: Seconds from request to reply.
        tokens: The last tokens of the text with their odds, where they were asked for.
        limits: What the server says is left.
        recorded: The call as it was when it was made, where this only replays it.
        further: The samples after this one that came in the same answer; what it cost stands here, with the first.
    """

    text: str
    model: str
    finish_reason: str | None = None
    refusal: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None
    latency_s: float | None = None
    tokens: tuple[Token, ...] | None = None
    limits: Limits | None = None
    recorded: Call | None = None
    further: tuple[Reply, ...] = ()


FaultKind = Literal["rate_limit", "server", "connection", "timeout", "overflow", "refused", "bad_request", "fatal"]


class EngineFault(Exception):
    """An engine could not complete one request.

    `rate_limit`, `server`, `connection` and `timeout` are worth another try; `overflow`, `refused` and
    `bad_request` concern this request only; `fatal` (key, quota, unknown model) stops the run.
    """

    def __init__(
        self,
        kind: FaultKind,
        detail: str,
        *,
        retry_after_s: float | None = None,
        may_be_charged: bool | None = None,
        limits: Limits | None = None,
        recorded: Failure | None = None,
    ) -> None:
        """Keep the fault.

        Args:
            kind: What went wrong.
            detail: One line on it.
            retry_after_s: What the server asked us to wait.
            may_be_charged: Whether the model may have answered all the same; None: for the kinds where nobody knows
                (`timeout`, `connection`, `server`).
            limits: What the server says is left.
            recorded: The failure as it was when it happened, where this only replays it.
        """
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.retry_after_s = retry_after_s
        self.may_be_charged = kind in ("timeout", "connection", "server") if may_be_charged is None else may_be_charged
        self.limits = limits
        self.recorded = recorded

    @property
    def is_transient(self) -> bool:
        """Whether the same request may succeed later."""
        return self.recorded is None and self.kind in ("rate_limit", "server", "connection", "timeout")


class Engine(Protocol):
    """Completes one request and returns one reply; retry, pacing, budget and caching are the runner's."""

    @property
    def name(self) -> str:
        """What it is called in every row: `openai-compatible`, `litellm`, `replay`, `scripted`."""

    async def complete(self, request: Request) -> Reply:
        """Return the model's reply.

        Raises:
            EngineFault: It could not.
        """

    async def close(self) -> None:
        """Let go of connections."""


class Store(Protocol):
    """Replies already paid for, by request key and sample number."""

    def find(self, request: Request) -> Call | None:
        """Return the stored call for exactly this request, or None."""

    def find_all(self, requests: Sequence[Request]) -> dict[tuple[str, int], Call]:
        """Return the stored calls for several requests, by key and sample; those that are not stored are not in it."""

    def commit(self, *calls: Call) -> None:
        """Keep calls so that they survive the process from here on."""


class Prices(Protocol):
    """What tokens cost."""

    def cost_usd(self, model: str, prompt_tokens: int, completion_tokens: int) -> float | None:
        """Return dollars; None when the model's price is unknown."""

    def context_tokens(self, model: str) -> int | None:
        """Return the most tokens a prompt of the model may have; None when unknown."""


class Clock(Protocol):
    """Time and waiting, so that tests own them."""

    def now(self) -> datetime:
        """Return the present moment, with its offset."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""
