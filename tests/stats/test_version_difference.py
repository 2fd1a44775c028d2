"""Differences of versions: PPI++ on differences, unpaired means, what could be seen; coverage and false findings."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from judgekit.stats import version_difference as measured
from judgekit.stats.careful import careful_mean, labels_alone
from judgekit.stats.estimate import Estimate
from judgekit.stats.partly_labelled import PartlyLabelled
from judgekit.stats.prediction_powered import powered
from judgekit.stats.version_difference import OneVersion
from tests.stats.test_interval_coverage import covers_at_least

detectable_effect: Any = measured.detectable_effect
powered_difference: Any = measured.powered_difference
two_sided_p_value: Any = measured.two_sided_p_value
unpaired_difference: Any = measured.unpaired_difference
unpaired_powered_difference: Any = measured.unpaired_powered_difference


def inputs(n=200, n_labels=60, *, seed=1, n_units=None):
    rng = np.random.default_rng(seed)
    human = rng.choice([-1.0, 0.0, 1.0], size=n, p=[0.1, 0.6, 0.3])
    judge = np.where(rng.random(n) < 0.7, human, rng.choice([-1.0, 0.0, 1.0], size=n))
    human[n_labels:] = np.nan
    units = np.arange(n) if n_units is None else rng.integers(0, n_units, n)
    return PartlyLabelled(judge, human, units, np.ones(n))


def test_the_value_is_tuned_ppi_and_the_interval_t_with_one_more_made_up():
    """Without a step the variance is PPI++'s own; with one it is larger by (step / (n + 2))^2."""
    sample = inputs()
    own = powered(sample)
    bare, smoothed = powered_difference(sample), powered_difference(sample, step=1.0)
    assert bare.value == smoothed.value == own.value
    reach = stats.t.ppf(0.975, own.doubt.n_free)
    assert (bare.high - bare.low) / 2 == pytest.approx(reach * math.sqrt(own.doubt.variance), rel=1e-3)
    wider = own.doubt.variance + 1 / 62**2
    assert (smoothed.high - smoothed.low) / 2 == pytest.approx(reach * math.sqrt(wider), rel=1e-3)
    assert (bare.n, bare.method) == (60, f"ppi++ t, power {own.power:.2f}")


def test_labels_that_all_agree_still_leave_doubt():
    """A hundred that do not differ reach about as far as Tango's 3.7 in a hundred."""
    human = np.where(np.arange(1000) < 100, 0.0, np.nan)
    judge = np.tile([0.0, 1.0, -1.0, 0.0], 250)
    found = powered_difference(PartlyLabelled(judge, human, np.arange(1000), np.ones(1000)), step=1.0)
    assert found.value == 0
    assert found.high == pytest.approx(0.039, abs=0.002)


def test_units_are_made_up_where_none_is_far_off():
    """Forty that differ by a hundredth of the reach show as little of one far off as forty that do not."""
    rng = np.random.default_rng(4)

    def n_made_up(differences, units=None):
        n = len(differences)
        sample = PartlyLabelled(np.full(n, np.nan), differences, np.arange(n) if units is None else units, np.ones(n))
        return measured.made_up(sample, 100.0)[0]

    assert n_made_up(np.zeros(40)) == 4
    assert n_made_up(rng.normal(0, 1, 40)) == pytest.approx(4, abs=0.01)
    assert n_made_up(np.full(40, 90.0)) == 4  # all alike: none is off from the others
    far = np.where(np.arange(40) < 5, -150.0, 0.0)
    assert n_made_up(far) == 1
    assert n_made_up(far, np.repeat(np.arange(20), 2)) == pytest.approx(1 + 3 * (1 - 3 / 5))


