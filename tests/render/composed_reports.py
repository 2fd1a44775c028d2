"""Composed reports: their numbers and words are made up, to show every part that a report can have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from judgekit.records.any_report import KINDS, AnyReport, report_from

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
    "\\input{/etc/passwd} \\write18{id} $x^2_i$ ~ # % & {} ^^41 \\end{document} ?`!`--- ,, Ωμέγα ﷽",
)

N_QUICK = 3
"""Of the hostile texts, those that the default suite tries on every report."""

KEPT = {"kind", "method", "undefined", "metric", "between", "word", "finds", "loss", "of", "at", "expires", "source"}
NAMES_ARE_KEYS = {"level_counts", "settings", "dropped", "left_out", "notes", "certificates", "assumed"}


def poison(value: object, text: str, key: str = "", *, in_names: bool = False) -> object:
    """Return JSON with every text that a person, a session or a file name may have written replaced."""
    in_names = in_names or key in NAMES_ARE_KEYS
    if isinstance(value, dict):
        return {
            (name + text if in_names else name): poison(each, text, name, in_names=in_names)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [poison(each, text, "" if isinstance(each, dict) else key) for each in value]
    return text if isinstance(value, str) and (in_names or key not in KEPT) else value


def load(kind: str, text: str | None = None) -> AnyReport:
    """Return the composed report of one kind; with a text, that stands wherever people's words stand."""
    data = json.loads((COMPOSED / f"{kind}.json").read_text(encoding="utf-8"))
    return report_from(data if text is None else poison(data, text))


each_kind = pytest.mark.parametrize("composed", [pytest.param(load(kind), id=kind) for kind in KINDS])
each_hostile = pytest.mark.parametrize(
    "hostile",
    [
        pytest.param(load(kind, text), id=f"{kind}-{place}", marks=[pytest.mark.slow] if place >= N_QUICK else [])
        for kind in KINDS
        for place, text in enumerate(HOSTILE)
    ],
)
