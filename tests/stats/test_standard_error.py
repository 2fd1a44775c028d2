"""Analytic standard errors: the printed ones of papers and packages, to every digit."""

import math

import numpy as np
import pytest
from scipy import stats

from judgekit.stats import chance
from judgekit.stats.alpha import weighted_alpha
from judgekit.stats.interval import student_t
from judgekit.stats.metric import METRICS
from judgekit.stats.patterns import distinct_rows
from judgekit.stats.sample import Sample
from judgekit.stats.standard_error import agreement_error, cluster_error, cluster_t, kappa_error
from tests.stats.test_metric_published import PUBLISHED, sample_of

# irrCAC 0.4.4 on its own raw_4raters (Gwet 2014, table 2.10; Krippendorff 2011, example C): value and standard error.
GWET = {
    "identity": [(0.77544, 0.14295), (0.77273, 0.14472), (0.76117, 0.15302), (0.76282, 0.14917), (0.74342, 0.14557)],
    "linear": [(0.85874, 0.11733), (0.84848, 0.12336), (0.81794, 0.14850), (0.81378, 0.14509), (0.80038, 0.13548)],
    "quadratic": [(0.91400, 0.10396), (0.90152, 0.11089), (0.86494, 0.14603), (0.85771, 0.14367), (0.84911, 0.12913)],
    "ordinal": [(0.89894, 0.10690), (0.88636, 0.11391), (0.85021, 0.14704), (0.84366, 0.14410), (0.83364, 0.13107)],
}
AGREEMENT = {"identity": 0.81818, "linear": 0.93939, "quadratic": 0.97538, "ordinal": 0.96818}
COEFFICIENTS = {
    "gwet": chance.gwet_ac2,
    "brennan_prediger": chance.brennan_prediger,
    "fleiss": chance.fleiss_kappa,
    "conger": chance.conger_kappa,
    "alpha": weighted_alpha,
}
CASES = [
    (weighting, coefficient, *printed)
    for weighting, line in GWET.items()
    for coefficient, printed in zip(COEFFICIENTS, line, strict=True)
]


def published(name) -> Sample:
    return sample_of(next(entry for entry in PUBLISHED if entry["id"] == name))


@pytest.mark.parametrize(("weighting", "coefficient", "value", "error"), CASES)
def test_gwets_table_of_weights_and_coefficients_comes_out(weighting, coefficient, value, error):
    """Twelve rows, four raters, missing ratings: each coefficient and error under each weighting, to five digits."""
    sample = published("krippendorff-12x4")
    patterns = distinct_rows(sample, n_ratings_min=2 if coefficient == "alpha" else 1, by_rater=True)

    [found] = COEFFICIENTS[coefficient](patterns, patterns.counts[None, :], weighting=weighting)

    assert found == pytest.approx(value, abs=5.001e-6)
    assert agreement_error(sample, coefficient, weighting=weighting) == pytest.approx(error, abs=5.001e-6)


@pytest.mark.parametrize("weighting", AGREEMENT)
def test_weighted_agreement_of_gwets_table_comes_out(weighting):
    """The agreement that all coefficients share."""
    patterns = distinct_rows(published("krippendorff-12x4"))
    close = chance.closeness(patterns.levels, weighting)

    [found] = chance.observed_agreement(patterns, patterns.counts[None, :], close)

    assert found == pytest.approx(AGREEMENT[weighting], abs=5.001e-6)


@pytest.mark.parametrize(
    ("name", "weighting", "error", "null"),
    [
        ("kappa-2x2", "identity", 0.1270, 0.1386),
        ("kappa-sas", "identity", 0.1380, 0.1484),
        ("kappa-sas", "linear", 0.1457, 0.1426),
        ("kappa-sas", "quadratic", 0.1922, None),
    ],
)
def test_kappas_errors_are_those_that_sas_prints(name, weighting, error, null):
    """Fleiss, Cohen & Everitt's error, and the one under no agreement (SAS, in statsmodels' tests)."""
    sample = published(name)

    assert kappa_error(sample, weighting=weighting) == pytest.approx(error, abs=5e-5)
    if null:
        assert kappa_error(sample, weighting=weighting, is_null=True) == pytest.approx(null, abs=5e-5)


