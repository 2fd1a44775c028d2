"""What an experiment came to, in one screen: the answers, the gate's word, and where the rest stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from judgekit.records.any_report import AnyReport
    from judgekit.records.gate import GateReport

COLUMNS = 80
N_SHOWN = 6
"""Sentences of a kind that a terminal shows; how many more there are is said."""


def experiment_text(reports: Sequence[AnyReport], *, page: str, notes: Sequence[str] = ()) -> str:
    """Return an experiment in at most 80 columns, its page's path apart; each version's quality is in the page."""
    from judgekit.records.experiment_report import ExperimentReport
    from judgekit.records.gate import GateReport
    from judgekit.render.overview import overview

    shown = [each for each in reports if each.kind in ("agreement", "score", "comparison")]
    head = next(each for each in reports if isinstance(each, ExperimentReport))
    decided = next((each for each in reports if isinstance(each, GateReport)), None)
    parts = [*_wrapped([head.question or head.title]), overview(shown), ""]
    if decided is not None:
        parts += _gate_lines(decided)
    parts += _told("! ", head.warnings) + _told("  not done: ", head.skipped)
    parts += [*_wrapped(notes, indent="  "), ""] if notes else []
    return "\n".join([*parts, f"report: {page}"])


def _gate_lines(report: GateReport) -> list[str]:
    title = f"May {report.candidate} replace {report.baseline}?"
    return [title, *_wrapped(report.summary, indent="  "), ""]


def _told(mark: str, sentences: Sequence[str]) -> list[str]:
    if not sentences:
        return []
    lines = [line for each in sentences[:N_SHOWN] for line in _wrapped([each], indent=mark)]
    more = [f"{' ' * len(mark)}and {len(sentences) - N_SHOWN} more"] if len(sentences) > N_SHOWN else []
    return [*lines, *more, ""]


def _wrapped(sentences: Sequence[str], *, indent: str = "") -> list[str]:
    from judgekit.render.plain import one_line, wrap

    hanging = " " * (len(indent) + 2) if indent else ""
    return [line for each in sentences for line in wrap(one_line(each), COLUMNS, indent=indent, hanging=hanging)]
