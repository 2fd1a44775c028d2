"""`compare` as a whole: which sides, which judges, what is told apart."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from judgekit.analysis.comparison import Side, version_side
from judgekit.analysis.label_free import Assumption
from judgekit.errors import InputError, LeakError, UnknownName
from judgekit.records.dataset import SplitManifest
from judgekit.records.judge import Lineage
from judgekit.records.label import Design
from judgekit.records.session import Pair
from judgekit.render.html import render_html
from judgekit.render.markdown import render_markdown
from judgekit.render.text import render_text
from judgekit.workflows.compare import Comparing, compare, labelling_queue
from judgekit.workflows.compare_several import compare_versions, joined
from judgekit.workflows.score import Scoring
from tests.analysis.composed_data import (
    BETTER,
    PASSED,
    QUALITY,
    TOPIC,
    WORDS,
    dataset,
    failure,
    label,
    labels,
    measuring,
    session,
    shown,
    text_of,
    verdict,
)

JUDY, RUTH = Scoring(judge="judy", engine="replay"), Scoring(judge="ruth", engine="student")
TOLD = [session(f"{v}-{i:02d}", input=f"i{i:02d}", version=v) for i in range(30) for v in ("v1", "v2")]


def data(**fields):
    return dataset(sessions=TOLD, **fields)


def grades(lift=1, *, seed=2):
    """Return verdicts in which v2 stands higher by `lift`, give or take one."""
    draw = random.Random(seed)
    found = []
    for i in range(30):
        base = draw.randint(2, 3)
        found += [
            verdict(f"v1-{i:02d}", QUALITY, base),
            verdict(f"v2-{i:02d}", QUALITY, base + lift * draw.choice((0, 1, 2))),
        ]
    return found


def versions(given):
    return (version_side(given, "v1"), version_side(given, "v2"))


def test_the_judges_difference_stands_beside_the_experts_own() -> None:
    """Two inputs labelled on both sides: experts' difference (1 + 2) / 2; they have no judge and no engine."""
    people = labels(
        QUALITY,
        {"v1-00": {"ana": 1}, "v2-00": {"ana": 2}, "v1-01": {"ana": 3}, "v2-01": {"ana": 5}, "v1-02": {"ana": 1}},
    )
    given = data(given=people)
    report = compare(given, grades(), versions(given), scoring=JUDY, measuring=measuring())
    own = [row for row in report.rows if row.judge is None]
    assert [(row.metric, row.between, row.estimate.value) for row in own] == [
        ("mean_difference", "v2~v1", 1.5), ("mean", "v1", 2.0), ("mean", "v2", 3.5),
    ]  # fmt: skip
    assert own[0].estimate.dropped == {"no_number": 55, "only_v1": 1}
    assert {row.engine for row in report.rows if row.judge} == {"replay"}
    assert report.headline == {"quality": "labels_only"}
    assert report.summary[0].startswith(
        "quality, by the experts' own labels: v2 against v1 is +1.50, without an interv"
    )
    assert "takes 30 inputs with labels on both sides, and there are 2" in report.summary[1]
    assert "by judy (replay) alone: v2 scores higher than v1" in report.summary[2]
    assert report.settings["use"] == "value"
    assert (report.counts[0].n_targets, report.counts[0].n_used) == (60, 60)


def test_equal_versions_are_not_told_apart() -> None:
    """The interval holds 0."""
    given = data()
    outcomes = [verdict(s.id, PASSED, random.Random(s.id).choice(("pass", "fail"))) for s in TOLD]
    report = compare(given, outcomes, versions(given), scoring=JUDY, measuring=measuring())
    assert report.summary[0].startswith("passed, by judy (replay) alone: v2 and v1 are not told apart")
    assert report.warnings[-1].startswith("judge only, not corrected (passed)")


