"""The odds of a reply's tokens, as OpenAI-style endpoints give them: `choices[0].logprobs.content`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from judgekit.judging.ports import EngineFault, Request
from judgekit.records.verdict import Token

N_KEPT = 32
"""Last tokens of a reply that are kept: the value stands at its end, and each weighs as much as a sentence."""

LEAST_KEPT = math.log(1e-6)
"""Log-probability below which an alternative is not kept: a run of a million would be mostly those."""

LEAST_LOGPROB = -9999.0
"""What OpenAI gives for a token that is as good as impossible; stands for minus infinity too."""


def tokens_in(logprobs: object) -> tuple[Token, ...] | None:
    """Return the last tokens of a reply with their alternatives; None where there are none, or not in this form.

    Example:
        >>> tokens_in({"content": [{"token": "4", "logprob": -0.5, "top_logprobs": [{"token": "5", "logprob": -1.0}]}]})
        (Token(text='4', logprob=-0.5, top={'5': -1.0}),)
    """
    content = logprobs.get("content") if isinstance(logprobs, Mapping) else None
    if not isinstance(content, list) or not content:
        return None
    try:
        return tuple(_token(entry) for entry in content[-N_KEPT:])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def wants_odds(request: Request) -> bool:
    """Whether a request asks for the odds of tokens."""
    return bool(request.parameters.get("logprobs"))


def without_odds(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters for a model that gives no odds."""
    return {name: value for name, value in parameters.items() if name not in ("logprobs", "top_logprobs")}


def odds_refused(status: int, body: str, request: Request, where: str) -> EngineFault | None:
    """Return the fault of a model that gives no odds: the same request may succeed once they are not asked for."""
    if status not in (400, 403, 404, 422) or "logprobs" not in body or not wants_odds(request):
        return None
    return EngineFault("server", f"{where} gives no token probabilities for {request.model}", may_be_charged=False)


def _token(entry: Mapping[str, Any]) -> Token:
    top = {_text(other): _logprob(other) for other in entry.get("top_logprobs") or ()}
    kept = {text: logprob for text, logprob in top.items() if logprob >= LEAST_KEPT}
    return Token(text=_text(entry), logprob=_logprob(entry), top=kept)


def _text(entry: Mapping[str, Any]) -> str:
    """Return a token's text, from its bytes where they are whole characters: they are what the reply is made of."""
    raw = entry.get("bytes")
    if isinstance(raw, list):
        try:
            return bytes(raw).decode("utf-8")
        except (ValueError, TypeError):
            pass
    return str(entry["token"])


def _logprob(entry: Mapping[str, Any]) -> float:
    logprob = float(entry["logprob"])
    return min(logprob, 0.0) if math.isfinite(logprob) else LEAST_LOGPROB
