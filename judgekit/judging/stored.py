"""Stored judges: verdicts made elsewhere, held against the sessions that they are about. Files are not read here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from judgekit.errors import InvalidRecord
from judgekit.judging.prompt import PairTarget
from judgekit.judging.runner.interview import Targets, Task, task_record, tasks
from judgekit.records.judge import Judge
from judgekit.records.rubric import Criterion
from judgekit.records.verdict import Failure, Order, Verdict

Place = tuple[str, str | None, Order | None]


def stored_outcomes(
    judge: Judge, targets: Targets, outcomes: Iterable[Verdict | Failure]
) -> Iterator[Verdict | Failure]:
    """Yield a stored judge's outcome on every target, each of its samples; a failure where there is none.

    Args:
        judge: A stored judge.
        targets: Sessions or pairs.
        outcomes: What was made elsewhere; what is on another criterion, or on nothing of the targets, is left out.

    Raises:
        InvalidRecord: There are two verdicts for one sample of one target.
    """
    held: dict[Place, dict[int, Verdict | Failure]] = {}
    for outcome in outcomes:
        if outcome.criterion != judge.criterion.id:
            continue
        some = held.setdefault((outcome.target, outcome.turn, outcome.order), {})
        if outcome.sample in some:
            hint = "Number repeated verdicts with sample 0, 1, 2 ..., or keep one"
            raise InvalidRecord(f"two verdicts for sample {outcome.sample}", where=outcome.target, hint=hint)
        some[outcome.sample] = outcome
    for task in tasks(judge, targets):
        record = task_record(judge, task)
        some = _of(task, held)
        if not some:
            yield Failure(**record, status="engine_error", detail="no verdict is stored on it")
        for sample, outcome in sorted(some.items()):
            own = record if sample == 0 else record | {"id": f"{record['id']}-{sample}", "sample": sample}
            yield _held_against(judge.criterion, task, outcome, own)


def _of(task: Task, held: dict[Place, dict[int, Verdict | Failure]]) -> dict[int, Verdict | Failure]:
    """Return what is stored on a task; a pair's verdict without an order is that of the pair's own."""
    target = task.target.pair.id if isinstance(task.target, PairTarget) else task.target.id
    found = held.get((target, task.turn, task.order))
    return found or (held.get((target, task.turn, None), {}) if task.order == "forward" else {})


def _held_against(
    criterion: Criterion, task: Task, outcome: Verdict | Failure, record: dict[str, Any]
) -> Verdict | Failure:
    """Return the outcome as this judge's, or why it does not hold for the session as it is."""
    record = record | {"at": outcome.at}
    if outcome.seen is not None and outcome.seen != task.seen:
        return Failure(**record, status="engine_error", detail="the stored verdict is on other content (seen differs)")
    if isinstance(outcome, Failure):
        return Failure(**record, status=outcome.status, detail=outcome.detail, reply=outcome.reply)
    try:
        value = criterion.scale.read(outcome.value) if outcome.value is not None else None
    except InvalidRecord as error:
        return Failure(**record, status="unparsed", detail=error.what)
    kept = {name: getattr(outcome, name) for name in ("score", "distribution", "rationale", "status", "metadata")}
    return Verdict(**record, value=value, **kept)
