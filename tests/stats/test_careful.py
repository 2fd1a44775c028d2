"""Bounds for decisions: by summing over all tables they err no more often than they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import gammaln
from scipy.stats import binom

from judgekit.stats.careful import (
    careful_correction,
    careful_mean,
    careful_quality,
    careful_share,
    careful_tango,
    labels_alone,
)
from judgekit.stats.estimate import Estimate, undefined
from judgekit.stats.interval import clopper_pearson, wilson
from judgekit.stats.paired_share import FourCells, tango
from judgekit.stats.partly_labelled import PartlyLabelled, mean_interval
from judgekit.stats.post_stratification import post_stratified_mean
from judgekit.stats.prediction_powered import powered, prediction_powered_mean
from judgekit.stats.version_difference import powered_difference


def error_rate(bound, n, difference, moved, level):
    """Return how often a lower bound lies above the true difference, over all tables of n inputs."""
    p_first, p_second = (moved + difference) / 2, (moved - difference) / 2
    most = int(binom.isf(1e-7, n, moved)) + 1
    total = 0.0
    for first in range(most + 1):
        for second in range(min(most, n - first) + 1):
            rest = n - first - second
            logs = gammaln(n + 1) - gammaln(first + 1) - gammaln(second + 1) - gammaln(rest + 1)
            with np.errstate(divide="ignore"):
                logs += first * np.log(p_first) if first else 0.0
                logs += second * np.log(p_second) if second else 0.0
            chance = float(np.exp(logs + rest * np.log1p(-moved)))
            if chance > 1e-9 and bound(FourCells(rest, first, second, 0), 2 * level - 1).low > difference:
                total += chance
    return total


CASES = [(54, -0.05, 0.05), (100, 0.03, 0.04), (60, 0.05, 0.07), (30, -0.1, 0.1), (50, 0.0, 0.06), (80, -0.05, 0.1)]


@pytest.mark.parametrize(("n", "difference", "moved"), CASES)
def test_a_bound_of_a_difference_keeps_its_level(n, difference, moved) -> None:
    """At the worst places of Tango's interval, whose own bounds err up to .088 where .05 is said."""
    assert error_rate(careful_tango, n, difference, moved, 0.95) <= 0.05


def test_tangos_own_bounds_do_not_keep_it() -> None:
    """Which is why there are others."""
    assert error_rate(tango, 54, -0.05, 0.05, 0.95) > 0.06
    assert error_rate(tango, 100, 0.03, 0.04, 0.95) > 0.08


@pytest.mark.slow
@pytest.mark.parametrize("level", [0.9, 0.95, 0.975, 0.99])
@pytest.mark.parametrize("difference", [-0.1, -0.02, 0.0, 0.02, 0.05])
def test_bounds_keep_every_level(level, difference) -> None:
    """At most 1.02 times, over sample sizes and shares of inputs that move."""
    worst = max(
        error_rate(careful_tango, n, difference, moved, level)
        for n in (20, 60, 150)
        for moved in {max(abs(difference), 1e-9) + extra for extra in (0.0, 0.01, 0.04)}
    )
    assert worst <= 1.02 * (1 - level)


def test_versions_turned_round_give_the_interval_turned_round() -> None:
    """And nothing that differs has an interval about 0."""
    one, other = careful_tango(FourCells(30, 12, 4, 20), 0.9), careful_tango(FourCells(30, 4, 12, 20), 0.9)
    assert one.low is not None
    assert one.high is not None
    assert (other.high, other.low) == pytest.approx((-one.low, -one.high))
    assert careful_tango(FourCells(50, 0, 0, 50), 0.9).high == pytest.approx(0.0319, abs=1e-4)
    assert careful_tango(FourCells(0, 0, 9, 0), 0.9).low == -1.0


@pytest.mark.parametrize(("hits", "n"), [(0, 40), (1, 40), (20, 40), (39, 40), (40, 40), (81, 263)])
def test_sessions_that_stand_alone_get_exact_bounds(hits, n) -> None:
    """Clopper and Pearson's, from Wilson's ends alone."""
    given = wilson(hits / n, n, 0.9)
    found = careful_share(Estimate(hits / n, given.low, given.high, 0.9, n, n, "wilson"))
    exact = clopper_pearson(hits, n, 0.9)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=1e-6)


@pytest.mark.parametrize(
    "given",
    [
        undefined("no_data", "nothing"),
        Estimate(0.5, None, None, 0.9, 5, 5, "none: few"),
        Estimate(1.5, 1.0, 2.0, 0.9, 50, 50, "t"),
    ],
)
def test_what_is_no_share_with_an_interval_is_left_alone(given) -> None:
    """Nothing to be careful with."""
    assert careful_share(given) == given


