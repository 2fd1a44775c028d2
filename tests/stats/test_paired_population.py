"""Populations of paired versions have the difference, spread and correlation asked for."""

from __future__ import annotations

import numpy as np
import pytest

from judgekit.errors import InputError
from judgekit.stats.label_worth import difference_correlation
from judgekit.stats.paired_population import judge_by_rates, level_pairs, level_population, normal_population, tilt
from tests.stats.composed_population import LEVELS, SHARES, grades, passes, rng


def test_populations_are_what_was_asked_for() -> None:
    """Difference, share that differs, spread and correlation come out as given."""
    two = passes(0.05, correlation=0.7)
    assert (two.difference, two.discordant, two.session_correlation) == pytest.approx((-0.05, 0.15, 0.7))
    five = grades(-0.3, 0.6)
    assert (five.difference, five.discordant, five.session_correlation) == pytest.approx((-0.3, 0.5, 0.6))
    numbers = normal_population(0.8, -0.1, correlation=0.7)
    assert (numbers.difference, numbers.deviation) == pytest.approx((-0.1, 0.8))
    assert numbers.session_correlation == pytest.approx(0.7, abs=0.01)
    assert numbers.correlation == pytest.approx(difference_correlation(0.7, 0.5), abs=0.02)
    assert normal_population(0.8, 0.1).correlation == 0
    by_rates = level_population(
        level_pairs(SHARES, LEVELS, discordant=0.2, difference=0), LEVELS, judge_by_rates(0.9, 0.8)
    )
    passed = by_rates.numbers[:, 0] == 1
    assert by_rates.chances[passed] @ by_rates.numbers[passed, 2] / by_rates.chances[passed].sum() == pytest.approx(0.9)


def test_a_group_is_as_alike_as_the_icc_says() -> None:
    """Drawn inputs of one group have that intraclass correlation, and the population's mean."""
    population = grades(-0.2).grouped(4, 0.3)
    drawn = population.human[population.draw(200_000, rng())]
    groups = drawn.reshape(-1, 4)
    icc = (groups.mean(axis=1).var() * 4 / drawn.var() - 1) / 3
    assert icc == pytest.approx(0.3, abs=0.02)
    assert drawn.mean() == pytest.approx(-0.2, abs=0.02)


def test_a_rate_too_high_for_its_gains_keeps_the_difference() -> None:
    """Where too few fail to gain so many, difference and discordance stay and the baseline gives way."""
    population = level_population(level_pairs(np.array([0.01, 0.99]), LEVELS, discordant=0.2, difference=0.0), LEVELS)
    assert (population.difference, population.discordant) == pytest.approx((0.0, 0.2))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: passes(0.2),
        lambda: tilt(np.zeros(2), np.array([-1.0, 1.0]), 0.1),
        lambda: level_pairs(np.array([0.0, 1.0]), LEVELS, discordant=0.1, difference=0.0),
    ],
)
def test_populations_that_cannot_be_are_refused(wrong) -> None:
    """A drop larger than what differs, a mean out of reach, and levels that nobody gives."""
    with pytest.raises(InputError):
        wrong()
