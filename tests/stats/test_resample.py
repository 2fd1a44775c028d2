"""Resampling: the counts bootstrap is the plain bootstrap, only faster; and its portions and tables do not show."""

import numpy as np
import pytest

from judgekit.stats import resample
from judgekit.stats.metric import METRICS, measure, measure_all
from judgekit.stats.patterns import distinct_rows
from judgekit.stats.resample import units_of
from judgekit.stats.sample import Sample

LEVELS = np.arange(4.0)


def graded(n_rows=60, n_raters=2, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 4, size=(n_rows, 1))
    noise = rng.integers(0, 4, size=(n_rows, n_raters))
    return np.where(rng.random((n_rows, n_raters)) < 0.6, truth, noise).astype(float)


def plain_bootstrap(metric, sample, n_resamples=2_000):
    """Draw units with replacement, write the rows out, measure: the textbook's loop."""
    rng = np.random.default_rng(99)
    units = np.arange(len(sample.ratings)) if sample.units is None else sample.units
    members = [np.flatnonzero(units == unit) for unit in np.unique(units)]
    values = []
    for _ in range(n_resamples):
        rows = np.concatenate([members[place] for place in rng.integers(0, len(members), len(members))])
        patterns = distinct_rows(Sample(sample.ratings[rows], levels=sample.levels))
        values.append(METRICS[metric].function(patterns, patterns.counts[None, :])[0])
    return np.array(values)


