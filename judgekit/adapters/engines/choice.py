"""From a judge and an environment to the engine that will answer it: the table of engines, and the keys.

Keys are read here, at the door, and nowhere else; what is missing is said before any request is sent.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from judgekit.adapters.engines.openai_compatible import OPENAI_URL, Endpoint, OpenAICompatible
from judgekit.adapters.engines.replay import Recorded, ReplayEngine
from judgekit.errors import EngineUnavailable, InputError, UnknownName
from judgekit.judging.ports import Clock, Engine
from judgekit.records.judge import Judge


@dataclass(frozen=True, slots=True)
class EngineWorld:
    """What an engine is made from, besides the judge.

    Attributes:
        environ: The process's environment, or a test's.
        clock: For latencies and dates in headers.
        timeout_s: Longest wait for one reply.
        max_in_flight: Most requests at once.
        replies: Recorded replies, for `replay`.
    """

    environ: Mapping[str, str]
    clock: Clock
    timeout_s: float = 60.0
    max_in_flight: int = 16
    replies: Sequence[Recorded] | None = None


EngineMaker = Callable[[Judge, EngineWorld], Engine]


def choose_engine(judge: Judge, surroundings: EngineWorld, *, name: str | None = None) -> Engine:
    """Return the engine that completes this judge's requests.

    Args:
        judge: A prompt judge.
        surroundings: Environment, clock, limits, recorded replies.
        name: A name of `ENGINES`, or `package.module:function` taking the same two arguments; None: the judge's own.

    Raises:
        UnknownName: There is no engine of that name.
        EngineUnavailable: The key is missing.
    """
    wanted = name or judge.engine
    wanted = resolve_auto(judge) if wanted == "auto" else wanted
    if ":" in wanted:
        return _plug_in(wanted)(judge, surroundings)
    if wanted not in ENGINES:
        raise UnknownName("engine", wanted, [*ENGINES, "auto"])
    return ENGINES[wanted](judge, surroundings)


def resolve_auto(judge: Judge) -> str:
    """Return what `auto` means: our own client where the endpoint is OpenAI-style, else litellm."""
    model = judge.model or ""
    return "openai-compatible" if judge.base_url or model.startswith("openai/") else "litellm"


def endpoint_of(judge: Judge, surroundings: EngineWorld) -> Endpoint:
    """Return address and key of an OpenAI-style endpoint.

    Raises:
        InputError: The address is none.
        EngineUnavailable: A key is needed and its variable is empty.
    """
    environ = surroundings.environ
    base_url = judge.base_url or environ.get("OPENAI_BASE_URL") or OPENAI_URL
    if not _is_http(base_url):
        raise InputError(
            f"base_url {base_url!r} is no http address", where=judge.name, hint="Such as http://localhost:8000/v1"
        )
    key_env = judge.api_key_env or "OPENAI_API_KEY"
    endpoint = Endpoint(base_url, None, key_env, surroundings.timeout_s, surroundings.max_in_flight)
    key = environ.get(key_env, "").strip()
    if not key and (judge.api_key_env or endpoint.is_openai):
        raise EngineUnavailable(
            f"no key: the environment variable {key_env} is not set",
            where=judge.name,
            hint="Set it, or give --base-url of a local endpoint, or --replay recorded replies",
        )
    return replace(endpoint, key=key or None)


def _is_http(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that do not close, a port beyond all ports
        return False


def _openai_compatible(judge: Judge, surroundings: EngineWorld) -> Engine:
    return OpenAICompatible(endpoint_of(judge, surroundings), surroundings.clock)


def _litellm(judge: Judge, surroundings: EngineWorld) -> Engine:
    from judgekit.adapters.engines.litellm_engine import LitellmEngine, Route

    key = surroundings.environ.get(judge.api_key_env, "").strip() if judge.api_key_env else None
    if judge.api_key_env and not key:
        raise EngineUnavailable(
            f"no key: the environment variable {judge.api_key_env} is not set", where=judge.name, hint="Set it"
        )
    return LitellmEngine(Route(judge.base_url, key, judge.api_key_env, surroundings.timeout_s), surroundings.clock)


def _replay(judge: Judge, surroundings: EngineWorld) -> Engine:
    if not surroundings.replies:
        raise InputError(
            "engine replay has no recorded replies",
            where=judge.name,
            hint="Give --replay FILE, or put replies.jsonl in the folder",
        )
    return ReplayEngine(surroundings.replies)


def _scripted(judge: Judge, surroundings: EngineWorld) -> Engine:  # noqa: ARG001  # the table's common form
    raise InputError(
        "engine scripted is for tests", where=judge.name, hint="Make a judgekit.testing.ScriptedEngine in Python"
    )


ENGINES: dict[str, EngineMaker] = {
    "openai-compatible": _openai_compatible,
    "litellm": _litellm,
    "replay": _replay,
    "scripted": _scripted,
}


def _plug_in(target: str) -> EngineMaker:
    module, _, function = target.partition(":")
    try:
        maker: EngineMaker = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise InputError(
            f"cannot load engine {target!r}: {error}", hint="Write it as package.module:function"
        ) from None
    return maker
