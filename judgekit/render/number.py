"""Numbers as people read them: a value, its interval, how many it rests on. Pure; names are in `words`.

Rounding never claims an exact 0 or 1 that is not there: more places are shown instead.
"""

from __future__ import annotations

import math
from typing import Literal

from judgekit.stats.estimate import Estimate
from judgekit.stats.metric_words import subject_of

Kind = Literal["coefficient", "rate", "loss", "error", "signed", "signed_loss", "points"]
"""How a metric is written: 0.71 · 71.4% · 0.131 · 0.42 · +0.12 · +0.012 · +4.2 pts."""

RATES = frozenset(
    {
        "percent_agreement", "within_one_agreement", "accuracy", "balanced_accuracy", "precision", "tpr", "tnr", "npv",
        "pairwise_accuracy", "pairwise_accuracy_ties", "pairwise_accuracy_strict", "position_consistency",
        "first_slot_rate", "pair_tie_rate", "best_of_accuracy", "sample_consistency",
        "alt_test_winning_rate", "alt_test_advantage", "pass_rate", "share",
    }
)  # fmt: skip
ERRORS = frozenset({"mae", "rmse", "mean", "sample_sd", "label_multiplier"})
LOSSES = frozenset({"brier", "ece"})
SIGNED = frozenset({"bias", "severity", "drift"})
BOUNDED: frozenset[Kind] = frozenset({"coefficient", "rate"})
"""Kinds whose 1 means perfect, so that it may not come from rounding."""

DECIMALS: dict[Kind, int] = {
    "coefficient": 2, "rate": 1, "loss": 3, "error": 2, "signed": 2, "signed_loss": 3, "points": 1,
}  # fmt: skip
FINEST_DECIMALS = 4
SMALLEST_P = 0.001
HUGE = 1e9


def kind_of(metric: str) -> Kind:
    """Return how a metric is written; a metric nobody listed is written as a coefficient.

    Example:
        >>> kind_of("tpr"), kind_of("cohen_kappa"), kind_of("mean_difference")
        ('rate', 'coefficient', 'signed')
    """
    subject = metric.removesuffix("difference").rstrip("_")
    is_rate = subject in RATES or subject_of(metric) == "pass_hat" or subject.endswith(("_rate", "_share"))
    if subject != metric:
        return "points" if is_rate else "signed_loss" if subject in LOSSES else "signed"
    if is_rate:
        return "rate"
    if metric in SIGNED or metric.endswith(("_slope", "_change", "_bias")):
        return "signed"
    if metric in ERRORS:
        return "error"
    return "loss" if metric in LOSSES else "coefficient"


def value_text(value: float | None, metric: str) -> str:
    """Return a value in its metric's own writing.

    Example:
        >>> value_text(0.714, "cohen_kappa"), value_text(0.714, "accuracy"), value_text(0.714, "bias")
        ('0.71', '71.4%', '+0.71')
    """
    if value is None or not math.isfinite(value):
        return "undefined"
    kind = kind_of(metric)
    return _written(value, kind) + {"rate": "%", "points": " pts"}.get(kind, "")


def p_text(p_value: float | None) -> str:
    """Return a p-value to three places; one too small for them as a bound, none as a dash.

    Example:
        >>> p_text(0.0412), p_text(0.00002), p_text(None)
        ('0.041', '<0.001', '-')
    """
    if p_value is None or not math.isfinite(p_value):
        return "-"
    if p_value < SMALLEST_P:
        return f"<{SMALLEST_P:g}"
    return f"{p_value:.3f}" if p_value == 1 or round(p_value, 3) < 1 else ">0.999"


def size_text(size: float | None, metric: str) -> str:
    """Return how large an effect is, whichever its direction: as the metric is written, without a sign.

    Example:
        >>> size_text(0.042, "bias"), size_text(0.042, "share_difference")
        ('0.04', '4.2 pts')
    """
    return "not known" if size is None else value_text(abs(size), metric).removeprefix("+")


