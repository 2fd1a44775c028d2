"""`agree`: how far experts agree with each other, before any judge is asked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import get_args

from judgekit.analysis.agreement import Measuring, agreement_rows
from judgekit.analysis.agreement_wording import agreement_notes, agreement_summary, agreement_warnings
from judgekit.analysis.disagreement import contested
from judgekit.analysis.rater_profile import rater_profiles
from judgekit.analysis.rating import Target, rating_table
from judgekit.errors import UnknownName
from judgekit.records.agreement_report import AgreementReport, RaterProfile
from judgekit.records.dataset import Dataset
from judgekit.records.report import Counts, Disagreement, Row
from judgekit.records.rubric import Criterion, Value, level_text
from judgekit.stats.metric import Population


def agree(
    dataset: Dataset,
    measuring: Measuring,
    *,
    criteria: Iterable[str] = (),
    n_contested: int = 5,
    settings: dict[str, object] | None = None,
) -> AgreementReport:
    """Return the agreement of the dataset's raters.

    Args:
        dataset: Sessions, rubric and current labels.
        measuring: Level, resamples, metrics and randomness.
        criteria: Criteria to look at; empty for all that carry labels.
        n_contested: Most contested targets listed per criterion.
        settings: What the door knows of this invocation (seed, versions), kept in the report.

    Raises:
        UnknownName: A criterion, a metric or what to generalise to is not known.
    """
    if measuring.generalise not in get_args(Population):
        raise UnknownName("population", measuring.generalise, get_args(Population))
    chosen = chosen_criteria(dataset, criteria)
    rows: list[Row] = []
    counts: list[Counts] = []
    most: list[Disagreement] = []
    profiles: list[RaterProfile] = []
    notes: dict[str, tuple[str, ...]] = {}
    for criterion in chosen:
        rows += agreement_rows(dataset, criterion, measuring)
        counts.append(_counts(dataset, criterion))
        if criterion.scale.measurement != "none":
            table = rating_table(dataset, criterion)
            most += contested(dataset, table, n_contested)
            profiles += rater_profiles(dataset, table, measuring)
            notes[criterion.id] = agreement_notes(dataset, table)
    return AgreementReport(
        title=f"Agreement of the experts: {dataset.name}",
        dataset=dataset.name,
        dataset_fingerprint=dataset.fingerprint(),
        settings={**measuring.settings(dataset), **(settings or {})},
        summary=agreement_summary(rows),
        rows=tuple(rows),
        warnings=(*dataset.notes, *agreement_warnings(dataset, rows)),
        counts=tuple(counts),
        level_counts={criterion.id: _level_counts(dataset, criterion) for criterion in chosen},
        contested=tuple(most),
        profiles=tuple(profiles),
        notes={criterion: said for criterion, said in notes.items() if said},
    )


def chosen_criteria(dataset: Dataset, asked: Iterable[str]) -> list[Criterion]:
    """Return the criteria asked for, else those that carry labels, in the rubric's order."""
    named = [dataset.rubric.criterion(each) for each in asked]
    if named:
        return named
    return [criterion for criterion in dataset.rubric.criteria if dataset.labels_by_criterion[criterion.id]]


def _counts(dataset: Dataset, criterion: Criterion) -> Counts:
    raters: dict[Target, set[tuple[str | None, str | None]]] = defaultdict(set)
    silent: dict[Target, str] = {}
    for label in dataset.labels_by_criterion[criterion.id]:
        if label.kind != "human":
            continue
        target = (label.target, label.turn)
        who = (label.rater, None if label.rater else label.id)
        raters[target] |= {who} if label.status == "ok" else set()
        if label.status != "ok":
            silent[target] = min(label.status, silent.get(target, label.status))
    short = {target: "rated_once" if found else silent[target] for target, found in raters.items() if len(found) < 2}
    n_targets = len(raters)
    dropped = dict(sorted(Counter(short.values()).items()))
    return Counts(criterion=criterion.id, n_targets=n_targets, n_used=n_targets - len(short), dropped=dropped)


def _level_counts(dataset: Dataset, criterion: Criterion) -> dict[str, dict[str, int]]:
    levels = [level_text(level) for level in criterion.scale.levels]
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for label in dataset.labels_by_criterion[criterion.id]:
        if label.kind == "human":
            counts[label.rater or "anonymous"][_shown(criterion, label.value, label.status)] += 1
    return {
        rater: {
            level: seen[level]
            for level in [*levels, *sorted(set(seen) - set(levels))]
            if level in levels or seen[level]
        }
        for rater, seen in sorted(counts.items())
    }


def _shown(criterion: Criterion, value: Value | None, status: str) -> str:
    if value is None:
        return status
    if criterion.scale.levels and not isinstance(value, tuple):
        return level_text(value)
    return "answered"
