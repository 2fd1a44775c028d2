"""Tests of no difference against statistics.md 12.1, scipy and enumeration; groups change sign together."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from judgekit.stats.paired_test import mcnemar, sign_flip, wilcoxon

D = np.array([1.0, 1, 0, 1, -1, 1, 1, 0, 1, 1])


def rng():
    return np.random.default_rng(5)


@pytest.mark.parametrize(("up", "down"), [(150, 86), (86, 150), (5, 1), (1, 0), (7, 7)])
def test_mcnemar_is_the_two_sided_binomial_of_the_discordant(up, down):
    """150 and 86 of [[794, 150], [86, 570]]: 3.716e-5 (Agresti 1990, statistics.md 12.1)."""
    assert mcnemar(up, down).p_value == pytest.approx(stats.binomtest(up, up + down).pvalue)
    assert mcnemar(150, 86).p_value == pytest.approx(3.716e-5, rel=1e-3)


def test_mid_p_counts_what_was_seen_by_half():
    """(5, 1): .125; no discordants: 1; nothing on one side."""
    assert mcnemar(5, 1, mid_p=True).p_value == pytest.approx(0.125)
    assert mcnemar(0, 0).p_value == mcnemar(0, 0, mid_p=True).p_value == 1
    assert mcnemar(4, 0, mid_p=True).p_value == pytest.approx(2 * 0.5**4 - 0.5**4)
    assert mcnemar(5, 1).n_up == 5


def test_sign_flip_of_plus_and_minus_one_is_mcnemar():
    """.0703, statistics.md 12.1, exact to sixteen that differ."""
    found = sign_flip(D, None, rng())
    assert found.p_value == pytest.approx(0.0703, abs=5e-5)
    assert (found.n_up, found.n_down, found.method) == (7, 1, "exact")
    assert found.p_value == pytest.approx(mcnemar(7, 1).p_value)


def test_exact_sign_flips_are_all_of_them():
    """Twelve real numbers, 4,096 signs."""
    d = rng().normal(0.4, size=12)
    sums = [abs(np.dot(signs, d)) for signs in product((-1, 1), repeat=12)]
    assert sign_flip(d, None, rng()).p_value == pytest.approx(np.mean(np.array(sums) >= abs(d.sum()) - 1e-9))


def test_many_units_are_drawn_and_repeatable():
    """Near the t-test's; never 0; the same from the same start."""
    d = rng().normal(0.15, size=200)
    found = sign_flip(d, None, rng())
    assert found.method == "9999 permutations"
    assert found == sign_flip(d, None, rng())
    assert found.p_value == pytest.approx(stats.ttest_1samp(d, 0).pvalue, abs=0.02)
    assert sign_flip(np.full(40, 1.0), None, rng()).p_value == 1 / 10_000


def test_whole_groups_change_sign():
    """Ten inputs of two groups have four signs: nothing below a half is possible."""
    units = np.repeat([0, 1], 5)
    assert sign_flip(np.ones(10), units, rng()).p_value == 0.5
    assert wilcoxon(np.ones(10), units).p_value == 0.5
    assert (sign_flip(np.ones(10), units, rng()).n_up, wilcoxon(-np.ones(10), units).n_down) == (2, 2)


def test_wilcoxon_is_exact_where_few_differ():
    """The normal approximation would say .0339 (statistics.md 12.1); without ties scipy's exact one."""
    assert wilcoxon(D, None).p_value == pytest.approx(0.0703, abs=5e-5)
    d = rng().normal(0.3, size=20)
    assert wilcoxon(d, None).p_value == pytest.approx(stats.wilcoxon(d, method="exact").pvalue)


def test_wilcoxon_of_many_is_pratts_normal_approximation():
    """As scipy's zero_method='pratt', ties and zeros included."""
    d = rng().integers(-3, 5, 200).astype(float)
    theirs = stats.wilcoxon(d, zero_method="pratt", method="approx").pvalue
    assert wilcoxon(d, None).p_value == pytest.approx(theirs)
    assert wilcoxon(d, None).method == "normal approximation"


def test_nothing_that_differs_says_nothing():
    """Zeros only: p is 1."""
    assert sign_flip(np.zeros(4), None, rng()).p_value == wilcoxon(np.zeros(4), None).p_value == 1
