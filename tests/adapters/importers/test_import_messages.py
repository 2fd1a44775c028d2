"""Messages of every kind become turns, and nothing that was said or done is lost."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judgekit.adapters.importers.messages import turns_from_exchange, turns_from_messages, turns_from_text
from judgekit.errors import InvalidRecord
from judgekit.records.session import Session, Turn


def read(messages: object, **roles: str) -> tuple[Turn, ...]:
    tally: Counter[str] = Counter()
    return Session.model_validate({"id": "s", "turns": turns_from_messages(messages, roles, tally)}).turns  # type: ignore[arg-type]  # words as the door checked them


def call(call_id: str, name: str = "find", arguments: object = '{"q": 1}') -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def test_openai_tool_calls_are_paired_with_their_messages() -> None:
    """Each call holds its own result, in whatever order results come, and ids may be used again later."""
    turns = read([
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": None, "tool_calls": [call("a"), call("b", arguments="not json")]},
        {"role": "tool", "tool_call_id": "b", "name": "find", "content": "two"},
        {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "one"}]},
        {"role": "assistant", "content": "", "tool_calls": [call("a")]},
        {"role": "tool", "tool_call_id": "a", "content": "again"},
    ])  # fmt: skip
    assert [turn.id for turn in turns] == ["0", "1", "4"]
    assert [(c.arguments, c.result) for c in turns[1].tool_calls] == [({"q": 1}, "one"), ("not json", "two")]
    assert turns[2].tool_calls[0].result == "again"


def test_errors_and_extras_of_a_tool_message_are_kept() -> None:
    """A failed call has its error text; what else the message held stands in the metadata."""
    turns = read([
        {"role": "assistant", "tool_calls": [call("a")]},
        {"role": "tool", "tool_call_id": "a", "content": "boom", "is_error": True, "took": 3},
    ])  # fmt: skip
    assert (turns[0].tool_calls[0].error, turns[0].tool_calls[0].result) == ("boom", None)
    assert turns[0].metadata == {"tool_message_1": {"took": 3}}


def test_a_tool_message_without_a_call_stays_a_turn() -> None:
    """An answer that nobody asked for is not dropped."""
    turns = read([{"role": "tool", "tool_call_id": "z", "content": "orphan"}])
    assert (turns[0].role, turns[0].text, turns[0].metadata) == ("tool", "orphan", {"tool_call_id": "z"})


def test_legacy_function_calls_pair_by_name() -> None:
    """The older form has no ids."""
    turns = read([
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "done"},
    ])  # fmt: skip
    assert len(turns) == 1
    assert (turns[0].tool_calls[0].name, turns[0].tool_calls[0].arguments, turns[0].tool_calls[0].result) == (
        "f",
        {},
        "done",
    )


def test_anthropic_parts_are_calls_results_and_text() -> None:
    """tool_use and tool_result are joined; a message of results alone is no turn, with words it is one."""
    turns = read([
        {"role": "assistant", "content": [{"type": "text", "text": "wait"},
                                          {"type": "tool_use", "id": "t", "name": "f", "input": {"x": 1}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "is_error": True,
                                      "content": [{"type": "text", "text": "no"}]}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "gone", "content": "x"}]},
        {"role": "user", "content": [{"type": "image", "url": "u"}, "seen?"]},
    ])  # fmt: skip
    assert [turn.id for turn in turns] == ["0", "2", "3"]
    assert (turns[0].text, turns[0].tool_calls[0].error) == ("wait", "no")
    assert turns[1].metadata["parts"][0]["tool_use_id"] == "gone"
    assert (turns[2].text, turns[2].metadata["parts"]) == ("seen?", [{"type": "image", "url": "u"}])


def test_agents_speak_by_name() -> None:
    """A role that is an agent's name is an assistant of that name, unless --role says otherwise."""
    turns = read([
        {"role": "human", "content": "q"}, {"role": "Orchestrator (thought)", "content": "hm"},
        {"role": "Assistant", "content": "a"}, {"role": "Bob", "content": "b"},
        {"role": "assistant", "name": "writer", "content": "c"}, {"role": "developer", "content": "d"},
    ], Bob="user")  # fmt: skip
    assert [(turn.role, turn.name) for turn in turns] == [
        ("user", None), ("assistant", "Orchestrator (thought)"), ("assistant", "Assistant"), ("user", "Bob"),
        ("assistant", "writer"), ("system", None),
    ]  # fmt: skip


