"""How several raters become one reference, and the leave-one-out references of the human ceiling.

A reference is a number on the scale; where raters tie there is none (majority), or it lies between
two levels (median, mean): such rows are counted, never rounded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from judgekit.analysis.rating import RatingTable, Target, rating_table
from judgekit.errors import InputError, UnknownName
from judgekit.records.dataset import Aggregation, Dataset, RaterGroup
from judgekit.records.rubric import Criterion

RULES = ("majority", "mean", "median", "adjudicated", "gold", "rater:NAME", "group:NAME")
_AGGREGATIONS: dict[str, Aggregation] = {"majority": "majority", "mean": "mean", "median": "median"}


@dataclass(frozen=True)
class Reference:
    """One number per target.

    Attributes:
        rule: How it was made, such as `majority`.
        values: Target -> number.
        missing: Target without a reference -> why.
    """

    rule: str
    values: Mapping[Target, float]
    missing: Mapping[Target, str] = field(default_factory=dict)

    @property
    def dropped(self) -> dict[str, int]:
        """Targets without a reference, by cause."""
        return dict(Counter(self.missing.values()))


@dataclass(frozen=True)
class LeaveOneOut:
    """Each rater against the others, row by row: the rows that a ceiling is measured on.

    Attributes:
        targets: Target of each row, shape (n_rows,).
        own: The left-out rater's number, shape (n_rows,).
        others: The others' reference, shape (n_rows,).
        raters: Name of the left-out rater of each row.
        dropped: Rows without a reference, by cause.
    """

    targets: tuple[Target, ...]
    own: np.ndarray
    others: np.ndarray
    raters: tuple[str, ...]
    dropped: Mapping[str, int]


def default_rule(criterion: Criterion) -> str:
    """Return the usual rule of a scale: majority for unordered, median for ordinal, mean for numeric."""
    return {"nominal": "majority", "ordinal": "median", "interval": "mean"}.get(criterion.scale.measurement, "majority")


def reference(dataset: Dataset, criterion: Criterion, rule: str, *, targets: set[str] | None = None) -> Reference:
    """Return the reference of every labelled target.

    Args:
        dataset: Where labels and adjudications are.
        criterion: The question.
        rule: One of `RULES`.
        targets: Sessions or pairs to keep; None keeps all.

    Raises:
        UnknownName: The rule, rater or group is not known.
        InputError: A mean or median is asked for levels without an order, or a group gave no label.
    """
    kind, _, name = rule.partition(":")
    if rule == "adjudicated":
        return _adjudicated(dataset, criterion, targets)
    if rule == "gold":
        return aggregate(rating_table(dataset, criterion, kinds=("gold",), targets=targets), "majority", rule=rule)
    table = rating_table(dataset, criterion, targets=targets)
    if kind == "rater" and name:
        return _of_columns(table, [_known_rater(table, name)], "majority", rule)
    if kind == "group" and name:
        group = _known_group(dataset, name)
        return _of_columns(table, table.members(group.raters), group_aggregation(group, criterion), rule)
    if rule not in _AGGREGATIONS:
        raise UnknownName("reference", rule, RULES)
    if rule != "majority" and is_unordered(criterion):
        words = f"reference {rule!r} needs an order, and the levels of a {criterion.scale.type} scale have none"
        raise InputError(words, where=f"criterion {criterion.id!r}", hint="Use --reference majority")
    return aggregate(table, _AGGREGATIONS[rule], rule=rule)


def aggregate(table: RatingTable, how: Aggregation, *, rule: str | None = None) -> Reference:
    """Return each row's one number.

    Args:
        table: Numbers by target and rater.
        how: `majority` (the most frequent; none on a tie), `mean` or `median`.
        rule: What to call it; `how` when not given.
    """
    numbers, causes = _row_numbers(table.values, how)
    known = {target: float(v) for target, v in zip(table.targets, numbers, strict=True) if not np.isnan(v)}
    missing = {target: cause for target, cause in zip(table.targets, causes, strict=True) if cause}
    for target in (target for target, cause in missing.items() if cause == "no_label"):
        missing[target] = table.unrated.get(target, "no_label")  # what the raters said instead of a number
    return Reference(rule or how, known, missing)


def leave_one_out(table: RatingTable, how: Aggregation) -> LeaveOneOut:
    """Return one row per rating that others can be held against.

    The others' reference is made by the same rule and the same handling of ties for whoever is measured
    against it, so that a judge and a rater compared on these rows meet the same targets.
    """
    targets: list[Target] = []
    own, others, raters = [], [], []
    dropped: Counter[str] = Counter()
    for place, rater in enumerate(table.raters):
        mine = table.values[:, place]
        rest = np.delete(table.values, place, axis=1)
        numbers, _ = _row_numbers(rest, how)
        rated = ~np.isnan(mine)
        alone = rated & np.all(np.isnan(rest), axis=1)
        tied = rated & ~alone & np.isnan(numbers)
        dropped.update({"no_other_rater": int(alone.sum()), "others_tie": int(tied.sum())})
        for row in np.flatnonzero(rated & ~np.isnan(numbers)):
            targets.append(table.targets[row])
            own.append(mine[row])
            others.append(numbers[row])
            raters.append(rater)
    return LeaveOneOut(tuple(targets), np.array(own), np.array(others), tuple(raters), +dropped)


def aggregation_of(rule: str, criterion: Criterion) -> Aggregation:
    """Return the aggregation that leave-one-out references use beside a rule."""
    return _AGGREGATIONS.get(rule) or _AGGREGATIONS[default_rule(criterion)]


def group_aggregation(group: RaterGroup, criterion: Criterion) -> Aggregation:
    """Return how a group's labels become one: its own way; majority on levels without an order, the only one there."""
    return "majority" if is_unordered(criterion) else group.aggregate


