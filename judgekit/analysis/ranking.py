"""Several versions: every pair tested, Holm over all pairs, and a ranking that says which are not separated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from judgekit.records.comparison_report import PairTest, Place
from judgekit.records.report import Row
from judgekit.stats.multiplicity import holm
from judgekit.stats.version_difference import two_sided_p_value


def measured_alike(headline: Mapping[str, str]) -> Mapping[str, str]:
    """Return the estimator of each pair by which several versions can be ranked.

    A difference that labels correct and one that is the judge's alone are not of one scale: together they would rank
    two versions apart that are the same. Where one pair is the judge's alone, all are.

    Args:
        headline: Pair -> the estimator that stands first there.
    """
    return dict.fromkeys(headline, "judge_raw") if "judge_raw" in headline.values() else headline


def pair_tests(rows: Sequence[Row], headline: Mapping[str, str]) -> list[PairTest]:
    """Return the pairs of one criterion, each by the estimator that stands first there, Holm over all.

    Args:
        rows: Differences of every pair.
        headline: Pair -> the estimator whose difference counts.
    """
    leads = _leads(rows, headline)
    p_values = {row.between: two_sided_p_value(row.estimate) for row in leads}
    known = [row for row in leads if p_values[row.between] is not None]
    adjusted = holm([p_values[row.between] or 0.0 for row in known])
    return [
        PairTest(
            criterion=row.criterion,
            between=row.between,
            estimator=row.estimator,
            p_value=p_values[row.between] or 0.0,
            p_adjusted=float(p_adjusted),
        )
        for row, p_adjusted in zip(known, adjusted, strict=True)
    ]


def ranking(
    rows: Sequence[Row],
    headline: Mapping[str, str],
    tests: Sequence[PairTest],
    *,
    versions: Sequence[str],
    level: float,
    is_lower_better: bool = False,
) -> list[Place]:
    """Return the versions of one criterion, best first: by the mean of their differences from all others.

    Args:
        rows: Differences of every pair.
        headline: Pair -> the estimator whose difference counts.
        tests: Of the same pairs.
        versions: Their names.
        level: Two versions are separated where Holm's p-value is at most 1 - level.
        is_lower_better: Which end of the criterion's scale is better.
    """
    leads = [row for row in _leads(rows, headline) if row.estimate.value is not None]
    separated = {test.between for test in tests if test.p_adjusted <= 1 - level}
    ahead: dict[str, list[float]] = {version: [] for version in versions}
    near: dict[str, list[str]] = {version: [] for version in versions}
    for row in leads:
        after, before = _ends(row.between, versions)
        lead = (row.estimate.value or 0.0) * (-1 if is_lower_better else 1)
        ahead[after].append(lead)
        ahead[before].append(-lead)
        if row.between not in separated:
            near[after].append(before)
            near[before].append(after)
    if not leads:
        return []
    estimators = {row.estimator for row in leads}
    leading = {version: sum(found) / len(found) for version, found in ahead.items() if found}
    return [
        Place(
            criterion=leads[0].criterion,
            version=version,
            lead=leading[version],
            not_separated_from=tuple(each for each in versions if each in near[version]),
            estimator=next(iter(estimators)) if len(estimators) == 1 else None,
        )
        for version in sorted(leading, key=lambda each: (-leading[each], each))
    ]


def _leads(rows: Sequence[Row], headline: Mapping[str, str]) -> list[Row]:
    return [row for row in rows if row.metric == "mean_difference" and row.estimator == headline.get(row.between)]


def _ends(between: str, versions: Sequence[str]) -> tuple[str, str]:
    """Return candidate and baseline; a version's own name may hold the mark between them."""
    return next((one, other) for one in versions for other in versions if f"{one}~{other}" == between)
