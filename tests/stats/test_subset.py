"""A subset against the rest: by hand, paired through shared units, its p turned round from its interval."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from judgekit.errors import InputError
from judgekit.stats.interval import Influence, bootstrap_interval
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
