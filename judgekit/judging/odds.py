"""How probable each level was where a reply says its value: the odds of the value's own token, over all legal levels.

A level of several tokens counts by the first token that tells it from the others. What the likeliest tokens hold
beside legal levels is not handed out to them: `kept` says how much of the probability the levels had.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from judgekit.errors import InvalidRecord
from judgekit.judging.answer_form import CANNOT_JUDGE, NOT_APPLICABLE
from judgekit.judging.reading import (
    CANNOT_JUDGE_WORDS,
    NOT_APPLICABLE_WORDS,
    SWAPPED,
    Answered,
    read_reply,
    read_value,
    value_span,
)
from judgekit.records.judge import Judge
from judgekit.records.rubric import Criterion, Level
from judgekit.records.verdict import Order, Token

SPREADABLE = ("binary", "ordinal", "categorical", "preference")
"""Scales whose levels can be listed, so that a distribution over them can be had."""

N_ALTERNATIVES = 20
"""Likeliest tokens asked for at each place: as many as OpenAI gives."""

ODDS = "probabilities"
"""Key of a verdict's metadata that says where its distribution comes from."""

_NOT_AFTER_NUMBER = re.compile(r"[0-9.eE+-]")


@dataclass(frozen=True, slots=True)
class Odds:
    """How probable each answer was.

    Attributes:
        shares: JSON text of each answer that had any probability -> its share; they sum to 1. "Not applicable" and
            "can't judge" are answers like the levels.
        kept: Share of the whole probability that legal answers had, before they were made to sum to 1.
    """

    shares: Mapping[str, float]
    kept: float

    def in_own_order(self, judge: Judge, order: Order | None) -> Odds:
        """Map what was shown first and second back to the pair's own order."""
        if judge.target != "pair" or order != "swapped":
            return self
        swapped = {json.dumps(old): json.dumps(new) for old, new in SWAPPED.items()}
        return Odds(_sorted(judge.criterion, {swapped.get(key, key): p for key, p in self.shares.items()}), self.kept)


def check_odds(judge: Judge) -> None:
    """Check that a judge's levels can have odds.

    Raises:
        InvalidRecord: The scale has no list of levels, or one reply answers several criteria.
    """
    if not judge.reading.probabilities:
        return
    scale, where = judge.criterion.scale, "reading.probabilities"
    if judge.further_criteria:
        what = f"one reply answers {len(judge.criteria)} criteria, and odds are read for one only"
        raise InvalidRecord(what, where=where, hint="Drop further_criteria, or probabilities")
    if scale.type not in SPREADABLE:
        what = f"a {scale.type} scale has no list of levels that odds could be spread over"
        raise InvalidRecord(what, where=where, hint="Use samples above 1 instead, or another scale")


def token_odds(judge: Judge, text: str, tokens: Sequence[Token] | None) -> Odds | None:
    """Return the odds at the place where a reply says its value; None where the tokens do not show that place.

    Args:
        judge: Whose reading rules and scale apply.
        text: The reply, which `read_reply` could read.
        tokens: The reply's last tokens with their odds.
    """
    found = read_reply(judge, text)
    places = list(_places(text, tokens or ()))
    if not isinstance(found, Answered) or not places:
        return None
    if judge.reading.method == "regex":
        return _odds_by_pattern(judge, text, places)
    start = _value_start(judge, text, found)
    return None if start is None else _odds_from(start, text, places, _forms(judge, text[start], found))


def sample_odds(judge: Judge, answers: Iterable[Answered]) -> Odds:
    """Return the shares of further samples' answers, of which there is at least one."""
    counts = Counter(answer_key(answer) for answer in answers)
    shares = {key: n / counts.total() for key, n in counts.items()}
    return Odds(_sorted(judge.criterion, shares), 1.0)


def expected_score(criterion: Criterion, odds: Odds) -> float | None:
    """Return the expected place on the scale, over its levels alone; None where the levels have no order.

    Example:
        >>> from judgekit.records.rubric import Scale
        >>> quality = Criterion(id="c", question="?", scale=Scale(type="ordinal", levels=(1, 2, 3)))
        >>> expected_score(quality, Odds({"2": 0.4, "3": 0.4, '"cannot_judge"': 0.2}, 1.0))
        2.5
    """
    if criterion.scale.type not in ("binary", "ordinal"):
        return None
    places = dict(zip(map(_key, criterion.scale.levels), criterion.scale.numbers(), strict=True))
    levels = {key: share for key, share in odds.shares.items() if key in places}
    total = math.fsum(levels.values())
    return math.fsum(share * places[key] for key, share in levels.items()) / total if total > 0 else None


def answer_key(answer: Answered) -> str:
    """Return the JSON text under which an answer stands in a distribution."""
    return _key(answer.value if answer.status == "ok" else answer.status)


@dataclass(frozen=True, slots=True)
class _Place:
    """A token and where it stands in the reply."""

    token: Token
    start: int
    end: int

    def alternatives(self) -> dict[str, float]:
        """Return each token that might have stood here -> its probability."""
        odds = {**self.token.top, self.token.text: self.token.logprob}
        return {text: math.exp(min(logprob, 0.0)) for text, logprob in odds.items()}


def _places(text: str, tokens: Sequence[Token]) -> Iterator[_Place]:
    """Yield the tokens from the first on that can be followed to the reply's end.

    Tokens behind the text (an end mark, white space that the server cut) are passed over; one that is part of a
    character ends the way back, since its text is not that of the reply.
    """
    found: list[_Place] = []
    end = len(text)
    for token in reversed(tokens):
        if token.text and text.endswith(token.text, 0, end):
            found.append(_Place(token, end - len(token.text), end))
            end -= len(token.text)
        elif token.text.strip() and (found or not re.fullmatch(r"\s*<.*>\s*", token.text)):
            break
    yield from reversed(found)


