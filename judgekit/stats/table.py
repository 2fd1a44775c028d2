"""The metrics by name, as one literal table: what each needs, whom it suits, and where it comes from.

How a metric becomes an estimate with an interval is next door, in `metric`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from judgekit.stats import (
    agreement,
    alpha,
    chance,
    classification,
    concordance,
    correlation,
    deviation,
    intraclass,
    probability,
    ranking,
)
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
        judge: What column 0 holds: a `rating` like all others, any `score`, or a `probability` of the positive.
        n_ratings_min: Ratings that a row needs to enter; 1 where a lone rating shows how often its level is used.
        by_rater: Whether it asks which of many raters gave a rating.
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
        no_interval: Why it never has an interval; None for almost all.
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
    no_interval: str | None = None


def _kappa(name: str, function: Statistic, source: str, suits: tuple[Measurement, ...] = ("ordinal",)) -> Metric:
    is_graded = "nominal" not in suits
    return Metric(name, function, source, suits, needs="levels", low=-1.0, balance="everybody", is_graded=is_graded)


def _chance(name: str, function: Statistic, source: str, *, by_rater: bool = False, is_graded: bool = False) -> Metric:
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
    )


def _alpha(
    name: str,
    function: Statistic,
    suits: tuple[Measurement, ...],
    needs: Literal["values", "levels"],
    reason: Reason = agreement.no_variation,
) -> Metric:
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
    )


def _intraclass(form: intraclass.Form, function: Statistic) -> Metric:
    return Metric(
        f"icc_{form}",
        function,
        "Shrout & Fleiss 1979; McGraw & Wong 1996",
        ORDERED,
        raters="many",
        by_rater=True,
        is_of_panel=form.endswith("k"),
        low=-1.0 if form in ("1", "c1") else -math.inf,
        reason=intraclass.incomplete_or_alike,
        closed_form=partial(intraclass.f_interval, form=form),
        balance="everybody",
        is_graded=True,
    )


def _correlation(name: str, function: Statistic, source: str, suits: tuple[Measurement, ...]) -> Metric:
    reason = correlation.constant_column
    return Metric(name, function, source, suits, low=-1.0, n_min=3, reason=reason, is_graded=True)


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
    _chance("fleiss_kappa", chance.fleiss_kappa, "Fleiss 1971; missing ratings: Gwet 2014"),
    _chance("conger_kappa", chance.conger_kappa, "Conger 1980; missing ratings: Gwet 2014", by_rater=True),
    _chance("brennan_prediger", chance.brennan_prediger, "Brennan & Prediger 1981"),
    _chance("gwet_ac1", chance.gwet_ac1, "Gwet 2008"),
    _chance("gwet_ac2", chance.gwet_ac2, "Gwet 2014; quadratic weights of the declared values", is_graded=True),
    _alpha("krippendorff_alpha_nominal", alpha.krippendorff_alpha_nominal, NOMINAL, "levels"),
    _alpha("krippendorff_alpha_ordinal", alpha.krippendorff_alpha_ordinal, ("ordinal",), "levels"),
    _alpha("krippendorff_alpha_interval", alpha.krippendorff_alpha_interval, ORDERED, "values"),
    _alpha("krippendorff_alpha_ratio", alpha.krippendorff_alpha_ratio, ("interval",), "values", alpha.no_ratio),
    _intraclass("1", intraclass.icc_1),
    _intraclass("a1", intraclass.icc_a1),
    _intraclass("c1", intraclass.icc_c1),
    _intraclass("1k", intraclass.icc_1k),
    _intraclass("ak", intraclass.icc_ak),
    _intraclass("ck", intraclass.icc_ck),
    Metric(
        "kendall_w",
        concordance.kendall_w,
        "Kendall & Babington Smith 1939, corrected for ties",
        ORDERED,
        raters="many",
        by_rater=True,
        is_of_panel=True,
        reason=concordance.unranked,
        balance="everybody",
        is_graded=True,
    ),
    Metric("lin_ccc", concordance.lin_ccc, "Lin 1989", ORDERED, low=-1.0, balance="everybody", is_graded=True),
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
    Metric(
        "auroc",
        ranking.auroc,
        "Hanley & McNeil 1982",
        NOMINAL,
        needs="positive",
        judge="score",
        symmetric=False,
        reason=classification.reference_lacks_a_side,
        closed_form=ranking.delong_interval,
        balance="reference",
    ),
    Metric(
        "brier",
        probability.brier,
        "Brier 1950",
        NOMINAL,
        needs="positive",
        judge="probability",
        symmetric=False,
        direction="lower",
        reason=probability.not_probabilities,
    ),
    Metric(
        "ece",
        probability.ece,
        f"Naeini et al. 2015, {probability.ECE_BINS} equal-width bins",
        NOMINAL,
        needs="positive",
        judge="probability",
        symmetric=False,
        direction="lower",
        reason=probability.not_probabilities,
        no_interval=f"ece over {probability.ECE_BINS} bins rises by chance, more so in resamples",
    ),
    Metric(
        "pairwise_accuracy_ties",
        ranking.pairwise_accuracy_ties,
        "Deutsch, Foster & Freitag 2023, acc_eq",
        ORDERED,
        is_graded=True,
    ),
    Metric("mae", deviation.mae, "definition", ORDERED, high=math.inf, direction="lower", is_graded=True),
    Metric("rmse", deviation.rmse, "definition", ORDERED, high=math.inf, direction="lower", is_graded=True),
    Metric(
        "bias",
        deviation.bias,
        "Bland & Altman 1986",
        ORDERED,
        symmetric=False,
        low=-math.inf,
        high=math.inf,
        direction=None,
        is_graded=True,
    ),
)