def passes_at_line(n, n_others, rate, span, noise, *, n_runs):
    """Return how often t's lower bound and the careful one lie above the truth: rare losses, a judge with noise."""
    rng, n_t, n_careful, places = np.random.default_rng(3), 0, 0, np.arange(n + n_others)
    for _ in range(n_runs):
        small = rng.choice([-1.0, 0.0, 1.0], len(places), p=[noise / 2, 1 - noise, noise / 2])
        human = np.where(rng.random(len(places)) < rate, -span, small)
        judge = human + rng.choice([-1.0, 0.0, 1.0], len(places), p=[0.1, 0.8, 0.1])
        sample = PartlyLabelled(judge, np.where(places < n, human, np.nan), places, np.ones(len(places)))
        n_t += powered_difference(sample, step=1.0, level=0.9).low > -rate * span
        n_careful += careful_mean(sample, 0.9, reach=0.75 * span).low > -rate * span
    return n_t / n_runs, n_careful / n_runs


@pytest.mark.slow
@pytest.mark.parametrize("case", [(30, 300, 0.05, 4.0, 0.1), (60, 600, 0.02, 4.0, 0.2), (150, 1000, 0.05, 4.0, 0.02)])
def test_a_bound_of_rare_losses_keeps_its_level_where_t_does_not(case) -> None:
    """Grades of which few fall from 5 to 1."""
    by_t, careful = passes_at_line(*case, n_runs=400)
    assert by_t > 0.06
    assert careful <= binom.isf(1e-3, 400, 0.05) / 400


def by_careful(sample, level):
    return careful_mean(sample, level, reach=1.0)


def by_t(sample, level):
    """Return Student's t interval, and nothing besides."""
    found = powered(sample)
    return mean_interval(found.value, found.doubt, level, ends=None, method="t")


def losses_errors(bounds, n, n_others, share, level=0.95):
    """Return how often bounds pass or fail at the line, summed over all samples: losses, and a judge that is right."""
    passed = failed = 0.0
    reach = [range(int(binom.ppf(2e-4, m, share)), int(binom.isf(2e-4, m, share)) + 1) for m in (n, n_others)]
    places, alike = np.arange(n + n_others), np.ones(n + n_others)
    for k in reach[0]:
        for m in reach[1]:
            chance = binom.pmf(k, n, share) * binom.pmf(m, n_others, share)
            if chance > 3e-6:
                lost = np.where((places < k) | ((places >= n) & (places < n + m)), -1.0, 0.0)
                ends = bounds(PartlyLabelled(lost, np.where(places < n, lost, np.nan), places, alike), 2 * level - 1)
                passed += chance * (ends.low is not None and ends.low > -share)
                failed += chance * (ends.high is not None and ends.high < -share)
    return passed, failed


LOSSES = [(40, 20, 0.2), (390, 10, 0.08)]


@pytest.mark.parametrize(("n", "n_others", "share"), LOSSES)
def test_whole_counts_of_losses_keep_their_level(n, n_others, share) -> None:
    """All moves one way, judged rightly: without half a step 5.4% of the second would pass falsely."""
    assert max(losses_errors(by_careful, n, n_others, share)) <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize("level", [0.95, 0.99])
@pytest.mark.parametrize(
    ("n", "n_others", "share"), [(120, 280, 0.17), (200, 200, 0.15), (300, 700, 0.1), (400, 1600, 0.1), (300, 100, 0.5)]
)
def test_losses_that_a_right_judge_sees_keep_every_level(n, n_others, share, level) -> None:
    """Where labels are a part: tuning the judge's power on them would let 6% of those at the line pass."""
    assert max(losses_errors(by_careful, n, n_others, share, level)) <= 1 - level


@pytest.mark.slow
def test_students_t_does_not_keep_it() -> None:
    """Which is why there are other bounds."""
    assert losses_errors(by_t, 300, 700, 0.1)[0] > 0.08


@pytest.mark.parametrize(("n", "share"), [(100, 0.1), (200, 0.5), (400, 0.08), (400, 0.3)])
@pytest.mark.parametrize("level", [0.95, 0.975])
def test_counts_without_a_judge_keep_their_level(n, share, level) -> None:
    """At the worst places of a skewed t without half a step, whose bounds err up to 1.07 times as often as they say."""
    wrong = np.zeros(2)
    for k in range(int(binom.ppf(1e-5, n, share)), int(binom.isf(1e-5, n, share)) + 1):
        alone = labels_alone(np.where(np.arange(n) < k, -1.0, 0.0), np.arange(n), np.ones(n))
        ends = careful_mean(alone, 2 * level - 1, reach=1.0, has_judge=False)
        wrong += binom.pmf(k, n, share) * np.array([there(ends.low) > -share, there(ends.high) < -share])
    assert wrong.max() <= 0.96 * (1 - level)


