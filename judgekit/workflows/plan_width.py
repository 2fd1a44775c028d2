"""What a plan answers of one version: quality to a width, TPR and TNR, agreement, no failure, and a second rater."""

from __future__ import annotations

import math

from judgekit.analysis.supposition import ASSUMED, RATE, reliability_words
from judgekit.errors import InputError
from judgekit.records.planning import PlanLine
from judgekit.stats.label_worth import design_effect, labels_with_judge, mean_error, multiplier, reliability_error
from judgekit.stats.partly_labelled import MIN_LABELS
from judgekit.stats.planning import (
    labels_for_correlation,
    labels_for_kappa,
    labels_for_kappa_above,
    labels_for_mean,
    labels_for_rare_class,
    labels_for_rate,
    trials_without_failure,
)
from judgekit.stats.power import half_width
from judgekit.stats.simulated_study import Design
from judgekit.workflows.plan_question import ALONE, HELPED, JUDGED_A_LABEL, PAIRED, SAMPLED, Answer, Case, plain_line

LABELS = 200
"""Labels that two designs of raters are compared at, where the question does not say."""


def quality_answer(case: Case) -> Answer:
    """Answer how many labels give quality to plus or minus so much."""
    found, question = case.found, case.question
    wanted = question.half_width or 0.0
    deff = design_effect(found.group_size, found.icc)
    if found.is_binary:
        n_alone = labels_for_rate(found.rate, wanted, level=question.level, effect_of_design=deff)
        what = f"a rate of {found.rate:.2g}"
    else:
        n_alone = labels_for_mean(found.deviation, wanted, level=question.level, effect_of_design=deff)
        what = f"a mean (standard deviation {found.deviation:.2g})"
    line = PlanLine(
        question="quality", criterion=found.criterion, design=ALONE, n_labels=n_alone, half_width=wanted,
        method="formula",
    )  # fmt: skip
    lines = [case.prices.line(line, found.seconds)]
    words = f"Label {n_alone:,} sessions to know {what} to within {wanted:g} either way"
    told: dict[str, str] = {}
    if found.has_judge:
        n_judged = found.n_inputs or JUDGED_A_LABEL * n_alone
        n, reached = _narrowed(case, n_alone, n_judged)
        helped = PlanLine(
            question="quality", criterion=found.criterion, design=HELPED, n_labels=n, n_inputs=n_judged,
            half_width=reached, method="simulated with estimate's own interval" if n else "not reached",
        )  # fmt: skip
        lines.append(case.prices.line(helped, found.seconds, n_calls=n_judged))
        correlation = found.correlation or 0.0
        told["label multiplier"] = f"{multiplier(correlation, n or n_judged, n_judged):.2f}"
        words += (
            f"; with the judge's help {n:,}, of {n_judged:,} judged"
            if n
            else f"; {n_judged:,} judged sessions are too few for the judge to help"
        )
    return Answer(f"{words}.", tuple(lines), told, PAIRED)


def _narrowed(case: Case, n_alone: int, n_judged: int) -> tuple[int | None, float | None]:
    """Return the labels with which `estimate` reaches the half width with the judge's help, and the one it reaches."""
    found, wanted = case.found, case.question.half_width or 0.0
    if n_judged <= MIN_LABELS:
        return None, None
    population = found.population(0.0)
    n = max(MIN_LABELS, labels_with_judge(n_alone, found.correlation or 0.0, n_judged))
    reached = None
    for _ in range(4):
        if n >= n_judged:
            return None, None
        reached = half_width(population, Design(n, n_judged), found.levels, level=case.question.level, rng=case.rng)
        if reached is None or abs(reached / wanted - 1) < 0.01:
            break  # a hundredth of a width is noise
        n = max(MIN_LABELS, math.ceil(n * (reached / wanted) ** 2))
    return n, reached


def kappa_answer(case: Case) -> Answer:
    """Answer how many sessions, labelled twice, give a kappa to a width, or show it to lie beyond a floor."""
    found, question = case.found, case.question
    kappa, rates = question.kappa or 0.0, (found.rate, found.rate)
    if not found.is_binary:
        raise InputError("kappa is planned for two levels", hint="For ordered levels plan a --correlation")
    lines, words = [], []
    if question.half_width is not None:
        n = labels_for_kappa(kappa, question.half_width, rates, level=question.level)
        words.append(f"Label {n:,} sessions twice to know a kappa of {kappa:g} to within {question.half_width:g}")
        lines.append(plain_line(case, "agreement", f"kappa {kappa:g}", n, half_width=question.half_width))
    if question.kappa_floor is not None:
        floor = question.kappa_floor
        n = labels_for_kappa_above(kappa, floor, rates, power=question.power, level=question.level)
        side = "above" if kappa > floor else "below"
        words.append(f"Label {n:,} sessions twice to show a kappa of {kappa:g} to lie {side} {floor:g}")
        lines.append(
            plain_line(
                case, "agreement", f"kappa {kappa:g}, floor {floor:g}", n, effect=kappa - floor, power=question.power
            )
        )
    return Answer("; ".join(words) + ".", tuple(lines), unused=SAMPLED - {"rate"})


