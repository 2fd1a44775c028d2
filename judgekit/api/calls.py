"""Every command as one call, over records, dictionaries or DataFrames; works in a notebook.

Each function makes its own randomness from `seed`, calls one workflow and returns its record. Nothing prints.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, Union

from judgekit.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from judgekit.adapters.importers.plain import PlainTable
    from judgekit.analysis.agreement import Measuring
    from judgekit.analysis.verdict_table import Use
    from judgekit.judging.lint import Finding
    from judgekit.judging.ports import Engine, Request
    from judgekit.records.dataset import Dataset
    from judgekit.records.judge import Judge
    from judgekit.records.label import SplitName
    from judgekit.records.report import AgreementReport, ComparisonReport, QualityReport, Report, ScoreReport
    from judgekit.records.run import Run
    from judgekit.records.session import Session
    from judgekit.records.verdict import Failure, Verdict
    from judgekit.stats.metric import Population
    from judgekit.workflows.distil import Distilled
    from judgekit.workflows.score import Scoring

_MISSING = ("NAType", "NaTType")
"""What pandas puts into a cell without a value, by the names of its classes, so that pandas need not be loaded."""
SEED = 7
RESAMPLES = 2000
EPSILON = 0.2


class Frame(Protocol):
    """A pandas DataFrame, as far as it is used here."""

    def to_dict(self, orient: Literal["records"]) -> list[dict[Any, Any]]:
        """Return the rows."""


Rows = Iterable[Mapping[str, Any]] | Frame
"""Rows as dictionaries, or a DataFrame; records are dictionaries too once dumped."""
Outcomes = Union["Run", Iterable["Verdict | Failure"], Rows]
"""What a judge said: a run, its verdicts and failures, or rows of them."""


def load_dataset(path: str | Path) -> Dataset:
    """Return a dataset by folder, or by its name under `datasets/`."""
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.project import find_dataset

    return DatasetFolder(find_dataset(str(path))).load()


def make_dataset(
    labels: Rows,
    *,
    scales: Mapping[str, str],
    sessions: Rows | None = None,
    pairs: Rows | None = None,
    name: str = "data",
) -> Dataset:
    """Return a dataset in memory.

    Args:
        labels: Rows with `session` (or `pair`), `criterion`, `rater` and `value`; `id` is made where absent.
        scales: Criterion -> its scale, such as `{"tone": "ordinal:1..5"}`.
        sessions: Rows of sessions (`id`, `turns`, `group` ...); None: one bare session per id that a label names.
        pairs: Rows of pairs (`id`, `first`, `second`).
        name: What to call it.

    Raises:
        InvalidRecord: A row does not fit; the message names its number, field and value.
    """
    from judgekit.adapters.importers.scale_spec import criterion_from_spec
    from judgekit.adapters.store.files import validated
    from judgekit.records.dataset import Dataset, DatasetCard
    from judgekit.records.label import Label
    from judgekit.records.rubric import Rubric
    from judgekit.records.session import Pair, Session

    rubric = Rubric(name=name, criteria=tuple(criterion_from_spec(each, spec) for each, spec in scales.items()))
    given = [{"id": f"l-{place}", **row} for place, row in enumerate(_rows(labels), 1)]
    read = [validated(Label, row, f"label {place}") for place, row in enumerate(given, 1)]
    read = [_on_scale(label, rubric) for label in read]
    made = [validated(Pair, row, f"pair {place}") for place, row in enumerate(_rows(pairs or ()), 1)]
    if sessions is None:
        known = dict.fromkeys(label.session for label in read if label.session)
        told = [Session(id=each) for each in known]
    else:
        told = [validated(Session, row, f"session {place}") for place, row in enumerate(_rows(sessions), 1)]
    return Dataset(
        card=DatasetCard(name=name), rubric=rubric, sessions=tuple(told), pairs=tuple(made), labels=tuple(read)
    )


def read_table(
    path: str | Path, *, judge: str, humans: Sequence[str], scale: str | None = None, group: str | None = None
) -> PlainTable:
    """Return one table with a judge's and the humans' columns as `.dataset` and `.outcomes`."""
    from judgekit.adapters.importers.plain import plain_table

    return plain_table(Path(path), judge=judge, humans=words_of(humans), scale=scale, group=group)


def split(
    dataset: Dataset, *, dev: float = 0.3, test: float = 0.3, stratify: Sequence[str] = (), seed: int = SEED
) -> Dataset:
    """Return the dataset with train, dev and test drawn by group and level; units already placed stay.

    Args:
        dataset: Sessions and labels.
        dev: Share for dev.
        test: Share for test; the rest is train.
        stratify: Criteria to balance; empty for all.
        seed: Of the draw.
    """
    from judgekit.review.splits import draw_splits

    shares: dict[SplitName, float] = {"train": 1 - dev - test, "dev": dev, "test": test}
    drawn = draw_splits(dataset, seed=seed, fractions=shares, stratify=words_of(stratify) or None)
    return dataset.model_copy(update={"splits": drawn})


def agree(
    dataset: Dataset,
    *,
    criteria: Sequence[str] = (),
    metrics: Sequence[str] = (),
    generalise: Population = "rows",
    seed: int = SEED,
    level: float = 0.95,
    n_resamples: int = RESAMPLES,
) -> AgreementReport:
    """Return how far the experts agree with each other.

    Args:
        dataset: Sessions and labels.
        criteria: Criteria to look at; empty for all that carry labels.
        metrics: Metrics asked for; empty for the usual ones.
        generalise: `raters`: the intervals over all raters hold for other raters like them too.
        seed: Of the resampling.
        level: Coverage of the intervals.
        n_resamples: Bootstrap resamples.
    """
    from dataclasses import replace

    from judgekit.workflows.agree import agree as run

    how = replace(_measuring(seed, level, n_resamples, metrics), generalise=generalise)
    return run(dataset, how, criteria=words_of(criteria), settings={"seed": seed})


def score(
    dataset: Dataset,
    outcomes: Outcomes,
    *,
    judge: str | None = None,
    reference: str | None = None,
    splits: Sequence[str] = ("dev",),
    use: Use = "value",
    n_samples: int | None = None,
    preference: str | None = None,
    criteria: Sequence[str] = (),
    metrics: Sequence[str] = (),
    slices: Sequence[str] = (),
    rivals: Mapping[str, Outcomes] | None = None,
    epsilon: float = EPSILON,
    seed: int = SEED,
    level: float = 0.95,
    n_resamples: int = RESAMPLES,
) -> ScoreReport:
    """Return how a judge agrees with the experts, beside the human ceiling and the baselines.

    Args:
        dataset: Sessions and labels.
        outcomes: A run, verdicts, or rows with `session`, `criterion` and `value`.
        judge: The judge's name, where the outcomes do not say.
        reference: `majority`, `mean`, `median`, `adjudicated`, `gold`, `rater:NAME` or `group:NAME`.
        splits: Splits read; all labelled sessions where the dataset has none.
        use: What of a verdict is measured: its value, or its finer score.
        n_samples: Only the first so many samples of each verdict count; None for all.
        preference: Criterion of pairs that ratings of sessions are held against: of two the higher-rated one wins.
        criteria: Criteria to look at; empty for all that the judge answered.
        metrics: Metrics asked for; empty for the usual ones.
        slices: Fields of a session, such as `version` or `metadata.channel`; each value is held against the rest.
        rivals: Other judges over the same sessions to read beside this one, by name.
        epsilon: How much less the judge may win in the alternative annotator test: .2 experts, .15 skilled, .1 crowd.
        seed: Of the resampling.
        level: Coverage of the intervals.
        n_resamples: Bootstrap resamples.

    Raises:
        InputError: There is nothing to score, or a setting that cannot be.
        UnknownName: A criterion, split, field or metric that there is not.

    Example:
        >>> import judgekit
        >>> votes = {"ana": "ppppffffpf", "ben": "pppfffffpf", "cem": "ppppffffpp"}
        >>> labels = [
        ...     {"session": f"s{i}", "criterion": "ok", "rater": rater, "value": "pass" if vote == "p" else "fail"}
        ...     for rater, given in votes.items()
        ...     for i, vote in enumerate(given)
        ... ]
        >>> data = judgekit.make_dataset(labels, scales={"ok": "binary:fail,pass"})
        >>> always = [{"session": f"s{i}", "criterion": "ok", "value": "pass"} for i in range(10)]
        >>> right = [{**row, "value": "fail"} if row["session"] in "s4 s5 s6 s7 s9" else row for row in always]
        >>> report = judgekit.score(data, right, rivals={"always": always}, metrics=["accuracy"], slices=["version"])
        >>> {row.between: row.estimate.value for row in report.rows if row.between.endswith("~reference")}
        {'judge~reference': 1.0, 'majority~reference': 0.5, 'always~reference': 0.5}
    """
    from dataclasses import replace

    from judgekit.workflows.score import Rival
    from judgekit.workflows.score import score as run

    given, scoring = judged(outcomes, judge)
    chosen: Any = words_of(splits)
    beside = {name: judged(each, name) for name, each in (rivals or {}).items()}
    told = replace(
        _used(scoring, use, reference),
        splits=chosen,
        n_samples=n_samples,
        preference=preference,
        slices=words_of(slices),
        rivals=tuple(Rival(name, found, how.lineage) for name, (found, how) in beside.items()),
        epsilon=epsilon,
        settings={"seed": seed},
    )
    return run(dataset, _of_criteria(dataset, given, criteria), told, _measuring(seed, level, n_resamples, metrics))


def estimate(
    dataset: Dataset,
    outcomes: Outcomes | None = None,
    *,
    judge: str | None = None,
    criteria: Sequence[str] = (),
    versions: Sequence[str] = (),
    splits: Sequence[str] = ("all",),
    reference: str | None = None,
    use: Use = "value",
    seed: int = SEED,
    level: float = 0.95,
    n_resamples: int = RESAMPLES,
) -> QualityReport:
    """Return how good each version is: from labels alone, or with a judge's help.

    Args:
        dataset: Sessions and labels, with how the sessions were picked.
        outcomes: A run, verdicts or rows of a judge whose errors the labels correct; None: labels alone.
        judge: The judge's name, where the outcomes do not say.
        criteria: Criteria to look at; empty for all that carry labels.
        versions: Versions to look at; empty for all.
        splits: Splits whose labels may correct the judge; `all` but the locked test split.
        reference: `majority`, `mean`, `median`, `adjudicated`, `gold`, `rater:NAME` or `group:NAME`.
        use: What of a verdict counts: its value, or its finer score.
        seed: Of the resampling.
        level: Coverage of the intervals.
        n_resamples: Bootstrap resamples.
    """
    from dataclasses import replace

    from judgekit.workflows.estimate import estimate as run
    from judgekit.workflows.estimate import estimate_judged

    asked, named = words_of(criteria), words_of(versions)
    how = _measuring(seed, level, n_resamples)
    settings: dict[str, object] = {"seed": seed}
    if outcomes is None:
        return run(dataset, how, criteria=asked, versions=named, rule=reference, settings=settings)
    given, scoring = judged(outcomes, judge)
    chosen: Any = words_of(splits)
    told = replace(_used(scoring, use, reference), splits=chosen, settings=settings)
    return estimate_judged(dataset, given, told, how, criteria=asked, versions=named)


def compare(
    dataset: Dataset,
    outcomes: Outcomes | None,
    baseline: str,
    candidate: str | Sequence[str],
    *,
    judge: str | None = None,
    splits: str | Sequence[str] = ("all",),
    reference: str | None = None,
    use: Use = "value",
    slices: str | Sequence[str] = (),
    adjust: Literal["bh", "holm"] = "bh",
    delta: float | None = None,
    margin: float = 0.0,
    seed: int = SEED,
    level: float = 0.95,
    n_resamples: int = RESAMPLES,
) -> ComparisonReport:
    """Return the difference between two versions on the same inputs, or all pairs of several.

    Args:
        dataset: Sessions, with their inputs and versions, and labels.
        outcomes: A run, verdicts or rows, with sessions of both versions; None: labels stand alone.
        baseline: Version compared against.
        candidate: Version under test; several: all pairs are tested and ranked.
        judge: The judge's name, where the outcomes do not say.
        splits: Splits whose labels may correct the judge; `all` but the locked test split.
        reference: How several raters become one, as in `score`.
        use: What of a verdict is measured: its value, or its finer score.
        slices: Fields of a session by whose values the difference is shown apart.
        adjust: Over slices: `holm` (no false one), or `bh` (few).
        delta: Without labels on the candidate: how far the judge may err otherwise on it.
        margin: Without labels: not worse by more than this passes.
        seed: Of the resampling.
        level: Coverage of the intervals.
        n_resamples: Bootstrap resamples.
    """
    from dataclasses import replace

    from judgekit.analysis.label_free import Assumption
    from judgekit.workflows.compare import Comparing
    from judgekit.workflows.compare_several import compare_versions
    from judgekit.workflows.score import Scoring

    given, scoring = ([], Scoring(judge="")) if outcomes is None else judged(outcomes, judge)
    chosen: Any = words_of(splits)
    told = replace(_used(scoring, use, reference), splits=chosen, settings={"seed": seed})
    looked = Comparing(slices=tuple(words_of(slices)), adjustment=adjust, assumption=Assumption(delta, margin))
    how = _measuring(seed, level, n_resamples)
    versions = (baseline, *words_of(candidate))
    return compare_versions(dataset, [(given, told)], versions, measuring=how, comparing=looked)


def load_judge(path: str | Path) -> Judge:
    """Return a judge by folder, or by its name under `judges/`."""
    from judgekit.adapters.store.judge import load_judge as load
    from judgekit.adapters.store.project import find_judge

    return load(find_judge(str(path)))


def new_judge(
    dataset: Dataset, criterion: str, *further: str, name: str | None = None, model: str = "openai/gpt-4o-mini"
) -> Judge:
    """Return a prompt judge with the default templates for one criterion of a dataset, or several in one reply."""
    from judgekit.judging.scaffold import new_judge as make

    asked = [dataset.rubric.criterion(each) for each in (criterion, *further)]
    return make(*asked, name=name or criterion, model=model)


def lint(judge: Judge) -> tuple[Finding, ...]:
    """Return what is doubtful about a judge's templates and reading rules."""
    from judgekit.judging.lint import lint as check

    return check(judge)


