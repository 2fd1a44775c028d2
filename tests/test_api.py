"""The package as a library: records, dictionaries and DataFrames in, records and DataFrames out."""

from __future__ import annotations

import asyncio
import inspect
import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer

import judgekit
from judgekit.cli.app import build_app
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


def test_score_takes_what_the_command_line_takes(data) -> None:
    """Slices, other judges, epsilon, one criterion, the finer score, coverage and resamples, each with its effect."""
    sessions = [{"id": f"s{i}", "version": f"v{i % 2}"} for i in range(40)]
    labels = [
        {"session": f"s{i}", "criterion": "tone", "rater": rater, "value": 1 + (i + (i % 9 == place)) % 5}
        for i in range(40)
        for place, rater in enumerate(("ana", "ben", "cem"))
    ]
    made = judgekit.make_dataset(labels, scales=SCALES, sessions=sessions)
    finer = [{"session": f"s{i}", "criterion": "tone", "value": 1 + i % 5, "score": 0.75 + i % 5} for i in range(40)]
    low = [{**row, "value": 1, "score": None} for row in finer]

    report = judgekit.score(made, finer, slices="version", rivals={"low": low}, epsilon=0.1, criteria="tone")
    assert {each.slice for each in report.slices} == {"version=v0", "version=v1"}
    assert "low~reference" in {row.between for row in report.rows}
    assert [each.epsilon for each in report.alt_tests] == [0.1]
    assert accuracy(judgekit.score(made, finer, use="score")) == pytest.approx(accuracy(report) + 0.25)
    narrow = judgekit.score(made, finer, level=0.5, n_resamples=300)
    assert {row.estimate.level for row in narrow.rows} == {0.5}
    assert narrow.settings["n_resamples"] == 300
    with pytest.raises(UnknownName, match="unknown criterion 'tune'"):
        judgekit.score(made, finer, criteria="tune")
    with pytest.raises(InputError, match="use 'logits' is neither value nor score"):
        judgekit.score(made, finer, use="logits")


def test_verdicts_on_other_criteria_are_no_score() -> None:
    """Asking for a criterion that the judge did not answer says so."""
    made = judgekit.make_dataset(LABELS, scales={**SCALES, "policy": "binary:fail,pass"})
    with pytest.raises(InputError, match="no verdict is on criterion policy"):
        judgekit.score(made, VERDICTS, criteria="policy")


ONLY_ON_THE_COMMAND_LINE = {"dataset", "verdicts", "out", "queue", "baseline", "candidate", "labels", "context"}
"""Where things are read and written; in Python they are arguments and results."""
OPENS_TEST = {"certify", "unopened", "by"}
"""What opens the test split: it goes through the dataset's ledger and a judge's folder, so that the look counts."""
IN_PYTHON = {
    "criterion": "criteria",
    "metric": "metrics",
    "split": "splits",
    "resamples": "n_resamples",
    "samples": "n_samples",
    "pairs": "preference",
    "folds": "n_folds",
}
"""Option of the command line -> its name in Python, where they differ: in Python several go into one argument."""


@pytest.mark.parametrize(
    ("command", "call", "otherwise"),
    [
        ("agree", judgekit.agree, {}),
        (
            "score",
            judgekit.score,
            {"baseline": "rivals", "human": "read_table", "scale": "read_table", "group": "read_table"},
        ),
        ("compare", judgekit.compare, {}),
        ("distill", judgekit.distil_student, {"criterion": "criterion", "student": "distil_student"}),
        ("split", judgekit.split, {}),
    ],
)
def test_every_option_that_changes_numbers_is_an_argument(command, call, otherwise):
    """A new option of a command that measures fails here until Python has it too, under the same default."""
    group: Any = typer.main.get_command(build_app())
    options = group.commands[command].params
    arguments = inspect.signature(call).parameters
    for option in options:
        name = otherwise.get(option.name, IN_PYTHON.get(option.name, option.name))
        if option.name in (ONLY_ON_THE_COMMAND_LINE | OPENS_TEST) - set(otherwise) or hasattr(judgekit, name):
            continue
        assert name in arguments, f"judgekit {command} {option.opts[0]} is missing from judgekit.{call.__name__}"
        if isinstance(option.default, int | float) and not isinstance(option.default, bool):
            assert arguments[name].default == option.default


