"""Pooled, grouped and system-level correlations: mt-metrics-eval's numbers, and the reversal."""

import numpy as np
import pytest

from judgekit.errors import InputError, UnknownName
from judgekit.stats.grouped_correlation import grouped_correlations

NONE = float("nan")
# mt-metrics-eval 68a481a, stats_test.py: two systems x three items.
GOLD, METRIC = [[1, 2, 3], [4, 5, 6]], [[2, 1, 4], [3, 3, 7]]


def grouped(correlation, judge, human, **options):
    return grouped_correlations(correlation, judge, human, rng=np.random.default_rng(0), **options)


@pytest.mark.parametrize(
    ("correlation", "pooled", "by_system"), [("pearson", 0.7763, 0.7603), ("kendall_tau_b", 0.5521, 0.5749)]
)
def test_the_reference_programs_numbers_come_out(correlation, pooled, by_system):
    """Two systems, three items: pooled, by system, and 1.0 by item."""
    found = grouped(correlation, METRIC, GOLD)

    assert found.pooled.value == pytest.approx(pooled, abs=5e-5)
    assert found.by_system.value == pytest.approx(by_system, abs=5e-5)
    assert found.by_item.value == pytest.approx(1)
    assert found.system_level.value == pytest.approx(1)
    assert (found.pooled.n, found.by_item.n, found.by_system.n, found.system_level.n) == (6, 3, 2, 2)
    assert found.pooled.method == "none: fewer than 10 independent units"


def test_an_item_with_a_missing_score_is_skipped_and_counted():
    """By item, the mean is over the two complete items; the lone cell still counts where it has company."""
    found = grouped("pearson", [[2, 1, 8], [3, 5, 6]], [[1, NONE, 3], [4, 5, 6]])

    assert found.by_item.value == pytest.approx(np.mean([1.0, -1.0]))
    assert found.by_item.dropped == {"missing": 1, "items_skipped": 1}
    assert found.pooled.dropped == {"missing": 1}
    assert (found.by_item.n, found.pooled.n) == (2, 5)


def test_pooled_and_grouped_can_have_opposite_signs():
    """Items x systems: the judge tracks the items (+.60) and reverses the systems (-1 by item and of the means)."""
    human = np.array([[1, 2, 3], [3, 4, 5], [5, 6, 7]]).T
    judge = np.array([[3, 2, 1], [5, 4, 3], [7, 6, 5]]).T
    found = grouped("pearson", judge, human)

    assert found.pooled.value == pytest.approx(0.60)
    assert found.by_item.value == pytest.approx(-1)
    assert found.system_level.value == pytest.approx(-1)
    assert found.by_system.value == pytest.approx(1)


def test_constant_groups_are_skipped_never_scored_zero():
    """A system that always gets 3 has no correlation; one item on which all are equal neither."""
    human = np.array([[1.0, 2, 3, 4], [3, 3, 3, 4], [2, 4, 3, 4]])
    judge = np.array([[1.0, 2, 3, 5], [3, 3, 3, 3], [1, 4, 3, 5]])
    found = grouped("spearman", judge, human)

    assert found.by_system.dropped == {"systems_skipped": 1}
    assert found.by_item.dropped == {"items_skipped": 2}
    assert (found.by_system.n, found.by_item.n) == (2, 2)


def scored(n_systems=5, n_items=60, seed=1):
    rng = np.random.default_rng(seed)
    human = rng.normal(size=n_items) + rng.normal(size=(n_systems, 1)) + rng.normal(size=(n_systems, n_items))
    return np.round(human + rng.normal(size=human.shape)), np.round(human)


@pytest.mark.parametrize("correlation", ["pearson", "spearman", "kendall_tau_b"])
def test_intervals_are_over_items_and_hold_the_value(correlation):
    """60 items: each grouping has its interval, the systems held fixed."""
    found = grouped(correlation, *scored(), n_resamples=400)

    for estimate in (found.pooled, found.by_item, found.by_system):
        assert estimate.low < estimate.value < estimate.high
        assert (estimate.n_clusters, estimate.method) == (60, "bca")
    assert found.system_level.low is None or found.system_level.low <= found.system_level.value


@pytest.mark.slow
def test_every_item_twice_is_not_more_items_than_there_are():
    """The interval by item equals that of the item means drawn by hand."""
    judge, human = scored()
    found = grouped("pearson", judge, human, n_resamples=4_000).by_item
    r = np.array([np.corrcoef(*pair)[0, 1] for pair in zip(judge.T, human.T, strict=True)])

    assert found.value == pytest.approx(r.mean())
    assert found.high - found.low == pytest.approx(2 * 2.0 * r.std() / np.sqrt(60), rel=0.2)


def test_order_of_the_items_does_not_matter():
    """Items are drawn from a canonical order."""
    judge, human = scored()
    order = np.random.default_rng(2).permutation(60)
    one, other = (grouped("pearson", judge[:, o], human[:, o], n_resamples=200) for o in (np.arange(60), order))

    assert (one.pooled.low, one.pooled.high) == pytest.approx((other.pooled.low, other.pooled.high))


def test_no_score_at_all_is_undefined_four_times():
    """Nothing complete."""
    found = grouped("pearson", np.full((2, 3), NONE), np.ones((2, 3)))

    for estimate in (found.pooled, found.by_item, found.by_system, found.system_level):
        assert estimate.undefined.startswith("constant: every ")
        assert estimate.dropped["missing"] == 6


def test_what_does_not_fit_is_refused():
    """An unknown correlation, and shapes that differ."""
    with pytest.raises(UnknownName, match="kendall_tau_b"):
        grouped("kendall", METRIC, GOLD)
    with pytest.raises(InputError, match="beside human"):
        grouped("pearson", METRIC, [[1, 2], [3, 4]])


def test_skipped_systems_and_missing_cells_weigh_nothing():
    """By system, the mean is over the systems with a correlation; a system's mean is over the cells it has."""
    human = np.array([[1.0, 2, 3, 4], [4, 3, NONE, 1], [2, 5, 2, 3], [6, 6, 6, 6]])
    judge = np.array([[1.0, 3, 2, 5], [4, 4, 9, 2], [1, 4, 2, 5], [5, 7, 6, 8]])
    found = grouped("pearson", judge, human)

    kept = [[0, 1, 2, 3], [0, 1, 3], [0, 1, 2, 3]]
    r = [np.corrcoef(judge[place, items], human[place, items])[0, 1] for place, items in enumerate(kept)]
    assert found.by_system.value == pytest.approx(np.mean(r))
    means = [(judge[place, items].mean(), human[place, items].mean()) for place, items in enumerate([*kept, kept[0]])]
    assert found.system_level.value == pytest.approx(np.corrcoef(np.transpose(means))[0, 1])
    assert (found.by_system.n, found.system_level.n, found.pooled.n) == (3, 4, 15)


def test_a_group_of_two_says_which_is_better():
    """Two items: each system's correlation is +1 or -1; one cell in all has none."""
    found = grouped("pearson", [[1, 2], [3, 1], [1, 4]], [[5, 9], [1, 2], [0, 3]])

    assert found.by_system.value == pytest.approx(1 / 3)
    assert (found.by_system.n, found.by_system.dropped) == (3, {})
    assert grouped("pearson", [[1, 4]], [[2, 3]]).pooled.value == pytest.approx(1)
    assert grouped("pearson", [[1]], [[2]]).pooled.undefined.startswith("constant: every grouping has fewer than two")
