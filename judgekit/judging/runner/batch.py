"""The other loop, for providers' batch interfaces: half the price, hours of patience.

Requests are collected into waves, each wave is one batch at the provider, and what comes back is kept, read and, where
it could not be read, asked again in the next wave. What was submitted is written down before and after, so that a
killed run finds its batches again. Not here: how a provider is spoken to (`adapters/engines`).
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from judgekit.errors import EngineUnavailable, InputError
from judgekit.judging.ports import Clock, EngineFault, Reply, Request, Store
from judgekit.judging.runner.inquiry import STATUS_OF_FAULT, Inquiry, call_id
from judgekit.judging.runner.landing import Kept, call_of
from judgekit.judging.runner.progress import Listener, Progress
from judgekit.judging.runner.tally import Tally
from judgekit.judging.runner.wave import Asked, Wave
from judgekit.records.run import Submission
from judgekit.records.verdict import Call, Failure, Verdict

if TYPE_CHECKING:
    from judgekit.judging.runner.budget import Budget, Guess
    from judgekit.judging.runner.sink import Sink

R = TypeVar("R")
PRICE = 0.5
"""What a call in a batch costs of its ordinary price, at the providers that have batches."""
MAX_OPEN = 4
"""Batches at the provider at once; prompts of more would only fill the memory."""
N_TRIES = 3
"""Submissions of one request that the provider brought no answer to."""
N_ASKED = 5
"""Tries to find a batch, or to fetch its answers, before the run stops; they stay where they are."""
KEPT = "What was done is kept; the same command continues"


class Log(Protocol):
    """Where submissions are written down, each line for good before the next step."""

    def add(self, line: Submission) -> None:
        """Append one line, synced."""

    def lines(self) -> Sequence[Submission]:
        """Return all lines of the run so far."""


@dataclass(frozen=True, slots=True)
class Batch:
    """How far a batch is.

    Attributes:
        id: The provider's.
        is_over: Whether nothing more will come of it.
        n_done: Requests answered or given up.
        n_total: Requests in it; 0 while the provider has not counted.
        fault: Why the provider would not even begin; None where it did.
    """

    id: str
    is_over: bool
    n_done: int = 0
    n_total: int = 0
    fault: str | None = None


class BatchEngine(Protocol):
    """Speaks to one provider's batch interface."""

    @property
    def name(self) -> str:
        """What it is called in every row: the name of the engine whose requests these are."""

    def line(self, request: Request, mark: str) -> bytes:
        """Return one request as the batch's file has it, under a mark that comes back with its answer."""

    async def submit(self, lines: Iterable[bytes], label: str) -> str:
        """Hand a batch in and return the provider's id.

        Raises:
            EngineFault: It was not taken.
        """

    async def find(self, label: str) -> str | None:
        """Return the id of the batch that was handed in under a label; None where there is none."""

    async def look(self, batch: str) -> Batch:
        """Return how far a batch is."""

    async def results(self, batch: str) -> Sequence[tuple[str, Reply | EngineFault]]:
        """Return the answers of a batch that is over, by mark."""

    async def close(self) -> None:
        """Let go of connections."""


@dataclass(frozen=True, slots=True)
class BatchMeans:
    """What a batch run works with; `poll_s` is how often the provider is asked how far it is."""

    engine: BatchEngine
    store: Store
    sink: Sink
    clock: Clock
    log: Log
    poll_s: float = 30.0


