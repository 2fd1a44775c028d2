"""Pictures of rows."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judgekit.records.report import Confusion, Row
from judgekit.render import plot
from judgekit.stats.estimate import Estimate, undefined


def row(metric, between, value, low=None, high=None, judge=None):  # reads like a line of a table
    estimate = Estimate(value, low, high, 0.95, 50, 40, "bca" if low is not None else "none: not asked for")
    return Row(criterion="c", metric=metric, between=between, estimate=estimate, judge=judge, engine="replay")


def marks(svg: str, kind: str) -> list[dict[str, str]]:
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
    assert svg is not None
    dot, band, tick = marks(svg, "dot"), marks(svg, "band"), marks(svg, "baseline")
    assert len(dot) == len(band) == len(tick) == 1
    assert float(tick[0]["x1"]) < float(dot[0]["cx"]) < float(band[0]["x"])
    assert plot.legend(rows) == ("dot", "band", "tick")


def test_equal_values_stand_in_one_column() -> None:
    """The axis is shared: 0.6 is at one place for every metric."""
    svg = plot.forest([row(metric, "judge~reference", 0.6, 0.5, 0.7) for metric in ("accuracy", "cohen_kappa")])
    assert svg is not None
    assert len({dot["cx"] for dot in marks(svg, "dot")}) == 1


def test_errors_and_undefined_rows_are_not_drawn_on_a_scale_of_agreement() -> None:
    """A mean error has another axis, an undefined estimate has no place."""
    nothing = Row(criterion="c", metric="cohen_kappa", between="raters", estimate=undefined("constant", "all are 4"))
    assert plot.forest([row("mae", "judge~reference", 0.4, 0.3, 0.5), nothing]) is None
    assert plot.difference([row("mean", "v7", 3.0)]) is None


def test_differences_lie_about_zero() -> None:
    """A positive difference is right of the zero line, a negative one left, the judge's and the experts' apart."""
    svg = plot.difference(
        [row("mean_difference", "v8~v7", 0.2, 0.1, 0.3, "j"), row("mean_difference", "v8~v7", -0.1, -0.3, 0.1)]
    )
    assert svg is not None
    zero = float(marks(svg, "zero")[0]["x1"])
    judge, human = (next(m for m in marks(svg, "dot") if kind in m["class"]) for kind in ("judge", "human"))
    assert float(human["cx"]) < zero < float(judge["cx"])


@given(st.lists(st.tuples(*[st.floats(-1e12, 1e12)] * 3).map(sorted), min_size=1, max_size=4))
def test_any_difference_has_a_place_inside(triples) -> None:
    """However large or small, marks stay on the picture and labels of the axis are few."""
    rows = [row("mean_difference", "v8~v7", value, low, high, "j") for low, value, high in triples]
    svg = plot.difference(rows)
    assert svg is not None
    assert "nan" not in svg
    assert all(plot.LABEL_X <= float(dot["cx"]) <= plot.AXIS_END for dot in marks(svg, "dot"))
    assert len(marks(svg, "tick")) <= 21


@given(st.lists(st.floats(-1, 1), min_size=3, max_size=3).map(sorted))
def test_any_agreement_has_a_place_inside(ends) -> None:
    """From minus one to one, the dot and its interval are on the axis."""
    svg = plot.forest([row("cohen_kappa", "judge~reference", ends[1], ends[0], ends[2])])
    assert svg is not None
    assert all(plot.LABEL_X <= float(dot["cx"]) <= plot.AXIS_END + 1 for dot in marks(svg, "dot"))


def test_a_heat_map_has_every_count_and_marks_agreement() -> None:
    """Each cell shows its count; the diagonal is marked; more counts are darker."""
    table = Confusion(criterion="c", between="judge~reference", levels=("no", "yes"), counts=((1, 2), (0, 8)))
    svg = plot.confusion(table)
    assert svg is not None
    shades = [float(cell["fill-opacity"]) for cell in marks(svg, "cell")]
    assert shades[3] == max(shades)
    assert shades[2] == 0
    assert len(marks(svg, "agree")) == 2
    assert re.findall(r'class="count[^"]*"[^>]*>(\d+)<', svg) == ["1", "2", "0", "8"]


def test_a_confusion_that_is_not_square_is_refused() -> None:
    """A table with a count too few does not load."""
    with pytest.raises(ValueError, match="2 rows of 2"):
        Confusion(criterion="c", between="a~b", levels=("no", "yes"), counts=((1, 2), (0,)))


def test_bars_grow_with_their_counts() -> None:
    """Twice the labels, twice the bar; nothing to draw gives no picture."""
    svg = plot.levels((("ana", (("1", 10), ("2", 20))),))
    assert svg is not None
    low, high = (float(bar["height"]) for bar in marks(svg, "bar"))
    assert math.isclose(high, 2 * low, rel_tol=0.01)
    assert plot.levels((("ana", (("1", 0),)),)) is None


@pytest.mark.parametrize("text", ["<script>", '"><img onerror=x>', "w" * 500, "\x1b[1m\u202e", "評" * 90])
def test_labels_are_escaped_and_kept_short(text) -> None:
    """A hostile or long name stays text inside its place; the picture is well-formed."""
    svgs = [
        plot.levels(((text, ((text, 3),)),)),
        plot.confusion(Confusion(criterion="c", between=f"{text}~x", levels=(text, "b"), counts=((1, 0), (0, 1)))),
        plot.forest([row(text, "raters", 0.5, 0.4, 0.6)]),
        plot.difference([row("mean_difference", "v8~v7", 0.2, 0.1, 0.3, text)]),
    ]
    for svg in svgs:
        assert svg is not None
        shown = [node.text or "" for node in ET.fromstring(svg).iter() if node.tag == "text"]
        assert all(len(each) <= 60 and each.isprintable() for each in shown)
