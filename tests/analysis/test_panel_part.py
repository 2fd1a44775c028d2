"""A panel's score says how many independent judges it is worth, and whether it beats its best member."""

from __future__ import annotations

import random
from typing import Any

import pytest

import judgekit
from judgekit.analysis.panel import member_outcomes
from judgekit.errors import InvalidRecord
from judgekit.records.score_report import ScoreReport
from judgekit.records.verdict import Failure, Verdict

N = 200


def report_of(errors: dict[str, list[bool]], **asked: Any) -> ScoreReport:
    """Score a panel by majority whose members err on these sessions."""
    draw = random.Random(3)
    truth = [draw.random() < 0.5 for _ in range(N)]
    labels = [
        {"session": f"s{i}", "criterion": "ok", "rater": rater, "value": "pass" if true else "fail"}
        for i, true in enumerate(truth)
        for rater in ("ana", "ben")
    ]
    verdicts = []
    for i, true in enumerate(truth):
        votes = {name: "pass" if true != errs[i] else "fail" for name, errs in errors.items()}
        members = tuple({"name": name, "value": vote, "status": "ok", "sample": 0} for name, vote in votes.items())
        n_pass = sum(vote == "pass" for vote in votes.values())
        value = "pass" if n_pass > len(votes) / 2 else "fail"
        verdicts.append(Verdict(session=f"s{i}", criterion="ok", judge="jury", value=value, members=members))
    data = judgekit.make_dataset(labels, scales={"ok": "binary:fail,pass"})
    report: ScoreReport = judgekit.score(data, verdicts, n_resamples=400, **asked)
    return report


def rows(report: ScoreReport) -> dict[tuple[str, str], Any]:
    return {(row.between, row.metric): row.estimate for row in report.rows}


def wrong(seed: int, share: float) -> list[bool]:
    draw = random.Random(seed)
    return [draw.random() < share for _ in range(N)]


def test_members_that_err_apart_are_worth_their_number_and_beat_the_best_of_them() -> None:
    """Three judges, wrong on one session in five each, independently."""
    report = report_of({name: wrong(seed, 0.2) for seed, name in enumerate("abc")})
    size = rows(report)["members", "effective_judges"]
    assert size.low < 3 < size.high
    assert size.value == pytest.approx(3, abs=0.5)
    words = " ".join(report.summary)
    assert "the panel beats its best member" in words
    assert "which flatters it" in words


def test_members_that_err_alike_are_worth_one_and_beat_nobody() -> None:
    """Three names for one judge."""
    same = wrong(1, 0.2)
    report = report_of(dict.fromkeys("abc", same))
    assert rows(report)["members", "effective_judges"].value == pytest.approx(1)
    assert rows(report)["judge minus a", "cohen_kappa_difference"].value == 0
    assert "is not shown to beat its best member, a" in " ".join(report.summary)


def test_each_member_stands_beside_the_panel() -> None:
    """On the sessions that the panel was measured on."""
    report = report_of({"good": [False] * N, "bad": wrong(1, 0.4), "poor": wrong(2, 0.4)}, metrics=["accuracy"])
    found = rows(report)
    assert found["good~reference", "accuracy"].value == 1
    assert found["judge minus good", "accuracy_difference"].value < 0
    assert "worse than its best member, good" in " ".join(report.summary)


def test_members_are_read_from_verdicts_and_failures() -> None:
    """What was not asked has no answer; what is no answer is refused with its target."""
    entries = [{"name": "a", "status": "timeout", "detail": "late"}, {"name": "b", "status": "not_asked"}]
    failed = Failure(session="s", criterion="ok", status="timeout", metadata={"members": entries})
    found = member_outcomes([failed])
    assert [(name, [each.status for each in some]) for name, some in found.items()] == [("a", ["timeout"])]
    broken = Verdict(session="s", criterion="ok", value="pass", members=({"name": "a", "status": "ok"},))
    with pytest.raises(InvalidRecord, match="verdict on s"):
        member_outcomes([broken])
