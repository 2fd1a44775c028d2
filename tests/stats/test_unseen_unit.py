"""Bounds as if one more unit had been drawn: wider for fewer and larger units, exact where nothing else is known."""

from __future__ import annotations

import numpy as np
import pytest

from judgekit.stats.interval import Interval, clopper_pearson
from judgekit.stats.metric import measure
from judgekit.stats.sample import FloatArray, Sample
from judgekit.stats.unseen_agreement import unseen_ends, unseen_gap_ends
from judgekit.stats.unseen_unit import Unseen, share_over_units, unseen_unit_ends

FIVE = np.arange(1.0, 6.0)
TWO = np.array([0.0, 1.0])
EITHER = Unseen(np.array([[1.0, 1.0], [-1.0, 1.0]]))
HIT_OR_MISS = Unseen(np.array([[1.0, 1.0], [0.0, 1.0]]))


def mean(sums: FloatArray) -> FloatArray:
    quotient: FloatArray = sums[:, 0] / sums[:, 1]
    return quotient


def rows_of(values: FloatArray) -> FloatArray:
    return np.column_stack([values, np.ones(len(values))])


def ends(found: Interval) -> tuple[float, float]:
    """Return both ends, which must be there."""
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def test_rows_alone_get_students_t_of_one_row_more() -> None:
    """By hand: nine zeros, a one and the added one: mean 2/11, standard error .1220, t of 9 degrees 1.8331."""
    values = np.repeat([0.0, 1.0], [9, 1])
    low, high = ends(unseen_unit_ends(mean, rows_of(values), None, EITHER, level=0.9))
    assert high == pytest.approx(2 / 11 + 1.8331 * np.sqrt((2 / 11) * (9 / 11) / 10), abs=2e-3)
    added = np.append(values, -1.0)
    assert low == pytest.approx(added.mean() - 1.8331 * added.std(ddof=1) / np.sqrt(11), abs=2e-3)


def test_units_whose_rows_are_alike_count_once() -> None:
    """Four copies of each row leave no more to go by than one; rows alone would."""
    rng = np.random.default_rng(1)
    once = rng.normal(size=40)
    copies, units = np.repeat(once, 4), np.repeat(np.arange(40), 4)
    alone = ends(unseen_unit_ends(mean, rows_of(once), None, EITHER, level=0.95))
    together = ends(unseen_unit_ends(mean, rows_of(copies), units, EITHER, level=0.95))
    assert together == pytest.approx(alone, abs=0.005)
    assert ends(unseen_unit_ends(mean, rows_of(copies), None, EITHER, level=0.95))[1] < alone[1]


def test_a_unit_of_half_the_rows_leaves_few_degrees_of_freedom() -> None:
    """The same rows in units of one size are known better."""
    values = np.random.default_rng(2).normal(size=120)
    even = np.arange(120) // 3
    heavy = np.where(np.arange(120) < 60, 0, np.arange(120))
    narrow, wide = (
        np.diff(ends(unseen_unit_ends(mean, rows_of(values), units, EITHER, level=0.95))) for units in (even, heavy)
    )
    assert wide > 1.5 * narrow


def test_the_added_unit_is_at_least_the_root_of_the_usual_size() -> None:
    """Units in which nothing happens show no design effect, and a ninth of their size would be too small."""
    values, units = np.zeros(360), np.repeat(np.arange(40), 9)
    _, high = ends(unseen_unit_ends(mean, rows_of(values), units, EITHER, level=0.95))
    assert high > 3 / 363
    whole = Unseen(EITHER.rows, n_together=9.0)
    assert ends(unseen_unit_ends(mean, rows_of(values), units, whole, level=0.95))[1] > 2 * high


def test_there_is_no_bound_of_few_units_or_of_what_one_unit_defines() -> None:
    """Nine units; or a share of rows that only one unit has."""
    assert unseen_unit_ends(mean, rows_of(np.zeros(9)), None, EITHER, level=0.9).low is None
    weight = np.repeat([1.0, 0.0], [1, 19])
    rows = np.column_stack([weight, weight])
    with np.errstate(invalid="ignore"):
        found = unseen_unit_ends(mean, rows, None, Unseen(np.zeros((1, 2))), level=0.9)
    assert found.method == "none: undefined without one of the units"


@pytest.mark.parametrize("n_failed", [0, 3, 40])
def test_a_share_over_units_is_exact_for_as_many_trials(n_failed: int) -> None:
    """Forty units of three rows that fail whole: as forty trials."""
    units = np.repeat(np.arange(40), 3)
    found = share_over_units(units < n_failed, units, 0.95)
    told = clopper_pearson(n_failed, 40, 0.95)
    assert (found.low, found.high) == (told.low, told.high)


