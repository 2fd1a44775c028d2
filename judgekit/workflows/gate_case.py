"""One case of a gate: what it is measured on, and the word its bounds give before Holm.

What keeps numbers from speaking comes first: what is missing, a judge that is not trusted, too many failures.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.comparison import Side, version_side
from judgekit.analysis.contrast import Contrast
from judgekit.analysis.evidence import Evidence
from judgekit.analysis.gate_ceiling import ceiling_reading
from judgekit.analysis.gate_reading import (
    Asked,
    Reading,
    asked_of,
    difference_reading,
    floor_reading,
    with_failures_as,
)
from judgekit.analysis.gate_rule import Case, Line, Place, depth, line_of, two_sided
from judgekit.analysis.gate_slice import SlicedInputs
from judgekit.analysis.gate_wording import (
    NO_ERROR_RATE,
    bounds_words,
    failure_words,
    no_interval_words,
    worst_case_words,
)
from judgekit.analysis.judged_version import JudgedVersion
from judgekit.analysis.reference import default_rule, reference
from judgekit.analysis.verdict_table import VerdictTable, verdict_table
from judgekit.errors import InputError
from judgekit.records.certificate import Standing
from judgekit.records.dataset import Dataset
from judgekit.records.experiment import Experiment
from judgekit.records.gate import RuleWord
from judgekit.records.policy import Better, Ceiling, Floor, NotWorse, Policy
from judgekit.records.rubric import Criterion
from judgekit.records.verdict import Failure, Verdict
from judgekit.stats.estimate import Estimate, undefined
from judgekit.stats.unit_sums import MIN_UNITS
from judgekit.workflows import lineage
from judgekit.workflows.lineage import open_sessions, refuse_reused, set_aside
from judgekit.workflows.score import Scoring, refuse_strangers

JudgedOutcomes = tuple[Sequence[Verdict | Failure], Scoring]
"""What one judge said of sessions of both versions, and how it is named."""
ORDERED = ("binary", "ordinal", "numeric")
"""Scales with a mean, or a share that is one."""
_DRAWS_BEYOND = 20
"""Resamples that lie beyond a bound at least, however far out it is."""


@dataclass
class Whole:
    """What every rule of one gate shares.

    Attributes:
        dataset: Sessions of both versions, and labels.
        experiment: Names the versions, and holds the plan.
        policy: What is asked.
        judged: Each judge's outcomes.
        measuring: At the level whose interval's ends are one-sided bounds at the policy's.
        standings: Judge and criterion -> what its certificate is worth.
        slices: Sessions by slices of their inputs.
        grounds: Criterion -> what is known on it, as it is asked for.
    """

    dataset: Dataset
    experiment: Experiment
    policy: Policy
    judged: Sequence[JudgedOutcomes]
    measuring: Measuring
    standings: Mapping[tuple[str, str], Standing]
    slices: SlicedInputs
    grounds: dict[str, Ground | None] = field(default_factory=dict)

    @property
    def versions(self) -> tuple[str, str]:
        """Baseline and candidate."""
        return self.experiment.baseline, self.experiment.candidate

    def ground(self, name: str) -> Ground | None:
        """Return what is known on one criterion; None where the rubric has no such one, or it has no order."""
        if name not in self.grounds:
            known = {each.id: each for each in self.dataset.rubric.criteria}
            is_fit = name in known and known[name].scale.type in ORDERED
            self.grounds[name] = _ground(self, known[name]) if is_fit else None
        return self.grounds[name]

    def contrast(self, name: str) -> Contrast | None:
        """Return both versions on one criterion, likewise."""
        ground = self.ground(name)
        return None if ground is None else ground.contrast


@dataclass(frozen=True)
class Ground:
    """What is known on one criterion.

    Attributes:
        contrast: Both versions.
        scoring: The judge that was asked about it; None where none was.
    """

    contrast: Contrast
    scoring: Scoring | None

    @property
    def criterion(self) -> Criterion:
        """The question."""
        return self.contrast.criterion

    def on(self, kept: frozenset[str]) -> Ground:
        """Return the same on some sessions only."""
        first, second = (Side(side.name, side.sessions & kept) for side in self.contrast.sides)
        return replace(self, contrast=replace(self.contrast, sides=(first, second)))

    def judged_as(self, table: VerdictTable) -> Ground:
        """Return the same with other verdicts."""
        return replace(self, contrast=replace(self.contrast, verdicts=table))

    @property
    def evidence(self) -> Evidence:
        """The candidate's sessions and labels."""
        contrast = self.contrast
        side = contrast.sides[1]
        sessions = tuple(each for each in contrast.dataset.sessions if each.id in side.sessions)
        own = contrast.dataset.model_copy(update={"sessions": sessions})
        return Evidence(own, contrast.criterion, side.name, contrast.experts)

    @property
    def version(self) -> JudgedVersion | None:
        """With what the judge said of them."""
        if self.scoring is None:
            return None
        scoring, contrast = self.scoring, self.contrast
        allowed, aside = frozenset(contrast.allowed), frozenset(contrast.barred)
        return JudgedVersion(
            self.evidence, contrast.verdicts, scoring.judge, scoring.engine, scoring.use, allowed, aside
        )


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
    ground: Ground | None = None
    notes: tuple[str, ...] = ()

    @property
    def scoring(self) -> Scoring | None:
        """The judge, where it has a part."""
        return self.ground.scoring if self.ground is not None and self.reading.has_judge else None


