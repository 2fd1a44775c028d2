"""Findings about a judge that reading it would show: nothing is sent and no file is opened.

Each check is a function from a `Subject` to findings; `CHECKS` lists them in the order they are told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from judgekit.errors import InputError, InvalidRecord
from judgekit.judging.check import check_options
from judgekit.judging.model_name import is_floating
from judgekit.judging.odds import check_odds
from judgekit.judging.prompt import COMMON_VARIABLES, TARGET_VARIABLES
from judgekit.judging.reading import check_reading
from judgekit.judging.redaction import Redactor
from judgekit.judging.template import compile_template, unknown_variable, variable_lines
from judgekit.records.judge import Judge
from judgekit.records.record import Record
from judgekit.records.rubric import level_text

Severity = Literal["error", "warning", "info"]

_KEY = re.compile(
    r"\b(?:sk-[A-Za-z0-9_-]{16,}|AKIA[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{30,}|gh[pousr]_[A-Za-z0-9]{30,}"
    r"|xox[abp]-[A-Za-z0-9-]{20,}|hf_[A-Za-z0-9]{30,}|gsk_[A-Za-z0-9]{30,})"
)
_NUMBER_RANGE = re.compile(
    r"\b(?:scale|score|scores|scored|rate|rating)\b[^\n.{}]{0,20}?(?<![\d.])(-?\d+)\s*(?:-|–|to|and)\s*(-?\d+)\b",
    re.IGNORECASE,
)
_DATA_SENTENCE = re.compile(
    r"\bdata\b.{0,80}\binstructions?\b|\binstructions?\b.{0,80}\bdata\b", re.IGNORECASE | re.DOTALL
)
_NESTED_REPEAT = re.compile(r"\((?:[^()\\]|\\.)*(?<!\\)[+*](?:[^()\\]|\\.)*\)(?:[+*]|\{\d+,\d*\})")
_CHARACTER_SET = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]")
_NEVER = re.compile(r"\(\?!\)|(?<!\\)\$[\w(]|\\Z[^|)]|[\w.)]\\A")


class Finding(Record):
    """One thing that is wrong with a judge, or may be."""

    code: str
    """Its kind, such as `unknown-variable`."""
    severity: Severity
    """`error`: it cannot work; `warning`: it is likely to mislead; `info`: worth knowing."""
    file: str
    """File of the judge's folder."""
    line: int | None = None
    """Line in it, where there is one."""
    message: str
    """What is wrong."""
    fix: str
    """What to do."""


class LintReport(Record):
    """What `judge lint` tells."""

    judge: str
    """The judge's name."""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """A judge under lint, with what several checks need.

    Attributes:
        judge: The judge.
        used: Template file -> variable -> first line; empty for a template that does not parse.
        units: Session id -> its unit, where the dataset is known.
        without_reference: Sessions of it that declare no reference answer.
    """

    judge: Judge
    used: Mapping[str, Mapping[str, int]]
    units: Mapping[str, str]
    without_reference: Sequence[str] = ()

    @property
    def names(self) -> set[str]:
        """Variables of both templates."""
        return {name for variables in self.used.values() for name in variables}

    @property
    def text(self) -> str:
        """Both templates."""
        return f"{self.judge.system}\n{self.judge.user}"

    def line(self, name: str) -> tuple[str, int]:
        """Return the file and line where a variable first stands."""
        return next((file, lines[name]) for file, lines in self.used.items() if name in lines)


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
            broken.append(_from_error("template", error, file))
    subject = Subject(judge, used, units or {}, without_reference)
    return (*broken, *(finding for check in CHECKS for finding in check(subject)))


def unknown_names(subject: Subject) -> Iterator[Finding]:
    """Variables that are not offered, and statements that are not."""
    known = (*COMMON_VARIABLES, *TARGET_VARIABLES[subject.judge.target])
    sources = {"system.j2": subject.judge.system, "user.j2": subject.judge.user}
    for file, variables in subject.used.items():
        unknown = {name: line for name, line in variables.items() if name not in known}
        for name, line in unknown.items():
            yield _from_error("unknown-variable", unknown_variable(name, known, where=f"{file}:{line}"), file)
        if not unknown:
            try:
                compile_template(sources[file], name=file, known=known)
            except InvalidRecord as error:
                yield _from_error("template", error, file)


