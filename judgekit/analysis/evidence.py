"""What is known of one version on one criterion: its sessions by input, their labels, and how they were picked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from judgekit.analysis.reference import Reference
from judgekit.analysis.sampling import Sampling, sampling_of
from judgekit.records.dataset import Dataset
from judgekit.records.label import Label, LabelKind
from judgekit.records.report import Row
from judgekit.records.rubric import Criterion
from judgekit.records.session import Session
from judgekit.stats.estimate import Estimate

NO_VERSION, ALL_SESSIONS = "no version", "all sessions"
"""What sessions that name no version are called together: beside others that do, and where none does."""
Trials = tuple[Session, ...]
"""The labelled sessions of one input; one session where it names no input."""


@dataclass(frozen=True)
class Evidence:
    """What is known of one version on one criterion.

    Attributes:
        dataset: Where the sessions are.
        criterion: The question.
        version: Name of the version; None for sessions that name none.
        experts: The experts' number of each target.
    """

    dataset: Dataset
    criterion: Criterion
    version: str | None
    experts: Reference

    @property
    def name(self) -> str:
        """The version's name in reports."""
        if self.version is not None:
            return self.version
        return NO_VERSION if any(session.version for session in self.dataset.sessions) else ALL_SESSIONS

    @cached_property
    def sessions(self) -> tuple[Session, ...]:
        """All sessions of the version, by id, so that the order of files shows nowhere."""
        own = (session for session in self.dataset.sessions if session.version == self.version)
        return tuple(sorted(own, key=lambda session: session.id))

    @cached_property
    def labelled(self) -> tuple[Session, ...]:
        """Those with a number."""
        return tuple(session for session in self.sessions if (session.id, None) in self.experts.values)

    @cached_property
    def dropped(self) -> dict[str, int]:
        """Sessions without a number, by cause."""
        of_turns = {target for target, turn in self.experts.values if turn is not None}
        causes = Counter(
            self.experts.missing.get((session.id, None), "labelled_by_turn" if session.id in of_turns else "unlabelled")
            for session in self.sessions
            if (session.id, None) not in self.experts.values
        )
        return dict(sorted(causes.items()))

    @cached_property
    def labels(self) -> tuple[Label, ...]:
        """The criterion's labels behind the experts' numbers, of all versions."""
        kind: LabelKind = "gold" if self.experts.rule == "gold" else "human"
        return tuple(each for each in self.dataset.labels_by_criterion[self.criterion.id] if each.kind == kind)

    @cached_property
    def sampling(self) -> Sampling:
        """How the labelled sessions were picked."""
        return sampling_of(self.labels, [session.id for session in self.labelled])

    @cached_property
    def inputs(self) -> tuple[Trials, ...]:
        """The labelled sessions by input; one that names no input stands alone."""
        return by_input(self.labelled)

    @cached_property
    def units(self) -> Mapping[str, int]:
        """Labelled session -> its independent unit; units that share an input are one, since its trials are alike."""
        return joined_units(self.dataset, self.inputs)

    def number(self, session: Session) -> float:
        """Return the experts' number; on a binary scale 1 is the positive level, wherever it stands."""
        return self.oriented(self.experts.values[session.id, None])

    def oriented(self, value: float) -> float:
        """Return a number of the scale such that on a binary one 1 is the positive level."""
        positive = self.criterion.scale.positive_level
        return 1 - value if positive is not None and self.criterion.scale.code(positive) == 0 else value

    def row(self, metric: str, estimate: Estimate, estimator: str) -> Row:
        """Return an estimate of this version as a row."""
        return Row(
            criterion=self.criterion.id, metric=metric, between=self.name, estimate=estimate, estimator=estimator
        )


def by_input(sessions: Iterable[Session]) -> tuple[Trials, ...]:
    """Return sessions by input; one that names no input stands alone."""
    found: dict[tuple[bool, str], list[Session]] = defaultdict(list)
    for session in sessions:
        found[session.input is not None, session.input or session.id].append(session)
    return tuple(tuple(trials) for _, trials in sorted(found.items()))


def joined_units(dataset: Dataset, inputs: Sequence[Trials]) -> dict[str, int]:
    """Return session -> its independent unit; units that share an input are one, since its trials are alike."""
    names = [[dataset.unit(session.id) for session in trials] for trials in inputs]
    joined = {name: name for own in names for name in own}

    def root(name: str) -> str:
        while joined[name] != name:
            joined[name] = joined[joined[name]]
            name = joined[name]
        return name

    for own in names:
        for name in own[1:]:
            joined[root(name)] = root(own[0])
    place = {name: number for number, name in enumerate(sorted({root(name) for name in joined}))}
    return {each.id: place[root(dataset.unit(each.id))] for trials in inputs for each in trials}
