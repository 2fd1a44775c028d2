"""Rows of a judge against the experts, worked out by hand; where every target went."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judgekit.analysis.scoring import score_rows
from judgekit.analysis.verdict_table import verdict_table
from judgekit.errors import UnknownName
from judgekit.records.dataset import RaterGroup
from tests.analysis.composed_data import (
    BETTER,
    LENGTH,
    PASSED,
    QUALITY,
    TOPIC,
    betweens,
    dataset,
    failure,
    label,
    labels,
    measuring,
    pair,
    rows_of,
    session,
    shown,
    verdict,
)

VOTES = {
    "s1": {"ana": "pass", "ben": "pass", "chloe": "pass"},
    "s2": {"ana": "pass", "ben": "pass", "chloe": "fail"},
    "s3": {"ana": "fail", "ben": "fail"},
    "s4": {"ana": "pass", "ben": "fail"},
    "s5": {"ana": "fail"},
}
JUDGED = {"s1": "pass", "s2": "fail", "s3": "fail", "s4": "pass"}


def scored(data, criterion, outcomes, *, rule="majority", metrics=(), targets=None):
    """Return what is measured over all targets of a dataset."""
    known = {*data.session_by_id, *data.pair_by_id} if targets is None else targets
    table = verdict_table(criterion, outcomes)
    return score_rows(data, criterion, table, measuring(metrics=metrics), rule=rule, targets=known)


@pytest.fixture(scope="module")
def votes():
    outcomes = [verdict(name, PASSED, value) for name, value in JUDGED.items()]
    return scored(dataset(labels(PASSED, VOTES)), PASSED, [*outcomes, failure("s5", PASSED)])


def test_judge_against_the_reference(votes) -> None:
    """References: s1 pass, s2 pass, s3 fail; s4 ties, s5 failed. Judge pass fail fail: accuracy 2/3, tpr 1/2, tnr 1.

    Chance: judge 1/3 pass, reference 2/3 pass: 2/9 + 2/9 = 4/9; kappa (2/3 - 4/9) / (5/9) = 2/5. f1 = 2/3.
    AC1: both levels are used alike, so chance is 1/2: (2/3 - 1/2) / (1/2) = 1/3.
    """
    rows = rows_of(votes.rows, "judge~reference")
    expected = {
        "accuracy": 2 / 3,
        "tpr": 1 / 2,
        "tnr": 1,
        "cohen_kappa": 2 / 5,
        "balanced_accuracy": 3 / 4,
        "precision": 1,
        "f1": 2 / 3,
        "mcc": 1 / 2,
        "gwet_ac1": 1 / 3,
        "bias": -1 / 3,
    }
    assert {metric: estimate.value for metric, estimate in rows.items()} == pytest.approx(expected)
    assert rows["accuracy"].dropped == {"raters_tie": 1, "unparsed": 1}
    assert all(estimate.n == 3 for estimate in rows.values())


def test_judge_against_each_rater(votes) -> None:
    """ana: pass pass fail pass against pass fail fail pass: 3/4. chloe: pass fail against pass fail: 1."""
    assert rows_of(votes.rows, "judge~ana")["accuracy"].value == 3 / 4
    assert rows_of(votes.rows, "judge~ana")["accuracy"].dropped == {"missing": 1}
    assert (
        rows_of(votes.rows, "judge~ben")["accuracy"].value == 1 / 2
    )  # pass pass fail fail against pass fail fail pass
    assert rows_of(votes.rows, "judge~chloe")["accuracy"].value == 1


def test_judge_and_rater_meet_the_same_others(votes) -> None:
    """s1: three rows (others pass); s2: chloe's row (others pass), the other two tie; s3 and s4: two rows each.

    Rater: 3 of 3, 0 of 1, 2 of 2, 0 of 2 = 5/8. Judge: 3 of 3, 0 of 1, 2 of 2, s4 pass against fail, pass = 1/2: 6/8.
    """
    judge, rater = (rows_of(votes.rows, f"{side}~others")["accuracy"] for side in ("judge", "rater"))
    assert (judge.value, rater.value) == (6 / 8, 5 / 8)
    assert (judge.n, judge.n_clusters) == (rater.n, rater.n_clusters) == (8, 4)
    assert judge.dropped == rater.dropped == {"others_tie": 2, "no_other_rater": 1}


def test_a_judge_between_levels_leaves_the_same_rows_to_the_rater() -> None:
    """The judge's median 3/2 on s1 enters no level metric; the rater's rows of s1 then stay out of it too."""
    ratings = {"s1": {"ana": 1, "ben": 2}, "s2": {"ana": 3, "ben": 3}, "s3": {"ana": 5, "ben": 4}}
    outcomes = [verdict("s1", QUALITY, 1), verdict("s1", QUALITY, 2, sample=1)]
    outcomes += [verdict("s2", QUALITY, 3), verdict("s3", QUALITY, 5)]
    rows = scored(dataset(labels(QUALITY, ratings)), QUALITY, outcomes, rule="median").rows
    judge, rater = (rows_of(rows, f"{side}~others") for side in ("judge", "rater"))
    assert {m: (e.n, e.dropped) for m, e in judge.items()} == {m: (e.n, e.dropped) for m, e in rater.items()}
    assert (judge["accuracy"].n, judge["accuracy"].dropped) == (4, {"between_levels": 2})
    assert (judge["accuracy"].value, rater["accuracy"].value) == (3 / 4, 2 / 4)
    assert (judge["mae"].n, judge["mae"].value) == (6, pytest.approx(2 / 6))  # 1/2 + 1/2 + 0 + 0 + 1 + 0 over 6


def test_the_baseline_always_gives_the_most_frequent_answer(votes) -> None:
    """References pass pass fail: always pass is right on 2/3."""
    assert rows_of(votes.rows, "majority~reference")["accuracy"].value == 2 / 3


def test_the_baseline_of_numbers_is_their_median() -> None:
    """References 10 20 60: median 20, mae (10 + 0 + 40) / 3."""
    data = dataset(labels(LENGTH, {"s1": {"ana": 10}, "s2": {"ana": 20}, "s3": {"ana": 60}}))
    rows = scored(data, LENGTH, [verdict(f"s{i}", LENGTH, 20) for i in (1, 2, 3)], rule="mean").rows
    assert rows_of(rows, "majority~reference")["mae"].value == pytest.approx(50 / 3)
    assert rows_of(rows, "judge~reference")["pearson"].undefined.startswith("constant: every judge rating is 20")


def test_the_confusion_table_counts_judge_by_reference(votes) -> None:
    """Judge fail: s2 (reference pass), s3 (fail). Judge pass: s1 (pass)."""
    assert votes.confusion.levels == ("fail", "pass")
    assert votes.confusion.counts == ((1, 1), (0, 1))


def test_numbers_and_nothing_at_all_have_no_confusion_table() -> None:
    """A numeric scale has no levels to cross; without a shared target there is nothing to cross."""
    data = dataset(labels(LENGTH, {"s1": {"ana": 10}}))
    assert scored(data, LENGTH, [verdict("s1", LENGTH, 20)], rule="mean").confusion is None
    found = scored(dataset(labels(PASSED, VOTES)), PASSED, [failure("s1", PASSED)])
    assert found.confusion is None
    assert rows_of(found.rows, "judge~reference")["accuracy"].undefined.startswith("no_data")
    assert "majority~reference" not in betweens(found.rows)
    assert not [between for between in betweens(found.rows) if between in ("judge~ana", "judge~ben")]


def test_every_target_looked_at_is_used_or_dropped_once(votes) -> None:
    """s1 s2 s3 used; s4 ties; s5 failed."""
    assert votes.counts.model_dump() == {
        "criterion": "passed",
        "n_targets": 5,
        "n_used": 3,
        "dropped": {"raters_tie": 1, "unparsed": 1},
        "failures": {"unparsed": 1},
    }


CELL = st.sampled_from(["pass", "fail", "not_applicable", None])
OUTCOME = st.sampled_from(["pass", "fail", "cannot_judge", "unparsed", "timeout", None])


@settings(max_examples=150, deadline=None)
@given(
    cells=st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=8),
    said=st.lists(st.tuples(OUTCOME, OUTCOME), min_size=8, max_size=8),
    rule=st.sampled_from(["majority", "median", "mean", "adjudicated", "gold"]),
)
def test_nothing_is_ever_lost(cells, said, rule) -> None:
    """Whatever raters and judge say: targets = used + dropped, and each row's n + dropped are the targets too."""
    names = ("ana", "ben", None)
    given = [
        label(f"s{place}", PASSED, rater, value)
        for place, row in enumerate(cells)
        for rater, value in zip(names, row, strict=True)
        if value
    ]
    data = dataset(given, sessions=[session(f"s{place}") for place in range(8)])
    outcomes = []
    for place, row in enumerate(said):
        for sample, value in enumerate(row):
            if value in ("unparsed", "timeout"):
                outcomes.append(failure(f"s{place}", PASSED, value, sample=sample))
            elif value:
                outcomes.append(verdict(f"s{place}", PASSED, value, sample=sample))
    found = scored(data, PASSED, outcomes, rule=rule)
    assert found.counts.n_targets == found.counts.n_used + sum(found.counts.dropped.values())
    assert all(found.counts.dropped.values())
    for estimate in rows_of(found.rows, "judge~reference").values():
        assert estimate.n + sum(estimate.dropped.values()) == found.counts.n_targets
    assert sum(found.counts.failures.values()) == sum(v in ("unparsed", "timeout") for row in said for v in row)


