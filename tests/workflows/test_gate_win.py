"""Gates on preferences: how often experts, or a judge, prefer the candidate's session of a pair."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom, multinomial

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.comparison import version_side
from judgekit.analysis.gate_win import win_reading
from judgekit.errors import InputError, LeakError
from judgekit.records.certificate import Standing
from judgekit.records.judge import Lineage
from judgekit.records.label import Design
from judgekit.records.session import Pair
from judgekit.workflows.compare import compare
from judgekit.workflows.gate_ground import PairGround, ground_of
from tests.analysis.composed_data import BETTER, dataset, failure, label, verdict
from tests.workflows.gate_data import JUDY, better, decided, floor, not_worse, only, sessions

N = 100
VALID = [Standing(judge="judy", criterion="better", word="valid", why="until 2027")]


def data(given=(), *, n: int = N, **fields: Any) -> Any:
    """Return pairs of both versions, the candidate first in every other one."""
    ends = [("v2", "v1") if i % 2 else ("v1", "v2") for i in range(n)]
    pairs = [
        Pair(id=f"p{i:03d}", first=f"{a}-{i:03d}", second=f"{b}-{i:03d}", input=f"i{i:03d}")
        for i, (a, b) in enumerate(ends)
    ]
    return dataset(given, sessions=sessions(n), pairs=pairs, **fields)


def said(i: int, word: str) -> str:
    """Return in a pair's own order which version wins: `won` is the candidate."""
    if word == "tie":
        return word
    return "first" if (word == "won") == bool(i % 2) else "second"


def labels(words: list[str], places: Any = None, **fields: Any) -> list[Any]:
    kept = range(len(words)) if places is None else places
    return [label(f"p{i:03d}", BETTER, "ana", said(i, words[i]), **fields) for i in kept]


def verdicts(words: list[str | None]) -> list[Any]:
    return [
        failure(f"p{i:03d}", BETTER) if word is None else verdict(f"p{i:03d}", BETTER, said(i, word))
        for i, word in enumerate(words)
    ]


def words(n_won: int, n_lost: int, n: int = N) -> list[Any]:
    """Return so many wins and losses, the rest ties, in a fixed order that mixes them."""
    told = ["won"] * n_won + ["lost"] * n_lost + ["tie"] * (n - n_won - n_lost)
    return [told[(i * 37) % n] for i in range(n)]


def held(given: Any, outcomes: Any, *rules: Any, **more: Any) -> Any:
    return decided(given, outcomes, *rules, standings=VALID, **more)


def test_a_candidate_that_experts_prefer_is_better() -> None:
    """70 wins, 20 losses, 10 ties: 75% of wins; its bounds are those of wins less losses."""
    report = held(data(labels(words(70, 20))), [], better(0.0, "better"), not_worse(0.05, "better"))
    rule = report.rules[0]
    assert [each.word for each in report.rules] == ["pass", "pass"]
    assert (rule.metric, rule.estimator, rule.line, report.rules[1].line) == ("win_rate", "labels_only", 0.5, 0.45)
    assert rule.estimate.value == pytest.approx(0.75)
    assert 0.6 < rule.estimate.low < 0.68
    assert rule.asks == "v2 is better than v1 on better (win rate, ties half)"
    assert rule.why.startswith("0.75 [0.6")
    assert "lies above 0.5 (n=100)" in rule.why
    assert {(row.metric, row.between) for row in report.rows} == {("win_rate", "v2~v1")}


def test_without_ties_bounds_are_exact() -> None:
    """Clopper and Pearson's of 60 among 100 at 90%: .5129 to .6826 (binom.test in R)."""
    estimate = only(held(data(labels(words(60, 40))), [], better(0.0, "better"))).estimate
    assert estimate.method.startswith("clopper-pearson")
    assert (estimate.low, estimate.high) == (pytest.approx(0.5129, abs=2e-3), pytest.approx(0.6826, abs=2e-3))


def test_two_rules_on_one_criterion_show_what_else_was_measured_once() -> None:
    """By the judge alone and by labels alone."""
    given, told = data(labels(words(70, 20), range(0, N, 2))), verdicts(words(70, 20))
    rows = held(given, told, better(0.0, "better"), not_worse(0.1, "better")).rows
    assert [row.estimator for row in rows] == ["ppi", "ppi", "labels_only", "judge_raw"]


