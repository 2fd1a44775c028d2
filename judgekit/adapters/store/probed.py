"""What a judge's folder keeps of its last probing: `probes.json`, no part of the judge itself."""

from __future__ import annotations

from pathlib import Path

from judgekit.adapters.store.files import read_json, validated, write_json
from judgekit.records.probed import Probed

FILE = "probes.json"


def read_probed(judge_folder: Path) -> Probed | None:
    """Return what is kept; None where nothing is.

    Raises:
        FileProblem: It cannot be read.
        InvalidRecord: It is no such record.
    """
    path = judge_folder / FILE
    return validated(Probed, read_json(path), str(path)) if path.is_file() else None


def write_probed(judge_folder: Path, probed: Probed) -> Path:
    """Keep a probing in the place of the last one, whole or not at all, and return where.

    Raises:
        FileProblem: It could not be written; what stood there still does.
    """
    path = judge_folder / FILE
    write_json(path, probed.model_dump(mode="json"))  # with its nulls: an undefined estimate has no value
    return path
