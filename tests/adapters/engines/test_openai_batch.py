"""Batch files as providers write them, with lines that nobody promised: each answer that is there is taken."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from judgekit.adapters.clock import SystemClock
from judgekit.adapters.engines.openai_batch import OpenAIBatch
from judgekit.adapters.engines.openai_compatible import Endpoint
from judgekit.judging.ports import EngineFault, Reply


def completion(text: str) -> dict[str, Any]:
    return {"model": "m", "choices": [{"message": {"content": text}}], "usage": {"prompt_tokens": 9}}


def row(mark: str, **changes: Any) -> dict[str, Any]:
    return {"custom_id": mark, "response": {"status_code": 200, "body": completion(mark)}, "error": None, **changes}


def with_provider(use: Any, **answers: Any) -> Any:
    """Return what a batch engine brings from a provider that answers `METHOD /path` with a status and a body."""

    async def answer(request: web.Request) -> web.Response:
        status, body = answers[f"{request.method} {request.path}"]
        if status is None and request.transport is not None:
            request.transport.abort()
        return web.Response(status=status or 200, text=body if isinstance(body, str) else json.dumps(body))

    async def run() -> Any:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        engine = OpenAIBatch(Endpoint(f"http://127.0.0.1:{runner.addresses[0][1]}/v1"), SystemClock())
        try:
            return await use(engine)
        except EngineFault as fault:
            return fault
        finally:
            await engine.close()
            await runner.cleanup()

    return asyncio.run(run())


def results(text: str) -> dict[str, Reply | EngineFault]:
    held = {"GET /v1/batches/b": (200, {"output_file_id": "f"}), "GET /v1/files/f/content": (200, text)}
    found: dict[str, Reply | EngineFault] = dict(with_provider(lambda engine: engine.results("b"), **held))
    return found


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1e"])
def test_only_a_line_feed_ends_a_line(sign: str) -> None:
    """Other signs that Python counts as line ends stand inside texts, and take no answer away."""
    text = json.dumps(row("a", response={"status_code": 200, "body": completion(f"one{sign}two")}), ensure_ascii=False)
    raw = text.replace(json.dumps(sign)[1:-1], sign) if sign < " " else text
    found = results(raw + "\n")
    if sign < " ":  # not legal inside JSON as it stands: the line is lost, and no other
        assert found == {}
        return
    assert isinstance(found["a"], Reply)
    assert found["a"].text == f"one{sign}two"


@pytest.mark.parametrize("line", ["", "   ", '{"custom_id": "x", "resp', "null", "[1]", "\ufeff"])
def test_a_line_that_is_no_answer_takes_no_other_with_it(line: str) -> None:
    """What can be read of a file that was paid for is taken."""
    found = results("\r\n".join([json.dumps(row("a")), line, json.dumps(row("b"))]) + "\n")
    assert {mark for mark, answer in found.items() if isinstance(answer, Reply)} == {"a", "b"}


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    """Some stores put one before a file."""
    assert set(results("\ufeff" + json.dumps(row("a")))) == {"a"}


@pytest.mark.parametrize(
    ("changes", "may_be_charged"),
    [
        ({"response": "oops"}, True),
        ({"response": {"status_code": {}, "body": {}}}, True),
        ({"response": {"status_code": 200, "body": None}}, True),
        ({"response": {"status_code": 200, "body": [1]}}, True),
        ({"response": None, "error": "expired"}, False),
        ({"response": None, "error": {"code": "batch_expired"}}, False),
        ({"response": {"status_code": 429, "body": {"error": {"message": "slow"}}}}, False),
        ({"response": {"status_code": 500, "body": "text"}}, False),
    ],
)
def test_a_row_of_any_form_is_a_fault_of_its_own_request(changes: Any, may_be_charged: bool) -> None:
    """Whether it may have been charged is told by whether anything was answered."""
    found = results("\n".join(json.dumps(each) for each in (row("a", **changes), row("b"))))
    assert isinstance(found["b"], Reply)
    assert isinstance(found["a"], EngineFault)
    assert found["a"].may_be_charged == may_be_charged


def test_a_status_in_quotes_is_a_status() -> None:
    """Gateways write numbers as text."""
    changed = row("a", response={"status_code": "200", "body": completion("fine")})
    assert isinstance(results(json.dumps(changed))["a"], Reply)


def submitted(**answers: Any) -> Any:
    return with_provider(lambda engine: engine.submit([b"{}\n"], "label"), **answers)


def test_an_upload_that_broke_charged_nothing() -> None:
    """A file alone is no batch, whatever became of its answer."""
    fault = submitted(**{"POST /v1/files": (None, "")})
    assert (fault.kind, fault.may_be_charged) == ("connection", False)
    fault = submitted(**{"POST /v1/files": (200, {"object": "file"})})
    assert (fault.kind, fault.may_be_charged) == ("server", False)


def test_a_batch_whose_answer_was_lost_may_be_under_way() -> None:
    """It is to be looked for before it is handed in again."""
    uploaded = {"POST /v1/files": (201, {"id": "f"})}
    assert submitted(**uploaded, **{"POST /v1/batches": (None, "")}).may_be_charged
    assert submitted(**uploaded, **{"POST /v1/batches": (200, {"object": "batch"})}).may_be_charged
    assert not submitted(**uploaded, **{"POST /v1/batches": (429, {})}).may_be_charged
