"""`compare --queue`: the sessions it writes are labelled, imported with how they were picked, and decide."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.cli.main import main
from judgekit.records.dataset import DatasetCard
from judgekit.records.label import Design
from tests.adapters.store.test_ledger import NOW
from tests.workflows import simulated as drawn
from tests.workflows.simulated import PASSED, RUBRIC

N = 240


@pytest.fixture
def truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """What experts would say of each session: v2 passes more; 90 sessions of v1 are labelled, none of v2."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(5)
    before = (rng.random(N) < 0.55).astype(float)
    after = np.maximum(before, rng.random(N) < 0.4)
    folder = DatasetFolder(tmp_path / "datasets" / "data")
    folder.create(DatasetCard(name="data"), RUBRIC)
    folder.write_sessions(drawn.sessions(N, ("v1", "v2")))
    given = drawn.labels(PASSED, "v1", before, range(90))
    folder.append([each.model_copy(update={"status": "ok"}) for each in given], writer="test", now=NOW)
    said = [
        *drawn.verdicts(PASSED, "v1", drawn.errs(rng, before, 0.9, 0.8)),
        *drawn.verdicts(PASSED, "v2", drawn.errs(rng, after, 0.9, 0.8)),
    ]
    lines = [json.dumps({"session": v.session, "criterion": "passed", "judge": "judy", "value": v.value}) for v in said]
    Path("verdicts.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = {f"v1-{i:04d}": float(before[i]) for i in range(N)}
    return found | {f"v2-{i:04d}": float(after[i]) for i in range(N)}


def compared(capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    """Return the report of comparing v2 with v1."""
    capsys.readouterr()
    assert main(["--json", "compare", "v1", "v2", "--labels", "data", "--verdicts", "verdicts.jsonl", *more]) == 0
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    return report


@pytest.mark.slow
def test_a_queue_is_labelled_imported_and_corrects_the_judge(truth, capsys: pytest.CaptureFixture[str]) -> None:
    """Inconclusive at first; a person fills in the queue; its labels count by one over their recorded chances."""
    first = compared(capsys, "--queue", "to-label.jsonl")
    assert first["headline"] == {"passed": "judge_raw"}
    assert first["label_free"][0]["word"] == "inconclusive"
    queue = [json.loads(line) for line in Path("to-label.jsonl").read_text(encoding="utf-8").splitlines()]
    assert 30 <= len({each["input"] for each in queue}) < N
    scored = [{**each, "rater": "ana", "value": ("fail", "pass")[int(truth[each["session"]])]} for each in queue]
    Path("scored.jsonl").write_text("".join(json.dumps(each) + "\n" for each in scored), encoding="utf-8")
    assert main(["import", "labels", "scored.jsonl", "--dataset", "data"]) == 0
    kept = {label.target: label.design for label in DatasetFolder(Path("datasets/data")).load().labels}
    assert all(kept[each["session"]] == Design.model_validate(each["design"]) for each in queue)
    second = compared(capsys)
    assert second["headline"] == {"passed": "ppi"}
    rows = {row["estimator"]: row["estimate"] for row in second["rows"] if row["metric"] == "mean_difference"}
    assert rows["ppi"]["n"] == len({each["input"] for each in queue})
    assert rows["labels_only"]["method"] == "weighted t"
    assert rows["ppi"]["low"] > 0
    assert second["label_free"] == []
    assert not any("is not recorded" in line or "not a random sample" in line for line in second["warnings"])
    assert (
        main(["compare", "v1", "v2", "--labels", "data", "--verdicts", "verdicts.jsonl", "--queue", "again.jsonl"]) == 2
    )
    assert "already carry labels of both versions" in capsys.readouterr().err


def test_labels_of_another_split_are_asked_for_by_name(truth, capsys: pytest.CaptureFixture[str]) -> None:
    """`compare --split` as `estimate --split`: test is locked, and it says how a judge's verdicts are corrected."""
    words = ["compare", "v1", "v2", "--labels", "data"]
    assert main([*words, "--verdicts", "verdicts.jsonl", "--split", "test"]) == 2
    assert "the test split is locked" in capsys.readouterr().err
    assert main([*words, "--verdicts", "verdicts.jsonl", "--split", "devv"]) == 2
    assert "unknown split 'devv'" in capsys.readouterr().err
    assert main([*words, "--split", "dev"]) == 2
    assert "--split needs a judge" in capsys.readouterr().err