def test_failures_and_unmatched_sessions_are_counted_by_side() -> None:
    """v2-00 failed, so v1-00 is alone; v1-01 was not judged, so v2-01 is."""
    given = data()
    kept = [o for o in grades() if o.session not in ("v2-00", "v1-01")]
    report = compare(given, [*kept, failure("v2-00", QUALITY)], versions(given), scoring=JUDY, measuring=measuring())
    (counts,) = report.counts
    assert counts.dropped == {"no_number": 2, "only_v1": 1, "only_v2": 1}
    assert counts.failures == {"unparsed": 1}
    assert counts.n_targets == counts.n_used + sum(counts.dropped.values()) == 60


def test_sides_must_be_two() -> None:
    """An unknown version, the same sessions twice, nothing judged of one side, sessions of elsewhere."""
    given = data()
    with pytest.raises(UnknownName, match=r"unknown version 'v3'.*Known: v1, v2"):
        compare_versions(given, [(grades(), JUDY)], ("v1", "v3"), measuring=measuring())
    with pytest.raises(InputError, match="30 sessions, such as 'v1-00', stand on both sides"):
        compare_versions(given, [(grades(), JUDY)], ("v1", "v1"), measuring=measuring())
    one_side = [o for o in grades() if o.session.startswith("v1")]
    with pytest.raises(InputError, match=r"no input has verdicts on 'quality' .* \(30 no_number, 30 only_v1\)"):
        compare_versions(given, [(one_side, JUDY)], ("v1", "v2"), measuring=measuring())
    with pytest.raises(InputError, match=r"\(no session at all\)"):
        compare(
            given,
            grades(),
            (Side("a", frozenset({"x"})), Side("b", frozenset({"y"}))),
            scoring=JUDY,
            measuring=measuring(),
        )
    with pytest.raises(InputError, match="1 verdict targets are not in dataset 'composed', such as 'zz'"):
        compare_versions(given, [([*grades(), verdict("zz", QUALITY, 1)], JUDY)], ("v1", "v2"), measuring=measuring())


def test_judges_without_an_order_are_passed_over() -> None:
    """Topics and texts have no difference; with nothing else there is nothing to compare."""
    given = data()
    topics = [verdict(s.id, TOPIC, "a") for s in TOLD]
    texts = [verdict(s.id, WORDS, "well") for s in TOLD]
    report = compare_versions(given, [(topics, RUTH), ([*grades(), *texts], JUDY)], ("v1", "v2"), measuring=measuring())
    assert {row.criterion for row in report.rows} == {"quality"}
    for call in (
        lambda: compare_versions(given, [(topics, RUTH)], ("v1", "v2"), measuring=measuring()),
        lambda: compare(given, texts, versions(given), scoring=JUDY, measuring=measuring()),
    ):
        with pytest.raises(InputError, match="no criterion of these verdicts has an order"):
            call()


def test_several_judges_stand_in_one_report_and_the_experts_once() -> None:
    """Two judges and, of the same name, another engine: nobody's rows replace another's."""
    given = data(
        given=labels(QUALITY, {"v1-00": {"ana": 1}, "v2-00": {"ana": 2}, "v1-01": {"ana": 3}, "v2-01": {"ana": 5}})
    )
    other = Scoring(judge="judy", engine="litellm")
    judged = [(grades(), JUDY), (grades(seed=5), RUTH), (grades(seed=6), other)]
    report = compare_versions(given, judged, ("v1", "v2"), measuring=measuring())
    named = [
        (row.judge, row.engine) for row in report.rows if row.metric == "mean_difference" and row.estimator != "ppi"
    ]
    assert named == [(None, None), ("judy", "replay"), ("ruth", "student"), ("judy", "litellm")]
    assert (report.judge, report.engine) == (None, None)
    assert (len(report.counts), len(report.summary)) == (3, 7)
    assert sum("judge only, not corrected" in line for line in report.warnings) == 1
    assert joined([report]) is report


