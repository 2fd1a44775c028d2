"""What a gate says: the rules with what was measured of each, the looks, certificates, and what would decide it.

The words here are the report's own; pull requests (`pull_request`) and JUnit files (`junit`) name rules as this does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

from judgekit.records.gate import GateReport, Look, RuleOutcome
from judgekit.records.report import Row
from judgekit.render import plot
from judgekit.render.block import Block, Figure, Section, Words
from judgekit.render.case import case_section
from judgekit.render.comparison_part import free_blocks, maker_words
from judgekit.render.number import count_text, is_shown, level_text, undefined_reason, value_text
from judgekit.render.plot import Line
from judgekit.render.row_table import difference_table, estimate_cell, n_cell, unit_of
from judgekit.render.table import Cell, Table
from judgekit.render.words import judge_words
from judgekit.stats.estimate import Estimate

ANSWERS = {
    "pass": "passed",
    "fail": "failed",
    "inconclusive": "not decided yet",
    "incomplete": "not decided: too many failures",
    "untrusted": "not decided: the judge is not trusted",
    "missing": "not decided: something is missing",
    "budget": "not decided: the budget is used up",
}
"""Word over all -> what became of the gate."""
VIEWS = {
    "labels_only": "the experts' labels",
    "ppi": "{judge}, corrected by labels",
    "post_stratification": "{judge}, corrected by labels",
    "rogan_gladen": "{judge}, corrected by labels",
    "label_free": "{judge}, as a range, without labels",
    "range": "{judge}, as a range, without labels",
    "judge_raw": "{judge} alone, not the experts",
}
"""Estimator -> by whom a rule was measured."""
DIFFERENCES = ("not_worse", "better")
WORST_FIRST = ("missing", "untrusted", "incomplete", "fail", "inconclusive", "pass")
"""Words of rules in the order in which they decide."""


def gate_sections(report: GateReport) -> Iterator[Section]:
    """Return the sections of a gate, what decides first."""
    yield Section("Rules", tuple(_rules(report)))
    yield Section("What would decide it", tuple(_undecided(report)))
    yield Section("Look by look", tuple(_looks(report)))
    yield Section("Certificates", tuple(_certificates(report)))
    for criterion in dict.fromkeys(each.criterion for each in report.label_free):
        own = [each for each in report.label_free if each.criterion == criterion]
        yield Section(f"{criterion}: without labels on the candidate", tuple(free_blocks(own, unit_of(report))))
    further = [row for row in report.rows if not _is_of_a_rule(row, report)]
    for criterion in dict.fromkeys(row.criterion for row in further):
        named = [
            (row, maker_words(row.judge, row.engine, row.estimator)) for row in further if row.criterion == criterion
        ]
        yield Section(f"{criterion}: what else was measured", (difference_table(named, unit_of(report)),))
    yield case_section("Inputs that got worse most", report.moved)


def verdict_words(report: GateReport) -> tuple[str, ...]:
    """Return the summary without the lines that the table of rules repeats."""
    first, *rest = report.summary or ("No verdict in words was recorded.",)
    repeated = [(each.asks, each.why) for each in report.rules if each.why]
    return (first, *(line for line in rest if not any(asks in line and why in line for asks, why in repeated)))


def answer_words(report: GateReport) -> str:
    """Return what became of the gate: `failed (exit code 1)`."""
    return f"{ANSWERS[report.word]} (exit code {report.exit_code})"


def rule_name(outcome: RuleOutcome) -> str:
    """Return a rule's place and kind with its slice: `2 not_worse policy @ language=zh`."""
    return f"{outcome.rule} @ {outcome.slice}" if outcome.slice else outcome.rule


def asked_words(outcome: RuleOutcome) -> str:
    """Return what a rule asks, with the slice where the sentence does not name it."""
    if outcome.slice and outcome.slice not in outcome.asks:
        return f"{outcome.asks} ({outcome.slice})"
    return outcome.asks


def view_words(outcome: RuleOutcome) -> str:
    """Return by whom a rule was measured."""
    if outcome.kind == "ceiling":
        return "what the sessions record"
    judge = judge_words(outcome.judge, outcome.engine) if outcome.judge else "the judge"
    told = VIEWS.get(outcome.estimator or "", (outcome.estimator or "nobody").replace("_", " "))
    return told.replace("{judge}", judge)


def figure_cell(outcome: RuleOutcome) -> Cell:
    """Return a rule's estimate over its bounds."""
    estimate = outcome.estimate
    if estimate is None:
        return Cell("-")
    if outcome.kind != "ceiling":
        return estimate_cell(estimate, _metric(outcome))
    if not is_shown(estimate):
        return Cell("undefined")
    ends = "no interval" if estimate.low is None or estimate.high is None else _between(estimate.low, estimate.high)
    return Cell(_plain(estimate.value or 0.0), ends)


def line_text(outcome: RuleOutcome) -> str:
    """Return what the bounds are held against."""
    return _plain(outcome.line) if outcome.kind == "ceiling" else value_text(outcome.line, _metric(outcome))


