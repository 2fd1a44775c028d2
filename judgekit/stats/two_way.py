"""Two-way resampling: units and raters drawn together, for intervals that hold for other raters like these.

Raters are drawn as halves, not with replacement: a rater drawn twice would agree with themself. The spread of half of
the raters about all of them is what all of them have about their population. Conservative: a rating's own noise counts
on both sides, so that where raters are all alike the interval is up to twice as wide as needed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import combinations
from statistics import NormalDist

import numpy as np

from judgekit.stats.interval import Interval, no_interval, percentile_interval, student_t
from judgekit.stats.patterns import Patterns, distinct_rows
from judgekit.stats.resample import units_of
from judgekit.stats.sample import FloatArray, Sample

_MIN_RATERS = 5
_MAX_HALVES = 100
_MAX_UNDEFINED = 0.05


def two_way_interval(
    function: Callable[[Patterns, FloatArray], FloatArray],
    patterns: Patterns,
    *,
    by_rater: bool,
    rng: np.random.Generator,
    level: float,
    n_resamples: int,
) -> Interval:
    """Return the percentile interval over halves of the raters and bootstraps of the units, widened for few raters.

    Args:
        function: A statistic that does not depend on how many raters there are.
        patterns: What the point estimate was measured on.
        by_rater: Whether the statistic asks who gave which rating.
        rng: Source of randomness.
        level: Coverage.
        n_resamples: Bootstrap resamples, shared out over the halves.

    Source: Owen 2007 (pigeonhole bootstrap of both sides); McCarthy 1969 (half samples); Hesterberg 2015 (t tails).
    """
    n_raters = len(patterns.names)
    if n_raters < _MIN_RATERS:
        return no_interval(f"fewer than {_MIN_RATERS} raters to generalise from")
    halves = list(_halves(rng, n_raters))
    drawn = []
    for half in halves:
        part = distinct_rows(_of_raters(patterns.sample, half), n_ratings_min=2, by_rater=by_rater)
        resamples = units_of(part).resamples(rng, -(-n_resamples // len(halves))) if part.n else ()
        drawn.append(np.concatenate([function(part, weights) for weights in resamples] or [np.array([math.nan])]))
    values = np.concatenate(drawn)
    defined = values[~np.isnan(values)]
    if len(defined) < (1 - _MAX_UNDEFINED) * len(values):
        return no_interval(f"{1 - len(defined) / len(values):.0%} of resamples undefined")
    reach = math.sqrt(n_raters / (n_raters - 1)) * student_t(level, n_raters - 1)
    found = percentile_interval(defined, 2 * NormalDist().cdf(reach) - 1)
    return Interval(found.low, found.high, "two-way percentile")


def _halves(rng: np.random.Generator, n_raters: int) -> Iterator[tuple[int, ...]]:
    """Yield halves of the raters, each beside the other half; all of them where they are few."""
    everybody = range(n_raters)
    if math.comb(n_raters, n_raters // 2) <= _MAX_HALVES:
        halves = list(combinations(everybody, n_raters // 2))
    else:
        halves = [tuple(sorted(rng.permutation(n_raters)[: n_raters // 2].tolist())) for _ in range(_MAX_HALVES // 2)]
    for half in halves:
        yield half
        yield tuple(rater for rater in everybody if rater not in half)


def _of_raters(sample: Sample, raters: tuple[int, ...]) -> Sample:
    columns = list(raters)
    return Sample(sample.ratings[:, columns], units=sample.units, levels=sample.levels)
