"""A gate that looks as it goes: its order, its looks, who may speak, and where it ends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import judgekit
from judgekit.errors import InputError, LeakError
from judgekit.records.certificate import Standing
from judgekit.records.dataset import SplitManifest
from judgekit.records.gate import GateReport
from judgekit.records.judge import Calibrated, Lineage
from judgekit.records.label import Design
from judgekit.records.policy import Better, Ceiling, Floor, NotWorse, Policy, Rule
from judgekit.records.rubric import Criterion, Scale
from judgekit.render.text import render_text
from tests.analysis.composed_data import BETTER, LENGTH, PASSED, QUALITY, TOPIC, failure, label, verdict
from tests.workflows.composed_looks import (
    DRAWN,
    JUDY,
    composed,
    data,
    experiment,
    labelled,
    looked,
    looking,
    sessions,
    verdicts,
)

BY_JUDGE = NotWorse(criterion="passed", margin=0.05, of="judge")
BY_EXPERTS = NotWorse(criterion="passed", margin=0.05)
N = 300


def estimate_of(report: GateReport) -> Any:
    return report.rules[0].estimate


def drawn(n=N, share=0.4, seed=2):
    return np.flatnonzero(np.random.default_rng(seed).random(n) < share).tolist()


def test_a_clear_regression_ends_it_early() -> None:
    """A quarter fewer passes: two looks of fifteen are enough; every look says how it stood."""
    report = looked(data(N), verdicts(*composed(N, 0.25)), experiment(BY_JUDGE))
    assert (report.word, report.exit_code, report.n_inputs, report.n_inputs_all) == ("fail", 1, 40, 300)
    assert [look.n_inputs for look in report.looks] == [20, 40]
    assert [look.words["1 not_worse passed"] for look in report.looks] == ["inconclusive", "fail"]
    rule = report.rules[0]
    assert rule.estimate is not None
    assert rule.estimate.high is not None
    assert rule.estimate.high < rule.line == -0.05
    assert rule.estimate.level == pytest.approx(0.9)
    assert (rule.judge, rule.estimator) == ("judy", "judge_raw")
    assert rule.fails_at == pytest.approx(0.95)
    assert "the judge's preference, not the experts'" in rule.why
    assert "e-value" in rule.why
    assert "ended after 40 of 300 inputs" in report.warnings[-1]
    assert report.settings["order_seed"] == 7
    assert "40 of 300" in render_text(report)


def test_a_version_like_the_other_passes_when_enough_is_seen() -> None:
    """No input changed: what is left to doubt shrinks look by look, and no end goes back."""
    same = composed(N, 0.0)[0]
    report = looked(data(N), verdicts(same, same), experiment(BY_JUDGE))
    assert report.word == "pass"
    assert report.n_inputs < N
    lows = [look.evidence["1 not_worse passed"][0] or 0.0 for look in report.looks]
    assert lows == sorted(lows)
    assert lows[-1] > -0.05 >= lows[-2]


def test_what_is_not_decided_in_time_is_said() -> None:
    """Forty inputs cannot show so little; the policy may turn that into something else."""
    versions = composed(N, 0.02)
    for told, word in (("inconclusive", "inconclusive"), ("pass", "pass"), ("fail", "fail")):
        report = looked(
            data(N), verdicts(*versions), experiment(BY_JUDGE, max_inputs=50, inconclusive=told, inputs_per_look=15)
        )
        assert (report.word, report.rules[0].word, report.n_inputs) == (word, "inconclusive", 50)
    assert [look.n_inputs for look in report.looks] == [15, 30, 45, 50]


def test_the_order_is_drawn_by_the_policys_seed() -> None:
    """The same seed, the same order, however sessions are filed; another seed, another order."""
    there = looking(data(50), experiment(BY_JUDGE))
    back = looking(data(50).model_copy(update={"sessions": tuple(reversed(sessions(50)))}), experiment(BY_JUDGE))
    other = looking(data(50), experiment(BY_JUDGE, seed=8))
    assert there.order == back.order
    assert sorted(there.order) == sorted(other.order)
    assert there.order != other.order
    assert there.order != tuple(sorted(there.order))


def test_only_inputs_on_both_sides_are_taken() -> None:
    """One that the candidate never met is not in the order, nor are sessions without an input."""
    told = [each for each in sessions(10) if each.id != "v2-003"]
    told.append(told[0].model_copy(update={"id": "stray", "input": None}))
    found = looking(data(0).model_copy(update={"sessions": tuple(told)}), experiment(BY_JUDGE))
    assert len(found.order) == 9
    assert "i003" not in found.order


def test_units_come_whole() -> None:
    """Ten users of five inputs each: looks of seven take two users; eleven inputs at most are two users."""
    groups = [f"user-{i % 10}" for i in range(50)]
    told = data(50, groups=groups)
    found = looking(told, experiment(BY_JUDGE, inputs_per_look=7))
    first = found.next_inputs()
    assert len(first) == 10
    assert len({groups[int(name[1:])] for name in first}) == 2
    assert len(looking(told, experiment(BY_JUDGE, max_inputs=11)).order) == 10
    with pytest.raises(InputError, match=r"the first unit has 5 inputs.*a unit is looked at whole"):
        looking(told, experiment(BY_JUDGE, max_inputs=4))


def test_a_group_is_one_piece_of_evidence() -> None:
    """Thirty users whose five inputs move together show less than 150 inputs on their own."""
    moved = np.random.default_rng(3).random(30) < 0.35
    before, after = np.ones(150, dtype=bool), ~np.repeat(moved, 5)
    groups = [f"user-{i // 5:02d}" for i in range(150)]
    alone = looked(data(150), verdicts(before, after), experiment(BY_JUDGE, inputs_per_look=150))
    together = looked(data(150, groups=groups), verdicts(before, after), experiment(BY_JUDGE, inputs_per_look=150))
    ends = [report.rules[0].estimate for report in (alone, together)]
    assert ends[0] is not None
    assert ends[1] is not None
    assert ends[0].value == ends[1].value
    assert (ends[0].n_clusters, ends[1].n_clusters) == (150, 30)
    assert (ends[1].high or 0) > (ends[0].high or 0)


def test_experts_speak_where_each_look_holds_drawn_labels() -> None:
    """Labels on 40%, chances on record: the rule is decided in the experts' name, with the judge's help."""
    versions = composed(N, 0.3)
    given = labelled(*versions, drawn())
    report = looked(data(N, given), verdicts(*versions), experiment(BY_EXPERTS))
    rule = report.rules[0]
    assert (report.word, rule.of, rule.estimator, rule.judge) == ("fail", "experts", "ppi", "judy")
    assert report.n_inputs < N / 2
    assert all(look.n_labels for look in report.looks)
    assert "labelled" in rule.why
    assert "preference" not in rule.why


def test_a_look_goes_on_until_it_holds_a_label() -> None:
    """One input a look, one in five labelled: every look has one, and the tail without any says nothing."""
    same = composed(100, 0.0)[0]
    places = drawn(100, 0.2)
    found = looking(
        data(100, labelled(same, same, places, design=Design(method="random", probability=0.2))),
        experiment(BY_EXPERTS, inputs_per_look=1),
    )
    n_labels = 0
    while inputs := found.next_inputs():
        assert [int(name[1:]) in places for name in inputs].count(True) == 1
        n_labels += 1
        assert found.look([(verdicts(same, same), JUDY)], data(100)).n_labels == n_labels
    assert n_labels == len(places) or found.report().word == "pass"


def test_where_no_label_is_left_experts_say_nothing_more() -> None:
    """The judge's rule goes on to the end; the experts' one ends as it stood, and alone would have ended all."""
    same, other = composed(100, 0.0)[0], composed(100, 0.02)[1]
    order = looking(data(100), experiment(BY_JUDGE)).order
    places = [int(name[1:]) for name in order[:30]]
    given = data(100, labelled(same, same, places, design=Design(method="random", probability=0.3)))
    tight = BY_JUDGE.model_copy(update={"margin": 0.001})
    report = looked(given, verdicts(same, other), experiment(BY_EXPERTS, tight))
    assert [look.n_labels for look in report.looks] == [20, 30, 30, 30, 30]
    assert "a look without a randomly drawn label" in report.rules[0].why
    assert report.rules[0].word == "inconclusive"
    assert looked(given, verdicts(same, other), experiment(BY_EXPERTS)).n_inputs == 40


def test_locked_labels_stand_beside_no_judge() -> None:
    """Inputs of the test split are left out, labelled or not; labels in it alone decide nothing."""
    versions = composed(N, 0.35)
    places = drawn()
    held = {f"input:i{i:03d}": "test" if i % 3 == 0 else "dev" for i in range(N)}
    splits = SplitManifest(seed=1, fractions={"dev": 0.7, "test": 0.3}, units=held)
    given = data(N, labelled(*versions, places)).model_copy(update={"splits": splits})
    report = looked(given, verdicts(*versions), experiment(BY_EXPERTS))
    assert (report.word, report.rules[0].estimator) == ("fail", "ppi")
    assert "100 inputs do not count: they lie in locked splits" in " ".join(report.warnings)
    some = data(N, labelled(*versions, [i for i in places if i % 3 == 0])).model_copy(update={"splits": splits})
    report = looked(some, verdicts(*versions), experiment(BY_EXPERTS))
    assert (report.word, report.n_inputs) == ("inconclusive", 0)
    assert "no label may stand beside judy" in report.rules[0].why


def test_a_judge_that_fails_leaves_experts_alone() -> None:
    """Its failures bias nothing where labels are drawn: they are counted, and labels speak alone on them."""
    versions = composed(N, 0.35)
    outcomes = [each for each in verdicts(*versions) if not each.target.startswith("v2-1")]
    outcomes += [failure(f"v2-{i}", PASSED) for i in range(100, 200)]
    report = looked(data(N, labelled(*versions, drawn())), outcomes, experiment(BY_EXPERTS, max_failure_rate=0.9))
    assert report.word == "fail"
    assert "on which labels speak alone" in report.rules[0].why


def test_a_lenient_judge_passes_nobody_in_the_experts_name() -> None:
    """The judge passes everything; experts fail a third of the candidate: the rule fails all the same."""
    before, after = composed(N, 0.35)
    given = labelled(before, after, drawn())
    report = looked(data(N, given), verdicts(np.ones(N, bool), np.ones(N, bool)), experiment(BY_EXPERTS))
    assert report.word == "fail"


def test_the_judge_alone_never_decides_for_the_experts() -> None:
    """No label: not decided, and nothing is paid for; the judge's own rule beside it is decided all the same."""
    versions = composed(N, 0.3)
    told = looking(data(N), experiment(BY_EXPERTS))
    assert told.next_inputs() == ()
    report = told.report()
    assert (report.word, report.n_inputs) == ("inconclusive", 0)
    assert "no expert has labelled v2" in report.rules[0].why
    both = looked(data(N), verdicts(*versions), experiment(BY_EXPERTS, BY_JUDGE))
    assert [rule.word for rule in both.rules] == ["inconclusive", "fail"]


