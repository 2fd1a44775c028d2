"""The table of importers: what `judgekit import FORMAT` can read."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from judgekit.adapters.importers.plan import FileForm, ImportPlan
from judgekit.adapters.importers.table import Table, read_table
from judgekit.adapters.importers.unnest import unnested
from judgekit.errors import UnknownName
from judgekit.records.ingest import Batch
from judgekit.records.rubric import Rubric

IMPORTERS = {
    "sessions": "judgekit.adapters.importers.sessions:sessions",
    "pairs": "judgekit.adapters.importers.pairs:pairs",
    "labels": "judgekit.adapters.importers.labels:labels",
    "verdicts": "judgekit.adapters.importers.verdicts:verdicts",
}
"""Format -> `module:function`."""


class Importer(Protocol):
    """Turns rows into records; never drops one without an item that says why."""

    def __call__(self, tables: Sequence[Table], plan: ImportPlan, rubric: Rubric) -> Batch:
        """Return what the tables hold."""


def importer(name: str) -> Importer:
    """Return the importer of a format.

    Raises:
        UnknownName: There is none of that name.
    """
    if name not in IMPORTERS:
        raise UnknownName("format", name, IMPORTERS)
    module, _, function = IMPORTERS[name].partition(":")
    found: Any = getattr(importlib.import_module(module), function)
    return found  # type: ignore[no-any-return]  # the table above names importers only


def read_tables(paths: Sequence[Path], form: FileForm) -> list[Table]:
    """Return every file's rows.

    Raises:
        FileProblem: A file cannot be read.
        UnknownName: A column whose lists are to be taken apart is not there.
    """
    return [unnested(read_table(path, form), form.unnest) for path in paths]
