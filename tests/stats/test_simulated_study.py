"""One simulated study, against the estimators of one real study."""

from __future__ import annotations

import math

import numpy as np
import pytest

from judgekit.stats.many_studies import Studies, powered_bounds
from judgekit.stats.paired_population import normal_population
from judgekit.stats.simulated_study import LOOKS, Design, study
from judgekit.stats.version_difference import powered_difference
from tests.stats.composed_population import grades, passes, rng


@pytest.mark.parametrize(
    "population",
    [passes(0.05, correlation=0.7), grades(-0.1, 0.6), normal_population(0.8, -0.1, correlation=0.7)],
    ids=["two levels", "five levels", "numbers"],
)
@pytest.mark.parametrize(("n", "n_inputs"), [(29, 60), (30, 31), (30, 32), (40, 200), (150, 300)])
def test_many_studies_are_each_as_the_estimator_has_it(population, n, n_inputs) -> None:
    """Every study's bounds are those of `powered_difference`, which `compare` and `gate` print."""
    source = rng(5)
    for _ in range(10):
        drawn = study(population, Design(n, n_inputs), source)
        told = powered_difference(drawn.partly_labelled(population.human, population.judge), step=population.step)
        human, judge = population.human[drawn.places][None], population.judge[drawn.places][None]
        low, high = powered_bounds(
            Studies(human[:, :n], judge[:, :n], np.ones((1, n), int), judge[:, n:], np.ones((1, n_inputs - n), int)),
            step=population.step, level=0.95,
        )  # fmt: skip
        if told.low is None:
            assert math.isinf(low[0])
            assert math.isinf(high[0])
        else:
            assert (low[0], high[0]) == pytest.approx((told.low, told.high), abs=3e-4)


def test_a_study_of_grades_is_looked_at_by_bootstrap() -> None:
    """By labels alone, and by the judge alone: the population's difference lies within, as it should nearly always."""
    source = grades(-0.5, 0.6)
    drawn = study(source, Design(200, 200), rng())
    for name in ("labels_only", "judge_raw"):
        low, high = LOOKS[name](drawn, 0.95, rng())
        assert low < -0.5 < high or name == "judge_raw"
        assert 0 < high - low < 1
