"""Which engine answers a judge, with which key, and what is said when something is missing."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from judgekit.adapters.clock import SystemClock
from judgekit.adapters.engines.choice import EngineWorld, choose_engine, endpoint_of
from judgekit.adapters.engines.openai_compatible import proxy_for
from judgekit.adapters.engines.replay import read_replies
from judgekit.adapters.prices import LitellmPrices
from judgekit.errors import EngineUnavailable, FileProblem, InputError, InvalidRecord, UnknownName
from judgekit.judging.ports import EngineFault, Message, Request
from judgekit.records.judge import Judge
from judgekit.records.project import Price
from judgekit.records.rubric import Criterion, Scale
from judgekit.testing import ScriptedEngine


def judge(**changes: Any) -> Judge:
    criterion = Criterion(id="c", question="?", scale=Scale(type="ordinal", levels=(1, 2)))
    return Judge(**{"name": "j", "criterion": criterion, "model": "openai/m", **changes})


def around(environ: Any = None, **changes: Any) -> EngineWorld:
    return EngineWorld(environ or {}, SystemClock(), **changes)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"model": "openai/m"}, "openai-compatible"),
        ({"model": "meta/llama", "base_url": "http://localhost:1/v1"}, "openai-compatible"),
        ({"model": "anthropic/claude"}, "litellm"),
        ({"model": "openai/m", "engine": "litellm"}, "litellm"),
    ],
)
def test_auto_is_the_thin_client_where_the_endpoint_is_openai_style(changes: Any, name: Any) -> None:
    """An `openai/` model or an address of its own means our client, else litellm, unless the judge says."""
    assert choose_engine(judge(**changes), around({"OPENAI_API_KEY": "k"})).name == name


def test_a_missing_key_is_said_before_any_request_with_the_variables_name() -> None:
    """No key, or a blank one, is refused with the name of the variable that was looked at."""
    with pytest.raises(EngineUnavailable, match="OPENAI_API_KEY is not set"):
        choose_engine(judge(), around())
    with pytest.raises(EngineUnavailable, match="MY_KEY is not set"):
        choose_engine(judge(api_key_env="MY_KEY", base_url="http://localhost:1/v1"), around({"OPENAI_API_KEY": "k"}))
    with pytest.raises(EngineUnavailable, match="MY_KEY is not set"):
        choose_engine(judge(api_key_env="MY_KEY", model="anthropic/x"), around({"MY_KEY": "  "}))


def test_other_endpoints_need_no_key() -> None:
    """A local address, from the judge or the environment, works without a key."""
    assert endpoint_of(judge(base_url="http://localhost:1/v1"), around()).key is None
    assert (
        endpoint_of(judge(), around({"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"})).base_url == "http://127.0.0.1:1/v1"
    )


def test_the_judges_own_address_and_key_come_first() -> None:
    """What the judge names stands over what the environment offers."""
    environ = {"OPENAI_BASE_URL": "http://other/v1", "OPENAI_API_KEY": "a", "MINE": "b"}
    found = endpoint_of(judge(base_url="http://mine/v1", api_key_env="MINE"), around(environ))
    assert (found.base_url, found.key, found.key_env) == ("http://mine/v1", "b", "MINE")


@pytest.mark.parametrize("base_url", ["localhost:8000/v1", "ftp://x/v1", "/v1", "http://[::1/v1", "http://x:99999/v1"])
def test_an_address_that_is_none_is_refused(base_url: Any) -> None:
    """An address without http and a host is refused."""
    with pytest.raises(InputError, match="no http address"):
        endpoint_of(judge(base_url=base_url), around())


def test_a_password_in_the_address_is_never_told() -> None:
    """It is sent as a header, and stands in no message and no failure."""
    endpoint = endpoint_of(judge(base_url="http://ana:geheim@x:1/v1"), around())
    assert endpoint.shown == "http://x:1/v1"
    assert "geheim" not in repr(endpoint)


def test_a_query_of_the_address_stays_behind_the_path() -> None:
    """Azure's api-version, say, belongs after `/chat/completions`."""
    endpoint = endpoint_of(judge(base_url="http://x/v1/?api-version=2024"), around())
    assert endpoint.url("/chat/completions") == "http://x/v1/chat/completions?api-version=2024"
    assert endpoint.url("/batches?limit=1") == "http://x/v1/batches?limit=1&api-version=2024"


@pytest.mark.parametrize(
    ("proxy", "found"), [("proxy:3128", "http://proxy:3128"), ("https://proxy:1", "https://proxy:1"), ("", None)]
)
def test_a_proxy_may_be_named_without_its_scheme(proxy: Any, found: Any, monkeypatch: Any) -> None:
    """As curl and others read the variable."""
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert proxy_for("http://model.invalid/v1") == found


