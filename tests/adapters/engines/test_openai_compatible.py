"""The thin client, over real HTTP: what it sends, what it understands, and which fault each answer is."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from judgekit.adapters.clock import SystemClock
from judgekit.adapters.engines.fault import Rejection, fault_of, retry_after_s
from judgekit.adapters.engines.openai_compatible import Endpoint, OpenAICompatible
from judgekit.judging.ports import EngineFault, Message, Reply, Request
from judgekit.testing import Fault, FaultyServer
from tests.adapters.engines.asking import answers_of

KEY = "sk-very-secret"


def request(**changes: Any) -> Request:
    fields = {"key": "sha256:0", "model": "openai/m", "messages": (Message("user", "hallo, wörld \U0001f600"),)}
    return Request(**{**fields, **changes})


def ask(base_url: str, *requests: Request, **endpoint: Any) -> list[Any]:
    """Send requests one after the other over one engine."""
    return answers_of(OpenAICompatible(Endpoint(base_url, **endpoint), SystemClock()), *(requests or (request(),)))


def test_a_reply_comes_back_with_model_tokens_and_latency() -> None:
    """What the endpoint says of a reply is kept, and the time it took is measured."""
    with FaultyServer("fine", latency_s=0.02) as server:
        (reply,) = ask(server.base_url)
    assert (reply.text, reply.model, reply.finish_reason) == ("fine", "m", "stop")
    assert (reply.prompt_tokens, reply.completion_tokens) == (3, 1)
    assert 0.02 <= reply.latency_s < 2
    assert reply.cost_usd is None


def test_what_is_sent_is_the_request_and_nothing_else() -> None:
    """The body holds model, messages, the parameters that are set, and the schema."""
    schema = {"type": "object"}
    with FaultyServer("fine") as server:
        ask(server.base_url, request(parameters={"temperature": 0, "seed": None, "max_tokens": 9}, schema=schema))
        sent = server.requests[0]
    assert sent == {
        "model": "m",
        "messages": [{"role": "user", "content": "hallo, wörld \U0001f600"}],
        "temperature": 0,
        "max_tokens": 9,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "verdict", "strict": True, "schema": schema},
        },
    }


def test_only_the_openai_prefix_is_taken_off_the_model() -> None:
    """Other slashes belong to the model's name."""
    with FaultyServer("fine") as server:
        ask(server.base_url, request(model="llmbar/natural/GPT-4__CoT"), request(model="openai/org/model"))
        assert [r["model"] for r in server.requests] == ["llmbar/natural/GPT-4__CoT", "org/model"]


def test_one_connection_serves_many_requests() -> None:
    """Twenty requests one after the other share a connection."""
    with FaultyServer("fine") as server:
        ask(server.base_url, *[request()] * 20)
        assert (server.n_requests, server.n_connections) == (20, 1)


def test_the_key_is_sent_and_never_told() -> None:
    """The key stands in the header alone: in no message, even where the server repeats it."""
    echo = Fault("status", 401, {"message": f"Incorrect API key provided: {KEY}"})
    with FaultyServer("fine", faults={0: echo}) as server:
        (fault,) = ask(server.base_url, key=KEY, key_env="MY_KEY")
        assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    assert fault.kind == "fatal"
    assert "MY_KEY" in fault.detail
    assert KEY not in fault.detail
    assert KEY not in repr(Endpoint("http://x/v1", key=KEY))


def test_without_a_key_no_authorization_is_sent() -> None:
    """No key means no header, not an empty one."""
    with FaultyServer("fine") as server:
        ask(server.base_url)
        assert "authorization" not in server.headers[0]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("status", 500), "server"),
        (Fault("status", 503), "server"),
        (Fault("status", 529), "server"),
        (Fault("status", 408), "server"),
        (Fault("truncated"), "server"),
        (Fault("garbled"), "server"),
        (Fault("reset"), "connection"),
        (Fault.rate_limit("2"), "rate_limit"),
        (Fault("slow"), "timeout"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.kind}-{value.status}",
)
def test_faults_on_the_wire_are_told_apart(fault: Any, kind: Any) -> None:
    """Errors, cut bodies, resets and timeouts are transient faults of their kinds, and the engine goes on."""
    with FaultyServer("fine", latency_s=0.05, faults={0: fault}) as server:
        first, second = ask(server.base_url, request(), request(), timeout_s=0.8 if fault.kind == "slow" else 20)
    assert isinstance(first, EngineFault)
    assert first.kind == kind
    assert first.is_transient
    assert isinstance(second, Reply), "the engine did not recover"


