"""Cumulative logits with one slope: from a judge's number to the distribution of an ordinal label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from judgekit.stats.sample import FloatArray

_LARGEST = 40.0
"""Logits beyond this are certainty in double precision."""
_LEAST = 1e-12
_RIDGE = _TOLERANCE = 1e-9
_STEEPEST = 20.0
"""Slope on the standardised judge at which one that separates all labels is held."""
_N_STEPS, _N_HALVINGS = 30, 12


@dataclass(frozen=True, slots=True)
class ProportionalOdds:
    """logit P(expert's level <= k) = thresholds[k] - slope x judge.

    Attributes:
        thresholds: One per step between levels, ascending.
        slope: 0 or more.
        log_likelihood: Of the labels it was fitted to.
    """

    thresholds: tuple[float, ...]
    slope: float
    log_likelihood: float

    def predict(self, judge: FloatArray) -> FloatArray:
        """Return the distribution of the expert's level, shape (n, n_levels), of the judge's numbers, shape (n,)."""
        return _chances(np.array(self.thresholds), self.slope * judge)


def fit_proportional_odds(judge: FloatArray, human: FloatArray) -> ProportionalOdds:
    """Return the maximum-likelihood fit; a slope below 0 is held at 0.

    Args:
        judge: Shape (n,).
        human: The expert's shares of the levels, shape (n, n_levels). Levels nobody chose have chance 0, those at the
            ends too.

    Source: McCullagh 1980, by Fisher scoring; fixture of statsmodels' OrderedModel.

    Example:
        >>> judge = np.array([1.0, 1, 2, 2, 3, 3, 4, 4, 5, 5])
        >>> found = fit_proportional_odds(judge, np.eye(5)[np.array([1, 2, 1, 3, 2, 4, 3, 4, 5, 4]) - 1])
        >>> round(found.slope, 3), round(found.log_likelihood, 5)
        (1.652, -10.82198)
    """
    chosen = human.sum(axis=0) > 0
    labels = human[:, chosen]
    below = np.cumsum(labels.sum(axis=0))[:-1] / labels.sum()
    middle, spread = float(judge.mean()), float(judge.std()) or 1.0
    standard = (judge - middle) / spread
    start = np.concatenate([np.log(below / (1 - below)), [0.0]])
    found = _scored(start, standard, labels)
    if found[-1] < 0:
        found = start  # with slope 0 the labels' own shares are the best fit
    slope = float(found[-1]) / spread
    thresholds = _over_all(found[:-1] + slope * middle, chosen)
    return ProportionalOdds(thresholds, slope, _log_likelihood(found, standard, labels))


def _scored(weights: FloatArray, judge: FloatArray, labels: FloatArray) -> FloatArray:
    """Return thresholds and slope after Fisher scoring, each step halved until the likelihood does not fall."""
    best = _log_likelihood(weights, judge, labels)
    for _ in range(_N_STEPS):
        step = _step(weights, judge, labels)
        if np.abs(step).max() < _TOLERANCE:
            break
        for _ in range(_N_HALVINGS):
            tried = weights + step
            likelihood = _log_likelihood(tried, judge, labels)
            if likelihood >= best and (np.diff(tried[:-1]) > 0).all() and abs(tried[-1]) < _STEEPEST:
                weights, best = tried, likelihood
                break
            step = step / 2
    return weights


def _step(weights: FloatArray, judge: FloatArray, labels: FloatArray) -> FloatArray:
    """Return information^-1 x score, of thresholds and slope."""
    chance = np.maximum(_chances(weights[:-1], weights[-1] * judge), _LEAST)
    below = _below(weights[:-1], weights[-1] * judge)
    n_rows, n_steps = below.shape
    bend = below * (1 - below)
    slopes = np.zeros((n_rows, n_steps + 1, n_steps + 1))  # of each level's chance by each weight
    steps = np.arange(n_steps)
    slopes[:, steps, steps] = bend
    slopes[:, steps + 1, steps] -= bend
    slopes[:, :-1, -1] = -judge[:, None] * bend
    slopes[:, 1:, -1] += judge[:, None] * bend
    score = np.einsum("ik,ikj->j", labels / chance, slopes)
    information = np.einsum("ik,ikj,ikl->jl", 1 / chance, slopes, slopes)
    return np.linalg.solve(information + _RIDGE * np.eye(n_steps + 1), score)


def _log_likelihood(weights: FloatArray, judge: FloatArray, labels: FloatArray) -> float:
    chance = np.maximum(_chances(weights[:-1], weights[-1] * judge), _LEAST)
    return float((labels * np.log(chance)).sum())


def _over_all(thresholds: FloatArray, chosen: np.ndarray) -> tuple[float, ...]:
    """Return a threshold per step of all levels: at a level nobody chose, the same as below it."""
    padded = np.concatenate([[-np.inf], thresholds, [np.inf]])
    passed = np.cumsum(chosen)[:-1]  # chosen levels at or below each step
    return tuple(float(np.clip(padded[n], -1e6, 1e6)) for n in passed)


def _chances(thresholds: FloatArray, pull: FloatArray) -> FloatArray:
    edge = np.ones((len(pull), 1))
    return np.diff(np.hstack([0 * edge, _below(thresholds, pull), edge]), axis=1)


def _below(thresholds: FloatArray, pull: FloatArray) -> FloatArray:
    """Return the chance of a level at or below each step, shape (n, n_steps)."""
    logits = np.clip(thresholds[None, :] - pull[:, None], -_LARGEST, _LARGEST)
    return np.asarray(1 / (1 + np.exp(-logits)), dtype=np.float64)
