"""`judgekit compare`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from judgekit.cli.options import DEFAULT_RESAMPLES, DEFAULT_SEED, Level, Out, Resamples, Seed
from judgekit.errors import InputError, UnknownName

if TYPE_CHECKING:
    from judgekit.analysis.agreement import Measuring
    from judgekit.analysis.comparison import Side
    from judgekit.records.dataset import Dataset
    from judgekit.records.verdict import Failure, Verdict
    from judgekit.workflows.compare import Comparing
    from judgekit.workflows.score import Scoring


def compare(
    context: typer.Context,
    baseline: Annotated[str, typer.Argument(help="Version compared against, or a run of its sessions.")],
    candidate: Annotated[list[str], typer.Argument(help="Version under test, or a run; several: all pairs, ranked.")],
    labels: Annotated[str, typer.Option("--labels", help="Dataset with the sessions and the experts' labels.")],
    verdicts: Annotated[
        list[str] | None, typer.Option("--verdicts", help="Run or verdicts file with sessions of both; repeatable.")
    ] = None,
    judge: Annotated[str | None, typer.Option("--judge", help="Which judge, where a file holds several.")] = None,
    reference: Annotated[str | None, typer.Option("--reference", help="How several raters become one.")] = None,
    use: Annotated[str, typer.Option("--use", help="What of a verdict: its value, or its finer score.")] = "value",
    split: Annotated[
        str, typer.Option("--split", help="Splits whose labels may correct the judge: dev, train, new.")
    ] = "all",
    slices: Annotated[
        list[str] | None, typer.Option("--slice", help="Field by whose values the difference is shown apart.")
    ] = None,
    adjust: Annotated[str, typer.Option("--adjust", help="Over slices: holm (no false one), or bh (few).")] = "bh",
    delta: Annotated[
        float | None,
        typer.Option("--delta", min=0, help="Without labels: how far the judge may err otherwise on the candidate."),
    ] = None,
    margin: Annotated[
        float, typer.Option("--margin", min=0, help="Without labels: not worse by more than this passes.")
    ] = 0.0,
    queue: Annotated[
        Path | None, typer.Option("--queue", help="Write the sessions here whose labels would decide it.")
    ] = None,
    seed: Seed = DEFAULT_SEED,
    level: Level = 0.95,
    resamples: Resamples = DEFAULT_RESAMPLES,
    out: Out = None,
) -> None:
    """Compare versions on the same inputs: corrected by labels, by the experts alone, by the judge alone.

    Examples: judgekit compare v1 v2 --labels helpdesk --verdicts runs/resolution  |  compare runA runB --labels D
    """
    from datetime import UTC, datetime

    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.project import find_dataset
    from judgekit.cli.options import deliver, measuring, provenance
    from judgekit.cli.score import load_outcomes, scoring_with
    from judgekit.cli.standing import standing_warnings
    from judgekit.workflows.compare import compare as run
    from judgekit.workflows.compare_several import compare_versions

    def told(scoring: Scoring) -> Scoring:
        return scoring_with(scoring, reference=reference, splits=split, use=use, settings=provenance(seed))

    folder = DatasetFolder(find_dataset(labels))
    data = folder.load()
    how, versions = measuring(seed, level, resamples), (baseline, *candidate)
    looked = _comparing(slices, adjust, delta, margin)
    known = {session.version for session in data.sessions}
    if verdicts or (known.issuperset(versions) and not any(Path(each).exists() for each in versions)):
        loaded = [load_outcomes(source, judge, data.rubric) for source in verdicts or ()]
        if not loaded and split != "all":
            raise InputError("--split needs a judge that labels correct", hint="Give its run with --verdicts")
        judged = [(outcomes, told(scoring)) for outcomes, scoring in loaded] or [([], told(_nobody()))]
        report = compare_versions(data, judged, versions, measuring=how, comparing=looked)
        sides = None
    else:
        _refuse_unknown(versions, known)
        if len(candidate) > 1:
            raise InputError(f"{len(versions)} runs are compared at once", hint="Several versions need --verdicts")
        outcomes, scoring, sides = _two_runs((baseline, candidate[0]), judge, data)
        judged = [(outcomes, told(scoring))]
        report = run(data, outcomes, sides, scoring=told(scoring), measuring=how, comparing=looked)
    standing = standing_warnings(report, (folder, data), [each for _, each in judged], now=datetime.now(UTC))
    report = report.model_copy(update={"warnings": (*report.warnings, *standing)})
    if queue is not None:
        n = _write_queue(queue, data, judged, sides or versions, (how, margin))
        context.obj.say(f"saved {queue}: {n} sessions to label")
    deliver(report, context.obj, out)
    if queue is None and any(each.word == "inconclusive" for each in report.label_free):
        context.obj.suggest("the same with --queue to-label.jsonl, which lists the sessions whose labels would decide")


def _refuse_unknown(versions: Sequence[str], known: set[str | None]) -> None:
    """Refuse a name that is neither a version nor a run, beside one that is a version.

    Raises:
        UnknownName: There is such a one.
    """
    if known.isdisjoint(versions):
        return
    for each in versions:
        if each not in known and not Path(each).exists():
            raise UnknownName("version", each, sorted(name for name in known if name is not None))


def _nobody() -> Scoring:
    from judgekit.workflows.score import Scoring

    return Scoring(judge="")


def _comparing(slices: list[str] | None, adjust: str, delta: float | None, margin: float) -> Comparing:
    from typing import get_args

    from judgekit.analysis.label_free import Assumption
    from judgekit.analysis.paired_slice import Adjustment
    from judgekit.workflows.compare import Comparing

    known: tuple[Adjustment, ...] = get_args(Adjustment)
    chosen = next((each for each in known if each == adjust), None)
    if chosen is None:
        raise UnknownName("adjustment", adjust, known, where="--adjust")
    return Comparing(slices=tuple(slices or ()), adjustment=chosen, assumption=Assumption(delta, margin))


def _write_queue(
    path: Path,
    data: Dataset,
    judged: Sequence[tuple[Sequence[Verdict | Failure], Scoring]],
    versions: tuple[Side, Side] | tuple[str, ...],
    how: tuple[Measuring, float],
) -> int:
    """Write the sessions to label and return how many there are.

    Raises:
        InputError: There are several judges or more than two versions, or no queue can be drawn.
    """
    from judgekit.adapters.store.files import write_jsonl
    from judgekit.analysis.comparison import Side, version_side
    from judgekit.workflows.compare import labelling_queue

    if len(judged) != 1 or len(versions) != 2:
        raise InputError("--queue is for one judge and two versions", hint="Compare one pair at a time")
    sides = [each if isinstance(each, Side) else version_side(data, each) for each in versions]
    measuring, margin = how
    (outcomes, scoring), *_ = judged
    found = labelling_queue(data, outcomes, (sides[0], sides[1]), scoring=scoring, measuring=measuring, margin=margin)
    write_jsonl(path, found)
    return len(found)


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
