"""`measure`: a metric's estimate on a sample, with its interval. The metrics themselves stand in `table`.

Intervals follow simulations of coverage. Where each row is its own unit, a rate has Wilson's interval, or the exact one
near its ends, an intraclass correlation its F interval, an AUROC DeLong's, a sum of rates one made of Wilson's. The
root of the mean squared error has the jackknife's of its logarithm: BCa's covered 87% of 30 rows with a few far misses.
Everything else has BCa over the independent units, widened for few of them (`interval`): kappa's large-sample interval
covered 86% to 90% where one class is rare. There is none

- below 10 units, or for a clustered rate below 30 clusters; clusters themselves are counted, since a design effect
  estimated from few of them lets the lucky samples through (those covered 70%);
- below 60 units for the root of the mean squared error: far misses on one row in twenty may not be in the sample (91%);
- where, on two levels, the rarer class of either side, or of all raters, is on fewer than 5 rows;
- where, on more, two graded columns differ on fewer than 5 rows: the far misses are then not in the sample yet (87%);
- where more than 5% of the resamples are undefined, or all give one value.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from judgekit.errors import InputError, UnknownName
from judgekit.stats.estimate import Estimate, UndefinedCode, undefined
from judgekit.stats.interval import (
    Influence,
    Interval,
    bootstrap_interval,
    influence,
    log_jackknife_t,
    no_interval,
    rate_interval,
)
from judgekit.stats.patterns import Patterns, distinct_rows
from judgekit.stats.resample import Units, units_of
from judgekit.stats.sample import FloatArray, Sample
from judgekit.stats.table import METRICS, Metric, Statistic
from judgekit.stats.two_way import two_way_interval

__all__ = ["METRICS", "Metric", "Statistic", "measure", "measure_all"]

Population = Literal["rows", "raters"]
"""What an interval speaks for besides new rows: these raters only, or new raters like them."""

_MIN_UNITS_OF_MODEL = 5
"""Rows below which an interval by formula is too wide to use."""
_MIN_CLUSTERS_OF_RATE = 30
_MIN_RARE = 5
"""Rows of the rarer of two classes below which a chance-corrected coefficient gets no interval."""
_MIN_APART = 5
"""Rows on which two graded columns must differ for an interval."""
_MIN_RESAMPLES = 100


def measure(
    metric: str,
    sample: Sample,
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    n_resamples: int = 2000,
    generalise: Population = "rows",
) -> Estimate:
    """Return one metric's estimate on a sample.

    Args:
        metric: A name of `METRICS`.
        sample: Ratings, units and the declared scale.
        rng: Source of the resamples; the same seed gives the same interval, in whatever order the rows stand.
        level: Coverage of the interval.
        n_resamples: Bootstrap resamples.
        generalise: `raters`: the interval holds for other raters like these too; of metrics of many raters only.

    Returns:
        The estimate; its `dropped` counts the sample's own and the rows with too few ratings.

    Raises:
        UnknownName: There is no such metric.
        InputError: A rating is off the declared levels, or the metric takes two columns and there are more.

    Example:
        SAS gives .4842 for these 3 x 3 counts (statsmodels' test data):

        >>> table = [[0, 4, 1], [0, 8, 0], [0, 1, 5]]
        >>> pairs = [(i, j) for i in range(3) for j in range(3) for _ in range(table[i][j])]
        >>> sample = Sample(np.array(pairs), levels=np.arange(3))
        >>> round(measure("cohen_kappa", sample, rng=np.random.default_rng(1)).value, 4)
        0.4842
    """
    return measure_all([metric], sample, rng=rng, level=level, n_resamples=n_resamples, generalise=generalise)[metric]


def measure_all(
    metrics: Sequence[str],
    sample: Sample,
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    n_resamples: int = 2000,
    generalise: Population = "rows",
) -> dict[str, Estimate]:
    """Return several metrics' estimates on a sample, by name, from one set of resamples; else as `measure`."""
    rows = [_metric(name, sample, generalise) for name in metrics]
    if not 0 < level < 1:
        raise InputError(f"level {level:g} is not between 0 and 1", hint="Give 0.95 for 95%")
    if n_resamples < _MIN_RESAMPLES:
        raise InputError(f"{n_resamples} resamples", hint=f"Draw at least {_MIN_RESAMPLES}")
    start = copy.deepcopy(rng)
    estimates: dict[str, Estimate] = {}
    for view, group in _views(rows, sample).items():
        # Each view draws as if it were alone, so that a metric's interval does not depend on its company.
        source = copy.deepcopy(start) if estimates else rng
        resampling = _Resampling(source, level, n_resamples, generalise)
        estimates |= _viewed(group, distinct_rows(sample, n_ratings_min=view[0], by_rater=view[1]), resampling)
    return {name: estimates[name] for name in metrics}


@dataclass(frozen=True, slots=True)
class _Resampling:
    """How intervals are drawn."""

    rng: np.random.Generator
    level: float
    n_resamples: int
    generalise: Population


def _views(rows: Sequence[Metric], sample: Sample) -> dict[tuple[int, bool], list[Metric]]:
    """Group metrics by the patterns they look at: (ratings that a row needs, whether raters are told apart)."""
    counts_lone = any(row.n_ratings_min == 1 for row in rows)
    has_lone = counts_lone and bool(((~np.isnan(sample.ratings)).sum(axis=1) == 1).any())
    views: dict[tuple[int, bool], list[Metric]] = {}
    for row in rows:
        view = (row.n_ratings_min if has_lone else 2, row.by_rater and sample.ratings.shape[1] > 2)
        views.setdefault(view, []).append(row)
    return views


def _viewed(rows: Sequence[Metric], patterns: Patterns, resampling: _Resampling) -> dict[str, Estimate]:
    units = units_of(patterns)
    values = {row.name: _value(row, patterns) for row in rows}
    if resampling.generalise == "raters":
        intervals = {row.name: _over_raters(row, values[row.name], patterns, units, resampling) for row in rows}
    else:
        intervals = _over_units(rows, values, patterns, units, resampling)
    return {
        row.name: _estimate(
            row, values[row.name], intervals[row.name], level=resampling.level, patterns=patterns, units=units
        )
        for row in rows
    }


def _over_units(
    rows: Sequence[Metric], values: Mapping[str, float], patterns: Patterns, units: Units, resampling: _Resampling
) -> dict[str, Interval]:
    level = resampling.level
    direct = {row.name: _direct_interval(row, values[row.name], patterns, units, level) for row in rows}
    functions = {row.name: row.function for row in rows if direct[row.name] is None}
    drawn = _resampled(functions, patterns, units, rng=resampling.rng, n_resamples=resampling.n_resamples)
    on_log = {row.name for row in rows if row.is_on_log}
    return {
        name: found or drawn[name].interval(values[name], level, is_on_log=name in on_log)
        for name, found in direct.items()
    }


def _over_raters(metric: Metric, value: float, patterns: Patterns, units: Units, resampling: _Resampling) -> Interval:
    absent = _no_interval(metric, value, patterns, units)
    if absent is not None:
        return absent
    if metric.is_of_panel:
        return no_interval("a value for this many raters cannot be compared with one for half of them")
    return two_way_interval(
        metric.function,
        patterns,
        by_rater=metric.by_rater,
        rng=copy.deepcopy(resampling.rng),
        level=resampling.level,
        n_resamples=resampling.n_resamples,
    )


def _metric(name: str, sample: Sample, generalise: Population) -> Metric:
    if name not in METRICS:
        raise UnknownName("metric", name, METRICS)
    metric, n_raters = METRICS[name], sample.ratings.shape[1]
    if n_raters < 2 or (metric.raters == "two" and n_raters != 2):
        wanted = "two columns" if metric.raters == "two" else "two or more columns"
        raise InputError(f"{name} takes {wanted} of ratings, got {n_raters}", hint="Pass the raters to compare")
    if generalise == "raters" and metric.raters == "two":
        raise InputError(f"{name} compares two columns", hint="Generalise to new raters with a metric of many raters")
    return metric


def _value(metric: Metric, patterns: Patterns) -> float:
    """Return the point estimate; NaN when it is undefined."""
    if _lack(metric, patterns):
        return math.nan
    return float(metric.function(patterns, patterns.counts[None, :])[0])


def _lack(metric: Metric, patterns: Patterns) -> tuple[UndefinedCode, str] | None:
    """Return what the metric needs and the sample does not give."""
    if metric.needs == "levels" and patterns.sample.levels is None:
        return "not_for_this_scale", f"{metric.name} needs declared levels, and this scale is continuous"
    if metric.needs == "positive" and patterns.sample.positive is None:
        return "not_for_this_scale", f"{metric.name} needs a positive level, and none is declared"
    if patterns.n_paired == 0:
        return "no_data", f"no row has ratings of both {' and '.join(patterns.names)}"
    if patterns.n_paired < metric.n_min:
        return "too_few", f"{metric.name} needs at least {metric.n_min} rows (n={patterns.n_paired})"
    n_short = int(patterns.counts @ (patterns.n_ratings < len(patterns.names)))
    if metric.is_complete and n_short:
        return (
            "missing_ratings",
            f"{metric.name} needs every rater on every row, and {n_short} lack one (n={patterns.n})",
        )
    return None


def _dropped(patterns: Patterns) -> dict[str, int]:
    """Return the sample's causes, and the rows that have too few ratings."""
    dropped = dict(patterns.sample.dropped)
    cause = "missing" if len(patterns.names) == 2 else "fewer_than_two_ratings"
    n_short = len(patterns.is_used) - patterns.n
    if n_short:
        dropped[cause] = dropped.get(cause, 0) + n_short
    return dropped


def _direct_interval(metric: Metric, value: float, patterns: Patterns, units: Units, level: float) -> Interval | None:
    """Return the interval that needs no resamples, or the absence of one; None when resampling decides."""
    absent = _no_interval(metric, value, patterns, units)
    if absent is not None:
        return absent
    if metric.closed_form and units.are_rows:
        return metric.closed_form(patterns, value, level)
    is_plain_rate = len(patterns.names) == 2 or value in (0, 1)  # three raters agree by thirds, unless all or none do
    if metric.trials is not None and units.are_rows and is_plain_rate:
        n_trials = metric.trials(patterns, patterns.counts[None, :])[0]
        return rate_interval(value, float(n_trials), level)
    return None


def _no_interval(metric: Metric, value: float, patterns: Patterns, units: Units) -> Interval | None:
    """Return the absence of an interval, with its reason; None when nothing forbids one."""
    if math.isnan(value):
        return Interval(None, None, "none")
    if metric.no_interval:
        return no_interval(metric.no_interval)
    n_min = _MIN_UNITS_OF_MODEL if metric.closed_form and units.are_rows else metric.n_units_min
    if units.n < n_min:
        return no_interval(f"fewer than {n_min} independent units")
    if metric.trials is not None and not units.are_rows:
        n_clusters = int((metric.trials(patterns, units.contents) > 0) @ units.multiplicity)
        if n_clusters < _MIN_CLUSTERS_OF_RATE:
            return no_interval(f"a rate over {n_clusters} clusters (needs {_MIN_CLUSTERS_OF_RATE})")
    too_few = _rare_class(metric, patterns) or _few_apart(metric, patterns)
    return no_interval(too_few) if too_few else None


def _rare_class(metric: Metric, patterns: Patterns) -> str | None:
    """Return the words for a class too rare for an interval, on a scale of two levels."""
    if metric.balance == "nobody" or len(patterns.levels) != 2:
        return None
    sides = [(name, patterns.values[:, [column]]) for column, name in enumerate(patterns.names)]
    if len(sides) > 2:
        sides = [("all ratings", patterns.values)]
    for name, values in sides[1:] if metric.balance == "reference" else sides:
        # Rows, not ratings: three raters who agree on one rare row have seen the class once.
        rarest = min(int(patterns.counts @ (values == level).any(axis=1)) for level in patterns.levels)
        if rarest < _MIN_RARE:
            return f"rarer class of {name} has {rarest} (needs {_MIN_RARE})"
    return None


def _few_apart(metric: Metric, patterns: Patterns) -> str | None:
    """Return the words for two graded columns that hardly ever differ, on a scale of more than two levels."""
    if not metric.is_graded or len(patterns.names) > 2 or len(patterns.levels) == 2:
        return None
    n_apart = int(patterns.counts @ (patterns.values[:, 0] != patterns.values[:, 1]))
    if n_apart >= _MIN_APART:
        return None
    return f"{' and '.join(patterns.names)} differ on {n_apart} rows (needs {_MIN_APART})"


@dataclass(frozen=True, slots=True)
class _Resampled:
    """A statistic's values over the resamples, and what the jackknife says of single units."""

    values: FloatArray
    influence: Influence

    def interval(self, value: float, level: float, *, is_on_log: bool) -> Interval:
        """Return the interval around the point estimate."""
        if is_on_log:
            return log_jackknife_t(value, self.influence, level)
        return bootstrap_interval(value, self.values, self.influence, level)


def _resampled(
    functions: Mapping[str, Statistic],
    patterns: Patterns,
    units: Units,
    *,
    rng: np.random.Generator,
    n_resamples: int,
) -> dict[str, _Resampled]:
    """Apply every function to the same resamples, a portion at a time."""
    if not functions:
        return {}
    values: dict[str, list[FloatArray]] = {name: [] for name in functions}
    left_out: dict[str, list[FloatArray]] = {name: [] for name in functions}
    multiplicity = []
    for weights in units.resamples(rng, n_resamples):
        for name, function in functions.items():
            values[name].append(function(patterns, weights))
    for weights, times in units.leave_outs(rng):
        multiplicity.append(times)
        for name, function in functions.items():
            left_out[name].append(function(patterns, weights))
    times = np.concatenate(multiplicity)
    return {
        name: _Resampled(np.concatenate(values[name]), influence(np.concatenate(left_out[name]), times))
        for name in functions
    }


def _estimate(
    metric: Metric, value: float, interval: Interval, *, level: float, patterns: Patterns, units: Units
) -> Estimate:
    dropped = _dropped(patterns)
    if math.isnan(value):
        code, words = _lack(metric, patterns) or metric.reason(patterns)
        return undefined(code, words, n=patterns.n, n_clusters=units.n, level=level, dropped=dropped)
    return Estimate(value, interval.low, interval.high, level, patterns.n, units.n, interval.method, dropped=dropped)
