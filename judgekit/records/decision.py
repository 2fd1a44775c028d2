"""Decision: whether a comparison shows what is asked of it. True only where it passes; printed, it is the reason.

For tests and notebooks. The policy of an experiment, with its certificates and ceilings, is the gate's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from judgekit.errors import InputError, UnknownName
from judgekit.records.policy import Witness
from judgekit.records.record import Record
from judgekit.stats.estimate import Estimate

if TYPE_CHECKING:
    from judgekit.records.report import ComparisonReport

DecisionWord = Literal["pass", "fail", "inconclusive", "undefined"]
"""`undefined`: there is nothing to decide by."""
WORST_FIRST: tuple[DecisionWord, ...] = ("undefined", "fail", "inconclusive", "pass")
LEADS = ("mean_difference", "win_rate")
"""Metrics that say which version is better."""


class DecisionPart(Record):
    """What one criterion says."""

    criterion: str
    word: DecisionWord
    why: str
    """With the bounds and what they are held against."""
    estimate: Estimate | None = None
    """Candidate minus baseline, or the candidate's win rate, as in the report; None where there is none."""
    line: float | None = None
    """What its ends are held against."""


class Decision(Record):
    """Whether a comparison shows what is asked, on each criterion asked of."""

    asks: str
    """What was asked, in words."""
    word: DecisionWord
    """The worst of the parts'."""
    parts: tuple[DecisionPart, ...]
    """One a criterion."""
    level: float
    """Of each bound, one-sided: an end of a two-sided 95% interval is a bound at 97.5%."""

    def __bool__(self) -> bool:
        """Return whether every part passes."""
        return self.word == "pass"

    def __repr__(self) -> str:
        """Return the word, then the reasons of the parts that it comes from."""
        told = "; ".join(f"{each.criterion}: {each.why}" for each in self.parts if each.word == self.word)
        return f"<{self.word}: {self.asks}? {told}; bounds one-sided at {100 * self.level:g}%>"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of a comparison.

    Attributes:
        gain: The candidate must be better by more than this; below 0: not worse by more.
        criterion: On which; None: on all that were compared.
        of: Whose view decides.
    """

    gain: float
    criterion: str | None = None
    of: Witness = "experts"

    def words(self, report: ComparisonReport) -> str:
        """Return it as a sentence without its end."""
        if self.gain < 0:
            asked = f"not worse than {report.baseline} by {-self.gain:g}"
        else:
            asked = f"better than {report.baseline}" + (f" by {self.gain:g}" if self.gain else "")
        return f"is {report.candidate} {asked}" + (" in the judge's own view" if self.of == "judge" else "")


def decided(report: ComparisonReport, demand: Demand) -> Decision:
    """Return whether a comparison shows what is demanded.

    The ends of its intervals are the bounds: with an interval at 95%, each is meant to be wrong in 2.5% of cases.

    Raises:
        InputError: The comparison names no criterion.
        UnknownName: The criterion demanded was not compared.
    """
    known = tuple(report.headline)
    if not known:
        raise InputError("the comparison has no criterion to decide on", where=report.title)
    if demand.criterion is not None and demand.criterion not in known:
        raise UnknownName("criterion", demand.criterion, known, where=report.title)
    names = known if demand.criterion is None else (demand.criterion,)
    parts = tuple(_part(report, name, demand) for name in names)
    levels = [part.estimate.level for part in parts if part.estimate is not None]
    return Decision(
        asks=demand.words(report),
        word=next(each for each in WORST_FIRST if any(part.word == each for part in parts)),
        parts=parts,
        level=(1 + min(levels, default=0.95)) / 2,
    )


def _part(report: ComparisonReport, criterion: str, demand: Demand) -> DecisionPart:
    estimator = "judge_raw" if demand.of == "judge" else report.headline[criterion]
    why = _hindrance(report, criterion, demand)
    if why is not None:
        return DecisionPart(criterion=criterion, word="undefined", why=why)
    if estimator == "judge_raw" and demand.of == "experts":
        return _label_free(report, criterion, demand)
    pair = f"{report.candidate}~{report.baseline}"
    rows = (row for row in report.rows if (row.criterion, row.between, row.slice) == (criterion, pair, None))
    row = next((each for each in rows if each.metric in LEADS and each.estimator == estimator), None)
    if row is None:
        return DecisionPart(criterion=criterion, word="undefined", why="no difference of the two versions is given")
    if row.metric == "win_rate":
        return _held(criterion, row.estimate, 0.5 + demand.gain, is_lower=False)
    return _held(criterion, row.estimate, *_line(report, criterion, demand))


def _hindrance(report: ComparisonReport, criterion: str, demand: Demand) -> str | None:
    """Return why the report can decide nothing of a criterion, whatever its numbers."""
    if len(report.versions) > 2:
        return f"{len(report.versions)} versions are compared; compare two"
    if criterion not in report.directions:
        return "the report does not say which end of the scale is better; compare again"
    if criterion in report.not_random and demand.of == "experts":
        return "the labelled inputs are no random sample and speak for themselves alone"
    return None


def _line(report: ComparisonReport, criterion: str, demand: Demand) -> tuple[float, bool]:
    """Return what a difference is held against, and whether it must lie below."""
    is_lower = report.directions[criterion] == "lower"
    return (-demand.gain if is_lower else demand.gain) + 0.0, is_lower


def _label_free(report: ComparisonReport, criterion: str, demand: Demand) -> DecisionPart:
    """Return what the range without labels says; the judge alone decides nothing in the experts' name."""
    free = next((each for each in report.label_free if each.criterion == criterion), None)
    if free is None:
        words = "only the judge speaks, and no label says how it follows the experts"
        return DecisionPart(criterion=criterion, word="undefined", why=words)
    if free.delta is None:
        return DecisionPart(criterion=criterion, word="inconclusive", why=f"no labels on the candidate: {free.why}")
    part = _held(criterion, free.range, *_line(report, criterion, demand))
    told = f"{part.why}; no labels on the candidate, delta {free.delta:g}, no error rate is claimed"
    return part.model_copy(update={"why": told})


def _held(criterion: str, estimate: Estimate, line: float, is_lower: bool) -> DecisionPart:  # noqa: FBT001  # of `_line`
    """Return an estimate held against a line; equal to the line is not beyond it."""
    ends = (estimate.low, estimate.high)
    if not estimate.is_defined or any(end is None or not math.isfinite(end) for end in ends):
        reason = (estimate.undefined or estimate.method).partition(": ")[2] or "no interval"
        return DecisionPart(criterion=criterion, word="undefined", why=f"{reason} (n={estimate.n})")
    low, high = estimate.low or 0.0, estimate.high or 0.0
    above, below = low > line, high < line
    passes, fails = (below, above) if is_lower else (above, below)
    word: DecisionWord = "pass" if passes else "fail" if fails else "inconclusive"
    place = "above" if above else "below" if below else "across"
    told = f"{estimate.value or 0.0:.3g} [{low:.3g}, {high:.3g}] lies {place} {line:g}, n={estimate.n}"
    return DecisionPart(criterion=criterion, word=word, why=told, estimate=estimate, line=line)
