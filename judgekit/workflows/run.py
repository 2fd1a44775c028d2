"""Run one judge over sessions, turns or pairs: every target gets its verdict or its failure, and nothing is lost.

Judges that ask a model come through here. A judge that gives verdicts without requests needs none of this: no
engine, no store, no loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from pydantic import Field

from judgekit.errors import IncompleteError, InputError, UnknownName
from judgekit.judging.ports import Clock, Engine, Prices, Store
from judgekit.judging.prompt import PairTarget
from judgekit.judging.runner.budget import Budget
from judgekit.judging.runner.interview import Target, interviews, n_tasks, seen_fingerprint
from judgekit.judging.runner.loop import Loop, Means
from judgekit.judging.runner.progress import Listener
from judgekit.judging.runner.retry import Retries
from judgekit.records.judge import Judge, Lineage
from judgekit.records.record import Record, fingerprint
from judgekit.records.run import Run, RunManifest
from judgekit.records.session import Pair, Session
from judgekit.records.verdict import Call, Failure, Verdict

if TYPE_CHECKING:
    import numpy as np

    from judgekit.judging.runner.tally import Tally


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How to run.

    Attributes:
        max_in_flight: Most requests at once.
        max_cost_usd: Dollars this run may spend; None: no cap. Replies reused from the store cost nothing.
        prices: What tokens cost; None: unknown.
        listener: Told how far the run is, at a fixed rate.
        retries: How often faults are forgiven.
    """

    max_in_flight: int = 16
    max_cost_usd: float | None = None
    prices: Prices | None = None
    listener: Listener | None = None
    retries: Retries = field(default_factory=Retries)


class RunSink(Protocol):
    """Where a run is written as it goes: a run folder, or memory."""

    def write_manifest(self, manifest: RunManifest) -> None:
        """Replace what is known of the whole run."""

    def add_call(self, call: Call) -> None:
        """Append one answered request."""

    def add_outcome(self, outcome: Verdict | Failure) -> None:
        """Append one verdict or failure."""

    def finish(self, outcomes: Iterable[Verdict | Failure], calls: Iterable[Call] | None = None) -> None:
        """Replace outcomes and calls by these, sorted."""


async def run_judge(
    judge: Judge,
    targets: Sequence[Target],
    *,
    engine: Engine,
    store: Store,
    sink: RunSink,
    clock: Clock,
    rng: np.random.Generator,
    options: RunOptions | None = None,
) -> Run:
    """Ask a judge about every target and return the run, outcomes sorted by target.

    Args:
        judge: A prompt judge.
        targets: Sessions (for judges of sessions and turns), or pairs with their sessions.
        engine: Completes one request; it is not closed here.
        store: Replies already paid for: what it holds is not asked again.
        sink: Written as replies come.
        clock: Time and waiting.
        rng: For the jitter of waits; it decides nothing else.
        options: Limits, prices, listener.

    Raises:
        InputError: The judge asks no model, or the cap cannot be kept; no request was sent.
        BudgetReached: The cap is met; what was done is kept.
        EngineUnavailable: Key, model, quota or connection; what was done is kept.
    """
    if judge.kind != "prompt":
        raise InputError(
            f"a {judge.kind} judge asks no model",
            where=judge.name,
            hint="It gives verdicts without an engine: `judgekit run` does it",
        )
    options = options or RunOptions()
    budget = Budget(options.max_cost_usd, options.prices)
    budget.check(judge.model or "")
    wanted = interviews(judge, targets, clock)
    memory = _Memory(sink)
    loop = Loop(
        Means(engine, store, memory, clock, rng),
        budget,
        n_workers=options.max_in_flight,
        retries=options.retries,
        listener=options.listener,
    )
    manifest = _first_manifest(judge, targets, engine.name, clock)
    started_s = clock.monotonic()
    sink.write_manifest(manifest)
    sink.finish((), ())  # outcomes of an earlier, interrupted run are made again from the stored replies
    is_complete = False
    try:
        await loop.run(wanted, manifest.n_expected)
        is_complete = True
    finally:
        state = "complete" if is_complete else "stopped"
        ended = {"state": state, "ended_at": clock.now(), "wall_s": clock.monotonic() - started_s}
        manifest = manifest.model_copy(update=ended | _counts(loop.tally))
        sink.finish(memory.outcomes, memory.calls)
        sink.write_manifest(manifest)
    return memory.run(manifest, judge.lineage)


def keep_outcomes(
    judge: Judge, targets: Sequence[Target], outcomes: Sequence[Verdict | Failure], *, sink: RunSink, clock: Clock
) -> Run:
    """Record as a run what a judge said without requests, as a student does; its engine is the judge's kind."""
    manifest = _first_manifest(judge, targets, judge.kind, clock)
    n_failures = sum(isinstance(outcome, Failure) for outcome in outcomes)
    n_verdicts = len(outcomes) - n_failures
    ended = {"state": "complete", "ended_at": clock.now(), "n_verdicts": n_verdicts, "n_failures": n_failures}
    manifest = manifest.model_copy(update={**ended, "cost_usd": 0.0})
    sink.finish(outcomes, ())
    sink.write_manifest(manifest)
    return Run.model_construct(manifest=manifest, outcomes=tuple(outcomes), calls=(), lineage=judge.lineage)


