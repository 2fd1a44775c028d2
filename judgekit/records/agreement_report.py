"""What `agree` returns: experts among themselves, and how each uses the scales."""

from __future__ import annotations

from typing import Literal

from judgekit.records.record import Record
from judgekit.records.report import Counts, Disagreement, Report
from judgekit.stats.estimate import Estimate


class RaterProfile(Record):
    """How one rater uses a scale."""

    criterion: str
    rater: str
    n: int
    """Labels with a value."""
    severity: Estimate
    """Mean residual after the targets' own effects, in units of the scale; below 0 is severe."""
    drift: Estimate | None = None
    """Change of severity per 30 days; None where the labels' times are not known, or lie within a week."""
    extreme_share: Estimate | None = None
    """Share of labels at either end of the scale; None where it has fewer than three ordered levels."""
    unused_levels: tuple[str, ...] = ()
    self_agreement: Estimate | None = None
    """Percent agreement with the same rater's own repeats; None where nothing was repeated."""
    alone: tuple[Disagreement, ...] = ()
    """Targets on which this rater lies furthest from at least two others, whose median (without an order: majority) is
    the `reference`; this rater's answer comes first."""


class AgreementReport(Report):
    """`agree`: experts among themselves."""

    kind: Literal["agreement"] = "agreement"
    counts: tuple[Counts, ...] = ()
    level_counts: dict[str, dict[str, dict[str, int]]] = {}
    """criterion -> rater -> level -> labels."""
    contested: tuple[Disagreement, ...] = ()
    """Sessions the raters differ on most."""
    profiles: tuple[RaterProfile, ...] = ()
    """How each rater uses each scale."""
    notes: dict[str, tuple[str, ...]] = {}
    """criterion -> what its rows are read beside: how common the levels are, how the sessions were picked."""
