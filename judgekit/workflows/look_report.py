"""What a gate that looked as it went says in the end: its word, each rule's, and what a reader must know of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from judgekit.analysis.gate_rule import WORST_FIRST, Case, over_all
from judgekit.analysis.gate_silence import silence_of_version, silence_on_pairs
from judgekit.analysis.gate_wording import asks_words, bounds_words, outcome_words, overall_words
from judgekit.analysis.look_evidence import Evidence
from judgekit.analysis.look_input import InputOrder
from judgekit.records.gate import GateReport, GateWord, Look, RuleOutcome, RuleWord
from judgekit.records.policy import Ceiling, Floor, Sequential
from judgekit.records.report import Counts, Row
from judgekit.workflows.gate_case import Found
from judgekit.workflows.gate_ground import Ground, PairGround
from judgekit.workflows.gate_whole import Whole, certificate_words
from judgekit.workflows.score import Scoring


@dataclass(frozen=True)
class LookedAt:
    """All that is known when a gate ends.

    Attributes:
        whole: As in a gate of one look.
        how: How it looked.
        inputs: All inputs that stand on both sides, in order.
        judges: Criterion -> the judge that spoke.
        cases: Rules, each on all inputs or on a slice.
        settled: Rules that no look decides, with their words.
        evidence: The others.
        looks: One after the other.
        n_seen: Inputs looked at.
        grounds: What judges said on these, a criterion each.
    """

    whole: Whole
    how: Sequential
    inputs: InputOrder
    judges: Mapping[str, Scoring]
    cases: Sequence[Case]
    settled: Mapping[Case, tuple[Found, RuleWord]]
    evidence: Mapping[Case, Evidence]
    looks: Sequence[Look]
    n_seen: int
    grounds: Sequence[Ground | PairGround] = ()


def look_report(found: LookedAt, *, is_out_of_budget: bool, cost_usd: float | None) -> GateReport:
    """Return the report.

    Args:
        found: What is known.
        is_out_of_budget: Whether the cap on money was met before a decision.
        cost_usd: What the judges' calls cost, where known.
    """
    whole, experiment = found.whole, found.whole.experiment
    outcomes = [_outcome(found, case) for case in found.cases]
    cases = list(zip(found.cases, outcomes, strict=True))
    word = _word(found, outcomes, is_out_of_budget=is_out_of_budget)
    words = "The gate is not decided: the budget was met first. The same command continues."
    return GateReport(
        title=f"Gate {experiment.name}: may {experiment.candidate} replace {experiment.baseline}?",
        dataset=whole.dataset.name,
        dataset_fingerprint=whole.dataset.fingerprint(),
        settings=_settings(found),
        summary=(
            words if word == "budget" else overall_words(word, cases, whole.versions),
            *(outcome_words(each) for each in sorted(outcomes, key=lambda each: WORST_FIRST.index(each.word))),
        ),
        rows=tuple(_row(found, case, each) for case, each in cases if each.estimate is not None),
        warnings=tuple(dict.fromkeys(_warnings(found))),
        experiment=experiment.name,
        question=experiment.question,
        baseline=experiment.baseline,
        candidate=experiment.candidate,
        policy_hash=whole.policy.fingerprint(),
        plan_hash=experiment.plan_hash,
        word=word,
        rules=tuple(outcomes),
        looks=tuple(found.looks),
        n_inputs=found.n_seen,
        n_inputs_all=len(found.inputs.inputs),
        certificates=_certificates(found),
        counts=tuple(_counts(found)),
        moved=tuple(each for ground in found.grounds for each in ground.regressions()),
        cost_usd=cost_usd,
    )


def case_name(case: Case) -> str:
    """Return a case's name in a look: the rule's, and its slice."""
    return case.name if case.slice is None else f"{case.name} {case.slice}"


def _word(found: LookedAt, outcomes: Sequence[RuleOutcome], *, is_out_of_budget: bool) -> GateWord:
    is_any_bad = any(each.is_bad for each in found.evidence.values() if each.stop is None)
    is_any_bad = is_any_bad or any(known.word == "fail" for known, _ in found.settled.values())
    words = [each.word for each in outcomes]
    worst = next(each for each in WORST_FIRST if each in words)
    if is_out_of_budget and worst in ("inconclusive", "incomplete"):
        return "budget"
    return over_all(words, found.whole.policy, is_any_bad=is_any_bad)


def _outcome(found: LookedAt, case: Case) -> RuleOutcome:
    rule, n_rules = case.rule, len(found.cases)
    if case in found.settled:
        known, word = found.settled[case]
        beyond = f"; it does so at its own level, but not at the one that fails one of {n_rules} rules"
        return RuleOutcome(
            rule=case.name,
            asks=asks_words(case, found.whole.versions, known.line),
            kind=rule.kind,
            criterion=None if isinstance(rule, Ceiling) else rule.criterion,
            slice=case.slice,
            of=None if isinstance(rule, Ceiling) else rule.of,
            estimator=known.reading.estimator,
            metric=_metric(found, case) if known.estimate is not None else None,
            estimate=known.estimate,
            line=known.line.at,
            word=word,
            why=known.why + (beyond if known.word != word else ""),
            fails_at=1 - (1 - found.whole.policy.level) / n_rules if word == "fail" else None,
        )
    each = found.evidence[case]
    scoring = found.judges.get(case.about) if each.needs_judge else None
    return RuleOutcome(
        rule=case.name,
        asks=asks_words(case, found.whole.versions, each.line),
        kind=rule.kind,
        criterion=case.about,
        slice=case.slice,
        of=None if isinstance(rule, Ceiling) else rule.of,
        judge=scoring.judge if scoring else None,
        engine=scoring.engine if scoring else None,
        estimator=each.voice if each.stop is None else None,
        metric=_metric(found, case) if each.estimate is not None else None,
        estimate=each.estimate,
        line=each.line.at,
        word=each.word,
        why=_why(found, case, each),
        fails_at=each.fails_at,
    )


def _why(found: LookedAt, case: Case, each: Evidence) -> str:
    if each.stop is not None:
        return each.stop[1]
    estimate = each.estimate
    if estimate is None:
        return each.why or "nothing was looked at yet"
    place = {"pass": "good", "fail": "bad"}.get(each.word, "across")
    if place == "across" and each.is_bad:
        place = "bad"
    parts = [each.why, bounds_words(case, estimate, each.line, place)]
    if each.is_bad and each.word != "fail":
        parts.append(f"it does so at its own level, but not yet at the one that fails one of {each.n_rules} rules")
    looks = "1 look" if each.n_looks == 1 else f"{each.n_looks} looks"
    parts.append(f"{looks}, {each.n_inputs} of {len(found.inputs.inputs)} inputs")
    parts.append(f"{each.n_labels} labelled" if each.n_labels else "")
    if each.voice == "judge_raw":
        parts.append("this is the judge's preference, not the experts'")
    if each.n_failures:
        parts.append(f"{each.n_failures} failures, {each.failures_as}")
    return "; ".join(filter(None, [*parts, each.win_words()]))


def _row(found: LookedAt, case: Case, outcome: RuleOutcome) -> Row:
    baseline, candidate = found.whole.versions
    between = candidate if isinstance(case.rule, Floor | Ceiling) else f"{candidate}~{baseline}"
    told = {name: getattr(outcome, name) for name in ("metric", "slice", "estimate", "judge", "engine", "estimator")}
    return Row.model_validate({"criterion": case.about, "between": between, **told})


def _metric(found: LookedAt, case: Case) -> str:
    if isinstance(case.rule, Ceiling):
        return str(case.rule.statistic)
    if not isinstance(case.rule, Floor):
        return "mean_difference"
    return "share" if found.evidence[case].measure.criterion.scale.type == "binary" else "mean"


def _settings(found: LookedAt) -> dict[str, object]:
    whole, policy = found.whole, found.whole.policy
    told: dict[str, object] = {
        **whole.measuring.settings(whole.dataset),
        "level": policy.level,
        "interval_level": round(whole.measuring.level, 10),
        "seed": whole.experiment.plan.seed,
        "order_seed": found.how.seed,
        "inputs_per_look": found.how.inputs_per_look,
        "inconclusive": policy.inconclusive,
        "max_failure_rate": policy.max_failure_rate,
        "certificate": policy.certificate,
    }
    if found.how.max_inputs is not None:
        told["max_inputs"] = found.how.max_inputs
    for scoring in found.judges.values():
        told |= scoring.settings
    return told


def _warnings(found: LookedAt) -> Iterator[str]:
    yield from found.whole.dataset.notes
    for case, each in found.evidence.items():
        criterion = each.measure.criterion
        if case.slice is not None:
            continue
        if criterion.direction is None and criterion.scale.type != "binary":
            yield f"{criterion.id}: the rubric does not say which end is better: higher is taken for better"
        if each.voice == "judge_raw":
            yield f"{case.name}: speaks of the judge's own view, not of the experts'"
        yield from _silences(found, case)
        n_out = len(found.inputs.inputs) - len(each.kept)
        if n_out and each.stop is None:
            yield f"{case.name}: {n_out} inputs do not count: they lie in locked splits, or helped to make the judge"
    if any(isinstance(case.rule, Ceiling) for case in found.settled):
        yield "cost and latency are measured in one look, on all of the candidate's sessions"
    if 0 < found.n_seen < len(found.inputs.inputs):
        yield f"ended after {found.n_seen} of {len(found.inputs.inputs)} inputs; the others were not looked at"


def _silences(found: LookedAt, case: Case) -> Iterator[str]:
    """Yield on how much of what was looked at one version alone has a number."""
    rule = case.rule
    ground = next((each for each in found.grounds if each.criterion.id == case.about), None)
    if not isinstance(ground, Ground) or isinstance(rule, Ceiling):
        return
    if isinstance(rule, Floor):
        told = silence_of_version(ground.contrast, ground.evidence, rule.of)
    else:
        told = silence_on_pairs(ground.contrast, rule.of)
    yield from (f"{case.name}: {each}" for each in told)


def _certificates(found: LookedAt) -> dict[str, str]:
    told: dict[str, str] = {}
    for case, each in found.evidence.items():
        scoring = found.judges.get(case.about)
        if scoring is None or not each.needs_judge:
            continue
        told[f"{scoring.judge}, {case.about}"] = certificate_words(found.whole, scoring.judge, case.about)
    return told


def _counts(found: LookedAt) -> Iterator[Counts]:
    """Yield where the sessions of the inputs looked at went, a criterion each."""
    told = set[str]()
    for case, each in found.evidence.items():
        if case.slice is not None or not each.needs_judge or each.stop is not None or case.about in told:
            continue
        told.add(case.about)
        yield Counts(
            criterion=case.about,
            n_targets=each.n_asked,
            n_used=each.n_asked - each.n_failures,
            dropped=dict(sorted(each.causes.items())),
            failures={cause: n for cause, n in sorted(each.causes.items()) if cause not in ("not_judged", "off_scale")},
        )
