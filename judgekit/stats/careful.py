"""Bounds for decisions: each errs at most as often as it says, where the intervals of reports do so on average.

A score interval (Tango's, Wilson's) holds its level on average over rates, and near 0 and 1 its one-sided bounds fall
short: .06 to .09 where .05 is said, since counts are whole numbers and skewed. So do Student's t and BCa where few
inputs carry most of a difference: up to .2. A gate is asked for the level itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import NormalDist

import numpy as np

from judgekit.stats.estimate import Estimate
from judgekit.stats.interval import Interval, no_interval, student_t
from judgekit.stats.lattice import half_step
from judgekit.stats.paired_share import FourCells, bisected, constrained_share
from judgekit.stats.partly_labelled import Doubt, PartlyLabelled, units_moves
from judgekit.stats.post_stratification import mean_of_strata
from judgekit.stats.prediction_powered import Ends, Powered, additions, powered, tuning_bias
from judgekit.stats.sample import FloatArray, IntArray
from judgekit.stats.version_difference import made_up

_NORMAL = NormalDist()
_ROUNDING = 1e-9
_SHARE_OF_SCALE = 0.75
"""Of a scale of more than two levels, by how much an input may be off that was not drawn."""
_LEAST_CORRECTION = 0.3
"""Of one input, where skewness would make the correction less."""


def careful_tango(cells: FourCells, level: float = 0.95) -> Interval:
    """Return Tango's interval of a paired difference, corrected for whole counts and their skewness.

    Half an input is taken off the difference, and (z^2 - 1) / 6 times the counts' skewness more, or less, but not under
    three tenths in all. By summing over all tables (n from 20 to 400, true differences from -.2 to .1, levels from
    .9 to .995) either bound then errs at most 1.01 times as often as it says; Tango's own, at .95, up to 1.8 times. The
    three tenths were chosen on these same tables.

    Args:
        cells: Inputs by what both versions did.
        level: Coverage; each end is a bound at (1 + level) / 2.

    Source: Tango 1998; continuity as Yates 1934, skewness by Cornish & Fisher 1938.

    Example:
        Of 100 identical inputs: the candidate is not worse by .05.

        >>> found = careful_tango(FourCells(80, 0, 0, 20), 0.9)
        >>> round(found.low, 4), round(found.high, 4)
        (-0.0319, 0.0319)
    """
    z = _NORMAL.inv_cdf((1 + level) / 2)
    turned = FourCells(cells.both, cells.second, cells.first, cells.neither)
    return Interval(_lower(cells, z), -_lower(turned, z), "tango, corrected for whole counts")


def careful_mean(
    sample: PartlyLabelled, level: float = 0.95, *, reach: float = 0.0, ends: Ends | None = None, has_judge: bool = True
) -> Interval:
    """Return the interval of a mean, or of a mean difference, corrected for the skewness of what it rests on.

    Labels of which few are far off are too often drawn without these, and then show no doubt. So either bound takes
    it that at least one labelled unit more was drawn on its bad side, this far away, and up to four where fewer than
    five differ from 0. It is further out by half a step where the mean moves in steps, as counts do, and by the bias
    that comes of tuning the judge's power on the same labels, where that is on its good side.

    Args:
        sample: Judged sessions, or inputs with their differences; the labelled ones picked at random.
        level: Coverage; each end is a bound at (1 + level) / 2.
        reach: How far off a unit may be that was not drawn; 0 where the scale has no ends.
        ends: Lowest and highest number of the mean; None where it has none.
        has_judge: Whether the judge counts; without it labels stand alone.

    Source: Johnson 1978 and Hall 1992, "On the removal of skewness by transformation"; Agresti & Min 2005 (units made
    up); Kolassa & McCullagh 1990 (half a step).

    Example:
        Five in a hundred inputs lose all: t's bounds are -.086 and -.014.

        >>> import numpy as np
        >>> lost = np.repeat([-1.0, 0.0], [5, 95])
        >>> sample = PartlyLabelled.of(lost, np.full(100, np.nan), np.zeros(0))
        >>> found = careful_mean(sample, 0.9, reach=1.0, has_judge=False)
        >>> round(found.low, 3), round(found.high, 3)
        (-0.109, -0.008)
    """
    found = powered(sample, None if has_judge else 0.0)
    jump, bias = _jump(sample, found), tuning_bias(sample) if has_judge else 0.0
    off = (jump + max(0.0, bias), jump + max(0.0, -bias))
    return _skewed(found.value, found.doubt, level, made_up=_made_up(sample, reach), off=off, ends=ends)


def careful_share(estimate: Estimate) -> Estimate:
    """Return a share with Clopper and Pearson's ends for as many trials as its Wilson interval stands for.

    Where sessions stand alone these are exact bounds; where they come in groups, or a judge helped, as good as exact
    ones of fewer. Anything but a share with an interval comes back as it is.

    Source: Clopper & Pearson 1934; effective trials as in Korn & Graubard 1998.

    Example:
        Newcombe's 81 of 263: Wilson's ends give Clopper and Pearson's, .2527 and .3676.

        >>> found = careful_share(Estimate(81 / 263, 0.255265, 0.366208, 0.95, 263, 263, "wilson"))
        >>> round(found.low, 3), round(found.high, 3)
        (0.253, 0.368)
    """
    from scipy.special import betaincinv

    if estimate.value is None or estimate.low is None or estimate.high is None or not 0 <= estimate.value <= 1:
        return estimate
    n = _n_effective(estimate.value, estimate.low, estimate.high, _NORMAL.inv_cdf((1 + estimate.level) / 2))
    tail, n_hits = (1 - estimate.level) / 2, estimate.value * n
    low = float(betaincinv(n_hits, n - n_hits + 1, tail)) if n_hits > 0 else 0.0
    high = float(betaincinv(n_hits + 1, n - n_hits, 1 - tail)) if n_hits < n else 1.0
    return replace(estimate, low=low, high=high, method=f"clopper-pearson of {estimate.method}")


def careful_quality(found: Estimate, levels: Sequence[float], alone: PartlyLabelled | None) -> Estimate:
    """Return a share or a mean of one version with bounds that keep their level.

    Args:
        found: With an interval; without one it comes back as it is.
        levels: Numbers of the scale, ascending; empty where it has none.
        alone: The numbers, where it is their own mean; None where a judge helped.
    """
    is_plain_share = len(levels) == 2 and not (alone is not None and _is_grouped(alone))
    if is_plain_share or alone is None:
        return _as_share(found, levels) if levels else found
    if found.low is None:
        return found
    whole = (levels[0], levels[-1]) if levels else None
    ends = careful_mean(alone, found.level, reach=far_reach(levels), ends=whole, has_judge=False)
    if len(levels) == 2:
        return _further(_as_share(found, levels), ends)
    return replace(found, low=ends.low, high=ends.high, method=ends.method)


def careful_correction(
    found: Estimate, levels: Sequence[float], sample: PartlyLabelled, *, is_stratified: bool
) -> Estimate:
    """Return a share or a mean of one version that a judge helped with, with bounds that keep their level.

    A mean on more than two levels, or one of sessions in groups, may be more skewed than the share that it is of its
    scale: few sessions or groups are far off. So either end is the further one of the share's and of the skewed t's.

    Args:
        found: Post-stratified or prediction-powered; without an interval it comes back as it is.
        levels: Numbers of the scale, ascending; empty where it has none.
        sample: What it was made of.
        is_stratified: Whether it is post-stratified.
    """
    as_share = careful_quality(found, levels, None)
    if found.value is None or as_share.low is None or as_share.high is None:
        return as_share
    if len(levels) == 2 and not _is_grouped(sample):
        return as_share
    reach, ends = far_reach(levels), (levels[0], levels[-1]) if levels else None
    if is_stratified:
        value, doubt = mean_of_strata(sample, np.array(levels))
        skewed = _skewed(value, doubt, found.level, made_up=_made_up(sample, reach), ends=ends)
    else:
        skewed = careful_mean(sample, found.level, reach=reach, ends=ends)
    return _further(as_share, skewed)


def _further(share: Estimate, skewed: Interval) -> Estimate:
    """Return a share with the further one of its ends and another interval's; as it is where one of them has none."""
    if share.low is None or share.high is None or skewed.low is None or skewed.high is None:
        return share
    low, high = min(share.low, skewed.low), max(share.high, skewed.high)
    return replace(share, low=low, high=high, method=f"{share.method}, or {skewed.method}")


