"""A run's folder: manifest, outcomes and calls, each kept as it comes, sorted once the run is complete."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import ValidationError

from judgekit.adapters.store.appending import LineFile
from judgekit.adapters.store.files import (
    JsonLines,
    each_row,
    json_line,
    read_bytes,
    read_json,
    read_jsonl,
    validated,
    write_json,
    write_jsonl,
)
from judgekit.adapters.store.validation import invalid_record
from judgekit.errors import FileProblem
from judgekit.records.judge import Lineage
from judgekit.records.record import Record
from judgekit.records.run import Run, RunManifest
from judgekit.records.verdict import Call, Failure, Verdict, outcome_from

SYNC_EVERY_S = 0.5
"""What a power loss may cost; a killed process loses nothing that was added."""


class RunFolder:
    """One run on disk: `run.json`, `verdicts.jsonl`, `calls.jsonl`, and its judge's `lineage.json`."""

    def __init__(self, path: Path | str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Take the folder, which `load` wants to exist and writing makes.

        Args:
            path: The folder.
            monotonic: Seconds that never go back: paces syncing.
        """
        self.path = Path(path)
        self._monotonic = monotonic
        self._open: dict[str, LineFile] = {}
        self._synced_at = monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def load(self) -> Run:
        """Return the run as far as it has come; a line that a kill cut off is as if it had not been written.

        Raises:
            FileProblem: There is no run here, or it cannot be read.
            InvalidRecord: A line does not fit; the message names file and line.
        """
        path = self.path / "run.json"
        if not path.is_file():
            hint = "`judgekit run JUDGE SESSIONS -o RUN` makes runs"
            raise FileProblem("not a run: run.json is missing", where=str(self.path), hint=hint)
        outcomes_path, calls_path = self.path / "verdicts.jsonl", self.path / "calls.jsonl"
        return Run(
            manifest=validated(RunManifest, read_json(path), str(path)),
            outcomes=tuple(_outcomes(outcomes_path, [])) if outcomes_path.exists() else (),
            calls=tuple(validated(Call, row, f"{calls_path}:{n}") for n, row in _lines(calls_path).rows),
            lineage=self.lineage(),
        )

    def lineage(self) -> Lineage:
        """Return the lineage of the judge as it was when the run began; an empty one where none is kept."""
        path = self.path / "lineage.json"
        return validated(Lineage, read_json(path), str(path)) if path.exists() else Lineage()

    def write_lineage(self, lineage: Lineage) -> None:
        """Keep the judge's lineage beside its verdicts."""
        write_json(self.path / "lineage.json", lineage)

    def write_manifest(self, manifest: RunManifest) -> None:
        """Replace `run.json`."""
        write_json(self.path / "run.json", manifest)

    def add_outcome(self, outcome: Verdict | Failure) -> None:
        """Append one verdict or failure; from here on a kill does not lose it.

        Raises:
            FileProblem: It could not be written, or another process is writing this run.
        """
        self._append("verdicts.jsonl", outcome)

    def add_call(self, call: Call) -> None:
        """Append one answered request; likewise."""
        self._append("calls.jsonl", call)

    def finish(self, outcomes: Iterable[Verdict | Failure], calls: Iterable[Call] | None = None) -> None:
        """Replace the outcomes by all of them, sorted by target, turn, order and sample; calls, if given, by id.

        Raises:
            FileProblem: It could not be written; what was appended is untouched.
        """
        self.close()
        in_order = sorted(outcomes, key=_outcome_order)
        write_jsonl(self.path / "verdicts.jsonl", in_order)
        if calls is not None:
            calls_in_order = sorted(calls, key=lambda call: call.id)
            write_jsonl(self.path / "calls.jsonl", calls_in_order)

    def close(self) -> None:
        """Sync and close; adding opens again."""
        while self._open:
            self._open.popitem()[1].close()

    def _append(self, name: str, record: Record) -> None:
        if name not in self._open:
            self._open[name] = LineFile(self.path / name, wait=False)
        self._open[name].write(json_line(record).encode("utf-8"))
        if self._monotonic() - self._synced_at >= SYNC_EVERY_S:
            for file in self._open.values():
                file.sync()
            self._synced_at = self._monotonic()


def load_outcomes(path: Path | str) -> list[Verdict | Failure]:
    """Return the outcomes of a run's folder or of any `verdicts.jsonl`, in the file's order.

    Raises:
        FileProblem: It is missing, cannot be read, or its last line is cut off.
        InvalidRecord: A line is no verdict and no failure; the message names file and line.
    """
    file = Path(path)
    file = file / "verdicts.jsonl" if file.is_dir() else file
    torn: list[str] = []
    outcomes = _outcomes(file, torn)
    if torn:
        raise FileProblem(torn[0], hint="Complete the run with the same `judgekit run` command, or delete that line")
    return outcomes


def _outcomes(path: Path, torn: list[str]) -> list[Verdict | Failure]:
    name = str(path)
    return [_outcome(row, name, number) for number, row in each_row(read_bytes(path), name, torn)]


def _lines(path: Path) -> JsonLines:
    """Return a file's rows; one that is not there yet has none."""
    return read_jsonl(path) if path.exists() else JsonLines([])


def _outcome(row: dict[str, Any], name: str, number: int) -> Verdict | Failure:
    try:
        return outcome_from(row)
    except ValidationError as error:
        raise invalid_record(error, row, f"{name}:{number}", model=Verdict) from error


def _outcome_order(outcome: Verdict | Failure) -> tuple[str, str, str, int, str]:
    return (outcome.target, outcome.turn or "", outcome.order or "", outcome.sample, outcome.criterion)
