"""Several samples in one answer, as OpenAI-style endpoints give them: asked for by `n`, read choice by choice."""

from __future__ import annotations

from typing import Any

import pytest

from judgekit.adapters.clock import SystemClock
from judgekit.adapters.engines.openai_compatible import Endpoint, OpenAICompatible, reply_in
from judgekit.judging.ports import EngineFault, Message, Reply, Request
from judgekit.testing import Fault, FaultyServer
from tests.adapters.engines.asking import answers_of


def request(sample: int = 0, n_samples: int = 3) -> Request:
    return Request("sha256:0", "openai/m", (Message("user", "hallo"),), sample=sample, n_samples=n_samples)


def choice(text: str, **changes: Any) -> dict[str, Any]:
    return {"finish_reason": "stop", "message": {"role": "assistant", "content": text}, **changes}


def test_every_choice_is_a_sample_and_the_first_has_the_whole_bill() -> None:
    """Texts, reasons and refusals are each choice's own; more choices than were asked for are left."""
    refused = {"finish_reason": "stop", "message": {"content": None, "refusal": "no"}}
    choices = [choice("a"), choice("b", finish_reason="length"), refused, choice("unasked")]
    envelope = {"model": "m-1", "choices": choices, "usage": {"prompt_tokens": 7, "completion_tokens": 9}}
    reply = reply_in(envelope, request(), 0.5, "here")
    assert (reply.text, reply.prompt_tokens, reply.completion_tokens, reply.latency_s) == ("a", 7, 9, 0.5)
    assert reply.further == (
        Reply(text="b", model="m-1", finish_reason="length"),
        Reply(text="", model="m-1", finish_reason="stop", refusal="no"),
    )
    assert not reply_in(envelope, request(2), 0.5, "here").further
    damaged: list[Any] = [[], [{}], [choice("a"), None], "abc"]
    for broken in damaged:
        with pytest.raises(EngineFault, match="without choices"):
            reply_in({"choices": broken}, request(), 0.5, "here")


def test_an_endpoint_that_does_not_heed_n_is_not_asked_for_several_again() -> None:
    """One choice came back for three: what it says counts, and later requests do without `n`."""
    with FaultyServer("fine") as server:
        engine = OpenAICompatible(Endpoint(server.base_url), SystemClock())
        first, second = answers_of(engine, request(), request(1))
        assert [body.get("n") for body in server.requests] == [3, None]
    assert (first.text, second.text) == ("fine", "fine")
    assert engine.gives_several is False


def test_an_endpoint_that_refuses_n_is_asked_one_at_a_time() -> None:
    """As vLLM does at temperature 0: the try costs nothing, and the next one is answered."""
    refusal = Fault("status", 400, {"message": "n must be 1 when using greedy sampling, got 3."})
    with FaultyServer("fine", faults={0: refusal}) as server:
        found, answered = answers_of(OpenAICompatible(Endpoint(server.base_url), SystemClock()), request(), request())
        assert [body.get("n") for body in server.requests] == [3, None]
    assert (found.kind, found.may_be_charged, found.is_transient) == ("server", False, True)
    assert answered.text == "fine"


def test_another_refusal_is_what_it_was() -> None:
    """A prompt that is too long is no reason to ask for one sample at a time."""
    refusal = Fault("status", 400, {"message": "maximum context length", "code": "context_length_exceeded"})
    with FaultyServer("fine", faults={0: refusal}) as server:
        engine = OpenAICompatible(Endpoint(server.base_url), SystemClock())
        (found,) = answers_of(engine, request())
    assert found.kind == "overflow"
    assert engine.gives_several is True


def test_a_single_sample_is_asked_for_without_n() -> None:
    """The last sample, and judges that are asked once, send what they always sent."""
    with FaultyServer("fine") as server:
        answers_of(OpenAICompatible(Endpoint(server.base_url), SystemClock()), request(2), request(0, 1))
        assert not any("n" in body for body in server.requests)
