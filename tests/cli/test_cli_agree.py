"""`agree` on the command line: the metrics it offers, and to whom its intervals generalise."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.cli.main import main
from judgekit.cli.options import _completed
from judgekit.records.dataset import DatasetCard
from judgekit.stats.metric import METRICS
from tests.analysis.composed_data import PASSED, RUBRIC, labels, session


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dataset of 40 sessions that six experts voted on."""
    monkeypatch.chdir(tmp_path)
    names = [f"r{place}" for place in range(6)]
    votes = {
        f"s{row:02d}": {
            name: "pass" if (row * 7 + place * (row % 3)) % 4 else "fail" for place, name in enumerate(names)
        }
        for row in range(40)
    }
    folder = DatasetFolder(tmp_path / "datasets" / "data")
    folder.create(DatasetCard(name="data"), RUBRIC)
    folder.write_sessions(map(session, votes))
    folder.append(labels(PASSED, votes), writer="test", now=datetime(2026, 1, 1, tzinfo=UTC))
    return tmp_path


def test_metric_help_lists_the_table_and_needs_nothing_else(capsys) -> None:
    """Without a dataset, for every command that takes metrics; with --json standard output stays empty."""
    for command in ("agree", "score"):
        assert main([command, "--metric", "help"]) == 0
        assert set(METRICS) <= set(capsys.readouterr().out.split())
    assert main(["agree", "--metric", "help", "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "krippendorff_alpha_ordinal" in captured.err


def test_the_shell_completes_metrics() -> None:
    """From the same table."""
    assert _completed("icc_") == [name for name in METRICS if name.startswith("icc_")]


def test_generalising_to_raters_widens_the_intervals(project: Path, capsys) -> None:
    """The values stay; the intervals over all raters are two-way; pairs are as they were."""
    found = {}
    for words in ("agree data", "agree data --generalise raters"):
        assert main([*words.split(), "--json"]) == 0
        report = json.loads(capsys.readouterr().out)
        found[words] = {(r["between"], r["metric"]): r["estimate"] for r in report["rows"]}
    rows, raters = found.values()
    alpha, other = (each["raters", "krippendorff_alpha_nominal"] for each in (rows, raters))
    assert alpha["value"] == other["value"]
    assert (alpha["method"], other["method"]) == ("bca", "two-way percentile")
    assert other["high"] - other["low"] > alpha["high"] - alpha["low"]
    assert rows["r0~r1", "cohen_kappa"] == raters["r0~r1", "cohen_kappa"]
    assert report["settings"]["generalise"] == "raters"


def test_an_unknown_population_is_refused(project: Path, capsys) -> None:
    """With the nearest named."""
    assert main(["agree", "data", "--generalise", "rater"]) == 2
    assert "Did you mean 'raters'" in capsys.readouterr().err
