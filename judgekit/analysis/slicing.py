"""Slices: whether a judge agrees less, or errs to one side, on some sessions than on the rest.

Any field of a session may slice. Each slice is held against all other targets on the same resamples of units, and
p-values are adjusted over all slices of a criterion, since who looks at many slices finds one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.judged import Judged
from judgekit.analysis.metric_set import JUDGE_AND_REFERENCE, metric_set
from judgekit.analysis.rating import Target
from judgekit.analysis.spoken import assistant_text, n_words
from judgekit.errors import UnknownName
from judgekit.records.dataset import Dataset
from judgekit.records.rubric import level_text
from judgekit.records.score_report import SliceTest
from judgekit.records.session import Pair, Session
from judgekit.stats.estimate import Estimate
from judgekit.stats.multiplicity import benjamini_hochberg
from judgekit.stats.sample import BoolArray
from judgekit.stats.subset import subset_difference

MIN_UNITS_OF_SLICE = 20
"""Independent units that a slice, and the rest, must have to be tested; below, intervals of kappa mean little."""
MAX_PLAIN_NUMBERS = 6
"""Different numbers of a field above which it is cut into thirds."""

Texts = tuple[str, ...]
TURNS = ((2, "1-2"), (5, "3-5"), (10, "6-10"), (math.inf, "11+"))
"""Upper end of each bin of turns, and its name."""


@dataclass(frozen=True)
class Sliced:
    """What slicing found.

    Attributes:
        tests: One test a slice and metric, those of one field together.
        warnings: Slices too small, and sessions without the field, in words.
    """

    tests: tuple[SliceTest, ...] = ()
    warnings: tuple[str, ...] = ()


def slice_tests(judged: Judged, fields: Sequence[str], measuring: Measuring) -> Sliced:
    """Return every slice of the fields against the rest, on the headline metric and on bias.

    Args:
        judged: Judge and reference.
        fields: Names of `FIELDS`, of `NUMBERS`, or `metadata.KEY`.
        measuring: Level, resamples, metrics asked for.

    Raises:
        UnknownName: There is no such field, or no session has such a key.
    """
    values = {field: slice_values(judged.dataset, field, judged.targets) for field in dict.fromkeys(fields)}
    tests: list[SliceTest] = []
    warnings: list[str] = []
    for field, by_target in values.items():
        names = sorted({name for target in judged.targets for name in by_target[target]}, key=_natural)
        masks = {name: np.array([name in by_target[t] for t in judged.targets], dtype=bool) for name in names}
        large = [name for name in names if _is_large(judged, masks[name])]
        warnings += _left_out(judged, field, by_target, [name for name in names if name not in large])
        if len(names) == 2 and len(large) == 2 and bool((masks[names[0]] != masks[names[1]]).all()):
            tests += _tests(judged, (f"{field}={names[0]}", f"{field}={names[1]}"), masks[names[0]], measuring)
            continue
        for name in large:
            tests += _tests(judged, (f"{field}={name}",), masks[name], measuring)
    return Sliced(_adjusted(tests), tuple(warnings))


def require_fields(dataset: Dataset, fields: Iterable[str]) -> None:
    """Refuse slices by what sessions do not have.

    Raises:
        UnknownName: There is no such field, or no session has such a key.
    """
    for field in fields:
        slice_values(dataset, field, ())


def slice_values(dataset: Dataset, field: str, targets: Sequence[Target]) -> Mapping[Target, Texts]:
    """Return the slices of one field that each target is in; none where its session lacks the field.

    Raises:
        UnknownName: There is no such field, or no session has such a key.
    """
    if field in FIELDS:
        return {target: FIELDS[field](_about(dataset, target)) for target in targets}
    if field in NUMBERS:
        return _in_thirds({target: NUMBERS[field](_about(dataset, target)) for target in targets})
    known = sorted({f"metadata.{key}" for each in (*dataset.sessions, *dataset.pairs) for key in each.metadata})
    if field not in known:
        raise UnknownName("field to slice by", field, [*FIELDS, *NUMBERS, *known], where="--slice")
    key = field.removeprefix("metadata.")
    found = {target: _about(dataset, target).metadata.get(key) for target in targets}
    numbers = {value for value in found.values() if isinstance(value, int | float) and not isinstance(value, bool)}
    if len(numbers) > MAX_PLAIN_NUMBERS and all(v is None or _is_number(v) for v in found.values()):
        return _in_thirds(found)
    return {target: _texts(value) for target, value in found.items()}


def _about(dataset: Dataset, target: Target) -> Session | Pair:
    pair = dataset.pair_by_id.get(target[0])
    return pair if pair is not None else dataset.session_by_id[target[0]]


def _texts(value: object) -> Texts:
    """Return a field's value as the names of slices: several of a list, none of nothing."""
    if value is None or value == "":
        return ()
    if isinstance(value, list | tuple):
        return tuple(dict.fromkeys(text for each in value for text in _texts(each)))
    return (level_text(value),)


def _field(name: str) -> Callable[[Session | Pair], Texts]:
    return lambda about: _texts(getattr(about, name, None))


def _turns(about: Session | Pair) -> Texts:
    if isinstance(about, Pair):
        return ()
    return (next(name for most, name in TURNS if len(about.turns) <= most),)


def _tools(about: Session | Pair) -> Texts:
    calls = () if isinstance(about, Pair) else tuple(call for turn in about.turns for call in turn.tool_calls)
    return tuple(dict.fromkeys(call.name for call in calls))


