"""Posting over aiohttp's own connections: every form of answer, connections kept and given up, TLS and proxies."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import os
import shutil
import ssl
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp.http_exceptions import HttpProcessingError

from judgekit.adapters.clock import SystemClock
from judgekit.adapters.engines.openai_compatible import Endpoint, OpenAICompatible
from judgekit.adapters.engines.wire import Wire
from judgekit.judging.ports import EngineFault, Message, Request

BODY = b'{"a": "\xc3\xbc"}'
ENVELOPE = json.dumps({"choices": [{"message": {"content": "fine"}}]}).encode()
REQUEST = Request(key="sha256:0", model="m", messages=(Message("user", "hi"),))


def counted(body: bytes, *, status: str = "200 OK", more: str = "") -> bytes:
    """Return an answer that says how long it is."""
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


def chunked(*chunks: bytes) -> bytes:
    """Return an answer in chunks."""
    parts = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + parts + b"0\r\n\r\n"


@dataclass
class Listener:
    """A server that answers with the bytes it was given, one answer a request; None keeps the client waiting."""

    answers: list[bytes | None]
    closes: bool = False
    url: str = ""
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    n_connections: int = 0
    n_open: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.n_connections += 1
        self.n_open += 1
        try:
            await self.converse(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()
            self.n_open -= 1

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := (await reader.readuntil(b"\r\n\r\n")).decode():
            length = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0])
            self.heads.append(head)
            self.bodies.append(await reader.readexactly(length))
            answer = self.answers.pop(0)
            if answer is None:
                await reader.read()
                return
            for start in range(0, len(answer), 7):  # so that nothing comes in one piece
                writer.write(answer[start : start + 7])
                await asyncio.sleep(0)
            if self.closes:
                return


@asynccontextmanager
async def listening(listener: Listener, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Listener]:
    server = await asyncio.start_server(listener.serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        port = server.sockets[0].getsockname()[1]
        listener.url = f"http{'s' if tls else ''}://127.0.0.1:{port}/v1/chat/completions"
        yield listener
        while listener.n_open:  # noqa: ASYNC110  # milliseconds at a test's end
            await asyncio.sleep(0.005)


@asynccontextmanager
async def wired(url: str, *, timeout_s: float = 10.0, **headers: Any) -> AsyncIterator[Wire]:
    connector = aiohttp.TCPConnector(limit=4)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        yield Wire(session, connector, url, timeout_s=timeout_s)


def with_wire(listener: Listener, use: Callable[[Wire], Coroutine[Any, Any, Any]], **settings: Any) -> Any:
    async def run() -> Any:
        async with listening(listener), wired(listener.url, **settings) as wire:
            return await use(wire)

    return asyncio.run(run())


def posted(listener: Listener, n: int = 1, **settings: Any) -> list[Any]:
    """Return what the posts bring, one after the other: an answer or what was raised."""

    async def use(wire: Wire) -> list[Any]:
        found: list[Any] = []
        for _ in range(n):
            try:
                found.append(await wire.post(BODY))
            except Exception as error:  # noqa: BLE001  # looked at by the test
                found.append(error)
            await asyncio.sleep(0.01)
        return found

    found: list[Any] = with_wire(listener, use, **settings)
    return found


@pytest.mark.parametrize(
    "answer",
    [
        counted(b"fine"),
        chunked(b"fi", b"ne"),
        chunked(b"f", b"i", b"n", b"e"),
        b"HTTP/1.1 100 Continue\r\n\r\n" + counted(b"fine"),
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + chunked(b"fine"),
        counted(gzip.compress(b"fine"), more="Content-Encoding: gzip\r\n"),
        counted(b"fine", more="X-Long: " + "x" * 4000 + "\r\n"),
    ],
    ids=["length", "chunks", "small chunks", "continue", "early hints", "packed", "long header"],
)
def test_every_form_of_answer_is_read_whole(answer: bytes) -> None:
    """Length, chunks, packed bodies and announcements all come to status and body, over one connection."""
    listener = Listener([answer] * 3)
    found = posted(listener, 3)
    assert [(status, body) for status, _, body in found] == [(200, b"fine")] * 3
    assert listener.n_connections == 1


def test_an_answer_may_end_with_its_connection() -> None:
    """Without a length the answer is what comes until the server closes; the next post opens a connection."""
    listener = Listener([b"HTTP/1.1 200 OK\r\n\r\nfine"] * 2, closes=True)
    assert [body for _, _, body in posted(listener, 2)] == [b"fine"] * 2
    assert listener.n_connections == 2


def test_what_is_sent_is_one_whole_request():
    """Path with its query, host, length, the session's headers and those every client sends; no chunks."""
    listener = Listener([counted(b"")])

    async def run() -> None:
        async with (
            listening(listener),
            wired(f"{listener.url}?api-version=1", timeout_s=10.0, **{"X-Own": "ü"}) as wire,
        ):
            await wire.post(BODY)

    asyncio.run(run())
    head = listener.heads[0]
    assert head.startswith("POST /v1/chat/completions?api-version=1 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert "\r\nX-Own: ü\r\n" in head
    assert "\r\nUser-Agent: " in head
    assert head.lower().count("content-length") == 1
    assert "transfer-encoding" not in head.lower()
    assert listener.bodies == [BODY]


def test_a_name_and_password_in_the_address_become_a_header() -> None:
    """As with any client, they are sent as basic authorization and are no part of the host."""
    listener = Listener([counted(b"")])

    async def run() -> None:
        async with listening(listener), wired(listener.url.replace("://", "://ann:secret@")) as wire:
            await wire.post(BODY)

    asyncio.run(run())
    assert "\r\nAuthorization: Basic YW5uOnNlY3JldA==\r\n" in listener.heads[0]
    assert "ann" not in listener.heads[0].partition("\r\nHost:")[2].partition("\r\n")[0]


def test_a_connection_that_the_server_gives_up_is_not_used_again() -> None:
    """Neither one announced as closing nor one closed while idle."""
    announced = Listener([counted(b"fine", more="Connection: close\r\n")] * 2)
    assert [body for _, _, body in posted(announced, 2)] == [b"fine"] * 2
    silent = Listener([counted(b"fine")] * 2, closes=True)
    assert [body for _, _, body in posted(silent, 2)] == [b"fine"] * 2
    assert (announced.n_connections, silent.n_connections) == (2, 2)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", HttpProcessingError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfine", aiohttp.ClientPayloadError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nfine", aiohttp.ClientPayloadError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", HttpProcessingError),
        (b"HTTP/1.1 200", aiohttp.ClientError),
        (b"", aiohttp.ServerDisconnectedError),
    ],
    ids=["no HTTP", "short body", "short chunk", "no chunk", "half a head", "nothing"],
)
def test_a_broken_answer_is_an_error_and_the_next_post_is_fine(answer: bytes, error: type[Exception]) -> None:
    """Nothing cut off is taken for an answer, and its connection is not used again."""
    listener = Listener([answer, counted(b"fine")], closes=True)
    first, second = posted(listener, 2)
    assert isinstance(first, error), repr(first)
    assert second[2] == b"fine"
    assert listener.n_connections == 2


