"""Real verdicts calibrated to real experts: what is off is mended, and what is right is left alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.adapters.store.judge import JudgeFolder
from judgekit.cli.main import main
from judgekit.records.judge import Judge
from tests.recipes import recipe
from tests.recipes.recipe import DIMENSIONS
from tests.recipes.test_figures_real_data import imported

pytestmark = pytest.mark.shared
EAR_JUDGES = {"gpt": "gpt_ratings.csv", "claude": "claude_ratings.csv", "gemini": "gemini_ratings.csv.gz"}
Rows = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def data(shared: Path) -> Path:
    return shared / "data"


def stored_judge(home: Path, name: str, criterion: str) -> Path:
    """Write a judge folder whose verdicts were made elsewhere."""
    (asked,) = [each for each in DatasetFolder(home / "d").load().rubric.criteria if each.id == criterion]
    target = "pair" if asked.scale.type == "preference" else "session"
    folder = home / "judges" / criterion / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "verdicts.jsonl").write_bytes((home / f"{name}.jsonl").read_bytes())
    judge = {"name": name, "kind": "stored", "criterion": asked, "target": target, "orders": "forward"}
    JudgeFolder(folder).write(Judge.model_validate(judge))
    return folder


@pytest.fixture
def calibrated(capsys):
    """Give a function that calibrates and returns the report, and its rows by side and metric."""

    def run(home: Path, names: list[str], criterion: str, *more: object) -> tuple[dict[str, Any], Rows]:
        folder = stored_judge(home, names[0], criterion)
        runs = [word for name in names for word in ("--verdicts", home / f"{name}.jsonl")]
        capsys.readouterr()
        words = ["calibrate", folder, home / "d", *runs, "-c", criterion, "--resamples", 1000, *more, "--json"]
        assert main(list(map(str, words))) == 0
        report = json.loads(capsys.readouterr().out)
        return report, {(row["between"], row["metric"]): row["estimate"] for row in report["rows"]}

    return run


@pytest.fixture(scope="module")
def ear(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("ear")
    imported(recipe.ear_sessions(data), home / "d")
    for number in (1, 2, 3):
        imported(recipe.ear_labels(data, number), home / "d")
    for name, file in EAR_JUDGES.items():
        imported(recipe.ear_verdicts(data, name, file), home / "d", "-o", home / f"{name}.jsonl")
    return home


@pytest.mark.slow
@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_lend_an_ear_is_mended_where_it_is_off_and_left_where_it_is_right(
    ear: Path, calibrated, dimension: str
) -> None:
    """Three judges against the median expert: no dimension ends worse than raw, each beside its ceiling."""
    for first in EAR_JUDGES:
        report, rows = calibrated(ear, [first, *(name for name in EAR_JUDGES if name != first)], dimension)
        (outcome,) = report["outcomes"]
        raw, after = rows["judge~reference", "mae"]["value"], rows["calibrated~reference", "mae"]["value"]
        assert outcome["method"] is None or outcome["gain"]["low"] > 0
        assert (after if outcome["method"] else raw) <= raw
        assert rows["rater~others", "mae"]["value"] is not None
        if dimension == "dismissing_emotions":
            assert raw > 1.5
            assert outcome["method"] is not None
            assert after < 0.6
        if dimension == "validating_emotions":
            assert outcome["method"] is None
        if (first, dimension) == ("gpt", "advice_giving"):
            assert raw == pytest.approx(0.68)
            assert outcome["method"] is not None
            assert after < 0.55


@pytest.mark.slow
def test_llm_rubric_loses_its_bias_and_claims_no_ranking(data: Path, tmp_path: Path, calibrated) -> None:
    """One rating a dialogue: the expected value is half a level too kind, and its order is all but chance."""
    imported(recipe.rubric_sessions(data), tmp_path / "d")
    imported(recipe.rubric_labels(data), tmp_path / "d")
    imported(recipe.rubric_verdicts(data), tmp_path / "d", "-o", tmp_path / "gpt-3.5.jsonl")
    for more in ((), ("--with", "criteria", "--with", "length")):
        report, rows = calibrated(tmp_path, ["gpt-3.5"], "Q0", *more)
        (outcome,) = report["outcomes"]
        said = " ".join(outcome["words"])
        assert rows["judge~reference", "bias"]["value"] > 0.4
        assert abs(rows["calibrated~reference", "bias"]["value"]) < 0.05
        assert outcome["gain"]["low"] > 0
        assert "hardly rank sessions as the experts do (Spearman 0.09" in said
        assert "no gain in ranking is claimed" in said
        assert "No session has two ratings" in said
        assert outcome["conformal"]["held"]["value"] >= 0.9


@pytest.mark.slow
def test_pandalm_two_judges_and_length_beat_either(data: Path, tmp_path: Path, calibrated) -> None:
    """Stacked, each instruction judged by heads that never saw it: .72 and more, garbage still counted as wrong."""
    imported(recipe.pandalm_pairs(data, by_instruction=True), tmp_path / "d")
    imported(recipe.pandalm_labels(data), tmp_path / "d")
    for name in recipe.PANDALM_JUDGES:
        imported(recipe.pandalm_verdicts(data, name), tmp_path / "d", "-o", tmp_path / f"{name}.jsonl")
    report, rows = calibrated(tmp_path, list(recipe.PANDALM_JUDGES), "preferred", "--with", "length")
    (outcome,), (counts,) = report["outcomes"], report["counts"]
    assert outcome["method"] == "stacked"
    assert counts["dropped"] == {"no_verdict": 25}
    after, raw = rows["calibrated~reference", "accuracy"], rows["judge~reference", "accuracy"]
    assert (raw["n"], raw["n_clusters"]) == (974, 169)
    assert raw["value"] * 974 / 999 == pytest.approx(0.6977, abs=5e-5)
    assert after["value"] * 974 / 999 >= 0.72
    gain = rows["calibrated~judge", "accuracy_difference"]
    assert gain["low"] > 0
    assert outcome["gain"]["low"] > 0