def what_is_judged(subject: Subject) -> Iterator[Finding]:
    """Templates that do not show the target, or show it without a fence."""
    target, names = subject.judge.target, subject.names
    sides = {"session": [{"session", "output_text"}], "turn": [{"turn"}]}.get(
        target, [{"first", "first_text"}, {"second", "second_text"}]
    )
    for side in sides:
        if "user.j2" in subject.used and not names & side:
            shown = min(side)
            yield Finding(
                code="target-not-shown", severity="error", file="user.j2",
                message=f"the {target} is not shown: {' or '.join(sorted(side))} is not used",
                fix=f"Write {{{{ {shown} }}}} where it is to stand",
            )  # fmt: skip
    for name in sorted(name for name in names if name.endswith("_text")):
        file, line = subject.line(name)
        yield Finding(
            code="not-fenced", severity="warning", file=file, line=line,
            message=f"{name} puts text of the session into the prompt without a fence: it can pose as instructions",
            fix=f"Use {{{{ {_fenced_name(name, target)} }}}}, unless the prompt must stay as another tool has it",
        )  # fmt: skip


def data_sentence(subject: Subject) -> Iterator[Finding]:
    """Prompts that do not say that what is judged is data."""
    is_raw = any(name.endswith("_text") for name in subject.names)
    if not _DATA_SENTENCE.search(subject.text):
        yield Finding(
            code="no-data-sentence", severity="warning" if is_raw else "info", file="system.j2",
            message="nothing in the templates says that what is shown is data, not instructions",
            fix="Say so; the fence says it too, but only next to the session",
        )  # fmt: skip


