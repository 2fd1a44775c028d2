"""Prediction-powered means: the numbers of ppi-python and GLIDE, chances, strata, clusters, a judge's worth."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from judgekit.errors import InputError
from judgekit.stats.partly_labelled import PartlyLabelled
from judgekit.stats.prediction_powered import (
    additions,
    label_multiplier,
    powered,
    prediction_powered_mean,
    stratified_mean,
    tuned_power,
    tuning_bias,
)
from judgekit.stats.unit_sums import Resampling

CASES = json.loads(Path(__file__).with_name("corrections.json").read_text(encoding="utf-8"))["ppi_python"]["cases"]
Z = 1.959963984540054


def given(case):
    return PartlyLabelled.of(*(np.array(case[name]) for name in ("labels", "judged", "others")))


def normal(rho, n, n_others, seed=0):
    truth, noise = np.random.default_rng(seed).normal(size=(2, n + n_others))
    judge = rho * truth + math.sqrt(1 - rho**2) * noise
    return PartlyLabelled.of(truth[:n], judge[:n], judge[n:])


def error(found):
    return math.sqrt(found.doubt.variance)


def clustered(sample, units, **fields):
    return PartlyLabelled(sample.judge, sample.human, units, sample.counts, **fields)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_ppi_pythons_numbers(case) -> None:
    """At power 0, 1 and its tuned one; it divides by n where we divide by n - 1, and takes z for t."""
    sample, (n, n_others) = given(case), (len(case["labels"]), len(case["others"]))
    for answer in case["answers"]:
        power = answer["power"]
        if power is None:  # the covariance divided by n, the variance by n - 1
            power = min(1.0, tuned_power(sample) * (n - 1) / n)
        found = powered(sample, power)
        judged, labels = np.array(case["judged"]), np.array(case["labels"])
        theirs = power**2 * np.var(case["others"]) / n_others + np.var(labels - power * judged) / n
        assert found.value == pytest.approx(answer["value"], abs=1e-9)
        assert answer["high"] - answer["low"] == pytest.approx(2 * Z * math.sqrt(theirs), abs=1e-9)
        ours = power**2 * np.var(case["others"], ddof=1) / n_others + np.var(labels - power * judged, ddof=1) / n
        assert found.doubt.variance == pytest.approx(ours)


def test_errors_with_n_minus_one() -> None:
    """On the example of 20 and 40: .109424 at power 0, .085544 at 1; tuned 1.026533 as GLIDE 0.10.0 has it."""
    sample = given(CASES[0])
    assert error(powered(sample, 0.0)) == pytest.approx(0.109424, abs=1e-6)
    assert error(powered(sample, 1.0)) == pytest.approx(0.085544, abs=1e-6)
    assert tuned_power(sample) == pytest.approx(1.026533, abs=1e-6)
    unclipped = powered(sample, tuned_power(sample))
    assert (unclipped.value, error(unclipped)) == pytest.approx((0.660265, 0.085556), abs=1e-6)
    assert powered(sample).power == 1.0


def test_degrees_of_freedom_are_at_most_one_less_than_labels() -> None:
    """One more goes where the power is tuned; fewer are left where a few labels carry the doubt."""
    even = PartlyLabelled.of(np.tile([0.0, 1], 20), np.tile([0.0, 1], 20), np.tile([0.0, 1], 20))
    assert powered(even, 0.0).doubt.n_free == 39
    assert powered(even).doubt.n_free == 38
    lone = PartlyLabelled.of(np.r_[np.zeros(39), 9.0], np.zeros(40), np.zeros(9))
    assert powered(lone, 0.0).doubt.n_free < 3


def test_power_lies_between_zero_and_one() -> None:
    """A judge that says the opposite counts for nothing; so does one that says one thing, or none."""
    sample = normal(0.9, 50, 200)
    assert 0.5 < powered(sample).power <= 1
    assert powered(PartlyLabelled(-sample.judge, sample.human, sample.units, sample.counts)).power == 0
    for judge in (np.ones(250), np.full(250, np.nan)):
        found = powered(PartlyLabelled(judge, sample.human, sample.units, sample.counts))
        assert found.power == 0
        assert found.value == pytest.approx(sample.labels.mean())


def test_the_judge_counts_for_nothing_where_all_is_labelled() -> None:
    """The labels' own mean."""
    sample = normal(0.9, 40, 0)
    assert powered(sample).value == pytest.approx(sample.labels.mean())
    assert error(powered(sample)) == pytest.approx(sample.labels.std(ddof=1) / math.sqrt(40))
    lone = PartlyLabelled.of(np.array([1.0]), np.array([1.0]), np.array([0.0, 1]))
    assert powered(lone, 0.0).value == 1.0