def test_the_order_of_lines_does_not_matter() -> None:
    """Shuffled sessions and verdicts of two criteria give the same report to the letter."""
    given = data()
    outcomes = [*grades(), *(verdict(s.id, PASSED, "pass" if s.version == "v2" else "fail") for s in TOLD)]
    draw = random.Random(1)
    mixed = given.model_copy(update={"sessions": tuple(draw.sample(TOLD, len(TOLD)))})
    first = compare(given, outcomes, versions(given), scoring=JUDY, measuring=measuring())
    second = compare(mixed, draw.sample(outcomes, len(outcomes)), versions(mixed), scoring=JUDY, measuring=measuring())
    assert text_of(first) == text_of(second)


MANY = [session(f"{v}-{i:03d}", input=f"i{i:03d}", version=v) for i in range(200) for v in ("v1", "v2")]


def number(told) -> int:
    return int(told.input[1:])


def passes(rng, rate):
    return {f"i{i:03d}": rng.random() < rate for i in range(200)}


def lenient(seed=1, *, n_labelled=80, design=None, past=()):
    """Return a dataset in which both versions pass alike, and verdicts that are more lenient on v2."""
    rng, given, outcomes = random.Random(seed), [], []
    truth = passes(rng, 0.6)
    for each in MANY:
        is_new = each.version == "v2"
        is_pass = truth[str(each.input)] if rng.random() < 0.8 else rng.random() < 0.6
        told = rng.random() < (0.95 if is_pass else 0.4 if is_new else 0.1)
        outcomes.append(verdict(each.id, PASSED, "pass" if told else "fail"))
        if number(each) < n_labelled and each.version not in past:
            place = {"design": design(each)} if design else {}
            given.append(label(each.id, PASSED, "ana", "pass" if is_pass else "fail", **place))
    return dataset(given, sessions=MANY), outcomes


def row_by(report, estimator, metric="mean_difference") -> Any:
    (found,) = [row for row in report.rows if (row.estimator, row.metric) == (estimator, metric)]
    return found.estimate


def test_labels_of_both_versions_correct_a_judge_who_favours_one() -> None:
    """The judge says v2 is better; corrected it is not told apart, and labels alone stand beside it."""
    made, outcomes = lenient()
    report = compare(made, outcomes, versions(made), scoring=JUDY, measuring=measuring())
    raw, corrected, alone = (row_by(report, each) for each in ("judge_raw", "ppi", "labels_only"))
    assert raw.low > 0
    assert corrected.low < 0 < corrected.high
    assert corrected.method.startswith("ppi++ t, power ")
    assert (corrected.n, alone.n, raw.n) == (80, 80, 200)
    assert alone.method == raw.method == "tango"
    assert report.headline == {"passed": "ppi"}
    assert report.summary[0].startswith("passed, by judy (replay) corrected by labels: v2 and v1 are not told apart")
    assert "how 80 of 80 labelled inputs were picked is not recorded" in report.warnings[0]
    changes: dict[str, Any] = {
        row.metric: row.estimate for row in report.rows if row.between == "v2~v1" and row.metric != "mean_difference"
    }
    assert changes["youden_j_difference"].high < 0
    assert changes["bias_difference"].value > 0
    assert {(each.name, each.estimator) for each in report.companions} == {
        (name, by)
        for name in ("mcnemar", "mcnemar_mid_p", "sign_flip", "newcombe")
        for by in ("labels_only", "judge_raw")
    }
    assert {each.estimator for each in report.detectable} == {"ppi", "labels_only", "judge_raw"}


def test_labels_picked_for_what_they_are_correct_nothing() -> None:
    """Unsure sessions of unknown chance: labels alone stand first, and the first warning says what they are."""
    made, outcomes = lenient(design=lambda each: {"method": "uncertainty"})
    report = compare(made, outcomes, versions(made), scoring=JUDY, measuring=measuring())
    assert row_by(report, "ppi").undefined.startswith(
        "unknown_probability: labelled inputs were picked for what they are"
    )
    assert report.headline == {"passed": "labels_only"}
    assert report.warnings[0].startswith("passed: the labelled inputs are not a random sample (uncertainty 80)")


