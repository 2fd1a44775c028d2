"""Intervals: published numbers, scipy as oracle, and every case in which there is none."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from judgekit.errors import InputError
from judgekit.stats.interval import (
    Influence,
    acceleration,
    bootstrap_interval,
    clopper_pearson,
    fisher_z,
    influence,
    jackknife_t,
    log_jackknife_t,
    percentile_interval,
    rate_interval,
    student_t,
    wilson,
    wilson_ends,
)
from judgekit.stats.metric import METRICS, measure, measure_all
from judgekit.stats.patterns import distinct_rows
from judgekit.stats.ranking import delong
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


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2527, 0.3676), (15, 148, 0.0578, 0.1617), (0, 20, 0.0, 0.1684), (1, 29, 0.0009, 0.1776)],
)
def test_clopper_pearson_gives_newcombes_published_intervals(successes, trials, low, high):
    """The same counts by the exact method; turned round, the other ends."""
    found = clopper_pearson(successes, trials, 0.95)
    turned = clopper_pearson(trials - successes, trials, 0.95)

    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)
    assert (turned.low, turned.high) == pytest.approx((1 - high, 1 - low), abs=5e-5)


def coverage(interval_of, trials, rate):
    """Return the chance that the interval of a binomial count holds the rate."""
    found = [interval_of(count) for count in range(trials + 1)]
    held = [interval.low <= rate <= interval.high for interval in found]
    return stats.binom.pmf(np.arange(trials + 1), trials, rate) @ held


def test_wilson_covers_on_average_and_the_exact_interval_always():
    """Over rates from .01 to .99 of 50 trials: 95% on average, 91% at the worst, as its docstring says."""
    rates = np.linspace(0.01, 0.99, 99)
    score = [coverage(lambda count: wilson(count / 50, 50, 0.95), 50, rate) for rate in rates]
    exact = [coverage(lambda count: clopper_pearson(count, 50, 0.95), 50, rate) for rate in rates]

    assert np.mean(score) == pytest.approx(0.95, abs=0.005)
    assert min(score) == pytest.approx(0.91, abs=0.005)
    assert min(exact) >= 0.95


@pytest.mark.parametrize("trials", [10, 15, 25, 49, 51, 66, 75, 100, 250, 820])
def test_a_rates_interval_covers_at_every_rate(trials):
    """At least 93.5%, at the worst rates: those just outside the intervals' ends. Wilson's alone falls to 84%."""
    chosen = [rate_interval(count / trials, trials, 0.95) for count in range(trials + 1)]
    score = [wilson(count / trials, trials, 0.95) for count in range(trials + 1)]

    def worst(found):
        low, high = (np.array([getattr(each, end) for each in found]) for end in ("low", "high"))
        rates = np.concatenate([low - 1e-10, high + 1e-10])
        rates = rates[(rates > 0) & (rates < 1)][:, None]
        held = (low <= rates) & (rates <= high)
        return (stats.binom.pmf(np.arange(trials + 1), trials, rates) * held).sum(axis=1).min()

    assert worst(chosen) >= 0.935
    assert worst(score) == pytest.approx(0.837, abs=0.005)


def test_a_rate_is_exact_where_successes_or_failures_are_few():
    """Under 25 of either: Clopper-Pearson; from there on Wilson."""
    assert [rate_interval(k / 60, 60, 0.95) for k in (24, 36)] == [clopper_pearson(k, 60, 0.95) for k in (24, 36)]
    assert [rate_interval(k / 60, 60, 0.95) for k in (25, 35)] == [wilson(k / 60, 60, 0.95) for k in (25, 35)]
    assert rate_interval(25 / 49, 49, 0.95).method == "clopper-pearson"


def test_no_failure_in_a_hundred_leaves_three_percent():
    """One-sided 95%: 1 - .05 ** (1 / 100), the rule of three."""
    assert clopper_pearson(0, 100, 0.9).high == pytest.approx(0.0295, abs=5e-5)


def test_law_school_interval_is_efrons():
    """BCa is .323 to .941, percentile .462 to .963 (scipy, 20 000 resamples) within Monte Carlo error."""
    patterns = distinct_rows(LAW)
    units = units_of(patterns)
    [(weights, times)] = units.leave_outs(np.random.default_rng(0))
    pearson = METRICS["pearson"].function
    drawn = np.concatenate([pearson(patterns, some) for some in units.resamples(np.random.default_rng(0), 20_000)])
    without = np.array([stats.pearsonr(np.delete(LSAT, i), np.delete(GPA, i)).statistic for i in range(15)])
    left_out = influence(without, np.ones(15))

    bca = bootstrap_interval(0.77637, drawn, left_out.acceleration, 0.95)
    percentile = percentile_interval(drawn, 0.95)

    assert (bca.method, percentile.method) == ("bca", "percentile")
    assert (bca.low, bca.high) == pytest.approx((0.323, 0.941), abs=0.015)
    assert (percentile.low, percentile.high) == pytest.approx((0.462, 0.963), abs=0.01)
    assert acceleration(without, np.ones(15)) == left_out.acceleration == pytest.approx(-0.07567, abs=5e-6)
    assert left_out.error == pytest.approx(0.14252, abs=5e-6)
    assert np.std(drawn) == pytest.approx(0.1337, abs=0.002)
    assert pearson(patterns, weights) == pytest.approx(without[np.argsort(LSAT)])
    assert (times == 1).all()


def test_law_school_interval_by_fishers_z_and_by_the_jackknife():
    """Fisher's is .4385 to .9220; the jackknife's is 2.1448 errors either side, beyond 1."""
    fisher, jackknife = fisher_z(0.776374, 15, 0.95), jackknife_t(0.776374, Influence(0.0, 15, 14, 0.14252), 0.95)

    assert (fisher.low, fisher.high) == pytest.approx((0.4385, 0.9220), abs=5e-5)
    assert fisher.method == "fisher-z"
    assert (jackknife.low, jackknife.high) == pytest.approx((0.776374 - 0.305674, 0.776374 + 0.305674), abs=1e-4)
    assert jackknife.method == "jackknife t"


def test_fishers_z_and_jackknife_say_when_they_have_nothing_to_go_by():
    """Nine rows, rows on a line, units that make no difference."""
    assert fisher_z(0.5, 9, 0.95).method == "none: fewer than 10 rows"
    assert fisher_z(-1.0, 20, 0.95).method == "none: the rows lie on a line"
    assert jackknife_t(1.0, influence(np.ones(5), np.ones(5)), 0.95).low is None


@pytest.mark.parametrize("n_free", [1, 2.2, 2.5, 3, 4.4, 7, 9.5, 30, 1e5])
def test_students_t_is_scipys(n_free):
    """Whole and broken degrees of freedom, at three levels."""
    for level in (0.8, 0.95, 0.99):
        assert student_t(level, n_free) == pytest.approx(stats.t.ppf((1 + level) / 2, n_free), rel=2e-4)


def test_freedom_is_that_of_the_units_that_matter():
    """Influences that are normal have as many as there are units; where two of a hundred matter, four are left."""
    normal = stats.norm.ppf((np.arange(200) + 0.5) / 200)
    few, even = np.zeros(100), np.tile([1.0, -1.0], 50)
    few[:2] = 1, -1

    assert influence(normal, np.ones(200)).n_free == pytest.approx(199, abs=10)
    assert influence(few, np.ones(100)).n_free == pytest.approx(4.08, abs=0.01)
    assert influence(even, np.ones(100)).n_free == 99
    assert influence(np.array([0.0, 1, -1]), np.array([98.0, 1, 1])) == influence(few, np.ones(100))


def test_few_units_or_few_that_matter_widen_bca():
    """Efron's ends with many units; further out the fewer there are, and the fewer of them matter."""
    drawn = stats.norm.ppf((np.arange(5_000) + 0.5) / 5_000)
    widths = []
    for found in (
        0.0,
        Influence(0.0, 1_000, 999),
        Influence(0.0, 30, 29),
        Influence(0.0, 30, 6),
        Influence(0.0, 30, 2.5),
    ):
        interval = bootstrap_interval(0.0, drawn, found, 0.95)
        widths.append(np.ptp([interval.low, interval.high]))

    assert widths == sorted(widths)
    assert widths[0] == pytest.approx(2 * 1.96, abs=0.01)
    assert widths[2] == pytest.approx(2 * np.sqrt(30 / 29) * 2.0452, abs=0.02)


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


