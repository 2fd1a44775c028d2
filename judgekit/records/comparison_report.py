"""What `compare` returns: differences of versions on the same inputs, and the tests that stand beside them.

How a question put to the report (not worse? better?) is answered is decided in `records.decision`.
"""

from __future__ import annotations

import math
from typing import Literal

from judgekit.errors import InputError
from judgekit.records.decision import Bounds, Decision, Demand, decided
from judgekit.records.policy import ScaleEnds, Witness
from judgekit.records.record import Record
from judgekit.records.report import Counts, Disagreement, Report
from judgekit.stats.estimate import Estimate


class OfDifference(Record):
    """Which difference of two versions a finding belongs to."""

    criterion: str
    between: str
    judge: str | None = None
    estimator: str | None = None


class Companion(OfDifference):
    """A test, or another interval, that stands beside a difference of two versions."""

    name: Literal["mcnemar", "mcnemar_mid_p", "sign_flip", "wilcoxon", "newcombe"]
    p_value: float | None = None
    """Two-sided, of no difference; None for an interval."""
    low: float | None = None
    high: float | None = None
    n_up: int
    """Inputs, or units, on which the candidate is higher."""
    n_down: int
    method: str
    """`exact`, or how it was drawn or approximated."""


class LevelShift(OfDifference):
    """How the share of inputs at one level of an ordinal scale or above it moved."""

    level: str
    baseline: float
    """Share of the baseline at this level or above."""
    candidate: float
    difference: Estimate


class SliceDifference(OfDifference):
    """The difference of two versions on one slice of the inputs."""

    slice: str
    """`field=value` of the baseline's session."""
    difference: Estimate
    p_value: float | None = None
    p_adjusted: float | None = None
    """After Holm or Benjamini-Hochberg over all slices of the criterion by one estimator."""


class Detectable(OfDifference):
    """The smallest true difference that this much data shows with 80% power."""

    effect: float


class LabelFree(Record):
    """What a judge's figure says of experts who have not looked at the candidate: a range.

    No type-I error is claimed: it rests on delta, which cannot be checked without labels.
    """

    criterion: str
    metric: Literal["mean_difference", "mean"] = "mean_difference"
    """What it is a range of: a difference of two versions, or the candidate's own mean (share)."""
    between: str
    """`candidate~baseline`; of a mean, the candidate."""
    judge: str
    judge_difference: Estimate
    """By the judge alone; of a mean, the judge's own mean."""
    slope: Estimate
    """How much the judge's number rises with the experts' (Youden's J on two levels), from labels on other versions."""
    delta: float | None = None
    """How much the judge's expected number may differ between versions at any level of the experts'."""
    delta_from: str = ""
    """`declared`, or how many past pairs of versions it is the upper limit of; empty where there is none."""
    range: Estimate
    """(judge's difference -/+ delta) / slope, sampling errors included; its value leaves delta out."""
    tipping_point: float | None = None
    """The delta at which the answer flips; 0 where it is inconclusive without any."""
    margin: float = 0.0
    """Not worse by more than this passes; 0: better passes."""
    word: Literal["pass", "fail", "inconclusive"]
    why: str


class Place(Record):
    """Where one of several versions stands."""

    criterion: str
    version: str
    lead: float
    """Mean of its differences from the others, above 0 where it is better than they are."""
    not_separated_from: tuple[str, ...] = ()
    """Versions that the data do not tell it from, after Holm over all pairs."""
    estimator: str | None = None
    """Of the differences; None where labels correct some of them and are all there is of others."""


class PairTest(Record):
    """One pair of several versions, tested."""

    criterion: str
    between: str
    estimator: str | None = None
    p_value: float
    p_adjusted: float
    """After Holm over all pairs of the criterion."""


class ComparisonReport(Report):
    """`compare`: two versions, or several in pairs, on the same inputs."""

    kind: Literal["comparison"] = "comparison"
    baseline: str
    candidate: str
    versions: tuple[str, ...] = ()
    """All of them, where there are more than two."""
    judge: str | None = None
    engine: str | None = None
    counts: tuple[Counts, ...] = ()
    headline: dict[str, str] = {}
    """criterion -> the estimator whose difference stands first; fixed by the design, not by what it says."""
    directions: dict[str, Literal["higher", "lower"]] = {}
    """criterion -> which end of its scale is better; `higher` where the rubric names none."""
    not_random: tuple[str, ...] = ()
    """Criteria whose labelled inputs are no random sample, and whose labels nevertheless stand first."""
    unpaired: tuple[str, ...] = ()
    """Criteria on which no input joins the versions: estimates are of two samples, and their `n` counts sessions."""
    bounds: tuple[Bounds, ...] = ()
    """What `not_worse` and `better` go by, as a gate would: one a criterion and view."""
    reaches: dict[str, ScaleEnds] = {}
    """criterion -> the ends of its scale, or how far a win rate can be from a half."""
    companions: tuple[Companion, ...] = ()
    shifts: tuple[LevelShift, ...] = ()
    slices: tuple[SliceDifference, ...] = ()
    detectable: tuple[Detectable, ...] = ()
    label_free: tuple[LabelFree, ...] = ()
    pairs: tuple[PairTest, ...] = ()
    ranking: tuple[Place, ...] = ()
    """Best first within a criterion, where there are more than two versions."""
    moved: tuple[Disagreement, ...] = ()
    """Inputs that moved most."""

    def __repr__(self) -> str:
        """Return its title: the whole is for `judgekit.render_report`."""
        return f"<{type(self).__name__} {self.title!r}>"

    def not_worse(self, margin: float, *, criterion: str | None = None, of: Witness = "experts") -> Decision:
        """Return whether the candidate is not worse than the baseline by more than a margin: true only if shown.

        Decided by `bounds`, as a gate at the report's level would: each is one-sided at 95% where the report says 95%,
        and made to err no more often than that, where few inputs carry the difference too. The intervals of the rows
        are not held against the margin.

        Args:
            margin: How much worse still passes, in units of the scale or as a share.
            criterion: On which; None: on all that were compared.
            of: Whose view decides: the experts', or only the judge's own.

        Raises:
            InputError: The margin is not above 0, or nothing was compared.
            UnknownName: The criterion was not compared.
        """
        if not 0 < margin < math.inf:
            raise InputError(f"margin {margin!r} is not a number above 0", hint="Say what still passes, such as 0.02")
        return decided(self, Demand(-margin, criterion, of))

    def better(self, by: float = 0.0, *, criterion: str | None = None, of: Witness = "experts") -> Decision:
        """Return whether the candidate is better than the baseline by more than some amount: true only if shown.

        Args:
            by: By how much, in units of the scale or as a share.
            criterion: As for `not_worse`.
            of: As for `not_worse`.

        Raises:
            InputError: It is below 0, or nothing was compared.
            UnknownName: The criterion was not compared.
        """
        if not 0 <= by < math.inf:
            raise InputError(
                f"by {by!r} is below 0 or not finite", hint="Say by how much it must be better; 0 is at all"
            )
        return decided(self, Demand(by, criterion, of))
