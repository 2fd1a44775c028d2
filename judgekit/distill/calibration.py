"""Learning a calibration: several ways are tried on sessions fitted without, and the simplest good one stays.

Folds are of independent units. The method is the simplest whose cross-fitted loss is within one standard error of the
best one's. What that gains over the raw judge is measured once more around it, each fold choosing for itself, so that
the gain does not profit from the choice; where its interval reaches 0, the raw judge is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from judgekit.distill.folds import folds_of
from judgekit.errors import InputError
from judgekit.judging.calibration import Expected, Model, Readings, ends_of, expected, filled, is_ordered, values_of
from judgekit.records.calibration import CalibrationMethod, Conformal, Numbers
from judgekit.records.rubric import Criterion, level_text
from judgekit.stats.conformal import conformal_reach, left_out_reaches, reach_outward, units_needed
from judgekit.stats.estimate import Estimate, undefined
from judgekit.stats.isotonic import Isotonic, fit_isotonic
from judgekit.stats.level_table import LevelTable, fit_level_table
from judgekit.stats.linear_map import LinearMap, fit_line, fit_offset, fit_ridge
from judgekit.stats.logistic import Logistic, fit_logistic_ridge, fit_platt
from judgekit.stats.proportional_odds import fit_proportional_odds
from judgekit.stats.sample import FloatArray, IntArray
from judgekit.stats.unit_sums import Otherwise, Resampling, estimates_of_sums

MIN_UNITS = 20
"""Labelled units below which not even a shift is told from noise."""
UNITS_NEEDED: dict[str, int] = {
    "offset": 20, "linear": 20, "table": 20, "platt": 30, "proportional_odds": 50, "stacked": 30,
}  # fmt: skip
"""Fewest labelled units by method (statistics.md 6.4); isotonic has its own rule."""
ISOTONIC_UNITS = 200
FEW_LEVELS, ROWS_A_LEVEL = 10, 10
"""Isotonic also where the judge has at most so many numbers, each on so many sessions."""
PENALTIES = (1000.0, 100.0, 10.0, 1.0)
"""Of the stacked head, simplest first."""
N_FOLDS, N_INNER = 10, 5
KEEPS_ORDER = ("offset", "linear", "platt", "isotonic", "proportional_odds")
"""Methods that never turn two sessions round."""
WORDS: dict[str, str] = {
    "raw": "the judge as it is",
    "offset": "shifted by the mean difference",
    "linear": "a straight line",
    "platt": "Platt's logistic line",
    "table": "what experts said at each level of the judge",
    "isotonic": "the best line that never falls",
    "proportional_odds": "cumulative logits, one slope",
    "stacked": "all inputs together, regularised",
}


@dataclass(frozen=True, eq=False)
class Evidence:
    """Labelled verdicts on one criterion.

    Attributes:
        criterion: The question.
        readings: What a calibration reads, a row a target.
        human: The reference's number, shape (n,).
        names: Independent unit of each target.
        n_inputs: Inputs that the stacked head would read.
    """

    criterion: Criterion
    readings: Readings
    human: FloatArray
    names: tuple[str, ...]
    n_inputs: int = 1
    units: IntArray = field(init=False)
    shares: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "units", np.unique(self.names, return_inverse=True)[1].astype(np.int64))
        object.__setattr__(self, "shares", _shares_of(self.human, self.criterion))

    @property
    def n_units(self) -> int:
        """Independent units."""
        return len(set(self.names))

    def only(self, kept: np.ndarray) -> Evidence:
        """Return some of the targets."""
        names = tuple(name for name, is_kept in zip(self.names, kept, strict=True) if is_kept)
        return Evidence(self.criterion, self.readings.only(kept), self.human[kept], names, self.n_inputs)

    def raw(self) -> Expected | None:
        """Return the judge as it is; None where its scores have no place on the scale."""
        scale, readings = self.criterion.scale, self.readings
        low, high = ends_of(scale) if is_ordered(scale) else (0.0, 0.0)
        if is_ordered(scale) and not ((readings.numbers >= low) & (readings.numbers <= high)).all():
            return None
        if scale.type == "binary":
            return Expected(readings.numbers, np.column_stack([1 - readings.numbers, readings.numbers]))
        has_shares = scale.levels and not np.isnan(readings.shares).any()
        return Expected(readings.numbers, readings.shares if has_shares else None)


@dataclass(frozen=True, order=True)
class Candidate:
    """One way of calibrating; simpler ones sort first."""

    rank: int
    method: CalibrationMethod
    penalty: float = 0.0


@dataclass(frozen=True, eq=False)
class Fitted:
    """A model, and what stands in for inputs that are missing."""

    model: Model
    fills: tuple[float, ...] = ()

    @property
    def parameters(self) -> dict[str, Numbers]:
        """The numbers, as `calibration.json` holds them."""
        match self.model:
            case LinearMap():
                found: dict[str, Numbers] = {"intercept": (self.model.intercept,), "slopes": self.model.slopes}
            case Isotonic():
                found = {"at": self.model.at, "values": self.model.values}
            case LevelTable():
                found = {"rows": self.model.rows}
            case Logistic():
                found = {"intercepts": self.model.intercepts, "slopes": self.model.slopes}
            case _:
                found = {"thresholds": self.model.thresholds, "slope": (self.model.slope,)}
        return found | ({"fills": self.fills} if self.fills else {})


@dataclass(frozen=True, eq=False)
class Trial:
    """One candidate's cross-fitted losses, shape (n,)."""

    candidate: Candidate
    losses: FloatArray


