"""What certificates are worth, as commands hear of it: gates and estimates, and the cards of `judge show`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.adapters.store.project import judge_folder_of
from judgekit.cli.main import main
from judgekit.cli.standing import standings_of
from judgekit.records.label import Retraction
from tests.cli.certifying_project import CERTIFY, another_judge, certifiable, certificate
from tests.workflows.certifying import NOW


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DatasetFolder:
    """A dataset with a rule and a locked test split, a judge in its folder, and its complete run."""
    monkeypatch.chdir(tmp_path)
    return certifiable(tmp_path)


@pytest.mark.slow
def test_gate_and_estimate_hear_what_a_certificate_is_worth(project: DatasetFolder, capsys) -> None:
    """Absent, valid, changed, voided: one word a criterion, and estimate says it."""
    path = [Path("judges/judy")]

    def word() -> str:
        (found,) = standings_of(project, project.load(), path, now=datetime.now(UTC))
        return found.word

    def warned() -> str:
        capsys.readouterr()
        words = ["--json", "estimate", "data", "--verdicts", "runs/judy", "--resamples", "200", "--split", "dev,train"]
        assert main(words) == 0
        return " | ".join(json.loads(capsys.readouterr().out)["warnings"])

    assert word() == "absent"
    assert "certificate absent: judy has no certificate for passed on data" in warned()
    assert main(CERTIFY) == 0
    assert word() == "valid"
    assert "certificate valid: judy is certified for passed until" in warned()
    later = datetime.now(UTC) + timedelta(days=91)
    assert standings_of(project, project.load(), path, now=later)[0].word == "expired"
    taken = Retraction(id="r-1", label=certificate().labels[0], by="lead", reason="slip")
    project.append([taken], NOW, "lead")
    assert word() == "voided"
    assert "certificate voided: 1 label that it rests on was taken back" in warned()
    another_judge(project)
    assert word() == "changed"


def test_a_certificate_whose_dataset_is_gone_is_shown_without_standing(project: DatasetFolder, capsys) -> None:
    """The card says that it cannot be known here; a ledger that was changed voids it."""
    assert main(CERTIFY) == 0
    (ledger,) = project.path.glob("ledger/experts.jsonl")
    ledger.write_text(ledger.read_text(encoding="utf-8").replace('"pass"', '"fail"', 1), encoding="utf-8")
    capsys.readouterr()
    assert main(["judge", "show", "judy"]) == 0
    assert "NOT VALID (voided): the ledger does not verify" in " ".join(capsys.readouterr().out.split())
    (project.path / "dataset.toml").unlink()
    assert main(["judge", "show", "judy"]) == 0
    assert "not known here: the dataset 'data' is not under datasets/" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("name", ["../judy", "", ".", "..", "/etc", "nobody", "a/b"])
def test_a_judge_is_found_by_a_plain_name_alone(project: DatasetFolder, name: str) -> None:
    """A name that leads elsewhere, or nowhere, finds nothing."""
    assert judge_folder_of(name) is None
    assert judge_folder_of("judy") == Path.cwd() / "judges" / "judy"
