"""Near-duplicates are found exactly, and fast enough for ten thousand sessions."""

from __future__ import annotations

import itertools
import random
import time

import pytest

from judgekit.errors import InputError
from judgekit.records.session import Session, Turn
from judgekit.review.duplicates import near_duplicates, spoken


def shingles(text):
    words = text.casefold().split()
    width = min(5, len(words))
    return {tuple(words[n : n + width]) for n in range(len(words) - width + 1)} if words else set()


def brute_force(texts, threshold):
    found = []
    for one, other in itertools.combinations(sorted(texts), 2):
        a, b = shingles(texts[one]), shingles(texts[other])
        if a and b and len(a & b) / len(a | b) >= threshold:
            found.append((one, other, len(a & b) / len(a | b)))
    return found


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.8, 1.0])
def test_the_fast_way_finds_what_trying_every_pair_finds(threshold):
    """On random texts with edits the pairs and similarities are those of the plain definition."""
    rng = random.Random(3)
    words = [f"w{n}" for n in range(60)]
    texts = {}
    for n in range(40):
        text = rng.choices(words, k=rng.randrange(1, 60))
        texts[f"a{n}"] = " ".join(text)
        for _ in range(rng.randrange(3)):
            text[rng.randrange(len(text))] = rng.choice(words)
        texts[f"b{n}"] = " ".join(text) + f" tail{n}"
    found = near_duplicates(texts, threshold=threshold)
    expected = brute_force(texts, threshold)
    assert [pair[:2] for pair in found] == [pair[:2] for pair in expected]
    assert [pair[2] for pair in found] == pytest.approx([pair[2] for pair in expected])
    assert threshold == 1.0 or found


def test_order_of_rows_does_not_matter():
    """Shuffled texts give the same pairs."""
    texts = {f"s{n}": f"the same long text about parcels number {n // 3} and so on and on" for n in range(30)}
    names = list(texts)
    random.Random(1).shuffle(names)
    assert near_duplicates({name: texts[name] for name in names}) == near_duplicates(texts)


def test_copies_are_tied_to_the_first():
    """Case and spacing do not count; copies are paired with the first; empty texts with nothing."""
    texts = {"b": "One  TWO three", "a": "one two three", "c": "one two\nthree", "d": "", "e": " ", "f": "one two"}
    assert near_duplicates(texts) == [("a", "b", 1.0), ("a", "c", 1.0)]
    assert near_duplicates({}) == []


def test_the_same_opening_does_not_make_a_duplicate():
    """Two answers to one question are two sessions; what tools said does not count."""

    def session(name, answer):
        turns = [
            Turn(id="1", role="user", text="Where is my parcel number seventeen please"),
            Turn(id="2", role="assistant", text=answer),
            Turn(id="3", role="tool", text="tool words " * 50),
        ]
        return Session(id=name, turns=turns)

    one = session("a", "It lies at the depot and comes tomorrow before noon, sorry for the wait.")
    other = session("b", "I cannot see that order here; could you tell me your postcode and surname?")
    assert "tool words" not in spoken(one)
    assert near_duplicates({s.id: spoken(s) for s in (one, other)}) == []


def test_thresholds_out_of_range_are_refused():
    """A threshold of 0 would pair everything."""
    with pytest.raises(InputError, match="got 0"):
        near_duplicates({}, threshold=0)


def test_five_thousand_sessions_take_seconds():
    """With shared boilerplate and many copies it stays quick."""
    rng = random.Random(5)
    words = [f"w{n}" for n in range(3000)]
    boilerplate = "thank you for calling the parcel line how can I help you today " * 3
    texts = {f"s{n}": boilerplate + " ".join(rng.choices(words, k=150)) for n in range(4000)}
    texts |= {f"t{n}": boilerplate + "nothing else was said" for n in range(1000)}
    begun = time.process_time()
    found = near_duplicates(texts)
    assert time.process_time() - begun < 8
    assert len(found) == 999
