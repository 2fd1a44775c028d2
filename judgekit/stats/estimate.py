"""The one result type of every statistic: a value with its doubt, or undefined with a reason.

Standard library only, so that records and reports can embed it without loading numpy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

UndefinedCode = Literal[
    "no_data",
    "too_few",
    "missing_ratings",
    "one_category",
    "constant",
    "one_class",
    "empty_denominator",
    "unknown_raters",
    "unknown_probability",
    "not_for_this_scale",
    "not_for_this_design",
    "weak_judge",
]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic's value and interval, or why there is none.

    Attributes:
        value: The point estimate; None exactly when `undefined` is set.
        low: Lower end of the interval; None when there is no interval.
        high: Upper end of the interval.
        level: Coverage that the interval claims, such as 0.95.
        n: Rows that entered (sessions, or rater-session rows for leave-one-out rows).
        n_clusters: Independent units that were resampled (the coarsest declared of group > input > session > turn).
        method: How the interval was made: `bca`, `percentile`, ..., or `none: <why there is no interval>`.
        undefined: `code: words`, such as `constant: every reference label is 4 (n=40)`; None when defined.
        dropped: Rows that could not enter, counted by cause.
    """

    value: float | None
    low: float | None
    high: float | None
    level: float
    n: int
    n_clusters: int
    method: str
    undefined: str | None = None
    dropped: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_defined(self) -> bool:
        """Whether there is a value."""
        return self.undefined is None


def undefined(
    code: UndefinedCode,
    words: str,
    *,
    n: int = 0,
    n_clusters: int = 0,
    level: float = 0.95,
    dropped: Mapping[str, int] | None = None,
) -> Estimate:
    """Return an estimate without a value, with the reason in `undefined`.

    Example:
        >>> undefined("constant", "every label is 4", n=40).undefined
        'constant: every label is 4'
    """
    return Estimate(None, None, None, level, n, n_clusters, "none", f"{code}: {words}", dict(dropped or {}))
