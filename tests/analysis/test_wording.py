"""Words: chosen from intervals, aware of direction, and silent where intervals overlap."""

from __future__ import annotations

from collections import Counter

import pytest

from judgekit.analysis.wording import (
    agreement_summary,
    agreement_warnings,
    comparison_summary,
    comparison_warnings,
    score_summary,
    score_warnings,
)
from judgekit.records.dataset import SplitManifest
from judgekit.records.report import Counts, Row
from judgekit.stats.estimate import Estimate, undefined
from tests.analysis.composed_data import PASSED, QUALITY, dataset, label, labels


def row(between, metric, value, low, high, *, n_clusters=50, **fields):
    method = "bca" if low is not None else "none: fewer than 10 independent units"
    estimate = Estimate(value, low, high, 0.95, 60, n_clusters, method)
    return Row(criterion="quality", metric=metric, between=between, estimate=estimate, **fields)


def missing(between, metric, **fields):
    estimate = undefined("constant", "every label is 4", n=3, n_clusters=3)
    return Row(criterion="quality", metric=metric, between=between, estimate=estimate, **fields)


@pytest.mark.parametrize(
    ("value", "low", "high", "words"),
    [
        (0.9, 0.8, 0.95, "well enough for firm conclusions"),
        (0.9, 0.7, 0.95, "well enough for tentative conclusions"),
        (0.9, 0.5, 0.95, "the interval reaches too low to be sure"),
        (0.5, 0.3, 0.7, "agree only in part"),
        (0.3, 0.1, 0.5, "do not agree well enough"),
        (1.0, None, None, "is not settled (Krippendorff's alpha 1.00, 50 units; no interval: fewer than 10"),
    ],
)
def test_words_on_alpha_follow_its_interval(value, low, high, words) -> None:
    """However high the figure: the lower end decides, and without an interval nothing is concluded."""
    (sentence,) = agreement_summary([row("raters", "krippendorff_alpha_ordinal", value, low, high)])
    assert words in sentence


def test_an_undefined_alpha_says_why_and_other_rows_say_nothing() -> None:
    """Only the first alpha over all raters speaks."""
    rows = [missing("raters", "krippendorff_alpha_ordinal"), row("raters", "krippendorff_alpha_interval", 1, 1, 1)]
    assert agreement_summary([*rows, row("ana~ben", "cohen_kappa", 1, 1, 1)]) == (
        "quality: how far the experts agree is undefined (constant: every label is 4).",
    )


@pytest.mark.parametrize(
    ("metric", "judged", "human", "words"),
    [
        ("cohen_kappa", (0.8, 0.75, 0.85), (0.5, 0.4, 0.6), "closer to the others than an expert is"),
        ("cohen_kappa", (0.3, 0.2, 0.39), (0.5, 0.4, 0.6), "short of the human ceiling"),
        ("cohen_kappa", (0.3, 0.2, 0.4), (0.5, 0.4, 0.6), "the two are not told apart"),
        ("mae", (0.8, 0.75, 0.85), (0.5, 0.4, 0.6), "short of the human ceiling"),
        ("mae", (0.3, 0.2, 0.39), (0.5, 0.4, 0.6), "closer to the others than an expert is"),
        ("mae", (0.9, 0.5, 1.2), (0.5, 0.4, 0.6), "the two are not told apart"),
        ("bias", (0.8, 0.75, 0.85), (0.5, 0.4, 0.6), "the intervals do not overlap"),
    ],
)
def test_the_ceiling_is_told_apart_only_by_intervals(metric, judged, human, words) -> None:
    """Less error is better, more agreement is better, and a bias is neither."""
    rows = [row("judge~reference", metric, 0.5, 0.4, 0.6), row("judge~others", metric, *judged)]
    rows.append(row("rater~others", metric, *human))
    *_, sentence = score_summary(rows, [Counts(criterion="quality", n_targets=60, n_used=60)], "judy")
    assert words in sentence


def test_without_intervals_nothing_is_claimed() -> None:
    """Both figures are told, and no word on which is better."""
    rows = [row(between, "mae", v, None, None) for between, v in (("judge~reference", 1), ("judge~others", 2))]
    rows.append(row("rater~others", "mae", 0, None, None))
    sentence = score_summary(rows, [Counts(criterion="quality", n_targets=60, n_used=60)], "judy")[-1]
    assert sentence.endswith("judy reaches mae 2.00 (no interval) and an expert 0.00 (no interval).")


