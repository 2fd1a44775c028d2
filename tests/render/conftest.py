"""Composed reports: their numbers and words are made up, to show every part that a report can have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from judgekit.records.report import AgreementReport, ComparisonReport, ScoreReport, report_from

COMPOSED = Path(__file__).parent / "composed"

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\x1b[31mred\x1b[0m\x07",
    "\u202egnp.exe\u2066",
    "=cmd()|'/C calc'!A0",
    "{{ 7 * 7 }}{% raw %}",
    "w" * 500,
    "👩‍👩‍👧 " * 30,
    "a | b ` c ``` d",
    "see @octocat, #12, https://example.com and www.example.com",
    "</style></title><svg onload=alert(1)>",
    "line one\r\nline two\u2028line three\x00\ud800",
)


@pytest.fixture(params=["agreement", "score", "comparison"])
def kind(request: pytest.FixtureRequest) -> str:
    """Give each kind of report in turn."""
    return str(request.param)


@pytest.fixture
def composed(kind: str) -> AgreementReport | ScoreReport | ComparisonReport:
    """Give a composed report of the kind."""
    return load(kind)


def load(kind: str) -> AgreementReport | ScoreReport | ComparisonReport:
    """Return the composed report of one kind."""
    return report_from(json.loads((COMPOSED / f"{kind}.json").read_text(encoding="utf-8")))


@pytest.fixture(params=HOSTILE, ids=lambda text: ascii(text)[:24])
def hostile_text(request: pytest.FixtureRequest) -> str:
    """Give one hostile string after the other."""
    return str(request.param)


KEPT = {"kind", "method", "undefined", "metric", "between", "status", "format"}


def poison(value: object, text: str, key: str = "") -> object:
    """Return JSON with every text that a person, a session or a file name may have written replaced."""
    if isinstance(value, dict):
        keeps_keys = {"settings", "criterion", "estimate"} & {key} or "rater" in value or "criterion" in value
        names_levels = key == "level_counts"
        return {
            (name + text if names_levels and not keeps_keys else name): poison(each, text, name)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [poison(each, text, key) for each in value]
    return text if isinstance(value, str) and key not in KEPT else value


@pytest.fixture
def hostile(kind: str, hostile_text: str) -> AgreementReport | ScoreReport | ComparisonReport:
    """Give a composed report in which every free text is hostile."""
    data = json.loads((COMPOSED / f"{kind}.json").read_text(encoding="utf-8"))
    return report_from(poison(data, hostile_text))
