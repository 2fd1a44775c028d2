"""Two versions on the same inputs, in the experts' units: paired by input, trials averaged.

The judge's rows are the judge's opinion, not corrected for what it gets wrong; the experts' own rows, where
both versions of an input carry labels, stand beside them. What corrects the one by the other is in `contrast`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.disagreement import value_at
from judgekit.analysis.rating import Target, excerpt, unit_codes
from judgekit.analysis.verdict_table import VerdictTable
from judgekit.records.dataset import Dataset
from judgekit.records.report import Counts, Disagreement, Rating, Row
from judgekit.records.rubric import Criterion
from judgekit.stats.estimate import Estimate
from judgekit.stats.paired_share import FourCells, tango
from judgekit.stats.sample import Sample


@dataclass(frozen=True)
class PairedInputs:
    """One number per input and version.

    Attributes:
        inputs: Inputs that both versions have, sorted.
        baseline: Mean over the baseline's trials, shape (n_inputs,).
        candidate: Likewise of the candidate.
        units: Independent unit of each input, shape (n_inputs,).
        n_sessions: Sessions that entered, all trials together.
        dropped: Sessions that could not be paired, each by one cause: `no_input`, `no_number`, or `only_NAME` where
            the other side has no number on the same input.
        members: The sessions behind each input, baseline's then candidate's, shape (n_inputs,).
    """

    inputs: tuple[str, ...]
    baseline: np.ndarray
    candidate: np.ndarray
    units: np.ndarray
    n_sessions: int
    dropped: Mapping[str, int]
    members: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ()

    @property
    def differences(self) -> np.ndarray:
        """Candidate minus baseline, shape (n_inputs,)."""
        found: np.ndarray = self.candidate - self.baseline
        return found

    @property
    def is_alone(self) -> bool:
        """Whether each input is its own unit."""
        return len(np.unique(self.units)) == len(self.units)


@dataclass(frozen=True)
class Side:
    """One side of a comparison: its name, and which sessions belong to it."""

    name: str
    sessions: frozenset[str]


def version_side(dataset: Dataset, version: str) -> Side:
    """Return the side that holds every session of one version."""
    return Side(version, frozenset(session.id for session in dataset.sessions if session.version == version))


def paired_inputs(dataset: Dataset, numbers: Mapping[Target, float], sides: tuple[Side, Side]) -> PairedInputs:
    """Return the numbers of sessions joined by input.

    Args:
        dataset: Knows each session's input and group.
        numbers: Session -> number (the judge's or the experts').
        sides: Baseline and candidate.
    """
    baseline, candidate = (side.name for side in sides)
    side_of = {session: side.name for side in sides for session in side.sessions}
    trials: dict[str, dict[str, list[float]]] = {baseline: defaultdict(list), candidate: defaultdict(list)}
    member: dict[str, dict[str, list[str]]] = {baseline: defaultdict(list), candidate: defaultdict(list)}
    dropped: Counter[str] = Counter()
    for session in dataset.sessions:
        side = side_of.get(session.id)
        if side is None:
            continue
        number = numbers.get((session.id, None))
        if session.input is None:
            dropped["no_input"] += 1
        elif number is None:
            dropped["no_number"] += 1
        else:
            trials[side][session.input].append(number)
            member[side][session.input].append(session.id)
    both = sorted(trials[baseline].keys() & trials[candidate].keys())
    for side in (baseline, candidate):
        dropped[f"only_{side}"] = sum(len(found) for each, found in trials[side].items() if each not in both)
    members = tuple((tuple(sorted(member[baseline][each])), tuple(sorted(member[candidate][each]))) for each in both)
    return PairedInputs(
        inputs=tuple(both),
        baseline=np.array([np.mean(sorted(trials[baseline][each])) for each in both]),
        candidate=np.array([np.mean(sorted(trials[candidate][each])) for each in both]),
        units=unit_codes([(min(*before, *after), None) for before, after in members], dataset.unit),
        n_sessions=sum(len(before) + len(after) for before, after in members),
        dropped={cause: n for cause, n in dropped.items() if n},
        members=members,
    )


def comparison_rows(
    criterion: Criterion, paired: PairedInputs, versions: tuple[str, str], measuring: Measuring
) -> list[Row]:
    """Return the paired difference, candidate minus baseline, and each version's mean.

    Args:
        criterion: The question.
        paired: Levels of an ordinal criterion; for a binary one 1 is the positive level (`oriented`).
        versions: (baseline, candidate).
        measuring: Level, resamples and randomness.
    """
    baseline, candidate = versions
    sides = {baseline: paired.baseline, candidate: paired.candidate}
    rows = [
        _row(
            criterion,
            "mean",
            name,
            _mean_difference(numbers, np.zeros(len(numbers)), paired, measuring, (name, "zero")),
        )
        for name, numbers in sides.items()
    ]
    between = f"{candidate}~{baseline}"
    difference = paired_difference(criterion, paired, versions, measuring)
    return [_row(criterion, "mean_difference", between, difference), *rows]


def paired_difference(
    criterion: Criterion, paired: PairedInputs, versions: tuple[str, str], measuring: Measuring
) -> Estimate:
    """Return the mean difference alone, candidate minus baseline; of pass rates with Tango's interval."""
    baseline, candidate = versions
    difference = _mean_difference(paired.candidate, paired.baseline, paired, measuring, (candidate, baseline))
    cells = four_cells(paired) if criterion.scale.type == "binary" else None
    if cells is None:
        return difference
    ends = tango(cells, measuring.level)
    return replace(difference, low=ends.low, high=ends.high, method=ends.method)


