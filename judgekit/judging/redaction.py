"""Taking out of a session what an engine must not see: patterns, fields of JSON, and the ready rules of `ready_rule`.

Everything that a prompt can show goes through here: texts, names, ids of turns, tools, arguments, results, errors,
passages, metadata, JSON inside of text, demonstrations and rules. The same text becomes the same placeholder
(`[email 1]`) all over a session or pair, so that a judge can still follow who is who. Nothing is sent here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from judgekit.errors import InvalidRecord
from judgekit.judging.pattern import Bounded, bounded_pattern
from judgekit.judging.ready_rule import READY, Parts, all_of_it
from judgekit.records.judge import Judge
from judgekit.records.record import canonical_json
from judgekit.records.redaction import Redaction
from judgekit.records.session import Passage, Session, ToolCall, Turn

SHORTEST_ELSEWHERE = 4
"""Characters that a field's value must have to be looked for in other texts: a `7` is everywhere."""
MAX_DEPTH = 60
"""How deep JSON may be nested, JSON inside of text included; what lies deeper is replaced as a whole."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """What a judge may see.

    Attributes:
        sessions: The session, or both of a pair.
        n: Places replaced.
        turns: Id of a turn -> the id that it now has.
    """

    sessions: tuple[Session, ...]
    n: int = 0
    turns: Mapping[str, str] = field(default_factory=dict)

    def turn(self, turn: str | None) -> str | None:
        """Return the id that a turn now has."""
        return None if turn is None else self.turns.get(turn, turn)


class Redactor:
    """Applies one list of rules; what earlier rules take, later ones leave."""

    def __init__(self, rules: Sequence[Redaction]) -> None:
        """Compile the rules.

        Raises:
            InvalidRecord: A pattern is wrong, matches the empty text, or could take hours.
        """
        self._fields = {rule.field: rule.placeholder for rule in rules if rule.field is not None}
        self._finders = [_finder(rule, number) for number, rule in enumerate(rules, 1) if rule.field is None]
        self._in_text = _field_pattern(self._fields)
        self._has_rules = bool(rules)

    def sessions(self, *sessions: Session) -> Redacted:
        """Return a session, or both of a pair, without what the rules name; they share their placeholders."""
        if not self._has_rules:
            return Redacted(sessions)
        scope = _Scope(self._fields, self._finders, self._in_text)
        for session in sessions:
            scope.learn(list(_parts(session)))
        done = tuple(scope.session(session) for session in sessions)
        renamed = {
            old.id: new.id
            for before, after in zip(sessions, done, strict=True)
            for old, new in zip(before.turns, after.turns, strict=True)
        }
        return Redacted(done, scope.n, renamed)

    def judge(self, judge: Judge) -> Judge:
        """Return a judge whose demonstrations and rules are redacted: for its prompts, not for its fingerprints."""
        if not self._has_rules:
            return judge
        demonstrations = []
        for shown in judge.demonstrations:
            scope = _Scope(self._fields, self._finders, self._in_text)
            scope.learn([shown.text, shown.rationale])
            texts = {"text": scope.text(shown.text), "rationale": scope.text(shown.rationale)}
            demonstrations.append(shown.model_copy(update=texts))
        scope = _Scope(self._fields, self._finders, self._in_text)
        rules = [rule.model_copy(update={"text": scope.text(rule.text)}) for rule in judge.rules]
        return judge.model_copy(update={"demonstrations": tuple(demonstrations), "rules": tuple(rules)})


@dataclass(frozen=True, slots=True)
class _Finder:
    """One rule on text.

    Attributes:
        pattern: What to search.
        parts: Which parts of a match are what the rule is about: a card number has a check digit.
        placeholder: What stands in its place.
    """

    pattern: Bounded
    parts: Parts
    placeholder: str


class _Scope:
    """One session or pair while it is redacted: which text has which placeholder."""

    def __init__(self, fields: dict[str, str], finders: Sequence[_Finder], in_text: re.Pattern[str] | None) -> None:
        self._fields = fields
        self._finders = finders
        self._in_text = in_text
        self._known: dict[tuple[str, str], str] = {}
        self._elsewhere: dict[str, str] = {}
        self._pattern_elsewhere: re.Pattern[str] | None = None
        self.n = 0

    def learn(self, value: Any) -> None:
        """Collect what named fields hold, so that it is found in other texts too."""
        if self._fields:
            for text, placeholder in self._held(value, 0):
                if len(text) >= SHORTEST_ELSEWHERE:
                    self._elsewhere.setdefault(text, placeholder)
            self._pattern_elsewhere = _any_of(self._elsewhere) if self._elsewhere else None

    def session(self, session: Session) -> Session:
        """Return the session redacted."""
        turns = tuple(self._turn(turn) for turn in session.turns)
        reference = self.text(session.reference) if session.reference is not None else None
        metadata = self._json(session.metadata, 0)
        return session.model_copy(update={"turns": turns, "reference": reference, "metadata": metadata})

    def text(self, text: str, depth: int = 0) -> str:
        """Return a text redacted; one that is JSON as JSON, so that escapes hide nothing."""
        inner, n_before = _json_in(text), self.n
        clean = self._json(inner, depth + 1) if inner is not None else None
        if self.n == n_before:
            return self._replaced(text, self._spans(text))
        again = json.dumps(clean, ensure_ascii=False)
        ours = [found.span() for found in _any_of(self._known.values()).finditer(again)]
        spans = [span for span in self._spans(again) if not any(span[0] < high and low < span[1] for low, high in ours)]
        return self._replaced(again, spans)

    def _replaced(self, text: str, spans: Sequence[tuple[int, int, str]]) -> str:
        parts, done = [], 0
        for low, high, placeholder in spans:
            parts += [text[done:low], self._numbered(placeholder, text[low:high])]
            done = high
        return "".join([*parts, text[done:]])

    def _turn(self, turn: Turn) -> Turn:
        return turn.model_copy(
            update={
                "id": self.text(turn.id),
                "name": self.text(turn.name) if turn.name is not None else None,
                "text": self.text(turn.text),
                "tool_calls": tuple(self._call(call) for call in turn.tool_calls),
                "passages": tuple(self._passage(passage) for passage in turn.passages),
                "metadata": self._json(turn.metadata, 0),
            }
        )

    def _call(self, call: ToolCall) -> ToolCall:
        return call.model_copy(
            update={
                "name": self.text(call.name),
                "arguments": self._json(call.arguments, 0),
                "result": self._json(call.result, 0),
                "error": self.text(call.error) if call.error is not None else None,
            }
        )

    def _passage(self, passage: Passage) -> Passage:
        source = self.text(passage.source) if passage.source is not None else None
        return passage.model_copy(update={"text": self.text(passage.text), "source": source})

    def _json(self, value: Any, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return self._numbered("[deeply nested]", canonical_json(value))
        if isinstance(value, str):
            return self.text(value, depth)
        if isinstance(value, dict):
            return {self.text(key): self._member(key, inner, depth) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self._json(inner, depth + 1) for inner in value]
        if isinstance(value, int | float) and not isinstance(value, bool):
            written = json.dumps(value)
            return self.text(written) if self._spans(written) else value
        return value

    def _member(self, key: str, value: Any, depth: int) -> Any:
        if key not in self._fields or value is None:
            return self._json(value, depth + 1)
        return self._numbered(self._fields[key], value if isinstance(value, str) else canonical_json(value))

    def _numbered(self, placeholder: str, text: str) -> str:
        """Return the placeholder with the number of this very text, and count the place."""
        self.n += 1
        if (placeholder, text) not in self._known:
            number = 1 + sum(known == placeholder for known, _ in self._known)
            closing = "]" if placeholder.endswith("]") else ""
            self._known[placeholder, text] = f"{placeholder.removesuffix(']')} {number}{closing}"
        return self._known[placeholder, text]

    def _spans(self, text: str) -> list[tuple[int, int, str]]:
        """Return what to replace, in order; where matches overlap, all of it goes under the first rule's name."""
        found = [(low, high, name) for low, high, name, _ in self._members_in(text)]
        if self._pattern_elsewhere is not None:
            found += [(*m.span(), self._elsewhere[m[0]]) for m in self._pattern_elsewhere.finditer(text)]
        for finder in self._finders:
            for start, end in finder.pattern.spans(text):
                parts = finder.parts(text[start:end])
                found += [(start + low, start + high, finder.placeholder) for low, high in parts]
        order = {span: place for place, span in enumerate(found)}
        merged: list[tuple[int, int, str, int]] = []
        for span in sorted(found):
            low, high, name = span
            if merged and low < merged[-1][1]:
                start, end, earlier, place = merged[-1]
                best = min((place, earlier), (order[span], name))
                merged[-1] = (start, max(end, high), best[1], best[0])
            else:
                merged.append((low, high, name, order[span]))
        return [span[:3] for span in merged]

    def _members_in(self, text: str) -> Iterator[tuple[int, int, str, str]]:
        """Yield what named fields hold in JSON that stands inside other text: low, high, placeholder, value."""
        done = 0
        for found in self._in_text.finditer(text) if self._in_text is not None else ():
            if found.end() < done:
                continue
            low, high = _value_span(text, found.end())
            if high > low:
                done = high
                yield low, high, self._fields[found["field"]], text[low:high]

    def _held(self, value: Any, depth: int) -> Iterator[tuple[str, str]]:
        """Yield the texts and numbers that stand under a named field, with their placeholder."""
        if depth > MAX_DEPTH:
            return
        if isinstance(value, str):
            inner = _json_in(value)
            if inner is not None:
                yield from self._held(inner, depth + 1)
            for *_, placeholder, text in self._members_in(value):
                yield text.strip("\"'\\"), placeholder
        elif isinstance(value, list | tuple):
            for item in value:
                yield from self._held(item, depth + 1)
        elif isinstance(value, dict):
            for key, inner in value.items():
                if key in self._fields:
                    yield from ((leaf, self._fields[key]) for leaf in _leaves(inner))
                else:
                    yield from self._held(inner, depth + 1)


