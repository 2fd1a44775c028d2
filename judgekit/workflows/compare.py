"""`compare`: two prompt or model versions in the experts' own units. Several are in `compare_several`.

Which figure stands first is fixed by the design: the difference by tuned PPI++ where some of the judged inputs carry
labels of both versions, labels alone where all do or none is judged, and the judge alone, said to be so, where no
expert has looked. The others stand beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.companion import companions, detectable, level_shifts
from judgekit.analysis.comparison import Side, comparison_counts, comparison_rows, moved
from judgekit.analysis.comparison_wording import (
    comparison_summary,
    comparison_warnings,
    contrast_warnings,
    unpaired_words,
)
from judgekit.analysis.contrast import Contrast
from judgekit.analysis.decision_bounds import Deciding, bounds_of_difference, bounds_of_wins
from judgekit.analysis.judge_change import judge_change_rows
from judgekit.analysis.label_free import Assumption, label_free
from judgekit.analysis.label_queue import deciding_queue
from judgekit.analysis.paired_slice import Adjustment, slice_differences
from judgekit.analysis.reference import default_rule, reference
from judgekit.analysis.unpaired import unpaired_counts, unpaired_rows
from judgekit.analysis.verdict_table import verdict_table
from judgekit.analysis.win_rate import Wins, win_companions, win_counts, win_rows
from judgekit.errors import InputError, UnknownName
from judgekit.records.comparison_report import Companion, ComparisonReport, LabelFree, LevelShift, SliceDifference
from judgekit.records.dataset import Dataset
from judgekit.records.decision import Bounds
from judgekit.records.policy import FROM_EVEN, ScaleEnds
from judgekit.records.queue import QueuedSession
from judgekit.records.report import Counts, Disagreement, Row
from judgekit.records.rubric import Criterion
from judgekit.records.verdict import Failure, Verdict
from judgekit.workflows.lineage import open_sessions, refuse_reused, set_aside, units_in_making
from judgekit.workflows.score import Scoring, judged_criteria, refuse_strangers

Held = TypeVar("Held", Contrast, Wins)
ORDERED = ("binary", "ordinal", "numeric")
"""Scales that a difference can be measured on; preferences of pairs are counted as wins."""


@dataclass(frozen=True)
class Comparing:
    """What a comparison looks at beyond the difference itself.

    Attributes:
        slices: Fields of a session by whose values the difference is shown apart.
        adjustment: How p-values over slices are adjusted.
        assumption: What is taken for granted where the candidate has no labels.
        deciding: What `not_worse` and `better` go by.
    """

    slices: Sequence[str] = ()
    adjustment: Adjustment = "bh"
    assumption: Assumption = field(default_factory=Assumption)
    deciding: Deciding = field(default_factory=Deciding)


def compare(
    dataset: Dataset,
    outcomes: Iterable[Verdict | Failure],
    sides: tuple[Side, Side],
    *,
    scoring: Scoring,
    measuring: Measuring,
    comparing: Comparing | None = None,
) -> ComparisonReport:
    """Return the difference between two versions: corrected, by the experts alone, and by the judge alone.

    Args:
        dataset: Knows each session's input, version and labels.
        outcomes: One judge's verdicts on sessions of both sides; none: labels stand alone.
        sides: Baseline and candidate: a version each, or the sessions of a run each.
        scoring: Names the judge and its lineage; its `use`, `reference` and `splits` apply.
        measuring: Level, resamples and randomness.
        comparing: Slices, and what holds without labels.

    Raises:
        InputError: A side is empty, both hold the same sessions, or one has neither verdicts nor labels.
        UnknownName: A split that there is not.
        LeakError: Labels that helped to make the judge would correct it.
    """
    _check_sides(dataset, sides)
    given = list(outcomes)
    refuse_strangers(dataset, given)
    whole = _Whole(dataset, given, sides, scoring, measuring, comparing or Comparing())
    parts = [part for criterion in comparable(dataset, given) if (part := _part(whole, criterion)) is not None]
    if not parts:
        raise InputError("no criterion of these verdicts has an order that versions can be compared on")
    return _report(whole, parts)


def labelling_queue(
    dataset: Dataset,
    outcomes: Iterable[Verdict | Failure],
    sides: tuple[Side, Side],
    *,
    scoring: Scoring,
    measuring: Measuring,
    margin: float = 0.0,
) -> tuple[QueuedSession, ...]:
    """Return the sessions whose labels would decide between two versions, each with its chance of being picked.

    Args:
        dataset: Knows each session's input, version and labels.
        outcomes: One judge's verdicts on sessions of both sides.
        sides: Baseline and candidate.
        scoring: Names the judge.
        measuring: Level, and randomness of the draw.
        margin: Not worse by more than this passes.

    Raises:
        InputError: Nothing is judged on both sides, or inputs with labels on both sides exist.
    """
    _check_sides(dataset, sides)
    given = list(outcomes)
    whole = _Whole(dataset, given, sides, scoring, measuring, Comparing(assumption=Assumption(margin=margin)))
    found: list[QueuedSession] = []
    for criterion in comparable(dataset, given):
        contrast = _held_together(whole, criterion, Contrast) if criterion.scale.type in ORDERED else None
        if contrast is not None and contrast.judged.inputs:
            free = _free(whole, contrast, _judge_rows(whole, contrast))
            slope = free.slope.value if free and free.slope.value and free.range.low is not None else 1.0
            seed = scoring.settings.get("seed")
            found += deciding_queue(
                contrast,
                measuring.level,
                measuring.fresh_rng(),
                margin=margin,
                slope=slope,
                seed=seed if isinstance(seed, int) else None,
            )
    if not found:
        raise InputError("nothing is judged on both versions of any input", hint="Judge the sessions of both versions")
    return tuple(found)


@dataclass(frozen=True)
class _Whole:
    """What every criterion of one comparison shares."""

    dataset: Dataset
    outcomes: Sequence[Verdict | Failure]
    sides: tuple[Side, Side]
    scoring: Scoring
    measuring: Measuring
    comparing: Comparing

    @property
    def versions(self) -> tuple[str, str]:
        return self.sides[0].name, self.sides[1].name


@dataclass(frozen=True)
class _Part:
    """One criterion of a comparison."""

    rows: Sequence[Row]
    counts: Counts
    headline: str
    is_chosen: bool = False
    is_unpaired: bool = False
    warnings: Sequence[str] = ()
    companions: Sequence[Companion] = ()
    shifts: Sequence[LevelShift] = ()
    slices: Sequence[SliceDifference] = ()
    free: LabelFree | None = None
    bounds: Sequence[Bounds] = ()
    moved: Sequence[Disagreement] = ()


def comparable(dataset: Dataset, outcomes: Sequence[Verdict | Failure]) -> list[Criterion]:
    """Return the criteria that can be compared: of the verdicts, else of the labels."""
    named = judged_criteria(dataset, outcomes)
    if not outcomes:
        named = [each for each in dataset.rubric.criteria if dataset.labels_by_criterion[each.id]]
    return [each for each in named if each.scale.type in (*ORDERED, "preference")]


def _part(whole: _Whole, criterion: Criterion) -> _Part | None:
    if criterion.scale.type == "preference":
        return _preferred(whole, criterion)
    contrast = _held_together(whole, criterion, Contrast)
    if contrast.judged.inputs or contrast.labelled.inputs:
        return _paired(whole, contrast)
    rows = unpaired_rows(contrast, whole.measuring)
    if not rows or (whole.outcomes and not any(row.estimator == "judge_raw" for row in rows)):
        words = _why_unpaired(criterion, whole.versions, contrast.judged.dropped)
        raise InputError(words, hint="Judge the sessions of both versions")
    first = rows[0].estimator or ""
    lead = first if first != "ppi" or rows[0].estimate.is_defined else "labels_only"
    told = [unpaired_words(criterion.id)]
    return _Part(_by_judge(whole, rows), unpaired_counts(contrast), lead, is_unpaired=True, warnings=told)


def _held_together(whole: _Whole, criterion: Criterion, kind: type[Held]) -> Held:
    """Return what judge and experts said of two versions on one criterion: a contrast, or wins.

    Raises:
        LeakError: Labels that helped to make the judge would correct it.
    """
    dataset, scoring = whole.dataset, whole.scoring
    allowed = open_sessions(dataset, scoring.splits)
    held = kind(
        dataset=dataset,
        criterion=criterion,
        sides=whole.sides,
        verdicts=verdict_table(criterion, whole.outcomes, use=scoring.use, combine=scoring.combine),
        experts=reference(dataset, criterion, scoring.reference or default_rule(criterion)),
        allowed=allowed,
        barred=set_aside(dataset, scoring.lineage, allowed),
    )
    refuse_reused(dataset, held.witnesses, scoring.lineage, scoring.judge)
    return held


def _paired(whole: _Whole, contrast: Contrast) -> _Part:
    if whole.outcomes and not contrast.judged.inputs:
        words = _why_unpaired(contrast.criterion, whole.versions, contrast.judged.dropped)
        raise InputError(words, hint="Judge the sessions of both versions")
    criterion, measuring = contrast.criterion, whole.measuring
    by_judge = _judge_rows(whole, contrast)
    by_labels = _label_rows(whole, contrast)
    is_corrected = bool(contrast.judged.inputs) and contrast.is_partly_labelled
    corrected = [contrast.row("mean_difference", contrast.corrected(measuring.level), "ppi")] if is_corrected else []
    first = contrast.headline
    rows = sorted([*_by_judge(whole, corrected), *by_labels, *by_judge], key=lambda row: row.estimator != first)
    beside: list[Companion] = []
    shifts: list[LevelShift] = []
    plain = [] if contrast.sampling.is_weighted else by_labels[:1]
    for leads, paired in ((plain, contrast.labelled), (by_judge[:1], contrast.judged)):
        for lead in leads:
            beside += companions(lead, criterion, paired, measuring)
            shifts += level_shifts(lead, criterion, paired, measuring)
    sliced = slice_differences(contrast, whole.comparing.slices, measuring, adjustment=whole.comparing.adjustment)
    counts = comparison_counts(criterion, contrast.judged if by_judge else contrast.labelled)
    return _Part(
        rows=[*rows, *_by_judge(whole, judge_change_rows(contrast, measuring))],
        counts=counts.model_copy(update={"failures": contrast.verdicts.failures_by_status}),
        headline=first,
        is_chosen=first == "labels_only" and bool(contrast.sampling.chosen or contrast.sampling.refused),
        warnings=[
            *contrast_warnings(contrast, whole.scoring.judge, is_corrected=is_corrected),
            *sliced.warnings,
        ],
        companions=beside,
        shifts=shifts,
        slices=[_of_judge(whole, each) for each in sliced.found],
        free=_free(whole, contrast, by_judge),
        bounds=_bounds(whole, contrast),
        moved=moved(
            whole.dataset,
            criterion,
            contrast.judged,
            verdicts=contrast.verdicts,
            sides=whole.sides,
            n_most=whole.scoring.n_worst,
        ),
    )


def _judge_rows(whole: _Whole, contrast: Contrast) -> list[Row]:
    if not contrast.judged.inputs:
        return []
    rows = comparison_rows(contrast.criterion, contrast.judged, whole.versions, whole.measuring)
    return _by_judge(whole, [row.model_copy(update={"estimator": "judge_raw"}) for row in rows])


def _label_rows(whole: _Whole, contrast: Contrast) -> list[Row]:
    if not contrast.labelled.inputs:
        return []
    if contrast.sampling.is_weighted:
        return [contrast.row("mean_difference", contrast.weighted(whole.measuring.level), "labels_only")]
    rows = comparison_rows(contrast.criterion, contrast.labelled, whole.versions, whole.measuring)
    return [row.model_copy(update={"estimator": "labels_only"}) for row in rows]


def _by_judge(whole: _Whole, rows: Iterable[Row]) -> list[Row]:
    """Return rows with the judge's name on those it had a part in."""
    told = {"judge": whole.scoring.judge, "engine": whole.scoring.engine}
    return [row if row.estimator == "labels_only" else row.model_copy(update=told) for row in rows]


