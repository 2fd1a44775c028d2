"""Rater profiles, worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from judgekit.analysis import rater_profile
from judgekit.analysis.rater_profile import rater_profiles
from judgekit.analysis.rating import rating_table
from tests.analysis.composed_data import LENGTH, PASSED, QUALITY, TOPIC, dataset, label, labels, measuring

START = datetime(2026, 1, 1, tzinfo=UTC)


def profiles(data, criterion):
    """Return rater -> profile."""
    return {each.rater: each for each in rater_profiles(data, rating_table(data, criterion), measuring())}


def graded(n=20, *, step=timedelta(days=3), drift=False):
    """Return ana's grades 2 2 2 ..., ben's one higher, later two higher if he drifts; one label every three days."""
    rows = []
    for place in range(n):
        ben = 3 + int(drift and place >= n // 2)
        at = START + place * step
        rows += [label(f"s{place:02d}", QUALITY, who, value, at=at) for who, value in (("ana", 2), ("ben", ben))]
    return dataset(rows)


def test_severity_is_the_distance_to_the_others_on_the_same_targets() -> None:
    """ana is always one below ben: half a level below and above their mean; a rater alone has no severity."""
    found = profiles(graded(), QUALITY)
    assert found["ana"].severity.value == pytest.approx(-0.5)
    assert found["ben"].severity.value == pytest.approx(0.5)
    assert found["ana"].n == 20
    assert found["ana"].unused_levels == ("1", "3", "4", "5")
    assert found["ana"].extreme_share.value == 0
    alone = profiles(dataset(labels(QUALITY, {"s1": {"ana": 5}})), QUALITY)["ana"]
    assert alone.severity.undefined.startswith("too_few: one rater")


def test_severity_that_moves_shows_as_drift_per_30_days() -> None:
    """20 labels a week apart; ben rises by one half-way: slope of a step 15 / 133 a label of 3 days, ten to a month.

    x = 0 .. 19, y = 0 for x < 10 else 1: slope = sum((x - 9.5) y) / sum((x - 9.5)^2) = 50 / 665.
    """
    found = profiles(graded(drift=True), QUALITY)
    assert found["ben"].drift.value == pytest.approx(10 * 50 / 665)
    assert found["ana"].drift.value == pytest.approx(-10 * 50 / 665)
    assert profiles(graded(), QUALITY)["ben"].drift.value == pytest.approx(0)


def test_labels_of_one_week_or_of_unknown_time_have_no_drift() -> None:
    """A day of labels says nothing of a month."""
    assert profiles(graded(step=timedelta(hours=1), drift=True), QUALITY)["ben"].drift is None
    assert profiles(dataset(labels(QUALITY, {"s1": {"ana": 1, "ben": 2}})), QUALITY)["ben"].drift is None


def test_self_agreement_is_over_what_was_answered_again() -> None:
    """ana answers s1 and s2 twice, once alike: 1/2; ben repeats nothing. The first answer counts among raters."""
    given = [
        *labels(PASSED, {"s1": {"ana": "pass", "ben": "pass"}, "s2": {"ana": "fail", "ben": "pass"}}),
        label("s1", PASSED, "ana", "pass", occasion=2),
        label("s2", PASSED, "ana", "pass", occasion=2),
    ]
    found = profiles(dataset(given), PASSED)
    assert (found["ana"].self_agreement.value, found["ana"].self_agreement.n) == (1 / 2, 2)
    assert found["ben"].self_agreement is None
    assert found["ana"].severity.value == pytest.approx(-1 / 4)


def test_scales_without_an_order_know_use_but_no_severity() -> None:
    """Names of topics lie nowhere; of numbers nobody says which go unused."""
    topic = profiles(dataset(labels(TOPIC, {"s1": {"ana": "a", "ben": "b"}})), TOPIC)["ana"]
    assert topic.severity.undefined.startswith("not_for_this_scale")
    assert (topic.drift, topic.extreme_share, topic.unused_levels) == (None, None, ("b", "c"))
    length = profiles(dataset(labels(LENGTH, {"s1": {"ana": 10, "ben": 20}})), LENGTH)["ana"]
    assert length.severity.value == pytest.approx(-5)
    assert (length.extreme_share, length.unused_levels) == (None, ())


def test_nobody_is_profiled_namelessly_and_crowds_have_no_severity(monkeypatch) -> None:
    """Anonymous labels have no profile; above the bound the reason stands in severity's place."""
    assert profiles(dataset([label("s1", PASSED, None, "pass", id=name) for name in "xy"]), PASSED) == {}
    monkeypatch.setattr(rater_profile, "MAX_RATERS", 1)
    assert "more than 1 raters" in profiles(graded(), QUALITY)["ana"].severity.undefined


@pytest.mark.parametrize(("n_raters", "n_each"), [(3, 3), (10, 2), (24, 1), (25, 0)])
def test_where_raters_stand_alone_is_listed_up_to_a_bound(n_raters, n_each) -> None:
    """Three targets a rater, and 24 for all of them together: with more raters, fewer each."""
    names = [f"r{place:02d}" for place in range(n_raters)]
    ratings = {f"s{place:03d}": dict.fromkeys(names, 1) | {names[place % n_raters]: 5} for place in range(4 * n_raters)}
    found = profiles(dataset(labels(QUALITY, ratings)), QUALITY)
    assert {len(each.alone) for each in found.values()} == {n_each}
    if n_each:
        first = found["r01"].alone[0]
        assert (first.target, first.distance, first.reference, first.ratings[0].value) == ("s001", 4.0, 1, 5)
