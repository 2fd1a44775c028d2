"""Splits: train proposes, dev selects, test testifies; drawn by unit, balanced by level, and never redrawn.

What must stay together is one cluster: a unit (group > input > session), the pairs between its sessions, and
near-duplicates. Clusters are dealt by iterative stratification, the rarest level first (Sechidis, Tsoumakas and
Vlahavas, On the stratification of multi-label data, ECML PKDD 2011). A tie is broken by a hash of seed and content,
so the order of rows does not matter and more data does not reshuffle what is there.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

from judgekit.errors import InputError, LeakError, UnknownName
from judgekit.records.dataset import Dataset, SplitManifest
from judgekit.records.label import Label, SplitName
from judgekit.records.record import Record
from judgekit.records.rubric import Criterion, level_text
from judgekit.records.session import Session
from judgekit.review.duplicates import near_duplicates, spoken

SPLITS: tuple[SplitName, ...] = ("train", "dev", "test")
N_NUMERIC_BINS = 4
"""Numeric answers are balanced by quarters of their range of ranks."""

Level = tuple[str, str]
"""(criterion, level as text)."""


class LevelCounts(Record):
    """How often each level of a criterion is the raters' majority, in one split."""

    criterion: str
    counts: dict[str, int]
    """Level -> targets; levels of the scale that do not occur count 0."""
    rarest: str | None = None
    """The level that occurs least; None when the scale has no levels."""
    n_rarest: int | None = None


class SplitCount(Record):
    """What one split holds."""

    split: SplitName | None
    """None: sessions that no split holds, such as those added since the draw."""
    n_units: int
    n_sessions: int
    n_pairs: int
    criteria: tuple[LevelCounts, ...] = ()


class SplitCounts(Record):
    """What each split holds."""

    dataset: str
    seed: int | None
    splits: tuple[SplitCount, ...]


@dataclass
class _Cluster:
    """Units that stay together."""

    units: set[str] = field(default_factory=set)
    n_sessions: int = 0
    levels: Counter[Level] = field(default_factory=Counter)
    split: SplitName | None = None

    @cached_property
    def key(self) -> str:
        return min(self.units)


def draw_splits(
    dataset: Dataset, *, seed: int, fractions: Mapping[SplitName, float], stratify: Sequence[str] | None = None
) -> SplitManifest:
    """Return a split manifest that extends the dataset's own, if it has one: its units stay where they are.

    Args:
        dataset: Sessions, pairs and labels.
        seed: Breaks ties.
        fractions: Wanted share of sessions per split; they sum to 1.
        stratify: Criteria whose levels are balanced; None: all that have labels.

    Raises:
        InputError: The fractions are no shares.
        UnknownName: There is no such criterion.
        LeakError: What belongs together stands in different splits of the existing manifest.
    """
    shares = _shares(fractions)
    criteria = _criteria(dataset, stratify)
    clusters = _clusters(dataset, criteria)
    _place(clusters, shares, seed)
    units = dict(dataset.splits.units) if dataset.splits else {}
    for cluster in clusters:
        units |= {unit: cluster.split for unit in cluster.units if cluster.split is not None}
    names = tuple(criterion.id for criterion in criteria)
    return SplitManifest(seed=seed, fractions=shares, stratified_by=names, units=dict(sorted(units.items())))


def check_leaks(dataset: Dataset) -> None:
    """Refuse a manifest with the same unit, a pair's sessions or near-duplicates on two sides.

    Raises:
        LeakError: The two sessions and what connects them are named.
    """
    if dataset.splits is None:
        return
    _refuse_split_units(dataset)
    for pair in sorted(dataset.pairs, key=lambda pair: pair.id):
        _refuse_apart(dataset, pair.first, pair.second, f"stand in pair {pair.id!r}")
        _refuse_apart(dataset, pair.id, pair.first, "are a pair and one of its sessions")
    for one, other, similarity in near_duplicates({s.id: spoken(s) for s in dataset.sessions}):
        _refuse_apart(dataset, one, other, f"are near-duplicates (similarity {similarity:.2f})")


def split_counts(dataset: Dataset) -> SplitCounts:
    """Return what each split holds: units, sessions, pairs, and each criterion's levels with the rarest one."""
    criteria = _criteria(dataset, None)
    levels = _levels(dataset, criteria)
    members: defaultdict[SplitName | None, list[str]] = defaultdict(list)
    for target in (*dataset.session_by_id, *dataset.pair_by_id):
        members[_held_in(dataset, target)].append(target)
    shown: list[SplitName | None] = [split for split in SPLITS if split in members or dataset.splits]
    rows = [_count(dataset, split, members[split], levels, criteria) for split in shown]
    if members[None]:
        rows.append(_count(dataset, None, members[None], levels, criteria))
    seed = dataset.splits.seed if dataset.splits else None
    return SplitCounts(dataset=dataset.name, seed=seed, splits=tuple(rows))


