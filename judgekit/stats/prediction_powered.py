"""Prediction-powered means (PPI++): the judge's mean over all sessions, corrected by where labels differ from it.

For numbers of any kind, without a model of the judge's errors; labels must be a random sample of the judged sessions,
or have been picked with known probabilities. How much the judge counts (`power`) is tuned from 0, labels only, to 1.
On passes and fails of which few fail it covers less than it says; `post_stratification` does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from judgekit.errors import InputError
from judgekit.stats.estimate import Estimate, undefined
from judgekit.stats.interval import no_interval
from judgekit.stats.partly_labelled import (
    Doubt,
    PartlyLabelled,
    corrected,
    declined,
    mean_interval,
    noted,
    too_few_labels,
    units_moves,
)
from judgekit.stats.population_mean import uneven
from judgekit.stats.sample import BoolArray, FloatArray, IntArray
from judgekit.stats.unit_sums import Otherwise, Resampling, estimates_of_sums

_LEAST_LEFT = 1e-9
"""Share of the labels' variance below which what the judge leaves of it is rounding."""
Ends = tuple[float, float]
"""Lowest and highest number of a scale."""


@dataclass(frozen=True, slots=True)
class Powered:
    """A prediction-powered mean before it has an interval.

    Attributes:
        value: The mean.
        power: How much the judge counted, from 0 to 1.
        doubt: Variance, degrees of freedom and third moment.
    """

    value: float
    power: float
    doubt: Doubt


def prediction_powered_mean(
    sample: PartlyLabelled, level: float = 0.95, *, ends: Ends | None = None, power: float | None = None
) -> Estimate:
    """Return the experts' mean over all judged sessions.

    Undefined below 30 labels; where the scale is one of 0 and 1, below 5 labels of the rarer. No interval where a few
    units carry most of the weight.

    Args:
        sample: Judged sessions; the labelled ones picked at random, or with known chances.
        level: Coverage of the interval.
        ends: Lowest and highest number of the scale; None where it has none (differences, say).
        power: How much the judge counts; None: as much as makes the variance least, between 0 and 1.

    Source: Angelopoulos, Duchi & Zrnic 2023, arXiv 2311.01453 (tuning); Zrnic & Candes 2024, arXiv 2403.03208
    (chances), with chances summed as in Hajek 1971; clusters by each unit's influence (Liang & Zeger 1986).
    """
    few = too_few_labels(sample, is_binary=ends == (0.0, 1.0))
    if few:
        return declined(sample, few, level)
    found = powered(sample, power)
    interval = mean_interval(found.value, found.doubt, level, ends=ends, method="ppi++")
    interval = noted(interval, f"power {found.power:.2f}")
    why = uneven(sample.weights, sample.units[sample.is_labelled])
    return corrected(sample, found.value, no_interval(why) if why else interval, level, ends=ends)


def powered(sample: PartlyLabelled, power: float | None = None) -> Powered:
    """Return the prediction-powered mean with its variance, from however few labels.

    Args:
        sample: Judged sessions.
        power: How much the judge counts; None: tuned, between 0 and 1.

    Example:
        Five labels and three sessions without, the judge counted in full, by hand:

        >>> found = powered(PartlyLabelled.of(np.array([1.0, 0, 1, 1, 0]), np.array([0.9, 0.2, 0.8, 0.6, 0.4]),
        ...     np.array([0.9, 0.1, 0.8])), power=1.0)
        >>> round(found.value, 3)  # .6 + 1.8 / 3 - 2.9 / 5
        0.62
    """
    parts, n_units = _parts(sample), sample.n_units
    is_tuned = power is None
    if power is None:
        power = float(np.clip(tuned_power(sample), 0.0, 1.0))
    value = parts.mean_label + power * (parts.mean_elsewhere - parts.mean_judge)
    moves = parts.by_label + power * parts.by_judge
    by_unit = units_moves(moves, sample.units)
    # Few units that matter, or of uneven weight, are worth fewer degrees of freedom; so is a tuned power one.
    n_free = min(_n_free(units_moves(moves[sample.is_labelled], sample.units[sample.is_labelled])), n_units - 1)
    return Powered(value, power, Doubt(float(by_unit @ by_unit), n_free - is_tuned, float((by_unit**3).sum())))


def additions(sample: PartlyLabelled, power: float) -> FloatArray:
    """Return what each session adds to the prediction-powered mean, shape (n_sessions,); they sum to it."""
    judge, labelled, elsewhere = sample.imputed, sample.is_labelled, _elsewhere(sample)
    found = np.zeros(len(judge))
    found[elsewhere] = power * _normed(sample.counts[elsewhere]) * judge[elsewhere]
    found[labelled] += sample.weights * (sample.labels - power * judge[labelled])
    return found


def tuned_power(sample: PartlyLabelled) -> float:
    """Return the power that makes the variance least, which may lie outside 0 to 1; 0 where the judge says one thing.

    Where all sessions stand alone and alike the judge's variance is that of all its numbers, labelled or not, as in
    the source; elsewhere it is that of the units' own sums.

    Source: Angelopoulos, Duchi & Zrnic 2023, example 6.1.
    """
    return _tuning(sample)[0]


