"""What `judge probe` returns: whether verdicts keep still when what should not matter changes."""

from __future__ import annotations

from typing import Literal

from judgekit.records.record import Record
from judgekit.records.report import Counts, Disagreement, Report
from judgekit.stats.estimate import Estimate


class ProbeResult(Record):
    """What one change that should not matter did to a judge's verdicts on one criterion."""

    criterion: str
    probe: str
    variant: str
    changes: str
    """What was changed."""
    honest: str
    """What an honest judge does then."""
    word: Literal["found", "clear", "too few"]
    why: str = ""
    """Why there are too few, in words."""
    finds: Literal["flips", "change", "flips or change", "toward"]
    """What was tested: verdicts that change at all, their mean, either, or the mean toward one answer only."""
    toward: str = ""
    """What a biased judge would lean to, to stand behind "toward"; empty where there is no such side."""
    n_asked: int
    """Targets that were asked with the change."""
    n: int
    """Targets with an answer to every asking: what the estimates rest on."""
    n_flips: int = 0
    """Of these, verdicts that differ from the baseline's."""
    n_toward: int = 0
    """Of the flips, those that moved toward, or up where there is no such side."""
    n_away: int = 0
    floor: Estimate
    """Share of the reruns that differ from the baseline, on the same targets."""
    flip_rate: Estimate
    difference: Estimate
    """Flip rate minus floor."""
    mean_change: Estimate | None = None
    """Mean verdict with the change minus without, in units of the scale (a share, where levels have no order)."""
    p_value: float | None = None
    """Exact, that chance alone does as much; of two tests, twice the smaller. None where nothing could be tested."""
    p_adjusted: float | None = None
    """After Holm over all probes, each with the same part of the error rate."""
    detectable: float | None = None
    """Smallest share of verdicts moved beyond the floor that so many targets show with 80% power."""
    failures: dict[str, int] = {}
    """Status -> outcomes of the changed asking without an answer."""
    dropped: dict[str, int] = {}
    """Cause -> targets left out."""
    worst: tuple[Disagreement, ...] = ()
    """Those that moved most, at most three: both verdicts, with the judge's reasons."""


class ProbeReport(Report):
    """`judge probe`: whether a judge keeps its verdicts when what should not matter changes."""

    kind: Literal["probe"] = "probe"
    judge: str
    engine: str | None = None
    model: str | None = None
    judge_fingerprint: str | None = None
    error_rate: float
    """Chance that a judge who is clear of all is found with anything at all."""
    n_reruns: int
    counts: tuple[Counts, ...] = ()
    """Of the baseline and its reruns."""
    results: tuple[ProbeResult, ...] = ()
    skipped: dict[str, str] = {}
    """Probe that was not asked -> why."""
    notes: tuple[str, ...] = ()
    """What the results are read beside."""

    @property
    def moved(self) -> tuple[Disagreement, ...]:
        """The verdicts that moved most, of every result; of what was found first."""
        ordered = sorted(self.results, key=lambda result: result.word != "found")
        return tuple(case for result in ordered for case in result.worst)
