"""Pictures of estimates."""

from __future__ import annotations

import math
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judgekit.records.report import Row
from judgekit.render import plot
from judgekit.render.plot import Line
from judgekit.render.svg import AXIS_END, LABEL_X, WIDTH
from judgekit.stats.estimate import Estimate, undefined


def estimate(value, low=None, high=None):
    return Estimate(value, low, high, 0.95, 50, 40, "bca" if low is not None else "none: not asked for")


def row(metric, between, value, low=None, high=None, judge=None):  # reads like a line of a table
    given_estimate = estimate(value, low, high)
    return Row(criterion="c", metric=metric, between=between, estimate=given_estimate, judge=judge, engine="replay")


def difference(label, value, low, high, who="judge"):
    return Line(label, estimate(value, low, high), "mean_difference", who)


def marks(svg: str | None, kind: str) -> list[dict[str, str]]:
    assert svg is not None
    root = ET.fromstring(svg)
    return [dict(node.attrib) for node in root.iter() if kind in node.attrib.get("class", "").split()]


def test_the_judge_stands_over_the_ceiling_and_beside_the_baseline() -> None:
    """One line a metric: dot with interval, band of the ceiling, tick of the baseline, in their order."""
    rows = [
        row("accuracy", "judge~reference", 0.6, 0.5, 0.7, "j"),
        row("accuracy", "rater~others", 0.8, 0.75, 0.85),
        row("accuracy", "majority~reference", 0.3),
    ]
    svg = plot.forest(rows)
    dot, band, tick = marks(svg, "dot"), marks(svg, "band"), marks(svg, "baseline")
    assert len(dot) == len(band) == len(tick) == 1
    assert float(tick[0]["x1"]) < float(dot[0]["cx"]) < float(band[0]["x"])
    assert [mark for mark, _ in plot.legend(rows)] == ["dot", "band", "tick"]


def test_equal_values_stand_in_one_column() -> None:
    """The axis is shared: 0.6 is at one place for every metric."""
    svg = plot.forest([row(metric, "judge~reference", 0.6, 0.5, 0.7) for metric in ("accuracy", "cohen_kappa")])
    assert len({dot["cx"] for dot in marks(svg, "dot")}) == 1


def test_errors_and_undefined_rows_are_not_drawn_on_a_scale_of_agreement() -> None:
    """A mean error has another axis, an undefined estimate has no place."""
    nothing = undefined("constant", "all are 4")
    absent = Row(criterion="c", metric="cohen_kappa", between="raters", estimate=nothing)
    assert plot.forest([row("mae", "judge~reference", 0.4, 0.3, 0.5), absent]) is None
    assert plot.about_zero([Line("a", nothing, "bias")], "t") is None
    assert plot.beside_whole([Line("a", nothing, "bias")], None, "t") is None
    assert plot.against_ceiling([(Line("a", nothing, "f1"), Line("a", estimate(0.5), "f1"))]) is None


def test_differences_lie_about_zero() -> None:
    """A positive difference is right of the zero line, a negative one left, the judge's and the experts' apart."""
    svg = plot.about_zero([difference("j", 0.2, 0.1, 0.3), difference("e", -0.1, -0.3, 0.1, "human")], "t")
    zero = float(marks(svg, "zero")[0]["x1"])
    judge, human = (next(m for m in marks(svg, "dot") if kind in m["class"]) for kind in ("judge", "human"))
    assert float(human["cx"]) < zero < float(judge["cx"])


def test_both_ends_of_a_difference_are_named() -> None:
    """What left and right mean is said below the axis."""
    svg = plot.about_zero([difference("ana", 0.2, 0.1, 0.3)], "Severity", ends=("stricter", "more lenient"))
    assert svg is not None
    assert svg.index("stricter") < svg.index("more lenient")


def test_slices_stand_over_the_whole() -> None:
    """One line a slice, a band and a line for everything; a slice that differs is set off."""
    lines = [Line("a", estimate(0.7, 0.6, 0.8), "f1"), Line("b", estimate(0.3, 0.2, 0.4), "f1", is_marked=True)]
    svg = plot.beside_whole(lines, Line("all", estimate(0.6, 0.55, 0.65), "f1"), "t")
    whole = float(marks(svg, "whole-line")[0]["x1"])
    first, second = (float(dot["cx"]) for dot in marks(svg, "dot"))
    assert second < whole < first
    assert len(marks(svg, "marked")) == 1
    assert len(marks(plot.beside_whole(lines, None, "t"), "whole")) == 0


