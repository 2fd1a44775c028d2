"""The experts' agreement in words: chosen from intervals, and plain about what labels cannot carry."""

from __future__ import annotations

import numpy as np
import pytest

from judgekit.analysis.agreement import agreement_rows
from judgekit.analysis.agreement_wording import agreement_notes, agreement_summary, agreement_warnings
from judgekit.analysis.rating import rating_table
from judgekit.records.label import Design
from judgekit.records.report import Row
from judgekit.stats.estimate import Estimate, undefined
from tests.analysis.composed_data import LENGTH, PASSED, QUALITY, TOPIC, dataset, label, labels, measuring


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
        (0.3, 0.1, 0.5, "do not agree well enough for conclusions: the rubric, not the judge, is the problem"),
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


def votes(table):
    """Return two raters' labels from counts: (fail, fail), (fail, pass), (pass, fail), (pass, pass)."""
    pairs = [("fail", "fail"), ("fail", "pass"), ("pass", "fail"), ("pass", "pass")]
    rows = [pair for pair, n in zip(pairs, table, strict=True) for _ in range(n)]
    return labels(PASSED, {f"s{place:03d}": {"ana": a, "ben": b} for place, (a, b) in enumerate(rows)})


def warned(table):
    """Return the warnings on two raters' table."""
    data = dataset(votes(table))
    return agreement_warnings(data, agreement_rows(data, PASSED, measuring()))


def test_a_skewed_scale_is_told_apart_from_poor_raters() -> None:
    """Feinstein and Cicchetti's two tables, both 85% agreed: only where 88% is one level is the paradox named."""
    assert warned((45, 6, 9, 40)) == ()
    (skewed,) = warned((5, 5, 10, 80))
    assert skewed == (
        "passed: 88% of the labels are pass; on labels so skewed alpha and kappa stay low (alpha 0.32) though two "
        "experts agree on 85% (Gwet AC1 0.81): collect more of the rarer answer before concluding"
    )


def test_a_ceiling_near_zero_carries_nothing() -> None:
    """Two raters who guess: the interval of one against the other reaches below zero, and that is said."""
    (said,) = [each for each in warned((25, 25, 25, 25)) if "ceiling" in each or "chance" in each]
    assert said.startswith(
        "passed: an expert cannot be shown to agree with the others beyond chance (Cohen kappa 0.00 [-"
    )
    assert said.endswith("these labels cannot carry a conclusion about a judge")


def test_few_sessions_are_said_of_the_headline() -> None:
    """Twelve sessions are few; two raters who always agree have no other fault."""
    assert warned((6, 0, 0, 6)) == ("passed: only 12 independent units; intervals are rough",)


def test_sessions_picked_on_purpose_are_named_by_how() -> None:
    """A census and a random draw are fine; uncertainty and mixtures are not, and are counted."""
    given = votes((20, 0, 0, 20))
    methods = ["uncertainty", "mixture", "random", "census"] + ["uncertainty"] * 3
    picked = [
        one.model_copy(update={"design": Design(method=method)}) for one, method in zip(given, methods, strict=False)
    ]
    data = dataset([*picked, *given[len(picked) :]])
    assert agreement_warnings(data, agreement_rows(data, PASSED, measuring())) == (
        "passed: 5 of 80 labels are of sessions not picked at random (mixture 1, uncertainty 4); unweighted figures "
        "hold for the labelled sessions, not for the traffic",
    )
    assert not any("not recorded" in note for note in agreement_notes(data, rating_table(data, PASSED)))


def test_prevalence_and_bias_stand_beside_kappa() -> None:
    """80 and 5 agreed, ana gives pass 10 times more where they differ, ben 5 times: +0.75 and +0.05."""
    data = dataset(votes((5, 5, 10, 80)))
    indices, sampling = agreement_notes(data, rating_table(data, PASSED))
    assert indices.endswith("which move kappa: ana~ben +0.75 and +0.05.")
    assert sampling.startswith("How these sessions were picked is not recorded")
    turned = PASSED.model_copy(update={"scale": PASSED.scale.model_copy(update={"positive": "fail"})})
    assert "ana~ben -0.75 and -0.05" in agreement_notes(data, rating_table(data, turned))[0]


@pytest.mark.parametrize(("criterion", "value"), [(QUALITY, 3), (TOPIC, "a"), (LENGTH, 30)])
def test_only_two_levels_have_a_prevalence(criterion, value) -> None:
    """Other scales, one rater and nameless ones have no such note."""
    data = dataset(labels(criterion, {"s1": {"ana": value, "ben": value}}))
    assert len(agreement_notes(data, rating_table(data, criterion))) == 1
    alone = dataset(labels(PASSED, {"s1": {"ana": "pass"}, "s2": {"ben": "pass"}}))
    assert len(agreement_notes(alone, rating_table(alone, PASSED))) == 1
    nameless = dataset([label("s1", PASSED, None, "pass", id=name) for name in "xy"])
    assert len(agreement_notes(nameless, rating_table(nameless, PASSED))) == 1


def test_undefined_figures_give_no_warning_of_their_own() -> None:
    """Where everybody says the same, alpha has its reason in its row; neither skew nor ceiling is made up."""
    assert warned((0, 0, 0, 40)) == ()
    assert np.isnan(rating_table(dataset(), PASSED).values).all()
