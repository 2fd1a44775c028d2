"""What a judge is asked: one interview per outcome wanted, from prompt to verdict or failure. Nothing is sent here."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from judgekit.judging.odds import ODDS, Odds, expected_score, sample_odds, token_odds
from judgekit.judging.ports import Message, Request
from judgekit.judging.prompt import PairTarget, Prompter, Rendered
from judgekit.judging.reading import Answered, Unreadable, read_answers
from judgekit.judging.runner.inquiry import REFUSAL
from judgekit.judging.template import PromptTooLong
from judgekit.judging.transcript import TranscriptOverflow
from judgekit.records.judge import Judge
from judgekit.records.record import fingerprint
from judgekit.records.session import Session
from judgekit.records.verdict import Call, Failure, FailureStatus, Order, Verdict

Target = Session | PairTarget


Noter = Callable[[Target, str], None]


class Targets(Protocol):
    """Sessions or pairs, taken one by one and more than once: a list, or a file too large for memory."""

    def __iter__(self) -> Iterator[Target]:
        """Yield each in its order."""

    def __len__(self) -> int:
        """Return how many there are."""


ASKED_AGAIN = ("unparsed", "truncated")
"""What another try may mend; a refusal is not argued with."""
WARM = 1.0
"""Temperature of further samples where the judge's own is 0, at which they would repeat each other."""

Records = Mapping[str, dict[str, Any]]
"""Criterion -> what every outcome on it holds."""


@dataclass(frozen=True, slots=True)
class Task:
    """One reply wanted, with an outcome for each of the judge's criteria.

    Attributes:
        target: A session, or a pair with its sessions.
        seen: Fingerprint of its content.
        turn: Id of the turn judged, for judges of turns.
        order: How a pair is shown; None for sessions.
        sample: 0, 1, 2 ... where the judge is asked several times.
    """

    target: Target
    seen: str
    turn: str | None = None
    order: Order | None = None
    sample: int = 0


def tasks(judge: Judge, targets: Iterable[Target], note: Noter | None = None) -> Iterator[Task]:
    """Yield every reply wanted: targets x turns x orders x samples, in that order.

    A judge of turns is asked about each turn of the assistant. `note` is told of each target with its fingerprint.
    """
    both: tuple[Order, ...] = ("forward", "swapped")
    for target in targets:
        seen = seen_fingerprint(target)
        if note is not None:
            note(target, seen)
        is_pair = isinstance(target, PairTarget)
        orders: tuple[Order | None, ...] = (both if judge.orders == "both" else both[:1]) if is_pair else (None,)
        for turn, order, sample in itertools.product(_turns(judge, target), orders, range(judge.samples)):
            yield Task(target, seen, turn, order, sample)


def n_tasks(judge: Judge, targets: Targets) -> int:
    """Return how many outcomes are wanted; only a judge of turns needs to look at the targets."""
    n_orders = 2 if judge.target == "pair" and judge.orders == "both" else 1
    n_shown = sum(len(_turns(judge, target)) for target in targets) if judge.target == "turn" else len(targets)
    return n_shown * n_orders * judge.samples * len(judge.criteria)


@dataclass(slots=True)
class Sampling:
    """Further samples of a request whose tokens came without odds.

    Attributes:
        said: What the first reply says: the verdict's value.
        call: The call that brought it.
        answers: What the samples say, those that could be read.
        n_heard: Samples heard, unreadable ones included.
    """

    said: Answered
    call: Call
    answers: list[Answered] = field(default_factory=list)
    n_heard: int = 0


