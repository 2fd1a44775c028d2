"""What a student learns, and what it must not be able to learn."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from scipy.stats import binom

from judgekit.distill.folds import folds_of
from judgekit.distill.training import MIN_UNITS, training_of
from judgekit.errors import InputError, UnknownName
from judgekit.judging.session_feature import FEATURES
from judgekit.records.dataset import Dataset, SplitManifest
from judgekit.records.label import Label
from judgekit.records.rubric import Criterion
from judgekit.records.session import Pair
from judgekit.records.verdict import Failure, Verdict
from judgekit.workflows.distil import Distilled, distil_student, judge_with_student
from tests.distill.composed_labels import (
    BINARY,
    CATEGORIES,
    NUMERIC,
    ORDINAL,
    dataset,
    label,
    planted,
    planted_pairs,
    session,
)

NOW = datetime(2026, 10, 2, tzinfo=UTC)


def verdicts(distilled: Distilled, source: Dataset) -> dict[str, Any]:
    outcomes = judge_with_student(distilled.judge, distilled.student, source, now=NOW)
    assert not [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    return {outcome.target: outcome for outcome in outcomes if isinstance(outcome, Verdict)}


def share_right(said: dict[str, Any], source: Dataset) -> float:
    n_right = sum(bool(said[each.target].value == each.value) for each in source.labels)
    return n_right / len(source.labels)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("criterion", "least"),
    [(BINARY, 0.85), (ORDINAL, 0.6), (CATEGORIES, 0.75)],
    ids=["binary", "ordinal", "categories"],
)
def test_a_planted_signal_is_found(criterion: Criterion, least: float) -> None:
    """Words and tool errors that tell the label are learnt, as cross-fitted verdicts show."""
    source = planted(criterion)
    assert share_right(verdicts(distil_student(source, criterion.id, name="j"), source), source) >= least


def test_a_planted_number_is_found() -> None:
    """Cross-fitted numbers are much nearer to the labels than the labels' mean is."""
    source = planted(NUMERIC)
    said = verdicts(distil_student(source, "effort", name="j"), source)
    truth = {each.target: float(str(each.value)) for each in source.labels}
    mean = sum(truth.values()) / len(truth)
    error = sum((said[t].score - truth[t]) ** 2 for t in truth)
    assert error < 0.3 * sum((mean - value) ** 2 for value in truth.values())
    assert all(0 <= verdict.value <= 10 for verdict in said.values())


def test_a_planted_preference_is_found() -> None:
    """The better of two sessions is told from their difference."""
    source = planted_pairs()
    assert share_right(verdicts(distil_student(source, "better", name="j"), source), source) >= 0.7


def rightness(source: Dataset) -> tuple[int, float]:
    """Return how many cross-fitted verdicts are right, and how many chance alone allows (binomial, 1 in 1000)."""
    values = [each.value for each in source.labels]
    most_common = max(map(values.count, ("pass", "fail"))) / len(values)
    said = verdicts(distil_student(source, "policy", name="j"), source)
    return round(share_right(said, source) * len(values)), float(binom.ppf(0.999, len(values), most_common))


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_shuffled_labels_teach_nothing(seed: int) -> None:
    """With labels dealt at random, cross-fitted agreement is no better than chance allows."""
    source = planted(BINARY, n=100)
    values = random.Random(seed).sample([each.value for each in source.labels], 100)
    dealt = [each.model_copy(update={"value": value}) for each, value in zip(source.labels, values, strict=True)]
    n_right, n_by_chance = rightness(source.model_copy(update={"labels": tuple(dealt)}))
    assert n_right <= n_by_chance


def test_labels_as_they_are_teach_more_than_chance() -> None:
    """The bound above can be broken: the same sessions with their own labels are far beyond it."""
    n_right, n_by_chance = rightness(planted(BINARY, n=100))
    assert n_right > n_by_chance


