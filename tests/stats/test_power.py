"""Power by simulation: against exact sums, against the one-study estimators, and monotone where it must be."""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
import pytest
from scipy.stats import binom

from judgekit.errors import InputError
from judgekit.stats.many_studies import Studies, powered_bounds
from judgekit.stats.paired_population import (
    PairedPopulation,
    judge_by_correlation,
    judge_by_rates,
    level_pairs,
    level_population,
    normal_population,
    tilt,
)
from judgekit.stats.paired_share import FourCells, tango
from judgekit.stats.paired_test import mcnemar
from judgekit.stats.planning import difference_correlation, labels_with_judge, paired_mean, paired_rates
from judgekit.stats.power import (
    CHEAP,
    LOOKS,
    Design,
    Goal,
    Power,
    bounds_of,
    effect_for,
    half_width,
    n_studies,
    quality_estimate,
    simulated_power,
    size_for,
    study,
)
from judgekit.stats.version_difference import powered_difference

T = TypeVar("T")
LEVELS = np.array([0.0, 1.0])
SHARES = np.array([0.2, 0.8])
FIVE, EVEN = np.arange(1.0, 6.0), np.full(5, 0.2)


def there(value: T | None) -> T:
    """Return what must be there."""
    assert value is not None
    return value


def passes(drop: float, *, discordant: float = 0.15, correlation: float = 0.0) -> PairedPopulation:
    """Return a population in which four in five pass, and the candidate loses so much."""
    pairs = level_pairs(SHARES, LEVELS, discordant=discordant, difference=-drop)
    return level_population(pairs, LEVELS, judge_by_correlation(correlation, SHARES))


def grades(difference: float, correlation: float = 0.0) -> PairedPopulation:
    """Return a population on five levels."""
    pairs = level_pairs(EVEN, FIVE, discordant=0.5, difference=difference)
    return level_population(pairs, FIVE, judge_by_correlation(correlation, EVEN))


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def shows_drop(n: int, up: int, down: int) -> bool:
    """Whether Tango's interval from inputs won and lost lies below 0."""
    return there(tango(FourCells(n - up - down, up, down, 0)).high) < 0


def exact_power(n: int, won: float, lost: float, shown) -> float:
    """Return the chance that counts of inputs won and lost show a drop, summed over all of them."""
    total = 0.0
    for m in range(n + 1):
        weight = binom.pmf(m, n, won + lost)
        if weight > 1e-12:
            ups = np.arange(m + 1)
            chances = binom.pmf(ups, m, won / (won + lost))
            total += weight * sum(c for up, c in zip(ups, chances, strict=True) if c > 1e-12 and shown(up, m - up))
    return total


def test_connors_size_is_too_small_for_exact_mcnemar() -> None:
    """Connor's 469 gives .76 to .78 where .80 is asked (statistics.md 13), by simulation and by exact sums alike."""
    found = simulated_power(passes(0.05), Design(469, 469), "mcnemar", Goal(), rng=rng(), n=20_000)
    exact = exact_power(469, 0.05, 0.10, lambda up, down: up < down and mcnemar(int(up), int(down)).p_value <= 0.05)
    assert 0.76 <= exact <= 0.78
    assert abs(found.value - exact) < found.error * 1.5


@pytest.mark.slow
def test_tango_power_is_the_exact_sum() -> None:
    """Labels only: simulated power is that of every count weighed by its chance."""
    found = simulated_power(passes(0.1, discordant=0.3), Design(150, 150), "labels_only", Goal(), rng=rng(), n=20_000)
    exact = exact_power(150, 0.1, 0.2, lambda up, down: shows_drop(150, up, down))
    assert abs(found.value - exact) < found.error * 1.5


@pytest.mark.slow
@pytest.mark.parametrize("tester", ["labels_only", "mcnemar"])
@pytest.mark.parametrize(("discordant", "drop"), [(0.15, 0.05)])
def test_the_planned_size_has_the_power_asked_for(tester, discordant, drop) -> None:
    """Checked by exact sums: within one point of .80, whichever test decides."""
    population, source = passes(drop, discordant=discordant), rng(3)
    found = size_for(
        lambda n, k: simulated_power(population, Design(n, n), tester, Goal(), rng=source, n=k),
        0.8, start=paired_rates(discordant, drop), limits=(10, 10_000), n_fine=CHEAP,
    )  # fmt: skip
    won, lost = (discordant - drop) / 2, (discordant + drop) / 2
    n = int(there(found).at)

    def shown(up, down) -> bool:
        if tester == "mcnemar":
            return up < down and mcnemar(int(up), int(down)).p_value <= 0.05
        return shows_drop(n, up, down)

    assert abs(exact_power(n, won, lost, shown) - 0.8) < 0.01
    assert abs(there(found).power.value - 0.8) < 0.015


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


