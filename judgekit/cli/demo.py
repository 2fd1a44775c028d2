"""`judgekit demo`: the whole idea on the shipped example, without a key and without a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from judgekit.errors import FileProblem

if TYPE_CHECKING:
    from judgekit.cli.console import Console
    from judgekit.records.experiment import Experiment

MARK = ".made-by-judgekit-demo"
DATASET = "datasets/helpdesk"
EXPERIMENT = "experiments/helpdesk"
NOTES = (
    "Sessions, labels and the prompt judges' replies (via replay) are composed.",
    "Scores: train and dev splits. The test split stays locked.",
)
"""What a reader of the demo must know, whatever it shows."""
MADE = ("runs", "reports", "sessions", "calibrations", "report.html", "report.json", "plan.json", ".*")
"""What running an experiment leaves in its folder, and a copy does without."""


def demo(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Where the copy of the example goes.")] = Path("judgekit-demo"),
) -> None:
    """Run the shipped example: agreement, judges, versions, gate, report.

    Example: judgekit demo

    Everything is composed: sessions, labels and the prompt judges' replies (served by the replay engine). The student
    judges learnt from the labels. The demo works on a copy and leaves the shipped files alone.
    """
    from judgekit.adapters.store.experiment import ExperimentFolder
    from judgekit.cli.experiment import run_experiment
    from judgekit.cli.running import RunHow
    from judgekit.records.any_report import Reports

    console: Console = context.obj
    source, home = example_root(), ExperimentFolder(folder / EXPERIMENT)
    copy_example(source, folder, ExperimentFolder(source / EXPERIMENT).load())
    console.say(f"the example is copied to {folder}")
    done = run_experiment(home, how=RunHow(), console=console)
    console.show(done.text(NOTES))
    console.suggest("open the report; then README, 'Ten minutes on your own data'")
    console.emit(Reports(reports=done.reports))


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
        ignored = shutil.ignore_patterns(*MADE) if part == EXPERIMENT else None
        try:
            shutil.copytree(source / part, folder / part, ignore=ignored)
        except shutil.Error as error:  # what copytree makes of several refusals; the first says enough
            why = str(error.args[0][0][2]) if error.args and error.args[0] else str(error)
            hint = "Free some space or choose another folder"
            raise FileProblem(f"the example cannot be copied ({why})", where=str(folder), hint=hint) from error
