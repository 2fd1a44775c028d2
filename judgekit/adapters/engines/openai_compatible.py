"""The thin client for every OpenAI-style `/chat/completions`: OpenAI, vLLM, Ollama, gateways.

One session with kept-alive connections, one `json.loads` a reply, no model of the envelope: it costs a
tenth of what the SDKs cost a call. Retry, pacing and budget are the runner's.
"""

from __future__ import annotations

import importlib
import json
import re
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from judgekit.adapters.engines.fault import Rejection, error_status, fault_of, one_line, retry_after_s
from judgekit.adapters.engines.limits import limits_in
from judgekit.adapters.engines.token import odds_refused, tokens_in, without_odds
from judgekit.adapters.engines.wire import Wire
from judgekit.errors import InputError
from judgekit.judging.ports import Clock, EngineFault, Reply, Request

if TYPE_CHECKING:
    import aiohttp

OPENAI_URL = "https://api.openai.com/v1"
ABOUT_N = re.compile(r"\bn\b")
"""The name of the parameter for several samples, in an endpoint's refusal."""
TOLD_BY_STATUS = frozenset({408, 409, 413, 425, 429, *range(500, 600)})
"""What web servers in front of an endpoint answer with a page of their own: the status alone says what it is."""
MOST_TOKENS = 10**9
"""Counts above this are no counts."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where requests go.

    Attributes:
        base_url: Address up to and with `/v1`.
        key: The secret; never shown, never written. None where none is needed.
        key_env: Name of the variable it came from, for messages.
        timeout_s: Longest wait for one reply.
        max_in_flight: Most connections at once.
    """

    base_url: str = OPENAI_URL
    key: str | None = None
    key_env: str | None = None
    timeout_s: float = 60.0
    max_in_flight: int = 16

    def __repr__(self) -> str:
        return f"Endpoint({self.shown!r}, key={'set' if self.key else 'none'})"

    @property
    def shown(self) -> str:
        """The address for messages: without a name and password that may stand in it."""
        return re.sub(r"//[^/?#]*@", "//", self.base_url, count=1)

    def url(self, path: str) -> str:
        """Return the address of a path; a query of the base, such as an api-version, stays behind it."""
        base, _, query = self.base_url.partition("?")
        whole = base.rstrip("/") + path
        return whole if not query else f"{whole}{'&' if '?' in path else '?'}{query}"

    @property
    def is_openai(self) -> bool:
        """Whether this is OpenAI's own address, which needs a key and has its own parameter names."""
        return urlsplit(self.base_url).hostname == urlsplit(OPENAI_URL).hostname


@dataclass(frozen=True, slots=True)
class Head:
    """The JSON of all that stands beside the messages, and what it was made of."""

    model: str
    parameters: Mapping[str, Any]
    schema: Mapping[str, Any] | None
    gives_odds: bool
    text: str

    def is_of(self, request: Request, *, gives_odds: bool) -> bool:
        """Whether a request has the very same objects beside its messages."""
        is_same = request.parameters is self.parameters and request.schema is self.schema
        return is_same and request.model == self.model and gives_odds == self.gives_odds


