"""What a gate's report says; reports are composed. Golden text: see `test_text_report`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from judgekit.records.gate import EXIT_CODES, GateReport, RuleOutcome
from judgekit.records.report import Row
from judgekit.render.content import content_of
from judgekit.render.gate_part import decisive, line_text, reason_words, verdict_words, view_words
from judgekit.render.html import render_html
from judgekit.render.markdown import render_markdown
from judgekit.render.text import render_text
from judgekit.stats.estimate import Estimate, undefined
from tests.render.composed_reports import COMPOSED, load

LOOKS = GateReport.model_validate(json.loads((COMPOSED / "gate-looks.json").read_text(encoding="utf-8")))
GOLDEN = Path(__file__).parent / "golden" / "gate-looks.txt"


def rule(word="pass", **fields) -> RuleOutcome:
    given = {"rule": "1 floor tone", "asks": "tone is at least 3", "kind": "floor", "criterion": "tone",
             "of": "experts", "estimate": Estimate(3.4, 3.2, 3.6, 0.9, 90, 80, "t"), "line": 3.0,
             "why": "it is so", **fields}  # fmt: skip
    return RuleOutcome(word=word, **given)


def gate(*rules: RuleOutcome, **fields) -> GateReport:
    given = {"title": "t", "experiment": "e", "baseline": "a", "candidate": "b", "policy_hash": "sha256:0",
             "word": "pass", "summary": ("The gate passes.",), **fields}  # fmt: skip
    return GateReport(rules=rules, **given)


def composed(text: str | None = None) -> GateReport:
    """Return the composed gate, with a text wherever people's words stand."""
    report = load("gate", text)
    assert isinstance(report, GateReport)
    return report


def words_of(report: GateReport) -> str:
    return " ".join(render_text(report).split())


def test_looks_read_as_their_golden_text() -> None:
    """A gate that judged as it went shows each look, who is not trusted, and what no label stands behind."""
    text = render_text(LOOKS) + "\n"
    if os.environ.get("JUDGEKIT_UPDATE_GOLDEN"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_the_verdict_is_not_said_twice() -> None:
    """A summary's line that repeats a rule is left to the table; what stands first stays, whatever it says."""
    told = rule(why="3.4 [3.2, 3.6] lies above 3")
    line = f"pass: {told.asks}: {told.why}."
    assert verdict_words(gate(told, summary=("The gate passes.", line, "Ask ana."))) == ("The gate passes.", "Ask ana.")
    assert verdict_words(gate(told, summary=(line,))) == (line,)
    assert verdict_words(gate(told, summary=())) == ("No verdict in words was recorded.",)


@pytest.mark.parametrize("word", EXIT_CODES)
def test_every_answer_names_its_exit_code(word) -> None:
    """What became of the gate stands in the facts, with the code that the command line ends with."""
    facts = dict(content_of(gate(rule(), word=word)).facts)
    assert facts["answer"].endswith(f"(exit code {EXIT_CODES[word]})")


def test_every_rule_has_its_bounds_line_word_and_reason() -> None:
    """Nothing measured, undefined, without an interval, or whole: each is told as what it is."""
    report = gate(
        rule(),
        rule("inconclusive", rule="2 floor tone", slice="language=zh", why="",
             estimate=undefined("too_few", "3 sessions are too few", n=3)),
        rule("inconclusive", rule="3 ceiling cost_usd", kind="ceiling", criterion=None, of=None, line=0.5, why="so few",
             estimate=Estimate(0.1234, None, None, 0.9, 3, 3, "none: 3 sessions")),
        rule("missing", rule="4 floor tone", estimate=None, why="nobody judged it"),
        rule("fail", rule="5 ceiling latency_s", kind="ceiling", criterion=None, of=None, line=1200.0, fails_at=0.99,
             estimate=Estimate(1834.5, 1700.0, 1999.9, 0.9, 90, 80, "bca")),
    )  # fmt: skip
    text = render_markdown(report).replace("\\", "").replace("<!-- -->", "")
    for said in (
        "3.40 [3.20, 3.60]", "tone is at least 3 (language=zh)", "2 floor tone @ language=zh", "3 sessions are too few",
        "undefined", "0.123", "no interval", "nobody judged it", "[1,700, 2,000]", "1,200",
        "Fails after Holm over the rules: 5 ceiling latency_s at 0.99.", "what the sessions record",
    ):  # fmt: skip
        assert said in text, said


def test_a_picture_is_drawn_of_what_has_a_line_in_common() -> None:
    """Estimates stand as their distance from their line; dollars and seconds are left to the table."""
    page = render_html([load("gate")])
    assert "Each estimate minus its line" in page
    assert "-0.11 [-0.19, -0.03]" in page
    assert "4 ceiling" not in page[page.index("<svg") : page.index("</svg>")]


def test_an_estimate_of_a_rule_is_not_shown_again() -> None:
    """What stands beside the rules is what else was measured, by whomever."""
    told = rule(estimator="labels_only")
    rows = [
        Row(criterion="tone", metric="mean", between="b", estimate=told.estimate, estimator=estimator)
        for estimator in ("labels_only", "judge_raw")
    ]
    assert "what else was measured" not in words_of(gate(told, rows=tuple(rows[:1])))
    assert words_of(gate(told, rows=tuple(rows))).count("3.40") == 2


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"estimator": "labels_only"}, "the experts' labels"),
        ({"estimator": "ppi", "judge": "judy", "engine": "replay"}, "judy via replay, corrected by labels"),
        ({"estimator": "judge_raw", "judge": "judy"}, "judy alone, not the experts"),
        ({"estimator": "label_free", "judge": "ju{dg}e"}, "ju{dg}e, as a range, without labels"),
        ({"estimator": "a_new_one"}, "a new one"),
        ({"estimator": None}, "nobody"),
    ],
)
def test_whoever_measured_a_rule_is_named(fields, words) -> None:
    """The judge alone is never taken for the experts."""
    assert view_words(rule(**fields)) == words


def test_what_decides_comes_first() -> None:
    """Rules that keep the gate from deciding, then failed ones, then undecided ones."""
    words = ("pass", "inconclusive", "fail", "incomplete", "untrusted", "missing")
    report = gate(*(rule(word) for word in words))
    assert [each.word for each in decisive(report)] == list(reversed(words))


def test_a_rule_without_a_reason_gives_its_word() -> None:
    """No cell is empty."""
    assert reason_words(rule("pass", why="")) == "pass"
    assert line_text(rule()) == "3.00"


def test_a_gate_without_rules_and_parts_is_a_verdict_and_its_method() -> None:
    """Nothing stands under a title that has nothing to say."""
    titles = [section.title for section in content_of(gate()).sections]
    assert titles == ["Verdict", "How this was made", "References"]


def test_what_would_decide_it_is_counted() -> None:
    """A queue of one is one session."""
    assert "Labels of 1 session would decide it" in words_of(gate(rule(), queue="q.jsonl", n_queued=1))
