"""Pairwise accuracy with ties, and the difference of judge scores below which a pair is best called a tie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from judgekit.errors import InputError
from judgekit.stats.estimate import Estimate
from judgekit.stats.patterns import ratio
from judgekit.stats.sample import FloatArray, IntArray
from judgekit.stats.unit_sums import Otherwise, Resampling, estimates_of_sums, sums_by_unit

_DECIMALS = 9
"""Differences of scores that agree to this many decimals are the same: .1 + .2 ties with .3."""
_SAME = 1e-12
"""Accuracies this close are the same, so that the smallest of the best thresholds is taken."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Every two rows of the same group that have both scores.

    Attributes:
        judge_difference: First less second, shape (n_pairs,).
        human_sign: Of the human difference: -1, 0 (a tie) or 1, shape (n_pairs,).
        group: The group of each pair, shape (n_pairs,).
        dropped: Rows without both scores, and groups without a pair.
    """

    judge_difference: FloatArray
    human_sign: FloatArray
    group: IntArray
    dropped: dict[str, int]


@dataclass(frozen=True, slots=True)
class PairCounts:
    """Pairs by how judge and human order them.

    Attributes:
        concordant: Same order.
        discordant: Opposite orders.
        judge_ties: Tied by the judge only.
        human_ties: Tied by the human only.
        both_ties: Tied by both.
    """

    concordant: int
    discordant: int
    judge_ties: int
    human_ties: int
    both_ties: int

    @property
    def n(self) -> int:
        """All pairs."""
        return self.concordant + self.discordant + self.judge_ties + self.human_ties + self.both_ties

    @property
    def accuracy(self) -> float | None:
        """Share of pairs that both order alike, ties being an order (acc_eq); None without pairs."""
        return (self.concordant + self.both_ties) / self.n if self.n else None

    @property
    def tau_23(self) -> float | None:
        """Pairs ordered alike less all others, over all pairs: 2 x accuracy - 1; None without pairs."""
        return None if self.accuracy is None else 2 * self.accuracy - 1


@dataclass(frozen=True, eq=False)
class TieCalibration:
    """A tie threshold fitted to pairs.

    Attributes:
        threshold: Judge differences up to this are ties; None when there is no pair.
        accuracy: What it reaches on the pairs it was fitted to: too high for others, so without an interval.
        thresholds: Every candidate, ascending: 0 and each observed difference.
        accuracies: Mean accuracy of the groups at each.
    """

    threshold: float | None
    accuracy: Estimate
    thresholds: FloatArray
    accuracies: FloatArray


def pairs_within(judge: npt.ArrayLike, human: npt.ArrayLike, groups: npt.ArrayLike | None = None) -> Pairs:
    """Return every two rows of the same group, such as two systems' outputs on one item.

    Args:
        judge: Shape (n_rows,); NaN is missing.
        human: Shape (n_rows,); NaN is missing.
        groups: Shape (n_rows,); None: all rows are one group.

    Raises:
        InputError: Shapes that do not fit.
    """
    verdicts, labels = np.asarray(judge, dtype=np.float64), np.asarray(human, dtype=np.float64)
    group = np.zeros(len(verdicts), dtype=np.int64) if groups is None else np.asarray(groups, dtype=np.int64)
    if not verdicts.shape == labels.shape == group.shape:
        raise InputError(
            f"judge, human and groups have shapes {verdicts.shape}, {labels.shape}, {group.shape}",
            hint="Give each row a judge score, a human score and a group",
        )
    is_used = ~np.isnan(verdicts) & ~np.isnan(labels)
    first, second = _places_of_pairs(group[is_used])
    verdicts, labels, kept = verdicts[is_used], labels[is_used], group[is_used]
    causes = {
        "missing": int((~is_used).sum()),
        "groups_without_a_pair": len(np.unique(group)) - len(np.unique(kept[first])),
    }
    return Pairs(
        np.round(verdicts[first] - verdicts[second], _DECIMALS),
        np.sign(np.round(labels[first] - labels[second], _DECIMALS)),
        kept[first],
        {cause: n for cause, n in causes.items() if n},
    )


def pair_counts(pairs: Pairs, *, threshold: float = 0.0) -> PairCounts:
    """Count pairs by order, judge differences up to the threshold being ties."""
    judge, human = _judge_sign(pairs, threshold), pairs.human_sign
    product = judge * human
    return PairCounts(
        concordant=int((product > 0).sum()),
        discordant=int((product < 0).sum()),
        judge_ties=int(((judge == 0) & (human != 0)).sum()),
        human_ties=int(((judge != 0) & (human == 0)).sum()),
        both_ties=int(((judge == 0) & (human == 0)).sum()),
    )


def pairwise_accuracy_ties(
    pairs: Pairs,
    *,
    threshold: float = 0.0,
    rng: np.random.Generator,
    level: float = 0.95,
    n_resamples: int = 2000,
) -> Estimate:
    """Share of pairs that judge and human order alike, ties being an order (acc_eq), averaged over groups; 0 to 1.

    Args:
        pairs: From `pairs_within`.
        threshold: Judge differences up to this are ties; fitted, if at all, on other pairs.
        rng: Source of the resamples.
        level: Coverage of the interval: BCa over groups.
        n_resamples: Bootstrap resamples.

    Undefined when: there is no pair.

    Source: Deutsch, Foster & Freitag 2023 (EMNLP, arXiv 2305.14324), eq. 7.
    """
    is_right = (_judge_sign(pairs, threshold) == pairs.human_sign).astype(np.float64)
    of_groups = sums_by_unit(np.stack([is_right, np.ones(len(is_right))], axis=1), pairs.group)
    shares = ratio(of_groups[:, 0], of_groups[:, 1])
    [found] = estimates_of_sums(
        lambda sums: ratio(sums[:, 0], sums[:, 1])[:, None],
        np.stack([shares, np.ones(len(shares))], axis=1),
        None,
        resampling=Resampling(rng, level, n_resamples),
        otherwise=Otherwise("no_data", "no group has two rows with both scores", pairs.dropped),
    )
    return found


def calibrate_ties(pairs: Pairs) -> TieCalibration:
    """Choose the difference of judge scores below which calling a tie gives the highest pairwise accuracy.

    Args:
        pairs: From `pairs_within`; of the dev split, since the threshold is a fitted parameter.

    Returns:
        The smallest of the best thresholds, and the accuracy at each candidate.

    Undefined when: there is no pair.

    Source: Deutsch, Foster & Freitag 2023, section 4 (tie calibration).
    """
    size = np.abs(pairs.judge_difference)
    _, group, n_in_group = np.unique(pairs.group, return_inverse=True, return_counts=True)
    weight = 1 / (n_in_group[group] * len(n_in_group))
    is_right = np.sign(pairs.judge_difference) == pairs.human_sign
    # A pair that becomes a tie gains where the human tied it, and loses where the judge had it right.
    gain = weight * ((pairs.human_sign == 0).astype(np.float64) - is_right)
    thresholds, place = np.unique(np.append(size, 0.0), return_inverse=True)
    gains = np.bincount(place[:-1], weights=gain, minlength=len(thresholds))
    accuracies = weight @ is_right + np.cumsum(gains)
    otherwise = Otherwise("no_data", "no group has two rows with both scores", pairs.dropped)
    if not len(size):
        return TieCalibration(None, _fitted(None, 0, otherwise), np.empty(0), np.empty(0))
    best = int(np.flatnonzero(accuracies >= accuracies.max() - _SAME)[0])
    accuracy = _fitted(float(accuracies[best]), len(n_in_group), otherwise)
    return TieCalibration(float(thresholds[best]), accuracy, thresholds, accuracies)


def _fitted(value: float | None, n: int, otherwise: Otherwise) -> Estimate:
    reason = f"{otherwise.code}: {otherwise.words}" if value is None else None
    method = "none" if value is None else "none: the threshold was fitted to these pairs"
    return Estimate(value, None, None, 0.95, n, n, method, reason, dict(otherwise.dropped))


def _judge_sign(pairs: Pairs, threshold: float) -> FloatArray:
    is_apart = np.abs(pairs.judge_difference) > round(threshold, _DECIMALS)
    return np.sign(pairs.judge_difference) * is_apart


def _places_of_pairs(group: IntArray) -> tuple[IntArray, IntArray]:
    """Return the two rows of every pair within a group."""
    order = np.argsort(group, kind="stable")
    sizes = np.unique(group, return_counts=True)[1]
    members = np.split(order, np.cumsum(sizes)[:-1]) if len(order) else []
    places = [np.triu_indices(len(rows), 1) for rows in members]
    none = np.zeros(0, dtype=np.int64)
    first = np.concatenate([none, *(rows[i] for rows, (i, _) in zip(members, places, strict=True))])
    second = np.concatenate([none, *(rows[j] for rows, (_, j) in zip(members, places, strict=True))])
    return first, second
