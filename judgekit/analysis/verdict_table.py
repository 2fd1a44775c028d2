"""A judge's outcomes on one criterion as one number per target, with failures counted by cause.

Several samples or both orders of a pair become one number by the rules here; nothing that failed gets a
default score.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, KeysView, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from judgekit.analysis.rating import Target
from judgekit.errors import InvalidRecord
from judgekit.records.judge import Combine
from judgekit.records.rubric import Criterion
from judgekit.records.verdict import Failure, Verdict

Use = Literal["value", "score"]
"""What of a verdict is measured: its level, or its finer score."""
Answers = Mapping[Target, Mapping[str, Sequence[Verdict | Failure]]]
"""Target -> order -> outcomes by sample."""


@dataclass(frozen=True)
class VerdictTable:
    """One judge on one criterion.

    Attributes:
        numbers: Target -> the judge's number; absent where it gave none.
        spoken: Target -> the verdict shown in lists (the first sample, forward order).
        failures: Outcomes without an answer, in the order of their targets.
        missing: Target without a number -> why: a failure's status, or what was answered instead.
        orders: Target -> numbers by order, for pairs; None marks a failure.
        probabilities: Target -> probability of a binary scale's positive level, where the verdicts give one.
        ranks: Target -> what puts targets in order: the mean over samples of the score, or of the value where none is.
        is_ranking: Whether the judge gave nothing but ranks: scores such as 1 to 10, which have no place on two levels.
        is_of_ratings: Whether preferences were made of ratings of single sessions, so that nothing had an order.
    """

    numbers: Mapping[Target, float]
    spoken: Mapping[Target, Verdict]
    failures: tuple[Failure, ...]
    missing: Mapping[Target, str]
    orders: Mapping[Target, Mapping[str, float | None]]
    probabilities: Mapping[Target, float] = field(default_factory=dict)
    ranks: Mapping[Target, float] = field(default_factory=dict)
    is_ranking: bool = False
    is_of_ratings: bool = False

    @property
    def failures_by_status(self) -> dict[str, int]:
        """Status -> number of failed outcomes."""
        return dict(Counter(failure.status for failure in self.failures))

    @property
    def targets(self) -> KeysView[Target]:
        """Everything the judge was asked about."""
        return self.orders.keys()


def verdict_table(
    criterion: Criterion, outcomes: Iterable[Verdict | Failure], *, use: Use = "value", combine: Combine | None = None
) -> VerdictTable:
    """Return the judge's numbers.

    Samples of one target become their median on an ordered scale and their majority on an unordered one
    (`score`: their mean), unless `combine` says otherwise. The two orders of a pair must not contradict each
    other, else the pair has no number (`orders_disagree`); where one of them failed, the other stands.

    Raises:
        InvalidRecord: A verdict is off the criterion's scale, or a target has two for one sample; the message
            names the target.
    """
    answers: dict[Target, dict[str, list[Verdict | Failure]]] = defaultdict(lambda: defaultdict(list))
    for outcome in sorted((each for each in outcomes if each.criterion == criterion.id), key=_place):
        some = answers[outcome.target, outcome.turn][outcome.order or "forward"]
        if some and some[-1].sample == outcome.sample:
            hint = "Number repeated verdicts with sample 0, 1, 2 ..., or keep one"
            raise InvalidRecord(f"two verdicts for sample {outcome.sample}", where=outcome.target, hint=hint)
        some.append(outcome)
    numbers: dict[Target, float] = {}
    spoken: dict[Target, Verdict] = {}
    failures: list[Failure] = []
    missing: dict[Target, str] = {}
    orders: dict[Target, dict[str, float | None]] = {}
    probabilities: dict[Target, float] = {}
    are_shares = criterion.scale.type != "binary" or _are_shares(answers)
    for target, by_order in answers.items():
        every = [outcome for order in sorted(by_order) for outcome in by_order[order]]
        failures += [outcome for outcome in every if isinstance(outcome, Failure)]
        said = [outcome for outcome in every if isinstance(outcome, Verdict)]
        orders[target] = {order: _settle(criterion, some, use, combine) for order, some in by_order.items()}
        if said:
            spoken[target] = said[0]
        probability = _probability_of_positive(criterion, said, are_shares=are_shares)
        if probability is not None:
            probabilities[target] = probability
        known = {number for number in orders[target].values() if number is not None}
        if len(known) == 1:
            numbers[target] = known.pop()
        else:
            missing[target] = "orders_disagree" if known else _cause(every)
    ranks = numbers if use == "score" or not _are_finer(answers) else _ranks(criterion, answers)
    if use == "score" and not are_shares:
        missing |= dict.fromkeys(numbers, "score_off_scale")
        numbers = {}
    is_ranking = not are_shares and not numbers
    return VerdictTable(numbers, spoken, tuple(failures), missing, orders, probabilities, ranks, is_ranking)


def _place(outcome: Verdict | Failure) -> tuple[str, str, str, int, str]:
    return (outcome.target, outcome.turn or "", outcome.order or "", outcome.sample, outcome.id or "")


def _cause(outcomes: Sequence[Verdict | Failure]) -> str:
    """Return why none of a target's outcomes made a number: an answer says more than a failure."""
    said = [outcome for outcome in outcomes if isinstance(outcome, Verdict)]
    answered = [verdict.status for verdict in said if verdict.status != "ok"]
    if said and not answered:
        return "no_value" if all(verdict.value is None for verdict in said) else "samples_tie"
    return str(min(answered)) if answered else min(outcome.status for outcome in outcomes)


