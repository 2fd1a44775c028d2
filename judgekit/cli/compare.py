"""`judgekit compare`."""

from __future__ import annotations

from typing import Annotated

import typer

from judgekit.cli.options import DEFAULT_RESAMPLES, DEFAULT_SEED, Level, Out, Resamples, Seed
from judgekit.errors import InputError


def compare(
    context: typer.Context,
    baseline: Annotated[str, typer.Argument(help="Version compared against, or a run of its sessions.")],
    candidate: Annotated[str, typer.Argument(help="Version under test, or a run of its sessions.")],
    labels: Annotated[str, typer.Option("--labels", help="Dataset with the sessions and the experts' labels.")],
    verdicts: Annotated[
        list[str] | None, typer.Option("--verdicts", help="Run or verdicts file with sessions of both; repeatable.")
    ] = None,
    judge: Annotated[str | None, typer.Option("--judge", help="Which judge, where a file holds several.")] = None,
    reference: Annotated[str | None, typer.Option("--reference", help="How several raters become one.")] = None,
    use: Annotated[str, typer.Option("--use", help="What of a verdict: its value, or its finer score.")] = "value",
    seed: Seed = DEFAULT_SEED,
    level: Level = 0.95,
    resamples: Resamples = DEFAULT_RESAMPLES,
    out: Out = None,
) -> None:
    """Compare two versions on the same inputs: the judge's difference, the experts' beside it.

    Examples: judgekit compare v1 v2 --labels helpdesk --verdicts runs/resolution  |  compare runA runB --labels D
    """
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.project import find_dataset
    from judgekit.analysis.comparison import Side
    from judgekit.cli.options import deliver, measuring, provenance
    from judgekit.cli.score import load_outcomes, scoring_with
    from judgekit.workflows.compare import compare as run
    from judgekit.workflows.compare import compare_versions

    data = DatasetFolder(find_dataset(labels)).load()
    how = measuring(seed, level, resamples)
    jobs = []
    if verdicts:
        sides = (version_side(data, baseline), version_side(data, candidate))
        jobs = [(*load_outcomes(source, judge), sides) for source in verdicts]
    else:
        before, scoring = load_outcomes(baseline, judge)
        after, other = load_outcomes(candidate, judge)
        if scoring.judge_fingerprint != other.judge_fingerprint:
            raise InputError(
                f"{baseline} and {candidate} were judged by different judges", hint="Use one judge for both"
            )
        sides = (
            Side(baseline, frozenset(outcome.target for outcome in before)),
            Side(candidate, frozenset(outcome.target for outcome in after)),
        )
        jobs = [([*before, *after], scoring, sides)]
    reports = []
    for outcomes, found, pair in jobs:
        chosen = scoring_with(found, reference=reference, splits="all", use=use, settings=provenance(seed))
        reports.append(run(data, outcomes, pair, scoring=chosen, measuring=how))
    deliver(joined(reports), context.obj, out)
