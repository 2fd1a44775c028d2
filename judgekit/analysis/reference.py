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
from judgekit.records.dataset import Aggregation, Dataset
from judgekit.records.rubric import Criterion

RULES = ("majority", "mean", "median", "adjudicated", "gold", "rater:NAME", "group:NAME")
_AGGREGATIONS: dict[str, Aggregation] = {"majority": "majority", "mean": "mean", "median": "median"}


@dataclass(frozen=True)
class Reference:
    """One number per target.

    Attributes:
        rule: How it was made, such as `majority`.
        values: Target -> number.
        dropped: Targets without a reference, by cause.
    """

    rule: str
    values: Mapping[Target, float]
    dropped: Mapping[str, int] = field(default_factory=dict)


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
        group = dataset.card.raters.get(name)
        if group is None:
            raise UnknownName("rater group", name, dataset.card.raters, where="dataset.toml [raters]")
        return _of_columns(table, [r for r in group.raters if r in table.raters], group.aggregate, rule)
    if rule not in _AGGREGATIONS:
        raise UnknownName("reference", rule, RULES)
    return aggregate(table, _AGGREGATIONS[rule], rule=rule)


def aggregate(table: RatingTable, how: Aggregation, *, rule: str | None = None) -> Reference:
    """Return each row's one number.

    Args:
        table: Numbers by target and rater.
        how: `majority` (the most frequent; none on a tie), `mean` or `median`.
        rule: What to call it; `how` when not given.
    """
    numbers, dropped = _row_numbers(table.values, how)
    known = {target: float(v) for target, v in zip(table.targets, numbers, strict=True) if not np.isnan(v)}
    return Reference(rule or how, known, dropped)


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


def _of_columns(table: RatingTable, raters: list[str], how: Aggregation, rule: str) -> Reference:
    if not raters:
        raise InputError(f"no label of reference {rule!r} on criterion {table.criterion.id!r}")
    kept = [table.raters.index(rater) for rater in raters]
    part = RatingTable(table.criterion, table.targets, tuple(raters), table.values[:, kept], table.units)
    return aggregate(part, how, rule=rule)


def _known_rater(table: RatingTable, name: str) -> str:
    if name not in table.raters:
        raise UnknownName("rater", name, table.raters)
    return name


def _adjudicated(dataset: Dataset, criterion: Criterion, targets: set[str] | None) -> Reference:
    values: dict[Target, float] = {}
    dropped: Counter[str] = Counter()
    for settled in dataset.adjudications:
        if settled.criterion != criterion.id or (targets is not None and settled.target not in targets):
            continue
        if settled.value is None:
            dropped[settled.status] += 1
        else:
            values[settled.target, settled.turn] = criterion.scale.code(settled.value)
    return Reference("adjudicated", values, dropped)


def _row_numbers(values: np.ndarray, how: Aggregation) -> tuple[np.ndarray, Counter[str]]:
    numbers = np.full(len(values), np.nan)
    dropped: Counter[str] = Counter()
    for row, ratings in enumerate(values):
        given = ratings[~np.isnan(ratings)]
        if not len(given):
            dropped["no_label"] += 1
        elif how == "majority":
            numbers[row] = _mode(given)
            dropped["raters_tie"] += int(np.isnan(numbers[row]))
        else:
            numbers[row] = given.mean() if how == "mean" else np.median(given)
    return numbers, +dropped


def _mode(given: np.ndarray) -> float:
    levels, counts = np.unique(given, return_counts=True)
    top = levels[counts == counts.max()]
    return float(top[0]) if len(top) == 1 else float("nan")
