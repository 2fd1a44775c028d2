"""A metric on some of the rows against the same metric on the rest: does the judge do worse on one slice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from judgekit.errors import InputError
from judgekit.stats.estimate import Estimate
from judgekit.stats.interval import Influence, bootstrap_interval, influence
from judgekit.stats.metric import METRICS, measure_all
from judgekit.stats.patterns import Patterns, distinct_rows
from judgekit.stats.resample import units_of
from judgekit.stats.sample import BoolArray, FloatArray, IntArray, Sample
from judgekit.stats.unit_sums import MIN_UNITS, Resampling

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class SubsetDifference:
    """A metric inside and outside a subset of rows.

    Attributes:
        inside: On the subset.
        outside: On the rest.
        difference: Inside less outside, from the same resamples of units, which may have rows on both sides.
        p_value: Two-sided, of no difference: the level at which the difference's interval touches 0; None where it
            has none.
    """

    inside: Estimate
    outside: Estimate
    difference: Estimate
    p_value: float | None


def subset_difference(
    metrics: Sequence[str],
    sample: Sample,
    is_inside: BoolArray,
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    n_resamples: int = 2000,
) -> dict[str, SubsetDifference]:
    """Compare metrics on a subset of rows with the same metrics on the rest.

    Args:
        metrics: Names of `METRICS`.
        sample: Two columns.
        is_inside: Which rows are in the subset, shape (n_rows,).
        rng: Source of the resamples; both sides are computed on the same ones.
        level: Coverage of the intervals.
        n_resamples: Bootstrap resamples.

    Returns:
        By metric; what the sample dropped is counted at the difference. That has no interval, and no p-value, where
        either side has none.

    Undefined when: the metric is undefined on either side.

    Raises:
        UnknownName: There is no such metric.
        InputError: Shapes that do not fit.

    Source: Efron 1987; Efron & Tibshirani 1993, section 15.4: a test is an interval turned round.
    """
    inside = np.asarray(is_inside, dtype=bool)
    if inside.shape != (len(sample.ratings),):
        raise InputError(f"a subset of shape {inside.shape} for {len(sample.ratings)} rows", hint="Mark every row")
    resampling = Resampling(rng, level, n_resamples)
    within, rest = (
        measure_all(metrics, _rows(sample, kept), rng=rng, level=level, n_resamples=n_resamples)
        for kept in (inside, ~inside)
    )
    bare = {name: _bare(within[name], rest[name], sample, inside) for name in metrics}
    tested = [name for name in metrics if not bare[name].method.startswith("none")]
    drawn = _drawn(tested, sample, inside, resampling, bare)
    return {name: SubsetDifference(within[name], rest[name], *drawn.get(name, (bare[name], None))) for name in metrics}


def p_value_of_bootstrap(value: float, resampled: FloatArray, found: Influence) -> float:
    """Return the two-sided p of a value of 0: 1 less the coverage at which BCa's interval, with t's tails, touches it.

    Args:
        value: The point estimate.
        resampled: The statistic of each resample, shape (n_resamples,); NaN is undefined and left out.
        found: From `influence`.

    Returns:
        At least 2 / (n_resamples + 1): resamples cannot say less.
    """
    from scipy.special import stdtr

    defined = resampled[~np.isnan(resampled)]
    least = 1 / (len(defined) + 1)
    below = _share_below(defined, 0.0, least)
    bias = _NORMAL.inv_cdf(_share_below(defined, value, least))
    lean = 0.0 if math.isnan(found.acceleration) else found.acceleration
    away = _NORMAL.inv_cdf(below) - bias
    # BCa reads the quantile at bias + s / (1 - lean s), s = bias + reach: solved for the reach.
    turned = away / (1 + lean * away) if 1 + lean * away > 0 else away
    reach = abs(turned - bias) / math.sqrt(found.n / (found.n - 1))
    return float(max(2 * stdtr(found.n_free, -reach), 2 * least))


def _share_below(defined: FloatArray, value: float, least: float) -> float:
    """Return the share of resamples below a value, ties counting half; never all or none."""
    is_tied = np.isclose(defined, value, rtol=0, atol=1e-12 * max(1.0, abs(value)))
    share = float(np.mean((defined < value) & ~is_tied) + np.mean(is_tied) / 2)
    return min(max(share, least), 1 - least)


def _rows(sample: Sample, kept: BoolArray) -> Sample:
    units = None if sample.units is None else sample.units[kept]
    return replace(sample, ratings=sample.ratings[kept], units=units, dropped={})


def _bare(inside: Estimate, outside: Estimate, sample: Sample, is_inside: BoolArray) -> Estimate:
    """Return the difference without an interval; its method starts with `none` where there can be none."""
    n = inside.n + outside.n
    n_clusters = n if sample.units is None else _n_units(sample, is_inside)
    for side in (inside, outside):
        if side.undefined is not None:
            return replace(side, n=n, n_clusters=n_clusters, dropped=dict(sample.dropped))
    value = (inside.value or 0.0) - (outside.value or 0.0)
    bare = Estimate(value, None, None, inside.level, n, n_clusters, "", dropped=dict(sample.dropped))
    for name, side in (("the slice", inside), ("the rest", outside)):
        if side.low is None:
            why = side.method.removeprefix("none: ").removeprefix("none") or "nothing said"
            return replace(bare, method=f"none: {name} has none: {why}")
    return bare


def _n_units(sample: Sample, is_inside: BoolArray) -> int:
    units = np.empty(0) if sample.units is None else sample.units
    return len(np.unique(units[~np.isnan(sample.ratings).any(axis=1)])) if len(is_inside) else 0


def _drawn(
    metrics: Sequence[str], sample: Sample, is_inside: BoolArray, resampling: Resampling, bare: dict[str, Estimate]
) -> dict[str, tuple[Estimate, float | None]]:
    """Return the differences with their intervals and p-values, from the same resamples for both sides."""
    if not metrics:
        return {}
    whole = distinct_rows(sample)
    joint, pattern_of_kind, is_kind_inside = _split(whole, is_inside[whole.is_used])
    units = units_of(joint)

    def differences(weights: FloatArray) -> FloatArray:
        sides = []
        for chosen in (is_kind_inside, ~is_kind_inside):
            own = np.zeros((len(weights), len(whole.values)))
            own[:, pattern_of_kind[chosen]] = weights[:, chosen]
            sides.append([METRICS[name].function(whole, own) for name in metrics])
        return np.stack(sides[0], axis=1) - np.stack(sides[1], axis=1)

    resampled = np.concatenate([differences(w) for w in units.resamples(resampling.rng, resampling.n_resamples)])
    left_out = [(differences(weights), times) for weights, times in units.leave_outs(resampling.rng)]
    without, times = (np.concatenate(part) for part in zip(*left_out, strict=True))
    found: dict[str, tuple[Estimate, float | None]] = {}
    for place, name in enumerate(metrics):
        value, pull = bare[name].value or 0.0, influence(without[:, place], times)
        interval = bootstrap_interval(value, resampled[:, place], pull, resampling.level)
        estimate = replace(bare[name], low=interval.low, high=interval.high, method=interval.method)
        has_test = interval.low is not None and units.n >= MIN_UNITS
        found[name] = (estimate, p_value_of_bootstrap(value, resampled[:, place], pull) if has_test else None)
    return found


def _split(whole: Patterns, is_inside: BoolArray) -> tuple[Patterns, IntArray, BoolArray]:
    """Tell each pattern's rows inside from those outside: the kinds, each one's pattern, and its side."""
    kinds, kind_of_row, counts = np.unique(
        2 * whole.pattern_of_row + is_inside, return_inverse=True, return_counts=True
    )
    patterns = kinds // 2
    joint = replace(whole, values=whole.values[patterns], counts=counts.astype(np.float64), pattern_of_row=kind_of_row)
    return joint, patterns, kinds % 2 == 1
