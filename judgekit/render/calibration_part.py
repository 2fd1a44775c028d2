"""What a calibration report says: what was decided of each criterion, what was tried, before and after."""

from __future__ import annotations

from collections.abc import Iterator

from judgekit.records.calibration import Conformal
from judgekit.records.calibration_report import CalibrationOutcome, CalibrationReport, CalibrationTrial
from judgekit.records.report import Row
from judgekit.render.block import Block, Section, Words
from judgekit.render.number import count_text, estimate_text, level_text
from judgekit.render.row_table import estimate_cell, headline_table, n_cell, pair_table, reasons, unit_of
from judgekit.render.table import Cell, Table
from judgekit.render.words import judge_words

LOSSES = {"absolute_error": ("mean absolute error", "mae"), "brier": ("Brier loss", "brier")}
"""What is lost, in words, and the metric whose number format it has."""
CROSSFITTED = "Calibrated: each session by a calibration, chosen and fitted without its fold."


def calibration_sections(report: CalibrationReport) -> Iterator[Section]:
    """Give each criterion's decision, its trials, and its rows before and after."""
    if len(report.inputs) > 1:
        yield Section("What was read", (Words((f"{'; '.join(report.inputs)}.",)),))
    for outcome in report.outcomes:
        trials = [each for each in report.trials if each.criterion == outcome.criterion]
        rows = [row for row in report.rows if row.criterion == outcome.criterion]
        yield Section(f"{outcome.criterion}: what was decided", (Words(outcome.words), *_conformal(outcome)))
        yield Section(f"{outcome.criterion}: what was tried", tuple(_trials(trials, outcome, unit_of(report))))
        yield Section(f"{outcome.criterion}: before and after", tuple(_rows(rows, report)))


def _trials(trials: list[CalibrationTrial], outcome: CalibrationOutcome, unit: str) -> Iterator[Block]:
    words, metric = LOSSES[outcome.loss]
    body = tuple(
        (
            Cell(f"{each.method} (chosen)" if each.is_chosen else each.method),
            Cell(each.words),
            estimate_cell(each.loss, metric),
            Cell("-") if each.method == "raw" else estimate_cell(each.gain, f"{metric}_difference"),
            n_cell([each.loss], unit),
        )
        for each in trials
    )
    notes = (
        f"Lost: {words}, on sessions that each was fitted without; gained: the raw judge's less its own.",
        "Chosen: the simplest within one standard error of the best. The gain stated above also covers that choice.",
        *reasons((each.method, each.loss) for each in trials),
    )
    yield Table(("method", "what it does", "loss", "gain", "n"), body, n_words=2, notes=notes)


def _rows(rows: list[Row], report: CalibrationReport) -> Iterator[Block]:
    unit, name = unit_of(report), judge_words(report.judge, report.engine)
    headline = headline_table(rows, unit, name)
    if headline:
        yield headline
        yield Words((CROSSFITTED,))
    differences = pair_table(rows, unit, name)
    if differences:
        yield differences


def _conformal(outcome: CalibrationOutcome) -> Iterator[Block]:
    found = outcome.conformal
    if found is not None:
        yield Words((_conformal_words(found),))


def _conformal_words(found: Conformal) -> str:
    share = level_text(found.coverage)
    if found.reach is None:
        return (
            f"An interval that holds the experts' label in {share} of sessions is the whole scale: "
            f"{count_text(found.n)} units are too few for less."
        )
    reach = f"{found.reach:.2f} to either side, moved outward to levels"
    if found.by_level:
        reach = "by level " + ", ".join(f"{level}: {far:.2f}" for level, far in found.by_level.items())
    return (
        f"Conformal interval for {share} of sessions: {reach}; made from all other units it holds "
        f"{estimate_text(found.held, 'accuracy')} of {count_text(found.n)} units."
    )
