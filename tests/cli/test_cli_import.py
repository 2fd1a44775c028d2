"""`judgekit import` as a person meets it: what comes in, what is refused, what is said."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.adapters.store.files import read_jsonl
from judgekit.cli import app
from judgekit.cli.main import main
from judgekit.records.dataset import Dataset

ENTRY = ("judgekit.cli.import_:import_", "import")


@pytest.fixture(autouse=True)
def _with_import(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The command stands in the table, whoever put it there; the working folder is empty."""
    if ENTRY not in app.COMMANDS:
        monkeypatch.setattr(app, "COMMANDS", (*app.COMMANDS, ENTRY))
    monkeypatch.chdir(tmp_path)


class Desk:
    """One dataset `d`, and what the last command said."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.err = ""
        self.out = ""

    def write(self, name: str, content: object) -> str:
        text = content if isinstance(content, str) else json.dumps(content)
        Path(name).write_text(text, encoding="utf-8")
        return name

    def run(self, *words: object) -> int:
        code = main(["import", *map(str, words), "--dataset", "./d"])
        captured = self._capsys.readouterr()
        self.out, self.err = captured.out, captured.err
        return code

    def report(self, *words: object) -> Any:
        assert self.run(*words, "--json") == 0, self.err
        return json.loads(self.out)

    def refused(self, *words: object) -> str:
        before = tree()
        assert self.run(*words) == 2, self.err
        assert self.err.count("\n") == 1, self.err
        assert tree() == before
        return self.err

    def load(self) -> Dataset:
        return DatasetFolder("d").load()


def tree() -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in Path().rglob("*") if path.is_file()}


@pytest.fixture
def desk(capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(capsys)


@pytest.fixture
def scored(desk: Desk) -> Desk:
    """A dataset of three sessions, one criterion `tone` on 1..5 and one `fit` that may not apply."""
    desk.write(
        "s.jsonl", "".join(json.dumps({"id": f"s{n}", "user": "q", "assistant": f"a{n}"}) + "\n" for n in range(3))
    )
    desk.report("sessions", "s.jsonl", "--scale", "tone=ordinal:1..5", "--scale", "fit=binary:no,yes+na")
    return desk


def test_a_new_dataset_is_made_and_the_next_command_named(desk: Desk) -> None:
    """The first import makes the folder; its words say where, how many, and what to do next."""
    desk.write("s.csv", "id,user,assistant,channel\n007,hi,hello,web\n")
    assert desk.run("sessions", "s.csv") == 0
    assert "made dataset d" in desk.err
    assert "next: judgekit import labels" in desk.err
    assert "1 sessions in = 1 new + 0 already there + 0 replaced + 0 skipped" in desk.out
    session = desk.load().sessions[0]
    assert (session.id, [turn.text for turn in session.turns], session.metadata) == (
        "007",
        ["hi", "hello"],
        {"channel": "web"},
    )


def test_a_bare_name_goes_under_datasets(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """A word that is no path names a dataset of the project."""
    desk.write("s.csv", "id,user,assistant\n1,hi,hello\n")
    assert main(["import", "sessions", "s.csv", "--dataset", "helpdesk"]) == 0
    assert DatasetFolder("datasets/helpdesk").load().card.name == "helpdesk"
    assert main(["import", "sessions", "s.csv", "--dataset", "helpdesk"]) == 0
    assert "0 new + 1 already there" in capsys.readouterr().out


def test_a_dry_run_shows_what_was_understood_and_writes_nothing(desk: Desk) -> None:
    """Fields, the first record as it would be stored, counts and skips are shown; no file appears."""
    desk.write("l.csv", "session,tone,why\ns1,4,good\ns2,,\n")
    before = tree()
    words = ("labels", "l.csv", "--criterion", "tone=tone", "--rationale", "tone=why", "--bare", "--set", "rater=ana")
    assert desk.run(*words, "--scale", "ordinal:1..5", "--dry-run") == 0
    assert tree() == before
    for shown in (
        "session <- session",
        '"rationale": "good"',
        "ana  4: 1",
        "skipped 1: empty",
        "nothing was written",
    ):
        assert shown in desk.out
    assert not Path("d").exists()
    assert desk.run("labels", "l.csv", "--criterion", "tone=tone", "--scale", "ordinal:1..5", "--dry-run") == 2
    assert "unknown session" in desk.out
    assert not Path("d").exists()


def test_importing_twice_adds_nothing(scored: Desk) -> None:
    """Named and anonymous labels alike have ids of their content."""
    scored.write("l.csv", "session,rater,tone,fit\ns0,ana,4,yes\ns0,,4,no\ns0,,4,no\n")
    words = ("labels", "l.csv", "--criterion", "tone=tone", "--criterion", "fit=fit")
    assert scored.report(*words)["n_new"] == 6
    again = scored.report(*words)
    assert (again["n_new"], again["n_already_there"], again["written"]) == (0, 6, {})
    assert len(scored.load().labels) == 6
    assert len(list(Path("d/ledger").iterdir())) == 1


def test_an_old_file_does_not_undo_a_correction(scored: Desk) -> None:
    """A label that was corrected since is not new when its file comes again."""
    scored.write("old.csv", "session,rater,value\ns0,ana,4\n")
    scored.write("new.csv", "session,rater,value\ns0,ana,5\n")
    for name in ("old.csv", "new.csv", "old.csv"):
        scored.report("labels", name, "--set", "criterion=tone")
    assert [label.value for label in scored.load().labels] == [5]


def test_changed_content_needs_replace(scored: Desk) -> None:
    """The same id with other words is refused, or replaced on demand; labels keep what they saw."""
    scored.write("l.csv", "session,rater,value\ns0,ana,4\n")
    scored.report("labels", "l.csv", "--set", "criterion=tone")
    seen = scored.load().labels[0].seen
    assert seen == scored.load().session_by_id["s0"].seen_fingerprint
    scored.write(
        "s2.jsonl", '{"id": "s0", "user": "q", "assistant": "changed"}\n{"id": "s9", "user": "q", "assistant": "n"}\n'
    )
    assert "s2.jsonl:1: session 's0' is there with other content. Say --replace" in scored.refused(
        "sessions", "s2.jsonl"
    )
    report = scored.report("sessions", "s2.jsonl", "--replace")
    assert (report["n_replaced"], report["n_new"]) == (1, 1)
    assert [turn.text for turn in DatasetFolder("d").seen(str(seen)) or ()] == ["q", "a0"]


def test_the_first_wrong_row_refuses_the_whole_import(scored: Desk) -> None:
    """One line names file, line, value and legal values, and says how many more; --skip-invalid counts them."""
    scored.write("l.csv", "session,rater,value\ns0,ana,4\ns1,ana,9\nsX,ana,1\ns2,ana\ns2,ana,\n")
    words = ("labels", "l.csv", "--set", "criterion=tone")
    message = scored.refused(*words)
    assert 'l.csv:3: "9" is not on the ordinal scale (1, 2, 3, 4, 5)' in message
    assert "2 more" in message
    assert "--skip-invalid" in message
    report = scored.report(*words, "--skip-invalid")
    assert report["n_new"] == 1
    assert report["skipped"] == {"off the scale": 1, "unknown session": 1, "wrong number of cells": 1, "empty": 1}
    assert report["examples"]["unknown session"][0].startswith("l.csv:4: unknown session 'sX'")


def test_ids_twice_in_a_file_are_refused_with_both_lines(scored: Desk) -> None:
    """Sessions of one id, and one rater's two answers, name both places."""
    scored.write("s.csv", "id,user,assistant\na,q,1\nb,q,1\na,q,1\n")
    message = scored.refused("sessions", "s.csv")
    assert "s.csv:4" in message
    assert "s.csv:2" in message
    scored.write("l.csv", "session,rater,value\ns0,ana,4\ns0,ana,5\n")
    message = scored.refused("labels", "l.csv", "--set", "criterion=tone")
    assert "l.csv:2" in message
    assert "l.csv:3" in message
    assert "Map occasion" in message


