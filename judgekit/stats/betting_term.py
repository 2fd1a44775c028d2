"""What a unit brings to a bet on a mean: plain values, sums over a group, or randomly drawn labels beside a judge."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from judgekit.errors import InputError
from judgekit.stats.sample import BoolArray, FloatArray, IntArray

MIN_TUNED = 20
"""Labelled inputs from which a judge's power is tuned; until then labels stand alone."""
_SLACK = 1e-9


@dataclass(frozen=True, eq=False)
class Terms:
    """Units in the order in which they came; a unit speaks against a mean m by up (1 - m) - down m.

    Attributes:
        up: Weight times value, the value from 0 to 1, shape (n_units,).
        down: Weight times one minus value, shape (n_units,).
        most: The most that either can be, known before any of these units.
        back: The most that either can be below 0, likewise.
    """

    up: FloatArray
    down: FloatArray
    most: float = 1.0
    back: float = 0.0

    def part(self, rows: slice | BoolArray) -> Terms:
        """Return some of the units."""
        return replace(self, up=self.up[rows], down=self.down[rows])

    def mirrored(self) -> Terms:
        """Return the same units, their values counted from the other end."""
        return replace(self, up=self.down, down=self.up)

    def check(self) -> None:
        """Check that every unit keeps to the declared ends.

        Raises:
            InputError: One does not: bounds made of it would not hold.
        """
        for found in (self.up, self.down):
            is_in = (found >= -self.back - _SLACK) & (found <= self.most + _SLACK)
            if not is_in.all():
                worst = float(found[~is_in][0])
                hint = "Give the ends that hold for every value"
                raise InputError(f"a term of {worst:g} is outside {0 - self.back:g} to {self.most:g}", hint=hint)


def value_terms(values: FloatArray, *, low: float, high: float, weights: FloatArray | None = None) -> Terms:
    """Return plain values as terms.

    With weights w from 0 to 1 the mean that is bounded is theta = E(w x) / E(w): the term at theta is w (x - theta),
    which is 0 in expectation, whether or not w goes with x.

    Args:
        values: Shape (n_units,).
        low: The least a value can be.
        high: The most.
        weights: From 0 to 1, shape (n_units,); None: all 1.

    Raises:
        InputError: A value or weight lies outside its ends, or is missing.

    Source: Waudby-Smith & Ramdas 2024, section 4 (x - m, the term of a plain value).

    Example:
        By hand: 3 lies half-way from 1 to 5.

        >>> value_terms(np.array([1.0, 3.0, 5.0]), low=1, high=5).up.tolist()
        [0.0, 0.5, 1.0]
    """
    weigh = np.ones(len(values)) if weights is None else weights
    on_scale = (np.asarray(values, dtype=np.float64) - low) / (high - low)
    if not ((on_scale >= -_SLACK) & (on_scale <= 1 + _SLACK)).all():
        raise InputError(f"values must lie from {low:g} to {high:g}", hint="Give the ends that hold for every value")
    if not ((weigh >= 0) & (weigh <= 1)).all():
        raise InputError("weights must lie from 0 to 1", hint="Divide them by the largest there can be")
    kept = np.clip(on_scale, 0.0, 1.0)
    return Terms(weigh * kept, weigh * (1 - kept))


