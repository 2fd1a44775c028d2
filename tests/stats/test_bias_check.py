"""Checks of a judge's biases: against scipy and closed forms, what they could have shown, and when they say nothing."""

import numpy as np
import pytest
from scipy import stats

from judgekit.errors import InputError
from judgekit.stats.bias_check import format_bias, length_bias, position_bias

RNG = np.random.default_rng


def by_length(*columns, **options):
    return length_bias(*columns, **options)


def by_position(*columns, **options):
    return position_bias(*columns, **options)


def by_format(*columns, **options):
    return format_bias(*columns, **options)


def drawn(n=200, slope=0.0, seed=0):
    rng = RNG(seed)
    human, lengths = rng.integers(1, 6, size=n).astype(float), np.exp(rng.normal(5, 1, size=n))
    return human + slope * np.log2(lengths / 150) + rng.normal(0, 0.8, size=n), human, lengths


def test_slope_is_in_points_a_doubling():
    """A judge that adds .2 for each doubling is found out, whatever unit the length has."""
    judge, human, lengths = drawn(slope=0.2)
    found = by_length(judge, human, lengths)

    assert found.estimate.low < 0.2 < found.estimate.high
    assert found.estimate.value == pytest.approx(stats.linregress(np.log2(lengths), judge - human).slope)
    assert by_length(judge, human, 7 * lengths).estimate.value == pytest.approx(found.estimate.value)
    assert found.p_value < 0.001
    assert (found.estimate.method, found.null) == ("t", 0)


def test_errors_are_the_sandwichs():
    """statsmodels' formula written out: (X'X)^-1 sum over clusters of (X'e)(X'e)' (X'X)^-1, C/(C-1) (n-1)/(n-2)."""
    judge, human, lengths = drawn()
    units = np.arange(200) // 4
    design = np.column_stack([np.ones(200), np.log2(lengths)])
    bread = np.linalg.inv(design.T @ design)
    residual = (judge - human) - design @ (bread @ design.T @ (judge - human))
    pulls = np.stack([(design * residual[:, None])[units == unit].sum(axis=0) for unit in range(50)])
    error = np.sqrt((bread @ pulls.T @ pulls @ bread)[1, 1] * 50 / 49 * 199 / 198)
    found = by_length(judge, human, lengths, units=units)

    half = stats.t.ppf(0.975, 49) * error
    assert found.estimate.high - found.estimate.value == pytest.approx(half)
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(found.estimate.value) / error, 49))
    assert found.detectable == pytest.approx((stats.t.ppf(0.975, 49) + stats.norm.ppf(0.8)) * error)
    assert (found.estimate.method, found.estimate.n, found.estimate.n_clusters) == ("cluster t", 200, 50)


def test_rows_without_both_scores_are_counted():
    """And their length need not be known."""
    judge, human, lengths = drawn(40)
    judge[:3], lengths[0] = np.nan, np.nan
    found = by_length(judge, human, lengths, units=np.arange(40))

    assert (found.estimate.dropped, found.estimate.n) == ({"missing": 3}, 37)


@pytest.mark.parametrize(
    ("n", "lengths", "words"),
    [
        (2, [5, 6], "too_few: a slope needs three rows (n=2)"),
        (0, [], "too_few: a slope needs three rows (n=0)"),
        (12, [80] * 12, "constant: every length is 80 (n=12)"),
    ],
)
def test_no_slope_is_undefined(n, lengths, words):
    """Too few rows, or one length."""
    found = by_length(np.ones(n), np.zeros(n), lengths)

    assert found.estimate.undefined == words
    assert found.detectable is found.p_value is None


def test_few_units_and_no_spread_have_no_interval():
    """Nine rows; and a judge that follows length to the letter."""
    judge, human, lengths = drawn(9)
    few = by_length(judge, human, lengths)
    exact = by_length(human, human, np.arange(1, 10).repeat(1)), by_length(np.zeros(12), np.zeros(12), range(1, 13))

    assert few.estimate.method == exact[0].estimate.method == "none: fewer than 10 independent units"
    assert exact[1].estimate.method == "none: no spread between units"
    assert few.detectable is exact[1].detectable is None