def render_request(judge: Judge, session: Session) -> Request:
    """Return exactly what would be sent to the judge's model about one session."""
    from judgekit.adapters.store.judge import with_project_rules
    from judgekit.judging.prompt import Prompter

    return Prompter(with_project_rules(judge)).request(session).request


def distil_student(
    dataset: Dataset, criterion: str, *, splits: Sequence[str] = ("train",), n_folds: int = 5, seed: int = SEED
) -> Distilled:
    """Return a local student judge learnt from the experts' labels, cross-fitted by group."""
    from judgekit.workflows.distil import distil_student

    chosen: Any = words_of(splits)
    return distil_student(dataset, criterion, splits=chosen, seed=seed, n_folds=n_folds, name=f"{criterion}-student")


def run(
    judge: Judge | Distilled | str | Path,
    dataset: Dataset,
    *,
    engine: Engine | None = None,
    max_in_flight: int = 16,
) -> Run:
    """Return one judge's verdicts on every session (or pair) of a dataset; nothing is written to disk.

    Args:
        judge: A judge's folder or name, a prompt judge, or what `distil_student` returned.
        dataset: Sessions and pairs to judge.
        engine: What completes requests; None: the judge's own, with keys from the environment.
        max_in_flight: Most requests at once.
    """
    from judgekit.api.running import run_in_memory

    return run_in_memory(judge, dataset, engine=engine, max_in_flight=max_in_flight)


