"""`judge probe`: does a judge keep its verdicts when what should not matter changes?

The baseline and its reruns are one run, every change another, all by the ordinary runner: what was paid for once is in
the store, and a command that was stopped goes on where it was.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from judgekit.analysis.asking import answers_of, askings_of, is_comparable
from judgekit.analysis.probe import Changed, Measure, baseline_counts, floor_row, probe_results, probe_rows
from judgekit.analysis.probe_wording import probe_notes, probe_summary, probe_warnings
from judgekit.analysis.rating import Target as Place
from judgekit.analysis.rating import excerpt
from judgekit.errors import InputError
from judgekit.judging.probe import Probing, Question, in_own_order, prepared
from judgekit.judging.probe_variant import PROBES, RERUN
from judgekit.judging.prompt import PairTarget
from judgekit.judging.student import judge_targets
from judgekit.records.probe_report import ProbeReport, ProbeResult
from judgekit.records.record import Record
from judgekit.records.run import RunManifest
from judgekit.records.verdict import Failure, Verdict
from judgekit.workflows.dry_run import RunPlan, Way, plan_run, plan_together

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np

    from judgekit.judging.ports import Store
    from judgekit.judging.probe_edit import Target
    from judgekit.judging.runner.interview import Targets
    from judgekit.judging.student import Student
    from judgekit.records.judge import Judge, Paraphrase
    from judgekit.records.rubric import Criterion
    from judgekit.workflows.run import RunOptions

Outcome = Verdict | Failure
SMALLEST_CAP_USD = 1e-9
"""What is left of a cap that is used up: it lets stored replies through and nothing else."""


@dataclass(frozen=True, slots=True)
class ProbeOptions:
    """What is asked, and how sure a finding must be.

    Attributes:
        names: Probes wanted; empty: all.
        n: Most targets drawn.
        n_reruns: Askings again beside the first; two or more, so that the noise has an interval.
        error_rate: Chance that a judge that is clear of all is found with anything.
        level: Coverage of the intervals.
        settings: What else the report must say of how it was made.
    """

    names: tuple[str, ...] = ()
    n: int = 50
    n_reruns: int = 2
    error_rate: float = 0.05
    level: float = 0.95
    settings: Mapping[str, object] = field(default_factory=dict)


class ProbePrice(Record):
    """What one probe would come to."""

    probe: str
    n_variants: int
    n_outcomes: int
    n_calls: int
    """Calls to be made, those in the cache left out."""
    n_stored: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    """None when the model's price is unknown."""
    minutes: float


class ProbePlan(Record):
    """What all probes would come to, before anything is sent."""

    judge: str
    n_targets: int
    probes: tuple[ProbePrice, ...]
    skipped: dict[str, str]
    """Probe that is not asked -> why."""
    n_calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    minutes: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Heard:
    """What one question brought.

    Attributes:
        outcomes: Verdicts and failures, as asked.
        manifest: Of the run; None where nothing was sent.
    """

    outcomes: tuple[Outcome, ...]
    manifest: RunManifest | None = None


Ask = Callable[[Question, "RunOptions"], Awaitable[Heard]]
"""Runs one question, into wherever its run is kept."""


def probing_of(
    judge: Judge,
    targets: Targets,
    options: ProbeOptions,
    *,
    rng: np.random.Generator,
    paraphrases: Sequence[Paraphrase] = (),
) -> Probing:
    """Draw targets, and return all that is to be asked about them.

    Raises:
        UnknownName: There is no such probe.
        InputError: The judge or a wanted probe cannot be asked, or there is nothing that could be compared.
        InvalidRecord: A paraphrase is of no part of the rubric, or a template is wrong.
    """
    if options.n_reruns < 2:
        hint = "Two give the noise of asking again its interval"
        raise InputError(f"{options.n_reruns} reruns are too few", where="--reruns", hint=hint)
    if not 0 < options.error_rate < 1:
        raise InputError(f"error rate {options.error_rate:g} is not between 0 and 1", hint="Give 0.05 for 5%")
    if not any(map(is_comparable, judge.criteria)):
        what = "open answers are never twice the same, so none can be seen to change"
        raise InputError(what, where=judge.name, hint="Probe a judge with a scale")
    places = set(rng.choice(len(targets), min(options.n, len(targets)), replace=False).tolist())
    drawn = [target for place, target in enumerate(targets) if place in places]
    return prepared(judge, drawn, names=options.names, n_reruns=options.n_reruns, paraphrases=paraphrases)


