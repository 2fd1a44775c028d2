"""What a report says and in which order: sections of words, tables and cases. Renderers only dress them.

The verdict in words comes first, then where the answers went, then numbers, then people's words, then how
it was made; warnings stand last in running text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from judgekit.records.report import (
    AgreementReport,
    ComparisonReport,
    Confusion,
    Disagreement,
    Rating,
    Report,
    Row,
    ScoreReport,
)
from judgekit.records.rubric import Value, level_text
from judgekit.render.method import method_block
from judgekit.render.number import count_text
from judgekit.render.row_table import comparison_table, headline_table, pair_table, slice_table, unit_of
from judgekit.render.table import Cell, Table
from judgekit.render.words import answer_words, between_words, cause_words, causes_text, judge_words

JUDGE_ONLY = "Judge only, not corrected: the judge's own errors are in these differences."


@dataclass(frozen=True, slots=True)
class Words:
    """Sentences, one paragraph each."""

    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture of what a table also gives: of the one before it, or of its own, which text shows instead."""

    kind: Literal["forest", "confusion", "difference", "levels"]
    caption: str
    rows: tuple[Row, ...] = ()
    confusion: Confusion | None = None
    levels: tuple[tuple[str, tuple[tuple[str, int], ...]], ...] = ()
    """(rater, ((level, labels), ...)) of every rater."""
    table: Table | None = None
    """The same in numbers."""


@dataclass(frozen=True, slots=True)
class Voice:
    """Who answered what, and why."""

    name: str
    answer: str
    rationale: str = ""
    is_judge: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """One session or pair, with everybody's words."""

    target: str
    criterion: str
    facts: str
    excerpt: str
    voices: tuple[Voice, ...]


@dataclass(frozen=True, slots=True)
class Cases:
    """Sessions worth reading, worst first."""

    cases: tuple[Case, ...]


Block = Words | Table | Figure | Cases


@dataclass(frozen=True, slots=True)
class Section:
    """A title and what stands under it."""

    title: str
    blocks: tuple[Block, ...]
    tone: Literal["verdict", "plain", "warning"] = "plain"


@dataclass(frozen=True, slots=True)
class Content:
    """One report, ready to be dressed.

    Attributes:
        kind: `agreement`, `score` or `comparison`.
        title: Its name.
        facts: Name and value of what it is about: dataset, judge, split ...
        sections: In order of reading.
    """

    kind: str
    title: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]


def content_of(report: Report) -> Content:
    """Return what a report says, in order; sections with nothing in them are left out."""
    verdict = Section("Verdict", (Words(report.summary or ("No verdict in words was recorded.",)),), "verdict")
    method = Section("How this was made", (method_block(report),))
    warnings = Section("Warnings", (Words(report.warnings),) if report.warnings else (), "warning")
    sections = (verdict, *_body(report), method, warnings)
    return Content(report.kind, report.title, _facts(report), tuple(part for part in sections if part.blocks))


def _facts(report: Report) -> tuple[tuple[str, str], ...]:
    facts: list[tuple[str, str | None]] = [("dataset", report.dataset)]
    if isinstance(report, ScoreReport):
        facts += [("judge", judge_words(report.judge, report.engine)), ("model", report.model)]
        facts += [("reference", report.reference), ("split", report.split)]
    elif isinstance(report, ComparisonReport):
        facts += [("baseline", report.baseline), ("candidate", report.candidate)]
        facts += [("judge", judge_words(report.judge, report.engine) if report.judge else None)]
    return tuple((name, value) for name, value in facts if value)


def _body(report: Report) -> Iterator[Section]:
    unit = unit_of(report)
    if isinstance(report, AgreementReport):
        for criterion in _criteria(report):
            yield Section(f"{criterion}: the experts among themselves", tuple(_agreement(report, criterion, unit)))
        yield _cases("Sessions the experts differ on most", report.contested, "", None)
        yield _counts_section(report)
    elif isinstance(report, ScoreReport):
        name = judge_words(report.judge, report.engine)
        yield _counts_section(report)
        yield _cases("Without a verdict", report.failures, report.reference, name)
        for criterion in _criteria(report):
            yield from _judged(report, criterion, unit)
        yield _cases("Worst disagreements", report.disagreements, report.reference, name)
    elif isinstance(report, ComparisonReport):
        name = judge_words(report.judge, report.engine)
        for criterion in _criteria(report):
            yield Section(
                f"{criterion}: {report.candidate} against {report.baseline}", tuple(_compared(report, criterion))
            )
        yield _counts_section(report)
        yield _cases("Inputs that moved most", report.moved, "", name)


def _agreement(report: AgreementReport, criterion: str, unit: str) -> Iterator[Block]:
    rows = _rows(report, criterion)
    yield from _tables(rows, unit, None)
    levels = report.level_counts.get(criterion, {})
    if levels:
        drawn = tuple(
            (rater, tuple((answer_words(level), n) for level, n in counts.items())) for rater, counts in levels.items()
        )
        yield Figure("levels", "Labels per level, by rater", levels=drawn, table=level_table(levels))
    yield from _slices(report, criterion, unit)