def to_frame(report: Report) -> pd.DataFrame:
    """Return a report's rows as a DataFrame: one estimate a row, its fields as columns."""
    import pandas as pd

    rows = [row.model_dump(mode="json") for row in report.rows]
    flat = [{**{k: v for k, v in row.items() if k != "estimate"}, **row["estimate"]} for row in rows]
    return pd.DataFrame(flat)


def render_report(
    report: Report | Sequence[Report],
    form: Literal["text", "markdown", "html", "latex", "csv"] = "text",
    *,
    title: str | None = None,
) -> str:
    """Return one or more reports as text, Markdown, one self-contained HTML page, a LaTeX document, or CSV.

    Args:
        report: One report or several; a page and a document put them in order of reading.
        form: How it is written; CSV holds one estimate a row.
        title: Title of the whole; a CSV has none.

    Example:
        >>> import judgekit
        >>> told = [{"session": "s", "criterion": "ok", "rater": r, "value": "pass"} for r in ("ana", "ben")]
        >>> data = judgekit.make_dataset(told, scales={"ok": "binary:fail,pass"})
        >>> judgekit.render_report(judgekit.agree(data), "csv").splitlines()[1].split(",")[:4]
        ['agreement', 'data', 'ok', 'krippendorff_alpha_nominal']
    """
    from judgekit.render.html import render_html
    from judgekit.render.latex import render_latex
    from judgekit.render.markdown import escaped, render_markdown
    from judgekit.render.text import render_text
    from judgekit.render.tidy import csv_text

    reports: list[Any] = list(report) if isinstance(report, Sequence) else [report]
    if form == "html":
        return render_html(reports, title=title)
    if form == "latex":
        return render_latex(reports, title=title)
    if form == "csv":
        return csv_text(reports)
    if form == "markdown":
        return "\n\n".join([*([f"# {escaped(title)}"] if title else []), *map(render_markdown, reports)])
    if form == "text":
        return "\n\n".join([*([title] if title else []), *map(render_text, reports)])
    raise InputError(f"form {form!r} is not text, markdown, html, latex or csv")


