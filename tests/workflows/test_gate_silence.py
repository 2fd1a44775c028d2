"""What a gate's figure leaves out is told: "not applicable", labels on one version alone, costs not recorded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from judgekit.records.label import Design
from judgekit.records.policy import Floor, NotWorse
from tests.analysis.composed_data import PASSED, dataset, label, session, verdict
from tests.workflows.composed_looks import data as looked_data
from tests.workflows.composed_looks import experiment, looked
from tests.workflows.composed_looks import verdicts as looked_verdicts
from tests.workflows.gate_data import (
    ceiling,
    decided,
    floor,
    labels,
    not_worse,
    only,
    place,
    sessions,
    truth,
    verdicts,
)

SAME = truth(0.8, 0.8)
LOST = [place("v2", i) for i in range(12)]
RANDOM = Design(method="random")


def refused(kept: Any, made: Any) -> list[Any]:
    """Return answers in which v2's on twelve inputs are "not applicable"."""
    return [made(each.session, PASSED, "not_applicable") if each.session in LOST else each for each in kept]


def not_applicable(name: str, criterion: Any, status: str) -> Any:
    return label(name, criterion, "ana", status, design=RANDOM)


def test_not_applicable_on_one_version_is_told_where_the_gate_passes() -> None:
    """Twelve inputs leave the figure; whoever reads the pass reads that."""
    own = refused(labels(SAME, design=RANDOM), not_applicable)
    report = decided(dataset(own, sessions=sessions()), [], not_worse(0.15), floor(0.6))
    told = 'experts gave a number of v1 alone on 12 inputs (12 with "not applicable" or "can\'t judge" of v2): these'
    assert [each.word for each in report.rules] == ["pass", "pass"]
    assert told in report.rules[0].why
    assert any(each.startswith(f"1 not_worse passed: {told}") for each in report.warnings)
    assert "of 12 of 200 sessions of v2: these count for nothing" in report.rules[1].why


def test_what_the_judge_calls_not_applicable_is_told_of_its_own_view() -> None:
    """It is an answer and no failure; in the experts' view labels make up for it."""
    said = refused(verdicts(SAME), verdict)
    report = decided(
        dataset((), sessions=sessions()), said, not_worse(0.2, of="judge"), floor(0.5, of="judge"), max_failure_rate=0
    )
    assert report.word == "pass"
    assert 'the judge gave a number of v1 alone on 12 inputs (12 with "not applicable"' in report.rules[0].why
    assert "of 12 of 200 sessions of v2" in report.rules[1].why
    corrected = decided(dataset(labels(SAME, 100, design=RANDOM), sessions=sessions()), said, not_worse(0.2))
    assert (only(corrected).word, "not applicable" in only(corrected).why) == ("pass", False)


def test_labels_on_one_version_alone_are_told() -> None:
    """Ninety sessions of v2 lack the label that v1 has on the same input."""
    own = [each for each in labels(SAME, design=RANDOM) if each.session[:2] == "v1" or int(each.session[3:]) >= 90]
    report = decided(dataset(own, sessions=sessions()), [], not_worse(0.2), floor(0.6))
    assert report.word == "pass"
    assert (
        "experts gave a number of v1 alone on 90 inputs: these count for nothing, as if chance" in report.rules[0].why
    )
    assert "experts gave a number of v1 alone on 90 inputs: what v2 did there counts for nothing" in report.rules[1].why


def test_labels_picked_nobody_knows_how_are_told() -> None:
    """Where the rest has none; where all have one there is nothing to tell."""
    part = decided(dataset(labels(SAME, 150), sessions=sessions()), [], not_worse(0.2), floor(0.6))
    for each, what in zip(part.rules, ("inputs", "sessions"), strict=True):
        assert f"how 150 of 150 labelled {what} were picked is not recorded" in each.why
    whole = decided(dataset(labels(SAME), sessions=sessions()), [], not_worse(0.2))
    assert only(whole).why.endswith("(n=200)")
    assert not whole.warnings


