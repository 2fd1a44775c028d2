"""Rater effects, their drift, self-agreement: recovered from simulated raters, against least squares, and undefined."""

import numpy as np
import pytest

from judgekit.errors import InputError
from judgekit.stats.rater_effect import rater_drift, rater_effects, self_agreement
from judgekit.stats.sample import Sample

RNG = np.random.default_rng
TRUE = np.array([0.5, 0.0, -0.5])


def rated(n_items=300, missing=0.3, seed=0):
    rng = RNG(seed)
    table = rng.normal(3, 1, size=(n_items, 1)) + TRUE + rng.normal(0, 0.5, size=(n_items, 3))
    return np.where(rng.random(table.shape) < missing, np.nan, table)


def effects(ratings, **options):
    return rater_effects(ratings, rng=RNG(0), **options)


def drift(ratings, days, **options):
    return rater_drift(ratings, days, rng=RNG(0), **options)


def repeated(metrics, sample):
    return self_agreement(metrics, sample, rng=RNG(0))


def least_squares(table):
    """Fit item and rater dummies by numpy, the effects centred."""
    rows, columns = np.nonzero(~np.isnan(table))
    design = np.zeros((len(rows), sum(table.shape)))
    design[np.arange(len(rows)), rows] = 1
    design[np.arange(len(rows)), table.shape[0] + columns] = 1
    fit = np.linalg.lstsq(design, table[rows, columns], rcond=None)[0][table.shape[0] :]
    return fit - fit.mean()


def test_missing_ratings_give_the_least_squares_fit():
    """Item and rater dummies fitted by numpy give the same effects; their intervals hold the true ones."""
    table = rated(seed=1)
    found = effects(table)

    assert [one.value for one in found] == pytest.approx(least_squares(table))
    assert all(one.low < true < one.high for one, true in zip(found, TRUE, strict=True))
    assert sum(one.value for one in found) == pytest.approx(0, abs=1e-12)


def test_complete_ratings_give_differences_of_means():
    """A rater's mean less everybody's."""
    table = rated(missing=0)

    assert [one.value for one in effects(table)] == pytest.approx(table.mean(axis=0) - table.mean())
    assert effects(table)[0].dropped == {}


def test_severe_raters_of_hard_items_are_told_from_severe_raters():
    """Rater 3 sees only items of level 1: plain means call them severe, the fit does not."""
    items = np.repeat([5.0, 1.0], 20)
    table = np.column_stack([items, np.where(items == 5, items, np.nan), np.where(items == 1, items, np.nan)])
    found = effects(table)

    assert [one.value for one in found] == pytest.approx([0, 0, 0], abs=1e-12)
    assert [one.n for one in found] == [40, 20, 20]


def test_items_are_drawn_by_unit_and_lone_ratings_are_counted():
    """Each item four times in one unit has the doubt of one; items with one rating are dropped by name."""
    table = rated(60, missing=0)
    alone = np.array([[1, np.nan, np.nan]])
    once = effects(table)
    often = effects(
        np.concatenate([np.repeat(table, 4, axis=0), alone]), units=np.append(np.repeat(np.arange(60), 4), 60)
    )

    assert [one.low for one in often] == pytest.approx([one.low for one in once])
    assert often[0].dropped == {"fewer_than_two_ratings": 1}
    assert (often[0].n, often[0].n_clusters) == (240, 60)


@pytest.mark.parametrize(
    "table",
    [
        np.array([[1, 2, np.nan, np.nan], [np.nan, np.nan, 3, 4]] * 10),
        np.full((5, 2), np.nan),
        np.zeros((0, 2)),
        np.array([[1, np.nan], [np.nan, 2]]),
    ],
    ids=["two-islands", "empty", "no-items", "never-the-same"],
)
def test_raters_who_never_meet_cannot_be_compared(table):
    """Two pairs of raters on different items, and nothing at all."""
    found = effects(table)

    assert all(one.undefined.startswith(f"no_data: the {table.shape[1]} raters share too few items") for one in found)


def test_drift_is_found_in_points_a_month():
    """Rater 1 grows by .3 a month, the others not: the intervals hold it and 0; each is half as large the other way."""
    rng = RNG(5)
    days = np.tile(rng.uniform(0, 180, size=(400, 1)), (1, 3)) + rng.uniform(0, 3, size=(400, 3))
    table = rng.normal(3, 1, size=(400, 1)) + TRUE + rng.normal(0, 0.4, size=(400, 3))
    table[:, 0] += 0.3 * days[:, 0] / 30
    found = drift(table, days)

    assert found[0].low < 0.3 < found[0].high
    assert found[0].low > 0
    assert found[1].low < -0.15 < found[1].high
    expected = np.polyfit(days[:, 0] / 30, table[:, 0] - table[:, 1:].mean(axis=1), 1)[0]
    assert found[0].value == pytest.approx(expected)


