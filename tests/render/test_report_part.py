"""What a report says in words of its further parts: verdict first, numbers after."""

from __future__ import annotations

import pytest

from judgekit.records.agreement_report import AgreementReport, RaterProfile
from judgekit.records.report import Disagreement, Rating, Row
from judgekit.records.score_report import AltTest, BlandAltman, RaterAltTest, ScoreReport, SliceTest
from judgekit.render.block import Cases, Figure, Words
from judgekit.render.case import MOST_GAPS, case_section
from judgekit.render.content import content_of
from judgekit.render.judge_part import (
    MOST_CEILINGS,
    alt_test_blocks,
    bland_altman_blocks,
    ceiling_block,
    slice_blocks,
)
from judgekit.render.rater_part import profile_blocks
from judgekit.render.row_table import reasons
from judgekit.render.text import render_text
from judgekit.stats.estimate import Estimate, undefined
from tests.render.composed_reports import load

NOT_SAID = Estimate(0.5, None, None, 0.95, 4, 4, "none: not asked for")


def at(value, low=None, high=None):
    return Estimate(value, low, high, 0.95, 90, 80, "bca" if low is not None else "none: too few")


def said(blocks) -> str:
    return " ".join(sentence for block in blocks if isinstance(block, Words) for sentence in block.sentences)


def rater(name, is_beaten):
    return RaterAltTest(rater=name, n=40, winning_rate=0.8, p_value=0.01, p_adjusted=0.02, is_beaten=is_beaten)


@pytest.mark.parametrize(
    ("beaten", "passes", "words"),
    [
        ((True, True, False), True, "may stand in for 2 of 3 experts at epsilon 0.2: the alternative"),
        ((True, False, False), False, "may stand in for 1 of 3 experts at epsilon 0.2: the alternative"),
    ],
)
def test_the_alt_test_says_its_verdict_first(beaten, passes, words) -> None:
    """How many experts at which epsilon, and whether that is enough; then what it assumes."""
    raters = tuple(rater(name, each) for name, each in zip(("ana", "ben", "chioma"), beaten, strict=True))
    rate = at(sum(beaten) / 3)
    test = AltTest(criterion="c", epsilon=0.2, winning_rate=rate, advantage=at(0.8, 0.7, 0.9), passes=passes,
                   raters=raters, left_out={"dee": 3}, assumes="the experts are experts")  # fmt: skip
    text = said(alt_test_blocks(test))
    assert words in text
    assert ("test passes" if passes else "test does not pass") in text
    assert text.index("may stand in") < text.index("80.0% [70.0, 90.0]") < text.index("takes for granted")
    assert "for too few sessions: dee (3)" in text


def test_an_alt_test_that_says_nothing_gives_its_reason() -> None:
    """No verdict is made up where too few experts were tested."""
    nothing = undefined("too_few", "2 of 2 annotators have 30 items; the test needs 3")
    test = AltTest(criterion="c", epsilon=0.2, winning_rate=nothing, advantage=nothing, passes=None)
    text = said(alt_test_blocks(test))
    assert "cannot be said: 2 of 2 annotators have 30 items; the test needs 3." in text
    assert "passes" not in text


def a_slice(name, p_adjusted, metric="f1"):
    return SliceTest(criterion="c", slice=name, metric=metric, estimate=at(0.5, 0.4, 0.6),
                     difference=at(-0.2, -0.3, -0.1), p_value=p_adjusted, p_adjusted=p_adjusted)  # fmt: skip


def test_slices_are_pointed_out_by_their_adjusted_p() -> None:
    """Only what holds after adjustment is named; none found is not called proof."""
    assert "1 of 2 tests tell a slice from the rest" in said(
        slice_blocks([a_slice("a=1", 0.01), a_slice("a=2", 0.2)], [], "g")
    )
    assert "None of 1 tests" in said(slice_blocks([a_slice("a=1", 0.2)], [], "g"))
    assert "would show only large differences" in said(slice_blocks([a_slice("a=1", 0.2)], [], "g"))
    assert said(slice_blocks([a_slice("a=1", None)], [], "g")) == "No slice could be tested against the rest."


def test_each_metric_of_the_slices_has_its_own_picture() -> None:
    """Kappa and bias share no axis."""
    blocks = list(slice_blocks([a_slice("a=1", 0.2), a_slice("a=1", 0.2, "bias")], [], "g"))
    figures = [block for block in blocks if isinstance(block, Figure)]
    assert [figure.caption for figure in figures] == ["F1 by slice", "bias (judge minus human) by slice"]
    assert all(figure.draw() for figure in figures)


def test_limits_of_agreement_are_not_stated_when_one_is_undefined() -> None:
    """Without both limits there is no sentence about 95 in 100; the table gives the reason."""
    nothing = undefined("too_few", "one row")
    found = BlandAltman(criterion="c", between="judge~reference", bias=at(0.1), low_limit=nothing, high_limit=nothing)
    blocks = list(bland_altman_blocks(found, "group"))
    assert said(blocks) == ""
    assert "undefined, one row" in str(blocks)


def profile(name, severity, drift=None):
    return RaterProfile(criterion="c", rater=name, n=90, severity=severity, drift=drift)


def test_a_rater_is_called_strict_only_where_the_interval_says_so() -> None:
    """Words come from intervals, not from point estimates; a missing column is left out."""
    blocks = list(
        profile_blocks([profile("ana", at(-0.3, -0.5, -0.1), at(0.2, 0.1, 0.3)), profile("ben", at(0.2, -0.1, 0.5))])
    )
    text = said(blocks)
    assert "ana is stricter than the rest: -0.30 [-0.50, -0.10] points." in text
    assert "ana grows more lenient over time" in text
    assert "ben" not in text
    assert "labels at either end" not in str(blocks)
    assert said(profile_blocks([profile("ben", at(0.2))])) == "No rater can be told from the rest in severity."


