"""A panel says what its members say together: strictly, whatever their order, and never out of a failure."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from judgekit.errors import InputError, UnknownName
from judgekit.judging.panel import check_panel, panel_lineage, panel_outcome, panel_outcomes
from judgekit.records.judge import Judge, Lineage
from judgekit.records.rubric import Criterion, Scale
from judgekit.records.verdict import Failure, Verdict

BINARY = Scale(type="binary", levels=("fail", "pass"))
ORDINAL = Scale(type="ordinal", levels=(1, 2, 3, 4, 5))
TONES = Scale(type="categorical", levels=("warm", "cold", "neutral"))
NUMBER = Scale(type="numeric", min=0, max=10)
NAMES = ("a", "b", "c", "d", "e")


def panel_of(scale: Scale, n: int, rule: str = "majority", **more: Any) -> Judge:
    """Return a panel of n members named a, b, c ..."""
    criterion = Criterion(id="q", question="?", scale=scale)
    given = {"members": NAMES[:n], "rule": rule, **more}
    return Judge(name="jury", kind="panel", criterion=criterion, panel=given, members=dict.fromkeys(NAMES[:n], "x"))


def said(*answers: Any, session: str = "s") -> dict[str, list[Verdict | Failure]]:
    """Return what a, b, c ... said: a value, a score, a status, or a list of these by sample; None: nothing."""
    return {
        name: [outcome(answer, number, session) for number, answer in enumerate(each)]
        for name, some in zip(NAMES, answers, strict=False)
        if (each := some if isinstance(some, list) else [some]) != [None]
    }


def outcome(answer: Any, sample: int, session: str) -> Verdict | Failure:
    where: dict[str, Any] = {"session": session, "criterion": "q", "sample": sample}
    if answer in ("timeout", "unparsed", "refused"):
        return Failure(**where, status=answer, detail="why")
    if answer in ("not_applicable", "cannot_judge"):
        return Verdict(**where, status=answer)
    if isinstance(answer, tuple):
        return Verdict(**where, value=answer[0], score=answer[1])
    return Verdict(**where, value=answer)


def combined(judge: Judge, *answers: Any) -> Verdict:
    """Return the panel's verdict, the same whoever says what first."""
    found = panel_outcome(judge, said(*answers))
    assert isinstance(found, Verdict)
    for order in itertools.permutations(said(*answers).items()):
        again = panel_outcome(judge, dict(order))
        assert again == found, "the order in which members are listed decides"
    return found


@pytest.mark.parametrize(
    ("scale", "answers", "value", "status"),
    [
        (BINARY, ("pass", "pass", "fail"), "pass", "ok"),
        (BINARY, ("pass", "fail"), None, "cannot_judge"),
        (BINARY, ("pass", "pass", "fail", "fail"), None, "cannot_judge"),
        (TONES, ("warm", "warm", "cold", "neutral", "neutral"), None, "cannot_judge"),
        (TONES, ("warm", "warm", "warm", "neutral", "cold"), "warm", "ok"),
        (ORDINAL, (1, 5, 5), 5, "ok"),
        (BINARY, ("not_applicable", "not_applicable", "pass"), None, "not_applicable"),
        (BINARY, ("pass", "not_applicable", "fail"), None, "cannot_judge"),
        (BINARY, ("pass", "pass", "timeout"), "pass", "ok"),
        (BINARY, ("pass", "fail", "timeout"), None, "cannot_judge"),
    ],
)
def test_a_majority_is_more_than_half_of_those_that_answered(
    scale: Scale, answers: tuple[Any, ...], value: Any, status: str
) -> None:
    """A plurality is none, a tie is none, and then the panel cannot judge: it never takes the first."""
    verdict = combined(panel_of(scale, len(answers)), *answers)
    assert (verdict.value, verdict.status) == (value, status)
    if status == "cannot_judge":
        assert "no majority" in str(verdict.rationale)


