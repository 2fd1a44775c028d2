"""Every other provider, through litellm: the only module that imports it, and only when a request is made.

litellm's own retries, telemetry, banner and price look-up are switched off: the runner retries, and prices
change only with the lock file. Faults are told apart by status and body, since its classes blur them.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from typing import Any

from judgekit.adapters.engines.fault import Rejection, fault_of, one_line, retry_after_s
from judgekit.adapters.engines.limits import limits_in
from judgekit.adapters.engines.token import odds_refused, tokens_in, without_odds
from judgekit.judging.ports import Clock, EngineFault, Reply, Request

QUIET = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MODE": "PRODUCTION", "LITELLM_TELEMETRY": "False"}
"""Set before the import: prices from the installed file, no `.env` read, nothing sent home."""


@dataclass(frozen=True, slots=True)
class Route:
    """How litellm is to reach the model; the provider itself stands in the model's name.

    Attributes:
        base_url: Address of the endpoint, where it is not the provider's own.
        key: The secret; None: litellm reads the provider's own variable.
        key_env: Name of the variable that holds it, for messages.
        timeout_s: Longest wait for one reply.
    """

    base_url: str | None = None
    key: str | None = field(default=None, repr=False)
    key_env: str | None = None
    timeout_s: float = 60.0


class LitellmEngine:
    """An engine that asks `litellm.acompletion`."""

    name = "litellm"

    def __init__(self, route: Route, clock: Clock) -> None:
        """Import nothing yet: litellm takes seconds to load."""
        self._route = route
        self._clock = clock
        self._litellm: Any = None
        self._gives_odds = True

    async def complete(self, request: Request) -> Reply:
        """Return the model's reply.

        Raises:
            EngineFault: It could not; texts never hold the key.
        """
        if self._litellm is None:
            self._litellm = import_litellm()
        started = self._clock.monotonic()
        try:
            answer = await self._litellm.acompletion(**self._arguments(request))
        except Exception as error:  # noqa: BLE001  # litellm raises provider classes of many libraries; all are told apart here
            raise self._fault(error, request) from None
        reply = _reply_in(answer, request, self._clock.monotonic() - started)
        said = getattr(answer, "_hidden_params", {}).get("additional_headers") or {}
        return replace(reply, limits=limits_in(said, self._clock.now()))

    async def close(self) -> None:
        """Close litellm's cached connections, so that none is reported as leaked."""
        if self._litellm is not None:
            await self._litellm.close_litellm_async_clients()

    def _arguments(self, request: Request) -> dict[str, Any]:
        route = self._route
        arguments = {key: value for key, value in request.parameters.items() if value is not None} | {
            "model": request.model,
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            "timeout": route.timeout_s,
            "max_retries": 0,
            "num_retries": 0,
            "drop_params": True,
        }
        if not self._gives_odds:
            arguments = without_odds(arguments)
        if route.base_url:
            arguments["api_base"] = route.base_url
        if route.key:
            arguments["api_key"] = route.key
        if request.schema is not None:
            schema = {"name": "verdict", "strict": True, "schema": dict(request.schema)}
            arguments["response_format"] = {"type": "json_schema", "json_schema": schema}
        return arguments

    def _fault(self, error: Exception, request: Request) -> EngineFault:
        where = self._route.base_url or f"litellm ({request.model})"
        message = one_line(self._redacted(str(error) or type(error).__name__).partition("Traceback (most")[0])
        by_class = self._fault_by_class(error, where, message)
        if by_class is not None:
            return by_class
        if "LLM Provider NOT provided" in message:
            hint = "Write it as provider/model, or give base_url"
            return EngineFault("fatal", f"litellm knows no provider for model {request.model!r}. {hint}")
        status = getattr(error, "status_code", None)
        if not isinstance(status, int):
            return EngineFault("server", f"{where}: {message}")
        headers = getattr(error, "litellm_response_headers", None) or {}
        now = self._clock.now()
        wait_s, limits = retry_after_s(dict(headers), now), limits_in(dict(headers), now)
        body = self._redacted(_body_of(error))
        refused = odds_refused(status, body, request, where)
        if refused is not None:
            self._gives_odds = False
            return refused
        return fault_of(Rejection(status, body, where, self._key_env(request), wait_s, limits))

    def _fault_by_class(self, error: Exception, where: str, message: str) -> EngineFault | None:
        """Return the fault where litellm's class says it all; most classes do not."""
        litellm = self._litellm
        if isinstance(error, litellm.Timeout):
            return EngineFault("timeout", f"{where} did not answer in {self._route.timeout_s:g} s")
        if isinstance(error, litellm.ContextWindowExceededError):
            return EngineFault("overflow", message)
        if isinstance(error, litellm.ContentPolicyViolationError):
            return EngineFault("refused", message)
        if _is_unreachable(error):
            return EngineFault("connection", f"no connection to {where}: {message}")
        return None

    def _key_env(self, request: Request) -> str | None:
        """Return the variable to look at: the judge's own, else what litellm says this provider reads."""
        if self._route.key_env:
            return self._route.key_env
        missing = self._litellm.validate_environment(request.model).get("missing_keys") or []
        return ", ".join(missing) or None

    def _redacted(self, text: str) -> str:
        return text.replace(self._route.key, "[key]") if self._route.key else text


def import_litellm() -> Any:
    """Import litellm with everything that talks switched off."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    import litellm

    litellm.suppress_debug_info = True
    litellm.telemetry = False
    litellm.drop_params = True
    return litellm


def _reply_in(answer: Any, request: Request, latency_s: float) -> Reply:
    if answer is None:  # what litellm makes of a second 422, after it left out parameters of its own accord
        detail = f"litellm ({request.model}): the endpoint finds the request unprocessable (HTTP 422)"
        raise EngineFault("bad_request", detail)
    try:
        choice = answer.choices[0]
        text, refusal = choice.message.content, getattr(choice.message, "refusal", None)
    except (AttributeError, IndexError, TypeError):
        raise EngineFault("server", f"litellm ({request.model}) brought an answer without a message") from None
    usage = getattr(answer, "usage", None)
    return Reply(
        text=text or "",
        model=answer.model or request.model,
        finish_reason=choice.finish_reason,
        refusal=refusal or None,
        prompt_tokens=getattr(usage, "prompt_tokens", None),
        completion_tokens=getattr(usage, "completion_tokens", None),
        cost_usd=getattr(answer, "_hidden_params", {}).get("response_cost"),
        latency_s=latency_s,
        tokens=tokens_in(_as_dict(getattr(choice, "logprobs", None))),
    )


def _as_dict(record: Any) -> object:
    return record.model_dump() if hasattr(record, "model_dump") else record


def _body_of(error: BaseException) -> str:
    """Return the endpoint's error body as JSON text where it can be found, else litellm's message."""
    seen: BaseException | None = error
    while seen is not None:
        body = getattr(seen, "body", None)
        if isinstance(body, dict):
            return json.dumps(body)
        seen = seen.__cause__ or seen.__context__
    message = str(getattr(error, "message", error))
    start, end = message.find("{"), message.rfind("}") + 1
    return message[start:end] if 0 <= start < end and _is_json(message[start:end]) else message


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _is_unreachable(error: Exception) -> bool:
    """Whether no server stood behind an error that litellm dresses up as a 500."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ConnectionError) or type(seen).__name__ in ("ConnectError", "APIConnectionError"):
            return True
        seen = seen.__cause__ or seen.__context__
    return "Connection error" in str(error)
