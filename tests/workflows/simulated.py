"""Experts and judges drawn by chance, as datasets and verdicts: what simulations of whole workflows run on.

Truth is known by construction: a binary expert passes with some probability and the judge errs at given rates; a grader
from 1 to 5 and its judge are two correlated normals, cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy.stats import norm

from judgekit.analysis.agreement import Measuring
from judgekit.records.dataset import Dataset, DatasetCard
from judgekit.records.label import Design, Label
from judgekit.records.rubric import Criterion, Rubric, Scale
from judgekit.records.session import Session, Turn
from judgekit.records.verdict import Verdict

PASSED = Criterion(id="passed", question="Passed?", scale=Scale(type="binary", levels=("fail", "pass")))
QUALITY = Criterion(id="quality", question="How good?", scale=Scale(type="ordinal", levels=(1, 2, 3, 4, 5)))
RUBRIC = Rubric(name="simulated", criteria=(PASSED, QUALITY))
CUTS = np.array([-1.2, -0.5, 0.3, 1.0])
"""Where a normal becomes a grade from 1 to 5."""
N_RESAMPLES = 200
RANDOM = Design(method="random")


@dataclass(frozen=True)
class Drawn:
    """One version's sessions: 0 and 1, or grades.

    Attributes:
        human: What the experts would say, shape (n,).
        judge: What the judge says, shape (n,).
    """

    human: np.ndarray
    judge: np.ndarray


def measuring(rng: np.random.Generator, level: float = 0.95) -> Measuring:
    """Return how to measure, with few resamples: no interval that is looked at rests on them."""
    return Measuring(rng, level=level, n_resamples=N_RESAMPLES)


def errs(rng: np.random.Generator, human: np.ndarray, tpr: float, tnr: float) -> np.ndarray:
    """Return a judge's passes of what experts pass with a chance of `tpr`, and of the rest with 1 - `tnr`."""
    found: np.ndarray = np.where(human > 0.5, rng.random(len(human)) < tpr, rng.random(len(human)) > tnr)
    return found.astype(float)


def shared_chances(rng: np.random.Generator, share: float, icc: float, n_groups: int) -> np.ndarray:
    """Return each group's own chance to pass; all the same where `icc` is 0."""
    if not icc:
        return np.full(n_groups, share)
    return rng.beta(share * (1 / icc - 1), (1 - share) * (1 / icc - 1), size=n_groups)


def grade(normal: np.ndarray) -> np.ndarray:
    """Return grades from 1 to 5."""
    found: np.ndarray = np.digitize(normal, CUTS) + 1.0
    return found


def mean_grade(shift: float = 0.0) -> float:
    """Return the mean grade of a standard normal moved by some amount."""
    return float(np.diff(np.r_[0.0, norm.cdf(CUTS - shift), 1.0]) @ np.arange(1.0, 6))


@cache
def sessions(n: int, versions: tuple[str, ...], n_each: int = 1) -> tuple[Session, ...]:
    """Return sessions of versions that met the same inputs; so many inputs in a row are of one group."""
    return tuple(
        Session(
            id=f"{version}-{i:04d}",
            turns=(Turn(id="1", role="user", text=f"{version} {i}"),),
            version=version,
            input=f"i{i:04d}",
            group=f"g{i // n_each:04d}" if n_each > 1 else None,
        )
        for version in versions
        for i in range(n)
    )


def data(told: Sequence[Session], given: Iterable[Label], **fields: Any) -> Dataset:
    """Return a dataset."""
    return Dataset(
        card=DatasetCard(name="simulated"), rubric=RUBRIC, sessions=tuple(told), labels=tuple(given), **fields
    )


def labels(
    criterion: Criterion, version: str, human: np.ndarray, places: Iterable[int], design: Design | None = RANDOM
) -> list[Label]:
    """Return one expert's labels of a version's inputs."""
    return [
        Label.model_construct(
            id=f"l-{version}-{i:04d}", session=f"{version}-{i:04d}", criterion=criterion.id, rater="ana",
            value=spoken(criterion, human[i]), design=design,
        )
        for i in places
    ]  # fmt: skip


def verdicts(criterion: Criterion, version: str, judge: np.ndarray) -> list[Verdict]:
    """Return one judge's verdicts of all a version's inputs."""
    return [
        Verdict.model_construct(
            id=f"v-{version}-{i:04d}", session=f"{version}-{i:04d}", criterion=criterion.id, judge="judy",
            value=spoken(criterion, number),
        )
        for i, number in enumerate(judge)
    ]  # fmt: skip


def spoken(criterion: Criterion, number: float) -> str | int:
    """Return a number as a level."""
    return ("fail", "pass")[int(number)] if criterion is PASSED else int(number)