def plan_probes(probing: Probing, *, store: Store, options: RunOptions, way: Way | None = None) -> ProbePlan:
    """Return what asking all of it would come to; nothing is sent. `way` is how the engine sends.

    Raises:
        InvalidRecord: A template, pattern or parameter of the judge is wrong.
    """
    plans: dict[str, list[RunPlan]] = {}
    for question in probing.questions:
        plan = plan_run(question.judge, question.targets, store=store, options=options, way=way)
        plans.setdefault(question.variant.probe if question.variant else RERUN, []).append(plan)
    whole = plan_together(probing.subject.judge.name, [plan for some in plans.values() for plan in some])
    return ProbePlan(
        judge=whole.judge,
        n_targets=whole.n_targets,
        probes=tuple(_price(probe, some) for probe, some in plans.items()),
        skipped=dict(probing.skipped),
        n_calls=whole.n_calls,
        prompt_tokens=whole.prompt_tokens,
        completion_tokens=whole.completion_tokens,
        cost_usd=whole.cost_usd,
        minutes=whole.minutes,
        notes=whole.notes,
    )


async def ask_probes(probing: Probing, ask: Ask, options: RunOptions) -> dict[str, Heard]:
    """Ask every question in turn; one cap on cost holds for all of them.

    Raises:
        InputError: The cap cannot be kept; no request was sent.
        BudgetReached: The cap is met; what was done is kept, and the same command continues.
        EngineUnavailable: Key, model, quota or connection; what was done is kept.
    """
    heard: dict[str, Heard] = {}
    left = options.max_cost_usd
    for question in probing.questions:
        heard[question.name] = await ask(question, replace(options, max_cost_usd=left))
        manifest = heard[question.name].manifest
        if left is not None and manifest is not None:
            possible = manifest.spending.possible_usd if manifest.spending else 0.0
            left = max(SMALLEST_CAP_USD, left - (manifest.cost_usd or 0.0) - (possible or 0.0))
    return heard


def hear_student(probing: Probing, student: Student, *, now: datetime) -> dict[str, Heard]:
    """Return what a student says to every question: it needs no request, and says the same each time."""
    heard = {}
    for question in probing.questions:
        said = judge_targets(question.judge, student, question.targets, now=now)
        n_samples = question.judge.samples
        outcomes = [each.model_copy(update={"sample": sample}) for each in said for sample in range(n_samples)]
        heard[question.name] = Heard(tuple(outcomes))
    return heard


def probe_report(
    probing: Probing, heard: Mapping[str, Heard], options: ProbeOptions, *, dataset: str | None = None
) -> ProbeReport:
    """Return what was found, probe by probe, the reruns first."""
    judge = probing.subject.judge
    criteria = [criterion for criterion in judge.criteria if is_comparable(criterion)]
    skipped = dict(probing.skipped) | {
        criterion.id: "open answers are never twice the same"
        for criterion in judge.criteria
        if criterion not in criteria
    }
    of_targets = {_id(target): target for target in probing.questions[0].targets}
    first = heard[RERUN].outcomes
    parts = []
    for criterion in criteria:
        measure = Measure(criterion, _unit_of(of_targets), _excerpt_of(of_targets), options.level)
        askings = askings_of(criterion, first, judge.samples, combine=judge.combine)
        parts.append((measure, askings, _changes(probing, criterion, heard)))
    floors = [floor_row(askings, measure) for measure, askings, _ in parts]
    results = probe_results(parts, error_rate=options.error_rate)
    manifests = [each.manifest for each in heard.values() if each.manifest is not None]
    engine = manifests[0].engine if manifests else judge.kind
    rows = [*floors, *probe_rows(results)]
    return ProbeReport(
        title=f"Probes of {judge.name}" + (f": {dataset}" if dataset else ""),
        dataset=dataset,
        settings={
            "level": options.level,
            "unit": _unit_kind(of_targets),
            **_asked(probing, options, manifests),
            **options.settings,
        },
        summary=probe_summary(floors, results, skipped, error_rate=options.error_rate),
        rows=tuple(row.model_copy(update={"judge": judge.name, "engine": engine}) for row in rows),
        warnings=probe_warnings(results, floors),
        judge=judge.name,
        engine=engine,
        model=judge.model,
        judge_fingerprint=probing.judge_fingerprint,
        error_rate=options.error_rate,
        n_reruns=probing.n_reruns,
        counts=tuple(baseline_counts(askings, measure) for measure, askings, _ in parts),
        results=results,
        skipped=skipped,
        notes=probe_notes(),
    )


