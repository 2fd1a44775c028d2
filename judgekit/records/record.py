"""What all records share: frozen, strict about keys, ids that stay strings, fingerprints.

Not here: reading or writing files (`adapters.store`).
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

FORMAT = 1
"""Version of the files this package writes; every manifest carries it, older ones load."""


def _as_id(value: object) -> object:
    """Keep whole numbers as their digits: ids are strings, always; a float may have lost digits already."""
    if isinstance(value, str):
        if not value or value.isspace():
            raise ValueError("an id must not be empty")
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"a time needs its offset (RFC 3339), got {moment.isoformat()!r}")
    return moment.astimezone(UTC)


def _known_format(number: int) -> int:
    if number not in range(1, FORMAT + 1):
        raise ValueError(f"format {number} is not known; this version reads up to {FORMAT}: upgrade judgekit-eval")
    return number


def time_text(moment: datetime) -> str:
    """Return a moment as RFC 3339 text in UTC, with microseconds only where there are any."""
    return (moment if moment.tzinfo is UTC else moment.astimezone(UTC)).isoformat().replace("+00:00", "Z")


Id = Annotated[str, BeforeValidator(_as_id)]
"""An identifier: a string that is not empty; whole numbers are taken as their digits."""

Time = Annotated[datetime, AfterValidator(_in_utc), PlainSerializer(time_text, return_type=str, when_used="json")]
"""A moment; must carry its offset, kept in UTC, written in RFC 3339."""


FormatNumber = Annotated[int, AfterValidator(_known_format)]
"""Version of a file's format; one that this version cannot read is refused, not read as far as it goes."""


class Record(BaseModel):
    """A frozen record; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=False)

    def fingerprint(self, *, exclude: set[str] | None = None) -> str:
        """Return `sha256:...` over the canonical JSON of the record, without the fields in `exclude`."""
        return fingerprint(self.model_dump(mode="json", exclude=exclude))


class OpenRecord(Record):
    """A record that other tools write too: unknown keys move into `metadata` and are kept."""

    metadata: dict[str, Any] = Field(default_factory=dict)
    """Whatever else was known about it; never read by judgekit itself."""

    _known: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: object) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        cls._known = frozenset(cls.model_fields)  # kept as a set, since every record read is held against it

    @model_validator(mode="before")
    @classmethod
    def _keep_unknown_keys(cls, data: object) -> object:
        if not isinstance(data, dict) or cls._known.issuperset(data):
            return data
        known = {key: value for key, value in data.items() if key in cls._known}
        extra = {str(key): value for key, value in data.items() if key not in cls._known}
        kept = known.get("metadata") or {}
        return known | {"metadata": {**kept, **extra}} if isinstance(kept, dict) else known


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
"""Made once: `json.dumps` makes an encoder a call, which takes as long as encoding a label."""


def canonical_json(value: object) -> str:
    """Return JSON with sorted keys, no spaces, no NaN: the text that fingerprints are taken over.

    Example:
        >>> canonical_json({"b": 1, "a": [True, None]})
        '{"a":[true,null],"b":1}'
    """
    return _CANONICAL.encode(value)


def fingerprint(value: object) -> str:
    """Return `sha256:<hex>` of a JSON value's canonical text.

    Raises:
        ValueError: The value holds NaN or infinity.
    """
    return text_fingerprint(canonical_json(value))


def text_fingerprint(text: str) -> str:
    """Return `sha256:<hex>` of a text."""
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
