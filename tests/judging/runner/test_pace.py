"""The pace follows what servers say and what the user declares, and never holds back more than that."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from judgekit.adapters.engines.limits import limits_in
from judgekit.judging.ports import Limits
from judgekit.judging.runner.pace import Pace

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
A = "anthropic-ratelimit-requests-"


def sent_in(pace: Pace, seconds: float, n_tokens: int = 1) -> int:
    """Return how many requests a greedy sender gets out."""
    now, n = 0.0, 0
    while (now := max(now, pace.opens_at)) <= seconds:
        pace.note_sent(n_tokens, now=now)
        n += 1
        if pace.opens_at <= now and n > 10_000:
            break
    return n


@pytest.mark.parametrize(
    ("rpm", "tpm", "n_tokens", "expected"), [(60, None, 1, 60), (None, 6000, 100, 60), (600, 600, 20, 30)]
)
def test_declared_rates_are_kept_evenly(rpm: float | None, tpm: float | None, n_tokens: int, expected: int) -> None:
    """A minute brings as many as declared, and no second of it more than its part."""
    assert abs(sent_in(Pace(8, rpm=rpm, tpm=tpm), 60.0, n_tokens) - expected) <= 1
    assert sent_in(Pace(8, rpm=rpm, tpm=tpm), 1.0, n_tokens) <= expected / 60 + 1


def test_tokens_that_were_not_needed_are_given_back() -> None:
    """A reply shorter than supposed opens the way sooner, a longer one later."""
    pace = Pace(8, tpm=60)
    pace.note_sent(60, now=0.0)
    assert pace.opens_at == 60.0
    pace.note_answer(-30, now=1.0)
    assert pace.opens_at == 30.0
    pace.note_answer(10, now=2.0)
    assert pace.opens_at == 40.0


def test_without_rates_nothing_waits() -> None:
    """No declaration, no delay."""
    pace = Pace(8)
    pace.note_sent(10_000, now=5.0)
    assert pace.opens_at == 0.0


def test_everybody_waits_where_the_server_says_nothing_is_left() -> None:
    """Requests or tokens below one more request hold all of them back until the reset, and not beyond belief."""
    pace = Pace(8)
    pace.note_limits(Limits(requests_left=3, tokens_left=500, requests_reset_s=9.0, tokens_reset_s=9.0), 100, now=1.0)
    assert pace.opens_at == 0.0
    pace.note_limits(Limits(requests_left=0, requests_reset_s=2.0), 100, now=1.0)
    assert pace.opens_at == 3.0
    pace.note_limits(Limits(tokens_left=99, tokens_reset_s=6.0), 100, now=1.0)
    assert pace.opens_at == 7.0
    pace.note_limits(Limits(requests_left=0, requests_reset_s=86_400.0), 100, now=1.0)
    assert pace.opens_at == 7.0


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"x-ratelimit-remaining-requests": "59", "x-ratelimit-reset-requests": "20ms"}, Limits(59, None, 0.02, None)),
        ({"x-ratelimit-remaining-tokens": "14", "x-ratelimit-reset-tokens": "6m0s"}, Limits(None, 14, None, 360.0)),
        ({"x-ratelimit-remaining-requests": "many", "x-ratelimit-reset-requests": "soon"}, Limits()),
        (
            {f"{A}remaining": "0", f"{A}reset": "2026-11-23T12:00:05Z"},
            Limits(0, None, 5.0, None),
        ),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "7"}, Limits(0, None, 7.0, None)),
    ],
)  # fmt: skip
def test_headers_of_several_providers_are_read(headers: dict[str, str], expected: Limits | None) -> None:
    """What cannot be read is not said."""
    assert limits_in(headers, NOW) == expected
