"""Run one judge over sessions, turns or pairs: every target gets its verdict or its failure, and nothing is lost.

Judges that ask a model come through here. A judge that gives verdicts without requests needs none of this: no
engine, no store, no loop.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from judgekit.errors import IncompleteError, InputError, UnknownName
from judgekit.judging.ports import Clock, Engine, Prices, Store
from judgekit.judging.prompt import PairTarget
from judgekit.judging.runner.budget import Budget
from judgekit.judging.runner.interview import Target, Targets, interviews, n_tasks, seen_fingerprint
from judgekit.judging.runner.loop import Loop, Means
from judgekit.judging.runner.pace import Pace
from judgekit.judging.runner.progress import Listener
from judgekit.judging.runner.retry import Retries
from judgekit.judging.runner.sink import Sink
from judgekit.judging.runner.tally import Tally
from judgekit.records.judge import Judge
from judgekit.records.record import Record
from judgekit.records.run import RunManifest
from judgekit.records.session import Pair, Session
from judgekit.records.verdict import Failure, Verdict

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How to run.

    Attributes:
        max_in_flight: Most requests at once.
        rpm: Most requests a minute; None: as many as the server takes.
        tpm: Most tokens a minute, prompts and replies together.
        max_cost_usd: Dollars this run may spend; None: no cap. Replies reused from the store cost nothing.
        prices: What tokens cost; None: unknown.
        listener: Told how far the run is, at a fixed rate.
        retries: How often faults are forgiven.
        is_retrying_failures: Whether what stored replies leave unread is asked anew.
        shard: `i/n` where the targets are one part of a run's.
    """

    max_in_flight: int = 16
    rpm: float | None = None
    tpm: float | None = None
    max_cost_usd: float | None = None
    prices: Prices | None = None
    listener: Listener | None = None
    retries: Retries = field(default_factory=Retries)
    is_retrying_failures: bool = False
    shard: str | None = None


class RunSink(Sink, Protocol):
    """Where a run is written as it goes: a run folder, or memory."""

    def write_manifest(self, manifest: RunManifest) -> None:
        """Replace what is known of the whole run."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a run works with: made at the doors.

    Attributes:
        engine: Completes one request; it is not closed here.
        store: Replies already paid for: what it holds is not asked again.
        sink: Written as replies come.
        clock: Time and waiting.
        rng: For the jitter of waits; it decides nothing else.
    """

    engine: Engine
    store: Store
    sink: RunSink
    clock: Clock
    rng: np.random.Generator


async def run_judge(
    judge: Judge, targets: Targets, *, around: Surroundings, options: RunOptions | None = None
) -> RunManifest:
    """Ask a judge about every target; outcomes and calls are in the sink, sorted by target when all is done.

    Args:
        judge: A prompt judge.
        targets: Sessions (for judges of sessions and turns), or pairs with their sessions; taken one by one, so that
            they need not all be in memory.
        around: Engine, store, sink, clock, randomness.
        options: Limits, prices, listener.

    Returns:
        What `run.json` holds.

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
    seen = Contents()
    wanted = interviews(judge, seen.noted(targets), around.clock)
    sink, clock = around.sink, around.clock
    loop = Loop(
        Means(around.engine, around.store, sink, clock, around.rng),
        budget,
        pace=Pace(options.max_in_flight, rpm=options.rpm, tpm=options.tpm),
        retries=options.retries,
        is_retrying_failures=options.is_retrying_failures,
        listener=options.listener,
    )
    manifest = _first_manifest(judge, targets, around.engine.name, clock).model_copy(update={"shard": options.shard})
    started_s = clock.monotonic()
    sink.write_manifest(manifest)
    sink.begin()
    ended: dict[str, object] = {"state": "stopped"}
    try:
        await loop.run(wanted, manifest.n_expected)
        sink.finish()
        ended = {"state": "complete", "sessions": seen.fingerprint()}
    finally:
        ended |= {"ended_at": clock.now(), "wall_s": clock.monotonic() - started_s, "spending": sink.spending()}
        manifest = manifest.model_copy(update=ended | _counts(loop.tally))
        sink.write_manifest(manifest)
    return manifest


def keep_outcomes(
    judge: Judge, targets: Targets, outcomes: Iterable[Verdict | Failure], *, sink: RunSink, clock: Clock
) -> RunManifest:
    """Record as a run what a judge said without requests, as a student does; its engine is the judge's kind."""
    seen = Contents()
    for _ in seen.noted(targets):
        pass
    manifest = _first_manifest(judge, targets, judge.kind, clock)
    sink.write_manifest(manifest)
    sink.begin()
    tally = Tally()
    for outcome in outcomes:
        sink.add_outcome(outcome)
        tally.add_outcome(outcome)
    sink.finish()
    ended = {"state": "complete", "ended_at": clock.now(), "sessions": seen.fingerprint()}
    manifest = manifest.model_copy(update=ended | _counts(tally))
    sink.write_manifest(manifest)
    return manifest


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
    folder: str | None = None
    """Where the run lies."""
    notes: tuple[str, ...] = ()
    """What a reader must know of it, in words."""


