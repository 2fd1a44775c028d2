"""Calibration: what takes a judge's verdict to the distribution of the expert's label, as numbers that never move."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from judgekit.records.record import FORMAT, FormatNumber, Id, Record
from judgekit.records.rubric import Scale
from judgekit.stats.estimate import Estimate

CalibrationMethod = Literal["offset", "linear", "platt", "table", "isotonic", "proportional_odds", "stacked"]
Numbers = tuple[float, ...] | tuple[tuple[float, ...], ...]
"""A list of numbers, or rows of them."""


class CalibrationInput(Record):
    """One thing that a calibration reads."""

    kind: Literal["verdict", "length"] = "verdict"
    """A judge's verdict, or the logarithm of the session's characters (of a pair: first minus second)."""
    words: str
    """What it is, for people."""
    judge: str | None = None
    """Whose verdict."""
    judge_fingerprint: str | None = None
    """What exactly judged, before any calibration; None where the verdicts did not say."""
    criterion: Id | None = None
    """On which question."""
    scale: Scale | None = None
    """Its scale."""


class Conformal(Record):
    """How far from the calibrated verdict the expert's label lies, in all but a stated share of sessions."""

    coverage: float = Field(gt=0, lt=1)
    """Share of sessions that the interval is made to hold."""
    reach: float | None = None
    """Distance to either side, in units of the scale; None: too few units, the interval is the whole scale."""
    by_level: dict[str, float] = {}
    """Calibrated level -> its own distance, where every level has enough units; empty: one distance for all."""
    n: int
    """Independent units, one residual each."""
    held: Estimate
    """Share of units that the interval made from all the others holds."""

    @field_validator("held", mode="before")
    @classmethod
    def _fill_nulls(cls, data: object) -> object:
        return with_nulls(data)


class Calibration(Record):
    """One criterion's calibration, as it stands in `calibration.json`."""

    criterion: Id
    method: CalibrationMethod
    words: str
    """What the method does, in one sentence."""
    inputs: tuple[CalibrationInput, ...] = Field(min_length=1)
    """The judge's own verdict first; only `stacked` reads more."""
    levels: tuple[str, ...] = ()
    """The criterion's levels, in order; empty for a numeric scale."""
    parameters: dict[str, Numbers] = {}
    """The fitted numbers, by name."""
    conformal: Conformal | None = None
    """None where levels have no order."""
    gain: Estimate
    """Cross-fitted loss of the raw judge minus that of the calibrated one, over units."""
    loss: Literal["absolute_error", "brier"]
    """What is gained in: distance of score and reference, or half the squared distance of distributions."""
    reference: str
    """How several raters became one."""
    dataset: str
    n: int
    """Sessions or pairs learnt from."""
    units: tuple[str, ...]
    """Groups (or inputs, or sessions) whose labels were used: these may not certify or correct the judge."""
    seed: int
    """Seed of the folds."""

    @field_validator("gain", mode="before")
    @classmethod
    def _fill_nulls(cls, data: object) -> object:
        return with_nulls(data)

    @property
    def other_judges(self) -> tuple[str, ...]:
        """Names of the other judges whose verdicts it reads."""
        own = self.inputs[0].judge
        return tuple(dict.fromkeys(each.judge for each in self.inputs if each.judge and each.judge != own))


class Calibrations(Record):
    """What `calibration.json` holds: at most one calibration a criterion."""

    format: FormatNumber = FORMAT
    calibrations: tuple[Calibration, ...] = ()


def with_nulls(data: object) -> object:
    """Return an estimate's JSON with the keys that files leave out where they are null."""
    return {"value": None, "low": None, "high": None, **data} if isinstance(data, dict) else data
