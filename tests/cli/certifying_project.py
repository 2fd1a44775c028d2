"""A project with a judge to be certified: a dataset with a rule and a locked test split, the judge, and its run."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from judgekit.adapters.store.certificate import CertificateFolder
from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.adapters.store.judge import JudgeFolder
from judgekit.adapters.store.run import RunFolder
from judgekit.records.certificate import Certificate
from judgekit.records.judge import Judge, Lineage
from judgekit.records.run import RunManifest
from judgekit.records.verdict import Failure, Verdict
from tests.analysis.composed_data import PASSED
from tests.workflows.certifying import N_OPEN, N_TEST, NOW, composed, said

N = N_OPEN + N_TEST
CERTIFY = ["score", "runs/judy", "data", "--certify", "--resamples", "200"]


def certifiable(path: Path) -> DatasetFolder:
    """Write the project into a folder, which is the working one."""
    folder = composed(path / "datasets" / "data")
    made_judge("judy")
    made_run("judy", said(N))
    return folder


def made_judge(name: str, **fields: object) -> Judge:
    judge = Judge.model_validate({"name": name, "kind": "stored", "criterion": PASSED, "target": "session", **fields})
    judge = judge.model_copy(update={"stored": None, "kind": "prompt", "user": "Passed?", "model": "composed/m"})
    JudgeFolder(Path("judges") / name).write(judge)
    return JudgeFolder(Path("judges") / name).load()


def made_run(
    judge: str,
    outcomes: Iterable[Verdict | Failure],
    *,
    state: str = "complete",
    lineage: Lineage | None = None,
    **fields: object,
) -> None:
    known = JudgeFolder(Path("judges") / judge).load() if (Path("judges") / judge).is_dir() else None
    manifest = RunManifest.model_validate({
        "judge": judge, "criterion": "passed", "request_fingerprint": "sha256:r", "engine": "replay", "model": "m",
        "judge_fingerprint": known.judge_fingerprint if known else "sha256:x", "n_targets": N, "n_expected": N,
        "state": state, "started_at": NOW, **fields,
    })  # fmt: skip
    shutil.rmtree(Path("runs") / judge, ignore_errors=True)
    run = RunFolder(Path("runs") / judge)
    run.write_manifest(manifest)
    for outcome in outcomes:
        run.add_outcome(outcome)
    run.finish()
    if lineage is not None:
        run.write_lineage(lineage)


def openings(folder: DatasetFolder) -> int:
    return len(folder.load().openings)


def certificate() -> Certificate:
    found = CertificateFolder(Path("judges/judy")).find("data", "passed")
    assert found is not None
    return found


def another_judge(_: DatasetFolder) -> None:
    """Reword what the judge is asked."""
    path = Path("judges/judy/user.j2")
    path.write_text("Passed, really?\n", encoding="utf-8")