def verify(path: str | Path) -> tuple[str, ...]:
    """Return what is wrong with a dataset's ledger, one line a problem; empty when it is whole."""
    from judgekit.adapters.store.ledger import Ledger
    from judgekit.adapters.store.project import find_dataset

    return Ledger(find_dataset(str(path)) / "ledger").verify()


def words_of(given: Sequence[str]) -> tuple[str, ...]:
    """Return names one by one; a single name given bare is one name, not its letters."""
    return (given,) if isinstance(given, str) else tuple(given)


def _rows(given: Rows) -> list[dict[str, Any]]:
    """Return rows as dictionaries; a DataFrame's NaN is a missing cell."""
    listed = given.to_dict("records") if hasattr(given, "to_dict") else given
    rows = [row.model_dump() if hasattr(row, "model_dump") else dict(row) for row in listed]
    return [{str(key): cell for key, cell in row.items() if not _is_missing(cell)} for row in rows]


def _is_missing(cell: object) -> bool:
    return cell is None or (isinstance(cell, float) and math.isnan(cell)) or type(cell).__name__ in _MISSING


def _on_scale(label: Any, rubric: Any) -> Any:
    if label.value is None:
        return label
    return label.model_copy(update={"value": rubric.criterion(label.criterion).scale.read(label.value)})