@pytest.mark.parametrize(
    ("places", "design", "why"),
    [
        (range(60), None, "no recorded chance"),
        (range(60), Design(method="uncertainty"), "no recorded chance"),
        (range(60), Design(method="random", probability=0.6), "60 labelled inputs stand for 100"),
        (range(60), Design(method="random", probability=0.05), "60 labelled inputs stand for 1200"),
    ],
)
def test_labels_that_were_not_drawn_decide_nothing(places, design, why) -> None:
    """Unknown chances, and chances that cannot be true of these inputs."""
    versions = composed(N, 0.3)
    given = labelled(*versions, places, design=design)
    report = looked(data(N, given), verdicts(*versions), experiment(BY_EXPERTS))
    assert (report.word, report.n_inputs) == ("inconclusive", 0)
    assert why in report.rules[0].why


def test_two_chances_of_one_input_decide_nothing() -> None:
    """Each session drawn by rounds of its own, which nobody can make one chance of."""
    versions = composed(N, 0.3)
    given = list(labelled(*versions, drawn()))
    twice = given[0].model_copy(update={"id": "again", "rater": "ben", "design": Design(probability=0.3)})
    report = looked(data(N, [*given, twice]), verdicts(*versions), experiment(BY_EXPERTS))
    assert "more than one recorded chance" in report.rules[0].why


