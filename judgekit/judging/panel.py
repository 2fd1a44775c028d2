"""Several judges of one criterion as one: which answer a panel gives, from its members' answers alone.

A member has one vote, made of its samples by the panel's own rule. "Not applicable" and "can't judge" are votes like
any other; a member that failed has none, and is named. Where the rule decides nothing, the panel can't judge: the order
in which members are listed never decides.
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import groupby
from typing import Any

from judgekit.errors import InputError, UnknownName
from judgekit.judging.runner.interview import outcome_id
from judgekit.records.judge import Judge, Lineage
from judgekit.records.judge_kind import PanelRule
from judgekit.records.label import AnswerStatus
from judgekit.records.rubric import Criterion, Scale, Value, level_text
from judgekit.records.verdict import Failure, FailureStatus, Verdict

Outcome = Verdict | Failure
RESERVED = ("judge", "rater", "reference", "others", "majority", "median", "mean", "constant")
"""Names that stand for something else in reports' rows."""


def check_panel(judge: Judge, members: Sequence[Judge]) -> None:
    """Refuse a panel whose members do not answer its question, or whose rule does not fit its scale.

    Raises:
        InputError: A member is a panel, asks something else or of something else, or has another's name; or the rule
            needs numbers and the scale has none.
        UnknownName: A weight is given to nobody.
    """
    panel, scale = judge.panel, judge.criterion.scale
    if panel is None:
        raise InputError(f"a {judge.kind} judge has no members", where=judge.name)
    names = [member.name for member in members]
    for member in members:
        problem = _misfit(judge, member, names)
        if problem is not None:
            raise InputError(f"member {member.name!r} {problem[0]}", where=judge.name, hint=problem[1])
    for name in panel.weights:
        if name not in names:
            raise UnknownName("member", name, names, where=f"{judge.name}: panel.weights")
    if scale.type == "text" or (panel.rule in ("mean", "median") and not _has_order(scale)):
        hint = 'Use rule = "majority"' if scale.type != "text" else "Ask one judge"
        raise InputError(f"rule {panel.rule} cannot combine a {scale.type} scale", where=judge.name, hint=hint)


def panel_lineage(judge: Judge, members: Sequence[Judge]) -> Lineage:
    """Return the union of the members' lineages: a label that helped to make one may not test the panel.

    A unit counts as judged by a fold made without it only where that is so of every member that learnt from it. Where
    members learnt from different datasets, the union holds for any dataset.
    """
    learnt = [lineage for lineage in (judge.lineage, *(member.lineage for member in members)) if lineage.units]
    units = sorted({unit for lineage in learnt for unit in lineage.units})
    of_unit = {unit: [lineage for lineage in learnt if unit in lineage.units] for unit in units}
    folds = {
        unit: some[0].folds[unit] for unit, some in of_unit.items() if all(unit in lineage.folds for lineage in some)
    }
    datasets = {lineage.dataset for lineage in learnt}
    whole = [member.verdict_lineage for member in members]
    calibrated = tuple(dict.fromkeys(each for lineage in whole for each in lineage.calibrated))
    shown = tuple(sorted({each for lineage in whole for each in lineage.shown}))
    because = tuple(sorted({each for lineage in whole for each in lineage.because}))
    dataset = datasets.pop() if len(datasets) == 1 else None
    return Lineage(
        dataset=dataset, units=tuple(units), folds=folds, calibrated=calibrated, shown=shown, because=because
    )


def panel_outcomes(judge: Judge, by_member: Mapping[str, Iterable[Outcome]]) -> Iterator[Outcome]:
    """Yield the panel's outcome on everything that any member was asked about, one at a time.

    Args:
        judge: The panel; its `members` names who was to answer.
        by_member: Member's name -> its outcomes, in the order of a complete run (`order_key`).
    """
    streams = [_named(name, judge.criterion, outcomes) for name, outcomes in by_member.items()]
    ordered = merge(*streams, key=lambda each: each[1].order_key)
    for _, group in groupby(ordered, key=lambda each: each[1].order_key[:3]):
        answers: dict[str, list[Outcome]] = defaultdict(list)
        for name, outcome in group:
            answers[name].append(outcome)
        yield panel_outcome(judge, answers)


