"""One rule of a gate that looks as it goes, before its first look: who speaks, on which inputs, what bars it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from judgekit.analysis.gate_reading import Reading
from judgekit.analysis.gate_rule import Case, line_of
from judgekit.analysis.look_evidence import Evidence, Voice, largest_unit
from judgekit.analysis.look_input import ExpertsSay, InputOrder, Measure, experts_say
from judgekit.analysis.reference import Reference, default_rule, reference
from judgekit.records.gate import RuleWord
from judgekit.records.policy import Ceiling, Floor
from judgekit.records.rubric import Criterion
from judgekit.workflows.gate_case import Found, depth_of, found_of
from judgekit.workflows.gate_ground import ORDERED, untouched_splits
from judgekit.workflows.gate_whole import Whole
from judgekit.workflows.lineage import open_sessions, refuse_reused, set_aside
from judgekit.workflows.score import Scoring

NOBODY = ExpertsSay({}, {})


@dataclass(frozen=True)
class Ground:
    """What all rules of a gate that looks share.

    Attributes:
        whole: As in a gate of one look.
        inputs: In the drawn order.
        judges: Criterion -> the judge that speaks on it.
        n_rules: Cases of the policy.
    """

    whole: Whole
    inputs: InputOrder
    judges: Mapping[str, Scoring]
    n_rules: int


@dataclass(frozen=True)
class Speaker:
    """Who speaks on a rule.

    Attributes:
        voice: The estimator.
        kept: Inputs that count.
        experts: What experts say of them.
        stop: Why nothing is ever decided, with the word for it; None where it may be.
    """

    voice: Voice
    kept: Collection[str]
    experts: ExpertsSay = NOBODY
    stop: tuple[RuleWord, str] | None = None


def settled(whole: Whole, case: Case, n_rules: int) -> tuple[Found, RuleWord] | None:
    """Return what is known without any look: cost, latency, what is missing; None where looks decide.

    Cost and latency fail where they do at their part of the error rate, as other rules do.
    """
    rule = case.rule
    if isinstance(rule, Ceiling):
        found = found_of(whole, case)
        fails = found.word == "fail" and depth_of(whole, found, n_rules) >= n_rules
        return found, found.word if fails or found.word != "fail" else "inconclusive"
    why = case.absent or _unfit(whole, rule.criterion)
    if why is None:
        return None
    return Found(case, line_of(rule, None), Reading(), None, "missing", why), "missing"


def opened(ground: Ground, case: Case) -> Evidence:
    """Return a rule on a criterion that has bounds, with nothing seen yet.

    Raises:
        LeakError: Labels that helped to make the judge would correct it.
    """
    rule, whole = case.rule, ground.whole
    if isinstance(rule, Ceiling):
        raise TypeError("a ceiling has no looks")
    criterion = whole.dataset.rubric.criterion(rule.criterion)
    measure = Measure(criterion, not isinstance(rule, Floor))
    speaker = _speaker(ground, case, measure)
    return Evidence(
        case=case,
        line=line_of(rule, criterion.direction),
        measure=measure,
        voice=speaker.voice,
        experts=speaker.experts,
        kept=speaker.kept,
        level=whole.policy.level,
        n_rules=ground.n_rules,
        largest_unit=largest_unit(ground.inputs, speaker.kept),
        max_failure_rate=whole.policy.max_failure_rate,
        stop=speaker.stop,
    )


def _unfit(whole: Whole, name: str) -> str | None:
    """Say why a criterion has no bounds at a look; None where it has."""
    known = {each.id: each for each in whole.dataset.rubric.criteria}
    if name not in known:
        return f"the rubric has no criterion {name!r} (known: {', '.join(sorted(known))})"
    if known[name].scale.type == "preference":
        return f"{name!r} is a preference of pairs, which looks do not take: hold it in one look"
    if known[name].scale.type not in ORDERED:
        return f"a {known[name].scale.type} scale has no order to hold a rule against"
    if Measure(known[name], is_difference=False).ends is None:
        return "bounds that hold at every look need a scale with ends: declare min and max, or look once"
    return None


def _speaker(ground: Ground, case: Case, measure: Measure) -> Speaker:
    whole, inputs, rule = ground.whole, ground.inputs, case.rule
    scoring = ground.judges.get(measure.criterion.id)
    sessions = whole.slices.sessions(case.slice)
    kept = frozenset(name for name in inputs.inputs if inputs.members[name][0][0] in sessions)
    if not kept:
        words = f"no input has sessions of both {whole.versions[0]} and {whole.versions[1]}: nothing can be paired"
        return Speaker("labels_only", kept, stop=("missing", words))
    if isinstance(rule, Ceiling) or rule.of == "judge":
        if scoring is None:
            return Speaker("judge_raw", kept, stop=("missing", f"no judge answers {measure.criterion.id!r}"))
        return Speaker("judge_raw", kept, stop=_bar(whole, scoring, measure.criterion))
    return _experts(ground, measure, kept, scoring)


def _experts(ground: Ground, measure: Measure, kept: frozenset[str], scoring: Scoring | None) -> Speaker:
    """Return who speaks for the experts: labels of all inputs, or drawn ones, with a judge's help if there is one."""
    whole, order, dataset = ground.whole, ground.inputs, ground.whole.dataset
    rule = (scoring.reference if scoring else None) or whole.experiment.plan.reference
    experts = reference(dataset, measure.criterion, rule or default_rule(measure.criterion))
    alone = experts_say(dataset, measure, experts, order, kept)
    if not alone.values:
        return Speaker("labels_only", kept, stop=("inconclusive", _unlabelled(whole, measure, experts)))
    if alone.is_whole or scoring is None or not alone.has_chances:
        stop = None if alone.stop is None else ("inconclusive", _not_drawn(alone.stop))
        return Speaker("labels_only", kept, alone, stop)  # type: ignore[arg-type]  # a literal word
    own = frozenset(each for name in kept for each in measure.sessions(order.members[name]))
    allowed = open_sessions(dataset, untouched_splits(dataset, scoring))
    told = sorted(each for each, turn in experts.values if turn is None and each in own & allowed)
    refuse_reused(dataset, told, scoring.lineage, scoring.judge)
    aside = set_aside(dataset, scoring.lineage, allowed)
    fit = frozenset(
        name
        for name in kept
        if all(each in allowed and each not in aside for each in measure.sessions(order.members[name]))
    )
    drawn = experts_say(dataset, measure, experts, order, fit)
    if not drawn.values or drawn.stop is not None:
        words = drawn.stop or f"no label may stand beside {scoring.judge}: they lie in locked splits, or made it"
        return Speaker("ppi", fit, drawn, ("inconclusive", _not_drawn(words)))
    if drawn.is_whole:
        return Speaker("labels_only", fit, drawn)
    return Speaker("ppi", fit, drawn, _bar(whole, scoring, measure.criterion))


def _unlabelled(whole: Whole, measure: Measure, experts: Reference) -> str:
    baseline, candidate = whole.versions
    has_some = any((each, None) in experts.values for each in whole.slices.sides[1].sessions)
    sides = f"both {baseline} and {candidate}" if measure.is_difference else candidate
    if has_some:
        return f"no input carries labels of {sides}: draw inputs at random, and label all their sessions"
    return (
        f"no expert has labelled {candidate}: looks speak of the experts only where each holds labels drawn at random; "
        'label some, or ask for the judge\'s preference (of = "judge")'
    )


def _not_drawn(why: str) -> str:
    return f"{why}; looks speak of the experts only where labels are drawn at random with known chances"


def _bar(whole: Whole, scoring: Scoring, criterion: Criterion) -> tuple[RuleWord, str] | None:
    """Say why the judge may not speak; None where it may."""
    if whole.policy.certificate == "not_needed":
        return None
    standing = whole.standings.get((scoring.judge, criterion.id))
    if standing is None:
        return "untrusted", f"{scoring.judge} has no certificate for {criterion.id} on {whole.dataset.name}"
    if standing.is_trusted:
        return None
    return "untrusted", f"{scoring.judge} is not trusted ({standing.word}): {standing.why}"
