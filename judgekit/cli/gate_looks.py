"""A gate that judges as it goes: the inputs of a look, then the look, until there is a decision.

Each look extends the run under the experiment's `runs/`, which holds all that was judged so far and is a complete run
of it. What a run there holds already, such as one over everything, is not judged again, and needs no engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from judgekit.errors import BudgetReached, InputError

if TYPE_CHECKING:
    from judgekit.adapters.store.experiment import ExperimentFolder
    from judgekit.cli.console import Console
    from judgekit.cli.experiment_judging import Seat
    from judgekit.cli.running import RunHow
    from judgekit.records.certificate import Standing
    from judgekit.records.dataset import Dataset
    from judgekit.records.experiment import Experiment
    from judgekit.records.gate import GateReport, Look
    from judgekit.records.judge import Judge
    from judgekit.records.run import RunManifest
    from judgekit.workflows.gate_ground import JudgedOutcomes
    from judgekit.workflows.looking import Looking
    from judgekit.workflows.score import Scoring


def gate_looking(
    folder: ExperimentFolder,
    experiment: Experiment,
    dataset: Dataset,
    *,
    how: RunHow,
    console: Console,
    standings: Sequence[Standing],
) -> GateReport:
    """Judge and look by turns, until the gate is decided, inputs run out or the cap on money is met.

    Args:
        folder: The experiment's; runs go there.
        experiment: With a policy that looks as it goes.
        dataset: With the sessions of both versions.
        how: Engine and limits; the cap is over all looks and judges.
        console: One line a look.
        standings: What the certificates of the judges' folders are worth.

    Raises:
        InputError: The policy does not look as it goes, or both versions are one.
        LeakError: Labels that helped to make a judge would correct it; nothing was judged.
        EngineUnavailable: Key, model, quota or connection; what was done is kept.
    """
    from judgekit.cli.experiment_judging import seats_of
    from judgekit.cli.options import measuring, provenance
    from judgekit.workflows.looking import Looking

    if experiment.gate is None:
        raise InputError("the experiment has no [gate]", where=str(folder.path), hint="Declare its rules first")
    plan = experiment.plan
    seats = seats_of(folder, experiment, dataset, how=how)
    speaking: dict[str, Seat] = {}
    for seat in seats:
        for criterion in seat.judge.criteria:
            speaking.setdefault(criterion.id, seat)
    bench = _Bench(folder, dataset, how, console, {seat.name: seat for seat in seats})
    looking = Looking(
        dataset,
        experiment,
        experiment.gate,
        [_now(each, seats) for each in standings],
        judges={name: _scoring(seat.judge, provenance(plan.seed)) for name, seat in speaking.items()},
        measuring=measuring(plan.seed, plan.level, plan.resamples),
    )
    is_out_of_budget = False
    while wanted := looking.next_inputs():
        names = {speaking[criterion].name for criterion in looking.needed}
        try:
            judged = bench.judged(names, looking.sessions_of((*looking.seen, *wanted)))
        except BudgetReached as reached:
            console.say(str(reached))
            is_out_of_budget = True
            break
        told = [(outcomes, replace(scoring, settings=provenance(plan.seed))) for outcomes, scoring in judged]
        console.say(_line(looking.look(told, dataset), looking))
    report = looking.report(is_out_of_budget=is_out_of_budget, cost_usd=bench.cost_usd)
    return report.model_copy(update={"settings": {**report.settings, **provenance(plan.seed)}})


@dataclass
class _Bench:
    """The judges of an experiment, and what their runs hold.

    Attributes:
        folder: The experiment's.
        dataset: With the sessions of both versions.
        how: Engine and limits.
        console: For progress.
        seats: Name -> judge.
        paid: Runs that this command did, one a look and judge.
    """

    folder: ExperimentFolder
    dataset: Dataset
    how: RunHow
    console: Console
    seats: dict[str, Seat]
    paid: list[RunManifest] = field(default_factory=list)
    _held: dict[str, JudgedOutcomes] = field(default_factory=dict)

    @property
    def cost_usd(self) -> float | None:
        """What all of them cost; None where a price is unknown."""
        costs = [each.cost_usd for each in self.paid]
        known = [each for each in costs if each is not None]
        return sum(known) if len(known) == len(costs) else None

    def judged(self, names: set[str], sessions: frozenset[str]) -> list[JudgedOutcomes]:
        """Return what judges say, once they have judged some sessions, in the experiment's order.

        Raises:
            BudgetReached: The cap is met; what was done is kept.
            EngineUnavailable: Likewise.
        """
        for name in sorted(names):
            self._judge(self.seats[name], sessions)
        return [self._held[name] for name in self.seats if name in names]

    def _judge(self, seat: Seat, sessions: frozenset[str]) -> None:
        from judgekit.cli.score import load_outcomes
        from judgekit.judging.calibration import needs_beside

        place = self.folder.run(seat.name)
        judge = _as_run(seat, self.how)
        if seat.name not in self._held and not self.how.fresh and _is_whole(place, judge):
            self._held[seat.name] = load_outcomes(str(place), None)
        known = self._known(seat.name)
        if sessions <= known:
            return
        beside = []
        for other in needs_beside(judge):
            if other not in self.seats:
                hint = f"Add {other} to the experiment's judges"
                raise InputError(f"its calibration reads verdicts of {other}", where=judge.name, hint=hint)
            self._judge(self.seats[other], sessions | known)
            beside.append(str(self.folder.run(other)))
        how = replace(self.how, beside=tuple(beside))
        if self.how.fresh:  # anew, once: then the replies in the store are these
            self._run(None, seat, sessions - known, how)
            how = replace(how, fresh=False)
        self._run(place, seat, sessions | known, how)
        self._held[seat.name] = load_outcomes(str(place), None)

    def _known(self, name: str) -> frozenset[str]:
        """Return the sessions that a run holds, as they are now."""
        outcomes, _ = self._held.get(name, ((), None))
        by_id = self.dataset.session_by_id
        return frozenset(
            each.target
            for each in outcomes
            if each.target in by_id and each.seen in (None, by_id[each.target].seen_fingerprint)
        )

    def _run(self, place: Path | None, seat: Seat, sessions: frozenset[str], how: RunHow) -> None:
        from judgekit.adapters.store.run import RunFolder
        from judgekit.cli.running import run_into
        from judgekit.cli.running_panel import with_what_is_left

        left = with_what_is_left(how, self.paid, str(place or seat.path))
        own = self.dataset
        narrowed = type(own)(
            card=own.card, rubric=own.rubric, sessions=tuple(each for each in own.sessions if each.id in sessions)
        )
        try:
            manifest = run_into(place, seat.judge, seat.path, narrowed, how=left, console=self.console).manifest
        except BudgetReached:
            if place is not None:
                self.paid.append(RunFolder(place).manifest())
            raise
        self.paid.append(manifest)


def _is_whole(place: Path, judge: Judge) -> bool:
    """Return whether a folder holds a complete run of this very judge, over whichever sessions."""
    from judgekit.adapters.store.run import RunFolder

    if not (place / "run.json").is_file():
        return False
    held = RunFolder(place).manifest()
    return held.state == "complete" and held.shard is None and held.judge_fingerprint == judge.judge_fingerprint


def _as_run(seat: Seat, how: RunHow) -> Judge:
    """Return the judge as its run will name it: a panel with its members."""
    from judgekit.adapters.store.judge import with_members
    from judgekit.cli.running_panel import panel_members

    if seat.judge.kind != "panel":
        return seat.judge
    return with_members(seat.judge, [member for _, member in panel_members(seat.judge, seat.path, how=how)])


def _scoring(judge: Judge, settings: dict[str, object]) -> Scoring:
    """Return how a judge is named before it has said anything."""
    from judgekit.workflows.score import Scoring

    return Scoring(
        judge=judge.name,
        model=judge.model,
        judge_fingerprint=judge.judge_fingerprint,
        lineage=judge.verdict_lineage,
        combine=judge.combine,
        settings=settings,
    )


def _now(standing: Standing, seats: Sequence[Seat]) -> Standing:
    """Return what a certificate is worth for the judge as it will run, which the environment may have changed."""
    from judgekit.adapters.store.judge import load_judge

    for seat in seats:
        if seat.judge.name == standing.judge and standing.is_trusted:
            if load_judge(seat.path).judge_fingerprint == seat.judge.judge_fingerprint:
                return standing
            why = f"the environment makes another judge of it than {seat.path} holds (endpoint or engine)"
            return standing.model_copy(update={"word": "changed", "why": why})
    return standing


def _line(look: Look, looking: Looking) -> str:
    """Return one look in one line."""
    told = []
    for name, word in look.words.items():
        low, high = look.evidence.get(name, (None, None))
        ends = "" if low is None or high is None else f" [{low:+.3g}, {high:+.3g}]"
        told.append(f"{name}{ends} {word}")
    labels = f", {look.n_labels} labelled" if look.n_labels else ""
    return f"look {len(looking.looks)}: {look.n_inputs} of {len(looking.order)} inputs{labels}: {'; '.join(told)}"
