"""Findings about a prompt judge's templates: what the model is shown, asked and told to answer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from judgekit.errors import InvalidRecord
from judgekit.judging.finding import Finding, Subject, from_error, in_toml, template_lines
from judgekit.judging.prompt import COMMON_VARIABLES, TARGET_VARIABLES
from judgekit.judging.template import compile_template, unknown_variable
from judgekit.records.judge import Judge
from judgekit.records.rubric import level_text

_NUMBER_RANGE = re.compile(
    r"\b(?:scale|score|scores|scored|rate|rating)\b[^\n.{}]{0,20}?(?<![\d.])(-?\d+)\s*(?:-|–|to|and)\s*(-?\d+)\b",
    re.IGNORECASE,
)
_DATA_SENTENCE = re.compile(
    r"\bdata\b.{0,80}\binstructions?\b|\binstructions?\b.{0,80}\bdata\b", re.IGNORECASE | re.DOTALL
)


def unknown_names(subject: Subject) -> Iterator[Finding]:
    """Variables that are not offered, and statements that are not."""
    known = (*COMMON_VARIABLES, *TARGET_VARIABLES[subject.judge.target])
    sources = {"system.j2": subject.judge.system, "user.j2": subject.judge.user}
    for file, variables in subject.used.items():
        unknown = {name: line for name, line in variables.items() if name not in known}
        for name, line in unknown.items():
            yield from_error("unknown-variable", unknown_variable(name, known, where=f"{file}:{line}"), file)
        if not unknown:
            try:
                compile_template(sources[file], name=file, known=known)
            except InvalidRecord as error:
                yield from_error("template", error, file)


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
        yield in_toml(
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
    for file, line, text in template_lines(subject.judge):
        for match in _NUMBER_RANGE.finditer(text):
            if ends is not None and (float(match[1]), float(match[2])) not in (ends, ends[::-1]):
                yield _foreign(f"{match[1]} to {match[2]}", file, line)
        if scale.type == "preference" and "tie" not in scale.levels and re.search(r"\btie\b", text, re.IGNORECASE):
            yield _foreign("tie", file, line)


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


def data_sentence(subject: Subject) -> Iterator[Finding]:
    """Prompts that do not say that what is judged is data."""
    is_raw = any(name.endswith("_text") for name in subject.names)
    if not _DATA_SENTENCE.search(subject.text):
        yield Finding(
            code="no-data-sentence", severity="warning" if is_raw else "info", file="system.j2",
            message="nothing in the templates says that what is shown is data, not instructions",
            fix="Say so; the fence says it too, but only next to the session",
        )  # fmt: skip


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