@pytest.mark.parametrize("criterion", [BINARY, ORDINAL], ids=["binary", "ordinal"])
def test_a_units_own_labels_do_not_reach_its_verdict(criterion: Criterion) -> None:
    """Turning the labels of a group round changes verdicts elsewhere, and none of the group's own."""
    source = planted(criterion, n=60)
    before = verdicts(distil_student(source, criterion.id, name="j", n_folds=2), source)
    levels = criterion.scale.levels
    turned = "g-7"
    others = tuple(
        each.model_copy(update={"value": levels[-1 - levels.index(each.value)]})
        if source.unit(each.target) == f"group:{turned}"
        else each
        for each in source.labels
    )
    after = verdicts(
        distil_student(source.model_copy(update={"labels": others}), criterion.id, name="j", n_folds=2), source
    )
    own = [s.id for s in source.sessions if s.group == turned]
    assert own
    for target in own:
        assert before[target].distribution == after[target].distribution
        assert before[target].rationale == after[target].rationale
    assert any(before[s.id].distribution != after[s.id].distribution for s in source.sessions)


def test_sessions_of_one_group_are_in_one_fold() -> None:
    """What belongs together is left out together."""
    sessions = [session(n, good=n % 3, group=f"g-{n // 3}") for n in range(90)]
    source = dataset(sessions, [label(s.id, BINARY, "pass" if n % 3 else "fail") for n, s in enumerate(sessions)])
    distilled = distil_student(source, "policy", name="j")
    assert set(distilled.judge.lineage.folds) == {f"group:g-{n}" for n in range(30)}
    assert set(distilled.judge.lineage.folds.values()) == set(range(5))
    assert distilled.judge.lineage.units == tuple(sorted(distilled.judge.lineage.folds))


def test_order_of_rows_does_not_matter() -> None:
    """The same sessions and labels in another order give the same weights, to the last digit."""
    source = planted(ORDINAL, n=50)
    mixed = source.model_copy(
        update={
            "sessions": tuple(random.Random(1).sample(source.sessions, 50)),
            "labels": tuple(random.Random(2).sample(source.labels, 50)),
        }
    )
    one, other = (distil_student(each, "solved", name="j", n_folds=2) for each in (source, mixed))
    assert one.student == other.student
    assert one.judge.judge_fingerprint == other.judge.judge_fingerprint


def test_every_raters_label_counts_by_its_share() -> None:
    """A session that two raters judge differently teaches doubt: its weight is halved between both answers."""
    source = planted(BINARY, n=40)
    second = [label(source.sessions[0].id, BINARY, "fail" if source.labels[0].value == "pass" else "pass", "ben")]
    training = training_of(source.model_copy(update={"labels": (*source.labels, *second)}), BINARY)
    of_first = training.rows == training.targets.index(source.sessions[0].id)
    assert training.weights[of_first].tolist() == [0.5, 0.5]
    assert training.weights.sum() == pytest.approx(40)


def test_ordinal_levels_that_never_occur_get_no_probability() -> None:
    """A level without a label is possible on the scale, and 0 in every distribution."""
    source = planted(ORDINAL, n=60)
    kept = tuple(each for each in source.labels if each.value in (2, 3, 5))
    said = verdicts(distil_student(source.model_copy(update={"labels": kept}), "solved", name="j", n_folds=2), source)
    for verdict in said.values():
        assert list(verdict.distribution) == ["1", "2", "3", "4", "5"]
        assert verdict.distribution["1"] == verdict.distribution["4"] == 0
        assert sum(verdict.distribution.values()) == pytest.approx(1, abs=1e-12)


