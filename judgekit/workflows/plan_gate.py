"""`plan EXPERIMENT`: what its gate will say, all rules together, of a candidate as good as the baseline, and of worse.

Studies are drawn criterion by criterion and handed to the estimators and the rule functions that the gate itself uses.
Simulated at the level of the estimators, not of sessions and files: criteria are taken to be independent, every verdict
and certificate to be there, and ceilings of cost and latency to hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from judgekit.analysis.comparison import version_side
from judgekit.analysis.gate_rule import Case, Line, Place, cases_of, depth, holm_failures, line_of, over_all, two_sided
from judgekit.analysis.gate_slice import SlicedInputs
from judgekit.analysis.pilot import MIN_PAIRS, Pilot
from judgekit.analysis.supposition import Guess, Supposition, supposition
from judgekit.errors import InputError
from judgekit.records.experiment import Experiment
from judgekit.records.gate import RuleWord
from judgekit.records.planning import PlanLine, PlanReport
from judgekit.records.policy import Better, Ceiling, Floor, NotWorse, Policy
from judgekit.stats.careful import (
    careful_correction,
    careful_mean,
    careful_quality,
    careful_tango,
    far_reach,
    labels_alone,
)
from judgekit.stats.estimate import Estimate
from judgekit.stats.paired_population import PairedPopulation
from judgekit.stats.paired_share import FourCells
from judgekit.stats.partly_labelled import MIN_LABELS, PartlyLabelled
from judgekit.stats.power import Power
from judgekit.stats.simulated_study import NOTHING, Bounds, Design, Study, bounds_of, quality_estimate, study
from judgekit.stats.unit_sums import MIN_UNITS
from judgekit.workflows.plan import few_inputs, pilots_of
from judgekit.workflows.plan_question import Prices, Question, Source

N_STUDIES = 2000, 500
"""Simulated studies of the candidate that is asked about first, and of each other."""
_WORDS: Mapping[Place, RuleWord] = {"good": "pass", "bad": "fail", "across": "inconclusive"}


@dataclass(frozen=True)
class _Plan:
    """What the gate will look at.

    Attributes:
        policy: Its rules.
        cases: These on all inputs and on slices, ceilings left out.
        found: Criterion -> what is taken for granted.
        designs: Criterion -> inputs, and how many are labelled.
        shares: Slice -> share of the inputs in it.
        seen: Criterion -> mean difference of the inputs labelled so far; only where there are enough of all.
        n_held: Cases of ceilings, which are taken to hold.
    """

    policy: Policy
    cases: Sequence[Case]
    found: Mapping[str, Supposition]
    designs: Mapping[str, Design]
    shares: Mapping[str, float]
    seen: Mapping[str, float]
    n_held: int


@dataclass(frozen=True)
class _Tally:
    """How often a gate said what, and each rule."""

    n: int
    words: Mapping[str, int]
    passes: Sequence[int]

    def power(self, *words: str) -> Power:
        """Return how often it said one of some words."""
        return Power(sum(self.words.get(word, 0) for word in words), self.n)


def plan_gate(
    experiment: Experiment,
    question: Question,
    guess: Guess,
    prices: Prices,
    rng: np.random.Generator,
    *,
    source: Source,
    settings: Mapping[str, object] | None = None,
) -> PlanReport:
    """Return how likely a gate is to pass a candidate that is as good as the baseline, and to stop one that is worse.

    Args:
        experiment: Names the versions and declares the gate.
        question: `n_labels` sessions will be labelled, half of them of either version; None: as many inputs as carry
            labels of the baseline now. `drop`: how much worse; None: by each rule's
            margin, and by twice as much. `gain`: how much better where the gate asks for better.
        guess: Numbers given; they outrank the pilot's.
        prices: Of labels and verdicts.
        rng: Source of the simulated studies.
        source: The experiment's dataset, and a judge's verdicts.
        settings: What the door knows of this invocation.

    Raises:
        InputError: There is no gate, or nothing that it could be held on.
    """
    planned = _planned(experiment, (question, guess), source, rng)
    scenarios = _scenarios(planned, question)
    tallies = [_tally(planned, scenario.drops, rng, N_STUDIES[place > 0]) for place, scenario in enumerate(scenarios)]
    lines = [
        _line(planned, scenario.name, word, tally.power(word))
        for scenario, tally in zip(scenarios, tallies, strict=True)
        for word in ("pass", "fail", "inconclusive")
    ]
    priced = [_priced(planned, prices, line) for line in lines]
    rules = [
        _rule_line(case, scenarios[0].name, Power(n, tallies[0].n))
        for case, n in zip(planned.cases, tallies[0].passes, strict=True)
    ]
    told = {f"{name}: {key}": words for name, each in planned.found.items() for key, words in each.told.items()}
    told |= {f"{name}: labelled inputs": _labelled_words(each) for name, each in planned.designs.items()}
    words = _words(planned, scenarios, tallies)
    return PlanReport(
        title=f"Plan of the gate: {experiment.name}",
        dataset=source.dataset.name,
        dataset_fingerprint=source.dataset.fingerprint(),
        settings={"level": planned.policy.level, "experiment": experiment.name, **(settings or {})},
        summary=words,
        answer=words[0],
        lines=(*priced, *rules),
        assumed=told,
        warnings=(*source.dataset.notes, *_warnings(planned)),
    )


@dataclass(frozen=True)
class _Scenario:
    """A candidate.

    Attributes:
        name: What it is.
        drops: Criterion -> how much worse it is; below 0: better.
    """

    name: str
    drops: Mapping[str, float]


def _scenarios(planned: _Plan, question: Question) -> list[_Scenario]:
    """Return the candidates that a gate is tried on: better where asked, as good, as labelled so far, and worse."""
    found: list[_Scenario] = []
    margins = _margins(planned)
    if question.gain is not None:
        better = {each.rule.criterion for each in planned.cases if isinstance(each.rule, Better)}
        drops = {name: -question.gain if name in better else 0.0 for name in planned.found}
        found.append(_Scenario(f"better by {question.gain:g} where it must be", drops))
    found.append(_Scenario("no true change", dict.fromkeys(planned.found, 0.0)))
    if planned.seen:
        found.append(_Scenario("as different as labelled so far", {n: -each for n, each in planned.seen.items()}))
    times = ((1, "worse by the margin"), (2, "worse by twice the margin"))
    if question.drop is not None:
        found.append(_Scenario(f"worse by {question.drop:g}", dict.fromkeys(planned.found, question.drop)))
    elif margins:
        every = dict.fromkeys(planned.found, 0.0)
        found += [_Scenario(name, every | {key: n * each for key, each in margins.items()}) for n, name in times]
    return found


def _margins(planned: _Plan) -> dict[str, float]:
    """Return criterion -> its smallest margin."""
    found: dict[str, float] = {}
    for case in planned.cases:
        if isinstance(case.rule, NotWorse):
            known = found.get(case.rule.criterion, case.rule.margin)
            found[case.rule.criterion] = min(known, case.rule.margin)
    return found


def _planned(
    experiment: Experiment, asked_for: tuple[Question, Guess], source: Source, rng: np.random.Generator
) -> _Plan:
    question, guess = asked_for
    policy = experiment.gate
    if policy is None:
        raise InputError("the experiment declares no gate", where=experiment.name, hint="Add [gate] with its rules")
    dataset = source.dataset
    sides = (version_side(dataset, experiment.baseline), version_side(dataset, experiment.candidate))
    slices = SlicedInputs(dataset, sides)
    cases = cases_of(policy, slices.named)
    absent = next((case for case in cases if case.absent), None)
    if absent is not None:
        raise InputError(absent.absent or "", where=absent.name, hint="A gate on it ends with code 2")
    asked = tuple(dict.fromkeys(c.rule.criterion for c in cases if not isinstance(c.rule, Ceiling)))
    if not asked:
        raise InputError("the gate has no rule on a criterion", where=experiment.name)
    versions = (experiment.baseline, experiment.candidate)
    pilots = pilots_of(replace(source, criteria=asked, versions=versions), rng)
    found = {each.criterion.id: supposition(guess, each) for each in pilots}
    designs = {each.criterion.id: _design(question, found[each.criterion.id], len(each.numbers)) for each in pilots}
    _refuse_silent(cases, found, designs)
    inputs = sides[0].sessions or sides[1].sessions
    shares = {
        case.slice: len(slices.sessions(case.slice) & inputs) / max(1, len(inputs)) for case in cases if case.slice
    }
    kept = [case for case in cases if not isinstance(case.rule, Ceiling)]
    return _Plan(policy, kept, found, designs, shares, _seen(pilots, found), len(cases) - len(kept))


def _seen(pilots: Sequence[Pilot], found: Mapping[str, Supposition]) -> dict[str, float]:
    """Return how much better the candidate was by the labels so far, where these are enough on every criterion."""
    if any(len(each.differences) < MIN_PAIRS for each in pilots):
        return {}
    signs = {name: -1 if each.is_lower_better else 1 for name, each in found.items()}
    return {each.criterion.id: signs[each.criterion.id] * float(each.differences.mean()) for each in pilots}


def _design(question: Question, found: Supposition, n_labels: int) -> Design:
    n = n_labels if question.n_labels is None else question.n_labels // 2
    return Design(n, max(n, found.n_inputs or n))


def _refuse_silent(cases: Sequence[Case], found: Mapping[str, Supposition], designs: Mapping[str, Design]) -> None:
    """Refuse a plan of rules that nothing would speak for."""
    for case in cases:
        if isinstance(case.rule, Ceiling):
            continue
        name = case.rule.criterion
        if case.rule.of == "judge" and not found[name].has_judge:
            raise InputError("the rule speaks of the judge's view, and no judge is known", where=case.name,
                             hint="Give --verdicts or --judge-correlation")  # fmt: skip
        if case.rule.of == "experts" and designs[name].n_labelled < MIN_UNITS:
            raise InputError(
                f"{designs[name].n_labelled} inputs have labels: without them a gate gives a range, and no power is "
                "claimed for that",
                where=case.name,
                hint="Say with --labels how many sessions will be labelled",
            )


def _tally(planned: _Plan, drops: Mapping[str, float], rng: np.random.Generator, n: int) -> _Tally:
    """Return what the gate says of simulated candidates that are so much worse."""
    populations = {name: replace(found, is_firm=False).population(drops[name]) for name, found in planned.found.items()}
    lines = [_line_of(planned, case) for case in planned.cases]
    words: dict[str, int] = {}
    passes = [0] * len(planned.cases)
    for _ in range(n):
        drawn = {name: study(populations[name], planned.designs[name], rng) for name in populations}
        chosen = {name: _slices(planned, name, drawn[name], rng) for name in populations}
        own = [
            _Looked(planned, case, line, chosen[_criterion(case)][case.slice], rng)
            for case, line in zip(planned.cases, lines, strict=True)
        ]
        said = _gate_word(planned, own)
        words[said] = words.get(said, 0) + 1
        for place, each in enumerate(own):
            passes[place] += each.first == "good"
    return _Tally(n, words, passes)


@dataclass
class _Looked:
    """One case of one simulated gate."""

    planned: _Plan
    case: Case
    line: Line
    drawn: Study
    rng: np.random.Generator
    first: Place | None = None

    def place(self, level: float) -> Place | None:
        """Return where the interval at a level lies, by the rule's own function."""
        low, high = _bounds(self.planned, self.case, self.drawn, level, self.rng)
        if (low, high) == NOTHING:
            return None
        n = int(self.drawn.is_labelled.sum())
        return self.line.place(Estimate((low + high) / 2, low, high, level, n, n, "simulated"))


