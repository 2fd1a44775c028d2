"""Redaction: what is taken out of a session before a judge's engine sees it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from judgekit.records.record import Record, fingerprint

ReadyRule = Literal["email", "phone", "card", "iban", "ip", "key"]


class Redaction(Record):
    """One `[[redact]]` of judge.toml or judgekit.toml: exactly one of `rule`, `pattern` and `field`."""

    rule: ReadyRule | None = None
    """A ready rule; `key` is API keys, tokens and private keys."""
    pattern: str | None = Field(default=None, min_length=1, max_length=1000)
    """Python regular expression; whatever it matches in any text is replaced."""
    field: str | None = Field(default=None, min_length=1)
    """Key of metadata, of tool arguments or of JSON anywhere in the session: its value is replaced, and so is the same
    text wherever else the session has it."""
    replace: str | None = Field(default=None, min_length=1, max_length=80)
    """What stands in its place, such as `[customer]`, numbered by content; None: the rule's or field's name."""

    @model_validator(mode="after")
    def _is_one_rule(self) -> Redaction:
        given = [name for name in ("rule", "pattern", "field") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"exactly one of rule, pattern and field is needed, got {' and '.join(given) or 'none'}")
        return self

    @property
    def name(self) -> str:
        """What manifests call it: a ready rule's name, a field's name, or a pattern's fingerprint."""
        if self.pattern is not None:
            return f"pattern {fingerprint(self.pattern)[:19]}"
        return f"field {self.field}" if self.field is not None else str(self.rule)

    @property
    def placeholder(self) -> str:
        """What stands in the place of a match, without its number."""
        return self.replace or f"[{self.rule or self.field or 'redacted'}]"
