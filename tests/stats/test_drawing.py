"""Draws with known chances: they sum to what is asked, and are kept to."""

import numpy as np
import pytest

from judgekit.errors import InputError
from judgekit.stats.drawing import mixture_chances, systematic_draw


def test_half_is_random_and_half_by_promise():
    """Nobody's chance is below half of the plain one; sure ones leave more for the others."""
    promise = np.array([0.0, 0, 0, 0, 1, 3])
    chances = mixture_chances(promise, 3)
    assert chances.sum() == pytest.approx(3)
    assert chances.max() == 1
    assert chances[:4] == pytest.approx(np.full(4, chances[0]))
    assert (chances >= 0.5 * 3 / 6 - 1e-12).all()
    assert mixture_chances(np.zeros(4), 2).tolist() == [0.5] * 4
    assert mixture_chances(promise, 9).tolist() == [1.0] * 6


def test_what_cannot_be_drawn_is_refused():
    """Nothing to draw, or a promise below 0."""
    for promise, n in ((np.ones(3), 0), (np.array([-1.0, 1]), 1), (np.array([np.nan, 1]), 1)):
        with pytest.raises(InputError, match="cannot be drawn"):
            mixture_chances(promise, n)


def test_each_is_drawn_as_often_as_its_chance_says():
    """3,000 draws of three of six; the size never varies, nor does the draw from one seed."""
    chances = mixture_chances(np.array([0.0, 0, 0, 0, 1, 3]), 3)
    rng = np.random.default_rng(4)
    drawn = [systematic_draw(chances, rng) for _ in range(3000)]
    assert {len(each) for each in drawn} == {3}
    often = np.bincount(np.concatenate(drawn), minlength=6) / 3000
    assert often == pytest.approx(chances, abs=0.035)
    one, other = (systematic_draw(chances, np.random.default_rng(1)).tolist() for _ in range(2))
    assert one == other == sorted(one)
