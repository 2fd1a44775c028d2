"""`score --certify`: open the test split through the ledger, certify, keep that; what certificates are worth now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from judgekit.errors import InputError, TamperedLedger, UntrustedJudge

if TYPE_CHECKING:
    from datetime import datetime

    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.analysis.agreement import Measuring
    from judgekit.cli.console import Console
    from judgekit.records.certificate import Certificate, ShownCertificate, Standing
    from judgekit.records.dataset import Dataset
    from judgekit.records.judge import Judge
    from judgekit.records.report import ComparisonReport, QualityReport, ScoreReport
    from judgekit.records.verdict import Failure, Verdict
    from judgekit.workflows.opening import Exam
    from judgekit.workflows.score import Scoring

SUGGESTED = {
    "binary": "min_youden_j = 0.6\nmax_bias = 0.1",
    "ordinal": "min_kappa = 0.6\nmax_bias = 0.25",
}
"""Type of scale -> lines of a rule to begin with; other scales get `min_kappa` alone."""

LEAN_ON_JUDGE = {"judge_raw", "rogan_gladen"}
"""Estimators that no random label of the same sessions corrects."""


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
        InputError: Options that do not go together, or what `certify_run` refuses.
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
    report = certify_run(request, options, measuring, console=console, now=datetime.now(UTC))
    if out is not None:
        write_atomically(out, json_text(report))
        console.say(f"saved {out}")
    console.emit(report)
    console.show("\n\n".join(certificate_card(each) for each in report.certificates))
    refuse_uncertified(report)
    console.suggest(f"judgekit judge show {report.judge}")


def certify_run(
    request: Request, options: Scoring, measuring: Measuring, *, console: Console, now: datetime
) -> ScoreReport:
    """Open the test split for one run's judge, certify it, and return its report with the certificates.

    Everything that refuses it does so before the opening is written; once that stands in the ledger, the look counts.

    Args:
        request: Which run, dataset and criteria.
        options: Reference, slices, epsilon and settings of the command line.
        measuring: Resamples and randomness.
        console: For the lines of a rule to paste.
        now: The present moment.

    Raises:
        InputError: Nothing may be certified; see `workflows.opening.exam`.
        LeakError: Labels that helped to make the judge would certify it.
    """
    from judgekit.adapters.store.certificate import CertificateFolder
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.project import find_dataset
    from judgekit.workflows.opening import exam, unopened_units

    folder = DatasetFolder(find_dataset(request.dataset))
    data = folder.load()
    outcomes, scoring, judge_folder = _judged(request, data, options)
    names = _criteria(request, data, outcomes, console)
    exams = [  # all of them are refused, or none, before anything is opened
        exam(
            data,
            name,
            rule=data.card.certify[name],
            judged=(outcomes, scoring),
            measuring=measuring,
            units=unopened_units(data, name) if request.is_unopened else None,
        )
        for name in names
    ]
    kept = CertificateFolder(judge_folder)
    certificates: list[Certificate] = []
    for one in exams:
        certificate = _certified(folder, one, (outcomes, scoring), measuring, by=request.by, now=now)
        console.say(f"wrote {kept.write(certificate)}")
        certificates.append(certificate)
    return _report(folder, exams, (outcomes, scoring), measuring, certificates=certificates)


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


def _criterion_of(place: str, criterion: str) -> bool:
    """Return whether a place of a headline, `criterion` or `criterion, version`, is of a criterion."""
    return place == criterion or place.startswith(f"{criterion}, ")


def judge_folder_of(name: str) -> Path | None:
    """Return the folder of a judge under `judges/`, by its plain name; None where there is none."""
    from judgekit.adapters.store.project import find_judge

    if not name.strip() or Path(name).name != name or name in (".", ".."):
        return None  # a name that would lead elsewhere
    try:
        found = find_judge(name)
    except InputError:
        return None
    return found if (found / "judge.toml").is_file() else None


def _dataset_folder(name: str) -> DatasetFolder | None:
    """Return the dataset of a name under `datasets/`, whatever its folder is called; None where there is none."""
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.project import project_root

    for path in sorted((project_root() / "datasets").glob("*/dataset.toml")):
        folder = DatasetFolder(path.parent)
        if folder.card().name == name:
            return folder
    return None


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


def _judged(request: Request, data: Dataset, options: Scoring) -> tuple[list[Verdict | Failure], Scoring, Path]:
    """Return a run's outcomes, what is known of its judge, and the judge's folder, which must hold the same judge."""
    from judgekit.adapters.store.judge import load_judge
    from judgekit.adapters.store.run import RunFolder
    from judgekit.cli.score import load_outcomes

    path = Path(request.run)
    if not path.is_dir():
        hint = "Certify a run: judgekit run JUDGE DATASET -o RUN"
        raise InputError("verdicts from a file do not say which judge made them", where=request.run, hint=hint)
    state = RunFolder(path).manifest().state
    if state != "complete":
        raise InputError(f"the run is {state}", where=request.run, hint="The same `judgekit run` completes it")
    outcomes, known = load_outcomes(request.run, None, data.rubric)
    folder = judge_folder_of(known.judge)
    if folder is None:
        hint = "Put the judge's folder under judges/, where its certificate is kept"
        raise InputError(f"no judge {known.judge!r} under judges/", where=request.run, hint=hint)
    judge = load_judge(folder)
    if judge.judge_fingerprint != known.judge_fingerprint:
        was, now = (known.judge_fingerprint or "unknown")[:19], judge.judge_fingerprint[:19]
        hint = "Run the judge as it is now, and certify that run"
        raise InputError(
            f"the run was made by another judge than {folder} is now ({was}, now {now})", where=request.run, hint=hint
        )
    _refuse_strange_verdicts(outcomes, judge, request.run)
    scoring = replace(
        options,
        judge=known.judge,
        engine=known.engine,
        model=known.model,
        judge_fingerprint=known.judge_fingerprint,
        lineage=known.lineage,
        combine=known.combine,
    )
    return outcomes, _with_lineage(scoring, judge, data), folder


def _refuse_strange_verdicts(outcomes: Iterable[Verdict | Failure], judge: Judge, where: str) -> None:
    """Refuse a run that holds verdicts of some other judge."""
    own = {None, judge.judge_fingerprint, judge.raw_fingerprint}
    strange = next((each for each in outcomes if each.judge_fingerprint not in own), None)
    if strange is not None:
        what = f"the verdict on {strange.target!r} is by another judge ({str(strange.judge_fingerprint)[:19]})"
        raise InputError(what, where=where, hint=f"Run {judge.name} again into a new folder")


def _with_lineage(scoring: Scoring, judge: Judge, data: Dataset) -> Scoring:
    """Bar also the units that the judge's own folder names, should the run's copy lack them."""
    from judgekit.records.judge import Calibrated

    barred = tuple(sorted(judge.verdict_lineage.barred(data.name)))
    if not barred:
        return scoring
    held = scoring.lineage
    added = Calibrated(dataset=data.name, units=barred)
    return replace(scoring, lineage=held.model_copy(update={"calibrated": (*held.calibrated, added)}))


def _criteria(request: Request, data: Dataset, outcomes: Sequence[Verdict | Failure], console: Console) -> list[str]:
    """Return the criteria to certify: those asked for, else all that were judged and have a rule.

    Raises:
        InputError: One of them has no rule, or none has; the lines to paste were said.
    """
    from judgekit.workflows.score import judged_criteria

    judged = [criterion.id for criterion in judged_criteria(data, outcomes)]
    asked = [data.rubric.criterion(name).id for name in dict.fromkeys(request.criteria)]
    for name in asked:
        if name not in judged:
            raise InputError(f"no verdict is on criterion {name}", where=request.run, hint="Name one that was judged")
    ruled = [name for name in asked or judged if name in data.card.certify]
    passed_over = [name for name in judged if not asked and name not in ruled]
    lacking = [name for name in asked if name not in ruled] or ([] if ruled else judged)
    if not lacking:
        if passed_over:
            console.say(f"not certified, since no rule is declared for it: {', '.join(passed_over)}")
        return ruled
    for name in lacking:
        if data.rubric.criterion(name).scale.levels:
            console.say(rule_lines(name, data.rubric.criterion(name).scale.type))
    hint = "Add such lines to its dataset.toml, with numbers of your own, before anything is opened"
    raise InputError(f"no rule is declared for {', '.join(lacking)}", where=request.dataset, hint=hint)


def rule_lines(criterion: str, scale: str) -> str:
    """Return the lines of `dataset.toml` that declare a rule, to be pasted and thought over.

    Example:
        >>> print(rule_lines("tone of voice", "ordinal"))
        [certify."tone of voice"]
        min_kappa = 0.6
        max_bias = 0.25
        max_failure_rate = 0.05
        level = 0.95
        expires_days = 90
    """
    from judgekit.workflows.opening import toml_key

    asked = SUGGESTED.get(scale, "min_kappa = 0.6")
    return f"[certify.{toml_key(criterion)}]\n{asked}\nmax_failure_rate = 0.05\nlevel = 0.95\nexpires_days = 90"


def _certified(
    folder: DatasetFolder,
    one: Exam,
    judged: tuple[Sequence[Verdict | Failure], Scoring],
    measuring: Measuring,
    *,
    by: str | None,
    now: datetime,
) -> Certificate:
    """Write the opening into the ledger, and only then compute what it shows."""
    import secrets

    from judgekit.workflows.certify import certify
    from judgekit.workflows.opening import heads_of, opening_of

    outcomes, scoring = judged
    opening = opening_of(one, scoring, name=f"o-{secrets.token_hex(8)}", by=by, now=now)
    folder.ledger.append([opening], now=now, prefix="opening")
    heads = heads_of(folder.ledger.entries().entries)
    return certify(
        folder.load(),
        outcomes,
        scoring,
        measuring,
        rule=one.rule,
        criterion=one.criterion.id,
        opening=opening,
        n_openings=one.opening,
        heads=heads,
        now=now,
    )


def _report(
    folder: DatasetFolder,
    exams: Sequence[Exam],
    judged: tuple[Sequence[Verdict | Failure], Scoring],
    measuring: Measuring,
    *,
    certificates: Sequence[Certificate],
) -> ScoreReport:
    """Return the score report on what was opened, each criterion on its own sessions, the certificates with it."""
    from judgekit.workflows.score import score

    outcomes, scoring = judged
    opened = {one.criterion.id: one.targets for one in exams}
    own = [each for each in outcomes if each.target in opened.get(each.criterion, ())]
    told = replace(scoring, splits=("test",), opened=frozenset().union(*opened.values()))
    report = score(folder.load(), own, told, measuring)
    words = tuple(line for each in certificates for line in each.words)
    return report.model_copy(update={"certificates": tuple(certificates), "summary": (*words, *report.summary)})
