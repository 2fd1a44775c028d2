"""What a plan answers of differences: the inputs that show a drop, and the smallest drop that labels show."""

from __future__ import annotations

import math
from collections.abc import Sequence

from judgekit.analysis.supposition import Supposition
from judgekit.records.planning import PlanLine
from judgekit.stats.label_worth import design_effect, labels_with_judge, multiplier
from judgekit.stats.paired_population import PairedPopulation
from judgekit.stats.planning import paired_mean, paired_rates
from judgekit.stats.power import LEAST_LABELLED, Goal, Power, half_width, is_counted, n_studies, simulated_power
from judgekit.stats.power_search import Found, effect_for, size_for
from judgekit.stats.simulated_study import Design, Tester
from judgekit.workflows.plan_question import ALONE, HELPED, JUDGED_A_LABEL, Answer, Case, Question

MOST = {True: 10_000_000, False: 20_000}
"""Whether studies are but counts -> the largest size that is simulated."""
MOST_DRAWN = 5_000
"""Inputs drawn a study to see how groups share labels."""
_EXACT = "labels only, exact McNemar"


def drop_answer(case: Case) -> Answer:
    """Answer how many inputs, labelled in both versions, show a drop."""
    found, question = case.found, case.question
    drop = question.drop or 0.0
    population = found.population(drop)
    goal = Goal(is_above=found.is_lower_better, level=question.level)
    closed = _closed_size(found, population, drop, question)
    alone = _sized(case, population, "labels_only", goal, start=closed, n_judged=None)
    lines = [_drop_line(case, ALONE, alone, closed, n_judged=None)]
    if is_counted(population, "mcnemar") and not population.is_grouped:
        exact = _sized(case, population, "mcnemar", goal, start=closed, n_judged=None)
        lines.append(_drop_line(case, _EXACT, exact, closed, n_judged=None))
    n_alone = int(alone.at) if alone is not None else closed
    what = f"a drop of {drop:g} with power {question.power:.2f}"
    words = f"Label {n_alone:,} inputs in both versions ({2 * n_alone:,} sessions) to see {what}"
    told: dict[str, str] = {}
    if found.has_judge:
        n_judged = found.n_inputs or JUDGED_A_LABEL * n_alone
        start = labels_with_judge(n_alone, population.correlation, n_judged)
        helped = _sized(case, population, "ppi", goal, start=start, n_judged=n_judged)
        lines.append(_drop_line(case, HELPED, helped, None, n_judged=n_judged))
        if helped is None:
            words += f"; {n_judged:,} judged inputs are too few for the judge to help"
        else:
            n = int(helped.at)
            words += f"; with the judge's help {n:,} ({2 * n:,} sessions), {n_judged:,} inputs judged in both"
            gain = multiplier(population.correlation, n, n_judged)
            told["label multiplier"] = f"{gain:.2f}, at a correlation of {population.correlation:.2f} on differences"
    return Answer(f"{words}.", tuple(lines), told)


def _closed_size(found: Supposition, population: PairedPopulation, drop: float, question: Question) -> int:
    deff = design_effect(found.group_size, found.icc)
    how = {"power": question.power, "level": question.level}
    if found.is_binary:
        return math.ceil(paired_rates(population.discordant, drop, **how) * deff)
    return math.ceil(paired_mean(population.deviation, drop, **how) * deff)


def _sized(
    case: Case, population: PairedPopulation, tester: Tester, goal: Goal, *, start: float, n_judged: int | None
) -> Found | None:
    """Return the smallest number of labelled inputs that reaches the power; None where none simulated does."""
    most = MOST[is_counted(population, tester)] if n_judged is None else n_judged
    if start > most or most < LEAST_LABELLED[tester]:
        return None

    def power_at(n: int, n_times: int) -> Power:
        return simulated_power(population, design_of(case, n, n_judged), tester, goal, rng=case.rng, n=n_times)

    limits = (LEAST_LABELLED[tester], most)
    n_fine = n_studies(population, tester)
    return size_for(power_at, case.question.power, start=start, limits=limits, level=case.question.level, n_fine=n_fine)


def design_of(case: Case, n: int, n_judged: int | None) -> Design:
    """Return a design; without a judge, groups share labels as they would were these drawn from all inputs."""
    if n_judged is not None:
        return Design(n, n_judged)
    known = case.found.n_inputs or n
    return Design(n, max(n, min(known, MOST_DRAWN)) if case.found.group_size > 1 else n)