PREFERRED = {"p1": {"ana": "first"}, "p2": {"ana": "second"}, "p3": {"ana": "tie"}, "p4": {"ana": "first"}}


def pair_rows(**named):
    outcomes = [shown("p1", "forward", "first"), shown("p1", "swapped", "first")]
    outcomes += [shown("p2", "forward", "first"), shown("p2", "swapped", "second")]
    outcomes += [shown("p3", "forward", "tie"), shown("p3", "swapped", None), shown("p4", "forward", "second")]
    data = dataset(labels(BETTER, PREFERRED), pairs=[pair(f"p{i}", group=f"g{i % 2}") for i in range(1, 6)])
    return scored(data, BETTER, outcomes, **named).rows


def test_both_orders_of_a_pair_count_and_failures_are_misses() -> None:
    """Hits: p1 1 1, p2 0 1, p3 1 0 (failed), p4 0: 4/7, in two groups."""
    found = rows_of(pair_rows(), "judge~reference")
    assert (found["pairwise_accuracy"].value, found["pairwise_accuracy"].n) == (pytest.approx(4 / 7), 7)
    assert found["pairwise_accuracy"].n_clusters == 2
    assert found["accuracy"].value == 2 / 3  # p1 and p3 right, p4 wrong; p2's orders disagree
    assert found["accuracy"].dropped == {"orders_disagree": 1}


