"""The rating table: who gave which target which number on one criterion, with what is missing counted.

A target is a session or pair, with a turn where turns are scored. Numbers are the declared scale's
places in arithmetic (`Scale.code`). Anonymous labels fill nameless columns: their order means nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from judgekit.records.dataset import Dataset
from judgekit.records.label import Label, LabelKind
from judgekit.records.rubric import Criterion, Value
from judgekit.records.session import Session
from judgekit.stats.sample import Sample

Target = tuple[str, str | None]
"""(session or pair id, turn id or None)."""
ANONYMOUS = "anonymous"
Unit = Callable[[str], str]
"""Id of a session or pair -> its independent unit."""


@dataclass(frozen=True)
class RatingTable:
    """Labels of one criterion as numbers.

    Attributes:
        criterion: The question.
        targets: What was rated, in the dataset's order; one row each.
        raters: One name a column; anonymous columns are called `anonymous#1`, ...
        values: Shape (n_targets, n_raters), NaN where a rater gave no number.
        units: Shape (n_targets,), the independent unit of each target as a whole number.
        dropped: Labels that gave no number, by cause.
        unrated: Target without any number -> why: what its raters said instead.
    """

    criterion: Criterion
    targets: tuple[Target, ...]
    raters: tuple[str, ...]
    values: np.ndarray
    units: np.ndarray
    dropped: Mapping[str, int] = field(default_factory=dict)
    unrated: Mapping[Target, str] = field(default_factory=dict)

    @property
    def is_named(self) -> bool:
        """Whether every column is one known rater."""
        return not any(rater.startswith(f"{ANONYMOUS}#") for rater in self.raters)

    def only(self, raters: Sequence[str]) -> RatingTable:
        """Return the table of some of its raters, over the same targets."""
        kept = [self.raters.index(rater) for rater in raters]
        return replace(self, raters=tuple(raters), values=self.values[:, kept], dropped={})

    def members(self, named: Collection[str]) -> list[str]:
        """Return the columns of a group's raters; `anonymous` among their names stands for every nameless column."""
        nameless = f"{ANONYMOUS}#" if ANONYMOUS in named else None
        return [each for each in self.raters if each in named or (nameless and each.startswith(nameless))]

    def column(self, rater: str) -> np.ndarray:
        """Return one rater's numbers, shape (n_targets,)."""
        return self.values[:, self.raters.index(rater)]

    def sample(self, columns: Sequence[np.ndarray], names: Sequence[str], dropped: Mapping[str, int]) -> Sample:
        """Return columns over these targets as a sample of the declared scale."""
        return sample_of(self.criterion, np.column_stack(columns), self.units, names=names, dropped=dropped)


def rating_table(
    dataset: Dataset,
    criterion: Criterion,
    *,
    kinds: Iterable[LabelKind] = ("human",),
    targets: set[str] | None = None,
) -> RatingTable:
    """Return the table of one criterion's labels.

    Args:
        dataset: Where the labels are.
        criterion: The question; its scale must have arithmetic.
        kinds: Kinds of label that count.
        targets: Sessions or pairs to keep; None keeps all.
    """
    wanted, dropped = set(kinds), Counter[str]()
    code = _coder(criterion)
    unrated: dict[Target, str] = {}
    cells: dict[Target, dict[str, float]] = defaultdict(dict)
    labels = [each for each in dataset.labels_by_criterion[criterion.id] if each.kind in wanted]
    if targets is not None:
        labels = [label for label in labels if label.target in targets]
    for label in sorted(labels, key=lambda each: each.occasion):
        if label.status != "ok":
            unrated.setdefault((label.target, label.turn), label.status)
        _place(label, code, cells[label.target, label.turn], dropped)
    if any(label.rater is None for label in labels):
        _order_anonymous(cells)
    ordered = _in_dataset_order(dataset, cells)
    raters = _columns(cells, dataset.raters)
    values = np.array([[cells[t].get(r, np.nan) for r in raters] for t in ordered]).reshape(len(ordered), len(raters))
    units = unit_codes(ordered, dataset.unit)
    return RatingTable(criterion, ordered, raters, values, units, dict(dropped), unrated)


