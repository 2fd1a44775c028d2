"""The judges of an experiment over all its sessions: each a run, calibrated where the plan wants it, under one cap.

A run that is complete is not begun again, and what its replies cost stays written where it was paid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from judgekit.errors import InputError

if TYPE_CHECKING:
    from judgekit.adapters.store.experiment import ExperimentFolder
    from judgekit.cli.console import Console
    from judgekit.cli.running import RunHow
    from judgekit.records.calibration_report import CalibrationReport
    from judgekit.records.dataset import Dataset
    from judgekit.records.experiment import Experiment
    from judgekit.records.experiment_report import JudgeUsed, KeptCalibration
    from judgekit.records.judge import Judge
    from judgekit.records.run import RunManifest
    from judgekit.workflows.experiment import JudgedOutcomes

RAW = "-raw"
"""Ends the name of a run that was made before calibration."""


@dataclass(frozen=True, slots=True)
class Seat:
    """One judge of an experiment.

    Attributes:
        name: Of its folder, and of its run's.
        path: Its folder.
        judge: As command line and environment change it.
    """

    name: str
    path: Path
    judge: Judge


@dataclass
class Bench:
    """The judges of an experiment, with what they have come to.

    Attributes:
        folder: The experiment's.
        experiment: What is declared.
        dataset: With the sessions of all versions.
        how: Engine and limits, the cap over all judges.
        console: For progress.
        paid: What this command ran.
        used: Who judged, and at what cost.
        calibrations: Reports on calibrations.
        skipped: What was not done, and why.
    """

    folder: ExperimentFolder
    experiment: Experiment
    dataset: Dataset
    how: RunHow
    console: Console
    paid: list[RunManifest] = field(default_factory=list)
    used: list[JudgeUsed] = field(default_factory=list)
    calibrations: list[CalibrationReport] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def seats_of(folder: ExperimentFolder, experiment: Experiment, dataset: Dataset, *, how: RunHow) -> list[Seat]:
    """Return the experiment's judges.

    Raises:
        InputError: Two have one name.
        UnknownName: A judge answers a criterion that the rubric does not have.
    """
    from judgekit.adapters.store.judge import load_judge
    from judgekit.cli.run import changed

    seats: list[Seat] = []
    for path in folder.judges(experiment):
        judge = changed(load_judge(path), model=None, base_url=None, how=how)
        if any(path.name == seat.name or judge.name == seat.judge.name for seat in seats):
            raise InputError(f"two judges are called {path.name!r}", where=experiment.name, hint="Rename one's folder")
        for criterion in judge.criteria:
            dataset.rubric.criterion(criterion.id)
        seats.append(Seat(path.name, path, judge))
    return seats


def judge_all(bench: Bench, seats: Sequence[Seat]) -> list[JudgedOutcomes]:
    """Have every judge judge all sessions, and return what they said, in the experiment's order.

    Raises:
        BudgetReached: The cap is met; what was done is kept.
        EngineUnavailable: Key, model, quota or connection; what was done is kept.
        IncompleteError: A judge has no verdict at all.
    """
    from judgekit.cli.score import load_outcomes
    from judgekit.judging.calibration import needs_beside

    judged: dict[str, JudgedOutcomes] = {}
    for seat in sorted(seats, key=lambda seat: bool(needs_beside(seat.judge)) and not bench.experiment.plan.calibrate):
        if not _is_asked(bench, seat):
            continue
        _judge(bench, seat)
        judged[seat.name] = load_outcomes(str(bench.folder.run(seat.name)), None)
    return [judged[seat.name] for seat in seats if seat.name in judged]


def judged_so_far(bench: Bench, seats: Sequence[Seat]) -> list[JudgedOutcomes]:
    """Return what judges said that a gate had asked, look by look; those that cost nothing judge all sessions.

    What the gate did without is not asked for: that it stops early is the point of it.
    """
    from judgekit.cli.score import load_outcomes
    from judgekit.workflows.experiment_report import judge_used

    judged: list[JudgedOutcomes] = []
    for seat in seats:
        place = bench.folder.run(seat.name)
        if not _is_asked(bench, seat):
            continue
        if seat.judge.kind not in ("prompt", "panel"):
            _judge(bench, seat)
        elif (manifest := _held(place, _with_members(seat, bench.how))) is not None:
            bench.used.append(judge_used(manifest, _manifests(place), is_calibrated=bool(seat.judge.calibrations)))
        else:
            bench.skipped.append(f"judge {seat.name}: not asked, since the gate had no need of it")
            continue
        judged.append(load_outcomes(str(place), None))
    return judged


def _is_asked(bench: Bench, seat: Seat) -> bool:
    criteria = [criterion.id for criterion in seat.judge.criteria]
    if not bench.experiment.criteria or set(criteria) & set(bench.experiment.criteria):
        return True
    bench.skipped.append(f"judge {seat.name}: not asked, since it answers {', '.join(criteria)}")
    return False


def _judge(bench: Bench, seat: Seat) -> None:
    """Run one judge: before calibration first, where the plan wants one, and then as it is to be used."""
    from judgekit.workflows.experiment_report import judge_used

    place, judge, earlier = bench.folder.run(seat.name), seat.judge, []
    if bench.experiment.plan.calibrate:
        raw = judge.model_copy(update={"calibrations": ()})
        before = bench.folder.run(seat.name + RAW)
        _run(bench, replace(seat, judge=raw), before, how=bench.how)
        judge = _calibrated(bench, seat, before)
        earlier = _manifests(before)
    how = replace(bench.how, fresh=bench.how.fresh and not earlier)  # what was just asked anew is asked once
    manifest = _run(bench, replace(seat, judge=judge), place, how=how)
    runs = [*_manifests(place), *earlier]
    bench.used.append(judge_used(manifest, runs, is_calibrated=bool(judge.calibrations)))


def _run(bench: Bench, seat: Seat, place: Path, *, how: RunHow) -> RunManifest:
    from judgekit.cli.running import run_into
    from judgekit.cli.running_panel import with_what_is_left
    from judgekit.workflows.run import require_verdicts

    judge = _with_members(seat, how)
    held = complete_run(place, judge, bench.dataset)
    if held is not None and not how.fresh and not (how.is_retrying_failures and held.n_failures):
        return held
    _make_way(place, judge, bench.console)
    left = with_what_is_left(how, bench.paid, str(place))
    left = replace(left, beside=_beside(bench, judge))
    bench.console.say(f"judge {seat.name} over {len(bench.dataset.sessions)} sessions ...")
    manifest = run_into(place, judge, seat.path, bench.dataset, how=left, console=bench.console).manifest
    bench.paid.append(manifest)
    require_verdicts(manifest)
    return manifest


def complete_run(place: Path, judge: Judge, dataset: Dataset) -> RunManifest | None:
    """Return the manifest of a run where it is this judge's, over just these sessions, and done; else None."""
    from judgekit.cli.run_source import targets_in
    from judgekit.judging.runner.interview import seen_fingerprint
    from judgekit.workflows.run import Contents

    held = _held(place, judge)
    if held is None:
        return None
    contents = Contents()
    for target in targets_in(judge, dataset):
        contents.note(target, seen_fingerprint(target))
    return held if held.sessions == contents.fingerprint() else None


