"""Decisions about a comparison: true only where it is shown; reports are composed."""

from __future__ import annotations

import pytest

from judgekit.errors import InputError, UnknownName
from judgekit.records.report import ComparisonReport, LabelFree, Row
from judgekit.stats.estimate import Estimate, undefined


def at(value, low, high, level=0.95):
    return Estimate(value, low, high, level, 60, 60, "t")


def row(estimate, criterion="tone", metric="mean_difference", estimator="ppi", **fields):
    return Row(criterion=criterion, metric=metric, between="b~a", estimate=estimate, estimator=estimator, **fields)


def free(word="inconclusive", delta=0.05, low=-0.2, high=0.3, **fields):
    return LabelFree(criterion="tone", between="b~a", judge="judy", judge_difference=at(0.1, 0.0, 0.2),
                     slope=at(0.6, 0.5, 0.7), delta=delta, delta_from="declared" if delta else "",
                     range=at(0.05, low, high), word=word, why="the range crosses the line", **fields)  # fmt: skip


def report(*rows, **fields) -> ComparisonReport:
    names = dict.fromkeys(each.criterion for each in rows)
    given = {"title": "b against a", "baseline": "a", "candidate": "b", "directions": dict.fromkeys(names, "higher"),
             "headline": {each.criterion: each.estimator for each in reversed(rows)}, **fields}  # fmt: skip
    return ComparisonReport(rows=rows, **given)


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [(-0.01, 0.2, "pass"), (-0.1, 0.2, "inconclusive"), (-0.3, -0.1, "fail"), (-0.02, 0.2, "inconclusive"),
     (-0.3, -0.02, "inconclusive")],
)  # fmt: skip
def test_not_worse_holds_where_the_bound_lies_beyond_the_margin(low, high, word) -> None:
    """A bound on the line itself is not beyond it."""
    decision = report(row(at((low + high) / 2, low, high))).not_worse(0.02)
    assert decision.word == word
    assert bool(decision) is (word == "pass")


@pytest.mark.parametrize(
    ("low", "high", "by", "word"),
    [(0.01, 0.2, 0.0, "pass"), (0.0, 0.0, 0.0, "inconclusive"), (0.01, 0.2, 0.1, "inconclusive"),
     (0.01, 0.05, 0.1, "fail"), (-0.2, -0.1, 0.0, "fail"), (0.11, 0.2, 0.1, "pass")],
)  # fmt: skip
def test_better_holds_where_the_bound_lies_above(low, high, by, word) -> None:
    """No difference at all is not better."""
    assert report(row(at((low + high) / 2, low, high))).better(by).word == word


def test_where_less_is_better_the_signs_turn() -> None:
    """A candidate that is higher on a scale of harm is worse."""
    harm = report(row(at(0.2, 0.1, 0.3)), directions={"tone": "lower"})
    assert harm.not_worse(0.05).word == "fail"
    assert harm.better().word == "fail"
    good = report(row(at(-0.2, -0.3, -0.1)), directions={"tone": "lower"})
    assert good.better()
    assert good.not_worse(0.05)
    assert good.better(0.2).word == "inconclusive"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (report(row(undefined("too_few", "3 inputs are too few", n=3))), "3 inputs are too few (n=3)"),
        (report(row(Estimate(0.9, None, None, 0.95, 4, 4, "none: 4 inputs"))), "4 inputs (n=4)"),
        (report(row(Estimate(0.9, float("nan"), 1.0, 0.95, 4, 4, "t"))), "no interval (n=4)"),
        (report(row(at(0.9, 0.8, 1.0)), directions={}), "which end of the scale is better"),
        (report(row(at(0.9, 0.8, 1.0)), versions=("a", "b", "c")), "3 versions are compared"),
        (report(row(at(0.9, 0.8, 1.0)), not_random=("tone",)), "no random sample"),
        (report(row(at(0.9, 0.8, 1.0), estimator="judge_raw")), "only the judge speaks"),
        (report(row(at(0.9, 0.8, 1.0), slice="x=1")), "no difference"),
        (report(row(at(0.9, 0.8, 1.0)), candidate="c"), "no difference"),
        (report(row(at(0.9, 0.8, 1.0), metric="mean")), "no difference"),
    ],
)  # fmt: skip
def test_nothing_passes_on_what_is_not_there(given, words) -> None:
    """What is undefined, unknown or the judge's alone is false, and says why."""
    for decision in (given.not_worse(5.0), given.better()):
        assert decision.word == "undefined"
        assert not decision
        assert words in repr(decision)