def tuning_bias(sample: PartlyLabelled) -> float:
    """Return how far the mean lies off on average, for a power tuned on the labels that the judge is then held against.

    Where few inputs carry a difference, the power is larger in the very samples whose labels show more of it, and the
    mean then nearer to nothing having changed: by (1 - 2 p) / n / (1 + n / N) where a share p is lost and the judge is
    always right.

    Source: The covariance of the power with what it multiplies, each from what the units move it by (Hall 1992).

    Example:
        60 of 300 inputs are lost, 100 labelled: .6 / 100 / 1.5 = .004, a sixth of the standard error.

        >>> lost = np.tile([-1.0, 0.0, 0.0, 0.0, 0.0], 60)
        >>> sample = PartlyLabelled(lost, np.where(np.arange(300) < 100, lost, np.nan), np.arange(300), np.ones(300))
        >>> round(tuning_bias(sample), 4)
        0.004
    """
    return _tuning(sample)[1]


def _tuning(sample: PartlyLabelled) -> tuple[float, float]:
    """Return the tuned power, and the bias of the mean that comes of tuning."""
    parts = _parts(sample)
    by_label, by_judge = (units_moves(each, sample.units) for each in (parts.by_label, parts.by_judge))
    spreads = by_judge**2
    if _is_plain(sample):
        judge, n, n_all = sample.imputed, sample.n_labels, len(sample.judge)
        spreads = units_moves((judge - judge.mean()) ** 2, sample.units) / (n_all - 1) * (1 / n + 1 / (n_all - n))
    spread = float(spreads.sum())
    if not spread > 0:
        return 0.0, 0.0
    power = -float(by_label @ by_judge) / spread
    return power, -float((by_label * by_judge + power * spreads) @ by_judge) / spread


def label_multiplier(sample: PartlyLabelled, resampling: Resampling) -> Estimate:
    """Return how many times the labels would be needed for the same precision without the judge, at least 1.

    It is the variance of the labels' own mean over that of the tuned one; for labels picked alike and sessions that
    stand alone, 1 / (1 - r^2 N / (n + N)). The interval is over labelled units.

    Source: Angelopoulos, Duchi & Zrnic 2023; statistics as in Miller 2024, arXiv 2411.00640, for clusters.
    """
    few = too_few_labels(sample, is_binary=False)
    if few:
        return declined(sample, few, resampling.level)
    parts, labelled = _parts(sample), np.unique(sample.units[sample.is_labelled])
    units = np.unique(sample.units)
    by_label, by_judge = (units_moves(each, sample.units) for each in (parts.by_label, parts.by_judge))
    is_labelled = np.isin(units, labelled)
    elsewhere = float((by_judge[~is_labelled] ** 2).sum())
    rows = np.column_stack([by_label**2, by_label * by_judge, by_judge**2])[is_labelled]

    def gain(sums: FloatArray) -> FloatArray:
        of_label, together, of_judge = sums[:, 0], sums[:, 1], sums[:, 2] + elsewhere
        with np.errstate(invalid="ignore", divide="ignore"):
            power = np.clip(np.nan_to_num(-together / of_judge), 0.0, 1.0)
            left = of_label + 2 * power * together + power**2 * of_judge
            found: FloatArray = np.where(left > _LEAST_LEFT * of_label, of_label / left, np.nan)[:, None]
        return found

    if np.ptp(sample.labels) == 0:
        return undefined("constant", "every label is the same", n=sample.n_labels, level=resampling.level)
    otherwise = Otherwise("constant", "the judge leaves no doubt at all", sample.dropped)
    [found] = estimates_of_sums(gain, rows, None, resampling=resampling, otherwise=otherwise)
    return replace(found, n=sample.n_labels, n_clusters=sample.n_units)


def stratified_mean(
    strata: Sequence[PartlyLabelled], sizes: Sequence[float], level: float = 0.95, *, ends: Ends | None = None
) -> Estimate:
    """Return the mean over strata that were sampled apart, each with a power of its own.

    Args:
        strata: Judged sessions of each stratum, all of which is known to be in it.
        sizes: Sessions of each stratum in the population, up to a factor.
        level: Coverage of the interval.
        ends: Lowest and highest number of the scale; None where it has none.

    Raises:
        InputError: No stratum, one without two labels, or sizes that are not as many or not positive.

    Source: Fisch et al. 2024, arXiv 2406.04291, section 3; degrees of freedom: Satterthwaite 1946.
    """
    if not strata or len(sizes) != len(strata) or min(sizes) <= 0:
        raise InputError(f"{len(sizes)} sizes for {len(strata)} strata", hint="Give each stratum its size, above 0")
    poor = next((place for place, each in enumerate(strata) if each.n_units < 2), None)
    if poor is not None:
        raise InputError(f"stratum {poor} has fewer than two labelled units", hint="Merge it with another")
    found = [powered(each) for each in strata]
    shares = np.array(sizes, dtype=np.float64) / sum(sizes)
    value = float(shares @ [each.value for each in found])
    variances = shares**2 * [each.doubt.variance for each in found]
    total, n_frees = float(variances.sum()), np.array([each.doubt.n_free for each in found])
    n_free = total**2 / float((variances**2 / n_frees).sum()) if total > 0 else float(n_frees.sum())
    together = _joined(strata)
    interval = mean_interval(value, Doubt(total, n_free), level, ends=ends, method="stratified ppi++")
    return corrected(together, value, interval, level, ends=ends)


