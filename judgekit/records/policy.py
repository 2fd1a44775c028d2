"""Policy: what a change must show before it may ship, declared in `experiment.toml` before anyone looks.

Rules only say what is wanted; what the data say of each is `records.gate`, how it is measured `workflows.gate`.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from judgekit.errors import InputError
from judgekit.records.record import Id, Record

Witness = Literal["experts", "judge"]
"""Whose view a rule speaks of: the experts' (labels, alone or with a judge's help), or only the judge's own."""
Quantity = Literal["cost_usd", "latency_s"]
"""What a session of the assistant took, as the sessions themselves say."""


class _CriterionRule(Record):
    """What rules on a criterion share."""

    criterion: Id
    """Which question of the rubric."""
    of: Witness = "experts"
    """Whose view decides; `judge` says nothing of the experts, and the gate's words say so."""
    slices: tuple[str, ...] = ()
    """`field` or `field=value`: parts of the inputs on which the rule must hold too, each a rule of its own."""


class Floor(_CriterionRule):
    """The candidate is at least this good, whatever the baseline."""

    kind: Literal["floor"] = "floor"
    at_least: float
    """Share of the positive level (two levels), or mean on the scale; for `direction = "lower"`, the most it may be."""


class NotWorse(_CriterionRule):
    """The candidate is not worse than the baseline by more than a margin (non-inferiority)."""

    kind: Literal["not_worse"] = "not_worse"
    margin: float = Field(gt=0)
    """How much worse still passes, in units of the scale or as a share."""


class Better(_CriterionRule):
    """The candidate is better than the baseline (superiority)."""

    kind: Literal["better"] = "better"
    by: float = Field(default=0.0, ge=0)
    """Better by more than this, in units of the scale or as a share."""


class Ceiling(Record):
    """The candidate's sessions take no more than this."""

    kind: Literal["ceiling"] = "ceiling"
    quantity: Quantity
    at_most: float = Field(gt=0)
    """Dollars or seconds a session."""
    statistic: Literal["mean", "p50", "p95"] = "mean"
    slices: tuple[str, ...] = ()


Rule = Annotated[Floor | NotWorse | Better | Ceiling, Field(discriminator="kind")]
"""One rule of a policy; `kind` says which."""


class Sequential(Record):
    """How a gate looks again and again while it judges, and stops at a decision (valid at every look)."""

    inputs_per_look: int = Field(default=20, ge=1)
    """Inputs judged, in both versions, between two looks; taken in an order drawn by `seed`."""
    max_inputs: int | None = Field(default=None, ge=1)
    """Where looking ends without a decision; None: all inputs."""
    seed: int = 7
    """Of the order of inputs."""


class Policy(Record):
    """`[gate]` of an experiment: every rule must hold, each at its level."""

    level: float = Field(default=0.95, gt=0.5, lt=1)
    """One minus the chance that a rule passes a candidate just at its line (one-sided)."""
    inconclusive: Literal["inconclusive", "pass", "fail"] = "inconclusive"
    """What becomes of the gate where no rule fails and some rule cannot be decided."""
    max_failure_rate: float = Field(default=0.05, ge=0, le=1)
    """Share of the judge's outcomes on either side that may be failures before nothing is decided.

    Up to it the bounds decide, even where so many failures, all against the candidate, would turn the answer: then the
    report says so. 0 lets no failure pass.
    """
    certificate: Literal["required", "not_needed"] = "required"
    """Whether the judge needs a valid certificate for each criterion it has a part in."""
    sequential: Sequential | None = None
    """Look while judging, and stop early; None: once, over everything."""
    rules: tuple[Rule, ...] = Field(min_length=1)
    """What must hold."""

    @model_validator(mode="after")
    def _says_nothing_twice(self) -> Policy:
        seen: set[str] = set()
        for rule in self.rules:
            told = rule.fingerprint()
            if told in seen:
                raise ValueError(f"a {rule.kind} rule stands twice")
            seen.add(told)
        return self


ScaleEnds = tuple[float | None, float | None]
"""The least and the most that a criterion's number can be; None where none is declared."""
FROM_EVEN: ScaleEnds = (0.0, 0.5)
"""How far a win rate can be from a half, which is neither better nor worse."""


def refuse_off_scale(key: str, value: float, criterion: str, ends: ScaleEnds, *, where: str, rule: str = "") -> None:
    """Refuse what no candidate could fail, or none pass: a margin of 5 on shares, which was meant as 5%.

    Args:
        key: `margin`, `by` or `at_least`.
        value: As given.
        criterion: Its name.
        ends: Of its scale; `FROM_EVEN` of a preference.
        where: The experiment, or the report.
        rule: What to begin with, such as `rule 2: `.

    Raises:
        InputError: It is such.
    """
    low, high = (-math.inf if ends[0] is None else ends[0], math.inf if ends[1] is None else ends[1])
    is_fit = low <= value <= high if key == "at_least" else value < high - low
    if not is_fit:
        told = f"{rule}{key} {value:g} is off the scale of {criterion}, {low:g} to {high:g}"
        raise InputError(told, where=where, hint=f"Give {key} in units of the scale; shares from 0 to 1")
