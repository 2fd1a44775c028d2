"""An experiment's folder: `experiment.toml`, and beside it runs, sessions that versions made, and reports."""

from __future__ import annotations

from pathlib import Path

from judgekit.adapters.store.toml import read_toml
from judgekit.errors import FileProblem
from judgekit.records.experiment import Experiment

EXPERIMENT_FILE = "experiment.toml"


class ExperimentFolder:
    """One experiment on disk."""

    def __init__(self, path: Path | str) -> None:
        """Name the folder; nothing is read yet."""
        self.path = Path(path)

    def load(self) -> Experiment:
        """Return the experiment.

        Raises:
            FileProblem: There is no `experiment.toml`.
            InvalidRecord: A key or value does not fit; the message names file, line and the nearest key.
        """
        file = self.path / EXPERIMENT_FILE
        if not file.is_file():
            raise FileProblem(f"no {EXPERIMENT_FILE}", where=str(self.path), hint="Name an experiment's folder")
        return read_toml(file, Experiment)

    def dataset(self, experiment: Experiment) -> Path:
        """Return the dataset's folder."""
        return (self.path / experiment.dataset).resolve()

    def judges(self, experiment: Experiment) -> list[Path]:
        """Return the judges' folders, in the experiment's order."""
        return [(self.path / each).resolve() for each in experiment.judges]

    def run(self, judge: str) -> Path:
        """Return where a judge's run goes."""
        return self.path / "runs" / judge

    def sessions(self, version: str) -> Path:
        """Return where the sessions go that a version's command makes."""
        return self.path / "sessions" / f"{version}.jsonl"

    @property
    def reports(self) -> Path:
        """Where reports go."""
        return self.path / "reports"
