"""The loop keeps what is paid for, asks again what can be mended, and stops when it must."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from judgekit.errors import BudgetReached, EngineUnavailable, InputError
from judgekit.judging.ports import EngineFault, Reply, Request
from judgekit.judging.runner.progress import Progress
from judgekit.judging.runner.sink import MemorySink, Spent
from judgekit.judging.runner.store import FreshStore, MemoryStore
from judgekit.records.judge import Judge, Lineage, Parameters, Reading
from judgekit.records.rubric import Criterion, Scale
from judgekit.records.run import Run, RunManifest
from judgekit.records.session import Session, Turn
from judgekit.records.verdict import Call
from judgekit.testing import ScriptedEngine, StillClock
from judgekit.workflows.run import RunOptions, Surroundings, run_judge

GOOD = json.dumps({"reasoning": "solved", "value": 3})


class Shelf(MemorySink):
    """A store and a sink in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.replies: dict[tuple[str, int], Call] = {}
        self.manifests: list[RunManifest] = []

    def find(self, request: Any) -> Any:
        return self.replies.get((request.key, request.sample))

    def find_all(self, requests: Any) -> Any:
        found = {(request.key, request.sample): self.find(request) for request in requests}
        return {key: call for key, call in found.items() if call is not None}

    def commit(self, *calls: Any) -> None:
        self.replies.update(((call.request, call.sample), call) for call in calls)

    def write_manifest(self, manifest: Any) -> None:
        self.manifests.append(manifest)

    def add_call(self, call: Any) -> None:
        assert call in self.replies.values(), "a call was written before it was committed"
        super().add_call(call)


class TokenPrices:
    def cost_usd(self, model: Any, prompt_tokens: Any, completion_tokens: Any) -> Any:
        return None if model == "openai/unknown" else 0.001 * completion_tokens

    def context_tokens(self, model: Any) -> Any:
        return None


def judge(**changes: Any) -> Judge:
    criterion = Criterion(id="resolution", question="Solved?", scale=Scale(type="ordinal", levels=(1, 2, 3)))
    fields = {"name": "j", "criterion": criterion, "model": "openai/m", "user": "{{ session }} {{ answer_format }}"}
    return Judge(**{**fields, **changes})


def sessions(n: int) -> list[Session]:
    return [Session(id=f"s{i:03}", turns=(Turn(id="1", role="user", text=f"ITEM-{i:03}."),)) for i in range(n)]


def item(request: Request) -> str:
    text = request.messages[0].content
    return text[text.index("ITEM-") :][:8]


def run(
    script: Any,
    n: Any = 1,
    *,
    shelf: Any = None,
    clock: Any = None,
    judge_: Any = None,
    engine: Any = None,
    **options: Any,
) -> tuple[Run, ScriptedEngine, Shelf]:
    clock = clock or StillClock()
    engine = engine or ScriptedEngine(script, clock=clock)
    shelf = shelf or Shelf()
    around = Surroundings(engine, shelf, shelf, clock, np.random.default_rng(0))
    asked = judge_ or judge()
    manifest = asyncio.run(run_judge(asked, sessions(n), around=around, options=RunOptions(**options)))
    return shelf.run(manifest, asked.lineage), engine, shelf


def failing_first(times: int, fault: Callable[[], EngineFault]) -> Any:
    """Script: every item meets the fault so many times before it is answered."""
    met: Counter[str] = Counter()

    def script(request: Request) -> Any:
        met[item(request)] += 1
        return fault() if met[item(request)] <= times else GOOD

    return script


def test_every_target_gets_one_verdict_and_one_request() -> None:
    """Twenty sessions bring twenty verdicts in order, with no more in flight than allowed."""
    done, engine, shelf = run(lambda _: GOOD, 20, max_in_flight=4)
    assert [o.session for o in done.outcomes] == [f"s{i:03}" for i in range(20)]
    assert {o.value for o in done.verdicts} == {3}
    assert len(engine.requests) == len(shelf.calls) == 20
    assert engine.max_in_flight == 4
    assert done.manifest.state == "complete"


