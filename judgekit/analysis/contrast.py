"""Two versions that a judge saw in whole and experts in part: what corrects the difference, and how labels were picked.

Labels whose group helped to make the judge, or that lie in a locked split, stand beside nothing the judge said.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from judgekit.analysis.comparison import PairedInputs, Side, oriented, oriented_numbers, paired_inputs
from judgekit.analysis.rating import Target
from judgekit.analysis.reference import Reference
from judgekit.analysis.sampling import Sampling, sampling_of
from judgekit.analysis.verdict_table import VerdictTable
from judgekit.records.dataset import Dataset
from judgekit.records.label import Design, Label, LabelKind
from judgekit.records.report import Row
from judgekit.records.rubric import Criterion
from judgekit.stats.estimate import Estimate, undefined
from judgekit.stats.partly_labelled import MIN_LABELS, PartlyLabelled
from judgekit.stats.version_difference import powered_difference

TOGETHER = "paired_mixture"
"""Way of picking: an input, with all its sessions that had no label yet; its probability is the input's."""


@dataclass(frozen=True)
class Contrast:
    """What is known of two versions on one criterion.

    Attributes:
        dataset: Sessions and labels.
        criterion: The question.
        sides: Baseline and candidate.
        verdicts: The judge's numbers.
        experts: The experts' number of each target.
        allowed: Sessions whose labels may stand beside the judge, by split.
        barred: Sessions that nothing corrected may rest on, since labels of their groups helped to make the judge.
    """

    dataset: Dataset
    criterion: Criterion
    sides: tuple[Side, Side]
    verdicts: VerdictTable
    experts: Reference
    allowed: Collection[str]
    barred: Collection[str]

    @property
    def between(self) -> str:
        """`candidate~baseline`."""
        return f"{self.sides[1].name}~{self.sides[0].name}"

    @cached_property
    def judged(self) -> PairedInputs:
        """Inputs with verdicts on both sides; 1 is the positive level."""
        return oriented(self.criterion, paired_inputs(self.dataset, self.verdicts.numbers, self.sides))

    @cached_property
    def asked(self) -> PairedInputs:
        """Inputs on which the judge was asked about both sides; NaN on a side of which it gave no number.

        What a judge fails on may be what got worse: labels can say so only where such inputs are not left out.
        """
        known, input_of = self.verdicts.numbers, {each.id: each.input for each in self.dataset.sessions}
        spoken = [{input_of.get(each) for each in side.sessions if (each, None) in known} for side in self.sides]
        silent: dict[Target, float] = {
            (each, None): math.nan
            for side, inputs in zip(self.sides, spoken, strict=True)
            for each in side.sessions
            if (each, None) in self.verdicts.targets and input_of.get(each) not in inputs
        }
        return oriented(self.criterion, paired_inputs(self.dataset, {**known, **silent}, self.sides))

    @cached_property
    def labelled(self) -> PairedInputs:
        """Inputs with labels on both sides, whatever the judge."""
        return oriented(self.criterion, paired_inputs(self.dataset, self.experts.values, self.sides))

    @cached_property
    def usable(self) -> Mapping[str, int]:
        """Inputs whose labels may correct the judge -> their place in `labelled`; all without a judge."""
        known = set(self._whole.inputs)
        return {
            name: place
            for place, (name, members) in enumerate(zip(self.labelled.inputs, self.labelled.members, strict=True))
            if name in known and all(each in self.allowed and each not in self.barred for each in sum(members, ()))
        }

    @cached_property
    def witnesses(self) -> tuple[str, ...]:
        """Judged sessions with a label that would stand beside the judge, whatever they had to do with its making.

        Of both sides; where the candidate has no such label, of all versions, whose labels then say how the judge errs.
        """
        told = {target for target, turn in self.experts.values if turn is None and target in self.allowed}
        told = {each for each in told if (each, None) in self.verdicts.numbers}
        baseline, candidate = (side.sessions & told for side in self.sides)
        return tuple(sorted(baseline | candidate if candidate else told & self.dataset.session_by_id.keys()))

    def labelled_of(self, sessions: Iterable[str]) -> list[str]:
        """Return those of some sessions with a verdict and a label that may stand beside it."""
        return sorted(
            each
            for each in sessions
            if (each, None) in self.experts.values
            and (each, None) in self.verdicts.numbers
            and each in self.allowed
            and each not in self.barred
        )

    def numbers_of(self, sessions: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the judge's and the experts' numbers of sessions, 1 being the positive level."""
        named = [(each, None) for each in sessions]
        found = (np.array([held[each] for each in named]) for held in (self.verdicts.numbers, self.experts.values))
        judge, human = (oriented_numbers(self.criterion, each) for each in found)
        return judge, human

    @cached_property
    def sampling(self) -> Sampling:
        """How the inputs with usable labels were picked, both sides of an input together."""
        kind: LabelKind = "gold" if self.experts.rule == "gold" else "human"
        side_of: dict[str, tuple[str, int]] = {}
        for name, place in self.usable.items():
            for side, members in enumerate(self.labelled.members[place]):
                side_of |= dict.fromkeys(members, (name, side))
        labels = [
            each
            for each in self.dataset.labels_by_criterion[self.criterion.id]
            if each.kind == kind and each.target in side_of
        ]
        is_together = not any(self.labelled.dropped.get(f"only_{side.name}") for side in self.sides)
        return sampling_of(_of_inputs(labels, side_of, is_together=is_together), list(self.usable))

    @cached_property
    def sampled(self) -> tuple[str, ...]:
        """Inputs asked about of which no session's group helped to make the judge; labelled ones without a judge."""
        return tuple(
            name
            for name, members in zip(self._whole.inputs, self._whole.members, strict=True)
            if not any(each in self.barred for side in members for each in side)
        )

    @property
    def is_partly_labelled(self) -> bool:
        """Whether some judged inputs carry labels that may be used and others none at all: what correction is for."""
        judged = set(self.judged.inputs) & set(self.sampled)
        return bool(self.usable) and not judged <= set(self.labelled.inputs)

    @property
    def headline(self) -> str:
        """The estimator that stands first, by what was labelled and how it was picked, not by any label's value."""
        sampling = self.sampling
        is_fit = not (sampling.refused or sampling.chosen) and len(self.usable) >= MIN_LABELS
        if self.judged.inputs and self.is_partly_labelled and is_fit:
            return "ppi"
        return "labels_only" if self.labelled.inputs else "judge_raw"

    @cached_property
    def sample(self) -> PartlyLabelled:
        """Inputs as numbers: the judge's difference, and the experts' where both sides carry usable labels.

        Inputs whose group helped to make the judge are no part of it, with or without labels; those on which it failed
        are, without its difference.
        """
        names = self.sampled
        whole = self._whole
        place_of = {name: place for place, name in enumerate(whole.inputs)}
        kept = [place_of[name] for name in names]
        own = self.labelled.differences
        human = [own[self.usable[name]] if name in self.usable else np.nan for name in names]
        chances = None
        if self.sampling.is_weighted:
            chances = np.array([1 / self.sampling.weights.get(name, 1.0) for name in names])
        n_out = len(whole.inputs) - len(kept)
        n_locked = len((set(names) & set(self.labelled.inputs)) - self.usable.keys())
        judge = whole.differences[kept].astype(np.float64) if self.judged.inputs else np.full(len(kept), np.nan)
        return PartlyLabelled(
            judge=judge,
            human=np.array(human, dtype=np.float64),
            units=whole.units[kept],
            counts=np.ones(len(kept)),
            chances=chances,
            dropped={cause: n for cause, n in (("in_lineage", n_out), ("label_in_locked_split", n_locked)) if n},
        )

    @property
    def _whole(self) -> PairedInputs:
        return self.asked if self.judged.inputs else self.labelled

    @property
    def step(self) -> float:
        """The scale's smallest difference; 0 where numbers have none."""
        numbers = self.criterion.scale.numbers()
        return float(np.diff(numbers).min()) if len(numbers) > 1 else 0.0

    def corrected(self, level: float) -> Estimate:
        """Return the experts' difference over all judged inputs, or why it is not given."""
        n = len(self.usable)
        if self.sampling.refused:
            return undefined("unknown_probability", self.sampling.refused, n=n, level=level)
        if self.sampling.chosen:
            how = ", ".join(f"{method} {count}" for method, count in sorted(self.sampling.chosen.items()))
            hint = "within each class, which says nothing of differences" if self.sampling.is_by_class else how
            words = f"labelled inputs were picked for what they are ({hint}), with unknown chances"
            return undefined("unknown_probability", words, n=n, level=level)
        return powered_difference(self.sample, step=self.step, level=level)

    def weighted(self, level: float) -> Estimate:
        """Return the experts' difference from labels alone, each input by one over its chance of being labelled."""
        return powered_difference(self.sample, step=self.step, level=level, is_weighted_only=True)

    def row(self, metric: str, estimate: Estimate, estimator: str) -> Row:
        """Return an estimate of the difference as a row."""
        return Row(
            criterion=self.criterion.id, metric=metric, between=self.between, estimate=estimate, estimator=estimator
        )


def _of_inputs(labels: Iterable[Label], side_of: Mapping[str, tuple[str, int]], *, is_together: bool) -> list[Label]:
    """Return one label an input that tells how it was picked: the chance that both its sides were."""
    designs: dict[str, tuple[list[Design], list[Design]]] = defaultdict(lambda: ([], []))
    some: dict[str, Label] = {}
    for label in labels:
        name, side = side_of[label.target]
        some.setdefault(name, label)
        if label.design is not None:
            designs[name][side].append(label.design)
    told = {name: joint_designs(*designs[name], is_together=is_together) for name in some}
    return [
        some[name].model_copy(update={"session": name, "pair": None, "design": design})
        for name in sorted(some)
        for design in told[name]
    ]


def joint_designs(before: list[Design], after: list[Design], *, is_together: bool) -> list[Design]:
    """Return how both sides of an input came to be picked: together, or each by its own draw.

    Where no input is labelled on one side alone, equal chances are those of one draw; others are multiplied.
    """
    declared = [each for each in (*before, *after) if each.method == TOGETHER]
    if declared:
        return declared
    chances = [{each.probability for each in side if each.probability is not None} for side in (before, after)]
    if any(len(each) != 1 for each in chances) or (is_together and chances[0] == chances[1]):
        return [*before, *after]
    both = chances[0].pop() * chances[1].pop()
    return [each.model_copy(update={"probability": both}) for each in (*before, *after)]