def test_what_is_no_answer_is_a_fault_of_the_server() -> None:
    """The engine tells broken HTTP as it tells a broken body: worth another try."""

    async def run() -> None:
        async with listening(Listener([b"SSH-2.0-OpenSSH_9.6\r\n\r\n"], closes=True)) as listener:
            base_url = listener.url.removesuffix("/chat/completions")
            engine = OpenAICompatible(Endpoint(base_url), SystemClock())
            try:
                await engine.complete(REQUEST)
            finally:
                await engine.close()

    with pytest.raises(EngineFault, match="broken answer") as caught:
        asyncio.run(run())
    assert caught.value.kind == "server"


def test_a_wait_that_is_too_long_ends_and_closes_the_connection() -> None:
    """A late answer must not be read as the answer to the next request."""
    listener = Listener([None, counted(b"fine")])
    first, second = posted(listener, 2, timeout_s=0.1)
    assert isinstance(first, TimeoutError)
    assert second[2] == b"fine"
    assert listener.n_connections == 2


def test_a_cancelled_post_closes_its_connection() -> None:
    """An interrupted run leaves no connection on which an answer is still to come."""
    listener = Listener([None, counted(b"fine")])

    async def use(wire: Wire) -> Any:
        post = asyncio.create_task(wire.post(BODY))
        await asyncio.sleep(0.05)
        post.cancel()
        await asyncio.gather(post, return_exceptions=True)
        assert post.cancelled()
        return await wire.post(BODY)

    assert with_wire(listener, use)[2] == b"fine"
    assert listener.n_connections == 2


