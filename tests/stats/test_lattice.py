"""Half a step of a sum on a lattice: whole where all moves are of one size, nothing where they are of many."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, norm

from judgekit.stats.lattice import half_step

RNG = np.random.default_rng(5)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("step", [0.01, 0.25, 4.0])
def test_counts_of_one_size_have_half_that_size(share, step) -> None:
    """Whatever the share that moves, and whichever way."""
    moves = np.where(np.arange(200) < 200 * share, -step, 0.0)
    assert half_step([moves]) == pytest.approx(step / 2, rel=0.005)
    assert half_step([moves + 7.3]) == pytest.approx(step / 2, rel=0.005)
    assert half_step([np.abs(moves)]) == pytest.approx(step / 2, rel=0.005)


def test_grades_move_by_the_step_that_all_of_them_share() -> None:
    """One level and two, both ways: one level. Two levels alone: two."""
    grades = RNG.choice([-2.0, -1.0, 0.0, 1.0, 2.0], 100)
    assert half_step([grades]) == pytest.approx(0.5, rel=0.005)
    assert half_step([np.where(np.abs(grades) == 1, 0.0, grades)]) == pytest.approx(1.0, rel=0.005)


def test_a_fine_lattice_smooths_a_coarse_one() -> None:
    """Many inputs that move by little fill the gaps between few that move by much; too few of them do not."""
    coarse = np.where(np.arange(40) < 8, 0.1, 0.0)
    fine = np.where(np.arange(900) < 300, 0.1 / 17.3, 0.0)
    assert half_step([coarse, fine]) < 0.1 * half_step([coarse])
    assert half_step([coarse, fine[298:]]) > 0.8 * half_step([coarse])


def test_two_lattices_of_one_step_stay_on_it() -> None:
    """Labelled and unlabelled inputs that count alike: a judge that is always right."""
    lost = np.where(np.arange(100) < 20, -0.01, 0.0)
    assert half_step([lost, lost[10:60]]) == pytest.approx(0.005, rel=0.005)


def test_numbers_of_all_sizes_have_none() -> None:
    """Few of them, many of them, and so many kinds that no step could matter."""
    assert half_step([RNG.normal(size=40)]) < 0.01
    assert half_step([np.where(RNG.random(150) < 0.2, RNG.normal(size=150), 0.0)]) < 0.01
    assert half_step([RNG.normal(size=500)]) == 0.0


def test_what_does_not_move_has_none() -> None:
    """No unit, one, or all alike."""
    assert half_step([]) == half_step([np.zeros(0), np.ones(1), np.full(50, 0.3)]) == 0.0


def test_half_a_step_is_what_a_normal_law_lacks() -> None:
    """Kolassa and McCullagh's point, on a binomial of 100 halves: tails are off by up to .04 without it."""
    step = 2 * half_step([np.repeat([0.0, 1.0], 50)])
    counts, tails = np.arange(40, 61), binom.sf(np.arange(39, 60), 100, 0.5)
    assert np.abs(norm.sf(counts, 50, 5) - tails).max() > 0.03
    assert np.abs(norm.sf(counts - step / 2, 50, 5) - tails).max() < 3e-4
