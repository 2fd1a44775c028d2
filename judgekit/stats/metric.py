"""The metrics by name, as one literal table, and `measure`: a metric's estimate on a sample, with its interval.

Intervals follow simulations of coverage: Wilson for a rate over independent rows, else BCa over the independent
units (kappa's large-sample interval covered 86% to 90% where one class is rare; BCa 93% to 96%); none below 10 units,
where a class is too rare, or where the resamples say nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from judgekit.errors import InputError, UnknownName
from judgekit.stats import agreement, alpha, classification, correlation, deviation
from judgekit.stats.estimate import Estimate, UndefinedCode, undefined
from judgekit.stats.interval import Interval, acceleration, bootstrap_interval, no_interval, wilson
from judgekit.stats.patterns import Patterns, distinct_rows, row_sums
from judgekit.stats.resample import Units, units_of
from judgekit.stats.sample import FloatArray, Sample

Statistic = Callable[[Patterns, FloatArray], FloatArray]
"""Patterns and weights, shape (n_resamples, n_patterns), to values, shape (n_resamples,); NaN is undefined."""
Reason = Callable[[Patterns], tuple[UndefinedCode, str]]
"""Why the statistic is undefined on these patterns: a code, and words that name who and what."""
Measurement = Literal["nominal", "ordinal", "interval"]

NOMINAL: tuple[Measurement, ...] = ("nominal", "ordinal")
ORDERED: tuple[Measurement, ...] = ("ordinal", "interval")
ANY: tuple[Measurement, ...] = ("nominal", "ordinal", "interval")


@dataclass(frozen=True, slots=True)
class Metric:
    """One statistic: what computes it, and what must be known to use and to read it.

    Attributes:
        name: Its name in reports.
        function: What computes it.
        source: Where the definition comes from.
        suits: Levels of measurement on which it makes sense.
        needs: What the sample must declare: `values` nothing, `levels` the scale's levels, `positive` the positive one.
        raters: `two` columns exactly, or `many`: two or more, with missing ratings.
        symmetric: Whether exchanging the columns leaves it the same.
        low: Least possible value.
        high: Greatest possible value.
        direction: Which end is better; None when neither is.
        n_min: Fewest rows for which it means anything.
        reason: Why it is undefined, when it is.
        trials: For a plain rate, the number of rows it is a share of; None for everything else.
        balance: Whose rarer class, on a scale of two levels, must be frequent enough for an interval.
    """

    name: str
    function: Statistic
    source: str
    suits: tuple[Measurement, ...]
    needs: Literal["values", "levels", "positive"] = "values"
    raters: Literal["two", "many"] = "two"
    symmetric: bool = True
    low: float = 0.0
    high: float = 1.0
    direction: Literal["higher", "lower"] | None = "higher"
    n_min: int = 2
    reason: Reason = agreement.no_variation
    trials: Statistic | None = None
    balance: Literal["nobody", "reference", "everybody"] = "nobody"


def _kappa(name: str, function: Statistic, source: str, suits: tuple[Measurement, ...] = ("ordinal",)) -> Metric:
    return Metric(name, function, source, suits, needs="levels", low=-1.0, balance="everybody")


def _alpha(
    name: str, function: Statistic, suits: tuple[Measurement, ...], needs: Literal["values", "levels"]
) -> Metric:
    source = "Krippendorff 2011"
    return Metric(name, function, source, suits, needs=needs, raters="many", low=-1.0, balance="everybody")


def _correlation(name: str, function: Statistic, source: str, suits: tuple[Measurement, ...]) -> Metric:
    return Metric(name, function, source, suits, low=-1.0, n_min=3, reason=correlation.constant_column)


def _rate(name: str, function: Statistic, trials: Statistic, reason: Reason) -> Metric:
    return Metric(
        name, function, "definition", NOMINAL, needs="positive", symmetric=False, reason=reason, trials=trials
    )


def _table(*metrics: Metric) -> dict[str, Metric]:
    return {metric.name: metric for metric in metrics}


METRICS: dict[str, Metric] = _table(
    Metric(
        "percent_agreement",
        agreement.percent_agreement,
        "definition; pairs of the ratings that are there",
        ANY,
        raters="many",
        trials=classification.rows,
    ),
    Metric(
        "within_one_agreement",
        agreement.within_one_agreement,
        "definition",
        ("ordinal",),
        needs="levels",
        trials=classification.rows,
    ),
    _kappa("cohen_kappa", agreement.cohen_kappa, "Cohen 1960", NOMINAL),
    _kappa("cohen_kappa_linear", agreement.cohen_kappa_linear, "Cohen 1968"),
    _kappa("cohen_kappa_quadratic", agreement.cohen_kappa_quadratic, "Cohen 1968"),
    _kappa("cohen_kappa_observed", agreement.cohen_kappa, "Cohen 1960; levels that occur (none other counts)", NOMINAL),
    _kappa("cohen_kappa_linear_observed", agreement.cohen_kappa_linear_observed, "Cohen 1968; levels that occur"),
    _kappa("cohen_kappa_quadratic_observed", agreement.cohen_kappa_quadratic_observed, "Cohen 1968; levels that occur"),
    _alpha("krippendorff_alpha_nominal", alpha.krippendorff_alpha_nominal, NOMINAL, "levels"),
    _alpha("krippendorff_alpha_ordinal", alpha.krippendorff_alpha_ordinal, ("ordinal",), "levels"),
    _alpha("krippendorff_alpha_interval", alpha.krippendorff_alpha_interval, ORDERED, "values"),
    _correlation("pearson", correlation.pearson, "Pearson 1895", ORDERED),
    _correlation("spearman", correlation.spearman, "Spearman 1904, mid-ranks", ORDERED),
    _correlation("kendall_tau_b", correlation.kendall_tau_b, "Kendall 1945", ORDERED),
    Metric("accuracy", classification.accuracy, "definition", ANY, trials=classification.rows),
    Metric("pairwise_accuracy", classification.accuracy, "definition", ("nominal",), trials=classification.rows),
    Metric(
        "balanced_accuracy",
        classification.balanced_accuracy,
        "Brodersen et al. 2010",
        NOMINAL,
        needs="levels",
        symmetric=False,
        reason=classification.reference_has_one_class,
        balance="reference",
    ),
    _rate("tpr", classification.tpr, classification.positives, classification.reference_lacks_positive),
    _rate("tnr", classification.tnr, classification.negatives, classification.reference_lacks_negative),
    _rate("precision", classification.precision, classification.called_positive, classification.judge_lacks_positive),
    _rate("npv", classification.npv, classification.called_negative, classification.judge_lacks_negative),
    Metric(
        "f1",
        classification.f1,
        "definition",
        NOMINAL,
        needs="positive",
        reason=classification.nobody_says_positive,
    ),
    Metric("macro_f1", classification.macro_f1, "definition", NOMINAL, needs="levels"),
    Metric(
        "mcc",
        classification.mcc,
        "Gorodkin 2004",
        NOMINAL,
        needs="levels",
        low=-1.0,
        reason=classification.a_side_has_one_class,
        balance="everybody",
    ),
    Metric(
        "youden_j",
        classification.youden_j,
        "Youden 1950",
        NOMINAL,
        needs="positive",
        symmetric=False,
        low=-1.0,
        reason=classification.reference_lacks_a_side,
        balance="reference",
    ),
    Metric("mae", deviation.mae, "definition", ORDERED, high=math.inf, direction="lower"),
    Metric("rmse", deviation.rmse, "definition", ORDERED, high=math.inf, direction="lower"),
    Metric(
        "bias",
        deviation.bias,
        "Bland & Altman 1986",
        ORDERED,
        symmetric=False,
        low=-math.inf,
        high=math.inf,
        direction=None,
    ),
)


_MIN_UNITS = 10
"""Independent units below which no interval is worth printing."""
_MIN_RARE = 5
"""Rows of the rarer of two classes below which a chance-corrected coefficient gets no interval."""
_MIN_RESAMPLES = 100


def measure(
    metric: str, sample: Sample, *, rng: np.random.Generator, level: float = 0.95, n_resamples: int = 2000
) -> Estimate:
    """Return one metric's estimate on a sample.

    Args:
        metric: A name of `METRICS`.
        sample: Ratings, units and the declared scale.
        rng: Source of the resamples; the same seed gives the same interval, in whatever order the rows stand.
        level: Coverage of the interval.
        n_resamples: Bootstrap resamples.

    Returns:
        The estimate; its `dropped` counts the sample's own and the rows with fewer than two ratings.

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
    return measure_all([metric], sample, rng=rng, level=level, n_resamples=n_resamples)[metric]


