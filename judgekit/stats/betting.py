"""Bounds on a mean that hold at every look at once: a capital that bets against each mean of a grid.

Values lie within known ends, such as differences of two scores. Whoever bets a part of what he has on "the mean is
above m", at odds that would be fair if it were m, grows rich only if it is; once he has 20 times what he began with,
means up to m are given up at level .95, for good, whatever made us look. What the values are made of is in
`betting_term`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from judgekit.errors import InputError
from judgekit.stats.betting_term import Terms, value_terms
from judgekit.stats.sample import FloatArray

Side = Literal["low", "high"]
N_MEANS = 1000
"""Steps of the grid; an end is rounded away from the mean, by one step at most."""
MOST_AT_STAKE = 0.5
"""Part of the capital that one unit can lose at most (Waudby-Smith & Ramdas's truncation)."""
_BEYOND = 1e-9
"""A line counts as given up when the mean just beyond it is, so that an end then lies beyond the line, never on it."""
_ROWS_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class ConfidenceSequence:
    """Ends of a running intersection: at the stated level all of them hold together.

    Attributes:
        lows: After each unit, shape (n_units,).
        highs: Likewise.
    """

    lows: FloatArray
    highs: FloatArray


def betting_sequence(
    values: FloatArray,
    level: float = 0.95,
    *,
    low: float = 0.0,
    high: float = 1.0,
    weights: FloatArray | None = None,
) -> ConfidenceSequence:
    """Return the two-sided confidence sequence of a mean by hedged capital; each side spends half of the error rate.

    Args:
        values: In the order in which they came, shape (n_units,).
        level: That no mean within the ends is ever wrongly given up.
        low: The least a value can be.
        high: The most.
        weights: How much each counts, from 0 to 1; None: alike. The mean is then that of weight x value over that of
            weights (`betting_term`).

    Raises:
        InputError: A value or weight lies outside its ends, or the level is none.

    Source: Waudby-Smith & Ramdas 2024, "Estimating means of bounded random variables by betting", JRSS-B 86,
        section 4 (hedged capital); bets as in equation 26.

    Example:
        The series of confseq's documentation, with its numbers after 20, 50 and 100 values.

        >>> series = np.tile([1.0, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 0, 1, 1], 5)
        >>> found = betting_sequence(series)
        >>> [(round(float(found.lows[n - 1]), 3), round(float(found.highs[n - 1]), 3)) for n in (20, 50, 100)]
        [(0.497, 0.984), (0.614, 0.935), (0.668, 0.908)]
    """
    terms = value_terms(values, low=low, high=high, weights=weights)
    ends: dict[Side, FloatArray] = {}
    for side in ("low", "high"):
        bound = BettingBound(side, (low, high), level=(1 + level) / 2)
        found = []
        for place in range(len(terms.up)):
            bound.add(terms.part(slice(place, place + 1)))
            found.append(bound.end())
        ends[side] = np.array(found, dtype=np.float64)
    return ConfidenceSequence(ends["low"], ends["high"])


class BettingBound:
    """One end of a confidence sequence, one-sided: all of its error rate is spent on this side.

    Why it holds, whatever the batches. Let unit t bring a term d_t(m) = up_t (1 - m) - down_t m for every mean m on
    [0, 1], let theta be the mean sought, and let the past be all units before it. Suppose that, given the past,

    1. E d_t(theta) <= 0 and E (up_t + down_t) >= 0, so that E d_t(m) <= 0 for every m >= theta, and
    2. d_t(m) >= -F_t(m) with F_t(m) = most_t m + back_t (1 - m), where most_t and back_t are known beforehand.

    The bet l_t(m) = min(l_t, 1 / (2 F_t(m))) is made of the past alone. Then K_t(m), the product of
    1 + l_s(m) d_s(m) over s <= t, starts at 1, is never negative by (2), and never grows in expectation where
    m >= theta, by (1): with chance at most e it ever reaches 1/e (Ville). So theta itself is given up, at any unit,
    hence at any look, hence wherever one stops, with chance at most e = 1 - level. How units are batched, and whether
    the stop depends on them, does not enter. The end is the highest mean of the grid up to which every mean was given
    up by then: it never goes back, and lies above theta only if means on both sides of theta were given up. The high
    end is the low end of the mirrored terms.

    Units may weigh unequally: (1) asks that theta be the mean of `up` over the mean of `up + down`, and that a bet does
    not know the weight it will meet; it does not ask that weights be equal, or foreseen.
    """

    def __init__(
        self,
        side: Side,
        ends: tuple[float, float],
        *,
        level: float,
        lines: Sequence[float] = (),
        n_means: int = N_MEANS,
        boldness: float = 1.0,
    ) -> None:
        """Begin with a capital of 1 against each mean.

        Args:
            side: Which end.
            ends: The least and the most that a value can be.
            level: One minus the error rate of this side; bets are tuned to it, ends can be had at any other.
            lines: Values that the end will be held against; they are on the grid, whatever its steps.
            n_means: Steps of the grid.
            boldness: Times the plug-in bet, which suits a bound on a mean; what is held against a line far from the
                mean is decided sooner by bolder bets. Any number is valid that is fixed beforehand.

        Raises:
            InputError: The level is none, or the ends are the wrong way round.
        """
        self._low, self._high = ends
        if not 0 < level < 1 or not self._low < self._high:
            raise InputError(f"no bound at level {level} of values from {self._low} to {self._high}")
        self._side, self._level, self._boldness = side, level, boldness
        places = [self._place(line) for line in lines]
        beyond = [place + _BEYOND for place in places if 0 <= place < 1]
        self._means = np.unique([*np.linspace(0.0, 1.0, n_means + 1), *beyond])
        self._capital = np.zeros(len(self._means))
        self._peak = np.zeros(len(self._means))
        self._seen = _Seen()

    def add(self, terms: Terms) -> None:
        """Bet on a batch of units, one after the other, each with what was known before it.

        Raises:
            InputError: A term lies outside the ends that its batch declares.
        """
        terms.check()
        own = terms if self._side == "low" else terms.mirrored()
        own = own.part((own.up != 0) | (own.down != 0))  # the others say nothing
        for start in range(0, len(own.up), _ROWS_AT_ONCE):
            self._bet(own.part(slice(start, start + _ROWS_AT_ONCE)))

    def end(self, level: float | None = None) -> float:
        """Return the end as it stands: of all looks so far, the furthest.

        Args:
            level: One-sided; None: the one that bets are tuned to.
        """
        wanted = -math.log(1 - (self._level if level is None else level))
        is_out = self._peak >= wanted
        n_out = int(np.argmin(is_out)) if not is_out.all() else len(is_out)
        place = float(self._means[n_out - 1]) if n_out else 0.0
        mean = place if self._side == "low" else 1.0 - place
        return self._low + (self._high - self._low) * mean

    def _place(self, value: float) -> float:
        """Return where a value lies from 0 to 1, counted from this bound's own side."""
        place = (value - self._low) / (self._high - self._low)
        return place if self._side == "low" else 1.0 - place

    def _bet(self, terms: Terms) -> None:
        bets = self._boldness * self._seen.bets(terms, self._level)
        means = self._means[None, :]
        with np.errstate(divide="ignore"):
            most = MOST_AT_STAKE / (terms.most * means + terms.back * (1 - means))
        won = terms.up[:, None] * (1 - means) - terms.down[:, None] * means
        path = self._capital + np.cumsum(np.log1p(np.minimum(bets[:, None], most) * won), axis=0)
        self._capital = path[-1]
        self._peak = np.maximum(self._peak, path.max(axis=0))


@dataclass
class _Seen:
    """What has been seen so far, as bets go by it: one made-up unit of mean .5 and the widest spread comes first."""

    n: int = 0
    up: float = 0.5
    weight: float = 1.0
    squares: float = 0.0

    def bets(self, terms: Terms, level: float) -> FloatArray:
        """Return the bet on each unit from those before it, shape (n_units,), and take note of all.

        Source: Waudby-Smith & Ramdas 2024, equation 26 (predictable plug-in), with log(1/e) of a one-sided error rate.
        """
        n = self.n + np.arange(1, len(terms.up) + 1)
        up = self.up + np.cumsum(terms.up)
        weight = self.weight + np.cumsum(terms.up + terms.down)
        mean = np.clip(up / np.maximum(weight, 0.5), 0.0, 1.0)
        squares = self.squares + np.cumsum((terms.up * (1 - mean) - terms.down * mean) ** 2)
        before = np.concatenate([[self.squares], squares[:-1]])
        variance = (terms.most / 4 + before) / n
        self.n, self.up, self.weight, self.squares = int(n[-1]), float(up[-1]), float(weight[-1]), float(squares[-1])
        found: FloatArray = np.sqrt(2 * -math.log(1 - level) / (n * np.log(1 + n) * variance))
        return found
