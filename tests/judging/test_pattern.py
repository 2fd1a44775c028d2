"""Patterns that people write are searched in hostile text without ever hanging, and find what they should."""

from __future__ import annotations

import time

import pytest

from judgekit.errors import InvalidRecord
from judgekit.judging.pattern import OVERLAP, WINDOW, bounded_pattern

SLOW = [
    r"(a+)+$",
    r"(a|ab)*c",
    r"(a*)*",
    r"(?:\w+\s?)+!",
    r"(.+)\1",
    r"a*a*a*a*a*b",
    r"(?=(a+)+)b",
    r"(a{1,30}){1,30}b",
]
FINE = [
    r"\blawyer\b",
    r"refund(s|ed|ing)?",
    r".*foo.*",
    r"\d+\s+\w+",
    r"(?:\d{1,3}\.){3}\d{1,3}",
    r"(?i)law\s*suit",
    r"(ab)+",
]


@pytest.mark.parametrize("pattern", [*SLOW, "(", "x" * 1001])
def test_patterns_that_could_hang_are_refused_before_they_are_used(pattern: str) -> None:
    """With the place where they stand; so is what is no pattern at all."""
    with pytest.raises(InvalidRecord, match=r"judge\.toml row 1"):
        bounded_pattern(pattern, where="judge.toml row 1")


@pytest.mark.parametrize("pattern", FINE)
def test_usual_patterns_are_welcome_and_quick_on_bad_text(pattern: str) -> None:
    """A hundred thousand of the same character."""
    bounded = bounded_pattern(pattern, where="x")
    started = time.monotonic()
    for sign in "a0 .":
        bounded.search(sign * 100_000)
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("place", [0, 1, WINDOW - 3, WINDOW - OVERLAP, WINDOW, 5 * WINDOW + 7])
@pytest.mark.parametrize("length", [5, OVERLAP - 10, 3 * WINDOW, 50 * WINDOW])
def test_a_match_is_found_whole_wherever_it_lies_and_however_long_it_is(place: int, length: int) -> None:
    """Windows cut no match in two, and find none twice."""
    text = "." * place + "key" + "x" * length + "." * 50 + "keyxx"
    spans = list(bounded_pattern("key[a-z]{1,}", where="x").spans(text))
    assert spans == [(place, place + 3 + length), (len(text) - 5, len(text))]


def test_case_counts_unless_said() -> None:
    """ignore_case."""
    assert bounded_pattern("abc", where="x").search("xABC") is None
    assert bounded_pattern("abc", where="x", ignore_case=True).search("xABC") == "ABC"
