"""Findings about how a judge is set up: how replies are read, how often it is asked, what it was made from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from judgekit.errors import InputError, InvalidRecord
from judgekit.judging.check import check_options
from judgekit.judging.finding import Finding, Subject, from_error, in_toml, template_lines
from judgekit.judging.model_name import is_floating
from judgekit.judging.odds import check_odds
from judgekit.judging.reading import check_reading
from judgekit.judging.redaction import Redactor
from judgekit.records.judge import Judge
from judgekit.records.rubric import level_text

_KEY = re.compile(
    r"\b(?:sk-[A-Za-z0-9_-]{16,}|AKIA[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{30,}|gh[pousr]_[A-Za-z0-9]{30,}"
    r"|xox[abp]-[A-Za-z0-9-]{20,}|hf_[A-Za-z0-9]{30,}|gsk_[A-Za-z0-9]{30,})"
)
_NESTED_REPEAT = re.compile(r"\((?:[^()\\]|\\.)*(?<!\\)[+*](?:[^()\\]|\\.)*\)(?:[+*]|\{\d+,\d*\})")
_CHARACTER_SET = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]")
_NEVER = re.compile(r"\(\?!\)|(?<!\\)\$[\w(]|\\Z[^|)]|[\w.)]\\A")


def check_judge(judge: Judge) -> Iterator[Finding]:
    """Checks that there are not, options that do not fit, patterns that cannot be used."""
    try:
        check_options(judge)
    except InputError as error:
        yield in_toml("bad-check", "error", error.what, error.hint or "Mend it")


def several_criteria(subject: Subject) -> Iterator[Finding]:
    """Demonstrations that show one answer where several are wanted."""
    judge = subject.judge
    if judge.further_criteria and judge.demonstrations:
        yield in_toml(
            "one-answer-shown", "warning",
            f"demonstrations show the answer on {judge.criterion.id!r} only, and {len(judge.criteria)} are wanted",
            "Drop the demonstrations, or make a judge for each criterion",
        )  # fmt: skip


def reading_rules(subject: Subject) -> Iterator[Finding]:
    """Patterns that cannot be used, match nothing, match everything, or may take for ever."""
    patterns = subject.judge.reading.patterns
    try:
        check_reading(subject.judge)
    except InvalidRecord as error:
        yield from_error("bad-pattern", error, "judge.toml")
        return
    for row, pattern in enumerate(patterns, 1):
        problems = {
            "empty-match": re.compile(pattern.match).match("") is not None and "matches the empty text",
            "never-matches": _never_matches(pattern.match) and "asks for text beyond an end; it never matches",
            "slow-pattern": _NESTED_REPEAT.search(pattern.match) is not None
            and "repeats a repetition; it can take hours",
            "repeated-pattern": pattern.match in [p.match for p in patterns[: row - 1]] and "stands above already",
        }
        for code, problem in problems.items():
            if problem:
                yield in_toml(code, "warning", f"pattern {row} ({pattern.match!r}) {problem}", "Rewrite the pattern")
    yield from _unreachable_levels(subject.judge)


def odds(subject: Subject) -> Iterator[Finding]:
    """Levels that can have no odds, or whose tokens may begin alike."""
    judge = subject.judge
    try:
        check_odds(judge)
    except InvalidRecord as error:
        yield from_error("no-odds", error, "judge.toml")
        return
    words = [level_text(level).casefold() for level in judge.criterion.scale.levels]
    alike = [(one, other) for one in words for other in words if one != other and other.startswith(one)]
    if judge.reading.probabilities and alike:
        one, other = alike[0]
        yield in_toml(
            "levels-begin-alike", "warning",
            f"{other!r} begins with {one!r}: where it is written in several tokens, not all odds can be told apart",
            "Use levels that begin differently, or look at `kept` in the verdicts' metadata",
        )  # fmt: skip


def sampling(subject: Subject) -> Iterator[Finding]:
    """Temperature and samples that do not go together; a model that changes under its name."""
    judge = subject.judge
    temperature = judge.parameters.temperature
    if temperature and judge.samples == 1:
        message = f"temperature {temperature:g} with one sample: the verdict is one throw of a die"
        yield in_toml("one-sample", "warning", message, "Set temperature = 0, or samples above 1")
    if temperature == 0 and judge.samples > 1:
        message = f"{judge.samples} samples at temperature 0: they will mostly repeat each other"
        yield in_toml("same-samples", "info", message, "Raise the temperature, or ask once")
    if judge.model and is_floating(judge.model):
        message = f"model {judge.model!r} is an alias without a dated version: what answers may change"
        yield in_toml("floating-model", "info", message, "Name a dated version; run.json says which ones answered")


def redaction(subject: Subject) -> Iterator[Finding]:
    """Redaction patterns that cannot be used."""
    try:
        Redactor(subject.judge.redact)
    except InvalidRecord as error:
        yield in_toml("bad-redaction", "error", f"{error.where}: {error.what}", error.hint or "Mend it")


def secrets(subject: Subject) -> Iterator[Finding]:
    """Text that looks like an API key."""
    judge = subject.judge
    settings = json.dumps([judge.base_url, judge.api_key_env, judge.description, judge.parameters.extra], default=str)
    for file, line, text in [("judge.toml", None, settings), *template_lines(judge)]:
        for match in _KEY.finditer(text):
            yield Finding(
                code="api-key", severity="error", file=file, line=line,
                message=f"{match.group()[:5]}... looks like an API key",
                fix="Take it out, revoke it, and name its environment variable in api_key_env",
            )  # fmt: skip


def lineage(subject: Subject) -> Iterator[Finding]:
    """Demonstrations and rules whose sessions the lineage does not own up to."""
    judge = subject.judge
    listed = set(judge.lineage.units)
    for row, demonstration in enumerate(judge.demonstrations, 1):
        unit = subject.units.get(demonstration.session)
        is_checkable = unit is not None or not any(not name.startswith("session:") for name in listed)
        if is_checkable and (unit or f"session:{demonstration.session}") not in listed:
            yield Finding(
                code="demonstration-not-in-lineage", severity="error", file="demonstrations.jsonl", line=row,
                message=f"session {demonstration.session!r} is shown to the judge and is not in its lineage",
                fix=f"Add {unit or 'its unit'} to lineage.json: its labels may not test this judge",
            )  # fmt: skip
    if not listed and any(rule.because for rule in judge.rules):
        yield Finding(
            code="rules-not-in-lineage", severity="error", file="lineage.json",
            message="the rules rest on labels, and the lineage lists no unit",
            fix="List the units whose labels the rules were distilled from",
        )  # fmt: skip


def _never_matches(pattern: str) -> bool:
    """Whether a pattern plainly asks for text behind the end or before the start; most such ones are not plain."""
    return "(?m" not in pattern and _NEVER.search(_CHARACTER_SET.sub("x", pattern)) is not None


def _unreachable_levels(judge: Judge) -> Iterator[Finding]:
    """Name the levels that no row means, where every row means a fixed one."""
    rows = [pattern for pattern in judge.reading.patterns if pattern.status == "ok"]
    if not rows or any(pattern.value is None for pattern in rows):
        return
    meant = {judge.criterion.scale.read(pattern.value) for pattern in rows}
    for level in judge.criterion.scale.levels:
        if level not in meant and level != "tie":
            message = f"no pattern means {level_text(level)!r}: the judge can never say it"
            yield in_toml("unreachable-level", "warning", message, "Add a pattern for it")
