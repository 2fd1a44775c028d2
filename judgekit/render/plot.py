"""Pictures of estimates with their intervals, as SVG text without scripts or colours of their own.

Every picture has a title and a description in words, and says nothing that a table does not also say. Pictures of
counts are in `chart`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from judgekit.records.report import Row
from judgekit.render.number import estimate_text, interval_text, is_shown, kind_of, value_text
from judgekit.render.row_table import row_text
from judgekit.render.svg import (
    LINE_HEIGHT,
    LONGEST_LABEL,
    NUMBER_X,
    TOP,
    Axis,
    agreement_axis,
    axis_about_zero,
    axis_over,
    box,
    dot,
    ends_of,
    frame,
    label,
    line,
    picture,
    text,
)
from judgekit.render.words import is_baseline
from judgekit.stats.estimate import Estimate
from judgekit.stats.metric_words import metric_words

FOREST_SIDES = ("raters", "judge~reference", "rater~others")
MARKS = {"dot": "estimate and interval", "band": "human ceiling", "tick": "baseline"}
"""What a forest's marks mean."""
FOOT = 24
_ENDS_HEIGHT = 16
_NAMED_HEIGHT = 58
_CROWDED = 26.0


@dataclass(frozen=True, slots=True)
class Line:
    """One estimate on a line of its own.

    Attributes:
        label: What it is called.
        estimate: Where it lies.
        metric: How it is written.
        who: Whose it is.
        is_marked: Whether it stands out.
    """

    label: str
    estimate: Estimate
    metric: str
    who: Literal["judge", "human"] = "judge"
    is_marked: bool = False


def forest(rows: Sequence[Row]) -> str | None:
    """Return each metric's judge interval over the human ceiling's band, with the baseline as a tick.

    Only metrics on one scale of agreement (1 is perfect) are drawn; errors stand in the table. None when
    there is nothing to draw.
    """
    kept = _forest_rows(rows)
    metrics = list(dict.fromkeys(row.metric for row in kept))
    if not metrics:
        return None
    axis = agreement_axis(end for row in kept for end in _ends(row.estimate))
    height = TOP + LINE_HEIGHT * len(metrics) + FOOT
    parts = [frame(axis, height)]
    for place, metric in enumerate(metrics):
        own = {"baseline" if is_baseline(row.between) else row.between: row for row in kept if row.metric == metric}
        parts += _forest_line(own, metric, _middle(place), axis)
    return picture(parts, height, "Agreement, with intervals", map(row_text, kept))


def legend(rows: Sequence[Row]) -> tuple[tuple[str, str], ...]:
    """Return which marks the forest of these rows shows, and what they mean."""
    sides = {"tick" if is_baseline(row.between) else row.between for row in _forest_rows(rows)}
    marks = {"dot": {"raters", "judge~reference"}, "band": {"rater~others"}, "tick": {"tick"}}
    return tuple((mark, MARKS[mark]) for mark, shown in marks.items() if shown & sides)


def about_zero(lines: Sequence[Line], title: str, *, ends: tuple[str, str] | None = None) -> str | None:
    """Return differences with their intervals about a zero line.

    Args:
        lines: From above; those without a value are left to the table.
        title: What they are, for who cannot see them.
        ends: What the left and the right end of the axis mean.
    """
    kept = [each for each in lines if is_shown(each.estimate)]
    if not kept:
        return None
    axis = axis_about_zero(end for each in kept for end in _ends(each.estimate))
    height = TOP + LINE_HEIGHT * len(kept) + FOOT
    named = ends_of(axis, height + _ENDS_HEIGHT, ends) if ends else ""
    zero = line(axis.place(0), TOP - 6, axis.place(0), height - 22, "zero")
    parts = [frame(axis, height), named, zero, *_lines(kept, axis)]
    return picture(parts, height + (_ENDS_HEIGHT if ends else 0), title, map(_said, kept))