def sample_of(
    criterion: Criterion,
    ratings: np.ndarray,
    units: np.ndarray,
    *,
    names: Sequence[str] = (),
    dropped: Mapping[str, int] | None = None,
) -> Sample:
    """Return numbers on a criterion's declared scale as a sample.

    Args:
        criterion: Whose scale.
        ratings: Shape (n, n_sides), NaN for missing.
        units: Shape (n,), the independent unit of each row.
        names: One word per side, for reasons.
        dropped: Rows already left out, by cause.
    """
    scale = criterion.scale
    levels = np.array(scale.numbers()) if scale.levels else None
    positive = None if scale.positive_level is None else scale.code(scale.positive_level)
    alone = len(np.unique(units)) == len(units)
    return Sample(
        ratings=ratings,
        units=None if alone else units,
        levels=levels,
        positive=positive,
        dropped=dict(dropped or {}),
        names=tuple(names),
    )


def on_levels(criterion: Criterion, *columns: np.ndarray) -> np.ndarray:
    """Return which rows hold legal levels in every column; missing counts as legal. Shape (n,)."""
    levels = np.array(criterion.scale.numbers())
    if not criterion.scale.levels:
        return np.ones(len(columns[0]), dtype=bool)
    legal: np.ndarray = np.all([np.isnan(column) | np.isin(column, levels) for column in columns], axis=0)
    return legal


def unit_codes(targets: Sequence[Target], unit: Unit) -> np.ndarray:
    """Return a whole number per target, equal exactly where the independent unit is."""
    names = [unit(target) for target, _turn in targets]
    place = {name: number for number, name in enumerate(sorted(set(names)))}
    return np.array([place[name] for name in names], dtype=int)


def excerpt(session: Session | None, length: int = 100) -> str:
    """Return the first words the user said, for orientation in a list."""
    if session is None:
        return ""
    said = next((turn.text for turn in session.turns if turn.role == "user" and turn.text), "")
    folded = " ".join(said.split())
    return folded if len(folded) <= length else folded[: length - 1].rstrip() + "…"


def _place(label: Label, code: Callable[[Value], float], row: dict[str, float], dropped: Counter[str]) -> None:
    if label.status != "ok" or label.value is None:
        dropped[label.status] += 1
    elif label.rater is None:
        row[f"{ANONYMOUS}#{1 + sum(name.startswith(f'{ANONYMOUS}#') for name in row)}"] = code(label.value)
    elif label.rater in row:
        dropped["later_occasion"] += 1
    else:
        row[label.rater] = code(label.value)


def _coder(criterion: Criterion) -> Callable[[Value], float]:
    """Return the scale's code, which remembers: many labels share few values."""
    known: dict[tuple[type, Value], float] = {}

    def code(value: Value) -> float:
        place = (type(value), value)  # True is 1 to a dictionary, and not to a scale
        if place not in known:
            known[place] = criterion.scale.code(value)
        return known[place]

    return code


def _order_anonymous(cells: Mapping[Target, dict[str, float]]) -> None:
    """Sort each row's nameless numbers, so that the order in which labels were read cannot show in an interval."""
    for row in cells.values():
        names = [name for name in row if name.startswith(f"{ANONYMOUS}#")]
        row.update(zip(names, sorted(row[name] for name in names), strict=True))


def _in_dataset_order(dataset: Dataset, cells: Mapping[Target, object]) -> tuple[Target, ...]:
    place = dataset.place_by_id
    return tuple(sorted(cells, key=lambda target: (place.get(target[0], len(place)), target[0], target[1] or "")))


def _columns(cells: Mapping[Target, Mapping[str, float]], known: Sequence[str]) -> tuple[str, ...]:
    seen = {rater for row in cells.values() for rater in row}
    named = [rater for rater in known if rater in seen]
    rest = sorted(seen - set(named), key=lambda name: (len(name), name))
    return (*sorted(named), *rest)
