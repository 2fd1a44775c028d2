"""What `calibrate` returns: ways of calibrating held against each other, and which were kept."""

from __future__ import annotations

from typing import Literal

from judgekit.records.calibration import Conformal
from judgekit.records.record import Record
from judgekit.records.report import Counts, Report
from judgekit.stats.estimate import Estimate


class CalibrationTrial(Record):
    """One way of calibrating, cross-fitted on the same sessions as the others."""

    criterion: str
    method: str
    """`raw` for the judge as it is."""
    words: str
    """What it does, in a few words."""
    loss: Estimate
    """Mean loss on sessions that it was fitted without."""
    gain: Estimate
    """Loss of the raw judge minus this one's."""
    is_chosen: bool = False


class CalibrationOutcome(Record):
    """What became of one criterion."""

    criterion: str
    method: str | None
    """None: the raw judge is kept."""
    loss: Literal["absolute_error", "brier"]
    """What is lost: distance of score and reference, or half the squared distance of distributions."""
    gain: Estimate
    """Of the whole procedure, the choice of method included, on sessions that had no part in either."""
    words: tuple[str, ...]
    """What was decided and why, then what follows."""
    conformal: Conformal | None = None


class CalibrationReport(Report):
    """`calibrate`: from a judge's verdicts to the experts' labels."""

    kind: Literal["calibration"] = "calibration"
    judge: str
    engine: str | None = None
    judge_fingerprint: str | None = None
    """Of the judge as it is now, calibrated where that gains."""
    reference: str
    split: str
    inputs: tuple[str, ...] = ()
    """What is read, in words; the judge's own verdict first."""
    counts: tuple[Counts, ...] = ()
    trials: tuple[CalibrationTrial, ...] = ()
    outcomes: tuple[CalibrationOutcome, ...] = ()
    folder: str | None = None
    """The judge's folder, where something was written."""
