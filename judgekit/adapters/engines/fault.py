"""From an endpoint's error answer to an `EngineFault`: which are worth another try, which stop the run.

Endpoints agree on status codes only roughly, so the error body's type, code and words decide where a
status means several things. Not here: sending requests, and deciding how often to try again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from judgekit.judging.ports import EngineFault, FaultKind, Limits

LONGEST_DETAIL = 300
GATEWAY_GAVE_UP = frozenset({408, 499, 502, 504, 524})
"""A gateway lost patience: the model behind it may have answered, and charged."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """An error answer, as it came.

    Attributes:
        status: HTTP status.
        body: The answer's text.
        where: The endpoint's address, for the message.
        key_env: Name of the environment variable that holds the key; never the key.
        retry_after_s: What the server asked us to wait.
        limits: What it says is left.
    """

    status: int
    body: str
    where: str
    key_env: str | None = None
    retry_after_s: float | None = None
    limits: Limits | None = None


def fault_of(rejection: Rejection) -> EngineFault:
    """Return the fault that an error answer means: the first rule that fits, else `bad_request`."""
    message, kinds = _error_in(rejection.body)
    said = f"{kinds}|{message}".lower()
    detail = f"{rejection.where} answered {rejection.status}: {message}"
    rule = next((rule for rule in RULES if rule.fits(rejection.status, said)), None)
    if rule is None:
        return EngineFault("bad_request", detail)
    hint = rule.hint.format(key=rejection.key_env or "the variable named as api_key_env in judge.toml")
    return EngineFault(
        rule.kind,
        f"{detail}. {hint}" if hint else detail,
        retry_after_s=rejection.retry_after_s if rule.waits else None,
        may_be_charged=rejection.status in GATEWAY_GAVE_UP,
        limits=rejection.limits,
    )


@dataclass(frozen=True, slots=True)
class Rule:
    """What a status means when the body's type, code and message match the words.

    Attributes:
        statuses: HTTP statuses it is about.
        words: Searched in `kinds|message`, lower case; None: whatever the body says.
        kind: The fault.
        hint: What to do about it.
        waits: Whether the server's Retry-After is heeded.
    """

    statuses: Container[int]
    words: str | None
    kind: FaultKind
    hint: str = ""
    waits: bool = False

    def fits(self, status: int, said: str) -> bool:
        """Whether the rule speaks about this answer."""
        return status in self.statuses and (self.words is None or re.search(self.words, said) is not None)


_REQUEST = (400, 404, 405, 422)
RULES = (
    Rule((402,), None, "fatal", "The account has no money left: top it up, or use another key or model"),
    Rule(
        range(400, 600),  # 500: inside a 200 answer, with a word for its code
        r"insufficient[_ ](quota|balance|credits?|funds)|billing_(hard_limit|not_active)|exceeded your current quota",
        "fatal",
        "The account has no quota left: top it up, or use another key or model",
    ),
    Rule(
        (400, 403, 422),
        r"content_filter|content_policy|content management policy|moderation|flagged|safety system",
        "refused",
    ),
    Rule((401, 403), None, "fatal", "Check the key in {key}"),
    Rule((429,), None, "rate_limit", waits=True),
    Rule((408, 409, 425, 499, *range(500, 600)), None, "server", waits=True),
    Rule((413,), None, "overflow"),
    Rule(
        _REQUEST,
        r"context_length|context window|maximum context|string_above_max|(prompt|input) is too long|too many tokens",
        "overflow",
    ),
    Rule(
        (404, 405),
        r"^\||model[_ ]not[_ ]found|deploymentnotfound|not_found_error|model.{0,200}(not (found|exist)|unknown)",
        "fatal",
        "Check the model's name and the base_url (most end in /v1)",
    ),
    Rule(range(300, 400), None, "fatal", "The endpoint has moved: give its new address as base_url"),
    Rule(
        _REQUEST,
        r"response_format|json_schema|structured output",
        "fatal",
        'This endpoint takes no JSON schema: set [reading] method = "json" in judge.toml',
    ),
    Rule(
        _REQUEST,
        r"unsupported[_ ](parameter|value)|unrecognized request argument",
        "fatal",
        "Change [parameters] in judge.toml",
    ),
)
"""What endpoints answer, first match first; a status alone is ambiguous for 400, 403, 404 and 429."""


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds a server asks us to wait: `retry-after-ms`, or `Retry-After` as seconds or date.

    Example:
        >>> retry_after_s({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, datetime(2026, 10, 21, 7, 27, tzinfo=UTC))
        60.0
    """
    found = {key.lower(): value.strip() for key, value in headers.items() if key.lower().startswith("retry-after")}
    for key, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        if re.fullmatch(r"\d+(\.\d+)?", found.get(key, "")):
            return float(found[key]) / unit
    try:
        moment = parsedate_to_datetime(found["retry-after"])
    except (KeyError, ValueError, OverflowError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())


def error_status(envelope: Mapping[str, Any]) -> int | None:
    """Return the status of an error that a gateway wrapped into a 200 answer; None when it holds no error."""
    error = envelope.get("error")
    if not error:
        return None
    code = str(error.get("code")) if isinstance(error, dict) else ""
    return int(code) if re.fullmatch(r"[45]\d\d", code, re.ASCII) else 500


def _error_in(body: str) -> tuple[str, str]:
    """Return an error body's message, on one line, and its type and code."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return one_line(body) or "no explanation", ""
    error = parsed.get("error", parsed) if isinstance(parsed, dict) else parsed
    if not isinstance(error, dict):
        return one_line(str(error)), ""
    message = error.get("message") or error.get("detail") or body
    kinds = [str(error[key]) for key in ("type", "code", "param") if error.get(key)]
    return one_line(str(message)).rstrip("."), " ".join(kinds)


def one_line(text: str) -> str:
    """Return the text on one line, cut to a length that fits a message."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_DETAIL else line[: LONGEST_DETAIL - 3] + "..."
