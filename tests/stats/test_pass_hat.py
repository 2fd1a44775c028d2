"""pass^k: its definition, its limits, and how it falls."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from judgekit.errors import InputError
from judgekit.stats.pass_hat import all_of_k, pass_hat
from judgekit.stats.population_mean import Drawn


def tried(n_trials, weights=None):
    n_trials = np.asarray(n_trials, dtype=int)
    alike = np.ones(len(n_trials))
    return Drawn(np.zeros(len(n_trials)), n_trials, np.arange(len(n_trials)), alike if weights is None else weights)


def values(n_successes, n_trials, weights=None):
    found = pass_hat(np.asarray(n_successes, dtype=int), tried(n_trials, weights), 0.95)
    return {k: each.value for k, each in found.items()}


@given(st.lists(st.booleans(), min_size=1, max_size=7), st.data())
def test_one_input_is_its_share_of_successful_sets(trials, data):
    """Counted set by set, as in the definition, and C(successes, k) / C(trials, k)."""
    k = data.draw(st.integers(1, len(trials)))
    [found] = all_of_k(np.array([sum(trials)]), np.array([len(trials)]), k)
    sets = list(combinations(trials, k))
    assert found == pytest.approx(sum(map(all, sets)) / len(sets))
    assert found == pytest.approx(math.comb(sum(trials), k) / math.comb(len(trials), k))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(5, 8)), min_size=1, max_size=20))
def test_it_never_rises_with_k(inputs):
    """And pass^1 is the mean of the success rates."""
    n_successes, n_trials = map(np.array, zip(*inputs, strict=True))
    found = values(n_successes, n_trials)
    assert found[1] == pytest.approx(np.mean(n_successes / n_trials))
    assert all(found[k] <= found[k - 1] + 1e-12 for k in list(found)[1:])
    assert list(found) == list(range(1, min(n_trials) + 1))


def test_inputs_that_always_or_never_succeed_lose_nothing():
    """Three of four inputs: 75% at every k."""
    assert values([4, 4, 0, 4], [4, 4, 4, 4]) == {1: 0.75, 2: 0.75, 3: 0.75, 4: 0.75}


def test_inputs_count_by_their_weight():
    """pass^2 of 1 with weight 3 and of 0 with weight 1."""
    assert values([2, 1], [2, 2], np.array([3.0, 1.0]))[2] == 0.75


def test_k_ends_where_an_input_has_no_more_trials():
    """No input, no k; the fewest trials are the last k."""
    assert values([], []) == {}
    assert list(values([3, 1], [5, 2])) == [1, 2]


def test_trials_and_inputs_are_counted():
    """n is the trials, the units are what was drawn together."""
    found = pass_hat(np.full(12, 2), tried(np.full(12, 3)), 0.9)[2]
    assert (found.n, found.n_clusters, found.level, found.method) == (36, 12, 0.9, "wilson effective")


@pytest.mark.parametrize(("n_successes", "n_trials"), [([3], [2]), ([-1], [2]), ([0], [0])])
def test_counts_that_cannot_be_are_refused(n_successes, n_trials):
    """More successes than trials, fewer than none, no trial."""
    with pytest.raises(InputError, match="more successes than trials, or no trial"):
        values(n_successes, n_trials)