def test_labels_on_one_side_alone_make_no_difference() -> None:
    """The candidate is labelled, the baseline is not: a floor can be decided, a difference cannot."""
    versions = composed(N, 0.0)
    given = [each for each in labelled(*versions, drawn()) if each.target.startswith("v2")]
    report = looked(
        data(N, given), verdicts(*versions), experiment(BY_EXPERTS, Floor(criterion="passed", at_least=0.6))
    )
    assert [rule.word for rule in report.rules] == ["inconclusive", "pass"]
    assert "no input carries labels of both v1 and v2" in report.rules[0].why


def test_labels_of_all_inputs_need_no_judge() -> None:
    """How they were picked does not matter then, and no certificate is asked for."""
    versions = composed(N, 0.3)
    given = labelled(*versions, range(N), design=None)
    told = looking(data(N, given), experiment(BY_EXPERTS, certificate="required"))
    assert told.needed == frozenset()
    report = looked(data(N, given), (), experiment(BY_EXPERTS, certificate="required"))
    assert (report.word, report.rules[0].estimator, report.rules[0].judge) == ("fail", "labels_only", None)
    assert report.certificates == {}


def test_random_labels_without_chances_speak_alone() -> None:
    """Drawn at random, one as likely as the other, but nobody wrote how likely: no judge can help."""
    versions = composed(N, 0.35)
    given = labelled(*versions, drawn(), design=Design(method="random"))
    report = looked(data(N, given), verdicts(*versions), experiment(BY_EXPERTS))
    assert (report.word, report.rules[0].estimator) == ("fail", "labels_only")


