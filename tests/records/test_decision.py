"""Decisions about a comparison: true only where it is shown; reports are composed."""

from __future__ import annotations

import pytest

from judgekit.errors import InputError, UnknownName
from judgekit.records.comparison_report import ComparisonReport
from judgekit.records.decision import Bounds
from judgekit.stats.estimate import Estimate, undefined


def at(value, low, high, level=0.95):
    return Estimate(value, low, high, level, 60, 60, "t")


def bound(estimate, criterion="tone", **fields):
    return Bounds(criterion=criterion, estimator="ppi", estimate=estimate, **fields)


def report(*bounds, **fields) -> ComparisonReport:
    names = dict.fromkeys(each.criterion for each in bounds)
    given = {"title": "b against a", "baseline": "a", "candidate": "b", "directions": dict.fromkeys(names, "higher"),
             "headline": dict.fromkeys(names, "ppi"), **fields}  # fmt: skip
    return ComparisonReport.model_validate({"bounds": bounds, **given})


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [(-0.01, 0.2, "pass"), (-0.1, 0.2, "inconclusive"), (-0.3, -0.1, "fail"), (-0.02, 0.2, "inconclusive"),
     (-0.3, -0.02, "inconclusive")],
)  # fmt: skip
def test_not_worse_holds_where_the_bound_lies_beyond_the_margin(low, high, word) -> None:
    """A bound on the line itself is not beyond it."""
    decision = report(bound(at((low + high) / 2, low, high))).not_worse(0.02)
    assert decision.word == word
    assert bool(decision) is (word == "pass")


@pytest.mark.parametrize(
    ("low", "high", "by", "word"),
    [(0.01, 0.2, 0.0, "pass"), (0.0, 0.0, 0.0, "inconclusive"), (0.01, 0.2, 0.1, "inconclusive"),
     (0.01, 0.05, 0.1, "fail"), (-0.2, -0.1, 0.0, "fail"), (0.11, 0.2, 0.1, "pass")],
)  # fmt: skip
def test_better_holds_where_the_bound_lies_above(low, high, by, word) -> None:
    """No difference at all is not better."""
    assert report(bound(at((low + high) / 2, low, high))).better(by).word == word


def test_where_less_is_better_the_signs_turn() -> None:
    """A candidate that is higher on a scale of harm is worse."""
    harm = report(bound(at(0.2, 0.1, 0.3)), directions={"tone": "lower"})
    assert harm.not_worse(0.05).word == "fail"
    assert harm.better().word == "fail"
    good = report(bound(at(-0.2, -0.3, -0.1)), directions={"tone": "lower"})
    assert good.better()
    assert good.not_worse(0.05)
    assert good.better(0.2).word == "inconclusive"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (report(bound(None, is_missing=True, why="no input has sessions of both")), "no input has sessions of both"),
        (report(bound(at(0.9, 0.8, 1.0)), directions={}), "which end of the scale is better"),
        (report(bound(at(0.9, 0.8, 1.0)), versions=("a", "b", "c")), "3 versions are compared"),
        (report(bound(at(0.9, 0.8, 1.0)), bounds=(), headline={"tone": "ppi"}), "no bounds; compare again"),
        (report(bound(at(0.9, 0.8, 1.0), of="judge")), "no bounds; compare again"),
    ],
)
def test_nothing_passes_on_what_is_not_there(given, words) -> None:
    """What is missing or unknown is false, and says why; an older report holds no bounds."""
    for decision in (given.not_worse(5.0), given.better()):
        assert decision.word == "undefined"
        assert not decision
        assert words in repr(decision)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (bound(None, why="the labelled inputs are no random sample"), "no random sample"),
        (bound(undefined("too_few", "3 inputs"), undecidable="3 inputs are too few (n=3)"), "3 inputs are too few"),
        (bound(at(0.9, 0.8, 1.0), undecidable="3 of 20 outcomes are failures"), "outcomes are failures"),
        (bound(at(0.9, 0.8, 1.0), no_pass="the scale has no ends"), "lies above 0, n=60; the scale has no ends"),
    ],
)
def test_what_a_gate_would_not_decide_is_not_decided(given, words) -> None:
    """With the gate's own words."""
    decision = report(given).better()
    assert (decision.word, bool(decision)) == ("inconclusive", False)
    assert words in repr(decision)


