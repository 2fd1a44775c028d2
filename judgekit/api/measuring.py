"""`agree`, `score`, `estimate` and `compare` as calls: what the commands do, over records or rows.

Why so many keywords: in a notebook each stands alone, `help` tells it, and one that is left out costs nothing. The
records that workflows take (`Measuring`, `Scoring`, `Comparing`) are put together here, so that no caller must.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from judgekit.api.given import RESAMPLES, SEED, Outcomes, judged, measuring_by, words_of
from judgekit.errors import InputError

if TYPE_CHECKING:
    from judgekit.analysis.verdict_table import Use
    from judgekit.records.agreement_report import AgreementReport
    from judgekit.records.comparison_report import ComparisonReport
    from judgekit.records.dataset import Dataset
    from judgekit.records.quality_report import QualityReport
    from judgekit.records.score_report import ScoreReport
    from judgekit.records.verdict import Failure, Verdict
    from judgekit.stats.metric import Population
    from judgekit.workflows.score import Scoring

EPSILON = 0.2


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

    how = replace(measuring_by(seed, level=level, n_resamples=n_resamples, metrics=metrics), generalise=generalise)
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
        rivals=tuple(Rival(name, found, made.lineage) for name, (found, made) in beside.items()),
        epsilon=epsilon,
        settings={"seed": seed},
    )
    how = measuring_by(seed, level=level, n_resamples=n_resamples, metrics=metrics)
    return run(dataset, _of_criteria(dataset, given, criteria), told, how)


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
    how = measuring_by(seed, level=level, n_resamples=n_resamples)
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
    how = measuring_by(seed, level=level, n_resamples=n_resamples)
    versions = (baseline, *words_of(candidate))
    return compare_versions(dataset, [(given, told)], versions, measuring=how, comparing=looked)


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