def test_rates_of_independent_rows_have_a_rates_interval_on_their_own_trials():
    """TPR's trials are the reference's positives, precision's the judge's."""
    sample = binary([[45, 10], [5, 40]])
    trials = {"tpr": 50, "tnr": 50, "precision": 45, "npv": 55, "accuracy": 100, "pairwise_accuracy": 100}

    for metric, n_trials in {**trials, "percent_agreement": 100, "within_one_agreement": 100}.items():
        found = measured(metric, sample)
        expected = rate_interval(found.value, n_trials, 0.95)
        assert (found.low, found.high, found.method) == (expected.low, expected.high, "clopper-pearson")
    even = measured("accuracy", binary([[35, 15], [15, 35]]))
    assert (even.low, even.method) == (wilson(0.7, 100, 0.95).low, "wilson")


def test_rates_of_clustered_rows_are_resampled_by_cluster():
    """Wilson would take rows of one session for independent."""
    found = measured("accuracy", binary([[40, 9], [6, 45]], units=np.arange(100) // 3))

    assert found.method == "bca"
    assert found.n_clusters == 34


def test_rate_over_few_clusters_has_no_interval():
    """Thirty are needed, and of those only the ones count that hold a trial: here, a positive of the reference."""
    fields = {"units": np.arange(100) // 5}
    assert (
        measured("accuracy", binary([[40, 9], [6, 45]], **fields)).method == "none: a rate over 20 clusters (needs 30)"
    )
    fields = {"units": np.arange(100) // 2}
    assert measured("tpr", binary([[70, 9], [6, 15]], **fields)).method == "none: a rate over 13 clusters (needs 30)"
    assert measured("tnr", binary([[70, 9], [6, 15]], **fields)).method == "bca"
    three = np.random.default_rng(0).integers(0, 2, size=(60, 3)).astype(float)
    found = measured("percent_agreement", Sample(three, units=np.arange(60) // 3))
    assert found.method == "none: a rate over 20 clusters (needs 30)"


def test_rate_over_clusters_of_many_values_has_an_interval(monkeypatch):
    """Where the table of clusters is sparse, their trials are counted all the same."""
    monkeypatch.setattr("judgekit.stats.resample._MAX_ELEMENTS", 1_000)
    rows = np.random.default_rng(0).normal(size=(80, 2))
    rows[:40, 1] = rows[:40, 0]

    assert measured("accuracy", Sample(rows, units=np.arange(80) // 2)).method == "bca"


def test_agreement_of_three_raters_is_resampled():
    """A row of three raters agrees by thirds: no plain rate."""
    ratings = np.random.default_rng(0).integers(0, 2, size=(50, 3)).astype(float)

    assert measured("percent_agreement", Sample(ratings)).method == "bca"


def test_perfect_agreement_has_an_interval_as_a_rate_and_none_as_kappa():
    """Every resample is perfect too, which says nothing about doubt; the exact interval of a rate does."""
    sample = binary([[20, 0], [0, 20]])

    assert measured("cohen_kappa", sample).method == "none: every resample gives the same value"
    assert measured("accuracy", sample).low == pytest.approx(0.025 ** (1 / 40))
    clustered = binary([[40, 0], [0, 40]], units=np.arange(80) // 2)
    assert measured("accuracy", clustered).method == "none: every resample gives the same value"


def test_perfect_agreement_of_three_raters_has_the_interval_of_a_rate():
    """A mean of shares between 0 and 1 varies no more than a rate, so a rate's interval is safe."""
    found = measured("percent_agreement", Sample(np.repeat(np.arange(20.0) % 2, 3).reshape(20, 3)))

    assert (found.method, found.high) == ("clopper-pearson", 1.0)
    assert found.low == pytest.approx(0.025 ** (1 / 20))


def test_root_of_the_mean_squared_error_has_an_interval_on_the_logarithm():
    """As far below as above, in times; its reach is that of the jackknife's error with Student's t."""
    rng = np.random.default_rng(3)
    sample = Sample(np.column_stack([np.round(rng.normal(0, 2, 80)), np.zeros(80)]))
    squares = sample.ratings[:, 0] ** 2
    without = np.sqrt((squares.sum() - squares) / 79)
    found, pull = measured("rmse", sample), influence(without, np.ones(80))

    assert found.method == "jackknife t of the logarithm"
    assert found.high / found.value == pytest.approx(found.value / found.low)
    reach = math.sqrt(80 / 79) * student_t(0.95, pull.n_free)
    assert math.log(found.high / found.value) == pytest.approx(reach * pull.error / found.value)
    clustered = measured(
        "rmse", replace(sample, ratings=np.repeat(sample.ratings, 3, axis=0), units=np.arange(240) // 3)
    )
    assert (clustered.low, clustered.high) == pytest.approx((found.low, found.high))


def test_root_of_the_mean_squared_error_needs_sixty_units():
    """With fewer, far misses that are not in the sample yet leave 91%; the mean error's interval is there sooner."""
    ratings = np.column_stack([np.arange(60.0) % 3, np.zeros(60)])
    assert measured("rmse", Sample(ratings)).low is not None
    assert measured("rmse", Sample(ratings[:59])).method == "none: fewer than 60 independent units"
    assert measured("mae", Sample(ratings[:59])).low is not None


def test_a_root_of_nothing_has_no_interval_on_the_logarithm():
    """No miss at all, and misses that are all the same."""
    for value, error in ((0.0, 0.1), (2.0, math.nan)):
        found = log_jackknife_t(value, Influence(0.0, 60, 59, error), 0.95)
        assert (found.low, found.method) == (None, "none: leaving out a unit changes nothing")


@pytest.mark.parametrize("metric", ["cohen_kappa", "cohen_kappa_quadratic", "krippendorff_alpha_nominal", "mcc"])
def test_rare_class_withholds_the_interval_of_chance_corrected_agreement(metric):
    """Three of a kind on either side are too few; five will do."""
    assert measured(metric, binary([[40, 2], [2, 1]])).method == "none: rarer class of judge has 3 (needs 5)"
    assert measured(metric, binary([[40, 0], [4, 3]])).method == "none: rarer class of reference has 3 (needs 5)"
    assert measured(metric, binary([[40, 2], [2, 3]])).method.startswith("bca")


def test_rare_class_of_several_raters_is_counted_over_all_of_them():
    """Eight positives of three raters on four rows are too few: it is rows that count."""
    ratings = np.zeros((30, 3))
    ratings[:2], ratings[2:4, 0] = 1, 1

    found = measured("krippendorff_alpha_nominal", Sample(ratings, levels=BINARY))

    assert found.method == "none: rarer class of all ratings has 4 (needs 5)"


@pytest.mark.parametrize("metric", ["balanced_accuracy", "youden_j"])
def test_rates_of_both_classes_need_both_in_the_reference_only(metric):
    """A judge that seldom says negative is measured; a reference with three positives measures nobody."""
    assert measured(metric, binary([[4, 0], [9, 40]])).method == "mover"
    assert measured(metric, binary([[40, 0], [4, 3]])).method == "none: rarer class of reference has 3 (needs 5)"


def test_sums_of_rates_have_newcombes_interval():
    """Newcombe 1998: 56 of 70 less 48 of 80 is .2, .0524 to .3339; J = tpr + tnr - 1 is such a difference."""
    sample = binary([[32, 14], [48, 56]])
    found, balanced = measured("youden_j", sample), measured("balanced_accuracy", sample)

    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    assert (balanced.low, balanced.high) == pytest.approx(((1 + found.low) / 2, (1 + found.high) / 2))
    clustered = binary([[32, 14], [48, 56]], units=np.arange(150) // 3)
    assert measured("balanced_accuracy", clustered).method == "bca"
    three = Sample(np.array([[0, 0], [1, 1], [2, 1], [1, 1], [0, 0], [0, 1], [1, 0]], float), levels=np.arange(3.0))
    assert measured("balanced_accuracy", three).method == "mover"


def test_more_than_two_levels_are_not_held_to_the_rare_class_rule():
    """With an unused third level declared the rule does not apply."""
    rows = np.array([[0, 0]] * 40 + [[1, 0]] * 2 + [[1, 1]] * 2, dtype=float)

    assert not measured("cohen_kappa", Sample(rows, levels=np.arange(3.0))).method.startswith("none: rarer")


@pytest.mark.parametrize(
    "metric", ["cohen_kappa_quadratic", "spearman", "mae", "lin_ccc", "krippendorff_alpha_ordinal"]
)
def test_graded_columns_that_hardly_differ_have_no_interval(metric):
    """Four rows apart say little of how far apart others may be; five will do; two levels have no far and near."""
    rows = np.array(
        [[1, 1]] * 20 + [[2, 2]] * 20 + [[3, 3]] * 20 + [[1, 2], [2, 3], [3, 2], [1, 3], [2, 1]], dtype=float
    )
    levels = np.arange(1.0, 4)

    found = measured(metric, Sample(rows[:-1], levels=levels))
    assert found.method == "none: judge and reference differ on 4 rows (needs 5)"
    assert measured(metric, Sample(rows, levels=levels)).method == "bca"
    two = np.array([[0, 0]] * 20 + [[1, 1]] * 20 + [[0, 1]] * 2, dtype=float)
    assert measured(metric, Sample(two, levels=BINARY)).method.startswith("bca")


@pytest.mark.parametrize("form", ["1", "a1", "c1", "1k", "ak", "ck"])
def test_shrout_and_fleiss_intervals_come_out(form):
    """Six targets, four judges: the intervals of R psych and pingouin."""
    printed = {
        "1": (-0.133, 0.723),
        "a1": (0.019, 0.761),
        "c1": (0.342, 0.946),
        "1k": (-0.884, 0.912),
        "ak": (0.071, 0.927),
        "ck": (0.676, 0.986),
    }
    sample = Sample(np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]))

    found = measured(f"icc_{form}", sample)

    assert found.method == "f"
    assert (found.low, found.high) == pytest.approx(printed[form], abs=5.1e-4)


def test_intraclass_correlations_of_clustered_rows_are_resampled():
    """The F interval takes rows for independent; with clusters BCa stands in, and with four rows nothing does."""
    ratings = np.random.default_rng(0).normal(size=(40, 1)) + np.random.default_rng(1).normal(size=(40, 3)) / 2
    assert measured("icc_a1", Sample(ratings)).method == "f"
    assert measured("icc_a1", Sample(ratings, units=np.arange(40) // 2)).method == "bca"
    assert measured("icc_a1", Sample(ratings[:4])).method == "none: fewer than 5 independent units"


def test_intraclass_correlation_without_residual_has_no_f_interval():
    """Perfect agreement, or a pure offset, leaves nothing to judge the doubt by."""
    column = np.arange(12.0)
    for metric, other in (("icc_1", column), ("icc_a1", column), ("icc_ck", column + 1), ("icc_ak", column + 1)):
        found = measured(metric, Sample(np.column_stack([column, other, column])))
        assert found.method == "none: the ratings leave no residual to judge the doubt by"


def test_mean_of_raters_who_contradict_each_other_may_be_anything_below():
    """Spearman-Brown has no lower end once one rater's interval reaches down to -1 / (k - 1)."""
    first = np.array([1.0, 2, 3, 4, 5, 6, 7, 8])
    found = measured("icc_ak", Sample(np.column_stack([first, [9, 8, 8, 8, 3, 2, 5, 4]])))

    assert found.method.startswith("none: raters who contradict each other")
    assert found.value < -1


def score_sample(positives, negatives, **fields):
    rows = [[score, 1] for score in positives] + [[score, 0] for score in negatives]
    return Sample(np.array(rows, dtype=float), levels=BINARY, positive=1.0, **fields)


POSITIVES, NEGATIVES = [0.9, 0.8, 0.7, 0.6, 0.55, 0.3], [0.5, 0.4, 0.35, 0.2, 0.1, 0.65]


def test_delong_gives_the_published_errors_and_comparison():
    """Errors .12910 and .16292, z .65938, p .50965 (MLstatkit)."""
    scores = np.column_stack([POSITIVES + NEGATIVES, [0.7, 0.9, 0.4, 0.6, 0.3, 0.5, 0.8, 0.2, 0.45, 0.25, 0.15, 0.55]])
    found = delong(np.repeat([True, False], 6), scores)
    apart = found.covariance[0, 0] + found.covariance[1, 1] - 2 * found.covariance[0, 1]

    assert found.areas == pytest.approx([0.83333, 0.72222], abs=5e-6)
    assert np.sqrt(np.diag(found.covariance)) == pytest.approx([0.12910, 0.16292], abs=5e-6)
    assert (found.areas[0] - found.areas[1]) / np.sqrt(apart) == pytest.approx(0.65938, abs=5e-6)
    assert found.p_of_difference() == pytest.approx(0.50965, abs=5e-6)
    assert math.isnan(delong(np.repeat([True, False], 6), scores[:, [0, 0]]).p_of_difference())
    with pytest.raises(InputError, match="1 positives and 2 negatives"):
        delong(np.array([True, False, False]), scores[:3])


def test_auroc_has_delongs_interval_over_rows_and_bca_over_clusters():
    """On the logit, so within 0 and 1; none where a class is rare or nothing varies."""
    found = measured("auroc", score_sample(POSITIVES, NEGATIVES))
    assert found.method == "delong"
    logit, half = math.log(5), 1.959964 * 0.129099 / (5 / 36)
    expected = [1 / (1 + math.exp(-logit + shift)) for shift in (half, -half)]
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-5)
    clustered = score_sample(POSITIVES * 4, NEGATIVES * 4, units=np.arange(48) // 2)
    assert measured("auroc", clustered).method == "bca"
    assert (
        measured("auroc", score_sample(POSITIVES[:4], NEGATIVES)).method
        == "none: rarer class of reference has 4 (needs 5)"
    )
    graded = replace(score_sample(POSITIVES[:4], NEGATIVES), levels=np.array([0.0, 1.0, 2.0]))
    assert measured("auroc", graded).method == "none: rarer class of reference has 4 (needs 5)"
    apart = score_sample([0.9, 0.8, 0.7, 0.6, 0.55], [0.1, 0.2, 0.3, 0.4, 0.5])
    assert measured("auroc", apart).method == "none: the score separates the classes fully"
    flat = score_sample([0.5] * 6, [0.5] * 6)
    assert (measured("auroc", flat).value, measured("auroc", flat).method) == (0.5, "none: the score is constant")


def test_higher_level_gives_a_wider_interval():
    """99% encloses 90%, for Wilson and for BCa."""
    sample = binary([[40, 9], [6, 45]])
    for metric in ("accuracy", "cohen_kappa"):
        wide, narrow = measured(metric, sample, level=0.99), measured(metric, sample, level=0.9)
        assert wide.low < narrow.low < narrow.high < wide.high
        assert (wide.level, narrow.level) == (0.99, 0.9)


def test_delong_counts_ties_half():
    """Scores of three grades: area and error from the kernel written out pair by pair, 1, 1/2 or 0."""
    rng = np.random.default_rng(0)
    is_positive = np.arange(30) < 12
    scores = rng.integers(0, 3, size=(30, 2)) + is_positive[:, None]
    found = delong(is_positive, scores.astype(float))

    for place, column in enumerate(scores.T):
        above, below = column[is_positive, None], column[~is_positive]
        kernel = (above > below) + (above == below) / 2
        error = np.var(kernel.mean(axis=1), ddof=1) / 12 + np.var(kernel.mean(axis=0), ddof=1) / 18
        assert found.areas[place] == pytest.approx(kernel.mean())
        assert found.covariance[place, place] == pytest.approx(error)


def test_delong_needs_two_of_each_class_and_its_interval_five():
    """Two will do for an error; of four negatives among many positives an interval would say little."""
    found = delong(np.array([True, True, False, False]), np.array([[3.0], [2], [1], [2.5]]))

    assert found.areas.tolist() == [0.75]
    assert found.covariance[0, 0] == pytest.approx(0.125)
    few = measured("auroc", score_sample(POSITIVES, NEGATIVES[:4]))
    assert few.method == "none: rarer class of reference has 4 (needs 5)"
    graded = replace(score_sample(POSITIVES, NEGATIVES[:4]), levels=np.arange(3.0))
    assert measured("auroc", graded).method == "none: rarer class of reference has 4 (needs 5)"
    turned = score_sample([0.1, 0.2, 0.3, 0.4, 0.5], [0.9, 0.8, 0.7, 0.6, 0.55])
    assert measured("auroc", turned).method == "none: the score separates the classes fully"


def test_no_end_of_a_rate_is_beyond_its_scale():
    """Nothing and everything of 1 to 300 trials, at two levels, to the last digit."""
    for level in (0.8, 0.95):
        for trials in range(1, 301):
            (low, _), (_, high) = wilson_ends(0.0, trials, level), wilson_ends(1.0, trials, level)
            assert 0 <= low < 1e-15
            assert 1 - 1e-15 < high <= 1


@pytest.mark.parametrize("scale", [1.0, 1e6])
def test_resamples_that_tie_with_the_value_count_half_in_the_bias_correction(scale):
    """A quarter below, half tied but for rounding, a quarter above: no bias. With a tenth below: share .35, z -.385."""
    even = scale * np.repeat([0.2, 0.5, 0.8], [250, 500, 250]) - 1e-14 * scale
    found = bootstrap_interval(0.5 * scale, even, 0.0, 0.9)
    assert found.method == "bca"
    assert (found.low, found.high) == pytest.approx((0.2 * scale, 0.8 * scale))

    drawn = scale * np.concatenate([np.linspace(0, 0.4, 100), np.full(500, 0.5), np.linspace(0.6, 1, 400)])
    bias = stats.norm.ppf(0.35)
    expected = np.quantile(drawn, stats.norm.cdf([2 * bias - 1.959964, 2 * bias + 1.959964]))
    found = bootstrap_interval(0.5 * scale, drawn, 0.0, 0.95)
    assert (found.low, found.high) == pytest.approx(tuple(expected))


def test_three_raters_who_never_agree_have_a_rate():
    """A share of 0 varies no more than a rate of 0 does."""
    found = measured("percent_agreement", Sample(np.tile([0.0, 1, 2], (20, 1))))

    assert (found.value, found.low) == (0, pytest.approx(0, abs=1e-12))
    assert 0 < found.high < 0.2


def test_thirty_clusters_are_enough_for_a_rate():
    """The bound belongs to those that have an interval."""
    thirty, fewer = (binary([[40, 9], [6, 45]], units=np.minimum(np.arange(100) // 3, n - 1)) for n in (30, 29))

    assert measured("accuracy", thirty).method == "bca"
    assert measured("accuracy", fewer).method == "none: a rate over 29 clusters (needs 30)"


def test_missing_ratings_are_of_neither_class():
    """Of 30 rows with gaps four have a positive, which is one too few."""
    ratings = np.zeros((30, 3))
    ratings[::2, 2], ratings[:4, 0] = np.nan, 1

    found = measured("krippendorff_alpha_nominal", Sample(ratings, levels=BINARY))

    assert found.method == "none: rarer class of all ratings has 4 (needs 5)"


def test_what_is_undefined_keeps_its_units_and_its_level():
    """Forty rows in twenty units, at 90%."""
    sample = Sample(np.ones((40, 2)), levels=BINARY, units=np.arange(40) // 2)
    found = measured("cohen_kappa", sample, level=0.9)

    assert found.undefined is not None
    assert (found.n, found.n_clusters, found.level) == (40, 20, 0.9)


@pytest.mark.parametrize(
    ("n_free", "close"),
    [(2, 1.2e-3), (2.2, 3e-4), (3, 5e-5), (4.2, 2e-5), (5.5, 1e-5), (12.5, 1e-7), (30, 1e-8), (700, 1e-8)],
)
def test_students_t_is_scipys_to_more_digits_the_more_its_freedom(n_free, close):
    """Three digits at two degrees, four from three on, eight from thirty, at levels from .5 to .9999."""
    for level in (0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 0.9999):
        assert student_t(level, n_free) == pytest.approx(stats.t.ppf((1 + level) / 2, n_free), rel=close)


def test_large_values_that_differ_by_rounding_are_one_value():
    """A million and a billionth, in every resample: there is nothing to doubt."""
    found = bootstrap_interval(1e6, 1e6 + 1e-9 * np.arange(400) / 4, 0.0, 0.95)

    assert found.method == "none: every resample gives the same value"
