"""Habits of a judge that have nothing to do with quality: length, place in a pair, format, one level for all.

Length and format are read off natural variation: what the judge adds beyond the experts, who may rightly prefer longer
answers. That is correlation; only the same content in another form, judged again, would be proof.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.judged import Judged
from judgekit.analysis.rating import Target, unit_codes
from judgekit.analysis.spoken import assistant_text, marked_share, n_words
from judgekit.records.rubric import level_text
from judgekit.records.score_report import BiasCheck
from judgekit.stats import bias_check as stats
from judgekit.stats.estimate import Estimate
from judgekit.stats.sample import FloatArray, IntArray
from judgekit.stats.scale_use import scale_use

_MEASURED = {"binary": "rate", "preference": "preference"}
_LEVEL = 0.05
"""Two-sided p below which the words speak of a bias."""


def bias_checks(judged: Judged, measuring: Measuring) -> tuple[BiasCheck, ...]:
    """Return the checks that a scale allows: unordered levels have neither longer nor shorter."""
    if not len(judged.targets):
        return ()
    kind = judged.criterion.scale.type
    found = []
    if kind != "categorical":
        found += [_length(judged, measuring), _format(judged, measuring)]
    if kind == "preference":
        found.append(_position(judged, measuring))
    if kind == "ordinal":
        found.append(_clumping(judged, measuring))
    return tuple(check for check in found if check is not None)


def _length(judged: Judged, measuring: Measuring) -> BiasCheck | None:
    sizes = _of_texts(judged, lambda text: float(n_words(text)) or None, ratio=True)
    if np.isnan(sizes).all():
        return None
    found = _slope(judged, sizes, measuring)
    words = _slope_words(judged, found, "each doubling of the assistant's words", "length bias")
    return _check(judged, "length", "length_slope", found, words)


def _format(judged: Judged, measuring: Measuring) -> BiasCheck | None:
    shares = _of_texts(judged, marked_share, ratio=False)
    given = shares[~np.isnan(shares)]
    if not len(given) or np.ptp(given) == 0:
        return None  # plain text throughout, or all of it marked up alike: there is nothing to see
    # The check takes log2 of what it is given; two to the share makes that the share itself.
    found = _slope(judged, np.exp2(shares), measuring)
    words = _slope_words(judged, found, "going from no Markdown to nothing else", "format bias")
    return _check(judged, "format", "format_slope", found, words)


def _slope(judged: Judged, sizes: FloatArray, measuring: Measuring) -> stats.BiasCheck:
    known = ~np.isnan(sizes)
    judge, human = _points(judged, judged.judge), _points(judged, judged.human)
    units = _units(judged.units[known])
    return stats.length_bias(judge[known], human[known], sizes[known], units=units, level=measuring.level)


def _points(judged: Judged, numbers: FloatArray) -> FloatArray:
    """Return numbers so that more is better for what a text belongs to: of a pair, its first session."""
    if judged.criterion.scale.type != "preference":
        return judged.direction() * numbers
    code = judged.criterion.scale.code
    return np.where(numbers == code("first"), 1.0, np.where(numbers == code("second"), -1.0, 0.0))


def _of_texts(judged: Judged, measure: Callable[[str], float | None], *, ratio: bool) -> FloatArray:
    """Return a number per target, NaN where there is no text; of a pair first over second, or first less second."""

    def of_session(name: str, turn: str | None) -> float:
        number = measure(assistant_text(judged.dataset.session_by_id.get(name), turn))
        return np.nan if number is None else number

    def of_target(target: Target) -> float:
        pair = judged.dataset.pair_by_id.get(target[0])
        if pair is None:
            return of_session(*target)
        first, second = of_session(pair.first, None), of_session(pair.second, None)
        return first / second if ratio else first - second

    return np.array([of_target(target) for target in judged.targets], dtype=np.float64)


def _slope_words(judged: Judged, found: stats.BiasCheck, step: str, name: str) -> str:
    """Say what the slope says: seen, not seen and how large it would have had to be, or not to be known."""
    scale, estimate = judged.criterion.scale.type, found.estimate
    unit = f"of the judge's {_MEASURED.get(scale, 'score')}"
    if estimate.value is None or found.p_value is None or found.detectable is None:
        return f"{judged.criterion.id}: whether there is a {name} cannot be said ({_why(estimate)})."
    size = f"{estimate.value:+.2f} [{estimate.low:+.2f}, {estimate.high:+.2f}]"
    if found.p_value <= _LEVEL:
        return f"{judged.criterion.id}: {step} goes with {size} {unit} beyond the experts'."
    return (
        f"{judged.criterion.id}: no {name} seen ({size} {unit} for {step}); "
        f"one of {found.detectable:.2f} would have been seen four times in five."
    )


def _position(judged: Judged, measuring: Measuring) -> BiasCheck | None:
    scale, orders = judged.criterion.scale, judged.verdicts.orders
    both = tuple(sorted(t for t in orders if None not in (orders[t].get("forward"), orders[t].get("swapped"))))
    if not both:
        return None
    slots = {scale.code("first"): 1.0, scale.code("second"): -1.0}
    forward = np.array([slots.get(orders[t]["forward"] or 0.0, 0.0) for t in both])
    swapped = np.array([-slots.get(orders[t]["swapped"] or 0.0, 0.0) for t in both])
    units = _units(unit_codes(both, judged.dataset.unit))
    found = stats.position_bias(forward, swapped, units=units, level=measuring.level)
    return _check(judged, "position", "first_slot_share", found, _position_words(judged, found, len(both)))


def _position_words(judged: Judged, found: stats.BiasCheck, n_pairs: int) -> str:
    estimate, name = found.estimate, judged.criterion.id
    if estimate.value is None:
        return f"{name}: none of {n_pairs} pairs got another winner when the two were exchanged."
    share = f"{estimate.value:.0%} of the {estimate.n} pairs (of {n_pairs}) whose winner depends on the order"
    if found.p_value is not None and found.p_value <= _LEVEL:
        place = "first" if estimate.value > 0.5 else "second"
        return f"{name}: the judge leans to the {place} place: first in {share}."
    seen = "" if found.detectable is None else f"; a lean of {found.detectable:.0%} would have been seen"
    return f"{name}: no lean to either place seen: first in {share}{seen}."


def _clumping(judged: Judged, measuring: Measuring) -> BiasCheck | None:
    numbers = judged.criterion.scale.numbers()
    on_level = np.isin(judged.judge, numbers)
    if not on_level.any():
        return None
    used = scale_use(
        judged.judge[on_level],
        numbers,
        units=_units(judged.units[on_level]),
        rng=measuring.rng,
        level=measuring.level,
        n_resamples=measuring.n_resamples,
    )
    names = dict(zip(numbers, map(level_text, judged.criterion.scale.levels), strict=True))
    top = max(numbers, key=lambda number: (used.shares[numbers.index(number)], -number))
    experts = float(np.mean(judged.human == top))
    unused = ", ".join(names[number] for number in used.unused)
    words = (
        f"{judged.criterion.id}: the judge gives {names[top]} on {used.shares[numbers.index(top)]:.0%}, "
        f"the reference on {experts:.0%}" + (f"; the judge never gives {unused}." if unused else ".")
    )
    return BiasCheck(
        criterion=judged.criterion.id, kind="clumping", metric="modal_share", estimate=used.modal_share, words=words
    )


def _check(judged: Judged, kind: str, metric: str, found: stats.BiasCheck, words: str) -> BiasCheck:
    return BiasCheck.model_validate(
        {
            "criterion": judged.criterion.id,
            "kind": kind,
            "metric": metric,
            "estimate": found.estimate,
            "detectable": found.detectable,
            "words": words,
        }
    )


def _why(estimate: Estimate) -> str:
    return estimate.undefined or estimate.method.removeprefix("none: ")


def _units(units: IntArray) -> IntArray | None:
    return None if len(np.unique(units)) == len(units) else units
