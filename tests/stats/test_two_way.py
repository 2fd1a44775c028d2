"""Intervals for other raters: halves of the raters stand for the population they come from."""

import numpy as np
import pytest

from judgekit.errors import InputError
from judgekit.stats.metric import METRICS, measure, measure_all
from judgekit.stats.patterns import distinct_rows
from judgekit.stats.sample import Sample
from judgekit.stats.two_way import two_way_interval

LEVELS = np.array([0.0, 1.0])


def panel(n_rows=60, n_raters=6, seed=0, missing=0.0):
    """Raters of different skill: some copy the truth nearly always, some hardly."""
    rng = np.random.default_rng(seed)
    truth, skill = rng.random((n_rows, 1)) < 0.5, rng.uniform(0.4, 1, size=n_raters)
    rows = np.where(rng.random((n_rows, n_raters)) < skill, truth, rng.random((n_rows, n_raters)) < 0.5).astype(float)
    rows[rng.random(rows.shape) < missing] = np.nan
    return Sample(rows, levels=LEVELS)


def measured(metric, sample, **options):
    return measure(metric, sample, rng=np.random.default_rng(0), n_resamples=400, **options)


@pytest.mark.parametrize("metric", ["percent_agreement", "krippendorff_alpha_nominal", "conger_kappa", "icc_a1"])
@pytest.mark.parametrize("n_raters", [6, 11])
def test_interval_for_other_raters_is_wider_and_says_so(metric, n_raters):
    """The value stays; the doubt about which raters these are comes on top, for few raters and for many."""
    sample = panel(n_raters=n_raters)
    rows, raters = measured(metric, sample), measured(metric, sample, generalise="raters")

    assert raters.method == "two-way percentile"
    assert (raters.value, raters.n) == (rows.value, rows.n)
    assert raters.high - raters.low > rows.high - rows.low
    assert raters.low < raters.value < raters.high


def test_raters_do_not_matter_to_the_interval_where_they_are_all_alike():
    """It is conservative then: each rating's own noise counts for rows and for raters, at most twice the width."""
    rng = np.random.default_rng(3)
    truth = rng.random((400, 1)) < 0.5
    noise = rng.random((400, 20)) < 0.5
    sample = Sample(np.where(rng.random((400, 20)) < 0.7, truth, noise).astype(float), levels=LEVELS)
    rows, raters = (measured("krippendorff_alpha_nominal", sample, generalise=who) for who in ("rows", "raters"))

    assert 1 < (raters.high - raters.low) / (rows.high - rows.low) < 2.2


def test_few_raters_widen_the_interval_by_students_t():
    """Six raters reach sqrt(6 / 5) x 2.5706 errors out: of evenly spread values the outer .24% are cut, not 2.5%."""
    spread = iter(np.linspace(0, 1, 40_000).reshape(40, 1_000))  # 20 halves, each beside the other half

    found = two_way_interval(
        lambda _, weights: next(spread),
        distinct_rows(panel()),
        by_rater=False,
        rng=np.random.default_rng(0),
        level=0.95,
        n_resamples=40_000,
    )

    assert (found.low, found.high) == pytest.approx((0.00243, 0.99757), abs=5e-5)