def panel_outcome(judge: Judge, answers: Mapping[str, Sequence[Outcome]]) -> Outcome:
    """Return the panel's verdict on one target, or the failure where too few members answered.

    Args:
        judge: The panel.
        answers: Member's name -> its outcomes on this target, one for each sample.
    """
    panel = judge.panel
    if panel is None:
        raise InputError(f"a {judge.kind} judge has no members", where=judge.name)
    scale = judge.criterion.scale
    votes = {name: _own_vote(panel.rule, scale, answers.get(name, ())) for name in sorted(judge.members)}
    answered = {name: vote for name, vote in votes.items() if vote is not None}
    record = _record(judge, [each for some in answers.values() for each in some])
    members = tuple(_entries(judge, answers))
    if len(answered) < panel.needed:
        status, words = _no_quorum(answers, answered, panel.needed, sorted(judge.members))
        return Failure(**record, status=status, detail=words, metadata={"members": list(members)})
    weights = {name: panel.weights.get(name, 1.0) for name in answered}
    settled = _settled(panel.rule, scale, [(vote, weights[name]) for name, vote in answered.items()])
    return Verdict(
        **record,
        value=settled.value,
        score=settled.number if _is_by_numbers(panel.rule, scale) else None,
        status=settled.status,
        distribution=_shares(panel.rule, scale, answered, weights) if settled.status == "ok" else None,
        rationale=_rationale(panel.rule, settled, votes, answers),
        members=members,
    )


@dataclass(frozen=True, slots=True)
class _Vote:
    """One answer.

    Attributes:
        status: Whether there is a value.
        value: The value; None where numbers alone decide, and they lie between two levels.
        number: The value's place on the scale, or the finer score; None on scales without order.
    """

    status: AnswerStatus
    value: Value | None = None
    number: float | None = None

    @property
    def key(self) -> str:
        return json.dumps(self.value, ensure_ascii=False) if self.status == "ok" else self.status

    @property
    def words(self) -> str:
        if self.status != "ok":
            return self.status.replace("_", " ")
        if self.value is None:
            return f"{self.number:.4g}"
        return ", ".join(self.value) if isinstance(self.value, tuple) else level_text(self.value)


_UNDECIDED = _Vote("cannot_judge")


def _own_vote(rule: PanelRule, scale: Scale, outcomes: Sequence[Outcome]) -> _Vote | None:
    """Return a member's vote, made of its samples; None where all of them failed, or there are none."""
    votes = [(_vote(scale, outcome), 1.0) for outcome in outcomes if isinstance(outcome, Verdict)]
    if not votes:
        return None
    return votes[0][0] if len(votes) == 1 else _settled(rule, scale, votes)


def _vote(scale: Scale, verdict: Verdict) -> _Vote:
    if verdict.status != "ok":
        return _Vote(verdict.status)
    value = scale.read(verdict.value) if verdict.value is not None else None
    if not _has_order(scale):
        return _Vote("ok", value) if value is not None else _UNDECIDED
    if verdict.score is not None and _is_within(scale, verdict.score):
        return _Vote("ok", value, verdict.score)
    return _Vote("ok", value, scale.code(value)) if value is not None else _UNDECIDED


