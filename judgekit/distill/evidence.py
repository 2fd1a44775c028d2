"""Labelled verdicts on one criterion, what is lost on them, and the mean of that with its interval."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from judgekit.judging.calibration import Expected, Readings, ends_of, is_ordered
from judgekit.records.rubric import Criterion
from judgekit.stats.estimate import Estimate
from judgekit.stats.sample import FloatArray, IntArray
from judgekit.stats.unit_sums import Otherwise, Resampling, estimates_of_sums


@dataclass(frozen=True, eq=False)
class Evidence:
    """Labelled verdicts on one criterion.

    Attributes:
        criterion: The question.
        readings: What a calibration reads, a row a target.
        human: The reference's number, shape (n,).
        names: Independent unit of each target.
        n_inputs: Inputs that the stacked head would read.
    """

    criterion: Criterion
    readings: Readings
    human: FloatArray
    names: tuple[str, ...]
    n_inputs: int = 1
    units: IntArray = field(init=False)
    shares: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "units", np.unique(self.names, return_inverse=True)[1].astype(np.int64))
        object.__setattr__(self, "shares", _shares_of(self.human, self.criterion))

    @property
    def n_units(self) -> int:
        """Independent units."""
        return len(set(self.names))

    def only(self, kept: np.ndarray) -> Evidence:
        """Return some of the targets."""
        names = tuple(name for name, is_kept in zip(self.names, kept, strict=True) if is_kept)
        return Evidence(self.criterion, self.readings.only(kept), self.human[kept], names, self.n_inputs)

    def raw(self) -> Expected | None:
        """Return the judge as it is; None where its scores have no place on the scale."""
        scale, readings = self.criterion.scale, self.readings
        low, high = ends_of(scale) if is_ordered(scale) else (0.0, 0.0)
        if is_ordered(scale) and not ((readings.numbers >= low) & (readings.numbers <= high)).all():
            return None
        if scale.type == "binary":
            return Expected(readings.numbers, np.column_stack([1 - readings.numbers, readings.numbers]))
        has_shares = scale.levels and not np.isnan(readings.shares).any()
        return Expected(readings.numbers, readings.shares if has_shares else None)


def loss_of(criterion: Criterion) -> Literal["absolute_error", "brier"]:
    """Return what is lost on a criterion's scale: levels far apart are far wrong, where they have distances."""
    return "absolute_error" if criterion.scale.type in ("ordinal", "numeric") else "brier"


def losses(found: Expected, evidence: Evidence) -> FloatArray:
    """Return the loss on each target: absolute error of the score, or half the squared distance of distributions."""
    if found.shares is not None and loss_of(evidence.criterion) == "brier":
        return np.asarray(((found.shares - evidence.shares) ** 2).sum(axis=1) / 2, dtype=np.float64)
    return np.abs(found.scores - evidence.human)


def mean_estimate(numbers: FloatArray, units: IntArray, resampling: Resampling) -> Estimate:
    """Return a mean with its interval over independent units."""
    rows = np.column_stack([numbers, np.ones(len(numbers))])
    otherwise = Otherwise("no_data", "there are no rows")
    (found,) = estimates_of_sums(_ratio, rows, units, resampling=resampling, otherwise=otherwise)
    return found


def _shares_of(human: FloatArray, criterion: Criterion) -> FloatArray:
    """Return references as shares of the levels, shape (n, n_levels); one between two levels is shared out."""
    scale = criterion.scale
    if not scale.levels:
        return np.zeros((len(human), 0))
    places = np.array(scale.numbers())
    above = np.clip(np.searchsorted(places, human, side="left"), 1, len(places) - 1)
    part = (human - places[above - 1]) / (places[above] - places[above - 1])
    shares = np.zeros((len(human), len(places)))
    rows = np.arange(len(human))
    shares[rows, above - 1], shares[rows, above] = 1 - part, part
    return shares


def _ratio(sums: FloatArray) -> FloatArray:
    return sums[:, :1] / sums[:, 1:]
