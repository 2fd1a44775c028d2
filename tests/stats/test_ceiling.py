"""The human ceiling: paired differences on the same rows, and what noise alone allows."""

from dataclasses import replace

import numpy as np
import pytest

from judgekit.errors import InputError, UnknownName
from judgekit.stats.ceiling import ceiling_difference, correlation_ceiling, disattenuated_correlation, spearman_brown
from judgekit.stats.metric import METRICS, measure_all
from judgekit.stats.patterns import distinct_rows
from judgekit.stats.sample import Sample

LEVELS = np.arange(1.0, 6.0)
KAPPAS = ["cohen_kappa_quadratic", "spearman", "mae"]


def graded(n_items=60, judge_noise=0.9, rater_noise=0.9, seed=0):
    """Return leave-one-out rows of three raters: judge, own, the others' median, and the item of each."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(1, 6, size=n_items)

    def rated(noise):
        return np.clip(np.round(truth + rng.normal(0, noise, n_items)), 1, 5)

    judge, raters = rated(judge_noise), np.stack([rated(rater_noise) for _ in range(3)])
    rows, units = [], []
    for place in range(3):
        others = np.median(np.delete(raters, place, axis=0), axis=0)
        legal = others == np.round(others)
        rows.append(np.column_stack([judge, raters[place], others])[legal])
        units.append(np.flatnonzero(legal))
    return Sample(np.concatenate(rows), units=np.concatenate(units), levels=LEVELS, names=("judge", "rater", "others"))


def compared(sample, metrics=KAPPAS, seed=0, **options):
    return ceiling_difference(metrics, sample, rng=np.random.default_rng(seed), **options)


def ceiling_of(ratings, **options):
    return correlation_ceiling(ratings, rng=np.random.default_rng(0), **options)


def disattenuated(judge, ratings, **options):
    return disattenuated_correlation(judge, ratings, rng=np.random.default_rng(0), **options)


def test_both_sides_stand_on_the_same_rows_and_the_difference_is_theirs():
    """Judge and human are the plain metrics of their columns; the difference subtracts them."""
    sample = graded()
    found = compared(sample)

    for column, side in ((0, "judge"), (1, "human")):
        columns = Sample(sample.ratings[:, [column, 2]], units=sample.units, levels=LEVELS)
        plain = measure_all(KAPPAS, columns, rng=np.random.default_rng(0))
        assert {name: getattr(found[name], side).value for name in KAPPAS} == {k: v.value for k, v in plain.items()}
    for name in KAPPAS:
        one = found[name]
        assert one.difference.value == pytest.approx(one.judge.value - one.human.value)
        assert one.difference.low < one.difference.value < one.difference.high
        assert one.judge.n == one.human.n == one.difference.n


@pytest.mark.slow
def test_the_interval_of_the_difference_is_that_of_a_plain_paired_loop():
    """Draw sessions, write the rows out, measure both sides, subtract: the same spread within Monte Carlo error."""
    sample = graded()
    members = [np.flatnonzero(sample.units == unit) for unit in np.unique(sample.units)]
    rng = np.random.default_rng(3)
    loop = []
    for _ in range(1_000):
        rows = sample.ratings[np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])]
        sides = [distinct_rows(Sample(rows[:, [column, 2]], levels=LEVELS)) for column in (0, 1)]
        judge, human = (METRICS["spearman"].function(side, side.counts[None, :])[0] for side in sides)
        loop.append(judge - human)
    found = compared(sample, ["spearman"], n_resamples=5_000)["spearman"].difference

    assert found.method == "bca"
    assert found.high - found.low == pytest.approx(np.ptp(np.quantile(loop, [0.025, 0.975])), rel=0.15)


def test_a_judge_that_is_the_rater_differs_by_nothing():
    """Identical columns: the difference is 0 in every resample, so that there is nothing to doubt."""
    sample = graded()
    same = Sample(sample.ratings[:, [1, 1, 2]], units=sample.units, levels=LEVELS)
    found = compared(same)["spearman"].difference

    assert (found.value, found.low, found.method) == (0, None, "none: every resample gives the same value")


def test_pairing_is_worth_something():
    """The paired interval is narrower than the two intervals' ends subtracted crosswise."""
    one = compared(graded(200, 1.2, 0.8))["spearman"]

    assert one.difference.high - one.difference.low < (one.judge.high - one.human.low) - (
        one.judge.low - one.human.high
    )


def test_rows_without_all_three_values_count_for_neither():
    """A row that the judge did not answer is no row of the human's either."""
    sample = graded()
    ratings = sample.ratings.copy()
    ratings[:7, 0], ratings[7:9, 1] = np.nan, np.nan
    holes = Sample(ratings, units=sample.units, levels=LEVELS, dropped={"missing": 1, "others_tie": 2})
    found = compared(holes)["mae"]
    whole = compared(Sample(sample.ratings[9:], units=sample.units[9:], levels=LEVELS))["mae"]

    assert found.human.dropped == found.difference.dropped == {"missing": 10, "others_tie": 2}
    assert found.difference.value == pytest.approx(whole.difference.value)
    assert found.difference.low == pytest.approx(whole.difference.low)


