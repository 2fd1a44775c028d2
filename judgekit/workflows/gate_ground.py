"""What a gate knows on one criterion: sessions of both versions with labels and verdicts, or pairs that were preferred.

Both answer the same questions: what is measured, how often the judge failed, what it would be were its failures
answers, and which inputs got worse most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.comparison import Side, comparison_counts, moved
from judgekit.analysis.contrast import Contrast
from judgekit.analysis.evidence import Evidence
from judgekit.analysis.gate_reading import (
    Asked,
    Reading,
    asked_of,
    difference_reading,
    floor_reading,
    floor_without_labels,
    with_failures_as,
    worse_inputs,
)
from judgekit.analysis.gate_rule import Line, line_of
from judgekit.analysis.gate_silence import silence_of_version, silence_on_pairs
from judgekit.analysis.gate_win import asked_pairs, pairs_with_failures_as, win_reading, worse_pairs
from judgekit.analysis.judged_version import JudgedVersion
from judgekit.analysis.reference import default_rule, reference
from judgekit.analysis.verdict_table import verdict_table
from judgekit.analysis.win_rate import EVEN, Wins, win_counts
from judgekit.records.dataset import Dataset
from judgekit.records.policy import Better, Floor, NotWorse
from judgekit.records.report import Counts, Disagreement
from judgekit.records.rubric import Criterion
from judgekit.records.verdict import Failure, Verdict
from judgekit.workflows import lineage
from judgekit.workflows.lineage import open_sessions, refuse_reused, set_aside
from judgekit.workflows.score import Scoring

JudgedOutcomes = tuple[Sequence[Verdict | Failure], Scoring]
"""What one judge said of sessions of both versions, or of pairs of them, and how it is named."""
ORDERED = ("binary", "ordinal", "numeric")
"""Scales with a mean, or a share that is one."""
N_WORST = 5
"""Inputs that got worse most which a report shows."""
CriterionRule = Floor | NotWorse | Better


@dataclass(frozen=True)
class Ground:
    """What is known on one criterion of sessions.

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
        return replace(self, contrast=replace(self.contrast, sides=_narrowed(self.contrast.sides, kept)))

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

    def line(self, rule: CriterionRule) -> Line:
        """Return what a rule's bounds are held against."""
        return line_of(rule, self.criterion.direction)

    def measure(self, rule: CriterionRule) -> str:
        """Return the name of what a rule is measured by."""
        if not isinstance(rule, Floor):
            return "mean_difference"
        return "share" if self.criterion.scale.type == "binary" else "mean"

    def reading(self, rule: CriterionRule, measuring: Measuring, *, delta: float | None, level: float) -> Reading:
        """Return what the data say of a rule.

        Args:
            rule: On this criterion.
            measuring: Level of the bounds, resamples and randomness.
            delta: How far the judge may err otherwise on a candidate without labels, where declared.
            level: One-sided, of the policy.
        """
        line, judge = self.line(rule), self.scoring.judge if self.scoring else ""
        if isinstance(rule, Floor):
            evidence, version = self.evidence, self.version
            if rule.of == "judge" or evidence.labelled or version is None or not version.asked:
                found = floor_reading(evidence, version, rule.of, measuring)
                return replace(found, cautions=silence_of_version(self.contrast, evidence, rule.of))
            return floor_without_labels(self.contrast, version, line, measuring, delta=delta, level=level)
        found = difference_reading(self.contrast, rule.of, line, measuring, judge=judge, delta=delta, level=level)
        if found.free is not None:
            return found
        return replace(found, cautions=found.cautions + silence_on_pairs(self.contrast, rule.of))

    def refuse_reused(self) -> None:
        """Refuse labels that helped to make the judge, and would correct it.

        Raises:
            LeakError: There are such.
        """
        if self.scoring is not None:
            refuse_reused(self.contrast.dataset, self.contrast.witnesses, self.scoring.lineage, self.scoring.judge)

    def asked(self, rule: CriterionRule) -> list[Asked]:
        """Return how often the judge failed on each side that a rule looks at."""
        sides = self.contrast.sides[1:] if isinstance(rule, Floor) else self.contrast.sides
        return [asked_of(self.contrast.verdicts, side.name, sorted(side.sessions)) for side in sides]

    def with_failures(self, rule: CriterionRule, *, is_for: bool) -> Ground:
        """Return the same were all failures answers: the best that they can be for the candidate, or the worst."""
        contrast = self.contrast
        before, after = (side.sessions for side in contrast.sides)
        goods = dict.fromkeys(after, is_for) | dict.fromkeys(before, not is_for)
        table = with_failures_as(contrast.verdicts, contrast.criterion, self.line(rule), goods)
        return replace(self, contrast=replace(contrast, verdicts=table))

    def not_judged(self, rule: CriterionRule) -> list[str]:
        """Return, a side each, how many sessions the judge was not asked about, in words."""
        found = []
        for side in self.contrast.sides[1:] if isinstance(rule, Floor) else self.contrast.sides:
            n = sum((each, None) not in self.contrast.verdicts.targets for each in side.sessions)
            if n:
                found.append(f"was not asked about {n} of {len(side.sessions)} sessions of {side.name}")
        return found

    def counts(self) -> Counts:
        """Return where the sessions went."""
        contrast = self.contrast
        counts = comparison_counts(contrast.criterion, contrast.judged if self.scoring else contrast.labelled)
        return counts.model_copy(update={"failures": contrast.verdicts.failures_by_status})

    def regressions(self) -> tuple[Disagreement, ...]:
        """Return the inputs on which the judge has the candidate furthest below the baseline, with both reasons."""
        contrast = self.contrast
        return moved(
            contrast.dataset,
            contrast.criterion,
            worse_inputs(contrast.judged, contrast.criterion.direction),
            verdicts=contrast.verdicts,
            sides=contrast.sides,
            n_most=N_WORST,
        )