def test_an_outcome_says_who_judged_what_and_by_which_call() -> None:
    """A verdict carries the fingerprints of judge, rubric and content, and its call."""
    done, _, shelf = run(lambda _: GOOD)
    verdict, wanted = done.verdicts[0], judge()
    assert verdict.judge_fingerprint == wanted.judge_fingerprint
    assert verdict.rubric == wanted.criterion.fingerprint()
    assert verdict.seen == sessions(1)[0].seen_fingerprint
    assert verdict.call == shelf.calls[0].id
    assert verdict.at is not None
    assert verdict.rationale == "solved"


def test_a_run_keeps_its_judges_lineage() -> None:
    """What the verdicts may not be held against goes with them, also where nothing is written to a folder."""
    lineage = Lineage(dataset="d", units=("group:u1",))
    done, _, _ = run(lambda _: GOOD, judge_=judge(lineage=lineage))
    assert done.lineage == lineage


@pytest.mark.parametrize("kind", ["rate_limit", "server", "timeout"])
def test_transient_faults_are_tried_again(kind: Any) -> None:
    """Two faults before each answer cost two more requests and no verdict."""
    done, engine, _ = run(failing_first(2, lambda: EngineFault(kind, "x")), 8)
    assert len(done.verdicts) == 8
    assert len(engine.requests) == done.manifest.n_requests == 24
    assert {call.attempts for call in done.calls} == {3}


def test_the_servers_retry_after_is_kept_to() -> None:
    """The next try comes after the wait asked for, and soon after it."""
    clock = StillClock()
    met = []

    def script(request: Any) -> Any:
        met.append(clock.monotonic())
        return EngineFault("rate_limit", "slow down", retry_after_s=7.0) if len(met) == 1 else GOOD

    run(script, clock=clock)
    assert 7.0 <= met[1] - met[0] < 8.0


def test_waiting_for_another_try_holds_no_worker() -> None:
    """With one worker, the others are answered while the first waits."""
    order = []

    def script(request: Any) -> Any:
        order.append(item(request))
        return EngineFault("rate_limit", "x", retry_after_s=60) if order == ["ITEM-000"] else GOOD

    run(script, 4, max_in_flight=1)
    assert order == ["ITEM-000", "ITEM-001", "ITEM-002", "ITEM-003", "ITEM-000"]


def test_a_request_that_keeps_failing_becomes_a_failure_and_the_rest_goes_on() -> None:
    """After six tries one target is a failure that says so; the others have verdicts."""
    done, _, _ = run(lambda r: EngineFault("server", "500: broken") if item(r) == "ITEM-001" else GOOD, 3)
    failure = done.failures[0]
    assert (failure.session, failure.status) == ("s001", "engine_error")
    assert "500: broken (after 6 tries)" in failure.detail
    assert len(done.verdicts) == 2


@pytest.mark.parametrize(
    ("kind", "status"), [("overflow", "overflow"), ("refused", "refused"), ("bad_request", "engine_error")]
)
def test_what_concerns_one_request_only_is_not_tried_again(kind: Any, status: Any) -> None:
    """Overflow, refusal and a bad request are failures at the first answer."""
    done, engine, _ = run(lambda _: EngineFault(kind, "why"))
    assert [f.status for f in done.failures] == [status]
    assert len(engine.requests) == 1


def test_an_unreadable_reply_is_asked_again_and_told_why() -> None:
    """The second request shows the model its reply and what could not be read."""
    answers = iter(["no json here", GOOD])
    done, engine, shelf = run(lambda _: next(answers))
    assert len(done.verdicts) == 1
    first, second = engine.requests
    assert [m.role for m in second.messages[len(first.messages) :]] == ["assistant", "user"]
    assert "could not read" in second.messages[-1].content
    assert first.key != second.key
    assert [call.reply for call in shelf.calls] == ["no json here", GOOD]
    assert done.verdicts[0].call == shelf.calls[1].id


