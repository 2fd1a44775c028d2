"""Judged sessions of which some carry a label: what every figure that corrects a judge by labels is made of.

Here also what those figures share: when there are too few labels to correct anything, and the interval of a mean from
what each independent unit moves it by.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from judgekit.errors import InputError
from judgekit.stats.estimate import Estimate, undefined
from judgekit.stats.interval import Interval, no_interval, student_t, wilson_ends_at
from judgekit.stats.sample import BoolArray, FloatArray, IntArray
from judgekit.stats.unit_sums import MIN_UNITS, TOO_FEW_UNITS, sums_by_unit

MIN_LABELS = 30
"""Labels beside verdicts below which nothing is corrected."""
MIN_OF_RARER = 5
"""Labels of the rarer class below which nothing is corrected: plain PPI++ then covered 76% where it says 95%."""


_ROUNDING = 1e-9
"""Relative size below which a difference is rounding."""


@dataclass(frozen=True, eq=False)
class PartlyLabelled:
    """The sessions that a judge was asked about, and the experts' number where there is one.

    Attributes:
        judge: The judge's number, shape (n_sessions,); NaN where it gave none.
        human: The experts' number, shape (n_sessions,); NaN where there is no label.
        units: The independent unit of each session, shape (n_sessions,).
        counts: How much each session counts in the mean, shape (n_sessions,): one over the trials of its input, say.
        chances: With which probability each labelled session was picked, shape (n_sessions,), up to a factor; None
            where all were picked alike.
        strata: What was sampled separately, shape (n_sessions,); only those of labelled sessions are looked at. None
            where all were drawn together.
        dropped: What could not enter, by cause.

    Raises:
        InputError: Shapes that differ, a chance that is not positive, or a label on nothing finite.
    """

    judge: FloatArray
    human: FloatArray
    units: IntArray
    counts: FloatArray
    chances: FloatArray | None = None
    strata: IntArray | None = None
    dropped: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        given = {"judge": self.judge, "human": self.human, "units": self.units, "counts": self.counts}
        given |= {name: each for name in ("chances", "strata") if (each := getattr(self, name)) is not None}
        for name, each in given.items():
            if np.shape(each) != (len(self.judge),):
                raise InputError(f"{name} has shape {np.shape(each)} for {len(self.judge)} sessions")
        if np.isinf(self.judge).any() or np.isinf(self.human).any():
            raise InputError("a number of judge or experts is infinite", hint="Mark what is missing as NaN")
        if self.chances is not None and not (self.chances[self.is_labelled] > 0).all():
            raise InputError("a labelled session has no chance above 0", hint="Give the probability it was picked with")

    @classmethod
    def of(cls, labels: FloatArray, judged: FloatArray, others: FloatArray) -> PartlyLabelled:
        """Return sessions that are each their own unit: labels, the judge's numbers there, and elsewhere."""
        judge = np.concatenate([judged, others]).astype(np.float64)
        human = np.concatenate([labels, np.full(len(others), np.nan)])
        return cls(judge, human, np.arange(len(judge)), np.ones(len(judge)))

    @cached_property
    def is_labelled(self) -> BoolArray:
        """Which sessions carry a label."""
        found: BoolArray = ~np.isnan(self.human)
        return found

    @cached_property
    def labels(self) -> FloatArray:
        """The experts' numbers, shape (n_labels,)."""
        found: FloatArray = self.human[self.is_labelled]
        return found

    @cached_property
    def n_labels(self) -> int:
        """Sessions with a label."""
        return int(self.is_labelled.sum())

    @cached_property
    def n_units(self) -> int:
        """Independent units with a label."""
        return len(np.unique(self.units[self.is_labelled]))

    @cached_property
    def shares(self) -> FloatArray:
        """How much of the population each session is, shape (n_sessions,); they sum to 1."""
        found: FloatArray = self.counts / self.counts.sum()
        return found

    @cached_property
    def weights(self) -> FloatArray:
        """How much of the population each labelled session stands for, shape (n_labels,); they sum to 1."""
        own = self.counts[self.is_labelled]
        own = own if self.chances is None else own / self.chances[self.is_labelled]
        found: FloatArray = own / own.sum()
        return found

    @cached_property
    def imputed(self) -> FloatArray:
        """The judge's numbers, with their mean where it gave none: a guess that the labels correct like any other."""
        known = ~np.isnan(self.judge)
        if known.all() or not known.any():
            return np.nan_to_num(self.judge)
        mean = float(self.counts[known] @ self.judge[known] / self.counts[known].sum())
        found: FloatArray = np.where(known, self.judge, mean)
        return found


