"""Where things lie in a project: its root, its cache, and the datasets, judges and experiments that have names."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from judgekit.adapters.store.files import validated, write_atomically
from judgekit.adapters.store.toml import parse_toml
from judgekit.errors import FileProblem, InputError, UnknownName
from judgekit.records.project import Project

ROOT_FILE = "judgekit.toml"
CACHE = ".judgekit"


def project_root(start: Path | None = None) -> Path:
    """Return the nearest folder, upward from `start`, that holds `judgekit.toml`; without one, `start` itself.

    Args:
        start: Where to begin; None: the working folder.
    """
    begin = (Path.cwd() if start is None else Path(start)).resolve()
    return next((folder for folder in (begin, *begin.parents) if (folder / ROOT_FILE).is_file()), begin)


def load_project(root: Path) -> Project:
    """Return what `judgekit.toml` says; without one, the defaults.

    Raises:
        InvalidRecord: A key or value does not fit; the message names file, line and the nearest key.
    """
    path = root / ROOT_FILE
    if not path.is_file():
        return Project()
    file = parse_toml(path)
    return validated(Project, file.data, file.place)


def cache_folder(root: Path) -> Path:
    """Return the project's `.judgekit/`, made where it is missing, with a `.gitignore` that covers it all.

    Raises:
        FileProblem: It could not be made.
    """
    folder = root / CACHE
    if not (folder / ".gitignore").exists():
        write_atomically(folder / ".gitignore", "*\n")
    return folder


def find_dataset(name_or_path: str | Path, start: Path | None = None) -> Path:
    """Return a dataset's folder, given its path or its name under `datasets/`.

    Raises:
        UnknownName: There is none of that name; the known ones are listed.
        FileProblem: It is written as a path, and there is no such folder.
    """
    return _find("dataset", name_or_path, project_root(start) / "datasets", "dataset.toml")


def find_judge(name_or_path: str | Path, start: Path | None = None) -> Path:
    """Return a judge's folder, given its path or its name under `judges/`.

    Raises:
        UnknownName: There is none of that name; the known ones are listed.
        FileProblem: It is written as a path, and there is no such folder.
    """
    return _find("judge", name_or_path, project_root(start) / "judges", "judge.toml")


def judge_folder_of(name: str) -> Path | None:
    """Return the folder of a judge under `judges/`, by its plain name; None where there is none."""
    if not name.strip() or Path(name).name != name or name in (".", ".."):
        return None  # a name that would lead elsewhere
    try:
        found = find_judge(name)
    except InputError:
        return None
    return found if (found / "judge.toml").is_file() else None


def find_experiment(name_or_path: str | Path, start: Path | None = None) -> Path:
    """Return an experiment's folder, given its path or its name under `experiments/`.

    Raises:
        UnknownName: There is none of that name; the known ones are listed.
        FileProblem: It is written as a path, and there is no such folder.
    """
    return _find("experiment", name_or_path, project_root(start) / "experiments", "experiment.toml")


def new_judge_folder(name_or_path: str | Path, start: Path | None = None) -> Path:
    """Return where a new judge goes: the path given, or a name under `judges/`.

    Raises:
        InputError: It has no last part that could be the judge's name.
        FileProblem: There is something already.
    """
    given = Path(name_or_path)
    path = given if len(given.parts) > 1 else project_root(start) / "judges" / given
    if given.name in ("", ".."):
        raise InputError(f"{str(name_or_path)!r} is no name for a judge", hint="Give a name such as resolution-v1")
    if path.exists():
        raise FileProblem("there is something already", where=str(path), hint="Choose another name, or remove it first")
    return path


def _find(kind: str, name_or_path: str | Path, shelf: Path, marker: str) -> Path:
    path = Path(name_or_path)
    named = shelf / path
    for found in (path, named):
        if (found / marker).is_file():
            return found
    if path.is_dir():  # a folder that lacks its marker: its reader says what is missing
        return path
    if len(path.parts) > 1 or os.sep in str(name_or_path):
        raise FileProblem(
            "no such folder", where=str(path), hint=f"Known: {', '.join(_known(shelf, marker)) or 'none'}"
        )
    raise UnknownName(kind, str(name_or_path), _known(shelf, marker), where=str(shelf))


def _known(shelf: Path, marker: str) -> Sequence[str]:
    return sorted(path.parent.name for path in shelf.glob(f"*/{marker}"))
