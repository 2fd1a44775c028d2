"""Where the sessions of an experiment's versions come from: a command that makes them once, a file, the dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from judgekit.errors import FileProblem, InputError

if TYPE_CHECKING:
    from pathlib import Path

    from judgekit.adapters.store.experiment import ExperimentFolder, Made
    from judgekit.cli.console import Console
    from judgekit.records.dataset import Dataset
    from judgekit.records.experiment import Experiment, VersionSource
    from judgekit.records.experiment_report import Produced, VersionOrigin
    from judgekit.records.verdict import Failure, Verdict

SAID = {"inputs": "inputs", "sessions": "sessions", "version": "version"}
"""What stands in braces in a command, and is filled in."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """The dataset with the sessions of all versions, and where they came from."""

    dataset: Dataset
    versions: tuple[VersionOrigin, ...]


def gathered(
    folder: ExperimentFolder, experiment: Experiment, dataset: Dataset, *, fresh: bool, console: Console
) -> Gathered:
    """Make, or read, the sessions of every version, and join them to the dataset.

    Args:
        folder: The experiment's.
        experiment: What is declared.
        dataset: Its dataset, as it lies on disk.
        fresh: Whether commands are run again where their sessions are there already.
        console: For progress.

    Raises:
        InputError: A command failed, or what it wrote does not fit; nothing of it counts.
    """
    from judgekit.records.experiment_report import VersionOrigin
    from judgekit.workflows.experiment import origin_of, with_sessions

    names = folder.input_names(experiment)
    origins: list[VersionOrigin] = []
    whole = dataset
    for version, source in experiment.sources.items():
        if source.command:
            produced, made = _produced(folder, experiment, version, source, fresh=fresh, console=console)
            origin = VersionOrigin(
                version=version, source="command", n_sessions=0, command=source.command, at=produced.at,
                took_s=produced.took_s, sessions=made.fingerprint,
            )  # fmt: skip
        else:
            made = folder.read_file(version, source)
            origin = VersionOrigin(
                version=version, source="file", n_sessions=0, path=source.sessions, sessions=made.fingerprint
            )
        origins.append(origin_of(origin, made.sessions, names))
        whole = with_sessions(whole, made.sessions)
    for version in experiment.compared:
        if version not in experiment.sources:
            own = [session for session in dataset.sessions if session.version == version]
            origins.append(origin_of(VersionOrigin(version=version, source="dataset", n_sessions=0), own, names))
    return Gathered(whole, tuple(origins))


def gathered_so_far(
    folder: ExperimentFolder, experiment: Experiment, dataset: Dataset, *, fresh: bool = False
) -> tuple[Dataset, tuple[str, ...]]:
    """Return the dataset with the sessions that are there, and the versions whose command is still to make theirs.

    Args:
        folder: The experiment's.
        experiment: What is declared.
        dataset: Its dataset, as it lies on disk.
        fresh: Whether what commands have made does not count.

    Raises:
        InputError: A version's file is missing or does not fit.
    """
    from judgekit.workflows.experiment import with_sessions

    lacking: list[str] = []
    for version, source in experiment.sources.items():
        found = None if fresh and source.command else folder.sessions_so_far(experiment, version)
        if found is None:
            lacking.append(version)
        else:
            dataset = with_sessions(dataset, found)
    return dataset, tuple(lacking)


def refuse_outdated(outcomes: Sequence[Verdict | Failure], dataset: Dataset, run: Path) -> None:
    """Refuse an experiment's run over sessions of a version that has since left the experiment.

    Raises:
        FileProblem: It holds such sessions.
    """
    known = dataset.session_by_id.keys() | dataset.pair_by_id.keys()
    strange = {outcome.target for outcome in outcomes} - known
    if strange:
        told = (
            f"{len(strange)} sessions in it are of no version of the experiment as it is now, such as {min(strange)!r}"
        )
        raise FileProblem(told, where=str(run), hint=f"judgekit experiment run {run.parent.parent} makes it anew")


def _produced(
    folder: ExperimentFolder, experiment: Experiment, version: str, source: VersionSource, *, fresh: bool,
    console: Console,
) -> tuple[Produced, Made]:  # fmt: skip
    """Return what a version's command made; it is run where it has not made this yet."""
    from judgekit.adapters.clock import SystemClock
    from judgekit.adapters.producing import Command, run_command
    from judgekit.records.experiment_report import Produced

    inputs = folder.inputs_fingerprint(experiment)
    found = None if fresh else folder.made(version, source, inputs)
    if found is not None:
        return found
    draft, path = folder.draft(version), folder.sessions(version)
    filled = {"version": version, "sessions": str(draft.resolve()), "inputs": str(folder.inputs(experiment) or "")}
    words = filled_in(source.command, filled, f"{folder.path / 'experiment.toml'}: versions.{version}")
    clock = SystemClock()
    at, started_s = clock.now().replace(microsecond=0), clock.monotonic()
    console.say(f"make {version}: {' '.join(words)}")
    try:
        run_command(
            Command(words, folder.path, path.with_suffix(".log"), source.timeout_s, f"the command of {version!r}")
        )
        took_s = round(clock.monotonic() - started_s, 3)
        produced = Produced(
            version=version, command=source.command, inputs=inputs, sessions="", n_sessions=0, at=at, took_s=took_s
        )
        made = folder.accept(draft, produced)
    finally:
        draft.unlink(missing_ok=True)
    console.say(f"  {len(made.sessions)} sessions in {took_s:.0f} s, kept in {path}")
    return produced, made


def filled_in(command: Sequence[str], filled: dict[str, str], where: str) -> tuple[str, ...]:
    """Return a command's words with what stands in braces filled in; other braces stay as they are.

    Args:
        command: As declared.
        filled: What each of the words in braces stands for.
        where: Where it is declared.

    Raises:
        InputError: It does not say where the sessions go, or reads inputs and none are declared.
    """
    if not any("{sessions}" in word for word in command):
        hint = "Put {sessions} where your program takes the name of the file that it writes"
        raise InputError("the command does not say where its sessions go", where=where, hint=hint)
    if not filled["inputs"] and any("{inputs}" in word for word in command):
        hint = 'Declare the file: inputs = "inputs.jsonl"'
        raise InputError("the command reads {inputs}, and the experiment declares none", where=where, hint=hint)
    return tuple(_filled(word, filled) for word in command)


def _filled(word: str, filled: dict[str, str]) -> str:
    """Fill in one word from left to right, so that what is filled in is not looked at again."""
    import re

    return re.sub(r"\{(inputs|sessions|version)\}", lambda found: filled[found[1]], word)