def test_a_repeat_and_a_correction_are_told_apart(scored: Desk) -> None:
    """With occasion both answers count; with times the later one does."""
    scored.write("o.csv", "session,rater,value,occasion\ns0,ana,4,1\ns0,ana,5,2\n")
    scored.report("labels", "o.csv", "--set", "criterion=tone")
    scored.write("t.csv", "session,rater,value,at\ns1,ana,4,2025-01-02T00:00:00Z\ns1,ana,5,2025-01-01T00:00:00Z\n")
    scored.report("labels", "t.csv", "--set", "criterion=tone")
    values = [(label.session, label.value) for label in scored.load().labels]
    assert sorted(values) == [("s0", 4), ("s0", 5), ("s1", 4)]


def test_a_float_id_is_refused_with_the_reason(desk: Desk) -> None:
    """A long id that went through a spreadsheet is not taken for another session."""
    desk.write("s.json", '[{"id": 2.0241031124050491e19, "user": "q", "assistant": "a"}]')
    message = desk.refused("sessions", "s.json")
    assert "keeps only 16 digits" in message
    assert "Export the ids as text" in message
    desk.write("s.json", '[{"id": 20241031124050492385, "user": "q", "assistant": "a"}]')
    desk.report("sessions", "s.json")
    assert desk.load().sessions[0].id == "20241031124050492385"


