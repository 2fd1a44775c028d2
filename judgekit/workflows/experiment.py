"""`experiment run`: what its stages share, and its report. Given sessions and verdicts; nothing is run here.

Every analysis is its own recipe (`agree`, `score`, `estimate`, `compare_several`, `gate`), called as the experiment's
plan says; what cannot be measured is passed over with the reason, never in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.label_free import Assumption
from judgekit.analysis.reference import reference
from judgekit.analysis.slicing import require_fields
from judgekit.errors import InputError, LeakError, UnknownName
from judgekit.records.any_report import AnyReport
from judgekit.records.comparison_report import ComparisonReport
from judgekit.records.dataset import Dataset
from judgekit.records.experiment import Experiment
from judgekit.records.experiment_report import VersionOrigin
from judgekit.records.rubric import Criterion
from judgekit.records.session import Session
from judgekit.records.verdict import Failure, Verdict
from judgekit.workflows.agree import agree, chosen_criteria
from judgekit.workflows.compare import Comparing, comparable
from judgekit.workflows.compare_several import compare_versions
from judgekit.workflows.estimate import ORDERED, estimate, estimate_judged
from judgekit.workflows.gate_ground import untouched_splits
from judgekit.workflows.score import Rival, Scoring, SplitChoice, score

JudgedOutcomes = tuple[Sequence[Verdict | Failure], Scoring]
"""What one judge said, and how it is named."""


def with_sessions(dataset: Dataset, sessions: Iterable[Session]) -> Dataset:
    """Return the dataset with more sessions, in memory; one that is there already counts once.

    Raises:
        InputError: A session has the id of another one.
    """
    known, new = dict(dataset.session_by_id), []
    for session in sessions:
        old = known.setdefault(session.id, session)
        if old is session:
            new.append(session)
        elif not _is_same(old, session):
            what = f"session {session.id!r} of version {session.version!r} is another one of the same id already"
            told = f"Give each its own id, such as {session.version}-{session.id}"
            raise InputError(what, where=dataset.name, hint=told)
    return dataset.model_copy(update={"sessions": (*dataset.sessions, *new)})


def _is_same(old: Session, new: Session) -> bool:
    """Whether two records speak of one session: what was said, and what both of them declare."""
    if old.seen_fingerprint != new.seen_fingerprint:
        return False
    declared = ((getattr(old, name), getattr(new, name)) for name in ("version", "input", "trial", "group"))
    return all(before == after or before is None or after is None for before, after in declared)


def require_versions(dataset: Dataset, experiment: Experiment) -> None:
    """Check, before anything is made, that each version is in the dataset or is said to come from somewhere.

    Raises:
        UnknownName: A version is neither.
    """
    there = {session.version for session in dataset.sessions if session.version is not None}
    for version in experiment.compared:
        if version not in there and version not in experiment.sources:
            where = f"sessions of {dataset.name}, and [versions] of the experiment"
            raise UnknownName("version", version, {*there, *experiment.sources}, where=where)
    if experiment.baseline == experiment.candidate:
        what = f"baseline and candidate are both {experiment.baseline!r}"
        raise InputError(what, where=experiment.name, hint="Name two versions")


def require_plan(dataset: Dataset, experiment: Experiment) -> None:
    """Check, before anything is paid for, that all that the plan and the gate name is there.

    Raises:
        UnknownName: A criterion, a field to slice by, or the reference is not known.
    """
    plan, rules = experiment.plan, experiment.gate.rules if experiment.gate else ()
    if plan.calibrate and dataset.splits is None:
        what, hint = "calibrating takes a dev split, and there are no splits", "`judgekit split` draws them"
        raise InputError(what, where=dataset.name, hint=hint)
    ruled = [rule.criterion for rule in rules if rule.kind != "ceiling"]
    for name in (*experiment.criteria, *ruled):
        dataset.rubric.criterion(name)
    fields = [part.partition("=")[0] for rule in rules for part in rule.slices]
    require_fields(dataset, (*plan.slices, *fields))
    for criterion in chosen_criteria(dataset, experiment.criteria) if plan.reference is not None else ():
        _require_reference(dataset, criterion, plan.reference or "")


def is_looking(experiment: Experiment) -> bool:
    """Return whether its gate judges as it goes."""
    return experiment.gate is not None and experiment.gate.sequential is not None


def before_looks(experiment: Experiment) -> str | None:
    """Say that everything is judged before a gate's first look, which then spares nothing; None where it is not."""
    plan = experiment.plan
    needing = [name for name, is_wanted in (("calibrate", plan.calibrate), ("certify", plan.certify)) if is_wanted]
    if not is_looking(experiment) or not needing:
        return None
    verb = "needs" if len(needing) == 1 else "need"
    return (
        f"[gate.sequential] spares no calls here: {' and '.join(needing)} {verb} verdicts first, so every session is "
        f"judged before the gate's first look. Calibrate and certify the judge beforehand, and leave "
        f"{' and '.join(needing)} out, to pay look by look"
    )


