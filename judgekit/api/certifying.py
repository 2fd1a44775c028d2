"""`judgekit.certify`: what `score --certify` does, ledger and certificates on disk included."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from judgekit.api.given import RESAMPLES, SEED, words_of
from judgekit.errors import InputError

if TYPE_CHECKING:
    from judgekit.records.run import Run
    from judgekit.records.score_report import ScoreReport


def certify(
    dataset: str | Path,
    run: Run | str | Path,
    judge: str | Path | None = None,
    *,
    criteria: str | Sequence[str] = (),
    unopened: bool = False,
    by: str | None = None,
    reference: str | None = None,
    slices: str | Sequence[str] = (),
    epsilon: float = 0.2,
    seed: int = SEED,
    level: float = 0.95,
    n_resamples: int = RESAMPLES,
) -> ScoreReport:
    """Open the test split, hold a judge to its declared rule, and return the report with its `certificates`.

    The look is written into the dataset's ledger before anything is computed, and counts; each halves what is left to
    err. Certificates go into the judge's folder, whether the rule holds or not: `certificate.holds` says.

    Args:
        dataset: Its folder, or its name under `datasets/`; `[certify.CRITERION]` in its dataset.toml is the rule.
        run: The judge's run: its folder, or what `run` returned.
        judge: The judge's folder, or its name under `judges/`; None: that of the name that the run says.
        criteria: Only these; empty: all that were judged and have a rule.
        unopened: Only on sessions that were never opened.
        by: Who opens the test split.
        reference: `majority`, `mean`, `median`, `adjudicated`, `gold`, `rater:NAME` or `group:NAME`.
        slices: Fields whose values are shown beside.
        epsilon: Of the alternative annotator test.
        seed: Of the resampling.
        level: Coverage of what stands beside the rule, which says its own.
        n_resamples: Bootstrap resamples.

    Raises:
        InputError: Nothing may be certified; then nothing was opened.
        LeakError: Labels that helped to make the judge would certify it.
        UnknownName: There is no such dataset, judge or criterion.
    """
    import secrets
    from datetime import UTC, datetime

    import numpy as np

    from judgekit.adapters.store.certificate import CertificateFolder
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.judge import load_judge
    from judgekit.adapters.store.probed import read_probed
    from judgekit.adapters.store.project import find_dataset, find_judge, judge_folder_of
    from judgekit.adapters.store.run import RunFolder
    from judgekit.analysis.agreement import Measuring
    from judgekit.workflows.certify_run import Candidate, Sitting, certify_run
    from judgekit.workflows.score import Scoring

    loaded = RunFolder(Path(run)).load() if isinstance(run, str | Path) else run
    where = str(run) if isinstance(run, str | Path) else f"the run of {loaded.manifest.judge}"
    folder = find_judge(judge) if judge is not None else judge_folder_of(loaded.manifest.judge)
    if folder is None:
        hint = "Give the judge's folder, where its certificate is kept"
        raise InputError(f"no judge {loaded.manifest.judge!r} under judges/", where=where, hint=hint)
    options = Scoring(
        loaded.manifest.judge,
        reference=reference,
        slices=words_of(slices),
        epsilon=epsilon,
        n_worst=0,
        settings={"seed": seed},
    )
    sitting = Sitting(
        new_id=lambda: f"o-{secrets.token_hex(8)}",
        keep=CertificateFolder(folder).write,
        say=lambda _: None,
        criteria=words_of(criteria),
        is_unopened=unopened,
        by=by,
    )
    return certify_run(
        DatasetFolder(find_dataset(dataset)),
        Candidate(load_judge(folder), loaded, where, read_probed(folder)),
        options,
        Measuring(np.random.default_rng(seed), level, n_resamples),
        sitting=sitting,
        now=datetime.now(UTC),
    )
