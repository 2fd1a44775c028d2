"""A subset against the rest: by hand, paired through shared units, its p turned round from its interval."""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from judgekit.errors import InputError
from judgekit.stats.interval import Influence, bootstrap_interval
from judgekit.stats.metric import measure
from judgekit.stats.sample import Sample
from judgekit.stats.subset import p_value_of_bootstrap, subset_difference

YES_NO = np.array([0.0, 1.0])


def right_in(share: float, n: int) -> np.ndarray:
    """Return rows of two columns that agree on a share of them, half of the references positive."""
    truth = np.arange(n) % 2
    judge = np.where(np.arange(n) < round(share * n), truth, 1 - truth)
    return np.column_stack([judge, truth]).astype(float)


def compared(sample: Sample, inside, metrics=("accuracy",), seed=1, **named):
    return subset_difference(list(metrics), sample, np.asarray(inside), rng=np.random.default_rng(seed), **named)


def test_the_difference_is_inside_less_outside() -> None:
    """.9 of 100 against .7 of 100: difference .2; two independent rates: z 3.54, p .0004."""
    sample = Sample(np.concatenate([right_in(0.9, 100), right_in(0.7, 100)]), levels=YES_NO, positive=1)
    found = compared(sample, np.arange(200) < 100)["accuracy"]
    assert (found.inside.value, found.outside.value) == (0.9, 0.7)
    assert found.difference.value == pytest.approx(0.2)
    assert (found.difference.low, found.difference.high) == pytest.approx((0.09, 0.31), abs=0.03)
    assert (found.difference.n, found.difference.n_clusters) == (200, 200)
    assert found.p_value is not None
    assert found.p_value < 0.003
    turned = compared(sample, np.arange(200) >= 100)["accuracy"]
    assert turned.difference.value == pytest.approx(-0.2)


def test_units_with_rows_on_both_sides_are_drawn_together() -> None:
    """Each unit is right in both slices or in neither: on independent rows the difference is doubtful, here it is 0."""
    one = np.repeat([[1.0, 1.0], [0.0, 1.0], [0.0, 0.0], [1.0, 0.0]], 15, axis=0)
    inside = np.arange(120) < 60
    both = np.concatenate([one, one])
    apart = compared(Sample(both, levels=YES_NO), inside)["accuracy"].difference
    joined = compared(Sample(both, levels=YES_NO, units=np.tile(np.arange(60), 2)), inside)["accuracy"].difference
    assert apart.low is not None
    assert apart.low < -0.1
    assert (joined.value, joined.method) == (0.0, "none: every resample gives the same value")
    assert joined.n_clusters == 60


def test_the_p_value_is_where_the_interval_touches_zero() -> None:
    """At coverage 1 - p one end is 0: skewed resamples, with acceleration and few degrees of freedom."""
    draws = np.random.default_rng(5).gamma(3, size=20_000) - 0.9
    for value, pull in (
        (2.0, Influence(0.03, 40, 25)),
        (1.7, Influence(-0.02, 100, 90)),
        (1.2, Influence(0.0, 12, 11)),
    ):
        p = p_value_of_bootstrap(value, draws, pull)
        assert 0.001 < p < 0.5
        touching = bootstrap_interval(value, draws, pull, 1 - p)
        assert min(abs(touching.low or 0), abs(touching.high or 0)) < 0.02
        assert (bootstrap_interval(value, draws, pull, 1 - p * 1.2).low or 0) > 0


def test_resamples_cannot_say_less_than_their_number() -> None:
    """All 999 above 0: p is 2 / 1000, not 0; a value of 0 amid them is no difference at all."""
    pull = Influence(float("nan"), 1000, 999)
    assert p_value_of_bootstrap(3.0, np.linspace(1, 5, 999), pull) >= 0.002
    assert p_value_of_bootstrap(0.0, np.linspace(-1, 1, 999), pull) == pytest.approx(1.0)


@pytest.mark.slow
def test_p_values_are_even_where_nothing_differs() -> None:
    """Of 300 draws without a difference at most 8.5% are below .05 (3 sigma), and some are."""
    draw = np.random.default_rng(11)
    n_small = 0
    for seed in range(300):
        truth = draw.integers(0, 2, 120)
        judge = np.where(draw.random(120) < 0.75, truth, 1 - truth)
        sample = Sample(np.column_stack([judge, truth]).astype(float), levels=YES_NO)
        p = compared(sample, np.arange(120) < 50, ("cohen_kappa",), seed, n_resamples=300)["cohen_kappa"].p_value
        n_small += p is not None and p <= 0.05
    assert 3 <= n_small <= 0.085 * 300


