"""Pictures of rows as SVG text, without scripts or colours of their own: the page's style gives those.

Every picture has a title and a description in words, and says nothing that a table does not also say.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape

from judgekit.records.report import Confusion, Row
from judgekit.render.number import count_text, interval_text, is_shown, kind_of, value_text
from judgekit.render.plain import JOINERS, visible, width
from judgekit.render.row_table import row_text
from judgekit.render.words import between_words, difference_words, is_baseline, judge_words, metric_words

WIDTH = 720
LABEL_X = 208
"""Where row labels end and the axis begins."""
AXIS_END = 560
NUMBER_X = 710
LINE_HEIGHT = 34
TOP = 12
LONGEST_LABEL = 30
FOREST_SIDES = ("raters", "judge~reference", "rater~others")


def forest(rows: Sequence[Row]) -> str | None:
    """Return each metric's judge interval over the human ceiling's band, with the baseline as a tick.

    Only metrics on one scale of agreement (1 is perfect) are drawn; errors stand in the table. None when
    there is nothing to draw.
    """
    kept = _forest_rows(rows)
    metrics = list(dict.fromkeys(row.metric for row in kept))
    if not metrics:
        return None
    ends = [end for row in kept for end in _ends(row)]
    low = -1.0 if min(ends) < -0.5 else math.floor(min(0.0, *ends) * 5) / 5
    place = _scale(low, max(1.0, *ends))
    height = TOP + LINE_HEIGHT * len(metrics) + 24
    parts = [_axis(_ticks(low, 1.0), place, height)]
    for line, metric in enumerate(metrics):
        y = TOP + LINE_HEIGHT * line + LINE_HEIGHT / 2
        own = {"baseline" if is_baseline(row.between) else row.between: row for row in kept if row.metric == metric}
        parts += _forest_line(own, metric, y, place)
    return _svg(parts, height, "Agreement, with intervals", map(row_text, kept))


def legend(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return which marks the forest of these rows shows: `dot`, `band`, `tick`."""
    sides = {"tick" if is_baseline(row.between) else row.between for row in _forest_rows(rows)}
    marks = {"dot": {"raters", "judge~reference"}, "band": {"rater~others"}, "tick": {"tick"}}
    return tuple(mark for mark, shown in marks.items() if shown & sides)


def difference(rows: Sequence[Row]) -> str | None:
    """Return differences with their intervals about a zero line: the judge's, and the experts' own beside it."""
    kept = [row for row in rows if row.metric.endswith("difference") and is_shown(row.estimate)]
    if not kept:
        return None
    reach = max(abs(end) for row in kept for end in _ends(row)) * 1.1 or 1.0
    step = _step(reach)
    reach = math.ceil(round(reach / step, 9)) * step
    place = _scale(-reach, reach)
    height = TOP + LINE_HEIGHT * len(kept) + 24
    marks = [
        (each * step, f"{each * step:+.{max(0, -math.floor(math.log10(step)))}f}" if each else "0")
        for each in range(-round(reach / step), round(reach / step) + 1)
    ]
    parts = [_axis(marks, place, height), _line(place(0), TOP - 6, place(0), height - 22, "zero")]
    for line, row in enumerate(kept):
        y = TOP + LINE_HEIGHT * line + LINE_HEIGHT / 2
        who = f"{row.judge}, judge only" if row.judge else "experts' own labels"
        parts += [_label(who, y), *_whisker(row, y, place, "judge" if row.judge else "human"), _number(row, y)]
    said = (
        f"{difference_words(row.between)}, {judge_words(row.judge, row.engine) if row.judge else 'experts'}: "
        f"{value_text(row.estimate.value, row.metric)} {interval_text(row.estimate, row.metric)}"
        for row in kept
    )
    return _svg(parts, height, "Differences, with intervals", said)