def test_missing_ratings_and_clusters_are_drawn_too():
    """Rows that half of the raters did not rate are left out of that half."""
    sample = panel(missing=0.4)
    clustered = Sample(sample.ratings, levels=LEVELS, units=np.arange(60) // 2)

    assert measured("fleiss_kappa", clustered, generalise="raters").method == "two-way percentile"
    assert measured("fleiss_kappa", clustered, generalise="raters").n_clusters == 30


def test_few_raters_panels_and_pairs_are_not_generalised():
    """Four raters are too few, W and means of k raters depend on k, and two columns are no sample of raters."""
    four = measured("krippendorff_alpha_nominal", panel(n_raters=4), generalise="raters")
    assert four.method == "none: fewer than 5 raters to generalise from"
    for metric in ("kendall_w", "icc_ak"):
        assert measured(metric, panel(), generalise="raters").method.startswith("none: a value for this many raters")
    with pytest.raises(InputError, match="cohen_kappa compares two columns"):
        measured("cohen_kappa", panel(n_raters=2), generalise="raters")


def test_raters_who_seldom_meet_leave_no_interval():
    """Where half of the raters have no row in common, the statistic is undefined too often."""
    rows = np.full((40, 6), np.nan)
    rows[np.arange(40), np.arange(40) % 3] = rows[np.arange(40), np.arange(40) % 3 + 3] = np.arange(40) // 20
    rows[:4] = 1 - rows[:4]

    found = measured("krippendorff_alpha_nominal", Sample(rows, levels=LEVELS), generalise="raters")

    assert "of resamples undefined" in found.method


def test_what_forbids_an_interval_over_rows_forbids_it_over_raters():
    """A rare class, no variation."""
    rare = panel().ratings
    rare[:] = 0
    rare[0, :3] = 1
    assert measured("fleiss_kappa", Sample(rare, levels=LEVELS), generalise="raters").method.startswith("none: rarer")
    assert measured("fleiss_kappa", Sample(0 * rare, levels=LEVELS), generalise="raters").undefined


def test_metrics_together_equal_metrics_alone_over_raters_too():
    """No metric's interval depends on its company, whichever patterns it looks at."""
    sample = panel(missing=0.1)
    names = [name for name in METRICS if METRICS[name].raters == "many"]
    for who in ("rows", "raters"):
        together = measure_all(names, sample, rng=np.random.default_rng(5), n_resamples=100, generalise=who)
        for name in names:
            alone = measure(name, sample, rng=np.random.default_rng(5), n_resamples=100, generalise=who)
            assert together[name] == alone


def recorded(sample, by_rater=False, function=None, n_resamples=400):
    """Return the interval, and the patterns of every half that was measured."""
    halves = []

    def measured_half(patterns, weights):
        halves.append(patterns)
        return np.arange(float(len(weights))) if function is None else function(patterns, weights)

    found = two_way_interval(
        measured_half,
        distinct_rows(sample),
        by_rater=by_rater,
        rng=np.random.default_rng(0),
        level=0.95,
        n_resamples=n_resamples,
    )
    return found, halves


@pytest.mark.parametrize(("n_raters", "n_halves"), [(5, 20), (6, 40), (8, 140), (9, 100), (11, 100)])
def test_each_half_is_drawn_beside_the_other_half(n_raters, n_halves):
    """All halves of few raters, fifty random ones of many, each with the rest: every rater in as many as any other."""
    found, halves = recorded(Sample(np.tile(np.arange(float(n_raters)), (30, 1))))
    raters = [patterns.sample.ratings[0].astype(int).tolist() for patterns in halves]

    assert found.method == "two-way percentile"
    assert len(raters) == n_halves
    assert all(sorted(one + rest) == list(range(n_raters)) for one, rest in zip(raters[::2], raters[1::2], strict=True))


def test_rows_of_one_unit_stay_together_in_every_half():
    """Each row five times in one unit: the interval of the rows, not of five times as many."""
    once = panel()
    often = Sample(np.repeat(once.ratings, 5, axis=0), levels=LEVELS, units=np.repeat(np.arange(60), 5))
    for metric in ("percent_agreement", "fleiss_kappa"):
        one, other = (measured(metric, sample, generalise="raters") for sample in (once, often))
        assert (other.low, other.high) == pytest.approx((one.low, one.high), abs=0.04)
        assert (other.n, other.n_clusters) == (300, 60)


def test_who_gave_which_rating_is_kept_where_it_matters():
    """Each rater is above the next: the first of a half is above its last, unless the row has been sorted."""
    sample = Sample(np.random.default_rng(0).normal(size=(40, 1)) - np.arange(6.0))

    def first_less_last(patterns, weights):
        return weights @ (patterns.values[:, 0] - patterns.values[:, -1]) / weights.sum(axis=1)

    assert recorded(sample, by_rater=True, function=first_less_last)[0].low >= 2 - 1e-9
    assert recorded(sample, by_rater=False, function=first_less_last)[0].high <= -2 + 1e-9


def test_rows_with_two_ratings_of_a_half_count():
    """Each row lacks one rater of six, so that a half has two ratings of it or three: all 36 rows are drawn."""
    ratings = np.random.default_rng(0).integers(0, 2, size=(36, 6)).astype(float)
    ratings[np.arange(36), np.arange(36) % 6] = np.nan
    found, _ = recorded(Sample(ratings, levels=LEVELS), function=lambda _, weights: weights.sum(axis=1))

    assert (found.low, found.high) == (36, 36)


def test_the_share_of_undefined_resamples_is_said():
    """Five of a hundred are left out; ten are too many."""
    sample = Sample(np.tile(np.arange(6.0), (30, 1)))

    def lacking(n):
        return lambda _, weights: np.where(np.arange(len(weights)) < n, np.nan, np.arange(len(weights)))

    few, many = (recorded(sample, function=lacking(n), n_resamples=4_000)[0] for n in (4, 10))
    assert few.method == "two-way percentile"
    assert few.low >= 4
    assert many.method == "none: 10% of resamples undefined"
