"""Run one judge over sessions, turns or pairs: every target gets its verdict or its failure, and nothing is lost.

Judges that ask a model come through here. A judge that gives verdicts without requests needs none of this: no
engine, no store, no loop.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Protocol

from judgekit.errors import IncompleteError, InputError, UnknownName
from judgekit.judging.calibration import calibrated_outcomes, length_of, require_fitting
from judgekit.judging.model_name import is_floating, is_same_model
from judgekit.judging.ports import Clock, Engine, Prices, Store
from judgekit.judging.prompt import PairTarget, Prompter, reference_of
from judgekit.judging.runner.batch import BatchEngine, BatchLoop, BatchMeans, Log
from judgekit.judging.runner.budget import Budget
from judgekit.judging.runner.interview import Interview, Target, Targets, interviews, n_tasks, seen_fingerprint
from judgekit.judging.runner.loop import Loop, Means
from judgekit.judging.runner.pace import Pace
from judgekit.judging.runner.progress import Listener
from judgekit.judging.runner.repeats import Repeats
from judgekit.judging.runner.retry import Retries
from judgekit.judging.runner.sink import Sink
from judgekit.judging.runner.tally import Tally
from judgekit.records.judge import Judge
from judgekit.records.record import Record
from judgekit.records.run import PanelWorth, RunManifest, SampleSpread
from judgekit.records.session import Pair, Session
from judgekit.records.verdict import Failure, Verdict
from judgekit.workflows.shard import Part

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
        fresh_since: Replies from before do not count, which the store sees to; None: all stored ones do.
        beside: Other judges' verdicts on the same targets, by name, for a calibration that reads them.
    """

    max_in_flight: int = 16
    rpm: float | None = None
    tpm: float | None = None
    max_cost_usd: float | None = None
    prices: Prices | None = None
    listener: Listener | None = None
    retries: Retries = field(default_factory=Retries)
    is_retrying_failures: bool = False
    fresh_since: datetime | None = None
    beside: Mapping[str, BesideRun] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BesideRun:
    """What another judge said of the same targets.

    Attributes:
        outcomes: Its verdicts and failures.
        judge_fingerprint: What exactly judged; None where that is not known.
    """

    outcomes: Sequence[Verdict | Failure]
    judge_fingerprint: str | None = None


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
        rng: For the jitter of waits and the names of batches; it decides nothing else.
        batches: Where requests go in batches instead, at half the price.
    """

    engine: Engine
    store: Store
    sink: RunSink
    clock: Clock
    rng: np.random.Generator
    batches: Batches | None = None


@dataclass(frozen=True, slots=True)
class Batches:
    """What a run through a provider's batches needs besides.

    Attributes:
        engine: Speaks the provider's batch interface.
        log: Where submissions are written down.
        poll_s: How often the provider is asked how far it is, in seconds.
    """

    engine: BatchEngine
    log: Log
    poll_s: float = 30.0


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
        InputError: The judge asks no model, the cap cannot be kept, or a target lacks the reference answer that the
            prompt shows; no request was sent.
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
    _require_calibrated_fit(judge, options.beside)
    budget = Budget(options.max_cost_usd, options.prices)
    budget.check(judge.model or "")
    _require_references(judge, targets)
    seen = Contents()
    redacted = Redactions()
    wanted = redacted.counted(interviews(judge, targets, seen.note))
    sink, clock = around.sink, around.clock
    loop = _loop(judge, around, budget, options)
    loop.tally.repeats = Repeats(judge)
    manifest = _first_manifest(judge, targets, around.engine.name, clock)
    manifest = manifest.model_copy(update={"fresh_since": options.fresh_since})
    started_s = clock.monotonic()
    sink.write_manifest(manifest)
    sink.begin()
    ended: dict[str, object] = {"state": "stopped"}
    try:
        await loop.run(wanted, manifest.n_expected)
        sink.finish()
        _calibrate(judge, targets, sink, options.beside)
        ended = {"state": "complete", "sessions": seen.fingerprint()}
    finally:
        ended |= {"ended_at": clock.now(), "wall_s": clock.monotonic() - started_s, "spending": sink.spending()}
        manifest = manifest.model_copy(update=ended | _counts(loop.tally) | {"n_redacted": redacted.n})
        sink.write_manifest(manifest)
    return manifest


def _loop(judge: Judge, around: Surroundings, budget: Budget, options: RunOptions) -> Loop | BatchLoop:
    if around.batches is not None:
        means = BatchMeans(
            around.batches.engine, around.store, around.sink, around.clock, around.batches.log, around.batches.poll_s
        )
        name = f"{judge.name[:40]}-{judge.request_fingerprint[7:15]}-{around.rng.bytes(4).hex()}"
        return BatchLoop(means, budget, run=name, model=judge.model or "", listener=options.listener)
    return Loop(
        Means(around.engine, around.store, around.sink, around.clock, around.rng),
        budget,
        pace=Pace(options.max_in_flight, rpm=options.rpm, tpm=options.tpm),
        retries=options.retries,
        is_retrying_failures=options.is_retrying_failures,
        listener=options.listener,
    )


def begin_run(judge: Judge, targets: Targets, *, sink: RunSink, clock: Clock) -> None:
    """Say that a run without requests of its own is under way, so that a kill leaves one to continue."""
    sink.write_manifest(_first_manifest(judge, targets, judge.kind, clock))


def keep_outcomes(
    judge: Judge,
    targets: Targets,
    outcomes: Iterable[Verdict | Failure],
    *,
    sink: RunSink,
    clock: Clock,
    beside: Mapping[str, BesideRun] | None = None,
) -> RunManifest:
    """Record as a run what a judge said without requests, as a student does; its engine is the judge's kind."""
    _require_calibrated_fit(judge, beside or {})
    seen = Contents()
    for target in targets:
        seen.note(target, seen_fingerprint(target))
    manifest = _first_manifest(judge, targets, judge.kind, clock)
    sink.write_manifest(manifest)
    sink.begin()
    tally = Tally()
    for outcome in outcomes:
        sink.add_outcome(outcome)
        tally.add_outcome(outcome)
    sink.finish()
    _calibrate(judge, targets, sink, beside or {})
    ended = {"state": "complete", "ended_at": clock.now(), "sessions": seen.fingerprint()}
    manifest = manifest.model_copy(update=ended | _counts(tally))
    sink.write_manifest(manifest)
    return manifest


