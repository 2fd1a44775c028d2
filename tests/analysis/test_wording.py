"""Words: chosen from intervals, aware of direction, and silent where intervals overlap."""

from __future__ import annotations

from collections import Counter

import pytest

from judgekit.analysis.ceiling import DIFFERENCE
from judgekit.analysis.wording import score_summary, score_warnings
from judgekit.records.dataset import SplitManifest
from judgekit.records.report import Counts, Row
from judgekit.records.score_report import AltTest, RaterAltTest
from judgekit.stats.estimate import Estimate, undefined
from judgekit.stats.metric_words import metric_words
from tests.analysis.composed_data import PASSED, QUALITY, dataset, labels


def row(between, metric, value, low, high, *, n_clusters=50, **fields):
    method = "bca" if low is not None else "none: fewer than 10 independent units"
    estimate = Estimate(value, low, high, 0.95, 60, n_clusters, method)
    return Row(criterion="quality", metric=metric, between=between, estimate=estimate, **fields)


def missing(between, metric, **fields):
    estimate = undefined("constant", "every label is 4", n=3, n_clusters=3)
    return Row(criterion="quality", metric=metric, between=between, estimate=estimate, **fields)


@pytest.mark.parametrize(
    ("metric", "difference", "words"),
    [
        ("cohen_kappa", (0.3, 0.1, 0.5), "puts it closer to the others than an expert is"),
        (
            "cohen_kappa",
            (-0.2, -0.3, -0.1),
            "difference, -0.20 [-0.30, -0.10], leaves it short of the human ceiling",
        ),
        ("cohen_kappa", (-0.2, -0.4, 0.0), "does not tell the two apart"),
        ("mae", (0.3, 0.1, 0.5), "leaves it short of the human ceiling"),
        ("mae", (-0.2, -0.3, -0.1), "puts it closer to the others than an expert is"),
        ("mae", (0.4, -0.1, 0.9), "does not tell the two apart"),
        ("bias", (0.3, 0.1, 0.5), "the difference, +0.30 [+0.10, +0.50], tells the two apart"),
    ],
)
def test_the_ceiling_is_told_apart_by_the_interval_of_the_difference(metric, difference, words) -> None:
    """Less error is better, more agreement is better, and a bias is neither; the sides' own intervals say nothing."""
    rows = [row("judge~reference", metric, 0.5, 0.4, 0.6), row("judge~others", metric, 0.8, 0.75, 0.85)]
    rows += [row("rater~others", metric, 0.5, 0.4, 0.6), row(DIFFERENCE, f"{metric}_difference", *difference)]
    *_, sentence = score_summary(rows, [Counts(criterion="quality", n_targets=60, n_used=60)], "judy")
    assert words in sentence


@pytest.mark.parametrize(("metric", "judged", "constant", "is_said"), [
    ("accuracy", 0.7, 0.7, True), ("accuracy", 0.71, 0.7, False), ("mae", 0.7, 0.7, True), ("mae", 0.6, 0.7, False),
])  # fmt: skip
def test_one_answer_for_all_is_named_where_it_does_as_well(metric, judged, constant, is_said) -> None:
    """As accurate, or as little error: a judge that cannot beat that has learnt nothing."""
    rows = [row("judge~reference", metric, judged, 0.4, 0.9), row("majority~reference", metric, constant, 0.4, 0.9)]
    said = score_summary(rows, [Counts(criterion="quality", n_targets=60, n_used=60)], "judy")
    told = f"one answer for all reaches {metric_words(metric)} 0.70, judy no better"
    assert any(told in words for words in said) == is_said


@pytest.mark.parametrize(("passes", "words"), [
    (True, "judy may stand in for 1 of 2 experts: it passes."),
    (False, "judy may stand in for 1 of 2 experts: it does not pass."),
    (None, "whether judy may stand in for an expert cannot be said (too_few: 2 of 3)."),
])  # fmt: skip
def test_the_alternative_annotator_test_is_told_with_its_epsilon(passes, words) -> None:
    """For how many experts, whether that passes, or why nobody knows."""
    who = [RaterAltTest(rater=r, n=40, winning_rate=0.9, p_value=0.1, p_adjusted=0.1, is_beaten=r == "ana")
           for r in ("ana", "ben")]  # fmt: skip
    rate = undefined("too_few", "2 of 3") if passes is None else Estimate(0.5, None, None, 0.95, 2, 2, "none: rate")
    test = AltTest(criterion="quality", epsilon=0.2, winning_rate=rate, advantage=rate, passes=passes, raters=who)
    *_, sentence = score_summary([], [Counts(criterion="quality", n_targets=60, n_used=60)], "judy", [test])
    assert sentence == f"quality: by the alternative annotator test at epsilon 0.2, {words}"


def test_figures_of_slices_do_not_pass_for_the_whole() -> None:
    """A row of a slice is never the headline."""
    rows = [row("judge~reference", "mae", 1, 0, 2), row("judge~reference", "mae", 5, 4, 6, slice="raters=split")]
    (sentence,) = score_summary(rows, [Counts(criterion="quality", n_targets=60, n_used=60)], "judy")
    assert "mean absolute error 1.00 [0.00, 2.00]" in sentence


def test_without_intervals_nothing_is_claimed() -> None:
    """Both figures are told, and no word on which is better."""
    rows = [row(between, "mae", v, None, None) for between, v in (("judge~reference", 1), ("judge~others", 2))]
    rows.append(row("rater~others", "mae", 0, None, None))
    sentence = score_summary(rows, [Counts(criterion="quality", n_targets=60, n_used=60)], "judy")[-1]
    assert sentence.endswith("judy reaches mean absolute error 2.00 (no interval) and an expert 0.00 (no interval).")


def test_failures_come_before_any_agreement() -> None:
    """How many and why; an undefined headline says why; a criterion without rows says nothing more."""
    counts = [Counts(criterion="quality", n_targets=5, n_used=2, failures={"unparsed": 2, "refused": 1})]
    first, second = score_summary([missing("judge~reference", "cohen_kappa")], counts, "judy")
    assert first == "quality: judy gave no verdict 3 times (1 refused, 2 unparsed)."
    assert second == "quality: agreement of judy is undefined (constant: every label is 4)."
    assert len(score_summary([], counts, "judy")) == 1
    only = [row("judge~reference", "mae", 1, 0, 2), missing("judge~others", "mae"), row("rater~others", "mae", 1, 0, 2)]
    assert len(score_summary(only, counts, "judy")) == 2


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
