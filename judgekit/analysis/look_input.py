"""The inputs of a gate that looks as it goes: in which order they come, and what experts and a judge say of each.

A unit (a group, or an input by itself) comes whole. What each look makes of it is in `look_evidence`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from judgekit.analysis.comparison import Side
from judgekit.analysis.contrast import joint_designs
from judgekit.analysis.reference import Reference
from judgekit.analysis.verdict_table import VerdictTable
from judgekit.records.dataset import Dataset
from judgekit.records.label import AnswerStatus, Design, LabelKind
from judgekit.records.record import text_fingerprint
from judgekit.records.rubric import Criterion
from judgekit.stats.sample import FloatArray

ANSWERS = get_args(AnswerStatus)
"""What a judge may say in place of a number, which is no failure: the input then has no number."""
CENSUS, RANDOM = "census", "random"
Members = tuple[tuple[str, ...], tuple[str, ...]]
"""Sessions of one input: baseline's, then candidate's."""


@dataclass(frozen=True)
class InputOrder:
    """Inputs that stand on both sides, in the order in which they are judged.

    Attributes:
        inputs: In order.
        units: Unit of each, those of a unit one after the other.
        members: Input -> its sessions.
    """

    inputs: tuple[str, ...]
    units: tuple[str, ...]
    members: Mapping[str, Members]


def input_order(dataset: Dataset, sides: tuple[Side, Side], seed: int) -> InputOrder:
    """Return the inputs with sessions on both sides, their units in an order drawn by a seed.

    Units go by the hash of seed and name: it has nothing to do with what is in them, and those added later move none.
    """
    found: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for place, side in enumerate(sides):
        for each in sorted(side.sessions & dataset.session_by_id.keys()):
            asked = dataset.session_by_id[each].input
            if asked is not None:
                found[asked][place].append(each)
    members = {name: (tuple(before), tuple(after)) for name, (before, after) in found.items() if before and after}
    by_unit: dict[str, list[str]] = defaultdict(list)
    for name in sorted(members):
        by_unit[dataset.unit(min(*members[name][0], *members[name][1]))].append(name)
    drawn = sorted(by_unit, key=lambda unit: text_fingerprint(f"{seed} {unit}"))
    inputs = tuple(name for unit in drawn for name in by_unit[unit])
    return InputOrder(inputs, tuple(unit for unit in drawn for _ in by_unit[unit]), members)


@dataclass(frozen=True)
class Measure:
    """What is measured of an input: the difference of two versions, or the candidate alone.

    Attributes:
        criterion: The question.
        is_difference: Whether it is candidate minus baseline.
        ends: The least and the most that a session's number can be; None where the scale has no ends.
    """

    criterion: Criterion
    is_difference: bool

    @property
    def scale_ends(self) -> tuple[float, float] | None:
        """The least and the most that one session's number can be."""
        scale = self.criterion.scale
        if scale.levels:
            numbers = scale.numbers()
            return numbers[0], numbers[-1]
        return None if scale.min is None or scale.max is None else (scale.min, scale.max)

    @property
    def ends(self) -> tuple[float, float] | None:
        """The least and the most that what is measured can be; None where the scale has no ends."""
        if self.scale_ends is None or not self.is_difference:
            return self.scale_ends
        reach = self.scale_ends[1] - self.scale_ends[0]
        return -reach, reach

    def sessions(self, members: Members) -> tuple[str, ...]:
        """Return the sessions of an input that it is made of."""
        return (*members[0], *members[1]) if self.is_difference else members[1]

    def oriented(self, number: float) -> float:
        """Count the positive level of a binary criterion as 1."""
        positive = self.criterion.scale.positive_level
        return number if positive is None or self.criterion.scale.code(positive) == 1 else 1 - number

    def of_sides(self, sides: tuple[tuple[float, float] | None, ...]) -> tuple[float, float] | None:
        """Return the least and the most of an input from those of its sides; None where a side has no number."""
        before, after = sides
        if not self.is_difference:
            return after
        if before is None or after is None:
            return None
        return after[0] - before[1], after[1] - before[0]


@dataclass(frozen=True, eq=False)
class JudgeSays:
    """What a judge says of some inputs.

    Attributes:
        least: The least that each can be: failures count as whatever is least, shape (n_inputs,); NaN: no number.
        most: Likewise the most.
        n_asked: Sessions of each side.
        n_failed: Those of them without an answer, of each side.
        causes: Why -> sessions.
    """

    least: FloatArray
    most: FloatArray
    n_asked: tuple[int, int]
    n_failed: tuple[int, int]
    causes: Mapping[str, int]

    @property
    def sure(self) -> FloatArray:
        """The number of each input; NaN where a failure leaves it open."""
        return np.where(self.least == self.most, self.least, np.nan)


