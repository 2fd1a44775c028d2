"""`judgekit.gate`: the gate as one call, over rows."""

from __future__ import annotations

import pytest

import judgekit
from judgekit.errors import InvalidRecord
from judgekit.records.policy import Policy

SESSIONS = [{"id": f"{v}-{i}", "input": f"i{i}", "version": v} for i in range(120) for v in ("v1", "v2")]
SAID = [{"session": each["id"], "criterion": "ok", "value": "pass"} for each in SESSIONS]
OWN = {"kind": "not_worse", "criterion": "ok", "margin": 0.1, "of": "judge"}


def data(n_labelled: int = 0):
    labels = [{**row, "rater": "ana"} for row in SAID if int(row["session"][3:]) < n_labelled]
    return judgekit.make_dataset(labels, scales={"ok": "binary:fail,pass"}, sessions=SESSIONS)


def test_one_judge_or_several_or_none() -> None:
    """Of several the first speaks; without any, labels alone."""
    policy = {"rules": [OWN], "certificate": "not_needed"}
    one = judgekit.gate(data(), SAID, policy, "v1", "v2", judge="judy")
    two = judgekit.gate(data(), {"ruth": SAID, "judy": SAID}, policy, "v1", "v2")
    assert (one.word, one.rules[0].judge, two.rules[0].judge) == ("pass", "judy", "ruth")
    alone = judgekit.gate(data(120), None, {"rules": [{**OWN, "of": "experts"}]}, "v1", "v2")
    assert (alone.word, alone.exit_code, alone.rules[0].estimator) == ("pass", 0, "labels_only")


def test_a_policy_asks_for_certificates_unless_it_says_otherwise() -> None:
    """A record does as well as rows; what does not fit is named."""
    report = judgekit.gate(data(), SAID, Policy.model_validate({"rules": [OWN]}), "v1", "v2")
    assert (report.word, report.exit_code) == ("untrusted", 5)
    with pytest.raises(InvalidRecord, match="policy"):
        judgekit.gate(data(), SAID, {"rules": [{**OWN, "margin": -1}]}, "v1", "v2")
