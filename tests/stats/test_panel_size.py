"""The effective size of a panel: Kish's formula, copies, independence, and what is undefined."""

import numpy as np
import pytest

from judgekit.errors import InputError
from judgekit.stats.pair_correlation import correlations_of_moments, pair_moments
from judgekit.stats.panel import effective_panel_size, kish_size


def sized(errors, **options):
    return effective_panel_size(errors, rng=np.random.default_rng(0), **options)


def test_nine_judges_carry_about_two_votes():
    """Kohli 2026 (arXiv 2605.29800): k = 9 with correlation .4 is 2.14."""
    assert kish_size(9, np.array([0.4]))[0] == pytest.approx(2.14, abs=0.005)
    assert kish_size(9, np.array([0.0, 1.0])) == pytest.approx([9, 1])


def test_shared_error_shrinks_a_panel_as_kish_says():
    """Nine judges whose errors share 40% of their variance: the interval holds 2.14."""
    rng = np.random.default_rng(1)
    errors = np.sqrt(0.4) * rng.normal(size=(800, 1)) + np.sqrt(0.6) * rng.normal(size=(800, 9))

    found = sized(errors)

    assert found.n_members == 9
    assert found.correlation.low < 0.4 < found.correlation.high
    assert found.effective.low < 2.143 < found.effective.high
    assert found.effective.value == pytest.approx(9 / (1 + 8 * found.correlation.value))


def test_copies_are_one_member():
    """Three judges with the same errors are one, with nothing to doubt."""
    found = sized(np.repeat(np.random.default_rng(2).normal(size=(40, 1)), 3, axis=1))

    assert found.effective.value == pytest.approx(1)
    assert found.effective.method == "none: every resample gives the same value"
    assert found.correlation.dropped == {}


def test_missing_errors_enter_by_pairs_and_constant_members_are_counted():
    """Pearson's correlation of the rows that two members share; a member without errors correlates with nobody."""
    rng = np.random.default_rng(3)
    errors = rng.normal(size=(50, 3))
    errors[rng.random(errors.shape) < 0.2] = np.nan
    errors[:, 2] = 0
    both = ~np.isnan(errors[:, :2]).any(axis=1)
    units = np.arange(50) // 2

    found = sized(errors, units=units)

    assert found.correlation.value == pytest.approx(np.corrcoef(errors[both, 0], errors[both, 1])[0, 1])
    assert found.correlation.dropped == {"pairs_without_correlation": 2}
    assert found.correlation.n_clusters == 25


@pytest.mark.parametrize("errors", [np.zeros((20, 3)), np.full((20, 2), np.nan), np.zeros((0, 2))])
def test_no_correlation_is_undefined(errors):
    """Members that never err, or never meet."""
    found = sized(errors)

    bound = {2: "-1", 3: "-0.5"}[errors.shape[1]]
    assert found.correlation.undefined.startswith("constant: no mean correlation of ")
    assert f"errors above {bound} (n={len(errors)})" in found.correlation.undefined
    assert found.effective.value is None


def test_opposite_members_have_no_finite_size():
    """Two members whose errors cancel: the correlation is there, the size is not."""
    x = np.random.default_rng(4).normal(size=30)
    found = sized(np.column_stack([x, -x]))

    assert found.correlation.value == pytest.approx(-1)
    assert found.effective.undefined == "constant: no mean correlation of 2 members' errors above -1 (n=30)"


def test_one_member_is_no_panel():
    """A panel has two members and more."""
    with pytest.raises(InputError, match="shape"):
        sized(np.zeros((5, 1)))


def test_far_values_do_not_cost_the_correlation_its_digits():
    """Around the median, a common offset of a million changes nothing."""
    x = np.random.default_rng(5).normal(size=(40, 2))
    near, far = (correlations_of_moments(pair_moments(part).sum(axis=0)[None, :])[0, 0] for part in (x, x + 1e6))
    expected = np.corrcoef(x[:, 0], x[:, 1])[0, 1]

    assert far == pytest.approx(near, abs=1e-6)
    assert near == pytest.approx(expected)


def test_a_correlation_takes_three_shared_rows_on_which_both_vary():
    """Two rows always lie on a line; a column that is constant on the shared rows has rounding left and no spread."""

    def correlation(columns):
        return correlations_of_moments(pair_moments(np.asarray(columns)).sum(axis=0)[None, :])[0, 0]

    assert np.isnan(correlation([[1.0, 2], [2, 3], [5, np.nan]]))
    assert correlation([[1.0, 2], [2, 3], [4, 3], [5, np.nan]]) == pytest.approx(
        np.corrcoef([1, 2, 4], [2, 3, 3])[0, 1]
    )
    draw = np.random.default_rng(0)
    for shared in draw.uniform(0.1, 1, size=50):
        columns = np.column_stack([draw.normal(size=30), np.full(30, shared)])
        columns[20:, 0], columns[20:, 1] = np.nan, draw.normal(size=10)
        assert np.isnan(correlation(columns))
        assert np.isnan(correlation(columns[:, ::-1]))


def test_no_correlation_is_beyond_one():
    """Columns on a line give sums whose last digits would say 1.0000000000000002."""
    for seed in range(60):
        x = np.random.default_rng(seed).normal(size=4 + seed % 26).round(1 + seed % 5)
        for slope in (3, -3):
            [[found]] = correlations_of_moments(pair_moments(np.column_stack([x, slope * x])).sum(axis=0)[None, :])
            assert 0.999999 < found * np.sign(slope) <= 1
