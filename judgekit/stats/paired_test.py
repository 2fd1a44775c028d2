"""Tests of no difference between two versions on the same inputs, two-sided: McNemar, sign-flip and Wilcoxon.

They stand beside an estimate of the difference, never in its place. Where inputs come in groups, whole groups change
sign together; what has no such form (McNemar) is for inputs that stand alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from judgekit.stats.sample import FloatArray, IntArray
from judgekit.stats.sign_flip import sign_flip_p_value
from judgekit.stats.unit_sums import sums_by_unit

MAX_EXACT = 16
"""Units that differ up to which any differences are tested exactly; beyond, only those with few distinct sums."""
MAX_EXACT_RANKS = 50
"""Units that differ up to which ranks are tested exactly: their sums are at most some thousand."""
N_PERMUTATIONS = 9_999
_CHUNK = 500
"""Sign changes drawn at once, which bounds the memory."""


@dataclass(frozen=True, slots=True)
class PairedTest:
    """A two-sided test of no difference.

    Attributes:
        p_value: From 0 to 1.
        n_up: Inputs, or units, on which the candidate is higher.
        n_down: Those on which it is lower.
        method: `exact`, or how it was drawn or approximated.
    """

    p_value: float
    n_up: int
    n_down: int
    method: str


def mcnemar(n_up: int, n_down: int, *, mid_p: bool = False) -> PairedTest:
    """Return McNemar's exact test of passes that changed; 1 where none did.

    Args:
        n_up: Inputs that fail with the baseline and pass with the candidate.
        n_down: Those that pass with the baseline alone.
        mid_p: Count what is as likely as what was seen by half: nearer to the stated level, seldom above it.

    Source: McNemar 1947; Fagerland, Lydersen & Laake 2013 (mid-p).

    Example:
        Five against one (statistics.md 12.1): .21875, mid-p .125.

        >>> round(mcnemar(5, 1).p_value, 5), round(mcnemar(5, 1, mid_p=True).p_value, 5)
        (0.21875, 0.125)
    """
    n, fewer = n_up + n_down, min(n_up, n_down)
    method = "mid-p" if mid_p else "exact"
    if n == 0:
        return PairedTest(1.0, 0, 0, method)
    from scipy.special import bdtr

    both = min(1.0, 2 * float(bdtr(fewer, n, 0.5)))
    if not mid_p:
        return PairedTest(both, n_up, n_down, method)
    seen = float(bdtr(fewer, n, 0.5)) - (float(bdtr(fewer - 1, n, 0.5)) if fewer else 0.0)
    return PairedTest(min(1.0, 2 * float(bdtr(fewer, n, 0.5)) - seen), n_up, n_down, method)


def sign_flip(differences: FloatArray, units: IntArray | None, rng: np.random.Generator) -> PairedTest:
    """Return the permutation test of a sum of differences: under the null each unit's sign is a coin toss.

    Exact up to 16 units that differ; beyond, from 9,999 drawn sign changes, with (b + 1) / (B + 1).

    Args:
        differences: Candidate minus baseline, shape (n_inputs,).
        units: The independent unit of each input, shape (n_inputs,); None: each its own.
        rng: Source of the sign changes.

    Source: Fisher 1935, "The design of experiments", section 21; Phipson & Smyth 2010 ((b + 1) / (B + 1)).

    Example:
        statistics.md 12.1: .0703, as exact McNemar has it.

        >>> d = np.array([1.0, 1, 0, 1, -1, 1, 1, 0, 1, 1])
        >>> round(sign_flip(d, None, np.random.default_rng(1)).p_value, 4)
        0.0703
    """
    sums = _of_units(differences, units)
    moved = sums[sums != 0]
    n_up, n_down = int((moved > 0).sum()), int((moved < 0).sum())
    if len(moved) <= MAX_EXACT:
        lower = min(sign_flip_p_value(moved), sign_flip_p_value(-moved))
        return PairedTest(min(1.0, 2 * lower), n_up, n_down, "exact")
    seen, slack = abs(float(moved.sum())), 1e-9 * float(np.abs(moved).sum())
    n_as_far = 0
    for start in range(0, N_PERMUTATIONS, _CHUNK):
        n = min(_CHUNK, N_PERMUTATIONS - start)
        signs = 2.0 * rng.integers(0, 2, size=(n, len(moved))) - 1.0
        n_as_far += int((np.abs(signs @ moved) >= seen - slack).sum())
    return PairedTest((n_as_far + 1) / (N_PERMUTATIONS + 1), n_up, n_down, f"{N_PERMUTATIONS} permutations")


def wilcoxon(differences: FloatArray, units: IntArray | None) -> PairedTest:
    """Return Wilcoxon's signed-rank test, zeros ranked and then dropped as Pratt does.

    Exact up to 50 units that differ, ties included; beyond, the normal approximation with its variance for ties.

    Args:
        differences: Candidate minus baseline, shape (n_inputs,).
        units: The independent unit of each input; the means of units are ranked. None: each its own.

    Source: Wilcoxon 1945; Pratt 1959.

    Example:
        statistics.md 12.1: eight differ alike, so that the exact test is the sign-flip's .0703.

        >>> round(wilcoxon(np.array([1.0, 1, 0, 1, -1, 1, 1, 0, 1, 1]), None).p_value, 4)
        0.0703
    """
    from scipy.stats import norm, rankdata

    means = differences if units is None else _of_units(differences, units) / _sizes(units)
    ranks = np.sign(means) * rankdata(np.round(np.abs(means), 9))
    moved: FloatArray = ranks[ranks != 0].astype(np.float64)
    n_up, n_down = int((moved > 0).sum()), int((moved < 0).sum())
    if len(moved) <= MAX_EXACT_RANKS:
        lower = min(sign_flip_p_value(moved), sign_flip_p_value(-moved))
        return PairedTest(min(1.0, 2 * lower), n_up, n_down, "exact")
    far = abs(float(moved.sum())) / float(np.sqrt(moved @ moved))
    return PairedTest(float(2 * norm.sf(far)), n_up, n_down, "normal approximation")


def _of_units(differences: FloatArray, units: IntArray | None) -> FloatArray:
    sums = differences if units is None else sums_by_unit(differences[:, None], units)[:, 0]
    return np.round(sums, 9)


def _sizes(units: IntArray) -> FloatArray:
    return np.unique(units, return_counts=True)[1].astype(np.float64)
