"""Applying a calibration: verdicts in, the expert's expected labels out. Learning one is `distill.calibration`.

What is read of a verdict: its number (of a distribution the mean, else the score, else the value's place) and its
shares of the levels. Several samples, and both orders of a pair, are averaged first, so that they all get one answer.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from judgekit.errors import InputError
from judgekit.judging.prompt import PairTarget
from judgekit.judging.runner.interview import Target
from judgekit.records.calibration import Calibration, CalibrationInput, Conformal
from judgekit.records.judge import Judge
from judgekit.records.rubric import Scale, Value, level_text
from judgekit.records.session import Session
from judgekit.records.verdict import Failure, Verdict
from judgekit.stats.conformal import reach_outward
from judgekit.stats.isotonic import Isotonic
from judgekit.stats.level_table import LevelTable
from judgekit.stats.linear_map import LinearMap
from judgekit.stats.logistic import Logistic
from judgekit.stats.proportional_odds import ProportionalOdds
from judgekit.stats.sample import FloatArray

Place = tuple[str, str | None]
"""(session or pair id, turn id or None)."""
Model = LinearMap | Isotonic | LevelTable | Logistic | ProportionalOdds


@dataclass(frozen=True)
class Said:
    """What was read of one judge's verdicts on one target.

    Attributes:
        number: On the criterion's scale; NaN on levels without an order.
        shares: Of the levels; None where nothing says how they are spread.
    """

    number: float
    shares: tuple[float, ...] | None = None


@dataclass(frozen=True, eq=False)
class Readings:
    """What a calibration reads of many targets.

    Attributes:
        numbers: The judge's own number, shape (n,).
        shares: Its shares of the levels, shape (n, n_levels); NaN where there are none.
        columns: All inputs side by side for the stacked head, shape (n, n_columns); NaN where one is missing.
    """

    numbers: FloatArray
    shares: FloatArray
    columns: FloatArray

    def only(self, kept: np.ndarray) -> Readings:
        """Return some of the targets."""
        return Readings(self.numbers[kept], self.shares[kept], self.columns[kept])


@dataclass(frozen=True, eq=False)
class Expected:
    """What the expert is expected to say.

    Attributes:
        scores: Expected number, shape (n,); NaN on levels without an order.
        shares: Distribution over the levels, shape (n, n_levels); None for methods that give a number alone.
    """

    scores: FloatArray
    shares: FloatArray | None = None


def is_ordered(scale: Scale) -> bool:
    """Return whether the scale's places may be averaged."""
    return scale.type in ("binary", "ordinal", "numeric")


def said_by_place(each: CalibrationInput, outcomes: Iterable[Verdict | Failure]) -> dict[Place, Said]:
    """Return what one judge said on one criterion, by target; targets without an answer are not there."""
    scale = each.scale
    heard: dict[Place, list[Said]] = {}
    for outcome in outcomes:
        if isinstance(outcome, Verdict) and outcome.status == "ok" and outcome.criterion == each.criterion and scale:
            heard.setdefault((outcome.target, outcome.turn), []).append(_said(scale, outcome))
    return {place: _mean(some) for place, some in heard.items()}


def length_of(target: Target) -> Said:
    """Return the logarithm of a session's characters; of a pair, the first's minus the second's."""
    if isinstance(target, PairTarget):
        return Said(_log_length(target.first) - _log_length(target.second))
    return Said(_log_length(target))


def readings_of(
    inputs: Sequence[CalibrationInput], said: Sequence[Mapping[Place, Said]], places: Sequence[Place]
) -> Readings:
    """Return what is read of some targets, all of which the first input speaks of.

    Args:
        inputs: What is read; the judge's own verdict first.
        said: For each of them, what it is for every target; where a turn has none, that of its session counts.
        places: The targets, in order.
    """
    own, own_scale = said[0], inputs[0].scale
    n_levels = len(own_scale.levels) if own_scale is not None else 0
    numbers = np.array([own[place].number for place in places], dtype=np.float64)
    nothing = (math.nan,) * n_levels
    shares = np.array([own[place].shares or nothing for place in places], dtype=np.float64)
    columns = [_columns(each, some, places) for each, some in zip(inputs, said, strict=True)]
    return Readings(numbers, shares.reshape(len(places), n_levels), np.hstack(columns))


def expected(method: str, model: Model, readings: Readings, scale: Scale) -> Expected:
    """Return what a fitted model expects the expert to say.

    Args:
        method: Its name, which says what it reads.
        model: The fitted numbers.
        readings: Of the targets; stacked columns without gaps.
        scale: The criterion's.
    """
    given = {"table": readings.shares, "stacked": readings.columns}.get(method, readings.numbers)
    if isinstance(model, LinearMap | Logistic) and given.ndim == 1:
        given = given[:, None]
    found = model.predict(given)
    if found.ndim == 2:
        return Expected(_means(found, scale), found)
    low, high = ends_of(scale)
    scores = np.clip(found, low, high)
    if scale.type == "binary":
        return Expected(scores, np.column_stack([1 - scores, scores]))
    return Expected(scores)


