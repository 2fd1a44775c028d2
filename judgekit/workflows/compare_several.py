"""`compare` of several judges, or of several versions in pairs: one report, Holm over pairs, and a ranking."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.comparison import Side, version_side
from judgekit.analysis.comparison_wording import bare_order_words, comparison_summary, ranking_words
from judgekit.analysis.ranking import measured_alike, pair_tests, ranking
from judgekit.errors import InputError
from judgekit.records.comparison_report import ComparisonReport, PairTest, Place
from judgekit.records.dataset import Dataset
from judgekit.records.report import Counts, Row
from judgekit.records.verdict import Failure, Verdict
from judgekit.workflows.compare import Comparing, comparable, compare
from judgekit.workflows.score import Scoring


def compare_versions(
    dataset: Dataset,
    judged: Sequence[tuple[Sequence[Verdict | Failure], Scoring]],
    versions: Sequence[str],
    *,
    measuring: Measuring,
    comparing: Comparing | None = None,
) -> ComparisonReport:
    """Return the differences between versions by each of several judges, in one report.

    Judges of criteria without an order (open answers, unordered levels) have no difference and are passed over.

    Args:
        dataset: Knows each session's input, version and labels.
        judged: Each judge's outcomes, and how they are named; none: labels stand alone.
        versions: (baseline, candidate), or more: then all pairs, tested with Holm, and a ranking.
        measuring: Level, resamples and randomness.
        comparing: Slices, and what holds without labels.

    Raises:
        UnknownName: No session is of one of the versions.
        InputError: No judge's criterion has an order, or several judges are given for more than two versions.
    """
    sides = [version_side(dataset, version) for version in versions]
    given = judged or [((), Scoring(judge="", engine=None))]
    if len(versions) > 2 and len(given) > 1:
        raise InputError(f"{len(given)} judges for {len(versions)} versions", hint="Rank by one judge at a time")
    pairs = [
        _of_all_judges(dataset, given, pair, measuring=measuring, comparing=comparing)
        for pair in combinations(sides, 2)
    ]
    return pairs[0] if len(pairs) == 1 else ranked(pairs, list(versions), level=measuring.level)


def _of_all_judges(
    dataset: Dataset,
    judged: Sequence[tuple[Sequence[Verdict | Failure], Scoring]],
    sides: tuple[Side, Side],
    *,
    measuring: Measuring,
    comparing: Comparing | None,
) -> ComparisonReport:
    reports = [
        compare(dataset, outcomes, sides, scoring=scoring, measuring=measuring, comparing=comparing)
        for outcomes, scoring in judged
        if not outcomes or comparable(dataset, outcomes)
    ]
    if not reports:
        raise InputError("no criterion of these verdicts has an order that versions can be compared on")
    return joined(reports)


def ranked(reports: Sequence[ComparisonReport], versions: Sequence[str], *, level: float) -> ComparisonReport:
    """Return the comparisons of all pairs of several versions as one report, with Holm over pairs and a ranking."""
    first = reports[0]
    rows = [row for report in reports for row in report.rows if "~" in row.between]
    headline = {
        (criterion, f"{report.candidate}~{report.baseline}"): estimator
        for report in reports
        for criterion, estimator in report.headline.items()
    }
    tests: list[PairTest] = []
    places: list[Place] = []
    words: list[str] = []
    for criterion in dict.fromkeys(row.criterion for row in rows):
        own = [row for row in rows if row.criterion == criterion]
        first_of = {pair: estimator for (name, pair), estimator in headline.items() if name == criterion}
        alike = measured_alike(first_of)
        tested = pair_tests(own, alike)
        is_lower_better = first.directions.get(criterion) == "lower"
        order = ranking(own, alike, tested, versions=versions, level=level, is_lower_better=is_lower_better)
        tests += tested
        places += order
        words += ranking_words(order)
        if alike != first_of:
            words += bare_order_words(criterion, [pair for pair in first_of if first_of[pair] != alike[pair]])
    return first.model_copy(
        update={
            "title": f"{', '.join(versions)}: {first.dataset}",
            "candidate": versions[-1],
            "versions": tuple(versions),
            "rows": tuple(rows),
            "summary": (*words, *(line for report in reports for line in report.summary)),
            "pairs": tuple(tests),
            "ranking": tuple(places),
            **_together(reports),
            "counts": _summed(reports),
        }
    )


def joined(reports: Sequence[ComparisonReport]) -> ComparisonReport:
    """Return several judges' comparisons of the same two versions as one report; the experts' rows stand once."""
    first, *rest = reports
    if not rest:
        return first
    headline = {name: estimator for report in reversed(reports) for name, estimator in report.headline.items()}
    rows = _rows_once(reports)
    return first.model_copy(
        update={
            "judge": None,
            "engine": None,
            "rows": tuple(rows),
            "headline": headline,
            "reaches": {name: ends for report in reports for name, ends in report.reaches.items()},
            "directions": {name: way for report in reports for name, way in report.directions.items()},
            "summary": comparison_summary(
                rows,
                headline,
                [each for report in reports for each in report.label_free],
                unpaired=[name for report in reports for name in report.unpaired],
            ),
            **_together(reports),
            "counts": tuple(count for report in reports for count in report.counts),
        }
    )


def _rows_once(reports: Sequence[ComparisonReport]) -> list[Row]:
    """Return the rows of several judges' reports; what the experts alone say stands once."""
    rows: list[Row] = []
    experts: set[tuple[str, str, str]] = set()
    for row in (row for report in reports for row in report.rows):
        place = (row.criterion, row.metric, row.between)
        if row.judge is not None or place not in experts:
            rows.append(row)
        if row.judge is None:
            experts.add(place)
    return rows


def _together(reports: Sequence[ComparisonReport]) -> dict[str, tuple[object, ...]]:
    """Return the lists of several reports one after the other, what the experts alone say once."""
    names = (
        "companions",
        "shifts",
        "slices",
        "detectable",
        "label_free",
        "moved",
        "not_random",
        "unpaired",
        "warnings",
    )
    found: dict[str, tuple[object, ...]] = {}
    for name in names:
        once: list[object] = []
        for each in (each for report in reports for each in getattr(report, name)):
            if each not in once:
                once.append(each)
        found[name] = tuple(once)
    return found


def _summed(reports: Sequence[ComparisonReport]) -> tuple[Counts, ...]:
    """Return each criterion's counts over all pairs of versions: a session counts once a pair."""
    found: dict[str, Counts] = {}
    for count in (count for report in reports for count in report.counts):
        known = found.get(count.criterion)
        if known is None:
            found[count.criterion] = count
            continue
        dropped = {
            name: known.dropped.get(name, 0) + count.dropped.get(name, 0) for name in {**known.dropped, **count.dropped}
        }
        found[count.criterion] = known.model_copy(
            update={
                "n_targets": known.n_targets + count.n_targets,
                "n_used": known.n_used + count.n_used,
                "dropped": dropped,
            }
        )
    return tuple(found.values())
