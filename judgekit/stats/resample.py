"""Resampling: which units are drawn, how often, and what weight that gives each pattern.

Units whose rows are the same are exchangeable, so they are drawn by kind. Where each row is its own unit, the kinds
are the patterns themselves. Kinds stand in a canonical order: neither the rows' order nor the units' names matter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from judgekit.stats.patterns import Patterns
from judgekit.stats.sample import FloatArray, IntArray

_MAX_ELEMENTS = 4_000_000
"""Numbers held at a time in one array of resamples (32 MB)."""
_MAX_CACHED = 1 << 15
"""Units drawn at a time: counting them within the processor's cache takes half the time."""
_MAX_JACKKNIFE = 1_000
"""Above this many kinds, units are left out in this many random groups: the acceleration then errs by under .001."""


@dataclass(frozen=True, eq=False)
class Units:
    """The independent units of a sample, by kind.

    Attributes:
        multiplicity: Units of each kind, shape (n_kinds,).
        contents: Rows of each pattern in a unit of each kind, shape (n_kinds, n_patterns), dense or sparse; None
            where each row is its own unit.
        totals: Rows of each pattern in the whole sample, shape (n_patterns,).
    """

    multiplicity: IntArray
    contents: Any
    totals: FloatArray

    @property
    def n(self) -> int:
        """Independent units."""
        return int(self.multiplicity.sum())

    @property
    def are_rows(self) -> bool:
        """Whether each row is its own unit."""
        return self.contents is None

    def resamples(self, rng: np.random.Generator, n_resamples: int) -> Iterator[FloatArray]:
        """Yield weights over patterns, shape (some, n_patterns), until there are `n_resamples` rows in all.

        Args:
            rng: Source of randomness.
            n_resamples: Bootstrap resamples; each draws as many units as there are, with replacement.
        """
        for n_rows in self._portions(n_resamples):
            yield self._weights(self._draws(rng, n_rows))

    def leave_outs(self, rng: np.random.Generator) -> Iterator[tuple[FloatArray, FloatArray]]:
        """Yield (weights over patterns, how often each such row stands) with one unit, or one group, left out."""
        n_kinds = len(self.multiplicity)
        if n_kinds <= _MAX_JACKKNIFE:
            for places in _split(np.arange(n_kinds), self._portions(n_kinds)):
                left_out = np.zeros((len(places), n_kinds))
                left_out[np.arange(len(places)), places] = 1
                yield self.totals - self._weights(left_out), self.multiplicity[places].astype(np.float64)
            return
        groups = np.array_split(rng.permutation(self._kind_of_unit()), _MAX_JACKKNIFE)
        for places in _split(np.arange(_MAX_JACKKNIFE), self._portions(_MAX_JACKKNIFE)):
            left_out = np.stack([np.bincount(groups[place], minlength=n_kinds) for place in places])
            yield self.totals - self._weights(left_out.astype(np.float64)), np.ones(len(places))

    def _draws(self, rng: np.random.Generator, n_rows: int) -> FloatArray:
        """Draw how often each kind is taken, shape (n_rows, n_kinds)."""
        n_kinds = len(self.multiplicity)
        if self._is_cheaper_by_kind():
            return rng.multinomial(self.n, self.multiplicity / self.n, size=n_rows).astype(np.float64)
        kind_of_unit, n_at_once = self._kind_of_unit(), max(1, _MAX_CACHED // self.n)
        drawn = np.empty((n_rows, n_kinds))
        for start in range(0, n_rows, n_at_once):
            some = drawn[start : start + n_at_once]
            taken = kind_of_unit[rng.integers(0, self.n, size=(len(some), self.n))]
            cells = taken + n_kinds * np.arange(len(some))[:, None]
            some[:] = np.bincount(cells.ravel(), minlength=some.size).reshape(some.shape)
        return drawn

    def _is_cheaper_by_kind(self) -> bool:
        # One binomial draw costs about as much as drawing and counting twenty uniform integers.
        return 20 * len(self.multiplicity) < self.n

    def _kind_of_unit(self) -> IntArray:
        return np.repeat(np.arange(len(self.multiplicity)), self.multiplicity)

    def _weights(self, taken: FloatArray) -> FloatArray:
        if self.contents is None:
            return taken
        weights: FloatArray = taken @ self.contents
        return weights

    def _portions(self, n_rows: int) -> list[int]:
        width = max(len(self.totals), len(self.multiplicity) if self._is_cheaper_by_kind() else self.n)
        most = max(1, _MAX_ELEMENTS // width)
        return [min(most, n_rows - start) for start in range(0, n_rows, most)]


def units_of(patterns: Patterns) -> Units:
    """Return the units of the rows that entered."""
    units = patterns.sample.units
    if units is not None:
        found, unit_of_row = np.unique(units[patterns.is_used], return_inverse=True)
        if len(found) < patterns.n:
            return _clusters(patterns, unit_of_row, len(found))
    return Units(patterns.counts.astype(np.int64), None, patterns.counts)


def _clusters(patterns: Patterns, unit_of_row: IntArray, n_units: int) -> Units:
    order = np.lexsort((patterns.pattern_of_row, unit_of_row))
    members = patterns.pattern_of_row[order].astype(np.int64)
    ends = np.cumsum(np.bincount(unit_of_row, minlength=n_units)).tolist()
    keys = [members[start:end].tobytes() for start, end in zip([0, *ends], ends, strict=False)]
    kinds = sorted(Counter(keys).items())
    multiplicity = np.array([n for _, n in kinds], dtype=np.int64)
    inside = np.frombuffer(b"".join(key for key, _ in kinds), dtype=np.int64)
    sizes = np.array([len(key) // members.itemsize for key, _ in kinds])
    return Units(multiplicity, _contents(inside, sizes, len(patterns.counts)), patterns.counts)


def _contents(inside: IntArray, sizes: IntArray, n_patterns: int) -> Any:
    """Return the kind x pattern table, sparse where a dense one would not fit."""
    n_kinds = len(sizes)
    if n_kinds * n_patterns <= _MAX_ELEMENTS:
        cells = np.repeat(np.arange(n_kinds), sizes) * n_patterns + inside
        return np.bincount(cells, minlength=n_kinds * n_patterns).reshape(n_kinds, n_patterns).astype(np.float64)
    from scipy.sparse import csr_array

    starts = np.concatenate(([0], np.cumsum(sizes)))
    return csr_array((np.ones(len(inside)), inside, starts), shape=(n_kinds, n_patterns))


def _split(places: IntArray, sizes: list[int]) -> list[IntArray]:
    return np.split(places, np.cumsum(sizes)[:-1])