class OpenAICompatible:
    """An engine that posts to one endpoint."""

    name = "openai-compatible"

    def __init__(self, endpoint: Endpoint, clock: Clock) -> None:
        """Open nothing yet: the session is made by the first request, inside its event loop."""
        importlib.import_module("aiohttp")  # half a second, which is not the first reply's latency
        self._endpoint = endpoint
        self._clock = clock
        self._url = endpoint.url("/chat/completions")
        self._session: aiohttp.ClientSession | None = None
        self._wire: Wire | None = None
        self._proxy = proxy_for(endpoint.base_url)
        self._gives_odds = True
        self.gives_several = True
        self._head = Head("", {}, None, gives_odds=True, text="")

    async def complete(self, request: Request) -> Reply:
        """Return the model's reply.

        Raises:
            EngineFault: It could not; texts never hold the key.
        """
        n = request.n_at_once if self.gives_several else 1
        body = self.body(request)
        if n > 1:
            body = b'%b, "n": %d}' % (body[:-1], n)
        started = self._clock.monotonic()
        status, headers, raw = await self._post(body)
        text = raw.decode("utf-8", "replace")
        if status not in TOLD_BY_STATUS and headers.get("Content-Type", "").startswith("text/html"):
            hint = "Check base_url: an OpenAI-style endpoint mostly ends in /v1"
            raise EngineFault("fatal", f"{self._where} answered with a web page (HTTP {status}). {hint}")
        if not 200 <= status < 300:
            self._raise_if_without_odds(status, text, request)
            self._raise_if_without_several(status, text, n)
            raise self.rejected(status, headers, text)
        envelope = parsed(text, self._where)
        wrapped = error_status(envelope)
        if wrapped is not None:
            raise self.rejected(wrapped, headers, text)
        reply = reply_in(envelope, request, self._clock.monotonic() - started, self._where)
        if n > 1 and not reply.further:
            self.gives_several = False  # it went unheeded, as some servers do
        limits = limits_in(headers, self._clock.now())
        return reply if limits is None else replace(reply, limits=limits)

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = self._wire = None

    @property
    def _where(self) -> str:
        return self._endpoint.shown

    def body(self, request: Request) -> bytes:
        """Return the payload; what the requests of a run share is put into JSON once."""
        if not self._head.is_of(request, gives_odds=self._gives_odds):
            text = json.dumps(self._shared(request), ensure_ascii=False)[:-1] + ', "messages": ['
            self._head = Head(request.model, request.parameters, request.schema, self._gives_odds, text)
        messages = [
            f'{{"role": "{each.role}", "content": {each.as_json or _as_json(each.content)}}}'
            for each in request.messages
        ]
        return f"{self._head.text}{', '.join(messages)}]}}".encode("utf-8", "replace")

    def _shared(self, request: Request) -> dict[str, Any]:
        parameters = {key: value for key, value in request.parameters.items() if value is not None}
        if not self._gives_odds:
            parameters = without_odds(parameters)
        if self._endpoint.is_openai and "max_tokens" in parameters:
            parameters["max_completion_tokens"] = parameters.pop(
                "max_tokens"
            )  # the old name is refused by newer models
        payload = {"model": request.model.removeprefix("openai/"), **parameters}
        if request.schema is not None:
            schema = {"name": "verdict", "strict": True, "schema": request.schema}
            payload["response_format"] = {"type": "json_schema", "json_schema": schema}
        return payload

    async def _post(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        try:
            session = self._session or self._open_session()
            if self._wire is not None:
                return await self._wire.post(body)
            async with session.post(self._url, data=body, proxy=self._proxy, allow_redirects=False) as response:
                return response.status, response.headers, await response.read()
        except Exception as error:
            fault = self._fault_of(error)
            if fault is None:
                raise
            raise fault from None

    def _fault_of(self, error: Exception) -> EngineFault | None:
        """Return what it means that no whole answer came; None for a mistake of ours."""
        import aiohttp
        from aiohttp.http_exceptions import HttpProcessingError

        if isinstance(error, TimeoutError):
            return EngineFault("timeout", f"{self._where} did not answer in {self._endpoint.timeout_s:g} s")
        if isinstance(error, aiohttp.ClientSSLError | aiohttp.InvalidURL):
            hint = "Check base_url; SSL_CERT_FILE names your own certificates"
            return EngineFault("fatal", f"{self._where}: {self._clean(error)}. {hint}")
        if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ClientResponseError | HttpProcessingError):
            return EngineFault("server", f"{self._where} sent a broken answer: {self._clean(error)}")
        if isinstance(error, aiohttp.ClientError | OSError):
            was_never_sent = isinstance(error, aiohttp.ClientConnectorError)
            detail = f"no connection to {self._where}: {self._clean(error)}"
            return EngineFault("connection", detail, may_be_charged=not was_never_sent)
        return None

    def _open_session(self) -> aiohttp.ClientSession:
        import aiohttp

        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._endpoint.key:
            headers["Authorization"] = f"Bearer {self._endpoint.key}"
        connector = aiohttp.TCPConnector(limit=self._endpoint.max_in_flight)
        self._session = aiohttp.ClientSession(
            headers=headers,
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=self._endpoint.timeout_s),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        if self._proxy is None:
            self._wire = Wire(self._session, connector, self._url, timeout_s=self._endpoint.timeout_s)
        return self._session

    def _raise_if_without_odds(self, status: int, body: str, request: Request) -> None:
        """Ask for no more odds where the model has none, so that the next try is answered."""
        refused = odds_refused(status, body, request, self._where)
        if refused is not None:
            self._gives_odds = False
            raise refused

    def _raise_if_without_several(self, status: int, body: str, n: int) -> None:
        """Ask for one sample at a time where the endpoint takes no more, so that the next try is answered."""
        if n > 1 and status in (400, 422) and ABOUT_N.search(body):
            self.gives_several = False
            detail = f"{self._where} gives one sample at a time"
            raise EngineFault("server", detail, may_be_charged=False)

    def rejected(self, status: int, headers: Mapping[str, str], body: str) -> EngineFault:
        """Return the fault that an error answer means; its words never hold the key."""
        wait_s = retry_after_s(headers, self._clock.now())
        limits = limits_in(headers, self._clock.now())
        return fault_of(Rejection(status, self._redacted(body), self._where, self._endpoint.key_env, wait_s, limits))

    def _clean(self, error: BaseException) -> str:
        return one_line(self._redacted(str(error) or type(error).__name__))

    def _redacted(self, text: str) -> str:
        text = text.replace(self._endpoint.base_url, self._endpoint.shown)
        return text.replace(self._endpoint.key, "[key]") if self._endpoint.key else text


