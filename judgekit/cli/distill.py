"""`judgekit distill`: a judge learnt from the experts' labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from judgekit.cli.options import DEFAULT_RESAMPLES, DEFAULT_SEED
from judgekit.errors import InputError, UnknownName

if TYPE_CHECKING:
    from pathlib import Path

    from judgekit.cli.console import Console
    from judgekit.records.dataset import Dataset
    from judgekit.records.label import SplitName
    from judgekit.workflows.distil import Distilled, DistilSummary


def distill(
    context: typer.Context,
    dataset: Annotated[str, typer.Argument(help="Dataset folder or name.")],
    criterion: Annotated[str, typer.Option("--criterion", "-c", help="Which question the judge answers.")],
    out: Annotated[str, typer.Option("--out", "-o", help="Folder of the new judge, or its name under judges/.")],
    student: Annotated[bool, typer.Option("--student", help="Learn a local model: no key, no network.")] = False,
    split: Annotated[str, typer.Option("--split", help="Splits learnt from: train, dev, or train,dev.")] = "train",
    folds: Annotated[int, typer.Option("--folds", min=2, help="Models that each leave out one share.")] = 5,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the folds.")] = DEFAULT_SEED,
) -> None:
    """Learn a judge from the experts' labels.

    Its verdicts on units that it learnt from come from folds made without them.

    Example: judgekit distill helpdesk --criterion policy --student -o judges/policy-student
    """
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.project import find_dataset, new_judge_folder
    from judgekit.workflows.distil import distil_student

    if not student:
        raise InputError("only --student can be distilled in this version", hint="Add --student to the command")
    splits = _splits(split)
    path = new_judge_folder(out)
    data = DatasetFolder(find_dataset(dataset)).load()
    distilled = distil_student(data, criterion, name=path.name, splits=splits, n_folds=folds, seed=seed)
    _write(path, distilled)
    summary = _summary(data, distilled, path)
    console: Console = context.obj
    console.emit(summary)
    console.show(summary_text(summary))
    console.suggest(f"judgekit run {out} {dataset} -o RUN, then judgekit score RUN {dataset}")


def summary_text(summary: DistilSummary) -> str:
    """Return what was learnt from and how well it went, in lines of at most 80 columns."""
    from textwrap import fill

    from judgekit.render.words import causes_text

    splits = " and ".join(summary.splits) or "all labels, the dataset has no splits"
    kind = "the plain features and words" if summary.has_text else "the plain features alone"
    facts = {
        "learnt from": f"{summary.n_targets} targets in {summary.n_units} independent units ({splits})",
        "labels": _counted(summary.label_counts),
        "not used": causes_text(summary.dropped),
        "chosen": f"{kind}, C = {summary.strength:g}, by inner cross-validation",
        "cross-fitted": _headline(summary),
        "": f"(each training unit judged by that of {summary.n_folds} models made without it: a hint, no proof)",
        "written": summary.folder or "nowhere",
    }
    lines = [
        fill(f"{name:<13} {words}", 80, subsequent_indent=" " * 14, break_long_words=False, break_on_hyphens=False)
        for name, words in facts.items()
    ]
    return "\n".join([f"{summary.judge}: a student judge of {summary.criterion}", *lines])


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in counts.items())


def _headline(summary: DistilSummary) -> str:
    from judgekit.render.number import estimate_text
    from judgekit.stats.metric_words import metric_words

    row = next((each for each in summary.rows if each.between == "judge~reference"), None)
    return "no agreement" if row is None else f"{metric_words(row.metric)} {estimate_text(row.estimate, row.metric)}"


def _splits(text: str) -> tuple[SplitName, ...]:
    from typing import get_args

    from judgekit.records.label import SplitName

    words = tuple(word.strip() for word in text.split(",") if word.strip())
    for word in words:
        if word not in get_args(SplitName):
            raise UnknownName("split", word, get_args(SplitName), where="--split")
    return words  # type: ignore[return-value]  # checked above


def _write(path: Path, distilled: Distilled) -> None:
    from judgekit.adapters.store.judge import JudgeFolder
    from judgekit.adapters.store.student import write_student_judge

    write_student_judge(JudgeFolder(path), distilled.judge, distilled.student)


def _summary(dataset: Dataset, distilled: Distilled, path: Path) -> DistilSummary:
    from datetime import UTC, datetime

    from judgekit.cli.options import measuring
    from judgekit.workflows.distil import distil_summary

    how = measuring(distilled.student.seed, 0.95, DEFAULT_RESAMPLES)
    return distil_summary(dataset, distilled, how, now=datetime.now(UTC), folder=str(path))
