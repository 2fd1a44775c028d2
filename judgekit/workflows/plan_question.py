"""What a plan is asked, at what prices, from which pilot; and the shape of its answers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from judgekit.analysis.pilot import Pilot
from judgekit.analysis.supposition import Guess, Supposition
from judgekit.errors import InputError
from judgekit.records.dataset import Dataset
from judgekit.records.planning import PlanLine
from judgekit.records.verdict import Failure, Verdict
from judgekit.stats.planning import POWER
from judgekit.workflows.score import Scoring

JUDGED_A_LABEL = 5
"""Inputs judged for each that labels alone would take, where nothing says how many there are."""
PAIRED = frozenset({"inputs that differ", "spread of differences"})
SAMPLED = PAIRED | {"rate", "mean", "levels", "inputs of a group", "ICC", "inputs", "judge"}
"""Suppositions about differences, and about anything but the time a label takes."""
ALONE, HELPED = "labels only", "with the judge's help"
"""Designs."""


@dataclass(frozen=True)
class Question:
    """What is asked; at least one of these.

    Attributes:
        half_width: Half of the interval wanted: on quality, or on `kappa` or `correlation` where these are given.
        drop: Smallest loss of quality that must be seen, as a share or in units of the scale.
        n_labels: Sessions that can be labelled: what do they show?
        gain: Of a gate: how much better the candidate is on the criteria that it must improve.
        fail_share: Share of the sessions that fail, for TPR and TNR.
        class_half_width: Half of the interval wanted on TPR and TNR.
        class_rate: TPR or TNR expected.
        kappa: Agreement expected.
        kappa_floor: What it is to be shown to lie above, or below.
        correlation: Correlation expected.
        at_most: Share of failures that trials without any are to show.
        overlap: Share of the sessions that a second rater would see; None: not asked.
        power: Chance of showing what is there.
        level: Of intervals and tests.
    """

    half_width: float | None = None
    drop: float | None = None
    n_labels: int | None = None
    gain: float | None = None
    fail_share: float | None = None
    class_half_width: float | None = None
    class_rate: float | None = None
    kappa: float | None = None
    kappa_floor: float | None = None
    correlation: float | None = None
    at_most: float | None = None
    overlap: float | None = None
    power: float = POWER
    level: float = 0.95

    def __post_init__(self) -> None:
        shares = ("fail_share", "class_half_width", "class_rate", "at_most", "power", "level")
        for name in shares:
            given = getattr(self, name)
            if given is not None and not 0 < given < 1:
                raise InputError(f"{name.replace('_', ' ')} {given:g} is not between 0 and 1", hint="Give a share")
        for name in ("half_width", "drop", "n_labels", "gain"):
            given = getattr(self, name)
            if given is not None and not (given >= 1e-4 and math.isfinite(given)):
                raise InputError(f"{name.replace('_', ' ')} {given:g} is too small", hint="Give a number above 0")
        if self.overlap is not None and not 0 < self.overlap <= 1:
            raise InputError(f"overlap {self.overlap:g} is not between 0 and 1", hint="Give 0.3 for three in ten")
        for name in ("kappa", "correlation"):
            if getattr(self, name) is not None and self.half_width is None and self.kappa_floor is None:
                raise InputError(f"a {name} needs a half width", hint=f"Add --half-width 0.1 to --{name}")
        if self.kappa_floor is not None and self.kappa is None:
            raise InputError("a floor needs the kappa expected", hint="Add --kappa 0.8 to --kappa-floor")

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked."""
        asked = (self.half_width, self.drop, self.n_labels, self.class_half_width, self.kappa, self.at_most)
        return all(each is None for each in (*asked, self.overlap))


@dataclass(frozen=True)
class Prices:
    """What labels and verdicts cost.

    Attributes:
        usd_per_hour: An expert's hour; None where nobody says.
        usd_per_call: A verdict of the judge.
    """

    usd_per_hour: float | None = None
    usd_per_call: float | None = None

    def __post_init__(self) -> None:
        for name in ("usd_per_hour", "usd_per_call"):
            given = getattr(self, name)
            if given is not None and not (given >= 0 and math.isfinite(given)):
                raise InputError(f"{name} {given:g} is below 0", hint="Give dollars")

    def line(self, line: PlanLine, seconds: float, *, n_given: float | None = None, n_calls: int = 0) -> PlanLine:
        """Return a line with its hours and dollars.

        Args:
            line: Without them.
            seconds: A label takes.
            n_given: Labels given; None: one a session.
            n_calls: Verdicts asked for.
        """
        n = n_given if n_given is not None else line.n_labels
        hours = None if n is None else n * seconds / 3600
        known = [(hours, self.usd_per_hour), *([(n_calls, self.usd_per_call)] if n_calls else [])]
        if any(much is None or price is None for much, price in known):
            return line.model_copy(update={"hours": hours})
        dollars = math.fsum(float(much or 0) * float(price or 0) for much, price in known)
        return line.model_copy(update={"hours": hours, "cost_usd": dollars})


@dataclass(frozen=True)
class Source:
    """A pilot: labelled sessions, and a judge's verdicts on some of them.

    Attributes:
        dataset: Sessions and labels.
        outcomes: Of one judge; none: no judge.
        scoring: Names the judge.
        criteria: To plan for; empty: all that carry labels and have an order.
        versions: Baseline and candidate, where they are known.
    """

    dataset: Dataset
    outcomes: Sequence[Verdict | Failure] = ()
    scoring: Scoring = field(default_factory=lambda: Scoring(judge=""))
    criteria: Sequence[str] = ()
    versions: Sequence[str] = ()


@dataclass(frozen=True)
class Case:
    """One criterion under one question."""

    found: Supposition
    question: Question
    prices: Prices
    rng: np.random.Generator
    guess: Guess
    pilot: Pilot | None


@dataclass(frozen=True)
class Answer:
    """Lines, and what they say in one sentence."""

    words: str
    lines: tuple[PlanLine, ...]
    told: Mapping[str, str] = field(default_factory=dict)
    """What was taken for granted beyond the criterion's suppositions."""
    unused: frozenset[str] = frozenset()
    """Suppositions that it does without."""


def plain_line(case: Case, question: str, design: str, n: int, **shown: float) -> PlanLine:
    """Return a line by formula; of agreement each session is labelled twice."""
    line = PlanLine(question=question, criterion=case.found.criterion, design=design, n_labels=n, method="formula")
    n_given = n * (2 if question == "agreement" else 1)
    return case.prices.line(line.model_copy(update=shown), case.found.seconds, n_given=n_given)
