"""An experiment's folder: `experiment.toml`, and beside it its plans, runs, sessions that versions made, and reports.

Not here: running a version's command (`adapters.producing`).
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from judgekit.adapters.store.appending import LineFile
from judgekit.adapters.store.files import (
    json_line,
    read_bytes,
    read_json,
    read_jsonl,
    validated,
    write_atomically,
    write_json,
)
from judgekit.adapters.store.toml import parse_toml
from judgekit.errors import FileProblem, InvalidRecord
from judgekit.records.experiment import Experiment, VersionSource
from judgekit.records.experiment_report import KeptCalibration, PlanEntry, PlanRecord, Produced
from judgekit.records.session import Session

EXPERIMENT_FILE, PLAN_FILE, OPENING_FILE = "experiment.toml", "plan.json", ".opening.json"
_UNSAFE = re.compile(r"[^\w.+@=-]|^\.", re.ASCII)
"""What a version's name may hold and a file's had better not."""


@dataclass(frozen=True, slots=True)
class Made:
    """Sessions of one version, with the fingerprint of the file that they stand in."""

    sessions: tuple[Session, ...]
    fingerprint: str


class ExperimentFolder:
    """One experiment on disk."""

    def __init__(self, path: Path | str) -> None:
        """Name the folder; nothing is read yet."""
        self.path = Path(path)

    def load(self) -> Experiment:
        """Return the experiment.

        Raises:
            FileProblem: There is no `experiment.toml`.
            InvalidRecord: A key or value does not fit; the message names file, line and the nearest key.
        """
        file = self.path / EXPERIMENT_FILE
        if not file.is_file():
            raise FileProblem(f"no {EXPERIMENT_FILE}", where=str(self.path), hint="Name an experiment's folder")
        toml = parse_toml(file)
        return validated(Experiment, toml.data, toml.place)

    def dataset(self, experiment: Experiment) -> Path:
        """Return the dataset's folder."""
        return (self.path / experiment.dataset).resolve()

    def judges(self, experiment: Experiment) -> list[Path]:
        """Return the judges' folders, in the experiment's order."""
        return [(self.path / each).resolve() for each in experiment.judges]

    def run(self, judge: str) -> Path:
        """Return where a judge's run goes."""
        return self.path / "runs" / judge

    def sessions(self, version: str) -> Path:
        """Return where the sessions go that a version's command makes; its log and manifest lie beside."""
        return self.path / "sessions" / f"{file_name(version)}.jsonl"

    @property
    def reports(self) -> Path:
        """Where reports go."""
        return self.path / "reports"

    @property
    def report(self) -> Path:
        """The report on the whole."""
        return self.path / "report.json"

    @property
    def page(self) -> Path:
        """The same, to be read."""
        return self.path / "report.html"

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the experiment for this process alone.

        Raises:
            FileProblem: Another process is at it.
        """
        lock = LineFile(self.path / ".lock", wait=False)
        try:
            yield
        finally:
            lock.path.unlink(missing_ok=True)
            lock.close()

    def inputs(self, experiment: Experiment) -> Path | None:
        """Return the file of inputs; None where none is declared."""
        return None if experiment.inputs is None else (self.path / experiment.inputs).resolve()

    def input_names(self, experiment: Experiment) -> tuple[tuple[str, ...], ...]:
        """Return what each row of the inputs file may be called: its `id`, its `input`; none where there is no file.

        Raises:
            FileProblem: The file is missing, cannot be read, or holds nothing.
            InvalidRecord: A row has neither; the message names file and line.
        """
        path = self.inputs(experiment)
        if path is None:
            return ()
        lines = read_jsonl(path)
        if lines.torn:
            raise FileProblem(lines.torn, hint="Complete or delete that line")
        if not lines.rows:
            raise FileProblem("holds no input", where=str(path), hint='Each line holds one {"id": ...}')
        return tuple(_names_of(row, f"{path}:{number}") for number, row in lines.rows)

    def inputs_fingerprint(self, experiment: Experiment) -> str | None:
        """Return the fingerprint of the inputs file's content; None where there is no file."""
        path = self.inputs(experiment)
        return None if path is None else _fingerprint(read_bytes(path))

    def plans(self) -> tuple[PlanEntry, ...]:
        """Return the plans that this experiment went by, oldest first; none before its first run."""
        path = self.path / PLAN_FILE
        return validated(PlanRecord, read_json(path), str(path)).entries if path.exists() else ()

    def hold_plan(self, entry: PlanEntry) -> tuple[PlanEntry, ...]:
        """Write down what is planned, where that is new; earlier plans stay. Return all of them."""
        entries = self.plans()
        if entries and _is_same_plan(entries[-1], entry):
            return entries
        entries = (*entries, entry.model_copy(update={"had_report": self.report.exists()}))
        write_json(self.path / PLAN_FILE, PlanRecord(entries=entries))
        return entries

    def calibration(self, judge: str) -> KeptCalibration | None:
        """Return what the plan's calibration of a judge came to; None where there was none yet."""
        path = self._calibration_path(judge)
        return validated(KeptCalibration, read_json(path), str(path)) if path.exists() else None

    def keep_calibration(self, judge: str, kept: KeptCalibration) -> None:
        """Write down what a judge's calibration came to."""
        write_json(self._calibration_path(judge), kept.model_dump(mode="json"))

    def intend(self, opening: str | None) -> None:
        """Write down which opening of the test split is about to be made and used; None: it has been used."""
        path = self.path / OPENING_FILE
        if opening is None:
            path.unlink(missing_ok=True)
        else:
            write_json(path, {"opening": opening})

    def intended(self) -> str | None:
        """Return the opening that a killed run was about to use."""
        path = self.path / OPENING_FILE
        return str(read_json(path).get("opening")) if path.exists() else None

    def _calibration_path(self, judge: str) -> Path:
        return self.path / "calibrations" / f"{judge}.json"

    def read_file(self, version: str, source: VersionSource) -> Made:
        """Return the sessions of a version's file.

        Raises:
            FileProblem: It is missing, cannot be read, is cut off, or holds no session.
            InvalidRecord: A line is no session of this version, or an id stands there twice.
        """
        path = self.path / (source.sessions or "")
        return Made(_sessions_of(path, version), _fingerprint(path.read_bytes()))

    def sessions_so_far(self, experiment: Experiment, version: str) -> tuple[Session, ...] | None:
        """Return the sessions of a version's file, or those that its command made; None where it has not made them.

        Args:
            experiment: As declared.
            version: One of its sources.

        Raises:
            FileProblem: The file is missing, cannot be read, is cut off, or holds no session.
            InvalidRecord: A line is no session of this version, or the sessions are not what the command made.
        """
        source = experiment.sources[version]
        if not source.command:
            return self.read_file(version, source).sessions
        found = self.made(version, source, self.inputs_fingerprint(experiment))
        return None if found is None else found[1].sessions

    def made(self, version: str, source: VersionSource, inputs: str | None) -> tuple[Produced, Made] | None:
        """Return what a version's command made of the same inputs before; None where it has not, or is another.

        Raises:
            InvalidRecord: The sessions are not what the command made.
        """
        path = self.sessions(version)
        manifest = path.with_suffix(".json")
        if not manifest.exists():
            return None
        held = validated(Produced, read_json(manifest), str(manifest))
        if (held.version, held.command, held.inputs) != (version, source.command, inputs):
            return None
        checked = _checked_place(path)
        if checked.exists() and _fingerprint(checked.read_bytes()) == held.sessions:
            checked.replace(path)  # killed between the manifest and this step
        if not path.exists():
            return None
        made = Made(_sessions_of(path, version), _fingerprint(path.read_bytes()))
        if made.fingerprint != held.sessions:
            hint = f"Put it back, or delete it and {manifest.name}: then the command makes it again"
            raise InvalidRecord(f"not what the command of version {version!r} made", where=str(path), hint=hint)
        return held, made

    def draft(self, version: str) -> Path:
        """Return where a version's command is to write: a new name each time, so that no earlier one writes there."""
        path = self.sessions(version)
        for old in (*path.parent.glob(_drafts(path)), _checked_place(path)):
            old.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.with_name(_drafts(path).replace("*", secrets.token_hex(4)))

    def accept(self, draft: Path, produced: Produced) -> Made:
        """Take over what a version's command wrote, whole and checked; what is refused is kept beside, by name.

        Args:
            draft: What it wrote.
            produced: The manifest, before the sessions are known.

        Raises:
            FileProblem: Nothing was written, or the last line is cut off.
            InvalidRecord: A line is no session of this version, or an id stands there twice.
        """
        version, path = produced.version, self.sessions(produced.version)
        if not draft.exists():
            what = f"the command of version {version!r} wrote no sessions"
            raise FileProblem(what, where=str(path.with_suffix(".log")), hint="It is to write them to {sessions}")
        refused = path.with_name(f"{path.stem}.refused.jsonl")
        draft.replace(refused)  # where people find what a message speaks of
        sessions = _sessions_of(refused, version)
        whole = "".join(json_line(session) for session in sessions).encode("utf-8")
        made = Made(sessions, _fingerprint(whole))
        checked = _checked_place(path)
        write_atomically(checked, whole)
        told = {"sessions": made.fingerprint, "n_sessions": len(sessions)}
        write_json(path.with_suffix(".json"), produced.model_copy(update=told))
        checked.replace(path)
        for old in (refused, *path.parent.glob(_drafts(path))):
            old.unlink(missing_ok=True)
        return made