def interval_text(estimate: Estimate, metric: str) -> str:
    """Return `[low, high]`, or `no interval`; its unit is the value's.

    Example:
        >>> interval_text(Estimate(0.71, 0.62, 0.78, 0.95, 214, 180, "bca"), "cohen_kappa")
        '[0.62, 0.78]'
    """
    low, high = estimate.low, estimate.high
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return "no interval"
    kind = kind_of(metric)
    return f"[{_written(low, kind)}, {_written(high, kind)}]"


def estimate_text(estimate: Estimate, metric: str) -> str:
    """Return value and interval in one line, or why one of them is missing.

    Example:
        >>> estimate_text(Estimate(0.71, None, None, 0.95, 3, 3, "none: fewer than 5 groups"), "cohen_kappa")
        '0.71, no interval: fewer than 5 groups'
    """
    if not is_shown(estimate):
        return f"undefined: {undefined_reason(estimate)}"
    value, interval = value_text(estimate.value, metric), interval_text(estimate, metric)
    if interval.startswith("["):
        return f"{value} {interval}"
    return f"{value}, {interval}: {interval_reason(estimate)}"


def is_shown(estimate: Estimate) -> bool:
    """Whether there is a finite value to show."""
    return estimate.is_defined and estimate.value is not None and math.isfinite(estimate.value)


def undefined_reason(estimate: Estimate) -> str:
    """Return the words of an undefined estimate, without its code."""
    code, _, words = (estimate.undefined or "").partition(": ")
    return words or code.replace("_", " ") or "no reason was recorded"


def interval_reason(estimate: Estimate) -> str:
    """Return why a value has no interval."""
    word, _, reason = estimate.method.partition(":")
    return reason.strip() if word.strip() == "none" and reason.strip() else "no reason was recorded"


def n_text(estimate: Estimate, unit: str = "group") -> str:
    """Return how many rows entered, and how many independent units they are when fewer.

    Example:
        >>> n_text(Estimate(0.7, 0.6, 0.8, 0.95, 214, 180, "bca"))
        'n=214 (180 groups)'
    """
    clusters = clusters_text(estimate, unit)
    return f"n={count_text(estimate.n)}" + (f" ({clusters})" if clusters else "")


def clusters_text(estimate: Estimate, unit: str = "group") -> str:
    """Return `180 groups`, or nothing where every row is its own unit."""
    if not 0 < estimate.n_clusters < estimate.n:
        return ""
    return f"{count_text(estimate.n_clusters)} {unit}" + ("s" if estimate.n_clusters != 1 else "")


def count_text(n: int) -> str:
    """Return a count with its thousands set apart.

    Example:
        >>> count_text(1234567)
        '1,234,567'
    """
    return f"{n:,}" if abs(n) < 10**15 else f"{n // 10 ** (len(str(abs(n))) - 3)}e{len(str(abs(n))) - 3}"


def level_text(level: float) -> str:
    """Return the coverage an interval claims: `95%`, `99.9%`."""
    return f"{round(100 * level, 4):g}%"


def _written(value: float, kind: Kind) -> str:
    scaled = 100 * value if kind in ("rate", "points") else value
    text = _rounded(scaled, DECIMALS[kind], whole=100.0 if kind == "rate" else 1.0, is_bounded=kind in BOUNDED)
    return f"+{text}" if kind in ("signed", "signed_loss", "points") and value > 0 else text


def _rounded(value: float, decimals: int, *, whole: float, is_bounded: bool) -> str:
    size = abs(value)
    if size == 0:
        return f"{0:.{decimals}f}"
    if size >= HUGE:
        return f"{value:.2e}"
    if size >= 1000:
        return f"{value:,.0f}"
    for places in range(decimals, FINEST_DECIMALS + 1):
        if not _is_feigned(value, round(value, places), whole if is_bounded else None):
            return f"{value:.{places}f}"
    return f"{value:.1e}" if size < whole / 2 else ("-" if value < 0 else "") + f">{whole - 10.0**-FINEST_DECIMALS:g}"


def _is_feigned(value: float, rounded: float, whole: float | None) -> bool:
    """Whether rounding made a 0 or a whole that the value is not."""
    if rounded == 0:
        return True
    return whole is not None and abs(rounded) == whole and not math.isclose(abs(value), whole, rel_tol=1e-12)