def test_an_untrusted_judge_costs_nothing() -> None:
    """A certificate is required and is not there, or void: said before anything is judged."""
    versions = composed(N, 0.3)
    given = labelled(*versions, drawn())
    for rule in (BY_JUDGE, BY_EXPERTS):
        report = looked(data(N, given), verdicts(*versions), experiment(rule, certificate="required"))
        assert (report.word, report.exit_code, report.n_inputs) == ("untrusted", 5, 0)
        assert "judy has no certificate for passed" in report.rules[0].why
    valid = Standing(judge="judy", criterion="passed", word="valid", why="it holds")
    void = valid.model_copy(update={"word": "voided", "why": "a label was retracted", "is_provisional": True})
    asked = experiment(BY_JUDGE, certificate="required")
    assert looked(data(N), verdicts(*versions), asked, standings=[valid]).word == "fail"
    report = looked(data(N), verdicts(*versions), asked, standings=[void])
    assert "judy is not trusted (voided): a label was retracted" in report.rules[0].why
    assert report.certificates == {"judy, passed": "voided: a label was retracted (provisional: under 100 test labels)"}


def test_labels_that_made_the_judge_are_refused() -> None:
    """It may not be corrected by what it learnt from."""
    versions = composed(N, 0.3)
    places = drawn()
    made = Lineage(calibrated=(Calibrated(dataset="composed", units=(f"input:i{places[0]:03d}",)),))
    with pytest.raises(LeakError, match="helped to make judy"):
        looked(
            data(N, labelled(*versions, places)),
            verdicts(*versions),
            experiment(BY_EXPERTS),
            by=replace(JUDY, lineage=made),
        )


