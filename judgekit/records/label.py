"""Label and the other ledger events: what people did, as it is written down, append-only."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, model_validator

from judgekit.records.record import Id, OpenRecord, Record, Time, fingerprint
from judgekit.records.rubric import Value

LabelKind = Literal["human", "model", "code", "gold"]
AnswerStatus = Literal["ok", "not_applicable", "cannot_judge"]
SplitName = Literal["train", "dev", "test"]


class Design(Record):
    """How the session was picked for labelling: what an unbiased estimate needs later."""

    frame: str | None = None
    """Fingerprint of the list of sessions drawn from."""
    frame_n: int | None = None
    """Sessions in the frame."""
    round: int | None = None
    """Labelling round."""
    method: str | None = None
    """How it was drawn: `random`, `stratified`, `mixture`, `uncertainty` ..."""
    probability: float | None = Field(default=None, gt=0, le=1)
    """Inclusion probability."""
    stratum: str | None = None
    """Stratum it was drawn from."""
    seed: int | None = None
    """Seed of the draw."""


class Answer(OpenRecord):
    """What labels and adjudications share: one value, or a status, for one criterion of one target."""

    id: Id
    """Unique in the ledger."""
    session: Id | None = None
    """The session scored; exactly one of `session` and `pair` is given."""
    pair: Id | None = None
    """The pair compared."""
    turn: Id | None = None
    """The turn scored, when not the whole session."""
    criterion: Id
    """Which question of the rubric."""
    value: Value | None = None
    """The answer; None exactly when `status` is not `ok`."""
    status: AnswerStatus = "ok"
    """`not_applicable` and `cannot_judge` are answers too."""
    rationale: str | None = None
    """Why, in the rater's words."""
    at: Time | None = None
    """When it was given; the ledger fills it in when absent."""
    rubric: str | None = None
    """Fingerprint of the rubric shown."""

    @model_validator(mode="after")
    def _is_one_answer(self) -> Answer:
        if (self.session is None) == (self.pair is None):
            raise ValueError("exactly one of session and pair is needed")
        if (self.value is None) == (self.status == "ok"):
            raise ValueError("a value is needed" if self.status == "ok" else f"status {self.status} takes no value")
        return self

    @property
    def target(self) -> str:
        """Id of the session or pair."""
        return self.session or self.pair or ""


class Label(Answer):
    """One rater's answer and reason."""

    event: Literal["label"] = "label"
    rater: Id | None = None
    """Who; None is anonymous: such labels never supersede each other."""
    evidence: tuple[str, ...] = ()
    """Quotes from the session."""
    correction: JsonValue = None
    """What the assistant should have said, in the rater's words."""
    kind: LabelKind = "human"
    """Only human labels are truth by default."""
    source: str | None = None
    """Where it came from: a platform, a file."""
    occasion: int = 1
    """A repeat of the same rater on the same target has the next number; a correction keeps the number."""
    supersedes: Id | None = None
    """The label this one corrects, when known."""
    seen: str | None = None
    """Fingerprint of the content the rater saw."""
    seconds: float | None = None
    """Time taken, in seconds."""
    design: Design | None = None
    """How the session was picked."""

    @property
    def key(self) -> tuple[str | None, str | None, str | None, str, str | None, int]:
        """What a later label of the same rater replaces: (session, pair, turn, criterion, rater, occasion)."""
        return (self.session, self.pair, self.turn, self.criterion, self.rater, self.occasion)


class Retraction(OpenRecord):
    """A label taken back: it no longer counts, and stays in the ledger."""

    event: Literal["retraction"] = "retraction"
    id: Id
    label: Id
    """The label taken back."""
    by: Id
    """Who took it back."""
    reason: str
    """Why."""
    at: Time | None = None


class Adjudication(Answer):
    """The answer that experts settled on after seeing each other's; used by `--reference adjudicated`."""

    event: Literal["adjudication"] = "adjudication"
    by: Id
    """Who decided."""
    labels: tuple[Id, ...] = ()
    """The labels that were settled."""


class Assignment(OpenRecord):
    """A rater was asked to score a session."""

    event: Literal["assignment"] = "assignment"
    id: Id
    session: Id | None = None
    pair: Id | None = None
    criterion: Id | None = None
    rater: Id
    at: Time | None = None
    design: Design | None = None


class Opening(OpenRecord):
    """A split was opened to let a judge be scored on it.

    A certification writes into `metadata` what it opened: `criterion`, `rule` (its fingerprint), `judge` (its name) and
    `units`; an opening without them counts for every criterion and unit.
    """

    event: Literal["opening"] = "opening"
    id: Id
    split: SplitName
    purpose: str
    """What for."""
    judge: str | None = None
    """Fingerprint of the judge scored."""
    by: Id | None = None
    at: Time | None = None


class Redaction(OpenRecord):
    """Content was removed from a session or label; what stood there is gone, that it stood there is not."""

    event: Literal["redaction"] = "redaction"
    id: Id
    target: Id
    """Session or label id."""
    fields: tuple[str, ...] = ()
    reason: str
    by: Id
    at: Time | None = None


Event = Annotated[Label | Retraction | Adjudication | Assignment | Opening | Redaction, Field(discriminator="event")]
"""One ledger event."""


class Entry(Record):
    """One line of a ledger file: an event in its writer's hash chain."""

    writer: Id
    """Whose file this is."""
    sequence: int
    """1, 2, 3, ... in the file."""
    previous: str | None
    """Hash of the entry before; None for the first."""
    entry: Event
    """What happened."""
    hash: str
    """Fingerprint of the four fields above."""

    @classmethod
    def chained(cls, event: Event, *, writer: str, sequence: int, previous: str | None) -> Entry:
        """Return the event as the next entry of a chain, with its hash."""
        body = {
            "writer": writer,
            "sequence": sequence,
            "previous": previous,
            "entry": event.model_dump(mode="json", exclude_none=True),
        }
        return cls(writer=writer, sequence=sequence, previous=previous, entry=event, hash=fingerprint(body))


def content_id(prefix: str, *parts: object) -> str:
    """Return an id made of its content, such as `l-3f2a...`: the same label imported twice has one id."""
    return f"{prefix}-{fingerprint([str(p) if p is not None else None for p in parts])[7:23]}"