def test_inputs_count_by_one_over_the_chance_that_both_sides_were_labelled() -> None:
    """Drawn together with recorded chances the labels alone are weighted, and have no unweighted tests beside them."""

    def design(each):
        return {"method": "paired_mixture", "probability": 0.8 if number(each) % 2 else 0.2}

    made, outcomes = lenient(design=design)
    report = compare(made, outcomes, versions(made), scoring=JUDY, measuring=measuring())
    assert row_by(report, "labels_only").method == "weighted t"
    assert {each.estimator for each in report.companions} == {"judge_raw"}
    for probability in (lambda each: 0.5 if each.version == "v1" else 0.4, lambda each: 0.4):
        apart = lenient(design=lambda each, p=probability: {"method": "random", "probability": p(each)})[0]
        alike = compare(apart, outcomes, versions(apart), scoring=JUDY, measuring=measuring())
        assert row_by(alike, "labels_only").method == "tango"
    torn = [each.model_copy(update={"id": f"{each.id}-b", "rater": "ben"}) for each in made.labels[:1]]
    torn = [torn[0].model_copy(update={"design": Design(method="paired_mixture", probability=0.9)})]
    odd = made.model_copy(update={"labels": (*made.labels, *torn)})
    refused = compare(odd, outcomes, versions(odd), scoring=JUDY, measuring=measuring())
    assert "more than one recorded probability" in row_by(refused, "ppi").undefined
    assert refused.headline == {"passed": "labels_only"}


def taught(*, splits=None) -> tuple[Any, Any, Scoring]:
    """The judge learnt from the first thirty inputs, which are the train split where there are splits."""
    made, outcomes = lenient()
    units = tuple(f"input:i{i:03d}" for i in range(30))
    if splits is not None:
        places = {f"input:i{i:03d}": "train" if i < 40 else "dev" if i < 150 else "test" for i in range(200)}
        shares = {"train": 0.2, "dev": 0.55, "test": 0.25}
        made = made.model_copy(update={"splits": SplitManifest.model_validate({
            "seed": 1, "fractions": shares, "units": places})})  # fmt: skip
    lineage = Lineage(dataset="composed", units=units)
    return made, outcomes, replace(JUDY, lineage=lineage, splits=splits or ("all",))


def test_labels_that_helped_to_make_the_judge_are_refused_by_name() -> None:
    """As `estimate` does: without splits there is no other way; with them the hint names those that may correct."""
    made, outcomes, judy = taught()
    with pytest.raises(LeakError, match=r"60 labelled sessions helped to make judy, .*'v1-000'.* and 55 more.*dataset"):
        compare(made, outcomes, versions(made), scoring=judy, measuring=measuring())
    folds = dict.fromkeys(judy.lineage.units, 0)
    crossed = replace(judy, lineage=judy.lineage.model_copy(update={"folds": folds}))
    report = compare(made, outcomes, versions(made), scoring=crossed, measuring=measuring())
    assert row_by(report, "ppi").n == 80
    with pytest.raises(LeakError, match="60 labelled sessions"):
        labelling_queue(made, outcomes, versions(made), scoring=judy, measuring=measuring())
    made, outcomes, judy = taught(splits=("all",))
    with pytest.raises(LeakError, match="Correct it by other labels: --split dev"):
        compare(made, outcomes, versions(made), scoring=judy, measuring=measuring())


def test_labels_of_another_split_correct_a_judge_made_from_train() -> None:
    """The thirty that made it stand aside, with the ten other labelled inputs of their split; labels alone keep all."""
    made, outcomes, judy = taught(splits=("dev",))
    report = compare(made, outcomes, versions(made), scoring=judy, measuring=measuring())
    assert (row_by(report, "ppi").n, row_by(report, "labels_only").n) == (40, 80)
    assert row_by(report, "ppi").dropped == {"in_lineage": 40}
    assert any("40 judged inputs stand aside: labels of their groups helped to make judy" in w for w in report.warnings)
    assert report.settings["split"] == "dev"
    with pytest.raises(InputError, match="the test split is locked"):
        compare(made, outcomes, versions(made), scoring=replace(judy, splits=("test",)), measuring=measuring())