def test_too_few_answers_are_a_failure_that_names_who_did_not_answer() -> None:
    """The quorum is more than half unless it is said; the failure has its members' cause where they share one."""
    found = panel_outcome(panel_of(BINARY, 3), said("pass", "timeout", "timeout"))
    assert isinstance(found, Failure)
    assert (found.status, found.detail) == (
        "timeout",
        "1 of 3 members answered and 2 must (b: timeout; c: timeout)",
    )
    assert [entry["status"] for entry in found.metadata["members"]] == ["ok", "timeout", "timeout"]
    mixed = panel_outcome(panel_of(BINARY, 3), said("pass", "timeout", "unparsed"))
    assert mixed.status == "engine_error"
    assert panel_outcome(panel_of(BINARY, 3, quorum=1), said("pass", "timeout", None)).status == "ok"
    assert isinstance(panel_outcome(panel_of(BINARY, 3, quorum=3), said("pass", "pass", None)), Failure)


def test_members_stand_in_the_verdict_with_each_of_their_samples() -> None:
    """Name, value, score, status and sample; a failure with its cause, and one that was not asked."""
    verdict = combined(panel_of(BINARY, 4, quorum=2), ["pass", "fail", "pass"], ("pass", 0.9), "refused", None)
    assert verdict.value == "pass"
    assert verdict.members[3] == {"name": "b", "value": "pass", "score": 0.9, "status": "ok", "sample": 0}
    assert [(entry["name"], entry["status"]) for entry in verdict.members] == [
        ("a", "ok"), ("a", "ok"), ("a", "ok"), ("b", "ok"), ("c", "refused"), ("d", "not_asked"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("scale", "rule", "answers", "value", "score"),
    [
        (ORDINAL, "mean", (3, 4, 5), 4, 4.0),
        (ORDINAL, "mean", (3, 4), None, 3.5),
        (ORDINAL, "mean", (1, 1, 5), 2, 7 / 3),
        (ORDINAL, "median", (1, 1, 5), 1, 1.0),
        (ORDINAL, "median", (2, 4), 3, 3.0),
        (ORDINAL, "median", (3, 4), None, 3.5),
        (ORDINAL, "mean", (3, "not_applicable", 4), None, 3.5),
        (BINARY, "mean", ("pass", "pass", "fail"), "pass", 2 / 3),
        (BINARY, "mean", (("pass", 0.6), ("fail", 0.1)), "fail", 0.35),
        (BINARY, "mean", (("pass", 7.0), ("fail", 0.0)), None, 0.5),
        (NUMBER, "median", (1, 2.5, 9), 2.5, 2.5),
        (ORDINAL, "mean", ([1, 5], 5), 4, 4.0),
    ],
)
def test_means_and_medians_go_by_the_scales_numbers(
    scale: Scale, rule: str, answers: tuple[Any, ...], value: Any, score: float
) -> None:
    """The level is the nearest one; halfway between two there is a score and no level."""
    verdict = combined(panel_of(scale, len(answers), rule), *answers)
    assert verdict.value == value
    assert verdict.score == pytest.approx(score)


def test_weights_are_by_name() -> None:
    """On ordered levels they make a weighted mean; on others more than half of the weight is needed."""
    heavy = {"weights": {"a": 3.0}}
    assert combined(panel_of(ORDINAL, 3, "weighted", **heavy), 5, 1, 1).score == pytest.approx(17 / 5)
    assert combined(panel_of(TONES, 3, "weighted", **heavy), "warm", "cold", "cold").value == "warm"
    even = {"weights": {"a": 2.0}}
    assert combined(panel_of(TONES, 3, "weighted", **even), "warm", "cold", "cold").status == "cannot_judge"


def test_shares_of_the_votes_are_the_distribution() -> None:
    """Failures and answers that are no level have no share."""
    verdict = combined(panel_of(TONES, 5), "warm", "warm", "warm", "cold", "timeout")
    assert verdict.distribution == {'"cold"': 0.25, '"warm"': 0.75}


def test_everything_any_member_was_asked_about_has_one_outcome() -> None:
    """Members' sorted outcomes are read side by side, target by target; other criteria are passed over."""
    judge = panel_of(BINARY, 2)
    streams: dict[str, list[Verdict | Failure]] = {"a": [], "b": []}
    for session in ("s1", "s2", "s3"):
        for name, each in said("pass", "pass" if session != "s2" else "timeout", session=session).items():
            streams[name] += each
    streams["a"].insert(0, Verdict(session="s0", criterion="other", value="x"))
    del streams["b"][2]
    found = list(panel_outcomes(judge, streams))
    assert [(each.session, each.status) for each in found] == [
        ("s1", "ok"),
        ("s2", "timeout"),
        ("s3", "engine_error"),
    ]
    assert "b: not asked" in found[2].detail if isinstance(found[2], Failure) else False
    assert len({each.id for each in found}) == 3


def member(name: str, **changes: Any) -> Judge:
    """Return a member of the panels below."""
    fields: dict[str, Any] = {"criterion": Criterion(id="q", question="?", scale=BINARY), "model": "openai/m"}
    return Judge(**{"name": name, **fields, **changes})


def test_members_that_do_not_fit_are_refused_by_name() -> None:
    """Another question, scale or target, a namesake, a reserved name, a rule without numbers, a stray weight."""
    judge = panel_of(BINARY, 2)
    other = Criterion(id="other", question="?", scale=BINARY)
    cases = [
        ([member("a"), member("b", criterion=other)], "does not answer 'q'"),
        ([member("a"), member("b", criterion=Criterion(id="q", question="?", scale=ORDINAL))], "another scale"),
        ([member("a"), member("b", target="turn")], "judges a turn"),
        ([member("a"), member("a")], "namesake"),
        ([member("a"), member("majority")], "reports use"),
        ([member("a"), member("../b")], "no folder's name"),
    ]
    for members, words in cases:
        with pytest.raises(InputError, match=words):
            check_panel(judge, members)
    check_panel(judge, [member("a"), member("b")])
    with pytest.raises(UnknownName, match="'z'"):
        check_panel(panel_of(BINARY, 2, "weighted", weights={"z": 2.0}), [member("a"), member("b")])
    tones = Criterion(id="q", question="?", scale=TONES)
    with pytest.raises(InputError, match="rule mean cannot combine a categorical scale"):
        check_panel(panel_of(TONES, 2, "mean"), [member("a", criterion=tones), member("b", criterion=tones)])


def test_the_lineage_is_the_union_of_the_members() -> None:
    """A fold counts only where every member that learnt from the unit was made without it once."""
    one = member("a", lineage=Lineage(dataset="d", units=("u1", "u2"), folds={"u1": 0, "u2": 1}))
    two = member("b", lineage=Lineage(dataset="d", units=("u2", "u3")))
    found = panel_lineage(panel_of(BINARY, 2), [one, two])
    assert (found.dataset, found.units, found.folds) == ("d", ("u1", "u2", "u3"), {"u1": 0})
    elsewhere = member("b", lineage=Lineage(dataset="e", units=("u9",)))
    assert panel_lineage(panel_of(BINARY, 2), [one, elsewhere]).dataset is None


def test_a_panels_fingerprint_moves_with_its_members_and_its_rule() -> None:
    """And not with where their folders lie, or in which order they are listed."""
    judge = panel_of(BINARY, 3)
    assert judge.model_copy(update={"members": {"a": "y", "b": "x", "c": "x"}}).judge_fingerprint != (
        judge.judge_fingerprint
    )
    assert panel_of(BINARY, 3, "mean").judge_fingerprint != judge.judge_fingerprint
    assert judge.panel is not None
    moved = judge.model_copy(update={"panel": judge.panel.model_copy(update={"members": ("c", "b", "../a")})})
    assert moved.judge_fingerprint == judge.judge_fingerprint


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"members": ("a",)}, "at least 2"),
        ({"members": ("a", "a")}, "twice"),
        ({"members": ("a", "b"), "quorum": 3}, "never be met"),
        ({"members": ("a", "b"), "weights": {"a": 1.0}}, "weights are for"),
        ({"members": ("a", "b"), "rule": "weighted"}, "needs weights"),
        ({"members": ("a", "b"), "rule": "weighted", "weights": {"a": 0}}, "greater than 0"),
    ],
)
def test_a_panel_that_cannot_be_is_refused(given: dict[str, Any], words: str) -> None:
    """Before anything runs."""
    with pytest.raises(ValueError, match=words):
        Judge(name="j", kind="panel", criterion=Criterion(id="q", question="?", scale=BINARY), panel=given)
