"""Bounds that a comparison carries for `not_worse` and `better`: what a gate at the same level would go by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.contrast import Contrast
from judgekit.analysis.gate_reach import no_pass
from judgekit.analysis.gate_reading import Asked, Reading, asked_of, difference_reading, undecidable
from judgekit.analysis.gate_rule import Line, two_sided
from judgekit.analysis.gate_win import asked_pairs, win_reading
from judgekit.analysis.gate_wording import failure_words
from judgekit.analysis.win_rate import EVEN, Wins
from judgekit.records.decision import Bounds
from judgekit.records.policy import Witness
from judgekit.records.rubric import Criterion

WITNESSES: tuple[Witness, ...] = ("experts", "judge")


@dataclass(frozen=True)
class Deciding:
    """What bounds have to keep.

    Attributes:
        level: Of each, one-sided; None: the report's.
        max_failure_rate: Share of a judge's outcomes on either side that may be failures before nothing is decided.
    """

    level: float | None = None
    max_failure_rate: float = 0.05


def bounds_of_difference(
    contrast: Contrast, measuring: Measuring, deciding: Deciding, *, judge: str, delta: float | None
) -> list[Bounds]:
    """Return the bounds of candidate minus baseline, in the experts' view and in the judge's own.

    Args:
        contrast: Two versions on one criterion.
        measuring: Resamples and randomness, and the report's level.
        deciding: What bounds have to keep.
        judge: Its name.
        delta: How far the judge may err otherwise on a candidate without labels, where declared.
    """
    level, line = deciding.level or measuring.level, Line(0.0, "higher")
    how = replace(measuring, level=two_sided(level))
    asked = [asked_of(contrast.verdicts, side.name, sorted(side.sessions)) for side in contrast.sides]
    readings = {
        of: difference_reading(contrast, of, line, how, judge=judge, delta=delta, level=level) for of in WITNESSES
    }
    return [_bounds(contrast.criterion, of, told, how, _failed(told, asked, deciding)) for of, told in readings.items()]


def bounds_of_wins(wins: Wins, measuring: Measuring, deciding: Deciding) -> list[Bounds]:
    """Return the bounds of the candidate's win rate, likewise."""
    how = replace(measuring, level=two_sided(deciding.level or measuring.level))
    readings = {of: win_reading(wins, of) for of in WITNESSES}
    found = [
        _bounds(wins.criterion, of, told, how, _failed(told, asked_pairs(wins), deciding))
        for of, told in readings.items()
    ]
    return [each.model_copy(update={"metric": "win_rate", "even": EVEN}) for each in found]


def _failed(reading: Reading, asked: Sequence[Asked], deciding: Deciding) -> str | None:
    """Say that too many of a judge's outcomes are failures, where it has a part."""
    most = deciding.max_failure_rate
    return failure_words(asked, most) if reading.has_judge and any(each.rate > most for each in asked) else None


def _bounds(criterion: Criterion, of: Witness, reading: Reading, how: Measuring, failed: str | None) -> Bounds:
    if reading.stop is not None or reading.at is None:
        word, why = reading.stop or ("missing", "nothing was measured")
        return Bounds(criterion=criterion.id, of=of, is_missing=word == "missing", why=why)
    estimate, told = reading.at(how), ""
    if reading.free is not None and reading.free.delta is not None:
        told = f"no labels on the candidate, delta {reading.free.delta:.3g} ({reading.free.delta_from}), "
        told += "no error rate is claimed"
    return Bounds(
        criterion=criterion.id,
        of=of,
        estimator=reading.estimator,
        estimate=estimate,
        why=told,
        undecidable=failed or undecidable(estimate) or "",
        no_pass=no_pass(criterion) or "",
    )
