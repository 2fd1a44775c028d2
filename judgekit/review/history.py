"""The history: who said what when, with what became of it; everything that the fold leaves out is still here."""

from __future__ import annotations

from collections.abc import Iterable

from judgekit.records.label import Adjudication, Answer, Assignment, Entry, Event, Label, Opening, Redaction, Retraction
from judgekit.records.record import Record, Time
from judgekit.records.rubric import Value
from judgekit.review.fold import fold, in_order


class Happening(Record):
    """One event, as it is shown in a list."""

    at: Time | None
    event: str
    """`label`, `retraction`, `adjudication`, `assignment`, `opening`, `redaction`."""
    id: str
    who: str | None
    """Rater, or who decided; None is anonymous."""
    target: str | None = None
    """Session, pair or label; the split, for an opening."""
    turn: str | None = None
    criterion: str | None = None
    value: Value | None = None
    status: str | None = None
    words: str = ""
    """Rationale, reason or purpose."""
    state: str = "current"
    """For a label or adjudication: `current`, `superseded`, `retracted` or `repeated` (the same id again)."""
    place: str
    """`writer:sequence` in the ledger."""


class History(Record):
    """What happened in a dataset, in order of (time, writer, sequence)."""

    dataset: str
    happenings: tuple[Happening, ...] = ()
    notes: tuple[str, ...] = ()


def history(entries: Iterable[Entry], dataset: str, *, session: str | None = None, rater: str | None = None) -> History:
    """Return everything that happened, or what concerns one session or pair, or what one person did.

    Args:
        entries: The ledger's.
        dataset: Its name.
        session: Only this session or pair; retractions and redactions of its labels included.
        rater: Only what this person did or was asked to do.
    """
    held = in_order(entries)
    folded = fold(held)
    states = {label.id: "superseded" for label in folded.superseded}
    states |= {label.id: "retracted" for label in folded.retracted}
    states |= {retraction.label: "retracted" for retraction in folded.retractions}
    settled = {adjudication.id for adjudication in folded.adjudications}
    targets = {event.id: event.target for entry in held if isinstance(event := entry.entry, Answer)}
    seen: set[str] = set()
    found: list[Happening] = []
    for entry in held:
        event = entry.entry
        state = states.get(event.id, "current")
        if isinstance(event, Adjudication) and event.id not in settled:
            state = states.get(event.id, "superseded")
        shown = _happening(entry, "repeated" if event.id in seen else state)
        seen.add(event.id)
        concerns = {shown.target, targets.get(shown.target or "")}
        if (session is None or session in concerns) and rater in (None, shown.who):
            found.append(shown)
    return History(dataset=dataset, happenings=tuple(found), notes=folded.notes)


def _happening(entry: Entry, state: str) -> Happening:
    event = entry.entry
    answer = event if isinstance(event, Answer) else None
    return Happening(
        at=event.at,
        event=event.event,
        id=event.id,
        who=_who(event),
        target=_target(event),
        turn=answer.turn if answer else None,
        criterion=event.criterion if isinstance(event, Answer | Assignment) else _criterion_opened(event),
        value=answer.value if answer else None,
        status=answer.status if answer else None,
        words=_words(event),
        state=state,
        place=f"{entry.writer}:{entry.sequence}",
    )


def _who(event: Event) -> str | None:
    return event.rater if isinstance(event, Label | Assignment) else event.by


def _target(event: Event) -> str | None:
    if isinstance(event, Retraction):
        return event.label
    if isinstance(event, Opening):
        return event.split
    if isinstance(event, Redaction):
        return event.target
    return event.session or event.pair


def _criterion_opened(event: Event) -> str | None:
    """Return which criterion an opening was for; None where it names none, and for other events."""
    named = event.metadata.get("criterion") if isinstance(event, Opening) else None
    return named if isinstance(named, str) else None


def _words(event: Event) -> str:
    if isinstance(event, Answer):
        return event.rationale or ""
    if isinstance(event, Opening):
        return event.purpose
    return "" if isinstance(event, Assignment) else event.reason
