"""`estimate`: how good each version is, in the experts' own units: from labels alone, or with a judge's help."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.correction import correction_rows, headline
from judgekit.analysis.correction_wording import correction_summary, correction_warnings, design_words
from judgekit.analysis.evidence import Evidence
from judgekit.analysis.judged_version import JudgedVersion
from judgekit.analysis.quality import quality_counts, quality_rows
from judgekit.analysis.quality_wording import not_random_words, quality_notes, quality_summary, quality_warnings
from judgekit.analysis.reference import default_rule, reference
from judgekit.analysis.verdict_table import verdict_table
from judgekit.errors import InputError, UnknownName
from judgekit.records.dataset import Dataset
from judgekit.records.quality_report import QualityReport
from judgekit.records.report import Counts, Row
from judgekit.records.rubric import Criterion
from judgekit.records.verdict import Failure, Verdict
from judgekit.workflows.agree import chosen_criteria
from judgekit.workflows.lineage import open_sessions, refuse_reused, set_aside
from judgekit.workflows.score import Scoring, refuse_strangers

ORDERED = ("binary", "ordinal", "numeric")
"""Scales that have a mean, or a share that is one."""


def estimate(
    dataset: Dataset,
    measuring: Measuring,
    *,
    criteria: Iterable[str] = (),
    versions: Iterable[str] = (),
    rule: str | None = None,
    settings: Mapping[str, object] | None = None,
) -> QualityReport:
    """Return each version's mean (or share of the positive level) and pass^k, from labels alone.

    Args:
        dataset: Sessions and current labels, with how the sessions were picked.
        measuring: Level, resamples and randomness.
        criteria: Criteria to look at; empty for all that carry labels.
        versions: Versions to look at; empty for all.
        rule: How several raters become one; None: the usual rule of each scale.
        settings: What the door knows of this invocation (seed, software), kept in the report.

    Raises:
        UnknownName: A criterion, a version or the rule is not known.
        InputError: Nothing here has an order, or no session has a label of that reference.
    """
    chosen, found = _found(dataset, criteria, versions, rule)
    rows = {name: [row for each in own for row in quality_rows(each, measuring)] for name, own in found.items()}
    rules = {criterion.id: rule or default_rule(criterion) for criterion in chosen}
    used = "; ".join(f"{how} of {name}" for name, how in rules.items())
    told = next(iter(rules.values())) if len(set(rules.values())) == 1 else used
    chosen_labels = [line for name, own in found.items() for line in not_random_words(name, own)]
    return QualityReport(
        title=f"{'Not a random sample: quality' if chosen_labels else 'Quality'} of each version: {dataset.name}",
        dataset=dataset.name,
        dataset_fingerprint=dataset.fingerprint(),
        settings={**measuring.settings(dataset), "reference": told, **(settings or {})},
        summary=(*chosen_labels, *(line for name, own in found.items() for line in quality_summary(own, rows[name]))),
        rows=tuple(row for own in rows.values() for row in own),
        warnings=(*dataset.notes, *_passed_over(dataset, criteria, chosen), *_warnings(found, rows)),
        versions=tuple(each.name for each in found[chosen[0].id]),
        reference=told,
        counts=_counts(found),
        not_random=tuple(chosen_labels),
        weighted=_weighted(found),
        notes={name: quality_notes(own, rows[name]) for name, own in found.items()},
    )


def estimate_judged(
    dataset: Dataset,
    outcomes: Iterable[Verdict | Failure],
    scoring: Scoring,
    measuring: Measuring,
    *,
    criteria: Iterable[str] = (),
    versions: Iterable[str] = (),
) -> QualityReport:
    """Return each version's quality from labels with a judge's help; labels alone and the raw judge stand beside.

    What makes the figure that stands first is fixed by how the labelled sessions were picked.

    Args:
        dataset: Sessions and current labels, with how the sessions were picked.
        outcomes: One judge's verdicts and failures, on sessions with and without labels.
        scoring: Names the judge and its lineage; its `reference`, `splits`, `use`, `combine` and `settings` apply.
        measuring: Level, resamples and randomness.
        criteria: Criteria to look at; empty for all that carry labels.
        versions: Versions to look at; empty for all.

    Raises:
        UnknownName: A criterion, a version, a split or the rule is not known.
        InputError: As in `estimate`; or no verdict is on a criterion looked at, or on a session of the dataset.
        LeakError: Labels that helped to make the judge would correct it.
    """
    given = list(outcomes)
    refuse_strangers(dataset, given)
    asked, named = list(criteria), list(versions)
    alone = estimate(
        dataset, measuring, criteria=asked, versions=named, rule=scoring.reference, settings=scoring.settings
    )
    _, found = _found(dataset, asked, named, scoring.reference)
    judged = _judged(dataset, found, given, scoring)
    refuse_reused(dataset, (each for one in judged for each in one.witnesses), scoring.lineage, scoring.judge)
    return _helped(alone, found, {_place(each.evidence): each for each in judged}, (scoring, measuring))


def _judged(
    dataset: Dataset,
    found: Mapping[str, Sequence[Evidence]],
    outcomes: Sequence[Verdict | Failure],
    scoring: Scoring,
) -> list[JudgedVersion]:
    """Return the versions that the judge was asked about."""
    allowed = open_sessions(dataset, scoring.splits)
    aside = set_aside(dataset, scoring.lineage, allowed)
    judged = []
    for own in found.values():
        table = verdict_table(own[0].criterion, outcomes, use=scoring.use, combine=scoring.combine)
        named = (scoring.judge, scoring.engine, scoring.use, allowed, aside)
        judged += [each for one in own if (each := JudgedVersion(one, table, *named)).spoken]
    if not judged:
        named_ones = ", ".join(found)
        raise InputError(f"no verdict is on {named_ones} of a session looked at", hint="Judge the sessions first")
    return judged


def _helped(
    alone: QualityReport,
    found: Mapping[str, Sequence[Evidence]],
    judged: Mapping[str, JudgedVersion],
    how: tuple[Scoring, Measuring],
) -> QualityReport:
    """Return a report on labels alone with what the judge adds to it."""
    scoring, measuring = how
    rows: list[Row] = []
    summary: list[str] = []
    first: dict[str, str] = {}
    for one in (one for own in found.values() for one in own):
        own_rows = [row for row in alone.rows if (row.criterion, row.between) == (one.criterion.id, one.name)]
        each = judged.get(_place(one))
        first[_place(one)] = "labels_only"
        if each is None:
            rows += own_rows
            summary += quality_summary([one], own_rows)
            continue
        added = correction_rows(each, measuring)
        first[_place(one)] = headline(each, added)
        rows += [row for row in added if row.estimator == first[_place(one)]] + own_rows
        rows += [row for row in added if row.estimator != first[_place(one)]]
        summary += correction_summary(each, [*added, *own_rows], first[_place(one)])
    not_random = _not_random(found, judged)
    name = alone.dataset
    return alone.model_copy(
        update={
            "title": f"{'Not a random sample: quality' if not_random else 'Quality'} of each version: {name}",
            "settings": {**alone.settings, "use": scoring.use, "split": "+".join(scoring.splits)},
            "summary": (*not_random, *design_words([*judged.values()]), *summary),
            "rows": tuple(rows),
            "warnings": (*alone.warnings, *_limits(found, judged, scoring)),
            "counts": tuple(_helped_counts(count, found, judged, first) for count in alone.counts),
            "not_random": tuple(not_random),
            "judge": scoring.judge,
            "engine": scoring.engine,
            "model": scoring.model,
            "judge_fingerprint": scoring.judge_fingerprint,
            "headline": first,
        }
    )


def _not_random(found: Mapping[str, Sequence[Evidence]], judged: Mapping[str, JudgedVersion]) -> list[str]:
    """Return what stands before any figure, without versions whose design a correction was made for."""

    def is_corrected(one: Evidence) -> bool:
        return _place(one) in judged and judged[_place(one)].method == "rogan_gladen"

    left = {name: [one for one in own if not is_corrected(one)] for name, own in found.items()}
    return [line for name, own in left.items() for line in not_random_words(name, own)]


def _limits(
    found: Mapping[str, Sequence[Evidence]], judged: Mapping[str, JudgedVersion], scoring: Scoring
) -> list[str]:
    limits = [line for each in judged.values() for line in correction_warnings(each)]
    left = [_place(one) for own in found.values() for one in own if one.sessions and _place(one) not in judged]
    if left:
        limits.append(f"no verdict is on {'; '.join(left)}: from labels only")
    if scoring.judge_fingerprint is None:
        limits.append(
            f"which labels helped to make {scoring.judge} is not known: verdicts from a file carry no lineage, and "
            "labels that made a judge flatter it"
        )
    elif scoring.lineage.units and scoring.lineage.dataset not in (None, next(iter(found.values()))[0].dataset.name):
        limits.append(
            f"{scoring.judge} was made with labels of dataset {scoring.lineage.dataset!r}: that none of these "
            "sessions' groups is among them was not checked"
        )
    return limits


def _helped_counts(
    count: Counts,
    found: Mapping[str, Sequence[Evidence]],
    judged: Mapping[str, JudgedVersion],
    first: Mapping[str, str],
) -> Counts:
    """Return where sessions went: those that the judge was asked about enter where its help stands first."""
    n_used, dropped, failures = 0, Counter[str](), Counter[str]()
    for one in found[count.criterion]:
        each = judged.get(_place(one))
        failures.update(each.failures if each else {})
        if each is None or first[_place(one)] == "labels_only":
            n_used += 0 if one.sampling.refused else len(one.labelled)
            dropped.update(one.dropped)
            continue
        n_used += len(each.asked)
        dropped["not_judged"] += len(one.sessions) - len(each.spoken)
        dropped["in_lineage"] += len(each.spoken) - len(each.asked)
    used = {cause: n for cause, n in sorted(dropped.items()) if n}
    return count.model_copy(update={"n_used": n_used, "dropped": used, "failures": dict(sorted(failures.items()))})


def _place(one: Evidence) -> str:
    return f"{one.criterion.id}, {one.name}"


def _found(
    dataset: Dataset, criteria: Iterable[str], versions: Iterable[str], rule: str | None
) -> tuple[list[Criterion], dict[str, list[Evidence]]]:
    """Return the criteria looked at, and what is known of each version on each.

    Raises:
        InputError: No session has a label of that reference.
    """
    chosen, names = _with_order(dataset, criteria), _known_versions(dataset, versions)
    found = {each.id: _evidence(dataset, each, names, rule) for each in chosen}
    if not any(each.labelled for own in found.values() for each in own):
        raise _unlabelled(dataset, rule)
    return chosen, found


def _with_order(dataset: Dataset, asked: Iterable[str]) -> list[Criterion]:
    labelled = chosen_criteria(dataset, asked)
    if not labelled:
        raise InputError(f"dataset {dataset.name!r} has no label", hint="Bring some in with judgekit import labels")
    chosen = [criterion for criterion in labelled if criterion.scale.type in ORDERED]
    if not chosen:
        types = ", ".join(f"{each.id} is {each.scale.type}" for each in labelled)
        raise InputError(f"no criterion here has a mean ({types})", hint="Estimate a binary, ordinal or numeric one")
    return chosen


def _known_versions(dataset: Dataset, asked: Iterable[str]) -> list[str | None]:
    """Return the versions asked for, else all by name, those without a name last."""
    there = {session.version for session in dataset.sessions}
    named = sorted(each for each in there if each is not None)
    wanted = list(dict.fromkeys(asked))
    for each in wanted:
        if each not in there:
            raise UnknownName("version", each, named, where=f"sessions of {dataset.name}")
    return [*wanted] if wanted else [*named, *([None] if None in there else [])]


def _evidence(
    dataset: Dataset, criterion: Criterion, versions: Sequence[str | None], rule: str | None
) -> list[Evidence]:
    experts = reference(dataset, criterion, rule or default_rule(criterion))
    return [Evidence(dataset, criterion, version, experts) for version in versions]


def _unlabelled(dataset: Dataset, rule: str | None) -> InputError:
    """Return the error of a reference that no session has; gold labels are no truth unless asked for."""
    is_gold = rule is None and any(label.kind == "gold" for label in dataset.labels)
    hint = "Its gold labels count with --reference gold" if is_gold else "Ask for another reference or version"
    return InputError(f"no session has a label of the experts ({rule or 'human'})", where=dataset.name, hint=hint)


def _passed_over(dataset: Dataset, asked: Iterable[str], chosen: Sequence[Criterion]) -> list[str]:
    others = [criterion for criterion in chosen_criteria(dataset, asked) if criterion not in chosen]
    return [f"{each.id}: a {each.scale.type} scale has no mean, so it is not estimated" for each in others]


def _warnings(found: Mapping[str, Sequence[Evidence]], rows: Mapping[str, Sequence[Row]]) -> tuple[str, ...]:
    return tuple(line for name, own in found.items() for line in quality_warnings(own, rows[name]))


def _counts(found: Mapping[str, Sequence[Evidence]]) -> tuple[Counts, ...]:
    return tuple(quality_counts(own) for own in found.values())


def _weighted(found: Mapping[str, Sequence[Evidence]]) -> tuple[str, ...]:
    weighted = [each for own in found.values() for each in own if each.sampling.is_weighted]
    return tuple(f"{each.criterion.id}, {each.name}" for each in weighted)
