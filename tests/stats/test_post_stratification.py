"""Post-stratified means: by hand, failures as a stratum, strata merged, clusters, and when nothing is given."""

import math
from typing import Any

import numpy as np
import pytest

from judgekit.errors import InputError
from judgekit.stats.interval import student_t, wilson_ends_at
from judgekit.stats.partly_labelled import PartlyLabelled
from judgekit.stats.post_stratification import post_stratified_mean, verdict_strata

BINARY = np.array([0.0, 1.0])
FIVE = np.arange(1.0, 6)


def passes():
    """Return 60 judged to pass, of which 36 of 40 labelled do, and 40 judged to fail, of which 5 of 20 do."""
    labels, judged = np.repeat([1.0, 0.0, 1.0, 0.0], [36, 4, 5, 15]), np.repeat([1.0, 0.0], [40, 20])
    return PartlyLabelled.of(labels, judged, np.repeat([1.0, 0.0], 20))


def width_of(found):
    assert found.low is not None
    return found.high - found.low


def replaced(sample, **fields):
    told = {name: getattr(sample, name) for name in ("judge", "human", "units", "counts", "dropped")}
    return PartlyLabelled(**{**told, **fields})


def test_variance_by_hand() -> None:
    """sum W^2 a (1 - a) / (n + 1) + var(a) / N with a = (passes + 1/2) / (n + 1), but for what smoothing leaves."""
    found = post_stratified_mean(passes(), BINARY)
    a = np.array([36.5 / 41, 5.5 / 21])
    within = 0.36 * a[0] * (1 - a[0]) / 41 + 0.16 * a[1] * (1 - a[1]) / 21
    centre = 0.6 * a[0] + 0.4 * a[1]
    between = (0.6 * (a[0] - centre) ** 2 + 0.4 * (a[1] - centre) ** 2) / 100
    variance = (within + between) * 60 / 58
    low, high = wilson_ends_at(0.64, 0.64 * 0.36 / variance, student_t(0.95, 58))
    assert (found.value, found.low, found.high) == pytest.approx((0.64, low, high), abs=2e-3)
    assert (found.n, found.n_clusters, found.method) == (60, 60, "post-stratified wilson")


def test_a_stratum_without_labels_joins_its_neighbour() -> None:
    """Nobody labelled a fail: all is one stratum, and the labels' own mean is left."""
    labels = np.repeat([1.0, 0.0], 20)
    found = post_stratified_mean(PartlyLabelled.of(labels, np.ones(40), np.repeat([1.0, 0.0], 30)), BINARY)
    assert found.value == pytest.approx(0.5)


def test_graded_strata_with_few_labels_join_the_poorer_neighbour() -> None:
    """Levels 1 to 5 labelled 9, 2, 7, 8 and 9 times: 2 joins 3, which has fewer than 1."""
    judged = np.repeat(FIVE, [9, 2, 7, 8, 9])
    sample = PartlyLabelled.of(judged, judged, FIVE)
    assert verdict_strata(sample, FIVE)[-5:].tolist() == [0, 1, 1, 2, 3]
    none = PartlyLabelled.of(FIVE, FIVE, FIVE)
    assert set(verdict_strata(none, FIVE)) == {0}


def test_failures_are_a_stratum_of_their_own() -> None:
    """Labels of sessions on which the judge failed stand for those like them; with none, they go to the commonest."""
    judge = np.r_[np.ones(60), np.zeros(20), np.full(20, np.nan)]
    human = np.r_[
        np.ones(30), np.full(30, np.nan), np.zeros(10), np.full(10, np.nan), np.zeros(10), np.full(10, np.nan)
    ]
    sample = PartlyLabelled(judge, human, np.arange(100), np.ones(100))
    assert len(set(verdict_strata(sample, BINARY))) == 3
    assert post_stratified_mean(sample, BINARY).value == pytest.approx(0.6)
    unlabelled = replaced(sample, human=np.where(np.isnan(judge), np.nan, human))
    assert verdict_strata(unlabelled, BINARY)[[0, -1]].tolist() == [1, 1]
    silent = replaced(sample, judge=np.full(100, np.nan))
    assert post_stratified_mean(silent, BINARY).value == pytest.approx(30 / 50)


def test_numbers_between_levels_go_to_the_nearest() -> None:
    """The mean of samples, 3.4, stands with the threes."""
    judged = np.repeat([1.0, 3.4, 5.0], 12)
    assert verdict_strata(PartlyLabelled.of(judged, judged, np.array([3.0])), FIVE)[[12, -1]].tolist() == [1, 1]


