"""Reports as CSV for spreadsheets and data frames: long tables, one line an observation, the same columns always.

A cell of text that a spreadsheet would take for a formula begins with an apostrophe. Numbers stand as they were
measured, not rounded.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from judgekit.records.agreement_report import AgreementReport
from judgekit.records.calibration_report import CalibrationReport
from judgekit.records.comparison_report import ComparisonReport, LabelFree
from judgekit.records.gate import GateReport
from judgekit.records.probe_report import ProbeReport
from judgekit.records.quality_report import QualityReport
from judgekit.records.report import Disagreement, Rating, Report
from judgekit.records.score_report import BiasCheck, ScoreReport
from judgekit.render.plain import JOINERS, visible
from judgekit.stats.estimate import Estimate

COLUMNS = (
    "report", "dataset", "criterion", "metric", "between", "slice", "judge", "engine", "estimator",
    "value", "low", "high", "level", "n", "n_clusters", "method", "undefined", "dropped",
    "part", "p_value", "p_adjusted", "detectable",
)  # fmt: skip
ANSWER_COLUMNS = (
    "report", "dataset", "criterion", "target", "distance", "reference", "rater", "is_judge", "value", "status",
    "rationale", "excerpt",
)  # fmt: skip
CASE_LISTS = ("contested", "disagreements", "failures", "moved")
"""Fields of reports that list cases, each a table of its own."""
OF_PROFILE = ("severity", "drift", "extreme_share", "self_agreement")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What makes Excel, LibreOffice or Google Sheets calculate. Source: OWASP, CSV Injection."""

Scalar = str | int | float | None
Line = Sequence[Scalar]


def csv_text(reports: Sequence[Report]) -> str:
    """Return all estimates of the reports under one head; `part` says which part of the report each is from."""
    return _table(COLUMNS, ([report.kind, report.dataset, *line] for report in reports for line in _estimates(report)))


def csv_tables(reports: Sequence[Report]) -> dict[str, str]:
    """Return every long table by file name: estimates, who said what, counts, and each rater's use of the scale.

    A table without lines still has its head, so that the same command always writes the same files.
    """
    tables = {"rows.csv": csv_text(reports)}
    for name in CASE_LISTS:
        cases = ((report, case) for report in reports for case in getattr(report, name, ()))
        tables[f"{name}.csv"] = _table(ANSWER_COLUMNS, (line for pair in cases for line in _answers(*pair)))
    for name, head, lines in (
        ("counts", ("cause", "kind", "n"), _counts),
        ("confusion", ("between", "left", "right", "n"), _confusions),
        ("levels", ("rater", "level", "n"), _levels),
        ("alone", ("alone", *ANSWER_COLUMNS[3:]), _alone),
        ("profiles", ("rater", "n", "unused_levels", *_with_ends(OF_PROFILE)), _profiles),
        ("alt_test", ("epsilon", "rater", "n", "winning_rate", "p_value", "p_adjusted", "is_beaten"), _alt_tests),
        ("bland_altman", ("between", "mean", "difference", "n"), _places),
    ):
        whole = ([report.kind, report.dataset, *line] for report in reports for line in lines(report))
        tables[f"{name}.csv"] = _table(("report", "dataset", "criterion", *head), whole)
    return tables


@dataclass(frozen=True, slots=True)
class _Named:
    """What an estimate is an estimate of."""

    criterion: str
    metric: str
    between: str = ""
    slice: str | None = None
    judge: str | None = None
    engine: str | None = None
    part: str = "row"
    estimator: str | None = None


def _estimates(report: Report) -> Iterator[Line]:
    for row in report.rows:
        named = _Named(
            row.criterion, row.metric, row.between, row.slice, row.judge, row.engine, estimator=row.estimator
        )
        yield _estimate_line(named, row.estimate)
    if isinstance(report, ScoreReport):
        yield from _score_estimates(report)
    if isinstance(report, ComparisonReport):
        yield from _comparison_estimates(report)
    if isinstance(report, GateReport):
        yield from _gate_estimates(report)
    if isinstance(report, AgreementReport):
        for profile in report.profiles:
            for metric in OF_PROFILE:
                estimate = getattr(profile, metric)
                if estimate is not None:
                    named = _Named(profile.criterion, metric, profile.rater, part="profile")
                    yield _estimate_line(named, estimate)


