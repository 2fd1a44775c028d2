"""Dawid and Skene's model: their 45 patients, simulated raters, and what is refused or warned of."""

import time

import numpy as np
import pytest

from judgekit.errors import InputError
from judgekit.stats.dawid_skene import DawidSkeneRule, dawid_skene

# Dawid & Skene 1979, table 1: 45 patients; observer 1 three times, then observers 2 to 5.
PATIENTS = """
1111111 3334334 1122122 2223121 2223222 2223322 1222111 3333433 2222223 2322223 4444444 2223343 1111111
2223212 1211111 1112111 1111111 1111111 2222221 2221322 2222222 2222221 2223222 2212222 1111111 1111111 2322222 1111111
1111111 1121121 1111111 3333233 1111111 2222222 2223232 4334343 2212232 2323233 3333432 1111111 1111111 1212111 2322222
1211111 2222222
"""
RATINGS = np.array([[float(digit) for digit in patient] for patient in PATIENTS.split()])
OBSERVERS = [0, 0, 0, 1, 2, 3, 4]
LEVELS = [1, 2, 3, 4]


def fitted(ratings=RATINGS, levels=LEVELS, **options):
    return dawid_skene(ratings, levels, **options)


def simulated(n_items=2_000, n_raters=5, right=0.7, n_levels=3, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, n_levels, size=n_items)
    noise = rng.integers(0, n_levels, size=(n_items, n_raters))
    return truth, np.where(rng.random((n_items, n_raters)) < right, truth[:, None], noise).astype(float)


def test_the_45_patients_come_out_as_published():
    """Table 4: marginals .40 .42 .11 .07, observer 1's error rates; the log-likelihood by two other programs."""
    found = fitted(raters=OBSERVERS, rule=DawidSkeneRule(tolerance=1e-8))

    assert found.shares.round(2).tolist() == [0.40, 0.42, 0.11, 0.07]
    assert found.shares == pytest.approx([0.3996, 0.4220, 0.1118, 0.0667], abs=5e-5)
    assert found.log_likelihood == pytest.approx(-192.8909, abs=5e-5)
    expected = [[0.889, 0.111, 0, 0], [0.071, 0.876, 0.053, 0], [0, 0.339, 0.661, 0], [0, 0, 0.556, 0.444]]
    assert found.confusions[0] == pytest.approx(np.array(expected), abs=5e-4)


def test_majority_agrees_with_the_model_on_most_patients():
    """93.3% of the 45 (ties of the vote go to the lowest level here)."""
    votes = (RATINGS[:, :, None] == LEVELS).sum(axis=1)
    found = fitted(raters=OBSERVERS)

    assert np.mean(found.labels == np.array(LEVELS)[votes.argmax(axis=1)]) == pytest.approx(0.933, abs=5e-4)


def test_few_labels_of_a_class_are_warned_of():
    """Three patients are of class 4: four of the observers saw each once."""
    found = fitted(raters=OBSERVERS, names=("one", "two", "three", "four", "five"))

    assert len(found.warnings) == 4
    assert found.warnings[0].startswith("two has 3.0 labels on items of level 4: fewer than 5")


def test_simulated_confusions_are_found_again():
    """2,000 items, raters right on 80%: each cell within five standard errors, and the labels nearly all right."""
    truth, ratings = simulated()
    found = fitted(ratings, [0, 1, 2])

    assert found.confusions == pytest.approx(np.tile(np.eye(3) * 0.7 + 0.1, (5, 1, 1)), abs=0.08)
    assert np.mean(found.labels == truth) > 0.92
    assert found.supports.sum() == pytest.approx(10_000)


def test_missing_ratings_and_order_of_items_change_nothing_else():
    """An item nobody rated is NaN and counted; the others are as without it, in any order."""
    ratings = np.where(np.random.default_rng(1).random(RATINGS.shape) < 0.2, np.nan, RATINGS)
    ratings[7] = np.nan
    order = np.random.default_rng(2).permutation(45)
    all_there, shuffled = fitted(ratings), fitted(ratings[order])
    without = fitted(np.delete(ratings, 7, axis=0))

    assert all_there.n_unlabelled == 1
    assert np.isnan(all_there.probabilities[7]).all()
    assert np.isnan(all_there.labels[7])
    assert all_there.log_likelihood == pytest.approx(without.log_likelihood)
    assert shuffled.probabilities == pytest.approx(all_there.probabilities[order], nan_ok=True)


def test_more_columns_than_one_number_can_code_change_nothing():
    """40 columns of 4 levels exceed 63 bits: rows are told apart all the same."""
    wide = np.tile(RATINGS, (1, 6))
    found = fitted(wide, raters=OBSERVERS * 6)

    assert found.shares.round(2).tolist() == [0.40, 0.42, 0.11, 0.07]
    assert len(found.probabilities) == 45


def test_smoothing_keeps_a_rater_from_being_certain():
    """Every cell gets a little; without it most of the published zeros are zeros."""
    plain, smooth = fitted(raters=OBSERVERS), fitted(raters=OBSERVERS, rule=DawidSkeneRule(smoothing=0.01))

    assert (plain.confusions == 0).any()
    assert (smooth.confusions > 0).all()
    assert smooth.confusions.sum(axis=2) == pytest.approx(np.ones((5, 4)))