def _gate_word(planned: _Plan, looked: Sequence[_Looked]) -> RuleWord:
    """Return the word over all rules: each at its level, and Holm over those that lie on the bad side."""
    level, n = planned.policy.level, len(looked) + planned.n_held
    for each in looked:
        each.first = each.place(two_sided(level))
    depths = [depth(each.place, level, n) if each.first == "bad" else 0 for each in looked]
    failing = holm_failures([*depths, *([0] * planned.n_held)])
    words: list[RuleWord] = [
        "inconclusive" if each.first is None or (each.first == "bad" and fails is None) else _WORDS[each.first]
        for each, fails in zip(looked, failing, strict=False)
    ]
    return over_all(words, planned.policy, is_any_bad=any(each.first == "bad" for each in looked))


def _bounds(planned: _Plan, case: Case, drawn: Study, level: float, rng: np.random.Generator) -> Bounds:
    """Return a rule's bounds as the gate measures them."""
    rule, found = case.rule, planned.found[_criterion(case)]
    n_labelled, n = int(drawn.is_labelled.sum()), len(drawn.places)
    is_corrected = found.has_judge and MIN_LABELS <= n_labelled < n
    levels = () if found.levels is None else tuple(found.levels.tolist())
    if isinstance(rule, Floor):
        everywhere = replace(drawn, is_labelled=np.ones(n, dtype=bool), population=_as_judged(drawn))
        own = everywhere if rule.of == "judge" else drawn
        helped = is_corrected and rule.of == "experts"
        quality = quality_estimate(own, found.levels, level, side=1, rng=rng, has_judge=helped)
        if helped and not quality.is_defined:
            helped, quality = False, quality_estimate(own, found.levels, level, side=1, rng=rng, has_judge=False)
        if not helped:
            return bounds_of(careful_quality(quality, levels, _labels_of_candidate(own)))
        sample = own.partly_labelled(own.population.numbers[:, 1], own.population.numbers[:, 3])
        return bounds_of(careful_correction(quality, levels, sample, is_stratified=bool(levels)))
    if isinstance(rule, Ceiling) or max(n_labelled, n * (rule.of == "judge")) < MIN_UNITS:
        return NOTHING
    population = drawn.population
    if rule.of == "experts" and is_corrected:
        sample = drawn.partly_labelled(population.human, population.judge)
        return bounds_of(careful_mean(sample, level, reach=far_reach(levels)))
    kept = drawn.is_labelled if rule.of == "experts" else np.ones(n, dtype=bool)
    numbers = population.human if rule.of == "experts" else population.judge
    differences, units = numbers[drawn.places[kept]], drawn.units[kept]
    if population.is_binary and not population.is_grouped:
        up, down = int((differences > 0).sum()), int((differences < 0).sum())
        return bounds_of(careful_tango(FourCells(len(differences) - up - down, up, down, 0), level))
    alone = labels_alone(differences, units, np.ones(len(differences)))
    return bounds_of(careful_mean(alone, level, reach=far_reach(levels), has_judge=False))