def _settled(rule: PanelRule, scale: Scale, votes: Sequence[tuple[_Vote, float]]) -> _Vote:
    """Return what several votes come to; undecided where no answer has what the rule asks for."""
    weighed = [(vote, weight if rule == "weighted" else 1.0) for vote, weight in votes]
    half = math.fsum(weight for _, weight in weighed) / 2
    is_by_numbers = _is_by_numbers(rule, scale)
    by_key: dict[str, list[float]] = defaultdict(list)
    sample: dict[str, _Vote] = {}
    for vote, weight in weighed:
        by_key[vote.key].append(weight)
        sample[vote.key] = vote
    for key, weights in by_key.items():
        is_value = sample[key].status == "ok"
        if math.fsum(weights) > half and not (is_value and (is_by_numbers or sample[key].value is None)):
            return sample[key]
    numbers = [(vote.number, weight) for vote, weight in weighed if vote.status == "ok" and vote.number is not None]
    if not is_by_numbers or not numbers:
        return _UNDECIDED
    number = _median(sorted(each for each, _ in numbers)) if rule == "median" else _mean(numbers)
    return _Vote("ok", _level(scale, number), number)


def _mean(numbers: Sequence[tuple[float, float]]) -> float:
    """Return the weighted mean; sums are exact, so that the order of members changes no bit of it."""
    return math.fsum(number * weight for number, weight in numbers) / math.fsum(weight for _, weight in numbers)


def _median(numbers: Sequence[float]) -> float:
    middle = len(numbers) // 2
    return numbers[middle] if len(numbers) % 2 else (numbers[middle - 1] + numbers[middle]) / 2


def _level(scale: Scale, number: float) -> Value | None:
    """Return the level nearest to a number; None halfway between two."""
    if scale.type == "numeric":
        return number
    distances = [abs(place - number) for place in scale.numbers()]
    nearest = min(distances)
    close = [place for place, distance in enumerate(distances) if math.isclose(distance, nearest, abs_tol=1e-9)]
    return scale.levels[close[0]] if len(close) == 1 else None


def _shares(
    rule: PanelRule, scale: Scale, votes: Mapping[str, _Vote], weights: Mapping[str, float]
) -> dict[str, float] | None:
    """Return each level's share of the votes for levels, where votes are counted."""
    if _is_by_numbers(rule, scale) or not scale.levels or scale.type == "multi_select":
        return None
    by_level: dict[str, list[float]] = defaultdict(list)
    for name, vote in votes.items():
        if vote.status == "ok" and vote.value is not None:
            by_level[vote.key].append(weights[name])
    total = math.fsum(weight for some in by_level.values() for weight in some)
    return {level: math.fsum(some) / total for level, some in sorted(by_level.items())} if total else None


def _rationale(
    rule: PanelRule, settled: _Vote, votes: Mapping[str, _Vote | None], answers: Mapping[str, Sequence[Outcome]]
) -> str:
    """Say who said what, then give each member's reason."""
    by_words: dict[str, list[str]] = defaultdict(list)
    for name, vote in votes.items():
        by_words[vote.words if vote is not None else f"no answer ({_causes(answers.get(name, ()))})"].append(name)
    said = sorted(by_words.items(), key=lambda item: (-len(item[1]), item[0]))
    tally = "; ".join(f"{words}: {len(names)} ({', '.join(names)})" for words, names in said)
    lines = [f"{rule}: {settled.words if settled is not _UNDECIDED else 'no majority'}. {tally}."]
    for name in votes:
        reasons = [each.rationale for each in answers.get(name, ()) if isinstance(each, Verdict) and each.rationale]
        lines += [f"{name}: {reason}" for reason in reasons]
    return "\n".join(lines)


def _no_quorum(
    answers: Mapping[str, Sequence[Outcome]], answered: Mapping[str, _Vote], needed: int, names: Sequence[str]
) -> tuple[FailureStatus, str]:
    """Return the cause that all failures share, else `engine_error`; and who failed of what."""
    silent = [name for name in names if name not in answered]
    statuses = {each.status for name in silent for each in answers.get(name, ()) if isinstance(each, Failure)}
    told = "; ".join(f"{name}: {_causes(answers.get(name, ()))}" for name in silent)
    words = f"{len(answered)} of {len(names)} members answered and {needed} must ({told})"
    return (statuses.pop() if len(statuses) == 1 else "engine_error"), words