def test_a_reply_that_stays_unreadable_is_a_failure_with_the_raw_reply() -> None:
    """After the allowed repeats the failure keeps what the model said."""
    done, engine, _ = run(lambda _: "no json here")
    assert [(f.status, f.reply) for f in done.failures] == [("unparsed", "no json here")]
    assert len(engine.requests) == 3


def test_no_retries_of_readings_means_one_request() -> None:
    """A judge that allows no repeat asks once."""
    _, engine, _ = run(lambda _: "no", judge_=judge(reading=Reading(retries=0)))
    assert len(engine.requests) == 1


def test_a_refusal_is_a_failure_and_is_not_argued_with() -> None:
    """A refusal ends the matter after one request, with its words."""
    done, engine, _ = run(lambda r: Reply(text="", model="m", refusal="I will not"))
    assert [(f.status, f.reply) for f in done.failures] == [("refused", "I will not")]
    assert len(engine.requests) == 1


def test_stored_replies_are_not_asked_again() -> None:
    """The same run anew sends nothing, costs nothing and ends the same."""
    answers = iter(["unreadable", *[GOOD] * 10])
    first, _, shelf = run(lambda _: next(answers), 5, max_in_flight=1)
    second, engine, _ = run(lambda _: pytest.fail("asked again"), 5, shelf=shelf)
    assert engine.requests == []
    assert second.manifest.n_reused == 6
    assert second.manifest.n_requests == 0
    assert second.manifest.cost_usd == 0
    assert [o.model_dump() for o in second.outcomes] == [o.model_dump() for o in first.outcomes]
    assert {c.id for c in second.calls} == {c.id for c in first.calls}


def test_a_reply_of_another_engine_is_not_passed_off_as_this_ones() -> None:
    """A stored reply counts only for the engine that gave it."""
    _, _, shelf = run(lambda _: GOOD)
    for key, call in shelf.replies.items():
        shelf.replies[key] = call.model_copy(update={"engine": "replay"})
    _, engine, _ = run(lambda _: GOOD, shelf=shelf)
    assert len(engine.requests) == 1


def test_equal_requests_in_flight_are_paid_once() -> None:
    """Five targets with one prompt share one request."""
    twins = [s.model_copy(update={"id": f"t{i}"}) for i, s in enumerate(sessions(1) * 5)]
    clock, shelf = StillClock(), Shelf()
    engine = ScriptedEngine(lambda _: GOOD, clock=clock, latency_s=1.0)
    around = Surroundings(engine, shelf, shelf, clock, np.random.default_rng(0))
    manifest = asyncio.run(run_judge(judge(), twins, around=around))
    assert len(engine.requests) == len(shelf.calls) == 1
    assert manifest.n_verdicts == 5


@pytest.mark.parametrize("max_in_flight", [1, 2, 16])
def test_equal_requests_one_after_the_other_are_paid_once(max_in_flight: int) -> None:
    """Also where the store was asked about both before the first was answered, and where it was asked in between."""
    twins = [s.model_copy(update={"id": f"t{i:02}"}) for i, s in enumerate(sessions(3) * 20)]
    clock, shelf = StillClock(), Shelf()
    engine = ScriptedEngine(lambda _: GOOD, clock=clock, latency_s=1.0)
    around = Surroundings(engine, shelf, shelf, clock, np.random.default_rng(0))
    options = RunOptions(max_in_flight=max_in_flight)
    manifest = asyncio.run(run_judge(judge(), twins, around=around, options=options))
    assert len(engine.requests) == 3
    assert (manifest.n_verdicts, manifest.n_reused) == (60, 57)


@pytest.mark.parametrize("store", [MemoryStore(), FreshStore(MemoryStore())], ids=["memory", "fresh"])
def test_several_replies_are_found_as_one_by_one(store: Any) -> None:
    """What is stored is found by key and sample, and nothing else is."""
    call = Call(id="c", request="a", engine="scripted", model="m", reply="yes", sample=1)
    store.commit(call)
    asked = [Request(key=key, model="m", messages=(), sample=sample) for key in "ab" for sample in (0, 1)]
    assert store.find_all(asked) == {("a", 1): call}
    assert [store.find(request) for request in asked] == [None, call, None, None]


