"""`estimate` with a judge's help, as a whole: lineage, splits, versions, what stands first and what is counted."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from judgekit.errors import InputError, LeakError, UnknownName
from judgekit.records.dataset import SplitManifest
from judgekit.records.judge import Calibrated, Lineage
from judgekit.workflows.estimate import estimate, estimate_judged
from judgekit.workflows.score import Scoring
from tests.analysis.composed_data import (
    PASSED,
    QUALITY,
    dataset,
    failure,
    label,
    labels,
    measuring,
    session,
    text_of,
    verdict,
)

JUDY = Scoring(judge="judy", engine="replay", model="m", judge_fingerprint="sha256:j", splits=("all",))
TOLD = [session(f"{v}-{i:03d}", version=v, group=f"{v}-g{i // 2}") for i in range(120) for v in ("v1", "v2")]
RANDOM = {"method": "random"}


def number(name):
    return int(name[-3:])


def is_good(name):
    """v1 is good in three of five sessions, v2 in four."""
    return number(name) % 5 < (3 if name.startswith("v1") else 4)


def experts(n=60, design=RANDOM, **fields):
    """Label the first n sessions of each version."""
    return [
        label(each.id, PASSED, "ana", "pass" if is_good(each.id) else "fail", design=design, **fields)
        for each in TOLD
        if number(each.id) < n
    ]


def verdicts(versions=("v1", "v2"), fails=()):
    """Judge every session: all the good pass, and every third of the bad."""
    return [
        failure(each.id, PASSED)
        if each.id in fails
        else verdict(each.id, PASSED, "pass" if is_good(each.id) or number(each.id) % 3 == 0 else "fail")
        for each in TOLD
        if each.version in versions
    ]


def run(given=None, said=None, scoring=JUDY, **fields):
    data = dataset(experts() if given is None else given, sessions=TOLD, splits=fields.pop("splits", None))
    return estimate_judged(data, verdicts() if said is None else said, scoring, measuring(), **fields)


def test_the_corrected_figure_stands_first() -> None:
    """Of each version, before labels alone and the raw judge; the report names judge and method."""
    report = run()
    first = [row for row in report.rows if row.between == "v1"]
    assert [(row.estimator, row.metric) for row in first] == [
        ("post_stratification", "share"),
        ("post_stratification", "label_multiplier"),
        ("labels_only", "share"),
        ("ppi", "share"),
        ("rogan_gladen", "share"),
        ("judge_raw", "share"),
        ("judge_raw", "bias"),
    ]
    assert first[0].estimate.value == pytest.approx(0.6, abs=0.01)
    assert (first[0].judge, first[0].engine, first[2].judge) == ("judy", "replay", None)
    assert report.headline == {"passed, v1": "post_stratification", "passed, v2": "post_stratification"}
    assert (report.judge, report.model, report.judge_fingerprint) == ("judy", "m", "sha256:j")
    assert report.summary[0].startswith("passed, v1: share of pass 0.60 [")
    assert report.settings["split"] == "all"
    assert (report.counts[0].n_targets, report.counts[0].n_used, report.counts[0].dropped) == (240, 240, {})
    assert report.title == "Quality of each version: composed"
    assert report.warnings == ()


def test_labels_that_made_the_judge_are_refused_by_name() -> None:
    """Both sessions of a group whose labels taught it; no other; those without a label do not matter."""
    lineage = Lineage(dataset="composed", units=("group:v1-g3", "group:v1-g55"))
    with pytest.raises(LeakError, match=r"2 labelled sessions helped to make judy, .*: 'v1-006', 'v1-007'\. Correct"):
        run(scoring=replace(JUDY, lineage=lineage))
    many = Lineage(dataset="composed", units=tuple(f"group:v1-g{i}" for i in range(9)))
    with pytest.raises(LeakError, match=r"18 labelled sessions .*'v1-004' and 13 more"):
        run(scoring=replace(JUDY, lineage=many))
    assert run(scoring=replace(JUDY, lineage=Lineage(dataset="composed", units=("group:v1-g55",)))).rows


def test_a_verdict_from_a_fold_made_without_the_label_is_used() -> None:
    """A cross-fitted judge; not one that was calibrated with the same labels."""
    folds = {"group:v1-g3": 0}
    crossed = Lineage(dataset="composed", units=("group:v1-g3",), folds=folds)
    assert run(scoring=replace(JUDY, lineage=crossed)).headline["passed, v1"] == "post_stratification"
    calibrated = crossed.model_copy(update={"calibrated": (Calibrated(dataset="composed", units=("group:v1-g3",)),)})
    with pytest.raises(LeakError, match="'v1-006'"):
        run(scoring=replace(JUDY, lineage=calibrated))


def test_labels_of_another_split_may_do_instead() -> None:
    """Train made the judge: with --split dev its labels stay out and the rest corrects; the test split is locked."""
    units = {f"group:{v}-g{i}": ("train", "dev", "test")[i % 3] for i in range(60) for v in ("v1", "v2")}
    manifest = SplitManifest(seed=1, fractions={"train": 0.3, "dev": 0.4, "test": 0.3}, units=units)
    made = tuple(unit for unit, split in units.items() if split == "train")
    scoring = replace(JUDY, lineage=Lineage(dataset="composed", units=made))
    with pytest.raises(LeakError, match="other labels: --split dev"):
        run(experts(n=120), scoring=scoring, splits=manifest)
    report = run(experts(n=120), scoring=replace(scoring, splits=("dev",)), splits=manifest)
    first = report.rows[0].estimate
    assert (first.n, first.dropped) == (40, {"in_lineage": 40, "label_in_other_split": 40})
    assert any("40 judged sessions stand aside" in line for line in report.warnings)
    assert any("40 labels of splits that are locked" in line for line in report.warnings)
    (count,) = report.counts
    assert count.n_targets == count.n_used + sum(count.dropped.values())
    everything = run(experts(n=120), splits=manifest)
    assert everything.rows[0].estimate.n == 80
    with pytest.raises(InputError, match="the test split is locked"):
        run(scoring=replace(JUDY, splits=("test",)), splits=manifest)
    with pytest.raises(UnknownName, match="unknown split 'devv'"):
        run(scoring=replace(JUDY, splits=("devv",)), splits=manifest)  # type: ignore[arg-type]  # wrong on purpose


def test_lineage_that_is_not_known_is_said() -> None:
    """A file of verdicts has none; a judge made of another dataset's labels was not checked."""
    assert any(
        "verdicts from a file carry no lineage" in line
        for line in run(scoring=Scoring("judy", splits=("all",))).warnings
    )
    other = replace(JUDY, lineage=Lineage(dataset="elsewhere", units=("group:v1-g3",)))
    assert any("was made with labels of dataset 'elsewhere'" in line for line in run(scoring=other).warnings)


