"""litellm behind our own engine: quiet, without retries of its own, faults told apart by status and body."""

from __future__ import annotations

import json
import math
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from judgekit.adapters.clock import SystemClock
from judgekit.adapters.engines.litellm_engine import LitellmEngine, Route, import_litellm
from judgekit.judging.ports import EngineFault, Message, Reply, Request
from judgekit.testing import Fault, FaultyServer, Spoken
from tests.adapters.engines.asking import answers_of

KEY = "sk-very-secret"

pytestmark = [
    pytest.mark.slow,  # importing litellm alone takes seconds
    pytest.mark.filterwarnings("ignore:Item .* is using the `ReadOnly` qualifier"),
]
"""pydantic about litellm's own types."""


@pytest.fixture(scope="module", autouse=True)
def litellm() -> Any:
    """Import it once; what it warns about on import is its own business."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_litellm()


def request(**changes: Any) -> Request:
    return Request(**{"key": "sha256:0", "model": "hosted_vllm/m", "messages": (Message("user", "hallo"),), **changes})


def ask(base_url: str | None, *requests: Request, **route: Any) -> list[Any]:
    return answers_of(LitellmEngine(Route(base_url, **route), SystemClock()), *(requests or (request(),)))


def test_a_reply_comes_back_over_real_http() -> None:
    """Text, tokens and finish reason come back, and parameters and schema are sent."""
    with FaultyServer("fine") as server:
        (reply,) = ask(server.base_url, request(parameters={"temperature": 0.0}, schema={"type": "object"}), key=KEY)
        assert isinstance(reply, Reply), reply.detail
        sent = server.requests[0]
    assert (reply.text, reply.finish_reason, reply.prompt_tokens, reply.completion_tokens) == ("fine", "stop", 1, 1)
    assert reply.cost_usd is None, "an unknown price is never 0"
    assert (sent["model"], sent["temperature"]) == ("m", 0.0)
    assert sent["response_format"]["json_schema"]["strict"] is True


def test_the_odds_of_tokens_come_back() -> None:
    """What the endpoint says of the last tokens is kept, as the thin client keeps it; None where it says nothing."""
    spoken = Spoken([("fi", {}), ("ne", {"ne": 0.75, "ve": 0.25})])
    with FaultyServer(spoken) as server:
        with_odds, without = ask(server.base_url, request(parameters={"logprobs": True, "top_logprobs": 20}), request())
    assert with_odds.text == "fine"
    assert [token.text for token in with_odds.tokens or ()] == ["fi", "ne"]
    assert with_odds.tokens[1].top == pytest.approx({"ne": math.log(0.75), "ve": math.log(0.25)})
    assert without.tokens is None


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    """Let litellm load before any clock runs: its first call takes seconds."""
    with FaultyServer("fine") as server:
        ask(server.base_url, timeout_s=60)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("status", 500), "server"),
        (Fault("status", 503), "server"),
        (Fault.rate_limit("3"), "rate_limit"),
        (Fault("status", 429, {"message": "no money", "code": "insufficient_quota"}), "fatal"),
        (Fault("status", 401, {"message": f"bad key {KEY}"}), "fatal"),
        (Fault("status", 403, {"message": "no access"}), "fatal"),
        (Fault("status", 404, {"message": "no model", "code": "model_not_found"}), "fatal"),
        (Fault("status", 404, {"message": "nothing", "type": "no_stored_completion"}), "bad_request"),
        (Fault("status", 400, {"message": "maximum context length", "code": "context_length_exceeded"}), "overflow"),
        (Fault("status", 400, {"message": "x", "code": "content_policy_violation"}), "refused"),
        (Fault("slow"), "timeout"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.kind}-{value.status}",
)
def test_faults_are_told_apart_and_sent_once(fault: Any, kind: Any) -> None:
    """Each error answer is its own kind of fault after one request, in one line without the key."""
    with FaultyServer("fine", latency_s=0.05, faults={0: fault}) as server:
        (found,) = ask(server.base_url, key=KEY, timeout_s=0.4 if fault.kind == "slow" else 20)
        assert server.n_requests == 1, "litellm tried again by itself"
    assert isinstance(found, EngineFault)
    assert found.kind == kind
    assert KEY not in found.detail
    assert "\n" not in found.detail


def test_retry_after_is_heeded() -> None:
    """The wait that a server asks for is passed on."""
    with FaultyServer("fine", faults={0: Fault.rate_limit("3")}) as server:
        (found,) = ask(server.base_url, key=KEY)
    assert found.retry_after_s == 3.0


def test_a_refused_connection_is_a_connection_fault() -> None:
    """An address where nobody listens is a fault of the connection."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (found,) = ask(f"http://127.0.0.1:{port}/v1", key=KEY)
    assert found.kind == "connection"