def test_a_candidate_that_experts_do_not_prefer_fails() -> None:
    """Twenty wins of a hundred: by how much is said; a coin's tosses are not decided."""
    report = held(data(labels(words(20, 70))), [], better(0.0, "better"))
    assert (report.word, report.exit_code) == ("fail", 1)
    assert "v2 is not better than v1 on better: its win rate is 0.25 [" in report.summary[0]
    assert "and has to lie above 0.5" in report.summary[0]
    worse = held(data(labels(words(20, 70))), [], not_worse(0.1, "better"))
    assert "v2 is worse than v1 on better: its win rate is 0.25 [" in worse.summary[0]
    assert held(data(labels(words(50, 45))), [], better(0.0, "better")).word == "inconclusive"
    assert held(data(labels(words(50, 45))), [], not_worse(0.02, "better")).word == "inconclusive"


def test_labels_correct_a_judge_that_prefers_what_is_new() -> None:
    """Experts hold the versions for alike; the judge gives the candidate nine pairs of ten."""
    fair = words(45, 45)
    report = held(data(labels(fair, range(0, N, 2))), verdicts(words(90, 5)), better(0.0, "better"))
    rule = only(report)
    assert (rule.word, rule.estimator, rule.judge) == ("inconclusive", "ppi", "judy")
    assert {row.estimator for row in report.rows} == {"ppi", "judge_raw", "labels_only"}
    assert [row.judge for row in report.rows if row.estimator == "labels_only"] == [None]
    own = held(data(labels(fair, range(0, N, 2))), verdicts(words(90, 5)), better(0.0, "better", of="judge"))
    assert (only(own).word, only(own).estimator) == ("pass", "judge_raw")
    assert any("speaks of the judge's own view" in line for line in own.warnings)


def test_a_good_judge_helps() -> None:
    """Half of the pairs labelled, the judge right on nine in ten: narrower than labels alone."""
    truth = words(70, 25)
    rng = np.random.default_rng(3)
    told = [each if rng.random() < 0.9 else "tie" for each in truth]
    helped = only(held(data(labels(truth, range(0, N, 2))), verdicts(told), better(0.0, "better")))
    alone = only(held(data(labels(truth, range(0, N, 2))), [], better(0.0, "better")))
    assert helped.word == "pass"
    assert helped.estimate.high - helped.estimate.low < alone.estimate.high - alone.estimate.low


def test_a_preference_without_any_label_is_not_decided() -> None:
    """However often the judge prefers the candidate, and whatever delta is declared."""
    report = held(data(), verdicts(words(95, 5)), better(0.0, "better"), plan={"delta": 0.01})
    assert report.word == "inconclusive"
    assert only(report).why.startswith("no expert has said which of v2 and v1 is better, on any pair")


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (floor(0.5, "better"), "'better' is a preference, which has no floor: ask for better, or not_worse"),
        (better(0.0, "better"), "no verdict is on 'better' of pairs of v2 and v1, and no label"),
        (better(0.0, "better", of="judge"), "no verdict is on 'better' of pairs of v2 and v1"),
    ],
)
def test_what_is_not_there_is_missing(rule, told) -> None:
    """It fails closed."""
    report = held(data(), [], rule)
    assert (report.word, report.exit_code) == ("missing", 2)
    assert only(report).why == told


def test_without_pairs_of_both_versions_it_is_missing() -> None:
    """Sessions alone are no pairs."""
    report = held(dataset((), sessions=sessions(N)), [], better(0.0, "better"))
    assert only(report).why == "no pair holds a session of v2 and one of v1"


@pytest.mark.parametrize("rule", [not_worse(0.5, "better"), better(0.5, "better")])
def test_what_no_win_rate_can_show_is_refused(rule) -> None:
    """A win rate is at most a half from even."""
    with pytest.raises(InputError, match=r"rule 1: .* 0.5 is off the scale of better, 0 to 0.5"):
        held(data(labels(words(70, 20))), [], rule)