def _drop_line(case: Case, design: str, found: Found | None, closed: int | None, *, n_judged: int | None) -> PlanLine:
    question = case.question
    n = int(found.at) if found is not None else closed
    line = PlanLine(
        question="drop",
        criterion=case.found.criterion,
        design=design,
        n_labels=None if n is None else 2 * n,
        n_inputs=n_judged or n,
        effect=question.drop,
        power=found.power.value if found is not None else (question.power if closed else None),
        power_error=found.power.error if found is not None else None,
        method=_simulated(found) if found is not None else ("formula" if closed else "not reached"),
    )
    return case.prices.line(line, case.found.seconds, n_calls=2 * (n_judged or 0))


def shown_answer(case: Case) -> Answer:
    """Answer what so many labels can show: half of them on either version, or all on one."""
    found, question = case.found, case.question
    n_labels = question.n_labels or 0
    n = n_labels // 2
    n_judged = found.n_inputs or JUDGED_A_LABEL * n
    lines = [_mde_line(case, "labels_only", ALONE, n, None)]
    if found.has_judge:
        lines.append(_mde_line(case, "ppi", HELPED, n, max(n_judged, n)))
    words = f"{n_labels:,} labels, on {n:,} inputs in both versions, show {_effects(lines, question.power)}"
    widths = [_width_line(case, ALONE, n_labels, None)]
    if found.has_judge and n_judged > n_labels:
        widths.append(_width_line(case, HELPED, n_labels, n_judged))
    given = [line for line in widths if line.half_width is not None]
    if given:
        told = " or ".join(f"{line.half_width:.3f} ({line.design})" for line in given)
        words += f"; all on one version, they give its quality to within {told}"
    return Answer(f"{words}.", (*lines, *widths))


def _effects(lines: Sequence[PlanLine], power: float) -> str:
    seen = [f"a drop of {line.effect:.3f} ({line.design})" for line in lines if line.effect is not None]
    return (" or ".join(seen) + f" with power {power:.2f}") if seen else "no drop at all"


def _mde_line(case: Case, tester: Tester, design: str, n: int, n_judged: int | None) -> PlanLine:
    found, question = case.found, case.question
    goal = Goal(is_above=found.is_lower_better, level=question.level)
    seen = None
    if n >= LEAST_LABELLED[tester]:
        start = _closed_effect(case, n) / math.sqrt(multiplier(found.correlation or 0.0, n, n_judged or n))

        def power_at(effect: float, n_times: int) -> Power:
            drawn = design_of(case, n, n_judged)
            return simulated_power(found.population(effect), drawn, tester, goal, rng=case.rng, n=n_times)

        n_fine = n_studies(found.population(0.0), tester)
        most = found.largest_drop
        seen = effect_for(
            power_at, question.power, start=min(start, most), most=most, level=question.level, n_fine=n_fine
        )
    line = PlanLine(
        question="smallest drop",
        criterion=found.criterion,
        design=design,
        n_labels=2 * n,
        n_inputs=n_judged or n,
        effect=seen.at if seen is not None else None,
        power=seen.power.value if seen is not None else None,
        power_error=seen.power.error if seen is not None else None,
        method=_simulated(seen) if seen is not None else "not reached",
    )
    return case.prices.line(line, found.seconds, n_calls=2 * (n_judged or 0))


def _closed_effect(case: Case, n: int) -> float:
    from statistics import NormalDist

    reach = NormalDist().inv_cdf((1 + case.question.level) / 2) + NormalDist().inv_cdf(case.question.power)
    deff = design_effect(case.found.group_size, case.found.icc)
    return reach * case.found.population(0.0).deviation * math.sqrt(deff / n)


def _width_line(case: Case, design: str, n: int, n_judged: int | None) -> PlanLine:
    found, question = case.found, case.question
    reached = half_width(
        found.population(0.0), design_of(case, n, n_judged), found.levels,
        level=question.level, rng=case.rng,
    ) if n >= LEAST_LABELLED["labels_only"] and n <= MOST[False] else None  # fmt: skip
    line = PlanLine(
        question="quality", criterion=found.criterion, design=design, n_labels=n, n_inputs=n_judged,
        half_width=reached, method="simulated with estimate's own interval" if reached else "not reached",
    )  # fmt: skip
    return case.prices.line(line, found.seconds, n_calls=n_judged or 0)


def _simulated(found: Found) -> str:
    return f"simulated, {found.power.n:,} studies"