def require_verdicts(manifest: RunManifest) -> None:
    """Check that a run brought at least one answer.

    Raises:
        IncompleteError: Every outcome is a failure.
    """
    if manifest.n_failures and not manifest.n_verdicts:
        causes = ", ".join(f"{cause} {n}" for cause, n in manifest.failures.items())
        raise IncompleteError(
            f"none of {manifest.n_failures} targets got a verdict ({causes}); the first: {manifest.first_failure}",
            where=manifest.judge,
            hint="Mend the cause and run the same command again",
        )


class Contents:
    """Fingerprints what was judged as it goes by, whatever its order: the sum of the members' digests."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._sum = 0

    def noted(self, targets: Iterable[Target]) -> Iterator[Target]:
        """Yield the targets, and take note of them."""
        for target in targets:
            name = target.pair.id if isinstance(target, PairTarget) else target.id
            digest = hashlib.sha256(f"{name}\n{seen_fingerprint(target)}".encode("utf-8", "replace")).digest()
            self._sum = (self._sum + int.from_bytes(digest)) % (1 << 256)
            yield target

    def fingerprint(self) -> str:
        """Return the fingerprint of all that went by."""
        return f"sha256:{self._sum:064x}"


def _first_manifest(judge: Judge, targets: Targets, engine: str, clock: Clock) -> RunManifest:
    return RunManifest(
        judge=judge.name,
        criterion=judge.criterion.id,
        judge_fingerprint=judge.judge_fingerprint,
        request_fingerprint=judge.request_fingerprint,
        engine=engine,
        model=judge.model,
        parameters=judge.parameters.model_dump(mode="json", exclude_none=True) if judge.kind == "prompt" else {},
        n_targets=len(targets),
        n_expected=n_tasks(judge, targets),
        state="running",
        started_at=clock.now(),
    )


def _counts(tally: Tally) -> dict[str, object]:
    by_cause = sorted(tally.failures.items(), key=lambda item: (-item[1], item[0]))
    return {
        "n_verdicts": tally.n_verdicts,
        "n_failures": tally.n_failures,
        "failures": dict(by_cause),
        "first_failure": tally.first_failure,
        "models": tuple(sorted(tally.models)),
        "n_requests": tally.n_requests,
        "n_reused": tally.n_reused,
        "n_asked_again": tally.n_asked_again,
        "prompt_tokens": tally.prompt_tokens,
        "completion_tokens": tally.completion_tokens,
        "cost_usd": tally.cost_usd,
        "latency": tally.latencies.summary(),
    }


def _of(by_id: dict[str, Session], session: str, pair: Pair) -> Session:
    if session not in by_id:
        raise UnknownName("session", session, by_id, where=f"pair {pair.id}")
    return by_id[session]
