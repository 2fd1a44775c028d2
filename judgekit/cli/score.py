"""`judgekit score`: verdicts against labels, from a run, a verdicts file, or one plain table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from judgekit.cli.options import Criteria, Metrics, Out, Resampling
from judgekit.errors import InputError, UnknownName

if TYPE_CHECKING:
    from judgekit.cli.console import Console
    from judgekit.records.dataset import Dataset
    from judgekit.records.rubric import Rubric
    from judgekit.records.score_report import ScoreReport
    from judgekit.records.verdict import Failure, Verdict
    from judgekit.workflows.score import Rival, Scoring

LINES = (".jsonl", ".jsonl.gz")
"""Endings of files in the form of `verdicts.jsonl`; other files are tables."""


@dataclass(frozen=True)
class Asked:
    """What is to be scored, and how: the options of `judgekit score`."""

    judge: Annotated[
        str | None, typer.Option("--judge", help="With --human: the judge's column. Else: which judge of the file.")
    ] = None
    human: Annotated[
        list[str] | None, typer.Option("--human", help="Column of a human label; repeatable, one a rater.")
    ] = None
    scale: Annotated[
        str | None, typer.Option("--scale", help="With --human: the scale, such as ordinal:1..5 or binary:fail,pass.")
    ] = None
    group: Annotated[str | None, typer.Option("--group", help="With --human: column of the user or task.")] = None
    reference: Annotated[
        str | None,
        typer.Option("--reference", help="majority, mean, median, adjudicated, gold, rater:NAME or group:NAME."),
    ] = None
    split: Annotated[str, typer.Option("--split", help="Splits read: dev, train, or train,dev.")] = "dev"
    use: Annotated[str, typer.Option("--use", help="What of a verdict: its value, or its finer score.")] = "value"
    samples: Annotated[
        int | None, typer.Option("--samples", help="Only the first so many samples of each verdict; else all.")
    ] = None
    pairs: Annotated[
        str | None,
        typer.Option("--pairs", help="For ratings of sessions: criterion of pairs; of two the higher-rated wins."),
    ] = None
    baseline: Annotated[
        list[str] | None,
        typer.Option("--baseline", help="Run of another judge, such as a student, to read beside (repeatable)."),
    ] = None
    slices: Annotated[
        list[str] | None,
        typer.Option("--slice", help="Field whose values are held against the rest: version, tags, metadata.KEY."),
    ] = None
    epsilon: Annotated[
        float, typer.Option("--epsilon", min=0, max=0.99, help="Of the alt-test: .2 experts, .15 skilled, .1 crowd.")
    ] = 0.2
    certify: Annotated[
        bool, typer.Option("--certify", help="Open the test split and hold the judge to its declared rule; 5 if not.")
    ] = False
    unopened: Annotated[
        bool, typer.Option("--unopened", help="With --certify: only on sessions that were never opened.")
    ] = False
    by: Annotated[str | None, typer.Option("--by", help="With --certify: who opens the test split.")] = None
    criterion: Criteria = None
    metric: Metrics = None

    def told(self, scoring: Scoring, settings: dict[str, object], *, splits: str | None = None) -> Scoring:
        """Return the scoring with what was asked of it."""
        sliced = replace(scoring, slices=tuple(self.slices or ()), epsilon=self.epsilon)
        wanted = self.split if splits is None else splits
        return scoring_with(sliced, reference=self.reference, splits=wanted, use=self.use, settings=settings)


def score(
    context: typer.Context,
    verdicts: Annotated[str, typer.Argument(help="Run folder, verdicts.jsonl, or a table (CSV, TSV, JSONL, Parquet).")],
    dataset: Annotated[str | None, typer.Argument(help="Dataset folder or name; not needed with --human.")] = None,
    *,
    asked: Asked,
    resampling: Resampling,
    out: Out = None,
) -> None:
    """Score a judge against the experts, with the human ceiling beside it. Calls no engine.

    With --certify each look at the test split is recorded and halves what is left to err; exit code 5: not certified.

    Examples: judgekit score runs/resolution helpdesk  |  judgekit score results.csv --judge verdict --human label
    |  judgekit score runs/resolution helpdesk --certify
    """
    from judgekit.cli.memory import unswept
    from judgekit.cli.options import deliver

    if asked.certify or asked.unopened or asked.by is not None:
        _certify(verdicts, dataset, asked, resampling, console=context.obj, out=out)
        return
    with unswept():
        report = _scored(verdicts, dataset, asked, resampling)  # its rows are gone before the collector walks them
    deliver(report, context.obj, out)
    if not asked.human:
        context.obj.suggest("judgekit report REPORT.json -o report.html   (REPORT.json: what -o saved)")


def _certify(
    verdicts: str, dataset: str | None, asked: Asked, resampling: Resampling, *, console: Console, out: Path | None
) -> None:
    """Open the test split, and show what is certified on it; options that say how else to score are refused."""
    from judgekit.cli.certifying import Request, certify_and_show
    from judgekit.workflows.score import Scoring

    request = Request(verdicts, dataset or "", tuple(asked.criterion or ()), is_unopened=asked.unopened, by=asked.by)
    excluded = {
        "--human": asked.human, "--judge": asked.judge, "--scale": asked.scale, "--group": asked.group,
        "--samples": asked.samples, "--pairs": asked.pairs, "--baseline": asked.baseline, "--metric": asked.metric,
        "--use": asked.use if asked.use != "value" else None,
        "--split": asked.split if asked.split not in ("dev", "test") else None,
    }  # fmt: skip
    told = asked.told(Scoring("", n_worst=0), resampling.provenance(), splits="test")
    certify_and_show(request, told, resampling.measuring(), console, out=out, is_asked=asked.certify,
                     others=[option for option, given in excluded.items() if given])  # fmt: skip


def _scored(verdicts: str, dataset: str | None, asked: Asked, resampling: Resampling) -> ScoreReport:
    from judgekit.workflows.score import score

    data, outcomes, scoring = _loaded(verdicts, dataset, asked)
    rivals = tuple(rival_from(source, data.rubric) for source in asked.baseline or ())
    settings = {**resampling.provenance(), "source": Path(verdicts).name}
    told = replace(asked.told(scoring, settings), rivals=rivals, n_samples=asked.samples, preference=asked.pairs)
    if asked.criterion:
        names = [data.rubric.criterion(each).id for each in asked.criterion]
        outcomes = [outcome for outcome in outcomes if outcome.criterion in names]
        if not outcomes:
            raise InputError(f"no verdict is on criterion {', '.join(names)}", where=verdicts)
    return score(data, outcomes, told, resampling.measuring(asked.metric))


def _loaded(verdicts: str, dataset: str | None, asked: Asked) -> tuple[Dataset, list[Verdict | Failure], Scoring]:
    """Return verdicts and labels: of one table, or of a run and a dataset."""
    if asked.human:
        if dataset is not None:
            raise InputError(f"--human takes the labels from the table, and dataset {dataset!r} is given too")
        return _from_one_table(verdicts, asked.judge, asked.human, (asked.scale, asked.group))
    for option, given in (("--scale", asked.scale), ("--group", asked.group)):
        if given is not None:
            raise InputError(f"{option} {given!r} needs --human", hint="A dataset declares its own")
    return _from_dataset(verdicts, dataset, asked.judge)


def scoring_with(
    scoring: Scoring, *, reference: str | None, splits: str, use: str, settings: dict[str, object]
) -> Scoring:
    """Return the scoring with what the command line says of it.

    Raises:
        InputError: A split or use that there is not.
    """
    from typing import get_args

    from judgekit.records.label import SplitName
    from judgekit.workflows.lineage import NEW

    if use not in ("value", "score"):
        raise InputError(f"--use {use!r} is neither value nor score")
    known = (*get_args(SplitName), NEW, "all")
    words = tuple(word.strip() for word in splits.split(",") if word.strip())
    for word in words:
        if word not in known:
            raise UnknownName("split", word, known, where="--split")
    if not words:
        raise InputError(f"--split {splits!r} names no split", hint="Use --split dev, or --split train,dev")
    return replace(scoring, reference=reference, splits=words, use=use, settings=settings)  # type: ignore[arg-type]  # checked above


def rival_from(source: str, rubric: Rubric) -> Rival:
    """Return another judge's run, or file of verdicts, as a baseline."""
    from judgekit.workflows.score import Rival

    outcomes, scoring = load_outcomes(source, None, rubric)
    return Rival(scoring.judge, outcomes, scoring.lineage)


