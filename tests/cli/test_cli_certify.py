"""`score --certify` on the command line: what it refuses, what it writes and shows, and how looks are counted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.adapters.store.judge import JudgeFolder
from judgekit.adapters.store.probed import write_probed
from judgekit.adapters.store.run import RunFolder
from judgekit.cli.main import main
from judgekit.records.judge import Lineage
from judgekit.records.label import Label
from judgekit.records.probed import Probed, ProbeFinding
from judgekit.stats.estimate import Estimate
from judgekit.workflows.certify_run import rule_lines
from tests.analysis.composed_data import QUALITY, failure, label, session, verdict
from tests.cli.certifying_project import (
    CERTIFY,
    N,
    another_judge,
    certifiable,
    certificate,
    made_judge,
    made_run,
    openings,
)
from tests.workflows.certifying import N_TEST, NOW, labelled, said


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DatasetFolder:
    """A dataset with a rule and a locked test split, a judge in its folder, and its complete run."""
    monkeypatch.chdir(tmp_path)
    return certifiable(tmp_path)


@pytest.mark.slow
def test_a_judge_that_holds_up_is_certified_and_shown(project: DatasetFolder, capsys) -> None:
    """Opened first, written second, a card at the end; the next command shows it again with what it is worth now."""
    assert main([*CERTIFY, "--by", "lead", "-o", "r.json"]) == 0
    said_of_it = capsys.readouterr()
    assert "HOLDS: all that was asked was shown." in said_of_it.out
    assert all(len(line) <= 80 for line in said_of_it.out.splitlines())
    held = certificate()
    assert held.holds
    assert (held.opening, held.level_spent) == (1, 0.975)
    (opening,) = project.load().openings
    assert (opening.by, opening.split, opening.judge) == ("lead", "test", held.judge_fingerprint)
    assert opening.metadata["rule"] == held.rule_hash
    report = json.loads(Path("r.json").read_text(encoding="utf-8"))
    assert report["kind"] == "score"
    assert report["split"] == "test"
    assert report["certificates"][0]["opening_id"] == opening.id
    assert not report["disagreements"], "sessions of the test split are not shown to whoever mends the judge"
    assert {"criterion", "metric", "between", "estimate"} <= set(report["rows"][0])
    assert main(["report", "r.json"]) == 0
    assert "judy holds the declared rule on" in " ".join(capsys.readouterr().out.split())
    assert main(["judge", "show", "judy"]) == 0
    shown = capsys.readouterr().out
    assert "VALID: judy is certified for passed until" in " ".join(shown.split())
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert main(["--json", "judge", "show", "judy"]) == 0
    (card,) = json.loads(capsys.readouterr().out)["certificates"]
    assert card["standing"]["word"] == "valid"
    assert card["certificate"]["holds"] is True
    assert main(["audit", "show", "data", "--rater", "lead"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "lead: opening test passed 'certify judy on 160 labelled sessions: J at least 0.5" in told


@pytest.mark.slow
def test_a_judge_that_fails_ends_with_5_and_spends_its_opening(project: DatasetFolder, capsys) -> None:
    """The card and the record are there all the same; the second look halves what is left."""
    outcomes = said(N, every=4)
    made_judge("ruth")
    made_run("ruth", [each.model_copy(update={"judge": "ruth"}) for each in outcomes])
    words = ["score", "runs/ruth", "data", "--certify", "--resamples", "200"]
    assert main(["--json", *words]) == 5
    captured = capsys.readouterr()
    (found,) = json.loads(captured.out)["certificates"]
    assert found["holds"] is False
    assert "ruth is not certified for passed (youden_j: its lower bound" in captured.err
    assert main(words) == 5
    assert "DOES NOT HOLD" in capsys.readouterr().out
    assert openings(project) == 2
    assert main(CERTIFY) == 0
    assert certificate().opening == 3, "another judge's looks count too"
    earlier = list(Path("judges/ruth/certificates/earlier").iterdir())
    assert len(earlier) == 1


def no_rule(folder: DatasetFolder) -> None:
    path = folder.path / "dataset.toml"
    path.write_text(path.read_text(encoding="utf-8").partition("[certify")[0], encoding="utf-8")


def no_split(folder: DatasetFolder) -> None:
    (folder.path / "splits.json").unlink()


def no_judge(_: DatasetFolder) -> None:
    Path("judges/judy").rename("judges/else")


def half_a_run(_: DatasetFolder) -> None:
    path = Path("runs/judy/verdicts.jsonl")
    path.write_text("".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[:150]), encoding="utf-8")


def stopped(_: DatasetFolder) -> None:
    path = Path("runs/judy/run.json")
    path.write_text(path.read_text(encoding="utf-8").replace('"complete"', '"stopped"'), encoding="utf-8")


def in_lineage(_: DatasetFolder) -> None:
    RunFolder("runs/judy").write_lineage(Lineage(dataset="data", units=("session:s150", "session:s001")))


def in_the_judges_lineage(_: DatasetFolder) -> None:
    path = Path("judges/judy/lineage.json")
    path.write_text(json.dumps({"dataset": "data", "units": ["session:s150"]}), encoding="utf-8")


def strange_verdict(_: DatasetFolder) -> None:
    path = Path("runs/judy/verdicts.jsonl")
    first, *rest = path.read_text(encoding="utf-8").splitlines(keepends=True)
    row = json.loads(first) | {"judge_fingerprint": "sha256:other"}
    path.write_text(json.dumps(row) + "\n" + "".join(rest), encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (no_rule, "no rule is declared for passed"),
        (no_split, "there is no test split to certify on"),
        (another_judge, "by another judge than judy is now (sha256:"),
        (no_judge, "no judge 'judy' under judges/"),
        (half_a_run, "the judge was not asked about 50 labelled test sessions, such as 's150'"),
        (stopped, "the run is stopped"),
        (in_lineage, "1 labelled test sessions helped to make judy, and may not certify it: 's150'"),
        (in_the_judges_lineage, "1 labelled test sessions helped to make judy, and may not certify it: 's150'"),
        (strange_verdict, "the verdict on 's000' is by another judge (sha256:other)"),
    ],
)
def test_what_may_not_be_certified_is_refused_before_anything_is_opened(
    project: DatasetFolder, spoil, words: str, capsys
) -> None:
    """Exit code 2, one line, and no opening is spent."""
    spoil(project)
    assert main([*CERTIFY, "-q"]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert len(err.strip().splitlines()) == 1
    assert openings(project) == 0
    assert not Path("judges/judy/certificates").exists()


def test_lines_to_paste_declare_a_rule(project: DatasetFolder, capsys) -> None:
    """They are TOML that the dataset takes, whatever the criterion is called; then the judge may be certified."""
    no_rule(project)
    assert main(CERTIFY) == 2
    lines, _, _ = capsys.readouterr().err.partition("judgekit:")
    path = project.path / "dataset.toml"
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{lines}", encoding="utf-8")
    assert project.card().certify["passed"].min_youden_j == 0.6
    assert main(CERTIFY) == 0
    assert rule_lines('a "b"\n', "nominal").startswith('[certify."a \\"b\\"\\n"]\nmin_kappa')


@pytest.mark.parametrize(
    ("words", "said_of_it"),
    [
        ("score runs/judy data --unopened", "--unopened and --by need --certify"),
        ("score runs/judy data --by ana", "--unopened and --by need --certify"),
        ("score runs/judy --certify", "--certify needs the dataset"),
        ("score runs/judy data --certify --samples 1", "--certify and --samples exclude each other"),
        ("score runs/judy data --certify --use score", "--certify and --use exclude each other"),
        ("score runs/judy data --certify --split train", "--certify and --split exclude each other"),
        ("score runs/judy data --certify -c quality", "no verdict is on criterion quality"),
        ("score runs/judy data --certify -c qualty", "unknown criterion 'qualty'"),
        ("score runs/judy data --certify --reference group:none", "unknown rater group 'none'"),
        ("score runs/judy data --certify --slice nothing", "unknown field to slice by 'nothing'"),
        ("score runs/judy/verdicts.jsonl data --certify", "verdicts from a file do not say which judge made them"),
        ("score runs/judy data --certify --reference rater:nobody", "unknown rater 'nobody'"),
        ("score runs/judy data --split test", "the test split is locked"),
    ],
)
def test_options_that_do_not_fit_are_refused(project: DatasetFolder, words: str, said_of_it: str, capsys) -> None:
    """Nothing is opened by a slip of the hand."""
    assert main(words.split()) == 2
    assert said_of_it in capsys.readouterr().err
    assert openings(project) == 0


def test_a_split_named_test_is_what_certify_reads(project: DatasetFolder) -> None:
    """Said twice is said once."""
    assert main([*CERTIFY, "--split", "test", "-c", "passed"]) == 0
    assert openings(project) == 1


def test_probes_of_this_very_judge_stand_on_its_certificate(project: DatasetFolder, capsys) -> None:
    """Where the rule asks for them, only clean ones of this judge open anything; the card and the page tell of them."""
    path = project.path / "dataset.toml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("min_kappa", 'probes = "clean", min_kappa'), encoding="utf-8"
    )
    judge = JudgeFolder("judges/judy").load()
    names = ("order", "criteria", "paraphrase", "length", "markdown", "names", "injection")
    skipped = dict.fromkeys(names[1:], "it cannot be asked")
    rate = Estimate(0.02, 0.0, 0.1, 0.95, 50, 50, "wilson")
    finding = ProbeFinding(
        criterion="passed", probe="order", variant="levels", word="clear", n=50, flip_rate=rate, difference=rate
    )
    probed = Probed(judge="judy", judge_fingerprint="sha256:else", at=NOW, error_rate=0.05, findings=(finding,),
                    skipped=skipped)  # fmt: skip
    for told in (None, probed):
        if told is not None:
            write_probed(Path("judges/judy"), told)
        assert main([*CERTIFY, "-q"]) == 2
        assert 'the rule asks for probes = "clean", and this very judge was not probed' in capsys.readouterr().err
        assert openings(project) == 0
    write_probed(Path("judges/judy"), probed.model_copy(update={"judge_fingerprint": judge.judge_fingerprint}))
    assert main([*CERTIFY, "-o", "r.json"]) == 0
    card = " ".join(capsys.readouterr().out.split())
    assert "clear of all probes. Declared before these labels were opened." in card
    assert "probes probed on 2026-03-01: nothing found." in card
    assert "order (levels): within the noise of asking again: 2.0% [0.0, 10.0] of 50 verdicts turned" in card
    assert main(["judge", "show", "judy"]) == 0
    assert "probes probed on 2026-03-01: nothing found." in " ".join(capsys.readouterr().out.split())
    assert main(["report", "r.json", "-o", "r.html"]) == 0
    assert "within the noise of asking again" in Path("r.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_look_counts_though_its_certificate_was_lost(project: DatasetFolder) -> None:
    """Killed between opening and certificate: the ledger remembers, and the next is the second opening."""
    code = (
        "import os, sys\n"
        "from judgekit.adapters.store import certificate\n"
        "from judgekit.workflows import certify\n"
        "certify.certify = lambda *a, **k: os._exit(9)\n"
        "from judgekit.cli.main import main\n"
        f"sys.exit(main({CERTIFY!r}))\n"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    assert subprocess.run([sys.executable, "-c", code], env=env, check=False).returncode == 9
    assert openings(project) == 1
    assert not list(Path("judges/judy").glob("certificates/*"))
    assert main(CERTIFY) == 0
    assert (certificate().opening, certificate().level_spent) == (2, 0.9875)


@pytest.mark.slow
def test_new_sessions_start_again(project: DatasetFolder, capsys) -> None:
    """--unopened certifies on fresh units alone; once there are none, it says so and opens nothing."""
    assert main(CERTIFY) == 0
    assert main([*CERTIFY, "--unopened"]) == 2
    assert "every labelled session of the test split was opened before" in capsys.readouterr().err
    old = project.load()
    names = [f"s{N + i:03}" for i in range(N_TEST)]
    project.write_sessions([*old.sessions, *map(session, names)])
    assert old.splits is not None
    units = {**old.splits.units, **{f"session:{name}": "test" for name in names}}
    project.write_splits(old.splits.model_copy(update={"units": units}))
    project.append(labelled(N_TEST, start=N), NOW, "experts")
    made_run("judy", [*said(N), *said(N_TEST, start=N)])
    assert main([*CERTIFY, "--unopened"]) == 0
    held = certificate()
    assert (held.opening, held.n_labels) == (1, 149)
    assert openings(project) == 2
    assert main(CERTIFY) == 0
    assert certificate().opening == 2
    assert certificate().n_labels == 150 + 149


@pytest.mark.slow
def test_several_criteria_open_once_each(project: DatasetFolder, capsys) -> None:
    """One event a criterion; those without a rule are named and left alone."""
    truth = [1 + i % 5 for i in range(N)]
    given: list[Label] = [label(f"s{i:03}", QUALITY, who, truth[i]) for i in range(N) for who in ("ana", "ben")]
    project.append(given, NOW, "experts")
    rated = [verdict(f"s{i:03}", QUALITY, min(5, truth[i] + (i % 7 == 0))) for i in range(N)]
    failed = [failure(each.target, QUALITY) if i == 60 else each for i, each in enumerate(rated)]
    made_run("judy", [*said(N), *failed])
    assert main(CERTIFY) == 0
    assert "not certified, since no rule is declared for it: quality" in capsys.readouterr().err
    path = project.path / "dataset.toml"
    path.write_text(path.read_text(encoding="utf-8") + "\n[certify.quality]\nmin_kappa = 0.7\n", encoding="utf-8")
    assert main(["--json", *CERTIFY]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [(each["criterion"], each["opening"]) for each in report["certificates"]] == [("passed", 2), ("quality", 1)]
    assert report["certificates"][1]["checks"][0]["metric"] == "cohen_kappa_quadratic"
    assert {row["criterion"] for row in report["rows"]} == {"passed", "quality"}
    assert openings(project) == 3
