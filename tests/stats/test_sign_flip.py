"""The exact sign-flip test against enumeration and the binomial."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from judgekit.stats.sign_flip import sign_flip_p_value


def enumerated(differences):
    sums = [np.dot(signs, differences) for signs in product((-1, 1), repeat=len(differences))]
    return np.mean(np.array(sums) <= sum(differences) + 1e-9)


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.2])
def test_equals_enumeration_of_all_signs(shift):
    """All 2^12 signs of differences on a lattice, and of real numbers."""
    rng = np.random.default_rng(3)
    lattice, real = rng.integers(-1, 2, size=12) - shift, rng.normal(-shift, size=12)

    assert sign_flip_p_value(lattice) == pytest.approx(enumerated(lattice), abs=1e-12)
    assert sign_flip_p_value(real) == pytest.approx(enumerated(real), abs=1e-12)


def test_two_sided_example_is_the_published_one():
    """d = 1 1 0 1 -1 1 1 0 1 1: twice the smaller tail is .0703, as exact McNemar (scipy binomtest) has it."""
    d = np.array([1, 1, 0, 1, -1, 1, 1, 0, 1, 1.0])

    assert 2 * sign_flip_p_value(-d) == pytest.approx(0.0703, abs=5e-5)
    assert 2 * sign_flip_p_value(-d) == pytest.approx(stats.binomtest(7, 8).pvalue)


def test_many_units_on_a_lattice_stay_cheap():
    """200 differences of -1, 0, 1: the binomial's tail, without 2^200 signs."""
    d = np.repeat([-1.0, 1.0, 0.0], [80, 60, 60])

    assert sign_flip_p_value(d) == pytest.approx(stats.binom.cdf(60, 140, 0.5), rel=1e-9)


def test_nothing_to_flip_says_nothing():
    """Without units, and with zeros only, every arrangement is as low."""
    assert sign_flip_p_value(np.zeros(0)) == 1
    assert sign_flip_p_value(np.zeros(5)) == 1
