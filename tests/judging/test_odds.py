"""A value's odds come from its own token, over legal levels only, and what they leave out is told."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import pytest

from judgekit.adapters.engines.token import N_KEPT, tokens_in
from judgekit.errors import InvalidRecord
from judgekit.judging.lint import lint
from judgekit.judging.odds import Odds, check_odds, expected_score, sample_odds, token_odds
from judgekit.judging.reading import Answered
from judgekit.records.judge import Judge, Pattern, Reading
from judgekit.records.rubric import Criterion, Scale
from judgekit.records.verdict import Token
from tests.judging.composed_judges import BETTER, QUALITY, judge_of, judge_with_patterns

OPEN, CLOSE = '{"reasoning": "ok", "value":', "}"
ODDS = Reading(probabilities=True)
PASSED = Criterion(id="ok", question="?", scale=Scale(type="binary", levels=("fail", "pass")), not_applicable=True)
TEN = Criterion(id="ten", question="?", scale=Scale(type="ordinal", levels=tuple(range(1, 11))))


def token(text: str, odds: Mapping[str, float] | None = None) -> Token:
    given = odds or {text: 1.0}
    return Token(text=text, logprob=math.log(given[text]), top={each: math.log(p) for each, p in given.items()})


def odds_of(criterion: Criterion, *tokens: Token, **changes: Any) -> Odds | None:
    judge = judge_of(criterion, **{"reading": ODDS, **changes})
    return token_odds(judge, "".join(each.text for each in tokens), tokens)


def test_the_odds_of_a_number_are_those_of_its_token() -> None:
    """What is no level keeps none of the probability, and `kept` says how much that was."""
    found = odds_of(QUALITY, token(OPEN), token(" "), token("4", {"4": 0.6, "5": 0.2, "7": 0.2}), token(CLOSE))
    assert found is not None
    assert found.shares == pytest.approx({"4": 0.75, "5": 0.25})
    assert list(found.shares) == ["4", "5"]
    assert found.kept == pytest.approx(0.8)
    assert expected_score(QUALITY, found) == pytest.approx(4.25)


def test_tokens_with_a_space_before_count_for_the_same_level() -> None:
    """` 4` and `4` are one answer, wherever the tokenizer puts the space."""
    found = odds_of(QUALITY, token(OPEN), token(" 4", {" 4": 0.5, "4": 0.3, " 2": 0.2}), token(CLOSE))
    assert found is not None
    assert found.shares == pytest.approx({"2": 0.2, "4": 0.8})


def test_a_word_counts_by_the_first_token_that_tells_it_from_the_others() -> None:
    """`pass` in two tokens has the odds of the first; what follows it is certain."""
    parts = (token(OPEN), token(' "'), token("p", {"p": 0.7, "f": 0.2, "not": 0.05, "cannot": 0.05}), token('ass"}'))
    found = odds_of(PASSED, *parts)
    assert found is not None
    wanted = {'"fail"': 0.2, '"pass"': 0.7, '"cannot_judge"': 0.05, '"not_applicable"': 0.05}
    assert found.shares == pytest.approx(wanted)
    assert expected_score(PASSED, found) == pytest.approx(0.7 / 0.9)


def test_other_answers_share_in_the_odds_of_numbers() -> None:
    """A quote in a number's place begins "can't judge", which alone is a word here."""
    found = odds_of(QUALITY, token(OPEN), token(" "), token("4", {"4": 0.9, '"': 0.1}), token(CLOSE))
    assert found is not None
    assert found.shares == pytest.approx({"4": 0.9, '"cannot_judge"': 0.1})
    said = odds_of(QUALITY, token(OPEN + " "), token('"', {'"': 0.6, "1": 0.4}), token("cannot_judge"), token('"}'))
    assert said is not None
    assert said.shares == pytest.approx({"1": 0.4, '"cannot_judge"': 0.6})


def test_levels_that_begin_alike_are_told_apart_by_the_next_token() -> None:
    """Digit by digit, 1 and 10 part at the second; what parts on another way is not handed out."""
    parts = (token(OPEN + " "), token("1", {"1": 0.8, "2": 0.2}), token("0", {"0": 0.75, "}": 0.25}), token("}"))
    found = odds_of(TEN, *parts)
    assert found is not None
    assert found.shares == pytest.approx({"1": 0.2, "2": 0.2, "10": 0.6})
    off_the_way = odds_of(TEN, token(OPEN + " "), token("2", {"2": 0.5, "1": 0.5}), token("}"))
    assert off_the_way is not None
    assert (off_the_way.shares, off_the_way.kept) == ({"2": 1.0}, 0.5)


def test_levels_that_are_one_token_each_are_told_apart_at_once() -> None:
    """Where 10 is a token, the token 1 is a 1."""
    found = odds_of(TEN, token(OPEN + " "), token("10", {"10": 0.5, "1": 0.3, "9": 0.2}), token("}"))
    assert found is not None
    assert found.shares == pytest.approx({"1": 0.3, "9": 0.2, "10": 0.5})
    assert found.kept == pytest.approx(1.0)


