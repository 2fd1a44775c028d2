"""What a run would cost: calls after the cache, tokens, dollars and minutes, without a key and without a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from judgekit.judging.runner.interview import Targets, interviews, n_tasks
from judgekit.records.record import Record
from judgekit.records.verdict import Failure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judgekit.judging.ports import Prices, Request, Store
    from judgekit.records.judge import Judge
    from judgekit.records.verdict import Call
    from judgekit.workflows.run import RunOptions

TOKENS_PER_BYTE = 0.25
"""Of English, where no reply has shown better."""
REPLY_TOKENS = 250
"""Of a reason and a verdict, where neither replies nor `max_tokens` say."""
LATENCY_S = 2.0
"""Of a reply, where none was timed."""


class RunPlan(Record):
    """What a run would come to."""

    judge: str
    n_targets: int
    n_outcomes: int
    """Outcomes wanted: targets x orders x samples x criteria."""
    n_overflow: int = 0
    """Prompts that cannot be made: they fail without a call."""
    n_stored: int = 0
    """Calls whose replies are in the cache."""
    n_calls: int = 0
    """Calls to be made; replies that cannot be read will add some."""
    n_replies: int = 0
    """Replies that they bring: more than calls where samples of one prompt come together."""
    n_measured: int = 0
    """Earlier replies that the estimates rest on; 0: on the length of the text alone."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None
    """None when the model's price is unknown."""
    minutes: float = 0.0
    """At the limits given, and the latency measured or supposed."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    """How requests go out, as far as it decides what they cost.

    Attributes:
        gives_several: Whether one call brings all samples of a prompt, which is then paid for once.
        price: Share of the listed price that is asked, such as 0.5 in batches.
    """

    gives_several: bool = False
    price: float = 1.0


@dataclass(slots=True)
class _Measured:
    """What stored replies show of the calls to come."""

    n: int = 0
    n_bytes: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    latencies_s: float = 0.0
    n_timed: int = 0

    def add(self, call: Call, n_bytes: int) -> None:
        if call.latency_s is not None:
            self.latencies_s += call.latency_s
            self.n_timed += 1
        if call.prompt_tokens and call.completion_tokens is not None:
            self.n += 1
            self.n_bytes += n_bytes
            self.prompt_tokens += call.prompt_tokens
            self.completion_tokens += call.completion_tokens

    @property
    def latency_s(self) -> float:
        return self.latencies_s / self.n_timed if self.n_timed else LATENCY_S


@dataclass(slots=True)
class _Sends:
    """What is still to be sent, counted as prompts are met."""

    way: Way
    n_calls: int = 0
    n_replies: int = 0
    n_bytes: int = 0
    together: set[str] = field(default_factory=set)
    """Prompts whose samples come in one call that is counted."""

    def add(self, request: Request) -> None:
        self.n_replies += 1
        if request.key in self.together:
            return
        if self.way.gives_several and request.n_samples > 1:
            self.together.add(request.key)
        self.n_calls += 1
        self.n_bytes += _n_bytes(request)


def plan_run(judge: Judge, targets: Targets, *, store: Store, options: RunOptions, way: Way | None = None) -> RunPlan:
    """Return what `run_judge` with the same arguments would come to.

    Args:
        judge: A prompt judge.
        targets: What it is to be asked about.
        store: Replies already paid for.
        options: Prices, and the limits that decide how long it takes.
        way: How its engine sends; None: each sample in a call of its own, at the listed price.

    Raises:
        InvalidRecord: A template, pattern or parameter of the judge is wrong.
    """
    measured, sends = _Measured(), _Sends(way or Way())
    n_overflow = n_stored = 0
    met: set[tuple[str, int]] = set()
    for wanted in interviews(judge, targets):
        if isinstance(wanted, Failure):
            n_overflow += 1
            continue
        request = wanted.request
        if (request.key, request.sample) in met:
            continue
        met.add((request.key, request.sample))
        stored = store.find(request)
        if stored is not None:
            n_stored += 1
            measured.add(stored, _n_bytes(request))
            continue
        sends.add(request)
    plan = RunPlan(
        judge=judge.name,
        n_targets=len(targets),
        n_outcomes=n_tasks(judge, targets),
        n_overflow=n_overflow,
        n_stored=n_stored,
        n_calls=sends.n_calls,
        n_replies=sends.n_replies,
        n_measured=measured.n,
    )
    return _priced(plan, judge, measured, sends=sends, options=options)


def plan_together(name: str, plans: Sequence[RunPlan]) -> RunPlan:
    """Return what several plans come to, one after the other.

    Args:
        name: Whose plan it is: a panel's, or a probed judge's.
        plans: One each member, or each asking; prompts that two of them share are counted twice.
    """
    costs = [plan.cost_usd for plan in plans]
    known = [cost for cost in costs if cost is not None]
    counted = ("n_outcomes", "n_overflow", "n_stored", "n_calls", "n_replies", "prompt_tokens", "completion_tokens")
    return RunPlan(
        judge=name,
        n_targets=max((plan.n_targets for plan in plans), default=0),
        **{field: sum(getattr(plan, field) for plan in plans) for field in counted},
        n_measured=min((plan.n_measured for plan in plans), default=0),
        cost_usd=sum(known) if len(known) == len(costs) else None,
        minutes=sum(plan.minutes for plan in plans),
        notes=tuple(dict.fromkeys(note for plan in plans for note in plan.notes)),
    )


def _priced(plan: RunPlan, judge: Judge, measured: _Measured, *, sends: _Sends, options: RunOptions) -> RunPlan:
    per_byte = measured.prompt_tokens / measured.n_bytes if measured.n_bytes else TOKENS_PER_BYTE
    reply_tokens = measured.completion_tokens / measured.n if measured.n else REPLY_TOKENS
    if not measured.n and judge.parameters.max_tokens is not None:
        reply_tokens = min(reply_tokens, judge.parameters.max_tokens)
    prompt_tokens, completion_tokens = round(sends.n_bytes * per_byte), round(plan.n_replies * reply_tokens)
    minutes = max(
        plan.n_calls * measured.latency_s / options.max_in_flight / 60,
        plan.n_calls / options.rpm if options.rpm else 0.0,
        (prompt_tokens + completion_tokens) / options.tpm if options.tpm else 0.0,
    )
    listed_usd = _cost_usd(options.prices, judge.model or "", prompt_tokens, completion_tokens) if plan.n_calls else 0.0
    cost_usd = None if listed_usd is None else listed_usd * sends.way.price
    return plan.model_copy(
        update={
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "cost_usd": cost_usd,
            "minutes": minutes,
            "notes": tuple(_notes(plan, judge, measured, cost_usd)),
        }
    )


def _cost_usd(prices: Prices | None, model: str, prompt_tokens: int, completion_tokens: int) -> float | None:
    return None if prices is None else prices.cost_usd(model, prompt_tokens, completion_tokens)


def _notes(plan: RunPlan, judge: Judge, measured: _Measured, cost_usd: float | None) -> list[str]:
    notes: list[str] = []
    if not plan.n_calls:
        return notes
    if measured.n:
        notes.append(f"Tokens and time as in the {measured.n:,} replies that the cache holds for these prompts.")
    else:
        notes.append(
            f"Nothing measured yet: {1 / TOKENS_PER_BYTE:g} bytes a token, {REPLY_TOKENS} tokens and "
            f"{LATENCY_S:g} s a reply are supposed. A first `judgekit run --limit 20` tells better."
        )
    notes.append("Replies that cannot be read are asked again, and cost extra.")
    if judge.reading.probabilities:
        n = judge.reading.fallback_samples
        notes.append(
            f"Where the engine gives no token odds, {n} further samples of each prompt are asked, each paid for."
        )
    if cost_usd is None:
        notes.append("The model's price is unknown: give it in judgekit.toml under [prices].")
    return notes


def _n_bytes(request: Request) -> int:
    return sum(len(message.content.encode("utf-8", "replace")) for message in request.messages)