def test_two_versions_are_compared() -> None:
    """v2 is one higher on each input."""
    sessions = [{"id": f"{v}{i}", "input": f"i{i}", "version": v} for i in range(12) for v in ("v1", "v2")]
    made = judgekit.make_dataset([], scales=SCALES, sessions=sessions)
    rows = [{"session": s["id"], "criterion": "tone", "value": 2 + (s["version"] == "v2")} for s in sessions]
    report = judgekit.compare(made, rows, "v1", "v2", judge="judy")
    assert report.rows[0].estimate.value == 1.0
    assert report.judge == "judy"
    with pytest.raises(InputError, match="the test split is locked"):
        judgekit.compare(made, rows, "v1", "v2", judge="judy", splits="test")


def test_a_versions_quality_is_estimated(data) -> None:
    """Of the criteria and versions named; one row where no session names a version."""
    report = judgekit.estimate(data, criteria="tone")
    [row] = report.rows
    assert (row.metric, row.between, row.estimator) == ("mean", "all sessions", "labels_only")
    assert row.estimate.n == 20
    with pytest.raises(UnknownName, match="unknown version 'v9'"):
        judgekit.estimate(data, versions="v9")


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
    """One estimate a row; text, Markdown, HTML, LaTeX and CSV, with a title; anything else is refused."""
    report = judgekit.agree(data)
    frame = judgekit.to_frame(report)
    assert len(frame) == len(report.rows)
    assert {"criterion", "metric", "between", "value", "low", "high", "n"} <= set(frame.columns)
    assert "tone" in judgekit.render_report(report)
    assert judgekit.render_report([report, report], "markdown").count("# Agreement of the experts") == 2
    assert judgekit.render_report(report, "html").startswith("<!doctype html>")
    assert judgekit.render_report(report, "latex").startswith(r"\documentclass")
    assert judgekit.render_report(report, "csv").count("\nagreement,data,tone,krippendorff") == 2
    for form in ("text", "markdown", "html", "latex"):
        assert "Two of us" in judgekit.render_report([report], form, title="Two of us")
    with pytest.raises(InputError, match="form 'pdf' is not text, markdown, html, latex or csv"):
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


def test_a_judge_is_probed() -> None:
    """A judge that likes length is found, and one that always says the same is clear."""

    def length_lover(request) -> str:
        return json.dumps({"reasoning": "so", "value": 5 if len(request.messages[-1].content) > 900 else 2})

    sessions = [
        {
            "id": f"s{i}",
            "turns": [
                {"id": "1", "role": "user", "text": f"Question {i}?"},
                {"id": "2", "role": "assistant", "text": f"Answer {i}."},
            ],
        }
        for i in range(20)
    ]
    made = judgekit.make_dataset([], scales=SCALES, sessions=sessions)
    judge = judgekit.new_judge(made, "tone", model="openai/m")
    words = {}
    for name, answer in (("lover", length_lover), ("honest", lambda _: '{"reasoning": "so", "value": 3}')):
        engine = ScriptedEngine(answer)
        report = judgekit.probe(judge, made, probes="length", n=20, engine=engine)
        words[name] = {result.word for result in report.results}
    assert words == {"lover": {"found"}, "honest": {"clear"}}


def test_unknown_names_are_not_there() -> None:
    """`judgekit.nothing` is an AttributeError; `dir` lists what is."""
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = judgekit.nothing
    assert "score" in dir(judgekit)


def test_no_public_name_is_a_rooms() -> None:
    """Importing `judgekit.distill` would put the room in the place of a function of that name."""
    rooms = {path.stem for path in (ROOT / "judgekit").iterdir()}
    assert not rooms & set(judgekit.__all__)
