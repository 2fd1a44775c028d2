"""What the data say of one rule: which estimator speaks, at any level, or why none does.

Differences are measured as `compare` measures its headline, floors as `estimate` does. The judge alone never speaks
for the experts: where labels are missing there is a range, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.comparison import PairedInputs, four_cells, paired_difference
from judgekit.analysis.contrast import Contrast
from judgekit.analysis.correction import CORRECTIONS, corrected_mean, judge_drawn, judge_raw
from judgekit.analysis.evidence import Evidence
from judgekit.analysis.gate_reach import places
from judgekit.analysis.gate_rule import Direction, Line
from judgekit.analysis.gate_silence import unrecorded
from judgekit.analysis.judged_version import JudgedVersion
from judgekit.analysis.label_free import Assumption, label_free, label_free_mean, past_shifts
from judgekit.analysis.quality import averaged, labels_only
from judgekit.analysis.sampling import Sampling
from judgekit.analysis.verdict_table import VerdictTable
from judgekit.records.comparison_report import LabelFree
from judgekit.records.gate import RuleWord
from judgekit.records.policy import Witness
from judgekit.records.report import Row
from judgekit.records.rubric import Criterion
from judgekit.records.verdict import FailureStatus
from judgekit.stats.careful import (
    careful_correction,
    careful_mean,
    careful_quality,
    careful_tango,
    far_reach,
    labels_alone,
)
from judgekit.stats.estimate import Estimate
from judgekit.stats.label_free import MIN_PAST_PAIRS, delta_limit
from judgekit.stats.population_mean import Drawn
from judgekit.stats.unit_sums import MIN_UNITS

LABEL_FREE = "label_free"
"""Estimator of a candidate that no expert has looked at: a range."""
EXPERTS_ALONE, RECORDED = "labels_only", "recorded"
"""Estimators in which no judge has a part: labels, and what sessions say of their own cost and time."""
FAILURES = get_args(FailureStatus)
"""Causes that are no answer."""


@dataclass(frozen=True)
class Reading:
    """What the data say of one rule.

    Attributes:
        estimator: How its estimate is made; None where there is none.
        at: Measuring at a level to the estimate; None where there is none.
        stop: Why nothing is decided by it, with the word that this gets; None where the bounds decide.
        free: The range without labels, where that is what speaks.
        cautions: What a pass does not reckon with, in words.
    """

    estimator: str | None = None
    at: Callable[[Measuring], Estimate] | None = None
    stop: tuple[RuleWord, str] | None = None
    free: LabelFree | None = None
    cautions: tuple[str, ...] = ()

    @property
    def has_judge(self) -> bool:
        """Whether a judge has a part in it."""
        return self.estimator not in (None, EXPERTS_ALONE, RECORDED)


@dataclass(frozen=True)
class Asked:
    """How often a judge was asked about one side, and how often it gave no answer.

    Attributes:
        side: Name of the version.
        n: Sessions it was asked about.
        failures: Cause -> sessions without an answer.
    """

    side: str
    n: int
    failures: Mapping[str, int]

    @property
    def n_failed(self) -> int:
        """Sessions without an answer."""
        return sum(self.failures.values())

    @property
    def rate(self) -> float:
        """Share of them among those asked about."""
        return self.n_failed / self.n if self.n else 0.0


def difference_reading(
    contrast: Contrast, of: Witness, line: Line, measuring: Measuring, *, judge: str, delta: float | None, level: float
) -> Reading:
    """Return what is known of candidate minus baseline.

    Args:
        contrast: Two versions on one criterion, whole or on a slice.
        of: Whose view is asked for.
        line: What it will be held against, for the tipping point of a range.
        measuring: Level of the bounds, resamples and randomness.
        judge: Name of the judge.
        delta: How far the judge may err otherwise on a candidate without labels, where declared.
        level: One-sided, of the policy.
    """
    nothing = _no_pair(contrast, of)
    if nothing:
        return Reading(stop=("missing", nothing))
    versions = (contrast.sides[0].name, contrast.sides[1].name)
    if of == "judge":
        return Reading("judge_raw", lambda how: _difference(contrast, contrast.judged, how))
    estimator = contrast.headline
    if estimator == "ppi":
        return Reading(estimator, lambda how: _carefully(contrast, contrast.corrected(how.level)))
    if estimator == EXPERTS_ALONE:
        alone = _by_labels_alone(contrast)
        n = n_inputs_on_both(contrast)
        stop = not_random(alone.sampling, len(alone.labelled.inputs), n, "inputs")
        cautions = tuple(unrecorded(alone.sampling, n, "inputs"))
        return Reading(estimator, lambda how: _labels_difference(alone, how), stop, cautions=cautions)
    if any((each, None) in contrast.experts.values for each in contrast.sides[1].sessions):
        words = f"no input carries labels of both {versions[0]} and {versions[1]}; label both sides of the same inputs"
        return Reading(stop=("inconclusive", words))
    return _without_labels(contrast, line, measuring, judge=judge, delta=delta, level=level)


def floor_reading(evidence: Evidence, version: JudgedVersion | None, of: Witness, measuring: Measuring) -> Reading:
    """Return what is known of the candidate alone, where experts have labelled some of it or the judge is asked for.

    Args:
        evidence: The candidate's sessions and labels, whole or on a slice.
        version: With what the judge said of them; None where no judge was asked about this criterion.
        of: Whose view is asked for.
        measuring: Level of the bounds.
    """
    judged = version if version is not None and version.asked else None
    missing = _no_session(evidence, judged, of)
    if missing:
        return Reading(stop=("missing", missing))
    criterion = evidence.criterion
    if of == "judge" and judged is not None:
        return Reading(
            "judge_raw", lambda how: _careful_quality(criterion, judge_raw(judged, how), judge_drawn(judged))
        )
    if judged is not None and judged.method in CORRECTIONS:
        method = judged.method
        if corrected_mean(judged, method, measuring).is_defined:
            return Reading(method, lambda how: _careful_correction(judged, method, how))
    stop = not_random(evidence.sampling, len(evidence.labelled), len(evidence.sessions), "sessions")
    return Reading(
        EXPERTS_ALONE,
        lambda how: _careful_quality(criterion, labels_only(evidence, how)[0].estimate, averaged(evidence)),
        stop,
    )


def floor_without_labels(
    contrast: Contrast,
    version: JudgedVersion,
    line: Line,
    measuring: Measuring,
    *,
    delta: float | None,
    level: float,
) -> Reading:
    """Return the range of a candidate's own mean where nobody has labelled it; it claims no type-I error.

    Args:
        contrast: Both versions: labels on others than the candidate say how the judge follows the experts.
        version: What the judge said of the candidate.
        line: What it will be held against.
        measuring: Level of the bounds.
        delta: How far the judge may err otherwise on the candidate, where declared.
        level: One-sided, of the policy.
    """
    assumption = _assumed(contrast, delta, level)
    return _range_reading(
        version.evidence.name, lambda how: label_free_mean(contrast, version, assumption, line.at, how), measuring
    )


def undecidable(estimate: Estimate) -> str | None:
    """Say why an estimate decides nothing, wherever it lies; None where it may."""
    if estimate.low is None or estimate.high is None:
        why = (estimate.undefined or estimate.method).partition(": ")[2] or "there is no interval"
        return f"{why} (n={estimate.n})"
    if estimate.n_clusters < MIN_UNITS:
        return f"{estimate.n_clusters} independent units are too few to decide; it takes {MIN_UNITS}"
    return None


def asked_of(table: VerdictTable, side: str, sessions: Sequence[str]) -> Asked:
    """Return how often a judge failed on some sessions; "not applicable" and "can't judge" are answers."""
    asked = [each for each in sessions if (each, None) in table.targets]
    causes = [table.missing.get((each, None), "") for each in asked]
    failures = {cause: causes.count(cause) for cause in sorted(set(causes)) if cause in FAILURES}
    return Asked(side, len(asked), failures)


def with_failures_as(table: VerdictTable, criterion: Criterion, line: Line, goods: Mapping[str, bool]) -> VerdictTable:
    """Return verdicts in which failures are answers, at the best end of the scale or at the worst.

    Args:
        table: One judge on one criterion.
        criterion: Whose scale.
        line: Which end is good.
        goods: Session -> whether its failure is taken for the best answer, not the worst.
    """
    scale = criterion.scale
    worst, best = _ends(criterion, table.numbers.values())
    is_upside_down = scale.positive_level is not None and scale.code(scale.positive_level) == 0
    if (line.good == "lower") != is_upside_down:
        worst, best = best, worst
    failed = [target for target, cause in table.missing.items() if cause in FAILURES and target[0] in goods]
    told = {target: best if goods[target[0]] else worst for target in failed if target[1] is None}
    left = {target: cause for target, cause in table.missing.items() if target not in told}
    return replace(table, numbers={**table.numbers, **told}, missing=left)


def n_inputs_on_both(contrast: Contrast) -> int:
    """Return how many inputs have a session on both sides, judged or not."""
    inputs = [
        {contrast.dataset.session_by_id[each].input for each in side.sessions & contrast.dataset.session_by_id.keys()}
        for side in contrast.sides
    ]
    return len((inputs[0] & inputs[1]) - {None})


def worse_inputs(paired: PairedInputs, direction: Direction | None) -> PairedInputs:
    """Return only those inputs on which the candidate is on the worse side of the baseline."""
    gains = -paired.differences if direction == "lower" else paired.differences
    kept = gains < 0
    return replace(
        paired,
        inputs=tuple(name for name, is_kept in zip(paired.inputs, kept, strict=True) if is_kept),
        baseline=paired.baseline[kept],
        candidate=paired.candidate[kept],
        units=paired.units[kept],
    )


def _no_session(evidence: Evidence, judged: JudgedVersion | None, of: Witness) -> str | None:
    """Say what there is nothing of for the candidate alone; None where there is something."""
    name, criterion = evidence.name, evidence.criterion.id
    if not evidence.sessions:
        return f"no session of {name} is here"
    if judged is not None or (of == "experts" and evidence.labelled):
        return None
    return f"no verdict is on {criterion!r} of {name}" + (", and no label" if of == "experts" else "")


def _no_pair(contrast: Contrast, of: Witness) -> str | None:
    """Say why no input can be held against its other side; None where one can."""
    before, after = (side.name for side in contrast.sides)
    for side in contrast.sides:
        if not side.sessions:
            return f"no session of {side.name} is here"
    if not n_inputs_on_both(contrast):
        return f"no input has sessions of both {before} and {after}: nothing can be paired"
    criterion = contrast.criterion.id
    if contrast.judged.inputs or (of == "experts" and contrast.labelled.inputs):
        return None
    if of == "experts" and any((each, None) in contrast.experts.values for each in _all(contrast)):
        return f"no input has labels or verdicts on {criterion!r} for both {before} and {after}"
    counted = ", ".join(f"{n} {cause.replace('_', ' ')}" for cause, n in sorted(contrast.judged.dropped.items()))
    return f"no input has verdicts on {criterion!r} for both {before} and {after} ({counted})"


def _all(contrast: Contrast) -> frozenset[str]:
    return contrast.sides[0].sessions | contrast.sides[1].sessions


def _by_labels_alone(contrast: Contrast) -> Contrast:
    """Return the same versions without any judge: then every label counts, whatever judge it helped to make."""
    nobody = VerdictTable({}, {}, (), {}, {})
    return replace(contrast, verdicts=nobody, allowed=frozenset(contrast.dataset.session_by_id), barred=frozenset())


def _labels_difference(alone: Contrast, how: Measuring) -> Estimate:
    if alone.sampling.is_weighted:
        return _carefully(alone, alone.weighted(how.level), has_judge=False)
    return _difference(alone, alone.labelled, how)


def _difference(contrast: Contrast, paired: PairedInputs, how: Measuring) -> Estimate:
    """Return the mean difference as `compare` does, with bounds that keep their level."""
    versions = (contrast.sides[0].name, contrast.sides[1].name)
    found = paired_difference(contrast.criterion, paired, versions, how)
    cells = four_cells(paired) if contrast.criterion.scale.type == "binary" else None
    if cells is not None:
        ends = careful_tango(cells, how.level)
        return replace(found, low=ends.low, high=ends.high, method=ends.method)
    if found.low is None:
        return found
    sample = labels_alone(paired.differences, paired.units, np.ones(len(paired.inputs)))
    ends = careful_mean(sample, how.level, reach=far_reach(places(contrast.criterion)), has_judge=False)
    return replace(found, low=ends.low, high=ends.high, method=ends.method)


def _carefully(contrast: Contrast, found: Estimate, *, has_judge: bool = True) -> Estimate:
    """Return a corrected or weighted difference with bounds that keep their level."""
    if found.low is None:
        return found
    ends = careful_mean(contrast.sample, found.level, reach=far_reach(places(contrast.criterion)), has_judge=has_judge)
    return replace(found, low=ends.low, high=ends.high, method=found.method.replace(" t", " skewed t", 1))


def _careful_quality(criterion: Criterion, found: Estimate, drawn: Drawn | None = None) -> Estimate:
    """Return a share or a mean with bounds that keep their level; `drawn` are the numbers it is the mean of."""
    alone = None if drawn is None else labels_alone(drawn.values, drawn.units, drawn.weights)
    return careful_quality(found, places(criterion), alone)


def _careful_correction(judged: JudgedVersion, method: str, how: Measuring) -> Estimate:
    """Return a share or a mean that the judge helped with, with bounds that keep their level."""
    found, levels = corrected_mean(judged, method, how), places(judged.evidence.criterion)
    return careful_correction(found, levels, judged.sample, is_stratified=method == "post_stratification")


def not_random(sampling: Sampling, n_labelled: int, n: int, what: str) -> tuple[RuleWord, str] | None:
    """Say that labels do not speak for what has none; None where they do, or where nothing lacks one."""
    if n_labelled == n or not (sampling.refused or sampling.chosen):
        return None
    if sampling.refused:
        return "inconclusive", sampling.refused
    how = ", ".join(f"{method} {count}" for method, count in sorted(sampling.chosen.items()))
    return "inconclusive", (
        f"the labelled {what} are no random sample ({how}): they do not speak for the other {n - n_labelled}; "
        "label some at random"
    )


def _without_labels(
    contrast: Contrast, line: Line, measuring: Measuring, *, judge: str, delta: float | None, level: float
) -> Reading:
    """Return the range of a candidate that nobody has labelled; it claims no type-I error."""
    assumed = _assumed(contrast, delta, level)
    assumption = replace(assumed, margin=line.at if line.good == "lower" else -line.at)
    return _range_reading(
        contrast.sides[1].name,
        lambda how: label_free(contrast, _judged_row(contrast, how), assumption, how, judge=judge),
        measuring,
    )


def _assumed(contrast: Contrast, delta: float | None, level: float) -> Assumption:
    """Return how far the judge may err otherwise: as declared, or as past pairs of versions bound it."""
    if delta is not None:
        return Assumption(delta)
    shifts = past_shifts(contrast)
    if len(shifts) < MIN_PAST_PAIRS:
        return Assumption()
    return Assumption(delta_limit(shifts, level), told=f"{len(shifts)} past pairs of versions")


def _range_reading(candidate: str, found: Callable[[Measuring], LabelFree | None], measuring: Measuring) -> Reading:
    """Return a range as what speaks, or why there is none."""
    free = found(measuring)
    if free is None:
        words = f"no expert has labelled {candidate}, and no other version has labels to learn the judge's errors from"
        return Reading(LABEL_FREE, stop=("inconclusive", words))
    if free.delta is None or free.range.low is None:
        return Reading(LABEL_FREE, stop=("inconclusive", f"no expert has labelled {candidate}: {free.why}"), free=free)

    def span(how: Measuring) -> Estimate:
        at = found(how)
        return at.range if at is not None else free.range

    return Reading(LABEL_FREE, span, free=free)


def _judged_row(contrast: Contrast, how: Measuring) -> Row:
    return contrast.row("mean_difference", _difference(contrast, contrast.judged, how), "judge_raw")


def _ends(criterion: Criterion, numbers: Iterable[float]) -> tuple[float, float]:
    (low, high), known = criterion.scale.ends, list(numbers)
    return (
        min(known, default=0.0) if low is None else low,
        max(known, default=0.0) if high is None else high,
    )
