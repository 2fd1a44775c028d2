"""Splits keep units whole, balance levels, and never move what was drawn."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from judgekit.errors import InputError, LeakError, UnknownName
from judgekit.records.dataset import Dataset, DatasetCard, SplitManifest
from judgekit.records.label import Label, SplitName
from judgekit.records.rubric import Criterion, Rubric, Scale
from judgekit.records.session import Pair, Session, Turn
from judgekit.review.splits import check_leaks, draw_splits, split_counts

RUBRIC = Rubric(
    name="r",
    criteria=(
        Criterion(id="solved", question="?", scale=Scale(type="ordinal", levels=(1, 2, 3))),
        Criterion(id="safe", question="?", scale=Scale(type="binary", levels=("no", "yes"))),
        Criterion(id="seconds", question="?", scale=Scale(type="numeric", min=0)),
        Criterion(id="words", question="?", scale=Scale(type="text")),
    ),
)
FRACTIONS: dict[SplitName, float] = {"train": 0.4, "dev": 0.3, "test": 0.3}


def session(n, **fields):
    rng = random.Random(n)
    text = " ".join(rng.choices([f"w{k}" for k in range(500)], k=40))
    return Session(id=f"s{n}", turns=[Turn(id="1", role="user", text=text)], **fields)


def dataset(n_sessions=200, n_groups=60, *, seed=0, splits=None):
    rng = random.Random(seed)
    sessions, labels = [], []
    for n in range(n_sessions):
        sessions.append(session(n, group=f"g{n % n_groups}"))
        answers = {"solved": rng.choice([1, 2, 2, 3]), "safe": "no" if n % 20 == 0 else "yes", "seconds": n % 7 + 0.5}
        for rater in ("ana", "ben", "cleo"):
            for criterion, value in {**answers, "words": "fine"}.items():
                name = f"{n}-{rater}-{criterion}"
                labels.append(Label(id=name, session=f"s{n}", criterion=criterion, value=value, rater=rater))
    card = DatasetCard(name="d")
    return Dataset(card=card, rubric=RUBRIC, sessions=tuple(sessions), labels=tuple(labels), splits=splits)


def changed(data, **fields):
    return Dataset(**{name: getattr(data, name) for name in Dataset.model_fields} | fields)


def drawn(data, **options):
    return changed(data, splits=draw_splits(data, **{"seed": 7, "fractions": FRACTIONS, **options}))


def test_a_unit_is_in_one_split_and_shares_are_met():
    """Every session has a split, a group never has two, and shares are near what was asked."""
    data = drawn(dataset())
    held: dict[str, str] = {}
    for one in data.sessions:
        assert data.split_of(one.id) == held.setdefault(one.group, data.split_of(one.id))
    counts = Counter(data.split_of(one.id) for one in data.sessions)
    assert counts["train"] == pytest.approx(80, abs=8)
    assert counts["dev"] == pytest.approx(60, abs=8)
    assert counts["test"] == pytest.approx(60, abs=8)
    assert data.splits.stratified_by == ("solved", "safe", "seconds")
    check_leaks(data)


def test_rare_levels_are_dealt_evenly():
    """Ten sessions of a rare level over single-session units split 4, 3, 3; the common levels are near their share."""
    data = drawn(dataset(n_groups=200))
    rare = Counter(data.split_of(f"s{n}") for n in range(0, 200, 20))
    assert rare == {"train": 4, "dev": 3, "test": 3}
    for row in split_counts(data).splits:
        solved = row.criteria[0]
        assert row.split is not None
        share = FRACTIONS[row.split]
        whole = Counter(label.value for label in data.labels if label.criterion == "solved" and label.rater == "ana")
        for level in (1, 2, 3):
            assert solved.counts[str(level)] == pytest.approx(share * whole[level], abs=3)


def test_rows_in_another_order_are_drawn_the_same():
    """The draw depends on content and seed, not on the order of rows; another seed draws otherwise."""
    data = dataset()
    first = draw_splits(data, seed=7, fractions=FRACTIONS)
    rng = random.Random(2)
    sessions, labels = list(data.sessions), list(data.labels)
    rng.shuffle(sessions)
    rng.shuffle(labels)
    shuffled = Dataset(card=data.card, rubric=data.rubric, sessions=tuple(sessions), labels=tuple(labels))
    assert draw_splits(shuffled, seed=7, fractions=FRACTIONS) == first
    assert draw_splits(data, seed=8, fractions=FRACTIONS).units != first.units


@pytest.mark.parametrize("seed", [7, 8])
def test_an_extension_never_moves_a_unit(seed):
    """New sessions are added to the manifest; what was drawn stays, whatever the seed."""
    data = drawn(dataset(n_sessions=100, n_groups=100))
    bigger = dataset(n_sessions=200, n_groups=200, splits=data.splits)
    extended = draw_splits(bigger, seed=seed, fractions=FRACTIONS)
    assert extended.units.items() >= data.splits.units.items()
    assert len(extended.units) == 200
    counts = Counter(extended.units.values())
    assert counts["train"] == pytest.approx(80, abs=4)


def test_near_duplicates_stay_together():
    """Copies without a common group land in one split, also when the draw is extended."""
    data = dataset(n_sessions=60, n_groups=60)
    copies = tuple(session(n).model_copy(update={"id": f"copy{n}"}) for n in range(60))
    whole = drawn(changed(data, sessions=(*data.sessions, *copies)))
    assert all(whole.split_of(f"s{n}") == whole.split_of(f"copy{n}") for n in range(60))
    late = drawn(changed(drawn(data), sessions=(*data.sessions, *copies)))
    assert all(late.split_of(f"s{n}") == late.split_of(f"copy{n}") for n in range(60))


def test_a_pair_stays_with_its_sessions():
    """A pair and both its sessions are in one split, whatever their inputs say."""
    data = dataset(n_sessions=60, n_groups=60)
    pairs = tuple(Pair(id=f"p{n}", first=f"s{n}", second=f"s{n + 30}", input=f"i{n}") for n in range(30))
    whole = drawn(changed(data, pairs=pairs))
    for pair in pairs:
        assert len({whole.split_of(target) for target in (pair.id, pair.first, pair.second)}) == 1
    check_leaks(whole)


def test_leaks_are_refused_with_both_sessions_named():
    """Near-duplicates, one unit or a pair on two sides are refused; the two sessions are named."""
    one, other = session(1), session(1).model_copy(update={"id": "twin"})
    units: dict[str, SplitName] = {"session:s1": "train", "session:twin": "test"}
    splits = SplitManifest(seed=1, fractions=FRACTIONS, units=units)
    base = Dataset(card=DatasetCard(name="d"), rubric=RUBRIC, sessions=(one, other), splits=splits)
    with pytest.raises(LeakError, match=r"'s1' \(in train\) and 'twin' \(in test\) are near-duplicates"):
        check_leaks(base)
    with pytest.raises(LeakError, match=r"'s1' \(in train\) and 'twin' \(in test\)"):
        draw_splits(base, seed=1, fractions=FRACTIONS)
    grouped = tuple(one.model_copy(update={"group": "g"}) for one in (session(1), session(2)))
    apart = splits.model_copy(update={"units": {"session:s1": "train", "session:s2": "test"}})
    with pytest.raises(LeakError, match="are of one unit"):
        check_leaks(changed(base, sessions=grouped, splits=apart))
    paired = changed(
        base, sessions=(session(1), session(2)), pairs=(Pair(id="p", first="s1", second="s2"),), splits=apart
    )
    with pytest.raises(LeakError, match="stand in pair 'p'"):
        check_leaks(paired)
    check_leaks(Dataset(card=base.card, rubric=RUBRIC, sessions=(one, other)))


def test_counts_name_the_rarest_level_and_what_is_in_no_split():
    """Levels that do not occur count as 0, and sessions added later are listed apart."""
    data = drawn(dataset(n_sessions=40, n_groups=40))
    more = changed(data, sessions=(*data.sessions, session(999)))
    counts = split_counts(more)
    assert [row.split for row in counts.splits] == ["train", "dev", "test", None]
    assert counts.splits[-1].n_sessions == 1
    safe = next(c for c in counts.splits[0].criteria if c.criterion == "safe")
    assert (safe.rarest, safe.n_rarest) == ("no", safe.counts["no"])
    assert sum(row.n_sessions for row in counts.splits) == 41
    assert counts.splits[-1].criteria[0].counts == {"1": 0, "2": 0, "3": 0}
    assert [row.split for row in split_counts(dataset(n_sessions=3)).splits] == [None]


def test_shares_that_are_none_are_refused():
    """Shares must be known splits, not negative, and sum to 1; criteria must exist."""
    data = dataset(n_sessions=5)
    off: tuple[dict[SplitName, float], ...] = ({"train": 0.5}, {"train": 1.5, "test": -0.5})
    for fractions in off:
        with pytest.raises(InputError, match="sum to 1"):
            draw_splits(data, seed=1, fractions=fractions)
    with pytest.raises(UnknownName, match="unknown split 'tset'"):
        draw_splits(data, seed=1, fractions={"train": 0.5, "tset": 0.5})  # type: ignore[dict-item]  # the misspelling is the test
    with pytest.raises(UnknownName, match="unknown criterion"):
        draw_splits(data, seed=1, fractions=FRACTIONS, stratify=["nope"])
    assert set(draw_splits(data, seed=1, fractions={"train": 0.5, "test": 0.5}).units.values()) == {"train", "test"}
    assert draw_splits(data, seed=1, fractions=FRACTIONS, stratify=["safe"]).stratified_by == ("safe",)