@dataclass(frozen=True, eq=False)
class Learnt:
    """What was learnt of one criterion.

    Attributes:
        chosen: The method, fitted to everything.
        fitted: Its numbers.
        trials: Every candidate's losses under one and the same cross-fitting.
        raw_losses: The raw judge's; None where it has no place on the scale.
        crossfitted: What the whole procedure says of each target, the fold of which it never saw.
        gain: Of the whole procedure over the raw judge.
    """

    chosen: Candidate
    fitted: Fitted
    trials: tuple[Trial, ...]
    raw_losses: FloatArray | None
    crossfitted: Expected
    gain: Estimate

    @property
    def is_gain(self) -> bool:
        """Whether the gain is more than noise; also where the raw judge has no place on the scale to lose it."""
        return self.raw_losses is None or (self.gain.low is not None and self.gain.low > 0)


def learn_calibration(
    evidence: Evidence, resampling: Resampling, *, seed: int, method: CalibrationMethod | None = None
) -> Learnt:
    """Return the best way to calibrate and what it gains.

    Args:
        evidence: Labelled verdicts.
        resampling: For the gain's interval.
        seed: Of the folds.
        method: Only this one; None: whatever is best.

    Raises:
        InputError: The labels cannot support any calibration, or not this method; says what is missing.
    """
    candidates = candidates_of(evidence, method)
    trials = tuple(Trial(each, crossfitted_losses(each, evidence, N_INNER, seed=seed)) for each in candidates)
    chosen = choose(trials, evidence.units)
    crossfitted = _nested(evidence, candidates, seed=seed)
    raw = evidence.raw()
    raw_losses = None if raw is None else losses(raw, evidence)
    own = losses(crossfitted, evidence)
    gain = (
        undefined("not_for_this_scale", "the raw scores have no place on the scale", n=len(own))
        if raw_losses is None
        else mean_estimate(raw_losses - own, evidence.units, resampling)
    )
    return Learnt(chosen, fit(chosen, evidence), trials, raw_losses, crossfitted, gain)


def require_learnable(evidence: Evidence, dropped: dict[str, int]) -> None:
    """Check that labels can support a calibration at all.

    Raises:
        InputError: They are too few, or all alike; says what is missing.
    """
    where = f"criterion {evidence.criterion.id}"
    lost = ", ".join(f"{n} {cause}" for cause, n in sorted(dropped.items()) if n)
    aside = f" (not used: {lost})" if lost else ""
    if evidence.n_units < MIN_UNITS:
        what = f"{evidence.n_units} labelled and judged units are too few to calibrate with{aside}"
        raise InputError(what, where=where, hint=f"Label {MIN_UNITS - evidence.n_units} more; {MIN_UNITS} are needed")
    if len(np.unique(evidence.human)) < 2:
        what = f"all labels are alike{aside}, so nothing says how verdicts and labels go together"
        raise InputError(what, where=where, hint="Label sessions where the answer differs")


def candidates_of(evidence: Evidence, method: CalibrationMethod | None = None) -> tuple[Candidate, ...]:
    """Return the ways that fit the scale and have labels enough, simplest first.

    Raises:
        InputError: The method asked for is not among them.
    """
    scale, n_units = evidence.criterion.scale, evidence.n_units
    names: list[CalibrationMethod] = ["platt"] if scale.type == "binary" else ["offset", "linear"]
    if not is_ordered(scale):
        names = []
    has_shares = bool(scale.levels) and not np.isnan(evidence.readings.shares).any()
    names += ["table"] if has_shares else []
    names += ["isotonic"] if is_ordered(scale) else []
    names += ["proportional_odds"] if scale.type == "ordinal" else []
    names += ["stacked"] if evidence.n_inputs > 1 else []
    fit_for = [name for name in names if _has_enough(name, evidence)]
    if method is not None:
        if method not in fit_for:
            needed = UNITS_NEEDED.get(method, ISOTONIC_UNITS)
            told = f"it needs {needed} units and there are {n_units}" if method in names else "it does not fit the data"
            if method == "stacked" and evidence.n_inputs == 1:
                told = "it needs a second input"
            hint = f"Leave --method out, or choose one of {', '.join(fit_for)}"
            raise InputError(f"method {method}: {told}", where=f"criterion {evidence.criterion.id}", hint=hint)
        fit_for = [method]
    return tuple(
        Candidate(rank, name, penalty)
        for rank, (name, penalty) in enumerate(
            (name, penalty) for name in fit_for for penalty in (PENALTIES if name == "stacked" else (0.0,))
        )
    )


