"""Small composed datasets: every number that tests expect of them was worked out by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.records.dataset import Dataset, DatasetCard, RaterGroup, SplitManifest
from judgekit.records.label import Adjudication, AnswerStatus, Label, LabelKind
from judgekit.records.report import Report, Row
from judgekit.records.rubric import Criterion, Rubric, Scale, Value
from judgekit.records.session import Pair, Session, Turn
from judgekit.records.verdict import Failure, FailureStatus, Order, Verdict

PASSED = Criterion(id="passed", question="Passed?", scale=Scale(type="binary", levels=("fail", "pass")))
QUALITY = Criterion(id="quality", question="How good?", scale=Scale(type="ordinal", levels=(1, 2, 3, 4, 5)))
LENGTH = Criterion(id="length", question="How long?", scale=Scale(type="numeric", min=0, max=100))
TOPIC = Criterion(id="topic", question="Which?", scale=Scale(type="categorical", levels=("a", "b", "c")))
BETTER = Criterion(id="better", question="Which is better?", scale=Scale(type="preference"))
WORDS = Criterion(id="words", question="What was wrong?", scale=Scale(type="text"))
RUBRIC = Rubric(name="composed", criteria=(PASSED, QUALITY, LENGTH, TOPIC, BETTER, WORDS))

STATUSES = ("not_applicable", "cannot_judge")
Ratings = Mapping[str, Mapping[Any, Any]]
"""Session -> rater -> value, or a status."""


def measuring(seed: int = 1, *, metrics: Sequence[str] = ()) -> Measuring:
    """Return the usual measuring, with few resamples."""
    return Measuring(np.random.default_rng(seed), n_resamples=200, metrics=tuple(metrics))


def session(name: str, **fields: str | int | None) -> Session:
    """Return a session in which the user says its name."""
    return Session.model_validate({"id": name, "turns": (Turn(id="1", role="user", text=f"I am {name}"),), **fields})


def label(target: str, criterion: Criterion, rater: str | None, value: Value | None, **fields: object) -> Label:
    """Return one label; the value may be a status."""
    place = "pair" if criterion.scale.type == "preference" else "session"
    given = {"status": value} if value in STATUSES else {"value": value}
    name = f"{target}-{criterion.id}-{rater}-{fields.get('occasion', 1)}-{fields.get('turn')}-{fields.get('kind')}"
    return Label.model_validate(
        {"id": name, place: target, "criterion": criterion.id, "rater": rater, **given, **fields}
    )


def labels(criterion: Criterion, ratings: Ratings, kind: LabelKind = "human") -> tuple[Label, ...]:
    """Return the labels of a table."""
    return tuple(
        label(target, criterion, rater, value, kind=kind)
        for target, row in ratings.items()
        for rater, value in row.items()
    )


def settled(target: str, criterion: Criterion, value: Value | None, status: AnswerStatus = "ok") -> Adjudication:
    """Return one adjudication."""
    return Adjudication(id=f"a-{target}", session=target, criterion=criterion.id, value=value, status=status, by="dora")


def dataset(
    given: Iterable[Label] = (),
    *,
    sessions: Iterable[Session] | None = None,
    pairs: Iterable[Pair] = (),
    adjudications: Iterable[Adjudication] = (),
    groups: Mapping[str, RaterGroup] | None = None,
    splits: SplitManifest | None = None,
) -> Dataset:
    """Return a dataset; sessions that labels name are made where none are given."""
    held, made, settled_ones = tuple(given), tuple(pairs), tuple(adjudications)
    named = [each.session for each in (*held, *settled_ones) if each.session]
    named += [end for pair in made for end in (pair.first, pair.second)]
    told = tuple(sessions) if sessions is not None else tuple(map(session, dict.fromkeys(named)))
    return Dataset(
        card=DatasetCard(name="composed", raters=dict(groups or {})),
        rubric=RUBRIC,
        sessions=told,
        pairs=made,
        labels=held,
        adjudications=settled_ones,
        splits=splits,
    )


def pair(name: str, **fields: str) -> Pair:
    """Return a pair of two sessions of its own."""
    return Pair(id=name, first=f"{name}-x", second=f"{name}-y", **fields)


def verdict(target: str, criterion: Criterion, value: Value | None, **fields: object) -> Any:
    """Return one verdict; the value may be a status."""
    place = "pair" if criterion.scale.type == "preference" else "session"
    given = {"status": value} if value in STATUSES else {"value": value}
    row = {place: target, "criterion": criterion.id, "judge": "judy", **given, **fields}
    return Verdict.model_validate(row)


def failure(target: str, criterion: Criterion, status: FailureStatus = "unparsed", **fields: object) -> Any:
    """Return one failure."""
    place = "pair" if criterion.scale.type == "preference" else "session"
    return Failure.model_validate(
        {place: target, "criterion": criterion.id, "judge": "judy", "status": status, **fields}
    )


def shown(target: str, order: Order, value: Value | None) -> Any:
    """Return a verdict on a pair in one order; None is a failure."""
    return failure(target, BETTER, order=order) if value is None else verdict(target, BETTER, value, order=order)


def rows_of(rows: Iterable[Row], between: str) -> dict[str, Any]:
    """Return metric -> estimate of one `between`; a metric that occurs twice fails."""
    own = [row for row in rows if row.between == between and row.slice is None]
    assert len({row.metric for row in own}) == len(own), f"a metric of {between} occurs twice"
    return {row.metric: row.estimate for row in own}


def betweens(rows: Iterable[Row]) -> list[str]:
    """Return who is held against whom, each once, in order."""
    return list(dict.fromkeys(row.between for row in rows))


def text_of(report: Report) -> str:
    """Return a report's whole content, for comparison."""
    return report.model_dump_json()