_as_json = json.JSONEncoder(ensure_ascii=False).encode
"""Made once: `json.dumps` makes an encoder a call where it is given anything but its defaults."""


def parsed(text: str, where: str) -> dict[str, Any]:
    """Return the object of an answer.

    Raises:
        EngineFault: It holds none.
    """
    try:
        envelope = json.loads(text)
    except (ValueError, RecursionError):
        envelope = None
    if not isinstance(envelope, dict):
        raise EngineFault("server", f"{where} sent no JSON object: {one_line(text)[:80]!r}")
    return envelope


def reply_in(envelope: Mapping[str, Any], request: Request, latency_s: float | None, where: str) -> Reply:
    """Return the reply that an answer's object holds.

    Raises:
        EngineFault: It holds none.
    """
    try:
        first, *others = map(_said, envelope["choices"])
    except (KeyError, ValueError, TypeError, AttributeError):
        raise EngineFault("server", f"{where} sent an answer without choices[0].message") from None
    usage = envelope.get("usage")
    tokens = usage if isinstance(usage, dict) else {}
    model = str(envelope.get("model") or request.model)
    return Reply(
        **first,
        model=model,
        prompt_tokens=_count(tokens.get("prompt_tokens")) or None,  # 0: nobody counted
        completion_tokens=_count(tokens.get("completion_tokens")),
        latency_s=latency_s,
        further=tuple(Reply(**said, model=model) for said in others[: request.n_at_once - 1]),
    )


def _said(choice: Mapping[str, Any]) -> dict[str, Any]:
    """Return what one choice says, as a reply's fields."""
    message = choice["message"]
    content, refusal, reason = message.get("content"), message.get("refusal"), choice.get("finish_reason")
    return {
        "text": _text_of(content),
        "finish_reason": reason if isinstance(reason, str) else None,
        "refusal": refusal if isinstance(refusal, str) and refusal else None,
        "tokens": tokens_in(choice.get("logprobs")),
    }


def _text_of(content: object) -> str:
    """Return a message's text; some servers send it in parts."""
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _count(value: object) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= MOST_TOKENS else None


def proxy_for(base_url: str) -> str | None:
    """Return the environment's proxy for this address, read once: aiohttp's `trust_env` asks a thread per request.

    Raises:
        InputError: It is of a kind that is not spoken here, such as SOCKS.
    """
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if host in LOOPBACK or urllib.request.proxy_bypass(host):
        return None
    proxy = urllib.request.getproxies().get(parts.scheme)
    if not proxy:
        return None
    scheme, is_whole, _ = proxy.partition("://")
    if is_whole and scheme not in ("http", "https"):
        hint = f"Name an http:// one in {parts.scheme}_proxy, or the endpoint in no_proxy"
        raise InputError(f"the environment's proxy is a {scheme} proxy, which is not spoken here", hint=hint)
    return proxy if is_whole else f"http://{proxy}"