def test_a_judge_without_a_certificate_is_not_trusted() -> None:
    """Where it has a part; labels alone need none."""
    given, told = data(labels(words(70, 20), range(0, N, 2))), verdicts(words(70, 20))
    assert decided(given, told, better(0.0, "better"), standings=[]).word == "untrusted"
    whole = data(labels(words(70, 20)))
    assert decided(whole, told, better(0.0, "better"), standings=[]).word == "pass"


def test_too_many_failures_decide_nothing() -> None:
    """Ten of a hundred; with what they could make of it."""
    told = [None if i % 10 == 0 else each for i, each in enumerate(words(80, 10))]
    report = held(data(), verdicts(told), better(0.0, "better", of="judge"))
    assert (report.word, report.exit_code) == ("incomplete", 3)
    assert "10 of 100 outcomes on pairs of v2 and v1 are failures" in only(report).why
    low, high = (float(each.split(" ")[0]) for each in only(report).why.split("it would be ")[1].split("for it "))
    assert low < high


def test_failures_that_could_turn_the_answer_are_told() -> None:
    """Four of a hundred, and a bound that is close."""
    told = [None if i in (3, 4, 5, 6) else each for i, each in enumerate(words(58, 38))]
    report = held(data(), verdicts(told), better(0.0, "better", of="judge"))
    assert report.word == "pass"
    assert any("failures could turn its answer" in line for line in report.warnings)


def test_pairs_without_the_judges_word_still_count_where_they_are_labelled() -> None:
    """It has nothing to say of what was lost: labels on these are not left out."""
    truth = words(60, 40)
    told = [None if each == "lost" else each for each in truth]
    report = held(data(labels(truth, range(0, N, 2))), verdicts(told), better(0.0, "better"), max_failure_rate=0.5)
    rule = only(report)
    assert rule.estimator == "ppi"
    assert rule.word == "inconclusive"
    assert rule.estimate.value < 0.75


def test_pairs_that_got_worse_are_told_with_the_judges_reason() -> None:
    """Those that it gives to the baseline; those not asked about are counted."""
    report = held(data(labels(words(70, 20))), verdicts(words(70, 20))[:90], better(0.0, "better", of="judge"))
    assert len(report.moved) == 5
    first = report.moved[0]
    assert first.ratings[0].rater == "v1 preferred"
    assert first.excerpt.startswith("I am v")
    assert "better: judy was not asked about 10 of 100 pairs" in report.warnings
    (counts,) = report.counts
    assert (counts.n_targets, counts.n_used) == (100, 100)


def test_slices_hold_pairs_of_their_inputs() -> None:
    """The even inputs came by mail."""
    told = [("won" if i % 2 else "lost") for i in range(N)]
    report = held(data(labels(told)), [], better(0.0, "better", slices=["metadata.by"]))
    by = {each.slice: each.word for each in report.rules}
    assert by == {None: "inconclusive", "metadata.by=chat": "pass", "metadata.by=mail": "fail"}


def test_pairs_of_one_group_are_one_piece_of_evidence() -> None:
    """A hundred pairs of five users decide nothing, wherever they lie; of twenty they do, with wider bounds."""

    def grouped(n_groups: int) -> Any:
        own = data(labels(words(80, 20)))
        pairs = tuple(each.model_copy(update={"group": f"g{i % n_groups}"}) for i, each in enumerate(own.pairs))
        return own.model_copy(update={"pairs": pairs})

    few = only(held(grouped(5), [], better(0.0, "better")))
    assert few.word == "inconclusive"
    many = only(held(grouped(20), [], better(0.0, "better")))
    assert (many.word, many.estimate.method) == ("pass", "skewed t")


def test_labels_with_chances_are_weighted() -> None:
    """Pairs of the first half are labelled half as often; without random chances they speak for themselves alone."""
    told = words(70, 20)
    some = [i for i in range(N) if i >= 50 or i % 2]
    drawn = [
        each.model_copy(update={"design": Design(method="mixture", probability=0.5 if i < 50 else 1.0)})
        for i, each in zip(some, labels(told, some), strict=True)
    ]
    weighted = only(held(data(drawn), [], better(0.0, "better")))
    assert (weighted.word, weighted.estimator, weighted.estimate.method) == ("pass", "labels_only", "skewed t")
    helped = only(held(data(drawn), verdicts(told), better(0.0, "better")))
    assert (helped.word, helped.estimator) == ("pass", "ppi")
    picked = labels(told, some, design=Design(method="judge_unsure"))
    chosen = only(held(data(picked), verdicts(told), better(0.0, "better")))
    assert chosen.word == "inconclusive"
    assert "the labelled pairs are no random sample" in chosen.why