def test_epirs_interval_is_made_of_the_wrong_error():
    """R's epiR prints .56 to .79, from the null error; the right large-sample interval is .524 to .823."""
    sample = published("epir-salmon")
    right, wrong = kappa_error(sample), kappa_error(sample, is_null=True)

    assert (0.6736 - 1.96 * right, 0.6736 + 1.96 * right) == pytest.approx((0.524, 0.823), abs=5e-4)
    assert (0.6736 - 1.96 * wrong, 0.6736 + 1.96 * wrong) == pytest.approx((0.56, 0.79), abs=5e-3)
    assert 0.6736 / wrong == pytest.approx(11.53, abs=0.01)


def test_kappa_2x2_has_the_published_test_and_interval():
    """z 2.8868 from the null error, .1511 to .6489 from the other."""
    sample = published("kappa-2x2")

    assert 0.4 / kappa_error(sample, is_null=True) == pytest.approx(2.8868, abs=5e-5)
    half = 1.959964 * kappa_error(sample)
    assert (0.4 - half, 0.4 + half) == pytest.approx((0.1511, 0.6489), abs=5e-5)


def test_gwets_interval_and_test_of_ac1_come_out():
    """12 rows, 4 raters: .461 to 1 and p .00021 (irrCAC's tests), by t with 11 degrees of freedom, cut off at 1."""
    error = agreement_error(published("krippendorff-12x4"), "gwet", weighting="identity")

    low, high = (0.77544 + side * student_t(0.95, 11) * error for side in (-1, 1))
    assert (low, min(1, high)) == pytest.approx((0.461, 1), abs=5e-4)
    assert 2 * stats.t.sf(0.77544 / error, 11) == pytest.approx(0.00021, abs=5e-6)


def test_errors_of_what_is_undefined_are_undefined():
    """No rows, one category, nothing paired, no levels."""
    levels, nan = np.array([0.0, 1.0]), np.nan
    alike, empty = Sample(np.ones((12, 2)), levels=levels), Sample(np.empty((0, 2)), levels=levels)

    assert math.isnan(kappa_error(alike))
    assert math.isnan(kappa_error(empty))
    for coefficient in ("fleiss", "conger", "alpha"):
        assert math.isnan(agreement_error(alike, coefficient))
    assert agreement_error(alike, "gwet") == 0
    assert math.isnan(agreement_error(empty, "gwet"))
    assert math.isnan(agreement_error(Sample(np.array([[1, nan], [nan, 0], [0, nan]]), levels=levels), "gwet"))
    assert math.isnan(agreement_error(Sample(np.array([[1.0, 0], [0, 1]])), "gwet"))


def test_conger_leaves_out_a_rater_who_gave_nothing():
    """A column without ratings has no margin."""
    sample = published("anxiety-3-raters")
    padded = Sample(np.column_stack([sample.ratings, np.full(20, np.nan)]), levels=sample.levels)
    one, other = (distinct_rows(found, n_ratings_min=1, by_rater=True) for found in (sample, padded))

    assert agreement_error(padded, "conger") == pytest.approx(agreement_error(sample, "conger"))
    assert chance.conger_kappa(other, other.counts[None, :]) == pytest.approx(
        chance.conger_kappa(one, one.counts[None, :])
    )


VALUES = np.array([1, 1, 0, 1, 0, 0, 1, 1, 1], dtype=float)
CLUSTERS = np.repeat([0, 1, 2], 3)


def test_cluster_error_is_statsmodels():
    """Miller's error .157135, and statsmodels' corrected one .192450, on three clusters of three."""
    assert cluster_error(VALUES, CLUSTERS, is_corrected=False) == pytest.approx(0.157135, abs=5e-7)
    assert cluster_error(VALUES, CLUSTERS) == pytest.approx(0.192450, abs=5e-7)