@dataclass(frozen=True, slots=True)
class _Parts:
    """A mean of labels, the judge's mean on them and elsewhere, and what each session moves them by."""

    mean_label: float
    mean_judge: float
    mean_elsewhere: float
    by_label: FloatArray
    by_judge: FloatArray


def _parts(sample: PartlyLabelled) -> _Parts:
    """Return what a prediction-powered mean is made of.

    Contributions are scaled so that their squares sum to a variance with n - 1 in the denominator.
    """
    judge, labelled, elsewhere = sample.imputed, sample.is_labelled, _elsewhere(sample)
    weights, shares = sample.weights, _normed(sample.counts[elsewhere])
    mean_label, mean_judge = float(weights @ sample.labels), float(weights @ judge[labelled])
    mean_elsewhere = float(shares @ judge[elsewhere])
    by_label, by_judge = np.zeros(len(judge)), np.zeros(len(judge))
    by_label[labelled] = _centred(sample, weights, sample.labels, mean_label)
    by_judge[elsewhere] = shares * (judge[elsewhere] - mean_elsewhere) * _correction(sample.units[elsewhere], shares)
    by_judge[labelled] -= _centred(sample, weights, judge[labelled], mean_judge)
    return _Parts(mean_label, mean_judge, mean_elsewhere, by_label, by_judge)


def _elsewhere(sample: PartlyLabelled) -> BoolArray:
    """Return which sessions the labelled ones are held against, shape (n_sessions,).

    Labels picked alike are held against the sessions without labels. Those picked with chances of their own are held
    against all sessions (the difference form), since those without labels are then no sample of the population.
    """
    is_against_all = sample.chances is not None or bool(sample.is_labelled.all())
    return np.ones(len(sample.judge), dtype=bool) if is_against_all else ~sample.is_labelled


def _centred(sample: PartlyLabelled, weights: FloatArray, values: FloatArray, mean: float) -> FloatArray:
    """Return what each labelled session moves a weighted mean by; within strata, where these were drawn apart."""
    units = sample.units[sample.is_labelled]
    if sample.strata is None:
        return weights * (values - mean) * _correction(units, weights)
    found = np.zeros(len(values))
    for stratum in np.unique(sample.strata[sample.is_labelled]):
        own = sample.strata[sample.is_labelled] == stratum
        centre = float(weights[own] @ values[own] / weights[own].sum())
        found[own] = weights[own] * (values[own] - centre) * _correction(units[own], weights[own])
    return found


def _correction(units: IntArray, weights: FloatArray) -> FloatArray:
    """Return what makes up for centring on the units' own mean: n / (n - 1) under the root where all weigh alike (HC2).

    Source: MacKinnon & White 1985.
    """
    found, place = np.unique(units, return_inverse=True)
    if len(found) < 2:
        return np.ones(len(units))
    held = np.bincount(place, weights=weights) / weights.sum()
    factors: FloatArray = 1 / np.sqrt(1 - held[place])
    return factors


def _n_free(moves: FloatArray) -> float:
    """Return the degrees of freedom of a sum of squares, from its kurtosis: n where that is a normal's."""
    squares = float(moves @ moves)
    excess = len(moves) * float((moves**4).sum()) / squares**2 - 1 if squares > 0 else 0.0
    return 2 * len(moves) / excess if excess > 0 else len(moves)


def _is_plain(sample: PartlyLabelled) -> bool:
    """Whether sessions stand alone, count alike and were picked alike."""
    n = len(sample.judge)
    is_alike = sample.chances is None and sample.strata is None and np.ptp(sample.counts) == 0
    return bool(is_alike and len(np.unique(sample.units)) == n and 0 < sample.n_labels < n)


def _normed(values: FloatArray) -> FloatArray:
    found: FloatArray = values / values.sum() if len(values) else values
    return found


def _joined(strata: Sequence[PartlyLabelled]) -> PartlyLabelled:
    judge, human, counts = (np.concatenate([getattr(s, name) for s in strata]) for name in ("judge", "human", "counts"))
    starts = np.cumsum([0, *(int(each.units.max()) + 1 for each in strata)])
    units = np.concatenate([each.units + start for each, start in zip(strata, starts, strict=False)])
    dropped: dict[str, int] = {}
    for each in strata:
        for cause, n in each.dropped.items():
            dropped[cause] = dropped.get(cause, 0) + n
    return PartlyLabelled(judge, human, units, counts, dropped=dropped)