def test_a_proxy_of_another_kind_is_refused_before_anything_is_sent(monkeypatch: Any) -> None:
    """Nothing is said to a SOCKS proxy that it would not understand, and its password is not told."""
    monkeypatch.setenv("http_proxy", "socks5://u:geheim@proxy:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(InputError, match="socks5") as caught:
        proxy_for("http://model.invalid/v1")
    assert "geheim" not in str(caught.value)


def test_an_unknown_engine_lists_the_known_ones() -> None:
    """A misspelt engine is refused with the names there are."""
    with pytest.raises(UnknownName, match="litellm"):
        choose_engine(judge(), around(), name="litelm")


def test_a_users_engine_is_loaded_by_module_and_function() -> None:
    """`package.module:function` makes the engine; one that cannot be loaded is said."""
    engine = choose_engine(judge(), around(), name=f"{__name__}:my_engine")
    assert isinstance(engine, ScriptedEngine)
    with pytest.raises(InputError, match="cannot load"):
        choose_engine(judge(), around(), name="nowhere:nothing")


def my_engine(_judge: Any, _surroundings: Any) -> Any:
    return ScriptedEngine(lambda _: "x")


def test_the_scripted_engine_is_for_python_only() -> None:
    """A judge's folder cannot ask for the engine of tests."""
    with pytest.raises(InputError, match="for tests"):
        choose_engine(judge(engine="scripted"), around())


@pytest.fixture
def replies(tmp_path: Any) -> Any:
    path = tmp_path / "replies.jsonl"
    rows = [
        {"request": "sha256:a", "reply": "zero", "model": "real/model", "composed": True, "session": "s-1"},
        {"request": "sha256:a", "sample": 1, "reply": "one", "prompt_tokens": 3, "completion_tokens": 4},
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    return path


def replayed(path: Any, key: Any, sample: Any = 0) -> Any:
    engine = choose_engine(judge(engine="replay"), around(replies=read_replies(path)))
    return asyncio.run(engine.complete(Request(key, "openai/m", (Message("user", "x"),), sample=sample)))


def test_a_replay_answers_by_exact_request_and_sample_and_keeps_the_models_name(replies: Any) -> None:
    """Each sample has its own recorded reply, under the model that gave it, and costs nothing."""
    first = replayed(replies, "sha256:a")
    assert (first.text, first.model, first.cost_usd) == ("zero", "real/model", 0.0)
    second = replayed(replies, "sha256:a", sample=1)
    assert (second.text, second.model, second.completion_tokens) == ("one", "openai/m", 4)


@pytest.mark.parametrize(("key", "sample", "words"), [("sha256:b", 0, "changed since"), ("sha256:a", 2, "sample 2")])
def test_a_replay_invents_nothing(replies: Any, key: Any, sample: Any, words: Any) -> None:
    """A request or sample that was not recorded is a fault that says which of both it is."""
    with pytest.raises(EngineFault, match=words) as caught:
        replayed(replies, key, sample)
    assert caught.value.kind == "bad_request"


@pytest.mark.parametrize("line", ["{", '{"reply": "x"}', '{"request": "a", "reply": 3}', "[]"])
def test_a_line_that_is_no_reply_is_named_by_file_and_line(replies: Any, line: Any) -> None:
    """Broken JSON and rows that are no replies are refused with their place."""
    replies.write_text(replies.read_text() + line + "\n")
    with pytest.raises(InvalidRecord, match=r"replies\.jsonl:3"):
        read_replies(replies)


def test_missing_and_empty_recordings_are_refused(tmp_path: Any) -> None:
    """A replay without replies is refused before it begins."""
    with pytest.raises(FileProblem, match="no recorded replies"):
        read_replies(tmp_path / "none.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(FileProblem, match="holds no replies"):
        read_replies(tmp_path / "empty.jsonl")
    with pytest.raises(InputError, match="no recorded replies"):
        choose_engine(judge(engine="replay"), around())


def test_prices_come_from_the_installed_file_and_overrides_stand_over_it() -> None:
    """Known models have litellm's price, and a user's own price comes first."""
    own = {"openai/mine": Price(prompt=1, completion=2, context_tokens=4096)}
    prices = LitellmPrices({**own, "openai/gpt-4o-mini": Price(prompt=10, completion=10)})
    assert prices.cost_usd("openai/mine", 1_000_000, 1_000_000) == pytest.approx(3.0)
    assert prices.cost_usd("openai/gpt-4o-mini", 100_000, 0) == pytest.approx(1.0)
    assert prices.context_tokens("openai/mine") == 4096
    assert prices.context_tokens("openai/gpt-4o-mini") == LitellmPrices().context_tokens("gpt-4o-mini") == 128_000
    assert prices.context_tokens("no-such-model") is None
    assert LitellmPrices().cost_usd("gpt-4o-mini", 100, 10) == pytest.approx(2.1e-5)
    assert LitellmPrices().cost_usd("anthropic/claude-haiku-4-5", 100, 10) not in (None, 0.0)


@pytest.mark.parametrize("model", ["openai/no-such-model", "mistral/gpt-4o-mini", "no-such-model", ""])
def test_an_unknown_price_is_none(model: Any) -> None:
    """A model that the file lacks, or has under another provider, costs None and never 0."""
    assert LitellmPrices().cost_usd(model, 100, 10) is None


def test_without_a_price_file_every_price_is_unknown(tmp_path: Any) -> None:
    """A missing price file is no error: prices are then unknown."""
    assert LitellmPrices(path=tmp_path / "none.json").cost_usd("gpt-4o-mini", 1, 1) is None