def _held(place: Path, judge: Judge) -> RunManifest | None:
    """Return the manifest of a run that is done, whatever it is over, where it is this judge's; else None."""
    from judgekit.adapters.store.run import RunFolder

    if not (place / "run.json").is_file():
        return None
    held = RunFolder(place).manifest()
    is_done = held.state == "complete" and held.n_verdicts and held.shard is None
    return held if is_done and held.judge_fingerprint == judge.judge_fingerprint else None


def _with_members(seat: Seat, how: RunHow) -> Judge:
    """Return a panel as it is when it runs: its members as the environment changes them."""
    from judgekit.adapters.store.judge import with_members
    from judgekit.cli.running_panel import panel_members

    if seat.judge.kind != "panel":
        return seat.judge
    return with_members(seat.judge, [member for _, member in panel_members(seat.judge, seat.path, how=how)])


def make_way(bench: Bench, seat: Seat) -> None:
    """Move the run of a judge that has since been changed out of the way."""
    _make_way(bench.folder.run(seat.name), _with_members(seat, bench.how), bench.console)


def _make_way(place: Path, judge: Judge, console: Console) -> None:
    """Move the run of a judge that has since been changed out of the way; what it paid for stays."""
    from judgekit.adapters.store.run import RunFolder

    if not (place / "run.json").is_file():
        return
    held = RunFolder(place).manifest().judge_fingerprint
    if held == judge.judge_fingerprint:
        return
    named = f"{place.name}@{held.removeprefix('sha256:')[:12]}"
    taken = [place.with_name(named), *(place.with_name(f"{named}-{number}") for number in range(2, 1000))]
    aside = next(each for each in taken if not each.exists())
    place.rename(aside)
    console.say(f"{judge.name} was changed since its run here, which is now {aside}")