def _require_calibrated_fit(judge: Judge, beside: Mapping[str, BesideRun]) -> None:
    require_fitting(judge, {name: run.judge_fingerprint for name, run in beside.items()})


def _calibrate(judge: Judge, targets: Targets, sink: RunSink, beside: Mapping[str, BesideRun]) -> None:
    """Replace a finished run's verdicts by calibrated ones; a kill before that leaves a run to be continued."""
    if not judge.calibrations:
        return
    needs_length = any(each.kind == "length" for found in judge.calibrations for each in found.inputs)
    lengths = {_name(target): length_of(target) for target in targets} if needs_length else {}
    said = {name: run.outcomes for name, run in beside.items()}
    sink.rewrite(partial(calibrated_outcomes, judge, beside=said, lengths=lengths))


def _name(target: Target) -> str:
    return target.pair.id if isinstance(target, PairTarget) else target.id


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

    def note(self, target: Target, seen: str) -> None:
        """Take note of a target, with the fingerprint of its content."""
        digest = hashlib.sha256(f"{_name(target)}\n{seen}".encode("utf-8", "replace")).digest()
        self._sum = (self._sum + int.from_bytes(digest)) % (1 << 256)

    def fingerprint(self) -> str:
        """Return the fingerprint of all that went by."""
        return f"sha256:{self._sum:064x}"


class Redactions:
    """Counts places replaced, as requests are made."""

    def __init__(self) -> None:
        """Begin with none."""
        self.n = 0

    def counted(self, wanted: Iterable[Interview | Failure]) -> Iterator[Interview | Failure]:
        """Yield interviews, and count what was replaced in each one's prompt."""
        for each in wanted:
            self.n += each.n_redacted if isinstance(each, Interview) else 0
            yield each