def test_above_the_line_the_judge_is_closer_than_an_expert() -> None:
    """Judge up, expert across, on one square: equal values lie on the line of equality."""
    pairs = [
        (Line("a", estimate(0.8, 0.7, 0.9), "f1"), Line("a", estimate(0.6, 0.5, 0.7), "f1")),
        (Line("b", estimate(0.5), "f1"), Line("b", estimate(0.5), "f1")),
    ]
    svg = plot.against_ceiling(pairs)
    above, on = (tuple(float(dot[key]) for key in ("cx", "cy")) for dot in marks(svg, "dot"))
    equal = {key: float(value) for key, value in marks(svg, "equal")[0].items() if key != "class"}

    def height_of_equality(x: float) -> float:
        share = (x - equal["x1"]) / (equal["x2"] - equal["x1"])
        return equal["y1"] + share * (equal["y2"] - equal["y1"])

    assert above[1] < height_of_equality(above[0]) - 1
    assert math.isclose(on[1], height_of_equality(on[0]), abs_tol=0.02)


@pytest.mark.parametrize("at", [1.0, 0.0, 0.5])
def test_where_everybody_agrees_the_square_still_has_sides(at: float) -> None:
    """Judge and expert at one and the same number, without intervals, are a dot on the line."""
    svg = plot.against_ceiling([(Line("a", estimate(at), "f1"), Line("a", estimate(at), "f1"))])
    (dot,) = marks(svg, "dot")
    assert 64 <= float(dot["cx"]) <= 364


@given(st.lists(st.tuples(*[st.floats(-1e12, 1e12)] * 3).map(sorted), min_size=1, max_size=4))
def test_any_difference_has_a_place_inside(triples) -> None:
    """However large or small, marks stay on the picture and labels of the axis are few."""
    svg = plot.about_zero([difference("j", value, low, high) for low, value, high in triples], "t")
    assert svg is not None
    assert "nan" not in svg
    assert all(LABEL_X <= float(dot["cx"]) <= AXIS_END for dot in marks(svg, "dot"))
    assert len(marks(svg, "tick")) <= 21


@given(
    st.sampled_from(["cohen_kappa", "mae", "bias", "icc_1"]),
    st.lists(st.tuples(*[st.floats(-1e9, 1e9)] * 3).map(sorted), min_size=1, max_size=4),
)
def test_any_slice_has_a_place_inside(metric, triples) -> None:
    """Whatever the metric and its size, marks stay on the picture and labels of the axis are few."""
    lines = [Line("s", estimate(value, low, high), metric) for low, value, high in triples]
    for svg in (plot.beside_whole(lines, lines[0], "t"), plot.against_ceiling([(each, each) for each in lines])):
        assert svg is not None
        assert "nan" not in svg
        assert all(0 <= float(dot["cx"]) <= WIDTH for dot in marks(svg, "dot"))
        assert len(marks(svg, "tick")) <= 40


@given(st.lists(st.floats(-1, 1), min_size=3, max_size=3).map(sorted))
def test_any_agreement_has_a_place_inside(ends) -> None:
    """From minus one to one, the dot and its interval are on the axis."""
    svg = plot.forest([row("cohen_kappa", "judge~reference", ends[1], ends[0], ends[2])])
    assert all(LABEL_X <= float(dot["cx"]) <= AXIS_END + 1 for dot in marks(svg, "dot"))


@pytest.mark.parametrize("text", ["<script>", '"><img onerror=x>', "w" * 500, "\x1b[1m\u202e", "評" * 90])
def test_labels_are_escaped_and_kept_short(text) -> None:
    """A hostile or long name stays text inside its place; the picture is well-formed."""
    line = Line(text, estimate(0.5, 0.4, 0.6), text)
    svgs = [
        plot.forest([row(text, "raters", 0.5, 0.4, 0.6)]),
        plot.about_zero([line], text, ends=(text, text)),
        plot.beside_whole([line], line, text),
        plot.against_ceiling([(line, line)]),
    ]
    for svg in svgs:
        assert svg is not None
        shown = [node.text or "" for node in ET.fromstring(svg).iter() if node.tag == "text"]
        assert all(len(each) <= 62 and each.isprintable() for each in shown)