def _of_judge(whole: _Whole, each: SliceDifference) -> SliceDifference:
    is_experts = each.estimator == "labels_only"
    return each if is_experts else each.model_copy(update={"judge": whole.scoring.judge})


def _free(whole: _Whole, contrast: Contrast, by_judge: Sequence[Row]) -> LabelFree | None:
    if not by_judge:
        return None
    assumption = whole.comparing.assumption
    return label_free(contrast, by_judge[0], assumption, whole.measuring, judge=whole.scoring.judge)


def _bounds(whole: _Whole, contrast: Contrast) -> list[Bounds]:
    judge, comparing = whole.scoring.judge, whole.comparing
    delta = comparing.assumption.delta
    return bounds_of_difference(contrast, whole.measuring, comparing.deciding, judge=judge, delta=delta)


def _preferred(whole: _Whole, criterion: Criterion) -> _Part | None:
    wins = _held_together(whole, criterion, Wins)
    rows = win_rows(wins, whole.measuring)
    if not rows:
        return None
    given = [row.estimator or "" for row in rows if row.estimate.is_defined]
    beside = [
        each if each.estimator == "labels_only" else each.model_copy(update={"judge": whole.scoring.judge})
        for each in win_companions(wins, whole.measuring)
    ]
    bounds = bounds_of_wins(wins, whole.measuring, whole.comparing.deciding)
    return _Part(_by_judge(whole, rows), win_counts(wins), (given or [""])[0], companions=beside, bounds=bounds)


