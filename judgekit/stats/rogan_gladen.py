"""Rogan and Gladen's share of passes, from how often the judge is right on passes and on failures.

For labels that are no random sample of the judged sessions but were drawn within each class (so many that pass, so many
that fail). Where they are a random sample its interval is twice as wide as labels alone give: use
`post_stratification`. It supposes that the judge errs on these sessions as it does on the labelled ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from judgekit.errors import InputError
from judgekit.stats.estimate import Estimate, undefined
from judgekit.stats.interval import Interval, no_interval, rate_interval
from judgekit.stats.partly_labelled import PartlyLabelled, corrected, declined, too_few_labels
from judgekit.stats.sample import FloatArray, IntArray
from judgekit.stats.standard_error import cluster_error

MIN_J = 0.1
"""What the lower end of Youden's J must exceed: below it the correction divides by what may be nothing."""
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Rate:
    """A share and how many independent trials it rests on, whole or not."""

    value: float
    n: float

    def __post_init__(self) -> None:
        if not (0 <= self.value <= 1 and self.n > 0):
            raise InputError(f"a rate of {self.value:g} over {self.n:g} trials", hint="Give a share and its trials")


@dataclass(frozen=True, slots=True)
class JudgedRates:
    """What a judge does.

    Attributes:
        passing: Share of the judged sessions that it passes.
        tpr: Share of the experts' passes that it passes.
        tnr: Share of the experts' failures that it fails.
    """

    passing: Rate
    tpr: Rate
    tnr: Rate

    @property
    def youden_j(self) -> float:
        """TPR + TNR - 1."""
        return self.tpr.value + self.tnr.value - 1

    def lowest_j(self, level: float) -> float:
        """Return the lower end of J's interval, from those of its two rates (Zou & Donner 2008)."""
        reaches = []
        for rate in (self.tpr, self.tnr):
            low = rate_interval(rate.value, rate.n, level).low
            reaches.append(rate.value - (low or 0.0))
        return self.youden_j - math.hypot(*reaches)


def rogan_gladen(sample: PartlyLabelled, level: float = 0.95) -> Estimate:
    """Return the share of judged sessions that the experts would pass.

    Undefined below 30 labels or 5 of the rarer class, where J is not above 0, and where its lower end is not above .1.
    Sessions without a verdict are left out, and counted. Clusters lessen what each rate rests on.

    Args:
        sample: Judged sessions, numbers 0 and 1; labelled ones drawn within each class.
        level: Coverage of the interval.
    """
    known = ~np.isnan(sample.judge)
    n_failed = int((~known).sum())
    given = PartlyLabelled(
        sample.judge[known],
        sample.human[known],
        sample.units[known],
        sample.counts[known],
        dropped={**sample.dropped, **({"no_verdict": n_failed} if n_failed else {})},
    )
    few = too_few_labels(given, is_binary=True)
    if few:
        return declined(given, few, level)
    says_pass, labels, units = given.judge > 0.5, given.labels > 0.5, given.units[given.is_labelled]
    right = says_pass[given.is_labelled] == labels
    rates = JudgedRates(
        passing=_rate(says_pass, given.units),
        tpr=_rate(right[labels], units[labels]),
        tnr=_rate(right[~labels], units[~labels]),
    )
    lacking = untrusted(rates, level)
    if lacking:
        return undefined(
            "weak_judge",
            lacking,
            n=given.n_labels,
            n_clusters=given.n_units,
            level=level,
            dropped=given.dropped,
        )
    value, interval = corrected_rate(rates, level)
    return corrected(given, value, interval, level)


def untrusted(rates: JudgedRates, level: float = 0.95) -> str | None:
    """Say why a judge tells passes from failures too little to be corrected; None where it does."""
    if rates.youden_j <= 0:
        return f"the judge does not tell passes from failures: J = TPR + TNR - 1 is {rates.youden_j:.2f}"
    lowest = rates.lowest_j(level)
    if lowest <= MIN_J:
        return (
            f"the judge's J = TPR + TNR - 1 is {rates.youden_j:.2f} and may be {lowest:.2f}, which is not above {MIN_J}"
        )
    return None


def corrected_rate(rates: JudgedRates, level: float = 0.95) -> tuple[float, Interval]:
    """Return the corrected share, kept within 0 and 1, and Lang and Reiczigel's interval.

    What was cut off is said in the interval's method.

    Args:
        rates: With J above 0.
        level: Coverage of the interval.

    Source: Rogan & Gladen 1978; Lang & Reiczigel 2014, equations 2 to 5.

    Example:
        Lee et al. 2025 (arXiv 2511.21140), their function on 400 of 1000 and 200 labels of either class:

        >>> rates = JudgedRates(Rate(0.4, 1000), tpr=Rate(0.9, 200), tnr=Rate(0.7, 200))
        >>> value, interval = corrected_rate(rates)
        >>> round(value, 6), round(interval.low, 5), round(interval.high, 5)
        (0.166667, 0.05635, 0.26273)
    """
    if rates.youden_j <= 0:
        raise InputError(f"J is {rates.youden_j:g}", hint="Only a judge with J above 0 can be corrected")
    z = _NORMAL.inv_cdf((1 + level) / 2)
    raw = (rates.passing.value + rates.tnr.value - 1) / rates.youden_j
    passing, tpr, tnr = _added(rates.passing, z * z / 2), _added(rates.tpr, 1), _added(rates.tnr, 1)
    j = tpr.value + tnr.value - 1
    share = (passing.value + tnr.value - 1) / j
    of_tpr, of_tnr = tpr.value * (1 - tpr.value) / tpr.n, tnr.value * (1 - tnr.value) / tnr.n
    variance = passing.value * (1 - passing.value) / passing.n + (1 - share) ** 2 * of_tnr + share**2 * of_tpr
    half, centre = z * math.sqrt(variance) / j, share + 2 * z * z * (share * of_tpr - (1 - share) * of_tnr)
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    value = min(1.0, max(0.0, raw))
    note = f", {raw:.3f} cut to {value:g}" if value != raw else ""
    if not low < high:
        return value, no_interval(f"it lies outside 0 to 1{note}")
    return value, Interval(low, high, f"lang-reiczigel{note}")


def _added(rate: Rate, n_each: float) -> Rate:
    """Return a rate with so many successes and as many failures more."""
    n = rate.n + 2 * n_each
    return Rate((rate.value * rate.n + n_each) / n, n)


def _rate(hits: np.ndarray, units: IntArray) -> Rate:
    """Return a rate over as many trials as would be as precise as these units; never over more than there are."""
    values: FloatArray = hits.astype(np.float64)
    rate, n_units = float(values.mean()), len(np.unique(units))
    if n_units == len(values):
        return Rate(rate, len(values))
    error = cluster_error(values, units)
    if not error > 0:
        return Rate(rate, n_units)
    return Rate(rate, min(len(values), rate * (1 - rate) / error**2))