def _require_reference(dataset: Dataset, criterion: Criterion, rule: str) -> None:
    try:
        reference(dataset, criterion, rule)
    except UnknownName:
        raise
    except InputError:  # a mean of levels without an order, say: told where that criterion is measured
        return


def origin_of(origin: VersionOrigin, sessions: Sequence[Session], inputs: Sequence[Sequence[str]]) -> VersionOrigin:
    """Return where a version came from, with what its sessions are held against the inputs file.

    Args:
        origin: As far as it is known without the sessions.
        sessions: Of the version.
        inputs: What each row of the inputs file may be called; none where there is no file.

    Raises:
        InputError: A command or file was given the inputs, and not one of its sessions names one of them.
    """
    costs = [session.cost_usd for session in sessions]
    found: dict[str, object] = {
        "n_sessions": len(sessions),
        "cost_usd": None if None in costs else sum(cost for cost in costs if cost is not None),
    }
    if inputs:
        missing = missing_inputs(sessions, inputs)
        known = {name for names in inputs for name in names}
        if len(missing) == len(inputs) and origin.source != "dataset":
            some = next((each.input for each in sessions if each.input is not None), None)
            what = f"no session of version {origin.version!r} is on an input of the inputs file"
            told = f"its first `input` is {some!r}" if some is not None else "none of them has an `input`"
            raise InputError(f"{what}: {told}", hint=f"Carry over the inputs' ids, such as {inputs[0][0]!r}")
        n_unasked = sum(session.input not in known for session in sessions)
        found |= {"n_inputs": len(inputs), "missing": missing, "n_unasked": n_unasked}
    return origin.model_copy(update=found)


