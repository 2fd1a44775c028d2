"""`calibrate` from the command line: what is written, what the next run makes of it, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from judgekit.adapters.store.judge import CALIBRATION_FILE, JudgeFolder
from judgekit.adapters.store.run import RunFolder
from judgekit.cli.main import main
from judgekit.records.verdict import Verdict

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped example, with its judge's run."""
    for name in ("datasets", "judges"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / "judgekit.toml").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["run", "resolution", "helpdesk", "-o", "runs/raw", "-q"]) == 0
    return tmp_path


def calibrated(*more: str) -> int:
    return main(["calibrate", "resolution", "helpdesk", "--verdicts", "runs/raw", *more])


def verdicts(run: str) -> list[Verdict]:
    return [each for each in RunFolder(Path(run)).load().verdicts if each.status == "ok"]


@pytest.mark.slow
def test_the_next_run_is_calibrated_and_kept_apart(project: Path, capsys) -> None:
    """Replies are reused; labels that calibrated do not score; the card says so."""
    raw = JudgeFolder("judges/resolution").load()
    assert calibrated("-o", "report.json") == 0
    assert "judgekit run resolution helpdesk -o RUN" in capsys.readouterr().err
    judge = JudgeFolder("judges/resolution").load()
    assert judge.request_fingerprint == raw.request_fingerprint
    assert judge.judge_fingerprint != raw.judge_fingerprint == judge.raw_fingerprint
    assert main(["run", "resolution", "helpdesk", "-o", "runs/raw", "-q"]) == 2
    assert "another judge" in capsys.readouterr().err
    assert main(["run", "resolution", "helpdesk", "-o", "runs/new", "-q"]) == 0
    before, after = verdicts("runs/raw"), verdicts("runs/new")
    assert [each.session for each in before] == [each.session for each in after]
    assert [each.metadata["raw"]["value"] for each in after] == [each.value for each in before]
    assert {each.judge_fingerprint for each in after} == {judge.judge_fingerprint}
    assert sum(each.score or 0 for each in after) < sum(float(str(each.value)) for each in before)
    capsys.readouterr()
    assert main(["judge", "show", "resolution"]) == 0
    assert "calibrated" in capsys.readouterr().out
    assert main(["score", "runs/new", "helpdesk", "-q"]) == 2
    assert "in_lineage" in capsys.readouterr().err
    assert main(["run", "resolution", "helpdesk", "-o", "runs/again", "--model", "openai/other", "--replay", "x"]) == 2


@pytest.mark.slow
def test_the_report_is_read_by_every_renderer(project: Path, capsys) -> None:
    """Words first, then what was tried, then before and after beside the ceiling; no line over 80 columns."""
    assert calibrated("--dry-run", "-o", "report.json", "--with", "length", "--with", "resolution-student") == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    for words in ("what was decided", "what was tried", "before and after", "human ceiling", "Conformal interval"):
        assert words in text
    assert "resolution-student on resolution" in text
    assert not (Path("judges/resolution") / CALIBRATION_FILE).exists()
    for ending in ("html", "md", "tex", "csv", "json"):
        assert main(["report", "report.json", "-o", f"out.{ending}"]) == 0
        assert "calibrated" in Path(f"out.{ending}").read_text(encoding="utf-8").lower()
    assert json.loads(Path("report.json").read_text(encoding="utf-8"))["kind"] == "calibration"


@pytest.mark.slow
def test_verdicts_of_other_judges_are_needed_beside(project: Path, capsys) -> None:
    """A calibration that reads another judge refuses to run without that judge's run, before anything is asked."""
    assert main(["run", "resolution-student", "helpdesk", "-o", "runs/student", "-q"]) == 0
    assert calibrated("--verdicts", "runs/student", "--method", "stacked", "-q") == 0
    if not JudgeFolder("judges/resolution").load().calibrations:
        pytest.fail("the stacked head gained nothing, so that nothing was written")
    capsys.readouterr()
    assert main(["run", "resolution", "helpdesk", "-o", "runs/alone"]) == 2
    assert "--beside RUN" in capsys.readouterr().err
    assert main(["run", "resolution", "helpdesk", "-o", "runs/both", "--beside", "runs/student", "-q"]) == 0
    assert all("raw" in each.metadata for each in verdicts("runs/both"))


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--split", "test"], "the test split testifies"),
        (["--split", "tset"], "unknown split 'tset'"),
        (["--split", ","], "names no split"),
        (["--method", "isotonik"], "Did you mean 'isotonic'"),
        (["--method", "isotonic"], "needs 200 units"),
        (["--with", "policy"], "--with takes length, criteria or a student"),
        (["-c", "policy"], "unknown criterion 'policy'"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(project: Path, capsys, more: list[str], told: str) -> None:
    """With exit code 2, and nothing written."""
    capsys.readouterr()
    assert calibrated(*more) == 2
    assert told in capsys.readouterr().err
    assert not (Path("judges/resolution") / CALIBRATION_FILE).exists()


@pytest.mark.slow
def test_a_calibrated_run_does_not_calibrate(project: Path, capsys) -> None:
    """Twice over would take the bias away twice."""
    assert calibrated("-q") == 0
    assert main(["run", "resolution", "helpdesk", "-o", "runs/new", "-q"]) == 0
    capsys.readouterr()
    assert main(["calibrate", "resolution", "helpdesk", "--verdicts", "runs/new"]) == 2
    assert "calibrated already" in capsys.readouterr().err
    assert main(["calibrate", "policy", "helpdesk", "--verdicts", "runs/raw"]) == 2
    assert "the first verdicts are by 'resolution'" in capsys.readouterr().err