def _comparison_estimates(report: ComparisonReport) -> Iterator[Line]:
    for shift in report.shifts:
        metric = f"share_at_least_{shift.level}_difference"
        named = _Named(
            shift.criterion, metric, shift.between, None, shift.judge, part="level", estimator=shift.estimator
        )
        yield _estimate_line(named, shift.difference)
    for each in report.slices:
        named = _Named(
            each.criterion, "mean_difference", each.between, each.slice, each.judge, None, "slice", each.estimator
        )
        yield _estimate_line(named, each.difference, tested=(each.p_value, each.p_adjusted))
    yield from _label_free(report.label_free)


def _label_free(found: Iterable[LabelFree]) -> Iterator[Line]:
    for free in found:
        named = _Named(free.criterion, free.metric, free.between, None, free.judge, None, "label_free", "range")
        yield _estimate_line(named, free.range)
        named = _Named(free.criterion, "youden_j", free.between, None, free.judge, None, "label_free", "slope")
        yield _estimate_line(named, free.slope)


def _gate_estimates(report: GateReport) -> Iterator[Line]:
    for rule in report.rules:
        if rule.estimate is not None:
            between = report.candidate if rule.kind in ("floor", "ceiling") else f"{report.candidate}~{report.baseline}"
            named = _Named(
                rule.criterion or "", rule.rule, between, rule.slice, rule.judge, rule.engine, "rule", rule.estimator
            )
            yield _estimate_line(named, rule.estimate)
    yield from _label_free(report.label_free)


def _score_estimates(report: ScoreReport) -> Iterator[Line]:
    judge, engine = report.judge, report.engine
    for test in report.alt_tests:
        for metric, estimate in (("alt_test_winning_rate", test.winning_rate), ("alt_test_advantage", test.advantage)):
            named = _Named(test.criterion, metric, "judge~others", None, judge, engine, part="alt_test")
            yield _estimate_line(named, estimate)
    for part in report.slices:
        named = _Named(part.criterion, part.metric, "judge~reference", part.slice, judge, engine, part="slice")
        yield _estimate_line(named, part.estimate)
        named = _Named(
            part.criterion, f"{part.metric}_difference", "slice~rest", part.slice, judge, engine, part="slice"
        )
        yield _estimate_line(named, part.difference, tested=(part.p_value, part.p_adjusted))
    for check in report.biases:
        yield _bias_line(check, report)
    for found in report.bland_altman:
        for metric in ("bias", "low_limit", "high_limit"):
            named = _Named(found.criterion, metric, found.between, None, judge, engine, part="bland_altman")
            yield _estimate_line(named, getattr(found, metric))


def _bias_line(check: BiasCheck, report: ScoreReport) -> Line:
    named = _Named(check.criterion, check.metric, "judge", None, report.judge, report.engine, part=f"bias_{check.kind}")
    return _estimate_line(named, check.estimate, detectable=check.detectable)


def _estimate_line(
    of: _Named,
    e: Estimate,
    *,
    tested: tuple[float | None, float | None] = (None, None),
    detectable: float | None = None,
) -> Line:
    dropped = json.dumps(dict(e.dropped), sort_keys=True, ensure_ascii=False) if e.dropped else None
    named: list[Scalar] = [of.criterion, of.metric, of.between, of.slice, of.judge, of.engine, of.estimator]
    numbers: list[Scalar] = [e.value, e.low, e.high, e.level, e.n, e.n_clusters, e.method, e.undefined, dropped]
    return [*named, *numbers, of.part, *tested, detectable]