def is_unordered(criterion: Criterion) -> bool:
    """Return whether places on the scale are mere names, so that a mean of them would be some third level."""
    return criterion.scale.type in ("categorical", "preference")


def _of_columns(table: RatingTable, raters: list[str], how: Aggregation, rule: str) -> Reference:
    if not raters:
        raise InputError(f"no label of reference {rule!r} on criterion {table.criterion.id!r}")
    return aggregate(table.only(raters), how, rule=rule)


def _known_rater(table: RatingTable, name: str) -> str:
    if name not in table.raters:
        raise UnknownName("rater", name, table.raters)
    return name


def _known_group(dataset: Dataset, name: str) -> RaterGroup:
    group = dataset.card.raters.get(name)
    if group is None:
        raise UnknownName("rater group", name, dataset.card.raters, where="dataset.toml [raters]")
    return group


def _adjudicated(dataset: Dataset, criterion: Criterion, targets: set[str] | None) -> Reference:
    values: dict[Target, float] = {}
    missing: dict[Target, str] = {}
    for settled in dataset.adjudications:
        if settled.criterion != criterion.id or (targets is not None and settled.target not in targets):
            continue
        if settled.value is None:
            missing[settled.target, settled.turn] = settled.status
        else:
            values[settled.target, settled.turn] = criterion.scale.code(settled.value)
    return Reference("adjudicated", values, missing)


def _row_numbers(values: np.ndarray, how: Aggregation) -> tuple[np.ndarray, list[str | None]]:
    given = np.sort(values, axis=1)  # missing ratings go last, and the raters' order cannot show in a sum
    n_given = (~np.isnan(given)).sum(axis=1)
    numbers = np.full(len(values), np.nan)
    rated = np.flatnonzero(n_given)
    if how == "majority":
        numbers[rated] = _modes(given[rated])
    elif how == "mean":
        numbers[rated] = np.nansum(given[rated], axis=1) / n_given[rated]
    else:
        middle = [given[rated, place] for place in ((n_given[rated] - 1) // 2, n_given[rated] // 2)]
        numbers[rated] = (middle[0] + middle[1]) / 2
    lacking = np.where(n_given == 0, "no_label", "raters_tie")
    return numbers, [str(lacking[row]) if np.isnan(numbers[row]) else None for row in range(len(values))]


def _modes(given: np.ndarray) -> np.ndarray:
    """Return the most frequent number of each row, shape (n_rows,); NaN where several are."""
    counts = np.zeros(given.shape, dtype=int)
    for column in given.T:
        counts += given == column[:, None]  # a missing number equals none
    is_top = (counts == counts.max(axis=1, keepdims=True, initial=1)) & ~np.isnan(given)
    lowest = np.where(is_top, given, np.inf).min(axis=1, initial=np.inf)
    highest = np.where(is_top, given, -np.inf).max(axis=1, initial=-np.inf)
    return np.where(lowest == highest, lowest, np.nan)