def counts_bootstrap(metric, sample, n_resamples=2_000):
    patterns = distinct_rows(sample)
    weights = units_of(patterns).resamples(np.random.default_rng(1), n_resamples)
    return np.concatenate([METRICS[metric].function(patterns, portion) for portion in weights])


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["cohen_kappa_quadratic", "spearman", "krippendorff_alpha_ordinal"])
@pytest.mark.parametrize(
    "sample",
    [
        Sample(graded(), levels=LEVELS),
        Sample(graded(1_000), levels=LEVELS),
        Sample(graded(), levels=LEVELS, units=np.arange(60) // 4),
        Sample(graded(), units=np.repeat(np.arange(20), np.arange(20) % 6 + 1)[:60], levels=LEVELS),
    ],
    ids=["rows", "many-rows", "clusters", "uneven-clusters"],
)
def test_counts_bootstrap_spreads_like_the_plain_loop(metric, sample):
    """Mean and standard deviation agree within four Monte Carlo errors."""
    counts, loop = counts_bootstrap(metric, sample), plain_bootstrap(metric, sample)
    sd, error = np.std(loop), np.sqrt(2 / len(loop))

    assert np.std(counts) == pytest.approx(sd, rel=4 * np.sqrt(0.5) * error)
    assert np.mean(counts) == pytest.approx(np.mean(loop), abs=4 * sd * error)


@pytest.mark.parametrize("units", [None, np.arange(60) // 4], ids=["rows", "clusters"])
def test_each_resample_draws_as_many_units_as_there_are(units):
    """The weights of a resample are whole rows, and as many units are drawn as the sample has."""
    patterns = distinct_rows(Sample(graded(), levels=LEVELS, units=units))
    found = units_of(patterns)

    weights = np.concatenate(list(found.resamples(np.random.default_rng(0), 150)))

    assert weights.shape == (150, len(patterns.counts))
    assert (weights.sum(axis=1) == 60).all()
    assert (weights == weights.round()).all()
    assert (found.n, found.are_rows) == ((60, True) if units is None else (15, False))


def test_units_of_one_row_each_are_rows():
    """Declaring units that never hold two rows changes nothing."""
    plain = Sample(graded(), levels=LEVELS)
    named = Sample(graded(), levels=LEVELS, units=np.arange(60) * 3)

    one, other = (measure("accuracy", sample, rng=np.random.default_rng(0)) for sample in (plain, named))

    assert one == other
    assert one.method == "wilson"


def test_leaving_out_units_covers_each_once():
    """The left-out weights, times how often they stand, add up to every unit's rows once."""
    for units in (None, np.arange(60) // 4):
        patterns = distinct_rows(Sample(graded(), levels=LEVELS, units=units))
        parts = list(units_of(patterns).leave_outs(np.random.default_rng(0)))
        weights, times = (np.concatenate(part) for part in zip(*parts, strict=True))
        assert (times @ (patterns.counts - weights) == patterns.counts).all()


def test_portions_do_not_change_what_is_left_out(monkeypatch):
    """With room for a few rows at a time, the same resamples' number and jackknife come out in portions."""
    patterns = distinct_rows(Sample(graded(), levels=LEVELS, units=np.arange(60) // 4))
    units = units_of(patterns)
    whole = np.concatenate([weights for weights, _ in units.leave_outs(np.random.default_rng(0))])
    monkeypatch.setattr(resample, "_MAX_ELEMENTS", 50)

    portions = [weights for weights, _ in units.leave_outs(np.random.default_rng(0))]

    assert len(portions) > 1
    assert (np.concatenate(portions) == whole).all()
    assert sum(len(weights) for weights in units.resamples(np.random.default_rng(0), 101)) == 101


def test_sparse_table_gives_what_the_dense_one_gives(monkeypatch):
    """Where units x patterns would not fit, a sparse table stands in, number for number."""
    patterns = distinct_rows(Sample(np.random.default_rng(0).normal(size=(60, 2)), units=np.arange(60) // 4))
    dense = units_of(patterns)
    monkeypatch.setattr(resample, "_MAX_ELEMENTS", 100)
    sparse = units_of(patterns)

    assert (sparse.contents.toarray() == dense.contents).all()
    for one, other in zip(
        dense.leave_outs(np.random.default_rng(0)), sparse.leave_outs(np.random.default_rng(0)), strict=True
    ):
        assert (one[0] == other[0]).all()


@pytest.mark.parametrize("units", [None, np.arange(3_000) // 2], ids=["rows", "clusters"])
def test_random_groups_stand_in_for_single_units_when_there_are_many(units):
    """Above a thousand kinds of unit, the grouped jackknife finds nearly the same interval."""
    rng = np.random.default_rng(0)
    sample = Sample(rng.exponential(size=(3_000, 2)) ** 2, units=units)
    grouped = measure("bias", sample, rng=np.random.default_rng(0))
    patterns = distinct_rows(sample)
    parts = list(units_of(patterns).leave_outs(np.random.default_rng(0)))

    assert sum(len(weights) for weights, _ in parts) == 1_000
    assert sum((patterns.counts - weights).sum() for weights, _ in parts) == 3_000
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resample, "_MAX_JACKKNIFE", 5_000)
        single = measure("bias", sample, rng=np.random.default_rng(0))
    assert single.low is not None
    assert single.high is not None
    width = single.high - single.low
    assert (grouped.low, grouped.high) == pytest.approx((single.low, single.high), abs=0.03 * width)


def test_three_raters_patterns_do_not_ask_who_gave_which_rating():
    """The same ratings in another order are one pattern, with missing ones too."""
    rows = np.array([[1, 2, np.nan], [2, np.nan, 1], [np.nan, 1, 2], [1, 1, 2]])
    patterns = distinct_rows(Sample(rows, levels=LEVELS))

    assert patterns.counts.tolist() == [1, 3]
    assert patterns.pattern_of_row.tolist() == [1, 1, 1, 0]


def test_metrics_together_equal_metrics_alone():
    """Sharing one set of resamples does not change any estimate."""
    sample = Sample(graded(), levels=LEVELS, positive=1.0)
    names = [name for name in METRICS if METRICS[name].raters == "two"]

    together = measure_all(names, sample, rng=np.random.default_rng(5))

    assert together == {name: measure(name, sample, rng=np.random.default_rng(5)) for name in names}