def load_outcomes(
    source: str, judge: str | None, rubric: Rubric | None = None
) -> tuple[list[Verdict | Failure], Scoring]:
    """Return one judge's outcomes from a run folder, a file or a table, and what is known of the judge.

    Args:
        source: Run folder, `verdicts.jsonl`, or a table with our own column names.
        judge: Which judge, where there are several.
        rubric: Whose scales the values of a table are on.

    Raises:
        InputError: The file holds several judges and none was chosen.
        UnknownName: The judge chosen is not among them.
    """
    from judgekit.adapters.store import run as run_store
    from judgekit.workflows.score import Scoring

    path = Path(source)
    if path.is_dir():
        folder = run_store.RunFolder(path)
        loaded = folder.load()
        manifest = loaded.manifest
        if judge not in (None, manifest.judge):
            raise UnknownName("judge", str(judge), [manifest.judge], where=source)
        scoring = Scoring(
            judge=manifest.judge,
            engine=manifest.engine,
            model=manifest.model,
            judge_fingerprint=manifest.judge_fingerprint,
            lineage=folder.lineage(),
            combine=manifest.combine,
        )
        return list(loaded.outcomes), scoring
    if rubric is not None and not path.name.endswith(LINES):
        from judgekit.adapters.importers.verdicts import verdicts_of_table

        outcomes = verdicts_of_table(path, rubric)
    else:
        outcomes = run_store.load_outcomes(path)
    names = sorted({outcome.judge or path.stem for outcome in outcomes})
    if judge is not None and outcomes:
        if judge not in names:
            raise UnknownName("judge", judge, names, where=source)
        outcomes = [outcome for outcome in outcomes if (outcome.judge or path.stem) == judge]
    elif len(names) > 1:
        raise InputError(
            f"holds verdicts of {len(names)} judges", where=source, hint=f"Choose one with --judge: {names}"
        )
    name = judge or (names[0] if names else path.stem)
    return outcomes, Scoring(judge=name, engine="stored")


def _from_dataset(
    verdicts: str, dataset: str | None, judge: str | None
) -> tuple[Dataset, list[Verdict | Failure], Scoring]:
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.project import find_dataset

    if dataset is None:
        raise InputError(
            "score needs the dataset that holds the labels",
            hint="judgekit score VERDICTS DATASET, or for one table: --judge COLUMN --human COLUMN",
        )
    data = DatasetFolder(find_dataset(dataset)).load()
    return data, *load_outcomes(verdicts, judge, data.rubric)


def _from_one_table(
    table: str, judge: str | None, human: list[str], extra: tuple[str | None, str | None]
) -> tuple[Dataset, list[Verdict | Failure], Scoring]:
    from judgekit.adapters.importers.plain import plain_table
    from judgekit.workflows.score import Scoring

    if judge is None:
        raise InputError("--human needs --judge, the judge's column", hint="--judge verdict --human label")
    scale, group = extra
    plain = plain_table(Path(table), judge=judge, humans=human, scale=scale, group=group)
    return plain.dataset, list(plain.outcomes), Scoring(judge=judge, engine="stored")
