"""What judges' certificates are worth now: for gates and estimates, and on the cards that `judge show` prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from judgekit.errors import TamperedLedger

if TYPE_CHECKING:
    from datetime import datetime

    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.records.certificate import ShownCertificate, Standing
    from judgekit.records.comparison_report import ComparisonReport
    from judgekit.records.dataset import Dataset
    from judgekit.records.judge import Judge
    from judgekit.records.quality_report import QualityReport
    from judgekit.workflows.score import Scoring

LEAN_ON_JUDGE = {"judge_raw", "rogan_gladen"}
"""Estimators that no random label of the same sessions corrects."""


def standings_of(
    dataset_folder: DatasetFolder, dataset: Dataset, judges: Sequence[Path], *, now: datetime
) -> tuple[Standing, ...]:
    """Return what the certificates of judges are worth now, for each criterion of theirs that a dataset asks.

    Args:
        dataset_folder: The dataset's.
        dataset: As loaded from it.
        judges: The judges' folders; each is what it is now.
        now: The present moment.
    """
    from judgekit.adapters.store.judge import load_judge

    known = {criterion.id for criterion in dataset.rubric.criteria}
    found: list[Standing] = []
    for path in judges:
        judge = load_judge(path)
        asked = [criterion.id for criterion in judge.criteria if criterion.id in known]
        found += _standings((dataset_folder, dataset), path, (judge.name, judge.judge_fingerprint), asked, now)
    return tuple(found)


def standings_of_verdicts(
    dataset_folder: DatasetFolder, dataset: Dataset, scoring: Scoring, criteria: Iterable[str], *, now: datetime
) -> tuple[Standing, ...]:
    """Return what the certificate of whoever made some verdicts is worth now, a criterion each.

    The judge's folder is found by its name under `judges/`; the fingerprint is that of the verdicts.

    Args:
        dataset_folder: The dataset's.
        dataset: As loaded from it.
        scoring: Names the judge and its fingerprint.
        criteria: Those that are asked about.
        now: The present moment.
    """
    from judgekit.adapters.store.project import judge_folder_of

    found = judge_folder_of(scoring.judge)
    who = (scoring.judge, scoring.judge_fingerprint)
    return tuple(_standings((dataset_folder, dataset), found, who, criteria, now))


def shown_certificates(folder: Path, judge: Judge, *, now: datetime) -> tuple[ShownCertificate, ...]:
    """Return a judge's certificates with what each is worth now; None where its dataset is not under `datasets/`.

    Args:
        folder: The judge's.
        judge: As it is now.
        now: The present moment.
    """
    from judgekit.adapters.store.certificate import CertificateFolder
    from judgekit.records.certificate import ShownCertificate

    shown: list[ShownCertificate] = []
    for held in CertificateFolder(folder).all():
        found = _dataset_folder(held.dataset)
        standing: Standing | None = None
        if found is not None:
            who = (judge.name, judge.judge_fingerprint)
            (standing,) = _standings((found, None), folder, who, [held.criterion], now)
        shown.append(ShownCertificate(certificate=held, standing=standing))
    return tuple(shown)


def certificates_text(shown: Sequence[ShownCertificate]) -> str:
    """Return certificates as cards, with a blank line before each; nothing where there are none."""
    from judgekit.render.certificate_card import certificate_card

    return "".join(f"\n\n{certificate_card(each.certificate, each.standing, is_now=True)}" for each in shown)


def standing_warnings(
    report: QualityReport | ComparisonReport,
    of: tuple[DatasetFolder, Dataset],
    judged_by: Iterable[Scoring],
    *,
    now: datetime,
) -> tuple[str, ...]:
    """Return one line a judge and criterion of a report: what the judge's certificate is worth, and what follows.

    Args:
        report: That the judges had a part in.
        of: The dataset's folder, and the dataset as loaded from it.
        judged_by: Who made the verdicts.
        now: The present moment.
    """
    words: list[str] = []
    for scoring in judged_by:
        spoken = dict.fromkeys(row.criterion for row in report.rows if row.judge == scoring.judge)
        for each in standings_of_verdicts(*of, scoring, spoken, now=now):
            first = {name for place, name in report.headline.items() if _criterion_of(place, each.criterion)}
            words.append(standing_words(each, leans_on_judge=bool(first & LEAN_ON_JUDGE)))
    return tuple(words)


def standing_words(standing: Standing, *, leans_on_judge: bool) -> str:
    """Return one line on a standing, for the warnings of a report that a judge had a part in.

    Args:
        standing: What the certificate is worth.
        leans_on_judge: Whether the figure that stands first takes the judge's word, or its error rates from elsewhere.
    """
    if standing.word == "valid":
        return f"{standing.criterion}: certificate valid: {standing.why}"
    said = f"{standing.criterion}: certificate {standing.word}: {standing.why}"
    if leans_on_judge:
        return f"{said}; NOT TRUSTED: the figure that stands first leans on this judge"
    return f"{said}; its own figures are not trusted, those corrected by labels drawn at random need no certificate"


def _standings(
    of: tuple[DatasetFolder, Dataset | None],
    folder: Path | None,
    who: tuple[str, str | None],
    criteria: Iterable[str],
    now: datetime,
) -> list[Standing]:
    from judgekit.adapters.store.certificate import CertificateFolder
    from judgekit.records.certificate import Standing
    from judgekit.workflows.standing import standing

    dataset_folder, loaded = of
    name, fingerprint = who
    kept = CertificateFolder(folder) if folder is not None else None
    try:
        dataset = loaded or dataset_folder.load()
        entries = dataset_folder.ledger.entries().entries
    except TamperedLedger as error:
        why = f"the ledger does not verify ({error.what})"
        return [Standing(judge=name, criterion=each, word="voided", why=why) for each in criteria]
    return [
        standing(
            kept.find(dataset.name, each) if kept is not None else None,
            dataset,
            entries,
            judge=name,
            judge_fingerprint=fingerprint,
            criterion=each,
            now=now,
        )
        for each in criteria
    ]


def _dataset_folder(name: str) -> DatasetFolder | None:
    """Return the dataset of a name under `datasets/`, whatever its folder is called; None where there is none."""
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.project import project_root

    for path in sorted((project_root() / "datasets").glob("*/dataset.toml")):
        folder = DatasetFolder(path.parent)
        if folder.card().name == name:
            return folder
    return None


def _criterion_of(place: str, criterion: str) -> bool:
    """Return whether a place of a headline, `criterion` or `criterion, version`, is of a criterion."""
    return place == criterion or place.startswith(f"{criterion}, ")
