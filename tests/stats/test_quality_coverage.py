"""Simulations: intervals of shares, means and pass^k that say 95% hold the truth at least 93.5 times in a hundred.

Inputs differ in how likely their trials succeed (beta-binomial), groups in size, sessions in their probability of being
labelled. `pytest -m slow -s` shows the table.
"""

import math

import numpy as np
import pytest

from judgekit.stats.pass_hat import pass_hat
from judgekit.stats.population_mean import Drawn, population_mean, population_share
from judgekit.stats.unit_sums import Resampling
from tests.stats.test_interval_coverage import covers_at_least

pytestmark = pytest.mark.slow
N_RUNS = 1_000
SEED = 20_261_101


def drawn(values, units=None, weights=None, n_sessions=None):
    alike = np.ones(len(values))
    return Drawn(
        values,
        alike.astype(int) if n_sessions is None else n_sessions,
        np.arange(len(values)) if units is None else units,
        alike if weights is None else weights,
    )


def covered(estimates, truth):
    """Return how many intervals hold the truth, and how many there are."""
    ends = [(each.low, each.high) for each in estimates if each.low is not None]
    return sum(low - 1e-12 <= truth <= high + 1e-12 for low, high in ends), len(ends)


def beta(rng, mean, icc, size):
    strength = 1 / icc - 1
    return rng.beta(mean * strength, (1 - mean) * strength, size=size)


def tau_like(rng, mean, icc, n_inputs=50, n_trials=4):
    """pass^k of one benchmark: 50 inputs, 4 trials each."""
    n_successes = rng.binomial(n_trials, beta(rng, mean, icc, n_inputs))
    trials = drawn(np.zeros(n_inputs), n_sessions=np.full(n_inputs, n_trials))
    return pass_hat(n_successes, trials, 0.95)


@pytest.mark.parametrize("icc", [0.05, 0.3, 0.7])
@pytest.mark.parametrize("mean", [0.05, 0.2, 0.42, 0.7, 0.9, 0.97])
def test_pass_hat_of_fifty_inputs_covers(mean, icc):
    """pass^1 and pass^2 (and 3 and 4) over 50 inputs of 4 trials; every run prints an interval."""
    rng, strength = np.random.default_rng(SEED), 1 / icc - 1
    runs = [tau_like(rng, mean, icc) for _ in range(N_RUNS)]
    for k in (1, 2, 3, 4):
        truth = math.prod((mean * strength + i) / (strength + i) for i in range(k))
        n_covered, n_printed = covered([run[k] for run in runs], truth)
        print(f"\npass^{k} = {truth:.3f} (mean {mean}, icc {icc}) covered {n_covered / n_printed:.1%}", end=" ")
        assert n_printed == N_RUNS
        assert covers_at_least(n_covered, n_printed, 0.935)


@pytest.mark.parametrize("sizes", ["alone", "four", "one to nine", "heavy-tailed"])
@pytest.mark.parametrize("n_groups", [12, 30, 100])
@pytest.mark.parametrize(("mean", "icc"), [(0.1, 0.3), (0.5, 0.05), (0.8, 0.7)])
def test_shares_over_groups_cover(n_groups, sizes, mean, icc):
    """Groups of one, of four, of one to nine sessions; of heavy tails few runs have an interval, or those cover."""
    rng = np.random.default_rng(SEED)

    def once():
        drawings = {"alone": np.ones(n_groups, int), "four": np.full(n_groups, 4)}
        drawings |= {"one to nine": rng.integers(1, 10, n_groups)}
        drawings |= {"heavy-tailed": np.minimum(rng.zipf(1.8, n_groups), 40)}
        units = np.repeat(np.arange(n_groups), drawings[sizes])
        passed = rng.random(len(units)) < beta(rng, mean, icc, n_groups)[units]
        return population_share(drawn(passed.astype(float), units), 0.95)

    n_covered, n_printed = covered([once() for _ in range(N_RUNS)], mean)
    print(f"\n{n_groups} groups, {sizes}: printed {n_printed / N_RUNS:.1%}", end=" ")
    assert n_printed == N_RUNS or sizes == "heavy-tailed"
    assert n_printed < 0.3 * N_RUNS or covers_at_least(n_covered, n_printed, 0.935)


def sampled(rng, n, chances):
    """Two kinds of sessions, the rarer one worse and likelier to be labelled: kind and weight of each labelled one."""
    shares = np.array([0.8, 0.2])
    kind = rng.choice(2, size=n, p=shares * chances / (shares @ chances))
    return kind, 1 / chances[kind]


@pytest.mark.parametrize("n", [50, 150])
@pytest.mark.parametrize("chances", [(0.1, 0.3), (0.05, 0.2)])
def test_weighted_figures_cover(n, chances):
    """Share .8 x .9 + .2 x .4 = .8; mean .8 x 4 + .2 x 2.5 = 3.7."""
    rng = np.random.default_rng(SEED)
    shares, means = [], []
    for _ in range(N_RUNS):
        kind, weights = sampled(rng, n, np.array(chances))
        passed = rng.random(n) < np.array([0.9, 0.4])[kind]
        grades = rng.normal(np.array([4, 2.5])[kind], 0.8)
        shares.append(population_share(drawn(passed.astype(float), weights=weights), 0.95))
        resampling = Resampling(rng, n_resamples=500)
        means.append(population_mean(drawn(grades, weights=weights), resampling))
    for found, truth in ((shares, 0.8), (means, 3.7)):
        n_covered, n_printed = covered(found, truth)
        print(f"\n{chances}, {n} sessions: {n_covered / n_printed:.1%} of {n_printed}", end=" ")
        assert n_printed > 0.5 * N_RUNS
        assert covers_at_least(n_covered, n_printed, 0.935)


def test_without_weights_the_same_labels_mislead():
    """The simulation can fail: counted alike, sessions likelier to be labelled for being bad pull the share down."""
    rng, found = np.random.default_rng(SEED), []
    for _ in range(N_RUNS):
        kind, _ = sampled(rng, 150, np.array([0.1, 0.3]))
        passed = rng.random(150) < np.array([0.9, 0.4])[kind]
        found.append(population_share(drawn(passed.astype(float)), 0.95))
    n_covered, _ = covered(found, 0.8)
    assert n_covered < 0.2 * N_RUNS


def test_trials_counted_one_by_one_do_not_cover():
    """The simulation can fail: trials of one input taken for independent hold pass^1 under nine times in ten."""
    rng, found = np.random.default_rng(SEED), []
    for _ in range(N_RUNS):
        chance = np.repeat(beta(rng, 0.42, 0.5, 50), 4)
        found.append(population_share(drawn((rng.random(200) < chance).astype(float)), 0.95))
    n_covered, n_printed = covered(found, 0.42)
    assert not covers_at_least(n_covered, n_printed, 0.9)
