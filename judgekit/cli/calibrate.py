"""`judgekit calibrate`: from a judge's verdicts to the experts' labels, kept in the judge's folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from judgekit.cli.options import Criteria, Out, Resampling
from judgekit.errors import InputError, UnknownName

if TYPE_CHECKING:
    from judgekit.records.calibration import CalibrationMethod
    from judgekit.records.dataset import Dataset
    from judgekit.records.label import SplitName
    from judgekit.workflows.calibrate import CalibratedJudge
    from judgekit.workflows.calibration_input import Heard


def calibrate(
    context: typer.Context,
    judge: Annotated[str, typer.Argument(help="Judge folder, or its name under judges/.")],
    dataset: Annotated[str, typer.Argument(help="Dataset folder or name.")],
    verdicts: Annotated[
        list[str], typer.Option("--verdicts", help="The judge's run or verdicts file; then other judges' (repeatable).")
    ],
    *,
    criterion: Criteria = None,
    beside: Annotated[
        list[str] | None,
        typer.Option("--with", help="Read this too: length, criteria (others of the runs), or a student judge."),
    ] = None,
    method: Annotated[
        str | None, typer.Option("--method", help="Only this method, such as linear; else the best is found.")
    ] = None,
    split: Annotated[str, typer.Option("--split", help="Splits learnt from: train, dev, or train,dev.")] = "train,dev",
    reference: Annotated[
        str | None, typer.Option("--reference", help="How several raters become one: median, group:NAME ...")
    ] = None,
    coverage: Annotated[float, typer.Option("--coverage", min=0.5, max=0.99, help="Of the conformal intervals.")] = 0.9,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report only; write nothing.")] = False,
    resampling: Resampling,
    out: Out = None,
) -> None:
    """Learn what a judge's verdicts mean in the experts' terms. Calls no engine; never reads the test split.

    The raw judge is kept where nothing gains more than noise.

    Example: judgekit calibrate resolution helpdesk --verdicts runs/resolution
    """
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.judge import load_judge
    from judgekit.adapters.store.project import find_dataset, find_judge
    from judgekit.cli.options import deliver
    from judgekit.workflows.calibrate import CalibratedJudge
    from judgekit.workflows.calibrate import calibrate as learn
    from judgekit.workflows.calibration_input import Calibrating

    folder = find_judge(judge)
    data = DatasetFolder(find_dataset(dataset)).load()
    names = beside or []
    heard = [_heard(source, data) for source in verdicts]
    heard += [_student(name, data) for name in names if name not in ("length", "criteria")]
    calibrating = Calibrating(
        criteria=tuple(criterion or ()),
        splits=_splits(split),
        reference=reference,
        has_length="length" in names,
        has_criteria="criteria" in names,
        method=_method(method),
        coverage=coverage,
        seed=resampling.seed,
        settings=resampling.provenance(),
    )
    found = learn(data, load_judge(folder), heard, calibrating, resampling.measuring())
    if not dry_run:
        found = CalibratedJudge(found.judge, found.report.model_copy(update={"folder": str(folder)}))
        _write(folder, found)
    deliver(found.report, context.obj, out)
    if found.judge.calibrations and not dry_run:
        others = " ".join(f"--beside {source}" for source in verdicts[1:])
        context.obj.suggest(
            f"judgekit run {judge} {dataset} -o RUN {others}".rstrip() + "   (stored replies are reused)"
        )


def _heard(source: str, data: Dataset) -> Heard:
    """Return one judge's verdicts from a run or a file."""
    from judgekit.cli.score import load_outcomes
    from judgekit.workflows.calibration_input import Heard

    outcomes, scoring = load_outcomes(source, None, data.rubric)
    return Heard(scoring.judge, outcomes, scoring.judge_fingerprint, scoring.lineage, scoring.engine)


def _student(name: str, data: Dataset) -> Heard:
    """Return a student judge's verdicts on the whole dataset, made here and now.

    Raises:
        InputError: It is no student.
    """
    from datetime import UTC, datetime

    from judgekit.adapters.store.judge import JudgeFolder, load_judge
    from judgekit.adapters.store.project import find_judge
    from judgekit.adapters.store.student import load_student
    from judgekit.workflows.calibration_input import Heard
    from judgekit.workflows.distil import judge_with_student

    folder = find_judge(name)
    judge = load_judge(folder)
    if judge.kind != "student":
        hint = "Give its run with --verdicts RUN"
        raise InputError(f"--with takes length, criteria or a student, and {name!r} is a {judge.kind} judge", hint=hint)
    student = load_student(JudgeFolder(folder).weights_path)
    outcomes = judge_with_student(judge, student, data, now=datetime.now(UTC))
    return Heard(judge.name, outcomes, judge.raw_fingerprint, judge.lineage, "student")


def _write(folder: Path, found: CalibratedJudge) -> None:
    from judgekit.adapters.store.judge import JudgeFolder

    JudgeFolder(folder).write_calibrations(found.judge)


def _method(name: str | None) -> CalibrationMethod | None:
    from typing import get_args

    from judgekit.records.calibration import CalibrationMethod

    if name is not None and name not in get_args(CalibrationMethod):
        raise UnknownName("method", name, get_args(CalibrationMethod), where="--method")
    return name  # type: ignore[return-value]  # checked above


def _splits(text: str) -> tuple[SplitName, ...]:
    from typing import get_args

    from judgekit.records.label import SplitName

    words = tuple(word.strip() for word in text.split(",") if word.strip())
    for word in words:
        if word not in get_args(SplitName):
            raise UnknownName("split", word, get_args(SplitName), where="--split")
    if not words:
        raise InputError(f"--split {text!r} names no split", hint="Use --split train,dev")
    return words  # type: ignore[return-value]  # checked above