def _shares(fractions: Mapping[SplitName, float]) -> dict[SplitName, float]:
    for split in fractions:
        if split not in SPLITS:
            raise UnknownName("split", split, SPLITS)
    shares = {split: float(fractions.get(split, 0.0)) for split in SPLITS}
    if any(share < 0 for share in shares.values()) or abs(sum(shares.values()) - 1) > 1e-6:
        given = ", ".join(f"{split} {share:g}" for split, share in shares.items())
        raise InputError(f"split fractions must be 0 or more and sum to 1, got {given}", hint="Try 0.4, 0.3 and 0.3")
    return shares


def _criteria(dataset: Dataset, wanted: Sequence[str] | None) -> list[Criterion]:
    labelled = {label.criterion for label in dataset.labels}
    if wanted is None:
        named = [c for c in dataset.rubric.criteria if c.id in labelled]
    else:
        named = [dataset.rubric.criterion(name) for name in wanted]
    return [criterion for criterion in named if criterion.scale.type not in ("text", "multi_select")]


def _clusters(dataset: Dataset, criteria: Sequence[Criterion]) -> list[_Cluster]:
    """Return what must stay together, with its size, its levels, and the split that holds a part of it already."""
    roots = _joined(dataset)
    clusters: dict[str, _Cluster] = defaultdict(_Cluster)
    levels = _levels(dataset, criteria)
    placed: dict[str, str] = {}
    for target in sorted((*dataset.session_by_id, *dataset.pair_by_id)):
        unit = dataset.unit(target)
        cluster = clusters[roots[unit]]
        cluster.units.add(unit)
        cluster.n_sessions += target in dataset.session_by_id
        cluster.levels.update(levels.get(target, ()))
        split = _held_in(dataset, target)
        if split is not None and cluster.split not in (None, split):
            raise _leak(
                placed[roots[unit]], target, (cluster.split, split), "belong together: by unit, pair or near-duplicates"
            )
        if split is not None:
            cluster.split = split
            placed.setdefault(roots[unit], target)
    return sorted(clusters.values(), key=lambda cluster: cluster.key)


def _joined(dataset: Dataset) -> dict[str, str]:
    """Return each unit's cluster, named by its first unit: joined by pairs and by near-duplicates."""
    units = {dataset.unit(target) for target in (*dataset.session_by_id, *dataset.pair_by_id)}
    parent = {unit: unit for unit in units}

    def root(unit: str) -> str:
        while parent[unit] != unit:
            parent[unit] = parent[parent[unit]]
            unit = parent[unit]
        return unit

    similar = near_duplicates({session.id: spoken(session) for session in dataset.sessions})
    links = [(one, other) for one, other, _ in similar]
    links += [(pair.id, side) for pair in dataset.pairs for side in (pair.first, pair.second)]
    for one, other in links:
        low, high = sorted((root(dataset.unit(one)), root(dataset.unit(other))))
        parent[high] = low
    return {unit: root(unit) for unit in units}


def _levels(dataset: Dataset, criteria: Sequence[Criterion]) -> dict[str, list[Level]]:
    """Return each target's levels: one per criterion, and per turn where turns were labelled."""
    answers: defaultdict[tuple[str, str, str | None], list[Label]] = defaultdict(list)
    has_people = any(label.kind == "human" for label in dataset.labels)
    for label in dataset.labels:
        if label.status == "ok" and (label.kind == "human" or not has_people):
            answers[label.criterion, label.target, label.turn].append(label)
    found: defaultdict[str, list[Level]] = defaultdict(list)
    for criterion in criteria:
        mine = {(target, turn): labels for (name, target, turn), labels in answers.items() if name == criterion.id}
        for (target, _), level in _one_level_each(criterion, mine).items():
            found[target].append((criterion.id, level))
    return found


Place = tuple[str, str | None]