def test_strictly_right_is_a_pair_whose_two_orders_are() -> None:
    """p1 yes; p2 no, its orders differ; p3 no, one order failed; p4 was shown once and is not asked: 1/3."""
    found = rows_of(pair_rows(), "judge~reference")["pairwise_accuracy_strict"]
    assert (found.value, found.n) == (pytest.approx(1 / 3), 3)


def test_position_is_consistent_only_where_both_orders_answer_alike() -> None:
    """p1 yes, p2 no, p3 no (one order failed); p4 was shown once and is not asked: 1/3."""
    found = rows_of(pair_rows(), "judge")
    assert (found["position_consistency"].value, found["position_consistency"].n) == (pytest.approx(1 / 3), 3)


def test_the_first_slot_is_what_was_shown_first() -> None:
    """p1 forward first: yes, swapped first: no. p2 both yes. p4 forward second: no. A tie is in no slot."""
    found = rows_of(pair_rows(), "judge")
    assert (found["first_slot_rate"].value, found["first_slot_rate"].n) == (3 / 5, 5)


def test_shares_of_pairs_can_be_asked_for_by_name() -> None:
    """Each once, and the others not; on other scales they are nobody's."""
    for metric, between in (("position_consistency", "judge"), ("pairwise_accuracy", "judge~reference")):
        rows = pair_rows(metrics=(metric,))
        assert [row.metric for row in rows if row.between == between] == [metric]
    with pytest.raises(UnknownName, match=r"unknown metric 'pairwise_acuracy'\. Did you mean 'pairwise_accuracy'"):
        pair_rows(metrics=("pairwise_acuracy",))
    rows = scored(dataset(labels(PASSED, VOTES)), PASSED, [], metrics=("pairwise_accuracy",)).rows
    assert rows == ()


def test_a_metric_asked_for_is_shown_beside_the_ceiling_and_alone() -> None:
    """--metric mcc: judge, each rater, ceiling; no other metric anywhere. alpha takes two sides as well."""
    outcomes = [verdict(name, PASSED, value) for name, value in JUDGED.items()]
    rows = scored(dataset(labels(PASSED, VOTES)), PASSED, outcomes, metrics=("mcc", "krippendorff_alpha_nominal")).rows
    asked = {"mcc", "krippendorff_alpha_nominal"}
    assert {row.metric for row in rows} == asked | {f"{metric}_difference" for metric in asked}
    assert {"judge~reference", "judge~others", "rater~others", "judge~ana"} <= set(betweens(rows))
    # alpha by hand: pass/pass, fail/pass, fail/fail: 6 values, 3 pass 3 fail; Do = 2/6, De = 2*3*3/(6*5) = 18/30
    alpha = rows_of(rows, "judge~reference")["krippendorff_alpha_nominal"]
    assert alpha.value == pytest.approx(1 - (2 / 6) / (18 / 30))


