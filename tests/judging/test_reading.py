"""Replies are read exactly or not at all: an answer, or why there is none; never a guess."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judgekit.errors import InvalidRecord
from judgekit.judging.reading import Answered, Unreadable, check_reading, read_reply
from judgekit.records.judge import Judge, Pattern, Reading
from judgekit.records.rubric import Criterion, Scale
from tests.judging.composed_judges import BETTER, QUALITY, judge_of, judge_with_patterns

JUDGE = judge_of()
WITH_NA = judge_of(QUALITY.model_copy(update={"not_applicable": True}))
YES_NO = Criterion(id="ok", question="?", scale=Scale(type="binary", levels=(False, True)))
TOPICS = Criterion(id="topics", question="?", scale=Scale(type="multi_select", levels=("price", "delay")))
POINTS = Criterion(id="points", question="?", scale=Scale(type="numeric", min=0, max=10))
WORDS = Criterion(id="words", question="?", scale=Scale(type="text"))


@pytest.mark.parametrize(
    ("text", "value", "rationale"),
    [
        ('{"reasoning": "Because.", "value": 4}', 4, "Because."),
        ('{"value": "4"}', 4, None),
        ('{"value": 4.0, "reasoning": "  "}', 4, None),
        ('Sure!\n```json\n{"reasoning": "a {brace} and \\"quotes\\"", "value": 2}\n```\nHope it helps {x}.', 2, None),
        ('First {"value": 1}, no: {"reasoning": "b", "value": 5}', 5, "b"),
        ('{"value": 3} {"other": 1}', 3, None),
        ('{"reasoning": "line\nbreak", "value": 3}', 3, "line\nbreak"),
        ('{"reasoning": "it said {\\"value\\": 1}", "value": 3}', 3, 'it said {"value": 1}'),
        ('<think>maybe {"value": 1}</think>{"value": 2}', 2, None),
        ('{"reasoning": ["a"], "value": 2}', 2, None),
    ],
)
def test_json_is_found_wherever_it_stands(text: str, value: int, rationale: str | None) -> None:
    """Prose, fences, braces in strings and drafts do not hide the last whole object."""
    found = read_reply(JUDGE, text)
    assert isinstance(found, Answered)
    assert found.value == value
    assert rationale is None or found.rationale == rationale


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4",
        "I would say 4 out of 5.",
        '{"value": 4,}',
        '{"value": {"value": 4}}',
        '{"a": {"value": 3}, "value": 4,}',
        '{"result": {"value": 4}}',
        '{"value": 6}',
        '{"value": 4.5}',
        '{"value": "4/5"}',
        '{"value": "4 - good"}',
        '{"value": true}',
        '{"value": null}',
        '{"value": [4]}',
        '{"value": NaN}',
        '{"value": "not_applicable"}',
        '{"value": 1, "value": 5}',
        "{'value': 4}",
        '{"value": ' + "9" * 5000 + "}",
        '{"value":' * 20_000,
        '{"value": 4} ' + '{"value":' * 20_000,
        "{" * 200_000,
        '{"' * 100_000,
        '{"value": 4} ' + '{"' * 90_000,
        '<think>I lean to {"value": 4}',
        '{"value": 4}' + " " * 200_000,
    ],
)
def test_what_is_not_a_legal_answer_is_unparsed(text: str) -> None:
    """Off the scale, broken, nested, contradictory or merely drafted: no value is made of it."""
    found = read_reply(JUDGE, text)
    assert isinstance(found, Unreadable)
    assert found.status == "unparsed"
    assert "\n" not in found.detail
    assert len(found.detail) < 300


@pytest.mark.parametrize(
    ("criterion", "raw", "value"),
    [
        (YES_NO, "true", True),
        (YES_NO, '"yes"', True),
        (TOPICS, '["delay", "price"]', ("price", "delay")),
        (TOPICS, "[]", ()),
        (TOPICS, '["weather"]', None),
        (TOPICS, '""', None),
        (POINTS, "7.5", 7.5),
        (POINTS, '"7.5"', 7.5),
        (POINTS, "11", None),
        (POINTS, "1e999", None),
        (POINTS, "true", None),
        (WORDS, '"short"', "short"),
        (WORDS, "null", None),
        (WORDS, "3", None),
        (WORDS, '" "', None),
    ],
)
def test_every_scale_reads_its_own_values(criterion: Criterion, raw: str, value: object) -> None:
    """The scale decides what is legal; JSON null and blanks never are."""
    found = read_reply(judge_of(criterion), f'{{"value": {raw}}}')
    assert (found.value if isinstance(found, Answered) else None) == value


def test_other_answers_are_answers() -> None:
    """`cannot_judge` is always open, `not_applicable` where the criterion allows it."""
    found = read_reply(JUDGE, '{"reasoning": "No turns.", "value": "cannot_judge"}')
    assert found == Answered(None, "cannot_judge", "No turns.")
    for word in ("not_applicable", "N/A"):
        assert read_reply(WITH_NA, f'{{"value": "{word}"}}') == Answered(None, "not_applicable")


def test_refusals_and_cuts_are_told_apart() -> None:
    """The engine's word decides: a refusal, a reply cut off before its answer, or one that cannot be parsed."""
    half = '{"reasoning": "The assistant'
    assert read_reply(JUDGE, half, finish_reason="length") == Unreadable(
        "truncated", 'the reply was cut off before its answer: "{\\"reasoning\\": \\"The assistant"'
    )
    for found, status in (
        (read_reply(JUDGE, half, finish_reason="stop"), "unparsed"),
        (read_reply(JUDGE, "", finish_reason="content_filter"), "refused"),
        (read_reply(JUDGE, "", refusal="I can't help with that."), "refused"),
        (read_reply(JUDGE, "I'm sorry, I can't help with that.", finish_reason="refusal"), "refused"),
        (read_reply(JUDGE, "I'm sorry, I can't help with that.", finish_reason="stop"), "unparsed"),
    ):
        assert isinstance(found, Unreadable)
        assert found.status == status
    assert read_reply(JUDGE, '{"value": 4}', finish_reason="length") == Answered(4)