def test_failures_count_for_the_worst_either_way() -> None:
    """Two of a hundred candidates failed: they stand against passing as fails, and against failing as passes."""
    same = np.ones(100, dtype=bool)
    outcomes = [each for each in verdicts(same, same) if each.target not in ("v2-000", "v2-001")]
    outcomes += [failure("v2-000", PASSED), failure("v2-001", PASSED)]
    report = looked(data(100), outcomes, experiment(BY_JUDGE, inputs_per_look=100))
    clean = looked(data(100), verdicts(same, same), experiment(BY_JUDGE, inputs_per_look=100))
    bad = looked(data(100), verdicts(same, np.arange(100) > 1), experiment(BY_JUDGE, inputs_per_look=100))
    found, whole, worst = (estimate_of(each) for each in (report, clean, bad))
    assert found.low == worst.low < whole.low
    assert found.high == whole.high
    assert found.value == 0.0
    assert "2 failures, taken for the worst" in report.rules[0].why
    assert report.counts[0].failures == {"unparsed": 2}
    assert report.counts[0].n_used == 198


def test_sessions_that_nobody_judged_are_failures() -> None:
    """A run with holes passes nobody; a number off the scale is no number."""
    same = np.ones(100, dtype=bool)
    report = looked(data(100), [*verdicts(same, same)[:150]], experiment(BY_JUDGE))
    assert (report.word, report.exit_code) == ("incomplete", 3)
    assert report.counts[0].dropped["not_judged"] > 0
    off = [verdict(f"{v}-{i:03d}", LENGTH, 5, score=900.0) for v in ("v1", "v2") for i in range(100)]
    rule = NotWorse(criterion="length", margin=5, of="judge")
    asked = experiment(rule)
    report = looked(data(100), off, asked, by=replace(JUDY, use="score"))
    assert report.word == "incomplete"
    assert "off_scale" in report.counts[0].dropped


def test_too_many_failures_end_it_once_they_cannot_be_made_up_for() -> None:
    """Every verdict fails: 5% of 300 are used up in the first look, and the rest is not paid for."""
    outcomes = [failure(f"{version}-{i:03d}", PASSED) for version in ("v1", "v2") for i in range(N)]
    report = looked(data(N), outcomes, experiment(BY_JUDGE))
    assert (report.word, report.n_inputs) == ("incomplete", 20)
    assert "no answer on 20 of 20 sessions of the baseline so far (100%; at most 5% may be)" in report.rules[0].why
    some = composed(N, 0.25)
    early = set(looking(data(N), experiment(BY_JUDGE)).order[:2])
    outcomes = [each for each in verdicts(*some) if f"i{each.target[3:]}" not in early]
    report = looked(data(N), outcomes, experiment(BY_JUDGE))
    words = [look.words["1 not_worse passed"] for look in report.looks]
    assert (words[0], words[-1]) == ("incomplete", "fail")


def test_answers_without_a_number_leave_an_input_out() -> None:
    """`not_applicable` is no failure, by judge or expert: such inputs do not count."""
    versions = composed(N, 0.3)
    outcomes = [
        verdict(each.target, PASSED, "not_applicable") if each.target.endswith("0") else each
        for each in verdicts(*versions)
    ]
    report = looked(data(N), outcomes, experiment(BY_JUDGE, max_failure_rate=0.0))
    assert report.word == "fail"
    assert report.rules[0].estimate is not None
    assert report.rules[0].estimate.n < report.n_inputs
    given = [
        label(each.target, PASSED, "ana", "not_applicable", design=DRAWN) if each.target.endswith("0") else each
        for each in labelled(*versions, drawn())
    ]
    told = looked(data(N, given), outcomes, experiment(BY_EXPERTS))
    assert told.rules[0].word == "fail"