def correlation_answer(case: Case) -> Answer:
    """Answer how many labels give a correlation to plus or minus so much."""
    correlation, wanted = case.question.correlation or 0.0, case.question.half_width or 0.0
    n = labels_for_correlation(correlation, wanted, level=case.question.level)
    line = plain_line(case, "correlation", f"correlation {correlation:g}", n, half_width=wanted)
    return Answer(
        f"Label {n:,} sessions to know a correlation of {correlation:g} to within {wanted:g}.", (line,), unused=SAMPLED
    )


def rare_class_answer(case: Case) -> Answer:
    """Answer how many random labels give TPR and TNR: the rarer class decides."""
    found, question = case.found, case.question
    wanted = question.class_half_width or 0.0
    told: dict[str, str] = {}
    fails = question.fail_share
    unused = SAMPLED - {"judge", "rate"} if fails is None else SAMPLED
    if fails is None:
        if not found.is_binary:
            raise InputError("TPR and TNR are of two levels", hint="Give --fail-share, or a criterion of two levels")
        fails = 1 - found.rate
    told["share that fails"] = f"{fails:.3g}, {'given' if question.fail_share is not None else 'one minus the rate'}"
    rates = {"tnr": _class_rate(case, 0, told), "tpr": _class_rate(case, 1, told)}
    shares = {"tnr": fails, "tpr": 1 - fails}
    lines = []
    for name in sorted(shares, key=lambda each: shares[each]):
        share, rate = shares[name], rates[name]
        n = labels_for_rare_class(rate, wanted, share, level=question.level)
        n_own = labels_for_rate(rate, wanted, level=question.level)
        design = f"{n_own:,} of the {share:.0%} that {'fail' if name == 'tnr' else 'pass'}, drawn at random"
        lines.append(plain_line(case, name, design, n, half_width=wanted))
    most = max(lines, key=lambda line: line.n_labels or 0)
    rarest = lines[0]
    words = (
        f"Label {most.n_labels or 0:,} random sessions to know TPR and TNR to within {wanted:g}: "
        f"the rarer class decides ({rarest.design})"
    )
    return Answer(f"{words}.", tuple(lines), told, unused)


def _class_rate(case: Case, place: int, told: dict[str, str]) -> float:
    name = ("TNR", "TPR")[place]
    if case.question.class_rate is not None:
        told[name] = f"{case.question.class_rate:g}, given"
        return case.question.class_rate
    if case.found.judge is not None and case.found.is_binary:
        rate = min(0.99, float(case.found.judge[place, place]))
        told[name] = f"{rate:.2f}, the judge's"
        return rate
    told[name] = f"{RATE:g}, {ASSUMED}"
    return RATE


def no_failure_answer(case: Case) -> Answer:
    """Answer how many sessions without a failure show failures to be rare."""
    rate = case.question.at_most or 0.0
    n = trials_without_failure(rate, level=case.question.level)
    line = plain_line(case, "no failure", f"none of {n:,} fails", n, effect=rate)
    return Answer(
        f"{n:,} sessions without one failure show that fewer than {rate:.2g} of all fail.", (line,), unused=SAMPLED
    )


def raters_answer(case: Case) -> Answer:
    """Answer whether two raters on some beat one on all, at as many labels."""
    found, question = case.found, case.question
    overlap, n_given = question.overlap or 0.0, question.n_labels or LABELS
    reach = _reach(question.level)
    lines = []
    for share in dict.fromkeys((0.0, overlap, 1.0)):
        n = n_given / (1 + share)
        name = "one rater on all" if share == 0 else f"two raters on {'all' if share == 1 else f'{share:.0%}'}"
        width = reach * mean_error(found.deviation, found.reliability, n, share)
        deff = math.sqrt(design_effect(found.group_size, found.icc))
        line = PlanLine(
            question="quality", criterion=found.criterion, design=name, n_labels=round(n),
            half_width=width * deff, method="formula",
        )  # fmt: skip
        lines.append(case.prices.line(line, found.seconds, n_given=n_given))
        if share:
            known = reach * reliability_error(found.reliability, max(1.0, n * share))
            lines.append(lines[-1].model_copy(update={"question": "agreement", "half_width": known}))
    one, two = lines[0], lines[1]
    words = (
        f"Of {n_given:,} labels, one rater on all gives quality to within {one.half_width:.3f}, two on "
        f"{overlap:.0%} to within {two.half_width:.3f}; two give what one cannot, the experts' agreement "
        f"(to within {lines[2].half_width:.2f})"
    )
    told = {"agreement of two raters": reliability_words(found, case.guess, case.pilot)}
    return Answer(f"{words}.", tuple(lines), told, PAIRED | {"inputs", "judge"})


def _reach(level: float) -> float:
    """Return how many standard errors an interval reaches on either side."""
    from statistics import NormalDist

    return NormalDist().inv_cdf((1 + level) / 2)