def test_the_bias_of_tuning_only_ever_widens() -> None:
    """The side that it lies on; the other end is as it would be without."""
    lost = np.where(np.arange(400) % 10 == 0, -1.0, 0.0)
    sample = PartlyLabelled(lost, np.where(np.arange(400) < 120, lost, np.nan), np.arange(400), np.ones(400))
    turned = PartlyLabelled(-lost, -sample.human, sample.units, sample.counts)
    found, other = by_careful(sample, 0.9), by_careful(turned, 0.9)
    assert (there(other.low), there(other.high)) == pytest.approx((-there(found.high), -there(found.low)))
    assert -0.1 - there(found.low) > there(found.high) + 0.1


def test_units_of_uneven_size_leave_more_unseen() -> None:
    """Twenty of one input each and ten of four count as 20 even ones, not 30."""
    uneven, even = np.repeat(np.arange(30), np.repeat([1, 4], [20, 10])), np.repeat(np.arange(30), 2)
    wide, narrow = (
        careful_mean(labels_alone(np.zeros(60), each, np.ones(60)), 0.9, reach=1.0) for each in (uneven, even)
    )
    assert there(wide.high) / there(narrow.high) == pytest.approx(32 / 22)


def test_nothing_that_differs_and_nothing_made_up_leaves_no_bound() -> None:
    """A scale without ends, and fifty inputs alike."""
    alike = labels_alone(np.zeros(50), np.arange(50), np.ones(50))
    assert careful_mean(alike, 0.9, has_judge=False).low is None


def test_a_mean_that_a_judge_helped_has_the_bounds_of_its_share_of_the_scale() -> None:
    """3 on 1 to 5 is half of the way; without an interval, or a scale, it comes back as it is."""
    levels = (1.0, 2.0, 3.0, 4.0, 5.0)
    half = careful_share(Estimate(0.5, 0.4, 0.6, 0.95, 100, 100, "wilson"))
    found = careful_quality(Estimate(3.0, 2.6, 3.4, 0.95, 100, 100, "wilson"), levels, None)
    assert (found.low, found.high) == pytest.approx((1 + 4 * there(half.low), 1 + 4 * there(half.high)))
    nothing = undefined("too_few", "four labels")
    assert careful_quality(nothing, levels, None) is nothing
    assert careful_quality(nothing, (), labels_alone(np.zeros(4), np.arange(4), np.ones(4))) is nothing
    plain = Estimate(3.0, 2.6, 3.4, 0.95, 100, 100, "t")
    assert careful_quality(plain, (), None) is plain


LEVELS = (1.0, 2.0, 3.0, 4.0, 5.0)


def graded_sample(rng, n, n_labelled, rate, group=1):
    """Return grades of 4 and 5, and a 1 on a share of groups; the judge is right."""
    units = np.arange(n) // group
    bad = (rng.random(n) < rate) if group == 1 else (rng.random(n) < rate * 4) & (rng.random(n) < 0.25)[units]
    grades = np.where(bad, 1.0, np.where(rng.random(n) < 0.1, 4.0, 5.0))
    return PartlyLabelled(grades, np.where(rng.permutation(n) < n_labelled, grades, np.nan), units, np.ones(n))


def test_a_mean_of_grades_that_a_judge_helped_takes_the_further_ends() -> None:
    """Of the share that it is of its scale, and of a skewed t."""
    sample = graded_sample(np.random.default_rng(2), 300, 100, 0.03)
    given = post_stratified_mean(sample, np.array(LEVELS), 0.9)
    found = careful_correction(given, LEVELS, sample, is_stratified=True)
    share = careful_quality(given, LEVELS, None)
    assert there(found.low) <= there(share.low)
    assert there(found.high) >= there(share.high)
    assert there(found.high) - there(found.low) < 1.5 * (there(given.high) - there(given.low))
    assert found.method == "clopper-pearson of post-stratified wilson, or skewed t"


def test_numbers_between_ends_that_a_judge_helped_reckon_with_what_was_not_seen() -> None:
    """All close to 9.5: how few lie at 0 a hundred labels cannot say."""
    numbers = 10 * np.random.default_rng(3).beta(19, 1, 300)
    sample = PartlyLabelled(numbers, np.where(np.arange(300) < 100, numbers, np.nan), np.arange(300), np.ones(300))
    given = prediction_powered_mean(sample, 0.9, ends=(0.0, 10.0))
    found = careful_correction(given, (0.0, 5.0, 10.0), sample, is_stratified=False)
    assert there(found.low) < there(given.low) - 0.05
    open_ended = careful_correction(given, (), sample, is_stratified=False)
    assert there(open_ended.low) > there(found.low)


