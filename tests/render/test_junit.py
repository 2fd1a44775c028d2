"""A gate as JUnit XML, parsed back; reports are composed."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judgekit.records.gate import EXIT_CODES, GateReport
from judgekit.render.junit import junit_xml
from tests.render.composed_reports import HOSTILE
from tests.render.test_gate_part import LOOKS, composed, gate, rule

RESULTS = ("failure", "error", "skipped")


def parsed(report: GateReport) -> ET.Element:
    """Return the document, held against what readers of JUnit files rely on."""
    text = junit_xml(report)
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ')
    root = ET.fromstring(text.encode())
    assert root.tag == "testsuites"
    for suite in root:
        assert suite.tag == "testsuite"
        assert suite[0].tag == "properties"
        assert {part.tag for part in suite[0]} == {"property"}
        cases = suite.findall("testcase")
        assert len(suite) == 1 + len(cases)
        for case in cases:
            assert case.get("classname")
            assert case.get("name")
            assert [part.tag for part in case] in [["system-out"], *([each] for each in RESULTS)]
        assert suite.get("tests") == str(len(cases))
        for result, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert suite.get(name) == str(len(suite.findall(f"testcase/{result}")))
    for name in ("tests", "failures", "errors", "skipped"):
        assert root.get(name) == str(sum(int(suite.get(name) or "") for suite in root))
    return root


def results(root: ET.Element) -> dict[str, str]:
    """Return each case's result by name."""
    return {case.get("name") or "": case[0].tag for case in root.iter("testcase")}


def test_a_suite_stands_for_a_criterion_and_its_judge() -> None:
    """Rules on one criterion by one judge stand together, slices named; the gate itself comes first."""
    root = parsed(composed())
    assert [suite.get("name") for suite in root] == [
        "gate", "resolution: resolution-judge via replay", "policy: policy-judge via replay",
        "tone: tone-judge via replay", "sessions",
    ]  # fmt: skip
    assert results(root) == {
        "prompt-v8 against prompt-v7": "failure",
        "1 floor resolution": "system-out",
        "2 not_worse policy": "failure",
        "2 not_worse policy @ language=zh": "skipped",
        "3 better tone": "system-out",
        "4 ceiling cost_usd": "system-out",
    }


def test_a_suite_carries_hashes_and_estimators() -> None:
    """Whoever reads only this file knows what was asked of what, and how it was measured."""
    root = parsed(composed())
    held = {each.get("name"): each.get("value") for each in root[2][0]}
    assert held["policy_hash"] == "sha256:3f0c9a51"
    assert held["plan_hash"] == "sha256:77b2e0d4"
    assert held["dataset_fingerprint"] == "sha256:0a1b2c"
    assert held["estimator, 2 not_worse policy"] == "ppi"
    assert held["exit_code"] == "1"


def test_the_message_says_why() -> None:
    """What a platform shows of a failed test is the reason, and what was asked stands below."""
    case = next(each for each in parsed(composed()).iter("testcase") if each.get("name") == "2 not_worse policy")
    assert case[0].get("message") == "fail: the upper bound -0.05 is below -0.02"
    assert "measured -0.13 [-0.21, -0.05], line -0.02" in (case[0].text or "")


@pytest.mark.parametrize("word", EXIT_CODES)
def test_a_gate_that_does_not_pass_never_looks_passed(word) -> None:
    """Failures fail, what could not be asked is an error, what is undecided is skipped; the whole as the gate."""
    wanted = {"pass": "system-out", "fail": "failure", "inconclusive": "skipped"}.get(word, "error")
    root = parsed(gate(rule() if word == "budget" else rule(word), word=word))
    assert root[0].findall("testcase/*")[0].tag == wanted
    if word != "budget":
        assert root[1].findall("testcase/*")[0].tag == wanted


def test_what_is_undecided_follows_the_policy() -> None:
    """It fails where the policy makes a failure of it, is an error where the money ran out, and else is skipped."""
    undecided = rule("inconclusive", rule="1 floor tone")
    failed = rule("fail", rule="2 floor policy", criterion="policy")
    assert results(parsed(gate(undecided, word="fail")))["1 floor tone"] == "failure"
    assert results(parsed(gate(undecided, failed, word="fail")))["1 floor tone"] == "skipped"
    assert results(parsed(gate(undecided, word="pass")))["1 floor tone"] == "skipped"
    assert results(parsed(LOOKS))["1 not_worse policy"] == "error"


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text) -> None:
    """Markup, control characters and half characters make no element and break no document."""
    root = parsed(composed(text))
    assert {each.tag for each in root.iter()} <= {
        "testsuites", "testsuite", "properties", "property", "testcase", "system-out", *RESULTS
    }  # fmt: skip


@given(st.text(st.characters(), max_size=60))
def test_any_text_can_be_read_back(text: str) -> None:
    """Every character that XML forbids is gone or stands as its code."""
    told = rule("fail", rule=f"1 {text}", criterion=text, slice=text, why=text, judge=text, asks=text)
    parsed(gate(told, word="fail", summary=(text,), experiment=f"e{text}"))


def test_the_same_report_gives_the_same_text() -> None:
    """No clock is in the file."""
    assert junit_xml(composed()) == junit_xml(composed())