def choose(trials: Sequence[Trial], units: IntArray) -> Candidate:
    """Return the simplest candidate whose loss exceeds the best one's by no more than a standard error.

    Source: Breiman et al. 1984, section 3.4.3 (the one-standard-error rule), on paired losses.
    """
    best = min(trials, key=lambda trial: float(trial.losses.mean()))
    for trial in sorted(trials, key=lambda each: each.candidate):
        excess = trial.losses - best.losses
        if excess.mean() <= _error(excess, units):
            return trial.candidate
    return best.candidate


def crossfitted_losses(candidate: Candidate, evidence: Evidence, n_folds: int, *, seed: int) -> FloatArray:
    """Return a candidate's losses on targets that it was fitted without, shape (n,)."""
    found = np.zeros(len(evidence.human))
    for kept in _folds(evidence, n_folds, seed=seed):
        model, rest = fit(candidate, evidence.only(kept)), evidence.only(~kept)
        found[~kept] = losses(_expected(candidate, model, rest), rest)
    return found


def fit(candidate: Candidate, evidence: Evidence) -> Fitted:
    """Return a candidate fitted to labelled verdicts."""
    numbers, human = evidence.readings.numbers, evidence.human
    model: Model
    match candidate.method:
        case "offset":
            model = fit_offset(numbers, human)
        case "linear":
            model = fit_line(numbers, human)
        case "platt":
            model = fit_platt(numbers, human)
        case "isotonic":
            model = fit_isotonic(numbers, human)
        case "table":
            model = fit_level_table(evidence.readings.shares, evidence.shares)
        case "proportional_odds":
            model = fit_proportional_odds(numbers, evidence.shares)
        case _:
            return _stacked(candidate.penalty, evidence)
    return Fitted(model)


def loss_of(criterion: Criterion) -> Literal["absolute_error", "brier"]:
    """Return what is lost on a criterion's scale: levels far apart are far wrong, where they have distances."""
    return "absolute_error" if criterion.scale.type in ("ordinal", "numeric") else "brier"


def losses(found: Expected, evidence: Evidence) -> FloatArray:
    """Return the loss on each target: absolute error of the score, or half the squared distance of distributions."""
    if found.shares is not None and loss_of(evidence.criterion) == "brier":
        return np.asarray(((found.shares - evidence.shares) ** 2).sum(axis=1) / 2, dtype=np.float64)
    return np.abs(found.scores - evidence.human)


def mean_estimate(numbers: FloatArray, units: IntArray, resampling: Resampling) -> Estimate:
    """Return a mean with its interval over independent units."""
    rows = np.column_stack([numbers, np.ones(len(numbers))])
    otherwise = Otherwise("no_data", "there are no rows")
    (found,) = estimates_of_sums(_ratio, rows, units, resampling=resampling, otherwise=otherwise)
    return found


def conformal_of(found: Expected, evidence: Evidence, resampling: Resampling, *, coverage: float) -> Conformal | None:
    """Return the conformal distances of the cross-fitted scores; None where levels have no order.

    One residual a unit, drawn at random, since targets of one unit are not exchangeable with those of another.
    """
    scale = evidence.criterion.scale
    if scale.type not in ("ordinal", "numeric"):
        return None
    rows = _one_a_unit(evidence, resampling.rng)
    residuals = np.abs(found.scores - evidence.human)[rows]
    reach = conformal_reach(residuals, coverage)
    by_level: dict[str, float] = {}
    if scale.levels:
        said = [level_text(value) for value in values_of(found, scale)]
        own = {level: residuals[[said[row] == level for row in rows]] for level in map(level_text, scale.levels)}
        if all(len(some) >= units_needed(coverage) for some in own.values()):
            by_level = {level: conformal_reach(some, coverage) or 0.0 for level, some in own.items()}
    far = left_out_reaches(residuals, coverage)
    (low, high), levels = ends_of(scale), scale.numbers() if scale.levels else ()
    ends = reach_outward(found.scores[rows], far, low=low, high=high, levels=levels)
    human = evidence.human[rows]
    hits = ((human >= ends[:, 0]) & (human <= ends[:, 1])).astype(np.float64)
    held = mean_estimate(hits, np.arange(len(hits)), resampling)
    return Conformal(coverage=coverage, reach=reach, by_level=by_level, n=len(rows), held=held)


