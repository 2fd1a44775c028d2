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
    patterns = distinct_rows(panel())

    found = two_way_interval(
        lambda _, weights: np.linspace(0, 1, len(weights)),
        patterns,
        by_rater=False,
        rng=np.random.default_rng(0),
        level=0.95,
        n_resamples=40_000,
    )

    assert (found.low, found.high) == pytest.approx((0.0024, 0.9976), abs=0.001)


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