@pytest.mark.slow
@pytest.mark.parametrize("deviation", [0.5, 3.0, 8.0])
@pytest.mark.parametrize(("n", "n_lost"), [(40, 2.2), (100, 2.2), (200, 2.6)])
def test_rare_losses_beside_small_differences_pass_seldom(n, n_lost, deviation):
    """From 0 to 100 a few in n inputs lose 95: with one unit made up as many as 10% of 400 samples passed falsely."""
    rng, share, n_runs, n_wrong = np.random.default_rng(31), n_lost / n, 400, 0
    for _ in range(n_runs):
        differences = np.where(rng.random(n) < share, -95.0, rng.normal(0, deviation, n))
        found = careful_mean(labels_alone(differences, np.arange(n), np.ones(n)), 0.9, reach=75.0, has_judge=False)
        n_wrong += found.low is not None and found.low > -95 * share
    assert n_wrong <= stats.binom.isf(1e-3, n_runs, 0.05)


def test_few_labels_and_uneven_weights_are_declined():
    """29 inputs have no figure; chances that let a few carry all have no interval; weighted labels stand alone."""
    few = powered_difference(inputs(n_labels=29))
    assert few.undefined == "too_few: correcting a judge takes 30 inputs with labels on both sides, and there are 29"
    sample = inputs()
    chances = np.where(np.arange(200) < 3, 0.001, 0.5)
    uneven = PartlyLabelled(sample.judge, sample.human, sample.units, sample.counts, chances)
    assert powered_difference(uneven).method.startswith("none: a few of 60 independent units")
    alone = powered_difference(sample, is_weighted_only=True)
    assert alone.value == pytest.approx(sample.labels.mean())
    assert alone.method == "weighted t"


def test_unpaired_means_are_welchs():
    """As scipy's; groups widen it; a version of one unit has none."""
    rng = np.random.default_rng(3)
    one, other = rng.normal(3.2, 1, 60), rng.normal(3, 1.5, 90)
    first, second = OneVersion(one, np.arange(60)), OneVersion(other, np.arange(60, 150))
    found, theirs = unpaired_difference(first, second), stats.ttest_ind(one, other, equal_var=False)
    ends = theirs.confidence_interval()
    assert (found.value, found.low, found.high) == pytest.approx(
        (one.mean() - other.mean(), ends.low, ends.high), rel=1e-3
    )
    assert (found.n, found.n_clusters) == (150, 150)
    assert unpaired_difference(OneVersion(one, np.zeros(60, int)), second).undefined.startswith("too_few")
    small = unpaired_difference(OneVersion(one[:4], np.arange(4)), OneVersion(other[:4], np.arange(4)))
    assert small.method == "none: fewer than 10 independent units"
    alike = unpaired_difference(OneVersion(np.ones(9), np.arange(9)), OneVersion(np.zeros(9), np.arange(9)))
    assert (alike.value, alike.low) == (1, None)


def test_versions_apart_are_corrected_each_by_its_own_labels():
    """The difference of the two corrected means, variances summed."""
    before, after = inputs(seed=4), inputs(seed=5)
    found = unpaired_powered_difference(after, before)
    own = [powered(each) for each in (after, before)]
    assert found.value == pytest.approx(own[0].value - own[1].value)
    half = stats.norm.ppf(0.975) * math.sqrt(sum(each.doubt.variance for each in own))
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.03)
    assert unpaired_powered_difference(after, inputs(n_labels=20)).undefined.startswith("too_few")


def test_what_could_be_seen_and_the_p_value_are_read_off_the_interval():
    """(z_a + z_b) standard errors; p is at most .05 exactly where 0 lies outside."""
    found = Estimate(0.1, -0.02, 0.22, 0.95, 100, 100, "t")
    assert detectable_effect(found) == pytest.approx(0.12 / 1.959964 * (1.959964 + 0.841621), rel=1e-5)
    bare = Estimate(0.1, None, None, 0.95, 3, 3, "none: few")
    assert detectable_effect(bare) is None
    assert two_sided_p_value(bare) is None
    for value, low, high in ((0.1, 1e-9, 0.2), (-0.1, -0.2, -1e-9)):
        assert two_sided_p_value(Estimate(value, low, high, 0.95, 9, 9, "t")) < 0.05
    assert two_sided_p_value(Estimate(-0.1, -0.2, 1e-3, 0.95, 9, 9, "t")) > 0.05
    assert two_sided_p_value(Estimate(0.0, 0.0, 0.0, 0.95, 9, 9, "t")) == 1
    assert two_sided_p_value(Estimate(0.2, 0.2, 0.2, 0.95, 9, 9, "t")) == 0


