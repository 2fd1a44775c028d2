"""One version on one criterion, judged in whole and labelled in part: what corrects a judge by labels starts from.

How labelled sessions were picked decides the method (`sampling.method_of`), before any label is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from judgekit.analysis.evidence import Evidence, by_input, joined_units
from judgekit.analysis.sampling import Method, Sampling, method_of, sampling_of
from judgekit.analysis.verdict_table import Use, VerdictTable
from judgekit.records.report import Row
from judgekit.records.session import Session
from judgekit.stats.estimate import Estimate
from judgekit.stats.partly_labelled import PartlyLabelled
from judgekit.stats.sample import IntArray


@dataclass(frozen=True)
class JudgedVersion:
    """What experts and one judge said of one version on one criterion.

    Attributes:
        evidence: The version, its sessions and labels.
        verdicts: The judge's numbers.
        judge: Its name.
        engine: What made its verdicts.
        use: What of a verdict counts.
        allowed: Labelled sessions whose labels may stand beside the judge: of the splits that may be read.
        aside: Sessions that no figure of the judge rests on, since labels of their groups helped to make it.
    """

    evidence: Evidence
    verdicts: VerdictTable
    judge: str
    engine: str | None
    use: Use
    allowed: frozenset[str]
    aside: frozenset[str] = frozenset()

    @cached_property
    def spoken(self) -> tuple[Session, ...]:
        """Sessions of the version that the judge was asked about, whether or not it answered."""
        return tuple(session for session in self.evidence.sessions if (session.id, None) in self.verdicts.targets)

    @cached_property
    def witnesses(self) -> tuple[str, ...]:
        """Those with a label of the splits that may be read, whatever they had to do with the judge's making."""
        labelled = {session.id for session in self.evidence.labelled}
        return tuple(each.id for each in self.spoken if each.id in labelled and each.id in self.allowed)

    @cached_property
    def asked(self) -> tuple[Session, ...]:
        """Sessions that the judge was asked about and had not learnt from: what its figures are of."""
        return tuple(session for session in self.spoken if session.id not in self.aside)

    @cached_property
    def beside(self) -> tuple[Session, ...]:
        """Those of them with a label that may be used."""
        labelled = {session.id for session in self.evidence.labelled}
        return tuple(each for each in self.asked if each.id in labelled and each.id in self.allowed)

    @cached_property
    def sampling(self) -> Sampling:
        """How these were picked."""
        return sampling_of(self.evidence.labels, [session.id for session in self.beside])

    @cached_property
    def method(self) -> Method:
        """What makes the figure that stands first, by the design."""
        return method_of(self.sampling, self.evidence.criterion.scale, has_levels=self.use == "value")

    @cached_property
    def dropped(self) -> dict[str, int]:
        """Sessions that no corrected figure speaks for, and labels that it does without, by cause."""
        labelled, asked = {each.id for each in self.evidence.labelled}, {each.id for each in self.asked}
        causes = Counter(
            not_judged=len(self.evidence.sessions) - len(self.spoken),
            in_lineage=len(self.spoken) - len(self.asked),
            label_not_judged=len(labelled - {each.id for each in self.spoken}),
            label_in_other_split=len((labelled & asked) - self.allowed),
        )
        return {cause: n for cause, n in sorted(causes.items()) if n}

    @cached_property
    def failures(self) -> dict[str, int]:
        """Why sessions that were asked about have no number -> how many."""
        found = Counter(self.verdicts.missing.get((s.id, None), "no_value") for s in self.asked if not self._judged(s))
        return dict(sorted(found.items()))

    @cached_property
    def sample(self) -> PartlyLabelled:
        """The sessions asked about, as numbers. Trials of an input count as one input together."""
        labelled = {session.id for session in self.beside}
        human = [self.evidence.number(each) if each.id in labelled else np.nan for each in self.asked]
        inputs = by_input(self.asked)
        units = joined_units(self.evidence.dataset, inputs)
        trials = {each.id: len(own) for own in inputs for each in own}
        is_weighted, weights = self.sampling.is_weighted, self.sampling.weights
        return PartlyLabelled(
            judge=np.array([self._number(each) for each in self.asked], dtype=np.float64),
            human=np.array(human, dtype=np.float64),
            units=np.array([units[each.id] for each in self.asked], dtype=np.int64),
            counts=np.array([1.0 if is_weighted else 1 / trials[each.id] for each in self.asked]),
            chances=np.array([1 / weights.get(each.id, 1.0) for each in self.asked]) if is_weighted else None,
            strata=_codes(self.asked, self.sampling.strata),
            dropped=self.dropped,
        )

    def row(self, metric: str, estimate: Estimate, estimator: str) -> Row:
        """Return an estimate that the judge had a part in as a row."""
        told = {"judge": self.judge, "engine": self.engine}
        return self.evidence.row(metric, estimate, estimator).model_copy(update=told)

    def _judged(self, session: Session) -> bool:
        return (session.id, None) in self.verdicts.numbers

    def _number(self, session: Session) -> float:
        """Return the judge's number; on a binary scale 1 is the positive level, as in the experts'."""
        if not self._judged(session):
            return np.nan
        return self.evidence.oriented(self.verdicts.numbers[session.id, None])


def _codes(sessions: tuple[Session, ...], strata: Mapping[str, str]) -> IntArray | None:
    """Return the stratum of each session as a number; None where none is recorded, or one has a single label."""
    if not strata or min(Counter(strata.values()).values()) < 2:
        return None
    place = {name: number for number, name in enumerate(sorted(set(strata.values())))}
    return np.array([place.get(strata.get(each.id, ""), -1) for each in sessions], dtype=np.int64)
