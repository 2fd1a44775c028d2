"""The student judge: weights learnt from the experts' labels, applied to sessions without key or network.

Learning is `distill.student`; the weights file is `adapters.store.student`. A student is frozen: the same
weights give the same numbers, with whatever versions of the libraries they were learnt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import model_validator

from judgekit.errors import InputError
from judgekit.judging.encoder import Encoder
from judgekit.judging.prompt import PairTarget
from judgekit.judging.runner.interview import Target, outcome_id, seen_fingerprint
from judgekit.judging.session_feature import SessionFeatures, session_features
from judgekit.records.judge import Judge
from judgekit.records.record import FORMAT, Record
from judgekit.records.rubric import Criterion, level_text
from judgekit.records.session import Session
from judgekit.records.verdict import Failure, Verdict

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Form = Literal["ordered", "categories", "number", "pairs"]
"""How weights become an answer.

`ordered` (binary, ordinal): cumulative logits, P(above level k) = s(w.x + b_k), one w for all k.
`categories`: multinomial logits, one w per level. `number`: w.x + b.
`pairs`: with d = x_first - x_second, P(first) = s(w.d + b), P(second) = s(-w.d + b), b <= 0, the rest is a
tie (Rao and Kupper 1967): shown the other way round, a pair gets the mirrored answer.
"""
FORMS: dict[str, Form] = {
    "binary": "ordered", "ordinal": "ordered", "categorical": "categories", "numeric": "number", "preference": "pairs",
}  # fmt: skip
N_REASONS = 3
"""Features that a rationale names on each side."""
BATCH = 500
"""Targets read at a time, which bounds memory."""
_FAINT = 1e-3
"""Contributions in logits (or units of a numeric scale) below this are not named."""


class StudentModel(Record):
    """One fitted model."""

    form: Form
    encoder: Encoder
    levels: tuple[str, ...] = ()
    """Texts of the levels that occurred in training, in the scale's order; the others get probability 0."""
    weights: tuple[tuple[float, ...], ...]
    """One row per output: (n_outputs, n_columns)."""
    intercepts: tuple[float, ...]
    """`ordered`: one per step between levels, never rising; otherwise one per output."""
    strength: float
    """C, the inverse strength of the L2 penalty that inner cross-validation chose."""

    @model_validator(mode="after")
    def _fits(self) -> StudentModel:
        n_outputs = len(self.levels) if self.form == "categories" else 1
        n_intercepts = len(self.levels) - 1 if self.form == "ordered" else n_outputs
        widths = {len(row) for row in self.weights}
        if len(self.weights) != n_outputs or widths != {self.encoder.n_columns}:
            shape = f"{len(self.weights)} rows of {sorted(widths)}"
            raise ValueError(f"weights should be {n_outputs} rows of {self.encoder.n_columns} numbers, got {shape}")
        if len(self.intercepts) != n_intercepts:
            raise ValueError(f"{n_intercepts} intercepts are needed for form {self.form}, got {len(self.intercepts)}")
        if self.form == "ordered" and list(self.intercepts) != sorted(self.intercepts, reverse=True):
            raise ValueError("the intercepts of an ordered model never rise")
        if self.form == "pairs" and self.intercepts[0] > 0:
            raise ValueError("the intercept of a model of pairs is never above 0")
        return self

    @cached_property
    def weight_matrix(self) -> np.ndarray:
        """The weights, shape (n_outputs, n_columns)."""
        return np.array(self.weights, dtype=float)

    def answers(self, rows: csr_array) -> np.ndarray:
        """Return the distribution over `levels`, or the numbers of form `number`.

        Args:
            rows: Encoded sessions, or differences of sessions for pairs, shape (n, n_columns).

        Returns:
            Shape (n, n_levels), rows summing to 1; for `number` shape (n, 1); for `pairs` the columns are
            first, second, tie.
        """
        return answers_of(self.form, np.asarray(rows @ self.weight_matrix.T), np.array(self.intercepts))


class Student(Record):
    """All models of one student judge."""

    format: int = FORMAT
    """Version of the file format."""
    kind: Literal["student"] = "student"
    criterion: str
    """Which question it answers."""
    seed: int
    """Seed of the folds."""
    full: StudentModel
    """Learnt from every training unit; judges units that were not among them."""
    folds: tuple[StudentModel, ...]
    """Each learnt without one fold; judges the units of that fold."""

    @model_validator(mode="before")
    @classmethod
    def _is_known_format(cls, data: object) -> object:
        if isinstance(data, dict) and data.get("format", FORMAT) not in range(1, FORMAT + 1):
            raise ValueError(f"format {data['format']!r} is not known; this version reads up to {FORMAT}")
        return data

    @model_validator(mode="after")
    def _is_of_one_form(self) -> Student:
        forms = {model.form for model in (self.full, *self.folds)}
        if len(forms) > 1:
            raise ValueError(f"models of different forms: {', '.join(sorted(forms))}")
        return self