def file_name(version: str) -> str:
    """Return a version's name as a file's: what could lead elsewhere is written as its code.

    Example:
        >>> file_name("openai/gpt-4o"), file_name("../v2")
        ('openai%2Fgpt-4o', '%2E.%2Fv2')
    """
    return _UNSAFE.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), version)


def _drafts(path: Path) -> str:
    return f".{path.stem}.draft-*.jsonl"


def _checked_place(path: Path) -> Path:
    return path.with_name(f".{path.stem}.checked.jsonl")


def _is_same_plan(old: PlanEntry, new: PlanEntry) -> bool:
    return (old.hash, old.inputs, old.judges) == (new.hash, new.inputs, new.judges)


def _names_of(row: dict[str, object], where: str) -> tuple[str, ...]:
    given = [row.get(key) for key in ("id", "input")]
    names = [str(each) for each in given if isinstance(each, str | int) and not isinstance(each, bool)]
    found = tuple(name for name in dict.fromkeys(names) if name.strip())
    if not found:
        hint = "Give it the id that its sessions carry as `input`"
        raise InvalidRecord("an input needs an id", where=where, hint=hint)
    return found


def _sessions_of(path: Path, version: str) -> tuple[Session, ...]:
    """Return the sessions of a file that holds one version; a line that does not say which is of it."""
    found: dict[str, Session] = {}
    for number, row in _rows(path):
        where = f"{path}:{number}"
        session = validated(Session, row, where)
        if session.version not in (None, version):
            what = f"session {session.id!r} is of version {session.version!r}, not {version!r}"
            raise InvalidRecord(what, where=where, hint="Each version has its own file; leave `version` out or right")
        if session.id in found:
            raise InvalidRecord(f"session id {session.id!r} occurs twice", where=where, hint="Give each its own id")
        found[session.id] = session.model_copy(update={"version": version})
    if not found:
        raise FileProblem(f"holds no session of version {version!r}", where=str(path), hint="One session a line")
    return tuple(found.values())


def _rows(path: Path) -> list[tuple[int, dict[str, object]]]:
    if path.suffix == ".parquet":
        from judgekit.adapters.store.parquet import read_parquet

        return read_parquet(path).rows
    lines = read_jsonl(path)
    if lines.torn:
        raise FileProblem(lines.torn, hint="Each line holds one whole session")
    return lines.rows


def _fingerprint(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()