def test_failures_come_before_any_agreement() -> None:
    """How many and why; an undefined headline says why; a criterion without rows says nothing more."""
    counts = [Counts(criterion="quality", n_targets=5, n_used=2, failures={"unparsed": 2, "refused": 1})]
    first, second = score_summary([missing("judge~reference", "cohen_kappa")], counts, "judy")
    assert first == "quality: judy gave no verdict 3 times (1 refused, 2 unparsed)."
    assert second == "quality: agreement of judy is undefined (constant: every label is 4)."
    assert len(score_summary([], counts, "judy")) == 1
    only = [row("judge~reference", "mae", 1, 0, 2), missing("judge~others", "mae"), row("rater~others", "mae", 1, 0, 2)]
    assert len(score_summary(only, counts, "judy")) == 2


def test_raters_are_warned_about() -> None:
    """Nameless, or alone."""
    rows = [row("raters", "krippendorff_alpha_ordinal", 1, 1, 1)]
    nameless = dataset([label("s1", QUALITY, None, 1)])
    assert "anonymous; rater-wise figures are refused" in agreement_warnings(nameless, rows)[0]
    alone = dataset(labels(QUALITY, {"s1": {"ana": 1}}))
    assert agreement_warnings(alone, rows) == ("quality: only one rater (ana); agreement cannot be known",)
    both = dataset(labels(QUALITY, {"s1": {"ana": 1, "ben": 1}}))
    assert agreement_warnings(both, [*rows, row("ana~ben", "cohen_kappa", 1, 1, 1)]) == ()
    strangers = agreement_warnings(both, rows)
    assert strangers == ("quality: 1 of 1 pairs of raters share nothing they both rated, such as ana~ben",)
    many = dataset(labels(QUALITY, {"s1": {f"r{i}": 1 for i in range(9)}}))
    assert agreement_warnings(many, rows) == ("quality: 9 raters; pairs are not listed one by one above 8",)


def test_what_limits_a_score_is_said_once() -> None:
    """Lineage, sessions without labels, no splits, few units of the headline whatever it is, one rater."""
    data = dataset([*labels(QUALITY, {"s1": {"ana": 1}}), *labels(PASSED, {"s1": {"ana": "pass", "ben": "pass"}})])
    rows = [row("judge~reference", "f1", 1, 1, 1, n_clusters=12), row("judge~reference", "mae", 1, 1, 1, n_clusters=9)]
    found = score_warnings(data, rows, Counter(in_lineage=4, unlabelled=2, other_split=7))
    assert found == (
        "4 labelled sessions were left out: their labels helped to make the judge",
        "the dataset declares no splits: every labelled session was used (judgekit split makes them)",
        "2 judged sessions carry no label and could not be scored",
        "quality: only 12 independent units; intervals are rough",
        "quality: one rater only, so there is no human ceiling",
    )
    drawn = data.model_copy(update={"splits": SplitManifest(seed=1, fractions={"dev": 1.0})})
    assert score_warnings(drawn, [row("judge~reference", "f1", 1, 1, 1)], Counter()) == (
        "quality: one rater only, so there is no human ceiling",
    )


@pytest.mark.parametrize(
    ("value", "low", "high", "words"),
    [
        (0.5, 0.1, 0.9, "v2 scores higher than v1 (+0.50 [+0.10, +0.90], 60 inputs)"),
        (-0.5, -0.9, -0.1, "v2 scores lower than v1"),
        (0.5, -0.1, 0.9, "v2 and v1 are not told apart"),
        (0.5, 0.0, 0.9, "v2 and v1 are not told apart"),
        (0.5, None, None, "v2 minus v1 is +0.50, without an interval"),
    ],
)
def test_versions_are_told_apart_only_by_the_interval(value, low, high, words) -> None:
    """An interval that touches 0 tells nothing apart."""
    given = [row("v2~v1", "mean_difference", value, low, high, judge="judy", engine="replay")]
    (sentence,) = comparison_summary([*given, row("v1", "mean", 1, 1, 1)], "v1", "v2")
    assert sentence.startswith("quality, by judy (replay): ")
    assert words in sentence


def test_the_experts_own_difference_is_named_as_theirs() -> None:
    """Undefined ones say why; an engine that is not known is not made up; few inputs are warned about."""
    rows = [missing("v2~v1", "mean_difference"), row("v2~v1", "mean_difference", 1, 0, 2, judge="judy", n_clusters=5)]
    first, second = comparison_summary(rows, "v1", "v2")
    assert first == "quality, by the experts' own labels: the difference is undefined (constant: every label is 4)."
    assert "by judy (engine not named)" in second
    assert comparison_warnings(rows) == (
        "judge only, not corrected: the judge may err differently on the two versions",
        "quality (experts): only 3 independent units",
        "quality (judy): only 5 independent units",
    )
