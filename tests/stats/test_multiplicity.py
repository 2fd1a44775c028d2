"""Adjusted p-values: Benjamini and Hochberg's own example, and what is refused."""

import numpy as np
import pytest
from scipy import stats

from judgekit.errors import InputError
from judgekit.stats.multiplicity import benjamini_hochberg, benjamini_yekutieli, holm

# Benjamini & Hochberg 1995, section 4.1; the adjusted values by statsmodels.multipletests (scipy agrees on BH and BY).
P_VALUES = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459]
P_VALUES += [0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]


@pytest.mark.parametrize(
    ("adjusted", "n_rejected", "first"),
    [
        (holm, 3, [0.0015, 0.0056, 0.0247, 0.114]),
        (benjamini_hochberg, 4, [0.0015, 0.003, 0.0095, 0.0356, 0.0603, 0.0639, 0.0639, 0.0645, 0.0765]),
        (benjamini_yekutieli, 3, []),
    ],
)
def test_published_example_is_reproduced(adjusted, n_rejected, first):
    """15 p-values of 1995: how many are rejected at .05, and the adjusted values as printed."""
    found = adjusted(P_VALUES)

    assert (found <= 0.05).sum() == n_rejected
    assert found[: len(first)] == pytest.approx(first, abs=5.1e-5)
    assert found.max() <= 1


@pytest.mark.parametrize("adjusted", [holm, benjamini_hochberg, benjamini_yekutieli])
def test_order_of_the_tests_does_not_matter(adjusted):
    """Each test keeps its own adjusted value wherever it stands."""
    order = np.random.default_rng(0).permutation(15)

    assert adjusted(np.array(P_VALUES)[order]) == pytest.approx(adjusted(P_VALUES)[order])


@pytest.mark.parametrize("adjusted", [holm, benjamini_hochberg, benjamini_yekutieli])
def test_no_test_and_one_test_need_no_adjustment(adjusted):
    """Nothing stays nothing; one p-value stays itself."""
    assert len(adjusted([])) == 0
    assert adjusted([0.03]) == pytest.approx([0.03])


@pytest.mark.parametrize(("adjusted", "method"), [(benjamini_hochberg, "bh"), (benjamini_yekutieli, "by")])
def test_equals_scipy_on_random_p_values_with_ties(adjusted, method):
    """scipy.stats.false_discovery_control gives the same."""
    p_values = np.round(np.random.default_rng(1).random(40) ** 2, 2)

    assert adjusted(p_values) == pytest.approx(stats.false_discovery_control(p_values, method=method))


def test_yekutieli_is_hochberg_times_the_harmonic_sum():
    """Under any dependence the price is 1 + 1/2 + ... + 1/n."""
    harmonic = sum(1 / place for place in range(1, 16))

    assert benjamini_yekutieli(P_VALUES) == pytest.approx(np.minimum(1, benjamini_hochberg(P_VALUES) * harmonic))


@pytest.mark.parametrize("p_values", [[0.1, float("nan")], [1.2], [-0.1], [[0.1]]])
def test_what_is_no_p_value_is_refused(p_values):
    """Missing, out of range, or a table."""
    with pytest.raises(InputError):
        holm(p_values)


def test_a_wrong_p_value_is_named_with_its_place():
    """The second of three."""
    with pytest.raises(InputError, match=r"^test 2: p-value 1\.2 is not between 0 and 1"):
        holm([0.1, 1.2, 0.3])


def test_a_weight_is_a_part_of_the_error_rate():
    """Holm's steps by hand: .02 at three parts of four comes before .01 at one, and neither is under .02 x 4 / 3."""
    assert holm([0.01, 0.02], weights=[1, 3]) == pytest.approx([0.02 * 4 / 3, 0.02 * 4 / 3])
    assert holm([0.001, 0.02], weights=[1, 3]) == pytest.approx([0.004, 0.02])
    assert holm(P_VALUES, weights=[7] * 15) == pytest.approx(holm(P_VALUES))
