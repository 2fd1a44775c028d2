"""Which sessions to label so that a comparison is decided: some at random, some where the judge sees a change."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from judgekit.analysis.contrast import TOGETHER, Contrast
from judgekit.analysis.evidence import by_input
from judgekit.errors import InputError
from judgekit.records.label import Design
from judgekit.records.queue import QueuedSession
from judgekit.records.record import fingerprint
from judgekit.records.session import Session
from judgekit.stats.drawing import mixture_chances, systematic_draw
from judgekit.stats.partly_labelled import MIN_LABELS
from judgekit.stats.version_difference import POWER

LEAST_PROMISE = 0.1
"""What an input without any change promises, beside one that changed by the whole scale."""
SHARED_ERROR = 0.5
"""Correlation that the judge's errors on two versions of an input are taken to have: it cannot be seen without labels
of both. Larger asks for more labels."""
MIN_ERRORS = 20
"""Labelled sessions that it takes to say how much the judge errs."""
UNKNOWN_DISTANCE = 0.1
"""Of the scale, how far a mean is thought to lie from its line where nobody has said anything of it."""
LOOKING = 1.5
"""Times as many labels as one look needs, for bounds that hold at every look."""
LEAST_SPREAD = 0.25
"""Part of the variance of the judge's differences that the experts' own have at least."""


def deciding_queue(
    contrast: Contrast,
    level: float,
    rng: np.random.Generator,
    *,
    margin: float = 0.0,
    slope: float = 1.0,
    seed: int | None = None,
) -> tuple[QueuedSession, ...]:
    """Return the sessions to label, inputs together, as many as it takes to decide four times in five.

    That is what labels alone would need, were the experts' difference the judge's; how much the experts' differences
    vary is what the judge's do, less what its errors on labelled sessions add.

    Half of the draw is plainly random; the other half falls where the judge's verdict changed. Every input's chance is
    on record, so that what is estimated from the labels is not biased. Sessions that already carry a label are not
    asked for again.

    Args:
        contrast: Two versions on one criterion.
        level: Of the comparison.
        rng: Of the draw.
        margin: Not worse by more than this passes.
        slope: How much the judge's number rises with the experts'.
        seed: What the randomness was made from, for the record.

    Raises:
        InputError: Inputs with labels on both sides exist, whose chances a second draw would have to know.
    """
    if contrast.labelled.inputs:
        raise InputError(
            f"{len(contrast.labelled.inputs)} inputs already carry labels of both versions",
            where=contrast.criterion.id,
            hint="The queue is for a candidate without labels",
        )
    differences, names = contrast.judged.differences, contrast.judged.inputs
    promise = np.abs(differences) / max(float(np.abs(differences).max()), 1e-9) + LEAST_PROMISE
    towards = -margin if contrast.criterion.direction == "lower" else margin
    n = _n_needed(differences / slope, towards, level, spread=_spread(contrast, slope))
    chances = mixture_chances(promise, n)
    drawn = systematic_draw(chances, rng)
    frame = fingerprint(list(names))
    return tuple(
        QueuedSession(
            session=session,
            criterion=contrast.criterion.id,
            input=names[place],
            version=side.name,
            design=Design(
                frame=frame, frame_n=len(names), round=1, method=TOGETHER, probability=float(chances[place]), seed=seed
            ),
        )
        for place in drawn.tolist()
        for side, members in zip(contrast.sides, contrast.judged.members[place], strict=True)
        for session in _unlabelled(contrast, members)
    )


def even_queue(
    contrast: Contrast,
    level: float,
    rng: np.random.Generator,
    *,
    away: float | None,
    is_candidate_alone: bool = False,
    is_looking: bool = False,
    seed: int | None = None,
) -> tuple[QueuedSession, ...]:
    """Return sessions to label, inputs together, each input with the same chance, whatever a judge says of them.

    As many as labels alone need to tell a mean from its line four times in five. Two sessions of an input are taken to
    have half their variance in common, so that their difference varies as one of them does.

    Args:
        contrast: Two versions on one criterion.
        level: Of the decision.
        rng: Of the draw.
        away: How far the experts' figure is thought to lie from its line; None: a tenth of the scale.
        is_candidate_alone: Whether the candidate's sessions are enough, those on inputs of its own too.
        is_looking: Whether bounds have to hold at every look, which takes more.
        seed: What the randomness was made from, for the record.
    """
    sides = contrast.sides[1:] if is_candidate_alone else contrast.sides
    known = contrast.dataset.session_by_id
    members = [
        {_input_of(known[own[0].id]): [each.id for each in own] for own in by_input(known[each] for each in ids)}
        for ids in (sorted(side.sessions & known.keys()) for side in sides)
    ]
    names = sorted(set.intersection(*(set(each) for each in members)))
    if not names:
        return ()
    spread, scale = _session_spread(contrast), _width(contrast)
    distance = UNKNOWN_DISTANCE * scale if away is None else away
    n = _n_needed(np.zeros(len(names)), distance, level, spread=spread)
    n = min(len(names), math.ceil(n * LOOKING)) if is_looking else n
    chances = mixture_chances(np.zeros(len(names)), n)
    frame = fingerprint(names)
    return tuple(
        QueuedSession(
            session=session,
            criterion=contrast.criterion.id,
            input=known[session].input,
            version=side.name,
            design=Design(
                frame=frame, frame_n=len(names), round=1, method=TOGETHER, probability=float(chances[place]), seed=seed
            ),
        )
        for place in systematic_draw(chances, rng).tolist()
        for side, own in zip(sides, members, strict=True)
        for session in _unlabelled(contrast, own[names[place]])
    )


def _input_of(session: Session) -> str:
    return session.id if session.input is None else session.input


def _width(contrast: Contrast) -> float:
    """Return the width of the scale; of one without ends, that of the judge's numbers."""
    low, high = contrast.criterion.scale.ends
    if low is not None and high is not None:
        return high - low
    return float(np.ptp(list(contrast.verdicts.numbers.values()))) if contrast.verdicts.numbers else 1.0