def measure_all(
    metrics: Sequence[str], sample: Sample, *, rng: np.random.Generator, level: float = 0.95, n_resamples: int = 2000
) -> dict[str, Estimate]:
    """Return several metrics' estimates on a sample, by name, from one set of resamples; else as `measure`."""
    rows = [_metric(name, sample) for name in metrics]
    if not 0 < level < 1:
        raise InputError(f"level {level:g} is not between 0 and 1", hint="Give 0.95 for 95%")
    if n_resamples < _MIN_RESAMPLES:
        raise InputError(f"{n_resamples} resamples", hint=f"Draw at least {_MIN_RESAMPLES}")
    patterns = distinct_rows(sample)
    units = units_of(patterns)
    values = {row.name: _value(row, patterns) for row in rows}
    direct = {row.name: _direct_interval(row, values[row.name], patterns, units, level) for row in rows}
    functions = {row.name: row.function for row in rows if direct[row.name] is None}
    drawn = _resampled(functions, patterns, units, rng=rng, n_resamples=n_resamples)
    estimates = {}
    for row in rows:
        value = values[row.name]
        interval = direct[row.name] or drawn[row.name].interval(value, level)
        estimates[row.name] = _estimate(row, value, interval, level=level, patterns=patterns, units=units)
    return estimates


