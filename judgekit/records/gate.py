"""What a gate says: each rule with its evidence and its word, the word over all, and the exit code it means."""

from __future__ import annotations

from typing import Literal

from judgekit.records.comparison_report import LabelFree
from judgekit.records.policy import Witness
from judgekit.records.record import Record
from judgekit.records.report import Counts, Disagreement, Report
from judgekit.stats.estimate import Estimate

RuleWord = Literal["pass", "fail", "inconclusive", "incomplete", "untrusted", "missing"]
"""`missing`: what the rule asks for is not there (metric, baseline, verdicts); fails closed like `untrusted`."""
GateWord = Literal["pass", "fail", "inconclusive", "incomplete", "untrusted", "missing", "budget"]

EXIT_CODES: dict[GateWord, int] = {
    "pass": 0,
    "fail": 1,
    "missing": 2,
    "incomplete": 3,
    "inconclusive": 4,
    "untrusted": 5,
    "budget": 6,
}
"""What the command line ends with."""


class RuleOutcome(Record):
    """What became of one rule, on all inputs or on one slice."""

    rule: str
    """Its place and kind in the policy, such as `2 not_worse policy`."""
    asks: str
    """The rule in one sentence."""
    kind: Literal["floor", "not_worse", "better", "ceiling"]
    criterion: str | None = None
    slice: str | None = None
    of: Witness | None = None
    """Whose view it speaks of; None for cost and latency."""
    judge: str | None = None
    engine: str | None = None
    estimator: str | None = None
    """How the estimate was made, as in comparison and quality reports."""
    metric: str | None = None
    """What it is one of: `mean_difference`, `win_rate`, `share`, `mean`, or a ceiling's statistic."""
    estimate: Estimate | None = None
    """Its ends are one-sided bounds at the policy's level; None where nothing could be measured."""
    line: float
    """What the bounds are held against."""
    word: RuleWord
    why: str
    fails_at: float | None = None
    """Level at which it fails after Holm over the rules, where it does."""


class Look(Record):
    """One look of a gate that judges as it goes."""

    n_inputs: int
    n_labels: int
    """Inputs with labels of both versions among them."""
    words: dict[str, RuleWord] = {}
    """rule -> its word then."""
    evidence: dict[str, tuple[float | None, float | None]] = {}
    """rule -> ends of the confidence sequence then."""


class GateReport(Report):
    """`gate`: may the candidate ship?"""

    kind: Literal["gate"] = "gate"
    experiment: str
    question: str = ""
    baseline: str
    candidate: str
    policy_hash: str
    """Fingerprint of the rules as declared."""
    plan_hash: str | None = None
    word: GateWord
    """Over all rules."""
    rules: tuple[RuleOutcome, ...] = ()
    looks: tuple[Look, ...] = ()
    """One a look, where it judged as it went."""
    n_inputs: int = 0
    """Inputs that stand on both sides."""
    n_inputs_all: int = 0
    """Of so many, where it stopped early."""
    certificates: dict[str, str] = {}
    """`judge, criterion` -> what its certificate says, in words."""
    counts: tuple[Counts, ...] = ()
    label_free: tuple[LabelFree, ...] = ()
    queue: str | None = None
    """File of the sessions whose labels would decide it, where one was written."""
    n_queued: int = 0
    moved: tuple[Disagreement, ...] = ()
    """Inputs that got worse most, worst first."""
    cost_usd: float | None = None
    """What the judges' calls cost, where known."""

    @property
    def exit_code(self) -> int:
        """What the command line ends with."""
        return EXIT_CODES[self.word]
