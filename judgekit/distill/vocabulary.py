"""The encoder of a training set: which terms get a column, how rare each is, and what is usual for the plain ones.

No label is looked at here.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from judgekit.judging.encoder import Encoder, Lexicon, scaled_plain
from judgekit.judging.session_feature import FEATURES, FIELDS, SessionFeatures

MIN_SESSIONS = 2
"""A term of one session tells nothing about another."""
MAX_TERMS = 2000
"""Columns per text field; the most widespread terms stay."""


def encoder_of(seen: Sequence[SessionFeatures], *, has_text: bool = True) -> Encoder:
    """Return the encoder learnt from sessions.

    Args:
        seen: Features of the training sessions, at least one.
        has_text: Whether words get columns; otherwise the plain features stand alone.
    """
    lexicons = tuple(_lexicon(field, seen) for field in FIELDS) if has_text else ()
    values = scaled_plain(seen)
    spread = [float(each) if each > 0 else 1.0 for each in values.std(axis=0)]
    return Encoder(
        lexicons=lexicons,
        plain=tuple(feature.name for feature in FEATURES),
        mean=rounded(values.mean(axis=0)),
        spread=rounded(spread),
    )


def rounded(values: Iterable[float]) -> tuple[float, ...]:
    """Return numbers as they are kept: six digits, so that files stay small and machines agree on them."""
    return tuple(float(f"{value:.6g}") for value in values)


def _lexicon(field: str, seen: Sequence[SessionFeatures]) -> Lexicon:
    n_with_term = Counter(term for each in seen for term in set(each.terms[field]))
    common = [term for term, count in n_with_term.items() if count >= MIN_SESSIONS]
    kept = sorted(sorted(common, key=lambda term: (-n_with_term[term], term))[:MAX_TERMS])
    idf = rounded(math.log((1 + len(seen)) / (1 + n_with_term[term])) + 1 for term in kept)
    return Lexicon(field=field, terms=tuple(kept), idf=idf)
