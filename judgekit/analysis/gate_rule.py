"""The rules of a policy as cases to decide, what bounds say of a line, Holm over the rules, and the word over all.

What a rule is measured on is in `gate_reading`; what is said of it in `gate_wording`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from judgekit.errors import InputError
from judgekit.records.gate import RuleWord
from judgekit.records.policy import Ceiling, Floor, NotWorse, Policy, Rule
from judgekit.stats.estimate import Estimate

WORST_FIRST: tuple[RuleWord, ...] = ("missing", "untrusted", "incomplete", "fail", "inconclusive", "pass")
"""Words of rules, the one that decides for all first."""
Direction = Literal["higher", "lower"]
Place = Literal["good", "bad", "across"]
"""Where an interval lies: wholly on the good side of a line, wholly on the bad one, or on both."""


@dataclass(frozen=True)
class Case:
    """One rule, on all inputs or on one slice: what gets a word of its own.

    Attributes:
        place: Of the rule in its policy, from 1.
        rule: As declared.
        slice: `field=value`; None: all inputs.
        absent: Why the slice cannot be had, in words.
    """

    place: int
    rule: Rule
    slice: str | None = None
    absent: str | None = None

    @property
    def name(self) -> str:
        """The rule's place and kind in the policy, such as `2 not_worse policy`."""
        return f"{self.place} {self.rule.kind} {self.about}"

    @property
    def about(self) -> str:
        """The criterion, or the quantity of a ceiling."""
        return self.rule.quantity if isinstance(self.rule, Ceiling) else self.rule.criterion


SliceNames = Callable[[str], Sequence[str]]
"""A field, or `field=value`, to the slices `field=value` that it stands for.

Raises:
    InputError: There is no such field, or no such value occurs.
"""


@dataclass(frozen=True)
class Line:
    """What bounds are held against.

    Attributes:
        at: The number.
        good: On which side of it an estimate passes.
        is_inclusive: Whether a bound that lies on the line passes: at least, at most.
        even: What is neither better nor worse: 0 of differences, a half of win rates.
    """

    at: float
    good: Direction
    is_inclusive: bool = False
    even: float = 0.0

    def place(self, estimate: Estimate | None) -> Place | None:
        """Return where an estimate's interval lies; None where there is none.

        Example:
            >>> Line(-0.05, "higher").place(Estimate(0.0, -0.04, 0.04, 0.9, 100, 100, "tango"))
            'good'
        """
        if estimate is None or estimate.low is None or estimate.high is None:
            return None
        near, far = (
            (estimate.low - self.at, estimate.high - self.at)
            if self.good == "higher"
            else (self.at - estimate.high, self.at - estimate.low)
        )
        if near > 0 or (self.is_inclusive and near == 0):
            return "good"
        return "bad" if far < 0 else "across"


def line_of(rule: Rule, direction: Direction | None, *, even: float = 0.0) -> Line:
    """Return the line of a rule, in the units of what it measures.

    Args:
        rule: As declared.
        direction: Of its criterion; None counts as higher.
        even: What is neither better nor worse.

    Example:
        On a scale where less is better a candidate may be higher by the margin.

        >>> line_of(NotWorse(criterion="harm", margin=0.1), "lower")
        Line(at=0.1, good='lower', is_inclusive=False, even=0.0)
    """
    good: Direction = direction or "higher"
    if isinstance(rule, Ceiling):
        return Line(rule.at_most, "lower", is_inclusive=True)
    if isinstance(rule, Floor):
        return Line(rule.at_least, good, is_inclusive=True)
    gain = -rule.margin if isinstance(rule, NotWorse) else rule.by
    return Line(even + (gain if good == "higher" else -gain) + 0.0, good, even=even)


def two_sided(level: float, share: int = 1) -> float:
    """Return the level of an interval whose ends are each a one-sided bound that errs with (1 - level) / share.

    Example:
        >>> round(two_sided(0.95), 3), round(two_sided(0.95, 5), 3)
        (0.9, 0.98)
    """
    return 1 - 2 * (1 - level) / share


def depth(place_at: Callable[[float], Place | None], level: float, n_rules: int) -> int:
    """Return the largest part of the error rate, one over s, at which a rule still lies on the bad side; 0: at none.

    Args:
        place_at: Level of an interval to where it lies.
        level: The policy's.
        n_rules: The largest s asked for.
    """
    for share in range(1, n_rules + 1):
        if place_at(two_sided(level, share)) != "bad":
            return share - 1
    return n_rules


def holm_failures(depths: Sequence[int]) -> list[int | None]:
    """Return for each rule by how much the error rate is divided where Holm lets it fail; None where it does not.

    Args:
        depths: Of all rules, as `depth` gives them; 0 for rules that do not fail at all.

    Source: Holm 1979, by bounds at level / s in place of p-values.

    Example:
        Of three rules the first must fail at a third of the error rate, the next at half of it.

        >>> holm_failures([3, 0, 1]), holm_failures([2, 3, 0])
        ([3, None, None], [2, 3, None])
    """
    found: list[int | None] = [None] * len(depths)
    order = sorted(range(len(depths)), key=lambda place: -depths[place])
    for rank, place in enumerate(order):
        needed = len(depths) - rank
        if depths[place] < needed:
            break
        found[place] = needed
    return found


def over_all(words: Sequence[RuleWord], policy: Policy, *, is_any_bad: bool = False) -> RuleWord:
    """Return the word over all rules: the worst one's; what is inconclusive may become what the policy says.

    Args:
        words: Of every rule.
        policy: Says what becomes of inconclusive ones.
        is_any_bad: Whether a rule lies on the bad side at its own level, though Holm does not let it fail: that is
            never turned into a pass.
    """
    word = next(each for each in WORST_FIRST if each in words)
    if word != "inconclusive" or policy.inconclusive == "inconclusive":
        return word
    return word if policy.inconclusive == "pass" and is_any_bad else policy.inconclusive


def cases_of(policy: Policy, slices_named: SliceNames) -> list[Case]:
    """Return every rule of a policy on all inputs, and on each slice that it names.

    Args:
        policy: As declared.
        slices_named: What a slice of a rule stands for.
    """
    found = []
    for place, rule in enumerate(policy.rules, 1):
        found.append(Case(place, rule))
        names: dict[str, str | None] = {}
        for asked in rule.slices:
            try:
                names |= dict.fromkeys(slices_named(asked))
            except InputError as absent:
                names[asked] = absent.what
        found += [Case(place, rule, name, absent) for name, absent in names.items()]
    return found