def judge_says(measure: Measure, members: Sequence[Members], table: VerdictTable) -> JudgeSays:
    """Return the judge's numbers of inputs, oriented, with trials averaged, and what failures leave open.

    Args:
        measure: What is measured, on a scale with ends.
        members: Sessions of each input.
        table: The judge's numbers.
    """
    ends = measure.scale_ends or (0.0, 0.0)
    low, high = sorted(measure.oriented(each) for each in ends)
    n_asked, n_failed, causes = [0, 0], [0, 0], defaultdict[str, int](int)

    def side_of(sessions: tuple[str, ...], side: int) -> tuple[float, float] | None:
        found = []
        for each in sessions:
            number = table.numbers.get((each, None))
            cause = table.missing.get((each, None), "not_judged")
            n_asked[side] += 1
            if number is not None and low - 1e-9 <= measure.oriented(number) <= high + 1e-9:
                found.append((measure.oriented(number),) * 2)
            elif number is not None or cause not in ANSWERS:
                n_failed[side] += 1
                causes[cause if number is None else "off_scale"] += 1
                found.append((low, high))
        return None if not found else (float(np.mean([a for a, _ in found])), float(np.mean([b for _, b in found])))

    spans = [
        measure.of_sides((side_of(each[0], 0) if measure.is_difference else None, side_of(each[1], 1)))
        for each in members
    ]
    least, most = (np.array([np.nan if each is None else each[end] for each in spans], dtype=float) for end in (0, 1))
    return JudgeSays(least, most, (n_asked[0], n_asked[1]), (n_failed[0], n_failed[1]), dict(causes))


@dataclass(frozen=True)
class ExpertsSay:
    """What experts say of inputs, and how these were picked.

    Attributes:
        values: Labelled input -> its number; NaN where the answer is none.
        weights: Labelled input -> one over the chance that it was; 1 where chances are not known.
        stop: Why these labels speak for nothing but themselves; None where they speak for all inputs.
        is_whole: Whether every input is labelled.
        has_chances: Whether chances are on record, so that a judge can help.
    """

    values: Mapping[str, float]
    weights: Mapping[str, float]
    stop: str | None = None
    is_whole: bool = False
    has_chances: bool = False

    @property
    def least_chance(self) -> float:
        """The least chance on record."""
        return 1 / max(self.weights.values(), default=1.0)


def experts_say(
    dataset: Dataset, measure: Measure, experts: Reference, order: InputOrder, kept: Collection[str]
) -> ExpertsSay:
    """Return the experts' numbers of inputs, oriented, and whether their labels were drawn at random.

    Chances are believed where the labelled inputs, each counted by one over its chance, come to as many as there are:
    labels that were thrown away, or picked from, do not.

    Args:
        dataset: Labels and their designs.
        measure: What is measured.
        experts: The experts' number of each session.
        order: All inputs.
        kept: Those that may count.
    """
    given = _given(dataset, measure, experts, order.members, kept)
    values = {name: _number(measure, order.members[name], experts) for name in given}
    n, n_labelled = len(kept), len(given)
    nothing = ExpertsSay({}, {})
    if not given:
        return nothing
    if n_labelled == n:
        return ExpertsSay(values, dict.fromkeys(given, 1.0), is_whole=True)
    if all({each.method for each in designs} == {RANDOM} and not _chances(designs) for designs in given.values()):
        return ExpertsSay(values, dict.fromkeys(given, 1.0))
    chances: dict[str, float] = {}
    for name, designs in given.items():
        known = _chances(designs)
        if len(known) != 1:
            words = "more than one recorded chance" if known else "no recorded chance"
            return ExpertsSay(values, {}, f"input {name!r} has {words} of being labelled: record design.probability")
        chances[name] = known[0]
    weights = {name: 1 / chance for name, chance in chances.items()}
    return ExpertsSay(values, weights, _misfit(chances, n), has_chances=True)


def _given(
    dataset: Dataset, measure: Measure, experts: Reference, members: Mapping[str, Members], kept: Collection[str]
) -> dict[str, list[Design]]:
    """Return the inputs that were labelled on every side that counts, and how they came to be."""
    kind: LabelKind = "gold" if experts.rule == "gold" else "human"
    designs: dict[str, list[Design]] = defaultdict(list)
    for label in dataset.labels_by_criterion[measure.criterion.id]:
        if label.kind == kind and label.session is not None and label.turn is None:
            designs[label.session] += [label.design] if label.design is not None else []
    answered = {each for each, turn in (*experts.values, *experts.missing) if turn is None}
    labelled = {name: [[each for each in side if each in answered] for side in members[name]] for name in sorted(kept)}
    is_together = not any(bool(before) != bool(after) for before, after in labelled.values())
    found = {}
    for name, (before, after) in labelled.items():
        if not after or (measure.is_difference and not before):
            continue
        own = [[design for each in side for design in designs[each]] for side in (before, after)]
        found[name] = joint_designs(*own, is_together=is_together) if measure.is_difference else own[1]
    return found


def _number(measure: Measure, members: Members, experts: Reference) -> float:
    def side_of(sessions: tuple[str, ...]) -> tuple[float, float] | None:
        told = [experts.values[each, None] for each in sessions if (each, None) in experts.values]
        mean = float(np.mean([measure.oriented(each) for each in told])) if told else 0.0
        return (mean, mean) if told else None

    span = measure.of_sides((side_of(members[0]), side_of(members[1])))
    return np.nan if span is None else span[0]


def _chances(designs: Sequence[Design]) -> list[float]:
    told = [1.0 if each.method == CENSUS and each.probability is None else each.probability for each in designs]
    return sorted({round(each, 12) for each in told if each is not None})


def _misfit(chances: Mapping[str, float], n: int) -> str | None:
    """Say that recorded chances cannot be those by which these inputs were labelled; None where they can.

    The sum of one over the chances is the number of inputs on average; 4 standard errors off is no accident.
    """
    drawn = np.array(list(chances.values()))
    stand_for, spread = float((1 / drawn).sum()), float(np.sqrt(((1 - drawn) / drawn**2).sum()))
    if abs(stand_for - n) <= 4 * spread + 1:
        return None
    return (
        f"{len(chances)} labelled inputs stand for {stand_for:.0f} by their recorded chances, and there are {n}: they "
        "are not a random draw of these inputs"
    )
