"""Learning a student: one model from all units, and one per fold from the units outside it.

What is chosen from labels (the penalty, and whether words help) is chosen again inside every fold's own
training units, so that nothing about a unit's labels reaches the model that judges it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from judgekit.distill.fitting import Task, directions_of, fit
from judgekit.distill.folds import folds_of
from judgekit.distill.training import Training
from judgekit.distill.vocabulary import encoder_of, rounded
from judgekit.errors import InputError
from judgekit.judging.student import FORMS, Form, Student, StudentModel, answers_of, encoded
from judgekit.records.rubric import Criterion, level_text

STRENGTHS = (0.03, 0.3, 3.0, 30.0)
"""Inverse penalties tried, strongest penalty first."""
N_INNER_FOLDS = 3
_CLOSE = 1e-9
"""Losses nearer than this are equal, and the simpler model is taken."""


@dataclass(frozen=True)
class Choice:
    """What inner cross-validation chose.

    Attributes:
        has_text: Whether words help beside the plain features.
        strength: Inverse penalty.
        loss: Weighted mean loss on held-out units: squared error of the cumulative distribution (ordered),
            of the distribution (unordered), or of the number.
    """

    has_text: bool
    strength: float
    loss: float


@dataclass(frozen=True)
class Learnt:
    """A student and how it came about.

    Attributes:
        student: The models.
        folds: Unit -> the fold that was made without it.
        choice: What was chosen for the full model.
    """

    student: Student
    folds: dict[str, int]
    choice: Choice


def learn_student(training: Training, *, n_folds: int, seed: int) -> Learnt:
    """Return the models learnt from labelled targets.

    Args:
        training: Labels and features.
        n_folds: Models that each leave out one share of the units; at least 2.
        seed: Seed of the folds.

    Raises:
        InputError: The number of folds does not fit the number of units.
    """
    if not 2 <= n_folds <= training.n_units:
        what = f"{n_folds} folds for {training.n_units} units"
        raise InputError(what, where="--folds", hint=f"Choose from 2 to {training.n_units}; 5 is usual")
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it has no types

    folds = folds_of(training.units, n_folds, seed=seed)
    fold = np.array([folds[unit] for unit in training.units])
    with threadpool_limits(1):  # small matrices: more threads only wait, and their number must not change a digit
        choice, full = learn_model(training, seed=seed)
        without = tuple(learn_model(training.subset(fold != each), seed=seed)[1] for each in range(n_folds))
    return Learnt(Student(criterion=training.criterion.id, seed=seed, full=full, folds=without), folds, choice)


def learn_model(training: Training, *, seed: int) -> tuple[Choice, StudentModel]:
    """Return one model, its settings chosen by cross-validation inside its own training units."""
    form = FORMS[training.criterion.scale.type]
    sessions = [session for each in training.seen for session in each]
    encoders = [encoder_of(sessions, has_text=has_text) for has_text in (False, True)]
    views = [directions_of(encoded(encoder, training.seen)) for encoder in encoders]
    inner = _inner_folds(training, seed)
    choice = _best(
        [
            Choice(bool(encoder.lexicons), strength, _loss(training, view.rows, inner, (form, strength)))
            for encoder, view in zip(encoders, views, strict=True)
            for strength in STRENGTHS
        ]
    )
    view = views[choice.has_text]
    found = fit(_task(training, view.rows, np.ones(len(inner), dtype=bool), (form, choice.strength)))
    levels = [level_text(training.criterion.scale.levels[place]) for place in found.places]
    return choice, StudentModel(
        form=form,
        encoder=encoders[choice.has_text],
        levels=tuple(levels),
        weights=tuple(rounded(row) for row in found.weights @ view.axes),
        intercepts=rounded(found.intercepts),
        strength=choice.strength,
    )


def _inner_folds(training: Training, seed: int) -> np.ndarray:
    """Return the inner fold of each target, shape (n_targets,); dealt anew, unlike the outer folds."""
    named = [f"inner:{unit}" for unit in training.units]
    folds = folds_of(named, N_INNER_FOLDS, seed=seed)
    return np.array([folds[name] for name in named])


def _loss(training: Training, rows: np.ndarray, fold: np.ndarray, how: tuple[Form, float]) -> float:
    """Return the weighted mean loss on inner held-out units."""
    losses = np.zeros(len(training.answers))
    for each in range(N_INNER_FOLDS):
        found = fit(_task(training, rows, fold != each, how))
        held_out = _task(training, rows, fold == each, how)
        answers = answers_of(held_out.form, held_out.rows @ found.weights.T, found.intercepts)
        losses[(fold == each)[training.rows]] = _losses(held_out, answers, found.places, training.criterion)
    return float(np.average(losses, weights=training.weights))


def _task(training: Training, rows: np.ndarray, keep: np.ndarray, how: tuple[Form, float]) -> Task:
    kept = keep[training.rows]
    form, strength = how
    return Task(form, rows[training.rows[kept]], training.answers[kept], training.weights[kept], strength)


def _losses(held_out: Task, answers: np.ndarray, places: Sequence[int], criterion: Criterion) -> np.ndarray:
    """Return each held-out label's loss; bounded for levels, so that no sure mistake drowns the rest."""
    if held_out.form == "number":
        return np.asarray((answers[:, 0] - held_out.answers) ** 2)
    n_levels = len(criterion.scale.levels)
    given = np.zeros((len(answers), n_levels))
    known = list(range(n_levels)) if held_out.form == "pairs" else list(places)
    given[:, known] = answers[:, : len(known)]
    wanted = np.eye(n_levels)[held_out.answers.astype(int)]
    if held_out.form == "ordered":
        given, wanted = np.cumsum(given, axis=1), np.cumsum(wanted, axis=1)
    return np.asarray(((given - wanted) ** 2).sum(axis=1))


def _best(choices: Sequence[Choice]) -> Choice:
    """Return the choice of least loss; among equals the first, which is the simplest."""
    least = min(choice.loss for choice in choices)
    return next(choice for choice in choices if choice.loss <= least + _CLOSE * max(1.0, abs(least)))
