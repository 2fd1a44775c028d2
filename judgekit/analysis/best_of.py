"""Several candidates for one input: whether the judge ranks the reference's best of them first.

This is how judges are tested that are to choose among answers, and what a best-of-N choice by their scores would win.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Final

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.judged import Judged, rows_between, upward
from judgekit.analysis.rating import unit_codes
from judgekit.records.dataset import Dataset
from judgekit.records.report import Row

METRIC: Final = "best_of_accuracy"


def best_of_rows(judged: Judged, measuring: Measuring) -> list[Row]:
    """Return the share of inputs on which a best candidate has strictly the highest number of the judge.

    Candidates are the labelled sessions of one input; the best are those with the reference's highest value, and a
    tie of the judge between one of them and any other is wrong. (RewardBench 2 gives such a tie 1/k.) An input is left
    out, and counted, where a candidate has no reference or the judge no number for it, or where all are equally good.
    Nothing where no two sessions share an input, or the levels have no order.
    """
    is_ordered = judged.criterion.scale.type in ("binary", "ordinal", "numeric")
    if not is_ordered or (measuring.metrics and METRIC not in measuring.metrics):
        return []
    candidates = _candidates(judged)
    if not candidates:
        return []
    direction = upward(judged.criterion)
    hits: dict[str, bool] = {}
    dropped: Counter[str] = Counter()
    for name, sessions in candidates.items():
        lack = _lack(judged, sessions)
        if lack:
            dropped[lack] += 1
        else:
            hits[name] = _is_best_first(judged, sessions, direction)
    units = unit_codes([(_unit(judged.dataset, name, candidates[name]), None) for name in hits], str)
    found = np.array(list(hits.values()), dtype=np.float64)
    estimate = measuring.share(found, units, dropped=dict(sorted(dropped.items())), metric=METRIC)
    return rows_between(judged.criterion, "judge~reference", {METRIC: estimate})


def _candidates(judged: Judged) -> dict[str, list[str]]:
    """Return input -> its labelled sessions, where there are at least two; in the dataset's order."""
    found: dict[str, list[str]] = defaultdict(list)
    place = judged.dataset.place_by_id
    targets = {target for target, turn in (*judged.truth.values, *judged.truth.missing) if turn is None}
    for target in sorted(targets, key=lambda each: place.get(each, len(place))):
        session = judged.dataset.session_by_id.get(target)
        if session is not None and session.input is not None:
            found[session.input].append(target)
    return {name: sessions for name, sessions in found.items() if len(sessions) > 1}


def _lack(judged: Judged, sessions: list[str]) -> str | None:
    """Return why nothing can be said of an input; None when it can."""
    values = [judged.truth.values.get((session, None)) for session in sessions]
    if None in values:
        return "candidate_without_reference"
    if any((session, None) not in judged.verdicts.ranks for session in sessions):
        return "candidate_without_verdict"
    return "candidates_equally_good" if len(set(values)) == 1 else None


def _is_best_first(judged: Judged, sessions: list[str], direction: float) -> bool:
    """Return whether the judge's highest number among the best is above its highest among the others."""
    said: Mapping[str, float] = {each: direction * judged.verdicts.ranks[each, None] for each in sessions}
    true = {each: direction * judged.truth.values[each, None] for each in sessions}
    top = max(true.values())
    best = max(said[each] for each in sessions if true[each] == top)
    return best > max(said[each] for each in sessions if true[each] < top)


def _unit(dataset: Dataset, name: str, sessions: list[str]) -> str:
    """Return the unit that an input's sessions share; the input itself where they lie in several groups."""
    units = {dataset.unit(session) for session in sessions}
    return units.pop() if len(units) == 1 else f"input:{name}"