def test_the_order_of_rows_does_not_matter() -> None:
    """Shuffled with their units, the estimates are the same to the last digit."""
    draw = np.random.default_rng(2)
    sample = Sample(draw.integers(0, 2, (90, 2)).astype(float), levels=YES_NO, units=np.arange(90) // 2)
    inside = draw.random(90) < 0.5
    order = draw.permutation(90)
    mixed = replace(sample, ratings=sample.ratings[order], units=None if sample.units is None else sample.units[order])
    assert compared(sample, inside) == compared(mixed, inside[order])


def test_what_cannot_be_compared_says_why() -> None:
    """One side empty or too small; a mask that does not fit."""
    sample = Sample(right_in(0.8, 40), levels=YES_NO)
    empty = compared(sample, np.zeros(40, dtype=bool))["accuracy"]
    assert empty.difference.undefined.startswith("no_data")
    assert (empty.difference.n, empty.p_value) == (40, None)
    small = compared(sample, np.arange(40) < 5)["accuracy"]
    assert small.difference.value is not None
    assert small.difference.method.startswith("none: the slice has none: fewer than 10 independent units")
    assert small.p_value is None
    with pytest.raises(InputError, match="Mark every row"):
        compared(sample, np.ones(3, dtype=bool))


def test_each_side_is_the_metric_of_its_rows_with_their_units() -> None:
    """Three copies a unit: the sides' intervals are clustered too; what was dropped before is counted once."""
    draw = np.random.default_rng(3)
    ratings = np.repeat(draw.integers(1, 6, (40, 2)).astype(float), 3, axis=0)
    units = np.repeat(np.arange(40), 3)
    sample = Sample(ratings, levels=np.arange(1.0, 6), units=units, dropped={"not_judged": 4})
    inside = units < 25
    found = compared(sample, inside, ("mae", "bias"), level=0.9)
    for metric in ("mae", "bias"):
        for side, rows in ((found[metric].inside, inside), (found[metric].outside, ~inside)):
            plain = Sample(ratings[rows], levels=sample.levels, units=units[rows])
            alone = measure(metric, plain, rng=np.random.default_rng(1), level=0.9)
            assert (side.n_clusters, side.dropped, side.level) == (alone.n_clusters, {}, 0.9)
            assert side.value == pytest.approx(alone.value)
            assert np.ptp([side.low, side.high]) == pytest.approx(np.ptp([alone.low, alone.high]), rel=0.1)
        assert (found[metric].difference.dropped, found[metric].difference.level) == ({"not_judged": 4}, 0.9)
    empty = compared(sample, np.ones(120, dtype=bool), ("mae",))["mae"].difference
    assert (empty.n, empty.n_clusters, empty.dropped) == (120, 40, {"not_judged": 4})


def test_a_side_without_error_is_a_side() -> None:
    """The rest is right throughout: the difference is all the slice's; equal sides differ by 0 with p near 1."""
    truth = np.tile([0.0, 1, 2, 3], 15)
    judge = np.where(np.arange(60) < 30, (truth + 1) % 4, truth)
    wrong = compared(Sample(np.column_stack([judge, truth])), np.arange(60) < 30, ("mae",))["mae"]
    assert (wrong.inside.value, wrong.outside.value) == (pytest.approx(1.5, abs=0.2), 0)
    assert wrong.difference.value == wrong.inside.value
    turned = compared(Sample(np.column_stack([judge, truth])), np.arange(60) >= 30, ("mae",))["mae"]
    assert turned.difference.value == -wrong.difference.value
    even = compared(Sample(np.tile(right_in(0.75, 40), (2, 1)), levels=YES_NO), np.arange(80) < 40)["accuracy"]
    assert even.difference.value == 0
    assert even.difference.low < 0 < even.difference.high
    assert even.p_value == pytest.approx(1, abs=0.1)


def test_without_an_interval_there_is_no_p_value() -> None:
    """One side has none, and the difference neither, not even an end of it; ten units are enough for both."""
    draw = np.random.default_rng(4)
    sample = Sample(draw.normal(size=(40, 2)), units=np.arange(40) % 10)
    inside = np.arange(40) < 20
    ten = compared(sample, inside, ("bias",))["bias"]
    assert ten.difference.low < ten.difference.value < ten.difference.high
    assert 0 < ten.p_value < 1
    one = np.repeat([[1.0, 1.0], [0.0, 1.0], [0.0, 0.0], [1.0, 0.0]], 15, axis=0)
    joined = Sample(np.concatenate([one, one]), levels=YES_NO, units=np.tile(np.arange(60), 2))
    assert compared(joined, np.arange(120) < 60)["accuracy"].p_value is None
    small = compared(sample, np.arange(40) < 31, ("bias",))["bias"]
    assert (small.difference.low, small.difference.high, small.p_value) == (None, None, None)
    assert small.difference.method == "none: the rest has none: fewer than 10 independent units"


def test_a_p_value_is_at_least_two_in_a_thousand_of_999_resamples() -> None:
    """2 / (999 + 1) exactly where all lie on one side, however far; one above 0 in a thousand is twice as much."""
    many = Influence(0.0, 1e9, 1e9)
    above = np.linspace(1, 5, 999)
    assert p_value_of_bootstrap(3.0, above, many) == pytest.approx(0.002, rel=1e-6)
    assert p_value_of_bootstrap(3.0, -above[::-1], many) == pytest.approx(p_value_of_bootstrap(-3.0, -above, many))
    for value in (1.2, 4.8):  # where the value lies among the resamples cannot make them say more
        assert p_value_of_bootstrap(value, above, many) >= 0.002 - 1e-12
    some = np.concatenate([[-1.0, -0.5, -0.1], above])
    assert p_value_of_bootstrap(float(np.median(some)), some, many) == pytest.approx(2 * 3 / 1_002, rel=1e-3)


def test_a_correction_that_is_not_there_or_too_large_corrects_nothing() -> None:
    """No acceleration, and one beyond BCa's pole, leave the p-value of the resamples themselves."""
    normal = NormalDist()
    for share_below, beyond in ((0.2, 2.0), (0.0139, 0.5)):
        draws = np.linspace(-share_below, 1 - share_below, 9_999)
        away = normal.inv_cdf(share_below)
        for lean in (0.0, float("nan"), beyond):
            p = p_value_of_bootstrap(float(np.median(draws)), draws, Influence(lean, 1e9, 1e9))
            assert p == pytest.approx(2 * share_below, rel=0.01)
        turned = p_value_of_bootstrap(float(np.median(draws)), draws, Influence(-0.5, 1e9, 1e9))
        assert turned == pytest.approx(2 * normal.cdf(away / (1 - 0.5 * away)), rel=0.01)