def test_a_range_without_labels_rests_on_no_label_that_made_the_judge() -> None:
    """The candidate has no labels; those of the baseline, which say how the judge errs, made it."""
    made, outcomes = lenient(past=("v2",))
    lineage = Lineage(dataset="composed", units=("input:i003",))
    with pytest.raises(LeakError, match=r"1 labelled sessions helped to make judy, .*'v1-003'"):
        compare(made, outcomes, versions(made), scoring=replace(JUDY, lineage=lineage), measuring=measuring())


def test_slices_are_adjusted_and_said_of_each_estimator() -> None:
    """Two slices of 100 inputs by each estimator; Holm doubles the smaller p."""
    made, outcomes = lenient()
    told = [each.model_copy(update={"tags": ("odd",) if number(each) % 2 else ("even",)}) for each in MANY]
    made = made.model_copy(update={"sessions": tuple(told)})
    looked = Comparing(slices=("tags",), adjustment="holm")
    report = compare(made, outcomes, versions(made), scoring=JUDY, measuring=measuring(), comparing=looked)
    assert {(each.slice, each.estimator) for each in report.slices} == {
        (f"tags={name}", by) for name in ("odd", "even") for by in ("judge_raw", "labels_only", "ppi")
    }
    raw: Any = sorted((each.p_value, each.p_adjusted) for each in report.slices if each.estimator == "judge_raw")
    assert raw[0][1] == pytest.approx(min(1, 2 * raw[0][0]))


@pytest.mark.parametrize(("delta", "word"), [(0.0, "pass"), (0.4, "inconclusive"), (None, "inconclusive")])
def test_a_candidate_without_labels_gets_a_range(delta, word) -> None:
    """It passes only where the widened range passes; without delta it never does; the tipping point is between."""
    made, outcomes = lenient(past=("v2",))
    looked = Comparing(assumption=Assumption(delta))
    report = compare(made, outcomes, versions(made), scoring=JUDY, measuring=measuring(), comparing=looked)
    free: Any = report.label_free[0]
    assert (free.word, free.delta) == (word, delta)
    assert 0 < free.tipping_point < 0.4
    assert free.range.value == pytest.approx(free.judge_difference.value / free.slope.value)
    assert report.headline == {"passed": "judge_raw"}
    assert any("no error rate is claimed" in line for line in report.summary)


def test_less_is_better_where_the_scale_says_so() -> None:
    """The same range without labels passes on a scale of quality and fails on one of harm, and flips at one delta."""
    made, outcomes = lenient(past=("v2",))
    harm = PASSED.model_copy(update={"direction": "lower"})
    criteria = tuple(harm if each.id == PASSED.id else each for each in made.rubric.criteria)
    turned = made.model_copy(update={"rubric": made.rubric.model_copy(update={"criteria": criteria})})
    looked = Comparing(assumption=Assumption(0.0))
    found = [
        compare(each, outcomes, versions(each), scoring=JUDY, measuring=measuring(), comparing=looked).label_free[0]
        for each in (made, turned)
    ]
    assert [free.word for free in found] == ["pass", "fail"]
    assert found[0].tipping_point == found[1].tipping_point
    generous = Comparing(assumption=Assumption(0.0, margin=0.9))
    [wide] = compare(
        turned, outcomes, versions(turned), scoring=JUDY, measuring=measuring(), comparing=generous
    ).label_free
    assert wide.word == "pass"


