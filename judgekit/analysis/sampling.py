"""How labelled sessions were picked, and whether their figures may speak for the sessions they were picked from.

Sessions drawn with known, different probabilities are weighted by one over them; drawn alike, they are not. What was
picked otherwise (the judge was unsure, a rater was curious) speaks for itself alone, and that is said first.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from judgekit.analysis.agreement_wording import NEUTRAL_DESIGNS
from judgekit.records.label import Design, Label
from judgekit.records.rubric import Scale

Method = Literal["labels_only", "post_stratification", "ppi", "rogan_gladen"]
"""What makes the figure that stands first."""
BY_CLASS = "by_class"
"""Way of picking: so many sessions of each class of the experts' answer, as case-control studies do."""


@dataclass(frozen=True)
class Sampling:
    """What is recorded of how some labelled sessions were picked.

    Attributes:
        n: Labelled sessions.
        weights: Session -> one over its probability, where these differ; empty where all count alike.
        refused: Why no figure can be given; None where one can.
        chosen: Way of picking -> sessions picked neither at random nor all together, of unknown probability.
        n_unknown: Sessions of which nothing is recorded.
        strata: Session -> the stratum that it was drawn from, where all were drawn by stratum; else empty.
    """

    n: int
    weights: Mapping[str, float] = field(default_factory=dict)
    refused: str | None = None
    chosen: Mapping[str, int] = field(default_factory=dict)
    n_unknown: int = 0
    strata: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_by_class(self) -> bool:
        """Whether every session was picked by the class of the experts' answer."""
        return bool(self.n) and dict(self.chosen) == {BY_CLASS: self.n}

    @property
    def is_weighted(self) -> bool:
        """Whether sessions count by one over their probability."""
        return bool(self.weights)


def sampling_of(labels: Iterable[Label], sessions: Sequence[str]) -> Sampling:
    """Return how labelled sessions were picked.

    Args:
        labels: Labels of one criterion; those of other sessions are passed over.
        sessions: Ids of the sessions that have a number.
    """
    designs: dict[str, list[Design]] = defaultdict(list)
    for label in labels:
        if label.design is not None:
            designs[label.target].append(label.design)
    given = {each: sorted({d.probability for d in designs[each] if d.probability is not None}) for each in sessions}
    refused = _two_probabilities(given) or _some_probabilities(given)
    if refused:
        return Sampling(len(sessions), refused=refused)
    known = {each: found[0] for each, found in given.items() if found}
    if _differ(known.values()):
        weights = {each: 1 / known[each] for each in sessions}
        return Sampling(len(sessions), weights=weights, strata=_strata(designs, sessions))
    methods = {each: _method(designs[each]) for each in sessions if each not in known or _is_pick(designs[each])}
    chosen = Counter(method for method in methods.values() if method and method not in NEUTRAL_DESIGNS)
    return Sampling(len(sessions), chosen=chosen, n_unknown=sum(method is None for method in methods.values()))


def method_of(sampling: Sampling, scale: Scale, *, has_levels: bool) -> Method:
    """Return what makes the figure that stands first, from how sessions were picked alone, before any label is read.

    Args:
        sampling: How the labelled sessions that were judged were picked.
        scale: The criterion's.
        has_levels: Whether verdicts are levels, not finer scores.
    """
    if sampling.is_by_class and scale.type == "binary" and has_levels:
        return "rogan_gladen"
    if sampling.refused or sampling.chosen or not sampling.n:
        return "labels_only"
    if sampling.is_weighted or not has_levels or not scale.levels:
        return "ppi"
    return "post_stratification"


def weight_words(found: Sampling) -> str:
    """Say how weighted sessions count."""
    probabilities = sorted(1 / weight for weight in found.weights.values())
    return (
        f"each session counts by one over its recorded probability ({probabilities[0]:.3g} to {probabilities[-1]:.3g})"
    )


def _two_probabilities(given: Mapping[str, Sequence[float]]) -> str | None:
    torn = [each for each, found in given.items() if _differ(found)]
    if not torn:
        return None
    low, high = given[torn[0]][0], given[torn[0]][-1]
    return (
        f"{len(torn)} labelled sessions have more than one recorded probability, such as {torn[0]!r} "
        f"({low:g} and {high:g}); record for each its chance over all rounds"
    )


def _some_probabilities(given: Mapping[str, Sequence[float]]) -> str | None:
    """Say that some sessions lack a probability where those of the others differ."""
    known = sorted(p for found in given.values() for p in found)
    lacking = [each for each, found in given.items() if not found]
    if not lacking or not _differ(known):
        return None
    return (
        f"{len(lacking)} of {len(given)} labelled sessions have no recorded probability, such as {lacking[0]!r}, and "
        f"those of the others differ ({known[0]:g} to {known[-1]:g}): weighted or not, the figure would be off; "
        "record design.probability"
    )


def _strata(designs: Mapping[str, Sequence[Design]], sessions: Sequence[str]) -> dict[str, str]:
    """Return each session's stratum, where all were drawn by stratum and from one."""
    found: dict[str, str] = {}
    for each in sessions:
        names = {design.stratum for design in designs[each] if design.method == "stratified" and design.stratum}
        if len(names) != 1:
            return {}
        found[each] = names.pop()
    return found


def _differ(probabilities: Iterable[float]) -> bool:
    held = list(probabilities)
    return bool(held) and not math.isclose(min(held), max(held), rel_tol=1e-9)


def _is_pick(designs: Sequence[Design]) -> bool:
    """Whether a session of some way of its own is said to have been certain, of a frame that nobody states.

    What is picked by rank is certain to be picked, and the rest certain not to be: that is no chance for all.
    """
    named = [each for each in designs if each.method and each.method not in NEUTRAL_DESIGNS]
    return any(each.probability == 1 and each.frame_n is None for each in named)


def _method(designs: Iterable[Design]) -> str | None:
    """Return how a session was picked: a chance that is no chance outweighs one that is."""
    methods = {design.method for design in designs if design.method}
    return min(methods, key=lambda each: (each in NEUTRAL_DESIGNS, each), default=None)