def _is_grouped(sample: PartlyLabelled) -> bool:
    """Return whether labelled sessions come in groups."""
    labelled = sample.units[sample.is_labelled]
    return len(np.unique(labelled)) < len(labelled)


def far_reach(levels: Sequence[float]) -> float:
    """Return how far off an input may be that was not drawn: from one end of two levels to the other, else less.

    Three quarters of a longer scale kept false passes to 5% in simulations (one input in fifty falling from 5 to 1);
    a step did not (12%), nor did half of it (8%), and the whole of it cost a third more in width.
    """
    if not levels:
        return 0.0
    return (levels[-1] - levels[0]) * (1.0 if len(levels) == 2 else _SHARE_OF_SCALE)


def labels_alone(values: FloatArray, units: IntArray, weights: FloatArray) -> PartlyLabelled:
    """Return labels without a judge."""
    return PartlyLabelled(np.full(len(values), np.nan), values.astype(np.float64), units, weights)


def _as_share(found: Estimate, levels: Sequence[float]) -> Estimate:
    """Return a mean with the bounds of the share that it is of its scale."""
    if found.value is None or found.low is None or found.high is None:
        return found
    start, width = levels[0], levels[-1] - levels[0]
    value, low, high = ((each - start) / width for each in (found.value, found.low, found.high))
    share = careful_share(replace(found, value=value, low=low, high=high))
    low, high = (start + width * (end or 0.0) for end in (share.low, share.high))
    return replace(found, low=low, high=high, method=share.method)


