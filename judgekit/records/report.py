"""Reports: what analytic commands return, print with --json, and hand to the renderers.

Every report holds `rows`; one row is one estimate. Numbers are not formatted here (`render.number`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, model_validator

from judgekit.records.record import FORMAT, FormatNumber, Record
from judgekit.records.rubric import Value
from judgekit.stats.estimate import Estimate


class Row(Record):
    """One estimate, and what it is an estimate of."""

    criterion: str
    metric: str
    between: str
    """`raters`, `ana~ben`, `judge~reference`, `judge~others`, `rater~others`, `majority~reference` ..."""
    slice: str | None = None
    estimate: Estimate
    judge: str | None = None
    """Name of the judge, where one is measured."""
    engine: str | None = None
    """What made its verdicts."""


class Rating(Record):
    """One person's or judge's answer, as it is shown in a list."""

    rater: str | None
    value: Value | None
    status: str = "ok"
    rationale: str | None = None


class Disagreement(Record):
    """A target on which answers lie far apart, with everybody's words."""

    criterion: str
    target: str
    """Session or pair id."""
    excerpt: str = ""
    """The start of the session, for orientation."""
    distance: float
    """How far apart, in units of the scale (1 for unordered levels that differ)."""
    judge: Rating | None = None
    reference: Value | None = None
    ratings: tuple[Rating, ...] = ()


class Counts(Record):
    """Where the items of one criterion went: nothing is dropped in silence."""

    criterion: str
    n_targets: int
    """Sessions or pairs looked at."""
    n_used: int
    """Those that entered the headline row."""
    dropped: dict[str, int] = {}
    """Cause -> number."""
    failures: dict[str, int] = {}
    """Status of a judge's failure -> number."""


class Confusion(Record):
    """Answers of one side against the other's, on the declared levels."""

    criterion: str
    between: str
    levels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    """counts[i][j]: left side said level i, right side level j."""

    @model_validator(mode="after")
    def _is_square(self) -> Confusion:
        if [len(counts) for counts in self.counts] != [len(self.levels)] * len(self.levels):
            raise ValueError(
                f"counts must be {len(self.levels)} rows of {len(self.levels)}, as many as there are levels"
            )
        return self


class Report(Record):
    """What all reports share."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")

    format: FormatNumber = FORMAT
    kind: str
    title: str
    dataset: str | None = None
    dataset_fingerprint: str | None = None
    settings: dict[str, Any] = {}
    """Seed, resamples, level, reference, split, versions: what is needed to make it again."""
    summary: tuple[str, ...] = ()
    """The verdict in words, before any number."""
    rows: tuple[Row, ...] = ()
    warnings: tuple[str, ...] = ()
    """What a reader must know before believing the rows."""


class AgreementReport(Report):
    """`agree`: experts among themselves."""

    kind: Literal["agreement"] = "agreement"
    counts: tuple[Counts, ...] = ()
    level_counts: dict[str, dict[str, dict[str, int]]] = {}
    """criterion -> rater -> level -> labels."""
    contested: tuple[Disagreement, ...] = ()
    """Sessions the raters differ on most."""


class ScoreReport(Report):
    """`score`: a judge against the experts."""

    kind: Literal["score"] = "score"
    judge: str
    engine: str | None = None
    model: str | None = None
    judge_fingerprint: str | None = None
    reference: str
    split: str
    counts: tuple[Counts, ...] = ()
    failures: tuple[Disagreement, ...] = ()
    """Targets without a verdict, with what the experts said; `judge.status` is the cause."""
    disagreements: tuple[Disagreement, ...] = ()
    """Worst first."""
    confusions: tuple[Confusion, ...] = ()


class ComparisonReport(Report):
    """`compare`: two versions on the same inputs."""

    kind: Literal["comparison"] = "comparison"
    baseline: str
    candidate: str
    judge: str | None = None
    engine: str | None = None
    counts: tuple[Counts, ...] = ()
    moved: tuple[Disagreement, ...] = ()
    """Inputs that moved most."""


AnyReport = Annotated[AgreementReport | ScoreReport | ComparisonReport, Field(discriminator="kind")]
"""Whichever report a file holds; `kind` says which."""

KINDS = ("agreement", "score", "comparison")
"""Kinds of report, in the order of reading."""


class Reports(Record):
    """Several reports in one file."""

    reports: tuple[AnyReport, ...]
    """In order of reading."""


_REPORT: TypeAdapter[AgreementReport | ScoreReport | ComparisonReport] = TypeAdapter(AnyReport)


def report_from(data: object) -> AgreementReport | ScoreReport | ComparisonReport:
    """Return the report that a file's JSON value is.

    Raises:
        pydantic.ValidationError: It is none.
    """
    return _REPORT.validate_python(data)
