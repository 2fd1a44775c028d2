"""What `score` returns: a judge against the experts, and the tests that stand beside its agreement."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from judgekit.records.certificate import Certificate
from judgekit.records.record import Record
from judgekit.records.report import Counts, Disagreement, Report
from judgekit.stats.estimate import Estimate


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


class RaterAltTest(Record):
    """One rater's part of an alternative annotator test."""

    rater: str
    n: int
    """Targets that this rater and at least one other scored."""
    winning_rate: float | None
    """Share of targets on which the judge is at least as close to the others as this rater is."""
    p_value: float | None
    p_adjusted: float | None
    """After Benjamini-Yekutieli over the raters."""
    is_beaten: bool
    """Whether the judge may stand in for this rater, at the stated epsilon."""


class AltTest(Record):
    """Whether a judge may stand in for the experts (Calderon, Reichart and Dror, ACL 2025)."""

    criterion: str
    epsilon: float
    """How much less the judge may win and still be preferred for its cost."""
    winning_rate: Estimate
    """Share of raters beaten."""
    advantage: Estimate
    """Mean over raters of the judge's winning rate."""
    passes: bool | None
    """Whether at least half of the raters are beaten; None when it cannot be said."""
    raters: tuple[RaterAltTest, ...] = ()
    left_out: dict[str, int] = {}
    """Raters with too few targets -> how many they have."""
    assumes: str = ""
    """What the test takes for granted, in words."""


class SliceTest(Record):
    """Whether a judge agrees less on one slice than on the rest."""

    criterion: str
    slice: str
    """`field=value`."""
    metric: str
    estimate: Estimate
    """The metric on the slice."""
    difference: Estimate
    """Slice minus the rest."""
    p_value: float | None = None
    p_adjusted: float | None = None
    """After Benjamini-Hochberg over all slices of the criterion."""


class BiasCheck(Record):
    """One habit of the judge that has nothing to do with quality, and what could have been seen of it."""

    criterion: str
    kind: Literal["length", "position", "format", "clumping"]
    metric: str
    estimate: Estimate
    detectable: float | None = None
    """Smallest effect that this many targets show with 80% power; None where it is not known."""
    words: str = ""
    """What it says, in one sentence."""


class BlandAltman(Record):
    """Judge minus reference against their mean, with limits of agreement (Bland and Altman 1986)."""

    criterion: str
    between: str
    bias: Estimate
    low_limit: Estimate
    high_limit: Estimate
    points: tuple[tuple[float, float, int], ...] = ()
    """(mean, difference, number of targets), each place once."""


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
    alt_tests: tuple[AltTest, ...] = ()
    slices: tuple[SliceTest, ...] = ()
    biases: tuple[BiasCheck, ...] = ()
    bland_altman: tuple[BlandAltman, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    """What `--certify` came to, a criterion each; empty for any other score."""
