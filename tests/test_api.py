"""The package as a library: records, dictionaries and DataFrames in, records and DataFrames out."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pandas as pd
import pytest

import judgekit
from judgekit.errors import FileProblem, InputError, InvalidRecord, UnknownName
from judgekit.testing import ScriptedEngine

ROOT = Path(__file__).resolve().parents[1]
SCALES = {"tone": "ordinal:1..5"}
LABELS = [
    {"session": f"s{i}", "criterion": "tone", "rater": rater, "value": 1 + (i + (rater == "ben" and i % 4 == 0)) % 5}
    for i in range(20)
    for rater in ("ana", "ben")
]
VERDICTS = [{"session": f"s{i}", "criterion": "tone", "value": 1 + i % 5, "judge": "judy"} for i in range(20)]


@pytest.fixture
def data():
    return judgekit.make_dataset(LABELS, scales=SCALES)


def accuracy(report):
    return next(r.estimate.value for r in report.rows if (r.between, r.metric) == ("judge~reference", "mae"))


def test_rows_and_frames_make_the_same_dataset(data) -> None:
    """A DataFrame's missing cells, of every kind pandas has, are no values."""
    frame = pd.DataFrame([{**row, "rationale": pd.NA, "at": pd.NaT, "seconds": float("nan")} for row in LABELS])
    other = judgekit.make_dataset(frame, scales=SCALES)
    assert other.fingerprint() == data.fingerprint()
    again = judgekit.make_dataset(list(data.labels), scales=SCALES)
    assert again.fingerprint() == data.fingerprint()


def test_sessions_and_pairs_can_be_given() -> None:
    """With turns and groups; a status takes no value; a pair is labelled by `pair`."""
    sessions = [{"id": "a", "group": "u", "turns": [{"id": "1", "role": "user", "text": "hi"}]}, {"id": "b"}]
    made = judgekit.make_dataset(
        [{"pair": "p", "criterion": "best", "rater": "ana", "status": "cannot_judge"}],
        scales={"best": "preference"},
        sessions=sessions,
        pairs=[{"id": "p", "first": "a", "second": "b"}],
    )
    assert made.sessions[0].turns[0].text == "hi"
    assert made.pairs[0].id == "p"
    assert made.labels[0].status == "cannot_judge"


@pytest.mark.parametrize(
    ("row", "error", "words"),
    [
        ({"session": "s", "criterion": "tone", "value": 9}, InvalidRecord, "9 is not on the ordinal scale"),
        ({"session": "s", "criterion": "tone"}, InvalidRecord, "label 1: a value is needed"),
        ({"criterion": "tone", "value": 1}, InvalidRecord, "exactly one of session and pair"),
        ({"session": "s", "criterion": "tune", "value": 1}, UnknownName, "Did you mean 'tone'"),
    ],
)
def test_a_row_that_does_not_fit_is_named(row, error, words) -> None:
    """By number, field and value."""
    with pytest.raises(error, match=words):
        judgekit.make_dataset([row], scales=SCALES)


def test_agree_and_score_take_names_one_or_several(data) -> None:
    """A bare name is one name, not its letters."""
    report = judgekit.agree(data, criteria="tone", metrics="percent_agreement")
    assert {row.metric for row in report.rows} == {"percent_agreement"}
    # ben differs on i = 0, 4, 8, 12, 16: 15 of 20 agree
    assert report.rows[0].estimate.value == 15 / 20
    scored = judgekit.score(data, VERDICTS, metrics="mae", splits="dev")
    assert {row.metric for row in scored.rows} == {"mae", "mae_difference"}
    assert report.settings["seed"] == 7


def test_verdicts_may_be_rows_frames_or_records(data) -> None:
    """The same figures; the judge is named by the rows, else by the caller, else `judge`."""
    reports = [
        judgekit.score(data, given)
        for given in (VERDICTS, pd.DataFrame(VERDICTS), [judgekit.Verdict(**v) for v in VERDICTS])
    ]
    assert len({report.model_dump_json() for report in reports}) == 1
    assert (reports[0].judge, reports[0].engine) == ("judy", "stored")
    bare = [{key: value for key, value in row.items() if key != "judge"} for row in VERDICTS]
    assert judgekit.score(data, bare).judge == "judge"
    assert judgekit.score(data, bare, judge="mine").judge == "mine"
    failed = [*VERDICTS[:-1], {"session": "s19", "criterion": "tone", "status": "unparsed"}]
    assert judgekit.score(data, failed).counts[0].failures == {"unparsed": 1}
    with pytest.raises(InvalidRecord, match=r"verdict 2: a verdict needs a value"):
        judgekit.score(data, [VERDICTS[0], {"session": "s1", "criterion": "tone"}])
    with pytest.raises(UnknownName, match="unknown split 'validation'"):
        judgekit.score(data, VERDICTS, splits="validation")


def test_two_versions_are_compared() -> None:
    """v2 is one higher on each input."""
    sessions = [{"id": f"{v}{i}", "input": f"i{i}", "version": v} for i in range(12) for v in ("v1", "v2")]
    made = judgekit.make_dataset([], scales=SCALES, sessions=sessions)
    rows = [{"session": s["id"], "criterion": "tone", "value": 2 + (s["version"] == "v2")} for s in sessions]
    report = judgekit.compare(made, rows, "v1", "v2", judge="judy")
    assert report.rows[0].estimate.value == 1.0
    assert report.judge == "judy"