def _one_level_each(criterion: Criterion, answers: Mapping[Place, list[Label]]) -> dict[Place, str]:
    """Return one level per place: the raters' majority, or the quarter in which their mean lies."""
    codes = {
        place: [criterion.scale.code(a.value) for a in given if a.value is not None] for place, given in answers.items()
    }
    if criterion.scale.type == "numeric":
        means = {place: sum(numbers) / len(numbers) for place, numbers in codes.items()}
        ranked = sorted(means.values())
        cuts = [ranked[len(ranked) * step // N_NUMERIC_BINS] for step in range(1, N_NUMERIC_BINS)] if ranked else []
        return {place: f"quarter {1 + sum(mean >= cut for cut in cuts)}" for place, mean in means.items()}
    texts = dict(zip(criterion.scale.numbers(), map(level_text, criterion.scale.levels), strict=True))
    return {place: texts[_majority(numbers)] for place, numbers in codes.items()}


def _majority(numbers: Iterable[float]) -> float:
    counts = Counter(numbers)
    return min(counts, key=lambda number: (-counts[number], number))


def _place(clusters: Sequence[_Cluster], shares: Mapping[SplitName, float], seed: int) -> None:
    """Give each cluster without a split one: those with the rarest level first, where it is wanted most."""
    wanted = _Wanted(clusters, shares)
    free = sorted((c for c in clusters if c.split is None), key=lambda c: (-c.n_sessions, _draw(seed, c.key)))
    for cluster in clusters:
        if cluster.split is not None:
            wanted.take(cluster)
    while free:
        remaining = Counter(chain.from_iterable(cluster.levels for cluster in free))
        level = min(remaining, key=lambda level: (remaining[level], level)) if remaining else None
        batch = [cluster for cluster in free if level is None or level in cluster.levels]
        for cluster in batch:
            cluster.split = wanted.most(level, _draw(seed, cluster.key))
            wanted.take(cluster)
        free = [cluster for cluster in free if cluster.split is None]


class _Wanted:
    """How many sessions, and of each level, every split still lacks."""

    def __init__(self, clusters: Sequence[_Cluster], shares: Mapping[SplitName, float]) -> None:
        n_sessions = sum(cluster.n_sessions for cluster in clusters)
        totals: Counter[Level] = Counter()
        for cluster in clusters:
            totals.update(cluster.levels)
        self._splits = [split for split in SPLITS if shares[split] > 0]
        self._sessions = {split: shares[split] * n_sessions for split in SPLITS}
        self._levels = {split: {level: shares[split] * n for level, n in totals.items()} for split in SPLITS}

    def most(self, level: Level | None, draw: str) -> SplitName:
        """Return the split that lacks most of a level, then of sessions; the draw decides between equals."""

        def lack(split: SplitName) -> tuple[float, float, str]:
            of_level = self._levels[split][level] if level is not None else 0.0
            return (round(of_level, 9), round(self._sessions[split], 9), _draw(0, f"{draw}{split}"))

        return max(self._splits, key=lack)

    def take(self, cluster: _Cluster) -> None:
        """Count a placed cluster."""
        if cluster.split is None:
            return
        self._sessions[cluster.split] -= cluster.n_sessions
        for level, n in cluster.levels.items():
            self._levels[cluster.split][level] -= n


def _draw(seed: int, text: str) -> str:
    return hashlib.sha256(f"{seed}:{text}".encode("utf-8", "surrogatepass")).hexdigest()


def _held_in(dataset: Dataset, target: str) -> SplitName | None:
    """Return the split of a target, also where its unit had another name when the splits were drawn."""
    held = dataset.split_of(target)
    if held is not None or dataset.splits is None:
        return held
    names = _earlier_units(dataset, target)
    return next((dataset.splits.units[name] for name in names if name in dataset.splits.units), None)


def _earlier_units(dataset: Dataset, target: str) -> Iterator[str]:
    member = dataset.session_by_id.get(target) or dataset.pair_by_id[target]
    if member.input is not None:
        yield f"input:{member.input}"
    yield f"session:{target}" if isinstance(member, Session) else f"pair:{target}"


def _refuse_split_units(dataset: Dataset) -> None:
    held: dict[str, str] = {}
    for session in sorted(dataset.sessions, key=lambda session: session.id):
        splits = dataset.splits.units if dataset.splits else {}
        mine = next((splits[name] for name in _earlier_units(dataset, session.id) if name in splits), None)
        if mine is None:
            continue
        other = held.setdefault(session.unit(), session.id)
        theirs = next(splits[name] for name in _earlier_units(dataset, other) if name in splits)
        if theirs != mine:
            raise _leak(other, session.id, (theirs, mine), f"are of one unit ({session.unit()})")


def _refuse_apart(dataset: Dataset, one: str, other: str, why: str) -> None:
    splits = (_held_in(dataset, one), _held_in(dataset, other))
    if None not in splits and splits[0] != splits[1]:
        raise _leak(one, other, splits, why)


def _leak(one: str, other: str, splits: tuple[SplitName | None, SplitName | None], why: str) -> LeakError:
    what = f"{one!r} (in {splits[0]}) and {other!r} (in {splits[1]}) {why}"
    return LeakError(what, where="splits.json", hint="Remove one of them, or delete splits.json and draw anew")


def _count(
    dataset: Dataset,
    split: SplitName | None,
    targets: Sequence[str],
    levels: Mapping[str, list[Level]],
    criteria: Sequence[Criterion],
) -> SplitCount:
    counted = Counter(chain.from_iterable(levels.get(target, []) for target in targets))
    return SplitCount(
        split=split,
        n_units=len({dataset.unit(target) for target in targets}),
        n_sessions=sum(target in dataset.session_by_id for target in targets),
        n_pairs=sum(target in dataset.pair_by_id for target in targets),
        criteria=tuple(_level_counts(criterion, counted) for criterion in criteria),
    )


def _level_counts(criterion: Criterion, counted: Counter[Level]) -> LevelCounts:
    legal = [level_text(level) for level in criterion.scale.levels]
    names = legal or sorted(level for name, level in counted if name == criterion.id)
    counts = {name: counted[criterion.id, name] for name in names}
    rarest = min(counts, key=lambda name: counts[name]) if legal else None
    n_rarest = counts[rarest] if rarest is not None else None
    return LevelCounts(criterion=criterion.id, counts=counts, rarest=rarest, n_rarest=n_rarest)