def _beside(bench: Bench, judge: Judge) -> tuple[str, ...]:
    """Return the runs of other judges that a judge's calibration reads.

    Raises:
        InputError: The experiment has no such judge, or it has not judged yet.
    """
    from judgekit.judging.calibration import needs_beside

    places = []
    for name in needs_beside(judge):
        place = bench.folder.run(name)
        if not any(each.judge == name for each in bench.used):
            hint = f"Add {name} to the experiment's judges, before this one"
            raise InputError(f"its calibration reads verdicts of {name}", where=judge.name, hint=hint)
        places.append(str(place))
    return tuple(places)


def _manifests(place: Path) -> list[RunManifest]:
    """Return the manifests of a run and, where it is a panel's, of its members' runs."""
    from judgekit.adapters.store.run import RunFolder
    from judgekit.cli.running_panel import member_runs

    return [RunFolder(each).manifest() for each in (place, *member_runs(place))]


def _calibrated(bench: Bench, seat: Seat, before: Path) -> Judge:
    """Return the judge with what the dev split's labels teach of it; what was once learnt by this plan stands.

    New labels do not change it: a certificate would be void, and the test split opened again, with every label.
    """
    from judgekit.adapters.store.judge import JudgeFolder

    kept = bench.folder.calibration(seat.name)
    plan = bench.experiment.plan.fingerprint(exclude={"certify", "delta", "slices"})
    if kept is None or (kept.raw_fingerprint, kept.plan) != (seat.judge.raw_fingerprint, plan) or bench.how.fresh:
        kept = _learnt(bench, seat, before).model_copy(update={"plan": plan})
        bench.folder.keep_calibration(seat.name, kept)
    if kept.refused is not None:
        bench.skipped.append(f"{seat.name} was not calibrated: {kept.refused}")
        return seat.judge
    if kept.report is not None:
        bench.calibrations.append(kept.report)
    judge = seat.judge.model_copy(update={"calibrations": kept.calibrations})
    if judge.judge_fingerprint != seat.judge.judge_fingerprint:
        JudgeFolder(seat.path).write_calibrations(judge)
        bench.console.say(f"  {'calibrated' if judge.calibrations else 'not calibrated'}: {seat.path}")
    return judge


def _learnt(bench: Bench, seat: Seat, before: Path) -> KeptCalibration:
    from judgekit.cli.options import measuring, provenance
    from judgekit.cli.score import load_outcomes
    from judgekit.records.experiment_report import KeptCalibration
    from judgekit.workflows.calibrate import calibrate
    from judgekit.workflows.calibration_input import Calibrating, Heard

    plan, raw = bench.experiment.plan, seat.judge.model_copy(update={"calibrations": ()})
    outcomes, scoring = load_outcomes(str(before), None)
    heard = Heard(scoring.judge, outcomes, scoring.judge_fingerprint, scoring.lineage, scoring.engine)
    told = Calibrating(splits=("dev",), reference=plan.reference, seed=plan.seed, settings=provenance(plan.seed))
    how = measuring(plan.seed, plan.level, plan.resamples)
    try:
        found = calibrate(bench.dataset, raw, [heard], told, how)
    except InputError as error:
        if type(error) is not InputError:
            raise
        return KeptCalibration(raw_fingerprint=raw.raw_fingerprint, refused=str(error))
    return KeptCalibration(
        raw_fingerprint=raw.raw_fingerprint, calibrations=found.judge.calibrations, report=found.report
    )
