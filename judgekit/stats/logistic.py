"""Logistic calibrators: Platt's line for one probability, and a ridge over several inputs for two levels or more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from judgekit.stats.sample import FloatArray

_N_STEPS = 30
"""Of Newton's method, which doubles its digits each time."""


@dataclass(frozen=True, slots=True)
class Logistic:
    """Multinomial logits of levels against inputs.

    Attributes:
        intercepts: One per level.
        slopes: One row per level, one column per input.
    """

    intercepts: tuple[float, ...]
    slopes: tuple[tuple[float, ...], ...]

    def predict(self, inputs: FloatArray) -> FloatArray:
        """Return the distribution of the expert's level, shape (n, n_levels), of inputs, shape (n, n_inputs)."""
        return _softmax(inputs @ np.array(self.slopes).T + np.array(self.intercepts))


def fit_platt(judge: FloatArray, is_upper: FloatArray) -> Logistic:
    """Return P(upper level) = s(a + b judge), fitted to Platt's targets, so that no separation breaks it.

    A judge that falls where experts rise gets slope 0 and the targets' mean: calibration does not turn a judge round.

    Args:
        judge: Shape (n,): a probability, a score, a 0 or 1.
        is_upper: Whether the expert chose the upper level, shape (n,); between 0 and 1 where experts tie.

    Source: Platt 1999; Newton's method as in Lin, Lin & Weng 2007.

    Example:
        >>> fitted = fit_platt(np.array([0.1, 0.2, 0.8, 0.9]), np.array([0.0, 0.0, 1.0, 1.0]))
        >>> fitted.predict(np.array([[0.5]])).round(6).tolist()
        [[0.5, 0.5]]
    """
    n_upper = float(is_upper.sum())
    n_lower = len(is_upper) - n_upper
    target = is_upper * (n_upper + 1) / (n_upper + 2) + (1 - is_upper) / (n_lower + 2)
    middle, spread = float(judge.mean()), float(judge.std()) or 1.0
    rows = np.column_stack([np.ones(len(judge)), (judge - middle) / spread])
    weights = np.zeros(2)
    for _ in range(_N_STEPS):
        chance = 1 / (1 + np.exp(-rows @ weights))
        # A ridge of rounding size keeps the step defined for a judge that never varies.
        curvature = (rows * (chance * (1 - chance))[:, None]).T @ rows + 1e-9 * np.eye(2)
        weights = weights + np.clip(np.linalg.solve(curvature, rows.T @ (target - chance)), -2, 2)
    if weights[1] < 0:
        weights = np.array([np.log(target.mean() / (1 - target.mean())), 0.0])
    slope = float(weights[1]) / spread
    return Logistic((0.0, float(weights[0]) - slope * middle), ((0.0,), (slope,)))


def fit_logistic_ridge(inputs: FloatArray, human: FloatArray, penalty: float) -> Logistic:
    """Return multinomial logits with an L2 penalty on standardised slopes, in terms of the inputs as they are.

    Args:
        inputs: Shape (n, n_inputs); one that never varies gets slope 0.
        human: The expert's shares of the levels, shape (n, n_levels).
        penalty: What half the squared slopes cost, in units of log-likelihood.

    Source: le Cessie & van Houwelingen 1992; multinomial form of Friedman, Hastie & Tibshirani 2010, eq. 22.
    """
    from scipy.optimize import minimize

    middle, spread = inputs.mean(axis=0), inputs.std(axis=0)
    varies = spread > 0
    scale = np.where(varies, spread, 1.0)
    standard = (inputs - middle) / scale * varies
    n_levels, n_inputs = human.shape[1], inputs.shape[1]
    # A level that no expert chose would send its intercept to minus infinity: each gets half a label.
    wanted = (human.sum(axis=0) + 0.5) / (len(human) + 0.5 * n_levels)
    start = np.zeros((n_levels, 1 + n_inputs))
    start[:, 0] = np.log(wanted)

    def loss(flat: FloatArray) -> tuple[float, FloatArray]:
        weights = flat.reshape(n_levels, 1 + n_inputs)
        chance = _softmax(standard @ weights[:, 1:].T + weights[:, 0])
        prior = _softmax(weights[None, :, 0])[0]
        value = -float((human * np.log(np.maximum(chance, 1e-300))).sum() + 0.5 * np.log(prior).sum())
        value += 0.5 * penalty * float((weights[:, 1:] ** 2).sum())
        away = chance - human
        slope = np.column_stack([away.sum(axis=0) + 0.5 * (n_levels * prior - 1), away.T @ standard])
        slope[:, 1:] += penalty * weights[:, 1:]
        return value, slope.ravel()

    found = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B").x.reshape(n_levels, 1 + n_inputs)
    slopes = found[:, 1:] / scale * varies
    intercepts = found[:, 0] - slopes @ middle
    return Logistic(tuple(map(float, intercepts)), tuple(tuple(map(float, row)) for row in slopes))


def _softmax(logits: FloatArray) -> FloatArray:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True), dtype=np.float64)