def test_no_scale_shows_the_values_and_a_suggestion_that_works(scored: Desk) -> None:
    """The suggested --scale can be pasted back."""
    scored.write("l.csv", "session,rater,polite\ns0,ana,3\ns1,ana,1\n")
    words = ("labels", "l.csv", "--criterion", "polite=polite")
    message = scored.refused(*words)
    assert "values seen: polite: 1, 3" in message
    assert "--scale 'ordinal:1..3'" in message
    assert scored.report(*words, "--scale", "ordinal:1..3")["n_new"] == 2
    assert [criterion.id for criterion in scored.load().rubric.criteria] == ["tone", "fit", "polite"]
    assert "has another scale" in scored.refused(*words, "--scale", "polite=ordinal:1..9")


def test_not_applicable_cannot_judge_and_empty_words(scored: Desk) -> None:
    """Each answer that is no value has its status, and only where the criterion allows it."""
    scored.write("l.csv", "session,fit,tone\ns0,0,4\ns1,?,-\ns2,yes,0\n")
    words = ["labels", "l.csv", "--set", "rater=ana", "--not-applicable", "0", "--cannot-judge", "?", "--empty", "-"]
    report = scored.report(*words, "--criterion", "fit=fit")
    assert report["counts"] == {"fit": {"ana": {"not_applicable": 1, "cannot_judge": 1, "yes": 1}}}
    message = scored.refused(*words, "--criterion", "tone=tone")
    assert "l.csv:4: criterion 'tone' has no answer 'not applicable'" in message
    report = scored.report(*words, "--criterion", "tone=tone", "--skip-invalid")
    assert report["skipped"] == {"empty": 1, "not applicable is no answer here": 1}


def test_unknown_names_list_what_there_is(scored: Desk) -> None:
    """Formats, columns, fields, kinds, criteria and roles are refused with the nearest known one."""
    scored.write("l.csv", "session,rater,value\ns0,ana,4\n")
    assert "unknown format 'lables'. Did you mean 'labels'?" in scored.refused("lables", "l.csv")
    assert "Did you mean 'session'?" in scored.refused("labels", "l.csv", "--map", "session=sesion")
    assert "unknown field 'ratr'" in scored.refused("labels", "l.csv", "--map", "ratr=rater")
    assert "kind of label 'golden'" in scored.refused("labels", "l.csv", "--kind", "golden")
    assert "no scale for criterion 'tune'" in scored.refused("labels", "l.csv", "--set", "criterion=tune")
    assert "role 'boss'" in scored.refused("sessions", "l.csv", "--speaker", "A=boss")
    assert "columns: session, rater, value" in scored.refused("sessions", "l.csv", "--map", "id=session")
    assert "the row has no criterion" in scored.refused("labels", "l.csv")