def confusion(table: Confusion) -> str | None:
    """Return a heat map of counts: left side down, right side across, agreement on the diagonal."""
    if not table.levels:
        return None
    left, _, right = table.between.partition("~")
    size = max(34, min(56, 420 // len(table.levels)))
    x0, y0 = 150, 46
    most = max((n for counts in table.counts for n in counts), default=0) or 1
    parts = [_text(x0, 14, f"{right or 'reference'} says", "axis-name"), _text(8, y0 - 8, f"{left} says", "axis-name")]
    for i, (level, counts) in enumerate(zip(table.levels, table.counts, strict=True)):
        y = y0 + size * i
        parts.append(_text(x0 - 10, y + size / 2, level, "tick end middle", longest=18))
        parts.append(_text(x0 + size * (i + 0.5), y0 - 10, level, "tick mid", longest=max(3, size // 8)))
        for j, n in enumerate(counts):
            shade = 0.06 + 0.54 * n / most if n else 0.0
            parts.append(_box("cell agree" if i == j else "cell", x0 + size * j, y, (size - 2, size - 2), shade))
            kind = "count mid middle" if n else "count none mid middle"
            parts.append(_text(x0 + size * (j + 0.5) - 1, y + size / 2 - 1, count_text(n), kind))
    height, wide = y0 + size * len(table.levels) + 4, x0 + size * len(table.levels) + 8
    said = (
        f"{left} {a}, {right} {b}: {n}"
        for a, counts in zip(table.levels, table.counts, strict=True)
        for b, n in zip(table.levels, counts, strict=True)
        if n
    )
    return _svg(parts, height, between_words(table.between), said, wide=max(wide, 300))


def levels(raters: Sequence[tuple[str, Sequence[tuple[str, int]]]]) -> str | None:
    """Return small bars, one group a rater: how often each level was given."""
    names = list(dict.fromkeys(level for _, counts in raters for level, _ in counts))
    most = max((n for _, counts in raters for _, n in counts), default=0)
    if not names or not most:
        return None
    bar, room, x0 = 44, 40, LABEL_X
    parts = [_text(x0 + bar * i + bar / 2, 14, name, "tick mid", longest=6) for i, name in enumerate(names)]
    for line, (rater, counts) in enumerate(raters):
        foot = 24 + (room + 22) * (line + 1)
        parts += [_label(rater, foot - 10), _line(x0, foot, x0 + bar * len(names), foot, "grid")]
        for level, n in counts:
            tall = room * n / most
            x = x0 + bar * names.index(level)
            parts.append(_box("bar", x + 7, foot - tall, (bar - 14, tall)))
            parts.append(_text(x + bar / 2, foot - tall - 4, count_text(n), "count small mid"))
    said = (f"{rater}: " + ", ".join(f"{level} {n}" for level, n in counts) for rater, counts in raters)
    height, wide = 24 + (room + 22) * len(raters) + 6, x0 + bar * len(names) + 8
    return _svg(parts, height, "Labels per level, by rater", said, wide=wide)


def _forest_rows(rows: Sequence[Row]) -> list[Row]:
    kept = [row for row in rows if kind_of(row.metric) in ("coefficient", "rate") and is_shown(row.estimate)]
    return [row for row in kept if row.between in FOREST_SIDES or is_baseline(row.between)]


def _forest_line(own: dict[str, Row], metric: str, y: float, place: Callable[[float], float]) -> Iterable[str]:
    yield _label(metric_words(metric), y)
    ceiling = own.get("rater~others")
    if ceiling:
        low, high = min(_ends(ceiling)), max(_ends(ceiling))
        wide = max(2.0, place(high) - place(low))
        yield _box("band", place(low), y - 11, (wide, 22))
        yield _line(place(ceiling.estimate.value or 0), y - 11, place(ceiling.estimate.value or 0), y + 11, "ceiling")
    if "baseline" in own:
        x = place(own["baseline"].estimate.value or 0)
        yield _line(x, y - 8, x, y + 8, "baseline")
    lead = own.get("judge~reference") or own.get("raters")
    if lead:
        yield from _whisker(lead, y, place, "judge" if lead.between == "judge~reference" else "human")
        yield _number(lead, y)


def _whisker(row: Row, y: float, place: Callable[[float], float], kind: str) -> Iterable[str]:
    low, high = min(_ends(row)), max(_ends(row))
    if high > low:
        yield _line(place(low), y, place(high), y, f"whisker {kind}")
    yield f'<circle class="dot {kind}" cx="{_n(place(row.estimate.value or 0))}" cy="{_n(y)}" r="4.5"/>'


def _ends(row: Row) -> list[float]:
    estimate = row.estimate
    found = [each for each in (estimate.low, estimate.value, estimate.high) if each is not None and math.isfinite(each)]
    return found or [0.0]


def _scale(low: float, high: float) -> Callable[[float], float]:
    return lambda value: LABEL_X + 12 + (value - low) / (high - low) * (AXIS_END - LABEL_X - 12)


def _ticks(low: float, high: float) -> list[tuple[float, str]]:
    step = 0.2 if high - low <= 1.2 else 0.5
    first = math.ceil(round(low / step, 9))
    return [(each * step, f"{each * step:.1f}") for each in range(first, round(high / step) + 1)]


def _step(reach: float) -> float:
    """Return a round step that goes about three times into the reach."""
    power = 10.0 ** math.floor(math.log10(reach))
    return next((each * power for each in (0.2, 0.5, 1.0) if reach / (each * power) <= 4), 2 * power)


def _axis(marks: Iterable[tuple[float, str]], place: Callable[[float], float], height: float) -> str:
    lines = []
    for value, name in marks:
        lines.append(_line(place(value), TOP - 6, place(value), height - 22, "grid"))
        lines.append(_text(place(value), height - 8, name, "tick mid"))
    return "".join(lines)


def _number(row: Row, y: float) -> str:
    number = f"{value_text(row.estimate.value, row.metric)} {interval_text(row.estimate, row.metric)}"
    return _text(NUMBER_X, y, number, "number end middle")


def _label(text: str, y: float) -> str:
    return _text(0, y, text, "label middle", longest=LONGEST_LABEL)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}"/>'


def _box(kind: str, x: float, y: float, size: tuple[float, float], shade: float | None = None) -> str:
    wide, tall = size
    filled = "" if shade is None else f' fill-opacity="{_n(shade)}"'
    return f'<rect class="{kind}" x="{_n(x)}" y="{_n(y)}" width="{_n(wide)}" height="{_n(tall)}"{filled}/>'


def _text(x: float, y: float, text: str, kind: str, *, longest: int = 60) -> str:
    """Return one label; one too long for its place is shortened, the table below has the whole of it."""
    shown = visible(" ".join(text.split()), keep=JOINERS)
    if width(shown) > longest:
        while shown and width(shown) > longest - 1:
            shown = shown[:-1]
        shown = shown.rstrip() + "…"
    return f'<text class="{kind}" x="{_n(x)}" y="{_n(y)}">{escape(shown)}</text>'


def _svg(parts: Iterable[str], height: float, title: str, said: Iterable[str], *, wide: float = WIDTH) -> str:
    told = escape(visible("; ".join(said), keep=JOINERS))
    size = f'viewBox="0 0 {_n(wide)} {_n(height)}" width="{_n(wide)}" height="{_n(height)}"'
    named = f"<title>{escape(visible(title, keep=JOINERS))}</title><desc>{told}</desc>"
    kind = "wide" if wide >= WIDTH else "small"
    return f'<svg class="{kind}" {size} role="img">{named}{"".join(parts)}</svg>'


def _n(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