def test_order_of_the_rows_does_not_matter():
    """The same seed gives the same interval."""
    sample = graded()
    order = np.random.default_rng(9).permutation(len(sample.ratings))
    one = compared(sample)["spearman"].difference
    other = compared(Sample(sample.ratings[order], units=sample.units[order], levels=LEVELS))["spearman"].difference

    assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-12)


def test_without_an_interval_on_a_side_the_difference_has_none():
    """Nine sessions: values, and the reason."""
    found = compared(graded(9))["mae"].difference

    assert found.value is not None
    assert found.method == "none: judge~others has none: fewer than 10 independent units"


def test_a_constant_side_leaves_the_difference_undefined():
    """A judge that always says 3 has no Spearman; a rater who does, neither."""
    sample = graded()
    for column in (0, 1):
        ratings = sample.ratings.copy()
        ratings[:, column] = 3
        found = compared(Sample(ratings, units=sample.units, levels=LEVELS), ["spearman"])["spearman"]
        assert found.difference.value is None
        assert found.difference.undefined == (found.judge, found.human)[column].undefined


def test_no_complete_row_is_undefined():
    """Nothing was judged."""
    found = compared(Sample(np.full((4, 3), np.nan), units=np.arange(4), levels=LEVELS))["mae"]

    assert found.difference.undefined.startswith("no_data: ")
    assert found.difference.dropped == {"missing": 4}


def test_what_does_not_fit_a_ceiling_is_refused():
    """Two columns, an unknown metric, a level that is no share."""
    sample = graded()
    with pytest.raises(InputError, match="three columns, got 2"):
        compared(Sample(sample.ratings[:, :2], levels=LEVELS))
    with pytest.raises(UnknownName):
        compared(sample, ["kappa"])


def test_spearman_brown_has_its_known_values():
    """Doubling .6 gives .75; one rater stays; no reliability stays none; below -1 / (k - 1) there is none."""
    assert spearman_brown(0.6, 2) == pytest.approx(0.75)
    assert spearman_brown([0.3, 0.0], [1, 5]) == pytest.approx([0.3, 0])
    assert np.isnan(spearman_brown(-0.6, 3))


