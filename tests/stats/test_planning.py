"""Closed forms of planning against published and recomputed numbers (statistics.md 13)."""

from __future__ import annotations

import pytest

from judgekit.errors import InputError
from judgekit.stats.interval import fisher_z
from judgekit.stats.planning import (
    kappa_table,
    labels_for_correlation,
    labels_for_kappa,
    labels_for_kappa_above,
    labels_for_mean,
    labels_for_rare_class,
    labels_for_rate,
    paired_mean,
    paired_rates,
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