@pytest.mark.slow
def test_a_judge_saves_labels_as_the_multiplier_says() -> None:
    """With the judge's help the planned size is the closed form's, within a fifth.

    A judge that is seldom wrong leaves few differences, and t is wide for these.
    """
    population, source = passes(0.05, discordant=0.25, correlation=0.9), rng(4)

    def size(n_judged: int | None, tester) -> int:
        found = size_for(
            lambda n, k: simulated_power(population, Design(n, n_judged or n), tester, Goal(), rng=source, n=k),
            0.8, start=400, limits=(30, n_judged or 10_000), n_fine=CHEAP,
        )  # fmt: skip
        return int(there(found).at)

    alone = size(None, "labels_only")
    helped = size(8000, "ppi")
    assert helped < alone
    assert helped == pytest.approx(labels_with_judge(alone, population.correlation, 8000), rel=0.2)


@pytest.mark.slow
def test_size_and_effect_are_each_others_inverse() -> None:
    """The smallest effect that the planned size shows is the effect it was planned for."""
    source = rng(6)
    size = size_for(
        lambda n, k: simulated_power(passes(0.05), Design(n, n), "labels_only", Goal(), rng=source, n=k),
        0.8, start=300, limits=(10, 10_000), n_fine=CHEAP,
    )  # fmt: skip
    n = int(there(size).at)
    effect = effect_for(
        lambda d, k: simulated_power(passes(d), Design(n, n), "labels_only", Goal(), rng=source, n=k),
        0.8, start=0.02, most=0.149, n_fine=CHEAP,
    )  # fmt: skip
    assert there(effect).at == pytest.approx(0.05, rel=0.03)


def test_power_rises_with_size_effect_and_judge_and_falls_with_noise() -> None:
    """What must be monotone is, by far more than the simulation's error."""

    def power(drop=0.05, n=200, n_inputs=1000, discordant=0.15, correlation=0.8) -> float:
        drawn = passes(drop, discordant=discordant, correlation=correlation)
        return simulated_power(drawn, Design(n, n_inputs), "ppi", Goal(), rng=rng(), n=CHEAP).value

    usual = power()
    assert power(n=400) > usual + 0.05
    assert power(drop=0.08) > usual + 0.05
    assert power(correlation=0.95) > usual + 0.05
    assert power(discordant=0.3) < usual - 0.05
    assert power(n_inputs=220) < usual
    assert power(drop=0.0) < 0.04


@pytest.mark.slow
def test_groups_that_are_alike_cost_power() -> None:
    """Five inputs of a user are worth fewer than five of five users; the simulated loss is the design effect's."""
    alone = simulated_power(grades(-0.35), Design(150, 150), "labels_only", Goal(), rng=rng(), n=300)
    alike = simulated_power(grades(-0.35).grouped(5, 0.6), Design(150, 150), "labels_only", Goal(), rng=rng(), n=300)
    assert alike.value < alone.value - 0.1


def test_a_group_is_as_alike_as_the_icc_says() -> None:
    """Drawn inputs of one group have that intraclass correlation, and the population's mean."""
    population = grades(-0.2).grouped(4, 0.3)
    drawn = population.human[population.draw(200_000, rng())]
    groups = drawn.reshape(-1, 4)
    icc = (groups.mean(axis=1).var() * 4 / drawn.var() - 1) / 3
    assert icc == pytest.approx(0.3, abs=0.02)
    assert drawn.mean() == pytest.approx(-0.2, abs=0.02)


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
        lambda: Design(5, 4),
        lambda: simulated_power(passes(0.05), Design(50, 50), "mcnemar", Goal(-0.02, is_above=True), rng=rng(), n=400),
    ],
)
def test_what_cannot_be_simulated_is_refused(wrong) -> None:
    """A drop larger than what differs, more labels than inputs, and the like."""
    with pytest.raises(InputError):
        wrong()


def test_a_size_out_of_reach_is_none() -> None:
    """Where not even all inputs show it, there is no size; where the fewest do, that is the size."""

    def power_at(n: int, k: int) -> Power:
        return simulated_power(passes(0.02, correlation=0.3), Design(n, 200), "ppi", Goal(), rng=rng(n), n=k)

    assert size_for(power_at, 0.9, start=150, limits=(30, 200)) is None
    sure = size_for(lambda n, k: Power(k, k), 0.8, start=50, limits=(30, 200))
    assert there(sure).at == 30
    assert effect_for(lambda d, k: Power(0, k), 0.8, start=0.1, most=0.2) is None


def test_goals_look_at_their_own_side() -> None:
    """Below a line, above it; a gain is shown as often as a drop."""
    assert Goal().is_shown((-0.2, -0.1))
    assert not Goal().is_shown((0.1, 0.2))
    assert Goal(-0.05, is_above=True).is_shown((-0.04, 0.1))
    gain, drop = passes(-0.05), passes(0.05)
    above = simulated_power(gain, Design(300, 300), "labels_only", Goal(is_above=True), rng=rng(), n=CHEAP)
    below = simulated_power(drop, Design(300, 300), "labels_only", Goal(), rng=rng(), n=CHEAP)
    exact = simulated_power(gain, Design(300, 300), "mcnemar", Goal(is_above=True), rng=rng(), n=CHEAP)
    assert above.value == pytest.approx(below.value, abs=0.015)
    assert above.value - 0.1 < exact.value < above.value