def _session_spread(contrast: Contrast) -> float:
    """Return the standard deviation of experts' numbers of sessions; where few are labelled, half the scale."""
    numbers = [number for (_, turn), number in contrast.experts.values.items() if turn is None]
    seen = float(np.std(numbers, ddof=1)) if len(numbers) >= MIN_ERRORS else 0.0
    return seen or _width(contrast) / 2


def _unlabelled(contrast: Contrast, sessions: Sequence[str]) -> list[str]:
    return [each for each in sessions if (each, None) not in contrast.experts.values]


def _spread(contrast: Contrast, slope: float) -> float:
    """Return the standard deviation that the experts' differences of inputs seem to have.

    Each version adds the variance of the judge's errors, as labelled sessions of other versions show it, less what the
    errors on both versions share.
    """
    judged = contrast.judged
    differences = judged.differences / slope
    if len(differences) < 2:
        return 0.0
    whole, mean = float(differences.var(ddof=1)), abs(float(differences.mean()))
    judge, human = contrast.numbers_of(contrast.labelled_of(contrast.dataset.session_by_id))
    if len(human) < MIN_ERRORS:
        return math.sqrt(whole)
    error = float((judge - judge.mean() - slope * (human - human.mean())).var(ddof=1)) / slope**2
    n_trials = np.mean([1 / len(before) + 1 / len(after) for before, after in judged.members])
    own = whole - float(n_trials) * error * (1 - SHARED_ERROR)
    return math.sqrt(max(own, LEAST_SPREAD * whole, mean * contrast.step - mean**2))


def _n_needed(differences: np.ndarray, margin: float, level: float, *, spread: float) -> int:
    """Return how many inputs labels alone take to tell the difference from the margin; all where it lies on it."""
    n, effect = len(differences), abs(float(differences.mean()) + margin)
    z = NormalDist().inv_cdf((1 + level) / 2) + NormalDist().inv_cdf(POWER)
    needed = n if effect == 0 else math.ceil(min(float(n), (z * spread / effect) ** 2))
    return min(n, max(MIN_LABELS, needed))