def test_units_of_unequal_size_are_fewer_trials_unless_nothing_failed() -> None:
    """One unit of half the rows: about four in effect; where nothing failed, each was a trial."""
    units = np.concatenate([np.zeros(40, dtype=np.int64), np.arange(1, 41)])
    one = units == 5
    assert share_over_units(one, units, 0.95).high == clopper_pearson(1, 3, 0.95).high
    assert share_over_units(np.zeros(80, dtype=bool), units, 0.95).high == clopper_pearson(0, 41, 0.95).high


def told(n_units: int, size: int, *, levels: FloatArray, error: float, seed: int = 3) -> Sample:
    """Return a judge who errs here and there beside a reference, in units of several rows."""
    rng = np.random.default_rng(seed)
    units = np.repeat(np.arange(n_units), size)
    human = rng.choice(levels, n_units * size)
    is_wrong = rng.random(n_units * size) < error
    judge = np.where(is_wrong, levels[0] + levels[-1] - human, human)
    return Sample(np.column_stack([judge, human]), units, levels, positive=float(levels[-1]))


@pytest.mark.parametrize("metric", ["youden_j", "cohen_kappa", "bias"])
def test_two_levels_in_units_are_bounded_further_out_than_reports_do(metric: str) -> None:
    """Both ends contain the bootstrap's; a kappa stays below 1."""
    sample = told(40, 5, levels=TWO, error=0.1)
    plain = measure(metric, sample, rng=np.random.default_rng(1))
    low, high = ends(unseen_ends(metric, sample, 0.95))
    assert plain.low is not None
    assert plain.value is not None
    assert low < plain.low < plain.value < high


def test_youdens_j_goes_by_the_class_of_fewer_units() -> None:
    """Fails of few users are missed or found together: their rate's own bound counts; of nine users there is none."""
    units = np.repeat(np.arange(40), 5)
    human = np.where((units < 12) & (np.arange(200) % 5 == 0), 0.0, 1.0)
    judge = np.where(np.arange(200) % 17 == 0, 1 - human, human)
    rare = Sample(np.column_stack([judge, human]), units, TWO, positive=1.0)
    fails = human == 0
    own = unseen_unit_ends(mean, rows_of((judge == human)[fails].astype(float)), units[fails], HIT_OR_MISS, level=0.95)
    share = float((judge == human)[~fails].mean())
    assert ends(unseen_ends("youden_j", rare, 0.95))[0] < ends(own)[0] + share - 1
    few = Sample(rare.ratings, np.where(units < 12, units % 9, units), TWO, positive=1.0)
    assert unseen_ends("youden_j", few, 0.95).method == "none: fewer than 10 independent units hold one of the classes"
    turned = Sample(1 - rare.ratings, units, TWO, positive=0.0)
    assert ends(unseen_ends("youden_j", turned, 0.95)) == pytest.approx(ends(unseen_ends("youden_j", rare, 0.95)))


def test_graded_levels_take_a_miss_three_quarters_of_the_scale_off() -> None:
    """Quadratic kappa falls by more than where any miss of a nominal scale is added."""
    sample = told(40, 5, levels=FIVE, error=0.1)
    quadratic, nominal = (ends(unseen_ends(m, sample, 0.95)) for m in ("cohen_kappa_quadratic", "cohen_kappa"))
    assert quadratic[0] < nominal[0] < 1
    turned = Sample(6 - sample.ratings, sample.units, FIVE)
    assert ends(unseen_ends("cohen_kappa_quadratic", turned, 0.95)) == pytest.approx(quadratic)


def test_the_gap_is_that_of_the_two_kappas() -> None:
    """A judge that is the expert has none; the session that was not drawn is the judge's own miss."""
    sample = told(60, 2, levels=FIVE, error=0.1)
    three = np.column_stack([sample.ratings[:, 0], sample.ratings[:, 0], sample.ratings[:, 1]])
    low, high = ends(unseen_gap_ends("cohen_kappa_quadratic", Sample(three, sample.units, FIVE), 60, 0.95))
    assert low <= 0 < high < 0.3
    better = np.column_stack([sample.ratings[:, 0], sample.ratings[:, 1], sample.ratings[:, 1]])
    assert ends(unseen_gap_ends("cohen_kappa_quadratic", Sample(better, sample.units, FIVE), 60, 0.95))[1] > high


def test_numbers_without_levels_have_no_such_bound() -> None:
    """A far miss needs a scale."""
    two, three = (Sample(np.zeros((20, n))) for n in (2, 3))
    assert unseen_ends("bias", two, 0.95).low is None
    assert unseen_gap_ends("cohen_kappa", three, 20, 0.95).low is None