def test_a_version_that_was_not_judged_keeps_its_labels() -> None:
    """From labels only, and said so."""
    report = run(said=verdicts(versions=["v1"]))
    assert [row.estimator for row in report.rows if row.between == "v2"] == ["labels_only"]
    assert report.headline["passed, v2"] == "labels_only"
    assert "no verdict is on passed, v2: from labels only" in report.warnings
    assert (report.counts[0].n_used, report.counts[0].dropped) == (180, {"unlabelled": 60})
    with pytest.raises(InputError, match="no verdict is on passed of a session looked at"):
        run(said=verdicts(versions=["v1"]), versions=["v2"])


def test_a_version_without_labels_is_not_corrected_by_anothers() -> None:
    """The raw judge stands there, and that labels of v1 say nothing of it."""
    report = run([each for each in experts() if each.target.startswith("v1")])
    own = {row.estimator: row.estimate for row in report.rows if row.between == "v2" and row.metric == "share"}
    assert own["judge_raw"].value is not None
    assert (own["post_stratification"].undefined or "").startswith("no_data: no judged session of v2 carries a label")
    assert any(line.startswith("passed, v2: not corrected (no judged session of v2") for line in report.summary)


def test_labels_that_are_no_random_sample_are_said_first() -> None:
    """Uncertainty without probabilities: in title and first line, and nothing is corrected."""
    report = run(experts(design={"method": "uncertainty"}))
    assert report.title == "Not a random sample: quality of each version: composed"
    assert report.summary[0].startswith("passed: the labels are not a random sample: 120 of 120 labelled sessions")
    assert set(report.headline.values()) == {"labels_only"}


def test_labels_drawn_by_class_are_said_first_and_corrected() -> None:
    """Rogan-Gladen stands first; the words for a sample that speaks for itself alone are not used."""
    report = run(experts(design={"method": "by_class"}))
    assert report.title == "Quality of each version: composed"
    assert report.summary[0].startswith("passed, v1: sessions were labelled by class (by_class 60)")
    assert set(report.headline.values()) == {"rogan_gladen"}


def test_failures_are_counted_by_cause() -> None:
    """Where the sessions went."""
    report = run(said=verdicts(fails={"v1-004", "v2-099"}))
    assert report.counts[0].failures == {"unparsed": 2}
    assert any("judy has no verdict on 1 of 120 sessions (1 unparsed)" in line for line in report.warnings)


def test_criteria_without_verdicts_stay_from_labels() -> None:
    """Quality is labelled and was not judged; alone, it is refused."""
    given = [*experts(), *labels(QUALITY, {each.id: {"ana": 3} for each in TOLD})]
    report = run(given)
    assert {row.criterion for row in report.rows} == {"passed", "quality"}
    assert report.headline["quality, v1"] == "labels_only"
    with pytest.raises(InputError, match="no verdict is on quality"):
        run(given, criteria=["quality"])


def test_verdicts_on_strangers_are_refused() -> None:
    """Sessions that the dataset does not have."""
    with pytest.raises(InputError, match="1 verdict targets are not in dataset"):
        run(said=[verdict("nobody", PASSED, "pass")])


def test_labels_alone_are_as_without_a_judge() -> None:
    """The same row to the letter."""
    data = dataset(experts(), sessions=TOLD)
    alone = estimate(data, measuring()).rows
    beside = [row for row in run().rows if row.estimator == "labels_only"]
    assert beside == list(alone)


def test_the_order_of_lines_does_not_matter() -> None:
    """Shuffled sessions, labels and verdicts give the same report to the letter."""
    draw, given, said = random.Random(1), experts(), verdicts()
    mixed = dataset(draw.sample(given, len(given)), sessions=draw.sample(TOLD, len(TOLD)))
    other = estimate_judged(mixed, draw.sample(said, len(said)), JUDY, measuring())
    assert text_of(run()) == text_of(other)
