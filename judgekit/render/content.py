"""What a report says and in which order: sections of words, tables and cases. Renderers only dress them.

The verdict in words comes first, then where the answers went, then numbers, then people's words, then how
it was made and from what works; warnings stand last in running text.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Literal

from judgekit.records.agreement_report import AgreementReport
from judgekit.records.calibration_report import CalibrationReport
from judgekit.records.comparison_report import ComparisonReport
from judgekit.records.experiment_report import ExperimentReport
from judgekit.records.gate import GateReport
from judgekit.records.planning import PlanReport
from judgekit.records.probe_report import ProbeReport
from judgekit.records.quality_report import QualityReport
from judgekit.records.report import Report, Row
from judgekit.records.score_report import ScoreReport
from judgekit.render import plot
from judgekit.render.block import Block, Content, Figure, References, Section, Words
from judgekit.render.calibration_part import calibration_sections
from judgekit.render.case import case_section
from judgekit.render.citation import cited
from judgekit.render.comparison_part import comparison_sections
from judgekit.render.experiment_part import experiment_facts, experiment_sections
from judgekit.render.gate_part import answer_words, gate_sections, verdict_words
from judgekit.render.judge_part import (
    alt_test_blocks,
    bias_blocks,
    bland_altman_blocks,
    ceiling_block,
    ceiling_differences,
    confusion_figure,
    is_difference,
    slice_blocks,
    strata_figures,
)
from judgekit.render.method import method_block
from judgekit.render.number import count_text
from judgekit.render.plan_part import plan_sections
from judgekit.render.plot import Line
from judgekit.render.probe_part import probe_sections
from judgekit.render.rater_part import level_figure, profile_blocks
from judgekit.render.row_table import (
    ESTIMATORS,
    comparison_table,
    estimator_table,
    headline_table,
    pair_table,
    slice_table,
    unit_of,
)
from judgekit.render.table import Cell, Table
from judgekit.render.words import causes_text, judge_words
from judgekit.stats.metric_words import metric_words

METHOD_TITLE = "How this was made"


def content_of(report: Report) -> Content:
    """Return what a report says, in order; sections with nothing in them are left out."""
    said = verdict_words(report) if isinstance(report, GateReport) else report.summary
    verdict = Section("Verdict", (Words(said or ("No verdict in words was recorded.",)),), "verdict")
    method = Section(METHOD_TITLE, (method_block(report),))
    works = cited(report)
    references = Section("References", (References(works),) if works else ())
    warnings = Section("Warnings", (Words(report.warnings),) if report.warnings else (), "warning")
    sections = (verdict, *_body(report), method, references, warnings)
    return Content(report.kind, report.title, _facts(report), tuple(part for part in sections if part.blocks))


def _facts(report: Report) -> tuple[tuple[str, str], ...]:
    facts: list[tuple[str, str | None]] = [("dataset", report.dataset)]
    if isinstance(report, ScoreReport):
        facts += [("judge", judge_words(report.judge, report.engine)), ("model", report.model)]
        facts += [("reference", report.reference), ("split", report.split)]
    elif isinstance(report, ProbeReport):
        facts += [("judge", judge_words(report.judge, report.engine)), ("model", report.model)]
    elif isinstance(report, CalibrationReport):
        facts += [("judge", judge_words(report.judge, report.engine)), ("reference", report.reference)]
        facts += [("split", report.split)]
    elif isinstance(report, QualityReport):
        facts += [("judge", judge_words(report.judge, report.engine) if report.judge else None)]
        facts += [("model", report.model), ("reference", report.reference)]
    elif isinstance(report, ComparisonReport):
        facts += [("baseline", report.baseline), ("candidate", report.candidate)]
        facts += [("judge", judge_words(report.judge, report.engine) if report.judge else None)]
    elif isinstance(report, ExperimentReport):
        facts += experiment_facts(report)
    elif isinstance(report, GateReport):
        facts += [("experiment", report.experiment), ("answer", answer_words(report))]
        facts += [("baseline", report.baseline), ("candidate", report.candidate)]
        facts += [("judges' calls", f"${report.cost_usd:,.2f}" if report.cost_usd is not None else None)]
    return tuple((name, value) for name, value in facts if value)


def _body(report: Report) -> Iterator[Section]:
    if isinstance(report, AgreementReport):
        yield from _agreement_sections(report)
    elif isinstance(report, ScoreReport):
        yield from _score_sections(report)
    elif isinstance(report, ProbeReport):
        yield from probe_sections(report)
        yield _counts_section(report)
    elif isinstance(report, CalibrationReport):
        yield from calibration_sections(report)
        yield _counts_section(report)
    elif isinstance(report, QualityReport):
        yield from _quality_sections(report)
    elif isinstance(report, ComparisonReport):
        yield from _comparison_sections(report)
    elif isinstance(report, ExperimentReport):
        yield from experiment_sections(report)
    elif isinstance(report, GateReport):
        yield from gate_sections(report)
        yield _counts_section(report)
    elif isinstance(report, PlanReport):
        yield from plan_sections(report)


def _agreement_sections(report: AgreementReport) -> Iterator[Section]:
    for criterion in _criteria(report):
        yield Section(f"{criterion}: the experts among themselves", tuple(_agreement(report, criterion)))
        profiles = [each for each in report.profiles if each.criterion == criterion]
        yield Section(f"{criterion}: how each rater uses the scale", tuple(profile_blocks(profiles)))
        yield Section(f"{criterion}: by stratum", tuple(_strata(report, criterion)))
    yield case_section("Sessions the experts differ on most", report.contested)
    yield _counts_section(report)


def _score_sections(report: ScoreReport) -> Iterator[Section]:
    name = judge_words(report.judge, report.engine)
    yield _counts_section(report)
    yield case_section("Without a verdict", report.failures, reference=report.reference, judge=name)
    ceiling = ceiling_block(report.rows)
    yield Section("The judge beside the human ceiling", (ceiling,) if ceiling else ())
    for criterion in _criteria(report):
        yield from _judged(report, criterion)
    yield case_section("Worst disagreements", report.disagreements, reference=report.reference, judge=name)


def _quality_sections(report: QualityReport) -> Iterator[Section]:
    for criterion in _criteria(report):
        yield Section(f"{criterion}: how good each version is", (*_estimated(report, criterion),))
    yield _counts_section(report)


def _comparison_sections(report: ComparisonReport) -> Iterator[Section]:
    yield from comparison_sections(report)
    yield _counts_section(report)
    judge = judge_words(report.judge, report.engine)
    yield case_section("Inputs that moved most", report.moved, judge=judge)


def _agreement(report: AgreementReport, criterion: str) -> Iterator[Block]:
    yield from _tables(_rows(report, criterion), unit_of(report), None)
    if report.notes.get(criterion):
        yield Words(report.notes[criterion])
    levels = report.level_counts.get(criterion, {})
    if levels:
        yield level_figure(levels)


def _judged(report: ScoreReport, criterion: str) -> Iterator[Section]:
    unit = unit_of(report)
    rows = _rows(report, criterion)
    judges = dict.fromkeys((row.judge, row.engine) for row in rows if row.judge) or {
        (report.judge, report.engine): None
    }
    for judge, engine in judges:
        name = judge_words(judge, engine)
        own = [row for row in rows if row.judge is None or (row.judge, row.engine) == (judge, engine)]
        further = [row for row in own if is_difference(row) and row.between.endswith("~others")]
        plain = [row for row in own if row not in further]
        blocks = (*_tables(plain, unit, name), *ceiling_differences(further, unit))
        yield Section(f"{criterion}: {name}", blocks)
    tests = [block for test in report.alt_tests if test.criterion == criterion for block in alt_test_blocks(test)]
    yield Section(f"{criterion}: may the judge stand in for an expert?", tuple(tests))
    drawn = tuple(confusion_figure(each) for each in report.confusions if each.criterion == criterion)
    yield Section(f"{criterion}: who said what", drawn)
    gaps = [
        block
        for each in report.bland_altman
        if each.criterion == criterion
        for block in bland_altman_blocks(each, unit)
    ]
    yield Section(f"{criterion}: how far judge and reference lie apart", tuple(gaps))
    slices = [each for each in report.slices if each.criterion == criterion]
    yield Section(f"{criterion}: by slice", tuple(slice_blocks(slices, rows, unit)))
    yield Section(f"{criterion}: by stratum", tuple(_strata(report, criterion)))
    checks = [each for each in report.biases if each.criterion == criterion]
    yield Section(f"{criterion}: habits of the judge that are not quality", tuple(bias_blocks(checks, unit)))


def _estimated(report: QualityReport, criterion: str) -> Iterator[Block]:
    rows = _rows(report, criterion)
    yield estimator_table(rows, unit_of(report)) if report.judge else comparison_table(rows, unit_of(report))
    if report.notes.get(criterion):
        yield Words(report.notes[criterion])
    drawn = [row for row in rows if row.metric not in ("bias", "label_multiplier")]
    lines = tuple(Line(_version_label(row), row.estimate, row.metric, _whose(row)) for row in drawn)
    title = f"{criterion}: versions, with intervals"
    yield Figure(title, partial(plot.beside_whole, lines, None, title))


def _version_label(row: Row) -> str:
    by = f", {ESTIMATORS.get(row.estimator or '', '')}" if row.judge else ""
    named = row.between if row.metric in ("mean", "share") else f"{row.between}, {metric_words(row.metric)}"
    return f"{named}{by}"


def _whose(row: Row) -> Literal["judge", "human"]:
    return "judge" if row.estimator == "judge_raw" else "human"


def _tables(rows: list[Row], unit: str, judge: str | None) -> Iterator[Block]:
    headline = headline_table(rows, unit, judge)
    if headline:
        yield headline
        caption = f"{judge}, beside the human ceiling" if judge else "All raters together"
        yield Figure(caption, partial(plot.forest, tuple(rows)), legend=plot.legend(rows))
    pairs = pair_table(rows, unit, judge)
    if pairs:
        yield pairs


def _strata(report: Report, criterion: str) -> Iterator[Block]:
    rows = [row for row in report.rows if row.criterion == criterion and row.slice is not None]
    if rows:
        yield slice_table(rows, unit_of(report))
        yield from strata_figures(rows, _rows(report, criterion))


def _counts_section(
    report: AgreementReport
    | ScoreReport
    | ProbeReport
    | CalibrationReport
    | QualityReport
    | ComparisonReport
    | GateReport,
) -> Section:
    if not report.counts:
        return Section("Where the answers went", ())
    head = ("criterion", "left out", "no verdict", "looked at", "used")
    rows = tuple(
        (
            Cell(each.criterion),
            Cell(causes_text(each.dropped)),
            Cell(causes_text(each.failures)),
            Cell(count_text(each.n_targets)),
            Cell(count_text(each.n_used)),
        )
        for each in report.counts
    )
    return Section("Where the answers went", (Table(head, rows, n_words=3),))


def _criteria(report: Report) -> tuple[str, ...]:
    found = [row.criterion for row in report.rows]
    if isinstance(report, AgreementReport):
        found += [*report.level_counts, *(each.criterion for each in report.profiles)]
    if isinstance(report, ScoreReport):
        parts = (report.confusions, report.alt_tests, report.slices, report.biases, report.bland_altman)
        found += [each.criterion for part in parts for each in part]
    return tuple(dict.fromkeys(found))


def _rows(report: Report, criterion: str) -> list[Row]:
    return [row for row in report.rows if row.criterion == criterion and row.slice is None]
