"""The fold: from everything that people ever did to what counts now.

Why a retraction makes what it had replaced count again: a retracted label counts for nothing, so it replaces
nothing either. A wrong import is undone by retracting it; a rater who wants to have said nothing retracts both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from judgekit.records.label import Adjudication, Assignment, Entry, Event, Label, Opening, Redaction, Retraction

E = TypeVar("E", bound=Event)
_START = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Folded:
    """What counts now, each kind in order of (time, writer, sequence).

    Attributes:
        labels: Current labels.
        adjudications: The latest per target and criterion.
        assignments: Who was asked to score what.
        openings: Every opening of a split.
        redactions: What was removed.
        retractions: What was taken back, by whom and why.
        superseded: Labels that a later one of the same rater and occasion replaced, or named.
        retracted: Labels that were taken back.
        notes: What does not fit together, in words.
    """

    labels: tuple[Label, ...] = ()
    adjudications: tuple[Adjudication, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    openings: tuple[Opening, ...] = ()
    redactions: tuple[Redaction, ...] = ()
    retractions: tuple[Retraction, ...] = ()
    superseded: tuple[Label, ...] = ()
    retracted: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()


def fold(entries: Iterable[Entry]) -> Folded:
    """Return what counts now; the order in which files were read does not matter."""
    ordered = in_order(entries)
    notes: list[str] = []
    labels = _distinct(_of(Label, ordered), notes)
    adjudications = _distinct(_of(Adjudication, ordered), notes)
    retractions = _distinct(_of(Retraction, ordered), notes)
    known = {event.id for event in (*labels, *adjudications)}
    notes += [
        f"retraction {r.id!r} by {r.by!r} names {r.label!r}, which no label has"
        for r in retractions
        if r.label not in known
    ]
    taken_back = {retraction.label for retraction in retractions}
    standing = [label for label in labels if label.id not in taken_back]
    current = _current(standing)
    kept = {label.id for label in current}
    return Folded(
        labels=tuple(current),
        adjudications=tuple(_latest(a for a in adjudications if a.id not in taken_back)),
        assignments=tuple(_distinct(_of(Assignment, ordered), notes)),
        openings=tuple(_distinct(_of(Opening, ordered), notes)),
        redactions=tuple(_distinct(_of(Redaction, ordered), notes)),
        retractions=tuple(retractions),
        superseded=tuple(label for label in standing if label.id not in kept),
        retracted=tuple(label for label in labels if label.id in taken_back),
        notes=tuple(notes),
    )


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Return entries by (time, writer, sequence)."""
    return sorted(entries, key=_moment)


def _moment(entry: Entry) -> tuple[datetime, str, int]:
    return (entry.entry.at or _START, entry.writer, entry.sequence)


def _of(kind: type[E], entries: Iterable[Entry]) -> list[E]:
    return [entry.entry for entry in entries if isinstance(entry.entry, kind)]


def _distinct(events: list[E], notes: list[str]) -> list[E]:
    """Keep one event per id, the first: the same one imported twice, on two branches say, happened once."""
    first: dict[str, E] = {}
    for event in events:
        kept = first.setdefault(event.id, event)
        if kept is not event and kept.model_copy(update={"at": event.at}) != event:
            notes.append(f"{event.event} id {event.id!r} stands for two different events; the first one counts")
    return list(first.values())


def _current(labels: list[Label]) -> list[Label]:
    """Drop labels that another one names in `supersedes`, then all but the last of each rater's key."""
    by_id = {label.id: label for label in labels}
    named = {label.supersedes for label in labels if label.supersedes and _may_replace(label, by_id)}
    last: dict[object, Label] = {}
    for label in labels:
        if label.id not in named:
            last[label.key if label.rater is not None else label.id] = label
    kept = {label.id for label in last.values()}
    return [label for label in labels if label.id in kept]


def _may_replace(label: Label, by_id: dict[str, Label]) -> bool:
    """Two labels that name each other, or one that names itself, replace nothing."""
    other = by_id.get(label.supersedes or "")
    return other is not None and label.id not in (other.id, other.supersedes)


def _latest(adjudications: Iterable[Adjudication]) -> list[Adjudication]:
    last = {(a.session, a.pair, a.turn, a.criterion): a for a in adjudications}
    return sorted(last.values(), key=lambda a: (a.at or _START, a.id))
