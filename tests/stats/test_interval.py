"""Intervals: published numbers, scipy as oracle, and every case in which there is none."""

import math

import numpy as np
import pytest
from scipy import stats

from judgekit.stats.interval import acceleration, bootstrap_interval, wilson
from judgekit.stats.metric import measure, measure_all
from judgekit.stats.patterns import distinct_rows
from judgekit.stats.resample import units_of
from judgekit.stats.sample import Sample

# Efron & Tibshirani 1993, table 3.1: LSAT and GPA of 15 law schools.
LSAT = [576, 635, 558, 578, 666, 580, 555, 661, 651, 605, 653, 575, 545, 572, 594]
GPA = [3.39, 3.30, 2.81, 3.03, 3.44, 3.07, 3.00, 3.43, 3.36, 3.13, 3.12, 2.74, 2.76, 2.88, 2.96]
LAW = Sample(np.column_stack([LSAT, GPA]))
BINARY = np.array([0.0, 1.0])


def measured(metric, sample, **options):
    return measure(metric, sample, rng=np.random.default_rng(0), **options)


def binary(table, **fields):
    rows = [[i, j] for i in (0, 1) for j in (0, 1) for _ in range(table[i][j])]
    return Sample(np.array(rows, dtype=float), levels=BINARY, positive=1.0, **fields)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_newcombes_published_intervals(successes, trials, low, high):
    """Newcombe 1998: a middling, a small, a zero and a lone count."""
    found = wilson(successes / trials, trials, 0.95)

    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_wilson_equals_scipy_at_another_level():
    """scipy's binomtest agrees at 90%."""
    expected = stats.binomtest(7, 40).proportion_ci(0.9, method="wilson")
    found = wilson(7 / 40, 40, 0.9)

    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_law_school_interval_is_efrons():
    """BCa is .323 to .941 (scipy, 20 000 resamples) within Monte Carlo error; the acceleration is -.07567."""
    found = measured("pearson", LAW, n_resamples=20_000)
    patterns = distinct_rows(LAW)
    [(weights, times)] = units_of(patterns).leave_outs(np.random.default_rng(0))
    without = [stats.pearsonr(np.delete(LSAT, i), np.delete(GPA, i)).statistic for i in range(15)]

    assert found.method == "bca"
    assert (found.low, found.high) == pytest.approx((0.323, 0.941), abs=0.015)
    assert acceleration(np.array(without), np.ones(15)) == pytest.approx(-0.07567, abs=5e-6)
    assert (weights.sum(axis=1) == 14).all()
    assert (times == 1).all()


def test_acceleration_counts_a_kind_as_often_as_it_stands():
    """Three units of one kind weigh as three units."""
    kinds, times = np.array([0.1, 0.5, 0.6]), np.array([3.0, 1.0, 2.0])

    assert acceleration(kinds, times) == pytest.approx(acceleration(np.repeat(kinds, [3, 1, 2]), np.ones(6)))


def test_bca_equals_scipys_on_the_same_resamples():
    """Given one bootstrap distribution, the ends are those of scipy.stats.bootstrap."""
    data = np.random.default_rng(1).exponential(size=40)
    oracle = stats.bootstrap((data,), np.mean, n_resamples=3_000, method="BCa", rng=np.random.default_rng(2))
    left_out = np.array([np.delete(data, place).mean() for place in range(40)])

    found = bootstrap_interval(data.mean(), oracle.bootstrap_distribution, acceleration(left_out, np.ones(40)), 0.95)

    assert (found.low, found.high) == pytest.approx(tuple(oracle.confidence_interval), abs=1e-9)


@pytest.mark.parametrize(
    ("value", "skewness"),
    [(0.5, math.nan), (-1.0, 0.0), (2.0, 0.0), (0.5, 0.9), (0.5, -0.9)],
    ids=["no acceleration", "all above", "all below", "too skewed", "too skewed below"],
)
def test_percentile_stands_in_where_bca_has_no_finite_correction(value, skewness):
    """The method says so, and the ends are the plain quantiles."""
    drawn = np.linspace(0, 1, 1_001)

    found = bootstrap_interval(value, drawn, skewness, 0.95)

    assert found.method == "percentile"
    assert (found.low, found.high) == pytest.approx((0.025, 0.975))


def test_jackknife_without_spread_or_definition_has_no_acceleration():
    """Nothing to correct by."""
    assert math.isnan(acceleration(np.ones(3), np.ones(3)))
    assert math.isnan(acceleration(np.array([1.0, math.nan]), np.ones(2)))


def test_undefined_resamples_are_counted_and_above_five_percent_forbid_the_interval():
    """4% are left out with a note; 7% leave no interval."""
    drawn = np.linspace(0, 1, 1_000)
    drawn[:40] = math.nan
    some = bootstrap_interval(0.5, drawn, 0.0, 0.95)
    drawn[:70] = math.nan
    many = bootstrap_interval(0.5, drawn, 0.0, 0.95)

    assert some.method == "bca, 40 of 1000 resamples undefined"
    assert some.low is not None
    assert many.method == "none: 7% of resamples undefined"
    assert many.low is None


