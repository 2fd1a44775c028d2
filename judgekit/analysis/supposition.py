"""What a plan takes for granted of one criterion, each number with where it comes from: given, a pilot, or assumed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from judgekit.analysis.pilot import MIN_JUDGED, MIN_PAIRS, Pilot
from judgekit.errors import InputError
from judgekit.stats.label_worth import UNKNOWN_ICC
from judgekit.stats.paired_population import (
    PairedPopulation,
    judge_by_correlation,
    judge_by_rates,
    level_pairs,
    level_population,
    normal_population,
)
from judgekit.stats.sample import FloatArray

RATE, KEPT, ALPHA, SECONDS = 0.8, 0.5, 0.7, 90.0
"""Taken where nothing is known: share of passes, how much two versions' numbers on an input are correlated, agreement
of two raters, and seconds a label takes."""
MORE_DIFFER = 1.25
"""Share of the inputs that differs at least, in drops, where it was not given: some are won where more are lost."""
MAX_LEVELS = 11
"""Levels up to which each is a case of its own; more are taken for numbers."""
ASSUMED = "assumed"
_BINARY = np.array([0.0, 1.0])


@dataclass(frozen=True)
class Guess:
    """Numbers given with a question; None where they are for a pilot to say, or for nobody.

    Attributes:
        rate: Share of passes by the baseline.
        discordant: Share of the inputs on which the versions get different labels.
        spread: Standard deviation of the differences of single inputs, on a scale of more than two levels.
        judge_correlation: Of judge and experts over sessions.
        judge_rates: TPR and TNR of the judge.
        n_inputs: Inputs, or sessions, that can be judged.
        group_size: Inputs of one user or task.
        icc: How alike these are.
        reliability: Agreement of two raters.
        seconds: Time a label takes.
    """

    rate: float | None = None
    discordant: float | None = None
    spread: float | None = None
    judge_correlation: float | None = None
    judge_rates: tuple[float, float] | None = None
    n_inputs: int | None = None
    group_size: int | None = None
    icc: float | None = None
    reliability: float | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        for name in ("rate", "discordant"):
            _refuse_outside(name, getattr(self, name), 0.0, 1.0)
        for name in ("icc", "reliability"):
            _refuse_outside(name, getattr(self, name), -1e-12, 1.0 + 1e-12)
        _refuse_outside("judge correlation", self.judge_correlation, -1.0, 1.0)
        for rate in self.judge_rates or ():
            _refuse_outside("judge rate", rate, 0.0, 1.0 + 1e-12)
        if self.judge_rates is not None and sum(self.judge_rates) <= 1:
            words = f"a judge of TPR {self.judge_rates[0]:g} and TNR {self.judge_rates[1]:g} is no better than chance"
            raise InputError(words, hint="Their sum must be above 1")
        for name in ("spread", "seconds", "n_inputs", "group_size"):
            given = getattr(self, name)
            if given is not None and not (given > 0 and math.isfinite(given)):
                raise InputError(f"{name.replace('_', ' ')} {given:g} is not above 0", hint="Leave it out, or give it")
        if self.judge_correlation is not None and self.judge_rates is not None:
            raise InputError("a judge's correlation and its TPR and TNR are both given", hint="Give one of them")


@dataclass(frozen=True, eq=False)
class Supposition:
    """What is taken for granted of one criterion.

    Attributes:
        criterion: Its id; None where only numbers are given.
        levels: The scale's places, ascending; None where it has none, or too many.
        shares: Of each level by the baseline; empty without levels.
        deviation: Of the experts' numbers of single sessions.
        discordant: Share of the inputs that get another level from the candidate.
        is_firm: Whether that share was given, and stays whatever drop is planned for.
        spread: Standard deviation of the differences of single inputs, where there are no levels.
        judge: How often the judge gives each level where the experts give one; None without a judge or levels.
        correlation: Of judge and experts over sessions; None without a judge.
        n_inputs: Inputs that can be judged; None where nothing is known.
        group_size: Inputs of one group.
        icc: How alike they are.
        reliability: Agreement of two raters.
        seconds: Time a label takes.
        is_lower_better: Whether worse is more.
        told: What each is, and from where.
    """

    criterion: str | None
    levels: FloatArray | None
    shares: FloatArray
    deviation: float
    discordant: float
    is_firm: bool
    spread: float
    judge: FloatArray | None
    correlation: float | None
    n_inputs: int | None
    group_size: int
    icc: float
    reliability: float
    seconds: float
    is_lower_better: bool
    told: Mapping[str, str]

    @property
    def has_judge(self) -> bool:
        """Whether a judge helps."""
        return self.correlation is not None

    @property
    def is_binary(self) -> bool:
        """Whether there are two levels."""
        return self.levels is not None and len(self.levels) == 2

    @property
    def rate(self) -> float:
        """Share of the positive level, or mean."""
        return float(self.shares @ self.levels) if self.levels is not None else 0.0

    @property
    def largest_drop(self) -> float:
        """The largest drop that so many inputs that differ can come to."""
        if self.levels is None:
            return 5 * self.spread
        span = float(np.ptp(self.levels)) if len(self.levels) > 2 else 1.0
        return span * (0.999 * self.discordant if self.is_firm else 1 / MORE_DIFFER)

    def population(self, drop: float) -> PairedPopulation:
        """Return the population in which the candidate is worse by so much.

        More inputs differ where those supposed to could not come to that much, unless their share was given.

        Raises:
            InputError: So few inputs that differ cannot come to that much.
        """
        difference = drop if self.is_lower_better else -drop
        if self.levels is None:
            found = normal_population(self.spread, difference, correlation=self.correlation or 0.0)
        else:
            least = 0.0 if self.is_firm else MORE_DIFFER * abs(drop) / float(np.ptp(self.levels))
            discordant = min(1.0, max(self.discordant, least))
            pairs = level_pairs(self.shares, self.levels, discordant=discordant, difference=difference)
            found = level_population(pairs, self.levels, self.judge)
        return found.grouped(self.group_size, self.icc)


def supposition(guess: Guess, pilot: Pilot | None = None) -> Supposition:
    """Return what is taken for granted: what is given, else what the pilot's labels say, else what is usual.

    Raises:
        InputError: The pilot's judge was seen beside too few labels, or a number does not go with the scale.
    """
    told: dict[str, str] = {}
    levels, shares = _levels(guess, pilot, told)
    deviation = _deviation(guess, pilot, levels, shares)
    discordant, spread = _difference(guess, pilot, (levels, shares, deviation), told)
    judge, correlation = _judge(guess, pilot, levels, shares, told)
    group_size, icc = _groups(guess, pilot, told)
    criterion = pilot.criterion if pilot is not None else None
    return Supposition(
        criterion=criterion.id if criterion is not None else None,
        levels=levels,
        shares=shares,
        deviation=deviation,
        discordant=discordant,
        is_firm=guess.discordant is not None,
        spread=spread,
        judge=judge,
        correlation=correlation,
        n_inputs=_inputs(guess, pilot, told),
        group_size=group_size,
        icc=icc,
        reliability=_reliability(guess, pilot),
        seconds=_seconds(guess, pilot, told),
        is_lower_better=criterion is not None and criterion.direction == "lower",
        told=told,
    )


def reliability_words(found: Supposition, guess: Guess, pilot: Pilot | None) -> str:
    """Say how far two raters agree, and from where that is known."""
    if guess.reliability is not None:
        return f"{found.reliability:.2f}, given"
    if pilot is not None and pilot.reliability is not None:
        return f"{found.reliability:.2f}, alpha of {pilot.n_twice} sessions with two raters"
    return f"{found.reliability:.2f}, {ASSUMED}"


def _levels(guess: Guess, pilot: Pilot | None, told: dict[str, str]) -> tuple[FloatArray | None, FloatArray]:
    """Return the scale's places, and the share of each by the baseline."""
    if guess.spread is not None or (pilot is not None and not 1 < len(pilot.criterion.scale.levels) <= MAX_LEVELS):
        return None, np.zeros(0)
    levels: FloatArray = _BINARY if pilot is None else np.array(pilot.criterion.scale.numbers(), dtype=np.float64)
    is_binary = len(levels) == 2
    if guess.rate is not None:
        if not is_binary:
            raise InputError(f"a rate of {guess.rate:g} is for two levels, and {_named(pilot)} has {len(levels)}")
        told["rate"] = f"{guess.rate:g}, given"
        return levels, np.array([1 - guess.rate, guess.rate])
    n = 0 if pilot is None else len(pilot.numbers)
    if pilot is None or n == 0:
        told["rate" if is_binary else "levels"] = f"{RATE:g}, {ASSUMED}" if is_binary else f"equal shares, {ASSUMED}"
        return levels, np.array([1 - RATE, RATE]) if is_binary else np.full(len(levels), 1 / len(levels))
    nearest = np.abs(pilot.numbers[:, None] - levels).argmin(axis=1)
    counts: FloatArray = np.bincount(nearest, minlength=len(levels)).astype(np.float64)
    shares: FloatArray = (counts + 0.5) / (n + 0.5 * len(levels))
    whose = f" of {pilot.version}" if pilot.version else ""
    mean = float(pilot.numbers.mean())
    told["rate" if is_binary else "mean"] = f"{mean:.3g}, from {n} labels{whose}"
    return levels, shares


