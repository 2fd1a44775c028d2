"""`judgekit plan` on the command line: numbers alone, a dataset, an experiment, and what is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.cli.main import main
from judgekit.records.dataset import DatasetCard
from tests.analysis.composed_data import PASSED, RUBRIC, label, session, verdict

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GATE = """
name = "try"
dataset = "../../datasets/data"
baseline = "v1"
candidate = "v2"

[gate]
[[gate.rules]]
kind = "not_worse"
criterion = "passed"
margin = 0.1
"""


def says(i: int, version: str) -> str:
    return "pass" if (i % 5 != 0) != (version == "v2" and i % 7 == 0) else "fail"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dataset of 60 inputs that two versions met, all labelled, with a judge's verdicts, and an experiment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("judgekit.workflows.plan_gate.N_STUDIES", (200, 200))
    names = [(i, version) for i in range(60) for version in ("v1", "v2")]
    folder = DatasetFolder(tmp_path / "datasets" / "data")
    folder.create(DatasetCard(name="data"), RUBRIC)
    folder.write_sessions([session(f"{v}-{i}", version=v, input=f"i{i}") for i, v in names])
    folder.append([label(f"{v}-{i}", PASSED, "ana", says(i, v)) for i, v in names], writer="test", now=NOW)
    said = [verdict(f"{v}-{i}", PASSED, says(i, v) if (i + len(v)) % 9 else "pass") for i, v in names]
    lines = "".join(each.model_dump_json(exclude_none=True) + "\n" for each in said)
    (tmp_path / "verdicts.jsonl").write_text(lines, encoding="utf-8")
    (tmp_path / "experiments" / "try").mkdir(parents=True)
    (tmp_path / "experiments" / "try" / "experiment.toml").write_text(GATE, encoding="utf-8")
    return tmp_path


def test_numbers_alone_are_enough(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first line answers; saved and read again, the report says the same."""
    saved = tmp_path / "plan.json"
    assert main(["plan", "--half-width", "0.05", "--usd-per-hour", "80", "-o", str(saved)]) == 0
    words = capsys.readouterr().out
    assert "Label 246 sessions to know a rate of 0.8 to within 0.05 either way." in words
    assert "assumed" in words
    assert main(["report", str(saved)]) == 0
    assert "246" in capsys.readouterr().out
    assert json.loads(saved.read_text(encoding="utf-8"))["lines"][0]["cost_usd"] == 492.0


@pytest.mark.slow
def test_a_dataset_says_what_to_expect(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With verdicts the judge is known too; everything carries its source, and the seed makes it repeatable."""
    words = ["--json", "plan", "data", "--drop", "0.12", "--verdicts", "verdicts.jsonl", "-c", "passed"]
    assert main(words) == 0
    first = capsys.readouterr().out
    assert main(words) == 0
    assert capsys.readouterr().out == first
    report = json.loads(first)
    assert report["kind"] == "plan"
    assert report["answer"] == report["summary"][0]
    assert [line["design"] for line in report["lines"]] == [
        "labels only", "labels only, exact McNemar", "with the judge's help",
    ]  # fmt: skip
    assert "from 60 labels of v1" in report["assumed"]["rate"]
    assert "from 120 labels beside verdicts" in report["assumed"]["judge"]


@pytest.mark.slow
def test_an_experiments_gate_is_planned(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The chance that a fine candidate passes comes first, then what becomes of worse ones, and each rule's own."""
    assert main(["--json", "plan", "try", "--labels", "240"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["answer"].startswith("A candidate as good as the baseline passes with a chance of")
    assert {line["question"] for line in report["lines"]} == {"gate", "rule"}
    assert main(["--json", "plan", "experiments/try", "--labels", "240", "--drop", "0.2"]) == 0
    assert "worse by 0.2" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "nothing is asked"),
        (["--drop", "-0.1"], "-0.1"),
        (["--drop", "nan"], "nan"),
        (["--half-width", "0.05", "--rate", "2"], "rate 2"),
        (["--half-width", "0.05", "--power", "0"], "power 0"),
        (["--half-width", "0.05", "--judge-tpr", "0.9"], "--judge-tnr"),
        (["--half-width", "0.05", "--verdicts", "verdicts.jsonl"], "need a dataset"),
        (["--half-width", "0.05", "--overlap", "0.3"], "--raters 2"),
        (["--drop", "0.3", "--discordant", "0.1"], "--discordant"),
        (["--half-width", "0.05", "--usd-per-hour", "-1"], "usd_per_hour"),
        (["data", "--half-width", "0.1", "-c", "topic"], "no differences"),
        (["data", "--half-width", "0.1", "-c", "pased"], "pased"),
        (["nothing", "--half-width", "0.1"], "nothing"),
        (["try", "-c", "passed"], "-c"),
        (["try", "--labels", "4"], "--labels"),
    ],
)
def test_bad_numbers_are_one_clear_line(
    words: list[str], told: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, one line that names what is wrong, and nothing on standard output."""
    assert main(["plan", *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert told in captured.err


def test_one_name_for_a_dataset_and_an_experiment_is_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A name that means both is asked for as a path."""
    (project / "experiments" / "try").rename(project / "experiments" / "data")
    assert main(["plan", "data", "--half-width", "0.1"]) == 2
    assert "experiments/data" in capsys.readouterr().err


def test_an_experiment_without_a_gate_answers_questions(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its dataset is the pilot; with nothing asked, the missing gate is named."""
    path = project / "experiments" / "try" / "experiment.toml"
    path.write_text(GATE.split("[gate]", maxsplit=1)[0], encoding="utf-8")
    assert main(["--json", "plan", "try", "--half-width", "0.1"]) == 0
    assert "labels of v1" in json.loads(capsys.readouterr().out)["assumed"]["rate"]
    assert main(["plan", "try"]) == 2
    assert "declares no gate" in capsys.readouterr().err


def test_the_call_is_the_command(project: Path) -> None:
    """`judgekit.plan` takes the same numbers by name, a dataset with outcomes, or an experiment; others are refused."""
    import judgekit
    from judgekit.adapters.store.experiment import ExperimentFolder
    from judgekit.errors import InputError, UnknownName

    data = judgekit.load_dataset("data")
    assert judgekit.plan(kappa=0.85, kappa_floor=0.7, rate=0.5).lines[0].n_labels == 117
    outcomes = [json.loads(line) for line in Path("verdicts.jsonl").read_text(encoding="utf-8").splitlines()]
    told = judgekit.plan(data, outcomes, half_width=0.08, usd_per_hour=60, usd_per_call=0.01)
    assert told.lines[0].cost_usd is not None
    experiment = ExperimentFolder("experiments/try").load()
    assert judgekit.plan(data, experiment=experiment, n_labels=200).kind == "plan"
    with pytest.raises(UnknownName, match="half_width"):
        judgekit.plan(halfwidth=0.1)
    with pytest.raises(InputError, match="dataset"):
        judgekit.plan(criteria=["passed"], half_width=0.1)