def _parts(session: Session) -> Iterator[Any]:
    """Yield what a session says or holds, without the names of our own keys."""
    yield from (session.metadata, session.reference)
    for turn in session.turns:
        yield from (turn.text, turn.metadata)
        yield from (passage.text for passage in turn.passages)
        for call in turn.tool_calls:
            yield from (call.arguments, call.result, call.error)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield json.dumps(value)


def _json_in(text: str) -> Any:
    """Return the object or list that a text is; None where it is none."""
    bare = text.strip()
    if not (bare.startswith(("{", "[")) and bare.endswith(("}", "]"))):
        return None
    try:
        return json.loads(bare)
    except (ValueError, RecursionError):
        return None


def _any_of(texts: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(set(texts), key=len, reverse=True))))


def _field_pattern(fields: dict[str, str]) -> re.Pattern[str] | None:
    """Return what finds a named key of JSON in text, however its quotes are escaped."""
    if not fields:
        return None
    names = _any_of(fields).pattern
    return re.compile(rf"""["'](?P<field>{names})\\{{0,8}}["']\s{{0,20}}[:=]\s{{0,20}}""")


def _value_span(text: str, start: int) -> tuple[int, int]:
    """Return where the value of a JSON member lies; where it is no JSON, what stands before the next comma or brace."""
    try:
        _, end = json.JSONDecoder().raw_decode(text, start)
        is_quoted = text[start] == '"'
        return start + is_quoted, end - is_quoted
    except (ValueError, RecursionError):
        pass
    quote = re.compile(r"""\\{0,8}["']""").match(text, start)
    if quote is not None:
        closing = text.find(quote[0], quote.end())
        return quote.end(), closing if closing >= 0 else len(text)
    stop = re.compile(r"[,}\]\n]").search(text, start)
    return start, stop.start() if stop is not None else len(text)


def _finder(rule: Redaction, number: int) -> _Finder:
    where = f"redact row {number}"
    if rule.rule is not None:
        pattern, parts = READY[rule.rule]
        return _Finder(Bounded(re.compile(pattern)), parts, rule.placeholder)
    pattern = rule.pattern or ""
    bounded = bounded_pattern(pattern, where=where)
    if re.match(pattern, "") is not None:
        raise InvalidRecord(f"{pattern!r} matches the empty text", where=where, hint="Say what it must hold")
    return _Finder(bounded, all_of_it, rule.placeholder)