class BatchLoop:
    """One run through a provider's batches."""

    def __init__(
        self, means: BatchMeans, budget: Budget, *, run: str, model: str, listener: Listener | None = None
    ) -> None:
        """Take what the run works with.

        Args:
            means: Engine, store, sink, clock and the record of submissions.
            budget: The cap.
            run: A name for the run that its batches' labels begin with.
            model: The model asked for, whose price the replies have.
            listener: Told how far the run is.
        """
        self.tally = Tally()
        self._means = means
        self._budget = budget
        self._run = run
        self._model = model
        self._listener = listener
        self._n_wanted = 0
        self._started_s = means.clock.monotonic()
        self._again: list[Asked] = []
        self._open: dict[str, tuple[str, Wave]] = {}
        self._labels = itertools.count(sum(line.state == "submitting" for line in means.log.lines()) + 1)
        self._is_out_of_money: Guess | None = None

    async def run(self, inquiries: Iterable[Inquiry | Failure], n_wanted: int) -> Tally:
        """Bring every inquiry to its outcome.

        Raises:
            BudgetReached: No further request fits under the cap.
            EngineUnavailable: The provider takes no batch; what was done is kept.
        """
        self._n_wanted = n_wanted
        await self._fetch_earlier()
        coming = iter(inquiries)
        wave = Wave()
        while True:
            self._fill(wave, coming)
            if wave.asked and (wave.is_full or not self._open) and len(self._open) < MAX_OPEN:
                await self._submit(wave)
                wave = Wave()
                continue
            if not self._open:
                break
            await self._await_one()
            self._is_out_of_money = None  # what landed cost less than it was counted at, mostly
        if self._is_out_of_money is not None:
            raise self._budget.reached(self._is_out_of_money)
        return self.tally

    async def _fetch_earlier(self) -> None:
        """Put what an interrupted command submitted into the store, as if it had been heard in time."""
        for label, lines in _by_label(self._means.log.lines()).items():
            if lines[-1].state == "merged":
                continue
            batch = lines[-1].batch or await self._asked(self._means.engine.find, label)
            if batch is not None:
                await self._until_over(batch)
                await self._fetch(lines[0], batch)
            else:
                self._means.log.add(Submission(label=label, state="merged"))

    async def _fetch(self, submitted: Submission, batch: str) -> None:
        """Keep a batch's replies; only once it is merged for good are its sends closed, each one time."""
        calls: dict[str, Call] = {}
        for mark, answer in await self._results(batch):
            if isinstance(answer, Reply) and mark in submitted.marks:
                key, sample = submitted.marks[mark]
                request = Request(key=key, model=self._model, messages=(), sample=sample)
                calls[mark] = self._call(request, answer, n_tries=1)
        self._means.store.commit(*calls.values())
        self._means.log.add(Submission(label=submitted.label, state="merged", batch=batch))
        for mark in calls.keys() & submitted.estimates_usd.keys():
            self._means.sink.add_send(mark, "answered", submitted.estimates_usd[mark], calls[mark].cost_usd)
        self._means.sink.flush()

    def _fill(self, wave: Wave, coming: Iterator[Inquiry | Failure]) -> None:
        while self._again and not wave.is_full and self._has_room(self._again[-1].guess):
            self._put(wave, self._again.pop())
        while not wave.is_full and not self._is_out_of_money:
            new = next(coming, None)
            if new is None:
                return
            if isinstance(new, Failure):
                self._conclude((new,))
            elif self._needs_asking(new):
                self._want(wave, new)

    def _needs_asking(self, inquiry: Inquiry) -> bool:
        """Hear what the store has for an inquiry; whether it is not concluded by that."""
        while (stored := self._means.store.find(inquiry.request)) is not None:
            if stored.engine != self._means.engine.name:
                return True
            self.tally.n_reused += 1
            call = stored.model_copy(update={"id": call_id(inquiry.request)})
            self._means.sink.add_call(call)
            outcomes = inquiry.hear(call)
            if outcomes is not None:
                self._conclude(outcomes)
                return False
        return True

    def _want(self, wave: Wave, inquiry: Inquiry) -> None:
        request = inquiry.request
        twin = self._twin(wave, call_id(request))
        if twin is not None:
            twin.waiting.append(inquiry)
            return
        guess = self._budget.guess(replace(request, n_samples=1))
        overflow = self._budget.surely_overflows(request, guess.n_bytes)
        if overflow is not None:
            self._conclude(inquiry.fail("overflow", overflow, None))
            return
        asked = Asked(request, replace(guess, usd=None if guess.usd is None else guess.usd * PRICE), [inquiry])
        if self._has_room(asked.guess):
            self._put(wave, asked)
        else:
            self._again.append(asked)

    def _twin(self, wave: Wave, mark: str) -> Asked | None:
        """Return the same request where it is in this wave, or in a batch that is under way."""
        waves = (wave, *(each for _, each in self._open.values()))
        return next((each.asked[mark] for each in waves if mark in each.asked), None)

    def _has_room(self, guess: Guess) -> bool:
        if self._budget.has_room(guess):
            return True
        self._is_out_of_money = guess
        return False

    def _put(self, wave: Wave, asked: Asked) -> None:
        mark = call_id(asked.request)
        if mark in wave.asked:
            wave.asked[mark].waiting.extend(asked.waiting)
            return
        self._budget.reserve(asked.guess)
        line = self._means.engine.line(asked.request, mark)
        wave.asked[mark] = asked
        wave.lines.append(line)
        wave.n_bytes += len(line)

    async def _submit(self, wave: Wave) -> None:
        label = f"{self._run}-{next(self._labels)}"
        marks = {mark: (asked.request.key, asked.request.sample) for mark, asked in wave.asked.items()}
        most = {mark: asked.guess.usd for mark, asked in wave.asked.items() if asked.guess.usd is not None}
        self._means.log.add(Submission(label=label, state="submitting", marks=marks, estimates_usd=most))
        for mark, asked in wave.asked.items():
            asked.n_tries += 1
            self.tally.n_requests += 1
            self._means.sink.add_send(mark, "sent", asked.guess.usd)
        self._means.sink.flush()
        try:
            batch = await self._means.engine.submit(wave.lines, label)
        except EngineFault as fault:
            if not fault.may_be_charged:  # else it may be under way: the next command looks for it
                for mark, asked in wave.asked.items():
                    self._means.sink.add_send(mark, "rejected", asked.guess.usd)
                self._means.sink.flush()
                self._means.log.add(Submission(label=label, state="merged"))
            raise EngineUnavailable(fault.detail, hint=KEPT) from fault
        wave.lines.clear()
        self._means.log.add(Submission(label=label, state="submitted", batch=batch))
        self._open[label] = (batch, wave)

    async def _await_one(self) -> None:
        """Wait until a batch is over, and take its answers."""
        while True:
            for label, (batch, wave) in list(self._open.items()):
                found = await self._look(batch)
                if found.is_over:
                    del self._open[label]
                    await self._take_all(label, found, wave)
                    return
            self._tell()
            await self._means.clock.sleep(self._means.poll_s)

    async def _until_over(self, batch: str) -> None:
        while not (await self._look(batch)).is_over:
            self._tell()
            await self._means.clock.sleep(self._means.poll_s)

    async def _look(self, batch: str) -> Batch:
        """Ask how far a batch is, however long the provider cannot be reached: the batch does not mind."""
        while True:
            try:
                return await self._means.engine.look(batch)
            except EngineFault as fault:
                if not fault.is_transient:
                    raise EngineUnavailable(fault.detail, hint=KEPT) from fault
                self.tally.faults[fault.kind] += 1
                await self._means.clock.sleep(max(self._means.poll_s, fault.retry_after_s or 0.0))

    async def _results(self, batch: str) -> Sequence[tuple[str, Reply | EngineFault]]:
        return await self._asked(self._means.engine.results, batch)

    async def _asked(self, ask: Callable[[str], Awaitable[R]], name: str) -> R:
        """Ask the provider for something by its name, a few times: what it holds stays there for the next command.

        Raises:
            EngineUnavailable: It would not say.
        """
        n_asked = 0
        while True:
            try:
                return await ask(name)
            except EngineFault as fault:
                n_asked += 1
                if not fault.is_transient or n_asked >= N_ASKED:
                    raise EngineUnavailable(f"{fault.detail}; the batch {name} is kept", hint=KEPT) from fault
                self.tally.faults[fault.kind] += 1
                await self._means.clock.sleep(max(self._means.poll_s, fault.retry_after_s or 0.0))

    async def _take_all(self, label: str, batch: Batch, wave: Wave) -> None:
        answers = dict(await self._results(batch.id))
        if batch.fault is not None and not answers:
            for mark, asked in wave.asked.items():
                self._means.sink.add_send(mark, "rejected", asked.guess.usd)
            self._means.sink.flush()
            self._means.log.add(Submission(label=label, state="merged", batch=batch.id))
            raise InputError(f"the provider refused the batch: {batch.fault}", hint="Run without --batch")
        self._keep(wave, answers)
        self._means.log.add(Submission(label=label, state="merged", batch=batch.id))

    def _keep(self, wave: Wave, answers: Mapping[str, Reply | EngineFault]) -> None:
        """Commit all replies at once, then read them."""
        calls: dict[str, Call] = {}
        for mark, asked in wave.asked.items():
            self._budget.release(asked.guess)
            answer = answers.get(mark)
            if isinstance(answer, Reply):
                calls[mark] = self._call(asked.request, answer, n_tries=asked.n_tries)
                self._budget.settle(asked.guess, answer, calls[mark].cost_usd)
                self.tally.add_reply(answer, calls[mark].cost_usd)
        self._means.store.commit(*calls.values())
        missing = EngineFault("server", "the batch ended without an answer to this request")
        for mark, asked in wave.asked.items():
            if mark in calls:
                self._means.sink.add_send(mark, "answered", asked.guess.usd, calls[mark].cost_usd)
                self._hear(asked, calls[mark])
            else:
                answer = answers.get(mark, missing)
                fault = answer if isinstance(answer, EngineFault) else missing
                if fault.may_be_charged:
                    self._budget.presume_charged(asked.guess)
                else:
                    self._means.sink.add_send(mark, "rejected", asked.guess.usd)
                self._stumble(asked, fault)
        self._means.sink.flush()

    def _hear(self, asked: Asked, call: Call) -> None:
        self.tally.models.add(call.model)
        self._means.sink.add_call(call)
        for inquiry in asked.waiting:
            outcomes = inquiry.hear(call)
            if outcomes is not None:
                self._conclude(outcomes)
            elif self._needs_asking(inquiry):
                self.tally.n_asked_again += inquiry.is_mending
                guess = self._budget.guess(replace(inquiry.request, n_samples=1))
                usd = None if guess.usd is None else guess.usd * PRICE
                self._again.append(Asked(inquiry.request, replace(guess, usd=usd), [inquiry]))

    def _stumble(self, asked: Asked, fault: EngineFault) -> None:
        self.tally.faults[fault.kind] += 1
        if fault.kind == "fatal":
            raise EngineUnavailable(fault.detail, hint=KEPT)
        if fault.is_transient and asked.n_tries < N_TRIES:
            self._again.append(asked)
            return
        for inquiry in asked.waiting:
            self._conclude(inquiry.fail(STATUS_OF_FAULT[fault.kind], fault.detail, self._means.clock.now()))

    def _call(self, request: Request, reply: Reply, *, n_tries: int) -> Call:
        full_usd = reply.cost_usd if reply.cost_usd is not None else self._budget.cost_usd(request, reply)
        cost_usd = None if full_usd is None else full_usd * PRICE
        return call_of(request, reply, Kept(self._means.engine.name, n_tries, cost_usd, self._means.clock.now()))

    def _conclude(self, outcomes: Iterable[Verdict | Failure]) -> None:
        for outcome in outcomes:
            self._means.sink.add_outcome(outcome)
            self.tally.add_outcome(outcome)

    def _tell(self) -> None:
        if self._listener is not None:
            tally = self.tally
            elapsed_s = max(self._means.clock.monotonic() - self._started_s, 1e-9)
            rate = tally.n_done / elapsed_s
            self._listener(
                Progress(tally.n_done, tally.n_failures, self._n_wanted, rate, None, tally.cost_usd, tally.n_reused)
            )


def _by_label(lines: Sequence[Submission]) -> dict[str, list[Submission]]:
    found: dict[str, list[Submission]] = {}
    for line in lines:
        found.setdefault(line.label, []).append(line)
    return found
