"""Pictures of counts: who said what, how often each level was given, how far judge and reference lie apart.

As in `plot`, each says nothing that a table does not also say, and brings no colours of its own.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from judgekit.records.score_report import BlandAltman, Confusion
from judgekit.render.number import count_text, interval_text, is_shown, value_text
from judgekit.render.svg import LABEL_X, Axis, axis_over, box, dot, label, line, picture, text
from judgekit.render.words import between_words
from judgekit.stats.estimate import Estimate

_MOST_BARS = 25
_LEFT, _RIGHT = 64.0, 540.0
_WORDS_X = 554.0
_FOOT = 40.0


def confusion(table: Confusion) -> str | None:
    """Return a heat map of counts: left side down, right side across, agreement on the diagonal."""
    if not table.levels:
        return None
    left, _, right = table.between.partition("~")
    size = max(34, min(56, 420 // len(table.levels)))
    x0, y0 = 150, 46
    most = max((n for counts in table.counts for n in counts), default=0) or 1
    parts = [text(x0, 14, f"{right or 'reference'} says", "axis-name"), text(8, y0 - 8, f"{left} says", "axis-name")]
    for i, (level, counts) in enumerate(zip(table.levels, table.counts, strict=True)):
        y = y0 + size * i
        parts.append(text(x0 - 10, y + size / 2, level, "tick end middle", longest=18))
        parts.append(text(x0 + size * (i + 0.5), y0 - 10, level, "tick mid", longest=max(3, size // 8)))
        for j, n in enumerate(counts):
            shade = 0.06 + 0.54 * n / most if n else 0.0
            parts.append(box("cell agree" if i == j else "cell", x0 + size * j, y, (size - 2, size - 2), shade))
            kind = "count mid middle" if n else "count none mid middle"
            parts.append(text(x0 + size * (j + 0.5) - 1, y + size / 2 - 1, count_text(n), kind))
    height, wide = y0 + size * len(table.levels) + 4, x0 + size * len(table.levels) + 8
    said = (
        f"{left} {a}, {right} {b}: {n}"
        for a, counts in zip(table.levels, table.counts, strict=True)
        for b, n in zip(table.levels, counts, strict=True)
        if n
    )
    return picture(parts, height, between_words(table.between), said, wide=max(wide, 300))


def levels(raters: Sequence[tuple[str, Sequence[tuple[str, int]]]]) -> str | None:
    """Return small bars, one group a rater: how often each level was given."""
    names = list(dict.fromkeys(level for _, counts in raters for level, _ in counts))
    most = max((n for _, counts in raters for _, n in counts), default=0)
    if not names or not most:
        return None
    bar, room, x0 = 44, 40, LABEL_X
    parts = [text(x0 + bar * i + bar / 2, 14, name, "tick mid", longest=6) for i, name in enumerate(names)]
    for place, (rater, counts) in enumerate(raters):
        foot = 24 + (room + 22) * (place + 1)
        parts += [label(rater, foot - 10), line(x0, foot, x0 + bar * len(names), foot, "grid")]
        for level, n in counts:
            tall = room * n / most
            x = x0 + bar * names.index(level)
            parts.append(box("bar", x + 7, foot - tall, (bar - 14, tall)))
            parts.append(text(x + bar / 2, foot - tall - 4, count_text(n), "count small mid"))
    said = (f"{rater}: " + ", ".join(f"{level} {n}" for level, n in counts) for rater, counts in raters)
    height, wide = 24 + (room + 22) * len(raters) + 6, x0 + bar * len(names) + 8
    return picture(parts, height, "Labels per level, by rater", said, wide=wide)


def is_stepped(found: BlandAltman) -> bool:
    """Whether differences fall on few values, many targets on each: bars show them, dots would hide them."""
    n_targets = sum(n for _, _, n in found.points)
    return len(_steps(found)) <= _MOST_BARS and n_targets >= 2 * len(found.points)


def differences(found: BlandAltman) -> str | None:
    """Return how often each difference occurs, under bias and limits of agreement."""
    steps = _steps(found)
    if not steps:
        return None
    values, most = sorted(steps), max(steps.values())
    gap = min((b - a for a, b in pairwise(values)), default=1.0)
    axis = _across([*values, *_limits(found)], gap)
    wide = min(38.0, (axis.place(axis.low + gap) - axis.start) * 0.72)
    foot, room = 176.0, 132.0
    parts = [*_bands(found, axis, top=16.0, foot=foot)]
    parts += [text(axis.place(value), foot + 16, name, "tick mid") for value, name in axis.marks()]
    for value, n in sorted(steps.items()):
        tall, x = max(1.5, room * n / most), axis.place(value)
        parts.append(box("bar agree" if value == 0 else "bar judged", x - wide / 2, foot - tall, (wide, tall)))
        if wide >= 16:
            parts.append(text(x, foot - tall - 5, count_text(n), "count small mid"))
    parts += [*_uprights(found, axis, top=16.0, foot=foot), line(axis.start, foot, axis.end, foot, "zero")]
    parts.append(text((axis.start + axis.end) / 2, foot + 34, "judge minus reference", "axis-name mid"))
    parts += _key(found, 40.0)
    said = (f"{_signed(value)}: {count_text(n)}" for value, n in sorted(steps.items()))
    return picture(parts, foot + _FOOT, f"Differences, {between_words(found.between)}", said)


def bland_altman(found: BlandAltman) -> str | None:
    """Return difference (up) against mean (across), one dot a place, larger where more targets lie."""
    if not found.points:
        return None
    foot = 292.0
    across = axis_over([mean for mean, _, _ in found.points], start=_LEFT, end=_RIGHT)
    reach = axis_over([*(each for _, each, _ in found.points), *_limits(found), 0.0])
    up = Axis(reach.low, reach.high, reach.step, start=foot, end=30.0, is_signed=True)
    parts = [*_grid(across, up), *_levels_of(found, across, up)]
    most = max(n for _, _, n in found.points)
    for mean, gap, n in found.points:
        radius = 2.5 if most == 1 else 2.2 + 8 * math.sqrt(n / most)
        parts.append(dot("place judge", across.place(mean), up.place(gap), radius))
    parts.append(text((_LEFT + _RIGHT) / 2, foot + 36, "mean of judge and reference", "axis-name mid"))
    parts.append(text(8, 14, "judge minus reference", "axis-name"))
    said = [f"{name} {_written(each)}" for name, each in _named(found)]
    said.append(f"{count_text(sum(n for _, _, n in found.points))} targets")
    return picture(parts, foot + _FOOT + 4, f"Bland-Altman, {between_words(found.between)}", said)


def _steps(found: BlandAltman) -> dict[float, int]:
    counts: Counter[float] = Counter()
    for _, gap, n in found.points:
        counts[round(gap, 6) + 0.0] += n
    return counts


def _named(found: BlandAltman) -> tuple[tuple[str, Estimate], ...]:
    return ("upper limit", found.high_limit), ("bias", found.bias), ("lower limit", found.low_limit)


def _limits(found: BlandAltman) -> list[float]:
    return [each.value for _, each in _named(found) if each.value is not None and is_shown(each)]


def _across(values: Sequence[float], gap: float) -> Axis:
    """Return an axis with room for a bar at each end, marked at whole numbers of gaps."""
    low, high = min(values) - gap / 2, max(values) + gap / 2
    most_marks = 13
    return Axis(low, high, gap * max(1, math.ceil((high - low) / gap / most_marks)), 24.0, _RIGHT, is_signed=True)


def _bands(found: BlandAltman, axis: Axis, *, top: float, foot: float) -> Iterator[str]:
    for _, each in _named(found):
        if is_shown(each):
            low, high = (axis.place(end) for end in _ends(each))
            yield box("whole", low, top, (max(0.5, high - low), foot - top))


def _uprights(found: BlandAltman, axis: Axis, *, top: float, foot: float) -> Iterator[str]:
    for name, each in _named(found):
        if is_shown(each):
            x = axis.place(each.value or 0)
            yield line(x, top, x, foot, "bias-line" if name == "bias" else "whole-line")


def _levels_of(found: BlandAltman, across: Axis, up: Axis) -> Iterator[str]:
    for name, each in _named(found):
        if is_shown(each):
            low, high = (up.place(end) for end in _ends(each))
            yield box("whole", across.start, high, (across.end - across.start, max(0.5, low - high)))
            y = up.place(each.value or 0)
            yield line(across.start, y, across.end, y, "bias-line" if name == "bias" else "whole-line")
            yield text(_WORDS_X, y - 7, name, "tick middle")
            yield text(_WORDS_X, y + 8, _written(each), "tick middle", longest=28)


def _key(found: BlandAltman, y: float) -> Iterator[str]:
    for place, (name, each) in enumerate(_named(found)):
        if is_shown(each):
            yield text(_WORDS_X, y + 40 * place, name, "tick")
            yield text(_WORDS_X, y + 16 + 40 * place, _written(each), "tick", longest=28)


def _grid(across: Axis, up: Axis) -> Iterator[str]:
    for value, name in across.marks():
        yield text(across.place(value), up.start + 16, name, "tick mid")
    for value, name in up.marks():
        yield line(across.start, up.place(value), across.end, up.place(value), "grid" if value else "zero")
        yield text(across.start - 10, up.place(value), name, "tick end middle")


def _ends(each: Estimate) -> tuple[float, float]:
    value = each.value or 0.0
    return (value if each.low is None else each.low), (value if each.high is None else each.high)


def _signed(value: float) -> str:
    return value_text(value, "bias") if value else "0"


def _written(each: Estimate) -> str:
    interval = interval_text(each, "bias")
    return (
        f"{value_text(each.value, 'bias')} {interval}" if interval.startswith("[") else value_text(each.value, "bias")
    )
