"""What `plan` answers: how many labels and sessions a question takes, and what it costs."""

from __future__ import annotations

from typing import Literal

from judgekit.records.record import Record
from judgekit.records.report import Report


class PlanLine(Record):
    """One design, with what it can show and what it takes."""

    question: str
    """What it answers, such as `agreement`, `tpr`, `difference`, `gate`."""
    criterion: str | None = None
    design: str
    """How, in a few words: `labels only`, `with the judge's help`, `two raters on 30% ...`."""
    n_labels: int | None = None
    """Sessions to label."""
    n_inputs: int | None = None
    """Inputs to judge."""
    half_width: float | None = None
    """Half of the expected interval, in the units of what is estimated."""
    effect: float | None = None
    """Difference that it is to show, or the smallest that it can."""
    power: float | None = None
    """Chance that it shows it; simulated with the very test used."""
    power_error: float | None = None
    """Half of that power's 95% interval, from the number of simulations."""
    hours: float | None = None
    """Of experts."""
    cost_usd: float | None = None
    """Of experts and judge, where both are known."""
    method: str
    """Formula or simulation."""


class PlanReport(Report):
    """`plan`: before paying."""

    kind: Literal["plan"] = "plan"
    answer: str
    """The one line that answers the question."""
    lines: tuple[PlanLine, ...] = ()
    assumed: dict[str, str] = {}
    """What was taken for granted, and from where."""
