"""`plan`: what a question takes in labels, inputs, expert-hours and dollars, before any is paid for.

Labels of train and dev may say what to expect; those of test are not read. A gate's own chances are in `plan_gate`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from judgekit.analysis.pilot import Pilot, pilot
from judgekit.analysis.supposition import ASSUMED, Guess, Supposition, supposition
from judgekit.analysis.verdict_table import verdict_table
from judgekit.errors import InputError
from judgekit.records.dataset import Dataset
from judgekit.records.planning import PlanLine, PlanReport
from judgekit.records.rubric import Criterion
from judgekit.workflows.compare import ORDERED
from judgekit.workflows.lineage import open_sessions, units_in_making
from judgekit.workflows.plan_drop import drop_answer, shown_answer
from judgekit.workflows.plan_question import (
    ALONE,
    Answer,
    Case,
    Prices,
    Question,
    Source,
)
from judgekit.workflows.plan_width import (
    correlation_answer,
    kappa_answer,
    no_failure_answer,
    quality_answer,
    rare_class_answer,
    raters_answer,
)
from judgekit.workflows.score import refuse_strangers


def plan(
    question: Question,
    guess: Guess,
    prices: Prices,
    rng: np.random.Generator,
    *,
    source: Source | None = None,
    settings: Mapping[str, object] | None = None,
) -> PlanReport:
    """Return what a question takes, criterion by criterion.

    Args:
        question: What is asked.
        guess: Numbers given; they outrank the pilot's.
        prices: Of labels and verdicts.
        rng: Source of the simulated studies.
        source: A pilot; None: numbers alone.
        settings: What the door knows of this invocation.

    Raises:
        InputError: Nothing is asked, numbers do not go together, or no criterion has an order.
        UnknownName: A criterion that there is not.
    """
    if question.is_empty:
        raise InputError(
            "nothing is asked", hint="Give --half-width, --drop, --labels, --tpr-half-width, or an experiment"
        )
    pilots: list[Pilot | None] = list(pilots_of(source, rng)) if source is not None else [None]
    cases = [Case(supposition(guess, each), question, prices, rng, guess, each) for each in pilots]
    answers = [(case, answer) for case in cases for answer in _answers(case)]
    several = len(cases) > 1
    told: dict[str, str] = {}
    for case, answer in answers:
        before = f"{case.found.criterion}: " if several else ""
        used = {name: words for name, words in case.found.told.items() if name not in answer.unused}
        told |= {f"{before}{name}": words for name, words in {**used, **answer.told}.items()}
    words = [f"{case.found.criterion}: {answer.words}" if several else answer.words for case, answer in answers]
    dataset = source.dataset if source is not None else None
    lines = tuple(line for _, answer in answers for line in answer.lines)
    return PlanReport(
        title=f"Plan: {dataset.name}" if dataset is not None else "Plan",
        dataset=dataset.name if dataset is not None else None,
        dataset_fingerprint=dataset.fingerprint() if dataset is not None else None,
        settings={"level": question.level, "power": question.power, **(settings or {})},
        summary=tuple(words),
        answer=words[0],
        lines=lines,
        assumed=told,
        warnings=(*(dataset.notes if dataset is not None else ()), *_warnings(cases, lines)),
    )


def pilots_of(source: Source, rng: np.random.Generator) -> list[Pilot]:
    """Return the pilots of a source's criteria, from labels of train and dev alone.

    Raises:
        InputError: No criterion has an order, or verdicts are on sessions that there are not.
        UnknownName: A criterion that there is not.
    """
    dataset = source.dataset
    outcomes = list(source.outcomes)
    refuse_strangers(dataset, outcomes)
    named = [dataset.rubric.criterion(each) for each in source.criteria]
    for each in named:
        if each.scale.type not in ORDERED:
            raise InputError(
                f"a {each.scale.type} scale has no differences to plan for", where=f"criterion {each.id!r}"
            )
    allowed = open_sessions(dataset, ("all",))
    chosen = named or [each for each in dataset.rubric.criteria if _is_labelled(dataset, each, allowed)]
    if not chosen:
        raise InputError("no criterion with labels has an order", where=dataset.name, hint="Give -c, or numbers alone")
    made_with = units_in_making(dataset, source.scoring.lineage)
    fresh = [each for each in outcomes if dataset.unit(each.target) not in made_with]
    found = []
    for criterion in chosen:
        own = [each for each in fresh if each.criterion == criterion.id]
        if outcomes and not own and named and not source.versions:
            raise InputError(f"no verdict that may be used is on criterion {criterion.id!r}", hint="Choose another -c")
        table = verdict_table(criterion, own, use=source.scoring.use, combine=source.scoring.combine) if own else None
        found.append(pilot(dataset, criterion, allowed=allowed, rng=rng, versions=source.versions, verdicts=table))
    return found


def _is_labelled(dataset: Dataset, criterion: Criterion, allowed: Collection[str]) -> bool:
    labels = dataset.labels_by_criterion[criterion.id]
    return criterion.scale.type in ORDERED and any(each.target in allowed for each in labels)


def _answers(case: Case) -> list[Answer]:
    question = case.question
    is_coefficient = question.kappa is not None or question.correlation is not None
    asked: list[tuple[bool, Callable[[Case], Answer]]] = [
        (question.drop is not None, drop_answer),
        (question.half_width is not None and not is_coefficient, quality_answer),
        (question.kappa is not None, kappa_answer),
        (question.correlation is not None, correlation_answer),
        (question.class_half_width is not None, rare_class_answer),
        (question.at_most is not None, no_failure_answer),
        (question.n_labels is not None, shown_answer),
        (question.overlap is not None, raters_answer),
    ]
    return [answer(case) for is_asked, answer in asked if is_asked]


def few_inputs(n: int, found: Supposition) -> str | None:
    """Say that a plan takes more inputs than there are; None where it does not."""
    if found.n_inputs is None or n <= found.n_inputs:
        return None
    about = f"{found.criterion}: " if found.criterion else ""
    return f"{about}{n:,} inputs are labelled, and there are {found.n_inputs:,}: it takes new ones"


def _warnings(cases: Sequence[Case], lines: Sequence[PlanLine]) -> list[str]:
    """Say what was assumed of differences and judges, where these were asked about."""
    found = []
    for case in cases:
        own = [line for line in lines if line.criterion == case.found.criterion and line.design == ALONE]
        paired = [(line.n_labels or 0) // 2 for line in own if line.question in ("drop", "smallest drop")]
        single = [line.n_labels or 0 for line in own if line.question == "quality"]
        found += [words for words in [few_inputs(max([*paired, *single], default=0), case.found)] if words]
        if case.question.drop is None and case.question.n_labels is None:
            continue
        unknown = [name for name, words in case.found.told.items() if ASSUMED in words and name != "seconds a label"]
        if unknown:
            named = ", ".join(unknown)
            about = f"{case.found.criterion}: " if case.found.criterion else ""
            found.append(f"{about}{named}: assumed, not measured; a pilot of 50 labels on both versions would tell")
        if case.found.has_judge and case.found.levels is not None:
            found.append(
                "the judge is taken to err on each session afresh; where it errs alike on both versions of an input, "
                "fewer labels do"
            )
    return list(dict.fromkeys(found))
