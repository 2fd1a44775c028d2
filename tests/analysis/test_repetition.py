"""Several samples of one verdict: the first ones, how often they agree, and what is said of them."""

from __future__ import annotations

import pytest

from judgekit.analysis.repetition import first_samples, sample_words
from judgekit.errors import InputError
from judgekit.workflows.score import Scoring, score
from tests.analysis.composed_data import (
    LENGTH,
    PASSED,
    QUALITY,
    TOPIC,
    dataset,
    failure,
    labels,
    measuring,
    rows_of,
    verdict,
)

TRUTH = {"s1": {"ana": 4}, "s2": {"ana": 2}, "s3": {"ana": 5}}
SAID = [
    *(verdict("s1", QUALITY, value, sample=n) for n, value in enumerate((4, 4, 4))),
    *(verdict("s2", QUALITY, value, sample=n) for n, value in enumerate((2, 3, 3))),
    failure("s3", QUALITY), verdict("s3", QUALITY, 5, sample=1), failure("s3", QUALITY, sample=2),
]  # fmt: skip


def reported(outcomes=SAID, criterion=QUALITY, truth=TRUTH, *, metrics=(), **named):
    return score(dataset(labels(criterion, truth)), outcomes, Scoring("judy", **named), measuring(metrics=metrics))


def test_consistency_is_the_share_of_verdicts_whose_samples_all_agree() -> None:
    """s1 agrees, s2 does not, s3 has one answer and is counted as left out: 1 of 2."""
    found = rows_of(reported().rows, "judge")["sample_consistency"]
    assert (found.value, found.n, found.dropped) == (0.5, 2, {"fewer_than_two_answers": 1})


def test_a_status_is_an_answer() -> None:
    """Saying twice that it cannot judge is consistent; saying so once is not."""
    outcomes = [verdict(name, PASSED, "cannot_judge") for name in ("s1", "s2")]
    outcomes += [verdict("s1", PASSED, "cannot_judge", sample=1), verdict("s2", PASSED, "pass", sample=1)]
    found = reported(outcomes, PASSED, {"s1": {"ana": "pass"}, "s2": {"ana": "pass"}}).rows
    assert rows_of(found, "judge")["sample_consistency"].value == 0.5


def test_samples_are_compared_by_what_is_measured() -> None:
    """One level, two scores: alike by value, not by score."""
    outcomes = [verdict(t, QUALITY, 4, score=s, sample=n) for t in ("s1", "s2") for n, s in enumerate((3.9, 4.1))]
    by = {use: rows_of(reported(outcomes, use=use).rows, "judge")["sample_consistency"] for use in ("value", "score")}
    assert (by["value"].value, by["score"].value) == (1, 0)


def test_nothing_is_said_of_samples_where_there_is_one() -> None:
    """Neither a row nor a note; and the row only when it is among the metrics asked for."""
    once = reported([outcome for outcome in SAID if outcome.sample == 0])
    assert "judge" not in {row.between for row in once.rows}
    assert not [words for words in once.warnings if "samples" in words]
    assert "judge" not in {row.between for row in reported(metrics=("mae",)).rows}
    asked = [row.metric for row in reported(metrics=("sample_consistency",)).rows]
    assert asked == ["sample_consistency"]


def test_each_criterion_speaks_for_itself() -> None:
    """Quality was asked three times, passed once: only quality has a row."""
    once = [verdict("s1", PASSED, "pass"), verdict("s2", PASSED, "fail")]
    data = dataset([*labels(QUALITY, TRUTH), *labels(PASSED, {"s1": {"ana": "pass"}, "s2": {"ana": "fail"}})])
    rows = score(data, [*SAID, *once], Scoring("judy"), measuring()).rows
    assert [row.criterion for row in rows if row.metric == "sample_consistency"] == ["quality"]


def test_the_first_samples_are_the_first_numbers_not_the_first_answers() -> None:
    """s3's first sample failed, and its second does not take the place; numbers may begin at 1."""
    assert [(o.target, o.sample) for o in first_samples(SAID, 1)] == [("s1", 0), ("s2", 0), ("s3", 0)]
    later = [outcome.model_copy(update={"sample": outcome.sample + 1}) for outcome in SAID]
    assert {o.sample for o in first_samples(later, 2)} == {1, 2}
    found = reported(n_samples=1)
    assert rows_of(found.rows, "judge~reference")["mae"].n == 2
    assert found.counts[0].dropped == {"unparsed": 1}
    assert found.settings["samples"] == 1
    assert "quality: each verdict is the first of 3 samples" in found.warnings


@pytest.mark.parametrize("n", [0, -1, 4])
def test_more_samples_than_there_are_or_none_are_refused(n: int) -> None:
    """Both numbers are named."""
    with pytest.raises(InputError, match=f"{n} samples of each verdict are asked for, and the verdicts have 3"):
        first_samples(SAID, n)


@pytest.mark.parametrize(
    ("criterion", "use", "n", "words"),
    [
        (QUALITY, "value", 3, "quality: each verdict is the median of 3 samples; where answers are ranked, their mean"),
        (QUALITY, "score", 2, "quality: each verdict is the mean of the first 2 of 3 samples"),
        (PASSED, "value", 3, "passed: each verdict is the majority of 3 samples; where answers are ranked, their mean"),
        (TOPIC, "value", 2, "topic: each verdict is the majority of the first 2 of 3 samples"),
        (LENGTH, "value", 1, "length: each verdict is the first of 3 samples"),
    ],
)
def test_how_samples_became_one_is_said(criterion, use, n: int, words: str) -> None:
    """By the scale and by what is measured."""
    assert sample_words(criterion, use, n, 3) == words
