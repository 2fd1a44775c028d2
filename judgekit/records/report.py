"""Reports: what analytic commands return, print with --json, and hand to the renderers.

Every report holds `rows`; one row is one estimate. Numbers are not formatted here (`render.number`).
"""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import ConfigDict, model_validator

from judgekit.errors import InputError
from judgekit.records.calibration import Conformal
from judgekit.records.certificate import Certificate
from judgekit.records.decision import Decision, Demand, decided
from judgekit.records.policy import Witness
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
    profiles: tuple[RaterProfile, ...] = ()
    """How each rater uses each scale."""
    notes: dict[str, tuple[str, ...]] = {}
    """criterion -> what its rows are read beside: how common the levels are, how the sessions were picked."""


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


class Companion(Record):
    """A test, or another interval, that stands beside a difference of two versions."""

    criterion: str
    between: str
    judge: str | None = None
    estimator: str | None = None
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


class LevelShift(Record):
    """How the share of inputs at one level of an ordinal scale or above it moved."""

    criterion: str
    between: str
    judge: str | None = None
    estimator: str | None = None
    level: str
    baseline: float
    """Share of the baseline at this level or above."""
    candidate: float
    difference: Estimate


class SliceDifference(Record):
    """The difference of two versions on one slice of the inputs."""

    criterion: str
    between: str
    judge: str | None = None
    estimator: str | None = None
    slice: str
    """`field=value` of the baseline's session."""
    difference: Estimate
    p_value: float | None = None
    p_adjusted: float | None = None
    """After Holm or Benjamini-Hochberg over all slices of the criterion by one estimator."""


class Detectable(Record):
    """The smallest true difference that this much data shows with 80% power."""

    criterion: str
    between: str
    judge: str | None = None
    estimator: str | None = None
    effect: float


class LabelFree(Record):
    """What a judge's difference says of experts who have not looked at the candidate: a range.

    No type-I error is claimed: it rests on delta, which cannot be checked without labels.
    """

    criterion: str
    between: str
    judge: str
    judge_difference: Estimate
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
    """Mean of its differences from the others."""
    not_separated_from: tuple[str, ...] = ()
    """Versions that the data do not tell it from, after Holm over all pairs."""
    estimator: str | None = None


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

        Ends of this report's intervals are the bounds: at 95%, each is one-sided at 97.5%. Where few inputs carry the
        difference they err more often than that; a gate's bounds are made not to.

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
