"""The thin client for every OpenAI-style `/chat/completions`: OpenAI, vLLM, Ollama, gateways.

One session with kept-alive connections, one `json.loads` a reply, no model of the envelope: it costs a
tenth of what the SDKs cost a call. Retry, pacing and budget are the runner's.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from judgekit.adapters.engines.fault import Rejection, error_status, fault_of, one_line, retry_after_s
from judgekit.judging.ports import Clock, EngineFault, Reply, Request

if TYPE_CHECKING:
    import aiohttp

OPENAI_URL = "https://api.openai.com/v1"
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
        return f"Endpoint({self.base_url!r}, key={'set' if self.key else 'none'})"

    @property
    def is_openai(self) -> bool:
        """Whether this is OpenAI's own address, which needs a key and has its own parameter names."""
        return urlsplit(self.base_url).hostname == urlsplit(OPENAI_URL).hostname


class OpenAICompatible:
    """An engine that posts to one endpoint."""

    name = "openai-compatible"

    def __init__(self, endpoint: Endpoint, clock: Clock) -> None:
        """Open nothing yet: the session is made by the first request, inside its event loop."""
        self._endpoint = endpoint
        self._clock = clock
        self._url = endpoint.base_url.rstrip("/") + "/chat/completions"
        self._session: aiohttp.ClientSession | None = None
        self._proxy = _proxy_for(endpoint.base_url)

    async def complete(self, request: Request) -> Reply:
        """Return the model's reply.

        Raises:
            EngineFault: It could not; texts never hold the key.
        """
        body = json.dumps(self._payload(request), ensure_ascii=False).encode("utf-8", "replace")
        started = self._clock.monotonic()
        status, headers, raw = await self._post(body)
        text = raw.decode("utf-8", "replace")
        if status < 500 and headers.get("Content-Type", "").startswith("text/html"):
            hint = "Check base_url: an OpenAI-style endpoint mostly ends in /v1"
            raise EngineFault("fatal", f"{self._where} answered with a web page (HTTP {status}). {hint}")
        if status != 200:
            raise self._rejected(status, headers, text)
        envelope = _parsed(text, self._where)
        wrapped = error_status(envelope)
        if wrapped is not None:
            raise self._rejected(wrapped, headers, text)
        return _reply_in(envelope, request, self._clock.monotonic() - started, self._where)

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def _where(self) -> str:
        return self._endpoint.base_url

    def _payload(self, request: Request) -> dict[str, Any]:
        messages = [{"role": message.role, "content": message.content} for message in request.messages]
        parameters = {key: value for key, value in request.parameters.items() if value is not None}
        if self._endpoint.is_openai and "max_tokens" in parameters:
            parameters["max_completion_tokens"] = parameters.pop(
                "max_tokens"
            )  # the old name is refused by newer models
        payload = {"model": request.model.removeprefix("openai/"), "messages": messages, **parameters}
        if request.schema is not None:
            schema = {"name": "verdict", "strict": True, "schema": request.schema}
            payload["response_format"] = {"type": "json_schema", "json_schema": schema}
        return payload

    async def _post(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        import aiohttp

        session = self._open_session()
        try:
            async with session.post(self._url, data=body, proxy=self._proxy, allow_redirects=False) as response:
                return response.status, response.headers, await response.read()
        except TimeoutError:
            raise EngineFault("timeout", f"{self._where} did not answer in {self._endpoint.timeout_s:g} s") from None
        except (aiohttp.ClientSSLError, aiohttp.InvalidURL) as error:
            hint = "Check base_url; SSL_CERT_FILE names your own certificates"
            raise EngineFault("fatal", f"{self._where}: {self._clean(error)}. {hint}") from None
        except (aiohttp.ClientPayloadError, aiohttp.ClientResponseError) as error:
            raise EngineFault("server", f"{self._where} sent a broken answer: {self._clean(error)}") from None
        except aiohttp.ClientConnectorError as error:
            detail = f"no connection to {self._where}: {self._clean(error)}"
            raise EngineFault("connection", detail, may_be_charged=False) from None
        except (aiohttp.ClientError, OSError) as error:
            raise EngineFault("connection", f"no connection to {self._where}: {self._clean(error)}") from None

    def _open_session(self) -> aiohttp.ClientSession:
        import aiohttp

        if self._session is None:
            headers = {"Content-Type": "application/json", "Accept": "application/json"}
            if self._endpoint.key:
                headers["Authorization"] = f"Bearer {self._endpoint.key}"
            self._session = aiohttp.ClientSession(
                headers=headers,
                connector=aiohttp.TCPConnector(limit=self._endpoint.max_in_flight),
                timeout=aiohttp.ClientTimeout(total=self._endpoint.timeout_s),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    def _rejected(self, status: int, headers: Mapping[str, str], body: str) -> EngineFault:
        wait_s = retry_after_s(headers, self._clock.now())
        return fault_of(Rejection(status, self._redacted(body), self._where, self._endpoint.key_env, wait_s))

    def _clean(self, error: BaseException) -> str:
        return one_line(self._redacted(str(error) or type(error).__name__))

    def _redacted(self, text: str) -> str:
        return text.replace(self._endpoint.key, "[key]") if self._endpoint.key else text


def _parsed(text: str, where: str) -> dict[str, Any]:
    try:
        envelope = json.loads(text)
    except ValueError:
        envelope = None
    if not isinstance(envelope, dict):
        raise EngineFault("server", f"{where} sent no JSON object: {one_line(text)[:80]!r}")
    return envelope


def _reply_in(envelope: Mapping[str, Any], request: Request, latency_s: float, where: str) -> Reply:
    try:
        choice = envelope["choices"][0]
        message = choice["message"]
        content, refusal = message.get("content"), message.get("refusal")
    except (KeyError, IndexError, TypeError, AttributeError):
        raise EngineFault("server", f"{where} sent an answer without choices[0].message") from None
    usage = envelope.get("usage")
    tokens = usage if isinstance(usage, dict) else {}
    return Reply(
        text=_text_of(content),
        model=str(envelope.get("model") or request.model),
        finish_reason=choice.get("finish_reason"),
        refusal=refusal if isinstance(refusal, str) and refusal else None,
        prompt_tokens=_count(tokens.get("prompt_tokens")),
        completion_tokens=_count(tokens.get("completion_tokens")),
        latency_s=latency_s,
    )


def _text_of(content: object) -> str:
    """Return a message's text; some servers send it in parts."""
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _proxy_for(base_url: str) -> str | None:
    """Return the environment's proxy for this address, read once: aiohttp's `trust_env` asks a thread per request."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if host in LOOPBACK or urllib.request.proxy_bypass(host):
        return None
    return urllib.request.getproxies().get(parts.scheme)
