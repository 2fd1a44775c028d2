"""What an import brings (`Batch`) and what became of it (`IngestReport`): items in = items out + skipped, always.

Not here: reading foreign files (`adapters.importers`), merging into a dataset (`workflows.ingest`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import model_validator

from judgekit.records.label import Label
from judgekit.records.record import FORMAT, FormatNumber, Record
from judgekit.records.session import Pair, Session
from judgekit.records.verdict import Failure, Verdict

Brought = Session | Pair | Label | Verdict | Failure
"""What a foreign row can become."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that the files hold: read into records, or skipped with its cause.

    Attributes:
        where: `file:line` it came from.
        records: What it became; the last is the item itself, those before it are what it stands on (a pair's sessions).
        cause: Why it was skipped, in few words that can be counted; None when it was read.
        detail: One line on this very item.
        is_invalid: Whether the row is wrong, and not merely without an answer.
    """

    where: str
    records: tuple[Brought, ...] = ()
    cause: str | None = None
    detail: str = ""
    is_invalid: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """All that one import read.

    Attributes:
        form: `sessions`, `pairs`, `labels` or `verdicts`, or a platform's name.
        items: Read and skipped ones, in file order.
        files: Their names.
        n_rows: Rows in the files.
        columns: Field -> the column, pattern or constant it was taken from.
        unused: Columns that entered no record.
        notes: What a person should know, in words.
    """

    form: str
    items: tuple[Item, ...]
    files: tuple[str, ...] = ()
    n_rows: int = 0
    columns: dict[str, str] = field(default_factory=dict)
    unused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class IngestReport(Record):
    """What an import did, or would do."""

    format: FormatNumber = FORMAT
    form: str
    """`sessions`, `pairs`, `labels`, `verdicts` ..."""
    dataset: str | None = None
    """Name of the dataset."""
    is_dry_run: bool = False
    """Nothing was written."""
    files: tuple[str, ...] = ()
    """What was read."""
    n_rows: int = 0
    """Rows in the files."""
    n_items: int = 0
    """Sessions, pairs, labels or verdicts that the rows hold, skipped ones included."""
    n_new: int = 0
    n_already_there: int = 0
    n_replaced: int = 0
    skipped: dict[str, int] = {}
    """Cause -> items."""
    examples: dict[str, tuple[str, ...]] = {}
    """Cause -> `file:line` and words of the first few."""
    written: dict[str, int] = {}
    """Kind of record -> how many are new or replaced."""
    columns: dict[str, str] = {}
    """Field -> column, pattern or constant."""
    unused: tuple[str, ...] = ()
    """Columns that entered no record."""
    counts: dict[str, dict[str, dict[str, int]]] = {}
    """Criterion -> rater or judge -> value or status -> number, of the items that were read."""
    first: dict[str, Any] | None = None
    """The first item as it is stored."""
    notes: tuple[str, ...] = ()
    """What a person should know."""

    @model_validator(mode="after")
    def _nothing_is_lost(self) -> IngestReport:
        out = self.n_new + self.n_already_there + self.n_replaced
        n_skipped = sum(self.skipped.values())
        if self.n_items != out + n_skipped:
            raise ValueError(f"{self.n_items} items in, but {out} out and {n_skipped} skipped")
        return self
