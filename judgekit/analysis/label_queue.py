"""Which sessions to label so that a comparison is decided: some at random, some where the judge sees a change."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from judgekit.analysis.contrast import TOGETHER, Contrast
from judgekit.errors import InputError
from judgekit.records.label import Design
from judgekit.records.queue import QueuedSession
from judgekit.records.record import fingerprint
from judgekit.stats.drawing import mixture_chances, systematic_draw
from judgekit.stats.partly_labelled import MIN_LABELS
from judgekit.stats.version_difference import POWER

LEAST_PROMISE = 0.1
"""What an input without any change promises, beside one that changed by the whole scale."""


def deciding_queue(
    contrast: Contrast,
    level: float,
    rng: np.random.Generator,
    *,
    margin: float = 0.0,
    slope: float = 1.0,
    seed: int | None = None,
) -> tuple[QueuedSession, ...]:
    """Return the sessions to label, inputs together, as many as labels alone would need to decide four times in five.

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
    n = _n_needed(differences / slope, margin, level)
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


def _unlabelled(contrast: Contrast, sessions: Sequence[str]) -> list[str]:
    return [each for each in sessions if (each, None) not in contrast.experts.values]


def _n_needed(differences: np.ndarray, margin: float, level: float) -> int:
    """Return how many inputs labels alone take to tell the difference from the margin; all where it lies on it."""
    n, effect = len(differences), abs(float(differences.mean()) + margin)
    spread = float(differences.std(ddof=1)) if n > 1 else 0.0
    z = NormalDist().inv_cdf((1 + level) / 2) + NormalDist().inv_cdf(POWER)
    needed = n if effect == 0 else math.ceil(min(float(n), (z * spread / effect) ** 2))
    return min(n, max(MIN_LABELS, needed))
