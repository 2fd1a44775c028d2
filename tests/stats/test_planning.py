"""Closed forms of planning against published and recomputed numbers (statistics.md 13)."""

from __future__ import annotations

import math

import pytest

from judgekit.errors import InputError
from judgekit.stats.interval import fisher_z
from judgekit.stats.planning import (
    design_effect,
    difference_correlation,
    kappa_table,
    labels_for_correlation,
    labels_for_kappa,
    labels_for_kappa_above,
    labels_for_mean,
    labels_for_rare_class,
    labels_for_rate,
    labels_with_judge,
    mean_error,
    multiplier,
    paired_mean,
    paired_rates,
    reliability_error,
    trials_without_failure,
    unpaired_rates,
)


def there(end: float | None) -> float:
    """Return an end of an interval, which must be there."""
    assert end is not None
    return end


@pytest.mark.parametrize(("half_width", "n"), [(0.05, 246), (0.10, 62)])
def test_labels_for_a_rate_of_four_in_five(half_width, n) -> None:
    """A rate of .8 to .05 takes 246 labels, to .10 takes 62."""
    assert labels_for_rate(0.8, half_width) == n


@pytest.mark.parametrize(
    ("n", "low", "high"), [(50, 0.524, 0.819), (100, 0.584, 0.788), (200, 0.622, 0.764), (400, 0.646, 0.747)]
)
def test_labels_for_a_correlation_are_fishers(n, low, high) -> None:
    """The interval of .7 from n labels is the published one, and planning for its width gives n back."""
    found = fisher_z(0.7, n, 0.95)
    lower, upper = there(found.low), there(found.high)
    assert (round(lower, 3), round(upper, 3)) == (low, high)
    assert labels_for_correlation(0.7, (upper - lower) / 2 + 1e-12) == n


@pytest.mark.parametrize(
    ("rate", "true", "floor", "n"),
    [(0.5, 0.85, 0.70, 117), (0.5, 0.70, 0.85, 96), (0.5, 0.8, 0.6, 83), (0.8, 0.8, 0.6, 133), (0.9, 0.8, 0.6, 239)],
)
def test_kappa_above_a_floor_is_cantors(rate, true, floor, n) -> None:
    """Cantor 1996, as R's irr computes it, one-sided at power .8."""
    assert labels_for_kappa_above(true, floor, (rate, rate)) == n


def test_tpr_is_planned_on_the_rare_class() -> None:
    """At 5% failures 62 of them take 1,240 random labels; half the share takes twice as many."""
    assert labels_for_rare_class(0.8, 0.1, 0.05) == 1240
    assert labels_for_rare_class(0.8, 0.1, 0.025) == 2480
    assert labels_for_rare_class(0.5, 0.14, 0.05) == 20 * labels_for_rate(0.5, 0.14)


def test_a_demonstration_without_failures() -> None:
    """99 trials without one show failures to be rarer than 3%, and 98 do not."""
    assert trials_without_failure(0.03) == 99
    assert 1 - 0.97**99 >= 0.95 > 1 - 0.97**98


@pytest.mark.parametrize(
    ("first", "second", "n"), [(0.6, 0.75, 152), (0.9, 0.85, 686), (0.8, 0.75, 1094), (0.95, 0.92, 1059)]
)
def test_unpaired_rates_are_fleisses(first, second, n) -> None:
    """Inputs of either version, uncorrected; in either order."""
    assert unpaired_rates(first, second) == unpaired_rates(second, first) == n


def test_unpaired_rates_corrected_for_continuity() -> None:
    """.60 against .75 takes 165 of either version once corrected."""
    assert unpaired_rates(0.6, 0.75, is_corrected=True) == 165


@pytest.mark.parametrize(("discordant", "difference", "n"), [(0.40, 0.10, 312), (0.15, 0.05, 469), (0.25, 0.05, 783)])
def test_paired_rates_are_connors(discordant, difference, n) -> None:
    """Inputs that both versions met; a gain takes as many as a loss."""
    assert paired_rates(discordant, difference) == paired_rates(discordant, -difference) == n