def test_a_swapped_pair_is_read_in_its_own_order() -> None:
    """Shown the other way round, first means second; a tie stays a tie."""
    pairs = judge_of(BETTER)
    for shown, own in (("first", "second"), ("second", "first"), ("tie", "tie")):
        reply = f'{{"value": "{shown}"}}'
        assert read_reply(pairs, reply, order="swapped") == Answered(own)
        assert read_reply(pairs, reply, order="forward") == Answered(shown)
        assert read_reply(pairs, reply) == Answered(shown)


def test_the_match_that_ends_last_wins() -> None:
    """Judges conclude at the end; where two matches end together the longer one is meant."""
    judge = judge_with_patterns(
        YES_NO,
        Pattern(match=r"good", value=True),
        Pattern(match=r"not good", value=False),
        Pattern(match=r"x*", value=True),
    )
    assert read_reply(judge, "At first good, but in the end not good") == Answered(
        False, rationale="At first good, but in the end"
    )
    assert read_reply(judge, "not good? good!") == Answered(True, rationale="not good?")
    assert isinstance(read_reply(judge, "neither"), Unreadable)


def test_groups_are_read_on_the_scale() -> None:
    """A captured value off the scale is unparsed, even when an earlier one was legal."""
    judge = judge_with_patterns(
        QUALITY,
        Pattern(match=r"\[RESULT\]\s*(\S+)"),
        Pattern(match=r"can(?:no|')t say", status="cannot_judge"),
        Pattern(match=r"against my guidelines", status="refused"),
    )
    assert read_reply(judge, "Feedback: fine. [RESULT] 4") == Answered(4, rationale="Feedback: fine.")
    assert isinstance(read_reply(judge, "[RESULT] 4, no, [RESULT] 9"), Unreadable)
    assert read_reply(judge, "I cannot say") == Answered(None, "cannot_judge", "I")
    refused = read_reply(judge, "That is against my guidelines")
    assert isinstance(refused, Unreadable)
    assert refused.status == "refused"


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (Pattern(match="(4", value=4), "not a regular expression"),
        (Pattern(match="four"), "group"),
        (Pattern(match="six", value=6), "not on the ordinal scale"),
        (Pattern(match="n/a", status="not_applicable"), "no answer"),
    ],
)
def test_wrong_patterns_are_found_before_any_reply(pattern: Pattern, words: str) -> None:
    """A table that could not be read by is refused, with its row."""
    with pytest.raises(InvalidRecord, match=words) as caught:
        check_reading(judge_with_patterns(QUALITY, pattern))
    assert "row 1" in (caught.value.where or "")


READERS = [
    judge_of(reading=Reading(method="json")),
    judge_with_patterns(QUALITY, Pattern(match=r"(?i)score\D*(\d+)"), Pattern(match="excellent", value=5)),
]
SCRAPS = st.sampled_from(
    ['{"value": ', '"value"', "{", "}", "[", '"', ",", "4", "9", "Score: ", "excellent", "\\", "\n"]
)


