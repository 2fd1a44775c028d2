"""Scale, Criterion, Rubric: what is asked, and which answers are legal.

A scale owns the reading of raw answers (`read`) and their place in arithmetic (`code`); every
statistic takes its categories and weights from here, never from the values that happen to occur.
"""

from __future__ import annotations

import json
import math
from typing import Literal

from pydantic import StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

from judgekit.errors import InvalidRecord, UnknownName, nearest
from judgekit.records.record import Id, Record

Level = StrictBool | StrictInt | StrictFloat | StrictStr
"""One legal answer."""
Value = Level | tuple[StrictStr, ...]
"""What a rater or judge gave: a level, a number, a text, or several levels (multi-select)."""
ScaleType = Literal["binary", "ordinal", "numeric", "categorical", "multi_select", "preference", "text"]
Measurement = Literal["nominal", "ordinal", "interval", "none"]

PREFERENCE_LEVELS = ("first", "second", "tie")
_TRUE = {"true", "yes", "y", "1"}
_FALSE = {"false", "no", "n", "0"}


class Scale(Record):
    """Legal values, their order and level of measurement."""

    type: ScaleType
    """Kind of scale."""
    levels: tuple[Level, ...] = ()
    """Legal values, lowest first; for binary the negative first unless `positive` says otherwise."""
    min: float | None = None
    """Lowest legal number of a numeric scale."""
    max: float | None = None
    """Highest legal number of a numeric scale."""
    positive: Level | None = None
    """The binary level that counts as positive (TPR, F1 ...); the last level when not given."""

    @model_validator(mode="before")
    @classmethod
    def _fill_preference(cls, data: object) -> object:
        if isinstance(data, dict) and data.get("type") == "preference" and "levels" not in data:
            return {**data, "levels": PREFERENCE_LEVELS}
        return data

    @model_validator(mode="after")
    def _is_whole(self) -> Scale:
        needs_levels = self.type not in ("numeric", "text")
        if needs_levels and len(self.levels) < 2:
            raise ValueError(f"a {self.type} scale needs at least two levels")
        if not needs_levels and self.levels:
            raise ValueError(f"a {self.type} scale has no levels; use min and max, or another type")
        if len({level_text(level) for level in self.levels}) != len(self.levels):
            raise ValueError(f"levels repeat: {list(self.levels)}")
        if self.type == "binary" and len(self.levels) != 2:
            raise ValueError(f"a binary scale has two levels, got {len(self.levels)}")
        if self.type == "preference" and not set(self.levels) <= set(PREFERENCE_LEVELS):
            raise ValueError(f"preference levels are first, second and tie, got {list(self.levels)}")
        if self.type == "ordinal" and self._has_numbers() and list(self.levels) != sorted(self.numbers()):
            raise ValueError(f"ordinal levels go from lowest to highest, got {list(self.levels)}")
        if self.positive is not None and self.positive not in self.levels:
            raise ValueError(f"positive {self.positive!r} is not one of the levels {list(self.levels)}")
        if self.min is not None and self.max is not None and not self.min < self.max:
            raise ValueError(f"min {self.min} must be below max {self.max}")
        return self

    def _has_numbers(self) -> bool:
        return all(isinstance(level, int | float) and not isinstance(level, bool) for level in self.levels)

    @property
    def measurement(self) -> Measurement:
        """Level of measurement: which statistics make sense."""
        if self.type in ("binary", "categorical", "preference"):
            return "nominal"
        if self.type == "ordinal":
            return "ordinal"
        return "interval" if self.type == "numeric" else "none"

    @property
    def positive_level(self) -> Level | None:
        """The level that counts as positive on a binary scale, else None."""
        if self.type != "binary":
            return None
        return self.levels[-1] if self.positive is None else self.positive

    def numbers(self) -> list[float]:
        """Return the levels' places in arithmetic: their values where all are numbers, else 0, 1, 2, ..."""
        if self.type == "ordinal" and self._has_numbers():
            return [float(level) for level in self.levels]
        return [float(place) for place in range(len(self.levels))]

    @property
    def ends(self) -> tuple[float | None, float | None]:
        """The least and the most that an answer can be, in arithmetic; None where none is declared."""
        if self.levels:
            return self.numbers()[0], self.numbers()[-1]
        return self.min, self.max

    def code(self, value: Value) -> float:
        """Return a legal value's place in arithmetic.

        Raises:
            InvalidRecord: The value is not legal here, or the scale has no arithmetic (text, multi-select).
        """
        if self.type == "numeric" and isinstance(value, int | float):
            return float(value)
        if self.measurement == "none":
            raise InvalidRecord(f"a {self.type} scale has no numbers", hint="Read the answers side by side instead")
        return self.numbers()[self.levels.index(self.read(value))]

    def read(self, raw: object) -> Value:
        """Return the legal value that a raw answer means: a level, or its text in any case, or a bounded number.

        Args:
            raw: A cell of a table, a value of JSON, or a judge's answer.

        Raises:
            InvalidRecord: It is not a legal value; the message lists those that are.

        Example:
            >>> Scale(type="ordinal", levels=(1, 2, 3)).read(" 2 ")
            2
        """
        if self.type == "text":
            return raw if isinstance(raw, str) else json.dumps(raw, ensure_ascii=False)
        if self.type == "numeric":
            return self._read_number(raw)
        if self.type == "multi_select":
            return self._read_several(raw)
        return self._read_level(raw)

    def _read_number(self, raw: object) -> Value:
        try:
            number = float(raw) if _is_number(raw) else math.nan  # type: ignore[arg-type]  # a number or its text
        except ValueError:
            number = math.nan
        low = -math.inf if self.min is None else self.min
        high = math.inf if self.max is None else self.max
        if not (math.isfinite(number) and low <= number <= high):
            raise self._off_scale(raw)
        return int(raw) if isinstance(raw, int) else number

    def _read_several(self, raw: object) -> Value:
        items = raw if isinstance(raw, list | tuple) else [part for part in str(raw).split(";") if part.strip()]
        chosen = {self._read_level(item) for item in items}
        return tuple(str(level) for level in self.levels if level in chosen)

    def _read_level(self, raw: object) -> Level:
        for level in self.levels:
            if raw == level and isinstance(raw, bool) == isinstance(level, bool):
                return level
        text = raw.strip() if isinstance(raw, str) else raw
        if isinstance(text, float) and text.is_integer():
            text = int(text)
        word = level_text(text).lower() if isinstance(text, str | int | float | bool) else ""
        matches = [level for level in self.levels if level_text(level).lower() == word]
        if not matches and _is_number(word):
            matches = [level for level in self.levels if _is_number(level) and float(level) == float(word)]
        if not matches and set(map(type, self.levels)) == {bool}:
            matches = [True] if word in _TRUE else [False] if word in _FALSE else []
        if len(matches) != 1:
            raise self._off_scale(raw)
        return matches[0]

    def _off_scale(self, raw: object) -> InvalidRecord:
        legal = f"{self.min} to {self.max}" if self.type == "numeric" else ", ".join(map(level_text, self.levels))
        shown = json.dumps(raw, ensure_ascii=False, default=str)[:60]
        close = nearest(str(raw), map(level_text, self.levels))
        return InvalidRecord(
            f"{shown} is not on the {self.type} scale ({legal})", hint=f"Did you mean {close!r}?" if close else None
        )


