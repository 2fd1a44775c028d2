"""One screen over several reports: nothing vanishes, nothing breaks on a report without a headline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.render.overview import overview, overview_parts
from judgekit.workflows.agree import agree
from judgekit.workflows.compare_several import compare_versions
from judgekit.workflows.score import Scoring, score
from tests.analysis.composed_data import PASSED, QUALITY, WORDS, dataset, failure, labels, session, verdict

TOLD = [session(f"{v}-{i:02d}", input=f"i{i:02d}", version=v) for i in range(12) for v in ("v1", "v2")]
DATA = dataset(
    [
        *labels(PASSED, {s.id: {"ana": "pass", "ben": "pass"} for s in TOLD}),
        *labels(QUALITY, {s.id: {"ana": 1 + i % 5, "ben": 1 + i % 4} for i, s in enumerate(TOLD)}),
    ],
    sessions=TOLD,
)
GRADES = [verdict(s.id, QUALITY, 1 + i % 5) for i, s in enumerate(TOLD)]
JUDY = Scoring(judge="judy", engine="replay", splits=("all",))


def how(*metrics: str) -> Measuring:
    return Measuring(np.random.default_rng(1), n_resamples=200, metrics=metrics)


def test_one_question_a_part_within_eighty_columns() -> None:
    """Experts, judges, versions; names of judge and engine; counts of failures; means and their difference."""
    scored = score(DATA, [*GRADES[:-1], failure(TOLD[-1].id, QUALITY)], JUDY, how())
    reports = [agree(DATA, how()), scored, compare_versions(DATA, [(GRADES, JUDY)], ("v1", "v2"), measuring=how())]
    titles = [part.title for part in overview_parts(reports)]
    assert titles == [
        "Do the experts agree with each other?", "Do the judges agree with the experts?", "Is v2 better than v1?",
    ]  # fmt: skip
    text = overview(reports)
    assert max(map(len, text.splitlines())) <= 80
    for word in ("judy (via replay)", "the experts' labels", "judge only, not corrected"):
        assert word in " ".join(text.split())


def test_several_versions_are_shown_in_their_order() -> None:
    """Who is ahead, by whose figure, and who is not told apart; a pair's difference would not say it."""
    told = [*TOLD, *(session(f"v3-{i:02d}", input=f"i{i:02d}", version="v3") for i in range(12))]
    data = dataset(labels(QUALITY, {s.id: {"ana": 1 + i % 5} for i, s in enumerate(TOLD)}), sessions=told)
    grades = [verdict(s.id, QUALITY, 5 if s.version == "v3" else 1 + i % 3) for i, s in enumerate(told)]
    report = compare_versions(data, [(grades, JUDY)], ("v1", "v2", "v3"), measuring=how())
    (part,) = overview_parts([report])
    assert part.title == "Which of v1, v2, v3 is ahead?"
    first, *_ = part.table.rows
    assert [cell.text for cell in first][:4] == ["quality", "v3", "judy, judge only", "-"]
    assert max(map(len, overview([report]).splitlines())) <= 80
    words = "quality: in order by the judge alone, so that all pairs are measured alike: labels correct only v2 and v1."
    assert words in report.summary


def test_an_undefined_figure_is_shown_as_such_with_its_reason() -> None:
    """All experts say pass: alpha is undefined, and so is kappa; judge and criterion stay on the screen."""
    stuck = score(DATA, [verdict(s.id, PASSED, "pass") for s in TOLD], JUDY, how())
    text = " ".join(overview([agree(DATA, how(), criteria=["passed"]), stuck]).split())
    assert text.count("undefined") >= 2
    assert "judy (via replay): every rating of judge and reference is 1" in text


def test_several_criteria_of_one_judge_are_told_apart() -> None:
    """Each line names its criterion where there are several."""
    both = score(DATA, [*GRADES, *(verdict(s.id, PASSED, "pass") for s in TOLD)], JUDY, how())
    (part,) = overview_parts([both])
    assert [row[0].detail.split(",")[0] for row in part.table.rows] == ["passed", "quality"]


def test_an_open_answer_has_a_note_and_no_figure() -> None:
    """Even where it is all there is."""
    data = dataset(labels(WORDS, {"s1": {"ana": "rude"}}))
    report = score(data, [verdict("s1", WORDS, "rude")], replace(JUDY, engine=None), how())
    text = overview([report])
    assert "judy (via not named): a text scale has no agreement coefficient" in " ".join(text.split())
    assert "vs reference" not in text


def test_a_report_without_a_headline_breaks_nothing() -> None:
    """Asked for a metric of pairs on a scale without pairs there is no row at all."""
    report = score(DATA, GRADES, JUDY, how("pairwise_accuracy"))
    assert report.rows == ()
    assert overview([report]) == ""
    ceiling = score(DATA, GRADES, JUDY, how())
    lone = ceiling.model_copy(update={"rows": tuple(r for r in ceiling.rows if r.between == "rater~others")})
    assert overview_parts([lone]) == ()