def _judged(report: ScoreReport, criterion: str, unit: str) -> Iterator[Section]:
    rows = _rows(report, criterion)
    judges = dict.fromkeys((row.judge, row.engine) for row in rows if row.judge) or {
        (report.judge, report.engine): None
    }
    for judge, engine in judges:
        name = judge_words(judge, engine)
        own = [row for row in rows if row.judge is None or (row.judge, row.engine) == (judge, engine)]
        yield Section(f"{criterion}: {name}", tuple(_tables(own, unit, name)))
    drawn = tuple(_confusion_figure(each) for each in report.confusions if each.criterion == criterion)
    yield Section(f"{criterion}: who said what", drawn)
    yield Section(f"{criterion}: by slice", tuple(_slices(report, criterion, unit)))


def _compared(report: ComparisonReport, criterion: str) -> Iterator[Block]:
    rows = _rows(report, criterion)
    if any(row.judge for row in rows):
        yield Words((JUDGE_ONLY,))
    if rows:
        yield comparison_table(rows, unit_of(report))
        yield Figure("difference", f"{report.candidate} minus {report.baseline}", rows=tuple(rows))
    yield from _slices(report, criterion, unit_of(report))


def _tables(rows: list[Row], unit: str, judge: str | None) -> Iterator[Block]:
    headline = headline_table(rows, unit, judge)
    if headline:
        yield headline
        name = f"{judge}, beside the human ceiling" if judge else "All raters together"
        yield Figure("forest", name, rows=tuple(rows))
    pairs = pair_table(rows, unit, judge)
    if pairs:
        yield pairs


def _slices(report: Report, criterion: str, unit: str) -> Iterator[Block]:
    rows = [row for row in report.rows if row.criterion == criterion and row.slice is not None]
    if rows:
        yield slice_table(rows, unit)


def _counts_section(report: AgreementReport | ScoreReport | ComparisonReport) -> Section:
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


def level_table(levels: dict[str, dict[str, int]]) -> Table:
    """Return how often each rater gave each level."""
    names = tuple(dict.fromkeys(level for counts in levels.values() for level in counts))
    rows = tuple(
        (
            Cell(rater),
            *(Cell(count_text(counts.get(level, 0))) for level in names),
            Cell(count_text(sum(counts.values()))),
        )
        for rater, counts in levels.items()
    )
    return Table(("labels per level", *map(answer_words, names), "all"), rows)


def confusion_table(confusion: Confusion) -> Table:
    """Return who said what against whom, as counts."""
    left, _, right = confusion.between.partition("~")
    rows = tuple(
        (Cell(level), *(Cell(count_text(n)) for n in counts), Cell(count_text(sum(counts))))
        for level, counts in zip(confusion.levels, confusion.counts, strict=True)
    )
    return Table((f"{left} (down), {right or 'reference'} (across)", *confusion.levels, "all"), rows)


def _confusion_figure(confusion: Confusion) -> Figure:
    return Figure("confusion", between_words(confusion.between), confusion=confusion, table=confusion_table(confusion))


def _cases(title: str, found: tuple[Disagreement, ...], reference: str, judge: str | None) -> Section:
    cases = tuple(_case(each, reference, judge) for each in found)
    return Section(title, (Cases(cases),) if cases else ())


def _case(each: Disagreement, reference: str, judge: str | None) -> Case:
    status = each.judge.status if each.judge else "ok"
    facts = [f"{round(each.distance, 2):g} apart" if status == "ok" else cause_words(status)]
    if each.reference is not None:
        facts.append(f"reference {value_words(each.reference)}" + (f", {reference}" if reference else ""))
    voices = [_voice(rating) for rating in each.ratings]
    if each.judge is not None:
        spoken = _voice(each.judge)
        voices.insert(0, Voice(judge or spoken.name, spoken.answer, spoken.rationale, is_judge=True))
    return Case(each.target, each.criterion, ", ".join(facts), each.excerpt, tuple(voices))


def _voice(rating: Rating) -> Voice:
    return Voice(rating.rater or "anonymous", _answer(rating), rating.rationale or "")


def _answer(rating: Rating) -> str:
    if rating.status == "ok":
        return "no value" if rating.value is None else value_words(rating.value)
    if rating.status in ("not_applicable", "cannot_judge"):
        return cause_words(rating.status)
    return f"no verdict: {cause_words(rating.status)}"


def value_words(value: Value) -> str:
    """Return an answer as people write it."""
    return ", ".join(value) if isinstance(value, tuple) else level_text(value)


def _criteria(report: Report) -> tuple[str, ...]:
    found = [row.criterion for row in report.rows]
    if isinstance(report, AgreementReport):
        found += report.level_counts
    if isinstance(report, ScoreReport):
        found += [each.criterion for each in report.confusions]
    return tuple(dict.fromkeys(found))


def _rows(report: Report, criterion: str) -> list[Row]:
    return [row for row in report.rows if row.criterion == criterion and row.slice is None]