def test_the_queue_holds_what_would_decide() -> None:
    """Sessions without labels only, chances recorded, every input with its chance; labelled pairs are refused."""
    made, outcomes = lenient(past=("v2",))
    queue = labelling_queue(made, outcomes, versions(made), scoring=JUDY, measuring=measuring())
    labelled = {each.target for each in made.labels}
    assert not labelled & {each.session for each in queue}
    by_input: dict[str | None, set[float | None]] = {}
    for each in queue:
        by_input.setdefault(each.input, set()).add(each.design.probability)
        assert (each.design.method, each.design.frame_n) == ("paired_mixture", 200)
    assert all(len(chances) == 1 for chances in by_input.values())
    assert 30 <= len(by_input) <= 200
    with pytest.raises(InputError, match="80 inputs already carry labels of both versions"):
        labelling_queue(lenient()[0], outcomes, versions(made), scoring=JUDY, measuring=measuring())


def test_delta_is_bounded_by_five_past_pairs() -> None:
    """Six labelled versions before the candidate: the limit of five pairs stands for a declared delta."""
    rng, told, given, outcomes = random.Random(3), [], [], []
    for v in range(7):
        for i in range(60):
            told.append(session(f"w{v}-{i:02d}", input=f"i{i:02d}", version=f"w{v}"))
            is_pass = i % 2 == 0
            said = rng.random() < (0.9 if is_pass else 0.2)
            outcomes.append(verdict(f"w{v}-{i:02d}", PASSED, "pass" if said else "fail"))
            if v < 6:
                given.append(label(f"w{v}-{i:02d}", PASSED, "ana", "pass" if is_pass else "fail"))
    made = dataset(given, sessions=told)
    report = compare_versions(made, [(outcomes, JUDY)], ("w5", "w6"), measuring=measuring())
    free: Any = report.label_free[0]
    assert free.delta_from == "5 past pairs of versions"
    assert 0 < free.delta < 0.6


def test_versions_that_share_no_input_are_compared_unpaired() -> None:
    """Said so first; Newcombe's unpaired interval for passes."""
    told = [each.model_copy(update={"input": None}) for each in MANY]
    made, outcomes = lenient()
    made = made.model_copy(update={"sessions": tuple(told)})
    report = compare(made, outcomes, versions(made), scoring=JUDY, measuring=measuring())
    assert report.warnings[0].startswith("passed: unpaired: no input joins")
    assert {row.estimator: row.estimate.method for row in report.rows}["judge_raw"] == "newcombe"
    assert row_by(report, "ppi").n == 160
    assert report.counts[0].n_used == 400
    assert report.unpaired == ("passed",)
    assert all("sessions, unpaired)" in line and "inputs" not in line for line in report.summary)


def test_labels_alone_compare_without_a_judge() -> None:
    """No verdict, no judge row; nothing of a judge is said."""
    made, _ = lenient()
    report = compare_versions(made, [], ("v1", "v2"), measuring=measuring())
    assert {row.estimator for row in report.rows} == {"labels_only"}
    assert (report.judge, report.headline) == (None, {"passed": "labels_only"})


def test_pairs_on_which_the_judge_takes_its_word_back_are_counted() -> None:
    """Of ten pairs shown both ways, two get another winner when turned, and one fails: the judge's row says so."""
    sides = [Pair(id=f"p{i}", first=f"v1-{i:02d}", second=f"v2-{i:02d}") for i in range(10)]
    made = dataset([label("p0", BETTER, "ana", "first")], sessions=TOLD, pairs=sides)
    outcomes: list[Any] = [shown(f"p{i}", "forward", "second") for i in range(9)]
    outcomes += [shown(f"p{i}", "swapped", "first" if i < 2 else "second") for i in range(9)]
    outcomes.append(failure("p9", BETTER, order="forward"))
    report = compare(made, outcomes, versions(made), scoring=JUDY, measuring=measuring())
    own = row_by(report, "judge_raw", "win_rate")
    assert (own.n, own.dropped) == (7, {"orders_disagree": 2, "unparsed": 1})


