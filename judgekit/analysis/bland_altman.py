"""Judge minus reference against their mean, where the scale has distances."""

from __future__ import annotations

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.judged import Judged
from judgekit.records.score_report import BlandAltman
from judgekit.stats.bland_altman import limits_of_agreement

MAX_POINTS = 1_000
"""Places above which means and differences are rounded to a grid, so that a report stays readable."""
_GRID = 60
"""Steps of that grid over the widest of the two directions."""


def bland_altman(judged: Judged, measuring: Measuring) -> BlandAltman | None:
    """Return bias and limits of agreement with the places to draw; None for scales without distances."""
    if judged.criterion.scale.type not in ("ordinal", "numeric") or not len(judged.targets):
        return None
    n_units = len(np.unique(judged.units))
    found = limits_of_agreement(
        judged.judge,
        judged.human,
        units=judged.units if n_units < len(judged.units) else None,
        rng=measuring.rng,
        level=measuring.level,
        n_resamples=measuring.n_resamples,
    )
    return BlandAltman(
        criterion=judged.criterion.id,
        between="judge~reference",
        bias=found.bias,
        low_limit=found.low_limit,
        high_limit=found.high_limit,
        points=_points(judged),
    )


def _points(judged: Judged) -> tuple[tuple[float, float, int], ...]:
    places = np.column_stack([(judged.judge + judged.human) / 2, judged.judge - judged.human])
    found, counts = np.unique(np.round(places, 9) + 0.0, axis=0, return_counts=True)
    if len(found) > MAX_POINTS:
        step = float(np.ptp(places, axis=0).max()) / _GRID
        found, counts = np.unique(np.round(np.round(places / step) * step, 9) + 0.0, axis=0, return_counts=True)
    return tuple((float(mean), float(gap), int(n)) for (mean, gap), n in zip(found, counts, strict=True))