def beside_whole(lines: Sequence[Line], whole: Line | None, title: str) -> str | None:
    """Return estimates of parts with their intervals, over a line and a band for the whole.

    Args:
        lines: From above; those without a value are left to the table.
        whole: The estimate on everything, where there is one.
        title: What they are, for who cannot see them.
    """
    kept = [each for each in lines if is_shown(each.estimate)]
    if not kept:
        return None
    given = whole if whole is not None and is_shown(whole.estimate) else None
    ends = [end for each in [*kept, *([given] if given else [])] for end in _ends(each.estimate)]
    axis = _axis_for(kept[0].metric, ends)
    height = TOP + LINE_HEIGHT * len(kept) + FOOT
    parts = [frame(axis, height), *(_upright(given.estimate, axis, height) if given else ()), *_lines(kept, axis)]
    return picture(parts, height, title, map(_said, [*([given] if given else []), *kept]))


def against_ceiling(pairs: Sequence[tuple[Line, Line]]) -> str | None:
    """Return judge (up) against human ceiling (across), both against the same others, about the line of equality.

    Above the line the judge is closer to the other experts than an expert is. Numbers name the pairs.

    Args:
        pairs: Judge and expert on the same metric and rows; those without both values are left out.
    """
    kept = [pair for pair in pairs if all(is_shown(each.estimate) for each in pair)]
    if not kept:
        return None
    across = _square(kept, start=64.0, end=364.0)
    up = Axis(across.low, across.high, across.step, start=316.0, end=16.0)
    parts = [*_grid(across, up), line(across.start, up.start, across.end, up.end, "equal")]
    points = [(across.place(human.estimate.value or 0), up.place(judge.estimate.value or 0)) for judge, human in kept]
    for place, (judge, human) in enumerate(kept, start=1):
        parts += _cross(judge.estimate, human.estimate, across, up)
        parts.append(text(*_beside(points[place - 1], points), str(place), "number"))
        parts += _named(place, judge, human)
    height = max(366.0, 20.0 + _NAMED_HEIGHT * len(kept))
    said = (f"{judge.label}: judge {_numbers(judge)}, an expert {_numbers(human)}" for judge, human in kept)
    return picture(parts, height, "Judge against the human ceiling", said)


