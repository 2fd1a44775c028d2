"""Datasets composed for learning: sessions with or without a planted signal, labelled by one or more raters."""

from __future__ import annotations

import random
from collections.abc import Sequence

from judgekit.records.dataset import Dataset, DatasetCard, SplitManifest
from judgekit.records.label import Label
from judgekit.records.rubric import Criterion, Rubric, Scale, Value
from judgekit.records.session import Pair, Session, ToolCall, Turn

BINARY = Criterion(id="policy", question="Kept to policy?", scale=Scale(type="binary", levels=("fail", "pass")))
ORDINAL = Criterion(id="solved", question="Solved?", scale=Scale(type="ordinal", levels=(1, 2, 3, 4, 5)))
NUMERIC = Criterion(id="effort", question="Effort?", scale=Scale(type="numeric", min=0, max=10))
CATEGORIES = Criterion(id="topic", question="About?", scale=Scale(type="categorical", levels=("bill", "lamp", "bed")))
PREFERENCE = Criterion(id="better", question="Which?", scale=Scale(type="preference"))
TEXT = Criterion(id="feedback", question="What?", scale=Scale(type="text"))
RUBRIC = Rubric(name="desk", criteria=(BINARY, ORDINAL, NUMERIC, CATEGORIES, PREFERENCE, TEXT))
FILLER = (
    "order",
    "parcel",
    "lamp",
    "chair",
    "postcode",
    "please",
    "check",
    "today",
    "delivery",
    "return",
    "see",
    "note",
)


def session(number: int, *, good: int = 0, n_errors: int = 0, group: str | None = None, seed: int = 0) -> Session:
    """Return a session whose assistant says "arranged" `good` times and whose tools fail `n_errors` times."""
    draw = random.Random(f"{seed}:{number}")
    asked = " ".join(draw.choices(FILLER, k=12))
    told = draw.choices(FILLER, k=20) + ["arranged"] * good
    draw.shuffle(told)
    calls = tuple(ToolCall(name="lookup", arguments={"n": i}, error="no such order") for i in range(n_errors))
    turns = (
        Turn(id="1", role="user", text=asked + "?"),
        Turn(id="2", role="assistant", text=" ".join(told), tool_calls=calls),
    )
    return Session(id=f"s-{number:04d}", group=group, turns=turns)


def label(target: str, criterion: Criterion, value: Value, rater: str = "ana") -> Label:
    """Return one rater's label."""
    about = {"pair": target} if criterion.scale.type == "preference" else {"session": target}
    return Label(id=f"l-{target}-{criterion.id}-{rater}", criterion=criterion.id, rater=rater, value=value, **about)


def dataset(
    sessions: Sequence[Session],
    labels: Sequence[Label],
    *,
    pairs: Sequence[Pair] = (),
    splits: SplitManifest | None = None,
) -> Dataset:
    """Return a dataset of these."""
    return Dataset(
        card=DatasetCard(name="desk"),
        rubric=RUBRIC,
        sessions=tuple(sessions),
        pairs=tuple(pairs),
        labels=tuple(labels),
        splits=splits,
    )


def planted(criterion: Criterion, n: int = 80, *, seed: int = 3) -> Dataset:
    """Return sessions whose words and tool errors tell the label, whatever the scale."""
    draw = random.Random(seed)
    sessions, labels = [], []
    for number in range(n):
        strength = draw.randrange(5)
        made = session(number, good=strength, n_errors=(4 - strength) // 2, group=f"g-{number}", seed=seed)
        sessions.append(made)
        labels.append(label(made.id, criterion, _value(criterion, strength)))
    return dataset(sessions, labels)


def planted_pairs(n: int = 60, *, seed: int = 3, ties: bool = True) -> Dataset:
    """Return pairs in which the session that says "arranged" more often is preferred."""
    draw = random.Random(seed)
    sessions, pairs, labels = [], [], []
    for number in range(n):
        one, other = draw.randrange(4), draw.randrange(4)
        other = other if ties or one != other else (one + 1) % 4
        first = session(2 * number, good=one, seed=seed)
        second = session(2 * number + 1, good=other, seed=seed)
        sessions += [first, second]
        pairs.append(Pair(id=f"p-{number:03d}", first=first.id, second=second.id, group=f"g-{number}"))
        said = "tie" if one == other else "first" if one > other else "second"
        labels.append(label(pairs[-1].id, PREFERENCE, said))
    return dataset(sessions, labels, pairs=pairs)


def _value(criterion: Criterion, strength: int) -> Value:
    if criterion.scale.type == "numeric":
        return float(2 * strength)
    levels = criterion.scale.levels
    return levels[strength * len(levels) // 5]