N_RUNS = 400


def versions(rng, n, setting):
    """Draw truth and verdicts of two versions on the same inputs; some inputs have the same answer in both."""
    share, more, alike, (tpr, tnr), (tpr_b, tnr_b) = setting
    place = rng.random((n, 3))
    before = place[:, 0] < share
    after = np.where(place[:, 1] < alike, place[:, 0], place[:, 2]) < share + more
    noise = rng.random((n, 2))
    noise[:, 1] = np.where(rng.random(n) < 0.5, noise[:, 0], noise[:, 1])
    judged = np.where(before, noise[:, 0] < tpr, noise[:, 0] > tnr)
    judged_b = np.where(after, noise[:, 1] < tpr_b, noise[:, 1] > tnr_b)
    return after.astype(float) - before, judged_b.astype(float) - judged


SETTINGS = {
    "same judge": (0.7, 0.08, 0.5, (0.85, 0.75), (0.85, 0.75)),
    "more lenient on the new": (0.7, 0.0, 0.5, (0.85, 0.85), (0.85, 0.65)),
    "few fail": (0.9, 0.0, 0.9, (0.9, 0.85), (0.9, 0.65)),
    "hardly any differ": (0.97, 0.02, 1.0, (0.95, 0.8), (0.95, 0.8)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("n_labels", [40, 100])
def test_the_corrected_difference_covers_and_a_lenient_judge_fools_nobody(name, n_labels):
    """Coverage at least 93%; where the truth is equal, false better and false worse at most 2.5% each."""
    rng, setting = np.random.default_rng(11), SETTINGS[name]
    found = []
    for _ in range(N_RUNS):
        human, judge = versions(rng, 500, setting)
        human[n_labels:] = np.nan
        found.append(powered_difference(PartlyLabelled(judge, human, np.arange(500), np.ones(500)), step=1.0))
    held = sum(each.low - 1e-12 <= setting[1] <= each.high + 1e-12 for each in found)
    assert covers_at_least(held, N_RUNS, 0.93)
    for n_false in (sum(each.low > setting[1] for each in found), sum(each.high < setting[1] for each in found)):
        assert covers_at_least(N_RUNS - n_false, N_RUNS, 0.975)


@pytest.mark.slow
def test_a_judge_alone_is_fooled_by_leniency():
    """The same runs by the judge alone say better far more often than the stated level: what correction is for."""
    rng, n_better = np.random.default_rng(11), 0
    for _ in range(200):
        _, judge = versions(rng, 1000, SETTINGS["more lenient on the new"])
        n_better += judge.mean() / (judge.std(ddof=1) / math.sqrt(1000)) > 1.96
    assert n_better > 0.4 * 200


@pytest.mark.slow
def test_ordinal_differences_in_groups_cover():
    """Levels 1 to 5, inputs in groups of one to nine that move together."""
    rng, held = np.random.default_rng(12), 0
    for _ in range(N_RUNS):
        units = np.repeat(np.arange(120), rng.integers(1, 10, 120))
        n = len(units)
        moved = rng.normal(0, 0.5, 120)[units]
        before = np.clip(np.round(rng.normal(3, 1, n)), 1, 5)
        after = np.clip(np.round(before + moved + rng.normal(0, 0.6, n)), 1, 5)
        judge = np.round(after - before + rng.normal(0.3, 0.7, n))
        human = np.where(units < 60, after - before, np.nan)
        found = powered_difference(PartlyLabelled(judge, human, units, np.ones(n)), step=1.0)
        held += found.low <= 0 <= found.high  # clipping at both ends is symmetric
    assert covers_at_least(held, N_RUNS, 0.93)
