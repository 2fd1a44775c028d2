"""Reports for the terminal, as golden text; reports are composed.

To renew the golden files after a wanted change, look at the difference and run:
    JUDGEKIT_UPDATE_GOLDEN=1 pytest tests/render/test_text_report.py && git diff tests/render/golden
"""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from judgekit.records.report import Disagreement, Rating, Row
from judgekit.records.score_report import ScoreReport
from judgekit.render.plain import width
from judgekit.render.text import render_text
from judgekit.stats.estimate import Estimate, undefined
from tests.render.composed_reports import each_hostile, each_kind

GOLDEN = Path(__file__).parent / "golden"
ANYTHING = st.text(st.characters(), max_size=120)


@each_kind
def test_a_report_reads_as_its_golden_text(composed) -> None:
    """Each kind of report, at 80 columns, is exactly the text that was looked at and kept."""
    path = GOLDEN / f"{composed.kind}.txt"
    text = render_text(composed) + "\n"
    if os.environ.get("JUDGEKIT_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@each_hostile
def test_no_line_of_a_hostile_report_is_wide_or_acts(hostile) -> None:
    """Whatever others wrote, 80 columns hold and no control character is left."""
    text = render_text(hostile, n_cases=99)
    for line in text.split("\n"):
        assert width(line) <= 80
        assert line.isprintable()


def report(**fields) -> ScoreReport:
    given_fields = {"title": "t", "judge": "j", "engine": "replay", "reference": "median", "split": "dev", **fields}
    return ScoreReport(**given_fields)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(ANYTHING, ANYTHING, ANYTHING, st.floats(), st.integers(0, 10**20))
def test_no_line_is_wider_than_80_columns(name, words, rationale, value, n) -> None:
    """Names, words, rationales and numbers of any length keep within the terminal."""
    rows = tuple(
        Row(criterion=name, metric=metric, between=between, judge=name, engine=words,
            estimate=Estimate(value, value, value, 0.95, n, n // 2, "bca", None, {words: 3}))
        for metric in ("cohen_kappa", "mae", "accuracy")
        for between in ("judge~reference", "rater~others", "judge~others", "majority~reference", f"{name}~{words}")
    )  # fmt: skip
    case = Disagreement(
        criterion=name,
        target=words,
        excerpt=rationale,
        distance=1,
        judge=Rating(rater=name, value=words, rationale=rationale),
    )
    made = report(
        title=words,
        summary=(rationale,),
        rows=rows,
        disagreements=(case,),
        warnings=(words,),
        settings={name: rationale},
    )
    assert max(width(line) for line in render_text(made).split("\n")) <= 80


def test_an_undefined_estimate_gives_its_reason() -> None:
    """The cell says undefined, a note says why; no number stands in for it."""
    row = Row(criterion="tone", metric="cohen_kappa", between="judge~reference", judge="j", engine="replay",
              estimate=undefined("constant", "every reference label is 4 (n=40)", n=40))  # fmt: skip
    text = render_text(report(rows=(row,)))
    assert "undefined" in text
    assert "Cohen kappa, judge vs reference: undefined, every reference label is 4 (n=40)." in " ".join(text.split())


@each_kind
def test_every_row_of_a_report_is_in_its_text(composed) -> None:
    """No estimate is left out: each value of the composed report appears."""
    from judgekit.render.number import value_text

    text = render_text(composed)
    for row in composed.rows:
        assert value_text(row.estimate.value, row.metric) in text


def test_cases_beyond_the_first_are_counted() -> None:
    """A terminal shows the worst few and says how many more there are."""
    cases = tuple(Disagreement(criterion="c", target=f"s-{n}", distance=1) for n in range(9))
    text = render_text(report(disagreements=cases))
    assert "s-4" in text
    assert "s-5" not in text
    assert "4 more in the saved report" in text


def test_a_report_of_two_judges_names_both() -> None:
    """Rows of each judge stand under its own name and engine."""
    rows = tuple(
        Row(criterion="c", metric="accuracy", between="judge~reference", judge=judge, engine=engine,
            estimate=Estimate(0.5, 0.4, 0.6, 0.95, 10, 10, "bca"))
        for judge, engine in (("a", "replay"), ("b", "student"))
    )  # fmt: skip
    text = render_text(report(rows=rows))
    assert "c: a via replay" in text
    assert "c: b via student" in text


def test_an_empty_report_says_so() -> None:
    """Without summary and rows there is still a sentence."""
    assert "No verdict in words was recorded." in render_text(report())


def test_an_estimate_that_stands_twice_is_shown_twice() -> None:
    """Two runs of one judge share every name; neither hides the other."""
    rows = tuple(
        Row(criterion="c", metric="accuracy", between=between, judge="j", engine="replay",
            estimate=Estimate(value, value - 0.01, value + 0.01, 0.95, 10, 10, "bca"))
        for between in ("judge~reference", "judge~ana")
        for value in (0.512, 0.634)
    )  # fmt: skip
    text = render_text(report(rows=rows))
    assert text.count("51.2%") == 2
    assert text.count("63.4%") == 2