def is_undecided_for_failures(result: ProbeResult) -> bool:
    """Whether nothing can be said because answers are lacking, not because targets are."""
    return result.word == "too few" and result.n < 0.8 * result.n_asked


def _changes(probing: Probing, criterion: Criterion, heard: Mapping[str, Heard]) -> list[Changed]:
    table = {probe.name: probe for probe in PROBES}
    found = []
    for question in probing.questions:
        variant = question.variant
        if variant is None:
            continue
        probe = table[variant.probe]
        if probe.finds == "toward" and criterion.id not in variant.toward:
            continue
        outcomes = [in_own_order(each, variant) for each in heard[question.name].outcomes]
        found.append(
            Changed(
                variant.probe,
                variant.name,
                probe.changes,
                probe.honest,
                answers_of(criterion, outcomes, combine=question.judge.combine),
                toward=variant.toward.get(criterion.id),
                toward_words=variant.toward_words if criterion.id in variant.toward else "",
                is_toward_only=probe.finds == "toward",
                dropped=question.dropped,
            )
        )
    return found


def _asked(probing: Probing, options: ProbeOptions, manifests: Sequence[RunManifest]) -> dict[str, object]:
    judge = probing.subject.judge
    asked: dict[str, object] = {
        "n_drawn": len(probing.questions[0].targets),
        "reruns": probing.n_reruns,
        "error_rate": options.error_rate,
    }
    if judge.samples > 1:
        asked["samples"] = judge.samples
    if judge.target == "pair":
        asked["orders"] = "each pair in one order"
    if manifests:
        asked["requests"] = sum(each.n_requests for each in manifests)
        asked["reused"] = sum(each.n_reused for each in manifests)
        asked["cost_usd"] = _sum_usd([each.cost_usd for each in manifests])
    return asked


def _price(probe: str, plans: Sequence[RunPlan]) -> ProbePrice:
    whole = plan_together(probe, plans)
    shared = set(ProbePrice.model_fields) & set(RunPlan.model_fields)
    return ProbePrice(probe=probe, n_variants=len(plans), **whole.model_dump(include=shared))


def _sum_usd(costs: Sequence[float | None]) -> float | None:
    """Return the sum, unknown as soon as one is."""
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def _id(target: Target) -> str:
    return target.pair.id if isinstance(target, PairTarget) else target.id


def _unit_of(targets: Mapping[str, Target]) -> Callable[[Place], str]:
    def unit(place: Place) -> str:
        target = targets[place[0]]
        return target.pair.unit(target.first) if isinstance(target, PairTarget) else target.unit()

    return unit


def _unit_kind(targets: Mapping[str, Target]) -> str:
    """Return what the independent units are, where all are of one kind."""
    unit = _unit_of(targets)
    kinds = {unit((name, None)).partition(":")[0] for name in targets}
    return kinds.pop() if len(kinds) == 1 else "unit"


def _excerpt_of(targets: Mapping[str, Target]) -> Callable[[str], str]:
    def beginning(name: str) -> str:
        target = targets[name]
        return excerpt(target.first if isinstance(target, PairTarget) else target)

    return beginning