def _metric(name: str, sample: Sample) -> Metric:
    if name not in METRICS:
        raise UnknownName("metric", name, METRICS)
    metric, n_raters = METRICS[name], sample.ratings.shape[1]
    if n_raters < 2 or (metric.raters == "two" and n_raters != 2):
        wanted = "two columns" if metric.raters == "two" else "two or more columns"
        raise InputError(f"{name} takes {wanted} of ratings, got {n_raters}", hint="Pass the raters to compare")
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
    if patterns.n == 0:
        return "no_data", f"no row has ratings of both {' and '.join(patterns.names)}"
    if patterns.n < metric.n_min:
        return "too_few", f"{metric.name} needs at least {metric.n_min} rows (n={patterns.n})"
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
    if math.isnan(value):
        return Interval(None, None, "none")
    if units.n < _MIN_UNITS:
        return no_interval(f"fewer than {_MIN_UNITS} independent units")
    is_plain_rate = len(patterns.names) == 2 or value in (0, 1)  # three raters agree by thirds, unless all or none do
    if metric.trials is not None and units.are_rows and is_plain_rate:
        n_trials = metric.trials(patterns, patterns.counts[None, :])[0]
        return wilson(value, float(n_trials), level)
    rare = _rare_class(metric, patterns)
    return no_interval(rare) if rare else None


def _rare_class(metric: Metric, patterns: Patterns) -> str | None:
    """Return the words for a class too rare for an interval, on a scale of two levels."""
    if metric.balance == "nobody" or len(patterns.levels) != 2:
        return None
    sides = [(name, patterns.codes[:, [column]]) for column, name in enumerate(patterns.names)]
    if len(sides) > 2:
        sides = [("all ratings", patterns.codes)]
    for name, codes in sides[1:] if metric.balance == "reference" else sides:
        rarest = min(int(patterns.counts @ row_sums(codes == level)) for level in (0, 1))
        if rarest < _MIN_RARE:
            return f"rarer class of {name} has {rarest} (needs {_MIN_RARE})"
    return None


@dataclass(frozen=True, slots=True)
class _Resampled:
    """A statistic's values over the resamples, and what the jackknife says of its skewness."""

    values: FloatArray
    acceleration: float

    def interval(self, value: float, level: float) -> Interval:
        """Return the interval around the point estimate."""
        return bootstrap_interval(value, self.values, self.acceleration, level)


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
        name: _Resampled(np.concatenate(values[name]), acceleration(np.concatenate(left_out[name]), times))
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