def what_is_asked(subject: Subject) -> Iterator[Finding]:
    """Parts of the criterion that the judge is not told."""
    judge, names = subject.judge, subject.names
    if "criteria" in names:
        names |= {"question", "scale", "anchors"}
    words = [level_text(level) for level in judge.criterion.scale.levels]
    has_levels = bool(words) and all(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", subject.text) for word in words)
    is_asked = "question" in names or judge.criterion.question.strip() in subject.text
    asks_json = judge.reading.method != "regex"
    missing = {
        "question": not is_asked,
        "criteria": bool(judge.further_criteria) and "criteria" not in names and not _are_asked(judge, subject.text),
        "scale": not names & {"scale", "levels", "answer_format", "anchors"} and not has_levels,
        "anchors": bool(judge.criterion.anchors) and "anchors" not in names and not _has_anchors(judge, subject.text),
        "rules": bool(judge.rules) and "rules" not in names,
        "demonstrations": bool(judge.demonstrations) and "demonstrations" not in names,
        "answer_format": asks_json and "answer_format" not in names and judge.reading.value_key not in subject.text,
    }
    for name in (name for name, is_missing in missing.items() if is_missing):
        yield Finding(
            code=f"no-{name.replace('_', '-')}", severity="warning", file="system.j2",
            message=f"the judge is not told the {name.replace('_', ' ')}: no template uses {{{{ {name} }}}}",
            fix=f"Write {{{{ {name} }}}} into system.j2" if name != "demonstrations" else "Loop over them in user.j2",
        )  # fmt: skip
    if judge.criterion.question.strip() == judge.criterion.id:
        yield _in_toml(
            "bare-question", "info", f"the question is only the criterion's name, {judge.criterion.id!r}",
            "Write it, and what each level means, into rubric.toml and into the judge's copy in judge.toml",
        )  # fmt: skip
    if not asks_json and "answer_format" in names:
        file, line = subject.line("answer_format")
        yield Finding(
            code="empty-answer-format", severity="warning", file=file, line=line,
            message="answer_format is empty when replies are read by patterns",
            fix="Write the exact words that the patterns look for",
        )  # fmt: skip


def foreign_levels(subject: Subject) -> Iterator[Finding]:
    """Levels in the templates' own words that are not on the scale."""
    scale = subject.judge.criterion.scale
    if subject.judge.further_criteria:
        return  # a range in a sentence may be any criterion's
    ends: tuple[float | None, float | None] | None = None
    if scale.type == "numeric":
        ends = (scale.min, scale.max)
    elif scale.type == "ordinal" and all(isinstance(level, int | float) for level in scale.levels):
        ends = (scale.numbers()[0], scale.numbers()[-1])
    for file, line, text in _lines(subject.judge):
        for match in _NUMBER_RANGE.finditer(text):
            if ends is not None and (float(match[1]), float(match[2])) not in (ends, ends[::-1]):
                yield _foreign(f"{match[1]} to {match[2]}", file, line)
        if scale.type == "preference" and "tie" not in scale.levels and re.search(r"\btie\b", text, re.IGNORECASE):
            yield _foreign("tie", file, line)


def reading_rules(subject: Subject) -> Iterator[Finding]:
    """Patterns that cannot be used, match nothing, match everything, or may take for ever."""
    patterns = subject.judge.reading.patterns
    try:
        check_reading(subject.judge)
    except InvalidRecord as error:
        yield _from_error("bad-pattern", error, "judge.toml")
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
                yield _in_toml(code, "warning", f"pattern {row} ({pattern.match!r}) {problem}", "Rewrite the pattern")
    yield from _unreachable_levels(subject.judge)


def odds(subject: Subject) -> Iterator[Finding]:
    """Levels that can have no odds, or whose tokens may begin alike."""
    judge = subject.judge
    try:
        check_odds(judge)
    except InvalidRecord as error:
        yield _from_error("no-odds", error, "judge.toml")
        return
    words = [level_text(level).casefold() for level in judge.criterion.scale.levels]
    alike = [(one, other) for one in words for other in words if one != other and other.startswith(one)]
    if judge.reading.probabilities and alike:
        one, other = alike[0]
        yield _in_toml(
            "levels-begin-alike", "warning",
            f"{other!r} begins with {one!r}: where it is written in several tokens, not all odds can be told apart",
            "Use levels that begin differently, or look at `kept` in the verdicts' metadata",
        )  # fmt: skip


def several_criteria(subject: Subject) -> Iterator[Finding]:
    """Demonstrations that show one answer where several are wanted."""
    judge = subject.judge
    if judge.further_criteria and judge.demonstrations:
        yield _in_toml(
            "one-answer-shown", "warning",
            f"demonstrations show the answer on {judge.criterion.id!r} only, and {len(judge.criteria)} are wanted",
            "Drop the demonstrations, or make a judge for each criterion",
        )  # fmt: skip


def references(subject: Subject) -> Iterator[Finding]:
    """Templates that show a reference answer which sessions do not declare."""
    lacking = subject.without_reference
    if "reference" in subject.names and lacking:
        file, line = subject.line("reference")
        n = f"{len(lacking)} sessions declare" if len(lacking) > 1 else "1 session declares"
        yield Finding(
            code="no-reference-answer", severity="error", file=file, line=line,
            message=f"the template shows a reference answer, and {n} none (the first: {lacking[0]})",
            fix="Give each session its `reference`, or take {{ reference }} out",
        )  # fmt: skip


def check_judge(judge: Judge) -> Iterator[Finding]:
    """Checks that there are not, options that do not fit, patterns that cannot be used."""
    try:
        check_options(judge)
    except InputError as error:
        yield _in_toml("bad-check", "error", error.what, error.hint or "Mend it")


def redaction(subject: Subject) -> Iterator[Finding]:
    """Redaction patterns that cannot be used."""
    try:
        Redactor(subject.judge.redact)
    except InvalidRecord as error:
        yield _in_toml("bad-redaction", "error", f"{error.where}: {error.what}", error.hint or "Mend it")


def rationale_first(subject: Subject) -> Iterator[Finding]:
    """Reply forms, written by hand, that ask for the value before the reason."""
    reading = subject.judge.reading
    if reading.method == "regex":
        return
    for file, source in (("system.j2", subject.judge.system), ("user.j2", subject.judge.user)):
        value, reason = source.find(f'"{reading.value_key}"'), source.find(f'"{reading.rationale_key}"')
        if 0 <= value < reason:
            yield Finding(
                code="value-before-reason", severity="warning", file=file, line=source[:value].count("\n") + 1,
                message="the reply's form has the value before the reason, which then only excuses it",
                fix="Put the reason first, or use {{ answer_format }}",
            )  # fmt: skip


def sampling(subject: Subject) -> Iterator[Finding]:
    """Temperature and samples that do not go together; a model that changes under its name."""
    judge = subject.judge
    temperature = judge.parameters.temperature
    if temperature and judge.samples == 1:
        message = f"temperature {temperature:g} with one sample: the verdict is one throw of a die"
        yield _in_toml("one-sample", "warning", message, "Set temperature = 0, or samples above 1")
    if temperature == 0 and judge.samples > 1:
        message = f"{judge.samples} samples at temperature 0: they will mostly repeat each other"
        yield _in_toml("same-samples", "info", message, "Raise the temperature, or ask once")
    if judge.model and is_floating(judge.model):
        message = f"model {judge.model!r} is an alias without a dated version: what answers may change"
        yield _in_toml("floating-model", "info", message, "Name a dated version; run.json says which ones answered")


def secrets(subject: Subject) -> Iterator[Finding]:
    """Text that looks like an API key."""
    judge = subject.judge
    settings = json.dumps([judge.base_url, judge.api_key_env, judge.description, judge.parameters.extra], default=str)
    for file, line, text in [("judge.toml", None, settings), *_lines(judge)]:
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


CHECKS: tuple[Callable[[Subject], Iterator[Finding]], ...] = (
    unknown_names, what_is_judged, what_is_asked, several_criteria, references, foreign_levels, rationale_first,
    data_sentence, reading_rules, odds, sampling, redaction, secrets, lineage,
)  # fmt: skip


def _from_error(code: str, error: InvalidRecord, file: str) -> Finding:
    line = (error.where or "").rpartition(":")[2]
    what = error.what if line.isdigit() or error.where is None else f"{error.where}: {error.what}"
    number = int(line) if line.isdigit() else None
    return Finding(code=code, severity="error", file=file, line=number, message=what, fix=error.hint or "Mend it")


def _in_toml(code: str, severity: Severity, message: str, fix: str) -> Finding:
    return Finding(code=code, severity=severity, file="judge.toml", message=message, fix=fix)


def _never_matches(pattern: str) -> bool:
    """Whether a pattern plainly asks for text behind the end or before the start; most such ones are not plain."""
    return "(?m" not in pattern and _NEVER.search(_CHARACTER_SET.sub("x", pattern)) is not None


def _foreign(word: str, file: str, line: int) -> Finding:
    message = f"{word!r} is named and is not what the scale says"
    return Finding(
        code="foreign-level", severity="warning", file=file, line=line, message=message, fix="Use {{ scale }} instead"
    )


def _fenced_name(name: str, target: str) -> str:
    if target == "pair":
        return name.removesuffix("_text")
    return "session"


def _are_asked(judge: Judge, text: str) -> bool:
    return all(criterion.question.strip() in text for criterion in judge.criteria)


def _has_anchors(judge: Judge, text: str) -> bool:
    return all(anchor.strip() in text for anchor in judge.criterion.anchors.values())


def _lines(judge: Judge) -> Iterator[tuple[str, int, str]]:
    for file, source in (("system.j2", judge.system), ("user.j2", judge.user)):
        for number, text in enumerate(source.splitlines(), 1):
            yield file, number, text


def _unreachable_levels(judge: Judge) -> Iterator[Finding]:
    """Name the levels that no row means, where every row means a fixed one."""
    rows = [pattern for pattern in judge.reading.patterns if pattern.status == "ok"]
    if not rows or any(pattern.value is None for pattern in rows):
        return
    meant = {judge.criterion.scale.read(pattern.value) for pattern in rows}
    for level in judge.criterion.scale.levels:
        if level not in meant and level != "tie":
            message = f"no pattern means {level_text(level)!r}: the judge can never say it"
            yield _in_toml("unreachable-level", "warning", message, "Add a pattern for it")
