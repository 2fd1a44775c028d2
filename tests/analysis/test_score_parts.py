"""What stands beside a judge's headline: ceiling, strata, alt-test, biases, limits, probabilities, rivals, cautions."""

from __future__ import annotations

import random
from typing import Any

import pytest

from judgekit.analysis.alt_test import alt_test
from judgekit.analysis.baseline import rival_rows
from judgekit.analysis.bias import bias_checks
from judgekit.analysis.bland_altman import MAX_POINTS, bland_altman
from judgekit.analysis.caution import bounds_of_failures, cautions
from judgekit.analysis.ceiling import DIFFERENCE
from judgekit.analysis.judged import Judged
from judgekit.analysis.reference import default_rule, reference
from judgekit.analysis.scoring import score_rows
from judgekit.analysis.spoken import assistant_text, marked_share
from judgekit.analysis.strata import SPLIT, UNANIMOUS, stratum_rows
from judgekit.analysis.verdict_table import verdict_table
from judgekit.records.dataset import RaterGroup
from judgekit.records.label import Design, Opening
from judgekit.records.report import Counts, Row
from judgekit.records.score_report import AltTest
from judgekit.records.session import Session, Turn
from judgekit.stats.estimate import Estimate
from tests.analysis.composed_data import (
    BETTER,
    LENGTH,
    PASSED,
    QUALITY,
    TOPIC,
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


def judged_of(data, criterion, outcomes, *, rule=None) -> Judged:
    """Return a judge beside the reference over all targets of a dataset."""
    known = {*data.session_by_id, *data.pair_by_id}
    truth = reference(data, criterion, rule or default_rule(criterion), targets=known)
    return Judged.of(data, criterion, verdict_table(criterion, outcomes), truth, known)


def three_raters(n: int = 60, seed: int = 1) -> tuple[Any, list[Any]]:
    """Return sessions that three experts pass or fail, each right four times in five, and a judge like them."""
    draw = random.Random(seed)
    truth = {f"s{i:02d}": draw.choice(("pass", "fail")) for i in range(n)}

    def near(value: str, share: float) -> str:
        return value if draw.random() < share else draw.choice(("pass", "fail"))

    ratings = {name: {who: near(value, 0.8) for who in ("ana", "ben", "chloe")} for name, value in truth.items()}
    return dataset(labels(PASSED, ratings)), [verdict(name, PASSED, near(v, 0.9)) for name, v in truth.items()]


def test_the_difference_to_the_ceiling_is_taken_on_identical_rows() -> None:
    """Judge minus rater of each metric, with the same n and causes, and its own interval."""
    data, outcomes = three_raters()
    rows = score_rows(
        data, PASSED, verdict_table(PASSED, outcomes), measuring(), rule="majority", targets=set(data.session_by_id)
    ).rows
    judge, rater, difference = (rows_of(rows, name) for name in ("judge~others", "rater~others", DIFFERENCE))
    assert list(difference) == [f"{metric}_difference" for metric in judge]
    for metric in judge:
        found = difference[f"{metric}_difference"]
        assert found.value == pytest.approx(judge[metric].value - rater[metric].value)
        assert (
            (found.n, found.dropped)
            == (judge[metric].n, judge[metric].dropped)
            == (rater[metric].n, rater[metric].dropped)
        )
        assert found.low < found.value < found.high
    widths = judge["accuracy"].high - judge["accuracy"].low + rater["accuracy"].high - rater["accuracy"].low
    assert difference["accuracy_difference"].high - difference["accuracy_difference"].low < widths


def test_levels_that_occur_are_each_sides_own_and_not_subtracted() -> None:
    """--metric cohen_kappa_quadratic_observed: both sides, no difference."""
    ratings = {f"s{i}": {"ana": 1 + i % 3, "ben": 1 + i % 2} for i in range(12)}
    outcomes = [verdict(name, QUALITY, 5) for name in ratings]
    data, table = dataset(labels(QUALITY, ratings)), verdict_table(QUALITY, outcomes)
    how = measuring(metrics=["cohen_kappa_quadratic_observed", "mae"])
    rows = score_rows(data, QUALITY, table, how, rule="median", targets=set(ratings)).rows
    assert list(rows_of(rows, DIFFERENCE)) == ["mae_difference"]
    assert set(rows_of(rows, "rater~others")) == {"cohen_kappa_quadratic_observed", "mae"}


def test_strata_split_the_targets_by_whether_the_experts_agree() -> None:
    """s1 s2 of one mind, s3 s5 split two to one, s4 rated once and in neither. Judge: right on s1, s3."""
    ratings = {
        "s1": {"ana": "pass", "ben": "pass"},
        "s2": {"ana": "fail", "ben": "fail"},
        "s3": {"ana": "pass", "ben": "fail", "chloe": "pass"},
        "s4": {"ana": "pass"},
        "s5": {"ana": "fail", "ben": "pass", "chloe": "fail"},
    }
    outcomes = [verdict(f"s{i}", PASSED, "pass") for i in (1, 2, 3, 4, 5)]
    data = dataset(labels(PASSED, ratings), groups={"pair": RaterGroup(raters=("ana", "ben"))})
    rows = stratum_rows(judged_of(data, PASSED, outcomes), measuring())
    found = {(row.slice, row.metric): row.estimate for row in rows}
    assert (found[UNANIMOUS, "accuracy"].value, found[UNANIMOUS, "accuracy"].n) == (0.5, 2)
    assert (found[SPLIT, "accuracy"].value, found[SPLIT, "accuracy"].n) == (0.5, 2)
    assert {row.between for row in rows} == {"judge~reference"}
    of_group = stratum_rows(judged_of(data, PASSED, outcomes, rule="group:pair"), measuring())
    assert {row.slice for row in of_group} == {UNANIMOUS}  # ana and ben tie on s3 and s5, which then have no reference
    assert stratum_rows(judged_of(data, PASSED, outcomes, rule="gold"), measuring()) == []


def test_the_alternative_annotator_test_runs_from_three_named_raters() -> None:
    """60 sessions each: all three tested, and a judge better than they are beats them all."""
    data, outcomes = three_raters()
    found: Any = alt_test(judged_of(data, PASSED, outcomes), measuring(), epsilon=0.2)
    assert [(each.rater, each.n, each.is_beaten) for each in found.raters] == [
        ("ana", 60, True), ("ben", 60, True), ("chloe", 60, True),
    ]  # fmt: skip
    assert (found.passes, found.epsilon, found.winning_rate.value, found.left_out) == (True, 0.2, 1.0, {})
    assert "similarity match" in found.assumes
    strict: Any = alt_test(judged_of(data, PASSED, outcomes[:20]), measuring(), epsilon=0.2)
    assert (strict.passes, strict.left_out) == (None, {"ana": 20, "ben": 20, "chloe": 20})


def test_with_fewer_or_nameless_raters_it_is_not_run_and_said_so() -> None:
    """Two raters; anonymous ones; a group of two of three; gold, which is nobody's."""
    two = dataset(labels(PASSED, {"s1": {"ana": "pass", "ben": "pass"}}))
    words = alt_test(judged_of(two, PASSED, [verdict("s1", PASSED, "pass")]), measuring(), epsilon=0.2)
    assert words == "passed: the alternative annotator test was not run: it needs 3 named raters, 2 gave labels"
    nameless = dataset([label("s1", PASSED, None, "pass", id=f"x{i}") for i in range(3)])
    assert "labels are anonymous" in alt_test(
        judged_of(nameless, PASSED, [verdict("s1", PASSED, "pass")]), measuring(), epsilon=0.2
    )
    data, outcomes = three_raters()
    grouped = data.model_copy(
        update={"card": data.card.model_copy(update={"raters": {"two": RaterGroup(raters=("ana", "ben"))}})}
    )
    assert "2 gave labels" in alt_test(judged_of(grouped, PASSED, outcomes, rule="group:two"), measuring(), epsilon=0.2)
    assert alt_test(judged_of(data, PASSED, outcomes, rule="gold"), measuring(), epsilon=0.2) == ""
    graded = dataset(labels(QUALITY, {f"s{i}": {"ana": 1, "ben": 2, "chloe": 3} for i in range(40)}))
    found = alt_test(
        judged_of(graded, QUALITY, [verdict(f"s{i}", QUALITY, 2) for i in range(40)]), measuring(), epsilon=0.1
    )
    assert isinstance(found, AltTest)
    assert "similarity negative_rmse" in found.assumes


def spoken(name: str, text: str) -> Session:
    """Return a session whose assistant says a text."""
    turns = (Turn(id="1", role="user", text="hello"), Turn(id="2", role="assistant", text=text))
    return Session(id=name, turns=turns)


def graded_by_length(slope: float, texts: list[str], seed: int = 3) -> Judged:
    """Return a judge of numbers that adds `slope` for each doubling of words, and noise of 1."""
    draw = random.Random(seed)
    names = [f"s{i:03d}" for i in range(len(texts))]
    truth = [draw.uniform(40, 60) for _ in names]
    doublings = [len(text.split()).bit_length() - 1 for text in texts]
    answers = [t + slope * d + draw.gauss(0, 1) for t, d in zip(truth, doublings, strict=True)]
    told = [spoken(name, text) for name, text in zip(names, texts, strict=True)]
    data = dataset(labels(LENGTH, {n: {"ana": t} for n, t in zip(names, truth, strict=True)}), sessions=told)
    return judged_of(data, LENGTH, [verdict(n, LENGTH, a) for n, a in zip(names, answers, strict=True)])


def test_a_judge_that_likes_long_answers_is_found_out() -> None:
    """Two points a doubling, in words and numbers; without any, the size that would have been seen is named."""
    texts = ["word " * 2 ** (1 + i % 5) for i in range(80)]
    biased, fair = (bias_checks(graded_by_length(slope, texts), measuring()) for slope in (2.0, 0.0))
    (found,), (nothing,) = biased, fair
    assert (found.kind, found.metric) == ("length", "length_slope")
    assert found.estimate.value == pytest.approx(2.0, abs=0.2)
    assert "length: each doubling of the assistant's words goes with +1.97 [" in found.words
    assert nothing.detectable == pytest.approx(2.8 / (80 * 2) ** 0.5, rel=0.25)  # sd 1, doublings' variance 2
    assert "no length bias seen" in nothing.words
    assert f"one of {nothing.detectable:.2f} would have been seen four times in five" in nothing.words


def test_marked_up_answers_are_a_habit_of_their_own() -> None:
    """Half of the answers are lists: a slope from none to all. Plain text throughout has nothing to see."""
    texts = ["- one\n- two\n- three" if i % 2 else "one two three four five" for i in range(60)]
    checks = {check.kind: check for check in bias_checks(graded_by_length(0.0, texts), measuring())}
    assert set(checks) == {"length", "format"}
    assert checks["format"].metric == "format_slope"
    assert checks["format"].estimate.n == 60
    assert "format" not in {c.kind for c in bias_checks(graded_by_length(0.0, ["one two"] * 20), measuring())}


def test_silent_assistants_and_unordered_levels_have_no_length() -> None:
    """No words, no doubling; names are neither longer nor shorter."""
    data = dataset(labels(QUALITY, {f"s{i}": {"ana": 1 + i % 5} for i in range(20)}))
    checks = bias_checks(
        judged_of(data, QUALITY, [verdict(f"s{i}", QUALITY, 1 + i % 4) for i in range(20)]), measuring()
    )
    assert [check.kind for check in checks] == ["clumping"]
    topics = dataset(labels(TOPIC, {"s1": {"ana": "a"}}), sessions=[spoken("s1", "well well")])
    assert bias_checks(judged_of(topics, TOPIC, [verdict("s1", TOPIC, "a")]), measuring()) == ()
    assert bias_checks(judged_of(topics, TOPIC, []), measuring()) == ()


def test_few_texts_cannot_say_whether_there_is_a_bias() -> None:
    """Under ten units there is no interval, and the words say that it cannot be said."""
    (check,) = bias_checks(graded_by_length(2.0, ["word " * 2**i for i in range(1, 6)]), measuring())
    assert "whether there is a length bias cannot be said (fewer than 10 independent units)" in check.words
    assert check.detectable is None


def test_a_judge_that_gives_one_level_to_all_is_told_beside_the_experts() -> None:
    """Judge: 4 on 15 of 20, never 1; the experts a fifth each."""
    data = dataset(labels(QUALITY, {f"s{i:02d}": {"ana": 1 + i % 5} for i in range(20)}))
    outcomes = [verdict(f"s{i:02d}", QUALITY, 4 if i < 15 else (2, 3, 5, 2, 3)[i - 15]) for i in range(20)]
    (check,) = bias_checks(judged_of(data, QUALITY, outcomes), measuring())
    assert (check.kind, check.metric, check.estimate.value, check.detectable) == ("clumping", "modal_share", 0.75, None)
    assert check.words == "quality: the judge gives 4 on 75%, the reference on 20%; the judge never gives 1."


def preferences(n_inconsistent: int, *, first: bool = True) -> Judged:
    """Return 20 pairs in both orders, so many of which go to the same slot twice."""
    names = [f"p{i:02d}" for i in range(20)]
    data = dataset(labels(BETTER, {n: {"ana": "first"} for n in names}), pairs=[pair(n) for n in names])
    slot = ("first", "second") if first else ("second", "first")
    outcomes = []
    for place, name in enumerate(names):
        said = slot if place < n_inconsistent else ("first", "first")
        outcomes += [shown(name, "forward", said[0]), shown(name, "swapped", said[1])]
    return judged_of(data, BETTER, outcomes)


def test_a_lean_to_one_place_is_told_from_pairs_in_both_orders() -> None:
    """8 of 8 inconsistent pairs to the first place: exact p 2 / 256. 2 of 2: not seen. None: nothing to ask."""
    for is_first, place in ((True, "first"), (False, "second")):
        (lean,) = [c for c in bias_checks(preferences(8, first=is_first), measuring()) if c.kind == "position"]
        assert (
            f"the judge leans to the {place} place: first in {'100%' if is_first else '0%'} of the 8 pairs (of 20)"
            in lean.words
        )
    (unseen,) = [c for c in bias_checks(preferences(2), measuring()) if c.kind == "position"]
    assert "no lean to either place seen" in unseen.words
    (none,) = [c for c in bias_checks(preferences(0), measuring()) if c.kind == "position"]
    assert none.words == "better: none of 20 pairs got another winner when the two were exchanged."
    once = judged_of(preferences(0).dataset, BETTER, [shown("p00", "forward", "first")])
    assert not [check for check in bias_checks(once, measuring()) if check.kind == "position"]


def test_pairs_are_held_against_the_ratio_of_their_lengths() -> None:
    """The judge always prefers the longer answer, the expert tosses a coin: a slope above 0."""
    draw = random.Random(5)
    names = [f"p{i:02d}" for i in range(60)]
    sizes = {n: (2 ** draw.randint(1, 6), 2 ** draw.randint(1, 6)) for n in names}
    told = [
        spoken(f"{n}-{end}", "word " * size) for n, both in sizes.items() for end, size in zip("xy", both, strict=True)
    ]
    data = dataset(
        labels(BETTER, {n: {"ana": draw.choice(("first", "second"))} for n in names}),
        sessions=told,
        pairs=[pair(n) for n in names],
    )
    outcomes = [verdict(n, BETTER, "first" if a > b else "second" if b > a else "tie") for n, (a, b) in sizes.items()]
    checks: Any = bias_checks(judged_of(data, BETTER, outcomes), measuring())
    (check,) = [check for check in checks if check.kind == "length"]
    assert check.estimate.low > 0
    assert "of the judge's preference" in check.words


def test_a_turn_is_measured_by_its_own_words() -> None:
    """Of a whole session the assistant's turns, of a labelled turn its own text; marks are a share of lines."""
    told = spoken("s", "four words it says")
    assert assistant_text(told) == assistant_text(told, "2") == "four words it says"
    assert assistant_text(told, "1") == "hello"
    assert assistant_text(told, "9") == assistant_text(None) == ""
    assert marked_share("") is None


def test_limits_of_agreement_have_each_place_once() -> None:
    """Means 1 and 2 1/2, differences 0 and 1: three and one. Names have none."""
    data = dataset(labels(QUALITY, {f"s{i}": {"ana": 1 if i < 3 else 2} for i in range(4)}))
    found: Any = bland_altman(
        judged_of(data, QUALITY, [verdict(f"s{i}", QUALITY, 1 if i < 3 else 3) for i in range(4)]), measuring()
    )
    assert found.points == ((1.0, 0.0, 3), (2.5, 1.0, 1))
    assert (found.criterion, found.between, found.bias.value) == ("quality", "judge~reference", 0.25)
    binary = dataset(labels(PASSED, {"s0": {"ana": "pass"}}))
    assert bland_altman(judged_of(binary, PASSED, [verdict("s0", PASSED, "pass")]), measuring()) is None
    assert bland_altman(judged_of(data, QUALITY, []), measuring()) is None


def test_many_places_are_rounded_to_a_grid() -> None:
    """2000 numbers, none twice: fewer places, no target lost."""
    draw = random.Random(1)
    data = dataset(labels(LENGTH, {f"s{i:04d}": {"ana": draw.uniform(0, 100)} for i in range(2000)}))
    found: Any = bland_altman(
        judged_of(data, LENGTH, [verdict(f"s{i:04d}", LENGTH, 50 + i / 100) for i in range(2000)]), measuring()
    )
    assert len(found.points) <= 2 * MAX_POINTS
    assert sum(n for _, _, n in found.points) == 2000


def test_probabilities_are_ranked_and_held_to_their_word() -> None:
    """Hand: p .9 .8 .7 .2 for pass pass fail fail: auroc 1; brier (.01 + .04 + .49 + .04) / 4 = .145."""
    given = {"s1": ("pass", 0.9), "s2": ("pass", 0.8), "s3": ("fail", 0.7), "s4": ("fail", 0.2)}
    data = dataset(labels(PASSED, {name: {"ana": value} for name, (value, _) in given.items()}))
    told = [
        verdict(n, PASSED, "pass" if p > 0.5 else "fail", distribution={'"pass"': p, '"fail"': 1 - p})
        for n, (_, p) in given.items()
    ]
    scored = score_rows(data, PASSED, verdict_table(PASSED, told), measuring(), rule="majority", targets=set(given))
    rows = rows_of(scored.rows, "judge~reference")
    assert (rows["auroc"].value, rows["brier"].value) == (1.0, pytest.approx(0.145))
    assert rows["ece"].value == pytest.approx((0.1 + 0.2 + 0.7 + 0.2) / 4)
    assert "auroc" not in rows_of(
        score_rows(data, PASSED, verdict_table(PASSED, [verdict("s1", PASSED, "pass")]), measuring(), rule="majority",
                   targets=set(given)).rows,
        "judge~reference",
    )  # fmt: skip


def test_scores_that_are_no_probabilities_are_ranked_and_nothing_else() -> None:
    """1 to 10 beside pass and fail: of 4 pairs of a pass and a fail 2 are won, 1 tied: 2.5 / 4; all four entered."""
    truth = {"s1": "pass", "s2": "pass", "s3": "fail", "s4": "fail"}
    data = dataset(labels(PASSED, {name: {"ana": value} for name, value in truth.items()}))
    said = {"s1": 9, "s2": 1, "s3": 1, "s4": 5}
    reverse = PASSED.model_copy(update={"scale": PASSED.scale.model_copy(update={"positive": "fail"})})
    for criterion, expected in ((PASSED, 2.5 / 4), (reverse, 2.5 / 4)):
        table = verdict_table(criterion, [verdict(n, criterion, None, score=s) for n, s in said.items()], use="score")
        found = score_rows(data, criterion, table, measuring(), rule="majority", targets=set(data.session_by_id))
        assert {row.metric for row in found.rows if row.between == "judge~reference"} == {"auroc"}
        assert rows_of(found.rows, "judge~reference")["auroc"].value == expected
        assert (found.counts.n_used, found.counts.dropped) == (4, {})
        assert found.confusion is None


def test_a_probability_comes_from_a_distribution_or_a_score_between_0_and_1() -> None:
    """Samples are averaged; a positive that is the lower level turns the score; who gave none is counted."""
    reverse = PASSED.model_copy(update={"scale": PASSED.scale.model_copy(update={"positive": "fail"})})
    outcomes = [
        verdict("s1", PASSED, "pass", score=0.8), verdict("s1", PASSED, "pass", score=0.6, sample=1),
        verdict("s2", PASSED, "pass"),
        verdict("s3", PASSED, "fail", distribution={'"pass"': 1, '"fail"': 3}),
        verdict("s4", PASSED, "fail"), verdict("s5", PASSED, "cannot_judge", score=0.5),
    ]  # fmt: skip
    expected = {("s1", None): pytest.approx(0.7), ("s3", None): 0.25}
    assert verdict_table(PASSED, outcomes).probabilities == expected
    turned = verdict_table(reverse, outcomes).probabilities
    assert turned == {("s1", None): pytest.approx(0.3), ("s3", None): 0.75}
    data = dataset(labels(PASSED, {f"s{i}": {"ana": "pass" if i < 3 else "fail"} for i in range(1, 5)}))
    rows = score_rows(
        data, PASSED, verdict_table(PASSED, outcomes), measuring(metrics=["brier", "auroc"]), rule="majority",
        targets=set(data.session_by_id),
    ).rows  # fmt: skip
    own = rows_of(rows, "judge~reference")
    assert own["brier"].dropped == {"no_probability": 2}
    assert own["brier"].value == pytest.approx((0.09 + 0.0625) / 2)


def test_a_rival_is_measured_where_the_judge_was_and_not_on_its_own_making() -> None:
    """Judge on s1 to s4; the rival failed on s3 and was made with s4: two rows, one right."""
    data = dataset(labels(PASSED, {f"s{i}": {"ana": "pass"} for i in range(1, 6)}))
    judged = judged_of(data, PASSED, [verdict(f"s{i}", PASSED, "pass") for i in range(1, 5)])
    outcomes = [verdict("s1", PASSED, "pass"), verdict("s2", PASSED, "fail"), failure("s3", PASSED)]
    outcomes += [verdict("s4", PASSED, "pass"), verdict("s5", PASSED, "pass")]
    table = verdict_table(PASSED, outcomes)
    rows = rival_rows(judged, "student", table, measuring(), barred={"session:s4"})
    accuracy = rows_of(rows, "student~reference")["accuracy"]
    assert (accuracy.value, accuracy.n) == (0.5, 2)
    assert accuracy.dropped == {"in_lineage": 1, "not_judged": 1}
    assert rival_rows(judged_of(data, PASSED, []), "student", table, measuring(), barred=set()) == []


def ceiling_row(
    value: float, low: float | None, high: float | None, between: str = "rater~others", **fields: Any
) -> Row:
    """Return a row of kappa."""
    estimate = Estimate(value, low, high, 0.95, 60, 60, "bca" if low is not None else "none: few")
    return Row.model_validate(
        {"criterion": "passed", "metric": "cohen_kappa", "between": between, "estimate": estimate, **fields}
    )


@pytest.mark.parametrize(
    ("value", "low", "high", "is_said"),
    [
        (0.1, 0.05, 0.15, True),
        (0.3, -0.1, 0.6, True),
        (0.3, 0.1, 0.5, False),
        (0.3, None, None, False),
        (0.1, None, None, True),
    ],
)
def test_a_ceiling_near_zero_is_warned_about(value, low, high, is_said) -> None:
    """Low, or an interval that holds 0: these labels cannot show that a judge is right."""
    data = dataset(labels(PASSED, {"s1": {"ana": "pass"}}))
    rows = [ceiling_row(0.5, 0.4, 0.6, "judge~reference"), ceiling_row(value, low, high)]
    said = cautions(data, [PASSED], rows, {"s1"})
    assert any("the experts hardly agree with each other (Cohen kappa" in words for words in said) == is_said


def test_only_chance_corrected_figures_have_a_zero_to_be_near() -> None:
    """An error of .1 is a good thing, and a figure of a slice is not the ceiling."""
    data = dataset(labels(PASSED, {"s1": {"ana": "pass"}}))
    small = [ceiling_row(0.1, 0.0, 0.2, between, metric="mae") for between in ("judge~reference", "rater~others")]
    sliced = [ceiling_row(0.5, 0.4, 0.6, "judge~reference"), ceiling_row(0.0, -0.1, 0.1, slice="version=v1")]
    for rows in (small, sliced, []):
        assert not [words for words in cautions(data, [PASSED], rows, {"s1"}) if "hardly agree" in words]


def test_labels_that_were_not_drawn_at_random_are_warned_about() -> None:
    """By uncertainty: counted; at random: nothing; not recorded: said once for all criteria."""

    def picked(method: str | None) -> Any:
        design = Design(method=method, probability=0.5) if method else None
        given = [label(f"s{i}", PASSED, "ana", "pass", design=design) for i in range(3)]
        return dataset([*given, *labels(QUALITY, {"s0": {"ana": 1}})])

    def said(method: str | None, targets=("s0", "s1")) -> tuple[str, ...]:
        return cautions(picked(method), [PASSED, QUALITY], [], set(targets))

    (words,) = said("uncertainty")
    assert words.startswith("passed: 2 of 2 labels are of sessions not picked at random (uncertainty 2)")
    assert said("random") == ()
    assert said(None) == (
        "how the labelled sessions were picked is not recorded: the figures hold for them, not for others",
    )


@pytest.mark.parametrize(("splits", "words"), [
    (["test"], "opened once"), (["test", "dev", "test"], "opened 2 times"), (["dev"], None), ([], None),
])  # fmt: skip
def test_every_look_at_the_test_split_is_told(splits: list[Any], words: str | None) -> None:
    """How often; other splits are for looking at."""
    data = dataset([label("s0", PASSED, "ana", "pass", design=Design(method="census"))])
    opened = tuple(Opening(id=f"o{i}", split=split, purpose="score") for i, split in enumerate(splits))
    said = cautions(data.model_copy(update={"openings": opened}), [PASSED], [], {"s0"})
    assert len(said) == (words is not None)
    assert (words or "") in "".join(said)


def test_many_failures_are_told_with_what_they_could_have_changed() -> None:
    """8 judged, 6 right, 2 failed: between 6/10 and 8/10. One of 50 is few; on numbers nobody is right or wrong."""
    ratings = {f"s{i}": {"ana": "pass"} for i in range(10)}
    outcomes = [verdict(f"s{i}", PASSED, "pass" if i < 6 else "fail") for i in range(8)]
    judged = judged_of(dataset(labels(PASSED, ratings)), PASSED, outcomes)
    counts = Counts(criterion="passed", n_targets=11, n_used=8, dropped={"unparsed": 1, "timeout": 1, "raters_tie": 1})
    assert bounds_of_failures(judged, counts) == (
        "passed: 2 of 10 targets with a reference have no verdict (20%): accuracy would be 0.60 were all of them "
        "wrong, 0.80 were all right",
    )
    assert bounds_of_failures(judged, counts.model_copy(update={"dropped": {"unparsed": 1}, "n_used": 49})) == ()
    assert bounds_of_failures(judged, counts.model_copy(update={"dropped": {"not_judged": 5}})) == ()
    numbers = judged_of(dataset(labels(LENGTH, {"s1": {"ana": 1}})), LENGTH, [verdict("s1", LENGTH, 1)])
    (words,) = bounds_of_failures(numbers, counts)
    assert words.endswith("have no verdict (20%), and nothing here speaks for them")


def test_a_session_alone_is_its_own_text() -> None:
    """The composed session has no assistant: nothing is measured on it."""
    assert assistant_text(session("s1")) == ""