def _report(whole: _Whole, parts: Sequence[_Part]) -> ComparisonReport:
    baseline, candidate = whole.versions
    dataset, scoring, measuring = whole.dataset, whole.scoring, whole.measuring
    rows = [row for part in parts for row in part.rows]
    headline = {part.counts.criterion: part.headline for part in parts}
    free = [part.free for part in parts if part.free is not None]
    told = [line for part in parts for line in part.warnings]
    unpaired = tuple(part.counts.criterion for part in parts if part.is_unpaired)
    return ComparisonReport(
        title=f"{candidate} against {baseline}: {dataset.name}",
        dataset=dataset.name,
        dataset_fingerprint=dataset.fingerprint(),
        settings={**measuring.settings(dataset), "use": scoring.use, **_chosen(whole), **scoring.settings},
        summary=comparison_summary(rows, headline, free, unpaired=unpaired),
        rows=tuple(rows),
        warnings=(
            *dataset.notes,
            *told,
            *comparison_warnings(rows, headline),
            *_own_sessions(dataset, whole.sides, scoring),
        ),
        baseline=baseline,
        candidate=candidate,
        judge=scoring.judge if whole.outcomes else None,
        engine=scoring.engine,
        counts=tuple(part.counts for part in parts),
        headline=headline,
        directions={name: dataset.rubric.criterion(name).direction or "higher" for name in headline},
        not_random=tuple(part.counts.criterion for part in parts if part.is_chosen),
        unpaired=unpaired,
        bounds=tuple(each for part in parts for each in part.bounds),
        reaches={name: _reach(dataset.rubric.criterion(name)) for name in headline},
        companions=tuple(each for part in parts for each in part.companions),
        shifts=tuple(each for part in parts for each in part.shifts),
        slices=tuple(each for part in parts for each in part.slices),
        detectable=tuple(detectable(rows)),
        label_free=tuple(free),
        moved=tuple(each for part in parts for each in part.moved),
    )


