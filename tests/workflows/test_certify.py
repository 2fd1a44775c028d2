"""`certify`: what a judge proved on the locked test split, line by line, and how much each look at it spends."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.errors import InputError, UnknownName
from judgekit.records.certificate import PassRule
from judgekit.records.label import Design, Opening
from judgekit.records.rubric import Criterion
from judgekit.workflows.opening import rule_words
from tests.analysis.composed_data import (
    BETTER,
    PASSED,
    QUALITY,
    TOPIC,
    dataset,
    failure,
    label,
    pair,
    session,
    settled,
    verdict,
)
from tests.workflows.certifying import (
    JUDGE,
    N_OPEN,
    N_TEST,
    NOW,
    RULE,
    certified,
    composed,
    labelled,
    manifest,
    opened,
    said,
)

N = N_OPEN + N_TEST


@pytest.fixture
def folder(tmp_path: Path) -> DatasetFolder:
    return composed(tmp_path / "data")


def check(certificate: Any, name: str) -> Any:
    (found,) = [each for each in certificate.checks if each.name == name]
    return found


def test_every_line_of_the_rule_is_held_against_its_bound(folder: DatasetFolder) -> None:
    """J, kappa, gap, bias and failures, each by the end of its interval, on the test split alone."""
    held = opened(folder, [*said(N)[:-1], failure(f"s{N - 1:03}", PASSED)])
    assert [each.name for each in held.checks] == ["youden_j", "kappa", "ceiling_gap", "bias", "failure_rate"]
    assert held.holds
    assert held.n_labels == 150
    assert not held.is_provisional
    assert check(held, "kappa").metric == "cohen_kappa"
    assert check(held, "kappa").estimate.n == 149
    gap = check(held, "ceiling_gap").estimate
    assert gap.low < gap.value < gap.high
    assert check(held, "failure_rate").estimate.value == pytest.approx(1 / 150)
    assert held.expires == NOW + timedelta(days=90)
    assert held.ceiling is not None
    assert held.ceiling.value is not None
    assert len(held.labels) == 2 * N_TEST
    assert all(name >= f"s{N_OPEN:03}" for name in held.labels)
    assert "holds the declared rule on 150 labelled test sessions (opening 1 of these labels" in held.words[0]
    assert any("agreement leaves out 11 of 160 labelled sessions (10 raters tie, 1 unparsed)" in w for w in held.words)


def test_failures_are_counted_exactly(folder: DatasetFolder) -> None:
    """9 of 150: were the rate at the upper end, 9 or fewer failures would come in 2.5%, the first opening's share."""
    places = [each for each in said(N) if each.target >= "s040"]
    tied = {f"s{i:03}" for i in range(N) if i % 15 == 7}
    failing = [each.target for each in places if each.target not in tied][:9]
    outcomes = [failure(each.target, PASSED) if each.target in failing else each for each in said(N)]
    found = check(opened(folder, outcomes), "failure_rate")
    assert found.estimate.value == pytest.approx(0.06)
    high = found.estimate.high
    assert sum(math.comb(150, i) * high**i * (1 - high) ** (150 - i) for i in range(10)) == pytest.approx(0.025)
    assert not found.holds
    assert found.why == "its upper bound 0.111 is above 0.05"


@pytest.mark.slow
def test_each_opening_spends_half_of_what_is_left(folder: DatasetFolder) -> None:
    """Another judge's looks count; the bounds move outward until the rule no longer holds."""
    for k in range(1, 6):
        scoring = replace(JUDGE, judge_fingerprint=f"sha256:{k}")
        held = opened(folder, said(N), scoring=scoring, name=f"o-{k}")
        assert held.opening == k
        assert held.level_spent == pytest.approx(1 - 0.05 / 2**k)
        assert check(held, "kappa").estimate.level == pytest.approx(1 - 0.1 / 2**k)
    assert not held.holds
    assert check(held, "ceiling_gap").why.startswith("its upper bound")


def test_a_second_judge_spends_a_quarter(folder: DatasetFolder) -> None:
    """alpha / 4 for the second look, whoever takes it."""
    opened(folder, said(N))
    held = opened(
        folder, said(N, every=25), scoring=replace(JUDGE, judge="ruth", judge_fingerprint="sha256:ruth"), name="o-2"
    )
    assert 1 - held.level_spent == pytest.approx(0.05 / 4)


def test_a_rule_changed_between_looks_is_told(folder: DatasetFolder) -> None:
    """The opening keeps the rule's fingerprint, so that a line lowered afterwards shows."""
    opened(folder, said(N))
    data = folder.load()
    lower = data.card.model_copy(update={"certify": {"passed": PassRule(min_kappa=0.1)}})
    held = opened(folder, said(N), data=data.model_copy(update={"card": lower}), name="o-2")
    assert held.words[-1] == (
        "passed: the rule is not that of the opening of 2026-03-01: it was changed after these labels were seen."
    )
    assert rule_words(held.rule) == "kappa at least 0.1, failures at most 0.05"


def test_an_opening_for_something_else_certifies_nothing(folder: DatasetFolder) -> None:
    """Another split, criterion, rule or judge."""
    for spoilt in (
        {"split": "dev"},
        {"judge": "sha256:else"},
        {"metadata": {"criterion": "quality"}},
        {"metadata": {"rule": "sha256:else"}},
    ):
        opening = Opening.model_validate({"id": "o", "split": "test", "purpose": "look"} | spoilt)
        with pytest.raises(InputError, match="opening 'o' was made for something else"):
            certified(folder.load(), said(N), opening=opening)


