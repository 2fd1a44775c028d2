"""Findings about a judge that reading it would show: nothing is sent and no file is opened.

Each check is a function from a `Subject` to findings; `CHECKS` lists them in the order they are told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from judgekit.errors import InvalidRecord
from judgekit.judging.finding import Finding, Subject, from_error
from judgekit.judging.lint_prompt import (
    data_sentence,
    foreign_levels,
    rationale_first,
    references,
    unknown_names,
    what_is_asked,
    what_is_judged,
)
from judgekit.judging.lint_setting import (
    check_judge,
    lineage,
    odds,
    reading_rules,
    redaction,
    sampling,
    secrets,
    several_criteria,
)
from judgekit.judging.template import variable_lines
from judgekit.records.judge import Judge
from judgekit.records.record import Record


class LintReport(Record):
    """What `judge lint` tells."""

    judge: str
    """The judge's name."""
    findings: tuple[Finding, ...] = ()


def lint(
    judge: Judge, *, units: Mapping[str, str] | None = None, without_reference: Sequence[str] = ()
) -> tuple[Finding, ...]:
    """Return what is wrong with a judge, or may be; empty when nothing is.

    Args:
        judge: The judge.
        units: Session id -> unit (`group:...`), to hold demonstrations against the lineage.
        without_reference: Sessions that declare no reference answer, to hold the templates against them.
    """
    if judge.kind == "check":
        return tuple(check_judge(judge))
    if judge.kind != "prompt":
        return ()
    used: dict[str, Mapping[str, int]] = {}
    broken: list[Finding] = []
    for file, source in (("system.j2", judge.system), ("user.j2", judge.user)):
        try:
            used[file] = variable_lines(source, name=file)
        except InvalidRecord as error:
            broken.append(from_error("template", error, file))
    subject = Subject(judge, used, units or {}, without_reference)
    return (*broken, *(finding for check in CHECKS for finding in check(subject)))


CHECKS: tuple[Callable[[Subject], Iterator[Finding]], ...] = (
    unknown_names, what_is_judged, what_is_asked, several_criteria, references, foreign_levels, rationale_first,
    data_sentence, reading_rules, odds, sampling, redaction, secrets, lineage,
)  # fmt: skip