def test_what_is_asked_anew_is_not_found_in_the_store_behind() -> None:
    """A fresh run forgets replies from before it, one by one and several at once."""
    behind = MemoryStore()
    behind.commit(Call(id="c", request="a", engine="scripted", model="m", reply="yes"))
    fresh, request = FreshStore(behind), Request(key="a", model="m", messages=())
    assert fresh.find(request) is None
    assert fresh.find_all([request]) == {}


def test_samples_are_asked_apart() -> None:
    """Each sample is a request, a call and an outcome of its own."""
    done, engine, _ = run(lambda _: GOOD, judge_=judge(samples=3))
    assert sorted(r.sample for r in engine.requests) == [0, 1, 2]
    assert [o.sample for o in done.outcomes] == [0, 1, 2]
    assert len({c.id for c in done.calls}) == 3


def test_a_fatal_fault_stops_at_once_and_keeps_what_is_done() -> None:
    """A wrong key ends the run; the verdicts before it stand."""
    shelf = Shelf()
    with pytest.raises(EngineUnavailable, match="wrong key"):
        run(
            lambda r: EngineFault("fatal", "wrong key") if item(r) > "ITEM-004" else GOOD,
            100,
            shelf=shelf,
            max_in_flight=1,
        )
    assert len(shelf.outcomes) == 5
    assert shelf.manifests[-1].state == "stopped"
    assert shelf.manifests[-1].n_verdicts == 5


def test_a_connection_nobody_answers_stops_the_run_early() -> None:
    """A dead endpoint is given up after a few tries, not after a hundred targets."""
    shelf = Shelf()
    engine = ScriptedEngine(lambda _: EngineFault("connection", "refused"))
    with pytest.raises(EngineUnavailable, match="Check that the endpoint is up"):
        run(None, 100, shelf=shelf, engine=engine, max_in_flight=4)
    assert len(engine.requests) <= 4 * 4 * 3 + 4
    assert shelf.outcomes == ()


def test_an_endpoint_that_goes_away_stops_the_run_and_keeps_what_is_done() -> None:
    """Losing the connection for good ends the run with the ten verdicts so far."""
    shelf = Shelf()
    with pytest.raises(EngineUnavailable):
        run(
            lambda r: GOOD if item(r) < "ITEM-010" else EngineFault("connection", "gone"),
            50,
            shelf=shelf,
            max_in_flight=2,
        )
    assert len(shelf.outcomes) == 10


def test_one_poisoned_request_that_resets_the_connection_is_a_failure_only() -> None:
    """While others are answered, a request that always resets is one failure."""
    done, _, _ = run(
        lambda r: EngineFault("connection", "reset") if item(r) == "ITEM-000" else GOOD, 400, max_in_flight=1
    )
    assert len(done.verdicts) == 399
    assert [f.status for f in done.failures] == ["engine_error"]


def test_a_server_that_asks_for_an_hour_ends_the_run() -> None:
    """A wait longer than anybody would sit through is said, not slept."""
    with pytest.raises(EngineUnavailable, match="3600"):
        run(lambda _: EngineFault("rate_limit", "later", retry_after_s=3600))


def test_a_real_rate_limit_slows_the_run_and_loses_nothing() -> None:
    """Five a second are answered, the rest is turned away; all 60 end with a verdict."""
    clock = StillClock()
    answered: Counter[int] = Counter()

    def script(request: Any) -> Any:
        second = int(clock.monotonic())
        if answered[second] >= 5:
            return EngineFault("rate_limit", "slow down", retry_after_s=1.0)
        answered[second] += 1
        return GOOD

    done, engine, _ = run(script, 60, clock=clock, max_in_flight=32)
    assert len(done.verdicts) == 60
    assert len(engine.requests) < 60 * 6


