"""What `estimate` returns: how good each version is, in the experts' units."""

from __future__ import annotations

from typing import Literal

from judgekit.records.report import Counts, Report


class QualityReport(Report):
    """`estimate`: how good each version is, in the experts' units."""

    kind: Literal["quality"] = "quality"
    versions: tuple[str, ...]
    reference: str
    counts: tuple[Counts, ...] = ()
    not_random: tuple[str, ...] = ()
    """Sentences that no figure may stand without: of which criteria the labels are no random sample."""
    weighted: tuple[str, ...] = ()
    """`criterion, version` of the figures whose sessions count by one over their recorded probability."""
    notes: dict[str, tuple[str, ...]] = {}
    """criterion -> what its rows are read beside."""
    judge: str | None = None
    """Name of the judge whose verdicts helped; None where labels stand alone."""
    engine: str | None = None
    model: str | None = None
    judge_fingerprint: str | None = None
    headline: dict[str, str] = {}
    """`criterion, version` -> the estimator whose figure stands first; fixed by the design, or labels only where that
    one is not given."""
