"""What a judge answered when it was asked several times, side by side: the same targets, one column an asking.

An answer is a place on the scale, or what was said instead: "not applicable" and "can't judge" are answers too.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from judgekit.analysis.rating import Target
from judgekit.analysis.verdict_table import verdict_table
from judgekit.records.judge import Combine
from judgekit.records.rubric import Criterion, Value, level_text
from judgekit.records.verdict import Failure, Verdict
from judgekit.stats.sample import FloatArray, IntArray

Answer = float | str
"""A place on the scale, or what was answered instead, or, where the scale has no places, the answer's text."""
Unit = Callable[[Target], str]
"""From a target to its independent unit."""
OTHER_ANSWERS = ("not_applicable", "cannot_judge")


@dataclass(frozen=True)
class Answers:
    """What one asking brought on one criterion.

    Attributes:
        said: Target -> its answer.
        missing: Target -> why there is none.
        spoken: Target -> the verdict, to show.
        failures: Status -> outcomes without an answer.
    """

    said: Mapping[Target, Answer]
    missing: Mapping[Target, str]
    spoken: Mapping[Target, Verdict]
    failures: Mapping[str, int] = field(default_factory=dict)


def is_comparable(criterion: Criterion) -> bool:
    """Whether two answers can be the same: open texts hardly ever are."""
    return criterion.scale.type != "text"


def answers_of(
    criterion: Criterion, outcomes: Sequence[Verdict | Failure], *, combine: Combine | None = None
) -> Answers:
    """Return one asking's answers; several samples become one as they do everywhere."""
    own = [each for each in outcomes if each.criterion == criterion.id]
    failures: Counter[str] = Counter(each.status for each in own if isinstance(each, Failure))
    if criterion.scale.type == "multi_select":
        return _listed(own, failures)
    table = verdict_table(criterion, own, combine=combine)
    others = {target: why for target, why in table.missing.items() if why in OTHER_ANSWERS}
    missing = {target: why for target, why in table.missing.items() if why not in OTHER_ANSWERS}
    return Answers({**table.numbers, **others}, missing, table.spoken, failures)


def askings_of(
    criterion: Criterion, outcomes: Sequence[Verdict | Failure], n_samples: int, *, combine: Combine | None = None
) -> tuple[Answers, ...]:
    """Return the baseline and its reruns: the first `n_samples` samples of each target, the next, and so on."""
    by_asking: dict[int, list[Verdict | Failure]] = defaultdict(list)
    for outcome in outcomes:
        by_asking[outcome.sample // n_samples].append(outcome)
    return tuple(answers_of(criterion, by_asking[place], combine=combine) for place in sorted(by_asking))


class Lined:
    """Targets with an answer to every asking, and to the changed one where there is one; the others by cause."""

    def __init__(self, askings: Sequence[Answers], changed: Answers | None, unit: Unit) -> None:
        """Line the askings up: the baseline, its reruns, and the changed one where there is one."""
        asked = changed or askings[0]
        dropped: Counter[str] = Counter()
        targets = []
        for target in sorted({*asked.said, *asked.missing}, key=lambda each: (each[0], each[1] or "")):
            if target in asked.missing:
                dropped[asked.missing[target]] += 1
            elif any(target not in each.said for each in askings):
                dropped["no_rerun" if changed is None else "no_baseline_or_rerun"] += 1
            else:
                targets.append(target)
        self.targets: list[Target] = targets
        self.dropped = dict(sorted(dropped.items()))
        self.askings = [[each.said[target] for each in askings] for target in targets]
        self.changed = [] if changed is None else [changed.said[target] for target in targets]
        names = [unit(target) for target in targets]
        self.units: IntArray = np.unique(np.array(names, dtype=str), return_inverse=True)[1].astype(np.int64)
        self.rerun_flips: FloatArray = np.array(
            [[float(again != first) for again in more] for first, *more in self.askings]
        ).reshape(len(targets), len(askings) - 1)


def leaning(criterion: Criterion, toward: Value | None) -> Callable[[Answer], float] | None:
    """Return how far an answer lies toward another: on its scale, or 1 where it is that answer."""
    scale = criterion.scale
    if scale.type in ("binary", "ordinal", "numeric"):
        sign = _sign(criterion, toward)
        return lambda answer: sign * answer if isinstance(answer, float | int) else math.nan
    if toward is None or scale.type not in ("categorical", "preference"):
        return None
    places = {scale.code(toward): 1.0}
    if scale.type == "preference" and "tie" in scale.levels:
        places[scale.code("tie")] = 0.5
    return lambda answer: places.get(answer, 0.0) if isinstance(answer, float | int) else 0.0


def furthest(criterion: Criterion, toward: Value | None) -> float:
    """Return the lean of the answer that is leant to."""
    if toward is None or criterion.scale.type in ("categorical", "preference"):
        return 1.0
    return _sign(criterion, toward) * criterion.scale.code(toward)


def _sign(criterion: Criterion, toward: Value | None) -> float:
    scale = criterion.scale
    if toward is None:
        return 1.0
    if scale.type == "numeric":
        return -1.0 if toward == scale.min else 1.0
    return 1.0 if scale.code(toward) >= float(np.mean(scale.numbers())) else -1.0


def _listed(outcomes: Sequence[Verdict | Failure], failures: Mapping[str, int]) -> Answers:
    """Return answers of lists of levels: the list most samples gave, as text."""
    given: dict[Target, list[str]] = defaultdict(list)
    lost: dict[Target, str] = {}
    spoken: dict[Target, Verdict] = {}
    for outcome in outcomes:
        target = (outcome.target, outcome.turn)
        if isinstance(outcome, Failure):
            lost[target] = outcome.status
            continue
        spoken.setdefault(target, outcome)
        given[target].append(outcome.status if outcome.status != "ok" else _text(outcome.value))
    said = {target: Counter(sorted(texts)).most_common(1)[0][0] for target, texts in given.items()}
    return Answers(said, {target: why for target, why in lost.items() if target not in said}, spoken, failures)


def _text(value: Value | None) -> str:
    return ", ".join(sorted(value)) if isinstance(value, tuple) else level_text(value)
