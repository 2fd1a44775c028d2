"""Verdicts made elsewhere are a judge's like any other: matched, held against the content, never made up."""

from __future__ import annotations

from typing import Any

import pytest

from judgekit.errors import InvalidRecord
from judgekit.judging.prompt import PairTarget
from judgekit.judging.stored import stored_outcomes
from judgekit.records.judge import Judge
from judgekit.records.session import Pair
from judgekit.records.verdict import Failure, Verdict, outcome_from
from tests.judging.composed_judges import BETTER, QUALITY, session_of

SESSIONS = [session_of("hi", "ok", name=f"s{number}") for number in range(3)]


def judged(*rows: dict[str, Any], **fields: Any) -> list[Verdict | Failure]:
    """Return what a stored judge says of three sessions, by these rows."""
    judge = Judge(**{"name": "stored", "kind": "stored", "criterion": QUALITY, **fields})
    outcomes = [outcome_from({"session": "s0", "criterion": "quality", **row}) for row in rows]
    return list(stored_outcomes(judge, SESSIONS, outcomes))


def test_what_is_not_stored_is_a_failure() -> None:
    """As is a failure that is stored, with its own cause; another criterion's verdict is passed over."""
    found = judged(
        {"value": 4, "rationale": "why", "score": 3.6},
        {"session": "s1", "status": "refused", "detail": "no"},
        {"session": "s2", "criterion": "tone", "value": "x"},
    )
    assert [each.status for each in found] == ["ok", "refused", "engine_error"]
    assert isinstance(found[0], Verdict)
    assert (found[0].value, found[0].score, found[0].rationale, found[0].judge) == (4, 3.6, "why", "stored")
    assert isinstance(found[2], Failure)
    assert found[2].detail == "no verdict is stored on it"


def test_a_verdict_on_other_content_does_not_hold() -> None:
    """Where `seen` is given, it must be the session's."""
    right = judged({"value": 4, "seen": SESSIONS[0].seen_fingerprint})[0]
    wrong = judged({"value": 4, "seen": "sha256:0"})[0]
    assert (right.status, wrong.status) == ("ok", "engine_error")


def test_a_value_off_the_scale_is_unparsed() -> None:
    """Never the nearest level."""
    assert judged({"value": 9})[0].status == "unparsed"
    assert judged({"value": "4"})[0].status == "ok"


def test_samples_stay_samples() -> None:
    """Each with an id of its own; two for one number are refused."""
    found = judged({"value": 4}, {"value": 5, "sample": 1})
    assert [(each.session, each.sample) for each in found] == [("s0", 0), ("s0", 1), ("s1", 0), ("s2", 0)]
    assert len({each.id for each in found}) == 4
    with pytest.raises(InvalidRecord, match="two verdicts for sample 0"):
        judged({"value": 4}, {"value": 5})


def test_a_pairs_verdict_without_an_order_is_the_forward_one() -> None:
    """The other order has none, and says so."""
    judge = Judge(name="s", kind="stored", criterion=BETTER, target="pair")
    pair = PairTarget(Pair(id="p", first="s0", second="s1"), *SESSIONS[:2])
    found = list(stored_outcomes(judge, [pair], [Verdict(pair="p", criterion="better", value="first")]))
    assert [(each.order, each.status) for each in found] == [("forward", "ok"), ("swapped", "engine_error")]