def _value_start(judge: Judge, text: str, found: Answered) -> int | None:
    """Return where the JSON value begins that was read: the last of the key's values that means the same."""
    key = re.compile(re.escape(json.dumps(judge.reading.value_key, ensure_ascii=False)) + r"\s*:\s*")
    decoder = json.JSONDecoder(strict=False)
    for match in reversed(list(key.finditer(text))):
        try:
            raw = decoder.raw_decode(text, match.end())[0]
        except (json.JSONDecodeError, RecursionError, ValueError):
            continue
        meant = read_value(judge.criterion, raw, None)
        if isinstance(meant, Answered) and (meant.value, meant.status) == (found.value, found.status):
            return match.end()
    return None


def _forms(judge: Judge, opening: str, found: Answered) -> dict[str, tuple[str, ...]]:
    """Return how each answer may stand in the JSON, lower case: numbers in quotes only where this reply has them so."""
    scale = judge.criterion.scale
    has_quotes = opening == '"' and found.status == "ok"
    forms: dict[str, tuple[str, ...]] = {_key(CANNOT_JUDGE): _quoted(CANNOT_JUDGE_WORDS)}
    if judge.criterion.not_applicable:
        forms[_key(NOT_APPLICABLE)] = _quoted(NOT_APPLICABLE_WORDS)
    for level in scale.levels:
        bare = _key(level)
        forms[bare] = ((f'"{bare}"' if has_quotes and not isinstance(level, str) else bare).casefold(),)
    return forms


def _odds_from(start: int, text: str, places: Sequence[_Place], forms: Mapping[str, tuple[str, ...]]) -> Odds | None:
    """Follow the reply from the value's first character until one answer is left, handing out what branches off."""
    shares: defaultdict[str, float] = defaultdict(float)
    open_keys, carried = frozenset(forms), 1.0
    if places[0].start > start:
        return None
    for place in (place for place in places if place.end > start):
        lead, typed = text[place.start : start], text[start : place.start]
        beginnings = {
            other: (typed + rest).casefold()
            for other in place.alternatives()
            if (rest := other.lstrip() if not (typed or lead.strip()) else _behind(lead, other)) is not None
        }
        whole = frozenset(beginnings.values())
        meant = {other: _meant(begun, open_keys, forms, whole) for other, begun in beginnings.items()}
        said = meant.get(place.token.text, frozenset())
        if said == open_keys:
            continue
        for other, probability in place.alternatives().items():
            keys = meant.get(other, frozenset())
            if other != place.token.text and len(keys) == 1:
                shares[next(iter(keys))] += carried * probability
        carried *= place.alternatives()[place.token.text]
        open_keys = said
        if len(open_keys) <= 1:
            break
    if len(open_keys) != 1:
        return None
    shares[next(iter(open_keys))] += carried
    return _odds_of(shares, list(forms))


def _behind(lead: str, token: str) -> str | None:
    """Return what of a token belongs to the value, where the token begins before it; None where it has another lead."""
    return token.removeprefix(lead) if token.startswith(lead) else None


def _meant(
    begun: str, open_keys: frozenset[str], forms: Mapping[str, tuple[str, ...]], whole: frozenset[str]
) -> frozenset[str]:
    """Return the answers that may begin so.

    Where 1 and 10 are each one token here, the token 1 is the 1: a tokenizer that has a token for 10 writes 10 with it.
    """
    keys = frozenset(key for key in open_keys if any(_may_become(begun, form) for form in forms[key]))
    exact = frozenset(key for key in keys if begun in forms[key])
    is_settled = len(exact) == 1 and all(whole.intersection(forms[key]) for key in keys)
    return exact if is_settled else keys


def _may_become(begun: str, form: str) -> bool:
    if form.startswith(begun):
        return True
    return begun.startswith(form) and (form.endswith('"') or not _NOT_AFTER_NUMBER.match(begun, len(form)))


def _odds_by_pattern(judge: Judge, text: str, places: Sequence[_Place]) -> Odds | None:
    """Read the reply anew with each alternative in place, at the first token of the value where that changes it."""
    span = value_span(judge.reading, text)
    if span is None or places[0].start > span[0]:
        return None
    unmoved: list[dict[str, float]] = []
    for place in (place for place in places if place.end > span[0] and place.start < span[1]):
        shares: defaultdict[str, float] = defaultdict(float)
        for other, probability in place.alternatives().items():
            found = read_reply(judge, text[: place.start] + other + text[place.end :])
            if isinstance(found, Answered):
                shares[answer_key(found)] += probability
        if len(shares) > 1:
            return _odds_of(shares, list(map(_key, judge.criterion.scale.levels)))
        unmoved.append(shares)
    least_sure = min(unmoved, key=lambda shares: sum(shares.values()), default=None)
    return _odds_of(least_sure, []) if least_sure else None


def _odds_of(shares: Mapping[str, float], order: list[str]) -> Odds | None:
    total = math.fsum(shares.values())
    if not total > 0:
        return None
    ordered = sorted(shares, key=lambda key: (order.index(key) if key in order else len(order), key))
    return Odds({key: shares[key] / total for key in ordered if shares[key] > 0}, min(1.0, total))


def _sorted(criterion: Criterion, shares: Mapping[str, float]) -> dict[str, float]:
    """Return shares in the scale's order, other answers last."""
    order = list(map(_key, criterion.scale.levels))
    return dict(sorted(shares.items(), key=lambda item: order.index(item[0]) if item[0] in order else len(order)))


def _quoted(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(json.dumps(word) for word in words))


def _key(level: Level | object) -> str:
    return json.dumps(level, ensure_ascii=False)