def test_every_rule_must_pass_and_one_fails_it() -> None:
    """Intersection and union; with four rules, failing takes a quarter of the error rate each."""
    same = composed(N, 0.0)[0]
    good = Floor(criterion="passed", at_least=0.6, of="judge")
    report = looked(data(N), verdicts(same, same), experiment(BY_JUDGE, good))
    assert (report.word, [rule.word for rule in report.rules]) == ("pass", ["pass", "pass"])
    worse = Floor(criterion="passed", at_least=0.97, of="judge")
    report = looked(
        data(N), verdicts(same, same), experiment(BY_JUDGE, good, worse, Better(criterion="passed", by=0.3, of="judge"))
    )
    assert report.word == "fail"
    failed = [rule for rule in report.rules if rule.word == "fail"]
    assert all(rule.fails_at == pytest.approx(1 - 0.05 / 4) for rule in failed)
    assert failed


def test_slices_are_rules_of_their_own() -> None:
    """The whole is fine, German inputs are not: the slice fails the gate."""
    n = 400
    before = np.ones(n, dtype=bool)
    is_german = np.arange(n) % 4 == 0
    after = np.where(is_german, np.random.default_rng(4).random(n) < 0.5, True)
    told = [each.model_copy(update={"tags": ("de" if is_german[int(each.id[3:])] else "en",)}) for each in sessions(n)]
    given = data(0).model_copy(update={"sessions": tuple(told)})
    rule = NotWorse(criterion="passed", margin=0.2, of="judge", slices=("tags",))
    report = looked(given, verdicts(before, after), experiment(rule))
    assert [(each.slice, each.word) for each in report.rules if each.word == "fail"] == [("tags=de", "fail")]
    assert "1 not_worse passed tags=de" in report.looks[0].words
    lost = NotWorse(criterion="passed", margin=0.2, of="judge", slices=("tags=fr",))
    assert looked(given, verdicts(before, after), experiment(lost)).word == "missing"


def test_where_less_is_better_signs_turn() -> None:
    """On a harm scale a candidate that does more of it fails, and one that does less is better."""
    harm = Criterion(id="harm", question="Harm?", scale=Scale(type="ordinal", levels=(1, 2, 3)), direction="lower")
    given = data(N)
    given = given.model_copy(update={"rubric": given.rubric.model_copy(update={"criteria": (harm,)})})
    draw = np.random.default_rng(5)
    low, high = draw.integers(1, 3, N).tolist(), draw.integers(2, 4, N).tolist()
    rule, better = (
        kind(criterion="harm", of="judge", **told) for kind, told in ((NotWorse, {"margin": 0.2}), (Better, {}))
    )
    assert looked(given, verdicts(low, high, harm), experiment(rule)).word == "fail"
    assert looked(given, verdicts(high, low, harm), experiment(rule, better)).word == "pass"
    assert (
        looked(given, verdicts(high, low, harm), experiment(Floor(criterion="harm", at_least=2, of="judge"))).word
        == "pass"
    )


def test_ordinal_scales_and_trials() -> None:
    """Trials of an input are averaged; a shift of one level is seen at once."""
    draw = np.random.default_rng(6)
    before, after = draw.integers(2, 5, N).tolist(), draw.integers(1, 4, N).tolist()
    outcomes = verdicts(before, after, QUALITY)
    outcomes += [verdict(f"v2-{i:03d}b", QUALITY, max(1, value - 1)) for i, value in enumerate(after)]
    outcomes += [verdict(f"v1-{i:03d}b", QUALITY, value) for i, value in enumerate(before)]
    report = looked(data(N, trials=2), outcomes, experiment(NotWorse(criterion="quality", margin=0.3, of="judge")))
    assert report.word == "fail"
    assert report.n_inputs <= 100
    assert report.counts[0].n_targets == 4 * report.n_inputs
    assert "the rubric does not say which end is better" in report.warnings[0]


def test_cost_is_measured_once_and_first() -> None:
    """Sessions that cost too much fail the gate before anything is judged."""
    told = data(N, cost_usd=0.03)
    dear = Ceiling(quantity="cost_usd", at_most=0.02)
    found = looking(told, experiment(BY_JUDGE, dear))
    assert found.next_inputs() == ()
    report = found.report()
    assert (report.word, [rule.word for rule in report.rules]) == ("fail", ["inconclusive", "fail"])
    assert "measured in one look" in " ".join(report.warnings)
    same = composed(N, 0.0)[0]
    report = looked(told, verdicts(same, same), experiment(BY_JUDGE, Ceiling(quantity="cost_usd", at_most=0.04)))
    assert report.word == "pass"
    assert looking(data(N), experiment(dear)).report().word == "missing"


