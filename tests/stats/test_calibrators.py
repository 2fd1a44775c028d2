"""Calibrators: published values, and what each must and must not do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression, Ridge

from judgekit.stats.conformal import conformal_reach, left_out_reaches, reach_outward, units_needed
from judgekit.stats.isotonic import fit_isotonic
from judgekit.stats.level_table import fit_level_table
from judgekit.stats.linear_map import fit_line, fit_offset, fit_ridge
from judgekit.stats.logistic import fit_logistic_ridge, fit_platt
from judgekit.stats.proportional_odds import fit_proportional_odds

FIXTURES = {
    each["id"]: each for each in json.loads(Path(__file__).with_name("calibrators.json").read_text(encoding="utf-8"))
}


def fixture(name: str) -> Any:
    each = FIXTURES[name]
    return np.array(each["judge"], dtype=float), np.array(each["human"], dtype=float), each["expect"]


def one_hot(levels: np.ndarray, n_levels: int) -> np.ndarray:
    table: np.ndarray = np.eye(n_levels)[np.asarray(levels, dtype=int)]
    return table


def test_isotonic_is_the_published_fit() -> None:
    """1.5, 2, 3, 3.5 and 4.5 at the five levels."""
    judge, human, wanted = fixture("isotonic")
    fitted = fit_isotonic(judge, human)
    assert fitted.predict(np.arange(1.0, 6.0)).tolist() == wanted


def test_isotonic_is_scikit_learns_on_data_that_falls_and_ties() -> None:
    """Also where every neighbour violates the order."""
    rng = np.random.default_rng(3)
    for _ in range(20):
        judge, human = rng.integers(0, 12, 60).astype(float), rng.normal(size=60)
        oracle = IsotonicRegression(out_of_bounds="clip").fit(judge, human)
        at = np.linspace(-2, 14, 50)
        assert fit_isotonic(judge, human).predict(at) == pytest.approx(oracle.predict(at))


def test_proportional_odds_is_the_published_fit():
    """The slope of statsmodels to its own precision, and its log-likelihood to all digits given."""
    judge, human, wanted = fixture("proportional_odds")
    fitted = fit_proportional_odds(judge, one_hot(human - 1, 5))
    assert fitted.slope == pytest.approx(wanted["slope"], abs=1e-4)
    assert fitted.log_likelihood == pytest.approx(wanted["log_likelihood"], abs=5e-6)
    assert list(fitted.thresholds) == sorted(fitted.thresholds)


def test_proportional_odds_gives_no_chance_to_levels_that_nobody_chose() -> None:
    """At either end and in the middle; all of it goes to the one level that is ever chosen."""
    judge = np.arange(12.0) % 4
    fitted = fit_proportional_odds(judge, one_hot(np.where(judge > 1, 3, 1), 5))
    chances = fitted.predict(judge)
    assert chances[:, [0, 2, 4]].max() < 1e-6
    assert chances.sum(axis=1) == pytest.approx(np.ones(12))
    alike = fit_proportional_odds(judge, one_hot(np.full(12, 2), 5))
    assert (alike.slope, alike.log_likelihood) == (0.0, 0.0)
    assert alike.predict(judge)[:, 2] == pytest.approx(np.ones(12))


def test_proportional_odds_does_not_turn_a_judge_round() -> None:
    """A judge that falls where experts rise has slope 0, and one that never varies too."""
    judge, human, _ = fixture("proportional_odds")
    assert fit_proportional_odds(-judge, one_hot(human - 1, 5)).slope == 0
    flat = fit_proportional_odds(np.ones(10), one_hot(human - 1, 5)).predict(np.ones(2))
    assert flat[0] == pytest.approx([0.2, 0.2, 0.2, 0.3, 0.1], abs=1e-3)


def test_the_offset_takes_the_mean_difference_away():
    """And the line is least squares, unless it falls."""
    judge, human, _ = fixture("isotonic")
    assert fit_offset(judge, human).intercept == pytest.approx(float(np.mean(human - judge)))
    slope, intercept = np.polyfit(judge, human, 1)
    line = fit_line(judge, human)
    assert [line.slopes[0], line.intercept] == pytest.approx([slope, intercept])
    for useless in (-judge, np.ones(10)):
        assert fit_line(useless, human).predict(np.array([[9.0]])) == pytest.approx([human.mean()])


def test_ridge_is_scikit_learns_on_standardised_inputs() -> None:
    """An input that never varies has slope 0."""
    rng = np.random.default_rng(5)
    inputs = np.column_stack([rng.normal(size=(40, 3)) * [1, 10, 0.1], np.full(40, 7.0)])
    human = inputs @ [1.0, 0.2, 3.0, 0.0] + rng.normal(size=40)
    standard = (inputs[:, :3] - inputs[:, :3].mean(axis=0)) / inputs[:, :3].std(axis=0)
    oracle = Ridge(alpha=4.0).fit(standard, human).predict(standard)
    fitted = fit_ridge(inputs, human, 4.0)
    assert fitted.predict(inputs) == pytest.approx(oracle)
    assert fitted.slopes[3] == 0


def test_the_level_table_is_smoothed_by_half_a_label_a_cell() -> None:
    """A level that the judge never used says nothing: all levels alike."""
    judge, human = one_hot(np.array([0, 0, 0, 1]), 3), one_hot(np.array([0, 0, 1, 2]), 3)
    rows = np.array(fit_level_table(judge, human).rows)
    assert rows == pytest.approx(np.array([[2.5, 1.5, 0.5], [0.5, 0.5, 1.5], [0.5, 0.5, 0.5]]) / [[4.5], [2.5], [1.5]])
    spread = fit_level_table(judge, human).predict(np.array([[0.5, 0.5, 0.0]]))
    assert spread[0] == pytest.approx((rows[0] + rows[1]) / 2)


def test_platt_is_a_logistic_regression_on_platts_targets() -> None:
    """Against scikit-learn, each row as an upper and a lower one with the target's weights (no penalty)."""
    rng = np.random.default_rng(8)
    judge = rng.normal(size=80)
    upper = (rng.random(80) < 1 / (1 + np.exp(-2 * judge))).astype(float)
    n_upper, n_lower = upper.sum(), (1 - upper).sum()
    target = np.where(upper == 1, (n_upper + 1) / (n_upper + 2), 1 / (n_lower + 2))
    rows, answers = np.tile(judge, 2)[:, None], np.repeat([1, 0], 80)
    oracle = LogisticRegression(C=np.inf, tol=1e-9, max_iter=1000)
    oracle.fit(rows, answers, sample_weight=np.concatenate([target, 1 - target]))
    fitted = fit_platt(judge, upper)
    assert fitted.predict(judge[:, None])[:, 1] == pytest.approx(oracle.predict_proba(judge[:, None])[:, 1], abs=1e-5)