def _tool_errors(about: Session | Pair) -> Texts:
    if isinstance(about, Pair):
        return ()
    return ("yes" if any(call.error for turn in about.turns for call in turn.tool_calls) else "no",)


def _passages(about: Session | Pair) -> Texts:
    if isinstance(about, Pair):
        return ()
    return ("yes" if any(turn.passages for turn in about.turns) else "no",)


def _number(name: str) -> Callable[[Session | Pair], float | None]:
    return lambda about: getattr(about, name, None)


def _words(about: Session | Pair) -> float | None:
    return None if isinstance(about, Pair) else float(n_words(assistant_text(about)))


FIELDS: dict[str, Callable[[Session | Pair], Texts]] = {
    "version": _field("version"),
    "group": _field("group"),
    "input": _field("input"),
    "trial": _field("trial"),
    "tags": _field("tags"),
    "turns": _turns,
    "tools": _tools,
    "tool_errors": _tool_errors,
    "passages": _passages,
}
"""Fields whose values are slices as they stand; `tags` and `tools` put a session into several."""
NUMBERS: dict[str, Callable[[Session | Pair], float | None]] = {
    "words": _words,
    "cost_usd": _number("cost_usd"),
    "latency_s": _number("latency_s"),
}
"""Fields that are cut into thirds; `words` are the assistant's."""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _in_thirds(found: Mapping[Target, float | None]) -> dict[Target, Texts]:
    numbers = np.array(sorted(value for value in found.values() if value is not None), dtype=np.float64)
    if not len(numbers):
        return dict.fromkeys(found, ())
    low, high = (float(cut) for cut in np.quantile(numbers, (1 / 3, 2 / 3), method="inverted_cdf"))

    def third(value: float | None) -> Texts:
        if value is None:
            return ()
        if value <= low:
            return (f"up to {low:g}",)
        return (f"above {low:g} to {high:g}",) if value <= high else (f"above {high:g}",)

    return {target: third(value) for target, value in found.items()}


def _natural(name: str) -> tuple[float, str]:
    """Sort names that begin with a number by it: 3-5 before 11+."""
    digits = name.partition("-")[0].rstrip("+")
    return (float(digits), name) if digits.isdecimal() else (math.inf, name)


def _n_units(judged: Judged, kept: BoolArray) -> int:
    return len(np.unique(judged.units[kept]))


def _is_large(judged: Judged, mask: BoolArray) -> bool:
    return min(_n_units(judged, mask), _n_units(judged, ~mask)) >= MIN_UNITS_OF_SLICE


def _left_out(judged: Judged, field: str, by_target: Mapping[Target, Texts], small: Sequence[str]) -> list[str]:
    """Say which slices were not tested, and how many targets have no value."""
    criterion, words = judged.criterion.id, []
    if small:
        named = ", ".join(small[:3]) + (", ..." if len(small) > 3 else "")
        words.append(
            f"{criterion}: {len(small)} slices by {field} were not tested: under {MIN_UNITS_OF_SLICE} "
            f"independent units in them or in the rest ({named})"
        )
    n_without = sum(not by_target[target] for target in judged.targets)
    if n_without:
        words.append(
            f"{criterion}: {n_without} scored targets have no {field}; they are in the rest of each slice by it"
        )
    return words


def _tests(judged: Judged, names: Texts, mask: BoolArray, measuring: Measuring) -> list[SliceTest]:
    """Return a slice's tests; where the rest is a slice of its own, and named, its tests are those turned round."""
    asked = measuring.metrics
    head = metric_set(JUDGE_AND_REFERENCE, judged.criterion, asked)[:1]
    metrics = dict.fromkeys((*head, *(("bias",) if not asked or "bias" in asked else ())))
    tests = []
    for metric in metrics:
        fitting = judged.fitting(metric)
        if fitting is None:
            continue
        sample, rows = fitting
        found = subset_difference(
            [metric],
            sample,
            mask[rows],
            rng=measuring.rng,
            level=measuring.level,
            n_resamples=measuring.n_resamples,
        )[metric]
        apart = [int((side & ~rows).sum()) for side in (mask, ~mask)]
        estimates = [_counted(side, n) for side, n in zip((found.inside, found.outside), apart, strict=True)]
        sides = zip(names, estimates, (found.difference, _turned(found.difference)), strict=False)
        tests += [
            SliceTest(
                criterion=judged.criterion.id,
                slice=name,
                metric=metric,
                estimate=estimate,
                difference=difference,
                p_value=found.p_value,
            )
            for name, estimate, difference in sides
        ]
    return tests


def _counted(estimate: Estimate, n_between: int) -> Estimate:
    return replace(estimate, dropped={"between_levels": n_between}) if n_between else estimate


def _turned(difference: Estimate) -> Estimate:
    """Return the difference taken the other way round."""
    value, low, high = (None if end is None else -end for end in (difference.value, difference.high, difference.low))
    return replace(difference, value=value, low=low, high=high)


def _adjusted(tests: Sequence[SliceTest]) -> tuple[SliceTest, ...]:
    """Adjust over all slices of the criterion; what has no p-value took no part."""
    places = [place for place, test in enumerate(tests) if test.p_value is not None]
    adjusted = dict(zip(places, benjamini_hochberg([tests[place].p_value or 0.0 for place in places]), strict=True))
    return tuple(
        test.model_copy(update={"p_adjusted": float(adjusted[place])}) if place in adjusted else test
        for place, test in enumerate(tests)
    )