def counted(n_tokens: int) -> Any:
    return lambda _: Reply(text=GOOD, model="m", prompt_tokens=10, completion_tokens=n_tokens)


def test_the_cap_counts_what_is_in_flight_and_is_never_passed() -> None:
    """Sixteen at once stay under the cap, and everything paid for is kept."""
    shelf, clock = Shelf(), StillClock()
    engine = ScriptedEngine(counted(100), clock=clock, latency_s=1.0)
    with pytest.raises(BudgetReached, match="met"):
        run(
            None,
            100,
            shelf=shelf,
            engine=engine,
            clock=clock,
            max_cost_usd=2.05,
            prices=TokenPrices(),
            max_in_flight=16,
        )
    spent = sum(call.cost_usd or 0.0 for call in shelf.calls)
    assert 1.0 < spent <= 2.05
    assert len(shelf.outcomes) == len(shelf.calls)
    assert shelf.manifests[-1].cost_usd == pytest.approx(spent)


def test_after_the_cap_the_same_command_continues() -> None:
    """With a new cap only what is missing is asked."""
    shelf = Shelf()
    script = counted(100)
    with pytest.raises(BudgetReached):
        run(script, 30, shelf=shelf, max_cost_usd=2.05, prices=TokenPrices())
    n_before = len(shelf.calls)
    done, engine, _ = run(script, 30, shelf=shelf, max_cost_usd=10, prices=TokenPrices())
    assert len(done.verdicts) == 30
    assert len(engine.requests) == 30 - n_before


def test_a_cap_is_kept_where_prompts_and_replies_are_suddenly_as_long_as_they_can_be() -> None:
    """With `max_tokens` nothing costs more than was counted: a byte of prompt or schema is at most one token."""
    n_asked = itertools.count()

    class PerToken(TokenPrices):
        def cost_usd(self, model: Any, prompt_tokens: Any, completion_tokens: Any) -> Any:
            return 1e-6 * (prompt_tokens + completion_tokens)

    def script(request: Request) -> Reply:
        n_bytes = sum(len(message.content.encode()) for message in request.messages) + len(json.dumps(request.schema))
        is_long = next(n_asked) > 20
        n_read, n_written = (n_bytes, 50) if is_long else (9, 1)
        return Reply(text=GOOD, model="m", prompt_tokens=n_read, completion_tokens=n_written)

    shelf, clock, cap = Shelf(), StillClock(), 0.006
    engine = ScriptedEngine(script, clock=clock, latency_s=1.0)
    asked = judge(parameters=Parameters(max_tokens=50))
    with pytest.raises(BudgetReached):
        run(None, 200, shelf=shelf, engine=engine, clock=clock, judge_=asked, max_cost_usd=cap, prices=PerToken())
    assert len(shelf.calls) > 20
    assert cap / 2 < sum(call.cost_usd or 0.0 for call in shelf.calls) <= cap


@pytest.mark.parametrize(("model", "cap"), [("openai/unknown", 1.0), ("openai/m", 0.0), ("openai/m", float("nan"))])
def test_a_cap_that_cannot_be_kept_is_refused_before_any_request(model: Any, cap: Any) -> None:
    """An unknown price, or a cap that is no amount, is refused while nothing is spent."""
    engine = ScriptedEngine(lambda _: GOOD)
    with pytest.raises(InputError):
        run(None, engine=engine, judge_=judge(model=model), max_cost_usd=cap, prices=TokenPrices())
    assert engine.requests == []


def test_an_unknown_price_is_none_and_never_zero() -> None:
    """A run whose price is unknown does not claim to be free."""
    done, _, _ = run(lambda _: GOOD, prices=TokenPrices())
    assert done.manifest.cost_usd is None
    assert done.calls[0].cost_usd is None


