"""One table scored as it lies: what is read, what fails, what is said aloud."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from judgekit.adapters.importers.plain import plain_table
from judgekit.analysis.agreement import Measuring
from judgekit.errors import InputError, InvalidRecord, UnknownName
from judgekit.records.verdict import Failure
from judgekit.workflows.score import Scoring, score


def written(tmp_path: Path, text: str, name: str = "t.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def cells(outcomes):
    """Return each outcome's value or status."""
    return [o.status if isinstance(o, Failure) or o.status != "ok" else o.value for o in outcomes]


def test_rows_become_bare_sessions_with_their_labels_and_verdicts(tmp_path) -> None:
    """Levels are read in any case and around spaces; the criterion has the human column's name."""
    plain = plain_table(written(tmp_path, "v,label\npass,Pass\n FAIL ,fail\n"), judge="v", humans=["label"])
    assert [session.id for session in plain.dataset.sessions] == ["row-1", "row-2"]
    assert [(one.criterion, one.rater) for one in plain.dataset.labels] == [("label", "label")] * 2
    assert cells(plain.outcomes) == ["Pass", "fail"]


def test_garbage_of_the_judge_is_a_failure_with_its_place(tmp_path) -> None:
    """A sentence, an empty cell, a word for nothing: unparsed each, with file, line and the reply; never a default."""
    text = "v,label\n3,3\nI think 4,2\n,5\nNaN,1\n9,4\n"
    plain = plain_table(written(tmp_path, text), judge="v", humans=["label"], scale="ordinal:1..5")
    assert cells(plain.outcomes) == [3, "unparsed", "unparsed", "unparsed", "unparsed"]
    garbage, empty, _, off = [each for each in plain.outcomes if isinstance(each, Failure)]
    assert garbage.detail.endswith('t.csv:3: "I think 4" is not on the ordinal scale (1, 2, 3, 4, 5)')
    assert (garbage.reply, empty.detail.endswith("t.csv:4: column 'v' is empty")) == ("I think 4", True)
    assert off.reply == "9"


def test_a_humans_value_off_the_scale_is_refused_by_line(tmp_path) -> None:
    """Labels are never guessed."""
    path = written(tmp_path, "v,ana\n3,3\n3,7\n")
    with pytest.raises(InvalidRecord, match=r"t.csv:3: column 'ana': \"7\" is not on the ordinal scale"):
        plain_table(path, judge="v", humans=["ana"], scale="ordinal:1..5")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("v,label\n3,1\n4,2\n", "suggest ordinal (1, 2, 3, 4)"),
        ("v,label\nnan,1\n1_0,2\ninf,3\nbad,1\n", "suggest ordinal (1, 2, 3)"),
        ("v,label\nyes,no\nno,yes\n", "suggest binary (no, yes, positive yes)"),
        ("v,label\n0.5,0.25\n", "suggest numeric (any number)"),
    ],
)
def test_a_scale_that_was_not_declared_is_proposed_aloud(tmp_path, text, words) -> None:
    """From the humans' values, and the judge's numbers; the judge's garbage makes no level."""
    (note,) = plain_table(written(tmp_path, text), judge="v", humans=["label"]).dataset.notes
    assert note.startswith("no --scale was declared")
    assert words in note


def test_a_declared_scale_is_not_proposed(tmp_path) -> None:
    """Nothing to say."""
    plain = plain_table(written(tmp_path, "v,label\na,b\n"), judge="v", humans=["label"], scale="categorical:a,b")
    assert plain.dataset.notes == ()


def test_words_for_nothing_are_levels_where_declared_and_said_aloud_where_not(tmp_path) -> None:
    """`none` may be a level of severity: declared it is one, else it is counted as no label."""
    path = written(tmp_path, "v,label\nnone,none\nminor,minor\nmajor,major\nmajor,\n")
    declared = plain_table(path, judge="v", humans=["label"], scale="categorical:none,minor,major").dataset
    assert [one.value for one in declared.labels] == ["none", "minor", "major"]
    assert declared.notes == ()
    guessed = plain_table(path, judge="v", humans=["label"]).dataset
    assert [one.value for one in guessed.labels] == ["minor", "major"]
    assert guessed.notes[1] == "1 cells say 'none' and were read as no label; if that is a level, declare it in --scale"