def test_what_no_scale_can_pass_still_fails() -> None:
    """A regression that was seen needs no ends."""
    assert report(bound(at(-0.9, -1.0, -0.8), no_pass="the scale has no ends")).not_worse(0.1).word == "fail"


def test_the_judge_alone_decides_only_where_it_is_asked() -> None:
    """`of="judge"` takes the judge's own difference, and says whose view it is."""
    both = report(bound(at(0.0, -0.2, 0.2)), bound(at(0.5, 0.4, 0.6), of="judge"))
    assert both.better().word == "inconclusive"
    assert both.better(of="judge")
    assert "in the judge's own view" in repr(both.better(of="judge"))


def test_what_else_must_be_said_stands_beside_the_bounds() -> None:
    """A range without labels claims no error rate."""
    wide = report(bound(at(0.05, -0.2, 0.3), why="no error rate is claimed"))
    assert wide.not_worse(0.05).word == "inconclusive"
    assert "across -0.05, n=60; no error rate is claimed" in repr(wide.not_worse(0.05))


def test_a_win_rate_is_held_against_a_half() -> None:
    """Preferences: better than half the wins."""
    wins = {"metric": "win_rate", "even": 0.5}
    assert report(bound(at(0.7, 0.6, 0.8), **wins)).better()
    assert report(bound(at(0.7, 0.6, 0.8), **wins)).better(0.2).word == "inconclusive"
    assert report(bound(at(0.3, 0.2, 0.4), **wins)).not_worse(0.05).word == "fail"


def test_all_criteria_must_hold_unless_one_is_named() -> None:
    """The worst decides, and only its reasons are printed."""
    both = report(bound(at(0.2, 0.1, 0.3)), bound(at(-0.2, -0.3, -0.1), criterion="policy"))
    decision = both.not_worse(0.05)
    assert decision.word == "fail"
    assert "policy: -0.2 [-0.3, -0.1] lies below -0.05, n=60" in repr(decision)
    assert "tone" not in repr(decision)
    assert both.not_worse(0.05, criterion="tone")


def test_the_level_of_the_bounds_is_said() -> None:
    """An end of a two-sided 90% interval is a bound at 95%; of several the least counts."""
    assert "bounds one-sided at 97.5%" in repr(report(bound(at(0.2, 0.1, 0.3))).better())
    mixed = report(bound(at(0.2, 0.1, 0.3)), bound(at(0.2, 0.1, 0.3, 0.9), criterion="policy"))
    assert mixed.better().level == pytest.approx(0.95)


def test_of_several_judges_the_first_speaks() -> None:
    """Whichever the experiment names first, not whichever says what is wanted."""
    assert not report(bound(at(0.0, -0.2, 0.2)), bound(at(0.5, 0.4, 0.6))).better()


def test_wrong_demands_are_refused() -> None:
    """A margin of nothing, one that all or nobody would pass, an unknown criterion, a report without any."""
    given = report(bound(at(0.2, 0.1, 0.3)), reaches={"tone": (0.0, 1.0)})
    for margin in (0, -0.1, float("nan"), float("inf")):
        with pytest.raises(InputError, match="margin"):
            given.not_worse(margin)
    with pytest.raises(InputError, match="below 0"):
        given.better(-0.1)
    with pytest.raises(InputError, match="margin 5 is off the scale of tone, 0 to 1"):
        given.not_worse(5)
    with pytest.raises(InputError, match="by 1 is off the scale of tone, 0 to 1"):
        given.better(1)
    with pytest.raises(UnknownName, match="tone"):
        given.better(criterion="tune")
    with pytest.raises(InputError, match="no criterion"):
        report().better()


def test_a_report_prints_as_its_title() -> None:
    """A failed assertion shows the reason, not a page of numbers."""
    assert repr(report(bound(at(0.2, 0.1, 0.3)))) == "<ComparisonReport 'b against a'>"
