"""Decision: whether a comparison shows what is asked of it. True only where it passes; printed, it is the reason.

For tests and notebooks. Bounds are the careful ones that a gate goes by, so that nothing passes here on which a gate at
the same level is not decided; the policy of an experiment, with its certificates and ceilings, is the gate's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from judgekit.errors import InputError, UnknownName
from judgekit.records.policy import Witness, refuse_off_scale
from judgekit.records.record import Record
from judgekit.stats.estimate import Estimate

if TYPE_CHECKING:
    from judgekit.records.comparison_report import ComparisonReport

DecisionWord = Literal["pass", "fail", "inconclusive", "undefined"]
"""`undefined`: there is nothing to decide by."""
WORST_FIRST: tuple[DecisionWord, ...] = ("undefined", "fail", "inconclusive", "pass")


class Bounds(Record):
    """What a gate would go by on one criterion: bounds that err at most as often as their level says."""

    criterion: str
    of: Witness = "experts"
    """Whose view it is."""
    metric: Literal["mean_difference", "win_rate"] = "mean_difference"
    estimator: str | None = None
    """How it was made, as in the rows."""
    estimate: Estimate | None = None
    """Its ends are one-sided bounds; None where there are none."""
    even: float = 0.0
    """What is neither better nor worse: 0 of differences, a half of win rates."""
    is_missing: bool = False
    """Whether there is nothing to decide by, rather than too little."""
    why: str = ""
    """Why there are no bounds; what else must be said of them."""
    undecidable: str = ""
    """Why they decide nothing, wherever they lie."""
    no_pass: str = ""
    """Why nothing passes by them, wherever they lie."""


class DecisionPart(Record):
    """What one criterion says."""

    criterion: str
    word: DecisionWord
    why: str
    """With the bounds and what they are held against."""
    estimate: Estimate | None = None
    """Candidate minus baseline, or the candidate's win rate, with the bounds that a gate goes by."""
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
    """Of each bound, one-sided, as in a gate's policy."""

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

    @property
    def asked(self) -> tuple[str, float]:
        """How it is called, and by how much: `margin` 0.02, or `by` 0."""
        return ("margin", -self.gain) if self.gain < 0 else ("by", self.gain)

    def words(self, report: ComparisonReport) -> str:
        """Return it as a sentence without its end."""
        if self.gain < 0:
            asked = f"not worse than {report.baseline} by {-self.gain:g}"
        else:
            asked = f"better than {report.baseline}" + (f" by {self.gain:g}" if self.gain else "")
        return f"is {report.candidate} {asked}" + (" in the judge's own view" if self.of == "judge" else "")


def decided(report: ComparisonReport, demand: Demand) -> Decision:
    """Return whether a comparison shows what is demanded, by the bounds that a gate at the same level goes by.

    Raises:
        InputError: The comparison names no criterion, or the demand is off a criterion's scale.
        UnknownName: The criterion demanded was not compared.
    """
    known = tuple(report.headline)
    if not known:
        raise InputError("the comparison has no criterion to decide on", where=report.title)
    if demand.criterion is not None and demand.criterion not in known:
        raise UnknownName("criterion", demand.criterion, known, where=report.title)
    names = known if demand.criterion is None else (demand.criterion,)
    for name in names:
        refuse_off_scale(*demand.asked, name, report.reaches.get(name, (None, None)), where=report.title)
    parts = tuple(_part(report, name, demand) for name in names)
    levels = [part.estimate.level for part in parts if part.estimate is not None]
    return Decision(
        asks=demand.words(report),
        word=next(each for each in WORST_FIRST if any(part.word == each for part in parts)),
        parts=parts,
        level=(1 + min(levels, default=0.9)) / 2,
    )


def _part(report: ComparisonReport, criterion: str, demand: Demand) -> DecisionPart:
    found = next((each for each in report.bounds if (each.criterion, each.of) == (criterion, demand.of)), None)
    why = _hindrance(report, criterion) or ("" if found is not None else "the report holds no bounds; compare again")
    if why or found is None:
        return DecisionPart(criterion=criterion, word="undefined", why=why)
    if found.estimate is None:
        return DecisionPart(
            criterion=criterion, word="undefined" if found.is_missing else "inconclusive", why=found.why
        )
    is_lower = report.directions[criterion] == "lower"
    line = found.even + (-demand.gain if is_lower else demand.gain)
    return _held(found, line, is_lower=is_lower)


def _hindrance(report: ComparisonReport, criterion: str) -> str:
    """Return why the report can decide nothing of a criterion, whatever its numbers."""
    if len(report.versions) > 2:
        return f"{len(report.versions)} versions are compared; compare two"
    if criterion not in report.directions:
        return "the report does not say which end of the scale is better; compare again"
    return ""


def _held(found: Bounds, line: float, *, is_lower: bool) -> DecisionPart:
    """Return bounds held against a line; equal to the line is not beyond it."""
    estimate, criterion = found.estimate, found.criterion
    if estimate is None or estimate.low is None or estimate.high is None or found.undecidable:
        return DecisionPart(criterion=criterion, word="inconclusive", why=found.undecidable, estimate=estimate)
    above, below = estimate.low > line, estimate.high < line
    passes, fails = (below, above) if is_lower else (above, below)
    word: DecisionWord = "pass" if passes else "fail" if fails else "inconclusive"
    place = "above" if above else "below" if below else "across"
    told = (
        f"{estimate.value or 0.0:.3g} [{estimate.low:.3g}, {estimate.high:.3g}] lies {place} {line:g}, n={estimate.n}"
    )
    told += f"; {found.why}" if found.why else ""
    if passes and found.no_pass:
        word, told = "inconclusive", f"{told}; {found.no_pass}"
    return DecisionPart(criterion=criterion, word=word, why=told, estimate=estimate, line=line)