def test_not_applicable_is_an_answer_where_the_scale_has_it(tmp_path) -> None:
    """With +na, `n/a` is an answer of people and judge alike; without, the judge's is a failure."""
    path = written(tmp_path, "v,label\nn/a,N/A\n1,0\n")
    plain = plain_table(path, judge="v", humans=["label"], scale="binary:0,1+na")
    assert [one.status for one in plain.dataset.labels] == ["not_applicable", "ok"]
    assert (cells(plain.outcomes), plain.dataset.notes) == (["not_applicable", 1], ())
    plain = plain_table(path, judge="v", humans=["label"], scale="binary:0,1")
    assert [one.value for one in plain.dataset.labels] == [0]
    assert cells(plain.outcomes) == ["unparsed", 1]


def test_groups_are_kept_as_text(tmp_path) -> None:
    """Twenty digits stay twenty digits; an empty cell is no group; a float is refused by line."""
    rows = [{"v": 1, "h": 1, "g": 12345678901234567890}, {"v": 0, "h": 0, "g": None}]
    path = written(tmp_path, "".join(json.dumps(row) + "\n" for row in rows), "t.jsonl")
    plain = plain_table(path, judge="v", humans=["h"], group="g")
    assert [session.group for session in plain.dataset.sessions] == ["12345678901234567890", None]
    path = written(tmp_path, '{"v": 1, "h": 1, "g": 1.5}\n', "t.jsonl")
    with pytest.raises(InvalidRecord, match=r"t.jsonl:1: g 1.5 is a floating-point number"):
        plain_table(path, judge="v", humans=["h"], group="g")


def test_several_humans_give_a_ceiling(tmp_path) -> None:
    """ana and ben agree on 2 of 3; the judge is right where they agree: 5/6 held against others is (2 + 2 + 1) / 6."""
    path = written(tmp_path, "v,ana,ben\n1,1,1\n0,0,0\n1,1,0\n1,,\n")
    plain = plain_table(path, judge="v", humans=["ana", "ben"], scale="binary:0,1")
    assert plain.dataset.rubric.criteria[0].id == "label"
    report = score(
        plain.dataset, plain.outcomes, Scoring(judge="v"), Measuring(np.random.default_rng(1), n_resamples=200)
    )
    accuracy = {row.between: row.estimate.value for row in report.rows if row.metric == "accuracy"}
    assert accuracy["rater~others"] == pytest.approx(4 / 6)
    assert accuracy["judge~others"] == pytest.approx(5 / 6)
    assert "1 judged sessions carry no label and could not be scored" in report.warnings


@pytest.mark.parametrize(
    ("text", "kwargs", "error", "words"),
    [
        ("v,label\n1,1\n", {"judge": "vv"}, UnknownName, "unknown column 'vv'. Did you mean 'v'"),
        ("v,label\n1,1\n", {"humans": ["lable"]}, UnknownName, "Did you mean 'label'"),
        ("v,label\n1,1\n", {"group": "user"}, UnknownName, "unknown column 'user'"),
        ("v,label\n1,1\n", {"judge": "label"}, InputError, "column 'label' is named twice"),
        ("v,label\n1,1\n", {"humans": ["label", "label"]}, InputError, "column 'label' is named twice"),
        ("v,label\n", {}, InputError, "t.csv: the table has no rows"),
        ("v,label\n1,\n1,n/a\n", {}, InputError, "no row has a label in label"),
        ("v,label\n1,1\n1\n", {}, InvalidRecord, "t.csv:3: 1 cells where the header has 2"),
        ("v,label\n1,1\n", {"scale": "ordnal:1..5"}, UnknownName, "Did you mean 'ordinal'"),
    ],
)
def test_what_cannot_be_read_is_one_clear_error(tmp_path, text, kwargs, error, words) -> None:
    """Unknown and repeated columns, empty tables, broken rows, unknown scales."""
    given = {"judge": "v", "humans": ["label"], **kwargs}
    with pytest.raises(error) as caught:
        plain_table(written(tmp_path, text), **given)
    assert words in str(caught.value)


def test_open_answers_are_read_as_text(tmp_path) -> None:
    """A column of sentences is no scale."""
    text = "v,label\n" + "".join(f"answer {i},a long answer of a human number {i}\n" for i in range(20))
    plain = plain_table(written(tmp_path, text), judge="v", humans=["label"])
    assert plain.dataset.rubric.criteria[0].scale.type == "text"
    assert plain.dataset.labels[0].value == "a long answer of a human number 0"
