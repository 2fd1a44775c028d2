"""Head of an experiment's report: what was asked, by which plan, of which sessions, by whom judged, at what cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from judgekit.records.certificate import Certificate
from judgekit.records.dataset import Dataset
from judgekit.records.experiment import Experiment
from judgekit.records.experiment_report import ExperimentReport, JudgeUsed, PlanEntry, VersionOrigin
from judgekit.records.gate import GateReport
from judgekit.records.record import time_text
from judgekit.records.run import RunManifest, Spending
from judgekit.workflows.experiment import missing_inputs

N_NAMED = 5
"""Inputs named in a sentence."""
SHORT = 19
"""Characters of a fingerprint that are shown: `sha256:` and twelve digits."""
DECIDED_BY_ALL = ("pass", "fail", "inconclusive")
"""Words of a gate that say something of all inputs, and may not where too many of them have no session."""


@dataclass(frozen=True)
class Course:
    """How an experiment went, apart from what was measured.

    Attributes:
        plans: Every plan that held, oldest first.
        versions: Where their sessions came from.
        judges: Who judged.
        certificates: What they proved on the test split.
        skipped: What was not done, and why.
    """

    plans: Sequence[PlanEntry]
    versions: Sequence[VersionOrigin]
    judges: Sequence[JudgeUsed]
    certificates: Sequence[Certificate] = ()
    skipped: Sequence[str] = ()


def experiment_report(
    experiment: Experiment,
    dataset: Dataset,
    course: Course,
    *,
    gate: GateReport | None,
    settings: Mapping[str, object],
) -> ExperimentReport:
    """Return the head of the report.

    Args:
        experiment: What was declared.
        dataset: With the sessions of all versions; its openings are counted.
        course: How it went.
        gate: What the gate says; None where none is declared.
        settings: Seed, level, software.
    """
    openings = Counter(opening.split for opening in dataset.openings)
    costs = [each.cost_usd for each in course.judges]
    cost_usd = None if None in costs else sum(cost for cost in costs if cost is not None)
    return ExperimentReport(
        title=f"Experiment {experiment.name}: {experiment.candidate} against {experiment.baseline}",
        dataset=dataset.name,
        dataset_fingerprint=dataset.fingerprint(),
        settings=dict(settings),
        summary=tuple(_summary(experiment, gate, cost_usd, openings["test"])),
        warnings=(*_plan_words(course.plans), *_input_words(course.versions)),
        experiment=experiment.name,
        question=experiment.question,
        baseline=experiment.baseline,
        candidate=experiment.candidate,
        word=gate.word if gate is not None else None,
        plan_hash=course.plans[-1].hash,
        plans=tuple(course.plans),
        versions=tuple(course.versions),
        judges=tuple(course.judges),
        cost_usd=cost_usd,
        openings=dict(sorted(openings.items())),
        certificates=tuple(course.certificates),
        skipped=tuple(course.skipped),
    )


def held_to_inputs(
    report: GateReport, experiment: Experiment, dataset: Dataset, inputs: Sequence[Sequence[str]]
) -> GateReport:
    """Return the gate's report; undecided where too many inputs have no session of either version.

    Inputs on which a version gave up are not a random part of them: a candidate must not pass by leaving them out.

    Args:
        report: What the gate says of the sessions that are there.
        experiment: Versions and policy.
        dataset: With the sessions of both versions.
        inputs: What each row of the inputs file may be called; none where there is no file.
    """
    if experiment.gate is None or report.word not in DECIDED_BY_ALL:
        return report
    most, short = experiment.gate.max_failure_rate, []
    for version in (experiment.baseline, experiment.candidate):
        if version not in experiment.sources:  # of the dataset, which nobody made from these inputs
            continue
        n_missing = len(missing_inputs([each for each in dataset.sessions if each.version == version], inputs))
        if n_missing > most * len(inputs):
            short.append(f"{version} has no session on {n_missing} of {len(inputs)} inputs")
    if not short:
        return report
    words = f"Not decided: {'; '.join(short)}, and at most {most:.0%} may be missing (max_failure_rate)."
    told = {"word": "incomplete", "summary": (words, *report.summary[1:])}  # in place of the word over all
    return report.model_copy(update=told)


def judge_used(manifest: RunManifest, runs: Sequence[RunManifest], *, is_calibrated: bool) -> JudgeUsed:
    """Return what a judge came to.

    Args:
        manifest: Of the run whose verdicts count.
        runs: Of all runs that asked something for it: this one, a panel's members', the one before calibration.
        is_calibrated: Whether the verdicts are calibrated.
    """
    spent = [run.spending or Spending() for run in runs]
    timed = next((run.latency for run in (manifest, *runs) if run.latency is not None), None)
    return JudgeUsed(
        judge=manifest.judge,
        criteria=(manifest.criterion, *manifest.further_criteria),
        judge_fingerprint=manifest.judge_fingerprint,
        request_fingerprint=manifest.request_fingerprint,
        engine=manifest.engine,
        models=tuple(sorted({model for run in (manifest, *runs) for model in run.models})),
        n_verdicts=manifest.n_verdicts,
        n_failures=manifest.n_failures,
        failures=manifest.failures,
        n_sent=sum(each.n_sent for each in spent),
        cost_usd=_total([each.cost_usd for each in spent]),
        possible_usd=_total([each.possible_usd for each in spent]),
        latency=timed,
        is_calibrated=is_calibrated,
    )


def _total(costs: Sequence[float | None]) -> float | None:
    return None if None in costs else sum(cost for cost in costs if cost is not None)


def _summary(experiment: Experiment, gate: GateReport | None, cost_usd: float | None, n_opened: int) -> list[str]:
    if gate is None:
        decided = ["No gate is declared: nothing was decided."]
    else:
        decided = [f"The gate's word: {gate.word}.", *gate.summary[:1]]
    cost = "not known: a price is missing" if cost_usd is None else f"${cost_usd:.4f}"
    opened = "was never opened" if not n_opened else f"was opened {_times(n_opened)}, by whomever"
    return [
        *([experiment.question] if experiment.question else []),
        *decided,
        f"Judges' replies cost {cost} over all commands. The test split {opened}.",
    ]


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n} times"


def _plan_words(plans: Sequence[PlanEntry]) -> list[str]:
    """Say of every plan that replaced another what changed and when: after a report, it may have been chosen by it."""
    return [_change_words(old, new) for old, new in pairwise(plans)]


def _change_words(old: PlanEntry, new: PlanEntry) -> str:
    when = "after its report was written" if new.had_report else "before any report was written"
    changed = []
    if old.hash != new.hash:
        changed.append(f"the plan changed ({old.hash[:SHORT]}, then {new.hash[:SHORT]})")
    if old.inputs != new.inputs:
        changed.append(f"the inputs changed ({_short(old.inputs)}, then {_short(new.inputs)})")
    others = sorted(name for name in {*old.judges, *new.judges} if old.judges.get(name) != new.judges.get(name))
    if others:
        changed.append(f"judges changed ({', '.join(others)})")
    return f"{' and '.join(changed)} on {time_text(new.at)}, {when}; the one before held from {time_text(old.at)}"


def _short(fingerprint: str | None) -> str:
    return fingerprint[:SHORT] if fingerprint else "none"


def _input_words(versions: Sequence[VersionOrigin]) -> list[str]:
    words = []
    for each in versions:
        if each.missing:
            more = ", ..." if len(each.missing) > N_NAMED else ""
            named = ", ".join(each.missing[:N_NAMED]) + more
            words.append(f"{each.version} has no session on {len(each.missing)} of {each.n_inputs} inputs ({named})")
        if each.n_unasked:
            words.append(f"{each.n_unasked} sessions of {each.version} are on no input of the inputs file")
    return words