def test_gold_labels_groups_and_reasons(scored: Desk) -> None:
    """Kind, rater groups, reasons, quotes, corrections and seconds are stored as given."""
    scored.write(
        "l.json",
        [
            {"s": "s0", "v": 4, "why": "calm", "q": ["a", "b"], "fix": {"text": "better"}, "t": 1.5},
            {"s": "s1", "v": "5"},
        ],
    )
    maps = [
        w
        for m in ("session=s", "value=v", "rationale=why", "evidence=q", "correction=fix", "seconds=t")
        for w in ("--map", m)
    ]
    report = scored.report(
        "labels", "l.json", *maps, "--set", "criterion=tone", "--set", "rater=ana", "--kind", "gold",
        "--group-raters", "experts=ana,ben:median",
    )  # fmt: skip
    assert report["n_new"] == 2
    dataset = scored.load()
    label = next(label for label in dataset.labels if label.session == "s0")
    assert (label.kind, label.rationale, label.evidence, label.correction, label.seconds, label.source) == (
        "gold", "calm", ("a", "b"), {"text": "better"}, 1.5, "l.json")  # fmt: skip
    assert label.rubric == dataset.rubric.criterion("tone").fingerprint()
    assert (dataset.card.raters["experts"].raters, dataset.card.raters["experts"].aggregate) == (
        ("ana", "ben"),
        "median",
    )


def test_a_list_of_answers_is_one_anonymous_label_each(scored: Desk) -> None:
    """Position in the list is no rater: equal answers all count, and come again as the same."""
    scored.write("l.jsonl", '{"session": "s0", "value": [4, 4, 5]}\n{"session": "s1", "value": []}\n')
    words = ("labels", "l.jsonl", "--each", "--set", "criterion=tone")
    report = scored.report(*words)
    assert (report["n_items"], report["n_new"], report["skipped"]) == (4, 3, {"empty": 1})
    assert scored.report(*words)["n_already_there"] == 3
    assert [label.rater for label in scored.load().labels] == [None] * 3


def test_labels_of_turns_must_point_at_one(scored: Desk) -> None:
    """A turn that the session does not have is an invalid row."""
    scored.write("l.csv", "session,rater,value,turn\ns0,ana,4,1\ns0,ana,4,7\n")
    assert "l.csv:3: session 's0': unknown turn '7'" in scored.refused("labels", "l.csv", "--set", "criterion=tone")
    assert scored.report("labels", "l.csv", "--set", "criterion=tone", "--skip-invalid")["skipped"] == {
        "unknown turn": 1
    }


def test_pairs_bring_their_sessions_or_join_those_there(scored: Desk) -> None:
    """Texts make `<id>/first` and `<id>/second`; mapped sessions must exist; preference is about pairs."""
    scored.write("p.csv", "id,prompt,x,y,lang\np1,q,one,two,en\n")
    words = ("pairs", "p.csv", "--map", "first=x", "--map", "second=y", "--scale", "better=preference")
    report = scored.report(*words)
    assert (report["n_items"], report["written"]) == (1, {"sessions": 2, "pairs": 1})
    assert scored.report(*words)["n_already_there"] == 1
    scored.write("j.csv", "id,a,b\np2,s0,s1\np3,s0,sX\n")
    join = ("pairs", "j.csv", "--map", "first_session=a", "--map", "second_session=b")
    assert "unknown session 'sX'" in scored.refused(*join)
    scored.report(*join, "--skip-invalid")
    dataset = scored.load()
    assert [(pair.id, pair.first, pair.metadata) for pair in dataset.pairs] == [
        ("p1", "p1/first", {"lang": "en"}),
        ("p2", "s0", {}),
    ]
    scored.write("l.csv", "pair,session,rater,value\np1,,ana,first\n,s0,ana,first\n")
    assert "criterion 'better' is about pairs" in scored.refused("labels", "l.csv", "--set", "criterion=better")
    report = scored.report("labels", "l.csv", "--set", "criterion=better", "--skip-invalid")
    assert report["skipped"] == {"wrong kind of target": 1}
    assert scored.load().labels[0].pair == "p1"
    assert "no column holds the second answer" in scored.refused("pairs", "p.csv", "--map", "first=x")


