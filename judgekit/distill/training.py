"""What a student learns from: the experts' labels of the chosen splits, as weighted rows.

Why every rater's label is a row of its own, weighing 1 / (labels of the target), instead of one reference
per target: where raters differ, the student learns that the answer is uncertain (a 3 and a 5 are not two
4s), no tie has to be broken or thrown away, and each target still counts once in all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from judgekit.analysis.rating import rating_table
from judgekit.errors import InputError
from judgekit.judging.session_feature import SessionFeatures, session_features
from judgekit.records.dataset import Dataset
from judgekit.records.label import SplitName
from judgekit.records.rubric import PREFERENCE_LEVELS, Criterion, level_text
from judgekit.records.session import Session

MIN_UNITS = 20
"""Fewer independent units than this teach nothing that would hold elsewhere."""


@dataclass(frozen=True)
class Training:
    """Labelled targets of one criterion.

    Attributes:
        criterion: The question.
        targets: Session or pair ids, sorted: the order of everything below.
        units: Independent unit of each target.
        seen: Features of each target's session, or of both sessions of a pair.
        rows: Target of each label row, as a place in `targets`, shape (n_rows,).
        answers: Place of the level among the scale's levels, or the number itself, shape (n_rows,).
        weights: 1 / (labels of the target), shape (n_rows,).
        dropped: Labels of the criterion that were not used, by cause.
    """

    criterion: Criterion
    targets: tuple[str, ...]
    units: tuple[str, ...]
    seen: tuple[tuple[SessionFeatures, ...], ...]
    rows: np.ndarray
    answers: np.ndarray
    weights: np.ndarray
    dropped: Mapping[str, int]

    @property
    def n_units(self) -> int:
        """Independent units."""
        return len(set(self.units))

    def label_counts(self) -> dict[str, int]:
        """Return labels per level, in the scale's order; `numbers` for a numeric scale."""
        levels = self.criterion.scale.levels
        if not levels:
            return {"numbers": len(self.answers)}
        return {level_text(level): int((self.answers == place).sum()) for place, level in enumerate(levels)}

    def subset(self, keep: np.ndarray) -> Training:
        """Return the targets where `keep`, shape (n_targets,), is true."""
        places = np.flatnonzero(keep)
        in_rows = keep[self.rows]
        return Training(
            self.criterion,
            tuple(self.targets[place] for place in places),
            tuple(self.units[place] for place in places),
            tuple(self.seen[place] for place in places),
            np.searchsorted(places, self.rows[in_rows]),
            self.answers[in_rows],
            self.weights[in_rows],
            self.dropped,
        )


def training_of(dataset: Dataset, criterion: Criterion, *, splits: Sequence[SplitName] = ("train",)) -> Training:
    """Return what may be learnt from: human labels of the chosen splits, of all labels where none are drawn.

    Raises:
        InputError: The scale cannot be learnt, the test split is asked for, or the labels are too few or
            all alike.
    """
    _require_learnable(criterion, splits)
    table = rating_table(dataset, criterion, targets=_targets_in(dataset, criterion, splits))
    dropped = Counter(table.dropped) + _unread(dataset, criterion, splits)
    is_whole = np.array([turn is None for _target, turn in table.targets], dtype=bool)
    given = ~np.isnan(table.values)
    dropped["label_of_a_turn"] += int(given[~is_whole].sum())
    cells = sorted(
        (table.targets[row][0], float(table.values[row, column])) for row, column in np.argwhere(given) if is_whole[row]
    )
    training = _assembled(dataset, criterion, cells, +dropped)
    _require_enough(training)
    return training


