"""`agree`, `score` and `compare` on the command line: one JSON document, exit codes, errors in one line."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.adapters.store.run import RunFolder
from judgekit.cli.console import Console, clean
from judgekit.cli.main import main
from judgekit.records.dataset import DatasetCard
from judgekit.records.run import RunManifest
from tests.analysis.composed_data import PASSED, RUBRIC, WORDS, failure, labels, session, verdict

TOLD = [session(f"{v}-{i:02d}", input=f"i{i:02d}", version=v) for i in range(12) for v in ("v1", "v2")]
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a dataset of two versions, two experts, and one judge's verdicts."""
    monkeypatch.chdir(tmp_path)
    ratings = {
        s.id: {"ana": "pass" if i % 3 else "fail", "ben": "pass" if i % 4 else "fail"} for i, s in enumerate(TOLD)
    }
    folder = DatasetFolder(tmp_path / "datasets" / "data")
    folder.create(DatasetCard(name="data"), RUBRIC)
    folder.write_sessions(TOLD)
    folder.append(labels(PASSED, ratings), writer="test", now=NOW)
    wrote("v.jsonl", [verdict(s.id, PASSED, "pass" if i % 3 else "fail") for i, s in enumerate(TOLD[:-1])] + [
        failure(TOLD[-1].id, PASSED)
    ])  # fmt: skip
    return tmp_path


def wrote(name: str, outcomes) -> str:
    Path(name).write_text("".join(o.model_dump_json(exclude_none=True) + "\n" for o in outcomes), encoding="utf-8")
    return name


def made_run(name: str, outcomes, *, judge: str = "judy", fingerprint: str = "sha256:j") -> str:
    manifest = RunManifest(
        judge=judge, criterion="passed", judge_fingerprint=fingerprint, request_fingerprint="sha256:r",
        engine="replay", model="m", sessions="sha256:s", n_targets=len(outcomes), n_expected=len(outcomes),
        state="complete", started_at=NOW,
    )  # fmt: skip
    folder = RunFolder(Path(name))
    folder.write_manifest(manifest)
    for outcome in outcomes:
        folder.add_outcome(outcome)
    folder.finish()
    return name


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("agree data", "agreement"),
        ("score v.jsonl data", "score"),
        ("estimate data", "quality"),
        ("compare v1 v2 --labels data --verdicts v.jsonl", "comparison"),
    ],
)
@pytest.mark.usefixtures("project")
def test_json_is_one_document_and_words_are_words(words: str, kind: str, capsys) -> None:
    """With --json standard output is the report, the same that -o saves; without, words and the next command."""
    assert main([*words.split(), "--json", "-o", "r.json", "--resamples", "200"]) == 0
    out = capsys.readouterr().out
    report = json.loads(out)
    assert report["kind"] == kind
    assert report["settings"]["seed"] == 7
    assert json.loads(Path("r.json").read_text(encoding="utf-8")) == report
    assert main([*words.split(), "--resamples", "200"]) == 0
    captured = capsys.readouterr()
    assert captured.out.strip()
    assert not captured.out.startswith("{")
    assert "\x1b" not in captured.out
    assert main([*words.split(), "--json", "--resamples", "200"]) == 0
    assert json.loads(capsys.readouterr().out) == report


def test_score_reads_files_and_runs_alike(project: Path, capsys) -> None:
    """The failure is counted; a run names its engine; 24 judged, 1 failed, ties counted."""
    assert main(["score", "v.jsonl", "data", "--json"]) == 0
    stored = json.loads(capsys.readouterr().out)
    outcomes = [verdict(s.id, PASSED, "pass" if i % 3 else "fail") for i, s in enumerate(TOLD)]
    made_run("runs/r", outcomes)
    assert main(["score", "runs/r", "data", "--json", "--reference", "rater:ana", "-m", "accuracy"]) == 0
    ran = json.loads(capsys.readouterr().out)
    assert (stored["engine"], ran["engine"], ran["model"]) == ("stored", "replay", "m")
    assert stored["counts"][0]["failures"] == {"unparsed": 1}
    assert {row["metric"] for row in ran["rows"]} == {"accuracy", "accuracy_difference"}
    headline = next(row for row in ran["rows"] if row["between"] == "judge~reference")
    assert headline["estimate"]["value"] == 1.0  # the judge says what ana says
    assert project.exists()


