"""Experiment: the question, the data, the versions and how to produce them, the plan of analysis, the gate."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from judgekit.records.policy import Policy
from judgekit.records.record import FORMAT, FormatNumber, Id, Record, fingerprint


class VersionSource(Record):
    """Where the sessions of one version come from: a command that makes them, or a file; neither: the dataset."""

    command: tuple[str, ...] = ()
    """Words of a command that reads inputs and writes sessions; `{inputs}`, `{sessions}` and `{version}` are filled in.
    No shell."""
    sessions: str | None = None
    """Path of a file of sessions, from the experiment's folder."""
    timeout_s: float = Field(default=3600, gt=0)
    """How long the command may take, in seconds."""

    @model_validator(mode="after")
    def _is_one_of_two(self) -> VersionSource:
        if self.command and self.sessions is not None:
            raise ValueError("a version has either a command or a file of sessions")
        return self

    @property
    def is_dataset(self) -> bool:
        """Whether the sessions stand in the dataset."""
        return not self.command and self.sessions is None


class Plan(Record):
    """How everything will be measured, fixed before it is: what the plan's hash covers, with versions and gate."""

    seed: int = 7
    """Of resamples and random orders."""
    level: float = Field(default=0.95, gt=0.5, lt=1)
    """Coverage of the intervals."""
    resamples: int = Field(default=2000, ge=100)
    reference: str | None = None
    """How several raters become one; None: the usual rule of each scale."""
    slices: tuple[str, ...] = ()
    """Fields of a session by whose values results are shown apart."""
    delta: float | None = Field(default=None, ge=0)
    """How far a judge may err otherwise on a version without labels; None: from past labelled versions."""
    calibrate: bool = False
    """Whether judges are calibrated on the dev split, where that gains, before they are used."""
    certify: bool = False
    """Whether the test split is opened to certify the judges, by the rules that the dataset declares."""


class Experiment(Record):
    """What `experiment.toml` holds."""

    format: FormatNumber = FORMAT
    name: str
    question: str = ""
    """What the experiment is to answer."""
    dataset: str
    """Path of the dataset folder, from the experiment's own folder."""
    judges: tuple[str, ...] = ()
    """Paths of judge folders, likewise."""
    baseline: str
    """Version compared against."""
    candidate: str
    """Version under test."""
    criteria: tuple[Id, ...] = ()
    """Criteria of the question; empty: all."""
    inputs: str | None = None
    """Path of a JSONL file of inputs that the versions' commands read."""
    versions: dict[str, VersionSource] = {}
    """Version -> where its sessions come from. Baseline and candidate are in the dataset where they are not named;
    the others named here are compared with them, and with each other."""
    plan: Plan = Plan()
    gate: Policy | None = None
    """What the candidate must show; None: nothing is decided."""

    @property
    def compared(self) -> tuple[str, ...]:
        """All versions of the question: the baseline, the candidate, then the others."""
        return tuple(dict.fromkeys((self.baseline, self.candidate, *self.versions)))

    @property
    def sources(self) -> dict[str, VersionSource]:
        """Version -> the command or file that its sessions come from, for those that are not in the dataset."""
        return {version: source for version, source in self.versions.items() if not source.is_dataset}

    @property
    def plan_hash(self) -> str:
        """Fingerprint of what is asked and how it will be answered: question, versions, criteria, plan, gate."""
        named = {"question", "dataset", "judges", "baseline", "candidate", "criteria", "versions", "plan", "gate"}
        return fingerprint(self.model_dump(mode="json", include=named))


Stage = Literal["produce", "judge", "calibrate", "certify", "agree", "score", "estimate", "compare", "gate", "report"]
"""What `experiment run` does, in order."""
