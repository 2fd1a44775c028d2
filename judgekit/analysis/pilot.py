"""What a dataset already tells a plan: rates, how often versions differ, how alike groups are, how long labels take.

Only what it is handed is read; which sessions may be read at all is for the caller to say.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

import numpy as np

from judgekit.analysis.comparison import oriented_numbers
from judgekit.analysis.rating import rating_table, sample_of
from judgekit.analysis.reference import default_rule, reference
from judgekit.analysis.verdict_table import VerdictTable
from judgekit.records.dataset import Dataset
from judgekit.records.rubric import Criterion
from judgekit.records.session import Session
from judgekit.stats.metric import measure_all
from judgekit.stats.sample import FloatArray

MIN_PAIRS, MIN_JUDGED, MIN_REPEATS = 20, 20, 20
"""Inputs labelled in two versions, labels beside verdicts, and labels of a group beyond its first, below which nothing
is concluded from them."""
_ALPHA, _N_RESAMPLES = "krippendorff_alpha_interval", 200


@dataclass(frozen=True, eq=False)
class Pilot:
    """What labelled sessions say of one criterion.

    Attributes:
        criterion: The question.
        version: Whose sessions; None: all.
        numbers: The experts' number of each labelled session, 1 being the positive level, shape (n_labels,).
        differences: Of inputs labelled in two versions, shape (n_pairs,).
        pair: Names of the two versions.
        judged: The judge's and the experts' number where both are known, shape (n_judged, 2); None without a judge.
        icc: How alike sessions of a group are; None where the labels do not say.
        group_size: Inputs of a group, on average over inputs.
        n_inputs: Inputs there are.
        seconds: Median time a label took; None where it was not kept.
        reliability: Agreement of the raters (Krippendorff's alpha, interval); None where no session has two.
        n_twice: Sessions with two raters.
    """

    criterion: Criterion
    version: str | None
    numbers: FloatArray
    differences: FloatArray
    pair: tuple[str, str] | None
    judged: FloatArray | None
    icc: float | None
    group_size: float
    n_inputs: int
    seconds: float | None
    reliability: float | None
    n_twice: int


def pilot(
    dataset: Dataset,
    criterion: Criterion,
    *,
    allowed: Collection[str],
    rng: np.random.Generator,
    versions: Sequence[str] = (),
    verdicts: VerdictTable | None = None,
) -> Pilot:
    """Return what the labels of some sessions say.

    Args:
        dataset: Sessions and labels.
        criterion: The question; its scale has an order.
        allowed: Sessions whose labels may be read.
        rng: Of the resamples of agreement.
        versions: Baseline and candidate, where they are known; else the versions with most labels.
        verdicts: A judge's numbers, without those of groups that helped to make it.
    """
    rule = default_rule(criterion)
    known = {
        session: float(oriented_numbers(criterion, np.array([number]))[0])
        for (session, turn), number in reference(dataset, criterion, rule, targets=set(allowed)).values.items()
        if turn is None and session in allowed and session in dataset.session_by_id
    }
    version = versions[0] if versions else _most_labelled(dataset, known)
    own = [s for s in dataset.sessions if version is None or s.version == version]
    labelled = {s.id: known[s.id] for s in own if s.id in known} or known
    n_twice, reliability = _rated_twice(dataset, criterion, allowed, rng)
    pair = (versions[0], versions[1]) if len(versions) > 1 else _paired_most(dataset, known)
    return Pilot(
        criterion=criterion,
        version=version,
        numbers=np.array([labelled[each] for each in sorted(labelled)]),
        differences=_differences(dataset, known, pair),
        pair=pair,
        judged=None if verdicts is None else _judged(criterion, known, verdicts),
        icc=_icc(dataset, labelled),
        group_size=_group_size(dataset, own),
        n_inputs=len({s.input or s.id for s in own}),
        seconds=_seconds(dataset, criterion, allowed),
        reliability=reliability,
        n_twice=n_twice,
    )


def _most_labelled(dataset: Dataset, known: Iterable[str]) -> str | None:
    counts = Counter(version for each in known if (version := dataset.session_by_id[each].version))
    return min(counts, key=lambda name: (-counts[name], name), default=None)


def _paired_most(dataset: Dataset, known: Mapping[str, float]) -> tuple[str, str] | None:
    """Return the two versions that share most labelled inputs; None where none do."""
    inputs: dict[str, set[str]] = defaultdict(set)
    for each in known:
        session = dataset.session_by_id[each]
        if session.version and session.input is not None:
            inputs[session.version].add(session.input)
    shared = {pair: len(inputs[pair[0]] & inputs[pair[1]]) for pair in combinations(sorted(inputs), 2)}
    best = max(shared, key=lambda pair: shared[pair], default=None)
    return best if best is not None and shared[best] else None


def _differences(dataset: Dataset, known: Mapping[str, float], pair: tuple[str, str] | None) -> FloatArray:
    """Return candidate minus baseline on inputs with labels of both, trials averaged."""
    trials: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in pair or ()}
    for each, number in known.items():
        session = dataset.session_by_id[each]
        if session.version in trials and session.input is not None:
            trials[session.version][session.input].append(number)
    if pair is None or pair[0] == pair[1]:
        return np.zeros(0)
    before, after = (trials[name] for name in pair)
    return np.array([np.mean(after[name]) - np.mean(before[name]) for name in sorted(before.keys() & after.keys())])


def _judged(criterion: Criterion, known: Mapping[str, float], verdicts: VerdictTable) -> FloatArray:
    names = sorted(each for each in known if (each, None) in verdicts.numbers)
    said = np.array([verdicts.numbers[each, None] for each in names], dtype=np.float64)
    return np.column_stack([oriented_numbers(criterion, said), [known[each] for each in names]]).reshape(-1, 2)


def _icc(dataset: Dataset, known: Mapping[str, float]) -> float | None:
    """Return the intraclass correlation of labels of one group, trials of an input averaged, by analysis of variance.

    Source: Fisher 1925; unequal groups as in Donner 1986.
    """
    by_input: dict[tuple[str, str], list[float]] = defaultdict(list)
    for each, number in known.items():
        session = dataset.session_by_id[each]
        by_input[dataset.unit(each), session.input or session.id].append(number)
    groups: dict[str, list[float]] = defaultdict(list)
    for (unit, _), numbers in by_input.items():
        groups[unit].append(float(np.mean(numbers)))
    values = [np.array(each) for each in groups.values()]
    n, n_groups = sum(map(len, values)), len(values)
    if n_groups < 2 or n - n_groups < MIN_REPEATS:
        return None
    grand = np.concatenate(values).mean()
    between = sum(len(each) * (each.mean() - grand) ** 2 for each in values) / (n_groups - 1)
    within = sum(float(((each - each.mean()) ** 2).sum()) for each in values) / (n - n_groups)
    size = (n - sum(len(each) ** 2 for each in values) / n) / (n_groups - 1)
    spread = between + (size - 1) * within
    return float(np.clip((between - within) / spread, 0, 1)) if spread > 0 else None


def _group_size(dataset: Dataset, sessions: Iterable[Session]) -> float:
    """Return how many inputs the group of an input has, on average over inputs."""
    inputs: dict[str, set[str]] = defaultdict(set)
    for session in sessions:
        inputs[dataset.unit(session.id)].add(session.input or session.id)
    sizes = np.array([len(each) for each in inputs.values()], dtype=np.float64)
    return float((sizes**2).sum() / sizes.sum()) if len(sizes) else 1.0


def _seconds(dataset: Dataset, criterion: Criterion, allowed: Collection[str]) -> float | None:
    took = [
        each.seconds
        for each in dataset.labels_by_criterion[criterion.id]
        if each.seconds and each.kind == "human" and each.target in allowed
    ]
    return median(took) if took else None


def _rated_twice(
    dataset: Dataset, criterion: Criterion, allowed: Collection[str], rng: np.random.Generator
) -> tuple[int, float | None]:
    """Return how many sessions two raters have seen, and the agreement of the raters; None where few have."""
    table = rating_table(dataset, criterion, targets=set(allowed))
    n_twice = int(((~np.isnan(table.values)).sum(axis=1) > 1).sum()) if len(table.targets) else 0
    if n_twice < MIN_PAIRS:
        return n_twice, None
    sample = sample_of(criterion, table.values, table.units, names=table.raters)
    found = measure_all([_ALPHA], sample, rng=rng, n_resamples=_N_RESAMPLES)[_ALPHA]
    return n_twice, found.value
