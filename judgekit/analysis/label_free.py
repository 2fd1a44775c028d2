"""A candidate that no expert has looked at: what labels on other versions let the judge say, and what would decide it.

How far the judge may err otherwise on the candidate (delta) is declared, or bounded from past pairs of versions that
were labelled; it is never estimated from the candidate itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.contrast import Contrast
from judgekit.analysis.correction import judge_raw
from judgekit.analysis.evidence import by_input
from judgekit.analysis.judged_version import JudgedVersion
from judgekit.analysis.rating import unit_codes
from judgekit.records.comparison_report import LabelFree
from judgekit.records.report import Row
from judgekit.records.rubric import Criterion
from judgekit.stats.estimate import Estimate, undefined
from judgekit.stats.label_free import (
    MIN_PAST_PAIRS,
    JudgeDifference,
    Slope,
    delta_limit,
    difference_of,
    label_free_range,
    mean_above,
    slope_of,
    tipping_point,
)

MIN_OF_CLASS = 10
"""Labels of either class that a past version needs, for its rates to say anything of the next version's."""


@dataclass(frozen=True)
class Assumption:
    """What is taken for granted where the candidate has no labels.

    Attributes:
        delta: How much the judge's expected number may differ between versions at any level of the experts'; None:
            bounded from past pairs of versions, where there are five.
        margin: Not worse by more than this passes; 0: better passes.
        told: Where delta comes from, in words.
    """

    delta: float | None = None
    margin: float = 0.0
    told: str = "declared"


def label_free(
    contrast: Contrast, lead: Row, assumption: Assumption, measuring: Measuring, *, judge: str
) -> LabelFree | None:
    """Return what can be said of a candidate without labels; None where it has some, or no other version has any.

    Args:
        contrast: Two versions on one criterion.
        lead: The judge's own difference.
        assumption: Delta and margin.
        measuring: Level.
        judge: Its name.
    """
    candidate = contrast.sides[1].sessions
    if contrast.labelled_of(candidate) or not contrast.judged.inputs:
        return None
    others = contrast.labelled_of(contrast.dataset.session_by_id.keys() - candidate)
    found = _parts(contrast, others)
    if found is None:
        return None
    difference, slope = found
    delta, told = _delta(contrast, assumption, measuring.level)
    span = _range(difference, slope, delta or 0.0, lead.estimate)
    is_lower = contrast.criterion.direction == "lower"
    line = assumption.margin if is_lower else -assumption.margin
    tipping = tipping_point(difference, slope, -line, measuring.level) if span.low is not None else None
    word, why = _verdict(span, delta, line, is_lower=is_lower)
    return LabelFree(
        criterion=contrast.criterion.id,
        between=contrast.between,
        judge=judge,
        judge_difference=lead.estimate,
        slope=_slope_estimate(slope, measuring.level),
        delta=delta,
        delta_from=told,
        range=span,
        tipping_point=tipping,
        margin=assumption.margin,
        word=word,
        why=why,
    )


def label_free_mean(
    contrast: Contrast, version: JudgedVersion, assumption: Assumption, line: float, measuring: Measuring
) -> LabelFree | None:
    """Return what can be said of a candidate's own mean without labels on it; None where no other version has any.

    That is (judge's mean - what it says where experts say 0 -/+ delta) / slope. A range that lies wholly off the scale
    shows that delta is too small.

    Args:
        contrast: Both versions on one criterion.
        version: What the judge said of the candidate.
        assumption: Delta.
        line: What the mean is held against.
        measuring: Level.
    """
    lead = judge_raw(version, measuring)
    others = contrast.labelled_of(contrast.dataset.session_by_id.keys() - contrast.sides[1].sessions)
    trials = by_input([each for each in version.asked if (each.id, None) in version.verdicts.numbers])
    named = [(each, None) for each in (*(own[0].id for own in trials), *others)]
    units = unit_codes(named, contrast.dataset.unit)
    judge, human = contrast.numbers_of(others)
    slope = slope_of(judge, human, units[len(trials) :])
    if slope is None or not trials:
        return None
    numbers, oriented = version.verdicts.numbers, version.evidence.oriented
    rates = np.array([np.mean([oriented(numbers[each.id, None]) for each in own]) for own in trials])
    above = mean_above(rates, units[: len(trials)], judge, human, units[len(trials) :])
    delta, told = _delta(contrast, assumption, measuring.level)
    span = _on_scale(_range(above, slope, delta or 0.0, lead), contrast.criterion)
    tipping = tipping_point(above, slope, -line, measuring.level) if span.low is not None else None
    word, why = _verdict(span, delta, line, is_lower=contrast.criterion.direction == "lower", is_inclusive=True)
    return LabelFree(
        criterion=contrast.criterion.id,
        metric="mean",
        between=version.evidence.name,
        judge=version.judge,
        judge_difference=lead,
        slope=_slope_estimate(slope, measuring.level),
        delta=delta,
        delta_from=told,
        range=span,
        tipping_point=tipping,
        word=word,
        why=why,
    )