def test_labels_that_made_the_judge_are_refused() -> None:
    """By name."""
    given = data(labels(words(70, 20), range(0, N, 2)))
    made_of = Lineage(dataset="composed", units=tuple(given.unit(f"p{i:03d}") for i in range(N)))
    with pytest.raises(LeakError):
        held(given, verdicts(words(70, 20)), better(0.0, "better"), scoring=replace(JUDY, lineage=made_of))


def test_a_comparison_decides_as_the_gate_does() -> None:
    """The same bounds, at the same level, with the same words where too many failed."""
    given, told = data(labels(words(60, 35), range(0, N, 2))), verdicts(words(62, 30))
    sides = (version_side(given, "v1"), version_side(given, "v2"))
    how = Measuring(np.random.default_rng(1), n_resamples=200)
    compared = compare(given, told, sides, scoring=replace(JUDY, splits=("all",)), measuring=how)
    gated = only(held(given, told, better(0.0, "better")))
    decision = compared.better()
    assert (decision.parts[0].estimate, decision.word) == (gated.estimate, gated.word)
    assert compared.not_worse(0.2).word == "pass"
    with pytest.raises(InputError, match=r"margin 0.5 is off the scale of better, 0 to 0.5"):
        compared.not_worse(0.5)
    failing = compare(given, verdicts([None] * 20 + words(62, 30)[20:]), sides, scoring=JUDY, measuring=how)
    assert failing.better(of="judge").word == "inconclusive"
    assert "outcomes on pairs of v2 and v1 are failures" in repr(failing.better(of="judge"))


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("rate", [0.4, 0.5, 0.7])
def test_a_win_rate_on_its_line_passes_in_one_of_twenty(rate, share) -> None:
    """By summing over all tables of 40 pairs: either bound errs at most as often as it says, but for rounding."""
    n, chances = 40, (rate - share / 2, share, 1 - rate - share / 2)
    wins = _of_pairs(n)
    n_wrong = np.zeros(2)
    for won in range(n + 1):
        for tied in range(n + 1 - won) if share else (0,):
            chance = multinomial.pmf([won, tied, n - won - tied], n, chances)
            if chance > 1e-6:
                scores = dict(
                    zip(sorted(wins.candidate_is_first), [1.0] * won + [0.5] * tied + [0.0] * n, strict=False)
                )
                found = replace(wins)
                found.__dict__["human"] = scores
                at = win_reading(found, "experts").at
                assert at is not None
                estimate = at(measuring_at(0.9))
                n_wrong += chance * np.array([estimate.low > rate + 1e-12, estimate.high < rate - 1e-12])
    assert max(n_wrong) <= 0.052


def _of_pairs(n: int) -> Any:
    given = data(labels(words(n // 2, n // 2, n)), n=n)
    sides = (version_side(given, "v1"), version_side(given, "v2"))
    ground = ground_of(given, BETTER, sides, [], None)
    assert isinstance(ground, PairGround)
    return ground.wins


def measuring_at(level: float) -> Measuring:
    return Measuring(np.random.default_rng(1), level=level, n_resamples=200)


@pytest.mark.slow
def test_a_lenient_judge_passes_no_win_rate_on_its_line() -> None:
    """Half of 200 pairs labelled, the judge gives the candidate every fifth pair more: 300 runs."""
    n_passed, rng = 0, np.random.default_rng(17)
    for _ in range(300):
        truth = rng.choice(["won", "lost", "tie"], p=[0.45, 0.45, 0.1], size=200).tolist()
        heard = ["won" if rng.random() < 0.2 else each for each in truth]
        given = data(labels(truth, range(0, 200, 2)), n=200)
        n_passed += held(given, verdicts(heard), better(0.0, "better")).word == "pass"
    assert n_passed <= binom.isf(1e-3, 300, 0.05)