def test_ordinal_distributions_follow_the_order() -> None:
    """More of what the experts liked moves the whole distribution up, never only some of it."""
    source = planted(ORDINAL, n=100)
    distilled = distil_student(source, "solved", name="j", n_folds=2)
    new = [session(5000 + good, good=good, n_errors=(4 - good) // 2, seed=9) for good in range(5)]
    said: tuple[Any, ...] = judge_with_student(distilled.judge, distilled.student, new, now=NOW)
    scores = [verdict.score for verdict in said]
    assert scores == sorted(scores)
    for low, high in pairwise(said):
        above = [[sum(list(v.distribution.values())[k:]) for k in range(1, 5)] for v in (low, high)]
        assert all(lower <= higher + 1e-12 for lower, higher in zip(*above, strict=True))


@pytest.mark.parametrize("ties", [True, False], ids=["with ties", "without"])
def test_a_pair_shown_the_other_way_round_gets_the_mirrored_answer(ties: bool) -> None:
    """Which session stands first has no influence: the distribution is mirrored exactly."""
    source = planted_pairs(40, ties=ties)
    distilled = distil_student(source, "better", name="j", n_folds=2)
    swapped = tuple(p.model_copy(update={"first": p.second, "second": p.first}) for p in source.pairs)
    mirror = {"first": "second", "second": "first", "tie": "tie"}
    forward = verdicts(distilled, source)
    for target, back in verdicts(distilled, source.model_copy(update={"pairs": swapped})).items():
        assert {mirror[key]: p for key, p in back.distribution.items()} == forward[target].distribution
        assert mirror[str(back.value)] == forward[target].value
        assert ties or forward[target].distribution["tie"] == 0


def test_labels_are_counted_by_cause_when_not_used() -> None:
    """Not applicable, can't judge, other kinds, other splits: each is counted, none is used."""
    source = planted(BINARY, n=60)
    extra = [
        Label(id="x-1", session="s-0000", criterion="policy", rater="ben", status="not_applicable"),
        Label(id="x-2", session="s-0001", criterion="policy", rater="ben", status="cannot_judge"),
        Label(id="x-3", session="s-0002", criterion="policy", rater="m", value="pass", kind="model"),
        Label(id="x-4", session="s-0003", turn="1", criterion="policy", rater="ben", value="pass"),
    ]
    units = {f"group:g-{n}": ("train" if n < 40 else "dev" if n < 50 else "test") for n in range(60)}
    splits = SplitManifest(seed=1, fractions={"train": 0.66, "dev": 0.17, "test": 0.17}, units=units)
    source = source.model_copy(update={"labels": (*source.labels, *extra), "splits": splits})
    distilled = distil_student(source, "policy", name="j", n_folds=2)
    assert len(distilled.targets) == 40
    assert distilled.dropped == {
        "not_applicable": 1, "cannot_judge": 1, "kind_model": 1, "label_of_a_turn": 1,
        "split_dev": 10, "split_test": 10,
    }  # fmt: skip
    assert not {unit for unit in distilled.judge.lineage.units if units[unit] != "train"}
    assert len(distil_student(source, "policy", name="j", splits=("train", "dev"), n_folds=2).targets) == 50


@pytest.mark.parametrize(
    ("labels", "criterion", "splits", "words"),
    [
        (19, "policy", ("train",), f"19 labelled units are too few to learn from; {MIN_UNITS} are needed"),
        (0, "policy", ("train",), "0 labelled units"),
        (40, "policy", ("test",), "the test split testifies"),
        (40, "policy", (), "no split"),
        (40, "feedback", ("train",), "the scale is text"),
    ],
)
def test_what_cannot_be_learnt_is_refused(labels: int, criterion: str, splits: tuple[str, ...], words: str) -> None:
    """Each refusal says why, in one line."""
    source = planted(BINARY, n=40)
    source = source.model_copy(update={"labels": source.labels[:labels]})
    with pytest.raises(InputError, match=words) as caught:
        distil_student(source, criterion, name="j", splits=splits)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_labels_all_alike_are_refused_with_their_counts() -> None:
    """With one level only there is nothing to tell apart."""
    sessions = [session(n) for n in range(30)]
    source = dataset(sessions, [label(s.id, BINARY, "pass") for s in sessions])
    with pytest.raises(InputError, match=r"all labels are alike \(fail: 0, pass: 30\)"):
        distil_student(source, "policy", name="j")


def test_units_are_counted_not_sessions() -> None:
    """Forty sessions of ten users are ten units, too few."""
    sessions = [session(n, group=f"g-{n % 10}") for n in range(40)]
    source = dataset(sessions, [label(s.id, BINARY, "pass" if n % 3 else "fail") for n, s in enumerate(sessions)])
    with pytest.raises(InputError, match="10 labelled units"):
        distil_student(source, "policy", name="j")


@pytest.mark.parametrize("n_folds", [1, 41])
def test_folds_fit_the_units(n_folds: int) -> None:
    """From 2 folds to one per unit."""
    with pytest.raises(InputError, match="folds for 40 units"):
        distil_student(planted(BINARY, n=40), "policy", name="j", n_folds=n_folds)


def test_an_unknown_criterion_is_named() -> None:
    """A misspelt criterion is answered with the known ones."""
    with pytest.raises(UnknownName, match="polcy"):
        distil_student(planted(BINARY, n=40), "polcy", name="j")


def test_a_rare_level_missing_from_a_fold_is_no_obstacle() -> None:
    """With one label of a level, the fold without it learns from the rest."""
    sessions = [session(n, good=n % 2) for n in range(40)]
    source = dataset(sessions, [label(s.id, BINARY, "fail" if n == 0 else "pass") for n, s in enumerate(sessions)])
    said = verdicts(distil_student(source, "policy", name="j", n_folds=2), source)
    assert said["s-0000"].distribution == {"fail": 0.0, "pass": 1.0}


def test_preferences_that_are_all_ties_in_a_fold_are_no_obstacle() -> None:
    """One preference among ties: the fold without it says tie, with little doubt left."""
    source = planted_pairs(30)
    said = ["first", *["tie"] * 29]
    labels = tuple(each.model_copy(update={"value": value}) for each, value in zip(source.labels, said, strict=True))
    source = source.model_copy(update={"labels": labels})
    answers = verdicts(distil_student(source, "better", name="j", n_folds=2), source)
    assert answers[labels[0].target].value == "tie"
    assert 0 < answers[labels[0].target].distribution["first"] < 0.1


@pytest.mark.slow
def test_hostile_text_is_learnt_from_like_any_other() -> None:
    """Words and digits without end, control characters, half surrogates, markup: nothing breaks or leaks out."""
    from judgekit.cli.console import clean

    hostile = [
        "a" * 100_000,
        "1" * 100_000,
        "1," * 20_000,
        "\x1b[31m\x00\u202e",
        "\ud83d lone",
        "{{ 7*7 }} <b>",
        "ΑΒΓ 漢字 ı İ",
    ]
    sessions = []
    for number in range(42):
        made = session(number, good=number % 2)
        turn = made.turns[1].model_copy(update={"text": f"{made.turns[1].text} {hostile[number % 7]}"})
        sessions.append(made.model_copy(update={"turns": (made.turns[0], turn)}))
    source = dataset(sessions, [label(s.id, BINARY, "pass" if n % 2 else "fail") for n, s in enumerate(sessions)])
    for verdict in verdicts(distil_student(source, "policy", name="j", n_folds=2), source).values():
        assert clean(verdict.rationale) == verdict.rationale
        assert len(verdict.rationale) < 600


def test_folds_are_even_and_follow_content_only() -> None:
    """Dealt by hash: any order and repeats give the same folds, sizes differ by one at most, a seed deals anew."""
    units = [f"u-{n}" for n in range(23)]
    folds = folds_of(units, 5, seed=7)
    sizes = [list(folds.values()).count(fold) for fold in range(5)]
    assert max(sizes) - min(sizes) <= 1
    assert folds == folds_of(units[::-1] + units, 5, seed=7)
    assert folds != folds_of(units, 5, seed=8)


def test_pairs_of_bare_sessions_are_in_the_unit_of_their_first() -> None:
    """The student's rule for units is the dataset's, for every way of declaring them."""
    from judgekit.judging.student import unit_of
    from judgekit.workflows.run import targets_of

    distilled = distil_student(planted_pairs(30), "better", name="j", n_folds=2)
    sessions = [session(1), session(2), session(3, group="g"), session(4, group="h")]
    pairs = [
        Pair(id="p-1", first="s-0001", second="s-0002"),
        Pair(id="p-2", first="s-0003", second="s-0004"),
        Pair(id="p-3", first="s-0003", second="s-0004", input="i"),
        Pair(id="p-4", first="s-0003", second="s-0004", group="k"),
    ]
    source = dataset(sessions, [], pairs=pairs)
    for target in targets_of(distilled.judge, sessions, pairs):
        assert unit_of(target) == source.unit(target.pair.id)  # type: ignore[union-attr]


def test_the_feature_table_has_each_name_once() -> None:
    """Names are what weights files hold; two of one name could not be told apart."""
    names = [feature.name for feature in FEATURES]
    assert len(names) == len(set(names))
