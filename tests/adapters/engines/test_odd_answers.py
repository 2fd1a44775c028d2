"""Answers that no specification allows: each is a fault of its own kind or is read as far as it means something."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from judgekit.adapters.clock import SystemClock
from judgekit.adapters.engines.fault import Rejection, error_status, fault_of, retry_after_s
from judgekit.adapters.engines.openai_compatible import Endpoint, OpenAICompatible
from judgekit.judging.ports import EngineFault, Message, Reply, Request
from tests.adapters.engines.test_wire import Listener, counted, listening

REQUEST = Request(key="sha256:0", model="m", messages=(Message("user", "hi"),))
DEEP = b"[" * 100_000
PAGE = b"<html><body><h1>429 Too Many Requests</h1></body></html>"


def answered(answer: bytes) -> Reply | EngineFault:
    """Return what the engine makes of one answer's bytes."""

    async def run() -> Reply | EngineFault:
        async with listening(Listener([answer], closes=True)) as listener:
            engine = OpenAICompatible(Endpoint(listener.url.removesuffix("/chat/completions")), SystemClock())
            try:
                return await engine.complete(REQUEST)
            except EngineFault as fault:
                return fault
            finally:
                await engine.close()

    return asyncio.run(run())


def envelope(**changes: Any) -> bytes:
    fields = {"choices": [{"message": {"content": "fine"}}], "usage": {"prompt_tokens": 9, "completion_tokens": 2}}
    return json.dumps({**fields, **changes}).encode()


@pytest.mark.parametrize(
    ("status", "kind"), [("429 X", "rate_limit"), ("408 X", "server"), ("413 X", "overflow"), ("503 X", "server")]
)
def test_a_gateways_web_page_is_the_fault_that_its_status_says(status: str, kind: str) -> None:
    """Web servers in front of a model say "slow down" and "too large" in HTML; that stops no run."""
    fault = answered(counted(PAGE, status=status, more="Content-Type: text/html\r\n"))
    assert isinstance(fault, EngineFault)
    assert fault.kind == kind


@pytest.mark.parametrize("status", ["200 OK", "404 X", "403 X", "301 X"])
def test_a_web_page_instead_of_an_endpoint_stops_the_run(status: str) -> None:
    """An address that shows pages is no endpoint."""
    fault = answered(counted(PAGE, status=status, more="Content-Type: text/html\r\n"))
    assert isinstance(fault, EngineFault)
    assert (fault.kind, "base_url" in fault.detail) == ("fatal", True)


@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request", "503 X"])
def test_json_nested_without_end_is_a_fault_of_this_request(status: str) -> None:
    """What cannot be read for its depth is no defect of ours."""
    fault = answered(counted(DEEP, status=status))
    assert isinstance(fault, EngineFault)
    assert fault.kind in ("server", "bad_request")


@pytest.mark.parametrize("reason", [7, {"a": 1}, ["stop"], True])
def test_a_finish_reason_that_is_no_text_is_none(reason: object) -> None:
    """The reply itself is fine, and it was paid for."""
    reply = answered(counted(envelope(choices=[{"message": {"content": "fine"}, "finish_reason": reason}])))
    assert isinstance(reply, Reply)
    assert (reply.text, reply.finish_reason) == ("fine", None)


@pytest.mark.parametrize("status", ["201 Created", "206 Partial Content"])
def test_any_status_of_success_is_an_answer(status: str) -> None:
    """Gateways that say 201 have answered, and charged."""
    reply = answered(counted(envelope(), status=status))
    assert isinstance(reply, Reply)
    assert reply.text == "fine"


def test_success_without_a_body_may_have_been_charged() -> None:
    """Nobody knows what a 204 cost."""
    fault = answered(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert isinstance(fault, EngineFault)
    assert (fault.kind, fault.may_be_charged) == ("server", True)


@pytest.mark.parametrize("n_tokens", [0, -1, 10**400, 1.5, "9", None, True])
def test_a_prompt_of_an_impossible_length_has_an_unknown_one(n_tokens: object) -> None:
    """A prompt has tokens: a gateway's 0 means that it did not count, and must not make the reply free."""
    reply = answered(counted(envelope(usage={"prompt_tokens": n_tokens, "completion_tokens": n_tokens})))
    assert isinstance(reply, Reply)
    assert reply.prompt_tokens is None
    assert reply.completion_tokens in (None, 0)


def test_a_date_beyond_all_time_zones_is_no_wait() -> None:
    """A header that no clock can hold is as if it were not there."""
    headers = {"Retry-After": "Wed, 21 Oct 2026 07:28:00 +999999999999999999999"}
    assert retry_after_s(headers, datetime(2026, 10, 21, tzinfo=UTC)) is None


def test_a_client_that_a_gateway_gave_up_on_may_be_charged_and_tries_again() -> None:
    """nginx's 499 says that the wait was too long, not that the request was wrong."""
    fault = fault_of(Rejection(499, "", "http://x/v1"))
    assert (fault.kind, fault.may_be_charged) == ("server", True)


def test_an_error_in_a_200_answer_is_told_by_its_own_code() -> None:
    """Gateways write the code as a number, as text or as a word; no money left is never worth another try."""
    assert error_status({"error": {"code": "429"}}) == 429
    assert error_status({"error": {"code": 402}}) == 402
    body = json.dumps({"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}})
    assert error_status(json.loads(body)) == 500
    assert fault_of(Rejection(500, body, "http://x/v1")).kind == "fatal"


def test_the_first_latency_holds_no_import_of_ours() -> None:
    """What loading the client takes is over before a request can be timed."""
    code = (
        "import sys\n"
        "from judgekit.adapters.clock import SystemClock\n"
        "from judgekit.adapters.engines.openai_compatible import Endpoint, OpenAICompatible\n"
        "before = 'aiohttp' in sys.modules\n"
        "OpenAICompatible(Endpoint('http://x/v1'), SystemClock())\n"
        "print(before, 'aiohttp' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