def test_a_class_a_rater_never_met_has_an_even_row():
    """Rater 2 labelled none of the items of level 1: that row says nothing, and it is warned of."""
    ratings = np.array([[0, np.nan, 0]] * 20 + [[1, 1, 1]] * 20, dtype=float)
    found = fitted(ratings, [0, 1])

    assert found.confusions[1, 0].tolist() == [0.5, 0.5]
    assert any(warning.startswith("rater 2 has 0.0 labels on items of level 0") for warning in found.warnings)


def test_a_tie_has_no_label():
    """Two raters who always disagree leave both levels equally likely."""
    found = fitted([[0, 1], [1, 0]], [0, 1])

    assert np.isnan(found.labels).all()


def test_stopping_early_is_said():
    """One step settles nothing."""
    found = fitted(rule=DawidSkeneRule(max_iterations=1))

    assert found.n_iterations == 1
    assert found.warnings[-1] == "stopped after 1 iterations before the probabilities settled"


@pytest.mark.parametrize(
    ("ratings", "code"),
    [(np.full((3, 2), np.nan), "no_data"), (np.zeros((0, 2)), "no_data"), ([[1, np.nan], [2, np.nan]], "too_few")],
)
def test_nobody_to_weigh_is_undefined(ratings, code):
    """No label at all, or one rater only."""
    found = fitted(ratings)

    assert found.undefined.startswith(f"{code}: ")
    assert found.log_likelihood is None
    assert len(found.labels) == 0


@pytest.mark.parametrize(
    ("ratings", "options", "words"),
    [
        ([[1, 5]], {}, "a rater gave 5, the levels are 1, 2, 3, 4"),
        ([1, 2], {}, "shape"),
        ([[1, 2]], {"raters": [0]}, "raters"),
        ([[1, 2]], {"raters": [0, 2]}, "raters"),
    ],
)
def test_what_does_not_fit_is_refused(ratings, options, words):
    """Ratings off the scale, and columns without a rater."""
    with pytest.raises(InputError, match=words):
        fitted(ratings, **options)


@pytest.mark.parametrize("field", [{"smoothing": -1}, {"tolerance": 0}, {"max_iterations": 0}])
def test_a_rule_that_cannot_be_followed_is_refused(field):
    """Negative smoothing, no tolerance, no step."""
    with pytest.raises(InputError, match="Dawid-Skene with"):
        DawidSkeneRule(**field)


def test_ten_thousand_items_take_milliseconds():
    """10,000 x 5 on five levels: the goal is 20 ms; a slow machine is given ten times that."""
    _, ratings = simulated(10_000, 5, n_levels=5)
    fitted(ratings, range(5))
    start = time.perf_counter()
    fitted(ratings, range(5))

    assert time.perf_counter() - start < 0.2


def test_the_lowest_level_is_a_label_like_any_other():
    """Raters who give nothing else have labelled; an item without a label is counted where nothing can be fitted."""
    alike, alone = fitted([[1, 1], [1, 1]]), fitted([[1, np.nan], [np.nan, np.nan], [1, np.nan]])

    assert alike.labels.tolist() == [1, 1]
    assert alike.log_likelihood == pytest.approx(0, abs=1e-9)
    assert alone.undefined.startswith("too_few: ")
    assert (alone.n_unlabelled, alone.n_iterations, alone.levels.tolist()) == (1, 0, LEVELS)


def test_a_lone_label_is_its_raters_whole_row():
    """One label on an item of known level: by maximum likelihood that rater always errs so."""
    ratings = np.array([[0, 0, 1]] + [[0, 0, np.nan]] * 19 + [[1, 1, np.nan]] * 20, dtype=float)
    found = fitted(ratings, [0, 1])

    assert found.confusions[2, 0] == pytest.approx([0, 1])
    assert found.supports[2] == pytest.approx([1, 0], abs=1e-6)


def test_every_rater_is_warned_of_however_few_the_levels():
    """Five raters on two levels, three items: each has too few labels of both."""
    found = fitted(np.array([[0, 0, 0, 0, 0], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1]], dtype=float), [0, 1])

    assert [warning.split(" has")[0] for warning in found.warnings[::2]] == [f"rater {n}" for n in range(1, 6)]


def test_iterations_are_counted():
    """Three steps where three are allowed; one more than needed to move by less than the tolerance where more are."""
    assert fitted(rule=DawidSkeneRule(max_iterations=3)).n_iterations == 3
    full = fitted()
    assert 3 < full.n_iterations < 500
    assert fitted(rule=DawidSkeneRule(max_iterations=full.n_iterations)).warnings == full.warnings


def test_a_thousand_raters_do_not_underflow():
    """Items of 1,500 labels beside items of two: a likelihood of e^-1000 is still compared with its like."""
    rng = np.random.default_rng(0)
    truth = np.arange(40) % 2
    ratings = np.where(rng.random((40, 1_500)) < 0.6, truth[:, None], 1 - truth[:, None]).astype(float)
    ratings[20:, 2:] = np.nan
    found = fitted(ratings, [0, 1])

    assert np.isfinite(found.probabilities).all()
    assert found.labels[:20].tolist() == truth[:20].tolist()


def test_items_that_differ_in_their_first_label_only_are_two():
    """40 raters of three levels are more combinations than 64 bits hold; rater 1 alone errs on half of the items."""
    ratings = np.repeat([[0.0], [1], [2]], 10, axis=0) * np.ones(40)
    ratings[:5, 0] = 1
    found = fitted(ratings, [0, 1, 2])

    assert found.confusions[0, 0] == pytest.approx([0.5, 0.5, 0])
    assert found.confusions[1:, 0] == pytest.approx(np.tile([1.0, 0, 0], (39, 1)))