def test_a_study_of_all_labels_takes_labels_only() -> None:
    """Where every judged input is labelled there is nothing to correct, as `compare` has it."""
    source = passes(0.05, correlation=0.8)
    all_labelled = simulated_power(source, Design(200, 200), "ppi", Goal(), rng=rng(), n=400)
    alone = simulated_power(source, Design(200, 200), "labels_only", Goal(), rng=rng(), n=CHEAP)
    assert all_labelled.value == pytest.approx(alone.value, abs=0.08)
    assert n_studies(source, "ppi") == CHEAP
    assert n_studies(grades(0.1), "labels_only") < CHEAP
    raw = simulated_power(source, Design(0, 400), "judge_raw", Goal(), rng=rng(), n=400)
    assert 0 < raw.value < 1


def test_widths_are_those_of_estimate() -> None:
    """246 labels give .8 to .05; with the judge fewer do; numbers without levels and graded ones have widths too."""
    two = passes(0.0, correlation=0.8)
    assert half_width(two, Design(246, 246), LEVELS, level=0.95, rng=rng()) == pytest.approx(0.05, abs=0.002)
    helped = there(half_width(two, Design(246, 2000), LEVELS, level=0.95, rng=rng()))
    assert helped < 0.04
    assert half_width(two, Design(20, 200), LEVELS, level=0.95, rng=rng(), n=20) is None
    five, numbers = grades(0.0, 0.8), normal_population(1.0, 0.0, correlation=0.8)
    deviation = math.sqrt(2.0)
    assert half_width(five, Design(200, 200), FIVE, level=0.95, rng=rng(), n=40) == pytest.approx(
        1.96 * deviation / math.sqrt(200), rel=0.05
    )
    alone = there(half_width(numbers, Design(100, 100), None, level=0.95, rng=rng(), n=40))
    assert there(half_width(numbers, Design(100, 1000), None, level=0.95, rng=rng(), n=40)) < alone
    drawn = study(two, Design(100, 400), rng())
    low, high = bounds_of(quality_estimate(drawn, LEVELS, 0.95, rng=rng(), side=1, has_judge=True))
    assert 0 < low < 0.8 < high < 1


def test_an_error_tells_how_far_a_power_may_be_off() -> None:
    """Half of the interval shrinks with the root of the studies, and is not 0 where all showed it."""
    assert Power(1600, 2000).error == pytest.approx(0.0175, abs=0.0005)
    assert Power(2000, 2000).error > 0
    assert math.isfinite(Power(0, 400).quantile)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("population", "tester", "n_inputs", "start"),
    [
        (passes(0.05, correlation=0.8), "ppi", 2000, 300),
        (grades(-0.2, 0.7), "labels_only", None, paired_mean(1.4, 0.2)),
        (passes(0.06).grouped(4, 0.3), "labels_only", None, 600),
    ],
    ids=["judge", "five levels", "groups"],
)
def test_planned_power_is_within_two_points_of_an_independent_simulation(population, tester, n_inputs, start) -> None:
    """A plan's size, tried on studies that it has not seen, has the power it says."""
    source = rng(11)

    def power_at(n: int, k: int) -> Power:
        return simulated_power(population, Design(n, n_inputs or n), tester, Goal(), rng=source, n=k)

    n_fine = n_studies(population, tester)
    found = there(size_for(power_at, 0.8, start=start, limits=(30, n_inputs or 5000), n_fine=n_fine))
    n = int(found.at)
    n_again = CHEAP if n_studies(population, tester) == CHEAP else 6000
    again = simulated_power(population, Design(n, n_inputs or n), tester, Goal(), rng=rng(99), n=n_again)
    assert abs(again.value - 0.8) < 0.02
    assert abs(again.value - found.power.value) < 0.02 + found.power.error


def test_groups_and_numbers_take_the_same_road() -> None:
    """With a judge, inputs in groups go through the estimator itself; numbers without levels are drawn one by one."""
    grouped = passes(0.1, discordant=0.3, correlation=0.8).grouped(4, 0.2)
    found = simulated_power(grouped, Design(100, 400), "ppi", Goal(), rng=rng(), n=60)
    assert 0 < found.value < 1
    numbers = normal_population(1.0, -0.3, correlation=0.9)
    few, many = (simulated_power(numbers, Design(n, 600), "ppi", Goal(), rng=rng(), n=1000) for n in (40, 120))
    assert few.value < many.value


def test_a_jump_in_power_does_not_trap_the_search() -> None:
    """Where power leaps from none to all the search still ends, near the leap."""
    found = there(size_for(lambda n, k: Power(k if n > 77 else 0, k), 0.8, start=30, limits=(10, 1000)))
    assert 40 < found.at < 160


def test_a_study_of_grades_is_looked_at_by_bootstrap() -> None:
    """By labels alone, and by the judge alone: the population's difference lies within, as it should nearly always."""
    source = grades(-0.5, 0.6)
    drawn = study(source, Design(200, 200), rng())
    for name in ("labels_only", "judge_raw"):
        low, high = LOOKS[name](drawn, 0.95, rng())
        assert low < -0.5 < high or name == "judge_raw"
        assert 0 < high - low < 1