def test_many_posts_at_once_get_their_own_answers() -> None:
    """No more connections than posts at once, and each answer goes to the post that asked."""

    class Echo(Listener):
        async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while head := (await reader.readuntil(b"\r\n\r\n")).lower():
                length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
                writer.write(chunked(await reader.readexactly(length)))

    listener = Echo([])

    async def use(wire: Wire) -> None:
        numbers = iter(range(200))

        async def work() -> None:
            for number in numbers:
                body = b"%d" % number * 500
                assert (await wire.post(body))[2] == body

        await asyncio.gather(*(work() for _ in range(4)))

    with_wire(listener, use)
    assert listener.n_connections <= 4


def test_a_line_break_in_the_key_is_told_and_nothing_is_sent() -> None:
    """A key may not smuggle a header in."""
    listener = Listener([])
    with pytest.raises(EngineFault, match="line break"):
        posted(listener, Authorization="Bearer a\r\nX-Evil: 1")
    assert listener.n_connections == 0


@pytest.mark.parametrize("url", ["nowhere", "ftp://x/v1", "http://", "http://x:port/v1"])
def test_what_is_no_address_is_refused(url: str) -> None:
    """The engine makes it a fault that stops the run."""

    async def run() -> None:
        engine = OpenAICompatible(Endpoint(url), SystemClock())
        try:
            await engine.complete(REQUEST)
        finally:
            await engine.close()

    with pytest.raises(EngineFault) as caught:
        asyncio.run(run())
    assert caught.value.kind == "fatal"


ASK = textwrap.dedent("""
    import asyncio, sys
    from judgekit.adapters.clock import SystemClock
    from judgekit.adapters.engines.openai_compatible import Endpoint, OpenAICompatible
    from judgekit.judging.ports import EngineFault, Message, Request

    async def ask():
        engine = OpenAICompatible(Endpoint(sys.argv[1]), SystemClock())
        try:
            print((await engine.complete(Request(key="k", model="m", messages=(Message("user", "hi"),)))).text)
        except EngineFault as fault:
            print(fault.kind, fault.detail)
        finally:
            await engine.close()

    asyncio.run(ask())
""")


async def told(url: str, **environ: str) -> str:
    """Return what a process of its own says of asking that address: aiohttp reads its certificates once."""
    command = [sys.executable, "-c", ASK, url]
    env = {**{name: value for name, value in os.environ.items() if "proxy" not in name.lower()}, **environ}
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, env=env)
    return (await process.communicate())[0].decode().strip()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_https_goes_by_the_systems_certificates(tmp_path: Any) -> None:
    """A certificate that the system knows is trusted; an unknown one stops the run, and the hint says what to do."""
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "certificate.pem")
    name = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, *name]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async def run() -> tuple[str, str]:
        async with listening(Listener([chunked(ENVELOPE)]), tls=context) as listener:
            base_url = listener.url.removesuffix("/chat/completions")
            return await told(base_url, SSL_CERT_FILE=certificate), await told(base_url)

    trusted, unknown = asyncio.run(run())
    assert trusted == "fine"
    assert unknown.startswith("fatal")
    assert "SSL_CERT_FILE" in unknown


def test_a_proxy_of_the_environment_is_asked_for_the_address() -> None:
    """It gets the whole address, as proxies want it; addresses of this machine never go through it."""

    async def run() -> tuple[str, Listener]:
        async with listening(Listener([counted(ENVELOPE)])) as proxy:
            address = proxy.url.removesuffix("/v1/chat/completions")
            return await told("http://model.invalid/v1", http_proxy=address), proxy

    text, proxy = asyncio.run(run())
    assert text == "fine"
    assert proxy.heads[0].startswith("POST http://model.invalid/v1/chat/completions HTTP/1.1\r\n")