def _causes(outcomes: Sequence[Outcome]) -> str:
    counted = Counter(each.status for each in outcomes if isinstance(each, Failure))
    causes = [f"{cause} {n}" if n > 1 else str(cause) for cause, n in sorted(counted.items())]
    return ", ".join(causes) or "not asked"


def _entries(judge: Judge, answers: Mapping[str, Sequence[Outcome]]) -> Iterator[dict[str, Any]]:
    """Yield one entry for each answer of each member, and one for a member that was not asked."""
    for name in sorted(judge.members):
        for each in answers.get(name, ()):
            if isinstance(each, Failure):
                yield {"name": name, "status": each.status, "sample": each.sample, "detail": each.detail}
            else:
                value = list(each.value) if isinstance(each.value, tuple) else each.value
                yield {"name": name, "value": value, "score": each.score, "status": each.status, "sample": each.sample}
        if not answers.get(name):
            yield {"name": name, "status": "not_asked"}


def _record(judge: Judge, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return what the panel's outcome shares with its members' on the same target."""
    first = outcomes[0]
    criterion = judge.criterion.id
    return {
        "id": outcome_id(first.target, turn=first.turn, order=first.order, sample=0, criterion=criterion),
        "turn": first.turn,
        "order": first.order,
        "criterion": criterion,
        "session": first.session,
        "pair": first.pair,
        "judge": judge.name,
        "judge_fingerprint": judge.judge_fingerprint,
        "rubric": judge.criterion.fingerprint(),
        "seen": next((each.seen for each in outcomes if each.seen is not None), None),
        "at": max((each.at for each in outcomes if each.at is not None), default=None),
        "elided": max(each.elided for each in outcomes),
        "redacted": max(each.redacted for each in outcomes),
    }


def _named(name: str, criterion: Criterion, outcomes: Iterable[Outcome]) -> Iterator[tuple[str, Outcome]]:
    return ((name, outcome) for outcome in outcomes if outcome.criterion == criterion.id)


def _misfit(judge: Judge, member: Judge, names: Sequence[str]) -> tuple[str, str] | None:
    """Return what is wrong with a member, and what to do."""
    asked, name = judge.criterion, member.name
    scales = {criterion.id: criterion.scale for criterion in member.criteria}
    orders = f"is asked in orders {member.orders}, the panel in {judge.orders}"
    problems = (
        (member.kind == "panel", "is a panel itself", "List its members instead"),
        (name in RESERVED, "has a name that reports use themselves", "Give it another in judge.toml"),
        (names.count(name) > 1, "has a namesake", "Give each its own name in judge.toml"),
        (name.startswith(".") or any(sign in name for sign in "/\\\0"), "has no folder's name", "Give it a plain one"),
        (asked.id not in scales, f"does not answer {asked.id!r}", "Choose judges of the panel's criterion"),
        (
            scales.get(asked.id) != asked.scale,
            f"answers {asked.id!r} on another scale",
            "Copy the rubric's criterion into both",
        ),
        (member.target != judge.target, f"judges a {member.target}", f"This panel's members judge a {judge.target}"),
        (judge.target == "pair" and member.orders != judge.orders, orders, "Set the same orders in judge.toml"),
    )
    return next(((what, hint) for is_so, what, hint in problems if is_so), None)


def _is_by_numbers(rule: PanelRule, scale: Scale) -> bool:
    """Whether a rule goes by the answers' places on the scale; else it counts equal answers."""
    return rule in ("mean", "median") or (rule == "weighted" and _has_order(scale))


def _has_order(scale: Scale) -> bool:
    return scale.type in ("binary", "ordinal", "numeric")


def _is_within(scale: Scale, number: float) -> bool:
    """Whether a score lies on the scale; a score from 1 to 10 beside pass and fail does not."""
    places = scale.numbers()
    low = scale.min if scale.type == "numeric" else places[0]
    high = scale.max if scale.type == "numeric" else places[-1]
    return (low is None or number >= low) and (high is None or number <= high)