def ends_of(scale: Scale) -> tuple[float, float]:
    """Return the lowest and the highest number of an ordered scale."""
    if scale.levels:
        return min(scale.numbers()), max(scale.numbers())
    return (-math.inf if scale.min is None else scale.min), (math.inf if scale.max is None else scale.max)


def model_of(calibration: Calibration) -> Model:
    """Return a calibration's model from its numbers.

    Raises:
        InputError: Numbers are missing: the file was changed by hand, or is of another version.
    """
    numbers: dict[str, Any] = dict(calibration.parameters)
    try:
        match calibration.method:
            case "isotonic":
                return Isotonic(numbers["at"], numbers["values"])
            case "table":
                return LevelTable(numbers["rows"])
            case "proportional_odds":
                return ProportionalOdds(numbers["thresholds"], numbers["slope"][0], 0.0)
        if "intercepts" in numbers:
            return Logistic(numbers["intercepts"], numbers["slopes"])
        return LinearMap(numbers["intercept"][0], numbers["slopes"])
    except KeyError as error:
        what = f"the {calibration.method} calibration lacks {error}"
        hint = "Calibrate again: judgekit calibrate"
        raise InputError(what, where=f"criterion {calibration.criterion}", hint=hint) from error


def values_of(found: Expected, scale: Scale) -> list[Value]:
    """Return each expected answer as one legal value: the median level, without an order the likeliest one."""
    if scale.type == "numeric":
        return [float(score) for score in found.scores]
    if found.shares is not None and scale.type == "ordinal":
        middle = (np.cumsum(found.shares, axis=1) < 0.5 - 1e-12).sum(axis=1)
        return [scale.levels[min(int(place), len(scale.levels) - 1)] for place in middle]
    if found.shares is not None:
        return [scale.levels[int(place)] for place in found.shares.argmax(axis=1)]
    places = np.array(scale.numbers())
    return [scale.levels[int(np.abs(places - score).argmin())] for score in found.scores]


def intervals_of(conformal: Conformal, found: Expected, scale: Scale) -> FloatArray:
    """Return the conformal interval of each score, shape (n, 2), in the scale's numbers."""
    whole = math.inf if conformal.reach is None else conformal.reach
    by_level = [conformal.by_level.get(level_text(value), whole) for value in values_of(found, scale)]
    low, high = ends_of(scale)
    levels = scale.numbers() if scale.levels else ()
    return reach_outward(found.scores, np.array(by_level, dtype=np.float64), low=low, high=high, levels=levels)


def needs_beside(judge: Judge) -> tuple[str, ...]:
    """Return the other judges whose verdicts the judge's calibrations read."""
    return tuple(dict.fromkeys(name for each in judge.calibrations for name in each.other_judges))


def require_fitting(judge: Judge, beside: Mapping[str, str | None]) -> None:
    """Check that the judge is what it was when it was calibrated, and that other judges' verdicts are there.

    Args:
        judge: As it is run.
        beside: Other judges' names -> the fingerprint of what judged, where it is known.

    Raises:
        InputError: Something changed, or is missing.
    """
    again = "Calibrate again (judgekit calibrate), or delete calibration.json"
    prints = {judge.name: judge.raw_fingerprint, **beside}
    for calibration in judge.calibrations:
        where = f"{judge.name}, criterion {calibration.criterion}"
        for each in calibration.inputs:
            if each.judge is None:
                continue
            if each.judge not in prints:
                what = f"its calibration also reads verdicts of {each.judge}"
                raise InputError(what, where=where, hint="Give that judge's run on the same sessions: --beside RUN")
            known = prints[each.judge]
            if known is not None and each.judge_fingerprint not in (None, known):
                raise InputError(f"{each.judge} changed since it was calibrated", where=where, hint=again)


def calibrated_outcomes(
    judge: Judge,
    outcomes: Iterable[Verdict | Failure],
    *,
    beside: Mapping[str, Sequence[Verdict | Failure]] | None = None,
    lengths: Mapping[str, Said] | None = None,
) -> Iterator[Verdict | Failure]:
    """Yield a run's outcomes, verdicts of calibrated criteria calibrated; what they said stays in `metadata.raw`.

    Args:
        judge: With its calibrations.
        outcomes: In the order of a complete run, so that a target's stand together.
        beside: Other judges' outcomes, by name.
        lengths: Session or pair -> `length_of`; needed where a calibration reads lengths.
    """
    others = beside or {}
    heard = {
        calibration.criterion: [
            said_by_place(each, others.get(each.judge, ())) if each.judge and each.judge != judge.name else {}
            for each in calibration.inputs
        ]
        for calibration in judge.calibrations
    }
    for _, group in groupby(outcomes, key=lambda outcome: (outcome.target, outcome.turn)):
        some = list(group)
        answers = {
            calibration.criterion: _answer(judge, calibration, some, heard[calibration.criterion], lengths or {})
            for calibration in judge.calibrations
        }
        for outcome in some:
            answer = answers.get(outcome.criterion)
            yield outcome if answer is None or not _has_answer(outcome) else _replaced(outcome, answer)