def test_what_has_no_bounds_is_missing() -> None:
    """Names that there are not, levels without an order, numbers without ends, nothing to pair, nobody to ask."""
    open_ended = Criterion(id="size", question="?", scale=Scale(type="numeric", min=0))
    given = data(30)
    given = given.model_copy(
        update={"rubric": given.rubric.model_copy(update={"criteria": (PASSED, TOPIC, BETTER, open_ended)})}
    )
    cases = (
        ("manners", "no criterion 'manners'"),
        ("topic", "categorical scale has no order"),
        ("better", "a preference of pairs, which looks do not take: hold it in one look"),
        ("size", "declare min and max"),
    )
    for name, why in cases:
        report = looked(given, (), experiment(NotWorse(criterion=name, margin=0.1, of="judge")))
        assert (report.word, report.exit_code) == ("missing", 2)
        assert why in report.rules[0].why
    report = looked(given, (), experiment(BY_JUDGE))
    assert "no judge answers 'passed'" in report.rules[0].why
    one_side = given.model_copy(update={"sessions": tuple(each for each in given.sessions if each.version == "v1")})
    report = looked(one_side, (), experiment(BY_JUDGE))
    assert (report.word, report.n_inputs_all) == ("missing", 0)
    assert "nothing can be paired" in report.rules[0].why


def test_the_budget_may_end_it() -> None:
    """Not decided by then has a code of its own, whatever the policy makes of inconclusive gates; a fail stays one."""
    found = looking(data(N), experiment(BY_JUDGE, inconclusive="pass"))
    assert found.next_inputs()
    found.look([(verdicts(*composed(N, 0.02)), JUDY)], data(N))
    report = found.report(is_out_of_budget=True, cost_usd=1.5)
    assert (report.word, report.exit_code, report.cost_usd) == ("budget", 6, 1.5)
    assert "the budget was met first" in report.summary[0]
    with pytest.raises(InputError, match="no look is due"):
        found.look([], data(N))


def test_a_policy_must_say_how_to_look() -> None:
    """One without [gate.sequential] is for a gate of one look."""
    asked = experiment(BY_JUDGE)
    once = asked.model_copy(update={"gate": Policy(rules=(BY_JUDGE,))})
    with pytest.raises(InputError, match="does not look as it goes"):
        looking(data(3), once)
    with pytest.raises(InputError, match=r"no \[gate\]"):
        looked(data(3), (), asked.model_copy(update={"gate": None}))


@pytest.mark.slow
def test_a_bad_rule_never_passes_by_default() -> None:
    """At its own level it lies on the bad side, though not at that of one among many: not turned into a pass."""
    rules: list[Rule] = [BY_JUDGE, *(Floor(criterion="passed", at_least=0.01 * k, of="judge") for k in range(1, 30))]
    for n in range(20, 60, 2):
        report = looked(
            data(N),
            verdicts(*composed(N, 0.25)),
            experiment(*rules, max_inputs=n, inconclusive="pass", inputs_per_look=60),
        )
        if report.rules[0].word != "inconclusive":
            break
        if "at its own level" in report.rules[0].why:
            assert report.word == "inconclusive"
            return
    pytest.fail("no such look was found")


def test_python_looks_too() -> None:
    """`judgekit.gate` with a policy that looks says what the command says of the same verdicts."""
    policy = {"rules": [BY_JUDGE.model_dump()], "sequential": {}, "certificate": "not_needed"}
    report = judgekit.gate(data(N), verdicts(*composed(N, 0.25)), policy, "v1", "v2", judge="judy")
    assert (report.word, report.n_inputs) == (
        "fail",
        looked(data(N), verdicts(*composed(N, 0.25)), experiment(BY_JUDGE)).n_inputs,
    )