def test_few_units_give_no_interval():
    """Below ten independent units nothing can be said, however many rows there are."""
    table = binary([[40, 9], [6, 45]], units=np.arange(100) % 9)
    estimates = measure_all(["cohen_kappa", "accuracy", "bias"], table, rng=np.random.default_rng(0))

    for found in estimates.values():
        assert found.method == "none: fewer than 10 independent units"
        assert (found.low, found.n, found.n_clusters) == (None, 100, 9)


def test_rates_of_independent_rows_have_wilsons_interval_on_their_own_trials():
    """TPR's trials are the reference's positives, precision's the judge's."""
    sample = binary([[45, 10], [5, 40]])
    trials = {"tpr": 50, "tnr": 50, "precision": 45, "npv": 55, "accuracy": 100, "pairwise_accuracy": 100}

    for metric, n_trials in {**trials, "percent_agreement": 100, "within_one_agreement": 100}.items():
        found = measured(metric, sample)
        expected = wilson(found.value, n_trials, 0.95)
        assert (found.low, found.high, found.method) == (expected.low, expected.high, "wilson")


def test_rates_of_clustered_rows_are_resampled_by_cluster():
    """Wilson would take rows of one session for independent."""
    found = measured("accuracy", binary([[40, 9], [6, 45]], units=np.arange(100) // 5))

    assert found.method == "bca"
    assert found.n_clusters == 20


def test_agreement_of_three_raters_is_resampled():
    """A row of three raters agrees by thirds: no plain rate."""
    ratings = np.random.default_rng(0).integers(0, 2, size=(50, 3)).astype(float)

    assert measured("percent_agreement", Sample(ratings)).method == "bca"


def test_perfect_agreement_has_an_interval_as_a_rate_and_none_as_kappa():
    """Every resample is perfect too, which says nothing about doubt; Wilson's interval does."""
    sample = binary([[20, 0], [0, 20]])

    assert measured("cohen_kappa", sample).method == "none: every resample gives the same value"
    assert measured("accuracy", sample).low == pytest.approx(0.9124, abs=5e-5)
    clustered = binary([[20, 0], [0, 20]], units=np.arange(40) // 2)
    assert measured("accuracy", clustered).method == "none: every resample gives the same value"


def test_perfect_agreement_of_three_raters_has_wilsons_interval():
    """A mean of shares between 0 and 1 varies no more than a rate, so Wilson's is safe."""
    found = measured("percent_agreement", Sample(np.repeat(np.arange(20.0) % 2, 3).reshape(20, 3)))

    assert (found.method, found.high) == ("wilson", 1.0)
    assert found.low == pytest.approx(0.8389, abs=5e-5)


@pytest.mark.parametrize("metric", ["cohen_kappa", "cohen_kappa_quadratic", "krippendorff_alpha_nominal", "mcc"])
def test_rare_class_withholds_the_interval_of_chance_corrected_agreement(metric):
    """Three of a kind on either side are too few; five will do."""
    assert measured(metric, binary([[40, 2], [2, 1]])).method == "none: rarer class of judge has 3 (needs 5)"
    assert measured(metric, binary([[40, 0], [4, 3]])).method == "none: rarer class of reference has 3 (needs 5)"
    assert measured(metric, binary([[40, 2], [2, 3]])).method.startswith("bca")


def test_rare_class_of_several_raters_is_counted_over_all_of_them():
    """Four positives among all ratings of three raters are too few."""
    ratings = np.zeros((30, 3))
    ratings[0], ratings[1, 0] = 1, 1

    found = measured("krippendorff_alpha_nominal", Sample(ratings, levels=BINARY))

    assert found.method == "none: rarer class of all ratings has 4 (needs 5)"


@pytest.mark.parametrize("metric", ["balanced_accuracy", "youden_j"])
def test_rates_of_both_classes_need_both_in_the_reference_only(metric):
    """A judge that seldom says negative is measured; a reference with three positives measures nobody."""
    assert measured(metric, binary([[4, 0], [9, 40]])).method.startswith("bca")
    assert measured(metric, binary([[40, 0], [4, 3]])).method == "none: rarer class of reference has 3 (needs 5)"


def test_more_than_two_levels_are_not_held_to_the_rare_class_rule():
    """With an unused third level declared the rule does not apply."""
    rows = np.array([[0, 0]] * 40 + [[1, 0]] * 2 + [[1, 1]] * 2, dtype=float)

    assert not measured("cohen_kappa", Sample(rows, levels=np.arange(3.0))).method.startswith("none: rarer")


def test_higher_level_gives_a_wider_interval():
    """99% encloses 90%, for Wilson and for BCa."""
    sample = binary([[40, 9], [6, 45]])
    for metric in ("accuracy", "cohen_kappa"):
        wide, narrow = measured(metric, sample, level=0.99), measured(metric, sample, level=0.9)
        assert wide.low < narrow.low < narrow.high < wide.high
        assert (wide.level, narrow.level) == (0.99, 0.9)
