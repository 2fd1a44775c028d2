"""`gate`: may the candidate ship? Every rule of a policy held against labels, verdicts and what sessions record.

Passing needs every rule at its own level (an intersection-union test, which needs no correction); failing is Holm's
over the rules. What is missing, not trusted or not answered decides before any number does. One look over everything:
a gate that judges as it goes is in `looking`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.comparison import Side, paired_difference
from judgekit.analysis.comparison_wording import contrast_warnings
from judgekit.analysis.gate_reading import LABEL_FREE
from judgekit.analysis.gate_rule import WORST_FIRST, cases_of, holm_failures, over_all
from judgekit.analysis.gate_wording import NO_ERROR_RATE, asks_words, holm_words, outcome_words, overall_words
from judgekit.analysis.win_rate import win_rows
from judgekit.records.certificate import Standing
from judgekit.records.comparison_report import LabelFree
from judgekit.records.dataset import Dataset
from judgekit.records.experiment import Experiment
from judgekit.records.gate import GateReport, RuleOutcome
from judgekit.records.policy import Ceiling, Floor
from judgekit.records.report import Row
from judgekit.records.session import Session
from judgekit.workflows.gate_case import Found, depth_of, found_of
from judgekit.workflows.gate_ground import Ground, JudgedOutcomes, PairGround
from judgekit.workflows.gate_whole import Whole, certificate_words, whole_of


def gate(
    dataset: Dataset,
    judged: Sequence[JudgedOutcomes],
    experiment: Experiment,
    *,
    measuring: Measuring,
    standings: Sequence[Standing],
) -> GateReport:
    """Return whether the candidate shows what its experiment's policy asks for.

    Args:
        dataset: Sessions of both versions, and labels.
        judged: Each judge's outcomes on them, in the experiment's order; of several judges of one criterion the first
            speaks. None: labels stand alone.
        experiment: Names the versions, and holds policy and plan.
        measuring: Resamples and randomness; the level is the policy's.
        standings: What each judge's certificate is worth, a criterion each.

    Raises:
        InputError: The experiment has no policy, both versions are one, or verdicts are on sessions of elsewhere.
        LeakError: Labels that helped to make a judge would correct it.
    """
    whole = whole_of(dataset, judged, experiment, measuring, standings)
    cases = cases_of(whole.policy, whole.slices.named)
    found = [found_of(whole, case) for case in cases]
    depths = [depth_of(whole, each, len(found)) if each.word == "fail" else 0 for each in found]
    outcomes = [
        _outcome(whole, each, failing, n_rules=len(found))
        for each, failing in zip(found, holm_failures(depths), strict=True)
    ]
    return _report(whole, found, outcomes)


def _outcome(whole: Whole, found: Found, failing: int | None, *, n_rules: int) -> RuleOutcome:
    """Return what became of one case, after Holm."""
    case, scoring, word, why = found.case, found.scoring, found.word, found.why
    if word == "fail" and failing is None:
        word, why = "inconclusive", f"{why}; {holm_words(n_rules)}"
    rule = case.rule
    return RuleOutcome(
        rule=case.name,
        asks=asks_words(case, whole.versions, found.line),
        kind=rule.kind,
        criterion=None if isinstance(rule, Ceiling) else rule.criterion,
        slice=case.slice,
        of=None if isinstance(rule, Ceiling) else rule.of,
        judge=scoring.judge if scoring else None,
        engine=scoring.engine if scoring else None,
        estimator=found.reading.estimator,
        metric=_metric(found) if found.estimate is not None else None,
        estimate=found.estimate,
        line=found.line.at,
        word=word,
        why=why,
        fails_at=None if failing is None else 1 - (1 - whole.policy.level) / failing,
    )


def _report(whole: Whole, found: Sequence[Found], outcomes: Sequence[RuleOutcome]) -> GateReport:
    dataset, experiment, policy = whole.dataset, whole.experiment, whole.policy
    is_any_bad = any(each.word == "fail" for each in found)
    word = over_all([each.word for each in outcomes], policy, is_any_bad=is_any_bad)
    cases = [(each.case, outcome) for each, outcome in zip(found, outcomes, strict=True)]
    grounds = [ground for ground in whole.grounds.values() if ground is not None]
    return GateReport(
        title=f"Gate {experiment.name}: may {experiment.candidate} replace {experiment.baseline}?",
        dataset=dataset.name,
        dataset_fingerprint=dataset.fingerprint(),
        settings=_settings(whole),
        summary=(
            overall_words(word, cases, whole.versions),
            *(outcome_words(each) for each in sorted(outcomes, key=_urgency)),
        ),
        rows=tuple(_rows(whole, found)),
        warnings=tuple(dict.fromkeys(_warnings(whole, found))),
        experiment=experiment.name,
        question=experiment.question,
        baseline=experiment.baseline,
        candidate=experiment.candidate,
        policy_hash=policy.fingerprint(),
        plan_hash=experiment.plan_hash,
        word=word,
        rules=tuple(outcomes),
        n_inputs=_n_inputs(whole),
        n_inputs_all=_n_inputs(whole),
        certificates=_certificates(whole, found),
        counts=tuple(ground.counts() for ground in grounds),
        label_free=tuple(_ranges(found)),
        moved=tuple(each for ground in grounds for each in ground.regressions()),
    )


def _urgency(outcome: RuleOutcome) -> int:
    return WORST_FIRST.index(outcome.word)


def _settings(whole: Whole) -> dict[str, object]:
    plan, policy = whole.experiment.plan, whole.policy
    told: dict[str, object] = {
        **whole.measuring.settings(whole.dataset),
        "level": policy.level,
        "interval_level": round(whole.measuring.level, 10),
        "seed": plan.seed,
        "inconclusive": policy.inconclusive,
        "max_failure_rate": policy.max_failure_rate,
        "certificate": policy.certificate,
    }
    if plan.delta is not None:
        told["delta"] = plan.delta
    if plan.reference is not None:
        told["reference"] = plan.reference
    for _, scoring in whole.judged:
        told |= scoring.settings
    return told


def _rows(whole: Whole, found: Sequence[Found]) -> Iterator[Row]:
    """Yield what was measured of every rule; beside a difference over all inputs, the labels' own and the judge's."""
    beside: list[Row] = []
    for each in found:
        if each.estimate is None:
            continue
        told = {"judge": each.scoring.judge, "engine": each.scoring.engine} if each.scoring else {}
        yield Row(
            criterion=each.case.about,
            metric=_metric(each),
            between=_between(whole, each),
            slice=each.case.slice,
            estimate=each.estimate,
            estimator=each.reading.estimator,
            **told,
        )
        if each.case.slice is None and isinstance(each.ground, PairGround):
            beside += _wins_beside(whole, each, each.ground)
        elif each.case.slice is None and isinstance(each.ground, Ground) and not isinstance(each.case.rule, Floor):
            beside += _beside(whole, each, each.ground)
    yield from (row for place, row in enumerate(beside) if row not in beside[:place])  # of two rules on one criterion


def _metric(found: Found) -> str:
    """Return what a rule's estimate is one of."""
    rule = found.case.rule
    if isinstance(rule, Ceiling) or found.ground is None:
        return str(getattr(rule, "statistic", "mean"))
    return found.ground.measure(rule)


