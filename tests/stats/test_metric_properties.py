"""Properties generated from the metric table: each check runs on every metric, and one test tests the checks."""

import math
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from judgekit.stats.metric import METRICS, Metric, measure
from judgekit.stats.sample import Sample

PLANNED = [
    "percent_agreement",
    "within_one_agreement",
    "cohen_kappa",
    "cohen_kappa_linear",
    "cohen_kappa_quadratic",
    "cohen_kappa_observed",
    "cohen_kappa_linear_observed",
    "cohen_kappa_quadratic_observed",
    "fleiss_kappa",
    "conger_kappa",
    "brennan_prediger",
    "gwet_ac1",
    "gwet_ac2",
    "krippendorff_alpha_nominal",
    "krippendorff_alpha_ordinal",
    "krippendorff_alpha_interval",
    "krippendorff_alpha_ratio",
    "icc_1",
    "icc_a1",
    "icc_c1",
    "icc_1k",
    "icc_ak",
    "icc_ck",
    "kendall_w",
    "lin_ccc",
    "pearson",
    "spearman",
    "kendall_tau_b",
    "kendall_tau_c",
    "somers_d",
    "accuracy",
    "balanced_accuracy",
    "precision",
    "tpr",
    "tnr",
    "npv",
    "f1",
    "macro_f1",
    "mcc",
    "youden_j",
    "auroc",
    "brier",
    "ece",
    "mae",
    "rmse",
    "bias",
    "pairwise_accuracy",
    "pairwise_accuracy_ties",
    "best_of_accuracy",
]


def example(metric: Metric, seed: int, n_rows: int = 60) -> Sample:
    """Ratings that suit the metric: related, on three levels; three raters with gaps where many are allowed."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, size=(n_rows, 1))
    n_raters = 3 if metric.raters == "many" else 2
    noise = rng.integers(0, 3, size=(n_rows, n_raters))
    ratings = np.where(rng.random((n_rows, n_raters)) < 0.6, truth, noise).astype(float)
    if metric.judge == "probability":
        ratings[:, 0] = (ratings[:, 0] + rng.integers(0, 2, size=n_rows)) / 4
    if n_raters > 2 and not metric.is_complete:
        ratings[rng.random(ratings.shape) < 0.2] = np.nan
    return Sample(ratings, levels=np.array([0.0, 1.0, 2.0]), positive=1.0)


def measured(metric: Metric, sample: Sample):
    return measure(metric.name, sample, rng=np.random.default_rng(7), n_resamples=400)


def same(one, other) -> bool:
    pairs = [(one.value, other.value), (one.low, other.low), (one.high, other.high)]
    return one.method == other.method and all(a == pytest.approx(b, abs=1e-9) for a, b in pairs)


def check_symmetry(metric: Metric) -> None:
    """Exchanging the columns changes nothing where the table says so, and something where it does not."""
    sample = example(metric, 1)
    exchanged = replace(sample, ratings=sample.ratings[:, ::-1])
    assert (measured(metric, sample).value == pytest.approx(measured(metric, exchanged).value)) == metric.symmetric


def check_order(metric: Metric) -> None:
    """The rows' order changes neither value nor interval, with and without units."""
    sample, order = example(metric, 2), np.random.default_rng(3).permutation(60)
    units = np.arange(60) // 3
    shuffled = replace(sample, ratings=sample.ratings[order])
    assert same(measured(metric, sample), measured(metric, shuffled))
    clustered, moved = replace(sample, units=units), replace(shuffled, units=units[order])
    assert same(measured(metric, clustered), measured(metric, moved))
    assert measured(metric, clustered).n_clusters == len(set(units[(~np.isnan(sample.ratings)).sum(axis=1) > 1]))


