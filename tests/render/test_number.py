"""Numbers as people read them, by a table of cases."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judgekit.render.number import (
    count_text,
    estimate_text,
    interval_text,
    kind_of,
    level_text,
    n_text,
    p_text,
    size_text,
    value_text,
)
from judgekit.stats.estimate import Estimate, undefined


def estimate(value=0.71, low=0.62, high=0.78, *, n=214, n_clusters=180, method="bca"):
    return Estimate(value, low, high, 0.95, n, n_clusters, method)


@pytest.mark.parametrize(
    ("value", "metric", "text"),
    [
        (0.7141, "cohen_kappa", "0.71"),
        (-0.236, "cohen_kappa", "-0.24"),
        (1.0, "cohen_kappa", "1.00"),
        (0.997, "cohen_kappa", "0.997"),
        (-0.9999, "cohen_kappa", "-0.9999"),
        (0.9999999, "cohen_kappa", ">0.9999"),
        (-0.9999999, "pearson", "->0.9999"),
        (0.0, "cohen_kappa", "0.00"),
        (-0.0, "cohen_kappa", "0.00"),
        (-0.004, "cohen_kappa", "-0.004"),
        (0.00002, "cohen_kappa", "2.0e-05"),
        (0.714, "accuracy", "71.4%"),
        (1.0, "tpr", "100.0%"),
        (0.9999, "tpr", "99.99%"),
        (0.9999999, "tpr", ">99.9999%"),
        (0.0004, "tnr", "0.04%"),
        (0.0, "tnr", "0.0%"),
        (0.131, "brier", "0.131"),
        (0.4, "mae", "0.40"),
        (1.0, "mae", "1.00"),
        (12345.678, "mae", "12,346"),
        (1.5e12, "rmse", "1.50e+12"),
        (0.12, "bias", "+0.12"),
        (-0.12, "bias", "-0.12"),
        (0.0, "bias", "0.00"),
        (-0.0, "mean_difference", "0.00"),
        (0.042, "pass_rate_difference", "+4.2 pts"),
        (None, "cohen_kappa", "undefined"),
        (math.nan, "cohen_kappa", "undefined"),
        (math.inf, "mae", "undefined"),
        (0.5, "a_metric_of_my_own", "0.50"),
        (0.7144, "icc_a1", "0.71"),
        (-2.51, "icc_ck", "-2.51"),
        (1.0, "icc_1k", "1.00"),
        (0.998, "auroc", "0.998"),
        (0.5, "auroc", "0.50"),
        (0.0, "brier", "0.000"),
        (0.0412, "ece", "0.041"),
        (0.00041, "ece", "0.0004"),
        (-0.0434, "cohen_kappa_quadratic_difference", "-0.04"),
        (0.0434, "cohen_kappa_observed_difference", "+0.04"),
        (-0.043, "accuracy_difference", "-4.3 pts"),
        (1.0, "accuracy_difference", "+100.0 pts"),
        (0.0131, "brier_difference", "+0.013"),
        (-0.0131, "ece_difference", "-0.013"),
        (0.06, "mae_difference", "+0.06"),
        (0.06, "bias_difference", "+0.06"),
        (0.08, "length_slope", "+0.08"),
        (0.62, "first_slot_share", "62.0%"),
        (0.365, "modal_share", "36.5%"),
        (-0.11, "severity", "-0.11"),
        (0.009, "drift", "+0.01"),
    ],
)
def test_values_are_written_by_kind(value, metric, text) -> None:
    """Coefficients have two places, rates percents, errors two, differences a sign; no false 0 or 1 is made."""
    assert value_text(value, metric) == text


@pytest.mark.parametrize(
    ("given_estimate", "metric", "text"),
    [
        (estimate(), "cohen_kappa", "0.71 [0.62, 0.78]"),
        (estimate(), "accuracy", "71.0% [62.0, 78.0]"),
        (estimate(0.2, -0.0001, 0.4), "bias", "+0.20 [-0.0001, +0.40]"),
        (
            estimate(0.71, None, None, method="none: fewer than 5 groups"),
            "f1",
            "0.71, no interval: fewer than 5 groups",
        ),
        (estimate(0.71, None, None), "f1", "0.71, no interval: no reason was recorded"),
        (undefined("constant", "every label is 4", n=40), "f1", "undefined: every label is 4"),
        (Estimate(None, None, None, 0.95, 0, 0, "none"), "f1", "undefined: no reason was recorded"),
        (estimate(math.nan), "f1", "undefined: no reason was recorded"),
        (Estimate(None, None, None, 0.95, 0, 0, "none", "too_few"), "f1", "undefined: too few"),
        (estimate(0.5, 0.5, math.inf), "mae", "0.50, no interval: no reason was recorded"),
    ],
)
def test_an_estimate_says_its_doubt_or_why_there_is_none(given_estimate, metric, text) -> None:
    """Value and interval stand together; a missing one gives its reason in words."""
    assert estimate_text(given_estimate, metric) == text


@pytest.mark.parametrize(
    ("n", "n_clusters", "unit", "text"),
    [
        (214, 180, "group", "n=214 (180 groups)"),
        (214, 214, "group", "n=214"),
        (214, 1, "input", "n=214 (1 input)"),
        (0, 0, "group", "n=0"),
        (1234567, 1000, "group", "n=1,234,567 (1,000 groups)"),
    ],
)
def test_n_names_the_independent_units_when_they_are_fewer(n, n_clusters, unit, text) -> None:
    """Rows that share a unit are not counted as independent in silence."""
    assert n_text(estimate(n=n, n_clusters=n_clusters), unit) == text


@pytest.mark.parametrize(
    ("p_value", "text"),
    [
        (None, "-"),
        (math.nan, "-"),
        (0.0, "<0.001"),
        (0.00099, "<0.001"),
        (0.001, "0.001"),
        (0.0412, "0.041"),
        (0.05, "0.050"),
        (0.9994, "0.999"),
        (0.9996, ">0.999"),
        (1.0, "1.000"),
    ],
)
def test_p_values_have_three_places_and_a_floor(p_value, text) -> None:
    """Below a thousandth only a bound is given; no 0 and no false 1 is claimed."""
    assert p_text(p_value) == text


@pytest.mark.parametrize(
    ("size", "metric", "text"),
    [
        (None, "bias", "not known"),
        (0.085, "length_slope_difference", "0.09"),
        (0.115, "first_slot_share_difference", "11.5 pts"),
        (-0.3, "bias", "0.30"),
    ],
)
def test_the_size_of_an_effect_has_no_sign(size, metric, text) -> None:
    """What could have been seen could have been seen in either direction."""
    assert size_text(size, metric) == text


def test_counts_and_levels_read_well() -> None:
    """Thousands are set apart, huge counts stay short, and levels of coverage are per cents."""
    assert count_text(10**40) == "100e38"
    assert count_text(-1234) == "-1,234"
    assert (level_text(0.95), level_text(0.999)) == ("95%", "99.9%")


def test_metrics_nobody_listed_have_a_kind() -> None:
    """A name ending in rate or difference says how it is written."""
    assert [kind_of(name) for name in ("refusal_rate", "refusal_rate_difference", "accuracy_difference", "x")] == [
        "rate", "points", "points", "coefficient",
    ]  # fmt: skip


@given(
    st.floats(allow_nan=True, allow_infinity=True), st.sampled_from(["cohen_kappa", "accuracy", "mae", "bias", "brier"])
)
def test_no_number_is_long_and_no_zero_is_negative(value: float, metric: str) -> None:
    """Whatever comes, the text is short, and a minus stands only before what is below zero."""
    text = value_text(value, metric)
    assert len(text) <= 14
    assert not (text.startswith("-") and value >= 0)
    if text.strip("+%") in {"0.00", "0.0", "0.000"}:
        assert value == 0


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_intervals_have_two_ends(low: float, high: float) -> None:
    """An interval is one bracket with one comma, whatever its ends."""
    text = interval_text(estimate(0.0, low, high), "cohen_kappa")
    assert text[0] == "["
    assert text[-1] == "]"
    assert text.count(",") == 1