def test_the_judge_alone_decides_only_where_it_is_asked() -> None:
    """`of="judge"` takes the judge's own difference, and says whose view it is."""
    both = report(row(at(0.0, -0.2, 0.2)), row(at(0.5, 0.4, 0.6), estimator="judge_raw"))
    assert both.better().word == "inconclusive"
    assert both.better(of="judge")
    assert "in the judge's own view" in repr(both.better(of="judge"))


def test_without_labels_the_range_decides_at_the_margin_asked() -> None:
    """The whole range must lie beyond the line; without a delta nothing is decided, and no error rate is claimed."""
    judged = row(at(0.5, 0.4, 0.6), estimator="judge_raw")
    assert report(judged, label_free=(free(),)).not_worse(0.05).word == "inconclusive"
    wide = report(judged, label_free=(free(),)).not_worse(0.25)
    assert wide.word == "pass"
    assert "no error rate is claimed" in repr(wide)
    assert report(judged, label_free=(free(delta=None, low=0.5, high=0.9),)).better().word == "inconclusive"
    assert report(judged, label_free=(free(low=None, high=None),)).not_worse(9.0).word == "undefined"
    turned = report(judged, label_free=(free(low=0.1, high=0.3),), directions={"tone": "lower"})
    assert turned.better().word == "fail"


def test_a_win_rate_is_held_against_a_half() -> None:
    """Preferences: better than half the wins, whichever way the scale runs."""
    wins = report(row(at(0.7, 0.6, 0.8), metric="win_rate"))
    assert wins.better()
    assert wins.better(0.2).word == "inconclusive"
    assert report(row(at(0.3, 0.2, 0.4), metric="win_rate")).not_worse(0.05).word == "fail"


def test_all_criteria_must_hold_unless_one_is_named() -> None:
    """The worst decides, and only its reasons are printed."""
    good, bad = row(at(0.2, 0.1, 0.3)), row(at(-0.2, -0.3, -0.1), criterion="policy")
    both = report(good, bad)
    decision = both.not_worse(0.05)
    assert decision.word == "fail"
    assert "policy: -0.2 [-0.3, -0.1] lies below -0.05, n=60" in repr(decision)
    assert "tone" not in repr(decision)
    assert both.not_worse(0.05, criterion="tone")


def test_the_level_of_the_bounds_is_said() -> None:
    """An end of a two-sided 90% interval is a bound at 95%; of several the least counts."""
    assert "bounds one-sided at 97.5%" in repr(report(row(at(0.2, 0.1, 0.3))).better())
    mixed = report(row(at(0.2, 0.1, 0.3)), row(at(0.2, 0.1, 0.3, 0.9), criterion="policy"))
    assert mixed.better().level == pytest.approx(0.95)


def test_of_several_judges_the_first_speaks() -> None:
    """Whichever the experiment names first, not whichever says what is wanted."""
    told = report(row(at(0.0, -0.2, 0.2), judge="first"), row(at(0.5, 0.4, 0.6), judge="second"))
    assert not told.better()


def test_wrong_demands_are_refused() -> None:
    """A margin of nothing, an unknown criterion, a report without any."""
    given = report(row(at(0.2, 0.1, 0.3)))
    for margin in (0, -0.1, float("nan"), float("inf")):
        with pytest.raises(InputError, match="margin"):
            given.not_worse(margin)
    with pytest.raises(InputError, match="below 0"):
        given.better(-0.1)
    with pytest.raises(UnknownName, match="tone"):
        given.better(criterion="tune")
    with pytest.raises(InputError, match="no criterion"):
        report().better()


def test_a_report_prints_as_its_title() -> None:
    """A failed assertion shows the reason, not a page of numbers."""
    assert repr(report(row(at(0.2, 0.1, 0.3)))) == "<ComparisonReport 'b against a'>"
