"""Pairs of two versions' sessions on which one was preferred: one judgement instead of two, ties half a win."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.comparison import Side
from judgekit.analysis.rating import Target, unit_codes
from judgekit.analysis.reference import Reference
from judgekit.analysis.sampling import Sampling, sampling_of
from judgekit.analysis.verdict_table import VerdictTable
from judgekit.records.comparison_report import Companion
from judgekit.records.dataset import Dataset
from judgekit.records.label import LabelKind
from judgekit.records.report import Counts, Row
from judgekit.records.rubric import Criterion
from judgekit.stats.careful import labels_alone
from judgekit.stats.estimate import Estimate, undefined
from judgekit.stats.paired_test import sign_flip
from judgekit.stats.partly_labelled import MIN_LABELS, PartlyLabelled
from judgekit.stats.population_mean import Drawn, population_share
from judgekit.stats.prediction_powered import prediction_powered_mean
from judgekit.stats.sample import FloatArray, IntArray

SCORE = {"first": 1.0, "tie": 0.5, "second": 0.0}
"""What a pair says for its first session."""
EVEN = 0.5
"""The win rate of versions of which neither is preferred."""


@dataclass(frozen=True)
class Wins:
    """Preferences between two versions.

    Attributes:
        dataset: Pairs and labels.
        criterion: A preference.
        sides: Baseline and candidate.
        verdicts: The judge's preferences; empty without a judge.
        experts: The experts'.
        allowed: Pairs whose labels may stand beside the judge, by split.
        barred: Pairs that nothing corrected may rest on, since labels of their groups helped to make the judge.
    """

    dataset: Dataset
    criterion: Criterion
    sides: tuple[Side, Side]
    verdicts: VerdictTable
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
        return self._scores(self.verdicts.numbers)

    @cached_property
    def asked(self) -> frozenset[str]:
        """Pairs that the judge was asked about, whether or not it said which is better."""
        return frozenset(each for each in self.candidate_is_first if (each, None) in self.verdicts.targets)

    @property
    def silent(self) -> dict[str, int]:
        """Why the judge gave no preference on pairs that it was asked about -> how many."""
        missing = {} if self.verdicts is None else self.verdicts.missing
        found = Counter(missing.get((each, None), "no_value") for each in self.asked - self.judge.keys())
        return dict(sorted(found.items()))

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

    @property
    def headline(self) -> str | None:
        """The estimator that a gate goes by, by how pairs were picked and not by what was preferred; None: no label."""
        is_fit = not (self.sampling.refused or self.sampling.chosen) and len(self.witnesses) >= MIN_LABELS
        if is_fit and self.judge and self.asked - self.human.keys():
            return "ppi"
        return "labels_only" if self.human else None

    @property
    def labels(self) -> PartlyLabelled:
        """The experts' scores alone, by one over their chances where these differ."""
        pairs = sorted(self.human)
        values = np.array([self.human[each] for each in pairs], dtype=np.float64)
        return labels_alone(values, self.units(pairs), self.weights)

    @property
    def weights(self) -> FloatArray:
        """What each labelled pair counts, in the order of their ids."""
        return np.array([self.sampling.weights.get(each, 1.0) for each in sorted(self.human)])

    @property
    def sample(self) -> PartlyLabelled:
        """Pairs that the judge was asked about as numbers: its score, and the experts' where it may stand beside it.

        Pairs on which it gave none stay in: what a judge fails on, or takes back when the order turns, may be what was
        lost.
        """
        pairs, beside, sampling = sorted(self.asked - self.barred), self.human.keys() & self.allowed, self.sampling
        return PartlyLabelled(
            judge=np.array([self.judge.get(each, np.nan) for each in pairs], dtype=np.float64),
            human=np.array([self.human[each] if each in beside else np.nan for each in pairs], dtype=np.float64),
            units=self.units(pairs),
            counts=np.ones(len(pairs)),
            chances=np.array([1 / sampling.weights.get(each, 1.0) for each in pairs]) if sampling.is_weighted else None,
        )

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
        rows.append(_row(wins, win_share(wins, wins.human, wins.weights, measuring.level), "labels_only"))
    if wins.judge:
        alike = np.ones(len(wins.judge))
        share = win_share(wins, wins.judge, alike, measuring.level)
        rows.append(_row(wins, replace(share, dropped=wins.silent), "judge_raw"))
    if wins.human and wins.judge and wins.judge.keys() - wins.human.keys():
        rows.insert(0, _row(wins, corrected_wins(wins, measuring.level), "ppi"))
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
        failures=wins.verdicts.failures_by_status,
    )


def win_share(wins: Wins, scores: Mapping[str, float], weights: FloatArray, level: float) -> Estimate:
    """Return the win rate of some scores of pairs, with Wilson's interval over independent units."""
    pairs = sorted(scores)
    values = np.array([scores[each] for each in pairs])
    return population_share(Drawn(values, np.ones(len(pairs), dtype=np.int64), wins.units(pairs), weights), level)


def corrected_wins(wins: Wins, level: float) -> Estimate:
    """Return the experts' win rate over all judged pairs, or why it is not given."""
    sampling = wins.sampling
    if sampling.refused or sampling.chosen:
        words = sampling.refused or "labelled pairs were picked for what they are, with unknown chances"
        return undefined("unknown_probability", words, n=len(wins.human), level=level)
    return prediction_powered_mean(wins.sample, level, ends=(0.0, 1.0))


def _row(wins: Wins, estimate: Estimate, estimator: str) -> Row:
    return Row(
        criterion=wins.criterion.id, metric="win_rate", between=wins.between, estimate=estimate, estimator=estimator
    )
