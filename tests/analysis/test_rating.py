"""The rating table: columns, occasions, statuses, units."""

from __future__ import annotations

import numpy as np

from judgekit.analysis.rating import excerpt, on_levels, rating_table, sample_of, unit_codes
from judgekit.records.session import Session, Turn
from tests.analysis.composed_data import LENGTH, PASSED, QUALITY, dataset, label, labels, session


def test_rows_are_targets_and_columns_are_raters_by_name() -> None:
    """Rows follow the dataset's sessions; columns the alphabet; what is missing is NaN."""
    data = dataset(
        labels(QUALITY, {"s2": {"zoe": 4}, "s1": {"zoe": 1, "ana": 2}}), sessions=[session("s1"), session("s2")]
    )
    table = rating_table(data, QUALITY)
    assert (table.targets, table.raters) == ((("s1", None), ("s2", None)), ("ana", "zoe"))
    np.testing.assert_array_equal(table.values, [[2, 1], [np.nan, 4]])
    assert table.is_named
    np.testing.assert_array_equal(table.only(["zoe"]).values, [[1], [4]])


def test_anonymous_labels_fill_nameless_columns_in_no_order() -> None:
    """Two nameless labels of one session are two columns; which came first does not show."""
    one, two = label("s1", QUALITY, None, 5, id="x"), label("s1", QUALITY, None, 3, id="y")
    third = label("s2", QUALITY, "anonymous", 1)
    for given in ([one, two, third], [third, two, one]):
        table = rating_table(dataset(given, sessions=[session("s1"), session("s2")]), QUALITY)
        assert table.raters == ("anonymous", "anonymous#1", "anonymous#2")
        np.testing.assert_array_equal(table.values, [[np.nan, 3, 5], [1, np.nan, np.nan]])
        assert not table.is_named


def test_the_first_occasion_counts_and_later_ones_are_counted() -> None:
    """Whatever order they stand in; a first occasion without a number gives way."""
    given = [
        label("s1", QUALITY, "ana", 5, occasion=2),
        label("s1", QUALITY, "ana", 1),
        label("s2", QUALITY, "ana", "cannot_judge"),
        label("s2", QUALITY, "ana", 4, occasion=2),
    ]
    table = rating_table(dataset(given, sessions=[session("s1"), session("s2")]), QUALITY)
    np.testing.assert_array_equal(table.values, [[1], [4]])
    assert table.dropped == {"later_occasion": 1, "cannot_judge": 1}


def test_answers_without_a_number_are_counted_by_status() -> None:
    """ "Not applicable" and "can't judge" are answers; they keep their row."""
    table = rating_table(dataset(labels(PASSED, {"s1": {"ana": "not_applicable", "ben": "cannot_judge"}})), PASSED)
    assert table.targets == (("s1", None),)
    assert table.values.shape == (1, 0)
    assert table.dropped == {"not_applicable": 1, "cannot_judge": 1}


def test_other_criteria_kinds_and_targets_stay_out() -> None:
    """Only the criterion's human labels of the targets asked for."""
    given = [
        *labels(PASSED, {"s1": {"ana": "pass"}, "s2": {"ana": "pass"}}),
        *labels(QUALITY, {"s1": {"ana": 1}}),
        *labels(PASSED, {"s1": {"gpt": "fail"}}, kind="model"),
    ]
    data = dataset(given)
    assert rating_table(data, PASSED, targets={"s1"}).values.tolist() == [[1.0]]
    assert rating_table(data, PASSED, kinds=("human", "model")).raters == ("ana", "gpt")
    assert rating_table(data, LENGTH).values.shape == (0, 0)


def test_the_coarsest_declared_unit_clusters() -> None:
    """Group before input before session: five sessions are three units."""
    told = [
        session("s1", group="g", input="i"),
        session("s2", group="g", input="j"),
        session("s3", input="i"),
        session("s4", input="i"),
        session("s5"),
    ]
    data = dataset(sessions=told)
    codes = unit_codes([(each.id, None) for each in told], data.unit)
    assert len(set(codes)) == 3
    assert codes[0] == codes[1]
    assert codes[2] == codes[3]
    sample = sample_of(QUALITY, np.ones((5, 2)), codes)
    assert sample.units is not None
    assert sample_of(QUALITY, np.ones((5, 2)), np.arange(5)).units is None


def test_legal_rows_are_those_on_a_level_or_missing() -> None:
    """Between two levels is not legal; a numeric scale has no levels to miss."""
    column = np.array([1, 2.5, np.nan])
    assert on_levels(QUALITY, column, column[::-1]).tolist() == [True, False, True]
    assert on_levels(LENGTH, column).all()


def test_an_excerpt_is_what_the_user_said_first() -> None:
    """Folded to one line and cut with an ellipsis; empty where nobody spoke."""
    turns = (Turn(id="1", role="system", text="no"), Turn(id="2", role="user", text="a\n b  " + "c" * 200))
    told = excerpt(Session(id="s", turns=turns), 10)
    assert told == "a b " + "c" * 5 + "…"
    assert excerpt(None) == excerpt(Session(id="s")) == ""
