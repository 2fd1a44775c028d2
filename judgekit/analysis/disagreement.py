"""Where people, or a judge and people, lie furthest apart: lists that are read, not numbers.

Worst first; ties broken by id, so that the same data give the same list.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np

from judgekit.analysis.rating import RatingTable, Target, excerpt
from judgekit.analysis.verdict_table import VerdictTable
from judgekit.records.dataset import Dataset
from judgekit.records.label import Label
from judgekit.records.report import Disagreement, Rating
from judgekit.records.rubric import Criterion, Value
from judgekit.records.verdict import Failure, Verdict


def contested(dataset: Dataset, table: RatingTable, n_most: int) -> tuple[Disagreement, ...]:
    """Return the targets that raters differ on most, with everybody's words.

    Distance is the widest gap between two raters: in the scale's numbers where it has an order, else
    the share of pairs of raters who differ.
    """
    spreads = {target: _spread(table, row) for row, target in enumerate(table.targets)}
    worst = sorted((t for t in spreads if spreads[t] > 0), key=lambda t: (-spreads[t], t[0], t[1] or ""))[:n_most]
    spoken = labels_by_target(dataset, table.criterion)
    return tuple(
        Disagreement(
            criterion=table.criterion.id,
            target=_name(target),
            excerpt=_excerpt(dataset, target),
            distance=spreads[target],
            ratings=tuple(map(rating_of, spoken[target])),
        )
        for target in worst
    )


def worst_verdicts(
    dataset: Dataset, criterion: Criterion, verdicts: VerdictTable, reference: Mapping[Target, float], *, n_most: int
) -> tuple[Disagreement, ...]:
    """Return the verdicts furthest from the reference, with the judge's words and every rater's."""
    ordered = criterion.scale.measurement != "nominal"
    gaps = {
        target: abs(number - reference[target]) if ordered else 1.0
        for target, number in verdicts.numbers.items()
        if target in reference and number != reference[target]
    }
    spoken = labels_by_target(dataset, criterion)
    worst = sorted(gaps, key=lambda t: (-gaps[t], -len(spoken[t]), t[0], t[1] or ""))[:n_most]
    return tuple(
        Disagreement(
            criterion=criterion.id,
            target=_name(target),
            excerpt=_excerpt(dataset, target),
            distance=gaps[target],
            judge=_judge_rating(verdicts.spoken.get(target)),
            reference=value_at(criterion, reference[target]),
            ratings=tuple(map(rating_of, spoken[target])),
        )
        for target in worst
    )


def without_verdict(dataset: Dataset, criterion: Criterion, failures: Iterable[Failure]) -> tuple[Disagreement, ...]:
    """Return the targets that a judge failed on, with the cause and what the experts said."""
    spoken = labels_by_target(dataset, criterion)
    return tuple(
        Disagreement(
            criterion=criterion.id,
            target=_name((failure.target, failure.turn)),
            excerpt=_excerpt(dataset, (failure.target, failure.turn)),
            distance=0.0,
            judge=Rating(rater=failure.judge, value=None, status=failure.status, rationale=failure.detail or None),
            ratings=tuple(map(rating_of, spoken[failure.target, failure.turn])),
        )
        for failure in failures
    )


def labels_by_target(dataset: Dataset, criterion: Criterion) -> dict[Target, list[Label]]:
    """Return people's labels of one criterion (and gold) by what they are about, raters in order."""
    spoken: dict[Target, list[Label]] = defaultdict(list)
    for label in sorted(dataset.labels, key=lambda each: (each.rater or "", each.occasion, each.id)):
        if label.criterion == criterion.id and label.kind in ("human", "gold"):
            spoken[label.target, label.turn].append(label)
    return spoken


def rating_of(label: Label) -> Rating:
    """Return a label as it is shown in a list."""
    return Rating(rater=label.rater, value=label.value, status=label.status, rationale=label.rationale)


def value_at(criterion: Criterion, number: float) -> Value:
    """Return the level at a place of the scale; the number itself where it lies between levels."""
    places = criterion.scale.numbers()
    if criterion.scale.levels and number in places:
        return criterion.scale.levels[places.index(number)]
    return int(number) if float(number).is_integer() else float(number)


def _spread(table: RatingTable, row: int) -> float:
    given = table.values[row][~np.isnan(table.values[row])]
    if len(given) < 2:
        return 0.0
    if table.criterion.scale.measurement == "nominal":
        _levels, counts = np.unique(given, return_counts=True)
        return float(1 - (counts * (counts - 1)).sum() / (len(given) * (len(given) - 1)))
    return float(given.max() - given.min())


def _judge_rating(spoken: Verdict | None) -> Rating | None:
    if spoken is None:
        return None
    value = spoken.value if spoken.value is not None else spoken.score
    return Rating(rater=spoken.judge, value=value, status=spoken.status, rationale=spoken.rationale)


def _excerpt(dataset: Dataset, target: Target) -> str:
    pair = dataset.pair_by_id.get(target[0])
    return excerpt(dataset.session_by_id.get(pair.first if pair else target[0]))


def _name(target: Target) -> str:
    return target[0] if target[1] is None else f"{target[0]}#{target[1]}"
