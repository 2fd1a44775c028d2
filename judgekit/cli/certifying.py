"""`score --certify`: open the test split through the ledger, certify, keep that and show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from judgekit.errors import InputError, UntrustedJudge

if TYPE_CHECKING:
    from datetime import datetime

    from judgekit.analysis.agreement import Measuring
    from judgekit.cli.console import Console
    from judgekit.records.score_report import ScoreReport
    from judgekit.workflows.score import Scoring


@dataclass(frozen=True)
class Request:
    """What is to be certified.

    Attributes:
        run: The judge's run folder.
        dataset: Dataset folder or name.
        criteria: Only these; empty: all that were judged and have a rule.
        is_unopened: Only on units that no opening has covered.
        by: Who opens the test split.
    """

    run: str
    dataset: str
    criteria: tuple[str, ...] = ()
    is_unopened: bool = False
    by: str | None = None


def certify_and_show(
    request: Request,
    options: Scoring,
    measuring: Measuring,
    console: Console,
    *,
    out: Path | None,
    is_asked: bool,
    others: Sequence[str],
) -> None:
    """Do what `score --certify` does: refuse, or open, certify, keep and show; code 5 where a rule does not hold.

    Args:
        request: Which run, dataset and criteria.
        options: Reference, slices, epsilon and settings of the command line.
        measuring: Resamples and randomness.
        console: Where cards and the record go.
        out: Where the report is saved too.
        is_asked: Whether `--certify` was given.
        others: Options given that have no place beside it.

    Raises:
        InputError: Options that do not go together, or what `certify_and_keep` refuses.
        UntrustedJudge: A certificate does not hold; it was written and shown.
    """
    from datetime import UTC, datetime

    from judgekit.adapters.store.files import write_atomically
    from judgekit.cli.console import json_text
    from judgekit.render.certificate_card import certificate_card

    if not is_asked:
        raise InputError("--unopened and --by need --certify", hint="They say how the test split is opened")
    if others:
        raise InputError(f"--certify and {others[0]} exclude each other", hint="It certifies a run as it is, on test")
    if not request.dataset:
        raise InputError("--certify needs the dataset", hint="judgekit score RUN DATASET --certify")
    report = certify_and_keep(request, options, measuring, console=console, now=datetime.now(UTC))
    if out is not None:
        write_atomically(out, json_text(report))
        console.say(f"saved {out}")
    console.emit(report)
    console.show("\n\n".join(certificate_card(each) for each in report.certificates))
    refuse_uncertified(report)
    console.suggest(f"judgekit judge show {report.judge}")


def certify_and_keep(
    request: Request, options: Scoring, measuring: Measuring, *, console: Console, now: datetime
) -> ScoreReport:
    """Open the test split for one run's judge, certify it, and return its report with the certificates.

    Args:
        request: Which run, dataset and criteria.
        options: Reference, slices, epsilon and settings of the command line.
        measuring: Resamples and randomness.
        console: For the lines of a rule to paste, and where certificates went.
        now: The present moment.

    Raises:
        InputError: Nothing may be certified; see `workflows.certify_run`.
        LeakError: Labels that helped to make the judge would certify it.
    """
    import secrets

    from judgekit.adapters.store.certificate import CertificateFolder
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.judge import load_judge
    from judgekit.adapters.store.probed import read_probed
    from judgekit.adapters.store.project import find_dataset, judge_folder_of
    from judgekit.adapters.store.run import RunFolder
    from judgekit.workflows.certify_run import Candidate, Sitting, certify_run

    dataset = DatasetFolder(find_dataset(request.dataset))
    if not Path(request.run).is_dir():
        hint = "Certify a run: judgekit run JUDGE DATASET -o RUN"
        raise InputError("verdicts from a file do not say which judge made them", where=request.run, hint=hint)
    run = RunFolder(Path(request.run)).load()
    folder = judge_folder_of(run.manifest.judge)
    if folder is None:
        hint = "Put the judge's folder under judges/, where its certificate is kept"
        raise InputError(f"no judge {run.manifest.judge!r} under judges/", where=request.run, hint=hint)
    kept = CertificateFolder(folder)
    sitting = Sitting(
        new_id=lambda: f"o-{secrets.token_hex(8)}",
        keep=lambda certificate: console.say(f"wrote {kept.write(certificate)}"),
        say=console.say,
        criteria=request.criteria,
        is_unopened=request.is_unopened,
        by=request.by,
    )
    candidate = Candidate(load_judge(folder), run, request.run, read_probed(folder))
    return certify_run(dataset, candidate, options, measuring, sitting=sitting, now=now)


def refuse_uncertified(report: ScoreReport) -> None:
    """End the command with code 5 where a certificate does not hold.

    Raises:
        UntrustedJudge: One does not.
    """
    failed = [each for each in report.certificates if not each.holds]
    if failed:
        why = "; ".join(f"{check.name}: {check.why}" for each in failed[:1] for check in each.checks if not check.holds)
        names = ", ".join(each.criterion for each in failed)
        hint = "The opening is spent; mend the judge on train and dev, and certify it on new labels (--unopened)"
        raise UntrustedJudge(f"{report.judge} is not certified for {names} ({why})", where=report.dataset, hint=hint)
