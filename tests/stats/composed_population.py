"""Populations that power is tried on, and exact sums of what is simulated from them."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from scipy.stats import binom

from judgekit.stats.paired_population import PairedPopulation, judge_by_correlation, level_pairs, level_population
from judgekit.stats.paired_share import FourCells, tango

T = TypeVar("T")
LEVELS = np.array([0.0, 1.0])
SHARES = np.array([0.2, 0.8])
FIVE, EVEN = np.arange(1.0, 6.0), np.full(5, 0.2)


def there(value: T | None) -> T:
    """Return what must be there."""
    assert value is not None
    return value


def passes(drop: float, *, discordant: float = 0.15, correlation: float = 0.0) -> PairedPopulation:
    """Return a population in which four in five pass, and the candidate loses so much."""
    pairs = level_pairs(SHARES, LEVELS, discordant=discordant, difference=-drop)
    return level_population(pairs, LEVELS, judge_by_correlation(correlation, SHARES))


def grades(difference: float, correlation: float = 0.0) -> PairedPopulation:
    """Return a population on five levels."""
    pairs = level_pairs(EVEN, FIVE, discordant=0.5, difference=difference)
    return level_population(pairs, FIVE, judge_by_correlation(correlation, EVEN))


def rng(seed: int = 1) -> np.random.Generator:
    """Return a source of chance."""
    return np.random.default_rng(seed)


def shows_drop(n: int, up: int, down: int) -> bool:
    """Whether Tango's interval from inputs won and lost lies below 0."""
    return there(tango(FourCells(n - up - down, up, down, 0)).high) < 0


def exact_power(n: int, won: float, lost: float, shown) -> float:
    """Return the chance that counts of inputs won and lost show a drop, summed over all of them."""
    total = 0.0
    for m in range(n + 1):
        weight = binom.pmf(m, n, won + lost)
        if weight > 1e-12:
            ups = np.arange(m + 1)
            chances = binom.pmf(ups, m, won / (won + lost))
            total += weight * sum(c for up, c in zip(ups, chances, strict=True) if c > 1e-12 and shown(up, m - up))
    return total
