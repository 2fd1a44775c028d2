"""Bounds where two columns hardly differ: exact, one-sided on the careful side, absent where nothing can be said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from judgekit.stats.metric import measure
from judgekit.stats.near_agreement import careful_bias, graded_kappa, near_bias, near_kappa
from judgekit.stats.sample import FloatArray, Sample
from judgekit.stats.unit_sums import Resampling

FIVE = np.arange(1.0, 6.0)
TWO = np.array([0.0, 1.0])


def drawn(level: float = 0.95, n: int = 1000, seed: int = 1) -> Resampling:
    return Resampling(np.random.default_rng(seed), level, n)


def rows(*counts: tuple[float, float, int]) -> FloatArray:
    return np.array([(a, b) for a, b, n in counts for _ in range(n)], dtype=np.float64)


def low(found: Any) -> float:
    """Return the lower end, which must be there."""
    assert found.low is not None
    return float(found.low)


def high(found: Any) -> float:
    assert found.high is not None
    return float(found.high)


def test_more_rows_without_a_difference_bring_the_bound_closer_to_one() -> None:
    """And a lower level does."""
    bounds = [low(near_kappa(Sample(rows((0, 0, n), (1, 1, n)), levels=TWO), is_quadratic=False, resampling=drawn()))
              for n in (20, 50, 200)]  # fmt: skip
    assert bounds == sorted(bounds)
    assert bounds[-1] > 0.97
    near = Sample(rows((0, 0, 50), (1, 1, 50), (0, 1, 2)), levels=TWO)
    wide, narrow = (low(near_kappa(near, is_quadratic=False, resampling=drawn(level))) for level in (0.99, 0.8))
    assert wide < narrow < (measure("cohen_kappa", near, rng=np.random.default_rng(1)).value or 0)


def test_graded_bounds_lie_below_the_bootstraps() -> None:
    """One far miss more than was seen: also where none was seen at all."""
    seen = rows((1, 1, 30), (2, 2, 30), (3, 4, 10), (4, 4, 40), (5, 5, 30))
    sample = Sample(seen, levels=FIVE)
    plain = measure("cohen_kappa_quadratic", sample, rng=np.random.default_rng(1), n_resamples=1000)
    careful = graded_kappa(sample, resampling=drawn())
    assert low(careful) < low(plain)
    assert "with one far miss added" in careful.method
    same = Sample(rows((1, 1, 30), (3, 3, 60), (5, 5, 30)), levels=FIVE)
    assert measure("cohen_kappa_quadratic", same, rng=np.random.default_rng(1)).low is None
    assert 0.85 < low(graded_kappa(same, resampling=drawn())) < 1


def test_a_careful_bias_reaches_further_on_both_sides() -> None:
    """One far miss more on either side than was seen."""
    sample = Sample(rows((2, 1, 20), (3, 3, 80), (4, 5, 25), (1, 4, 3)), levels=FIVE)
    plain = measure("bias", sample, rng=np.random.default_rng(1), n_resamples=1000)
    careful = careful_bias(sample, resampling=drawn())
    assert low(careful) < low(plain)
    assert high(careful) > high(plain)
    assert "with one far miss added" in careful.method


def test_clusters_count_once() -> None:
    """Ten rows a unit leave a tenth of the trials."""
    told = rows((0, 0, 150), (1, 1, 150))
    order = np.random.default_rng(3).permutation(300)
    alone, together = Sample(told[order], levels=TWO), Sample(told[order], units=np.arange(300) // 10, levels=TWO)
    assert high(near_bias(together, 0.95)) > 5 * high(near_bias(alone, 0.95))
    apart = [low(near_kappa(each, is_quadratic=False, resampling=drawn())) for each in (together, alone)]
    assert apart[0] < apart[1]
    graded = [graded_kappa(each, resampling=drawn()).low for each in (together, alone)]
    assert None not in graded


def test_bias_is_bounded_by_the_longest_distance() -> None:
    """Exact: no difference in 150 rows leaves 2.43% on either side, over a scale of four."""
    told = Sample(rows((1, 1, 75), (5, 5, 75)), levels=FIVE)
    found = near_bias(told, 0.95)
    assert (found.low, found.high) == pytest.approx((-4 * 0.02429, 4 * 0.02429), abs=1e-3)
    higher = near_bias(Sample(rows((1, 1, 75), (5, 5, 73), (5, 1, 2)), levels=FIVE), 0.95)
    assert high(higher) > 1.8 * high(found)
    assert higher.low == pytest.approx(found.low)


@pytest.mark.parametrize("bound", [
    lambda sample: near_kappa(sample, is_quadratic=True, resampling=drawn()),
    lambda sample: graded_kappa(sample, resampling=drawn()),
    lambda sample: near_bias(sample, 0.95),
    lambda sample: careful_bias(sample, resampling=drawn()),
])  # fmt: skip
def test_there_is_no_bound_without_levels_or_units(bound) -> None:
    """Nine rows, or numbers without levels."""
    assert bound(Sample(rows((1, 1, 5), (5, 5, 4)), levels=FIVE)).low is None
    assert bound(Sample(rows((1, 1, 30), (5, 5, 30)))).low is None


def test_a_second_column_that_never_varies_has_no_kappa_to_bound() -> None:
    """All the same, or all but one."""
    for told in (rows((0, 0, 60)), rows((0, 0, 59), (1, 1, 1))):
        found = near_kappa(Sample(told, levels=TWO), is_quadratic=False, resampling=drawn())
        assert (found.low, found.method) == (None, "none: the second column hardly varies")


@pytest.mark.slow
@pytest.mark.parametrize("n", [80, 150])
def test_far_misses_seldom_seen_do_not_let_a_judge_through(n: int) -> None:
    """One random answer in twenty: the bound lies above the truth in at most 2.5% of samples (BCa's alone: 4 to 6%)."""
    near = np.exp(-np.abs(np.arange(5)[:, None] - np.arange(5)) / 0.4)
    human = np.array([0.1, 0.2, 0.3, 0.25, 0.15])
    joint = (0.95 * near / near.sum(axis=0) + 0.05 / 5) * human
    apart = (np.arange(5)[:, None] - np.arange(5)) ** 2
    truth = 1 - (joint * apart).sum() / (np.outer(joint.sum(axis=1), human) * apart).sum()
    rng, n_runs, n_above = np.random.default_rng(8), 400, 0
    for _ in range(n_runs):
        cells = rng.choice(25, n, p=joint.ravel())
        told = Sample(np.column_stack([cells // 5, cells % 5]).astype(np.float64) + 1, levels=FIVE)
        n_above += low(graded_kappa(told, resampling=Resampling(rng, 0.95, 1000))) > truth
    assert n_above <= 0.025 * n_runs + 2 * np.sqrt(0.025 * 0.975 * n_runs)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("values", "shares", "n"),
    [((0, -4, 1), (0.9, 0.05, 0.05), 60), ((0, -3), (0.92, 0.08), 150), ((-1, 0, 1, 2), (0.3, 0.4, 0.2, 0.1), 60)],
)
def test_a_bias_at_the_line_seldom_passes(values: tuple[int, ...], shares: tuple[float, ...], n: int) -> None:
    """The bound on the side of the bias falls short of it in at most 2.5% of samples (BCa's alone: up to 5.3%)."""
    truth = float(np.dot(values, shares))
    rng, n_runs, n_short = np.random.default_rng(5), 400, 0
    for _ in range(n_runs):
        apart = rng.choice(values, n, p=shares)
        human = np.where(apart < 0, 5.0, np.where(apart > 0, 1.0, 3.0))
        told = Sample(np.column_stack([human + apart, human]), levels=FIVE)
        found = careful_bias(told, resampling=Resampling(rng, 0.95, 1000))
        n_short += low(found) > truth if truth < 0 else high(found) < truth
    assert n_short <= 0.025 * n_runs + 2 * np.sqrt(0.025 * 0.975 * n_runs)