def labelled_terms(
    judge: FloatArray, human: FloatArray, weights: FloatArray, *, power: float, least_chance: float
) -> Terms:
    """Return inputs, some of them labelled at random, as terms whose mean is the experts', whatever the judge does.

    Let an input be labelled (xi = 1) with chance pi that does not hang on anything its labels or verdicts say, let Y be
    the experts' value and f the judge's, both from 0 to 1, and lam the judge's power, fixed beforehand. The term at m,

        lam (f - m) + xi/pi ((Y - m) - lam (f - m)),

    has expectation E(Y) - m, since that of xi/pi is 1 whatever Y and f are: a judge who errs, on one version more than
    on the other too, moves the spread and never the mean. Where the judge gave nothing, lam is 0 for that input. With
    lam = 1 it is f + xi/pi (Y - f) - m; with lam = 0, xi/pi (Y - m). An expert's answer without a value (not
    applicable) takes Y - m out for that input, and theta is the mean over inputs that have one.

    The least it can be is -(m/pi + lam (1/pi - 1)(1 - m)), at Y = 0 and f = 1 where xi = 1; from above likewise.

    Args:
        judge: f; NaN where there is none, shape (n_inputs,).
        human: Y; NaN where there is none, shape (n_inputs,).
        weights: xi/pi, 0 where no label was drawn, shape (n_inputs,).
        power: lam, from 0 to 1.
        least_chance: The least that any pi can be.

    Raises:
        InputError: A weight is larger than one over the least chance, or a value is off the scale.

    Source: Angelopoulos, Duchi & Zrnic 2023, arXiv 2311.01453 (power); Zrnic & Candes 2024, arXiv 2403.03208 (chances).

    Example:
        By hand, labelled with a chance of a half: .8 + 2 (1 - .8).

        >>> found = labelled_terms(np.array([0.8]), np.ones(1), np.array([2.0]), power=1, least_chance=0.5)
        >>> round(float(found.up[0]), 3), round(float(found.up[0] + found.down[0]), 3)
        (1.2, 1.0)
    """
    most = 1 / least_chance
    known = np.concatenate([judge[~np.isnan(judge)], human[~np.isnan(human)]])
    if not ((known >= -_SLACK) & (known <= 1 + _SLACK)).all() or not (weights <= most + _SLACK).all():
        raise InputError("a value is off its scale, or a chance is below the least that was declared")
    helped = np.where(np.isnan(judge), 0.0, power * (1 - weights))
    told = np.where(np.isnan(human), 0.0, weights)
    said, seen = np.nan_to_num(judge), np.nan_to_num(human)
    up = helped * said + told * seen
    down = helped * (1 - said) + told * (1 - seen)
    return Terms(up, down, most=most, back=power * (most - 1))


def unit_terms(terms: Terms, units: IntArray, largest: int) -> Terms:
    """Return inputs summed over the units they come in, each over the largest number of inputs that a unit has.

    A unit's sum over `largest` keeps to the ends of one input. Units, not inputs, are drawn one after the other, and
    theta, the mean over inputs, is the ratio of means over units: larger units count for more, by as much.

    Args:
        terms: Inputs, those of a unit one after the other.
        units: Unit of each, in the order in which they came, shape (n_inputs,).
        largest: Inputs of the largest unit of all that may come.
    """
    starts = np.flatnonzero(np.concatenate([[True], units[1:] != units[:-1]])) if len(units) else np.zeros(0, dtype=int)
    if not len(units):
        return terms
    up, down = (np.add.reduceat(each, starts) / largest for each in (terms.up, terms.down))
    return replace(terms, up=up, down=down)


def tuned_power(judge: FloatArray, human: FloatArray, weights: FloatArray) -> float:
    """Return the power that makes the terms of inputs seen so far spread least; 0 where too few tell.

    It minimises the sum of w (w - 1) ((Y - c) - lam (f - c'))^2 over labelled inputs, c and c' their means.

    Args:
        judge: As for `labelled_terms`.
        human: Likewise.
        weights: Likewise.

    Source: Angelopoulos, Duchi & Zrnic 2023, arXiv 2311.01453 (tuning to the least variance), with weights.
    """
    both = ~np.isnan(judge) & ~np.isnan(human) & (weights > 0)
    if both.sum() < MIN_TUNED:
        return 0.0
    weigh = weights[both] * (weights[both] - 1)
    if not weigh.sum() > 0:
        return 0.0
    said, seen = judge[both] - np.average(judge[both], weights=weigh), human[both]
    spread = float(weigh @ said**2)
    if spread <= 0:
        return 0.0
    return float(np.clip(weigh @ (said * seen) / spread, 0.0, 1.0))
