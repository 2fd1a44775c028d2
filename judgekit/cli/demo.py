"""`judgekit demo`: the whole idea on the shipped example, without a key and without a network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from judgekit.errors import FileProblem

if TYPE_CHECKING:
    from judgekit.analysis.agreement import Measuring
    from judgekit.cli.console import Console
    from judgekit.records.any_report import AnyReport
    from judgekit.records.dataset import Dataset
    from judgekit.records.experiment import Experiment
    from judgekit.records.verdict import Failure, Verdict
    from judgekit.workflows.score import Scoring

MARK = ".made-by-judgekit-demo"
SEED = 7
DATASET = "datasets/helpdesk"
EXPERIMENT = "experiments/helpdesk"


def demo(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Where the copy of the example goes.")] = Path("judgekit-demo"),
) -> None:
    """Run the shipped example: agreement, judges, versions, report.

    Example: judgekit demo

    Everything is composed: sessions, labels and the prompt judges' replies (served by the replay engine). The student
    judges learnt from the labels. The demo works on a copy and leaves the shipped files alone.
    """
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.files import write_atomically
    from judgekit.adapters.store.toml import read_toml
    from judgekit.records.experiment import Experiment
    from judgekit.render.html import render_html
    from judgekit.render.overview import overview

    console: Console = context.obj
    source, home = example_root(), folder / EXPERIMENT
    experiment = read_toml(source / EXPERIMENT / "experiment.toml", Experiment)
    copy_example(source, folder, experiment)
    dataset = DatasetFolder((home / experiment.dataset).resolve()).load()
    console.say(f"{len(dataset.sessions)} composed sessions, {len(dataset.raters)} experts; copied to {folder}")
    reports = _reports(dataset, experiment, home, console)
    for place, report in enumerate(reports):
        write_atomically(
            home / "reports" / f"{place + 1:02d}-{report.kind}.json", report.model_dump_json(indent=2) + "\n"
        )
    page = home / "report.html"
    write_atomically(page, render_html(reports, title=f"{experiment.name}: {experiment.question}"))
    console.show(f"{experiment.question}\n{overview(reports)}\n")
    console.show("  Sessions, labels and the prompt judges' replies (via replay) are composed.")
    console.show("  Scores: train and dev splits. The test split stays locked.")
    console.show(f"\nreport: {page}")
    console.suggest("open the report; then README, 'Ten minutes on your own data'")
    _emit(console, reports)


def example_root() -> Path:
    """Return the folder that holds the shipped example: in the wheel, or in a checkout."""
    import judgekit

    package = Path(judgekit.__file__).resolve().parent
    for root in (package / "_example", package.parent):
        if (root / DATASET / "dataset.toml").is_file():
            return root
    raise FileProblem("the example is not beside the package", where=str(package), hint="Reinstall judgekit-eval")


def copy_example(source: Path, folder: Path, experiment: Experiment) -> None:
    """Copy the experiment, its dataset and its judges; an earlier copy of the demo is replaced, nothing else is.

    Raises:
        FileProblem: The folder exists and the demo did not make it.
    """
    import shutil

    from judgekit.adapters.store.files import write_atomically

    if folder.exists() and not (folder / MARK).is_file() and any(folder.iterdir()):
        raise FileProblem("the folder is not empty, and not a copy of the demo", where=str(folder), hint="Name another")
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / MARK, "The demo replaces this folder when it is run again.\n")
    for part in (DATASET, EXPERIMENT, *(f"judges/{Path(judge).name}" for judge in experiment.judges)):
        shutil.rmtree(folder / part, ignore_errors=True)
        ignored = shutil.ignore_patterns("runs", "reports", "report.html")
        try:
            shutil.copytree(source / part, folder / part, ignore=ignored)
        except shutil.Error as error:  # what copytree makes of several refusals; the first says enough
            why = str(error.args[0][0][2]) if error.args and error.args[0] else str(error)
            hint = "Free some space or choose another folder"
            raise FileProblem(f"the example cannot be copied ({why})", where=str(folder), hint=hint) from error


def _reports(dataset: Dataset, experiment: Experiment, home: Path, console: Console) -> list[AnyReport]:
    from dataclasses import replace

    from judgekit.cli.options import DEFAULT_RESAMPLES, measuring, provenance
    from judgekit.cli.run import run_here
    from judgekit.cli.score import load_outcomes, scoring_with
    from judgekit.workflows.agree import agree
    from judgekit.workflows.compare_several import compare_versions
    from judgekit.workflows.score import score

    def how() -> Measuring:
        return measuring(SEED, 0.95, DEFAULT_RESAMPLES)

    console.say("agreement of the experts ...")
    reports: list[AnyReport] = [agree(dataset, how(), settings=provenance(SEED))]
    judged = []
    for path in experiment.judges:
        folder = home / "runs" / Path(path).name
        console.say(f"judge {Path(path).name} over {len(dataset.sessions)} sessions ...")
        run_here((home / path).resolve(), dataset, folder, console=console)
        outcomes, scoring = load_outcomes(str(folder), None)
        chosen = scoring_with(scoring, reference=None, splits="train,dev", use="value", settings=provenance(SEED))
        judged.append((outcomes, replace(chosen, slices=("version",))))
    console.say("judges against the experts ...")
    reports += [
        score(dataset, outcomes, _beside_students(judged, place), how()) for place, (outcomes, _) in enumerate(judged)
    ]
    console.say(f"{experiment.candidate} against {experiment.baseline} ...")
    reports.append(compare_versions(dataset, judged, (experiment.baseline, experiment.candidate), measuring=how()))
    return reports


def _beside_students(judged: Sequence[tuple[list[Verdict | Failure], Scoring]], place: int) -> Scoring:
    """Return one judge's scoring with the students of its criterion, which need no key, as what it must beat."""
    from dataclasses import replace

    from judgekit.workflows.score import Rival

    outcomes, scoring = judged[place]
    criteria = {outcome.criterion for outcome in outcomes}
    students = [
        Rival(other.judge, theirs, other.lineage)
        for theirs, other in judged
        if other.engine == "student" and other.judge != scoring.judge and criteria & {each.criterion for each in theirs}
    ]
    return replace(scoring, rivals=tuple(students))


def _emit(console: Console, reports: list[AnyReport]) -> None:
    from judgekit.records.any_report import Reports

    console.emit(Reports(reports=tuple(reports)))