@dataclass(frozen=True)
class PairGround:
    """What is known on one criterion of pairs, each a session of both versions of which one was preferred.

    Attributes:
        wins: Preferences between both versions.
        scoring: The judge that was asked about it; None where none was.
    """

    wins: Wins
    scoring: Scoring | None

    @property
    def criterion(self) -> Criterion:
        """The question."""
        return self.wins.criterion

    def on(self, kept: frozenset[str]) -> PairGround:
        """Return the same on pairs of some sessions only."""
        return replace(self, wins=replace(self.wins, sides=_narrowed(self.wins.sides, kept)))

    def line(self, rule: CriterionRule) -> Line:
        """Return what a rule's bounds are held against: a half is neither better nor worse."""
        return line_of(rule, "higher", even=EVEN)

    def measure(self, rule: CriterionRule) -> str:  # noqa: ARG002  # as `Ground`
        """Return the name of what a rule is measured by."""
        return "win_rate"

    def reading(self, rule: CriterionRule, measuring: Measuring, *, delta: float | None, level: float) -> Reading:  # noqa: ARG002  # as `Ground`
        """Return what the data say of a rule; without labels nothing, however far the judge may err."""
        return win_reading(self.wins, rule.of)

    def refuse_reused(self) -> None:
        """Refuse labels that helped to make the judge, and would correct it.

        Raises:
            LeakError: There are such.
        """
        if self.scoring is not None:
            refuse_reused(self.wins.dataset, self.wins.witnesses, self.scoring.lineage, self.scoring.judge)

    def asked(self, rule: CriterionRule) -> list[Asked]:  # noqa: ARG002  # as `Ground`
        """Return how often the judge failed on pairs of both versions."""
        return asked_pairs(self.wins)

    def with_failures(self, rule: CriterionRule, *, is_for: bool) -> PairGround:  # noqa: ARG002  # as `Ground`
        """Return the same were all failures answers: wins of the candidate, or losses."""
        return replace(self, wins=pairs_with_failures_as(self.wins, is_won=is_for))

    def not_judged(self, rule: CriterionRule) -> list[str]:  # noqa: ARG002  # as `Ground`
        """Return how many pairs the judge was not asked about, in words."""
        n = len(self.wins.candidate_is_first) - len(self.wins.asked)
        return [f"was not asked about {n} of {len(self.wins.candidate_is_first)} pairs"] if n else []

    def counts(self) -> Counts:
        """Return where the pairs went."""
        return win_counts(self.wins)

    def regressions(self) -> tuple[Disagreement, ...]:
        """Return pairs that the judge gives to the baseline, with its reasons."""
        return worse_pairs(self.wins, N_WORST)


def ground_of(
    dataset: Dataset,
    criterion: Criterion,
    sides: tuple[Side, Side],
    judged: Sequence[JudgedOutcomes],
    rule: str | None,
) -> Ground | PairGround:
    """Return what is known on one criterion; of several judges the first that was asked about it speaks.

    Args:
        dataset: Sessions of both versions, and labels.
        criterion: With an order, or a preference.
        sides: Baseline and candidate.
        judged: Each judge's outcomes.
        rule: How several raters become one, where the judge's scoring does not say.
    """
    outcomes, scoring = next(
        (each for each in judged if any(outcome.criterion == criterion.id for outcome in each[0])), ((), None)
    )
    named = scoring or Scoring(judge="")
    allowed = open_sessions(dataset, untouched_splits(dataset, named))
    verdicts = verdict_table(criterion, outcomes, use=named.use, combine=named.combine)
    experts = reference(dataset, criterion, named.reference or rule or default_rule(criterion))
    barred = set_aside(dataset, named.lineage, allowed)
    if criterion.scale.type == "preference":
        return PairGround(Wins(dataset, criterion, sides, verdicts, experts, allowed, frozenset(barred)), scoring)
    return Ground(Contrast(dataset, criterion, sides, verdicts, experts, allowed, barred), scoring)


def untouched_splits(dataset: Dataset, scoring: Scoring) -> tuple[str, ...]:
    """Return the splits whose labels may correct a judge: those that hold no group of its making, and never test.

    Where none of these holds a label they are all, so that what is re-used is refused by name.
    """
    return lineage.untouched_splits(dataset, scoring.lineage) or ("train", "dev", lineage.NEW)


def _narrowed(sides: tuple[Side, Side], kept: frozenset[str]) -> tuple[Side, Side]:
    first, second = (Side(side.name, side.sessions & kept) for side in sides)
    return first, second
