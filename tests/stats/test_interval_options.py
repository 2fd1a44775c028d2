"""What every interval is asked for is what it gives: its level, its number of resamples, and the defaults of both."""

import numpy as np
import pytest

from judgekit.stats.bland_altman import limits_of_agreement
from judgekit.stats.ceiling import ceiling_difference, correlation_ceiling, disattenuated_correlation
from judgekit.stats.grouped_correlation import grouped_correlations
from judgekit.stats.metric import measure
from judgekit.stats.panel import effective_panel_size
from judgekit.stats.rater_effect import rater_drift, rater_effects, self_agreement
from judgekit.stats.sample import Sample
from judgekit.stats.scale_use import scale_use
from judgekit.stats.subset import subset_difference
from judgekit.stats.tie_calibration import pairs_within, pairwise_accuracy_ties

LEVELS = np.arange(5.0)
UNITS = np.arange(80) // 2
TRUTH = np.random.default_rng(0).integers(0, 5, size=(80, 1))
NOISE = np.random.default_rng(1).integers(0, 5, size=(80, 3))
RATINGS = np.where(np.random.default_rng(2).random((80, 3)) < 0.6, TRUTH, NOISE).astype(float)
DAYS = np.tile(np.arange(80.0)[:, None], (1, 3))
TWO, THREE = (Sample(RATINGS[:, :n], units=UNITS, levels=LEVELS) for n in (2, 3))
DRAWN = {
    "measure": lambda **how: measure("cohen_kappa_quadratic", TWO, **how),
    "over-raters": lambda **how: measure(
        "krippendorff_alpha_ordinal", Sample(np.tile(RATINGS, 2), levels=LEVELS), generalise="raters", **how
    ),
    "limits": lambda **how: limits_of_agreement(*RATINGS.T[:2], units=UNITS, **how).high_limit,
    "ceiling": lambda **how: correlation_ceiling(RATINGS, units=UNITS, **how).ceiling,
    "ceiling-difference": lambda **how: ceiling_difference(["pearson"], THREE, **how)["pearson"].difference,
    "disattenuated": lambda **how: disattenuated_correlation(RATINGS[:, 0], RATINGS[:, 1:], units=UNITS, **how),
    "grouped": lambda **how: (
        grouped_correlations("pearson", RATINGS.T[:, :30], TRUTH.T[:, :30] + NOISE.T[:, :30], **how).pooled
    ),
    "panel": lambda **how: effective_panel_size(RATINGS - TRUTH, units=UNITS, **how).effective,
    "effects": lambda **how: rater_effects(RATINGS, units=UNITS, **how)[0],
    "drift": lambda **how: rater_drift(RATINGS, DAYS, units=UNITS, **how)[0],
    "self-agreement": lambda **how: self_agreement(["cohen_kappa"], TWO, **how)["cohen_kappa"],
    "scale-use": lambda **how: scale_use(RATINGS[:, 0], LEVELS, units=UNITS, **how).entropy_bits,
    "subset": lambda **how: subset_difference(["mae"], TWO, np.arange(80) < 40, **how)["mae"].difference,
    "subset-side": lambda **how: subset_difference(["mae"], TWO, np.arange(80) < 40, **how)["mae"].inside,
    "ties": lambda **how: pairwise_accuracy_ties(pairs_within(RATINGS[:, 0], RATINGS[:, 1], np.arange(80) // 4), **how),
}


def drawn(name, **how):
    return DRAWN[name](rng=np.random.default_rng(7), **how)


@pytest.mark.parametrize("name", DRAWN)
def test_level_and_resamples_are_as_asked(name):
    """Half the coverage is a narrower interval and says so; more resamples are other resamples."""
    wide, narrow = (drawn(name, level=level, n_resamples=100) for level in (0.95, 0.5))
    more = drawn(name, n_resamples=200)

    assert wide.low < narrow.low < narrow.high < wide.high
    assert (wide.level, narrow.level) == (0.95, 0.5)
    assert (more.low, more.high) != (wide.low, wide.high)


@pytest.mark.parametrize("name", [name for name in DRAWN if name != "grouped"])  # which would take a second
def test_unasked_an_interval_is_of_95_percent_and_2000_resamples(name):
    """What is left out is what the docstring says."""
    assert drawn(name) == drawn(name, level=0.95, n_resamples=2_000)