def noisy(n_items, seed=0):
    """Return three raters whose noise is as large as the signal, the signal, and a judge with half their variance."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=n_items)
    raters = signal[:, None] + rng.normal(size=(n_items, 3))
    return raters, signal, signal + rng.normal(0, 0.5, n_items)


@pytest.mark.slow
def test_noise_as_large_as_the_signal_gives_the_measured_ceiling():
    """Rater noise sd = signal sd: raters correlate at .498, a perfect judge reaches .866 against the mean of three."""
    raters, signal, judge = noisy(20_000)
    found = ceiling_of(raters, n_resamples=200)
    right = disattenuated(judge, raters, n_resamples=200)

    assert found.between_raters.value == pytest.approx(0.498, abs=0.01)
    assert found.reliability.value == pytest.approx(0.75, abs=0.01)
    assert found.ceiling.value == pytest.approx(0.866, abs=0.006)
    assert np.corrcoef(signal, raters.mean(axis=1))[0, 1] == pytest.approx(0.866, abs=0.006)
    assert np.corrcoef(signal, raters[:, 0])[0, 1] == pytest.approx(0.706, abs=0.01)
    assert right.value == pytest.approx(0.895, abs=0.01)
    assert right.low < 0.8944 < right.high


@pytest.mark.slow
def test_a_judge_beats_a_human_by_less_noise_alone():
    """Against the mean of the two others a judge correlates at .73 and a rater at .576, and no judge is meant."""
    raters, _, judge = noisy(20_000)
    others = (raters.sum(axis=1, keepdims=True) - raters) / 2
    rows = np.stack([np.repeat(judge, 3), raters.ravel(), others.ravel()], axis=1)
    sample = Sample(rows[:6_000], units=np.repeat(np.arange(2_000), 3))
    found = compared(sample, ["pearson"], n_resamples=100)["pearson"]

    assert (found.judge.value, found.human.value) == pytest.approx((0.73, 0.576), abs=0.03)
    assert found.difference.low > 0


def test_missing_ratings_use_the_harmonic_mean_of_their_number():
    """Half of the rows have two of three ratings: the mean is as reliable as 2.4 raters', which the judge's shows."""
    raters, _, judge = noisy(20_000, seed=4)
    raters[::2, 2] = np.nan
    raters[1, :] = np.nan
    units = np.arange(20_000) // 2
    found = ceiling_of(raters, units=units, n_resamples=100)
    right = disattenuated(judge, raters, units=units, n_resamples=100)

    assert found.reliability.value == pytest.approx(spearman_brown(found.between_raters.value, 2.4), abs=1e-3)
    assert found.ceiling.dropped == {"missing": 1}
    assert (found.ceiling.n, found.ceiling.n_clusters) == (19_999, 10_000)
    assert right.value == pytest.approx(0.894, abs=0.015)


def test_raters_who_do_not_correlate_leave_no_ceiling():
    """Opposite raters: their correlation is a number, a root of it is not; nor is there one for constant raters."""
    x = np.random.default_rng(1).normal(size=40)
    opposite = ceiling_of(np.column_stack([x, -x]))
    constant = ceiling_of(np.ones((40, 2)))
    judge = disattenuated(x, np.column_stack([x, -x]))

    assert opposite.between_raters.value == pytest.approx(-1)
    assert opposite.ceiling.undefined.startswith(
        "constant: the 2 raters' mean correlation is undefined or not positive"
    )
    assert constant.between_raters.value is None
    assert judge.undefined.endswith("or the judge is constant")


def test_a_constant_judge_has_no_correlation_to_correct():
    """Raters agree, the judge says one thing; a missing verdict takes its row away."""
    raters, _, _ = noisy(50)
    judge = np.ones(50)
    judge[:5] = np.nan
    found = disattenuated(judge, raters)

    assert found.value is None
    assert found.dropped == {"missing": 5}


def test_one_rater_is_refused_for_a_ceiling():
    """Reliability takes two."""
    with pytest.raises(InputError, match="two or more"):
        ceiling_of(np.zeros((4, 1)))


@pytest.mark.slow
def test_interval_of_the_difference_covers_in_repetition():
    """40 sessions x 3 raters with equal noise for judge and raters: the true difference lies within at least 92.5%.

    The truth comes from 200,000 sessions; the bound is 93.5% less three binomial errors of 800 runs.
    """
    big = graded(200_000, seed=99)
    sides = [distinct_rows(Sample(big.ratings[:, [column, 2]], levels=LEVELS)) for column in (0, 1)]
    values = [METRICS["cohen_kappa_quadratic"].function(side, side.counts[None, :])[0] for side in sides]
    truth = values[0] - values[1]
    hits, printed = 0, 0
    for seed in range(800):
        found = compared(graded(40, seed=seed), ["cohen_kappa_quadratic"], seed, n_resamples=1_000)
        one = found["cohen_kappa_quadratic"].difference
        printed += one.low is not None
        hits += one.low is not None and one.low <= truth <= one.high

    assert printed > 700
    assert hits / printed > 0.935 - 3 * np.sqrt(0.935 * 0.065 / printed)


def test_a_human_without_error_leaves_the_judge_its_own():
    """A human value of 0 is a value: the difference is the judge's mean error, without either end of an interval."""
    sample = graded()
    exact = replace(sample, ratings=sample.ratings[:, [0, 2, 2]])
    found = compared(exact, ["mae"])["mae"]

    assert found.human.value == 0
    assert found.difference.value == found.judge.value > 0
    assert found.judge.low is not None
    assert (found.human.low, found.difference.low, found.difference.high) == (None, None, None)
    assert found.difference.method.startswith("none: rater~others has none: ")


def test_both_sides_and_the_difference_are_of_the_level_asked():
    """Half the coverage: three narrower intervals."""
    wide, narrow = (compared(graded(), ["spearman"], level=level)["spearman"] for level in (0.95, 0.5))

    for side in ("judge", "human", "difference"):
        one, other = getattr(wide, side), getattr(narrow, side)
        assert one.low < other.low < other.high < one.high
        assert (one.level, other.level) == (0.95, 0.5)


def test_rows_with_one_rating_are_rows_of_the_ceiling():
    """Half of the rows have one of three ratings: the harmonic mean of 1 and 3 is 1.5 raters; nothing is dropped."""
    raters, _, _ = noisy(400, seed=4)
    raters[::2, 1:] = np.nan
    found = ceiling_of(raters, n_resamples=100)

    assert (found.ceiling.n, found.ceiling.dropped) == (400, {})
    assert found.reliability.value == pytest.approx(spearman_brown(found.between_raters.value, 1.5))


def test_raters_who_have_nothing_in_common_leave_no_ceiling():
    """A correlation of exactly 0 is one, and so is a reliability of 0; a ceiling of nothing to reach is none."""
    found = ceiling_of(np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]] * 5))

    assert (found.between_raters.value, found.reliability.value) == (0, 0)
    assert found.ceiling.undefined.startswith("constant: ")


def test_rows_whose_others_tie_count_for_neither_side_and_are_counted():
    """Without a reference of the others there is nothing to hold judge or rater against, and it is said how often."""
    sample = graded()
    ratings = sample.ratings.copy()
    ratings[:12, 2] = np.nan
    tied = compared(replace(sample, ratings=ratings))["spearman"]
    rest = compared(replace(sample, ratings=sample.ratings[12:], units=sample.units[12:]))["spearman"]

    for side in ("judge", "human", "difference"):
        one, other = getattr(tied, side), getattr(rest, side)
        assert (one.value, one.low, one.high, one.n) == (other.value, other.low, other.high, other.n)
        assert one.dropped == {"missing": 12}
