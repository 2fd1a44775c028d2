"""Versions in words: chosen from intervals, by whom each figure is, and what limits it."""

from __future__ import annotations

from typing import Any

import pytest

from judgekit.analysis.comparison_wording import comparison_summary, comparison_warnings, ranking_words
from judgekit.records.comparison_report import LabelFree, Place
from judgekit.records.report import Row
from judgekit.stats.estimate import Estimate, undefined


def row(metric, ends, *, n_clusters=50, **fields: Any):
    value, low, high = ends
    method = "bca" if low is not None else "none: fewer than 10 independent units"
    estimate = Estimate(value, low, high, 0.95, 60, n_clusters, method)
    return Row(criterion="quality", metric=metric, between="v2~v1", estimate=estimate, **fields)


def missing(**fields: Any):
    estimate = undefined("constant", "every label is 4", n=3, n_clusters=3)
    return Row(criterion="quality", metric="mean_difference", between="v2~v1", estimate=estimate, **fields)


@pytest.mark.parametrize(
    ("metric", "ends", "words"),
    [
        ("mean_difference", (0.5, 0.1, 0.9), "v2 scores higher than v1 (+0.50 [+0.10, +0.90], 60 inputs)"),
        ("mean_difference", (-0.5, -0.9, -0.1), "v2 scores lower than v1"),
        ("mean_difference", (0.5, -0.1, 0.9), "v2 and v1 are not told apart"),
        ("mean_difference", (0.5, 0.0, 0.9), "v2 and v1 are not told apart"),
        ("mean_difference", (0.5, None, None), "v2 against v1 is +0.50, without an interval"),
        ("win_rate", (0.7, 0.6, 0.8), "v2 is preferred to v1 (wins 70% [60%, 80%], ties half, 60 pairs)"),
        ("win_rate", (0.3, 0.2, 0.4), "v2 loses to v1"),
        ("win_rate", (0.5, 0.4, 0.6), "v2 and v1 are not told apart"),
    ],
)
def test_versions_are_told_apart_only_by_the_interval(metric, ends, words) -> None:
    """An interval that touches 0, or a half, tells nothing apart."""
    given = row(metric, ends, judge="judy", engine="replay", estimator="judge_raw")
    (sentence,) = comparison_summary([given], {"quality": "judge_raw"})
    assert sentence.startswith("quality, by judy (replay) alone: ")
    assert words in sentence


def test_each_figure_is_named_by_whose_it_is_and_the_designs_comes_first() -> None:
    """Undefined ones say why; an engine that is not known is not made up; few units are warned about."""
    rows = [
        missing(estimator="labels_only"),
        row("mean_difference", (1, 0, 2), judge="judy", n_clusters=5, estimator="judge_raw"),
        row("mean_difference", (1, 0.5, 2), judge="judy", estimator="ppi"),
    ]
    found = comparison_summary(rows, {"quality": "ppi"})
    assert found[0].startswith("quality, by judy (engine not named) corrected by labels: v2 scores higher")
    assert found[1] == "quality, by the experts' own labels: not given (every label is 4)."
    assert found[2].startswith("quality, by judy (engine not named) alone: ")
    assert comparison_warnings(rows, {"quality": "ppi"}) == (
        "rows by the judge alone are judge only, not corrected: it may err differently on each version",
        "quality (experts' own labels): only 3 independent units",
        "quality (judy (engine not named) alone): only 5 independent units",
    )
    assert comparison_warnings(rows[1:2], {"quality": "judge_raw"})[0].startswith("judge only, not corrected (quality)")


def test_a_range_that_is_inconclusive_at_once_says_so() -> None:
    """Without a range the reason stands alone; with a tipping point of 0 no delta would help."""
    lead = row("mean_difference", (0.1, -0.1, 0.3), judge="judy", estimator="judge_raw")
    told: dict[str, Any] = {
        "criterion": "quality", "between": "v2~v1", "judge": "judy", "judge_difference": lead.estimate,
        "slope": Estimate(0.6, 0.4, 0.8, 0.95, 50, 50, "cluster t"), "word": "inconclusive", "why": "the range crosses",
    }  # fmt: skip
    open_range = LabelFree(**told, range=Estimate(0.2, -0.2, 0.5, 0.95, 60, 60, "fieller"), tipping_point=0.0)
    none = LabelFree(**told, range=undefined("weak_judge", "the slope may be 0"))
    words = comparison_summary([lead], {"quality": "judge_raw"}, [open_range, none])[1:]
    assert words[0].startswith("quality, no labels on v2: inconclusive: in the experts' units v2 minus v1 is between")
    assert words[1].endswith("inconclusive even if the judge errs alike on both versions; no error rate is claimed.")
    assert words[2] == "quality, no labels on v2: inconclusive: the range crosses."


def test_a_ranking_names_those_that_are_not_separated() -> None:
    """Each pair once; none left: all are separated; no place: nothing."""
    near = [
        Place(criterion="quality", version="a", lead=0.4),
        Place(criterion="quality", version="b", lead=-0.1, not_separated_from=("c",)),
        Place(criterion="quality", version="c", lead=-0.3, not_separated_from=("b",)),
    ]
    assert ranking_words(near) == [
        "quality: in order, with the mean lead over the others: a (+0.40), b (-0.10), c (-0.30).",
        "quality: not separated, after Holm over all pairs: b and c.",
    ]
    assert ranking_words(near[:1])[1] == "quality: all are separated, after Holm over all pairs."
    assert ranking_words([]) == []