def _beside(point: tuple[float, float], points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return where a point's number stands: away from a neighbour that it could be taken for."""
    x, y = point
    near = [b for a, b in points if (a, b) != point and abs(x - a) < _CROWDED and abs(y - b) < _CROWDED]
    if not near:
        return x + 8, y - 9
    return (x + 8, y + 18) if min(near) < y else (x - 16, y - 9)


def _axis_for(metric: str, ends: Sequence[float]) -> Axis:
    kind = kind_of(metric)
    if kind in ("coefficient", "rate"):
        return agreement_axis(ends)
    return axis_over([0.0, *ends]) if kind in ("loss", "error") else axis_about_zero(ends)


def _forest_rows(rows: Sequence[Row]) -> list[Row]:
    kept = [row for row in rows if kind_of(row.metric) in ("coefficient", "rate") and is_shown(row.estimate)]
    return [row for row in kept if row.between in FOREST_SIDES or is_baseline(row.between)]


def _forest_line(own: dict[str, Row], metric: str, y: float, axis: Axis) -> Iterator[str]:
    yield label(metric_words(metric), y)
    ceiling = own.get("rater~others")
    if ceiling:
        ends, x = _ends(ceiling.estimate), axis.place(ceiling.estimate.value or 0)
        wide = max(2.0, axis.place(max(ends)) - axis.place(min(ends)))
        yield box("band", axis.place(min(ends)), y - 11, (wide, 22))
        yield line(x, y - 11, x, y + 11, "ceiling")
    if "baseline" in own:
        x = axis.place(own["baseline"].estimate.value or 0)
        yield line(x, y - 8, x, y + 8, "baseline")
    lead = own.get("judge~reference") or own.get("raters")
    if lead:
        yield from _whisker(lead.estimate, y, axis, "judge" if lead.between == "judge~reference" else "human")
        yield _number(lead.estimate, lead.metric, y)


def _lines(lines: Sequence[Line], axis: Axis) -> Iterator[str]:
    for place, each in enumerate(lines):
        y = _middle(place)
        yield text(0, y, each.label, f"label middle{' marked' if each.is_marked else ''}", longest=LONGEST_LABEL)
        yield from _whisker(each.estimate, y, axis, each.who)
        yield _number(each.estimate, each.metric, y)


def _upright(estimate: Estimate, axis: Axis, height: float) -> Iterator[str]:
    ends, x = _ends(estimate), axis.place(estimate.value or 0)
    if max(ends) > min(ends):
        wide = axis.place(max(ends)) - axis.place(min(ends))
        yield box("whole", axis.place(min(ends)), TOP - 6, (wide, height - 16 - TOP))
    yield line(x, TOP - 6, x, height - 22, "whole-line")


def _square(pairs: Sequence[tuple[Line, Line]], *, start: float, end: float) -> Axis:
    ends = [end for pair in pairs for each in pair for end in _ends(each.estimate)]
    axis = axis_over([*ends, 1.0] if min(ends) > 0.5 else ends, start=start, end=end)
    if max(ends) > 1:
        return axis
    low = axis.low if axis.low < 1 else 1.0 - axis.step  # everybody agrees: an axis needs some length
    return Axis(low, min(axis.high, 1.0), axis.step, start, end)


def _grid(across: Axis, up: Axis) -> Iterator[str]:
    for value, name in across.marks():
        yield line(across.place(value), up.start, across.place(value), up.end, "grid")
        yield text(across.place(value), up.start + 18, name, "tick mid")
    for value, name in up.marks():
        yield line(across.start, up.place(value), across.end, up.place(value), "grid")
        yield text(across.start - 10, up.place(value), name, "tick end middle")
    yield text((across.start + across.end) / 2, up.start + 40, "an expert vs the others", "axis-name mid")
    yield text(across.start + 6, up.end + 14, "judge vs the same others", "axis-name")


def _cross(judge: Estimate, human: Estimate, across: Axis, up: Axis) -> Iterator[str]:
    x, y = across.place(human.value or 0), up.place(judge.value or 0)
    yield line(across.place(min(_ends(human))), y, across.place(max(_ends(human))), y, "whisker thin human")
    yield line(x, up.place(min(_ends(judge))), x, up.place(max(_ends(judge))), "whisker thin judge")
    yield dot("judge", x, y)


def _named(place: int, judge: Line, human: Line) -> Iterator[str]:
    x, y = 400.0, 24.0 + _NAMED_HEIGHT * (place - 1)
    yield text(x, y, str(place), "label")
    yield text(x + 18, y, judge.label, "label", longest=LONGEST_LABEL + 8)
    yield text(x + 18, y + 16, f"judge {_numbers(judge)}", "tick")
    yield text(x + 18, y + 31, f"expert {_numbers(human)}", "tick")


def _whisker(estimate: Estimate, y: float, axis: Axis, who: str) -> Iterator[str]:
    low, high = min(_ends(estimate)), max(_ends(estimate))
    if high > low:
        yield line(axis.place(low), y, axis.place(high), y, f"whisker {who}")
    yield dot(who, axis.place(estimate.value or 0), y)


def _number(estimate: Estimate, metric: str, y: float) -> str:
    interval = interval_text(estimate, metric)
    shown = value_text(estimate.value, metric)
    return text(NUMBER_X, y, f"{shown} {interval}" if interval.startswith("[") else shown, "number end middle")


def _numbers(each: Line) -> str:
    interval = interval_text(each.estimate, each.metric)
    value = value_text(each.estimate.value, each.metric)
    return f"{value} {interval}" if interval.startswith("[") else value


def _said(each: Line) -> str:
    return f"{each.label}: {estimate_text(each.estimate, each.metric)}"


def _middle(place: int) -> float:
    return TOP + LINE_HEIGHT * place + LINE_HEIGHT / 2


def _ends(estimate: Estimate) -> list[float]:
    found = [each for each in (estimate.low, estimate.value, estimate.high) if each is not None]
    return [each for each in found if math.isfinite(each)] or [0.0]
