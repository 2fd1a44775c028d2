"""Ranges without labels: (difference -/+ delta) / J, by Fieller; where they flip; limits of delta."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from judgekit.errors import InputError
from judgekit.stats import label_free as measured
from judgekit.stats.label_free import JudgeDifference, Slope, delta_limit, difference_of, mean_above, tipping_point
from tests.stats.test_interval_coverage import covers_at_least

label_free_range: Any = measured.label_free_range
slope_of: Any = measured.slope_of

WEAK = Slope(0.2, dict.fromkeys(range(60), 0.01), 60)
SLOPE = Slope(0.6, dict.fromkeys(range(100, 200), 0.005), 100)
DIFFERENCE = JudgeDifference(0.12, dict.fromkeys(range(100), 0.002))


def test_the_slope_of_two_levels_is_youden_j():
    """TPR .8 and FPR .3 of twenty: .5, with the standard error of two rates apart."""
    judge, human = np.repeat([1.0, 0, 1, 0], [80, 20, 30, 70]), np.repeat([1.0, 0], 100)
    found = slope_of(judge, human, np.arange(200))
    assert found.value == pytest.approx(0.5)
    assert found.variance == pytest.approx((0.16 + 0.21) / 99, rel=0.02)
    assert slope_of(np.ones(3), np.ones(3), np.arange(3)) is None
    assert slope_of(np.zeros(0), np.zeros(0), np.zeros(0, int)) is None
    same = slope_of(human, human, np.arange(200))
    assert same.interval(0.95).method.startswith("none: the judge's errors")


def test_a_mean_above_is_rogan_and_gladens_numerator():
    """(rate - FPR), with the standard errors of both rates; over J it is the experts' own rate."""
    judge, human = np.repeat([1.0, 0, 1, 0], [80, 20, 30, 70]), np.repeat([1.0, 0], 100)
    rates = np.repeat([1.0, 0], [120, 80])
    found = mean_above(rates, np.arange(200), judge, human, np.arange(200, 400))
    assert found.value == pytest.approx(0.6 - 0.3)
    assert found.variance == pytest.approx(0.24 / 199 + 0.21 / 99, rel=0.02)
    slope = slope_of(judge, human, np.arange(200, 400))
    ends = label_free_range(found, slope, 0.0, 0.9)
    assert ends.low < 0.6 < ends.high


@pytest.mark.slow
@pytest.mark.parametrize("shift", [0.0, 0.05, -0.05])
def test_a_mean_without_labels_is_missed_as_often_as_said_where_delta_holds(shift):
    """Seven in ten of the labelled pass, eight in ten of the new; the judge errs otherwise on these by delta."""
    rng, n_missed, n_runs = np.random.default_rng(5), 0, 1500
    for _ in range(n_runs):
        human, truth = (rng.random(n) < share for n, share in ((150, 0.7), (300, 0.8)))
        judge = np.where(human, rng.random(150) < 0.9, rng.random(150) < 0.2)
        rates = np.where(truth, rng.random(300) < 0.9 + shift, rng.random(300) < 0.2 + shift)
        units = np.arange(450)
        told = (judge.astype(float), human.astype(float), units[300:])
        above = mean_above(rates.astype(float), units[:300], *told)
        ends = label_free_range(above, slope_of(*told), abs(shift), 0.9)
        n_missed += not ends.low <= 0.8 <= ends.high
    assert covers_at_least(n_runs - n_missed, n_runs, 0.9)


def test_the_judges_difference_is_a_mean_over_units():
    """As a one-sample t's standard error; one unit has no doubt to speak of."""
    d = np.random.default_rng(1).normal(size=50)
    found = difference_of(d, np.arange(50))
    assert (found.value, found.variance) == pytest.approx((d.mean(), d.var(ddof=1) / 50))
    assert difference_of(d, np.zeros(50, int)).variance == pytest.approx(0)


def test_fieller_divides_two_doubtful_numbers():
    """At the ends |d -/+ delta - x J| is t times the standard error; delta widens both; shared units narrow them."""
    found = label_free_range(DIFFERENCE, SLOPE, 0.03)
    reach = stats.t.ppf(0.975, 99)
    for end, shift in ((found.low, -0.03), (found.high, 0.03)):
        error = math.sqrt(DIFFERENCE.variance + end**2 * SLOPE.variance)
        assert abs(0.12 + shift - end * 0.6) == pytest.approx(reach * error, rel=1e-3)
    assert found.method == "fieller, delta 0.03"
    bare = label_free_range(DIFFERENCE, SLOPE, 0.0)
    assert found.low < bare.low < 0.2 < bare.high < found.high
    together = Slope(0.6, dict.fromkeys(range(100), 0.005), 100)
    shared = label_free_range(DIFFERENCE, together, 0.0)
    assert shared.high - shared.low < bare.high - bare.low


def test_a_slope_that_may_be_nothing_is_no_divisor():
    """A J whose interval reaches .1, or has none, gives no range; neither does a negative delta."""
    assert label_free_range(DIFFERENCE, WEAK, 0.0).method.startswith("none: the slope of judge over experts may be")
    sure = Slope(0.9, {0: 0.0}, 1)
    assert label_free_range(DIFFERENCE, sure, 0.0).low is None
    with pytest.raises(InputError, match=r"delta -0\.1 is negative"):
        label_free_range(DIFFERENCE, SLOPE, -0.1)


@pytest.mark.parametrize("margin", [0.0, 0.05])
@pytest.mark.parametrize("value", [0.12, -0.2])
def test_the_tipping_point_is_where_the_range_touches_the_line(value, margin):
    """A range of just that delta ends at minus the margin."""
    difference = JudgeDifference(value, DIFFERENCE.moves)
    delta = tipping_point(difference, SLOPE, margin)
    found = label_free_range(difference, SLOPE, delta)
    assert (found.low if value > 0 else found.high) == pytest.approx(-margin, abs=1e-9)
    assert tipping_point(JudgeDifference(0.001, DIFFERENCE.moves), SLOPE) == 0


def test_delta_is_bounded_by_five_past_pairs():
    """t(5) times the root mean square of the worse rate; four pairs are too few."""
    shifts = np.array([[0.02, 0.05], [-0.02, -0.05], [0.02, 0.05], [-0.02, 0.05], [0.02, -0.05]])
    assert delta_limit(shifts) == pytest.approx(0.05 * stats.t.ppf(0.975, 5), rel=1e-3)
    with pytest.raises(InputError, match="4 past pairs of versions are too few"):
        delta_limit(shifts[:4])


@pytest.mark.slow
def test_the_range_holds_the_truth_while_delta_does():
    """The judge is more lenient by delta on the new version: the range covers; with delta 0 it does not."""
    rng, held, fooled = np.random.default_rng(2), 0, 0
    for _ in range(500):
        truth = rng.random((600, 2)) < 0.7
        passes = rng.random((600, 2)) < np.where(truth, (0.9, 0.95), (0.25, 0.30))
        old = rng.random(200) < 0.7
        judged = rng.random(200) < np.where(old, 0.9, 0.25)
        slope = slope_of(judged.astype(float), old.astype(float), np.arange(1000, 1200))
        difference = difference_of(passes[:, 1].astype(float) - passes[:, 0], np.arange(600))
        found, bare = (label_free_range(difference, slope, delta) for delta in (0.05, 0.0))
        held += found.low <= 0 <= found.high
        fooled += bare.low > 0
    assert covers_at_least(held, 500, 0.95)
    assert fooled > 0.2 * 500
