"""One case of a gate: what it is measured on, and the word its bounds give before Holm.

What keeps numbers from speaking comes first: what is missing, a judge that is not trusted, too many failures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from judgekit.analysis.gate_ceiling import ceiling_reading
from judgekit.analysis.gate_reach import no_pass, no_rate
from judgekit.analysis.gate_reading import Asked, Reading, undecidable
from judgekit.analysis.gate_rule import Case, Line, Place, depth, line_of
from judgekit.analysis.gate_wording import NO_ERROR_RATE, bounds_words, failure_words, worst_case_words
from judgekit.records.gate import RuleWord
from judgekit.records.policy import Ceiling, Floor
from judgekit.stats.estimate import Estimate, undefined
from judgekit.workflows.gate_ground import CriterionRule, Ground, PairGround
from judgekit.workflows.gate_whole import Whole
from judgekit.workflows.score import Scoring

_DRAWS_BEYOND = 20
"""Resamples that lie beyond a bound at least, however far out it is."""


@dataclass(frozen=True)
class Found:
    """What became of one case before Holm.

    Attributes:
        case: The rule, and its slice.
        line: What its bounds are held against.
        reading: What was measured.
        estimate: At the policy's level.
        word: `fail` where it lies on the bad side at its own level.
        why: In words.
        ground: Of a rule on a criterion.
        notes: What a reader of the whole report must know of it.
    """

    case: Case
    line: Line
    reading: Reading
    estimate: Estimate | None = None
    word: RuleWord = "inconclusive"
    why: str = ""
    ground: Ground | PairGround | None = None
    notes: tuple[str, ...] = ()

    @property
    def scoring(self) -> Scoring | None:
        """The judge, where it has a part."""
        return self.ground.scoring if self.ground is not None and self.reading.has_judge else None


def found_of(whole: Whole, case: Case) -> Found:
    """Return what the data say of one case."""
    rule = case.rule
    if isinstance(rule, Ceiling):
        reading = Reading(stop=("missing", case.absent)) if case.absent else _ceiling(whole, case, rule)
        return _decided(whole, _measured(whole, Found(case, line_of(rule, None), reading)))
    ground = whole.ground(rule.criterion)
    line = line_of(rule, None) if ground is None else ground.line(rule)
    absent = case.absent or _unfit(whole, rule, ground)
    if ground is None or absent:
        return _decided(whole, Found(case, line, Reading(stop=("missing", absent or ""))))
    ground = ground.on(whole.slices.sessions(case.slice))
    if rule.of == "experts":
        ground.refuse_reused()
    found = Found(case, line, _on_criterion(whole, rule, ground), ground=ground)
    return _decided(whole, _measured(whole, found))


def _ceiling(whole: Whole, case: Case, rule: Ceiling) -> Reading:
    side, kept = whole.slices.sides[1], whole.slices.sessions(case.slice)
    sessions = [each for each in whole.dataset.sessions if each.id in side.sessions & kept]
    return ceiling_reading(whole.dataset, sessions, rule, side.name, max_missing=whole.policy.max_failure_rate)


def _on_criterion(whole: Whole, rule: CriterionRule, ground: Ground | PairGround) -> Reading:
    return ground.reading(rule, whole.measuring, delta=whole.experiment.plan.delta, level=whole.policy.level)


def _measured(whole: Whole, found: Found) -> Found:
    at = found.reading.at
    return found if at is None else replace(found, estimate=at(whole.measuring))


def _decided(whole: Whole, found: Found) -> Found:
    """Return the case with its word, before Holm: what keeps numbers from speaking comes first."""
    reading = found.reading
    if reading.stop is not None and reading.stop[0] == "missing":
        return replace(found, word="missing", why=reading.stop[1])
    barred = _not_trusted(whole, found)
    if barred:
        return replace(found, word="untrusted", why=barred)
    asked = _asked(found)
    if any(each.rate > whole.policy.max_failure_rate for each in asked):
        told = failure_words(asked, whole.policy.max_failure_rate)
        ends = _at_worst(whole, found, asked)
        beside = f"; {worst_case_words(found.case, found.line, _n_failed(asked), *ends)}" if ends else ""
        return replace(found, word="incomplete", why=told + beside)
    if reading.stop is not None:
        return replace(found, word=reading.stop[0], why=reading.stop[1])
    return _held(whole, found, asked)


def _held(whole: Whole, found: Found, asked: Sequence[Asked]) -> Found:
    """Return the case with the word of its bounds; failures that might turn it are told."""
    estimate = found.estimate or undefined("no_data", "nothing was measured")
    place = _place(found, estimate)
    barred = undecidable(estimate)
    if place is None or barred:
        told = f" ({bounds_words(found.case, estimate, found.line, place)})" if place else ""
        return replace(found, why=f"{barred}{told}")
    word: RuleWord = {"good": "pass", "bad": "fail", "across": "inconclusive"}[place]  # type: ignore[assignment]  # three words
    why = bounds_words(found.case, estimate, found.line, place)
    if found.reading.free is not None:
        why += f"; no expert has labelled the candidate: delta {found.reading.free.delta:.3g}"
        why += f" ({found.reading.free.delta_from}). {NO_ERROR_RATE}"
    if word == "pass" and found.ground is not None and (bar := no_pass(found.ground.criterion)):
        return replace(found, why=f"{why}; {bar}")
    if word == "fail" and found.ground is not None and (lack := no_rate(found.ground.criterion)):
        why = f"{why}; {lack}"
    cautions = found.reading.cautions if word != "inconclusive" else ()
    if word == "pass":
        why = "; ".join((why, *cautions))
    notes = [f"{found.case.name}: {each}" for each in cautions]
    ends = _at_worst(whole, found, asked)
    if ends is not None and {_place(found, each) for each in ends} != {place}:
        told = worst_case_words(found.case, found.line, _n_failed(asked), *ends)
        why = f"{why}; {told}"
        notes.append(f"{found.case.name}: failures could turn its answer ({word}): {told}")
    return replace(found, word=word, why=why, notes=tuple(notes))


def _place(found: Found, estimate: Estimate | None) -> Place | None:
    return found.line.place(estimate)


def _not_trusted(whole: Whole, found: Found) -> str | None:
    """Say why the judge may not speak; None where it may, or has no part."""
    scoring, rule = found.scoring, found.case.rule
    if scoring is None or isinstance(rule, Ceiling) or whole.policy.certificate == "not_needed":
        return None
    standing = whole.standings.get((scoring.judge, rule.criterion))
    if standing is None:
        return f"{scoring.judge} has no certificate for {rule.criterion} on {whole.dataset.name}"
    return None if standing.is_trusted else f"{scoring.judge} is not trusted ({standing.word}): {standing.why}"


def _asked(found: Found) -> list[Asked]:
    """Return how often the judge failed on each side that a rule looks at; nothing where no judge has a part."""
    rule = found.case.rule
    if found.ground is None or found.scoring is None or isinstance(rule, Ceiling):
        return []
    return found.ground.asked(rule)


def _n_failed(asked: Sequence[Asked]) -> int:
    return sum(each.n_failed for each in asked)


def _at_worst(whole: Whole, found: Found, asked: Sequence[Asked]) -> tuple[Estimate, Estimate] | None:
    """Return the estimate were all failures against the candidate, and were all for it; None without failures."""
    rule, ground = found.case.rule, found.ground
    if not _n_failed(asked) or ground is None or isinstance(rule, Ceiling):
        return None
    ends = []
    for is_for in (False, True):
        reading = _on_criterion(whole, rule, ground.with_failures(rule, is_for=is_for))
        nothing = undefined("weak_judge", "the judge would say too little of the experts")
        ends.append(nothing if reading.at is None else reading.at(whole.measuring))
    return ends[0], ends[1]


def depth_of(whole: Whole, found: Found, n_rules: int) -> int:
    """Return at which part of the error rate a case still lies on the bad side."""

    def at(level: float) -> Place | None:
        n = max(whole.measuring.n_resamples, math.ceil(2 * _DRAWS_BEYOND / (1 - level)))
        how = replace(whole.measuring, level=level, n_resamples=n)
        return _place(found, found.reading.at(how) if found.reading.at is not None else None)

    return depth(at, whole.policy.level, n_rules)


def _unfit(whole: Whole, rule: CriterionRule, ground: Ground | PairGround | None) -> str | None:
    """Say why a rule has nothing to be measured by; None where it has."""
    if isinstance(ground, PairGround) and isinstance(rule, Floor):
        return f"{rule.criterion!r} is a preference, which has no floor: ask for better, or not_worse"
    if ground is not None:
        return None
    known = {each.id: each for each in whole.dataset.rubric.criteria}
    if rule.criterion not in known:
        return f"the rubric has no criterion {rule.criterion!r} (known: {', '.join(sorted(known)) or 'none'})"
    return f"{rule.criterion!r} has no mean to hold against a line: it is {known[rule.criterion].scale.type}"