def test_what_does_not_fit_is_refused():
    """Lengths of none, of another shape; scores that are not beside each other."""
    with pytest.raises(InputError, match="length 0 is not positive"):
        by_length([1, 2, 3], [1, 2, 3], [5, 0, 5])
    with pytest.raises(InputError, match="lengths of shape"):
        by_length([1, 2, 3], [1, 2, 3], [5, 5])
    with pytest.raises(InputError, match="beside scores"):
        by_length([1, 2], [1], [5])


def slots(n_first, n_second, n_consistent=0):
    """Return verdicts in both orders: leaning to the first slot, to the second, and consistent."""
    forward = [1] * n_first + [-1] * n_second + [1] * n_consistent
    swapped = [1] * n_first + [-1] * n_second + [-1] * n_consistent
    return np.array(forward, dtype=float), np.array(swapped, dtype=float)


def test_first_slot_share_is_tested_by_the_exact_binomial():
    """15 of 20 inconsistent pairs lean to the first slot: scipy's binomial test and Clopper-Pearson."""
    found = by_position(*slots(15, 5, 30))
    expected = stats.binomtest(15, 20)

    assert (found.estimate.value, found.null) == (0.75, 0.5)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert (found.estimate.low, found.estimate.high) == pytest.approx(tuple(expected.proportion_ci()))
    assert found.estimate.dropped == {"consistent": 30}
    assert (found.estimate.n, found.estimate.method) == (20, "clopper-pearson")


