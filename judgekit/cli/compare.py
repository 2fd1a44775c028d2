"""`judgekit compare`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from judgekit.cli.options import Out, Resampling
from judgekit.errors import InputError, UnknownName

if TYPE_CHECKING:
    from judgekit.analysis.agreement import Measuring
    from judgekit.analysis.comparison import Side
    from judgekit.records.comparison_report import ComparisonReport
    from judgekit.records.dataset import Dataset
    from judgekit.records.verdict import Failure, Verdict
    from judgekit.workflows.compare import Comparing
    from judgekit.workflows.score import Scoring


@dataclass(frozen=True)
class Asked:
    """What is compared, and how: the options of `judgekit compare`."""

    verdicts: Annotated[
        list[str] | None, typer.Option("--verdicts", help="Run or verdicts file with sessions of both; repeatable.")
    ] = None
    judge: Annotated[str | None, typer.Option("--judge", help="Which judge, where a file holds several.")] = None
    reference: Annotated[str | None, typer.Option("--reference", help="How several raters become one.")] = None
    use: Annotated[str, typer.Option("--use", help="What of a verdict: its value, or its finer score.")] = "value"
    split: Annotated[
        str, typer.Option("--split", help="Splits whose labels may correct the judge: dev, train, new.")
    ] = "all"
    slices: Annotated[
        list[str] | None, typer.Option("--slice", help="Field by whose values the difference is shown apart.")
    ] = None
    adjust: Annotated[str, typer.Option("--adjust", help="Over slices: holm (no false one), or bh (few).")] = "bh"
    delta: Annotated[
        float | None,
        typer.Option("--delta", min=0, help="Without labels: how far the judge may err otherwise on the candidate."),
    ] = None
    margin: Annotated[
        float, typer.Option("--margin", min=0, help="Without labels: not worse by more than this passes.")
    ] = 0.0
    queue: Annotated[
        Path | None, typer.Option("--queue", help="Write the sessions here whose labels would decide it.")
    ] = None

    def told(self, scoring: Scoring, settings: dict[str, object]) -> Scoring:
        """Return the scoring with what was asked of it."""
        from judgekit.cli.score import scoring_with

        return scoring_with(scoring, reference=self.reference, splits=self.split, use=self.use, settings=settings)

    def comparing(self) -> Comparing:
        """Return what is looked at beyond the difference itself.

        Raises:
            UnknownName: There is no such adjustment.
        """
        from typing import get_args

        from judgekit.analysis.label_free import Assumption
        from judgekit.analysis.paired_slice import Adjustment
        from judgekit.workflows.compare import Comparing

        known: tuple[Adjustment, ...] = get_args(Adjustment)
        chosen = next((each for each in known if each == self.adjust), None)
        if chosen is None:
            raise UnknownName("adjustment", self.adjust, known, where="--adjust")
        return Comparing(tuple(self.slices or ()), chosen, Assumption(self.delta, self.margin))


@dataclass(frozen=True)
class Compared:
    """A comparison, and what it was made from: verdicts, and versions or the sessions of two runs."""

    report: ComparisonReport
    judged: list[tuple[list[Verdict | Failure], Scoring]]
    versions: tuple[Side, Side] | tuple[str, ...]


def compare(
    context: typer.Context,
    baseline: Annotated[str, typer.Argument(help="Version compared against, or a run of its sessions.")],
    candidate: Annotated[list[str], typer.Argument(help="Version under test, or a run; several: all pairs, ranked.")],
    labels: Annotated[str, typer.Option("--labels", help="Dataset with the sessions and the experts' labels.")],
    *,
    asked: Asked,
    resampling: Resampling,
    out: Out = None,
) -> None:
    """Compare versions on the same inputs: corrected by labels, by the experts alone, by the judge alone.

    Examples: judgekit compare v1 v2 --labels helpdesk --verdicts runs/resolution  |  compare runA runB --labels D
    """
    from datetime import UTC, datetime

    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.project import find_dataset
    from judgekit.cli.options import deliver
    from judgekit.cli.standing import standing_warnings

    folder = DatasetFolder(find_dataset(labels))
    data = folder.load()
    found = _compared(data, (baseline, *candidate), asked, resampling)
    spoke = [scoring for _, scoring in found.judged]
    standing = standing_warnings(found.report, (folder, data), spoke, now=datetime.now(UTC))
    report = found.report.model_copy(update={"warnings": (*found.report.warnings, *standing)})
    if asked.queue is not None:
        n = _write_queue(asked.queue, data, found, resampling.measuring(), margin=asked.margin)
        context.obj.say(f"saved {asked.queue}: {n} sessions to label")
    deliver(report, context.obj, out)
    if asked.queue is None and any(each.word == "inconclusive" for each in report.label_free):
        context.obj.suggest("the same with --queue to-label.jsonl, which lists the sessions whose labels would decide")


def _compared(data: Dataset, names: tuple[str, ...], asked: Asked, resampling: Resampling) -> Compared:
    """Compare versions of the dataset by their names, or the sessions of two runs.

    Raises:
        InputError: More than two runs are given, or a split without a judge.
        UnknownName: A name is neither a version nor a run.
    """
    from judgekit.workflows.compare import compare

    known = {session.version for session in data.sessions}
    if asked.verdicts or (known.issuperset(names) and not any(Path(each).exists() for each in names)):
        return _versions_compared(data, names, asked, resampling)
    _refuse_unknown(names, known)
    if len(names) > 2:
        raise InputError(f"{len(names)} runs are compared at once", hint="Several versions need --verdicts")
    outcomes, scoring, sides = _two_runs((names[0], names[1]), asked.judge, data)
    told, how = asked.told(scoring, resampling.provenance()), resampling.measuring()
    report = compare(data, outcomes, sides, scoring=told, measuring=how, comparing=asked.comparing())
    return Compared(report, [(outcomes, told)], sides)


def _versions_compared(data: Dataset, versions: tuple[str, ...], asked: Asked, resampling: Resampling) -> Compared:
    from judgekit.cli.score import load_outcomes
    from judgekit.workflows.compare_several import compare_versions
    from judgekit.workflows.score import Scoring

    loaded = [load_outcomes(source, asked.judge, data.rubric) for source in asked.verdicts or ()]
    if not loaded and asked.split != "all":
        raise InputError("--split needs a judge that labels correct", hint="Give its run with --verdicts")
    settings = resampling.provenance()
    judged = [(outcomes, asked.told(scoring, settings)) for outcomes, scoring in loaded or [([], Scoring(judge=""))]]
    how = resampling.measuring()
    report = compare_versions(data, judged, versions, measuring=how, comparing=asked.comparing())
    return Compared(report, judged, versions)


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


def _write_queue(path: Path, data: Dataset, found: Compared, measuring: Measuring, *, margin: float) -> int:
    """Write the sessions to label and return how many there are.

    Raises:
        InputError: There are several judges or more than two versions, or no queue can be drawn.
    """
    from judgekit.adapters.store.files import write_jsonl
    from judgekit.analysis.comparison import Side, version_side
    from judgekit.workflows.compare import labelling_queue

    if len(found.judged) != 1 or len(found.versions) != 2:
        raise InputError("--queue is for one judge and two versions", hint="Compare one pair at a time")
    sides = [each if isinstance(each, Side) else version_side(data, each) for each in found.versions]
    (outcomes, scoring), *_ = found.judged
    queue = labelling_queue(data, outcomes, (sides[0], sides[1]), scoring=scoring, measuring=measuring, margin=margin)
    write_jsonl(path, queue)
    return len(queue)


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
