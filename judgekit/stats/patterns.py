"""Patterns: the distinct rows of a sample, and how often each occurs.

Every statistic here is a function of weights over distinct rows. With the rows' counts as weights it gives the
point estimate; with counts drawn at random, a bootstrap; with one unit's rows taken away, the jackknife. On a scale
of q levels two raters have at most q * q patterns, so what a resample costs does not depend on the number of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from judgekit.errors import InputError
from judgekit.stats.sample import BoolArray, FloatArray, IntArray, Sample, listed

_MAX_CELLS = 1 << 16
"""Up to this many possible patterns counting by cell beats sorting."""


@dataclass(frozen=True, eq=False)
class Patterns:
    """The distinct rows with enough ratings, in lexicographic order (so that the rows' order cannot matter).

    Attributes:
        values: Shape (n_patterns, n_raters); NaN is missing. Of three and more raters, in ascending order within a
            row, unless they were asked for by rater.
        counts: Rows of each pattern, shape (n_patterns,).
        is_used: Which rows of the sample entered, shape (n_rows,).
        pattern_of_row: The pattern of each row that entered, shape (n_used,).
        sample: Where they come from: levels, positive, names.
    """

    values: FloatArray
    counts: FloatArray
    is_used: BoolArray
    pattern_of_row: IntArray
    sample: Sample

    @property
    def n(self) -> int:
        """Rows that entered."""
        return len(self.pattern_of_row)

    @property
    def n_paired(self) -> int:
        """Rows with at least two ratings."""
        return int(self.counts[self.n_ratings >= 2].sum())

    @property
    def names(self) -> tuple[str, ...]:
        """What the columns are called."""
        return self.sample.names

    @property
    def levels(self) -> FloatArray:
        """The declared levels; asked for only by metrics that need them."""
        return np.empty(0) if self.sample.levels is None else self.sample.levels

    @cached_property
    def codes(self) -> IntArray:
        """Each rating's place among the declared levels, shape (n_patterns, n_raters); -1 is missing.

        Raises:
            InputError: A rating is not one of the levels.
        """
        numbers = _level_numbers(self.values, self.levels)
        for row, column in np.argwhere((numbers == 0) & ~np.isnan(self.values))[:1]:
            name = self.names[column] if len(self.names) == 2 else "a rater"
            raise InputError(
                f"{name} gave {self.values[row, column]:g}, the levels are {listed(self.levels)}",
                hint="Round it to a level, or ask for metrics that take any number",
            )
        return numbers - 1

    @cached_property
    def tallies(self) -> FloatArray:
        """How many raters gave each level, shape (n_patterns, n_levels)."""
        tallies: FloatArray = (self.codes[:, :, None] == np.arange(len(self.levels))).sum(axis=1, dtype=np.float64)
        return tallies

    @cached_property
    def n_ratings(self) -> FloatArray:
        """Ratings present in each pattern, shape (n_patterns,)."""
        return row_sums(~np.isnan(self.values))

    def level_weights(self, weights: FloatArray, column: int) -> FloatArray:
        """Return how much weight one rater gave each declared level, shape (n_resamples, n_levels)."""
        return weights @ np.eye(len(self.levels))[self.codes[:, column]]

    def value_weights(self, weights: FloatArray, column: int) -> FloatArray:
        """Return the weight of each distinct value of a column, lowest first, shape (n_resamples, n_values)."""
        order, starts, _ = self._columns[column]
        return np.add.reduceat(weights[:, order], starts, axis=1)

    def value_places(self, column: int) -> IntArray:
        """Return each pattern's place among the distinct values of a column, shape (n_patterns,)."""
        return self._columns[column][2]

    @cached_property
    def _columns(self) -> list[tuple[IntArray, IntArray, IntArray]]:
        found = []
        for column in self.values.T:
            _, places = np.unique(column, return_inverse=True)
            order = np.argsort(places, kind="stable")
            starts = np.flatnonzero(np.diff(places[order], prepend=-1))
            found.append((order, starts, places))
        return found


def distinct_rows(sample: Sample, *, n_ratings_min: int = 2, by_rater: bool = False) -> Patterns:
    """Return the patterns of a sample; rows with too few ratings are left out.

    Args:
        sample: Ratings of the same rows by several raters.
        n_ratings_min: Ratings that a row needs; 1 keeps rows that pair with nothing but show how often a level is used.
        by_rater: Whether who gave which rating matters, which of two raters it always does.

    Raises:
        InputError: A rating lies outside the declared levels' range.
    """
    n_ratings = np.sum([~np.isnan(column) for column in sample.ratings.T], axis=0)
    is_used = n_ratings >= n_ratings_min
    ratings = sample.ratings if is_used.all() else sample.ratings[is_used]
    values, pattern_of_row = _distinct(ratings, sample.levels)
    _must_be_in_range(values, sample)
    if values.shape[1] > 2 and not by_rater:
        # Few metrics of three or more columns ask who gave which rating: 5 raters have 126 patterns then, not 3125.
        values, merged = _distinct(np.sort(values, axis=1), sample.levels)
        pattern_of_row = merged[pattern_of_row]
    counts = np.bincount(pattern_of_row, minlength=len(values)).astype(np.float64)
    return Patterns(values, counts, is_used, pattern_of_row, sample)


def row_sums(table: npt.ArrayLike) -> FloatArray:
    """Return the sum of each row of a table, shape (n_rows,)."""
    sums: FloatArray = np.sum(table, axis=1, dtype=np.float64)
    return sums


def ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Return the quotient; NaN, meaning undefined, where the denominator is not positive."""
    quotient: FloatArray = np.divide(
        numerator, denominator, out=np.full(denominator.shape, np.nan), where=denominator > 0
    )
    return quotient


def _must_be_in_range(values: FloatArray, sample: Sample) -> None:
    if sample.levels is None:
        return
    outside = np.argwhere((values < sample.levels[0]) | (values > sample.levels[-1]))
    for row, column in outside[:1]:
        raise InputError(
            f"{sample.names[column]} gave {values[row, column]:g}, the levels are {listed(sample.levels)}",
            hint="Check how the ratings were read, or declare the scale they are on",
        )


def _distinct(ratings: FloatArray, levels: FloatArray | None) -> tuple[FloatArray, IntArray]:
    """Return the distinct rows in lexicographic order, and which of them each row is."""
    codes, sizes = _row_codes(ratings, levels)
    pattern_of_row, n_patterns = _combined(codes, sizes)
    row_of_pattern = np.zeros(n_patterns, dtype=np.int64)
    row_of_pattern[pattern_of_row] = np.arange(len(ratings))
    return ratings[row_of_pattern], pattern_of_row


def _level_numbers(values: FloatArray, levels: FloatArray) -> IntArray:
    """Number each rating by its level, from 1; 0 where it is missing or off the levels."""
    # A pass per level beats a search per rating: scales have few levels, samples many rows.
    numbers = np.zeros(values.shape, dtype=np.int32)
    for place, level in enumerate(levels, start=1):
        numbers += (values == level) * np.int32(place)
    return numbers.astype(np.int64)


def _row_codes(ratings: FloatArray, levels: FloatArray | None) -> tuple[list[IntArray], list[int]]:
    """Number each column's values from 0; missing comes first on declared levels, last otherwise."""
    if levels is not None:
        numbers = _level_numbers(ratings, levels)
        if ((numbers > 0) | np.isnan(ratings)).all():
            return list(numbers.T), [len(levels) + 1] * numbers.shape[1]
    coded = [np.unique(column, return_inverse=True) for column in ratings.T]
    return [places for _, places in coded], [len(values) for values, _ in coded]


def _combined(codes: list[IntArray], sizes: list[int]) -> tuple[IntArray, int]:
    """Number the distinct combinations of the columns' codes in lexicographic order."""
    key, size = codes[0], sizes[0]
    for column, n_values in zip(codes[1:], sizes[1:], strict=True):
        key, size = key * n_values + column, size * n_values
        if size > _MAX_CELLS:
            found, key = np.unique(key, return_inverse=True)
            size = len(found)
    is_present = np.bincount(key, minlength=size) > 0
    return (np.cumsum(is_present) - 1)[key], int(is_present.sum())