def reason_words(outcome: RuleOutcome) -> str:
    """Return why a rule says what it does; what was undefined gives its reason."""
    estimate = outcome.estimate
    if outcome.why or estimate is None or is_shown(estimate):
        return outcome.why or outcome.word
    return undefined_reason(estimate)


def decisive(report: GateReport) -> list[RuleOutcome]:
    """Return the rules in the order in which they decide, those alike in the policy's own."""
    return sorted(report.rules, key=lambda each: WORST_FIRST.index(each.word))


def _is_of_a_rule(row: Row, report: GateReport) -> bool:
    """Whether the table of rules shows an estimate already."""
    held = (row.estimate, row.slice, row.judge, row.estimator)
    return any(held == (each.estimate, each.slice, each.judge, each.estimator) for each in report.rules)


def _rules(report: GateReport) -> Iterator[Block]:
    if not report.rules:
        return
    unit = unit_of(report)
    body = tuple(
        (
            Cell(asked_words(each)),
            Cell(each.word),
            figure_cell(each),
            Cell(line_text(each)),
            n_cell([each.estimate] if each.estimate else [], unit),
        )
        for each in report.rules
    )
    yield Table(("rule", "says", "measured [bounds]", "line", "n"), body, n_words=2, notes=(_bounds_note(report),))
    told = tuple((Cell(rule_name(each)), Cell(reason_words(each)), Cell(view_words(each))) for each in report.rules)
    yield Table(("rule", "why", "measured by"), told, n_words=3, caption="Why")
    lines = tuple(
        _room(each, each.estimate) for each in report.rules if each.kind != "ceiling" and each.estimate is not None
    )
    if lines:
        title = "Each estimate minus its line, with bounds"
        yield Figure(title, partial(plot.about_zero, lines, title))


def _bounds_note(report: GateReport) -> str:
    failed = [f"{rule_name(each)} at {each.fails_at:.3g}" for each in report.rules if each.fails_at is not None]
    told = f" Fails after Holm over the rules: {'; '.join(failed)}." if failed else ""
    level = report.settings.get("level")
    if not (isinstance(level, float) and "interval_level" in report.settings):
        level = None  # of two-sided intervals, in what others wrote
    at = "at the policy's level" if level is None else f"at {level_text(level)}"
    return f"Bounds are one-sided, each {at}; a rule passes only where its bound does not cross the line.{told}"


def _room(outcome: RuleOutcome, estimate: Estimate) -> Line:
    who: Literal["judge", "human"] = "human" if outcome.estimator == "labels_only" else "judge"
    return Line(rule_name(outcome), _moved(estimate, outcome.line), "mean_difference", who, outcome.word != "pass")


def _moved(estimate: Estimate, line: float) -> Estimate:
    value, low, high = (None if each is None else each - line for each in (estimate.value, estimate.low, estimate.high))
    return replace(estimate, value=value, low=low, high=high)


def _undecided(report: GateReport) -> Iterator[Block]:
    if report.queue is not None and report.n_queued:
        sessions = "1 session" if report.n_queued == 1 else f"{count_text(report.n_queued)} sessions"
        yield Words((f"Labels of {sessions} would decide it; they are listed in {report.queue}.",))


def _looks(report: GateReport) -> Iterator[Block]:
    if not report.looks:
        return
    rules = tuple(dict.fromkeys(name for look in report.looks for name in (*look.words, *look.evidence)))
    body = tuple(_look_line(place, look, rules) for place, look in enumerate(report.looks, start=1))
    ended = f"Judged {count_text(report.n_inputs)} of {count_text(report.n_inputs_all)} inputs."
    notes = (ended,) if report.n_inputs_all else ()
    yield Table(("look", "inputs", "with labels", *rules), body, n_words=1, notes=notes)


def _look_line(place: int, look: Look, rules: Sequence[str]) -> tuple[Cell, ...]:
    cells = [Cell(str(place)), Cell(count_text(look.n_inputs)), Cell(count_text(look.n_labels))]
    for rule in rules:
        ends = look.evidence.get(rule)
        is_bounded = ends is not None and ends != (None, None)
        cells.append(Cell(look.words.get(rule, "-"), _ends_text(ends) if ends is not None and is_bounded else ""))
    return tuple(cells)


def _ends_text(ends: tuple[float | None, float | None]) -> str:
    shown = ["-" if end is None else _plain(end) for end in ends]
    return f"[{shown[0]}, {shown[1]}]"


def _certificates(report: GateReport) -> Iterator[Block]:
    if report.certificates:
        body = tuple((Cell(name), Cell(told)) for name, told in report.certificates.items())
        yield Table(("judge, criterion", "what its certificate says"), body, n_words=2)


def _metric(outcome: RuleOutcome) -> str:
    if outcome.metric == "win_rate":
        return outcome.metric
    return "mean_difference" if outcome.kind in DIFFERENCES else "mean"


def _plain(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _between(low: float, high: float) -> str:
    return f"[{_plain(low)}, {_plain(high)}]"
