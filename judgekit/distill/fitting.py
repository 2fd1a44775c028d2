"""Weights from rows and answers, one function per form, each a penalised linear model of scikit-learn.

Which strength of penalty to use is `distill.student`'s choice; what weights mean is `judging.student`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from judgekit.judging.student import Form

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MAX_DIRECTIONS = 300
"""Up to this many rows the fit is exact; beyond, it is made in the leading directions of the rows."""
STEP = 10.0
"""Size of the columns that stand for steps between levels: so large that the penalty hardly touches their weights."""
MAX_ITERATIONS = 10_000
_TOLERANCE = 1e-6
_NEGLIGIBLE = 1e-10


@dataclass(frozen=True)
class Directions:
    """Rows in the few directions in which they differ.

    An L2 penalty does not mind rotation, and its solution lies in the span of the rows: fitting n rows
    there gives the weights of all columns at a fraction of the work.

    Attributes:
        rows: Shape (n, n_directions).
        axes: Shape (n_directions, n_columns); weights there, times `axes`, are weights of columns.
    """

    rows: np.ndarray
    axes: np.ndarray


@dataclass(frozen=True)
class Task:
    """What one model is fitted to.

    Attributes:
        form: Which kind of model.
        rows: One row per label, shape (n_rows, n_directions).
        answers: Place of the level (for pairs 0 first, 1 second, 2 tie), or the number, shape (n_rows,).
        weights: Weight of each label, shape (n_rows,).
        strength: Inverse penalty, scikit-learn's C.
    """

    form: Form
    rows: np.ndarray
    answers: np.ndarray
    weights: np.ndarray
    strength: float


@dataclass(frozen=True)
class Fit:
    """Weights.

    Attributes:
        places: Places of the levels that occurred, in order; empty for numbers.
        weights: Shape (n_outputs, n_directions).
        intercepts: As `StudentModel` has them.
    """

    places: tuple[int, ...]
    weights: np.ndarray
    intercepts: np.ndarray


def directions_of(matrix: csr_array) -> Directions:
    """Return a matrix's rows in their own directions; the same matrix gives the same numbers."""
    if min(matrix.shape) <= MAX_DIRECTIONS:
        left, sizes, axes = np.linalg.svd(matrix.toarray(), full_matrices=False)
    else:
        from sklearn.utils.extmath import randomized_svd

        left, sizes, axes = randomized_svd(matrix, MAX_DIRECTIONS, random_state=0)
    kept = sizes > _NEGLIGIBLE * max(sizes.max(initial=0.0), _NEGLIGIBLE)
    return Directions(left[:, kept] * sizes[kept], axes[kept])


def fit(task: Task) -> Fit:
    """Return the weights that fit the rows."""
    weights, intercepts = _FITS[task.form](task)
    places = () if task.form == "number" else tuple(int(place) for place in np.unique(task.answers))
    return Fit(places, weights, intercepts)


def _ordered(task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Fit cumulative logits by asking each row about every step: is the answer above it?

    One logistic regression on the rows repeated per step, with a column per step (Li and Lin 2007,
    "Ordinal regression by extended binary classification"): the weights are shared, so that levels with
    few labels borrow from the others.
    """
    steps = np.unique(task.answers)[:-1]
    n_rows, n_columns = task.rows.shape
    if not len(steps):
        return np.zeros((1, n_columns)), np.zeros(0)
    marks = np.eye(len(steps))[np.repeat(np.arange(len(steps)), n_rows)][:, 1:] * STEP
    repeated = np.hstack([np.tile(task.rows, (len(steps), 1)), marks])
    above = np.concatenate([task.answers > step for step in steps])
    weights, intercept = _logistic(repeated, above, np.tile(task.weights, len(steps)), task.strength)
    intercepts = intercept + STEP * np.concatenate([[0.0], weights[0, n_columns:]])
    return weights[:, :n_columns], np.minimum.accumulate(intercepts)


def _categories(task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Fit multinomial logits, one row of weights per level that occurs."""
    n_levels = len(np.unique(task.answers))
    if n_levels == 1:
        return np.zeros((1, task.rows.shape[1])), np.zeros(1)
    solver = "lbfgs" if n_levels > 2 else "newton-cholesky"  # the latter knows several levels only since 1.6
    weights, intercepts = _logistic(task.rows, task.answers, task.weights, task.strength, solver=solver)
    if n_levels == 2:  # scikit-learn gives one row for two levels: half of it on either side says the same
        return np.vstack([-weights, weights]) / 2, np.concatenate([-intercepts, intercepts]) / 2
    return weights, intercepts


def _number(task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Fit a ridge regression to the numbers in units of their spread, so that one grid of strengths suits all."""
    from sklearn.linear_model import Ridge

    middle = float(np.average(task.answers, weights=task.weights))
    spread = float(np.sqrt(np.average((task.answers - middle) ** 2, weights=task.weights))) or 1.0
    ridge = Ridge(alpha=1 / task.strength, solver="cholesky")
    ridge.fit(task.rows, (task.answers - middle) / spread, sample_weight=task.weights)
    return spread * ridge.coef_.reshape(1, -1), np.array([middle + spread * float(ridge.intercept_)])


def _pairs(task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Fit preferences on every pair in both orders: was the one shown first preferred?

    Each row enters as it is and mirrored, which makes the fit antisymmetric and the intercept, the room
    for ties, 0 or less.
    """
    preferred = np.concatenate([task.answers == 0, task.answers == 1])
    if not preferred.any():
        few = 0.5 / (1 + task.weights.sum())
        return np.zeros((1, task.rows.shape[1])), np.array([np.log(few / (1 - few))])
    shown, weights = np.vstack([task.rows, -task.rows]), np.tile(task.weights, 2)
    has_ties = bool((task.answers > 1).any())
    coefficients, intercept = _logistic(shown, preferred, weights, task.strength, has_intercept=has_ties)
    return coefficients, np.minimum(intercept, 0.0)


_FITS: dict[Form, Callable[[Task], tuple[np.ndarray, np.ndarray]]] = {
    "ordered": _ordered, "categories": _categories, "number": _number, "pairs": _pairs,
}  # fmt: skip


def _logistic(
    rows: np.ndarray,
    answers: np.ndarray,
    weights: np.ndarray,
    strength: float,
    *,
    has_intercept: bool = True,
    solver: str = "newton-cholesky",
) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(
        C=strength, fit_intercept=has_intercept, solver=solver, max_iter=MAX_ITERATIONS, tol=_TOLERANCE
    )
    model.fit(rows, answers, sample_weight=weights)
    return np.asarray(model.coef_), np.asarray(model.intercept_).reshape(-1) * np.ones(len(model.coef_))
