"""One rule of a gate that looks as it goes: what its looks have shown so far, and its word, which is never unsaid.

A rule passes as soon as the confidence sequence at the policy's level lies wholly on the good side of its line. It
fails as soon as the one whose error rate is that of the policy over the number of all rules lies wholly on the bad
side (Bonferroni, the first step of Holm: the gate ends with the first rule that fails). Both hold at every look.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from judgekit.analysis.gate_rule import Case, Line
from judgekit.analysis.look_input import ExpertsSay, InputOrder, JudgeSays, Measure, judge_says
from judgekit.analysis.verdict_table import VerdictTable
from judgekit.records.gate import RuleWord
from judgekit.stats.betting import BettingBound
from judgekit.stats.betting_term import Terms, labelled_terms, tuned_power, unit_terms, value_terms
from judgekit.stats.e_process import e_value
from judgekit.stats.estimate import Estimate
from judgekit.stats.sample import FloatArray

Voice = Literal["labels_only", "ppi", "judge_raw"]
"""Who speaks: experts alone, experts with a judge's help, or the judge alone; the names of estimators."""
METHOD = "betting"
BOLDNESS = 1.5
"""Times the plug-in bet. In simulations of paired wins and losses decisions came 3% to 25% sooner than with 1."""
NO_LABEL = "a look without a randomly drawn label says nothing of the experts"


