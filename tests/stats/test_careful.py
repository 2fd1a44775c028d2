"""Bounds for decisions: by summing over all tables they err no more often than they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import gammaln
from scipy.stats import binom

from judgekit.stats.careful import careful_mean, careful_quality, careful_share, careful_tango, labels_alone
from judgekit.stats.estimate import Estimate, undefined
from judgekit.stats.interval import clopper_pearson, wilson
from judgekit.stats.paired_share import FourCells, tango
from judgekit.stats.partly_labelled import PartlyLabelled
from judgekit.stats.version_difference import powered_difference


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


def passes_at_line(n, n_others, rate, span, noise, *, n_runs):
    """Return how often t's lower bound and the careful one lie above the truth: rare losses, a judge with noise."""
    rng, n_t, n_careful, places = np.random.default_rng(3), 0, 0, np.arange(n + n_others)
    for _ in range(n_runs):
        small = rng.choice([-1.0, 0.0, 1.0], len(places), p=[noise / 2, 1 - noise, noise / 2])
        human = np.where(rng.random(len(places)) < rate, -span, small)
        judge = human + rng.choice([-1.0, 0.0, 1.0], len(places), p=[0.1, 0.8, 0.1])
        sample = PartlyLabelled(judge, np.where(places < n, human, np.nan), places, np.ones(len(places)))
        n_t += powered_difference(sample, step=1.0, level=0.9).low > -rate * span
        n_careful += careful_mean(sample, 0.9, reach=0.75 * span).low > -rate * span
    return n_t / n_runs, n_careful / n_runs


@pytest.mark.slow
@pytest.mark.parametrize("case", [(30, 300, 0.05, 4.0, 0.1), (60, 600, 0.02, 4.0, 0.2), (150, 1000, 0.05, 4.0, 0.02)])
def test_a_bound_of_rare_losses_keeps_its_level_where_t_does_not(case) -> None:
    """Grades of which few fall from 5 to 1."""
    by_t, careful = passes_at_line(*case, n_runs=400)
    assert by_t > 0.06
    assert careful <= binom.isf(1e-3, 400, 0.05) / 400


def test_nothing_that_differs_and_nothing_made_up_leaves_no_bound() -> None:
    """A scale without ends, and fifty inputs alike."""
    alike = labels_alone(np.zeros(50), np.arange(50), np.ones(50))
    assert careful_mean(alike, 0.9, has_judge=False).low is None


def test_a_mean_that_a_judge_helped_has_the_bounds_of_its_share_of_the_scale() -> None:
    """3 on 1 to 5 is half of the way; without an interval, or a scale, it comes back as it is."""
    levels = (1.0, 2.0, 3.0, 4.0, 5.0)
    half = careful_share(Estimate(0.5, 0.4, 0.6, 0.95, 100, 100, "wilson"))
    found = careful_quality(Estimate(3.0, 2.6, 3.4, 0.95, 100, 100, "wilson"), levels, None)
    assert (found.low, found.high) == pytest.approx((1 + 4 * there(half.low), 1 + 4 * there(half.high)))
    nothing = undefined("too_few", "four labels")
    assert careful_quality(nothing, levels, None) is nothing
    assert careful_quality(nothing, (), labels_alone(np.zeros(4), np.arange(4), np.ones(4))) is nothing
    plain = Estimate(3.0, 2.6, 3.4, 0.95, 100, 100, "t")
    assert careful_quality(plain, (), None) is plain


def there(value: float | None) -> float:
    assert value is not None
    return value
