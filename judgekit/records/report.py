"""Reports: what every analytic command returns, prints with --json, and hands to the renderers.

Every report holds `rows`; one row is one estimate. Numbers are not formatted here (`render.number`). What one command
alone says stands beside this file, a command each: `score_report`, `comparison_report` ...
"""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict

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
    estimator: str | None = None
    """How labels, and verdicts where they help, became a figure of the population: `labels_only` ..."""


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