def _labels_of_candidate(drawn: Study) -> PartlyLabelled:
    kept = drawn.is_labelled
    return labels_alone(drawn.population.numbers[drawn.places[kept], 1], drawn.units[kept], np.ones(int(kept.sum())))


def _as_judged(drawn: Study) -> PairedPopulation:
    numbers = drawn.population.numbers
    return replace(drawn.population, numbers=numbers[:, [2, 3, 2, 3]])


def _slices(planned: _Plan, name: str, drawn: Study, rng: np.random.Generator) -> dict[str | None, Study]:
    """Return a study on all inputs, and on each slice, whose inputs are drawn by its share."""
    found: dict[str | None, Study] = {None: drawn}
    for case in planned.cases:
        if case.slice is not None and _criterion(case) == name and case.slice not in found:
            kept = rng.random(len(drawn.places)) < planned.shares[case.slice]
            found[case.slice] = Study(drawn.population, drawn.places[kept], drawn.is_labelled[kept], drawn.units[kept])
    return found


def _criterion(case: Case) -> str:
    return case.about


def _line_of(planned: _Plan, case: Case) -> Line:
    is_lower = planned.found[_criterion(case)].is_lower_better
    return line_of(case.rule, "lower" if is_lower else "higher")


def _line(planned: _Plan, scenario: str, word: str, power: Power) -> PlanLine:
    first = next(iter(planned.designs.values()))
    return PlanLine(
        question="gate",
        design=f"{scenario}: {word}",
        n_labels=2 * first.n_labelled,
        n_inputs=first.n_inputs,
        power=power.value,
        power_error=power.error,
        method=f"simulated with the gate's rules, {power.n:,} studies",
    )


