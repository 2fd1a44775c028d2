"""The parts of a comparison: differences by each estimator, what stands beside them, slices, ranges, rankings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from judgekit.records.comparison_report import (
    Companion,
    ComparisonReport,
    Detectable,
    LabelFree,
    LevelShift,
    PairTest,
    Place,
    SliceDifference,
)
from judgekit.records.report import Row
from judgekit.render import plot
from judgekit.render.block import Block, Figure, Section, Words
from judgekit.render.judge_part import is_difference
from judgekit.render.number import p_text, size_text, value_text
from judgekit.render.plot import Line
from judgekit.render.row_table import EXPERTS, difference_table, estimate_cell, n_cell, unit_of
from judgekit.render.table import Cell, Table
from judgekit.render.words import difference_words, judge_words, method_words

JUDGE_ONLY = "Judge only, not corrected: the judge's own errors are in these differences."
JUDGE_BESIDE = "Rows of the judge alone are not corrected: its own errors are in them."
NO_LABELS = (
    "No expert has looked at the candidate. The range rests on delta, how much the judge may err otherwise on it than "
    "on versions that were labelled; no error rate is claimed."
)
TESTS = {
    "mcnemar": "McNemar",
    "mcnemar_mid_p": "McNemar, mid-p",
    "sign_flip": "sign-flip",
    "wilcoxon": "Wilcoxon, zeros by Pratt",
    "newcombe": "Newcombe interval",
}
"""Companions in words."""
LEADS = ("mean_difference", "win_rate")


def comparison_sections(report: ComparisonReport) -> Iterator[Section]:
    """Return the sections on each criterion."""
    criteria = tuple(dict.fromkeys(row.criterion for row in report.rows))
    for criterion in criteria:
        places = [each for each in report.ranking if each.criterion == criterion]
        pairs = [each for each in report.pairs if each.criterion == criterion]
        yield Section(f"{criterion}: which version is ahead", tuple(_ranked(places, pairs)))
        title = "all pairs" if report.versions else f"{report.candidate} against {report.baseline}"
        yield Section(f"{criterion}: {title}", tuple(_compared(report, criterion)))
        free = [each for each in report.label_free if each.criterion == criterion]
        yield Section(f"{criterion}: without labels on the candidate", tuple(free_blocks(free, unit_of(report))))
        shifts = [each for each in report.shifts if each.criterion == criterion]
        yield Section(f"{criterion}: level by level", tuple(_shifted(shifts)))
        slices = [each for each in report.slices if each.criterion == criterion]
        yield Section(f"{criterion}: versions by slice", tuple(_sliced(slices, report)))


def free_blocks(found: Sequence[LabelFree], unit: str) -> Iterator[Block]:
    """Return what a judge's difference says of experts who have not looked: the answer, its range and its parts."""
    if not found:
        return
    yield Words((NO_LABELS,), is_caution=True)
    rows = tuple(line for each in found for line in _free_lines(each, unit))
    yield Table(("what", "estimate", "n"), rows, n_words=1)


def maker_words(judge: str | None, engine: str | None, estimator: str | None) -> str:
    """Return whose difference it is, and whether labels corrected it.

    Example:
        >>> maker_words("judy", "replay", "ppi"), maker_words(None, None, "labels_only")
        ('judy via replay, corrected by labels', "experts' own labels")
    """
    if not judge:
        return EXPERTS
    how = "corrected by labels" if estimator == "ppi" else "judge only"
    return f"{judge_words(judge, engine)}, {how}"


def _compared(report: ComparisonReport, criterion: str) -> Iterator[Block]:
    rows = [row for row in report.rows if row.criterion == criterion and row.slice is None]
    if any(row.judge for row in rows):
        is_bare = not any(row.estimator in ("ppi", "labels_only") for row in rows)
        yield Words((JUDGE_ONLY if is_bare else JUDGE_BESIDE,), is_caution=True)
    if not rows:
        return
    first = report.headline.get(criterion)
    rows.sort(key=lambda row: (row.metric not in LEADS, row.metric in LEADS and row.estimator != first))
    named = [(row, maker_words(row.judge, row.engine, row.estimator)) for row in rows]
    yield difference_table(named, unit_of(report))
    lines = tuple(_line(row, report) for row in rows if is_difference(row) and row.metric == "mean_difference")
    if lines:
        title = "Differences" if report.versions else f"{report.candidate} minus {report.baseline}"
        yield Figure(title, partial(plot.about_zero, lines, f"{title}, with intervals"))
    yield from _beside([each for each in report.companions if each.criterion == criterion], report)
    yield from _seen([each for each in report.detectable if each.criterion == criterion], report)


