"""Did a change that should not matter move a judge's verdicts, beyond what asking again moves them?

Every test is one-sided and exact. If a change does nothing, the changed answer is one more asking of the same, so that
any of a target's askings might as well have been the changed one (`stats.paired_rate.slot_p_value`). Flips are held
against the baseline: the changed asking and the reruns change places. Means are of all askings: the baseline is one of
them. What counts as too much is told beforehand:

- on levels, verdicts that flip more often than reruns do, whichever way; fewer flips are no fault;
- on ordered levels also, and on numbers instead, a mean that moves either way: twice the smaller p-value;
- where the session orders a verdict, only a mean that moves toward it: to think less of such a session is fair.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from judgekit.analysis.asking import Answers, Lined, Unit, furthest, leaning
from judgekit.analysis.rating import Target
from judgekit.records.probe_report import ProbeResult
from judgekit.records.report import Counts, Disagreement, Rating, Row
from judgekit.records.rubric import Criterion, Value
from judgekit.stats.estimate import Estimate, undefined
from judgekit.stats.interval import Interval, no_interval
from judgekit.stats.multiplicity import holm
from judgekit.stats.paired_rate import detectable_share, paired_rate_difference, slot_p_value
from judgekit.stats.population_mean import Drawn, population_share
from judgekit.stats.sample import FloatArray, IntArray
from judgekit.stats.standard_error import cluster_t
from judgekit.stats.unit_sums import MIN_UNITS, TOO_FEW_UNITS, sums_by_unit

Finds = Literal["flips", "change", "flips or change", "toward"]
MOST_FAILED = 0.2
"""Share of targets without an answer to every asking above which nothing is called clear."""
N_WORST = 3


@dataclass(frozen=True)
class Changed:
    """One change that was asked, on one criterion.

    Attributes:
        probe: The probe's name.
        variant: The variant's.
        changes: What was changed.
        honest: What an honest judge does then.
        answers: What was answered.
        toward: The answer that a biased judge would lean to; None where there is none.
        toward_words: That in words.
        is_toward_only: Whether only moves toward it are a fault.
        dropped: Cause -> targets that were not asked.
    """

    probe: str
    variant: str
    changes: str
    honest: str
    answers: Answers
    toward: Value | None = None
    toward_words: str = ""
    is_toward_only: bool = False
    dropped: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Measure:
    """How answers are measured, the same for all.

    Attributes:
        criterion: The question.
        unit: Independent unit of a target.
        excerpt: Beginning of a target, by its id.
        level: Coverage of the intervals.
    """

    criterion: Criterion
    unit: Unit
    excerpt: Callable[[str], str]
    level: float = 0.95


def floor_row(askings: Sequence[Answers], measure: Measure) -> Row:
    """Return how often reruns differ from the baseline, on all targets that have all of them."""
    found = Lined(askings, None, measure.unit)
    return Row(
        criterion=measure.criterion.id, metric="flip_rate", between="rerun~baseline", estimate=_floor(found, measure)
    )


def baseline_counts(askings: Sequence[Answers], measure: Measure) -> Counts:
    """Return where the targets of the baseline and its reruns went."""
    found = Lined(askings, None, measure.unit)
    failures: Counter[str] = sum((Counter(each.failures) for each in askings), Counter())
    n_targets = len(found.targets) + sum(found.dropped.values())
    return Counts(
        criterion=measure.criterion.id,
        n_targets=n_targets,
        n_used=len(found.targets),
        dropped=found.dropped,
        failures=dict(failures),
    )


def probe_results(
    found: Sequence[tuple[Measure, Sequence[Answers], Sequence[Changed]]], *, error_rate: float
) -> tuple[ProbeResult, ...]:
    """Return what every change did, on every criterion.

    Each probe has the same part of the error rate, shared alike by its variants and criteria; Holm's procedure with
    these weights keeps the chance of finding anything in a judge that is clear of all under the rate.

    Args:
        found: A criterion's measure, its baseline with reruns, and its changes.
        error_rate: That chance.
    """
    tried = [_Tried(measure, askings, each) for measure, askings, changes in found for each in changes]
    of_probe = Counter(each.changed.probe for each in tried if each.p_value is not None)
    weights = [1 / of_probe[each.changed.probe] if of_probe[each.changed.probe] else 0.0 for each in tried]
    tested = [place for place, each in enumerate(tried) if each.p_value is not None]
    p_values = [each.p_value for each in tried if each.p_value is not None]
    adjusted = dict(zip(tested, holm(p_values, [weights[place] for place in tested]), strict=True))
    n_probes = max(1, len(of_probe))
    return tuple(
        each.result(adjusted.get(place), error_rate, first_step=error_rate * weights[place] / n_probes)
        for place, each in enumerate(tried)
    )


def probe_rows(results: Sequence[ProbeResult]) -> list[Row]:
    """Return the estimates of results as rows."""
    rows = []
    for each in results:
        name = f"{each.probe}.{each.variant}"
        named = [("flip_rate", "baseline", each.flip_rate), ("flip_rate_difference", "rerun", each.difference)]
        named += [] if each.mean_change is None else [("mean_change", "baseline", each.mean_change)]
        rows += [
            Row(criterion=each.criterion, metric=metric, between=f"{name}~{other}", estimate=estimate)
            for metric, other, estimate in named
        ]
    return rows


class _Tried:
    """One change on one criterion: its numbers, its test, and in the end its word."""

    def __init__(self, measure: Measure, askings: Sequence[Answers], changed: Changed) -> None:
        self.measure = measure
        self.askings = askings
        self.changed = changed
        self.lined = Lined(askings, changed.answers, measure.unit)
        pairs = zip(self.lined.askings, self.lined.changed, strict=True)
        self.flips: FloatArray = np.array([float(now != before[0]) for before, now in pairs])
        self.leans = self._leans()
        self.finds = self._finds()
        self.p_value = self._p_value() if self.lined.targets else None

    def result(self, adjusted: float | None, error_rate: float, *, first_step: float) -> ProbeResult:
        """Return the record, with its word."""
        lined, changed = self.lined, self.changed
        detectable = self._detectable(first_step) if self.p_value is not None else None
        is_found = adjusted is not None and adjusted <= error_rate
        why = "" if is_found else self._why_too_few(detectable)
        moves = self._moves()
        floor, rate, difference = self._rates()
        return ProbeResult(
            criterion=self.measure.criterion.id,
            probe=changed.probe,
            variant=changed.variant,
            changes=changed.changes,
            honest=changed.honest,
            word="found" if is_found else "too few" if why else "clear",
            why=why,
            finds=self.finds,
            toward=changed.toward_words,
            n_asked=len(lined.targets) + sum(lined.dropped.values()),
            n=len(lined.targets),
            n_flips=int(self.flips.sum()),
            n_toward=int((moves > 0).sum()),
            n_away=int((moves < 0).sum()),
            floor=floor,
            flip_rate=rate,
            difference=difference,
            mean_change=self._mean_change(),
            p_value=self.p_value,
            p_adjusted=None if adjusted is None else float(adjusted),
            detectable=detectable,
            failures=dict(changed.answers.failures),
            dropped={**changed.dropped, **lined.dropped},
            worst=self._worst(),
        )

    def _leans(self) -> FloatArray | None:
        """Return every asking's lean, the changed one last, shape (n, n_askings + 1); None where there is no side."""
        lean = leaning(self.measure.criterion, self.changed.toward)
        if lean is None:
            return None
        rows = [[*before, now] for before, now in zip(self.lined.askings, self.lined.changed, strict=True)]
        return np.array([[lean(answer) for answer in row] for row in rows]).reshape(len(rows), len(self.askings) + 1)

    def _finds(self) -> Finds:
        scale = self.measure.criterion.scale
        if self.changed.is_toward_only and self.leans is not None:
            return "toward"
        if scale.type == "numeric":
            return "change"
        return "flips or change" if scale.type == "ordinal" and len(scale.levels) > 2 else "flips"

    def _p_value(self) -> float | None:
        units = self.lined.units
        found = []
        if self.finds in ("flips", "flips or change"):
            found.append(slot_p_value(np.column_stack([self.lined.rerun_flips, self.flips]), units))
        if self.finds != "flips" and self.leans is not None:
            has_all = ~np.isnan(self.leans).any(axis=1)
            leans, units = self.leans[has_all], units[has_all]
            if not len(leans):
                return min(found, default=None)
            up = slot_p_value(leans, units)
            found.append(up if self.finds == "toward" else min(1.0, 2 * min(up, slot_p_value(-leans, units))))
        return min(1.0, len(found) * min(found))

    def _moves(self) -> FloatArray:
        if self.leans is None:
            return np.zeros(0)
        return np.nan_to_num(self.leans[:, -1] - self.leans[:, 0])

    def _rates(self) -> tuple[Estimate, Estimate, Estimate]:
        lined, level = self.lined, self.measure.level
        floor = _floor(lined, self.measure)
        if not lined.targets:
            return floor, floor, floor
        rate = _share(self.flips, lined.units, level, dropped=lined.dropped)
        of_units = sums_by_unit(
            np.column_stack([self.flips, lined.rerun_flips.mean(axis=1), np.ones(len(self.flips))]), lined.units
        )
        ends = (Interval(rate.low, rate.high, rate.method), Interval(floor.low, floor.high, floor.method))
        shares = of_units[:, :2] / of_units[:, 2:]
        between = paired_rate_difference(shares[:, 0], shares[:, 1], ends)
        value = (rate.value or 0.0) - (floor.value or 0.0)
        if between.low is not None and between.high is not None:  # rates go by rows, their correlation by units
            shift = value - float((shares[:, 0] - shares[:, 1]).mean())
            between = Interval(max(-1.0, between.low + shift), min(1.0, between.high + shift), between.method)
        difference = Estimate(
            value, between.low, between.high, level, rate.n, rate.n_clusters, between.method, None, dict(lined.dropped)
        )
        return floor, rate, difference

    def _mean_change(self) -> Estimate | None:
        if self.leans is None:
            return None
        has_all = ~np.isnan(self.leans).any(axis=1)
        leans, units, level = self.leans[has_all], self.lined.units[has_all], self.measure.level
        dropped = {"without_a_number": int((~has_all).sum())} if not has_all.all() else {}
        if not len(leans):
            return undefined("no_data", "no target has a number in every asking", level=level, dropped=dropped)
        changes = leans[:, -1] - leans[:, :-1].mean(axis=1)
        n_clusters = len(np.unique(units))
        found = cluster_t(changes, units, level) if n_clusters >= MIN_UNITS else no_interval(TOO_FEW_UNITS)
        if found.low is None and n_clusters >= MIN_UNITS:
            found = no_interval("every verdict stays, or all move alike")
        method = "t" if found.method == "cluster t" and n_clusters == len(leans) else found.method
        return Estimate(
            float(changes.mean()), found.low, found.high, level, len(leans), n_clusters, method, None, dropped
        )

    def _detectable(self, first_step: float) -> float | None:
        lined = self.lined
        if self.finds == "change" or not first_step > 0:
            return None
        if self.finds == "toward" and self.leans is not None:
            could = self._could_move()
            chance = (self.leans[could][:, 1:-1] > self.leans[could][:, :1]).mean() if could.any() else 0.0
            n_units = len(np.unique(lined.units[could]))
            return detectable_share(n_units, len(self.askings), float(chance), first_step)
        floor = float(lined.rerun_flips.mean())
        rate = first_step / (2 if self.finds == "flips or change" else 1)
        return detectable_share(len(np.unique(lined.units)), len(self.askings) - 1, floor, rate)

    def _could_move(self) -> np.ndarray:
        """Return which verdicts are not yet where they are told to be."""
        leans = self.leans if self.leans is not None else np.zeros((0, 1))
        most = furthest(self.measure.criterion, self.changed.toward)
        could: np.ndarray = ~np.isnan(leans).any(axis=1) & (leans[:, 0] < most)
        return could

    def _why_too_few(self, detectable: float | None) -> str:
        lined = self.lined
        n, n_lost = len(lined.targets), sum(lined.dropped.values())
        if n_lost > MOST_FAILED * (n + n_lost):
            return f"{n_lost} of {n + n_lost} targets lack an answer to the change, the baseline or a rerun"
        n_units = len(np.unique(lined.units))
        if n_units < MIN_UNITS:
            return f"{n_units} independent units, and {MIN_UNITS} are the fewest"
        if self.finds == "toward":
            n_could = int(self._could_move().sum())
            if n_could < MIN_UNITS:
                return f"{n_could} of {n} verdicts could still move toward {self.changed.toward_words}"
        if detectable is None and self.finds != "change":
            return f"{n_units} independent units would show not even a change of every verdict"
        return ""

    def _worst(self) -> tuple[Disagreement, ...]:
        found = []
        for place in np.flatnonzero(self.flips):
            size = 1.0
            if self.leans is not None and not np.isnan(self.leans[place]).any():
                size = float(self.leans[place, -1] - self.leans[place, 0])
                size = size if self.finds == "toward" else abs(size)
            if size > 0:
                found.append((-size, self.lined.targets[place]))
        return tuple(self._case(target, -size) for size, target in sorted(found, key=_by_size)[:N_WORST])

    def _case(self, target: Target, distance: float) -> Disagreement:
        before, now = self.askings[0].spoken.get(target), self.changed.answers.spoken.get(target)
        named = ((before, "as it is"), (now, f"{self.changed.probe}, {self.changed.variant}".replace("_", " ")))
        return Disagreement(
            criterion=self.measure.criterion.id,
            target=target[0] if target[1] is None else f"{target[0]}, turn {target[1]}",
            excerpt=self.measure.excerpt(target[0]),
            distance=distance,
            ratings=tuple(
                Rating(rater=name, value=said.value, status=said.status, rationale=said.rationale)
                for said, name in named
                if said is not None
            ),
        )


def _by_size(found: tuple[float, Target]) -> tuple[float, str, str]:
    return found[0], found[1][0], found[1][1] or ""


def _floor(lined: Lined, measure: Measure) -> Estimate:
    flips = lined.rerun_flips
    if not len(flips):
        words = "no target has an answer to every asking"
        return undefined("no_data", words, level=measure.level, dropped=lined.dropped)
    return _share(flips.mean(axis=1), lined.units, measure.level, dropped=lined.dropped, n_each=flips.shape[1])


def _share(
    values: FloatArray, units: IntArray, level: float, *, dropped: Mapping[str, int], n_each: int = 1
) -> Estimate:
    alike = np.ones(len(values))
    return population_share(Drawn(values, np.full(len(values), n_each, dtype=np.int64), units, alike, dropped), level)
