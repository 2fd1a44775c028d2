"""Whichever report a file holds, several in one file, and their order of reading."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, TypeAdapter

from judgekit.records.agreement_report import AgreementReport
from judgekit.records.calibration_report import CalibrationReport
from judgekit.records.comparison_report import ComparisonReport
from judgekit.records.experiment_report import ExperimentReport
from judgekit.records.gate import GateReport
from judgekit.records.planning import PlanReport
from judgekit.records.probe_report import ProbeReport
from judgekit.records.quality_report import QualityReport
from judgekit.records.record import Record
from judgekit.records.score_report import ScoreReport

AnyReport = (
    AgreementReport
    | ScoreReport
    | ProbeReport
    | CalibrationReport
    | QualityReport
    | ComparisonReport
    | GateReport
    | PlanReport
    | ExperimentReport
)
"""A report of any kind; `kind` says which."""

KINDS = ("experiment", "gate", "agreement", "score", "probe", "calibration", "quality", "comparison", "plan")
"""Kinds of report, in the order of reading."""


class Reports(Record):
    """Several reports in one file."""

    reports: tuple[Annotated[AnyReport, Field(discriminator="kind")], ...]
    """In order of reading."""


_REPORT: TypeAdapter[AnyReport] = TypeAdapter(Annotated[AnyReport, Field(discriminator="kind")])


def report_from(data: object) -> AnyReport:
    """Return the report that a file's JSON value is.

    Raises:
        pydantic.ValidationError: It is none.
    """
    return _REPORT.validate_python(data)
