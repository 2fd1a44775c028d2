"""Several tests at once: p-values adjusted so that each may be held against the level by itself.

Holm for gates (few, and all must hold), Benjamini-Hochberg for looking over slices, Benjamini-Yekutieli where the
tests share data. Which family a test belongs to is decided elsewhere.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from judgekit.errors import InputError
from judgekit.stats.sample import FloatArray


def holm(p_values: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> FloatArray:
    """Adjust p-values so that the chance of any false rejection stays under the level.

    Args:
        p_values: Shape (n_tests,), each from 0 to 1.
        weights: Each test's part of the error rate, up to a factor, positive; None: all alike.

    Returns:
        Adjusted p-values in the same order, shape (n_tests,); reject where at most the level.

    Raises:
        InputError: A p-value is missing or not between 0 and 1, or a weight is not positive.

    Source: Holm 1979, weights included.

    Example:
        Statsmodels gives these for three tests (`multipletests`, holm):

        >>> [round(float(p), 4) for p in holm([0.01, 0.04, 0.03])]
        [0.03, 0.06, 0.06]
    """
    tests = _checked(p_values)
    parts = np.ones(len(tests)) if weights is None else np.asarray(weights, dtype=np.float64)
    if parts.shape != tests.shape or not (parts > 0).all():
        raise InputError(f"weights {parts.tolist()} for {len(tests)} tests", hint="Give each test a positive weight")
    order = np.argsort(tests / parts, kind="stable")
    still_open = np.cumsum(parts[order][::-1])[::-1]
    stepped = np.maximum.accumulate(tests[order] * still_open / parts[order])
    adjusted = np.empty_like(tests)
    adjusted[order] = np.minimum(stepped, 1)
    return adjusted


def benjamini_hochberg(p_values: npt.ArrayLike) -> FloatArray:
    """Adjust p-values so that the expected share of false ones among the rejected stays under the level.

    Holds for independent tests, and for positively dependent ones. Else as `holm`.

    Source: Benjamini & Hochberg 1995.
    """
    return _stepped_up(_checked(p_values), 1.0)


def benjamini_yekutieli(p_values: npt.ArrayLike) -> FloatArray:
    """Adjust p-values as `benjamini_hochberg` does, but under any dependence: larger by 1 + 1/2 + ... + 1/n_tests.

    Source: Benjamini & Yekutieli 2001.
    """
    tests = _checked(p_values)
    return _stepped_up(tests, float((1 / np.arange(1, len(tests) + 1)).sum()))


def _stepped_up(tests: FloatArray, price: float) -> FloatArray:
    """Return p x price x n_tests / rank, made to ascend from the largest p-value down, and at most 1."""
    n_tests = len(tests)
    order = np.argsort(tests, kind="stable")
    scaled = tests[order] * price * n_tests / np.arange(1, n_tests + 1)
    adjusted = np.empty_like(tests)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1)
    return adjusted


def _checked(p_values: npt.ArrayLike) -> FloatArray:
    tests = np.asarray(p_values, dtype=np.float64)
    if tests.ndim != 1:
        raise InputError(f"p-values have shape {tests.shape}", hint="Give one p-value a test, in one row")
    for place in np.flatnonzero(~((tests >= 0) & (tests <= 1)))[:1]:
        raise InputError(
            f"p-value {tests[place]:g} is not between 0 and 1",
            where=f"test {place + 1}",
            hint="Leave out tests that are undefined, and say how many",
        )
    return tests
