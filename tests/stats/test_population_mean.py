"""Means and shares of a population: weights, units, and when there is no interval."""

import numpy as np
import pytest

from judgekit.stats.interval import wilson_ends_at
from judgekit.stats.population_mean import Drawn, population_mean, population_share
from judgekit.stats.unit_sums import Resampling


def drawn(values, *, n_sessions=None, units=None, weights=None, dropped=None):
    values = np.asarray(values, dtype=float)
    alike = np.ones(len(values))
    return Drawn(
        values,
        alike.astype(int) if n_sessions is None else np.asarray(n_sessions),
        np.arange(len(values)) if units is None else np.asarray(units),
        alike if weights is None else np.asarray(weights, dtype=float),
        dropped or {},
    )


def ends(found):
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def mean_of(given, seed=0):
    return population_mean(given, Resampling(np.random.default_rng(seed), n_resamples=500))


def test_sessions_stand_for_one_over_their_probability():
    """Drawn with .1 and .5: (10 * 4 + 2 * 1) / 12, by hand; the factor of the weights does not matter."""
    given = drawn([4, 1], weights=[10, 2])
    assert mean_of(given).value == pytest.approx(42 / 12)
    assert population_share(drawn([1, 0], weights=[10, 2]), 0.95).value == pytest.approx(10 / 12)
    many = drawn([1, 0] * 50, weights=[2, 1] * 50)
    scaled = drawn([1, 0] * 50, weights=[200, 100] * 50)
    one, other = population_share(many, 0.95), population_share(scaled, 0.95)
    assert (one.value, *ends(one)) == pytest.approx((other.value, *ends(other)))


def test_rows_of_a_unit_count_together():
    """Four copies of each row in one unit leave the interval nearly as it was; as units of their own they narrow it."""
    values = np.random.default_rng(1).integers(0, 2, size=60)
    once = population_share(drawn(values), 0.95)
    together = population_share(drawn(np.repeat(values, 4), units=np.repeat(np.arange(60), 4)), 0.95)
    apart = population_share(drawn(np.repeat(values, 4)), 0.95)
    assert ends(together) == pytest.approx(ends(once), abs=1e-3)
    assert (together.n, together.n_clusters) == (240, 60)
    assert np.ptp(ends(apart)) < 0.6 * np.ptp(ends(once))


def test_all_alike_at_an_end_counts_for_its_units():
    """Fifty inputs of four trials that all succeed say no more than fifty trials."""
    given = drawn(np.ones(50), n_sessions=np.full(50, 4))
    found = population_share(given, 0.95)
    low, high = wilson_ends_at(1.0, 50, 2.0096)
    assert found.value == 1.0
    assert ends(found) == pytest.approx((low, high), abs=1e-4)
    assert population_share(drawn(np.zeros(50)), 0.95).low == 0.0


def test_no_sample_counts_for_more_than_its_sessions():
    """Fifty inputs that all succeed in two of four trials: as two hundred trials, and not more."""
    found = population_share(drawn(np.full(50, 0.5), n_sessions=np.full(50, 4)), 0.95)
    low, high = wilson_ends_at(0.5, 200, 2.0096)
    assert ends(found) == pytest.approx((low, high), abs=1e-4)
    nearly = population_share(drawn(np.r_[np.full(49, 0.5), 0.75], n_sessions=np.full(50, 4)), 0.95)
    assert ends(nearly)[0] < low < high < ends(nearly)[1]


def test_order_of_rows_and_names_of_units_do_not_matter():
    """To the last digit that is printed."""
    rng = np.random.default_rng(3)
    values, units, weights = rng.integers(0, 2, 80), np.arange(80) // 2, rng.choice([2.0, 5.0], 80)
    order = rng.permutation(80)
    for measure in (mean_of, lambda given: population_share(given, 0.95)):
        one = measure(drawn(values, units=units, weights=weights))
        other = measure(drawn(values[order], units=1000 - units[order], weights=weights[order]))
        assert ends(one) == pytest.approx(ends(other), abs=1e-12)


@pytest.mark.parametrize("measure", [mean_of, lambda given: population_share(given, 0.95)])
def test_few_or_uneven_units_get_no_interval(measure):
    """Nine units; forty of which one holds most sessions, or one session most weight. The value stays."""
    few = measure(drawn([0, 1, 1] * 3))
    assert (few.low, few.method) == (None, "none: fewer than 10 independent units")
    crowd = np.r_[np.zeros(100), np.arange(1, 40)]
    uneven = measure(drawn(np.tile([0, 1], 70)[:139], units=crowd))
    assert uneven.low is None
    assert uneven.method.startswith("none: a few of 40 independent units carry most of the weight (as good as 2 even")
    heavy = measure(drawn([0, 1] * 20, weights=[100] + [1] * 39))
    assert heavy.method.startswith("none: a few of 40")


@pytest.mark.parametrize("measure", [mean_of, lambda given: population_share(given, 0.95)])
def test_nothing_labelled_is_undefined(measure):
    """With the reason, and what was left out."""
    found = measure(drawn([], dropped={"unlabelled": 7}))
    assert (found.value, found.undefined) == (None, "no_data: no labelled session")
    assert found.dropped == {"unlabelled": 7}


def test_a_mean_of_numbers_has_a_bca_interval():
    """Around the mean, over units."""
    values = np.random.default_rng(4).normal(3, 1, 100)
    found = mean_of(drawn(values, units=np.arange(100) // 2))
    assert found.low < values.mean() < found.high
    assert (found.method, found.n, found.n_clusters) == ("bca", 100, 50)
