"""Queue: sessions that labels are wanted on, and with which chance each was picked."""

from __future__ import annotations

from judgekit.records.label import Design
from judgekit.records.record import Id, Record


class QueuedSession(Record):
    """One session that a label is wanted on: a line of a queue file."""

    session: Id
    criterion: Id
    """What it is to be scored on."""
    input: Id | None = None
    """Sessions of one input are to be labelled together."""
    version: str | None = None
    design: Design
    """How it was picked; belongs on the label, so that what is estimated from it is not biased."""