def judged(outcomes: Any, judge: str | None) -> tuple[list[Verdict | Failure], Scoring]:
    """Return outcomes as `Verdict` and `Failure`, and how they are scored."""
    from judgekit.records.run import Run
    from judgekit.workflows.score import Scoring

    if isinstance(outcomes, Run):
        found = outcomes.manifest
        scoring = Scoring(
            judge=judge or found.judge,
            engine=found.engine,
            model=found.model,
            judge_fingerprint=found.judge_fingerprint,
            lineage=outcomes.lineage,
            combine=found.combine,
        )
        return list(outcomes.outcomes), scoring
    listed = list(outcomes) if not hasattr(outcomes, "to_dict") else _rows(outcomes)
    read = [_outcome(each, f"verdict {place}") for place, each in enumerate(listed, 1)]
    name = judge or next((each.judge for each in read if each.judge), None) or "judge"
    return read, Scoring(judge=name, engine="stored")


def _outcome(given: Any, where: str) -> Verdict | Failure:
    from pydantic import ValidationError

    from judgekit.adapters.store.validation import invalid_record
    from judgekit.records.verdict import Failure, Verdict, outcome_from

    if isinstance(given, Verdict | Failure):
        return given
    row = _rows([given])[0]
    try:
        return outcome_from(row)
    except ValidationError as error:
        raise invalid_record(error, row, where, model=Verdict) from error


def _used(scoring: Scoring, use: Use, reference: str | None) -> Scoring:
    from dataclasses import replace

    if use not in ("value", "score"):
        raise InputError(f"use {use!r} is neither value nor score")
    return replace(scoring, use=use, reference=reference)


def _of_criteria(
    dataset: Dataset, outcomes: list[Verdict | Failure], criteria: Sequence[str]
) -> list[Verdict | Failure]:
    names = [dataset.rubric.criterion(each).id for each in words_of(criteria)]
    kept = [outcome for outcome in outcomes if outcome.criterion in names] if names else outcomes
    if outcomes and not kept:
        raise InputError(f"no verdict is on criterion {', '.join(names)}")
    return kept


def _measuring(seed: int, level: float, n_resamples: int, metrics: Sequence[str] = ()) -> Measuring:
    import numpy as np

    from judgekit.analysis.agreement import Measuring

    return Measuring(np.random.default_rng(seed), level=level, n_resamples=n_resamples, metrics=words_of(metrics))
