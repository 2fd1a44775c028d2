"""Sample: the ratings a statistic is measured on, as arrays. How they became numbers is decided elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from judgekit.errors import InputError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Sample:
    """Ratings of the same rows by several raters, and what the declared scale says about them.

    Attributes:
        ratings: Codes or numbers, shape (n_rows, n_raters); NaN is missing. For two-sided metrics column 0 is the
            judge (or first rater) and column 1 the reference (or second rater).
        units: The independent unit of each row (the coarsest declared of group > input > session), shape (n_rows,);
            None: each row is its own.
        levels: The declared scale's places in arithmetic, ascending, shape (n_levels,); None for a continuous scale.
        positive: The positive class's place, for binary metrics.
        dropped: Rows that were left out before this point, counted by cause; carried into the estimate.
        names: What the columns are called in reasons.

    Raises:
        InputError: Shapes that do not fit, infinite ratings, or levels that do not ascend.
    """

    ratings: FloatArray
    units: IntArray | None = None
    levels: FloatArray | None = None
    positive: float | None = None
    dropped: Mapping[str, int] = field(default_factory=dict)
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        ratings = np.asarray(self.ratings, dtype=np.float64)
        if ratings.ndim != 2:
            raise InputError(f"ratings have shape {ratings.shape}", hint="Give a row per target, a column per rater")
        if np.isinf(ratings).any():
            raise InputError("a rating is infinite", hint="Mark missing ratings as NaN")
        object.__setattr__(self, "ratings", ratings)
        self._settle_units(len(ratings))
        self._settle_levels()
        self._settle_names(ratings.shape[1])

    def _settle_units(self, n_rows: int) -> None:
        if self.units is None:
            return
        units = np.asarray(self.units, dtype=np.int64)
        if units.shape != (n_rows,):
            raise InputError(f"units have shape {units.shape} for {n_rows} rows", hint="Give each row one unit")
        object.__setattr__(self, "units", units)

    def _settle_levels(self) -> None:
        if self.levels is None:
            return
        levels = np.asarray(self.levels, dtype=np.float64)
        if levels.ndim != 1 or len(levels) < 2 or not (np.diff(levels) > 0).all():
            raise InputError(f"levels {levels.tolist()} do not ascend", hint="List each level once, lowest first")
        if self.positive is not None and self.positive not in levels:
            raise InputError(f"positive {self.positive:g} is not among the levels {listed(levels)}")
        object.__setattr__(self, "levels", levels)

    def _settle_names(self, n_raters: int) -> None:
        names = self.names or (
            ("judge", "reference") if n_raters == 2 else tuple(f"rater {place + 1}" for place in range(n_raters))
        )
        if len(names) != n_raters:
            raise InputError(f"{len(names)} names for {n_raters} columns of ratings", hint="Name every column")
        object.__setattr__(self, "names", tuple(names))


def listed(levels: FloatArray) -> str:
    """Return levels as a reader would write them: `1, 2, 3`."""
    return ", ".join(f"{level:g}" for level in levels)
