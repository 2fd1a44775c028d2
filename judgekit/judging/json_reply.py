"""The JSON objects in a reply: behind prose, in code fences, one after another; whole ones only, nothing mended."""

from __future__ import annotations

import json
import re
from typing import Any

MAX_DIGITS = 300
"""Longest whole number taken as one; some longer ones overflow a float."""


MAX_BROKEN = 1_000
"""Broken objects after which a text is given up: each costs time in proportion to the text."""

_START = re.compile(r'\{\s*"')


class Contradiction:
    """What a key holds that is given twice with different values."""


def json_objects(text: str) -> list[dict[str, Any]]:
    """Return the whole objects of a text that have a key, outermost only, in order.

    A broken object is skipped up to where it breaks, so that a part of it is never taken for the whole. A text of
    nothing but broken ones, or nested without end, holds none.

    Example:
        >>> json_objects('Draft {"value": 1}, then: {"value": 2} {"value": 3,}')
        [{'value': 1}, {'value': 2}]
    """
    found: list[dict[str, Any]] = []
    n_broken = 0
    start = _START.search(text)
    while start is not None and n_broken <= MAX_BROKEN:
        try:
            value, end = _DECODER.raw_decode(text, start.start())
        except json.JSONDecodeError as error:
            n_broken += 1
            end = max(error.pos, start.start() + 1)
        except RecursionError:
            return []
        else:
            found.append(value)
        start = _START.search(text, end)
    return found if n_broken <= MAX_BROKEN else []


def _whole_number(digits: str) -> int | str:
    return int(digits) if len(digits) <= MAX_DIGITS else digits


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        found[key] = value if found.get(key, value) == value else Contradiction()
    return found


_DECODER = json.JSONDecoder(strict=False, parse_int=_whole_number, object_pairs_hook=_object)
"""Made once: making a decoder takes as long as reading a reply."""
