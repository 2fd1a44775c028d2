"""What an experiment leaves behind: which plan held when, which sessions a command made, and the report's head.

The question and the plan themselves are `records.experiment`.
"""

from __future__ import annotations

from typing import Literal

from judgekit.records.calibration import Calibration
from judgekit.records.calibration_report import CalibrationReport
from judgekit.records.certificate import Certificate
from judgekit.records.gate import GateWord
from judgekit.records.record import FORMAT, FormatNumber, Record, Time
from judgekit.records.report import Report
from judgekit.records.run import Latency


class PlanEntry(Record):
    """One plan, and since when it held."""

    hash: str
    """`Experiment.plan_hash`."""
    inputs: str | None = None
    """Fingerprint of the inputs file's content."""
    judges: dict[str, str] = {}
    """Judge -> fingerprint of what it asks and how it is read, before any calibration."""
    at: Time
    """When a run first went by it."""
    had_report: bool = False
    """Whether an earlier plan's report had been written by then."""


class PlanRecord(Record):
    """`plan.json` of an experiment: written before anything is measured; a changed plan is appended."""

    format: FormatNumber = FORMAT
    entries: tuple[PlanEntry, ...]
    """Oldest first; the last one holds."""


class Produced(Record):
    """`sessions/<version>.json`: what a version's command made."""

    format: FormatNumber = FORMAT
    version: str
    command: tuple[str, ...]
    """As declared, before anything was filled in."""
    inputs: str | None = None
    """Fingerprint of the inputs file's content, as the command was given it."""
    sessions: str
    """Fingerprint of the file of sessions."""
    n_sessions: int
    exit: int = 0
    """What the command ended with."""
    at: Time
    """When it was started."""
    took_s: float
    """How long it took, in seconds."""


class KeptCalibration(Record):
    """`calibrations/<judge>.json`: what the plan's calibration of a judge came to; it is made once."""

    format: FormatNumber = FORMAT
    raw_fingerprint: str
    """Of the judge before it."""
    plan: str = ""
    """Fingerprint of the parts of the plan that it depends on."""
    calibrations: tuple[Calibration, ...] = ()
    report: CalibrationReport | None = None
    refused: str | None = None
    """Why nothing could be learnt; None where it could, gain or none."""


class VersionOrigin(Record):
    """One version of an experiment, and where its sessions came from."""

    version: str
    source: Literal["command", "file", "dataset"]
    command: tuple[str, ...] = ()
    path: str | None = None
    """Of the file, as declared."""
    sessions: str | None = None
    """Fingerprint of the file of sessions; None where they stand in the dataset."""
    at: Time | None = None
    """When the command was started."""
    took_s: float | None = None
    """How long the command took, in seconds."""
    n_sessions: int
    n_inputs: int | None = None
    """Rows of the inputs file; None where none is declared."""
    missing: tuple[str, ...] = ()
    """Inputs of that file without a session."""
    n_unasked: int = 0
    """Sessions on none of its inputs."""
    cost_usd: float | None = None
    """What the sessions say they cost, in dollars; None where one of them does not say."""


class JudgeUsed(Record):
    """One judge of an experiment, and what its runs came to over all commands."""

    judge: str
    criteria: tuple[str, ...]
    judge_fingerprint: str
    request_fingerprint: str
    engine: str
    models: tuple[str, ...] = ()
    """The models that the replies name."""
    n_verdicts: int
    n_failures: int
    failures: dict[str, int] = {}
    """Cause -> outcomes without an answer."""
    n_sent: int = 0
    """Requests sent, retries included."""
    cost_usd: float | None = None
    """Of the replies kept; None where a price is unknown."""
    possible_usd: float | None = None
    """What sends without an answer may have cost besides, at most."""
    latency: Latency | None = None
    is_calibrated: bool = False


class ExperimentReport(Report):
    """`experiment run`: the head of `report.json`; the reports themselves follow it."""

    kind: Literal["experiment"] = "experiment"
    experiment: str
    question: str = ""
    baseline: str
    candidate: str
    word: GateWord | None = None
    """The gate's; None where none is declared."""
    plan_hash: str
    plans: tuple[PlanEntry, ...]
    """Every plan that held, oldest first."""
    versions: tuple[VersionOrigin, ...] = ()
    judges: tuple[JudgeUsed, ...] = ()
    cost_usd: float | None = None
    """Of all judges' replies; None where a price is unknown."""
    openings: dict[str, int] = {}
    """Split -> how often it was opened, for whomever."""
    certificates: tuple[Certificate, ...] = ()
    """What the judges proved on the test split, where the plan certifies them."""
    skipped: tuple[str, ...] = ()
    """What was not done, and why, in words."""