def test_a_number_in_quotes_is_read_like_one_without() -> None:
    """Replies that quote their number have odds too."""
    parts = (token(OPEN), token(' "'), token("4", {"4": 0.9, "3": 0.1}), token('"}'))
    found = odds_of(QUALITY, *parts, reading=Reading(method="json", probabilities=True))
    assert found is not None
    assert found.shares == pytest.approx({"3": 0.1, "4": 0.9})


def test_the_last_value_counts_and_drafts_do_not() -> None:
    """The odds are read where the value that was read stands, not where a draft was."""
    draft = (token('{"value": '), token("1", {"1": 0.5, "2": 0.5}), token("} "))
    found = odds_of(QUALITY, *draft, token(OPEN + " "), token("4", {"4": 0.9, "5": 0.1}), token("}"))
    assert found is not None
    assert found.shares == pytest.approx({"4": 0.9, "5": 0.1})


def test_end_marks_and_parts_of_characters_are_tolerated() -> None:
    """An end mark behind the text and a broken character before the value do not move the place."""
    tokens = (
        token("\\xe2\\x80"),
        token('", "value": '),
        token("4", {"4": 0.9, "5": 0.1}),
        token("}"),
        token("<|im_end|>"),
    )
    found = token_odds(judge_of(reading=ODDS), '{"reasoning": "a \u2026", "value": 4}', tokens)
    assert found is not None
    assert found.shares == pytest.approx({"4": 0.9, "5": 0.1})


@pytest.mark.parametrize("tokens", [(), (token("}"),), (token("4"), token("!"))])
def test_tokens_that_do_not_show_the_value_give_no_odds(tokens: tuple[Token, ...]) -> None:
    """No tokens, too few, or those of another text: there are no odds, rather than wrong ones."""
    assert token_odds(judge_of(reading=ODDS), OPEN + " 4}", tokens) is None


def test_patterns_are_read_anew_with_each_alternative() -> None:
    """`[[A]]` with B in its place means the other side."""
    patterns = (Pattern(match=r"\[\[A\]\]", value="first"), Pattern(match=r"\[\[B\]\]", value="second"))
    judge = judge_with_patterns(BETTER, *patterns)
    tokens = (token("Verdict: [["), token("A", {"A": 0.6, "B": 0.3, "C": 0.1}), token("]]"))
    found = token_odds(judge, "Verdict: [[A]]", tokens)
    assert found is not None
    assert found.shares == pytest.approx({'"first"': 2 / 3, '"second"': 1 / 3})
    assert found.kept == pytest.approx(0.9)
    assert found.in_own_order(judge, "swapped").shares == pytest.approx({'"first"': 1 / 3, '"second"': 2 / 3})


def test_samples_are_counted() -> None:
    """Shares of samples are a distribution like any other, in the scale's order."""
    answers = [Answered(5), Answered(4), Answered(4), Answered(None, "cannot_judge")]
    found = sample_odds(judge_of(), answers)
    assert found.shares == {"4": 0.5, "5": 0.25, '"cannot_judge"': 0.25}
    assert list(found.shares) == ["4", "5", '"cannot_judge"']


@pytest.mark.parametrize(
    "changes",
    [
        {"criterion": Criterion(id="n", question="?", scale=Scale(type="numeric", min=0, max=1))},
        {"criterion": Criterion(id="t", question="?", scale=Scale(type="text"))},
        {"further_criteria": (PASSED,)},
    ],
)
def test_what_can_have_no_odds_is_refused_in_one_line(changes: dict[str, Any]) -> None:
    """Scales without a list of levels, and several criteria in one reply."""
    judge = judge_of(**{"reading": ODDS, **changes})
    with pytest.raises(InvalidRecord, match=r"odds"):
        check_odds(judge)
    assert "no-odds" in [finding.code for finding in lint(judge)]


def test_lint_names_levels_that_begin_alike() -> None:
    """1 to 10 may be written digit by digit."""
    assert "levels-begin-alike" in [finding.code for finding in lint(judge_of(TEN, reading=ODDS))]
    assert "levels-begin-alike" not in [finding.code for finding in lint(judge_of(TEN))]


def test_engines_keep_the_last_tokens_and_no_infinity() -> None:
    """Of a long reply the end is kept; what is as good as impossible is a number; other forms are none."""
    entry = {"token": "x", "logprob": float("-inf"), "bytes": None, "top_logprobs": None}
    found = tokens_in({"content": [entry] * 100})
    assert found is not None
    assert len(found) == N_KEPT
    json.loads(found[0].model_dump_json())
    others: tuple[object, ...] = (None, {}, {"content": []}, {"content": [{"token": "x"}]}, {"tokens": ["x"]}, [1])
    for other in others:
        assert tokens_in(other) is None


def test_a_judge_of_many_keeps_its_levels() -> None:
    """The judge under test is one that its folder could hold."""
    assert Judge.model_validate(judge_of(TEN, reading=ODDS).model_dump()).reading.probabilities