def check_unit_names(metric: Metric) -> None:
    """What the units are called changes nothing."""
    sample = replace(example(metric, 4), units=np.arange(60) // 3)
    renamed = replace(sample, units=1_000 - 7 * (np.arange(60) // 3))
    assert same(measured(metric, sample), measured(metric, renamed))


def check_range(metric: Metric) -> None:
    """Value and interval stay within the range that the table gives, low below value below high."""
    for seed in range(5):
        found = measured(metric, example(metric, seed))
        assert metric.low <= found.value <= metric.high
        if not metric.no_interval:
            assert metric.low <= found.low <= found.value <= found.high <= metric.high


def check_duplicates(metric: Metric) -> None:
    """Every row once more as new units narrows the interval, by about the square root of two."""
    if metric.no_interval:
        return
    sample = example(metric, 5, n_rows=120)
    twice = measured(metric, replace(sample, ratings=np.repeat(sample.ratings, 2, axis=0)))
    once = measured(metric, sample)
    assert (twice.high - twice.low) / (once.high - once.low) == pytest.approx(math.sqrt(1 / 2), rel=0.15)


def check_copies_in_a_unit(metric: Metric) -> None:
    """Every row once more inside its own unit adds nothing: the interval stays as wide."""
    if metric.no_interval:
        return
    sample = replace(example(metric, 6, n_rows=180), units=np.arange(180) // 2)
    copied = replace(sample, ratings=np.repeat(sample.ratings, 2, axis=0), units=np.arange(360) // 4)
    once, twice = measured(metric, sample), measured(metric, copied)
    assert twice.high - twice.low == pytest.approx(once.high - once.low, rel=0.03)


def check_relabelling(metric: Metric) -> None:
    """Where no order is needed, calling the levels otherwise changes nothing."""
    if "nominal" not in metric.suits or metric.judge != "rating" or metric.name == "within_one_agreement":
        return
    sample, other = example(metric, 8), np.array([2.0, 0.0, 1.0])
    places = np.nan_to_num(sample.ratings).astype(int)
    renamed = np.where(np.isnan(sample.ratings), np.nan, other[places])
    assert measured(metric, replace(sample, ratings=renamed, positive=0.0)).value == pytest.approx(
        measured(metric, sample).value
    )


def check_shift(metric: Metric) -> None:
    """Moving the scale, ratings and levels alike, changes nothing but what speaks of ratios or probabilities."""
    if metric.judge == "probability" or metric.name == "krippendorff_alpha_ratio":
        return
    sample = example(metric, 9)
    moved = replace(sample, ratings=sample.ratings + 100, levels=np.array([100.0, 101.0, 102.0]), positive=101.0)
    assert same(measured(metric, sample), measured(metric, moved))


def check_reason(metric: Metric) -> None:
    """Ratings that are all one level give a value or a reason with words and n, never NaN."""
    for level in (0.0, 1.0):
        sample = example(metric, 0, n_rows=12)
        found = measured(metric, replace(sample, ratings=np.full(sample.ratings.shape, level)))
        if found.value is None:
            code, _, words = found.undefined.partition(": ")
            assert code
            assert words.endswith("(n=12)")
        else:
            assert math.isfinite(found.value)


CHECKS = {
    "symmetry": check_symmetry,
    "order": check_order,
    "unit-names": check_unit_names,
    "range": check_range,
    "duplicates": check_duplicates,
    "copies-in-a-unit": check_copies_in_a_unit,
    "relabelling": check_relabelling,
    "shift": check_shift,
    "reason": check_reason,
}
CASES = [(check, metric) for check in CHECKS for metric in METRICS]


@pytest.mark.parametrize(("check", "metric"), CASES)
def test_metric_has_the_property(check, metric):
    """Every metric of the table passes every check."""
    CHECKS[check](METRICS[metric])


def test_table_is_complete():
    """Each planned metric is there under its own name, with every field filled in, and every check covers it."""
    assert set(METRICS) == set(PLANNED)
    assert set(CASES) == {(check, metric) for check in CHECKS for metric in PLANNED}
    optional = {"direction", "trials", "closed_form", "no_interval"}
    for name, metric in METRICS.items():
        assert metric.name == name
        assert metric.source
        assert metric.suits
        assert metric.low < metric.high
        assert metric.n_min >= 2
        assert all(getattr(metric, field.name) is not None for field in fields(Metric) if field.name not in optional)


WRONG: dict[str, dict[str, Any]] = {
    "symmetry": {"symmetric": False},
    "order": {"function": lambda patterns, weights: weights @ patterns.pattern_of_row[: len(weights.T)]},
    "unit-names": {
        "function": lambda patterns, weights: weights @ patterns.values[:, 0] + patterns.sample.units[0],
    },
    "range": {"high": 0.3},
    "duplicates": {"function": lambda patterns, weights: weights @ patterns.values[:, 0]},
    "copies-in-a-unit": {"function": lambda patterns, weights: weights @ patterns.values[:, 0]},
    "relabelling": {"function": METRICS["cohen_kappa_quadratic"].function},
    "shift": {"function": lambda patterns, weights: weights @ patterns.values[:, 0] / weights.sum(axis=1)},
    "reason": {"reason": lambda patterns: ("constant", "")},
}


@pytest.mark.parametrize("check", CHECKS)
def test_check_catches_a_wrong_metric(check, monkeypatch):
    """Each check fails for a row of the table that is wrong in its respect."""
    wrong = replace(METRICS["cohen_kappa"], **WRONG[check])
    monkeypatch.setitem(METRICS, "cohen_kappa", wrong)

    with pytest.raises(AssertionError):
        CHECKS[check](wrong)
