"""A loopback server that speaks `/chat/completions`, late and with faults: no transport change can get around it.

Standard library only, one thread with its own event loop, HTTP/1.1 with kept-alive connections. It listens on
127.0.0.1 and nowhere else.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Spoken:
    """A reply token by token, with what might have been said in each one's place; served to requests for `logprobs`.

    Attributes:
        tokens: Text of each token, and the probabilities of the likeliest tokens at its place, its own among them;
            none: it was certain.
    """

    tokens: Sequence[tuple[str, Mapping[str, float]]]

    @property
    def text(self) -> str:
        """The whole reply."""
        return "".join(token for token, _ in self.tokens)

    def logprobs(self) -> dict[str, Any]:
        """Return what OpenAI-style endpoints put beside the message."""
        return {"content": [_token(text, odds or {text: 1.0}) for text, odds in self.tokens], "refusal": None}


Answer = Callable[[dict[str, Any]], "str | Spoken"]
"""From a request's body to the text of the reply."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one request.

    Attributes:
        kind: `status` (an error answer), `reset` (the connection is cut), `truncated` (the body is cut short),
            `malformed` (the reply's text is no verdict), `garbled` (the body is no JSON), `slow` (twenty latencies).
        status: HTTP status of an error answer.
        error: The error object in its body.
        headers: More headers, such as Retry-After.
    """

    kind: str = "status"
    status: int = 500
    error: Mapping[str, Any] = field(default_factory=lambda: {"message": "made to fail", "type": "server_error"})
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def rate_limit(cls, retry_after: str | None = "1") -> Fault:
        """Return a 429, with a Retry-After unless it is None."""
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        return cls("status", 429, {"message": "too many requests", "type": "rate_limit_exceeded"}, headers)


Faults = Callable[[int, dict[str, Any]], Fault | None]
"""From a request's number (0, 1, 2 ...) and body to what goes wrong with it."""


def drawn_faults(share: float, kinds: Sequence[Fault], *, seed: int = 0) -> Faults:
    """Return faults that befall a share of requests, each kind as often."""
    draw = random.Random(seed)  # noqa: S311  # a test's dice, not a secret

    def fault(_number: int, _body: dict[str, Any]) -> Fault | None:
        return draw.choice(kinds) if draw.random() < share else None

    return fault


class FaultyServer:
    """Serves while its `with` block lasts.

    Attributes:
        requests: Bodies received, in order.
        headers: Their headers, lower case.
        answered: Text of the last message -> times answered whole, so that a test can find what was paid twice.
        n_connections: Connections opened.
        max_in_flight: Most requests at the same time.
    """

    def __init__(
        self,
        answer: Answer | Spoken | str,
        *,
        latency_s: float = 0.0,
        faults: Faults | Mapping[int, Fault] | None = None,
        gives_several: bool = False,
    ) -> None:
        """Keep the script: a text or a function, and faults by request number or function.

        With `gives_several`, a request for `n` choices is answered with so many, as OpenAI does; else with one.
        """
        self._answer = answer
        self._gives_several = gives_several
        self._latency_s = latency_s
        self._faults = faults
        self._in_flight = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._port = 0
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answered: Counter[str] = Counter()
        self.n_connections = 0
        self.max_in_flight = 0

    @property
    def base_url(self) -> str:
        """The address to give as base_url."""
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def n_requests(self) -> int:
        """Requests received."""
        return len(self.requests)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._converse, "127.0.0.1", 0, backlog=512)
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until the client or a fault closes it."""
        self.n_connections += 1
        self._writers.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await self._exchange(reader, writer):
                pass
        self._writers.discard(writer)
        writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; return whether the connection stays open."""
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        raw = await reader.readexactly(int(headers.get("content-length", "0")))
        if "/chat/completions" not in lines[0]:
            error = {"error": {"message": f"no such path: {lines[0]}"}}
            return await _send(writer, 404, json.dumps(error).encode(), {})
        body: dict[str, Any] = json.loads(raw)
        self.requests.append(body)
        self.headers.append(headers)
        self._in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self._in_flight)
        try:
            return await self._respond(writer, body, self._fault(len(self.requests) - 1, body))
        finally:
            self._in_flight -= 1

    def _fault(self, number: int, body: dict[str, Any]) -> Fault | None:
        if self._faults is None:
            return None
        return self._faults(number, body) if callable(self._faults) else self._faults.get(number)

    async def _respond(self, writer: asyncio.StreamWriter, body: dict[str, Any], fault: Fault | None) -> bool:
        kind = fault.kind if fault is not None else None
        await asyncio.sleep(self._latency_s * (20 if kind == "slow" else 1))
        if kind == "reset":
            return _reset(writer)
        if fault is not None and kind == "status":
            return await _send(writer, fault.status, json.dumps({"error": fault.error}).encode(), fault.headers)
        n = int(body.get("n", 1)) if self._gives_several else 1
        said = ["{not a verdict" if kind == "malformed" else self._text(body) for _ in range(n)]
        payload = b"<html>" if kind == "garbled" else _envelope(body, said)
        if kind == "truncated":
            await _send(writer, 200, payload[:-20], {}, length=len(payload))
            return False
        if kind in (None, "slow"):
            self.answered[body["messages"][-1]["content"]] += 1
        return await _send(writer, 200, payload, {})

    def _text(self, body: dict[str, Any]) -> str | Spoken:
        return self._answer(body) if callable(self._answer) else self._answer


def _token(text: str, odds: Mapping[str, float]) -> dict[str, Any]:
    top = [_with_logprob(other, share) for other, share in sorted(odds.items(), key=lambda item: -item[1])]
    return {**_with_logprob(text, odds[text]), "top_logprobs": top}


def _with_logprob(text: str, share: float) -> dict[str, Any]:
    logprob = math.log(share) if share > 0 else -9999.0
    return {"token": text, "logprob": logprob, "bytes": list(text.encode())}


def _envelope(body: dict[str, Any], said: Sequence[str | Spoken]) -> bytes:
    n_prompt = sum(len(str(message["content"]).split()) for message in body["messages"])
    n_written = sum(len(_spoken_text(each).split()) for each in said)
    envelope = {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": body.get("model"),
        "choices": [_choice(place, each, with_odds=bool(body.get("logprobs"))) for place, each in enumerate(said)],
        "usage": {"prompt_tokens": n_prompt, "completion_tokens": n_written, "total_tokens": n_prompt + n_written},
    }
    return json.dumps(envelope).encode()


def _choice(place: int, said: str | Spoken, *, with_odds: bool) -> dict[str, Any]:
    message = {"role": "assistant", "content": _spoken_text(said)}
    choice: dict[str, Any] = {"index": place, "finish_reason": "stop", "message": message}
    return {**choice, "logprobs": said.logprobs()} if with_odds and isinstance(said, Spoken) else choice


def _spoken_text(said: str | Spoken) -> str:
    return said if isinstance(said, str) else said.text


async def _send(
    writer: asyncio.StreamWriter, status: int, payload: bytes, headers: Mapping[str, str], *, length: int | None = None
) -> bool:
    lines = [f"HTTP/1.1 {status} X", "Content-Type: application/json", f"Content-Length: {length or len(payload)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + payload)
    await writer.drain()
    return True


def _reset(writer: asyncio.StreamWriter) -> bool:
    """Cut the connection with a TCP reset, as a crashed server does."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    return False