def past_shifts(contrast: Contrast) -> np.ndarray:
    """Return what the judge's rates differed by between versions labelled in the past, shape (n_pairs, n_rates).

    Versions other than the candidate are taken in the order of their names, each with the next: pairs that share a
    version say less than pairs of their own, so that no version is in more than two. TPR and FPR for two levels; the
    judge's mean error at the experts' level for others.

    Versions of this dataset only: those of another have other sessions and often another rubric, so that the judge's
    rates differ for more than the version. Who knows such pairs to be alike declares delta.
    """
    candidate = contrast.sides[1].sessions
    by_version: dict[str, list[str]] = {}
    for session in contrast.dataset.sessions:
        if session.version is not None and session.id not in candidate:
            by_version.setdefault(session.version, []).append(session.id)
    rates = [
        found
        for name in sorted(by_version)
        if (found := _rates(contrast, contrast.labelled_of(by_version[name]))) is not None
    ]
    shifts = [after - before for before, after in pairwise(rates)]
    return np.array(shifts) if shifts else np.zeros((0, 1))


def _rates(contrast: Contrast, sessions: Sequence[str]) -> np.ndarray | None:
    judge, human = contrast.numbers_of(sessions)
    if contrast.criterion.scale.type != "binary":
        return np.array([(judge - human).mean()]) if len(human) >= 2 * MIN_OF_CLASS else None
    classes = [judge[human == level] for level in (1.0, 0.0)]
    if min(map(len, classes)) < MIN_OF_CLASS:
        return None
    return np.array([each.mean() for each in classes])


def _parts(contrast: Contrast, others: Sequence[str]) -> tuple[JudgeDifference, Slope] | None:
    """Return difference and slope over units of the same numbering, so that what they share is known."""
    firsts = [min(*before, *after) for before, after in contrast.judged.members]
    named = [(each, None) for each in (*firsts, *others)]
    units = unit_codes(named, contrast.dataset.unit)
    judge, human = contrast.numbers_of(others)
    slope = slope_of(judge, human, units[len(firsts) :])
    if slope is None:
        return None
    return difference_of(contrast.judged.differences, units[: len(firsts)]), slope


def _delta(contrast: Contrast, assumption: Assumption, level: float) -> tuple[float | None, str]:
    if assumption.delta is not None:
        return assumption.delta, assumption.told
    shifts = past_shifts(contrast)
    if len(shifts) < MIN_PAST_PAIRS:
        return None, ""
    return delta_limit(shifts, level), f"{len(shifts)} past pairs of versions"


def _range(difference: JudgeDifference, slope: Slope, delta: float, lead: Estimate) -> Estimate:
    span = label_free_range(difference, slope, delta, lead.level)
    if span.low is None:
        reason = span.method.removeprefix("none: ")
        return undefined("weak_judge", reason, n=lead.n, n_clusters=lead.n_clusters, level=lead.level)
    value = difference.value / slope.value
    return replace(lead, value=value, low=span.low, high=span.high, method=span.method, dropped={})


def _slope_estimate(slope: Slope, level: float) -> Estimate:
    ends = slope.interval(level)
    return Estimate(slope.value, ends.low, ends.high, level, slope.n, len(slope.moves), ends.method)


def _on_scale(span: Estimate, criterion: Criterion) -> Estimate:
    """Return a range within the scale's ends; none where it lies wholly off them: then delta does not hold."""
    least, most = criterion.scale.ends
    if span.low is None or span.high is None:
        return span
    if (least is not None and span.high < least) or (most is not None and span.low > most):
        words = "the judge says what no candidate on the scale could make it say: delta is too small, or it has changed"
        return undefined("weak_judge", words, n=span.n, n_clusters=span.n_clusters, level=span.level)
    ends = (-math.inf if least is None else least, math.inf if most is None else most)
    value, low, high = (float(np.clip(each, *ends)) for each in (span.value or 0.0, span.low, span.high))
    return replace(span, value=value, low=low, high=high)


def _verdict(
    span: Estimate, delta: float | None, line: float, *, is_lower: bool, is_inclusive: bool = False
) -> tuple[Literal["pass", "fail", "inconclusive"], str]:
    if span.low is None or span.high is None:
        return "inconclusive", (span.undefined or "").partition(": ")[2]
    if delta is None:
        return "inconclusive", "no delta is declared, and there are too few past labelled versions to bound it"
    is_at_low, is_at_high = is_inclusive and span.low == line, is_inclusive and span.high == line
    if span.low > line or (is_at_low and not is_lower):
        return "fail" if is_lower else "pass", "the whole range lies above the line"
    if span.high < line or (is_at_high and is_lower):
        return "pass" if is_lower else "fail", "the whole range lies below the line"
    return "inconclusive", "the range crosses the line"