def _deviation(guess: Guess, pilot: Pilot | None, levels: FloatArray | None, shares: FloatArray) -> float:
    if levels is not None:
        return math.sqrt(float(shares @ levels**2) - float(shares @ levels) ** 2)
    if pilot is not None and len(pilot.numbers) > 1 and np.ptp(pilot.numbers) > 0:
        return float(np.std(pilot.numbers, ddof=1))
    if guess.spread is not None:
        return guess.spread
    raise InputError(
        f"no label of {_named(pilot)} says how far sessions lie apart", hint="Give --spread, of the differences"
    )


def _difference(
    guess: Guess, pilot: Pilot | None, scale: tuple[FloatArray | None, FloatArray, float], told: dict[str, str]
) -> tuple[float, float]:
    """Return the share of the inputs that differ, and how far they do."""
    levels, shares, deviation = scale
    paired = np.zeros(0) if pilot is None else pilot.differences
    has_pairs = len(paired) >= MIN_PAIRS
    whose = "" if pilot is None or pilot.pair is None else f" of {pilot.pair[1]} against {pilot.pair[0]}"
    if levels is None:
        spread = guess.spread or (float(np.std(paired, ddof=1)) if has_pairs else deviation * math.sqrt(2 * (1 - KEPT)))
        how = "given" if guess.spread else f"from {len(paired)} inputs{whose}" if has_pairs else ASSUMED
        told["spread of differences"] = f"{spread:.3g}, {how}"
        return 1.0, spread
    if guess.discordant is not None:
        told["inputs that differ"] = f"{guess.discordant:g}, given"
        return guess.discordant, 0.0
    if has_pairs and len(levels) > 2:
        discordant = _discordant_as_far(paired, levels, shares)
        told["inputs that differ"] = (
            f"{discordant:.3g}, for differences as far apart as those of {len(paired)} inputs{whose}"
        )
        return discordant, 0.0
    if has_pairs:
        discordant = (float((paired != 0).sum()) + 1) / (len(paired) + 2)
        told["inputs that differ"] = f"{discordant:.3g}, from {len(paired)} inputs{whose}"
        return discordant, 0.0
    discordant = (1 - KEPT) * (1 - float(shares @ shares))
    told["inputs that differ"] = f"{discordant:.3g}, {ASSUMED}: half of what unrelated versions would"
    return discordant, 0.0