def test_progress_is_told_at_a_fixed_rate_and_at_the_end() -> None:
    """Two seconds of run are told some ten times, the last time when all is done."""
    heard: list[Progress] = []
    clock = StillClock()
    engine = ScriptedEngine(lambda _: GOOD, clock=clock, latency_s=0.01)
    run(None, 200, engine=engine, clock=clock, max_in_flight=1, listener=heard.append)
    assert 9 <= len(heard) <= 12
    assert (heard[-1].done, heard[-1].total, heard[-1].failed) == (200, 200, 0)
    assert heard[4].eta_s == pytest.approx((200 - heard[4].done) / heard[4].rate)


def test_cancelling_lets_what_is_in_flight_land_and_keeps_it() -> None:
    """An interrupt waits for the three replies under way and keeps them."""
    shelf = Shelf()
    started = asyncio.Event()

    class Slow(ScriptedEngine):
        async def complete(self, request: Any) -> Any:
            started.set()
            await asyncio.sleep(0.05)
            return await super().complete(request)

    async def interrupted() -> None:
        engine = Slow(lambda _: GOOD)
        around = Surroundings(engine, shelf, shelf, StillClock(), np.random.default_rng(0))
        made = run_judge(judge(), sessions(50), around=around, options=RunOptions(max_in_flight=3))
        task = asyncio.create_task(made)
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(interrupted())
    assert len(shelf.outcomes) == len(shelf.replies) == 3
    assert shelf.manifests[-1].state == "stopped"


def test_a_sink_that_fails_ends_the_run_with_its_own_error() -> None:
    """A full disk is reported as such, not as a failure of the judge."""

    class Full(Shelf):
        def add_outcome(self, outcome: Any) -> None:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        run(lambda _: GOOD, 10, shelf=Full())


def test_a_session_too_long_for_the_judge_is_an_overflow_without_a_request() -> None:
    """Beyond the judge's limit a target is a failure that cost nothing."""
    done, engine, _ = run(lambda _: GOOD, judge_=judge(transcript={"max_chars": 5}))
    assert [f.status for f in done.failures] == ["overflow"]
    assert engine.requests == []


@pytest.mark.parametrize("user", ["{{ session }}" * 3, "{{ session ~ session ~ session }}"])
def test_a_prompt_that_outgrows_every_model_is_an_overflow_of_its_target_alone(user: str) -> None:
    """A session that the template shows too often costs its own verdict; the others have theirs."""
    long = Session(id="long", turns=(Turn(id="1", role="user", text="ITEM-long " * 80_000),))
    shelf, engine = Shelf(), ScriptedEngine(lambda _: GOOD)
    around = Surroundings(engine, shelf, shelf, StillClock(), np.random.default_rng(0))
    done = shelf.run(asyncio.run(run_judge(judge(user=user), [*sessions(2), long], around=around)), Lineage())
    assert [(f.session, f.status) for f in done.failures] == [("long", "overflow")]
    assert "user.j2" in done.failures[0].detail
    assert len(done.verdicts) == len(engine.requests) == 2


def test_a_student_is_not_asked_through_an_engine() -> None:
    """A judge that asks no model is refused at once."""
    student = judge(kind="student", model=None)
    with pytest.raises(InputError, match="asks no model"):
        run(lambda _: GOOD, judge_=student)


def test_stored_replies_that_cannot_be_read_are_asked_anew_on_demand() -> None:
    """Failures are kept until somebody asks; then only they are sent, and what was good stays."""
    _, _, shelf = run(lambda r: "gibberish" if item(r) in ("ITEM-001", "ITEM-004") else GOOD, 6)
    again, engine, _ = run(lambda _: GOOD, 6, shelf=shelf)
    assert (len(engine.requests), again.manifest.n_failures) == (0, 2)
    mended, engine, _ = run(lambda _: GOOD, 6, shelf=shelf, is_retrying_failures=True)
    assert sorted({item(r) for r in engine.requests}) == ["ITEM-001", "ITEM-004"]
    assert (len(engine.requests), mended.manifest.n_verdicts) == (2, 6)


