"""What a judge is asked: one interview per outcome wanted, from prompt to verdict or failure. Nothing is sent here."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from judgekit.judging.ports import Clock, Message, Request
from judgekit.judging.prompt import PairTarget, Prompter, Rendered
from judgekit.judging.reading import Answered, Unreadable, read_reply
from judgekit.judging.runner.inquiry import REFUSAL
from judgekit.judging.template import PromptTooLong
from judgekit.judging.transcript import TranscriptOverflow
from judgekit.records.judge import Judge
from judgekit.records.record import fingerprint
from judgekit.records.session import Session
from judgekit.records.verdict import Call, Failure, FailureStatus, Order, Verdict

Target = Session | PairTarget


class Targets(Protocol):
    """Sessions or pairs, taken one by one and more than once: a list, or a file too large for memory."""

    def __iter__(self) -> Iterator[Target]:
        """Yield each in its order."""

    def __len__(self) -> int:
        """Return how many there are."""


ASKED_AGAIN = ("unparsed", "truncated")
"""What another try may mend; a refusal is not argued with."""


@dataclass(frozen=True, slots=True)
class Task:
    """One outcome wanted.

    Attributes:
        number: Its place in the run, from 1: verdict ids are made of it, so they stay the same on resuming.
        target: A session, or a pair with its sessions.
        seen: Fingerprint of its content.
        turn: Id of the turn judged, for judges of turns.
        order: How a pair is shown; None for sessions.
        sample: 0, 1, 2 ... where the judge is asked several times.
    """

    number: int
    target: Target
    seen: str
    turn: str | None = None
    order: Order | None = None
    sample: int = 0


def tasks(judge: Judge, targets: Iterable[Target]) -> Iterator[Task]:
    """Yield every outcome wanted: targets x turns x orders x samples, in that order.

    A judge of turns is asked about each turn of the assistant.
    """
    both: tuple[Order, ...] = ("forward", "swapped")
    number = 0
    for target in targets:
        seen = seen_fingerprint(target)
        is_pair = isinstance(target, PairTarget)
        orders: tuple[Order | None, ...] = (both if judge.orders == "both" else both[:1]) if is_pair else (None,)
        for turn, order, sample in itertools.product(_turns(judge, target), orders, range(judge.samples)):
            number += 1
            yield Task(number, target, seen, turn, order, sample)


def n_tasks(judge: Judge, targets: Targets) -> int:
    """Return how many outcomes are wanted; only a judge of turns needs to look at the targets."""
    n_orders = 2 if judge.target == "pair" and judge.orders == "both" else 1
    n_shown = sum(len(_turns(judge, target)) for target in targets) if judge.target == "turn" else len(targets)
    return n_shown * n_orders * judge.samples


class Interview:
    """The way from one task to its outcome (an `Inquiry` of the loop)."""

    def __init__(
        self, judge: Judge, rendered: Rendered, order: Order | None, record: Mapping[str, Any], clock: Clock
    ) -> None:
        """Take the first request, and `record`: what every outcome of the task holds."""
        self._first = rendered.request
        self.request: Request = rendered.request
        self._judge = judge
        self._order = order
        self._record = record
        self._clock = clock
        self._n_asked_again = 0

    def hear(self, call: Call) -> tuple[Verdict | Failure, ...] | None:
        """Return the outcome that a reply means; None when `request` now asks again."""
        refusal = call.reply if call.finish_reason == REFUSAL else None
        found = read_reply(
            self._judge, call.reply, finish_reason=call.finish_reason, refusal=refusal, order=self._order
        )
        if isinstance(found, Answered):
            return (self._verdict(found, call),)
        if found.status in ASKED_AGAIN and self._n_asked_again < self._judge.reading.retries:
            self._n_asked_again += 1
            self.request = asked_again(self.request, call.reply, found)
            return None
        failure = Failure(
            **self._record, call=call.id, at=call.at, status=found.status, detail=found.detail, reply=call.reply
        )
        return (failure,)

    def fail(self, status: FailureStatus, detail: str) -> tuple[Failure, ...]:
        """Return the failure to record when no reply can be had."""
        return (Failure(**self._record, at=self._clock.now(), status=status, detail=detail),)

    def restart(self) -> None:
        """Forget what was heard: `request` is the first one again."""
        self.request = self._first
        self._n_asked_again = 0

    def _verdict(self, found: Answered, call: Call) -> Verdict:
        return Verdict(
            **self._record,
            call=call.id,
            at=call.at,
            value=found.value,
            status=found.status,
            rationale=found.rationale,
            distribution=dict(found.distribution) if found.distribution is not None else None,
        )


def interviews(judge: Judge, targets: Iterable[Target], clock: Clock) -> Iterator[Interview | Failure]:
    """Yield an interview for every task, or the failure of one whose prompt cannot be made; rendered as they are taken.

    Raises:
        InvalidRecord: A template, pattern or parameter of the judge is wrong.
    """
    prompter = Prompter(judge)
    common = {
        "criterion": judge.criterion.id,
        "judge": judge.name,
        "judge_fingerprint": judge.judge_fingerprint,
        "rubric": judge.criterion.fingerprint(),
    }
    for task in tasks(judge, targets):
        record = common | _about(task)
        try:
            rendered = prompter.request(task.target, turn=task.turn, order=task.order, sample=task.sample)
        except (TranscriptOverflow, PromptTooLong) as overflow:
            yield Failure(**record, at=clock.now(), status="overflow", detail=str(overflow))
        else:
            yield Interview(judge, rendered, task.order, record | {"elided": rendered.n_elided}, clock)


def asked_again(request: Request, reply: str, found: Unreadable) -> Request:
    """Return the request that shows the model its reply and says why it could not be read."""
    fault = f"I could not read your answer: {found.detail}. Answer again, in exactly the form asked for above."
    added = (Message("assistant", reply), Message("user", fault))
    key = fingerprint({"after": request.key, "messages": [[message.role, message.content] for message in added]})
    return replace(request, key=key, messages=(*request.messages, *added))


def seen_fingerprint(target: Target) -> str:
    """Return the fingerprint of a target's content; for a pair, of both sessions in the pair's own order."""
    if isinstance(target, PairTarget):
        return fingerprint([target.first.seen_fingerprint, target.second.seen_fingerprint])
    return target.seen_fingerprint


def _turns(judge: Judge, target: Target) -> tuple[str | None, ...]:
    if judge.target != "turn" or isinstance(target, PairTarget):
        return (None,)
    return tuple(turn.id for turn in target.turns if turn.role == "assistant")


def _about(task: Task) -> dict[str, Any]:
    target = task.target
    which = {"pair": target.pair.id} if isinstance(target, PairTarget) else {"session": target.id, "turn": task.turn}
    return {**which, "id": f"v-{task.number}", "sample": task.sample, "order": task.order, "seen": task.seen}
