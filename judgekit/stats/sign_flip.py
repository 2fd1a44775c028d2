"""The exact sign-flip test: how often would sums as low as this one arise if each unit's sign were a coin toss."""

from __future__ import annotations

import numpy as np

from judgekit.stats.sample import FloatArray

_DECIMALS = 9
"""Sums that agree to this many decimals are the same sum."""


def sign_flip_p_value(differences: FloatArray) -> float:
    """One-sided p-value of a sum of differences being this low by chance, exact.

    The distribution is built up one unit at a time over its distinct sums, so that differences on a lattice (-1, 0, 1,
    or those less a constant) take polynomial time. For larger values than expected, pass the differences negated.

    Args:
        differences: One number per independent unit, symmetric about 0 under the null, shape (n_units,).

    Returns:
        From 2^-n to 1; 1 without units.

    Source: Fisher 1935, "The design of experiments", section 21.

    Example:
        Nine independent differences, all negative:

        >>> sign_flip_p_value(np.full(9, -0.4)) == 2**-9
        True
    """
    sums: FloatArray = np.zeros(1)
    shares: FloatArray = np.ones(1)
    for size in np.abs(differences):
        both = np.round(np.concatenate([sums - size, sums + size]), _DECIMALS)
        sums, place = np.unique(both, return_inverse=True)
        shares = np.bincount(place, weights=np.concatenate([shares, shares]) / 2).astype(np.float64)
    # Rounded at every step, a sum may be off by half a unit in the last decimal a step.
    slack = (len(differences) + 1) * 10.0**-_DECIMALS
    return float(min(1.0, shares[sums <= differences.sum() + slack].sum()))