def untouched_splits(dataset: Dataset, scoring: Scoring) -> tuple[str, ...]:
    """Return the splits whose labels may correct a judge: those that hold no group of its making, and never test.

    Where none of these holds a label they are all, so that what is re-used is refused by name.
    """
    return lineage.untouched_splits(dataset, scoring.lineage) or ("train", "dev", lineage.NEW)


def whole_of(
    dataset: Dataset,
    judged: Sequence[JudgedOutcomes],
    experiment: Experiment,
    measuring: Measuring,
    standings: Sequence[Standing],
) -> Whole:
    """Return what every rule shares; refuse what no gate can be held on.

    Raises:
        InputError: The experiment has no policy, both versions are one, a rule asks for what no scale can show, or
            verdicts are on sessions of elsewhere, or on what they held before they were changed.
    """
    if experiment.gate is None:
        raise InputError("the experiment has no [gate]", where=experiment.name, hint="Declare its rules first")
    if experiment.baseline == experiment.candidate:
        raise InputError(f"baseline and candidate are both {experiment.baseline!r}", where=experiment.name)
    _refuse_off_scale(dataset, experiment.gate, experiment.name)
    for outcomes, scoring in judged:
        refuse_strangers(dataset, outcomes)
        _refuse_stale(dataset, outcomes, scoring.judge)
    dataset = _as_seen(dataset)
    before, after = (version_side(dataset, each) for each in (experiment.baseline, experiment.candidate))
    return Whole(
        dataset=dataset,
        experiment=experiment,
        policy=experiment.gate,
        judged=judged,
        measuring=replace(measuring, level=two_sided(experiment.gate.level)),
        standings={(each.judge, each.criterion): each for each in standings},
        slices=SlicedInputs(dataset, (before, after)),
    )


def _refuse_off_scale(dataset: Dataset, policy: Policy, where: str) -> None:
    """Refuse rules that no candidate could fail, or none pass: a margin of 5 on shares, which was meant as 5%.

    Raises:
        InputError: There is one.
    """
    known = {each.id: each for each in dataset.rubric.criteria if each.scale.type in ORDERED}
    for place, rule in enumerate(policy.rules, 1):
        if isinstance(rule, Ceiling) or rule.criterion not in known:
            continue
        low, high = _ends(known[rule.criterion])
        if isinstance(rule, Floor):
            key, value, is_fit = "at_least", rule.at_least, low <= rule.at_least <= high
        else:
            key, value = ("margin", rule.margin) if isinstance(rule, NotWorse) else ("by", rule.by)
            is_fit = value < high - low
        if not is_fit:
            told = f"rule {place}: {key} {value:g} is off the scale of {rule.criterion}, {low:g} to {high:g}"
            raise InputError(told, where=where, hint=f"Give {key} in units of the scale; shares from 0 to 1")