def _discordant_as_far(paired: FloatArray, levels: FloatArray, shares: FloatArray) -> float:
    """Return the share of the inputs that must differ for differences to lie as far apart as some that were seen.

    Not the share that did: a median of two raters lies between levels, and differs by half of one.
    """
    apart = np.outer(shares, shares) * (1 - np.eye(len(levels)))
    square = float((apart * (levels[:, None] - levels) ** 2).sum() / apart.sum())
    return min(0.99, max(1 / len(paired), float(np.var(paired, ddof=1)) / square))


def _judge(
    guess: Guess, pilot: Pilot | None, levels: FloatArray | None, shares: FloatArray, told: dict[str, str]
) -> tuple[FloatArray | None, float | None]:
    """Return what the judge says where the experts say something, and how far both are correlated."""
    if guess.judge_rates is not None:
        if levels is None or len(levels) != 2:
            raise InputError("TPR and TNR are of two levels", hint="Give --judge-correlation")
        told["judge"] = "TPR {:g}, TNR {:g}, given".format(*guess.judge_rates)
        judge = judge_by_rates(*guess.judge_rates)
        return judge, _correlation(judge, levels, shares)
    if guess.judge_correlation is not None:
        told["judge"] = f"correlation {guess.judge_correlation:g} over sessions, given"
        if levels is None:
            return None, guess.judge_correlation
        if guess.judge_correlation < 0:
            raise InputError(f"a judge correlated by {guess.judge_correlation:g} says the opposite of the experts")
        return judge_by_correlation(guess.judge_correlation, shares), guess.judge_correlation
    if pilot is None or pilot.judged is None:
        return None, None
    said, human = pilot.judged.T
    if len(said) < MIN_JUDGED:
        raise InputError(
            f"{len(said)} labels of {_named(pilot)} stand beside verdicts, and a pilot of a judge takes {MIN_JUDGED}",
            hint="Judge more labelled sessions of train and dev, or give --judge-correlation",
        )
    if levels is None:
        both = np.ptp(said) > 0 and np.ptp(human) > 0
        found = float(np.corrcoef(said, human)[0, 1]) if both else 0.0
        told["judge"] = f"correlation {found:.2f} over {len(said)} labelled sessions"
        return None, found
    places = [np.abs(each[:, None] - levels).argmin(axis=1) for each in (human, said)]
    counts = np.zeros((len(levels), len(levels)))
    np.add.at(counts, tuple(places), 1.0)
    given = (counts.sum(axis=0) + 0.5) / (counts.sum() + 0.5 * len(levels))
    judge = (counts + given) / (counts.sum(axis=1, keepdims=True) + 1)
    found = _correlation(judge, levels, shares)
    rates = f"TPR {judge[1, 1]:.2f}, TNR {judge[0, 0]:.2f}, " if len(levels) == 2 else ""
    told["judge"] = f"{rates}correlation {found:.2f} over sessions, from {len(said)} labels beside verdicts"
    return judge, found