def judge_targets(
    judge: Judge, student: Student, targets: Sequence[Target], *, now: datetime
) -> tuple[Verdict | Failure, ...]:
    """Return one outcome per target, in order; units that were in training get the fold made without them.

    Raises:
        InputError: The student does not fit the judge.
    """
    require_fit(judge, student)
    groups: dict[int | None, list[int]] = {}
    for place, target in enumerate(targets):
        groups.setdefault(judge.lineage.folds.get(unit_of(target)), []).append(place)
    outcomes: dict[int, Verdict | Failure] = {}
    for fold, places in groups.items():
        model = student.full if fold is None else student.folds[fold]
        for start in range(0, len(places), BATCH):
            batch = {place: targets[place] for place in places[start : start + BATCH]}
            outcomes |= _judge_batch(judge, model, batch, now)
    return tuple(outcomes[place] for place in range(len(targets)))


def require_fit(judge: Judge, student: Student) -> None:
    """Check that these weights are this judge's.

    Raises:
        InputError: They are of another criterion or scale, or the folds of the lineage are missing.
    """
    hint, scale = "Distil the student again", judge.criterion.scale
    if student.criterion != judge.criterion.id or student.full.form != FORMS.get(scale.type):
        what = f"the weights answer {student.criterion!r} ({student.full.form})"
        raise InputError(f"{what}, the judge asks {judge.criterion.id!r} ({scale.type})", where=judge.name, hint=hint)
    unknown = set(student.full.levels) - {level_text(level) for level in scale.levels}
    if unknown:
        raise InputError(f"the weights know levels {sorted(unknown)} that the scale lacks", where=judge.name, hint=hint)
    if max(judge.lineage.folds.values(), default=-1) >= len(student.folds):
        n_folds = len(student.folds)
        raise InputError(f"the lineage names folds beyond the {n_folds} stored", where=judge.name, hint=hint)
    if judge.weights is not None and judge.weights != student.fingerprint():
        raise InputError("the weights are not those the judge was made with", where=judge.name, hint=hint)


def sessions_of(target: Target) -> tuple[Session, ...]:
    """Return the session, or both of a pair in the pair's own order."""
    return (target.first, target.second) if isinstance(target, PairTarget) else (target,)


def unit_of(target: Target) -> str:
    """Return the independent unit, as `Dataset.unit` does: it decides which model may judge the target."""
    return target.pair.unit(target.first) if isinstance(target, PairTarget) else target.unit()


def encoded(encoder: Encoder, seen: Sequence[Sequence[SessionFeatures]]) -> csr_array:
    """Return one row per target: the session's own, or first minus second for pairs."""
    from scipy.sparse import csr_array

    first = encoder.matrix([each[0] for each in seen])
    if not seen or len(seen[0]) == 1:
        return first
    return csr_array(first - encoder.matrix([each[1] for each in seen]))


