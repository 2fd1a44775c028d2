"""Learning a calibration: several ways are tried on sessions fitted without, and the simplest good one stays.

Folds are of independent units. The method is the simplest whose cross-fitted loss is within one standard error of the
best one's. What that gains over the raw judge is measured once more around it, each fold choosing for itself, so that
the gain does not profit from the choice; where its interval reaches 0, the raw judge is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from judgekit.distill.evidence import Evidence, losses, mean_estimate
from judgekit.distill.folds import folds_of
from judgekit.errors import InputError
from judgekit.judging.calibration import Expected, Model, expected, filled, is_ordered
from judgekit.records.calibration import CalibrationMethod, Numbers
from judgekit.stats.estimate import Estimate, undefined
from judgekit.stats.isotonic import Isotonic, fit_isotonic
from judgekit.stats.level_table import LevelTable, fit_level_table
from judgekit.stats.linear_map import LinearMap, fit_line, fit_offset, fit_ridge
from judgekit.stats.logistic import Logistic, fit_logistic_ridge, fit_platt
from judgekit.stats.proportional_odds import fit_proportional_odds
from judgekit.stats.sample import FloatArray, IntArray
from judgekit.stats.unit_sums import Resampling

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
_ROUNDING = 1e-9
"""Share of the raw loss below which a gain is rounding."""
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
        """Whether the gain is more than noise; also where the raw judge has no place on the scale to lose it.

        A gain without an interval is the same for every unit: a shift that never varies.
        """
        if self.raw_losses is None or self.gain.value is None:
            return self.raw_losses is None
        if self.gain.low is None:
            return self.gain.value > _ROUNDING * float(self.raw_losses.mean())
        return self.gain.low > 0


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
    if not fit_for:
        raise _nothing_fits(evidence, names)
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


def _nothing_fits(evidence: Evidence, names: Sequence[str]) -> InputError:
    """Return the error of verdicts that no method can read, or not yet."""
    where = f"criterion {evidence.criterion.id}"
    if not names:
        hint = "Give verdicts with a value, or with a distribution over the levels"
        return InputError("no verdict says a level, and these levels have no order for a score", where=where, hint=hint)
    needed = ", ".join(f"{name} needs {UNITS_NEEDED.get(name, ISOTONIC_UNITS)}" for name in names)
    return InputError(f"no method fits {evidence.n_units} units: {needed}", where=where, hint="Label more sessions")


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