@pytest.mark.parametrize("n", [6, 20, 101])
def test_detectable_share_has_eighty_percent_power(n):
    """At that share the exact test rejects 80% of the time, by the binomial itself."""
    share = 0.5 + by_position(*slots(n // 2, n - n // 2)).detectable
    rejected = [k for k in range(n // 2 + 1, n + 1) if stats.binomtest(k, n).pvalue <= 0.05]

    assert sum(stats.binom.pmf(k, n, share) for k in rejected) == pytest.approx(0.8)


def test_five_inconsistent_pairs_can_show_nothing():
    """Even 5 of 5 has p = .0625."""
    found = by_position(*slots(5, 0))

    assert found.detectable is None
    assert found.p_value == pytest.approx(0.0625)
    assert found.estimate.high == 1


def test_a_tie_in_one_order_leans_to_the_other_orders_slot():
    """First, then tie: the first slot was favoured once. Tie twice is consistent."""
    found = by_position([1, 0, -1, 0, np.nan], [0, 1, 0, 0, 1])

    assert (found.estimate.value, found.estimate.n) == (pytest.approx(2 / 3), 3)
    assert found.estimate.dropped == {"missing": 1, "consistent": 1}


def test_pairs_of_one_input_are_one_unit():
    """Three copies of each pair: the sign-flip test of the units is the binomial test of the pairs."""
    forward, swapped = slots(25, 15)
    found = by_position(np.repeat(forward, 3), np.repeat(swapped, 3), units=np.repeat(np.arange(40), 3))
    few = by_position(np.repeat(forward[:20], 3), np.repeat(swapped[:20], 3), units=np.repeat(np.arange(20), 3))

    assert found.p_value == pytest.approx(stats.binomtest(25, 40).pvalue)
    assert (found.estimate.n, found.estimate.n_clusters, found.estimate.method) == (120, 40, "cluster t")
    assert found.estimate.low == pytest.approx(0.625 - stats.t.ppf(0.975, 39) * np.sqrt(0.625 * 0.375 / 39))
    assert (few.estimate.method, few.p_value) == ("none: fewer than 30 clusters for a rate", pytest.approx(2**-19))


def test_a_lean_without_exception_over_units_has_no_interval():
    """All 40 units to the first slot: a p-value, and no spread to make an interval of."""
    forward, swapped = slots(80, 0)
    found = by_position(forward, swapped, units=np.arange(80) // 2)

    assert (found.estimate.value, found.estimate.method) == (1, "none: no spread between units")
    assert found.p_value == pytest.approx(2**-39)


def test_consistent_pairs_only_say_nothing_of_position():
    """Nothing to lean on."""
    found = by_position(*slots(0, 0, 12))

    assert found.estimate.undefined == "empty_denominator: none of 12 pairs has inconsistent verdicts"
    assert found.estimate.dropped == {"consistent": 12}


def test_a_slot_that_is_none_is_refused():
    """2 is no slot."""
    with pytest.raises(InputError, match="slot 2"):
        by_position([1, 2], [1, 1])


def test_change_of_format_is_a_paired_mean_with_its_sign_test():
    """30 contents, 9 up, 2 down, 19 the same: scipy's t interval and binomial test."""
    change = np.repeat([1.0, -1.0, 0.0], [9, 2, 19])
    found = by_format(np.full(30, 3.0), 3 + change)
    expected = stats.ttest_1samp(change, 0).confidence_interval()

    assert (found.change.estimate.low, found.change.estimate.high) == pytest.approx(tuple(expected))
    assert found.change.p_value == pytest.approx(stats.binomtest(9, 11).pvalue)
    assert found.change.detectable == pytest.approx((stats.t.ppf(0.975, 29) + stats.norm.ppf(0.8)) * stats.sem(change))
    assert (found.flipped.value, found.flipped.method) == (pytest.approx(11 / 30), "clopper-pearson")


def test_change_over_units_is_clustered():
    """Two copies of each content in one unit change nothing but n."""
    change = np.repeat([1.0, -1.0, 0.0], [9, 2, 29])
    once = by_format(np.zeros(40), change)
    twice = by_format(np.zeros(80), np.repeat(change, 2), units=np.repeat(np.arange(40), 2))

    assert twice.change.estimate.low == pytest.approx(once.change.estimate.low)
    assert twice.change.p_value == pytest.approx(once.change.p_value)
    assert (twice.flipped.method, twice.flipped.n, twice.flipped.n_clusters) == ("cluster t", 80, 40)
    assert twice.flipped.low > 0


def test_no_change_at_all_and_no_content_are_told_apart():
    """Nothing moved: 0 without spread, p = 1. Nothing scored: undefined."""
    still, empty = by_format(np.ones(20), np.ones(20)), by_format([np.nan], [1.0])

    assert (still.change.estimate.value, still.change.p_value) == (0, 1)
    assert still.change.estimate.method == "none: no spread between units"
    assert empty.change.estimate.undefined == empty.flipped.undefined == "no_data: no content has both scores"
    assert empty.flipped.dropped == {"missing": 1}


@pytest.mark.slow
def test_detectable_slope_is_shown_four_times_in_five():
    """1,500 judges with exactly the slope that one sample calls detectable: power .80 within 4 points."""
    sizes = [by_length(*drawn(seed=seed)).detectable for seed in range(50)]
    hits = [by_length(*drawn(slope=np.mean(sizes), seed=1_000 + seed)).p_value <= 0.05 for seed in range(1_500)]

    assert np.mean(hits) == pytest.approx(0.8, abs=0.04)


@pytest.mark.slow
def test_clustered_slopes_interval_covers():
    """40 clusters of 5 with shared errors, no bias: 0 lies within at least 93.5% less three binomial errors."""
    hits = 0
    for seed in range(1_500):
        rng = RNG(seed)
        units = np.arange(200) // 5
        shared, lengths = rng.normal(size=40)[units], np.exp(rng.normal(size=40)[units] + rng.normal(size=200))
        found = by_length(shared + rng.normal(size=200), np.zeros(200), lengths, units=units).estimate
        hits += found.low <= 0 <= found.high

    assert hits / 1_500 > 0.935 - 3 * np.sqrt(0.935 * 0.065 / 1_500)


def test_a_share_over_units_stays_between_nothing_and_all():
    """Of 40 units 39 lean to one slot: t's interval of the share ends at 1, or at 0, where the plain one runs over."""
    forward, swapped = (np.repeat(side, 2) for side in slots(39, 1))
    units = np.arange(80) // 2
    first, second = by_position(forward, swapped, units=units), by_position(-forward, -swapped, units=units)
    half = stats.t.ppf(0.975, 39) * np.sqrt(0.975 * 0.025 / 39)

    assert (first.estimate.low, first.estimate.high) == (pytest.approx(0.975 - half), 1)
    assert (second.estimate.low, second.estimate.high) == (0, pytest.approx(0.025 + half))
    assert first.null == second.null == 0.5
    assert by_position(forward[20:], swapped[20:], units=units[20:]).estimate.high == 1  # thirty units are enough
    assert first.p_value == second.p_value == pytest.approx(stats.binomtest(39, 40).pvalue)


def test_a_share_of_nothing_is_no_missing_share():
    """All 20 pairs to the second slot: Newcombe's interval of 0 of 20, and twice the lower tail."""
    found = by_position(*slots(0, 20))

    assert (found.estimate.value, found.estimate.low) == (0, 0)
    assert found.estimate.high == pytest.approx(0.1684, abs=5e-5)
    assert found.p_value == pytest.approx(2 * 0.5**20)
    assert found.estimate.dropped == {}


def test_an_even_split_has_a_p_value_of_one_and_no_more():
    """Twice the half of everything would be more than certain, over pairs, over units and by sign."""
    forward, swapped = slots(20, 20)
    units = np.repeat(np.arange(40), 2)

    assert by_position(forward, swapped).p_value == 1
    assert by_position(np.repeat(forward, 2), np.repeat(swapped, 2), units=units).p_value == 1
    even = by_format(np.zeros(40), forward).change
    assert even.p_value == 1
    assert even.estimate.value == 0
    assert even.estimate.low == pytest.approx(-even.estimate.high)
    assert even.estimate.high == pytest.approx(stats.t.ppf(0.975, 39) * np.sqrt(1 / 39))


def test_small_changes_count_and_rounding_does_not():
    """A quarter of a point up on all 12 contents is 12 signs; .1 + .2 - .3 in a unit is no change of that unit."""
    quarter = by_format(np.full(12, 3.0), np.full(12, 3.25) + np.arange(12) / 100)
    assert quarter.change.p_value == pytest.approx(2 * 0.5**12)

    change = np.concatenate([np.tile([0.1, 0.2, -0.3], 5), np.ones(18)])
    balanced = by_format(np.zeros(33), change, units=np.arange(33) // 3)
    assert balanced.change.p_value == pytest.approx(2 * 0.5**6)


def test_contents_without_both_scores_are_counted_on_both_estimates():
    """And the share flipped has both ends."""
    found = by_format(np.full(31, 3.0), [np.nan, *(3 + np.repeat([1.0, -1.0, 0.0], [9, 2, 19]))])

    assert found.change.estimate.dropped == found.flipped.dropped == {"missing": 1}
    assert 0 < found.flipped.low < 11 / 30 < found.flipped.high < 1


def test_what_cannot_be_said_keeps_its_level_null_and_counts():
    """Undefined checks are rows of a report too."""
    slope = by_length([1, 2, np.nan], [1, 1, 1], [5, 6, 7], units=np.array([3, 3, 4]), level=0.9)
    share, change = by_position([1, 1], [-1, -1], level=0.9), by_format([np.nan], [1.0], level=0.9).change

    one = slope.estimate
    assert (one.n, one.n_clusters, one.level, one.dropped, slope.null) == (2, 1, 0.9, {"missing": 1}, 0)
    assert (share.estimate.level, share.null) == (0.9, 0.5)
    assert (change.estimate.level, change.null) == (0.9, 0)
    alike = by_length([1, 2, 3], [1, 1, 1], [5, 5, 5])
    assert alike.estimate.undefined == "constant: every length is 5 (n=3)"
    assert by_length([1, 2, 3], [1, 1, 1], [5, 6, 7]).estimate.value is not None
