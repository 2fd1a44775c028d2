"""How labelled sessions were picked: alike, by known chances, or for what they are."""

from __future__ import annotations

import pytest

from judgekit.analysis.sampling import sampling_of, weight_words
from tests.analysis.composed_data import PASSED, label


def picked(*designs, rater="ana"):
    """Return labels of s0, s1 ...; a design may be None."""
    return [label(f"s{i}", PASSED, rater, "pass", design=design) for i, design in enumerate(designs)]


def found(*designs):
    return sampling_of(picked(*designs), [f"s{i}" for i in range(len(designs))])


def chance(probability, **fields):
    return {"probability": probability, **fields}


def test_different_chances_are_weights() -> None:
    """One over the probability, whatever the method; the words give the range."""
    one = found(chance(0.1, method="uncertainty"), chance(0.4), chance(0.4))
    assert one.weights == {"s0": pytest.approx(10), "s1": pytest.approx(2.5), "s2": pytest.approx(2.5)}
    assert one.is_weighted
    assert not one.chosen
    assert "one over its recorded probability (0.1 to 0.4)" in weight_words(one)


@pytest.mark.parametrize(
    "designs",
    [
        [chance(0.2, method="uncertainty")] * 3,
        [chance(0.2), chance(0.2 + 1e-14)],
        [{"method": "random"}, {"method": "census"}],
        [chance(1.0), {"method": "random"}],
    ],
)
def test_equal_chances_count_alike(designs) -> None:
    """With or without the probability, as long as it is one for all."""
    one = found(*designs)
    assert (dict(one.weights), one.refused, dict(one.chosen), one.n_unknown) == ({}, None, {}, 0)


def test_chosen_sessions_are_counted_by_method() -> None:
    """Uncertainty, mixture and the like without probability; one random label does not redeem a session."""
    one = found({"method": "uncertainty"}, {"method": "mixture"}, {"method": "random"}, None, {"seed": 3})
    assert (dict(one.chosen), one.n_unknown) == ({"uncertainty": 1, "mixture": 1}, 2)
    twice = [*picked({"method": "random"}), *picked({"method": "uncertainty"}, rater="ben")]
    assert dict(sampling_of(twice, ["s0"]).chosen) == {"uncertainty": 1}


def test_what_was_certain_to_be_picked_is_no_random_sample() -> None:
    """The least sure ones have a chance of 1, and all others none; of a census, or a stated frame, it may stand."""
    assert dict(found(*[chance(1.0, method="uncertainty")] * 3).chosen) == {"uncertainty": 3}
    assert not found(*[chance(1.0, method="census")] * 3).chosen
    assert not found(*[chance(1.0)] * 3).chosen
    assert not found(*[chance(1.0, method="mixture", frame_n=3)] * 3).chosen
    assert found(chance(1.0, method="mixture"), chance(0.5, method="mixture")).is_weighted


def test_some_chances_do_not_help_where_they_differ() -> None:
    """The reason counts, names one, and gives the range; labels of other sessions do not matter."""
    one = found(chance(0.05), chance(0.4), None, {"method": "random"})
    assert one.refused is not None
    assert one.refused.startswith("2 of 4 labelled sessions have no recorded probability, such as 's2', and those of")
    assert "differ (0.05 to 0.4)" in one.refused
    labels = picked(chance(0.05), chance(0.4), None)
    assert sampling_of(labels, ["s0", "s1"]).refused is None
    assert sampling_of(labels, ["s1", "s2"]).refused is None


def test_two_chances_of_one_session_are_refused() -> None:
    """Two rounds with two probabilities; the same twice is one."""
    labels = [*picked(chance(0.1), chance(0.1)), *picked(chance(0.3), rater="ben")]
    refused = sampling_of(labels, ["s0", "s1"]).refused
    assert refused is not None
    assert "1 labelled sessions have more than one recorded probability, such as 's0' (0.1 and 0.3)" in refused
    again = [*picked(chance(0.1), chance(0.2)), *picked(chance(0.1), None, rater="ben")]
    assert sampling_of(again, ["s0", "s1"]).weights == {"s0": pytest.approx(10), "s1": pytest.approx(5)}