@pytest.mark.usefixtures("project")
def test_a_judge_is_chosen_by_name(capsys) -> None:
    """Several in a file: choose; one that is not there is named; a run's judge is who it is."""
    both = [verdict(s.id, PASSED, "pass", judge=name) for s in TOLD for name in ("judy", "ruth")]
    wrote("both.jsonl", both)
    assert main(["score", "both.jsonl", "data"]) == 2
    assert "holds verdicts of 2 judges. Choose one with --judge: ['judy', 'ruth']" in capsys.readouterr().err
    assert main(["score", "both.jsonl", "data", "--judge", "ruth", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["judge"] == "ruth"
    assert main(["score", "both.jsonl", "data", "--judge", "rut"]) == 2
    assert "both.jsonl: unknown judge 'rut'. Did you mean 'ruth'" in capsys.readouterr().err
    made_run("r", both[::2])
    assert main(["score", "r", "data", "--judge", "ruth"]) == 2
    assert "unknown judge 'ruth'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("score v.jsonl", "score needs the dataset"),
        ("score v.jsonl data --use scores", "--use 'scores' is neither value nor score"),
        ("score v.jsonl data --split dve", "--split: unknown split 'dve'. Did you mean 'dev'"),
        ("score v.jsonl data --split ,", "--split ',' names no split"),
        ("score v.jsonl data --split test", "the test split is locked"),
        ("score v.jsonl data --slice verion", "Did you mean 'version'"),
        ("score v.jsonl data --baseline nowhere.jsonl", "nowhere.jsonl"),
        ("score v.jsonl data --baseline v.jsonl", "cannot be told from the judge's own rows"),
        ("score v.jsonl data --epsilon 1", "--epsilon"),
        ("score v.jsonl data --reference majorty", "Did you mean 'majority'"),
        ("score v.jsonl data --metric kapa", "unknown metric 'kapa'"),
        ("score v.jsonl data -c quality", "v.jsonl: no verdict is on criterion quality"),
        ("score v.jsonl data -c qualty", "Did you mean 'quality'"),
        ("score v.jsonl data --scale binary:0,1", "--scale 'binary:0,1' needs --human"),
        ("score v.jsonl data --group g", "--group 'g' needs --human"),
        ("score empty.jsonl data", "there are no verdicts to score"),
        ("score t.csv --human h", "--human needs --judge"),
        ("score t.csv data --human h --judge v", "dataset 'data' is given too"),
        ("score nowhere.jsonl data", "nowhere.jsonl"),
        ("agree nowhere", "nowhere"),
        ("agree data --level 1", "--level"),
        ("compare v1 v3 --labels data --verdicts v.jsonl", "unknown version 'v3'"),
        ("compare v1 v2 --labels data --verdicts v.jsonl --use scores", "--use 'scores'"),
        ("compare v.jsonl v.jsonl --labels data", "stand on both sides"),
        ("compare v1.jsonl ruth.jsonl --labels data", "were judged by different judges"),
    ],
)
@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("flags", [[], ["--json"]], ids=["words", "json"])
def test_wrong_usage_ends_with_2_in_one_line(words: str, said: str, flags: list[str], capsys) -> None:
    """The same with and without --json; nothing on standard output, no traceback."""
    Path("empty.jsonl").touch()
    Path("t.csv").write_text("v,h\n1,1\n", encoding="utf-8")
    wrote("v1.jsonl", [verdict(s.id, PASSED, "pass") for s in TOLD if s.version == "v1"])
    wrote("ruth.jsonl", [verdict(s.id, PASSED, "pass", judge="ruth") for s in TOLD if s.version == "v2"])
    assert main([*words.split(), *flags]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


@pytest.mark.usefixtures("project")
def test_two_runs_are_compared_by_their_own_sessions(capsys) -> None:
    """Each side is what its run judged; another judge's run is refused."""
    for version, value in (("v1", "fail"), ("v2", "pass")):
        made_run(version + "-run", [verdict(s.id, PASSED, value) for s in TOLD if s.version == version])
    assert main(["compare", "v1-run", "v2-run", "--labels", "data", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    by = {row["estimator"]: row["estimate"]["value"] for row in report["rows"] if row["metric"] == "mean_difference"}
    assert (report["baseline"], report["candidate"], by["judge_raw"]) == ("v1-run", "v2-run", 1.0)
    made_run("other", [verdict(s.id, PASSED, "pass") for s in TOLD if s.version == "v2"], fingerprint="sha256:x")
    assert main(["compare", "v1-run", "other", "--labels", "data"]) == 2
    assert "judged by different judges" in capsys.readouterr().err


@pytest.mark.usefixtures("project")
def test_judges_without_an_order_are_passed_over(capsys) -> None:
    """An open answer beside a verdict: the report holds the verdict's criterion alone."""
    wrote("w.jsonl", [verdict(s.id, WORDS, "fine", judge="ruth") for s in TOLD])
    words = "compare v1 v2 --labels data --verdicts w.jsonl --verdicts v.jsonl --json"
    assert main(words.split()) == 0
    assert {row["criterion"] for row in json.loads(capsys.readouterr().out)["rows"]} == {"passed"}


def test_a_plain_table_needs_no_set_up(tmp_path: Path, monkeypatch, capsys) -> None:
    """A judge's column and two humans': the scale proposed is told, and nothing suggests a dataset command."""
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("v,ana,ben,user\n" + "1,1,1,a\n0,0,1,b\nwhat,1,1,c\n" * 5, encoding="utf-8")
    assert (
        main(["score", "t.csv", "--judge", "v", "--human", "ana", "--human", "ben", "--group", "user", "--json"]) == 0
    )
    report = json.loads(capsys.readouterr().out)
    assert report["counts"][0]["failures"] == {"unparsed": 5}
    assert any(line.startswith("no --scale was declared") for line in report["warnings"])
    assert main(["score", "t.csv", "--judge", "v", "--human", "ana", "--scale", "binary:0,1"]) == 0
    captured = capsys.readouterr()
    assert "no verdict 5 times (5 unparsed)" in " ".join(captured.out.split())
    assert "next:" not in captured.err


def test_hostile_words_reach_no_terminal(project: Path, capsys) -> None:
    """Control characters in a judge's reason are shown as text; in JSON they are escaped, a lone surrogate too."""
    reason = "\\u001b[31mred\\u0007 \\u202eback\\ud800\\u009b"
    rows = [f'{{"session": "{s.id}", "criterion": "passed", "value": "fail", "rationale": "{reason}"}}\n' for s in TOLD]
    Path("h.jsonl").write_text("".join(rows), encoding="utf-8")
    assert main(["score", "h.jsonl", "data"]) == 0
    out = capsys.readouterr().out
    assert not set("\x1b\x07\u202e") & set(out)
    assert main(["score", "h.jsonl", "data", "--json", "-o", "h.json"]) == 0
    captured = capsys.readouterr().out
    assert not set("\x1b\x07\u202e\ud800\x9b") & set(captured)
    assert json.loads(captured)["disagreements"][0]["judge"]["rationale"].startswith("\x1b[31m")
    assert project.exists()


def test_the_console_keeps_its_channels_apart(capsys) -> None:
    """Results to standard output, talk to standard error; quiet, verbose and JSON each change one thing."""
    record = PASSED
    Console().show("result")
    Console().say("talk")
    Console().emit(record)
    Console().suggest("agree D")
    assert capsys.readouterr() == ("result\n", "talk\nnext: agree D\n")
    machine = Console(json=True)
    machine.show("result")
    machine.emit(record)
    machine.suggest("x")
    captured = capsys.readouterr()
    assert json.loads(captured.out)["id"] == "passed"
    assert captured.err == ""
    quiet = Console(quiet=True, verbose=True)
    quiet.say("talk")
    quiet.detail("more")
    quiet.fail("two\nlines")
    assert capsys.readouterr() == ("", "judgekit: two lines\n")
    Console(verbose=True).detail("more")
    Console().detail("not")
    Console().redraw("live")
    assert capsys.readouterr().err == "more\n"
    assert not Console().is_live
    assert clean("a\tb\n\x9b\u2066") == "a\tb\n\\x9b\\u2066"


def test_a_live_terminal_redraws_its_line(monkeypatch, capsys) -> None:
    """Only there are escape codes written, and only ours."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    Console().redraw("50%\x1b[2J")
    assert capsys.readouterr().err == "\r\x1b[2K50%\\x1b[2J"


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "interrupted; what was done is kept"),
        (PermissionError(13, "Permission denied", "/x/y"), 2, "/x/y: permission denied. Check its permissions"),
        (OSError("odd"), 2, "a file: odd"),
        (ZeroDivisionError("oops"), 70, "internal error: ZeroDivisionError: oops"),
    ],
    ids=["interrupt", "permission", "bare", "defect"],
)
def test_whatever_ends_a_command_has_its_code(error, code, said, monkeypatch, capsys) -> None:
    """One line each; --debug adds the traceback."""
    from judgekit.cli import main as entry

    def broken(_words, _console):
        raise error

    monkeypatch.setattr(entry, "_run", broken)
    assert main(["agree", "d"]) == code
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err
    if code in (2, 70):
        main(["agree", "d", "--debug"])
        assert "Traceback" in capsys.readouterr().err


def test_flags_stand_anywhere_before_two_dashes(capsys) -> None:
    """`--version` is answered at once; after `--` a word is a word."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("judgekit ")
    assert main(["agree", "--", "--json"]) == 2
    assert "--json" in capsys.readouterr().err


def test_a_table_with_our_column_names_is_scored_as_it_lies(project: Path, capsys) -> None:
    """`score table.csv DATASET` reads CSV cells on the rubric's scales; a cell off the scale is named with its line."""
    rows = [f"{s.id},passed,{'pass' if i % 3 else 'fail'}" for i, s in enumerate(TOLD)]
    Path("mine.csv").write_text("\n".join(["session,criterion,value", *rows]) + "\n", encoding="utf-8")
    assert main(["score", "mine.csv", "data", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["judge"], report["engine"]) == ("mine", "stored")
    assert report["counts"][0]["n_targets"] == len(TOLD)
    Path("mine.csv").write_text("session,criterion,value\nv1-00,passed,purple\n", encoding="utf-8")
    assert main(["score", "mine.csv", "data"]) == 2
    err = capsys.readouterr().err
    assert "mine.csv:2" in err
    assert "purple" in err


def test_two_verdicts_for_one_sample_are_refused(project: Path, capsys) -> None:
    """The same session twice, without sample numbers, is a defect of the file and named."""
    wrote("twice.jsonl", [verdict("v1-00", PASSED, "pass"), verdict("v1-00", PASSED, "fail")])
    assert main(["score", "twice.jsonl", "data"]) == 2
    assert "v1-00: two verdicts for sample 0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("shell", "code", "said"),
    [
        ("{judgekit} --version >&-", 0, ""),
        ("{judgekit} nonsense 2>&-", 2, ""),
        ("{judgekit} nonsense 2>/dev/full", 2, ""),
        ("{judgekit} --version >/dev/full", 2, "standard output: No space left on device"),
        ("{judgekit} --version | true", 0, ""),
    ],
    ids=["closed stdout", "closed stderr", "full stderr", "full stdout", "reader gone"],
)
def test_nobody_listening_never_becomes_a_failed_gate(shell: str, code: int, said: str) -> None:
    """Closed or full streams end with the command's own code, or 2; never with 1."""
    command = shell.format(judgekit=f"'{sys.executable}' -m judgekit")
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_judge_is_read_beside_a_student_and_slice_by_slice(project: Path, capsys) -> None:
    """--baseline names a run of another judge, --slice a field; the collector of cycles is on again afterwards."""
    import gc

    made_run("runs/student", [verdict(s.id, PASSED, "pass") for s in TOLD], judge="student")
    words = "score v.jsonl data --baseline runs/student --slice version --slice metadata.none --json"
    assert main(words.split()) == 2
    assert "unknown field to slice by 'metadata.none'" in capsys.readouterr().err
    assert main(words.replace(" --slice metadata.none", "").split()) == 0
    report = json.loads(capsys.readouterr().out)
    assert "student~reference" in {row["between"] for row in report["rows"]}
    assert any("slices by version were not tested" in said for said in report["warnings"])  # 12 inputs are too few
    assert gc.isenabled()
    assert project.exists()


@pytest.mark.usefixtures("project")
def test_the_first_samples_can_be_scored_alone(capsys) -> None:
    """--samples 1 takes each verdict's first; the report says so; more than there are is a usage error."""
    outcomes = [
        verdict(s.id, PASSED, "pass" if n or i % 3 else "fail", sample=n) for i, s in enumerate(TOLD) for n in (0, 1)
    ]
    wrote("two.jsonl", outcomes)
    words = ["score", "two.jsonl", "data", "--resamples", "200", "-m", "accuracy", "-m", "sample_consistency"]
    found = {}
    for n in ("1", "2"):
        assert main([*words, "--samples", n, "--json"]) == 0
        report = json.loads(capsys.readouterr().out)
        found[n] = {row["metric"]: row["estimate"] for row in report["rows"] if row["between"].startswith("judge")}
        chosen = (
            "the first of 2 samples" if n == "1" else "the majority of 2 samples; where answers are ranked, their mean"
        )
        assert f"passed: each verdict is {chosen}" in report["warnings"]
        assert report["settings"]["samples"] == int(n)
    assert "sample_consistency" not in found["1"]
    assert found["2"]["sample_consistency"]["value"] == pytest.approx(2 / 3)  # of 24 each third says fail, then pass
    assert main([*words, "--samples", "3"]) == 2
    assert "3 samples of each verdict are asked for, and the verdicts have 2" in capsys.readouterr().err


@pytest.mark.usefixtures("project")
def test_compare_takes_slices_queues_and_labels_alone(capsys) -> None:
    """Labels alone without --verdicts; unknown adjustments and a queue over labelled pairs end with one line."""
    assert main(["compare", "v1", "v2", "--labels", "data", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {row["estimator"] for row in report["rows"]} == {"labels_only"}
    assert main(["compare", "v1", "v2", "--labels", "data", "--adjust", "none"]) == 2
    assert "unknown adjustment 'none'" in capsys.readouterr().err
    given = ["compare", "v1", "v2", "--labels", "data", "--verdicts", "v.jsonl"]
    assert main([*given, "--slice", "version", "--delta", "0.05", "--margin", "0.1"]) == 0
    capsys.readouterr()
    assert main([*given, "--queue", "q.jsonl"]) == 2
    assert "already carry labels of both versions" in capsys.readouterr().err


@pytest.mark.usefixtures("project")
def test_a_mistyped_version_is_told_as_such(capsys) -> None:
    """Beside a known version the other name is no run of an unknown kind."""
    for names in (["v1", "v9"], ["v9", "v2"], ["v1", "v2", "v9"]):
        assert main(["compare", *names, "--labels", "data"]) == 2
        assert "unknown version 'v9'. Did you mean" in capsys.readouterr().err