def test_a_refused_connection_is_a_connection_fault() -> None:
    """An address where nobody listens is a fault of the connection."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (fault,) = ask(f"http://127.0.0.1:{port}/v1")
    assert fault.kind == "connection"
    assert str(port) in fault.detail


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (401, {"message": "bad key"}, "fatal"),
        (403, {"message": "no access"}, "fatal"),
        (402, {"message": "Insufficient Balance"}, "fatal"),
        (429, {"message": "You exceeded your current quota", "code": "insufficient_quota"}, "fatal"),
        (429, {"message": "slow down", "type": "requests"}, "rate_limit"),
        (404, {"message": "The model `x` does not exist", "code": "model_not_found"}, "fatal"),
        (404, {"message": 'model "x" not found, try pulling it first', "type": "api_error"}, "fatal"),
        (404, {"message": "Not Found"}, "fatal"),
        (404, {"message": "this prompt holds no stored item", "type": "no_stored_completion"}, "bad_request"),
        (400, {"message": "too long", "code": "context_length_exceeded"}, "overflow"),
        (400, {"message": "This model's maximum context length is 8192 tokens"}, "overflow"),
        (413, {"message": "Request Entity Too Large"}, "overflow"),
        (400, {"message": "filtered", "code": "content_filter"}, "refused"),
        (400, {"message": "x", "code": "content_policy_violation"}, "refused"),
        (403, {"message": "Your input was flagged", "code": 403}, "refused"),
        (400, {"message": "response_format is not supported"}, "fatal"),
        (400, {"message": "Unsupported parameter: 'temperature'", "code": "unsupported_parameter"}, "fatal"),
        (400, {"message": "n must be 1", "type": "invalid_request_error"}, "bad_request"),
        (422, {"message": "odd"}, "bad_request"),
        (301, {"message": "moved"}, "fatal"),
    ],
)
def test_an_error_answer_is_the_fault_that_its_body_says(status: Any, error: Any, kind: Any) -> None:
    """Status, type, code and words together decide the kind of fault."""
    assert fault_of(Rejection(status, json.dumps({"error": error}), "http://x/v1")).kind == kind


def test_a_rejected_schema_says_what_to_do() -> None:
    """An endpoint without schemas is answered with the setting that does without."""
    body = json.dumps({"error": {"message": "response_format json_schema is not supported"}})
    assert 'method = "json"' in fault_of(Rejection(400, body, "http://x/v1")).detail


@pytest.mark.parametrize("body", ["", "<html>502</html>", '{"detail": "gone"}', '"text"', '{"error": "text"}', "[1]"])
def test_an_error_body_of_any_form_makes_one_line(body: Any) -> None:
    """HTML, text and odd JSON become one line of bounded length."""
    detail = fault_of(Rejection(500, body + "\n\n" * 400 + "x" * 4000, "http://x/v1")).detail
    assert "\n" not in detail
    assert len(detail) < 400


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"Retry-After-Ms": "1500", "Retry-After": "9"}, 1.5),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30.0),
        ({"Retry-After": "Wed, 21 Oct 2020 07:28:00 GMT"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "nan"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(headers: Any, seconds: Any) -> None:
    """Seconds, milliseconds and dates are read; what is none of them is no wait."""
    assert retry_after_s(headers, datetime(2026, 10, 21, 7, 27, 30, tzinfo=UTC)) == seconds


@pytest.mark.parametrize(
    "envelope",
    [
        {},
        {"choices": []},
        {"choices": [{}]},
        {"choices": [{"message": None}]},
        {"choices": None},
        {"error": {"message": "x"}},
    ],
)
def test_a_200_without_a_message_is_a_server_fault(envelope: Any, monkeypatch: Any) -> None:
    """An answer that holds no message is worth another try."""
    monkeypatch.setattr("judgekit.testing.server._envelope", lambda *_: json.dumps(envelope).encode())
    with FaultyServer("fine") as server:
        (fault,) = ask(server.base_url)
    assert fault.kind == "server"


@pytest.mark.parametrize(
    ("message", "text", "refusal"),
    [
        ({"content": None, "refusal": "no"}, "", "no"),
        ({"content": None}, "", None),
        ({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, "ab", None),
        ({}, "", None),
    ],
)
def test_messages_of_any_form_are_read(message: Any, text: Any, refusal: Any, monkeypatch: Any) -> None:
    """Missing text, text in parts and refusals are read, and impossible counts are unknown."""
    body = json.dumps({"choices": [{"message": message}], "usage": {"prompt_tokens": -1}}).encode()
    monkeypatch.setattr("judgekit.testing.server._envelope", lambda *_: body)
    with FaultyServer("fine") as server:
        (reply,) = ask(server.base_url)
    assert (reply.text, reply.refusal, reply.model, reply.prompt_tokens) == (text, refusal, "openai/m", None)


def test_running_the_thin_client_never_imports_litellm() -> None:
    """A request and its price need none of litellm's seconds of import."""
    code = (
        "import asyncio, sys\n"
        "from judgekit.adapters.clock import SystemClock\n"
        "from judgekit.adapters.engines.choice import EngineWorld, choose_engine\n"
        "from judgekit.adapters.prices import LitellmPrices\n"
        "from judgekit.judging.ports import Message, Request\n"
        "from judgekit.records.judge import Judge\n"
        "from judgekit.records.rubric import Criterion, Scale\n"
        "criterion = Criterion(id='c', question='?', scale=Scale(type='ordinal', levels=(1, 2)))\n"
        "judge = Judge(name='j', criterion=criterion, model='openai/gpt-4o-mini', base_url=sys.argv[1])\n"
        "async def main():\n"
        "    engine = choose_engine(judge, EngineWorld({}, SystemClock()))\n"
        "    reply = await engine.complete(Request('k', judge.model, (Message('user', 'x'),)))\n"
        "    await engine.close()\n"
        "    return reply.text\n"
        "cost = LitellmPrices().cost_usd('openai/gpt-4o-mini', 100, 10)\n"
        "print(asyncio.run(main()), cost, 'litellm' in sys.modules)\n"
    )
    with FaultyServer("fine") as server:
        done = subprocess.run([sys.executable, "-c", code, server.base_url], capture_output=True, text=True, check=True)
    text, cost, has_litellm = done.stdout.split()
    assert (text, has_litellm) == ("fine", "False")
    assert float(cost) == pytest.approx(2.1e-5)
