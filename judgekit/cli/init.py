"""`judgekit init`: a project to start from, with the gate as a check of pull requests."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from judgekit.errors import FileProblem, InputError

if TYPE_CHECKING:
    from judgekit.cli.console import Console

STARTER: dict[str, str] = {
    "judgekit.toml": "judgekit.toml",
    "datasets/README.md": "datasets.md",
    "judges/README.md": "judges.md",
    "experiments/@EXPERIMENT@/experiment.toml": "experiment.toml",
    ".github/actions/judgekit-gate/action.yml": "action.yml",
    ".github/workflows/judgekit.yml": "workflow.yml",
    ".pre-commit-config.yaml": "pre-commit-config.yaml",
}
"""File of the project -> the file beside this one that it is made from."""
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
"""What a folder's name may be that stands in TOML, YAML and shell words."""


def init(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="The project's folder; the working folder by default.")] = Path(),
    experiment: Annotated[str, typer.Option("--experiment", help="Name of the first experiment.")] = "first",
    dataset: Annotated[str, typer.Option("--dataset", help="Name of the dataset that it asks of.")] = "support",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the files; write none.")] = False,
) -> None:
    """Write a project to start from: an experiment with its gate, a GitHub Action, a pre-commit hook.

    Files that are there already are left alone.

    Examples: judgekit init  |  judgekit init my-project --experiment prompt-v2 --dataset support --dry-run
    """
    from judgekit.adapters.store.files import write_atomically
    from judgekit.records.report import Report

    console: Console = context.obj
    names = {"@EXPERIMENT@": _named(experiment, "--experiment"), "@DATASET@": _named(dataset, "--dataset")}
    if folder.exists() and not folder.is_dir():
        raise FileProblem("it is a file, not a folder", where=str(folder), hint="Name another folder")
    written, kept = [], []
    for target, text in starter_files(names).items():
        path = folder / target
        if path.exists() or path.is_symlink():
            kept.append(target)
            continue
        if not dry_run:
            write_atomically(path, text)
        written.append(target)
    lines = [f"{'would write' if dry_run else 'wrote'} {each}" for each in written]
    lines += [f"left alone  {each}: it is there already" for each in kept]
    console.emit(Report(kind="init", title=f"Project in {folder}", summary=tuple(lines)))
    console.show("\n".join(lines))
    where = "" if folder == Path() else f"cd {shlex.quote(str(folder))} && "
    console.suggest(f"{where}judgekit import sessions sessions.jsonl --dataset {dataset}")


def starter_files(names: Mapping[str, str]) -> dict[str, str]:
    """Return the files of a new project by path, with the names filled in.

    Args:
        names: Placeholder -> what stands in its place.
    """
    source = Path(__file__).parent / "starter"
    found = {target: (source / name).read_text(encoding="utf-8") for target, name in STARTER.items()}
    return {_filled(target, names): _filled(text, names) for target, text in found.items()}


def _filled(text: str, names: Mapping[str, str]) -> str:
    for placeholder, name in names.items():
        text = text.replace(placeholder, name)
    return text


def _named(name: str, option: str) -> str:
    """Return a name that is one plain word.

    Raises:
        InputError: It is not.
    """
    import re

    if not re.fullmatch(NAME, name):
        hint = "Use letters, digits, dots, hyphens and underscores, such as prompt-v2"
        raise InputError(f"{name!r} is no name for a folder", where=option, hint=hint)
    return name
