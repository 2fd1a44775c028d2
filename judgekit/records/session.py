"""Session: what happened between a user and the assistant, in order; Pair: two of them on one input."""

from __future__ import annotations

from typing import Literal

from pydantic import JsonValue, model_validator
from pydantic_core import PydanticSerializationError, to_json

from judgekit.records.record import Id, OpenRecord, Record, Time, canonical_json, text_fingerprint

Role = Literal["system", "user", "assistant", "tool"]


class ToolCall(Record):
    """One call of a tool, with what came back."""

    id: Id | None = None
    """The platform's id of the call, where it gave one."""
    name: str
    """The tool's name."""
    arguments: JsonValue = None
    """Arguments as JSON; kept as text where the platform's text is not JSON."""
    result: JsonValue = None
    """What the tool returned; None when nothing is recorded."""
    error: str | None = None
    """The tool's error text, when it failed."""


class Passage(Record):
    """One retrieved passage that the assistant saw."""

    text: str
    """The passage."""
    source: str | None = None
    """Where it came from: a title, a path, an address."""


class Turn(OpenRecord):
    """One message, with the tool calls made and the passages retrieved for it."""

    id: Id
    """Unique in its session; labels of a turn point here."""
    role: Role
    """Who speaks."""
    name: str | None = None
    """Which agent, where several share a role."""
    text: str = ""
    """What was said; empty when the turn only calls tools."""
    tool_calls: tuple[ToolCall, ...] = ()
    """Calls in order, with results."""
    passages: tuple[Passage, ...] = ()
    """Passages in the order retrieved."""


class Session(OpenRecord):
    """One whole conversation, the thing that experts score."""

    id: Id
    """Unique in its dataset."""
    input: Id | None = None
    """Joins the sessions of different versions on the same input."""
    version: str | None = None
    """The prompt or model version that produced it."""
    trial: int | None = None
    """Which repetition, where an input was run several times on a version."""
    group: Id | None = None
    """User or task: the unit of leaks and of clustering."""
    turns: tuple[Turn, ...] = ()
    """What happened, in order."""
    reference: str | None = None
    """What a right answer says, where one is known beforehand; raters are not shown it, judges that ask for it are."""
    started_at: Time | None = None
    """When it began."""
    cost_usd: float | None = None
    """What the session cost, in dollars."""
    latency_s: float | None = None
    """How long the assistant took, in seconds."""
    tags: tuple[str, ...] = ()
    """Free words, not seen by raters."""

    @model_validator(mode="before")
    @classmethod
    def _messages_are_not_lost(cls, data: object) -> object:
        """Refuse a session whose talk stands where nobody reads it: judges would be shown, and paid for, nothing."""
        if isinstance(data, dict) and data.get("messages") and not data.get("turns"):
            raise ValueError(
                "a session holds `turns`, and this one has `messages`, which only `judgekit import sessions` reads"
            )
        return data

    @model_validator(mode="after")
    def _turn_ids_are_unique(self) -> Session:
        seen: set[str] = set()
        for turn in self.turns:
            if turn.id in seen:
                raise ValueError(f"turn id {turn.id!r} occurs twice")
            seen.add(turn.id)
        return self

    @property
    def seen_fingerprint(self) -> str:
        """Fingerprint of what a rater sees: the turns, not ids of the session, reference, tags, cost or latency."""
        return text_fingerprint(_spoken_json(self.turns) or _seen_json(self.turns))

    @property
    def n_tool_calls(self) -> int:
        """Tool calls over all turns."""
        return sum(len(turn.tool_calls) for turn in self.turns)

    def unit(self) -> str:
        """Return the coarsest declared of group > input > session: what is resampled and split together."""
        if self.group is not None:
            return f"group:{self.group}"
        return f"input:{self.input}" if self.input is not None else f"session:{self.id}"


def _seen_json(turns: tuple[Turn, ...]) -> str:
    return canonical_json([turn.model_dump(mode="json", exclude={"metadata"}) for turn in turns])


_SEEN = sorted(Turn.model_fields.keys() - {"metadata"})


def _spoken_json(turns: tuple[Turn, ...]) -> str | None:
    """Return what `_seen_json` does in a fifth of the time; None where turns do more than say something.

    pydantic writes texts and empty lists the way `canonical_json` does, but not every number.
    """
    if any(turn.tool_calls or turn.passages for turn in turns):
        return None
    try:
        return to_json([{name: fields[name] for name in _SEEN} for fields in map(vars, turns)]).decode("utf-8")
    except PydanticSerializationError:  # half a surrogate pair, which an encoding by hand lets pass
        return None


class Pair(OpenRecord):
    """Two sessions on the same input, in an order."""

    id: Id
    """Unique in its dataset."""
    first: Id
    """Id of the session that stands first in the pair's own order."""
    second: Id
    """Id of the other session."""
    input: Id | None = None
    """The input both answer."""
    group: Id | None = None
    """User or task: the unit of leaks and of clustering."""

    @model_validator(mode="after")
    def _is_of_two(self) -> Pair:
        if self.first == self.second:
            raise ValueError(f"a pair needs two different sessions, got {self.first!r} twice")
        return self

    def unit(self, first: Session | None = None) -> str:
        """Return the coarsest declared of group > input > pair; a pair that declares neither goes by its first session.

        Args:
            first: The pair's first session, where it is known.
        """
        if self.group is not None:
            return f"group:{self.group}"
        if self.input is not None:
            return f"input:{self.input}"
        declared = first is not None and (first.group is not None or first.input is not None)
        return first.unit() if first is not None and declared else f"pair:{self.id}"