def oriented(criterion: Criterion, paired: PairedInputs) -> PairedInputs:
    """Return the numbers such that the positive level of a binary criterion is 1, wherever it stands."""
    baseline, candidate = (oriented_numbers(criterion, each) for each in (paired.baseline, paired.candidate))
    return replace(paired, baseline=baseline, candidate=candidate)


def oriented_numbers(criterion: Criterion, numbers: np.ndarray) -> np.ndarray:
    """Count the positive level of a binary criterion as 1."""
    positive = criterion.scale.positive_level
    return numbers if positive is None or criterion.scale.code(positive) == 1.0 else 1.0 - numbers


def four_cells(paired: PairedInputs) -> FourCells | None:
    """Return inputs by what both versions did; None where trials were averaged, or inputs come in groups."""
    values = np.concatenate([paired.baseline, paired.candidate])
    if not len(paired.inputs) or not paired.is_alone or not np.isin(values, (0.0, 1.0)).all():
        return None
    one, other = paired.candidate == 1, paired.baseline == 1
    counts = ((one & other), (one & ~other), (~one & other), (~one & ~other))
    return FourCells(*(int(each.sum()) for each in counts))


def comparison_counts(criterion: Criterion, paired: PairedInputs) -> Counts:
    """Return how many sessions of both versions entered, and why the others did not."""
    n_used, dropped = paired.n_sessions, dict(paired.dropped)
    return Counts(criterion=criterion.id, n_targets=n_used + sum(dropped.values()), n_used=n_used, dropped=dropped)


def moved(
    dataset: Dataset,
    criterion: Criterion,
    paired: PairedInputs,
    *,
    verdicts: VerdictTable,
    sides: tuple[Side, Side],
    n_most: int,
) -> tuple[Disagreement, ...]:
    """Return the inputs whose verdict moved most, with the judge's reasons for both versions."""
    gaps = np.abs(paired.candidate - paired.baseline)
    worst = [i for i in np.argsort(-gaps, kind="stable") if gaps[i] > 0][:n_most]
    by_input: dict[tuple[str | None, str], list[str]] = defaultdict(list)
    for side in sides:
        for session in sorted(side.sessions & dataset.session_by_id.keys()):
            by_input[dataset.session_by_id[session].input, side.name].append(session)
    found = []
    for place in worst:
        name = paired.inputs[place]
        ids = [(side.name, i) for side in sides for i in by_input[name, side.name]]
        ratings = tuple(
            Rating(
                rater=side_name,
                value=value_at(criterion, verdicts.numbers[i, None]),
                rationale=verdicts.spoken[i, None].rationale,
            )
            for side_name, i in ids
            if (i, None) in verdicts.numbers
        )
        found.append(
            Disagreement(
                criterion=criterion.id,
                target=name,
                excerpt=excerpt(dataset.session_by_id[ids[0][1]]),
                distance=float(gaps[place]),
                ratings=ratings,
            )
        )
    return tuple(found)


def _mean_difference(
    left: np.ndarray, right: np.ndarray, paired: PairedInputs, measuring: Measuring, names: tuple[str, str]
) -> Estimate:
    ratings = np.column_stack([left, right]) if len(left) else np.zeros((0, 2))
    sample = Sample(
        ratings=ratings,
        units=None if paired.is_alone else paired.units,
        levels=None,
        positive=None,
        dropped=dict(paired.dropped),
        names=names,
    )
    return measuring.estimates(["bias"], sample)["bias"]


def _row(criterion: Criterion, metric: str, between: str, estimate: Estimate) -> Row:
    return Row(criterion=criterion.id, metric=metric, between=between, estimate=estimate)