def _skewed(
    value: float,
    doubt: Doubt,
    level: float,
    *,
    made_up: tuple[float, float],
    off: tuple[float, float] = (0.0, 0.0),
    ends: Ends | None = None,
) -> Interval:
    """Return the interval of a mean by Student's t, corrected for skewness.

    Args:
        value: The mean.
        doubt: Its variance, degrees of freedom and third moment.
        level: Coverage; each end is a bound at (1 + level) / 2.
        made_up: How many units are made up, and by how much each moves the mean.
        off: By how much the mean may besides be too high, and too low.
        ends: Lowest and highest number of the mean; None where it has none.
    """
    n_made_up, move = made_up
    variance = doubt.variance + n_made_up * move**2
    if not variance > _ROUNDING**2 * max(1.0, value**2):
        return no_interval("no label differs from what the others lead one to expect")
    error, quantile = math.sqrt(variance), student_t(level, max(2.0, doubt.n_free))
    down = error * _unskewed(quantile, (doubt.third - n_made_up * move**3) / error**3)
    up = error * _unskewed(quantile, -(doubt.third + n_made_up * move**3) / error**3)
    low, high = value - off[0] - down, value + off[1] + up
    if ends is not None:
        low, high = max(low, ends[0]), min(high, ends[1])
    return Interval(low, high, "skewed t")


def _made_up(sample: PartlyLabelled, reach: float) -> tuple[float, float]:
    """Return how many units are made up, and by how much each moves the mean.

    Units of uneven size or weight count as fewer even ones: the large ones are what the mean rests on.

    Source: Kish 1965 (effective number).
    """
    n_made_up, _ = made_up(sample, reach)
    held = units_moves(sample.weights, sample.units[sample.is_labelled])
    return n_made_up, reach / (1 / float(held @ held) + 2)


def _jump(sample: PartlyLabelled, found: Powered) -> float:
    """Return half the step of a mean of whole counts, as far as it shows; units without a label move it by others."""
    moves = units_moves(additions(sample, found.power), sample.units)
    units = np.unique(sample.units)
    has_label = np.isin(units, sample.units[sample.is_labelled])
    return half_step([moves[has_label], moves[~has_label]])


def _unskewed(quantile: float, skewness: float) -> float:
    """Return the quantile of a studentised mean of such skewness, from a symmetric one.

    Where skewness draws it in, Hall's transformation does so less than Johnson's; where it lets it out, Johnson's does
    so less than Hall's, which leaves no bound of use where nearly all the doubt is made up.
    """
    if abs(skewness) < _ROUNDING or quantile * skewness < 0:
        return quantile - skewness * (2 * quantile**2 + 1) / 6
    return 3 / skewness * (math.cbrt(1 + skewness * (quantile - skewness / 6)) - 1)


def _lower(cells: FourCells, z: float) -> float:
    """Return the difference at which the corrected score comes down to z."""
    return bisected(lambda difference: _score(cells, difference, z) - z, -1.0, cells.difference)


def _score(cells: FourCells, difference: float, z: float) -> float:
    share, n = constrained_share(cells, difference), cells.n
    variance = n * (2 * share + difference * (1 - difference))
    moved = 2 * share + difference
    skewness = difference / moved if moved > 0 else 0.0
    away = cells.first - cells.second - n * difference
    away -= max(0.5 + (z * z - 1) / 6 * skewness, _LEAST_CORRECTION)
    return away / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, away)


def _n_effective(share: float, low: float, high: float, z: float) -> float:
    """Return the trials of a Wilson interval: its ends are the roots of (p - x)^2 = z^2 x (1 - x) / n."""
    if share > 0.5:
        share, low, high = 1 - share, 1 - high, 1 - low
    product, total = (1 - low) * (1 - high), (1 - share) ** 2
    return z * z / max(total / product - 1, 1e-12)
