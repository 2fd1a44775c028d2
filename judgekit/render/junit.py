"""A gate as JUnit XML: a suite a criterion and judge, a case a rule or a rule's slice, and one for the gate itself.

A failure is a rule that failed; an error is a rule that could not be asked (missing, untrusted, incomplete, out of
budget); skipped is a rule that is not decided, unless the policy makes that a failure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal
from xml.etree import ElementTree as ET

from judgekit.records.gate import GateReport, GateWord, RuleOutcome
from judgekit.render.gate_part import (
    answer_words,
    asked_words,
    figure_cell,
    line_text,
    reason_words,
    rule_name,
    verdict_words,
    view_words,
)
from judgekit.render.plain import JOINERS, visible
from judgekit.render.words import judge_words

Result = Literal["passed", "failure", "error", "skipped"]

RESULTS: dict[GateWord, Result] = {
    "pass": "passed",
    "fail": "failure",
    "inconclusive": "skipped",
    "missing": "error",
    "untrusted": "error",
    "incomplete": "error",
    "budget": "error",
}
"""Word -> how a test's result is called."""
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no place for, not even as a reference. Source: XML 1.0, production 2."""


def junit_xml(report: GateReport) -> str:
    """Return a gate as JUnit XML; the same report gives the same text."""
    root = ET.Element("testsuites", {"name": _clean(f"judgekit gate {report.experiment}")})
    suites: dict[tuple[str, str], list[RuleOutcome]] = {}
    for each in report.rules:
        suites.setdefault((each.criterion or "sessions", _judge(each)), []).append(each)
    root.append(_gate_suite(report))
    for (criterion, judge), outcomes in suites.items():
        root.append(_suite(report, f"{criterion}: {judge}" if judge else criterion, outcomes))
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("time", "0")
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def result_of(report: GateReport, outcome: RuleOutcome) -> Result:
    """Return how a rule's result is called, given what became of the whole."""
    if outcome.word == "inconclusive":
        if report.word == "budget":
            return "error"
        if report.word == "fail" and not any(each.word == "fail" for each in report.rules):
            return "failure"  # the policy makes a failure of what is not decided
    return RESULTS[outcome.word]


def _gate_suite(report: GateReport) -> ET.Element:
    case = _case(report, f"{report.candidate} against {report.baseline}")
    _tell(case, RESULTS[report.word], report.word, (answer_words(report), *verdict_words(report)))
    return _with_cases("gate", _properties(report), [case])


def _suite(report: GateReport, name: str, outcomes: Iterable[RuleOutcome]) -> ET.Element:
    found = [_rule_case(report, each) for each in outcomes]
    measured = [(f"measured by, {rule_name(each)}", view_words(each)) for each in outcomes]
    estimators = [(f"estimator, {rule_name(each)}", each.estimator) for each in outcomes if each.estimator]
    return _with_cases(name, [*_properties(report), *measured, *estimators], found)


def _rule_case(report: GateReport, outcome: RuleOutcome) -> ET.Element:
    result = result_of(report, outcome)
    case = _case(report, rule_name(outcome), outcome.criterion)
    told = f"measured {figure_cell(outcome).joined}, line {line_text(outcome)}"
    _tell(case, result, outcome.word, (reason_words(outcome), asked_words(outcome), told))
    return case


def _case(report: GateReport, name: str, criterion: str | None = None) -> ET.Element:
    place = ".".join(("judgekit", report.experiment, criterion or "gate"))
    return ET.Element("testcase", {"classname": _clean(place), "name": _clean(name), "time": "0"})


def _tell(case: ET.Element, result: Result, word: str, told: tuple[str, ...]) -> None:
    """Put a result into its case, with the reason as message; what passed has its words in `system-out`."""
    if result == "passed":
        ET.SubElement(case, "system-out").text = _clean("\n".join(told))
        return
    given = {"message": _clean(f"{word}: {told[0]}"), "type": word}
    ET.SubElement(case, result, given).text = _clean("\n".join(told))


def _with_cases(name: str, properties: Iterable[tuple[str, str]], cases: list[ET.Element]) -> ET.Element:
    counts = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": sum(case.find("error") is not None for case in cases),
        "skipped": sum(case.find("skipped") is not None for case in cases),
    }
    suite = ET.Element("testsuite", {"name": _clean(name), "time": "0"} | {k: str(n) for k, n in counts.items()})
    held = ET.SubElement(suite, "properties")
    for key, value in properties:
        ET.SubElement(held, "property", {"name": _clean(key), "value": _clean(value)})
    suite.extend(cases)
    return suite


def _properties(report: GateReport) -> list[tuple[str, str]]:
    named = {
        "experiment": report.experiment,
        "baseline": report.baseline,
        "candidate": report.candidate,
        "word": report.word,
        "exit_code": str(report.exit_code),
        "policy_hash": report.policy_hash,
        "plan_hash": report.plan_hash,
        "dataset": report.dataset,
        "dataset_fingerprint": report.dataset_fingerprint,
    }
    return [(key, value) for key, value in named.items() if value is not None]


def _judge(outcome: RuleOutcome) -> str:
    return judge_words(outcome.judge, outcome.engine) if outcome.judge else ""


def _clean(text: str) -> str:
    """Return text without what XML forbids; control characters stand as their codes."""
    return _FORBIDDEN.sub("", visible(text, keep=JOINERS))
