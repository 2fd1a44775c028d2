"""Regular expressions that people write, searched in text that anybody wrote: bounded, so that none hangs for ever.

Python's own matcher cannot be interrupted. So a pattern whose time could grow without measure is refused before it is
used (a repetition of a repetition, alternatives in a repetition, back references, too many repeats in a row), and a
text is searched in windows of `WINDOW` characters that overlap by `OVERLAP`. Whatever the text, one window then takes
seconds at worst. What needs at most `OVERLAP` characters to be a match is found; it may then go on for any length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import factorial
from typing import Any

from judgekit.errors import InvalidRecord

WINDOW = 400
"""Characters searched at once."""
OVERLAP = 200
"""Characters that two windows share."""
MAX_PATTERN_CHARS = 1000
MAX_STEPS = 2 * 10**9
"""Most ways, about, in which a window may be tried."""


@dataclass(frozen=True, slots=True)
class Bounded:
    """A pattern that is safe to search for in hostile text.

    Attributes:
        compiled: The pattern; what is not our own comes from `bounded_pattern`.
    """

    compiled: re.Pattern[str]

    def search(self, text: str) -> str | None:
        """Return the first match's text; None where there is none."""
        return next((text[low:high] for low, high in self.spans(text)), None)

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where matches lie, from left to right; empty matches are passed over."""
        start = done = 0
        while True:
            end = min(start + WINDOW, len(text))
            for found in self.compiled.finditer(text, max(start, done), end):
                low, high = found.start(), self._grown(text, found, end)
                if high > low >= done:
                    yield low, high
                    done = high
            if end == len(text):
                return
            start = end - OVERLAP

    def _grown(self, text: str, found: re.Match[str], end: int) -> int:
        """Return where a match ends that the window's end may have cut short."""
        low, high = found.span()
        while high == end < len(text):
            end = min(len(text), low + 4 * (end - low) + WINDOW)
            longer = self.compiled.match(text, low, end)
            if longer is None or longer.end() <= high:
                return high
            high = longer.end()
        return high


def bounded_pattern(pattern: str, *, where: str, ignore_case: bool = False) -> Bounded:
    """Return a pattern ready to search.

    Args:
        pattern: Python regular expression.
        where: Where it stands, for the error.
        ignore_case: Whether upper and lower case are the same.

    Raises:
        InvalidRecord: It is none, or searching for it could take hours.
    """
    if len(pattern) > MAX_PATTERN_CHARS:
        what = f"the pattern has {len(pattern)} characters, more than {MAX_PATTERN_CHARS}"
        raise InvalidRecord(what, where=where, hint="Write several patterns")
    try:
        compiled = re.compile(pattern, re.IGNORECASE if ignore_case else 0)
    except (re.error, RecursionError, OverflowError) as error:
        raise InvalidRecord(f"{pattern!r} is no regular expression: {error}", where=where, hint="Mend it") from None
    slow = _slowness(pattern)
    if slow is not None:
        hint = "Bound its repeats, such as {1,40}, or write several patterns"
        raise InvalidRecord(f"{pattern!r} {slow}: on some text it would take hours", where=where, hint=hint)
    return Bounded(compiled)


@dataclass(slots=True)
class _Shape:
    """What of a pattern decides its time: unbounded repeats, and the ways that all else can be tried."""

    n_unbounded: int = 0
    n_ways: int = 1
    fault: str | None = None


def _slowness(pattern: str) -> str | None:
    """Return what makes a pattern slow; None where nothing does."""
    parser: Any = re._parser  # type: ignore[attr-defined]  # noqa: SLF001  # no public name; a test pins what is used
    shape = _Shape()
    _look(parser.parse(pattern), shape)
    if shape.fault is not None:
        return shape.fault
    places = shape.n_unbounded + 1
    if shape.n_ways * WINDOW**places / factorial(places) > MAX_STEPS:
        return "has too many repeats that can share their text in too many ways"
    return None


def _look(parsed: Any, shape: _Shape) -> None:
    """Walk a parsed pattern: pairs of an operation and its arguments."""
    for operation, arguments in parsed:
        name = str(operation)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            _look_at_repeat(arguments, shape)
        elif name.startswith("GROUPREF"):
            shape.fault = "refers back to a group"
        elif name == "BRANCH":
            _look_at_alternatives(arguments[1], shape)
        elif name in ("SUBPATTERN", "ATOMIC_GROUP", "ASSERT", "ASSERT_NOT"):
            _look(arguments if name == "ATOMIC_GROUP" else arguments[-1], shape)


def _look_at_alternatives(alternatives: Any, shape: _Shape) -> None:
    inner = [_Shape() for _ in alternatives]
    for alternative, its_shape in zip(alternatives, inner, strict=True):
        _look(alternative, its_shape)
    shape.fault = shape.fault or next((each.fault for each in inner if each.fault is not None), None)
    shape.n_unbounded += max(each.n_unbounded for each in inner)
    shape.n_ways *= sum(each.n_ways for each in inner)


def _look_at_repeat(repeat: tuple[int, int, Any], shape: _Shape) -> None:
    least, most, body = repeat
    inner = _Shape()
    _look(body, inner)
    is_unbounded = most > WINDOW
    if inner.fault is not None:
        shape.fault = inner.fault
    elif inner.n_unbounded or (is_unbounded and inner.n_ways > 1):
        shape.fault = "repeats what can itself be matched in several ways"
    elif is_unbounded:
        shape.n_unbounded += 1
    else:
        shape.n_ways *= min((most - least + 1) * inner.n_ways ** min(most, 50), MAX_STEPS)
