"""Straight lines from a judge's number to the expert's: a shift, a shift and a slope, a ridge over several inputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from judgekit.stats.sample import FloatArray


@dataclass(frozen=True, slots=True)
class LinearMap:
    """`intercept + inputs @ slopes`, frozen.

    Attributes:
        intercept: Units of the expert's scale.
        slopes: One per input.
    """

    intercept: float
    slopes: tuple[float, ...]

    def predict(self, inputs: FloatArray) -> FloatArray:
        """Return the expert's expected number, shape (n,), of inputs, shape (n, n_inputs)."""
        return np.asarray(self.intercept + inputs @ np.array(self.slopes), dtype=np.float64)


def fit_offset(judge: FloatArray, human: FloatArray) -> LinearMap:
    """Return the shift that takes the judge's bias away.

    Args:
        judge: Shape (n,).
        human: Shape (n,).

    Example:
        Bland & Altman 1986: the large meter reads 2.1176 below the small one on average, of which two rows:

        >>> fit_offset(np.array([494.0, 395.0]), np.array([512.0, 430.0])).intercept
        26.5
    """
    return LinearMap(float(np.mean(human - judge)), (1.0,))


def fit_line(judge: FloatArray, human: FloatArray) -> LinearMap:
    """Return the least-squares line, never falling: calibration does not turn a judge round.

    A constant judge, or one that falls where experts rise, gets slope 0: everybody gets the experts' mean.
    """
    away = judge - judge.mean()
    spread = float(away @ away)
    slope = max(0.0, float(away @ human) / spread) if spread > 0 else 0.0
    return LinearMap(float(human.mean() - slope * judge.mean()), (slope,))


def fit_ridge(inputs: FloatArray, human: FloatArray, penalty: float) -> LinearMap:
    """Return the ridge regression on standardised inputs, in terms of the inputs as they are.

    Args:
        inputs: Shape (n, n_inputs); one that never varies gets slope 0.
        human: Shape (n,).
        penalty: What squared slopes cost, in rows: at n rows, an input alone is shrunk by half where this is n.

    Source: Hoerl & Kennard 1970.
    """
    middle, spread = inputs.mean(axis=0), inputs.std(axis=0)
    varies = spread > 0
    scale = np.where(varies, spread, 1.0)
    standard = (inputs - middle) / scale * varies
    slopes = np.linalg.solve(
        standard.T @ standard + penalty * np.eye(inputs.shape[1]), standard.T @ (human - human.mean())
    )
    own = slopes / scale * varies
    return LinearMap(float(human.mean() - own @ middle), tuple(map(float, own)))
