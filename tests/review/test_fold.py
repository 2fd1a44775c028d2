"""What counts now does not depend on the order in which files were read."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from judgekit.records.label import Adjudication, Assignment, Entry, Label, Opening, Retraction
from judgekit.review.fold import fold
from judgekit.review.history import history

START = datetime(2026, 1, 1, tzinfo=UTC)


def chain(*events, writer="w"):
    entries: list[Entry] = []
    for n, event in enumerate(events, start=1):
        dated = event if event.at else event.model_copy(update={"at": START + timedelta(minutes=n)})
        previous = entries[-1].hash if entries else None
        entries.append(Entry.chained(dated, writer=writer, sequence=n, previous=previous))
    return entries


def label(name, value, **fields):
    return Label(**{"id": name, "session": "s", "criterion": "c", "rater": "ana", "value": value, **fields})


def ids(labels):
    return [one.id for one in labels]


def test_a_later_label_of_the_same_rater_replaces_the_earlier():
    """The last word of a rater on a target, criterion and occasion counts."""
    folded = fold(chain(label("a", 1), label("b", 2), label("c", 3, rater="ben"), label("d", 4, turn="t")))
    assert ids(folded.labels) == ["b", "c", "d"]
    assert ids(folded.superseded) == ["a"]
    assert (len(folded.superseded), len(folded.retracted)) == (1, 0)


def test_an_occasion_of_its_own_replaces_nothing():
    """A repeat with the next number stands beside the first one."""
    assert ids(fold(chain(label("a", 1), label("b", 2, occasion=2))).labels) == ["a", "b"]


def test_anonymous_labels_never_replace_each_other():
    """Nobody can say that two anonymous labels are one person's."""
    assert ids(fold(chain(label("a", 1, rater=None), label("b", 2, rater=None))).labels) == ["a", "b"]


def test_the_same_label_twice_counts_once():
    """One label imported on two branches, under two dates, is one label, and does not come after its correction."""
    entries = [
        *chain(label("a", 1), label("b", 2), writer="left"),
        *chain(label("a", 1, at=START + timedelta(days=9)), writer="right"),
    ]
    folded = fold(entries)
    assert ids(folded.labels) == ["b"]
    assert len(folded.superseded) == 1
    assert folded.notes == ()


def test_one_id_for_two_answers_is_reported():
    """Two different labels under one id are a defect of their source, and said so."""
    folded = fold(chain(label("a", 1), label("a", 2)))
    assert [one.value for one in folded.labels] == [1]
    assert "'a' stands for two different events" in folded.notes[0]


def test_a_named_label_is_replaced_whoever_gave_it():
    """`supersedes` is honoured for anonymous labels, along a chain, and not in a circle."""
    named = fold(
        chain(
            label("a", 1, rater=None),
            label("b", 2, rater=None, supersedes="a"),
            label("c", 3, rater=None, supersedes="b"),
        )
    )
    assert ids(named.labels) == ["c"]
    circle = chain(label("a", 1, rater=None, supersedes="b"), label("b", 2, rater=None, supersedes="a"))
    assert ids(fold(circle).labels) == ["a", "b"]
    assert ids(fold(chain(label("a", 1, supersedes="a"), label("b", 1, rater="x", supersedes="none"))).labels) == [
        "a",
        "b",
    ]


def test_a_retraction_counts_wherever_it_stands():
    """A retraction dated before its label still takes it back; an unknown one is reported."""
    early = Retraction(id="r", label="a", by="lead", reason="wrong file", at=START - timedelta(days=1))
    folded = fold(
        chain(early, label("a", 1), label("b", 1, rater="ben"), Retraction(id="q", label="zz", by="lead", reason="?"))
    )
    assert ids(folded.labels) == ["b"]
    assert ids(folded.retracted) == ["a"]
    assert "'zz', which no label has" in folded.notes[0]


def test_what_a_retracted_label_had_replaced_counts_again():
    """A wrong import is undone by retracting it."""
    undo = Retraction(id="r", label="b", by="lead", reason="wrong file")
    assert ids(fold(chain(label("a", 1), label("b", 2), undo)).labels) == ["a"]


def test_the_latest_adjudication_of_a_question_counts():
    """One adjudication per target, turn and criterion is left: the last."""
    rows = [
        Adjudication(id=f"j{n}", session="s", turn=turn, criterion="c", value=n, by="lead")
        for n, turn in enumerate([None, "t", None])
    ]
    folded = fold(chain(*rows))
    assert [(a.id, a.value) for a in folded.adjudications] == [("j1", 1), ("j2", 2)]


def test_the_order_of_reading_does_not_matter():
    """Shuffled entries of three writers fold to the same, also where times are equal."""
    rng = random.Random(1)
    entries = []
    for writer in "xyz":
        labels = [
            label(f"{writer}{n}", n, rater=rng.choice(["ana", "ben"]), at=START + timedelta(minutes=rng.randrange(3)))
            for n in range(20)
        ]
        entries += chain(*labels, Assignment(id=f"as-{writer}", session="s", rater="ana"), writer=writer)
    entries += chain(Opening(id="o", split="test", purpose="certify"), writer="o")
    first = fold(entries)
    assert len(first.labels) == 2
    for _ in range(5):
        rng.shuffle(entries)
        assert fold(entries) == first


def test_the_history_shows_what_the_fold_leaves_out():
    """Corrected, retracted and repeated labels are shown with what became of them."""
    entries = chain(
        label("a", 1, rationale="first"),
        label("b", 2),
        label("c", 3, rater="ben"),
        Retraction(id="r", label="c", by="lead", reason="slip"),
        label("d", 1, session="other"),
        label("b", 2),
    )
    shown = history(entries, "data", session="s").happenings
    assert [(h.id, h.state) for h in shown] == [
        ("a", "superseded"), ("b", "current"), ("c", "retracted"), ("r", "current"), ("b", "repeated"),
    ]  # fmt: skip
    assert [h.id for h in history(entries, "data", rater="ben").happenings] == ["c"]
    assert [h.id for h in history(entries, "data", rater="lead").happenings] == ["r"]
