"""What probes say beyond the summary: what each change did, held against asking again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from judgekit.records.probe_report import ProbeReport, ProbeResult
from judgekit.records.report import Row
from judgekit.render import plot
from judgekit.render.block import Block, Figure, Section, Words
from judgekit.render.case import case_section
from judgekit.render.number import count_text, level_text, p_text, size_text
from judgekit.render.plot import Line
from judgekit.render.row_table import estimate_cell, n_cell, reasons, unit_of
from judgekit.render.table import Cell, Table
from judgekit.render.words import causes_text, method_words

RERUN = "rerun"
FLIPS = "flip_rate"


def probe_sections(report: ProbeReport) -> Iterator[Section]:
    """Give each criterion's results, what the probes are, and the verdicts that moved most."""
    for criterion in dict.fromkeys(row.criterion for row in report.rows):
        results = [each for each in report.results if each.criterion == criterion]
        floor = next((row for row in report.rows if row.criterion == criterion and row.between.startswith(RERUN)), None)
        yield Section(f"{criterion}: does the verdict stay?", tuple(_results(results, floor, report)))
    yield Section("What was changed", tuple(_changes(report)))
    yield case_section("Verdicts that moved most", report.moved, judge=report.judge)


def _results(results: Sequence[ProbeResult], floor: Row | None, report: ProbeReport) -> Iterator[Block]:
    if results:
        yield _verdict_table(results)
        yield Words(report.notes)
    yield _detail_table(results, floor, unit_of(report))
    lines = tuple(Line(_name(each), each.difference, "flip_rate_difference", who="judge") for each in results)
    if lines:
        title = "Verdicts that change, beyond reruns"
        yield Figure(title, partial(plot.about_zero, lines, title))


def _verdict_table(results: Sequence[ProbeResult]) -> Table:
    body = tuple(
        (
            Cell(_name(each)),
            Cell(each.word),
            Cell(f"{count_text(each.n_flips)} of {count_text(each.n)}"),
            estimate_cell(each.difference, "flip_rate_difference"),
            Cell(p_text(each.p_adjusted)),
            Cell("-" if each.detectable is None else size_text(each.detectable, FLIPS)),
        )
        for each in results
    )
    head = ("probe", "says", "changed", "beyond reruns", "adjusted p", "would have shown")
    return Table(head, body, n_words=2)


def _detail_table(results: Sequence[ProbeResult], floor: Row | None, unit: str) -> Table:
    body = (
        [(Cell("asked again"), estimate_cell(floor.estimate, FLIPS), Cell("-"), Cell("-"), Cell("-"))] if floor else []
    )
    body += [
        (
            Cell(_name(each)),
            estimate_cell(each.flip_rate, FLIPS),
            estimate_cell(each.floor, FLIPS),
            estimate_cell(each.mean_change, "mean_change"),
            n_cell([each.flip_rate], unit),
        )
        for each in results
    ]
    lost = [(_name(each), causes_text({**each.dropped, **each.failures})) for each in results]
    notes = [f"{name}, left out: {causes}." for name, causes in lost if causes != "none"]
    sides = dict.fromkeys((each.probe, each.toward) for each in results if each.toward)
    notes += [f"{probe}: mean change above zero is toward {side}." for probe, side in sides]
    given = [each.flip_rate for each in results] + ([floor.estimate] if floor else [])
    methods = dict.fromkeys((each.level, each.method) for each in given if each.low is not None)
    notes += [f"Intervals of rates: {level_text(level)}, {method_words(method)}." for level, method in methods]
    lacking = [(f"{_name(each)}, rate", each.flip_rate) for each in results]
    lacking += [(f"{_name(each)}, mean change", each.mean_change) for each in results if each.mean_change is not None]
    head = ("probe", "changed", "reruns, same targets", "mean change", "n")
    return Table(head, tuple(body), notes=(*notes, *reasons(lacking)))


def _changes(report: ProbeReport) -> Iterator[Block]:
    table = dict.fromkeys((each.probe, each.changes, each.honest) for each in report.results)
    rows = tuple((Cell(name), Cell(changes), Cell(honest)) for name, changes, honest in table)
    rows += tuple((Cell(name), Cell("not asked"), Cell(why)) for name, why in report.skipped.items())
    if rows:
        yield Table(("probe", "changes", "an honest judge"), rows, n_words=3)


def _name(each: ProbeResult) -> str:
    return f"{each.probe}: {each.variant.replace('_', ' ')}"