def _between(whole: Whole, found: Found) -> str:
    """Return which versions a rule's estimate is of."""
    baseline, candidate = whole.versions
    return candidate if isinstance(found.case.rule, Floor | Ceiling) else f"{candidate}~{baseline}"


def _beside(whole: Whole, found: Found, ground: Ground) -> Iterator[Row]:
    """Yield the same difference by the judge alone and by labels alone, where another figure decides."""
    contrast, scoring = ground.contrast, ground.scoring
    parts = (("judge_raw", contrast.judged), ("labels_only", contrast.labelled))
    for estimator, paired in parts:
        if estimator == found.reading.estimator or not paired.inputs:
            continue
        estimate = paired_difference(ground.criterion, paired, whole.versions, whole.measuring)
        row = contrast.row("mean_difference", estimate, estimator)
        told = {"judge": scoring.judge, "engine": scoring.engine} if scoring and estimator == "judge_raw" else {}
        yield row.model_copy(update=told)


def _wins_beside(whole: Whole, found: Found, ground: PairGround) -> Iterator[Row]:
    """Yield the same win rate by the judge alone and by labels alone, where another figure decides."""
    for row in win_rows(ground.wins, whole.measuring):
        if row.estimator in ("judge_raw", "labels_only") and row.estimator != found.reading.estimator:
            judge = ground.scoring if row.estimator == "judge_raw" else None
            yield row.model_copy(update={"judge": judge.judge, "engine": judge.engine}) if judge else row


