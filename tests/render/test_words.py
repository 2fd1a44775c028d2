"""Names in words."""

from __future__ import annotations

import pytest

from judgekit.render.words import between_words, causes_text, judge_words, method_words
from judgekit.stats.metric_words import METRIC_WORDS, metric_words

DESIGNED = """percent_agreement within_one_agreement cohen_kappa cohen_kappa_linear cohen_kappa_quadratic fleiss_kappa
conger_kappa brennan_prediger gwet_ac1 gwet_ac2 krippendorff_alpha_nominal krippendorff_alpha_ordinal
krippendorff_alpha_interval krippendorff_alpha_ratio icc_1 icc_a1 icc_c1 icc_1k icc_ak icc_ck kendall_w lin_ccc pearson
spearman kendall_tau_b kendall_tau_c
somers_d accuracy balanced_accuracy precision tpr tnr npv f1 macro_f1 mcc youden_j auroc brier ece bias
mae rmse pairwise_accuracy pairwise_accuracy_ties pairwise_accuracy_strict position_consistency first_slot_rate
best_of_accuracy pair_tie_rate
sample_consistency sample_sd effective_judges alt_test_winning_rate alt_test_advantage"""
OF_VERSIONS = "mean mean_difference win_rate share pass_hat label_multiplier"


def test_every_metric_of_the_design_has_words_of_its_own() -> None:
    """The table is complete and no two metrics share words."""
    assert set(METRIC_WORDS) == {*DESIGNED.split(), *OF_VERSIONS.split()}
    assert len(set(METRIC_WORDS.values())) == len(METRIC_WORDS)


@pytest.mark.parametrize(
    ("between", "judge", "words"),
    [
        ("raters", None, "all raters together"),
        ("judge~reference", None, "judge vs reference"),
        ("rater~others", None, "a rater vs the others (human ceiling)"),
        ("judge~others", None, "judge vs the same others"),
        ("majority~reference", None, "baseline vs reference (always the most frequent answer)"),
        ("judge~ana", "j via replay", "j via replay vs ana"),
        ("ana~ben", "j via replay", "ana vs ben"),
        ("experts~crowd", None, "experts vs crowd"),
        ("prompt-v7", None, "prompt-v7"),
    ],
)
def test_sides_are_named_in_words(between, judge, words) -> None:
    """Who is held against whom reads as a phrase."""
    assert between_words(between, judge) == words


def test_the_engine_stands_beside_the_judge() -> None:
    """A judge is named with what made its verdicts, where that is known."""
    assert judge_words("j", "replay") == "j via replay"
    assert judge_words("j", None) == "j"


def test_methods_keep_what_was_undefined() -> None:
    """A note behind the method's name stays."""
    assert method_words("bca, 12 of 2000 resamples undefined") == "BCa bootstrap, 12 of 2000 resamples undefined"
    assert method_words("my_own") == "my own"


def test_unknown_names_are_shown_without_underscores() -> None:
    """A metric of somebody's own still reads as words."""
    assert metric_words("my_metric_observed") == "my metric, observed categories"
    assert causes_text({"only_v7": 2, "not_applicable": 1, "x": 0}) == "not applicable 1, only v7 2"
