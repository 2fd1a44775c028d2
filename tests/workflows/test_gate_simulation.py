"""How often the gate errs, in simulations with a seed: passes at the line, failures at the line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from tests.analysis.composed_data import PASSED, QUALITY, dataset, label, session, verdict
from tests.workflows.gate_data import WORDS, better, decided, floor, not_worse, place

pytestmark = pytest.mark.slow
N_RUNS = 300
MOST = int(binom.isf(1e-3, N_RUNS, 0.05))
"""Errors of so many runs that a gate at 95% makes in one of a thousand simulations."""
Draw = Callable[[np.random.Generator], tuple[Any, Any]]


def told(sessions, numbers, heard, criterion, n_labelled):
    """Return a dataset of two versions with labels on the first inputs, and verdicts on all."""
    shown = (lambda value: WORDS[bool(value)]) if criterion is PASSED else int
    own, said = [], []
    for i in range(len(numbers[0])):
        for v, truth, judge in zip(("v1", "v2"), numbers, heard, strict=True):
            said.append(verdict(place(v, i), criterion, shown(judge[i])))
            if i < n_labelled:
                own.append(label(place(v, i), criterion, "ana", shown(truth[i])))
    return dataset(own, sessions=sessions), said


def built(n, group=0):
    fields = [{"group": f"g{i // group}"} if group else {} for i in range(n)]
    return [session(place(v, i), input=f"i{i:03d}", version=v, **fields[i]) for i in range(n) for v in ("v1", "v2")]


def rates(n, n_labelled, *, drop=0.1, group=0, lenient=0.0, right=0.85) -> Draw:
    """Draw pass and fail; v2 fails a tenth of all inputs more, and its judge may be more lenient."""
    sessions = built(n, group)

    def draw(rng):
        share = np.repeat(rng.beta(8, 2, n // group), group) if group else np.full(n, 0.8)
        before = rng.random(n) < share
        after = before & (rng.random(n) >= drop / 0.8)
        heard = [np.where(rng.random(n) < right, each, ~each) for each in (before, after)]
        heard[1] |= rng.random(n) < lenient
        return told(sessions, (before, after), heard, PASSED, n_labelled)

    return draw


def grades(n, n_labelled) -> Draw:
    """Draw grades of 1 to 5; v2 is lower by 1 on three in ten inputs, and its judge more lenient by half a grade."""
    sessions = built(n)

    def draw(rng):
        before = np.clip(np.round(rng.normal(3.6, 0.9, n)), 2, 5)
        after = before - (rng.random(n) < 0.3)
        heard = [np.clip(np.round(each + rng.normal(0, 0.7, n)), 1, 5) for each in (before, after)]
        heard[1] = np.clip(heard[1] + (rng.random(n) < 0.5), 1, 5)
        return told(sessions, (before, after), heard, QUALITY, n_labelled)

    return draw


def fives(n, n_labelled) -> Draw:
    """Draw grades of 5 and of 1, 4.8 on average, the 1s in groups of four; the judge is right."""
    sessions = built(n, 4)

    def draw(rng):
        both = [np.where(np.repeat(rng.random(n // 4) < 0.05, 4), 1.0, 5.0) for _ in range(2)]
        return told(sessions, both, both, QUALITY, n_labelled)

    return draw


def words(draw: Draw, *rules: Any) -> list[str]:
    rng = np.random.default_rng(11)
    return [decided(*draw(rng), *rules).word for _ in range(N_RUNS)]


CASES = {
    "rates, all labelled": (rates(80, 80), not_worse(0.1)),
    "rates, partly labelled": (rates(160, 60), not_worse(0.1)),
    "rates, a judge more lenient on v2": (rates(160, 60, lenient=0.5), not_worse(0.1)),
    "rates, a judge that is always right": (rates(400, 120, right=1.0), not_worse(0.1)),
    "rates in groups, all labelled": (rates(120, 120, group=4), not_worse(0.1)),
    "rates in groups, partly labelled": (rates(240, 80, group=4, lenient=0.3), not_worse(0.1)),
    "grades, all labelled": (grades(80, 80), not_worse(0.3, "quality")),
    "grades, partly labelled, a lenient judge": (grades(160, 60), not_worse(0.3, "quality")),
    "a floor, all labelled": (rates(80, 80), floor(0.7)),
    "a floor, partly labelled": (rates(160, 60, lenient=0.3), floor(0.7)),
    "a floor of grades, partly labelled, in groups": (fives(240, 120), floor(4.8, "quality")),
    "better where nothing changed": (rates(80, 80, drop=0.0), better()),
}


@pytest.mark.parametrize("name", CASES)
def test_at_its_line_a_rule_passes_and_fails_as_seldom_as_it_says(name) -> None:
    """A candidate just at the line is let through in at most 5%, and stopped in at most 5%."""
    found = words(CASES[name][0], CASES[name][1])
    assert found.count("pass") <= MOST
    assert found.count("fail") <= MOST


def test_among_five_rules_at_their_lines_hardly_one_fails_falsely() -> None:
    """Holm over the rules; passing all five is rarer still."""
    draw = rates(80, 80)
    rules = [not_worse(0.1), not_worse(0.1001), floor(0.7), floor(0.6999), not_worse(0.0999)]
    found = words(draw, *rules)
    assert found.count("fail") <= MOST
    assert found.count("pass") <= MOST


def test_what_is_far_from_its_line_is_decided() -> None:
    """The same data, half the candidate's passes away, and none."""
    assert words(rates(80, 80, drop=0.4), not_worse(0.1)).count("fail") > 0.9 * N_RUNS
    assert words(rates(120, 120, drop=0.0), not_worse(0.1)).count("pass") > 0.9 * N_RUNS
