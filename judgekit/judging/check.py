"""Check judges: questions about a session that a program can decide, with the evidence named. No request, no key.

A check is a row of `check_rule.CHECKS`, or a function of one's own, written as `package.module:function`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from judgekit.errors import InputError, InvalidRecord, UnknownName
from judgekit.judging.check_rule import CHECKS
from judgekit.judging.prompt import PairTarget
from judgekit.judging.runner.interview import Targets, task_record, tasks
from judgekit.records.judge import Judge
from judgekit.records.record import Record
from judgekit.records.rubric import Criterion, Value
from judgekit.records.session import Session, Turn
from judgekit.records.verdict import Failure, Verdict

CheckFunction = Callable[[Session, Mapping[str, Any]], object]
"""A function of one's own: session and options -> bool, a level, `cannot_judge` or `not_applicable`, or one of these
with its rationale. For judges of turns the session ends with the turn judged.
"""


def check_outcomes(
    judge: Judge, targets: Targets, function: CheckFunction | None, *, now: datetime
) -> Iterator[Verdict | Failure]:
    """Yield a check judge's outcome on every session, or on every turn of the assistant.

    Args:
        judge: A check judge.
        targets: Sessions.
        function: What `package.module:function` names; None for a check of the table.
        now: When it is done.

    Raises:
        InputError: It is no check judge, or it judges pairs.
        InvalidRecord: Its options do not fit.
        UnknownName: There is no such check.
    """
    decide = _own(judge, function) if function is not None else _listed(judge)
    for task in tasks(judge, targets):
        record = task_record(judge, task) | {"at": now}
        if isinstance(task.target, PairTarget):
            raise InputError("a check looks at sessions and turns", where=judge.name, hint="Pairs need another judge")
        turn = next((each for each in task.target.turns if each.id == task.turn), None)
        try:
            status, value, rationale = decide(task.target, turn)
        except Exception as error:  # noqa: BLE001  # a function of the user's own may raise anything
            detail = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            yield Failure(**record, status="engine_error", detail=detail)
        else:
            yield Verdict(**record, status=status, value=value, rationale=rationale)


def check_options(judge: Judge) -> Record | None:
    """Return a check's options, read; None for a function of one's own, which reads them itself.

    Raises:
        InvalidRecord: They do not fit, or a pattern cannot be used.
        UnknownName: There is no such check.
        InputError: The criterion's scale is not binary.
    """
    check = judge.check
    if check is None:
        raise InputError(f"a {judge.kind} judge has no check", where=judge.name)
    if judge.target == "pair":
        raise InputError("a check looks at sessions and turns", where=judge.name, hint="Pairs need another judge")
    if ":" in check.function:
        return None
    if check.function not in CHECKS:
        raise UnknownName("check", check.function, CHECKS, where=f"{judge.name}: check.function")
    if judge.criterion.scale.type != "binary":
        what = f"{check.function} passes or fails, and the scale is {judge.criterion.scale.type}"
        raise InputError(what, where=judge.name, hint="Give the criterion a binary scale")
    row = CHECKS[check.function]
    try:
        options = row.options.model_validate(check.options)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, ("check.options", *first["loc"])))
        known = ", ".join(row.options.model_fields)
        raise InvalidRecord(
            f"{key}: {first['msg'].removeprefix('Value error, ')}", where="judge.toml", hint=f"Options: {known}"
        ) from None
    row.prepare(options)
    return options


Answer = tuple[Any, Value | None, str | None]
"""Status, value and rationale of a verdict."""


def _listed(judge: Judge) -> Callable[[Session, Turn | None], Answer]:
    options = check_options(judge)
    if judge.check is None or options is None:
        raise InputError("the check's function is not loaded", where=judge.name)
    decide = CHECKS[judge.check.function].prepare(options)

    def answer(session: Session, turn: Turn | None) -> Answer:
        found = decide(session, turn)
        if found.value is None:
            return "cannot_judge", None, found.rationale
        return "ok", _level(judge.criterion, is_passed=found.value), found.rationale

    return answer


def _own(judge: Judge, function: CheckFunction) -> Callable[[Session, Turn | None], Answer]:
    options = dict(judge.check.options) if judge.check is not None else {}

    def answer(session: Session, turn: Turn | None) -> Answer:
        until = session.turns.index(turn) + 1 if turn is not None else len(session.turns)
        said = function(session.model_copy(update={"turns": session.turns[:until]}), options)
        value, rationale = said if isinstance(said, tuple) and len(said) == 2 else (said, None)
        words = None if rationale is None else str(rationale)
        if value in ("cannot_judge", "not_applicable"):
            return value, None, words
        if isinstance(value, bool) and judge.criterion.scale.type == "binary":
            return "ok", _level(judge.criterion, is_passed=value), words
        if value is None:
            raise InvalidRecord("the function returned nothing", hint="Return cannot_judge where it cannot say")
        return "ok", judge.criterion.scale.read(value), words

    return answer


def _level(criterion: Criterion, *, is_passed: bool) -> Value:
    positive = criterion.scale.positive_level
    return next(level for level in criterion.scale.levels if (level == positive) == is_passed)
