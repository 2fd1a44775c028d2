"""Dataset: sessions, pairs, rubric, current labels and splits, held together in memory.

Not here: the folder it lives in (`adapters.store`), and how splits are drawn (`review.splits`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Literal, Self

from pydantic import Field

from judgekit.errors import UnknownName
from judgekit.records.certificate import PassRule
from judgekit.records.label import Adjudication, Label, Opening, SplitName
from judgekit.records.record import FORMAT, FormatNumber, Record, fingerprint
from judgekit.records.rubric import Rubric
from judgekit.records.session import Pair, Session

Aggregation = Literal["majority", "mean", "median"]


class RaterGroup(Record):
    """Raters who count together, such as `experts` or `crowd`."""

    raters: tuple[str, ...] = ()
    """Their names; `anonymous` stands for all labels without one."""
    aggregate: Aggregation = "majority"
    """How their labels become one."""


class DatasetCard(Record):
    """What `dataset.toml` holds."""

    format: FormatNumber = FORMAT
    name: str
    """The dataset's name."""
    description: str = ""
    """What it is, where it comes from, and whether its text was composed."""
    licence: str = ""
    """Under which terms."""
    raters: dict[str, RaterGroup] = {}
    """Group name -> its raters."""
    certify: dict[str, PassRule] = {}
    """Criterion -> what a judge must show on the test split before it may speak for the experts."""


class SplitManifest(Record):
    """Which unit is in which split, and how that was drawn; a unit never moves."""

    format: FormatNumber = FORMAT
    seed: int
    """Seed of the draw."""
    fractions: dict[SplitName, float]
    """Wanted shares of sessions."""
    stratified_by: tuple[str, ...] = ()
    """Criteria whose levels were balanced."""
    units: dict[str, SplitName] = {}
    """Unit (`group:...`, `input:...`, `session:...`) -> its split."""


class Dataset(Record):
    """Everything known about a set of sessions."""

    card: DatasetCard
    rubric: Rubric
    sessions: tuple[Session, ...] = ()
    pairs: tuple[Pair, ...] = ()
    labels: tuple[Label, ...] = ()
    """Current labels: the fold of the ledger, none averaged."""
    adjudications: tuple[Adjudication, ...] = ()
    """Current adjudications."""
    splits: SplitManifest | None = None
    openings: tuple[Opening, ...] = ()
    """Every opening of a split."""
    notes: tuple[str, ...] = Field(default=(), exclude=True)
    """What was set aside on loading, in words."""

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy; what was derived from the old content is derived anew."""
        copied = super().model_copy(update=update, deep=deep)
        for name in ("session_by_id", "pair_by_id", "place_by_id", "labels_by_criterion", "raters"):
            copied.__dict__.pop(name, None)
        return copied

    @property
    def name(self) -> str:
        """The card's name."""
        return self.card.name

    @cached_property
    def session_by_id(self) -> dict[str, Session]:
        """Session id -> session."""
        return {session.id: session for session in self.sessions}

    @cached_property
    def pair_by_id(self) -> dict[str, Pair]:
        """Pair id -> pair."""
        return {pair.id: pair for pair in self.pairs}

    @cached_property
    def place_by_id(self) -> dict[str, int]:
        """Session or pair id -> its place in the dataset's order, sessions first."""
        return {name: place for place, name in enumerate([*self.session_by_id, *self.pair_by_id])}

    @cached_property
    def labels_by_criterion(self) -> Mapping[str, Sequence[Label]]:
        """Criterion id -> its labels, in the dataset's order; none where nobody spoke of it."""
        by_criterion: dict[str, list[Label]] = defaultdict(list)
        for label in self.labels:
            by_criterion[label.criterion].append(label)
        return by_criterion

    @cached_property
    def raters(self) -> tuple[str, ...]:
        """Named human raters, most labels first, then by name."""
        counts = Counter(label.rater for label in self.labels if label.rater and label.kind == "human")
        return tuple(sorted(counts, key=lambda rater: (-counts[rater], rater)))

    @property
    def unit_kind(self) -> str:
        """What `unit` mostly is: `group`, `input`, `session` or `pair`; `unit` where it is mixed."""
        items = self.pairs or self.sessions
        kinds = {self.unit(item.id).partition(":")[0] for item in items}
        return kinds.pop() if len(kinds) == 1 else "unit"

    def unit(self, target: str) -> str:
        """Return the unit that a session or pair belongs to: the coarsest declared of group > input > itself.

        Raises:
            UnknownName: There is no such session or pair.
        """
        if target in self.session_by_id:
            return self.session_by_id[target].unit()
        if target in self.pair_by_id:
            pair = self.pair_by_id[target]
            return pair.unit(self.session_by_id.get(pair.first))
        raise UnknownName("session or pair", target, [*self.session_by_id, *self.pair_by_id])

    def split_of(self, target: str) -> SplitName | None:
        """Return the split that a session or pair is in; None when no split holds it."""
        return self.splits.units.get(self.unit(target)) if self.splits else None

    def fingerprint(self, *, exclude: set[str] | None = None) -> str:
        """Return the fingerprint over content, rubric, labels and splits, independent of their order."""
        parts = {
            "rubric": self.rubric.fingerprint(),
            "sessions": sorted([s.id, s.seen_fingerprint] for s in self.sessions),
            "pairs": sorted(p.fingerprint() for p in self.pairs),
            "labels": sorted(label.fingerprint() for label in self.labels),
            "adjudications": sorted(a.fingerprint() for a in self.adjudications),
            "splits": self.splits.fingerprint() if self.splits else None,
        }
        return fingerprint({key: value for key, value in parts.items() if key not in (exclude or set())})
