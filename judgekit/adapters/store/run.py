"""A run's folder: manifest, outcomes and calls, each kept as it comes, sorted once the run is complete."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import ValidationError

from judgekit.adapters.store.appending import LineFile
from judgekit.adapters.store.files import (
    JsonLines,
    each_row,
    file_problem,
    parse_row,
    read_bytes,
    read_json,
    read_jsonl,
    record_line,
    rows_in,
    validated,
    write_atomically,
    write_json,
)
from judgekit.adapters.store.run_order import call_key, outcome_key
from judgekit.adapters.store.sorting import replace_lines, sort_lines
from judgekit.adapters.store.validation import invalid_record
from judgekit.errors import FileProblem, InvalidRecord
from judgekit.judging.runner.sink import SendState, Spent
from judgekit.records.judge import Lineage
from judgekit.records.run import Run, RunManifest, Spending
from judgekit.records.verdict import Call, Failure, Verdict, outcome_from

OUTCOMES, CALLS, SENDS = "verdicts.jsonl", "calls.jsonl", "sends.jsonl"
EARLIER_CALLS = "calls.earlier.jsonl"
"""Calls of a command that was interrupted, until the run is complete."""
_CHUNK = 1 << 20
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
        self._pending: dict[str, list[bytes]] = {SENDS: [], CALLS: [], OUTCOMES: []}
        self._syncer: ThreadPoolExecutor | None = None
        self._syncing: Future[None] | None = None
        self._synced_at = monotonic()
        self._sends = Spent()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(FileProblem) if error is not None else contextlib.nullcontext():
            self.close()

    def load(self) -> Run:
        """Return the run as far as it has come; a line that a kill cut off is as if it had not been written.

        Raises:
            FileProblem: There is no run here, or it cannot be read.
            InvalidRecord: A line does not fit; the message names file and line.
        """
        manifest = self.manifest()
        outcomes_path, calls_path = self.path / OUTCOMES, self.path / CALLS
        return Run(
            manifest=manifest,
            outcomes=tuple(_outcomes(outcomes_path, [])) if outcomes_path.exists() else (),
            calls=tuple(validated(Call, row, f"{calls_path}:{n}") for n, row in _lines(calls_path).rows),
            lineage=self.lineage(),
        )

    def manifest(self) -> RunManifest:
        """Return what `run.json` holds.

        Raises:
            FileProblem: There is no run here, or it cannot be read.
            InvalidRecord: It does not fit.
        """
        path = self.path / "run.json"
        if not path.is_file():
            hint = "`judgekit run JUDGE SESSIONS -o RUN` makes runs"
            raise FileProblem("not a run: run.json is missing", where=str(self.path), hint=hint)
        return validated(RunManifest, read_json(path), str(path))

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
        """Take one verdict or failure, to be written by the next `flush`."""
        self._pending[OUTCOMES].append(record_line(outcome))

    def add_call(self, call: Call) -> None:
        """Take one answered request; likewise."""
        self._pending[CALLS].append(record_line(call))

    def add_send(self, call: str, state: SendState, estimate_usd: float | None, cost_usd: float | None = None) -> None:
        """Append what happened to one send: at once where it is about to go out, else likewise.

        Raises:
            FileProblem: It could not be written; then nothing may be sent.
        """
        self._sends.add(state, estimate_usd, cost_usd)
        usd = "null" if estimate_usd is None else repr(estimate_usd)
        cost = f',"cost_usd":{"null" if cost_usd is None else repr(cost_usd)}' if state == "answered" else ""
        self._pending[SENDS].append(f'{{"call":"{call}","state":"{state}","estimate_usd":{usd}{cost}}}\n'.encode())
        if state == "sent":
            self._write(SENDS)

    def flush(self) -> None:
        """Write what was taken, in one piece a file; from here on a kill does not lose it.

        Raises:
            FileProblem: It could not be written, or another process is writing this run.
        """
        for name, lines in self._pending.items():
            if lines:
                self._write(name)
        if self._monotonic() - self._synced_at >= SYNC_EVERY_S:
            self._sync()

    def spending(self) -> Spending:
        """Return what all sends of the run come to, earlier commands' included."""
        return self._sends.spending()

    def begin(self) -> None:
        """Set outcomes aside that an interrupted command left, to be made again; its calls stay until `finish`.

        Raises:
            FileProblem: A file cannot be written, or another process is writing this run.
        """
        self.close()
        self._sends = _sends_in(self.path / SENDS)
        if (self.path / CALLS).exists():
            _append_lines(self.path / CALLS, self.path / EARLIER_CALLS)
        for name in (CALLS, OUTCOMES):
            write_atomically(self.path / name, "")

    def finish(self) -> None:
        """Sort the outcomes by target, turn, order, sample and criterion, and the calls by id, each once.

        Raises:
            FileProblem: It could not be written; what was appended is untouched.
        """
        self.close()
        sort_lines(self.path / OUTCOMES, outcome_key)
        sort_lines(self.path / CALLS, call_key, unique=True)
        (self.path / EARLIER_CALLS).unlink(missing_ok=True)

    def rewrite(self, change: Callable[[Iterable[Verdict | Failure]], Iterable[Verdict | Failure]]) -> None:
        """Replace the outcomes of a finished run, one at a time and in their order, by what they are changed to.

        Raises:
            FileProblem: It could not be written; the old outcomes are untouched.
        """
        replace_lines(self.path / OUTCOMES, map(record_line, change(self.each_outcome())))

    def each_call(self) -> Iterator[Call]:
        """Yield every call that this folder holds, one at a time, those of interrupted commands included.

        Raises:
            InvalidRecord: A line does not fit; the message names file and line.
        """
        for path in (self.path / EARLIER_CALLS, self.path / CALLS):
            if path.exists():
                with path.open("rb") as lines:
                    yield from _calls_in(lines, path)

    def each_outcome(self) -> Iterator[Verdict | Failure]:
        """Yield every outcome of a complete run, one at a time, in its order.

        Raises:
            InvalidRecord: A line does not fit; the message names file and line.
        """
        path = self.path / OUTCOMES
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                yield _outcome(parse_row(line, f"{path}:{number}"), str(path), number)

    def close(self) -> None:
        """Write, sync and close; adding opens again."""
        try:
            self.flush()
        finally:
            if self._syncer is not None:
                self._syncer.shutdown()
                self._syncer = self._syncing = None
            with contextlib.ExitStack() as stack:
                while self._open:
                    stack.callback(self._open.popitem()[1].close)

    def _write(self, name: str) -> None:
        lines, self._pending[name] = self._pending[name], []
        if name not in self._open:
            self._open[name] = LineFile(self.path / name, wait=False)
        self._open[name].write(b"".join(lines))

    def _sync(self) -> None:
        """Have the disk keep what was written, in a thread: it may take its time; what it refuses is said next time."""
        if self._syncing is not None:
            if not self._syncing.done():
                return
            self._syncing.result()
        self._syncer = self._syncer or ThreadPoolExecutor(1)
        self._syncing = self._syncer.submit(_sync_all, tuple(self._open.values()))
        self._synced_at = self._monotonic()