@dataclass(frozen=True, slots=True)
class Doubt:
    """How far a corrected mean may be off.

    Attributes:
        variance: Of the mean.
        n_free: Degrees of freedom of Student's t.
        third: Third moment of the mean, as the units' contributions have it; 0 where nobody asked for it.
    """

    variance: float
    n_free: float
    third: float = 0.0


def too_few_labels(sample: PartlyLabelled, *, is_binary: bool) -> str | None:
    """Say that there are too few labels to correct a judge; None where there are enough."""
    if sample.n_labels < MIN_LABELS:
        return f"correcting a judge takes {MIN_LABELS} labelled sessions, and there are {sample.n_labels}"
    if is_binary:
        n_high = int((sample.labels > 0.5).sum())
        n_rarer = min(n_high, sample.n_labels - n_high)
        if n_rarer < MIN_OF_RARER:
            return f"correcting a judge takes {MIN_OF_RARER} labels of the rarer class, and there are {n_rarer}"
    return None


def declined(sample: PartlyLabelled, words: str, level: float) -> Estimate:
    """Return the absence of a corrected figure."""
    return undefined(
        "too_few", words, n=sample.n_labels, n_clusters=sample.n_units, level=level, dropped=sample.dropped
    )


def corrected(
    sample: PartlyLabelled, value: float, interval: Interval, level: float, *, ends: tuple[float, float] | None = None
) -> Estimate:
    """Return a corrected figure, kept on its scale; `n` counts labels, since they are what it rests on."""
    value = value if ends is None else min(max(value, ends[0]), ends[1])
    kept = interval if sample.n_units >= MIN_UNITS else no_interval(TOO_FEW_UNITS)
    return Estimate(
        value,
        kept.low,
        kept.high,
        level,
        sample.n_labels,
        sample.n_units,
        kept.method,
        dropped=dict(sample.dropped),
    )


def mean_interval(
    value: float, doubt: Doubt, level: float, *, ends: tuple[float, float] | None, method: str
) -> Interval:
    """Interval of a mean: Student's t, or Wilson's for a scale with two ends, which never leaves it.

    Args:
        value: The mean, on the scale.
        doubt: Variance and degrees of freedom.
        level: Coverage.
        ends: Lowest and highest number of the scale; None where it has none.
        method: What to call it.
    """
    reach, least = student_t(level, max(2.0, doubt.n_free)), _ROUNDING * max(1.0, abs(value))
    if not doubt.variance > least**2:
        return no_interval("no label differs from what the others lead one to expect")
    if ends is None or not ends[0] + least < value < ends[1] - least:
        half = reach * math.sqrt(doubt.variance)
        low, high = value - half, value + half
        return (
            Interval(max(low, ends[0]), min(high, ends[1]), f"{method} t")
            if ends
            else Interval(low, high, f"{method} t")
        )
    width = ends[1] - ends[0]
    share = (value - ends[0]) / width
    low, high = wilson_ends_at(share, share * (1 - share) * width**2 / doubt.variance, reach)
    return Interval(ends[0] + width * low, ends[0] + width * high, f"{method} wilson")


def noted(interval: Interval, note: str) -> Interval:
    """Return an interval that says one thing more of how it was made; the absence of one as it is."""
    return interval if interval.low is None else replace(interval, method=f"{interval.method}, {note}")


def units_moves(moves: FloatArray, units: IntArray) -> FloatArray:
    """Return what each unit moves a mean by, from what each of its sessions does, shape (n_units,)."""
    return sums_by_unit(moves[:, None], units)[:, 0]