def test_what_is_not_decided_says_only_why() -> None:
    """Cautions are about a decision."""
    report = decided(dataset(labels(SAME, 40), sessions=sessions()), [], not_worse(0.02))
    assert (only(report).word, report.warnings) == ("inconclusive", ())


def test_a_gate_that_looks_tells_it_too() -> None:
    """Of what it looked at."""
    before, after = [True] * 80, [True] * 80
    said = [verdict(each.session, PASSED, "not_applicable") if each.session < "v1-012" else each
            for each in looked_verdicts(before, after)]  # fmt: skip
    rules = (NotWorse(criterion="passed", margin=0.3, of="judge"), Floor(criterion="passed", at_least=0.5, of="judge"))
    report = looked(looked_data(80), said, experiment(*rules, inputs_per_look=80))
    assert report.word == "pass"
    assert any("the judge gave a number of v2 alone on 12 inputs" in each for each in report.warnings)


# Costs


def costs(values: Any, quantity: str = "cost_usd") -> Any:
    """Return a dataset whose candidate's sessions cost so much; None: not recorded."""
    told = [session(place("v2", i), input=f"i{i:03d}", version="v2") for i in range(len(values))]
    told = [each.model_copy(update={quantity: value}) for each, value in zip(told, values, strict=True)]
    return dataset((), sessions=[*told, session("v1-000", input="i000", version="v1")])


def test_a_mean_claims_no_rate_beyond_the_largest_seen_and_a_quantile_does() -> None:
    """And costs that are not recorded are told of either."""
    values = [0.01 + i / 1e4 for i in range(200)]
    mean = only(decided(costs(values), [], ceiling(0.03)))
    assert mean.word == "pass"
    assert mean.why.endswith(
        "no error rate is claimed of sessions beyond the largest seen (0.0299): p50 and p95 have one"
    )
    few = decided(costs([None] * 4 + values[4:]), [], ceiling(0.04, statistic="p95"))
    assert only(few).why.endswith("4 of 200 sessions record none, and count for nothing")
    assert only(few).estimate.dropped == {"not_recorded": 4}
    assert "1 ceiling cost_usd: 4 of 200 sessions record none, and count for nothing" in few.warnings


def test_the_bound_of_a_mean_reckons_with_one_more_as_dear_as_the_dearest() -> None:
    """59 sessions of a cent and one of a dollar: BCa's bound lay at .109."""
    rule = only(decided(costs([0.01] * 59 + [1.0]), [], ceiling(0.05)))
    assert rule.word == "inconclusive"
    assert (rule.estimate.low, rule.estimate.method) == (0, "skewed t")
    assert rule.estimate.high > 0.15


N_RUNS = 500
TAILS: dict[str, Any] = {
    "log-normal": (lambda rng, n: rng.lognormal(0, 1, n), float(np.exp(0.5))),
    "exponential": (lambda rng, n: rng.exponential(1, n), 1.0),
    "one in ten five times as dear": (lambda rng, n: np.where(rng.random(n) < 0.1, 5.0, 1.0), 1.4),
}


@pytest.mark.slow
@pytest.mark.parametrize("n", [60, 200])
@pytest.mark.parametrize("name", TAILS)
def test_a_mean_cost_at_its_line_passes_seldom(name, n) -> None:
    """Where the dearest sessions are in the sample; BCa's bounds let 12% of 60 log-normal ones pass."""
    draw, line = TAILS[name]
    rng = np.random.default_rng(21)
    words = [decided(costs(draw(rng, n).tolist()), [], ceiling(line)).word for _ in range(N_RUNS)]
    assert words.count("pass") <= binom.isf(1e-3, N_RUNS, 0.05)
    assert words.count("fail") <= binom.isf(1e-3, N_RUNS, 0.05)
