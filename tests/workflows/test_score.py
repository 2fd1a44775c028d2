"""`score` as a whole: what may be scored, what is listed, and that the order of lines does not matter."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from judgekit.errors import InputError, UnknownName
from judgekit.records.dataset import SplitManifest
from judgekit.records.judge import Lineage
from judgekit.workflows.score import Rival, Scoring, score
from tests.analysis.composed_data import (
    PASSED,
    QUALITY,
    TOPIC,
    WORDS,
    dataset,
    failure,
    label,
    labels,
    measuring,
    rows_of,
    session,
    text_of,
    verdict,
)

ALL = Scoring(judge="judy", engine="replay", model="m", splits=("all",))
UNITS = {f"session:s{i}": split for i, split in enumerate(("train", "dev", "dev", "test"))}
SPLITS = SplitManifest(seed=1, fractions={"train": 0.25, "dev": 0.5, "test": 0.25}, units=UNITS)


def labelled(n=4, *, splits=SPLITS):
    return dataset(labels(PASSED, {f"s{i}": {"ana": "pass", "ben": "pass"} for i in range(n)}), splits=splits)


def judged(n=4):
    return [verdict(f"s{i}", PASSED, "pass") for i in range(n)]


@pytest.mark.parametrize(("splits", "n"), [(("dev",), 2), (("train",), 1), (("train", "dev"), 3), (("all",), 3)])
def test_only_the_splits_asked_for_are_read_and_never_test(splits, n) -> None:
    """All means all but the locked test split."""
    report = score(labelled(), judged(), replace(ALL, splits=splits), measuring())
    assert report.counts[0].n_used == report.counts[0].n_targets == n
    assert report.split == "+".join(splits)


def test_the_test_split_is_refused() -> None:
    """Whatever stands beside it."""
    with pytest.raises(InputError, match=r"test split is locked.*Use --split dev"):
        score(labelled(), judged(), replace(ALL, splits=("dev", "test")), measuring())
    wrong: Any = ("dve",)
    with pytest.raises(UnknownName, match=r"unknown split 'dve'\. Did you mean 'dev'"):
        score(labelled(), judged(), replace(ALL, splits=wrong), measuring())


def test_without_splits_everything_labelled_is_read_and_said_so() -> None:
    """The report says that no split was declared."""
    report = score(labelled(splits=None), judged(), Scoring(judge="judy"), measuring())
    assert (report.counts[0].n_used, report.split) == (4, "none declared")
    assert any("declares no splits" in line for line in report.warnings)


def test_labels_that_made_the_judge_are_left_out_unless_a_fold_was_made_without_them() -> None:
    """s1 helped to make it; s2 did too, in a fold whose judge never saw it; another dataset's lineage is not ours."""
    lineage = Lineage(dataset="composed", units=("session:s1", "session:s2"), folds={"session:s2": 0})
    report = score(labelled(), judged(), replace(ALL, lineage=lineage, splits=("dev",)), measuring())
    assert report.counts[0].n_used == 1
    assert report.warnings[0].startswith("1 labelled sessions were left out: their labels helped to make the judge")
    other = lineage.model_copy(update={"dataset": "other"})
    report = score(labelled(), judged(), replace(ALL, lineage=other, splits=("dev",)), measuring())
    assert report.counts[0].n_used == 2
    everything = Lineage(units=("session:s1", "session:s2"))
    with pytest.raises(InputError, match=r"no labelled session of dev may be used \(2 in_lineage, 2 other_split\)"):
        score(labelled(), judged(), replace(ALL, lineage=everything, splits=("dev",)), measuring())


def test_what_cannot_be_scored_is_refused() -> None:
    """No verdict; verdicts on sessions of elsewhere; no label at all; a criterion that is not there."""
    with pytest.raises(InputError, match=r"there are no verdicts to score. Run the judge first"):
        score(labelled(), [], ALL, measuring())
    with pytest.raises(InputError, match=r"2 verdict targets are not in dataset 'composed', such as 's8'"):
        score(labelled(), judged(10)[8:], ALL, measuring())
    with pytest.raises(InputError, match="no session carries a label"):
        score(dataset(sessions=[session("s0")]), judged(1), ALL, measuring())
    stranger = PASSED.model_copy(update={"id": "pased"})
    with pytest.raises(UnknownName, match="Did you mean 'passed'"):
        score(labelled(), [verdict("s0", stranger, "pass")], ALL, measuring())


def test_judged_sessions_without_a_label_are_said() -> None:
    """Two verdicts that nobody can hold against anything."""
    data = dataset(labels(PASSED, {"s0": {"ana": "pass"}}), sessions=[session(f"s{i}") for i in range(3)])
    report = score(data, judged(3), ALL, measuring())
    assert "2 judged sessions carry no label and could not be scored" in report.warnings