def _line(row: Row, report: ComparisonReport) -> Line:
    who = maker_words(row.judge, None, row.estimator)
    pair = f"{difference_words(row.between)}, " if report.versions else ""
    return Line(f"{pair}{who}", row.estimate, row.metric, who="judge" if row.judge else "human")


def _beside(found: Sequence[Companion], report: ComparisonReport) -> Iterator[Block]:
    if not found:
        return
    rows = tuple(
        (
            Cell(TESTS[each.name]),
            Cell(_of_pair(each.between, maker_words(each.judge, None, each.estimator), report)),
            Cell(p_text(each.p_value) if each.low is None else _ends(each)),
            Cell(f"{each.n_up} / {each.n_down}"),
            Cell(method_words(each.method)),
        )
        for each in found
    )
    head = ("beside it", "by", "p, or interval", "up / down", "how")
    yield Table(head, rows, n_words=2, caption="Tests of no difference, two-sided")


def _ends(each: Companion) -> str:
    return f"[{value_text(each.low, 'mean_difference')}, {value_text(each.high, 'mean_difference')}]"


def _seen(found: Sequence[Detectable], report: ComparisonReport) -> Iterator[Block]:
    if not found:
        return
    told = "; ".join(
        f"{size_text(each.effect, 'mean_difference')} "
        f"({_of_pair(each.between, maker_words(each.judge, None, each.estimator), report)})"
        for each in found
    )
    yield Words((f"Smallest true difference that this data shows four times in five: {told}.",))


def _shifted(shifts: Sequence[LevelShift]) -> Iterator[Block]:
    if not shifts:
        return
    several = len({each.between for each in shifts}) > 1
    rows = tuple(
        (
            Cell(f"{each.level} or above"),
            Cell(
                (f"{difference_words(each.between)}, " if several else "")
                + maker_words(each.judge, None, each.estimator)
            ),
            Cell(value_text(each.baseline, "share")),
            Cell(value_text(each.candidate, "share")),
            estimate_cell(each.difference, "share_difference"),
        )
        for each in shifts
    )
    yield Table(("level", "by", "baseline", "candidate", "difference"), rows, n_words=2)


def _sliced(slices: Sequence[SliceDifference], report: ComparisonReport) -> Iterator[Block]:
    if not slices:
        return
    unit = unit_of(report)
    rows = tuple(
        (
            Cell(each.slice),
            Cell(_of_pair(each.between, maker_words(each.judge, None, each.estimator), report)),
            estimate_cell(each.difference, "mean_difference"),
            Cell(p_text(each.p_adjusted)),
            n_cell([each.difference], unit),
        )
        for each in slices
    )
    how = "Holm" if report.settings.get("adjustment") == "holm" else "Benjamini-Hochberg"
    notes = (f"p after {how} over all slices by one estimator. An input is in the slices of the baseline's session.",)
    yield Table(("slice", "by", "difference", "p adjusted", "n"), rows, n_words=2, notes=notes)


def _free_lines(free: LabelFree, unit: str) -> Iterable[tuple[Cell, ...]]:
    pair = difference_words(free.between)
    told = "not known" if free.delta is None else f"{free.delta:.3g} ({free.delta_from})"
    tipping = "-" if free.tipping_point is None else f"{free.tipping_point:.3f}"
    margin = f", margin {free.margin:g}" if free.margin else ""
    return (
        (Cell("answer"), Cell(f"{free.word}{margin}"), Cell("-")),
        (Cell(f"{pair}, range in the experts' units"), estimate_cell(free.range, free.metric), Cell("-")),
        (Cell("delta"), Cell(told), Cell("-")),
        (Cell("delta at which the answer flips"), Cell(tipping), Cell("-")),
        (
            Cell(f"{pair}, {free.judge} alone"),
            estimate_cell(free.judge_difference, free.metric),
            n_cell([free.judge_difference], unit),
        ),
        (Cell("slope of judge over experts (J)"), estimate_cell(free.slope, "youden_j"), n_cell([free.slope], unit)),
    )


def _ranked(places: Sequence[Place], pairs: Sequence[PairTest]) -> Iterator[Block]:
    if not places:
        return
    body = tuple(
        (
            Cell(each.version),
            Cell(value_text(each.lead, "mean_difference")),
            Cell(", ".join(each.not_separated_from) or "-"),
        )
        for each in places
    )
    yield Table(("version", "mean lead", "not separated from"), body, n_words=1)
    tested = tuple(
        (Cell(difference_words(each.between)), Cell(p_text(each.p_value)), Cell(p_text(each.p_adjusted)))
        for each in pairs
    )
    yield Table(("pair", "p", "p, Holm"), tested, n_words=1, caption="All pairs")


def _of_pair(between: str, who: str, report: ComparisonReport) -> str:
    """Return whose it is, and of which pair where there are several."""
    return f"{difference_words(between)}, {who}" if report.versions else who
