"""`estimate`: how good each version is, in the experts' own units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.evidence import Evidence
from judgekit.analysis.quality import quality_counts, quality_rows
from judgekit.analysis.quality_wording import not_random_words, quality_notes, quality_summary, quality_warnings
from judgekit.analysis.reference import default_rule, reference
from judgekit.errors import InputError, UnknownName
from judgekit.records.dataset import Dataset
from judgekit.records.report import Counts, QualityReport, Row
from judgekit.records.rubric import Criterion
from judgekit.workflows.agree import chosen_criteria

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
    chosen, names = _with_order(dataset, criteria), _known_versions(dataset, versions)
    found = {each.id: _evidence(dataset, each, names, rule) for each in chosen}
    if not any(each.labelled for own in found.values() for each in own):
        raise _unlabelled(dataset, rule)
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
