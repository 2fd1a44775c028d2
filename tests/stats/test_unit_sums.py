"""Statistics of sums: the bootstrap over units, its order-freeness, and when there is no interval."""

import numpy as np
import pytest
from scipy import stats

from judgekit.errors import InputError
from judgekit.stats.unit_sums import Otherwise, Resampling, estimates_of_sums, n_units, units_by_sums

NOTHING = Otherwise("no_data", "there is no row", {"missing": 2})


def mean(sums):
    with np.errstate(invalid="ignore", divide="ignore"):
        return (sums[:, 1] / sums[:, 0])[:, None]


def mean_of(values, units=None, seed=0, **options):
    values = np.asarray(values, dtype=float)
    rows = np.stack([np.ones(len(values)), values], axis=1)
    resampling = Resampling(np.random.default_rng(seed), **options)
    [found] = estimates_of_sums(mean, rows, units, resampling=resampling, otherwise=NOTHING)
    return found


def test_interval_of_a_mean_is_close_to_students():
    """200 normal rows: BCa with widened tails and the t interval agree within Monte Carlo error."""
    values = np.random.default_rng(1).normal(3, 1, size=200)
    expected = stats.t.interval(0.95, 199, values.mean(), stats.sem(values))

    found = mean_of(values, n_resamples=20_000)

    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx(expected, abs=0.02)
    assert (found.method, found.n, found.n_clusters, found.dropped) == ("bca", 200, 200, {"missing": 2})


def test_rows_of_one_unit_are_drawn_together():
    """Five copies of each row in one unit leave the interval as it was; as rows of their own they narrow it."""
    values = np.random.default_rng(2).normal(size=60)
    once = mean_of(values)
    together = mean_of(np.repeat(values, 5), np.repeat(np.arange(60), 5))
    apart = mean_of(np.repeat(values, 5))

    assert (together.low, together.high) == pytest.approx((once.low, once.high), abs=1e-9)
    assert (together.n, together.n_clusters) == (300, 60)
    assert apart.high - apart.low < 0.6 * (once.high - once.low)


def test_order_of_rows_and_names_of_units_do_not_matter():
    """The same seed gives the same interval to the last digit that is printed."""
    values, units = np.random.default_rng(4).normal(size=80), np.arange(80) // 4
    order = np.random.default_rng(5).permutation(80)
    one, other = mean_of(values, units), mean_of(values[order], 1000 - units[order])

    assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-12)


def test_units_alike_are_one_kind():
    """Binary rows have two kinds, however many there are."""
    units = units_by_sums(np.array([[1.0], [0.0], [1.0], [1.0]]), None)

    assert (units.multiplicity.tolist(), units.n, units.totals.tolist()) == ([1, 3], 4, [3.0])


def test_below_ten_units_there_is_a_value_without_an_interval():
    """Nine units say too little of their own spread."""
    found = mean_of(np.arange(18.0), np.arange(18) // 2)

    assert (found.value, found.low, found.method) == (8.5, None, "none: fewer than 10 independent units")


def test_no_row_is_undefined_with_the_reason():
    """Nothing to sum is not zero."""
    found = mean_of([])

    assert (found.value, found.undefined, found.dropped) == (None, "no_data: there is no row", {"missing": 2})
    assert n_units(None, 7) == 7
    assert n_units(np.array([3, 3, 9]), 3) == 2


def test_a_level_that_is_no_share_is_refused():
    """95 is not 0.95."""
    with pytest.raises(InputError, match="between 0 and 1"):
        mean_of([1.0], level=95)


def test_ten_units_have_an_interval_and_no_row_keeps_its_counts():
    """The bound belongs to those that have one; an undefined value says of how many rows and units."""
    ten = mean_of(np.random.default_rng(0).normal(size=20), np.arange(20) // 2)
    assert ten.low < ten.value < ten.high
    nothing = np.zeros((6, 2))
    resampling = Resampling(np.random.default_rng(0), level=0.9)
    [none] = estimates_of_sums(mean, nothing, np.arange(6) // 2, resampling=resampling, otherwise=NOTHING)
    assert (none.value, none.n, none.n_clusters, none.level) == (None, 6, 3, 0.9)


@pytest.mark.parametrize("level", [0, 1, 1.5])
def test_a_level_at_or_beyond_its_bounds_is_refused(level):
    """Neither nothing nor everything is a coverage."""
    with pytest.raises(InputError, match="between 0 and 1"):
        Resampling(np.random.default_rng(0), level=level)