def test_preferences_are_wins_with_ties_half() -> None:
    """Of four pairs v2 wins two (once as the second session), one is a tie: 62.5%; the judge's stand beside."""
    sides = [Pair(id=f"p{i}", first=f"v{1 + i % 2}-{i:02d}", second=f"v{2 - i % 2}-{i:02d}") for i in range(30)]
    said = {"p0": "second", "p1": "first", "p2": "tie", "p3": "second"}
    given = [label(name, BETTER, "ana", value) for name, value in said.items()]
    made = dataset(given, sessions=TOLD, pairs=sides)
    outcomes = [shown(f"p{i}", "forward", "second" if i % 2 == 0 else "first") for i in range(30)]
    report = compare(made, outcomes, versions(made), scoring=JUDY, measuring=measuring())
    assert row_by(report, "labels_only", "win_rate").value == 0.625
    assert row_by(report, "judge_raw", "win_rate").value == 1
    assert row_by(report, "ppi", "win_rate").undefined.startswith("too_few")
    assert {each.name for each in report.companions} == {"sign_flip"}
    assert "wins 62%" in report.summary[0] or "wins 62%" in report.summary[1]
    lineage = Lineage(dataset="composed", units=tuple({made.unit(name) for name in ("p0", "p1")}))
    with pytest.raises(LeakError, match=r"2 labelled pairs helped to make judy, .*'p0', 'p1'"):
        compare(made, outcomes, versions(made), scoring=replace(JUDY, lineage=lineage), measuring=measuring())


def test_several_versions_are_ranked_and_not_separated_ones_named() -> None:
    """v3 is far ahead, v1 and v2 alike: three pairs, Holm over all."""
    told = [*MANY, *(session(f"v3-{i:03d}", input=f"i{i:03d}", version="v3") for i in range(200))]
    rng = random.Random(4)
    outcomes = [verdict(each.id, QUALITY, rng.choice((2, 3)) + 2 * (each.version == "v3")) for each in told]
    made = dataset((), sessions=told)
    report = compare_versions(made, [(outcomes, JUDY)], ("v1", "v2", "v3"), measuring=measuring())
    assert report.ranking[0].version == "v3"
    assert {each.version: each.not_separated_from for each in report.ranking} == {
        "v1": ("v2",),
        "v2": ("v1",),
        "v3": (),
    }
    assert {each.between for each in report.pairs} == {"v2~v1", "v3~v1", "v3~v2"}
    assert all(each.p_adjusted >= each.p_value for each in report.pairs)
    assert report.summary[1].startswith("quality: not separated, after Holm over all pairs: ")
    with pytest.raises(InputError, match="2 judges for 3 versions"):
        compare_versions(made, [(outcomes, JUDY), (outcomes, RUTH)], ("v1", "v2", "v3"), measuring=measuring())


@pytest.mark.parametrize("render", [render_text, render_markdown, render_html])
def test_every_part_is_rendered_and_text_keeps_to_eighty_columns(render) -> None:
    """Corrected, sliced, without labels, ranked: all formats."""
    made, outcomes = lenient()
    free, _ = lenient(past=("v2",))
    looked = Comparing(slices=("version",), assumption=Assumption(0.05, 0.02))
    reports = [
        compare(each, outcomes, versions(each), scoring=JUDY, measuring=measuring(), comparing=looked)
        for each in (made, free)
    ]
    told = [*MANY, *(session(f"v3-{i:03d}", input=f"i{i:03d}", version="v3") for i in range(200))]
    graded = [verdict(each.id, QUALITY, 2 + (each.version == "v3")) for each in told]
    reports.append(
        compare_versions(dataset((), sessions=told), [(graded, JUDY)], ("v1", "v2", "v3"), measuring=measuring())
    )
    texts = [render([each]) if render is render_html else render(each) for each in reports]
    assert "corrected by labels" in texts[0]
    assert "delta at which the answer flips" in " ".join(texts[1].split())
    assert "mean lead" in texts[2]
    if render is render_text:
        assert max(len(line) for text in texts for line in text.splitlines()) <= 80
