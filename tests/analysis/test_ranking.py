"""Several versions: which one is best, whose figure a place rests on, and where pairs are not measured alike."""

from __future__ import annotations

import pytest

from judgekit.analysis.ranking import measured_alike, pair_tests, ranking
from judgekit.records.report import Row
from judgekit.stats.estimate import Estimate

VERSIONS = ("v1", "v2", "v3")


def difference(between: str, value: float, estimator: str = "ppi") -> Row:
    estimate = Estimate(value=value, low=value - 0.1, high=value + 0.1, level=0.95, n=50, n_clusters=50, method="bca")
    return Row(criterion="tone", metric="mean_difference", between=between, estimator=estimator, estimate=estimate)


def headline(rows: list[Row]) -> dict[str, str]:
    return {row.between: row.estimator or "" for row in rows}


@pytest.mark.parametrize(("is_lower_better", "order"), [(False, ["v3", "v1", "v2"]), (True, ["v2", "v1", "v3"])])
def test_the_first_is_the_better_end_of_the_scale(is_lower_better: bool, order: list[str]) -> None:
    """Where less is better (errors, say) the lowest comes first, and a lead above 0 is better either way."""
    rows = [difference("v2~v1", -0.02), difference("v3~v1", 0.5), difference("v3~v2", 0.52)]
    tested = pair_tests(rows, headline(rows))
    places = ranking(
        rows, headline(rows), tested, versions=VERSIONS, level=0.95, is_lower_better=is_lower_better
    )  # fmt: skip
    assert [each.version for each in places] == order
    assert places[0].lead > 0 > places[-1].lead
    assert {each.version: each.not_separated_from for each in places} == {"v1": ("v2",), "v2": ("v1",), "v3": ()}
    assert {each.estimator for each in places} == {"ppi"}


def test_labels_with_and_without_the_judges_help_may_be_ranked_together() -> None:
    """Both speak of the experts; no one estimator is then named."""
    rows = [difference("v2~v1", 0.1), difference("v3~v1", 0.5, "labels_only"), difference("v3~v2", 0.4)]
    assert measured_alike(headline(rows)) == headline(rows)
    places = ranking(rows, headline(rows), pair_tests(rows, headline(rows)), versions=VERSIONS, level=0.95)
    assert {each.estimator for each in places} == {None}


def test_versions_are_ranked_by_the_judge_alone_where_one_pair_is() -> None:
    """v3 is v1 again, without labels: a corrected v2~v1 beside raw ones would put it elsewhere than v1."""
    corrected, raw = difference("v2~v1", 0.3), [difference("v2~v1", 0.6, "judge_raw")]
    raw += [difference("v3~v1", 0.0, "judge_raw"), difference("v3~v2", -0.6, "judge_raw")]
    alike = measured_alike({"v2~v1": "ppi", "v3~v1": "judge_raw", "v3~v2": "judge_raw"})
    assert set(alike.values()) == {"judge_raw"}
    rows = [corrected, *raw]
    places = ranking(rows, alike, pair_tests(rows, alike), versions=VERSIONS, level=0.95)
    assert {each.version: each.lead for each in places} == {"v2": 0.6, "v1": -0.3, "v3": -0.3}
    assert {each.estimator for each in places} == {"judge_raw"}
