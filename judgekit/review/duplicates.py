"""Near-duplicates: sessions that say almost the same, which must not stand on both sides of a split.

Exact, and fast by prefix filtering: sets whose Jaccard similarity reaches t share one of their |x| - ceil(t |x|) + 1
rarest members, so only those are indexed (Bayardo, Ma and Srikant, Scaling up all pairs similarity search, WWW 2007).
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from judgekit.errors import InputError
from judgekit.records.session import Session

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Shingles = NDArray[np.uint64]

SHINGLE_WORDS = 5
_MULTIPLIER = 0x9E3779B97F4A7C15
_ODD = 0xBF58476D1CE4E5B9


def near_duplicates(texts: Mapping[str, str], *, threshold: float = 0.8) -> list[tuple[str, str, float]]:
    """Return the pairs of ids whose texts' word 5-grams have a Jaccard similarity of at least the threshold.

    Case and spacing do not count. Texts with the same 5-grams are paired with the first of them (by id) only, so
    that a thousand copies give 999 pairs: what the pairs connect is the same. Empty texts are like no other.

    Args:
        texts: Id -> text.
        threshold: Least similarity, above 0 and at most 1.

    Returns:
        (id, id, similarity), ids in order within and between pairs.

    Raises:
        InputError: The threshold is out of range.

    Example:
        >>> near_duplicates({"a": "My parcel is late again today", "b": "my parcel  is late again today", "c": "Hi"})
        [('a', 'b', 1.0)]
    """
    if not 0 < threshold <= 1:
        raise InputError(f"a similarity threshold lies above 0 and up to 1, got {threshold}")
    shingles = _shingles(texts)
    first: dict[bytes, str] = {}
    found: list[tuple[str, str, float]] = []
    for name in sorted(name for name in shingles if len(shingles[name])):
        original = first.setdefault(shingles[name].tobytes(), name)
        if original != name:
            found.append((original, name, 1.0))
    distinct = {name: shingles[name] for name in first.values()}
    for one, other in _candidates(distinct, threshold):
        similarity = _jaccard(distinct[one], distinct[other])
        if similarity >= threshold:
            found.append((min(one, other), max(one, other), similarity))
    return sorted(found)


def spoken(session: Session) -> str:
    """Return what was said in a session by user and assistant: the text that near-duplicates are sought in."""
    return "\n".join(turn.text for turn in session.turns if turn.role in ("user", "assistant"))


def _shingles(texts: Mapping[str, str]) -> dict[str, Shingles]:
    """Return each text's distinct word 5-grams as sorted 64-bit hashes; a shorter text is one shingle."""
    import numpy as np

    vocabulary: defaultdict[str, int] = defaultdict(itertools.count(1).__next__)
    hashed: dict[str, Shingles] = {}
    for name in sorted(texts):
        words = texts[name].casefold().split()
        codes = _scattered(np.array([vocabulary[word] for word in words], dtype=np.uint64))
        width = min(SHINGLE_WORDS, len(words))
        sums = np.zeros(len(words) - width + 1 if words else 0, dtype=np.uint64)
        for place in range(width):
            sums = sums * np.uint64(_MULTIPLIER) + codes[place : place + len(sums)]
        hashed[name] = np.unique(sums)
    return hashed


def _scattered(numbers: Shingles) -> Shingles:
    """Spread small numbers over 64 bits (arithmetic wraps), so that sums of them do not meet by chance."""
    import numpy as np

    mixed = numbers * np.uint64(_ODD)
    return (mixed ^ (mixed >> np.uint64(31))) * np.uint64(_MULTIPLIER)


def _candidates(shingles: Mapping[str, Shingles], threshold: float) -> Iterator[tuple[str, str]]:
    """Yield the pairs that can reach the threshold: similar in size, and sharing a rare shingle."""
    import numpy as np

    if not shingles:
        return
    values, counts = np.unique(np.concatenate(list(shingles.values())), return_counts=True)
    index: defaultdict[int, list[str]] = defaultdict(list)
    for name in sorted(shingles, key=lambda name: (len(shingles[name]), name)):
        mine = shingles[name]
        frequency = counts[np.searchsorted(values, mine)]
        n_prefix = len(mine) - math.ceil(threshold * len(mine) - 1e-9) + 1
        rarest = np.lexsort((mine, frequency))[:n_prefix]
        prefix = [int(shingle) for shingle in mine[rarest[frequency[rarest] > 1]]]
        met = {other for shingle in prefix for other in index[shingle]}
        yield from ((other, name) for other in met if len(shingles[other]) >= threshold * len(mine) - 1e-9)
        for shingle in prefix:
            index[shingle].append(name)


def _jaccard(one: Shingles, other: Shingles) -> float:
    import numpy as np

    n_shared = len(np.intersect1d(one, other, assume_unique=True))
    return n_shared / (len(one) + len(other) - n_shared)