def test_a_plain_table_is_read(tmp_path) -> None:
    """As on the command line, groups included."""
    path = tmp_path / "t.csv"
    path.write_text("v,h,g\n1,1,a\n0,1,a\n", encoding="utf-8")
    plain = judgekit.read_table(path, judge="v", humans="h", scale="binary:0,1", group="g")
    assert [session.group for session in plain.dataset.sessions] == ["a", "a"]
    assert judgekit.score(plain.dataset, plain.outcomes).counts[0].n_used == 2


def test_splits_are_drawn_once(data) -> None:
    """The same seed draws the same; scoring then reads dev alone."""
    drawn = judgekit.split(data, dev=0.5, test=0.25, seed=3)
    assert drawn.splits == judgekit.split(data, dev=0.5, test=0.25, seed=3).splits
    n_dev = sum(split == "dev" for split in drawn.splits.units.values())
    assert judgekit.score(drawn, VERDICTS).counts[0].n_used == n_dev


def test_reports_are_tables_and_texts(data) -> None:
    """One estimate a row; text, Markdown and HTML; anything else is refused."""
    report = judgekit.agree(data)
    frame = judgekit.to_frame(report)
    assert len(frame) == len(report.rows)
    assert {"criterion", "metric", "between", "value", "low", "high", "n"} <= set(frame.columns)
    assert "tone" in judgekit.render_report(report)
    assert judgekit.render_report([report, report], "markdown").count("# Agreement of the experts") == 2
    assert judgekit.render_report(report, "html").startswith("<!doctype html>")
    with pytest.raises(InputError, match="form 'pdf' is not text, markdown or html"):
        judgekit.render_report(report, "pdf")


def judged_by_script(made):
    """Return a judge's run over a dataset, and the judge."""
    judge = judgekit.new_judge(made, "tone", model="openai/gpt-4o-mini")
    engine = ScriptedEngine(lambda _request: '{"reasoning": "fine", "value": 3}')
    return judge, judgekit.run(judge, made, engine=engine)


def test_a_judge_runs_alone_and_inside_a_running_loop(data) -> None:
    """As in a notebook; both give every session its verdict, and leave nothing on disk."""
    sessions = [
        {"id": one.id, "turns": [{"id": "1", "role": "user", "text": f"hello {one.id}"}]} for one in data.sessions
    ]
    made = judgekit.make_dataset(LABELS, scales=SCALES, sessions=sessions)
    judge, run = judged_by_script(made)

    async def notebook():
        return judged_by_script(made)[1]

    inside = asyncio.run(notebook())
    assert [o.value for o in run.outcomes] == [o.value for o in inside.outcomes] == [3] * 20
    assert judgekit.score(made, run).judge == "tone"
    assert "hello s0" in str(judgekit.render_request(judge, made.sessions[0]))
    assert isinstance(judgekit.lint(judge), tuple)


def test_an_error_inside_a_running_loop_reaches_the_caller(data) -> None:
    """Without a key the engine is unavailable, in a loop and out of it."""
    judge = judgekit.new_judge(data, "tone", model="openai/gpt-4o-mini")

    async def notebook():
        return judgekit.run(judge, data)

    with pytest.raises(judgekit.errors.EngineUnavailable, match="OPENAI_API_KEY"):
        judgekit.run(judge, data)
    with pytest.raises(judgekit.errors.EngineUnavailable, match="OPENAI_API_KEY"):
        asyncio.run(notebook())


def test_the_shipped_example_is_loaded_by_folder(tmp_path) -> None:
    """Dataset and judge by path; its ledger is whole; a missing one is named."""
    shutil.copytree(ROOT / "datasets" / "helpdesk", tmp_path / "helpdesk")
    made = judgekit.load_dataset(tmp_path / "helpdesk")
    assert judgekit.load_judge(ROOT / "judges" / "policy").criterion in made.rubric.criteria
    assert judgekit.verify(tmp_path / "helpdesk") == ()
    with pytest.raises((FileProblem, UnknownName), match="nowhere"):
        judgekit.load_dataset(tmp_path / "nowhere")


def test_a_student_is_learnt_and_judges(tmp_path) -> None:
    """No key, no network: cross-fitted verdicts on every session, with the lineage that scoring needs."""
    made = judgekit.load_dataset(ROOT / "datasets" / "helpdesk")
    distilled = judgekit.distil_student(made, "policy", splits="train", n_folds=2)
    run = judgekit.run(distilled, made)
    assert run.lineage.units
    assert len(run.outcomes) == len(made.sessions)
    report = judgekit.score(made, run, metrics=["accuracy"])
    assert report.engine == "student"


def test_unknown_names_are_not_there() -> None:
    """`judgekit.nothing` is an AttributeError; `dir` lists what is."""
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = judgekit.nothing
    assert "score" in dir(judgekit)


def test_no_public_name_is_a_rooms() -> None:
    """Importing `judgekit.distill` would put the room in the place of a function of that name."""
    rooms = {path.stem for path in (ROOT / "judgekit").iterdir()}
    assert not rooms & set(judgekit.__all__)