@given(st.one_of(st.text(), st.lists(SCRAPS).map("".join)), st.sampled_from(READERS))
def test_reading_never_raises_and_never_invents(text: str, judge: Judge) -> None:
    """Whatever the reply, the outcome is one of the two kinds, and a value read stands in the text."""
    found = read_reply(judge, text)
    assert isinstance(found, Answered | Unreadable)
    if isinstance(found, Answered) and found.status == "ok":
        assert found.value in (1, 2, 3, 4, 5)
        assert any(unit(digit) == found.value for digit in re.findall(r"\d+", text)) or "excellent" in text


def unit(digits: str) -> int:
    return int(digits) if len(digits) < 10 else -1


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
CRITERIA = [QUALITY, BETTER, YES_NO, TOPICS, POINTS, WORDS]


@given(JSON_VALUES, st.sampled_from(CRITERIA), st.text())
def test_any_json_value_is_read_as_itself_or_not_at_all(value: Any, criterion: Criterion, prose: str) -> None:
    """On every scale: what is answered is what the scale reads, and everything else has a reason."""
    text = prose.replace("{", "") + json.dumps({"reasoning": prose, "value": value})
    found = read_reply(judge_of(criterion), text)
    if isinstance(found, Answered) and found.status == "ok":
        assert found.value == criterion.scale.read(value)
    elif isinstance(found, Unreadable):
        assert found.status == "unparsed"


SINGLE_ROUND = re.compile(r"__(?!Swap|Rating)")


@pytest.mark.shared
def test_real_completions_are_read_as_their_authors_read_them(shared: Path) -> None:
    """LLMBar: 26 judges, 3,796 completions in both orders; every stored winner comes out, 13 of them none."""
    n_read = n_unreadable = 0
    for judge, text, order, winner in llmbar(shared, "first_pattern"):
        found = read_reply(judge, text, order=order)
        assert (found.value if isinstance(found, Answered) else None) == winner
        n_read += 1
        n_unreadable += isinstance(found, Unreadable)
    assert (n_read, n_unreadable) == (3796, 13)


@pytest.mark.shared
def test_the_last_word_differs_from_the_first_row_twice(shared: Path) -> None:
    """Two of 3,796 completions name both outputs; the judge's last word is then not its authors' first row."""
    differing = []
    for judge, text, order, winner in llmbar(shared, "last_match"):
        found = read_reply(judge, text, order=order)
        if (found.value if isinstance(found, Answered) else None) != winner:
            differing.append(text.splitlines()[-1])
    assert [line[-32:] for line in differing] == ["Therefore, Output (b) is better."] * 2


def llmbar(shared: Path, wins: str) -> Iterator[tuple[Judge, str, Any, str | None]]:
    """Yield (judge, completion, order, stored winner) for the single-round judges of both subsets."""
    names: dict[str | None, str | None] = {"1": "first", "2": "second", None: None}
    root = shared / "data/llmbar"
    for path in sorted(root.glob("*/*.result.json.gz")):
        if not SINGLE_ROUND.search(path.name):
            continue
        config = root / "config" / path.name.replace(".result.json.gz", ".json")
        parsing = json.loads(config.read_text(encoding="utf-8"))[-1]["parsing"]
        judge = judge_with_patterns(BETTER, *(Pattern(match=row, value=names[key]) for key, row in parsing.items()))
        judge = judge.model_copy(update={"reading": judge.reading.model_copy(update={"wins": wins})})
        check_reading(judge)
        with gzip.open(path, "rt", encoding="utf-8") as rows:
            for row in json.load(rows):
                for swap, order in (("False", "forward"), ("True", "swapped")):
                    verdict = row["results"][-1][f"swap = {swap}"]
                    yield judge, verdict["completion"][0], order, names[verdict["winner"]]


@pytest.mark.shared
def test_real_feedback_with_a_result_tag_is_read(shared: Path) -> None:
    """Prometheus: "Feedback: ... [RESULT] n" gives all 960 scores and keeps the feedback as the reason."""
    judge = judge_with_patterns(QUALITY, Pattern(match=r"\[RESULT\]\s*(\d+)"))
    with gzip.open(shared / "data/prometheus_vicuna/vicuna_eval.json.gz", "rt", encoding="utf-8") as lines:
        rows = json.load(lines)
    pairs = [pair for row in rows for pair in zip(row["gpt4_feedback"], row["gpt4_score"], strict=True)]
    assert len(pairs) == 960
    for feedback, score in pairs:
        found = read_reply(judge, f"Feedback: {feedback} [RESULT] {score}")
        assert found == Answered(score, rationale=f"Feedback: {feedback}".strip())