def test_verdicts_with_distributions_scores_and_failures(scored: Desk) -> None:
    """The likeliest level is the value, the expected value the score; garbage is a failure with its cause."""
    scored.write("v.csv", "session,p4,p5,value\ns0,0.25,0.75,\ns1,,,garbage\ns2,,,\n")
    words = (
        "verdicts", "v.csv", "--set", "criterion=tone", "--set", "judge=j", "--distribution", "4=p4",
        "--distribution", "5=p5", "--failure", "garbage=unparsed", "-o", "v.jsonl",
    )  # fmt: skip
    report = scored.report(*words)
    assert (report["written"], report["skipped"]) == ({"verdicts": 1, "failures": 1}, {"empty": 1})
    rows = [row for _, row in read_jsonl(Path("v.jsonl")).rows]
    assert (rows[0]["value"], rows[0]["score"], rows[0]["distribution"]) == (5, 4.75, {"4": 0.25, "5": 0.75})
    assert (rows[1]["status"], rows[1]["reply"]) == ("unparsed", "garbage")
    assert rows[0]["seen"] == scored.load().session_by_id["s0"].seen_fingerprint
    assert "holds these verdicts already" in (scored.run(*words), scored.err)[1]
    scored.write("v2.csv", "session,value\ns0,1\n")
    other = ("verdicts", "v2.csv", "--set", "criterion=tone", "-o", "v.jsonl")
    assert "other verdicts are there" in scored.refused(*other)
    assert scored.report(*other, "--replace")["n_new"] == 1
    assert "Say -o" in scored.refused(*other[:-2])