def _answer(
    judge: Judge,
    calibration: Calibration,
    outcomes: Sequence[Verdict | Failure],
    heard: Sequence[Mapping[Place, Said]],
    lengths: Mapping[str, Said],
) -> dict[str, Any] | None:
    """Return what the calibrated verdict says of one target; None where the judge itself said nothing."""
    scale = next(each.scale for each in judge.criteria if each.id == calibration.criterion)
    place = (outcomes[0].target, outcomes[0].turn)
    said: list[Mapping[Place, Said]] = []
    for each, others in zip(calibration.inputs, heard, strict=True):
        if each.kind == "length":
            said.append({place: lengths[place[0]]} if place[0] in lengths else {})
        else:
            said.append(said_by_place(each, outcomes) if each.judge in (None, judge.name) else others)
    if place not in said[0]:
        return None
    readings = filled(readings_of(calibration.inputs, said, [place]), calibration.parameters.get("fills", ()))
    if calibration.method == "table" and np.isnan(readings.shares).any():
        return None
    found = expected(calibration.method, model_of(calibration), readings, scale)
    answer: dict[str, Any] = {"value": values_of(found, scale)[0]}
    if is_ordered(scale):
        answer["score"] = float(found.scores[0])
    shares = found.shares
    answer["distribution"] = None if shares is None else _distribution(scale, shares[0])
    if calibration.conformal is not None:
        answer["interval"] = list(map(float, intervals_of(calibration.conformal, found, scale)[0]))
    return answer


def filled(readings: Readings, fills: Sequence[Any]) -> Readings:
    """Return readings whose missing stacked columns have the usual value that was kept for them."""
    if not len(fills):
        return readings
    columns = np.where(np.isnan(readings.columns), np.array(fills, dtype=np.float64), readings.columns)
    return Readings(readings.numbers, readings.shares, columns)


def _has_answer(outcome: Verdict | Failure) -> bool:
    return isinstance(outcome, Verdict) and outcome.status == "ok"


def _replaced(outcome: Verdict | Failure, answer: Mapping[str, Any]) -> Verdict | Failure:
    raw = {name: getattr(outcome, name) for name in ("value", "score", "distribution")}
    kept = {**outcome.metadata, "raw": {name: given for name, given in raw.items() if given is not None}}
    if "interval" in answer:
        kept["interval"] = answer["interval"]
    said = {name: answer.get(name) for name in ("value", "score", "distribution")}
    return outcome.model_copy(update={**said, "metadata": kept})


def _distribution(scale: Scale, shares: FloatArray) -> dict[str, float]:
    return {_key(level): float(share) for level, share in zip(scale.levels, shares, strict=True)}


def _key(level: object) -> str:
    return json.dumps(level, ensure_ascii=False)


def _said(scale: Scale, verdict: Verdict) -> Said:
    shares = _shares(scale, verdict)
    if not is_ordered(scale):
        return Said(math.nan, shares)
    if verdict.distribution and shares is not None:
        return Said(float(np.dot(shares, scale.numbers())), shares)
    if verdict.score is not None:
        return Said(float(verdict.score), shares)
    return Said(math.nan if verdict.value is None else scale.code(verdict.value), shares)


def _shares(scale: Scale, verdict: Verdict) -> tuple[float, ...] | None:
    if not scale.levels:
        return None
    given = verdict.distribution or {}
    known = [given.get(_key(level), given.get(level_text(level), 0.0)) for level in scale.levels]
    if sum(known) > 0:
        return tuple(share / sum(known) for share in known)
    if verdict.value is None:
        return None
    said = scale.read(verdict.value)
    return tuple(float(level == said) for level in scale.levels)


def _mean(some: Sequence[Said]) -> Said:
    if len(some) == 1:
        return some[0]
    spread = [each.shares for each in some if each.shares is not None]
    shares = tuple(float(each) for each in np.mean(spread, axis=0)) if spread else None
    return Said(float(np.mean([each.number for each in some])), shares)


def _means(shares: FloatArray, scale: Scale) -> FloatArray:
    return shares @ np.array(scale.numbers()) if is_ordered(scale) else np.full(len(shares), np.nan)


def _columns(each: CalibrationInput, said: Mapping[Place, Said], places: Sequence[Place]) -> FloatArray:
    """Return one input as columns: one number, or its shares where levels have no order."""
    found = [said.get(place) or said.get((place[0], None)) for place in places]
    if each.scale is None or is_ordered(each.scale):
        return np.array([[one.number if one else math.nan] for one in found], dtype=np.float64).reshape(-1, 1)
    nothing = (math.nan,) * len(each.scale.levels)
    rows = [one.shares or nothing if one else nothing for one in found]
    return np.array(rows, dtype=np.float64).reshape(-1, len(nothing))


def _log_length(session: Session) -> float:
    return math.log1p(sum(len(turn.text or "") for turn in session.turns))