def test_platt_survives_separation_and_a_judge_that_is_wrong_way_round() -> None:
    """Probabilities stay inside 0 and 1, and a falling judge gets the mean."""
    judge, upper = np.arange(10.0), (np.arange(10) > 4).astype(float)
    chances = fit_platt(judge, upper).predict(judge[:, None])[:, 1]
    assert 0 < chances.min() < 0.2
    assert 0.8 < chances.max() < 1
    assert np.ptp(fit_platt(-judge, upper).predict(-judge[:, None])[:, 1]) == 0
    assert fit_platt(np.ones(10), upper).predict(np.ones((1, 1)))[0] == pytest.approx([0.5, 0.5])


def test_the_logistic_ridge_is_scikit_learns_but_for_half_a_label_a_level() -> None:
    """On many rows; a level that nobody chose keeps a small chance."""
    rng = np.random.default_rng(9)
    inputs = np.column_stack([rng.normal(size=(3000, 2)), np.full(3000, 2.0)])
    answers = (inputs[:, 0] + rng.normal(size=3000) > 0).astype(int) + (inputs[:, 1] + rng.normal(size=3000) > 1)
    standard = (inputs[:, :2] - inputs[:, :2].mean(axis=0)) / inputs[:, :2].std(axis=0)
    oracle = LogisticRegression(C=1 / 30, max_iter=2000, tol=1e-8).fit(standard, answers).predict_proba(standard)
    fitted = fit_logistic_ridge(inputs, one_hot(answers, 4), 30.0).predict(inputs)
    assert fitted[:, :3] == pytest.approx(oracle, abs=2e-3)
    assert 0 < fitted[:, 3].max() < 0.01


def test_the_conformal_distance_is_the_published_one() -> None:
    """The tenth of ten residuals; below nine units no distance holds 90%."""
    judge, human, wanted = fixture("conformal")
    residuals = np.abs(judge - human)
    assert conformal_reach(residuals, 0.9) == wanted
    assert conformal_reach(residuals[:8], 0.9) is None
    assert conformal_reach(residuals[:9], 0.9) is not None
    assert (units_needed(0.9), units_needed(0.95)) == (9, 19)
    assert np.isinf(left_out_reaches(residuals[:9], 0.9)).all()
    assert left_out_reaches(residuals, 0.9).tolist() == [1.0] * 10


def test_intervals_are_cut_to_the_scale_and_moved_outward_to_levels() -> None:
    """An end on a level stays there."""
    centre, far = np.array([1.2, 3.0, 4.9, 3.0]), np.array([0.5, 1.0, 0.2, np.inf])
    found = reach_outward(centre, far, low=1, high=5, levels=(1, 2, 3, 4, 5))
    assert found.tolist() == [[1, 2], [2, 4], [4, 5], [1, 5]]
    bare = reach_outward(centre, far, low=1, high=5)
    assert bare[1].tolist() == [2, 4]
    assert bare[0] == pytest.approx([1, 1.7])


@pytest.mark.slow
@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_conformal_intervals_hold_as_often_as_they_say(coverage: float) -> None:
    """2,000 draws of 40 labelled sessions and a new one, five levels, a lenient judge: within the binomial bound."""
    rng = np.random.default_rng(12)
    n_runs, hits = 2000, 0
    for _ in range(n_runs):
        truth = rng.integers(1, 6, 41).astype(float)
        judge = np.clip(truth + rng.choice([0, 0, 1, 1, 2, -1], 41), 1, 5)
        line = fit_line(judge[:20], truth[:20])
        scores = np.clip(line.predict(judge[:, None]), 1, 5)
        reach = conformal_reach(np.abs(scores - truth)[20:40], coverage)
        low, high = reach_outward(
            scores[40:], np.array([np.inf if reach is None else reach]), low=1, high=5, levels=(1, 2, 3, 4, 5)
        )[0]
        hits += low <= truth[40] <= high
    assert hits / n_runs >= coverage - 3 * np.sqrt(coverage * (1 - coverage) / n_runs)
