"""How often a gate that looks after every few inputs decides wrongly; slow, seeded, held to binomial bounds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from judgekit.records.label import Design
from judgekit.records.policy import Floor, NotWorse
from tests.analysis.composed_data import PASSED, QUALITY
from tests.workflows.composed_looks import data, experiment, labelled, looked, verdicts

N = 160
RUNS = 200
pytestmark = pytest.mark.slow


def at_most(share: float) -> int:
    """More than this has a chance of one in a thousand, were the share the true one."""
    return int(binom.ppf(0.999, RUNS, share))


def versions(draw, *, lost, won):
    """Return passes of both: 80% of the baseline's; `lost` of all inputs turn to fails, `won` to passes."""
    before = draw.random(N) < 0.8
    change = draw.random(N)
    after = np.where(before, change >= lost / 0.8, change < won / 0.2)
    return before, after


def lenient(draw, values, share):
    """Return verdicts that are right on 85%, and pass a share of everything besides."""
    said = np.where(draw.random(N) < 0.85, values, ~values)
    return np.where(draw.random(N) < share, True, said)


@pytest.mark.parametrize("looks", [1, 20])
def test_a_judges_preference_at_the_line(looks) -> None:
    """Worse by just the margin in the judge's view: passes, and failures, are at most 5% each."""
    draw, words = np.random.default_rng(11), []
    rule = NotWorse(criterion="passed", margin=0.1, of="judge")
    for _ in range(RUNS):
        report = looked(
            data(N), verdicts(*versions(draw, lost=0.15, won=0.05)), experiment(rule, inputs_per_look=looks)
        )
        words.append(report.word)
    assert words.count("pass") <= at_most(0.05), words.count("pass")
    assert words.count("fail") <= at_most(0.05), words.count("fail")


def test_an_ordinal_preference_at_the_line() -> None:
    """Levels 1 to 5, a fifth of a level worse on average."""
    draw, words = np.random.default_rng(12), []
    rule = NotWorse(criterion="quality", margin=0.2, of="judge")
    for _ in range(RUNS):
        before = draw.integers(2, 5, N)
        after = before + draw.choice([-1, 0, 1], N, p=[0.4, 0.4, 0.2])
        told = verdicts(before.tolist(), after.tolist(), QUALITY)
        words.append(looked(data(N), told, experiment(rule, inputs_per_look=5)).word)
    assert words.count("pass") <= at_most(0.05), words.count("pass")
    assert words.count("fail") <= at_most(0.05), words.count("fail")


@pytest.mark.parametrize("share", [0.0, 0.4])
def test_experts_at_the_line_with_a_judge_lenient_on_the_candidate(share) -> None:
    """Half of the inputs labelled at random, a look every few inputs: the judge's leniency passes nobody."""
    draw, words = np.random.default_rng(13), []
    rule = NotWorse(criterion="passed", margin=0.1)
    for _ in range(RUNS):
        before, after = versions(draw, lost=0.15, won=0.05)
        given = labelled(
            before,
            after,
            np.flatnonzero(draw.random(N) < 0.5),
            design=Design(method="random", probability=0.5),
            criterion=PASSED,
        )
        told = verdicts(lenient(draw, before, 0.0), lenient(draw, after, share))
        words.append(looked(data(N, given), told, experiment(rule, inputs_per_look=4)).word)
    assert words.count("pass") <= at_most(0.05), words.count("pass")
    assert words.count("fail") <= at_most(0.05), words.count("fail")


def test_a_floor_and_two_rules_at_their_lines() -> None:
    """Both rules just at their lines: passing both is rarer still, and any false failure is at most 5%."""
    draw, words = np.random.default_rng(14), []
    rules = (NotWorse(criterion="passed", margin=0.1, of="judge"), Floor(criterion="passed", at_least=0.7, of="judge"))
    for _ in range(RUNS):
        told = verdicts(*versions(draw, lost=0.15, won=0.05))
        words.append(looked(data(N), told, experiment(*rules, inputs_per_look=4)).word)
    assert words.count("pass") <= at_most(0.05), words.count("pass")
    assert words.count("fail") <= at_most(0.05), words.count("fail")


def test_a_clear_regression_takes_a_fraction_of_the_inputs() -> None:
    """A quarter worse, margin .05: the median gate ends within 40% of the inputs, and nearly all fail."""
    draw, ends, words = np.random.default_rng(15), [], []
    rule = NotWorse(criterion="passed", margin=0.05, of="judge")
    for _ in range(RUNS):
        told = verdicts(*versions(draw, lost=0.3, won=0.05))
        report = looked(data(N), told, experiment(rule, inputs_per_look=5))
        ends.append(report.n_inputs)
        words.append(report.word)
    assert np.median(ends) < 0.4 * N, np.median(ends)
    assert words.count("fail") > 0.9 * RUNS
