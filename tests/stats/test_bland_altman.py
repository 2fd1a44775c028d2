"""Limits of agreement: the published example, clusters, and what has no limits."""

from __future__ import annotations

import numpy as np
import pytest

from judgekit.errors import InputError
from judgekit.stats.bland_altman import limits_of_agreement

LARGE = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]


def limits(left, right, **named):
    return limits_of_agreement(left, right, rng=np.random.default_rng(1), **named)


def test_the_peak_flow_meters_of_bland_and_altman() -> None:
    """Bland & Altman 1986: bias -2.1 (95% interval -22.0 to 17.8), sd 38.8; a limit reaches 34.6 either side."""
    found = limits(LARGE, MINI)
    assert found.bias.value == pytest.approx(-2.1176, abs=5e-5)
    assert (found.bias.low, found.bias.high) == pytest.approx((-22.0, 17.8), abs=0.1)
    assert (found.low_limit.value, found.high_limit.value) == pytest.approx((-78.10, 73.86), abs=0.005)
    for limit in (found.low_limit, found.high_limit):
        assert (limit.high - limit.low) / 2 == pytest.approx((114.3 - 45.1) / 2, abs=0.1)
        assert limit.method == "t"


def test_two_deviations_are_the_limits_that_were_printed() -> None:
    """The paper takes 2, not 1.96: sd 38.7651 (printed 38.8), limits -79.7 and 75.5 from rounded figures."""
    found = limits(LARGE, MINI)
    deviation = (found.high_limit.value - found.low_limit.value) / (2 * 1.959964)
    assert deviation == pytest.approx(38.7651, abs=5e-4)
    ends = (found.bias.value - 2 * deviation, found.bias.value + 2 * deviation)
    assert ends == pytest.approx((-79.7, 75.5), abs=0.1)


def test_clusters_widen_the_limits_of_the_limits() -> None:
    """The same rows ten times over, as copies in one cluster each, say no more than once; as rows they would."""
    left, right = np.repeat(LARGE, 10), np.repeat(MINI, 10)
    once, as_rows = limits(LARGE, MINI), limits(left, right)
    clustered = limits(left, right, units=np.repeat(np.arange(17), 10))
    assert clustered.bias.value == pytest.approx(once.bias.value)
    assert (clustered.bias.n, clustered.bias.n_clusters) == (170, 17)
    width = clustered.low_limit.high - clustered.low_limit.low
    assert width > 2 * (as_rows.low_limit.high - as_rows.low_limit.low)
    shuffled = np.random.default_rng(3).permutation(170)
    again = limits(left[shuffled], right[shuffled], units=np.repeat(np.arange(17), 10)[shuffled])
    assert again.low_limit.low == pytest.approx(clustered.low_limit.low)


def test_what_has_no_limits_says_why() -> None:
    """Two rows; a constant difference; fewer than ten units; a missing number is counted."""
    few = limits([1, 2, np.nan], [1, 1, 1])
    assert few.bias.undefined == "too_few: limits of agreement need 3 rows (n=2)"
    assert few.bias.dropped == {"missing": 1}
    same = limits(np.arange(12) + 1.0, np.arange(12.0))
    assert (same.low_limit.value, same.high_limit.value) == (1, 1)
    assert same.bias.method == "none: no difference differs from another"
    assert limits([1, 2, 4], [1, 1, 1]).bias.method.startswith("none: fewer than 10")
    with pytest.raises(InputError, match="Give each row one number of both"):
        limits([1, 2], [1])


def test_units_leave_the_limits_where_they_are() -> None:
    """Shared units change the doubt, not bias and 1.96 standard deviations by n - 1; what was missing stays counted."""
    large, mini = [*LARGE, np.nan], [*MINI, 500]
    as_rows = limits(large, mini)
    clustered = limits(large, mini, units=np.maximum(np.arange(18) - 1, 0))

    spread = 1.959964 * np.std(np.subtract(LARGE, MINI), ddof=1)
    for found, n_clusters in ((as_rows, 17), (clustered, 16)):
        assert found.bias.value == pytest.approx(-36 / 17)
        assert found.low_limit.value == pytest.approx(-36 / 17 - spread, rel=1e-6)
        assert found.high_limit.value == pytest.approx(-36 / 17 + spread, rel=1e-6)
        for one in (found.bias, found.low_limit, found.high_limit):
            assert one.low < one.value < one.high
            assert (one.n, one.n_clusters, one.dropped) == (17, n_clusters, {"missing": 1})
    still = limits(np.arange(24) / 4 + 1, np.arange(24) / 4, units=np.arange(24) // 2)
    assert (still.low_limit.value, still.high_limit.value, still.high_limit.dropped) == (1, 1, {})


def test_nine_rows_have_limits_without_an_interval() -> None:
    """Ten are enough; two in one unit are not even enough for a limit, and say of how many units they were."""
    nine, ten = limits(LARGE[:9], MINI[:9]), limits(LARGE[:10], MINI[:10])
    assert (nine.bias.low, nine.low_limit.high, nine.high_limit.low) == (None, None, None)
    assert ten.bias.low < ten.bias.value < ten.bias.high
    few = limits([1, 2, np.nan], [1, 1, 1], units=np.array([4, 4, 9]), level=0.9)
    assert (few.bias.n, few.bias.n_clusters, few.bias.level, few.bias.low) == (2, 1, 0.9, None)


def test_a_constant_difference_has_no_spread_whatever_its_rounding() -> None:
    """Its square less its mean's square may come out below nothing, which has no root."""
    for constant in np.random.default_rng(0).uniform(0.1, 1, size=50):
        found = limits(np.full(24, constant), np.zeros(24), units=np.arange(24) // 2, n_resamples=100)
        assert (found.low_limit.value, found.high_limit.value) == pytest.approx((constant, constant), abs=1e-6)