def _groups(guess: Guess, pilot: Pilot | None, told: dict[str, str]) -> tuple[int, float]:
    size = guess.group_size or (1 if pilot is None else max(1, round(pilot.group_size)))
    if size == 1:
        return 1, 0.0
    how = "given" if guess.group_size else "the dataset's, on average over inputs"
    told["inputs of a group"] = f"{size}, {how}"
    if guess.icc is not None:
        told["ICC"] = f"{guess.icc:g}, given"
        return size, guess.icc
    if pilot is not None and pilot.icc is not None:
        told["ICC"] = f"{pilot.icc:.2f}, from the labels of sessions"
        return size, pilot.icc
    told["ICC"] = f"{UNKNOWN_ICC:g}, {ASSUMED}"
    return size, UNKNOWN_ICC


def _inputs(guess: Guess, pilot: Pilot | None, told: dict[str, str]) -> int | None:
    if guess.n_inputs is not None:
        told["inputs"] = f"{guess.n_inputs:,}, given"
        return guess.n_inputs
    if pilot is None or not pilot.n_inputs:
        return None
    told["inputs"] = f"{pilot.n_inputs:,}, in the dataset"
    return pilot.n_inputs


def _reliability(guess: Guess, pilot: Pilot | None) -> float:
    if guess.reliability is not None:
        return guess.reliability
    known = pilot.reliability if pilot is not None else None
    return ALPHA if known is None else min(1.0, max(0.0, known))


def _seconds(guess: Guess, pilot: Pilot | None, told: dict[str, str]) -> float:
    if guess.seconds is not None:
        told["seconds a label"] = f"{guess.seconds:g}, given"
        return guess.seconds
    if pilot is not None and pilot.seconds is not None:
        told["seconds a label"] = f"{pilot.seconds:.0f}, median of the labels"
        return pilot.seconds
    told["seconds a label"] = f"{SECONDS:g}, {ASSUMED}"
    return SECONDS


def _correlation(judge: FloatArray, levels: FloatArray, shares: FloatArray) -> float:
    joint = shares[:, None] * judge
    mean, other = float(shares @ levels), float(joint.sum(axis=0) @ levels)
    spread = (float(shares @ levels**2) - mean**2) * (float(joint.sum(axis=0) @ levels**2) - other**2)
    return (float(levels @ joint @ levels) - mean * other) / math.sqrt(spread) if spread > 1e-12 else 0.0


def _named(pilot: Pilot | None) -> str:
    return repr(pilot.criterion.id) if pilot is not None else "the criterion"


def _refuse_outside(name: str, given: float | None, low: float, high: float) -> None:
    if given is not None and not low < given < high:
        raise InputError(f"{name} {given:g} is not between {round(low):g} and {round(high):g}", hint="Give a share")