def missing_inputs(sessions: Iterable[Session], inputs: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return the inputs that no session is on.

    Args:
        sessions: Of one version.
        inputs: What each row of the inputs file may be called.
    """
    asked = {session.input for session in sessions}
    return tuple(names[0] for names in inputs if asked.isdisjoint(names))


@dataclass(frozen=True)
class Analysis:
    """What was measured, and what was not and why."""

    reports: tuple[AnyReport, ...]
    skipped: tuple[str, ...] = ()


@dataclass
class _Bench:
    """The dataset and the plan, with what has been made so far."""

    dataset: Dataset
    experiment: Experiment
    measuring: Callable[[], Measuring]
    settings: dict[str, object]
    reports: list[AnyReport] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def measure(self, what: str, make: Callable[[], AnyReport]) -> None:
        """Take over a report; where nothing can be measured, the reason."""
        try:
            self.reports.append(make())
        except InputError as error:
            if type(error) not in (InputError, LeakError):  # a wrong name or file is not "nothing to measure"
                raise
            self.skipped.append(f"{what}: not measured, since {str(error)[:1].lower()}{str(error)[1:]}")


def analyse(
    dataset: Dataset,
    experiment: Experiment,
    judged: Sequence[JudgedOutcomes],
    *,
    measuring: Callable[[], Measuring],
    settings: Mapping[str, object],
) -> Analysis:
    """Return agreement, scores, qualities and the comparison, as the plan says.

    Args:
        dataset: With the sessions of all versions.
        experiment: Criteria, versions and plan.
        judged: Each judge's outcomes, and how it is named.
        measuring: Gives level, resamples and randomness, from its start for every report.
        settings: What the door knows of this invocation (seed, software).
    """
    bench = _Bench(dataset, experiment, measuring, dict(settings))
    own = [_narrowed(each, experiment, bench.settings) for each in judged]
    chosen = chosen_criteria(dataset, experiment.criteria)
    labelled = [criterion for criterion in chosen if dataset.labels_by_criterion[criterion.id]]
    if labelled:
        names = [criterion.id for criterion in labelled]
        bench.measure("agreement", lambda: agree(dataset, measuring(), criteria=names, settings=bench.settings))
    else:
        bench.skipped.append("agreement: not measured, since nobody has labelled what is asked")
    for outcomes, scoring in own:
        _score(bench, own, outcomes, scoring)
    _estimate(bench, own, [criterion.id for criterion in labelled if criterion.scale.type in ORDERED])
    _compare(bench, own)
    return Analysis(tuple(bench.reports), tuple(bench.skipped))


def _score(
    bench: _Bench, judged: Sequence[JudgedOutcomes], outcomes: Sequence[Verdict | Failure], scoring: Scoring
) -> None:
    slices = tuple(dict.fromkeys(("version", *bench.experiment.plan.slices)))
    splits: tuple[SplitChoice, ...] = ("train", "dev")
    told = replace(_beside_students(judged, outcomes, scoring), splits=splits, slices=slices)
    bench.measure(
        f"{scoring.judge} against the experts", lambda: score(bench.dataset, outcomes, told, bench.measuring())
    )


def _beside_students(
    judged: Sequence[JudgedOutcomes], outcomes: Sequence[Verdict | Failure], scoring: Scoring
) -> Scoring:
    """Return one judge's scoring with the students of its criterion, which need no key, as what it must beat."""
    criteria = {outcome.criterion for outcome in outcomes}
    students = [
        Rival(other.judge, theirs, other.lineage)
        for theirs, other in judged
        if other.engine == "student" and other.judge != scoring.judge and criteria & {each.criterion for each in theirs}
    ]
    return replace(scoring, rivals=tuple(students))


def _estimate(bench: _Bench, judged: Sequence[JudgedOutcomes], labelled: Sequence[str]) -> None:
    """Estimate each version: with each judge's help, and from labels alone where no judge has a part."""
    helped: set[str] = set()
    for outcomes, scoring in judged:
        spoken = {outcome.criterion for outcome in outcomes}
        criteria = [name for name in labelled if name in spoken]
        if not criteria:
            continue
        make = partial(estimate_judged, bench.dataset, outcomes, _by_other_labels(bench, scoring))
        n_before = len(bench.reports)
        bench.measure(f"estimate with {scoring.judge}", partial(make, bench.measuring(), criteria=criteria))
        helped |= set(criteria) if len(bench.reports) > n_before else set()
    alone = [name for name in labelled if name not in helped]
    if alone:
        told = partial(estimate, bench.dataset, rule=bench.experiment.plan.reference, settings=bench.settings)
        bench.measure("estimate from labels", partial(told, bench.measuring(), criteria=alone))


def _compare(bench: _Bench, judged: Sequence[JudgedOutcomes]) -> None:
    """Compare the candidate with the baseline, which is what the gate decides on, and then all versions in pairs."""
    plan, experiment = bench.experiment.plan, bench.experiment
    looked = Comparing(slices=plan.slices, assumption=Assumption(plan.delta))
    told: list[JudgedOutcomes] = [
        (outcomes, _by_other_labels(bench, scoring))
        for outcomes, scoring in judged
        if comparable(bench.dataset, outcomes)
    ]
    if not told:
        nobody = Scoring(judge="", reference=plan.reference, splits=("all",), settings=bench.settings)
        told = [([], nobody)]

    def compared(judges: Sequence[JudgedOutcomes], versions: tuple[str, ...]) -> ComparisonReport:
        return compare_versions(bench.dataset, judges, versions, measuring=bench.measuring(), comparing=looked)

    candidate, baseline, several = experiment.candidate, experiment.baseline, experiment.compared
    bench.measure(f"{candidate} against {baseline}", partial(compared, told, (baseline, candidate)))
    for one in told if len(several) > 2 else ():
        by = f", by {one[1].judge}" if one[1].judge else ""
        bench.measure(f"{', '.join(several)} in pairs{by}", partial(compared, [one], several))


def _by_other_labels(bench: _Bench, scoring: Scoring) -> Scoring:
    """Return a judge to be corrected by labels of splits that had no part in its making."""
    splits: Any = untouched_splits(bench.dataset, scoring)
    return replace(scoring, splits=splits)


def _narrowed(judged: JudgedOutcomes, experiment: Experiment, settings: dict[str, object]) -> JudgedOutcomes:
    """Return a judge's outcomes on the experiment's criteria, told how to read them."""
    outcomes, scoring = judged
    kept = [each for each in outcomes if not experiment.criteria or each.criterion in experiment.criteria]
    return kept, replace(scoring, reference=experiment.plan.reference, settings=settings)
