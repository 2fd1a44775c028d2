"""What a label is worth, against recomputed numbers (statistics.md 10 and 13)."""

from __future__ import annotations

import math

import pytest

from judgekit.stats.label_worth import (
    design_effect,
    difference_correlation,
    labels_with_judge,
    mean_error,
    multiplier,
    reliability_error,
)
from judgekit.stats.planning import labels_for_rate


def test_what_a_judge_saves() -> None:
    """The multiplier of 10.2, and that it is what the labels with a judge are fewer by."""
    assert [round(multiplier(r, 1, 1e12), 2) for r in (0.5, 0.7, 0.8, 0.9)] == [1.33, 1.96, 2.78, 5.26]
    for n_judged in (400, 1000, 100_000):
        n = labels_with_judge(246, 0.8, n_judged)
        assert n * multiplier(0.8, n, n_judged) >= 246 > (n - 1) * multiplier(0.8, n - 1, n_judged)
    assert labels_with_judge(246, 0.0, 1000) == 246
    assert labels_with_judge(246, 0.8, 100) == 100
    assert multiplier(0.9, 100, 100) == 1


def test_groups_inflate() -> None:
    """The design effect is 1 + (m - 1) ICC, and labels grow with it."""
    assert design_effect(5, 0.2) == pytest.approx(1.8)
    assert design_effect(1, 0.9) == design_effect(4, 0.0) == 1
    assert labels_for_rate(0.8, 0.05, effect_of_design=1.8) == math.ceil(245.8534 * 1.8)


def test_a_judges_correlation_is_lower_on_differences() -> None:
    """What versions share is lost to differences, the judge's errors are not; a perfect judge stays one."""
    assert difference_correlation(0.8, 0.5) < 0.8
    assert difference_correlation(1.0, 0.5) == pytest.approx(1.0)
    assert difference_correlation(0.0, 0.5) == 0
    assert difference_correlation(-0.8, 0.5) == -difference_correlation(0.8, 0.5)


def test_one_rater_on_all_is_narrower_than_two_at_as_many_labels() -> None:
    """At equal expert-hours a second rater never narrows a mean, unless the raters are all noise, when it is even."""
    for reliability in (0.2, 0.5, 0.9):
        one = mean_error(0.4, reliability, 200, 0.0)
        assert one < mean_error(0.4, reliability, 200 / 1.3, 0.3) < mean_error(0.4, reliability, 100, 1.0)
    assert mean_error(0.4, 0.0, 200, 0.0) == pytest.approx(mean_error(0.4, 0.0, 100, 1.0))
    assert reliability_error(1.0, 50) == 0
