"""A judge held against a declared rule: each line's estimate, its one-sided bound, and whether that clears the line.

Nothing here decides what may be looked at, or how often (`workflows.opening`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from judgekit.analysis.agreement import Measuring, measured
from judgekit.analysis.ceiling import DIFFERENCE, beside_raters
from judgekit.analysis.judged import Judged
from judgekit.analysis.pass_bound import careful, careful_gap
from judgekit.analysis.rating import Target, unit_codes
from judgekit.records.certificate import CertifiedCheck, CheckName, PassRule
from judgekit.records.report import Row
from judgekit.records.rubric import Criterion
from judgekit.records.verdict import Failure, Verdict
from judgekit.stats.estimate import Estimate, undefined
from judgekit.stats.unseen_unit import share_over_units

FAILURE_RATE: CheckName = "failure_rate"


def lines(rule: PassRule) -> dict[CheckName, float]:
    """Return what a rule asks for: the name of each of its lines, and the number to be cleared."""
    asked: dict[CheckName, float | None] = {
        "youden_j": rule.min_youden_j,
        "kappa": rule.min_kappa,
        "ceiling_gap": rule.max_ceiling_gap,
        "bias": rule.max_bias,
        FAILURE_RATE: rule.max_failure_rate,
    }
    return {name: line for name, line in asked.items() if line is not None}


def kappa_of(criterion: Criterion) -> str:
    """Return which kappa a criterion is certified by: quadratic where levels have an order, else plain."""
    return "cohen_kappa_quadratic" if criterion.scale.type == "ordinal" else "cohen_kappa"


def unfit_line(rule: PassRule, criterion: Criterion) -> str | None:
    """Return in words the first line of a rule that a scale cannot answer to; None where all can."""
    scale = criterion.scale
    if not scale.levels or scale.measurement == "none":
        return f"a {scale.type} scale has no levels to agree on, so no kappa and no J"
    if rule.min_youden_j is not None and scale.type != "binary":
        return f"min_youden_j is for two levels, and {criterion.id} has {len(scale.levels)} ({scale.type})"
    if rule.max_bias is not None and scale.type in ("categorical", "preference"):
        return f"max_bias needs an order, and the levels of a {scale.type} scale have none"
    return None


def clears(name: CheckName, estimate: Estimate, line: float) -> bool:
    """Return whether the bounds of an estimate clear a line; never without the bound that the line asks for."""
    low, high = estimate.low, estimate.high
    if estimate.value is None:
        return False
    if name in ("youden_j", "kappa"):
        return low is not None and low >= line
    if name == "bias":
        return low is not None and high is not None and -line <= low and high <= line
    return high is not None and high <= line


def checks_of(
    judged: Judged, outcomes: Iterable[Verdict | Failure], rule: PassRule, measuring: Measuring
) -> tuple[CertifiedCheck, ...]:
    """Return every line of a rule, held against what was measured.

    Args:
        judged: Judge and reference on the sessions that are looked at.
        outcomes: The judge's, on the same sessions, failures included.
        rule: What is asked.
        measuring: Its two-sided level is the one whose ends are the one-sided bounds wanted.
    """
    asked = lines(rule)
    kappa = kappa_of(judged.criterion)
    metric_of: dict[CheckName, str] = {"youden_j": "youden_j", "kappa": kappa, "bias": "bias"}
    plain = [metric_of[name] for name in asked if name in metric_of]
    what = (("judge", "reference"), plain)
    dropped = without_number(judged)
    found = measured(judged.criterion, judged.columns, judged.units, what, measuring, dropped=dropped) if plain else {}
    estimates: dict[CheckName, Estimate] = {
        name: careful(metric_of[name], found[metric_of[name]], judged, measuring) for name in asked if name in metric_of
    }
    if "ceiling_gap" in asked:
        metric_of["ceiling_gap"] = f"{kappa}_difference"
        gap = ceiling_gap(ceiling_rows(judged, measuring), kappa, measuring.level)
        estimates["ceiling_gap"] = careful_gap(kappa, gap, judged, measuring)
    metric_of[FAILURE_RATE] = FAILURE_RATE
    estimates[FAILURE_RATE] = failure_rate(judged, outcomes, measuring.level)
    return tuple(_check(name, metric_of[name], estimates[name], line) for name, line in asked.items())


def ceiling_rows(judged: Judged, measuring: Measuring) -> dict[tuple[str, str], Estimate]:
    """Return (between, metric) -> estimate of kappa beside the raters, and of its difference to the ceiling."""
    kappa = kappa_of(judged.criterion)
    rows: Sequence[Row] = beside_raters(judged, replace(measuring, metrics=(kappa,)))
    return {(row.between, row.metric): row.estimate for row in rows}


def ceiling_gap(rows: Mapping[tuple[str, str], Estimate], kappa: str, level: float) -> Estimate:
    """Return the experts' kappa with each other less the judge's with the same experts, on the same rows."""
    found = rows.get((DIFFERENCE, f"{kappa}_difference"))
    if found is None:
        return rows.get(("rater~others", kappa)) or undefined(
            "too_few", "no session was labelled by two named experts, so there is no ceiling", level=level
        )
    value, low, high = (None if end is None else -end for end in (found.value, found.high, found.low))
    return replace(found, value=value, low=low, high=high)


def failure_rate(judged: Judged, outcomes: Iterable[Verdict | Failure], level: float) -> Estimate:
    """Return the share of a judge's outcomes that are failures, with its exact interval.

    Failures of one user or task come together, so that its outcomes are one trial: with units of several sessions the
    interval is wider than it need be, and never narrower.

    Args:
        judged: Names the labelled sessions, which alone count.
        outcomes: The judge's.
        level: Coverage, two-sided.

    Undefined when: there is no outcome.
    """
    places = labelled_places(judged)
    own = [each for each in outcomes if each.criterion == judged.criterion.id and (each.target, each.turn) in places]
    if not own:
        return undefined("no_data", "the judge was asked about no labelled session", level=level)
    is_failed = np.array([isinstance(each, Failure) for each in own])
    units = unit_codes([(each.target, each.turn) for each in own], judged.dataset.unit)
    found = share_over_units(is_failed, units, level)
    n_units = len(np.unique(units))
    return Estimate(float(is_failed.mean()), found.low, found.high, level, len(own), n_units, found.method)


def labelled_places(judged: Judged) -> set[Target]:
    """Return the places that have a reference."""
    return {*judged.truth.values}


def without_number(judged: Judged) -> dict[str, int]:
    """Return why labelled places did not enter, by cause: the experts made no one level, or the judge none."""
    causes: dict[str, int] = {}
    for cause in judged.truth.missing.values():
        causes[cause] = causes.get(cause, 0) + 1
    for place in judged.truth.values:
        if place not in judged.verdicts.numbers:
            cause = judged.verdicts.missing.get(place, "not_judged")
            causes[cause] = causes.get(cause, 0) + 1
    return dict(sorted(causes.items()))


def _check(name: CheckName, metric: str, estimate: Estimate, line: float) -> CertifiedCheck:
    is_held = clears(name, estimate, line)
    why = "" if is_held else _why_not(name, estimate, line)
    return CertifiedCheck(name=name, metric=metric, estimate=estimate, line=line, holds=is_held, why=why)


def _why_not(name: CheckName, estimate: Estimate, line: float) -> str:
    if estimate.value is None:
        return f"it is undefined: {(estimate.undefined or '').partition(': ')[2] or 'no reason was recorded'}"
    if estimate.low is None or estimate.high is None:
        return f"no bound can be drawn: {estimate.method.removeprefix('none: ').removeprefix('none') or 'too few rows'}"
    if name in ("youden_j", "kappa"):
        return f"its lower bound {estimate.low:.3f} is below {line:g}"
    if name == "bias":
        return f"its interval {estimate.low:+.3f} to {estimate.high:+.3f} is not all within {line:g} either way"
    return f"its upper bound {estimate.high:.3f} is above {line:g}"
