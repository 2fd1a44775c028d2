"""E-values of wins and losses: known values, exactness, and that they may be looked at at any time."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import binom

from judgekit.errors import InputError
from judgekit.stats.e_process import e_value, log_e_value

KNOWN = {
    (8, 2): (4.002, 2.069),
    (12, 3): (8.906, 4.501),
    (15, 3): (33.741, 16.908),
    (20, 5): (48.520, 24.291),
    (30, 20): (0.862, 0.468),
}


@pytest.mark.parametrize("counts", KNOWN)
def test_known_values(counts) -> None:
    """As in the reference table, one-sided and two-sided."""
    won, lost = counts
    assert (round(e_value(won, lost, "one"), 3), round(e_value(won, lost), 3)) == KNOWN[counts]


@pytest.mark.parametrize("counts", [(0, 0), (3, 9), (0, 12), (7, 7)])
def test_they_are_the_integrals_of_their_mixtures(counts) -> None:
    """Likelihood ratios to 1/2, averaged over (0, 1), or over (1/2, 1)."""
    won, lost = counts
    ratio = lambda p: (2 * p) ** won * (2 * (1 - p)) ** lost  # noqa: E731  # a formula
    assert e_value(won, lost) == pytest.approx(quad(ratio, 0, 1)[0])
    assert e_value(won, lost, "one") == pytest.approx(2 * quad(ratio, 0.5, 1)[0])


def test_on_average_they_stay_what_they_were() -> None:
    """Over all sequences of ten even inputs the mean is 1: no bet on a fair coin gains."""
    for sides in ("one", "two"):
        found = [e_value(sum(each), 10 - sum(each), sides) for each in product((0, 1), repeat=10)]
        assert np.mean(found) == pytest.approx(1.0)


def test_large_counts_neither_overflow_nor_vanish() -> None:
    """In logarithms; the e-value itself is capped."""
    assert log_e_value(3000, 0) == pytest.approx(3000 * math.log(2) - math.log(3001))
    assert log_e_value(0, 3000, "one") == pytest.approx(math.log(1 / (2 * 3001) / (1 - 3002 / (2 * 3003))), abs=1e-3)
    assert e_value(3000, 0) == pytest.approx(1e300)
    assert log_e_value(900, 20, "one") > log_e_value(900, 40, "one")


def test_counts_are_not_negative() -> None:
    """Nobody won less than nothing."""
    with pytest.raises(InputError, match="-1 wins and 2 losses"):
        e_value(-1, 2)


@pytest.mark.slow
def test_reaching_20_by_chance_is_rare_at_any_time() -> None:
    """Fair coins looked at after each of 400 inputs: at most 5% ever reach 20."""
    draw, runs = np.random.default_rng(1), 1000
    table = {(w, n - w): log_e_value(w, n - w) for n in range(1, 401) for w in range(n + 1)}
    wrong = 0
    for _ in range(runs):
        won = np.cumsum(draw.random(400) < 0.5)
        wrong += any(table[int(w), n - int(w)] >= math.log(20) for n, w in enumerate(won, 1))
    assert wrong <= binom.ppf(0.999, runs, 0.05)
