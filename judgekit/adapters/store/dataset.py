"""A dataset's folder: read whole and checked, or refused with file and line; written file by file, atomically.

Which labels count is the fold's business (`review.fold`), how splits are drawn `review.splits`'.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from judgekit.adapters.store.files import (
    each_row,
    read_bytes,
    read_json,
    validated,
    write_json,
    write_jsonl,
)
from judgekit.adapters.store.ledger import Ledger
from judgekit.adapters.store.toml import read_toml, write_toml
from judgekit.errors import FileProblem, InputError, InvalidRecord, LeakError, UnknownName
from judgekit.records.dataset import Dataset, DatasetCard, SplitManifest
from judgekit.records.label import Adjudication, Answer, Entry, Event, Label, Opening
from judgekit.records.rubric import Rubric
from judgekit.records.session import Pair, Session, Turn
from judgekit.review.fold import Folded, fold

S = TypeVar("S", Session, Pair)
A = TypeVar("A", bound=Answer)

SESSION_FILES = ("sessions.jsonl", "sessions.jsonl.gz", "sessions.parquet")
_FINGERPRINT = re.compile(r"sha256:([0-9a-f]{64})")


class DatasetFolder:
    """One dataset on disk: `dataset.toml`, `rubric.toml`, sessions, pairs, `ledger/`, `splits.json`, `seen/`."""

    def __init__(self, path: Path | str) -> None:
        """Take the folder, which `load` wants to exist and `create` makes."""
        self.path = Path(path)
        self.ledger = Ledger(self.path / "ledger")

    def load(self) -> Dataset:
        """Return the dataset, every label held against its session and scale.

        Raises:
            FileProblem: The folder or a file is missing or cannot be read.
            InvalidRecord: Something in it does not fit; the message names file and line.
            UnknownName: A label or pair names a session, pair, turn or criterion that is not there.
            TamperedLedger: A chain does not verify.
        """
        bare = self._load_content()
        held = self.ledger.entries()
        folded = fold(held.entries)
        places = _Places(self.ledger.folder, held.entries)
        changed = (*_changed_since(folded.labels, bare), *_reworded_since(folded.labels, bare.rubric))
        return bare.model_copy(
            update={
                "labels": tuple(_fitted(label, bare, places.of(label)) for label in folded.labels),
                "adjudications": tuple(_fitted(a, bare, places.of(a)) for a in folded.adjudications),
                "openings": folded.openings,
                "notes": (*bare.notes, *held.notes, *folded.notes, *changed),
            }
        )

    def card(self) -> DatasetCard:
        """Return what `dataset.toml` holds.

        Raises:
            FileProblem: There is no dataset here.
        """
        self._require()
        return read_toml(self.path / "dataset.toml", DatasetCard)

    def folded(self) -> Folded:
        """Return what the ledger folds to, with what was superseded, retracted, assigned and opened.

        Raises:
            TamperedLedger: A chain does not verify.
        """
        return fold(self.ledger.entries().entries)

    def create(self, card: DatasetCard, rubric: Rubric) -> None:
        """Make the folder with its card and rubric.

        Raises:
            InputError: There is a dataset already.
            FileProblem: It could not be written.
        """
        if (self.path / "dataset.toml").exists():
            raise InputError("there is a dataset already", where=str(self.path), hint="Choose another name")
        self.write_rubric(rubric)
        write_toml(self.path / "dataset.toml", card, {"": "What this dataset is, and who scored it."})

    def write_sessions(self, sessions: Iterable[Session]) -> None:
        """Replace the sessions, in the form that stands there; keep changed content that a label refers to.

        Raises:
            FileProblem: It could not be written.
        """
        new = list(sessions)
        path = self.sessions_path() or self.path / SESSION_FILES[0]
        if path.exists():
            self._keep_seen([session for _, session in _records(Session, path, [])], new)
        if path.suffix == ".parquet":
            from judgekit.adapters.store.parquet import write_parquet

            write_parquet(path, new)
        else:
            write_jsonl(path, new)

    def write_pairs(self, pairs: Iterable[Pair]) -> None:
        """Replace the pairs."""
        write_jsonl(self.path / "pairs.jsonl", pairs)

    def write_rubric(self, rubric: Rubric) -> None:
        """Write the rubric, keeping comments where the file exists."""
        write_toml(self.path / "rubric.toml", rubric, {"": "What raters and judges answer, one table per criterion."})

    def write_splits(self, manifest: SplitManifest) -> None:
        """Write the split manifest, which may add units and never move one.

        Raises:
            LeakError: A unit would move.
        """
        path = self.path / "splits.json"
        old = validated(SplitManifest, read_json(path), str(path)).units if path.exists() else {}
        for unit, split in old.items():
            if manifest.units.get(unit) != split:
                what = f"unit {unit!r} is in {split} and would move to {manifest.units.get(unit, 'no split')}"
                raise LeakError(what, where=str(path), hint="Extend the manifest with `judgekit split`")
        write_json(path, manifest.model_copy(update={"units": dict(sorted(manifest.units.items()))}))

    def append(
        self,
        events: Iterable[Event],
        now: datetime,
        writer: str | None = None,
        *,
        prefix: str = "import",
        within: Dataset | None = None,
    ) -> list[Entry]:
        """Append events to the ledger, or none of them: what `load` would refuse is not written.

        Args:
            events: Labels and other events.
            now: The present moment, for events without a time.
            writer: Whose file; None: a fresh one, which no other git branch writes to.
            prefix: How the name of a fresh file begins.
            within: The dataset, where it is loaded already; None: read it for the check.

        Raises:
            InvalidRecord: A value is off its scale.
            UnknownName: A label names a session, pair, turn or criterion that is not there.
            FileProblem: The ledger could not be written.
        """
        dataset = within or self._load_content()
        fitted: list[Event] = []
        for event in events:
            if isinstance(event, Label | Adjudication):
                fitted.append(_fitted(event, dataset, f"{event.event} {event.id!r}"))
            else:
                fitted.append(event)
        return self.ledger.append(fitted, writer=writer, now=now, prefix=prefix)

    def write_opening(self, opening: Opening, *, now: datetime) -> tuple[Entry, ...]:
        """Write down that the test split is opened, and return every entry of the ledger, this one among them.

        Raises:
            TamperedLedger: A chain does not verify.
            FileProblem: The ledger could not be written; then nothing was opened.
        """
        self.ledger.append([opening], now=now, prefix="opening")
        return self.ledger.entries().entries

    def seen(self, fingerprint: str) -> tuple[Turn, ...] | None:
        """Return content that a label refers to and that has since changed; None when it is not kept."""
        found = _FINGERPRINT.fullmatch(fingerprint)
        path = self.path / "seen" / f"{found[1]}.json" if found else None
        if path is None or not path.exists():
            return None
        return tuple(validated(Turn, turn, str(path)) for turn in read_json(path))

    def _load_content(self) -> Dataset:
        """Return the dataset without its ledger."""
        card = self.card()
        rubric = read_toml(self.path / "rubric.toml", Rubric)
        notes: list[str] = []
        sessions = self._unique(Session, self.sessions_path(), notes)
        pairs_path = self.path / "pairs.jsonl"
        pairs = self._unique(Pair, pairs_path if pairs_path.exists() else None, notes)
        for place, pair in pairs.values():
            for side in (pair.first, pair.second):
                if side not in sessions:
                    raise UnknownName("session", side, sessions, where=f"{place}: pair {pair.id!r}")
        splits = self.path / "splits.json"
        return Dataset(
            card=card,
            rubric=rubric,
            sessions=tuple(session for _, session in sessions.values()),
            pairs=tuple(pair for _, pair in pairs.values()),
            splits=validated(SplitManifest, read_json(splits), str(splits)) if splits.exists() else None,
            notes=tuple(notes),
        )

    def _require(self) -> None:
        if not self.path.is_dir():
            what = "not a folder" if self.path.exists() else "no such folder"
            raise FileProblem(what, where=str(self.path), hint="`judgekit import` makes datasets")
        missing = [name for name in ("dataset.toml", "rubric.toml") if not (self.path / name).is_file()]
        if missing == ["rubric.toml"]:
            hint = "Put the rubric back: what the labels mean stands in it"
            raise FileProblem("rubric.toml is missing", where=str(self.path), hint=hint)
        if missing:
            hint = f"`judgekit import FORMAT FILE --dataset {self.path}` makes one"
            raise FileProblem(f"not a dataset: {' and '.join(missing)} missing", where=str(self.path), hint=hint)

    def sessions_path(self) -> Path | None:
        """Return the file that the sessions stand in; None where there is none.

        Raises:
            InputError: They stand in several.
        """
        found = [self.path / name for name in SESSION_FILES if (self.path / name).exists()]
        if len(found) > 1:
            names = " and ".join(path.name for path in found)
            raise InputError(f"sessions stand in {names}", where=str(self.path), hint="Remove all but one")
        return found[0] if found else None

    def _unique(self, kind: type[S], path: Path | None, notes: list[str]) -> dict[str, tuple[str, S]]:
        unique: dict[str, tuple[str, S]] = {}
        for place, record in _records(kind, path, notes) if path else ():
            if record.id in unique:
                what = f"{kind.__name__.lower()} id {record.id!r} stands at {unique[record.id][0]} already"
                raise InvalidRecord(what, where=place, hint="Give each its own id, or remove one")
            unique[record.id] = (place, record)
        return unique

    def _keep_seen(self, old: list[Session], new: list[Session]) -> None:
        wanted = {event.seen for event in self._labels() if event.seen}
        kept = {session.seen_fingerprint for session in new}
        for session in old:
            fingerprint = session.seen_fingerprint
            found = _FINGERPRINT.fullmatch(fingerprint)
            if found and fingerprint in wanted - kept:
                turns = [turn.model_dump(mode="json", exclude={"metadata"}) for turn in session.turns]
                write_json(self.path / "seen" / f"{found[1]}.json", turns)

    def _labels(self) -> list[Label]:
        return [entry.entry for entry in self.ledger.entries().entries if isinstance(entry.entry, Label)]


def _changed_since(labels: Iterable[Label], dataset: Dataset) -> tuple[str, ...]:
    """Say how many labels were given on sessions that have changed since."""
    seen: dict[str, str] = {}
    changed: list[str] = []
    for label in labels:
        session = dataset.session_by_id.get(label.session or "")
        if label.seen is None or session is None or label.turn is not None:
            continue
        if session.id not in seen:
            seen[session.id] = session.seen_fingerprint
        if label.seen != seen[session.id]:
            changed.append(session.id)
    if not changed:
        return ()
    n_sessions = len(dict.fromkeys(changed))
    return (f"{len(changed)} labels are on sessions that changed after them ({n_sessions}; the first: {changed[0]})",)


def _reworded_since(labels: Iterable[Label], rubric: Rubric) -> tuple[str, ...]:
    """Say how many labels were given under another wording of their criterion."""
    now = {criterion.id: criterion.fingerprint() for criterion in rubric.criteria}
    old = Counter(label.criterion for label in labels if label.rubric not in (None, now.get(label.criterion)))
    return tuple(f"{n} labels on {name} were given under another wording of it" for name, n in sorted(old.items()))


class _Places:
    """Where in the ledger an event stands."""

    def __init__(self, folder: Path, entries: Iterable[Entry]) -> None:
        self._entries = {id(entry.entry): entry for entry in entries}
        writers = {entry.writer for entry in self._entries.values()}
        self._files = {writer: str(folder / f"{writer}.jsonl") for writer in writers}

    def of(self, event: Answer) -> str:
        entry = self._entries[id(event)]
        return f"{self._files[entry.writer]}:{entry.sequence}"


def _records(kind: type[S], path: Path, torn: list[str]) -> Iterator[tuple[str, S]]:
    """Yield (place, record) of each row; `torn` takes the words on a last line that is cut off."""
    name = str(path)
    for number, row in _rows(path, torn):
        place = f"{name}:{number}"
        yield place, validated(kind, row, place)


def _rows(path: Path, torn: list[str]) -> Iterable[tuple[int, dict[str, Any]]]:
    if path.suffix != ".parquet":
        return each_row(read_bytes(path), str(path), torn)
    from judgekit.adapters.store.parquet import read_parquet

    return read_parquet(path).rows


def _fitted(answer: A, dataset: Dataset, where: str) -> A:
    """Return the answer with its value as the scale writes it, or refuse it with its place."""
    _check_target(answer, dataset, where)
    criterion_ids = [criterion.id for criterion in dataset.rubric.criteria]
    if answer.criterion not in criterion_ids:
        raise UnknownName("criterion", answer.criterion, criterion_ids, where=where)
    criterion = dataset.rubric.criterion(answer.criterion)
    if answer.status == "not_applicable" and not criterion.not_applicable:
        hint = "Allow it in rubric.toml (not_applicable = true), or give a value or cannot_judge"
        raise InvalidRecord(f"criterion {criterion.id!r} does not allow not_applicable", where=where, hint=hint)
    if answer.value is None:
        return answer
    try:
        value = criterion.scale.read(answer.value)
    except InvalidRecord as error:
        hint = error.hint or "If rubric.toml changed after the label, put the level back; a label stays as it was given"
        raise InvalidRecord(f"criterion {criterion.id!r}: {error.what}", where=where, hint=hint) from error
    is_same = value == answer.value and type(value) is type(answer.value)
    return answer if is_same else answer.model_copy(update={"value": value})


def _check_target(answer: Answer, dataset: Dataset, where: str) -> None:
    if answer.pair is not None:
        if answer.pair not in dataset.pair_by_id:
            raise UnknownName("pair", answer.pair, dataset.pair_by_id, where=where)
        return
    session = dataset.session_by_id.get(answer.session or "")
    if session is None:
        raise UnknownName("session", answer.target, dataset.session_by_id, where=where)
    turns = [turn.id for turn in session.turns] if answer.turn is not None else []
    if answer.turn is not None and answer.turn not in turns:
        raise UnknownName("turn", answer.turn, turns, where=f"{where}: session {session.id!r}")
