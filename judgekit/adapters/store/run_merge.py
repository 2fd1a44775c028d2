"""One run's folder from the folders of its parts."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from judgekit.adapters.store.files import file_problem
from judgekit.adapters.store.run import CALLS, OUTCOMES, SENDS, RunFolder
from judgekit.adapters.store.run_order import outcome_key
from judgekit.errors import InputError
from judgekit.judging.runner.tally import Latencies
from judgekit.records.run import Latency, RunManifest


def merge_folders(parts: Sequence[Path], out: Path, manifest: RunManifest) -> RunManifest:
    """Write the run that complete parts make up, and return its manifest with what only the rows tell.

    Args:
        parts: Folders, checked to be all the parts of one run.
        out: A new folder.
        manifest: Of the whole.

    Raises:
        FileProblem: It could not be written; `run.json` comes last, so that half a merge is no run.
        InputError: The parts hold other outcomes than their manifests say; then nothing is left in `out`.
    """
    folder = RunFolder(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name in (OUTCOMES, CALLS, SENDS):
            with (out / name).open("wb") as whole:
                for part in parts:
                    if (part / name).exists():
                        with (part / name).open("rb") as lines:
                            shutil.copyfileobj(lines, whole)
                whole.flush()
                os.fsync(whole.fileno())
    except OSError as error:
        raise file_problem(error, out) from error
    folder.finish()
    try:
        _require_each_once(out / OUTCOMES, manifest.n_expected)
    except InputError:
        for name in (OUTCOMES, CALLS, SENDS):
            (out / name).unlink()
        raise
    if any(RunFolder(part).manifest().latency for part in parts):
        manifest = manifest.model_copy(update={"latency": _latency(folder)})
    folder.write_lineage(RunFolder(parts[0]).lineage())
    folder.write_manifest(manifest)
    return manifest


def _latency(folder: RunFolder) -> Latency | None:
    """Return the percentiles over all calls: those of parts cannot be made one."""
    latencies = Latencies()
    for call in folder.each_call():
        if call.latency_s is not None:
            latencies.add(call.latency_s)
    return latencies.summary()


def _require_each_once(path: Path, n_expected: int) -> None:
    """Check that sorted outcomes are as many as expected, and no two of them the same one."""
    hint = "A part was changed after it was complete: run it again"
    n_rows, before = 0, None
    with path.open("rb") as lines:
        for line in lines:
            key = outcome_key(line)
            if key == before:
                raise InputError(f"the parts hold an outcome on {key[0].decode(errors='replace')} twice", hint=hint)
            n_rows, before = n_rows + 1, key
    if n_rows != n_expected:
        raise InputError(f"the parts hold {n_rows} outcomes, and {n_expected} were expected", hint=hint)
