"""What the data say of a rule on a preference: how often the candidate's session is preferred, ties half a win.

Without labels nothing is said: how a judge's errors on pairs of other versions carry over has no slope to go by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from judgekit.analysis.disagreement import value_at
from judgekit.analysis.gate_reading import EXPERTS_ALONE, FAILURES, Asked, Reading, asked_of, not_random
from judgekit.analysis.rating import Target, excerpt
from judgekit.analysis.win_rate import EVEN, SCORE, Wins, corrected_wins, win_share
from judgekit.records.policy import Witness
from judgekit.records.report import Disagreement, Rating
from judgekit.stats.careful import careful_mean, careful_share, careful_tango, far_reach, labels_alone
from judgekit.stats.estimate import Estimate
from judgekit.stats.paired_share import FourCells
from judgekit.stats.partly_labelled import PartlyLabelled

_ENDS = (0.0, 1.0)
_REACH = far_reach((0.0, EVEN, 1.0))


def win_reading(wins: Wins, of: Witness) -> Reading:
    """Return what is known of the candidate's win rate.

    Args:
        wins: Preferences between two versions, whole or on a slice.
        of: Whose view is asked for.
    """
    missing = _nothing(wins, of)
    if missing:
        return Reading(stop=("missing", missing))
    if of == "judge":
        return Reading("judge_raw", lambda how: _alone(wins, wins.judge, how.level))
    estimator = wins.headline
    if estimator is None:
        before, after = (side.name for side in wins.sides)
        words = f"no expert has said which of {after} and {before} is better, on any pair: label some at random"
        return Reading(stop=("inconclusive", words))
    if estimator == "ppi":
        return Reading(estimator, lambda how: _corrected(wins, how.level))
    stop = not_random(wins.sampling, len(wins.human), len(wins.candidate_is_first), "pairs")
    return Reading(EXPERTS_ALONE, lambda how: _by_labels(wins, how.level), stop)


def asked_pairs(wins: Wins) -> list[Asked]:
    """Return how often the judge failed on pairs of both versions."""
    name = f"pairs of {wins.sides[1].name} and {wins.sides[0].name}"
    return [asked_of(wins.verdicts, name, sorted(wins.candidate_is_first))]


def pairs_with_failures_as(wins: Wins, *, is_won: bool) -> Wins:
    """Return preferences in which the judge's failures are answers: all for the candidate, or all against it."""
    code = wins.criterion.scale.code
    failed: dict[Target, float] = {
        (pair, None): code("first" if is_first is is_won else "second")
        for pair, is_first in wins.candidate_is_first.items()
        if wins.verdicts.missing.get((pair, None)) in FAILURES
    }
    left = {target: cause for target, cause in wins.verdicts.missing.items() if target not in failed}
    return replace(wins, verdicts=replace(wins.verdicts, numbers={**wins.verdicts.numbers, **failed}, missing=left))


def worse_pairs(wins: Wins, n_most: int) -> tuple[Disagreement, ...]:
    """Return pairs that the judge gives to the baseline, by id, with its reason."""
    lost = sorted(pair for pair, score in wins.judge.items() if score < EVEN)[:n_most]
    known, pairs = wins.dataset.session_by_id, wins.dataset.pair_by_id
    return tuple(
        Disagreement(
            criterion=wins.criterion.id,
            target=pair,
            excerpt=excerpt(known.get(pairs[pair].first)),
            distance=EVEN - wins.judge[pair],
            ratings=(
                Rating(
                    rater=f"{wins.sides[0].name} preferred",
                    value=value_at(wins.criterion, wins.verdicts.numbers[pair, None]),
                    rationale=wins.verdicts.spoken[pair, None].rationale,
                ),
            ),
        )
        for pair in lost
    )


def _nothing(wins: Wins, of: Witness) -> str | None:
    """Say what there is nothing of; None where there is something."""
    before, after = (side.name for side in wins.sides)
    if not wins.candidate_is_first:
        return f"no pair holds a session of {after} and one of {before}"
    if wins.judge or (of == "experts" and wins.human):
        return None
    return f"no verdict is on {wins.criterion.id!r} of pairs of {after} and {before}" + (
        ", and no label" if of == "experts" else ""
    )


def _by_labels(wins: Wins, level: float) -> Estimate:
    if not wins.sampling.is_weighted:
        return _alone(wins, wins.human, level)
    found = win_share(wins, wins.human, wins.weights, level)
    return _with_ends(found, wins.labels, has_judge=False)


def _alone(wins: Wins, scores: Mapping[str, float], level: float) -> Estimate:
    """Return one voice's win rate with bounds that keep their level.

    Without ties it is a share, whose bounds are exact. With ties, wins less losses are a paired difference, and the win
    rate is half of it from even: by summing over all tables of 30, 60 and 100 pairs either bound at 95% errs in at most
    5.3% of cases (win rates from .3 to .9, 5% to 90% ties).
    """
    pairs = sorted(scores)
    values, units = np.array([scores[each] for each in pairs]), wins.units(pairs)
    found = win_share(wins, scores, np.ones(len(pairs)), level)
    if len(np.unique(units)) < len(pairs) or not np.isin(values, list(SCORE.values())).all():
        return _with_ends(found, labels_alone(values, units, np.ones(len(pairs))), has_judge=False)
    won, tied, lost = (int((values == SCORE[each]).sum()) for each in ("first", "tie", "second"))
    if not tied:
        return careful_share(found)
    ends = careful_tango(FourCells(tied, won, lost, 0), level)
    low, high = (EVEN + (end or 0.0) / 2 for end in (ends.low, ends.high))
    return replace(found, low=low, high=high, method=f"{ends.method}, of wins less losses")


def _corrected(wins: Wins, level: float) -> Estimate:
    return _with_ends(corrected_wins(wins, level), wins.sample, has_judge=True)


def _with_ends(found: Estimate, sample: PartlyLabelled, *, has_judge: bool) -> Estimate:
    """Return an estimate with bounds that keep their level; none where a few units carry it all."""
    if found.low is None:
        return found
    ends = careful_mean(sample, found.level, reach=_REACH, ends=_ENDS, has_judge=has_judge)
    return replace(found, low=ends.low, high=ends.high, method=ends.method)