def test_ids_of_messages_are_used_when_all_have_one() -> None:
    """Labels of turns then point at the platform's ids; a single id is kept in the metadata."""
    both = [{"role": "user", "content": "a", "id": "m1"}, {"role": "user", "content": "b", "id": "m2"}]
    assert [turn.id for turn in read(both)] == ["m1", "m2"]
    one = read([both[0], {"role": "user", "content": "b"}])
    assert ([turn.id for turn in one], one[0].metadata) == (["0", "1"], {"id": "m1"})


@pytest.mark.parametrize(
    "messages",
    ["words", 3, {"role": "user"}, ["hi"], [{"content": "x"}], [{"role": 3}], [{"role": "user", "name": 5}],
     [{"role": "assistant", "tool_calls": "x"}], [{"role": "assistant", "tool_calls": [{}]}],
     [{"role": "assistant", "tool_calls": ["x"]}]],
)  # fmt: skip
def test_what_is_no_conversation_is_refused(messages: object) -> None:
    """Each malformed list names the message that is wrong."""
    with pytest.raises(InvalidRecord, match="essage"):
        read(messages)


def test_a_transcript_is_split_at_its_speakers() -> None:
    """Names only count at a line's start; text before the first is kept, and so are empty turns."""
    text = "Intro\nSeeker: hi: Supporter: no\nmore\n\nSupporter: \nSeeker: bye\n"
    turns = turns_from_text(text, {"Seeker": "user", "Supporter": "assistant"})
    assert [(turn["role"], turn["name"], turn["text"]) for turn in turns] == [
        ("system", None, "Intro"), ("user", "Seeker", "hi: Supporter: no\nmore\n"), ("assistant", "Supporter", ""),
        ("user", "Seeker", "bye\n"),
    ]  # fmt: skip
    assert [turn["text"] for turn in turns_from_text("no speaker", {"A": "user"})] == ["no speaker"]
    assert turns_from_text("alone", {})[0]["role"] == "assistant"


@given(
    st.lists(
        st.tuples(st.sampled_from(["A", "A.B*", "Zoë"]), st.text(st.characters(exclude_characters="\r\n:"))), min_size=1
    )
)
def test_every_word_of_a_transcript_survives(lines: list[tuple[str, str]]) -> None:
    """Whatever is said by whom, with names that look like patterns, comes back in order."""
    text = "\n".join(f"{name}: {words}" for name, words in lines)
    turns = turns_from_text(text, {"A": "user", "A.B*": "assistant", "Zoë": "assistant"})
    assert [(turn["name"], turn["text"]) for turn in turns] == lines


@given(st.lists(st.tuples(st.sampled_from(["user", "assistant", "system", "Ana"]), st.text()), max_size=6))
def test_every_word_of_messages_survives(said: list[tuple[str, str]]) -> None:
    """As a list or as its JSON text, each message is one turn with its text."""
    messages = [{"role": role, "content": text} for role, text in said]
    expected = [(str(place), text) for place, (_, text) in enumerate(said)]
    assert [(turn.id, turn.text) for turn in read(messages)] == expected
    assert [(turn.id, turn.text) for turn in read(json.dumps(messages))] == expected


def test_an_exchange_is_two_turns() -> None:
    """A side without a column is not there; an empty one is."""
    assert [turn["role"] for turn in turns_from_exchange("q", "")] == ["user", "assistant"]
    assert [turn["role"] for turn in turns_from_exchange(None, "a")] == ["assistant"]