class Criterion(Record):
    """One question of the rubric, with its scale and an anchor per level."""

    id: Id
    """Unique in its rubric."""
    question: str
    """What the rater answers."""
    scale: Scale
    """Legal answers."""
    anchors: dict[str, str] = {}
    """Level (as text) -> what it looks like."""
    direction: Literal["higher", "lower"] | None = None
    """Which end is better; None when neither is."""
    not_applicable: bool = False
    """Whether "not applicable" is an answer."""

    @model_validator(mode="after")
    def _anchors_are_levels(self) -> Criterion:
        known = {level_text(level) for level in self.scale.levels}
        for key in self.anchors:
            if self.scale.levels and key not in known:
                raise ValueError(f"anchor {key!r} is not a level; levels: {', '.join(sorted(known))}")
        return self


class Rubric(Record):
    """A versioned set of criteria."""

    name: str
    """Name of the rubric."""
    version: str = "1"
    """Raised whenever a question, scale or anchor changes."""
    criteria: tuple[Criterion, ...] = ()
    """The questions."""

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Rubric:
        ids = [criterion.id for criterion in self.criteria]
        for repeated in {i for i in ids if ids.count(i) > 1}:
            raise ValueError(f"criterion {repeated!r} occurs twice")
        return self

    def criterion(self, criterion_id: str) -> Criterion:
        """Return one criterion.

        Raises:
            UnknownName: There is none of that id.
        """
        for criterion in self.criteria:
            if criterion.id == criterion_id:
                return criterion
        raise UnknownName("criterion", criterion_id, [c.id for c in self.criteria])


def level_text(level: object) -> str:
    """Return a level as people write it: words bare, numbers and booleans as JSON."""
    if isinstance(level, str):
        return level
    return str(level) if type(level) is int else json.dumps(level)  # the same text, six times as fast


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or (isinstance(value, str) and "_" in value):
        return False  # Python reads 1_0 as 10; nobody who scores does
    try:
        return math.isfinite(float(value))  # type: ignore[arg-type]  # anything float() refuses is not a number
    except (TypeError, ValueError):
        return False
