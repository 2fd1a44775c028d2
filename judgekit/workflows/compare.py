"""`compare`: two prompt or model versions on the same inputs, in the experts' own units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.comparison import Side, comparison_counts, comparison_rows, moved, paired_inputs, version_side
from judgekit.analysis.reference import default_rule, reference
from judgekit.analysis.verdict_table import verdict_table
from judgekit.analysis.wording import comparison_summary, comparison_warnings
from judgekit.errors import InputError, UnknownName
from judgekit.records.dataset import Dataset
from judgekit.records.report import ComparisonReport, Counts, Disagreement, Row
from judgekit.records.rubric import Criterion
from judgekit.records.verdict import Failure, Verdict
from judgekit.workflows.score import Scoring, judged_criteria, refuse_strangers, units_in_making


def compare(
    dataset: Dataset,
    outcomes: Iterable[Verdict | Failure],
    sides: tuple[Side, Side],
    *,
    scoring: Scoring,
    measuring: Measuring,
) -> ComparisonReport:
    """Return the difference between two versions: by the judge, and by the experts where both carry labels.

    Args:
        dataset: Knows each session's input, version and labels.
        outcomes: One judge's verdicts on sessions of both sides.
        sides: Baseline and candidate: a version each, or the sessions of a run each.
        scoring: Names the judge; its `use` and `reference` apply.
        measuring: Level, resamples and randomness.

    Raises:
        InputError: A side is empty, both hold the same sessions, or no input has verdicts of both.
    """
    _check_sides(dataset, sides)
    versions = (sides[0].name, sides[1].name)
    given = list(outcomes)
    refuse_strangers(dataset, given)
    rows: list[Row] = []
    counts: list[Counts] = []
    most: list[Disagreement] = []
    for criterion in filter(_has_order, judged_criteria(dataset, given)):
        table = verdict_table(criterion, given, use=scoring.use, combine=scoring.combine)
        paired = paired_inputs(dataset, table.numbers, sides)
        if not paired.inputs:
            words = _why_unpaired(criterion, versions, paired.dropped)
            raise InputError(words, hint="Judge the sessions of both versions")
        judged = comparison_rows(criterion, paired, versions, measuring)
        rows += [row.model_copy(update={"judge": scoring.judge, "engine": scoring.engine}) for row in judged]
        counts.append(comparison_counts(criterion, paired).model_copy(update={"failures": table.failures_by_status}))
        most += moved(dataset, criterion, paired, verdicts=table, sides=sides, n_most=scoring.n_worst)
        experts = reference(dataset, criterion, scoring.reference or default_rule(criterion))
        labelled = paired_inputs(dataset, experts.values, sides)
        if labelled.inputs:
            rows += comparison_rows(criterion, labelled, versions, measuring)
    if not rows:
        raise InputError("no criterion of these verdicts has an order that versions can be compared on")
    flattering = _own_sessions(dataset, sides, scoring)
    return _report(dataset, rows, versions, (counts, most, flattering), (scoring, measuring))


def _report(
    dataset: Dataset,
    rows: list[Row],
    versions: tuple[str, str],
    found: tuple[Sequence[Counts], Sequence[Disagreement], Sequence[str]],
    how: tuple[Scoring, Measuring],
) -> ComparisonReport:
    (counts, most, flattering), (scoring, measuring), (baseline, candidate) = found, how, versions
    return ComparisonReport(
        title=f"{candidate} against {baseline}: {dataset.name}",
        dataset=dataset.name,
        dataset_fingerprint=dataset.fingerprint(),
        settings={**measuring.settings(dataset), "use": scoring.use, **scoring.settings},
        summary=comparison_summary(rows, baseline, candidate),
        rows=tuple(rows),
        warnings=(*dataset.notes, *comparison_warnings(rows), *flattering),
        baseline=baseline,
        candidate=candidate,
        judge=scoring.judge,
        engine=scoring.engine,
        counts=tuple(counts),
        moved=tuple(most),
    )


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


def compare_versions(
    dataset: Dataset,
    judged: Sequence[tuple[Sequence[Verdict | Failure], Scoring]],
    versions: tuple[str, str],
    *,
    measuring: Measuring,
) -> ComparisonReport:
    """Return the difference between two versions by each of several judges, in one report.

    Judges of criteria without an order (open answers, unordered levels) have no difference and are passed over.

    Args:
        dataset: Knows each session's input, version and labels.
        judged: Each judge's outcomes, and how they are named.
        versions: (baseline, candidate).
        measuring: Level, resamples and randomness.

    Raises:
        UnknownName: No session is of one of the versions.
        InputError: No judge's criterion has an order.
    """
    sides = (version_side(dataset, versions[0]), version_side(dataset, versions[1]))
    reports = [
        compare(dataset, outcomes, sides, scoring=scoring, measuring=measuring)
        for outcomes, scoring in judged
        if any(_has_order(dataset.rubric.criterion(outcome.criterion)) for outcome in outcomes)
    ]
    if not reports:
        raise InputError("no criterion of these verdicts has an order that versions can be compared on")
    return joined(reports)


def _has_order(criterion: Criterion) -> bool:
    return criterion.scale.type in ("binary", "ordinal", "numeric")


def joined(reports: Sequence[ComparisonReport]) -> ComparisonReport:
    """Return several judges' comparisons of the same two versions as one report; the experts' rows stand once."""
    first, *rest = reports
    if not rest:
        return first
    rows: list[Row] = []
    experts: set[tuple[str, str, str]] = set()
    for row in (row for report in reports for row in report.rows):
        place = (row.criterion, row.metric, row.between)
        if row.judge is not None or place not in experts:
            rows.append(row)
        if row.judge is None:
            experts.add(place)
    return first.model_copy(
        update={
            "judge": None,
            "engine": None,
            "rows": tuple(rows),
            "summary": comparison_summary(rows, first.baseline, first.candidate),
            "warnings": tuple(dict.fromkeys(line for report in reports for line in report.warnings)),
            "counts": tuple(count for report in reports for count in report.counts),
            "moved": tuple(each for report in reports for each in report.moved),
        }
    )
