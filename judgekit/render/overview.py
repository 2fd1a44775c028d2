"""One screen over several reports: do the experts agree, do the judges agree with them, which version is better.

A summary of what the reports hold, in the order a reader asks; the reports themselves say the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from judgekit.records.agreement_report import AgreementReport
from judgekit.records.comparison_report import ComparisonReport
from judgekit.records.quality_report import QualityReport
from judgekit.records.report import Report, Row
from judgekit.records.score_report import ScoreReport
from judgekit.render.comparison_part import JUDGE_BESIDE, maker_words
from judgekit.render.number import interval_text, is_shown, n_text, undefined_reason, value_text
from judgekit.render.plain import one_line, wrap
from judgekit.render.row_table import ESTIMATORS, unit_of
from judgekit.render.table import Cell, Table, aligned
from judgekit.stats.metric_words import metric_words

COLUMNS = 80


@dataclass(frozen=True, slots=True)
class Part:
    """One question and its answer.

    Attributes:
        title: The question.
        table: The answer.
        notes: What must be said below it.
    """

    title: str
    table: Table
    notes: tuple[str, ...] = ()


def overview(reports: Sequence[Report], *, columns: int = COLUMNS) -> str:
    """Return one screen of text over agreement, score and comparison reports.

    Args:
        reports: Any number of each kind.
        columns: Widest line.
    """
    lines: list[str] = []
    for part in overview_parts(reports):
        shown = aligned(part.table, columns - 2) if part.table.rows else []
        lines += ["", one_line(part.title), *(f"  {line}" for line in shown)]
        for note in part.notes:
            lines += wrap(one_line(note), columns, indent="  ", hanging="    ")
    return "\n".join(lines)


def overview_parts(reports: Sequence[Report]) -> tuple[Part, ...]:
    """Return the questions that the reports answer, for whichever renderer."""
    agreements = [r for r in reports if isinstance(r, AgreementReport)]
    scores = [r for r in reports if isinstance(r, ScoreReport)]
    parts = []
    if agreements:
        parts.append(Part("Do the experts agree with each other?", _agreement_table(agreements)))
    if scores:
        parts.append(Part("Do the judges agree with the experts?", _score_table(scores), tuple(_unshown(scores))))
    qualities = [r for r in reports if isinstance(r, QualityReport)]
    if qualities:
        said = tuple(line for r in qualities for line in r.not_random)
        parts.append(Part("How good is each version?", _quality_table(qualities), said))
    rankings: dict[tuple[str, ...], list[ComparisonReport]] = {}
    for report in reports:
        if isinstance(report, ComparisonReport) and report.versions:
            rankings.setdefault(report.versions, []).append(report)
        elif isinstance(report, ComparisonReport):
            title = f"Is {report.candidate} better than {report.baseline}?"
            parts.append(Part(title, _comparison_table(report), report.warnings[:1]))
    for versions, several in rankings.items():
        is_bare = any(place.estimator == "judge_raw" for report in several for place in report.ranking)
        notes = (JUDGE_BESIDE,) if is_bare else ()
        parts.append(Part(f"Which of {', '.join(versions)} is ahead?", _ranking_table(several), notes))
    return tuple(part for part in parts if part.table.rows or part.notes)


def _agreement_table(reports: Sequence[AgreementReport]) -> Table:
    rows = []
    for report in reports:
        seen: set[str] = set()
        for row in report.rows:
            if row.between == "raters" and row.criterion not in seen and not _has_no_coefficient(row):
                seen.add(row.criterion)
                named = (Cell(row.criterion), Cell(metric_words(row.metric)))
                rows.append((*named, _figure(row), _n(row, report)))
    return Table(("criterion", "coefficient", "all raters", "sessions rated twice or more"), tuple(rows), n_words=2)


def _score_table(reports: Sequence[ScoreReport]) -> Table:
    rows = []
    for report in reports:
        for criterion in dict.fromkeys(row.criterion for row in report.rows):
            own = (row for row in report.rows if row.criterion == criterion and row.between == "judge~reference")
            head = next(own, None)
            if head is None or _has_no_coefficient(head):
                continue
            failed = sum(sum(c.failures.values()) for c in report.counts if c.criterion == criterion)
            named = Cell(f"{report.judge} (via {report.engine or 'not named'})", _measure(report, head))
            others = [_figure(_find(report, criterion, f"{side}~others", head.metric)) for side in ("judge", "rater")]
            rows.append((named, _figure(head), *others, Cell(str(failed))))
    head_words = ("judge", "vs reference", "vs other experts", "an expert vs others", "failed")
    return Table(head_words, tuple(rows), n_words=1)


def _measure(report: ScoreReport, head: Row) -> str:
    several = len({row.criterion for row in report.rows}) > 1
    return f"{head.criterion}, {metric_words(head.metric)}" if several else metric_words(head.metric)


def _quality_table(reports: Sequence[QualityReport]) -> Table:
    """Return the figures that stand first; by which estimator, where a judge helped."""
    is_helped = any(report.judge for report in reports)
    rows = []
    for report in reports:
        for row in report.rows:
            first = report.headline.get(f"{row.criterion}, {row.between}", "labels_only")
            if row.estimator not in (first, None) or row.metric in ("bias", "label_multiplier"):
                continue
            by = (Cell(ESTIMATORS.get(row.estimator or "", "")),) if is_helped else ()
            named = (Cell(row.criterion), Cell(row.between), Cell(metric_words(row.metric)))
            rows.append((*named, *by, _figure(row), _n(row, report)))
    head = ("by", "estimate", "labels") if is_helped else ("from labels", "sessions")
    return Table(("criterion", "version", "measure", *head), tuple(rows), n_words=3 + is_helped)


def _n(row: Row, report: Report) -> Cell:
    return Cell(n_text(row.estimate, unit_of(report)))


def _comparison_table(report: ComparisonReport) -> Table:
    rows = []
    for row in report.rows:
        if row.metric not in ("mean_difference", "win_rate"):
            continue
        means = [_mean_of(report, row, version) for version in (report.baseline, report.candidate)]
        who = f"{row.judge} (via {row.engine or 'not named'})" if row.judge else "the experts' labels"
        who += ", corrected" if row.estimator == "ppi" else ""
        inputs = Cell(str(row.estimate.n))
        rows.append((Cell(row.criterion), Cell(who), *means, _figure(row), inputs))
    head = ("criterion", "by", report.baseline, report.candidate, "difference", "inputs")
    return Table(head, tuple(rows), n_words=2)


def _ranking_table(reports: Sequence[ComparisonReport]) -> Table:
    rows = []
    for judge, each in ((report.judge, place) for report in reports for place in report.ranking):
        by = maker_words(None if each.estimator == "labels_only" else judge, None, each.estimator or "ppi")
        near = Cell(", ".join(each.not_separated_from) or "-")
        lead = Cell(value_text(each.lead, "mean_difference"))
        rows.append((Cell(each.criterion), Cell(each.version), Cell(by), near, lead))
    head = ("criterion", "version", "by", "not separated from", "mean lead")
    return Table(head, tuple(rows), n_words=4)


def _mean_of(report: ComparisonReport, difference: Row, version: str) -> Cell:
    for row in report.rows:
        same = (row.criterion, row.judge, row.estimator) == (
            difference.criterion,
            difference.judge,
            difference.estimator,
        )
        if same and row.metric == "mean" and row.between == version:
            return Cell(value_text(row.estimate.value, "mean"))
    return Cell("-")


def _unshown(reports: Sequence[ScoreReport]) -> Iterable[str]:
    for report in reports:
        heads: dict[str, Row] = {}
        for row in report.rows:
            if row.between == "judge~reference":
                heads.setdefault(row.criterion, row)
        for head in heads.values():
            if not is_shown(head.estimate):
                yield f"{report.judge} (via {report.engine or 'not named'}): {undefined_reason(head.estimate)}."


def _has_no_coefficient(row: Row) -> bool:
    """Whether the scale has no such figure at all, unlike one that is merely undefined on these answers."""
    return (row.estimate.undefined or "").startswith("not_for_this_scale")


def _find(report: Report, criterion: str, between: str, metric: str) -> Row | None:
    named = (row for row in report.rows if row.criterion == criterion)
    return next((row for row in named if row.between == between and row.metric == metric), None)


def _figure(row: Row | None) -> Cell:
    if row is None:
        return Cell("-")
    if not is_shown(row.estimate):
        return Cell("undefined")
    interval = interval_text(row.estimate, row.metric)
    return Cell(value_text(row.estimate.value, row.metric), interval if interval.startswith("[") else "")
