"""Posts to one address over aiohttp's own connections, without what it makes anew for every request.

*Why*: of the 0.12 ms of CPU that `ClientSession.post` takes, 0.08 go into headers, cookies, redirects, a task and a
timer that are the same, or for nothing, at each of a million posts to one address. Here the head is written once;
connecting, TLS, keeping alive and reading answers (chunks, compression, limits) stay aiohttp's. Not here: proxies,
which `ClientSession` knows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from judgekit.judging.ports import EngineFault

if TYPE_CHECKING:
    import aiohttp
    from aiohttp.client_proto import ResponseHandler

_OF_THE_BODY = frozenset({"content-length", "transfer-encoding"})


class Wire:
    """Connections to one address; as many as are posting at once."""

    def __init__(
        self, session: aiohttp.ClientSession, connector: aiohttp.BaseConnector, url: str, *, timeout_s: float
    ) -> None:
        """Write the head of all requests; made inside the event loop.

        Args:
            session: Gives the headers; it is not closed here.
            connector: The session's own: gives the connections.
            url: Where to post.
            timeout_s: Longest wait for one whole answer.

        Raises:
            aiohttp.InvalidURL: It is no address.
            EngineFault: A header holds a line break.
        """
        import aiohttp
        from yarl import URL

        try:
            address = URL(url)
        except ValueError as error:
            raise aiohttp.InvalidURL(url) from error
        if address.scheme not in ("http", "https") or not address.raw_host:
            raise aiohttp.InvalidURL(url)
        self._timeout_s = timeout_s
        self._connecting = aiohttp.ClientTimeout(total=timeout_s)
        self._connector = connector
        loop = asyncio.get_running_loop()
        self._request = aiohttp.ClientRequest("POST", address, headers=session.headers, loop=loop, session=session)
        self._head = _head(address.raw_path_qs, self._request.headers)

    async def post(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        """Return an answer's status, headers and body.

        Raises:
            TimeoutError: It is not there in time.
            aiohttp.ClientError: No connection, or a broken answer.
            aiohttp.http_exceptions.HttpProcessingError: What came is not HTTP.
        """
        async with asyncio.timeout(self._timeout_s):
            connection = await self._connector.connect(self._request, traces=[], timeout=self._connecting)
            try:
                answer = await self._exchange(connection.protocol, body)
            except BaseException:
                connection.close()
                raise
            connection.release()
        return answer

    async def _exchange(self, protocol: ResponseHandler | None, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        if protocol is None or protocol.transport is None or protocol.transport.is_closing():
            import aiohttp

            raise aiohttp.ServerDisconnectedError
        protocol.set_response_params(read_until_eof=True)
        protocol.transport.write(b"%b%d\r\n\r\n%b" % (self._head, len(body), body))
        message, payload = await protocol.read()
        while message.code in (100, 102, 103):  # these announce the answer
            message, payload = await protocol.read()
        return message.code, message.headers, await payload.read()


def _head(path: str, headers: Mapping[str, str]) -> bytes:
    """Return what stands before the length of a body."""
    if any(mark in value for value in headers.values() for mark in "\r\n\0"):
        raise EngineFault("fatal", "the key holds a line break, which no header can carry: set it anew")
    lines = [f"{name}: {value}\r\n" for name, value in headers.items() if name.lower() not in _OF_THE_BODY]
    return f"POST {path} HTTP/1.1\r\n{''.join(lines)}Content-Length: ".encode()
