"""Chat messages -> turns: OpenAI tool calls and tool messages, Anthropic parts, agents by name, plain transcripts.

A turn's id is the message's place in its list, from 0, so that labels which point at a message by number
find it. Nothing of a message is lost: what has no field of its own is kept in the turn's metadata.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from judgekit.adapters.importers.mapping import json_cell
from judgekit.errors import InvalidRecord
from judgekit.records.session import Role

KNOWN_ROLES: Mapping[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "tool": "tool",
    "function": "tool",
}
_TEXT_PARTS = {"text", "input_text", "output_text"}
_READ_KEYS = {"role", "content", "name", "tool_calls", "tool_call_id", "function_call"}
_RESULT_KEYS = {"role", "content", "name", "tool_call_id", "error", "is_error"}

Turns = list[dict[str, Any]]


def turns_from_messages(cell: object, roles: Mapping[str, Role], tally: Counter[str]) -> Turns:
    """Return the turns of a list of chat messages.

    Args:
        cell: The list, or its JSON text.
        roles: Role or agent name -> role, before the known ones; other names become assistants of that name.
        tally: Counts what was kept otherwise than as it stood, in words.

    Returns:
        Turns as rows of the record; a tool's answer stands in the call it answers.

    Raises:
        InvalidRecord: It is no list of messages.
    """
    messages = json_cell(cell)
    if not isinstance(messages, list):
        raise InvalidRecord(f"messages are not a list: {str(cell)[:40]!r}", hint="Map a column that holds a JSON list")
    conversation = _Conversation(roles, tally)
    for place, message in enumerate(messages):
        if not isinstance(message, dict):
            raise InvalidRecord(f"message {place} is not an object: {json.dumps(message)[:40]}")
        conversation.add(place, message)
    return _with_own_ids(conversation.turns)


def turns_from_text(text: str, speakers: Mapping[str, Role]) -> Turns:
    r"""Return the turns of a transcript whose lines begin with a speaker's name and a colon.

    Text before the first speaker is a turn of its own; where no speaker is given, all is one turn of the assistant.

    Example:
        >>> [turn["text"] for turn in turns_from_text("A: hi\nthere\nB: hello", {"A": "user", "B": "assistant"})]
        ['hi\nthere', 'hello']
    """
    if not speakers:
        return [_turn(0, "assistant", text)]
    names = "|".join(re.escape(name) for name in sorted(speakers, key=len, reverse=True))
    starts = list(re.finditer(rf"^[ \t]*({names})[ \t]*:[ \t]?", text, re.MULTILINE))
    turns: Turns = []
    leading = text[: starts[0].start()] if starts else text
    if leading.strip():
        turns.append(_turn(0, "system", leading.removesuffix("\n")))
    ends = [start.start() for start in starts[1:]]
    for place, start in enumerate(starts):
        is_last = place == len(ends)
        words = text[start.end() : len(text) if is_last else ends[place]]
        words = words if is_last else words.removesuffix("\n").removesuffix("\r")
        name = start.group(1)
        turns.append(_turn(len(turns), speakers[name], words, name=name))
    return turns


def turns_from_exchange(user: str | None, assistant: str | None) -> Turns:
    """Return one question and one answer; what is None is not there."""
    said: list[tuple[Role, str | None]] = [("user", user), ("assistant", assistant)]
    present = [(role, text) for role, text in said if text is not None]
    return [_turn(place, role, text) for place, (role, text) in enumerate(present)]


class _Conversation:
    """Turns so far, and the tool calls that wait for their answer."""

    def __init__(self, roles: Mapping[str, Role], tally: Counter[str]) -> None:
        self.turns: Turns = []
        self._roles = roles
        self._tally = tally
        self._waiting: list[dict[str, Any]] = []

    def add(self, place: int, message: Mapping[str, Any]) -> None:
        role, name = self._speaker(place, message)
        if role == "tool" and self._is_answer(message, place):
            return
        text, calls, metadata = self._content(place, message.get("content"))
        calls += [_openai_call(call, place) for call in _listed(message.get("tool_calls"), place)]
        if message.get("function_call"):
            calls.append(_openai_call({"function": message["function_call"]}, place))
        self._waiting += calls
        metadata |= {key: value for key, value in message.items() if key not in _READ_KEYS and value is not None}
        if role == "tool" and message.get("tool_call_id"):
            metadata["tool_call_id"] = message["tool_call_id"]
        if role == "user" and not text and not calls and set(metadata) == {"answers"}:
            return  # an Anthropic message that only carries tool results: they stand in their calls
        metadata.pop("answers", None)
        self.turns.append(_turn(place, role, text, name=name, calls=calls, metadata=metadata))

    def _speaker(self, place: int, message: Mapping[str, Any]) -> tuple[Role, str | None]:
        word, name = message.get("role"), message.get("name")
        if not isinstance(word, str) or not word.strip():
            raise InvalidRecord(f"message {place} has no role: {json.dumps(message)[:60]}")
        if name is not None and not isinstance(name, str):
            raise InvalidRecord(f"message {place} has a name that is no text: {json.dumps(name)[:40]}")
        if word in self._roles:
            return self._roles[word], name or (word if word not in KNOWN_ROLES else None)
        known = KNOWN_ROLES.get(word.lower())
        shown = name or (None if word in KNOWN_ROLES else word)
        return known or "assistant", shown

    def _is_answer(self, message: Mapping[str, Any], place: int) -> bool:
        """Put a tool message into the call that it answers; False when no call waits for it."""
        call = self._awaited(message.get("tool_call_id"), message.get("name"))
        if call is None:
            self._tally["tool messages without a call: kept as turns"] += 1
            return False
        has_failed = bool(message.get("is_error")) or message.get("status") == "error" or bool(message.get("error"))
        content = message.get("content")
        _answer(call, message.get("error") or content if has_failed else content, has_failed=has_failed)
        rest = {key: value for key, value in message.items() if key not in _RESULT_KEYS and value is not None}
        if rest:
            self.turns[-1].setdefault("metadata", {})[f"tool_message_{place}"] = rest
        return True

    def _awaited(self, call_id: object, name: object) -> dict[str, Any] | None:
        """Return the latest waiting call with this id; without an id, the first waiting one of this name."""
        if call_id is not None:
            found = next((call for call in reversed(self._waiting) if call.get("id") == call_id), None)
        else:
            found = next((call for call in self._waiting if name in (None, call["name"])), None)
        if found is not None:
            self._waiting = [call for call in self._waiting if call is not found]
        return found

    def _content(self, place: int, content: object) -> tuple[str, list[dict[str, Any]], dict[str, Any]]:
        """Return text, tool calls, and what is neither."""
        if content is None or isinstance(content, str):
            return content or "", [], {}
        if not isinstance(content, list):
            self._tally["message contents that were not text: kept as text"] += 1
            return json.dumps(content, ensure_ascii=False), [], {}
        texts: list[str] = []
        calls: list[dict[str, Any]] = []
        others: list[object] = []
        n_answers = 0
        for part in content:
            kind = part.get("type") if isinstance(part, dict) else None
            if isinstance(part, str):
                texts.append(part)
            elif isinstance(part, dict) and kind in _TEXT_PARTS and isinstance(part.get("text"), str):
                texts.append(part["text"])
            elif isinstance(part, dict) and kind == "tool_use":
                calls.append({"id": part.get("id"), "name": _call_name(part, place), "arguments": part.get("input")})
            elif isinstance(part, dict) and kind == "tool_result" and self._takes_result(part):
                n_answers += 1
            else:
                self._tally[f"message parts of type {kind}: kept in metadata, not shown"] += 1
                others.append(part)
        metadata: dict[str, Any] = {"parts": others} if others else {}
        return "\n".join(texts), calls, metadata | ({"answers": n_answers} if n_answers else {})

    def _takes_result(self, part: Mapping[str, Any]) -> bool:
        call = self._awaited(part.get("tool_use_id"), None) if part.get("tool_use_id") is not None else None
        if call is None:
            return False
        _answer(call, part.get("content"), has_failed=bool(part.get("is_error")))
        return True


def _turn(place: int, role: Role, text: str, **more: Any) -> dict[str, Any]:
    turn: dict[str, Any] = {"id": str(place), "role": role, "text": text, "name": more.get("name")}
    if more.get("calls"):
        turn["tool_calls"] = more["calls"]
    if more.get("metadata"):
        turn["metadata"] = more["metadata"]
    return turn


def _answer(call: dict[str, Any], content: object, *, has_failed: bool) -> None:
    if isinstance(content, list) and content and all(isinstance(p, dict) and p.get("type") == "text" for p in content):
        content = "\n".join(str(part.get("text", "")) for part in content)
    if has_failed:
        call["error"] = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    else:
        call["result"] = content


def _openai_call(call: object, place: int) -> dict[str, Any]:
    if not isinstance(call, dict):
        raise InvalidRecord(f"message {place} has a tool call that is no object: {json.dumps(call)[:40]}")
    inner = call.get("function")
    function = inner if isinstance(inner, dict) else call
    arguments = function.get("arguments", function.get("args"))
    return {"id": call.get("id"), "name": _call_name(function, place), "arguments": json_cell(arguments)}


def _call_name(call: Mapping[str, Any], place: int) -> str:
    name = call.get("name")
    if not isinstance(name, str) or not name:
        raise InvalidRecord(f"message {place} has a tool call without a name: {json.dumps(call)[:60]}")
    return name


def _listed(calls: object, place: int) -> Sequence[object]:
    if calls is None or isinstance(calls, list):
        return calls or []
    raise InvalidRecord(f"message {place}: tool_calls is not a list: {json.dumps(calls)[:40]}")


def _with_own_ids(turns: Turns) -> Turns:
    """Use the messages' own ids where every turn has one of its own; else leave them in the metadata."""
    own = [turn.get("metadata", {}).get("id") for turn in turns]
    if not all(isinstance(one, str) and one.strip() for one in own) or len(set(own)) != len(own):
        return turns
    for turn, one in zip(turns, own, strict=True):
        turn["metadata"].pop("id")
        turn["id"] = one
    return turns