def targets_of(
    judge: Judge, sessions: Sequence[Session], pairs: Sequence[Pair] = (), *, limit: int | None = None
) -> list[Target]:
    """Return what a judge is to be asked about: the sessions, or for a judge of pairs the pairs with theirs.

    Raises:
        InputError: There is nothing of the judge's kind.
        UnknownName: A pair names a session that is not there.
    """
    found: list[Target]
    if judge.target == "pair":
        by_id = {session.id: session for session in sessions}
        found = [PairTarget(pair, _of(by_id, pair.first, pair), _of(by_id, pair.second, pair)) for pair in pairs]
    else:
        found = list(sessions)
    if not found:
        kind = "pairs" if judge.target == "pair" else "sessions"
        raise InputError(f"no {kind} to judge", where=judge.name, hint=f"This judge is asked about a {judge.target}")
    return found if limit is None else found[:limit]


class RunSummary(Record):
    """What a run came to, for people and for `--json`."""

    manifest: RunManifest
    failures: dict[str, int] = Field(default_factory=dict)
    """Cause -> outcomes without an answer, the most frequent first."""
    models: tuple[str, ...] = ()
    """The models that the replies name."""
    n_asked_again: int = 0
    """Calls of replies that could not be read and were asked again."""
    latency_p50_s: float | None = None
    """Median seconds a reply; None when no reply was timed."""
    latency_p95_s: float | None = None
    first_failure: str | None = None
    """The first failure, in words, where there is one."""
    folder: str | None = None
    """Where the run lies."""


def summarise(run: Run, *, folder: str | None = None) -> RunSummary:
    """Return a run's summary."""
    causes: dict[str, int] = {}
    for failure in run.failures:
        causes[failure.status] = causes.get(failure.status, 0) + 1
    latencies_s = sorted(call.latency_s for call in run.calls if call.latency_s is not None)
    concluding = {outcome.call for outcome in run.outcomes}
    first = run.failures[0] if run.failures else None
    return RunSummary(
        manifest=run.manifest,
        failures=dict(sorted(causes.items(), key=lambda item: (-item[1], item[0]))),
        models=tuple(sorted({call.model for call in run.calls})),
        n_asked_again=sum(call.id not in concluding for call in run.calls),
        latency_p50_s=_quantile(latencies_s, 0.5),
        latency_p95_s=_quantile(latencies_s, 0.95),
        first_failure=f"{first.target}: {first.detail}" if first else None,
        folder=folder,
    )


def require_verdicts(run: Run) -> None:
    """Check that a run brought at least one answer.

    Raises:
        IncompleteError: Every outcome is a failure.
    """
    if run.outcomes and not run.verdicts:
        first = run.failures[0]
        raise IncompleteError(
            f"none of {len(run.outcomes)} targets got a verdict; the first: {first.status}, {first.detail}",
            where=f"{run.manifest.judge}: {first.target}",
            hint="Mend the cause and run the same command again",
        )


class _Memory:
    """Passes on to a sink, and keeps a copy for the run that is returned."""

    def __init__(self, sink: RunSink) -> None:
        self._sink = sink
        self.calls: list[Call] = []
        self.outcomes: list[Verdict | Failure] = []

    def add_call(self, call: Call) -> None:
        self._sink.add_call(call)
        self.calls.append(call)

    def add_outcome(self, outcome: Verdict | Failure) -> None:
        self._sink.add_outcome(outcome)
        self.outcomes.append(outcome)

    def run(self, manifest: RunManifest, lineage: Lineage) -> Run:
        outcomes = sorted(self.outcomes, key=lambda o: (o.target, o.turn or "", o.order or "", o.sample))
        return Run.model_construct(
            manifest=manifest, outcomes=tuple(outcomes), calls=tuple(self.calls), lineage=lineage
        )


def _first_manifest(judge: Judge, targets: Sequence[Target], engine: str, clock: Clock) -> RunManifest:
    return RunManifest(
        judge=judge.name,
        criterion=judge.criterion.id,
        judge_fingerprint=judge.judge_fingerprint,
        request_fingerprint=judge.request_fingerprint,
        engine=engine,
        model=judge.model,
        sessions=_content(targets),
        n_targets=len(targets),
        n_expected=n_tasks(judge, targets),
        state="running",
        started_at=clock.now(),
    )


def _counts(tally: Tally) -> dict[str, object]:
    return {
        "n_verdicts": tally.n_verdicts,
        "n_failures": tally.n_failures,
        "n_requests": tally.n_requests,
        "n_reused": tally.n_reused,
        "prompt_tokens": tally.prompt_tokens,
        "completion_tokens": tally.completion_tokens,
        "cost_usd": tally.cost_usd,
    }


def _content(targets: Iterable[Target]) -> str:
    return fingerprint(sorted([t.pair.id if isinstance(t, PairTarget) else t.id, seen_fingerprint(t)] for t in targets))


def _of(by_id: dict[str, Session], session: str, pair: Pair) -> Session:
    if session not in by_id:
        raise UnknownName("session", session, by_id, where=f"pair {pair.id}")
    return by_id[session]


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None
