"""What a server's headers say is left before it turns requests away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from judgekit.judging.ports import Limits

_O, _A = "x-ratelimit-", "anthropic-ratelimit-"
FAMILIES = (
    (f"{_O}remaining-requests", f"{_O}remaining-tokens", f"{_O}reset-requests", f"{_O}reset-tokens"),
    (f"{_A}requests-remaining", f"{_A}tokens-remaining", f"{_A}requests-reset", f"{_A}tokens-reset"),
    ("ratelimit-remaining", "", "ratelimit-reset", ""),  # the draft standard: requests only
)
"""Names of the headers: requests left, tokens left, when the requests are full again, when the tokens are."""

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def limits_in(headers: Mapping[str, str], now: datetime) -> Limits | None:
    """Return what is left, by the first family of headers that says so; None when none does.

    Args:
        headers: Names in lower case, or a mapping that does not mind.
        now: For resets that are given as moments.

    Example:
        >>> limits_in({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m2s"}, datetime.now(UTC))
        Limits(requests_left=0, tokens_left=None, requests_reset_s=62.0, tokens_reset_s=None)
    """
    for requests, tokens, requests_reset, tokens_reset in FAMILIES:
        if requests in headers or tokens in headers:
            return Limits(
                _count(headers.get(requests)),
                _count(headers.get(tokens)),
                _seconds(headers.get(requests_reset), now),
                _seconds(headers.get(tokens_reset), now),
            )
    return None


def _count(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"\d{1,15}", text.strip()) else None


def _seconds(text: str | None, now: datetime) -> float | None:
    """Read `20ms`, `6m0s`, `1.5`, or a moment."""
    if text is None:
        return None
    text = text.strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", text):
        return float(text)
    parts = _PART.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return sum(float(number) * _UNIT_S[unit] for number, unit in parts)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())