def test_cluster_interval_uses_students_t_with_a_degree_per_cluster_but_one():
    """4.3027 errors either side of the mean with three clusters; none where there is one, or where they are alike."""
    found = cluster_t(VALUES, CLUSTERS, 0.95)

    assert found.method == "cluster t"
    assert (found.low, found.high) == pytest.approx((6 / 9 - 0.828053, 6 / 9 + 0.828053), abs=1e-3)
    for units in (np.zeros(9, int), np.arange(9) // 9):
        assert cluster_t(VALUES, units, 0.95).method == "none: one cluster, or clusters that do not differ"
    assert cluster_t(np.tile([0.0, 1.0], 5), np.arange(10) // 2, 0.95).low is None


def infinitesimal_jackknife(function, patterns, n_free):
    """Return the error from a statistic's slope in each pattern's weight, by central differences."""
    n, step = patterns.counts.sum(), 1e-4
    pulls = []
    for place in range(len(patterns.counts)):
        toward = np.eye(len(patterns.counts))[place] * n - patterns.counts
        up, down = (function(patterns, (patterns.counts + sign * step * toward)[None, :])[0] for sign in (1, -1))
        pulls.append((up - down) / (2 * step))
    return math.sqrt(patterns.counts @ np.square(pulls) / (n * n_free))


@pytest.mark.parametrize("coefficient", ["gwet", "brennan_prediger", "fleiss", "conger"])
@pytest.mark.parametrize("weighting", GWET)
def test_gwets_errors_are_the_coefficients_own_slopes(coefficient, weighting):
    """Missing ratings, and a rater with a single one: the error is that of the linearised coefficient."""
    rng = np.random.default_rng(5)
    ratings = rng.integers(1, 5, size=(14, 4)).astype(float)
    ratings[np.arange(14), np.arange(14) % 4] = np.nan
    ratings[1:, 3], ratings[0] = np.nan, [1, 2, 2, 4]
    sample = Sample(ratings, levels=np.arange(1.0, 6))
    patterns = distinct_rows(sample, n_ratings_min=1, by_rater=True)

    def function(patterns, weights):
        return COEFFICIENTS[coefficient](patterns, weights, weighting=weighting)

    expected = infinitesimal_jackknife(function, patterns, patterns.n - 1)
    assert agreement_error(sample, coefficient, weighting=weighting) == pytest.approx(expected, rel=1e-5)


def test_kappas_error_is_its_own_slope_and_the_null_one_is_not():
    """Fleiss, Cohen and Everitt's error is the delta method's, divided by n; the null one is another number."""
    rng = np.random.default_rng(6)
    truth = rng.integers(0, 3, size=50)
    sample = Sample(
        np.column_stack([truth, np.where(rng.random(50) < 0.7, truth, rng.integers(0, 3, size=50))]).astype(float),
        levels=np.arange(3.0),
    )
    patterns = distinct_rows(sample)
    right = infinitesimal_jackknife(METRICS["cohen_kappa"].function, patterns, patterns.n)

    assert kappa_error(sample) == pytest.approx(right, rel=1e-5)
    assert kappa_error(sample, is_null=True) != pytest.approx(right, rel=0.05)


def test_two_rows_and_two_clusters_have_an_error():
    """Half the difference of two; one has none."""
    assert cluster_error(np.array([1.0, 1, 0, 0]), np.array([0, 0, 1, 1])) == pytest.approx(0.5)
    two = Sample(np.array([[0.0, 0], [0, 1]]), levels=np.array([0.0, 1.0]))
    assert agreement_error(two, "brennan_prediger") == pytest.approx(1)
    assert math.isnan(agreement_error(Sample(np.array([[0.0, 1]]), levels=np.array([0.0, 1.0])), "brennan_prediger"))


def test_perfect_agreement_has_no_error_whatever_its_rounding():
    """However often each level is given, the variance may come out below nothing, which has no root."""
    for seed in range(80):
        levels = np.arange(2.0 + seed % 5)
        column = np.random.default_rng(seed).integers(0, len(levels), size=5 + seed % 40).astype(float)
        column[:2] = 0, 1
        assert kappa_error(Sample(np.column_stack([column, column]), levels=levels)) == pytest.approx(0, abs=1e-6)