def _ends(criterion: Criterion) -> tuple[float, float]:
    """Return the least and the most that a criterion's mean, or share of two levels, can be."""
    scale = criterion.scale
    if scale.levels:
        return scale.numbers()[0], scale.numbers()[-1]
    return -math.inf if scale.min is None else scale.min, math.inf if scale.max is None else scale.max


def _as_seen(dataset: Dataset) -> Dataset:
    """Return the dataset without the answers of experts who saw other content than their sessions have now."""
    told = [each for each in dataset.labels if each.seen and each.session and each.turn is None]
    known = dataset.session_by_id
    now = {each: known[each].seen_fingerprint for each in {label.session for label in told} if each in known}
    stale = {each.id: each.session for each in told if each.session in now and now[each.session] != each.seen}
    if not stale:
        return dataset
    labels = tuple(each for each in dataset.labels if each.id not in stale)
    settled = tuple(each for each in dataset.adjudications if each.session not in stale.values())
    n_settled = len(dataset.adjudications) - len(settled)
    beside = f" and {n_settled} adjudications" if n_settled else ""
    note = f"{len(stale)} labels{beside} count for nothing here: their sessions have changed since"
    return dataset.model_copy(update={"labels": labels, "adjudications": settled, "notes": (*dataset.notes, note)})


def _refuse_stale(dataset: Dataset, outcomes: Iterable[Verdict | Failure], judge: str) -> None:
    """Refuse verdicts on sessions whose content is another one by now: a version made anew, under the same ids.

    Raises:
        InputError: There are such.
    """
    told = {outcome.session: outcome.seen for outcome in outcomes if outcome.session and outcome.seen is not None}
    stale = sorted(each for each, seen in told.items() if dataset.session_by_id[each].seen_fingerprint != seen)
    if stale:
        words = f"{len(stale)} sessions have other content than {judge} saw, such as {stale[0]!r}"
        raise InputError(words, where=dataset.name, hint="Run the judge again on the sessions as they are now")


def _ground(whole: Whole, criterion: Criterion) -> Ground:
    dataset = whole.dataset
    outcomes, scoring = next(
        (each for each in whole.judged if any(outcome.criterion == criterion.id for outcome in each[0])), ((), None)
    )
    named = scoring or Scoring(judge="")
    allowed = open_sessions(dataset, untouched_splits(dataset, named))
    rule = named.reference or whole.experiment.plan.reference or default_rule(criterion)
    contrast = Contrast(
        dataset=dataset,
        criterion=criterion,
        sides=whole.slices.sides,
        verdicts=verdict_table(criterion, outcomes, use=named.use, combine=named.combine),
        experts=reference(dataset, criterion, rule),
        allowed=allowed,
        barred=set_aside(dataset, named.lineage, allowed),
    )
    return Ground(contrast, scoring)


def certificate_words(whole: Whole, judge: str, criterion: str) -> str:
    """Return what a judge's certificate is worth here, in words."""
    standing = whole.standings.get((judge, criterion))
    words = "absent: no certificate is known" if standing is None else f"{standing.word}: {standing.why}"
    if standing is not None and standing.is_provisional:
        words += " (provisional: under 100 test labels)"
    return words if whole.policy.certificate == "required" else f"not needed by the policy; {words}"


def found_of(whole: Whole, case: Case) -> Found:
    """Return what the data say of one case."""
    rule = case.rule
    if isinstance(rule, Ceiling):
        reading = Reading(stop=("missing", case.absent)) if case.absent else _ceiling(whole, case, rule)
        return _decided(whole, _measured(whole, Found(case, line_of(rule, None), reading)))
    ground = whole.ground(rule.criterion)
    line = line_of(rule, None if ground is None else ground.criterion.direction)
    if ground is None or case.absent:
        absent = case.absent or _no_criterion(whole, rule.criterion)
        return _decided(whole, Found(case, line, Reading(stop=("missing", absent))))
    ground = ground.on(whole.slices.sessions(case.slice))
    if rule.of == "experts" and ground.scoring is not None:
        refuse_reused(whole.dataset, ground.contrast.witnesses, ground.scoring.lineage, ground.scoring.judge)
    found = Found(case, line, _on_criterion(whole, rule, line, ground), ground=ground)
    return _decided(whole, _measured(whole, found))


