"""May the judge stand in for the experts: the alternative annotator test over the named raters of one criterion."""

from __future__ import annotations

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.judged import Judged
from judgekit.records.score_report import AltTest, RaterAltTest
from judgekit.stats import alt_test as stats
from judgekit.stats.sample import IntArray

MIN_RATERS = 3
"""With two, each is the only yardstick of the other (Calderon, Reichart and Dror 2025)."""
EPSILON = 0.2
"""For experts; .15 for skilled raters, .1 for a crowd (Calderon, Reichart and Dror 2025)."""


def alt_test(judged: Judged, measuring: Measuring, *, epsilon: float) -> AltTest | str:
    """Return the test's verdict, or in words why it was not run; no words where the reference is not people.

    Args:
        judged: The judge's numbers and the dataset.
        measuring: Randomness.
        epsilon: How much less the judge may win and still be preferred for its cost.
    """
    criterion, table = judged.criterion, judged.panel
    if table is None:
        return ""
    if not table.is_named:
        return f"{criterion.id}: labels are anonymous, so the alternative annotator test was not run"
    if len(table.raters) < MIN_RATERS:
        gave = f"{len(table.raters)} gave labels"
        return f"{criterion.id}: the alternative annotator test was not run: it needs {MIN_RATERS} named raters, {gave}"
    judge = np.array([judged.verdicts.numbers.get(target, np.nan) for target in table.targets])
    nominal = criterion.scale.measurement == "nominal"
    found = stats.alt_test(
        judge,
        table.values,
        rng=measuring.rng,
        rule=stats.AltTestRule(similarity="match" if nominal else "negative_rmse", epsilon=epsilon),
        units=_units(table.units),
        names=table.raters,
    )
    return AltTest(
        criterion=criterion.id,
        epsilon=epsilon,
        winning_rate=found.alt_test_winning_rate,
        advantage=found.alt_test_advantage,
        passes=found.is_passed,
        raters=tuple(map(_rater, found.annotators)),
        left_out=dict(found.left_out),
        assumes="; ".join(found.assumed),
    )


def _rater(found: stats.AnnotatorTest) -> RaterAltTest:
    return RaterAltTest(
        rater=found.annotator,
        n=found.n,
        winning_rate=found.judge_wins,
        p_value=found.p_value,
        p_adjusted=found.p_adjusted,
        is_beaten=found.is_beaten,
    )


def _units(units: IntArray) -> IntArray | None:
    return None if len(np.unique(units)) == len(units) else units