def test_other_company_over_time_is_no_drift():
    """First beside the lenient rater, later beside the severe one: the others' effects are taken out."""
    table = np.tile(np.linspace(2, 4, 60)[:, None], (1, 3)) + TRUE
    table[:30, 2], table[30:, 0] = np.nan, np.nan
    days = np.tile(np.arange(60.0)[:, None], (1, 3))
    found = drift(table, days)

    assert found[1].value == pytest.approx(0, abs=1e-9)


def test_ratings_without_a_time_are_counted():
    """They are compared, not dated."""
    table = rated(40, missing=0)
    days = np.tile(np.arange(40.0)[:, None], (1, 3))
    days[:5, 0] = np.nan
    found = drift(table, days, units=np.arange(40) // 2)

    assert (found[0].dropped, found[0].n, found[0].n_clusters) == ({"no_time": 5}, 35, 18)
    assert found[1].dropped == {}


@pytest.mark.parametrize("days", [np.zeros((40, 3)), np.full((40, 3), np.nan)])
def test_one_time_or_none_has_no_drift(days):
    """A slope needs three ratings at different times."""
    found = drift(rated(40), days)

    assert found[0].undefined.startswith("too_few: fewer than three ratings at different times")


def test_repeated_ratings_agree_with_themselves():
    """18 of 20 repeated items alike; an item rated once is counted."""
    first = np.arange(21.0) % 3
    second = first.copy()
    second[:2] = 2 - second[:2] + (second[:2] == 1)
    second[20] = np.nan
    sample = Sample(np.column_stack([first, second]), levels=np.arange(3.0))
    found = repeated(["percent_agreement", "cohen_kappa"], sample)

    assert found["percent_agreement"].value == pytest.approx(0.9)
    assert found["percent_agreement"].dropped == {"missing": 1}
    assert 0 < found["cohen_kappa"].value < 0.9


def test_nothing_repeated_is_undefined_in_words_of_occasions():
    """No second occasion."""
    sample = Sample(np.column_stack([np.ones(5), np.full(5, np.nan)]), levels=np.arange(3.0))
    found = repeated(["percent_agreement"], sample)["percent_agreement"]

    assert found.undefined == "no_data: no row has ratings of both occasion 1 and occasion 2"


def test_what_does_not_fit_is_refused():
    """One rater, and times of another shape."""
    with pytest.raises(InputError, match="two or more"):
        effects(np.zeros((4, 1)))
    with pytest.raises(InputError, match="days of shape"):
        drift(np.zeros((4, 2)), np.zeros((3, 2)))


@pytest.mark.slow
def test_intervals_of_effects_cover():
    """100 items, 30% missing: each true effect lies within at least 93.5% of intervals less three binomial errors."""
    hits = np.zeros(3)
    for seed in range(800):
        found = rater_effects(rated(100, seed=seed), rng=RNG(seed), n_resamples=1_000)
        hits += [one.low < true < one.high for one, true in zip(found, TRUE, strict=True)]

    assert (hits / 800).min() > 0.935 - 3 * np.sqrt(0.935 * 0.065 / 800)


def test_a_chain_of_raters_is_compared_through_its_links():
    """Each two neighbours share one item: steps of 1, 2, 3 and 4 add up to 0 1 3 6 10, less their mean."""
    table = np.full((4, 5), np.nan)
    for place, step in enumerate((1, 2, 3, 4)):
        table[place, place : place + 2] = 3, 3 + step

    assert [one.value for one in effects(table)] == pytest.approx([-4, -3, -1, 2, 6])


def test_raters_on_islands_are_not_joined_by_rounding():
    """Two groups of raters with uneven numbers of items: the second zero of the equations is not exactly zero."""
    rng = RNG(0)
    for _ in range(20):
        table = rng.normal(size=(30, 6))
        table[: rng.integers(5, 25), :3] = np.nan
        table[np.isnan(table[:, 0]).sum() :, 3:] = np.nan
        assert all(one.undefined is not None for one in effects(table, n_resamples=100))


def test_a_drift_needs_three_ratings_of_known_time():
    """Two always lie on a line; with three there is a slope."""
    table, days = rated(40, missing=0), np.tile(np.arange(40.0)[:, None], (1, 3))
    days[2:, 0], days[3:, 1] = np.nan, np.nan
    two, three, _ = drift(table, days)

    assert two.undefined == (
        "too_few: fewer than three ratings at different times on items that others rated too (n=2)"
    )
    expected = np.polyfit(np.arange(3) / 30, table[:3, 1] - (table[:3, 0] + table[:3, 2]) / 2, 1)[0]
    assert three.value == pytest.approx(expected)
    assert three.n == 3


def test_a_slope_is_the_same_wherever_time_starts():
    """Resamples are not centred: their slope is least squares' all the same."""
    from judgekit.stats.rater_effect import _slope

    x, y = RNG(0).uniform(3, 9, size=12), RNG(1).normal(size=12)
    sums = np.array([[12, x.sum(), y.sum(), (x * x).sum(), (x * y).sum()]])

    assert _slope(sums)[0, 0] == pytest.approx(np.polyfit(x, y, 1)[0])