def _sync_all(files: Iterable[LineFile]) -> None:
    for file in files:
        file.sync()


def spent_in(folder: Path) -> Spending:
    """Return what all sends recorded in a run's folder come to, whatever became of the run.

    Raises:
        InvalidRecord: A line does not fit; the message names file and line.
    """
    return _sends_in(folder / SENDS).spending()


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
    name, outcomes = str(path), []
    for number, row in each_row(read_bytes(path), name, torn):
        try:
            outcomes.append(outcome_from(row))
        except ValidationError as error:
            raise invalid_record(error, row, f"{name}:{number}", model=Verdict) from error
    return outcomes


def _lines(path: Path) -> JsonLines:
    """Return a file's rows; one that is not there yet has none."""
    return read_jsonl(path) if path.exists() else JsonLines([])


def _outcome(row: dict[str, Any], name: str, number: int) -> Verdict | Failure:
    try:
        return outcome_from(row)
    except ValidationError as error:
        raise invalid_record(error, row, f"{name}:{number}", model=Verdict) from error


def _append_lines(source: Path, target: Path) -> None:
    """Append one file's whole lines to another; what a kill cut off of either is set aside."""
    LineFile(source, wait=False).close()
    kept = LineFile(target, wait=False)
    try:
        with source.open("rb") as lines:
            while some := lines.read(_CHUNK):
                kept.write(some)
    except OSError as error:
        raise file_problem(error, source) from error
    finally:
        kept.close()


def _calls_in(lines: Iterable[bytes], path: Path) -> Iterator[Call]:
    for number, line in enumerate(lines, 1):
        if not line.endswith(b"\n"):
            return  # a kill cut it off: it had not been written
        yield validated(Call, parse_row(line, f"{path}:{number}"), f"{path}:{number}")


def _sends_in(path: Path) -> Spent:
    spent = Spent()
    if not path.exists():
        return spent
    with path.open("rb") as lines:
        for number, row in rows_in(lines, str(path), []):
            try:
                spent.add(row["state"], row["estimate_usd"], row.get("cost_usd"))
            except (KeyError, TypeError) as error:
                hint = "Move the file away: what the run cost is then counted from here on"
                raise InvalidRecord(f"not a send: {error} is missing", where=f"{path}:{number}", hint=hint) from error
    return spent
