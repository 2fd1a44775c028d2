"""A row of the metric table: what must be known of a metric, and the rows that many metrics share."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from judgekit.stats import agreement, correlation, intraclass
from judgekit.stats.estimate import UndefinedCode
from judgekit.stats.interval import Interval
from judgekit.stats.patterns import Patterns
from judgekit.stats.sample import FloatArray

Statistic = Callable[[Patterns, FloatArray], FloatArray]
"""Patterns and weights, shape (n_resamples, n_patterns), to values, shape (n_resamples,); NaN is undefined."""
Reason = Callable[[Patterns], tuple[UndefinedCode, str]]
"""Why the statistic is undefined on these patterns: a code, and words that name who and what."""
ClosedForm = Callable[[Patterns, float, float], Interval]
"""Patterns, value and level to an interval that needs no resamples, where each row is its own unit."""
Measurement = Literal["nominal", "ordinal", "interval"]
Role = Literal["raters", "nameless", "pair", "judge", "ceiling", "baseline"]
"""Who is measured: all raters together, the same where nobody knows who is who, one of two against the other, the judge
against the reference, the judge or one rater against the others, a constant answer against the reference."""
Shown = Mapping[Role, Mapping[str, int]]
"""Where a metric stands when nobody asks for others: role -> type of scale -> place, from 1, the headline."""

NOMINAL: tuple[Measurement, ...] = ("nominal", "ordinal")
ORDERED: tuple[Measurement, ...] = ("ordinal", "interval")
ANY: tuple[Measurement, ...] = ("nominal", "ordinal", "interval")
ASKED: Shown = {}
"""Shown only when asked for."""


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
        judge: What column 0 holds: a `rating` like all others, any `score`, or a `probability` of the positive.
        n_ratings_min: Ratings that a row needs to enter; 1 where a lone rating shows how often its level is used.
        by_rater: Whether it asks which of many raters gave a rating.
        is_complete: Whether it takes complete rows only, of however many raters.
        is_of_panel: Whether it describes this many raters together, so that half of them would give another value.
        symmetric: Whether exchanging the columns leaves it the same.
        low: Least possible value.
        high: Greatest possible value.
        direction: Which end is better; None when neither is.
        n_min: Fewest rows for which it means anything.
        reason: Why it is undefined, when it is.
        trials: For a plain rate, the number of rows it is a share of; None for everything else.
        closed_form: Its interval where each row is its own unit, if not from resamples.
        balance: Whose rarer class, on a scale of two levels, must be frequent enough for an interval.
        is_graded: Whether near and far disagreements weigh differently, so that few of either say little.
        is_on_log: Whether its interval is made on the logarithm.
        n_units_min: Independent units below which no interval is worth printing.
        no_interval: Why it never has an interval; None for almost all.
        shown: Its places in the default sets.
    """

    name: str
    function: Statistic
    source: str
    suits: tuple[Measurement, ...]
    needs: Literal["values", "levels", "positive"] = "values"
    raters: Literal["two", "many"] = "two"
    judge: Literal["rating", "score", "probability"] = "rating"
    n_ratings_min: Literal[1, 2] = 2
    by_rater: bool = False
    is_complete: bool = False
    is_of_panel: bool = False
    symmetric: bool = True
    low: float = 0.0
    high: float = 1.0
    direction: Literal["higher", "lower"] | None = "higher"
    n_min: int = 2
    reason: Reason = agreement.no_variation
    trials: Statistic | None = None
    closed_form: ClosedForm | None = None
    balance: Literal["nobody", "reference", "everybody"] = "nobody"
    is_graded: bool = False
    is_on_log: bool = False
    n_units_min: int = 10
    no_interval: str | None = None
    shown: Shown = field(default_factory=dict)


def classes(place: int) -> dict[str, int]:
    """Return one place on all scales without an order."""
    return {"binary": place, "categorical": place, "preference": place}


def kappa_row(
    name: str, function: Statistic, source: str, *, suits: tuple[Measurement, ...] = ("ordinal",), shown: Shown = ASKED
) -> Metric:
    """Return the row of a kappa of two columns on declared levels."""
    return Metric(
        name,
        function,
        source,
        suits,
        needs="levels",
        low=-1.0,
        balance="everybody",
        is_graded="nominal" not in suits,
        shown=shown,
    )


def chance_row(
    name: str, function: Statistic, source: str, *, shown: Shown, by_rater: bool = False, is_graded: bool = False
) -> Metric:
    """Return the row of a chance-corrected coefficient of many raters."""
    return Metric(
        name,
        function,
        source,
        ("ordinal",) if is_graded else NOMINAL,
        needs="levels",
        raters="many",
        n_ratings_min=1,
        by_rater=by_rater,
        low=-1.0,
        balance="everybody",
        is_graded=is_graded,
        shown=shown,
    )


def alpha_row(
    name: str,
    function: Statistic,
    suits: tuple[Measurement, ...],
    *,
    shown: Shown = ASKED,
    needs: Literal["values", "levels"] = "levels",
    reason: Reason = agreement.no_variation,
) -> Metric:
    """Return the row of one of Krippendorff's alphas."""
    return Metric(
        name,
        function,
        "Krippendorff 2011",
        suits,
        needs=needs,
        raters="many",
        low=-1.0,
        reason=reason,
        balance="everybody",
        is_graded="nominal" not in suits,
        shown=shown,
    )


def intraclass_row(form: intraclass.Form, function: Statistic, shown: Shown = ASKED) -> Metric:
    """Return the row of one of the six intraclass correlations."""
    return Metric(
        f"icc_{form}",
        function,
        "Shrout & Fleiss 1979; McGraw & Wong 1996",
        ORDERED,
        raters="many",
        by_rater=True,
        is_complete=True,
        is_of_panel=form.endswith("k"),
        low=-1.0 if form in ("1", "c1") else -math.inf,
        reason=intraclass.rows_alike,
        closed_form=partial(intraclass.f_interval, form=form),
        balance="everybody",
        is_graded=True,
        shown=shown,
    )


def correlation_row(
    name: str, function: Statistic, source: str, shown: Shown = ASKED, *, symmetric: bool = True
) -> Metric:
    """Return the row of a correlation of two columns."""
    return Metric(
        name,
        function,
        source,
        ORDERED,
        symmetric=symmetric,
        low=-1.0,
        n_min=3,
        reason=correlation.constant_column,
        is_graded=True,
        shown=shown,
    )


def rate_row(name: str, function: Statistic, trials: Statistic, reason: Reason, shown: Shown = ASKED) -> Metric:
    """Return the row of a plain rate among the rows that one side calls one way."""
    return Metric(
        name,
        function,
        "definition",
        NOMINAL,
        needs="positive",
        symmetric=False,
        reason=reason,
        trials=trials,
        shown=shown,
    )
