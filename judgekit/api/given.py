"""What callers give, read into records: rows, frames, outcomes, names, and how to measure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, Union

if TYPE_CHECKING:
    from judgekit.analysis.agreement import Measuring
    from judgekit.records.run import Run
    from judgekit.records.verdict import Failure, Verdict
    from judgekit.workflows.score import Scoring

_MISSING = ("NAType", "NaTType")
"""What pandas puts into a cell without a value, by the names of its classes, so that pandas need not be loaded."""
SEED = 7
RESAMPLES = 2000


class Frame(Protocol):
    """A pandas DataFrame, as far as it is used here."""

    def to_dict(self, orient: Literal["records"]) -> list[dict[Any, Any]]:
        """Return the rows."""


Rows = Iterable[Mapping[str, Any]] | Frame
"""Rows as dictionaries, or a DataFrame; records are dictionaries too once dumped."""
Outcomes = Union["Run", Iterable["Verdict | Failure"], Rows]
"""What a judge said: a run, its verdicts and failures, or rows of them."""


def judged(outcomes: Any, judge: str | None) -> tuple[list[Verdict | Failure], Scoring]:
    """Return outcomes as `Verdict` and `Failure`, and how they are scored."""
    from judgekit.records.run import Run
    from judgekit.workflows.score import Scoring

    if isinstance(outcomes, Run):
        found = outcomes.manifest
        scoring = Scoring(
            judge=judge or found.judge,
            engine=found.engine,
            model=found.model,
            judge_fingerprint=found.judge_fingerprint,
            lineage=outcomes.lineage,
            combine=found.combine,
        )
        return list(outcomes.outcomes), scoring
    listed = list(outcomes) if not hasattr(outcomes, "to_dict") else rows_of(outcomes)
    read = [_outcome(each, f"verdict {place}") for place, each in enumerate(listed, 1)]
    name = judge or next((each.judge for each in read if each.judge), None) or "judge"
    return read, Scoring(judge=name, engine="stored")


def _outcome(given: Any, where: str) -> Verdict | Failure:
    from pydantic import ValidationError

    from judgekit.adapters.store.validation import invalid_record
    from judgekit.records.verdict import Failure, Verdict, outcome_from

    if isinstance(given, Verdict | Failure):
        return given
    row = rows_of([given])[0]
    try:
        return outcome_from(row)
    except ValidationError as error:
        raise invalid_record(error, row, where, model=Verdict) from error


def rows_of(given: Rows) -> list[dict[str, Any]]:
    """Return rows as dictionaries; a DataFrame's NaN is a missing cell."""
    listed = given.to_dict("records") if hasattr(given, "to_dict") else given
    rows = [row.model_dump() if hasattr(row, "model_dump") else dict(row) for row in listed]
    return [{str(key): cell for key, cell in row.items() if not _is_missing(cell)} for row in rows]


def _is_missing(cell: object) -> bool:
    return cell is None or (isinstance(cell, float) and math.isnan(cell)) or type(cell).__name__ in _MISSING


def words_of(given: Sequence[str]) -> tuple[str, ...]:
    """Return names one by one; a single name given bare is one name, not its letters."""
    return (given,) if isinstance(given, str) else tuple(given)


def measuring_by(
    seed: int, *, level: float = 0.95, n_resamples: int = RESAMPLES, metrics: Sequence[str] = ()
) -> Measuring:
    """Return how to measure, its randomness made here."""
    import numpy as np

    from judgekit.analysis.agreement import Measuring

    return Measuring(np.random.default_rng(seed), level=level, n_resamples=n_resamples, metrics=words_of(metrics))