class Interview:
    """The way from one task to its outcomes, one for each criterion of the judge (an `Inquiry` of the loop)."""

    def __init__(self, judge: Judge, rendered: Rendered, order: Order | None, records: Records) -> None:
        """Take the first request, and `records`: what the outcome on each criterion holds."""
        self._first = rendered.request
        self.n_redacted = rendered.n_redacted
        self._judge = judge
        self._order = order
        self._records = records
        self.restart()

    def restart(self) -> None:
        """Forget what was heard: `request` is the first one again."""
        self.request: Request = self._first
        self.is_mending = False
        self._n_asked_again = 0
        self._settled: dict[str, Verdict | Failure] = {}
        self._sampling: Sampling | None = None

    def hear(self, call: Call) -> tuple[Verdict | Failure, ...] | None:
        """Return the outcomes that the replies mean; None when `request` asks again, or asks for one more sample."""
        found = self._read(call)
        if self._sampling is not None:
            return self._hear_sample(self._sampling, next(iter(found.values())))
        unread: dict[str, Unreadable] = {}
        for criterion, answer in found.items():
            if criterion in self._settled:
                continue
            if isinstance(answer, Unreadable):
                unread[criterion] = answer
            elif self._judge.reading.probabilities:
                return self._with_odds(answer, call)
            else:
                self._settled[criterion] = self._verdict(criterion, answer, call)
        if unread and self._may_be_mended(unread):
            self._n_asked_again += 1
            self.is_mending = True
            self.request = asked_again(self.request, call.reply, self._fault(unread))
            return None
        for criterion, why in unread.items():
            self._settled[criterion] = Failure(
                **self._records[criterion],
                call=call.id,
                at=call.at,
                status=why.status,
                detail=why.detail,
                reply=call.reply,
            )
        return self._outcomes()

    def fail(self, status: FailureStatus, detail: str, at: datetime | None) -> tuple[Verdict | Failure, ...]:
        """Return the outcomes when no further reply can be had: what was read before stands."""
        if self._sampling is not None and self._sampling.answers:
            return (self._sampled(self._sampling),)
        for criterion, record in self._records.items():
            if criterion not in self._settled:
                self._settled[criterion] = Failure(
                    **record, at=at, status=status, detail=detail, request=self.request.key
                )
        return self._outcomes()

    def _read(self, call: Call) -> dict[str, Answered | Unreadable]:
        refusal = call.reply if call.finish_reason == REFUSAL else None
        return read_answers(
            self._judge, call.reply, finish_reason=call.finish_reason, refusal=refusal, order=self._order
        )

    def _outcomes(self) -> tuple[Verdict | Failure, ...]:
        return tuple(self._settled[criterion] for criterion in self._records)

    def _may_be_mended(self, unread: Mapping[str, Unreadable]) -> bool:
        is_mendable = any(why.status in ASKED_AGAIN for why in unread.values())
        return is_mendable and self._n_asked_again < self._judge.reading.retries

    def _fault(self, unread: Mapping[str, Unreadable]) -> str:
        """Say what could not be read; of several criteria the whole object is wanted again."""
        if not self._judge.further_criteria:
            why = next(iter(unread.values()))
            return f"I could not read your answer: {why.detail}. Answer again, in exactly the form asked for above."
        named = "; ".join(f"{criterion}: {why.detail}" for criterion, why in unread.items())
        return (
            f"I could not read part of your answer: {named}. Give the whole of it again, in the form asked for above."
        )

    def _with_odds(self, answer: Answered, call: Call) -> tuple[Verdict] | None:
        """Take the odds from the reply's tokens; where they do not show them, ask for samples."""
        odds = token_odds(self._judge, call.reply, call.tokens)
        if odds is None:
            self._sampling = Sampling(answer, call)
            self._ask_sample(self._sampling)
            return None
        told: dict[str, Any] = {"from": "tokens", "kept": round(odds.kept, 6)}
        return (self._verdict_of(answer, call, odds.in_own_order(self._judge, self._order), told),)

    def _ask_sample(self, sampling: Sampling) -> None:
        self.is_mending = False
        n_wanted = self._judge.reading.fallback_samples
        self.request = sample_request(self._first, sample=self._first.sample * n_wanted + sampling.n_heard)

    def _hear_sample(self, sampling: Sampling, found: Answered | Unreadable) -> tuple[Verdict | Failure] | None:
        sampling.n_heard += 1
        if isinstance(found, Answered):
            sampling.answers.append(found)
        if sampling.n_heard < self._judge.reading.fallback_samples:
            self._ask_sample(sampling)
            return None
        if sampling.answers:
            return (self._sampled(sampling),)
        record, call = self._records[self._judge.criterion.id], sampling.call
        detail = f"none of {sampling.n_heard} further samples could be read, and the engine gave no token probabilities"
        return (Failure(**record, call=call.id, at=call.at, status="unparsed", detail=detail, reply=call.reply),)

    def _sampled(self, sampling: Sampling) -> Verdict:
        """Return the level said, with the shares of the further samples."""
        n_read = len(sampling.answers)
        told = {"from": "samples", "n": n_read, "n_unread": sampling.n_heard - n_read}
        return self._verdict_of(sampling.said, sampling.call, sample_odds(self._judge, sampling.answers), told)

    def _verdict_of(self, answer: Answered, call: Call, odds: Odds, told: dict[str, Any]) -> Verdict:
        criterion = self._judge.criterion
        score = expected_score(criterion, odds) if answer.status == "ok" else None
        metadata = {ODDS: told}
        return self._verdict(criterion.id, answer, call, distribution=dict(odds.shares), score=score, metadata=metadata)

    def _verdict(self, criterion: str, found: Answered, call: Call, **more: Any) -> Verdict:
        return Verdict(
            **self._records[criterion],
            call=call.id,
            at=call.at,
            value=found.value,
            status=found.status,
            rationale=found.rationale,
            **more,
        )