def test_a_replayed_call_stays_as_it_was_recorded() -> None:
    """Latency, cost, attempts and time are the original's."""
    _, _, shelf = run(lambda _: GOOD)
    recorded = shelf.calls[0].model_copy(update={"latency_s": 1.5, "attempts": 3, "cost_usd": 0.5})
    script = lambda _: Reply(text=GOOD, model="m", recorded=recorded)  # noqa: E731  # one line says it
    _, _, replayed = run(script)
    assert replayed.calls == (recorded,)


def test_a_rate_that_was_declared_spreads_the_requests() -> None:
    """Thirty requests at sixty a minute take about half a minute of the clock, whatever is in flight."""
    clock = StillClock()
    started = clock.monotonic()
    run(lambda _: GOOD, 30, clock=clock, rpm=60)
    assert 28.0 <= clock.monotonic() - started <= 31.0


def test_a_prompt_that_surely_overflows_is_not_sent() -> None:
    """After some replies the tokens a byte are known; what cannot fit then fails before it is paid."""

    class Short(TokenPrices):
        def context_tokens(self, model: Any) -> Any:
            return 50

    def script(request: Request) -> Reply:
        n_bytes = sum(len(message.content) for message in request.messages)
        return Reply(text=GOOD, model="m", prompt_tokens=n_bytes // 4, completion_tokens=5)

    plain = judge(user="{{ session }}", reading=Reading(method="json"))
    long = Session(id="z", turns=(Turn(id="1", role="user", text="ITEM-zzz " + "word " * 2000),))
    engine, shelf = ScriptedEngine(script), Shelf()
    around = Surroundings(engine, shelf, shelf, StillClock(), np.random.default_rng(0))
    options = RunOptions(max_in_flight=1, prices=Short())
    asyncio.run(run_judge(plain, [*sessions(10), long], around=around, options=options))
    done = shelf.run(shelf.manifests[-1], Lineage())
    assert [(failure.session, failure.status) for failure in done.failures] == [("z", "overflow")]
    assert "was not sent" in done.failures[0].detail
    assert len(engine.requests) == 10


def test_what_was_sent_lies_between_what_is_recorded_and_what_may_be() -> None:
    """A lost answer may have been charged; one that was turned away was not."""
    faults = iter(
        [EngineFault("timeout", "x"), EngineFault("rate_limit", "x"), EngineFault("server", "x", may_be_charged=False)]
    )

    def script(_: Request) -> Any:
        fault = next(faults, None)
        return fault or Reply(text=GOOD, model="m", prompt_tokens=10, completion_tokens=100)

    done, engine, _ = run(script, 3, max_in_flight=1, prices=TokenPrices())
    spent = done.manifest.spending
    assert spent is not None
    assert (spent.n_sent, spent.n_answered, spent.n_rejected, spent.n_possible) == (len(engine.requests), 3, 2, 1)
    assert spent.cost_usd == pytest.approx(0.3)
    assert spent.possible_usd == pytest.approx(1.024)


def test_an_answer_that_does_not_tell_its_tokens_may_have_cost_its_estimate() -> None:
    """What it cost is unknown, and counts at its most wherever a cap is shared out."""
    spent = Spent()
    for _ in range(3):
        spent.add("sent", 0.5)
    spent.add("answered", 0.5, 0.1)
    spent.add("answered", 0.5, None)
    spent.add("rejected", 0.5)
    found = spent.spending()
    assert (found.cost_usd, found.possible_usd, found.n_possible) == (None, 0.5, 0)


def test_replies_that_are_reused_are_not_asked_again() -> None:
    """Only what is sent because a reply could not be read is counted so, each once."""
    shelf, met = Shelf(), Counter[str]()

    def script(request: Request) -> Any:
        met[request.key] += 1
        if met[request.key] == 1:
            return EngineFault("server", "x")
        return "gibberish" if len(request.messages) == 1 else GOOD

    first, _, _ = run(script, 4, shelf=shelf)
    assert (first.manifest.n_requests, first.manifest.n_asked_again) == (16, 4)
    again, _, _ = run(script, 4, shelf=shelf)
    assert (again.manifest.n_requests, again.manifest.n_asked_again) == (0, 0)
