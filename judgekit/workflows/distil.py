"""`distill`: from the experts' labels to a student judge, and from a student judge to verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from judgekit.analysis.agreement import Measuring
from judgekit.distill.student import Choice, learn_student
from judgekit.distill.training import Training, training_of
from judgekit.judging.runner.interview import Target
from judgekit.judging.student import Student, judge_targets
from judgekit.records.dataset import Dataset
from judgekit.records.judge import Judge, Lineage
from judgekit.records.label import SplitName
from judgekit.records.record import Record
from judgekit.records.report import Row
from judgekit.records.verdict import Failure, Verdict
from judgekit.workflows.run import targets_of
from judgekit.workflows.score import Scoring, score

ENGINE = "student"
"""What answers when a student judges, named in every row."""


@dataclass(frozen=True)
class Distilled:
    """A student judge, its weights, and what it learnt from.

    Attributes:
        judge: The judge, with lineage and the fingerprint of the weights.
        student: The weights.
        choice: Settings that inner cross-validation chose for the full model.
        splits: Splits whose labels were learnt from; empty where the dataset has none.
        targets: Sessions or pairs learnt from, sorted.
        n_units: Independent units among them.
        label_counts: Labels learnt from, per level.
        dropped: Labels of the criterion that were not used, by cause.
    """

    judge: Judge
    student: Student
    choice: Choice
    splits: tuple[SplitName, ...]
    targets: tuple[str, ...]
    n_units: int
    label_counts: Mapping[str, int]
    dropped: Mapping[str, int]


class DistilSummary(Record):
    """What a distillation came to, for people and for `--json`."""

    judge: str
    criterion: str
    dataset: str
    judge_fingerprint: str
    weights: str | None
    splits: tuple[SplitName, ...]
    """Empty where the dataset has no splits: all labels were learnt from."""
    n_targets: int
    n_units: int
    n_folds: int
    seed: int
    label_counts: dict[str, int]
    """Level -> labels learnt from."""
    dropped: dict[str, int]
    """Cause -> labels of the criterion that were not used."""
    has_text: bool
    """Whether inner cross-validation found words to help beside the plain features."""
    strength: float
    """Inverse penalty that inner cross-validation chose."""
    rows: tuple[Row, ...] = ()
    """Agreement on the training units, each judged by the fold made without it: a hint, no certificate."""
    folder: str | None = None


def distil_student(
    dataset: Dataset,
    criterion: str,
    *,
    name: str,
    splits: Sequence[SplitName] = ("train",),
    n_folds: int = 5,
    seed: int = 7,
) -> Distilled:
    """Return a student judge learnt from the human labels of the chosen splits.

    Args:
        dataset: Sessions, rubric, labels and splits; without splits, all its labels are learnt from.
        criterion: Id of the question.
        name: The judge's name.
        splits: Splits whose labels may be learnt from; never test.
        n_folds: Models that each leave out one share of the units, for honest verdicts on training units.
        seed: Seed of the folds.

    Raises:
        InputError: Too few labels, labels all alike, a text scale, or the test split.
        UnknownName: The rubric has no such criterion.
    """
    training = training_of(dataset, dataset.rubric.criterion(criterion), splits=splits)
    learnt = learn_student(training, n_folds=n_folds, seed=seed)
    return Distilled(
        judge=_judge(name, dataset, training, learnt.student, learnt.folds),
        student=learnt.student,
        choice=learnt.choice,
        splits=tuple(splits) if dataset.splits else (),
        targets=training.targets,
        n_units=training.n_units,
        label_counts=training.label_counts(),
        dropped=training.dropped,
    )


def judge_with_student(
    judge: Judge, student: Student, targets: Dataset | Sequence[Target], *, now: datetime
) -> tuple[Verdict | Failure, ...]:
    """Return one outcome per target, in order; of a dataset, all its sessions, or pairs for a judge of pairs.

    A unit that the judge was learnt from is judged by the fold made without it, any other by the full model.

    Raises:
        InputError: The weights are not this judge's.
    """
    if isinstance(targets, Dataset):
        targets = targets_of(judge, targets.sessions, targets.pairs)
    return judge_targets(judge, student, targets, now=now)


def distil_summary(
    dataset: Dataset, distilled: Distilled, measuring: Measuring, *, now: datetime, folder: str | None = None
) -> DistilSummary:
    """Return what was learnt, with the agreement on training units, each judged by the fold made without it."""
    judge = distilled.judge
    learnt_from = set(distilled.targets)
    outcomes = judge_with_student(judge, distilled.student, dataset, now=now)
    own = [outcome for outcome in outcomes if outcome.target in learnt_from]
    scoring = Scoring(judge.name, ENGINE, lineage=judge.lineage, splits=distilled.splits or ("train",))
    rows = score(dataset, own, scoring, measuring).rows
    return DistilSummary(
        judge=judge.name,
        criterion=judge.criterion.id,
        dataset=dataset.name,
        judge_fingerprint=judge.judge_fingerprint,
        weights=judge.weights,
        splits=distilled.splits,
        n_targets=len(distilled.targets),
        n_units=distilled.n_units,
        n_folds=len(distilled.student.folds),
        seed=distilled.student.seed,
        label_counts=dict(distilled.label_counts),
        dropped=dict(distilled.dropped),
        has_text=distilled.choice.has_text,
        strength=distilled.choice.strength,
        rows=rows,
        folder=folder,
    )


def _judge(name: str, dataset: Dataset, training: Training, student: Student, folds: dict[str, int]) -> Judge:
    criterion = training.criterion
    return Judge(
        name=name,
        kind="student",
        description=f"Learnt from the experts' labels of {training.n_units} units of {dataset.name}",
        criterion=criterion,
        target="pair" if criterion.scale.type == "preference" else "session",
        orders="forward",
        lineage=Lineage(dataset=dataset.name, units=tuple(sorted(folds)), folds=dict(sorted(folds.items()))),
        weights=student.fingerprint(),
    )
