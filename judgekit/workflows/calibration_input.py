"""What a calibration may read: whose verdicts, on which labelled sessions, and what else of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import get_args

from judgekit.errors import InputError, UnknownName
from judgekit.judging.calibration import Place, Said, length_of, said_by_place
from judgekit.judging.prompt import PairTarget
from judgekit.records.calibration import CalibrationInput, CalibrationMethod
from judgekit.records.dataset import Dataset
from judgekit.records.judge import Judge, Lineage
from judgekit.records.label import SplitName
from judgekit.records.rubric import Criterion
from judgekit.records.verdict import Failure, Verdict
from judgekit.workflows.lineage import units_in_making


@dataclass(frozen=True)
class Heard:
    """One judge's verdicts that a calibration may read.

    Attributes:
        name: The judge's.
        outcomes: Its verdicts and failures.
        judge_fingerprint: What exactly judged; None where the verdicts did not say.
        lineage: Labels that helped to make it.
        engine: What made them.
    """

    name: str
    outcomes: Sequence[Verdict | Failure]
    judge_fingerprint: str | None = None
    lineage: Lineage = field(default_factory=Lineage)
    engine: str | None = None


@dataclass(frozen=True)
class Calibrating:
    """How to calibrate.

    Attributes:
        criteria: Only these; empty for all that the judge answers.
        splits: Splits whose labels are learnt from; never test.
        reference: How several raters become one; None for the usual rule of each scale.
        has_length: Whether the session's length is read too.
        has_criteria: Whether the judges' verdicts on other criteria are read too.
        method: Only this one; None for the best.
        coverage: Of the conformal intervals.
        seed: Of the folds.
        settings: What the door knows of this invocation.
    """

    criteria: Sequence[str] = ()
    splits: Sequence[SplitName] = ("train", "dev")
    reference: str | None = None
    has_length: bool = False
    has_criteria: bool = False
    method: CalibrationMethod | None = None
    coverage: float = 0.9
    seed: int = 7
    settings: dict[str, object] = field(default_factory=dict)


def require_own(judge: Judge, own: Heard) -> None:
    """Check that the first verdicts are the judge's own, and raw.

    Raises:
        InputError: They are not.
    """
    if own.name != judge.name:
        hint = "Give the judge's own run first, then other judges'"
        raise InputError(f"the first verdicts are by {own.name!r}", where=judge.name, hint=hint)
    if own.lineage.calibrated or (judge.calibrations and own.judge_fingerprint == judge.judge_fingerprint):
        hint = "Give the run that was made before calibration"
        raise InputError("these verdicts are calibrated already", where=judge.name, hint=hint)


def require_apart(heard: Sequence[Heard]) -> None:
    """Check that no judge is heard twice.

    Raises:
        InputError: One is.
    """
    names = [each.name for each in heard]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        hint = "Give each judge's run once"
        raise InputError(f"verdicts of {repeated!r} are given twice", where="--verdicts", hint=hint)


def require_splits(calibrating: Calibrating) -> None:
    """Check that there are such splits, and that the test split is left alone.

    Raises:
        InputError: It is not.
        UnknownName: There is no such split.
    """
    if "test" in calibrating.splits:
        hint = "Use --split train,dev"
        raise InputError("the test split testifies about judges and never calibrates them", where="--split", hint=hint)
    known = get_args(SplitName)
    for word in calibrating.splits:
        if word not in known:
            raise UnknownName("split", word, known, where="--split")


def allowed_targets(
    dataset: Dataset, criterion: Criterion, heard: Sequence[Heard], calibrating: Calibrating
) -> tuple[set[str], list[str]]:
    """Return the labelled targets that may be learnt from, and those that helped to make a judge."""
    made_with = set().union(*(units_in_making(dataset, each.lineage) for each in heard))
    known = {*dataset.session_by_id, *dataset.pair_by_id}
    labelled = {label.target for label in dataset.labels if label.criterion == criterion.id}
    labelled |= {each.target for each in dataset.adjudications if each.criterion == criterion.id}
    in_split = {
        target
        for target in labelled & known
        if dataset.splits is None or dataset.split_of(target) in calibrating.splits
    }
    barred = sorted(target for target in in_split if dataset.unit(target) in made_with)
    return in_split - set(barred), barred


def inputs_of(
    dataset: Dataset, judge: Judge, criterion: Criterion, heard: Sequence[Heard], calibrating: Calibrating
) -> list[CalibrationInput]:
    """Return what may be read: the judge's own verdict first, then other judges', other criteria, the length."""
    found: list[CalibrationInput] = []
    for place, each in enumerate(heard):
        name = judge.name if place == 0 else each.name
        spoken = {outcome.criterion for outcome in each.outcomes if isinstance(outcome, Verdict)}
        others = sorted(spoken - {criterion.id}) if calibrating.has_criteria else []
        for asked in ([criterion.id] if criterion.id in spoken or place == 0 else []) + others:
            scale = dataset.rubric.criterion(asked).scale
            if scale.measurement != "none":
                words = f"{name} on {asked}"
                found.append(
                    CalibrationInput(
                        words=words,
                        judge=name,
                        judge_fingerprint=each.judge_fingerprint,
                        criterion=asked,
                        scale=scale,
                    )
                )
    if calibrating.has_length:
        found.append(CalibrationInput(kind="length", words="length of the session"))
    return found


def said_on(dataset: Dataset, each: CalibrationInput, heard: Sequence[Heard]) -> dict[Place, Said]:
    """Return what one input is on every target that has it."""
    if each.kind == "length":
        sessions = dataset.session_by_id
        lengths: dict[Place, Said] = {(name, None): length_of(session) for name, session in sessions.items()}
        for pair in dataset.pairs:
            if pair.first in sessions and pair.second in sessions:
                lengths[pair.id, None] = length_of(PairTarget(pair, sessions[pair.first], sessions[pair.second]))
        return lengths
    own = heard[0] if each.judge not in {some.name for some in heard[1:]} else None
    source = own or next(some for some in heard[1:] if some.name == each.judge)
    return said_by_place(each, source.outcomes)
