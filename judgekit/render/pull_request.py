"""A gate for a pull request: the Markdown of a job summary and of a comment, and annotations for the log.

Everything keeps within the platform's limits: what does not fit is cut from the end of each list, which is the least
bad, and said to be cut. Text that others wrote stays text: no markup, mention, link, image or workflow command.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from judgekit.records.gate import GateReport
from judgekit.records.record import text_fingerprint
from judgekit.render.block import Section
from judgekit.render.content import content_of
from judgekit.render.fitted import cut, fitted, shortened
from judgekit.render.gate_part import answer_words, asked_words, decisive, reason_words, rule_name, verdict_words
from judgekit.render.junit import RESULTS, Result, result_of
from judgekit.render.markdown import escaped
from judgekit.render.plain import one_line, visible

SUMMARY_BYTES = 1_000_000
"""Most of a job summary; above 1024 kB the platform drops the whole."""
COMMENT_BYTES = 65_000
"""Most of a comment; above 65,536 characters the platform refuses it."""
MOST_ANNOTATIONS = 10
"""Annotations of a kind that a step may show; more are dropped by the platform without a word."""
LONGEST_TEXT = 2_000
"""Characters of one cell, rationale or sentence in a summary."""
LONGEST_IN_COMMENT = 300
CASES_IN_COMMENT = 5
MARKS = {"pass": "✅", "fail": "❌", "inconclusive": "❔"}
"""Word over all -> sign before the title; any other: a warning sign."""
OUT_OF_COMMENT = ("How this was made", "Where the answers went", "Look by look", "References")
"""Sections for which a comment is too small, beside what was measured beyond the rules."""
_COMMAND = re.compile(r"^(\s*):(?=:)|##(?=\[)", re.MULTILINE)
"""Where a runner would read a command: `::` at a line's start, `##[` anywhere."""

Kind = Literal["error", "warning", "notice"]
KINDS: dict[Result, Kind] = {"failure": "error", "error": "error", "skipped": "warning", "passed": "notice"}
"""Result of a rule -> kind of annotation."""


def job_summary(report: GateReport) -> str:
    """Return the Markdown for `$GITHUB_STEP_SUMMARY`, below a megabyte."""
    sections = [shortened(section, LONGEST_TEXT) for section in _sections(report)]
    return fitted([_title(report), _facts(report)], sections, SUMMARY_BYTES)


def comment(report: GateReport) -> str:
    """Return the Markdown of a comment on the pull request, below 64 kB; its first line is `marker`."""
    found = [
        section for section in _sections(report.model_copy(update={"rows": ()})) if section.title not in OUT_OF_COMMENT
    ]
    sections = [shortened(section, LONGEST_IN_COMMENT, n_cases=CASES_IN_COMMENT) for section in found]
    return fitted([marker(report.experiment), _title(report), _facts(report)], sections, COMMENT_BYTES)


def marker(experiment: str) -> str:
    """Return the hidden line by which a re-run finds its own comment, one for each experiment.

    Example:
        >>> marker("helpdesk")
        '<!-- judgekit-gate 9f4d10730006eef4 -->'
    """
    return f"<!-- judgekit-gate {text_fingerprint(experiment).removeprefix('sha256:')[:16]} -->"


def annotations(report: GateReport, *, file: str | None = None) -> tuple[str, ...]:
    """Return workflow commands, one a line: what became of the gate, then each rule that does not pass, worst first.

    Args:
        report: The gate's.
        file: What they point to, such as the experiment's file, from the repository's root.
    """
    said: dict[Kind, list[tuple[str, str]]] = {"error": [], "warning": [], "notice": []}
    said[KINDS[RESULTS[report.word]]].append(
        (f"judgekit gate {answer_words(report)}", "\n".join(verdict_words(report)))
    )
    for each in decisive(report):
        result = result_of(report, each)
        if result != "passed":
            said[KINDS[result]].append(
                (f"{rule_name(each)}: {each.word}", f"{asked_words(each)}: {reason_words(each)}")
            )
    return tuple(line for kind, found in said.items() for line in _of_kind(kind, found, file))


def without_commands(text: str) -> str:
    r"""Return text in which a runner that reads the log finds no workflow command.

    Example:
        >>> without_commands("fine\n  ::add-mask::a ##[error]b")
        'fine\n  : :add-mask::a # #[error]b'
    """
    return _COMMAND.sub(lambda found: f"{found[1]}: " if found[1] is not None else "# #", text)


def _of_kind(kind: Kind, found: Sequence[tuple[str, str]], file: str | None) -> Iterator[str]:
    is_crowded = len(found) > MOST_ANNOTATIONS
    for title, words in found[: MOST_ANNOTATIONS - 1] if is_crowded else found:
        yield _command(kind, title, words, file)
    if is_crowded:
        n_more = len(found) - MOST_ANNOTATIONS + 1
        yield _command(kind, "judgekit gate", f"and {n_more} more; the job summary has all of them", file)


def _command(kind: Kind, title: str, words: str, file: str | None) -> str:
    given = {"file": file, "title": cut(title, LONGEST_IN_COMMENT)}
    named = ",".join(f"{key}={_property(value)}" for key, value in given.items() if value)
    return f"::{kind} {named}::{_data(cut(words, LONGEST_TEXT))}"


def _data(text: str) -> str:
    """Return a command's text as the runner decodes it: one line, whatever lines it has."""
    return visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(one_line(text)).replace(":", "%3A").replace(",", "%2C")


def _title(report: GateReport) -> str:
    return f"## {MARKS.get(report.word, '⚠️')} {escaped(cut(report.title, LONGEST_IN_COMMENT))}"


def _facts(report: GateReport) -> str:
    facts = [f"**{answer_words(report)}**", f"experiment {escaped(cut(report.experiment, LONGEST_IN_COMMENT))}"]
    facts.append(f"policy {escaped(report.policy_hash[:19])}")
    facts += [f"plan {escaped(report.plan_hash[:19])}"] if report.plan_hash else []
    return " · ".join(facts)


def _sections(report: GateReport) -> list[Section]:
    """Return the report's sections, warnings after the verdict, rules in the order in which they decide.

    A file on the runner is named without its folder: it is found among what the job keeps.
    """
    queue = None if report.queue is None else re.split(r"[/\\]", report.queue)[-1]
    ordered = report.model_copy(update={"rules": tuple(decisive(report)), "queue": queue})
    found = [section for section in content_of(ordered).sections if not section.is_pictures_only]
    return sorted(found, key=lambda section: ("verdict", "warning", "plain").index(section.tone))
