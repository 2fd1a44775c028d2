"""Pictures of counts."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judgekit.records.score_report import BlandAltman, Confusion
from judgekit.render import chart
from judgekit.render.svg import WIDTH
from judgekit.stats.estimate import Estimate, undefined


def marks(svg: str | None, kind: str) -> list[dict[str, str]]:
    assert svg is not None
    root = ET.fromstring(svg)
    return [dict(node.attrib) for node in root.iter() if kind in node.attrib.get("class", "").split()]


def found(points, bias=0.1, low=-1.2, high=1.4):
    def at(value):
        return Estimate(value, value - 0.1, value + 0.1, 0.95, 100, 90, "bca")

    return BlandAltman(
        criterion="c",
        between="judge~reference",
        bias=at(bias),
        low_limit=at(low),
        high_limit=at(high),
        points=tuple(points),
    )


def test_a_heat_map_has_every_count_and_marks_agreement() -> None:
    """Each cell shows its count; the diagonal is marked; more counts are darker."""
    table = Confusion(criterion="c", between="judge~reference", levels=("no", "yes"), counts=((1, 2), (0, 8)))
    svg = chart.confusion(table)
    shades = [float(cell["fill-opacity"]) for cell in marks(svg, "cell")]
    assert shades[3] == max(shades)
    assert shades[2] == 0
    assert len(marks(svg, "agree")) == 2
    assert re.findall(r'class="count[^"]*"[^>]*>(\d+)<', svg or "") == ["1", "2", "0", "8"]


def test_a_confusion_that_is_not_square_is_refused() -> None:
    """A table with a count too few does not load."""
    with pytest.raises(ValueError, match="2 rows of 2"):
        Confusion(criterion="c", between="a~b", levels=("no", "yes"), counts=((1, 2), (0,)))


def test_bars_grow_with_their_counts() -> None:
    """Twice the labels, twice the bar; nothing to draw gives no picture."""
    svg = chart.levels((("ana", (("1", 10), ("2", 20))),))
    low, high = (float(bar["height"]) for bar in marks(svg, "bar"))
    assert math.isclose(high, 2 * low, rel_tol=0.01)
    assert chart.levels((("ana", (("1", 0),)),)) is None


def test_few_differences_are_bars_and_many_are_dots() -> None:
    """On five levels ties would hide each other, so bars count them; on a fine scale each place is seen."""
    stepped = found([(3.0, 0.0, 60), (3.5, 1.0, 25), (2.5, -1.0, 15)])
    fine = found([(i / 7, math.sin(i), 1) for i in range(80)])
    assert chart.is_stepped(stepped)
    assert not chart.is_stepped(fine)
    assert len(marks(chart.differences(stepped), "bar")) == 3
    assert len(marks(chart.bland_altman(fine), "dot")) == 80


def test_a_difference_counts_once_wherever_its_mean_lies() -> None:
    """Places with the same difference are one bar, as high as all of them together."""
    svg = chart.differences(found([(1.5, 1.0, 10), (3.5, 1.0, 30), (3.0, 0.0, 40)]))
    heights = [float(bar["height"]) for bar in marks(svg, "bar")]
    assert heights[0] == heights[1]


def test_bias_and_limits_stand_where_their_numbers_are() -> None:
    """Among the bars, left to right: lower limit, bias, upper limit; an undefined one is not drawn."""
    told = found([(3.0, -1.0, 50), (3.5, 1.0, 50)])
    svg = chart.differences(told)
    low, high = sorted(float(mark["x1"]) for mark in marks(svg, "whole-line"))
    assert low < float(marks(svg, "bias-line")[0]["x1"]) < high
    nothing = told.model_copy(update={"low_limit": undefined("too_few", "one row")})
    assert len(marks(chart.differences(nothing), "whole-line")) == 1
    assert len(marks(chart.bland_altman(nothing), "whole-line")) == 1


def test_without_places_there_is_no_picture() -> None:
    """Nothing to draw gives none."""
    assert chart.differences(found([])) is None
    assert chart.bland_altman(found([])) is None


@given(st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9), st.integers(1, 1000)), min_size=1, max_size=20))
def test_any_place_lies_inside(points) -> None:
    """Whatever the numbers, bars and dots stay on the picture and labels are few."""
    told = found(points)
    for svg in (chart.differences(told), chart.bland_altman(told)):
        assert svg is not None
        assert "nan" not in svg
        assert len(marks(svg, "tick")) <= 60
        assert all(0 <= float(dot["cx"]) <= WIDTH for dot in marks(svg, "dot"))
        assert all(-1 <= float(bar["x"]) <= WIDTH for bar in marks(svg, "bar"))


@pytest.mark.parametrize("text", ["<script>", '"><img onerror=x>', "w" * 500, "\x1b[1m\u202e", "評" * 90])
def test_labels_are_escaped_and_kept_short(text) -> None:
    """A hostile or long name stays text inside its place; the picture is well-formed."""
    svgs = [
        chart.levels(((text, ((text, 3),)),)),
        chart.confusion(Confusion(criterion="c", between=f"{text}~x", levels=(text, "b"), counts=((1, 0), (0, 1)))),
        chart.differences(found([(1.0, 0.0, 3)]).model_copy(update={"between": text})),
        chart.bland_altman(found([(1.0, 0.0, 3)]).model_copy(update={"between": text})),
    ]
    for svg in svgs:
        assert svg is not None
        shown = [node.text or "" for node in ET.fromstring(svg).iter() if node.tag == "text"]
        assert all(len(each) <= 60 and each.isprintable() for each in shown)
