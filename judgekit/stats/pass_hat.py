"""pass^k: how often k trials of the same input all succeed (tau-bench).

pass^1 is the mean of the inputs' success rates; pass^k falls with k where success is a matter of luck, and stays where
each input either always or never succeeds.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from judgekit.errors import InputError
from judgekit.stats.estimate import Estimate
from judgekit.stats.population_mean import Drawn, population_share
from judgekit.stats.sample import FloatArray, IntArray


def pass_hat(n_successes: IntArray, drawn: Drawn, level: float) -> dict[int, Estimate]:
    """Return pass^k for every k that all inputs have trials for; empty without inputs.

    Args:
        n_successes: Trials of each input that succeeded, shape (n_inputs,).
        drawn: Inputs with their trials as `n_sessions`; `values` are not looked at.
        level: Coverage of the intervals.

    Raises:
        InputError: An input has more successes than trials, or no trial.

    Source: Yao et al. 2024, section 3: the mean over inputs of C(successes, k) / C(trials, k).

    Example:
        Two inputs of four trials, of which three and four succeed: pass^2 is (3/6 + 6/6) / 2.

        >>> two = Drawn(np.zeros(2), np.array([4, 4]), np.arange(2), np.ones(2))
        >>> [round(each.value, 3) for each in pass_hat(np.array([3, 4]), two, 0.95).values()]
        [0.875, 0.75, 0.625, 0.5]
    """
    n_trials = drawn.n_sessions
    if np.any((n_successes < 0) | (n_successes > n_trials) | (n_trials < 1)):
        raise InputError("an input has more successes than trials, or no trial", hint="Count both over the same trials")
    most = int(n_trials.min()) if len(n_trials) else 0
    return {
        k: population_share(replace(drawn, values=all_of_k(n_successes, n_trials, k)), level)
        for k in range(1, most + 1)
    }


def all_of_k(n_successes: IntArray, n_trials: IntArray, k: int) -> FloatArray:
    """Return the share of sets of k trials that hold successes only, C(successes, k) / C(trials, k), per input.

    Args:
        n_successes: Shape (n_inputs,).
        n_trials: Shape (n_inputs,), at least k each.
        k: Trials in a set.
    """
    steps = np.arange(k)
    left = np.clip(np.asarray(n_successes)[:, None] - steps, 0, None)
    shares: FloatArray = np.prod(left / (np.asarray(n_trials)[:, None] - steps), axis=1)
    return shares