def test_rows_name_judge_and_engine_and_the_report_how_it_was_made() -> None:
    """No row of a judge is passed off as another's."""
    report = score(labelled(), judged(), replace(ALL, judge_fingerprint="sha256:x", settings={"seed": 1}), measuring())
    assert {(row.judge, row.engine) for row in report.rows} == {("judy", "replay")}
    assert (report.model, report.judge_fingerprint, report.reference) == ("m", "sha256:x", "majority")
    assert (report.settings["use"], report.settings["seed"]) == ("value", 1)
    assert score(labelled(), judged(), replace(ALL, reference="rater:ana"), measuring()).reference == "rater:ana"


def test_failures_are_listed_before_disagreements_with_what_the_experts_said() -> None:
    """The failed session is in `failures`, the wrong one in `disagreements`, and the words begin with failures."""
    outcomes = [verdict("s1", PASSED, "fail", rationale="no"), failure("s2", PASSED, "refused", detail="will not")]
    report: Any = score(labelled(), outcomes, replace(ALL, splits=("dev",)), measuring())
    assert [(each.target, each.judge.status) for each in report.failures] == [("s2", "refused")]
    assert [(each.target, each.judge.rationale) for each in report.disagreements] == [("s1", "no")]
    assert report.summary[0] == "passed: judy gave no verdict 1 times (1 refused)."
    assert report.counts[0].dropped == {"refused": 1}


def test_an_open_answer_stands_side_by_side() -> None:
    """No coefficient; answered and labelled is used, others are counted once each."""
    data = dataset(
        labels(WORDS, {"s0": {"ana": "rude"}, "s1": {"ana": "slow"}}), sessions=[session(f"s{i}") for i in range(4)]
    )
    data = data.model_copy(update={"labels": (*data.labels, label("s2", PASSED, "ana", "pass"))})
    outcomes = [verdict("s0", WORDS, "was rude", sample=1), verdict("s0", WORDS, "rude!"), verdict("s2", WORDS, "ok")]
    outcomes.append(failure("s1", WORDS, "timeout"))
    report: Any = score(data, outcomes, ALL, measuring())
    (counts,) = report.counts
    assert (counts.n_targets, counts.n_used, counts.dropped) == (3, 1, {"no_label": 1, "timeout": 1})
    assert [(each.judge.value, each.ratings[0].value) for each in report.disagreements] == [
        ("rude!", "rude"), ("was rude", "rude"),
    ]  # fmt: skip
    assert report.reference == "side by side"
    assert report.rows[0].estimate.undefined.startswith("not_for_this_scale")
    assert report.confusions == ()


def test_the_score_is_measured_where_asked() -> None:
    """Value 3 is right; score 3.4 is 2/5 off."""
    data = dataset(labels(QUALITY, {"s0": {"ana": 3}, "s1": {"ana": 3}}))
    outcomes = [verdict(f"s{i}", QUALITY, 3, score=3.4) for i in (0, 1)]
    cases: Any = (("value", 0.0), ("score", 0.4))
    for use, expected in cases:
        rows = rows_of(score(data, outcomes, replace(ALL, use=use), measuring()).rows, "judge~reference")
        assert rows["mae"].value == pytest.approx(expected)


def random_run(seed=4, n=30):
    draw = random.Random(seed)
    people = ("ana", "ben", "chloe")
    ratings = {f"s{i:02d}": {p: draw.choice(("a", "b", "c")) for p in people if draw.random() < 0.7} for i in range(n)}
    told = [session(f"s{i:02d}", group=f"u{i % 15}") for i in range(n)]
    outcomes = [verdict(f"s{i:02d}", TOPIC, draw.choice("abc"), sample=k) for i in range(n) for k in range(3)]
    outcomes += [failure(f"s{i:02d}", PASSED, draw.choice(("unparsed", "refused"))) for i in range(0, n, 5)]
    outcomes += [verdict(f"s{i:02d}", PASSED, draw.choice(("pass", "fail"))) for i in range(n) if i % 5]
    votes = {f"s{i:02d}": {"ana": draw.choice(("pass", "fail")), "ben": "pass"} for i in range(n)}
    return dataset([*labels(TOPIC, ratings), *labels(PASSED, votes)], sessions=told), outcomes


