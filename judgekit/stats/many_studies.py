"""The tuned PPI++ difference of many simulated studies at once, of inputs that stand alone.

The same arithmetic as `version_difference.powered_difference`, on sums over kinds of inputs instead of inputs; a test
holds every study against that function.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from judgekit.stats.partly_labelled import MIN_LABELS
from judgekit.stats.sample import FloatArray, IntArray
from judgekit.stats.version_difference import ENOUGH_MOVED, MOST_MADE_UP

_LEAST_DOUBT = 1e-9


@dataclass(frozen=True, eq=False)
class Studies:
    """Studies of inputs that stand alone, as how many inputs of each kind they have.

    Attributes:
        human: The experts' difference on each kind of labelled input, shape (n_kinds,) or (n_studies, n_kinds).
        judge: The judge's on the same.
        n_labelled: Labelled inputs of each kind, shape (n_studies, n_kinds).
        other: The judge's difference on each kind of input without labels, shape (n_others,) or (n_studies, n_others).
        n_other: Inputs without labels of each kind, shape (n_studies, n_others).
    """

    human: FloatArray
    judge: FloatArray
    n_labelled: IntArray
    other: FloatArray
    n_other: IntArray


def powered_bounds(studies: Studies, *, step: float, level: float) -> tuple[FloatArray, FloatArray]:
    """Return the ends of each study's interval, shape (n_studies,); infinite where there is none.

    Args:
        studies: As many labelled inputs in each, and as many without.
        step: The scale's smallest difference; 0 where it has none.
        level: Of the interval.
    """
    n, n_others = int(studies.n_labelled[0].sum()), int(studies.n_other[0].sum())
    n_studies = len(studies.n_labelled)
    if n < MIN_LABELS:
        return np.full(n_studies, -math.inf), np.full(n_studies, math.inf)

    def total(values: FloatArray) -> FloatArray:
        found: FloatArray = (studies.n_labelled * values).sum(axis=1)
        return found

    mean, mean_judge = total(studies.human) / n, total(studies.judge) / n
    mean_other = (studies.n_other * studies.other).sum(axis=1) / n_others
    human, judge = studies.human - mean[:, None], studies.judge - mean_judge[:, None]
    other = (studies.n_other * (studies.other - mean_other[:, None]) ** 2).sum(axis=1)
    mean_all = (n * mean_judge + n_others * mean_other) / (n + n_others)
    squares = total(judge**2) + n * (mean_judge - mean_all) ** 2 + other + n_others * (mean_other - mean_all) ** 2
    spread = squares / (n + n_others - 1) * (1 / n + 1 / n_others)
    together = total(human * judge) / (n * (n - 1))
    power = np.clip(np.divide(together, spread, out=np.zeros(n_studies), where=spread > 0), 0, 1)
    left = human - power[:, None] * judge
    second, fourth = total(left**2), total(left**4)
    variance = second / (n * (n - 1)) + power**2 * other / (n_others * max(n_others - 1, 1))
    excess = n * np.divide(fourth, second**2, out=np.zeros(n_studies), where=second > 0) - 1
    n_free = np.minimum(np.where(excess > 0, 2 * n / np.where(excess > 0, excess, 1), n), n - 1) - 1
    n_moved = total((studies.human != 0).astype(np.float64))
    n_made_up = 1 + MOST_MADE_UP * np.maximum(0, 1 - n_moved / ENOUGH_MOVED)
    doubt = np.sqrt(variance + n_made_up * (step / (n + 2)) ** 2)
    value = mean + power * (mean_other - mean_judge)
    half = np.where(doubt > _LEAST_DOUBT * np.maximum(1, np.abs(value)), _t(level, n_free) * doubt, math.inf)
    return value - half, value + half


def _t(level: float, n_free: FloatArray) -> FloatArray:
    from scipy.special import stdtrit

    found: FloatArray = np.asarray(stdtrit(np.maximum(2.0, n_free), (1 + level) / 2), dtype=np.float64)
    return found
