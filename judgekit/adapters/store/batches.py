"""`batches.jsonl` of a run: what was handed in to a provider's batch interface, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from judgekit.adapters.store.appending import line_file
from judgekit.adapters.store.files import json_line, read_jsonl, validated
from judgekit.records.run import Submission

BATCHES = "batches.jsonl"


class BatchFile:
    """The submissions of one run, each line synced before the next step."""

    def __init__(self, folder: Path) -> None:
        """Take the run's folder."""
        self._path = folder / BATCHES

    def add(self, line: Submission) -> None:
        """Append one line, synced.

        Raises:
            FileProblem: It could not be written; then nothing may be handed in.
        """
        with line_file(self._path) as file:
            file.write(json_line(line).encode("utf-8"))

    def lines(self) -> Sequence[Submission]:
        """Return all lines of the run so far.

        Raises:
            InvalidRecord: A line does not fit; the message names file and line.
        """
        if not self._path.exists():
            return []
        rows = read_jsonl(self._path).rows
        return [validated(Submission, row, f"{self._path}:{number}") for number, row in rows]