@dataclass
class Evidence:
    """What is known of one rule so far.

    Attributes:
        case: The rule, whole or on a slice.
        line: What it is held against.
        measure: What is measured of an input.
        voice: Who speaks.
        experts: What experts say of all inputs; nobody's where the judge speaks alone.
        kept: Inputs that count.
        stop: Why nothing is ever decided, with the word for it; None where it may be.
        word: Of the last look.
        why: In words.
    """

    case: Case
    line: Line
    measure: Measure
    voice: Voice
    experts: ExpertsSay
    kept: Collection[str]
    level: float
    n_rules: int
    largest_unit: int
    max_failure_rate: float
    stop: tuple[RuleWord, str] | None = None
    word: RuleWord = "inconclusive"
    why: str = ""
    fails_at: float | None = None
    n_looks: int = 0
    n_inputs: int = 0
    n_used: int = 0
    n_units: int = 0
    n_labels: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    _n_asked: np.ndarray = field(default_factory=lambda: np.zeros(2))
    _n_failed: np.ndarray = field(default_factory=lambda: np.zeros(2))
    _judge: list[FloatArray] = field(default_factory=list)
    _human: list[FloatArray] = field(default_factory=list)
    _weights: list[FloatArray] = field(default_factory=list)
    _sums: np.ndarray = field(default_factory=lambda: np.zeros(2))
    _moves: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Open both bounds; nothing is seen yet."""
        ends = self.measure.ends or (0.0, 1.0)
        self._low, self._high = (
            BettingBound(side, ends, level=self.level, lines=(self.line.at,), boldness=BOLDNESS)
            for side in ("low", "high")
        )
        if self.stop is not None:
            self.word, self.why = self.stop

    @property
    def is_decided(self) -> bool:
        """Whether it has passed or failed, for good."""
        return self.word in ("pass", "fail")

    @property
    def needs_judge(self) -> bool:
        """Whether a judge has a part in it."""
        return self.voice != "labels_only"

    @property
    def is_open(self) -> bool:
        """Whether further looks may decide it."""
        return not self.is_decided and self.stop is None

    def has_label(self, inputs: Sequence[str]) -> bool:
        """Return whether experts were drawn to some of these inputs; always so where they are not asked."""
        return (self.voice == "judge_raw" and bool(inputs)) or any(name in self.experts.values for name in inputs)

    def look(self, order: InputOrder, inputs: Sequence[str], units: Sequence[str], table: VerdictTable | None) -> None:
        """Take the inputs of one look, and decide if they do; once decided, or barred, nothing more is taken.

        Args:
            order: Knows the sessions of inputs.
            inputs: New ones, all of this look.
            units: Unit of each.
            table: The judge's numbers on their sessions; None where no judge has a part.
        """
        if not self.is_open:
            return
        self.n_looks, self.n_inputs = self.n_looks + 1, self.n_inputs + len(inputs)
        own = [place for place, name in enumerate(inputs) if name in self.kept]
        names = [inputs[place] for place in own]
        said = judge_says(self.measure, [order.members[name] for name in names], table) if table is not None else None
        if said is not None:
            self._n_asked += said.n_asked
            self._n_failed += said.n_failed
            self.causes.update(said.causes)
        if not self.has_label(inputs):
            self.word, self.why = "inconclusive", NO_LABEL
            self._decline()
            return
        codes = np.unique([units[place] for place in own], return_inverse=True)[1] if own else np.zeros(0, dtype=int)
        for bound, terms in zip((self._low, self._high), self._terms(names, said), strict=True):
            bound.add(unit_terms(terms, codes.astype(np.int64), self.largest_unit))
        self.n_units += len(set(codes.tolist()))
        self._decide()

    def ends(self, level: float | None = None) -> tuple[float, float]:
        """Return both ends as they stand, each one-sided at a level; None: at the policy's."""
        return self._low.end(level), self._high.end(level)

    @property
    def estimate(self) -> Estimate | None:
        """What is measured, over all inputs seen; None where nothing is."""
        if not self.n_used or self._sums[1] <= 0:
            return None
        low, high = self.ends()
        ends = self.measure.ends or (0.0, 1.0)
        value = round(float(np.clip(self._sums[0] / self._sums[1], *ends)), 12)
        dropped = dict(sorted(self.causes.items()))
        return Estimate(value, low, high, 1 - 2 * (1 - self.level), self.n_used, self.n_units, METHOD, dropped=dropped)

    @property
    def shown(self) -> tuple[float | None, float | None]:
        """Both ends for a look's record; none where nothing was seen."""
        return self.ends() if self.stop is None and self.n_used else (None, None)

    @property
    def n_asked(self) -> int:
        """Sessions that a judge was asked about."""
        return int(self._n_asked.sum())

    @property
    def n_failures(self) -> int:
        """Sessions on which the judge gave no answer."""
        return sum(self.causes.values())

    @property
    def failures_as(self) -> str:
        """What is made of them, in words."""
        if self.voice == "judge_raw":
            return "taken for the worst that they can be, against passing and against failing"
        return "on which labels speak alone"

    @property
    def failed_share(self) -> float:
        """The larger share, of the two sides, of sessions on which the judge failed."""
        return float((self._n_failed / np.maximum(self._n_asked, 1)).max())

    def is_lost(self, n_sessions: tuple[int, int]) -> bool:
        """Return whether so many failed already that the rest cannot make up for it.

        Args:
            n_sessions: Sessions of each side, of all that may still be judged and were.
        """
        allowed = self.max_failure_rate * np.array(n_sessions)
        return self.needs_judge and bool((self._n_failed > allowed).any())

    @property
    def wins(self) -> tuple[int, int]:
        """Inputs on which the candidate did better, and worse; those that failed, or are alike, are neither."""
        better, worse = self._moves[1], self._moves[-1]
        return (better, worse) if self.line.good == "higher" else (worse, better)

    def win_words(self) -> str:
        """Say what wins and losses come to; nothing where what is measured is no difference on two levels."""
        if not self.measure.is_difference or self.measure.criterion.scale.type != "binary":
            return ""
        won, lost = self.wins
        if not won + lost:
            return ""
        return f"{won} won, {lost} lost: e-value {_short(e_value(won, lost))} against both being as likely"

    def _terms(self, names: Sequence[str], said: JudgeSays | None) -> tuple[Terms, Terms]:
        """Return what these inputs bring to the low and to the high end."""
        low, high = self.measure.ends or (0.0, 1.0)
        if self.voice == "judge_raw" and said is not None:
            weights = (~np.isnan(said.least)).astype(np.float64)
            self._note(said.sure, weights * ~np.isnan(said.sure))
            self.n_used += int(weights.sum())
            spans = [np.where(weights > 0, each, low) for each in (said.least, said.most)]
            least, greatest = (value_terms(each, low=low, high=high, weights=weights) for each in spans)
            return least, greatest
        human = np.array([self.experts.values.get(name, np.nan) for name in names], dtype=np.float64)
        weights = np.array([self.experts.weights.get(name, 0.0) for name in names], dtype=np.float64)
        is_drawn = np.array([name in self.experts.values for name in names], dtype=bool)
        self.n_labels += int(is_drawn.sum())
        if self.voice == "labels_only":
            told = np.where(np.isnan(human), 0.0, weights)
            self._note(human, told)
            self.n_used += int((told > 0).sum())
            most = 1 / self.experts.least_chance
            terms = value_terms(np.where(told > 0, human, low), low=low, high=high, weights=told / most)
            return terms, terms
        judge = said.sure if said is not None else np.full(len(names), np.nan)
        at, seen = ((each - low) / (high - low) for each in (judge, human))
        terms = labelled_terms(at, seen, weights, power=self._power(), least_chance=self.experts.least_chance)
        self._judge.append(at)
        self._human.append(seen)
        self._weights.append(weights)
        total = terms.up + terms.down
        self._sums += (float((terms.up * (high - low) + total * low).sum()), float(total.sum()))
        self._count(human)
        self.n_used += int((~np.isnan(judge) | is_drawn).sum())
        return terms, terms

    def _power(self) -> float:
        """Return how much the judge counts in the coming look: by what earlier ones showed, and by no later one."""
        if not self._judge:
            return 0.0
        judge, human, weights = (np.concatenate(each) for each in (self._judge, self._human, self._weights))
        return tuned_power(judge, human, weights)

    def _note(self, values: FloatArray, weights: FloatArray) -> None:
        kept = weights > 0
        self._sums += (float(weights[kept] @ values[kept]), float(weights[kept].sum()))
        self._count(values[kept])

    def _count(self, values: FloatArray) -> None:
        if self.measure.is_difference:
            self._moves.update(np.sign(values[~np.isnan(values)]).astype(int).tolist())

    def _decide(self) -> None:
        if self._decline():
            return
        low, high = self.ends()
        strict = 1 - (1 - self.level) / self.n_rules
        strict_low, strict_high = self.ends(strict)
        is_upward = self.line.good == "higher"
        if (strict_high < self.line.at) if is_upward else (strict_low > self.line.at):
            self.word, self.fails_at = "fail", strict
        elif (low > self.line.at) if is_upward else (high < self.line.at):
            self.word = "pass"
        else:
            self.word = "inconclusive"
        self.why = ""

    def _decline(self) -> bool:
        """Decide nothing where too many verdicts are failures; return whether that is so."""
        if not self.needs_judge or self.failed_share <= self.max_failure_rate:
            return False
        self.word, self.why = "incomplete", self._failure_words()
        return True

    def _failure_words(self) -> str:
        side = int(np.argmax(self._n_failed / np.maximum(self._n_asked, 1)))
        name = ("the baseline", "the candidate")[side]
        return (
            f"the judge gave no answer on {self._n_failed[side]:.0f} of {self._n_asked[side]:.0f} sessions of {name} "
            f"so far ({self.failed_share:.0%}; at most {self.max_failure_rate:.0%} may be)"
        )

    @property
    def is_bad(self) -> bool:
        """Whether it lies on the bad side at the policy's own level."""
        low, high = self.ends()
        return high < self.line.at if self.line.good == "higher" else low > self.line.at


def _short(number: float) -> str:
    return f"{number:.3g}" if number < 1e6 else "above 1e6"


def largest_unit(order: InputOrder, kept: Collection[str]) -> int:
    """Return how many inputs the largest unit has, of those that count; at least 1."""
    sizes: Mapping[str, int] = Counter(
        unit for name, unit in zip(order.inputs, order.units, strict=True) if name in kept
    )
    return max(sizes.values(), default=1)