def interviews(judge: Judge, targets: Iterable[Target], note: Noter | None = None) -> Iterator[Interview | Failure]:
    """Yield an interview for every task, or the failure of one whose prompt cannot be made; rendered as they are taken.

    `note` is told of each target with its fingerprint.

    Raises:
        InvalidRecord: A template, pattern or parameter of the judge is wrong.
    """
    prompter = Prompter(judge)
    common = {"judge": judge.name, "judge_fingerprint": judge.judge_fingerprint}
    rubric = {criterion.id: criterion.fingerprint() for criterion in judge.criteria}
    for task in tasks(judge, targets, note):
        about = common | _about(task)
        records = {
            criterion: about | {"id": _verdict_id(task, criterion), "criterion": criterion, "rubric": rubric[criterion]}
            for criterion in rubric
        }
        try:
            rendered = prompter.request(task.target, turn=task.turn, order=task.order, sample=task.sample)
        except (TranscriptOverflow, PromptTooLong) as overflow:
            for record in records.values():
                yield Failure(**record, status="overflow", detail=str(overflow))
        else:
            for record in records.values():
                record |= {"elided": rendered.n_elided, "redacted": rendered.n_redacted}
            yield Interview(judge, rendered, task.order, records)


def asked_again(request: Request, reply: str, fault: str) -> Request:
    """Return the request that shows the model its reply and says why it could not be read."""
    added = (Message("assistant", reply), Message("user", fault))
    key = fingerprint({"after": request.key, "messages": [[message.role, message.content] for message in added]})
    return replace(request, key=key, messages=(*request.messages, *added), n_samples=1)


def sample_request(request: Request, *, sample: int) -> Request:
    """Return the request that asks the same for its own sake, not for odds: warm, so that samples differ."""
    parameters = {name: value for name, value in request.parameters.items() if name not in ("logprobs", "top_logprobs")}
    if parameters.get("temperature") == 0:
        parameters["temperature"] = WARM
    key = fingerprint({"samples_of": request.key, "parameters": parameters})
    return replace(request, key=key, parameters=parameters, sample=sample, n_samples=1)


def task_record(judge: Judge, task: Task) -> dict[str, Any]:
    """Return what the outcome of a task holds, for judges of one criterion that give verdicts without requests."""
    return {
        **_about(task),
        "id": _verdict_id(task, judge.criterion.id),
        "judge": judge.name,
        "judge_fingerprint": judge.judge_fingerprint,
        "criterion": judge.criterion.id,
        "rubric": judge.criterion.fingerprint(),
    }


def outcome_id(target: str, *, turn: str | None, order: Order | None, sample: int, criterion: str) -> str:
    """Return an outcome's id: made of what is judged, so that order, resuming and sharding leave it as it is."""
    told = f"[{json.dumps(target)}, {_or_null(turn)}, {_or_null(order)}, {sample}, {json.dumps(criterion)}]"
    return f"v-{hashlib.sha256(told.encode()).hexdigest()[:16]}"


def _or_null(text: str | None) -> str:
    return "null" if text is None else json.dumps(text)


def _verdict_id(task: Task, criterion: str) -> str:
    target = task.target.pair.id if isinstance(task.target, PairTarget) else task.target.id
    return outcome_id(target, turn=task.turn, order=task.order, sample=task.sample, criterion=criterion)


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
    return {**which, "sample": task.sample, "order": task.order, "seen": task.seen}