def run_notes(manifest: RunManifest) -> tuple[str, ...]:
    """Return what a reader must know of a run, in words: which model answered, what was taken out."""
    notes = []
    others = [model for model in manifest.models if not is_same_model(manifest.model or "", model)]
    if manifest.model and others:
        alias = "an alias: name a dated version in judge.toml to keep it" if is_floating(manifest.model) else "another"
        notes.append(f"{manifest.model} was asked for and {', '.join(others)} answered: {alias}.")
    if manifest.redaction:
        places = "1 place was" if manifest.n_redacted == 1 else f"{manifest.n_redacted:,} places were"
        notes.append(f"{places} redacted before sending ({', '.join(manifest.redaction)}).")
    if manifest.n_from_samples:
        n = manifest.fallback_samples
        part = "" if manifest.n_from_samples == manifest.n_verdicts else f" for {manifest.n_from_samples:,} verdicts"
        notes.append(f"The engine gave no token probabilities: {n} samples a session instead{part}.")
    notes += map(_spread_words, manifest.spread)
    if manifest.worth is not None:
        notes.append(_worth_words(manifest.worth))
    return tuple(notes)


def _worth_words(worth: PanelWorth) -> str:
    """Say how many judges a panel is worth, and what that goes by."""
    effective = worth.effective
    if effective.value is None:
        return f"How many judges the {worth.n_members} members are worth is undefined: {effective.undefined}."
    interval = f" [{effective.low:.1f}, {effective.high:.1f}]" if effective.low is not None else ""
    return (
        f"{worth.n_members} members are worth about {effective.value:.1f}{interval} independent judges, by how their "
        "verdicts correlate. Agreeing because both are right counts as dependence here: `judgekit score` goes by their "
        "errors."
    )


def _spread_words(spread: SampleSpread) -> str:
    words = f"{spread.criterion}: the {spread.n_samples} samples disagree on {spread.share_disagreeing:.0%}"
    words += f" of {spread.n:,} sessions" if spread.n > 1 else " of 1 session"
    return words + (f"; mean standard deviation {spread.mean_sd:.2f}." if spread.mean_sd is not None else ".")


def _require_references(judge: Judge, targets: Targets) -> None:
    if not Prompter(judge).wants_reference:
        return
    for target in targets:
        if not reference_of(target):
            name = f"pair {target.pair.id}" if isinstance(target, PairTarget) else f"session {target.id}"
            raise InputError(
                f"judge {judge.name!r} shows a reference answer, and none is declared",
                where=name,
                hint="Give each session its `reference`, or take {{ reference }} out of the template",
            )


def _first_manifest(judge: Judge, targets: Targets, engine: str, clock: Clock) -> RunManifest:
    return RunManifest(
        judge=judge.name,
        criterion=judge.criterion.id,
        further_criteria=tuple(criterion.id for criterion in judge.further_criteria),
        judge_fingerprint=judge.judge_fingerprint,
        request_fingerprint=judge.request_fingerprint,
        engine=engine,
        model=judge.model,
        parameters=judge.parameters.model_dump(mode="json", exclude_none=True) if judge.kind == "prompt" else {},
        redaction=tuple(dict.fromkeys(rule.name for rule in judge.redact)),
        fallback_samples=judge.reading.fallback_samples if judge.reading.probabilities else None,
        combine=judge.combine,
        shard=str(targets.shard) if isinstance(targets, Part) else None,
        dealt_from=targets.dealt_from if isinstance(targets, Part) else None,
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
        "n_from_samples": tally.n_from_samples,
        "spread": tally.repeats.summary() if tally.repeats is not None else (),
    }


def _of(by_id: dict[str, Session], session: str, pair: Pair) -> Session:
    if session not in by_id:
        raise UnknownName("session", session, by_id, where=f"pair {pair.id}")
    return by_id[session]