def test_copies_in_one_unit_say_nothing_new() -> None:
    """Each session four times, in units of four, leaves the interval nearly as it was; as units of their own not."""
    one, n = passes(), len(passes().judge)
    fields: dict[str, Any] = {name: np.repeat(getattr(one, name), 4) for name in ("judge", "human", "counts")}
    together = post_stratified_mean(PartlyLabelled(units=np.repeat(np.arange(n), 4), **fields), BINARY)
    apart = post_stratified_mean(PartlyLabelled(units=np.arange(4 * n), **fields), BINARY)
    width = width_of(post_stratified_mean(one, BINARY))
    assert (together.n, together.n_clusters) == (240, 60)
    assert width_of(together) == pytest.approx(width, rel=0.05)
    assert width_of(apart) < 0.6 * width


def test_a_few_large_units_leave_no_interval() -> None:
    """As of labels alone: 40 users, half of all sessions with two of them; a tenth each would do."""
    sample = passes()
    few = replaced(sample, units=np.where(np.arange(100) % 2 == 0, np.arange(100) % 4, 10 + np.arange(100) % 38))
    found = post_stratified_mean(few, BINARY)
    assert found.low is None
    assert found.value == pytest.approx(0.64)
    assert "independent units carry most of the weight" in found.method
    assert post_stratified_mean(replaced(sample, units=np.arange(100) % 20), BINARY).low is not None


def test_sessions_count_as_told() -> None:
    """Those judged to pass stand for half each: W is 30 to 40, and .9 and .25 within."""
    counts = np.where(passes().judge == 1, 0.5, 1.0)
    assert post_stratified_mean(replaced(passes(), counts=counts), BINARY).value == pytest.approx(
        (30 * 0.9 + 40 * 0.25) / 70
    )


def test_order_of_rows_does_not_matter() -> None:
    """To the last digit that is printed."""
    one = passes()
    order = np.random.default_rng(1).permutation(len(one.judge))
    other = PartlyLabelled(one.judge[order], one.human[order], one.units[order], one.counts[order])
    found = [post_stratified_mean(each, BINARY) for each in (one, other)]
    assert (found[0].value, found[0].low) == pytest.approx((found[1].value, found[1].low), abs=1e-12)


def test_labels_all_at_one_end_keep_a_doubt() -> None:
    """Forty fives of forty: the mean is 5 and the interval goes below it, not above."""
    judged = np.tile([4.0, 5.0], 20)
    found = post_stratified_mean(PartlyLabelled.of(np.full(40, 5.0), judged, judged), FIVE)
    assert (found.value, found.high, found.method) == (5.0, 5.0, "post-stratified t")
    assert width_of(found) > 0.05


def test_too_few_labels_give_nothing() -> None:
    """29 labels; 4 failures; 9 units (a value without an interval)."""
    few = PartlyLabelled.of(np.tile([0.0, 1], 20)[:29], np.ones(29), np.ones(9))
    assert post_stratified_mean(few, BINARY).undefined == (
        "too_few: correcting a judge takes 30 labelled sessions, and there are 29"
    )
    rare = PartlyLabelled.of(np.r_[np.zeros(4), np.ones(60)], np.ones(64), np.ones(9))
    assert (post_stratified_mean(rare, BINARY).undefined or "").endswith("5 labels of the rarer class, and there are 4")
    nine = replaced(passes(), units=np.arange(100) % 9, dropped={"not_judged": 1})
    found = post_stratified_mean(nine, BINARY)
    assert (found.low, found.method) == (None, "none: fewer than 10 independent units")
    assert found.dropped == {"not_judged": 1}
    assert math.isclose(found.value or 0, 0.64)


def test_samples_that_do_not_fit_are_refused() -> None:
    """Shapes, infinite numbers, chances of nothing."""
    ones = np.ones(3)
    with pytest.raises(InputError, match=r"human has shape \(2,\) for 3 sessions"):
        PartlyLabelled(ones, np.ones(2), np.arange(3), ones)
    with pytest.raises(InputError, match="infinite"):
        PartlyLabelled(ones * np.inf, ones, np.arange(3), ones)
    with pytest.raises(InputError, match="no chance above 0"):
        PartlyLabelled(ones, ones, np.arange(3), ones, chances=np.zeros(3))
