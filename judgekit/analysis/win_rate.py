"""Pairs of two versions' sessions on which one was preferred: one judgement instead of two, ties half a win."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.comparison import Side
from judgekit.analysis.rating import Target, unit_codes
from judgekit.analysis.reference import Reference
from judgekit.analysis.sampling import Sampling, sampling_of
from judgekit.analysis.verdict_table import VerdictTable
from judgekit.records.dataset import Dataset
from judgekit.records.label import LabelKind
from judgekit.records.report import Companion, Counts, Row
from judgekit.records.rubric import Criterion
from judgekit.stats.estimate import Estimate, undefined
from judgekit.stats.paired_test import sign_flip
from judgekit.stats.partly_labelled import PartlyLabelled
from judgekit.stats.population_mean import Drawn, population_share
from judgekit.stats.prediction_powered import prediction_powered_mean
from judgekit.stats.sample import FloatArray, IntArray

SCORE = {"first": 1.0, "tie": 0.5, "second": 0.0}
"""What a pair says for its first session."""


@dataclass(frozen=True)
class Wins:
    """Preferences between two versions.

    Attributes:
        dataset: Pairs and labels.
        criterion: A preference.
        sides: Baseline and candidate.
        verdicts: The judge's preferences; None where it gave none.
        experts: The experts'.
        allowed: Pairs whose labels may stand beside the judge, by split.
        barred: Pairs that nothing corrected may rest on, since labels of their groups helped to make the judge.
    """

    dataset: Dataset
    criterion: Criterion
    sides: tuple[Side, Side]
    verdicts: VerdictTable | None
    experts: Reference
    allowed: frozenset[str]
    barred: frozenset[str]

    @property
    def between(self) -> str:
        """`candidate~baseline`."""
        return f"{self.sides[1].name}~{self.sides[0].name}"

    @cached_property
    def candidate_is_first(self) -> Mapping[str, bool]:
        """Pair of the two versions -> whether the candidate's session stands first in it."""
        baseline, candidate = (side.sessions for side in self.sides)
        found = {}
        for pair in self.dataset.pairs:
            if pair.first in candidate and pair.second in baseline:
                found[pair.id] = True
            elif pair.first in baseline and pair.second in candidate:
                found[pair.id] = False
        return found

    @cached_property
    def judge(self) -> dict[str, float]:
        """Pair -> the judge's score of the candidate."""
        return {} if self.verdicts is None else self._scores(self.verdicts.numbers)

    @cached_property
    def human(self) -> dict[str, float]:
        """Pair -> the experts' score of the candidate."""
        return self._scores(self.experts.values)

    @cached_property
    def witnesses(self) -> tuple[str, ...]:
        """Judged pairs with a label that would stand beside the judge, whatever they had to do with its making."""
        return tuple(sorted(self.judge.keys() & self.human.keys() & self.allowed))

    @cached_property
    def sampling(self) -> Sampling:
        """How the labelled pairs were picked."""
        kind: LabelKind = "gold" if self.experts.rule == "gold" else "human"
        labels = [each for each in self.dataset.labels_by_criterion[self.criterion.id] if each.kind == kind]
        return sampling_of(labels, sorted(self.human))

    def _scores(self, numbers: Mapping[Target, float]) -> dict[str, float]:
        score_of = {self.criterion.scale.code(level): SCORE[str(level)] for level in self.criterion.scale.levels}
        found = {}
        for pair, is_first in self.candidate_is_first.items():
            number = numbers.get((pair, None))
            if number is not None and number in score_of:
                found[pair] = score_of[number] if is_first else 1 - score_of[number]
        return found

    def units(self, pairs: list[str]) -> IntArray:
        """Return the independent unit of each pair."""
        return unit_codes([(each, None) for each in pairs], self.dataset.unit).astype(np.int64)


def win_rows(wins: Wins, measuring: Measuring) -> list[Row]:
    """Return how often the candidate is preferred, ties half: by labels, by the judge, and corrected."""
    rows = []
    if wins.human:
        weights = np.array([wins.sampling.weights.get(each, 1.0) for each in sorted(wins.human)])
        rows.append(_row(wins, _share(wins, wins.human, weights, measuring), "labels_only"))
    if wins.judge:
        rows.append(_row(wins, _share(wins, wins.judge, np.ones(len(wins.judge)), measuring), "judge_raw"))
    if wins.human and wins.judge and wins.judge.keys() - wins.human.keys():
        rows.insert(0, _row(wins, _corrected(wins, measuring), "ppi"))
    return rows


def win_companions(wins: Wins, measuring: Measuring) -> list[Companion]:
    """Return the sign-flip test of as many wins as losses, by labels and by the judge."""
    found = []
    for scores, estimator in ((wins.human, "labels_only"), (wins.judge, "judge_raw")):
        if scores:
            pairs = sorted(scores)
            away = np.array([scores[each] - 0.5 for each in pairs])
            test = sign_flip(away, wins.units(pairs), measuring.fresh_rng())
            found.append(
                Companion(
                    criterion=wins.criterion.id,
                    between=wins.between,
                    estimator=estimator,
                    name="sign_flip",
                    p_value=test.p_value,
                    n_up=test.n_up,
                    n_down=test.n_down,
                    method=test.method,
                )
            )
    return found


def win_counts(wins: Wins) -> Counts:
    """Return how many pairs of the two versions carry a preference of anybody."""
    used = wins.human.keys() | wins.judge.keys()
    n_without = len(wins.candidate_is_first) - len(used)
    return Counts(
        criterion=wins.criterion.id,
        n_targets=len(wins.candidate_is_first),
        n_used=len(used),
        dropped={"no_preference": n_without} if n_without else {},
        failures=wins.verdicts.failures_by_status if wins.verdicts else {},
    )


def _share(wins: Wins, scores: Mapping[str, float], weights: FloatArray, measuring: Measuring) -> Estimate:
    pairs = sorted(scores)
    values = np.array([scores[each] for each in pairs])
    return population_share(
        Drawn(values, np.ones(len(pairs), dtype=np.int64), wins.units(pairs), weights), measuring.level
    )


def _corrected(wins: Wins, measuring: Measuring) -> Estimate:
    sampling = wins.sampling
    if sampling.refused or sampling.chosen:
        words = sampling.refused or "labelled pairs were picked for what they are, with unknown chances"
        return undefined("unknown_probability", words, n=len(wins.human), level=measuring.level)
    pairs = sorted(wins.judge.keys() - wins.barred)
    beside = set(wins.witnesses)
    sample = PartlyLabelled(
        judge=np.array([wins.judge[each] for each in pairs]),
        human=np.array([wins.human[each] if each in beside else np.nan for each in pairs]),
        units=wins.units(pairs),
        counts=np.ones(len(pairs)),
        chances=np.array([1 / sampling.weights.get(each, 1.0) for each in pairs]) if sampling.is_weighted else None,
    )
    return prediction_powered_mean(sample, measuring.level, ends=(0.0, 1.0))


def _row(wins: Wins, estimate: Estimate, estimator: str) -> Row:
    return Row(
        criterion=wins.criterion.id, metric="win_rate", between=wins.between, estimate=estimate, estimator=estimator
    )
