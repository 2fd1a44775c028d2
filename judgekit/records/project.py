"""Project: what `judgekit.toml` at a project's root says for all of its judges and runs."""

from __future__ import annotations

from pydantic import Field

from judgekit.records.record import Record
from judgekit.records.redaction import Redaction


class Price(Record):
    """What one model charges."""

    prompt: float = Field(ge=0)
    """Dollars per million prompt tokens."""
    completion: float = Field(ge=0)
    """Dollars per million completion tokens."""
    context_tokens: int | None = Field(default=None, gt=0)
    """Longest prompt in tokens; None: as the installed price file says."""


class Project(Record):
    """What `judgekit.toml` holds; all of it may be left out."""

    prices: dict[str, Price] = {}
    """Model, as judges name it -> its price; goes before the installed price file."""
    redact: tuple[Redaction, ...] = ()
    """What is taken out of every session before any judge's engine sees it."""
