"""The size and the effect that reach a power: against exact sums, closed forms and fresh simulations."""

from __future__ import annotations

import pytest

from judgekit.stats.label_worth import labels_with_judge
from judgekit.stats.paired_test import mcnemar
from judgekit.stats.planning import paired_mean, paired_rates
from judgekit.stats.power import CHEAP, Goal, Power, n_studies, simulated_power
from judgekit.stats.power_search import effect_for, size_for
from judgekit.stats.simulated_study import Design
from tests.stats.composed_population import exact_power, grades, passes, rng, shows_drop, there


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


def test_a_size_out_of_reach_is_none() -> None:
    """Where not even all inputs show it, there is no size; where the fewest do, that is the size."""

    def power_at(n: int, k: int) -> Power:
        return simulated_power(passes(0.02, correlation=0.3), Design(n, 200), "ppi", Goal(), rng=rng(n), n=k)

    assert size_for(power_at, 0.9, start=150, limits=(30, 200)) is None
    sure = size_for(lambda n, k: Power(k, k), 0.8, start=50, limits=(30, 200))
    assert there(sure).at == 30
    assert effect_for(lambda d, k: Power(0, k), 0.8, start=0.1, most=0.2) is None


def test_a_jump_in_power_does_not_trap_the_search() -> None:
    """Where power leaps from none to all the search still ends, near the leap."""
    found = there(size_for(lambda n, k: Power(k if n > 77 else 0, k), 0.8, start=30, limits=(10, 1000)))
    assert 40 < found.at < 160
