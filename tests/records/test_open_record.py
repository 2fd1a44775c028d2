"""Records that other tools write: unknown keys are kept, and a session's fingerprint covers what is seen."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from judgekit.records.record import fingerprint
from judgekit.records.session import Passage, Session, ToolCall, Turn
from judgekit.records.verdict import Verdict

EVERY_CHARACTER = "".join(map(chr, range(0x180))) + "\u2028\u2029\ufeff\U0001f600"


def test_unknown_keys_move_into_metadata_beside_what_stands_there():
    """A key that the record does not know is kept, and does not push out metadata given."""
    verdict = Verdict.model_validate(
        {"session": "s1", "criterion": "c", "value": 1, "trace": 7, "metadata": {"host": "a"}}
    )
    assert verdict.metadata == {"host": "a", "trace": 7}
    assert verdict.value == 1


def test_a_session_whose_talk_stands_in_messages_is_refused():
    """Nobody would read it there, and judges would be paid for looking at nothing; beside turns it may stand."""
    said = [{"role": "user", "content": "hello"}]
    with pytest.raises(ValidationError, match=r"holds `turns`, and this one has `messages`, which only .* reads"):
        Session.model_validate({"id": "s1", "messages": said})
    whole = Session.model_validate({"id": "s1", "messages": said, "turns": [{"id": "0", "role": "user"}]})
    assert whole.metadata == {"messages": said}
    assert Session.model_validate({"id": "s1", "metadata": {"messages": said}}).turns == ()


def test_metadata_that_is_no_table_is_refused_with_unknown_keys_too():
    """Metadata must be a table; an unknown key beside it does not hide that."""
    with pytest.raises(ValidationError, match="metadata"):
        Verdict.model_validate({"session": "s1", "criterion": "c", "value": 1, "trace": 7, "metadata": "text"})


@pytest.mark.parametrize(
    "turn",
    [
        Turn(id="1", role="user", text=EVERY_CHARACTER),
        Turn(id="1", role="assistant", name='"quoted" \\ name', text=""),
        Turn(id="1", role="user", text="half \ud83d", metadata={"seen": False}),
        Turn(id="1", role="assistant", tool_calls=(ToolCall(name="f", arguments={"b": 1e-7, "a": 1e22}),)),
        Turn(id="1", role="assistant", passages=(Passage(text="p"),)),
    ],
    ids=["every-character", "quotes", "half-a-pair", "tool-call", "passage"],
)
def test_a_session_s_fingerprint_is_that_of_its_turns_canonical_json(turn):
    """However it is computed, it is the fingerprint of all fields of the turns but metadata."""
    session = Session(id="s", turns=(Turn(id="0", role="system", text="Be kind."), turn))
    seen = [each.model_dump(mode="json", exclude={"metadata"}) for each in session.turns]
    assert session.seen_fingerprint == fingerprint(seen)
    assert Session(id="none").seen_fingerprint == fingerprint([])