def test_the_picture_against_the_ceiling_needs_both_sides() -> None:
    """A judge without a ceiling has no point; with many metrics each criterion keeps its first."""
    rows = [
        Row(criterion=f"c{number}", metric=metric, between=between, estimate=at(0.6, 0.5, 0.7))
        for number in range(MOST_CEILINGS)
        for metric in ("cohen_kappa", "accuracy", "mae")
        for between in ("judge~others", "rater~others")
    ]
    assert ceiling_block([row for row in rows if row.between == "judge~others"]) is None
    figure = ceiling_block(rows)
    assert figure is not None
    picture = figure.draw() or ""
    assert picture.count('class="dot') == MOST_CEILINGS
    assert "accuracy" not in picture


def gap(distance, target="s", criterion="c", status="ok"):
    judge = Rating(rater="j", value=1, status=status)
    return Disagreement(criterion=criterion, target=target, distance=distance, judge=judge)


def test_cases_are_grouped_by_criterion_then_gap() -> None:
    """In the order given; failures by their cause."""
    (block,) = case_section("t", [gap(3), gap(1, criterion="d"), gap(3), gap(2)]).blocks
    assert isinstance(block, Cases)
    assert [(name, len(cases)) for name, cases in block.groups] == [
        ("c, 3 apart", 2), ("c, 2 apart", 1), ("d, 1 apart", 1),
    ]  # fmt: skip
    (failed,) = case_section("t", [gap(0, status="unparsed"), gap(0, status="engine_error")]).blocks
    assert isinstance(failed, Cases)
    assert [name for name, _ in failed.groups] == ["c, unparsed", "c, engine error"]


def test_many_sizes_of_gap_are_gathered_into_bands() -> None:
    """A fine scale gives few groups, and no case is lost."""
    (block,) = case_section("t", [gap(number / 7) for number in range(40, 0, -1)]).blocks
    assert isinstance(block, Cases)
    assert len(block.groups) <= MOST_GAPS
    assert sum(len(cases) for _, cases in block.groups) == 40


def test_another_judge_stands_in_the_headline_table() -> None:
    """A student's rows are read beside the judge's, not among pairs of raters."""
    text = render_text(load("score"))
    assert "student vs" in text.split("Pairs of raters")[0]


def test_what_is_read_beside_the_rows_is_said() -> None:
    """Notes of a criterion stand in its section."""
    report = AgreementReport(
        title="t", notes={"c": ("pass is on 95% of labels",)}, level_counts={"c": {"ana": {"pass": 3}}}
    )
    assert "pass is on 95% of labels" in render_text(report)


def test_a_section_of_pictures_alone_has_no_empty_title_in_text() -> None:
    """The picture against the ceiling is on the page; its numbers are in the tables everywhere."""
    report = load("score")
    assert "The judge beside the human ceiling" in [section.title for section in content_of(report).sections]
    assert "The judge beside the human ceiling" not in render_text(report)


def test_further_parts_stand_under_their_criterion_even_without_rows() -> None:
    """A criterion that only a further part names still has its section."""
    found = BlandAltman(
        criterion="tone", between="judge~reference", bias=at(0.1), low_limit=NOT_SAID, high_limit=NOT_SAID
    )
    report = ScoreReport(title="t", judge="j", reference="median", split="dev", bland_altman=(found,))
    assert "tone: how far judge and reference lie apart" in render_text(report)


def test_a_reason_that_many_share_is_given_once() -> None:
    """Names stand together before what keeps them from an interval."""
    none = Estimate(1.0, None, None, 0.95, 9, 9, "none: every resample gives the same value")
    nothing = undefined("constant", "all are 4")
    assert reasons([("f1", none), ("mcc", none), ("tpr", nothing), ("tnr", at(0.5, 0.4, 0.6))]) == (
        "f1; mcc: no interval, every resample gives the same value.",
        "tpr: undefined, all are 4.",
    )


def test_where_raters_stand_alone_each_comes_first_in_turn():
    """Everybody's furthest before anybody's second; grouped by rater; who says what stands in the facts."""

    def alone(rater, target, value, reference):
        ratings = (Rating(rater=rater, value=value, rationale="why"), Rating(rater="cem", value=5, rationale="why not"))
        return Disagreement(criterion="c", target=target, distance=2.5, reference=reference, ratings=ratings)

    profiles = [
        RaterProfile(
            criterion="c",
            rater="ana",
            n=9,
            severity=at(0.1),
            alone=(alone("ana", "s1", 2, 4.5), alone("ana", "s2", 1, None)),
        ),
        RaterProfile(criterion="c", rater="ben", n=9, severity=at(0.1), alone=(alone("ben", "s3", 1, 3.5),)),
        RaterProfile(criterion="c", rater="cem", n=9, severity=at(0.1)),
    ]
    *_, words, cases = profile_blocks(profiles)
    assert isinstance(cases, Cases)
    assert isinstance(words, Words)
    assert "stands alone" in words.sentences[0]
    assert [case.target for case in cases.cases] == ["s1", "s3", "s2"]
    assert [name for name, _ in cases.groups] == ["c, where ana stands alone", "c, where ben stands alone"]
    assert [case.facts for case in cases.cases] == [
        "ana 2, the others together 4.5, 2.5 apart",
        "ben 1, the others together 3.5, 2.5 apart",
        "ana 1, 2.5 apart",
    ]
    assert [voice.rationale for voice in cases.cases[0].voices] == ["why", "why not"]
