"""Quantiles with bounds that hold whatever the distribution, and in clusters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from judgekit.stats.quantile import quantile


def test_bounds_are_order_statistics() -> None:
    """Ranks by the binomial: 40 and 61 of 100 for a median at 95%."""
    values = np.arange(1.0, 101.0)
    found = quantile(values, np.arange(100), 0.5)
    assert (found.value, found.low, found.high, found.method) == (50.5, 40.0, 61.0, "order statistics")
    assert binom.cdf(39, 100, 0.5) <= 0.025 < binom.cdf(40, 100, 0.5)


def test_too_few_numbers_have_no_bound() -> None:
    """p95 takes 59 of them at a one-sided 95%."""
    for n, is_bounded in ((58, False), (59, True)):
        found = quantile(np.arange(float(n)), np.arange(n), 0.95, 0.9)
        assert (found.high is not None) == is_bounded
    assert "too few for a bound of the 95% quantile" in quantile(np.arange(58.0), np.arange(58), 0.95, 0.9).method


def test_nothing_and_few_units_have_no_interval() -> None:
    """No number; nine groups."""
    assert quantile(np.zeros(0), np.zeros(0, dtype=int), 0.5).undefined == "no_data: no number"
    assert quantile(np.arange(90.0), np.arange(90) % 9, 0.5).method == "none: fewer than 10 independent units"


def width(found: Any) -> float:
    return float(found.high - found.low)


def test_clusters_widen_the_bounds() -> None:
    """Numbers that are alike in groups of ten count for little more than their groups."""
    rng = np.random.default_rng(1)
    alike = np.repeat(rng.normal(size=40), 10)
    units = np.repeat(np.arange(40), 10)
    assert width(quantile(alike, units, 0.5)) > 2 * width(quantile(alike, np.arange(400), 0.5))
    constant = quantile(np.ones(40), np.repeat(np.arange(20), 2), 0.5)
    assert (constant.low, constant.high) == (1.0, 1.0)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.5, 0.95])
@pytest.mark.parametrize("size", [1, 5])
def test_either_bound_errs_as_seldom_as_it_says(share, size) -> None:
    """Of 1000 samples of costs with a long tail, alone and in groups of five."""
    rng = np.random.default_rng(2)
    draws = np.exp(np.repeat(rng.normal(size=200_000), size) + rng.normal(size=200_000 * size))
    true = float(np.quantile(draws, share))
    n_units = 150 if size == 1 else 80
    misses = np.zeros(2)
    for _ in range(1000):
        costs = np.exp(np.repeat(rng.normal(size=n_units), size) + rng.normal(size=n_units * size))
        found = quantile(costs, np.repeat(np.arange(n_units), size), share, 0.9)
        assert found.low is not None
        assert found.high is not None
        misses += (found.low > true, found.high < true)
    assert misses.max() <= binom.isf(1e-4, 1000, 0.05)
