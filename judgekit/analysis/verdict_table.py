"""A judge's outcomes on one criterion as one number per target, with failures counted by cause.

Several samples or both orders of a pair become one number by the rules here; nothing that failed gets a
default score.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from judgekit.analysis.rating import Target
from judgekit.errors import InvalidRecord
from judgekit.records.rubric import Criterion
from judgekit.records.verdict import Failure, Verdict

Use = Literal["value", "score"]
"""What of a verdict is measured: its level, or its finer score."""


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
    """

    numbers: Mapping[Target, float]
    spoken: Mapping[Target, Verdict]
    failures: tuple[Failure, ...]
    missing: Mapping[Target, str]
    orders: Mapping[Target, Mapping[str, float | None]]
    probabilities: Mapping[Target, float] = field(default_factory=dict)

    @property
    def failures_by_status(self) -> dict[str, int]:
        """Status -> number of failed outcomes."""
        return dict(Counter(failure.status for failure in self.failures))

    @property
    def targets(self) -> set[Target]:
        """Everything the judge was asked about."""
        return {*self.orders}


def verdict_table(criterion: Criterion, outcomes: Iterable[Verdict | Failure], *, use: Use = "value") -> VerdictTable:
    """Return the judge's numbers.

    Samples of one target become their median on an ordered scale and their majority on an unordered one
    (`score`: their mean). The two orders of a pair must not contradict each other, else the pair has no number
    (`orders_disagree`); where one of them failed, the other stands.

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
    for target, by_order in answers.items():
        every = [outcome for order in sorted(by_order) for outcome in by_order[order]]
        failures += [outcome for outcome in every if isinstance(outcome, Failure)]
        said = [outcome for outcome in every if isinstance(outcome, Verdict)]
        orders[target] = {order: _settle(criterion, some, use) for order, some in by_order.items()}
        if said:
            spoken[target] = said[0]
        probability = _probability_of_positive(criterion, said)
        if probability is not None:
            probabilities[target] = probability
        known = {number for number in orders[target].values() if number is not None}
        if len(known) == 1:
            numbers[target] = known.pop()
        else:
            missing[target] = "orders_disagree" if known else _cause(every)
    return VerdictTable(numbers, spoken, tuple(failures), missing, orders, probabilities)


def _place(outcome: Verdict | Failure) -> tuple[str, str, str, int, str]:
    return (outcome.target, outcome.turn or "", outcome.order or "", outcome.sample, outcome.id or "")


def _cause(outcomes: Sequence[Verdict | Failure]) -> str:
    """Return why none of a target's outcomes made a number: an answer says more than a failure."""
    said = [outcome for outcome in outcomes if isinstance(outcome, Verdict)]
    answered = [verdict.status for verdict in said if verdict.status != "ok"]
    if said and not answered:
        return "no_value" if all(verdict.value is None for verdict in said) else "samples_tie"
    return str(min(answered)) if answered else min(outcome.status for outcome in outcomes)


def _settle(criterion: Criterion, outcomes: Sequence[Verdict | Failure], use: Use) -> float | None:
    given = [_number(criterion, o, use) for o in outcomes if isinstance(o, Verdict) and o.status == "ok"]
    numbers = [number for number in given if number is not None]
    if not numbers:
        return None
    if use == "score":
        return float(np.mean(sorted(numbers)))
    if criterion.scale.measurement != "nominal":
        return float(np.median(numbers))
    (top, most), *rest = Counter(numbers).most_common(2)
    return None if rest and rest[0][1] == most else top


def _number(criterion: Criterion, verdict: Verdict, use: Use) -> float | None:
    if use == "score" and verdict.score is not None:
        return verdict.score
    if verdict.value is None:
        return None
    try:
        return criterion.scale.code(criterion.scale.read(verdict.value))
    except InvalidRecord as error:
        raise InvalidRecord(error.what, where=f"verdict on {verdict.target}", hint=error.hint) from error


def _probability_of_positive(criterion: Criterion, verdicts: Iterable[Verdict]) -> float | None:
    """Return the mean probability that verdicts on one target give the positive level; None where none gives any.

    A binary score is an expected place on the scale, which is the upper level's probability.
    """
    positive = criterion.scale.positive_level
    if positive is None:
        return None
    given = [_probability(criterion, verdict) for verdict in verdicts if verdict.status == "ok"]
    known = sorted(number for number in given if number is not None)
    return float(np.mean(known)) if known else None


def _probability(criterion: Criterion, verdict: Verdict) -> float | None:
    scale = criterion.scale
    if verdict.distribution:
        key = json.dumps(scale.positive_level, ensure_ascii=False)
        total = sum(verdict.distribution.values())
        return min(1.0, verdict.distribution.get(key, 0.0) / total) if total > 0 else None
    if verdict.score is None or not 0 <= verdict.score <= 1:
        return None
    return verdict.score if scale.code(scale.positive_level or scale.levels[-1]) == 1 else 1 - verdict.score