def test_known_chances_weight_the_difference() -> None:
    """Labels of low verdicts are twice as likely: by hand, f over all plus the weighted error of the labelled."""
    judge = np.array([0.0, 0, 0, 0, 1, 1, 1, 1])
    human = np.array([0.0, 1, np.nan, np.nan, 1, np.nan, np.nan, np.nan])
    chances = np.array([0.5] * 4 + [0.25] * 4)
    sample = PartlyLabelled(judge, human, np.arange(8), np.ones(8), chances=chances)
    assert powered(sample, 1.0).value == pytest.approx(0.5 + (2 * 0 + 2 * 1 + 4 * 0) / 8)
    assert powered(sample, 0.0).value == pytest.approx((2 * 0 + 2 * 1 + 4 * 1) / 8)


def test_strata_drawn_apart_take_out_what_lies_between_them() -> None:
    """Two strata that differ by ten: the error is that within them."""
    rng = np.random.default_rng(3)
    human = np.concatenate([rng.normal(0, 1, 30), rng.normal(10, 1, 30), np.full(40, np.nan)])
    strata = np.repeat([0, 1, -1], [30, 30, 40])
    plain = PartlyLabelled(np.zeros(100), human, np.arange(100), np.ones(100), chances=np.full(100, 0.6))
    apart = PartlyLabelled(plain.judge, plain.human, plain.units, plain.counts, chances=plain.chances, strata=strata)
    assert error(powered(apart, 0.0)) < 0.3 * error(powered(plain, 0.0))
    within = [human[strata == place] for place in (0, 1)]
    by_hand = sum(0.25 * np.var(own, ddof=1) / 30 for own in within)
    assert powered(apart, 0.0).doubt.variance == pytest.approx(by_hand)


def test_copies_in_one_unit_say_nothing_new() -> None:
    """Each session four times, in units of four: the error of one copy, give or take the n - 1."""
    sample = normal(0.7, 60, 200)
    copied = PartlyLabelled(
        np.repeat(sample.judge, 4), np.repeat(sample.human, 4), np.repeat(np.arange(260), 4), np.ones(1040)
    )
    assert error(powered(copied)) == pytest.approx(error(powered(sample)), rel=0.01)
    assert copied.n_units == 60


def test_a_scale_with_ends_keeps_the_interval_inside() -> None:
    """Wilson's form; t for differences, which have no ends."""
    rng = np.random.default_rng(2)
    labels = (rng.random(60) < 0.85).astype(float)
    found = prediction_powered_mean(PartlyLabelled.of(labels, labels, np.ones(500)), ends=(0.0, 1.0))
    assert (found.value, found.low) == (1.0, None)
    assert found.method == "none: no label differs from what the others lead one to expect"
    sample = normal(0.5, 40, 60)
    assert prediction_powered_mean(sample).method.startswith("ppi++ t, power 0.")
    assert prediction_powered_mean(sample, ends=(-9.0, 9.0)).method.startswith("ppi++ wilson, power 0.")
    partly = np.where(np.arange(100) % 3 == 0, np.nan, sample.judge)
    assert prediction_powered_mean(PartlyLabelled(partly, sample.human, sample.units, sample.counts)).low is not None
    beyond = PartlyLabelled.of(np.r_[np.zeros(35), np.ones(5)], np.r_[np.zeros(35), np.ones(5)], np.zeros(50))
    assert (prediction_powered_mean(beyond, ends=(0.0, 1.0)).value or 0) >= 0