def _reach(criterion: Criterion) -> ScaleEnds:
    return FROM_EVEN if criterion.scale.type == "preference" else criterion.scale.ends


def _chosen(whole: _Whole) -> dict[str, object]:
    """Return the settings that are not the usual ones."""
    comparing = whole.comparing
    found: dict[str, object] = {}
    if comparing.slices:
        found |= {"slices": list(comparing.slices), "adjustment": comparing.adjustment}
    if comparing.assumption.delta is not None:
        found["delta"] = comparing.assumption.delta
    if comparing.assumption.margin:
        found["margin"] = comparing.assumption.margin
    if whole.dataset.splits is not None and "all" not in whole.scoring.splits:
        found["split"] = "+".join(whole.scoring.splits)
    return found


def _own_sessions(dataset: Dataset, sides: tuple[Side, Side], scoring: Scoring) -> list[str]:
    made_with = units_in_making(dataset, scoring.lineage)
    n_own = sum(
        dataset.unit(session) in made_with
        for side in sides
        for session in side.sessions
        if session in dataset.session_by_id
    )
    return [f"{n_own} sessions helped to make {scoring.judge}: its verdicts on them may flatter"] if n_own else []


def _check_sides(dataset: Dataset, sides: tuple[Side, Side]) -> None:
    known = {session.version for session in dataset.sessions if session.version}
    for side in sides:
        if not side.sessions:
            raise UnknownName("version", side.name, known, where=f"sessions of {dataset.name}")
    shared = sides[0].sessions & sides[1].sessions
    if shared:
        raise InputError(
            f"{len(shared)} sessions, such as {min(shared)!r}, stand on both sides of the comparison",
            hint="Two versions have sessions of their own; to compare two judges, score each",
        )


def _why_unpaired(criterion: Criterion, versions: tuple[str, str], dropped: Mapping[str, int]) -> str:
    counted = ", ".join(f"{n} {cause}" for cause, n in sorted(dropped.items())) or "no session at all"
    return f"no input has verdicts on {criterion.id!r} for both {versions[0]!r} and {versions[1]!r} ({counted})"
