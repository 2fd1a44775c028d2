"""The loop: N workers over one iterator of inquiries, each reply kept before its slot is free.

A request that must wait for its next try goes to a heap and holds no worker. Not here: what is asked and how
replies are read (`inquiry`), the numbers behind waiting and the cap (`retry`, `pace`, `budget`).
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from judgekit.errors import EngineUnavailable, JudgekitError
from judgekit.judging.ports import Clock, Engine, EngineFault, Reply, Request, Store
from judgekit.judging.runner.budget import Budget, Guess
from judgekit.judging.runner.inquiry import STATUS_OF_FAULT, Inquiry, call_id
from judgekit.judging.runner.landing import Landed
from judgekit.judging.runner.pace import Pace
from judgekit.judging.runner.progress import Listener, Progress, Ticker
from judgekit.judging.runner.retry import LONGEST_PAUSE_S, Attempt, Retries
from judgekit.judging.runner.sink import Sink
from judgekit.judging.runner.tally import Tally
from judgekit.records.verdict import Call, Failure

if TYPE_CHECKING:
    import numpy as np

    from judgekit.records.verdict import Verdict

N_IN_A_ROW = 64
"""Outcomes without a request after which others have their turn."""
GRACE_S = 5.0
"""How long requests in flight may still land after a stop, in seconds; what lands is kept."""
N_UNHEARD_TIMEOUTS = 20
"""Timeouts without a single answer in the whole run, after which the endpoint counts as dead."""
N_AHEAD = 32
"""Inquiries that are made and looked up in one go, which takes half the time of so many one by one."""
WAITING_PER_WORKER = 4
"""Requests waiting for another try, a worker, above which no new inquiry is begun."""
KEPT = "What was done is kept; the same command continues"


@dataclass(frozen=True, slots=True)
class Means:
    """What a run works with.

    Attributes:
        engine: Completes one request.
        store: Replies already paid for.
        sink: Where calls and outcomes are written as they come.
        clock: Time and waiting.
        rng: For the jitter of waits.
    """

    engine: Engine
    store: Store
    sink: Sink
    clock: Clock
    rng: np.random.Generator


class Loop:
    """One run of one engine over one iterator of inquiries."""

    def __init__(
        self,
        means: Means,
        budget: Budget,
        *,
        pace: Pace,
        retries: Retries | None = None,
        is_retrying_failures: bool = False,
        listener: Listener | None = None,
    ) -> None:
        """Take what the run works with; nothing starts before `run`.

        Args:
            means: Engine, store, sink, clock, randomness.
            budget: The cap.
            pace: Most requests in flight, and how fast they may follow each other.
            retries: How often faults are forgiven.
            is_retrying_failures: Whether what stored replies leave unread is asked anew.
            listener: Told how far the run is.
        """
        self.tally = Tally()
        self._means = means
        self._budget = budget
        self._retries = retries or Retries()
        self._listener = listener
        self._n_workers = pace.n_allowed
        self._is_retrying_failures = is_retrying_failures
        self._pace = pace
        self._ticker = Ticker(means.clock.monotonic())
        self._new: Iterator[Inquiry | Failure] = iter(())
        self._ahead: deque[Inquiry | Failure] = deque()
        self._found: dict[tuple[str, int], Call] = {}
        self._n_wanted = 0
        self._waiting: list[tuple[float, int, Attempt]] = []
        self._order = itertools.count()
        self._asking: dict[tuple[str, int], list[Attempt]] = {}
        self._landed = asyncio.Event()
        self._landing: list[Landed] = []
        self._kept: asyncio.Future[None] | None = None
        self._came_along: set[tuple[str, int]] = set()
        self._n_unasked = 0
        self._n_heard = 0
        self._stopped_by: JudgekitError | None = None
        self._is_stopping = False

    async def run(self, inquiries: Iterable[Inquiry | Failure], n_wanted: int) -> Tally:
        """Bring every inquiry to its outcome.

        Args:
            inquiries: Taken one by one as workers come free; a failure stands for a prompt that could not be made.
            n_wanted: How many there are, for the progress.

        Returns:
            The counts; they stand in `tally` too when the run is stopped.

        Raises:
            BudgetReached: The next request does not fit under the cap.
            EngineUnavailable: Key, quota, model or connection; what was done is kept.
        """
        self._new, self._n_wanted = iter(inquiries), n_wanted
        workers = [asyncio.create_task(self._work()) for _ in range(max(1, min(self._n_workers, n_wanted)))]
        try:
            done, _ = await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
            await self._let_land()
        except asyncio.CancelledError:
            await self._let_land()
            raise
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            self._tell(is_last=True)
        for worker in done:
            worker.result()
        if self._stopped_by is not None:
            raise self._stopped_by
        return self.tally

    async def _let_land(self) -> None:
        """Begin nothing new, and give what is in flight a moment to come back: it may be paid for."""
        self._is_stopping = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE_S):
                while self._asking:
                    await self._one_landing()

    async def _work(self) -> None:
        while (attempt := await self._next()) is not None:
            if isinstance(attempt, Failure):
                self._conclude((attempt,))
                await self._breathe()
            else:
                await self._advance(attempt)

    async def _next(self) -> Attempt | Failure | None:
        """Return what to do now: a try that is due, else something new; None when nothing is left."""
        clock = self._means.clock
        while not self._is_stopping:
            if len(self._asking) >= self._pace.n_allowed:
                await self._one_landing()
                continue
            now = clock.monotonic()
            if now < self._pace.opens_at:
                await clock.sleep(self._pace.opens_at - now)
                continue
            if self._waiting and self._waiting[0][0] <= now:
                return heapq.heappop(self._waiting)[2]
            if len(self._waiting) < WAITING_PER_WORKER * self._n_workers and (self._ahead or self._look_ahead()):
                new = self._ahead.popleft()
                return new if isinstance(new, Failure) else Attempt(new, is_looked_up=True)
            if not self._waiting:
                return None
            await clock.sleep(self._waiting[0][0] - now)
        return None

    def _look_ahead(self) -> bool:
        """Take the next few inquiries, and all that the store knows of them; False when none are left."""
        self._ahead.extend(itertools.islice(self._new, N_AHEAD))
        self._found = self._means.store.find_all([new.request for new in self._ahead if not isinstance(new, Failure)])
        return bool(self._ahead)

    async def _one_landing(self) -> None:
        self._landed.clear()
        await self._landed.wait()

    async def _breathe(self) -> None:
        """Give others their turn now and then: stored replies by the thousand must not keep an interrupt waiting."""
        self._n_unasked += 1
        if self._n_unasked % N_IN_A_ROW == 0:
            self._means.sink.flush()
            await asyncio.sleep(0)

    async def _advance(self, attempt: Attempt) -> None:
        """Bring an attempt one step further: from the store, by waiting for its twin, or by asking."""
        request = self._in_reach(attempt)
        stored = self._stored(attempt, request)
        if stored is not None and stored.engine == self._means.engine.name:
            self._hear_again(attempt, stored)
            await self._breathe()
            return
        key = (request.key, request.sample if request.n_samples == 1 else 0)
        if key in self._asking:
            self._asking[key].append(attempt)
            return
        await self._ask_within_budget(attempt, request, key)

    def _stored(self, attempt: Attempt, request: Request) -> Call | None:
        if attempt.is_anew:
            return None
        if attempt.is_looked_up:
            attempt.is_looked_up = False
            return self._found.get((request.key, request.sample))
        return self._means.store.find(request)

    def _in_reach(self, attempt: Attempt) -> Request:
        """Return what to ask: one sample at a time where the engine gives no more, or only this one is to be mended.

        Samples that come in one answer are paid one prompt for; those that follow wait for it as for a twin.
        """
        request = attempt.inquiry.request
        if request.n_samples == 1:
            return request
        is_possible = getattr(self._means.engine, "gives_several", False) and not attempt.is_anew
        return request if is_possible else replace(request, n_samples=1)

    async def _ask_within_budget(self, attempt: Attempt, request: Request, key: tuple[str, int]) -> None:
        guess = self._budget.guess(request)
        overflow = self._budget.surely_overflows(request, guess.n_bytes)
        if overflow is not None:
            self._conclude(attempt.inquiry.fail("overflow", overflow, None))
            return
        if not self._budget.has_room(guess):
            self._postpone(attempt, 0.0)
            if self._asking:
                await self._one_landing()
            else:
                self._stopped_by = self._budget.reached(guess)
                self._is_stopping = True
            return
        self._asking[key] = []
        self._budget.reserve(guess)
        try:
            await self._ask(attempt, request, guess)
        finally:
            self._budget.release(guess)
            for twin in self._asking.pop(key):
                self._postpone(twin, 0.0)
            self._landed.set()

    async def _ask(self, attempt: Attempt, request: Request, guess: Guess) -> None:
        self.tally.n_asked_again += attempt.inquiry.is_mending and not attempt.n_sent
        attempt.n_sent += 1
        self.tally.n_requests += 1
        sink, sent = self._means.sink, call_id(request)
        sink.add_send(sent, "sent", guess.usd)
        self._pace.note_sent(guess.n_tokens, now=self._means.clock.monotonic())
        try:
            reply = await self._means.engine.complete(request)
        except EngineFault as fault:
            if fault.may_be_charged:
                self._budget.presume_charged(guess)
            else:
                sink.add_send(sent, "rejected", guess.usd)
            self._stumble(attempt, fault)
            sink.flush()
            return
        await self._keep(Landed(attempt, request, guess, reply))

    def _note_answer(self, reply: Reply, n_tokens: int) -> None:
        now = self._means.clock.monotonic()
        n_read_and_written = (reply.prompt_tokens or 0) + (reply.completion_tokens or 0)
        self._pace.note_answer(n_read_and_written - n_tokens if n_read_and_written else 0, now=now)
        if reply.limits is not None:
            self._pace.note_limits(reply.limits, n_tokens, now=now)

    async def _keep(self, landed: Landed) -> None:
        """Keep a reply before its slot is free, in one commit with all that land in the same turn of the event loop."""
        if self._kept is None:
            loop = asyncio.get_running_loop()
            self._kept = loop.create_future()
            loop.call_soon(self._keep_all, self._kept)
        self._landing.append(landed)
        await self._kept

    def _keep_all(self, kept: asyncio.Future[None]) -> None:
        """Commit what landed before anything is made of it: from here on it is never paid for again."""
        landing, self._landing, self._kept = self._landing, [], None
        store, sink = self._means.store, self._means.sink
        try:
            answers = [self._calls_of(landed) for landed in landing]
            calls = list(itertools.chain.from_iterable(answers))
            store.commit(*calls)
            self._found.update(((call.request, call.sample), call) for call in calls)
            for landed, (call, *_) in zip(landing, answers, strict=True):
                sink.add_send(call_id(landed.request), "answered", landed.guess.usd, call.cost_usd)
                self._take(landed.attempt, call, landed.attempt.inquiry.hear(call))
            sink.flush()
        except Exception as error:  # noqa: BLE001  # the workers raise it
            if not kept.done():
                kept.set_exception(error)
        else:
            if not kept.done():
                kept.set_result(None)

    def _calls_of(self, landed: Landed) -> list[Call]:
        """Return the call that a reply makes, once its cost is counted, and those of the samples that came along."""
        request, reply = landed.request, landed.reply
        self._n_heard += 1
        self._note_answer(reply, landed.guess.n_tokens)
        cost_usd = reply.cost_usd if reply.cost_usd is not None else self._budget.cost_usd(request, reply)
        self._budget.settle(landed.guess, reply, cost_usd)
        self.tally.add_reply(reply, cost_usd)
        call = landed.call(self._means.engine.name, cost_usd, self._means.clock.now())
        further = [each for each in landed.further(call) if self._means.store.find(each.request) is None]
        self._came_along.update((each.request.key, each.request.sample) for each in further)
        return [call, *(each.call for each in further)]

    def _hear_again(self, attempt: Attempt, stored: Call) -> None:
        """Take a stored reply for an answer, unless what it leaves is to be asked anew."""
        call = stored.model_copy(update={"id": call_id(attempt.inquiry.request)})
        outcomes = attempt.inquiry.hear(call)
        if self._is_retrying_failures and outcomes and any(isinstance(outcome, Failure) for outcome in outcomes):
            attempt.inquiry.restart()
            attempt.start_over()
            attempt.is_anew = True
            self._postpone(attempt, 0.0)
            return
        self.tally.n_reused += (call.request, call.sample) not in self._came_along
        self._came_along.discard((call.request, call.sample))
        self._take(attempt, call, outcomes)

    def _take(self, attempt: Attempt, call: Call, outcomes: tuple[Verdict | Failure, ...] | None) -> None:
        """Write down a call and what it means; where it means nothing yet, more is asked."""
        self.tally.models.add(call.model)
        self._means.sink.add_call(call)
        if outcomes is not None:
            self._conclude(outcomes)
            return
        attempt.start_over()
        self._postpone(attempt, 0.0)

    def _stumble(self, attempt: Attempt, fault: EngineFault) -> None:
        """Try again later, give this request up, or stop the run."""
        self.tally.faults[fault.kind] += 1
        attempt.faults[fault.kind] += 1
        if fault.kind == "fatal":
            raise EngineUnavailable(fault.detail, hint=KEPT)
        if not fault.is_transient:
            self._n_heard += 1
            self._give_up(attempt, fault, fault.detail)
            return
        self._raise_if_gone(attempt, fault)
        if self._retries.is_spent(attempt, fault.kind):
            detail = f"{fault.detail} (after {attempt.n_sent} tries)"
            self._give_up(attempt, fault, detail)
            return
        pause_s = self._retries.pause_s(attempt, fault, self._means.rng)
        if pause_s > LONGEST_PAUSE_S:
            raise EngineUnavailable(f"{fault.detail}. It asks to wait {pause_s:.0f} s", hint=KEPT)
        if fault.limits is not None:
            self._pace.note_limits(fault.limits, 1, now=self._means.clock.monotonic())
        if fault.kind == "rate_limit":
            self._pace.note_rate_limit(now=self._means.clock.monotonic(), pause_s=pause_s)
        self._postpone(attempt, pause_s)

    def _give_up(self, attempt: Attempt, fault: EngineFault, detail: str) -> None:
        if fault.recorded is not None:
            self._conclude(attempt.inquiry.fail(fault.recorded.status, fault.recorded.detail, fault.recorded.at))
            return
        self._conclude(attempt.inquiry.fail(STATUS_OF_FAULT[fault.kind], detail, self._means.clock.now()))

    def _raise_if_gone(self, attempt: Attempt, fault: EngineFault) -> None:
        """Stop when nothing at all has answered since this request first found no connection."""
        if fault.kind not in ("connection", "timeout"):
            self._n_heard += 1
            return
        if fault.kind == "timeout" and self._n_heard == 0 and self.tally.faults["timeout"] >= N_UNHEARD_TIMEOUTS:
            raise EngineUnavailable(f"{fault.detail}; nothing has answered yet", hint=KEPT)
        if fault.kind == "connection" and attempt.n_heard_before is None:
            attempt.n_heard_before = self._n_heard
        n_tries = self._retries.n_tries if self._n_heard else self._retries.n_tries_unheard
        if attempt.n_heard_before == self._n_heard and attempt.faults["connection"] >= n_tries:
            raise EngineUnavailable(fault.detail, hint=f"Check that the endpoint is up. {KEPT}")

    def _postpone(self, attempt: Attempt, pause_s: float) -> None:
        due = self._means.clock.monotonic() + pause_s
        heapq.heappush(self._waiting, (due, next(self._order), attempt))

    def _conclude(self, outcomes: Iterable[Verdict | Failure]) -> None:
        for outcome in outcomes:
            self._means.sink.add_outcome(outcome)
            self.tally.add_outcome(outcome)
        self._tell()

    def _tell(self, *, is_last: bool = False) -> None:
        if self._listener is None:
            return
        now = self._means.clock.monotonic()
        if not (self._ticker.is_due(now) or is_last):
            return
        tally = self.tally
        rate = tally.n_done / self._ticker.elapsed_s(now)
        eta_s = (self._n_wanted - tally.n_done) / rate if rate > 0 else None
        self._listener(
            Progress(tally.n_done, tally.n_failures, self._n_wanted, rate, eta_s, tally.cost_usd, tally.n_reused)
        )