def test_too_few_labels_and_uneven_weights_are_said() -> None:
    """Below 30 no value; below 5 of the rarer on 0 and 1 neither; one heavy label no interval."""
    assert (prediction_powered_mean(normal(0.5, 29, 50)).undefined or "").startswith(
        "too_few: correcting a judge takes"
    )
    rare = PartlyLabelled.of(np.r_[np.zeros(4), np.ones(40)], np.ones(44), np.ones(9))
    assert (prediction_powered_mean(rare, ends=(0.0, 1.0)).undefined or "").endswith("rarer class, and there are 4")
    sample = normal(0.5, 40, 60)
    heavy = clustered(sample, np.arange(100), chances=np.r_[0.001, np.full(99, 0.5)])
    found = prediction_powered_mean(heavy)
    assert (found.low, found.method[:25]) == (None, "none: a few of 40 indepen")
    few = prediction_powered_mean(clustered(sample, np.arange(100) // 5))
    assert few.method == "none: fewer than 10 independent units"
    same = prediction_powered_mean(PartlyLabelled.of(np.ones(40), np.ones(40), np.ones(9)))
    assert same.value == pytest.approx(1)
    assert same.method == "none: no label differs from what the others lead one to expect"


@pytest.mark.slow
@pytest.mark.parametrize(("rho", "told"), [(0.5, 1.33), (0.7, 1.96), (0.8, 2.78), (0.9, 5.26)])
def test_a_judge_is_worth_as_many_labels_as_its_correlation_says(rho, told) -> None:
    """1 / (1 - r^2 N / (n + N)), which with many others is 1 / (1 - r^2)."""
    sample = normal(rho, 4_000, 400_000, seed=5)
    found = label_multiplier(sample, Resampling(np.random.default_rng(1), n_resamples=200))
    r = np.corrcoef(sample.labels, sample.judge[:4_000])[0, 1]
    assert found.value == pytest.approx(1 / (1 - r**2 * 400 / 404), rel=0.02)
    assert found.low is not None
    assert found.high is not None
    assert found.low < told < found.high
    assert (found.n, found.n_clusters) == (4_000, 4_000)


def test_a_useless_judge_is_worth_one() -> None:
    """Never less; labels that are all the same say nothing of it."""
    sample = normal(0.0, 50, 200)
    found = label_multiplier(sample, Resampling(np.random.default_rng(1), n_resamples=200))
    assert found.low is not None
    assert found.value is not None
    assert 1 <= found.low <= found.value < 1.1
    resampling = Resampling(np.random.default_rng(1), n_resamples=200)
    same = label_multiplier(PartlyLabelled.of(np.ones(40), np.ones(40), np.ones(9)), resampling)
    assert same.undefined == "constant: every label is the same"
    perfect = PartlyLabelled.of(np.tile([0.0, 1], 20), np.tile([0.0, 1], 20), np.ones(9))
    assert label_multiplier(perfect, resampling).undefined == "constant: the judge leaves no doubt at all"
    assert (label_multiplier(normal(0.5, 20, 20), resampling).undefined or "").startswith("too_few")


def test_strata_are_put_together_by_size() -> None:
    """.25 x first + .75 x second, variances likewise; what was dropped is summed."""
    first, second = normal(0.8, 40, 100, seed=1), normal(0.5, 50, 300, seed=2)
    first = clustered(first, first.units, dropped={"not_judged": 2})
    second = clustered(second, second.units, dropped={"not_judged": 1, "other": 4})
    found, parts = stratified_mean([first, second], [100, 300]), [powered(each) for each in (first, second)]
    assert found.value == pytest.approx(0.25 * parts[0].value + 0.75 * parts[1].value)
    variance = 0.0625 * parts[0].doubt.variance + 0.5625 * parts[1].doubt.variance
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.low == pytest.approx(2 * 1.99 * math.sqrt(variance), rel=0.01)
    assert (found.n, found.n_clusters, found.method) == (90, 90, "stratified ppi++ t")
    assert found.dropped == {"not_judged": 3, "other": 4}
    alike = PartlyLabelled.of(np.ones(20), np.ones(20), np.ones(5))
    assert stratified_mean([alike], [1]).method == "none: no label differs from what the others lead one to expect"


def test_strata_that_cannot_be_put_together_are_refused() -> None:
    """No size, no label."""
    with pytest.raises(InputError, match="1 sizes for 2 strata"):
        stratified_mean([normal(0.5, 9, 9)] * 2, [1])
    with pytest.raises(InputError, match="stratum 1 has fewer than two labelled units"):
        stratified_mean([normal(0.5, 9, 9), normal(0.5, 1, 9)], [1, 1])


def lost(n, n_others, n_lost, n_lost_elsewhere):
    """Return labelled inputs and others, of which so many are lost, with a judge that is always right."""
    own, other = (np.where(np.arange(m) < k, -1.0, 0.0) for m, k in ((n, n_lost), (n_others, n_lost_elsewhere)))
    return PartlyLabelled.of(own, own, other)


@pytest.mark.parametrize(("n", "n_others", "share"), [(50, 90, 0.2), (40, 40, 0.25)])
def test_a_mean_with_a_tuned_power_is_off_by_its_bias(n, n_others, share) -> None:
    """Summed over every sample: less looks lost than is, by more than an eighth of the error."""
    total = mean = 0.0
    for k in range(1, n):
        for m in range(n_others + 1):
            chance = binom.pmf(k, n, share) * binom.pmf(m, n_others, share)
            if chance > 1e-5:
                total, mean = total + chance, mean + chance * powered(lost(n, n_others, k, m)).value
    off = mean / total + share
    assert off > 0.12 * math.sqrt(share * (1 - share) / (n + n_others))
    told = tuning_bias(lost(n, n_others, round(share * n), round(share * n_others)))
    assert told == pytest.approx((1 - 2 * share) / n / (1 + n / n_others), rel=0.03)
    assert told == pytest.approx(off, rel=0.15)


def test_groups_are_biased_as_their_own_sums() -> None:
    """By simulation: groups of two that are alike, half of the groups labelled."""
    rng, units, found, told = np.random.default_rng(4), np.repeat(np.arange(80), 2), [], []
    for _ in range(1200):
        own = -np.repeat((rng.random(80) < 0.2).astype(float), 2)
        sample = PartlyLabelled(own, np.where(units < 40, own, np.nan), units, np.ones(160))
        found.append(powered(sample).value + 0.2)
        told.append(tuning_bias(sample))
    noise = 3 * float(np.std(found)) / math.sqrt(1200)
    assert np.mean(found) > noise
    assert np.mean(found) == pytest.approx(np.mean(told), abs=noise)


def test_a_judge_that_says_one_thing_has_no_bias() -> None:
    """Nor a power."""
    sample = PartlyLabelled.of(np.array([1.0, 0.0, 1.0]), np.ones(3), np.ones(4))
    assert (tuned_power(sample), tuning_bias(sample)) == (0.0, 0.0)


def test_sessions_add_up_to_the_mean() -> None:
    """Alone, in groups, all labelled, and picked with chances of their own."""
    plain = normal(0.6, 40, 60)
    units, chances = np.arange(100) // 3, np.linspace(0.1, 0.9, 100)
    whole = PartlyLabelled(plain.judge[:40], plain.human[:40], np.arange(40), np.ones(40))
    for sample in (plain, clustered(plain, units), clustered(plain, units, chances=chances), whole):
        assert additions(sample, 0.7).sum() == pytest.approx(powered(sample, 0.7).value)