def test_what_a_skewed_t_says_nothing_of_is_left_to_the_share() -> None:
    """Two levels; no interval; and a scale without ends on which nothing differs."""
    binary = PartlyLabelled.of(np.repeat([0.0, 1.0], 30), np.repeat([0.0, 1.0], 30), np.ones(40))
    given = post_stratified_mean(binary, np.array([0.0, 1.0]), 0.9)
    two = careful_correction(given, (0.0, 1.0), binary, is_stratified=True)
    assert two == careful_quality(given, (0.0, 1.0), None)
    nothing = undefined("too_few", "four labels")
    assert careful_correction(nothing, LEVELS, binary, is_stratified=True) is nothing
    alike = PartlyLabelled.of(np.full(40, 0.5), np.full(40, 0.5), np.full(40, 0.5))
    plain = Estimate(0.5, 0.4, 0.6, 0.9, 40, 40, "ppi++ t")
    assert careful_correction(plain, (), alike, is_stratified=False) is plain


def passes_in_groups(rng, sizes, n_labelled, rate):
    """Return passes and fails, a whole group failing at once; the judge is right in 95%."""
    units = np.repeat(np.arange(len(sizes)), sizes)
    good = np.where((rng.random(len(sizes)) < rate)[units], 0.0, 1.0)
    judge = np.where(rng.random(len(units)) < 0.95, good, 1 - good)
    is_labelled = rng.permutation(len(units)) < n_labelled
    return PartlyLabelled(judge, np.where(is_labelled, good, np.nan), units, np.ones(len(units)))


def test_a_share_of_sessions_in_groups_takes_the_further_ends() -> None:
    """With a judge's help and alone: a few groups that fail whole are as skewed as few far grades."""
    sizes = np.resize([2, 3, 4, 9], 60)
    sample = passes_in_groups(np.random.default_rng(4), sizes, 140, 0.1)
    given = post_stratified_mean(sample, np.array([0.0, 1.0]), 0.9)
    helped = careful_correction(given, (0.0, 1.0), sample, is_stratified=True)
    share = careful_quality(given, (0.0, 1.0), None)
    assert helped.method == f"{share.method}, or skewed t"
    assert there(helped.low) < there(share.low)
    own = labels_alone(sample.labels, sample.units[sample.is_labelled], np.ones(140))
    alone = careful_quality(given, (0.0, 1.0), own)
    assert there(alone.low) <= there(share.low)
    assert "skewed t" in alone.method


@pytest.mark.slow
def test_a_floor_of_passes_keeps_its_level_where_whole_groups_fail() -> None:
    """At 90% with 40 groups of uneven size, half of all labelled: the share's bounds alone let 7% through."""
    rng, wrong, n_runs = np.random.default_rng(12), np.zeros(2), 800
    sizes = np.maximum(1, np.random.default_rng(40).lognormal(2.0, 0.7, 40).astype(int))
    for _ in range(n_runs):
        sample = passes_in_groups(rng, sizes, int(sizes.sum()) // 2, 0.1)
        given = post_stratified_mean(sample, np.array([0.0, 1.0]), 0.9)
        if given.low is not None:
            found = careful_correction(given, (0.0, 1.0), sample, is_stratified=True)
            wrong += [there(found.low) > 0.9, there(found.high) < 0.9]
    assert wrong.max() <= binom.isf(1e-3, n_runs, 0.05)


@pytest.mark.slow
@pytest.mark.parametrize("group", [1, 5])
def test_a_floor_of_grades_that_a_judge_helped_keeps_its_level(group) -> None:
    """Few 1s among fives, alone and in groups; the share's bounds alone let 7% through in groups."""
    rng, wrong, n_runs = np.random.default_rng(8), np.zeros(2), 1000
    truth = 0.03 * 1.0 + 0.97 * 4.9
    for _ in range(n_runs):
        sample = graded_sample(rng, 400, 280, 0.03, group)
        given = post_stratified_mean(sample, np.array(LEVELS), 0.9)
        found = careful_correction(given, LEVELS, sample, is_stratified=True)
        wrong += [there(found.low) > truth, there(found.high) < truth]
    assert wrong.max() <= binom.isf(1e-3, n_runs, 0.05)


def there(value: float | None) -> float:
    assert value is not None
    return value