def _answers(report: Report, case: Disagreement) -> Iterator[Line]:
    """Give one line for each answer to a case; a case without answers has one line too."""
    shared = [report.kind, report.dataset, case.criterion, case.target, case.distance, _value(case.reference)]
    spoken: list[tuple[Rating | None, bool]] = [(case.judge, True)] if case.judge else []
    spoken += [(rating, False) for rating in case.ratings]
    for rating, is_judge in spoken or [(None, False)]:
        said: list[Scalar] = [None] * 5
        if rating is not None:
            value = _value(rating.value)
            said = [rating.rater, str(is_judge).lower(), value, rating.status, rating.rationale]
        yield [*shared, *said, case.excerpt]


def _alone(report: Report) -> Iterator[Line]:
    """Give one line for each answer where a rater stands alone."""
    for profile in getattr(report, "profiles", ()):
        for case in profile.alone:
            yield from ([profile.criterion, profile.rater, *answer[3:]] for answer in _answers(report, case))


def _value(value: object) -> Scalar:
    if isinstance(value, tuple):
        return json.dumps(value, ensure_ascii=False)
    return value if isinstance(value, str | int | float) and not isinstance(value, bool) else _word(value)


def _word(value: object) -> Scalar:
    return None if value is None else str(value).lower()


def _counts(report: Report) -> Iterator[Line]:
    if isinstance(
        report,
        AgreementReport | ScoreReport | ProbeReport | CalibrationReport | QualityReport | ComparisonReport | GateReport,
    ):
        for each in report.counts:
            yield [each.criterion, "looked_at", "total", each.n_targets]
            yield [each.criterion, "used", "total", each.n_used]
            for kind, causes in (("dropped", each.dropped), ("failure", each.failures)):
                for cause, n in sorted(causes.items()):
                    yield [each.criterion, cause, kind, n]


def _confusions(report: Report) -> Iterator[Line]:
    for table in report.confusions if isinstance(report, ScoreReport) else ():
        for left, counts in zip(table.levels, table.counts, strict=True):
            for right, n in zip(table.levels, counts, strict=True):
                yield [table.criterion, table.between, left, right, n]


def _levels(report: Report) -> Iterator[Line]:
    for criterion, raters in report.level_counts.items() if isinstance(report, AgreementReport) else ():
        for rater, counts in raters.items():
            for level, n in counts.items():
                yield [criterion, rater, level, n]


def _with_ends(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(head for name in names for head in (name, f"{name}_low", f"{name}_high"))


def _profiles(report: Report) -> Iterator[Line]:
    for each in report.profiles if isinstance(report, AgreementReport) else ():
        unused = json.dumps(each.unused_levels, ensure_ascii=False) if each.unused_levels else None
        estimates = (each.severity, each.drift, each.extreme_share, each.self_agreement)
        numbers = [end for e in estimates for end in ((e.value, e.low, e.high) if e else (None, None, None))]
        yield [each.criterion, each.rater, each.n, unused, *numbers]


def _alt_tests(report: Report) -> Iterator[Line]:
    for test in report.alt_tests if isinstance(report, ScoreReport) else ():
        for each in test.raters:
            numbers = [each.winning_rate, each.p_value, each.p_adjusted, str(each.is_beaten).lower()]
            yield [test.criterion, test.epsilon, each.rater, each.n, *numbers]


def _places(report: Report) -> Iterator[Line]:
    for found in report.bland_altman if isinstance(report, ScoreReport) else ():
        for mean, gap, n in found.points:
            yield [found.criterion, found.between, mean, gap, n]


def _table(head: Sequence[str], lines: Iterable[Line]) -> str:
    written = _Written()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(map(_guarded, line) for line in lines)
    return "".join(written.lines)


def _guarded(value: Scalar) -> Scalar:
    if not isinstance(value, str):
        return value
    shown = visible(value, keep=JOINERS)
    starts = value.startswith(FORMULA_STARTS) or shown.lstrip().startswith(FORMULA_STARTS)
    return f"'{shown}" if starts else shown


class _Written:
    """What `csv.writer` writes to."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, text: str) -> None:
        """Keep one line."""
        self.lines.append(text)
