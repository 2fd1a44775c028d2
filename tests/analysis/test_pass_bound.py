"""What a judge is certified by: bounds that only widen, and that keep their share where rows come in units."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy.stats import binom

from judgekit.analysis.pass_rule import checks_of, failure_rate
from judgekit.records.certificate import PassRule
from judgekit.stats.estimate import Estimate
from tests.analysis.composed_data import PASSED, failure, measuring, verdict
from tests.analysis.judge_at_the_line import World, drawn, judged, passes

SHARE = 0.025


@pytest.mark.slow
@pytest.mark.parametrize(
    "world",
    [
        World(False, 60, 5, (0.1, 0.0), (0.18, 0.02), size=4, alike=0.3),
        World(False, 100, 3, (0.14, 0.03), (0.2, 0.06), "rare", size=4, alike=0.5),
        World(False, 200, 2, (0.08, 0.0), (0.08, 0.05), size=8, alike=0.5),
        World(True, 100, 3, (0.04, 0.0), (0.03, 0.04), "rare", size=4, alike=0.5),
        World(True, 200, 5, (0.1, 0.0), (0.18, 0.02), size=10, alike=0.3),
        World(True, 400, 2, (0.14, 0.03), (0.2, 0.06), size=4, alike=0.3),
    ],
    ids=lambda world: f"{world.n_levels}-levels-{world.n}-of-{world.size:g}-alike-{world.alike:g}",
)
def test_a_judge_at_the_line_seldom_passes_where_sessions_come_in_units(world: World) -> None:
    """No line holds in more than 2.5% of samples (binomial bound); without the unseen unit the gap's in up to 18%."""
    n_runs, held = 250, Counter[str]()
    for found in passes(world, n_runs, seed=41, share=SHARE):
        held.update(name for name, holds in found.items() if holds)
    assert max(held.values(), default=0) <= binom.ppf(0.999, n_runs, SHARE), held


@pytest.mark.slow
@pytest.mark.parametrize(
    "world",
    [
        World(False, 60, 3, (0.14, 0.03), (0.2, 0.06), "rare"),
        World(False, 100, 2, (0.04, 0.0), (0.03, 0.04)),
        World(False, 200, 5, (0.08, 0.0), (0.08, 0.05), "rare"),
        World(True, 60, 5, (0.14, 0.03), (0.2, 0.06)),
        World(True, 200, 3, (0.1, 0.0), (0.18, 0.02), "rare"),
        World(True, 400, 2, (0.08, 0.0), (0.08, 0.05)),
    ],
    ids=lambda world: f"{world.n_levels}-levels-{world.n}-{world.n_raters}-raters",
)
def test_a_judge_at_the_allowed_gap_to_the_experts_seldom_passes(world: World) -> None:
    """Sessions alone: at most 2.5% of samples (binomial bound); the paired bootstrap alone let up to 11% through."""
    n_runs = 400
    n_held = sum(found["ceiling_gap"] for found in passes(world, n_runs, seed=43, share=SHARE))
    assert n_held <= binom.ppf(0.999, n_runs, SHARE)


@pytest.mark.slow
def test_a_judge_of_a_rare_class_seldom_passes_at_the_third_look() -> None:
    """Fails of few users who are misread together: J holds in at most .625% (binomial bound); in 8% by plain bounds."""
    world, n_runs, share = World(True, 200, 3, (0.04, 0.0), (0.03, 0.04), "rare", size=4, alike=0.5), 400, 0.05 / 8
    n_held = sum(found["youden_j"] for found in passes(world, n_runs, seed=47, share=share))
    assert n_held <= binom.ppf(0.999, n_runs, share)


@pytest.mark.slow
@pytest.mark.parametrize("tilt", ["geometric", "one half"])
def test_a_judge_at_the_allowed_failure_rate_seldom_passes(tilt: str) -> None:
    """Users with whom every answer fails, of unequal size: a trial for each of them let up to 49% through."""
    rng, n_runs, rate, n_passed = np.random.default_rng(6), 400, 0.2, 0
    for _ in range(n_runs):
        sizes = rng.geometric(1 / 4, 60)
        if tilt == "one half":
            sizes[0] = sizes[1:].sum()
        units = np.repeat(np.arange(60), sizes)
        is_failed = (rng.random(60) < rate)[units]
        found = rate_of(is_failed, units)
        n_passed += found.high is not None and found.high < rate
    assert n_passed <= binom.ppf(0.999, n_runs, SHARE)


def rate_of(is_failed: np.ndarray, units: np.ndarray) -> Estimate:
    """Return the share of failures of a judge who was asked about sessions of these units."""
    world = World(True, len(units), 2, (0.0, 0.0), (0.0, 0.0))
    experts = np.zeros((len(units), 2))
    told = judged(world, np.zeros(len(units)), experts, units)
    outcomes = [
        failure(name, PASSED) if failed else verdict(name, PASSED, "fail")
        for (name, _), failed in zip(told.targets, is_failed, strict=True)
    ]
    return failure_rate(told, outcomes, 1 - 2 * SHARE)


def test_failures_of_one_user_are_one_trial() -> None:
    """Forty users of three sessions, two of whom fail whole: Clopper and Pearson's end for 2 of 40 is .1692."""
    units = np.repeat(np.arange(40), 3)
    found = rate_of(units < 2, units)
    assert (found.n, found.n_clusters) == (120, 40)
    assert found.high == pytest.approx(0.1692, abs=1e-4)


@pytest.mark.parametrize("is_binary", [True, False])
def test_units_widen_every_bound(is_binary: bool) -> None:
    """The same answers, in units of five or alone: no line's bound comes nearer, and each says why."""
    world = World(is_binary, 150, 3, (0.1, 0.0), (0.1, 0.03), size=5, alike=0.3)
    judge, experts, units = drawn(world, np.random.default_rng(3))
    rule = PassRule(min_kappa=0.5, max_bias=0.1, max_ceiling_gap=0.2, min_youden_j=0.5 if is_binary else None)
    together, alone = (
        {each.name: each.estimate for each in checks_of(judged(world, judge, experts, each), [], rule, measuring())}
        for each in (units, np.arange(150))
    )
    for name in ("kappa", "bias", "ceiling_gap", *(("youden_j",) if is_binary else ())):
        low, high = together[name].low, together[name].high
        assert low is not None
        assert high is not None
        assert high - low > (alone[name].high or 0) - (alone[name].low or 0), name
        assert "one far unit added" in together[name].method


def test_what_one_unit_defines_gets_no_bound() -> None:
    """All fails are one user's: J, kappa and gap hold or fall with him, and none holds."""
    world = World(True, 150, 3, (0.0, 0.0), (0.0, 0.0))
    units = np.repeat(np.arange(15), 10)
    truth = (units != 4).astype(int)
    judge = np.where(np.arange(150) % 13 == 0, 1 - truth, truth)
    experts = np.stack([truth, np.where(np.arange(150) % 17 == 0, 1 - truth, truth), truth], axis=1)
    rule = PassRule(min_kappa=0.01, min_youden_j=0.01)
    found = {e.name: e for e in checks_of(judged(world, judge, experts, units), [], rule, measuring())}
    assert not found["youden_j"].holds
    assert "no bound can be drawn" in found["youden_j"].why
