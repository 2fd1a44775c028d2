"""Simulations: a 95% interval holds the truth about 95 times in a hundred."""

import numpy as np
import pytest
from scipy.stats import binom

from judgekit.stats.metric import measure
from judgekit.stats.sample import Sample

pytestmark = pytest.mark.slow
N_RUNS = 1_000


def covered(metric, truth, draw):
    """Count runs whose interval holds the truth, and runs that have an interval."""
    rng = np.random.default_rng(20_261_101)
    estimates = [measure(metric, draw(rng), rng=rng) for _ in range(N_RUNS)]
    with_interval = [found for found in estimates if found.low is not None]
    return sum(found.low <= truth <= found.high for found in with_interval), len(with_interval)


def fits(n_covered, n_runs, low, high):
    """Whether the count could come from a coverage between two rates, at one in ten thousand."""
    return binom.ppf(1e-4, n_runs, low) <= n_covered <= binom.ppf(1 - 1e-4, n_runs, high)


@pytest.mark.parametrize(("prevalence", "kappa"), [(0.5, 0.700), (0.85, 0.541)])
def test_kappa_interval_covers_at_a_hundred_rows(prevalence, kappa):
    """Balanced and rare classes, two raters with equal margins."""

    def draw(rng):
        # The second copies the first on a share kappa of the rows and is independent of it on the rest.
        first = rng.random(100) < prevalence
        second = np.where(rng.random(100) < kappa, first, rng.random(100) < prevalence)
        return Sample(np.column_stack([first, second]).astype(float), levels=np.array([0.0, 1.0]))

    n_covered, n_runs = covered("cohen_kappa", kappa, draw)

    assert n_runs > 0.99 * N_RUNS
    assert fits(n_covered, n_runs, 0.94, 0.97)


def test_clustered_accuracy_covers_by_session_and_not_by_row():
    """60 sessions of 5 turns, ICC .2: the cluster interval covers, the one that ignores sessions does not."""
    units = np.repeat(np.arange(60), 5)

    def draw(rng, units=units):
        # A beta-binomial: ICC = 1 / (a + b + 1) = .2, mean .7.
        right = rng.random(300) < np.repeat(rng.beta(2.8, 1.2, size=60), 5)
        return Sample(np.column_stack([right, np.ones(300)]).astype(float), units=units)

    n_covered, n_runs = covered("accuracy", 0.7, draw)
    n_naive, n_naive_runs = covered("accuracy", 0.7, lambda rng: draw(rng, units=None))

    assert fits(n_covered, n_runs, 0.93, 0.96)
    assert n_naive < 0.9 * n_naive_runs