def _priced(planned: _Plan, prices: Prices, line: PlanLine) -> PlanLine:
    """Return a line with hours and dollars: a label a criterion, and verdicts of both versions."""
    seconds = sum(found.seconds * 2 * planned.designs[name].n_labelled for name, found in planned.found.items())
    n_calls = sum(2 * planned.designs[name].n_inputs for name, found in planned.found.items() if found.has_judge)
    return prices.line(line, seconds, n_given=1, n_calls=n_calls)


def _rule_line(case: Case, scenario: str, power: Power) -> PlanLine:
    name = case.name if case.slice is None else f"{case.name}, {case.slice}"
    return PlanLine(
        question="rule",
        criterion=case.about,
        design=f"{name}: pass, {scenario}",
        power=power.value,
        power_error=power.error,
        method=f"simulated with the gate's rules, {power.n:,} studies",
    )


def _labelled_words(design: Design) -> str:
    return f"{design.n_labelled:,} of {design.n_inputs:,}, in both versions"


def _words(planned: _Plan, scenarios: Sequence[_Scenario], tallies: Sequence[_Tally]) -> tuple[str, ...]:
    n_rules = len(planned.cases) + planned.n_held
    rules = "its one rule" if n_rules == 1 else f"all {n_rules} rules together"
    words = []
    for scenario, tally in zip(scenarios, tallies, strict=True):
        passed, failed = tally.power("pass").value, tally.power("fail").value
        told = f"passes with a chance of {passed:.2f} and fails with {failed:.2f}"
        words.append(f"A candidate that is {scenario.name} {told}.")
    words = [each.replace("that is no true change", "as good as the baseline") for each in words]
    return (words[0].removesuffix(".") + f" ({rules}).", *words[1:])


def _warnings(planned: _Plan) -> list[str]:
    found = [
        "Simulated at the level of the estimators: criteria are independent, verdicts complete, certificates valid."
    ]
    is_idle = any(isinstance(case.rule, Better) for case in planned.cases)
    if is_idle:
        found.append("A rule asks for better: without a true gain it passes only by error; say --gain.")
    for name, design in planned.designs.items():
        words = few_inputs(design.n_labelled, planned.found[name])
        found += [words] if words else []
    if planned.n_held:
        found.append(f"{planned.n_held} rules on cost or latency are taken to hold.")
    if planned.policy.sequential is not None:
        found.append("The gate looks while it judges: that takes 10% to 40% more inputs than one look at the end.")
    return found