def _ranges(found: Sequence[Found]) -> Iterator[LabelFree]:
    for each in found:
        if each.reading.free is not None and each.case.slice is None:
            yield each.reading.free


def _certificates(whole: Whole, found: Sequence[Found]) -> dict[str, str]:
    """Return what is known of the certificate of every judge that has a part, a criterion each."""
    told: dict[str, str] = {}
    for each in found:
        scoring = each.scoring
        if scoring is None or (name := f"{scoring.judge}, {each.case.about}") in told:
            continue
        told[name] = certificate_words(whole, scoring.judge, each.case.about)
    return told


def _n_inputs(whole: Whole) -> int:
    before, after = _met(whole)
    return len(before & after)


def _met(whole: Whole) -> tuple[set[str], set[str]]:
    """Return the inputs that the baseline met, and the candidate."""
    known = whole.dataset.session_by_id
    before, after = whole.slices.sides
    return _inputs(before, known), _inputs(after, known)


def _inputs(side: Side, known: Mapping[str, Session]) -> set[str]:
    return {name for each in side.sessions if (name := known[each].input) is not None}


def _warnings(whole: Whole, found: Sequence[Found]) -> Iterator[str]:
    """Yield what a reader must know before believing the words."""
    yield from whole.dataset.notes
    yield from _one_sided(whole)
    for each in found:
        yield from each.notes
        ground, rule = each.ground, each.case.rule
        if ground is None or isinstance(rule, Ceiling) or each.case.slice is not None:
            continue
        if ground.criterion.direction is None and ground.criterion.scale.type not in ("binary", "preference"):
            yield f"{rule.criterion}: the rubric does not say which end is better: higher is taken for better"
        if rule.of == "judge":
            yield f"{each.case.name}: speaks of the judge's own view, not of the experts'"
        if each.reading.estimator == LABEL_FREE:
            yield f"{rule.criterion}: {NO_ERROR_RATE}: they rest on delta, which nobody can check without labels"
        if (
            isinstance(ground, Ground)
            and rule.of == "experts"
            and not isinstance(rule, Floor)
            and each.reading.estimator in ("ppi", "labels_only")
        ):
            judge = ground.scoring.judge if ground.scoring else ""
            yield from contrast_warnings(ground.contrast, judge, is_corrected=each.reading.estimator == "ppi")
        yield from _not_judged(each, ground)


def _one_sided(whole: Whole) -> Iterator[str]:
    """Yield which inputs only one version met: what compares the versions does not speak of them."""
    (baseline, candidate), (before, after) = whole.versions, _met(whole)
    if not (before and after):
        return
    for lacking, name, met, n in (
        (candidate, baseline, len(before), len(before - after)),
        (baseline, candidate, len(after), len(after - before)),
    ):
        if n:
            yield f"{lacking} has no session on {n} of {name}'s {met} inputs: nothing is said of these"


def _not_judged(found: Found, ground: Ground | PairGround) -> Iterator[str]:
    if found.scoring is None or isinstance(found.case.rule, Ceiling):
        return
    for told in ground.not_judged(found.case.rule):
        yield f"{ground.criterion.id}: {found.scoring.judge} {told}"
