"""Bounds for decisions: by summing over all tables they err no more often than they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import gammaln
from scipy.stats import binom

from judgekit.stats.careful import careful_share, careful_tango
from judgekit.stats.estimate import Estimate, undefined
from judgekit.stats.interval import clopper_pearson, wilson
from judgekit.stats.paired_share import FourCells, tango


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
