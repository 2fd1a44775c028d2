"""`judgekit compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from judgekit.cli.options import DEFAULT_RESAMPLES, DEFAULT_SEED, Level, Out, Resamples, Seed
from judgekit.errors import InputError

if TYPE_CHECKING:
    from judgekit.analysis.comparison import Side
    from judgekit.records.dataset import Dataset
    from judgekit.records.verdict import Failure, Verdict
    from judgekit.workflows.score import Scoring


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
    from judgekit.cli.options import deliver, measuring, provenance
    from judgekit.cli.score import load_outcomes, scoring_with
    from judgekit.workflows.compare import compare as run
    from judgekit.workflows.compare import compare_versions

    def told(scoring: Scoring) -> Scoring:
        return scoring_with(scoring, reference=reference, splits="all", use=use, settings=provenance(seed))

    data = DatasetFolder(find_dataset(labels)).load()
    how = measuring(seed, level, resamples)
    if verdicts:
        loaded = [load_outcomes(source, judge, data.rubric) for source in verdicts]
        judged = [(outcomes, told(scoring)) for outcomes, scoring in loaded]
        report = compare_versions(data, judged, (baseline, candidate), measuring=how)
    else:
        outcomes, scoring, sides = _two_runs((baseline, candidate), judge, data)
        report = run(data, outcomes, sides, scoring=told(scoring), measuring=how)
    deliver(report, context.obj, out)


def _two_runs(
    runs: tuple[str, str], judge: str | None, data: Dataset
) -> tuple[list[Verdict | Failure], Scoring, tuple[Side, Side]]:
    from judgekit.analysis.comparison import Side
    from judgekit.cli.score import load_outcomes

    baseline, candidate = runs
    before, scoring = load_outcomes(baseline, judge, data.rubric)
    after, other = load_outcomes(candidate, judge, data.rubric)
    names = [{outcome.judge for outcome in outcomes} for outcomes in (before, after)]
    if scoring.judge_fingerprint != other.judge_fingerprint or (before and after and names[0] != names[1]):
        raise InputError(f"{baseline} and {candidate} were judged by different judges", hint="Use one judge for both")
    sides = (
        Side(baseline, frozenset(outcome.target for outcome in before)),
        Side(candidate, frozenset(outcome.target for outcome in after)),
    )
    return [*before, *after], scoring, sides
