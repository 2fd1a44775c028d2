"""Where people, or a judge and people, lie furthest apart: lists that are read, not numbers.

Worst first; ties broken by id, so that the same data give the same list.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

import numpy as np

from judgekit.analysis.rating import RatingTable, Target, excerpt
from judgekit.analysis.verdict_table import VerdictTable
from judgekit.records.dataset import Dataset
from judgekit.records.label import Label
from judgekit.records.report import Disagreement, Rating
from judgekit.records.rubric import Criterion, Value
from judgekit.records.verdict import Failure, Verdict

MIN_OTHERS = 2
"""Raters from whom one may stand alone; with one other, either does."""


def contested(dataset: Dataset, table: RatingTable, n_most: int) -> tuple[Disagreement, ...]:
    """Return the targets that raters differ on most, with everybody's words.

    Distance is the widest gap between two raters: in the scale's numbers where it has an order, else
    the share of pairs of raters who differ.
    """
    spreads = {target: _spread(table, row) for row, target in enumerate(table.targets)}
    worst = sorted((t for t in spreads if spreads[t] > 0), key=lambda t: (-spreads[t], t[0], t[1] or ""))[:n_most]
    spoken = labels_by_target(dataset, table.criterion, worst)
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


def standing_alone(dataset: Dataset, table: RatingTable, n_most: int) -> dict[str, tuple[Disagreement, ...]]:
    """Return for each rater the targets on which they differ most from at least two others, with everybody's words.

    Distance is to the others' median where the scale has an order, else the share of the others who say something
    else. Of equal distances those come first on which the others agree most with each other.
    """
    found = {rater: _alone(table, column)[:n_most] for column, rater in enumerate(table.raters)}
    spoken = labels_by_target(dataset, table.criterion, {target for each in found.values() for target, *_ in each})
    return {
        rater: tuple(
            Disagreement(
                criterion=table.criterion.id,
                target=_name(target),
                excerpt=_excerpt(dataset, target),
                distance=distance,
                reference=None if np.isnan(others) else value_at(table.criterion, others),
                ratings=tuple(map(rating_of, sorted(spoken[target], key=lambda label: label.rater != rater))),
            )
            for target, distance, others in each
        )
        for rater, each in found.items()
    }


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


def without_verdict(dataset: Dataset, criterion: Criterion, failures: Collection[Failure]) -> tuple[Disagreement, ...]:
    """Return the targets that a judge failed on, with the cause and what the experts said."""
    spoken = labels_by_target(dataset, criterion, {(failure.target, failure.turn) for failure in failures})
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


def labels_by_target(
    dataset: Dataset, criterion: Criterion, targets: Collection[Target] | None = None
) -> dict[Target, list[Label]]:
    """Return people's labels of one criterion (and gold) by what they are about, raters in order."""
    spoken: dict[Target, list[Label]] = defaultdict(list)
    wanted = None if targets is None else set(targets)
    told = [
        label
        for label in dataset.labels_by_criterion[criterion.id]
        if label.kind in ("human", "gold") and (wanted is None or (label.target, label.turn) in wanted)
    ]
    for label in sorted(told, key=lambda each: (each.rater or "", each.occasion, each.id)):
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


def _alone(table: RatingTable, column: int) -> list[tuple[Target, float, float]]:
    """Return (target, distance, what the others say together; NaN if nothing) of one rater, furthest first."""
    own, others = table.values[:, column], np.delete(table.values, column, axis=1)
    meets = np.flatnonzero(~np.isnan(own) & ((~np.isnan(others)).sum(axis=1) >= MIN_OTHERS))
    if not len(meets):
        return []
    own, others = own[meets], others[meets]
    is_nominal = table.criterion.scale.measurement == "nominal"
    together, distance, apart = (_from_majority if is_nominal else _from_median)(own, others)
    targets = [table.targets[row] for row in meets]
    order = sorted(
        np.flatnonzero(distance > 0),
        key=lambda row: (-distance[row], apart[row], targets[row][0], targets[row][1] or ""),
    )
    return [(targets[row], float(distance[row]), float(together[row])) for row in order]


def _from_median(own: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the others' median, one's distance from it, and how far the others lie apart, each shape (n,)."""
    middle = np.nanmedian(others, axis=1)
    return middle, np.abs(own - middle), np.nanmax(others, axis=1) - np.nanmin(others, axis=1)


def _from_majority(own: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what most others say (NaN where none leads), the share who say something else, and how split they are."""
    levels = np.unique(others[~np.isnan(others)])
    counts = (others[:, :, None] == levels).sum(axis=1)
    n_others, most = counts.sum(axis=1), counts.max(axis=1)
    leads = (counts == most[:, None]).sum(axis=1) == 1
    majority = np.where(leads, levels[counts.argmax(axis=1)], np.nan)
    same = (others == own[:, None]).sum(axis=1)
    return majority, 1 - same / n_others, 1 - most / n_others


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