def test_what_the_ledger_counts_cannot_be_talked_down(folder: DatasetFolder) -> None:
    """The number handed in is a floor: openings that the dataset knows count whatever the caller says."""
    opened(folder, said(N))
    opening = Opening(id="o-9", split="test", purpose="look")
    assert certified(folder.load(), said(N), opening=opening).opening == 2
    assert certified(folder.load(), said(N), opening=opening, n_openings=4).opening == 4


def test_what_is_undefined_does_not_hold(tmp_path: Path) -> None:
    """One expert a session: no ceiling; every label the same: no kappa, no J. Each says why."""
    folder = composed(tmp_path / "data")
    data = folder.load()
    alone = [each for each in data.labels if each.rater == "ana"]

    def held(labels: Any, rule: PassRule = RULE) -> Any:
        told = data.model_copy(update={"labels": tuple(labels)})
        return certified(told, said(N), rule=rule)

    found = held(alone)
    assert not found.holds
    assert check(found, "kappa").holds
    assert check(found, "ceiling_gap").why == (
        "it is undefined: no session was labelled by two named experts, so there is no ceiling"
    )
    assert any("so there is no ceiling" in each for each in found.words)
    same = [each.model_copy(update={"value": "pass"}) for each in alone]
    found = held(same)
    assert not check(found, "youden_j").holds
    assert check(found, "youden_j").why.startswith("it is undefined: every reference rating")
    nameless = [each.model_copy(update={"rater": None}) for each in data.labels]
    assert (
        check(held(nameless), "ceiling_gap").why
        == "it is undefined: labels are anonymous, so there is no ceiling by rater"
    )
    few = [each for each in alone if str(each.session) < "s006" or "s040" <= str(each.session) < "s046"]
    found = held(few, PassRule(min_kappa=0.1, max_failure_rate=0.9))
    assert check(found, "kappa").why.startswith("no bound can be drawn: ")
    assert found.is_provisional


def test_pairs_and_adjudications_are_certified_too() -> None:
    """Preferences by plain kappa; what experts settled on, where that is the reference."""
    names = [f"p{i:03}" for i in range(160)]
    truth = [("first", "second")[i % 2] for i in range(160)]
    given = [label(name, BETTER, who, truth[i]) for i, name in enumerate(names) for who in ("ana", "ben", "cleo")]
    pairs = [pair(name) for name in names]
    splits = manifest(names, 20).model_copy(
        update={"units": {f"pair:{name}": "test" if i > 19 else "dev" for i, name in enumerate(names)}}
    )
    data = dataset(
        given, pairs=pairs, sessions=[session(f"{name}-{end}") for name in names for end in "xy"], splits=splits
    )
    outcomes = [verdict(name, BETTER, truth[i] if i % 9 else truth[i - 1]) for i, name in enumerate(names)]
    rule = PassRule(min_kappa=0.5)
    held = certified(data, outcomes, rule=rule, criterion="better")
    assert held.holds
    assert held.n_labels == 140
    assert "epsilon 0.2" in held.alt_test
    old = [each.model_copy(update={"seen": "sha256:old"}) for each in outcomes]
    with pytest.raises(InputError, match="140 labelled test sessions changed after they were judged"):
        certified(data, old, rule=rule, criterion="better")
    gone = data.model_copy(update={"sessions": data.sessions[:-2]})
    with pytest.raises(UnknownName, match="unknown session"):
        certified(gone, old, rule=rule, criterion="better")
    scored = [f"s{i:03}" for i in range(160)]
    levels = ["pass" if i % 3 else "fail" for i in range(160)]
    data = dataset(
        sessions=map(session, scored),
        adjudications=[settled(name, PASSED, levels[i]) for i, name in enumerate(scored)],
        splits=manifest(scored, 40),
    )
    outcomes = [verdict(name, PASSED, levels[i] if i % 11 else "pass") for i, name in enumerate(scored)]
    held = certified(data, outcomes, rule=rule, scoring=replace(JUDGE, reference="adjudicated"))
    assert held.holds
    assert len(held.labels) == 120


def test_slices_and_designs_are_told(tmp_path: Path) -> None:
    """Agreement on each slice asked for; labels not drawn at random are named."""
    folder = composed(tmp_path / "data")
    data = folder.load()
    told = data.model_copy(update={
        "sessions": tuple(each.model_copy(update={"version": f"v{i % 2}"}) for i, each in enumerate(data.sessions)),
        "labels": tuple(each.model_copy(update={"design": Design(method="uncertainty")}) for each in labelled(N)),
    })  # fmt: skip
    held = certified(told, said(N), scoring=replace(JUDGE, slices=("version",)))
    assert set(held.slices) == {"version=v0", "version=v1"}
    assert any("not picked at random (uncertainty 320)" in each for each in held.words)


@pytest.mark.parametrize("criterion", [PASSED, QUALITY, TOPIC], ids=lambda each: each.id)
def test_a_judge_without_a_single_error_holds_by_exact_bounds(criterion: Criterion) -> None:
    """Resampling has nothing to go by where nobody ever differs; a bound there is all the same, and it is not 1."""
    levels = criterion.scale.levels
    names = [f"s{i:03}" for i in range(150)]
    truth = [levels[i % len(levels)] for i in range(150)]
    data = dataset(
        [label(name, criterion, who, truth[i]) for i, name in enumerate(names) for who in ("ana", "ben")],
        splits=manifest(names, 10),
    )
    outcomes = [verdict(name, criterion, truth[i]) for i, name in enumerate(names)]
    rule = PassRule(min_kappa=0.8, max_ceiling_gap=0.2, max_bias=None if criterion is TOPIC else 0.15)
    held = certified(data, outcomes, rule=rule, criterion=criterion.id)
    assert held.holds, held.words
    assert 0.8 < check(held, "kappa").estimate.low < 0.99
    assert 0 < check(held, "ceiling_gap").estimate.high < 0.2
