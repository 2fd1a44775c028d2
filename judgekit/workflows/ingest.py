"""`import`: what a batch brings is held against the dataset; new, already there, replaced or refused, and counted.

Given a dataset and a batch, never paths; the door reads the files and writes what is returned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Literal

from judgekit.errors import InvalidRecord, nearest
from judgekit.records.dataset import Dataset
from judgekit.records.ingest import Batch, Brought, IngestReport, Item
from judgekit.records.label import Label
from judgekit.records.record import fingerprint
from judgekit.records.rubric import level_text
from judgekit.records.session import Pair, Session
from judgekit.records.verdict import Failure, Verdict

State = Literal["new", "already there", "replaced"]
_N_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class IngestRules:
    """What an import may do.

    Attributes:
        replaces: Sessions and pairs that are there with other content are replaced.
        makes_bare: Sessions that a label names and nobody knows are made, without turns.
        known: Ids of every label in the ledger, those that no longer count included.
    """

    replaces: bool = False
    makes_bare: bool = False
    known: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Ingestion:
    """What an import comes to.

    Attributes:
        dataset: The dataset as it would be, without the new labels.
        labels: Labels to append to the ledger.
        outcomes: Verdicts and failures, in file order.
        report: What became of every item.
        invalid: Items that are wrong, in file order.
    """

    dataset: Dataset
    labels: tuple[Label, ...]
    outcomes: tuple[Verdict | Failure, ...]
    report: IngestReport
    invalid: tuple[Item, ...] = ()

    def refusal(self) -> InvalidRecord | None:
        """Return the first wrong item as an error that says how many more there are; None when none is wrong."""
        if not self.invalid:
            return None
        first, more = self.invalid[0], len(self.invalid) - 1
        others = f" ({more} more like this or otherwise invalid)" if more else ""
        hint = "Nothing was imported; correct the file, or import the good rows with --skip-invalid"
        return InvalidRecord(f"{first.detail.rstrip('.')}{others}", where=first.where, hint=hint)


def ingest(dataset: Dataset, batch: Batch, rules: IngestRules) -> Ingestion:
    """Hold a batch against a dataset.

    Args:
        dataset: What is there, with the criteria that the batch answers.
        batch: What importers read.
        rules: What may be replaced or made.

    Returns:
        What to write, and the report: items in = new + already there + replaced + skipped by cause.
    """
    merge = _Merge(dataset, rules)
    for item in batch.items:
        merge.add(item)
    return Ingestion(
        dataset=merge.result(),
        labels=tuple(merge.labels),
        outcomes=tuple(merge.outcomes),
        report=_report(batch, merge, dataset.name),
        invalid=tuple(item for item in merge.skipped if item.is_invalid),
    )


@dataclass(slots=True)
class _Merge:
    """The dataset so far, and what became of the items so far."""

    dataset: Dataset
    rules: IngestRules
    sessions: dict[str, Session] = field(init=False)
    pairs: dict[str, Pair] = field(init=False)
    labels: list[Label] = field(default_factory=list)
    outcomes: list[Verdict | Failure] = field(default_factory=list)
    read: list[Brought] = field(default_factory=list)
    skipped: list[Item] = field(default_factory=list)
    states: Counter[State] = field(default_factory=Counter)
    written: Counter[str] = field(default_factory=Counter)
    _places: dict[tuple[object, ...], str] = field(default_factory=dict)
    _seen: dict[str, str] = field(default_factory=dict)
    _current: dict[str, Label] = field(init=False)

    def __post_init__(self) -> None:
        self.sessions = dict(self.dataset.session_by_id)
        self.pairs = dict(self.dataset.pair_by_id)
        self._current = {label.id: label for label in self.dataset.labels}

    def add(self, item: Item) -> None:
        """Take one item, or set it aside with its cause."""
        fault = None if item.cause is not None else self._fault(item)
        if item.cause is not None or fault is not None:
            self.skipped.append(fault or item)
            return
        states = [self._take(record) for record in item.records]
        self.read.append(item.records[-1])
        state: State = "new" if states[-1] == "new" else "replaced" if set(states) != {"already there"} else states[-1]
        self.states[state] += 1

    def result(self) -> Dataset:
        """Return the dataset with the new sessions and pairs; a fresh one, whose look-up tables are its own."""
        old = self.dataset
        return Dataset(
            card=old.card,
            rubric=old.rubric,
            sessions=tuple(self.sessions.values()),
            pairs=tuple(self.pairs.values()),
            labels=old.labels,
            adjudications=old.adjudications,
            splits=old.splits,
            notes=old.notes,
        )

    def _fault(self, item: Item) -> Item | None:
        """Return the item as a wrong one, when it does not fit what is there; nothing is changed."""
        brought = {record.id for record in item.records if isinstance(record, Session)}
        for record in item.records:
            found = self._twice(record, item.where) or self._misfit(record, brought)
            if found is not None:
                return Item(item.where, cause=found[0], detail=found[1], is_invalid=True)
        for record in item.records:
            for key in _identities(record):
                self._places[key] = item.where
        return None

    def _twice(self, record: Brought, where: str) -> tuple[str, str] | None:
        for key in _identities(record):
            before = self._places.get(key)
            if before is None:
                continue
            if key[0] == "answer" and isinstance(record, Label):
                what = (
                    f"rater {record.rater!r} answers {record.criterion!r} of {record.target!r} twice: {before}, {where}"
                )
                return "answered twice", f"{what}. Map occasion (a repeat) or at (a correction)"
            named = record.id if isinstance(record, Session | Pair) else record.id or record.target
            return "duplicate id", f"{key[0]} id {named!r} stands at {before} already"
        return None

    def _misfit(self, record: Brought, brought: set[str]) -> tuple[str, str] | None:
        if isinstance(record, Session | Pair):
            there = self.sessions.get(record.id) if isinstance(record, Session) else self.pairs.get(record.id)
            kind = "session" if isinstance(record, Session) else "pair"
            if there is not None and not self.rules.replaces and not _is_same(there, record):
                return f"{kind} has other content", f"{kind} {record.id!r} is there with other content. Say --replace"
            for side in (record.first, record.second) if isinstance(record, Pair) else ():
                if side not in self.sessions and side not in brought:
                    return "unknown session", self._unknown("session", side, self.sessions)
            return None
        return self._answer_misfit(record)

    def _answer_misfit(self, record: Label | Verdict | Failure) -> tuple[str, str] | None:
        is_preference = self.dataset.rubric.criterion(record.criterion).scale.type == "preference"
        if is_preference != (record.pair is not None):
            about = "pairs" if is_preference else "sessions"
            return "wrong kind of target", f"criterion {record.criterion!r} is about {about}; map {about[:-1]}=COLUMN"
        if record.pair is not None:
            known = record.pair in self.pairs
            return None if known else ("unknown pair", self._unknown("pair", record.pair, self.pairs))
        session = self.sessions.get(record.session or "")
        if session is None and not self.rules.makes_bare:
            return "unknown session", self._unknown("session", record.target, self.sessions)
        turns = [turn.id for turn in session.turns] if session else []
        if record.turn is not None and record.turn not in turns:
            return "unknown turn", f"session {record.target!r}: {self._unknown('turn', record.turn, turns)}"
        there = self._current.get(record.id or "")
        if there is not None and isinstance(record, Label) and (there.key, there.value) != (record.key, record.value):
            return "label has other content", f"label {record.id!r} is there with another answer. Give it another id"
        return None

    def _unknown(self, kind: str, name: str, known: Collection[str]) -> str:
        """Say that a name is unknown; the nearest is looked for only while its words are still shown."""
        is_shown = len(self.skipped) < _N_EXAMPLES
        close = nearest(name, known) if is_shown else None
        hint = f"Did you mean {close!r}?" if close else f"{len(known)} {kind}s are known"
        return f"unknown {kind} {name!r}. {hint}"

    def _take(self, record: Brought) -> State:
        if isinstance(record, Session):
            return self._store("sessions", self.sessions, record)
        if isinstance(record, Pair):
            return self._store("pairs", self.pairs, record)
        if record.session is not None and record.session not in self.sessions:
            self._store("sessions", self.sessions, Session(id=record.session))
        seen = record if record.seen else record.model_copy(update={"seen": self._seen_of(record)})
        if isinstance(seen, Label):
            if seen.id in self.rules.known:
                return "already there"
            self.labels.append(seen)
            self.written["labels"] += 1
        else:
            self.outcomes.append(seen)
            self.written["failures" if isinstance(seen, Failure) else "verdicts"] += 1
        return "new"

    def _store(self, kind: str, held: dict[str, Session] | dict[str, Pair], record: Session | Pair) -> State:
        there = held.get(record.id)
        if there is not None and _is_same(there, record):
            return "already there"
        held[record.id] = record  # type: ignore[assignment]  # sessions go to sessions, pairs to pairs
        self.written[kind] += 1
        return "new" if there is None else "replaced"

    def _seen_of(self, record: Label | Verdict | Failure) -> str:
        if record.target not in self._seen:
            if record.pair is None:
                seen = self.sessions[record.target].seen_fingerprint
            else:
                pair = self.pairs[record.pair]
                seen = fingerprint([self.sessions[side].seen_fingerprint for side in (pair.first, pair.second)])
            self._seen[record.target] = seen
        return self._seen[record.target]


def _identities(record: Brought) -> Iterable[tuple[object, ...]]:
    """Yield what may occur once in a batch: a record's id, and one named rater's one answer."""
    if record.id is not None:
        yield type(record).__name__.lower().replace("failure", "verdict"), record.id
    if isinstance(record, Label) and record.rater is not None:
        yield "answer", *record.key, record.at


def _is_same(one: Session | Pair, other: Session | Pair) -> bool:
    return one == other or one.model_dump(mode="json") == other.model_dump(mode="json")


def _report(batch: Batch, merge: _Merge, name: str) -> IngestReport:
    examples: dict[str, list[str]] = {}
    for item in merge.skipped:
        listed = examples.setdefault(item.cause or "", [])
        if item.is_invalid and len(listed) < _N_EXAMPLES:
            listed.append(f"{item.where}: {item.detail}")
    stored = [*merge.labels[:1], *merge.outcomes[:1], *merge.read[:1]]
    answers = [record for record in merge.read if not isinstance(record, Session | Pair)]
    return IngestReport(
        form=batch.form,
        dataset=name,
        files=batch.files,
        n_rows=batch.n_rows,
        n_items=len(batch.items),
        n_new=merge.states["new"],
        n_already_there=merge.states["already there"],
        n_replaced=merge.states["replaced"],
        skipped=dict(Counter(item.cause or "" for item in merge.skipped)),
        examples={cause: tuple(listed) for cause, listed in examples.items() if listed},
        written=dict(merge.written),
        columns=batch.columns,
        unused=batch.unused,
        counts=_counts(answers),
        first=stored[0].model_dump(mode="json", exclude_none=True) if stored else None,
        notes=(*batch.notes, *_sample_notes(merge.outcomes)),
    )


def _sample_notes(outcomes: Iterable[Verdict | Failure]) -> list[str]:
    """Say how often a judge that was asked several times contradicts itself; nothing where it was asked once."""
    said: dict[tuple[str, str], dict[tuple[object, ...], list[str]]] = {}
    for outcome in outcomes:
        by = said.setdefault((outcome.judge or "(no name)", outcome.criterion), {})
        answers = by.setdefault((outcome.target, outcome.turn, outcome.order), [])
        if isinstance(outcome, Verdict):
            answers.append(f"{outcome.status} {outcome.value!r} {outcome.score!r}")
    notes = []
    for (judge, criterion), answered in sorted(said.items()):
        repeated = [answers for answers in answered.values() if len(answers) > 1]
        n_differ = sum(len(set(answers)) > 1 for answers in repeated)
        if repeated:
            notes.append(
                f"{judge} on {criterion}: {len(repeated)} verdicts of several samples, which differ on {n_differ}"
            )
    return notes


def _counts(answers: Iterable[Label | Verdict | Failure]) -> dict[str, dict[str, dict[str, int]]]:
    counts: dict[str, dict[str, dict[str, int]]] = {}
    for answer in answers:
        by = answer.rater if isinstance(answer, Label) else answer.judge
        word = _word(answer)
        of_rater = counts.setdefault(answer.criterion, {}).setdefault(by or "(anonymous)", {})
        of_rater[word] = of_rater.get(word, 0) + 1
    return {
        criterion: {rater: dict(sorted(words.items())) for rater, words in raters.items()}
        for criterion, raters in counts.items()
    }


def _word(answer: Label | Verdict | Failure) -> str:
    if isinstance(answer, Failure) or answer.status != "ok":
        return answer.status
    if answer.value is None:
        return "(score only)"
    return level_text(answer.value) if not isinstance(answer.value, tuple) else ";".join(answer.value)