def test_no_order_is_made_up_for_names() -> None:
    """mae of topics is undefined, and says why."""
    data = dataset(labels(TOPIC, {"s1": {"ana": "a", "ben": "b"}, "s2": {"ana": "c", "ben": "c"}}))
    rows = scored(data, TOPIC, [verdict("s1", TOPIC, "a"), verdict("s2", TOPIC, "c")], metrics=("mae",)).rows
    assert rows_of(rows, "judge~reference")["mae"].undefined.startswith("not_for_this_scale: mae needs an order")


def test_one_rater_gives_no_ceiling_and_nameless_ones_none_by_rater() -> None:
    """One rater: no others. Anonymous: refused with the reason, and no row by rater."""
    outcomes = [verdict("s1", PASSED, "pass"), verdict("s2", PASSED, "fail")]
    alone = scored(dataset(labels(PASSED, {"s1": {"ana": "pass"}, "s2": {"ana": "fail"}})), PASSED, outcomes).rows
    assert "rater~others" not in betweens(alone)
    nameless = [label(f"s{i}", PASSED, None, "pass", id=f"{i}{j}") for i in (1, 2) for j in range(3)]
    rows = scored(dataset(nameless), PASSED, outcomes).rows
    assert betweens(rows) == ["judge~reference", "rater~others", "majority~reference"]
    assert rows_of(rows, "rater~others")["accuracy"].undefined.startswith("unknown_raters")


def test_gold_stands_without_people_and_a_group_has_its_own_ceiling() -> None:
    """Gold: no rows by rater. group:experts: the ceiling is the experts', not the crowd's.

    Experts agree on both sessions: 4 of 4 rows. The crowd's cleo disagrees and stays out.
    """
    people = labels(
        PASSED, {"s1": {"ana": "pass", "ben": "pass", "cleo": "fail"}, "s2": {"ana": "fail", "ben": "fail"}}
    )
    gold = labels(PASSED, {"s1": {None: "pass"}}, kind="gold")
    groups = {"experts": RaterGroup(raters=("ana", "ben")), "crowd": RaterGroup(raters=("cleo",))}
    data = dataset([*people, *gold], groups=groups)
    outcomes = [verdict("s1", PASSED, "pass"), verdict("s2", PASSED, "pass")]
    assert betweens(scored(data, PASSED, outcomes, rule="gold").rows) == ["judge~reference", "majority~reference"]
    rows = scored(data, PASSED, outcomes, rule="group:experts").rows
    ceiling = rows_of(rows, "rater~others")["accuracy"]
    assert (ceiling.value, ceiling.n, ceiling.dropped) == (1.0, 4, {})
    assert rows_of(rows, "judge~others")["accuracy"].value == 1 / 2
    assert "rater~others" not in betweens(scored(data, PASSED, outcomes, rule="group:crowd").rows)


def test_a_reference_all_between_levels_leaves_level_metrics_without_data() -> None:
    """Mean of 1 and 2 is on no level: accuracy has no data, mae has 1/2; the baseline still says something."""
    data = dataset(labels(QUALITY, {"s1": {"ana": 1, "ben": 2}, "s2": {"ana": 3, "ben": 4}}))
    found = scored(data, QUALITY, [verdict("s1", QUALITY, 1), verdict("s2", QUALITY, 3)], rule="mean")
    rows = rows_of(found.rows, "judge~reference")
    assert rows["accuracy"].undefined.startswith("no_data")
    assert rows["accuracy"].dropped == {"between_levels": 2}
    assert rows["mae"].value == 1 / 2
    assert found.confusion is not None
    assert sum(map(sum, found.confusion.counts)) == 0


def test_groups_are_the_clusters() -> None:
    """Six sessions of two users are two independent units, and too few for an interval."""
    told = [session(f"s{i}", group=f"u{i % 2}") for i in range(6)]
    data = dataset(labels(PASSED, {f"s{i}": {"ana": "pass"} for i in range(6)}), sessions=told)
    rows = scored(data, PASSED, [verdict(f"s{i}", PASSED, "pass") for i in range(6)]).rows
    accuracy = rows_of(rows, "judge~reference")["accuracy"]
    assert (accuracy.n, accuracy.n_clusters) == (6, 2)
    assert accuracy.method == "none: fewer than 10 independent units"