def combining(criterion: Criterion, use: Use, combine: Combine | None) -> Combine:
    """Return how several samples become one: as the judge says where that makes sense, else the usual way.

    Levels without an order can only be voted on, and scores, which seldom repeat, never.
    """
    if use == "score":
        return "median" if combine == "median" else "mean"
    if criterion.scale.measurement == "nominal":
        return "vote"
    return combine or "median"


def _settle(
    criterion: Criterion, outcomes: Sequence[Verdict | Failure], use: Use, combine: Combine | None = None
) -> float | None:
    given = [number_of(criterion, o, use) for o in outcomes if isinstance(o, Verdict) and o.status == "ok"]
    numbers = [number for number in given if number is not None]
    if len(numbers) < 2:
        return numbers[0] if numbers else None
    rule = combining(criterion, use, combine)
    if rule != "vote":
        return float(np.mean(sorted(numbers)) if rule == "mean" else np.median(numbers))
    (top, most), *rest = Counter(numbers).most_common(2)
    return None if rest and rest[0][1] == most else top


def number_of(criterion: Criterion, verdict: Verdict, use: Use) -> float | None:
    """Return a verdict's score, where that is used and given, else its value's place on the scale.

    Raises:
        InvalidRecord: The value is off the scale; the message names the target.
    """
    if use == "score" and verdict.score is not None:
        return verdict.score
    if verdict.value is None:
        return None
    try:
        return criterion.scale.code(criterion.scale.read(verdict.value))
    except InvalidRecord as error:
        raise InvalidRecord(error.what, where=f"verdict on {verdict.target}", hint=error.hint) from error


def _are_shares(answers: Answers) -> bool:
    """Whether every score lies from 0 to 1; scores from 1 to 10 rank, and their 1 is no certainty."""
    given = (each for by_order in answers.values() for some in by_order.values() for each in some)
    scores = (each.score for each in given if isinstance(each, Verdict) and each.score is not None)
    return all(0 <= score <= 1 for score in scores)


def _are_finer(answers: Answers) -> bool:
    """Whether there are scores or several samples, so that targets can be put in a finer order than their levels."""
    given = (each for by_order in answers.values() for some in by_order.values() for each in some)
    return any(each.sample or (isinstance(each, Verdict) and each.score is not None) for each in given)


def _ranks(criterion: Criterion, answers: Answers) -> dict[Target, float]:
    """Return the mean over samples of the score, or of the value; nothing for levels that have no order."""
    if criterion.scale.type not in ("binary", "ordinal", "numeric"):
        return {}
    ranks = {target: _settle(criterion, by_order.get("forward", ()), "score") for target, by_order in answers.items()}
    return {target: rank for target, rank in ranks.items() if rank is not None}


def _probability_of_positive(criterion: Criterion, verdicts: Iterable[Verdict], *, are_shares: bool) -> float | None:
    """Return the mean probability that verdicts on one target give the positive level; None where none gives any.

    A binary score is an expected place on the scale, which is the upper level's probability, where scores are shares.
    """
    positive = criterion.scale.positive_level
    if positive is None:
        return None
    given = [_probability(criterion, verdict, are_shares=are_shares) for verdict in verdicts if verdict.status == "ok"]
    known = sorted(number for number in given if number is not None)
    return float(np.mean(known)) if known else None


def _probability(criterion: Criterion, verdict: Verdict, *, are_shares: bool) -> float | None:
    scale = criterion.scale
    if verdict.distribution:
        key = json.dumps(scale.positive_level, ensure_ascii=False)
        levels = [json.dumps(level, ensure_ascii=False) for level in scale.levels]
        total = sum(verdict.distribution.get(level, 0.0) for level in levels)
        return min(1.0, verdict.distribution.get(key, 0.0) / total) if total > 0 else None
    if verdict.score is None or not are_shares:
        return None
    return verdict.score if scale.code(scale.positive_level or scale.levels[-1]) == 1 else 1 - verdict.score
