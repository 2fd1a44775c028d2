"""The default sets, read off the metric table."""

from __future__ import annotations

from typing import get_args

import pytest

from judgekit.analysis.metric_set import BESIDE_CEILING, JUDGE_AND_REFERENCE, default_set
from judgekit.records.rubric import ScaleType
from judgekit.stats.metric import METRICS
from judgekit.stats.metric_row import Role
from judgekit.stats.metric_words import METRIC_WORDS

SCALES = ("binary", "categorical", "preference", "ordinal", "numeric")
SETS = [(role, scale) for role in get_args(Role) for scale in SCALES]
MEASUREMENT = {"ordinal": "ordinal", "numeric": "interval"}
COMPANIONS = {"gwet_ac1", "gwet_ac2", "brennan_prediger", "percent_agreement"}
"""High on skewed labels whatever the raters do, or without correction for chance: they never lead."""


@pytest.mark.parametrize(("role", "scale"), SETS)
def test_a_set_has_every_place_once_and_suits_its_scale(role, scale) -> None:
    """Places run from 1 without a gap; the headline corrects for chance wherever one rater meets another."""
    places = [metric.shown[role][scale] for metric in METRICS.values() if scale in metric.shown.get(role, {})]
    names = default_set(role, scale)
    assert sorted(places) == list(range(1, len(places) + 1))
    assert names
    assert role == "baseline" or names[0] not in COMPANIONS
    for name in names:
        wanted = MEASUREMENT.get(scale, "nominal")
        assert wanted in METRICS[name].suits or (name, scale) == ("bias", "binary")
        assert METRICS[name].raters == "many" or role not in ("raters", "nameless")
        assert not (METRICS[name].by_rater and role == "nameless")


@pytest.mark.parametrize("scale", SCALES)
def test_alpha_leads_among_raters(scale) -> None:
    """Whatever the scale, all raters together are summed up by Krippendorff's alpha."""
    assert default_set("raters", scale)[0].startswith("krippendorff_alpha")
    assert default_set("nameless", scale)[0] == default_set("raters", scale)[0]


@pytest.mark.parametrize("scale", SCALES)
def test_the_judge_s_headline_has_a_ceiling(scale) -> None:
    """What leads for the judge leads beside the ceiling too, or there would be nothing to hold it against."""
    assert default_set(JUDGE_AND_REFERENCE, scale)[0] == default_set(BESIDE_CEILING, scale)[0]


def test_the_table_names_real_roles_and_scales_and_each_metric_has_words() -> None:
    """A misspelt role or scale would silently show nothing."""
    for name, metric in METRICS.items():
        assert set(metric.shown) <= set(get_args(Role))
        assert {scale for places in metric.shown.values() for scale in places} <= set(get_args(ScaleType))
        assert name.removesuffix("_observed") in METRIC_WORDS


def test_what_has_no_arithmetic_has_no_set() -> None:
    """Text and multi-select answers are read side by side."""
    assert default_set("raters", "text") == default_set("judge", "multi_select") == ()
