"""What a plan says beyond its answer: designs side by side, and what was taken for granted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from judgekit.records.planning import PlanLine, PlanReport
from judgekit.render.block import Section
from judgekit.render.number import count_text
from judgekit.render.table import Cell, Table

NOTHING = "-"


def plan_sections(report: PlanReport) -> Iterator[Section]:
    """Give the designs, a table a criterion, and what was assumed, with its source."""
    for criterion in dict.fromkeys(line.criterion for line in report.lines):
        own = [line for line in report.lines if line.criterion == criterion]
        title = "What it takes" if criterion is None else f"{criterion}: what it takes"
        yield Section(title, (_designs(own),))
    yield Section("Taken for granted", tuple(_assumed(report.assumed)))


def _designs(lines: Sequence[PlanLine]) -> Table:
    """Return a table without the columns that nothing stands in."""
    columns = [
        (name, [write(line) for line in lines])
        for name, write in COLUMNS.items()
        if any(write(line) != NOTHING for line in lines)
    ]
    head = ("question", "design", *(name for name, _ in columns))
    rows = tuple(
        (Cell(line.question), Cell(line.design), *(Cell(cells[place]) for _, cells in columns))
        for place, line in enumerate(lines)
    )
    methods = dict.fromkeys(line.method for line in lines)
    notes = (f"How: {'; '.join(methods)}.",)
    return Table(head, rows, n_words=2, notes=notes)


def _assumed(assumed: Mapping[str, str]) -> Iterator[Table]:
    if assumed:
        yield Table(("what", "value, and from where"), tuple((Cell(a), Cell(b)) for a, b in assumed.items()), n_words=2)


def _count(n: int | None) -> str:
    return NOTHING if n is None else count_text(n)


def _number(value: float | None, decimals: int) -> str:
    return NOTHING if value is None else f"{value:.{decimals}f}"


def _power(line: PlanLine) -> str:
    if line.power is None:
        return NOTHING
    error = "" if line.power_error is None else f" ±{line.power_error:.3f}"
    return f"{line.power:.3f}{error}" if error else f"{line.power:.2f}"


def _dollars(line: PlanLine) -> str:
    return NOTHING if line.cost_usd is None else f"{line.cost_usd:,.0f}"


COLUMNS: dict[str, Callable[[PlanLine], str]] = {
    "sessions to label": lambda line: _count(line.n_labels),
    "inputs": lambda line: _count(line.n_inputs),
    "effect": lambda line: _number(line.effect, 3),
    "half width": lambda line: _number(line.half_width, 3),
    "power": _power,
    "hours": lambda line: _number(line.hours, 1),
    "dollars": _dollars,
}
"""Head of a column -> what stands in it."""