def _ceiling(whole: Whole, case: Case, rule: Ceiling) -> Reading:
    side, kept = whole.slices.sides[1], whole.slices.sessions(case.slice)
    sessions = [each for each in whole.dataset.sessions if each.id in side.sessions & kept]
    return ceiling_reading(whole.dataset, sessions, rule, side.name, max_missing=whole.policy.max_failure_rate)


def _on_criterion(whole: Whole, rule: Floor | NotWorse | Better, line: Line, ground: Ground) -> Reading:
    if isinstance(rule, Floor):
        return floor_reading(ground.evidence, ground.version, rule.of, whole.measuring)
    return difference_reading(
        ground.contrast,
        rule.of,
        line,
        whole.measuring,
        judge=ground.scoring.judge if ground.scoring else "",
        delta=whole.experiment.plan.delta,
        level=whole.policy.level,
    )


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
        beside = f"; {worst_case_words(found.case, _n_failed(asked), *ends)}" if ends else ""
        return replace(found, word="incomplete", why=told + beside)
    if reading.stop is not None:
        return replace(found, word=reading.stop[0], why=reading.stop[1])
    return _held(whole, found, asked)


def _held(whole: Whole, found: Found, asked: Sequence[Asked]) -> Found:
    """Return the case with the word of its bounds; failures that might turn it are told."""
    estimate = found.estimate
    place = _place(found, estimate)
    if estimate is None or place is None:
        return replace(found, why="nothing was measured" if estimate is None else no_interval_words(estimate))
    if estimate.n_clusters < MIN_UNITS:
        words = f"{estimate.n_clusters} independent units are too few to decide; it takes {MIN_UNITS}"
        return replace(found, why=f"{words} ({bounds_words(found.case, estimate, found.line, place)})")
    word: RuleWord = {"good": "pass", "bad": "fail", "across": "inconclusive"}[place]  # type: ignore[assignment]  # three words
    why = bounds_words(found.case, estimate, found.line, place)
    if found.reading.free is not None:
        why += f"; no expert has labelled the candidate: delta {found.reading.free.delta:.3g}"
        why += f" ({found.reading.free.delta_from}). {NO_ERROR_RATE}"
    ends = _at_worst(whole, found, asked)
    if ends is None or {_place(found, each) for each in ends} == {place}:
        return replace(found, word=word, why=why)
    told = worst_case_words(found.case, _n_failed(asked), *ends)
    note = f"{found.case.name}: failures could turn its answer ({word}): {told}"
    return replace(found, word=word, why=f"{why}; {told}", notes=(note,))


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
    if found.ground is None or found.scoring is None:
        return []
    contrast = found.ground.contrast
    sides = contrast.sides[1:] if isinstance(found.case.rule, Floor) else contrast.sides
    return [asked_of(contrast.verdicts, side.name, sorted(side.sessions)) for side in sides]


def _n_failed(asked: Sequence[Asked]) -> int:
    return sum(each.n_failed for each in asked)


def _at_worst(whole: Whole, found: Found, asked: Sequence[Asked]) -> tuple[Estimate, Estimate] | None:
    """Return the estimate were all failures against the candidate, and were all for it; None without failures."""
    rule, ground = found.case.rule, found.ground
    if not _n_failed(asked) or ground is None or isinstance(rule, Ceiling):
        return None
    contrast = ground.contrast
    before, after = (side.sessions for side in contrast.sides)
    ends = []
    for is_for in (False, True):
        goods = dict.fromkeys(after, is_for) | dict.fromkeys(before, not is_for)
        table = with_failures_as(contrast.verdicts, contrast.criterion, found.line, goods)
        reading = _on_criterion(whole, rule, found.line, ground.judged_as(table))
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


def _no_criterion(whole: Whole, name: str) -> str:
    rubric = whole.dataset.rubric
    known = {each.id: each for each in rubric.criteria}
    if name not in known:
        return f"the rubric has no criterion {name!r} (known: {', '.join(sorted(known)) or 'none'})"
    return f"{name!r} has no mean to hold against a line: it is {known[name].scale.type}"
