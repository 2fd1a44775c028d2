"""Lines, Holm by bounds, and the word over all: small enough to be tried whole."""

from __future__ import annotations

import itertools
from functools import partial

import numpy as np
import pytest

from judgekit.analysis.gate_rule import (
    WORST_FIRST,
    Line,
    cases_of,
    depth,
    holm_failures,
    line_of,
    over_all,
    two_sided,
)
from judgekit.errors import InputError
from judgekit.records.policy import Better, Ceiling, Floor, NotWorse, Policy
from judgekit.stats.estimate import Estimate
from judgekit.stats.multiplicity import holm


def between(low, high):
    return Estimate((low + high) / 2, low, high, 0.9, 100, 100, "t")


@pytest.mark.parametrize(
    ("line", "ends", "place"),
    [
        (Line(0.0, "higher"), (0.01, 0.2), "good"),
        (Line(0.0, "higher"), (0.0, 0.2), "across"),
        (Line(0.0, "higher", is_inclusive=True), (0.0, 0.2), "good"),
        (Line(0.0, "higher"), (-0.2, -0.01), "bad"),
        (Line(0.0, "higher"), (-0.2, 0.0), "across"),
        (Line(0.0, "lower"), (-0.2, -0.01), "good"),
        (Line(0.0, "lower", is_inclusive=True), (-0.2, 0.0), "good"),
        (Line(0.0, "lower"), (0.01, 0.2), "bad"),
    ],
)
def test_bounds_are_held_against_a_line(line, ends, place) -> None:
    """On the line is beyond it for "at least" and "at most" alone."""
    assert line.place(between(*ends)) == place


def test_without_bounds_there_is_no_place() -> None:
    """Nothing measured, or no interval."""
    assert Line(0.0, "higher").place(None) is None
    assert Line(0.0, "higher").place(Estimate(1.0, None, None, 0.9, 5, 5, "none: few")) is None


@pytest.mark.parametrize(
    ("rule", "direction", "line"),
    [
        (NotWorse(criterion="c", margin=0.1), "higher", Line(-0.1, "higher")),
        (NotWorse(criterion="c", margin=0.1), None, Line(-0.1, "higher")),
        (NotWorse(criterion="c", margin=0.1), "lower", Line(0.1, "lower")),
        (Better(criterion="c"), "higher", Line(0.0, "higher")),
        (Better(criterion="c", by=0.2), "lower", Line(-0.2, "lower")),
        (Floor(criterion="c", at_least=3), "lower", Line(3.0, "lower", is_inclusive=True)),
        (Ceiling(quantity="cost_usd", at_most=3), None, Line(3.0, "lower", is_inclusive=True)),
    ],
)
def test_each_rule_has_its_line(rule, direction, line) -> None:
    """In the units of what is measured, whichever end is good."""
    assert line_of(rule, direction) == line


def failing(p, level):
    return "bad" if p <= (1 - level) / 2 + 1e-12 else "across"


def test_holm_by_bounds_is_holm_by_p_values() -> None:
    """A bound at level / s lies below the line exactly where p <= (1 - level) / s."""
    rng = np.random.default_rng(1)
    for _ in range(200):
        p_values = rng.random(5) ** 4
        depths = [depth(partial(failing, p), 0.95, 5) for p in p_values]
        told = [each is not None for each in holm_failures(depths)]
        assert told == [p <= 0.05 + 1e-9 for p in holm(list(p_values))]


def test_depth_ends_where_the_rule_no_longer_fails() -> None:
    """At most so many rules as there are."""
    assert depth(lambda _: "bad", 0.95, 4) == 4
    assert depth(lambda _: None, 0.95, 4) == 0
    assert two_sided(0.95, 4) == pytest.approx(0.975)


def test_the_word_over_all_is_the_worst_one() -> None:
    """In the order of the contract, and whatever the order of the rules."""
    policy = Policy(rules=(NotWorse(criterion="c", margin=0.1),))
    for some in itertools.product(WORST_FIRST, repeat=3):
        assert over_all(some, policy) == min(some, key=WORST_FIRST.index)


@pytest.mark.parametrize("given", ["inconclusive", "pass", "fail"])
def test_one_word_more_never_makes_a_pass(given) -> None:
    """Of all words, and whatever a policy makes of what is not decided."""
    policy = Policy(rules=(NotWorse(criterion="c", margin=0.1),), inconclusive=given)
    for some in itertools.product(WORST_FIRST, repeat=2):
        before = over_all(some, policy)
        for more in WORST_FIRST:
            assert before == "pass" or over_all((*some, more), policy) != "pass"


@pytest.mark.parametrize(
    ("given", "word"), [("inconclusive", "inconclusive"), ("pass", "inconclusive"), ("fail", "fail")]
)
def test_what_lies_on_the_bad_side_is_never_waved_through(given, word) -> None:
    """Holm kept it from failing; that is no reason to pass it."""
    policy = Policy(rules=(NotWorse(criterion="c", margin=0.1),), inconclusive=given)
    assert over_all(["inconclusive", "pass"], policy, is_any_bad=True) == word


def test_slices_are_cases_of_their_own() -> None:
    """What a slice stands for once, however often it is named; what is not there keeps its reason."""
    policy = Policy(
        rules=(NotWorse(criterion="c", margin=0.1, slices=("by", "by=a", "mood")), Floor(criterion="c", at_least=0))
    )

    def named(asked):
        if asked == "mood":
            raise InputError("no session has a field 'mood'")
        return ("by=a", "by=b") if asked == "by" else (asked,)

    found = cases_of(policy, named)
    assert [(each.name, each.slice, each.absent) for each in found] == [
        ("1 not_worse c", None, None),
        ("1 not_worse c", "by=a", None),
        ("1 not_worse c", "by=b", None),
        ("1 not_worse c", "mood", "no session has a field 'mood'"),
        ("2 floor c", None, None),
    ]