def test_a_missing_key_is_fatal_and_names_the_variable() -> None:
    """litellm's own provider without a key stops with the variable to set."""
    (found,) = ask(None, request(model="anthropic/claude-haiku-4-5"))
    assert found.kind == "fatal"
    assert "ANTHROPIC_API_KEY" in found.detail


def test_the_price_comes_with_the_reply() -> None:
    """A known model's cost is computed from the tokens of the reply."""
    with FaultyServer("fine") as server:
        (reply,) = ask(server.base_url, request(model="openai/gpt-4o-mini"), key=KEY)
    assert reply.cost_usd == pytest.approx(1.5e-7 + 6e-7)


NOWHERE = "http://nowhere.invalid/v1"
ENVELOPE = {
    "id": "x", "object": "chat.completion", "created": 0, "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "mocked"}}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}  # fmt: skip


@pytest.fixture
def wire(litellm: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Give respx with every other way out shut: the canaries' cage.

    litellm's own transport is switched off, since respx cannot see it. A request to a host that no route names fails,
    and so does whoever looks up a name or connects.
    """
    import respx

    def shut(*arguments: object, **_: object) -> Any:
        raise AssertionError(f"a socket was opened: {arguments[:2]}")

    monkeypatch.setattr(litellm, "disable_aiohttp_transport", True)
    litellm.in_memory_llm_clients_cache.flush_cache()
    with respx.mock(assert_all_called=True, assert_all_mocked=True) as mock:
        for name in ("getaddrinfo", "create_connection"):
            monkeypatch.setattr(socket, name, shut)
        monkeypatch.setattr(socket.socket, "connect", shut)
        yield mock
    litellm.in_memory_llm_clients_cache.flush_cache()


def test_respx_sees_one_request_with_the_right_payload_and_nothing_else(wire: Any) -> None:
    """The canary: when litellm or openai change their transport or what they add, this fails before users notice."""
    import httpx

    route = wire.post(f"{NOWHERE}/chat/completions").mock(return_value=httpx.Response(200, json=ENVELOPE))
    schema = {"type": "object", "properties": {"value": {"type": "integer"}}}
    messages = (Message("system", "Be just."), Message("user", "hallo, wörld"))
    asked = request(
        model="openai/m",
        messages=messages,
        parameters={"temperature": 0.0, "max_tokens": 9, "seed": 7, "logprobs": True, "top_logprobs": 5},
        schema=schema,
    )
    (reply,) = ask(NOWHERE, asked, key=KEY)
    assert reply.text == "mocked"
    assert route.call_count == len(wire.calls) == 1
    sent = route.calls.last.request
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert json.loads(sent.content) == {
        "model": "m",
        "messages": [{"role": "system", "content": "Be just."}, {"role": "user", "content": "hallo, wörld"}],
        "temperature": 0.0,
        "max_tokens": 9,
        "seed": 7,
        "logprobs": True,
        "top_logprobs": 5,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "verdict", "strict": True, "schema": schema},
        },
    }


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 429, 500, 502, 503, 529])
def test_litellm_sends_once_whatever_comes_back(wire: Any, status: int) -> None:
    """The SDK under it tries 408, 409, 429 and 5xx twice more by default: the runner alone may try again."""
    import httpx

    answer = httpx.Response(status, json={"error": {"message": "no"}}, headers={"retry-after": "0"})
    route = wire.post(f"{NOWHERE}/chat/completions").mock(return_value=answer)
    (found,) = ask(NOWHERE, request(model="openai/m"), key=KEY)
    assert isinstance(found, EngineFault)
    assert route.call_count == len(wire.calls) == 1


def test_after_a_422_litellm_asks_once_more_which_nobody_charges(wire: Any) -> None:
    """The one exception, part of `drop_params`: it leaves out what the refusal names, and a second refusal is final."""
    import httpx

    wrong = {"message": json.dumps({"detail": [{"loc": ["body", "seed"], "msg": "extra"}]})}
    answer = httpx.Response(422, json={"error": wrong})
    route = wire.post(f"{NOWHERE}/chat/completions").mock(return_value=answer)
    (found,) = ask(NOWHERE, request(model="openai/m", parameters={"seed": 7, "temperature": 0.0}), key=KEY)
    assert (found.kind, found.may_be_charged) == ("bad_request", False), found.detail
    assert [sorted(json.loads(call.request.content)) for call in route.calls] == [
        ["messages", "model", "seed", "temperature"],
        ["messages", "model", "temperature"],
    ]


def test_a_broken_connection_is_not_tried_again_either(wire: Any) -> None:
    """Nor a timeout: a request whose answer was lost may have been charged."""
    import httpx

    for error, kind in ((httpx.ConnectError("refused"), "connection"), (httpx.ReadTimeout("late"), "timeout")):
        route = wire.post(f"{NOWHERE}/chat/completions").mock(side_effect=error)
        route.calls.clear()
        (found,) = ask(NOWHERE, request(model="openai/m"), key=KEY)
        assert (found.kind, route.call_count) == (kind, 1)


def test_another_provider_is_asked_at_its_own_address_alone(wire: Any) -> None:
    """Anthropic's form, key and host; parameters that it has not are dropped, and the price comes with the reply."""
    import httpx

    said = {
        "id": "x", "type": "message", "role": "assistant", "model": "claude-haiku-4-5", "stop_reason": "end_turn",
        "content": [{"type": "text", "text": "mocked"}], "usage": {"input_tokens": 10, "output_tokens": 2},
    }  # fmt: skip
    route = wire.post("https://api.anthropic.com/v1/messages").mock(return_value=httpx.Response(200, json=said))
    asked = request(model="anthropic/claude-haiku-4-5", parameters={"temperature": 0.0, "max_tokens": 9, "seed": 7})
    (reply,) = ask(None, asked, key=KEY)
    assert (reply.text, reply.prompt_tokens, reply.completion_tokens) == ("mocked", 10, 2)
    assert reply.cost_usd is not None
    assert reply.cost_usd > 0
    assert route.call_count == len(wire.calls) == 1
    sent = route.calls.last.request
    assert sent.headers["x-api-key"] == KEY
    body = json.loads(sent.content)
    assert (body["model"], body["max_tokens"], body["temperature"]) == ("claude-haiku-4-5", 9, 0.0)
    assert "seed" not in body


@pytest.mark.slow
def test_a_run_through_litellm_ends_without_words_of_its_own() -> None:
    """No banner, no leaked connection, no warning: in a process of its own, with warnings on."""
    code = (
        "import asyncio, sys\n"
        "from judgekit.adapters.clock import SystemClock\n"
        "from judgekit.adapters.engines.litellm_engine import LitellmEngine, Route\n"
        "from judgekit.judging.ports import EngineFault, Message, Request\n"
        "async def main():\n"
        "    engine = LitellmEngine(Route(sys.argv[1], 'k'), SystemClock())\n"
        "    for _ in range(3):\n"
        "        try:\n"
        "            print((await engine.complete(Request('k', 'hosted_vllm/m', (Message('user', 'x'),)))).text)\n"
        "        except EngineFault as fault:\n"
        "            print(fault.kind)\n"
        "    await engine.close()\n"
        "asyncio.run(main())\n"
    )
    with FaultyServer("fine", faults={1: Fault("status", 500)}) as server:
        command = [sys.executable, "-W", "default::ResourceWarning", "-c", code, server.base_url]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["fine", "server", "fine"]
    assert "Feedback" not in done.stderr
    assert "nclosed" not in done.stderr, done.stderr
