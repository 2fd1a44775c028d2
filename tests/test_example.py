"""The shipped example: composed and says so, varied, whole, and replayable to the last reply."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import pytest

from judgekit.adapters.engines.replay import read_replies
from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.adapters.store.judge import JudgeFolder
from judgekit.adapters.store.ledger import Ledger
from judgekit.judging.lint import lint
from judgekit.judging.prompt import Prompter
from judgekit.records.dataset import Dataset
from judgekit.records.session import Session
from judgekit.review.duplicates import near_duplicates
from judgekit.review.splits import check_leaks

ROOT = Path(__file__).resolve().parents[1]
PROMPT_JUDGES = ("policy", "resolution", "feedback")
STUDENTS = ("policy-student", "resolution-student")


@pytest.fixture(scope="module")
def helpdesk() -> Dataset:
    return DatasetFolder(ROOT / "datasets" / "helpdesk").load()


def said_by_the_assistant(dataset: Dataset) -> dict[str, str]:
    """Return what the assistant said in each session; the opening message is the same for both versions."""
    return {
        session.id: "\n".join(turn.text for turn in session.turns[1:]) + f" {session.id}"
        for session in dataset.sessions
    }


def test_the_dataset_says_that_it_was_composed(helpdesk: Dataset) -> None:
    """Nobody takes the example for real sessions or real experts."""
    assert "COMPOSED" in helpdesk.card.description
    for name in PROMPT_JUDGES:
        assert "composed" in JudgeFolder(ROOT / "judges" / name).load().description


def test_it_has_two_versions_of_every_input(helpdesk: Dataset) -> None:
    """At least 120 sessions; each input was answered once by each version, and opens with the same words."""
    assert len(helpdesk.sessions) >= 120
    by_input: dict[str | None, dict[str | None, Session]] = {}
    for session in helpdesk.sessions:
        by_input.setdefault(session.input, {})[session.version] = session
    assert all(set(versions) == {"v1", "v2"} for versions in by_input.values())
    assert all(v["v1"].turns[0].text == v["v2"].turns[0].text for v in by_input.values())


def test_no_two_sessions_are_clones(helpdesk: Dataset) -> None:
    """No near-duplicates, at a far stricter threshold than the one that splits refuse."""
    assert near_duplicates(said_by_the_assistant(helpdesk), threshold=0.2) == []


def test_the_near_duplicate_check_sees_a_clone(helpdesk: Dataset) -> None:
    """The test above can fail: a session with a word changed is found."""
    texts = said_by_the_assistant(helpdesk)
    name, text = max(texts.items(), key=lambda item: len(item[1]))
    texts["clone"] = text.replace("order", "parcel", 1)
    assert {name, "clone"} in [{one, other} for one, other, _ in near_duplicates(texts, threshold=0.2)]


def test_no_two_reasons_are_alike(helpdesk: Dataset) -> None:
    """Every rationale was written for its session."""
    reasons = Counter(label.rationale for label in helpdesk.labels if label.rationale)
    assert max(reasons.values()) == 1


def test_labels_carry_what_the_design_asks_for(helpdesk: Dataset) -> None:
    """Each label knows its rater, time, what was seen, the rubric, and how the session was picked."""
    worded = {criterion.id: criterion.fingerprint() for criterion in helpdesk.rubric.criteria}
    for label in helpdesk.labels:
        assert label.rater in ("ana", "ben", "chloe")
        assert label.at is not None
        assert label.seen == helpdesk.session_by_id[label.target].seen_fingerprint
        assert label.rubric == worded[label.criterion]
        assert label.design is not None
        assert label.rationale or label.criterion == "feedback"


def test_some_sessions_overlap_and_some_are_rated_once(helpdesk: Dataset) -> None:
    """Three raters disagree on some, and a part is rated by one of them only."""
    raters: dict[str, dict[str | None, object]] = {}
    for label in helpdesk.labels:
        if label.criterion == "policy":
            raters.setdefault(label.target, {})[label.rater] = label.value
    sizes = Counter(map(len, raters.values()))
    assert sizes[1] >= 30
    assert sizes[3] >= 30
    assert sum(len(set(values.values())) > 1 for values in raters.values()) >= 10


def test_the_splits_do_not_leak_and_the_ledger_is_whole(helpdesk: Dataset) -> None:
    """No customer stands on both sides, and every chain verifies."""
    check_leaks(helpdesk)
    assert Ledger(ROOT / "datasets" / "helpdesk" / "ledger").verify() == ()


@pytest.mark.parametrize("name", PROMPT_JUDGES)
def test_every_request_has_its_composed_reply(helpdesk: Dataset, name: str) -> None:
    """The replies match the prompts as they are now, one each, each marked as composed."""
    folder = ROOT / "judges" / name
    prompter = Prompter(JudgeFolder(folder).load())
    asked = {prompter.request(session).request.key for session in helpdesk.sessions}
    replies = read_replies(folder / "replies.jsonl")
    assert {reply.request for reply in replies} == asked
    assert len(replies) == len(helpdesk.sessions)
    assert all(reply.composed for reply in replies)


@pytest.mark.parametrize("name", [*PROMPT_JUDGES, *STUDENTS])
def test_the_judges_stand_on_the_rubric(helpdesk: Dataset, name: str) -> None:
    """Each judge's criterion is the rubric's, to the letter, and lint has nothing to warn of."""
    judge = JudgeFolder(ROOT / "judges" / name).load()
    assert judge.criterion == helpdesk.rubric.criterion(judge.criterion.id)
    if judge.kind == "prompt":
        assert [finding for finding in lint(judge) if finding.severity in ("warning", "error")] == []


@pytest.mark.parametrize("name", STUDENTS)
def test_the_students_never_saw_the_test_split(helpdesk: Dataset, name: str) -> None:
    """The lineage holds units of train and dev alone, each with the fold made without it."""
    lineage = JudgeFolder(ROOT / "judges" / name).load().lineage
    assert helpdesk.splits is not None
    assert {helpdesk.splits.units[unit] for unit in lineage.units} == {"train", "dev"}
    assert set(lineage.folds) == set(lineage.units)


def test_mistakes_cannot_be_found_by_a_word(helpdesk: Dataset) -> None:
    """No single word of the assistant tells a majority fail from a majority pass: the best one is a weak sign."""
    verdicts: dict[str, list[bool]] = {}
    for label in helpdesk.labels:
        if label.criterion == "policy" and label.status == "ok":
            verdicts.setdefault(label.target, []).append(label.value == "fail")
    failed = {session: sum(votes) * 2 > len(votes) for session, votes in verdicts.items()}
    words = {
        s.id: {w for turn in s.turns if turn.role == "assistant" for w in turn.text.lower().split()}
        for s in helpdesk.sessions
        if s.id in failed
    }
    base = max(sum(failed.values()), len(failed) - sum(failed.values())) / len(failed)
    common = Counter(itertools.chain.from_iterable(words.values()))
    candidates = [word for word, n in common.items() if n >= 5]
    best = max(
        max(hits, len(failed) - hits) / len(failed)
        for word in candidates
        for hits in [sum((word in words[s]) == failed[s] for s in failed)]
    )
    assert best < base + 0.1