def test_the_order_of_sessions_labels_and_verdicts_does_not_matter() -> None:
    """Shuffled, the report is the same to the letter, lists and intervals included."""
    data, outcomes = random_run()
    draw = random.Random(9)
    mixed = data.model_copy(
        update={
            "labels": tuple(draw.sample(data.labels, len(data.labels))),
            "sessions": tuple(draw.sample(data.sessions, len(data.sessions))),
        }
    )
    rival = Rival("student", [verdict(f"s{i:02d}", PASSED, "pass") for i in range(30)])
    full = replace(ALL, slices=("words", "group"), rivals=(rival,))
    first = score(data, outcomes, full, measuring())
    shuffled = replace(full, rivals=(replace(rival, outcomes=draw.sample(rival.outcomes, 30)),))
    assert text_of(first) == text_of(score(mixed, draw.sample(outcomes, len(outcomes)), shuffled, measuring()))
    for counts in first.counts:
        assert counts.n_targets == counts.n_used + sum(counts.dropped.values())
    assert [counts.criterion for counts in first.counts] == ["passed", "topic"]


@pytest.mark.parametrize(("group", "shrinks_to"), [("a{}", 0.71), ("u{}", 1.0)])
def test_every_session_twice_narrows_intervals_unless_both_are_of_one_group(group, shrinks_to) -> None:
    """Labels and verdicts alike: twice the groups by the square root of two, the same groups not at all."""
    draw = random.Random(4)
    truth = {f"s{place:03d}": draw.randint(1, 5) for place in range(150)}
    said = {name: min(5, max(1, value + draw.choice((-1, 0, 0, 1)))) for name, value in truth.items()}

    def scored(endings):
        told = [session(n + end, group=g.format(p)) for end, g in endings for p, n in enumerate(truth)]
        ratings = {n + end: {"ana": value} for end, _ in endings for n, value in truth.items()}
        outcomes = [verdict(n + end, QUALITY, value) for end, _ in endings for n, value in said.items()]
        data = dataset(labels(QUALITY, ratings), sessions=told)
        wanted = measuring(metrics=("cohen_kappa_quadratic", "mae", "bias", "rmse"))
        return rows_of(score(data, outcomes, ALL, wanted).rows, "judge~reference")

    once, twice = scored([("", "u{}")]), scored([("", "u{}"), ("-b", group)])
    for metric, found in once.items():
        ratio = (twice[metric].high - twice[metric].low) / (found.high - found.low)
        assert ratio == pytest.approx(shrinks_to, rel=0.15), metric


def test_a_report_holds_all_that_stands_beside_the_headline() -> None:
    """Slices, biases, limits of agreement, the alternative annotator test, a rival, and what was not run."""
    draw = random.Random(3)
    names = [f"s{i:02d}" for i in range(60)]
    told = [session(name, version=f"v{i % 2}") for i, name in enumerate(names)]
    ratings = {name: {who: draw.randint(1, 5) for who in ("ana", "ben", "chloe")} for name in names}
    votes = {name: {"ana": draw.choice(("pass", "fail"))} for name in names}
    data = dataset([*labels(QUALITY, ratings), *labels(PASSED, votes)], sessions=told)
    outcomes = [verdict(name, QUALITY, draw.randint(1, 5)) for name in names]
    outcomes += [verdict(name, PASSED, draw.choice(("pass", "fail"))) for name in names]
    rival = Rival("student", [verdict(name, PASSED, "pass") for name in names], Lineage(units=("session:s00",)))
    report = score(data, outcomes, replace(ALL, slices=("version",), rivals=(rival,), epsilon=0.1), measuring())
    assert {(test.criterion, test.slice) for test in report.slices} == {
        (name, f"version=v{i}") for name in ("passed", "quality") for i in (0, 1)
    }
    assert [(check.criterion, check.kind) for check in report.biases] == [("quality", "clumping")]
    assert [found.criterion for found in report.bland_altman] == ["quality"]
    assert [(test.criterion, test.epsilon) for test in report.alt_tests] == [("quality", 0.1)]
    student = rows_of(report.rows, "student~reference")["accuracy"]
    assert (student.n, student.dropped) == (59, {"in_lineage": 1})
    assert (
        "passed: the alternative annotator test was not run: it needs 3 named raters, 1 gave labels" in report.warnings
    )
    assert any("by the alternative annotator test at epsilon 0.1" in words for words in report.summary)
    assert (report.settings["slices"], report.settings["baselines"]) == (["version"], ["student"])
    assert len(set(report.warnings)) == len(report.warnings)


def test_a_rival_that_says_nothing_here_is_refused() -> None:
    """No verdict on what is scored, or a name that is taken."""
    for name, about, said in (
        ("student", QUALITY, r"baseline 'student': no verdict is on passed\. Name a run on the same criterion"),
        ("judy", PASSED, r"baseline 'judy' cannot be told from the judge's own rows"),
    ):
        rival = Rival(name, [verdict("s0", about, 1 if about is QUALITY else "pass")])
        with pytest.raises(InputError, match=said):
            score(labelled(), judged(), replace(ALL, rivals=(rival,)), measuring())
    with pytest.raises(UnknownName, match="Did you mean 'version'"):
        score(labelled(), judged(), replace(ALL, slices=("versions",)), measuring())
