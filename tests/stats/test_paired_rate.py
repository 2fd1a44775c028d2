"""Asked again and asked changed: the exact test, the interval of the difference, what could have been seen."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.stats import binom

from judgekit.errors import InputError
from judgekit.stats.interval import Interval, no_interval
from judgekit.stats.multiplicity import holm
from judgekit.stats.paired_rate import detectable_share, paired_rate_difference, slot_p_value
from judgekit.stats.population_mean import Drawn, population_share


def enumerated(slots: np.ndarray, units: np.ndarray) -> float:
    """Return the p-value by listing every choice of a column for every unit."""
    names = np.unique(units)
    sums = np.array([slots[units == name].sum(axis=0) for name in names])
    drawn = [sum(choice) for choice in itertools.product(*sums.tolist())]
    return float(np.mean([each >= sums[:, -1].sum() - 1e-9 for each in drawn]))


@pytest.mark.parametrize("seed", range(8))
def test_the_exact_test_is_the_list_of_all_choices(seed: int) -> None:
    """Flips, halves and levels, rows alone and in units: the same as writing every case down."""
    rng = np.random.default_rng(seed)
    values = ([0.0, 1.0], [0.0, 0.5, 1.0], [1.0, 2.0, 5.0])[seed % 3]
    slots = rng.choice(values, size=(7, 3))
    units = np.arange(7) if seed % 2 else np.array([0, 0, 1, 2, 2, 2, 3])
    assert slot_p_value(slots, units) == pytest.approx(enumerated(slots, units))


def test_numbers_off_the_grid_are_tested_nearly_as_they_are() -> None:
    """Real scores are rounded to a thousandth of the largest: the p-value stays within a hundredth here."""
    slots = np.random.default_rng(3).normal(50, 20, size=(7, 3))
    assert slot_p_value(slots) == pytest.approx(enumerated(slots, np.arange(7)), abs=0.01)


def test_one_changed_asking_against_one_other_is_mcnemar() -> None:
    """With two columns of flips this is the one-sided exact test of the discordant rows."""
    slots = np.array([[0.0, 1.0]] * 9 + [[1.0, 0.0]] * 2 + [[1.0, 1.0], [0.0, 0.0]])
    assert slot_p_value(slots) == pytest.approx(float(binom.sf(8, 11, 0.5)))


def test_nothing_beside_the_changed_asking_is_refused() -> None:
    """Without a rerun there is no yardstick."""
    with pytest.raises(InputError, match="at least one asking"):
        slot_p_value(np.ones((4, 1)))
    assert slot_p_value(np.zeros((0, 3))) == 1.0


def test_no_flip_anywhere_still_has_an_interval() -> None:
    """0 of 50 against 0 of 50: zero, and as wide as the rates' own intervals."""
    ends = (Interval(0.0, 0.07, "wilson"), Interval(0.0, 0.04, "wilson"))
    found = paired_rate_difference(np.zeros(50), np.zeros(50), ends)
    assert found.low == pytest.approx(-0.04)
    assert found.high == pytest.approx(0.07)
    assert paired_rate_difference(np.zeros(5), np.zeros(5), (ends[0], no_interval("few"))).method == "none: few"


def test_weights_of_one_size_change_nothing_and_a_heavier_test_is_adjusted_less() -> None:
    """Holm with weights: by hand, .01 of weight 3 is held against three quarters of the rate, .03 then against all."""
    assert holm([0.01, 0.04, 0.03], [2, 2, 2]) == pytest.approx(holm([0.01, 0.04, 0.03]))
    assert holm([0.01, 0.03], [3, 1]) == pytest.approx([0.01 * 4 / 3, 0.03])
    with pytest.raises(InputError, match="positive weight"):
        holm([0.01, 0.03], [1, 0])


def test_what_could_be_seen_grows_with_noise_and_shrinks_with_units() -> None:
    """Five of fifty must move where nothing flips by chance; none would do with three."""
    assert detectable_share(50, 2, 0.0, 0.05 / 8) == pytest.approx(0.1316, abs=5e-3)
    assert detectable_share(3, 2, 0.0, 0.001) is None
    sizes = [detectable_share(n, 2, floor, 0.01) or math.inf for n, floor in ((200, 0.0), (50, 0.0), (50, 0.2))]
    assert sizes == sorted(sizes)
    assert detectable_share(50, 2, 0.99, 0.001) is None


def drawn(rng: np.random.Generator, n: int, floor: float, more: float) -> np.ndarray:
    """Draw flips of two reruns and of a changed asking."""
    return (rng.random((n, 3)) < np.array([floor, floor, floor + more])).astype(float)


@pytest.mark.slow
@pytest.mark.parametrize("floor", [0.0, 0.1, 0.4])
def test_the_test_keeps_its_rate_and_its_power(floor: float) -> None:
    """At 1%: chance alone is called significant in at most 1%, the size that is promised in four of five."""
    rng, n_trials = np.random.default_rng(11), 600
    false = sum(slot_p_value(drawn(rng, 50, floor, 0.0)) <= 0.01 for _ in range(n_trials))
    assert false <= binom.ppf(0.999, n_trials, 0.01)
    size = detectable_share(50, 2, floor, 0.01)
    assert size is not None
    seen = sum(slot_p_value(drawn(rng, 50, floor, size)) <= 0.01 for _ in range(n_trials))
    assert seen >= binom.ppf(0.001, n_trials, 0.77)


@pytest.mark.slow
@pytest.mark.parametrize(("floor", "more"), [(0.0, 0.0), (0.1, 0.0), (0.1, 0.2), (0.02, 0.5)])
def test_the_interval_of_the_difference_covers(floor: float, more: float) -> None:
    """A 95% interval holds the true difference in at least 93% of samples, at the edges too."""
    rng, n_trials, alike = np.random.default_rng(5), 500, np.ones(50)
    held = 0
    for _ in range(n_trials):
        flips = drawn(rng, 50, floor, more)
        changed, again = flips[:, 2], flips[:, :2].mean(axis=1)
        rates = [
            population_share(Drawn(values, np.full(50, n_each), np.arange(50), alike), 0.95)
            for values, n_each in ((changed, 1), (again, 2))
        ]
        ends = [Interval(rate.low, rate.high, rate.method) for rate in rates]
        found = paired_rate_difference(changed, again, (ends[0], ends[1]))
        held += found.low is not None and found.high is not None and found.low <= more <= found.high
    assert held >= binom.ppf(0.001, n_trials, 0.945)