def test_a_paired_mean_takes_students_t() -> None:
    """Half a standard deviation takes 34 inputs; a normal's quantiles would say 32."""
    assert paired_mean(1.0, 0.5) == 34
    assert paired_mean(2.0, 1.0) == 34


def test_what_a_judge_saves() -> None:
    """The multiplier of 10.2, and that it is what the labels with a judge are fewer by."""
    assert [round(multiplier(r, 1, 1e12), 2) for r in (0.5, 0.7, 0.8, 0.9)] == [1.33, 1.96, 2.78, 5.26]
    for n_judged in (400, 1000, 100_000):
        n = labels_with_judge(246, 0.8, n_judged)
        assert n * multiplier(0.8, n, n_judged) >= 246 > (n - 1) * multiplier(0.8, n - 1, n_judged)
    assert labels_with_judge(246, 0.0, 1000) == 246
    assert labels_with_judge(246, 0.8, 100) == 100
    assert multiplier(0.9, 100, 100) == 1


def test_groups_inflate() -> None:
    """The design effect is 1 + (m - 1) ICC, and labels grow with it."""
    assert design_effect(5, 0.2) == pytest.approx(1.8)
    assert design_effect(1, 0.9) == design_effect(4, 0.0) == 1
    assert labels_for_rate(0.8, 0.05, effect_of_design=1.8) == math.ceil(245.8534 * 1.8)


def test_a_judges_correlation_is_lower_on_differences() -> None:
    """What versions share is lost to differences, the judge's errors are not; a perfect judge stays one."""
    assert difference_correlation(0.8, 0.5) < 0.8
    assert difference_correlation(1.0, 0.5) == pytest.approx(1.0)
    assert difference_correlation(0.0, 0.5) == 0
    assert difference_correlation(-0.8, 0.5) == -difference_correlation(0.8, 0.5)


def test_one_rater_on_all_is_narrower_than_two_at_as_many_labels() -> None:
    """At equal expert-hours a second rater never narrows a mean, unless the raters are all noise, when it is even."""
    for reliability in (0.2, 0.5, 0.9):
        one = mean_error(0.4, reliability, 200, 0.0)
        assert one < mean_error(0.4, reliability, 200 / 1.3, 0.3) < mean_error(0.4, reliability, 100, 1.0)
    assert mean_error(0.4, 0.0, 200, 0.0) == pytest.approx(mean_error(0.4, 0.0, 100, 1.0))
    assert reliability_error(1.0, 50) == 0


def test_a_table_of_kappa_has_that_kappa() -> None:
    """Margins and kappa are the ones asked for."""
    table = kappa_table(0.6, (0.7, 0.8))
    by_chance = 0.7 * 0.8 + 0.3 * 0.2
    assert table.sum(axis=1)[0] == pytest.approx(0.7)
    assert table.sum(axis=0)[0] == pytest.approx(0.8)
    assert (table.trace() - by_chance) / (1 - by_chance) == pytest.approx(0.6)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: labels_for_rate(1.0, 0.05),
        lambda: labels_for_rate(0.8, 0.0),
        lambda: labels_for_mean(-1.0, 0.1),
        lambda: labels_for_rate(0.8, 0.1, level=1.0),
        lambda: labels_for_correlation(1.0, 0.1),
        lambda: labels_for_kappa(0.9, 0.1, (0.2, 0.8)),
        lambda: labels_for_kappa_above(0.7, 0.7, (0.5, 0.5)),
        lambda: trials_without_failure(0.0),
        lambda: unpaired_rates(0.7, 0.7),
        lambda: paired_rates(0.05, 0.1),
        lambda: paired_rates(0.05, 0.0),
        lambda: paired_mean(0.0, 0.1),
    ],
)
def test_what_cannot_be_planned_is_refused(wrong) -> None:
    """Numbers that make no sense are named, in one line."""
    with pytest.raises(InputError) as refused:
        wrong()
    assert "\n" not in str(refused.value)