def _stacked(penalty: float, evidence: Evidence) -> Fitted:
    fills = _fills(evidence.readings.columns)
    columns = filled(evidence.readings, fills).columns
    if evidence.criterion.scale.type in ("ordinal", "numeric"):
        return Fitted(fit_ridge(columns, evidence.human, penalty), fills)
    return Fitted(fit_logistic_ridge(columns, evidence.shares, penalty), fills)


def _nested(evidence: Evidence, candidates: Sequence[Candidate], *, seed: int) -> Expected:
    """Return what is said of each target by a model chosen and fitted without its fold."""
    scale = evidence.criterion.scale
    scores = np.full(len(evidence.human), np.nan)
    shares = np.full((len(scores), len(scale.levels)), np.nan)
    for kept in _folds(evidence, N_FOLDS, seed=seed + 1):
        inside, rest = evidence.only(kept), evidence.only(~kept)
        trials = [Trial(each, crossfitted_losses(each, inside, N_INNER, seed=seed)) for each in candidates]
        chosen = choose(trials, inside.units) if len(trials) > 1 else candidates[0]
        found = _expected(chosen, fit(chosen, inside), rest)
        scores[~kept] = found.scores
        if found.shares is not None:
            shares[~kept] = found.shares
    return Expected(scores, None if np.isnan(shares).any() or not scale.levels else shares)


def _expected(candidate: Candidate, fitted: Fitted, evidence: Evidence) -> Expected:
    readings = filled(evidence.readings, fitted.fills)
    return expected(candidate.method, fitted.model, readings, evidence.criterion.scale)


def _folds(evidence: Evidence, n_folds: int, *, seed: int) -> list[np.ndarray]:
    """Return for each fold which targets are kept, shape (n,); folds without targets are left out."""
    fold_of = folds_of(evidence.names, n_folds, seed=seed)
    own = np.array([fold_of[name] for name in evidence.names])
    return [own != fold for fold in range(n_folds) if (own == fold).any()]


def _has_enough(method: str, evidence: Evidence) -> bool:
    if method != "isotonic":
        return evidence.n_units >= UNITS_NEEDED[method]
    _, counts = np.unique(evidence.readings.numbers, return_counts=True)
    is_few = len(counts) <= FEW_LEVELS and bool(counts.min() >= ROWS_A_LEVEL)
    return evidence.n_units >= ISOTONIC_UNITS or is_few


def _shares_of(human: FloatArray, criterion: Criterion) -> FloatArray:
    """Return references as shares of the levels, shape (n, n_levels); one between two levels is shared out."""
    scale = criterion.scale
    if not scale.levels:
        return np.zeros((len(human), 0))
    places = np.array(scale.numbers())
    above = np.clip(np.searchsorted(places, human, side="left"), 1, len(places) - 1)
    part = (human - places[above - 1]) / (places[above] - places[above - 1])
    shares = np.zeros((len(human), len(places)))
    rows = np.arange(len(human))
    shares[rows, above - 1], shares[rows, above] = 1 - part, part
    return shares


def _fills(columns: FloatArray) -> tuple[float, ...]:
    """Return each column's mean over what is there; 0 where nothing is."""
    there = ~np.isnan(columns)
    sums = np.where(there, columns, 0.0).sum(axis=0)
    return tuple(float(total) / max(int(n), 1) for total, n in zip(sums, there.sum(axis=0), strict=True))


def _error(numbers: FloatArray, units: IntArray) -> float:
    """Return the standard error of a mean over independent units of any size."""
    sums = np.bincount(np.unique(units, return_inverse=True)[1], weights=numbers - numbers.mean())
    n_units = len(sums)
    return float(np.sqrt(n_units / max(n_units - 1, 1) * (sums**2).sum()) / len(numbers))


def _one_a_unit(evidence: Evidence, rng: np.random.Generator) -> IntArray:
    """Return one row of each unit, whatever was said of it."""
    order = rng.permutation(len(evidence.units))
    _, first = np.unique(evidence.units[order], return_index=True)
    return np.asarray(np.sort(order[first]), dtype=np.int64)


def _ratio(sums: FloatArray) -> FloatArray:
    return sums[:, :1] / sums[:, 1:]
