"""The marks that pictures are made of: lines, boxes, dots, escaped words, and an axis with round steps.

Colours are the page's style's. What the pictures show is in `plot` (estimates) and `chart` (counts).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from judgekit.render.plain import JOINERS, visible, width

WIDTH = 720
LABEL_X = 208
"""Where row labels end and the axis begins."""
AXIS_END = 560
NUMBER_X = 710
LINE_HEIGHT = 34
TOP = 12
LONGEST_LABEL = 30

SMALLEST = 1e-12
"""Reaches below this are drawn as if they were this: nobody measures so finely, and steps would vanish."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A stretch of numbers laid out from left to right, or from the foot up where `end` is above `start`.

    Attributes:
        low: Number at `start`.
        high: Number at `end`.
        step: Between two marks.
        start: Place of `low`.
        end: Place of `high`.
        is_signed: Whether a plus stands before positive marks.
    """

    low: float
    high: float
    step: float
    start: float = LABEL_X + 12
    end: float = AXIS_END
    is_signed: bool = False

    def place(self, value: float) -> float:
        """Return where a number lies; one beyond the axis lies at its end."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def marks(self) -> list[tuple[float, str]]:
        """Return the round numbers on it, as numbers and as text."""
        first, last = math.ceil(round(self.low / self.step, 9)), math.floor(round(self.high / self.step, 9))
        return [(each * self.step, self._text(each)) for each in range(first, last + 1)]

    def _text(self, steps: int) -> str:
        places = max(0, -math.floor(math.log10(self.step) + 1e-9))
        number = f"{steps * self.step:.{places}f}" if steps else "0"
        return f"+{number}" if self.is_signed and steps > 0 else number.replace("-", "\u2212")


def agreement_axis(ends: Iterable[float]) -> Axis:
    """Return an axis on which 1 is perfect: from 0, or from below where something lies there."""
    found = list(ends)
    low = -1.0 if min(found) < -0.5 else math.floor(min(0.0, *found) * 5) / 5
    high = max(1.0, *found)
    return Axis(low, high, 0.2 if high - low <= 1.2 else max(0.5, _round_step((high - low) / 4)))


def axis_about_zero(ends: Iterable[float]) -> Axis:
    """Return an axis that reaches as far to the left of zero as to the right."""
    reach = max(map(abs, ends), default=0.0) * 1.1 or 1.0
    reach = max(reach, SMALLEST)
    step = _round_step(reach)
    reach = math.ceil(round(reach / step, 9)) * step
    return Axis(-reach, reach, step, is_signed=True)


def axis_over(ends: Iterable[float], *, start: float = LABEL_X + 12, end: float = AXIS_END) -> Axis:
    """Return an axis that just holds all numbers, between round ends."""
    found = list(ends) or [0.0]
    low, high = min(found), max(found)
    step = _round_step(((high - low) or abs(high) or 1.0) * 0.6)
    low, high = math.floor(round(low / step, 9)) * step, math.ceil(round(high / step, 9)) * step
    return Axis(low, high if high > low else low + step, step, start, end)


def frame(axis: Axis, height: float) -> str:
    """Return the upright lines of an axis with their numbers at the foot."""
    lines = []
    for value, name in axis.marks():
        lines.append(line(axis.place(value), TOP - 6, axis.place(value), height - 22, "grid"))
        lines.append(text(axis.place(value), height - 8, name, "tick mid"))
    return "".join(lines)


def ends_of(axis: Axis, height: float, words: tuple[str, str]) -> str:
    """Return what the two ends of an axis mean, below its numbers."""
    left, right = words
    return text(axis.start, height - 6, f"\u2190 {left}", "tick") + text(
        axis.end, height - 6, f"{right} \u2192", "tick end"
    )


def label(words: str, y: float) -> str:
    """Return what a line is called, to the left of the axis."""
    return text(0, y, words, "label middle", longest=LONGEST_LABEL)


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """Return a line of a kind that the style knows."""
    return f'<line class="{kind}" x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}"/>'


def box(kind: str, x: float, y: float, size: tuple[float, float], shade: float | None = None) -> str:
    """Return a rectangle from its upper left corner; `shade` is how opaque it is."""
    wide, tall = size
    filled = "" if shade is None else f' fill-opacity="{_n(shade)}"'
    return f'<rect class="{kind}" x="{_n(x)}" y="{_n(y)}" width="{_n(wide)}" height="{_n(tall)}"{filled}/>'


def dot(kind: str, x: float, y: float, radius: float = 4.5) -> str:
    """Return a filled circle."""
    return f'<circle class="dot {kind}" cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}"/>'


def text(x: float, y: float, words: str, kind: str, *, longest: int = 60) -> str:
    """Return one label; one too long for its place is shortened, the table has the whole of it."""
    return f'<text class="{kind}" x="{_n(x)}" y="{_n(y)}">{escape(shortened(words, longest))}</text>'


def shortened(words: str, longest: int) -> str:
    """Return words made harmless, cut to a number of columns."""
    shown = visible(" ".join(words.split()), keep=JOINERS)
    if width(shown) <= longest:
        return shown
    while shown and width(shown) > longest - 1:
        shown = shown[:-1]
    return shown.rstrip() + "…"


def picture(parts: Sequence[str], height: float, title: str, said: Iterable[str], *, wide: float = WIDTH) -> str:
    """Return the whole, with its title and what it says in words."""
    told = escape(visible("; ".join(said), keep=JOINERS))
    size = f'viewBox="0 0 {_n(wide)} {_n(height)}" width="{_n(wide)}" height="{_n(height)}"'
    named = f"<title>{escape(visible(title, keep=JOINERS))}</title><desc>{told}</desc>"
    kind = "wide" if wide >= WIDTH else "small"
    return f'<svg class="{kind}" {size} role="img">{named}{"".join(parts)}</svg>'


def _round_step(reach: float) -> float:
    """Return a round step that goes about three times into the reach."""
    reach = max(reach, SMALLEST)
    power = 10.0 ** math.floor(math.log10(reach))
    return next((each * power for each in (0.2, 0.5, 1.0) if reach / (each * power) <= 4), 2 * power)


def _n(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