def test_verdict_rows_as_judgekit_writes_them(scored: Desk) -> None:
    """Statuses, scores, whole distributions, replies and samples of a long table come back as they were."""
    common = {"criterion": "tone", "judge": "j"}
    rows = [
        {"session": "s0", **common, "value": 4, "score": 3.5, "distribution": {"4": 0.5, "3": 0.5}, "sample": 0},
        {"session": "s0", **common, "value": 5, "sample": 1, "rationale": "kind"},
        {"session": "s1", **common, "status": "cannot_judge"},
        {"session": "s1", **common, "status": "unparsed", "reply": "hm", "detail": "no number", "sample": 1},
        {"session": "s2", "criterion": "fit", "judge": "j", "distribution": json.dumps({'"yes"': 0.9, "no": 0.1})},
        {"session": "s2", **common, "sample": 2},
    ]
    scored.write("v.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    report = scored.report("verdicts", "v.jsonl", "-o", "out.jsonl.gz")
    assert (report["written"], report["skipped"]) == ({"verdicts": 4, "failures": 1}, {"empty": 1})
    found = [row for _, row in read_jsonl(Path("out.jsonl.gz")).rows]
    assert (found[0]["value"], found[0]["score"], found[0]["distribution"]) == (4, 3.5, {"3": 0.5, "4": 0.5})
    assert (found[1]["rationale"], found[2]["status"]) == ("kind", "cannot_judge")
    assert (found[3]["status"], found[3]["reply"], found[3]["detail"]) == ("unparsed", "hm", "no number")
    assert (found[4]["value"], found[4]["distribution"]) == ("yes", {'"no"': 0.1, '"yes"': 0.9})
    assert "score" not in found[4]
    assert scored.report("verdicts", "out.jsonl.gz", "-o", "again.jsonl.gz")["n_new"] == 5
    assert [row for _, row in read_jsonl(Path("again.jsonl.gz")).rows] == found


def test_a_judges_sample_stands_once(scored: Desk) -> None:
    """Two verdicts on one session need a sample number each."""
    scored.write("v.csv", "session,value\ns0,4\ns0,5\n")
    words = ("verdicts", "v.csv", "--set", "criterion=tone", "-o", "v.jsonl")
    assert "v.csv:2 already" in scored.refused(*words)
    scored.write("v.csv", "session,value,sample\ns0,4,0\ns0,5,1\n")
    assert scored.report(*words)["n_new"] == 2


def test_a_list_of_samples_is_one_verdict_each(scored: Desk) -> None:
    """Places in the list number the samples; null is a failure where that is said, else no answer, and counted."""
    rows = [{"session": "s0", "said": [4, None, 5]}, {"session": "s1", "said": [3, 3, 3]}]
    scored.write("v.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    words = ("verdicts", "v.jsonl", "--map", "value=said", "--each", "--set", "criterion=tone", "--set", "judge=j")
    report = scored.report(*words, "-o", "empty.jsonl")
    assert (report["n_items"], report["written"], report["skipped"]) == (6, {"verdicts": 5}, {"empty": 1})
    assert report["notes"] == ["j on tone: 2 verdicts of several samples, which differ on 1"]
    report = scored.report(*words, "--failure", "null=refused", "-o", "out.jsonl")
    assert (report["written"], report["skipped"]) == ({"verdicts": 5, "failures": 1}, {})
    found = [row for _, row in read_jsonl(Path("out.jsonl")).rows]
    assert [(row["session"], row["sample"], row.get("value"), row["status"]) for row in found] == [
        ("s0", 0, 4, "ok"), ("s0", 1, None, "refused"), ("s0", 2, 5, "ok"),
        ("s1", 0, 3, "ok"), ("s1", 1, 3, "ok"), ("s1", 2, 3, "ok"),
    ]  # fmt: skip


def test_a_row_of_several_answers_is_taken_apart(desk: Desk) -> None:
    """One prompt's answers become sessions of one input, with labels by place and scores from any scale."""
    desk.write("f.json", [{"id": "q1", "scores": [[7, 8], [2, 2]]}, {"id": "q2", "scores": [[5], [6], [1]]}])
    each = ("f.json", "--unnest", "scores")
    ids = ("--map", "id={id}-{scores#}", "--map", "input=id", "--bare", "--drop-rest")
    assert desk.report("sessions", *each, *ids)["n_new"] == 5
    meant = ("--value", "0=pass", "--value", "1=fail", "--value", "2=fail", "--scale", "right=binary:fail,pass")
    of = ("--map", "session={id}-{scores#}", "--map", "id=", "--set", "criterion=right")
    report = desk.report("labels", *each, *of, "--map", "value=scores#", *meant, "--set", "rater=key")
    assert report["counts"] == {"right": {"key": {"fail": 3, "pass": 2}}}
    words = ("verdicts", *each, *of, "--map", "value=scores", "--each", "--as-score", "-o", "v.jsonl")
    assert desk.report(*words)["written"] == {"verdicts": 7}
    assert [(s.id, s.input) for s in desk.load().sessions][:3] == [("q1-0", "q1"), ("q1-1", "q1"), ("q2-0", "q2")]
    desk.write("g.json", [{"id": "q3", "scores": []}])
    assert "column 'scores' holds an empty list" in desk.refused("sessions", "g.json", *each[1:], *ids)
    assert "unknown column 'score'" in desk.refused("sessions", "f.json", "--unnest", "score", *ids)


@pytest.mark.parametrize(
    ("cells", "words"),
    [("0.5,0.1", "add up to 0.6"), ("0.5,x", "not a number from 0 to 1"), ("2,-1", "not a number from 0 to 1")],
)
def test_probabilities_that_are_none_are_refused(scored: Desk, cells: str, words: str) -> None:
    """A distribution adds up to one."""
    scored.write("v.csv", f"session,p4,p5\ns0,{cells}\n")
    levels = ("--distribution", "4=p4", "--distribution", "5=p5")
    assert words in scored.refused("verdicts", "v.csv", "--set", "criterion=tone", *levels, "-o", "v.jsonl")


def test_scores_between_levels_need_a_word(scored: Desk) -> None:
    """A mean is no level; --as-score takes it as the score, inside the scale's ends."""
    scored.write("v.csv", "session,m\ns0,2.67\n")
    words = ("verdicts", "v.csv", "--criterion", "tone=m", "-o", "v.jsonl")
    assert '"2.67" is not on the ordinal scale' in scored.refused(*words)
    assert scored.report(*words, "--as-score")["counts"] == {"tone": {"(anonymous)": {"(score only)": 1}}}
    scored.write("v.csv", "session,m\ns0,6\n")
    assert "is not on the numeric scale (1.0 to 5.0)" in scored.refused(*words, "--as-score", "--replace")


def test_a_rubric_file_makes_the_criteria(desk: Desk) -> None:
    """--rubric is for new datasets; another one later is refused."""
    desk.write(
        "r.toml", 'name = "r"\n[[criteria]]\nid = "tone"\nquestion = "?"\nscale = {type = "ordinal", levels = [1, 2]}\n'
    )
    desk.write("l.csv", "session,tone\ns0,2\n")
    words = ("labels", "l.csv", "--criterion", "tone=tone", "--bare")
    assert desk.report(*words, "--rubric", "r.toml")["written"] == {"sessions": 1, "labels": 1}
    assert desk.report(*words, "--rubric", "r.toml")["n_already_there"] == 1
    desk.write("r.toml", 'name = "r2"\n')
    assert "another rubric" in desk.refused(*words, "--rubric", "r.toml")


def test_judgekits_own_forms_come_back_equal(scored: Desk) -> None:
    """Sessions and labels as judgekit writes them are imported as they were."""
    scored.write("l.csv", "session,rater,value,rationale\ns0,ana,4,calm\ns1,,5,\n")
    scored.report("labels", "l.csv", "--set", "criterion=tone")
    first = scored.load()
    scored.write("labels.jsonl", "".join(label.model_dump_json(exclude_none=True) + "\n" for label in first.labels))
    Path("d").rename("old")
    rubric = ("--rubric", "old/rubric.toml")
    assert scored.run("sessions", "old/sessions.jsonl", *rubric) == 0, scored.err
    assert scored.run("labels", "labels.jsonl") == 0, scored.err
    second = scored.load()
    assert second.sessions == first.sessions
    assert {label.id: label for label in second.labels} == {label.id: label for label in first.labels}


def test_hostile_cells_are_data(desk: Desk) -> None:
    """Formulas, control characters, path-like ids and markup are stored as they are, and shown harmless."""
    ids = ["../../etc/passwd", "=cmd|' /C calc'!A0", "\x1b[31mred", "<script>", 'a,b"c', "\u202eabc", "nan"]
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([["id", "user", "assistant"], *([one, one, one] for one in ids)])
    Path("s.csv").write_text(buffer.getvalue(), encoding="utf-8", newline="")
    desk.report("sessions", "s.csv")
    assert [session.id for session in desk.load().sessions] == ids
    assert desk.run("sessions", "s.csv", "--dry-run") == 0
    assert "\x1b" not in desk.out + desk.err
    Path("l.csv").write_text("session,rater,value\n\x1b[31mred,\x1b]0;x\x07,y\n", encoding="utf-8")
    assert desk.run("labels", "l.csv", "--set", "criterion=c", "--scale", "text") == 0
    assert "\x1b" not in desk.out + desk.err


def test_contents_mapped_twice_or_unreadable(desk: Desk) -> None:
    """One kind of content per import; a column of messages that are none is an invalid row."""
    desk.write(
        "s.json", [{"id": "a", "messages": [{"role": "user", "content": "q"}], "text": "t"}, {"id": "b", "messages": 3}]
    )
    message = desk.refused("sessions", "s.json", "--map", "messages=messages", "--map", "text=text")
    assert "content is mapped twice" in message
    assert "messages are not a list" in desk.refused("sessions", "s.json")
    report = desk.report("sessions", "s.json", "--skip-invalid")
    assert report["skipped"] == {"unreadable messages": 1}
    assert desk.load().sessions[0].metadata == {"text": "t"}


def test_session_fields_are_read_and_the_rest_kept_or_named(desk: Desk) -> None:
    """Numbers, times, tags and trials have their types; --drop-rest says what it left out."""
    row = {
        "id": 1,
        "text": "t",
        "trial": "2",
        "cost_usd": "0.5",
        "started_at": "2025-01-01T00:00:00+01:00",
        "tags": "a; b",
        "x": 1,
    }
    desk.write("s.json", [row])
    report = desk.report("sessions", "s.json", "--drop-rest")
    session = desk.load().sessions[0]
    assert (session.id, session.trial, session.cost_usd, session.tags, session.metadata) == (
        "1",
        2,
        0.5,
        ("a", "b"),
        {},
    )
    assert report["unused"] == ["x"]
    desk.write("s.json", [{**row, "id": "2", "trial": "two"}])
    assert "trial" in desk.refused("sessions", "s.json")


rows_of_labels = st.lists(
    st.tuples(st.sampled_from(["s0", "s1", "s2", "sX", ""]), st.sampled_from(["1", "5", "9", "", "x", " 3 "])),
    max_size=12,
)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=rows_of_labels)
def test_items_in_are_items_out_and_skipped(scored: Desk, rows: list[Any]) -> None:
    """Whatever the file holds, with --skip-invalid each row is a label or counted by its cause."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerows([["session", "value"], *rows])
    scored.write("h.csv", buffer.getvalue())
    report = scored.report("labels", "h.csv", "--set", "criterion=tone", "--skip-invalid", "--dry-run")
    good = [row for row in rows if row[0] in ("s0", "s1", "s2") and row[1].strip() in ("1", "3", "5")]
    assert report["n_items"] == len(rows)
    assert report["n_new"] == len(good)
    assert sum(report["skipped"].values()) == len(rows) - len(good)