def _require_learnable(criterion: Criterion, splits: Sequence[SplitName]) -> None:
    scale = criterion.scale.type
    if scale in ("text", "multi_select"):
        what = f"a student answers with one level or number, and the scale is {scale}"
        raise InputError(what, where=f"criterion {criterion.id}", hint="Use a prompt judge for it")
    if scale == "preference" and criterion.scale.levels != PREFERENCE_LEVELS[: len(criterion.scale.levels)]:
        what = f"preference levels in the order {', '.join(map(level_text, criterion.scale.levels))}"
        raise InputError(what, where=f"criterion {criterion.id}", hint="A student needs them as first, second, tie")
    if "test" in splits:
        hint = "Use --split train, or --split train,dev"
        raise InputError("the test split testifies about judges and never teaches them", where="--split", hint=hint)
    if not splits:
        raise InputError("no split to learn from", where="--split", hint="Use --split train")


def _require_enough(training: Training) -> None:
    where = f"criterion {training.criterion.id}"
    unused = ", ".join(f"{n} {cause}" for cause, n in sorted(training.dropped.items()))
    aside = f" (not used: {unused})" if unused else ""
    if training.n_units < MIN_UNITS:
        what = f"{training.n_units} labelled units are too few to learn from; {MIN_UNITS} are needed{aside}"
        raise InputError(what, where=where, hint="Label more sessions, or add splits with --split train,dev")
    if len(np.unique(training.answers)) < 2:
        counted = ", ".join(f"{level}: {n}" for level, n in training.label_counts().items())
        what = f"all labels are alike ({counted}){aside}, there is nothing to tell apart"
        raise InputError(what, where=where, hint="Label sessions where the answer differs")


def _targets_in(dataset: Dataset, criterion: Criterion, splits: Sequence[SplitName]) -> set[str]:
    known = dataset.pair_by_id if criterion.scale.type == "preference" else dataset.session_by_id
    return {target for target in known if dataset.splits is None or dataset.split_of(target) in splits}


def _unread(dataset: Dataset, criterion: Criterion, splits: Sequence[SplitName]) -> Counter[str]:
    """Count the criterion's labels that the rating table was not shown, by cause."""
    wanted = _targets_in(dataset, criterion, splits)
    known = {*dataset.session_by_id, *dataset.pair_by_id}
    causes: Counter[str] = Counter()
    for label in dataset.labels:
        if label.criterion != criterion.id:
            continue
        if label.target not in known:
            causes["unknown_session"] += 1
        elif label.target not in wanted:
            causes[f"split_{dataset.split_of(label.target) or 'none'}"] += 1
        elif label.kind != "human":
            causes[f"kind_{label.kind}"] += 1
    return causes


def _assembled(
    dataset: Dataset, criterion: Criterion, cells: Sequence[tuple[str, float]], dropped: Mapping[str, int]
) -> Training:
    """Put the (target, number) of each label together; sorted, so that no order of a file matters."""
    per_target = Counter(target for target, _number in cells)
    targets = tuple(sorted(per_target))
    place = {target: row for row, target in enumerate(targets)}
    numbers = np.array([number for _target, number in cells], dtype=float)
    levels = np.array(criterion.scale.numbers())
    return Training(
        criterion,
        targets,
        tuple(map(dataset.unit, targets)),
        tuple(tuple(map(session_features, _sessions_of(dataset, target))) for target in targets),
        np.array([place[target] for target, _number in cells], dtype=int),
        np.searchsorted(levels, numbers) if criterion.scale.levels else numbers,
        np.array([1 / per_target[target] for target, _number in cells]),
        dict(dropped),
    )


def _sessions_of(dataset: Dataset, target: str) -> tuple[Session, ...]:
    """Return the session of that id, or both sessions of the pair of that id, first one first."""
    if target in dataset.session_by_id:
        return (dataset.session_by_id[target],)
    pair = dataset.pair_by_id[target]
    for side in (pair.first, pair.second):
        if side not in dataset.session_by_id:
            hint = "Import the session, or remove the pair"
            raise InputError(f"its session {side!r} is not in the dataset", where=f"pair {target}", hint=hint)
    return (dataset.session_by_id[pair.first], dataset.session_by_id[pair.second])
