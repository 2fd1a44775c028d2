"""From a session's features to one row of numbers: TF-IDF per speaker, and the standardised plain features.

Own arithmetic of a few lines instead of a library's vectorizer: a judge's numbers, and so its
certificate, must not change with that library's version.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from pydantic import model_validator

from judgekit.judging.session_feature import FEATURES, FIELDS, SessionFeatures
from judgekit.records.record import Record

if TYPE_CHECKING:
    from scipy.sparse import csr_array

FURTHEST = 4.0
"""Standard deviations from the mean beyond which a plain feature no longer grows: one odd session rules nothing."""
_IS_COUNT = np.array([feature.is_count for feature in FEATURES])


class Lexicon(Record):
    """The terms of one text field that have a column."""

    field: str
    """One of `FIELDS`."""
    terms: tuple[str, ...]
    """Words and pairs of words, one column each, in alphabetical order."""
    idf: tuple[float, ...]
    """Inverse document frequency of each: log((1 + n) / (1 + n_with_term)) + 1."""

    @model_validator(mode="after")
    def _fits(self) -> Lexicon:
        if self.field not in FIELDS:
            raise ValueError(f"text field {self.field!r} is not known; known: {', '.join(FIELDS)}")
        if len(self.terms) != len(self.idf):
            raise ValueError(f"{self.field} has {len(self.terms)} terms but {len(self.idf)} idf values")
        return self

    @cached_property
    def place(self) -> dict[str, int]:
        """Term -> its column."""
        return {term: place for place, term in enumerate(self.terms)}

    def row(self, terms: Sequence[str]) -> dict[int, float]:
        """Return column -> TF-IDF with sublinear counts, scaled to length 1 over the row."""
        counts = Counter(self.place[term] for term in terms if term in self.place)
        raw = {column: (1 + math.log(count)) * self.idf[column] for column, count in counts.items()}
        length = math.sqrt(math.fsum(value * value for value in raw.values()))
        return {column: raw[column] / length for column in sorted(raw)}


class Encoder(Record):
    """Columns: the terms of each lexicon in turn, then the plain features."""

    lexicons: tuple[Lexicon, ...] = ()
    """Text fields; empty when words were found to be of no help."""
    plain: tuple[str, ...]
    """Names of the plain features, as `FEATURES` has them."""
    mean: tuple[float, ...]
    """Of each plain feature over the training sessions, after the logarithm where there is one."""
    spread: tuple[float, ...]
    """Its standard deviation there; 1 where it was constant."""

    @model_validator(mode="after")
    def _fits(self) -> Encoder:
        if self.plain != tuple(feature.name for feature in FEATURES):
            raise ValueError("the plain features are not this version's; distil the student again")
        if not len(self.plain) == len(self.mean) == len(self.spread):
            raise ValueError(f"{len(self.plain)} plain features, {len(self.mean)} means, {len(self.spread)} spreads")
        if min(self.spread) <= 0:
            raise ValueError("a spread must be above 0")
        return self

    @property
    def n_columns(self) -> int:
        """Width of the matrix."""
        return self.n_terms + len(self.plain)

    @property
    def n_terms(self) -> int:
        """Columns that are terms; the rest are plain features."""
        return sum(len(lexicon.terms) for lexicon in self.lexicons)

    def matrix(self, features: Sequence[SessionFeatures]) -> csr_array:
        """Return one row per session, shape (n_sessions, n_columns).

        Each text field and the plain features together have about unit length, so that one strength of
        regularisation suits all.
        """
        from scipy.sparse import csr_array

        data: list[float] = []
        columns: list[int] = []
        ends = [0]
        plain = self._plain_rows(features)
        for place, seen in enumerate(features):
            start = 0
            for lexicon in self.lexicons:
                row = lexicon.row(seen.terms[lexicon.field])
                columns += [start + column for column in row]
                data += row.values()
                start += len(lexicon.terms)
            columns += range(start, self.n_columns)
            data += plain[place].tolist()
            ends.append(len(data))
        return csr_array((data, columns, ends), shape=(len(features), self.n_columns), dtype=float)

    def column_words(self, column: int) -> str:
        """Return how a rationale names a column."""
        for lexicon in self.lexicons:
            if column < len(lexicon.terms):
                return f"'{lexicon.terms[column]}' ({FIELDS[lexicon.field]})"
            column -= len(lexicon.terms)
        return FEATURES[column].words

    def _plain_rows(self, features: Sequence[SessionFeatures]) -> np.ndarray:
        values = scaled_plain(features)
        distance = (values - np.array(self.mean)) / np.array(self.spread)
        return np.asarray(np.clip(distance, -FURTHEST, FURTHEST) / math.sqrt(len(self.plain)))


def scaled_plain(features: Sequence[SessionFeatures]) -> np.ndarray:
    """Return the plain features, counts as log(1 + count), shape (n_sessions, n_plain)."""
    raw = np.array([seen.plain for seen in features], dtype=float).reshape(len(features), len(FEATURES))
    return np.where(_IS_COUNT, np.log1p(np.where(_IS_COUNT, raw, 0.0)), raw)