def answers_of(form: Form, scores: np.ndarray, intercepts: np.ndarray) -> np.ndarray:
    """Return what a model of this form says.

    Args:
        form: How weights become an answer.
        scores: w.x, shape (n, n_outputs).
        intercepts: b, as the form has them.

    Returns:
        As `StudentModel.answers`.
    """
    if form == "number":
        return np.asarray(scores + intercepts)
    if form == "categories":
        logits = scores + intercepts
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))
    if form == "pairs":
        first, second = sigmoid(scores + intercepts), sigmoid(-scores + intercepts)
        rest = np.clip(1 - (first + second), 0, None) if intercepts[0] < 0 else np.zeros_like(first)
        return np.hstack([first, second, rest])
    above = sigmoid(scores + intercepts)
    edge = np.ones((len(scores), 1))
    return -np.diff(np.hstack([edge, above, 0 * edge]), axis=1)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + exp(-logits)), without overflow."""
    return np.asarray(np.exp(-np.logaddexp(0.0, -logits)))


def _judge_batch(
    judge: Judge, model: StudentModel, targets: Mapping[int, Target], now: datetime
) -> dict[int, Verdict | Failure]:
    """Judge targets with one model; a session without turns is a failure: there is nothing to judge."""
    common = _common(judge, now)
    empty = {place for place, target in targets.items() if not all(each.turns for each in sessions_of(target))}
    places = [place for place in targets if place not in empty]
    seen = [tuple(map(session_features, sessions_of(targets[place]))) for place in places]
    rows = encoded(model.encoder, seen)
    answers = model.answers(rows) if places else np.zeros((0, 1))
    outcomes: dict[int, Verdict | Failure] = {
        place: Failure(
            **common, **_about(judge, targets[place]), status="engine_error", detail="there are no turns to judge"
        )
        for place in empty
    }
    for number, place in enumerate(places):
        answer = _answer(judge.criterion, model, answers[number])
        because = _rationale(judge.criterion, model, rows[[number]], seen[number], answers[number])
        outcomes[place] = Verdict(**common, **_about(judge, targets[place]), **answer, rationale=because)
    return outcomes


def _common(judge: Judge, now: datetime) -> dict[str, Any]:
    return {
        "criterion": judge.criterion.id,
        "judge": judge.name,
        "judge_fingerprint": judge.judge_fingerprint,
        "rubric": judge.criterion.fingerprint(),
        "at": now,
    }


def _about(judge: Judge, target: Target) -> dict[str, Any]:
    criterion, seen = judge.criterion.id, seen_fingerprint(target)
    if isinstance(target, PairTarget):
        name = outcome_id(target.pair.id, turn=None, order="forward", sample=0, criterion=criterion)
        return {"id": name, "seen": seen, "pair": target.pair.id, "order": "forward"}
    name = outcome_id(target.id, turn=None, order=None, sample=0, criterion=criterion)
    return {"id": name, "seen": seen, "session": target.id}


def _answer(criterion: Criterion, model: StudentModel, answer: np.ndarray) -> dict[str, Any]:
    """Return value, score and distribution.

    The value is the likeliest level; on an ordinal scale the median one, which is off by the fewest steps;
    on pairs a tie where neither side is likelier and the scale has ties.
    """
    scale = criterion.scale
    if model.form == "number":
        low = -np.inf if scale.min is None else scale.min
        number = float(np.clip(answer[0], low, np.inf if scale.max is None else scale.max))
        return {"value": number, "score": number}
    names = ("first", "second", "tie") if model.form == "pairs" else model.levels
    chance = dict(zip(names, map(float, answer), strict=True))
    distribution = {level_text(level): chance.get(level_text(level), 0.0) for level in scale.levels}
    if model.form == "pairs":
        return {"value": _preferred(distribution), "distribution": distribution}
    if scale.type != "ordinal":
        value = max(scale.levels, key=lambda level: distribution[level_text(level)])
        return {"value": value, "distribution": distribution}
    probabilities = np.array([distribution[level_text(level)] for level in scale.levels])
    median = int(np.searchsorted(np.cumsum(probabilities), 0.5 - 1e-12))
    score = float(probabilities @ np.array(scale.numbers()))
    return {"value": scale.levels[min(median, len(scale.levels) - 1)], "score": score, "distribution": distribution}


def _preferred(distribution: Mapping[str, float]) -> str:
    first, second = distribution["first"], distribution["second"]
    if "tie" in distribution and (first == second or distribution["tie"] > max(first, second)):
        return "tie"
    return "first" if first >= second else "second"


def _rationale(
    criterion: Criterion, model: StudentModel, row: csr_array, seen: Sequence[SessionFeatures], answer: np.ndarray
) -> str:
    """Return the strongest features on either side, in words, each side strongest first."""
    output = int(np.argmax(answer)) if model.form == "categories" else 0
    pulls = row.data * model.weight_matrix[output, row.indices]
    order = np.argsort(-np.abs(pulls), kind="stable")
    strong = [int(place) for place in order if abs(pulls[place]) >= _FAINT]
    up, down = _sides(criterion, model, output)
    parts = []
    for side, places in ((up, [p for p in strong if pulls[p] > 0]), (down, [p for p in strong if pulls[p] < 0])):
        named = [_named(model.encoder, int(row.indices[place]), seen) for place in places[:N_REASONS]]
        parts += [f"{side}: {', '.join(named)}"] if named else []
    return "; ".join(parts) or "nothing in it stands out"


def _sides(criterion: Criterion, model: StudentModel, output: int) -> tuple[str, str]:
    if model.form == "number":
        return "higher", "lower"
    if model.form == "pairs":
        return "for first", "for second"
    if model.form == "categories":
        return f"for {model.levels[output]}", f"against {model.levels[output]}"
    return f"towards {level_text(criterion.scale.levels[-1])}", f"towards {level_text(criterion.scale.levels[0])}"


def _named(encoder: Encoder, column: int, seen: Sequence[SessionFeatures]) -> str:
    words = encoder.column_words(column)
    if column < encoder.n_terms:
        return words
    return f"{words} {' v '.join(f'{each.plain[column - encoder.n_terms]:.3g}' for each in seen)}"
