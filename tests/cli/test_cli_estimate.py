"""`estimate` on the command line: with and without a judge's verdicts, what is refused, and how it reads."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.adapters.store.run import RunFolder
from judgekit.cli.main import main
from judgekit.records.dataset import DatasetCard
from judgekit.records.judge import Lineage
from judgekit.records.run import RunManifest
from judgekit.records.verdict import Verdict
from tests.analysis.composed_data import PASSED, RUBRIC, label, session, verdict

TOLD = [session(f"s{i:03d}", version="v1") for i in range(120)]
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def says(i: int) -> str:
    return "pass" if i % 5 < 3 else "fail"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A dataset of 120 sessions, 60 of them labelled at random, and a judge's run over all of them."""
    monkeypatch.chdir(tmp_path)
    folder = DatasetFolder(tmp_path / "datasets" / "data")
    folder.create(DatasetCard(name="data"), RUBRIC)
    folder.write_sessions(TOLD)
    given = [label(f"s{i:03d}", PASSED, "ana", says(i), design={"method": "random"}) for i in range(60)]
    folder.append(given, writer="test", now=NOW)
    said: list[Verdict] = [verdict(f"s{i:03d}", PASSED, says(i) if i % 7 else "pass") for i in range(120)]
    manifest = RunManifest(
        judge="judy", criterion="passed", judge_fingerprint="sha256:j", request_fingerprint="sha256:r",
        engine="replay", model="m", sessions="sha256:s", n_targets=120, n_expected=120,
        state="complete", started_at=NOW,
    )  # fmt: skip
    made = RunFolder(tmp_path / "runs" / "judy")
    made.write_manifest(manifest)
    for outcome in said:
        made.add_outcome(outcome)
    made.finish()
    lines = "".join(each.model_dump_json(exclude_none=True) + "\n" for each in said)
    (tmp_path / "verdicts.jsonl").write_text(lines, encoding="utf-8")
    return made


def test_a_run_helps_the_labels(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    """One JSON document, whose first row is the corrected one; saved and read again, the report says the same."""
    assert main(["--json", "estimate", "data", "--verdicts", "runs/judy", "-o", "quality.json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["kind"], report["judge"], report["headline"]) == (
        "quality", "judy", {"passed, v1": "post_stratification"},
    )  # fmt: skip
    assert report["rows"][0]["estimator"] == "post_stratification"
    assert main(["report", "quality.json"]) == 0
    said = capsys.readouterr().out
    assert "post-stratification" in said
    assert "the judge alone, not" in said


def test_every_form_of_report_shows_every_estimator(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    """Text, Markdown, LaTeX and one page; the overview of several reports shows the figure that stands first."""
    assert main(["estimate", "data", "--verdicts", "runs/judy", "-o", "quality.json"]) == 0
    assert "from 60 labels and the verdicts of judy on 120 sessions" in " ".join(capsys.readouterr().out.split())
    for ending in ("md", "tex", "html"):
        assert main(["report", "quality.json", "-o", f"report.{ending}"]) == 0
        written = Path(f"report.{ending}").read_text(encoding="utf-8")
        for words in ("post-stratification", "PPI++", "Rogan-Gladen", "labels only"):
            assert words in written


def test_a_file_of_verdicts_has_no_lineage(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    """It is used, and that is said."""
    assert main(["--json", "estimate", "data", "--verdicts", "verdicts.jsonl", "-c", "passed", "--version", "v1"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert any("verdicts from a file carry no lineage" in line for line in report["warnings"])


def test_labels_that_made_the_judge_end_the_command(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, one line, the session named."""
    run.write_lineage(Lineage(dataset="data", units=("session:s003",)))
    assert main(["estimate", "data", "--verdicts", "runs/judy"]) == 2
    said = capsys.readouterr().err
    assert "1 labelled sessions helped to make judy, and may not correct it: 's003'" in said
    assert len(said.strip().splitlines()) == 1


@pytest.mark.parametrize("option", [["--judge", "judy"], ["--split", "dev"], ["--use", "score"]])
def test_options_of_verdicts_need_verdicts(run: RunFolder, option, capsys: pytest.CaptureFixture[str]) -> None:
    """They would say nothing."""
    assert main(["estimate", "data", *option]) == 2
    assert f"{option[0]} needs --verdicts" in capsys.readouterr().err


@pytest.mark.parametrize("n_random", [0, 30])
def test_labels_picked_by_uncertainty_are_said_in_the_first_line(
    run: RunFolder, n_random: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Imported with their design, all or half of them: nothing is corrected by them, with or without a judge."""
    ways = [{"method": "random"} if i < n_random else {"method": "uncertainty"} for i in range(60)]
    rows = [
        {"session": f"s{i:03d}", "criterion": "passed", "rater": "ana", "value": says(i), "design": way}
        for i, way in enumerate(ways)
    ]
    Path("picked.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    lines = "".join(json.dumps({"id": s.id, "text": s.id, "version": "v1"}) + "\n" for s in TOLD)
    Path("told.jsonl").write_text(lines, encoding="utf-8")
    fresh = ("--dataset", "picked", "-q")
    assert main(["import", "sessions", "told.jsonl", *fresh]) == 0
    assert main(["import", "labels", "picked.jsonl", "--scale", "passed=binary:fail,pass", *fresh]) == 0
    for more in ([], ["--verdicts", "verdicts.jsonl"]):
        capsys.readouterr()
        assert main(["estimate", "picked", *more]) == 0
        assert capsys.readouterr().out.strip().startswith("Not a random sample: quality of each version: picked")
        assert main(["--json", "estimate", "picked", *more]) == 0
        report = json.loads(capsys.readouterr().out)
        assert report["summary"][0].startswith("passed: the labels are not a random sample")
        assert set(report["headline"].values()) <= {"labels_only"}
        corrected = [row for row in report["rows"] if row["estimator"] in ("post_stratification", "ppi")]
        assert all(row["estimate"]["undefined"].startswith("unknown_probability") for row in corrected)
